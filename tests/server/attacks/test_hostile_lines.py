"""What somebody sends into a log, a file or a list, so that it reads as if the server had said it.

A line's end begins a forged entry, an escape sequence clears the terminal it is read on, a cell that begins
with = is computed by whoever opens the export, a number with a line's end looks like another student's.
"""

from __future__ import annotations

import csv
import io
import logging
import re
import sys
from typing import Any

import pytest
import structlog

from sims_server.kernel.jobs import run_job
from sims_server.running import log_to_standard_error
from tests.support.api import Api
from tests.support.university import University

FORGED = "x\r\n2026-11-23T00:00:00Z [error    ] forged\x1b[2J\x1b[31m\x00\x7f\u2028\x85end"
HAND = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\x85\u2028]")


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the log of a server says, as bytes would land in its file."""
    before, kept = structlog.get_config(), logging.root.handlers[:]
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logging.root.handlers[:] = []
    log_to_standard_error()
    yield stream
    structlog.configure(**before)
    logging.root.handlers[:] = kept


def test_one_entry_is_one_line_whatever_was_sent(logged: Any) -> None:
    log = structlog.get_logger("sims").new()
    log.warning("bulk reading", path=FORGED, count=3)
    logging.getLogger("uvicorn.error").warning("refused %s", FORGED)
    for entry in (log.exception, logging.getLogger("procrastinate").exception):
        try:
            raise ValueError(FORGED)
        except ValueError:
            entry("job failed")
    lines = logged.getvalue().split("\n")
    assert sum("forged" in line for line in lines) >= 4
    for line in lines:
        assert not HAND.search(line), repr(line)
        # An entry begins with its day; what follows it (a traceback) is set in.
        if "forged" in line and not line.startswith("    "):
            assert "bulk reading" in line or "refused" in line, repr(line)
    assert not any(line.startswith("2026-11-23T00:00:00Z") for line in lines)


@pytest.mark.parametrize("sent", ["mine", "a" * 5000, "=1+1", "a\tb"])
def test_the_number_of_a_request_is_the_servers(api: Api, university: University, sent: str) -> None:
    """Whoever chooses it writes into the audit under another's."""
    scene = university.stand(students=1)
    answer = api.as_("registrar").request(
        "PATCH", f"/api/students/{scene['students'][0]}/", json={"phone": "0300-1"},
        headers={"X-Request-Id": sent, "X-Correlation-Id": sent, "Traceparent": sent, "User-Agent": sent},
    )  # fmt: skip
    given = answer.headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{32}", given)
    assert university.row("SELECT request_id FROM audit ORDER BY id DESC LIMIT 1") == given
    refused = api.anonymous.request("GET", "/api/students/", headers={"X-Request-Id": sent})
    assert refused.json["request_id"] == refused.headers["x-request-id"] != sent


LINES = ("CS-1\n", "CS-1\r\n", "CS\x1b[2J-1", "CS-1\x85", "CS\n-1")


@pytest.mark.parametrize("sent", LINES)
def test_a_number_or_a_name_is_one_line(api: Api, university: University, sent: str) -> None:
    """Before $ a line may end: “2024-CS-0001\\n” was a second student with the number of the first."""
    scene = university.stand(students=1)
    admin, registrar = api.as_("admin"), api.as_("registrar")
    of_student = {"program_id": scene["program"], "admitted_on": "2026-09-01"}
    of_course = {"credits": "3", "department_id": scene["department"]}
    for client, path, body in (
        (registrar, "/api/students/", {"name": "N", "reg_no": sent, **of_student}),
        (registrar, "/api/students/", {"name": sent, "reg_no": "N-1", **of_student}),
        (registrar, "/api/departments/", {"code": sent, "name": "N"}),
        (registrar, "/api/courses/", {"code": sent, "title": "N", **of_course}),
        (registrar, "/api/terms/", {"name": sent, "start_date": "2027-09-01", "end_date": "2027-12-31"}),
        (admin, "/api/accounts/", {"username": sent, "name": "N", "password": "a long password 12"}),
        (admin, "/api/accounts/", {"username": "n", "name": sent, "password": "a long password 12"}),
        (admin, "/api/roles/", {"name": f"x{sent}", "permissions": []}),
        (registrar, "/api/hold-kinds/", {"kind": f"x{sent}", "lifted_by": "registrar", "blocks": []}),
    ):
        if sent == "CS-1\x85" and path not in ("/api/students/", "/api/accounts/"):
            continue  # a blank of Unicode at the end of a word is no line's end
        answer = client.post(path, body)
        name = next(key for key, value in body.items() if sent in str(value))
        if sent == "CS-1\x85" and name == "name":
            continue
        assert (answer.status, answer.code) == (400, "request.invalid"), (path, answer.content)
        assert [fault["pointer"] for fault in answer.json["errors"]] == [f"/{name}"]
    student = f"/api/students/{scene['students'][0]}/"
    assert registrar.patch(student, {"email": "x@example.edu\n"}).status == 400


def test_a_file_of_students_brings_no_second_line_into_a_name(api: Api, university: University) -> None:
    scene = university.stand(students=1)
    program = university.row("SELECT code FROM program WHERE id = %(p)s", p=scene["program"])
    content = f'reg_no,name,program_code,admitted_on\nL-1,"N\nforged",{program},2026-09-01\n'.encode()
    made = api.as_("registrar").post(
        "/api/imports/", files={"file": ("a\x1b[2J.csv", content)}, data={"kind": "students"}
    )
    assert made.status == 201, made.content
    run_job(api.database, api.data, made.json["job_id"])
    shown = api.as_("registrar").get(f"/api/imports/{made.json['id']}/").json
    assert shown["counts"]["fault"] == 1, shown
    assert shown["file_name"].isprintable()


def test_what_a_spreadsheet_would_compute_is_text_in_every_export(api: Api, university: University) -> None:
    scene = university.stand(students=1)
    formulas = ["=1+1", "+1", "-1", "@SUM(1)", "=cmd|' /C calc'!A0", "'=1"]
    admin, registrar = api.as_("admin"), api.as_("registrar")
    for number, formula in enumerate(formulas):
        said = {"username": f"formula{number}", "name": formula, "password": "a long password 12"}
        assert admin.post("/api/accounts/", said).status == 201
        assert registrar.post("/api/departments/", {"code": f"F{number}", "name": formula}).status == 201
        taught = {
            "code": f"F-{number}",
            "title": formula,
            "credits": "3",
            "department_id": scene["department"],
        }
        assert registrar.post("/api/courses/", taught).status == 201
        student = {
            "name": formula, "reg_no": f"F-{number}", "program_id": scene["program"], "phone": formula,
            "admitted_on": "2026-09-01", "address": formula, "father_name": formula,
        }  # fmt: skip
        assert registrar.post("/api/students/", student).status == 201
    held = {"student_id": scene["students"][0], "kind": "library", "reason": "=HYPERLINK(1)"}
    assert registrar.post("/api/holds/", held).status == 201
    for kind, column in (
        ("accounts", "name"), ("departments", "name"), ("courses", "title"), ("students", "name"),
        ("students", "phone"), ("students", "address"), ("students", "father_name"), ("holds", "reason"),
    ):  # fmt: skip
        answer = admin.get(f"/api/exports/{kind}.csv")
        assert answer.status == 200, (kind, answer.content)
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        cells = [row[column] for row in rows]
        risky = [cell for cell in cells if cell[:1] in ("=", "+", "-", "@")]
        assert risky == [], (kind, column, risky)
        wanted = ["=HYPERLINK(1)"] if kind == "holds" else formulas
        assert {f"'{formula}" for formula in wanted} <= set(cells), (kind, column)
