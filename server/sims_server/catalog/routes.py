"""Routes of the catalog."""

from __future__ import annotations

from sims_server.catalog import operations, queries
from sims_server.kernel.http import command, listing, read
from sims_shared.access import Permission
from sims_shared.catalog import (
    ChangeCourse,
    ChangeDepartment,
    ChangeProgram,
    CourseCodeTaken,
    CourseInUse,
    CourseView,
    CreateCourse,
    CreateDepartment,
    CreateProgram,
    DeleteCourse,
    DeleteDepartment,
    DeleteProgram,
    DepartmentCodeTaken,
    DepartmentInUse,
    DepartmentNameTaken,
    DepartmentView,
    PrerequisiteCircle,
    ProgramCodeFixed,
    ProgramCodeTaken,
    ProgramInUse,
    ProgramNameTaken,
    ProgramView,
)

READ = Permission.READ_CATALOG
DEPARTMENT = "/api/departments/{id:int}/"
PROGRAM = "/api/programs/{id:int}/"
COURSE = "/api/courses/{id:int}/"
department_taken = (DepartmentCodeTaken, DepartmentNameTaken)
program_taken = (ProgramCodeTaken, ProgramNameTaken)
course_taken = (CourseCodeTaken, PrerequisiteCircle)

routes = [
    listing("/api/departments/", queries.DEPARTMENTS, DepartmentView, permission=READ),
    read(DEPARTMENT, queries.get_department, DepartmentView, permission=READ),
    command(
        "POST",
        "/api/departments/",
        CreateDepartment,
        operations.create_department,
        DepartmentView,
        status=201,
        location=lambda view: f"/api/departments/{view.id}/",
        refusals=department_taken,
    ),
    command(
        "PATCH",
        DEPARTMENT,
        ChangeDepartment,
        operations.change_department,
        DepartmentView,
        locate=queries.access_department,
        view=queries.get_department,
        refusals=department_taken,
    ),
    command(
        "DELETE",
        DEPARTMENT,
        DeleteDepartment,
        operations.delete_department,
        None,
        status=204,
        locate=queries.access_department,
        view=queries.get_department,
        refusals=(DepartmentInUse,),
    ),
    listing("/api/programs/", queries.PROGRAMS, ProgramView, permission=READ),
    read(PROGRAM, queries.get_program, ProgramView, permission=READ),
    command(
        "POST",
        "/api/programs/",
        CreateProgram,
        operations.create_program,
        ProgramView,
        status=201,
        location=lambda view: f"/api/programs/{view.id}/",
        refusals=program_taken,
    ),
    command(
        "PATCH",
        PROGRAM,
        ChangeProgram,
        operations.change_program,
        ProgramView,
        locate=queries.access_program,
        view=queries.get_program,
        refusals=(*program_taken, ProgramCodeFixed),
    ),
    command(
        "DELETE",
        PROGRAM,
        DeleteProgram,
        operations.delete_program,
        None,
        status=204,
        locate=queries.access_program,
        view=queries.get_program,
        refusals=(ProgramInUse,),
    ),
    listing("/api/courses/", queries.COURSES, CourseView, permission=READ),
    read(COURSE, queries.get_course, CourseView, permission=READ),
    command(
        "POST",
        "/api/courses/",
        CreateCourse,
        operations.create_course,
        CourseView,
        status=201,
        location=lambda view: f"/api/courses/{view.id}/",
        refusals=course_taken,
    ),
    command(
        "PATCH",
        COURSE,
        ChangeCourse,
        operations.change_course,
        CourseView,
        locate=queries.access_course,
        view=queries.get_course,
        refusals=course_taken,
    ),
    command(
        "DELETE",
        COURSE,
        DeleteCourse,
        operations.delete_course,
        None,
        status=204,
        locate=queries.access_course,
        view=queries.get_course,
        refusals=(CourseInUse,),
    ),
]
