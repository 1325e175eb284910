"""A mark of a published result that is wrong: what it shall be, what that would do, and why. Qt-free.

The rule a newcomer would get wrong: nothing here is a mark. The server computes total, grade and averages of
the wish; two others approve it; until then sheet and record say what they said.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sims_desktop.grading.presenter.entry import Mistake, Value, number_text, read_entry, shown, spoken
from sims_desktop.grading.presenter.grid import GridPresenter
from sims_desktop.grading.presenter.sheet import Key
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import left_to_right
from sims_desktop.results.correcting import with_whom
from sims_desktop.results.presenter import impact_words
from sims_shared.results import ChangeImpact, PendingChangeView


class CorrectionPresenter:
    """One cell of a published sheet. `value` is the new mark once one was read; `impact` what the server
    says it would do."""

    def __init__(self, grid: GridPresenter, key: Key) -> None:
        self.grid, self.key = grid, key
        self.row = grid.sheet.rows[grid.row_of[key[0]]]
        self.column = grid.columns[grid.column_of[key[1]]]
        self.value: Value | None = None
        self.impact = ""
        self.request_key = uuid.uuid4().hex

    @property
    def heading(self) -> str:
        return phrase(
            "Ask for a change: {number} {name}", number=left_to_right(self.row.reg_no), name=self.row.name
        )

    @property
    def card(self) -> str:
        """Every component of this student as it is on record, and the total."""
        parts = []
        for head in self.grid.columns:
            value = self.grid.cell_of((self.key[0], head.assessment_id)).value
            parts.append(f"{head.name}: {spoken(value, head.max_score)}")
        place = self.grid.position(self.key)
        total = self.grid.total(place[0]) if place is not None else ""
        if total:
            parts.append(phrase("total {total}", total=total))
        return " · ".join(parts)

    @property
    def question(self) -> str:
        before = shown(self.grid.cell_of(self.key).value) or phrase("blank")
        return phrase(
            "{assessment}, of {maximum}, is {before}. &New mark",
            assessment=self.column.name.replace("&", "&&"),
            maximum=number_text(self.column.max_score),
            before=before,
        )

    def read(self, text: str) -> str:
        """Takes the new mark; what is wrong with it, or nothing."""
        self.value, self.impact = None, ""
        meant = read_entry(text, self.column.max_score, self.grid.aliases)
        if isinstance(meant, Mistake):
            return meant.reason
        if meant.mark is None:
            return phrase("A published mark cannot become blank; type the mark it shall be.")
        if meant == self.grid.cell_of(self.key).value:
            return phrase("That is the mark on record.")
        self.value, self.request_key = meant, uuid.uuid4().hex
        return ""

    def wish(self, result_id: int) -> dict[str, Any]:
        assert self.value is not None
        score: dict[str, Any] = {"assessment_id": self.key[1], "mark": self.value.mark}
        if self.value.score is not None:
            score["score"] = str(self.value.score)
        return {"result_id": result_id, "scores": [score]}

    def foreseen(self, impact: ChangeImpact) -> None:
        self.impact = impact_words(impact)

    def asked(self, change: PendingChangeView, now: datetime) -> str:
        said = phrase(
            "Asked for {mark} in {assessment} for {name}.",
            mark=shown(self.value) if self.value is not None else "",
            assessment=self.column.name,
            name=self.row.name,
        )
        return f"{said} {with_whom(change, now)}"
