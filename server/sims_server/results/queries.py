"""Every SELECT of results: lists and single resources within the caller's scope, and what the operations
read before they write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from sims_server.grading.queries.sheets import access_sheet
from sims_server.kernel.actor import Caller
from sims_server.kernel.paging import Filter, Listing, Order
from sims_server.kernel.work import Work
from sims_server.results.rules import (
    Record,
    RecordRow,
    RosterRow,
    Sheet,
    course_representatives,
    policy_of,
    shown_grade,
)
from sims_shared.access import Permission
from sims_shared.gpa import CourseRow
from sims_shared.marks import Assessment, CutOffs, Score
from sims_shared.problems import NotFound
from sims_shared.regulations import Policy
from sims_shared.results import (
    HeadView,
    NotificationView,
    ResultView,
    TermResultView,
)  # fmt: skip
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
            parts.append("EXISTS (SELECT FROM program p WHERE p.id = g.program_id AND p.department_id = ANY (%(scope_departments)s))")
    if reach.own_sections:
        parts.append(
            "EXISTS (SELECT FROM section_staff f WHERE f.section_id = r.section_id AND f.account_id = %(scope_account)s AND f.until IS NULL)"
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
    row["published_by"] = None if row["published_at"] is None else person_of(row["published_by"], row["published_name"])
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


RESULT_SOURCE = """result r JOIN registration g ON g.id = r.registration_id JOIN student u ON u.id = r.student_id
    JOIN course c ON c.id = r.course_id JOIN term t ON t.id = r.term_id LEFT JOIN section s ON s.id = r.section_id
    LEFT JOIN withholding w ON w.result_id = r.id AND w.released_at IS NULL LEFT JOIN result_counting k ON k.result_id = r.id
    LEFT JOIN account pb ON pb.id = r.published_by LEFT JOIN account fb ON fb.id = r.frozen_by"""
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
        "term": "t.name",
        "course_id": "r.course_id",
        "course_code": "coalesce(s.course_code, c.code)",
        "course_title": "coalesce(s.course_title, c.title)",
        "reg_no": "g.reg_no",
        "student_name": "u.name",
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
        "counts": "coalesce(k.counts, 'excluded')",
        "source": "r.source",
        "regulation_id": "r.regulation_id",
        "state": "r.state",
        "stale": "r.stale",
        "version": "r.version",
        "published_at": "r.published_at",
        "published_by": "r.published_by",
        "published_name": "pb.name",
        "frozen_at": "r.frozen_at",
        "frozen_by": "r.frozen_by",
        "frozen_name": "fb.name",
        "notification_id": "r.notification_id",
        "withheld_for": "w.reason",
    },
    source=RESULT_SOURCE,
    key="r.id",
    filters={
        "student_id": Filter("r.student_id = {}", int),
        "registration_id": Filter("r.registration_id = {}", int),
        "section_id": Filter("r.section_id = {}", int),
        "term_id": Filter("r.term_id = {}", int),
        "course_id": Filter("r.course_id = {}", int),
        "notification_id": Filter("r.notification_id = {}", int),
        "state": Filter("r.state = {}", str),
        "outcome": Filter(f"({OUTCOME}) = {{}}", str),
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


def access_sheet_to_approve(work: Work, section_id: int) -> None:
    """Raises NotFound where the caller may not approve."""
    access_sheet(work, section_id, Permission.APPROVE_SHEET)


def _registration_scope(caller: Caller) -> tuple[str, dict[str, Any]]:
    """Averages belong to a registration: a teacher of one course does not see them."""
    reach = caller.reach(Permission.READ_RESULTS)
    if reach.everything:
        return "", {}
    parts, values = [], dict[str, Any]()
    if reach.departments:
        parts.append("EXISTS (SELECT FROM program p WHERE p.id = g.program_id AND p.department_id = ANY (%(scope_departments)s))")
        values["scope_departments"] = list(reach.departments)
    if reach.student_id is not None:
        parts.append(f"g.student_id = %(scope_student)s AND {HELD_BACK.replace('r.student_id', 'g.student_id')}")
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
        "student_id": Filter("g.student_id = {}", int),
        "term_id": Filter("d.term_id = {}", int),
        "standing": Filter("d.standing = {}", str),
    },
    scope=_registration_scope,
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
    return "EXISTS (SELECT FROM result r WHERE r.notification_id = n.id AND r.student_id = %(scope_student)s)", {"scope_student": reach.student_id}


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
    source="notification_of_result n JOIN term t ON t.id = n.term_id LEFT JOIN account a ON a.id = n.published_by",
    key="n.id",
    filters={"term_id": Filter("n.term_id = {}", int), "kind": Filter("n.kind = {}", str), "number": Filter("n.number = {}", str)},
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


# -- What is judged --------------------------------------------------------------------------------


def sheets_of(work: Work, section_ids: Sequence[int]) -> dict[int, Sheet]:
    """The columns of these sections, by section."""
    rows = work.rows(
        "SELECT s.id, s.grading, s.marks_total, a.id AS assessment_id, a.name, a.type, a.weight, a.max_score, a.head, a.must_sit "
        "FROM section s LEFT JOIN assessment a ON a.section_id = s.id WHERE s.id = ANY (%(ids)s) ORDER BY s.id, a.position, a.id",
        ids=list(section_ids),
    )
    columns: dict[int, list[Assessment]] = {}
    facts: dict[int, tuple[str, Decimal | None]] = {}
    for row in rows:
        facts[row["id"]] = (row["grading"], row["marks_total"])
        own = columns.setdefault(row["id"], [])
        if row["assessment_id"] is not None:
            own.append(Assessment(
                id=row["assessment_id"], name=row["name"], type=row["type"], weight=row["weight"], max_score=row["max_score"],
                head=row["head"], must_sit=row["must_sit"],
            ))  # fmt: skip
    return {id: Sheet(id, grading, marks_total, tuple(columns[id])) for id, (grading, marks_total) in facts.items()}


_ROSTER = """
SELECT e.id, e.section_id, e.status, e.kind, e.attempt, g.regulation_id, x.assessments, x.marks, x.scores,
       coalesce(r.state <> 'draft', false) AS published
  FROM enrollment e
  JOIN registration g ON g.id = e.registration_id
  LEFT JOIN result r ON r.enrollment_id = e.id
  LEFT JOIN (SELECT enrollment_id, array_agg(assessment_id) AS assessments, array_agg(mark) AS marks, array_agg(score) AS scores
               FROM assessment_score WHERE section_id = ANY (%(ids)s) GROUP BY enrollment_id) x ON x.enrollment_id = e.id
 WHERE e.section_id = ANY (%(ids)s) AND e.status <> 'dropped'
 ORDER BY e.section_id, e.id
"""


def roster_of(work: Work, section_ids: Sequence[int], decided: Iterable[int] = ()) -> list[RosterRow]:
    """Everybody on these sheets with their cells; `decided` are enrollments whose unfair-means case was
    decided against them."""
    against = set(decided)
    return [
        RosterRow(
            enrollment_id=row["id"],
            section_id=row["section_id"],
            regulation_id=row["regulation_id"],
            status=row["status"],
            kind=row["kind"],
            attempt=row["attempt"],
            cells={a: Score(mark, score) for a, mark, score in zip(row["assessments"] or (), row["marks"] or (), row["scores"] or (), strict=True)},
            published=row["published"],
            decided=row["id"] in against,
        )
        for row in work.rows(_ROSTER, ids=list(section_ids))
    ]


def policies_of(work: Work, regulation_ids: Iterable[int]) -> dict[int, Policy]:
    """Regulations by id, each read once a process."""
    rows = work.rows(
        "SELECT id, code, version, policy::text AS document FROM regulation WHERE id = ANY (%(ids)s)", ids=sorted(set(regulation_ids))
    )
    return {row["id"]: policy_of(row["document"], row["code"], row["version"]) for row in rows}


def cutoffs_of(work: Work, section_ids: Sequence[int]) -> dict[tuple[int, int], CutOffs]:
    """Frozen cut-offs of relatively graded sheets, by (section, regulation)."""
    rows = work.rows(
        "SELECT section_id, regulation_id, cutoffs::text AS cutoffs FROM section_cutoff WHERE section_id = ANY (%(ids)s)", ids=list(section_ids)
    )
    return {(row["section_id"], row["regulation_id"]): msgspec.json.decode(row["cutoffs"], type=CutOffs) for row in rows}


# -- Records ---------------------------------------------------------------------------------------

_RECORD = """
SELECT r.id, r.registration_id, r.term_id, r.course_id, coalesce(s.course_code, c.code) AS code, r.credits, r.grade, r.grade_points,
       r.percentage, r.outcome, coalesce(s.grading, c.grading) AS grading, coalesce(s.counts_in_gpa, c.counts_in_gpa) AS counts_in_gpa,
       r.attempt, r.source, t.name AS term, t.start_date
  FROM result r JOIN course c ON c.id = r.course_id JOIN term t ON t.id = r.term_id LEFT JOIN section s ON s.id = r.section_id
 WHERE r.registration_id = ANY (%(ids)s) AND r.state <> 'draft'
 ORDER BY r.registration_id, t.start_date, r.term_id, code, r.attempt, r.id
"""
_REGISTRATIONS = """
SELECT g.id, g.student_id, g.regulation_id, p.credits_required FROM registration g JOIN program p ON p.id = g.program_id
 WHERE g.id = ANY (%(ids)s) ORDER BY g.id{lock}
"""


class Records(msgspec.Struct):
    """Records of several registrations, and the terms in them: order → id and id → order."""

    records: list[Record]
    order_of: dict[int, int]
    name_of: dict[int, str]


def records_of(work: Work, registration_ids: Iterable[int], *, locked: bool = False) -> Records:
    """What is published of these registrations. `locked` keeps them until commit, so that two notifications
    with students in common declare one after the other."""
    wanted = sorted(set(registration_ids))
    registrations = work.rows(_REGISTRATIONS.format(lock=" FOR NO KEY UPDATE OF g" if locked else ""), ids=wanted)
    policies = policies_of(work, (row["regulation_id"] for row in registrations))
    rows = work.rows(_RECORD, ids=wanted)
    declared = work.rows(
        "SELECT d.registration_id, d.term_id, d.standing, t.start_date, t.name AS term FROM term_result d JOIN term t ON t.id = d.term_id "
        "WHERE d.registration_id = ANY (%(ids)s)",
        ids=wanted,
    )
    same = course_representatives((r["course_id"], r["equivalent_id"]) for r in work.rows("SELECT course_id, equivalent_id FROM course_equivalent"))
    terms = {(row["start_date"], row["term_id"]): row["term"] for row in (*rows, *declared)}
    order_of = {term_id: order for order, (_, term_id) in enumerate(sorted(terms), 1)}
    entries: dict[int, list[RecordRow]] = {id: [] for id in wanted}
    taken: dict[int, set[str]] = {id: set() for id in wanted}
    for row in rows:
        key = f"{row['code']}, attempt {row['attempt']}"
        if key in taken[row["registration_id"]]:
            key = f"{row['code']}, {row['term']}, no. {len(taken[row['registration_id']]) + 1}"
        taken[row["registration_id"]].add(key)
        course = CourseRow(
            key=key,
            course=str(same.get(row["course_id"], row["course_id"])),
            term=order_of[row["term_id"]],
            credits=row["credits"],
            grade=row["grade"] or None,
            points=row["grade_points"],
            percentage=row["percentage"],
            outcome=row["outcome"],
            grading=row["grading"],
            counts_in_gpa=row["counts_in_gpa"],
            attempt=row["attempt"],
            source=row["source"],
        )
        entries[row["registration_id"]].append(RecordRow(row["id"], row["term_id"], course))
    standings: dict[int, dict[int, str]] = {id: {} for id in wanted}
    for row in declared:
        standings[row["registration_id"]][order_of[row["term_id"]]] = row["standing"]
    records = [
        Record(g["id"], policies[g["regulation_id"]], g["credits_required"], tuple(entries[g["id"]]), standings[g["id"]]) for g in registrations
    ]
    return Records(records, order_of, {row["term_id"]: row["term"] for row in (*rows, *declared)})
