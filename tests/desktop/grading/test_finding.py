"""Somebody is looked for, or leaves, while marks are typed: the next mark is never another student's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sims_desktop.grading.page import GridPage
from sims_desktop.grading.presenter.grid import Filter
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.wording import left_to_right
from sims_shared.grading import SheetView
from tests.desktop.grading.hands import CONTROL, Desk
from tests.desktop.grading.sheets import MIDTERM, SECTION, wire_sheet
from tests.desktop.grading.shelves import LocalShelf
from tests.desktop.grading.test_grid_page import Office, around, office  # noqa: F401

STUDENTS = (
    (1001, "2020-XU-BSCS-0417", "Muhammad Ali", "enrolled"),
    (1002, "2020-XU-BSCS-0418", "Bilal Ahmed", "enrolled"),
    (1003, "2021-XU-BSCS-0017", "Muhammad Khan", "enrolled"),
    (1004, "2021-XU-BSCS-0100", "Ayesha Raza", "enrolled"),
    (1005, "2022-XU-BSCS-0419", "Muhammad Usman", "enrolled"),
)


@pytest.fixture
def desk(
    qtbot: QtBot,
    make_shelf: Callable[[SheetView], LocalShelf],
    around: Surroundings,  # noqa: F811
    office: Office,  # noqa: F811
) -> Desk:
    """The midterm of two of five is there."""
    shelf = make_shelf(wire_sheet({(1001, MIDTERM): "31", (1004, MIDTERM): "12"}, students=STUDENTS))
    page = GridPage(around, shelf, office, SECTION)
    qtbot.addWidget(page)
    page.show()
    page.view.setFocus()
    page.activateWindow()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is page.view)
    return Desk(page, shelf)


def test_of_many_with_one_name_each_is_reached_and_they_are_counted(desk: Desk) -> None:
    desk.view.put_cursor((1, 0))
    desk.key("/")
    desk.type("muhammad")
    assert desk.view.here() == (2, 0)
    number = left_to_right("2021-XU-BSCS-0017")
    assert desk.note == f"{number} Muhammad Khan · 2 of 3 who answer: ↓ and ↑ go to the others"
    desk.key(Qt.Key.Key_Down)
    assert desk.view.here() == (4, 0)
    desk.key(Qt.Key.Key_Down)
    assert desk.view.here() == (0, 0), "round"
    desk.key(Qt.Key.Key_Up)
    desk.key(Qt.Key.Key_Return)
    desk.type("9")
    desk.key(Qt.Key.Key_Return)
    assert desk.column(0) == ["31", "", "", "12", "9"]


def test_enter_on_nobody_stays_in_the_line_so_that_no_mark_goes_to_somebody_else(desk: Desk) -> None:
    desk.view.put_cursor((1, 0))
    desk.key("/")
    desk.type("0419x")
    desk.key(Qt.Key.Key_Return)
    assert desk.note == "Nobody here matches “0419x”"
    assert QApplication.focusWidget() is desk.page.find_line
    desk.type("34")
    desk.key(Qt.Key.Key_Escape)
    assert desk.column(0) == ["31", "", "", "12", ""]
    assert desk.view.here() == (1, 0), "and Esc goes back to where the search began"
    assert QApplication.focusWidget() is desk.view


def test_a_student_whom_the_filter_hides_is_found_and_shown(desk: Desk) -> None:
    desk.key("m")
    assert desk.grid.row_count == 3
    desk.key("/")
    desk.type("0100")
    number = left_to_right("2021-XU-BSCS-0100")
    assert desk.note == (
        f"{number} Ayesha Raza is not among those shown. Enter shows everybody and goes there."
    )
    desk.key(Qt.Key.Key_Return)
    assert desk.grid.row(desk.view.here()[0]).name == "Ayesha Raza"
    assert desk.grid.filter is Filter.ALL
    assert QApplication.focusWidget() is desk.view


def test_the_palette_goes_to_a_student_whom_the_filter_hides(desk: Desk) -> None:
    desk.key("m")
    (entry,) = desk.page.entries("ayesha")
    entry.choose()
    assert desk.grid.row(desk.view.here()[0]).name == "Ayesha Raza"


def test_a_plan_without_columns_does_not_stop_the_palette(
    qtbot: QtBot,
    make_shelf: Callable[[SheetView], LocalShelf],
    around: Surroundings,  # noqa: F811
    office: Office,  # noqa: F811
) -> None:
    sheet = wire_sheet(students=STUDENTS)
    sheet.assessments = []
    page = GridPage(around, make_shelf(sheet), office, SECTION)
    qtbot.addWidget(page)
    (entry,) = page.entries("ayesha")
    entry.choose()
    assert page.view.here() == (3, 0)


def test_when_the_student_under_the_cursor_leaves_the_next_one_is_named(qtbot: QtBot, desk: Desk) -> None:
    desk.view.put_cursor((2, 1))
    desk.shelf.server.set_row(SECTION, 1003, "dropped")
    desk.sync(qtbot)
    assert desk.view.here() == (2, 1), "not at the top of the sheet"
    number = left_to_right("2021-XU-BSCS-0100")
    assert desk.note == (
        f"Muhammad Khan has left the section meanwhile. The cursor is now at {number} Ayesha Raza."
    )


def test_missing_stays_missing_when_the_roster_changes(qtbot: QtBot, desk: Desk) -> None:
    desk.key("m")
    desk.shelf.enroll(1006, "2023-XU-BSCS-0001", "Zainab Butt")
    desk.sync(qtbot)
    names = [desk.grid.row(place).name for place in range(desk.grid.row_count)]
    assert names == ["Bilal Ahmed", "Muhammad Khan", "Muhammad Usman", "Zainab Butt"]
    desk.key(Qt.Key.Key_A, CONTROL)
    desk.type("A")
    desk.key(Qt.Key.Key_Return)
    desk.key("m")
    assert desk.column(0) == ["31", "ABS", "ABS", "12", "ABS", "ABS"], "nobody's mark became an absence"


def test_what_was_just_filled_stays_in_sight_when_the_roster_changes(qtbot: QtBot, desk: Desk) -> None:
    desk.key("m")
    desk.type("22")
    desk.key(Qt.Key.Key_Return)
    desk.shelf.server.set_row(SECTION, 1005, "dropped")
    desk.sync(qtbot)
    assert desk.column(0) == ["22", ""]
    assert desk.grid.filter is Filter.MISSING_HERE


def test_a_text_that_is_no_mark_can_be_let_go_of_when_its_student_withdrew(qtbot: QtBot, desk: Desk) -> None:
    desk.view.put_cursor((1, 0))
    desk.type("55")
    desk.key(Qt.Key.Key_Return)
    desk.view.put_cursor((3, 0))
    desk.type("120")
    desk.key(Qt.Key.Key_Return)
    desk.shelf.server.set_row(SECTION, 1002, "withdrawn")
    desk.shelf.server.set_row(SECTION, 1004, "withdrawn")
    desk.sync(qtbot)
    assert desk.page.state.text().endswith("2 problems: F7")
    desk.key(Qt.Key.Key_F7)
    assert desk.note.endswith("Delete clears it, Enter goes to the next problem.")
    for place in (1, 3):
        desk.view.put_cursor((place, 0))
        desk.key(Qt.Key.Key_Delete)
    assert "problem" not in desk.page.state.text(), "or the sheet could never be submitted"
    assert desk.column(0) == ["31", "", "", "12", ""], "the mark beneath the text stays on record"
    desk.key(Qt.Key.Key_Delete)
    assert desk.note == "Withdrawn from the course."
    assert desk.column(0)[3] == "12"
