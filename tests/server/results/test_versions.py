"""Two versions of one result: what was declared, from which marks, by whom and why."""

from __future__ import annotations

from tests.server.results.scene import approve, fill, publish, results
from tests.support.api import Api
from tests.support.university import University


def _change(api: Api, result: int, assessment: int, score: str) -> int:
    wish = {"assessment_id": assessment, "mark": "scored", "score": score}
    body = {"result_id": result, "reason": "Page 7 was missed", "scores": [wish]}
    change: int = api.as_("faculty").post("/api/results/change-request/", body).json["id"]
    return change


def _decide(api: Api, change: int, by: str) -> None:
    answer = api.as_(by).post("/api/results/approve-change/", {"change_id": change, "approved": True})
    assert answer.status == 200, answer.content


def test_every_version_of_a_result_stands_with_its_marks_and_its_reason(
    api: Api, university: University
) -> None:
    scene = university.stand(students=1)
    fill(university, scene)
    approve(api, scene["section"])
    publish(api, scene["section"])
    (result,) = [row["id"] for row in results(api, scene["section"])]
    final = scene["assessments"][2]
    change = _change(api, result, final, "90")
    waiting = api.as_("faculty").get(f"/api/results/{result}/versions/").json
    assert [one["cause"] for one in waiting["versions"]] == ["approve", "publish"], (
        "asked for is not declared"
    )
    assert (waiting["waiting"]["stage"], waiting["waiting"]["reason"]) == (1, "Page 7 was missed")
    _decide(api, change, "head")
    waiting = api.as_("faculty").get(f"/api/results/{result}/versions/").json["waiting"]
    assert (waiting["stage"], waiting["asked_by"]["name"]) == (2, "Faculty")
    _decide(api, change, "examcell")
    told = api.as_("faculty").get(f"/api/results/{result}/versions/").json
    assert [one["version"] for one in told["versions"]] == [1, 2, 3]
    _, published, changed = told["versions"]
    assert published["by"]["name"] == "Examcell"
    assert (published["total"], changed["total"]) == ("75", "85")
    assert (published["grade"], changed["grade"]) == ("B+", "A")
    assert [mark["score"] for mark in published["marks"]] == ["16.00", "40.00", "70.00"]
    assert [mark["score"] for mark in changed["marks"]] == ["16.00", "40.00", "90.00"]
    assert (changed["cause"], changed["reason"]) == ("change", "Page 7 was missed")
    assert changed["asked_by"]["name"] == "Faculty"
    assert [one["name"] for one in changed["approved_by"]] == ["Head", "Examcell"]
    assert (published["asked_by"], told["waiting"]) == (None, None)


def test_a_returned_sheet_makes_another_version_with_the_marks_of_then(
    api: Api, university: University
) -> None:
    scene = university.stand(students=1)
    fill(university, scene)
    approve(api, scene["section"])
    answer = api.as_("head").post(f"/api/sheets/{scene['section']}/return/", {"reason": "Quiz of group B"})
    assert answer.status == 200, answer.content
    university.score(scene["enrollments"][0], scene["assessments"][0], 20)
    approve(api, scene["section"])
    (result,) = [row["id"] for row in results(api, scene["section"])]
    versions = api.as_("registrar").get(f"/api/results/{result}/versions/").json["versions"]
    assert [(one["cause"], one["total"], one["marks"][0]["score"]) for one in versions] == [
        ("approve", "75", "16.00"),
        ("recompute", "75", "16.00"),  # the return made the draft stale, and nothing else
        ("recompute", "79", "20.00"),
    ]


def test_whoever_does_not_see_the_result_sees_no_version_of_it(api: Api, university: University) -> None:
    scene = university.stand(students=1)
    fill(university, scene)
    approve(api, scene["section"])
    (result,) = [row["id"] for row in results(api, scene["section"])]
    body = {"result_ids": [result], "reason": "fee"}
    assert api.as_("examcell").post("/api/results/withhold/", body).status == 200
    told = api.as_("faculty").get(f"/api/results/{result}/versions/").json
    assert (told["withheld"], told["versions"]) == (True, [])
    assert api.as_("student").get(f"/api/results/{result}/versions/").status == 403
    assert api.as_("faculty").get("/api/results/999999/versions/").status == 404


def test_a_student_who_also_teaches_reads_the_marks_of_the_own_sections_only(
    api: Api, university: University
) -> None:
    scene = university.stand(students=2)
    fill(university, scene)
    approve(api, scene["section"])
    publish(api, scene["section"])
    own = scene["students"][1]
    (result,) = [row["id"] for row in results(api, scene["section"]) if row["student_id"] == own]
    university.account("assistant", "faculty", "student", student_id=own)
    assistant = api.as_("assistant")
    assert assistant.get(f"/api/results/{result}/").status == 200
    assert assistant.get(f"/api/results/{result}/versions/").status == 404
