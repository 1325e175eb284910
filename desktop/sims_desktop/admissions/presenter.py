"""Applications, their moves one by one, and admitting many at once. Qt-free.

The rule a newcomer would get wrong: where a student already has an applicant's identity number, a person
says which of the two it is, before anybody of the list is admitted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, Protocol

import msgspec

from sims_desktop.client.errors import ClientError, ProblemAnswer, TryLater
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import left_to_right, listed, plural
from sims_shared.access import Permission
from sims_shared.admissions import AdmissionView, ApplicantView, KnownStudent
from sims_shared.catalog import ProgramView
from sims_shared.problems import Fault
from sims_shared.terms import TermView

FILTERS: dict[str, str] = {
    "open": later("waiting"),
    "applied": later("applied"),
    "shortlisted": later("shortlisted"),
    "offered": later("offered a place"),
    "accepted": later("accepted, to be admitted"),
    "admitted": later("admitted"),
}
STATUS_WORDS = {
    "applied": later("applied"),
    "shortlisted": later("shortlisted"),
    "offered": later("offered a place"),
    "accepted": later("accepted"),
    "rejected": later("rejected"),
    "withdrawn": later("withdrawn"),
}
FINAL = frozenset({"rejected", "withdrawn"})


class Calls(Protocol):
    def list_applicants(
        self, status: str | None, program_id: int | None, admitted: bool | None
    ) -> list[ApplicantView]: ...
    def list_programs(self) -> list[ProgramView]: ...
    def list_terms(self) -> list[TermView]: ...
    def enter(self, application: dict[str, Any], key: str) -> ApplicantView: ...
    def keep_documents(self, applicant_id: int, documents: Sequence[dict[str, Any]]) -> ApplicantView: ...
    def move(self, applicant_id: int, status: str, reason: str, key: str) -> ApplicantView: ...
    def admit(
        self, ids: Sequence[int], same: Sequence[int], another: Sequence[int], key: str
    ) -> AdmissionView: ...


@dataclass(frozen=True, slots=True)
class Loaded:
    applicants: Sequence[ApplicantView]
    programs: Sequence[ProgramView]
    terms: Sequence[TermView]


@dataclass(slots=True)
class AdmissionsPresenter:
    """`load` and the acts ask the server and run off the window's thread."""

    calls: Calls
    permissions: Collection[str]
    filter: str = "open"
    program_id: int | None = None
    loaded: Loaded | None = None
    complaint: str = ""
    faults: list[Fault] = field(default_factory=list)
    refusals: dict[int, str] = field(default_factory=dict)
    """What kept an applicant from being admitted or moved, by id."""
    known: dict[int, KnownStudent] = field(default_factory=dict)
    same: set[int] = field(default_factory=set)
    another: set[int] = field(default_factory=set)
    on_change: Callable[[], None] = lambda: None
    _keys: dict[object, str] = field(default_factory=dict)

    @property
    def may_manage(self) -> bool:
        return Permission.MANAGE_APPLICANTS in self.permissions

    def load(self) -> Loaded:
        status = None if self.filter in ("open", "admitted") else self.filter
        found = self.calls.list_applicants(status, self.program_id, self.filter == "admitted")
        if self.filter == "open":
            found = [one for one in found if one.status not in FINAL]
        return Loaded(found, self.calls.list_programs(), self.calls.list_terms())

    def take(self, loaded: Loaded) -> None:
        self.loaded, self.complaint = loaded, ""
        self.on_change()

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.complaint = phrase("{error}. Admissions need the server; F5 asks again.", error=error)
        self.on_change()

    @property
    def sentence(self) -> str:
        if self.complaint:
            return self.complaint
        if self.loaded is None:
            return phrase("Reading the applications …")
        if not self.loaded.applicants:
            return phrase("No application is {filter}.", filter=phrase(FILTERS[self.filter]))
        count = plural(len(self.loaded.applicants), "application")
        return phrase("{count} {filter}", count=count, filter=phrase(FILTERS[self.filter]))

    # Words

    def program_words(self, applicant: ApplicantView) -> str:
        codes = {one.id: one.code for one in self.loaded.programs} if self.loaded else {}
        return codes.get(applicant.program_id, str(applicant.program_id))

    def term_words(self, applicant: ApplicantView) -> str:
        names = {one.id: one.name for one in self.loaded.terms} if self.loaded else {}
        return names.get(applicant.term_id, str(applicant.term_id))

    def outcome_words(self, applicant: ApplicantView) -> str:
        """What became of it, what keeps it, or why it moved."""
        if applicant.reg_no is not None:
            return left_to_right(applicant.reg_no)
        if applicant.id in self.same:
            return phrase("the same person as {name}", name=self.known[applicant.id].name)
        if applicant.id in self.another:
            return phrase("another person")
        return self.refusals.get(applicant.id) or applicant.status_reason

    # Moving

    def move(
        self,
        applicants: Sequence[ApplicantView],
        status: str,
        reason: str,
        report: Callable[[int, int, str], None],
    ) -> str:
        """Each one by itself; whoever cannot move says why in the list, the others have moved."""
        moved: list[str] = []
        refused: dict[int, str] = {}
        for done, one in enumerate(applicants):
            report(done, len(applicants), phrase("Moving {name}", name=one.name))
            key = self._keys.setdefault(("move", one.id, one.status, status, reason), token_hex(16))
            try:
                self.calls.move(one.id, status, reason, key)
            except ProblemAnswer as problem:
                refused[one.id] = str(problem)
            else:
                moved.append(one.name)
        self.refusals = refused
        said = phrase(
            "{people}: {status}.",
            people=plural(len(moved), "applicant"),
            status=phrase(STATUS_WORDS[status]),
        )
        if refused:
            said += " " + phrase("{people} could not move; see the list.", people=f"{len(refused):,}")
        return said

    def receive(self, applicant: ApplicantView) -> str:
        """The next paper that is missing is there now."""
        missing = next((one for one in applicant.documents if not one.received), None)
        if missing is None:
            return phrase("Every paper of {name} is there.", name=applicant.name)
        papers: list[dict[str, Any]] = [
            {"name": one.name, "received": one.received or one is missing} for one in applicant.documents
        ]
        self.calls.keep_documents(applicant.id, papers)
        return phrase("{paper} of {name} is there.", paper=missing.name, name=applicant.name)

    # Admitting

    def settle(self, applicant: ApplicantView, *, is_same: bool) -> str:
        """Says of somebody with a known identity number who they are. Answers why not, or nothing."""
        if applicant.id not in self.known:
            return phrase("Nobody with this identity number is known; there is nothing to settle.")
        self.same.discard(applicant.id)
        self.another.discard(applicant.id)
        (self.same if is_same else self.another).add(applicant.id)
        self.on_change()
        return ""

    def why_not_admit(self, applicants: Sequence[ApplicantView]) -> str:
        if not self.may_manage:
            return phrase("The registrar admits.")
        if not applicants:
            return phrase("Choose applicants: Shift with the arrows, Ctrl+A for all.")
        wrong = [one.name for one in applicants if one.status != "accepted" or one.reg_no is not None]
        if wrong:
            return phrase("Only accepted applicants are admitted, not {names}.", names=listed(wrong))
        open_cases = [
            one.name for one in applicants if one.id in self.known.keys() - self.same - self.another
        ]
        if open_cases:
            return phrase(
                "Say first who {names} are: 1 the same person, 2 another.", names=listed(open_cases)
            )
        return ""

    def question(self, applicants: Sequence[ApplicantView]) -> str:
        return phrase(
            "{people} become students, all or nobody, numbered in this order. Ctrl+Enter admits.",
            people=plural(len(applicants), "applicant"),
        )

    def admit(self, applicants: Sequence[ApplicantView]) -> str:
        """Raises ProblemAnswer."""
        ids = [one.id for one in applicants]
        same, another = sorted(self.same & set(ids)), sorted(self.another & set(ids))
        key = self._keys.setdefault(("admit", tuple(ids), tuple(same), tuple(another)), token_hex(16))
        made = self.calls.admit(ids, same, another, key).admitted
        self.refusals, self.known, self.same, self.another = {}, {}, set(), set()
        numbers = listed((left_to_right(one.reg_no) for one in made), 3)
        return phrase("Admitted: {people}, {numbers}.", people=plural(len(made), "student"), numbers=numbers)

    def not_admitted(self, error: Exception, applicants: Sequence[ApplicantView]) -> str:
        """The server's no; each fault stands in the line of its applicant."""
        said = self.refused(error)
        if isinstance(error, ProblemAnswer):
            found: dict[int, str] = {}
            for fault in error.errors:
                place = fault.pointer.removeprefix("/ids/")
                if place.isdigit() and int(place) < len(applicants):
                    found[applicants[int(place)].id] = fault.detail
            self.refusals = found
            known = msgspec.convert(error.facts.get("known", []), list[KnownStudent])
            self.known = {one.applicant_id: one for one in known}
            if known:
                said += "\n" + phrase("Say of each: 1 the same person, 2 another person.")
        self.on_change()
        return said

    # A new application

    def check(self, given: dict[str, Any]) -> dict[str, Any] | None:
        """The application, or None with every fault beside its field."""
        self.faults = []
        if not str(given.get("name") or "").strip():
            self.faults.append(Fault("/name", "request.missing", phrase("As on the certificate.")))
        for name, words in (
            ("program_id", phrase("There is no program.")),
            ("term_id", phrase("There is no term.")),
        ):
            if given.get(name) is None:
                self.faults.append(Fault(f"/{name}", "request.missing", words))
        if self.faults:
            return None
        papers = [one.strip() for one in str(given.get("documents") or "").split(",") if one.strip()]
        application = {
            name: value.strip() if isinstance(value, str) else value
            for name, value in given.items()
            if name != "documents" and value not in (None, "")
        }
        application["documents"] = [{"name": paper} for paper in papers]
        return application

    def enter(self, application: dict[str, Any]) -> str:
        made = self.calls.enter(application, self._keys.setdefault(repr(application), token_hex(16)))
        self._keys.pop(repr(application))
        return phrase("Entered: {name}.", name=made.name)

    def refused(self, error: Exception) -> str:
        if not isinstance(error, ClientError):
            raise error
        if isinstance(error, TryLater):
            return phrase(
                "{error}. Nothing may have been done; asked again it counts only once.", error=error
            )
        self.faults = list(error.errors) if isinstance(error, ProblemAnswer) else []
        return str(error)


def papers_words(applicant: ApplicantView) -> str:
    """`2 of 3, Photograph missing`."""
    papers = applicant.documents
    if not papers:
        return ""
    missing = [one.name for one in papers if not one.received]
    there = phrase("{there} of {all}", there=len(papers) - len(missing), all=len(papers))
    return phrase("{there}, {names} missing", there=there, names=listed(missing, 2)) if missing else there
