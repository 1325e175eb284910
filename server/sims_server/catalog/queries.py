"""Every SELECT of the catalog. Who may read the catalog reads all of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sims_server.kernel.paging import Filter, Listing, Order
from sims_server.kernel.work import Work
from sims_shared.catalog import (
    CourseView,
    CurriculumCourseView,
    CurriculumKind,
    DepartmentView,
    Grading,
    ProgramView,
)
from sims_shared.problems import NotFound
from sims_shared.values import Intake, Person

DEPARTMENTS = Listing(
    entity="department",
    columns={
        "id": "d.id",
        "code": "d.code",
        "name": "d.name",
        "faculty_name": "d.faculty_name",
        "head": "head_of_department(d.id)",
    },
    source="department d",
    key="d.id",
    filters={"code": Filter("d.code = {}", str)},
    orders={"code": Order("d.code"), "name": Order("d.name")},
    search="folded(concat_ws(' ', d.code, d.name, d.faculty_name)) LIKE {}",
)
PROGRAMS = Listing(
    entity="program",
    columns={
        "id": "p.id",
        "code": "p.code",
        "name": "p.name",
        "department_id": "p.department_id",
        "level": "p.level",
        "credits_required": "p.credits_required",
        "semesters": "p.semesters",
    },
    source="program p",
    key="p.id",
    filters={
        "department_id": Filter("p.department_id = {}", int),
        "code": Filter("p.code = {}", str),
        "level": Filter("p.level = {}", str),
    },
    orders={"code": Order("p.code"), "name": Order("p.name")},
    search="folded(p.code || ' ' || p.name) LIKE {}",
)
COURSES = Listing(
    entity="course",
    columns={
        "id": "c.id",
        "code": "c.code",
        "title": "c.title",
        "credits": "c.credits",
        "marks_total": "c.marks_total",
        "credits_theory": "c.credits_theory",
        "credits_practical": "c.credits_practical",
        "grading": "c.grading",
        "counts_in_gpa": "c.counts_in_gpa",
        "department_id": "c.department_id",
        "prerequisites": (
            "ARRAY(SELECT q.prerequisite_id FROM course_prerequisite q WHERE q.course_id = c.id "
            "ORDER BY q.prerequisite_id)"
        ),
        "equivalents": (
            "ARRAY(SELECT q.equivalent_id FROM course_equivalent q WHERE q.course_id = c.id "
            "ORDER BY q.equivalent_id)"
        ),
        "prerequisite_codes": (
            "ARRAY(SELECT n.code FROM course_prerequisite q JOIN course n ON n.id = q.prerequisite_id "
            "WHERE q.course_id = c.id ORDER BY q.prerequisite_id)"
        ),
        "equivalent_codes": (
            "ARRAY(SELECT n.code FROM course_equivalent q JOIN course n ON n.id = q.equivalent_id "
            "WHERE q.course_id = c.id ORDER BY q.equivalent_id)"
        ),
    },
    source="course c",
    key="c.id",
    filters={
        "department_id": Filter("c.department_id = {}", int),
        "credits": Filter("c.credits = {}", Decimal),
        "code": Filter("c.code = {}", str),
        "grading": Filter("c.grading = {}", Grading),
    },
    orders={"code": Order("c.code"), "title": Order("c.title"), "credits": Order("c.credits", "numeric")},
    search="folded(c.code || ' ' || c.title) LIKE {}",
)


CURRICULA = Listing(
    entity="curriculum_course",
    columns={
        "id": "u.id",
        "program_id": "u.program_id",
        "intake_from": "u.intake_from",
        "semester": "u.semester",
        "course_id": "u.course_id",
        "course_code": "c.code",
        "course_title": "c.title",
        "credits": "c.credits",
        "kind": "u.kind",
    },
    source="curriculum_course u JOIN course c ON c.id = u.course_id",
    key="u.id",
    filters={
        "program_id": Filter("u.program_id = {}", int),
        "intake_from": Filter("u.intake_from = {}", Intake),
        "semester": Filter("u.semester = {}", int),
        "course_id": Filter("u.course_id = {}", int),
        "kind": Filter("u.kind = {}", CurriculumKind),
    },
    orders={"semester": Order("u.semester", "integer"), "course_code": Order("c.code")},
    search="folded(c.code || ' ' || c.title) LIKE {}",
)


def _found(row: dict[str, Any] | None) -> dict[str, Any]:
    if row is None:
        raise NotFound
    return row


def get_department(work: Work, id: int) -> DepartmentView:
    """One department."""
    row = _found(DEPARTMENTS.one(work, id))
    return DepartmentView(**{**row, "head": Person(**row["head"]) if row["head"] else None})


def get_program(work: Work, id: int) -> ProgramView:
    """One program."""
    return ProgramView(**_found(PROGRAMS.one(work, id)))


def get_course(work: Work, id: int) -> CourseView:
    """One course."""
    return CourseView(**_found(COURSES.one(work, id)))


def get_curriculum_course(work: Work, id: int) -> CurriculumCourseView:
    """One course of a curriculum."""
    return CurriculumCourseView(**_found(CURRICULA.one(work, id)))


def curriculum_of(work: Work, program_id: int, intake: str) -> list[CurriculumCourseView]:
    """The curriculum that an intake follows: the latest of its program that does not begin after it.
    Empty when there is none."""
    rows = work.rows(
        f"{CURRICULA.select()} WHERE u.program_id = %(program)s AND u.intake_from = ("
        "SELECT l.intake_from FROM curriculum_course l WHERE l.program_id = %(program)s "
        "AND translate(l.intake_from, 'SF', '12') <= translate(%(intake)s, 'SF', '12') "
        "ORDER BY translate(l.intake_from, 'SF', '12') DESC LIMIT 1) ORDER BY u.semester, c.code",
        program=program_id,
        intake=intake,
    )
    return [CurriculumCourseView(**row) for row in rows]


# Before a change the row is locked, so that If-Match is compared with what nobody changes meanwhile.


def access_department(work: Work, id: int) -> None:
    _found(work.row("SELECT id FROM department WHERE id = %(id)s FOR NO KEY UPDATE", id=id))


def access_program(work: Work, id: int) -> None:
    _found(work.row("SELECT id FROM program WHERE id = %(id)s FOR NO KEY UPDATE", id=id))


def access_course(work: Work, id: int) -> None:
    _found(work.row("SELECT id FROM course WHERE id = %(id)s FOR NO KEY UPDATE", id=id))


def access_curriculum_course(work: Work, id: int) -> None:
    _found(work.row("SELECT id FROM curriculum_course WHERE id = %(id)s FOR NO KEY UPDATE", id=id))


def known_departments(work: Work, ids: list[int]) -> frozenset[int]:
    """Those of the ids that are departments."""
    return frozenset(
        row["id"] for row in work.rows("SELECT id FROM department WHERE id = ANY(%(ids)s)", ids=ids)
    )


def known_programs(work: Work, ids: list[int]) -> frozenset[int]:
    """Those of the ids that are programs."""
    return frozenset(
        row["id"] for row in work.rows("SELECT id FROM program WHERE id = ANY(%(ids)s)", ids=ids)
    )


def known_courses(work: Work, ids: list[int]) -> frozenset[int]:
    """Those of the ids that are courses."""
    return frozenset(row["id"] for row in work.rows("SELECT id FROM course WHERE id = ANY(%(ids)s)", ids=ids))


def needed_by_others(work: Work, course_id: int) -> list[tuple[int, int]]:
    """Pairs (course, prerequisite) of every other course, behind a lock: two changes at once could
    each be free of a circle and make one together."""
    work.value("SELECT pg_advisory_xact_lock(hashtext('course_prerequisite'))")
    rows = work.rows(
        "SELECT course_id, prerequisite_id FROM course_prerequisite WHERE course_id <> %(id)s", id=course_id
    )
    return [(row["course_id"], row["prerequisite_id"]) for row in rows]


def is_program_named_by_regulation(work: Work, program_id: int) -> bool:
    """Whether a regulation applies to the program by its code."""
    return bool(
        work.value(
            "SELECT EXISTS (SELECT FROM regulation g JOIN program p ON p.code = ANY (g.programs) "
            "WHERE p.id = %(id)s)",
            id=program_id,
        )
    )
