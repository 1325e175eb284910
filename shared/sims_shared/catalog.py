"""Departments, programs and courses: what the university teaches, and who teaches it.

The rule a newcomer would get wrong: a course that was renamed or re-credited changes nothing about
past sections. They carry their own snapshot of code, title and credits.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from sims_shared.messages import Command, View
from sims_shared.problems import Kind, Refusal
from sims_shared.values import ZERO, Code, Credits, Id, Intake, Name, Person, Places

__all__ = [
    "ChangeCourse",
    "ChangeCurriculumCourse",
    "ChangeDepartment",
    "ChangeProgram",
    "CourseCodeTaken",
    "CourseInUse",
    "CourseView",
    "CreateCourse",
    "CreateCurriculumCourse",
    "CreateDepartment",
    "CreateProgram",
    "CurriculumCourseTaken",
    "CurriculumCourseView",
    "DeleteCourse",
    "DeleteCurriculumCourse",
    "DeleteDepartment",
    "DeleteProgram",
    "DepartmentCodeTaken",
    "DepartmentInUse",
    "DepartmentNameTaken",
    "DepartmentView",
    "Grading",
    "PrerequisiteCircle",
    "ProgramCodeFixed",
    "ProgramCodeTaken",
    "ProgramInUse",
    "ProgramNameTaken",
    "ProgramView",
]

Grading = Literal["letter", "pass_fail", "non_credit", "audit"]
MarksTotal = Annotated[Decimal, Places(2, low=Decimal("0.01"), high=Decimal("99999.99"))]
CreditsRequired = Annotated[Decimal, Places(2, low=ZERO, high=Decimal("9999.99"))]
Semesters = Annotated[int, msgspec.Meta(ge=1, le=20)]
Courses = list[Id]


class DepartmentCodeTaken(Refusal):
    code = "departments.code_taken"
    title = "There is a department of this code"


class DepartmentNameTaken(Refusal):
    code = "departments.name_taken"
    title = "There is a department of this name"


class DepartmentInUse(Refusal):
    code = "departments.in_use"
    title = "Programs, courses or people belong to this department"


class ProgramCodeTaken(Refusal):
    code = "programs.code_taken"
    title = "There is a program of this code"


class ProgramNameTaken(Refusal):
    code = "programs.name_taken"
    title = "There is a program of this name"


class ProgramInUse(Refusal):
    code = "programs.in_use"
    title = "Students are registered in this program"


class ProgramCodeFixed(Refusal):
    """Regulations name programs by code: a new code would take them out of force unnoticed."""

    code = "programs.code_fixed"
    title = "A regulation names this program by its code"


class CourseCodeTaken(Refusal):
    code = "courses.code_taken"
    title = "There is a course of this code"


class CourseInUse(Refusal):
    code = "courses.in_use"
    title = "Sections or other courses refer to this course"


class PrerequisiteCircle(Refusal):
    """A course would be needed before itself, so nobody could ever take it."""

    code = "courses.prerequisite_circle"
    title = "A course cannot be required before itself"
    kind = Kind.INVALID


class CreateDepartment(Command, frozen=True, kw_only=True):
    """Found a department."""

    code: Code
    name: Name
    faculty_name: Name | None = None


class ChangeDepartment(Command, frozen=True, kw_only=True):
    """Rename a department."""

    id: Id
    code: Code | msgspec.UnsetType = msgspec.UNSET
    name: Name | msgspec.UnsetType = msgspec.UNSET
    faculty_name: Name | msgspec.UnsetType | None = msgspec.UNSET


class DeleteDepartment(Command, frozen=True, kw_only=True):
    """Delete a department that nothing refers to."""

    id: Id


class CreateProgram(Command, frozen=True, kw_only=True):
    """Open a program. `semesters` is how many it takes."""

    code: Code
    name: Name
    department_id: Id
    level: Code = "UG"
    credits_required: CreditsRequired = Decimal(130)
    semesters: Semesters = 8


class ChangeProgram(Command, frozen=True, kw_only=True):
    """Change a program."""

    id: Id
    code: Code | msgspec.UnsetType = msgspec.UNSET
    name: Name | msgspec.UnsetType = msgspec.UNSET
    department_id: Id | msgspec.UnsetType = msgspec.UNSET
    level: Code | msgspec.UnsetType = msgspec.UNSET
    credits_required: CreditsRequired | msgspec.UnsetType = msgspec.UNSET
    semesters: Semesters | msgspec.UnsetType = msgspec.UNSET


class DeleteProgram(Command, frozen=True, kw_only=True):
    """Delete a program that nobody was ever registered in."""

    id: Id


class CreateCourse(Command, frozen=True, kw_only=True):
    """Add a course. `marks_total` is what its maxima add up to where a regulation reckons in marks;
    `prerequisites` are courses to be passed before it, `equivalents` stand for it and it for them."""

    code: Code
    title: Name
    credits: Credits
    department_id: Id
    marks_total: MarksTotal | None = None
    credits_theory: Credits | None = None
    credits_practical: Credits | None = None
    grading: Grading = "letter"
    counts_in_gpa: bool = True
    prerequisites: Courses = []
    equivalents: Courses = []


class ChangeCourse(Command, frozen=True, kw_only=True):
    """Change a course; sections that exist keep their snapshot. The two lists replace what was there."""

    id: Id
    code: Code | msgspec.UnsetType = msgspec.UNSET
    title: Name | msgspec.UnsetType = msgspec.UNSET
    credits: Credits | msgspec.UnsetType = msgspec.UNSET
    department_id: Id | msgspec.UnsetType = msgspec.UNSET
    marks_total: MarksTotal | msgspec.UnsetType | None = msgspec.UNSET
    credits_theory: Credits | msgspec.UnsetType | None = msgspec.UNSET
    credits_practical: Credits | msgspec.UnsetType | None = msgspec.UNSET
    grading: Grading | msgspec.UnsetType = msgspec.UNSET
    counts_in_gpa: bool | msgspec.UnsetType = msgspec.UNSET
    prerequisites: Courses | msgspec.UnsetType = msgspec.UNSET
    equivalents: Courses | msgspec.UnsetType = msgspec.UNSET


class DeleteCourse(Command, frozen=True, kw_only=True):
    """Delete a course that was never taught."""

    id: Id


class DepartmentView(View, kw_only=True):
    """A department; `head` is who holds that role in it today."""

    id: int
    code: str
    name: str
    faculty_name: str | None
    head: Person | None


class ProgramView(View, kw_only=True):
    """A program."""

    id: int
    code: str
    name: str
    department_id: int
    level: str
    credits_required: Decimal
    semesters: int


class CourseView(View, kw_only=True):
    """A course; two lists hold course ids, two the same courses' codes in the same order."""

    id: int
    code: str
    title: str
    credits: Decimal
    marks_total: Decimal | None
    credits_theory: Decimal | None
    credits_practical: Decimal | None
    grading: str
    counts_in_gpa: bool
    department_id: int
    prerequisites: list[int]
    equivalents: list[int]
    prerequisite_codes: list[str]
    equivalent_codes: list[str]


# -- Curricula -------------------------------------------------------------------------------------

CurriculumKind = Literal["core", "elective"]


class CurriculumCourseTaken(Refusal):
    code = "curricula.course_taken"
    title = "The course stands in this curriculum already"


class CreateCurriculumCourse(Command, frozen=True, kw_only=True):
    """Put a course into a semester of a program's curriculum. `intake_from` is the first intake that
    follows this curriculum; later ones do too, until a newer one begins."""

    program_id: Id
    intake_from: Intake
    semester: Semesters
    course_id: Id
    kind: CurriculumKind = "core"


class ChangeCurriculumCourse(Command, frozen=True, kw_only=True):
    """Move a course to another semester, or make it core or elective."""

    id: Id
    semester: Semesters | msgspec.UnsetType = msgspec.UNSET
    kind: CurriculumKind | msgspec.UnsetType = msgspec.UNSET


class DeleteCurriculumCourse(Command, frozen=True, kw_only=True):
    """Take a course out of a curriculum. Who was enrolled stays enrolled."""

    id: Id


class CurriculumCourseView(View, kw_only=True):
    """A course of a curriculum, by program, intake and semester."""

    id: int
    program_id: int
    intake_from: str
    semester: int
    course_id: int
    course_code: str
    course_title: str
    credits: Decimal
    kind: str
