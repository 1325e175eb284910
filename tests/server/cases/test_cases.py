"""Cases: several results decided together, in order, upon evidence; what is foreseen is what follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sims_server.transcripts.operations.keys import manage_keys
from sims_shared.regulations import default_policy
from tests.server.cases.scene import calendar_of, carry, decide, open_case, opened, published, result
from tests.server.results.classes import Class
from tests.server.results.scene import approve, publish, results
from tests.support.api import Api
from tests.support.database import TestDatabase
from tests.support.policies import S1, document
from tests.support.university import University


def _final(scene: dict[str, Any], result_id: int, score: str) -> dict[str, Any]:
    cell = {"assessment_id": scene["assessments"][2], "mark": "scored", "score": score}
    return {"result_id": result_id, "scores": [cell]}


def test_several_results_in_one_case_are_applied_together_after_both_approvals(
    api: Api, university: University
) -> None:
    scene, (one, two, three) = published(api, university, 3)
    case = opened(
        api,
        kind="correction",
        result_ids=[one, two, three],
        changes=[_final(scene, one, "80"), _final(scene, two, "30")],
    )
    assert (case["state"], case["stage"], case["waits_for"]) == ("proposed", 1, [scene["department"]])
    assert [row["result_id"] for row in case["results"]] == [one, two, three]
    assert [(c["result_id"], c["old_grade"], c["new_grade"]) for c in case["changes"]] == [
        (one, "B+", "A-"),
        (two, "B+", "C-"),
    ]
    first = decide(api, case["id"], "head")
    assert (first.status, first.json["stage"]) == (200, 2)
    assert result(api, one)["grade"] == "B+"
    done = decide(api, case["id"], "examcell", reason="seen").json
    assert (done["state"], [a["capacity"] for a in done["approvals"]]) == ("applied", ["head", "exam_cell"])
    assert {c["status"] for c in done["changes"]} == {"approved"}
    assert [result(api, id)["grade"] for id in (one, two, three)] == ["A-", "C-", "B+"]
    notified = api.as_("examcell").get("/api/notifications-of-result/").json["results"]
    assert [n["kind"] for n in notified] == ["corrigendum", "main"]
    assert notified[0]["counts"] == {"changed": 2}
    change = api.as_("examcell").get(f"/api/pending-changes/?case_id={case['id']}").json["results"][0]
    assert (change["case_id"], change["status"], len(change["approvals"])) == (case["id"], "approved", 2)


def test_one_refusal_ends_the_whole_case_and_changes_nothing(api: Api, university: University) -> None:
    scene, (one, two) = published(api, university, 2)
    both = [_final(scene, one, "80"), _final(scene, two, "30")]
    body: dict[str, Any] = {"kind": "correction", "changes": both}
    case = opened(api, **body)
    assert decide(api, case["id"], "head").status == 200
    bare = decide(api, case["id"], "registrar", approved=False)
    assert (bare.status, bare.json["errors"][0]["pointer"]) == (400, "/reason")
    refused = decide(api, case["id"], "registrar", approved=False, reason="the script shows 70")
    assert (refused.status, refused.json["state"]) == (200, "rejected")
    assert {change["status"] for change in refused.json["changes"]} == {"rejected"}
    assert [result(api, id)["grade"] for id in (one, two)] == ["B+", "B+"]
    late = decide(api, case["id"], "examcell")
    assert (late.status, late.code) == (409, "results.already_decided")
    assert opened(api, **body)["state"] == "proposed"


def test_a_change_of_a_case_is_decided_with_its_case_only(api: Api, university: University) -> None:
    scene, (one,) = published(api, university)
    case = opened(api, kind="correction", changes=[_final(scene, one, "80")])
    body = {"change_id": case["changes"][0]["change_id"], "approved": True}
    answer = api.as_("head").post("/api/results/approve-change/", body)
    assert (answer.status, answer.code, answer.json["case_id"]) == (409, "results.in_case", case["id"])


def test_a_case_over_two_departments_waits_for_the_head_of_each(api: Api, university: University) -> None:
    scene, (one,) = published(api, university)
    electrical = university.department("EE")
    university.account("eehead", ("head", electrical))
    section = university.section(university.course(electrical), scene["term"], "A", 10, (scene["faculty"],))
    assessment = university.assessment(section)
    university.score(university.enrollment(scene["registrations"][0], section), assessment, 60)
    approve(api, section, by="eehead")
    publish(api, section)
    (other,) = [row["id"] for row in results(api, section)]
    case = opened(
        api,
        kind="correction",
        changes=[{"result_id": one, "new_grade": "A"}, {"result_id": other, "new_grade": "A"}],
    )
    assert case["waits_for"] == sorted([scene["department"], electrical])
    assert decide(api, case["id"], "head").json["waits_for"] == [electrical]
    again = decide(api, case["id"], "head")
    assert (again.status, again.code) == (409, "results.stage")
    early = decide(api, case["id"], "registrar")
    assert (early.status, early.code, early.json["stage"]) == (409, "results.stage", 1)
    assert decide(api, case["id"], "eehead").json["stage"] == 2
    assert decide(api, case["id"], "registrar").json["state"] == "applied"
    assert [result(api, id)["grade"] for id in (one, other)] == ["A", "A"]


def test_whoever_asked_or_proposed_does_not_decide(api: Api, university: University) -> None:
    scene, (one,) = published(api, university)
    case = opened(api, "head", kind="correction", result_ids=[one])
    assert case["state"] == "requested"
    premature = decide(api, case["id"], "dean")
    assert (premature.status, premature.code) == (409, "cases.wrong_state")
    proposed = api.as_("examcell").post(
        f"/api/cases/{case['id']}/propose/", {"changes": [_final(scene, one, "80")], "authority": "EC 4/2"}
    )
    assert (proposed.status, proposed.json["state"], proposed.json["authority"]) == (
        200,
        "proposed",
        "EC 4/2",
    )
    for who in ("head", "examcell"):
        own = decide(api, case["id"], who)
        assert (own.status, own.code) == (403, "results.own_request")
    assert carry(api, case["id"], "dean", "registrar")["changes"][0]["new_grade"] == "A-"


def test_a_recheck_may_fall_and_takes_credits_and_documents_with_it(
    api: Api, university: University, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """G37: 54 → 49."""
    api.client.app.state.data = tmp_path
    assert manage_keys(api.database, tmp_path, "make") == 0
    capsys.readouterr()
    scene = Class(api, university, document(S1, pass_={"total_min": "50"}, recheck={"window_days": 15}))
    section = scene.marks("54")
    (row,) = api.as_("examcell").get(f"/api/results/?section_id={section}").json["results"]
    assert (row["grade"], scene.declared()) == ("D", [("1.00", "1.00")])
    issued = api.as_("registrar").post(
        "/api/transcripts/issue/",
        {"student_id": row["student_id"], "document": "transcript", "purpose": "visa", "copies": 1},
    )
    assert issued.status == 201, issued.content
    (assessment,) = api.as_("examcell").get(f"/api/assessments/?section_id={section}").json["results"]
    cell = {"assessment_id": assessment["id"], "mark": "scored", "score": "49"}
    case = opened(api, kind="recheck", changes=[{"result_id": row["id"], "scores": [cell]}])
    impact = api.as_("registrar").get(f"/api/cases/{case['id']}/impact/").json
    assert (impact["results"][0]["new"]["grade"], impact["records"][0]["new_credits_earned"]) == ("F", "0.00")
    assert impact["supersedes"] == [issued.json["serial"]]
    carry(api, case["id"])
    after = result(api, row["id"])
    assert (after["total"], after["grade"], after["outcome"]) == ("49", "F", "fail")
    student = api.as_("registrar").get(f"/api/students/{row['student_id']}/").json
    assert (student["cgpa"], student["credits_earned"]) == ("0.00", "0.00")
    api.client.app.state.data = api.data
    document_now = api.as_("registrar").get(f"/api/transcripts/issued/{issued.json['serial']}/").json
    assert document_now["status"] == "superseded"


def test_a_recheck_that_may_not_fall_is_told_so_and_ends_without_a_change(
    api: Api, university: University
) -> None:
    policy = {**default_policy(), "recheck": {"window_days": 15, "may_fall": False}}
    scene, (one,) = published(api, university, policy=policy)
    lower = open_case(api, kind="recheck", changes=[_final(scene, one, "30")])
    assert (lower.status, lower.json["errors"][0]["pointer"]) == (400, "/changes/0/scores")
    case = opened(api, "student", kind="recheck", result_ids=[one])
    propose = api.as_("faculty")
    silent = propose.post(f"/api/cases/{case['id']}/propose/", {"changes": []})
    assert (silent.status, silent.json["errors"][0]["pointer"]) == (400, "/finding")
    found = propose.post(f"/api/cases/{case['id']}/propose/", {"changes": [], "finding": "The total stands"})
    assert found.status == 200, found.content
    impact = api.as_("head").get(f"/api/cases/{case['id']}/impact/").json
    assert impact == {"results": [], "records": [], "supersedes": []}
    assert carry(api, case["id"])["finding"] == "The total stands"
    assert result(api, one)["grade"] == "B+"


def test_a_script_marked_again_is_settled_by_a_third_examiner(api: Api, university: University) -> None:
    rule = {"window_days": 15, "third_examiner": {"difference": "10%", "take": "mean_of_nearest"}}
    scene, (one,) = published(api, university, policy={**default_policy(), "recheck": rule})
    final = scene["assessments"][2]

    def ask(**script: Any) -> Any:
        change = {"result_id": one, "examined": [{"assessment_id": final, **script}]}
        return open_case(api, kind="re_evaluation", changes=[change])

    apart = ask(second="90")
    assert (apart.status, apart.json["errors"][0]["pointer"]) == (400, "/changes/0/examined/0/third")
    case = ask(second="90", third="85")
    assert case.status == 201, case.content
    carry(api, case.json["id"])
    assert result(api, one)["total"] == "83.75"  # 16 + 24 + half of 87.5


def test_a_recheck_is_asked_for_within_its_window_by_the_campus_calendar(
    api: Api, university: University, database_url: TestDatabase
) -> None:
    with calendar_of(database_url) as calendar:
        calendar.go_to("2026-11-01", hour=20)  # already the 2nd at the campus
        _, (one,) = published(api, university)
        calendar.go_to("2026-11-17", hour=20)  # the 18th
        late = open_case(api, "student", kind="recheck", result_ids=[one])
        assert (late.status, late.code, late.json["last_day"]) == (409, "cases.window_closed", "2026-11-17")
        calendar.go_to("2026-11-17", hour=18)
        assert open_case(api, "student", kind="recheck", result_ids=[one]).status == 201


def test_a_term_may_give_everybody_longer_to_ask(
    api: Api, university: University, database_url: TestDatabase
) -> None:
    with calendar_of(database_url) as calendar:
        calendar.go_to("2026-11-01")
        scene, (one,) = published(api, university)
        university.run("UPDATE term SET recheck_until = '2026-12-01' WHERE id = %(id)s", id=scene["term"])
        calendar.go_to("2026-12-02")
        assert open_case(api, "student", kind="recheck", result_ids=[one]).code == "cases.window_closed"
        calendar.go_to("2026-12-01")
        assert open_case(api, "student", kind="recheck", result_ids=[one]).status == 201


def test_a_student_asks_for_the_own_result_and_sees_the_own_case_only(
    api: Api, university: University
) -> None:
    _, (own, other) = published(api, university, 2)
    student = api.as_("student")
    assert open_case(api, "student", kind="recheck", result_ids=[other]).status == 404
    for body in (
        {"kind": "correction", "result_ids": [own]},
        {"kind": "grace", "registration_id": 1, "term_id": 1},
    ):
        assert open_case(api, "student", **body).code == "auth.not_permitted"
    told = open_case(
        api, "student", kind="recheck", result_ids=[own], changes=[{"result_id": own, "new_grade": "A"}]
    )
    assert (told.status, told.json["errors"][0]["code"]) == (400, "proposal")
    case = opened(api, "student", kind="recheck", result_ids=[own])
    assert (case["state"], [r["result_id"] for r in case["results"]]) == ("requested", [own])
    opened(api, kind="correction", result_ids=[other])
    assert [row["id"] for row in student.get("/api/cases/").json["results"]] == [case["id"]]
    assert student.get(f"/api/cases/{case['id']}/").status == 200
    assert student.get(f"/api/cases/{case['id'] + 1}/").status == 404
    assert student.get(f"/api/cases/{case['id']}/impact/").code == "auth.not_permitted"
    assert student.post(f"/api/cases/{case['id']}/approve/", {"approved": True}).status == 403
    again = open_case(api, "student", kind="recheck", result_ids=[own])
    assert (again.status, again.code) == (409, "cases.open")
    assert student.post(f"/api/cases/{case['id']}/withdraw/").json["state"] == "withdrawn"
    assert opened(api, "student", kind="recheck", result_ids=[own])["state"] == "requested"


def test_the_counter_takes_an_application_for_a_recheck_and_proposes_nothing(
    api: Api, university: University
) -> None:
    _, (one,) = published(api, university)
    assert open_case(api, "counter", kind="correction", result_ids=[one]).code == "auth.not_permitted"
    case = opened(api, "counter", kind="recheck", result_ids=[one])
    assert api.as_("counter").post(f"/api/cases/{case['id']}/propose/", {"changes": []}).status == 403
    rejected = decide(api, case["id"], "examcell", approved=False, reason="the fee was not paid")
    assert rejected.status == 200, rejected.content
    assert (rejected.status, rejected.json["state"]) == (200, "rejected")


def test_who_sees_a_case_follows_who_sees_its_results(api: Api, university: University) -> None:
    _, (one,) = published(api, university)
    university.account("otherhead", ("head", university.department("EE")))
    case = opened(api, kind="correction", result_ids=[one])
    path = f"/api/cases/{case['id']}/"
    for who in ("admin", "registrar", "examcell", "dean", "head", "faculty2", "auditor", "counter"):
        assert api.as_(who).get(path).status == 200, who
    for who in ("stranger", "otherhead", "student"):
        assert api.as_(who).get(path).status == 404, who
        assert api.as_(who).get("/api/cases/").json["results"] == [], who
    assert api.as_("accounts").get(path).status == 403
    assert open_case(api, "stranger", kind="correction", result_ids=[one]).status == 404
    listed = api.as_("head").get("/api/cases/?kind=correction&state=requested&decidable=false&search=number")
    assert [row["id"] for row in listed.json["results"]] == [case["id"]]
    assert api.as_("head").get("/api/cases/?kind=nonsense").status == 400


def test_every_fault_of_a_case_is_named(api: Api, university: University) -> None:
    scene, (one,) = published(api, university)
    empty = open_case(api, kind="correction")
    assert [f["pointer"] for f in empty.json["errors"]] == ["/result_ids"]
    wrong = open_case(
        api,
        kind="correction",
        result_ids=[one],
        term_id=scene["term"],
        judgment={"penalty": "paper_cancelled"},
    )
    pointers = [f["pointer"] for f in wrong.json["errors"]]
    assert pointers == ["/term_id", "/judgment", "/authority"]
    bad = open_case(
        api,
        kind="correction",
        changes=[{"result_id": one, "new_grade": "Z"}, {"result_id": one, "new_grade": "A"}],
    )
    assert [(f["pointer"], f["code"]) for f in bad.json["errors"]] == [
        ("/changes/0/new_grade", "unknown_grade"),
        ("/changes/1/result_id", "repeated"),
    ]
    assert open_case(api, kind="correction", result_ids=[999999]).status == 404
    not_open = open_case(api, kind="incomplete_completion", result_ids=[one])
    assert (not_open.status, not_open.code) == (400, "cases.invalid")


def test_a_freeze_in_between_does_not_stop_a_case(api: Api, university: University) -> None:
    scene, (one, two) = published(api, university, 2)
    case = opened(api, kind="correction", changes=[_final(scene, one, "80"), _final(scene, two, "30")])
    decide(api, case["id"], "head")
    api.as_("examcell").post("/api/results/freeze/", {"result_ids": [one]})
    # A freeze is no other result: it is applied to the frozen row.
    assert decide(api, case["id"], "registrar").json["state"] == "applied"
    assert (result(api, one)["grade"], result(api, one)["state"]) == ("A-", "frozen")
