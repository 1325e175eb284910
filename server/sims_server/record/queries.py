"""Every SELECT of the record. The parts are the lists of the other slices, in their scopes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from sims_server.audit.queries import PRIVATE_FIELDS, Moment, exact_values
from sims_server.enrollment.queries import ENROLLMENTS
from sims_server.holds.queries import HOLDS
from sims_server.kernel.paging import Listing
from sims_server.kernel.work import Work
from sims_server.people.queries import REGISTRATIONS, get_student
from sims_server.record.rules import undo
from sims_server.requests.queries import REQUESTS
from sims_server.results.queries.lists import RESULTS, TERM_RESULTS
from sims_server.transcripts.queries import ISSUED
from sims_shared.access import Permission
from sims_shared.holds import HoldView
from sims_shared.people import RegistrationView
from sims_shared.record import EnrollmentLine, RecordThen, RecordView
from sims_shared.requests import RequestView
from sims_shared.results import ResultView, TermResultView
from sims_shared.transcripts import IssuedDocumentView

ENROLLMENT_LINES = replace(
    ENROLLMENTS,
    columns={
        **ENROLLMENTS.columns,
        "term": "(SELECT t.name FROM term t WHERE t.id = e.term_id)",
        "section": "s.code",
        "course_code": "s.course_code",
        "course_title": "s.course_title",
        "credits": "s.credits",
    },
    statements={},
)


class When(msgspec.Struct, frozen=True, kw_only=True):
    """A moment, or a day: then the campus day's end."""

    at: Moment


def _of_student(
    work: Work, listing: Listing, permission: str, student_id: int
) -> list[dict[str, Any]] | None:
    """The rows of one student in a list, in the reader's scope; None when the role does not include it."""
    if not work.caller.may(permission):
        return None
    scope, values = listing.scope(work.caller)
    of_student = listing.filters["student_id"].sql.format("%(_student)s")
    where = " AND ".join(f"({part})" for part in (of_student, scope, listing.where) if part)
    rows = work.rows(
        f"{listing.select()} WHERE {where} ORDER BY {listing.key}", _student=student_id, **values
    )
    return rows if listing.shape is None else [listing.shape(row) for row in rows]


def get_record(work: Work, id: int) -> RecordView:
    """A student's whole record, each part as far as the reader's role goes."""
    P = Permission
    student = get_student(work, id)
    id = student.id  # of a record that was merged: the person's
    registrations = _of_student(work, REGISTRATIONS, P.READ_STUDENTS, id) or []
    enrollments = _of_student(work, ENROLLMENT_LINES, P.READ_ENROLLMENTS, id)
    results = _of_student(work, RESULTS, P.READ_RESULTS, id)
    term_results = _of_student(work, TERM_RESULTS, P.READ_RESULTS, id)
    holds = _of_student(work, HOLDS, P.READ_HOLDS, id)
    requests = _of_student(work, REQUESTS, P.READ_REQUESTS, id)
    documents = _of_student(work, ISSUED, P.READ_TRANSCRIPTS, id)
    return RecordView(
        student=student,
        registrations=[RegistrationView(**row) for row in registrations],
        enrollments=None if enrollments is None else [EnrollmentLine(**row) for row in enrollments],
        results=None if results is None else [ResultView(**row) for row in results],
        term_results=None if term_results is None else [TermResultView(**row) for row in term_results],
        holds=None if holds is None else [HoldView(**row) for row in holds],
        requests=None if requests is None else [RequestView(**row) for row in requests],
        documents=None if documents is None else [IssuedDocumentView(**row) for row in documents],
    )


# The audit's word for the rows, their table, and which of them are the student's.
_TABLES = {
    "student": "t.id = %(id)s",
    **dict.fromkeys(
        ("registration", "enrollment", "result", "hold", "request"),
        "t.student_id = ANY (same_person(%(id)s))",
    ),
    "term_result": "t.registration_id IN "
    "(SELECT r.id FROM registration r WHERE r.student_id = ANY (same_person(%(id)s)))",
}
# Derived, or not part of what the audit keeps.
_LEFT_OUT = frozenset({"search_text", "trace", "version", "stale", "blocks", "merged_into"})
_NOW = " UNION ALL ".join(
    f"SELECT '{table}' AS entity, t.id, to_jsonb(t)::text AS row FROM {table} t WHERE {condition}"
    for table, condition in _TABLES.items()
)


# Where each part is listed, for the readers who see only some rows of a record.
_LISTS = {
    "registration": (REGISTRATIONS, Permission.READ_STUDENTS),
    "enrollment": (ENROLLMENTS, Permission.READ_ENROLLMENTS),
    "result": (RESULTS, Permission.READ_RESULTS),
    "term_result": (TERM_RESULTS, Permission.READ_RESULTS),
    "hold": (HOLDS, Permission.READ_HOLDS),
    "request": (REQUESTS, Permission.READ_REQUESTS),
}
# Under what name a row was known: the past is read by people.
_NAMES = """
SELECT 'result' AS entity, r.id, jsonb_build_object('term', t.name, 'course_code', coalesce(s.course_code,
       c.code), 'course_title', coalesce(s.course_title, c.title)) AS names
  FROM result r JOIN term t ON t.id = r.term_id JOIN course c ON c.id = r.course_id
  LEFT JOIN section s ON s.id = r.section_id WHERE r.student_id = ANY (same_person(%(id)s))
UNION ALL
SELECT 'term_result', d.id, jsonb_build_object('term', t.name) FROM term_result d
  JOIN term t ON t.id = d.term_id JOIN registration g ON g.id = d.registration_id
 WHERE g.student_id = ANY (same_person(%(id)s))
UNION ALL
SELECT 'registration', g.id, jsonb_build_object('program', p.code) FROM registration g
  JOIN program p ON p.id = g.program_id WHERE g.student_id = ANY (same_person(%(id)s))
"""


def get_history(work: Work, id: int, at: datetime | date) -> RecordThen:
    """The record as it stood at a moment: the rows that the reader sees today, as they were then."""
    student = get_student(work, id)
    if not isinstance(at, datetime):
        zone = ZoneInfo(work.setting("time_zone"))
        at = datetime.combine(at, time.max, zone).astimezone(UTC)
    seen = _rows_in_scope(work, student.id)
    rows = {
        (row["entity"], row["id"]): exact_values(row["row"])
        for row in work.rows(_NOW, id=student.id)
        if row["id"] in seen.get(row["entity"], {student.id})
    }
    then = undo(
        rows,
        [
            ((e["entity"], e["entity_id"]), e["operation"], exact_values(e["changes"]))
            for e in _changes_since(work, list(rows), at)
        ],
    )
    for row in work.rows(_NAMES, id=student.id):
        if (row["entity"], row["id"]) in then:
            then[row["entity"], row["id"]] |= row["names"]
    hidden = _LEFT_OUT if student.private == "whole" else _LEFT_OUT | frozenset(PRIVATE_FIELDS)

    def part(entity: str) -> list[dict[str, Any]]:
        return [_without(row, hidden) for (of, _), row in sorted(then.items()) if of == entity]

    def seen_part(entity: str) -> list[dict[str, Any]] | None:
        return part(entity) if work.caller.may(_LISTS[entity][1]) else None

    results = seen_part("result")
    people = part("student")
    return RecordThen(
        at=at,
        student=next((row for row in people if row["id"] == student.id), None),
        registrations=part("registration"),
        enrollments=seen_part("enrollment"),
        # A draft was nobody's grade yet.
        results=None if results is None else [row for row in results if row.get("state") != "draft"],
        term_results=seen_part("term_result"),
        holds=seen_part("hold"),
        requests=seen_part("request"),
    )


def _rows_in_scope(work: Work, student_id: int) -> dict[str, set[int]]:
    """Ids of the rows that the reader may see, by entity."""
    return {
        entity: {row["id"] for row in _of_student(work, listing, permission, student_id) or ()}
        for entity, (listing, permission) in _LISTS.items()
    }


def _changes_since(work: Work, keys: Sequence[tuple[str, int]], at: datetime) -> list[dict[str, Any]]:
    """What was written to these rows after a moment, newest first. A student reads no audit but the own."""
    if work.caller.is_only_student:
        wanted = set(keys)
        rows = work.rows(
            "SELECT c.entity, c.entity_id, c.operation, c.changes::text AS changes "
            "FROM own_changes_since(%(at)s) c ORDER BY c.id DESC",
            at=at,
        )
        return [row for row in rows if (row["entity"], row["entity_id"]) in wanted]
    return work.rows(
        "SELECT a.entity, a.entity_id, a.operation, a.changes::text AS changes FROM audit_entry a "
        "JOIN unnest(%(entities)s::text[], %(ids)s::bigint[]) k (entity, id) "
        "ON k.entity = a.entity AND k.id = a.entity_id WHERE a.at > %(at)s ORDER BY a.id DESC",
        entities=[entity for entity, _ in keys],
        ids=[row_id for _, row_id in keys],
        at=at,
    )


def _without(row: Mapping[str, Any], hidden: frozenset[str]) -> dict[str, Any]:
    return {field: value for field, value in row.items() if field not in hidden}


def running_enrollments(work: Work, registration_id: int, day: date) -> list[dict[str, Any]]:
    """What the registration sits in on a day or after it."""
    return work.rows(
        "SELECT e.id, s.course_code, s.course_title, s.code AS section, t.name AS term FROM enrollment e "
        "JOIN section s ON s.id = e.section_id JOIN term t ON t.id = e.term_id "
        "WHERE e.registration_id = %(id)s AND e.status = 'enrolled' AND t.end_date >= %(day)s "
        "ORDER BY t.start_date, s.course_code, e.id",
        id=registration_id,
        day=day,
    )


def enrollments_of_registration(work: Work, registration_id: int) -> set[int]:
    rows = work.rows("SELECT id FROM enrollment WHERE registration_id = %(id)s", id=registration_id)
    return {row["id"] for row in rows}
