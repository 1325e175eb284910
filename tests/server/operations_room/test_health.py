"""Who watches over the server gets an answer, above all when something is wrong."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from sims_server.audit.operations.sealing import seal_and_anchor
from sims_server.kernel.database import Database
from sims_server.kernel.jobs import Worker
from sims_server.operations_room import rules
from sims_shared.audit import AuditHead
from sims_shared.operations_room import Manifest, TableDigest
from tests.support.api import Api
from tests.support.database import TestDatabase, server_database
from tests.support.university import University
from tests.support.waiting import wait_until

COMPONENTS = {"database", "jobs", "scheduler", "disk", "backup", "audit"}


@pytest.fixture
def away(api: Api) -> Iterator[Api]:
    """The database is away: nothing listens where it was."""
    api.client.app.state.database = Database("postgresql://sims_app@127.0.0.1:1/none")
    yield api
    api.client.app.state.database = api.database


@pytest.mark.parametrize("path", ["/health/", "/healthz/", "/health", "/healthz"])
def test_health_names_each_component(api: Api, path: str) -> None:
    seal_and_anchor(api.database, api.data)  # as a server does every second
    answer = api.anonymous.get(path)
    assert answer.status == 200
    assert answer.json["status"] == "degraded"  # no worker and no clock run beside this test
    assert set(answer.json["components"]) == COMPONENTS
    assert answer.json["components"]["database"]["status"] == "ok"
    assert answer.json["components"]["jobs"]["status"] == "degraded"
    assert answer.json["components"]["audit"]["status"] == "ok"
    assert answer.json["components"]["backup"]["status"] == "ok"


def test_jobs_are_well_while_a_worker_runs(api: Api) -> None:
    worker = Worker(api.database, api.data)
    worker.start()
    try:
        wait_until(lambda: api.anonymous.get("/health/").json["components"]["jobs"]["status"] == "ok")
    finally:
        worker.stop()


@pytest.mark.parametrize("path", ["/health/", "/health/ready"])
def test_without_the_database_the_answer_is_503(away: Api, path: str) -> None:
    answer = away.anonymous.get(path)
    assert (answer.status, answer.code) == (503, "health.database_away")
    assert answer.headers["retry-after"]
    assert "127.0.0.1" not in answer.content.decode()


def test_liveness_does_not_ask_the_database(away: Api) -> None:
    assert away.anonymous.get("/health/live").json == {"status": "ok"}


def test_a_database_that_hangs_is_away_too(api: Api) -> None:
    """It takes connections and never answers, as a stopped server does."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        api.client.app.state.database = Database(f"postgresql://sims_app@127.0.0.1:{port}/none")
        try:
            assert api.anonymous.get("/health/").status == 503
        finally:
            api.client.app.state.database = api.database


def test_health_answers_while_every_connection_of_the_pool_is_taken(
    api: Api, database_url: TestDatabase
) -> None:
    small = server_database(database_url.app_url, pool_size=1)
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        connections = [small.engine.connect()]  # the whole pool
        held.set()
        release.wait(30)
        for connection in connections:
            connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    api.client.app.state.database = small
    try:
        assert held.wait(30)
        assert api.anonymous.get("/health/").status == 200
    finally:
        release.set()
        holder.join()
        api.client.app.state.database = api.database
        small.close()


def test_ready_only_with_this_release_s_schema(api: Api, database_url: TestDatabase) -> None:
    assert api.anonymous.get("/health/ready").json["status"] == "ok"
    with psycopg.connect(database_url.owner_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '2020_01_01_01'")
    answer = api.anonymous.get("/health/ready")
    assert (answer.status, answer.code) == (503, "health.not_ready")
    health = api.anonymous.get("/health/").json
    assert health["components"]["database"]["status"] == "degraded"


def test_an_audit_trigger_that_is_switched_off_shows(api: Api, database_url: TestDatabase) -> None:
    with psycopg.connect(database_url.owner_url) as connection:
        connection.execute("ALTER TABLE registration DISABLE TRIGGER zz_audit_update")
    audit = api.anonymous.get("/health/").json["components"]["audit"]
    assert audit == {"status": "degraded", "detail": "not audited: registration"}


def test_a_failed_backup_shows_until_the_next_succeeds(api: Api, university: University) -> None:
    now = datetime.now(UTC)
    university.insert(
        "backup", file_name="a", status="failed", error="disk full", finished_at=now - timedelta(hours=2)
    )
    backup = api.anonymous.get("/health/").json["components"]["backup"]
    assert backup["status"] == "degraded"
    assert "disk full" in backup["detail"]
    university.insert("backup", file_name="b", status="done", finished_at=now)
    assert api.anonymous.get("/health/").json["components"]["backup"]["status"] == "ok"


def test_metrics_need_the_token_when_one_is_set(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    assert api.anonymous.get("/metrics").status == 403  # the test's client has no address of this machine
    monkeypatch.setenv("SIMS_METRICS_TOKEN", "prometheus-reads-this")
    assert api.anonymous.get("/metrics").status == 403
    assert api.anonymous.get("/metrics", headers={"Authorization": "Bearer wrong"}).status == 403
    answer = api.anonymous.get("/metrics", headers={"Authorization": "Bearer prometheus-reads-this"})
    assert answer.status == 200
    text = answer.content.decode()
    assert "sims_database_up 1.0" in text
    assert 'sims_jobs{status="queued"} 0.0' in text


def test_metrics_count_requests_by_route_and_never_by_path(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMS_METRICS_TOKEN", "t")
    api.anonymous.get("/api/students/123456/")
    text = api.anonymous.get("/metrics", headers={"Authorization": "Bearer t"}).content.decode()
    # By labels, not by text: among thousands of digits of seconds any six stand somewhere one day.
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    refused = [sample for sample in samples if sample.labels.get("status") == "401"]
    assert {sample.name for sample in refused} == {
        "sims_request_seconds_bucket",
        "sims_request_seconds_count",
        "sims_request_seconds_sum",
    }
    assert not [sample for sample in samples if any("123456" in label for label in sample.labels.values())]


def test_metrics_are_for_this_machine_and_not_for_whom_its_proxy_serves() -> None:
    assert rules.is_from_this_machine("127.0.0.1", forwarded=False)
    assert rules.is_from_this_machine("::1", forwarded=False)
    assert not rules.is_from_this_machine("127.0.0.1", forwarded=True)
    assert not rules.is_from_this_machine("10.0.0.7", forwarded=False)
    assert not rules.is_from_this_machine("testclient", forwarded=False)


def test_metrics_say_that_the_database_is_away(away: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMS_METRICS_TOKEN", "t")
    text = away.anonymous.get("/metrics", headers={"Authorization": "Bearer t"}).content.decode()
    assert "sims_database_up 0.0" in text


def test_the_openapi_document_knows_them(api: Api) -> None:
    paths: dict[str, Any] = api.anonymous.get("/schema/openapi.json").json["paths"]
    assert "503" in paths["/health/"]["get"]["responses"]
    ids = [operation["operationId"] for operations in paths.values() for operation in operations.values()]
    assert len(ids) == len(set(ids))


NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("installed", "rehearsed", "failure", "status"),
    [
        (1, None, None, "ok"),
        (27, None, None, "degraded"),
        (900, 25, None, "ok"),
        (900, 27, None, "degraded"),
        (900, 1, "disk full", "degraded"),
    ],
)
def test_the_page_turns_red_after_26_hours_without_a_rehearsal(
    installed: int, rehearsed: int | None, failure: str | None, status: str
) -> None:
    judged = rules.judge_backup(
        NOW,
        installed_at=NOW - timedelta(hours=installed),
        rehearsed_at=None if rehearsed is None else NOW - timedelta(hours=rehearsed),
        last_failure=failure,
    )
    assert judged.status == status


def test_a_job_that_waits_too_long_shows() -> None:
    waited = NOW - timedelta(minutes=16)
    assert rules.judge_jobs(NOW, has_worker=True, oldest_queued=waited, waiting=3).status == "degraded"
    assert rules.judge_jobs(NOW, has_worker=True, oldest_queued=NOW, waiting=3).status == "ok"


def test_a_full_disk_shows() -> None:
    assert rules.judge_disk(2 * 1024**3, 10 * 1024**3).status == "ok"
    assert rules.judge_disk(1024**2, 10 * 1024**3).status == "degraded"
    assert rules.judge_disk(2 * 1024**3, 100 * 1024**3).status == "degraded"


def test_versions_after_a_restore_lie_above_all_that_were_handed_out() -> None:
    assert rules.next_version_floor([]) == 100_000
    assert rules.next_version_floor([7, 3]) == 100_000
    assert rules.next_version_floor([100_000]) == 200_000
    assert rules.next_version_floor([199_999]) == 200_000


def test_the_newest_backup_outlives_its_retention() -> None:
    ages = {1: NOW - timedelta(days=20), 2: NOW - timedelta(days=9), 3: NOW - timedelta(days=8)}
    assert rules.expired(ages, NOW, 7) == [1, 2]
    assert rules.expired({}, NOW, 7) == []


def test_differences_are_told_by_table() -> None:
    before = {"a": TableDigest(1, "x"), "b": TableDigest(2, "y"), "c": TableDigest(3, "z")}
    after = {"a": TableDigest(1, "x"), "b": TableDigest(1, "y"), "d": TableDigest(0, "")}
    told = rules.differences(before, after)
    assert [line.split()[1] for line in told] == ["b", "c", "d"]
    assert rules.differences(before, {**before, "a": TableDigest(1, "w")}) == [
        "table a has other values than the manifest says"
    ]


def test_a_shorter_audit_is_told() -> None:
    manifest = Manifest(
        file="",
        size=0,
        sha256="",
        taken_at=NOW,
        migration="m",
        server_version=0,
        database="",
        epoch="",
        demo=False,
        highest_version=0,
        audit_last_id=9,
        audit_rows=9,
        key_ids=[],
        tables={},
    )
    assert rules.head_differences(manifest, migration="m", audit_rows=9, audit_last_id=9) == []
    assert len(rules.head_differences(manifest, migration="n", audit_rows=8, audit_last_id=9)) == 2


def test_the_audit_is_red_when_it_does_not_hold_or_waits_for_too_long() -> None:
    now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    minute = timedelta(minutes=1)
    head = AuditHead(number=4, hash="", signed_at=now, key="")

    def judged(**sealed: Any) -> tuple[str, str]:
        view = rules.judge_audit(now, [], rules.Sealed(**sealed))
        return view.status, view.detail

    assert judged()[0] == "ok"
    assert judged(unsealed_since=now - minute, newest_block=(4, now - 60 * minute), head=head)[0] == "ok"
    assert judged(unsealed_since=now - 6 * minute) == ("degraded", "not sealed since 2026-11-23 11:54 UTC")
    assert judged(newest_block=(5, now - minute), head=head)[0] == "ok"
    assert (
        judged(newest_block=(5, now - 16 * minute), head=head)[1] == "no head was written down since block 4"
    )
    assert judged(finding="block 3: entry 7 was changed")[1].endswith("block 3: entry 7 was changed")
    assert judged(alarms=1)[0] == "degraded"
