"""The columns of a file of each kind. Pure.

They are named by natural keys (`reg_no`, `course_code`, `term`, `section`, `assessment`), never by the
record's ids: the offices' spreadsheets know no id, and a file written for one server means the same on
another.
"""

from __future__ import annotations

from dataclasses import dataclass

from sims_server.imports.rules.cells import (
    Read,
    clock,
    day,
    decimal,
    lowered,
    matching,
    one_of,
    seated,
    text,
    truth,
    whole,
    words,
)
from sims_shared.values import ADDRESS


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file: how its cells are read and the SQL type they have afterwards."""

    name: str
    read: Read
    sql: str = "text"
    required: bool = False
    means: str = ""  # for the operator's help


CODE = matching(r"\S(.{0,38}\S)?", "a code of at most 40 characters")
REG_NO = matching(r"[!-~]([ -~]{0,38}[!-~])?", "a registration number (at most 40 ASCII characters)")
USERNAME = lowered(matching(r"[a-z0-9][a-z0-9._@-]{0,79}", "a user name (letters, digits and . _ @ -)"))
# Commas and colons stand between rooms where a paper names them.
ROOM = matching(r"[^,:;\s]([^,:;\n]{0,198}[^,:;\s])?", "a room's name, which has no comma and no colon")
CREDITS = decimal(2, "0", "999.99")
MARKS = decimal(2, "0.01", "99999.99")

_COURSE = Column("course_code", CODE, required=True)
_TERM = Column("term", text(), required=True)
_SECTION = Column("section", CODE, required=True)
_STUDENT = Column("reg_no", REG_NO, required=True)

COLUMNS: dict[str, tuple[Column, ...]] = {
    "departments": (
        Column("code", CODE, required=True),
        Column("name", text(), required=True),
        Column("faculty_name", text()),
    ),
    "programs": (
        Column("code", CODE, required=True),
        Column("name", text(), required=True),
        Column("department_code", CODE, required=True),
        Column("level", CODE),
        Column("credits_required", decimal(2, "0", "9999.99"), "numeric"),
        Column("semesters", whole(1, 20), "integer"),
    ),
    "courses": (
        Column("code", CODE, required=True),
        Column("title", text(), required=True),
        Column("credits", CREDITS, "numeric", required=True),
        Column("department_code", CODE, required=True),
        Column("marks_total", MARKS, "numeric"),
        Column("credits_theory", CREDITS, "numeric"),
        Column("credits_practical", CREDITS, "numeric"),
        Column("grading", one_of("letter", "pass_fail", "non_credit", "audit")),
        Column("counts_in_gpa", truth, "boolean"),
        Column("prerequisites", words, means="course codes"),
    ),
    "terms": (
        Column("name", text(), required=True),
        Column("start_date", day, "date", required=True),
        Column("end_date", day, "date", required=True),
        Column("kind", one_of("fall", "spring", "summer", "annual", "supplementary")),
        Column("academic_year", text(20)),
        *(
            Column(name, day, "date")
            for name in ("enroll_until", "drop_until", "withdraw_until", "marks_due", "recheck_until")
        ),
        Column("status", one_of("open", "closed")),
    ),
    "accounts": (
        Column("username", USERNAME, required=True),
        Column("name", text(), required=True),
        Column("email", matching(ADDRESS, "an e-mail address")),
        Column("roles", words, means="role names; department:role where a role belongs to one, e.g. CS:head"),
        Column(
            "password",
            text(1000),
            means="for new accounts only; without one the account is disabled until it has one",
        ),
        Column("disabled", truth, "boolean"),
        Column("reg_no", REG_NO, means="of the student whose account it is"),
    ),
    "sections": (
        _COURSE,
        _TERM,
        _SECTION,
        Column("capacity", whole(0, 100_000), "integer", required=True),
        Column("faculty", words, means="user names; the first leads"),
        Column("status", one_of("active", "cancelled")),
    ),
    "students": (
        _STUDENT,
        Column("name", text(), required=True, means="as per certificate"),
        Column("program_code", CODE, required=True),
        Column("admitted_on", day, "date", required=True),
        Column("intake", matching(r"[0-9]{4}[SF]", "an intake like 2026F")),
        Column("name_native", text()),
        Column("father_name", text()),
        Column("national_id", text(40)),
        Column("date_of_birth", day, "date"),
        Column("email", matching(ADDRESS, "an e-mail address")),
        Column("phone", text(40)),
        Column("address", text(1000)),
        Column("roll_no", text(40)),
        Column("batch", text(40)),
    ),
    "enrollments": (
        _STUDENT,
        _COURSE,
        _TERM,
        _SECTION,
        Column("kind", one_of("regular", "repeat", "improvement", "audit", "supplementary")),
        Column(
            "status",
            one_of("enrolled", "dropped", "withdrawn", "barred", "completed"),
            means="completed only where it is: a published result completes an enrollment",
        ),
        Column("enrolled_on", day, "date"),
        Column("ended_on", day, "date", means="when dropped, withdrawn or barred"),
    ),
    "assessments": (
        _COURSE,
        _TERM,
        _SECTION,
        Column("assessment", text(), required=True, means="its name, once in a section"),
        Column(
            "type",
            one_of("midterm", "final", "quiz", "assignment", "project", "lab", "viva", "practical"),
            required=True,
        ),
        Column("weight", decimal(2, "0", "100"), "numeric", required=True),
        Column("max_score", MARKS, "numeric", required=True),
        Column("head", one_of("theory", "practical", "internal")),
        Column("must_sit", truth, "boolean"),
        Column("step", decimal(2, "0.01", "100"), "numeric"),
        Column("due_date", day, "date"),
        Column("entered_by", one_of("faculty", "exam_cell")),
    ),
    "scores": (
        _STUDENT,
        _COURSE,
        _TERM,
        _SECTION,
        Column("assessment", text(), required=True),
        Column("score", decimal(2, "0", "99999.99"), "numeric"),
        Column(
            "mark",
            one_of("scored", "absent", "excused", "ufm", "pending"),
            means="scored when there is a score; blank with no score",
        ),
    ),
    "attendance": (
        _STUDENT,
        _COURSE,
        _TERM,
        _SECTION,
        Column("date", day, "date", required=True),
        Column("slot", whole(1, 20), "integer", means="the class of the day; 1 when blank"),
        Column("status", one_of("present", "absent", "late", "leave"), required=True),
        Column("reason", text()),
    ),
    "holds": (
        _STUDENT,
        Column("kind", CODE, means="fee when blank"),
        Column("amount", decimal(2, "0.01", "999999999.99"), "numeric"),
        Column("reason", text(2000)),
        Column("contact", text()),
        Column(
            "complete",
            truth,
            "boolean",
            means="yes on any row: the file lists every fee hold, and those it does not list are lifted",
        ),
    ),
    "results_history": (
        _STUDENT,
        _TERM,
        Column("course_code", CODE, means="blank on a row that only carries the averages of a term"),
        Column("course_title", text(), means="as printed; the course's own when blank"),
        Column("credits", CREDITS, "numeric"),
        Column("grade", text(20)),
        Column("grade_points", decimal(2, "0", "99.99"), "numeric"),
        Column("total", decimal(6, "0", "99999.99"), "numeric"),
        Column(
            "outcome",
            one_of("pass", "fail", "incomplete", "withdrawn", "barred", "absent", "exempt", "audit", "void"),
        ),
        Column("attempt", whole(1, 99), "integer"),
        Column("sgpa", decimal(6, "0", "100"), "numeric", means="of the term, as recorded"),
        Column("cgpa", decimal(6, "0", "100"), "numeric", means="up to the term, as recorded"),
    ),
    "exam_rooms": (
        Column("name", ROOM, required=True),
        Column("seats", whole(1, 100_000), "integer", means="blank where nobody counts"),
    ),
    "exam_papers": (
        _COURSE,
        _TERM,
        Column("section", CODE, means="blank where the course has one section in the term"),
        Column("part", text(40), means="theory, practical; blank where the section writes one paper"),
        Column("date", day, "date", required=True),
        Column("starts_at", clock, required=True, means="as 09:00 or 2:00 pm"),
        Column("ends_at", clock, means="three hours later when blank"),
        Column("rooms", seated, means="in the order they are filled: Hall A: 60, Room 7"),
    ),
}
