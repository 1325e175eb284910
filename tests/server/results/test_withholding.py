"""Withholding: a recorded reason in the place of a grade, until it is released by a later notification."""

from __future__ import annotations

from tests.server.results.scene import approve, enter, fill, publish, results
from tests.support.api import Api, Reply
from tests.support.university import University


def _withhold(api: Api, ids: list[int], reason: str = "fee") -> None:
    answer = api.as_("examcell").post(
        "/api/results/withhold/", {"result_ids": ids, "reason": reason, "note": "dues"}
    )
    assert answer.status == 200, answer.content


def test_a_withheld_result_shows_no_grade_and_is_released_by_a_later_notification(
    api: Api, university: University
) -> None:
    scene = university.stand(students=2)
    fill(university, scene)
    approve(api, scene["section"])
    first, _ = [row["id"] for row in results(api, scene["section"])]
    _withhold(api, [first])
    published = publish(api, scene["section"])
    assert (published["published"], published["withheld"], published["notification"]["kind"]) == (
        1,
        1,
        "main",
    )

    shown = results(api, scene["section"])[0]
    assert (shown["outcome"], shown["state"], shown["withheld_for"]) == ("withheld", "draft", "fee")
    hidden = [
        shown[name]
        for name in ("total", "marks_obtained", "percentage", "grade", "grade_shown", "grade_points")
    ]
    assert (hidden, shown["heads"], shown["flags"]) == ([None] * 6, [], [])
    listed = (
        api.as_("examcell")
        .get(f"/api/results/?outcome=withheld&section_id={scene['section']}")
        .json["results"]
    )
    assert [row["id"] for row in listed] == [first]
    assert api.as_("student").get("/api/results/").json["results"] == []
    explained = api.as_("examcell").get(f"/api/students/{scene['students'][0]}/explain/result/{first}/").json
    assert (explained["grade"], explained["trace"]) == (None, None)

    released = api.as_("registrar").post(
        "/api/results/release/", {"result_ids": [first], "reason": "fee", "note": "paid"}
    )
    assert released.status == 200, released.content
    assert (released.json["published"], released.json["notification"]["kind"]) == (1, "later")
    assert api.as_("student").get("/api/results/").json["results"][0]["grade"] == "B+"
    assert api.as_("student").get("/api/term-results/").json["results"][0]["sgpa"] == "3.30"


def test_a_published_result_cannot_be_withheld_and_a_withheld_one_not_twice(
    api: Api, university: University
) -> None:
    scene = university.stand(students=2)
    fill(university, scene)
    approve(api, scene["section"])
    first, second = [row["id"] for row in results(api, scene["section"])]
    client = api.as_("examcell")
    _withhold(api, [first])
    again = client.post("/api/results/withhold/", {"result_ids": [first, second], "reason": "other"})
    assert (again.status, again.code, again.json["result_ids"]) == (409, "results.wrong_state", [first])
    publish(api, scene["section"])
    late = client.post("/api/results/withhold/", {"result_ids": [second], "reason": "fee"})
    assert (late.status, late.code) == (409, "results.wrong_state")
    assert client.post("/api/results/release/", {"result_ids": [second]}).code == "results.wrong_state"
    assert client.post("/api/results/withhold/", {"result_ids": [999999], "reason": "fee"}).status == 404
    assert client.post("/api/results/release/", {"result_ids": [999999]}).status == 404
    assert client.post("/api/results/withhold/", {"result_ids": [], "reason": "spite"}).status == 400
    assert api.as_("head").post("/api/results/withhold/", {}).status == 403


def test_a_release_names_the_reason_it_ends(api: Api, university: University) -> None:
    scene = university.stand(students=1)
    fill(university, scene)
    approve(api, scene["section"])
    (row,) = results(api, scene["section"])
    _withhold(api, [row["id"]], "document")
    wrong = api.as_("examcell").post("/api/results/release/", {"result_ids": [row["id"]], "reason": "fee"})
    assert (wrong.status, wrong.code) == (409, "results.wrong_state")
    assert api.as_("examcell").post("/api/results/release/", {"result_ids": [row["id"]]}).status == 200


def test_withheld_rows_may_wait_for_marks_and_are_not_released_without_them(
    api: Api, university: University
) -> None:
    scene = university.stand(students=2)
    enter(university, scene, 0, [16, 40, "pending"])
    enter(university, scene, 1, [16, 40, 70])
    approve(api, scene["section"])
    first, _ = [row["id"] for row in results(api, scene["section"])]
    _withhold(api, [first], "award_awaited")
    assert publish(api, scene["section"])["published"] == 1
    answer = api.as_("examcell").post("/api/results/release/", {"result_ids": [first]})
    assert (answer.status, answer.code) == (409, "results.scores_missing")


def test_a_release_brings_the_marks_that_were_awaited_and_no_others(api: Api, university: University) -> None:
    scene = university.stand(students=2)
    enter(university, scene, 0, [16, None, "pending"])
    enter(university, scene, 1, [16, 40, 70])
    approve(api, scene["section"])
    first, second = [row["id"] for row in results(api, scene["section"])]
    _withhold(api, [first], "award_awaited")
    publish(api, scene["section"])
    quiz, mid, final = scene["assessments"]

    def release(who: str, *scores: tuple[int, int, str]) -> Reply:
        cells = [{"result_id": r, "assessment_id": a, "mark": "scored", "score": s} for r, a, s in scores]
        return api.as_(who).post("/api/results/release/", {"result_ids": [first], "scores": cells})

    refused = release("registrar", (first, final, "70"))
    assert (refused.status, refused.code) == (403, "auth.not_permitted")
    wrong = release(
        "examcell", (first, quiz, "20"), (second, final, "1"), (first, final, "101"), (first, 9999, "1")
    )
    assert [(f["pointer"], f["code"]) for f in wrong.json["errors"]] == [
        ("/scores/0", "not_awaited"),
        ("/scores/1/result_id", "unknown"),
        ("/scores/2/score", "range"),
        ("/scores/3/assessment_id", "unknown"),
    ]
    assert release("examcell", (first, final, "70")).code == "results.scores_missing"
    released = release("examcell", (first, final, "70"), (first, mid, "40"))
    assert released.status == 200, released.content
    row = results(api, scene["section"])[0]
    assert (row["total"], row["grade"], row["state"]) == ("75", "B+", "published")


def test_unfair_means_withhold_by_themselves_until_the_exam_cell_decides(
    api: Api, university: University
) -> None:
    """G06."""
    scene = university.stand(students=2)
    enter(university, scene, 0, [16, 40, "ufm"])
    enter(university, scene, 1, [16, 40, 70])
    approve(api, scene["section"])
    published = publish(api, scene["section"])
    assert (published["published"], published["withheld"]) == (1, 1)
    first = results(api, scene["section"])[0]
    assert (first["outcome"], first["withheld_for"], first["counts"]) == ("withheld", "ufm", "excluded")
    released = api.as_("examcell").post(
        "/api/results/release/", {"result_ids": [first["id"]], "reason": "ufm", "note": "guilty"}
    )
    assert released.status == 200, released.content
    first = results(api, scene["section"])[0]
    assert (first["total"], first["grade"], first["outcome"], first["flags"]) == ("40", "F", "fail", ["UFM"])


def test_unfair_means_taken_back_on_a_returned_sheet_withhold_no_more(
    api: Api, university: University
) -> None:
    scene = university.stand(students=1)
    enter(university, scene, 0, [16, 40, "ufm"])
    approve(api, scene["section"])
    all_withheld = api.as_("examcell").post("/api/results/publish/", {"section_id": scene["section"]})
    assert (all_withheld.status, all_withheld.code) == (409, "results.wrong_state")
    api.as_("examcell").post(f"/api/sheets/{scene['section']}/return/", {"reason": "acquitted"})
    enter(university, scene, 0, [16, 40, 70])
    approve(api, scene["section"])
    assert publish(api, scene["section"])["published"] == 1
