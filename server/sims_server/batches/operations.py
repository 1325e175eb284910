"""What can be done about batches: plan, commit, undo."""

from __future__ import annotations

from typing import Any

import msgspec

from sims_server.batches import queries
from sims_server.batches.model import enrollment_batch
from sims_server.batches.rules import Plan, check_window, plan
from sims_server.kernel.execute import operation
from sims_server.kernel.jobs import JobRun, enqueue, job
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.batches import (
    BatchInUse,
    BatchStale,
    BatchView,
    BatchWrongState,
    CommitBatch,
    NothingToTeach,
    PlanBatch,
    UndoBatch,
)
from sims_shared.enrollment import DropClosed
from sims_shared.problems import Fault, InvalidInput

COMMIT = "batches.commit"

# One statement for all: who dropped (by an undo) sits again in the same row.
_SEAT_ALL = """
INSERT INTO enrollment AS e
       (student_id, registration_id, section_id, term_id, course_id, kind, attempt, enrolled_at, batch_id)
SELECT w.student, w.registration, s.id, s.term_id, s.course_id, w.kind, w.attempt, %(now)s, %(batch)s
  FROM unnest(%(students)s::bigint[], %(registrations)s::bigint[], %(sections)s::bigint[], %(kinds)s::text[],
              %(attempts)s::integer[]) w (student, registration, section, kind, attempt)
  JOIN section s ON s.id = w.section
ON CONFLICT (section_id, student_id) DO UPDATE
   SET status = 'enrolled', kind = EXCLUDED.kind, attempt = EXCLUDED.attempt,
       enrolled_at = EXCLUDED.enrolled_at, ended_at = NULL, end_reason = NULL, override = NULL,
       batch_id = EXCLUDED.batch_id
 WHERE e.status = 'dropped'"""


@operation(Permission.ENROLL_STUDENT, "batches.plan")
def plan_batch(work: Work, command: PlanBatch) -> BatchView:
    """Plan the enrollment of an intake into its semester: who sits where, and who cannot, and why."""
    program = _checked(work, command)
    found = _plan(work, command)
    name = command.name.strip() or f"{program['code']} {command.intake} semester {command.semester}"
    id = work.insert(
        enrollment_batch,
        {
            "name": name,
            "program_id": command.program_id,
            "term_id": command.term_id,
            "intake": command.intake,
            "batch": command.batch,
            "semester": command.semester,
            "wishes": msgspec.to_builtins(command),
            "plan": msgspec.to_builtins(found),
            "plan_hash": found.hash,
            "created_by": work.caller.id,
            "created_at": work.now,
        },
    )
    return queries.get_batch(work, id)


def _checked(work: Work, command: PlanBatch) -> dict[str, Any]:
    """The program. Raises InvalidInput with every fault of what is named."""
    program = queries.find_program(work, command.program_id)
    faults = []
    if program is None:
        faults.append(Fault("/program_id", "unknown", f"There is no program {command.program_id} of yours."))
    elif command.semester > program["semesters"]:
        faults.append(Fault("/semester", "range", f"The program has {program['semesters']} semesters."))
    if queries.find_term(work, command.term_id) is None:
        faults.append(Fault("/term_id", "unknown", f"There is no term {command.term_id}."))
    else:
        faults += [
            Fault(f"/sections/{place}/codes/{index}", "unknown", "The course has no such section this term.")
            for place, index in queries.unknown_sections(work, command)
        ]
    taught = {row.course_id for row in queries.courses_of(work, command)}
    faults += [
        Fault(f"/electives/{place}", "unknown", f"Course {id} is no elective of this semester.")
        for place, id in enumerate(command.electives)
        if id not in taught
    ]
    if faults or program is None:
        raise InvalidInput(
            f"{len(faults)} fault{'s' if len(faults) > 1 else ''} in the input.", errors=faults
        )
    return program


def _plan(work: Work, wishes: PlanBatch) -> Plan:
    term = queries.find_term(work, wishes.term_id)
    assert term is not None
    check_window(term["name"], term["status"], term["enroll_until"], work.today)
    courses = queries.courses_of(work, wishes)
    if not courses:
        raise NothingToTeach(f"Nothing is taught in semester {wishes.semester} to intake {wishes.intake}.")
    return plan(queries.gather(work, wishes, courses))


@operation(Permission.ENROLL_STUDENT, COMMIT)
def commit_batch(work: Work, command: CommitBatch) -> BatchView:
    """Carry out exactly the plan that was looked at; a large one as a job."""
    batch = queries.access_batch(work, command.id)
    _check_planned(work, batch, command.plan_hash)
    if len(batch["plan"]["seats"]) <= work.setting("enrollment.batch_job_over"):
        return _seat_all(work, batch, command.plan_hash)
    job_id = enqueue(work, COMMIT, batch_id=batch["id"], plan_hash=command.plan_hash)
    work.update(enrollment_batch, batch["id"], {"job_id": job_id})
    return queries.get_batch(work, batch["id"])


def _check_planned(work: Work, batch: dict[str, Any], plan_hash: str) -> None:
    if batch["state"] != "planned":
        raise BatchWrongState(f"The batch is {batch['state']}.")
    if batch["plan_hash"] != plan_hash:
        raise BatchStale("That is the hash of another plan.", plan_hash=batch["plan_hash"])
    if batch["job_id"] is not None and queries.is_job_under_way(work, batch["job_id"]):
        raise BatchWrongState(f"Job {batch['job_id']} is at it.")


def _seat_all(work: Work, batch: dict[str, Any], plan_hash: str) -> BatchView:
    wishes = msgspec.convert(batch["wishes"], PlanBatch)
    queries.lock_sections(work, batch["term_id"], [row["course_id"] for row in batch["plan"]["courses"]])
    found = _plan(work, wishes)
    if found.hash != plan_hash:
        raise BatchStale("Seats, holds or registrations have moved since. Plan again.", plan_hash=found.hash)
    seated = work.run(
        _SEAT_ALL,
        students=[seat.student_id for seat in found.seats],
        registrations=[seat.registration_id for seat in found.seats],
        sections=[seat.section_id for seat in found.seats],
        kinds=[seat.kind for seat in found.seats],
        attempts=[seat.attempt for seat in found.seats],
        now=work.now,
        batch=batch["id"],
    )
    if seated != len(found.seats):
        raise BatchStale("Somebody enrolled one of them a moment ago. Plan again.", plan_hash=found.hash)
    work.update(
        enrollment_batch,
        batch["id"],
        {"state": "committed", "committed_by": work.caller.id, "committed_at": work.now},
    )
    return queries.get_batch(work, batch["id"])


@job(COMMIT)
def commit_in_background(run: JobRun) -> dict[str, Any]:
    """The job of a large batch: `{batch_id, seats, exceptions}`. A second run finds it committed."""

    def carry_out(work: Work, id: int) -> BatchView:
        work.run("SET LOCAL statement_timeout = '10min'")
        batch = queries.access_batch(work, id)
        if batch["state"] == "committed":
            return queries.get_batch(work, id)
        return _seat_all(work, batch, run.arguments["plan_hash"])

    def planned(work: Work, id: int) -> int:
        return len(queries.access_batch(work, id)["plan"]["seats"])

    total = run.execute(planned, run.arguments["batch_id"])
    run.progress(0, total)
    batch = run.execute(carry_out, run.arguments["batch_id"])
    run.progress(total, total)
    return {"batch_id": batch.id, "seats": batch.seats_planned, "exceptions": batch.exceptions_found}


@operation(Permission.ENROLL_STUDENT, "batches.undo")
def undo_batch(work: Work, command: UndoBatch) -> BatchView:
    """Drop what the batch seated, while nothing depends on it."""
    batch = queries.access_batch(work, command.id)
    if batch["state"] != "committed":
        raise BatchWrongState(f"The batch is {batch['state']}.")
    term = queries.find_term(work, batch["term_id"])
    assert term is not None
    last = term["drop_until"]
    if last is not None and work.today > last and not work.caller.may(Permission.OVERRIDE_ENROLLMENT):
        raise DropClosed(f"The last day to drop was {last}; the registrar alone undoes it now.")
    queries.lock_sections(work, batch["term_id"], [row["course_id"] for row in batch["plan"]["courses"]])
    rows = queries.dependents(work, batch["id"], batch["committed_at"])
    if rows:
        first = rows[0]
        raise BatchInUse(
            f"{first['reg_no']} in {first['course_code']} {first['why']}"
            + (f", and {len(rows) - 1} more." if len(rows) > 1 else "."),
            rows=rows,
        )
    work.run(
        "UPDATE enrollment e SET status = 'dropped', ended_at = %(now)s, end_reason = %(reason)s "
        f"WHERE {queries.OF_BATCH} AND e.status = 'enrolled'",
        now=work.now,
        reason=f"Batch {batch['id']} undone: {command.reason.strip()}",
        batch=batch["id"],
        at=batch["committed_at"],
    )
    work.update(
        enrollment_batch,
        batch["id"],
        {
            "state": "undone",
            "undone_by": work.caller.id,
            "undone_at": work.now,
            "undo_reason": command.reason.strip(),
        },
    )
    return queries.get_batch(work, batch["id"])
