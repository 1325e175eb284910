"""Paste by registration number."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sims_desktop.grading.presenter.grid import GridPresenter
from sims_desktop.grading.presenter.matching import UNKNOWN, apply_match, match_by_number
from tests.desktop.grading.sheets import MIDTERM, SECTION, wire_sheet
from tests.desktop.grading.shelves import LocalShelf


@pytest.fixture
def grid(make_shelf: Callable[..., LocalShelf]) -> GridPresenter:
    return GridPresenter(make_shelf(wire_sheet({(1001, MIDTERM): "31"})), SECTION)


def test_numbers_are_matched_as_people_retype_them_in_any_order(grid: GridPresenter) -> None:
    match = match_by_number(grid, "Khan\t 2020-xu-bscs-0417\t32\nAhmed\t2020XUBSCS0418\t12,5\n", 0)
    assert match is not None
    assert [(line.name, line.old, line.new) for line in match.changes] == [
        ("Ayesha Khan", "31", "32"),
        ("Bilal Ahmed", "", "12.5"),
    ]


def test_leading_zeros_belong_to_the_number(grid: GridPresenter) -> None:
    match = match_by_number(grid, "2020-XU-BSCS-0417\t32\n2020-XU-BSCS-417\t9\n", 0)
    assert match is not None
    assert [odd.why for odd in match.odd] == [UNKNOWN]


def test_a_heading_names_the_columns_it_fills(grid: GridPresenter) -> None:
    text = "Reg No\tQuiz\tRemarks\tMidterm\n2020-XU-BSCS-0417\t8\tgood\t32\n2020-XU-BSCS-0418\t7\t\t\n"
    match = match_by_number(grid, text, 0)
    assert match is not None
    assert [(line.name, line.column, line.new) for line in match.changes] == [
        ("Ayesha Khan", "Quiz", "8"),
        ("Ayesha Khan", "Midterm", "32"),
        ("Bilal Ahmed", "Quiz", "7"),
    ]


def test_a_heading_that_names_nothing_is_passed_over(grid: GridPresenter) -> None:
    match = match_by_number(grid, "Roll\tMarks\n2020-XU-BSCS-0417\t32\n", 0)
    assert match is not None
    assert (len(match.changes), match.odd) == (1, [])


def test_a_number_that_comes_twice_with_two_marks_is_not_guessed_at(grid: GridPresenter) -> None:
    match = match_by_number(grid, "2020-XU-BSCS-0417\t32\n2020-XU-BSCS-0417\t33\n2020-XU-BSCS-0417\t32\n", 0)
    assert match is not None
    assert [line.new for line in match.changes] == ["32"]
    assert [(odd.text, odd.why) for odd in match.odd] == [("33", "The list also says 32 for this number")]


def test_what_cannot_be_used_stays_out_with_its_reason(grid: GridPresenter) -> None:
    text = "2020-XU-BSCS-0417\t320\n2021-XU-BSCS-0017\t20\n2019-XX\t5\n2021-XU-BSCS-1417\t31\n"
    match = match_by_number(grid, text, 0)
    assert match is not None
    assert [odd.why for odd in match.odd] == [
        "More than the maximum of 40",
        "Withdrawn from the course",
        UNKNOWN,
    ]
    assert match.sentence == "0 same, 1 to change, 1 unknown, 2 not usable"


def test_a_blank_on_the_list_never_erases_a_mark(grid: GridPresenter) -> None:
    match = match_by_number(grid, "2020-XU-BSCS-0417\t\n2020-XU-BSCS-0418\t5\n", 0)
    assert match is not None
    assert [line.name for line in match.changes] == ["Bilal Ahmed"]


def test_one_undo_takes_the_whole_paste_back(grid: GridPresenter) -> None:
    match = match_by_number(grid, "2020-XU-BSCS-0417\t1\n2020-XU-BSCS-0418\t2\n", 0)
    assert match is not None
    assert apply_match(grid, match).changed == 2
    assert grid.undo().sentence == "Undid pasting 2 marks by registration number."
    assert [grid.cell(0, 0).text, grid.cell(1, 0).text] == ["31", ""]


@pytest.mark.parametrize("text", ["", "34\n35\n", "one\ttwo\n", "2020-XU-BSCS-0417\n"])
def test_a_clipboard_without_numbers_of_the_section_is_no_list(grid: GridPresenter, text: str) -> None:
    assert match_by_number(grid, text, 0) is None
