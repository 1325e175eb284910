"""Asking teachers for their sheets: recorded at once, and a letter each from a job of its own.

The rule a newcomer would get wrong: the letters are no part of the asking. Who was asked stands on the
record, and on the teacher's own list of sheets, when the mail server is down for a day; the job is run again
then, and writes to those only whose letter has not gone out.
"""

from __future__ import annotations

from typing import Any

from sims_server.grading import rules
from sims_server.grading.queries import reminders as queries
from sims_server.kernel.execute import operation
from sims_server.kernel.jobs import JobRun, enqueue, job
from sims_server.kernel.mail import MailFailed, letter, send_mail
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.problems import Kind, Refusal
from sims_shared.reminders import RemindTeachers, TeachersReminded
from sims_shared.values import Person

LETTERS = "sheets.remind"


@operation(Permission.PUBLISH_RESULTS, LETTERS)
def remind_teachers(work: Work, command: RemindTeachers) -> TeachersReminded:
    """Ask the lead teachers of sections for their sheets."""
    wanted = list(dict.fromkeys(command.section_ids))
    rows = queries.sheets_to_ask_for(work, wanted)
    rules.check_reminder(command.section_ids, rows, again=command.again)
    job_id = enqueue(work, LETTERS, sections=len(rows))
    work.run(
        "INSERT INTO sheet_reminder (section_id, teacher_id, note, asked_by, job_id) "
        "SELECT section_id, teacher_id, %(note)s, %(me)s, %(job)s "
        "FROM unnest(%(sections)s::bigint[], %(teachers)s::bigint[]) AS n (section_id, teacher_id)",
        sections=[row["section_id"] for row in rows],
        teachers=[row["teacher_id"] for row in rows],
        note=command.note.strip(),
        me=work.caller.id,
        job=job_id,
    )
    teachers = {row["teacher_id"]: row for row in rows}
    return TeachersReminded(
        sections=len(rows),
        teachers=len(teachers),
        without_address=[Person(id, row["teacher"]) for id, row in teachers.items() if not row["email"]],
        job_id=job_id,
    )


class LettersFailed(Refusal):
    """How the job ends when letters are left: it can be run again."""

    code = "sheets.letters_failed"
    title = "Some letters did not go out"
    kind = Kind.CONFLICT


@job(LETTERS)
def write_letters(run: JobRun) -> dict[str, Any]:
    """The job: `{mailed, without_address, handed_in}`. Fails when the mail server refused a letter; run
    again, it writes those that are left."""
    left = run.execute(queries.letters_left, run.id)
    outcome = {"mailed": 0, "without_address": 0, "handed_in": 0}
    failures: list[str] = []
    for number, teacher_id in enumerate(left):
        run.progress(number, len(left))
        try:
            outcome[run.execute(_write_letter, (run.id, teacher_id))] += 1
        except MailFailed as failure:
            failures.append(str(failure)[:200])
    run.progress(len(left), len(left))
    if failures:
        raise LettersFailed(
            f"{len(failures)} of {len(left)} letters did not go out; run the job again. {failures[0]}"
        )
    return outcome


def _write_letter(work: Work, wanted: tuple[int, int]) -> str:
    """What became of it, as the job counts it."""
    job_id, teacher_id = wanted
    lines = queries.lines_of_letter(work, job_id, teacher_id)
    if not lines:
        return "handed_in"
    first = lines[0]
    if not first["email"]:
        return "without_address"
    institution = work.setting("institution")
    many = "a grade sheet is" if len(lines) == 1 else f"{len(lines)} grade sheets are"
    message = letter(first["email"], f"{institution}: {many} awaited")
    # Sent again after a crash between sending and recording, it is the same letter to a mail program.
    message["Message-ID"] = f"<reminder-{job_id}-{teacher_id}@{rules.host_of(work.setting('public_url'))}>"
    sections = "\n".join(
        f"  {row['course_code']} {row['section']} {row['course_title']} ({row['term']}): "
        + (f"{row['filled']} of {row['total']} marks are in" if row["filled"] else "not started")
        for row in lines
    )
    note = f"{first['note']}\n\n" if first["note"] else ""
    message.set_content(
        f"Dear {first['teacher']},\n\nthese grade sheets of yours have not been submitted:\n\n{sections}\n\n"
        f"{note}Marks that wait on a computer without a network are counted once it was connected.\n\n"
        f"{first['asked_by']}\n{institution}\n{work.setting('office')}\n"
    )
    send_mail(work, message)
    work.run(
        "UPDATE sheet_reminder SET mailed_at = %(now)s WHERE job_id = %(job)s AND teacher_id = %(teacher)s "
        "AND mailed_at IS NULL",
        now=work.now,
        job=job_id,
        teacher=teacher_id,
    )
    return "mailed"
