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
    assert [(t["sgpa"], t["cgpa"], t["gpa_credits"], t["earned"], t["standing"]) for t in terms] == [("3.30", "3.30", "3.00", "3.00", "good_standing")]
