"""Sealing, anchoring and verifying over a real database, with everything a superuser can do to it."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from sims_server.__main__ import main
from sims_server.audit.operations import anchoring, sealing
from sims_server.audit.operations.sealing import Sealer, seal, seal_and_anchor
from sims_server.audit.operations.verifying import (
    database_findings,
    last_verified,
    run_verify,
    verify,
    verify_new,
)
from sims_server.audit.queries import sealed_of
from sims_server.operations_room.operations import checking
from sims_shared.audit import AuditHead
from tests.server.results.scene import approve, fill, publish
from tests.support.api import Api
from tests.support.database import TestDatabase, server_connection
from tests.support.university import University
from tests.support.waiting import wait_until


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=3)


@pytest.fixture
def data(api: Api) -> Path:
    """The application's data folder, without heads of other tests."""
    return api.data


def write(university: University, words: str) -> None:
    university.run("UPDATE student SET email = %(words)s", words=words)


def as_superuser(database: TestDatabase, *statements: str) -> None:
    """With every trigger and rule switched off, as whoever owns the machine of the database could."""
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in statements:
            connection.execute(statement)


def said(api: Api, data: Path, heads: Path | None = None) -> str:
    out = io.StringIO()
    code = run_verify(api.database, data, heads, out)
    assert (code == 0) == ("it holds" in out.getvalue())
    return out.getvalue()


# --- blocks ---------------------------------------------------------------------------------------


def test_every_entry_is_in_exactly_one_block(api: Api, scene: dict[str, Any], university: University) -> None:
    assert seal(api.database) == 1
    assert seal(api.database) == 0  # no work, no block
    write(university, "second@example.edu")
    assert seal(api.database) == 1
    entries = university.row("SELECT count(*) FROM audit")
    held = university.row("SELECT count(*) FROM audit a JOIN audit_block b ON a.id <@ b.ids")
    summed = university.row("SELECT sum(entries)::bigint FROM audit_block")
    assert entries == held == summed


def test_entries_that_commit_late_get_into_a_later_block(
    api: Api, scene: dict[str, Any], university: University, database_url: TestDatabase, data: Path
) -> None:
    seal(api.database)
    with server_connection(database_url.app_url) as late:
        late.execute("UPDATE student SET email = 'late@example.edu'")  # its ids come first
        university.insert("department", code="NEW", name="New")
        assert seal(api.database) == 1
        assert university.row("SELECT entries FROM audit_block WHERE number = 2") == 1
        assert "1 wait" not in said(api, data)
        late.commit()
    assert seal(api.database) == 1
    late_ids, early_ids = (
        university.row(
            f"SELECT array_agg(a.id) FROM audit a JOIN audit_block b ON a.id <@ b.ids "
            f"WHERE b.number = {number}"
        )
        for number in (3, 2)
    )
    assert len(late_ids) == 3
    assert max(late_ids) < min(early_ids)
    assert "it holds" in said(api, data)


def test_a_number_that_a_rolled_back_transaction_took_is_in_no_block(
    api: Api, scene: dict[str, Any], university: University, database_url: TestDatabase, data: Path
) -> None:
    with server_connection(database_url.app_url) as connection:
        connection.execute("UPDATE student SET email = 'never@example.edu'")
        connection.rollback()
    write(university, "after@example.edu")
    seal(api.database)
    assert "it holds" in said(api, data)


def test_the_bytes_of_an_entry_are_the_same_for_database_and_verifier(
    api: Api, scene: dict[str, Any], university: University, data: Path
) -> None:
    for words in STRANGE_WORDS:
        write(university, words)
        seal(api.database)
    university.run("UPDATE course SET credits = 4.50")
    seal(api.database)
    assert "it holds" in said(api, data)


def test_nobody_but_the_database_itself_writes_blocks(
    api: Api, scene: dict[str, Any], database_url: TestDatabase
) -> None:
    seal(api.database)
    statements = (
        "INSERT INTO audit_block SELECT * FROM audit_block",
        "UPDATE audit_block SET settled_id = 0",
        "DELETE FROM audit_block",
        "TRUNCATE audit_block CASCADE",
        "UPDATE audit_head SET body = '{}'",
        "INSERT INTO audit_recovery VALUES (1, '{}')",
        "UPDATE disclosure_alarm SET students = 0",
        "DELETE FROM disclosure",
    )
    for statement in statements:
        with (
            server_connection(database_url.app_url) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement)
    for statement in (
        "UPDATE audit_block SET settled_id = 0",
        "DELETE FROM audit_head",
        "TRUNCATE audit_recovery",
    ):
        with (
            psycopg.connect(database_url.owner_url) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement)


def test_somebody_else_sealing_keeps_nobody_waiting(
    api: Api, scene: dict[str, Any], database_url: TestDatabase
) -> None:
    with server_connection(database_url.app_url) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtext('sims.audit.seal'))")
        assert seal(api.database, patience=0.05) is None
    assert seal(api.database) == 1


def test_whoever_holds_the_seal_and_seals_nothing_is_ended(
    api: Api,
    scene: dict[str, Any],
    university: University,
    database_url: TestDatabase,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Anybody with the application's password can take the lock and never give it back."""
    monkeypatch.setattr(sealing, "HELD_IN_VAIN", 0.0)
    sealer = sealing.Sealer(api.database, data)
    held_in = (
        "SELECT pg_advisory_lock(hashtext('sims.audit.seal'))",  # for as long as the session lives
        "SELECT pg_advisory_xact_lock(hashtext('sims.audit.seal'))",
        "SELECT seal_audit()",  # in a transaction that is never ended
    )
    for number, statement in enumerate(held_in):
        write(university, f"seal{number}@example.edu")
        with server_connection(database_url.app_url) as thief:
            thief.execute(statement)
            sealer.turn()  # sees that somebody else seals
            assert thief.execute("SELECT 1").fetchone() == (1,), "who only just began is left alone"
            sealer.turn()  # and that nothing came of it
            with pytest.raises(psycopg.errors.AdminShutdown):
                thief.execute("SELECT 1")
        wait_until(lambda: seal(api.database) is not None)
        with api.database.reading() as connection:
            assert sealed_of(connection)["unsealed_since"] is None


def test_the_check_names_who_holds_the_seal(
    api: Api, database_url: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> list[dict[str, Any]]:
        found = {one.name: one.rows for one in checking.broken_invariants(api.database)}
        return found.get(checking.SEAL, [])

    with server_connection(database_url.app_url) as thief:
        thief.execute("SELECT pg_advisory_lock(hashtext('sims.audit.seal'))")
        assert broken() == [], "a moment is what sealing takes"
        monkeypatch.setattr(checking, "HELD_LONG", timedelta())
        assert [row["pid"] for row in broken()] == [thief.info.backend_pid]
    wait_until(lambda: broken() == [])


# --- heads ----------------------------------------------------------------------------------------


def test_a_freeze_and_an_issue_are_known_outside_at_once(
    api: Api, scene: dict[str, Any], university: University, data: Path
) -> None:
    fill(university, scene)
    approve(api, scene["section"])
    publish(api, scene["section"])
    assert not anchoring.heads_file(data).exists()
    frozen = api.as_("examcell").post("/api/results/freeze/", {"section_id": scene["section"]})
    assert frozen.status == 200, frozen.content
    head, _ = anchoring.last_statements(anchoring.heads_file(data))
    newest = university.row("SELECT max(number) FROM audit_block")
    entry = university.row("SELECT max(id) FROM audit WHERE action = 'results.freeze'")
    assert head.number == newest
    assert university.row(f"SELECT {entry}::bigint <@ ids FROM audit_block WHERE number = {newest}")
    sheet = api.as_("examcell").get(f"/api/sheets/{scene['section']}/").json
    assert msgspec.convert(sheet["audit_head"], AuditHead, strict=False) == head
    university.run("UPDATE system SET demo = true")  # keys are made by themselves there
    issued = api.as_("registrar").post(
        "/api/transcripts/issue/",
        {"student_id": scene["students"][0], "document": "transcript", "purpose": "job", "copies": 1},
    )
    assert issued.status == 201, issued.content
    assert anchoring.last_statements(anchoring.heads_file(data))[0].number > head.number


def test_heads_are_appended_only_when_there_is_something_new(
    api: Api, scene: dict[str, Any], university: University, data: Path
) -> None:
    for _ in range(3):
        seal_and_anchor(api.database, data)
    lines = anchoring.heads_file(data).read_bytes().splitlines()
    assert len(lines) == 1
    write(university, "x@example.edu")
    seal_and_anchor(api.database, data)
    assert anchoring.heads_file(data).read_bytes().splitlines()[:1] == lines


def test_heads_may_lie_elsewhere(
    api: Api, scene: dict[str, Any], data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = data / "other disk" / "heads"
    monkeypatch.setenv("SIMS_AUDIT_HEADS", str(elsewhere))
    seal_and_anchor(api.database, data)
    assert len(anchoring.read_statements(elsewhere)) == 1
    assert not (data / "audit" / "heads.jsonl").exists()


def test_a_line_that_a_crash_cut_off_is_passed_over(
    api: Api, scene: dict[str, Any], university: University, data: Path
) -> None:
    seal_and_anchor(api.database, data)
    with anchoring.heads_file(data).open("ab") as file:
        file.write(b'{"kind":"head","number":9')
    write(university, "x@example.edu")
    seal_and_anchor(api.database, data)
    assert "it holds" in said(api, data)


def test_the_key_lies_outside_the_database_and_nobody_else_reads_it(
    api: Api, scene: dict[str, Any], data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMS_KEYS_PASSPHRASE", "a long passphrase")
    seal_and_anchor(api.database, data)
    key = data / "audit" / "signing.key"
    assert key.stat().st_mode & 0o077 == 0
    assert b"ENCRYPTED" in key.read_bytes()
    assert "it holds" in said(api, data)


def test_another_key_is_believed_only_once_it_is_ours_and_the_old_one_stays(
    api: Api, scene: dict[str, Any], university: University, data: Path
) -> None:
    seal_and_anchor(api.database, data)
    (data / "audit" / "signing.key").unlink()  # how a key is replaced
    write(university, "x@example.edu")
    seal_and_anchor(api.database, data)
    assert len(anchoring.trusted_keys(data)) == 2
    assert "it holds" in said(api, data)


# --- what a superuser can do ----------------------------------------------------------------------

RESEAL = (
    "DELETE FROM audit_head",
    "DELETE FROM audit_block",
    "SELECT seal_audit()",
)
LAST = "(SELECT max(id) FROM audit)"
NEWEST = "(SELECT max(number) FROM audit_block)"
INSERT = (
    "INSERT INTO audit OVERRIDING SYSTEM VALUE "
    "SELECT (jsonb_populate_record(a, '{\"id\": %s}')).* FROM audit a WHERE id = 5"
)
FORGED_RECOVERY = """INSERT INTO audit_recovery VALUES (1, '{"kind": "recovered", "generation": 1,
  "kept_number": 0, "kept_hash": "", "lost_number": 9, "backup": "b", "signed_at": "2026-11-23T12:00:00Z",
  "key": "AAAA", "signature": "AAAA"}')"""
HARMS: dict[str, tuple[str, ...]] = {
    "an edited entry": ("UPDATE audit SET actor_name = 'Somebody else' WHERE id = 5",),
    "an edited entry, everything recomputed": ("UPDATE audit SET path = '/x' WHERE id = 5", *RESEAL),
    "a deleted entry": ("DELETE FROM audit WHERE id = 5",),
    "a deleted entry, everything recomputed": ("DELETE FROM audit WHERE id = 5", *RESEAL),
    "an inserted entry": (INSERT % 0,),
    "an inserted entry, everything recomputed": (INSERT % 1000, *RESEAL),
    "another time": ("UPDATE audit SET at = at - interval '1 day' WHERE id = 5",),
    "a cut tail": (
        f"DELETE FROM audit_head WHERE number = {NEWEST}",
        f"DELETE FROM audit a USING audit_block b WHERE a.id <@ b.ids AND b.number = {NEWEST}",
        f"DELETE FROM audit_block WHERE number = {NEWEST}",
    ),
    "everything gone": ("DELETE FROM audit_head", "DELETE FROM audit_block", "DELETE FROM audit"),
    "a block gone": ("DELETE FROM audit_head", "DELETE FROM audit_block WHERE number = 1"),
    "an edited block": ("UPDATE audit_block SET at = at + interval '1 second' WHERE number = 1",),
    "a forged restore": (FORGED_RECOVERY, "UPDATE audit SET path = '/x' WHERE id = 5", *RESEAL),
}
STRANGE_WORDS = (
    '“quoted” \\ " / \b\f\n\r\t',
    "اردو 🎓 é",
    "\x01\x1f\x7f",
    "0",
    "'; DROP TABLE audit; --",
    "{}",
)


@pytest.mark.parametrize("harm", HARMS)
def test_a_superuser_s_tampering_is_found(
    api: Api, scene: dict[str, Any], university: University, database_url: TestDatabase, data: Path, harm: str
) -> None:
    seal_and_anchor(api.database, data)
    write(university, "second@example.edu")
    seal_and_anchor(api.database, data)
    assert "it holds" in said(api, data)
    as_superuser(database_url, *HARMS[harm])
    assert "BROKEN" in said(api, data)


def test_an_edited_grade_with_its_versions_and_its_audit_is_found_with_an_older_head(
    api: Api, scene: dict[str, Any], university: University, database_url: TestDatabase, data: Path
) -> None:
    fill(university, scene)
    approve(api, scene["section"])
    publish(api, scene["section"])
    seal_and_anchor(api.database, data)
    older = data / "kept elsewhere"
    older.write_bytes(anchoring.heads_file(data).read_bytes())
    write(university, "later@example.edu")
    result = university.row("SELECT min(id) FROM result")
    as_superuser(
        database_url,
        f"UPDATE result SET grade = 'A', grade_points = 4 WHERE id = {result}",
        f"UPDATE result_version SET new_grade = 'A', grade_points = 4 WHERE result_id = {result}",
        "UPDATE audit SET changes = jsonb_set(changes, '{grade,1}', '\"A\"') "
        f"WHERE entity = 'result' AND entity_id = {result} AND changes ? 'grade'",
        *RESEAL,
    )
    # A database that was recomputed whole agrees with itself.
    assert list(database_findings(database_url.app_url)) == []
    # A server whose own file of heads is gone still meets the copy somebody kept.
    anchoring.heads_file(data).unlink()
    assert "it holds" in said(api, data)
    told = said(api, data, older)
    assert "BROKEN  block 1:" in told
    assert "the history was rewritten" in told


def test_a_history_that_does_not_follow_is_not_signed_and_shows(
    api: Api, scene: dict[str, Any], university: University, database_url: TestDatabase, data: Path
) -> None:
    seal_and_anchor(api.database, data)
    before = anchoring.heads_file(data).read_bytes()
    as_superuser(database_url, "UPDATE audit SET path = '/x' WHERE id = 5", *RESEAL)
    write(university, "x@example.edu")
    seal_and_anchor(api.database, data)  # says so, and keeps nobody from working
    assert anchoring.heads_file(data).read_bytes() == before
    audit = api.anonymous.get("/health/").json["components"]["audit"]
    assert audit["status"] == "degraded"
    assert "history was rewritten" in audit["detail"]
    with pytest.raises(anchoring.HistoryBroken):
        anchoring.anchor(api.database, data)


# --- following ------------------------------------------------------------------------------------


def test_new_blocks_are_verified_as_they_come(
    api: Api, scene: dict[str, Any], university: University, database_url: TestDatabase, data: Path
) -> None:
    sealer = Sealer(api.database, data)
    sealer.turn()
    assert last_verified(data).number == 1
    assert last_verified(data).finding is None
    write(university, "x@example.edu")
    seal(api.database)
    as_superuser(database_url, f"UPDATE audit SET path = '/x' WHERE id = {LAST}")
    assert verify_new(api.database, data).block == 2

    def health() -> Any:
        return api.anonymous.get("/health/").json["components"]["audit"]

    assert "was changed" in health()["detail"]
    as_superuser(database_url, f"UPDATE audit SET path = '' WHERE id = {LAST}")
    verify_new(api.database, data)
    assert health()["status"] == "degraded"  # it was wrong; only a look at everything says it holds
    assert verify(api.database, data).holds
    assert health() == {"status": "ok", "detail": "every audited table has its triggers; 2 blocks hold"}


def test_audit_verify_is_a_command(
    api: Api,
    scene: dict[str, Any],
    database_url: TestDatabase,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seal_and_anchor(api.database, data)
    monkeypatch.setenv("DATABASE_URL", database_url.app_url)
    call = ["audit", "verify", "--data", str(data)]
    assert main(call) == 0
    assert "it holds" in capsys.readouterr().out
    as_superuser(database_url, "UPDATE audit SET path = '/x' WHERE id = 5")
    assert main(call) == 1
    assert "block 1: entry 5 was changed" in capsys.readouterr().out
    assert main([*call, "--heads", str(data / "none")]) == 2
    empty = data / "empty"
    empty.write_text("{}")
    assert main([*call, "--heads", str(empty)]) == 2
