"""What a student's page says, over the real application, without a screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sims_desktop.client.errors import ProblemAnswer
from sims_desktop.client.students import StudentCalls
from sims_desktop.students.derivations import Node, as_paper, as_text, of_trace
from sims_desktop.students.presenter import StudentPresenter, compare, percentage_words
from sims_shared.record import RecordThen
from tests.server.cases.scene import carry, opened, published
from tests.server.results.scene import enter
from tests.support.api import Api
from tests.support.signed_in import SignIn
from tests.support.university import University


def nobody_hears(done: int, total: int, words: str) -> None:
    """Progress that is shown to no one."""


def open_record(sign_in: SignIn, username: str, student_id: int) -> StudentPresenter:
    client, _ = sign_in(username)
    presenter = StudentPresenter(StudentCalls(client), student_id)
    presenter.take(presenter.load())
    return presenter


def flat(nodes: Sequence[Node]) -> list[Node]:
    return [found for node in nodes for found in (node, *flat(node.parts))]


def test_every_part_of_a_record_is_there_and_every_figure_adds_up(
    api: Api, university: University, sign_in: SignIn
) -> None:
    scene, results = published(api, university, students=2)
    student = scene["students"][0]
    registrar = api.as_("registrar")
    for path, more in (
        ("holds", {"kind": "fee", "amount": "12400", "reason": "Dues"}),
        ("requests", {"type": "noc"}),
    ):
        assert registrar.post(f"/api/{path}/", {"student_id": student, **more}).status == 201
    marks = [{"student_id": student, "status": "present"}]
    body = {
        "section_id": scene["section"],
        "date": str(scene_day(university)),
        "reason": "list",
        "marks": marks,
    }
    assert registrar.post("/api/attendance/bulk/", body).status == 201
    presenter = open_record(sign_in, "registrar", student)
    assert presenter.title.endswith("Student Number 1")
    assert presenter.headline.endswith("CGPA 3.30")
    assert presenter.hold_words == ["Fee hold: 12,400.00 Dues; Accounts office"]
    assert ("Name", "Student Number 1") in presenter.facts()
    assert [one.id for one in presenter.results] == results[:1]
    assert presenter.missing("results") == ""
    assert presenter.missing("documents") == "There is nothing here."
    (line,) = presenter.load_attendance(nobody_hears)
    assert percentage_words(line) == "100.00 %"
    cgpa = presenter.explain_cgpa(scene["registrations"][0])
    assert (cgpa[0].what, cgpa[0].figure) == ("CGPA", "3.30")
    assert any(node.what == "Final" for node in flat(presenter.explain_result(results[0])))
    paper = as_paper("2024-1 <Ali>", presenter.explain_result(results[0]), datetime(2026, 3, 4, tzinfo=UTC))
    assert "<h3>2024-1 &lt;Ali&gt;</h3>" in paper
    assert paper.count("<tr>") > 4
    told = as_text(presenter.explain_result(results[0]))
    assert told.startswith("Grade: B+  (total 75)\n    Result")
    assert "Regulation: BS-2021 v1" in told
    assert flat(presenter.explain_attendance(scene["section"]))[0].what == "Attendance"


def scene_day(university: University) -> Any:
    return university.row("SELECT start_date + 7 FROM term ORDER BY id LIMIT 1")


def test_a_day_in_the_past_stands_beside_today(api: Api, university: University, sign_in: SignIn) -> None:
    scene, results = published(api, university)
    presenter = open_record(sign_in, "registrar", scene["students"][0])
    today = datetime.now(UTC) + timedelta(hours=5)
    assert presenter.history_words.startswith("Type a day")
    presenter.take_history(today.date(), presenter.load_history(today.date()))
    assert presenter.history_words.endswith("the record said what it says now.")
    before = today.date() - timedelta(days=400)
    presenter.take_history(before, presenter.load_history(before))
    assert presenter.history_words.endswith("this student was not on record.")
    # A grade is corrected; what it was a moment before stays readable.
    moment = datetime.now(UTC)
    changes = [{"result_id": results[0], "new_grade": "A"}]
    carry(api, opened(api, "faculty", kind="correction", changes=changes)["id"])
    client, _ = sign_in("registrar")
    path = f"/api/students/{scene['students'][0]}/history/"
    then = client.get(path, RecordThen, {"at": moment.isoformat()})
    presenter.take_history(moment.date(), compare(then, presenter.load()))
    differ = {line.what: (line.then, line.now) for line in presenter.history or () if line.then != line.now}
    assert differ["CS-101 Fall 2026"] == ("75 · B+ · published", "75 · A · published")
    assert presenter.history_words.endswith("say something else now.")


def test_what_a_role_does_not_include_is_said_and_is_not_nothing(
    api: Api, university: University, sign_in: SignIn
) -> None:
    scene, _ = published(api, university)
    presenter = open_record(sign_in, "accounts", scene["students"][0])
    assert presenter.missing("results") == "Your role does not show this part of the record."
    assert presenter.results == []
    with pytest.raises(ProblemAnswer):
        open_record(sign_in, "stranger", scene["students"][0])


def test_a_step_that_nobody_knew_of_is_shown_as_it_comes() -> None:
    (node,) = of_trace({"label": "New", "exact": "1/3", "left_out": [{"what": "MT-1", "why": "repeated"}]})
    assert (node.figure, node.parts[0]) == ("1/3", Node("MT-1", "left out", "repeated"))
    assert of_trace(None) == []


def test_a_student_reads_the_marks_that_were_shown_and_staff_which_were_not(
    api: Api, university: University, sign_in: SignIn
) -> None:
    scene = university.stand(students=1)
    enter(university, scene, 0, [12.5, "absent", 70])
    whose = university.row("SELECT student_id FROM account WHERE username = 'student'")
    now = datetime.now(UTC)

    def lines(username: str) -> list[str]:
        presenter = open_record(sign_in, username, whose)
        return as_text(presenter.marks_so_far(presenter.enrollments[0], now)).splitlines()

    assert lines("student") == ["No mark of this course is shown yet."]
    for assessment in scene["assessments"][:2]:
        assert api.as_("faculty").post(f"/api/assessments/{assessment}/release/", {}).status == 200
    quiz, midterm = lines("student")
    assert quiz.startswith("Quiz: 12.5 of 20  (weight 20 % · shown ")
    assert midterm.startswith("Midterm: absent  (weight 30 % · shown ")
    assert lines("head")[2] == "Final: 70 of 100  (weight 50 % · not shown to the students)"
