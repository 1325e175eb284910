"""Opening a case: whose results, which of them, what kind, and why. Qt-free.

The rule a newcomer would get wrong: opening asks; it decides nothing. What becomes of the results is
proposed in the case afterwards, with its evidence before everybody's eyes. Grace is the exception: the
regulation computes it, so that naming the term is the proposal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, Protocol

from sims_desktop.cases.words import about_words
from sims_desktop.client.errors import ClientError, ProblemAnswer
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import left_to_right, plural
from sims_shared.access import Permission
from sims_shared.cases import CaseView
from sims_shared.people import StudentView
from sims_shared.problems import Fault
from sims_shared.results import ResultView

ASKED = ("recheck", "re_evaluation")
OPENED = (*ASKED, "unfair_means", "incomplete_completion", "correction", "grace")
# Of unfair means the report says why. Kept with the case, and English as the record is.
REPORTED = "As reported: {number}"
PURPOSES = {
    "pass": later("to pass failing papers of the term"),
    "division": later("to reach the next division"),
}


class Calls(Protocol):
    def read_result(self, result_id: int) -> ResultView: ...
    def read_results(self, student_id: int) -> list[ResultView]: ...
    def open_case(self, body: dict[str, Any], key: str) -> CaseView: ...


@dataclass(frozen=True, slots=True)
class Whose:
    """One student's results, and which of them the case came from."""

    name: str
    student_id: int
    results: Sequence[ResultView]
    chosen: int | None = None


@dataclass(slots=True)
class OpeningPresenter:
    """`visit`, `begin` and `open` ask the server and run off the window's thread."""

    calls: Calls
    permissions: Collection[str]
    whose: Whose | None = None
    faults: list[Fault] = field(default_factory=list)
    _keys: dict[str, str] = field(default_factory=dict)
    on_change: Callable[[], None] = lambda: None

    @property
    def kinds(self) -> list[str]:
        """Grace is given by the offices that publish; whoever only asks has the rechecks."""
        if Permission.REQUEST_CHANGE not in self.permissions:
            return list(ASKED)
        return [k for k in OPENED if k != "grace" or Permission.PUBLISH_RESULTS in self.permissions]

    def visit(self, student: StudentView) -> Whose:
        results = self.calls.read_results(student.id)
        return Whose(f"{left_to_right(student.reg_no)} {student.name}", student.id, _newest_first(results))

    def begin(self, result_id: int) -> Whose:
        """From a result somewhere else in the window."""
        one = self.calls.read_result(result_id)
        results = _newest_first(self.calls.read_results(one.student_id))
        name = f"{left_to_right(one.reg_no)} {one.student_name}"
        return Whose(name, one.student_id, results, one.id)

    def take(self, whose: Whose | None) -> None:
        self.whose = whose
        self.on_change()

    def check(
        self, kind: str, chosen: Sequence[ResultView], reason: str, authority: str, purpose: str
    ) -> dict[str, Any] | None:
        """The command, or None with every fault beside its field."""
        self.faults = []
        if kind == "unfair_means" and authority.strip() and not reason.strip():
            reason = REPORTED.format(number=authority.strip())
        if not chosen:
            detail = (
                phrase("Choose a result of the term that grace is for.")
                if kind == "grace"
                else phrase("Choose the results the case is about; Space chooses.")
            )
            self.faults.append(Fault("/result_ids", "request.missing", detail))
        if not reason.strip():
            self.faults.append(Fault("/reason", "request.missing", phrase("Say why.")))
        if kind == "grace" and not authority.strip():
            detail = phrase("Name the committee and its minute.")
            self.faults.append(Fault("/authority", "request.missing", detail))
        if self.faults:
            return None
        body: dict[str, Any] = {"kind": kind, "reason": reason.strip()}
        if authority.strip():
            body["authority"] = authority.strip()
        if kind == "grace":
            body |= {"registration_id": chosen[0].registration_id, "purpose": purpose}
            if purpose == "pass":
                body["term_id"] = chosen[0].term_id
        else:
            body["result_ids"] = [one.id for one in chosen]
        return body

    def open(self, body: dict[str, Any]) -> CaseView:
        """Raises ProblemAnswer: `cases.open`, `.window_closed`, `.no_grace`, faults of fields."""
        return self.calls.open_case(body, self._keys.setdefault(repr(body), token_hex(16)))

    def opened_words(self, case: CaseView) -> str:
        results = plural(len(case.results), "result")
        return phrase(
            "Opened {number}: {about}, {results}.",
            number=case.number,
            about=about_words(case),
            results=results,
        )

    def refused(self, error: Exception) -> str:
        if not isinstance(error, ClientError):
            raise error
        if isinstance(error, ProblemAnswer):
            self.faults = list(error.errors)
            why = error.facts.get("why")
            if isinstance(why, list) and why:
                return "\n".join([str(error), *map(str, why)])
        return str(error)


def result_words(result: ResultView) -> str:
    """`75 B+`, or why there is no grade."""
    if result.withheld_for is not None:
        return phrase("withheld")
    parts = [f"{result.total:f}" if result.total is not None else "", result.grade_shown or ""]
    return " ".join(part for part in parts if part) or result.outcome.replace("_", " ")


def _newest_first(results: Sequence[ResultView]) -> list[ResultView]:
    return sorted(results, key=lambda one: (-one.term_id, one.course_code))
