"""What a transcript says and when it may be issued: pure decisions over plain values.

Figures come from the record as declared; the paper adds nothing up. The rule a newcomer would get
wrong: the SGPA of a past term stays as it was declared, even where a later repeat moved the CGPA.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

import msgspec

from sims_server.sealing.documents import (
    Content,
    CourseRow,
    HeadMarks,
    Holder,
    Issuer,
    MarksRow,
    MarksSheet,
    Notification,
    Registration,
    Signatory,
    Summary,
    TermBlock,
    TransferBlock,
    TransferRow,
)
from sims_shared.policy.document import Policy
from sims_shared.policy.words import in_words
from sims_shared.seal.judgment import day_in_words
from sims_shared.transcripts import DOCUMENTS, Difference

NONE = "-"
SYMBOLS = {
    "W": "withdrawn",
    "I": "incomplete",
    "S": "satisfactory, non-credit",
    "U": "unsatisfactory, non-credit",
    "P": "passed, not in the average",
    "NP": "not passed, not in the average",
    "TR": "transferred",
    "AU": "audited",
    "FW": "failed by absence",
    "XF": "failed for unfair means",
    "EX": "exempt",
}
SIGNATORIES = [
    Signatory(role="Prepared"),
    Signatory(role="Compared"),
    Signatory(role="Signed", designation="Controller of Examinations"),
]
# A letter holds no figures to be compared, and says what the registrar's register says.
LETTER_SIGNATORIES = [Signatory(role="Prepared"), Signatory(role="Signed", designation="For the Registrar")]
LETTERS = ("bonafide",)
# The setting that names the office above a document; of every other kind it is the examinations'.
OFFICES = dict.fromkeys(LETTERS, "office_of_letters")
# The sentences of a regulation that explain the figures on paper, by how they begin.
EXPLAINING = (
    *("Grades from", "Relative grades", "Grade and points", "There are no grades"),
    *("Of a repeated course", "The SGPA is", "The CGPA is"),
)
COMPLETE = ("completed", "graduated")
ENROLLED = ("active", "provisional")  # of whom a letter says that they are students
LETTER_VALID_FOR = timedelta(days=90)
SEASONS = {"S": "Spring", "F": "Fall"}
ROUNDING = {
    "half_up": "half up",
    "half_even": "half to even",
    "down": "cut off",
    "ceil": "rounded up",
    "none": "exact",
}


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One published or frozen result. `counts` is counted, replaced or excluded; `attempts` how many
    attempts of this course the record holds."""

    result_id: int
    term_id: int
    course_code: str
    course_title: str
    credits: Decimal
    split: str
    grading: str
    percentage: Decimal | None
    total: Decimal | None
    grade: str
    flags: list[str]
    points: Decimal | None
    outcome: str
    counts: str | None
    attempt: int
    attempts: int
    source: str
    heads: list[dict[str, Any]]
    marks_obtained: Decimal | None
    marks_max: Decimal | None
    regulation_id: int
    brought: dict[str, Any] = field(default_factory=dict)  # of a transfer: institution, reference


@dataclass(frozen=True, slots=True)
class TermLine:
    """A term of the record and what was declared for it; figures are None where nothing was."""

    term_id: int
    name: str
    start_date: date
    sgpa: Decimal | None
    cgpa: Decimal | None
    gpa_credits: Decimal | None
    quality_points: Decimal | None
    cumulative_credits: Decimal | None
    cumulative_points: Decimal | None
    attempted: Decimal | None
    earned: Decimal | None
    standing: str
    notification: Notification | None
    declared: bool
    recorded: bool = False  # before this system: these averages are never corrected


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that one registration's papers are made from."""

    student_id: int
    registration_id: int
    name: str
    name_native: str | None
    father_name: str | None
    email: str | None
    reg_no: str
    roll_no: str | None
    program_code: str
    program: str
    level: str
    semesters: int
    credits_required: Decimal
    intake: str
    admitted_on: date
    status: str
    is_current: bool
    completed_on: date | None
    credits_earned: Decimal
    regulation: str
    policies: dict[str, Policy]  # by "BS-2021 v3", the registration's own first
    rows: tuple[RecordRow, ...]
    terms: tuple[TermLine, ...]


@dataclass(frozen=True, slots=True)
class Semester:
    """The fall or spring term that runs and in which the student is enrolled; `number` counts those of this
    registration so far, this one included."""

    name: str
    kind: str
    start_date: date
    end_date: date
    number: int


@dataclass(frozen=True, slots=True)
class Printed:
    """A result as an earlier document printed it, and as it stands now. `now` is None when it no
    longer stands published; `change_id` names an approved change made after that document."""

    serial: str
    course: str
    term: str
    before: tuple[str, str]  # total, grade
    now: tuple[str, str] | None
    change_id: int | None


def plain(value: Decimal | None) -> str:
    """A figure without idle zeros: 3, 1.5; "-" for none."""
    if value is None:
        return NONE
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def two_places(value: Decimal | None) -> str:
    """A figure with two places as averages and points are printed; "-" for none. Cut, never rounded
    up: paper must not show more than was earned."""
    return NONE if value is None else f"{value.quantize(Decimal('0.01'), ROUND_DOWN):f}"


def printed_total(total: Decimal | None) -> str:
    """A result's total as the register keeps it beside the document; "" for none."""
    return "" if total is None else f"{total:f}"


def intake_in_words(intake: str) -> str:
    return f"{SEASONS.get(intake[-1:], '')} {intake[:4]}".strip()


def printed_grade(row: RecordRow) -> str:
    """The grade as it prints: "F(ABS)" where an absence is part of it, "C*" where grace was given."""
    if not row.grade:
        return NONE
    with_cause = [flag for flag in row.flags if flag.startswith(f"{row.grade}(") and flag.endswith(")")]
    return with_cause[0] if with_cause else f"{row.grade}*" if "*" in row.flags else row.grade


def _course_row(row: RecordRow) -> CourseRow:
    counted = (
        row.points is not None
        and row.outcome in ("pass", "fail", "absent", "barred")
        and row.grading == "letter"
    )
    mark, note = "", ""
    if row.attempts > 1:
        if row.counts == "replaced":
            mark, note = "R", "repeated, not in the CGPA"
        elif row.attempt > 1:
            mark = f"R{row.attempt}"
    if row.source == "legacy":
        note = note or "as recorded"
    # The total is what the grade was judged on; the percentage is what it was before rounding.
    marks = row.total if row.total is not None else row.percentage
    silent = row.outcome in ("withdrawn", "incomplete", "audit", "exempt", "void")
    return CourseRow(
        code=row.course_code,
        title=row.course_title + (f" (attempt {row.attempt})" if row.attempt > 1 else ""),
        credits="NC" if row.grading in ("non_credit", "audit") else plain(row.credits),
        split=row.split,
        marks=NONE
        if silent
        else plain(None if marks is None else marks.quantize(Decimal("0.01"), ROUND_DOWN)),
        grade=printed_grade(row),
        points=two_places(row.points) if counted else NONE,
        quality_points=two_places(row.points * row.credits) if counted and row.points is not None else NONE,
        mark=mark,
        note=note,
    )


def _terms(record: Record) -> list[TermBlock]:
    blocks = []
    for line in record.terms:
        rows = [row for row in record.rows if row.term_id == line.term_id and row.source != "transfer"]
        if not rows:
            continue
        blocks.append(
            TermBlock(
                name=line.name.upper(),
                rows=[_course_row(row) for row in rows],
                gpa_credits=plain(line.gpa_credits) if line.declared else "",
                quality_points=two_places(line.quality_points) if line.declared else "",
                sgpa=two_places(line.sgpa) if line.gpa_credits or line.recorded else NONE,
                cgpa=two_places(line.cgpa) if line.cumulative_credits or line.recorded else NONE,
                notification=line.notification,
                recorded=line.recorded,
            )
        )
    return blocks


def _transfers(record: Record) -> list[TransferBlock]:
    groups: dict[tuple[str, str], list[RecordRow]] = {}
    for row in record.rows:
        if row.source == "transfer":
            key = (
                str(row.brought.get("institution") or "Another institution"),
                str(row.brought.get("reference") or NONE),
            )
            groups.setdefault(key, []).append(row)
    return [
        TransferBlock(
            institution=institution,
            reference=reference,
            rows=[
                TransferRow(
                    title=f"{row.course_code} {row.course_title}",
                    credits=plain(row.credits),
                    grade=row.grade or "TR",
                )
                for row in rows
            ],
            credits=plain(sum((row.credits for row in rows if row.outcome != "exempt"), Decimal(0))),
        )
        for (institution, reference), rows in groups.items()
    ]


def latest_declared(record: Record) -> TermLine | None:
    declared = [line for line in record.terms if line.declared]
    return declared[-1] if declared else None


def _own_policy(record: Record) -> Policy | None:
    return next(iter(record.policies.values()), None)


def _summary(record: Record) -> Summary:
    last = latest_declared(record)
    # An exemption frees from the course; it brings no credit.
    brought = [row for row in record.rows if row.source == "transfer" and row.outcome != "exempt"]
    transferred = sum((row.credits for row in brought), Decimal(0))
    own = [row for row in record.rows if row.source != "transfer" and row.grading in ("letter", "pass_fail")]
    attempted = last.attempted if last is not None else sum((row.credits for row in own), Decimal(0))
    earned = last.earned if last is not None else record.credits_earned - transferred
    policy = _own_policy(record)
    derivation = ""
    if last is not None and last.cumulative_credits and policy is not None:
        if any(row.source == "legacy" for row in record.rows):
            derivation = "as recorded and declared"
        elif policy.gpa.cgpa.from_ == "rounded_sgpa":
            derivation = "from the SGPAs as rounded, weighted by credits"
        else:
            mode = ROUNDING[policy.gpa.cgpa.mode]
            derivation = f"{two_places(last.cumulative_points)}/{plain(last.cumulative_credits)}, {mode}"
    return Summary(
        attempted=plain(attempted),
        gpa_credits=plain(last.cumulative_credits if last else Decimal(0)),
        earned=plain(earned),
        transferred=plain(transferred),
        quality_points=two_places(last.cumulative_points if last else Decimal(0)),
        cgpa=two_places(last.cgpa)
        if last is not None and (last.cumulative_credits or last.recorded)
        else NONE,
        derivation=derivation,
    )


def legend(record: Record) -> list[str]:
    """What explains the figures: the scale in force for this record (each of them, where results stand
    under several), the symbols that occur, the rules for repeats and averages."""
    lines = []
    for name, policy in record.policies.items():
        words = in_words(policy)
        chosen = [sentence for sentence in words if sentence.startswith(EXPLAINING)]
        lines.append(f"Regulation {name}. " + " ".join(chosen))
    grades = {row.grade for row in record.rows}
    used = [f"{symbol} {words}" for symbol, words in SYMBOLS.items() if symbol in grades]
    shown = [printed_grade(row) for row in record.rows]
    if any(grade.endswith("(ABS)") for grade in shown):
        used.append("(ABS) absent")
    if any(grade.endswith("*") for grade in shown):
        used.append("* passed with grace marks")
    if any(row.attempts > 1 for row in record.rows):
        used.append("R repeated later, R2 … a repeat")
    if any(row.grading in ("non_credit", "audit") for row in record.rows):
        used.append("NC without credit")
    if used:
        lines.append("Symbols: " + ", ".join(used) + ".")
    return lines


def paper(
    record: Record,
    issuer: Issuer,
    *,
    document: str,
    serial: str,
    status_index: int,
    issued_on: date,
    demo: bool,
    kind: str = "original",
    copy: int = 1,
    copies: int = 1,
    replaces: str | None = None,
    purpose: str = "",
    addressee: str = "",
    remark: str = "",
    term_id: int | None = None,
    semester: Semester | None = None,
) -> Content:
    """The content of a document. Raises `LookupError` when there is nothing to print on it."""
    complete = record.status in COMPLETE
    last = latest_declared(record)
    common: dict[str, Any] = {
        "document": document,
        "kind": kind,
        "demo": demo,
        "serial": serial,
        "copy": copy,
        "copies": copies,
        "replaces": replaces,
        "status_index": status_index,
        "issued_on": issued_on.isoformat(),
        "issuer": issuer,
        "holder": Holder(
            name=record.name, name_native=record.name_native or None, father_name=record.father_name or None
        ),
        "registration": Registration(
            reg_no=record.reg_no,
            roll_no=record.roll_no or None,
            program_code=record.program_code,
            program=record.program,
            level=record.level,
            intake=intake_in_words(record.intake),
            admitted_on=record.admitted_on.isoformat(),
            completed_on=record.completed_on.isoformat() if complete and record.completed_on else None,
            notification=last.notification if complete and record.completed_on and last else None,
            requirement=f"{plain(record.credits_required)} credits, {record.semesters} semesters",
        ),
        "complete": complete,
        "remark": remark,
        "legend": legend(record),
        "signatories": SIGNATORIES,
        "purpose": purpose,
        "addressee": addressee,
    }
    if document == "dmc":
        return Content(**common, marks=_marks_sheet(record, term_id))
    if document == "provisional":
        return Content(
            **{**common, "legend": []}, statements=_provisional(record, last), summary=_summary(record)
        )
    if document == "bonafide":
        last_day = issued_on + LETTER_VALID_FOR
        said = _letter(record, issuer.name, issued_on, last_day, purpose, addressee, semester)
        kept = {**common, "legend": [], "signatories": LETTER_SIGNATORIES}
        return Content(**kept, statements=said, valid_until=last_day.isoformat())
    return Content(**common, transfers=_transfers(record), terms=_terms(record), summary=_summary(record))


def why_no_letter(record: Record) -> str:
    """Why nobody can be told that this is a student here; empty when it is so."""
    if not record.is_current:
        return f"{record.reg_no} is not the current registration of this student."
    if record.status not in ENROLLED:
        return f"The registration {record.reg_no} is {record.status.replace('_', ' ')}, not active."
    return ""


def _letter(
    record: Record,
    university: str,
    issued_on: date,
    last_day: date,
    purpose: str,
    addressee: str,
    semester: Semester | None,
) -> list[str]:
    """What the record does not know is left out: no semester between terms, none where credit was brought
    (who came with credit did not begin in the first), none past the program's length; and with the semester
    goes when the program is expected to be complete."""
    child = f", child of {record.father_name}," if record.father_name else ","
    program = f"{record.program} (intake {intake_in_words(record.intake)})"
    place = f"enrolled in {program}"
    brought = any(row.source == "transfer" for row in record.rows)
    if semester is not None:
        runs = f"{day_in_words(semester.start_date)} to {day_in_words(semester.end_date)}"
        if not brought and 1 <= semester.number <= record.semesters:
            span = (
                f"intake {intake_in_words(record.intake)}, expected completion {_last_of(record, semester)}"
            )
            place = f"in semester {semester.number} of {record.semesters} of {record.program} ({span})"
        place += f", in the term {semester.name} ({runs})"
    certified = (
        f"This is to certify that {record.name}{child} registration {record.reg_no}, is a bona fide student "
        f"of {university}, {place}."
    )
    return [
        f"To: {addressee}" if addressee else "To whom it may concern",
        f"{certified} Status of the registration on {day_in_words(issued_on)}: {record.status}.",
        f"Issued on request for: {purpose}." if purpose else "Issued on request.",
        f"Valid until {day_in_words(last_day)}. It is not an academic result.",
    ]


def _last_of(record: Record, semester: Semester) -> str:
    """The semester in which the program is complete, one semester after the other: `Spring 2026`."""
    halves = semester.start_date.year * 2 + (semester.kind == "fall") + record.semesters - semester.number
    return f"{'Fall' if halves % 2 else 'Spring'} {halves // 2}"


def _provisional(record: Record, last: TermLine | None) -> list[str]:
    declared = ""
    if last is not None and last.notification is not None:
        declared = (
            f", result declared on {last.notification.date} vide notification {last.notification.number}"
        )
    child = f", child of {record.father_name}," if record.father_name else ","
    cgpa = two_places(last.cgpa) if last is not None else NONE
    earned = f"{plain(record.credits_earned)} credits earned, CGPA {cgpa}{declared}"
    first = (
        f"{record.name}{child} registration {record.reg_no}, has fulfilled all requirements of "
        f"{record.program} ({intake_in_words(record.intake)}), {earned}."
    )
    second = (
        "The degree will be conferred at the next convocation. This certificate is valid until the degree "
        "is issued and is to be returned on its receipt."
    )
    return [first, second]


def results_on(record: Record, document: str, term_id: int | None = None) -> list[RecordRow]:
    """The results that a document prints."""
    if document in ("provisional", "bonafide"):
        return []
    if document == "dmc":
        chosen = examination_of(record, term_id).term_id
        return [row for row in record.rows if row.term_id == chosen and row.source != "transfer"]
    return list(record.rows)


def examinations(record: Record) -> list[TermLine]:
    """The terms of which a marks certificate can be issued, the oldest first."""
    return [line for line in record.terms if any(row.term_id == line.term_id for row in record.rows)]


def examination_of(record: Record, term_id: int | None) -> TermLine:
    """The one that was named, else the latest. Raises `LookupError`."""
    lines = examinations(record)
    if term_id is not None:
        lines = [line for line in lines if line.term_id == term_id]
    if not lines:
        raise LookupError("no result of an examination is out yet")
    return lines[-1]


def _marks_sheet(record: Record, term_id: int | None) -> MarksSheet:
    line = examination_of(record, term_id)
    rows = [row for row in record.rows if row.term_id == line.term_id and row.source != "transfer"]
    semester = 1 + sum(1 for other in record.terms if other.start_date < line.start_date)
    shown = [row for row in rows if row.marks_obtained is not None and row.marks_max is not None]
    obtained = sum((row.marks_obtained or Decimal(0) for row in shown), Decimal(0))
    maximum = sum((row.marks_max or Decimal(0) for row in shown), Decimal(0))
    return MarksSheet(
        examination=f"{line.name}, semester {semester}",
        rows=[_marks_row(row) for row in rows],
        obtained=plain(obtained) if shown else "",
        maximum=plain(maximum) if shown else "",
        in_words=figure_in_words(obtained) if shown else "",
        sgpa=two_places(line.sgpa) if line.gpa_credits or line.recorded else NONE,
        cgpa=two_places(line.cgpa) if line.cumulative_credits or line.recorded else NONE,
        standing=line.standing,
        notification=line.notification,
    )


def _figure(value: Any) -> str:
    try:
        return plain(Decimal(str(value)))
    except ArithmeticError:
        return str(value)


def _marks_row(row: RecordRow) -> MarksRow:
    silent = row.outcome in ("withdrawn", "incomplete")
    total = NONE
    if not silent and row.marks_obtained is not None and row.marks_max is not None:
        total = f"{plain(row.marks_obtained)}/{plain(row.marks_max)}"
    return MarksRow(
        code=row.course_code,
        title=row.course_title,
        attempt=str(row.attempt),
        heads=[
            HeadMarks(
                head=str(head.get("code", "")).capitalize(),
                maximum=_figure(head.get("maximum", NONE)),
                obtained=NONE if silent else _figure(head.get("obtained", NONE)),
                minimum=_figure(head["minimum"]) if head.get("minimum") is not None else "",
            )
            for head in row.heads
        ],
        total=total,
        percentage=NONE if silent else plain(row.total if row.total is not None else row.percentage),
        grade=printed_grade(row),
        points=two_places(row.points),
        credits=plain(row.credits),
        outcome="" if row.outcome == "pass" else row.outcome,
    )


_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def _whole_in_words(number: int) -> str:
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10] + (f"-{_ONES[number % 10]}" if number % 10 else "")
    if number < 1000:
        below = f" and {_whole_in_words(number % 100)}" if number % 100 else ""
        return f"{_ONES[number // 100]} hundred{below}"
    rest = number % 1000
    joined = (
        "" if not rest else f" and {_whole_in_words(rest)}" if rest < 100 else f" {_whole_in_words(rest)}"
    )
    return f"{_whole_in_words(number // 1000)} thousand{joined}"


def figure_in_words(value: Decimal) -> str:
    """Marks in words, as certificates say them: "one hundred and eighty-seven", "… point five"."""
    whole, _, rest = plain(value).partition(".")
    words = _whole_in_words(int(whole))
    return words + (" point " + " ".join(_ONES[int(digit)] for digit in rest) if rest else "")


def judge_differences(printed: Iterable[Printed]) -> tuple[list[Difference], list[Difference]]:
    """What earlier documents printed otherwise: with an approved change behind it, and without. The
    second list stops the print. Terms that were added pass."""
    lawful: list[Difference] = []
    unlawful: list[Difference] = []
    for row in printed:
        if row.now == row.before:
            continue
        difference = Difference(
            course=row.course,
            term=row.term,
            before=_result_in_words(row.before),
            after="no longer published" if row.now is None else _result_in_words(row.now),
            serial=row.serial,
            change_id=row.change_id,
        )
        (unlawful if row.change_id is None or row.now is None else lawful).append(difference)
    return lawful, unlawful


def _result_in_words(shown: tuple[str, str]) -> str:
    total, grade = shown
    return " ".join(part for part in (grade, f"({total})" if total else "") if part) or NONE


def series_of(document: str) -> str | None:
    """The series a document's serials are taken from, or None when there is no such document."""
    return DOCUMENTS.get(document)


def serial_of(series: str, year: int, number: int) -> str:
    return f"{series}-{year}-{number:06d}"


def replaced_by(
    kind: str,
    document: str,
    standing: Sequence[dict[str, Any]],
    *,
    named: str | None,
    purpose: str,
    addressee: str | None,
) -> Sequence[dict[str, Any]]:
    """Which of the valid documents of this kind (newest first) the new one takes the place of, the one it
    names first. A corrected paper replaces all that say the same wrongly; a letter, and every duplicate, only
    one: what the bank holds stays good when the embassy's is lost. Not named, it is the newest for the same
    purpose and addressee, else the newest. Raises `LookupError` where the named one is not among them."""
    if kind == "original":
        return []
    if named is not None:
        first = [one for one in standing if one["serial"] == named]
        if not first:
            raise LookupError(named)
    else:
        like = [one for one in standing if (one["purpose"], one["addressee"]) == (purpose, addressee)]
        first = (like or list(standing))[:1]
    if kind == "corrected" and document not in LETTERS:
        return [*first, *(one for one in standing if one not in first)]
    return first


def stock_faults(stock_numbers: Sequence[str] | None, copies: int) -> str | None:
    """What is wrong with the stationery named for so many copies."""
    if stock_numbers is None:
        return None
    if len(stock_numbers) != copies:
        return f"{copies} copies take {copies} sheets; {len(stock_numbers)} are named."
    if len(set(stock_numbers)) != len(stock_numbers):
        return "A sheet is named twice."
    return None


def without_seal(content: Content) -> Content:
    """The same record for an unofficial copy: no serial of the register, no signatures."""
    return msgspec.structs.replace(content, serial="UNOFFICIAL", signatories=[])
