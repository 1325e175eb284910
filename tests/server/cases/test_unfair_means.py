"""Unfair means: withheld at once, decided upon by two, released by a later notification."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.server.cases.scene import carry, decide, open_case, opened, published, result
from tests.server.results.scene import approve, enter, publish, results
from tests.support.api import Api, Reply
from tests.support.university import University


def _caught(
    api: Api, university: University, final: Any = "ufm", *, out: bool = True
) -> tuple[dict[str, Any], int, int]:
    """Two students, one of whom was caught in the final; the other's result is out."""
    scene = university.stand(students=2)
    enter(university, scene, 0, [16, 40, 70])
    enter(university, scene, 0, [16, 40, final])
    enter(university, scene, 1, [16, 40, 70])
    approve(api, scene["section"])
    if out:
        publish(api, scene["section"])
    one, two = [row["id"] for row in results(api, scene["section"])]
    return scene, one, two


def _propose(api: Api, case_id: int, penalty: str, by: str = "examcell", **more: Any) -> Reply:
    body = {"authority": "UFM committee 12/3", "judgment": {"penalty": penalty, **more}}
    return api.as_(by).post(f"/api/cases/{case_id}/propose/", body)


def _judge(api: Api, case_id: int, penalty: str, **more: Any) -> dict[str, Any]:
    answer = _propose(api, case_id, penalty, **more)
    assert answer.status == 200, answer.content
    return carry(api, case_id, "head", "registrar")


def test_an_open_case_withholds_and_nobody_releases_beside_it(api: Api, university: University) -> None:
    scene, one, _ = _caught(api, university, 70, out=False)
    assert result(api, one)["withheld_for"] is None
    case = opened(api, kind="unfair_means", result_ids=[one], reason="Notes under the desk")
    assert (case["registration_id"], case["term_id"]) == (scene["registrations"][0], scene["term"])
    assert (result(api, one)["outcome"], result(api, one)["withheld_for"]) == ("withheld", "ufm")
    assert publish(api, scene["section"])["withheld"] == 1
    released = api.as_("examcell").post("/api/results/release/", {"result_ids": [one]})
    assert (released.status, released.code, released.json["case_id"]) == (409, "cases.undecided", case["id"])
    again = open_case(api, kind="unfair_means", result_ids=[one])
    assert (again.status, again.code, again.json["case_id"]) == (409, "cases.open", case["id"])


def test_exonerated_gets_back_the_marks_from_before(api: Api, university: University) -> None:
    _, one, _ = _caught(api, university)
    case = opened(api, kind="unfair_means", result_ids=[one])
    proposed = _propose(api, case["id"], "exonerated")
    assert proposed.json["decision"]["scores"][0]["score"] == "70.00"
    impact = api.as_("registrar").get(f"/api/cases/{case['id']}/impact/").json
    (foreseen,) = impact["results"]
    assert (foreseen["old"]["outcome"], foreseen["new"]["grade"]) == ("withheld", "B+")
    assert impact["records"][0]["new_cgpa"] == "3.30"
    carry(api, case["id"])
    row = result(api, one)
    assert (row["total"], row["grade"], row["state"], row["flags"]) == ("75", "B+", "published", [])
    latest = api.as_("examcell").get("/api/notifications-of-result/").json["results"][0]
    assert (latest["kind"], row["notification_id"]) == ("later", latest["id"])
    student = api.as_("student").get("/api/term-results/").json["results"][0]
    assert (student["sgpa"], student["cgpa"]) == ("3.30", "3.30")


def test_a_cancelled_paper_counts_zero_and_its_mark_stays_on_the_sheet(
    api: Api, university: University
) -> None:
    scene, one, _ = _caught(api, university, 70, out=False)
    case = opened(api, kind="unfair_means", result_ids=[one])
    publish(api, scene["section"])
    bare = _propose(api, case["id"], "paper_cancelled")
    assert (bare.status, bare.code) == (400, "results.change_invalid")
    paper = {"result_id": one, "assessment_id": scene["assessments"][2]}
    _judge(api, case["id"], "paper_cancelled", papers=[paper])
    row = result(api, one)
    assert (row["total"], row["grade"], row["outcome"], row["flags"]) == ("40", "F", "fail", ["UFM"])
    cells = api.as_("examcell").get(f"/api/sheets/{scene['section']}/").json["rows"][0]["cells"]
    assert cells[str(scene["assessments"][2])]["score"] == "70.00"


def test_a_cancelled_course_fails_for_good_where_the_regulation_says_so(
    api: Api, university: University
) -> None:
    _, one, _ = _caught(api, university)
    case = opened(api, kind="unfair_means", result_ids=[one])
    _judge(api, case["id"], "course_cancelled")
    row = result(api, one)
    assert (row["grade"], row["total"], row["outcome"], row["grade_points"]) == ("XF", "0", "fail", "0.00")
    assert row["flags"] == ["UFM"]


def test_found_out_after_publication_it_changes_what_is_out(api: Api, university: University) -> None:
    scene, (one,) = published(api, university)
    case = opened(api, kind="unfair_means", result_ids=[one])
    nameless = _propose(api, case["id"], "paper_cancelled")
    assert nameless.code == "results.change_invalid"
    paper = {"result_id": one, "assessment_id": scene["assessments"][2]}
    proposed = _propose(api, case["id"], "paper_cancelled", papers=[paper])
    assert [c["new_grade"] for c in proposed.json["changes"]] == ["F"]
    carry(api, case["id"])
    assert (result(api, one)["total"], result(api, one)["flags"]) == ("40", ["UFM"])


def test_a_cancelled_semester_takes_every_course_of_the_term_with_it(
    api: Api, university: University
) -> None:
    scene, one, other = _caught(api, university)
    section = university.section(
        university.course(scene["department"]), scene["term"], "A", 10, (scene["faculty"],)
    )
    assessment = university.assessment(section)
    university.score(university.enrollment(scene["registrations"][0], section), assessment, 90)
    case = opened(api, kind="unfair_means", result_ids=[one])
    order = {"effective_on": "2026-11-01", "order_no": "R/88"}
    early = _propose(api, case["id"], "suspended", suspension=order)
    assert (early.status, early.code) == (409, "cases.results_awaited")
    approve(api, section)
    publish(api, section)
    (third,) = [row["id"] for row in results(api, section)]
    missing = _propose(api, case["id"], "suspended")
    assert [f["pointer"] for f in missing.json["errors"]] == ["/judgment/suspension"]
    done = _judge(api, case["id"], "suspended", suspension=order)
    assert [row["result_id"] for row in done["results"]] == sorted([one, third])
    assert [result(api, id)["grade"] for id in (one, third, other)] == ["XF", "XF", "B+"]
    registration = api.as_("registrar").get(f"/api/registrations/{scene['registrations'][0]}/").json
    assert (registration["status"], registration["orders"][-1]["order_no"]) == ("suspended", "R/88")
    assert api.as_("student").get("/api/term-results/").json["results"][0]["cgpa"] == "0.00"


def test_a_case_of_unfair_means_is_of_one_student_and_names_its_authority(
    api: Api, university: University
) -> None:
    _, one, two = _caught(api, university)
    both = open_case(api, kind="unfair_means", result_ids=[one, two])
    assert (both.status, both.code) == (400, "cases.invalid")
    case = opened(api, kind="unfair_means", result_ids=[one])
    body: dict[str, Any] = {"judgment": {"penalty": "exonerated"}}
    nameless = api.as_("examcell").post(f"/api/cases/{case['id']}/propose/", body)
    assert [f["pointer"] for f in nameless.json["errors"]] == ["/authority"]
    body = {"authority": "UFM 1", "changes": [{"result_id": one, "new_grade": "A"}]}
    grade = api.as_("examcell").post(f"/api/cases/{case['id']}/propose/", body)
    assert {f["pointer"] for f in grade.json["errors"]} == {"/changes", "/judgment"}


def test_a_rejected_judgment_leaves_the_result_withheld_for_the_next(
    api: Api, university: University
) -> None:
    _, one, _ = _caught(api, university)
    case = opened(api, kind="unfair_means", result_ids=[one])
    _propose(api, case["id"], "course_cancelled")
    assert decide(api, case["id"], "head", approved=False, reason="too hard").json["state"] == "rejected"
    assert result(api, one)["withheld_for"] == "ufm"
    case = opened(api, kind="unfair_means", result_ids=[one])
    _judge(api, case["id"], "paper_cancelled")
    assert result(api, one)["grade"] == "F"


def test_hearings_are_kept_with_the_case_and_the_appeal_clock_runs_from_the_decision(
    api: Api, university: University
) -> None:
    _, one, _ = _caught(api, university)
    case = opened(api, kind="unfair_means", result_ids=[one])
    path = f"/api/cases/{case['id']}/hearings/"
    assert (case["hearings"], case["appeal_until"]) == ([], None)
    first = {"held_on": "2026-12-01", "place": "Committee room", "note": "put off: ill"}
    assert api.as_("examcell").post(path, first).status == 201
    heard = api.as_("registrar").post(path, {"held_on": "2026-12-08", "place": "Committee room"})
    assert [(row["held_on"], row["recorded_by"]["name"]) for row in heard.json["hearings"]] == [
        ("2026-12-01", "Examcell"),
        ("2026-12-08", "Registrar"),
    ]
    assert api.as_("faculty").post(path, first).status == 403
    decided = _judge(api, case["id"], "exonerated")
    day = datetime.fromisoformat(decided["resolved_at"]).astimezone(ZoneInfo("Asia/Karachi")).date()
    assert decided["appeal_until"] == str(day + timedelta(days=30))
    assert len(decided["hearings"]) == 2
    closed = api.as_("examcell").post(path, first)
    assert (closed.status, closed.code) == (409, "cases.wrong_state")


def test_only_whoever_is_accused_is_heard(api: Api, university: University) -> None:
    _, (result_id,) = published(api, university)
    case = opened(api, kind="recheck", result_ids=[result_id])
    refused = api.as_("examcell").post(f"/api/cases/{case['id']}/hearings/", {"held_on": "2026-12-01"})
    assert (refused.status, refused.code) == (400, "cases.invalid")
