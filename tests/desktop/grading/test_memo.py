"""The hall memo beside the sheet: it changes nothing, and says where the two differ."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sims_desktop.grading.presenter.grid import GridPresenter
from sims_desktop.grading.presenter.memo import HallMemo
from tests.desktop.grading.sheets import MIDTERM, QUIZ, SECTION, wire_sheet
from tests.desktop.grading.shelves import LocalShelf

MakeShelf = Callable[..., LocalShelf]


@pytest.fixture
def grid(make_shelf: MakeShelf) -> GridPresenter:
    grid = GridPresenter(make_shelf(wire_sheet({(1001, MIDTERM): "31"})), SECTION)
    column = grid.column_of[MIDTERM]
    for place in (1, 3):  # the third has withdrawn
        grid.type_text(place, column, "A")
    return grid


@pytest.fixture
def memo(grid: GridPresenter) -> HallMemo:
    return HallMemo(grid, MIDTERM)


def test_a_count_alone_says_how_many_differ(memo: HallMemo) -> None:
    assert memo.sentence == "2 marked absent; the hall memo is not typed in yet."
    assert memo.take("=3") == "The memo says 3 students."
    assert memo.sentence == "2 marked absent; the hall memo says 3: 1 differ."
    rows = memo.grid.sheet.rows
    assert [one.row for one in memo.to_look_at] == [rows[1], rows[3]], "whom to look for on the paper"
    assert memo.take("= x").startswith("After = comes")
    memo.take("=2")
    assert memo.sentence == "2 marked absent; the hall memo says 2: they agree."
    assert memo.differences == memo.to_look_at == []


def test_the_numbers_it_names_show_whom_to_look_for(memo: HallMemo, grid: GridPresenter) -> None:
    rows = grid.sheet.rows
    assert memo.take(rows[0].reg_no[-4:]).startswith("On the memo: ")
    memo.take(rows[1].reg_no)
    assert [(one.row, one.on_sheet, one.on_memo) for one in memo.differences] == [
        (rows[0], "31 of 40", "absent"),
        (rows[3], "absent", "not named"),
    ]
    assert memo.sentence == "2 marked absent; the hall memo says 2: 2 differ."
    memo.take("=3")
    assert memo.sentence.endswith("2 differ. It names 2 and says 3.")
    assert memo.take(rows[0].reg_no).startswith("Off the memo: ")
    assert [one.row for one in memo.differences] == [rows[3]]


def test_what_fits_nobody_or_several_is_said_and_nothing_is_taken(memo: HallMemo) -> None:
    assert memo.take("zzz") == "No number here ends with “zzz”."
    common = memo.grid.sheet.rows[0].reg_no[-2:-1]
    assert memo.take("") == "No number here ends with “”."
    several = [row for row in memo.grid.sheet.rows if row.reg_no.endswith(common)]
    assert len(several) < 2 or "type more of it" in memo.take(common)
    assert not memo.listed


def test_what_was_typed_stays_with_the_column_until_it_is_taken_off(memo: HallMemo) -> None:
    grid = memo.grid
    assert memo.source.startswith("Nothing here knows the hall")
    memo.take("=3")
    memo.take(grid.sheet.rows[1].reg_no)
    again = HallMemo(grid, MIDTERM)
    assert (again.sentence, again.differences) == (memo.sentence, memo.differences)
    assert again.source.startswith("Typed in from the memo ")
    assert not HallMemo(grid, QUIZ).is_known, "it belongs to one column"
    again.take("=")
    assert not HallMemo(grid, MIDTERM).is_known
