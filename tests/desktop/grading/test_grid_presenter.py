"""The grade grid without a screen."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sims_desktop.grading.presenter.grid import NAME, Filter, GridPresenter
from sims_desktop.grading.presenter.sheet import Badge
from tests.desktop.grading.sheets import MIDTERM, QUIZ, SECTION, assessment, wire_sheet
from tests.desktop.grading.shelves import LocalShelf

MakeShelf = Callable[..., LocalShelf]


@pytest.fixture
def grid(make_shelf: MakeShelf) -> GridPresenter:
    shelf = make_shelf(wire_sheet({(1001, MIDTERM): "31", (1001, QUIZ): "7", (1002, MIDTERM): "12"}))
    return GridPresenter(shelf, SECTION)


def column_of_texts(grid: GridPresenter, column: int) -> list[str]:
    return [grid.cell(place, column).text for place in range(grid.row_count)]


def test_a_typed_mark_is_on_this_computer_before_it_is_shown_as_saved(grid: GridPresenter) -> None:
    outcome = grid.type_text(3, 0, "22,5")
    assert outcome.sentence == "Typing 22,5 for فاطمہ زہرا, Midterm. Ctrl+Z undoes."
    assert (grid.cell(3, 0).text, grid.cell(3, 0).badge) == ("22.5", Badge.WAITING)
    again = GridPresenter(grid.shelf, SECTION)
    assert (again.cell(3, 0).text, again.cell(3, 0).badge) == ("22.5", Badge.WAITING)


def test_what_is_no_mark_stays_in_its_cell_and_is_not_sent(grid: GridPresenter) -> None:
    outcome = grid.type_text(0, 0, "310")
    assert outcome.sentence == "More than the maximum of 40. F7 comes back to it."
    assert (grid.cell(0, 0).text, grid.cell(0, 0).badge) == ("310", Badge.INVALID)
    assert GridPresenter(grid.shelf, SECTION).cell(0, 0).text == "31"
    grid.type_text(0, 0, "31")
    assert (grid.cell(0, 0).text, grid.cell(0, 0).badge) == ("31", Badge.SAVED)


def test_a_closed_cell_is_passed_over_and_says_why(grid: GridPresenter) -> None:
    assert grid.type_text(2, 0, "20").sentence == "Withdrawn from the course. Nothing changed."
    assert (
        grid.type_text(0, 2, "80").sentence == "The examination cell enters this assessment. Nothing changed."
    )
    assert grid.cell(2, 0).text == ""


def test_a_submitted_sheet_takes_no_mark(make_shelf: MakeShelf) -> None:
    grid = GridPresenter(make_shelf(wire_sheet(state="submitted")), SECTION)
    assert (
        grid.type_text(0, 0, "20").sentence
        == "The sheet is submitted and waits for approval. Nothing changed."
    )


def test_a_pasted_block_is_one_step_and_what_lies_outside_is_counted(grid: GridPresenter) -> None:
    outcome = grid.paste("10\t5\n11\tA\n12\t6\nx\t9\n14\t1\n15\t2\n", 0, 0)
    assert column_of_texts(grid, 0) == ["10", "11", "", "x", "14"]
    assert column_of_texts(grid, 1) == ["5", "ABS", "", "9", "1"]
    assert (outcome.changed, outcome.invalid, outcome.passed_over) == (8, 1, 2)
    assert "2 cells lay outside the sheet." in outcome.sentence
    grid.undo()
    assert column_of_texts(grid, 0) == ["31", "12", "", "", ""]
    assert column_of_texts(grid, 1) == ["7", "", "", "", ""]


def test_one_value_on_the_clipboard_fills_the_selection(grid: GridPresenter) -> None:
    grid.paste("9\n", 0, 1, 4, 1)
    assert column_of_texts(grid, 1) == ["9", "9", "", "9", "9"]


def test_what_was_copied_pastes_back_as_it_was(grid: GridPresenter) -> None:
    grid.type_text(1, 1, "A")
    text = grid.copy(0, 1, 0, 1)
    assert text == "31\t7\n12\tABS\n"
    grid.paste(text, 3, 0)
    assert [grid.cell(4, 0).text, grid.cell(4, 1).text] == ["12", "ABS"]


def test_a_copy_speaks_the_decimal_mark_of_the_spreadsheet(make_shelf: MakeShelf) -> None:
    grid = GridPresenter(make_shelf(wire_sheet({(1001, MIDTERM): "31.5"})), SECTION, decimal_mark=",")
    assert grid.copy(0, 0, 0, 0, with_names=True) == "2020-XU-BSCS-0417\tAyesha Khan\t31,5\n"


def test_fill_down_takes_the_top_row_or_of_one_row_the_row_above(grid: GridPresenter) -> None:
    grid.fill_down(0, 4, 0, 0)
    assert column_of_texts(grid, 0) == ["31", "31", "", "31", "31"]
    grid.fill_down(1, 1, 1, 1)
    assert grid.cell(1, 1).text == "7"


def test_undo_has_no_end_and_each_step_has_its_name(grid: GridPresenter) -> None:
    grid.type_text(0, 0, "1")
    grid.fill([(0, 1), (1, 1)], "A")
    grid.clear([(0, 0)])
    assert grid.history.undo_label == "clearing 1 cell"
    assert [grid.undo().sentence for _ in range(4)] == [
        "Undid clearing 1 cell.",
        "Undid filling 2 cells with A.",
        "Undid typing 1 for Ayesha Khan, Midterm.",
        "Nothing to undo",
    ]
    assert (column_of_texts(grid, 0)[:2], column_of_texts(grid, 1)[:2]) == (["31", "12"], ["7", ""])
    for _ in range(3):
        grid.redo()
    assert (column_of_texts(grid, 0)[:2], column_of_texts(grid, 1)[:2]) == (["", "12"], ["ABS", "ABS"])


def test_undo_brings_back_a_text_that_was_no_mark(grid: GridPresenter) -> None:
    grid.type_text(0, 0, "x")
    grid.type_text(0, 0, "20")
    grid.undo()
    assert (grid.cell(0, 0).text, grid.cell(0, 0).badge) == ("x", Badge.INVALID)
    grid.undo()
    assert (grid.cell(0, 0).text, grid.cell(0, 0).badge) == ("31", Badge.WAITING)


def test_undo_leaves_alone_what_somebody_else_changed_since(make_shelf: MakeShelf) -> None:
    shelf = make_shelf(wire_sheet())
    grid = GridPresenter(shelf, SECTION)
    grid.fill([(0, 0), (1, 0)], "A")
    shelf.sync_all()
    shelf.write_as_colleague(1002, MIDTERM, "25")
    shelf.sync_all()
    grid.refresh()
    assert grid.undo().sentence == "Undid filling 2 cells with A. 1 cell changed since and stayed."
    assert column_of_texts(grid, 0)[:2] == ["", "25"]


def test_the_missing_filter_fills_only_what_is_missing_and_keeps_it_in_sight(grid: GridPresenter) -> None:
    grid.apply_filter(Filter.MISSING_HERE, 0)
    assert [grid.row(place).reg_no[-4:] for place in range(grid.row_count)] == ["1417", "0418"]
    everything = [(place, column) for place in range(grid.row_count) for column in (0, 1)]
    grid.type_text(0, 1, "5")
    outcome = grid.fill(everything, "A", only_blank=True)
    assert outcome.changed == 3
    assert [grid.cell(place, 0).text for place in range(grid.row_count)] == ["ABS", "ABS"]
    assert grid.cell(0, 1).text == "5"
    grid.apply_filter(Filter.ALL)
    assert grid.row_count == 5


def test_withdrawn_students_and_locked_columns_are_not_missing(grid: GridPresenter) -> None:
    assert grid.missing() == {0: 2, 1: 3, 2: 4}
    grid.apply_filter(Filter.MISSING)
    assert "Chen Wei" not in [grid.row(place).name for place in range(grid.row_count)]


def test_counts_follow_every_edit_undo_and_refresh(grid: GridPresenter) -> None:
    grid.paste("5\nx\n\n7\n8\n", 0, 1)
    grid.undo()
    grid.redo()
    grid.refresh()
    fresh = GridPresenter(grid.shelf, SECTION)
    fresh.type_text(1, 1, "x")
    assert grid.missing() == fresh.missing()
    badges = (Badge.WAITING, Badge.SENDING, Badge.CONFLICT, Badge.REFUSED, Badge.INVALID)
    assert [grid.counted(badge) for badge in badges] == [fresh.counted(badge) for badge in badges]


def test_enter_hops_from_problem_to_problem_and_lifts_a_filter_that_hides_one(grid: GridPresenter) -> None:
    grid.type_text(0, 1, "99")
    grid.type_text(4, 0, "abc")
    assert grid.next_problem(None) == (0, 1)
    assert grid.next_problem((0, 1)) == (4, 0)
    assert grid.next_problem((4, 0)) == (0, 1)
    grid.apply_filter(Filter.MISSING_HERE, 0)
    assert grid.next_problem(None) == (0, 1)
    assert grid.row_count == 5


def test_a_number_is_found_by_its_end_and_a_name_by_its_parts(grid: GridPresenter) -> None:
    assert grid.find("1417") == 3
    assert grid.find("417") == 0
    assert grid.find("417", start=1) == 3
    assert grid.find("wei ch") == 2
    assert grid.find("زہرا") == 3
    assert grid.find("nobody") is None


def test_a_refresh_keeps_typed_mistakes_and_shows_what_a_colleague_wrote(make_shelf: MakeShelf) -> None:
    shelf = make_shelf(wire_sheet())
    grid = GridPresenter(shelf, SECTION)
    grid.type_text(0, 0, "4o")
    seen: list[object] = []
    grid.on_cells = seen.append
    shelf.write_as_colleague(1002, MIDTERM, "25")
    shelf.sync_all()
    grid.refresh()
    assert (grid.cell(0, 0).text, grid.cell(1, 0).text) == ("4o", "25")
    assert seen == [[(1, 0)]]


def test_a_new_student_appears_without_losing_what_was_typed(make_shelf: MakeShelf) -> None:
    shelf = make_shelf(wire_sheet())
    grid = GridPresenter(shelf, SECTION)
    grid.type_text(0, 0, "4o")
    grid.type_text(1, 0, "40")
    shelf.enroll(1006, "2022-XU-BSCS-0500", "Hamza Siddiqui")
    shelf.sync_all()
    grid.refresh()
    assert grid.row_count == 6
    assert [grid.cell(place, 0).text for place in (0, 1, 5)] == ["4o", "40", ""]


def test_a_cell_is_spoken_with_its_name_mark_and_badge(grid: GridPresenter) -> None:
    assert grid.described(0, 0) == "Ayesha Khan, Midterm, 31 of 40"
    grid.type_text(0, 0, "A")
    assert grid.described(0, 0) == "Ayesha Khan, Midterm, absent, saved on this computer, waiting to be sent"
    grid.type_text(0, 0, "41")
    assert grid.described(0, 0) == "Ayesha Khan, Midterm, 41, not a mark, More than the maximum of 40"


def test_the_total_is_weighted_and_exact_before_it_is_shown(make_shelf: MakeShelf) -> None:
    columns = (assessment(1, "One", "33.33", "3"), assessment(2, "Two", "66.67", "3"))
    grid = GridPresenter(
        make_shelf(wire_sheet({(1001, 1): "3", (1001, 2): "3"}, assessments=columns)), SECTION
    )
    assert (grid.total(0), grid.total(1)) == ("100.0", "")
    grid.type_text(0, 0, "")
    assert grid.total(0) == "66.7"


def test_state_is_told_in_words(grid: GridPresenter) -> None:
    assert grid.state_words == "Open · 9 marks missing"
    grid.type_text(0, 0, "x")
    grid.type_text(1, 0, "13")
    assert grid.state_words == "Open · 9 marks missing · 1 waiting to be sent · 1 problem: F7"


def test_a_sheet_read_before_a_mark_was_typed_does_not_take_it_back(grid: GridPresenter) -> None:
    since, old = grid.moment, grid.shelf.read_sheet(SECTION)
    grid.type_text(0, 0, "40")
    grid.take(old, since)
    assert grid.cell(0, 0).text == "40"
    grid.take(grid.shelf.read_sheet(SECTION), grid.moment)
    assert (grid.cell(0, 0).text, grid.cell(0, 0).badge) == ("40", Badge.WAITING)


def test_a_published_sheet_says_how_a_mark_changes_now(make_shelf: MakeShelf) -> None:
    students = ((1001, "2020-XU-BSCS-0417", "Ayesha Khan", "completed"),)
    grid = GridPresenter(make_shelf(wire_sheet(state="approved", students=students)), SECTION)
    assert grid.state_words == "The results are published; a mark changes by a change request"
    assert grid.closed(0, 0) == grid.state_words


def test_rows_are_sorted_by_a_column_with_those_without_a_mark_last(grid: GridPresenter) -> None:
    grid.type_text(3, 0, "22")
    grid.type_text(4, 0, "A")
    ends = [row.reg_no[-9:] for row in grid.sheet.rows]
    grid.sort(0)
    assert column_of_texts(grid, 0) == ["12", "22", "31", "", "ABS"]
    grid.sort(0, descending=True)
    assert column_of_texts(grid, 0) == ["31", "22", "12", "", "ABS"]
    grid.type_text(0, 0, "1")
    assert column_of_texts(grid, 0)[0] == "1", "nothing jumps while marks are typed"
    grid.sort(len(grid.columns), descending=True)
    assert [grid.total(place) for place in range(5)] == ["16.5", "14.8", "9.0", "0.0", ""]
    grid.apply_filter(Filter.MISSING_HERE, 1)
    grid.sort(NAME)
    assert [grid.row(place).name for place in range(grid.row_count)] == [
        "Bilal Ahmed", "Esra Yılmaz", "فاطمہ زہرا",
    ]  # fmt: skip
    grid.apply_filter(Filter.ALL)
    grid.sort(None)
    assert [grid.row(place).reg_no[-9:] for place in range(5)] == ends


def test_what_is_pasted_into_sorted_rows_goes_where_it_is_seen(grid: GridPresenter) -> None:
    grid.sort(0)
    assert [grid.row(place).name for place in (0, 1)] == ["Bilal Ahmed", "Ayesha Khan"]
    grid.paste("1\n2\n", 0, 1)
    assert [grid.cell_of((enrollment, QUIZ)).text for enrollment in (1001, 1002)] == ["2", "1"]
    grid.refresh()
    assert column_of_texts(grid, 1)[:2] == ["1", "2"]
