"""Change requests: the list, one with its approvals and impact, and the row an approval locks."""

from __future__ import annotations

from typing import Any

import msgspec

from sims_server.kernel.actor import Caller
from sims_server.kernel.paging import Filter, Listing
from sims_server.kernel.work import Work
from sims_server.people.queries import OF_PERSON
from sims_server.results.queries.deciding import decides_first, decides_second, deciding_values
from sims_server.results.queries.lists import person_of, result_scope
from sims_shared.access import Permission
from sims_shared.problems import NotFound, NotPermitted
from sims_shared.results import ChangeApproval, ChangedScore, ChangeImpact, ChangeStatus, PendingChangeView

_STAGE = """CASE WHEN p.status <> 'pending' THEN NULL
     WHEN EXISTS (SELECT FROM change_approval v WHERE v.change_id = p.id AND v.stage = 1 AND v.approved)
     THEN 2 ELSE 1 END"""
DECIDABLE = f"""coalesce(p.requested_by <> %(me)s AND p.case_id IS NULL
     AND NOT EXISTS (SELECT FROM change_approval v WHERE v.change_id = p.id AND v.approver_id = %(me)s)
     AND CASE ({_STAGE}) WHEN 1 THEN {decides_first("o.department = c.department_id", "p.requested_by")}
              WHEN 2 THEN {decides_second("p.requested_by")} ELSE false END, false)"""
_APPROVALS = """(SELECT coalesce(jsonb_agg(jsonb_build_object(
         'approver', jsonb_build_object('id', v.approver_id, 'name', va.name), 'capacity', v.capacity,
         'stage', v.stage, 'approved', v.approved, 'reason', v.reason, 'at', v.at) ORDER BY v.stage), '[]')
     FROM change_approval v JOIN account va ON va.id = v.approver_id WHERE v.change_id = p.id)"""
_SCORES = """(SELECT coalesce(jsonb_agg(jsonb_build_object(
         'assessment_id', y.assessment_id, 'name', ya.name, 'old_mark', y.old_mark,
         'old_score', y.old_score::text, 'mark', y.mark, 'score', y.score::text)
         ORDER BY ya.position, ya.id), '[]')
     FROM pending_change_score y JOIN assessment ya ON ya.id = y.assessment_id WHERE y.change_id = p.id)"""


def _scope(caller: Caller) -> tuple[str, dict[str, Any]]:
    """Changes are the staff's to see, as far as they see the result. The values also say what the caller
    may decide, for `decidable`."""
    if caller.is_only_student:
        raise NotPermitted("Change requests are not shown to students.")
    sql, values = result_scope(caller, Permission.READ_RESULTS)
    return sql, {**values, **deciding_values(caller)}


def _shape(row: dict[str, Any]) -> dict[str, Any]:
    for name in ("old_grade", "new_grade", "old_total", "new_total"):
        row[name] = row[name] or None
    row["requested_by"] = person_of(row["requested_by"], row.pop("requested_name"))
    return row


CHANGES = Listing(
    entity="pending_change",
    columns={
        "id": "p.id",
        "result_id": "p.result_id",
        "student_id": "r.student_id",
        "section_id": "r.section_id",
        "course_code": "coalesce(s.course_code, c.code)",
        "reg_no": "g.reg_no",
        "student_name": "u.name",
        "old_grade": "p.old_grade",
        "new_grade": "p.new_grade",
        "old_total": "p.old_total",
        "new_total": "p.new_total",
        "scores": _SCORES,
        "reason": "p.reason",
        "evidence": "p.evidence",
        "status": "p.status",
        "requested_by": "p.requested_by",
        "requested_name": "a.name",
        "approvals": _APPROVALS,
        "requested_at": "p.requested_at",
        "resolved_at": "p.resolved_at",
        "impact": "p.impact",
        "stage": _STAGE,
        "decidable": DECIDABLE,
        "case_id": "p.case_id",
    },
    source="""pending_change p JOIN result r ON r.id = p.result_id JOIN registration g
      ON g.id = r.registration_id
    JOIN student u ON u.id = r.student_id JOIN course c ON c.id = r.course_id LEFT JOIN section s
      ON s.id = r.section_id
    LEFT JOIN account a ON a.id = p.requested_by""",
    key="p.id",
    filters={
        "status": Filter("p.status = {}", ChangeStatus),
        "result_id": Filter("p.result_id = {}", int),
        "student_id": Filter(OF_PERSON.format("r.student_id"), int),
        "section_id": Filter("r.section_id = {}", int),
        "case_id": Filter("p.case_id = {}", int),
        "decidable": Filter(f"({DECIDABLE}) = {{}}", bool),
    },
    default_order="-id",
    scope=_scope,
    shape=_shape,
)


def get_change(work: Work, id: int) -> PendingChangeView:
    """One change request with its approvals and impact."""
    row = CHANGES.one(work, id)
    if row is None:
        raise NotFound
    row["scores"] = msgspec.convert(row["scores"], list[ChangedScore], strict=False)
    row["approvals"] = msgspec.convert(row["approvals"], list[ChangeApproval], strict=False)
    row["impact"] = msgspec.convert(row["impact"], ChangeImpact, strict=False)
    return PendingChangeView(**row)


def access_change(work: Work, id: int) -> dict[str, Any]:
    """The change request with what an approval judges by, it and its sheet and result locked; raises
    NotFound outside the caller's scope. Sheets before results: publish and freeze lock in that order."""
    scope_sql, values = result_scope(work.caller, Permission.APPROVE_CHANGE)
    condition = f" AND ({scope_sql})" if scope_sql else ""
    row = work.row(
        "SELECT p.*, c.department_id, coalesce(s.course_code, c.code) AS course_code, r.section_id, "
        "(SELECT v.approver_id FROM change_approval v WHERE v.change_id = p.id AND v.stage = 1 AND "
        "v.approved) AS first_approver "
        "FROM pending_change p JOIN result r ON r.id = p.result_id JOIN registration g ON g.id = "
        "r.registration_id "
        f"JOIN course c ON c.id = r.course_id LEFT JOIN section s ON s.id = r.section_id WHERE p.id = "
        f"%(id)s{condition} FOR UPDATE OF p",
        id=id,
        **values,
    )
    if row is None:
        raise NotFound
    work.rows("SELECT section_id FROM sheet WHERE section_id = %(id)s FOR UPDATE", id=row["section_id"])
    result = work.row("SELECT version, state FROM result WHERE id = %(id)s FOR UPDATE", id=row["result_id"])
    assert result is not None
    return {**row, **result}
