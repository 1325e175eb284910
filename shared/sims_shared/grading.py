"""Grade sheets on the wire: assessments, scores, sheets and the batches of the off-line desktop.

A sheet is one section's roster by its assessments. The rule a newcomer would get wrong: a blank is a
value (`mark: null, score: null`) with a version like any other; it is not zero, not absent, and not
"no row". The protocol behind the structs is decided in `merge.py` (server)
and `sheet_copy.py` (device).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from sims_shared.audit import AuditHead
from sims_shared.fault_words import in_words
from sims_shared.messages import PROTOCOL_MAX, PROTOCOL_MIN, Command, View
from sims_shared.problems import Fault, InvalidInput, Kind, Refusal
from sims_shared.values import DECIMAL_PATTERN, Id, Mark, Maximum, Name, Person, Reason, Weight

SCORED = "scored"
MARKS = frozenset({SCORED, "absent", "excused", "ufm", "pending"})
MarkName = Literal["scored", "absent", "excused", "ufm", "pending"]
AssessmentType = Literal["midterm", "final", "quiz", "assignment", "project", "lab", "viva", "practical"]
Head = Literal["theory", "practical", "internal"]
EnteredBy = Literal["faculty", "exam_cell"]
SheetState = Literal["open", "submitted", "approved"]

MAX_OPS = 5_000
MAX_BATCH_BYTES = 4 * 1024 * 1024

ClientId = Annotated[
    str,
    # The length too, because `$` lets a line break follow.
    msgspec.Meta(
        pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z",
        max_length=36,
        description="a UUID is expected here",
    ),
]
Mid = Annotated[int, msgspec.Meta(ge=1, le=2**62)]
# The client's own name for an edit. The server only echoes it.
EditId = (
    Annotated[
        str,
        msgspec.Meta(
            min_length=1, max_length=64, pattern=r"^[^\x00-\x1f]+\Z", description="no control characters"
        ),
    ]
    | Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
)


# -- Assessments and scores ------------------------------------------------------------------------


class CreateAssessment(Command, frozen=True):
    """A new column of a section's sheet. `weight` is a percentage of the total."""

    section_id: Id
    name: Name
    type: AssessmentType
    weight: Weight
    max_score: Maximum
    head: Head = "theory"
    must_sit: bool = False
    step: Maximum | None = None
    due_date: date | None = None
    entered_by: EnteredBy = "faculty"


class ChangeAssessment(Command, frozen=True):
    """Changes the fields that are given. Lowering `max_score` below a score is refused."""

    id: Id
    name: Name | msgspec.UnsetType = msgspec.UNSET
    type: AssessmentType | msgspec.UnsetType = msgspec.UNSET
    weight: Weight | msgspec.UnsetType = msgspec.UNSET
    max_score: Maximum | msgspec.UnsetType = msgspec.UNSET
    head: Head | msgspec.UnsetType = msgspec.UNSET
    must_sit: bool | msgspec.UnsetType = msgspec.UNSET
    step: Maximum | msgspec.UnsetType | None = msgspec.UNSET
    due_date: date | msgspec.UnsetType | None = msgspec.UNSET
    entered_by: EnteredBy | msgspec.UnsetType = msgspec.UNSET


class RemoveAssessment(Command, frozen=True):
    """Takes a column away that holds no score yet."""

    id: Id


class ReleaseAssessment(Command, frozen=True):
    """Shows the marks of one assessment to the students. They stay editable until locked."""

    id: Id


class LockAssessment(Command, frozen=True):
    """Closes one column to further entry."""

    id: Id


class UnlockAssessment(Command, frozen=True):
    """Opens it again; a head's right."""

    id: Id


class AssessmentView(View):
    id: int
    section_id: int
    name: str
    type: str
    weight: Decimal
    max_score: Decimal
    head: str = "theory"
    must_sit: bool = False
    step: Decimal | None = None
    due_date: date | None = None
    entered_by: str = "faculty"
    released_at: datetime | None = None
    locked_at: datetime | None = None


class RecordScore(Command, frozen=True):
    """One score by a single POST. `student_id` is resolved to the enrollment of the section."""

    assessment_id: Id
    student_id: Id
    mark: MarkName
    score: Mark | None = None


class ChangeScore(Command, frozen=True):
    """`mark: null` clears the cell and keeps its row and version."""

    id: Id
    mark: MarkName | msgspec.UnsetType | None = msgspec.UNSET
    score: Mark | msgspec.UnsetType | None = msgspec.UNSET


class ClearScore(Command, frozen=True):
    """Blanks the cell, as `mark: null` does; its row and version stay."""

    id: Id


class ScoreView(View):
    id: int
    assessment_id: int
    section_id: int
    enrollment_id: int
    student_id: int
    mark: str | None
    score: Decimal | None
    version: int
    updated_by: Person
    updated_at: datetime


class WeightsExceeded(Refusal):
    code = "assessments.weights_exceeded"
    title = "The weights of a section cannot add up to more than 100"
    kind = Kind.INVALID


class AssessmentInUse(Refusal):
    code = "assessments.in_use"
    title = "Scores refer to this assessment"
    kind = Kind.CONFLICT


class ScoreExists(Refusal):
    code = "scores.duplicate"
    title = "This student already has a score in this assessment"
    kind = Kind.CONFLICT


class ScoreInvalid(Refusal):
    code = "scores.invalid"
    title = "The mark does not fit the assessment"
    kind = Kind.INVALID


class SheetClosed(Refusal):
    code = "sheets.closed"
    title = "The sheet is not open"
    kind = Kind.CONFLICT


class AssessmentLocked(Refusal):
    code = "assessments.locked"
    title = "The assessment is locked"
    kind = Kind.CONFLICT


class AssessmentNameTaken(Refusal):
    code = "assessments.name_taken"
    title = "The section has an assessment of this name"
    kind = Kind.CONFLICT


class NotYoursToEnter(Refusal):
    code = "assessments.not_yours"
    title = "Somebody else enters the marks of this assessment"
    kind = Kind.FORBIDDEN


class RowClosed(Refusal):
    code = "scores.row_closed"
    title = "The student has withdrawn or is barred"
    kind = Kind.CONFLICT


# -- Sheets ----------------------------------------------------------------------------------------


class DeviceView(View):
    """A device that holds this sheet, and what it said last about its unsynced marks."""

    client_id: str
    name: str
    account: Person
    last_seen: datetime | None
    pending: int
    conflicts: int


class SheetSummary(View):
    """`reminded_at` and what follows: who was last asked for it, as long as it has not moved since."""

    section_id: int
    course_code: str
    course_title: str
    term: str
    section: str
    state: str
    rev: int
    filled: int
    total: int
    devices: list[DeviceView] = msgspec.field(default_factory=list)
    submitted_at: datetime | None = None
    submitted_by: Person | None = None
    return_reason: str | None = None
    submit_note: str | None = None
    reminded_at: datetime | None = None
    reminded_by: Person | None = None
    reminder_note: str | None = None


class StudentOnSheet(View):
    id: int
    reg_no: str
    name: str


class CellOnSheet(View):
    """A cell inside its row. `ver` is 0 only where nothing was ever written."""

    mark: str | None
    score: Decimal | None
    ver: int
    by: Person | None = None
    at: datetime | None = None


class SheetRow(View):
    """One enrollment. Keys of `cells` are assessment ids as text, because JSON has no other keys."""

    enrollment_id: int
    status: str
    student: StudentOnSheet
    cells: dict[str, CellOnSheet] = msgspec.field(default_factory=dict)


class SheetView(View):
    section_id: int
    state: str
    rev: int
    digest: str
    epoch: str
    protocol: int
    assessments: list[AssessmentView]
    rows: list[SheetRow]
    audit_head: AuditHead | None = None


class ChangedCell(View):
    enrollment_id: int
    assessment_id: int
    mark: str | None
    score: Decimal | None
    ver: int
    by: Person | None = None
    at: datetime | None = None


class RosterChanges(View):
    """`added` carries every row that came, came back or changed its status, **with all its cells**
    (a row that comes back may bring cells whose revision lies before the reader's cursor);
    `removed` the enrollments that left."""

    added: list[SheetRow] = msgspec.field(default_factory=list)
    removed: list[int] = msgspec.field(default_factory=list)


class SheetChanges(View):
    """What moved after `since`. All fields are read in one snapshot, or a cursor could skip a row."""

    rev: int
    digest: str
    epoch: str
    state: str
    cells: list[ChangedCell]
    assessments: list[AssessmentView] | msgspec.UnsetType = msgspec.UNSET
    roster: RosterChanges | msgspec.UnsetType = msgspec.UNSET


class SubmitSheet(Command, frozen=True):
    """The lead hands the sheet in. `acknowledge` names the devices whose unsynced marks may wait; `note` is
    for the head: what was put right after a return."""

    section_id: Id
    rev: int
    acknowledge: list[ClientId] = msgspec.field(default_factory=list)
    note: Reason | None = None


class ApproveSheet(Command, frozen=True):
    section_id: Id
    rev: int


class ReturnSheet(Command, frozen=True):
    """Opens a submitted or approved sheet again, for the reason given."""

    section_id: Id
    reason: Reason


class MissingMark(View):
    """A blank in a row that is still enrolled."""

    enrollment_id: int
    reg_no: str
    student: str
    assessment_id: int
    assessment: str


class SheetStateView(View):
    """Where the sheet stands now. `missing` is what a submit found blank; it does not stop the submit,
    it stops the publish."""

    section_id: int
    state: str
    rev: int
    missing: list[MissingMark] = msgspec.field(default_factory=list)


class SheetStale(Refusal):
    code = "sheets.stale"
    title = "The sheet has changed since you read it"
    kind = Kind.CONFLICT


class DevicesUnsynced(Refusal):
    """Facts: `devices`, a list of `DeviceView`."""

    code = "sheets.devices_unsynced"
    title = "Some devices still hold unsynced marks"
    kind = Kind.CONFLICT


class SheetWrongState(Refusal):
    code = "sheets.wrong_state"
    title = "The sheet is not in the state this needs"
    kind = Kind.CONFLICT


class NotTheLead(Refusal):
    code = "sheets.not_lead"
    title = "The lead teacher submits a sheet"
    kind = Kind.FORBIDDEN


class OwnSheet(Refusal):
    code = "sheets.own"
    title = "Whoever submitted or teaches a sheet cannot approve it"
    kind = Kind.FORBIDDEN


# -- Sync ------------------------------------------------------------------------------------------


class SyncOp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One edit of a batch. `mark` and `score` are whatever the client sent: an invalid value is
    rejected on its own and never fails the batch, so they are judged by `read_value`, not by the
    decoder."""

    edit_id: EditId
    enrollment_id: Id
    assessment_id: Id
    base_ver: Annotated[int, msgspec.Meta(ge=0)]
    mark: Any
    score: Any


class SyncBatch(Command, frozen=True):
    """What one push carries. The server reads it with `read_batch`, from the very bytes whose hash
    goes into the receipt."""

    client_id: ClientId
    mid: Mid
    protocol: int
    ops: list[SyncOp]


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one op. With `applied`, `same` and `conflict` the fields are the server's cell
    after the batch; with `rejected` they are the server's cell too, unless the caller may no longer
    see it (then `ver` is null)."""

    edit_id: EditId
    outcome: Literal["applied", "same", "conflict", "rejected"]
    ver: int | None
    mark: str | None
    score: Decimal | None
    by: Person | None
    at: datetime | None
    code: str | None = None


class SyncAnswer(View):
    """Rev, digest, epoch and state are those of the moment of answering; the outcomes of a batch
    that is resent are the stored ones."""

    rev: int
    digest: str
    epoch: str
    state: str
    outcomes: list[Outcome]


class MutationReused(Refusal):
    code = "sync.mutation_reused"
    title = "This batch number was used for another batch"
    kind = Kind.CONFLICT


class MutationGap(Refusal):
    code = "sync.gap"
    title = "This is not the next batch of this device"
    kind = Kind.CONFLICT


class DeviceOfAnother(Refusal):
    code = "sync.device_of_another"
    title = "This device belongs to another account"
    kind = Kind.FORBIDDEN


class ProtocolUnsupported(Refusal):
    code = "sync.protocol_unsupported"
    title = "This version of the program is not understood by the server"
    kind = Kind.INVALID


class BatchTooLarge(Refusal):
    code = "sync.batch_too_large"
    title = "A batch carries at most 5,000 edits and 4 MB"
    kind = Kind.TOO_LARGE


# Numbers stay text until `read_value` judges them: a decimal never passes through a float.
_batch_decoder = msgspec.json.Decoder(SyncBatch, float_hook=str)
_loose_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_raw_list_decoder = msgspec.json.Decoder(list[msgspec.Raw])
_OP_FIELD = re.compile(r"at `\$\.(\w+)")
_op_decoder = msgspec.json.Decoder(SyncOp, float_hook=str)


def read_batch(body: bytes) -> SyncBatch:
    """Decodes the body of a push.

    Raises:
        BatchTooLarge: more than 5,000 ops or 4 MB.
        ProtocolUnsupported: a protocol this side does not speak.
        InvalidInput: with every fault of the frame and of the ops at once.
    """
    if len(body) > MAX_BATCH_BYTES:
        raise BatchTooLarge(f"{len(body)} bytes, {MAX_BATCH_BYTES} are allowed")
    try:
        batch = _batch_decoder.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidInput(errors=_faults_of(body, error)) from None
    if len(batch.ops) > MAX_OPS:
        raise BatchTooLarge(f"{len(batch.ops)} edits, {MAX_OPS} are allowed")
    if not PROTOCOL_MIN <= batch.protocol <= PROTOCOL_MAX:
        raise ProtocolUnsupported(
            f"protocol {batch.protocol}; {PROTOCOL_MIN} to {PROTOCOL_MAX} are understood"
        )
    return batch


def _faults_of(body: bytes, error: Exception) -> list[Fault]:
    """msgspec stops at the first error; a faulty body is read again piece by piece for the rest."""
    whole = Fault("", "request.malformed", in_words(str(error) or "Nested too deeply", SyncBatch))
    try:
        parts = _loose_decoder.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return [whole]
    faults: list[Fault] = []
    known = {"client_id": ClientId, "mid": Mid, "protocol": int, "ops": list[msgspec.Raw]}
    for name in parts.keys() - known.keys():
        faults.append(Fault(f"/{name}", "request.unknown_field", "there is no such field"))
    for name, wanted in known.items():
        if name not in parts:
            faults.append(Fault(f"/{name}", "request.missing", "is required"))
            continue
        try:
            msgspec.json.decode(parts[name], type=wanted)
        except (msgspec.DecodeError, RecursionError) as fault:
            faults.append(Fault(f"/{name}", "request.wrong", in_words(str(fault), wanted)))
    if "ops" in parts:
        try:
            ops = _raw_list_decoder.decode(parts["ops"])
        except (msgspec.DecodeError, RecursionError):
            ops = []
        for index, op in enumerate(ops):
            try:
                _op_decoder.decode(op)
            except (msgspec.DecodeError, RecursionError) as fault:
                field = _OP_FIELD.search(str(fault))
                place = f"/ops/{index}" + (f"/{field[1]}" if field else "")
                faults.append(Fault(place, "request.wrong", in_words(str(fault), SyncOp)))
    return faults or [whole]


# -- Values ----------------------------------------------------------------------------------------

UNKNOWN_MARK = "sync.unknown_mark"
SCORE_MISSING = "sync.score_missing"
SCORE_NOT_ALLOWED = "sync.score_not_allowed"
SCORE_MALFORMED = "sync.score_malformed"
SCORE_OUT_OF_RANGE = "sync.score_out_of_range"
_HUNDREDTH = Decimal("0.01")

REJECTIONS_IN_WORDS: Mapping[str, str] = {
    "sync.sheet_closed": "The sheet was handed in or approved meanwhile",
    "sync.not_teaching": "You no longer teach this section",
    "sync.not_on_roster": "The student has left the section",
    "sync.row_closed": "The student has withdrawn or is barred",
    "sync.no_such_assessment": "The assessment was taken away",
    "sync.assessment_locked": "The assessment is locked",
    "sync.not_yours": "The examination cell enters this assessment",
    "sync.lost_in_restore": "The server was restored from a backup that lacks this mark",
    UNKNOWN_MARK: "This is not a mark the sheet knows",
    SCORE_MISSING: "A scored mark needs its score",
    SCORE_NOT_ALLOWED: "Only a scored mark has a score",
    SCORE_MALFORMED: "The score is not a number with at most two decimals",
    SCORE_OUT_OF_RANGE: "The score lies outside 0 and the maximum",
}


def read_value(mark: Any, score: Any, max_score: Decimal) -> tuple[str | None, Decimal | None] | str:
    """The value a pair means, or the code that says why it is none.

    `score` is None, a Decimal, or a number's text (an int is accepted too, a float never is). Any
    number of trailing zeros is allowed, more than two significant decimals are not.
    """
    if mark is None:
        return (None, None) if score is None else SCORE_NOT_ALLOWED
    if not isinstance(mark, str) or mark not in MARKS:
        return UNKNOWN_MARK
    if mark != SCORED:
        return (mark, None) if score is None else SCORE_NOT_ALLOWED
    if score is None:
        return SCORE_MISSING
    if isinstance(score, bool) or not isinstance(score, (str, int, Decimal)):
        return SCORE_MALFORMED
    if isinstance(score, Decimal):
        text = format(score, "f") if score.is_finite() else "NaN"
    else:
        # An int of thousands of digits is refused before Python is asked to print it.
        text = score if isinstance(score, str) else str(score) if abs(score) < 10**9 else "NaN"
    if not DECIMAL_PATTERN.match(text) or len(text.partition(".")[2].rstrip("0")) > 2:
        return SCORE_MALFORMED
    number = Decimal(text)
    if not 0 <= number <= max_score:
        return SCORE_OUT_OF_RANGE
    return SCORED, abs(number.quantize(_HUNDREDTH))  # abs: there is no mark of -0
