"""What a transcript says, before anybody thinks of paper: the content at issue.

Every figure is text exactly as it is printed, because the paper, the code and the data must agree
to the last digit and because a regulation that rounds differently next year must not change what
was issued this year. Nothing here computes a grade or an average.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Literal

import msgspec

from sims_shared.seal.canonical import canonical

FORMAT = "sims-document/1"


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    """Who issues. `id` is the short issuer id of the key document."""

    id: str
    name: str
    name_native: str | None = None
    office: str
    address: str = ""
    phone: str = ""
    url: str = ""


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Of whom it speaks. Name as per certificate; the native script beside it. `father_name` only
    where the policy prints it."""

    name: str
    name_native: str | None = None
    father_name: str | None = None


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """The notification that declared a result: its number and date (YYYY-MM-DD)."""

    number: str
    date: str


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """The registration as printed. `completed_on` and `notification` only when complete."""

    reg_no: str
    roll_no: str | None = None
    program_code: str
    program: str
    level: str = ""
    mode: str = ""
    intake: str
    admitted_on: str = ""
    completed_on: str | None = None
    notification: Notification | None = None
    requirement: str = ""


class CourseRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a term. `credits` as printed ("4", "NC"), `split` as "3-1", `marks` a percentage,
    `grade` ASCII, `mark` the sign of a repeat ("R", "R2"), `note` printed after it."""

    code: str
    title: str
    credits: str
    split: str = ""
    marks: str = "-"
    grade: str
    points: str = "-"
    quality_points: str = "-"
    mark: str = ""
    note: str = ""


class TermBlock(msgspec.Struct, frozen=True, kw_only=True):
    """A term with its line as declared, or `recorded` before this system. SGPA and CGPA are "-" where there
    is none."""

    name: str
    rows: list[CourseRow]
    gpa_credits: str = ""
    quality_points: str = ""
    sgpa: str = "-"
    cgpa: str = "-"
    notification: Notification | None = None
    recorded: bool = False


class TransferRow(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    credits: str
    grade: str = "TR"


class TransferBlock(msgspec.Struct, frozen=True, kw_only=True):
    """Credit brought from elsewhere: which institution, by whose order."""

    institution: str
    reference: str
    rows: list[TransferRow]
    credits: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The record's totals as text. `derivation` is the CGPA's fraction in words
    ("114.80/40, half up")."""

    attempted: str
    gpa_credits: str
    earned: str
    transferred: str = "0"
    quality_points: str
    cgpa: str
    derivation: str = ""
    division: str = ""
    rank: str = ""


class Signatory(msgspec.Struct, frozen=True, kw_only=True):
    """A line to sign on: "Prepared", "Compared" … with name and designation."""

    role: str
    name: str = ""
    designation: str = ""


class HeadMarks(msgspec.Struct, frozen=True, kw_only=True):
    """One head of a course on a marks certificate: maximum, obtained and minimum marks as printed."""

    head: str
    maximum: str
    obtained: str
    minimum: str = ""
    words: str = ""


class MarksRow(msgspec.Struct, frozen=True, kw_only=True):
    """A course of a marks certificate."""

    code: str
    title: str
    attempt: str
    heads: list[HeadMarks]
    total: str
    percentage: str = "-"
    grade: str = ""
    points: str = "-"
    credits: str = ""
    outcome: str = ""


class MarksSheet(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a detailed marks certificate (one examination)."""

    examination: str
    exam_roll: str = ""
    attempt: str = ""
    rows: list[MarksRow]
    obtained: str = ""
    maximum: str = ""
    in_words: str = ""
    sgpa: str = "-"
    cgpa: str = "-"
    standing: str = ""
    notification: Notification | None = None


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """A document's content at issue: what is hashed, signed, attached and kept for ever.

    `document` is transcript, dmc, provisional or bonafide; `kind` original, duplicate or corrected;
    `complete` says whether the program is. `issued_on` is a day of the institution's calendar. `statements`
    are the paragraphs of a certificate, `remark` a line below the heading, `legend` what explains the
    figures. `status_index` is the place in the status list, `valid_until` the last day of a letter."""

    format: Literal["sims-document/1"] = "sims-document/1"
    document: str = "transcript"
    kind: Literal["original", "duplicate", "corrected"] = "original"
    demo: bool = False
    serial: str
    copy: int = 1
    copies: int = 1
    replaces: str | None = None
    status_index: int
    issued_on: str
    valid_until: str | None = None
    issuer: Issuer
    holder: Holder
    registration: Registration
    complete: bool = False
    transfers: list[TransferBlock] = []
    terms: list[TermBlock] = []
    marks: MarksSheet | None = None
    summary: Summary | None = None
    statements: list[str] = []
    remark: str = ""
    legend: list[str] = []
    signatories: list[Signatory] = []
    purpose: str = ""
    addressee: str = ""

    def issue_day(self) -> date:
        return date.fromisoformat(self.issued_on)

    def last_day(self) -> date | None:
        return date.fromisoformat(self.valid_until) if self.valid_until else None


def content_bytes(content: Content) -> bytes:
    """The canonical JSON (RFC 8785) that is stored, hashed and attached."""
    return canonical(msgspec.to_builtins(content))


def content_hash(data: bytes) -> bytes:
    """SHA-256 (32 bytes) of canonical content."""
    return hashlib.sha256(data).digest()


def read_content(data: bytes) -> Content:
    """Stored content as a struct again. Raises `msgspec.DecodeError`."""
    return msgspec.json.decode(data, type=Content)
