"""What can be done about assessments, scores and sheets.

The approval's route belongs to the results slice, which drafts results in the same transaction; it calls
`close_sheet_approved`.
"""

from sims_server.grading.operations.sheets import close_sheet_approved

__all__ = ["close_sheet_approved"]
