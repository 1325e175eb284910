"""What a sheet's rows come to and what a record averages to, over plain values. Pure.

Everything is computed for many students at once, because a publish declares hundreds: a document is
read once a version, and students whose records are alike row by row are averaged once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, cast

import msgspec

from sims_shared.cutoffs import CutoffLine, JudgedTotal, MovedLine
from sims_shared.gpa import (
    Average,
    CourseRow,
    CreditTotals,
    credits_of,
    cumulative_gpa,
    effective_rows,
    standing_for,
    term_gpa,
)
from sims_shared.marks import Assessment, CourseOutcome, CutOffs, Score, Sitting, freeze_cutoffs, judge_course
from sims_shared.policy.document import symbols_of
from sims_shared.policy.lines import faults_of_lines, move_lines, place_of, reach_of, stands_at
from sims_shared.policy.rounding import cut
from sims_shared.policy.scales import grade_for, points_of, rank_of
from sims_shared.problems import Fault, InvalidInput
from sims_shared.regulations import Policy, check_policy

ZERO = Decimal(0)
_FOUR_PLACES = Decimal("0.0001")


@lru_cache(maxsize=512)
def policy_of(document: str, code: str, version: int) -> Policy:
    """The policy that a regulation's stored document (JSON text) is, read once. In force is immutable,
    so the text is key enough. Raises PolicyInvalid for a document nobody could have put in force."""
    policy = check_policy(msgspec.json.Decoder(float_hook=Decimal).decode(document))
    return msgspec.structs.replace(policy, code=code, version=version)


# -- Drafts ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sheet:
    """A section as its results are judged: its columns, and the course as it was when it was opened."""

    section_id: int
    grading: str
    marks_total: Decimal | None
    assessments: tuple[Assessment, ...]


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One enrollment with its cells. `published`: its result is out and stays; it still belongs to the
    class where grading is relative. `decided`: an unfair-means case that was decided against. `carried`:
    of a supplementary, the marks of the sitting before, for columns of the same name and maximum."""

    enrollment_id: int
    section_id: int
    regulation_id: int
    status: str
    kind: str
    attempt: int
    cells: Mapping[int, Score]
    published: bool = False
    decided: bool = False
    carried: Mapping[int, Score] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Drafts:
    """What was judged: outcomes by enrollment, and the cut-offs frozen anew, by (section, regulation)."""

    outcomes: dict[int, CourseOutcome]
    cutoffs: dict[tuple[int, int], CutOffs] = field(default_factory=dict)


def judge_sheets(
    sheets: Mapping[int, Sheet],
    rows: Iterable[RosterRow],
    policies: Mapping[int, Policy],
    frozen: Mapping[tuple[int, int], CutOffs],
    moved: Mapping[tuple[int, int], Mapping[str, Decimal]] | None = None,
) -> Drafts:
    """The outcome of every row that is not published, each under the regulation of its registration.

    Where the regulation grades in relation to the class, `frozen` cut-offs stand once a result of the
    class is published; before that they are taken from this class as it is now, with the lines that its
    lead `moved`."""
    drafts = Drafts({})
    classes: dict[tuple[int, int], list[RosterRow]] = {}
    for row in rows:
        policy = policies[row.regulation_id]
        if policy.scale.kind == "relative":
            classes.setdefault((row.section_id, row.regulation_id), []).append(row)
        elif not row.published:
            drafts.outcomes[row.enrollment_id] = judge_row(policy, sheets[row.section_id], row)
    for key, members in classes.items():
        policy, sheet = policies[key[1]], sheets[key[0]]
        cutoffs = frozen.get(key)
        if cutoffs is None or not any(row.published for row in members):
            cutoffs = move_lines(cutoffs_by_rule(policy, sheet, members), (moved or {}).get(key, {}))
            drafts.cutoffs[key] = cutoffs
        for row in members:
            if not row.published:
                drafts.outcomes[row.enrollment_id] = judge_row(policy, sheet, row, cutoffs)
    return drafts


def cutoffs_by_rule(policy: Policy, sheet: Sheet, members: Iterable[RosterRow]) -> CutOffs:
    """Where the regulation puts the lines of this class, as its marks are now."""
    totals = [judge_row(policy, sheet, row).total_exact for row in members]
    return freeze_cutoffs(policy, [total for total in totals if total is not None])


def judge_row(
    policy: Policy,
    sheet: Sheet,
    row: RosterRow,
    cutoffs: CutOffs | None = None,
    grace: Mapping[str, Decimal] | None = None,
) -> CourseOutcome:
    """One row under its regulation; `grace` by head, as it was granted."""
    cells = row.cells
    decided = row.decided and any(cell.mark == "ufm" for cell in cells.values())
    if decided:
        cells = {id: Score("scored", ZERO) if cell.mark == "ufm" else cell for id, cell in cells.items()}
    sitting = Sitting()
    if row.kind == "supplementary":
        # What is blank was not sat again: the mark of the sitting before stands. Nobody who sat nothing
        # again has a supplementary yet.
        again = {id for id, cell in cells.items() if cell.mark is not None}
        if again:
            cells = {**row.carried, **{id: cell for id, cell in cells.items() if id in again}}
        sitting = Sitting(
            kind="supplementary",
            retaken=frozenset(again or (a.id for a in sheet.assessments)),
            attempt=row.attempt,
        )
    outcome = judge_course(
        policy,
        sheet.assessments,
        cells,
        grading=cast(Any, "audit" if row.kind == "audit" else sheet.grading),
        status=cast(Any, row.status),
        marks_total=sheet.marks_total,
        sitting=sitting,
        grace=grace,
        cutoffs=cutoffs,
    )
    return msgspec.structs.replace(outcome, flags=(*outcome.flags, "UFM")) if decided else outcome


def provisional_grade(
    policy: Policy, sheet: Sheet, row: RosterRow, cutoffs: CutOffs | None = None
) -> str | None:
    """The grade with what is there: work that never came counts zero."""
    total = msgspec.structs.replace(policy.total, blank="zero", excused="zero")
    cells = {id: Score() if cell.mark == "pending" else cell for id, cell in row.cells.items()}
    there = replace(row, cells=cells, status="enrolled")
    return judge_row(msgspec.structs.replace(policy, total=total), sheet, there, cutoffs).grade


def flags_of(outcome: CourseOutcome) -> list[str]:
    """The flags to keep with the result: the engine's, and the grade as printed where an absence is
    part of it ("F(ABS)"), because an absence elsewhere prints as nothing."""
    flags = list(outcome.flags)
    if outcome.grade_shown and outcome.grade_shown.endswith(")"):
        flags.append(outcome.grade_shown)
    return flags


def shown_grade(grade: str | None, flags: Collection[str]) -> str | None:
    """The grade as it is printed: "F(ABS)", "F(I)", "C*"."""
    if not grade:
        return None
    with_cause = [flag for flag in flags if flag.startswith(f"{grade}(") and flag.endswith(")")]
    if with_cause:
        return with_cause[0]
    return f"{grade}*" if "*" in flags else grade


# -- Cut-offs --------------------------------------------------------------------------------------


def totals_of(
    policy: Policy, sheet: Sheet, members: Iterable[RosterRow], by_rule: CutOffs
) -> tuple[list[JudgedTotal], int]:
    """The totals of a class, each with its grade by the rule; and how many have none yet."""
    totals: list[JudgedTotal] = []
    waiting = 0
    for row in members:
        outcome = judge_row(policy, sheet, row, by_rule)
        graded = None
        if outcome.total_exact is not None:
            graded = grade_for(policy.scale, outcome.total_exact, by_rule)
        if outcome.total_exact is None or graded is None or outcome.grade is None:
            waiting += outcome.outcome in ("incomplete", "withheld")
            continue
        below = policy.scale.exclude_below
        lost = below is not None and outcome.total_exact < Fraction(below)
        totals.append(
            JudgedTotal(
                enrollment_id=row.enrollment_id,
                total=cut(outcome.total_exact),
                by_rule=graded.grade,
                settled=outcome.grade if lost or outcome.grade != graded.grade else None,
            )
        )
    return totals, waiting


def lines_of_class(policy: Policy, by_rule: CutOffs, moved: Mapping[str, Decimal]) -> list[CutoffLine]:
    """The lines best first: where each stands, where the rule puts it, and how far it may go."""
    lines = []
    for row in move_lines(by_rule, moved).rows:
        place = place_of(by_rule, row)
        lowest, highest = reach_of(policy.scale, place)
        lines.append(
            CutoffLine(
                grade=row.grade,
                points=row.points,
                at_least=stands_at(by_rule, row),
                by_rule=place,
                lowest=lowest,
                highest=highest,
                moved=row.moved_to is not None,
            )
        )
    return lines


def faults_of_proposal(policy: Policy, by_rule: CutOffs, lines: Sequence[MovedLine]) -> list[Fault]:
    """What stands against moving these lines; empty when they may be moved so."""
    places: dict[str, int] = {}
    faults = []
    for number, line in enumerate(lines):
        if line.grade in places:
            faults.append(Fault(f"/lines/{number}/grade", "repeated", f"{line.grade} is named twice."))
        places.setdefault(line.grade, number)
    moved = {line.grade: line.at_least for line in lines}
    faults += [
        Fault(f"/lines/{places[grade]}/at_least" if grade in places else "/lines", code, words)
        for grade, code, words in faults_of_lines(policy.scale, by_rule, moved)
    ]
    return faults


# -- A change by grade -----------------------------------------------------------------------------

# What unfair means can still take: nothing of a row that never came to marks.
PENALISED = ("pass", "fail", "incomplete", "absent", "withheld")


def grade_of_a_cancelled_course(policy: Policy, grading: str) -> str:
    """XF where the regulation has it, so that no repeat makes it forgotten; else a plain fail."""
    if grading in ("pass_fail", "non_credit"):
        return "NP" if grading == "pass_fail" else "U"
    if policy.scale.kind == "none":
        return ""
    return "XF" if "XF" in policy.symbols else policy.scale.fail


@dataclass(frozen=True, slots=True)
class GradeMeaning:
    """What a grade brings with it: outcome and points."""

    outcome: str
    points: Decimal | None


def meaning_of_grade(policy: Policy, grade: str, grading: str) -> GradeMeaning | None:
    """What `grade` means under this regulation; None when it is none of its grades and symbols."""
    if (grading == "pass_fail" and grade in ("P", "NP")) or (grading == "non_credit" and grade in ("S", "U")):
        return GradeMeaning("pass" if grade in ("P", "S") else "fail", None)
    rank = rank_of(policy, grade)
    if rank is not None:
        return GradeMeaning("fail" if rank == 0 else "pass", points_of(policy, grade))
    symbol = symbols_of(policy).get(grade)
    if symbol is None or grade in ("TR", policy.transfer.symbol):
        return None
    if symbol.as_ is not None:
        return GradeMeaning(
            "fail" if rank_of(policy, symbol.as_) == 0 else "pass", points_of(policy, symbol.as_)
        )
    outcomes = {"W": "withdrawn", "I": "incomplete", "AU": "audit", "U": "fail", "NP": "fail"}
    # Of letters of a regulation's own: what is not earned and weighs is a fail (WF), what begins as a
    # withdrawal does is one (WP), and of the rest something is outstanding.
    if symbol.earned:
        otherwise = "pass"
    elif symbol.gpa:
        otherwise = "fail"
    else:
        otherwise = "withdrawn" if grade.startswith("W") else "incomplete"
    return GradeMeaning(outcomes.get(grade, otherwise), symbol.points if symbol.gpa else None)


# -- Averages --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A published result as averages see it. `term` orders the terms."""

    result_id: int
    term_id: int
    row: CourseRow


@dataclass(frozen=True, slots=True)
class Record:
    """What is published of one registration, under its regulation. `declared` are the standings of the
    terms that were declared, by term order."""

    registration_id: int
    policy: Policy
    credits_required: Decimal
    rows: tuple[RecordRow, ...]
    declared: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TermFigures:
    """A term as it is declared."""

    term: int
    sgpa: Average
    cgpa: Average
    credits: CreditTotals
    standing: str


@dataclass(frozen=True, slots=True)
class RecordFigures:
    """The declared terms, the fate of each row (in the order of the rows), and the whole record."""

    terms: tuple[TermFigures, ...]
    fates: tuple[str, ...]
    cgpa: Decimal | None
    credits_earned: Decimal


def figures_with(
    record: Record, changed: Mapping[int, CourseRow], drafts: Set[int], added: Sequence[CourseRow] = ()
) -> tuple[RecordFigures, RecordFigures]:
    """The record as it is, and as it would be with `changed` in the place of its rows (by result id) and
    with `added`: the terms of those, then every declared term after the first of them. `drafts` are rows
    that are not on the record yet."""
    touched = [row.term for row in (*changed.values(), *added)]
    first = min(touched)
    terms = sorted({*touched, *(order for order in record.declared if order > first)})
    was = replace(record, rows=tuple(entry for entry in record.rows if entry.result_id not in drafts))
    rows = [
        RecordRow(entry.result_id, entry.term_id, changed.get(entry.result_id, entry.row))
        for entry in record.rows
    ]
    rows += [RecordRow(0, 0, row) for row in added]
    of_terms = {record.registration_id: terms}
    before = declare_records([was], of_terms)
    after = declare_records([replace(record, rows=tuple(rows))], of_terms)
    return before[record.registration_id], after[record.registration_id]


def declare_records(
    records: Sequence[Record], terms_of: Mapping[int, Sequence[int]]
) -> dict[int, RecordFigures]:
    """By registration: the figures of the terms to declare (`terms_of`, in order) and of the record."""
    known: dict[Any, RecordFigures] = {}
    figures: dict[int, RecordFigures] = {}
    for record in records:
        terms = tuple(terms_of[record.registration_id])
        rows = tuple([entry.row for entry in record.rows])
        # Rows by identity: whoever reads many records makes one object of equal rows, and 500 hashes of
        # fifty decimals would cost more than they spare. Equal rows that are two objects cost time only.
        alike = (
            id(record.policy),
            record.credits_required,
            tuple([id(row) for row in rows]),
            terms,
            tuple(sorted(record.declared.items())),
        )
        found = known.get(alike)
        if found is None:
            found = known[alike] = _figures(record, rows, terms)
        figures[record.registration_id] = found
    return figures


def _figures(record: Record, rows: tuple[CourseRow, ...], terms: tuple[int, ...]) -> RecordFigures:
    policy, required = record.policy, record.credits_required
    standings = dict(record.declared)
    declared: list[TermFigures] = []
    for term in terms:
        sgpa = term_gpa(policy, rows, term)
        cgpa = cumulative_gpa(policy, rows, upto=term, credits_required=required)
        before = [standings[earlier] for earlier in sorted(standings) if earlier < term]
        standing = standing_for(policy, cgpa=cgpa.value, sgpa=sgpa.value, before=before).code or ""
        standings[term] = standing
        credits = credits_of(policy, rows, upto=term, credits_required=required)
        declared.append(TermFigures(term, sgpa, cgpa, credits, standing))
    fates = effective_rows(policy, rows, credits_required=required)
    last = max((row.term for row in rows), default=0)
    if declared and declared[-1].term >= last:
        cgpa_value, earned = declared[-1].cgpa.value, declared[-1].credits.total
    else:
        cgpa_value = cumulative_gpa(policy, rows, credits_required=required).value
        earned = credits_of(policy, rows, credits_required=required).total
    return RecordFigures(tuple(declared), tuple(fates[row.key] for row in rows), cgpa_value, earned)


def cut_points(value: Decimal) -> Decimal:
    """Quality points as they are kept: four places, cut, never rounded up."""
    return value.quantize(_FOUR_PLACES, ROUND_DOWN)


def course_representatives(pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """For each course with equivalents the one that stands for all of them: attempts of any are attempts
    of one course."""
    parent: dict[int, int] = {}

    def root(course: int) -> int:
        while parent.setdefault(course, course) != course:
            course = parent[course]
        return course

    for one, other in pairs:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    return {course: root(course) for course in parent}


# -- What a command names --------------------------------------------------------------------------


def check_one_scope(
    section_id: int | None,
    result_ids: Sequence[int] | None,
    term_id: int | None,
    program_id: int | None,
    batch: str | None = None,
) -> None:
    """Exactly one of section, results and term; program and batch narrow a term. Raises InvalidInput."""
    faults = []
    given = [
        name
        for name, value in (("section_id", section_id), ("result_ids", result_ids), ("term_id", term_id))
        if value is not None
    ]
    if len(given) != 1:
        named = f"{', '.join(given)} are given" if given else "none is given"
        faults.append(
            Fault("", "one_of", f"Exactly one of section_id, result_ids and term_id is needed; {named}.")
        )
    for name, value in (("program_id", program_id), ("batch", batch)):
        if value is not None and term_id is None:
            faults.append(Fault(f"/{name}", "needs_term", f"“{name}” narrows a term; give term_id with it."))
    if faults:
        raise InvalidInput(faults[0].detail, errors=faults)
