"""What a row of the record means for the average: its points, and whether it counts, was attempted,
was earned – and which of several attempts of one course stands.

The rule a newcomer would get wrong: a W, an I or an S is not a zero. A letter that is not a grade is
left out with its reason; only a letter that the regulation treats as a grade (FW as F) weighs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import msgspec

from .document import Policy, Symbol, symbols_of
from .rounding import plain
from .scales import points_of, rank_of
from .trace import Trace, given, least_of, mean_of


class CourseRow(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt on the record. `key` names it in traces and is unique ("CS-101, attempt 2");
    `course` is the same for attempts of one course (equivalents resolved by the caller), `replaces`
    the course whose place this one takes. `term` orders the terms, earliest lowest. `points` and
    `grade` are those pinned on the result; `percentage` is needed where percentages are averaged, `total`
    where a good average makes a near fail good; `transfer_grade` is the grade earned elsewhere."""

    key: str
    course: str
    term: int
    credits: Decimal
    grade: str | None = None
    points: Decimal | None = None
    percentage: Decimal | None = None
    total: Decimal | None = None
    outcome: str = "pass"
    grading: Literal["letter", "pass_fail", "non_credit", "audit"] = "letter"
    counts_in_gpa: bool = True
    attempt: int = 1
    source: Literal["computed", "legacy", "transfer"] = "computed"
    replaces: str | None = None
    transfer_grade: str | None = None


class Meaning(msgspec.Struct, frozen=True, kw_only=True):
    """What a row is worth. `points` None: not in any average, for the reason `why`."""

    row: CourseRow
    points: Trace | None = None
    why: str = ""
    passing: bool = False
    earned: bool = False
    transferred: bool = False
    attempted: bool = False
    replaceable: bool = True
    letter: str | None = None


_LETTERS = {"withdrawn": "W", "incomplete": "I", "audit": "AU"}


def meanings_of(policy: Policy, rows: Iterable[CourseRow]) -> list[Meaning]:
    """What each row means, before attempts of a course are weighed against each other."""
    symbols = symbols_of(policy)
    return [_meaning(policy, symbols, row) for row in rows]


def _meaning(policy: Policy, symbols: dict[str, Symbol], row: CourseRow) -> Meaning:
    letter = row.grade or _LETTERS.get(row.outcome)
    if letter is None and row.outcome == "barred":
        letter = policy.attendance.shortage
    if row.outcome in ("withheld", "void"):
        return Meaning(row=row, why=f"the result is {row.outcome}", letter=letter)
    if row.outcome == "exempt":
        return Meaning(row=row, why="exempted from the course", letter=letter)
    if row.source == "transfer" or row.outcome == "transfer":
        return _transferred(policy, row, letter)
    if row.grading == "audit" or letter == "AU":
        return Meaning(row=row, why="audited: no credit", letter=letter)
    if row.grading == "non_credit":
        return Meaning(row=row, why="a course without credit", passing=row.outcome == "pass", letter=letter)
    symbol = symbols.get(letter) if letter is not None else None
    if letter is not None and row.grading == "letter" and letter not in policy.symbols:
        # A ten-point scale has a P of its own; it is a grade there, not the P of a pass/fail course.
        symbol = None if rank_of(policy, letter) is not None else symbol
    if symbol is not None and letter is not None:
        return _by_symbol(policy, row, letter, symbol)
    if row.outcome == "incomplete" or (letter is None and row.percentage is None):
        passing = row.outcome == "pass"
        why = "a result without a grade" if passing else "no grade yet"
        return Meaning(row=row, why=why, earned=passing, passing=passing, attempted=True, letter=letter)
    passing = (
        row.outcome == "pass" if letter is None else rank_of(policy, letter) != 0 and row.outcome == "pass"
    )
    points = _points(policy, row, letter)
    why = "" if points is not None else f"{letter} has no points under this regulation"
    if not row.counts_in_gpa:
        points, why = None, "the course does not count in the average"
    return Meaning(
        row=row, points=points, why=why, passing=passing, earned=passing, attempted=True, letter=letter
    )


def _points(policy: Policy, row: CourseRow, letter: str | None) -> Trace | None:
    if policy.gpa.of == "percentage":
        return None if row.percentage is None else given("percentage", Fraction(row.percentage))
    points = row.points
    if points is None and letter is not None:
        points = points_of(policy, letter)
    return None if points is None else given("points", Fraction(points), f"{letter} is {plain(points)}")


def _by_symbol(policy: Policy, row: CourseRow, letter: str, symbol: Symbol) -> Meaning:
    points: Trace | None = None
    why = f"{letter} is not in the average"
    passing = symbol.earned
    if symbol.as_ is not None:
        passing = rank_of(policy, symbol.as_) != 0
    if policy.gpa.of == "percentage" and symbol.percentage is not None:
        points = given(
            "percentage", Fraction(symbol.percentage), f"{letter} counts {plain(symbol.percentage)} %"
        )
    elif policy.gpa.of == "points" and symbol.as_ is not None:
        worth = points_of(policy, symbol.as_)
        if worth is not None:
            points = given("points", Fraction(worth), f"{letter} counts as {symbol.as_}")
    elif policy.gpa.of == "points" and symbol.gpa:
        worth = symbol.points if symbol.points is not None else row.points
        if worth is not None:
            points = given("points", Fraction(worth), f"{letter} is {plain(worth)}")
    if points is not None and not row.counts_in_gpa:
        points, why = None, "the course does not count in the average"
    return Meaning(
        row=row,
        points=points,
        why="" if points is not None else why,
        passing=passing,
        earned=symbol.earned or (symbol.as_ is not None and passing),
        attempted=symbol.attempted,
        replaceable=symbol.replaceable,
        letter=letter,
    )


def _transferred(policy: Policy, row: CourseRow, letter: str | None) -> Meaning:
    """Credit from elsewhere: never attempted here; its grade converted, then judged by the policy."""
    transfer = policy.transfer
    earned_as = row.transfer_grade if row.transfer_grade is not None else letter
    grade = transfer.conversion.get(earned_as, earned_as) if earned_as is not None else None
    rank = rank_of(policy, grade) if grade is not None else None
    least = rank_of(policy, transfer.min_grade) if transfer.min_grade is not None else None
    if rank is not None and (rank == 0 or (least is not None and rank < least)):
        return Meaning(row=row, why=f"{grade} elsewhere is not enough to transfer", letter=letter)
    points: Trace | None = None
    why = "transferred credit is not in the average"
    if rank is not None and grade is not None and transfer.gpa != "exclude" and row.counts_in_gpa:
        least_points = points_of(policy, grade)
        own = row.points if transfer.gpa == "as_earned" and row.points is not None else least_points
        if own is not None:
            rule = "the least of the band" if transfer.gpa == "band_minimum" else "as earned elsewhere"
            points = given("points", Fraction(own), f"{grade}, {rule}")
    return Meaning(
        row=row,
        points=points,
        why="" if points is not None else why,
        passing=True,
        transferred=True,
        letter=letter,
    )


class Attempts(msgspec.Struct, frozen=True, kw_only=True):
    """The attempts of one course that stand. `counted` pairs each row that weighs with its points;
    `left_out` the rows that another replaced or that may not replace, with why."""

    counted: tuple[tuple[Meaning, Trace], ...]
    replaced: tuple[tuple[Meaning, str], ...]


def course_roots(rows: Iterable[CourseRow]) -> dict[str, str]:
    """The course whose place each course takes in the end (itself, mostly)."""
    taken: dict[str, str] = {}
    for row in sorted(rows, key=_order):
        if row.replaces is not None and row.replaces != row.course:
            taken.setdefault(row.course, row.replaces)
    roots = {}
    for course in taken:
        root, seen = course, {course}
        while root in taken and taken[root] not in seen:
            root = taken[root]
            seen.add(root)
        roots[course] = root
    return roots


def _order(row: CourseRow) -> tuple[int, int, str]:
    return row.term, row.attempt, row.key


def weigh_attempts(policy: Policy, meanings: Sequence[Meaning]) -> list[Attempts]:
    """Which attempt of each course counts. `meanings` are rows with points, in any order; what comes
    back does not depend on it."""
    roots = course_roots(meaning.row for meaning in meanings)
    groups: dict[str, list[Meaning]] = {}
    for meaning in sorted(meanings, key=lambda m: _order(m.row)):
        groups.setdefault(roots.get(meaning.row.course, meaning.row.course), []).append(meaning)
    spent = _improvements(policy, groups)
    return [
        _weigh(policy, group, may_improve=course not in spent) for course, group in sorted(groups.items())
    ]


def _takes_part(policy: Policy, meaning: Meaning) -> bool:
    return meaning.replaceable and meaning.letter not in policy.repeat.never_replace_with


def _improvements(policy: Policy, groups: dict[str, list[Meaning]]) -> set[str]:
    """The courses whose improvement comes after the regulation's number of them is used up. Repeating
    after a fail is no improvement: nobody is kept from passing."""
    most = policy.repeat.max_courses
    if most is None:
        return set()
    improved: list[tuple[tuple[int, int, str], str]] = []
    for course, group in groups.items():
        stands: list[Meaning] = []
        for meaning in group:
            if not _takes_part(policy, meaning):
                continue
            if stands and not _too_good(policy, stands):
                improved.append((_order(meaning.row), course))
                break
            if meaning.passing:
                stands.append(meaning)
    return {course for _, course in sorted(improved)[most:]}


def _weigh(policy: Policy, group: Sequence[Meaning], *, may_improve: bool) -> Attempts:
    always = [m for m in group if not _takes_part(policy, m)]
    admitted: list[tuple[Meaning, Trace]] = []
    replaced: list[tuple[Meaning, str]] = []
    for meaning in group:
        if meaning in always or meaning.points is None:
            continue
        stands = [m for m, _ in admitted if m.passing]
        if stands and not may_improve:
            replaced.append(
                (meaning, f"only {policy.repeat.max_courses} courses may be improved; the earlier stays")
            )
        elif stands and _too_good(policy, stands):
            best = stands[-1].letter
            replaced.append(
                (meaning, f"{best} is not below {policy.repeat.improve_below}; the earlier stays")
            )
        else:
            admitted.append((meaning, _capped(policy, meaning.points, repeated=bool(admitted))))
    counted = [(m, m.points) for m in always if m.points is not None]
    if not admitted:
        return Attempts(counted=tuple(counted), replaced=tuple(replaced))
    match policy.repeat.count:
        case "all":
            return Attempts(counted=(*counted, *admitted), replaced=tuple(replaced))
        case "average":
            mean = mean_of("points", [points for _, points in admitted], "the mean of all attempts")
            chosen = admitted[-1][0]
            counted.append((chosen, mean if len(admitted) > 1 else admitted[0][1]))
            why = "averaged with the later attempt"
        case "best":
            best_pair = max(admitted, key=lambda pair: (pair[1].value, _order(pair[0].row)))
            chosen, why = best_pair[0], "repeated: the better attempt counts"
            counted.append(best_pair)
        case "first":
            chosen, why = admitted[0][0], "repeated: the first attempt counts"
            counted.append(admitted[0])
        case "last":
            chosen, why = admitted[-1][0], "repeated: the last attempt counts"
            counted.append(admitted[-1])
    replaced += [(meaning, why) for meaning, _ in admitted if meaning is not chosen]
    return Attempts(counted=tuple(counted), replaced=tuple(replaced))


def _too_good(policy: Policy, stands: Sequence[Meaning]) -> bool:
    limit = rank_of(policy, policy.repeat.improve_below) if policy.repeat.improve_below else None
    if limit is None:
        return False
    ranks = [rank_of(policy, m.letter) for m in stands if m.letter is not None]
    return any(rank is not None and rank >= limit for rank in ranks)


def _capped(policy: Policy, points: Trace, *, repeated: bool) -> Trace:
    cap = policy.repeat.cap
    worth = points_of(policy, cap) if cap is not None else None
    if not repeated or worth is None or policy.gpa.of == "percentage":
        return points
    return least_of("points", (points, given("cap", Fraction(worth))), f"a repeat earns {cap} at most")
