"""Cases on the wire: a recheck, unfair means, grace, an incomplete, credit brought from elsewhere.

A case names results and keeps evidence; a proposal says what is to become of them; heads, then the
examination cell or the registrar, decide; everything is applied at once or nothing. The rule a newcomer
would get wrong: who asks does not say who decides. Approver, capacity and time are never in a command.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from sims_shared.messages import Command, View
from sims_shared.problems import Kind, Refusal
from sims_shared.results import AwaitedScore, Grade, ScoreChange
from sims_shared.values import Credits, Id, Mark, Name, Person, Places, Reason, Text

CaseKind = Literal[
    "recheck", "re_evaluation", "unfair_means", "grace", "incomplete_completion", "correction", "transfer"
]
CaseState = Literal["requested", "proposed", "applied", "rejected", "withdrawn"]
Penalty = Literal["exonerated", "paper_cancelled", "course_cancelled", "semester_cancelled", "suspended"]
Points = Annotated[Decimal, Places(2, low=Decimal(0), high=Decimal("99.99"))]
Results = Annotated[list[Id], msgspec.Meta(max_length=500)]
EVIDENCE_MOST = 10 * 1024 * 1024  # bytes of one file
EVIDENCE_FILES = 50  # of one case


# -- Asking and proposing ---------------------------------------------------------------------------


class Examined(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A script marked again. The mark on the sheet is the first; where the first two differ by more than
    the regulation allows, a third settles it."""

    assessment_id: Id
    second: Mark
    third: Mark | None = None


class CaseChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to become of one result: a grade, or marks, or marks of further examiners; one of them."""

    result_id: Id
    new_grade: Grade | None = None
    scores: Annotated[list[ScoreChange], msgspec.Meta(min_length=1, max_length=200)] | None = None
    examined: Annotated[list[Examined], msgspec.Meta(min_length=1, max_length=50)] | None = None


class CancelledPaper(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An assessment that counts zero. Without any named, those that the sheet marks as unfair means."""

    result_id: Id
    assessment_id: Id


class Suspension(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The order by which the registration is suspended."""

    effective_on: date
    order_no: Name


class Judgment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is proposed in a case of unfair means. Exonerated: the marks stand; a cell that says unfair
    means takes the mark it had before, or the one given in `scores`. A cancelled paper counts zero, a
    cancelled course fails, a cancelled semester fails in every course of the term. `suspended` is a
    cancelled semester together with the suspension."""

    penalty: Penalty
    papers: Annotated[list[CancelledPaper], msgspec.Meta(max_length=200)] = []
    scores: Annotated[list[AwaitedScore], msgspec.Meta(max_length=200)] = []
    suspension: Suspension | None = None


class OpenCase(Command, frozen=True, kw_only=True):
    """Opens a case about results. Staff may propose at once: `changes` (recheck, re-evaluation, correction,
    incomplete), or a `judgment` (unfair means). Grace is for one registration and term; the regulation
    says what it comes to. `purpose` "division" lifts the aggregate instead of a failing paper."""

    kind: Literal["recheck", "re_evaluation", "unfair_means", "grace", "incomplete_completion", "correction"]
    reason: Reason
    authority: Text = ""
    result_ids: Results = []
    changes: Annotated[list[CaseChange], msgspec.Meta(min_length=1, max_length=500)] | None = None
    judgment: Judgment | None = None
    registration_id: Id | None = None
    term_id: Id | None = None
    purpose: Literal["pass", "division"] = "pass"


class ProposeCase(Command, frozen=True, kw_only=True):
    """Says what is to be decided. `changes` may leave results of the case out, which then stay as they are;
    with none at all the `finding` says why nothing changes."""

    id: Id
    authority: Text = ""
    finding: Text = ""
    changes: Annotated[list[CaseChange], msgspec.Meta(max_length=500)] | None = None
    judgment: Judgment | None = None


class DecideCase(Command, frozen=True, kw_only=True):
    """Approves a case, or rejects it with a reason, in the capacity whose turn it is."""

    id: Id
    approved: bool
    reason: Annotated[str, msgspec.Meta(max_length=2000)] | None = None


class WithdrawCase(Command, frozen=True, kw_only=True):
    """Takes a request back that nobody has proposed anything about."""

    id: Id


class FileEvidence(msgspec.Struct, kw_only=True):
    """A file for a case: PDF, PNG, JPEG or plain text are shown as such, anything else is a download."""

    id: int
    file: bytes
    file_name: str = "file"
    note: str = ""


class FileChangeEvidence(FileEvidence, kw_only=True):
    """The scan of a script, or a letter, for a change of marks that is not decided."""


class TransferCourse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A course passed elsewhere, and the one it stands for here. `credits` default to the course's;
    `grade_points` are those earned elsewhere, where the regulation counts them."""

    original_course: Name
    original_grade: Annotated[str, msgspec.Meta(max_length=40)] = ""
    course_id: Id
    credits: Credits | None = None
    outcome: Literal["transfer", "exempt"] = "transfer"
    grade_points: Points | None = None


class RequestTransfer(Command, frozen=True, kw_only=True):
    """Asks that courses passed elsewhere count here, from `term_id` on. `reference` is the equivalence
    decision that it rests on."""

    registration_id: Id
    term_id: Id
    institution: Name
    reference: Name
    reason: Text = ""
    courses: Annotated[list[TransferCourse], msgspec.Meta(min_length=1, max_length=100)]


class GrantIncomplete(Command, frozen=True, kw_only=True):
    """Lets work come later: the result of this enrollment will be I. `due_on` is the last day; without it
    the regulation's."""

    id: Id
    reason: Reason
    due_on: date | None = None


class ExtendIncomplete(Command, frozen=True, kw_only=True):
    """Puts the last day of a published incomplete off. `authority` is the order that allows it."""

    id: Id
    due_on: date
    reason: Reason
    authority: Text = ""


class RecordHearing(Command, frozen=True, kw_only=True):
    """When and where somebody accused of unfair means is heard; one that is put off is recorded again."""

    id: Id
    held_on: date
    place: Text = ""
    note: Text = ""


class RevokeIncomplete(Command, frozen=True, kw_only=True):
    """Takes that permission back, before the result is published."""

    id: Id


# -- Answers ----------------------------------------------------------------------------------------


class CaseResult(msgspec.Struct, kw_only=True):
    """A result that a case concerns."""

    result_id: int
    student_id: int
    student_name: str
    reg_no: str
    course_code: str
    term_id: int


class CaseApproval(msgspec.Struct, kw_only=True):
    """One decision. A first one is of a department, a second of none."""

    approver: Person
    capacity: str
    stage: int
    department_id: int | None
    approved: bool
    reason: str
    at: datetime


class FiledView(View, kw_only=True):
    """A file that is kept with something, by what it is (`sha256` of its bytes)."""

    id: int
    name: str
    media_type: str
    size: int
    sha256: str
    note: str
    filed_by: Person
    filed_at: datetime


class EvidenceView(FiledView, kw_only=True):
    """A file of a case, by what it is (`sha256` of its bytes)."""

    case_id: int


class ChangeEvidenceView(FiledView, kw_only=True):
    """A file of a change request, by what it is."""

    change_id: int


class ChangeEvidenceList(View, kw_only=True):
    results: list[ChangeEvidenceView]


class EvidenceList(View, kw_only=True):
    results: list[EvidenceView]


class CaseLine(View, kw_only=True):
    """A case as it is listed. `stage` is whose turn it is: 1 heads or deans of the departments in
    `waits_for`, 2 the examination cell or the registrar, null when it waits for a proposal or is decided.
    `decidable` says whether the caller may decide it now."""

    id: int
    number: str
    kind: str
    state: str
    registration_id: int | None
    term_id: int | None
    reason: str
    authority: str
    finding: str
    decision: dict[str, Any]
    results: list[CaseResult]
    approvals: list[CaseApproval]
    evidence_count: int
    stage: int | None
    waits_for: list[int]
    decidable: bool
    requested_by: Person
    requested_at: datetime
    proposed_by: Person | None
    proposed_at: datetime | None
    resolved_at: datetime | None


class CaseChangeView(msgspec.Struct, kw_only=True):
    """One change of the case, as its request states it."""

    change_id: int
    result_id: int
    old_grade: str | None
    new_grade: str | None
    old_total: Decimal | None
    new_total: Decimal | None
    status: str


class Hearing(msgspec.Struct, kw_only=True):
    """A day on which somebody accused of unfair means is heard."""

    held_on: date
    place: str
    note: str
    recorded_by: Person
    recorded_at: datetime


class CaseView(CaseLine, kw_only=True):
    """A case with the changes that are proposed in it. `hearings` in the order of their days; of decided
    unfair means `appeal_until` is the last day on which the student may appeal."""

    changes: list[CaseChangeView]
    hearings: list[Hearing]
    appeal_until: date | None


class TransferredCourse(msgspec.Struct, kw_only=True):
    """`grade` is how it prints (TR); `result_id` is there once it counts."""

    course_id: int
    course_code: str
    course_title: str
    original_course: str
    original_grade: str
    credits: Decimal
    outcome: str
    grade: str
    grade_points: Decimal | None
    result_id: int | None


class TransferView(View, kw_only=True):
    """Credit from elsewhere; a case of kind transfer, under the same id."""

    id: int
    number: str
    state: str
    registration_id: int
    student_id: int
    student_name: str
    reg_no: str
    term_id: int
    institution: str
    reference: str
    reason: str
    courses: list[TransferredCourse]
    approvals: list[CaseApproval]
    stage: int | None
    decidable: bool
    requested_by: Person
    requested_at: datetime
    resolved_at: datetime | None


class IncompleteGranted(View, kw_only=True):
    """The permission, before anything is published. `due_on` null: as the regulation says."""

    enrollment_id: int
    section_id: int
    student_id: int
    reg_no: str
    reason: str
    due_on: date | None
    granted_by: Person
    granted_at: datetime


class IncompleteExtension(msgspec.Struct, kw_only=True):
    """A day that was put off, and why."""

    from_due: date | None
    due_on: date
    reason: str
    authority: str
    extended_by: Person
    extended_at: datetime


class IncompleteView(View, kw_only=True):
    """A published I: until when it may be completed, and what it lapses to after that day, by the rule.
    `state`: open, noticed (the student was told, 14 days before at the latest), lapsed or completed."""

    id: int
    result_id: int
    student_id: int
    student_name: str
    reg_no: str
    course_code: str
    section_id: int | None
    term_id: int
    due_on: date | None
    lapses_to: str
    state: str
    declared_at: datetime
    noticed_on: date | None
    ended_at: datetime | None
    extensions: list[IncompleteExtension]


# -- Refusals ---------------------------------------------------------------------------------------


class CaseWrongState(Refusal):
    code = "cases.wrong_state"
    title = "The case is not in a state for this"


class CaseOpen(Refusal):
    """Facts: `case_id`, where known."""

    code = "cases.open"
    title = "A case about this result is open already"


class CaseUndecided(Refusal):
    """Facts: `case_id`, where known."""

    code = "cases.undecided"
    title = "The case about this result is not decided"


class CaseInvalid(Refusal):
    code = "cases.invalid"
    title = "This is not possible in such a case"
    kind = Kind.INVALID


class WindowClosed(Refusal):
    """Facts: `last_day`."""

    code = "cases.window_closed"
    title = "The time to ask for a recheck is over"


class NoGrace(Refusal):
    """Facts: `why`, line by line."""

    code = "cases.no_grace"
    title = "The regulation gives no grace here"


class ResultsAwaited(Refusal):
    """Facts: `sections`."""

    code = "cases.results_awaited"
    title = "A result of this term is not there yet"


class ShareExceeded(Refusal):
    code = "cases.share_exceeded"
    title = "More credit than the regulation lets be transferred"


class EvidenceFiled(Refusal):
    code = "cases.evidence_filed"
    title = "This very file is with the case already"


class EvidenceInvalid(Refusal):
    code = "cases.evidence_invalid"
    title = "This file cannot be kept as evidence"
    kind = Kind.INVALID


class IncompleteTooLate(Refusal):
    code = "cases.incomplete_too_late"
    title = "It is too late for an incomplete"


class IncompleteEnded(Refusal):
    code = "cases.incomplete_ended"
    title = "The incomplete is completed or lapsed already"
