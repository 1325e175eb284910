"""Quiet guards: what they find, and – measured over thousands of classes – how often they are wrong."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from sims_desktop.grading.presenter.grid import GridPresenter
from sims_desktop.grading.presenter.guards import find_shift, find_swaps, suspicions
from tests.desktop.grading.sheets import MIDTERM, QUIZ, SECTION, assessment, wire_sheet
from tests.desktop.grading.shelves import LocalShelf

CLASSES = 500


def a_class(seed: int, tie: float, students: int = 40) -> tuple[list[float], list[float]]:
    """Marks of 100 and what other columns say of the same students, tied by a correlation of `tie`."""
    chance = random.Random(seed)
    expected = [chance.gauss(0, 1) for _ in range(students)]
    rest = (1 - tie * tie) ** 0.5
    marks = [
        float(min(100, max(0, round(62 + 14 * (tie * value + rest * chance.gauss(0, 1))))))
        for value in expected
    ]
    return marks, expected


@pytest.mark.parametrize("tie", [0.0, 0.4, 0.8])
def test_fewer_than_one_class_in_a_hundred_is_noted_wrongly(tie: float) -> None:
    wrong = 0
    for seed in range(CLASSES):
        marks, expected = a_class(seed, tie)
        wrong += find_shift(marks, expected) is not None or bool(find_swaps(marks, expected, 100))
    assert wrong / CLASSES <= 0.01, f"{wrong} of {CLASSES} classes without a slip were noted"


@pytest.mark.parametrize("step", [1, -1])
def test_most_shifted_columns_are_found_near_the_row_where_they_begin(step: int) -> None:
    found = near = 0
    for seed in range(300):
        marks, expected = a_class(seed, 0.85)
        # A line was left out (the marks below stand one too high), or one was entered twice.
        slipped = marks[:13] + marks[14:] + [50.0] if step == 1 else [*marks[:14], marks[13], *marks[14:-1]]
        answer = find_shift(slipped, expected)
        if answer is not None:
            found += 1
            near += answer[1] == step and abs(answer[0] - 13) <= 4
    assert found >= 0.8 * 300, f"{found} of 300 found"
    assert near >= 0.9 * found, f"{near} of {found} at the right row"


def test_every_second_pair_of_swapped_digits_is_found() -> None:
    found = tried = 0
    for seed in range(300):
        marks, expected = a_class(seed, 0.9)
        swapped = int(str(int(marks[7]))[::-1].zfill(2))
        if abs(swapped - marks[7]) < 36 or not 10 <= swapped <= 99:
            continue  # such as 55, or 54 for 45, which no other mark can tell
        tried += 1
        found += 7 in find_swaps([*marks[:7], float(swapped), *marks[8:]], expected, 100)
    assert tried >= 40
    assert found >= tried / 2, f"{found} of {tried}"


Enter = Callable[[dict[int, list[str]]], GridPresenter]


@pytest.fixture
def enter(make_shelf: Callable[..., LocalShelf]) -> Enter:
    """A class of 30 with these marks by assessment."""
    students = tuple((1001 + n, f"2020-XU-{n:04d}", f"Student {n}", "enrolled") for n in range(30))
    heads = (assessment(MIDTERM, "Midterm", "30", "40"), assessment(QUIZ, "Quiz", "20", "10"))

    def build(columns: dict[int, list[str]]) -> GridPresenter:
        scores = {(1001 + n, key): text for key, texts in columns.items() for n, text in enumerate(texts)}
        return GridPresenter(make_shelf(wire_sheet(scores, students=students, assessments=heads)), SECTION)

    return build


def test_a_column_that_holds_anothers_marks_is_noted(enter: Enter) -> None:
    quiz = [str(3 + n % 7) for n in range(30)]
    (noted,) = suspicions(enter({MIDTERM: quiz, QUIZ: quiz}), 0)
    assert noted.sentence == "Midterm holds the marks of Quiz."
    (noted,) = suspicions(enter({MIDTERM: quiz}), 0)
    assert "Is this the right column?" in noted.sentence
    assert suspicions(enter({QUIZ: quiz}), 1) == []


def test_a_shift_is_said_with_the_row_where_it_begins(enter: Enter) -> None:
    chance = random.Random(4)
    quiz = [chance.randint(1, 10) for _ in range(30)]
    midterm = [4 * mark - chance.randint(0, 3) for mark in quiz]
    shifted = midterm[:13] + midterm[14:] + [20]
    grid = enter({MIDTERM: [str(mark) for mark in shifted], QUIZ: [str(mark) for mark in quiz]})
    (noted,) = suspicions(grid, 0)
    assert noted.kind == "shift"
    assert noted.sentence == "From row 14 down the marks of Midterm fit the next student better."
    assert noted.keys[0] == (1014, MIDTERM)
    assert suspicions(enter({MIDTERM: [str(m) for m in midterm], QUIZ: [str(m) for m in quiz]}), 0) == []
