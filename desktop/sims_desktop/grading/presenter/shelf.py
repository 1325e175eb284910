"""The local store as the grid's presenters see it: the same cells, with words instead of codes.

Decides nothing. Whatever is written here went through the store's own transaction first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from typing import Protocol

from sims_desktop.grading.presenter.entry import Value
from sims_desktop.grading.presenter.overview import SheetLine
from sims_desktop.grading.presenter.refusals import refusal_words
from sims_desktop.grading.presenter.sheet import (
    OPEN,
    Author,
    Badge,
    Cell,
    Column,
    Conflict,
    Edit,
    Key,
    Row,
    Sheet,
    SheetNotHere,
    cell_of,
)
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import when
from sims_desktop.offline.store import ListedSheet, OpenSheet, SheetStore
from sims_shared import merge, sheet_copy
from sims_shared.grading import AssessmentView, SheetSummary
from sims_shared.values import Person

BADGES: Mapping[str, Badge] = {
    "confirmed": Badge.SAVED,
    "waiting": Badge.WAITING,
    "sending": Badge.SENDING,
    "conflict": Badge.CONFLICT,
    "refused": Badge.REFUSED,
}
CONFLICT_NOTE = later("Somebody else wrote this cell too: Ctrl+J shows both marks")


class Wake(Protocol):
    """The sync thread, told that something waits."""

    def __call__(self) -> object: ...


class StoreShelf:
    def __init__(
        self,
        store: SheetStore,
        wake: Wake = lambda: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        person_id: int | None = None,
    ) -> None:
        """`person_id`: whose store it is; unknown, every mark counts as their own."""
        self._store = store
        self._person_id = person_id
        self._wake = wake
        self._now = now

    def list_sheets(self) -> Sequence[SheetLine]:
        return [
            SheetLine(
                section_id=line.section_id,
                course_code=line.course_code,
                course_title=line.course_title,
                section=line.section,
                term=line.term,
                state=_state(line),
                filled=line.filled,
                total=line.total,
                waiting=line.waiting.unsent,
                conflicts=line.waiting.conflicts,
                refused=line.waiting.refused,
                here=line.here,
                since=line.summary.submitted_at if line.state == "submitted" else None,
                returned_because=_returned(line.state, line.summary),
                asked_at=line.summary.reminded_at,
                asked_by=line.summary.reminded_by.name if line.summary.reminded_by else "",
                asked_note=line.summary.reminder_note or "",
            )
            for line in self._store.sheets()
        ]

    def read_sheet(self, section_id: int) -> Sheet:
        """Raises SheetNotHere."""
        grid = self._store.open_grid(section_id, _cell)
        if grid is None:
            raise SheetNotHere(f"section {section_id}")
        held = grid.sheet
        summary = held.summary
        return Sheet(
            section_id=section_id,
            title=f"{summary.course_code} {summary.course_title}" if summary else f"Section {section_id}",
            section=summary.section if summary else "",
            term=summary.term if summary else "",
            state=held.state,
            rev=held.rev,
            columns=[_column(view, self._now()) for view in held.columns],
            returned_because=_returned(held.state, summary),
            submitted=self._submitted(held.state, summary),
            rows=[Row(row.enrollment_id, row.reg_no, row.name, row.status) for row in held.rows],
            cells=grid.cells,
            refused_elsewhere=self._refused_elsewhere(section_id, held),
        )

    def _submitted(self, state: str, summary: SheetSummary | None) -> str:
        at = summary.submitted_at if summary is not None and state == "submitted" else None
        return when(at, self._now()) if at is not None else ""

    def _refused_elsewhere(self, section_id: int, held: OpenSheet) -> int:
        refused = self._store.refused(section_id)
        if not refused:
            return 0
        rows, columns = {row.enrollment_id for row in held.rows}, {view.id for view in held.columns}
        return sum(one.key[0] not in rows or one.key[1] not in columns for one in refused)

    def read_digest(self, section_id: int) -> str:
        return sheet_copy.held_digest(self._store.held(section_id)) or ""

    def read_cells(self, section_id: int, keys: Sequence[Key]) -> dict[Key, Cell]:
        return {key: _cell(*cell[:4]) for key, cell in self._store.cells(section_id, keys).items()}

    def read_author(self, section_id: int, key: Key) -> Author | None:
        cell = self._store.cells(section_id, [key]).get(key)
        return None if cell is None or cell.by is None else Author(cell.by.name, cell.at)

    def _opponent(self, person: Person | None) -> str:
        """The same person may sit at two computers, and be in conflict with themselves."""
        if person is None:
            return ""
        is_self = self._person_id is not None and person.id == self._person_id
        return phrase("you, on another computer") if is_self else person.name

    def read_others(self, section_id: int, keys: Sequence[Key]) -> Set[Key]:
        if self._person_id is None:
            return frozenset()
        cells = self._store.cells(section_id, keys)
        return {key for key, cell in cells.items() if cell.by is not None and cell.by.id != self._person_id}

    def read_typed_at(self, section_id: int, key: Key) -> datetime | None:
        return max(
            (at for fate, at in self._store.history(section_id, key) if fate.fate == "edited"), default=None
        )

    def read_memo(self, section_id: int, assessment_id: int) -> str:
        return self._store.recall(f"memo/{section_id}/{assessment_id}") or ""

    def keep_memo(self, section_id: int, assessment_id: int, memo: str) -> None:
        self._store.remember(f"memo/{section_id}/{assessment_id}", memo or None)

    def write(self, section_id: int, edits: Sequence[Edit]) -> dict[Key, Cell]:
        shown = self._store.edit(
            section_id, [(e.enrollment_id, e.assessment_id, e.value.mark, e.value.score) for e in edits]
        )
        self._wake()
        return {key: _cell(*cell[:4]) for key, cell in shown.items()}

    def read_conflicts(self, section_id: int) -> list[Conflict]:
        return [
            Conflict(
                section_id=held.section_id,
                key=held.key,
                base=_value(held.base),
                mine=_value(held.mine),
                theirs=_value(held.theirs),
                theirs_ver=held.seen_ver,
                by=self._opponent(held.theirs.by),
                by_id=held.theirs.by.id if held.theirs.by else None,
                at=held.theirs.at,
                reg_no=held.reg_no,
                name=held.name,
                assessment=held.assessment,
            )
            for held in self._store.conflicts(section_id)
        ]

    def keep_mine(self, conflicts: Sequence[Conflict]) -> None:
        for section_id, choices in _by_section(conflicts):
            self._store.keep_mine(section_id, choices)
        self._wake()

    def keep_theirs(self, conflicts: Sequence[Conflict]) -> None:
        for section_id, choices in _by_section(conflicts):
            self._store.keep_theirs(section_id, choices)
        self._wake()

    def send_again(self, section_id: int, keys: Sequence[Key]) -> None:
        self._store.offer_again(section_id, keys)
        self._wake()

    def give_up(self, section_id: int, keys: Sequence[Key]) -> None:
        self._store.give_up(section_id, keys)


def _by_section(conflicts: Sequence[Conflict]) -> Iterable[tuple[int, list[tuple[Key, int]]]]:
    ordered = sorted(conflicts, key=lambda conflict: conflict.section_id)
    for section_id, group in groupby(ordered, key=lambda conflict: conflict.section_id):
        yield section_id, [(conflict.key, conflict.theirs_ver) for conflict in group]


def _state(line: ListedSheet) -> str:
    """A published sheet stays approved on the wire; nobody on it takes a mark any more."""
    return "published" if line.here and line.state == "approved" and not line.total else line.state


def _returned(state: str, summary: SheetSummary | None) -> str:
    """The head's words, as long as the sheet is open again for them."""
    return (summary.return_reason or "") if summary is not None and state == OPEN else ""


def _column(view: AssessmentView, now: datetime) -> Column:
    closed = ""
    if view.entered_by == "exam_cell":
        closed = refusal_words("sync.not_yours")
    elif view.locked_at is not None:
        closed = phrase("The assessment is locked; the head of department can unlock it")
    return Column(
        view.id,
        view.name,
        view.max_score,
        view.weight,
        view.type,
        closed,
        released=when(view.released_at, now) if view.released_at is not None else "",
        locked=when(view.locked_at, now) if view.locked_at is not None else "",
        head=view.head,
        must_sit=view.must_sit,
    )


def _cell(mark: str | None, score: Decimal | None, badge: str, code: str) -> Cell:
    note = ""
    if badge == "refused":
        note = refusal_words(code)
    elif badge == "conflict":
        note = phrase(CONFLICT_NOTE)
    return cell_of(Value(mark, score), BADGES[badge], note)


def _value(held: merge.Cell | sheet_copy.Edit) -> Value:
    return Value(held.mark, held.score)
