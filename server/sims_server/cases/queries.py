"""Every SELECT of cases, and who may see which."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from sims_server.kernel.actor import Caller
from sims_server.kernel.http import File
from sims_server.kernel.paging import Filter, Listing, Order, Search
from sims_server.kernel.work import Work
from sims_server.people.queries import OF_PERSON, search_of_students
from sims_server.results.queries.changes import get_change
from sims_server.results.queries.deciding import decides_first, decides_second, deciding_values
from sims_shared.access import Permission
from sims_shared.cases import (
    CaseApproval,
    CaseChangeView,
    CaseKind,
    CaseResult,
    CaseState,
    CaseView,
    ChangeEvidenceList,
    ChangeEvidenceView,
    EvidenceList,
    EvidenceView,
    FiledView,
    Hearing,
    IncompleteExtension,
    IncompleteView,
    TransferredCourse,
    TransferView,
)
from sims_shared.problems import NotFound, NotPermitted
from sims_shared.values import SYSTEM, Person

NUMBER = "'C-' || lpad(c.id::text, 6, '0')"
_WAITING = """EXISTS (SELECT FROM case_departments(c.id) d (id) WHERE NOT EXISTS (SELECT FROM case_approval a
  WHERE a.case_id = c.id AND a.stage = 1 AND a.approved AND a.department_id = d.id))"""
_WAITS_FOR = """ARRAY(SELECT d.id FROM case_departments(c.id) d (id) WHERE c.state = 'proposed'
  AND NOT EXISTS (SELECT FROM case_approval a WHERE a.case_id = c.id AND a.stage = 1 AND a.approved
                     AND a.department_id = d.id) ORDER BY d.id)"""
_STAGE = f"CASE WHEN c.state <> 'proposed' THEN NULL WHEN {_WAITING} THEN 1 ELSE 2 END"
_ASKERS = "c.requested_by, c.proposed_by"
_DECIDABLE = f"""c.state = 'proposed' AND c.requested_by <> %(me)s AND c.proposed_by <> %(me)s
  AND CASE WHEN {_WAITING} THEN {decides_first(f"o.department = ANY ({_WAITS_FOR})", _ASKERS)}
           ELSE {decides_second(_ASKERS)} AND NOT EXISTS (SELECT FROM case_approval a
                  WHERE a.case_id = c.id AND a.approver_id = %(me)s) END"""
_APPROVALS = """(SELECT coalesce(jsonb_agg(jsonb_build_object(
    'approver', jsonb_build_object('id', a.approver_id, 'name', v.name), 'capacity', a.capacity,
    'stage', a.stage, 'department_id', a.department_id, 'approved', a.approved, 'reason', a.reason,
    'at', a.at) ORDER BY a.id), '[]')
  FROM case_approval a JOIN account v ON v.id = a.approver_id WHERE a.case_id = c.id)"""
_RESULTS = """(SELECT coalesce(jsonb_agg(jsonb_build_object(
    'result_id', r.id, 'student_id', r.student_id, 'student_name', u.name, 'reg_no', g.reg_no,
    'course_code', coalesce(s.course_code, k.code), 'term_id', r.term_id) ORDER BY g.reg_no, r.id), '[]')
  FROM case_result x JOIN result r ON r.id = x.result_id JOIN student u ON u.id = r.student_id
  JOIN registration g ON g.id = r.registration_id JOIN course k ON k.id = r.course_id
  LEFT JOIN section s ON s.id = r.section_id WHERE x.case_id = c.id)"""


def case_scope(caller: Caller, permission: str = Permission.READ_CASES) -> tuple[str, dict[str, Any]]:
    """A condition on `academic_case c`. The values also say what the caller may decide."""
    values = deciding_values(caller)
    reach = caller.reach(permission)
    if reach.everything:
        return "", values
    parts = []
    if reach.departments:
        values["scope_departments"] = list(reach.departments)
        parts.append(
            "EXISTS (SELECT FROM case_result x JOIN result r ON r.id = x.result_id "
            "JOIN course k ON k.id = r.course_id "
            "WHERE x.case_id = c.id AND k.department_id = ANY (%(scope_departments)s))"
        )
        parts.append(
            "EXISTS (SELECT FROM registration g JOIN program p ON p.id = g.program_id "
            "WHERE g.id = c.registration_id AND p.department_id = ANY (%(scope_departments)s))"
        )
    if reach.own_sections:
        values["scope_account"] = caller.id
        parts.append(
            "EXISTS (SELECT FROM case_result x JOIN result r ON r.id = x.result_id "
            "JOIN section_staff f ON f.section_id = r.section_id "
            "WHERE x.case_id = c.id AND f.account_id = %(scope_account)s AND f.until IS NULL)"
        )
    if reach.student_id is not None:
        values["scope_student"] = reach.student_id
        parts.append("c.asked_by_student = %(scope_student)s")
    return " OR ".join(f"({part})" for part in parts) or "false", values


def _shape(row: dict[str, Any]) -> dict[str, Any]:
    row["requested_by"] = Person(row["requested_by"], row.pop("requested_name"))
    name = row.pop("proposed_name")
    row["proposed_by"] = None if row["proposed_by"] is None else Person(row["proposed_by"], name)
    return row


def _search(caller: Caller) -> Search:
    found = search_of_students("x.student_id", wider=True)(caller)
    within = "EXISTS (SELECT FROM case_result x WHERE x.case_id = c.id AND {})"
    return Search(within.format(found.words), within.format(found.numbers))


CASES = Listing(
    entity="case",
    columns={
        "id": "c.id",
        "number": NUMBER,
        "kind": "c.kind",
        "state": "c.state",
        "registration_id": "c.registration_id",
        "term_id": "c.term_id",
        "reason": "c.reason",
        "authority": "c.authority",
        "finding": "c.finding",
        "decision": "c.decision",
        "results": _RESULTS,
        "approvals": _APPROVALS,
        "evidence_count": "(SELECT count(*) FROM case_evidence e WHERE e.case_id = c.id)",
        "stage": _STAGE,
        "waits_for": _WAITS_FOR,
        "decidable": f"coalesce({_DECIDABLE}, false)",
        "requested_by": "c.requested_by",
        "requested_name": "ra.name",
        "requested_at": "c.requested_at",
        "proposed_by": "c.proposed_by",
        "proposed_name": "pa.name",
        "proposed_at": "c.proposed_at",
        "resolved_at": "c.resolved_at",
    },
    source="academic_case c JOIN account ra ON ra.id = c.requested_by "
    "LEFT JOIN account pa ON pa.id = c.proposed_by",
    key="c.id",
    filters={
        "kind": Filter("c.kind = {}", CaseKind),
        "state": Filter("c.state = {}", CaseState),
        "student_id": Filter(
            "EXISTS (SELECT FROM case_result x WHERE x.case_id = c.id "
            f"AND {OF_PERSON.format('x.student_id')})",
            int,
        ),
        "result_id": Filter(
            "EXISTS (SELECT FROM case_result x WHERE x.case_id = c.id AND x.result_id = {})", int
        ),
        "registration_id": Filter("c.registration_id = {}", int),
        "term_id": Filter("c.term_id = {}", int),
        "decidable": Filter(f"coalesce({_DECIDABLE}, false) = {{}}", bool),
    },
    orders={"requested_at": Order("c.requested_at", "timestamptz")},
    default_order="-id",
    search=_search,
    scope=case_scope,
    shape=_shape,
)


def get_case(work: Work, id: int) -> CaseView:
    """One case with the changes proposed in it."""
    row = CASES.one(work, id)
    if row is None:
        raise NotFound
    row["results"] = msgspec.convert(row["results"], list[CaseResult], strict=False)
    row["approvals"] = msgspec.convert(row["approvals"], list[CaseApproval], strict=False)
    changes = []
    if not work.caller.is_only_student:
        changes = work.rows(
            "SELECT p.id AS change_id, p.result_id, nullif(p.old_grade, '') AS old_grade, "
            "nullif(p.new_grade, '') AS new_grade, nullif(p.old_total, '')::numeric AS old_total, "
            "nullif(p.new_total, '')::numeric AS new_total, p.status "
            "FROM pending_change p WHERE p.case_id = %(id)s ORDER BY p.id",
            id=id,
        )
    return CaseView(
        **row,
        changes=[CaseChangeView(**change) for change in changes],
        hearings=hearings_of(work, id),
        appeal_until=_appeal_until(work, row),
    )


def hearings_of(work: Work, case_id: int) -> list[Hearing]:
    """The days on which the accused is heard."""
    rows = work.rows(
        "SELECT h.held_on, h.place, h.note, h.recorded_by, a.name, h.recorded_at FROM case_hearing h "
        "LEFT JOIN account a ON a.id = h.recorded_by WHERE h.case_id = %(id)s ORDER BY h.held_on, h.id",
        id=case_id,
    )
    return [
        Hearing(
            held_on=row["held_on"],
            place=row["place"],
            note=row["note"],
            recorded_by=Person(row["recorded_by"], row["name"] or SYSTEM.name),
            recorded_at=row["recorded_at"],
        )
        for row in rows
    ]


def _appeal_until(work: Work, row: dict[str, Any]) -> date | None:
    if row["kind"] != "unfair_means" or row["state"] != "applied":
        return None
    decided: date = row["resolved_at"].astimezone(ZoneInfo(work.setting("time_zone"))).date()
    return decided + timedelta(days=work.setting("cases.appeal_days"))


def access_case(work: Work, id: int) -> dict[str, Any]:
    """The case's row within the caller's scope, locked. Raises NotFound."""
    scope, values = case_scope(work.caller)
    condition = f" AND ({scope})" if scope else ""
    row = work.row(
        f"SELECT c.* FROM academic_case c WHERE c.id = %(id)s{condition} FOR UPDATE OF c", id=id, **values
    )
    if row is None:
        raise NotFound
    return row


def see_case(work: Work, id: int) -> dict[str, Any]:
    """The same, not locked."""
    scope, values = case_scope(work.caller)
    condition = f" AND ({scope})" if scope else ""
    row = work.row(f"SELECT c.* FROM academic_case c WHERE c.id = %(id)s{condition}", id=id, **values)
    if row is None:
        raise NotFound
    return row


def see_case_as_staff(work: Work, id: int) -> dict[str, Any]:
    """The same for the staff: what would become of a record is not the student's to see before it is."""
    if work.caller.is_only_student:
        raise NotPermitted("What a case would change is shown once it is decided.")
    return see_case(work, id)


def results_of(work: Work, case_id: int) -> list[int]:
    """The results that a case concerns."""
    rows = work.rows(
        "SELECT result_id FROM case_result WHERE case_id = %(id)s ORDER BY result_id", id=case_id
    )
    return [row["result_id"] for row in rows]


def changes_of(work: Work, case_id: int) -> list[dict[str, Any]]:
    """The change requests of a case, with what an approval judges by; sheets and results locked in the
    order in which a publish locks them."""
    work.rows(
        "SELECT h.section_id FROM sheet h WHERE h.section_id IN (SELECT r.section_id FROM case_result x "
        "JOIN result r ON r.id = x.result_id WHERE x.case_id = %(id)s) ORDER BY h.section_id FOR UPDATE",
        id=case_id,
    )
    return work.rows(
        "SELECT p.id, p.result_id, p.requested_by, p.base_version, p.new_values, p.new_total, p.new_grade, "
        "p.old_total, p.old_grade, r.version, r.state, c.department_id "
        "FROM pending_change p JOIN result r ON r.id = p.result_id JOIN course c ON c.id = r.course_id "
        "WHERE p.case_id = %(id)s ORDER BY p.id FOR UPDATE OF p, r",
        id=case_id,
    )


def departments_waiting(work: Work, case_id: int) -> list[int]:
    """Departments whose head or dean has not approved yet."""
    row = work.row(f"SELECT {_WAITS_FOR} AS ids FROM academic_case c WHERE c.id = %(id)s", id=case_id)
    assert row is not None
    ids: list[int] = row["ids"]
    return ids


# -- Evidence of a case, and of a change that was asked for ------------------------------------------

V = TypeVar("V", bound=FiledView)
# What each kind of file is kept with: the table and its column.
_KEPT: dict[type[FiledView], tuple[str, str]] = {
    EvidenceView: ("case_evidence", "case_id"),
    ChangeEvidenceView: ("change_evidence", "change_id"),
}


def _filed(work: Work, kind: type[V], about: int, only: int | None = None) -> list[V]:
    table, names = _KEPT[kind]
    rows = work.rows(
        f"SELECT e.id, e.{names}, e.name, e.media_type, e.size, e.sha256, e.note, e.filed_by, "
        f"a.name AS filer, e.filed_at FROM {table} e JOIN account a ON a.id = e.filed_by "
        f"WHERE e.{names} = %(about)s AND (%(only)s::bigint IS NULL OR e.id = %(only)s) ORDER BY e.id",
        about=about,
        only=only,
    )
    for row in rows:
        row["filed_by"] = Person(row["filed_by"], row.pop("filer"))
    return [kind(**row) for row in rows]


def get_filed(work: Work, kind: type[V], about: int, evidence_id: int) -> V:
    """One file of a case or of a change; which of the two, `kind` says."""
    found = _filed(work, kind, about, evidence_id)
    if not found:
        raise NotFound
    return found[0]


def list_evidence(work: Work, id: int) -> EvidenceList:
    """The files of a case. A student sees the own."""
    see_case(work, id)
    return EvidenceList(results=_filed(work, EvidenceView, id))


def open_evidence(work: Work, id: int, evidence_id: int) -> File:
    """A file of a case, as it was filed."""
    see_case(work, id)
    return _as_filed(work, get_filed(work, EvidenceView, id, evidence_id))


def see_change(work: Work, id: int) -> None:
    """Raises NotFound outside the caller's scope."""
    get_change(work, id)


def list_change_evidence(work: Work, id: int) -> ChangeEvidenceList:
    """The files of a change request, for whoever reads the request."""
    see_change(work, id)
    return ChangeEvidenceList(results=_filed(work, ChangeEvidenceView, id))


def open_change_evidence(work: Work, id: int, evidence_id: int) -> File:
    """A file of a change request, as it was filed."""
    see_change(work, id)
    return _as_filed(work, get_filed(work, ChangeEvidenceView, id, evidence_id))


def _as_filed(work: Work, file: FiledView) -> File:
    """It came from somebody's computer: a browser neither guesses what it is nor runs anything in it."""
    content = work.value("SELECT content FROM evidence_file WHERE sha256 = %(sha256)s", sha256=file.sha256)
    return File(
        bytes(content),
        "application/octet-stream",  # what it seems to be is told in words; nothing opens it by itself
        headers={
            "Content-Disposition": f'attachment; filename="{file.name}"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )


# -- Transfers --------------------------------------------------------------------------------------

_COURSES = """(SELECT coalesce(jsonb_agg(jsonb_build_object(
    'course_id', t.course_id, 'course_code', k.code, 'course_title', k.title,
    'original_course', t.original_course, 'original_grade', t.original_grade, 'credits', t.credits::text,
    'outcome', t.outcome, 'grade', t.grade, 'grade_points', t.grade_points::text, 'result_id', t.result_id)
    ORDER BY t.id), '[]')
  FROM transfer_credit t JOIN course k ON k.id = t.course_id WHERE t.case_id = c.id)"""


def _shape_transfer(row: dict[str, Any]) -> dict[str, Any]:
    row["requested_by"] = Person(row["requested_by"], row.pop("requested_name"))
    return row


def _transfer_scope(caller: Caller) -> tuple[str, dict[str, Any]]:
    """The same as for cases; a student sees what was asked for the own record, whoever asked."""
    condition, values = case_scope(caller)
    return condition.replace("c.asked_by_student", "g.student_id"), values


TRANSFERS = Listing(
    entity="transfer",
    columns={
        "id": "c.id",
        "number": NUMBER,
        "state": "c.state",
        "registration_id": "c.registration_id",
        "student_id": "g.student_id",
        "student_name": "u.name",
        "reg_no": "g.reg_no",
        "term_id": "c.term_id",
        "institution": "c.decision->>'institution'",
        "reference": "c.authority",
        "reason": "c.reason",
        "courses": _COURSES,
        "approvals": _APPROVALS,
        "stage": _STAGE,
        "decidable": f"coalesce({_DECIDABLE}, false)",
        "requested_by": "c.requested_by",
        "requested_name": "ra.name",
        "requested_at": "c.requested_at",
        "resolved_at": "c.resolved_at",
    },
    source="academic_case c JOIN registration g ON g.id = c.registration_id "
    "JOIN student u ON u.id = g.student_id JOIN account ra ON ra.id = c.requested_by",
    key="c.id",
    filters={
        "registration_id": Filter("c.registration_id = {}", int),
        "student_id": Filter(OF_PERSON.format("g.student_id"), int),
        "term_id": Filter("c.term_id = {}", int),
        "state": Filter("c.state = {}", CaseState),
        "decidable": Filter(f"coalesce({_DECIDABLE}, false) = {{}}", bool),
    },
    default_order="-id",
    search=search_of_students("g.student_id", wider=True),
    scope=_transfer_scope,
    where="c.kind = 'transfer'",
    shape=_shape_transfer,
)


def get_transfer(work: Work, id: int) -> TransferView:
    """Credit from elsewhere, course by course."""
    row = TRANSFERS.one(work, id)
    if row is None:
        raise NotFound
    row["courses"] = msgspec.convert(row["courses"], list[TransferredCourse], strict=False)
    row["approvals"] = msgspec.convert(row["approvals"], list[CaseApproval], strict=False)
    return TransferView(**row)


def see_transfer(work: Work, id: int) -> None:
    """Raises NotFound unless it is a transfer within the caller's scope."""
    if see_case(work, id)["kind"] != "transfer":
        raise NotFound


def credits_of_case(work: Work, case_id: int) -> list[dict[str, Any]]:
    """The credits that a case brings, with the words a notification needs."""
    return work.rows(
        "SELECT t.*, k.code AS course_code, g.reg_no "
        "FROM transfer_credit t JOIN course k ON k.id = t.course_id "
        "JOIN registration g ON g.id = t.registration_id WHERE t.case_id = %(id)s ORDER BY t.id",
        id=case_id,
    )


# -- Incompletes ------------------------------------------------------------------------------------


def _incomplete_scope(caller: Caller) -> tuple[str, dict[str, Any]]:
    reach = caller.reach(Permission.READ_RESULTS)
    if reach.everything:
        return "", {}
    parts, values = [], dict[str, Any]()
    if reach.departments:
        values["scope_departments"] = list(reach.departments)
        parts.append("k.department_id = ANY (%(scope_departments)s)")
        parts.append(
            "EXISTS (SELECT FROM program p WHERE p.id = g.program_id "
            "AND p.department_id = ANY (%(scope_departments)s))"
        )
    if reach.own_sections:
        values["scope_account"] = caller.id
        parts.append(
            "EXISTS (SELECT FROM section_staff f WHERE f.section_id = r.section_id "
            "AND f.account_id = %(scope_account)s AND f.until IS NULL)"
        )
    if reach.student_id is not None:
        values["scope_student"] = reach.student_id
        parts.append("r.student_id = %(scope_student)s")
    return " OR ".join(f"({part})" for part in parts) or "false", values


_EXTENSIONS = """(SELECT coalesce(jsonb_agg(jsonb_build_object(
    'from_due', x.from_due, 'due_on', x.due_on, 'reason', x.reason, 'authority', x.authority,
    'extended_by', jsonb_build_object('id', x.extended_by, 'name', coalesce(a.name, 'system')),
    'extended_at', x.extended_at) ORDER BY x.id), '[]')
  FROM incomplete_extension x LEFT JOIN account a ON a.id = x.extended_by WHERE x.lapse_id = l.id)"""
_LAPSE_STATE = "coalesce(l.ended, CASE WHEN l.noticed_on IS NULL THEN 'open' ELSE 'noticed' END)"
INCOMPLETES = Listing(
    entity="incomplete",
    columns={
        "id": "l.id",
        "result_id": "l.result_id",
        "student_id": "r.student_id",
        "student_name": "u.name",
        "reg_no": "g.reg_no",
        "course_code": "coalesce(s.course_code, k.code)",
        "section_id": "r.section_id",
        "term_id": "r.term_id",
        "due_on": "l.due_on",
        "lapses_to": "l.grade",
        "state": _LAPSE_STATE,
        "declared_at": "l.declared_at",
        "noticed_on": "l.noticed_on",
        "ended_at": "l.ended_at",
        "extensions": _EXTENSIONS,
    },
    source="result_lapse l JOIN result r ON r.id = l.result_id JOIN student u ON u.id = r.student_id "
    "JOIN registration g ON g.id = r.registration_id JOIN course k ON k.id = r.course_id "
    "LEFT JOIN section s ON s.id = r.section_id",
    key="l.id",
    filters={
        "student_id": Filter(OF_PERSON.format("r.student_id"), int),
        "term_id": Filter("r.term_id = {}", int),
        "section_id": Filter("r.section_id = {}", int),
        "result_id": Filter("l.result_id = {}", int),
        "state": Filter(f"{_LAPSE_STATE} = {{}}", str),
    },
    scope=_incomplete_scope,
)


def get_incomplete(work: Work, id: int) -> IncompleteView:
    """One published incomplete."""
    row = INCOMPLETES.one(work, id)
    if row is None:
        raise NotFound
    row["extensions"] = msgspec.convert(row["extensions"], list[IncompleteExtension], strict=False)
    return IncompleteView(**row)


def access_incomplete(work: Work, id: int) -> dict[str, Any]:
    """What lapses, locked with the change that may be asked for it. Raises NotFound."""
    get_incomplete(work, id)
    row = work.row("SELECT * FROM result_lapse WHERE id = %(id)s FOR UPDATE", id=id)
    assert row is not None
    return row
