"""Who stands at the counter, and how it stands with them, in words. Qt-free.

The rule a newcomer would get wrong: holds come first and say who can lift them, because the clerk cannot;
what is merely asked for comes after, and what was fetched already is not mentioned at all.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sims_desktop.client.errors import ProblemAnswer
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import listed, plural, status_words, when
from sims_desktop.requests.presenter.words import fee_words, promised_words, title_words
from sims_shared.access import Permission
from sims_shared.catalog import ProgramView
from sims_shared.enrollment import MAY_ENROLL
from sims_shared.holds import HoldKindView, HoldView
from sims_shared.people import StudentView
from sims_shared.requests import RequestTypeView, RequestView, request_of
from sims_shared.transcripts import DOCUMENTS, IssuedDocumentView

OFF_LINE = later("Off line the counter verifies but does not issue. F9 verifies.")
LEAST_LETTERS = 3
DOCUMENT_NAMES = {
    "transcript": later("Transcript"),
    "dmc": later("Detailed marks certificate"),
    "provisional": later("Provisional certificate"),
    "bonafide": later("Bonafide letter"),
}
_SERIAL = re.compile(rf"(?:{'|'.join(DOCUMENTS.values())})-\d{{4}}-\d+", re.IGNORECASE)
_SEALED_CODE = re.compile(r"https?://.*/v/|[A-Z2-7]{120,}", re.IGNORECASE)


class DeskCalls(Protocol):
    """The server as the desk needs it; raises `ClientError`s."""

    def find_students(self, words: str) -> list[StudentView]: ...

    def read_student(self, student_id: int) -> StudentView: ...

    def read_program(self, program_id: int) -> ProgramView: ...

    def open_holds(self, student_id: int) -> list[HoldView]: ...

    def hold_kinds(self) -> list[HoldKindView]: ...

    def requests_of(self, student_id: int) -> list[RequestView]: ...

    def request_types(self) -> list[RequestTypeView]: ...

    def read_request(self, request_id: int) -> RequestView: ...

    def documents_of(self, student_id: int) -> list[IssuedDocumentView]: ...

    def find_document(self, serial: str) -> IssuedDocumentView | None: ...


@dataclass(frozen=True, slots=True)
class Found:
    """What a search brought: students, or the one student to open at once (perhaps for a `serial`, or for
    the request whose slip was scanned)."""

    words: str
    students: Sequence[StudentView] = ()
    open_id: int | None = None
    serial: str = ""
    request_id: int | None = None

    @property
    def sentence(self) -> str:
        if request_of(self.words) is not None:
            return phrase("No application has the receipt “{words}”.", words=self.words)
        if not self.students:
            return phrase("Nobody is found by “{words}”.", words=self.words)
        return phrase(
            "{students} found by “{words}”.", students=plural(len(self.students), "student"), words=self.words
        )


@dataclass(frozen=True, slots=True)
class Visitor:
    """A student at the counter."""

    student: StudentView
    program: str
    holds: Sequence[HoldView]
    lifters: dict[str, str]
    requests: Sequence[RequestView]
    request_titles: dict[str, str]
    documents: Sequence[IssuedDocumentView]

    @property
    def headline(self) -> str:
        return f"{self.student.name} · {self.student.reg_no}"

    @property
    def about(self) -> str:
        status = status_words(self.student.status)
        cgpa = (
            phrase("CGPA {cgpa}", cgpa=self.student.cgpa)
            if self.student.cgpa is not None
            else phrase("no result declared yet")
        )
        return f"{self.program} · {status} · {cgpa}"

    @property
    def blocking(self) -> Sequence[HoldView]:
        return [hold for hold in self.holds if "transcript" in hold.blocks and hold.effect == "block"]

    @property
    def hold_words(self) -> list[str]:
        """A line a hold, those that stop a transcript first."""
        blocking = {hold.id for hold in self.blocking}
        ordered = sorted(self.holds, key=lambda hold: hold.id not in blocking)
        return [self._words_of(hold) for hold in ordered]

    @property
    def refusal(self) -> str:
        """Why no transcript may be issued now; empty when nothing known stands against it."""
        if not self.blocking:
            return ""
        return phrase("No transcript while a hold stands against it. ") + " ".join(
            self._words_of(hold) for hold in self.blocking
        )

    @property
    def letter_refusal(self) -> str:
        """The same of a letter, which only an active registration has."""
        if self.blocking:
            return phrase("No letter while a hold stands against it. ") + " ".join(
                self._words_of(hold) for hold in self.blocking
            )
        if self.student.status in MAY_ENROLL:
            return ""
        return phrase(
            "No letter: the registration is {status}. The registrar changes that by an order.",
            status=status_words(self.student.status),
        )

    def _words_of(self, hold: HoldView) -> str:
        amount = phrase(" of {amount:,.2f}", amount=hold.amount) if hold.amount is not None else ""
        touched = listed(name.replace("_", " ") for name in hold.blocks)
        effect = {
            "block": phrase("Stops {touched}", touched=touched),
            "watermark": phrase("Leaves a remark on {touched}", touched=touched),
        }.get(hold.effect, phrase("A warning only"))
        see = phrase(" See {contact}.", contact=hold.contact) if hold.contact else ""
        lifter = self.lifters.get(hold.kind, "").replace("_", " ")
        lifted = phrase(" Lifted by: {lifter}.", lifter=lifter) if lifter else ""
        reason = hold.reason.rstrip(".")
        kind = hold.kind.replace("_", " ").capitalize()
        return phrase(
            "{kind} hold{amount}: {reason}. {effect}.{see}{lifted}",
            kind=kind,
            amount=amount,
            reason=reason,
            effect=effect,
            see=see,
            lifted=lifted,
        )

    def request_words(self, now: datetime) -> list[str]:
        """What is ready first, then what is under way."""
        ready, waiting = [], []
        for request in self.requests:
            title = title_words(request.type, self.request_titles)
            if request.status == "completed" and request.collected_by is None:
                since = when(request.ready_at, now)
                ready.append(
                    phrase(
                        "{title} ready, tray {tray}, since {when}.",
                        title=title,
                        tray=request.tray,
                        when=since,
                    )
                    if request.tray
                    else phrase("{title} ready since {when}.", title=title, when=since)
                )
                continue
            if request.status == "approved":
                said = phrase("{title} approved, not ready yet.", title=title)
            elif request.status == "pending":
                asked = when(request.created_at, now)
                said = phrase("{title} asked for {when}, not decided yet.", title=title, when=asked)
            else:
                continue
            more = (promised_words(request), fee_words(request))
            waiting.append(" ".join([said, *(words for words in more if words)]))
        return ready + waiting

    def first_line(self, now: datetime) -> str:
        """Everything the clerk must say, in one line."""
        said = self.hold_words + self.request_words(now)
        return " ".join(said) if said else phrase("No hold, no open request.")


def document_words(document: IssuedDocumentView) -> str:
    name = phrase(DOCUMENT_NAMES.get(document.document, document.document))
    kind = "" if document.kind == "original" else f", {document.kind}"
    copy = (
        phrase(", copy {copy_number} of {copies}", copy_number=document.copy_number, copies=document.copies)
        if document.copies > 1
        else ""
    )
    return f"{name}{kind}{copy}"


def issue_words(document: IssuedDocumentView, now: datetime) -> str:
    return phrase("{when} by {name}", when=when(document.issued_at, now), name=document.issued_by.name)


def is_sealed_code(text: str) -> bool:
    """Whether a scanner read the code of a sealed document instead of a card."""
    return _SEALED_CODE.search(text.strip()) is not None


class DeskPresenter:
    """Finding and opening. `find` and `visit` are called off the window's thread."""

    def __init__(self, calls: DeskCalls, permissions: Collection[str]) -> None:
        self._calls = calls
        self._permissions = frozenset(permissions)
        self._lifters: dict[str, str] | None = None
        self._titles: dict[str, str] | None = None
        self._programs: dict[int, str] = {}
        self.visitor: Visitor | None = None

    def may(self, permission: Permission) -> bool:
        return permission in self._permissions

    def find(self, text: str) -> Found:
        """A serial finds its student; a whole registration number, or the only one found, opens."""
        words = " ".join(text.split())
        request_id = request_of(words)
        if request_id is not None:
            return self._find_request(words, request_id)
        if _SERIAL.fullmatch(words):
            document = self._calls.find_document(words)
            if document is not None:
                return Found(words, open_id=document.student_id, serial=document.serial)
        students = self._calls.find_students(words)
        exact = [one for one in students if one.reg_no.casefold() == words.casefold()] or students
        return Found(words, students, open_id=exact[0].id if len(exact) == 1 else None)

    def _find_request(self, words: str, request_id: int) -> Found:
        try:
            request = self._calls.read_request(request_id)
        except ProblemAnswer as answer:
            if answer.status != 404:
                raise
            return Found(words)
        return Found(words, open_id=request.student_id, request_id=request.id)

    def visit(self, student_id: int) -> Visitor:
        """Everything that is said about a student at the counter."""
        student = self._calls.read_student(student_id)
        if student.program_id not in self._programs:
            self._programs[student.program_id] = self._calls.read_program(student.program_id).name
        holds: Sequence[HoldView] = ()
        if self.may(Permission.READ_HOLDS):
            holds = self._calls.open_holds(student_id)
            if self._lifters is None:
                self._lifters = {kind.kind: kind.lifted_by for kind in self._calls.hold_kinds()}
        requests: Sequence[RequestView] = ()
        if self.may(Permission.READ_REQUESTS):
            requests = self._calls.requests_of(student_id)
            if requests and self._titles is None:
                self._titles = {one.type: one.title for one in self._calls.request_types()}
        return Visitor(
            student,
            self._programs[student.program_id],
            holds,
            self._lifters or {},
            requests,
            self._titles or {},
            self._calls.documents_of(student_id),
        )
