"""What the control tower says and what it refuses to try, without a screen."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from sims_desktop.client.errors import Offline, ProblemAnswer
from sims_desktop.client.results import Scope
from sims_desktop.results.presenter import (
    Act,
    Loaded,
    PublishPresenter,
    blocker_words,
    refusal_words,
    state_words,
    wish_of,
)
from sims_desktop.results.rows import RowLine
from sims_shared.catalog import ProgramView
from sims_shared.grading import AssessmentView
from sims_shared.reminders import TeachersReminded
from sims_shared.reports import Broadsheet
from sims_shared.result_versions import ResultVersions
from sims_shared.results import (
    ChangeImpact,
    ExceptionList,
    NotificationRef,
    PendingChangeView,
    ResultsFrozen,
    ResultsPublished,
    ResultsReleased,
    ResultsWithheld,
    ResultView,
    SectionProgress,
    TermProgress,
)
from sims_shared.terms import TermView

COLUMNS = [
    AssessmentView(id=1, section_id=7, name="Quiz", type="quiz", weight=Decimal(40), max_score=Decimal(20)),
    AssessmentView(
        id=2, section_id=7, name="Final", type="final", weight=Decimal(60), max_score=Decimal(100)
    ),
]


class Network:
    """Publishes, unless told to fail; everything else is away."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.fault: Exception | None = None

    def publish(self, scope: Scope, key: str) -> ResultsPublished:
        self.keys.append(key)
        if self.fault is not None:
            raise self.fault
        number = NotificationRef(id=1, number="118/CE/2026", date=date(2026, 11, 23), kind="main", sha256="")
        return ResultsPublished(published=40, withheld=2, notification=number)

    def read_terms(self) -> list[TermView]:
        raise Offline("away")

    def read_programs(self) -> list[ProgramView]:
        raise Offline("away")

    def read_progress(self, term_id: int, program_id: int | None, batch: str | None) -> TermProgress:
        raise Offline("away")

    def read_exceptions(self, scope: Scope) -> ExceptionList:
        raise Offline("away")

    def read_broadsheet(self, scope: Scope) -> Broadsheet:
        raise Offline("away")

    def read_results(self, section_id: int) -> list[ResultView]:
        raise Offline("away")

    def read_assessments(self, section_id: int) -> list[AssessmentView]:
        raise Offline("away")

    def read_versions(self, result_id: int) -> ResultVersions:
        raise AssertionError(result_id)

    def freeze(self, scope: Scope, key: str) -> ResultsFrozen:
        raise Offline("away")

    def withhold(self, result_ids: list[int], reason: str, note: str, key: str) -> ResultsWithheld:
        raise Offline("away")

    def release(self, result_ids: list[int], key: str) -> ResultsReleased:
        raise Offline("away")

    def preview_change(self, wish: dict[str, Any]) -> ChangeImpact:
        raise Offline("away")

    def request_change(self, wish: dict[str, Any], reason: str, key: str) -> PendingChangeView:
        raise Offline("away")

    def remind(self, section_ids: list[int], note: str, again: bool, key: str) -> TeachersReminded:
        raise Offline("away")


def section(id: int = 7, **more: Any) -> SectionProgress:
    given: dict[str, Any] = {
        "course_code": "CS-101", "course_title": "Programming", "section": "A", "sheet": "approved",
        "filled": 84, "total": 84, "roster": 42, "drafts": 40, "published": 0, "frozen": 0, "withheld": 2,
        "missing": 0, "stale": 0, "lead": "Dr Lead", "pending": 0, "conflicts": 0,
    }  # fmt: skip
    return SectionProgress(section_id=id, **{**given, **more})


def desk(*sections: SectionProgress) -> tuple[PublishPresenter, Network]:
    network = Network()
    presenter = PublishPresenter(network)
    presenter.take(Loaded([], [], 3, list(sections)))
    return presenter, network


@pytest.mark.parametrize(
    ("more", "state", "waits_for"),
    [
        ({"sheet": "open", "filled": 0}, "Not started", "Dr Lead"),
        ({"sheet": "open", "filled": 3, "conflicts": 2}, "In progress, 2 in conflict", "Dr Lead"),
        ({"sheet": "open", "filled": 3, "pending": 1}, "In progress, 1 mark not sent", "Dr Lead"),
        ({"sheet": "submitted"}, "Submitted, waiting for the head", "head of department"),
        ({"missing": 3}, "Approved, 3 missing, 2 withheld", ""),
        ({"withheld": 0}, "Approved, ready to publish", ""),
        ({"published": 40, "drafts": 0}, "Published: 40 of 42, 2 withheld", ""),
        ({"published": 40, "drafts": 0, "frozen": 40}, "Frozen, 2 withheld", ""),
        ({"published": 42, "drafts": 0, "withheld": 0}, "Published", ""),
    ],
)
def test_a_section_is_told_in_words_and_so_is_who_has_to_act(
    more: dict[str, Any], state: str, waits_for: str
) -> None:
    assert state_words(section(**more)) == state
    assert blocker_words(section(**more)) == waits_for


def test_the_tower_is_summed_up_in_one_sentence() -> None:
    presenter, _ = desk(
        section(1), section(2, sheet="open", filled=0), section(3, sheet="open", conflicts=1, pending=4)
    )
    assert presenter.sentence == (
        "3 sections: 2 outstanding, 1 ready (1 in conflict, 1 with marks not sent and 1 not started)"
    )
    presenter.next_filter()
    assert [one.section_id for one in presenter.visible] == [2, 3]


def test_a_publish_that_would_be_refused_is_not_tried() -> None:
    presenter, _ = desk(section(1, missing=1), section(2, sheet="submitted"))
    blank = RowLine("2024-CS-0002", "Student", None, why="no mark for Final")
    stuck = presenter.publish(presenter.sections[0], [blank])
    assert "1 student without a result or a reason" in str(stuck)
    assert "no mark for Final" in str(stuck)
    assert "1 sheet is not approved: CS-101 A (head of department)" in str(presenter.publish(None))
    done = section(3, published=42, drafts=0, withheld=0)
    assert presenter.publish(done) == "CS-101 A is published already."
    assert "Every result that is not out is withheld" in str(presenter.publish(section(4, drafts=0)))


def test_a_publish_says_its_effect_first_and_its_number_after() -> None:
    presenter, network = desk(section())
    act = presenter.publish(presenter.sections[0])
    assert isinstance(act, Act)
    assert act.question.startswith("CS-101 A: 40 results complete, 2 withheld and left behind.")
    assert network.keys == []
    sentence = presenter.carry_out(act)
    assert sentence.startswith("Published: CS-101 A, 40 results, 2 withheld. Notification ")
    assert "118/CE/2026" in sentence


def test_a_lost_answer_is_asked_for_with_the_same_key_and_a_refusal_ends_it() -> None:
    presenter, network = desk(section())
    act = presenter.publish(presenter.sections[0])
    assert isinstance(act, Act)
    for fault in (Offline("away"), ProblemAnswer(409, "results.wrong_state"), None):
        network.fault = fault
        if fault is None:
            presenter.carry_out(act)
        else:
            with pytest.raises(type(fault)):
                presenter.carry_out(act)
    assert network.keys[0] == network.keys[1] != network.keys[2]


def test_freezing_waits_for_everything_but_the_withheld() -> None:
    presenter, _ = desk(section())
    assert "everything but the withheld is published first" in str(presenter.freeze(presenter.sections[0]))
    act = presenter.freeze(section(published=40, drafts=0))
    assert isinstance(act, Act)
    assert act.question.startswith("CS-101 A: 40 results will be closed for good")


@pytest.mark.parametrize(
    ("typed", "wish"),
    [
        ("a-", {"result_id": 5, "new_grade": "A-"}),
        (
            "final 34",
            {"result_id": 5, "scores": [{"assessment_id": 2, "mark": "scored", "score": Decimal(34)}]},
        ),
        (
            "Quiz 7.5, Final abs",
            {
                "result_id": 5,
                "scores": [
                    {"assessment_id": 1, "mark": "scored", "score": Decimal("7.5")},
                    {"assessment_id": 2, "mark": "absent"},
                ],
            },
        ),
        ("34", "“34”: name the assessment, then its mark. There are Quiz and Final."),
        ("Final x", "“x” is neither a number nor ABS, EXC or UFM."),
        ("  ", "Type a grade, or an assessment and its mark: “Final 34”."),
    ],
)
def test_a_wish_is_read_as_people_type_it(typed: str, wish: Any) -> None:
    assert wish_of(5, typed, COLUMNS) == wish


def test_the_only_assessment_needs_no_name() -> None:
    found = wish_of(5, "34", COLUMNS[1:])
    assert isinstance(found, dict)
    assert found["scores"][0]["assessment_id"] == 2


def test_a_withholding_needs_a_digit_and_somebody() -> None:
    presenter, _ = desk(section())
    assert "1 fee, 2 unfair means" in str(presenter.withhold([], "fee"))
    assert presenter.withhold([], "1") == "Choose students with a draft result first."


def test_the_server_s_no_names_who_is_missing() -> None:
    facts = {"missing": [{"reg_no": "2024-1"}, {"reg_no": "2024-2"}]}
    error = ProblemAnswer(409, "results.scores_missing", "", "2024-1: no mark, and 1 more.", facts=facts)
    assert refusal_words(error) == "2024-1: no mark, and 1 more. 2024-1 and 2024-2"
