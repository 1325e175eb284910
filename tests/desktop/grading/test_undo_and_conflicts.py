"""Ctrl+Z after a choice in the conflict tray takes back the choice, never the colleague's mark."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt

from sims_desktop.grading.panels import TrayPanel
from tests.desktop.grading.hands import CONTROL
from tests.desktop.grading.places import Place, Sit
from tests.support.university import University

Scene = dict[str, Any]


@pytest.fixture
def scene(university: University) -> Scene:
    return university.stand(students=3)


@pytest.fixture
def places(sit: Sit, scene: Scene) -> tuple[Place, Place]:
    """Mine, at which 14 and 15 were typed where a colleague had 12; and the colleague's."""
    mine, other = sit("faculty", scene["section"]), sit("faculty2", scene["section"])
    other.turn_to()
    other.view.put_cursor((0, 0))
    other.type("12")
    other.key(Qt.Key.Key_Return)
    other.sync()
    mine.turn_to()
    mine.view.put_cursor((0, 0))
    for text in ("14", "15"):
        mine.type(text)
        mine.key(Qt.Key.Key_Return)
    mine.sync()
    mine.view.put_cursor((0, 0))
    mine.key(Qt.Key.Key_J, CONTROL)
    return mine, other


def test_undoing_that_mine_was_kept_brings_theirs_back(places: tuple[Place, Place]) -> None:
    mine, other = places
    mine.key("m")
    mine.key(Qt.Key.Key_Escape)
    assert mine.column(0)[:2] == ["14", "15"]
    mine.key(Qt.Key.Key_Z, CONTROL)
    assert mine.column(0)[:2] == ["12", "15"]
    assert mine.note == "Undid keeping mine in 1 cell."
    mine.sync()
    other.sync()
    assert other.column(0)[:2] == ["12", "15"]


def test_undoing_further_never_blanks_a_colleagues_mark(places: tuple[Place, Place]) -> None:
    mine, other = places
    mine.key("m")
    mine.key(Qt.Key.Key_Escape)
    for _ in range(3):
        mine.key(Qt.Key.Key_Z, CONTROL)
    assert mine.column(0)[:2] == ["12", ""], "what was typed elsewhere is still undone"
    mine.sync()
    other.sync()
    assert other.column(0)[:2] == ["12", ""]


def test_undoing_that_theirs_was_kept_brings_mine_back_and_redoing_theirs(
    places: tuple[Place, Place],
) -> None:
    mine, other = places
    mine.key("t")
    mine.key(Qt.Key.Key_Escape)
    assert mine.column(0)[0] == "12"
    mine.key(Qt.Key.Key_Z, CONTROL)
    assert mine.column(0)[0] == "14"
    mine.sync()
    other.sync()
    assert other.column(0)[0] == "14"
    mine.turn_to()
    mine.key(Qt.Key.Key_Y, CONTROL)
    mine.sync()
    other.sync()
    assert other.column(0)[0] == "12"


def test_undoing_never_takes_away_the_same_mark_that_a_colleague_wrote_too(sit: Sit, scene: Scene) -> None:
    mine, other = sit("faculty", scene["section"]), sit("faculty2", scene["section"])
    for place, texts in ((mine, ("14", "15")), (other, ("14",))):
        place.turn_to()
        place.view.put_cursor((0, 0))
        for text in texts:
            place.type(text)
            place.key(Qt.Key.Key_Return)
    other.sync()
    mine.sync()
    mine.turn_to()
    mine.key(Qt.Key.Key_Z, CONTROL)
    assert mine.note == "Undid typing 15 for Student Number 2, Quiz."
    mine.key(Qt.Key.Key_Z, CONTROL)
    assert mine.note.endswith("1 cell a colleague wrote as well and stayed.")
    assert mine.column(0)[:2] == ["14", ""]
    mine.sync()
    other.sync()
    assert other.column(0)[:2] == ["14", ""]


def test_what_was_typed_over_a_colleagues_mark_is_undone_and_redone_as_often_as_one_likes(
    sit: Sit, scene: Scene
) -> None:
    mine, other = sit("faculty", scene["section"]), sit("faculty2", scene["section"])
    other.turn_to()
    other.view.put_cursor((0, 0))
    other.type("9")
    other.key(Qt.Key.Key_Return)
    other.sync()
    mine.sync()
    mine.turn_to()
    for text in ("17", "9"):
        mine.view.put_cursor((0, 0))
        mine.type(text)
        mine.key(Qt.Key.Key_Return)
    shown = []
    for key in (Qt.Key.Key_Z, Qt.Key.Key_Z, Qt.Key.Key_Y, Qt.Key.Key_Z):
        mine.key(key, CONTROL)
        shown.append(mine.column(0)[0])
    assert shown == ["17", "9", "17", "9"]
    mine.key(Qt.Key.Key_Y, CONTROL)
    mine.sync()
    mine.key(Qt.Key.Key_Z, CONTROL)
    mine.sync()
    other.sync()
    assert other.column(0)[0] == "9"


def test_the_tray_keeps_its_cursor_on_the_same_conflict_when_a_sync_brings_another(
    places: tuple[Place, Place],
) -> None:
    mine, other = places
    mine.key(Qt.Key.Key_Escape)
    other.turn_to()
    other.view.put_cursor((2, 0))
    other.type("9")
    other.key(Qt.Key.Key_Return)
    other.sync()
    mine.turn_to()
    mine.view.put_cursor((2, 0))
    mine.type("10")
    mine.key(Qt.Key.Key_Return)
    mine.sync()
    tray = mine.page.tray
    mine.key(Qt.Key.Key_J, CONTROL)
    mine.key(Qt.Key.Key_End)
    panel = mine.page.panel
    assert isinstance(panel, TrayPanel)
    (of_third,) = panel.list.chosen()
    assert of_third.mine.score == 10
    tray.conflicts = [of_third, *tray.conflicts[:1]]
    tray.on_change()
    assert panel.list.chosen() == [of_third], "it stands first now"


def test_who_is_in_conflict_with_themselves_is_told_of_their_other_computer(sit: Sit, scene: Scene) -> None:
    office, train = sit("faculty", scene["section"]), sit("faculty", scene["section"])
    for place, text in ((office, "12"), (train, "14")):
        place.turn_to()
        place.view.put_cursor((0, 0))
        place.type(text)
        place.key(Qt.Key.Key_Return)
        place.sync()
    train.view.put_cursor((0, 0))
    assert "14 typed here, 12 by you, on another computer " in train.note
    train.key(Qt.Key.Key_J, CONTROL)
    train.key("m")
    train.key(Qt.Key.Key_Escape)
    train.sync()
    office.sync()
    assert office.column(0)[0] == "14"


def test_what_is_said_of_a_conflict_is_what_was_typed_last(places: tuple[Place, Place]) -> None:
    mine, _ = places
    mine.key(Qt.Key.Key_Escape)
    mine.view.put_cursor((0, 0))
    mine.type("17")
    mine.key(Qt.Key.Key_Return)
    mine.view.put_cursor((0, 0))
    assert "in conflict: 17 typed here, 12 by Faculty2 " in mine.note
