"""Which way a regulation may go. Pure."""

from __future__ import annotations

from sims_shared.regulations import RegulationFixed


def check_move(current: str, wanted: str, changes_document: bool) -> None:
    """Raises RegulationFixed unless the change of a regulation that is `current` may be made."""
    if current != "draft" and changes_document:
        raise RegulationFixed(f"This one is {_words(current)}: draft a new version instead.")
    if wanted == current or (current, wanted) in {("draft", "in_force"), ("in_force", "withdrawn")}:
        return
    if (current, wanted) == ("draft", "withdrawn"):
        raise RegulationFixed("A draft was never in force: delete it instead.")
    raise RegulationFixed(f"A regulation that is {_words(current)} cannot become {_words(wanted)}.")


def _words(status: str) -> str:
    return "a draft" if status == "draft" else status.replace("_", " ")
