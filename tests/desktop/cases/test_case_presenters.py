"""What the cases desk says, asks and signs, over the real application, without a screen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from sims_desktop.cases.opening import OpeningPresenter, result_words
from sims_desktop.cases.presenter import CasesPresenter, Draft, Shown
from sims_desktop.client.cases import CaseCalls
from sims_desktop.client.errors import Offline, ProblemAnswer
from sims_desktop.client.students import StudentCalls
from tests.server.cases.scene import opened, published, result
from tests.support.api import Api
from tests.support.signed_in import SignIn
from tests.support.university import University

NOW = datetime.now(UTC)
Desk = Callable[[str], CasesPresenter]


@pytest.fixture
def desk(sign_in: SignIn) -> Desk:
    def enter(username: str) -> CasesPresenter:
        client, user = sign_in(username)
        return CasesPresenter(CaseCalls(client), user.permissions, user.id)

    return enter


def read(presenter: CasesPresenter, case_id: int) -> Shown:
    presenter.take(presenter.load())
    presenter.take_shown(presenter.read(case_id))
    assert presenter.shown is not None
    return presenter.shown


def say(presenter: CasesPresenter, *answers: str) -> Draft:
    """Answers a proposal's questions one after the other."""
    draft = Draft()
    for number, typed in enumerate(answers):
        assert presenter.asks(draft, number) is not None
        found = presenter.answer(draft, number, typed)
        assert isinstance(found, Draft), found
        draft = found
    assert presenter.asks(draft, len(answers)) is None
    return draft


def test_a_recheck_is_proposed_mark_by_mark_and_signed_in_order_upon_its_effect(
    api: Api, university: University, desk: Desk
) -> None:
    _, results = published(api, university, students=2)
    case = opened(api, "counter", kind="recheck", result_ids=results)
    teacher = desk("faculty")
    assert teacher.filter == "open"
    shown = read(teacher, case["id"])
    assert teacher.sentence == "1 case open"
    assert "Asked for by Counter" in teacher.lead(NOW)
    assert "waits for a proposal" in teacher.lead(NOW)
    hint, name = teacher.asks(Draft(), 0) or ("", "")
    assert "CS-101: New grade, or marks such as “Final 34”" in hint
    assert name.endswith("CS-101")
    assert "There are Quiz, Midterm and Final." in str(teacher.answer(Draft(), 0, "Fnal 90"))
    draft = say(teacher, "final 90", "", "Committee 4")
    assert len(draft.changes) == 1
    assert teacher.propose(shown, draft, "Committee 4").startswith("Proposed: C-")
    # Nobody decides what they proposed, and the head comes before the examination cell.
    assert read(teacher, case["id"]).case.state == "proposed"
    assert teacher.why_not_decide == "You asked or proposed it; other people decide."
    last = desk("examcell")
    assert last.load() == []
    last.filter = "open"
    read(last, case["id"])
    assert last.why_not_decide == "It waits for a head or dean of a department concerned."
    head = desk("head")
    shown = read(head, case["id"])
    assert head.sentence == "1 case waiting for me"
    assert [row[1:] for row in shown.rows][:1] == [("75 B+ 3.30", "85 A 4.00")]
    assert shown.effect == "No document is superseded."
    assert head.question.startswith("You sign first, for the department")
    assert "goes on to the next signature" in head.decide(shown, True, "")
    last.filter = "mine"
    shown = read(last, case["id"])
    assert "You sign as the last." in last.question
    assert last.decide(shown, True, "").startswith("Applied: C-")
    assert result(api, results[0])["grade"] == "A"
    assert result(api, results[1])["grade"] == "B+"
    last.filter = "applied"
    shown = read(last, case["id"])
    assert [row[1:] for row in shown.rows] == [("75 B+", "85 A")]
    assert "1. Head (Head) approved" in last.lead(NOW)
    with pytest.raises(ProblemAnswer) as refused:
        last.calls.decide(shown.case, True, "", "again")
    assert "applied" in last.refused(refused.value)


def test_a_recheck_that_finds_nothing_says_why(api: Api, university: University, desk: Desk) -> None:
    _, results = published(api, university)
    case = opened(api, "counter", kind="recheck", result_ids=results)
    teacher = desk("faculty")
    shown = read(teacher, case["id"])
    assert teacher.answer(Draft(), 1, " ") == "Say why nothing changes."
    teacher.propose(shown, say(teacher, "", "Added up rightly"), "Added up rightly")
    head = desk("head")
    shown = read(head, case["id"])
    assert (shown.rows, shown.effect) == ([], "No result changes.")
    assert "Finding: Added up rightly" in head.lead(NOW)
    assert head.decide(shown, False, "Ask the second examiner").endswith("Nothing of it is changed.")


def test_a_judgment_of_unfair_means_is_asked_for_digit_by_digit(
    api: Api, university: University, desk: Desk
) -> None:
    _, results = published(api, university)
    case = opened(api, "examcell", kind="unfair_means", result_ids=results)
    cell = desk("examcell")
    cell.filter = "open"
    shown = read(cell, case["id"])
    assert (cell.asks(Draft(), 0) or ("",))[0].startswith("1 exonerated · 2 paper cancelled")
    assert cell.answer(Draft(), 0, "7") == "Type the digit of the judgment."
    suspended = cell.answer(Draft(), 0, "5")
    assert isinstance(suspended, Draft)
    assert cell.answer(suspended, 1, "R/88 tomorrow") == "An order number, a space, and a day as 2026-12-01."
    assert cell.answer(suspended, 2, "") == "Name the committee and its minute."
    draft = say(cell, "5", "R/88 2026-12-01", "UFM 7/2026")
    assert draft.judgment == {
        "penalty": "suspended",
        "suspension": {"effective_on": "2026-12-01", "order_no": "R/88"},
    }
    cell.propose(shown, say(cell, "3", "UFM 7/2026"), "UFM 7/2026")
    head = desk("head")
    shown = read(head, case["id"])
    assert "Judgment: course cancelled." in head.lead(NOW)
    assert any("F" in row[2] for row in shown.rows)


def test_single_papers_are_cancelled_by_name_and_without_a_name_those_of_the_sheet(
    api: Api, university: University, desk: Desk
) -> None:
    _, results = published(api, university)
    case = opened(api, "examcell", kind="unfair_means", result_ids=results)
    cell = desk("examcell")
    cell.filter = "open"
    shown = read(cell, case["id"])
    cancelled = cell.answer(Draft(), 0, "2")
    assert isinstance(cancelled, Draft)
    hint, name = cell.asks(cancelled, 1) or ("", "")
    assert "which papers count zero, of Quiz, Midterm and Final?" in hint
    assert name.endswith("CS-101 that count zero")
    assert "“Fnal” is no paper of this course." in str(cell.answer(cancelled, 1, "Quiz, Fnal"))
    assert say(cell, "2", "", "UFM 7").judgment == {"penalty": "paper_cancelled"}
    draft = say(cell, "2", "final, Quiz", "UFM 7/2026")
    assert draft.judgment is not None
    assert len(draft.judgment["papers"]) == 2
    assert cell.propose(shown, draft, "UFM 7/2026").startswith("Proposed: ")
    head = desk("head")
    read(head, case["id"])
    assert "Judgment: paper cancelled" in head.lead(NOW)


def test_the_marks_of_further_examiners_are_typed_behind_the_paper(
    api: Api, university: University, desk: Desk
) -> None:
    _, results = published(api, university)
    case = opened(api, "counter", kind="re_evaluation", result_ids=results)
    teacher = desk("faculty")
    shown = read(teacher, case["id"])
    assert "Final 30/34" in (teacher.asks(Draft(), 0) or ("",))[0]
    assert "type the paper, the second mark" in str(teacher.answer(Draft(), 0, "Final /34"))
    assert "There are Quiz, Midterm and Final." in str(teacher.answer(Draft(), 0, "Fnal 30/34"))
    draft = say(teacher, "Final 75/78, quiz 15/", "Committee 4")
    (change,) = draft.changes
    assert [(one["second"], one.get("third")) for one in change["examined"]] == [("75", "78"), ("15", None)]
    assert teacher.propose(shown, draft, "Committee 4").startswith("Proposed: ")


def test_whoever_asked_may_withdraw_until_something_is_proposed(
    api: Api, university: University, desk: Desk
) -> None:
    _, results = published(api, university)
    case = opened(api, "faculty", kind="correction", result_ids=results)
    head = desk("head")
    head.filter = "open"
    read(head, case["id"])
    assert head.why_not_withdraw == "Whoever asked may withdraw it: Faculty."
    assert head.why_not_decide.startswith("Nothing is proposed yet")
    teacher = desk("faculty")
    shown = read(teacher, case["id"])
    assert teacher.why_not_withdraw == ""
    assert teacher.withdraw(shown).startswith("Withdrawn: C-")
    teacher.take(teacher.load())
    assert teacher.sentence == "No case is open."
    assert "counts only once" in teacher.refused(Offline("The server cannot be reached"))


def test_a_case_is_opened_about_a_students_results_and_every_fault_is_named(
    api: Api, university: University, sign_in: SignIn
) -> None:
    scene, results = published(api, university)
    client, user = sign_in("registrar")
    opening = OpeningPresenter(CaseCalls(client), user.permissions)
    assert opening.kinds[-1] == "grace"
    (student,) = StudentCalls(client).find("number 1")
    whose = opening.visit(student)
    assert [result_words(one) for one in whose.results] == ["75 B+"]
    assert opening.begin(results[0]).chosen == results[0]
    assert opening.check("recheck", [], " ", "", "pass") is None
    assert [fault.pointer for fault in opening.faults] == ["/result_ids", "/reason"]
    grace: dict[str, Any] | None = opening.check("grace", whose.results, "Plea", "Syndicate 9", "pass")
    assert grace is not None
    assert (grace["registration_id"], grace["term_id"]) == (scene["registrations"][0], scene["term"])
    with pytest.raises(ProblemAnswer) as refused:
        opening.open(grace)
    assert "grace" in opening.refused(refused.value).lower()
    asked = opening.check("recheck", whose.results, "A page was missed", "", "pass")
    assert asked is not None
    case = opening.open(asked)
    assert opening.opened_words(case).endswith("1 result.")
    with pytest.raises(ProblemAnswer) as again:
        opening.calls.open_case(asked, "another")
    assert f"Case {case.id} is about it." in opening.refused(again.value)
    counter, user = sign_in("counter")
    assert OpeningPresenter(CaseCalls(counter), user.permissions).kinds == ["recheck", "re_evaluation"]
