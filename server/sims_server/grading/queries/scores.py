"""SELECTs of scores: lists, one, and the cell that a single write is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sims_server.enrollment.queries import section_scope
from sims_server.grading.queries.sheets import lock_sheet
from sims_server.kernel.actor import Caller
from sims_server.kernel.paging import Filter, Listing, Order
from sims_server.kernel.work import Work
from sims_server.people.queries import OF_PERSON
from sims_shared.access import Permission
from sims_shared.grading import MarkName, ScoreView
from sims_shared.problems import NotFound
from sims_shared.values import SYSTEM, Person

_STUDENTS = """e.student_id = %(scope_student)s AND (a.released_at IS NOT NULL
    OR EXISTS (SELECT FROM result x WHERE x.enrollment_id = e.id AND x.state <> 'draft'))"""


def _scope(caller: Caller) -> tuple[str, dict[str, Any]]:
    return section_scope(caller, Permission.READ_SCORES, student=_STUDENTS)


def _shape(row: dict[str, Any]) -> dict[str, Any]:
    name = row.pop("updated_by_name")
    row["updated_by"] = SYSTEM if row["updated_by"] is None else Person(row["updated_by"], name)
    return row


# A cleared cell keeps its row and its version but leaves the list; so do rows of those who dropped.
SCORES = Listing(
    entity="assessment_score",
    columns={
        "id": "p.id",
        "assessment_id": "p.assessment_id",
        "section_id": "p.section_id",
        "enrollment_id": "p.enrollment_id",
        "student_id": "e.student_id",
        "mark": "p.mark",
        "score": "p.score",
        "version": "p.version",
        "updated_by": "p.updated_by",
        "updated_by_name": "u.name",
        "updated_at": "p.updated_at",
    },
    source="assessment_score p JOIN enrollment e ON e.id = p.enrollment_id "
    "JOIN assessment a ON a.id = p.assessment_id JOIN section s ON s.id = p.section_id "
    "JOIN course c ON c.id = s.course_id LEFT JOIN account u ON u.id = p.updated_by",
    key="p.id",
    filters={
        "assessment_id": Filter("p.assessment_id = {}", int),
        "section_id": Filter("p.section_id = {}", int),
        "student_id": Filter(OF_PERSON.format("e.student_id"), int),
        "enrollment_id": Filter("p.enrollment_id = {}", int),
        "mark": Filter("p.mark = {}", MarkName),
    },
    orders={"updated_at": Order("p.updated_at", "timestamptz")},
    scope=_scope,
    where="p.mark IS NOT NULL AND e.status <> 'dropped'",
    shape=_shape,
)
_CLEARED_TOO = replace(SCORES, where="e.status <> 'dropped'", statements={})


def get_score(work: Work, id: int) -> ScoreView:
    """One cell, also when it was cleared."""
    row = _CLEARED_TOO.one(work, id)
    if row is None:
        raise NotFound
    return ScoreView(**row)


_WRITING = """
SELECT a.id AS assessment_id, a.section_id, a.max_score, a.entered_by, a.locked_at, h.state,
       EXISTS (SELECT FROM section_staff f WHERE f.section_id = s.id
                AND f.account_id = %(me)s AND f.until IS NULL) AS teaching,
       e.id AS enrollment_id, e.status AS row_status"""
_SECTION = """ JOIN section s ON s.id = a.section_id JOIN course c ON c.id = s.course_id
  JOIN sheet h ON h.section_id = s.id"""


def access_cell(work: Work, assessment_id: int, student_id: int) -> dict[str, Any]:
    """The cell of a student in an assessment, as a writer needs it. Raises NotFound for an assessment
    out of reach or a student who never was in the section."""
    condition, values = section_scope(work.caller, Permission.ENTER_SCORES)
    row = work.row(
        f"{_WRITING} FROM assessment a{_SECTION} "
        "LEFT JOIN enrollment e ON e.section_id = a.section_id AND e.student_id = %(student)s "
        "WHERE a.id = %(assessment)s" + (f" AND ({condition})" if condition else ""),
        assessment=assessment_id,
        student=student_id,
        me=work.caller.id,
        **values,
    )
    if row is None:
        raise NotFound("There is no such assessment within your scope.")
    if row["enrollment_id"] is None:
        raise NotFound("The student is not on the roster of this section.")
    return row


def access_score(work: Work, id: int) -> dict[str, Any]:
    """A cell that was written before, as a writer needs it; with its present mark and score."""
    condition, values = section_scope(work.caller, Permission.ENTER_SCORES)
    row = work.row(
        f"{_WRITING}, p.id, p.mark, p.score FROM assessment_score p "
        f"JOIN assessment a ON a.id = p.assessment_id{_SECTION} JOIN enrollment e ON e.id = p.enrollment_id "
        "WHERE p.id = %(id)s AND e.status <> 'dropped'" + (f" AND ({condition})" if condition else ""),
        id=id,
        me=work.caller.id,
        **values,
    )
    if row is None:
        raise NotFound
    return row


def access_score_to_change(work: Work, id: int) -> dict[str, Any]:
    """Its sheet is locked before If-Match is compared, or two who read the same could both be let through."""
    lock_sheet(work, access_score(work, id)["section_id"])
    return access_score(work, id)
