"""The life of a result: marks, approval, publication, freeze, and a change by two other people."""

from __future__ import annotations

from tests.server.results.scene import approve, enter, publish, results
from tests.support.api import Api
from tests.support.university import University


def test_a_sheet_becomes_a_record_that_only_two_people_can_change(api: Api, university: University) -> None:
    scene = university.stand(students=3)
    section = scene["section"]
    enter(university, scene, 0, [16, 40, 70])  # 16 + 24 + 35 = 75 → B+
    enter(university, scene, 1, [20, 50, 90])  # 95 → A
    enter(university, scene, 2, [10, 10, 20])  # 26 → F

    assert results(api, section) == []
    approve(api, section)
    drafts = results(api, section)
    assert [(r["total"], r["grade"], r["outcome"], r["state"]) for r in drafts] == [
        ("75", "B+", "pass", "draft"),
        ("95", "A", "pass", "draft"),
        ("26", "F", "fail", "draft"),
    ]
    assert api.as_("student").get("/api/results/").json["results"] == []

    published = publish(api, section)
    assert (published["published"], published["withheld"]) == (3, 0)
    seen = api.as_("student").get("/api/results/").json["results"]
    assert [(r["grade"], r["counts"], r["is_published"]) for r in seen] == [("B+", "counted", True)]
    terms = api.as_("student").get("/api/term-results/").json["results"]
    assert [(t["sgpa"], t["cgpa"], t["gpa_credits"], t["earned"], t["standing"]) for t in terms] == [
        ("3.30", "3.30", "3.00", "3.00", "good_standing")
    ]

    frozen = api.as_("registrar").post("/api/results/freeze/", {"section_id": section})
    assert frozen.json == {"frozen": 3, "withheld": 0}

    mine = results(api, section)[0]
    final = scene["assessments"][2]
    asked = api.as_("faculty").post(
        "/api/results/change-request/",
        {
            "result_id": mine["id"],
            "scores": [{"assessment_id": final, "mark": "scored", "score": "90"}],
            "reason": "A page was not marked",
        },
    )
    assert asked.status == 201, asked.content
    change = asked.json
    assert (change["old_grade"], change["new_grade"], change["new_total"], change["status"]) == (
        "B+",
        "A",
        "85",
        "pending",
    )
    assert (change["impact"]["old"]["cgpa"], change["impact"]["new"]["cgpa"]) == ("3.30", "4.00")

    def decide(who: str, **more: object) -> tuple[int, str]:
        answer = api.as_(who).post(
            "/api/results/approve-change/", {"change_id": change["id"], "approved": True, **more}
        )
        return answer.status, answer.code

    assert decide("faculty") == (403, "auth.not_permitted")
    assert decide("examcell") == (409, "results.stage")
    assert decide("head") == (200, "")
    assert decide("head") == (409, "results.stage")
    assert results(api, section)[0]["grade"] == "B+"
    assert decide("examcell") == (200, "")
    assert decide("registrar") == (409, "results.already_decided")

    mine = api.as_("student").get("/api/results/").json["results"][0]
    assert (mine["total"], mine["grade"], mine["grade_points"], mine["state"]) == (
        "85",
        "A",
        "4.00",
        "frozen",
    )
    assert api.as_("student").get("/api/term-results/").json["results"][0]["cgpa"] == "4.00"
    kinds = [n["kind"] for n in api.as_("examcell").get("/api/notifications-of-result/").json["results"]]
    assert kinds == ["corrigendum", "main"]
    sheet = api.as_("faculty").get(f"/api/sheets/{section}/").json
    assert sheet["rows"][0]["cells"][str(final)]["score"] == "90.00"
    explained = api.as_("student").get(f"/api/students/{scene['students'][0]}/explain/result/{mine['id']}/")
    assert explained.json["trace"]["shown"] == "pass, A"
    cgpa = api.as_("student").get(f"/api/students/{scene['students'][0]}/explain/cgpa/").json
    assert (cgpa["cgpa"]["exact"], cgpa["cgpa"]["printed"], cgpa["remarks"]) == ("4", "4.00", [])
