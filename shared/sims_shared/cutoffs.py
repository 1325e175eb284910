"""Cut-offs of relatively graded sheets on the wire: where each grade begins, and lines that are moved.

A sheet with students of two regulations has two classes, each with lines of its own. The rule a newcomer
would get wrong: what is moved is a proposal. It is the head's approval of the sheet that freezes the
lines, moved or not, and after that a recheck moves nobody but the student rechecked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import msgspec

from sims_shared.messages import Command, View
from sims_shared.problems import Kind, Refusal
from sims_shared.values import ZERO, Id, Person, Places, Text

Percentage = Annotated[Decimal, Places(2, low=ZERO, high=Decimal(100))]
LineGrade = Annotated[str, msgspec.Meta(min_length=1, max_length=10)]


class MovedLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From this total on, in percent, the grade is given."""

    grade: LineGrade
    at_least: Percentage


class ProposeCutoffs(Command, frozen=True, kw_only=True):
    """The lead's lines of one class, all that are moved; none takes a proposal back. `rev` is the sheet
    as the lead saw it, because other marks would put the lines elsewhere."""

    section_id: Id
    regulation_id: Id
    rev: int
    lines: Annotated[list[MovedLine], msgspec.Meta(max_length=50)]
    reason: Text = ""


class CutoffLine(View):
    """One grade of a class. `at_least` is where it begins now; `by_rule` where the regulation puts it,
    rounded up to two places (it is judged exactly); it may be moved from `lowest` to `highest`."""

    grade: str
    points: Decimal | None
    at_least: Decimal
    by_rule: Decimal
    lowest: Decimal
    highest: Decimal
    moved: bool = False


class JudgedTotal(View):
    """One student's total in percent, the grade it has by the rule, and the grade that no line changes:
    whoever did not sit the final fails wherever the lines stand."""

    enrollment_id: int
    total: Decimal
    by_rule: str
    settled: str | None = None


class ClassCutoffs(View):
    """The lines of those students of a sheet who stand under one regulation. `waiting` have no total
    yet; `left_out` of the totals are not in the statistics; `frozen_at` once a sheet was approved."""

    regulation_id: int
    regulation: str
    method: str
    latitude: Decimal | None
    mean: Decimal
    deviation: Decimal
    count: int
    left_out: int
    waiting: int
    fail: str
    lines: list[CutoffLine]
    totals: list[JudgedTotal]
    reason: str = ""
    proposed_by: Person | None = None
    proposed_at: datetime | None = None
    frozen_at: datetime | None = None


class SheetCutoffs(View):
    """`classes` is empty where no regulation of the sheet's students grades relatively."""

    section_id: int
    state: str
    rev: int
    may_propose: bool
    classes: list[ClassCutoffs]


class CutoffsInvalid(Refusal):
    """`errors` names each line that cannot stand so, and why."""

    code = "sheets.cutoffs_invalid"
    title = "The cut-offs cannot be moved so"
    kind = Kind.INVALID


class CutoffsOutOfReach(Refusal):
    """Marks changed after the lines were moved. Facts: `lines`."""

    code = "sheets.cutoffs_out_of_reach"
    title = "The cut-offs were moved further than the regulation allows for the marks as they are now"
    kind = Kind.CONFLICT


def count_grades(
    lines: Sequence[CutoffLine],
    totals: Sequence[JudgedTotal],
    fail: str,
    moved: Mapping[str, Decimal],
) -> dict[str, int]:
    """How many students get each grade, best first, with these lines elsewhere than the rule puts them.
    A line that is not moved is judged as the server did, exactly."""
    counts = {line.grade: 0 for line in lines}
    counts.setdefault(fail, 0)
    rank = {line.grade: number for number, line in enumerate(lines)}
    for total in totals:
        grade = total.settled
        if grade is None:
            exact = rank.get(total.by_rule, len(lines))
            reached = (
                line.grade
                for number, line in enumerate(lines)
                if (total.total >= moved[line.grade] if line.grade in moved else exact <= number)
            )
            grade = next(reached, fail)
        counts[grade] = counts.get(grade, 0) + 1
    return counts
