"""What strangers are told: by scanning, by typing, by sending the file. Nobody signs in."""

import json
from datetime import timedelta

import pypdfium2
import pytest
import zxingcpp

from sims_server.kernel import clock
from sims_server.sealing.documents import content_bytes
from sims_server.sealing.drawing import draw_document
from sims_server.sealing.symbol import make_code
from sims_server.transcripts.operations.keys import find_keyring, sealer_of
from sims_shared.seal import Status, Verdict, apply_status, judge_text, read_status_list
from sims_shared.seal.content import decode_token, encode_token
from tests.support.published import issue, pdf_of, trust_of
from tests.support.sealed_samples import practice_transcript
from tests.support.sealing import flip, seal, signed_length


def token_of(made):
    return made["verify_url"].rsplit("/V/", 1)[1]


def verify(api, token):
    return api.anonymous.get(f"/api/transcripts/verify/{token}/")


def verify_file(api, data, name="t.pdf"):
    reply = api.anonymous.post(
        "/api/transcripts/verify-file/", files={"file": (name, data, "application/pdf")}
    )
    assert reply.status == 200, reply.json
    return reply.json


def copied(api, record, who="counter"):
    reply = api.as_(who).get(f"/api/transcripts/{record.student}/")
    assert reply.status == 200, reply.content[:300]
    document = pypdfium2.PdfDocument(reply.content)
    try:
        image = document[0].render(scale=150 / 72, grayscale=True).to_pil()
        text = "".join(page.get_textpage().get_text_range() for page in document)
        return reply.content, zxingcpp.read_barcodes(image)[0].text.rsplit("/V/", 1)[1], text
    finally:
        document.close()


def test_a_scanned_code_tells_what_the_paper_says(api, record, keys):
    made = issue(api, record)
    reply = verify(api, token_of(made))
    assert reply.status == 200
    told = reply.json
    assert (told["status"], told["serial"], told["cgpa"]) == ("valid", made["serial"], "3.17")
    assert told["student"] == {"name": "STUDENT NAME ONE", "reg_no": "2022-XU-BSCS-0417"}
    assert told["sha256"] == made["sha256"]
    assert [(course["code"], course["grade"]) for course in told["courses"]] == [
        ("CS-111", "A-"),
        ("MT-111", "B-"),
        ("CS-112", "B"),
    ]
    assert verify(api, token_of(made).lower()).json == told


def test_serial_and_check_code_as_typed_by_a_person(api, record, keys):
    made = issue(api, record)
    check = api.as_("counter").get(f"/api/transcripts/issued/{made['serial']}/").json["check_code"]
    assert len(check) >= 8
    typed = check.replace("0", "o").replace("1", "l")
    for token in (
        f"{made['serial']}.{check}",
        f"{made['serial'].lower()}.{check.lower()}",
        f"{made['serial']}.{typed}",
    ):
        assert verify(api, token).json["status"] == "valid", token


def test_a_serial_opens_nothing_without_its_check_code(api, record, keys):
    made = issue(api, record)
    wrong = [verify(api, f"{made['serial']}.{code}") for code in ("AAAAAAAA", "00000000", "ZZZZZZZZZZ")]
    unknown = verify(api, "TR-1999-000001.AAAAAAAA")
    for reply in (*wrong, unknown):
        assert (reply.status, reply.code) == (404, "transcripts.unknown")
        assert "student" not in reply.json
    assert {reply.json["detail"] for reply in wrong} == {unknown.json["detail"]}


@pytest.mark.parametrize(
    "token", ["hello", "TR-2026-000001", "x.y", "%00", "A" * 3000, "TR-2026-000001.short", "💥"]
)
def test_a_malformed_token_is_400(api, record, keys, token):
    reply = verify(api, token)
    assert (reply.status, reply.code) in ((400, "transcripts.token_malformed"), (404, "request.not_found"))
    if token not in ("%00",):
        assert reply.status == 400


def test_a_code_of_another_institution_is_unknown_here(api, record, keys):
    from tests.support.sealing import code_of

    reply = verify(api, code_of(practice_transcript()).token)
    assert (reply.status, reply.code) == (404, "transcripts.unknown")


def test_a_flipped_bit_in_the_code_is_unknown_or_malformed(api, record, keys):
    message = decode_token(token_of(issue(api, record)))
    for place in range(0, len(message), 7):
        assert verify(api, encode_token(flip(message, place, place % 8))).status in (400, 404)


def test_a_document_sealed_with_our_keys_behind_our_back_is_forged(api, record, keys, data):
    ring = find_keyring(data)
    content = practice_transcript(serial="TR-2026-999999", status_index=7)
    today = clock.today("Asia/Karachi")  # the keys are in force by the day of the campus
    content = type(content)(
        **{**{f: getattr(content, f) for f in content.__struct_fields__}, "issued_on": today.isoformat()}
    )
    from msgspec.structs import replace

    content = replace(content, issuer=replace(content.issuer, id=ring.issuer))
    code = make_code(content, ring.current("code", today), "https://sims.example.edu")
    file = sealer_of(ring, today).seal(
        draw_document(content, code), content_bytes(content), code.address, clock.now(), ring.institution
    )
    verdict = verify_file(api, file)
    assert verdict["verdict"] == "forged"
    assert "never issued" in verdict["in_words"]
    assert verdict["student"] is None
    assert verify(api, code.token).status == 404


def test_a_file_is_judged_with_the_status_of_this_moment(api, record, keys):
    made = issue(api, record)
    pdf = pdf_of(api, made["serial"])
    verdict = verify_file(api, pdf)
    assert (verdict["verdict"], verdict["list_age"], verdict["faults"]) == ("genuine", 0, [])
    assert verdict["serial"] == made["serial"]
    for changed in (flip(pdf, 4000), flip(pdf, signed_length(pdf) + 1), pdf + b"\n"):
        assert verify_file(api, changed)["verdict"] == "altered"
    assert verify_file(api, seal(practice_transcript()))["verdict"] == "unknown_key"
    assert verify_file(api, b"%PDF-1.4 hello")["verdict"] == "foreign"
    assert verify_file(api, b"")["verdict"] == "foreign"
    api.as_("registrar").post(f"/api/transcripts/issued/{made['serial']}/revoke/", {"reason": "x"})
    assert verify_file(api, pdf)["verdict"] == "revoked"


def test_a_file_without_the_file_is_a_listed_fault(api, record, keys):
    reply = api.anonymous.post("/api/transcripts/verify-file/", files={"other": ("t.pdf", b"x")})
    assert reply.status == 400
    assert api.anonymous.post("/api/transcripts/verify-file/", content=b"nonsense").status == 400


def test_an_unofficial_copy_says_so_and_its_token_lives_48_hours(api, record, keys, monkeypatch):
    pdf, token, text = copied(api, record)
    assert "UNOFFICIAL COPY" in text
    told = verify(api, token).json
    assert (told["status"], told["official"], told["serial"]) == ("valid", False, None)
    assert told["student"]["name"] == "STUDENT NAME ONE"
    assert verify(api, token.lower()).status == 200
    assert verify_file(api, pdf)["verdict"] == "foreign"
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=47, minutes=59))
    assert verify(api, token).json["status"] == "valid"
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=48, minutes=1))
    assert verify(api, token).json["status"] == "expired"


def test_an_unofficial_copy_needs_no_keys(api, record, data):
    _, token, _ = copied(api, record)
    assert verify(api, token).json["status"] == "valid"


def test_a_student_has_a_copy_of_their_own_record_only(api, record, keys):
    record.university.account("one", "student", student_id=record.student)
    _, token, text = copied(api, record, who="one")
    assert "STUDENT NAME ONE" in text
    assert verify(api, token).json["courses"][0]["grade"] == "A-"
    assert api.as_("student").get(f"/api/transcripts/{record.student}/").status == 404
    assert api.as_("one").post("/api/transcripts/issue/", {}).status == 403
    assert record.university.row("SELECT count(*) FROM disclosure") == 0


@pytest.mark.parametrize(
    ("who", "status"),
    [("counter", 200), ("registrar", 200), ("examcell", 403), ("faculty", 403), ("admin", 403)],
)
def test_who_may_have_an_unofficial_copy(api, record, keys, who, status):
    assert api.as_(who).get(f"/api/transcripts/{record.student}/").status == status
    assert api.as_(who).get("/api/transcripts/99999999/").status == (404 if status == 200 else 403)


def test_nobody_has_a_copy_without_signing_in(api, record, keys):
    assert api.anonymous.get(f"/api/transcripts/{record.student}/").status == 401


def test_the_signed_status_list_says_off_line_what_the_server_says_on_line(api, record, keys):
    first, second, third = (issue(api, record) for _ in range(3))
    api.as_("registrar").post(f"/api/transcripts/issued/{second['serial']}/revoke/", {"reason": "x"})
    record.change("MT-111", "B", "3.00", "70")
    reply = api.anonymous.get("/.well-known/sims-status.cbor")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/cbor")
    listed = read_status_list(reply.content, trust_of(api))
    found = [judge_text(made["verify_url"], trust_of(api)) for made in (first, second, third)]
    assert [listed.status(judgment.status_index) for judgment in found] == [
        Status.SUPERSEDED,
        Status.REVOKED,
        Status.SUPERSEDED,
    ]
    assert apply_status(found[1], [listed], clock.now()).verdict is Verdict.REVOKED
    assert listed.status(0) is Status.REVOKED  # no document has this index


def test_without_keys_the_documents_of_trust_say_so(api, record, data):
    assert json.loads(api.anonymous.get("/.well-known/sims-seal.json").content)["keys"] == []
    reply = api.anonymous.get("/.well-known/sims-status.cbor")
    assert (reply.status, reply.code) == (409, "transcripts.no_keys")


def test_the_page_a_phone_opens_says_the_same_and_carries_no_script(api, record, keys):
    made = issue(api, record)
    reply = api.anonymous.get(f"/V/{token_of(made)}")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    page = reply.content.decode()
    for words in ("VALID", made["serial"], "STUDENT NAME ONE", "CS-112", "3.17"):
        assert words in page
    assert "<script" not in page.lower()
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert "http://" not in page
    assert "https://" not in page
    api.as_("registrar").post(f"/api/transcripts/issued/{made['serial']}/revoke/", {"reason": "x"})
    assert "REVOKED" in api.anonymous.get(f"/V/{token_of(made)}").content.decode()


def test_the_page_speaks_for_unknown_and_malformed_codes_too(api, record, keys):
    unknown = api.anonymous.get("/V/TR-2026-000001.AAAAAAAA")
    assert unknown.status == 404
    assert "UNKNOWN" in unknown.content.decode()
    assert api.anonymous.get("/V/hello").status == 400
    _, token, _ = copied(api, record)
    assert "UNOFFICIAL" in api.anonymous.get(f"/V/{token}").content.decode()


def test_a_hostile_name_stays_a_name_on_the_page(api, university, data, keys, record):
    university.run(
        "UPDATE student SET name = %(name)s WHERE id = %(id)s",
        name="<script>alert(1)</script>",
        id=record.student,
    )
    made = issue(api, record)
    page = api.anonymous.get(f"/V/{token_of(made)}").content.decode()
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_the_page_that_asks_takes_a_typed_code_or_a_file(api, record, keys):
    made = issue(api, record)
    assert b"Check a document" in api.anonymous.get("/verify/").content
    check = api.as_("counter").get(f"/api/transcripts/issued/{made['serial']}/").json["check_code"]
    for code in (f"{made['serial']}.{check}", made["verify_url"]):
        assert b"VALID" in api.anonymous.get("/verify/", params={"code": code}).content
    reply = api.anonymous.post("/verify/file/", files={"file": ("t.pdf", pdf_of(api, made["serial"]))})
    assert b"GENUINE" in reply.content
    reply = api.anonymous.post("/verify/file/", files={"file": ("t.pdf", pdf_of(api, made["serial"]) + b" ")})
    assert b"ALTERED" in reply.content
    assert api.anonymous.post("/verify/file/", files={"file": ("", b"")}).status == 400


def test_the_application_describes_what_it_serves(api, record):
    document = api.anonymous.get("/schema/openapi.json").json
    for path in (
        "/api/transcripts/issue/",
        "/api/transcripts/verify/{token}/",
        "/V/{token}",
        "/.well-known/sims-status.cbor",
    ):
        assert path in document["paths"], path
