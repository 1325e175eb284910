"""The grade grid under a person's fingers: keys in, marks and words out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sims_desktop.client.errors import ProblemAnswer
from sims_desktop.grading.files import ColumnsPanel
from sims_desktop.grading.page import GridPage
from sims_desktop.grading.panels import DistributionPanel, MatchPanel, SubmitPanel, TrayPanel
from sims_desktop.grading.presenter.bringing import Columns
from sims_desktop.grading.presenter.grid import Filter
from sims_desktop.grading.presenter.sheet import Badge
from sims_desktop.grading.presenter.submission import Stage
from sims_desktop.kit.actions import Actions
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.remembered import Remembered
from sims_desktop.kit.tables import ACCESSIBLE
from sims_desktop.kit.tasks import Tasks
from sims_desktop.kit.theme import Theme
from sims_desktop.kit.wording import left_to_right
from sims_shared.grading import DeviceView
from sims_shared.values import Person
from tests.desktop.grading.hands import CONTROL, SHIFT, Desk
from tests.desktop.grading.offices import NoServer
from tests.desktop.grading.sheets import MIDTERM, QUIZ, SECTION, wire_sheet
from tests.desktop.grading.shelves import LocalShelf

MakeShelf = Callable[..., LocalShelf]


class Office(NoServer):
    """The network of this test: refuses what it is told to refuse, and keeps what arrived. What else a page
    asks of the server is tried against a real one (`test_grid_and_server.py`)."""

    def __init__(self) -> None:
        self.refusals: list[Exception] = []
        self.submitted: list[tuple[int, int, list[str]]] = []
        self.devices: list[DeviceView] = []

        self.is_away = False
        self.shelf: LocalShelf | None = None

    def catch_up(self) -> bool:
        if self.shelf is not None and not self.is_away:
            self.shelf.sync_all()
        return not self.is_away

    def waiting_devices(self, section_id: int) -> list[DeviceView]:
        return self.devices

    def submit_sheet(self, section_id: int, rev: int, acknowledge: list[str], note: str = "") -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.submitted.append((section_id, rev, acknowledge))


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def around(qtbot: QtBot, tmp_path: Path) -> Iterator[Surroundings]:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    bugs: list[BaseException] = []
    remembered = Remembered(tmp_path)
    tasks = Tasks(bugs.append)
    yield Surroundings(Actions(remembered), tasks, remembered, Theme(app, remembered))
    tasks.close()
    assert bugs == []


@pytest.fixture
def desk(qtbot: QtBot, make_shelf: MakeShelf, around: Surroundings, office: Office) -> Desk:
    """`around` comes after the shelf, and so its threads end before the store that they read is closed."""
    shelf = make_shelf(wire_sheet({(1001, MIDTERM): "31", (1001, QUIZ): "7", (1002, MIDTERM): "12"}))
    page = GridPage(around, shelf, office, SECTION)
    qtbot.addWidget(page)
    page.resize(1000, 600)
    page.show()
    page.view.setFocus()
    page.activateWindow()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is page.view)
    return Desk(page, shelf)


def test_typing_overwrites_and_enter_goes_down(desk: Desk) -> None:
    desk.type("22")
    desk.key(Qt.Key.Key_Return)
    desk.type("13,5")
    desk.key(Qt.Key.Key_Return)
    assert desk.column(0) == ["22", "13.5", "", "", ""]
    assert desk.view.here() == (3, 0), "the withdrawn student is passed over"
    desk.key(Qt.Key.Key_Return, SHIFT)
    assert desk.view.here() == (1, 0)


def test_tab_goes_right_and_enter_returns_to_the_first_column(desk: Desk) -> None:
    desk.type("22")
    desk.key(Qt.Key.Key_Tab)
    desk.type("8")
    desk.key(Qt.Key.Key_Return)
    assert (desk.grid.cell(0, 0).text, desk.grid.cell(0, 1).text) == ("22", "8")
    assert desk.view.here() == (1, 0)


def test_f2_edits_what_stands_and_escape_reverts(desk: Desk) -> None:
    desk.key(Qt.Key.Key_F2)
    desk.type(".5")
    desk.key(Qt.Key.Key_Return)
    assert desk.grid.cell(0, 0).text == "31.5"
    desk.view.go_to((0, 0))
    desk.type("9")
    desk.key(Qt.Key.Key_Escape)
    assert desk.grid.cell(0, 0).text == "31.5"
    assert desk.view.here() == (0, 0)


def test_a_text_that_is_no_mark_does_not_trap_the_cursor(desk: Desk) -> None:
    desk.type("99")
    assert desk.note == "More than the maximum of 40"
    desk.key(Qt.Key.Key_Return)
    assert desk.grid.cell(0, 0).badge is Badge.INVALID
    desk.type("20")
    desk.key(Qt.Key.Key_Return)
    assert desk.column(0)[:2] == ["99", "20"]
    desk.key(Qt.Key.Key_F7)
    assert desk.view.here() == (0, 0)
    assert "More than the maximum of 40" in desk.note


def test_the_missing_are_marked_absent_in_six_keys(desk: Desk) -> None:
    desk.key(Qt.Key.Key_M)
    desk.key(Qt.Key.Key_A, CONTROL)
    desk.type("A")
    desk.key(Qt.Key.Key_Return)
    desk.key(Qt.Key.Key_M)
    assert desk.column(0) == ["31", "12", "", "ABS", "ABS"]
    assert desk.column(1) == ["7", "", "", "", ""]
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert desk.column(0) == ["31", "12", "", "", ""]


def test_the_missing_of_a_column_are_marked_there_from_wherever_the_cursor_was(desk: Desk) -> None:
    """The cursor stood lower than there are missing: it stays in its column, or the quiz would be filled."""
    for place in (1, 3):
        desk.grid.type_text(place, 1, "5")
    desk.view.put_cursor((3, 1))
    desk.key(Qt.Key.Key_M)
    assert desk.view.here() == (0, 1)
    desk.key(Qt.Key.Key_A, CONTROL)
    desk.type("A")
    desk.key(Qt.Key.Key_Return)
    assert desk.note.endswith("1 marked absent; F3 types in the hall memo")
    desk.key(Qt.Key.Key_M)
    assert desk.column(1) == ["7", "5", "", "5", "ABS"]
    desk.key(Qt.Key.Key_F3)
    desk.type("=3")
    desk.key(Qt.Key.Key_Return)
    assert "Quiz: 2 differ from the hall memo (F3)" not in desk.page.state.text()
    desk.key(Qt.Key.Key_Escape)
    assert "Quiz: 2 differ from the hall memo (F3)" in desk.page.state.text()


def test_what_is_typed_goes_into_all_chosen_cells(desk: Desk) -> None:
    desk.key(Qt.Key.Key_Down, SHIFT)
    desk.key(Qt.Key.Key_Right, SHIFT)
    desk.type("5")
    desk.key(Qt.Key.Key_Return)
    assert (desk.column(0)[:2], desk.column(1)[:2]) == (["5", "5"], ["5", "5"])
    assert desk.note == "Filling 4 cells with 5: 4 changed. Ctrl+Z undoes."


def test_blocks_travel_over_the_clipboard(desk: Desk) -> None:
    desk.key(Qt.Key.Key_Down, SHIFT)
    desk.key(Qt.Key.Key_C, CONTROL)
    assert QGuiApplication.clipboard().text() == "31\n12\n"
    desk.view.go_to((3, 0))
    desk.key(Qt.Key.Key_V, CONTROL)
    assert desk.column(0) == ["31", "12", "", "31", "12"]
    desk.view.go_to((3, 0))
    desk.key(Qt.Key.Key_X, CONTROL)
    assert desk.column(0) == ["31", "12", "", "", "12"]
    desk.view.go_to((4, 0))
    desk.key(Qt.Key.Key_Delete)
    assert desk.column(0)[4] == ""
    desk.key(Qt.Key.Key_Z, CONTROL)
    desk.key(Qt.Key.Key_Z, CONTROL)
    desk.key(Qt.Key.Key_Y, CONTROL)
    assert desk.column(0) == ["31", "12", "", "", "12"]


def test_ctrl_d_fills_down(desk: Desk) -> None:
    for _ in range(4):
        desk.key(Qt.Key.Key_Down, SHIFT)
    desk.key(Qt.Key.Key_D, CONTROL)
    assert desk.column(0) == ["31", "31", "", "31", "31"]


def test_a_pasted_block_is_one_signal_to_the_view(desk: Desk) -> None:
    heard: list[tuple[int, int, int, int]] = []

    def changed(first: QModelIndex, last: QModelIndex) -> None:
        heard.append((first.row(), first.column(), last.row(), last.column()))

    desk.view.table.dataChanged.connect(changed)
    QGuiApplication.clipboard().setText("1\t2\n3\t4\n\t\n5\t6\n")
    desk.key(Qt.Key.Key_V, CONTROL)
    assert heard == [(0, 0, 3, 3)]


def test_a_list_by_number_shows_what_it_would_change_first(desk: Desk) -> None:
    QGuiApplication.clipboard().setText("0418-2021\t1\n2020-xu-bscs-0418\t12\n2021 XU BSCS 1417\t33\n")
    desk.key(Qt.Key.Key_V, CONTROL | SHIFT)
    panel = desk.page.panel
    assert isinstance(panel, MatchPanel)
    assert panel.sentence.text() == "1 same, 1 to change, 1 unknown"
    assert desk.column(0)[3] == ""
    desk.key(Qt.Key.Key_Return)
    assert desk.column(0) == ["31", "12", "", "33", ""]
    assert panel.sentence.text() == "1 line stayed out:"
    desk.key(Qt.Key.Key_Escape)
    assert desk.page.panel is None
    assert QApplication.focusWidget() is desk.view


def test_a_number_is_gone_to_by_its_end(desk: Desk) -> None:
    desk.key("/")
    desk.type("1417")
    desk.key(Qt.Key.Key_Return)
    assert desk.view.here() == (3, 0)
    assert QApplication.focusWidget() is desk.view


def test_an_unsorted_stack_is_entered_by_number_and_mark(desk: Desk) -> None:
    desk.key(Qt.Key.Key_F6)
    strip = desk.page.strip
    assert strip is not None
    desk.type("1417")
    desk.key(Qt.Key.Key_Return)
    assert strip.student.text() == f"فاطمہ زہرا · {left_to_right('2021-XU-BSCS-1417')}"
    assert desk.view.here() == (3, 0)
    desk.type("34")
    desk.key(Qt.Key.Key_Return)
    assert desk.column(0)[3] == "34"
    assert strip.progress.text() == "3 entered, sum 77, 1 left"
    desk.type("0417")
    desk.key(Qt.Key.Key_Return)
    desk.type("14")
    desk.key(Qt.Key.Key_Return)
    assert (
        strip.student.text()
        == "Ayesha Khan: already 31, by Dr Amna Tariq 1 September 00:00. Enter keeps it, R replaces it by 14"
    )
    desk.key(Qt.Key.Key_Return)
    assert desk.column(0)[0] == "31"
    desk.type("1417")
    desk.key(Qt.Key.Key_Return)
    assert re.search(r": already 34, by you \d\d:\d\d\. Enter keeps it, R replaces it$", strip.student.text())
    desk.key(Qt.Key.Key_Return)
    assert (desk.column(0)[3], strip.student.text()) == ("34", "Kept what stood")
    for line in ("1417", "15"):
        desk.type(line)
        desk.key(Qt.Key.Key_Return)
    assert re.search(r": already 34, by you \d\d:\d\d\. Enter keeps it", strip.student.text())
    desk.type("R")
    desk.key(Qt.Key.Key_Return)
    assert desk.column(0)[3] == "15"
    for line in ("1417", "R", "16"):
        desk.type(line)
        desk.key(Qt.Key.Key_Return)
    assert (desk.column(0)[3], strip.student.text()) == ("16", "فاطمہ زہرا: 16 of 40")
    desk.key(Qt.Key.Key_Escape)
    assert desk.page.strip is None


def test_the_last_digits_of_two_students_are_chosen_from(desk: Desk) -> None:
    desk.key(Qt.Key.Key_F6)
    strip = desk.page.strip
    assert strip is not None
    desk.type("418")
    desk.key(Qt.Key.Key_Return)
    assert strip.candidates.count() == 2
    desk.key(Qt.Key.Key_Down)
    desk.key(Qt.Key.Key_Down)
    desk.key(Qt.Key.Key_Return)
    assert strip.student.text().startswith("Esra Yılmaz")
    desk.type("A")
    desk.key(Qt.Key.Key_Return)
    assert desk.column(0)[4] == "ABS"


def test_two_graders_who_collided_choose_with_one_key(desk: Desk, qtbot: QtBot) -> None:
    desk.type("22")
    desk.key(Qt.Key.Key_Return)
    desk.shelf.write_as_colleague(1001, MIDTERM, "25")
    desk.sync(qtbot)
    assert desk.grid.cell(0, 0).badge is Badge.CONFLICT
    desk.key(Qt.Key.Key_J, CONTROL)
    assert isinstance(desk.page.panel, TrayPanel)
    row = [str(desk.page.panel.model.index(0, column).data()) for column in range(6)]
    assert row[:5] == [f"{left_to_right('2020-XU-BSCS-0417')}  Ayesha Khan", "Midterm", "31", "22", "25"]
    assert row[5].startswith("Dr Saad Aziz, ")
    desk.key(Qt.Key.Key_T)
    assert (desk.grid.cell(0, 0).text, desk.grid.cell(0, 0).badge) == ("25", Badge.SAVED)
    assert desk.page.panel.heading.text() == "Conflicts"


def test_mine_is_kept_as_a_new_edit_that_is_sent(desk: Desk, qtbot: QtBot) -> None:
    desk.type("22")
    desk.key(Qt.Key.Key_Return)
    desk.shelf.write_as_colleague(1001, MIDTERM, "25")
    desk.sync(qtbot)
    desk.key(Qt.Key.Key_J, CONTROL)
    desk.key(Qt.Key.Key_M, SHIFT)
    assert (desk.grid.cell(0, 0).text, desk.grid.cell(0, 0).badge) == ("22", Badge.WAITING)
    desk.shelf.sync_all()
    assert desk.shelf.on_server(1001, MIDTERM) == "22.00"


def test_the_distribution_follows_the_column_and_every_edit(desk: Desk) -> None:
    desk.key(Qt.Key.Key_F, CONTROL)
    panel = desk.page.panel
    assert isinstance(panel, DistributionPanel)
    assert "Mean 21.5, median 21.5, 50% pass, 2 missing" in panel.figures.text()
    desk.type("30")
    desk.key(Qt.Key.Key_Return)
    assert "Mean 21.0" in panel.figures.text()
    desk.key(Qt.Key.Key_Right)
    assert panel.heading.text() == "Quiz, of 10"


def ask_to_submit(desk: Desk, qtbot: QtBot) -> SubmitPanel:
    desk.key(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: desk.page.submission.stage in (Stage.READY, Stage.AWAY))
    panel = desk.page.panel
    assert isinstance(panel, SubmitPanel)
    return panel


def test_a_submit_says_what_is_missing_first(desk: Desk, office: Office, qtbot: QtBot) -> None:
    office.shelf = desk.shelf
    desk.type("22")
    desk.key(Qt.Key.Key_Return)
    panel = ask_to_submit(desk, qtbot)
    assert panel.missing.text() == "Midterm: 2 missing\nQuiz: 3 missing\nFinal: 4 missing"
    rev = desk.grid.sheet.rev
    assert panel.question.text() == (
        f"Ctrl+Enter submits revision {rev}, with 9 marks missing, to the head of department."
    )
    assert office.submitted == []
    desk.key(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: desk.page.panel is None)
    assert office.submitted == [(SECTION, rev, [])]


def test_marks_that_have_not_arrived_keep_a_sheet_from_being_submitted(
    desk: Desk, office: Office, qtbot: QtBot
) -> None:
    desk.type("22")
    desk.key(Qt.Key.Key_Return)
    panel = ask_to_submit(desk, qtbot)
    assert panel.question.text() == "Not yet: 1 cell waiting to be sent."
    assert not panel.button.isEnabled()
    office.shelf = desk.shelf
    panel = ask_to_submit(desk, qtbot)
    qtbot.waitUntil(panel.button.isEnabled)
    assert office.submitted == []


def test_off_line_a_sheet_cannot_be_submitted_and_says_so(desk: Desk, office: Office, qtbot: QtBot) -> None:
    office.is_away = True
    panel = ask_to_submit(desk, qtbot)
    assert panel.question.text().startswith("The server cannot be reached.")
    assert not panel.button.isEnabled()
    office.is_away = False
    desk.key(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(panel.button.isEnabled)


def test_a_colleague_s_device_is_acknowledged_by_a_second_submit(
    desk: Desk, office: Office, qtbot: QtBot
) -> None:
    held = {
        "client_id": "c-9",
        "name": "office PC",
        "account": {"id": 6, "name": "Dr Saad Aziz"},
        "pending": 3,
    }
    office.refusals.append(ProblemAnswer(409, "sheets.devices_unsynced", facts={"devices": [held]}))
    panel = ask_to_submit(desk, qtbot)
    desk.key(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: "Dr Saad Aziz on office PC: 3 marks not sent" in panel.devices.text())
    assert office.submitted == []
    desk.key(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: len(office.submitted) == 1)
    assert office.submitted[0][2] == ["c-9"]


def test_before_a_submit_the_lead_sees_whose_devices_still_hold_marks(
    desk: Desk, office: Office, qtbot: QtBot
) -> None:
    """At the first Ctrl+Enter, before anything was submitted and refused."""
    office.devices = [DeviceView("c-9", "office PC", Person(6, "Dr Saad Aziz"), None, 3, 1)]
    panel = ask_to_submit(desk, qtbot)
    assert panel.devices.isVisible()
    assert (
        "Dr Saad Aziz on office PC: 3 marks not sent and 1 conflict, last seen never" in panel.devices.text()
    )
    assert panel.question.text().startswith("Ctrl+Enter submits without the marks on these computers")
    assert office.submitted == []
    desk.key(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: len(office.submitted) == 1)
    assert office.submitted[0][2] == ["c-9"]


def test_a_refused_submit_says_why_and_may_be_tried_again(desk: Desk, office: Office, qtbot: QtBot) -> None:
    office.refusals.append(ProblemAnswer(403, "sheets.not_lead", "The lead teacher submits a sheet"))
    panel = ask_to_submit(desk, qtbot)
    desk.key(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: panel.complaint.text() == "The lead teacher submits a sheet")
    assert panel.button.isEnabled()


def test_a_sheet_that_a_colleague_changed_is_looked_at_again(
    desk: Desk, office: Office, qtbot: QtBot
) -> None:
    office.refusals.append(ProblemAnswer(409, "sheets.stale"))
    office.shelf = desk.shelf
    panel = ask_to_submit(desk, qtbot)
    desk.shelf.write_as_colleague(1004, MIDTERM, "25")
    desk.key(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: desk.column(0)[3] == "25")
    assert panel.complaint.text() == "A colleague has just changed the sheet. Look again before you submit."
    assert office.submitted == []


def test_a_screen_reader_hears_name_assessment_and_mark(desk: Desk) -> None:
    table = desk.view.table
    assert table.index(0, 0).data(ACCESSIBLE) == "Ayesha Khan, Midterm, 31 of 40"
    assert table.index(0, 3).data(ACCESSIBLE) == "Ayesha Khan, total, 37.2"
    assert QAccessible.queryAccessibleInterface(desk.view) is not None


def test_closing_warns_only_of_what_would_be_lost(desk: Desk) -> None:
    desk.type("22")
    desk.key(Qt.Key.Key_Return)
    assert desk.page.leaving() == ""
    desk.type("2x")
    assert (
        desk.page.leaving()
        == "CS-211 Data Structures · A: 1 typed texts are no marks and would be forgotten."
    )


def test_a_filter_returns_to_the_student_it_left(desk: Desk) -> None:
    desk.view.go_to((4, 0))
    desk.key(Qt.Key.Key_M)
    assert desk.grid.filter is Filter.MISSING_HERE
    assert desk.view.here() == (1, 0)
    desk.key(Qt.Key.Key_Escape)
    assert desk.view.here() == (4, 0)


def test_right_to_left_moves_the_names_to_the_right(desk: Desk) -> None:
    desk.page.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    QApplication.processEvents()
    titles = desk.view._titles.geometry()
    assert titles.right() >= desk.view.width() - 20 - desk.view.verticalScrollBar().width()


def test_a_mark_typed_while_a_sync_is_being_read_stays(desk: Desk, qtbot: QtBot) -> None:
    desk.shelf.write_as_colleague(1002, MIDTERM, "25")
    desk.shelf.sync_all()
    with qtbot.waitSignal(desk.page.refreshed):
        desk.page.around.changes.tell("sheet", SECTION)
        desk.page.around.changes.tell("sheet", SECTION)
        desk.grid.type_text(0, 0, "40")
    assert desk.column(0)[:2] == ["40", "25"]
    qtbot.waitUntil(lambda: not desk.page._is_refreshing)
    assert desk.column(0)[:2] == ["40", "25"]


def test_a_sheet_that_left_this_computer_takes_no_more_marks(desk: Desk, qtbot: QtBot) -> None:
    desk.shelf.store.purge(SECTION)
    desk.page.around.changes.tell("sheet", SECTION)
    qtbot.waitUntil(lambda: not desk.page.isEnabled())
    assert desk.note == "You no longer teach this section; its sheet has left this computer."


# Files


def test_the_sheet_is_saved_as_a_file_and_marks_typed_there_come_back(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "sheet.xlsx"
    desk.page.files.save(path)
    assert desk.note.startswith("Saved sheet.xlsx")
    assert [file.name for file in tmp_path.glob("sheet*")] == ["sheet.xlsx"]
    before = desk.column(1)
    desk.page.files.bring(path)
    qtbot.waitUntil(lambda: "Nothing in the file differs" in desk.note)
    assert desk.column(1) == before


def test_a_file_that_cannot_be_written_or_read_says_why(desk: Desk, qtbot: QtBot, tmp_path: Path) -> None:
    desk.page.files.save(tmp_path / "no such folder" / "sheet.xlsx")
    assert desk.note == "Not saved: No such file or directory"
    (tmp_path / "list.xlsx").write_bytes(b"no workbook")
    desk.page.files.bring(tmp_path / "list.xlsx")
    qtbot.waitUntil(lambda: desk.note == "This file cannot be read as a table.")


def test_a_learning_platforms_file_is_asked_for_its_columns_once(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "export.csv"
    path.write_text("ID number,Erste (Real)\n2020-XU-BSCS-0417,8\n2019-XX,3\n")
    desk.page.files.bring(path)
    qtbot.waitUntil(lambda: isinstance(desk.page.panel, ColumnsPanel))
    panel = desk.page.panel
    assert isinstance(panel, ColumnsPanel)
    assert panel.columns == Columns(0, {})
    panel.marks[1].setCurrentIndex(panel.marks[1].findData(1))
    QTest.keyClick(panel.show_changes, Qt.Key.Key_Space)
    preview = desk.page.panel
    assert isinstance(preview, MatchPanel)
    assert preview.sentence.text().startswith("0 same, 1 to change, 1 unknown")
    desk.key(Qt.Key.Key_Return)
    assert desk.column(1)[0] == "8"
    desk.key(Qt.Key.Key_Escape)
    desk.page.undo()
    desk.page.files.bring(path)  # the second time its columns are known
    qtbot.waitUntil(lambda: isinstance(desk.page.panel, MatchPanel))


def test_a_slip_is_noted_quietly_and_can_be_let_be(
    qtbot: QtBot, around: Surroundings, make_shelf: MakeShelf, office: Office
) -> None:
    students = tuple((1001 + n, f"2020-XU-{n:04d}", f"Student {n}", "enrolled") for n in range(20))
    quiz = {(1001 + n, QUIZ): str(3 + n % 7) for n in range(20)}
    page = GridPage(around, make_shelf(wire_sheet(quiz, students=students)), office, SECTION)
    qtbot.addWidget(page)
    page.show()
    page.view.put_cursor((0, 0))
    QGuiApplication.clipboard().setText("\n".join(quiz.values()))
    page.paste()
    qtbot.waitUntil(page.hint.isVisible)
    assert page.hint.text().startswith("Midterm holds the marks of Quiz.")
    page.view.put_cursor((9, 0))
    page.go_to_slip()
    assert page.view.here() == (0, 0)
    page.let_slip_be()
    assert not page.hint.isVisible()


def test_whoever_keys_a_second_time_does_not_see_the_first_marks(desk: Desk) -> None:
    desk.key(Qt.Key.Key_F6, SHIFT)
    assert not desk.view.isVisible()
    desk.type("2020-xu-bscs-0417")
    desk.key(Qt.Key.Key_Return)
    desk.type("13")
    desk.key(Qt.Key.Key_Return)
    strip = desk.page.strip
    assert strip is not None
    assert "the first keying says 31" in strip.student.text()
    desk.key(Qt.Key.Key_Return)
    desk.key(Qt.Key.Key_Escape)
    assert desk.page.strip is None
    assert desk.view.isVisible()
    assert desk.column(0)[0] == "31"


def test_rows_are_sorted_by_one_key_and_the_cursor_stays_with_the_student(desk: Desk) -> None:
    desk.view.go_to((1, 0))
    desk.key("o")
    assert desk.column(0)[:2] == ["31", "12"]
    desk.key("o")
    assert desk.column(0)[:2] == ["12", "31"]
    assert desk.view.here() == (0, 0)
    header = desk.view.horizontalHeader()
    assert (header.isSortIndicatorShown(), header.sortIndicatorSection()) == (True, 0)
    desk.key("o")
    assert (desk.view.here(), desk.note) == ((1, 0), "By registration number")
    assert not header.isSortIndicatorShown()
    desk.view.go_to((0, len(desk.grid.columns)))
    desk.key("o")
    desk.key("o")
    assert desk.grid.total(0) == "9.0"
    assert desk.view.here() == (1, len(desk.grid.columns))


def test_after_f7_enter_hops_from_problem_to_problem_and_never_traps(desk: Desk) -> None:
    desk.view.go_to((0, 1))
    desk.type("99")
    desk.key(Qt.Key.Key_Return)
    desk.view.go_to((3, 0))
    desk.type("x")
    desk.key(Qt.Key.Key_Return)
    desk.view.go_to((0, 0))
    desk.key(Qt.Key.Key_F7)
    assert desk.view.here() == (0, 1)
    desk.type("9")
    desk.key(Qt.Key.Key_Return)
    assert desk.view.here() == (3, 0)
    desk.key(Qt.Key.Key_Return)
    assert desk.view.here() == (4, 0), "the last problem, left as it is, lets go of the cursor"
    desk.key(Qt.Key.Key_F7)
    desk.key(Qt.Key.Key_Up)
    desk.key(Qt.Key.Key_Return)
    assert desk.view.here() == (3, 0), "whoever moves away goes down again"


def test_ctrl_and_an_arrow_go_to_the_end_of_the_filled_cells(desk: Desk) -> None:
    desk.key(Qt.Key.Key_Down, CONTROL)
    assert desk.view.here() == (1, 0)
    desk.key(Qt.Key.Key_Down, CONTROL)
    assert desk.view.here() == (4, 0), "nothing more is filled"
    desk.key(Qt.Key.Key_Up, CONTROL)
    assert desk.view.here() == (1, 0)
    desk.key(Qt.Key.Key_Up, CONTROL | SHIFT)
    assert desk.view.hull() == (0, 1, 0, 0)
    desk.key(Qt.Key.Key_Right, CONTROL | SHIFT)
    assert desk.view.hull() == (0, 1, 0, 1)
    desk.key(Qt.Key.Key_Right, CONTROL)
    assert desk.view.here() == (0, 2)
