"""The control tower's counts, what stops a publish, and a change looked at before it is asked for."""

from __future__ import annotations

from typing import Any

from tests.server.results.scene import approve, enter, fill, publish, results
from tests.support.api import Api
from tests.support.university import University


def _section(api: Api, scene: dict[str, Any], **more: Any) -> dict[str, Any]:
    extra = "".join(f"&{name}={value}" for name, value in more.items())
    answer = api.as_("examcell").get(f"/api/results/overview/?term_id={scene['term']}{extra}")
    assert answer.status == 200, answer.content
    (section,) = answer.json["sections"]
    found: dict[str, Any] = section
    return found


def _exceptions(api: Api, scene: dict[str, Any]) -> list[dict[str, Any]]:
    answer = api.as_("registrar").get(f"/api/results/exceptions/?section_id={scene['section']}")
    assert answer.status == 200, answer.content
    rows: list[dict[str, Any]] = answer.json["rows"]
    assert answer.json["count"] == len(rows)
    return rows


def test_a_section_is_counted_on_its_way(api: Api, university: University) -> None:
    scene = university.stand(students=3)
    enter(university, scene, 0, [16, 40, 70])
    enter(university, scene, 1, [16, 40, None])
    before = _section(api, scene)
    assert (before["sheet"], before["filled"], before["total"], before["roster"]) == ("open", 5, 9, 3)
    assert (before["lead"], before["drafts"]) == ("Faculty", 0)
    approve(api, scene["section"])
    drafted = _section(api, scene)
    assert (drafted["drafts"], drafted["missing"], drafted["withheld"]) == (3, 2, 0)
    first = results(api, scene["section"])[0]["id"]
    rows = _exceptions(api, scene)
    assert [row["reg_no"] for row in rows] == ["2024-CS-0002", "2024-CS-0003"]
    assert all(row["why"] and row["result_id"] != first for row in rows)
    held = [row["result_id"] for row in rows]
    body = {"result_ids": held, "reason": "award_awaited", "note": "paper 2"}
    assert api.as_("examcell").post("/api/results/withhold/", body).status == 200
    publish(api, scene["section"])
    after = _section(api, scene)
    assert (after["drafts"], after["published"], after["withheld"], after["frozen"]) == (0, 1, 2, 0)
    assert [row["withheld_for"] for row in _exceptions(api, scene)] == ["award_awaited"] * 2


def test_a_program_counts_only_its_own_rows(api: Api, university: University) -> None:
    scene = university.stand(students=2)
    other = university.program(scene["department"])
    person = university.registration(university.student(), other, scene["regulation"])
    university.enrollment(person, scene["section"])
    assert _section(api, scene)["roster"] == 3
    assert _section(api, scene, program_id=scene["program"])["total"] == 6
    assert _section(api, scene, program_id=other)["roster"] == 1


def test_a_batch_counts_only_its_own_rows_and_says_how_many_are_complete(
    api: Api, university: University
) -> None:
    scene = university.stand(students=3)
    university.run(
        "UPDATE registration SET batch = 'M', intake = '2025F' WHERE id = ANY (%(ids)s)",
        ids=scene["registrations"][1:],
    )
    enter(university, scene, 0, [16, 40, None])
    enter(university, scene, 1, [16, 40, None])
    enter(university, scene, 2, [16, 40, 70])
    approve(api, scene["section"])
    assert _section(api, scene, program_id=scene["program"])["roster"] == 3
    morning = _section(api, scene, program_id=scene["program"], batch="M")
    assert (morning["roster"], morning["filled"], morning["total"], morning["missing"]) == (2, 5, 6, 1)
    where = f"term_id={scene['term']}&program_id={scene['program']}"
    classes = api.as_("examcell").get(f"/api/results/overview/?{where}").json["classes"]
    assert [(one["batch"], one["intake"], one["students"], one["complete"]) for one in classes] == [
        ("M", "2025F", 2, 1)
    ]
    stuck = api.as_("examcell").get(f"/api/results/exceptions/?{where}&batch=M").json
    assert [row["reg_no"] for row in stuck["rows"]] == ["2024-CS-0002"]


def test_a_previewed_change_changes_nothing_and_is_refused_like_a_real_one(
    api: Api, university: University
) -> None:
    scene = university.stand(students=1)
    fill(university, scene)
    approve(api, scene["section"])
    publish(api, scene["section"])
    (result,) = results(api, scene["section"])
    final = scene["assessments"][2]
    body = {
        "result_id": result["id"],
        "scores": [{"assessment_id": final, "mark": "scored", "score": "90"}],
    }
    answer = api.as_("faculty").post("/api/results/preview-change/", body)
    assert answer.status == 200, answer.content
    assert (answer.json["old"]["total"], answer.json["new"]["total"], answer.json["new"]["grade"]) == (
        "75",
        "85",
        "A",
    )
    assert results(api, scene["section"]) == [result]
    assert api.as_("head").get("/api/pending-changes/").json["results"] == []
    assert api.as_("stranger").post("/api/results/preview-change/", body).status == 404
    same = api.as_("faculty").post(
        "/api/results/preview-change/", {"result_id": result["id"], "new_grade": "B+"}
    )
    assert same.code == "results.change_invalid"


def test_the_tower_is_for_those_who_publish(api: Api, university: University) -> None:
    scene = university.stand(students=1)
    for who in ("faculty", "head", "student"):
        assert api.as_(who).get(f"/api/results/overview/?term_id={scene['term']}").status == 403
        assert api.as_(who).get(f"/api/results/exceptions/?term_id={scene['term']}").status == 403
