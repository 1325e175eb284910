"""SELECTs of assessments: lists, one, and one that somebody is about to write."""

from __future__ import annotations

from typing import Any

from sims_server.enrollment.queries import access_section, section_scope
from sims_server.grading.queries.sheets import lock_sheet
from sims_server.grading.rules import Moved, Standing
from sims_server.kernel.actor import Caller
from sims_server.kernel.paging import Filter, Listing, Order
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.grading import AssessmentType, AssessmentView, EnteredBy, Head
from sims_shared.plan import ColumnMoved, PlannedColumn, PlanView
from sims_shared.problems import NotFound
from sims_shared.values import SYSTEM, Person

# What a student may know of: released, or already in a result that is out.
_STUDENTS = """EXISTS (SELECT FROM enrollment e WHERE e.section_id = s.id AND e.student_id = %(scope_student)s
    AND e.status <> 'dropped' AND (a.released_at IS NOT NULL
      OR EXISTS (SELECT FROM result x WHERE x.enrollment_id = e.id AND x.state <> 'draft')))"""


def _scope(caller: Caller) -> tuple[str, dict[str, Any]]:
    return section_scope(caller, Permission.READ_ASSESSMENTS, student=_STUDENTS)


FIELDS = (
    "id",
    "section_id",
    "name",
    "type",
    "weight",
    "max_score",
    "head",
    "must_sit",
    "step",
    "due_date",
    "entered_by",
    "released_at",
    "locked_at",
)
ASSESSMENTS = Listing(
    entity="assessment",
    columns={name: f"a.{name}" for name in FIELDS},
    source="assessment a JOIN section s ON s.id = a.section_id JOIN course c ON c.id = s.course_id",
    key="a.id",
    filters={
        "section_id": Filter("a.section_id = {}", int),
        "term_id": Filter("s.term_id = {}", int),
        "locked": Filter("(a.locked_at IS NOT NULL) = {}", bool),
        "type": Filter("a.type = {}", AssessmentType),
        "head": Filter("a.head = {}", Head),
        "entered_by": Filter("a.entered_by = {}", EnteredBy),
    },
    orders={
        "name": Order("a.name"),
        "weight": Order("a.weight", "numeric"),
        "due_date": Order("coalesce(a.due_date, 'infinity')", "date"),
    },
    scope=_scope,
)


def get_assessment(work: Work, id: int) -> AssessmentView:
    """One assessment."""
    row = ASSESSMENTS.one(work, id)
    if row is None:
        raise NotFound
    return AssessmentView(**row)


def access_assessment(work: Work, id: int, permission: str) -> dict[str, Any]:
    """The assessment with what decides whether the caller may write it; raises NotFound where
    `permission` does not reach it."""
    condition, values = section_scope(work.caller, permission)
    row = work.row(
        "SELECT a.id, a.section_id, a.name, a.weight, a.max_score, a.entered_by, a.released_at, a.locked_at, "
        "s.weights_total, h.state, EXISTS (SELECT FROM section_staff f WHERE f.section_id = s.id "
        "AND f.account_id = %(me)s AND f.until IS NULL) AS teaching "
        "FROM assessment a JOIN section s ON s.id = a.section_id JOIN course c ON c.id = s.course_id "
        "JOIN sheet h ON h.section_id = s.id WHERE a.id = %(id)s"
        + (f" AND ({condition})" if condition else ""),
        id=id,
        me=work.caller.id,
        **values,
    )
    if row is None:
        raise NotFound
    return row


def access_assessment_to_manage(work: Work, id: int) -> dict[str, Any]:
    return access_assessment(work, id, Permission.MANAGE_ASSESSMENTS)


def access_assessment_to_change(work: Work, id: int) -> dict[str, Any]:
    """Its sheet is locked before If-Match is compared, or two who read the same could both be let through."""
    lock_sheet(work, access_assessment_to_manage(work, id)["section_id"])
    return access_assessment_to_manage(work, id)


def access_assessment_to_unlock(work: Work, id: int) -> dict[str, Any]:
    return access_assessment(work, id, Permission.UNLOCK_ASSESSMENT)


def has_scores(work: Work, id: int) -> bool:
    """Whether anything was ever written under it, blank or not."""
    return bool(
        work.value("SELECT EXISTS (SELECT FROM assessment_score WHERE assessment_id = %(id)s)", id=id)
    )


# -- The plan of assessment ------------------------------------------------------------------------


def access_plan(work: Work, section_id: int) -> dict[str, Any]:
    """The section whose plan the caller is about to write; raises NotFound elsewhere."""
    return access_section(work, section_id, Permission.MANAGE_ASSESSMENTS)


def standing_columns(work: Work, section_id: int) -> list[Standing]:
    """Every column of the sheet, with what decides whether it may be changed or removed."""
    rows = work.rows(
        "SELECT a.id, a.name, a.weight, a.max_score, a.must_sit, a.entered_by, a.locked_at, "
        "m.highest, coalesce(m.written, false) AS written FROM assessment a "
        "LEFT JOIN (SELECT x.assessment_id, max(x.score) AS highest, true AS written "
        "FROM assessment_score x WHERE x.section_id = %(id)s GROUP BY x.assessment_id) m "
        "ON m.assessment_id = a.id WHERE a.section_id = %(id)s ORDER BY a.position, a.id",
        id=section_id,
    )
    return [
        Standing(
            PlannedColumn(**{name: row[name] for name in PlannedColumn.__struct_fields__}),
            row["entered_by"],
            row["locked_at"] is not None,
            row["written"],
            row["highest"],
        )
        for row in rows
    ]


def last_position(work: Work, section_id: int) -> int:
    """Where a new column stands: after all others, because of equals the later made comes later."""
    last: int = work.value(
        "SELECT coalesce(max(position), 0) FROM assessment WHERE section_id = %(id)s", id=section_id
    )
    return last


def plan_of(work: Work, section_id: int, made: list[int]) -> PlanView:
    """The columns of a sheet as they stand; `made` are those that were made just now."""
    rows = work.rows(
        f"{ASSESSMENTS.select()} WHERE a.section_id = %(id)s ORDER BY a.position, a.id", id=section_id
    )
    return PlanView(section_id=section_id, assessments=[AssessmentView(**row) for row in rows], made=made)


def who_moved(work: Work, moves: list[Moved]) -> list[ColumnMoved]:
    """Each column that is not as it was seen, with who did that last, as the audit tells it."""
    ids = [one.id for move in moves if (one := move[1] or move[0]) is not None]
    rows = work.rows(
        "SELECT DISTINCT ON (t.entity_id) t.entity_id, t.actor_id, t.actor_name, t.at FROM audit t "
        "WHERE t.entity = 'assessment' AND t.entity_id = ANY(%(ids)s) "
        "AND t.changes ?| ARRAY['name', 'weight', 'max_score', 'must_sit'] "
        "ORDER BY t.entity_id, t.id DESC",
        ids=ids,
    )
    told = {row["entity_id"]: row for row in rows}
    moved = []
    for id, (was, now) in zip(ids, moves, strict=True):
        row = told.get(id)
        by = SYSTEM if row is None or row["actor_id"] is None else Person(row["actor_id"], row["actor_name"])
        moved.append(ColumnMoved(was=was, now=now, by=by, at=row["at"] if row else None))
    return moved
