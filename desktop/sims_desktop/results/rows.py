"""The students of a section, or of a class, as the examination cell sees them beside the tower. Qt-free.

The rule a newcomer would get wrong: the list may count one program's part of a section, but a section goes
out whole; so what an act on it would do is counted here, by all of its students.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from sims_desktop.kit.language import later, phrase
from sims_shared.results import ResultView, SectionProgress

REASON_WORDS = {
    "fee": later("fee"),
    "ufm": later("unfair means"),
    "award_awaited": later("award awaited"),
    "document": later("document"),
    "other": later("other reason"),
}


@dataclass(frozen=True, slots=True)
class RowLine:
    """One student of a section, or of a class in one of its sections. `why` is what stops the publish;
    `result` is None where nothing was drafted, or where a class is read by its exceptions alone."""

    reg_no: str
    name: str
    result: ResultView | None
    withheld_for: str | None = None
    note: str = ""
    why: str = ""
    section: str = ""
    result_id: int | None = None

    @property
    def state_words(self) -> str:
        if self.withheld_for is not None:
            also = f": {self.note}" if self.note else ""
            return phrase(
                "Withheld, {reason}{also}",
                reason=phrase(REASON_WORDS.get(self.withheld_for, self.withheld_for)),
                also=also,
            )
        if self.why:
            return phrase("Missing: {why}", why=self.why)
        if self.result is None:
            return ""
        return {"draft": phrase("Ready"), "published": phrase("Published"), "frozen": phrase("Frozen")}.get(
            self.result.state, self.result.state
        )

    @property
    def total_words(self) -> str:
        return "" if self.result is None or self.result.total is None else str(self.result.total)

    @property
    def grade_words(self) -> str:
        return "" if self.result is None else self.result.grade_shown or ""


def whole_of(section: SectionProgress, rows: Sequence[RowLine]) -> SectionProgress:
    """Counted by all of its students, whichever part of it the list shows."""
    out = [row.result for row in rows if row.result is not None and row.result.state != "draft"]
    withheld = sum(row.withheld_for is not None for row in rows)
    return msgspec.structs.replace(
        section,
        roster=len(rows),
        published=len(out),
        frozen=sum(result.state == "frozen" for result in out),
        withheld=withheld,
        missing=sum(bool(row.why) for row in rows),
        stale=0,
        drafts=len(rows) - len(out) - withheld,
    )
