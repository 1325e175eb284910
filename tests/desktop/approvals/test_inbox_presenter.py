"""What the inbox says and plans, without a screen; the wire's own structs go in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sims_desktop.approvals.presenter import InboxPresenter, Loaded, Outcome, Plan, age, cutoff_words
from sims_desktop.client.errors import Offline, ProblemAnswer
from sims_shared.access import Permission, User
from sims_shared.cases import ChangeEvidenceView
from sims_shared.cutoffs import ClassCutoffs, CutoffLine, JudgedTotal, SheetCutoffs
from sims_shared.grading import SheetSummary, SheetView
from sims_shared.results import ChangeApproval, ChangeImpact, Figures, PendingChangeView
from sims_shared.revisions import SheetCompared, SheetRevisions
from sims_shared.values import Person

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
ME, LEAD = 5, Person(9, "Dr Lead")
EVERYTHING = (Permission.APPROVE_SHEET, Permission.APPROVE_CHANGE)


class Network:
    """Takes what is sent, in order; fails each call it is told to fail."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, int, str]] = []
        self.faults: dict[int, Exception] = {}

    def _send(self, verb: str, id: int, key: str) -> None:
        self.sent.append((verb, id, key))
        if id in self.faults:
            raise self.faults[id]

    def me(self) -> User:
        raise Offline("away")

    def submitted_sheets(self) -> list[SheetSummary]:
        raise Offline("away")

    def pending_changes(self) -> list[PendingChangeView]:
        raise Offline("away")

    def read_sheet(self, section_id: int) -> SheetView:
        raise Offline("away")

    def read_cutoffs(self, section_id: int) -> SheetCutoffs:
        raise Offline("away")

    def read_revisions(self, section_id: int) -> SheetRevisions:
        raise Offline("away")

    def compare_revisions(self, section_id: int, since: int, until: int) -> SheetCompared:
        raise Offline("away")

    def change_evidence(self, change_id: int) -> list[ChangeEvidenceView]:
        raise Offline("away")

    def read_change_evidence(self, change_id: int, evidence_id: int) -> bytes:
        raise Offline("away")

    def approve_sheet(self, section_id: int, rev: int, key: str) -> int:
        self._send("approve", section_id, key)
        return 42

    def return_sheet(self, section_id: int, reason: str, key: str) -> None:
        self._send("return", section_id, key)

    def decide_change(self, change_id: int, approved: bool, reason: str, key: str) -> PendingChangeView:
        self._send("decide", change_id, key)
        return change(change_id, status="approved")


def sheet(id: int, **more: Any) -> SheetSummary:
    given: dict[str, Any] = {
        "course_code": f"CS-{id}", "course_title": "Course", "term": "Fall 2026", "section": "A",
        "state": "submitted", "rev": 7, "filled": 9, "total": 9, "submitted_by": LEAD,
        "submitted_at": NOW - timedelta(days=3),
    }  # fmt: skip
    return SheetSummary(section_id=id, **{**given, **more})


def change(id: int, stage: int | None = 2, serials: tuple[str, ...] = (), **more: Any) -> PendingChangeView:
    given: dict[str, Any] = {
        "result_id": 1, "student_id": 2, "section_id": 3, "course_code": "CS-101", "reg_no": "2024-CS-0001",
        "student_name": "Student", "old_grade": "D", "new_grade": "C", "old_total": Decimal(53),
        "new_total": Decimal(62), "scores": [], "reason": "a page was missed", "evidence": None,
        "status": "pending", "requested_by": LEAD, "approvals": [], "requested_at": NOW, "resolved_at": None,
        "decidable": True, "stage": stage,
        "impact": ChangeImpact(
            old=Figures(total=Decimal(53), grade="D", cgpa=Decimal("2.61")),
            new=Figures(total=Decimal(62), grade="C", cgpa=Decimal("2.68")),
            supersedes=list(serials),
        ),
    }  # fmt: skip
    return PendingChangeView(id=id, **{**given, **more})


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def inbox(network: Network) -> InboxPresenter:
    return InboxPresenter(network, ME, ("exam_cell",), EVERYTHING)


def take(
    inbox: InboxPresenter, *things: SheetSummary | PendingChangeView, taught: tuple[int, ...] = ()
) -> None:
    sheets = [thing for thing in things if isinstance(thing, SheetSummary)]
    changes = [thing for thing in things if isinstance(thing, PendingChangeView)]
    inbox.take_list(Loaded(sheets, changes, list(taught)), NOW)


def decide(inbox: InboxPresenter, plan: Plan | str) -> str:
    assert isinstance(plan, Plan)
    outcomes: list[Outcome] = []
    inbox.carry_out(plan, lambda done, total, words: None, outcomes)
    return inbox.take_outcomes(outcomes)


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(hours=26), "1 day"),
        (timedelta(days=3), "3 days"),
    ],
)
def test_age_is_said_in_the_largest_unit(ago: timedelta, words: str) -> None:
    assert age(NOW - ago, NOW) == words


def test_the_oldest_stands_first_and_what_may_not_be_decided_last(inbox: InboxPresenter) -> None:
    mine = Person(ME, "Me")
    take(inbox, sheet(1, submitted_at=NOW), sheet(2), sheet(3, submitted_by=mine), sheet(4), taught=(4,))
    assert [item.key[1] for item in inbox.items] == [2, 1, 3, 4]
    assert [bool(item.barred) for item in inbox.items] == [False, False, True, True]
    assert "You handed this sheet in" in inbox.items[2].barred
    assert "You teach this section" in inbox.items[3].barred


def test_changes_of_another_s_turn_are_not_shown_but_one_s_own_are(inbox: InboxPresenter) -> None:
    mine = Person(ME, "Me")
    first = ChangeApproval(approver=mine, capacity="head", stage=1, approved=True, reason="", at=NOW)
    take(
        inbox,
        change(1, decidable=False, stage=1),
        change(2, decidable=False, requested_by=mine, stage=1),
        change(3, decidable=False, approvals=[first]),
    )
    assert [item.key[1] for item in inbox.items] == [2, 3]
    assert inbox.items[0].barred.endswith("It waits for the head or dean of the department.")
    assert inbox.items[1].barred.startswith(
        "You approved it as head; the second approval is another person's."
    )
    assert inbox.toggle(("change", 2)) == inbox.items[0].barred
    assert inbox.chosen == set()


def test_only_the_stage_that_applies_asks_and_says_the_effect(inbox: InboxPresenter) -> None:
    take(inbox, change(1, serials=("TR-2026-1",)), change(2, stage=1), sheet(3))
    plan = inbox.plan(("change", 1), approves=True)
    assert isinstance(plan, Plan)
    assert "total 53 → 62, grade D → C, CGPA 2.61 → 2.68. 1 document is superseded:" in plan.question
    for key in (("change", 2), ("sheet", 3)):
        plan = inbox.plan(key, approves=True)
        assert isinstance(plan, Plan)
        assert plan.question == ""


def test_unlike_items_are_not_decided_together(inbox: InboxPresenter) -> None:
    take(inbox, change(1), change(2, stage=1), sheet(3), sheet(4))
    inbox.toggle(("change", 1))
    inbox.toggle(("sheet", 3))
    assert "choose items of one kind" in str(inbox.plan(None, approves=True))
    inbox.choose_like(("sheet", 3))
    assert inbox.chosen == {("sheet", 3), ("sheet", 4)}
    assert decide(inbox, inbox.plan(None, approves=True)) == "Approved: 2 (CS-3 A and CS-4 A)."


def test_a_return_needs_a_reason(inbox: InboxPresenter, network: Network) -> None:
    take(inbox, sheet(1))
    assert "Say why" in str(inbox.plan(("sheet", 1), approves=False, reason="  "))
    assert decide(inbox, inbox.plan(("sheet", 1), approves=False, reason="no")) == "Returned: CS-1 A."
    assert inbox.items == []


def test_one_refusal_in_a_batch_stops_nothing_else_and_stays_with_its_reason(
    inbox: InboxPresenter, network: Network
) -> None:
    network.faults[2] = ProblemAnswer(409, "sheets.stale", "", "The sheet has changed since you read it")
    take(inbox, sheet(1), sheet(2), sheet(3))
    inbox.choose_like(("sheet", 1))
    sentence = decide(inbox, inbox.plan(None, approves=True))
    assert sentence == "Approved: 2 (CS-1 A and CS-3 A). 1 refused; the reason stands beside each."
    assert [item.key for item in inbox.items] == [("sheet", 2)]
    assert inbox.refusals[("sheet", 2)].startswith("The sheet has changed since you read it")


def test_a_decision_whose_answer_was_lost_is_sent_again_with_the_same_key(
    inbox: InboxPresenter, network: Network
) -> None:
    network.faults[1] = Offline("The server cannot be reached")
    take(inbox, sheet(1), sheet(2))
    inbox.choose_like(("sheet", 1))
    assert decide(inbox, inbox.plan(None, approves=True)) == "Not sent."
    assert [id for _, id, _ in network.sent] == [1], "the next is not tried in vain"
    assert len(inbox.items) == 2
    network.faults.clear()
    decide(inbox, inbox.plan(None, approves=True))
    keys = [key for _, id, key in network.sent if id == 1]
    assert keys[0] == keys[1]
    assert network.sent[2][2] != keys[0], "another item has another key"


def test_off_line_keeps_the_list_and_says_how_old_it_is(inbox: InboxPresenter) -> None:
    inbox.take_trouble(Offline("The server cannot be reached"))
    assert "Nothing is shown" in inbox.sentence
    take(inbox, sheet(1))
    inbox.take_trouble(Offline("The server cannot be reached"))
    assert "The list is of " in inbox.sentence
    assert len(inbox.items) == 1


def test_an_approver_sees_each_cut_off_that_was_moved_and_what_it_does() -> None:
    line: dict[str, Any] = {"points": None, "lowest": Decimal(60), "highest": Decimal(80)}
    graded = ClassCutoffs(
        regulation_id=1,
        regulation="BS-2021 v3",
        method="z",
        latitude=Decimal(6),
        mean=Decimal(60),
        deviation=Decimal(10),
        count=3,
        left_out=0,
        waiting=0,
        fail="F",
        lines=[
            CutoffLine(grade="A", at_least=Decimal("71.50"), by_rule=Decimal("70.00"), moved=True, **line),
            CutoffLine(grade="B", at_least=Decimal("50.00"), by_rule=Decimal("50.00"), **line),
        ],
        totals=[
            JudgedTotal(enrollment_id=1, total=Decimal(72), by_rule="A"),
            JudgedTotal(enrollment_id=2, total=Decimal(71), by_rule="A"),
            JudgedTotal(enrollment_id=3, total=Decimal(65), by_rule="B", settled="F"),
        ],
        reason="two papers were read again",
        proposed_by=LEAD,
    )
    assert cutoff_words(graded) == (
        ["Graded in relation to the class under BS-2021 v3: A 1, B 1, F 1. Approving freezes the lines."],
        [
            "Dr Lead moved A: it begins at 71.5 instead of 70, for 1 student instead of 2.",
            "The reason given: two papers were read again",
        ],
    )
