"""An unsorted stack of scripts: seven keys each, bundles with control totals, a second blind keying."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sims_desktop.grading.presenter.grid import GridPresenter
from sims_desktop.grading.presenter.stack import Asking, StackPresenter
from tests.desktop.grading.sheets import MIDTERM, SECTION, assessment, wire_sheet
from tests.desktop.grading.shelves import LocalShelf

CLASS = tuple((1001 + n, f"2020-XU-BSCS-{n:04d}", f"Student {n}", "enrolled") for n in range(500))


@pytest.fixture
def grid(make_shelf: Callable[..., LocalShelf]) -> GridPresenter:
    heads = (assessment(MIDTERM, "Midterm", "30", "40"),)
    return GridPresenter(make_shelf(wire_sheet(students=CLASS, assessments=heads)), SECTION)


def key(stack: StackPresenter, *lines: str) -> StackPresenter:
    for line in lines:
        stack.enter(line)
    return stack


def test_a_script_costs_its_digits_its_mark_and_two_enters(grid: GridPresenter) -> None:
    stack = StackPresenter(grid, 0)
    for line in ("417", "34"):
        stack.enter(line)
    assert len("417") + len("34") + 2 == 7, "seven keys"
    assert grid.cell_of((1001 + 417, MIDTERM)).text == "34"
    assert stack.progress.sentence == "1 entered, sum 34, 499 left"


def test_the_control_total_tells_which_bundle_is_wrong(grid: GridPresenter) -> None:
    stack = key(StackPresenter(grid, 0), "417", "34", "3", "20", "=54", "12", "14", "99", "a", "=41")
    assert stack.sentence == (
        "Bundle 2, 2 scripts: sum 14, the paper says 41: 27 less. Key this bundle again (Shift+F6)"
    )
    assert [bundle.agrees for bundle in stack.bundles] == [True, False]
    assert stack.progress.sentence.endswith("bundle 2 does not agree")
    assert "closes the bundle" in key(stack, "=forty").sentence


def test_keyed_a_second_time_the_first_marks_are_not_shown_until_both_are_typed(grid: GridPresenter) -> None:
    key(StackPresenter(grid, 0), "417", "34", "3", "20", "12", "13")
    again = key(StackPresenter(grid, 0, blind=True), "417")
    assert "34" not in again.sentence
    assert key(again, "34").sentence.endswith("34, the same twice")
    key(again, "12", "31")
    assert again.asking is Asking.KEEP_OR_REPLACE
    assert "the first keying says 13" in again.sentence
    assert grid.cell_of((1013, MIDTERM)).text == "13", "nothing is replaced unasked"
    key(again, "r", "3", "25", "")
    assert (grid.cell_of((1013, MIDTERM)).text, grid.cell_of((1004, MIDTERM)).text) == ("31", "20")
    assert again.progress.sentence == "3 entered, sum 85, 497 left · 3 keyed again, 2 differed"
    assert key(again, "=85").sentence == "Bundle 1, 3 scripts: sum 85 agrees with the paper"


def test_a_script_that_was_missing_the_first_time_is_entered(grid: GridPresenter) -> None:
    again = key(StackPresenter(grid, 0, blind=True), "417", "34")
    assert grid.cell_of((1001 + 417, MIDTERM)).text == "34"
    assert again.asking is Asking.NUMBER


def test_digits_that_fit_several_and_then_nobody_leave_the_line_empty(
    make_shelf: Callable[..., LocalShelf],
) -> None:
    """Whoever keys without looking loses one script, and not the rest of the bundle."""
    two = (*CLASS[:9], (9001, "2020-XU-BSSE-0007", "Another Seven", "enrolled"))
    heads = (assessment(MIDTERM, "Midterm", "30", "40"),)
    grid = GridPresenter(make_shelf(wire_sheet(students=two, assessments=heads)), SECTION)
    stack = key(StackPresenter(grid, 0), "7")
    assert [row.name for row in stack.candidates] == ["Student 7", "Another Seven"]
    key(stack, "734")
    assert (stack.candidates, stack.asking) == ([], Asking.NUMBER)
    key(stack, "8", "34")
    assert stack.progress.entered == 1
