"""Asking that courses passed elsewhere count here: whose, from where, upon which decision. Qt-free.

The rule a newcomer would get wrong: asking gives no credit. Two people approve the case that comes of it, and
the grade that it brings follows from the regulation, not from what is typed here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, Protocol

from sims_desktop.client.errors import ClientError, ProblemAnswer
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import left_to_right, plural
from sims_shared.cases import TransferView
from sims_shared.people import StudentView
from sims_shared.problems import Fault
from sims_shared.terms import TermView
from sims_shared.values import parse_decimal


class Calls(Protocol):
    """Raises `ClientError`s only; called off the window's thread."""

    def read_terms(self) -> list[TermView]: ...
    def course_called(self, code: str) -> int | None: ...
    def request_transfer(self, body: dict[str, Any], key: str) -> TransferView: ...


@dataclass(frozen=True, slots=True)
class Line:
    """A course passed elsewhere, the one it stands for here, and how many credits of it count."""

    original: str
    grade: str
    code: str
    credits: str | None


@dataclass(slots=True)
class TransferPresenter:
    calls: Calls
    student: StudentView | None = None
    terms: Sequence[TermView] = ()
    faults: list[Fault] = field(default_factory=list)
    _keys: dict[str, str] = field(default_factory=dict)
    on_change: Callable[[], None] = lambda: None

    @property
    def heading(self) -> str:
        if self.student is None:
            return ""
        return f"{left_to_right(self.student.reg_no)} {self.student.name}"

    def take(self, student: StudentView | None) -> None:
        self.student = student
        self.on_change()

    def read_lines(self, text: str) -> list[Line] | str:
        """One course a line: `Functional English; B; EN-102; 3`. The credits may be left out."""
        lines = []
        for number, written in enumerate(filter(None, (one.strip() for one in text.splitlines())), start=1):
            parts = [part.strip() for part in written.split(";")]
            credits = parts[3] if len(parts) == 4 else ""
            complete = len(parts) in (3, 4) and parts[0] and parts[2]
            if not complete or (credits and parse_decimal(credits) is None):
                return phrase(
                    "Line {number}: course there; grade; course here; credits, if not all of them: "
                    "“Functional English; B; EN-102; 3”.",
                    number=number,
                )
            lines.append(Line(parts[0], parts[1], parts[2], str(parse_decimal(credits)) if credits else None))
        return lines or phrase("Type a course: “Functional English; B; EN-102; 3”.")

    def check(
        self, term_id: int | None, institution: str, reference: str, reason: str, courses: str
    ) -> tuple[dict[str, Any], list[Line]] | None:
        """What is asked for, its courses still by their codes; or None with every fault beside its field."""
        lines = self.read_lines(courses)
        wanted = {
            "/term_id": "" if term_id is not None else phrase("Say from which term on it counts."),
            "/institution": "" if institution.strip() else phrase("Say where they were passed."),
            "/reference": "" if reference.strip() else phrase("Name the decision on their equivalence."),
            "/courses": lines if isinstance(lines, str) else "",
        }
        self.faults = [Fault(at, "request.missing", words) for at, words in wanted.items() if words]
        if self.faults or self.student is None or isinstance(lines, str):
            return None
        body = {
            "registration_id": self.student.registration_id,
            "term_id": term_id,
            "institution": institution.strip(),
            "reference": reference.strip(),
            "reason": reason.strip(),
        }
        return body, lines

    def send(self, body: dict[str, Any], lines: Sequence[Line]) -> TransferView | str:
        """Off the window's thread; a sentence where a course is not of this university."""
        courses = []
        for line in lines:
            course_id = self.calls.course_called(line.code)
            if course_id is None:
                return phrase("There is no course {code} here.", code=line.code)
            course: dict[str, Any] = {
                "original_course": line.original,
                "original_grade": line.grade,
                "course_id": course_id,
            }
            courses.append(course | ({"credits": line.credits} if line.credits else {}))
        whole = {**body, "courses": courses}
        return self.calls.request_transfer(whole, self._keys.setdefault(repr(whole), token_hex(16)))

    def asked_words(self, transfer: TransferView) -> str:
        return phrase(
            "Asked: {courses} of {name}. Two people approve it.",
            courses=plural(len(transfer.courses), "course"),
            name=self.student.name if self.student is not None else "",
        )

    def refused(self, error: Exception) -> str:
        if not isinstance(error, ClientError):
            raise error
        self.faults = []
        if isinstance(error, ProblemAnswer):
            # The server names `/courses/2/credits`; the form has one field for all of them.
            self.faults = [
                Fault("/" + one.pointer.lstrip("/").split("/")[0], one.code, one.detail)
                for one in error.errors
            ]
        return str(error)
