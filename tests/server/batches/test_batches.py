"""A whole intake enrolled into its semester: planned, carried out exactly so, undone while it can be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from sims_server.batches.rules import spread
from sims_server.kernel import clock
from sims_server.kernel.jobs import run_job
from tests.support.api import Api, Client, Reply
from tests.support.brought import bring_result
from tests.support.database import server_connection
from tests.support.query_count import counted
from tests.support.university import University

Scene = dict[str, Any]
INTAKE = "2024F"
BATCHES = "/api/enrollments/batches/"


@pytest.fixture
def scene(university: University) -> Scene:
    """Six of an intake in CS; the second semester has CS-201 (after CS-101, two sections) and CS-202, and
    CS-203 to choose."""
    scene = university.stand(students=6)
    university.run("UPDATE enrollment SET status = 'dropped', ended_at = now()")
    for number in (1, 2, 3):
        course = university.course(scene["department"], f"CS-20{number}")
        scene[f"course{number}"] = course
        university.insert(
            "curriculum_course",
            program_id=scene["program"],
            intake_from="2022F",
            semester=2,
            course_id=course,
            kind="elective" if number == 3 else "core",
        )
    scene["a"] = university.section(scene["course1"], scene["term"], "A", 4)
    scene["b"] = university.section(scene["course1"], scene["term"], "B", 4)
    scene["c"] = university.section(scene["course2"], scene["term"], "A", 10)
    scene["d"] = university.section(scene["course3"], scene["term"], "A", 10)
    return scene


@pytest.fixture
def registrar(api: Api, scene: Scene) -> Client:
    return api.as_("registrar")


def plan(client: Client, scene: Scene, **more: Any) -> Reply:
    body = {"program_id": scene["program"], "intake": INTAKE, "semester": 2, "term_id": scene["term"]}
    return client.post(BATCHES, {**body, **more})


def commit(client: Client, batch: dict[str, Any]) -> Reply:
    return client.post(f"{BATCHES}{batch['id']}/commit/", {"plan_hash": batch["plan_hash"]})


def undo(client: Client, batch: dict[str, Any]) -> Reply:
    return client.post(f"{BATCHES}{batch['id']}/undo/", {"reason": "the wrong semester"})


def seated(university: University, section: int) -> list[int]:
    rows = university.rows(
        "SELECT student_id FROM enrollment WHERE section_id = %(id)s AND status = 'enrolled' ORDER BY 1",
        id=section,
    )
    return [row["student_id"] for row in rows]


@pytest.mark.parametrize(
    ("count", "free", "shares"),
    [
        (6, [4, 4], [3, 3]),
        (7, [4, 4], [4, 3]),
        (7, [10, 2, 10], [3, 2, 2]),
        (9, [10, 1, 10], [4, 1, 4]),
        (9, [4, 4], [4, 4]),
        (5, [0, 10], [0, 5]),
        (5, [], []),
        (0, [3, 3], [0, 0]),
    ],
)
def test_sections_are_filled_evenly_and_never_over(count: int, free: list[int], shares: list[int]) -> None:
    assert spread(count, free) == shares


def test_a_plan_shows_who_sits_where_and_who_cannot_and_its_commit_is_the_plan(
    registrar: Client, scene: Scene, university: University
) -> None:
    people = scene["students"]
    university.run(
        "INSERT INTO course_prerequisite (course_id, prerequisite_id) VALUES (%(c)s, %(p)s)",
        c=scene["course2"],
        p=scene["course1"],
    )
    university.run(
        "INSERT INTO hold (student_id, kind, blocks, reason, contact) VALUES "
        "(%(s)s, 'fee', '{enrollment}', 'Rs 12,400', 'Window 3')",
        s=people[1],
    )
    university.run(
        "UPDATE registration SET status = 'on_leave' WHERE id = %(id)s", id=scene["registrations"][2]
    )
    university.enrollment(scene["registrations"][3], scene["a"])
    made = plan(registrar, scene)
    assert made.status == 201, made.json
    assert made.headers["location"] == f"{BATCHES}{made.json['id']}/"
    assert (made.json["state"], made.json["name"]) == ("planned", "BSCS 2024F semester 2")
    assert (made.json["students"], made.json["seats_planned"]) == (6, 3)
    why = {(one["reg_no"][-1], one["course_code"]): one["code"] for one in made.json["exceptions"]}
    assert why == {
        ("2", "CS-201"): "enrollment.held",
        ("3", "CS-201"): "enrollment.not_registered",
        ("4", "CS-201"): "enrollment.duplicate",
        **{(str(number), "CS-202"): "enrollment.prerequisite_missing" for number in (1, 2, 4, 5, 6)},
        ("3", "CS-202"): "enrollment.not_registered",
    }
    held = next(one for one in made.json["exceptions"] if one["code"] == "enrollment.held")
    assert held["detail"] == "A fee hold (Rs 12,400); see: Window 3."
    assert [(seat["reg_no"][-1], seat["section"]) for seat in made.json["seats"]] == [
        ("1", "A"),
        ("5", "A"),
        ("6", "B"),
    ]
    assert seated(university, scene["b"]) == []
    done = commit(registrar, made.json)
    assert (done.status, done.json["state"]) == (200, "committed")
    assert done.json["committed_by"]["name"] == "Registrar"
    assert seated(university, scene["a"]) == [people[0], people[3], people[4]]
    assert seated(university, scene["b"]) == [people[5]]
    assert seated(university, scene["c"]) == []
    listed = registrar.get(f"{BATCHES}?program_id={scene['program']}&state=committed").json["results"]
    assert [row["id"] for row in listed] == [made.json["id"]]
    assert "seats" not in listed[0]
    assert registrar.get(made.headers["location"]).json == done.json


def test_seats_are_never_oversold_and_who_finds_none_is_listed(
    registrar: Client, scene: Scene, university: University
) -> None:
    university.run("UPDATE section SET capacity = 2 WHERE course_id = %(id)s", id=scene["course1"])
    made = plan(registrar, scene).json
    full = [one for one in made["exceptions"] if one["code"] == "enrollment.section_full"]
    assert [one["reg_no"][-1] for one in full] == ["5", "6"]
    assert full[0]["detail"] == "CS-201 has 4 free seats for 6 students."
    assert commit(registrar, made).status == 200
    counts = university.rows("SELECT seats_taken, capacity FROM section WHERE code IN ('A', 'B') ORDER BY id")
    assert all(row["seats_taken"] <= row["capacity"] for row in counts)
    assert len(seated(university, scene["c"])) == 6


def test_people_who_enroll_while_a_batch_commits_never_oversell(
    api: Api, registrar: Client, scene: Scene, university: University
) -> None:
    """Either the batch is first and they find the section full, or they are and its plan is stale."""
    university.run("UPDATE section SET capacity = 6 WHERE id = %(id)s", id=scene["c"])
    others = [university.student() for _ in range(4)]
    for person in others:
        university.registration(person, scene["program"], scene["regulation"], intake="2023F")
    made = plan(registrar, scene).json

    def enroll(person: int) -> Reply:
        return registrar.post(f"/api/sections/{scene['c']}/enroll/", {"student_id": person})

    with ThreadPoolExecutor(5) as pool:
        alone = [pool.submit(enroll, person) for person in others]
        whole = pool.submit(commit, registrar, made)
        answers, batch = [one.result() for one in alone], whole.result()
    sitting = seated(university, scene["c"])
    assert len(sitting) <= 6
    assert len(sitting) == sum(answer.status == 201 for answer in answers) + 6 * (batch.status == 200)
    assert {answer.code for answer in answers if answer.status != 201} <= {"enrollment.section_full"}
    assert (batch.status, batch.code) in {(200, ""), (409, "batches.stale")}


def test_courses_sections_and_people_are_chosen(
    registrar: Client, scene: Scene, university: University
) -> None:
    people = scene["students"]
    made = plan(
        registrar,
        scene,
        electives=[scene["course3"]],
        sections=[{"course_id": scene["course1"], "codes": ["B"]}],
        skip=[
            {"student_id": people[0]},
            {"student_id": people[1], "course_id": scene["course3"]},
        ],
        name="Autumn CS",
    ).json
    assert made["name"] == "Autumn CS"
    assert [(course["course_code"], course["kind"], course["seats"]) for course in made["courses"]] == [
        ("CS-201", "core", 4),
        ("CS-202", "core", 5),
        ("CS-203", "elective", 4),
    ]
    assert made["courses"][0]["sections"] == [{"section_id": scene["b"], "code": "B", "free": 4, "seats": 4}]
    assert people[0] not in {seat["student_id"] for seat in made["seats"]}
    university.run("UPDATE registration SET batch = 'M' WHERE id = %(id)s", id=scene["registrations"][5])
    assert plan(registrar, scene, batch="M").json["students"] == 1


def test_who_passed_already_or_dropped_on_purpose_is_not_enrolled_again(
    registrar: Client, scene: Scene, university: University
) -> None:
    other = university.course(scene["department"], "CS-199")
    university.run(
        "INSERT INTO course_equivalent VALUES (%(a)s, %(b)s), (%(b)s, %(a)s)", a=other, b=scene["course1"]
    )
    bring_result(
        university,
        registration_id=scene["registrations"][1],
        student_id=scene["students"][1],
        course_id=other,
        term_id=scene["term"],
        attempt=1,
        outcome="pass",
        state="published",
        grade="B",
        grade_points=3,
        credits=3,
        regulation_id=scene["regulation"],
        published_at=clock.now(),
        published_by=scene["registrar"],
    )
    dropped = university.enrollment(scene["registrations"][0], scene["a"])
    registrar.post(f"/api/enrollments/{dropped}/drop/", {"reason": "no time"})
    found = {one["reg_no"][-1]: one["code"] for one in plan(registrar, scene).json["exceptions"]}
    assert found == {"1": "enrollment.dropped_before", "2": "enrollment.passed_already"}


def test_a_plan_that_moved_is_stale_and_a_batch_is_committed_once(
    registrar: Client, scene: Scene, university: University
) -> None:
    made = plan(registrar, scene).json
    wrong = registrar.post(f"{BATCHES}{made['id']}/commit/", {"plan_hash": "x"})
    assert (wrong.status, wrong.code, wrong.json["plan_hash"]) == (409, "batches.stale", made["plan_hash"])
    university.run(
        "INSERT INTO hold (student_id, kind, blocks, reason) VALUES (%(s)s, 'fee', '{enrollment}', 'x')",
        s=scene["students"][0],
    )
    stale = commit(registrar, made)
    assert (stale.status, stale.code) == (409, "batches.stale")
    again = plan(registrar, scene).json
    assert stale.json["plan_hash"] == again["plan_hash"]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: commit(registrar, again), range(12)))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 11
    assert len(seated(university, scene["c"])) == 5
    assert undo(registrar, made).code == "batches.wrong_state"


def test_an_undo_drops_what_the_batch_seated_and_the_batch_can_be_made_again(
    registrar: Client, scene: Scene, university: University
) -> None:
    made = plan(registrar, scene).json
    commit(registrar, made)
    undone = undo(registrar, made)
    assert (undone.status, undone.json["state"], undone.json["undo_reason"]) == (
        200,
        "undone",
        "the wrong semester",
    )
    assert university.row("SELECT sum(seats_taken) FROM section") == 0
    assert undo(registrar, made).code == "batches.wrong_state"
    second = plan(registrar, scene).json
    assert second["exceptions_found"] == 0
    assert commit(registrar, second).status == 200
    assert len(seated(university, scene["c"])) == 6
    assert {row["attempt"] for row in university.rows("SELECT attempt FROM enrollment")} == {1}


@pytest.mark.parametrize("what", ["marks", "attendance", "withdrawal", "submitted", "returned"])
def test_nothing_is_undone_once_something_depends_on_it(
    registrar: Client, scene: Scene, university: University, what: str
) -> None:
    made = plan(registrar, scene).json
    commit(registrar, made)
    enrollment = university.row(
        "SELECT id FROM enrollment WHERE section_id = %(id)s ORDER BY id LIMIT 1", id=scene["c"]
    )
    if what == "marks":
        university.score(enrollment, university.assessment(scene["c"]), 50)
    elif what == "attendance":
        held = university.insert("class_session", section_id=scene["c"], held_on=clock.now().date())
        university.run(
            "INSERT INTO attendance (section_id, class_session_id, student_id, status) "
            "VALUES (%(section)s, %(held)s, %(student)s, 'present')",
            section=scene["c"],
            held=held,
            student=scene["students"][0],
        )
    elif what == "withdrawal":
        registrar.post(f"/api/enrollments/{enrollment}/withdraw/", {"reason": "ill"})
    else:
        university.insert("section_staff", section_id=scene["c"], account_id=scene["faculty"], role="lead")
        university.run(
            "UPDATE sheet SET state = 'submitted', submitted_by = %(who)s, submitted_at = now() "
            "WHERE section_id = %(id)s",
            who=scene["faculty"],
            id=scene["c"],
        )
        if what == "returned":
            university.run(
                "UPDATE sheet SET state = 'open', submitted_by = NULL, submitted_at = NULL, "
                "return_reason = 'x' WHERE section_id = %(id)s",
                id=scene["c"],
            )
    refused = undo(registrar, made)
    assert (refused.status, refused.code) == (409, "batches.in_use")
    assert refused.json["rows"][0]["course_code"] == "CS-202"
    assert len(seated(university, scene["a"])) == 3


def test_who_left_alone_stays_out_when_the_batch_is_undone(
    registrar: Client, scene: Scene, university: University
) -> None:
    made = plan(registrar, scene).json
    commit(registrar, made)
    gone = university.row("SELECT id FROM enrollment WHERE section_id = %(id)s LIMIT 1", id=scene["c"])
    registrar.post(f"/api/enrollments/{gone}/drop/", {"reason": "no time"})
    assert undo(registrar, made).status == 200
    reason = university.row("SELECT end_reason FROM enrollment WHERE id = %(id)s", id=gone)
    assert reason == "no time"


def test_a_large_batch_is_a_job_with_progress(
    api: Api, registrar: Client, scene: Scene, university: University
) -> None:
    university.setting("enrollment.batch_job_over", 5)
    made = plan(registrar, scene).json
    waiting = commit(registrar, made)
    assert (waiting.status, waiting.json["state"]) == (200, "planned")
    job = waiting.json["job_id"]
    assert commit(registrar, made).code == "batches.wrong_state"
    run_job(api.database, api.data, job)
    told = registrar.get(f"/api/jobs/{job}/").json
    assert (told["status"], told["progress"]) == ("done", {"done": 12, "total": 12})
    assert told["result"] == {"batch_id": made["id"], "seats": 12, "exceptions": 0}
    assert len(seated(university, scene["c"])) == 6
    rows = university.rows(
        "SELECT DISTINCT actor_name, action FROM audit WHERE entity = 'enrollment' "
        "AND action LIKE 'batches%%'"
    )
    assert rows == [{"actor_name": "Registrar", "action": "batches.commit"}]


def test_departments_enroll_their_own_programs_into_their_own_courses(
    api: Api, registrar: Client, scene: Scene, university: University
) -> None:
    elsewhere = university.department("EE")
    university.run(
        "UPDATE course SET department_id = %(d)s WHERE id = %(c)s", d=elsewhere, c=scene["course2"]
    )
    for who in ("head", "dean", "office"):
        made = plan(api.as_(who), scene)
        assert made.status == 201, who
        assert {one["code"] for one in made.json["exceptions"]} == {"enrollment.outside_scope"}
        assert {seat["course_code"] for seat in made.json["seats"]} == {"CS-201"}
    university.account("other_head", ("head", elsewhere))
    stranger = api.as_("other_head")
    assert plan(stranger, scene).json["errors"][0]["pointer"] == "/program_id"
    assert commit(stranger, made.json).status == 404
    assert stranger.get(BATCHES).json["results"] == []
    for who in ("faculty", "counter", "examcell", "auditor", "admin", "accounts", "student"):
        assert plan(api.as_(who), scene).status == 403, who
    for who, status in (("auditor", 200), ("examcell", 200), ("faculty", 200), ("student", 403)):
        assert api.as_(who).get(BATCHES).status == status


def test_faults_of_a_plan_are_named_and_closed_terms_are_closed(
    registrar: Client, scene: Scene, university: University
) -> None:
    bad = plan(
        registrar,
        scene,
        semester=9,
        electives=[scene["course"]],
        sections=[{"course_id": scene["course1"], "codes": ["A", "Z"]}],
    )
    assert {fault["pointer"] for fault in bad.json["errors"]} == {
        "/semester",
        "/electives/0",
        "/sections/0/codes/1",
    }
    assert plan(registrar, scene, term_id=99999).json["errors"][0]["pointer"] == "/term_id"
    assert plan(registrar, scene, semester=3).code == "batches.no_curriculum"
    assert plan(registrar, scene, intake="2020F").code == "batches.no_curriculum"
    made = plan(registrar, scene).json
    yesterday = clock.today("Asia/Karachi") - timedelta(days=1)
    university.run("UPDATE term SET enroll_until = %(day)s", day=yesterday)
    for refused in (plan(registrar, scene), commit(registrar, made)):
        assert (refused.status, refused.code) == (400, "enrollment.term_closed")


def test_the_database_holds_the_states_of_a_batch(registrar: Client, scene: Scene, database_url: Any) -> None:
    made = plan(registrar, scene).json
    for statement in (
        "UPDATE enrollment_batch SET state = 'committed'",
        "UPDATE enrollment_batch SET state = 'undone', committed_at = now(), undone_at = now()",
        "UPDATE enrollment_batch SET plan = '{}'",
        f"DELETE FROM enrollment_batch WHERE id = {made['id']}",
    ):
        with server_connection(database_url.app_url) as connection, pytest.raises(psycopg.Error) as error:
            connection.execute(statement)
        assert error.value.sqlstate in {"23514", "42501"}, statement


def test_a_commit_takes_as_many_statements_for_six_as_for_one(registrar: Client, scene: Scene) -> None:
    made = plan(registrar, scene).json
    with counted() as many:
        commit(registrar, made)
    undo(registrar, made)
    one = plan(registrar, scene, skip=[{"student_id": id} for id in scene["students"][1:]]).json
    with counted() as few:
        commit(registrar, one)
    assert len(many) == len(few)
