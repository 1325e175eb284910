"""What can be done about imports: preview a file, commit the plan, or both at once on the command line."""

from __future__ import annotations

from sims_server.imports.operations.stepwise import commit_import, upload_import
from sims_server.imports.operations.undoing import undo_import
from sims_server.imports.operations.whole import ImportOutcome, import_file, run_import

__all__ = ["ImportOutcome", "commit_import", "import_file", "run_import", "undo_import", "upload_import"]
