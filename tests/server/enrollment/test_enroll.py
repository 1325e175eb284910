"""Asking for a seat: every reason to be refused, what the registrar may set aside, and attempts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sims_server.kernel import clock
from tests.support.api import Api, Client, Reply
from tests.support.brought import bring_result
from tests.support.university import University

Scene = dict[str, Any]


@pytest.fixture
def scene(university: University) -> Scene:
    return university.stand(students=1)


@pytest.fixture
def newcomer(university: University, scene: Scene) -> int:
    """A student who sits nowhere yet."""
    student = university.student("Newcomer")
    scene["newcomer_registration"] = university.registration(
        student, scene["program"], scene["regulation"], "2024-CS-0900"
    )
    return student


@pytest.fixture
def registrar(api: Api, scene: Scene) -> Client:
    return api.as_("registrar")


def enroll(client: Client, section: int, student: int, **more: Any) -> Reply:
    return client.post(f"/api/sections/{section}/enroll/", {"student_id": student, **more})


def test_a_seat_is_taken_and_named(registrar: Client, scene: Scene, newcomer: int) -> None:
    answer = enroll(registrar, scene["section"], newcomer)
    assert answer.status == 201
    assert answer.headers["location"] == f"/api/enrollments/{answer.json['id']}/"
    assert answer.json["status"] == "enrolled"
    assert answer.json["kind"] == "regular"
    assert answer.json["attempt"] == 1
    assert answer.json["registration_id"] == scene["newcomer_registration"]
    assert registrar.get(answer.headers["location"]).json == answer.json
    assert registrar.get(f"/api/sections/{scene['section']}/").json["seats_taken"] == 2


def test_a_post_to_enrollments_passes_the_same_checks(registrar: Client, scene: Scene, newcomer: int) -> None:
    body = {"student_id": newcomer, "section_id": scene["section"]}
    assert registrar.post("/api/enrollments/", body).status == 201
    assert registrar.post("/api/enrollments/", body).code == "enrollment.duplicate"


def test_unknown_student_and_unknown_section_are_not_found(registrar: Client, scene: Scene) -> None:
    assert enroll(registrar, scene["section"], 999_999).status == 404
    assert enroll(registrar, 999_999, scene["students"][0]).status == 404


def test_an_unknown_section_is_not_found_before_the_body_is_judged(registrar: Client, scene: Scene) -> None:
    assert registrar.post("/api/sections/999999/enroll/", {"nonsense": 1}).status == 404
    bad = registrar.post(f"/api/sections/{scene['section']}/enroll/", {"nonsense": 1, "kind": "holiday"})
    assert bad.status == 400
    assert {fault["pointer"] for fault in bad.json["errors"]} == {"/nonsense", "/kind", "/student_id"}


def test_nobody_sits_twice_in_a_section(registrar: Client, scene: Scene) -> None:
    answer = enroll(registrar, scene["section"], scene["students"][0])
    assert (answer.status, answer.code) == (409, "enrollment.duplicate")


def test_nobody_sits_in_two_sections_of_a_course(
    registrar: Client, scene: Scene, university: University
) -> None:
    other = university.section(scene["course"], scene["term"], "B")
    answer = enroll(registrar, other, scene["students"][0])
    assert (answer.status, answer.code) == (409, "enrollment.duplicate")
    assert "section A" in answer.json["detail"]


def test_a_closed_term_takes_nobody(
    registrar: Client, scene: Scene, newcomer: int, university: University
) -> None:
    university.run("UPDATE term SET status = 'closed'")
    answer = enroll(registrar, scene["section"], newcomer)
    assert (answer.status, answer.code) == (400, "enrollment.term_closed")


def test_the_last_day_to_enroll_is_a_day_of_the_campus(
    registrar: Client, scene: Scene, newcomer: int, university: University
) -> None:
    """At any moment the dates of Kiritimati (+14) and of Midway (−11) differ: what is still the last day
    there is over here."""
    today = clock.now().date()
    far_east = (clock.now() + timedelta(hours=14)).date()
    far_west = (clock.now() - timedelta(hours=11)).date()
    assert far_west < far_east
    university.run("UPDATE term SET enroll_until = %(day)s", day=far_west)
    university.setting("time_zone", "Pacific/Kiritimati")
    late = enroll(registrar, scene["section"], newcomer)
    assert (late.status, late.code) == (400, "enrollment.term_closed")
    assert str(far_west) in late.json["detail"]
    university.setting("time_zone", "Pacific/Midway")
    assert enroll(registrar, scene["section"], newcomer).status == 201
    assert far_west <= today <= far_east


def test_a_full_section_names_capacity_and_seats(
    registrar: Client, scene: Scene, newcomer: int, university: University
) -> None:
    university.run("UPDATE section SET capacity = 1")
    answer = enroll(registrar, scene["section"], newcomer)
    assert (answer.status, answer.code) == (400, "enrollment.section_full")
    assert answer.json["detail"] == "1 of 1 seats are taken."
    assert (answer.json["capacity"], answer.json["seats_taken"]) == (1, 1)


def test_a_full_section_cannot_be_overridden(
    registrar: Client, scene: Scene, newcomer: int, university: University
) -> None:
    university.run("UPDATE section SET capacity = 1")
    answer = enroll(
        registrar, scene["section"], newcomer, override={"code": "section_full", "reason": "A favour."}
    )
    assert answer.code == "enrollment.section_full"


def passed(university: University, scene: Scene, student: int, registration: int, course: int) -> None:
    bring_result(
        university,
        registration_id=registration,
        student_id=student,
        term_id=scene["term"],
        course_id=course,
        credits=3,
        outcome="pass",
        regulation_id=scene["regulation"],
        grade="B",
        state="published",
        published_at=clock.now(),
        published_by=scene["registrar"],
    )


def require(university: University, scene: Scene) -> int:
    """Makes a course that must be passed before the scene's."""
    first = university.course(scene["department"], "CS-001")
    university.run("INSERT INTO course_prerequisite VALUES (%(c)s, %(p)s)", c=scene["course"], p=first)
    return first


def test_missing_prerequisites_are_named(
    registrar: Client, scene: Scene, newcomer: int, university: University
) -> None:
    require(university, scene)
    answer = enroll(registrar, scene["section"], newcomer)
    assert (answer.status, answer.code) == (400, "enrollment.prerequisite_missing")
    assert answer.json["courses"] == ["CS-001"]
    assert "CS-001" in answer.json["detail"]


def test_a_passed_prerequisite_counts(
    registrar: Client, scene: Scene, newcomer: int, university: University
) -> None:
    first = require(university, scene)
    passed(university, scene, newcomer, scene["newcomer_registration"], first)
    assert enroll(registrar, scene["section"], newcomer).status == 201


def test_an_equivalent_stands_for_a_prerequisite(
    registrar: Client, scene: Scene, newcomer: int, university: University
) -> None:
    first = require(university, scene)
    same = university.course(scene["department"], "EE-001")
    university.run("INSERT INTO course_equivalent VALUES (%(a)s, %(b)s), (%(b)s, %(a)s)", a=first, b=same)
    passed(university, scene, newcomer, scene["newcomer_registration"], same)
    assert enroll(registrar, scene["section"], newcomer).status == 201


def test_a_hold_names_itself_and_whom_to_see(
    registrar: Client, scene: Scene, newcomer: int, university: University
) -> None:
    university.insert(
        "hold", student_id=newcomer, kind="fee", blocks=["enrollment"], reason="Second instalment"
    )
    answer = enroll(registrar, scene["section"], newcomer)
    assert (answer.status, answer.code) == (409, "enrollment.held")
    assert answer.json["holds"] == [
        {"kind": "fee", "reason": "Second instalment", "contact": "Accounts office"}
    ]
    assert "Accounts office" in answer.json["detail"]


def test_a_lifted_hold_and_one_that_only_warns_keep_nobody_out(
    registrar: Client, scene: Scene, newcomer: int, university: University
) -> None:
    hold = {"student_id": newcomer, "kind": "fee", "blocks": ["enrollment"], "reason": "Fee"}
    university.insert("hold", **hold, effect="warn")
    university.insert("hold", **hold, lifted_at=clock.now())
    university.insert("hold", **{**hold, "blocks": ["transcript"]})
    assert enroll(registrar, scene["section"], newcomer).status == 201


def submit(university: University, scene: Scene) -> None:
    university.run(
        "UPDATE sheet SET state = 'submitted', submitted_by = %(by)s, submitted_at = now()",
        by=scene["faculty"],
    )


def test_a_sheet_that_was_handed_in_takes_nobody(
    registrar: Client, scene: Scene, newcomer: int, university: University
) -> None:
    submit(university, scene)
    answer = enroll(registrar, scene["section"], newcomer)
    assert (answer.status, answer.code) == (409, "enrollment.sheet_closed")


def test_a_cancelled_section_takes_nobody(
    registrar: Client, scene: Scene, newcomer: int, university: University
) -> None:
    university.run("UPDATE section SET status = 'cancelled'")
    assert enroll(registrar, scene["section"], newcomer).code == "enrollment.section_cancelled"


def test_who_is_struck_off_takes_no_seat(
    registrar: Client, scene: Scene, newcomer: int, university: University
) -> None:
    university.run("UPDATE registration SET status = 'struck_off' WHERE student_id = %(id)s", id=newcomer)
    answer = enroll(registrar, scene["section"], newcomer)
    assert (answer.status, answer.code) == (409, "enrollment.not_registered")
    assert "struck_off" in answer.json["detail"]


def test_the_registrar_overrides_with_a_reason_that_stays_on_record(
    registrar: Client, scene: Scene, newcomer: int, university: University
) -> None:
    require(university, scene)
    answer = enroll(
        registrar,
        scene["section"],
        newcomer,
        override={"code": "prerequisite_missing", "reason": "Credit by examination."},
    )
    assert answer.status == 201
    kept = university.row("SELECT override FROM enrollment WHERE id = %(id)s", id=answer.json["id"])
    assert kept["code"] == "enrollment.prerequisite_missing"
    assert kept["reason"] == "Credit by examination."
    assert kept["by"] == scene["registrar"]
    audited = university.row(
        "SELECT changes->'override'->1->>'reason' FROM audit "
        "WHERE entity = 'enrollment' AND entity_id = %(id)s",
        id=answer.json["id"],
    )
    assert audited == "Credit by examination."


@pytest.mark.parametrize("code", ["term_closed", "enrollment.held"])
def test_a_closed_term_and_a_hold_can_be_overridden(
    registrar: Client, scene: Scene, newcomer: int, university: University, code: str
) -> None:
    if code == "term_closed":
        university.run("UPDATE term SET status = 'closed'")
    else:
        university.insert("hold", student_id=newcomer, kind="fee", blocks=["enrollment"], reason="Fee")
    assert enroll(registrar, scene["section"], newcomer).status in (400, 409)
    assert (
        enroll(registrar, scene["section"], newcomer, override={"code": code, "reason": "Dean."}).status
        == 201
    )


def test_an_override_sets_aside_what_it_names_and_nothing_else(
    registrar: Client, scene: Scene, newcomer: int, university: University
) -> None:
    require(university, scene)
    university.insert("hold", student_id=newcomer, kind="fee", blocks=["enrollment"], reason="Fee")
    answer = enroll(
        registrar, scene["section"], newcomer, override={"code": "prerequisite_missing", "reason": "Dean."}
    )
    assert answer.code == "enrollment.held"


def test_a_head_enrolls_in_the_department_and_overrides_nothing(
    api: Api, scene: Scene, newcomer: int, university: University
) -> None:
    head = api.as_("head")
    override = {"code": "held", "reason": "I know him."}
    assert enroll(head, scene["section"], newcomer, override=override).status == 403
    assert enroll(head, scene["section"], newcomer).status == 201
    elsewhere = university.course(university.department("EE"), "EE-101")
    foreign = university.section(elsewhere, scene["term"])
    assert enroll(head, foreign, newcomer).status == 404


def test_who_may_not_enroll_is_told_before_anything_is_looked_up(api: Api, scene: Scene) -> None:
    for role in ("faculty", "examcell", "counter", "student", "admin", "auditor"):
        assert enroll(api.as_(role), 999_999, 999_999).status == 403, role


def test_attempts_count_per_registration_and_course(
    registrar: Client, scene: Scene, newcomer: int, university: University
) -> None:
    spring = university.term("Spring 2027")
    again = university.section(scene["course"], spring, "A")
    third = university.section(scene["course"], university.term("Fall 2027"), "A")
    first = enroll(registrar, scene["section"], newcomer).json
    second = enroll(registrar, again, newcomer).json
    assert (first["attempt"], first["kind"]) == (1, "regular")
    assert (second["attempt"], second["kind"]) == (2, "repeat")
    other = university.registration(
        newcomer, scene["program"], scene["regulation"], "2025-MS-0001", is_current=False
    )
    fresh = enroll(registrar, third, newcomer, registration_id=other).json
    assert (fresh["attempt"], fresh["registration_id"]) == (1, other)


def test_another_students_registration_is_not_found(registrar: Client, scene: Scene, newcomer: int) -> None:
    theirs = scene["registrations"][0]
    assert enroll(registrar, scene["section"], newcomer, registration_id=theirs).status == 404


def test_a_drop_frees_the_seat_and_enrolling_again_revives_the_row(
    registrar: Client, scene: Scene, newcomer: int, university: University
) -> None:
    university.run("UPDATE section SET capacity = 2")
    first = enroll(registrar, scene["section"], newcomer).json
    dropped = registrar.post(f"/api/enrollments/{first['id']}/drop/", {"reason": "Changed his mind."})
    assert dropped.status == 200
    assert (dropped.json["status"], dropped.json["end_reason"]) == ("dropped", "Changed his mind.")
    assert registrar.get(f"/api/sections/{scene['section']}/").json["seats_taken"] == 1
    revived = enroll(registrar, scene["section"], newcomer).json
    assert revived["id"] == first["id"]
    assert (revived["status"], revived["attempt"]) == ("enrolled", 1)
    assert registrar.get(f"/api/sections/{scene['section']}/").json["seats_taken"] == 2


def test_after_the_last_day_a_drop_says_that_a_withdrawal_remains(
    registrar: Client, scene: Scene, university: University
) -> None:
    university.run("UPDATE term SET drop_until = %(day)s", day=clock.now().date() - timedelta(days=2))
    enrollment = scene["enrollments"][0]
    late = registrar.post(f"/api/enrollments/{enrollment}/drop/", {"reason": "Late."})
    assert (late.status, late.code) == (409, "enrollment.drop_closed")
    assert "withdrawal (W)" in late.json["detail"]
    withdrawn = registrar.post(f"/api/enrollments/{enrollment}/withdraw/", {"reason": "Late."})
    assert withdrawn.json["status"] == "withdrawn"
    assert registrar.get(f"/api/sections/{scene['section']}/").json["seats_taken"] == 1
    assert (
        registrar.post(f"/api/enrollments/{enrollment}/withdraw/", {"reason": "Twice."}).code
        == "enrollment.wrong_state"
    )


def test_a_withdrawal_has_its_last_day_too(registrar: Client, scene: Scene, university: University) -> None:
    university.run("UPDATE term SET withdraw_until = %(day)s", day=clock.now().date() - timedelta(days=2))
    late = registrar.post(f"/api/enrollments/{scene['enrollments'][0]}/withdraw/", {"reason": "Late."})
    assert (late.status, late.code) == (409, "enrollment.withdraw_closed")


def test_nobody_leaves_a_sheet_that_was_handed_in(
    registrar: Client, scene: Scene, university: University
) -> None:
    submit(university, scene)
    for way in ("drop", "withdraw"):
        answer = registrar.post(f"/api/enrollments/{scene['enrollments'][0]}/{way}/", {"reason": "Out."})
        assert (answer.status, answer.code) == (409, "enrollment.sheet_closed")


def test_each_sees_the_enrollments_within_reach(api: Api, scene: Scene, university: University) -> None:
    elsewhere = university.course(university.department("EE"), "EE-101")
    foreign = university.section(elsewhere, scene["term"])
    other = university.student("Other")
    registration = university.registration(other, scene["program"], scene["regulation"])
    university.enrollment(registration, foreign)
    university.enrollment(registration, scene["section"])

    def seen(username: str) -> int:
        return len(api.as_(username).get("/api/enrollments/").json["results"])

    assert {
        name: seen(name) for name in ("registrar", "examcell", "admin", "auditor", "counter")
    } == dict.fromkeys(("registrar", "examcell", "admin", "auditor", "counter"), 3)
    assert {name: seen(name) for name in ("head", "dean", "office", "faculty", "faculty2")} == dict.fromkeys(
        ("head", "dean", "office", "faculty", "faculty2"), 2
    )
    assert seen("stranger") == 0
    assert seen("student") == 1
    assert api.as_("student").get(f"/api/enrollments/{scene['enrollments'][0] + 1}/").status == 404
    assert api.as_("accounts").get("/api/enrollments/").status == 403
    assert api.anonymous.get("/api/enrollments/").status == 401


def test_a_lost_answer_is_given_again_and_seats_nobody_twice(
    registrar: Client, scene: Scene, newcomer: int
) -> None:
    path, body = f"/api/sections/{scene['section']}/enroll/", {"student_id": newcomer}
    first = registrar.post(path, body, headers={"Idempotency-Key": "seat-1"})
    again = registrar.post(path, body, headers={"Idempotency-Key": "seat-1"})
    assert (first.status, again.status) == (201, 201)
    assert first.json == again.json
    assert again.headers["idempotent-replay"] == "true"
