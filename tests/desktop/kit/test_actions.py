"""Actions by name and key."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from sims_desktop.kit.actions import Actions
from sims_desktop.kit.palette import Palette
from sims_desktop.kit.remembered import Remembered
from sims_desktop.kit.search import Entry
from sims_desktop.kit.shortcuts import ShortcutSheet


def test_an_action_is_bound_to_another_key_and_stays_so(qtbot: QtBot, tmp_path: Path) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    remembered = Remembered(tmp_path)
    actions = Actions(remembered)
    action = actions.add("grading.undo", "Undo", "Ctrl+Z", lambda: None, window, page="Grade grid")
    assert actions.rebind("grading.undo", ["Alt+Z"]) == []
    assert action.shortcut().toString() == "Alt+Z"
    again = Actions(Remembered(tmp_path))
    other = QWidget()
    qtbot.addWidget(other)
    assert again.add("grading.undo", "Undo", "Ctrl+Z", lambda: None, other).shortcut().toString() == "Alt+Z"
    again.reset("grading.undo")
    assert again.of("Everywhere")[0].keys == "Ctrl+Z"


def test_a_key_that_is_taken_is_refused_with_its_owner(qtbot: QtBot, tmp_path: Path) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    actions = Actions(Remembered(tmp_path))
    actions.add("window.palette", "Palette", "Ctrl+K", lambda: None, window)
    undo = actions.add("grading.undo", "Undo", "Ctrl+Z", lambda: None, window, page="Grade grid")
    assert [bound.id for bound in actions.rebind("grading.undo", ["Ctrl+K"])] == ["window.palette"]
    assert undo.shortcut().toString() == "Ctrl+Z"


def test_actions_of_a_page_go_with_it(qtbot: QtBot, tmp_path: Path) -> None:
    actions = Actions(Remembered(tmp_path))
    page = QWidget()
    actions.add("grading.undo", "Undo", "Ctrl+Z", lambda: None, page, page="Grade grid")
    with qtbot.waitSignal(page.destroyed):
        page.deleteLater()
    assert actions.all() == []


def test_the_key_sheet_lists_and_rebinds(qtbot: QtBot, tmp_path: Path) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    actions = Actions(Remembered(tmp_path))
    undo = actions.add("grading.undo", "Undo", "Ctrl+Z", lambda: None, window, page="Grade grid")
    actions.add("window.palette", "Palette", "Ctrl+K", lambda: None, window)
    sheet = ShortcutSheet(actions, "Grade grid", window, (("Edit what stands", "F2"),))
    head = sheet.tree.topLevelItem(0)
    assert head is not None
    lines = [line for n in range(head.childCount()) if (line := head.child(n)) is not None]
    assert [(line.text(0), line.text(1)) for line in lines] == [
        ("Undo", "Ctrl+Z"),
        ("Edit what stands", "F2"),
    ]
    sheet.tree.setCurrentItem(lines[0])
    sheet.edit.setKeySequence("Ctrl+K")
    sheet._rebind()
    assert sheet.complaint.text() == "Already used by “Palette”."
    sheet.edit.setKeySequence("Alt+U")
    sheet._rebind()
    assert (undo.shortcut().toString(), lines[0].text(1)) == ("Alt+U", "Alt+U")


def test_the_palette_runs_what_was_typed_and_chosen(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(800, 600)
    window.show()
    palette = Palette(window)
    run: list[str] = []
    titles = ("Undo", "Redo", "Submit to the head", "Distribution")
    entries = [Entry(title, partial(run.append, title)) for title in titles]

    def source(query: str) -> list[Entry]:
        return entries

    palette.add_source(source)
    palette.open()
    qtbot.keyClicks(palette.line, "do")
    qtbot.keyClick(palette.line, Qt.Key.Key_Down)
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert run == ["Redo"]
    assert not palette.isVisible()


def test_late_answers_for_an_older_query_are_dropped(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    palette = Palette(window)
    palette.open("ay")
    palette.offer("a", [Entry("Old", lambda: None)])
    assert palette.list.model().rowCount() == 0
    palette.offer("ay", [Entry("Ayesha", lambda: None)])
    assert palette.entry(0).title == "Ayesha"
