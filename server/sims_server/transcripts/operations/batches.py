"""Documents of many students in the background, mailed where asked.

A job runs at least once, so a second run finds what the first one sealed and mailed. One student's
hold or missing address does not stop the others: it stands in the job's result.
"""

from __future__ import annotations

from typing import Any

from sims_server.audit.operations import disclose
from sims_server.kernel.execute import operation
from sims_server.kernel.jobs import JobRun, enqueue, job
from sims_server.kernel.mail import MailFailed, letter, send_mail
from sims_server.kernel.work import Work
from sims_server.transcripts import queries
from sims_server.transcripts.operations.copies import make_copy
from sims_server.transcripts.operations.issuing import seal_document
from sims_shared.access import Permission
from sims_shared.problems import Fault, InvalidInput, Refusal
from sims_shared.transcripts import EnqueueTranscripts, IssueTranscript, JobStarted

KIND = "transcripts.enqueue"


@operation(Permission.ISSUE_TRANSCRIPT, KIND)
def enqueue_transcripts(work: Work, command: EnqueueTranscripts) -> JobStarted:
    """Make transcripts of many students in the background."""
    known = queries.students_of_batch(work, command.student_ids)
    faults = [
        Fault(f"/student_ids/{place}", "unknown", f"There is no student {id}.")
        for place, id in enumerate(command.student_ids)
        if id not in known
    ]
    if faults:
        raise InvalidInput(f"{len(faults)} of the students do not exist.", errors=faults)
    return JobStarted(
        job_id=enqueue(
            work,
            KIND,
            student_ids=list(dict.fromkeys(command.student_ids)),
            email=command.email,
            sealed=command.sealed,
        )
    )


@job(KIND)
def make_transcripts(run: JobRun) -> dict[str, Any]:
    """The job: `{done, sealed: [{student_id, reg_no, serial}], mailed, failed: [{student_id, reg_no, code,
    detail}]}`."""
    students: list[int] = run.arguments["student_ids"]
    outcome: dict[str, Any] = {"done": 0, "sealed": [], "mailed": 0, "failed": []}
    for number, student_id in enumerate(students):
        run.progress(number, len(students))
        try:
            made = run.execute(_make_one, (run.id, student_id, run.arguments["sealed"]), action=KIND)
            if run.arguments["email"]:
                outcome["mailed"] += run.execute(_mail_one, (run.id, student_id, made), action=KIND)
        except Refusal as refusal:
            outcome["failed"].append(
                {"student_id": student_id, "code": refusal.code, "detail": refusal.detail}
            )
            continue
        except MailFailed as failure:
            outcome["failed"].append(
                {"student_id": student_id, "code": "mail.failed", "detail": str(failure)[:300]}
            )
            continue
        outcome["done"] += 1
        if made["serial"]:
            outcome["sealed"].append({"student_id": student_id, "serial": made["serial"]})
    rows = [*outcome["sealed"], *outcome["failed"]]
    named = run.execute(queries.reg_nos_of, [row["student_id"] for row in rows], action=KIND)
    for row in rows:
        row["reg_no"] = named[row["student_id"]]
    run.progress(len(students), len(students))
    return outcome


def _make_one(work: Work, wanted: tuple[int, int, bool]) -> dict[str, Any]:
    job_id, student_id, sealed = wanted
    if not sealed:
        if queries.was_mailed(work, job_id, student_id):
            return {"serial": None, "pdf": b""}
        copy = make_copy(work, student_id)
        disclose(work, student_id, "unofficial transcript", "exported")
        return {"serial": None, "pdf": copy.pdf}
    done = queries.done_in_job(work, job_id, student_id)
    if done is None:
        command = IssueTranscript(student_id=student_id, document="transcript", purpose="batch issue")
        seal_document(work, command, job_id)
        done = queries.done_in_job(work, job_id, student_id)
    assert done is not None
    return {"serial": done["serial"], "pdf": bytes(done["pdf"])}


class NoAddress(Refusal):
    code = "transcripts.no_email"
    title = "The student has no mail address"


def _mail_one(work: Work, wanted: tuple[int, int, dict[str, Any]]) -> int:
    job_id, student_id, made = wanted
    if queries.was_mailed(work, job_id, student_id):
        return 0
    record = queries.read_record(work, student_id)
    if not record.email:
        raise NoAddress(f"{record.reg_no} {record.name} has no mail address on record.")
    institution = work.setting("institution")
    what = f"transcript {made['serial']}" if made["serial"] else "unofficial transcript"
    message = letter(record.email, f"{institution}: your {what}")
    sealed = (
        "It is sealed: anybody can check it at " + str(work.setting("public_url")).rstrip("/") + "/verify/."
        if made["serial"]
        else "It is an unofficial copy; its code can be checked for 48 hours."
    )
    signed = f"{institution}\n{work.setting('office')}\n"
    message.set_content(f"Dear {record.name},\n\nattached is your {what}. {sealed}\n\n{signed}")
    message.add_attachment(
        made["pdf"],
        maintype="application",
        subtype="pdf",
        filename=f"{made['serial'] or 'unofficial-transcript'}.pdf",
    )
    send_mail(work, message)
    work.run(
        "INSERT INTO transcript_mail (job_id, student_id, sent_at) VALUES (%(job)s, %(student)s, %(now)s)",
        job=job_id,
        student=student_id,
        now=work.now,
    )
    return 1
