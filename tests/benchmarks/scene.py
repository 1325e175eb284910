"""What the benchmarks run on: a real server process over a durable PostgreSQL of its own, and rows enough
that a careless query shows: 100,000 students, a section of 500, a race for 100 seats.

Rows are written in SQL (by the owner, triggers and all); everything measured goes over HTTP.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from sims_server.access.operations import open_session
from sims_server.kernel.cluster import Cluster
from sims_server.kernel.database import Connection, Database
from sims_server.kernel.execute import execute_as_system
from sims_server.kernel.secrets import read_or_make_secret
from sims_shared.regulations import default_policy
from tests.support.brought import bring
from tests.support.university import University

STUDENTS = 100_000
FIRST = [
    "Aisha",
    "Ali",
    "Fatima",
    "Omar",
    "Hassan",
    "Zainab",
    "Bilal",
    "Maria",
    "John",
    "Mary",
    "Wei",
    "Li",
    "Ana",
    "José",
    "Łukasz",
    "Zoë",
    "Priya",
    "Ravi",
    "Kofi",
    "Ama",
    "Chidi",
    "Ngozi",
    "Yuki",
    "Haruto",
    "Olga",
    "Ivan",
    "Sara",
    "Noor",
    "Imran",
    "Hina",
]
LAST = [
    "Khan",
    "Ahmed",
    "Malik",
    "Sheikh",
    "Siddiqui",
    "Smith",
    "Johnson",
    "Brown",
    "García",
    "Martínez",
    "Nowak",
    "Kowalski",
    "Zhang",
    "Wang",
    "Chen",
    "Liu",
    "Patel",
    "Sharma",
    "Mensah",
    "Owusu",
    "Okafor",
    "Eze",
    "Tanaka",
    "Sato",
    "Ivanov",
    "Petrov",
    "Haddad",
    "Qureshi",
    "Butt",
    "Raza",
]
NATIVE = ["زینب", "علی", "محمد", "حسن", "فاطمہ", "صدیقہ", "خان", "احمد"]
MIDDLE = ["K.", "A.", "M.", "J.", "R.", "S.", "T.", "H.", "B.", "N."]


@dataclass
class Scene:
    """A running server with its rows. `ids` names what a benchmark needs."""

    url: str
    data: Path
    database: Database
    cluster: Cluster
    university: University
    ids: dict[str, Any] = field(default_factory=dict)

    def token(self, username: str) -> str:
        """A new session's access token."""

        def open_for(work: Any, name: str) -> str:
            return open_session(
                work, work.value("SELECT id FROM account WHERE username = %(name)s", name=name), "bench"
            ).access

        return execute_as_system(self.database, open_for, username, action="bench.session", data=self.data)


def start(module: str, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    """A process that says `listening on URL`, and that URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith("listening on "):
        raise RuntimeError(f"{module} did not start: {line!r}")
    return process, line.removeprefix("listening on ").strip()


def stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(30)


@contextmanager
def scene(say: Any) -> Iterator[Scene]:
    """Start, fill, and take down."""
    with tempfile.TemporaryDirectory(prefix="sims-bench-") as folder:
        data = Path(folder)
        process, url = start("sims_server", "serve", "--port", "0", "--data", folder)
        try:
            cluster = Cluster.running(data)
            assert cluster is not None
            database = Database(cluster.url("sims_app"), read_or_make_secret(data), pool_size=4)
            made = Scene(url, data, database, cluster, University(database))
            started = time.perf_counter()
            _fill(made)
            say(f"{STUDENTS:,} students and their university made in {time.perf_counter() - started:.0f} s")
            yield made
            database.close()
        finally:
            stop(process)


def _fill(made: Scene) -> None:
    university = made.university
    university.setting("security.require_otp", False)
    department = university.department("CS")
    programs = [university.program(department, f"P{n:02}") for n in range(1, 21)]
    regulation = university.regulation(default_policy(), "BENCH")
    university.account("registrar", "registrar")
    university.account("examcell", "exam_cell")
    university.account("head", ("head", department))
    faculty = university.account("faculty", "faculty")
    term = university.term("Bench term")
    with psycopg.connect(made.cluster.url("sims_owner"), autocommit=True) as owner:
        owner.execute("SET statement_timeout = 0")
        owner.execute(
            """INSERT INTO student (name, name_native, email, phone)
               SELECT (%(first)s::text[])[1 + (n * 7919) %% %(f)s] || ' ' || (%(middle)s::text[])[1 + (n *
                 104729) %% 10] || ' ' || (%(last)s::text[])[1 + (n * 1299709) %% %(l)s],
                      (%(native)s::text[])[1 + n %% 7] || ' ' || (%(native)s::text[])[1 + n * 31 %% 8],
                      's' || n || '@example.edu', '0300' || lpad(n::text, 7, '0') FROM
                        generate_series(1, %(count)s::bigint) n""",
            {
                "first": FIRST,
                "f": len(FIRST),
                "middle": MIDDLE,
                "last": LAST,
                "l": len(LAST),
                "count": STUDENTS,
                "native": NATIVE,
            },
        )
        owner.execute(
            """INSERT INTO registration (student_id, program_id, regulation_id, reg_no, intake, admitted_on,
              status)
               SELECT id, (%(programs)s::bigint[])[1 + id %% 20], %(regulation)s, (2015 + id %% 11) || '-CS-'
                 || lpad(id::text, 6, '0'), '2024F', '2024-09-01',
                      (ARRAY['active','active','active','active','active','active','active',
                             'graduated','graduated','withdrawn'])[1 + id %% 10] FROM student""",
            {"programs": programs, "regulation": regulation},
        )
        owner.execute(
            "UPDATE registration SET status = 'active' WHERE status <> 'active' AND student_id <= 20000"
        )
    ids = made.ids
    ids["program"] = programs[4]
    ids["term"] = term
    # Ten of each, as the peer has: people enroll into many sections at a time, not into one.
    ids["enroll"] = [
        university.section(university.course(department, f"CS-2{n:02}"), term, "A", 100_000, [faculty])
        for n in range(10)
    ]
    ids["floor"] = [
        university.section(university.course(department, f"CS-6{n:02}"), term, "A", 100_000, [faculty])
        for n in range(10)
    ]
    ids["races"] = [
        university.section(university.course(department, f"CS-3{n:02}"), term, "A", 100, [faculty])
        for n in range(5)
    ]
    ids["cells"] = university.section(university.course(department, "CS-400"), term, "A", 600, [faculty])
    ids["assessments"] = [university.assessment(ids["cells"], f"A{n}", "quiz", "12.5", 100) for n in range(8)]
    ids["publish"] = [
        university.section(university.course(department, f"CS-5{n:02}"), term, "A", 600, [faculty])
        for n in range(3)
    ]
    ids["publish_bare"] = [
        university.section(university.course(department, f"CS-7{n:02}"), term, "A", 600, [faculty])
        for n in range(3)
    ]
    with psycopg.connect(made.cluster.url("sims_owner"), autocommit=True) as owner:
        graded = ids["publish"] + ids["publish_bare"]
        for section, low in [(ids["cells"], 5000), *((s, 5500) for s in graded)]:
            owner.execute(
                "INSERT INTO enrollment (student_id, registration_id, section_id, term_id, course_id) "
                "SELECT r.student_id, r.id, s.id, s.term_id, s.course_id FROM registration r, section s "
                "WHERE s.id = %s AND r.student_id > %s AND r.student_id <= %s",
                [section, low, low + 500],
            )
        for section in graded:
            final = university.assessment(section, "Final", "final", 100, 100)
            owner.execute(
                "INSERT INTO assessment_score (section_id, enrollment_id, assessment_id, max_score, "
                "mark, score) "
                "SELECT section_id, id, %s, 100, 'scored', 40 + id %% 60 FROM enrollment WHERE "
                "section_id = %s",
                [final, section],
            )
    # A student with a printed record of 50 courses, for the transcript.
    ids["transcript"] = _long_record(made, department, regulation, programs[0])
    with psycopg.connect(made.cluster.superuser_url("sims"), autocommit=True) as superuser:
        superuser.execute("VACUUM ANALYZE")


def _long_record(made: Scene, department: int, regulation: int, program: int) -> int:
    """50 published results over 8 terms, brought as legacy rows."""
    university = made.university
    student = university.student("Zainab Long-Record", name_native="زینب")
    registration = university.registration(student, program, regulation, "2016-CS-999999", intake="2016F")
    registrar = university.ids["registrar"]
    rows = []
    for n in range(50):
        course = university.course(department, f"LR-{n:03}")
        term = university.row(
            "INSERT INTO term (name, kind, start_date, end_date, status) VALUES (%(name)s, 'fall', "
            "make_date(2016 + %(n)s, 9, 1), make_date(2017 + %(n)s, 1, 31), 'closed') "
            "ON CONFLICT (name) DO UPDATE SET kind = EXCLUDED.kind RETURNING id",
            name=f"Old term {n // 7}",
            n=n // 7,
        )
        rows.append({"t": term, "c": course})

    def insert(connection: Connection, batch: int) -> None:
        for row in rows:
            connection.run(
                "INSERT INTO result (registration_id, student_id, term_id, course_id, total, grade, "
                "grade_points, credits, outcome, source, import_id, regulation_id, state, published_at, "
                "published_by) VALUES (%(r)s, %(s)s, %(t)s, %(c)s, 72, 'B', 3.00, 3, 'pass', 'legacy', "
                "%(batch)s, %(g)s, 'published', now(), %(by)s)",
                r=registration, s=student, g=regulation, by=registrar, batch=batch, **row,
            )  # fmt: skip

    bring(university, registrar, university.ids["examcell"], insert)
    return student
