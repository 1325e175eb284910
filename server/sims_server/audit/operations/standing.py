"""How the audit stands, for whoever reads it: what the health page judges, told as facts.

What was verified, and the last head, stand in files outside the database: it is not believed in that.
"""

from __future__ import annotations

from sims_server.audit import queries
from sims_server.audit.operations.anchoring import head_shown
from sims_server.audit.operations.verifying import last_verified
from sims_server.kernel.work import Work
from sims_shared.audit import AuditChain


def get_chain(work: Work) -> AuditChain:
    """How far the audit is sealed, and what was found when it was verified last."""
    row = queries.sealed_of(work.connection)
    verified = last_verified(work.data)
    head, unreadable = head_shown(work.data)
    return AuditChain(
        checked_at=work.now,
        blocks=row["number"] or 0,
        sealed_at=row["at"],
        unsealed_since=row["unsealed_since"],
        verified_block=verified.number,
        verified_at=verified.at,
        finding=verified.finding or unreadable,
        head_block=0 if head is None else head.number,
        head_signed_at=None if head is None else head.signed_at,
        not_audited=queries.silent_tables(work.connection),
        bulk_alarms=row["alarms"],
    )
