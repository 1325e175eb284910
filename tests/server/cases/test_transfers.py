"""Credit from elsewhere: by the regulation's rule, approved by two, printed as TR."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from tests.server.cases.scene import published
from tests.support.api import Api, Reply
from tests.support.database import TestDatabase, server_connection
from tests.support.policies import S1, document
from tests.support.university import University


def _policy(**transfer: Any) -> dict[str, Any]:
    rule = {"symbol": "TR", "min_grade": "C", "gpa": "exclude", "max_share": "50%", **transfer}
    return document(S1, pass_={"total_min": "50"}, transfer=rule)


def _ask(
    api: Api, scene: dict[str, Any], *courses: dict[str, Any], by: str = "registrar", **more: Any
) -> Reply:
    body = {
        "registration_id": scene["registrations"][0],
        "term_id": scene["term"],
        "institution": "Example College",
        "reference": "EC/14/2022",
        "courses": list(courses),
        **more,
    }
    return api.as_(by).post("/api/transfers/", body)


def _course(university: University, scene: dict[str, Any], grade: str = "B", **more: Any) -> dict[str, Any]:
    course = university.course(scene["department"], credits=more.pop("worth", 3))
    return {"original_course": "Functional English", "original_grade": grade, "course_id": course, **more}


def _approve(api: Api, id: int, by: str, approved: bool = True, **more: Any) -> Reply:
    return api.as_(by).post(f"/api/transfers/{id}/approve/", {"approved": approved, **more})


def test_credit_counts_once_two_people_approved_it(api: Api, university: University) -> None:
    scene, _ = published(api, university, policy=_policy())
    asked = _ask(api, scene, _course(university, scene), _course(university, scene, "", outcome="exempt"))
    assert asked.status == 201, asked.content
    transfer = asked.json
    assert asked.headers["location"] == f"/api/transfers/{transfer['id']}/"
    assert (transfer["state"], transfer["stage"]) == ("proposed", 1)
    assert [(c["grade"], c["grade_points"], c["result_id"]) for c in transfer["courses"]] == [
        ("TR", None, None),
        ("EX", None, None),
    ]
    results = f"/api/results/?registration_id={scene['registrations'][0]}&outcome=transfer"
    assert api.as_("examcell").get(results).json["results"] == []
    impact = api.as_("head").get(f"/api/cases/{transfer['id']}/impact/").json["records"][0]
    assert (impact["old_credits_earned"], impact["new_credits_earned"]) == ("3.00", "6.00")
    assert (impact["old_cgpa"], impact["new_cgpa"]) == ("3.30", "3.30")
    assert _approve(api, transfer["id"], "registrar").code == "results.own_request"
    assert _approve(api, transfer["id"], "examcell").code == "results.stage"
    assert _approve(api, transfer["id"], "head").json["stage"] == 2
    assert _approve(api, transfer["id"], "examcell").json["state"] == "applied"
    (row,) = api.as_("student").get(results).json["results"]
    assert (row["grade"], row["outcome"], row["source"], row["state"]) == (
        "TR",
        "transfer",
        "transfer",
        "published",
    )
    student = api.as_("registrar").get(f"/api/students/{scene['students'][0]}/").json
    assert (student["cgpa"], student["credits_earned"]) == ("3.30", "6.00")
    assert (
        api.as_("registrar")
        .get("/api/transfers/?state=applied")
        .json["results"][0]["courses"][0]["result_id"]
    )
    notified = api.as_("examcell").get("/api/notifications-of-result/").json["results"][0]
    assert (notified["kind"], notified["counts"]) == ("later", {"transferred": 2})


def test_a_transcript_prints_it_as_brought(api: Api, university: University) -> None:
    scene, _ = published(api, university, policy=_policy())
    asked = _ask(
        api, scene, _course(university, scene), _course(university, scene, "", outcome="exempt")
    ).json
    _approve(api, asked["id"], "head")
    _approve(api, asked["id"], "examcell")
    assert api.as_("registrar").get(f"/api/transcripts/{scene['students'][0]}/").status == 200
    content = json.loads(university.row("SELECT content FROM unofficial_copy"))
    (block,) = content["transfers"]
    assert (block["institution"], block["reference"], block["credits"]) == (
        "Example College",
        "EC/14/2022",
        "3",
    )
    assert [row["grade"] for row in block["rows"]] == ["TR", "EX"]
    assert content["summary"]["transferred"] == "3"


@pytest.mark.parametrize(
    ("gpa", "points", "cgpa"),
    [("exclude", None, "3.30"), ("band_minimum", "3.00", "3.15"), ("as_earned", "3.20", "3.25")],
)
def test_what_it_weighs_is_the_regulations(
    api: Api, university: University, gpa: str, points: str | None, cgpa: str
) -> None:
    scene, _ = published(api, university, policy=_policy(gpa=gpa))
    asked = _ask(api, scene, _course(university, scene, grade_points="3.20")).json
    assert asked["courses"][0]["grade_points"] == points
    foreseen = api.as_("head").get(f"/api/cases/{asked['id']}/impact/").json["records"][0]["new_cgpa"]
    _approve(api, asked["id"], "dean")
    _approve(api, asked["id"], "examcell")
    student = api.as_("registrar").get(f"/api/students/{scene['students'][0]}/").json
    assert (student["cgpa"], foreseen) == (cgpa, cgpa)


def test_every_course_that_does_not_transfer_is_named(api: Api, university: University) -> None:
    scene, _ = published(api, university, policy=_policy(conversion={"1st": "A"}))
    answer = _ask(
        api,
        scene,
        _course(university, scene, "D"),
        _course(university, scene, "1st"),
        _course(university, scene, "2nd"),
        {"original_course": "Sorcery", "original_grade": "A", "course_id": 999999},
        {"original_course": "Again", "original_grade": "A", "course_id": scene["course"]},
    )
    assert (answer.status, answer.code) == (400, "cases.invalid")
    assert [(f["pointer"], f["code"]) for f in answer.json["errors"]] == [
        ("/courses/0/original_grade", "not_enough"),
        ("/courses/2/original_grade", "not_enough"),
        ("/courses/3/course_id", "unknown"),
        ("/courses/4/course_id", "already"),
    ]


def test_no_more_than_the_share_of_a_program_is_transferred(api: Api, university: University) -> None:
    scene, _ = published(api, university, policy=_policy())
    university.run("UPDATE program SET credits_required = 10")
    assert _ask(api, scene, _course(university, scene, worth=6)).code == "cases.share_exceeded"
    assert _ask(api, scene, _course(university, scene)).status == 201
    assert _ask(api, scene, _course(university, scene)).code == "cases.share_exceeded"


def test_who_asks_for_a_transfer(api: Api, university: University) -> None:
    scene, _ = published(api, university, policy=_policy())
    course = _course(university, scene)
    for who, status in (("faculty", 403), ("student", 403), ("counter", 403), ("admin", 403), ("head", 201)):
        assert _ask(api, scene, course, by=who).status == status, who
    university.account("otherhead", ("head", university.department("EE")))
    assert _ask(api, scene, course, by="otherhead").status == 404
    (transfer,) = api.as_("head").get("/api/transfers/").json["results"]
    assert api.as_("otherhead").get(f"/api/transfers/{transfer['id']}/").status == 404
    assert _approve(api, transfer["id"], "head").code == "results.own_request"
    refused = _approve(api, transfer["id"], "dean", approved=False, reason="no equivalence")
    assert (refused.status, refused.json["state"]) == (200, "rejected")


def test_a_transferred_row_exists_only_under_an_approved_case(
    api: Api, university: University, database_url: TestDatabase
) -> None:
    scene, _ = published(api, university, policy=_policy())
    course = _course(university, scene)
    asked = _ask(api, scene, course).json
    row = (
        "INSERT INTO result (registration_id, student_id, term_id, course_id, grade, credits, outcome, "
        "source, regulation_id, state, published_at, published_by) "
        "VALUES (%(registration)s, %(student)s, %(term)s, %(course)s, 'TR', %(credits)s, 'transfer', "
        "'transfer', %(regulation)s, 'published', now(), %(me)s)"
    )
    ids = {
        "registration": scene["registrations"][0],
        "student": scene["students"][0],
        "term": scene["term"],
        "course": course["course_id"],
        "credits": Decimal(3),
        "regulation": scene["regulation"],
        "me": scene["registrar"],
        "case": asked["id"],
    }

    def attack(*statements: str, **other: Any) -> str | None:
        try:
            with server_connection(database_url.app_url) as connection:
                for statement in statements:
                    connection.execute(statement, {**ids, **other})
        except psycopg.Error as error:
            return error.diag.constraint_name or error.sqlstate
        return None

    assert attack(row) == "ck_result_transferred_by_case"
    applied = "UPDATE academic_case SET state = 'applied', resolved_at = now() WHERE id = %(case)s"
    assert attack(applied, row) == "ck_academic_case_has_its_approvals"
    _approve(api, asked["id"], "head")
    second = (
        "INSERT INTO case_approval (case_id, stage, approver_id, capacity, approved) "
        "VALUES (%(case)s, 2, %(me)s, 'registrar', true)"
    )
    assert attack(second) == "ck_case_approval_not_own"
    _approve(api, asked["id"], "examcell")
    assert attack(row) == "ck_result_transferred_by_case"
    assert attack("UPDATE transfer_credit SET credits = 30") == "42501"
    assert attack("SELECT transfer_result_is_lawful(r) FROM result r") == "42501"
