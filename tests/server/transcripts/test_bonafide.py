"""The bonafide letter: who gets one, what it says and does not, and how long strangers may believe it."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from sims_server.kernel import clock
from sims_shared.seal import Verdict, apply_status, judge_file, judge_text, read_status_list
from sims_shared.seal.__main__ import describe
from tests.support.published import issue, pdf_of, trust_of, wanted

LIST = "/.well-known/sims-status.cbor"


@pytest.fixture(autouse=True)
def clock_again():
    yield
    clock.set_clock(None)


def enroll(record):
    """In the term that runs, the third of this registration."""
    university = record.university
    term = university.term("Fall of this year", kind="fall")
    section = university.section(record.place["course"], term)
    university.enrollment(record.registration, section)


def content_of(api, serial):
    return api.as_("counter").get(f"/api/transcripts/issued/{serial}/").json["content"]


def test_a_letter_says_that_somebody_is_a_student_and_no_result(api, record, keys, tmp_path):
    enroll(record)
    made = issue(api, record, document="bonafide", purpose="Passport application", stock_numbers=["S-1"])
    assert made["serial"].startswith("BF-")
    content = content_of(api, made["serial"])
    to, certified, purpose, valid = content["statements"]
    assert to == "To whom it may concern"
    assert "STUDENT NAME ONE, child of FATHER NAME ONE, registration 2022-XU-BSCS-0417" in certified
    in_semester = "in semester 3 of 8 of Program BSCS (intake Fall 2022, expected completion Spring "
    (began,) = record.university.rows("SELECT extract(year FROM max(start_date))::int AS year FROM term")
    assert f"{in_semester}{began['year'] + 3}), in the term Fall of this year (" in certified
    assert certified.endswith(": active.")
    assert purpose == "Issued on request for: Passport application."
    last_day = datetime.fromisoformat(content["valid_until"])
    assert last_day - datetime.fromisoformat(content["issued_on"]) == timedelta(days=90)
    assert valid == f"Valid until {last_day.day} {last_day:%B %Y}. It is not an academic result."
    assert content["issuer"]["office"] == "Office of the Registrar"
    signed = [(line["role"], line["designation"]) for line in content["signatories"]]
    assert signed == [("Prepared", ""), ("Signed", "For the Registrar")]
    empty = [content[name] for name in ("summary", "marks", "terms", "transfers", "legend")]
    assert empty == [None, None, [], [], []]
    pdf = pdf_of(api, made["serial"])
    (tmp_path / "letter.pdf").write_bytes(pdf)
    command = ["pdftotext", "-layout", str(tmp_path / "letter.pdf"), "-"]
    shown = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    assert "OFFICIAL BONAFIDE LETTER" in shown
    assert "bona fide student" in shown
    assert valid in shown
    for result in ("CGPA", "3.17", "Legend", "Programming", "Controller", "Compared"):
        assert result not in shown
    printed = record.university.rows("SELECT stock_number, outcome FROM printed_sheet")
    assert [tuple(row.values()) for row in printed] == [("S-1", "bound")]


def test_what_the_record_does_not_know_is_not_said(api, record, keys):
    made = issue(api, record, document="bonafide", addressee="The Consul General")  # no term is theirs today
    to, certified, *_ = content_of(api, made["serial"])["statements"]
    assert to == "To: The Consul General"
    assert "enrolled in Program BSCS (intake Fall 2022). Status" in certified
    enroll(record)
    record.university.run("UPDATE program SET semesters = 2 WHERE id = %(id)s", id=record.place["program"])
    certified = content_of(api, issue(api, record, document="bonafide")["serial"])["statements"][1]
    assert "semester" not in certified, "the third of two"
    assert "in the term Fall of this year" in certified


@pytest.mark.parametrize("status", ["on_leave", "struck_off", "completed"])
def test_who_is_not_enrolled_gets_no_letter_and_is_told_the_status(api, record, keys, status):
    record.university.run(
        "UPDATE registration SET status = %(status)s WHERE id = %(id)s", status=status, id=record.registration
    )
    reply = api.as_("counter").post("/api/transcripts/issue/", wanted(record, document="bonafide"))
    assert (reply.status, reply.code) == (409, "transcripts.not_enrolled")
    assert reply.json["status_now"] == status
    assert status.replace("_", " ") in reply.json["detail"]
    copy = api.as_("counter").get(f"/api/transcripts/{record.student}/?document=bonafide")
    assert (copy.status, copy.code) == (409, "transcripts.not_enrolled")


def test_an_earlier_registration_gets_no_letter(api, record, keys):
    other = record.university.insert(
        "program", code="BBA", name="BBA", department_id=record.place["department"], level="undergraduate"
    )
    earlier = record.university.registration(
        record.student, other, record.place["regulation"], "2020-XU-BBA-1", is_current=False
    )
    reply = api.as_("counter").post(
        "/api/transcripts/issue/", wanted(record, document="bonafide", registration_id=earlier)
    )
    assert (reply.status, reply.code) == (409, "transcripts.not_enrolled")
    assert "2020-XU-BBA-1 is not the current registration" in reply.json["detail"]


def test_a_hold_stops_it_and_a_changed_grade_does_not_touch_it(api, record, keys):
    made = issue(api, record, document="bonafide")
    transcript = issue(api, record)
    record.change("CS-112", "C", "2.00", "60")
    listed = api.as_("counter").get("/api/transcripts/issued/").json["results"]
    assert {one["serial"]: one["status"] for one in listed} == {
        transcript["serial"]: "superseded",
        made["serial"]: "valid",
    }
    hold = record.hold()
    reply = api.as_("counter").post("/api/transcripts/issue/", wanted(record, document="bonafide"))
    assert (reply.status, reply.code) == (409, "transcripts.held")
    record.university.run("UPDATE hold SET effect = 'watermark' WHERE id = %(id)s", id=hold)
    again = issue(api, record, document="bonafide", kind="duplicate")
    assert content_of(api, again["serial"])["replaces"] == made["serial"]
    assert judge_file(pdf_of(api, again["serial"]), trust_of(api)).faults == []
    lost = api.anonymous.get(f"/V/{made['verify_url'].split('/V/')[1]}")
    assert b"SUPERSEDED" in lost.content


def test_a_duplicate_takes_the_place_of_the_one_letter_it_duplicates(api, record, keys):
    def letter(purpose, **said):
        return issue(api, record, document="bonafide", purpose=purpose, **said)["serial"]

    def standing():
        listed = api.as_("counter").get("/api/transcripts/issued/").json["results"]
        return {one["serial"] for one in listed if one["status"] == "valid"}

    passport, embassy, bank = letter("passport"), letter("visa", addressee="The Consul"), letter("bank")
    again = letter("passport", kind="duplicate")  # for the same purpose
    assert content_of(api, again)["replaces"] == passport
    assert standing() == {again, embassy, bank}
    named = letter("visa, lost", kind="duplicate", replaces=embassy)
    assert standing() == {again, named, bank}
    corrected = letter("another one", kind="corrected")  # of what is like no other, the newest
    assert content_of(api, corrected)["replaces"] == named
    assert standing() == {again, corrected, bank}

    def refusal(**said):
        reply = api.as_("counter").post("/api/transcripts/issue/", wanted(record, **said))
        return reply.status, reply.code

    for gone in (embassy, "BF-2026-999999"):
        said = {"document": "bonafide", "kind": "duplicate", "replaces": gone}
        assert refusal(**said) == (409, "transcripts.not_replaceable")
    assert refusal(document="transcript", kind="duplicate", replaces=bank)[0] == 409
    assert refusal(document="bonafide", replaces=bank)[0] == 400
    assert standing() == {again, corrected, bank}


def test_when_its_time_has_passed_every_verifier_says_so(api, record, keys):
    made = issue(api, record, document="bonafide")
    day = datetime.fromisoformat(content_of(api, made["serial"])["valid_until"])
    words = f"{day.day} {day:%B %Y}"
    pdf, trust = pdf_of(api, made["serial"]), trust_of(api)
    token = made["verify_url"].split("/V/")[1]
    lists = [read_status_list(api.anonymous.get(LIST).content, trust)]
    for found in (judge_text(made["verify_url"], trust), judge_file(pdf, trust)):
        assert found.valid_until == day.date()
        apply_status(found, lists, clock.now())
        assert (found.verdict, found.expired) == (Verdict.GENUINE, False)
        assert f"Valid until {words}." in found.in_words
    reply = api.anonymous.get(f"/api/transcripts/verify/{token}/").json
    assert (reply["status"], reply["cgpa"], reply["courses"]) == ("valid", None, [])
    assert f"Valid until {words}." in reply["in_words"]
    page = api.anonymous.get(f"/V/{token}").content.decode()
    assert "VALID" in page
    assert words in page
    assert "CGPA" not in page

    after = day.replace(tzinfo=UTC) + timedelta(days=1)
    clock.set_clock(lambda: after)
    passed = f"alid until {words}, which has passed."
    for found in (judge_text(made["verify_url"], trust), judge_file(pdf, trust)):
        apply_status(found, lists, after)
        assert (found.verdict, found.expired) == (Verdict.GENUINE, True)
        assert passed in found.in_words
        told = "\n".join(describe(found))  # by `./sims verify`
        assert told.startswith("genuine, expired: GENUINE: ")
        assert f"valid until      {day:%Y-%m-%d}" in told
        assert "CGPA" not in told
    reply = api.anonymous.get(f"/api/transcripts/verify/{token}/").json
    assert reply["status"] == "expired"
    assert passed in reply["in_words"]
    page = api.anonymous.get(f"/V/{token}").content.decode()
    assert "EXPIRED" in page
    assert passed in page
    files = {"file": ("letter.pdf", pdf, "application/pdf")}
    judged = api.anonymous.post("/api/transcripts/verify-file/", files=files).json
    until = f"{day:%Y-%m-%d}"
    assert (judged["verdict"], judged["expired"], judged["valid_until"]) == ("genuine", True, until)
    assert passed in judged["in_words"]
    assert "GENUINE, EXPIRED" in api.anonymous.post("/verify/file/", files=files).content.decode()


def test_a_copy_to_look_at_says_what_the_letter_will_say(api, record, keys, tmp_path):
    enroll(record)
    query = "document=bonafide&purpose=Bank%20account&addressee=The%20Manager"
    reply = api.as_("counter").get(f"/api/transcripts/{record.student}/?{query}")
    (tmp_path / "copy.pdf").write_bytes(reply.content)
    command = ["pdftotext", "-layout", str(tmp_path / "copy.pdf"), "-"]
    shown = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    assert "UNOFFICIAL COPY – BONAFIDE LETTER" in shown
    assert "Issued on request for: Bank account." in shown
    assert "To: The Manager" in shown
