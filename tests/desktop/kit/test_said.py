"""Sentences for people: in Urdu each line begins at the right, whatever its first word."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import ENGLISH, URDU, phrase, speak
from sims_desktop.kit.notes import Note

MIXED = "Sana Khan, Quiz: ٹکراؤ\nMidterm: 297 باقی"


@pytest.fixture
def urdu() -> Iterator[None]:
    speak(URDU)
    yield
    speak(ENGLISH)


def lines_of(label: QLabel) -> list[Qt.LayoutDirection]:
    """As Qt lays out what is really in the label."""
    document = QTextDocument(QLabel.text(label))
    return [document.findBlockByNumber(n).textDirection() for n in range(document.blockCount())]


def test_a_sentence_that_begins_with_a_name_runs_from_the_right_in_urdu(qtbot: QtBot, urdu: None) -> None:
    note, complaint = Note(), Complaint()
    for label in (note, complaint):
        qtbot.addWidget(label)
        label.say(MIXED)
        assert lines_of(label) == [Qt.LayoutDirection.RightToLeft] * 2
        assert label.text() == MIXED, "what is said is what was said"
    note.say(phrase("{papers} at most.", papers="Quiz"))
    assert lines_of(note) == [Qt.LayoutDirection.RightToLeft]
    note.say("")
    assert QLabel.text(note) == ""


def test_in_english_nothing_is_added(qtbot: QtBot) -> None:
    note = Note()
    qtbot.addWidget(note)
    note.say("Sana Khan, Quiz: in conflict")
    assert QLabel.text(note) == "Sana Khan, Quiz: in conflict"
