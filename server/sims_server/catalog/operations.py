"""What can be done about departments, programs and courses."""

from __future__ import annotations

from typing import Any

import msgspec

from sims_server.catalog import queries
from sims_server.catalog.model import course, curriculum_course, department, program
from sims_server.catalog.rules import check_known, check_no_circle
from sims_server.kernel.execute import operation
from sims_server.kernel.refusal import in_use_as
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.catalog import (
    ChangeCourse,
    ChangeCurriculumCourse,
    ChangeDepartment,
    ChangeProgram,
    CourseInUse,
    CourseView,
    CreateCourse,
    CreateCurriculumCourse,
    CreateDepartment,
    CreateProgram,
    CurriculumCourseView,
    DeleteCourse,
    DeleteCurriculumCourse,
    DeleteDepartment,
    DeleteProgram,
    DepartmentInUse,
    DepartmentView,
    ProgramCodeFixed,
    ProgramInUse,
    ProgramView,
)
from sims_shared.problems import Fault, InvalidInput

_LINKS = ("prerequisites", "equivalents")


def _given(command: msgspec.Struct, *left_out: str) -> dict[str, Any]:
    """The columns a command says something about; names lose their outer blanks."""
    values = {
        name: getattr(command, name) for name in command.__struct_fields__ if name not in ("id", *left_out)
    }
    return {
        name: value.strip() if isinstance(value, str) else value
        for name, value in values.items()
        if value is not msgspec.UNSET
    }


def _check_department(work: Work, values: dict[str, Any]) -> None:
    if "department_id" in values:
        wanted = values["department_id"]
        check_known({"/department_id": wanted}, queries.known_departments(work, [wanted]), "department")


@operation(Permission.MANAGE_CATALOG, "departments.create")
def create_department(work: Work, command: CreateDepartment) -> DepartmentView:
    """Found a department."""
    return queries.get_department(work, work.insert(department, _given(command)))


@operation(Permission.MANAGE_CATALOG, "departments.change")
def change_department(work: Work, command: ChangeDepartment) -> DepartmentView:
    """Change a department."""
    work.update(department, command.id, _given(command))
    return queries.get_department(work, command.id)


@operation(Permission.MANAGE_CATALOG, "departments.delete")
def delete_department(work: Work, command: DeleteDepartment) -> None:
    """Delete a department that nothing refers to."""
    with in_use_as(DepartmentInUse):
        work.run("DELETE FROM department WHERE id = %(id)s", id=command.id)


@operation(Permission.MANAGE_CATALOG, "programs.create")
def create_program(work: Work, command: CreateProgram) -> ProgramView:
    """Open a program."""
    values = _given(command)
    _check_department(work, values)
    return queries.get_program(work, work.insert(program, values))


@operation(Permission.MANAGE_CATALOG, "programs.change")
def change_program(work: Work, command: ChangeProgram) -> ProgramView:
    """Change a program."""
    values = _given(command)
    _check_department(work, values)
    renamed = "code" in values and values["code"] != queries.get_program(work, command.id).code
    if renamed and queries.is_program_named_by_regulation(work, command.id):
        raise ProgramCodeFixed
    work.update(program, command.id, values)
    return queries.get_program(work, command.id)


@operation(Permission.MANAGE_CATALOG, "programs.delete")
def delete_program(work: Work, command: DeleteProgram) -> None:
    """Delete a program that nobody was registered in."""
    if queries.is_program_named_by_regulation(work, command.id):
        raise ProgramInUse("A regulation names this program.")
    with in_use_as(ProgramInUse):
        work.run("DELETE FROM program WHERE id = %(id)s", id=command.id)


def _check_links(work: Work, command: CreateCourse | ChangeCourse, course_id: int) -> None:
    wanted = {
        f"/{link}/{index}": id
        for link in _LINKS
        if (ids := getattr(command, link)) is not msgspec.UNSET
        for index, id in enumerate(ids)
    }
    if wanted:
        check_known(wanted, queries.known_courses(work, sorted(set(wanted.values()))), "course")
    if command.prerequisites:
        check_no_circle(course_id, command.prerequisites, queries.needed_by_others(work, course_id))


def _put_links(work: Work, command: CreateCourse | ChangeCourse, course_id: int) -> None:
    if command.prerequisites is not msgspec.UNSET:
        work.run(
            "DELETE FROM course_prerequisite "
            "WHERE course_id = %(id)s AND NOT prerequisite_id = ANY(%(wanted)s)",
            id=course_id,
            wanted=command.prerequisites,
        )
        work.run(
            "INSERT INTO course_prerequisite (course_id, prerequisite_id) "
            "SELECT DISTINCT %(id)s::bigint, w FROM unnest(%(wanted)s::bigint[]) w ON CONFLICT DO NOTHING",
            id=course_id,
            wanted=command.prerequisites,
        )
    if command.equivalents is not msgspec.UNSET:
        wanted = [id for id in command.equivalents if id != course_id]
        work.run(
            "DELETE FROM course_equivalent "
            "WHERE (course_id = %(id)s AND NOT equivalent_id = ANY(%(wanted)s)) "
            "OR (equivalent_id = %(id)s AND NOT course_id = ANY(%(wanted)s))",
            id=course_id,
            wanted=wanted,
        )
        work.run(
            "INSERT INTO course_equivalent (course_id, equivalent_id) "
            "SELECT DISTINCT %(id)s::bigint, w FROM unnest(%(wanted)s::bigint[]) w "
            "UNION SELECT w, %(id)s FROM unnest(%(wanted)s::bigint[]) w ON CONFLICT DO NOTHING",
            id=course_id,
            wanted=wanted,
        )


@operation(Permission.MANAGE_CATALOG, "courses.create")
def create_course(work: Work, command: CreateCourse) -> CourseView:
    """Add a course."""
    values = _given(command, *_LINKS)
    _check_department(work, values)
    _check_links(work, command, 0)
    course_id = work.insert(course, values)
    _put_links(work, command, course_id)
    return queries.get_course(work, course_id)


@operation(Permission.MANAGE_CATALOG, "courses.change")
def change_course(work: Work, command: ChangeCourse) -> CourseView:
    """Change a course; its sections keep what it was."""
    values = _given(command, *_LINKS)
    _check_department(work, values)
    _check_links(work, command, command.id)
    work.update(course, command.id, values)
    _put_links(work, command, command.id)
    return queries.get_course(work, command.id)


@operation(Permission.MANAGE_CATALOG, "courses.delete")
def delete_course(work: Work, command: DeleteCourse) -> None:
    """Delete a course that was never taught; what it required goes with it."""
    with in_use_as(CourseInUse):
        work.run("DELETE FROM course_prerequisite WHERE course_id = %(id)s", id=command.id)
        work.run("DELETE FROM course WHERE id = %(id)s", id=command.id)


def _check_semester(work: Work, program_id: int, semester: int) -> None:
    length = queries.get_program(work, program_id).semesters
    if semester > length:
        detail = f"The program has {length} semesters."
        raise InvalidInput(detail, errors=[Fault("/semester", "range", detail)])


@operation(Permission.MANAGE_CATALOG, "curricula.create")
def create_curriculum_course(work: Work, command: CreateCurriculumCourse) -> CurriculumCourseView:
    """Put a course into a semester of a program's curriculum."""
    values = _given(command)
    check_known(
        {"/program_id": command.program_id}, queries.known_programs(work, [command.program_id]), "program"
    )
    check_known({"/course_id": command.course_id}, queries.known_courses(work, [command.course_id]), "course")
    _check_semester(work, command.program_id, command.semester)
    return queries.get_curriculum_course(work, work.insert(curriculum_course, values))


@operation(Permission.MANAGE_CATALOG, "curricula.change")
def change_curriculum_course(work: Work, command: ChangeCurriculumCourse) -> CurriculumCourseView:
    """Move a course of a curriculum to another semester, or make it core or elective."""
    values = _given(command)
    if "semester" in values:
        current = queries.get_curriculum_course(work, command.id)
        _check_semester(work, current.program_id, values["semester"])
    work.update(curriculum_course, command.id, values)
    return queries.get_curriculum_course(work, command.id)


@operation(Permission.MANAGE_CATALOG, "curricula.delete")
def delete_curriculum_course(work: Work, command: DeleteCurriculumCourse) -> None:
    """Take a course out of a curriculum; who was enrolled stays enrolled."""
    work.run("DELETE FROM curriculum_course WHERE id = %(id)s", id=command.id)
