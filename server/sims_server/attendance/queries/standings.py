"""Who sits in a section with which marks, and what they come to. A section is read in a fixed number of
statements, however many students and classes it has."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from sims_server.attendance.queries.lists import SITS, person
from sims_server.attendance.rules import (
    Place,
    Seat,
    SectionToMark,
    Session,
    attendance_of,
    closed_in_words,
    counting,
    counts_from,
    explain_sessions,
    is_condoned,
    whole,
)
from sims_server.audit.operations import disclose
from sims_server.enrollment.queries import section_scope
from sims_server.kernel.work import Work
from sims_server.results.queries.judging import policies_of
from sims_shared.access import Permission
from sims_shared.attendance import (
    AttendanceExplained,
    ClassRoster,
    ClassSessionView,
    Eligibility,
    EligibilityQuestion,
    NotifiedEligibility,
    OneClass,
    OneSection,
    Percentage,
    RosterRow,
    SectionSummary,
    StudentInSection,
    SummaryRow,
    SummaryTotals,
)
from sims_shared.policy.attendance import AttendanceOutcome
from sims_shared.policy.document import Policy
from sims_shared.problems import NotFound
from sims_shared.regulations import in_words
from sims_shared.results import RegulationRef

_STATUSES = ("present", "absent", "late", "leave")
_builtins = msgspec.json.Encoder(decimal_format="string").encode


# -- Sections --------------------------------------------------------------------------------------

_SECTION = """
SELECT s.id, s.status, s.course_code, s.course_title, s.code, t.name AS term, t.start_date, t.end_date,
       EXISTS (SELECT FROM section_staff f WHERE f.section_id = s.id AND f.account_id = %(me)s
                 AND f.until IS NULL) AS teaches,
       EXISTS (SELECT FROM result r WHERE r.section_id = s.id AND r.state = 'frozen') AS frozen
  FROM section s JOIN course c ON c.id = s.course_id JOIN term t ON t.id = s.term_id
 WHERE s.id = %(id)s"""


def _section(work: Work, id: int, permission: str, student: str = "") -> dict[str, Any]:
    condition, values = section_scope(work.caller, permission, student=student)
    row = work.row(
        f"{_SECTION} AND ({condition})" if condition else _SECTION, id=id, me=work.caller.id, **values
    )
    if row is None:
        raise NotFound
    return row


def _to_mark(work: Work, row: dict[str, Any]) -> SectionToMark:
    reach = work.caller.reach(Permission.WRITE_ATTENDANCE)
    return SectionToMark(
        row["id"],
        row["status"],
        row["start_date"],
        row["end_date"],
        row["teaches"] and reach.own_sections,
        reach.everything,
        row["frozen"],
    )


def section_to_mark(work: Work, id: int) -> SectionToMark:
    """The section where the caller may write attendance; raises NotFound elsewhere."""
    return _to_mark(work, _section(work, id, Permission.WRITE_ATTENDANCE))


def section_to_judge(work: Work, id: int, permission: str) -> None:
    """Raises NotFound where `permission` does not reach."""
    _section(work, id, permission)


_OF_SESSION = """
SELECT k.id, k.section_id, k.held_on, k.slot, k.head, k.called_off_at, k.taken_at
  FROM class_session k JOIN section s ON s.id = k.section_id JOIN course c ON c.id = s.course_id
 WHERE k.id = %(id)s"""


def access_class_session(work: Work, id: int) -> dict[str, Any]:
    """Lock a class session that the caller may write. Raises NotFound."""
    condition, values = section_scope(work.caller, Permission.WRITE_ATTENDANCE)
    row = work.row(
        (f"{_OF_SESSION} AND ({condition})" if condition else _OF_SESSION) + " FOR NO KEY UPDATE OF k",
        id=id,
        **values,
    )
    if row is None:
        raise NotFound
    return row


def access_mark(work: Work, id: int) -> dict[str, Any]:
    """Lock a mark that the caller may correct. Raises NotFound."""
    condition, values = section_scope(work.caller, Permission.WRITE_ATTENDANCE)
    row = work.row(
        "SELECT a.id, a.section_id, a.student_id, a.status, a.reason, k.held_on, k.slot "
        "FROM attendance a JOIN class_session k ON k.id = a.class_session_id "
        "JOIN section s ON s.id = a.section_id JOIN course c ON c.id = s.course_id WHERE a.id = %(id)s"
        + (f" AND ({condition})" if condition else "")
        + " FOR NO KEY UPDATE OF a",
        id=id,
        **values,
    )
    if row is None:
        raise NotFound
    return row


def seats_of(work: Work, section_id: int, students: list[int]) -> dict[int, Seat]:
    """The places of these students in a section, by student."""
    rows = work.rows(
        "SELECT student_id, status, (ended_at AT TIME ZONE %(zone)s)::date AS ended_on FROM enrollment "
        "WHERE section_id = %(section)s AND student_id = ANY (%(students)s::bigint[])",
        section=section_id,
        students=students,
        zone=work.setting("time_zone"),
    )
    return {row["student_id"]: Seat(row["status"], row["ended_on"]) for row in rows}


# -- Standings -------------------------------------------------------------------------------------

_PLACES = """
SELECT e.id AS enrollment_id, e.student_id, e.registration_id, r.regulation_id, r.reg_no, p.name, e.status,
       e.kind, t.start_date AS term_start, r.admitted_on, d.id AS condonation_id
  FROM enrollment e JOIN section s ON s.id = e.section_id JOIN course c ON c.id = s.course_id
  JOIN term t ON t.id = e.term_id JOIN registration r ON r.id = e.registration_id
  JOIN student p ON p.id = e.student_id
  LEFT JOIN condonation d ON d.section_id = e.section_id AND d.student_id = e.student_id
       AND d.withdrawn_at IS NULL
 WHERE e.section_id = %(section)s AND e.status <> 'dropped'
   AND (%(student)s::bigint IS NULL OR e.student_id = %(student)s)"""
_MARKS = """
SELECT student_id, array_agg(class_session_id) AS sessions, array_agg(status) AS statuses FROM attendance
 WHERE section_id = %(section)s AND (%(student)s::bigint IS NULL OR student_id = %(student)s)
 GROUP BY student_id"""
_SESSIONS = """
SELECT id, held_on, slot, head, taken_at IS NOT NULL AS is_taken, called_off_reason AS called_off
  FROM class_session WHERE section_id = %(section)s ORDER BY held_on, slot"""
_NOTIFIED = """
SELECT r.student_id, l.id AS list_id, l.version, l.notified_at, r.outcome, r.percentage
  FROM eligibility_row r JOIN eligibility_list l ON l.id = r.list_id
 WHERE r.section_id = %(section)s AND (%(student)s::bigint IS NULL OR r.student_id = %(student)s)
   AND l.version = (SELECT max(version) FROM eligibility_list WHERE section_id = %(section)s)"""


@dataclass(frozen=True, slots=True)
class Standing:
    """One student of a section: the place, the regulation, and what the marks come to."""

    place: Place
    policy: Policy
    judged: AttendanceOutcome
    notified: NotifiedEligibility | None

    @property
    def regulation(self) -> str:
        return f"{self.policy.code} v{self.policy.version}"


@dataclass(frozen=True, slots=True)
class SectionStandings:
    """A section's sessions and its students, by registration number."""

    sessions: list[Session]
    standings: list[Standing]


def standings_of(
    work: Work,
    section_id: int,
    student_id: int | None = None,
    *,
    permission: str = Permission.READ_ATTENDANCE,
    threshold: Decimal | None = None,
) -> SectionStandings:
    """Everybody on the roster of a section as far as `permission` reaches, or one of them."""
    named = {"section": section_id, "student": student_id}
    condition, values = section_scope(work.caller, permission, student="e.student_id = %(scope_student)s")
    rows = work.rows(
        _PLACES + (f" AND ({condition})" if condition else "") + ' ORDER BY r.reg_no COLLATE "C", e.id',
        **named,
        **values,
    )
    if not rows:
        return SectionStandings([], [])
    sessions = [Session(**row) for row in work.rows(_SESSIONS, section=section_id)]
    marks = {
        row["student_id"]: dict(zip(row["sessions"], row["statuses"], strict=True))
        for row in work.rows(_MARKS, **named)
    }
    notified = {row.pop("student_id"): NotifiedEligibility(**row) for row in work.rows(_NOTIFIED, **named)}
    policies = policies_of(work, {row["regulation_id"] for row in rows})
    standings = []
    for row in rows:
        place = Place(**row, marks=marks.get(row["student_id"], {}))
        policy = policies[place.regulation_id]
        judged = attendance_of(policy, place, sessions, threshold)
        standings.append(Standing(place, policy, judged, notified.get(place.student_id)))
    return SectionStandings(sessions, standings)


def standing_of(
    work: Work,
    section_id: int,
    student_id: int,
    *,
    permission: str = Permission.READ_ATTENDANCE,
    threshold: Decimal | None = None,
) -> tuple[list[Session], Standing]:
    """One student's standing in a section. Raises NotFound for who does not sit there, or out of reach."""
    found = standings_of(work, section_id, student_id, permission=permission, threshold=threshold)
    if not found.standings:
        raise NotFound
    return found.sessions, found.standings[0]


# -- What is asked ---------------------------------------------------------------------------------


def attendance_percentage(work: Work, query: StudentInSection) -> Percentage:
    """How much of a section's classes a student attended, as the student's regulation counts."""
    _, standing = standing_of(work, query.section_id, query.student_id)
    return Percentage(
        student_id=query.student_id,
        section_id=query.section_id,
        total=standing.judged.total,
        attended=whole(standing.judged.attended),
        percentage=standing.judged.percentage,
    )


def attendance_eligibility(work: Work, query: EligibilityQuestion) -> Eligibility:
    """Whether a student may sit: as notified, or as the marks stand; with `threshold`, what if."""
    what_if = query.threshold is not None
    _, standing = standing_of(work, query.section_id, query.student_id, threshold=query.threshold)
    judged, notified = standing.judged, standing.notified
    eligible, condoned = judged.eligible, is_condoned(standing.place, judged)
    percentage = judged.percentage
    if notified is not None and not what_if:
        eligible, condoned = notified.outcome != "short", notified.outcome == "condoned"
        percentage = notified.percentage
    return Eligibility(
        student_id=query.student_id,
        section_id=query.section_id,
        eligible=eligible,
        percentage=percentage,
        threshold=judged.threshold,
        condoned=condoned,
        condonable=judged.condonable,
        total=judged.total,
        attended=whole(judged.attended),
        short_heads=list(judged.short_heads),
        source="what_if" if what_if else "notified" if notified is not None else "live",
        what_if=what_if,
        regulation=standing.regulation,
        notified=notified,
    )


def attendance_summary(work: Work, query: OneSection) -> SectionSummary:
    """A section's attendance: totals, and a row for each student."""
    _section(work, query.section_id, Permission.READ_ATTENDANCE, SITS)
    found = standings_of(work, query.section_id)
    held = [session.id for session in counting(found.sessions)]
    rows = [_summary_row(standing, held) for standing in found.standings]
    totals = SummaryTotals(
        sessions=len(held),
        students=len(rows),
        present=sum(row.present for row in rows),
        absent=sum(row.absent for row in rows),
        late=sum(row.late for row in rows),
        leave=sum(row.leave for row in rows),
        unmarked=sum(row.unmarked for row in rows),
        eligible=sum(row.eligible for row in rows),
        condonable=sum(row.condonable for row in rows),
        condoned=sum(row.condoned for row in rows),
        short=sum(not row.eligible for row in rows),
    )
    return SectionSummary(section_id=query.section_id, totals=totals, rows=rows)


def _summary_row(standing: Standing, held: list[int]) -> SummaryRow:
    place, judged = standing.place, standing.judged
    marks = [place.marks.get(id) for id in held]
    counts = {status: marks.count(status) for status in _STATUSES}
    return SummaryRow(
        student_id=place.student_id,
        enrollment_id=place.enrollment_id,
        reg_no=place.reg_no,
        name=place.name,
        status=place.status,
        **counts,
        unmarked=marks.count(None),
        total=judged.total,
        attended=whole(judged.attended),
        percentage=judged.percentage,
        threshold=judged.threshold,
        eligible=judged.eligible,
        condonable=judged.condonable,
        condoned=is_condoned(place, judged),
        short_heads=list(judged.short_heads),
        regulation=standing.regulation,
        notified=standing.notified,
    )


def class_roster(work: Work, query: OneClass) -> ClassRoster:
    """A section's list for one class: who sits in it, what is marked, and how far each has come."""
    section = _section(work, query.section_id, Permission.READ_ATTENDANCE, SITS)
    day = query.date or work.today
    session = work.row(
        "SELECT id, section_id, held_on, slot, head, taken_at, called_off_at, called_off_reason "
        "FROM class_session WHERE section_id = %(section)s AND held_on = %(day)s AND slot = %(slot)s",
        section=query.section_id,
        day=day,
        slot=query.slot,
    )
    marks: dict[int, dict[str, Any]] = {}
    if session is not None:
        found = work.rows(
            "SELECT a.student_id, a.status, a.reason, a.updated_by, u.name, a.updated_at FROM attendance a "
            "LEFT JOIN account u ON u.id = a.updated_by WHERE a.class_session_id = %(id)s",
            id=session["id"],
        )
        marks = {row["student_id"]: row for row in found}
    edit_days = work.setting("attendance.edit_days")
    if not work.caller.may(Permission.WRITE_ATTENDANCE):
        closed = "You may read this list, not write it."
    else:
        closed = closed_in_words(_to_mark(work, section), day, work.today, edit_days)
    if session is not None and session["called_off_at"] is not None:
        closed = f"This class was called off: {session['called_off_reason']}"
    # Who withdrew or was barred is shown where a mark of that day stands.
    listed = [
        standing
        for standing in standings_of(work, query.section_id).standings
        if standing.place.status in ("enrolled", "completed") or standing.place.student_id in marks
    ]
    return ClassRoster(
        section_id=query.section_id,
        course_code=section["course_code"],
        course_title=section["course_title"],
        section_code=section["code"],
        term=section["term"],
        date=day,
        slot=query.slot,
        session=None if session is None else ClassSessionView(**session),
        closed=closed,
        edit_days=edit_days,
        rows=[_roster_row(standing, marks.get(standing.place.student_id)) for standing in listed],
    )


def _roster_row(standing: Standing, mark: dict[str, Any] | None) -> RosterRow:
    place, judged = standing.place, standing.judged
    return RosterRow(
        student_id=place.student_id,
        reg_no=place.reg_no,
        name=place.name,
        mark=None if mark is None else mark["status"],
        reason="" if mark is None else mark["reason"],
        marked_by=None if mark is None else person(mark["updated_by"], mark["name"]),
        marked_at=None if mark is None else mark["updated_at"],
        total=judged.total,
        attended=whole(judged.attended),
        percentage=judged.percentage,
        threshold=judged.threshold,
        eligible=judged.eligible,
        condonable=judged.condonable,
    )


def explain_attendance(work: Work, id: int, section_id: int) -> AttendanceExplained:
    """How a percentage of attendance comes about: the sessions used and left out and why, the exact
    fraction, the rule in words."""
    sessions, standing = standing_of(work, section_id, id)
    disclose(work, id, f"explanation of attendance in section {section_id}")
    place, judged, policy = standing.place, standing.judged, standing.policy
    reasons = {
        row["class_session_id"]: row["reason"]
        for row in work.rows(
            "SELECT class_session_id, reason FROM attendance WHERE section_id = %(section)s "
            "AND student_id = %(student)s AND reason <> ''",
            section=section_id,
            student=id,
        )
    }
    rows = explain_sessions(policy, place, sessions)
    for row in rows:
        row.reason = reasons.get(row.class_session_id, "")
    trace: Any = msgspec.json.decode(_builtins(judged.trace))
    return AttendanceExplained(
        student_id=id,
        section_id=section_id,
        registration_id=place.registration_id,
        regulation=RegulationRef(
            id=place.regulation_id,
            code=policy.code or "",
            version=policy.version or 1,
            in_words=in_words(policy),
        ),
        counts_from=counts_from(policy, place),
        total=judged.total,
        attended=whole(judged.attended),
        percentage=judged.percentage,
        exact=None if judged.exact is None else str(judged.exact),
        threshold=judged.threshold,
        eligible=judged.eligible,
        condonable=judged.condonable,
        condoned=is_condoned(place, judged),
        short_heads=list(judged.short_heads),
        rows=rows,
        trace=trace,
        notified=standing.notified,
        remarks=_remarks(work, standing),
    )


def _remarks(work: Work, standing: Standing) -> list[str]:
    remarks = []
    if standing.place.kind == "supplementary" and not standing.place.marks:
        remarks.append("A supplementary attempt attends no classes.")
    if standing.judged.short_heads:
        remarks.append(f"Short in {', '.join(standing.judged.short_heads)}, where the least holds by itself.")
    if standing.notified is not None:
        told = standing.notified
        day = told.notified_at.astimezone(ZoneInfo(work.setting("time_zone"))).date()
        remarks.append(
            f"List {told.version} of {day} says {told.outcome}; marks written since change nothing in it."
        )
    return remarks


def marks_standing(work: Work, session_ids: list[int]) -> dict[tuple[int, int], dict[str, Any]]:
    """The marks of these sessions, by (session, student)."""
    rows = work.rows(
        "SELECT a.id, a.class_session_id, a.student_id, a.status, a.reason, a.updated_by, u.name AS updater, "
        "a.updated_at FROM attendance a LEFT JOIN account u ON u.id = a.updated_by "
        "WHERE a.class_session_id = ANY (%(ids)s::bigint[])",
        ids=session_ids,
    )
    return {(row["class_session_id"], row["student_id"]): row for row in rows}
