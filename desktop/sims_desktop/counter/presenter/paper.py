"""From a purpose to sealed sheets in the hand and in the ledger. Qt-free.

A job is a row of steps – seal, fetch, print, record – and knows which of them are done. The rule a
newcomer would get wrong: after a step failed one goes on at that step. Beginning anew would seal a second
document, or print a second sheet that the ledger does not know.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from sims_desktop.client.errors import ClientError, ProblemAnswer, SignedOut, TryLater
from sims_desktop.counter.presenter.desk import OFF_LINE, Visitor
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import listed, plural, status_words
from sims_shared.problems import Fault
from sims_shared.transcripts import (
    Difference,
    Examination,
    Issued,
    IssuedDocumentDetail,
    StockNumberTaken,
    TranscriptDiffers,
)

PURPOSES = (
    later("Visa"),
    later("Employment"),
    later("Further study"),
    later("Scholarship"),
    later("Personal record"),
)
LETTER_PURPOSES = (
    later("Passport application"),
    later("Visa application"),
    later("Bank account"),
    later("Scholarship"),
)
SPOILED = (later("Paper jam"), later("Smudged or torn"), later("Wrong sheet"), later("Misprinted"))
COPIES_AT_MOST = 50
_STOCK = re.compile(r"[!-~]{1,40}")
_BETWEEN = re.compile(r"[\s,;]+")


class PaperCalls(Protocol):
    """The server as a job needs it; raises `ClientError`s."""

    def unofficial_copy(self, student_id: int, of: Mapping[str, str | int] | None = None) -> bytes: ...

    def examinations(self, student_id: int) -> list[Examination]: ...

    def issue(self, body: dict[str, Any], key: str) -> Issued: ...

    def sealed_file(self, serial: str) -> bytes: ...

    def read_document(self, serial: str) -> IssuedDocumentDetail: ...

    def record_sheets(
        self, serial: str, printer: str, stock_numbers: list[str], outcome: str, reason: str, key: str
    ) -> IssuedDocumentDetail: ...


class PrinterFault(Exception):
    """The paper did not come out; `str()` of it is a sentence."""


class Printer(Protocol):
    """Where sheets come out. `print` is called off the window's thread and raises PrinterFault."""

    @property
    def name(self) -> str: ...

    def print(self, pdf: bytes, title: str) -> None: ...


class FileDamaged(ClientError):
    """What arrived is not what was sealed."""


def new_key() -> str:
    return uuid.uuid4().hex


def purpose_of(typed: str, purposes: Sequence[str] = PURPOSES) -> str:
    """A digit chooses, anything else is the purpose itself."""
    text = " ".join(typed.split())
    if text.isascii() and text.isdigit() and 1 <= int(text) <= len(purposes):
        return purposes[int(text) - 1]
    return text


def reason_of(typed: str) -> str:
    """What spoiled a sheet: a digit chooses, anything else is the reason itself."""
    text = " ".join(typed.split())
    if text.isascii() and text.isdigit() and 1 <= int(text) <= len(SPOILED):
        return SPOILED[int(text) - 1]
    return text


def stock_numbers_of(typed: str) -> list[str]:
    """What the wand read, one number after the other."""
    return [number for number in _BETWEEN.split(typed.strip()) if number]


@dataclass(slots=True)
class Sheet:
    """One copy on its way to paper. `stock` is the printed number of its sheet, empty on plain paper."""

    serial: str
    sha256: str
    stock: str = ""
    reason: str = ""
    pdf: bytes | None = None
    is_printed: bool = False
    is_recorded: bool = False
    key: str = field(default_factory=new_key)

    def bring_out(self, calls: PaperCalls, printer: Printer) -> None:
        if self.pdf is None:
            pdf = calls.sealed_file(self.serial)
            if hashlib.sha256(pdf).hexdigest() != self.sha256:
                raise FileDamaged(
                    phrase("{serial} arrived damaged; nothing was printed.", serial=self.serial)
                )
            self.pdf = pdf
        if not self.is_printed:
            printer.print(self.pdf, self.serial)
            self.is_printed = True
        if not self.is_recorded:
            stock = [self.stock] if self.stock else []
            calls.record_sheets(self.serial, printer.name, stock, "printed", self.reason, self.key)
            self.is_recorded = True


class Job(Protocol):
    """Steps that are carried out, off the window's thread, until one fails."""

    @property
    def sheets(self) -> Sequence[Sheet]: ...

    def carry_out(self, calls: PaperCalls, printer: Printer) -> None: ...

    def is_over(self) -> bool: ...


@dataclass(slots=True)
class IssueJob:
    """A new document in one or more copies. Its body is never changed once it was sent."""

    body: dict[str, Any]
    key: str = field(default_factory=new_key)
    issued: Issued | None = None
    sheets: list[Sheet] = field(default_factory=list)

    def carry_out(self, calls: PaperCalls, printer: Printer) -> None:
        if self.issued is None:
            self.issued = calls.issue(self.body, self.key)
            stock = self.body["stock_numbers"] or [""] * len(self.issued.copies)
            self.sheets = [
                Sheet(copy.serial, copy.sha256, number)
                for copy, number in zip(self.issued.copies, stock, strict=True)
            ]
        for sheet in self.sheets:
            sheet.bring_out(calls, printer)

    def is_over(self) -> bool:
        return self.issued is not None and all(sheet.is_recorded for sheet in self.sheets)


@dataclass(slots=True)
class ReprintJob:
    """The same bytes again; where `void` names a spoiled sheet, that is written down first."""

    sheet: Sheet
    void: str = ""
    is_voided: bool = False
    void_key: str = field(default_factory=new_key)

    @property
    def sheets(self) -> Sequence[Sheet]:
        return [self.sheet]

    def carry_out(self, calls: PaperCalls, printer: Printer) -> None:
        if self.void and not self.is_voided:
            calls.record_sheets(
                self.sheet.serial, printer.name, [self.void], "spoiled", self.sheet.reason, self.void_key
            )
            self.is_voided = True
        self.sheet.bring_out(calls, printer)

    def is_over(self) -> bool:
        return self.sheet.is_recorded


class Stage(Enum):
    CLOSED = "closed"
    PURPOSE = "what for"
    DRAWING = "drawing"
    PREVIEW = "preview"
    REPRINT = "print again"
    WORKING = "working"
    STOPPED = "stopped"


class PaperPresenter:
    """One piece of paper at a time. `draw`, `look_up` and a job's `carry_out` are called off the window's
    thread; everything else on it. `on_change` after every change."""

    def __init__(self, calls: PaperCalls, on_change: Callable[[], None] = lambda: None) -> None:
        self.calls = calls
        self.on_change = on_change
        self.stage = Stage.CLOSED
        self.visitor: Visitor | None = None
        self.purpose = ""
        self.copies = 1
        self.stock: list[str] = []
        self.pdf: bytes | None = None
        self.complaint = ""
        self.faults: list[Fault] = []
        self.job: Job | None = None
        self.document: IssuedDocumentDetail | None = None
        self.is_spoiled = False
        self.examinations: Sequence[Examination] = ()
        self.examination: Examination | None = None
        self.is_duplicate = False
        self.evidence = ""
        self.is_letter = False
        self.addressee = ""

    # A new transcript, the marks certificate of an examination, or a letter

    def begin(
        self, visitor: Visitor, examinations: Sequence[Examination] = (), *, is_letter: bool = False
    ) -> bool:
        """False when something known stands against it: the page says why. With `examinations` it is a marks
        certificate of one of them."""
        self.close()
        if visitor.blocking or (is_letter and visitor.letter_refusal):
            return False
        self.visitor = visitor
        self.is_letter = is_letter
        self.examinations = examinations
        if examinations:
            self.examination = examinations[0]
        self.stage = Stage.PURPOSE
        self.on_change()
        return True

    def take_examination(self, number: int, *, is_duplicate: bool, evidence: str) -> None:
        """Which one, and whether it takes the place of one that was lost."""
        self.examination = self.examinations[number]
        self.is_duplicate, self.evidence = is_duplicate, " ".join(evidence.split())

    @property
    def purposes(self) -> Sequence[str]:
        """What a digit stands for; a letter has one more, for what is said in words."""
        return LETTER_PURPOSES if self.is_letter else PURPOSES

    def choose(self, typed: str, copies: int, addressee: str = "") -> bool:
        """The purpose is known: time to draw the preview."""
        self.faults = []
        purpose = purpose_of(typed, self.purposes)
        if self.is_letter and purpose.isdigit():
            purpose = ""
        if self.is_duplicate and not self.evidence:
            detail = phrase("The number of the report or affidavit of the loss")
            self.faults.append(Fault("/evidence", "missing", detail))
        if self.is_duplicate and self.examination is not None and self.examination.serial is None:
            detail = phrase(
                "No valid certificate of this examination was issued; there is nothing to replace."
            )
            self.faults.append(Fault("/examination", "wrong", detail))
        if not purpose:
            detail = phrase("A digit of the list, or what it is for")
            if self.is_letter and typed.strip():
                detail = phrase("Say in words what it is for; the letter prints them")
            self.faults.append(Fault("/purpose", "missing", detail))
        if not 1 <= copies <= COPIES_AT_MOST:
            self.faults.append(Fault("/copies", "wrong", phrase("1 to {most} copies", most=COPIES_AT_MOST)))
        if not self.faults:
            self.purpose, self.copies, self.addressee = purpose, copies, " ".join(addressee.split())
            self.stage = Stage.DRAWING
            self.complaint = ""
        self.on_change()
        return not self.faults

    def draw(self, student_id: int) -> bytes:
        return self.calls.unofficial_copy(student_id, self._of() | self._said())

    def _of(self) -> dict[str, str | int]:
        """Which paper it is."""
        if self.is_letter:
            return {"document": "bonafide"}
        if self.examination is not None:
            return {"document": "dmc", "term_id": self.examination.term_id}
        return {"document": "transcript"}

    def _said(self) -> dict[str, str | int]:
        """What the text of a letter is made of."""
        if not self.is_letter:
            return {}
        to: dict[str, str | int] = {"addressee": self.addressee} if self.addressee else {}
        return {"purpose": self.purpose} | to

    def drew(self, pdf: bytes) -> None:
        if self.stage is Stage.DRAWING:
            self.pdf = pdf
            self.stage = Stage.PREVIEW
            self.on_change()

    def not_drawn(self, error: Exception) -> None:
        if self.stage is Stage.DRAWING:
            self.stage = Stage.PURPOSE
            self.complaint = words_of(error)
            self.on_change()

    def take_stock(self, typed: str) -> bool:
        """Whether the sheets named are enough to go on: none for plain paper, or one a copy."""
        numbers = stock_numbers_of(typed)
        self.faults = []
        wrong = [number for number in numbers if not _STOCK.fullmatch(number)]
        if wrong:
            self._stock_fault(phrase("{names} is no number of a sheet", names=listed(wrong)))
        elif len(set(numbers)) != len(numbers):
            self._stock_fault(phrase("A sheet is named twice"))
        elif numbers and len(numbers) < self.copies:
            missing = self.copies - len(numbers)
            self._stock_fault(phrase("{sheets} more: one for each copy", sheets=plural(missing, "sheet")))
        elif len(numbers) > self.copies:
            self._stock_fault(
                phrase(
                    "{copies}, but {count} sheets are named",
                    copies=plural(self.copies, "copy", "copies"),
                    count=len(numbers),
                )
            )
        self.stock = numbers
        self.on_change()
        return not self.faults

    def _stock_fault(self, words: str) -> None:
        self.faults = [Fault("/stock_numbers", "wrong", words)]

    def make_job(self) -> Job:
        """The job that Enter starts, or goes on with."""
        if self.job is None:
            assert self.visitor is not None
            body: dict[str, Any] = {
                "student_id": self.visitor.student.id,
                "purpose": self.purpose,
                "copies": self.copies,
                "stock_numbers": self.stock or None,
            }
            body |= self._of() | self._said()
            if self.is_duplicate:
                said = f"{self.purpose}, duplicate upon {self.evidence}"
                body |= {"kind": "duplicate", "purpose": said[:200]}
                if self.examination is not None:
                    body["replaces"] = self.examination.serial
            self.job = IssueJob(body)
        self.stage = Stage.WORKING
        self.complaint = ""
        self.on_change()
        return self.job

    def done(self) -> str:
        """The job is over: what came out, in a sentence."""
        job, spoiled = self.job, self.is_spoiled
        assert job is not None
        sheets = job.sheets
        stock = [sheet.stock for sheet in sheets if sheet.stock]
        on = (
            phrase(" on {sheets} {names}", sheets=plural(len(stock), "sheet"), names=listed(stock))
            if stock
            else ""
        )
        said = phrase(
            "{names} printed{on} and recorded.", names=listed(sheet.serial for sheet in sheets), on=on
        )
        if isinstance(job, ReprintJob):
            void = phrase(" Sheet {void} is void.", void=job.void) if spoiled and job.void else ""
            said = phrase(
                "{serial} printed again{on} and recorded.{void}", serial=job.sheet.serial, on=on, void=void
            )
        elif isinstance(job, IssueJob) and job.issued is not None and job.issued.differences:
            said += " " + " ".join(map(difference_words, job.issued.differences))
        self.close()
        return said

    def stopped(self, error: Exception) -> None:
        """A step failed. A refusal before sealing gives the form back; after it, Enter goes on."""
        self.complaint = words_of(error)
        job = self.job
        if isinstance(error, ProblemAnswer):
            self.faults = list(error.errors)
            if isinstance(job, IssueJob) and job.issued is None:
                self.job = None
                self.stage = Stage.PREVIEW
                if error.code == StockNumberTaken.code:
                    self._stock_fault(error.detail or error.title)
                    self.complaint = ""
                self.on_change()
                return
        self.stage = Stage.STOPPED
        self.complaint = f"{self.complaint} {self._next_words(error)}".strip()
        self.on_change()

    def _next_words(self, error: Exception) -> str:
        job = self.job
        assert job is not None
        if isinstance(job, IssueJob) and job.issued is None:
            return phrase(
                "It may have been sealed. Enter asks again for the same document, "
                "never for a second one; Esc leaves it."
            )
        sheet = next((sheet for sheet in job.sheets if not sheet.is_recorded), None)
        if sheet is None:
            return ""
        if sheet.is_printed:
            out = phrase(
                "{serial} came out of the printer but is not in the ledger yet.", serial=sheet.serial
            )
            if isinstance(error, ProblemAnswer):
                return phrase("{out} Type the number on the sheet, Enter.", out=out)
            return phrase("{out} Enter records it.", out=out)
        if isinstance(job, ReprintJob):
            return phrase("Enter tries again.")
        return phrase(
            "{serial} is sealed but not printed. Enter tries again, Ctrl+P chooses another printer.",
            serial=sheet.serial,
        )

    def go_on(self, typed_stock: str) -> Job | None:
        """Enter after a stop. A sheet that came out and was refused by its number takes another one."""
        job = self.job
        if self.stage is not Stage.STOPPED or job is None:
            return None
        if isinstance(job, ReprintJob) and not job.sheet.is_recorded:
            numbers = stock_numbers_of(typed_stock)
            stock = numbers[0] if numbers else ""
            if stock != job.sheet.stock:
                job.sheet.stock, job.sheet.key = stock, new_key()
        return self.make_job()

    # A sheet again

    def look_up(self, serial: str) -> IssuedDocumentDetail:
        return self.calls.read_document(serial)

    def begin_reprint(self, document: IssuedDocumentDetail, *, spoiled: bool) -> str:
        """The form for another sheet of it; a refusal in words where there cannot be one."""
        self.close()
        if document.status != "valid":
            return phrase(
                "{serial} is {status}; it is not printed again. Issue a new document.",
                serial=document.serial,
                status=status_words(document.status),
            )
        if spoiled and not was_printed(document):
            return phrase(
                "{serial} was never printed, so no sheet of it can be spoiled. Shift+F6 prints it.",
                serial=document.serial,
            )
        self.document, self.is_spoiled = document, spoiled
        self.stage = Stage.REPRINT
        self.on_change()
        return ""

    def turn_to(self, document: IssuedDocumentDetail) -> None:
        """The spoiled sheet is one of another copy."""
        self.document = document
        self.on_change()

    @property
    def needs_reason(self) -> bool:
        return self.document is not None and was_printed(self.document)

    @property
    def last_stock(self) -> str:
        """The number of the sheet that lies before the clerk."""
        sheets = self.document.sheets if self.document else []
        return next((one.stock_number or "" for one in reversed(sheets) if one.outcome == "printed"), "")

    def reprint(self, reason: str, void: str, typed_stock: str) -> Job | None:
        """Another sheet; None when something is missing, then `faults` say what."""
        document = self.document
        assert document is not None
        reason, void = (reason_of(reason) if self.is_spoiled else " ".join(reason.split())), void.strip()
        numbers = stock_numbers_of(typed_stock)
        self.faults = []
        if self.needs_reason and not reason:
            words = (
                phrase("What spoiled the sheet?") if self.is_spoiled else phrase("Why is it printed again?")
            )
            self.faults.append(Fault("/reason", "missing", words))
        if len(numbers) > 1:
            self.faults.append(Fault("/stock_numbers", "wrong", phrase("One sheet at a time")))
        elif numbers and numbers[0] == void:
            self.faults.append(Fault("/stock_numbers", "wrong", phrase("That is the spoiled sheet itself")))
        if self.faults:
            self.on_change()
            return None
        stock = numbers[0] if numbers else ""
        sheet = Sheet(document.serial, document.sha256, stock, reason)
        self.job = ReprintJob(sheet, void if self.is_spoiled else "")
        return self.make_job()

    # Leaving

    @property
    def unfinished(self) -> str:
        """What would stay half done, as a sentence."""
        job = self.job
        if job is None or job.is_over():
            return ""
        if self.stage is Stage.WORKING:
            return phrase("A document is being sealed and printed.")
        out = [sheet.serial for sheet in job.sheets if sheet.is_printed and not sheet.is_recorded]
        if out:
            return phrase("{names} came out of the printer but is not in the ledger.", names=listed(out))
        return ""

    def close(self) -> None:
        self.stage = Stage.CLOSED
        self.visitor = self.document = self.job = self.pdf = None
        self.purpose, self.copies, self.stock = "", 1, []
        self.complaint, self.faults, self.is_spoiled = "", [], False
        self.examinations, self.examination = (), None
        self.is_duplicate, self.evidence = False, ""
        self.is_letter, self.addressee = False, ""
        self.on_change()


def was_printed(document: IssuedDocumentDetail) -> bool:
    """Whether a good sheet of it is out, as the ledger says."""
    spoiled = {one.stock_number for one in document.sheets if one.outcome == "spoiled"}
    return any(
        one.outcome == "printed" and (one.stock_number is None or one.stock_number not in spoiled)
        for one in document.sheets
    )


def difference_words(difference: Difference | dict[str, Any]) -> str:
    """What an earlier document printed otherwise, and what stands behind the change."""
    said = (
        difference
        if isinstance(difference, dict)
        else {name: getattr(difference, name) for name in difference.__struct_fields__}
    )
    behind = (
        phrase(", by approved change {change}", change=said["change_id"]) if said.get("change_id") else ""
    )
    return phrase(
        "{course} ({term}): {serial} printed {before}, now {now}{behind}.",
        course=said["course"],
        term=said["term"],
        serial=said["serial"],
        before=said["before"],
        now=said["after"],
        behind=behind,
    )


def words_of(error: Exception) -> str:
    """What a clerk is told. What is no answer, refusal or printer's fault is a bug and raised again."""
    if isinstance(error, ProblemAnswer):
        rows = error.facts.get("differences")
        if error.code == TranscriptDiffers.code and isinstance(rows, list):
            return f"{error.title}. " + " ".join(
                difference_words(row) for row in rows if isinstance(row, dict)
            )
        return str(error)
    if isinstance(error, SignedOut):
        return phrase("Your session has ended: switch user and sign in again.")
    if isinstance(error, TryLater):
        return f"{error}. {phrase(OFF_LINE)}"
    if isinstance(error, PrinterFault | ClientError):
        return str(error)
    raise error


def examination_words(one: Examination) -> str:
    """`Fall 2023 · SGPA 2.79`, and what was issued of it already."""
    said = [one.term]
    if one.sgpa is not None:
        said.append(phrase("SGPA {sgpa}", sgpa=f"{one.sgpa:.2f}"))
    if one.serial is not None:
        said.append(phrase("{serial} was issued; D for a duplicate", serial=one.serial))
    return " · ".join(said)
