"""Cut-off lines of a relatively graded sheet, moved by hand, with every letter's count live. Qt-free.

The totals are the server's, of the marks it has; moving a line asks nobody. The rule a newcomer would get
wrong: a line that was not moved is the regulation's, judged exactly, and not the rounded number it shows.
Only lines that were moved are proposed, and what is proposed stands once the head approves the sheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sims_desktop.grading.presenter.entry import number_text
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import plural, when
from sims_shared.cutoffs import ClassCutoffs, CutoffLine, SheetCutoffs, count_grades

STEP, FINE = Decimal(1), Decimal("0.25")
BARS = 40
WHOLE = 100
Lines = dict[str, Decimal]


class CutoffPresenter:
    """One class of the sheet at a time. `chosen` is the line that the keys move; `moved` where the lines
    stand now, by grade, of those that stand elsewhere than the rule puts them."""

    def __init__(self, known: SheetCutoffs, now: datetime) -> None:
        self._now = now
        self._which = 0
        self.chosen = 0
        self.moved: Lines = {}
        self._before: list[Lines] = []
        self.take(known)

    def take(self, known: SheetCutoffs) -> None:
        """What the server says now; nothing is unsaved after that."""
        self.known = known
        self._which = min(self._which, max(len(known.classes) - 1, 0))
        self._begin()

    def renew(self, known: SheetCutoffs) -> None:
        """Marks have changed meanwhile: the totals are new, the lines stay where the person put them, as far
        as they still may."""
        placed = dict(self.moved)
        self.take(known)
        self.moved = {}
        for number, line in enumerate(self.lines):
            if line.grade in placed:
                above = self.stands(number - 1) if number else line.highest
                to = min(max(placed[line.grade], line.lowest), line.highest, above)
                if to != line.by_rule:
                    self.moved[line.grade] = to

    def _begin(self) -> None:
        self._before.clear()
        self.moved = self.proposed
        self.chosen = min(self.chosen, max(len(self.lines) - 1, 0))

    @property
    def graded(self) -> ClassCutoffs | None:
        return self.known.classes[self._which] if self.known.classes else None

    @property
    def lines(self) -> Sequence[CutoffLine]:
        return self.graded.lines if self.graded is not None else ()

    @property
    def proposed(self) -> Lines:
        """What the server has of this class."""
        return {line.grade: line.at_least for line in self.lines if line.moved}

    @property
    def reason(self) -> str:
        """What was said for the lines that the server has."""
        return self.graded.reason if self.graded is not None else ""

    @property
    def has_changes(self) -> bool:
        return self.moved != self.proposed

    @property
    def may_save(self) -> bool:
        graded = self.graded
        return self.known.may_propose and graded is not None and graded.latitude is not None

    def next_class(self) -> None:
        """Students of another regulation on the same sheet."""
        if len(self.known.classes) > 1:
            self._which = (self._which + 1) % len(self.known.classes)
            self._begin()

    # Moving

    def stands(self, number: int) -> Decimal:
        line = self.lines[number]
        return self.moved.get(line.grade, line.by_rule)

    def reach(self, number: int) -> tuple[Decimal, Decimal]:
        """How far a line may go: as the regulation allows, and never past its neighbours. Where the
        regulation allows nothing, lines are moved between 0 and 100 to see what would be."""
        line, graded = self.lines[number], self.graded
        free = graded is not None and graded.latitude is None
        lowest = Decimal(0) if free else line.lowest
        highest = Decimal(WHOLE) if free else line.highest
        if number > 0:
            highest = min(highest, self.stands(number - 1))
        if number + 1 < len(self.lines):
            lowest = max(lowest, self.stands(number + 1))
        return min(lowest, highest), highest

    def choose(self, number: int) -> None:
        self.chosen = min(max(number, 0), max(len(self.lines) - 1, 0))

    def move(self, by: Decimal) -> None:
        """The chosen line, a step up or down; as far as it may."""
        if self.lines:
            self.put(self.chosen, self.stands(self.chosen) + by)

    def put(self, number: int, to: Decimal, *, one_act: bool = True) -> None:
        """A line at a total. Without `one_act` it goes on with the act before: a mouse that drags."""
        lowest, highest = self.reach(number)
        line = self.lines[number]
        to = min(max(to, lowest), highest)
        if to == self.stands(number):
            return
        if one_act or not self._before:
            self._before.append(dict(self.moved))
        if to == line.by_rule:
            self.moved.pop(line.grade, None)
        else:
            self.moved[line.grade] = to

    def begin_drag(self) -> None:
        self._before.append(dict(self.moved))

    def end_drag(self) -> None:
        if self._before and self._before[-1] == self.moved:
            self._before.pop()

    def back_to_rule(self) -> None:
        """The chosen line where the regulation puts it."""
        if self.lines and self.lines[self.chosen].grade in self.moved:
            self.put(self.chosen, self.lines[self.chosen].by_rule)

    def all_back_to_rule(self) -> None:
        if self.moved:
            self._before.append(dict(self.moved))
            self.moved = {}

    def undo(self) -> bool:
        if not self._before:
            return False
        self.moved = self._before.pop()
        return True

    # What is shown

    @property
    def counts(self) -> dict[str, int]:
        """Students by grade, best first, as the lines stand now."""
        graded = self.graded
        return count_grades(graded.lines, graded.totals, graded.fail, self.moved) if graded else {}

    @property
    def counts_by_rule(self) -> dict[str, int]:
        graded = self.graded
        return count_grades(graded.lines, graded.totals, graded.fail, {}) if graded else {}

    @property
    def bars(self) -> list[int]:
        """Totals in equal ranges of 0 to 100, the last one closed."""
        bars = [0] * BARS
        for total in self.graded.totals if self.graded else ():
            bars[min(max(int(total.total * BARS / WHOLE), 0), BARS - 1)] += 1
        return bars

    def line_words(self, number: int) -> str:
        """`B+ begins at 71, 12 students; may go from 64 to 76 (70 by the rule)`."""
        line = self.lines[number]
        lowest, highest = self.reach(number)
        return phrase(
            "{grade} begins at {at}, {students}; may go from {lowest} to {highest} ({rule} by the rule)",
            grade=line.grade,
            at=number_text(self.stands(number)),
            students=plural(self.counts[line.grade], "student"),
            lowest=number_text(lowest),
            highest=number_text(highest),
            rule=number_text(line.by_rule),
        )

    def table(self) -> list[tuple[str, str, str, str, str]]:
        """Grade, where it begins, students, more or less than by the rule, limits; the fail last."""
        if self.graded is None:
            return []
        counts, ruled = self.counts, self.counts_by_rule
        rows = []
        for number, line in enumerate(self.lines):
            lowest, highest = self.reach(number)
            begins = number_text(self.stands(number))
            if line.grade in self.moved:
                begins += " ←" if self.moved[line.grade] < line.by_rule else " →"
            limits = f"{number_text(lowest)} – {number_text(highest)}"
            rows.append((line.grade, begins, *self._students(line.grade, counts, ruled), limits))
        fail = self.graded.fail
        if all(line.grade != fail for line in self.lines):
            rows.append((fail, "", *self._students(fail, counts, ruled), ""))
        return rows

    def _students(self, grade: str, counts: dict[str, int], ruled: dict[str, int]) -> tuple[str, str]:
        more = counts.get(grade, 0) - ruled.get(grade, 0)
        return f"{counts.get(grade, 0):,}", f"{more:+,}" if more else ""

    @property
    def heading(self) -> str:
        graded = self.graded
        if graded is None:
            return phrase("Cut-offs")
        return phrase("Cut-offs under {regulation}", regulation=graded.regulation)

    @property
    def sentence(self) -> str:
        """What the lines rest on, and whether they may be moved."""
        graded = self.graded
        if graded is None:
            return phrase("The regulation of these students does not grade in relation to the class.")
        parts = []
        if graded.method == "z":
            parts.append(
                phrase(
                    "Mean {mean}, σ {deviation}, of {students}",
                    mean=number_text(graded.mean),
                    deviation=number_text(graded.deviation),
                    students=plural(graded.count, "total"),
                )
            )
        else:
            parts.append(phrase("Shares of {students}", students=plural(graded.count, "total")))
        if graded.left_out:
            parts.append(phrase("{count:,} left out", count=graded.left_out))
        if graded.waiting:
            parts.append(phrase("{students} without a total yet", students=plural(graded.waiting, "student")))
        first = ", ".join(parts) + "."
        return f"{first} {self._may_words(graded)}"

    def _may_words(self, graded: ClassCutoffs) -> str:
        if graded.frozen_at is not None:
            return phrase("Frozen {when}; no line moves any more.", when=when(graded.frozen_at, self._now))
        if self.known.state != "open":
            return phrase("The sheet is handed in; moving a line only shows what would be.")
        if graded.latitude is None:
            return phrase("The regulation lets nobody move its lines; moving one only shows what would be.")
        if not self.known.may_propose:
            return phrase("The lead teacher proposes the lines; moving one only shows what would be.")
        return phrase(
            "Each line may be moved by {latitude}; they are frozen when the head approves the sheet.",
            latitude=number_text(graded.latitude),
        )

    @property
    def saved_words(self) -> str:
        """Where the proposal stands."""
        graded = self.graded
        if graded is None:
            return ""
        if self.has_changes:
            return phrase("Not saved yet: Enter proposes these lines.") if self.may_save else ""
        if graded.proposed_by is not None and self.moved:
            return phrase(
                "Proposed by {name} {when}.",
                name=graded.proposed_by.name,
                when=when(graded.proposed_at, self._now),
            )
        return phrase("The lines stand where the regulation puts them.")
