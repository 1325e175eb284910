"""The grade grid without a screen: what is shown, what a key means, what is written.

Positions are (row, column) of the *shown* rows, as the window counts them; everything that lasts is kept
by (enrollment, assessment). The rule a newcomer would get wrong: typing never fails and never asks. A
text that is no mark stays in its cell, marked; a cell that may not be changed is passed over and counted;
every act is one step of undo and one durable transaction of the local store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from sims_desktop.grading.presenter.blocks import read_block, write_block
from sims_desktop.grading.presenter.cells import Cells
from sims_desktop.grading.presenter.entry import ALIASES, BLANK, Mistake, Value, read_entry, spoken
from sims_desktop.grading.presenter.flags import named_cells
from sims_desktop.grading.presenter.history import Change, Held, History, Step
from sims_desktop.grading.presenter.sheet import (
    BADGE_WORDS,
    OPEN,
    Author,
    Badge,
    Cell,
    Column,
    Edit,
    Key,
    Row,
    Sheet,
    SheetShelf,
    cell_of,
)
from sims_desktop.grading.presenter.statistics import Distribution
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import plural

Position = tuple[int, int]
NAME = -1
"""Among the columns to sort by."""

STATE_CLOSED: dict[str, str] = {
    "submitted": later("The sheet is submitted and waits for approval"),
    "approved": later("The sheet is approved"),
}
ROW_CLOSED: dict[str, str] = {
    "withdrawn": later("Withdrawn from the course"),
    "barred": later("Barred from the examination"),
    "completed": later("The result is published"),
}


class Filter(Enum):
    ALL = "all"
    MISSING_HERE = "missing in this column"
    MISSING = "missing anywhere"
    PROBLEMS = "problems"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one act did. `sentence` is shown at the foot of the page."""

    changed: int
    invalid: int = 0
    passed_over: int = 0
    why: str = ""
    sentence: str = ""


class GridPresenter:
    """One open sheet. `on_cells` is told the positions that look different now, `on_rows` that rows or
    columns are others than before; both are plain callables of the window."""

    def __init__(
        self,
        shelf: SheetShelf,
        section_id: int,
        *,
        aliases: Mapping[str, str] = ALIASES,
        decimal_mark: str = ".",
        pass_share: Decimal = Decimal("0.5"),
    ) -> None:
        self.shelf = shelf
        self.section_id = section_id
        self.aliases = aliases
        self.decimal_mark = decimal_mark
        self.pass_share = pass_share
        self.history = History()
        self._put_keys: list[Key] = []
        self.filter = Filter.ALL
        self._filtered_by: int | None = None  # the assessment whose missing marks are shown
        self.sorted_by: int | None = None
        self.is_descending = False
        self.on_cells: Callable[[Sequence[Position]], None] = lambda positions: None
        self.on_rows: Callable[[], None] = lambda: None
        self._load(shelf.read_sheet(section_id))

    # What is shown

    def _load(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.columns: Sequence[Column] = sheet.columns
        self.column_of = {column.assessment_id: index for index, column in enumerate(sheet.columns)}
        self.row_of = {row.enrollment_id: index for index, row in enumerate(sheet.rows)}
        self.cells = Cells(sheet, self.pass_share)
        self._lines = self.cells.lines
        is_open = sheet.state == OPEN
        self._closed_rows = [not (is_open and takes) for takes in self.cells.takes_marks]
        self._closed_columns = [bool(column.closed) for column in sheet.columns]
        if self.sorted_by is not None and self.sorted_by > len(sheet.columns):
            self.sorted_by = None
        self._found_by: list[tuple[str, str]] = []  # number and name of each row, once somebody searches
        self._show(range(len(sheet.rows)))

    def _show(self, indexes: Sequence[int]) -> None:
        self._shown = indexes
        # While all rows stand in their own order, an index is its place.
        is_plain = isinstance(indexes, range)
        self._places = None if is_plain else {index: place for place, index in enumerate(indexes)}

    def _place(self, index: int) -> int | None:
        return index if self._places is None else self._places.get(index)

    @property
    def row_count(self) -> int:
        return len(self._shown)

    def row(self, place: int) -> Row:
        return self.sheet.rows[self._shown[place]]

    def cell(self, place: int, column: int) -> Cell:
        return self._lines[self._shown[place]][column]

    def key(self, place: int, column: int) -> Key:
        return self.row(place).enrollment_id, self.columns[column].assessment_id

    def position(self, key: Key) -> Position | None:
        """Where a cell is shown now, or None when a filter hides it or it left the sheet."""
        index, column = self.row_of.get(key[0]), self.column_of.get(key[1])
        if index is None or column is None:
            return None
        place = self._place(index)
        return None if place is None else (place, column)

    def author(self, key: Key) -> Author | None:
        """Who wrote the mark that the server has. Asked of the store when somebody wants to know, instead of
        being kept with each of a million cells."""
        return self.shelf.read_author(self.section_id, key)

    def total(self, place: int) -> str:
        """The weighted marks entered so far, of 100."""
        return self.cells.total(self._shown[place])

    def closed(self, place: int, column: int) -> str:
        """Why this cell takes no mark, or nothing."""
        return self.closed_key(self.key(place, column))

    def is_closed(self, place: int, column: int) -> bool:
        return self._closed_rows[self._shown[place]] or self._closed_columns[column]

    def closed_key(self, key: Key) -> str:
        """As `closed`, for a row that a filter may hide."""
        if self.sheet.state != OPEN:
            return self.closed_words
        row = self.sheet.rows[self.row_of[key[0]]]
        if not row.takes_marks:
            return phrase(ROW_CLOSED.get(row.status, "")) or phrase(
                "The student is {status}", status=row.status
            )
        return self.columns[self.column_of[key[1]]].closed

    def described(self, place: int, column: int) -> str:
        """For a screen reader: `Ayesha Khan, Midterm, 72 of 100, waiting to be sent`."""
        cell, row, head = self.cell(place, column), self.row(place), self.columns[column]
        said = cell.typed if cell.typed is not None else spoken(cell.value, head.max_score)
        parts = [row.name, head.name, said]
        if cell.badge is not Badge.SAVED:
            parts.append(phrase(BADGE_WORDS[cell.badge]))
        if cell.note:
            parts.append(cell.note)
        return ", ".join(parts)

    # Filters and search

    def apply_filter(
        self, filter_: Filter, column: int | None = None, *, also: Set[int] = frozenset()
    ) -> None:
        """Show the rows of a filter, and those of the enrollments `also`. They are chosen once, now: a row
        that stops being missing stays in sight until the filter is chosen again, so that what was just filled
        can be seen and undone."""
        self.filter = filter_
        self._filtered_by = None if column is None else self.columns[column].assessment_id
        cells, takes = self.cells, self.cells.takes_marks
        wanted: Sequence[int] = range(len(self.sheet.rows))
        if filter_ is Filter.MISSING_HERE and column is not None:
            wanted = [i for i in wanted if takes[i] and cells.lines[i][column].is_blank]
        elif filter_ is Filter.MISSING:
            wanted = [i for i in wanted if cells.blanks_in_row[i]]
        elif filter_ is Filter.PROBLEMS:
            wanted = sorted({index for index, _ in cells.problems})
        if also:
            chosen, rows = set(wanted), self.sheet.rows
            wanted = [i for i, row in enumerate(rows) if i in chosen or row.enrollment_id in also]
        self._show(self._arranged(wanted))
        self.on_rows()

    def sort(self, column: int | None, *, descending: bool = False) -> None:
        """The shown rows by one column, by the total (the column after the last), or by `NAME`; None is the
        sheet's own order, by registration number. As with a filter nothing jumps while marks are typed."""
        self.sorted_by, self.is_descending = column, descending
        whole = len(self._shown) == len(self.sheet.rows)
        self._show(self._arranged(range(len(self.sheet.rows)) if whole else sorted(self._shown)))
        self.on_rows()

    def _arranged(self, indexes: Sequence[int]) -> Sequence[int]:
        """Whoever has no score comes last, whichever way round."""
        column, lines = self.sorted_by, self._lines
        if column is None:
            return indexes
        if column == NAME:
            names = [row.name.casefold() for row in self.sheet.rows]
            return sorted(indexes, key=names.__getitem__, reverse=self.is_descending)
        if column == len(self.columns):
            scores = [float(total) if (total := self.cells.total(i)) else None for i in range(len(lines))]
        else:
            scores = [float(s) if (s := line[column].value.score) is not None else None for line in lines]
        sign = -1 if self.is_descending else 1
        return sorted(indexes, key=lambda i: (scores[i] is None, sign * (scores[i] or 0.0)))

    def find(self, words: str, start: int = 0) -> int | None:
        """The shown place of the next row at or after `start` that answers. Wraps around."""
        places, _ = self.found(words)
        return next((place for place in places if place >= start), places[0] if places else None)

    def found(self, words: str) -> tuple[list[int], list[Row]]:
        """Everybody whose number ends with or else contains `words`, or whose name holds every word: the
        places of those who are shown, in order, and those whom a filter hides. Whoever is hidden counts: a
        number that is there must never be called unknown, or answered by another one."""
        sought = words.casefold().split()
        if not sought:
            return [], []
        if not self._found_by:
            self._found_by = [(row.reg_no.casefold(), row.name.casefold()) for row in self.sheet.rows]
        indexes: list[int] = []
        if len(sought) == 1:
            indexes = [i for i, (number, _) in enumerate(self._found_by) if number.endswith(sought[0])]
        if not indexes:
            indexes = [
                i
                for i, (number, name) in enumerate(self._found_by)
                if all(word in number or word in name for word in sought)
            ]
        places = sorted(place for i in indexes if (place := self._place(i)) is not None)
        return places, [self.sheet.rows[i] for i in indexes if self._place(i) is None]

    def place_of(self, enrollment_id: int) -> int | None:
        """Where a student is shown now, or None when a filter hides them or they left the sheet."""
        index = self.row_of.get(enrollment_id)
        return None if index is None else self._place(index)

    def missing(self) -> dict[int, int]:
        """Blank cells by column, of rows that take marks."""
        return dict(enumerate(self.cells.blanks))

    def counted(self, *badges: Badge) -> int:
        """Cells with one of these badges."""
        return sum(self.cells.badges[badge] for badge in badges)

    def next_problem(self, after: Position | None) -> Position | None:
        """The next cell that is invalid, refused or in conflict, reading row by row; where none is, the next
        that the head's words name. Wraps; None when there is none. Rows that a filter hides count: it is then
        lifted."""
        spots = sorted(self.cells.problems) or self.flagged
        if not spots:
            return None
        here = (self._shown[after[0]], after[1]) if after and after[0] < self.row_count else (-1, -1)
        index, column = next((spot for spot in spots if spot > here), spots[0])
        if self._place(index) is None:
            self.apply_filter(Filter.ALL)
        place = self._place(index)
        assert place is not None, "every row is shown now"
        return place, column

    @property
    def flagged(self) -> list[tuple[int, int]]:
        """What the head's words name, while the sheet is back for them."""
        return named_cells(self.sheet.returned_because, self.sheet.rows, self.columns)

    def distribution(self, column: int) -> Distribution:
        return self.cells.distribution(column)

    # Acts

    def type_text(self, place: int, column: int, text: str) -> Outcome:
        row, head = self.row(place), self.columns[column]
        return self._act(
            {(place, column): text},
            phrase(
                "typing {text} for {name}, {name_2}",
                text=text.strip() or phrase("blank"),
                name=row.name,
                name_2=head.name,
            ),
        )

    def fill(self, positions: Sequence[Position], text: str, *, only_blank: bool = False) -> Outcome:
        """One text into many cells. While a missing filter is on, `only_blank` keeps it away from cells
        that hold something."""
        chosen = [at for at in positions if not only_blank or self.cell(*at).is_blank]
        code = text.strip().upper() or phrase("blank")
        return self._act(
            dict.fromkeys(chosen, text),
            phrase("filling {cells} with {code}", cells=plural(len(chosen), "cell"), code=code),
        )

    def clear(self, positions: Sequence[Position]) -> Outcome:
        return self._act(
            dict.fromkeys(positions, ""), phrase("clearing {cells}", cells=plural(len(positions), "cell"))
        )

    def fill_down(self, top: int, bottom: int, left: int, right: int) -> Outcome:
        """The top row's texts into the rows below it; of one row alone, the texts of the row above."""
        source = top if bottom > top else top - 1
        if source < 0:
            return Outcome(0, sentence=phrase("There is no row above to fill from"))
        first = top + 1 if bottom > top else top
        texts = {
            (place, column): self.cell(source, column).text
            for place in range(first, bottom + 1)
            for column in range(left, right + 1)
        }
        return self._act(texts, phrase("filling down {cells}", cells=plural(len(texts), "cell")))

    def copy(self, top: int, bottom: int, left: int, right: int, *, with_names: bool = False) -> str:
        """As plain text; see `block`."""
        return write_block(self.block(top, bottom, left, right, with_names=with_names))

    def block(
        self, top: int, bottom: int, left: int, right: int, *, with_names: bool = False
    ) -> list[list[str]]:
        """What is copied; with number and name in front when asked."""
        rows = []
        for place in range(top, bottom + 1):
            texts = [self.cell(place, column).text for column in range(left, right + 1)]
            if self.decimal_mark != ".":
                texts = [text.replace(".", self.decimal_mark) for text in texts]
            rows.append([self.row(place).reg_no, self.row(place).name, *texts] if with_names else texts)
        return rows

    def cut(self, top: int, bottom: int, left: int, right: int) -> tuple[list[list[str]], Outcome]:
        copied = self.block(top, bottom, left, right)
        block = [(p, c) for p in range(top, bottom + 1) for c in range(left, right + 1)]
        return copied, self._act(
            dict.fromkeys(block, ""), phrase("cutting {cells}", cells=plural(len(block), "cell"))
        )

    def paste(
        self, text: str, top: int, left: int, bottom: int | None = None, right: int | None = None
    ) -> Outcome:
        """As `paste_rows`, of plain text."""
        return self.paste_rows(read_block(text), top, left, bottom, right)

    def paste_rows(
        self,
        rows: Sequence[Sequence[str]],
        top: int,
        left: int,
        bottom: int | None = None,
        right: int | None = None,
    ) -> Outcome:
        """A block from the clipboard, its first cell at (top, left). One value, or a block that fits the
        selection a whole number of times, fills the selection; anything else keeps its own size."""
        if not rows:
            return Outcome(0, sentence=phrase("The clipboard holds no cells"))
        height, width = len(rows), max(map(len, rows))
        tall = (bottom if bottom is not None else top) - top + 1
        wide = (right if right is not None else left) - left + 1
        across = wide // width if wide % width == 0 else 1
        down = tall // height if tall % height == 0 else 1
        texts: dict[Position, str] = {}
        outside = 0
        for step in range(height * down):
            cells = rows[step % height]
            for shift in range(width * across):
                if shift % width >= len(cells):
                    continue
                at = (top + step, left + shift)
                if at[0] >= self.row_count or at[1] >= len(self.columns):
                    outside += 1
                    continue
                texts[at] = cells[shift % width]
        outcome = self._act(texts, phrase("pasting {cells}", cells=plural(len(texts), "cell")))
        if outside:
            sentence = phrase(
                "{sentence} {cells} lay outside the sheet.",
                sentence=outcome.sentence,
                cells=plural(outside, "cell"),
            )
            return Outcome(outcome.changed, outcome.invalid, outcome.passed_over, outcome.why, sentence)
        return outcome

    def put_texts(self, texts: Mapping[Key, str], label: str) -> Outcome:
        """Texts by identity instead of place, as the paste by registration number gives them."""
        found = {key: at for key in texts if (at := self.position(key)) is not None}
        if len(found) < len(texts):
            self.apply_filter(Filter.ALL)
            found = {key: at for key in texts if (at := self.position(key)) is not None}
        return self._act({at: texts[key] for key, at in found.items()}, label)

    def _act(self, texts: Mapping[Position, str], label: str) -> Outcome:
        changes: list[Change] = []
        passed_over, invalid, why = 0, 0, ""
        # A block holds few different texts; each is read once for each column.
        read: dict[tuple[str, int], Value | Mistake] = {}
        shown, lines, rows = self._shown, self._lines, self.sheet.rows
        assessments = [head.assessment_id for head in self.columns]
        for (place, column), text in texts.items():
            index = shown[place]
            cell = lines[index][column]
            closed = self._closed_rows[index] or self._closed_columns[column]
            # A text that is no mark can always be let go of, or it would hold up the submit for ever.
            if closed and (cell.typed is None or text.strip()):
                passed_over, why = passed_over + 1, self.closed(place, column)
                continue
            meant = read.get((text, column))
            if meant is None:
                meant = read_entry(text, self.columns[column].max_score, self.aliases)
                read[text, column] = meant
            if isinstance(meant, Mistake):
                invalid, why = invalid + 1, meant.reason
                after = Held(cell.value, text)
            else:
                after = Held(cell.value if closed else meant, None)
            before = Held(cell.value, cell.typed)
            if after != before or cell.badge is Badge.REFUSED:
                changes.append(Change((rows[index].enrollment_id, assessments[column]), before, after))
        if changes:
            self._put([(change.key, change.after) for change in changes])
            self.history.record(Step(label, tuple(changes)))
        return Outcome(
            len(changes), invalid, passed_over, why, _sentence(label, changes, invalid, passed_over, why)
        )

    def _put(self, held: Sequence[tuple[Key, Held]]) -> None:
        """Write, then show. A value that the store already has is not written again: what changed may be
        only the mistake that stands over it."""
        self._put_keys.extend(key for key, _ in held)
        edits = []
        row_of, column_of, lines = self.row_of, self.column_of, self._lines
        for key, (value, _) in held:
            cell = lines[row_of[key[0]]][column_of[key[1]]]
            if value != cell.value or cell.badge is Badge.REFUSED:
                edits.append(Edit(key[0], key[1], value))
        written = self.shelf.write(self.section_id, edits) if edits else {}
        lifted: list[Key] = []  # of their mistakes, with the value below unchanged
        put = self.cells.put
        for key, (_, typed) in held:
            cell_now = written.get(key)
            if cell_now is not None:
                put(row_of[key[0]], column_of[key[1]], cell_now)
            elif typed is None and self.cell_of(key).typed is not None:
                lifted.append(key)
            if typed is not None:
                self._mark_mistake(key, typed)
        if lifted:
            below = self.shelf.read_cells(self.section_id, lifted)
            for key in lifted:
                self._replace(key, below.get(key) or cell_of(BLANK))
        self._tell(key for key, _ in held)

    def _mark_mistake(self, key: Key, typed: str) -> None:
        """Nothing when `typed` is a mark after all, because the maximum was raised meanwhile."""
        index, column = self.row_of[key[0]], self.column_of[key[1]]
        meant = read_entry(typed, self.columns[column].max_score, self.aliases)
        if isinstance(meant, Mistake):
            self.cells.put(index, column, self._lines[index][column].mistaken(meant))

    def _replace(self, key: Key, cell: Cell) -> None:
        self.cells.put(self.row_of[key[0]], self.column_of[key[1]], cell)

    def cell_of(self, key: Key) -> Cell:
        return self._lines[self.row_of[key[0]]][self.column_of[key[1]]]

    def _tell(self, keys: Iterable[Key]) -> None:
        if self._places is None:  # every key that was written stands in its own row
            places = [(self.row_of[row], self.column_of[column]) for row, column in keys]
        else:
            places = [at for key in keys if (at := self.position(key)) is not None]
        if places:
            self.on_cells(places)

    # Undo

    def undo(self) -> Outcome:
        return self._travel(back=True)

    def redo(self) -> Outcome:
        return self._travel(back=False)

    def _travel(self, *, back: bool) -> Outcome:
        taken = self.history.take(self, back=back)
        if taken is None:
            return Outcome(0, sentence=phrase("Nothing to undo") if back else phrase("Nothing to redo"))
        step, travel = taken
        if travel.held:
            self._put(travel.held)
        verb = phrase("Undid") if back else phrase("Redid")
        left_alone = travel.changed_since + travel.by_others
        sentence = f"{verb} {step.label}.{travel.kept_words}"
        return Outcome(len(travel.held), passed_over=left_alone, sentence=sentence)

    def settled(self, others: Mapping[Key, Value], label: str) -> None:
        """Conflicts were decided; `others` are the marks that were not kept, which undoing brings back."""
        self.history.forget(others)
        changes = tuple(
            Change(key, Held(other, None), Held(self.cell_of(key).value, None))
            for key, other in others.items()
            if key[0] in self.row_of and key[1] in self.column_of
        )
        if changes:
            self.history.record(Step(label, changes, is_choice=True))

    # Refused marks

    def refused(self) -> list[Key]:
        return [
            self._key_at(index, column)
            for index, column in sorted(self.cells.problems)
            if self._lines[index][column].badge is Badge.REFUSED
        ]

    def _key_at(self, index: int, column: int) -> Key:
        return self.sheet.rows[index].enrollment_id, self.columns[column].assessment_id

    def send_refused_again(self) -> str:
        """After the reason is gone: the sheet was returned, the assessment unlocked."""
        return self._settle_refused(self.shelf.send_again, phrase("Sending again"))

    def give_up_refused(self) -> str:
        """Takes what the server has instead. The refused marks stay in this computer's log."""
        return self._settle_refused(self.shelf.give_up, phrase("Let go of"))

    def _settle_refused(self, settle: Callable[[int, Sequence[Key]], None], words: str) -> str:
        keys = self.refused()
        if not keys:
            return phrase("No mark was refused")
        settle(self.section_id, keys)
        self.refresh()
        return f"{words} {plural(len(keys), 'refused mark')}"

    # What comes from elsewhere

    def refresh(self) -> None:
        """Take what the store holds now, after a resolved conflict."""
        self.take(self.shelf.read_sheet(self.section_id), self.moment)

    @property
    def moment(self) -> int:
        """Note it before reading a sheet elsewhere, and give it back to `take`."""
        return len(self._put_keys)

    def take(self, fresh: Sheet, since: int) -> None:
        """Show a sheet that was read at the moment `since`, perhaps off this thread. Cells written after
        that keep what they show; typed mistakes stay; rows and columns are rebuilt only when they are
        others than before."""
        newer = set(self._put_keys[since:])
        mistakes = {
            self._key_at(index, column): typed
            for index, column in self.cells.problems
            if (typed := self._lines[index][column].typed) is not None
        }
        if not self.fits(fresh):
            in_sight = {self.row(place).enrollment_id for place in range(self.row_count)}
            self._carry_over(fresh, newer)
            self._load(fresh)
            self._restore(mistakes)
            self._filter_again(in_sight)
            return
        changed: list[Key] = []
        for index, (line, before) in enumerate(zip(fresh.cells, self._lines, strict=True)):
            if line == before:
                continue
            for column, (cell, held) in enumerate(zip(line, before, strict=True)):
                key = self._key_at(index, column)
                if cell != held and key not in mistakes and key not in newer:
                    self._replace(key, cell)
                    changed.append(key)
        self.sheet.rev, self.sheet.returned_because = fresh.rev, fresh.returned_because
        self.sheet.refused_elsewhere, self.sheet.submitted = fresh.refused_elsewhere, fresh.submitted
        self._tell(changed)

    def _filter_again(self, in_sight: set[int]) -> None:
        """The filter outlives a roster that changes. Lifted behind its person's back, the "all" they choose
        next to mark absent would be everybody, with the marks they have."""
        column = None if self._filtered_by is None else self.column_of.get(self._filtered_by)
        is_gone = self._filtered_by is not None and column is None
        self.apply_filter(
            Filter.ALL if is_gone else self.filter, column, also=in_sight if not is_gone else frozenset()
        )
        if not self.row_count:
            self.apply_filter(Filter.ALL)

    def fits(self, fresh: Sheet) -> bool:
        """Whether rows, columns and state are those that are shown: then only cells differ."""
        return (
            fresh.rows == self.sheet.rows
            and fresh.columns == self.columns
            and fresh.state == self.sheet.state
        )

    def _carry_over(self, fresh: Sheet, newer: Iterable[Key]) -> None:
        """What was written here after `fresh` was read, into it."""
        rows = {row.enrollment_id: index for index, row in enumerate(fresh.rows)}
        columns = {column.assessment_id: index for index, column in enumerate(fresh.columns)}
        for key in newer:
            known = key[0] in self.row_of and key[1] in self.column_of
            if known and key[0] in rows and key[1] in columns:
                fresh.cells[rows[key[0]]][columns[key[1]]] = self.cell_of(key)

    def _restore(self, mistakes: Mapping[Key, str | None]) -> None:
        for key, typed in mistakes.items():
            if typed is not None and key[0] in self.row_of and key[1] in self.column_of:
                self._mark_mistake(key, typed)

    @property
    def closed_words(self) -> str:
        """Why the whole sheet takes no marks. A published sheet stays approved; its rows say more."""
        if any(row.status == "completed" for row in self.sheet.rows):
            return phrase("The results are published; a mark changes by a change request")
        return phrase(STATE_CLOSED.get(self.sheet.state, later("The sheet is closed")))

    @property
    def state_words(self) -> str:
        """One sentence for the head of the page."""
        if self.sheet.submitted:
            return phrase("Submitted {at}, waiting for the head of department", at=self.sheet.submitted)
        if self.sheet.state != OPEN:
            return self.closed_words
        if not self.columns:
            return phrase("Open, no columns yet")
        blank = sum(self.missing().values())
        waiting = self.counted(Badge.WAITING, Badge.SENDING)
        parts = [
            phrase("Open"),
            phrase("{marks} missing", marks=plural(blank, "mark")) if blank else phrase("nothing missing"),
        ]
        if waiting:
            parts.append(phrase("{waiting:,} waiting to be sent", waiting=waiting))
        conflicts, others = self.counted(Badge.CONFLICT), self.counted(Badge.REFUSED, Badge.INVALID)
        if conflicts:
            parts.append(phrase("{conflicts:,} in conflict: Ctrl+J", conflicts=conflicts))
        if others:
            parts.append(phrase("{problems}: F7", problems=plural(others, "problem")))
        return " · ".join(parts)


def _sentence(label: str, changes: Sequence[Change], invalid: int, passed_over: int, why: str) -> str:
    if not changes and passed_over:
        return phrase("{why}. Nothing changed.", why=why)
    if not changes:
        return phrase("Nothing changed")
    said = label[0].upper() + label[1:]
    if len(changes) != 1:
        said = phrase("{said}: {count:,} changed", said=said, count=len(changes))
    if invalid == 1 and len(changes) == 1:
        return phrase("{why}. F7 comes back to it.", why=why)
    if invalid:
        said += phrase(", {invalid:,} not marks (F7 shows the next)", invalid=invalid)
    if passed_over:
        said += phrase(
            ", {passed_over:,} passed over ({why})",
            passed_over=passed_over,
            why=why[0].lower() + why[1:],
        )
    return said + phrase(". Ctrl+Z undoes.")
