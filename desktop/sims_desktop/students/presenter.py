"""What a student's page shows: the record by parts, attendance by section, a day in the past. Qt-free."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

from sims_desktop.client.errors import ClientError, ProblemAnswer
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import left_to_right, plural, status_words
from sims_desktop.students.derivations import DASH, Node, of_attendance, of_cgpa, of_marks, of_result
from sims_shared.attendance import AttendanceExplained, Percentage
from sims_shared.grading import AssessmentView, ScoreView
from sims_shared.holds import HoldView
from sims_shared.people import StudentView
from sims_shared.record import EnrollmentLine, RecordThen, RecordView
from sims_shared.result_versions import ResultVersions
from sims_shared.results import CgpaExplained, ResultExplained, ResultView

Fact = tuple[str, str]
LEAST_LETTERS = 2
FIELDS = {
    "name": later("Name"),
    "name_native": later("Name in the native script"),
    "father_name": later("Father"),
    "national_id": later("National identity"),
    "date_of_birth": later("Born"),
    "email": later("E-mail"),
    "phone": later("Phone"),
    "address": later("Address"),
}


class Calls(Protocol):
    def read_record(self, student_id: int) -> RecordView: ...
    def read_history(self, student_id: int, day: date) -> RecordThen: ...
    def read_percentage(self, student_id: int, section_id: int) -> Percentage: ...
    def explain_cgpa(self, student_id: int, registration_id: int) -> CgpaExplained: ...
    def explain_result(self, student_id: int, result_id: int) -> ResultExplained: ...
    def explain_attendance(self, student_id: int, section_id: int) -> AttendanceExplained: ...
    def read_versions(self, result_id: int) -> ResultVersions: ...
    def unofficial_copy(self, student_id: int) -> bytes: ...
    def exam_slip(self, student_id: int) -> bytes: ...
    def read_marks(
        self, section_id: int, enrollment_id: int
    ) -> tuple[list[AssessmentView], list[ScoreView]]: ...


class Finder(Protocol):
    def find(self, words: str, at_most: int = ...) -> list[StudentView]: ...


@dataclass(frozen=True, slots=True)
class AttendanceLine:
    """A section's attendance; `refusal` is why there is no figure."""

    enrollment: EnrollmentLine
    percentage: Percentage | None
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Then:
    """One line of the past beside what the record says now."""

    what: str
    then: str
    now: str


@dataclass(slots=True)
class StudentPresenter:
    """`load`, `load_attendance`, `load_history` and the explanations ask the server and run off the window's
    thread; `take…` puts what they answered in place."""

    calls: Calls
    student_id: int
    record: RecordView | None = None
    attendance: Sequence[AttendanceLine] | None = None
    history: Sequence[Then] | None = None
    day: date | None = None
    complaint: str = ""
    on_change: Callable[[], None] = lambda: None

    # The record

    def load(self) -> RecordView:
        return self.calls.read_record(self.student_id)

    def take(self, record: RecordView) -> None:
        self.record, self.complaint = record, ""
        self.on_change()

    def not_loaded(self, error: Exception) -> None:
        self.complaint = phrase("{error}. F5 asks again.", error=refusal_words(error))
        self.on_change()

    @property
    def title(self) -> str:
        if self.record is None:
            return phrase("Student")
        return f"{left_to_right(self.record.student.reg_no)} {self.record.student.name}"

    @property
    def headline(self) -> str:
        """Number, name, native name, status and CGPA: what is asked first."""
        if self.record is None:
            return self.complaint or phrase("Reading the record …")
        student = self.record.student
        parts = [self.title]
        if student.name_native:
            parts.append(student.name_native)
        parts.append(status_words(student.status))
        if student.cgpa is not None:
            parts.append(phrase("CGPA {cgpa}", cgpa=f"{student.cgpa:f}"))
        return " · ".join(parts)

    @property
    def hold_words(self) -> list[str]:
        """Open holds, in words."""
        if self.record is None or self.record.holds is None:
            return []
        return [hold_words(hold) for hold in self.record.holds if hold.lifted_at is None]

    def facts(self) -> list[Fact]:
        """The person and each registration, line by line."""
        if self.record is None:
            return []
        student, facts = self.record.student, list[Fact]()
        for name, words in FIELDS.items():
            value = getattr(student, name)
            if value is not None:
                facts.append((phrase(words), value.isoformat() if isinstance(value, date) else str(value)))
        if student.private == "hidden":
            facts.append((phrase("Private fields"), phrase("Your role does not show them.")))
        if student.former_names:
            facts.append((phrase("Former names"), ", ".join(student.former_names)))
        for one in self.record.registrations:
            current = phrase("Registration") if one.is_current else phrase("Earlier registration")
            credits = phrase("{credits} credits earned", credits=number(one.credits_earned))
            said = [
                left_to_right(one.reg_no),
                status_words(one.status),
                phrase("intake {intake}", intake=one.intake),
                phrase("admitted {day}", day=one.admitted_on.isoformat()),
                phrase("CGPA {cgpa}", cgpa=number(one.cgpa)),
                credits,
            ]
            facts.append((current, " · ".join(said)))
        return facts

    def missing(self, part: str) -> str:
        """Why a list is empty: not the reader's to see, or nothing there."""
        if self.record is None:
            return ""
        if getattr(self.record, part) is None:
            return phrase("Your role does not show this part of the record.")
        return "" if getattr(self.record, part) else phrase("There is nothing here.")

    @property
    def results(self) -> list[ResultView]:
        """Every attempt, newest term first."""
        found = (self.record.results if self.record is not None else None) or []
        return sorted(found, key=lambda one: (-one.term_id, one.course_code, one.attempt))

    @property
    def enrollments(self) -> list[EnrollmentLine]:
        found = (self.record.enrollments if self.record is not None else None) or []
        return sorted(found, key=lambda one: (-one.term_id, one.course_code, one.id))

    # Attendance, asked for when its tab is opened

    def load_attendance(self, report: Callable[[int, int, str], None]) -> list[AttendanceLine]:
        lines = []
        wanted = [one for one in self.enrollments if one.status != "dropped"]
        for done, enrollment in enumerate(wanted):
            report(done, len(wanted), phrase("Reading attendance"))
            try:
                found = self.calls.read_percentage(self.student_id, enrollment.section_id)
            except ProblemAnswer as problem:
                lines.append(AttendanceLine(enrollment, None, str(problem)))
            else:
                lines.append(AttendanceLine(enrollment, found))
        return lines

    def take_attendance(self, lines: Sequence[AttendanceLine]) -> None:
        self.attendance = lines
        self.on_change()

    # A day in the past

    def load_history(self, day: date) -> list[Then]:
        assert self.record is not None
        return compare(self.calls.read_history(self.student_id, day), self.record)

    def take_history(self, day: date, lines: Sequence[Then]) -> None:
        self.day, self.history = day, lines
        self.on_change()

    @property
    def history_words(self) -> str:
        if self.history is None or self.day is None:
            return phrase("Type a day and press Enter: what did the record say at its end?")
        day = self.day.isoformat()
        if not self.history:
            return phrase("On {day} this student was not on record.", day=day)
        differ = sum(line.then != line.now for line in self.history)
        if not differ:
            return phrase("On {day} the record said what it says now.", day=day)
        said = plural(differ, "line says", "lines say")
        return phrase("On {day}: {said} something else now.", day=day, said=said)

    # How figures came about

    def explain_cgpa(self, registration_id: int) -> list[Node]:
        return of_cgpa(self.calls.explain_cgpa(self.student_id, registration_id))

    def explain_result(self, result_id: int) -> list[Node]:
        return of_result(self.calls.explain_result(self.student_id, result_id))

    def read_versions(self, result_id: int) -> ResultVersions:
        return self.calls.read_versions(result_id)

    def read_copy(self) -> bytes:
        """The unofficial copy, a PDF."""
        return self.calls.unofficial_copy(self.student_id)

    def read_slip(self) -> bytes:
        """The roll-number slip, a PDF. Raises ProblemAnswer: `examinations.…` says what stops it."""
        return self.calls.exam_slip(self.student_id)

    def marks_so_far(self, enrollment: EnrollmentLine, now: datetime) -> list[Node]:
        return of_marks(*self.calls.read_marks(enrollment.section_id, enrollment.id), now)

    def explain_attendance(self, section_id: int) -> list[Node]:
        return of_attendance(self.calls.explain_attendance(self.student_id, section_id))


# -- Words -------------------------------------------------------------------------------------------------


def number(value: Decimal | None) -> str:
    return DASH if value is None else f"{value:f}"


def hold_words(hold: HoldView) -> str:
    """`Fee hold: Rs 12,400 due; Accounts, window 3`."""
    amount = "" if hold.amount is None else f" {hold.amount:,}"
    contact = f"; {hold.contact}" if hold.contact else ""
    kind = hold.kind.replace("_", " ").capitalize()
    return phrase("{kind} hold:{amount} {reason}", kind=kind, amount=amount, reason=hold.reason) + contact


def grade_words(result: ResultView) -> str:
    if result.withheld_for is not None:
        return phrase("withheld, {why}", why=result.withheld_for.replace("_", " "))
    return result.grade_shown or result.outcome.replace("_", " ")


def percentage_words(line: AttendanceLine) -> str:
    if line.percentage is None:
        return line.refusal
    if line.percentage.percentage is None:
        return phrase("no class yet")
    return f"{line.percentage.percentage:f} %"


def refusal_words(error: Exception) -> str:
    if not isinstance(error, ClientError):
        raise error
    return str(error)


def compare(then: RecordThen, now: RecordView) -> list[Then]:
    """Line by line what the record said then and says now; what came later is not there."""
    if then.student is None:
        return []
    lines = [
        Then(phrase(words), text_of(then.student[name]), text_of(getattr(now.student, name)))
        for name, words in FIELDS.items()
        if name in then.student and (then.student[name] is not None or getattr(now.student, name) is not None)
    ]
    said: Sequence[object]
    says: Sequence[object]
    registrations = {one.id: one for one in now.registrations}
    for row in then.registrations:
        current = registrations.get(row["id"])
        said = (row.get("status"), row.get("cgpa"), row.get("credits_earned"))
        says = (current.status, current.cgpa, current.credits_earned) if current else ()
        lines.append(Then(left_to_right(str(row["reg_no"])), _joined(said), _joined(says)))
    terms = {one.id: one for one in now.term_results or ()}
    for row in then.term_results or ():
        term = terms.get(row["id"])
        said = (row.get("sgpa"), row.get("cgpa"), row.get("standing"))
        says = (term.sgpa, term.cgpa, term.standing) if term else ()
        lines.append(
            Then(phrase("SGPA, CGPA {term}", term=row.get("term", "")), _joined(said), _joined(says))
        )
    results = {one.id: one for one in now.results or ()}
    for row in then.results or ():
        result = results.get(row["id"])
        says = (result.total, result.grade or result.outcome, result.state) if result else ()
        said = (row.get("total"), row.get("grade") or row.get("outcome"), row.get("state"))
        lines.append(
            Then(f"{row.get('course_code', '')} {row.get('term', '')}", _joined(said), _joined(says))
        )
    lines += _by_status(phrase("Enrollment"), then.enrollments, now.enrollments, "course_code")
    lines += _by_status(phrase("Request"), then.requests, now.requests, "type")
    holds = {one.id: one for one in now.holds or ()}
    for row in then.holds or ():
        hold = holds.get(row["id"])
        said_hold = phrase("lifted") if row.get("lifted_at") else phrase("open")
        says_hold = DASH if hold is None else phrase("lifted") if hold.lifted_at else phrase("open")
        lines.append(Then(phrase("{kind} hold", kind=str(row.get("kind", ""))), said_hold, says_hold))
    return lines


def _by_status(
    what: str, then: Sequence[dict[str, Any]] | None, now: Sequence[Any] | None, name: str
) -> list[Then]:
    current = {one.id: one for one in now or ()}
    lines = []
    for row in then or ():
        one = current.get(row["id"])
        called = getattr(one, name) if one is not None else row.get(name, row["id"])
        says = DASH if one is None else status_words(one.status)
        lines.append(Then(f"{what} {called}", status_words(str(row.get("status"))), says))
    return lines


def _joined(values: Sequence[object]) -> str:
    return " · ".join(text_of(value) for value in values) or DASH


def text_of(value: object) -> str:
    """A figure as the record has it; 75 and 75.00 are the same total."""
    if value is None:
        return DASH
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | int | float):
        return f"{Decimal(str(value)):f}"
    return str(value).replace("_", " ")
