"""The policy document: a regulation's clauses as typed values, exactly the JSON the senate voted.

Decimals are written as strings. A clause that is missing means exact (no rounding) or off, never a
default somebody remembers: a newcomer would let a missing rounding mean two places.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from ..values import parse_decimal
from .rounding import Rounding, Threshold

ZERO = Decimal(0)
PROVISIONAL = "provisional"
"""What an incomplete may lapse to besides a grade: the one it would have with what is there."""


class Clause(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all clauses: a JSON object whose unknown fields are faults."""


class Applies(Clause, frozen=True, kw_only=True):
    """For whom it is in force. Null means any; `programs` are program codes (or ids); intakes are
    `YYYY` + `S` or `F`, both ends included."""

    level: str | None = None
    programs: tuple[str | int, ...] | None = None
    intake_from: str | None = None
    intake_to: str | None = None


class BestOf(Clause, frozen=True, kw_only=True):
    """The best `keep` of the assessments of a group (a type, head or name) count."""

    group: str
    keep: int
    absent_may_drop: bool = True


class Total(Clause, frozen=True, kw_only=True):
    """How assessments become a total. `component` rounds each assessment, `round` the total."""

    basis: Literal["marks", "weights"] = "weights"
    component: Rounding | None = None
    round: Rounding | None = None
    absent: Literal["zero", "fail"] = "zero"
    excused: Literal["reweigh", "zero", "incomplete"] = "reweigh"
    blank: Literal["block", "zero", "incomplete"] = "block"
    must_sit: tuple[str, ...] = ()
    best_of: tuple[BestOf, ...] = ()


class Head(Clause, frozen=True, kw_only=True):
    """A part that is passed on its own. `round` rounds its marks, also for the total."""

    code: str
    min: Threshold | None = None
    round: Rounding | None = None


class Segment(Clause, frozen=True, kw_only=True):
    """Heads, types or assessments that are passed together: `of` empty means all."""

    code: str
    min: Threshold
    of: tuple[str, ...] = ()


class PassRule(Clause, frozen=True, kw_only=True):
    """What passes, besides the heads: the total, in percent, and segments."""

    total_min: Decimal | None = None
    other: tuple[Segment, ...] = ()


class GraceSlab(Clause, frozen=True, kw_only=True):
    """A paper of `upto` marks or fewer may be given so many."""

    upto: Decimal
    marks: Decimal


class GraceBudget(Clause, frozen=True, kw_only=True):
    """All marks of grace together: a percentage of the aggregate, or `marks` outright."""

    of: Literal["aggregate"] = "aggregate"
    percent: Decimal | None = None
    marks: Decimal | None = None
    round: Rounding | None = None


class GraceHeads(Clause, frozen=True, kw_only=True):
    """In how many papers grace may be given, as a share of all."""

    share: Threshold
    round: Rounding | None = None


class Grace(Clause, frozen=True, kw_only=True):
    """Marks that let a candidate pass by a hair. `bars` are the honours they cost; `division` may
    lift an aggregate to the next division."""

    per_head: tuple[GraceSlab, ...] = ()
    budget: GraceBudget | None = None
    max_heads: GraceHeads | int | None = None
    allocation: Literal["all_or_nothing", "least_first"] = "all_or_nothing"
    added_to_marks: bool = False
    bars: tuple[str, ...] = ()
    division: Decimal | None = None


class ScaleRow(msgspec.Struct, frozen=True):
    """`[minimum, grade, points]`; points null in a system without them. Under a relative scale the
    minimum is a multiple of σ, or with method "share" a percentage of those who pass."""

    minimum: Decimal
    grade: str
    points: Decimal | None = None

    @classmethod
    def read(cls, raw: object) -> ScaleRow:
        """The row that a document writes; ValueError says what is wrong."""
        if isinstance(raw, dict) and set(raw) <= {"min", "grade", "points"}:
            raw = [raw.get("min"), raw.get("grade"), raw.get("points")]
        if not isinstance(raw, (list, tuple)) or len(raw) not in (2, 3):
            raise ValueError('expected [minimum, grade, points], such as ["85", "A", "4.00"]')
        minimum, grade, points = read_decimal(raw[0]), raw[1], raw[2] if len(raw) == 3 else None
        if (
            not isinstance(grade, str)
            or not 1 <= len(grade) <= 10
            or not grade.isascii()
            or not grade.strip()
        ):
            raise ValueError("a grade is 1 to 10 ASCII characters")
        return cls(minimum, grade, None if points is None else read_decimal(points))


class Scale(Clause, frozen=True, kw_only=True):
    """How a total becomes a grade. Below every row stands `fail`. A table is a ready reckoner: one row
    per whole mark. Relative grading leaves those under `exclude_below` percent, and with
    `exclude_outliers` those further from the mean than so many σ, out of the statistics. `latitude`: so
    many percent the lead of a sheet may move a cut-off from where the rule puts it; without it the lines
    are the rule's."""

    kind: Literal["bands", "table", "relative", "none"] = "bands"
    rows: tuple[ScaleRow, ...] = ()
    fail: str = "F"
    fail_points: Decimal | None = ZERO
    method: Literal["z", "share"] = "z"
    exclude_below: Decimal | None = None
    exclude_outliers: Decimal | None = None
    latitude: Decimal | None = None


class Symbol(Clause, frozen=True, kw_only=True):
    """A letter that is not earned by marks. `gpa`: counts in the average (with `points`, or in a system
    of percentages with `percentage`); `as`: treated as that grade; `final`: nothing more will come."""

    gpa: bool = False
    earned: bool = False
    attempted: bool = True
    as_: str | None = msgspec.field(name="as", default=None)
    points: Decimal | None = None
    percentage: Decimal | None = None
    replaceable: bool = True
    final: bool = True
    lapses_to: str | None = None
    on: str | None = None


class Repeat(Clause, frozen=True, kw_only=True):
    """Which attempt of a course counts. `improve_below`: a pass at or above this grade stays;
    `max_courses`: so many passes may be improved; `cap`: the best grade a repeat can earn."""

    count: Literal["best", "last", "average", "all", "first"] = "best"
    improve_below: str | None = None
    max_courses: int | None = None
    never_replace_with: tuple[str, ...] = ("W", "I", "AU")
    cap: str | None = None
    past_sgpa: Literal["unchanged", "recomputed"] = "unchanged"
    honours: Literal["all_attempts", "as_cgpa"] = "as_cgpa"


class SupplementaryCap(Clause, frozen=True, kw_only=True):
    """The most a second sitting is worth, in percent: of each component sat again, or of the course."""

    level: Literal["component", "course"]
    to: Decimal


class Supplementary(Clause, frozen=True, kw_only=True):
    """A second sitting. `carry`: what is kept from the first; `retake`: what must be sat again."""

    cap: SupplementaryCap | None = None
    carry: tuple[str, ...] = ()
    retake: Literal["failed_head", "all_heads"] = "failed_head"
    attempts: int | None = None
    bars: tuple[str, ...] = ()


class Transfer(Clause, frozen=True, kw_only=True):
    """Credit from elsewhere. `max_share` is of the program's credits."""

    symbol: str = "TR"
    min_grade: str | None = None
    gpa: Literal["exclude", "band_minimum", "as_earned"] = "exclude"
    max_share: Threshold | None = None
    conversion: dict[str, str] = {}


class CgpaRule(Clause, frozen=True, kw_only=True):
    """The CGPA from quality points, or from the rounded SGPAs weighted by their credits."""

    from_: Literal["quality_points", "rounded_sgpa"] = msgspec.field(name="from", default="quality_points")
    mode: Literal["none", "half_up", "half_even", "down", "ceil"] = "none"
    places: int = 0

    @property
    def rounding(self) -> Rounding:
        """The CGPA's stage."""
        return Rounding(self.mode, self.places)


class GpaRule(Clause, frozen=True, kw_only=True):
    """Averages. `points` rounds each course's quality points, `class` the aggregate that a division is
    judged by; `of` "percentage" averages percentages instead of points; `empty` prints for none."""

    of: Literal["points", "percentage"] = "points"
    points: Rounding | None = None
    sgpa: Rounding | None = None
    cgpa: CgpaRule = CgpaRule()
    class_: Rounding | None = msgspec.field(name="class", default=None)
    empty: str = "-"


class StandingRow(Clause, frozen=True, kw_only=True):
    """A rung: the first whose conditions all hold is the standing. `after` are the standings of the
    terms just before, oldest first."""

    code: str
    cgpa_min: Decimal | None = None
    sgpa_min: Decimal | None = None
    after: tuple[str, ...] = ()
    terms_min: int | None = None


class LateRule(msgspec.Struct, frozen=True):
    """What being late is worth: a share of a presence ("0.5"), or `{"count": 3, "as_absent": 1}`."""

    presence: Decimal = Decimal(1)
    count: int | None = None
    as_absent: int = 1

    @classmethod
    def read(cls, raw: object) -> LateRule:
        """The rule that a document writes; ValueError says what is wrong."""
        if isinstance(raw, dict):
            count, absent = raw.get("count"), raw.get("as_absent", 1)
            whole = type(count) is int and type(absent) is int and count >= 1 and 0 <= absent <= count
            if not whole or set(raw) - {"count", "as_absent"}:
                raise ValueError('expected {"count": 3, "as_absent": 1}')
            return cls(count=count, as_absent=absent)
        presence = read_decimal(raw)
        if not 0 <= presence <= 1:
            raise ValueError("being late is worth from 0 to 1 of a presence")
        return cls(presence)


class Attendance(Clause, frozen=True, kw_only=True):
    """Who may sit. Percentages; `shortage` is the symbol of who may not."""

    min: Decimal = Decimal(75)
    late: LateRule = LateRule()
    leave: Literal["absent", "excluded", "present"] = "absent"
    from_: Literal["later(term_start,admitted)", "term_start", "admitted"] = msgspec.field(
        name="from", default="later(term_start,admitted)"
    )
    round: Rounding | None = None
    per_head: bool = False
    condone_from: Decimal | None = None
    shortage: str | None = None


class DivisionRow(Clause, frozen=True, kw_only=True):
    """A division or distinction: the aggregate's and each head's least percentage."""

    code: str
    min: Decimal
    heads: dict[str, Decimal] = {}


class Merit(Clause, frozen=True, kw_only=True):
    """Positions. `exclude` names what costs a place; `ties` are broken in this order."""

    by: Literal["cgpa", "percentage"] = "cgpa"
    exclude: tuple[Literal["repeat", "fail", "exemption", "ufm", "grace"], ...] = (
        "repeat",
        "fail",
        "exemption",
        "ufm",
    )
    ties: tuple[Literal["cgpa", "percentage", "younger", "older"], ...] = ("percentage", "younger")


class ThirdExaminer(Clause, frozen=True, kw_only=True):
    """A third examiner settles a difference beyond this; `take` says how the marks become one."""

    difference: Threshold
    take: Literal["third", "mean_of_nearest", "mean_of_higher", "mean_of_all"] = "mean_of_nearest"


class Recheck(Clause, frozen=True, kw_only=True):
    """Looking again at a published mark."""

    window_days: int | None = None
    may_fall: bool = True
    third_examiner: ThirdExaminer | None = None


class Conversion(Clause, frozen=True, kw_only=True):
    """A grade point average as a percentage: `factor` × GPA + `offset`."""

    factor: Decimal
    offset: Decimal = ZERO
    round: Rounding | None = None


class Compensation(Clause, frozen=True, kw_only=True):
    """Failed courses of a term that its average makes good: totals of `from` or more, while the
    credit-weighted average reaches `average_min`, up to `max_credits`. Their marks and grades stay."""

    from_: Decimal = msgspec.field(name="from")
    average_min: Decimal
    max_credits: Decimal | None = None


class Policy(Clause, frozen=True, kw_only=True):
    """One regulation's rules, checked (`check_policy`)."""

    code: str | None = None
    version: int | None = None
    authority: str | None = None
    applies: Applies = Applies()
    total: Total = Total()
    heads: tuple[Head, ...] = ()
    pass_: PassRule = msgspec.field(name="pass", default=PassRule())
    grace: Grace | None = None
    scale: Scale = Scale(kind="none")
    symbols: dict[str, Symbol] = {}
    repeat: Repeat = Repeat()
    supplementary: Supplementary | None = None
    transfer: Transfer = Transfer()
    gpa: GpaRule = GpaRule()
    standing: tuple[StandingRow, ...] = ()
    attendance: Attendance = Attendance()
    division: tuple[DivisionRow, ...] = ()
    merit: Merit | None = None
    recheck: Recheck = Recheck()
    display: dict[str, Rounding] = {}
    conversion: Conversion | None = None
    compensation: Compensation | None = None


SYMBOLS: dict[str, Symbol] = {
    "W": Symbol(),
    "I": Symbol(final=False),
    "RL": Symbol(final=False),
    "FW": Symbol(as_="F"),
    "XF": Symbol(as_="F", replaceable=False),
    "S": Symbol(earned=True),
    "U": Symbol(),
    "P": Symbol(earned=True),
    "NP": Symbol(),
    "AU": Symbol(attempted=False),
    "TR": Symbol(earned=True, attempted=False),
}
"""What the letters mean where a regulation is silent; an entry of the regulation replaces its own."""


def symbols_of(policy: Policy) -> dict[str, Symbol]:
    """The regulation's symbols over the usual ones. An audit is never an attempt."""
    known = {**SYMBOLS, **policy.symbols}
    for code in ("AU", policy.transfer.symbol):
        if code in known:
            known[code] = msgspec.structs.replace(known[code], attempted=False)
    return known


def read_decimal(raw: object) -> Decimal:
    """A decimal as the contract writes them: text or a number that never was a float."""
    if isinstance(raw, (int, Decimal)) and not isinstance(raw, bool):
        raw = format(raw, "f") if isinstance(raw, Decimal) else str(raw)
    if isinstance(raw, str):
        value = parse_decimal(raw)
        if value is not None:
            return value
    if isinstance(raw, float):
        raise ValueError('a decimal is written as text, such as "0.5", so that no digit is lost')
    raise ValueError('expected a decimal such as "72.5"')
