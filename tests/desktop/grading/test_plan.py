"""The plan of assessment as a teacher writes it in one line."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sims_desktop.grading.presenter.plan import PlanPresenter
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
    plan.read("quiz 10")
    assert plan.mistake == "There are two columns named quiz."


def test_a_lab_is_of_the_practical_head() -> None:
    plan = PlanPresenter(())
    plan.read("Lab work 20, Viva 10, Final 70")
    assert [(part.type, part.head) for part in plan.parts] == [
        ("lab", "practical"),
        ("viva", "practical"),
        ("final", "theory"),
    ]
