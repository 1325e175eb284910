"""Lists and single resources of results, within the caller's scope."""

from __future__ import annotations

from typing import Any

import msgspec

from sims_server.grading.queries.sheets import access_sheet
from sims_server.kernel.actor import Caller
from sims_server.kernel.paging import Filter, Listing, Order
from sims_server.kernel.work import Work
from sims_server.people.queries import OF_PERSON
from sims_server.results.rules import shown_grade
from sims_shared.access import Permission
from sims_shared.marks import Outcome
from sims_shared.problems import NotFound
from sims_shared.results import (
    HeadView,
    NotificationKind,
    NotificationView,
    ResultState,
    ResultView,
    TermResultView,
)
from sims_shared.values import SYSTEM, Person

HELD_BACK = """NOT EXISTS (SELECT FROM hold h WHERE h.student_id = r.student_id AND h.lifted_at IS NULL
    AND h.effect = 'block' AND 'results' = ANY (h.blocks))"""


def result_scope(caller: Caller, permission: str) -> tuple[str, dict[str, Any]]:
    """A condition on `result r`, `registration g` and `course c`: what `permission` reaches. Reading also
    reaches the students of a department's programs; deciding goes by the course's department alone."""
    reach = caller.reach(permission)
    if reach.everything:
        return "", {}
    parts, values = [], dict[str, Any]()
    if reach.departments:
        parts.append("c.department_id = ANY (%(scope_departments)s)")
        values["scope_departments"] = list(reach.departments)
        if permission == Permission.READ_RESULTS:
            parts.append(
                "EXISTS (SELECT FROM program p WHERE p.id = g.program_id AND p.department_id = ANY "
                "(%(scope_departments)s))"
            )
    if reach.own_sections:
        parts.append(
            "EXISTS (SELECT FROM section_staff f WHERE f.section_id = r.section_id AND f.account_id = "
            "%(scope_account)s AND f.until IS NULL)"
        )
        values["scope_account"] = caller.id
    if reach.student_id is not None:
        parts.append(f"r.student_id = %(scope_student)s AND r.state <> 'draft' AND {HELD_BACK}")
        values["scope_student"] = reach.student_id
    return " OR ".join(f"({part})" for part in parts) or "false", values


def person_of(id: int | None, name: str | None) -> Person:
    """Who did it; an act of the system has no id."""
    return SYSTEM if id is None else Person(id, name or "")


def _shape_result(row: dict[str, Any]) -> dict[str, Any]:
    """Puts the row into the contract's words, and hides what is withheld."""
    flags = row["flags"]
    row["published_by"] = (
        None if row["published_at"] is None else person_of(row["published_by"], row["published_name"])
    )
    row["frozen_by"] = None if row["frozen_at"] is None else person_of(row["frozen_by"], row["frozen_name"])
    del row["published_name"], row["frozen_name"]
    row["is_published"] = row["state"] != "draft"
    if row["outcome"] == "withheld":
        for name in ("total", "marks_obtained", "marks_max", "percentage", "grade_points"):
            row[name] = None
        row["heads"], row["grade"], row["flags"] = [], None, []
    row["grade"] = row["grade"] or None
    row["grade_shown"] = shown_grade(row["grade"], flags)
    return row


RESULT_SOURCE = """result r JOIN registration g ON g.id = r.registration_id
    JOIN course c ON c.id = r.course_id LEFT JOIN section s ON s.id = r.section_id
    LEFT JOIN withholding w ON w.result_id = r.id AND w.released_at IS NULL"""
# Looked up, not joined: the planner tries joins in every order, and five more cost ten times the reading.
_NAME = "(SELECT a.name FROM {} a WHERE a.id = {})"
# What is out counts, unless it is written that it does not.
_COUNTS = """coalesce((SELECT k.counts FROM result_counting k WHERE k.result_id = r.id),
         CASE WHEN r.state = 'draft' THEN 'excluded' ELSE 'counted' END)"""
OUTCOME = "CASE WHEN w.id IS NOT NULL THEN 'withheld' ELSE r.outcome END"

RESULTS = Listing(
    entity="result",
    columns={
        "id": "r.id",
        "student_id": "r.student_id",
        "registration_id": "r.registration_id",
        "enrollment_id": "r.enrollment_id",
        "section_id": "r.section_id",
        "term_id": "r.term_id",
        "term": _NAME.format("term", "r.term_id"),
        "course_id": "r.course_id",
        "course_code": "coalesce(s.course_code, c.code)",
        "course_title": "coalesce(s.course_title, r.recorded_title, c.title)",
        "reg_no": "g.reg_no",
        "student_name": _NAME.format("student", "r.student_id"),
        "attempt": "r.attempt",
        "total": "r.total",
        "marks_obtained": "r.marks_obtained",
        "marks_max": "r.marks_max",
        "percentage": "r.percentage",
        "heads": "r.heads",
        "grade": "r.grade",
        "grade_points": "r.grade_points",
        "credits": "r.credits",
        "outcome": OUTCOME,
        "flags": "r.flags",
        "counts": _COUNTS,
        "source": "r.source",
        "regulation_id": "r.regulation_id",
        "state": "r.state",
        "stale": "r.stale",
        "version": "r.version",
        "published_at": "r.published_at",
        "published_by": "r.published_by",
        "published_name": _NAME.format("account", "r.published_by"),
        "frozen_at": "r.frozen_at",
        "frozen_by": "r.frozen_by",
        "frozen_name": _NAME.format("account", "r.frozen_by"),
        "notification_id": "r.notification_id",
        "withheld_for": "w.reason",
    },
    source=RESULT_SOURCE,
    key="r.id",
    filters={
        "student_id": Filter(OF_PERSON.format("r.student_id"), int),
        "registration_id": Filter("r.registration_id = {}", int),
        "section_id": Filter("r.section_id = {}", int),
        "term_id": Filter("r.term_id = {}", int),
        "course_id": Filter("r.course_id = {}", int),
        "notification_id": Filter("r.notification_id = {}", int),
        "state": Filter("r.state = {}", ResultState),
        "outcome": Filter(f"({OUTCOME}) = {{}}", Outcome),
    },
    orders={"reg_no": Order("g.reg_no", 'text COLLATE "C"')},
    scope=lambda caller: result_scope(caller, Permission.READ_RESULTS),
    shape=_shape_result,
)


def get_result(work: Work, id: int) -> ResultView:
    """One result; while it is withheld, without its marks and grade."""
    row = RESULTS.one(work, id)
    if row is None:
        raise NotFound
    row["heads"] = [msgspec.convert(head, HeadView, strict=False) for head in row["heads"]]
    return ResultView(**row)


def access_result(work: Work, id: int, permission: str) -> dict[str, Any]:
    """The result's row, locked, when `permission` reaches it; raises NotFound."""
    scope_sql, values = result_scope(work.caller, permission)
    condition = f" AND ({scope_sql})" if scope_sql else ""
    row = work.row(
        "SELECT r.*, c.department_id, c.grading AS course_grading, g.reg_no, s.grading AS section_grading "
        "FROM result r JOIN registration g ON g.id = r.registration_id JOIN course c ON c.id = r.course_id "
        f"LEFT JOIN section s ON s.id = r.section_id WHERE r.id = %(id)s{condition} FOR UPDATE OF r",
        id=id,
        **values,
    )
    if row is None:
        raise NotFound
    return row


def result_rows(work: Work, ids: list[int]) -> dict[int, dict[str, Any]]:
    """The same rows by id, not locked and in nobody's scope: for who was let see what they hang on."""
    rows = work.rows(
        "SELECT r.*, c.department_id, c.grading AS course_grading, g.reg_no, s.grading AS section_grading "
        "FROM result r JOIN registration g ON g.id = r.registration_id JOIN course c ON c.id = r.course_id "
        "LEFT JOIN section s ON s.id = r.section_id WHERE r.id = ANY (%(ids)s)",
        ids=ids,
    )
    return {row["id"]: row for row in rows}


def access_sheet_to_approve(work: Work, section_id: int) -> None:
    """Raises NotFound where the caller may not approve."""
    access_sheet(work, section_id, Permission.APPROVE_SHEET)


def registration_scope(caller: Caller) -> tuple[str, dict[str, Any]]:
    """Averages belong to a registration: a teacher of one course does not see them."""
    reach = caller.reach(Permission.READ_RESULTS)
    if reach.everything:
        return "", {}
    parts, values = [], dict[str, Any]()
    if reach.departments:
        parts.append(
            "EXISTS (SELECT FROM program p WHERE p.id = g.program_id AND p.department_id = ANY "
            "(%(scope_departments)s))"
        )
        values["scope_departments"] = list(reach.departments)
    if reach.student_id is not None:
        parts.append(
            f"g.student_id = %(scope_student)s AND {HELD_BACK.replace('r.student_id', 'g.student_id')}"
        )
        values["scope_student"] = reach.student_id
    return " OR ".join(f"({part})" for part in parts) or "false", values


TERM_RESULTS = Listing(
    entity="term_result",
    columns={
        "id": "d.id",
        "registration_id": "d.registration_id",
        "student_id": "g.student_id",
        "term_id": "d.term_id",
        "term": "t.name",
        "sgpa": "d.sgpa",
        "cgpa": "d.cgpa",
        "gpa_credits": "d.gpa_credits",
        "quality_points": "d.quality_points",
        "attempted": "d.attempted",
        "earned": "d.earned",
        "standing": "d.standing",
        "notification_id": "d.notification_id",
        "declared_at": "d.declared_at",
    },
    source="term_result d JOIN registration g ON g.id = d.registration_id JOIN term t ON t.id = d.term_id",
    key="d.id",
    filters={
        "registration_id": Filter("d.registration_id = {}", int),
        "student_id": Filter(OF_PERSON.format("g.student_id"), int),
        "term_id": Filter("d.term_id = {}", int),
        "standing": Filter("d.standing = {}", str),
    },
    scope=registration_scope,
)


def get_term_result(work: Work, id: int) -> TermResultView:
    """A term as it was declared for one registration."""
    row = TERM_RESULTS.one(work, id)
    if row is None:
        raise NotFound
    return TermResultView(**row)


def _shape_notification(row: dict[str, Any]) -> dict[str, Any]:
    row["published_by"] = person_of(row["published_by"], row.pop("published_name"))
    return row


def _notification_scope(caller: Caller) -> tuple[str, dict[str, Any]]:
    """Notifications are public within the house; a student's list is of those that name them."""
    reach = caller.reach(Permission.READ_RESULTS)
    if reach.everything or reach.departments or reach.own_sections:
        return "", {}
    return (
        "EXISTS (SELECT FROM result r WHERE r.notification_id = n.id AND r.student_id = %(scope_student)s)",
        {"scope_student": reach.student_id},
    )


NOTIFICATIONS = Listing(
    entity="notification_of_result",
    columns={
        "id": "n.id",
        "number": "n.number",
        "date": "n.date",
        "kind": "n.kind",
        "term_id": "n.term_id",
        "term": "t.name",
        "scope": "n.scope",
        "counts": "n.counts",
        "sha256": "n.sha256",
        "published_by": "n.published_by",
        "published_name": "a.name",
        "at": "n.at",
    },
    source="notification_of_result n JOIN term t ON t.id = n.term_id LEFT JOIN account a ON a.id = "
    "n.published_by",
    key="n.id",
    filters={
        "term_id": Filter("n.term_id = {}", int),
        "kind": Filter("n.kind = {}", NotificationKind),
        "number": Filter("n.number = {}", str),
    },
    default_order="-id",
    scope=_notification_scope,
    shape=_shape_notification,
)


def get_notification(work: Work, id: int) -> NotificationView:
    """One notification of results."""
    row = NOTIFICATIONS.one(work, id)
    if row is None:
        raise NotFound
    return NotificationView(**row)
