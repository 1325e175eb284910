"""Who may sit: condonation, the notified list that stays as it was, and what a shortage does to a result."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sims_server.kernel import clock
from sims_shared.regulations import default_policy
from tests.support.api import Api, Reply
from tests.support.university import University

POLICY = {
    **default_policy(),
    "attendance": {"min": "75", "condone_from": "60", "shortage": "FW"},
}


def day(ago: int) -> str:
    return str(clock.now().astimezone(ZoneInfo("Asia/Karachi")).date() - timedelta(days=ago))


@pytest.fixture
def scene(api: Api, university: University) -> dict[str, Any]:
    """Ten classes; the three students attended 10, 7 and 5 of them."""
    scene = university.stand(students=3, policy=POLICY)
    faculty = api.as_("faculty")
    for slot in range(1, 11):
        marks = [
            {"student_id": student, "status": "present" if slot <= attended else "absent"}
            for student, attended in zip(scene["students"], (10, 7, 5), strict=True)
        ]
        body = {"section_id": scene["section"], "date": day(2), "slot": slot, "marks": marks}
        assert faculty.post("/api/attendance/bulk/", body).status == 201
    return scene


def condone(api: Api, who: str, scene: dict[str, Any], number: int, **more: str) -> Reply:
    body = {"section_id": scene["section"], "student_id": scene["students"][number]}
    words = {"authority": "Vice-Chancellor 12/2026", "reason": "Flood in the district"}
    return api.as_(who).post("/api/condonations/", {**body, **words, **more})


def notify(api: Api, who: str, scene: dict[str, Any]) -> Reply:
    body = {"section_id": scene["section"], "authority": "Board of Studies 4/3"}
    return api.as_(who).post("/api/eligibility-lists/", body)


def eligibility(api: Api, scene: dict[str, Any], number: int) -> Any:
    query = f"student_id={scene['students'][number]}&section_id={scene['section']}"
    return api.as_("registrar").get(f"/api/attendance/eligibility/?{query}").json


def status_of(university: University, enrollment: int) -> Any:
    return university.row("SELECT status FROM enrollment WHERE id = %(id)s", id=enrollment)


def test_a_shortage_is_condoned_within_the_limit_by_authority_and_with_a_reason(
    api: Api, scene: dict[str, Any]
) -> None:
    for who in ("faculty", "head", "office", "student", "auditor", "admin"):
        assert condone(api, who, scene, 1).status == 403, who
    silent = condone(api, "registrar", scene, 1, authority=" ", reason="")
    assert [fault["pointer"] for fault in silent.json["errors"]] == ["/authority", "/reason"]
    made = condone(api, "examcell", scene, 1)
    assert made.status == 201, made.json
    assert (made.json["percentage"], made.json["granted_by"]["name"]) == ("70.00", "Examcell")
    now = eligibility(api, scene, 1)
    assert (now["eligible"], now["condoned"], now["percentage"]) == (True, True, "70.00")
    assert condone(api, "dean", scene, 1).code == "attendance.condoned_already"
    too_little = condone(api, "registrar", scene, 2)
    assert (too_little.status, too_little.code) == (409, "attendance.not_condonable")
    assert (too_little.json["percentage"], too_little.json["condone_from"]) == ("50.00", "60")
    assert condone(api, "registrar", scene, 0).json["detail"] == "There is no shortage to condone."
    path = f"{made.headers['location']}withdraw/"
    gone = api.as_("registrar").post(path, {"reason": "Wrong student"})
    assert (gone.status, gone.json["withdrawn_reason"]) == (200, "Wrong student")
    assert api.as_("registrar").post(path, {"reason": "x"}).code == "attendance.condonation_withdrawn"
    assert eligibility(api, scene, 1)["eligible"] is False


def test_a_notified_list_bars_who_is_short_and_stays_as_it_was(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    condone(api, "registrar", scene, 1)
    for who in ("faculty", "office", "student", "auditor", "admin"):
        assert notify(api, who, scene).status == 403, who
    made = notify(api, "head", scene)
    assert made.status == 201, made.json
    told = made.json
    assert (told["version"], told["eligible"], told["condoned"], told["short"]) == (1, 1, 1, 1)
    assert [(row["outcome"], row["percentage"], row["attended"]) for row in told["rows"]] == [
        ("eligible", "100.00", 10),
        ("condoned", "70.00", 7),
        ("short", "50.00", 5),
    ]
    assert (told["rows"][2]["shortage"], told["rows"][2]["regulation"]) == ("FW", "BS-2021 v1")
    assert [status_of(university, id) for id in scene["enrollments"]] == ["enrolled", "enrolled", "barred"]
    # Late edits no longer matter: the list is what counts, until another is notified.
    faculty = api.as_("faculty")
    marks = faculty.get(f"/api/attendance/?student_id={scene['students'][2]}&status=absent").json["results"]
    for mark in marks:
        assert faculty.patch(f"/api/attendance/{mark['id']}/", {"status": "present"}).status == 200
    kept = eligibility(api, scene, 2)
    assert (kept["eligible"], kept["percentage"], kept["source"]) == (False, "50.00", "notified")
    assert kept["notified"]["outcome"] == "short"
    assert api.as_("head").get(f"/api/eligibility-lists/{told['id']}/").json == told
    explained = faculty.get(
        f"/api/students/{scene['students'][2]}/explain/attendance/{scene['section']}/"
    ).json
    assert explained["percentage"] == "100.00"
    assert "List 1 of" in explained["remarks"][0]
    second = notify(api, "examcell", scene).json
    assert (second["version"], second["short"]) == (2, 0)
    assert status_of(university, scene["enrollments"][2]) == "enrolled"
    assert eligibility(api, scene, 2)["eligible"] is True
    assert api.as_("head").get(f"/api/eligibility-lists/{told['id']}/").json == told


def test_who_is_short_gets_the_symbol_of_the_regulation(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    assert notify(api, "head", scene).status == 201
    for enrollment in scene["enrollments"][:1]:
        for assessment, score in zip(scene["assessments"], (15, 40, 80), strict=True):
            university.score(enrollment, assessment, score)
    sheet = f"/api/sheets/{scene['section']}/"
    rev = api.as_("faculty").get(sheet).json["rev"]
    submitted = api.as_("faculty").post(f"{sheet}submit/", {"rev": rev})
    assert submitted.status == 200, submitted.json
    approved = api.as_("head").post(f"{sheet}approve/", {"rev": submitted.json["rev"]})
    assert approved.status == 200, approved.json
    found = api.as_("registrar").get(f"/api/results/?section_id={scene['section']}").json["results"]
    drafts = {row["student_id"]: (row["outcome"], row["grade"]) for row in found}
    assert [drafts[student][1] for student in scene["students"][1:]] == ["FW", "FW"]
    assert {drafts[student][0] for student in scene["students"][1:]} == {"barred"}
    assert drafts[scene["students"][0]][0] == "pass"
    closed = notify(api, "head", scene)
    assert (closed.status, closed.code) == (409, "attendance.sheet_closed")


def test_a_list_reaches_as_far_as_its_reader(api: Api, scene: dict[str, Any], university: University) -> None:
    university.account("otherhead", ("head", university.department("EE")))
    assert notify(api, "otherhead", scene).status == 404
    condone(api, "registrar", scene, 1)
    path = notify(api, "head", scene).headers["location"]
    assert api.as_("otherhead").get(path).status == 404
    assert api.as_("otherhead").get("/api/condonations/").json["results"] == []
    own = api.as_("student").get(path).json
    assert [row["student_id"] for row in own["rows"]] == scene["students"][:1]
    assert api.as_("student").get("/api/condonations/").json["results"] == []
    assert len(api.as_("faculty").get("/api/eligibility-lists/").json["results"]) == 1
    assert api.as_("counter").get(path).status == 403


def test_who_sits_a_supplementary_is_not_asked_for_attendance(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    person = university.student("Supplementary")
    registration = university.registration(person, scene["program"], scene["regulation"])
    enrollment = university.enrollment(registration, scene["section"], kind="supplementary")
    assert person not in [row["student_id"] for row in notify(api, "head", scene).json["rows"]]
    assert status_of(university, enrollment) == "enrolled"
