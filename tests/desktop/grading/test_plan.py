"""The plan of assessment as a teacher writes it in one line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from sims_desktop.grading.presenter.plan import PlanPresenter
from sims_desktop.grading.presenter.plan_met import columns_after, moved_between, moved_words
from sims_desktop.grading.presenter.sheet import Column


@pytest.mark.parametrize(
    ("line", "full"),
    [
        ("20/30/50", "Quiz 20 of 20, Midterm 30 of 30, Final 50 of 50"),
        ("40 / 60", "Midterm 40 of 40, Final 60 of 60"),
        ("۴۰/۶۰", "Midterm 40 of 40, Final 60 of 60"),
        ("Quiz 10% of 5, Lab 12.5 of 25; Final! 77.5", "Quiz 10 of 5, Lab 12.5 of 25, Final! 77.5 of 77.5"),
        ("Term paper 100!", "Term paper! 100 of 100"),
        ("Quiz 1 10, Quiz 2 10 of 40", "Quiz 1 10 of 10, Quiz 2 10 of 40"),
        ("1/2/3/4/5/6", ", ".join(f"Assessment {n} {n} of {n}" for n in range(1, 7))),
    ],
)
def test_a_line_says_names_weights_and_maxima(line: str, full: str) -> None:
    plan = PlanPresenter(())
    plan.read(line)
    assert (plan.mistake, plan.line) == ("", full)
    again = PlanPresenter(())
    again.read(plan.line)
    assert again.parts == plan.parts, "written in full it means the same"


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ("20/30/60", "The weights add up to 110, more than 100."),
        ("Quiz, Final 50", "“Quiz” has no weight: write Quiz 20, or Quiz 20 of 40."),
        ("Quiz 20, quiz 30", "There are two columns named quiz."),
        ("Bonus 0, Final 100", "“Bonus 0” needs a maximum: Bonus 0 of 10."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_can_be_made(line: str, mistake: str) -> None:
    plan = PlanPresenter(())
    plan.read(line)
    assert plan.sentence == mistake
    assert not plan.may_make


def test_columns_that_are_there_already_count() -> None:
    plan = PlanPresenter([Column(1, "Quiz", Decimal(20), Decimal(20))])
    plan.read("Midterm 30")
    assert plan.sentence == "50 of 100, 50 left. Ctrl+Enter makes 1 column."
    plan.read("Final 90")
    assert not plan.may_make


def test_a_column_that_stands_is_changed_by_its_name_or_its_place() -> None:
    there = [
        Column(1, "Quizzes", Decimal(20), Decimal(20), "quiz"),
        Column(2, "Midterm", Decimal(50), Decimal(30), "midterm"),
        Column(3, "Final", Decimal(100), Decimal(50), "final", must_sit=True),
    ]
    plan = PlanPresenter(there)
    assert plan.sentence.startswith("100 of 100. Type a part to add it")
    assert plan.line == "Quizzes 20 of 20, Midterm 30 of 50, Final! 50 of 100"
    plan.read(plan.line)
    assert (plan.sentence, plan.may_make) == ("100 of 100. All of it stands already.", False)
    plan.read("25/25/50")
    assert plan.sentence == "100 of 100. Ctrl+Enter changes 2 columns."
    was = {"max_score": "20", "must_sit": False, "name": "Quizzes", "id": 1}
    assert plan.wish["based_on"][0] == {**was, "weight": "20"}
    assert plan.wish["make"] == []
    assert [(one["name"], one["weight"]) for one in plan.wish["change"]] == [
        ("Quizzes", "25"),
        ("Midterm", "25"),
    ]
    assert plan.wish["change"][0] == {**was, "weight": "25"}
    assert plan.parts[1].texts()[1:3] == ("30 → 25 %", "50")
    plan.read("midterm 20 of 40, Final 50, Viva 10")
    assert plan.sentence == (
        "100 of 100. Final need not be sat any more: “!” keeps it. Ctrl+Enter makes 1 column and changes 2 "
        "columns."
    )
    assert plan.parts[1].texts()[4] == "need not be sat any more"
    assert [part.name for part in plan.acts] == ["Midterm", "Final", "Viva"]
    assert plan.wish["change"][0] | {"weight": "20", "max_score": "40"} == plan.wish["change"][0]
    assert plan.wish["make"][0]["name"] == "Viva"
    plan.read("Quizzes 10, quizzes 20")
    assert plan.mistake == "There are two columns named quizzes."


def test_a_lab_is_of_the_practical_head() -> None:
    plan = PlanPresenter(())
    plan.read("Lab work 20, Viva 10, Final 70")
    assert [(part.type, part.head) for part in plan.parts] == [
        ("lab", "practical"),
        ("viva", "practical"),
        ("final", "theory"),
    ]


def test_a_line_of_numbers_means_the_same_columns_when_a_colleague_has_added_one() -> None:
    quiz = Column(1, "Quiz", Decimal(20), Decimal(20), "quiz")
    final = Column(2, "Final", Decimal(50), Decimal(80), "final")
    plan = PlanPresenter([quiz, final])
    plan.read("40/60")
    assert plan.meet([quiz, replace(final, weight=Decimal(70))], "40/60") == "40/60"
    lab = Column(3, "Lab", Decimal(10), Decimal(10), "lab")
    line = plan.meet([quiz, replace(final, weight=Decimal(70)), lab], "40/60")
    assert line == "Quiz 40 of 20, Final 60 of 50", "by name, for by place it would be two new columns"
    assert plan.mistake == "The weights add up to 110, more than 100."
    moves = moved_between([quiz, final], [replace(quiz, name="Quizzes"), lab])
    now = datetime(2026, 11, 24, tzinfo=UTC)
    assert moved_words(moves, now) == ("Quiz is named Quizzes; Final was taken away; Lab is new, 10 % of 10")
    assert moved_between([quiz, final], columns_after([quiz, final], moves)) == moves
