"""Grace through the API: judged over all papers of an examination, printed with an asterisk."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.cases.scene import carry, open_case, result
from tests.server.results.classes import Class
from tests.server.results.scene import approve, publish
from tests.support.api import Api, Reply
from tests.support.policies import S2, document
from tests.support.university import University

GRACE = {
    "budget": {"of": "aggregate", "percent": "1", "round": {"mode": "ceil", "places": 0}},
    "max_heads": {"share": "25%", "round": {"mode": "ceil", "places": 0}},
    "allocation": "all_or_nothing",
    "added_to_marks": False,
    "bars": ["position", "distinction"],
}


def _examination(
    api: Api, university: University, policy: dict[str, Any], papers: list[tuple[int, int]]
) -> Class:
    """One student, and a published course for each (obtained, maximum)."""
    scene = Class(api, university, policy)
    for obtained, maximum in papers:
        publish(api, scene.sit([("Final", "final", 0, maximum)], [[obtained]]))
    return scene


def _ask(api: Api, scene: Class, **more: Any) -> Reply:
    body = {"registration_id": scene.scene["registrations"][0], "authority": "EC 7/1", **more}
    if more.get("purpose") != "division":
        body["term_id"] = scene.terms[-1]
    return open_case(api, "examcell", kind="grace", **body)


def _rows(api: Api, scene: Class) -> list[dict[str, Any]]:
    page = api.as_("examcell").get(f"/api/results/?term_id={scene.terms[-1]}").json["results"]
    return sorted(page, key=lambda row: row["id"])


@pytest.mark.parametrize(("deficits", "given"), [((2, 3), True), ((3, 3), False)])
def test_g13_grace_within_its_budget_passes_and_beyond_it_nothing_does(
    api: Api, university: University, deficits: tuple[int, int], given: bool
) -> None:
    """Aggregate 450 → 5 marks; 13 papers → 4."""
    policy = document(S2, total={"basis": "marks"}, heads=[{"code": "theory", "min": "40%"}], grace=GRACE)
    one, two = deficits
    papers = [(14 - one, 35), (14 - two, 35), *[(20, 35)] * 10, (20, 30)]
    scene = _examination(api, university, policy, papers)
    asked = _ask(api, scene)
    before = _rows(api, scene)
    if not given:
        assert (asked.status, asked.code, len(asked.json["why"])) == (409, "cases.no_grace", 2)
        assert [row["grade"] for row in before[:2]] == ["F", "F"]
        return
    assert asked.status == 201, asked.content
    decision = asked.json["decision"]
    assert (decision["budget"], decision["used"], decision["bars"]) == ("5", "5", ["position", "distinction"])
    carry(api, asked.json["id"], "head", "registrar")
    after = _rows(api, scene)
    for was, now in zip(before[:2], after[:2], strict=True):
        assert (was["outcome"], now["outcome"]) == ("fail", "pass")
        assert (now["total"], now["marks_obtained"]) == (was["total"], was["marks_obtained"])
        assert now["grade_shown"] == "D*"
        assert now["heads"][0]["grace"] is not None
    trace = api.as_("examcell").get(
        f"/api/students/{after[0]['student_id']}/explain/result/{after[0]['id']}/"
    )
    assert "passed by grace" in trace.content.decode()


def test_g14_more_than_the_budget_means_no_grace_at_all(api: Api, university: University) -> None:
    policy = document(
        S2,
        total={"basis": "marks"},
        heads=[{"code": "theory", "min": "50%"}, {"code": "practical", "min": "50%"}],
        grace={"budget": {"marks": "16"}, "allocation": "all_or_nothing"},
    )
    scene = Class(api, university, policy)
    university_scene = scene.scene
    section = university.section(scene.course(), scene.terms[-1], "A", 10, (university_scene["faculty"],))
    written = university.assessment(section, "Written", "final", 0, 100, head="theory")
    clinical = university.assessment(section, "Clinical", "practical", 0, 100, head="practical")
    enrollment = university.enrollment(university_scene["registrations"][0], section)
    university.score(enrollment, written, 47)
    university.score(enrollment, clinical, 34)
    approve(api, section)
    publish(api, section)
    refused = _ask(api, scene)
    assert (refused.status, refused.code) == (409, "cases.no_grace")
    assert any("all or nothing" in why for why in refused.json["why"])
    assert _rows(api, scene)[0]["outcome"] == "fail"


def test_g16_one_mark_lifts_the_division_and_is_added_to_the_lowest_paper(
    api: Api, university: University
) -> None:
    policy = document(
        S2,
        total={"basis": "marks"},
        division=[{"code": "First", "min": "60"}, {"code": "Second", "min": "45"}],
        grace={"division": "1", "bars": ["position"]},
    )
    scene = _examination(api, university, policy, [(348, 600), (371, 600)])
    assert _ask(api, scene, purpose="division", term_id=scene.terms[-1]).status == 400
    asked = _ask(api, scene, purpose="division")
    assert asked.status == 201, asked.content
    decision = asked.json["decision"]
    assert (decision["division"], decision["used"], decision["bars"]) == ("First", "1", ["position"])
    carry(api, asked.json["id"], "head", "registrar")
    lowest = result(api, asked.json["results"][0]["result_id"])
    assert (lowest["marks_obtained"], lowest["marks_max"]) == ("349.00", "600.00")
    assert lowest["flags"] == ["+1 for the division"]
    again = _ask(api, scene, purpose="division")
    assert (again.status, again.code) == (409, "cases.no_grace")


def test_grace_is_computed_and_says_what_it_needs(api: Api, university: University) -> None:
    scene = _examination(api, university, document(S2), [])
    bare = open_case(api, "examcell", kind="grace")
    assert [f["pointer"] for f in bare.json["errors"]] == ["/registration_id", "/term_id", "/authority"]
    nothing = _ask(api, scene)
    assert (nothing.status, nothing.code) == (409, "cases.no_grace")
    body = {"term_id": scene.terms[-1], "authority": "EC"}
    assert open_case(api, "examcell", kind="grace", registration_id=999999, **body).status == 404
