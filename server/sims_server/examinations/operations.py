"""What can be done about examinations: rooms, papers of the date sheet, and slips."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from sims_server.audit.operations import disclose, disclose_many
from sims_server.examinations import queries
from sims_server.examinations.model import exam_paper, exam_room, exam_seating, exam_slip_print
from sims_server.examinations.rules import check_day, check_rooms, check_slip, check_text
from sims_server.kernel.execute import operation
from sims_server.kernel.http import File
from sims_server.kernel.jobs import JobRun, enqueue, job
from sims_server.kernel.refusal import in_use_as
from sims_server.kernel.work import Work
from sims_server.sealing.lettering import LetteringMissing
from sims_server.sealing.slip import Slips, SlipSheet
from sims_shared.access import Permission
from sims_shared.examinations import (
    SLIPS_AT_ONCE,
    AddExamPaper,
    AddExamRoom,
    ChangeExamPaper,
    ChangeExamRoom,
    ExamPaperView,
    ExamRoomInUse,
    ExamRoomView,
    ExamSlip,
    PaperSectionCancelled,
    PrintSlips,
    RemoveExamPaper,
    RemoveExamRoom,
    Seating,
    SlipUnprintable,
)
from sims_shared.problems import Fault, InvalidInput, Refusal
from sims_shared.transcripts import JobStarted

KIND = "examinations.slips"
AT_ONCE = 50


@operation(Permission.MANAGE_EXAMINATIONS, "exam_rooms.add")
def add_exam_room(work: Work, command: AddExamRoom) -> ExamRoomView:
    """Add a room in which papers are written."""
    id = work.insert(exam_room, {"name": command.name.strip(), "seats": command.seats})
    return queries.get_exam_room(work, id)


@operation(Permission.MANAGE_EXAMINATIONS, "exam_rooms.change")
def change_exam_room(work: Work, command: ChangeExamRoom) -> ExamRoomView:
    """Rename a room, or say how many it holds."""
    values: dict[str, Any] = {}
    if command.name is not msgspec.UNSET:
        values["name"] = command.name.strip()
    if command.seats is not msgspec.UNSET:
        values["seats"] = command.seats
    work.update(exam_room, command.id, values)
    return queries.get_exam_room(work, command.id)


@operation(Permission.MANAGE_EXAMINATIONS, "exam_rooms.remove")
def remove_exam_room(work: Work, command: RemoveExamRoom) -> None:
    """Take away a room that was written down by mistake, or is used no more."""
    with in_use_as(ExamRoomInUse):
        work.run("DELETE FROM exam_room WHERE id = %(id)s", id=command.id)


# -- Papers ----------------------------------------------------------------------------------------


@operation(Permission.MANAGE_EXAMINATIONS, "exam_papers.add")
def add_exam_paper(work: Work, command: AddExamPaper) -> ExamPaperView:
    """Put a paper of a section on the date sheet."""
    section = queries.section_of_paper(work, command.section_id)
    if section["status"] == "cancelled":
        raise PaperSectionCancelled
    check_day(command.held_on, command.starts_at, command.minutes, section["start_date"], section["end_date"])
    check_rooms(command.rooms, queries.known_rooms(work, [one.room_id for one in command.rooms]))
    id = work.insert(
        exam_paper,
        {
            "section_id": command.section_id,
            "part": command.part,
            "held_on": command.held_on,
            "starts_at": command.starts_at,
            "minutes": command.minutes,
        },
    )
    _seat(work, id, command.rooms)
    return queries.get_exam_paper(work, id)


@operation(Permission.MANAGE_EXAMINATIONS, "exam_papers.change")
def change_exam_paper(work: Work, command: ChangeExamPaper) -> ExamPaperView:
    """Move a paper, or give it other rooms."""
    paper = queries.access_exam_paper(work, command.id)
    section = queries.section_of_paper(work, paper["section_id"])
    values: dict[str, Any] = {
        name: value
        for name in ("held_on", "starts_at", "minutes", "part")
        if (value := getattr(command, name)) is not msgspec.UNSET
    }
    as_moved = {**paper, **values}
    check_day(
        as_moved["held_on"],
        as_moved["starts_at"],
        as_moved["minutes"],
        section["start_date"],
        section["end_date"],
    )
    if command.rooms is not msgspec.UNSET:
        check_rooms(command.rooms, queries.known_rooms(work, [one.room_id for one in command.rooms]))
    work.update(exam_paper, command.id, values)
    if command.rooms is not msgspec.UNSET:
        _seat(work, command.id, command.rooms)
    return queries.get_exam_paper(work, command.id)


def _seat(work: Work, paper_id: int, rooms: list[Seating]) -> None:
    """The rooms of a paper as they are to be, in their order. What stays as it was is not touched."""
    wanted = [(one.room_id, place, one.seats) for place, one in enumerate(rooms, 1)]
    there = work.rows(
        "SELECT id, room_id, position, seats FROM exam_seating WHERE paper_id = %(paper)s", paper=paper_id
    )
    kept = {(row["room_id"], row["position"], row["seats"]) for row in there} & set(wanted)
    gone = [row["id"] for row in there if (row["room_id"], row["position"], row["seats"]) not in kept]
    if gone:
        work.run("DELETE FROM exam_seating WHERE id = ANY (%(ids)s)", ids=gone)
    for room_id, place, seats in wanted:
        if (room_id, place, seats) not in kept:
            seating = {"paper_id": paper_id, "room_id": room_id, "position": place, "seats": seats}
            work.insert(exam_seating, seating)


@operation(Permission.MANAGE_EXAMINATIONS, "exam_papers.remove")
def remove_exam_paper(work: Work, command: RemoveExamPaper) -> None:
    """Take a paper off the date sheet."""
    work.run("DELETE FROM exam_seating WHERE paper_id = %(id)s", id=command.id)
    work.run("DELETE FROM exam_paper WHERE id = %(id)s", id=command.id)


# -- Slips -----------------------------------------------------------------------------------------


@operation(Permission.MANAGE_EXAMINATIONS, KIND)
def print_slips(work: Work, command: PrintSlips) -> JobStarted:
    """Make roll-number slips in the background."""
    faults = []
    if work.value("SELECT id FROM term WHERE id = %(id)s", id=command.term_id) is None:
        faults.append(Fault("/term_id", "unknown", f"There is no term {command.term_id}."))
    if command.section_id is not None:
        term = work.value("SELECT term_id FROM section WHERE id = %(id)s", id=command.section_id)
        if term != command.term_id:
            faults.append(Fault("/section_id", "unknown", f"The term has no section {command.section_id}."))
    if command.student_ids is not None and not 0 < len(command.student_ids) <= SLIPS_AT_ONCE:
        detail = f"Between 1 and {SLIPS_AT_ONCE:,} students; leave it out for everybody."
        faults.append(Fault("/student_ids", "range", detail))
    if faults:
        raise InvalidInput(
            f"{len(faults)} fault{'s' if len(faults) > 1 else ''} in the input.", errors=faults
        )
    return JobStarted(
        job_id=enqueue(
            work,
            KIND,
            term_id=command.term_id,
            section_id=command.section_id,
            student_ids=None if command.student_ids is None else sorted(set(command.student_ids)),
        )
    )


@job(KIND)
def make_slips(run: JobRun) -> dict[str, Any]:
    """The job: `{done, failed: [{student_id, reg_no, name, code, detail}]}`. Whoever is stopped is named and
    stops nobody else. The file is the caller's to fetch; a second run makes it anew."""
    term_id, named = run.arguments["term_id"], run.arguments["student_ids"]
    students = run.execute(_whom, (term_id, run.arguments["section_id"], named))
    outcome: dict[str, Any] = {"done": 0, "failed": []}
    frame = run.execute(_frame, None)
    slips = _begin(frame)
    printed: list[int] = []
    run.progress(0, len(students))
    for start in range(0, len(students), AT_ONCE):
        found = run.execute(_read, (term_id, students[start : start + AT_ONCE]))
        for number, slip in enumerate(found, start):
            run.progress(number, len(students))
            try:
                check_slip(slip)
                slips.add(_sheet(slip, frame))
            except Refusal as refusal:
                outcome["failed"].append(
                    {
                        "student_id": slip.student_id,
                        "reg_no": slip.reg_no,
                        "name": slip.name,
                        "code": refusal.code,
                        "detail": refusal.detail,
                    }
                )
            else:
                printed.append(slip.student_id)
    outcome["done"] = len(printed)
    if printed:
        run.execute(_keep, (run.id, term_id, printed, slips.finish()))
    run.progress(len(students), len(students))
    return outcome


def _whom(work: Work, asked: tuple[int, int | None, list[int] | None]) -> list[int]:
    """Whom to make slips for: those named, as long as they take something in the term; else the admitted."""
    term_id, section_id, named = asked
    admitted = queries.admitted_students(work, term_id, section_id, named)
    known = set(admitted)
    # Who was chosen by hand and is not admitted is told why.
    return admitted + [id for id in named or () if id not in known]


def _read(work: Work, asked: tuple[int, list[int]]) -> list[ExamSlip]:
    return queries.read_slips(work, *asked)


def _frame(work: Work, _: None) -> dict[str, str]:
    """What all slips of a file have in common, in words."""
    zone = ZoneInfo(work.setting("time_zone"))
    return {
        "institution": work.setting("institution"),
        "institution_native": work.setting("institution_native"),
        "office": work.setting("office"),
        "address": work.setting("address"),
        "instructions": work.setting("examinations.slip_instructions"),
        "as_of": f"{work.now.astimezone(zone):%Y-%m-%d %H:%M}",
        "demo": "DEMO" if work.value("SELECT demo FROM system") else "",
    }


def _begin(frame: dict[str, str]) -> Slips:
    """A file without a page yet. Raises SlipUnprintable."""
    with _unprintable():
        return Slips(frame)


def _sheet(slip: ExamSlip, frame: dict[str, str]) -> SlipSheet:
    """The slip as it is drawn. Raises SlipUnprintable before anything of it is."""
    sheet = SlipSheet(slip, check_text(slip, frame["as_of"]))
    with _unprintable():
        sheet.check_letters()
    return sheet


@contextmanager
def _unprintable() -> Iterator[None]:
    try:
        yield
    except LetteringMissing as missing:
        raise SlipUnprintable(f"No installed typeface has the letters {missing.letters}.") from missing


def _keep(work: Work, made: tuple[int, int, list[int], bytes]) -> None:
    job_id, term_id, students, pdf = made
    work.run("DELETE FROM exam_slip_print WHERE job_id = %(job)s", job=job_id)
    work.insert(
        exam_slip_print,
        {
            "job_id": job_id,
            "term_id": term_id,
            "made_by": work.caller.id,
            "made_at": work.now,
            "slips": len(students),
            "pdf": pdf,
        },
    )
    disclose_many(work, students, "roll-number slip", "printed")


def print_exam_slip(work: Work, id: int) -> File:
    """A student's roll-number slip of the coming examinations, as a PDF."""
    slip = queries.get_exam_slip(work, id)
    check_slip(slip)
    frame = _frame(work, None)
    slips = _begin(frame)
    slips.add(_sheet(slip, frame))
    disclose(work, id, "roll-number slip", "printed")
    return File(slips.finish(), "application/pdf", f"roll-number-slip-{slip.student_id}.pdf")
