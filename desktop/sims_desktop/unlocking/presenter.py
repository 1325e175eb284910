"""What is locked in the sheets that are open, and opening one of them. Qt-free."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_hex
from typing import Protocol

from sims_desktop.client.errors import ClientError, TryLater
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import left_to_right, plural, when
from sims_shared.grading import AssessmentView, SheetSummary


class Calls(Protocol):
    def open_sheets(self) -> list[SheetSummary]: ...
    def locked_columns(self) -> list[AssessmentView]: ...
    def unlock(self, assessment_id: int, key: str) -> AssessmentView: ...


@dataclass(frozen=True, slots=True)
class Locked:
    """One column that nobody types in, of a sheet that is not handed in."""

    sheet: SheetSummary
    column: AssessmentView

    @property
    def section(self) -> str:
        return f"{self.sheet.course_code} {self.sheet.section}"

    @property
    def title(self) -> str:
        return phrase("{name} of {section}", name=self.column.name, section=left_to_right(self.section))

    def shown_words(self, now: datetime) -> str:
        """What its students see."""
        return when(self.column.released_at, now) if self.column.released_at else phrase("not shown")


@dataclass(slots=True)
class UnlockPresenter:
    """`load` and `unlock` ask the server and run off the window's thread."""

    calls: Calls
    lines: Sequence[Locked] = ()
    is_loaded: bool = False
    trouble: str = ""
    on_change: Callable[[], None] = lambda: None
    _keys: dict[int, str] = field(default_factory=dict)

    def load(self) -> list[Locked]:
        sheets = {sheet.section_id: sheet for sheet in self.calls.open_sheets()}
        columns = [column for column in self.calls.locked_columns() if column.section_id in sheets]
        lines = [Locked(sheets[column.section_id], column) for column in columns]
        return sorted(lines, key=lambda line: (line.section, line.column.locked_at, line.column.id))

    def take(self, lines: list[Locked]) -> None:
        self.lines, self.is_loaded, self.trouble = lines, True, ""
        self.on_change()

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.trouble = phrase("{error}. Unlocking needs the server; F5 asks again.", error=error)
        self.on_change()

    @property
    def sentence(self) -> str:
        if self.trouble:
            return self.trouble
        if not self.is_loaded:
            return phrase("Asking the server …")
        if not self.lines:
            return phrase("Nothing is locked in the open sheets.")
        return phrase("{columns} locked in open sheets", columns=plural(len(self.lines), "assessment"))

    def question(self, line: Locked) -> str:
        shown = (
            phrase("What its students have seen stays shown.")
            if line.column.released_at
            else phrase("Its students have not been shown it.")
        )
        return phrase(
            "{title}: its teachers can type in it again. {shown} U unlocks, Esc leaves it.",
            title=line.title,
            shown=shown,
        )

    def unlock(self, line: Locked) -> str:
        key = self._keys.setdefault(line.column.id, token_hex(16))
        self.calls.unlock(line.column.id, key)
        self._keys.pop(line.column.id)
        return phrase(
            "Unlocked: {title}. Its teachers find it open with their next connection; they lock it again.",
            title=line.title,
        )

    def refused(self, error: Exception) -> str:
        if not isinstance(error, ClientError):
            raise error
        if isinstance(error, TryLater):
            return phrase(
                "{error}. Nothing may have been done; asked again it counts only once.", error=error
            )
        return str(error)
