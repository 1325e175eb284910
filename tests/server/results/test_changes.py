"""Changing a published grade: asked for by one, approved by two others in order, applied as approved."""

from __future__ import annotations

from typing import Any

import psycopg

from tests.server.results.scene import approve, enter, fill, publish, results
from tests.support.api import Api, Reply
from tests.support.policies import S1, document
from tests.support.university import University


def _published(
    api: Api, university: University, students: int = 1, **stand: Any
) -> tuple[dict[str, Any], list[int]]:
    scene = university.stand(students=students, **stand)
    fill(university, scene)
    approve(api, scene["section"])
    publish(api, scene["section"])
    return scene, [row["id"] for row in results(api, scene["section"])]


def _ask(api: Api, result_id: int, by: str = "faculty", **more: Any) -> Reply:
    body = {"result_id": result_id, "reason": "A page was missed", **more}
    return api.as_(by).post("/api/results/change-request/", body)


def _decide(api: Api, change_id: int, by: str, approved: bool = True, **more: Any) -> Reply:
    return api.as_(by).post(
        "/api/results/approve-change/", {"change_id": change_id, "approved": approved, **more}
    )


def test_a_change_by_grade_keeps_the_total_and_takes_the_points_of_the_regulation(
    api: Api, university: University
) -> None:
    scene, (result,) = _published(api, university)
    asked = _ask(api, result, new_grade="A-")
    assert asked.status == 201
    assert asked.headers["location"] == f"/api/pending-changes/{asked.json['id']}/"
    assert asked.json["scores"] == []
    impact = asked.json["impact"]
    assert (impact["old"]["grade"], impact["new"]["grade"], impact["new"]["grade_points"]) == (
        "B+",
        "A-",
        "3.70",
    )
    assert (impact["old"]["sgpa"], impact["new"]["sgpa"], impact["new"]["standing"]) == (
        "3.30",
        "3.70",
        "good_standing",
    )
    assert _decide(api, asked.json["id"], "dean").json["approvals"][0]["capacity"] == "dean"
    done = _decide(api, asked.json["id"], "registrar", reason="as the senate resolved").json
    assert (done["status"], [a["stage"] for a in done["approvals"]], done["approvals"][1]["capacity"]) == (
        "approved",
        [1, 2],
        "registrar",
    )
    (row,) = results(api, scene["section"])
    assert (row["total"], row["grade"], row["grade_points"], row["state"]) == (
        "75",
        "A-",
        "3.70",
        "published",
    )
    assert api.as_("student").get(f"/api/students/{scene['students'][0]}/").json["cgpa"] == "3.70"


def test_one_of_grade_and_scores_is_given_and_every_fault_of_the_cells_is_listed(
    api: Api, university: University
) -> None:
    scene, (result,) = _published(api, university)
    quiz, mid, final = scene["assessments"]
    assert _ask(api, result).status == 400
    assert _ask(api, result, new_grade="A", scores=[{"assessment_id": final, "mark": "absent"}]).status == 400
    bad = _ask(
        api,
        result,
        scores=[
            {"assessment_id": quiz, "mark": "scored", "score": "20.01"},
            {"assessment_id": mid, "mark": "absent", "score": "1"},
            {"assessment_id": 999999, "mark": "absent"},
        ],
    )
    assert (bad.status, bad.code) == (400, "results.change_invalid")
    assert [f["pointer"] for f in bad.json["errors"]] == [
        "/scores/0/score",
        "/scores/1/score",
        "/scores/2/assessment_id",
    ]
    for grade, code in (("B+", "unchanged"), ("Z", "unknown_grade")):
        answer = _ask(api, result, new_grade=grade)
        assert (answer.status, answer.json["errors"][0]["code"]) == (400, code)
    same = _ask(api, result, scores=[{"assessment_id": final, "mark": "scored", "score": "70"}])
    assert same.json["errors"][0]["code"] == "unchanged"
    blank = _ask(api, result, scores=[{"assessment_id": final, "mark": "pending"}])
    assert (blank.status, blank.code) == (400, "results.change_invalid")


def test_a_draft_is_corrected_on_its_sheet(api: Api, university: University) -> None:
    scene = university.stand(students=1)
    fill(university, scene)
    approve(api, scene["section"])
    (row,) = results(api, scene["section"])
    answer = _ask(api, row["id"], new_grade="A")
    assert (answer.status, answer.code) == (409, "results.wrong_state")


def test_one_change_of_a_result_waits_at_a_time(api: Api, university: University) -> None:
    _, (result,) = _published(api, university)
    first = _ask(api, result, new_grade="A").json["id"]
    second = _ask(api, result, by="examcell", new_grade="A-")
    assert (second.status, second.code, second.json["change_id"]) == (409, "results.change_pending", first)
    assert _decide(api, first, "head", approved=False, reason="no").json["status"] == "rejected"
    assert _ask(api, result, by="examcell", new_grade="A-").status == 201


def test_who_may_ask_and_decide_is_judged_before_what_is_asked(api: Api, university: University) -> None:
    _, (result,) = _published(api, university)
    university.account("otherhead", ("head", university.department("EE")))
    assert _ask(api, result, by="stranger", new_grade="A").status == 404
    assert _ask(api, result, by="otherhead", new_grade="A").status == 404
    for who in ("student", "counter", "admin", "auditor"):
        assert _ask(api, result, by=who, new_grade="A").status == 403
    change = _ask(api, result, new_grade="A").json["id"]
    assert _decide(api, change, "otherhead").status == 404
    assert _decide(api, 999999, "head").status == 404
    for who in ("faculty", "admin", "student"):
        assert _decide(api, change, who).code == "auth.not_permitted"


def test_decisions_are_judged_in_the_order_of_the_contract(api: Api, university: University) -> None:
    _, (result,) = _published(api, university)
    change = _ask(api, result, by="head", new_grade="A").json["id"]
    assert (_decide(api, change, "head").status, _decide(api, change, "head").code) == (
        403,
        "results.own_request",
    )
    assert _decide(api, change, "registrar").code == "results.stage"
    assert _decide(api, change, "examcell", approved=False).code == "results.stage"
    no_reason = _decide(api, change, "dean", approved=False)
    assert (no_reason.status, no_reason.json["errors"][0]["pointer"]) == (400, "/reason")
    assert _decide(api, change, "dean").status == 200
    assert _decide(api, change, "dean").code == "results.stage"
    assert _decide(api, change, "examcell").json["status"] == "approved"
    assert _decide(api, change, "head").code == "results.own_request"
    assert _decide(api, change, "registrar").code == "results.already_decided"


def test_the_two_approvals_are_two_peoples_even_when_one_holds_both_capacities(
    api: Api, university: University
) -> None:
    scene, (result,) = _published(api, university)
    university.account("both", ("head", scene["department"]), "exam_cell")
    change = _ask(api, result, new_grade="A").json["id"]
    assert _decide(api, change, "both").json["stage"] == 2
    second = _decide(api, change, "both")
    assert (second.status, second.code) == (409, "results.stage")
    assert _decide(api, change, "examcell").status == 200


def test_a_role_taken_away_between_the_stages_takes_its_power_away(api: Api, university: University) -> None:
    scene, (result,) = _published(api, university)
    change = _ask(api, result, new_grade="A").json["id"]
    assert _decide(api, change, "head").status == 200
    client = api.as_("examcell")
    university.run("DELETE FROM account_role WHERE account_id = %(id)s", id=scene["examcell"])
    assert client.post("/api/results/approve-change/", {"change_id": change, "approved": True}).status == 403


def test_a_rejection_leaves_the_result_and_says_why(api: Api, university: University) -> None:
    scene, (result,) = _published(api, university)
    change = _ask(api, result, new_grade="A").json["id"]
    _decide(api, change, "head")
    done = _decide(api, change, "examcell", approved=False, reason="no evidence").json
    assert (done["status"], done["approvals"][1]["reason"], done["stage"]) == (
        "rejected",
        "no evidence",
        None,
    )
    assert results(api, scene["section"])[0]["grade"] == "B+"
    assert len(api.as_("examcell").get("/api/notifications-of-result/").json["results"]) == 1


def test_a_freeze_between_request_and_approval_does_not_stand_in_its_way(
    api: Api, university: University
) -> None:
    scene, (result,) = _published(api, university)
    change = _ask(api, result, new_grade="A").json["id"]
    _decide(api, change, "head")
    api.as_("registrar").post("/api/results/freeze/", {"section_id": scene["section"]})
    assert _decide(api, change, "examcell").status == 200
    (row,) = results(api, scene["section"])
    assert (row["grade"], row["state"]) == ("A", "frozen")
    again = _ask(api, result, new_grade="C").json["id"]
    _decide(api, again, "head")
    assert _decide(api, again, "registrar").status == 200
    assert results(api, scene["section"])[0]["grade"] == "C"


def test_a_result_that_moved_is_not_changed_and_the_request_can_be_rejected(
    api: Api, university: University, database_url: Any
) -> None:
    _, (result,) = _published(api, university)
    change = _ask(api, result, new_grade="A").json["id"]
    with psycopg.connect(database_url.superuser_url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE result SET version = version + 3")
    moved = _decide(api, change, "head")
    assert (moved.status, moved.code) == (409, "results.moved")
    assert _decide(api, change, "head", approved=False, reason="ask again").status == 200


def test_each_sees_what_waits_for_them(api: Api, university: University) -> None:
    _, (result,) = _published(api, university)
    change = _ask(api, result, by="faculty", new_grade="A").json["id"]

    def inbox(who: str) -> list[int]:
        return [
            c["id"]
            for c in api.as_(who).get("/api/pending-changes/?status=pending&decidable=true").json["results"]
        ]

    assert (inbox("head"), inbox("dean"), inbox("examcell"), inbox("faculty")) == ([change], [change], [], [])
    _decide(api, change, "head")
    assert (inbox("head"), inbox("dean"), inbox("examcell"), inbox("registrar")) == (
        [],
        [],
        [change],
        [change],
    )
    shown = api.as_("faculty").get(f"/api/pending-changes/{change}/").json
    assert (shown["stage"], shown["decidable"], shown["approvals"][0]["approver"]["name"]) == (
        2,
        False,
        "Head",
    )
    assert api.as_("student").get("/api/pending-changes/").status == 403
    assert api.as_("student").get(f"/api/pending-changes/{change}/").status == 403
    assert api.as_("stranger").get(f"/api/pending-changes/{change}/").status == 404
    assert len(api.as_("auditor").get(f"/api/pending-changes/?result_id={result}").json["results"]) == 1


def test_a_recheck_may_fall_and_takes_the_credits_with_it(api: Api, university: University) -> None:
    """G37: 54 → 49 is D → F."""
    scene = university.stand(students=1, policy=document(S1, pass_={"total_min": "50"}))
    enter(university, scene, 0, [10, 20, 64])  # 10 + 12 + 32 = 54
    approve(api, scene["section"])
    publish(api, scene["section"])
    (row,) = results(api, scene["section"])
    assert (row["total"], row["grade"]) == ("54", "D")
    change = _ask(
        api, row["id"], scores=[{"assessment_id": scene["assessments"][2], "mark": "scored", "score": "54"}]
    ).json
    assert (change["new_total"], change["new_grade"]) == ("49", "F")
    assert (change["impact"]["old"]["credits_earned"], change["impact"]["new"]["credits_earned"]) == (
        "3.00",
        "0.00",
    )
    _decide(api, change["id"], "head")
    _decide(api, change["id"], "examcell")
    (term,) = api.as_("examcell").get("/api/term-results/").json["results"]
    assert (term["cgpa"], term["earned"]) == ("0.00", "0.00")


def test_where_a_mark_may_not_fall_a_lower_one_is_refused(api: Api, university: University) -> None:
    scene, (result,) = _published(api, university, policy=document(S1, recheck={"may_fall": False}))
    lower = _ask(
        api, result, scores=[{"assessment_id": scene["assessments"][2], "mark": "scored", "score": "10"}]
    )
    assert lower.json["errors"][0]["code"] == "may_not_fall"


def test_a_change_supersedes_the_documents_that_printed_the_old_grade(
    api: Api, university: University
) -> None:
    scene, (result,) = _published(api, university)
    document_id = university.insert(
        "issued_document",
        serial="TR-1",
        student_id=scene["students"][0],
        registration_id=scene["registrations"][0],
        document="transcript",
        purpose="abroad",
        content="{}",
        content_sha256="x",
        sha256="x",
        qr_text="x",
        check_code="ABCDEFGH",
        verify_url="x",
        pdf_key_id="x",
        qr_key_id="x",
        status_index=0,
        issued_at="2026-11-01T00:00:00Z",
        issued_by=scene["registrar"],
    )
    university.run(
        "INSERT INTO issued_document_result (document_id, result_id, total, grade) VALUES (%(d)s, "
        "%(r)s, '75', 'B+')",
        d=document_id,
        r=result,
    )
    change = _ask(api, result, new_grade="A").json
    assert change["impact"]["supersedes"] == ["TR-1"]
    _decide(api, change["id"], "head")
    assert university.row("SELECT document_status(%(id)s)", id=document_id) == "valid"
    _decide(api, change["id"], "examcell")
    assert university.row("SELECT document_status(%(id)s)", id=document_id) == "superseded"


def test_a_change_declares_the_term_and_every_later_one_anew(api: Api, university: University) -> None:
    scene, (first,) = _published(api, university)
    later = university.term("Spring 2027", start_date="2027-02-01", end_date="2027-06-01")
    section = university.section(university.course(scene["department"]), later, "A", 10, (scene["faculty"],))
    assessment = university.assessment(section)
    enrollment = university.enrollment(scene["registrations"][0], section)
    university.score(enrollment, assessment, 70)
    approve(api, section)
    publish(api, section)

    def cgpas() -> list[str]:
        rows = (
            api.as_("examcell")
            .get(f"/api/term-results/?registration_id={scene['registrations'][0]}")
            .json["results"]
        )
        return [row["cgpa"] for row in sorted(rows, key=lambda row: row["term_id"])]

    assert cgpas() == ["3.30", "3.15"]
    change = _ask(api, first, new_grade="A").json["id"]
    _decide(api, change, "head")
    _decide(api, change, "examcell")
    assert cgpas() == ["4.00", "3.50"]
    versions = university.row(
        "SELECT count(*) FROM term_result_version WHERE registration_id = %(id)s",
        id=scene["registrations"][0],
    )
    assert versions == 4
