"""Departments, programs, courses; who works at the demo university and who studies there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from sims_server.demo.catalog import DEPARTMENTS
from sims_server.demo.names import Names
from sims_server.kernel.actor import TELL_SYSTEM, caller_of_account
from sims_server.kernel.secrets import hash_password
from sims_server.kernel.work import Work

PASSWORD = "sims-demo-2026"
HOME = "CS"  # where faculty, faculty2 and head belong
STUDENTS = 3000
COHORTS = 4
TEACHERS_EACH = 6

# Username, name, role. The contract's, and one for each role besides; a dean has every department.
_OFFICERS = (
    ("admin", "Asif Javed", "admin"),
    ("registrar", "Dr. Nasreen Akhtar", "registrar"),
    ("examcell", "Tariq Mahmood", "exam_cell"),
    ("dean", "Prof. Dr. Salma Qureshi", "dean"),
    ("head", "Prof. Dr. Imran Siddiqui", "head"),
    ("faculty", "Dr. Ayesha Malik", "faculty"),
    ("faculty2", "Bilal Chaudhry", "faculty"),
    ("counter", "Rukhsana Bibi", "counter"),
    ("office", "Shazia Parveen", "office"),
    ("accounts", "Nadeem Aslam", "accounts"),
    ("auditor", "Farhat Jabeen", "auditor"),
)


@dataclass(slots=True)
class Staff:
    """Account ids: the officers by user name, the teachers and the heads by department code."""

    officers: dict[str, int] = field(default_factory=dict)
    teachers: dict[str, list[int]] = field(default_factory=dict)
    heads: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Term:
    """A term as the demo needs it. `season` is S or F, `year` the year of its name."""

    id: int
    name: str
    start: date
    season: str
    year: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """The two terms; a cohort came at the start of the open one and of the same season before it."""

    earlier: Term
    open: Term


def acting_as(work: Work, account_id: int, action: str) -> Work:
    """The same transaction, from here on in the name of an account."""
    caller = caller_of_account(work.connection, account_id, work.today)
    work.run(
        TELL_SYSTEM,
        actor=str(account_id),
        name=caller.name,
        action=action,
        method="",
        path="",
        request_id=work.request_id,
    )
    return Work(work.connection, work.database, caller, work.now, work.request_id, work.data, action)


def act_as_system(work: Work) -> None:
    """Back to the system's own name."""
    work.run(
        TELL_SYSTEM,
        actor="",
        name="system",
        action=work.action,
        method="",
        path="",
        request_id=work.request_id,
    )


def make_catalog(work: Work) -> None:
    """Departments, programs, courses, prerequisites."""
    work.run(
        (
            "INSERT INTO department (code, name, faculty_name) SELECT * FROM "
            "unnest(%(codes)s::text[], %(names)s::text[], %(faculties)s::text[])"
        ),
        codes=[d.code for d in DEPARTMENTS],
        names=[d.name for d in DEPARTMENTS],
        faculties=[d.faculty for d in DEPARTMENTS],
    )
    programs = [(d.code, *program) for d in DEPARTMENTS for program in d.programs]
    work.run(
        "INSERT INTO program (code, name, department_id, level, credits_required, semesters) "
        "SELECT p.code, p.name, d.id, p.level, p.credits, CASE p.level WHEN 'UG' THEN 8 WHEN 'MS' "
        "THEN 4 ELSE 6 END "
        "FROM unnest(%(departments)s::text[], %(codes)s::text[], %(names)s::text[], "
        "%(levels)s::text[], %(credits)s::integer[]) WITH ORDINALITY "
        "p (department, code, name, level, credits, place) JOIN department d ON d.code = "
        "p.department ORDER BY place",
        departments=[p[0] for p in programs],
        codes=[p[1] for p in programs],
        names=[p[2] for p in programs],
        levels=[p[3] for p in programs],
        credits=[p[4] for p in programs],
    )
    courses = [(d.code, *course) for d in DEPARTMENTS for course in d.course_rows()]
    work.run(
        "INSERT INTO course (code, title, credits, department_id) SELECT c.code, c.title, c.credits, d.id "
        "FROM unnest(%(departments)s::text[], %(codes)s::text[], %(titles)s::text[], "
        "%(credits)s::integer[]) WITH ORDINALITY "
        "c (department, code, title, credits, place) JOIN department d ON d.code = c.department "
        "ORDER BY place",
        departments=[c[0] for c in courses],
        codes=[c[1] for c in courses],
        titles=[c[2] for c in courses],
        credits=[c[3] for c in courses],
    )
    # The first course of a year builds on the fourth of the year before.
    work.run(
        "INSERT INTO course_prerequisite (course_id, prerequisite_id) SELECT c.id, p.id FROM "
        "course c JOIN course p "
        "ON c.code ~ '-[234]01$' AND p.code = split_part(c.code, '-', 1) || '-' || "
        "substr(split_part(c.code, '-', 2), 1, 1)::integer - 1 || '04'"
    )


def make_staff(work: Work, random: Random) -> Staff:
    """Accounts with the demo's password for the officers; teachers of other sections do not sign in."""
    staff = Staff()
    names = Names(random)
    hashed = hash_password(PASSWORD)

    def account(username: str, name: str, password_hash: str, grants: list[tuple[str, str | None]]) -> int:
        made: int = work.value(
            (
                "INSERT INTO account (username, name, email, password_hash) VALUES (%(username)s, "
                "%(name)s, %(username)s || '@exampleabad.edu.example', %(hash)s) RETURNING id"
            ),
            username=username,
            name=name,
            hash=password_hash,
        )
        work.run(
            "INSERT INTO account_role (account_id, role_id, department_id) SELECT %(account)s, r.id, d.id "
            "FROM unnest(%(roles)s::text[], %(departments)s::text[]) g (role, department) JOIN "
            "role r ON r.name = g.role LEFT JOIN department d ON d.code = g.department",
            account=made,
            roles=[role for role, _ in grants],
            departments=[department for _, department in grants],
        )
        return made

    for username, name, role in _OFFICERS:
        departments: list[str | None] = [None]
        if role == "dean":
            departments = [d.code for d in DEPARTMENTS]
        elif role in ("head", "office"):
            departments = [HOME]
        staff.officers[username] = account(
            username, name, hashed, [(role, department) for department in departments]
        )
    for department in DEPARTMENTS:
        code = department.code.lower()
        if department.code == HOME:
            staff.heads[department.code] = staff.officers["head"]
        else:
            staff.heads[department.code] = account(
                f"head.{code}", f"Prof. Dr. {names.person()[0]}", "!", [("head", department.code)]
            )
        staff.teachers[department.code] = [
            account(
                f"{code}.teacher{number}",
                f"Dr. {names.person()[0]}" if number % 2 else names.person()[0],
                "!",
                [("faculty", None)],
            )
            for number in range(1, TEACHERS_EACH + 1)
        ]
    return staff


def make_students(work: Work, random: Random, calendar: Calendar) -> None:
    """3,000 students in four cohorts, each registered in a program; one of them may sign in."""
    names = Names(random)
    rows: list[dict[str, Any]] = []
    each = STUDENTS // (len(DEPARTMENTS) * COHORTS)
    for years_ago in reversed(range(COHORTS)):
        year = calendar.open.year - years_ago
        admitted = calendar.open.start - timedelta(days=365 * years_ago)
        for department in DEPARTMENTS:
            codes, shares = [p[0] for p in department.programs], [p[4] for p in department.programs]
            placed = dict.fromkeys(codes, 0)
            for code in sorted(random.choices(codes, shares, k=each)):
                placed[code] += 1
                name, native, father = names.person()
                number = len(rows) + 1
                rows.append(
                    {
                        "name": name,
                        "native": native,
                        "father": father,
                        "program": code,
                        "reg_no": f"{year}-{code}-{placed[code]:04d}",
                        "intake": f"{year}{calendar.open.season}",
                        "admitted": admitted,
                        "phone": f"0300-555{number:04d}",
                        # No identity card begins with 00000.
                        "national": f"00000-{number:07d}-{number % 10}",
                        "born": date(year - 19, 1, 1) + timedelta(days=random.randrange(700)),
                        "email": f"{year}{code.lower()}{placed[code]:04d}@student.exampleabad.edu.example",
                        "roll": str(placed[code]),
                    }
                )
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    work.run(
        """
        WITH given AS (
               SELECT * FROM unnest(%(name)s::text[], %(native)s::text[], %(father)s::text[],
               %(program)s::text[], %(reg_no)s::text[], %(intake)s::text[],
                 %(admitted)s::date[], %(phone)s::text[], %(national)s::text[], %(born)s::date[],
                 %(email)s::text[], %(roll)s::text[]) WITH ORDINALITY
                 g (name, native, father, program, reg_no, intake, admitted, phone, national, born, email,
                 roll, place)),
             made AS (
               INSERT INTO student (name, name_native, father_name, national_id, date_of_birth, email, phone,
               address)
               SELECT name, native, father, national, born, email, phone, 'Exampleabad' FROM given ORDER BY
               place RETURNING id)
        INSERT INTO registration (student_id, program_id, regulation_id, reg_no, roll_no, intake, batch,
        admitted_on)
        SELECT m.id, p.id, (SELECT id FROM regulation WHERE status = 'in_force' ORDER BY id LIMIT 1),
        g.reg_no, g.roll, g.intake, left(g.intake, 4), g.admitted
          FROM given g JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM made) m USING (place)
          JOIN program p ON p.code = g.program
         ORDER BY place""",
        **columns,
    )


def give_student_an_account(work: Work, student_id: int) -> None:
    """`student` signs in as this one."""
    work.run(
        "WITH made AS (INSERT INTO account (username, name, email, password_hash, student_id) "
        "SELECT 'student', name, email, (account_credentials('counter')).password_hash, id FROM student "
        "WHERE id = %(id)s RETURNING id) "
        "INSERT INTO account_role (account_id, role_id) SELECT made.id, role.id FROM made, role "
        "WHERE role.name = 'student'",
        id=student_id,
    )
