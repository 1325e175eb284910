"""Transcripts and other sealed papers: issuing, the register, printing, verifying.

What was issued is never changed: a document is valid, superseded or revoked, and the word is a row
of its own. A newcomer would mend a wrong transcript; here a corrected one is issued and the old one
says "superseded" to whoever scans it.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from sims_shared.messages import Command, View
from sims_shared.problems import Kind, Refusal
from sims_shared.values import Id, Name, Person, Reason, Text

StockNumber = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=40,
        pattern=r"^[!-~]+\Z",
        description="letters, digits and signs, no blank",
    ),
]
DocumentKind = Literal["original", "duplicate", "corrected"]
DocumentStatus = Literal["valid", "superseded", "revoked"]
# What can be issued, and its series.
DOCUMENTS = {"transcript": "TR", "dmc": "DMC", "provisional": "PC", "bonafide": "BF"}
CHECK_LETTERS_LEAST = 8


class TranscriptHeld(Refusal):
    code = "transcripts.held"
    title = "A hold stands against issuing"


class TranscriptDiffers(Refusal):
    code = "transcripts.differs"
    title = "A result that was printed before has changed without an approved change"


class NoKeys(Refusal):
    code = "transcripts.no_keys"
    title = "There is no key to seal with"


class DocumentUnknown(Refusal):
    code = "transcripts.document_unknown"
    title = "There is no such kind of document"
    kind = Kind.INVALID


class NothingToPrint(Refusal):
    code = "transcripts.nothing_to_print"
    title = "There is nothing to print on it yet"


class NotComplete(Refusal):
    code = "transcripts.not_complete"
    title = "The program is not complete"


class NotEnrolled(Refusal):
    code = "transcripts.not_enrolled"
    title = "The registration is not an active one"


class NotReplaceable(Refusal):
    code = "transcripts.not_replaceable"
    title = "There is no such valid document to replace"


class NameUnprintable(Refusal):
    code = "transcripts.name_unprintable"
    title = "No installed typeface has these letters"


class DocumentNotValid(Refusal):
    code = "transcripts.not_valid"
    title = "The document is no longer valid"


class AlreadyRevoked(Refusal):
    code = "transcripts.already_revoked"
    title = "The document is revoked already"


class StockNumberTaken(Refusal):
    code = "transcripts.stock_number_taken"
    title = "This sheet of stationery was used before"


class ReasonNeeded(Refusal):
    code = "transcripts.reason_needed"
    title = "A spoiled sheet or a second print needs a reason"
    kind = Kind.INVALID


class TokenMalformed(Refusal):
    code = "transcripts.token_malformed"
    title = "This is not a code of this system"
    kind = Kind.INVALID


class TranscriptUnknown(Refusal):
    code = "transcripts.unknown"
    title = "We issued no such document"
    kind = Kind.MISSING


class IssueTranscript(Command, frozen=True, kw_only=True):
    """Seal a document: `transcript`, `dmc` (marks certificate), `provisional` or `bonafide` (the letter that
    somebody is a student, valid for 90 days). Without `registration_id` the student's current one; `term_id`
    says which examination a marks certificate is of (the latest declared when not given).

    `replaces` is the serial of the document whose place a duplicate (or a corrected one) takes; not given, it
    is the newest valid one for the same purpose and addressee, else the newest. Only that one is superseded,
    except that a corrected paper with results supersedes all of its kind (and examination)."""

    student_id: Id
    registration_id: Id | None = None
    document: Annotated[
        str, msgspec.Meta(min_length=1, max_length=40, description=f"one of {', '.join(DOCUMENTS)}")
    ]
    purpose: Name
    addressee: Name | None = None
    copies: Annotated[int, msgspec.Meta(ge=1, le=50)] = 1
    kind: DocumentKind = "original"
    term_id: Id | None = None
    replaces: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    stock_numbers: Annotated[list[StockNumber], msgspec.Meta(max_length=50)] | None = None


class CopyOf(msgspec.Struct, frozen=True, kw_only=True):
    """Which paper the copy is of, as `IssueTranscript` names it. A letter says its purpose and addressee."""

    document: Literal["transcript", "dmc", "bonafide"] = "transcript"
    term_id: Id | None = None
    purpose: Name | None = None
    addressee: Name | None = None


class Examination(View, kw_only=True):
    """An examination of which a marks certificate can be issued. `serial` is that of the valid one that was
    issued last, null where there is none: another one is a duplicate then."""

    term_id: int
    term: str
    sgpa: Decimal | None
    serial: str | None


class Examinations(View, kw_only=True):
    """The newest first."""

    results: list[Examination]


class PrintTranscript(Command, frozen=True, kw_only=True):
    """Write sheets that a printer used, or spoiled, into the custody ledger."""

    serial: str
    printer: Annotated[str, msgspec.Meta(max_length=200)]
    stock_numbers: Annotated[list[StockNumber], msgspec.Meta(max_length=50)]
    outcome: Literal["printed", "spoiled"]
    reason: Text | None = None


class RevokeTranscript(Command, frozen=True, kw_only=True):
    """Withdraw a document for ever."""

    serial: str
    reason: Reason


class EnqueueTranscripts(Command, frozen=True, kw_only=True):
    """Make documents of many students in the background."""

    student_ids: Annotated[list[Id], msgspec.Meta(min_length=1, max_length=5000)]
    email: bool = False
    sealed: bool = False


class VerifyFile(msgspec.Struct):
    """The form of a file to verify."""

    file: bytes
    file_name: str = ""


class Difference(View, kw_only=True):
    """A row that an earlier document printed otherwise; here an approved change stands behind it."""

    course: str
    term: str
    before: str
    after: str
    serial: str
    change_id: int | None = None


class IssuedCopy(View, kw_only=True):
    serial: str
    verify_url: str
    sha256: str


class Issued(View, kw_only=True):
    """What was sealed; the top-level fields repeat the first copy's."""

    serial: str
    verify_url: str
    issued_at: datetime
    sha256: str
    copies: list[IssuedCopy]
    differences: list[Difference]


class StudentOnPaper(View, kw_only=True):
    name: str
    reg_no: str


class IssuedDocumentView(View, kw_only=True):
    """A line of the register."""

    id: int
    serial: str
    document: str
    kind: DocumentKind
    status: DocumentStatus
    student_id: int
    student: StudentOnPaper
    registration_id: int
    purpose: str
    addressee: str | None
    copy_number: int
    copies: int
    demo: bool
    sha256: str
    content_sha256: str
    check_code: str
    verify_url: str
    issued_at: datetime
    issued_by: Person


class PrintedSheetView(View, kw_only=True):
    """A line of the custody ledger."""

    stock_number: str | None
    printer: str
    outcome: Literal["bound", "printed", "spoiled"]
    reason: str
    by: Person
    at: datetime


class StatusChange(View, kw_only=True):
    status: Literal["superseded", "revoked"]
    reason: str
    by: Person
    at: datetime


class IssuedDocumentDetail(IssuedDocumentView, kw_only=True):
    """A document with its ledger, what became of it, and its content as it was sealed."""

    sheets: list[PrintedSheetView]
    history: list[StatusChange]
    content: dict[str, Any]


class JobStarted(View, kw_only=True):
    job_id: int


class CourseOnPaper(View, kw_only=True):
    code: str
    title: str
    credits: str
    grade: str
    term: str


class Verified(View, kw_only=True):
    """What a stranger who holds the code may know. `valid_until` of an unofficial copy's code, or of a
    letter, to the end of that day; past it the status is `expired`."""

    status: Literal["valid", "expired", "superseded", "revoked"]
    in_words: str
    document: str
    official: bool
    demo: bool
    serial: str | None
    student: StudentOnPaper
    program: str
    issued_at: datetime
    cgpa: str | None
    credits: str | None
    courses: list[CourseOnPaper]
    sha256: str | None
    valid_until: datetime | None = None


class FileVerdict(View, kw_only=True):
    """The judgment of a file. Facts are given only where the seal vouches for them; `list_age` is the
    age of the status in seconds (0: asked just now). A letter past its `valid_until` stays genuine and is
    `expired`."""

    verdict: Literal["genuine", "superseded", "revoked", "altered", "forged", "unknown_key", "foreign"]
    in_words: str
    list_age: int | None
    faults: list[str]
    demo: bool = False
    serial: str | None = None
    document: str | None = None
    student: StudentOnPaper | None = None
    program: str | None = None
    cgpa: str | None = None
    sha256: str | None = None
    valid_until: date | None = None
    expired: bool = False
