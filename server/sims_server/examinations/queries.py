"""Every SELECT of examinations: the date sheet, what is wrong with it, and what a slip says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sims_server.enrollment.queries import section_scope
from sims_server.examinations.rules import Paper, SeatedRoom, clashes_of, crowded, paper_words
from sims_server.kernel.actor import Caller
from sims_server.kernel.http import File
from sims_server.kernel.paging import Filter, Listing, Order
from sims_server.kernel.work import Work
from sims_server.people.queries import find_student_in_scope
from sims_shared.access import Permission
from sims_shared.examinations import (
    Clash,
    DateSheetConflicts,
    ExamPaperView,
    ExamRoomView,
    ExamSlip,
    OneTerm,
    SlipPaper,
)
from sims_shared.problems import Fault, InvalidInput, NotFound

CLASHES_SHOWN = 200
# Whoever has a place, as `exam_room_of` counts them.
_SITTING = "(SELECT count(*) FROM enrollment e WHERE e.section_id = s.id AND e.status <> 'dropped')"
_ROOMS = """(SELECT coalesce(jsonb_agg(jsonb_build_object('room_id', g.room_id, 'name', m.name,
       'seats', g.seats) ORDER BY g.position), '[]')
     FROM exam_seating g JOIN exam_room m ON m.id = g.room_id WHERE g.paper_id = p.id)"""
_PAPERS = f"""(SELECT coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'part', p.part, 'held_on', p.held_on,
       'starts_at', to_char(p.starts_at, 'HH24:MI'), 'minutes', p.minutes, 'rooms', {_ROOMS})
       ORDER BY p.held_on, p.starts_at, p.id), '[]')
     FROM exam_paper p WHERE p.section_id = s.id)"""
# As a file says them: `09:00`, `12:00` (what ends at midnight, at 24:00), `Hall A: 60, Room 7`.
PAPER_BEGINS = "to_char(p.starts_at, 'HH24:MI')"


def clock_of(minute: str) -> str:
    """SQL of a time of day from SQL of a minute of the day."""
    return f"(lpad(({minute} / 60)::text, 2, '0') || ':' || lpad(mod({minute}, 60)::text, 2, '0'))"


PAPER_ENDS = clock_of(
    "(extract(hour FROM p.starts_at)::integer * 60 + extract(minute FROM p.starts_at)::integer + p.minutes)"
)
PAPER_ROOMS = """(SELECT string_agg(m.name || coalesce(': ' || g.seats, ''), ', ' ORDER BY g.position)
     FROM exam_seating g JOIN exam_room m ON m.id = g.room_id WHERE g.paper_id = p.id)"""
_LIST = "(SELECT max(l.version) FROM eligibility_list l WHERE l.section_id = s.id)"
_PROGRAM = (
    "EXISTS (SELECT FROM enrollment e JOIN registration r ON r.id = e.registration_id "
    "WHERE e.section_id = s.id AND e.status <> 'dropped' AND r.program_id = {})"
)
_WORDS = "folded(s.course_code || ' ' || s.course_title || ' ' || s.code) LIKE {}"


def _papers_scope(caller: Caller) -> tuple[str, dict[str, Any]]:
    return section_scope(
        caller,
        Permission.READ_ATTENDANCE,
        student="EXISTS (SELECT FROM enrollment o WHERE o.section_id = s.id "
        "AND o.student_id = %(scope_student)s AND o.status <> 'dropped')",
    )


ROOMS = Listing(
    entity="exam_room",
    columns={"id": "m.id", "name": "m.name", "seats": "m.seats"},
    source="exam_room m",
    key="m.id",
    orders={"name": Order("m.name")},
    default_order="name",
    search="folded(m.name) LIKE {}",
)
PAPERS = Listing(
    entity="exam_paper",
    columns={
        "id": "p.id",
        "section_id": "p.section_id",
        "course_code": "s.course_code",
        "course_title": "s.course_title",
        "section_code": "s.code",
        "term_id": "s.term_id",
        "term": "t.name",
        "part": "p.part",
        "held_on": "p.held_on",
        "starts_at": PAPER_BEGINS,
        "minutes": "p.minutes",
        "sitting": _SITTING,
        "rooms": _ROOMS,
    },
    source="exam_paper p JOIN section s ON s.id = p.section_id JOIN course c ON c.id = s.course_id "
    "JOIN term t ON t.id = s.term_id",
    key="p.id",
    filters={
        "term_id": Filter("s.term_id = {}", int),
        "section_id": Filter("p.section_id = {}", int),
        "program_id": Filter(_PROGRAM, int),
        "held_on": Filter("p.held_on = {}", date),
        "room_id": Filter(
            "EXISTS (SELECT FROM exam_seating g WHERE g.paper_id = p.id AND g.room_id = {})", int
        ),
    },
    orders={
        "held_on": Order("(p.held_on + p.starts_at)", "timestamp"),
        "course_code": Order("s.course_code"),
    },
    default_order="held_on",
    search=_WORDS,
    scope=_papers_scope,
)
# What the date sheet is made from: sections with a paper and those that have none yet.
SECTIONS = Listing(
    entity="exam_section",
    columns={
        "id": "s.id",
        "course_code": "s.course_code",
        "course_title": "s.course_title",
        "code": "s.code",
        "term_id": "s.term_id",
        "term": "t.name",
        "sitting": _SITTING,
        "list_version": _LIST,
        "papers": _PAPERS,
    },
    source="section s JOIN term t ON t.id = s.term_id",
    key="s.id",
    filters={
        "term_id": Filter("s.term_id = {}", int),
        "program_id": Filter(_PROGRAM, int),
        "dated": Filter("EXISTS (SELECT FROM exam_paper p WHERE p.section_id = s.id) = {}", bool),
    },
    orders={"course_code": Order("s.course_code")},
    default_order="course_code",
    search=_WORDS,
    where="s.status <> 'cancelled'",
)


def get_exam_room(work: Work, id: int) -> ExamRoomView:
    """One room."""
    row = ROOMS.one(work, id)
    if row is None:
        raise NotFound
    return ExamRoomView(**row)


def get_exam_paper(work: Work, id: int) -> ExamPaperView:
    """One paper with its rooms."""
    row = PAPERS.one(work, id)
    if row is None:
        raise NotFound
    return ExamPaperView(**row)


def access_exam_room(work: Work, id: int) -> None:
    """Raises NotFound."""
    if work.row("SELECT id FROM exam_room WHERE id = %(id)s FOR NO KEY UPDATE", id=id) is None:
        raise NotFound


def access_exam_paper(work: Work, id: int) -> dict[str, Any]:
    """A paper, locked, with its section's term. Raises NotFound."""
    row = work.row(
        "SELECT p.id, p.section_id, p.held_on, to_char(p.starts_at, 'HH24:MI') AS starts_at, p.minutes "
        "FROM exam_paper p WHERE p.id = %(id)s FOR NO KEY UPDATE",
        id=id,
    )
    if row is None:
        raise NotFound
    return row


def section_of_paper(work: Work, section_id: int) -> dict[str, Any]:
    """A section with the dates of its term. Raises InvalidInput where there is none."""
    row = work.row(
        "SELECT s.id, s.status, t.start_date, t.end_date FROM section s JOIN term t ON t.id = s.term_id "
        "WHERE s.id = %(id)s",
        id=section_id,
    )
    if row is None:
        detail = f"There is no section {section_id}."
        raise InvalidInput(detail, errors=[Fault("/section_id", "unknown", detail)])
    return row


def known_rooms(work: Work, ids: Sequence[int]) -> list[int]:
    return [
        row["id"] for row in work.rows("SELECT id FROM exam_room WHERE id = ANY (%(ids)s)", ids=list(ids))
    ]


# -- What is wrong ---------------------------------------------------------------------------------

_OF_TERM = """
SELECT p.id, s.course_code, s.code AS section_code, p.part, p.held_on, p.minutes,
       to_char(p.starts_at, 'HH24:MI') AS starts_at,
       (SELECT count(*) FROM enrollment e WHERE e.section_id = s.id AND e.status <> 'dropped') AS sitting,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(m.id, m.name, m.seats, g.seats)
                                  ORDER BY g.position), '[]')
          FROM exam_seating g JOIN exam_room m ON m.id = g.room_id WHERE g.paper_id = p.id) AS rooms
  FROM exam_paper p JOIN section s ON s.id = p.section_id
 WHERE s.term_id = %(term)s AND s.status <> 'cancelled' ORDER BY p.held_on, p.starts_at, p.id"""
_CLASHES = """
WITH sat AS (
  SELECT e.student_id, e.registration_id, p.id, p.held_on, p.starts_at, s.course_code, s.code, p.part,
         p.held_on + p.starts_at AS begins, p.held_on + p.starts_at + p.minutes * interval '1 minute' AS ends
    FROM exam_paper p JOIN section s ON s.id = p.section_id
    JOIN enrollment e ON e.section_id = s.id AND e.status = 'enrolled'
   WHERE s.term_id = %(term)s AND s.status <> 'cancelled')
SELECT a.student_id, r.reg_no, u.name, a.id AS paper_id, b.id AS other_paper_id, a.held_on,
       concat_ws(' ', a.course_code, a.code, nullif(a.part, '')) || ', '
         || concat_ws(' ', b.course_code, b.code, nullif(b.part, '')) AS papers
  FROM sat a JOIN sat b ON b.student_id = a.student_id AND b.held_on = a.held_on AND b.id > a.id
   AND a.begins < b.ends AND b.begins < a.ends
  JOIN registration r ON r.id = a.registration_id JOIN student u ON u.id = a.student_id
 ORDER BY a.held_on, a.id, b.id, r.reg_no COLLATE "C" LIMIT %(limit)s"""


def get_date_sheet_conflicts(work: Work, query: OneTerm) -> DateSheetConflicts:
    """What is wrong with the date sheet of a term: students in two papers at once, rooms too small."""
    if work.value("SELECT id FROM term WHERE id = %(id)s", id=query.term_id) is None:
        raise NotFound
    papers = [
        Paper(
            row["id"],
            paper_words(row["course_code"], row["section_code"], row["part"]),
            row["held_on"],
            row["starts_at"],
            row["minutes"],
            row["sitting"],
            [SeatedRoom(*room) for room in row["rooms"]],
        )
        for row in work.rows(_OF_TERM, term=query.term_id)
    ]
    clashes = work.rows(_CLASHES, term=query.term_id, limit=CLASHES_SHOWN)
    without = work.value(
        "SELECT count(*) FROM section s WHERE s.term_id = %(term)s AND s.status <> 'cancelled' "
        "AND NOT EXISTS (SELECT FROM exam_paper p WHERE p.section_id = s.id)",
        term=query.term_id,
    )
    return DateSheetConflicts(
        term_id=query.term_id,
        clashes=[Clash(**row) for row in clashes],
        crowded=crowded(papers),
        sections_without_paper=without,
        papers_without_room=sum(not paper.rooms for paper in papers),
    )


# -- Slips -----------------------------------------------------------------------------------------

# Of each section of the term: what the list in force says of the student. Who re-sits only the examination
# is judged by no list, and is admitted by being enrolled for it.
_COURSES = """
SELECT e.student_id, s.id AS section_id, s.course_code, s.course_title, s.code AS section_code,
       CASE WHEN e.kind = 'supplementary' THEN 'eligible'
            WHEN l.id IS NULL THEN 'waiting' ELSE coalesce(x.outcome, 'waiting') END AS outcome,
       p.id AS paper_id, p.part, p.held_on, to_char(p.starts_at, 'HH24:MI') AS starts_at, p.minutes,
       (SELECT m.name FROM exam_room m WHERE m.id = exam_room_of(p.id, e.student_id)) AS room
  FROM enrollment e JOIN section s ON s.id = e.section_id AND s.status <> 'cancelled'
  LEFT JOIN LATERAL (SELECT q.id FROM eligibility_list q WHERE q.section_id = s.id
                      ORDER BY q.version DESC LIMIT 1) l ON true
  LEFT JOIN eligibility_row x ON x.list_id = l.id AND x.student_id = e.student_id
  LEFT JOIN exam_paper p ON p.section_id = s.id
 WHERE e.term_id = %(term)s AND e.student_id = ANY (%(students)s) AND e.status IN ('enrolled', 'barred')
 ORDER BY p.held_on, p.starts_at, s.course_code, p.id"""
_HOLDERS = """
SELECT u.id, u.name, r.reg_no, r.roll_no, g.name AS program
  FROM student u
  JOIN LATERAL (SELECT e.registration_id FROM enrollment e WHERE e.student_id = u.id AND e.term_id = %(term)s
                 ORDER BY e.status <> 'enrolled', e.id LIMIT 1) e ON true
  JOIN registration r ON r.id = e.registration_id JOIN program g ON g.id = r.program_id
 WHERE u.id = ANY (%(students)s)"""
_HOLDS = """
SELECT student_id, kind, effect, reason, amount, contact FROM hold
 WHERE student_id = ANY (%(students)s) AND lifted_at IS NULL AND 'exam_slip' = ANY (blocks) ORDER BY id"""
# Whom a notified list admits, by registration number.
_ADMITTED = """
SELECT e.student_id
  FROM enrollment e JOIN registration r ON r.id = e.registration_id
 WHERE e.term_id = %(term)s AND e.status = 'enrolled'
   AND (%(section)s::bigint IS NULL OR e.section_id = %(section)s)
   AND (%(students)s::bigint[] IS NULL OR e.student_id = ANY (%(students)s))
   AND (e.kind = 'supplementary' OR EXISTS (
         SELECT FROM eligibility_row x
          WHERE x.section_id = e.section_id AND x.student_id = e.student_id
            AND x.outcome IN ('eligible', 'condoned')
            AND x.list_id = (SELECT l.id FROM eligibility_list l WHERE l.section_id = e.section_id
                              ORDER BY l.version DESC LIMIT 1)))
 GROUP BY e.student_id ORDER BY min(r.reg_no COLLATE "C")"""


def admitted_students(
    work: Work, term_id: int, section_id: int | None, student_ids: list[int] | None
) -> list[int]:
    """Whom a notified list of the term admits to some paper, by registration number."""
    found = work.rows(_ADMITTED, term=term_id, section=section_id, students=student_ids)
    return [row["student_id"] for row in found]


def read_slips(work: Work, term_id: int, student_ids: Sequence[int]) -> list[ExamSlip]:
    """What the slips of these students say now, in their order; of somebody who takes nothing in the term
    there is none."""
    students = list(student_ids)
    term = work.value("SELECT name FROM term WHERE id = %(id)s", id=term_id)
    holders = {row["id"]: row for row in work.rows(_HOLDERS, term=term_id, students=students)}
    courses: dict[int, list[dict[str, Any]]] = {}
    for row in work.rows(_COURSES, term=term_id, students=students):
        courses.setdefault(row["student_id"], []).append(row)
    holds: dict[int, list[dict[str, Any]]] = {}
    for row in work.rows(_HOLDS, students=students):
        holds.setdefault(row["student_id"], []).append(row)
    found = []
    for id in students:
        if id not in holders or term is None:
            continue
        holder = {name: value for name, value in holders[id].items() if name != "id"}
        rows = courses.get(id, [])
        papers = [_slip_paper(row) for row in rows if row["outcome"] in ("eligible", "condoned")]
        found.append(
            ExamSlip(
                student_id=id,
                **holder,
                term_id=term_id,
                term=term,
                papers=papers,
                waiting=_courses(rows, "waiting"),
                barred=_courses(rows, "short"),
                held=[_hold_words(hold) for hold in holds.get(id, []) if hold["effect"] == "block"],
                remarks=[_hold_words(hold) for hold in holds.get(id, []) if hold["effect"] != "block"],
                clashes=clashes_of(papers),
                as_of=work.now,
            )
        )
    return found


def _courses(rows: list[dict[str, Any]], outcome: str) -> list[str]:
    named = (
        paper_words(row["course_code"], row["section_code"], "") for row in rows if row["outcome"] == outcome
    )
    return list(dict.fromkeys(named))


def _slip_paper(row: dict[str, Any]) -> SlipPaper:
    return SlipPaper(
        section_id=row["section_id"],
        course_code=row["course_code"],
        course_title=row["course_title"],
        section_code=row["section_code"],
        part=row["part"] or "",
        held_on=row["held_on"],
        starts_at=row["starts_at"],
        minutes=row["minutes"],
        room=row["room"],
    )


def _hold_words(hold: dict[str, Any]) -> str:
    """`Fee hold: the fee is unpaid (12,400). See the accounts office.`"""
    amount = "" if hold["amount"] is None else f" ({hold['amount']:,.0f})"
    reason = hold["reason"].rstrip(". ")
    kind = hold["kind"].replace("_", " ").capitalize()
    see = f" See {hold['contact'].rstrip('. ')}." if hold["contact"] else ""
    return f"{kind} hold: {reason}{amount}.{see}"


def term_of_slip(work: Work, student_id: int) -> int | None:
    """The term whose examinations are next for the student: one with a paper still ahead, else the newest.
    Who is enrolled for the next term already still sits for this one."""
    found: int | None = work.value(
        "SELECT t.id FROM enrollment e JOIN term t ON t.id = e.term_id LEFT JOIN exam_paper p "
        "ON p.section_id = e.section_id AND p.held_on >= %(today)s WHERE e.student_id = %(student)s "
        "AND e.status IN ('enrolled', 'barred') "
        "ORDER BY p.id IS NULL, p.held_on, t.start_date DESC, t.id DESC LIMIT 1",
        student=student_id,
        today=work.today,
    )
    return found


def get_exam_slip(work: Work, id: int) -> ExamSlip:
    """What a student's roll-number slip of the coming examinations says now, and what stops it."""
    if find_student_in_scope(work, id) is None:
        raise NotFound
    term_id = term_of_slip(work, id)
    found = [] if term_id is None else read_slips(work, term_id, [id])
    if not found:
        raise NotFound("The student takes no course now.")
    return found[0]


def get_slips_pdf(work: Work, job_id: int) -> File:
    """The file of slips that a job of the caller's made."""
    row = work.row(
        "SELECT pdf FROM exam_slip_print WHERE job_id = %(job)s AND made_by = %(me)s",
        job=job_id,
        me=work.caller.id,
    )
    if row is None:
        raise NotFound
    return File(bytes(row["pdf"]), "application/pdf", f"slips-{job_id}.pdf")
