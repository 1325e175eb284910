"""Roll-number slips: made from the notified list, stopped by name, one file of many pages."""

from __future__ import annotations

from typing import Any

import pypdfium2
import zxingcpp

from sims_server.kernel.jobs import run_job
from tests.server.examinations.conftest import campus_day, notify, paper, room
from tests.support.api import Api
from tests.support.university import University


def pages_of(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()


def code_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        image = document[0].render(scale=200 / 72, grayscale=True).to_pil()
        (symbol,) = zxingcpp.read_barcodes(image)
        return str(symbol.text)
    finally:
        document.close()


def printed(api: Api, **wish: Any) -> tuple[int, dict[str, Any]]:
    answer = api.as_("examcell").post("/api/exam-slips/", wish)
    assert answer.status == 202, answer.json
    job_id: int = answer.json["job_id"]
    run_job(api.database, api.data, job_id)
    found = api.as_("examcell").get(f"/api/jobs/{job_id}/").json
    assert found["status"] == "done", found
    return job_id, found["result"]


def test_a_slip_names_only_papers_that_the_notified_list_admits_to(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    student, path = api.as_("student"), f"/api/students/{scene['students'][0]}/exam-slip/"
    assert student.get(f"{path}pdf/").code == "examinations.nothing_to_sit", "no paper has a date"
    paper(api, scene["section"], 20, "09:00", [{"room_id": room(api, "A", 1)}, {"room_id": room(api, "B")}])
    paper(api, scene["second"], 21, "14:00", part="Practical")
    # Who is enrolled for the next term already still sits for this one.
    soon = {"start_date": campus_day(150), "end_date": campus_day(270), "enroll_until": None}
    later = university.section(scene["course"], university.term("Spring 2027", **soon))
    university.enrollment(scene["registrations"][0], later)
    slip = student.get(path).json
    assert [(one["course_code"], one["starts_at"], one["room"]) for one in slip["papers"]] == [
        ("CS-101", "09:00", "A")
    ]
    assert (slip["waiting"], slip["barred"], slip["held"]) == (["CS-202 A"], [], [])
    notify(api, scene["second"])
    pdf = student.get(f"{path}pdf/")
    (page,) = pages_of(pdf.content)
    for words in ("ROLL-NUMBER SLIP", "Student Number 1", "2024-CS-0001", "09:00 – 12:00", "Practical",
                  "to be announced", "none on record", "Controller of Examinations"):  # fmt: skip
        assert words in page, words
    said = code_of(pdf.content)
    assert said.startswith("SLIP 2024-CS-0001 / 2024-CS-0001 / FALL 2026 / CS-101 A ")
    assert "09:00 A" in said
    # Who is barred from one course sits the other; others' slips are nobody's business.
    assert student.get(f"/api/students/{scene['students'][1]}/exam-slip/").status == 404
    barred = api.as_("head").get(f"/api/students/{scene['students'][2]}/exam-slip/").json
    assert (barred["barred"], [one["course_code"] for one in barred["papers"]]) == (["CS-101 A"], ["CS-202"])
    disclosed = university.rows("SELECT student_id FROM disclosure WHERE what = 'roll-number slip'")
    assert disclosed == [], "a student's own slip is no disclosure"


def test_slips_of_a_section_are_one_file_and_whoever_is_stopped_is_named(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    paper(api, scene["section"], 20, "09:00", [{"room_id": room(api, "Hall A", 100)}])
    held = {"student_id": scene["students"][1], "kind": "fee", "reason": "Two semesters", "amount": "12400"}
    hold = api.as_("accounts").post("/api/holds/", held).json
    job_id, result = printed(api, term_id=scene["term"], section_id=scene["section"])
    assert result["done"] == 1
    (stopped,) = result["failed"]
    assert (stopped["reg_no"], stopped["code"]) == ("2024-CS-0002", "examinations.slip_held")
    assert stopped["detail"] == "Fee hold: Two semesters (12,400). See Accounts office."
    fetched = api.as_("examcell").get(f"/api/exam-slips/{job_id}/pdf/")
    assert fetched.headers["content-type"] == "application/pdf"
    assert [page.count("2024-CS-0001") > 0 for page in pages_of(fetched.content)] == [True]
    assert api.as_("registrar").get(f"/api/exam-slips/{job_id}/pdf/").status == 404, "another's file"
    # Chosen by hand, the barred one is told why; who only has a warning gets the slip.
    change = {"effect": "warn"}
    assert api.as_("accounts").patch(f"/api/holds/{hold['id']}/", change).status == 200
    job_id, result = printed(api, term_id=scene["term"], student_ids=scene["students"][1:])
    assert (result["done"], [one["detail"] for one in result["failed"]]) == (
        1,
        ["Barred by the notified list: CS-101 A."],
    )
    (page,) = pages_of(api.as_("examcell").get(f"/api/exam-slips/{job_id}/pdf/").content)
    assert "Fee hold: Two semesters (12,400)" in page
    rows = university.rows(
        "SELECT student_id, kind FROM disclosure WHERE what = 'roll-number slip' ORDER BY id"
    )
    assert [(row["student_id"], row["kind"]) for row in rows] == [
        (scene["students"][0], "printed"),
        (scene["students"][1], "printed"),
    ]


def test_nobody_is_sent_to_two_rooms_at_once_and_a_cancelled_job_makes_no_file(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    notify(api, scene["second"])
    paper(api, scene["section"], 20, "09:00")
    paper(api, scene["second"], 20, "11:00")
    path = f"/api/students/{scene['students'][0]}/exam-slip/pdf/"
    refused = api.as_("registrar").get(path)
    assert (refused.status, refused.code) == (409, "examinations.slip_clash")
    assert refused.json["papers"][0].startswith("CS-101 A and CS-202 A on ")
    _, result = printed(api, term_id=scene["term"])
    assert (result["done"], len(result["failed"])) == (1, 2), "the third writes only one of the two"
    examcell = api.as_("examcell")
    job_id = examcell.post("/api/exam-slips/", {"term_id": scene["term"]}).json["job_id"]
    assert examcell.post(f"/api/jobs/{job_id}/cancel/", {}).status == 200
    run_job(api.database, api.data, job_id)
    assert examcell.get(f"/api/exam-slips/{job_id}/pdf/").status == 404
    wrong = examcell.post("/api/exam-slips/", {"term_id": 99999, "section_id": scene["section"]})
    assert {fault["pointer"] for fault in wrong.json["errors"]} == {"/term_id", "/section_id"}
