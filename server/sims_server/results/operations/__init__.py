"""What can be done about results, one module a verb."""

from __future__ import annotations

from sims_server.results.operations.drafting import draft_results, draft_sheets

__all__ = ["draft_results", "draft_sheets"]
