"""Teachers are reminded of their sheets: one letter each, once, and whoever reminds is told of what was asked
already. Real handlers, PostgreSQL, and a real mail server on the loopback.
"""

from __future__ import annotations

import email
import email.policy
import socket
from collections.abc import Iterator
from email.message import Message
from typing import Any

import psycopg
import pytest
from aiosmtpd.controller import Controller

from sims_server.grading.rules import host_of
from sims_server.kernel.jobs import run_job
from tests.server.results.scene import approve, fill
from tests.support.api import Api
from tests.support.database import TestDatabase, server_connection
from tests.support.university import University

Scene = dict[str, Any]
REMIND = "/api/sheets/remind/"


class Mailbox:
    def __init__(self) -> None:
        self.letters: list[Message] = []
        self.refuse: set[str] = set()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refuse & set(envelope.rcpt_tos):
            return "451 try later"
        self.letters.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


@pytest.fixture
def mailbox(university: University) -> Iterator[Mailbox]:
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:  # the controller cannot tell which port 0 became
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    university.setting("mail.host", "127.0.0.1")
    university.setting("mail.port", port)
    yield box
    controller.stop()


@pytest.fixture
def scene(university: University) -> Scene:
    """CS-101 A and CS-202 B of one teacher, with an address; CS-303 C of another, who has none."""
    scene = university.stand(students=2)
    sections = {
        code: university.section(
            university.course(scene["department"], code), scene["term"], name, staff=(scene[who],)
        )
        for code, name, who in (("CS-202", "B", "faculty"), ("CS-303", "C", "faculty2"))
    }
    for section in sections.values():
        university.assessment(section)
        university.enrollment(scene["registrations"][0], section)
    university.run("UPDATE account SET email = 'lead@example.edu' WHERE username = 'faculty'")
    return {**scene, "all": [scene["section"], *sections.values()]}


def remind(api: Api, scene: Scene, **more: Any) -> dict[str, Any]:
    answer = api.as_("examcell").post(REMIND, {"section_ids": scene["all"], **more})
    assert answer.status == 200, answer.content
    told: dict[str, Any] = answer.json
    return told


def finished(api: Api, job_id: int) -> dict[str, Any]:
    run_job(api.database, api.data, job_id)
    job: dict[str, Any] = api.as_("examcell").get(f"/api/jobs/{job_id}/").json
    return job


def test_each_teacher_gets_one_letter_of_all_own_sections_and_reads_it_in_the_list(
    api: Api, scene: Scene, mailbox: Mailbox
) -> None:
    told = remind(api, scene, note="Results are due on Monday.")
    assert (told["sections"], told["teachers"]) == (3, 2)
    assert [person["name"] for person in told["without_address"]] == ["Faculty2"]
    job = finished(api, told["job_id"])
    assert (job["status"], job["result"]) == ("done", {"mailed": 1, "without_address": 1, "handed_in": 0})
    (letter,) = mailbox.letters
    assert letter["To"] == "lead@example.edu"
    assert "2 grade sheets are awaited" in letter["Subject"]
    text = letter.get_content()  # type: ignore[attr-defined]
    assert "CS-101 A " in text
    assert "CS-202 B " in text
    assert "CS-303" not in text
    assert "Results are due on Monday." in text
    (mine,) = api.as_("faculty2").get("/api/sheets/").json["results"][1:]
    assert (mine["reminded_by"]["name"], mine["reminder_note"]) == ("Examcell", "Results are due on Monday.")
    tower = api.as_("examcell").get(f"/api/results/overview/?term_id={scene['term']}").json["sections"]
    assert [section["reminded_by"] for section in tower] == ["Examcell"] * 3


def test_what_the_mail_server_refused_is_written_when_the_job_runs_again_and_nothing_twice(
    api: Api, scene: Scene, mailbox: Mailbox, university: University
) -> None:
    university.run("UPDATE account SET email = 'second@example.edu' WHERE username = 'faculty2'")
    mailbox.refuse = {"second@example.edu"}
    job_id = remind(api, scene)["job_id"]
    job = finished(api, job_id)
    assert job["status"] == "failed"
    assert job["error"].startswith("sheets.letters_failed: 1 of 2 letters did not go out; run the job again.")
    mailbox.refuse = set()
    assert api.as_("examcell").post(f"/api/jobs/{job_id}/retry/", {}).status == 200
    assert finished(api, job_id)["result"] == {"mailed": 1, "without_address": 0, "handed_in": 0}
    assert [letter["To"] for letter in mailbox.letters] == ["lead@example.edu", "second@example.edu"]
    assert len({letter["Message-ID"] for letter in mailbox.letters}) == 2
    university.run("UPDATE job SET status = 'queued' WHERE id = %(id)s", id=job_id)
    assert finished(api, job_id)["result"]["mailed"] == 0
    assert len(mailbox.letters) == 2


def test_nobody_is_reminded_twice_within_an_hour_unless_it_is_said(
    api: Api, scene: Scene, university: University, database_url: TestDatabase
) -> None:
    examcell = api.as_("examcell")
    body = {"section_ids": scene["all"]}
    first = examcell.post(REMIND, body, headers={"Idempotency-Key": "one-reminder"})
    assert examcell.post(REMIND, body, headers={"Idempotency-Key": "one-reminder"}).json == first.json
    again = api.as_("registrar").post(REMIND, body)
    assert (again.status, again.code) == (409, "sheets.reminded_lately")
    assert [(one["section"], one["asked_by"]) for one in again.json["sections"]] == [
        ("CS-101 A", "Examcell"),
        ("CS-202 B", "Examcell"),
        ("CS-303 C", "Examcell"),
    ]
    assert remind(api, scene, again=True)["sections"] == 3
    with psycopg.connect(database_url.owner_url) as owner:
        owner.execute("ALTER TABLE sheet_reminder DISABLE TRIGGER USER")
        owner.execute("UPDATE sheet_reminder SET asked_at = asked_at - interval '61 minutes'")
    assert remind(api, scene)["sections"] == 3
    assert university.row("SELECT count(*) FROM sheet_reminder") == 9


def test_a_sheet_that_is_handed_in_is_named_and_its_reminder_is_over(
    api: Api, scene: Scene, university: University, mailbox: Mailbox
) -> None:
    job_id = remind(api, scene)["job_id"]
    fill(university, scene)
    approve(api, scene["section"])
    refused = api.as_("examcell").post(REMIND, {"section_ids": scene["all"], "again": True})
    assert refused.code == "sheets.wrong_state"
    assert refused.json["sections"] == [
        {"section_id": scene["section"], "section": "CS-101 A", "state": "approved"}
    ]
    finished(api, job_id)
    assert "CS-101" not in mailbox.letters[0].get_content()  # type: ignore[attr-defined]
    assert "a grade sheet is awaited" in mailbox.letters[0]["Subject"]
    assert api.as_("head").post(f"/api/sheets/{scene['section']}/return/", {"reason": "Page 2"}).status == 200
    tower = api.as_("examcell").get(f"/api/results/overview/?term_id={scene['term']}").json["sections"]
    assert [section["reminded_by"] for section in tower] == [None, "Examcell", "Examcell"]
    assert api.as_("examcell").post(REMIND, {"section_ids": [scene["section"]]}).status == 200


def test_all_that_is_wrong_is_named(api: Api, scene: Scene, university: University) -> None:
    examcell = api.as_("examcell")
    unknown = examcell.post(REMIND, {"section_ids": [999_999, scene["section"], 888_888]})
    assert [fault["pointer"] for fault in unknown.json["errors"]] == ["/section_ids/0", "/section_ids/2"]
    assert examcell.post(REMIND, {"section_ids": []}).status == 400
    assert examcell.post(REMIND, {"section_ids": scene["all"], "note": "a\x00b"}).status == 400
    hosts = ("https://sims.example.edu/x", "http://[::1]:8000", "http://[::1", "", "https://a b/")
    assert [host_of(url) for url in hosts] == ["sims.example.edu", *["localhost"] * 4]
    university.run(
        "UPDATE section_staff SET role = 'co' WHERE section_id = %(id)s AND role = 'lead'",
        id=scene["section"],
    )
    alone = examcell.post(REMIND, {"section_ids": scene["all"]})
    assert (alone.code, alone.json["detail"]) == ("sheets.no_lead", "Without a lead teacher: CS-101 A.")
    assert university.row("SELECT count(*) FROM sheet_reminder") == 0


def test_beneath_the_application_a_reminder_is_due_and_in_ones_own_name(
    scene: Scene, database_url: TestDatabase, university: University
) -> None:
    def attack(who: str, teacher: str) -> str | None:
        try:
            with server_connection(database_url.app_url) as connection:
                connection.execute(
                    "INSERT INTO sheet_reminder (section_id, teacher_id, asked_by, job_id) "
                    "VALUES (%s, %s, %s, 1)",
                    (scene["section"], scene[teacher], scene[who]),
                )
        except psycopg.Error as error:
            return error.diag.constraint_name or error.sqlstate
        return None

    assert attack("head", "faculty") == "ck_sheet_reminder_by_who_may"
    assert attack("examcell", "head") == "ck_sheet_reminder_of_its_teacher"
    assert attack("examcell", "faculty") is None
    with pytest.raises(psycopg.errors.InsufficientPrivilege), server_connection(database_url.app_url) as app:
        app.execute("UPDATE sheet_reminder SET note = 'other'")
