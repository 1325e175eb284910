"""Backups: complete, verified before use, rehearsed, and restored without touching what is in use."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from sims_server.access.operations import ship_roles
from sims_server.audit.operations import anchoring
from sims_server.audit.operations.sealing import seal_and_anchor
from sims_server.audit.operations.verifying import verify, verify_new
from sims_server.kernel import clock
from sims_server.kernel.execute import execute_as_system
from sims_server.kernel.jobs import Cancelled, run_job
from sims_server.kernel.migrations import migrate
from sims_server.kernel.proof import make_known
from sims_server.kernel.provision import provision
from sims_server.kernel.secrets import read_or_make_secret
from sims_server.operations_room.operations.backups import manifest_of, remove_expired, take_backup
from sims_server.operations_room.operations.checking import CHECKS
from sims_server.operations_room.operations.programs import Connections
from sims_server.operations_room.operations.restoring import (
    drill_backup,
    read_manifest,
    restore,
    restore_backup,
)
from sims_server.settings import Settings
from sims_shared.operations_room import BackupDamaged, Manifest
from tests.support.api import Api
from tests.support.database import TestDatabase, server_database
from tests.support.university import University


def value(url: str, sql: str) -> Any:
    with psycopg.connect(url) as connection:
        row = connection.execute(sql).fetchone()
    return row[0] if row else None


def scratch_databases(database: TestDatabase) -> int:
    sql = f"SELECT count(*) FROM pg_database WHERE starts_with(datname, '{database.name}_drill')"
    found: int = value(database.superuser_url, sql)
    return found


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    made = university.stand(students=4)
    university.score(made["enrollments"][0], made["assessments"][0], 12)
    return made


@pytest.fixture
def databases(database_url: TestDatabase) -> Iterator[None]:
    """Databases that a restore leaves beside this test's own are dropped after it."""
    yield
    with psycopg.connect(database_url.cluster.superuser_url(), autocommit=True) as connection:
        names = connection.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{database_url.name}\\_%"]
        ).fetchall()
        for (name,) in names:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_a_backup_is_a_dump_with_a_manifest_of_the_same_moment(
    api: Api, ways: Connections, scene: dict[str, Any], tmp_path: Path
) -> None:
    dump = take_backup(api.database, api.data, tmp_path / "backups", connections=ways)
    manifest = read_manifest(dump)
    assert manifest.tables["student"].rows == 4
    assert manifest.tables["assessment_score"].rows == 1
    assert manifest.highest_version == 1
    assert manifest.audit_rows == manifest.tables["audit"].rows > 0
    assert dump.stat().st_mode & 0o077 == 0
    assert sorted(path.name for path in dump.parent.iterdir()) == [dump.name, manifest_of(dump).name]


def test_a_backup_goes_on_when_the_record_changes_meanwhile(
    api: Api,
    ways: Connections,
    university: University,
    scene: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from sims_server.operations_room.operations import backups, programs

    dump_program = programs.run_program

    def change_then_dump(*arguments: Any, **more: Any) -> str:
        university.student("Came During The Backup")  # after the snapshot, before the dump
        return dump_program(*arguments, **more)

    monkeypatch.setattr(backups, "run_program", change_then_dump)
    dump = take_backup(api.database, api.data, tmp_path, connections=ways)
    assert read_manifest(dump).tables["student"].rows == 4
    assert university.row("SELECT count(*) FROM student") == 5


def test_the_rehearsal_of_a_sound_backup_succeeds_and_leaves_nothing_behind(
    api: Api, ways: Connections, scene: dict[str, Any], database_url: TestDatabase
) -> None:
    take_backup(api.database, api.data, connections=ways)
    admin = api.as_("admin")
    row = admin.get("/api/backups/").json["results"][0]
    assert (row["status"], row["drill_outcome"]) == ("done", None)
    outcome = drill_backup(api.database, api.data, row["id"], connections=ways)
    assert outcome.startswith("ok")
    view = admin.get(f"/api/backups/{row['id']}/").json
    assert view["drill_outcome"] == outcome
    assert view["drilled_at"] is not None
    assert scratch_databases(database_url) == 0


def test_a_backup_and_a_rehearsal_tell_how_far_they_are_and_end_when_cancelled(
    api: Api,
    ways: Connections,
    scene: dict[str, Any],
    university: University,
    database_url: TestDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from sims_server.operations_room.operations import programs

    dump = take_backup(api.database, api.data, connections=ways)
    files = set(dump.parent.iterdir())
    monkeypatch.setattr(programs, "TELLS_EVERY", 0.005)
    told: list[tuple[int, int]] = []

    def enough(done: int, total: int) -> None:
        told.append((done, total))
        raise Cancelled

    with pytest.raises(Cancelled):
        take_backup(api.database, api.data, connections=ways, told=enough)
    assert [one[1] for one in told] == [100]
    ended = university.rows("SELECT id, status, error FROM backup ORDER BY id")
    assert [(row["status"], row["error"]) for row in ended] == [
        ("done", None),
        ("failed", "it was cancelled"),
    ]
    assert set(dump.parent.iterdir()) == files

    def enough_once_restored(done: int, total: int) -> None:
        told.append((done, total))
        if done > 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        drill_backup(api.database, api.data, ended[0]["id"], connections=ways, told=enough_once_restored)
    assert told[-1] == (3, CHECKS + 2)
    assert scratch_databases(database_url) == 0
    assert university.row("SELECT drilled_at FROM backup WHERE id = %(id)s", id=ended[0]["id"]) is None


def test_what_a_killed_rehearsal_left_behind_goes_with_the_next(
    api: Api, ways: Connections, scene: dict[str, Any], database_url: TestDatabase
) -> None:
    take_backup(api.database, api.data, connections=ways)
    with psycopg.connect(database_url.cluster.url("sims_owner", "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {database_url.name}_drill_7")
    backup_id = api.as_("admin").get("/api/backups/").json["results"][0]["id"]
    assert drill_backup(api.database, api.data, backup_id, connections=ways).startswith("ok")
    assert scratch_databases(database_url) == 0


def test_a_rehearsal_says_what_is_wrong_with_a_backup_whose_manifest_lies(
    api: Api, ways: Connections, scene: dict[str, Any]
) -> None:
    dump = take_backup(api.database, api.data, connections=ways)
    path = manifest_of(dump)
    told = msgspec.json.decode(path.read_bytes())
    told["tables"]["assessment_score"]["digest"] = "0:0"
    path.write_bytes(msgspec.json.encode(told))
    backup_id = api.as_("admin").get("/api/backups/").json["results"][0]["id"]
    outcome = drill_backup(api.database, api.data, backup_id, connections=ways)
    assert outcome.startswith("failed")
    assert "assessment_score has other values" in outcome


def test_taking_and_rehearsing_are_jobs_of_the_administrator(
    api: Api, ways: Connections, scene: dict[str, Any]
) -> None:
    assert api.as_("registrar").post("/api/backups/").status == 403
    admin = api.as_("admin")
    asked = admin.post("/api/backups/")
    assert asked.status == 202
    run_job(api.database, api.data, asked.json["job_id"])
    assert admin.get(f"/api/jobs/{asked.json['job_id']}/").json["status"] == "done"
    backup_id = admin.get("/api/backups/").json["results"][0]["id"]
    drill = admin.post(f"/api/backups/{backup_id}/drill/")
    assert drill.status == 202
    run_job(api.database, api.data, drill.json["job_id"])
    assert admin.get(f"/api/jobs/{drill.json['job_id']}/").json["result"]["outcome"].startswith("ok")
    assert admin.post("/api/backups/999999/drill/").status == 404


def test_a_backup_that_failed_is_recorded_and_cannot_be_rehearsed(
    api: Api,
    ways: Connections,
    scene: dict[str, Any],
    database_url: TestDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_BACKUP_URL", database_url.app_url)  # may not read every table
    admin = api.as_("admin")
    job_id = admin.post("/api/backups/").json["job_id"]
    run_job(api.database, api.data, job_id)
    assert admin.get(f"/api/jobs/{job_id}/").json["status"] == "failed"
    row = admin.get("/api/backups/").json["results"][0]
    assert row["status"] == "failed"
    assert row["error"]
    assert admin.post(f"/api/backups/{row['id']}/drill/").code == "backups.not_usable"


@pytest.mark.parametrize("harm", ["cut", "flipped", "no manifest", "no file"])
def test_a_damaged_backup_is_refused_before_anything_is_touched(
    harm: str,
    api: Api,
    ways: Connections,
    scene: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    dump = take_backup(api.database, api.data, tmp_path, connections=ways)
    content = bytearray(dump.read_bytes())
    if harm == "cut":
        dump.write_bytes(content[:-100])
    elif harm == "flipped":
        content[len(content) // 2] ^= 1
        dump.write_bytes(content)
    elif harm == "no manifest":
        manifest_of(dump).unlink()
    else:
        dump.unlink()
    with pytest.raises(BackupDamaged):
        read_manifest(dump)
    # Nothing listens there: had it gone further, it would have said something else.
    settings = Settings(tmp_path / "nowhere", database_url="postgresql://nowhere/none")
    assert restore_backup(settings, dump) == 1
    assert "nothing was changed" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()


def test_a_restore_takes_the_place_of_the_database_and_keeps_the_old_one(
    api: Api,
    ways: Connections,
    university: University,
    scene: dict[str, Any],
    database_url: TestDatabase,
    tmp_path: Path,
    databases: None,
) -> None:
    dump = take_backup(api.database, api.data, tmp_path, connections=ways)
    epoch = university.row("SELECT epoch::text FROM system")
    university.student("Lost With The Restore")
    university.score(scene["enrollments"][0], scene["assessments"][0], 13)
    university.insert("job", kind="backups.take")
    api.database.close()
    told: list[str] = []
    old = restore(ways, dump, read_manifest(dump), told.append, tmp_path)
    app = database_url.app_url
    assert value(app, "SELECT count(*) FROM student") == 4
    assert value(ways.for_owner(old), "SELECT count(*) FROM student") == 5
    assert value(app, "SELECT score FROM assessment_score") == 12
    assert value(app, "SELECT epoch::text FROM system") != epoch
    assert value(app, "SELECT count(*) FROM audit WHERE changes ? 'recovered_to'") == 1
    assert value(app, "SELECT status FROM backup") == "done"
    assert value(app, "SELECT count(*) FROM job WHERE status IN ('queued', 'running')") == 0
    # The lost write had version 2. No later write is mistaken for it.
    university.score(scene["enrollments"][0], scene["assessments"][0], 14)
    assert value(app, "SELECT version FROM assessment_score") == 100_001
    assert any("every invariant holds" in line for line in told)


def test_a_restore_is_recovered_on_record_and_a_shorter_history_without_it_is_refused(
    api: Api,
    ways: Connections,
    scene: dict[str, Any],
    university: University,
    databases: None,
    database_url: TestDatabase,
    tmp_path: Path,
) -> None:
    dump = take_backup(api.database, tmp_path, connections=ways)
    manifest = read_manifest(dump)
    university.run("UPDATE student SET email = 'lost@example.edu'")
    seal_and_anchor(api.database, tmp_path)
    lost = anchoring.last_statements(anchoring.heads_file(tmp_path))[0]
    assert lost.number > manifest.audit_head.number
    api.database.close()
    told: list[str] = []
    restore(ways, dump, manifest, told.append, tmp_path)
    restored = server_database(database_url.app_url, pool_size=1)
    try:
        verdict = verify(restored, tmp_path)
        assert verdict.holds, verdict.findings
        gap = f"blocks {manifest.audit_head.number + 1} to {lost.number} of the history before are gone"
        assert any(words.startswith("RECOVERED") and gap in words for words in verdict.told)
        assert any("RECOVERED" in words for words in told)
        assert verify_new(restored, tmp_path) is None
        # The same without the signed record is refused.
        with psycopg.connect(database_url.superuser_url) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("DELETE FROM audit_recovery")
        path = anchoring.heads_file(tmp_path)
        heads = [line for line in path.read_bytes().splitlines() if b'"recovered"' not in line]
        older = [line for line in heads if b'"generation":0' in line]
        path.write_bytes(b"\n".join(older) + b"\n")
        refused = verify(restored, tmp_path)
        assert [finding.block for finding in refused.findings] == [lost.number]
        with pytest.raises(anchoring.HistoryBroken):
            anchoring.anchor(restored, tmp_path)
    finally:
        restored.close()


def test_a_restored_database_still_holds_its_rules_and_grants(
    api: Api,
    ways: Connections,
    university: University,
    scene: dict[str, Any],
    tmp_path: Path,
    databases: None,
) -> None:
    dump = take_backup(api.database, api.data, tmp_path, connections=ways)
    api.database.close()
    restore(ways, dump, read_manifest(dump), lambda text: None, tmp_path)
    student = api.as_("student")
    assert [row["id"] for row in student.get("/api/students/").json["results"]] == [scene["students"][0]]
    with pytest.raises(Exception, match=r"permission denied|append-only"):
        university.run("DELETE FROM audit")
    with pytest.raises(psycopg.errors.CheckViolation):
        university.insert(
            "assessment", section_id=scene["section"], name="More", type="quiz", weight=1, max_score=1
        )


def test_a_restore_waits_until_nobody_uses_the_database(
    api: Api,
    ways: Connections,
    scene: dict[str, Any],
    database_url: TestDatabase,
    tmp_path: Path,
    databases: None,
) -> None:
    from sims_server.operations_room.operations.restoring import RestoreFailure

    dump = take_backup(api.database, api.data, tmp_path, connections=ways)
    manifest = read_manifest(dump)
    with psycopg.connect(database_url.app_url), pytest.raises(RestoreFailure, match=r"Stop the server"):
        restore(ways, dump, manifest, lambda text: None, tmp_path)
    left = value(
        database_url.superuser_url,
        f"SELECT count(*) FROM pg_database WHERE datname LIKE '{database_url.name}\\_%'",
    )
    assert left == 0


def test_a_backup_that_breaks_a_rule_does_not_take_the_place(
    api: Api,
    ways: Connections,
    university: University,
    scene: dict[str, Any],
    database_url: TestDatabase,
    tmp_path: Path,
    databases: None,
) -> None:
    from sims_server.operations_room.operations.restoring import RestoreFailure

    with psycopg.connect(database_url.superuser_url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE section SET seats_taken = seats_taken + 1")
    dump = take_backup(api.database, api.data, tmp_path, connections=ways)
    api.database.close()
    with pytest.raises(RestoreFailure, match=r"section\.seats"):
        restore(ways, dump, read_manifest(dump), lambda text: None, tmp_path)
    assert university.row("SELECT count(*) FROM student") == 4


def test_files_go_after_their_retention_but_never_the_newest(
    api: Api, ways: Connections, scene: dict[str, Any]
) -> None:
    first = take_backup(api.database, api.data, connections=ways)
    second = take_backup(api.database, api.data, connections=ways)
    now = clock.now()
    try:
        clock.set_clock(lambda: now + timedelta(days=8))
        assert remove_expired(api.database, api.data) == [first.name]
        assert remove_expired(api.database, api.data) == []
        rows = api.as_("admin").get("/api/backups/").json["results"]
    finally:
        clock.set_clock(None)
    assert not first.exists()
    assert not manifest_of(first).exists()
    assert second.exists()
    assert [row["removed_at"] is None for row in rows] == [True, False]
    assert api.as_("admin").post(f"/api/backups/{rows[1]['id']}/drill/").code == "backups.not_usable"


def test_a_manifest_reads_back_as_it_was_written(
    api: Api, ways: Connections, scene: dict[str, Any], tmp_path: Path
) -> None:
    manifest = read_manifest(take_backup(api.database, api.data, tmp_path, connections=ways))
    assert msgspec.json.decode(msgspec.json.encode(manifest), type=Manifest) == manifest


def test_the_oldest_server_is_backed_up_and_rehearsed_by_the_same_programs(
    oldest_server_url: str, tmp_path: Path
) -> None:
    passwords = dict.fromkeys(("sims_owner", "sims_app", "sims_readonly", "sims_backup"), "not-asked-for")
    provision(oldest_server_url, passwords)

    def url(role: str) -> str:
        return oldest_server_url.replace("postgres@/postgres", f"{role}@/sims")

    migrate(url("sims_owner"))
    make_known(url("sims_owner"), read_or_make_secret(tmp_path))
    database = server_database(url("sims_app"), pool_size=2)
    ways = Connections("sims", url("sims_backup"), url("sims_owner"))
    try:
        execute_as_system(database, ship_roles, None, action="roles.ship", data=tmp_path)
        take_backup(database, tmp_path, connections=ways)
        assert drill_backup(database, tmp_path, 1, connections=ways).startswith("ok")
    finally:
        database.close()
