"""Class sessions, attendance, and who may sit the examination: what both sides say to each other.

A **class session** is one meeting of a section (day, slot, and the head it belongs to where a course has
several). **Attendance** is one student's mark in it. An **eligibility list** is the notified snapshot of
who may sit. The rule a newcomer would get wrong: a percentage is judged under the regulation of each
student's own registration, from the day that student counts from, so two neighbours with the same marks
may stand differently; and once a list is notified, later marks change nothing until another is notified.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from sims_shared.messages import Command, View
from sims_shared.problems import Kind, Refusal
from sims_shared.results import RegulationRef
from sims_shared.values import BIGINT_MAX, Code, Id, Name, Person, Places, Reason

AttendanceStatus = Literal["present", "absent", "late", "leave"]
EligibilityOutcome = Literal["eligible", "condoned", "short"]
Slot = Annotated[int, msgspec.Meta(ge=1, le=20)]
Head = Code
Note = Annotated[str, msgspec.Meta(max_length=2000)]
Percent = Annotated[Decimal, Places(2, low=Decimal(0), high=Decimal(100))]
Attended = int | Decimal
"""Classes attended: a whole number, or a decimal where the regulation counts being late as a part."""
Day = date  # fields are called date
Unset = msgspec.UnsetType
UNSET = msgspec.UNSET
MARKS_AT_ONCE = 2_000


# -- Class sessions --------------------------------------------------------------------------------


class HoldClassSession(Command, frozen=True, kw_only=True):
    """A class was held. `head` says which part of the course it belongs to (theory, practical)."""

    section_id: Id
    held_on: Day
    slot: Slot = 1
    head: Head | None = None


class ChangeClassSession(Command, frozen=True, kw_only=True):
    """Moves a session to its right day or slot, with its marks, or names its head."""

    id: Id
    held_on: Day | Unset = UNSET
    slot: Slot | Unset = UNSET
    head: Head | Unset | None = UNSET


class RemoveClassSession(Command, frozen=True, kw_only=True):
    """Takes a session away in which nobody was marked."""

    id: Id


class CallOffClassSession(Command, frozen=True, kw_only=True):
    """The class was not held after all: its marks stay on record and no longer count."""

    id: Id
    reason: Reason


class ClassSessionView(View, kw_only=True):
    """`taken_at` is set once anybody was marked; only such a session counts."""

    id: int
    section_id: int
    held_on: Day
    slot: int
    head: str | None
    taken_at: datetime | None
    called_off_at: datetime | None
    called_off_reason: str | None


# -- Marks -----------------------------------------------------------------------------------------


class RecordAttendance(Command, frozen=True, kw_only=True):
    """One student's mark, in a session named by `class_session_id`, or by section, date and slot; the
    session is made when it is missing. Who writes by office and not as the section's teacher says why."""

    student_id: Id
    status: AttendanceStatus
    section_id: Id | None = None
    class_session_id: Id | None = None
    date: Day | None = None
    slot: Slot | None = None
    reason: Note = ""


class ChangeAttendance(Command, frozen=True, kw_only=True):
    """Corrects a mark. The audit keeps the old one."""

    id: Id
    status: AttendanceStatus | Unset = UNSET
    reason: Note | Unset = UNSET


class AttendanceMark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of a class list. `was` is what the sender saw before (null: nothing): when somebody else
    has written another mark since, the list is refused instead of writing over it."""

    student_id: Id
    status: AttendanceStatus
    reason: Note = ""
    was: AttendanceStatus | Unset | None = UNSET


class RecordClassAttendance(Command, frozen=True, kw_only=True):
    """The marks of one class at once, all or none. Marks that stand already are corrected. `reason`
    holds for every mark that names none."""

    section_id: Id
    date: Day
    slot: Slot = 1
    head: Head | None = None
    marks: list[AttendanceMark]
    reason: Note = ""


class AttendanceView(View, kw_only=True):
    """A mark, with the day and slot of its session."""

    id: int
    section_id: int
    class_session_id: int
    student_id: int
    date: Day
    slot: int
    status: str
    reason: str
    updated_by: Person
    updated_at: datetime


class ClassAttendanceRecorded(View, kw_only=True):
    """What a class list did: `made`, `changed` and `unchanged` marks, and how the class stands now."""

    class_session_id: int
    section_id: int
    date: Day
    slot: int
    made: int
    changed: int
    unchanged: int
    counts: dict[str, int]


# -- Percentages -----------------------------------------------------------------------------------


class Percentage(View, kw_only=True):
    """Of `total` classes that count for this student, `attended` were. `percentage` is null before the
    first; it is cut, not rounded, where the regulation does not round."""

    student_id: int
    section_id: int
    total: int
    attended: Attended
    percentage: Decimal | None


class NotifiedEligibility(msgspec.Struct, kw_only=True):
    """What the notified list says of a student."""

    list_id: int
    version: int
    notified_at: datetime
    outcome: str
    percentage: Decimal | None


class Eligibility(View, kw_only=True):
    """Whether the student may sit. `source` says where it comes from: `notified` (the list; later marks
    change nothing), `live` (as the marks stand) or `what_if` (under a threshold that is not the
    regulation's). `by` names what falls short: the heads, or nothing."""

    student_id: int
    section_id: int
    eligible: bool
    percentage: Decimal | None
    threshold: Decimal
    condoned: bool
    condonable: bool
    total: int
    attended: Attended
    short_heads: list[str]
    source: Literal["live", "notified", "what_if"]
    what_if: bool
    regulation: str
    notified: NotifiedEligibility | None


class SummaryRow(msgspec.Struct, kw_only=True):
    """One student of a section."""

    student_id: int
    enrollment_id: int
    reg_no: str
    name: str
    status: str
    present: int
    absent: int
    late: int
    leave: int
    unmarked: int
    total: int
    attended: Attended
    percentage: Decimal | None
    threshold: Decimal
    eligible: bool
    condonable: bool
    condoned: bool
    short_heads: list[str]
    regulation: str
    notified: NotifiedEligibility | None


class SummaryTotals(msgspec.Struct, kw_only=True):
    """The section in figures. `sessions` were held and taken; marks are counted over all of them."""

    sessions: int
    students: int
    present: int
    absent: int
    late: int
    leave: int
    unmarked: int
    eligible: int
    condonable: int
    condoned: int
    short: int


class SectionSummary(View, kw_only=True):
    """Totals, and a row for each student on the roster, by registration number."""

    section_id: int
    totals: SummaryTotals
    rows: list[SummaryRow]


class RosterRow(msgspec.Struct, kw_only=True):
    """One student as the class list shows it: the mark in this session, and how far it has come."""

    student_id: int
    reg_no: str
    name: str
    mark: str | None
    reason: str
    marked_by: Person | None
    marked_at: datetime | None
    total: int
    attended: Attended
    percentage: Decimal | None
    threshold: Decimal
    eligible: bool
    condonable: bool


class ClassRoster(View, kw_only=True):
    """A section's list for one class. `closed` says in words why the caller may not write it, or "".
    `edit_days` is how long after a class its teacher may."""

    section_id: int
    course_code: str
    course_title: str
    section_code: str
    term: str
    date: Day
    slot: int
    session: ClassSessionView | None
    closed: str
    edit_days: int
    rows: list[RosterRow]


class ExplainedSession(msgspec.Struct, kw_only=True):
    """A class session, whether it counts for this student, and if not, why."""

    class_session_id: int
    date: Day
    slot: int
    head: str | None
    status: str | None
    reason: str
    counts: bool
    why: str


class AttendanceExplained(View, kw_only=True):
    """How a percentage comes about: the sessions used and left out, the exact fraction, the rule."""

    student_id: int
    section_id: int
    registration_id: int
    regulation: RegulationRef
    counts_from: Day
    total: int
    attended: Attended
    percentage: Decimal | None
    exact: str | None
    threshold: Decimal
    eligible: bool
    condonable: bool
    condoned: bool
    short_heads: list[str]
    rows: list[ExplainedSession]
    trace: dict[str, Any]
    notified: NotifiedEligibility | None
    remarks: list[str]


# -- Condonation and the notified list -------------------------------------------------------------


class CondoneShortage(Command, frozen=True, kw_only=True):
    """A shortage within the regulation's limit is forgiven, on whose authority and why."""

    section_id: Id
    student_id: Id
    authority: Name
    reason: Reason


class WithdrawCondonation(Command, frozen=True, kw_only=True):
    """A condonation was a mistake. It stays on record as withdrawn."""

    id: Id
    reason: Reason


class CondonationView(View, kw_only=True):
    """`percentage` is what was condoned, as it stood that moment."""

    id: int
    section_id: int
    student_id: int
    authority: str
    reason: str
    percentage: Decimal | None
    granted_by: Person
    granted_at: datetime
    withdrawn_by: Person | None
    withdrawn_at: datetime | None
    withdrawn_reason: str | None


class NotifyEligibility(Command, frozen=True, kw_only=True):
    """Notify who of a section may sit, as the marks and condonations stand now. Who is short is barred;
    who was barred by an earlier list and is no longer, sits again."""

    section_id: Id
    authority: Note = ""


class EligibilityRow(msgspec.Struct, kw_only=True):
    """One student of a notified list, as it was. `exact` is the fraction that was judged; `shortage` is
    the regulation's symbol for who is short."""

    student_id: int
    registration_id: int
    reg_no: str
    name: str
    outcome: str
    total: int
    attended: Attended
    percentage: Decimal | None
    exact: str | None
    threshold: Decimal
    regulation: str
    shortage: str | None
    condonation_id: int | None


class EligibilityListView(View, kw_only=True):
    """A notified list; the latest version of a section is the one in force."""

    id: int
    section_id: int
    version: int
    authority: str
    notified_by: Person
    notified_at: datetime
    eligible: int
    condoned: int
    short: int


class EligibilityListDetail(EligibilityListView, kw_only=True):
    """A notified list with its rows, by registration number."""

    rows: list[EligibilityRow]


class JudgedSection(View, kw_only=True):
    """A section whose list the caller may notify. `sheet` is the state of its grade sheet: only while that
    is open a list can be notified. `list_id` to `short` are those of the list in force, null before one."""

    id: int
    course_code: str
    course_title: str
    code: str
    term_id: int
    term: str
    seats_taken: int
    sheet: str | None
    list_id: int | None
    version: int | None
    notified_at: datetime | None
    short: int


# -- Refusals --------------------------------------------------------------------------------------


class AttendanceDuplicate(Refusal):
    """Facts: `attendance_id`. A mark is corrected by PATCH, or by the class list as a whole."""

    code = "attendance.duplicate"
    title = "The student is marked in this class session already"


class SessionDuplicate(Refusal):
    code = "attendance.session_duplicate"
    title = "The section has a class session on this day and in this slot"


class SessionInUse(Refusal):
    code = "attendance.session_in_use"
    title = "Students are marked in this class session; call it off instead"


class SessionCalledOff(Refusal):
    code = "attendance.session_called_off"
    title = "This class was called off"


class SectionNotTaught(Refusal):
    code = "attendance.section_cancelled"
    title = "The section was cancelled"


class AttendanceFrozen(Refusal):
    """What is wrong in a frozen result is put right by a change request, and says so."""

    code = "attendance.frozen"
    title = "Results of this section are frozen, and its attendance with them"


class OutsideTerm(Refusal):
    """Facts: `start_date`, `end_date` of the term."""

    code = "attendance.outside_term"
    title = "The day lies outside the section's term"
    kind = Kind.INVALID


class OutsideEditDays(Refusal):
    """Facts: `edit_days`. The setting `attendance.edit_days` gives a teacher so many days after a class."""

    code = "attendance.outside_days"
    title = "The teacher may mark this class on its day and for some days after; then the registrar does"
    kind = Kind.INVALID


class NotOnRoster(Refusal):
    """`errors` points at each mark of somebody who does not sit in the section on that day."""

    code = "attendance.not_on_roster"
    title = "Somebody marked does not sit in this section"
    kind = Kind.INVALID


class AttendanceReasonNeeded(Refusal):
    code = "attendance.reason_required"
    title = "Who writes attendance by office gives the reason"
    kind = Kind.INVALID


class MarkedMeanwhile(Refusal):
    """Facts: `meanwhile`, each with `student_id`, `status`, `by`, `at`."""

    code = "attendance.marked_meanwhile"
    title = "Somebody else has marked this class since you read it"


class NotCondonable(Refusal):
    """Facts: `percentage`, `threshold`, `condone_from`."""

    code = "attendance.not_condonable"
    title = "This attendance is not one that may be condoned"


class CondonedAlready(Refusal):
    code = "attendance.condoned_already"
    title = "This shortage is condoned already"


class CondonationWithdrawn(Refusal):
    code = "attendance.condonation_withdrawn"
    title = "This condonation was withdrawn already"


class EligibilitySheetClosed(Refusal):
    """Who is barred is a row of the sheet, so the sheet must be open while that changes."""

    code = "attendance.sheet_closed"
    title = "The grade sheet of the section is no longer open; it has to be returned first"


class ListChangedMeanwhile(Refusal):
    code = "attendance.list_duplicate"
    title = "Somebody else has just notified a list of this section"


class StudentInSection(msgspec.Struct, frozen=True, kw_only=True):
    """One student in one section."""

    student_id: Annotated[int, msgspec.Meta(ge=1, le=BIGINT_MAX)]
    section_id: Annotated[int, msgspec.Meta(ge=1, le=BIGINT_MAX)]


class EligibilityQuestion(StudentInSection, frozen=True, kw_only=True):
    """`threshold` asks a what-if in place of the regulation's."""

    threshold: Percent | None = None


class OneSection(msgspec.Struct, frozen=True, kw_only=True):
    section_id: Annotated[int, msgspec.Meta(ge=1, le=BIGINT_MAX)]


class OneClass(OneSection, frozen=True, kw_only=True):
    """Without a date, the campus day's class in slot 1."""

    date: Day | None = None
    slot: Slot = 1
