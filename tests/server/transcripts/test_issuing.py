"""Issuing at the counter: what is sealed, what stops it, and what is remembered for ever."""

import hashlib
import json
import re
import subprocess

import pypdfium2
import pytest
import zxingcpp

from sims_server.transcripts.operations.keys import ensure_demo_keys, manage_keys
from sims_shared.seal import Verdict, judge_file, judge_text
from tests.support.database import server_connection
from tests.support.published import issue, pdf_of, trust_of, wanted


def printed_code(pdf):
    document = pypdfium2.PdfDocument(pdf)
    try:
        images = [
            document[number].render(scale=150 / 72, grayscale=True).to_pil()
            for number in range(len(document))
        ]
        return [found.text for image in images for found in zxingcpp.read_barcodes(image)]
    finally:
        document.close()


def test_nothing_is_sealed_before_there_are_keys(api, record):
    reply = api.as_("counter").post("/api/transcripts/issue/", wanted(record))
    assert (reply.status, reply.code) == (409, "transcripts.no_keys")
    assert record.university.row("SELECT count(*) FROM issued_document") == 0


def test_a_transcript_is_sealed_and_a_stranger_believes_it(api, record, keys):
    made = issue(api, record)
    assert re.fullmatch(r"TR-\d{4}-000001", made["serial"])
    assert made["copies"] == [{k: made[k] for k in ("serial", "verify_url", "sha256")}]
    pdf = pdf_of(api, made["serial"])
    assert hashlib.sha256(pdf).hexdigest() == made["sha256"]
    judgment = judge_file(pdf, trust_of(api))
    assert (judgment.verdict, judgment.faults) == (Verdict.GENUINE, [])
    assert (judgment.serial, judgment.cgpa, judgment.credits) == (made["serial"], "3.17", "11")
    assert printed_code(pdf) == [made["verify_url"]]
    scanned = judge_text(made["verify_url"], trust_of(api))
    assert scanned.verdict is Verdict.GENUINE
    assert [(course.code, course.grade) for course in scanned.courses] == [
        ("CS-111", "A-"),
        ("MT-111", "B-"),
        ("CS-112", "B"),
    ]


def test_the_paper_says_what_the_record_says(api, record, keys, tmp_path):
    pdf = pdf_of(api, issue(api, record)["serial"])
    (tmp_path / "t.pdf").write_bytes(pdf)
    text = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "t.pdf"), "-"], capture_output=True, check=True
    ).stdout.decode()
    for words in (
        *("STUDENT NAME ONE", "طالب علم", "FATHER NAME ONE", "2022-XU-BSCS-0417", "FALL 2022", "SPRING 2023"),
        *("PROGRAM IN PROGRESS", "END OF TRANSCRIPT", "Fall 2022", "Grades from 85 A (4.00)", "/CE/2023"),
    ):
        assert words in text


def test_every_copy_has_a_serial_of_its_own(api, record, keys):
    made = issue(api, record, copies=3)
    serials = [copy["serial"] for copy in made["copies"]]
    assert len(set(serials)) == 3
    assert made["serial"] == serials[0]
    assert len({copy["sha256"] for copy in made["copies"]}) == 3
    for copy in made["copies"]:
        assert judge_file(pdf_of(api, copy["serial"]), trust_of(api)).serial == copy["serial"]


def test_serials_have_no_gaps_even_when_an_issue_is_refused(api, record, keys):
    first = issue(api, record)["serial"]
    hold = record.hold()
    assert api.as_("counter").post("/api/transcripts/issue/", wanted(record)).status == 409
    record.university.run("UPDATE hold SET lifted_at = now() WHERE id = %(id)s", id=hold)
    second = issue(api, record)["serial"]
    assert int(second[-6:]) == int(first[-6:]) + 1


def test_a_hold_stops_the_issue_in_words_with_whom_to_see(api, record, keys):
    record.hold(amount=12400)
    reply = api.as_("counter").post("/api/transcripts/issue/", wanted(record))
    assert (reply.status, reply.code) == (409, "transcripts.held")
    for words in ("Fee hold", "12,400", "Fee of Fall 2023 not paid", "Accounts office"):
        assert words in reply.json["detail"]


def test_a_hold_that_only_marks_prints_its_words(api, record, keys):
    record.hold(kind="library", effect="watermark")
    content = (
        api.as_("counter").get(f"/api/transcripts/issued/{issue(api, record)['serial']}/").json["content"]
    )
    assert content["remark"] == "Issued while a hold is open: library"


def test_a_lifted_hold_and_a_hold_of_another_kind_do_not_stop_it(api, record, keys):
    record.university.insert(
        "hold", student_id=record.student, kind="academic", blocks=["enrollment"], reason="x"
    )
    issue(api, record)


def test_an_approved_change_supersedes_what_printed_the_old_grade_and_is_told_at_the_next_issue(
    api, record, keys
):
    old = issue(api, record)
    change = record.change("CS-112", "A", "4.00", "86")
    line = api.as_("registrar").get(f"/api/transcripts/issued/{old['serial']}/").json
    assert line["status"] == "superseded"
    assert (
        api.anonymous.get(f"/api/transcripts/verify/{old['verify_url'].rsplit('/', 1)[1]}/").json["status"]
        == "superseded"
    )
    new = issue(api, record)
    assert [(d["course"], d["before"], d["after"], d["change_id"]) for d in new["differences"]] == [
        ("CS-112", "B (72)", "A (86)", change)
    ]
    verdict = api.anonymous.post(
        "/api/transcripts/verify-file/", files={"file": ("t.pdf", pdf_of(api, old["serial"]))}
    )
    assert verdict.json["verdict"] == "superseded"


def test_a_row_that_changed_without_an_approved_change_stops_the_print(api, record, keys, database_url):
    import psycopg

    issue(api, record)
    with psycopg.connect(database_url.superuser_url) as breaker:  # what nobody but the owner can do
        breaker.execute("ALTER TABLE result DISABLE TRIGGER USER")
        breaker.execute("UPDATE result SET grade = 'A' WHERE id = %s", [record.results["MT-111"]])
        breaker.execute("ALTER TABLE result ENABLE TRIGGER USER")
    reply = api.as_("counter").post("/api/transcripts/issue/", wanted(record))
    assert (reply.status, reply.code) == (409, "transcripts.differs")
    assert "MT-111" in reply.json["detail"]


def test_added_terms_pass(api, record, keys):
    issue(api, record)
    record.terms.append(record.term("Fall 2023", record.university.row("SELECT date '2023-09-01'")))
    record.add("CS-211", "Data Structures", "4", "79", "B+", "3.30", 2)
    assert issue(api, record)["differences"] == []


def test_only_published_and_frozen_results_are_printed(api, record, keys):
    course = record.university.course(record.place["department"], "CS-999")
    section = record.university.section(course, record.place["term"], "Z")
    enrollment = record.university.enrollment(record.registration, section)
    record.university.row(
        "INSERT INTO result (enrollment_id, registration_id, student_id, section_id, term_id, course_id, "
        "grade, credits, outcome, regulation_id) "
        "VALUES (%(e)s, %(r)s, %(s)s, %(x)s, %(t)s, %(c)s, 'A', 3, 'pass', %(u)s) RETURNING id",
        e=enrollment,
        r=record.registration,
        s=record.student,
        x=section,
        t=record.place["term"],
        c=course,
        u=record.place["regulation"],
    )
    content = (
        api.as_("counter").get(f"/api/transcripts/issued/{issue(api, record)['serial']}/").json["content"]
    )
    assert "CS-999" not in json.dumps(content)


def test_a_duplicate_says_so_and_voids_the_earlier_one(api, record, keys):
    first = issue(api, record)
    second = issue(api, record, kind="duplicate")
    detail = api.as_("counter").get(f"/api/transcripts/issued/{second['serial']}/").json
    assert (detail["kind"], detail["content"]["replaces"]) == ("duplicate", first["serial"])
    assert (
        api.as_("counter").get(f"/api/transcripts/issued/{first['serial']}/").json["status"] == "superseded"
    )


def test_of_several_papers_a_duplicate_replaces_one_and_a_corrected_one_all_of_its_examination(
    api, record, keys
):
    def made(document="transcript", **said):
        return issue(api, record, document=document, **said)

    def standing():
        listed = api.as_("counter").get("/api/transcripts/issued/").json["results"]
        return {one["serial"] for one in listed if one["status"] == "valid"}

    first, second = (copy["serial"] for copy in made(copies=2)["copies"])
    lost = made(kind="duplicate", replaces=first)["serial"]
    assert standing() == {second, lost}
    newest, oldest = (
        one["term_id"]
        for one in api.as_("counter").get(f"/api/transcripts/{record.student}/examinations/").json["results"]
    )
    old = made("dmc", term_id=oldest)["serial"]
    new = [made("dmc")["serial"], made("dmc", term_id=newest)["serial"]]  # the latest where none is named
    assert standing() == {second, lost, old, *new}
    right = made("dmc", kind="corrected")["serial"]
    assert standing() == {second, lost, old, right}
    assert made(kind="corrected")["serial"] in standing()
    assert not standing() & {second, lost}


def test_a_student_of_two_programs_gets_the_paper_of_each(api, record, keys):
    other = record.university.program(record.place["department"], "BSSE")
    second = record.university.registration(
        record.student, other, record.place["regulation"], "2024-SE-1", is_current=False
    )
    content = (
        api.as_("counter")
        .get(f"/api/transcripts/issued/{issue(api, record, registration_id=second)['serial']}/")
        .json["content"]
    )
    assert content["registration"]["reg_no"] == "2024-SE-1"
    assert content["terms"] == []
    assert content["summary"]["cgpa"] == "-"
    stranger = record.university.student("Somebody Else")
    foreign = record.university.registration(stranger, other, record.place["regulation"], "2024-SE-2")
    reply = api.as_("counter").post("/api/transcripts/issue/", wanted(record, registration_id=foreign))
    assert reply.status == 404


def test_a_marks_certificate_is_of_one_examination(api, record, keys):
    made = issue(api, record, document="dmc")
    assert made["serial"].startswith("DMC-")
    content = api.as_("counter").get(f"/api/transcripts/issued/{made['serial']}/").json["content"]
    assert [row["code"] for row in content["marks"]["rows"]] == ["CS-112"]
    assert content["marks"]["in_words"] == "seventy-two"
    earlier = issue(api, record, document="dmc", term_id=record.terms[0])
    content = api.as_("counter").get(f"/api/transcripts/issued/{earlier['serial']}/").json["content"]
    assert len(content["marks"]["rows"]) == 2
    assert judge_file(pdf_of(api, made["serial"]), trust_of(api)).verdict is Verdict.GENUINE


def test_a_provisional_certificate_waits_for_completion(api, record, keys):
    reply = api.as_("counter").post("/api/transcripts/issue/", wanted(record, document="provisional"))
    assert (reply.status, reply.code) == (409, "transcripts.not_complete")
    record.university.run(
        "UPDATE registration SET status = 'completed' WHERE id = %(id)s", id=record.registration
    )
    made = issue(api, record, document="provisional")
    assert judge_file(pdf_of(api, made["serial"]), trust_of(api)).verdict is Verdict.GENUINE


def test_bad_input_is_refused_with_every_fault(api, record, keys):
    counter = api.as_("counter")
    reply = counter.post("/api/transcripts/issue/", {"student_id": "x", "copies": 0, "colour": "red"})
    assert reply.status == 400
    assert {fault["pointer"] for fault in reply.json["errors"]} >= {
        "/student_id",
        "/copies",
        "/colour",
        "/document",
        "/purpose",
    }
    assert (
        counter.post("/api/transcripts/issue/", wanted(record, document="poem")).code
        == "transcripts.document_unknown"
    )
    reply = counter.post("/api/transcripts/issue/", wanted(record, copies=2, stock_numbers=["S-1"]))
    assert (reply.status, reply.json["errors"][0]["pointer"]) == (400, "/stock_numbers")
    assert counter.post("/api/transcripts/issue/", {**wanted(record), "student_id": 10**15}).status == 404


def test_a_name_that_no_typeface_can_print_is_refused_and_never_boxed(api, record, keys):
    record.university.run("UPDATE student SET name_native = '学生' WHERE id = %(id)s", id=record.student)
    reply = api.as_("counter").post("/api/transcripts/issue/", wanted(record))
    assert (reply.status, reply.code) == (409, "transcripts.name_unprintable")


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("counter", 201),
        ("registrar", 201),
        ("examcell", 403),
        ("faculty", 403),
        ("head", 403),
        ("student", 403),
        ("admin", 403),
        ("auditor", 403),
    ],
)
def test_who_may_issue(api, record, keys, who, status):
    assert api.as_(who).post("/api/transcripts/issue/", wanted(record)).status == status


def test_the_same_key_issues_once(api, record, keys):
    counter = api.as_("counter")
    replies = [
        counter.post("/api/transcripts/issue/", wanted(record), headers={"Idempotency-Key": "k1"})
        for _ in range(2)
    ]
    assert replies[0].json == replies[1].json
    assert replies[1].headers["idempotent-replay"] == "true"
    assert record.university.row("SELECT count(*) FROM issued_document") == 1


def test_the_register_is_listed_and_filtered(api, record, keys):
    first, second = issue(api, record), issue(api, record)
    registrar = api.as_("registrar")
    registrar.post(f"/api/transcripts/issued/{first['serial']}/revoke/", {"reason": "stolen"})
    page = registrar.get("/api/transcripts/issued/?count=true").json
    assert page["count"] == 2
    assert [line["serial"] for line in page["results"]] == [second["serial"], first["serial"]]
    line = page["results"][0]
    assert line["student"] == {"name": "STUDENT NAME ONE", "reg_no": "2022-XU-BSCS-0417"}
    assert line["issued_by"]["name"] == "Counter"
    for query, expected in (
        (f"student_id={record.student}", 2),
        (f"serial={first['serial']}", 1),
        ("status=revoked", 1),
        ("status=valid", 1),
        ("student_id=999999", 0),
    ):
        assert len(registrar.get(f"/api/transcripts/issued/?{query}").json["results"]) == expected, query
    assert api.as_("faculty").get("/api/transcripts/issued/").status == 403
    assert api.as_("examcell").get(f"/api/transcripts/issued/{first['serial']}/").status == 200
    assert registrar.get("/api/transcripts/issued/TR-1999-000001/").status == 404


def test_revoking_is_for_ever_and_known_at_once(api, record, keys):
    made = issue(api, record)
    path = f"/api/transcripts/issued/{made['serial']}/revoke/"
    assert api.as_("counter").post(path, {"reason": "x"}).status == 403
    assert api.as_("registrar").post(path, {}).status == 400
    reply = api.as_("registrar").post(path, {"reason": "issued to the wrong person"})
    assert (reply.status, reply.json["status"]) == (200, "revoked")
    assert reply.json["history"][0]["reason"] == "issued to the wrong person"
    assert api.as_("registrar").post(path, {"reason": "again"}).code == "transcripts.already_revoked"
    token = made["verify_url"].rsplit("/", 1)[1]
    assert api.anonymous.get(f"/api/transcripts/verify/{token}/").json["status"] == "revoked"


def test_issued_documents_cannot_be_touched_by_the_application(api, record, keys, database_url):
    import psycopg

    issue(api, record)
    for statement in (
        "UPDATE issued_document SET content = '{}'",
        "DELETE FROM issued_document",
        "UPDATE issued_document_file SET pdf = ''",
        "DELETE FROM issued_document_status",
        "TRUNCATE issued_document CASCADE",
    ):
        with (
            server_connection(database_url.app_url) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement)


def test_the_custody_ledger_binds_sheets_and_voids_spoiled_ones(api, record, keys):
    made = issue(api, record, stock_numbers=["S-100"])
    path = f"/api/transcripts/issued/{made['serial']}/print/"
    counter = api.as_("counter")
    first = counter.post(path, {"printer": "HP-3", "stock_numbers": ["S-100"], "outcome": "printed"})
    assert first.status == 200, first.json
    assert [(s["stock_number"], s["outcome"]) for s in first.json["sheets"]] == [
        ("S-100", "bound"),
        ("S-100", "printed"),
    ]
    again = {"printer": "HP-3", "stock_numbers": ["S-101"], "outcome": "printed"}
    assert counter.post(path, again).code == "transcripts.reason_needed"
    spoiled = {"printer": "HP-3", "stock_numbers": ["S-100"], "outcome": "spoiled"}
    assert counter.post(path, spoiled).code == "transcripts.reason_needed"
    assert counter.post(path, {**spoiled, "reason": "jam"}).status == 200
    assert counter.post(path, again).status == 200  # the only good sheet was spoiled
    assert counter.post(path, {**spoiled, "reason": "jam"}).code == "transcripts.stock_number_taken"
    assert pdf_of(api, made["serial"]) == pdf_of(api, made["serial"])
    assert hashlib.sha256(pdf_of(api, made["serial"])).hexdigest() == made["sha256"]


def test_a_sheet_of_stationery_belongs_to_one_document(api, record, keys):
    issue(api, record, stock_numbers=["S-100"])
    reply = api.as_("counter").post("/api/transcripts/issue/", wanted(record, stock_numbers=["S-100"]))
    assert (reply.status, reply.code) == (409, "transcripts.stock_number_taken")


def test_a_document_that_is_no_longer_valid_is_not_printed(api, record, keys):
    made = issue(api, record)
    api.as_("registrar").post(f"/api/transcripts/issued/{made['serial']}/revoke/", {"reason": "x"})
    reply = api.as_("counter").post(
        f"/api/transcripts/issued/{made['serial']}/print/",
        {"printer": "HP-3", "stock_numbers": [], "outcome": "printed"},
    )
    assert (reply.status, reply.code) == (409, "transcripts.not_valid")


def test_opening_a_sealed_file_is_a_disclosure(api, record, keys):
    pdf_of(api, issue(api, record)["serial"])
    row = record.university.rows("SELECT actor_id, student_id, what FROM disclosure")[-1]
    assert (row["actor_id"], row["student_id"]) == (record.place["counter"], record.student)


def test_a_demo_makes_its_own_keys_and_says_demo(api, record, data):
    record.university.run("UPDATE system SET demo = true")
    ensure_demo_keys(api.database, data)
    ensure_demo_keys(api.database, data)
    made = issue(api, record)
    judgment = judge_file(pdf_of(api, made["serial"]), trust_of(api))
    assert (judgment.verdict, judgment.demo) == (Verdict.GENUINE, True)
    assert "DEMO" in judgment.in_words
    assert api.as_("counter").get(f"/api/transcripts/issued/{made['serial']}/").json["demo"] is True


def test_rotated_keys_leave_old_documents_genuine(api, record, keys, data, capsys):
    old = issue(api, record)
    assert manage_keys(api.database, data, "rotate") == 0
    assert len(capsys.readouterr().out.splitlines()) == 6
    new = issue(api, record)
    for made in (old, new):
        assert judge_file(pdf_of(api, made["serial"]), trust_of(api)).verdict is Verdict.GENUINE
        assert (
            api.anonymous.get(f"/api/transcripts/verify/{made['verify_url'].rsplit('/', 1)[1]}/").status
            == 200
        )
    rows = record.university.rows("SELECT retired_at IS NULL AS current, purpose FROM signing_key")
    assert sorted((row["purpose"], row["current"]) for row in rows) == sorted(
        (purpose, current) for purpose in ("code", "document", "status") for current in (False, True)
    )


def test_keys_are_made_once_and_lie_where_only_the_server_reads(api, record, keys, data, capsys):
    assert manage_keys(api.database, data, "make") == 1
    assert "already" in capsys.readouterr().err
    assert manage_keys(api.database, data, "list") == 0
    for path in (data / "keys").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
        assert b"PRIVATE" not in path.read_bytes()


def test_listing_keys_where_there_are_none_ends_with_one(api, record, data, capsys):
    assert manage_keys(api.database, data, "list") == 1
    assert "no keys" in capsys.readouterr().err


def test_from_a_teachers_sheet_to_the_sealed_paper(api, university, data, capsys):
    place = university.stand(students=2)
    for enrollment, marks in zip(place["enrollments"], ((16, 40, 70), (20, 45, None)), strict=True):
        for assessment, mark in zip(place["assessments"], marks, strict=True):
            university.score(enrollment, assessment, mark, "absent" if mark is None else "scored")
    section = place["section"]
    rev = api.as_("faculty").get(f"/api/sheets/{section}/").json["rev"]
    assert api.as_("faculty").post(f"/api/sheets/{section}/submit/", {"rev": rev}).status == 200
    rev = api.as_("head").get(f"/api/sheets/{section}/").json["rev"]
    assert api.as_("head").post(f"/api/sheets/{section}/approve/", {"rev": rev}).status == 200
    reply = api.as_("examcell").post("/api/results/publish/", {"section_id": section})
    assert reply.status == 200, reply.json
    assert manage_keys(api.database, data, "make") == 0
    capsys.readouterr()
    papers = []
    for student in place["students"]:
        body = {"student_id": student, "document": "transcript", "purpose": "visa", "copies": 1}
        made = api.as_("counter").post("/api/transcripts/issue/", body)
        assert made.status == 201, made.json
        detail = api.as_("counter").get(f"/api/transcripts/issued/{made.json['serial']}/").json["content"]
        papers.append(detail)
        judgment = judge_file(pdf_of(api, made.json["serial"]), trust_of(api))
        assert (judgment.verdict, judgment.faults) == (Verdict.GENUINE, [])
    (good,), (absent,) = (paper["terms"][0]["rows"] for paper in papers)
    # 16/20 of 20, 40/50 of 30, 70/100 of 50 is 75.
    assert (good["code"], good["marks"], good["grade"], good["points"], good["quality_points"]) == (
        *("CS-101", "75", "B+"),
        *("3.30", "9.90"),
    )
    assert absent["grade"] == "F(ABS)"
    assert papers[0]["summary"]["cgpa"] == "3.30"
    assert papers[0]["summary"]["derivation"] == "9.90/3, half up"
    assert (papers[0]["summary"]["attempted"], papers[0]["summary"]["earned"]) == ("3", "3")
    assert papers[1]["summary"]["cgpa"] == "0.00"
    assert papers[0]["terms"][0]["notification"]["number"]
    assert "(ABS) absent" in papers[1]["legend"][-1]
