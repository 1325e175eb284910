"""Registrations moved to another version of their regulation: drafts follow, what is published does not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.results.scene import approve, fill, publish, results
from tests.support.api import Api, Reply
from tests.support.policies import S1, document
from tests.support.university import University

ATTENDANCE = {1: "75", 2: "90", 3: "85", 4: "75"}
PASSES_AT = {1: "50", 2: "70", 3: "65", 4: "50"}


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=3, policy=document(S1, pass_={"total_min": "50"}))


def version(university: University, number: int, **more: Any) -> int:
    """A version of G21's session: what it takes to pass, and the attendance asked for."""
    policy = document(
        S1,
        pass_={"total_min": PASSES_AT[number]},
        attendance={"min": ATTENDANCE[number], "shortage": "FW"},
    )
    return university.regulation(policy, "SESSION", version=number, **more)


def move(api: Api, ids: list[int], regulation: int, by: str = "registrar", **more: Any) -> Reply:
    body = {"registration_ids": ids, "regulation_id": regulation, "reason": "Notification 7/2026", **more}
    return api.as_(by).post("/api/registrations/move/", body)


def preview(api: Api, ids: list[int], regulation: int) -> Reply:
    body = {"registration_ids": ids, "regulation_id": regulation}
    return api.as_("registrar").post("/api/registrations/preview-move/", body)


def test_g21_a_draft_follows_silently_through_the_versions_of_one_session(
    api: Api, university: University, scene: dict[str, Any]
) -> None:
    for enrollment in scene["enrollments"]:
        for assessment, mark in zip(scene["assessments"], (12, 25, 60), strict=True):
            university.score(enrollment, assessment, mark)  # 12 + 15 + 30 = 57
    approve(api, scene["section"])
    outcomes = []
    for number in (1, 2, 3, 4):
        moved = move(api, scene["registrations"], version(university, number))
        assert (moved.status, moved.json["moved"]) == (200, 3), moved.content
        outcomes.append({row["outcome"] for row in results(api, scene["section"])})
    assert outcomes == [{"pass"}, {"fail"}, {"fail"}, {"pass"}]


def test_a_preview_says_what_changes_and_changes_nothing(
    api: Api, university: University, scene: dict[str, Any]
) -> None:
    fill(university, scene)  # 75 for everybody
    approve(api, scene["section"])
    strict = university.regulation(document(S1, pass_={"total_min": "80"}), "STRICT")
    before = results(api, scene["section"])
    ids = scene["registrations"]
    foreseen = preview(api, ids, strict)
    assert foreseen.status == 200, foreseen.content
    first = foreseen.json["registrations"][0]
    assert (first["fate"], first["from_regulation_id"]) == ("moved", scene["regulation"])
    (draft,) = first["drafts"]
    assert (draft["old"]["grade"], draft["old"]["outcome"]) == ("B+", "pass")
    assert (draft["new"]["grade"], draft["new"]["outcome"]) == ("F", "fail")
    assert (first["old"]["cgpa"], first["new"]["cgpa"]) == ("3.30", "0.00")
    assert (first["old"]["credits_earned"], first["new"]["credits_earned"]) == ("3.00", "0.00")
    assert results(api, scene["section"]) == before
    registration = api.as_("registrar").get(f"/api/registrations/{ids[0]}/").json
    assert (registration["regulation_id"], registration["moves"]) == (scene["regulation"], [])
    done = move(api, ids, strict)
    assert {**done.json, "registrations": None} == {**foreseen.json, "registrations": None}
    assert done.json["registrations"] == foreseen.json["registrations"]
    assert {row["grade"] for row in results(api, scene["section"])} == {"F"}
    again = preview(api, ids, strict).json
    assert (again["moved"], again["same"]) == (0, 3)


def test_a_registration_with_anything_published_is_refused_and_nobody_moves(
    api: Api, university: University, scene: dict[str, Any]
) -> None:
    fill(university, scene)
    approve(api, scene["section"])
    first = results(api, scene["section"])[0]["id"]
    assert api.as_("examcell").post("/api/results/publish/", {"result_ids": [first]}).status == 200
    other = university.regulation(document(S1), "OTHER")
    refused = move(api, scene["registrations"], other)
    assert (refused.status, refused.code) == (409, "registrations.declared")
    assert refused.json["registrations"] == [scene["registrations"][0]]
    shown = preview(api, scene["registrations"], other).json
    assert (shown["moved"], shown["declared"]) == (2, 1)
    assert university.row("SELECT count(*) FROM registration WHERE regulation_id = %(o)s", o=other) == 0
    assert move(api, scene["registrations"][1:], other).status == 200
    publish(api, scene["section"])
    api.as_("examcell").post("/api/results/freeze/", {"section_id": scene["section"]})
    assert move(api, scene["registrations"], scene["regulation"]).code == "registrations.declared"


def test_a_move_keeps_its_reason_and_authority_and_stands_in_the_audit(
    api: Api, university: University, scene: dict[str, Any]
) -> None:
    (one, *_), other = scene["registrations"], university.regulation(document(S1), "OTHER")
    assert move(api, [one], other, reason=" ").status == 400
    assert move(api, [one], other, authority="Academic Council 44/2").status == 200
    (kept,) = api.as_("registrar").get(f"/api/registrations/{one}/").json["moves"]
    assert kept["by"] == {"id": scene["registrar"], "name": "Registrar"}
    assert (kept["from_regulation_id"], kept["to_regulation_id"], kept["reason"], kept["authority"]) == (
        scene["regulation"],
        other,
        "Notification 7/2026",
        "Academic Council 44/2",
    )
    (row,) = api.as_("auditor").get(f"/api/audit/?entity=registration&entity_id={one}").json["results"][:1]
    assert row["action"] == "registrations.move"
    assert row["changes"]["regulation_id"] == [scene["regulation"], other]


def test_nobody_is_moved_under_a_regulation_that_is_no_law_or_of_another_program(
    api: Api, university: University, scene: dict[str, Any]
) -> None:
    ids = scene["registrations"]
    drafted = api.as_("registrar").post(
        "/api/regulations/", {"policy": {**document(S1), "code": "DRAFT", "version": 1}}
    )
    assert drafted.status == 201, drafted.content
    assert move(api, ids, drafted.json["id"]).code == "registrations.regulation_unfit"
    foreign = university.regulation(document(S1), "FOREIGN", programs=["MBBS"])
    assert move(api, ids, foreign).code == "registrations.regulation_unfit"
    later = university.regulation(document(S1), "LATER", intake_from="2030F")
    assert move(api, ids, later).status == 200  # an order moves whom its intakes do not take by themselves
    unknown = move(api, [ids[0], 4_000_000], later)
    assert (unknown.status, unknown.json["errors"][0]["pointer"]) == (400, "/registration_ids/1")
    assert {
        who: move(api, ids, later, by=who).status for who in ("admin", "examcell", "head", "student")
    } == {
        "admin": 403,
        "examcell": 403,
        "head": 403,
        "student": 403,
    }
