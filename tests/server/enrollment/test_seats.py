"""Seats and weights hold against everybody at once, over HTTP and by direct SQL at every isolation level."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest
from psycopg import IsolationLevel

from tests.support.api import Api
from tests.support.database import TestDatabase
from tests.support.server import Serve
from tests.support.university import University

PEOPLE = 48
SEATS = 10
LEVELS = [IsolationLevel.READ_COMMITTED, IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE]


def a_crowd(university: University) -> tuple[int, list[int], list[int]]:
    """A section of ten seats, and those who want one: (section, students, registrations)."""
    scene = university.stand(students=1)
    section = university.section(university.course(scene["department"]), scene["term"], capacity=SEATS)
    students = [university.student() for _ in range(PEOPLE)]
    registrations = [university.registration(s, scene["program"], scene["regulation"]) for s in students]
    return section, students, registrations


def seats(university: University, section: int) -> tuple[int, int]:
    row = university.rows(
        "SELECT s.seats_taken, count(e.id) AS rows FROM section s "
        "LEFT JOIN enrollment e ON e.section_id = s.id AND e.status <> 'dropped' "
        "WHERE s.id = %(id)s GROUP BY s.id",
        id=section,
    )[0]
    return row["seats_taken"], row["rows"]


def at_once(count: int, one: Callable[[int], str]) -> list[str]:
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def test_48_people_race_for_10_seats_and_exactly_10_sit(
    api: Api, university: University, serve: Serve
) -> None:
    section, students, _ = a_crowd(university)
    server = serve()
    callers = [server.as_("registrar") for _ in range(PEOPLE)]
    start = Barrier(PEOPLE)

    def ask(index: int) -> str:
        start.wait()
        answer = callers[index].post(f"/api/sections/{section}/enroll/", {"student_id": students[index]})
        return answer.code or str(answer.status)

    answers = at_once(PEOPLE, ask)
    for caller in callers:
        caller.close()
    assert answers.count("201") == SEATS
    assert answers.count("enrollment.section_full") == PEOPLE - SEATS
    assert seats(university, section) == (SEATS, SEATS)


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name.lower())
def test_never_more_than_the_capacity_by_direct_sql(
    university: University, database_url: TestDatabase, level: IsolationLevel
) -> None:
    section, _, registrations = a_crowd(university)
    start = Barrier(PEOPLE)

    def sit(index: int) -> str:
        with psycopg.connect(database_url.app_url) as connection:
            connection.isolation_level = level
            # Everybody looks first, so that each has a snapshot in which seats are free.
            connection.execute("SELECT seats_taken, capacity FROM section WHERE id = %s", [section])
            start.wait()
            try:
                connection.execute(
                    "INSERT INTO enrollment (student_id, registration_id, section_id, term_id, course_id) "
                    "SELECT r.student_id, r.id, s.id, s.term_id, s.course_id FROM registration r, section s "
                    "WHERE r.id = %s AND s.id = %s",
                    [registrations[index], section],
                )
                connection.commit()
            except psycopg.Error as error:
                return type(error).__name__
        return "seated"

    answers = at_once(PEOPLE, sit)
    taken, rows = seats(university, section)
    assert taken == rows == answers.count("seated")
    assert 1 <= taken <= SEATS
    if level is IsolationLevel.READ_COMMITTED:
        assert taken == SEATS


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name.lower())
def test_weights_cannot_pass_100_by_direct_sql(
    university: University, database_url: TestDatabase, level: IsolationLevel
) -> None:
    scene = university.stand(students=1)
    university.run("DELETE FROM assessment")
    writers = 8
    start = Barrier(writers)

    def weigh(index: int) -> str:
        with psycopg.connect(database_url.app_url) as connection:
            connection.isolation_level = level
            connection.execute("SELECT coalesce(sum(weight), 0) FROM assessment")
            start.wait()
            try:
                connection.execute(
                    "INSERT INTO assessment (section_id, name, type, weight, max_score) "
                    "VALUES (%s, %s, 'quiz', 30, 10)",
                    [scene["section"], f"Quiz {index}"],
                )
                connection.commit()
            except psycopg.Error as error:
                return type(error).__name__
        return "added"

    answers = at_once(writers, weigh)
    total = university.row("SELECT sum(weight) FROM assessment")
    assert total == 30 * answers.count("added")
    assert 30 <= total <= 100
    assert university.row("SELECT weights_total FROM section") == total


def test_weights_cannot_pass_100_over_http_at_once(university: University, serve: Serve) -> None:
    scene = university.stand(students=1)
    university.run("DELETE FROM assessment")
    server = serve()
    writers = 8
    callers = [server.as_("faculty") for _ in range(writers)]
    start = Barrier(writers)

    def weigh(index: int) -> str:
        start.wait()
        body = {
            "section_id": scene["section"],
            "name": f"Q{index}",
            "type": "quiz",
            "weight": "30",
            "max_score": "10",
        }
        answer = callers[index].post("/api/assessments/", body)
        return answer.code or str(answer.status)

    answers = at_once(writers, weigh)
    for caller in callers:
        caller.close()
    assert answers.count("201") == 3
    assert answers.count("assessments.weights_exceeded") == writers - 3


def test_the_counter_cannot_be_written_by_the_application(
    university: University, database_url: TestDatabase
) -> None:
    university.stand(students=1)
    with (
        psycopg.connect(database_url.app_url) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("UPDATE section SET seats_taken = 0")


def test_lowering_the_capacity_below_the_seats_fails_by_the_same_check(
    university: University, database_url: TestDatabase
) -> None:
    university.stand(students=3)
    with (
        psycopg.connect(database_url.app_url) as connection,
        pytest.raises(psycopg.errors.CheckViolation) as refused,
    ):
        connection.execute("UPDATE section SET capacity = 2")
    assert refused.value.diag.constraint_name == "ck_section_seats_within_capacity"
