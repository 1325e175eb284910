"""Every SELECT of the record. The parts are the lists of the other slices, in their scopes."""

from __future__ import annotations

from collections.abc import Mapping
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
from sims_shared.problems import NotPermitted
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
    "registration": "t.student_id = %(id)s",
    "enrollment": "t.student_id = %(id)s",
    "result": "t.student_id = %(id)s",
    "term_result": "t.registration_id IN (SELECT r.id FROM registration r WHERE r.student_id = %(id)s)",
    "hold": "t.student_id = %(id)s",
    "request": "t.student_id = %(id)s",
}
# Derived, or not part of what the audit keeps.
_LEFT_OUT = frozenset({"search_text", "trace", "version", "stale"})
_NOW = " UNION ALL ".join(
    f"SELECT '{table}' AS entity, t.id, to_jsonb(t)::text AS row FROM {table} t WHERE {condition}"
    for table, condition in _TABLES.items()
)


def check_reads_history(work: Work) -> None:
    """The past is told whole or not at all. Raises NotPermitted for who sees only a part of the record."""
    if not work.caller.reach(Permission.READ_STUDENTS).everything:
        raise NotPermitted("The past is told to offices that see every student.")


def get_history(work: Work, id: int, at: datetime | date) -> RecordThen:
    """The record as it stood at a moment."""
    check_reads_history(work)
    student = get_student(work, id)
    if not isinstance(at, datetime):
        zone = ZoneInfo(work.setting("time_zone"))
        at = datetime.combine(at, time.max, zone).astimezone(UTC)
    rows = {(row["entity"], row["id"]): exact_values(row["row"]) for row in work.rows(_NOW, id=id)}
    entries = work.rows(
        "SELECT a.entity, a.entity_id, a.operation, a.changes::text AS changes FROM audit a "
        "JOIN unnest(%(entities)s::text[], %(ids)s::bigint[]) k (entity, id) "
        "ON k.entity = a.entity AND k.id = a.entity_id WHERE a.at > %(at)s ORDER BY a.id DESC",
        entities=[entity for entity, _ in rows],
        ids=[row_id for _, row_id in rows],
        at=at,
    )
    then = undo(
        rows,
        [((e["entity"], e["entity_id"]), e["operation"], exact_values(e["changes"])) for e in entries],
    )
    hidden = _LEFT_OUT if student.private == "whole" else _LEFT_OUT | frozenset(PRIVATE_FIELDS)

    def part(entity: str, permission: str) -> list[dict[str, Any]] | None:
        if not work.caller.may(permission):
            return None
        return [_without(row, hidden) for (of, _), row in sorted(then.items()) if of == entity]

    results = part("result", Permission.READ_RESULTS)
    people = part("student", Permission.READ_STUDENTS)
    return RecordThen(
        at=at,
        student=people[0] if people else None,
        registrations=part("registration", Permission.READ_STUDENTS) or [],
        enrollments=part("enrollment", Permission.READ_ENROLLMENTS),
        # A draft was nobody's grade yet.
        results=None if results is None else [row for row in results if row.get("state") != "draft"],
        term_results=part("term_result", Permission.READ_RESULTS),
        holds=part("hold", Permission.READ_HOLDS),
        requests=part("request", Permission.READ_REQUESTS),
    )


def _without(row: Mapping[str, Any], hidden: frozenset[str]) -> dict[str, Any]:
    return {field: value for field, value in row.items() if field not in hidden}
