"""Evidence: kept by what it is, shown to who sees the case, never run in anybody's browser."""

from __future__ import annotations

import hashlib

import psycopg
import pytest

from tests.server.cases.scene import carry, opened, published
from tests.support.api import Api, Reply
from tests.support.database import TestDatabase, server_connection
from tests.support.university import University

PDF = b"%PDF-1.7\nthe examiner's letter"


def _file(
    api: Api, case_id: int, content: bytes = PDF, name: str = "letter.pdf", by: str = "faculty", **form: str
) -> Reply:
    return api.as_(by).post(f"/api/cases/{case_id}/evidence/", files={"file": (name, content)}, data=form)


def test_a_file_is_kept_byte_for_byte_and_named_by_its_digest(api: Api, university: University) -> None:
    _, (one,) = published(api, university)
    case = opened(api, kind="correction", result_ids=[one])
    filed = _file(api, case["id"], note="from the examiner")
    assert filed.status == 201, filed.content
    view = filed.json
    assert (view["sha256"], view["size"], view["media_type"], view["note"]) == (
        hashlib.sha256(PDF).hexdigest(),
        len(PDF),
        "application/pdf",
        "from the examiner",
    )
    found = api.as_("head").get(filed.headers["location"])
    assert (found.content, found.headers["content-type"]) == (PDF, "application/octet-stream")
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["content-disposition"] == 'attachment; filename="letter.pdf"'
    listed = api.as_("registrar").get(f"/api/cases/{case['id']}/evidence/").json["results"]
    assert [row["id"] for row in listed] == [view["id"]]
    assert api.as_("head").get(f"/api/cases/{case['id']}/").json["evidence_count"] == 1
    again = _file(api, case["id"])
    assert (again.status, again.code) == (409, "cases.evidence_filed")


def test_what_a_file_is_is_read_from_the_file_and_not_believed(api: Api, university: University) -> None:
    _, (one,) = published(api, university)
    case = opened(api, kind="correction", result_ids=[one])["id"]
    page = _file(api, case, b"<script>alert(1)</script>", "../../letter\r\n.pdf").json
    assert page["media_type"] == "application/octet-stream"
    assert "/" not in page["name"]
    assert "\r" not in page["name"]
    assert _file(api, case, b"seen and signed", "note.txt").json["media_type"] == "text/plain"
    assert _file(api, case, b"\x89PNG\r\n\x1a\n...", "scan.pdf").json["media_type"] == "image/png"


def test_empty_and_too_large_files_are_refused(api: Api, university: University) -> None:
    _, (one,) = published(api, university)
    case = opened(api, kind="correction", result_ids=[one])["id"]
    empty = _file(api, case, b"")
    assert (empty.status, empty.code) == (400, "cases.evidence_invalid")
    large = _file(api, case, b"x" * (10 * 1024 * 1024 + 1))
    assert (large.status, large.code) == (400, "cases.evidence_invalid")
    assert _file(api, case, b"x" * (11 * 1024 * 1024)).status == 413
    other = api.as_("faculty").post(f"/api/cases/{case}/evidence/", files={"note": ("n", b"no file")})
    assert other.status == 400


def test_who_sees_evidence_follows_who_sees_the_case(api: Api, university: University) -> None:
    _, (one, two) = published(api, university, 2)
    case = opened(api, "student", kind="recheck", result_ids=[one])["id"]
    own = _file(api, case, b"%PDF-mine", by="student")
    assert own.status == 201, own.content
    theirs = _file(api, case, b"%PDF-the script as marked")
    student = api.as_("student")
    assert [row["id"] for row in student.get(f"/api/cases/{case}/evidence/").json["results"]] == [
        own.json["id"]
    ]
    assert student.get(own.headers["location"]).content == b"%PDF-mine"
    assert student.get(theirs.headers["location"]).status == 404
    assert _file(api, case, by="stranger").status == 404
    assert api.as_("stranger").get(own.headers["location"]).status == 404
    assert api.as_("accounts").get(own.headers["location"]).status == 403
    other = opened(api, kind="correction", result_ids=[two])["id"]
    assert api.as_("faculty").get(f"/api/cases/{other}/evidence/{own.json['id']}/").status == 404
    assert _file(api, other, by="student").status == 404


def test_nothing_is_filed_with_a_case_that_is_decided(api: Api, university: University) -> None:
    _, (one,) = published(api, university)
    case = opened(api, kind="correction", changes=[{"result_id": one, "new_grade": "A"}])["id"]
    carry(api, case)
    late = _file(api, case)
    assert (late.status, late.code) == (409, "cases.wrong_state")


@pytest.mark.parametrize(
    ("statement", "stopped"),
    [
        ("UPDATE evidence_file SET content = 'other'", "42501"),
        ("DELETE FROM case_evidence", "42501"),
        ("TRUNCATE evidence_file CASCADE", "42501"),
        (
            "INSERT INTO evidence_file VALUES (repeat('0', 64), 'other')",
            "ck_evidence_file_is_what_it_is_called",
        ),
    ],
)
def test_evidence_is_never_edited(
    api: Api, university: University, database_url: TestDatabase, statement: str, stopped: str
) -> None:
    _, (one,) = published(api, university)
    _file(api, opened(api, kind="correction", result_ids=[one])["id"])
    with pytest.raises(psycopg.Error) as caught, server_connection(database_url.app_url) as connection:
        connection.execute(statement)
    assert stopped in (caught.value.diag.constraint_name, caught.value.sqlstate)


def test_a_scan_is_kept_with_the_change_that_was_asked_for(api: Api, university: University) -> None:
    _, (one,) = published(api, university)
    asked = {"result_id": one, "new_grade": "A", "reason": "Page 7 was not added up"}
    change = api.as_("faculty").post("/api/results/change-request/", asked).json
    path = f"/api/pending-changes/{change['id']}/evidence/"

    def scan(by: str, content: bytes = PDF) -> Reply:
        return api.as_(by).post(path, files={"file": ("page 7.pdf", content)}, data={"note": "page 7"})

    filed = scan("faculty")
    assert (filed.status, filed.json["note"], filed.json["media_type"]) == (201, "page 7", "application/pdf")
    assert (scan("faculty").code, scan("faculty", b"").code) == (
        "cases.evidence_filed",
        "cases.evidence_invalid",
    )
    found = api.as_("head").get(filed.headers["location"])
    assert (found.content, found.headers["content-type"]) == (PDF, "application/octet-stream")
    listed = api.as_("examcell").get(path).json["results"]
    assert [(row["name"], row["filed_by"]["name"]) for row in listed] == [("page 7.pdf", "Faculty")]
    assert api.as_("stranger").get(path).status == 404
    assert scan("stranger").status == 404
    assert api.as_("student").get(path).status == 403
    decision = {"change_id": change["id"], "approved": False, "reason": "It was added up"}
    assert api.as_("head").post("/api/results/approve-change/", decision).status == 200
    late = scan("faculty", b"%PDF-1.7 another page")
    assert (late.status, late.code) == (409, "cases.wrong_state")
