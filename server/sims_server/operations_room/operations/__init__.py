"""What the operations room does, one file a verb: take, restore and rehearse, check, keep house, watch."""

from sims_server.operations_room.operations.backups import take_backup
from sims_server.operations_room.operations.checking import run_checks
from sims_server.operations_room.operations.restoring import restore_backup

__all__ = ["restore_backup", "run_checks", "take_backup"]
