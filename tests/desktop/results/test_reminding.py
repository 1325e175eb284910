"""Who has not submitted, asked for it with one key; against a real server, mail aside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sims_desktop.grading.overview_page import OverviewPage
from sims_desktop.kit.wording import when
from sims_desktop.results.outstanding import outstanding_words, reminded_words
from sims_desktop.results.reminding import Reminder
from sims_shared.reminders import TeachersReminded
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.desktop.results.test_publish_page import settled, tower
from tests.desktop.results.test_publish_presenter import section
from tests.support.api import Api
from tests.support.university import University

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Nobody:
    def remind(self, section_ids: list[int], note: str, again: bool, key: str) -> TeachersReminded:
        raise AssertionError(section_ids)


def test_who_has_not_submitted_is_said_in_one_sentence_each_section_once() -> None:
    away = NOW - timedelta(days=3)
    sections = [
        section(1, sheet="open", pending=4, away_since=NOW),
        section(2, sheet="open", pending=1, away_since=away),
        section(3, sheet="open", pending=2, conflicts=1, away_since=away - timedelta(days=9)),
        section(4, sheet="open", filled=0),
        section(5, sheet="open"),
        section(6, sheet="submitted"),
        section(7, missing=2),
    ]
    assert outstanding_words(sections, 150, NOW) == (
        f"7 of 150 outstanding: 2 off line since {when(away, NOW)}, 1 in conflict, 1 not started, "
        "1 in progress, 1 with the head, 1 approved with marks missing"
    )
    assert outstanding_words([], 150, NOW) == "0 of 150 outstanding"
    told = [reminded_words(section(1, reminded_at=NOW - timedelta(days=days)), NOW) for days in (1, 2)]
    assert told == ["reminded yesterday", "reminded 2 days ago"]


def test_the_question_says_who_is_left_out_and_who_was_asked_already() -> None:
    asked = {"sheet": "open", "reminded_by": "Nadia"}
    sections = [
        section(1, section="A", sheet="open"),
        section(2, section="B", reminded_at=NOW - timedelta(minutes=59), **asked),
        section(3, section="C", sheet="submitted"),
        section(4, section="D", sheet="open", lead=None),
    ]
    reminder = Reminder(Nobody(), sections, NOW)
    late = when(NOW - timedelta(minutes=59), NOW)
    assert reminder.question == (
        "2 sheets will be asked for: CS-101 A (Dr Lead) and CS-101 B (Dr Lead). "
        "Not asked: 1 handed in already, without a lead teacher: CS-101 D. "
        f"Reminded within the last hour, and would be once more: CS-101 B ({late}, Nadia). "
        "A note, or none; Enter sends one letter to each teacher, Esc leaves it."
    )
    assert reminder.act("").intent == ("remind", True, "", 1, 2)
    earlier = Reminder(Nobody(), [section(2, reminded_at=NOW - timedelta(minutes=61), **asked)], NOW)
    assert earlier.act("x").intent == ("remind", False, "x", 2)
    assert Reminder(Nobody(), sections[2:], NOW).question == (
        "Not asked: 1 handed in already, without a lead teacher: CS-101 D."
    )


def test_all_outstanding_are_reminded_in_eight_keys_and_teachers_read_it(
    qtbot: QtBot,
    program: Program,
    scene: dict[str, Any],
    api: Api,
    university: University,
) -> None:
    university.run("UPDATE account SET email = 'lead@example.edu' WHERE username = 'faculty'")
    window = program.enter("examcell")
    window.palette_box.open("tower")
    assert window.palette_box.entry(0).title == "Publish results"
    press(Qt.Key.Key_Escape)
    page = tower(qtbot, window)
    press("F")
    press("A", CONTROL)
    assert page.summary.text() == "2 of 2 outstanding: 1 not started, 1 in progress · 2 chosen"
    press("M")
    assert page.asking.question.text().startswith(
        "2 sheets will be asked for: CS-101 A (Faculty) and CS-202 B (Faculty)."
    )
    press("by Friday")
    look(window, "remind_question")
    press(Qt.Key.Key_Return)
    settled(qtbot, page)
    assert page.note.text() == "Reminded: 1 teacher of 2 sheets."
    assert [section.reminded_by for section in page.model.records] == ["Examcell"] * 2
    assert page.model.data(page.model.index(0, 3)).startswith("Faculty, reminded ")
    look(window, "remind_done")
    listed = api.as_("faculty").get("/api/sheets/").json["results"]
    assert [sheet["reminder_note"] for sheet in listed] == ["by Friday"] * 2
    paper = page.paper()
    assert "<h2>Outstanding grade sheets · Fall 2026</h2>" in paper
    assert "<p>2 of 2 outstanding: 1 not started, 1 in progress<br>" in paper
    assert paper.count("<tr><td") == 2
    press(Qt.Key.Key_Escape)
    assert page.presenter.chosen == set()
    press("M")
    assert "All were reminded within the last hour, at " in page.asking.question.text()
    assert " by Examcell, and would be once more." in page.asking.question.text()
    press(Qt.Key.Key_Return)
    settled(qtbot, page)
    assert page.note.text() == "Reminded: 1 teacher of 1 sheet."
    teacher = program.enter("faculty")
    sheets = teacher.open("sheets")
    assert isinstance(sheets, OverviewPage)
    qtbot.waitUntil(lambda: "Examcell asked for it" in str(sheets.model.index(1, 3).data()), timeout=WAIT)
    look(teacher, "remind_sheets")


def test_a_colleague_who_was_quicker_is_named_and_nothing_typed_is_lost_off_line(
    qtbot: QtBot,
    program: Program,
    scene: dict[str, Any],
    api: Api,
    university: University,
) -> None:
    page = tower(qtbot, program.enter("examcell"))
    press("M")
    press("please")
    body = {"section_ids": [scene["section"]]}
    assert api.as_("registrar").post("/api/sheets/remind/", body).status == 200
    press(Qt.Key.Key_Return)
    settled(qtbot, page)
    assert page.asking.complaint.text() == (
        "A colleague reminded of them within the last hour: CS-101 A (Registrar). Enter reminds once more, "
        "Esc leaves it."
    )
    assert page.asking.line.text() == "please"
    page.asking.line.setFocus()
    press(Qt.Key.Key_Return)
    settled(qtbot, page)
    assert page.note.text() == (
        "Reminded: 1 teacher of 1 sheet. No mail address, so only under “My sheets”: Faculty."
    )
    program.server.kill()
    press("M")
    press("once more")
    press(Qt.Key.Key_Return)
    settled(qtbot, page)
    assert page.asking.line.text() == "once more"
    assert "counts only once" in page.asking.complaint.text()
    assert QApplication.focusWidget() is page.asking.line
    assert university.row("SELECT count(*) FROM sheet_reminder") == 2
