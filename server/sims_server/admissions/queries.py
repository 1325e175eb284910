"""Every SELECT of admissions, and who may see which applicant."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from sims_server.admissions.rules import Candidate, intake_of_term
from sims_server.kernel.actor import Caller
from sims_server.kernel.paging import Filter, Listing, Order
from sims_server.kernel.work import Work
from sims_server.people.queries import OF_PERSON
from sims_shared.access import Permission
from sims_shared.admissions import ApplicantStatus, ApplicantView, Document
from sims_shared.problems import NotFound

_PRIVATE = """CASE
  WHEN %(private_all)s OR p.department_id = ANY (%(private_departments)s::bigint[]) THEN 'whole'
  WHEN %(masked_all)s OR p.department_id = ANY (%(departments)s::bigint[]) THEN 'masked'
  ELSE 'hidden' END"""


def _masked(column: str, mask: str) -> str:
    return f"CASE v.private WHEN 'whole' THEN a.{column} WHEN 'masked' THEN {mask} END"


def applicant_scope(caller: Caller) -> tuple[str, dict[str, Any]]:
    """A condition on `applicant a` of `program p`: a department sees who applies to its programs."""
    reach, private = (
        caller.reach(Permission.READ_APPLICANTS),
        caller.reach(Permission.READ_PRIVATE_FIELDS),
    )
    values: dict[str, Any] = {
        "departments": list(reach.departments),
        "private_all": private.everything,
        "private_departments": list(private.departments),
        "masked_all": reach.everything,
    }
    if reach.everything:
        return "", values
    if reach.departments:
        return "p.department_id = ANY (%(departments)s::bigint[])", values
    return "false", values


APPLICANTS = Listing(
    entity="applicant",
    columns={
        "id": "a.id",
        "name": "a.name",
        "name_native": "a.name_native",
        "father_name": _masked("father_name", "left(a.father_name, 1) || '••••'"),
        "national_id": _masked("national_id", "'••••' || right(a.national_id, 2)"),
        "date_of_birth": _masked("date_of_birth", "NULL"),
        "email": "a.email",
        "phone": _masked("phone", "'••••' || right(a.phone, 2)"),
        "address": _masked("address", "CASE WHEN a.address IS NOT NULL THEN '••••' END"),
        "private": "v.private",
        "program_id": "a.program_id",
        "term_id": "a.term_id",
        "status": "a.status",
        "status_at": "a.status_at",
        "status_reason": "a.status_reason",
        "documents": "a.documents",
        "applied_at": "a.applied_at",
        "student_id": "a.student_id",
        "registration_id": "a.registration_id",
        "reg_no": "r.reg_no",
        "admitted_at": "a.admitted_at",
    },
    source=(
        "applicant a JOIN program p ON p.id = a.program_id LEFT JOIN registration r ON r.id = "
        f"a.registration_id CROSS JOIN LATERAL (SELECT {_PRIVATE} AS private OFFSET 0) v"
    ),
    key="a.id",
    filters={
        "status": Filter("a.status = {}", ApplicantStatus),
        "program_id": Filter("a.program_id = {}", int),
        "term_id": Filter("a.term_id = {}", int),
        "student_id": Filter(OF_PERSON.format("a.student_id"), int),
        "admitted": Filter("(a.registration_id IS NOT NULL) = {}", bool),
        "documents_complete": Filter(
            "(NOT jsonb_path_exists(a.documents, '$[*] ? (@.received == false)')) = {}", bool
        ),
    },
    orders={"name": Order('a.name COLLATE "C"'), "applied_at": Order("a.applied_at", "timestamptz")},
    search="a.search_text LIKE {}",
    scope=applicant_scope,
)


def get_applicant(work: Work, id: int) -> ApplicantView:
    """One application."""
    row = APPLICANTS.one(work, id)
    if row is None:
        raise NotFound
    row["documents"] = msgspec.convert(row["documents"], list[Document])
    return ApplicantView(**row)


def access_applicant(work: Work, id: int) -> None:
    """Lock an application within the caller's scope. Raises NotFound."""
    condition, values = applicant_scope(work.caller)
    scoped = f" AND ({condition})" if condition else ""
    statement = (
        "SELECT a.id FROM applicant a JOIN program p ON p.id = a.program_id "
        f"WHERE a.id = %(id)s{scoped} FOR NO KEY UPDATE OF a"
    )
    if work.row(statement, id=id, **values) is None:
        raise NotFound


def lock_candidates(work: Work, ids: list[int]) -> dict[int, tuple[Candidate, dict[str, Any]]]:
    """The applicants of these ids, locked until the end so that nobody else admits them, each with the
    columns that become the student's. One admission at a time: two applications of one person, admitted
    at once by two people, would else become two students."""
    work.run("SELECT pg_advisory_xact_lock(hashtext('admissions'))")
    rows = work.rows(
        "SELECT a.id, a.name, a.name_native, a.father_name, a.national_id, a.date_of_birth, a.email, "
        "a.phone, a.address, a.status, a.student_id, a.program_id, "
        "national_key(a.national_id) AS national_key, "
        "p.code AS program, d.code AS department, t.kind, t.start_date "
        "FROM applicant a JOIN program p ON p.id = a.program_id JOIN department d ON d.id = p.department_id "
        "JOIN term t ON t.id = a.term_id WHERE a.id = ANY (%(ids)s) ORDER BY a.id FOR NO KEY UPDATE OF a",
        ids=ids,
    )
    known: dict[str, list[tuple[int, str, str, frozenset[int]]]] = {}
    for row in work.rows(
        "SELECT national_key(s.national_id) AS key, s.id, s.name, c.reg_no, "
        "ARRAY(SELECT r.program_id FROM registration r WHERE r.student_id = s.id "
        "AND r.status NOT IN ('graduated', 'withdrawn', 'dismissed', 'cancelled')) AS programs "
        "FROM student s JOIN registration c ON c.student_id = s.id AND c.is_current "
        "WHERE s.national_id IS NOT NULL AND national_key(s.national_id) = ANY (%(keys)s) ORDER BY s.id",
        keys=[row["national_key"] for row in rows if row["national_key"] is not None],
    ):
        known.setdefault(row["key"], []).append(
            (row["id"], row["name"], row["reg_no"], frozenset(row["programs"]))
        )
    return {
        row["id"]: (
            Candidate(
                id=row["id"],
                name=row["name"],
                status=row["status"],
                student_id=row["student_id"],
                national_key=row["national_key"],
                program_id=row["program_id"],
                program=row["program"],
                department=row["department"],
                intake=intake_of_term(row["kind"], row["start_date"]),
                known=known.get(row["national_key"] or "", ()),
            ),
            row,
        )
        for row in rows
    }


def is_number_taken(work: Work, reg_no: str) -> bool:
    """Whether some registration has this number already."""
    return bool(
        work.value("SELECT EXISTS (SELECT FROM registration WHERE reg_no = %(reg_no)s)", reg_no=reg_no)
    )


def unknown_references(work: Work, program_id: int | None, term_id: int | None) -> list[str]:
    """Which of `program_id` and `term_id` names nothing; None is not asked about."""
    row = work.row(
        "SELECT %(program)s::bigint IS NOT NULL AND NOT EXISTS (SELECT FROM program WHERE id = %(program)s) "
        "AS program_id, %(term)s::bigint IS NOT NULL AND NOT EXISTS (SELECT FROM term WHERE id = %(term)s) "
        "AS term_id",
        program=program_id,
        term=term_id,
    )
    assert row is not None
    return [name for name, missing in row.items() if missing]


def plausible_birth(born: date | None, today: date) -> bool:
    return born is None or date(1900, 1, 1) <= born <= today
