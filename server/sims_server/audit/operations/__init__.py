"""What the audit does besides being written: seal, sign and anchor, verify, remember who read."""

from sims_server.audit.operations.disclosing import disclose, disclose_many
from sims_server.audit.operations.sealing import seal_after_commit

__all__ = ["disclose", "disclose_many", "seal_after_commit"]
