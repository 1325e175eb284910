"""Marks: one at a time, corrected, or a whole class in one statement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from sims_server.attendance.model import attendance
from sims_server.attendance.queries.lists import get_attendance
from sims_server.attendance.queries.standings import (
    access_class_session,
    access_mark,
    marks_standing,
    seats_of,
    section_to_mark,
)
from sims_server.attendance.rules import ClassMark, check_day, check_marks, check_section, marks_of
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.attendance import (
    AttendanceDuplicate,
    AttendanceReasonNeeded,
    AttendanceView,
    ChangeAttendance,
    ClassAttendanceRecorded,
    MarkedMeanwhile,
    RecordAttendance,
    RecordClassAttendance,
    SessionCalledOff,
)
from sims_shared.problems import Fault, InvalidInput
from sims_shared.values import SYSTEM

# A session that stands is locked by its update, so two lists of one class follow one another.
_SESSIONS = """
INSERT INTO class_session AS k (section_id, held_on, slot, head)
SELECT %(section)s, g.held_on, g.slot, g.head
  FROM unnest(%(days)s::date[], %(slots)s::integer[], %(heads)s::text[]) g (held_on, slot, head)
 ORDER BY g.held_on, g.slot
ON CONFLICT (section_id, held_on, slot) DO UPDATE SET head = coalesce(EXCLUDED.head, k.head)
RETURNING k.id, k.held_on, k.slot, k.called_off_at"""
_MARKS = """
INSERT INTO attendance AS a (section_id, class_session_id, student_id, status, reason, updated_by, updated_at)
SELECT %(section)s, g.session, g.student, g.status, g.reason, %(me)s, %(now)s
  FROM unnest(%(sessions)s::bigint[], %(students)s::bigint[], %(statuses)s::text[], %(reasons)s::text[])
       g (session, student, status, reason)
 ORDER BY g.session, g.student
ON CONFLICT (class_session_id, student_id) DO UPDATE
   SET status = EXCLUDED.status, reason = EXCLUDED.reason, updated_by = EXCLUDED.updated_by,
       updated_at = EXCLUDED.updated_at
 WHERE (a.status, a.reason) IS DISTINCT FROM (EXCLUDED.status, EXCLUDED.reason)
RETURNING a.id, a.class_session_id, a.student_id, xmax = 0 AS made"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a list did. `marks` are the ids of the marks written, by (day, slot, student); `sessions` the
    ids of the class sessions, by (day, slot)."""

    made: int
    changed: int
    unchanged: int
    sessions: dict[tuple[date, int], int]
    marks: dict[tuple[date, int, int], int]


def record_attendance(work: Work, section_id: int, marks: Sequence[ClassMark]) -> Recorded:
    """Record marks of one section, of one class or many: all of them or, with every fault named by its
    pointer, none. Sessions that are missing are made; marks that stand are corrected. For whoever may write
    the section's attendance; raises NotFound elsewhere."""
    section = section_to_mark(work, section_id)
    check_section(section)
    edit_days = work.setting("attendance.edit_days")
    by_office = set()
    for day, pointer in {mark.held_on: _pointer_of_day(mark) for mark in reversed(marks)}.items():
        if check_day(section, day, work.today, edit_days, pointer):
            by_office.add(day)
    check_marks(marks, seats_of(work, section_id, [mark.student_id for mark in marks]), by_office)
    sessions = _hold(work, section_id, marks)
    standing = marks_standing(work, list(sessions.values()))
    _check_unchanged(marks, sessions, standing)
    written = work.rows(
        _MARKS,
        section=section_id,
        sessions=[sessions[mark.held_on, mark.slot] for mark in marks],
        students=[mark.student_id for mark in marks],
        statuses=[mark.status for mark in marks],
        reasons=[mark.reason.strip() for mark in marks],
        me=work.caller.id,
        now=work.now,
    )
    made = sum(row["made"] for row in written)
    when = {id: key for key, id in sessions.items()}
    return Recorded(
        made,
        len(written) - made,
        len(marks) - len(written),
        sessions,
        {(*when[row["class_session_id"]], row["student_id"]): row["id"] for row in written},
    )


def _pointer_of_day(mark: ClassMark) -> str:
    # A class list has one day at its top; a single mark stands by itself.
    return "/date" if mark.pointer.startswith("/marks") or not mark.pointer else mark.pointer


def _hold(work: Work, section_id: int, marks: Sequence[ClassMark]) -> dict[tuple[date, int], int]:
    wanted = {(mark.held_on, mark.slot): mark.head for mark in marks}
    rows = work.rows(
        _SESSIONS,
        section=section_id,
        days=[day for day, _ in wanted],
        slots=[slot for _, slot in wanted],
        heads=list(wanted.values()),
    )
    for row in rows:
        if row["called_off_at"] is not None:
            raise SessionCalledOff(f"The class of {row['held_on']}, slot {row['slot']}, was called off.")
    return {(row["held_on"], row["slot"]): row["id"] for row in rows}


def _check_unchanged(
    marks: Sequence[ClassMark],
    sessions: dict[tuple[date, int], int],
    standing: dict[tuple[int, int], dict[str, Any]],
) -> None:
    """Raises MarkedMeanwhile where a mark stands that its sender has not seen, and says otherwise."""
    meanwhile, faults = [], []
    for mark in marks:
        row = standing.get((sessions[mark.held_on, mark.slot], mark.student_id))
        status = None if row is None else row["status"]
        if mark.was is msgspec.UNSET or status in (mark.was, mark.status):
            continue
        by = SYSTEM.name if row is None or row["updater"] is None else row["updater"]
        at = None if row is None else row["updated_at"]
        meanwhile.append({"student_id": mark.student_id, "status": status, "by": by, "at": at})
        detail = f"Marked {status} by {by} meanwhile." if status else "The mark is gone."
        faults.append(Fault(f"{mark.pointer}/status", "marked_meanwhile", detail))
    if faults:
        raise MarkedMeanwhile(
            f"{len(faults)} of these marks are not what you saw; nothing is saved.",
            errors=faults,
            meanwhile=meanwhile,
        )


@operation(Permission.WRITE_ATTENDANCE, "attendance.record")
def record_mark(work: Work, command: RecordAttendance) -> AttendanceView:
    """Record one student's mark in a class, which is made when it is missing."""
    section_id, day, slot = _class_of(work, command)
    mark = ClassMark(day, command.student_id, command.status, slot, reason=command.reason)
    standing = work.value(
        "SELECT a.id FROM attendance a JOIN class_session k ON k.id = a.class_session_id WHERE "
        "k.section_id = %(section)s AND k.held_on = %(day)s AND k.slot = %(slot)s AND a.student_id = "
        "%(student)s",
        section=section_to_mark(work, section_id).id,
        day=day,
        slot=slot,
        student=command.student_id,
    )
    if standing is not None:
        raise AttendanceDuplicate("Correct that mark, or send the class list.", attendance_id=standing)
    done = record_attendance(work, section_id, [mark])
    if not done.made:
        raise AttendanceDuplicate("Somebody marked the student a moment ago.")
    return get_attendance(work, done.marks[day, slot, command.student_id])


def _class_of(work: Work, command: RecordAttendance) -> tuple[int, date, int]:
    """Section, day and slot; a session's id stands for them and must not say otherwise."""
    faults = []
    if command.class_session_id is not None:
        row = access_class_session(work, command.class_session_id)
        given = {"section_id": command.section_id, "date": command.date, "slot": command.slot}
        found = {"section_id": row["section_id"], "date": row["held_on"], "slot": row["slot"]}
        for name, value in given.items():
            if value is not None and value != found[name]:
                faults.append(Fault(f"/{name}", "contradiction", f"The class session has {found[name]}."))
        if not faults:
            return row["section_id"], row["held_on"], row["slot"]
    elif command.section_id is not None and command.date is not None:
        return command.section_id, command.date, command.slot or 1
    else:
        for name in ("section_id", "date"):
            if getattr(command, name) is None:
                detail = f"“{name}” is required where no class session is named."
                faults.append(Fault(f"/{name}", "missing", detail))
    raise InvalidInput(f"{len(faults)} fault{'s' if len(faults) > 1 else ''} in the input.", errors=faults)


@operation(Permission.WRITE_ATTENDANCE, "attendance.record_class")
def record_class_attendance(work: Work, command: RecordClassAttendance) -> ClassAttendanceRecorded:
    """Record the marks of a class at once; those that stand already are corrected."""
    marks = marks_of(command.marks, command.date, command.slot, command.head, command.reason)
    done = record_attendance(work, command.section_id, marks)
    (session_id,) = done.sessions.values()
    counts = Counter({"present": 0, "absent": 0, "late": 0, "leave": 0})
    counts.update(row["status"] for row in marks_standing(work, [session_id]).values())
    return ClassAttendanceRecorded(
        class_session_id=session_id,
        section_id=command.section_id,
        date=command.date,
        slot=command.slot,
        made=done.made,
        changed=done.changed,
        unchanged=done.unchanged,
        counts=dict(counts),
    )


@operation(Permission.WRITE_ATTENDANCE, "attendance.change")
def change_attendance(work: Work, command: ChangeAttendance) -> AttendanceView:
    """Correct a mark. The audit keeps the old one."""
    row = access_mark(work, command.id)
    section = section_to_mark(work, row["section_id"])
    check_section(section)
    by_office = check_day(section, row["held_on"], work.today, work.setting("attendance.edit_days"), "")
    reason = "" if command.reason is msgspec.UNSET else command.reason.strip()
    if by_office and not reason:
        detail = "Say why: the mark is corrected by office, not by the class's teacher in time."
        raise AttendanceReasonNeeded(detail, errors=[Fault("/reason", "reason_required", detail)])
    values: dict[str, Any] = {"updated_by": work.caller.id, "updated_at": work.now}
    if command.status is not msgspec.UNSET:
        values["status"] = command.status
    if command.reason is not msgspec.UNSET:
        values["reason"] = reason
    if (values.get("status", row["status"]), values.get("reason", row["reason"])) != (
        row["status"],
        row["reason"],
    ):
        work.update(attendance, command.id, values)
    return get_attendance(work, command.id)
