"""A small university, row by row in SQL, for tests of whatever stands on it.

Everything is made by methods with defaults, so that a test says only what matters to it. `stand()` makes
the usual scene: one department with its head, a program, a regulation, an open term, a course, a section
taught by `faculty` (lead) and `faculty2`, three assessments of weight 20/30/50, and some students.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from sims_server.kernel import clock
from sims_server.kernel.database import Connection, Database

PASSWORD = "sims-demo-2026"
# argon2id of PASSWORD, made once: hashing it for each account of each test would be most of the suite.
PASSWORD_HASH = (
    "$argon2id$v=19$m=47104,t=1,p=1$3W/jqTGWtSH73YUcxMQ4ow$CHRM6amlvLVm56us6xOgDwP/M0lD7LsG3FriiX4d+Cs"
)


@dataclass
class University:
    """Makes rows; every method answers the new row's id."""

    database: Database
    ids: dict[str, int] = field(default_factory=dict)
    _count: int = 0

    def _next(self) -> int:
        self._count += 1
        return self._count

    @contextmanager
    def _furnishing(self) -> Iterator[Connection]:
        with self.database.transaction() as connection:
            # What belongs to no request was written past the server, and is told as that.
            connection.run("SELECT set_config('sims.request_id', 'furnishing', true)")
            yield connection

    def row(self, sql: str, **values: Any) -> Any:
        """The first column of the first row of any statement, committed."""
        with self._furnishing() as connection:
            return connection.value(sql, **values)

    def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        with self._furnishing() as connection:
            return connection.rows(sql, **values)

    def run(self, sql: str, **values: Any) -> int:
        with self._furnishing() as connection:
            return connection.run(sql, **values)

    def insert(self, table: str, **values: Any) -> int:
        columns = ", ".join(values)
        places = ", ".join(f"%({name})s" for name in values)
        adapted = {k: Jsonb(v) if isinstance(v, dict) else v for k, v in values.items()}
        made: int = self.row(f"INSERT INTO {table} ({columns}) VALUES ({places}) RETURNING id", **adapted)
        return made

    def setting(self, key: str, value: Any) -> None:
        self.run(
            "INSERT INTO setting (key, value) VALUES (%(key)s, %(value)s) ON CONFLICT (key) DO UPDATE "
            "SET value = EXCLUDED.value",
            key=key,
            value=Jsonb(value),
        )
        self.database.forget_settings()

    def account(self, username: str, *roles: str | tuple[str, int], student_id: int | None = None) -> int:
        """An account holding roles: a name, or (name, department_id)."""
        account_id = self.insert(
            "account",
            username=username,
            name=username.title(),
            password_hash=PASSWORD_HASH,
            student_id=student_id,
        )
        for role in roles:
            name, department_id = role if isinstance(role, tuple) else (role, None)
            self.row(
                "INSERT INTO account_role (account_id, role_id, department_id) SELECT %(account)s, id, "
                "%(department)s FROM role WHERE name = %(name)s RETURNING id",
                account=account_id,
                department=department_id,
                name=name,
            )
        self.ids[username] = account_id
        return account_id

    def department(self, code: str | None = None) -> int:
        code = code or f"D{self._next()}"
        return self.insert("department", code=code, name=f"Department {code}")

    def program(self, department_id: int, code: str | None = None, **more: Any) -> int:
        code = code or f"P{self._next()}"
        return self.insert("program", code=code, name=f"Program {code}", department_id=department_id, **more)

    def course(self, department_id: int, code: str | None = None, credits: Any = 3, **more: Any) -> int:
        code = code or f"C-{self._next()}"
        return self.insert(
            "course", code=code, title=f"Course {code}", credits=credits, department_id=department_id, **more
        )

    def regulation(
        self,
        policy: dict[str, Any],
        code: str | None = None,
        version: int = 1,
        intake_from: str = "2000S",
        intake_to: str | None = None,
        programs: list[str] | None = None,
        level: str | None = None,
    ) -> int:
        """A regulation in force."""
        code = code or f"R-{self._next()}"
        return self.insert(
            "regulation",
            code=code,
            version=version,
            authority="Academic Council",
            intake_from=intake_from,
            intake_to=intake_to,
            programs=programs,
            level=level,
            policy=policy,
            status="in_force",
            in_force_at=clock.now(),
        )

    def term(self, name: str | None = None, **more: Any) -> int:
        """A term that is running: its dates lie around today."""
        today = clock.now().date()
        values: dict[str, Any] = {
            "name": name or f"Term {self._next()}",
            "kind": "fall",
            "academic_year": "2026-27",
            "start_date": today - timedelta(days=30),
            "end_date": today + timedelta(days=90),
            "enroll_until": today + timedelta(days=10),
            "drop_until": today + timedelta(days=20),
            "withdraw_until": today + timedelta(days=40),
            "marks_due": today + timedelta(days=80),
        }
        return self.insert("term", **{**values, **more})

    def section(
        self, course_id: int, term_id: int, code: str = "A", capacity: int = 50, staff: Sequence[int] = ()
    ) -> int:
        """A section; the first of `staff` is its lead."""
        section_id: int = self.row(
            """WITH o AS (INSERT INTO offering (course_id, term_id) VALUES (%(course)s, %(term)s)
                          ON CONFLICT (course_id, term_id) DO NOTHING RETURNING id),
                    p AS (SELECT id FROM o UNION ALL SELECT id FROM offering WHERE course_id = %(course)s AND
                    term_id = %(term)s LIMIT 1)
               INSERT INTO section (offering_id, course_id, term_id, code, capacity, course_code,
               course_title, credits, marks_total, grading, counts_in_gpa)
               SELECT p.id, c.id, %(term)s, %(code)s, %(capacity)s, c.code, c.title, c.credits,
                 c.marks_total, c.grading, c.counts_in_gpa
                 FROM course c, p WHERE c.id = %(course)s RETURNING id""",
            course=course_id,
            term=term_id,
            code=code,
            capacity=capacity,
        )
        for index, account_id in enumerate(staff):
            self.insert(
                "section_staff",
                section_id=section_id,
                account_id=account_id,
                role="lead" if index == 0 else "co",
            )
        return section_id

    def student(self, name: str | None = None, **more: Any) -> int:
        return self.insert("student", name=name or f"Student {self._next()}", **more)

    def registration(
        self,
        student_id: int,
        program_id: int,
        regulation_id: int,
        reg_no: str | None = None,
        intake: str = "2024F",
        is_current: bool = True,
        **more: Any,
    ) -> int:
        return self.insert(
            "registration",
            student_id=student_id,
            program_id=program_id,
            regulation_id=regulation_id,
            reg_no=reg_no or f"2024-{self._next():05d}",
            intake=intake,
            admitted_on=date(2024, 9, 1),
            is_current=is_current,
            **more,
        )

    def enrollment(self, registration_id: int, section_id: int, **more: Any) -> int:
        """An enrollment, straight into the table (the rules of enrolling are not asked)."""
        columns = "".join(f", {name}" for name in more)
        places = "".join(f", %({name})s" for name in more)
        made: int = self.row(
            f"INSERT INTO enrollment (student_id, registration_id, section_id, term_id, course_id{columns}) "
            f"SELECT r.student_id, r.id, s.id, s.term_id, s.course_id{places} FROM registration r, "
            f"section s WHERE r.id = %(r)s AND s.id = %(s)s RETURNING id",
            r=registration_id,
            s=section_id,
            **more,
        )
        return made

    def assessment(
        self,
        section_id: int,
        name: str = "Final",
        type: str = "final",
        weight: Any = 100,
        max_score: Any = 100,
        **more: Any,
    ) -> int:
        return self.insert(
            "assessment",
            section_id=section_id,
            name=name,
            type=type,
            weight=weight,
            max_score=max_score,
            **more,
        )

    def score(
        self, enrollment_id: int, assessment_id: int, score: Any = None, mark: str | None = "scored"
    ) -> int:
        made: int = self.row(
            "INSERT INTO assessment_score (section_id, enrollment_id, assessment_id, max_score, mark, score) "
            "SELECT a.section_id, %(e)s, a.id, a.max_score, %(mark)s, %(score)s FROM assessment a WHERE "
            "a.id = %(a)s "
            "ON CONFLICT (enrollment_id, assessment_id) DO UPDATE SET mark = EXCLUDED.mark, score = "
            "EXCLUDED.score RETURNING id",
            e=enrollment_id,
            a=assessment_id,
            mark=mark,
            score=score,
        )
        return made

    def stand(self, students: int = 3, policy: dict[str, Any] | None = None) -> dict[str, Any]:
        """The usual scene. Answers its ids: department, program, regulation, term, course, section,
        assessments [quiz 20, midterm 30, final 50], students, registrations, enrollments, and the
        accounts by name (also in `self.ids`)."""
        from sims_shared.regulations import default_policy

        self.setting("security.require_otp", False)
        department = self.department("CS")
        self.account("admin", "admin")
        self.account("registrar", "registrar")
        self.account("examcell", "exam_cell")
        self.account("dean", ("dean", department))
        self.account("head", ("head", department))
        lead = self.account("faculty", "faculty")
        second = self.account("faculty2", "faculty")
        self.account("stranger", "faculty")
        self.account("office", ("office", department))
        self.account("accounts", "accounts")
        self.account("counter", "counter")
        self.account("auditor", "auditor")
        program = self.program(department, "BSCS")
        regulation = self.regulation(policy or default_policy(), "BS-2021")
        term = self.term("Fall 2026")
        course = self.course(department, "CS-101")
        section = self.section(course, term, "A", max(50, students + 10), (lead, second))
        assessments = [
            self.assessment(section, "Quiz", "quiz", 20, 20),
            self.assessment(section, "Midterm", "midterm", 30, 50),
            self.assessment(section, "Final", "final", 50, 100, must_sit=True),
        ]
        people = [self.student(f"Student Number {n}") for n in range(1, students + 1)]
        registrations = [
            self.registration(person, program, regulation, f"2024-CS-{n:04d}")
            for n, person in enumerate(people, 1)
        ]
        enrollments = [self.enrollment(registration, section) for registration in registrations]
        self.account("student", "student", student_id=people[0])
        return {
            "department": department,
            "program": program,
            "regulation": regulation,
            "term": term,
            "course": course,
            "section": section,
            "assessments": assessments,
            "students": people,
            "registrations": registrations,
            "enrollments": enrollments,
            **self.ids,
        }
