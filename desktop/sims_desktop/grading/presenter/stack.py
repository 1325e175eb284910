"""An unsorted stack of scripts: the last digits of a number, Enter, the mark, Enter, and the next script.

The rule a newcomer would get wrong: a script whose mark is already there is the moment two graders took
the same bundle, or a number was misread. It asks, once, and Enter keeps what stands.

`=` and the total written on a bundle's cover closes the bundle and compares it with what was entered since
the last one. Keyed blind, a second time, the strip shows nothing of the first marks until both are typed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum

from sims_desktop.grading.presenter.entry import Mistake, number_text, read_entry, shown, spoken
from sims_desktop.grading.presenter.grid import GridPresenter
from sims_desktop.grading.presenter.sheet import Badge, Cell, Column, Row
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import left_to_right, plural, when

LAST_DIGITS = re.compile(r"([0-9]+)[^0-9]*\Z")


def clock(at: datetime | None) -> str:
    """`09:31` today, else with its day."""
    return when(at, datetime.now(UTC)) if at is not None else ""


class Asking(Enum):
    NUMBER = "number"
    MARK = "mark"
    KEEP_OR_REPLACE = "keep or replace"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle of scripts closed with the total on its cover."""

    number: int
    scripts: int
    total: Decimal
    on_paper: Decimal

    @property
    def agrees(self) -> bool:
        return self.total == self.on_paper

    @property
    def sentence(self) -> str:
        told = phrase(
            "Bundle {number}, {scripts}: sum {total}",
            number=self.number,
            scripts=plural(self.scripts, "script"),
            total=number_text(self.total),
        )
        if self.agrees:
            return phrase("{told} agrees with the paper", told=told)
        off = self.total - self.on_paper
        more = f"{number_text(abs(off))} {phrase('more') if off > 0 else phrase('less')}"
        return phrase(
            "{told}, the paper says {on_paper}: {more}. Key this bundle again (Shift+F6)",
            told=told,
            on_paper=number_text(self.on_paper),
            more=more,
        )


@dataclass(frozen=True, slots=True)
class Progress:
    entered: int
    total: Decimal
    left: int
    again: int = 0  # keyed a second time
    differed: int = 0
    wrong: tuple[int, ...] = ()  # bundles whose total does not agree

    @property
    def sentence(self) -> str:
        said = phrase(
            "{entered:,} entered, sum {total}, {left:,} left",
            entered=self.entered,
            total=number_text(self.total),
            left=self.left,
        )
        if self.again:
            said += phrase(
                " · {again:,} keyed again, {differed:,} differed", again=self.again, differed=self.differed
            )
        if self.wrong:
            said += phrase(" · bundle {list} does not agree", list=phrase(", ").join(map(str, self.wrong)))
        return said


class StackPresenter:
    """The strip above the grid, for one column. Give it each line a person enters; read `asking`,
    `student`, `candidates` and `sentence`."""

    def __init__(self, grid: GridPresenter, column: int, *, blind: bool = False) -> None:
        self.grid = grid
        self._last_known = grid.columns[column]
        self.blind = blind
        self.bundles: list[Bundle] = []
        self._in_bundle: dict[int, None] = {}  # enrollments since the last bundle was closed, in order
        self._again: dict[int, bool] = {}  # keyed a second time: whether the marks were the same
        self._known_rows: Sequence[Row] = ()
        self._by_digits: dict[str, list[Row]] = {}  # the last digits of a number, without leading zeros
        self.student: Row | None = None
        self.candidates: list[Row] = []
        self.asking = Asking.NUMBER
        self.sentence = phrase("Type the last digits of the registration number")
        self._meant = ""
        self._replaces = False  # R was said before the mark: it is not asked again

    @property
    def head(self) -> Column:
        """The assessment, wherever it stands now: a colleague may add or take away others meanwhile."""
        place = self.grid.column_of.get(self._last_known.assessment_id)
        if place is not None:
            self._last_known = self.grid.columns[place]
        return self._last_known

    def _left(self) -> str:
        """What of the script on the table has left the sheet while it lay there, in words."""
        if self.head.assessment_id not in self.grid.column_of:
            return phrase("{name} was taken off the sheet meanwhile: not entered", name=self.head.name)
        if self.student is not None and self.student.enrollment_id not in self.grid.row_of:
            return phrase("{name} has left the section meanwhile: not entered", name=self.student.name)
        return ""

    def enter(self, text: str) -> None:
        """One line, ended with Enter."""
        text = text.strip()
        left = self._left()
        if left:
            self._next(left)
        elif self.asking is Asking.NUMBER and text.startswith("="):
            self._close_bundle(text[1:])
        elif self.asking is Asking.NUMBER:
            self._take_number(text)
        elif self.asking is Asking.MARK:
            self._take_mark(text)
        elif text.casefold() == "r":
            self._write(self._meant)
        else:
            self._count()
            self._next(phrase("Kept what stood"))

    def _close_bundle(self, text: str) -> None:
        meant = read_entry(text, Decimal(999_999_999), {})
        if isinstance(meant, Mistake) or meant.score is None:
            self.sentence = phrase("= and the total on the bundle's cover closes the bundle, such as =694")
            return
        head, here = self.head, self.grid.row_of
        scores = (
            self.grid.cell_of((row, head.assessment_id)).value.score for row in self._in_bundle if row in here
        )
        total = sum((score for score in scores if score is not None), Decimal(0))
        bundle = Bundle(len(self.bundles) + 1, len(self._in_bundle), total, meant.score)
        self.bundles.append(bundle)
        self._in_bundle = {}
        self._next(bundle.sentence)

    def _count(self) -> None:
        assert self.student is not None
        self._in_bundle[self.student.enrollment_id] = None

    def choose(self, row: Row) -> None:
        """One of several students with the same last digits."""
        self.student, self.candidates = row, []
        left = self._left()
        if left:
            self._next(left)
            return
        cell = self._cell(row)
        closed = self.grid.closed_key((row.enrollment_id, self.head.assessment_id))
        if closed:
            self._next(f"{row.name}: {closed}")
            return
        self.asking = Asking.MARK
        self.sentence = f"{row.name} · {left_to_right(row.reg_no)}"
        if not cell.is_blank and not self.blind:
            self.sentence += ": " + phrase(
                "already {text}{by}. Enter keeps it, R replaces it",
                text=cell.text,
                by=self._author(row, cell),
            )

    def back(self) -> bool:
        """Esc: one question back; False when there is none left and the strip may close."""
        if self.asking is Asking.NUMBER and not self.candidates:
            return False
        self._next(phrase("Type the last digits of the registration number"))
        return True

    @property
    def progress(self) -> Progress:
        column = self.grid.column_of.get(self.head.assessment_id)
        if column is None:
            return Progress(0, Decimal(0), 0)
        spread = self.grid.distribution(column)
        return Progress(
            spread.scored + spread.absent + spread.other,
            spread.total,
            spread.missing,
            len(self._again),
            sum(not same for same in self._again.values()),
            tuple(bundle.number for bundle in self.bundles if not bundle.agrees),
        )

    def _take_number(self, text: str) -> None:
        if not text:
            return
        found = self._students(text)
        if len(found) == 1:
            self.choose(found[0])
        elif found:
            self.candidates = found
            self.sentence = phrase(
                "{count} students end with {text}: more digits, or choose", count=len(found), text=text
            )
        else:
            self.candidates = []  # or the line would keep the text, and every script after it
            self.sentence = phrase("Nobody in this section ends with {text}", text=text)

    def _students(self, text: str) -> list[Row]:
        rows = self.grid.sheet.rows
        wanted = text.casefold()
        if rows is not self._known_rows:
            self._known_rows, self._by_digits = rows, {}
            for row in rows:
                if last := LAST_DIGITS.search(row.reg_no):
                    self._by_digits.setdefault(last[1].lstrip("0"), []).append(row)
        if wanted.isdigit() and (exact := self._by_digits.get(wanted.lstrip("0"))):
            return exact
        return [row for row in rows if row.reg_no.casefold().endswith(wanted)]

    def _take_mark(self, text: str) -> None:
        assert self.student is not None
        now = self._cell(self.student)
        if not self.blind and not now.is_blank and not self._replaces:
            if not text:
                self._count()
                self._next(phrase("Kept what stood"))
                return
            if text.casefold() == "r":
                self._replaces = True
                self.sentence = f"{self.student.name}: " + phrase(
                    "type the mark that replaces {text}", text=now.text
                )
                return
        meant = read_entry(text, self.head.max_score, self.grid.aliases)
        if not text or isinstance(meant, Mistake):
            reason = meant.reason if isinstance(meant, Mistake) else phrase("type the mark")
            self.sentence = f"{self.student.name}: {reason}"
            return
        cell = self._cell(self.student)
        if self.blind and not cell.is_blank:
            same = cell.typed is None and cell.value == meant
            self._again[self.student.enrollment_id] = same
            if same:
                self._count()
                self._next(phrase("{name}: {text}, the same twice", name=self.student.name, text=cell.text))
                return
        differs = not cell.is_blank and (cell.typed is not None or cell.value != meant)
        if differs and not self._replaces:
            self._meant, self.asking = text, Asking.KEEP_OR_REPLACE
            by = self._author(self.student, cell)
            first = phrase("the first keying says") if self.blind else phrase("already")
            stands = f"{self.student.name}: {first} {cell.text}{by}"
            self.sentence = phrase(
                "{stands}. Enter keeps it, R replaces it by {meant}", stands=stands, meant=shown(meant)
            )
            return
        self._write(text)

    def _write(self, text: str) -> None:
        assert self.student is not None
        row, head = self.student, self.head
        outcome = self.grid.put_texts(
            {(row.enrollment_id, head.assessment_id): text},
            phrase("typing {text} for {name}, {name_2}", text=text, name=row.name, name_2=head.name),
        )
        if outcome.passed_over:  # closed while the script lay on the table
            self._next(phrase("{name}: {why}. Not entered", name=row.name, why=outcome.why))
            return
        self._count()
        self._next(f"{row.name}: {spoken(self._cell(row).value, head.max_score)}")

    def _author(self, row: Row, cell: Cell) -> str:
        """Completes "already 14": who wrote it. What the server does not have was typed here."""
        author = self.grid.author((row.enrollment_id, self.head.assessment_id))
        if cell.badge is not Badge.SAVED:
            typed = self.grid.shelf.read_typed_at(
                self.grid.section_id, (row.enrollment_id, self.head.assessment_id)
            )
            return phrase(", by you {when}", when=clock(typed)) if typed is not None else phrase(", by you")
        if author is None:
            return ""
        return phrase(", by {by} {when}", by=author.name, when=clock(author.at))

    def _cell(self, row: Row) -> Cell:
        return self.grid.cell_of((row.enrollment_id, self.head.assessment_id))

    def _next(self, sentence: str) -> None:
        self.student, self.candidates, self.asking, self._meant = None, [], Asking.NUMBER, ""
        self._replaces = False
        self.sentence = sentence
