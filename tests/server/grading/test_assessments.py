"""Assessments and single scores: who writes them, while what is open, and who sees them when."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api import Api, Client, Reply
from tests.support.university import University

Scene = dict[str, Any]


@pytest.fixture
def scene(university: University) -> Scene:
    return university.stand(students=2)


@pytest.fixture
def lead(api: Api, scene: Scene) -> Client:
    return api.as_("faculty")


@pytest.fixture
def examcell(api: Api, scene: Scene) -> Client:
    return api.as_("examcell")


def body_of(scene: Scene, **more: Any) -> dict[str, Any]:
    values = {
        "section_id": scene["section"],
        "name": "Bonus",
        "type": "quiz",
        "weight": "0",
        "max_score": "10",
    }
    return {**values, **more}


def record(client: Client, scene: Scene, student: int = 0, assessment: int = 0, **more: Any) -> Reply:
    body = {"assessment_id": scene["assessments"][assessment], "student_id": scene["students"][student]}
    return client.post("/api/assessment-scores/", {**body, **more})


def submit(university: University, scene: Scene) -> None:
    university.run(
        "UPDATE sheet SET state = 'submitted', submitted_by = %(by)s, submitted_at = now()",
        by=scene["faculty"],
    )


# -- Assessments -----------------------------------------------------------------------------------


def test_a_teacher_makes_changes_and_removes_an_assessment(lead: Client, scene: Scene) -> None:
    made = lead.post("/api/assessments/", body_of(scene, head="practical", must_sit=True, step="0.5"))
    assert made.status == 201
    assert (made.json["head"], made.json["must_sit"], made.json["step"]) == ("practical", True, "0.50")
    path = made.headers["location"]
    assert lead.patch(path, {"name": "Extra", "max_score": "12"}).json["max_score"] == "12.00"
    assert lead.delete(path).status == 204
    assert lead.get(path).status == 404


def test_weights_over_100_are_refused(lead: Client, scene: Scene) -> None:
    more = lead.post("/api/assessments/", body_of(scene, weight="0.01"))
    assert (more.status, more.code) == (400, "assessments.weights_exceeded")
    assert "100.01" in more.json["detail"]
    quiz = f"/api/assessments/{scene['assessments'][0]}/"
    assert lead.patch(quiz, {"weight": "20.01"}).code == "assessments.weights_exceeded"
    assert lead.patch(quiz, {"weight": "10"}).status == 200
    assert lead.post("/api/assessments/", body_of(scene, weight="10")).status == 201


def test_every_fault_of_a_new_assessment_is_listed(lead: Client, scene: Scene) -> None:
    answer = lead.post(
        "/api/assessments/",
        body_of(scene, weight="-1", max_score="1.001", type="nap", released_at="2026-01-01", name=""),
    )
    assert {fault["pointer"] for fault in answer.json["errors"]} == {
        "/weight",
        "/max_score",
        "/type",
        "/released_at",
        "/name",
    }
    nothing = lead.post("/api/assessments/", body_of(scene, weight="-1", max_score="0", step="0"))
    assert [fault["pointer"] for fault in nothing.json["errors"]] == ["/weight", "/max_score", "/step"]
    assert lead.post("/api/assessments/", body_of(scene, name="Quiz")).code == "assessments.name_taken"


def test_a_maximum_cannot_sink_below_a_score(lead: Client, scene: Scene) -> None:
    assert record(lead, scene, mark="scored", score="15").status == 201
    quiz = f"/api/assessments/{scene['assessments'][0]}/"
    assert lead.patch(quiz, {"max_score": "14.99"}).status == 400
    assert lead.patch(quiz, {"max_score": "15"}).status == 200


def test_an_assessment_under_which_something_was_written_stays(lead: Client, scene: Scene) -> None:
    made = record(lead, scene, mark="absent")
    assert lead.delete(made.headers["location"]).status == 204
    answer = lead.delete(f"/api/assessments/{scene['assessments'][0]}/")
    assert (answer.status, answer.code) == (409, "assessments.in_use")


def test_nothing_changes_once_the_sheet_is_handed_in(
    lead: Client, scene: Scene, university: University
) -> None:
    submit(university, scene)
    path = f"/api/assessments/{scene['assessments'][0]}/"
    answers = [
        lead.post("/api/assessments/", body_of(scene)),
        lead.patch(path, {"weight": "1"}),
        lead.delete(path),
        record(lead, scene, mark="absent"),
    ]
    assert [(answer.status, answer.code) for answer in answers] == [(409, "sheets.closed")] * 4


def test_a_locked_assessment_is_opened_by_the_head_alone(lead: Client, api: Api, scene: Scene) -> None:
    path = f"/api/assessments/{scene['assessments'][0]}/"
    assert lead.post(f"{path}lock/").json["locked_at"] is not None
    assert record(lead, scene, mark="absent").code == "assessments.locked"
    assert lead.patch(path, {"weight": "1"}).code == "assessments.locked"
    assert lead.post(f"{path}unlock/").status == 403
    assert api.as_("head").post(f"{path}unlock/").json["locked_at"] is None
    assert record(lead, scene, mark="absent").status == 201


def test_the_exam_cell_writes_what_it_enters_and_faculty_the_rest(
    lead: Client, examcell: Client, scene: Scene
) -> None:
    theirs = body_of(scene, name="Board", entered_by="exam_cell")
    assert lead.post("/api/assessments/", theirs).code == "assessments.not_yours"
    assert examcell.post("/api/assessments/", body_of(scene)).code == "assessments.not_yours"
    board = examcell.post("/api/assessments/", theirs)
    assert board.status == 201
    marks = {
        "assessment_id": board.json["id"],
        "student_id": scene["students"][0],
        "mark": "scored",
        "score": "9",
    }
    assert lead.post("/api/assessment-scores/", marks).code == "assessments.not_yours"
    assert examcell.post("/api/assessment-scores/", marks).status == 201
    assert record(examcell, scene, mark="absent").code == "assessments.not_yours"


def test_who_may_not_write_assessments_is_told_so(api: Api, scene: Scene) -> None:
    for role in ("registrar", "admin", "head", "dean", "auditor", "student", "counter"):
        client = api.as_(role)
        assert client.post("/api/assessments/", {}).status == 403, role
        assert client.patch("/api/assessments/999999/", {}).status == 403, role
        assert client.post("/api/assessment-scores/", {}).status == 403, role


def test_a_teacher_of_elsewhere_finds_nothing(api: Api, lead: Client, scene: Scene) -> None:
    made = record(lead, scene, mark="absent")
    stranger = api.as_("stranger")
    assert stranger.post("/api/assessments/", body_of(scene)).status == 404
    assert stranger.patch(f"/api/assessments/{scene['assessments'][0]}/", {"nonsense": 1}).status == 404
    assert record(stranger, scene, student=1, mark="absent").status == 404
    assert stranger.patch(made.headers["location"], {"mark": None}).status == 404
    assert stranger.get(made.headers["location"]).status == 404
    assert stranger.get("/api/assessments/").json["results"] == []
    assert stranger.get("/api/assessment-scores/").json["results"] == []


def test_a_stale_change_of_an_assessment_is_refused(lead: Client, scene: Scene) -> None:
    path = f"/api/assessments/{scene['assessments'][0]}/"
    tag = lead.get(path).headers["etag"]
    assert lead.patch(path, {"due_date": "2026-12-24"}, headers={"If-Match": tag}).status == 200
    assert lead.patch(path, {"due_date": "2026-12-25"}, headers={"If-Match": tag}).status == 412
    assert lead.delete(path, headers={"If-Match": tag}).status == 412


# -- Scores ----------------------------------------------------------------------------------------


def test_a_score_is_recorded_for_the_students_enrollment(lead: Client, scene: Scene) -> None:
    made = record(lead, scene, mark="scored", score=12.5)
    assert made.status == 201
    assert made.json["enrollment_id"] == scene["enrollments"][0]
    assert (made.json["score"], made.json["version"]) == ("12.50", 1)
    assert made.json["updated_by"] == {"id": scene["faculty"], "name": "Faculty"}
    assert lead.get(made.headers["location"]).json == made.json


def test_one_score_per_student_and_assessment(lead: Client, scene: Scene) -> None:
    assert record(lead, scene, mark="absent").status == 201
    again = record(lead, scene, mark="scored", score="1")
    assert (again.status, again.code) == (409, "scores.duplicate")


def test_clearing_keeps_the_row_and_its_version_and_leaves_the_list(lead: Client, scene: Scene) -> None:
    made = record(lead, scene, mark="scored", score="12")
    path = made.headers["location"]
    cleared = lead.patch(path, {"mark": None})
    assert (cleared.json["mark"], cleared.json["score"], cleared.json["version"]) == (None, None, 2)
    assert lead.get("/api/assessment-scores/").json["results"] == []
    anew = record(lead, scene, mark="scored", score="13")
    assert (anew.status, anew.json["id"], anew.json["version"]) == (201, made.json["id"], 3)
    assert lead.delete(path).status == 204
    assert lead.get("/api/assessment-scores/").json["results"] == []
    assert lead.get(path).json["version"] == 4


def test_half_a_change_means_the_obvious(lead: Client, scene: Scene) -> None:
    path = record(lead, scene, mark="absent").headers["location"]
    assert lead.patch(path, {"score": "5"}).json["mark"] == "scored"
    assert lead.patch(path, {"mark": "excused"}).json["score"] is None
    assert lead.patch(path, {"mark": "scored"}).code == "scores.invalid"
    same = lead.patch(path, {"mark": "excused"})
    assert (same.status, same.json["version"]) == (200, 3)


def test_a_mark_that_does_not_fit_is_refused(lead: Client, scene: Scene) -> None:
    for mark, score in (("scored", "20.01"), ("scored", None), ("absent", "1"), ("scored", "-0.01")):
        assert record(lead, scene, mark=mark, score=score).status == 400, (mark, score)


def test_a_score_that_is_no_number_is_refused_with_its_place(lead: Client, scene: Scene) -> None:
    wrong: list[Any] = ["NaN", "1e3", "1_0", "١٢", "12.345", True, [], "1" * 30]
    for score in wrong:
        answer = record(lead, scene, mark="scored", score=score)
        assert answer.status == 400, score
        assert [fault["pointer"] for fault in answer.json["errors"]] == ["/score"], score


def test_a_student_who_left_has_no_cell_to_write(lead: Client, scene: Scene, university: University) -> None:
    made = record(lead, scene, mark="absent")
    university.run(
        "UPDATE enrollment SET status = 'dropped', ended_at = now() WHERE id = %(id)s",
        id=scene["enrollments"][0],
    )
    assert record(lead, scene, assessment=1, mark="absent").status == 404
    assert lead.get(made.headers["location"]).status == 404
    assert lead.patch(made.headers["location"], {"mark": None}).status == 404
    assert lead.get("/api/assessment-scores/").json["results"] == []
    university.run(
        "UPDATE enrollment SET status = 'withdrawn', ended_at = now() WHERE id = %(id)s",
        id=scene["enrollments"][1],
    )
    assert record(lead, scene, student=1, mark="absent").code == "scores.row_closed"


def test_a_student_sees_marks_once_released_and_no_one_elses(
    api: Api, lead: Client, scene: Scene, university: University
) -> None:
    for place in (0, 1):
        assert record(lead, scene, student=place, mark="scored", score="11").status == 201
        assert record(lead, scene, student=place, assessment=1, mark="absent").status == 201
    reader = api.as_("student")
    assert reader.get("/api/assessments/").json["results"] == []
    assert reader.get("/api/assessment-scores/").json["results"] == []
    assert lead.post(f"/api/assessments/{scene['assessments'][0]}/release/").json["released_at"] is not None
    assert [row["id"] for row in reader.get("/api/assessments/").json["results"]] == [scene["assessments"][0]]
    scores = reader.get("/api/assessment-scores/").json["results"]
    assert [(row["student_id"], row["score"]) for row in scores] == [(scene["students"][0], "11.00")]
    assert reader.get(f"/api/assessment-scores/{scores[0]['id'] + 2}/").status == 404


def test_a_students_own_transaction_sees_no_row_of_another(
    lead: Client, scene: Scene, university: University
) -> None:
    """Row-level security, beneath whatever a query forgets."""
    for student in (0, 1):
        record(lead, scene, student=student, mark="scored", score="11")
    university.run("UPDATE assessment SET released_at = now()")
    with university.database.transaction() as connection:
        connection.value("SELECT set_config('sims.student', %(id)s, true)", id=str(scene["students"][0]))
        connection.run("SET LOCAL ROLE sims_student")
        assert connection.value("SELECT count(*) FROM assessment_score") == 1
        assert connection.value("SELECT count(*) FROM enrollment") == 1
        connection.value("SELECT set_config('sims.student', '', true)")
        assert connection.value("SELECT count(*) FROM assessment_score") == 0
        connection.run("RESET ROLE")


def test_lists_filter_by_section_assessment_and_student(api: Api, lead: Client, scene: Scene) -> None:
    for student in (0, 1):
        for assessment in (0, 1):
            record(lead, scene, student=student, assessment=assessment, mark="absent")

    def listed(query: str) -> int:
        return len(lead.get(f"/api/assessment-scores/?{query}").json["results"])

    assert listed(f"section_id={scene['section']}") == 4
    assert listed(f"assessment_id={scene['assessments'][1]}") == 2
    assert listed(f"student_id={scene['students'][0]}&assessment_id={scene['assessments'][1]}") == 1
    assert len(api.as_("head").get("/api/assessment-scores/").json["results"]) == 4
    assert len(api.as_("registrar").get("/api/assessments/?type=final").json["results"]) == 1


def test_locked_columns_of_a_term_are_found_by_whoever_may_read_them(
    api: Api, university: University
) -> None:
    scene = university.stand(students=1)
    path = f"/api/assessments/{scene['assessments'][1]}/"
    assert api.as_("faculty").post(f"{path}lock/", {}).status == 200
    assert api.as_("faculty").post(f"{path}release/", {}).status == 200
    asked = f"/api/assessments/?term_id={scene['term']}&locked="
    for who in ("head", "faculty", "student"):
        reader = api.as_(who)
        assert [one["name"] for one in reader.get(f"{asked}true").json["results"]] == ["Midterm"], who
        assert "Midterm" not in [one["name"] for one in reader.get(f"{asked}false").json["results"]], who
        assert reader.get("/api/assessments/?term_id=99999").json["results"] == []
