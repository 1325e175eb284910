"""Two teachers who write the plan of assessment of one section at the same moment: the second is told what
the first did, keeps what was typed, and decides. Real windows, stores, handlers and PostgreSQL.
"""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from sims_desktop.grading.plan import PlanPanel
from tests.desktop.grading.hands import CONTROL
from tests.desktop.grading.places import Place, Sit
from tests.support.api import Api
from tests.support.university import University

Scene = dict[str, Any]


@pytest.fixture
def scene(university: University) -> Scene:
    return university.stand(students=2)


def plan(place: Place, line: str = "") -> PlanPanel:
    place.turn_to()
    if not isinstance(place.page.panel, PlanPanel):
        place.key(Qt.Key.Key_T, CONTROL)
    panel = place.page.panel
    assert isinstance(panel, PlanPanel)
    panel.line.setFocus()
    place.type(line)
    return panel


def write(place: Place) -> None:
    place.key(Qt.Key.Key_Return, CONTROL)


def stands(api: Api, scene: Scene) -> list[tuple[str, str]]:
    told = api.as_("faculty").get(f"/api/assessments/?section_id={scene['section']}").json["results"]
    return [(one["name"], one["weight"]) for one in told]


def test_the_second_of_two_who_write_a_plan_sees_both_and_writes_theirs_knowingly(
    sit: Sit, scene: Scene, api: Api
) -> None:
    lead, other = sit("faculty", scene["section"]), sit("faculty2", scene["section"])
    mine = plan(lead, "25/25/50")
    plan(other, "Final 40 of 80, Viva 10")
    write(other)
    other.until(lambda: other.note.startswith("The plan stands as you wrote it."))

    lead.turn_to()
    mine.line.setFocus()
    write(lead)
    lead.until(lambda: mine.is_deciding)
    said = mine.complaint.text()
    assert said.startswith(
        "Nothing of yours was written. Changed meanwhile: Final was 50 % of 100, must be sat"
    )
    assert ", is 40 % of 80 (Faculty2, " in said
    assert "Viva is new, 10 % of 10 (Faculty2, " in said
    assert mine.line.text() == "25/25/50"
    assert mine.sentence.text() == "The weights add up to 110, more than 100."
    assert [(m.name, m.before, m.theirs, m.mine) for m in mine.against.records][2:] == [
        ("Final", "50 % of 100, must be sat", "40 % of 80", "50 % of 80"),
        ("Viva", "–", "10 % of 10", "10 % of 10"),
    ]
    assert dict(stands(api, scene)) == {
        "Quiz": "20.00", "Midterm": "30.00", "Final": "40.00", "Viva": "10.00"
    }  # fmt: skip
    lead.key(Qt.Key.Key_M)
    assert mine.is_deciding, "110 cannot be written"
    lead.key(Qt.Key.Key_Escape)
    assert QApplication.focusWidget() is mine.line
    mine.line.setText("")
    lead.type("25/25/40/10")
    assert mine.sentence.text() == "100 of 100. Ctrl+Enter changes 2 columns."
    write(lead)
    lead.until(lambda: lead.note.startswith("The plan stands as you wrote it."))
    assert dict(stands(api, scene)) == {
        "Quiz": "25.00", "Midterm": "25.00", "Final": "40.00", "Viva": "10.00"
    }  # fmt: skip
    other.turn_to()
    theirs = other.page.panel
    assert isinstance(theirs, PlanPanel)
    theirs.setFocus()
    other.key(Qt.Key.Key_Z, CONTROL)
    other.until(lambda: "Not taken back" in other.note)
    assert "changed meanwhile: Quiz was 20 % of 20, is 25 % of 20 (Faculty, " in other.note
    assert dict(stands(api, scene))["Quiz"] == "25.00"


def test_theirs_is_taken_and_what_was_typed_comes_back_with_one_key(sit: Sit, scene: Scene, api: Api) -> None:
    lead, other = sit("faculty", scene["section"]), sit("faculty2", scene["section"])
    panel = plan(lead, "Quiz 10")
    plan(other, "Quiz 15")
    write(other)
    other.until(lambda: other.note.startswith("The plan stands"))
    lead.sync()
    assert panel.complaint.text() == (
        "Changed meanwhile: Quiz was 20 % of 20, is 15 % of 20. Your line is kept; Ctrl+Enter shows yours "
        "against it."
    )
    lead.turn_to()
    panel.line.setFocus()
    write(lead)
    assert panel.is_deciding, "who pressed the keys just then has not seen it"
    lead.key(Qt.Key.Key_T)
    assert (panel.line.text(), QApplication.focusWidget()) == ("", panel.line)
    lead.key(Qt.Key.Key_Z, CONTROL)
    assert panel.line.text() == "Quiz 10"
    write(lead)
    lead.until(lambda: lead.note.startswith("The plan stands"))
    assert stands(api, scene)[0] == ("Quiz", "10.00")


def test_mine_goes_over_theirs_with_one_key_and_a_line_outlives_its_panel(
    sit: Sit, scene: Scene, api: Api
) -> None:
    lead, other = sit("faculty", scene["section"]), sit("faculty2", scene["section"])
    panel = plan(lead, "Quiz 10")
    lead.key(Qt.Key.Key_Escape)
    assert lead.page.panel is None
    panel = plan(lead)
    assert panel.line.text() == "Quiz 10", "kept, as it was not written"
    plan(other, "Quiz 15, Midterm 25")
    write(other)
    other.until(lambda: other.note.startswith("The plan stands"))
    lead.turn_to()
    panel.line.setFocus()
    write(lead)
    lead.until(lambda: panel.is_deciding)
    assert panel.sentence.text() == "Theirs adds up to 90 of 100, with yours over it 85."
    lead.key(Qt.Key.Key_M)
    lead.until(lambda: lead.note.startswith("The plan stands"))
    assert stands(api, scene)[:2] == [("Quiz", "10.00"), ("Midterm", "25.00")]
    lead.key(Qt.Key.Key_Z, CONTROL)
    lead.until(lambda: lead.note == "The plan is as it was.")
    assert stands(api, scene)[:2] == [("Quiz", "15.00"), ("Midterm", "25.00")], "as it was, not as first seen"
    assert plan(lead).line.text() == ""


def test_a_plan_that_is_refused_is_refused_as_a_whole_and_stays_in_its_line(
    sit: Sit, scene: Scene, api: Api, university: University
) -> None:
    lead = sit("faculty", scene["section"])
    university.score(scene["enrollments"][0], scene["assessments"][1], 45)
    panel = plan(lead, "Quiz 10, Midterm 30 of 40, Viva 10")
    write(lead)
    lead.until(lambda: panel.complaint.text())
    assert panel.complaint.text().startswith("Midterm holds a mark of 45.00: its maximum cannot become 40")
    assert panel.line.text() == "Quiz 10, Midterm 30 of 40, Viva 10"
    assert stands(api, scene) == [("Quiz", "20.00"), ("Midterm", "30.00"), ("Final", "50.00")]
    lead.key(Qt.Key.Key_Home)
    assert not panel.line.isReadOnly()
    assert panel.button.isEnabled()
