"""A statement over hundreds of rows writes its audit entries as one row; whoever seals lays them out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sims_server.audit.operations.sealing import seal
from sims_server.audit.operations.verifying import verify
from sims_server.operations_room.operations.checking import broken_invariants
from tests.support.api import Api
from tests.support.database import TestDatabase, server_connection
from tests.support.university import University

WIDE = 300
COUNTED = "SELECT count(*) FROM {} WHERE entity = 'enrollment' AND action = 'test.wide'"
DROP = (
    "UPDATE enrollment SET status = 'dropped', ended_at = now(), end_reason = 'wide' "
    "WHERE section_id = %(section)s AND status = 'enrolled'"
)


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    scene = university.stand(students=1)
    university.run("UPDATE section SET capacity = 1000 WHERE id = %(id)s", id=scene["section"])
    university.run("INSERT INTO student (name) SELECT 'Wide ' || n FROM generate_series(2, %(n)s) n", n=WIDE)
    university.run(
        "INSERT INTO registration (student_id, program_id, regulation_id, reg_no, intake, admitted_on) "
        "SELECT id, %(program)s, %(regulation)s, 'W-' || id, '2024F', '2024-09-01' FROM student "
        "WHERE name LIKE 'Wide %%'",
        program=scene["program"],
        regulation=scene["regulation"],
    )
    university.run(
        "INSERT INTO enrollment (student_id, registration_id, section_id, term_id, course_id) "
        "SELECT r.student_id, r.id, s.id, s.term_id, s.course_id FROM registration r, section s "
        "WHERE r.reg_no LIKE 'W-%%' AND s.id = %(section)s",
        section=scene["section"],
    )
    return scene


@pytest.fixture
def drop_everybody(
    api: Api, scene: dict[str, Any], university: University, database_url: TestDatabase
) -> Callable[..., psycopg.Connection[Any]]:
    """Everything before is sealed; then one statement over all enrollments, by a person."""

    def drop(connection: psycopg.Connection[Any]) -> None:
        connection.execute(
            "SELECT set_config('sims.actor', %s, true), set_config('sims.actor_name', 'Registrar', true), "
            "set_config('sims.action', 'test.wide', true), set_config('sims.request_id', 'wide-1', true)",
            [str(scene["registrar"])],
        )
        connection.execute(DROP, {"section": scene["section"]})

    while seal(api.database):
        pass
    connection = server_connection(database_url.app_url)
    drop(connection)
    return lambda: connection


def entries(university: University) -> list[dict[str, Any]]:
    return university.rows(
        "SELECT id, actor_id, actor_name, request_id, entity_id, operation, changes::text AS changes "
        "FROM audit_entry WHERE action = 'test.wide' AND entity = 'enrollment' ORDER BY id"
    )


def test_every_row_has_its_entry_before_and_after_it_is_laid_out(
    api: Api, scene: dict[str, Any], university: University, drop_everybody: Callable[..., Any]
) -> None:
    with drop_everybody() as connection:
        connection.commit()
    assert university.row(COUNTED.format("audit")) == 0
    told = entries(university)
    dropped = university.row(
        "SELECT array_agg(id ORDER BY id) FROM enrollment WHERE section_id = %(id)s", id=scene["section"]
    )
    assert sorted(entry["entity_id"] for entry in told) == dropped
    assert len({entry["id"] for entry in told}) == WIDE
    assert {(entry["actor_id"], entry["actor_name"], entry["request_id"]) for entry in told} == {
        (scene["registrar"], "Registrar", "wide-1")
    }
    assert all('"status": ["enrolled", "dropped"]' in entry["changes"] for entry in told)
    listed = (
        api.as_("registrar")
        .get(f"/api/audit/?entity=enrollment&entity_id={dropped[7]}&ordering=-id")
        .json["results"]
    )
    assert listed[0]["changes"]["status"] == ["enrolled", "dropped"]
    assert api.as_("registrar").get(f"/api/audit/{listed[0]['id']}/").json == listed[0]

    assert seal(api.database) >= 1
    assert university.row(COUNTED.format("audit")) == WIDE
    assert university.row("SELECT count(*) FROM audit_statement") == 0
    assert entries(university) == told


def test_what_waits_to_be_laid_out_is_sealed_and_verified_with_the_rest(
    api: Api, university: University, drop_everybody: Callable[..., Any]
) -> None:
    data: Path = api.data
    with drop_everybody() as connection:
        university.insert("department", code="LATE", name="Late")  # its id comes after those of the statement
        assert seal(api.database) == 1
        connection.commit()
    # Committed, not laid out: no later block may pass its ids by.
    with api.database.reading() as reading:
        university.insert("department", code="LATER", name="Later")
        assert reading.value("SELECT seal_audit()") > 0
        settled = reading.value("SELECT max(settled_id) FROM audit_block")
        assert settled < reading.value("SELECT min(first_id) FROM audit_statement")
        assert reading.value("SELECT unsealed_audit_since()") is not None
    while seal(api.database):
        pass
    held = university.row("SELECT count(*) FROM audit a JOIN audit_block b ON a.id <@ b.ids")
    assert held == university.row("SELECT count(*) FROM audit")
    assert verify(api.database, data).holds
    assert not [broken for broken in broken_invariants(api.database) if broken.name.startswith("audit.")]


def test_what_was_rolled_back_leaves_nothing(
    api: Api, university: University, drop_everybody: Callable[..., Any]
) -> None:
    with drop_everybody() as connection:
        connection.rollback()
    assert entries(university) == []
    assert seal(api.database) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_statement",
        "UPDATE audit_statement SET actor_name = 'Nobody'",
        "TRUNCATE audit_statement",
        "INSERT INTO audit_statement SELECT * FROM audit_statement",
        "SELECT write_audit(1, 'x', 'x', 'x', '', '', '', 'x', 'insert', '{1}', '{\"{}\"}')",
    ],
)
def test_nobody_touches_what_waits(
    statement: str, database_url: TestDatabase, drop_everybody: Callable[..., Any]
) -> None:
    with drop_everybody() as connection:
        connection.commit()
    with server_connection(database_url.app_url) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(statement)
    if statement.startswith(("DELETE", "UPDATE", "TRUNCATE")):
        with (
            psycopg.connect(database_url.owner_url) as owner,
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"),
        ):
            owner.execute(statement)
