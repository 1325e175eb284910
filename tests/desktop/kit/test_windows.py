"""The rest of the kit: forms, theme, bugs, guide, histogram, printing, remembered places."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QApplication, QLineEdit, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from sims_desktop.kit import theme
from sims_desktop.kit.bugs import BugReporter
from sims_desktop.kit.forms import Form
from sims_desktop.kit.guide import GuideWindow
from sims_desktop.kit.histogram import Histogram
from sims_desktop.kit.printing import pdf_pages, print_html, printer_to_file
from sims_desktop.kit.remembered import Remembered
from sims_desktop.kit.tables import Field, RecordModel, RecordView, shared_out
from sims_shared.problems import Fault


def test_a_fault_stands_beside_its_field_and_the_rest_above(qtbot: QtBot) -> None:
    form = Form()
    qtbot.addWidget(form)
    form.add("weight", "&Weight", QLineEdit())
    form.add("name", "&Name", QLineEdit())
    form.show_faults([Fault("/weight", "x", "120 of 100"), Fault("/section_id", "y", "Closed")])
    assert form._complaints["weight"].text() == "120 of 100"
    assert form.complaint.text() == "Closed"
    assert not form._complaints["name"].text()
    form.clear_faults()
    assert not form._complaints["weight"].text()


def test_every_script_of_the_names_has_a_font(qtbot: QtBot, tmp_path: Path) -> None:
    families = theme.load_fonts()
    systems = QFontDatabase.WritingSystem
    covered = {system for family in families for system in QFontDatabase.writingSystems(family)}
    assert {systems.Latin, systems.Arabic, systems.Cyrillic, systems.Greek} <= covered


def test_zoom_and_look_are_remembered(qtbot: QtBot, tmp_path: Path) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    plain = app.font(), app.palette()
    try:
        look = theme.Theme(app, Remembered(tmp_path))
        size = app.font().pointSizeF()
        look.zoom_in()
        look.set_look("dark")
        assert theme.is_dark()
        again = theme.Theme(app, Remembered(tmp_path))
        assert (again.zoom, again.look) == (110, "dark")
        assert app.font().pointSizeF() == pytest.approx(size * 1.1)
        again.set_look("light")
        assert not theme.is_dark()
    finally:
        app.setFont(plain[0])
        app.setPalette(plain[1])


def test_a_bug_says_sorry_with_the_reference_of_its_log(qtbot: QtBot, tmp_path: Path) -> None:
    bugs = BugReporter(tmp_path)
    reference = bugs.report(ZeroDivisionError("a secret of the code"))
    box = bugs._open
    assert isinstance(box, QMessageBox)
    qtbot.addWidget(box)
    assert reference in box.informativeText()
    assert "secret" not in box.text() + box.informativeText() + box.detailedText()
    log = (tmp_path / "errors.log").read_text()
    assert reference in log
    assert "a secret of the code" in log
    second = bugs.report(LookupError())
    assert bugs._open is box
    assert second in (tmp_path / "errors.log").read_text()


def test_an_exception_nobody_caught_becomes_a_bug(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    bugs = BugReporter(tmp_path)
    bugs.install()
    try:
        raise ZeroDivisionError("uncaught")
    except ZeroDivisionError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    assert "uncaught" in (tmp_path / "errors.log").read_text()
    assert bugs._open is not None
    qtbot.addWidget(bugs._open)


def test_the_guide_opens_its_page_and_owns_up_to_a_missing_one(qtbot: QtBot, tmp_path: Path) -> None:
    long = "# Marks\n\nType to overwrite.\n\n" + "More.\n\n" * 200 + "## While you are away\n\nLend it."
    (tmp_path / "faculty.md").write_text(long, encoding="utf-8")
    owner = QWidget()
    qtbot.addWidget(owner)
    guide = GuideWindow(owner, tmp_path)
    guide.open_page("faculty")
    assert "Type to overwrite." in guide.text.toPlainText()
    assert guide.text.verticalScrollBar().value() == 0
    guide.open_page("faculty#while-you-are-away")
    assert guide.text.textCursor().block().text() == "While you are away"
    assert guide.text.verticalScrollBar().value() > 0
    guide.open_page("tower")
    assert "no page “tower”" in guide.text.toPlainText()


def test_a_histogram_is_drawn_and_told_in_words(qtbot: QtBot) -> None:
    histogram = Histogram()
    qtbot.addWidget(histogram)
    histogram.resize(QSize(400, 200))
    blank = histogram.grab().toImage()
    histogram.show_bars([0, 3, 9, 1], ["0", "10", "20", "30", "40"], 0.5, "Mean 21.0")
    assert histogram.grab().toImage() != blank
    assert histogram.accessibleName() == "Mean 21.0"


def test_a_list_is_printed_to_a_file_whose_pages_can_be_shown(qtbot: QtBot, tmp_path: Path) -> None:
    target = tmp_path / "list.pdf"
    print_html("<p>فاطمہ زہرا 34</p>" * 200, printer_to_file(target))
    pages = list(pdf_pages(target.read_bytes(), dpi=40))
    assert len(pages) > 1
    assert all(page.width() > 300 for page in pages)


def test_a_list_keeps_its_cursor_when_records_change_and_opens_on_enter(qtbot: QtBot) -> None:
    model: RecordModel[tuple[str, int]] = RecordModel(
        [Field("Name", lambda r: r[0]), Field("Mark", lambda r: str(r[1]), is_number=True)]
    )
    view = RecordView(model, "list")
    qtbot.addWidget(view)
    model.set_records([("a", 1), ("b", 2)])
    view.selectRow(1)
    model.set_records([("a", 1), ("b", 3)])
    assert view.current() == ("b", 3)
    with qtbot.waitSignal(view.opened) as opened:
        qtbot.keyClick(view, Qt.Key.Key_Return)
    assert opened.args == [("b", 3)]


def test_home_and_end_are_the_first_and_the_last_line_of_a_list(qtbot: QtBot) -> None:
    model: RecordModel[str] = RecordModel([Field("Name", str), Field("Father", str)])
    view = RecordView(model, "people", several=True)
    qtbot.addWidget(view)
    view.follow(["Amna", "Bilal", "Chand"], str)
    qtbot.keyClick(view, Qt.Key.Key_End)
    assert view.chosen() == ["Chand"]
    qtbot.keyClick(view, Qt.Key.Key_Home)
    assert view.chosen() == ["Amna"]
    qtbot.keyClick(view, Qt.Key.Key_End, Qt.KeyboardModifier.ShiftModifier)
    assert view.chosen() == ["Amna", "Bilal", "Chand"]
    view.follow([], str)
    qtbot.keyClick(view, Qt.Key.Key_End)
    assert view.current() is None


def test_the_cursor_stays_with_whom_it_was_on_when_a_list_changes_behind_its_person(qtbot: QtBot) -> None:
    model: RecordModel[str] = RecordModel([Field("Name", str)])
    view = RecordView(model, "people", several=True)
    qtbot.addWidget(view)
    view.follow(["Amna", "Bilal", "Chand"], str)
    assert (view.current(), view.chosen()) == ("Amna", ["Amna"])
    view.selectRow(1)
    view.follow(["Bilal", "Dawood", "Chand"], str)
    assert (view.current(), view.chosen()) == ("Bilal", ["Bilal"])
    view.selectAll()
    view.follow(["Chand", "Esha", "Bilal", "Farid"], str)
    assert (view.current(), view.chosen()) == ("Bilal", ["Chand", "Bilal"])
    view.selectRow(1)
    view.follow(["Chand", "Bilal"], str)
    assert view.current() == "Bilal", "of whoever is gone the cursor stays at the place"
    view.follow([], str)
    assert view.current() is None
    view.follow(["Gul"], str)
    assert view.current() == "Gul"


def test_a_place_is_remembered(qtbot: QtBot, tmp_path: Path) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(640, 480)
    remembered = Remembered(tmp_path)
    assert not remembered.restore_place("window", window)
    remembered.save_place("window", window)
    window.resize(100, 100)
    assert Remembered(tmp_path).restore_place("window", window)
    assert window.size() == QSize(640, 480)


def test_a_row_is_chosen_in_a_list_that_runs_from_right_to_left(qtbot: QtBot) -> None:
    model: RecordModel[str] = RecordModel([Field("Name", str, 60), Field("Father", str, 60)])
    view = RecordView(model, "names")
    qtbot.addWidget(view)
    view.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    view.horizontalHeader().setStretchLastSection(False)
    view.resize(600, 200)
    view.show()
    model.set_records(["Ayesha", "Bilal"])
    view.selectRow(1)
    assert view.current() == "Bilal"
    assert view.chosen() == ["Bilal"]


@pytest.mark.parametrize(
    ("room", "widths"),
    [
        (900, [100, 300, 500]),  # plenty: as wished, and the last takes what is left
        (400, [75, 250, 75]),  # between what texts need and what was wished
        (300, [50, 200, 50]),  # just what the texts need
        (200, [50, 100, 50]),  # the widest gives way
        (60, [30, 40, 30]),  # no title is cut
    ],
)
def test_columns_share_the_room_there_is(room: int, widths: list[int]) -> None:
    assert shared_out([50, 200, 50], [100, 300, 100], [30, 40, 30], room) == widths


def test_columns_that_have_to_be_scrolled_are_read_whole() -> None:
    title, figures = [150], [60] * 12
    assert shared_out(title + figures, title + figures, [40, *figures], 600) == title + figures


def test_a_list_is_read_without_scrolling_sideways(qtbot: QtBot) -> None:
    long = "Submitted, waiting for the head of the department of computer science"
    model: RecordModel[str] = RecordModel([Field("Section", lambda one: "CS-101 A"), Field("State", str)])
    view = RecordView(model, "sections")
    qtbot.addWidget(view)
    view.resize(320, 300)
    view.show()
    model.set_records([long, "Open"])
    assert view.horizontalScrollBar().maximum() == 0
    assert view.columnWidth(0) >= view.fontMetrics().horizontalAdvance("CS-101 A")
    assert view.rowHeight(0) >= 2 * view.fontMetrics().height()
    assert model.index(0, 1).data(Qt.ItemDataRole.ToolTipRole) == f"State: {long}"
    view.resize(1000, 300)
    assert view.rowHeight(0) < 2 * view.fontMetrics().height()


def test_widths_that_a_person_drew_come_back(qtbot: QtBot, tmp_path: Path) -> None:
    model: RecordModel[str] = RecordModel([Field("Section", str), Field("State", str)])

    def shown() -> RecordView[str]:
        view = RecordView(model, "sections")
        qtbot.addWidget(view)
        view.remember_columns(Remembered(tmp_path))
        view.resize(600, 300)
        view.show()
        return view

    first = shown()
    fitted = first.columnWidth(0)
    assert shown().columnWidth(0) == fitted
    first.horizontalHeader().resizeSection(0, fitted + 77)
    model.set_records(["CS-101 A"])
    assert first.columnWidth(0) == fitted + 77
    assert shown().columnWidth(0) == fitted + 77
