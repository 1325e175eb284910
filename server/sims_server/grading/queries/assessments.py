"""SELECTs of assessments: lists, one, and one that somebody is about to write."""

from __future__ import annotations

from typing import Any

from sims_server.enrollment.queries import section_scope
from sims_server.kernel.actor import Caller
from sims_server.kernel.paging import Filter, Listing, Order
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.grading import AssessmentType, AssessmentView, EnteredBy, Head
from sims_shared.problems import NotFound

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


def access_assessment_to_unlock(work: Work, id: int) -> dict[str, Any]:
    return access_assessment(work, id, Permission.UNLOCK_ASSESSMENT)


def has_scores(work: Work, id: int) -> bool:
    """Whether anything was ever written under it, blank or not."""
    return bool(
        work.value("SELECT EXISTS (SELECT FROM assessment_score WHERE assessment_id = %(id)s)", id=id)
    )
