"""Many transcripts in the background, mailed where asked; a job that runs twice does its work once."""

import email
import email.policy
import socket

import pytest
from aiosmtpd.controller import Controller

from sims_server.kernel.jobs import run_job
from sims_shared.seal import Verdict, judge_file
from tests.support.published import trust_of


class Mailbox:
    """A mail server of the test's own, on the loopback."""

    def __init__(self):
        self.messages = []
        self.refuse = False

    async def handle_DATA(self, server, session, envelope):
        if self.refuse:
            return "451 try later"
        self.messages.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


@pytest.fixture
def mailbox(record):
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:  # the controller cannot tell which port 0 became
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    record.university.setting("mail.host", "127.0.0.1")
    record.university.setting("mail.port", port)
    yield box
    controller.stop()


def enqueue(api, ids, who="counter", **more):
    reply = api.as_(who).post("/api/transcripts/enqueue/", {"student_ids": ids, **more})
    assert reply.status == 202, reply.json
    return reply.json["job_id"]


def finished(api, job_id, who="counter"):
    run_job(api.database, api.data, job_id)
    job = api.as_(who).get(f"/api/jobs/{job_id}/").json
    assert job["status"] == "done", job
    return job["result"]


def test_sealed_transcripts_are_made_and_mailed(api, record, keys, mailbox):
    outcome = finished(api, enqueue(api, [record.student], email=True, sealed=True))
    assert (outcome["done"], outcome["mailed"], outcome["failed"]) == (1, 1, [])
    (message,) = mailbox.messages
    assert message["To"] == "one@example.edu"
    (attachment,) = message.iter_attachments()
    judgment = judge_file(attachment.get_content(), trust_of(api))
    assert judgment.verdict is Verdict.GENUINE
    assert judgment.serial == outcome["sealed"][0]["serial"]
    assert judgment.serial in message["Subject"]


def test_the_default_is_unofficial_and_not_mailed(api, record, keys, mailbox):
    outcome = finished(api, enqueue(api, [record.student]))
    assert (outcome["done"], outcome["sealed"], mailbox.messages) == (1, [], [])
    assert record.university.row("SELECT count(*) FROM issued_document") == 0
    assert record.university.row("SELECT count(*) FROM unofficial_copy") == 1


def test_a_second_run_finds_what_the_first_one_did(api, record, keys, mailbox):
    job_id = enqueue(api, [record.student], email=True, sealed=True)
    first = finished(api, job_id)
    record.university.run("UPDATE job SET status = 'running' WHERE id = %(id)s", id=job_id)
    second = finished(api, job_id)
    assert first["sealed"] == second["sealed"]
    assert len(mailbox.messages) == 1
    assert record.university.row("SELECT count(*) FROM issued_document") == 1


def test_one_students_hold_or_missing_address_does_not_stop_the_others(api, record, keys, mailbox):
    other = record.place["students"][0]  # has no address
    record.hold()
    outcome = finished(api, enqueue(api, [record.student, other], email=True, sealed=True))
    assert {failed["code"] for failed in outcome["failed"]} == {"transcripts.held", "transcripts.no_email"}


def test_a_mail_server_that_refuses_is_told_in_the_result(api, record, keys, mailbox):
    mailbox.refuse = True
    job_id = enqueue(api, [record.student], email=True, sealed=True)
    outcome = finished(api, job_id)
    assert outcome["failed"][0]["code"] == "mail.failed"
    mailbox.refuse = False
    record.university.run("UPDATE job SET status = 'queued' WHERE id = %(id)s", id=job_id)
    assert finished(api, job_id)["mailed"] == 1
    assert record.university.row("SELECT count(*) FROM issued_document") == 1


def test_unknown_students_are_listed_before_anything_is_queued(api, record, keys):
    reply = api.as_("counter").post("/api/transcripts/enqueue/", {"student_ids": [record.student, 999_999]})
    assert reply.status == 400
    assert [fault["pointer"] for fault in reply.json["errors"]] == ["/student_ids/1"]
    assert record.university.row("SELECT count(*) FROM job") == 0


@pytest.mark.parametrize(
    ("who", "status"), [("registrar", 202), ("examcell", 403), ("faculty", 403), ("student", 403)]
)
def test_who_may_enqueue(api, record, keys, who, status):
    reply = api.as_(who).post("/api/transcripts/enqueue/", {"student_ids": [record.student]})
    assert reply.status == status


def test_an_address_of_two_lines_does_not_stop_the_others(api, record, keys, mailbox):
    other = record.place["students"][0]
    evil = "x@example.edu\r\nBcc: evil@example.com"
    record.university.run("UPDATE student SET email = %(evil)s WHERE id = %(id)s", evil=evil, id=other)
    outcome = finished(api, enqueue(api, [other, record.student], email=True, sealed=False))
    assert [failed["code"] for failed in outcome["failed"]] == ["mail.failed"]
    assert [message["To"] for message in mailbox.messages] == ["one@example.edu"]
