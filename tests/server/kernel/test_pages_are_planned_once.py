"""What a page of a list costs the database beside its rows: a plan, unless one that is kept serves.

The rule a newcomer would get wrong: a number of rows that is a value is unknown to the planner, which then
plans for a tenth of the table, takes each plan made for the value for the better one, and makes it anew.
"""

from __future__ import annotations

import psycopg
import pytest

from sims_server.kernel import paging
from sims_server.kernel.paging import read_page
from sims_server.kernel.work import Work
from sims_server.people.queries import STUDENTS
from tests.support.api import Api
from tests.support.database import TestDatabase
from tests.support.university import University

QUERIES: tuple[dict[str, list[str]], ...] = (
    {},
    {"program_id": ["1"], "status": ["active"]},
    {"ordering": ["-name"], "page_size": ["200"]},
)


def test_a_page_asked_for_again_is_not_planned_again(
    api: Api, university: University, database_url: TestDatabase
) -> None:
    scene = university.stand(students=3)
    with psycopg.connect(database_url.owner_url, autocommit=True) as owner:
        # As many as it takes for a tenth of them to be more than a page.
        owner.execute("INSERT INTO student (name) SELECT 'Student ' || n FROM generate_series(1, 4000) n")
        owner.execute(
            "INSERT INTO registration (student_id, program_id, regulation_id, reg_no, intake, admitted_on) "
            "SELECT id, %(program)s, %(regulation)s, 'R-' || id, '2026F', '2026-09-01' FROM student "
            "WHERE id > %(last)s",
            {"program": scene["program"], "regulation": scene["regulation"], "last": scene["students"][-1]},
        )
        owner.execute("ANALYZE student, registration")

    def ask(work: Work, _: None) -> list[int]:
        for _turn in range(30):
            for query in QUERIES:
                read_page(work, STUDENTS, query, "/")
        plans = work.rows(
            "SELECT generic_plans FROM pg_prepared_statements WHERE statement LIKE 'SELECT s.id AS id%%'"
        )
        return [row["generic_plans"] for row in plans]

    kept = api.run(ask, None)
    assert len(kept) == len(QUERIES)
    assert min(kept) >= 15, kept


def test_a_list_keeps_no_more_statements_than_it_may(
    api: Api, university: University, monkeypatch: pytest.MonkeyPatch
) -> None:
    university.stand(students=1)
    monkeypatch.setattr(paging, "STATEMENTS_KEPT", 5)
    registrar = api.as_("registrar")
    for size in range(1, 20):
        answer = registrar.get(f"/api/students/?page_size={size}")
        assert (answer.status, len(answer.json["results"])) == (200, 1)
    assert len(STUDENTS.statements) <= 5


def test_who_sees_less_is_answered_by_another_statement(api: Api, university: University) -> None:
    """What of a scope is true or false stands in the statement: one person's must not serve another."""
    place = university.stand(students=2)
    id = place["students"][0]
    university.run("UPDATE student SET phone = '0300-1234567' WHERE id = %(id)s", id=id)

    def phone(who: str) -> str | None:
        rows = api.as_(who).get("/api/students/").json["results"]
        found: str | None = next(row["phone"] for row in rows if row["id"] == id)
        return found

    for _turn in range(2):
        assert [phone(who) for who in ("registrar", "faculty", "registrar", "student")] == [
            "0300-1234567",
            None,
            "0300-1234567",
            "0300-1234567",
        ]
