"""Publishing: all or nothing, in order, and what it declares."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import psycopg
import pyotp
import pytest

from sims_server.kernel.database import Connection
from tests.server.results.scene import approve, enter, fill, publish, results
from tests.support.api import Api
from tests.support.policies import S1, S2, document
from tests.support.university import University


def test_a_section_is_published_once(api: Api, university: University) -> None:
    scene = university.stand(students=2)
    fill(university, scene)
    approve(api, scene["section"])
    publish(api, scene["section"])
    again = api.as_("examcell").post("/api/results/publish/", {"section_id": scene["section"]})
    assert (again.status, again.code) == (409, "results.wrong_state")


def test_a_sheet_that_is_not_approved_cannot_be_published(api: Api, university: University) -> None:
    scene = university.stand(students=2)
    fill(university, scene)
    answer = api.as_("examcell").post("/api/results/publish/", {"section_id": scene["section"]})
    assert (answer.status, answer.code) == (409, "results.sheet_not_approved")
    assert answer.json["sections"][0]["section_id"] == scene["section"]


def test_weights_that_do_not_add_up_to_100_stop_the_publish(api: Api, university: University) -> None:
    scene = university.stand(students=1)
    university.run("UPDATE assessment SET weight = 40 WHERE id = %(id)s", id=scene["assessments"][2])
    fill(university, scene)
    before = api.as_("examcell").post("/api/results/publish/", {"section_id": scene["section"]})
    assert (before.status, before.code) == (409, "results.weights_incomplete")
    approve(api, scene["section"])
    answer = api.as_("examcell").post("/api/results/publish/", {"section_id": scene["section"]})
    assert (answer.status, answer.code) == (409, "results.weights_incomplete")
    assert "90" in answer.json["detail"]


def test_maxima_that_miss_the_course_total_stop_the_publish_where_marks_are_added(
    api: Api, university: University
) -> None:
    policy = document(S1, total={"basis": "marks"}, pass_={"total_min": "50"})
    scene = university.stand(students=1, policy=policy)
    course = university.course(scene["department"], "CS-600", marks_total=100)
    section = university.section(course, scene["term"], "A", 10, (scene["faculty"],))
    university.assessment(section, "Theory", "final", 0, 40)
    enrollment = university.enrollment(scene["registrations"][0], section)
    university.score(
        enrollment,
        university.rows("SELECT id FROM assessment WHERE section_id = %(s)s", s=section)[0]["id"],
        30,
    )
    approve(api, section)
    answer = api.as_("examcell").post("/api/results/publish/", {"section_id": section})
    assert (answer.status, answer.code) == (409, "results.weights_incomplete")


def test_blank_and_pending_marks_stop_the_publish_and_are_listed(api: Api, university: University) -> None:
    scene = university.stand(students=3)
    enter(university, scene, 0, [16, 40, 70])
    enter(university, scene, 1, [16, None, 70])
    enter(university, scene, 2, [16, 40, "pending"])
    approve(api, scene["section"])
    answer = api.as_("examcell").post("/api/results/publish/", {"section_id": scene["section"]})
    assert (answer.status, answer.code) == (409, "results.scores_missing")
    listed = [(m["student_id"], [a["name"] for a in m["assessments"]]) for m in answer.json["missing"]]
    assert listed == [(scene["students"][1], ["Midterm"]), (scene["students"][2], ["Final"])]
    assert {r["state"] for r in results(api, scene["section"])} == {"draft"}


def test_nothing_is_published_when_one_row_is_not_ready(api: Api, university: University) -> None:
    scene = university.stand(students=2)
    enter(university, scene, 0, [16, 40, 70])
    approve(api, scene["section"])
    ids = [row["id"] for row in results(api, scene["section"])]
    answer = api.as_("examcell").post("/api/results/publish/", {"result_ids": ids})
    assert answer.code == "results.scores_missing"
    alone = api.as_("examcell").post("/api/results/publish/", {"result_ids": ids[:1]})
    assert alone.json["published"] == 1


def test_exactly_one_scope_is_named_and_every_fault_is_listed(api: Api, university: University) -> None:
    scene = university.stand(students=1)
    client = api.as_("examcell")
    for body in ({}, {"section_id": scene["section"], "term_id": scene["term"]}):
        answer = client.post("/api/results/publish/", body)
        assert (answer.status, answer.code) == (400, "request.invalid")
    both = client.post("/api/results/publish/", {"section_id": 1, "batch": "A", "program_id": 1, "actor": 1})
    assert [fault["pointer"] for fault in both.json["errors"]] == ["/actor"]
    narrowed = client.post("/api/results/publish/", {"section_id": 1, "batch": "A", "program_id": 1})
    assert [fault["pointer"] for fault in narrowed.json["errors"]] == ["/program_id", "/batch"]


def test_what_does_not_exist_is_404_and_who_may_not_is_403_before_that(
    api: Api, university: University
) -> None:
    university.stand(students=1)
    for body in ({"section_id": 999999}, {"result_ids": [999999]}, {"term_id": 999999}):
        assert api.as_("examcell").post("/api/results/publish/", body).status == 404
        assert api.as_("registrar").post("/api/results/freeze/", body).status == 404
        for stranger in ("admin", "faculty", "head", "student", "counter", "auditor"):
            assert api.as_(stranger).post("/api/results/publish/", body).status == 403
    assert api.anonymous.post("/api/results/publish/", {}).status == 401


def test_a_term_is_published_for_one_program_and_batch(api: Api, university: University) -> None:
    scene = university.stand(students=2)
    other = university.program(scene["department"], "BSSE")
    stranger = university.student("Other Program")
    registration = university.registration(stranger, other, scene["regulation"])
    scene["enrollments"].append(university.enrollment(registration, scene["section"]))
    university.run(
        "UPDATE registration SET batch = 'Evening' WHERE id = %(id)s", id=scene["registrations"][1]
    )
    fill(university, scene)
    approve(api, scene["section"])
    client = api.as_("registrar")

    def go(**more: object) -> int:
        answer = client.post("/api/results/publish/", {"term_id": scene["term"], **more})
        assert answer.status == 200, answer.content
        published: int = answer.json["published"]
        return published

    assert go(program_id=scene["program"], batch="Evening") == 1
    assert go(program_id=scene["program"]) == 1
    assert go() == 1
    assert client.post("/api/results/publish/", {"term_id": scene["term"]}).code == "results.wrong_state"


def test_a_term_waits_for_every_sheet(api: Api, university: University) -> None:
    scene = university.stand(students=1)
    fill(university, scene)
    approve(api, scene["section"])
    second = university.section(
        university.course(scene["department"]), scene["term"], "A", 10, (scene["faculty"],)
    )
    university.assessment(second)
    university.enrollment(scene["registrations"][0], second)
    answer = api.as_("examcell").post("/api/results/publish/", {"term_id": scene["term"]})
    assert answer.code == "results.sheet_not_approved"
    assert [s["section_id"] for s in answer.json["sections"]] == [second]


def test_the_notification_is_numbered_without_gaps_and_hashes_what_it_declares(
    api: Api, university: University
) -> None:
    scene = university.stand(students=2)
    fill(university, scene)
    approve(api, scene["section"])
    first, second = [row["id"] for row in results(api, scene["section"])]
    refused = api.as_("examcell").post("/api/results/publish/", {"result_ids": [first, 999999]})
    assert refused.status == 404
    one = api.as_("examcell").post("/api/results/publish/", {"result_ids": [first]}).json["notification"]
    two = api.as_("examcell").post("/api/results/publish/", {"result_ids": [second]}).json["notification"]
    assert [n["number"][-5:] for n in (one, two)] == ["00001", "00002"]
    kept = university.rows(
        "SELECT content, sha256, counts FROM notification_of_result WHERE id = %(id)s", id=one["id"]
    )[0]
    assert hashlib.sha256(kept["content"].encode()).hexdigest() == kept["sha256"] == one["sha256"]
    assert kept["counts"] == {"published": 1, "withheld": 0}
    listed = api.as_("examcell").get(f"/api/notifications-of-result/?term_id={scene['term']}").json["results"]
    assert [n["number"] for n in listed] == [two["number"], one["number"]]
    assert listed[0]["published_by"] == {"id": scene["examcell"], "name": "Examcell"}


def test_publishing_completes_enrollments_and_leaves_withdrawals_as_they_are(
    api: Api, university: University
) -> None:
    scene = university.stand(students=3)
    enter(university, scene, 0, [16, 40, 70])
    enter(university, scene, 1, [10, None, None])
    university.run(
        "UPDATE enrollment SET status = 'withdrawn', ended_at = now() WHERE id = %(id)s",
        id=scene["enrollments"][1],
    )
    university.run(
        "UPDATE enrollment SET status = 'dropped', ended_at = now() WHERE id = %(id)s",
        id=scene["enrollments"][2],
    )
    approve(api, scene["section"])
    assert publish(api, scene["section"])["published"] == 2
    rows = results(api, scene["section"])
    assert [(r["outcome"], r["grade"], r["counts"]) for r in rows] == [
        ("pass", "B+", "counted"),
        ("withdrawn", "W", "excluded"),
    ]
    statuses = [row["status"] for row in university.rows("SELECT status FROM enrollment ORDER BY id")]
    assert statuses == ["completed", "withdrawn", "dropped"]


def test_one_section_with_two_intakes_is_graded_by_each_ones_regulation(
    api: Api, university: University
) -> None:
    """G20."""
    scene = university.stand(students=1, policy=document(S1, pass_={"total_min": "50"}))
    older = university.regulation(document(S2, pass_={"total_min": "40"}), "BS-2019")
    second_program = university.program(scene["department"], "BSSE")
    for program, regulation in (
        (scene["program"], scene["regulation"]),
        (second_program, older),
        (scene["program"], older),
    ):
        person = university.student()
        scene["enrollments"].append(
            university.enrollment(university.registration(person, program, regulation), scene["section"])
        )
    for row, total in enumerate((78, 45, 78, 45)):
        enter(university, scene, row, [Decimal(total) / 5, Decimal(total) / 2, total])
    approve(api, scene["section"])
    publish(api, scene["section"])
    seen = [
        (r["total"], r["grade"], r["grade_points"], r["regulation_id"])
        for r in results(api, scene["section"])
    ]
    assert seen == [
        ("78", "B+", "3.30", scene["regulation"]),
        ("45", "F", "0.00", scene["regulation"]),
        ("78", "B", "3.00", older),
        ("45", "D", "1.00", older),
    ]


def test_a_draft_follows_its_registration_to_another_regulation_and_a_published_result_does_not(
    api: Api, university: University
) -> None:
    scene = university.stand(students=2)
    fill(university, scene)
    approve(api, scene["section"])
    other = university.regulation(document(S2, pass_={"total_min": "40"}), "BS-2019")
    first, second = [row["id"] for row in results(api, scene["section"])]
    api.as_("examcell").post("/api/results/publish/", {"result_ids": [first]})
    move = "UPDATE registration SET regulation_id = %(r)s WHERE id = ANY (%(ids)s)"
    with pytest.raises(psycopg.errors.CheckViolation):  # what judged a published result is pinned
        university.run(move, r=other, ids=scene["registrations"][:1])
    university.run(move, r=other, ids=scene["registrations"][1:])
    api.as_("examcell").post("/api/results/publish/", {"result_ids": [second]})
    assert [(r["grade"], r["regulation_id"]) for r in results(api, scene["section"])] == [
        ("B+", scene["regulation"]),
        ("B", other),
    ]


def test_a_returned_sheet_makes_drafts_stale_and_the_next_approval_computes_them_anew(
    api: Api, university: University
) -> None:
    scene = university.stand(students=1)
    enter(university, scene, 0, [16, 40, 70])
    approve(api, scene["section"])
    returned = api.as_("head").post(
        f"/api/sheets/{scene['section']}/return/", {"reason": "A page was missed"}
    )
    assert returned.status == 200
    (draft,) = results(api, scene["section"])
    assert draft["stale"]
    refused = api.as_("examcell").post("/api/results/publish/", {"result_ids": [draft["id"]]})
    assert refused.code == "results.sheet_not_approved"
    enter(university, scene, 0, [20, 50, 90])
    approve(api, scene["section"])
    (draft,) = results(api, scene["section"])
    assert (draft["stale"], draft["total"], draft["grade"]) == (False, "95", "A")


def test_a_sheet_with_published_results_does_not_return(api: Api, university: University) -> None:
    scene = university.stand(students=1)
    fill(university, scene)
    approve(api, scene["section"])
    publish(api, scene["section"])
    answer = api.as_("examcell").post(f"/api/sheets/{scene['section']}/return/", {"reason": "Too late"})
    assert answer.status == 409


def test_a_teacher_and_a_stranger_cannot_approve(api: Api, university: University) -> None:
    scene = university.stand(students=1)
    fill(university, scene)
    path = f"/api/sheets/{scene['section']}/approve/"
    assert api.as_("faculty").post(path, {"rev": 1}).status == 403
    other = university.department("EE")
    university.account("otherhead", ("head", other))
    assert api.as_("otherhead").post(path, {"rev": 1}).status == 404
    assert api.as_("head").post(path, {"rev": 1}).code == "sheets.wrong_state"


def test_a_freeze_needs_every_other_result_published_and_passes_over_the_withheld(
    api: Api, university: University
) -> None:
    scene = university.stand(students=2)
    fill(university, scene)
    approve(api, scene["section"])
    client = api.as_("registrar")
    assert client.post("/api/results/freeze/", {"section_id": scene["section"]}).code == "results.wrong_state"
    first, second = [row["id"] for row in results(api, scene["section"])]
    client.post("/api/results/withhold/", {"result_ids": [second], "reason": "fee", "note": ""})
    publish(api, scene["section"])
    frozen = client.post("/api/results/freeze/", {"term_id": scene["term"], "program_id": scene["program"]})
    assert frozen.json == {"frozen": 1, "withheld": 1}
    rows = results(api, scene["section"])
    assert [r["state"] for r in rows] == ["frozen", "draft"]
    assert rows[0]["frozen_by"] == {"id": scene["registrar"], "name": "Registrar"}
    assert client.post("/api/results/freeze/", {"result_ids": [first]}).code == "results.wrong_state"


def test_results_are_read_only(api: Api, university: University) -> None:
    scene = university.stand(students=1)
    fill(university, scene)
    approve(api, scene["section"])
    (row,) = results(api, scene["section"])
    for method in ("PUT", "PATCH", "DELETE"):
        assert api.as_("registrar").request(method, f"/api/results/{row['id']}/", json={}).status == 405
    assert api.as_("registrar").post("/api/results/", {}).status == 405


def test_each_role_reads_the_results_within_its_reach(api: Api, university: University) -> None:
    scene = university.stand(students=2)
    fill(university, scene)
    approve(api, scene["section"])
    publish(api, scene["section"])
    mine, other = [row["id"] for row in results(api, scene["section"])]
    university.account("otherhead", ("head", university.department("EE")))
    seen = {
        "registrar": 2,
        "head": 2,
        "dean": 2,
        "faculty": 2,
        "auditor": 2,
        "admin": 2,
        "student": 1,
        "stranger": 0,
        "otherhead": 0,
    }
    for who, count in seen.items():
        client = api.as_(who)
        assert len(client.get("/api/results/").json["results"]) == count, who
        assert client.get(f"/api/results/{other}/").status == (200 if count == 2 else 404), who
    assert api.as_("student").get(f"/api/results/{mine}/").json["grade"] == "B+"
    assert api.as_("counter").get("/api/results/").status == 403
    assert len(api.as_("faculty").get("/api/term-results/").json["results"]) == 0
    assert len(api.as_("head").get("/api/term-results/?count=true").json["results"]) == 2


def test_a_hold_on_results_keeps_them_from_the_student(api: Api, university: University) -> None:
    scene = university.stand(students=1)
    fill(university, scene)
    approve(api, scene["section"])
    publish(api, scene["section"])
    university.insert(
        "hold",
        student_id=scene["students"][0],
        kind="discipline",
        blocks=["results"],
        reason="See the proctor",
    )
    assert api.as_("student").get("/api/results/").json["results"] == []
    assert api.as_("student").get("/api/term-results/").json["results"] == []


def test_publishing_many_takes_as_many_statements_as_publishing_five(
    api: Api, university: University
) -> None:
    counts: list[int] = []
    for students in (5, 120):
        scene = university.stand(students=students) if not counts else _more(university, students)
        fill(university, scene)
        approve(api, scene["section"])
        api.database.forget_settings()  # read again every few seconds: both runs pay for it
        counts.append(_statements(api, scene["section"]))
    assert counts[0] == counts[1]


def _more(university: University, students: int) -> dict[str, Any]:
    """Another section with many more students in the same university."""
    department, regulation, term = (
        university.row(f"SELECT id FROM {table} ORDER BY id LIMIT 1")
        for table in ("department", "regulation", "term")
    )
    program = university.program(department)
    course = university.course(department)
    section = university.section(course, term, "A", students, (university.ids["faculty"],))
    assessment = [
        university.assessment(section, "Quiz", "quiz", 20, 20),
        university.assessment(section, "Midterm", "midterm", 30, 50),
        university.assessment(section, "Final", "final", 50, 100),
    ]
    people = [university.student() for _ in range(students)]
    registrations = [university.registration(person, program, regulation) for person in people]
    return {
        "section": section,
        "assessments": assessment,
        "enrollments": [university.enrollment(r, section) for r in registrations],
    }


def _statements(api: Api, section: int) -> int:
    """How many statements one publish sends."""
    sent = 0
    real = {name: getattr(Connection, name) for name in ("rows", "row", "value", "run")}

    def counting(name: str) -> object:
        def call(self: Connection, sql: str, /, **values: object) -> object:
            nonlocal sent
            sent += 1
            return real[name](self, sql, **values)

        return call

    client = api.as_("examcell")
    try:
        for name in real:
            setattr(Connection, name, counting(name))
        assert client.post("/api/results/publish/", {"section_id": section}).status == 200
    finally:
        for name, method in real.items():
            setattr(Connection, name, method)
    return sent


def test_two_notifications_at_once_leave_both_in_the_average(api: Api, university: University) -> None:
    scene = university.stand(students=3)
    fill(university, scene)
    approve(api, scene["section"])
    course = university.course(scene["department"])
    second = university.section(course, scene["term"], "A", 10, (scene["faculty"],))
    final = university.assessment(second)
    for registration in scene["registrations"]:
        university.score(university.enrollment(registration, second), final, 90)
    approve(api, second)
    clients = {section: api.as_("examcell") for section in (scene["section"], second)}
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(
                lambda pair: pair[1].post("/api/results/publish/", {"section_id": pair[0]}), clients.items()
            )
        )
    assert [answer.status for answer in answers] == [200, 200]
    declared = api.as_("examcell").get("/api/term-results/").json["results"]
    assert [(row["cgpa"], row["gpa_credits"]) for row in declared] == [("3.65", "6.00")] * 3


def test_one_of_two_publishes_of_a_section_at_once_is_refused(api: Api, university: University) -> None:
    scene = university.stand(students=3)
    fill(university, scene)
    approve(api, scene["section"])
    clients = [api.as_("examcell"), api.as_("registrar")]
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(
                lambda client: client.post("/api/results/publish/", {"section_id": scene["section"]}), clients
            )
        )
    assert sorted(answer.status for answer in answers) == [200, 409]
    assert university.row("SELECT count(*) FROM notification_of_result") == 1


def test_a_publish_repeated_with_its_key_answers_the_same(api: Api, university: University) -> None:
    scene = university.stand(students=1)
    fill(university, scene)
    approve(api, scene["section"])
    client = api.as_("examcell")
    headers = {"Idempotency-Key": "publish-1"}
    first = client.post("/api/results/publish/", {"section_id": scene["section"]}, headers=headers)
    again = client.post("/api/results/publish/", {"section_id": scene["section"]}, headers=headers)
    assert (first.status, again.status, again.json) == (200, 200, first.json)
    assert again.headers["idempotent-replay"] == "true"


def test_lists_page_by_registration_number(api: Api, university: University) -> None:
    scene = university.stand(students=5)
    fill(university, scene)
    approve(api, scene["section"])
    client, path, seen = api.as_("examcell"), "/api/results/?ordering=-reg_no&page_size=2", []
    while path:
        page = client.get(path).json
        seen += [row["reg_no"] for row in page["results"]]
        path = page["next"]
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 5


def test_the_document_of_the_interface_knows_every_call(api: Api, university: University) -> None:
    paths = api.anonymous.get("/schema/openapi.json").json["paths"]
    for path in (
        "/api/results/publish/",
        "/api/results/approve-change/",
        "/api/sheets/{section_id}/approve/",
    ):
        assert "post" in paths[path], path
    assert "get" in paths["/api/students/{id}/explain/cgpa/"]


def test_a_publish_wants_a_code_of_its_moment_where_the_institution_says_so(
    api: Api, university: University
) -> None:
    scene = university.stand(students=1)
    fill(university, scene)
    examcell, wanted = api.as_("examcell"), {"section_id": scene["section"]}
    university.setting("results.code_at_publish", True)
    assert examcell.post("/api/results/publish/", wanted).code == "results.sheet_not_approved", "asked last"
    approve(api, scene["section"])
    assert examcell.post("/api/results/publish/", wanted).code == "auth.otp_enrollment_required"
    secret = examcell.post("/api/auth/otp/enroll/").json["secret"]
    now = pyotp.TOTP(secret).now()
    assert examcell.post("/api/auth/otp/confirm/", {"otp": now}).status == 200
    asked = examcell.post("/api/results/publish/", wanted)
    assert (asked.status, asked.code) == (403, "auth.otp_wanted")
    spent = examcell.post("/api/results/publish/", {**wanted, "otp": now})
    assert (spent.status, spent.code) == (400, "auth.otp_invalid")
    assert spent.json["errors"][0]["pointer"] == "/otp"
    tries = [examcell.post("/api/results/publish/", {**wanted, "otp": "000000"}).code for _ in range(8)]
    assert tries[-1] == "auth.too_many_attempts", "nobody guesses six digits at the publish"
    university.run("DELETE FROM sign_in_failure")
    university.run("UPDATE account SET otp_last_step = 0 WHERE username = 'examcell'")
    body = {**wanted, "otp": pyotp.TOTP(secret).now()}
    key = {"headers": {"Idempotency-Key": "once"}}
    first, lost = (examcell.post("/api/results/publish/", body, **key) for _ in range(2))
    assert (first.status, lost.status, first.json) == (200, 200, lost.json), (
        "the same again is answered again"
    )
