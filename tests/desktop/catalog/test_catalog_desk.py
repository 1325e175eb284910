"""Courses, sections, departments and programs: over the real application, and by keys at a real server."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.catalog.curricula import CurriculaPresenter
from sims_desktop.catalog.page import CatalogPage, CoursesPart, SectionsPart
from sims_desktop.catalog.presenter import CoursesPresenter, DepartmentsPresenter
from sims_desktop.catalog.sections import Member, SectionsPresenter, joined, led_by, next_role
from sims_desktop.client.catalog import CatalogCalls
from sims_desktop.client.errors import ProblemAnswer
from sims_desktop.kit.entries import Draft, EntriesPresenter, HasId, Unresolved
from sims_desktop.kit.register import Register
from sims_shared.access import ColleagueView
from sims_shared.catalog import CourseView
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.support.api import Api
from tests.support.signed_in import SignIn
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=3)


def save(desk: EntriesPresenter[Any], record: HasId | None, **typed: Any) -> str:
    """Types it and saves it; what the desk says."""
    desk.keep(record, {**desk.typed_in(record), **typed})
    draft: Draft[Any] = desk.drafts[0 if record is None else record.id]
    body = desk.check(draft)
    assert body is not None, desk.faults
    return desk.saved(draft, desk.save(draft, body))


def test_a_course_is_typed_with_the_codes_it_requires_and_refusals_stand_beside_their_fields(
    scene: dict[str, Any], sign_in: SignIn
) -> None:
    calls = CatalogCalls(sign_in("registrar")[0])
    courses = CoursesPresenter(calls.courses, lookups=calls)
    courses.take(courses.load())
    wanted = {"code": "CS-202", "title": "Data Structures", "prerequisites": "cs-101"}
    assert save(courses, None, **wanted) == "Added: \u2066CS-202\u2069 Data Structures."
    courses.take(courses.load())
    second: CourseView = courses.records[1]
    assert (second.prerequisite_codes, second.department_id) == (["CS-101"], scene["department"])
    assert courses.typed_of(second)["prerequisites"] == "CS-101"
    said = save(courses, second, credits="4,0")
    assert said.endswith("Its sections keep what it was.")
    # Codes that are none, and a circle.
    with pytest.raises(Unresolved) as unknown:
        save(courses, second, equivalents="XX-1, CS-101, XX-2")
    assert courses.refused(unknown.value) == ""
    assert [(one.pointer, one.detail) for one in courses.faults] == [
        ("/equivalents", "There is no course XX-1."),
        ("/equivalents", "There is no course XX-2."),
    ]
    with pytest.raises(ProblemAnswer) as circle:
        save(courses, courses.records[0], prerequisites="CS-202")
    courses.refused(circle.value)
    assert [one.pointer for one in courses.faults] == ["/prerequisites"]
    with pytest.raises(ProblemAnswer) as taken:
        save(courses, None, code="CS-101", title="Another")
    courses.refused(taken.value)
    assert [one.pointer for one in courses.faults] == ["/code"]
    with pytest.raises(ProblemAnswer) as used:
        courses.delete(courses.records[0])
    assert "refer" in courses.refused(used.value)
    departments = DepartmentsPresenter(calls.departments)
    departments.take(departments.load())
    assert departments.records[0].head is not None
    assert save(departments, None, code="MA", name="Mathematics") == "Added: \u2066MA\u2069 Mathematics."


def test_a_section_has_one_lead_and_no_less_room_than_seats_taken(
    scene: dict[str, Any], sign_in: SignIn
) -> None:
    client, user = sign_in("registrar")
    calls = CatalogCalls(client)
    sections = SectionsPresenter(calls.sections, lookups=calls, permissions=user.permissions)
    sections.take(sections.load())
    (section,) = sections.records
    assert (sections.seats_words(section), section.teachers) == ("3 of 50", ["Faculty", "Faculty2"])
    with pytest.raises(ProblemAnswer) as small:
        save(sections, section, capacity="2")
    assert sections.refused(small.value) == "3 seats are taken; no fewer than that."
    assert [(one.pointer, one.detail) for one in sections.faults] == [
        ("/capacity", "3 seats are taken; no fewer than that.")
    ]
    sections.forget(section)
    (stranger,) = sections.find_teachers("strang")
    staff = led_by(joined(sections.typed_of(section)["staff"], stranger), stranger.id)
    assert [(one.name, one.role) for one in staff] == [
        ("Stranger", "lead"),
        ("Faculty", "co"),
        ("Faculty2", "co"),
    ]
    assert next_role(staff, staff[1].user_id)[1].role == "lab"
    save(sections, section, staff=staff, capacity="60")
    sections.take(sections.load())
    assert sections.records[0].teachers == ["Stranger", "Faculty", "Faculty2"]
    # Nobody leads: said before it is sent.
    draft = Draft(section, {**sections.typed_of(section), "staff": (Member(1, "co", "One"),)})
    assert sections.check(draft) is None
    assert [one.pointer for one in sections.faults] == ["/staff"]
    assert joined((), ColleagueView(id=7, name="N", username="n")) == (Member(7, "lead", "N"),)


def test_a_curriculum_is_typed_course_by_course_and_says_what_it_adds_up_to(
    scene: dict[str, Any], university: University, sign_in: SignIn
) -> None:
    university.course(scene["department"], "CS-102")
    calls = CatalogCalls(sign_in("registrar")[0])
    curricula = CurriculaPresenter(calls.curricula, lookups=calls)
    curricula.take(curricula.load())
    assert curricula.filters["program_id"] == scene["program"]
    said = save(curricula, None, course="cs-101", semester="2", intake_from="2026f")
    assert said == "Added: \u2066CS-101\u2069 Course CS-101."
    # The next begins where the last stood.
    assert curricula.proposal() == {"course": "", "semester": "2", "kind": "core", "intake_from": "2026F"}
    with pytest.raises(ProblemAnswer) as twice:
        save(curricula, None, course="CS-101")
    curricula.refused(twice.value)
    assert [one.pointer for one in curricula.faults] == ["/course"]
    save(curricula, None, course="CS-102", semester="1")
    curricula.take(curricula.load())
    first = curricula.records[0]
    assert first.course_code == "CS-102"
    assert curricula.load_words(first) == (
        "Core credits from 2026F: 6 of 130 needed · semester 1: 3 · semester 2: 3"
    )
    with pytest.raises(ProblemAnswer) as long:
        save(curricula, first, semester="19")
    curricula.refused(long.value)
    assert [one.pointer for one in curricula.faults] == ["/semester"]
    save(curricula, first, semester="3", kind="elective")
    assert curricula.delete(curricula.records[0]).startswith("Deleted: ")


def settle(qtbot: QtBot, part: Register[Any]) -> None:
    def settled() -> bool:
        return part.presenter.is_loaded and part._loading is None and part._task is None

    qtbot.waitUntil(settled, timeout=WAIT)


def test_a_section_is_opened_staffed_and_its_students_seen_by_keys(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api
) -> None:
    window = program.enter("registrar")
    window.activateWindow()
    page = window.open("catalog")
    assert isinstance(page, CatalogPage)
    courses, sections = page.parts[0], page.parts[1]
    assert isinstance(courses, CoursesPart)
    assert isinstance(sections, SectionsPart)
    settle(qtbot, courses)
    press("N", CONTROL)
    press("MA-101")
    press(Qt.Key.Key_Return, CONTROL)
    assert courses.form._complaints["title"].text() == "This is needed."
    courses.controls["title"].setFocus()
    press("Calculus")
    look(window, "catalog_courses")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: "Calculus" in courses.note.text(), timeout=WAIT)
    settle(qtbot, courses)
    press("2", CONTROL)
    assert page.front is sections
    settle(qtbot, sections)
    press("N", CONTROL)
    press("MA-101")
    sections.controls["staff"].setFocus()
    press("facul")
    press(Qt.Key.Key_Return)
    staff = sections.controls["staff"]
    qtbot.waitUntil(lambda: staff.found.count() == 2, timeout=WAIT)
    staff.found.hidePopup()
    staff._chosen(0)
    look(window, "catalog_sections_new")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: sections.note.text().startswith("Added: "), timeout=WAIT)
    settle(qtbot, sections)
    assert [one.course_code for one in sections.presenter.records] == ["CS-101", "MA-101"]
    assert sections.presenter.records[1].teachers == ["Faculty"]
    # Too little room: the fact stands beside the field.
    sections.list.selectRow(0)
    press("E")
    sections.controls["capacity"].setFocus()
    sections.controls["capacity"].selectAll()
    press("1")
    press(Qt.Key.Key_Return, CONTROL)
    said = sections.form._complaints["capacity"]
    qtbot.waitUntil(lambda: said.text() == "3 seats are taken; no fewer than that.", timeout=WAIT)
    settle(qtbot, sections)
    look(window, "catalog_capacity")
    press(Qt.Key.Key_Escape)
    assert sections.controls["capacity"].text() == "50"
    qtbot.waitUntil(sections.list.hasFocus, timeout=WAIT)
    # What Esc took away comes back, and goes again.
    press("Z", CONTROL)
    assert sections.controls["capacity"].text() == "1"
    press(Qt.Key.Key_Escape)
    assert sections.controls["capacity"].text() == "50"
    press("R")
    qtbot.waitUntil(lambda: sections.roster_model.rowCount() == 3, timeout=WAIT)
    look(window, "catalog_roster")
    press(Qt.Key.Key_Return)
    assert window.place == ("student", scene["students"][0])
    program.server.kill()
    page = window.open("catalog")
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: "needs the server" in sections.summary.text(), timeout=WAIT)
