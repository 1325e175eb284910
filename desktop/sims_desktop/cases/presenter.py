"""The cases a person sees, what each would do, and the acts on it. Qt-free.

The rule a newcomer would get wrong: an approval is signed upon the effect that was read. When the case has
moved since, the server says so and the case is read again before anything can be signed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from secrets import token_hex
from typing import Any, Protocol

from sims_desktop.cases.words import (
    KIND_WORDS,
    PENALTIES,
    PENALTY_WORDS,
    STATE_WORDS,
    Row,
    about_words,
    approval_words,
    hearing_words,
    impact_rows,
    judgment_words,
    state_words,
    superseded_words,
    transfer_rows,
)
from sims_desktop.client.errors import ClientError, TryLater
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import left_to_right, listed, plural, when
from sims_desktop.results.presenter import wish_of
from sims_shared.access import Permission
from sims_shared.cases import CaseLine, CaseResult, CaseView, EvidenceView, TransferView
from sims_shared.grading import AssessmentView
from sims_shared.results import JointImpact, ResultView
from sims_shared.values import parse_decimal

FILTERS: dict[str, str] = {
    "mine": later("waiting for me"),
    "open": later("open"),
    "all": later("all"),
    "applied": later("applied"),
    "rejected": later("rejected"),
}
OPEN_STATES = ("requested", "proposed")
BY_CHANGES = frozenset({"recheck", "re_evaluation", "correction", "incomplete_completion"})
MAY_FIND_NOTHING = frozenset({"recheck", "re_evaluation"})
KINDS = tuple(KIND_WORDS)


class Calls(Protocol):
    def list_cases(self, kind: str | None, state: str | None, decidable: bool | None) -> list[CaseLine]: ...
    def read_case(self, case_id: int) -> CaseView: ...
    def read_transfer(self, case_id: int) -> TransferView: ...
    def read_impact(self, case_id: int) -> JointImpact: ...
    def list_evidence(self, case_id: int) -> list[EvidenceView]: ...
    def read_evidence(self, case_id: int, evidence_id: int) -> bytes: ...
    def file_evidence(self, case_id: int, file_name: str, content: bytes, note: str) -> EvidenceView: ...
    def decide(self, case: CaseLine, approved: bool, reason: str, key: str) -> None: ...
    def propose(self, case_id: int, body: dict[str, Any], key: str) -> CaseView: ...
    def withdraw(self, case_id: int, key: str) -> CaseView: ...
    def record_hearing(self, case_id: int, held_on: date, place: str, key: str) -> CaseView: ...
    def read_result(self, result_id: int) -> ResultView: ...
    def read_assessments(self, section_id: int) -> list[AssessmentView]: ...


@dataclass(frozen=True, slots=True)
class Shown:
    """A case at length."""

    case: CaseView
    evidence: Sequence[EvidenceView]
    rows: Sequence[Row]
    """What changes: (what, before, after)."""
    effect: str
    """What else follows, in a sentence."""
    columns: dict[int, Sequence[AssessmentView]]
    """The assessments of each result's section, for a proposal."""

    @property
    def is_open(self) -> bool:
        return self.case.state in OPEN_STATES


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposal as it is made, question after question."""

    changes: Sequence[dict[str, Any]] = ()
    judgment: dict[str, Any] | None = None


@dataclass(slots=True)
class CasesPresenter:
    """`load`, `read` and the acts ask the server and run off the window's thread; `take…` puts what they
    answered in place."""

    calls: Calls
    permissions: Collection[str]
    user_id: int
    filter: str = "mine"
    kind: str | None = None
    cases: Sequence[CaseLine] = ()
    shown: Shown | None = None
    loaded: bool = False
    complaint: str = ""
    on_change: Callable[[], None] = lambda: None
    _keys: dict[tuple[str, int, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.may_decide:
            self.filter = "open"

    @property
    def may_decide(self) -> bool:
        return Permission.APPROVE_CHANGE in self.permissions

    @property
    def may_propose(self) -> bool:
        return Permission.REQUEST_CHANGE in self.permissions

    @property
    def may_open(self) -> bool:
        """Also whether a file may be added; others read."""
        return Permission.OPEN_CASE in self.permissions

    @property
    def filters(self) -> list[str]:
        return [name for name in FILTERS if name != "mine" or self.may_decide]

    def next_filter(self) -> None:
        names = self.filters
        self.filter = names[(names.index(self.filter) + 1) % len(names)]

    @property
    def sentence(self) -> str:
        if not self.loaded:
            return self.complaint or phrase("Reading the cases …")
        kind = phrase(KIND_WORDS[self.kind]).lower() if self.kind else ""
        if not self.cases:
            nothing = {
                "mine": phrase("No case waits for you"),
                "open": phrase("No case is open"),
                "all": phrase("There is no case"),
            }.get(self.filter, phrase("No case was {state}", state=phrase(FILTERS[self.filter])))
            return f"{nothing} ({kind})." if kind else f"{nothing}."
        count = plural(len(self.cases), "case")
        words = phrase("{count} {filter}", count=count, filter=phrase(FILTERS[self.filter]))
        if self.filter == "all":
            words = count
        return f"{words} ({kind})" if kind else words

    # The list

    def load(self) -> list[CaseLine]:
        if self.filter == "mine":
            return self.calls.list_cases(self.kind, None, True)
        if self.filter == "open":
            return [one for state in OPEN_STATES for one in self.calls.list_cases(self.kind, state, None)]
        return self.calls.list_cases(self.kind, None if self.filter == "all" else self.filter, None)

    def take(self, cases: Sequence[CaseLine]) -> None:
        self.cases, self.loaded, self.complaint = cases, True, ""
        self.on_change()

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.loaded = False
        self.complaint = phrase("{error}. Cases need the server; F5 asks again.", error=error)
        self.on_change()

    # One case

    def read(self, case_id: int) -> Shown:
        case = self.calls.read_case(case_id)
        evidence = self.calls.list_evidence(case_id)
        columns: dict[int, Sequence[AssessmentView]] = {}
        rows: list[Row] = []
        effect = ""
        if case.kind == "transfer":
            rows = transfer_rows(self.calls.read_transfer(case_id))
        if case.state == "proposed":
            impact = self.calls.read_impact(case_id)
            rows = impact_rows(impact) or rows
            effect = superseded_words(impact.supersedes) if rows else phrase("No result changes.")
        elif case.changes:
            rows = _changed(case)
        if case.state == "requested" and self.may_propose and case.kind in (*BY_CHANGES, "unfair_means"):
            for one in case.results:
                section_id = self.calls.read_result(one.result_id).section_id
                columns[one.result_id] = self.calls.read_assessments(section_id) if section_id else []
        return Shown(case, evidence, rows, effect, columns)

    def take_shown(self, shown: Shown | None) -> None:
        self.shown = shown
        self.on_change()

    def lead(self, now: datetime) -> str:
        """What the case is, sentence by sentence."""
        assert self.shown is not None
        case = self.shown.case
        lines = [
            phrase(
                "Asked for by {name}, {when}: {reason}",
                name=case.requested_by.name,
                when=when(case.requested_at, now),
                reason=case.reason,
            )
        ]
        if case.proposed_by is not None:
            lines.append(
                phrase(
                    "Proposed by {name}, {when}.",
                    name=case.proposed_by.name,
                    when=when(case.proposed_at, now),
                )
            )
        if judgment := judgment_words(case.decision):
            lines.append(judgment)
        if case.authority:
            lines.append(phrase("Authority: {authority}", authority=case.authority))
        if case.finding:
            lines.append(phrase("Finding: {finding}", finding=case.finding))
        lines += [hearing_words(one) for one in case.hearings]
        lines += [approval_words(approval, now) for approval in case.approvals]
        if case.appeal_until is not None:
            day = left_to_right(case.appeal_until.isoformat())
            lines.append(phrase("The student may appeal until {day}.", day=day))
        lines.append(phrase("Now {state}.", state=state_words(case)))
        return "\n".join(lines)

    @property
    def why_not_decide(self) -> str:
        """Why this person cannot sign the case shown, or nothing."""
        if self.shown is None:
            return phrase("Choose a case first.")
        case = self.shown.case
        if case.state == "requested":
            return phrase("Nothing is proposed yet that could be approved; P proposes.")
        if case.state != "proposed":
            return phrase("It is {state} already.", state=phrase(STATE_WORDS[case.state]))
        if self.user_id in (case.requested_by.id, case.proposed_by.id if case.proposed_by else None):
            return phrase("You asked or proposed it; other people decide.")
        if not case.decidable:
            if any(approval.approver.id == self.user_id for approval in case.approvals):
                return phrase("You approved it; the second approval is another person's.")
            turn = (
                phrase("a head or dean of a department concerned")
                if case.stage == 1
                else phrase("the examination cell or the registrar")
            )
            return phrase("It waits for {turn}.", turn=turn)
        return ""

    @property
    def question(self) -> str:
        """What is signed, asked before it is; names the effect when this signature applies it."""
        assert self.shown is not None
        case = self.shown.case
        if case.stage != 2:
            return phrase(
                "You sign first, for the department; the examination cell or the registrar signs after you. "
                "Ctrl+Enter approves."
            )
        return phrase(
            "You sign as the last. {changes} at once. {effect} Ctrl+Enter applies it.",
            changes=plural(len(self.shown.rows), "figure changes", "figures change"),
            effect=self.shown.effect,
        )

    # Acts

    def decide(self, shown: Shown, approved: bool, reason: str) -> str:
        """Signs; answers what was done. Raises ProblemAnswer."""
        case = shown.case
        key = self._key(
            "approve" if approved else "reject", case.id, f"{len(case.approvals)} {reason} {case.proposed_at}"
        )
        self.calls.decide(case, approved, reason, key)
        what = f"{case.number}, {about_words(case)}"
        if not approved:
            return phrase("Rejected: {what}. Nothing of it is changed.", what=what)
        if case.stage == 2:
            return phrase("Applied: {what}.", what=what)
        return phrase("Approved: {what}. It goes on to the next signature.", what=what)

    def withdraw(self, shown: Shown) -> str:
        self.calls.withdraw(shown.case.id, self._key("withdraw", shown.case.id, ""))
        return phrase("Withdrawn: {number}.", number=shown.case.number)

    @property
    def why_not_withdraw(self) -> str:
        if self.shown is None:
            return phrase("Choose a case first.")
        case = self.shown.case
        if case.requested_by.id != self.user_id:
            return phrase("Whoever asked may withdraw it: {name}.", name=case.requested_by.name)
        if case.state != "requested":
            return phrase("It is {state}; only what waits for a proposal is withdrawn.", state=case.state)
        return ""

    @property
    def why_not_hear(self) -> str:
        if self.shown is None:
            return phrase("Choose a case first.")
        case = self.shown.case
        if case.kind != "unfair_means":
            return phrase("Only in a case of unfair means is somebody heard.")
        if case.state not in OPEN_STATES:
            return phrase("It is {state} already.", state=phrase(STATE_WORDS[case.state]))
        if Permission.WITHHOLD_RESULTS not in self.permissions:
            return phrase("The registrar's office or the examination cell records hearings.")
        return ""

    def read_hearing(self, typed: str) -> tuple[date, str] | str:
        """The day and the place, or why they cannot be read."""
        day, _, place = typed.strip().partition(" ")
        try:
            held_on = date.fromisoformat(day.rstrip(","))
        except ValueError:
            return phrase("A day first, as 2026-12-14, then the time and the place.")
        return held_on, place.strip()

    def record_hearing(self, shown: Shown, held_on: date, place: str) -> str:
        key = self._key("hearing", shown.case.id, f"{len(shown.case.hearings)} {held_on} {place}")
        self.calls.record_hearing(shown.case.id, held_on, place, key)
        return phrase(
            "{number}: a hearing on {day}.",
            number=shown.case.number,
            day=left_to_right(held_on.isoformat()),
        )

    def attach(self, shown: Shown, name: str, content: bytes, note: str) -> str:
        file = self.calls.file_evidence(shown.case.id, name, content, note)
        return phrase("Filed with {number}: {name}.", number=shown.case.number, name=file.name)

    def read_file(self, shown: Shown, file: EvidenceView) -> bytes:
        return self.calls.read_evidence(shown.case.id, file.id)

    # A proposal, question after question

    @property
    def why_not_propose(self) -> str:
        if self.shown is None:
            return phrase("Choose a case first.")
        if not self.may_propose:
            return phrase("Your roles propose nothing.")
        case = self.shown.case
        if case.state != "requested":
            return phrase("It is {state}; a proposal stands.", state=phrase(STATE_WORDS[case.state]))
        if case.kind not in BY_CHANGES and case.kind != "unfair_means":
            return phrase("What becomes of it is computed.")
        return ""

    def asks(self, draft: Draft, answered: int) -> tuple[str, str] | None:
        """The next question of a proposal after `answered` ones: (hint, name); None when all are answered."""
        assert self.shown is not None
        case = self.shown.case
        if case.kind == "unfair_means":
            return self._asks_judgment(draft, answered)
        if answered < len(case.results):
            one = case.results[answered]
            who = f"{left_to_right(one.reg_no)} {one.course_code}"
            hint = phrase("New grade, or marks such as “Final 34”; Enter alone leaves it as it is")
            if case.kind == "re_evaluation":
                hint = phrase(
                    "New grade, marks such as “Final 34”, or marks of further examiners such as “Final 30/” "
                    "and, where a third settled it, “Final 30/34”; Enter alone leaves it as it is"
                )
            return f"{who}: {hint}", phrase("What becomes of {who}", who=who)
        if answered == len(case.results):
            if not draft.changes:
                return phrase("Finding: why nothing changes; Enter proposes it"), phrase("Finding")
            return phrase("Authority: committee and minute; Enter proposes it"), phrase("Authority")
        return None

    def digits_of(self, answered: int) -> str:
        """Those that are an answer without Enter."""
        assert self.shown is not None
        return "12345" if self.shown.case.kind == "unfair_means" and answered == 0 else ""

    def _asks_judgment(self, draft: Draft, answered: int) -> tuple[str, str] | None:
        if answered == 0:
            digits = " · ".join(
                f"{at} {phrase(PENALTY_WORDS[name])}" for at, name in enumerate(PENALTIES, start=1)
            )
            return digits, phrase("Judgment")
        penalty = draft.judgment["penalty"] if draft.judgment is not None else ""
        if answered == 1 and penalty == "suspended":
            return phrase("Order number and the day it begins: “R/88 2026-12-01”; Enter"), phrase("Order")
        results = self._of_papers(penalty)
        if answered <= len(results):
            one = results[answered - 1]
            who = f"{left_to_right(one.reg_no)} {one.course_code}"
            names = listed(column.name for column in self._columns_of(one.result_id))
            hint = phrase(
                "{who}: which papers count zero, of {names}? Enter alone: those that the sheet marks as "
                "unfair means",
                who=who,
                names=names,
            )
            return hint, phrase("Papers of {who} that count zero", who=who)
        if answered <= 1 + (len(results) or (penalty == "suspended")):
            judged = phrase(PENALTY_WORDS[penalty])
            hint = phrase(
                "Judgment: {judged}. Authority: committee and minute; Enter proposes it", judged=judged
            )
            return hint, phrase("Authority")
        return None

    def _of_papers(self, penalty: str) -> Sequence[CaseResult]:
        """The results whose papers are asked about, one by one."""
        assert self.shown is not None
        return self.shown.case.results if penalty == "paper_cancelled" else ()

    def _columns_of(self, result_id: int) -> Sequence[AssessmentView]:
        assert self.shown is not None
        return self.shown.columns.get(result_id, ())

    def answer(self, draft: Draft, answered: int, typed: str) -> Draft | str:
        """The draft with one more answer in it, or why it cannot be one."""
        assert self.shown is not None
        case, typed = self.shown.case, typed.strip()
        if case.kind == "unfair_means":
            return self._judge(draft, answered, typed)
        if answered < len(case.results):
            return self._change(draft, case.results[answered], typed)
        if not typed and not draft.changes:
            if case.kind not in MAY_FIND_NOTHING:
                return phrase("Nothing is proposed. Esc leaves it; P begins again.")
            return phrase("Say why nothing changes.")
        return draft

    def _change(self, draft: Draft, one: CaseResult, typed: str) -> Draft | str:
        if not typed:
            return draft
        columns = self._columns_of(one.result_id)
        if "/" in typed:
            examined = examined_of(typed, columns)
            if isinstance(examined, str):
                return examined
            return Draft([*draft.changes, {"result_id": one.result_id, "examined": examined}])
        wish = wish_of(one.result_id, typed, columns)
        return wish if isinstance(wish, str) else Draft([*draft.changes, wish])

    def _judge(self, draft: Draft, answered: int, typed: str) -> Draft | str:
        if answered == 0:
            if typed not in ("1", "2", "3", "4", "5"):
                return phrase("Type the digit of the judgment.")
            return Draft(judgment={"penalty": PENALTIES[int(typed) - 1]})
        assert draft.judgment is not None
        if answered == 1 and draft.judgment["penalty"] == "suspended":
            order, _, day = typed.rpartition(" ")
            try:
                effective = date.fromisoformat(day)
            except ValueError:
                effective = None
            if not order.strip() or effective is None:
                return phrase("An order number, a space, and a day as 2026-12-01.")
            suspension = {"effective_on": effective.isoformat(), "order_no": order.strip()}
            return Draft(judgment={**draft.judgment, "suspension": suspension})
        results = self._of_papers(draft.judgment["penalty"])
        if answered <= len(results):
            return self._cancel_papers(draft, results[answered - 1], typed)
        return draft if typed else phrase("Name the committee and its minute.")

    def _cancel_papers(self, draft: Draft, one: CaseResult, typed: str) -> Draft | str:
        assert draft.judgment is not None
        papers = list(draft.judgment.get("papers", ()))
        columns = self._columns_of(one.result_id)
        for name in filter(None, (part.strip() for part in typed.split(","))):
            column = column_called(name, columns)
            if column is None:
                return _no_such_paper(name, columns)
            papers.append({"result_id": one.result_id, "assessment_id": column.id})
        return Draft(judgment={**draft.judgment, "papers": papers}) if papers else draft

    def propose(self, shown: Shown, draft: Draft, last: str) -> str:
        """Sends the proposal; `last` is the authority, or the finding where nothing changes."""
        case = shown.case
        body: dict[str, Any]
        if draft.judgment is not None:
            body = {"judgment": draft.judgment, "authority": last}
        elif draft.changes:
            body = {"changes": list(draft.changes), "authority": last}
        else:
            body = {"changes": [], "finding": last}
        self.calls.propose(case.id, body, self._key("propose", case.id, repr(body)))
        return phrase("Proposed: {number}. It waits for the head or dean.", number=case.number)

    def refused(self, error: Exception) -> str:
        """The server's no in words."""
        if not isinstance(error, ClientError):
            raise error
        if isinstance(error, TryLater):
            return phrase(
                "{error}. Nothing may have been done; asked again it counts only once.", error=error
            )
        faults = getattr(error, "errors", ())
        said = [fault.detail for fault in faults if fault.detail not in str(error)]
        return "\n".join([str(error), *said])

    def _key(self, act: str, case_id: int, about: str) -> str:
        """One key for one wish: asked again after a lost answer, it is the same wish."""
        return self._keys.setdefault((act, case_id, about), token_hex(16))


def column_called(name: str, columns: Sequence[AssessmentView]) -> AssessmentView | None:
    return next((one for one in columns if one.name.casefold() == name.strip().casefold()), None)


def _no_such_paper(name: str, columns: Sequence[AssessmentView]) -> str:
    names = listed(one.name for one in columns) or phrase("none")
    return phrase("“{name}” is no paper of this course. There are {names}.", name=name, names=names)


def examined_of(typed: str, columns: Sequence[AssessmentView]) -> list[dict[str, Any]] | str:
    """`Final 30/34`: the second examiner's mark and the third's, of each paper named; or why it is not that.
    The first mark stands on the sheet."""
    examined: list[dict[str, Any]] = []
    for part in filter(None, (one.strip() for one in typed.replace(";", ",").split(","))):
        name, _, marks = part.rpartition(" ")
        second, _, third = marks.partition("/")
        column = columns[0] if not name and len(columns) == 1 else column_called(name, columns)
        if column is None:
            return _no_such_paper(name or part, columns)
        numbers = [parse_decimal(text) for text in (second, third) if text]
        if not second or None in numbers:
            return phrase(
                "“{part}”: type the paper, the second mark, / and the third: “Final 30/34”.", part=part
            )
        marked = [str(number) for number in numbers]
        examined.append(
            {"assessment_id": column.id, "second": marked[0]} | ({"third": marked[1]} if third else {})
        )
    return examined


def _changed(case: CaseView) -> list[Row]:
    """Of a case that is decided: what it asked for."""
    named = {one.result_id: f"{left_to_right(one.reg_no)} {one.course_code}" for one in case.results}
    return [
        (
            named.get(change.result_id, str(change.result_id)),
            _stood(change.old_total, change.old_grade),
            _stood(change.new_total, change.new_grade),
        )
        for change in case.changes
    ]


def _stood(total: object, grade: str | None) -> str:
    return " ".join(str(part) for part in (total, grade) if part is not None) or "–"
