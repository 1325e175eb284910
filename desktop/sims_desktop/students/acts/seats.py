"""A seat taken and a seat left, for the student of the page. Qt-free.

The rule a newcomer would get wrong: a drop leaves the row where it is, so taking it back is enrolling again,
with everything that speaks against a seat asked anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sims_desktop.client.errors import ProblemAnswer
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import left_to_right
from sims_desktop.students.acts.wishes import Keys, Rights, no_in_words
from sims_shared.enrollment import (
    MAY_ENROLL,
    OVERRIDABLE,
    DropClosed,
    EnrollmentView,
    SectionView,
    WithdrawClosed,
)
from sims_shared.people import RegistrationView
from sims_shared.record import EnrollmentLine, RecordView
from sims_shared.terms import TermView

LEAST_LETTERS = 2
KINDS = {
    "": later("as the record counts"),
    "regular": later("regular"),
    "repeat": later("repeat"),
    "improvement": later("improvement"),
    "audit": later("audit"),
    "supplementary": later("supplementary"),
}
DROP, WITHDRAW, BAR, REINSTATE = "drop", "withdraw", "bar", "reinstate"
QUESTIONS = {
    DROP: later("Drop {course}: no trace on the transcript, the seat is free. Why?"),
    WITHDRAW: later("Withdraw from {course}: a W on the transcript, the seat stays taken. Why?"),
    BAR: later("Bar from {course} by order: the seat stays taken. Which order, and why?"),
    REINSTATE: later("Reinstate in {course}; it goes on record as an override. Why?"),
}
DONE = {
    DROP: later("Dropped: {course}. Ctrl+Z takes it back."),
    WITHDRAW: later("Withdrawn: {course}, a W on the transcript."),
    BAR: later("Barred: {course}."),
    REINSTATE: later("Reinstated: {course}."),
}
# From which state each leads away.
STARTS = {
    DROP: ("enrolled",),
    WITHDRAW: ("enrolled",),
    BAR: ("enrolled",),
    REINSTATE: ("withdrawn", "barred"),
}


class Calls(Protocol):
    def list_terms(self) -> list[TermView]: ...
    def find_sections(self, term_id: int, words: str) -> list[SectionView]: ...
    def enroll(self, section_id: int, wish: dict[str, Any], key: str) -> EnrollmentView: ...
    def end(self, enrollment_id: int, verb: str, wish: dict[str, Any], key: str) -> EnrollmentView: ...


@dataclass(frozen=True, slots=True)
class Seat:
    """A section that may be taken, with its term."""

    section: SectionView
    term: TermView

    @property
    def course(self) -> str:
        return f"{self.section.course_code} {self.section.course_title}"

    @property
    def seats(self) -> str:
        return phrase("{taken} of {capacity}", taken=self.section.seats_taken, capacity=self.section.capacity)

    @property
    def teachers(self) -> str:
        return ", ".join(self.section.teachers)

    @property
    def when(self) -> str:
        """The term with the last day to enroll, which is what is asked about it."""
        if self.term.status != "open":
            return phrase("{term}, closed", term=self.term.name)
        if self.term.enroll_until is None:
            return self.term.name
        return phrase(
            "{term}, enroll until {day}", term=self.term.name, day=self.term.enroll_until.isoformat()
        )

    @property
    def is_full(self) -> bool:
        return self.section.seats_taken >= self.section.capacity


@dataclass(frozen=True, slots=True)
class No:
    """A refusal in words, and what remains: `override` (its code) with a reason, or to withdraw instead."""

    words: str
    override: str = ""
    may_withdraw: bool = False


@dataclass(slots=True)
class SeatPresenter:
    calls: Calls
    rights: Rights
    record: RecordView | None = None
    dropped: EnrollmentLine | None = None
    """The drop made last, while it can be taken back."""
    _terms: Sequence[TermView] | None = None
    _keys: Keys = field(default_factory=Keys)

    # Taking a seat

    @property
    def registrations(self) -> list[RegistrationView]:
        """Those that may take a seat, the current one first."""
        found = self.record.registrations if self.record is not None else []
        may = [one for one in found if one.status in MAY_ENROLL]
        return sorted(may, key=lambda one: not one.is_current)

    def find(self, words: str) -> list[Seat]:
        """Sections of open terms; who may set a closed term aside also finds those of terms that run."""
        if self._terms is None:
            self._terms = self.calls.list_terms()
        newest = max((term.start_date for term in self._terms if term.status == "open"), default=None)
        found = []
        for term in self._terms:
            runs = self.rights.override and newest is not None and term.end_date >= newest
            if term.status == "open" or runs:
                found += [Seat(one, term) for one in self.calls.find_sections(term.id, words)]
        return found

    def forget_terms(self) -> None:
        self._terms = None

    def enroll(
        self, seat: Seat, registration_id: int | None, kind: str, override: str = "", reason: str = ""
    ) -> str:
        """What was done, in words. Raises ProblemAnswer."""
        wish: dict[str, Any] = {"student_id": self._student_id}
        if registration_id is not None:
            wish["registration_id"] = registration_id
        if kind:
            wish["kind"] = kind
        if override:
            wish["override"] = {"code": override, "reason": reason.strip()}
        made = self._enroll(seat.section.id, wish)
        return phrase(
            "Enrolled: {course} {section}, {term}, {kind}, attempt {attempt}.",
            course=left_to_right(seat.section.course_code),
            section=seat.section.code,
            term=seat.term.name,
            kind=phrase(made.kind),
            attempt=made.attempt,
        )

    def _enroll(self, section_id: int, wish: dict[str, Any]) -> EnrollmentView:
        about = ("enroll", section_id, repr(sorted(wish.items())))
        made = self.calls.enroll(section_id, wish, self._keys.of(about))
        self._keys.done(about)
        return made

    def why_not_seat(self, error: Exception, override: str = "") -> No:
        """`override` is the rule that was to be set aside already: only one can be."""
        words = no_in_words(error)
        if not isinstance(error, ProblemAnswer) or error.code not in OVERRIDABLE or not self.rights.override:
            return No(words)
        if override:
            return No(phrase("{words} Only one rule can be set aside at a time.", words=words))
        return No(words, override=error.code)

    # Leaving one

    def verbs(self) -> list[str]:
        return [
            verb
            for verb in STARTS
            if (self.rights.override if verb in (BAR, REINSTATE) else self.rights.enroll)
        ]

    def why_not_at_all(self, verb: str, enrollment: EnrollmentLine | None) -> str:
        """Before anything is typed; empty when it may be asked."""
        if enrollment is None:
            return phrase("Put the cursor on an enrollment: 2 goes to them.")
        if enrollment.status not in STARTS[verb]:
            return phrase(
                "{course} is {status}.",
                course=left_to_right(enrollment.course_code),
                status=phrase(enrollment.status),
            )
        return ""

    def question(self, verb: str, enrollment: EnrollmentLine) -> str:
        return phrase(QUESTIONS[verb], course=_named(enrollment))

    def end(self, verb: str, enrollment: EnrollmentLine, reason: str, override: str = "") -> str:
        """Raises ProblemAnswer."""
        wish: dict[str, Any] = {"reason": reason.strip()}
        if override:
            wish["override"] = {"code": override, "reason": reason.strip()}
        about = (verb, enrollment.id, reason, override)
        self.calls.end(enrollment.id, verb, wish, self._keys.of(about))
        self._keys.done(about)
        self.dropped = enrollment if verb == DROP else None
        return phrase(DONE[verb], course=_named(enrollment))

    def why_not_end(self, error: Exception) -> No:
        words = no_in_words(error)
        code = error.code if isinstance(error, ProblemAnswer) else ""
        override = code if code in (DropClosed.code, WithdrawClosed.code) and self.rights.override else ""
        return No(words, override, may_withdraw=code == DropClosed.code)

    def take_back(self) -> str:
        """Enrolls again where the last drop was. Raises ProblemAnswer."""
        assert self.dropped is not None
        gone = self.dropped
        wish = {
            "student_id": gone.student_id,
            "registration_id": gone.registration_id,
            "kind": gone.kind,
        }
        self._enroll(gone.section_id, wish)
        self.dropped = None
        return phrase("Taken back: {course} is enrolled again.", course=_named(gone))

    @property
    def _student_id(self) -> int:
        assert self.record is not None
        return self.record.student.id


def _named(enrollment: EnrollmentLine) -> str:
    return f"{left_to_right(enrollment.course_code)} {enrollment.section} ({enrollment.term})"
