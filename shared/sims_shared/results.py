"""Results on the wire: what was declared, what is withheld, and how a declared grade may still change.

A result is written as a draft when its sheet is approved, and declared when it is published. The rule a
newcomer would get wrong: nobody edits a published grade. It changes only through a change request that
two different people approve, in order, and then to exactly what they approved.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from sims_shared.grading import MarkName
from sims_shared.messages import Command, View
from sims_shared.problems import Kind, Refusal
from sims_shared.values import Id, Mark, Person, Reason, Text

WithholdingReason = Literal["fee", "ufm", "award_awaited", "document", "other"]
ResultState = Literal["draft", "published", "frozen"]
NotificationKind = Literal["main", "later", "corrigendum"]
ChangeStatus = Literal["pending", "approved", "rejected"]
Grade = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=10,
        pattern=r"^[!-~]+\Z",
        description="letters, digits and signs, no blank",
    ),
]
ResultIds = Annotated[list[Id], msgspec.Meta(min_length=1, max_length=10_000)]


# -- Publishing ------------------------------------------------------------------------------------


class PublishResults(Command, frozen=True, kw_only=True):
    """Declares drafts: of one section, of the results named, or of a term (one program, one batch).
    Exactly one of the three is given."""

    section_id: Id | None = None
    result_ids: ResultIds | None = None
    term_id: Id | None = None
    program_id: Id | None = None
    batch: Annotated[str, msgspec.Meta(min_length=1, max_length=80)] | None = None
    otp: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    """Where the setting `results.code_at_publish` wants one: a one-time code, good once."""


class FreezeResults(Command, frozen=True, kw_only=True):
    """Closes published results for good. Exactly one of section, term and results is given."""

    section_id: Id | None = None
    result_ids: ResultIds | None = None
    term_id: Id | None = None
    program_id: Id | None = None


class WithholdResults(Command, frozen=True, kw_only=True):
    """Keeps drafts from being published, each with this reason."""

    result_ids: ResultIds
    reason: WithholdingReason
    note: Text = ""


class AwaitedScore(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mark that a withheld result waited for: of a cell that is blank, pending or an unfair-means case."""

    result_id: Id
    assessment_id: Id
    mark: Literal["scored", "absent", "excused"]
    score: Mark | None = None


class ReleaseResults(Command, frozen=True, kw_only=True):
    """Ends the withholding of these results and publishes them by a later notification. A `reason`, when
    given, must be the one they are withheld for. `scores` are the marks they waited for, entered by the
    examination cell. An unfair-means case is decided by releasing it: a cell that still says so counts
    zero."""

    result_ids: ResultIds
    reason: WithholdingReason | None = None
    note: Text = ""
    scores: Annotated[list[AwaitedScore], msgspec.Meta(max_length=10_000)] = []


class NotificationRef(View, kw_only=True):
    """A notification of results, in short."""

    id: int
    number: str
    date: date
    kind: str
    sha256: str


class NotificationView(View, kw_only=True):
    """A notification of results: `sha256` is of the canonical content that was declared."""

    id: int
    number: str
    date: date
    kind: str
    term_id: int
    term: str
    scope: dict[str, Any]
    counts: dict[str, int]
    sha256: str
    published_by: Person
    at: datetime


class ResultsPublished(View, kw_only=True):
    """What was declared and what stays withheld."""

    published: int
    withheld: int
    notification: NotificationRef


class ResultsWithheld(View, kw_only=True):
    withheld: int
    result_ids: list[int]


class ResultsReleased(View, kw_only=True):
    released: int
    published: int
    withheld: int
    notification: NotificationRef


class ResultsFrozen(View, kw_only=True):
    frozen: int
    withheld: int


class HeadView(msgspec.Struct, kw_only=True):
    """One head or segment: what was obtained of what, and whether that passes."""

    code: str
    obtained: Decimal
    maximum: Decimal
    minimum: Decimal | None = None
    passed: bool = True
    grace: Decimal | None = None


class ResultView(View, kw_only=True):
    """One attempt of a course. While a withholding is open, `outcome` is "withheld" and the marks and the
    grade are null. `grade_shown` is the grade as printed ("F(ABS)", "C*"). `counts`: whether it is in the
    CGPA, another attempt took its place, or it never weighs."""

    id: int
    student_id: int
    registration_id: int
    enrollment_id: int | None
    section_id: int | None
    term_id: int
    term: str
    course_id: int
    course_code: str
    course_title: str
    reg_no: str
    student_name: str
    attempt: int
    total: Decimal | None
    marks_obtained: Decimal | None
    marks_max: Decimal | None
    percentage: Decimal | None
    heads: list[HeadView]
    grade: str | None
    grade_shown: str | None
    grade_points: Decimal | None
    credits: Decimal
    outcome: str
    flags: list[str]
    counts: str
    source: str
    regulation_id: int
    state: str
    stale: bool
    version: int
    is_published: bool
    published_at: datetime | None
    published_by: Person | None
    frozen_at: datetime | None
    frozen_by: Person | None
    notification_id: int | None
    withheld_for: str | None


class TermResultView(View, kw_only=True):
    """A term as it was declared. `sgpa` and `cgpa` are null where nothing counts (print a dash)."""

    id: int
    registration_id: int
    student_id: int
    term_id: int
    term: str
    sgpa: Decimal | None
    cgpa: Decimal | None
    gpa_credits: Decimal
    quality_points: Decimal
    attempted: Decimal
    earned: Decimal
    standing: str
    notification_id: int | None
    declared_at: datetime


# -- The control tower ------------------------------------------------------------------------------


class SectionProgress(View, kw_only=True):
    """One section on its way. `filled` of `total` marks; the counts below are of roster rows, those who
    dropped left out: `drafts` could be published but for the `missing` and `stale` among them, `withheld`
    stay behind, `published` includes the `frozen`. `pending` and `conflicts` are what devices said last;
    `away_since` is when the one that holds pending marks was seen longest ago. `reminded_at` and
    `reminded_by` tell who asked for the sheet, as long as it has not moved since."""

    section_id: int
    course_code: str
    course_title: str
    section: str
    sheet: str
    filled: int
    total: int
    roster: int
    drafts: int
    published: int
    frozen: int
    withheld: int
    missing: int
    stale: int
    lead: str | None
    pending: int
    conflicts: int
    away_since: datetime | None = None
    reminded_at: datetime | None = None
    reminded_by: str | None = None


class ClassProgress(View, kw_only=True):
    """One batch of a program in a term. `complete` are the students of whom every result is out, or can go
    out, or is withheld for a reason."""

    program_id: int
    batch: str
    intake: str
    students: int
    complete: int


class TermProgress(View, kw_only=True):
    """`classes` where one program is asked for, the latest batch first."""

    term_id: int
    sections: list[SectionProgress]
    classes: list[ClassProgress] = []


class ExceptionRow(View, kw_only=True):
    """A row that stops a publish (`why`), or stays behind it (`withheld_for`). `result_id` is null where
    no result was drafted."""

    result_id: int | None
    section_id: int
    section: str
    reg_no: str
    name: str
    withheld_for: str | None
    note: str
    why: str


class ExceptionList(View, kw_only=True):
    """`count` may be more than the rows that are named."""

    count: int
    rows: list[ExceptionRow]


# -- Changes ---------------------------------------------------------------------------------------


class ScoreChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One cell as it should be. `score` is given exactly when `mark` is "scored"."""

    assessment_id: Id
    mark: MarkName
    score: Mark | None = None


class RequestChange(Command, frozen=True, kw_only=True):
    """Asks that a published result be changed: to a grade, or by marks, from which the server computes
    total and grade."""

    result_id: Id
    new_grade: Grade | None = None
    scores: Annotated[list[ScoreChange], msgspec.Meta(min_length=1, max_length=200)] | None = None
    reason: Reason
    evidence: Text | None = None


class PreviewChange(Command, frozen=True, kw_only=True):
    """What would a change do? Asks for nothing and writes nothing."""

    result_id: Id
    new_grade: Grade | None = None
    scores: Annotated[list[ScoreChange], msgspec.Meta(min_length=1, max_length=200)] | None = None


class DecideChange(Command, frozen=True, kw_only=True):
    """Approves or rejects a change at the stage whose turn it is."""

    change_id: Id
    approved: bool
    reason: Annotated[str, msgspec.Meta(max_length=2000)] | None = None


class ChangedScore(msgspec.Struct, kw_only=True):
    """One cell before and after."""

    assessment_id: int
    name: str
    old_mark: str | None
    old_score: Decimal | None
    mark: str | None
    score: Decimal | None


class ChangeApproval(msgspec.Struct, kw_only=True):
    """One decision: who, in which capacity, at which stage."""

    approver: Person
    capacity: str
    stage: int
    approved: bool
    reason: str
    at: datetime


class Figures(msgspec.Struct, kw_only=True):
    """What hangs on one result, before or after a change. Averages are null where nothing counts."""

    total: Decimal | None = None
    grade: str | None = None
    grade_points: Decimal | None = None
    outcome: str = ""
    sgpa: Decimal | None = None
    cgpa: Decimal | None = None
    credits_earned: Decimal | None = None
    standing: str | None = None


class ChangeImpact(msgspec.Struct, kw_only=True):
    """What a change would do, computed when it was asked for. `supersedes` are the serials of issued
    documents that print the result."""

    old: Figures
    new: Figures
    supersedes: list[str]


class ResultStands(msgspec.Struct, kw_only=True):
    """A result before or after a change."""

    total: Decimal | None = None
    grade: str | None = None
    grade_points: Decimal | None = None
    outcome: str = ""


class ChangedResult(msgspec.Struct, kw_only=True):
    """One of the results that change together. `supersedes`: the serials of documents that print it."""

    result_id: int
    student_id: int
    registration_id: int
    reg_no: str
    course_code: str
    term_id: int
    old: ResultStands
    new: ResultStands
    supersedes: list[str]


class TermStands(msgspec.Struct, kw_only=True):
    """A term as it is declared. Averages are null where nothing counts."""

    sgpa: Decimal | None
    cgpa: Decimal | None
    earned: Decimal
    standing: str


class ChangedTerm(msgspec.Struct, kw_only=True):
    term_id: int
    term: str
    old: TermStands
    new: TermStands


class ChangedRecord(msgspec.Struct, kw_only=True):
    """One student's record: every term that is declared anew, and the CGPA."""

    registration_id: int
    student_id: int
    reg_no: str
    terms: list[ChangedTerm]
    old_cgpa: Decimal | None
    new_cgpa: Decimal | None
    old_credits_earned: Decimal
    new_credits_earned: Decimal


class JointImpact(View, kw_only=True):
    """What changes do together: every result, every record, every document that is superseded."""

    results: list[ChangedResult]
    records: list[ChangedRecord]
    supersedes: list[str]


class PendingChangeView(View, kw_only=True):
    """A change request. `case_id` is the case it is decided with; a lapse is asked for by the system and
    has no approvals. `stage` is whose turn it is: 1 a head or dean of the course's department, 2 the
    examination cell or the registrar, null once it is decided. `decidable` says whether the caller may
    decide it now."""

    id: int
    result_id: int
    student_id: int
    section_id: int | None
    course_code: str
    reg_no: str
    student_name: str
    old_grade: str | None
    new_grade: str | None
    old_total: Decimal | None
    new_total: Decimal | None
    scores: list[ChangedScore]
    reason: str
    evidence: str | None
    status: str
    requested_by: Person
    approvals: list[ChangeApproval]
    requested_at: datetime
    resolved_at: datetime | None
    impact: ChangeImpact
    stage: int | None
    decidable: bool
    case_id: int | None = None


# -- Derivations -----------------------------------------------------------------------------------


class RegulationRef(msgspec.Struct, kw_only=True):
    """The regulation a figure follows, and its rules in words."""

    id: int
    code: str
    version: int
    in_words: list[str]


class ExplainedRow(msgspec.Struct, kw_only=True):
    """A row of the record: whether it is in the average and, if not, why."""

    key: str
    result_id: int
    term_id: int
    grade: str | None
    grade_points: Decimal | None
    credits: Decimal
    outcome: str
    counts: str
    why: str
    compensated: bool = False


class ExplainedAverage(msgspec.Struct, kw_only=True):
    """An average with its derivation. `exact` is the fraction before rounding ("287/100")."""

    value: Decimal | None
    printed: str
    exact: str | None
    credits: Decimal
    quality_points: Decimal
    trace: Any


class ExplainedTerm(msgspec.Struct, kw_only=True):
    """A term's average as computed now, beside what was declared."""

    term_id: int
    term: str
    declared: Decimal | None
    sgpa: ExplainedAverage


class CgpaExplained(View, kw_only=True):
    """How a CGPA comes about. `declared` is what the registration shows; a difference to what the rows
    give now is said in `remarks`. `honours` is the average that honours are judged by, `as_percentage` the
    CGPA by the regulation's conversion, `wanting` why the degree is not complete (empty when it is)."""

    student_id: int
    registration_id: int
    regulation: RegulationRef
    declared: Decimal | None
    cgpa: ExplainedAverage
    terms: list[ExplainedTerm]
    rows: list[ExplainedRow]
    attempted: Decimal
    earned: Decimal
    transferred: Decimal
    standing: str | None
    honours: ExplainedAverage
    as_percentage: Decimal | None
    wanting: list[str]
    remarks: list[str]


class ResultExplained(View, kw_only=True):
    """How a result comes about. `trace` is null for results brought from before this system and while it
    is withheld; a grade that was changed by request names the request in `change_request_id`. `total_shown`
    is the total as the regulation prints it, which nothing is computed with."""

    result_id: int
    student_id: int
    regulation: RegulationRef
    total: Decimal | None
    total_shown: Decimal | None
    grade: str | None
    grade_points: Decimal | None
    outcome: str
    source: str
    change_request_id: int | None
    trace: Any
    remarks: list[str]


# -- Refusals --------------------------------------------------------------------------------------


class ResultsWrongState(Refusal):
    """Facts: `result_ids` concerned, where known."""

    code = "results.wrong_state"
    title = "The results are not in the state this needs"


class WeightsIncomplete(Refusal):
    """Facts: `sections`, each with its id, course and what is wrong."""

    code = "results.weights_incomplete"
    title = "The assessments of a section do not add up"


class ScoresMissing(Refusal):
    """Facts: `count`, and `missing` (the first of them): `result_id`, `student_id`, `reg_no`, `name`,
    `section_id`, `assessments`."""

    code = "results.scores_missing"
    title = "Marks are missing"


class SheetNotApproved(Refusal):
    """Facts: `sections`, each with its id, course and the state of its sheet."""

    code = "results.sheet_not_approved"
    title = "A grade sheet is not approved"


class SeveralTerms(Refusal):
    code = "results.several_terms"
    title = "One notification declares results of one term"
    kind = Kind.INVALID


class ResultStale(Refusal):
    code = "results.stale"
    title = "The sheet was returned since this draft was computed"


class ChangePending(Refusal):
    """Facts: `change_id`."""

    code = "results.change_pending"
    title = "A change of this result is waiting already"


class ChangeOfDraft(ResultsWrongState):
    """A draft is corrected on its sheet."""


class ChangeInvalid(Refusal):
    code = "results.change_invalid"
    title = "This change is not possible"
    kind = Kind.INVALID


class OwnRequest(Refusal):
    code = "results.own_request"
    title = "Whoever asked for a change cannot decide it"
    kind = Kind.FORBIDDEN


class AlreadyDecided(Refusal):
    code = "results.already_decided"
    title = "This change is decided already"


class ChangeInCase(Refusal):
    """Facts: `case_id`."""

    code = "results.in_case"
    title = "This change is decided with its case"


class NotThisStage(Refusal):
    code = "results.stage"
    title = "It is not this capacity's turn to decide"


class ResultMoved(Refusal):
    code = "results.moved"
    title = "The result changed since this was asked for"


class ResultsImmutable(Refusal):
    code = "results.immutable"
    title = "A published result changes only by an approved change request"
