"""Publishing 500 results, against the peer's loop and against its own rows alone.

The floor writes what a publish records, row for row and no more: with triggers and foreign keys switched
off, no HTTP, no judgement, no Python. It says how far any server that records as much could come.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import TYPE_CHECKING, Any

import psycopg

from tests.benchmarks.load import Wire

if TYPE_CHECKING:
    from tests.benchmarks.__main__ import Bench

_ENTRIES = """
INSERT INTO audit_statement (first_id, actor_name, action, entity, method, path, request_id, database_user,
                             operation, ids, entity_ids, changes)
SELECT a.ids[1], 'bare', 'bare', '{table}', '', '', '', 'bare', 'update', a.ids, a.entity_ids, a.changes
  FROM (SELECT array_agg(nextval('audit_id_seq')) AS ids, array_agg(x.id) AS entity_ids,
               ('[' || string_agg({changes}, ',') || ']')::json AS changes
          FROM {table} x WHERE {whom}) a
"""
_OF_SECTION = "x.section_id = %(section)s"
_OF_PERSON = "x.id IN (SELECT registration_id FROM enrollment WHERE section_id = %(section)s)"
_OF_TERM = "x.notification_id = %(notification)s"
BARE = [
    (
        "UPDATE result SET state = 'published', version = version + 1, published_at = now(), "
        "published_by = 1, notification_id = %(notification)s WHERE section_id = %(section)s"
    ),
    (
        "INSERT INTO result_version (result_id, version, cause, state, outcome, new_total, new_grade, "
        "grade_points) SELECT id, version, 'publish', state, outcome, total::text, grade, grade_points "
        "FROM result WHERE section_id = %(section)s"
    ),
    _ENTRIES.format(
        table="result",
        whom=_OF_SECTION,
        changes="""'{"state":["draft","' || x.state || '"],"published_at":[null,"' || x.published_at
          || '"],"published_by":[null,1],"notification_id":[null,' || x.notification_id || ']}'""",
    ),
    "UPDATE enrollment SET status = 'completed' WHERE section_id = %(section)s",
    "UPDATE sheet SET rev = rev + 1 WHERE section_id = %(section)s",
    (
        "INSERT INTO sheet_change (section_id, rev, kind, enrollment_id) SELECT section_id, 1, 'roster', id "
        "FROM enrollment WHERE section_id = %(section)s"
    ),
    _ENTRIES.format(
        table="enrollment", whom=_OF_SECTION, changes="""'{"status":["enrolled","' || x.status || '"]}'"""
    ),
    (
        "INSERT INTO term_result AS t (registration_id, term_id, sgpa, cgpa, gpa_credits, quality_points, "
        "cumulative_gpa_credits, cumulative_quality_points, attempted, earned, notification_id) "
        "SELECT registration_id, term_id, grade_points, grade_points, 3, 9, 3, 9, 3, 3, %(notification)s "
        "FROM result WHERE section_id = %(section)s ON CONFLICT (registration_id, term_id) DO UPDATE SET "
        "sgpa = EXCLUDED.sgpa, cgpa = EXCLUDED.cgpa, notification_id = EXCLUDED.notification_id"
    ),
    (
        "INSERT INTO term_result_version (registration_id, term_id, sgpa, cgpa, gpa_credits, quality_points, "
        "earned, standing, notification_id, declared_at) SELECT registration_id, term_id, sgpa, cgpa, "
        "gpa_credits, quality_points, earned, standing, notification_id, declared_at FROM term_result "
        "WHERE notification_id = %(notification)s"
    ),
    _ENTRIES.format(
        table="term_result",
        whom=_OF_TERM,
        changes="""'{"registration_id":[null,' || x.registration_id || '],"term_id":[null,' || x.term_id
          || '],"sgpa":[null,' || coalesce(x.sgpa::text, 'null') || '],"cgpa":[null,'
          || coalesce(x.cgpa::text, 'null') || '],"earned":[null,' || x.earned || ']}'""",
    ),
    (
        "UPDATE registration g SET cgpa = t.cgpa, credits_earned = t.earned FROM term_result t "
        "WHERE t.registration_id = g.id AND t.notification_id = %(notification)s"
    ),
    _ENTRIES.format(
        table="registration",
        whom=_OF_PERSON,
        changes="""'{"cgpa":[null,' || coalesce(x.cgpa::text, 'null') || '],"credits_earned":[0,'
          || x.credits_earned || ']}'""",
    ),
]
_NOTIFY = """
INSERT INTO notification_of_result (number, date, kind, term_id, scope, counts, content, sha256, published_by)
SELECT 'BARE-' || %(section)s, current_date, 'main', term_id, '{}', '{}', repeat('x', 60000), repeat('0', 64),
       1 FROM section WHERE id = %(section)s RETURNING id"""


def measure_publish(bench: Bench) -> None:
    made = bench.made
    wire = Wire(made.url)
    ours, bare = [], []
    for section, other in zip(made.ids["publish"], made.ids["publish_bare"], strict=True):
        _approve(bench, wire, section)
        _approve(bench, wire, other)
        request = bench.ask("examcell", "POST", "/api/results/publish/", {"section_id": section})
        started = time.perf_counter()
        status, answer = wire.ask(request)
        ours.append((time.perf_counter() - started) * 1000)
        if status != 200 or json.loads(answer)["published"] != 500:
            raise SystemExit(f"{status}: {answer[:500]!r}")
        bare.append(_publish_bare(made.cluster.superuser_url("sims"), other))
    mine, floor = statistics.median(ours), statistics.median(bare)
    if bench.peer is None:
        bench.say(f"publish 500 results            {mine:10.1f} ms           its rows alone {floor:16.1f}")
        return
    theirs = bench.peer.publish_loop() * 1000
    bench.add("publish 500 results", mine, theirs, "ms", "peer's loop", 10, faster=False)
    bench.say(
        f"  its rows alone               {floor:10.1f} ms           peer's loop {theirs:22.1f}   "
        f"{theirs / floor:6.2f} × is the most"
    )


def _approve(bench: Bench, wire: Wire, section: int) -> None:
    rev = _answer(wire, bench.ask("faculty", "GET", f"/api/sheets/{section}/"))["rev"]
    _answer(wire, bench.ask("faculty", "POST", f"/api/sheets/{section}/submit/", {"rev": rev}))
    rev = _answer(wire, bench.ask("head", "GET", f"/api/sheets/{section}/"))["rev"]
    _answer(wire, bench.ask("head", "POST", f"/api/sheets/{section}/approve/", {"rev": rev}))


def _answer(wire: Wire, request: bytes) -> Any:
    status, body = wire.ask(request)
    if status >= 300:
        raise SystemExit(f"{status}: {body[:500]!r}")
    return json.loads(body)


def _publish_bare(url: str, section: int) -> float:
    """Milliseconds of the rows alone."""
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.commit()
        started = time.perf_counter()
        row = connection.execute(_NOTIFY, {"section": section}).fetchone()
        assert row is not None
        for statement in BARE:
            connection.execute(statement, {"section": section, "notification": row[0]})
        connection.commit()
        return (time.perf_counter() - started) * 1000
