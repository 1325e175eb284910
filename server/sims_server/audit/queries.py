"""Every SELECT of the audit, its blocks, and of who read whose record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
import psycopg

from sims_server.audit.rules import Block, alarm_in_words, in_words
from sims_server.kernel.actor import Caller
from sims_server.kernel.database import Connection
from sims_server.kernel.paging import Filter, Listing, Order
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.audit import AuditEntry, AuditHead, DisclosureView, Reader, ReaderList, Recovery
from sims_shared.problems import NotFound
from sims_shared.values import Person

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
PRIVATE_FIELDS = ("national_id", "date_of_birth", "phone", "address", "father_name")

# As text, because what was recorded as 72.50 must not pass through a float.
CHANGES = """CASE WHEN a.entity IN ('student', 'applicant') AND NOT %(private_all)s
  THEN (SELECT coalesce(jsonb_object_agg(e.key, CASE WHEN e.key = ANY(%(private_fields)s::text[])
               THEN '["…", "…"]'::jsonb ELSE e.value END), '{}') FROM jsonb_each(a.changes) e)
  ELSE a.changes END::text"""
# Whose record or account a row is: what it says itself, else the row that it is about, as that stands now.
_SAID = "coalesce(a.changes->'{0}'->>1, a.changes->'{0}'->>0)::bigint"
STUDENT = f"""CASE WHEN a.entity = 'student' THEN a.entity_id
  WHEN a.changes ? 'student_id' THEN {_SAID.format("student_id")}
  WHEN a.entity = 'result' THEN (SELECT x.student_id FROM result x WHERE x.id = a.entity_id)
  WHEN a.entity = 'enrollment' THEN (SELECT x.student_id FROM enrollment x WHERE x.id = a.entity_id)
  WHEN a.entity = 'registration' THEN (SELECT x.student_id FROM registration x WHERE x.id = a.entity_id)
  WHEN a.entity = 'hold' THEN (SELECT x.student_id FROM hold x WHERE x.id = a.entity_id)
  WHEN a.entity = 'request' THEN (SELECT x.student_id FROM request x WHERE x.id = a.entity_id) END"""
NAMED = f"""CASE WHEN a.entity = 'account' THEN (SELECT x.name FROM account x WHERE x.id = a.entity_id)
  WHEN a.changes ? 'account_id' THEN (SELECT x.name FROM account x WHERE x.id = {_SAID.format("account_id")})
  ELSE (SELECT x.name FROM student x WHERE x.id = ({STUDENT})) END"""
_exact = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


def exact_values(text: str) -> dict[str, Any]:
    """A JSON object whose decimals stay decimals."""
    return _exact.decode(text)


def _scope(caller: Caller) -> tuple[str, dict[str, Any]]:
    private = caller.reach(Permission.READ_PRIVATE_FIELDS).everything
    values = {"private_all": private, "private_fields": list(PRIVATE_FIELDS)}
    return ("" if caller.reach(Permission.READ_AUDIT).everything else "false"), values


def _shape(row: dict[str, Any]) -> dict[str, Any]:
    changes = exact_values(row["changes"])
    actor = Person(row.pop("actor_id"), row.pop("actor_name"))
    operation = row.pop("operation")
    summary = alarm_in_words(actor.name, row["entity"], row["named"], changes) or in_words(
        actor.name, operation, row["entity"], row["entity_id"], changes
    )
    return {**row, "actor": actor, "changes": changes, "summary": summary}


AUDIT = Listing(
    entity="audit",
    columns={
        "id": "a.id",
        "at": "a.at",
        "actor_id": "a.actor_id",
        "actor_name": "a.actor_name",
        "action": "a.action",
        "entity": "a.entity",
        "entity_id": "a.entity_id",
        "method": "a.method",
        "path": "a.path",
        "operation": "a.operation",
        "changes": CHANGES,
        "request_id": "a.request_id",
        "student_id": STUDENT,
        "named": NAMED,
    },
    source="audit_entry a",
    key="a.id",
    filters={
        "actor": Filter("a.actor_id = {}", int),
        "entity": Filter("a.entity = {}", str),
        "entity_id": Filter("a.entity_id = {}", int),
        "action": Filter("a.action = {}", str),
        "method": Filter("a.method = {}", str),
        "request_id": Filter("a.request_id = {}", str),
        "past_the_server": Filter("(a.request_id = '' AND a.database_user = 'sims_app') = {}", bool),
        "from": Filter("a.at >= {}", Moment),
        "to": Filter("a.at <= {}", Moment, through=True),
    },
    orders={"at": Order("a.at", "timestamptz")},
    default_order="-id",
    search="folded(concat_ws(' ', a.actor_name, a.action, a.entity, a.path)) LIKE {}",
    scope=_scope,
    shape=_shape,
)


def get_audit_entry(work: Work, id: int) -> AuditEntry:
    """One entry of the audit."""
    row = AUDIT.one(work, id)
    if row is None:
        raise NotFound
    return AuditEntry(**row)


# --- who read -------------------------------------------------------------------------------------


def _all_or_nothing(caller: Caller) -> tuple[str, dict[str, Any]]:
    return ("" if caller.reach(Permission.READ_AUDIT).everything else "false"), {}


def _reader(row: dict[str, Any]) -> dict[str, Any]:
    actor = Person(row.pop("actor_id"), row.pop("actor_name"))
    return {**row, "actor": actor}


DISCLOSURES = Listing(
    entity="disclosure",
    columns={
        "id": "d.id",
        "at": "d.at",
        "actor_id": "d.actor_id",
        "actor_name": "coalesce(a.name, '')",
        "student_id": "d.student_id",
        "student_name": "(SELECT s.name FROM student s WHERE s.id = d.student_id)",
        "reg_no": (
            "(SELECT r.reg_no FROM registration r WHERE r.student_id = d.student_id "
            "ORDER BY r.is_current DESC, r.id DESC LIMIT 1)"
        ),
        "kind": "d.kind",
        "what": "d.what",
        "request_id": "d.request_id",
    },
    source="disclosure d LEFT JOIN account a ON a.id = d.actor_id",
    key="d.id",
    filters={
        "actor": Filter("d.actor_id = {}", int),
        "student_id": Filter("d.student_id = ANY (same_person({}))", int),  # two records may be one person
        "kind": Filter("d.kind = {}", Literal["opened", "exported", "printed"]),
        "what": Filter("d.what = {}", str),
        "request_id": Filter("d.request_id = {}", str),
        "from": Filter("d.at >= {}", Moment),
        "to": Filter("d.at <= {}", Moment, through=True),
    },
    orders={"at": Order("d.at", "timestamptz")},
    default_order="-id",
    scope=_all_or_nothing,
    shape=_reader,
)


def get_disclosure(work: Work, id: int) -> DisclosureView:
    """One disclosure."""
    row = DISCLOSURES.one(work, id)
    if row is None:
        raise NotFound
    return DisclosureView(**row)


class ReadersOf(msgspec.Struct, frozen=True, kw_only=True):
    """The parameter of who read how many: so many days back."""

    days: Annotated[int, msgspec.Meta(ge=1, le=31)] = 1


def list_readers(work: Work, query: ReadersOf) -> ReaderList:
    """Who read how many students' records within some days, whoever read most first."""
    since = work.now - timedelta(days=query.days)
    if not work.caller.reach(Permission.READ_AUDIT).everything:
        return ReaderList(since=since, results=[])
    rows = work.rows(
        "SELECT d.actor_id, coalesce(a.name, '') AS actor_name, d.students, d.opened, d.exported, d.printed, "
        "d.last_at, (SELECT max(m.at) FROM disclosure_alarm m WHERE m.account_id = d.actor_id "
        "AND m.at > %(since)s) AS alarmed_at FROM (SELECT actor_id, count(DISTINCT student_id) AS students, "
        "count(*) FILTER (WHERE kind = 'opened') AS opened, "
        "count(*) FILTER (WHERE kind = 'exported') AS exported, "
        "count(*) FILTER (WHERE kind = 'printed') AS printed, max(at) AS last_at FROM disclosure "
        "WHERE at > %(since)s GROUP BY actor_id) d LEFT JOIN account a ON a.id = d.actor_id "
        "ORDER BY d.students DESC, d.actor_id LIMIT 500",
        since=since,
    )
    return ReaderList(since=since, results=[Reader(**_reader(row)) for row in rows])


def bulk_readers(work: Work, since: datetime, allowed: int) -> list[tuple[int, int]]:
    """Accounts that opened more students since then than is allowed, and how many; not those that an
    alarm was raised for in the same time."""
    rows = work.rows(
        "SELECT d.actor_id, count(DISTINCT d.student_id) AS students FROM disclosure d "
        "WHERE d.at > %(since)s AND d.kind = 'opened' AND d.actor_id IS NOT NULL AND NOT EXISTS "
        "(SELECT FROM disclosure_alarm m WHERE m.account_id = d.actor_id AND m.at > %(since)s) "
        "GROUP BY d.actor_id HAVING count(DISTINCT d.student_id) > %(allowed)s",
        since=since,
        allowed=allowed,
    )
    return [(row["actor_id"], row["students"]) for row in rows]


def last_disclosure(connection: Connection) -> int:
    found: int = connection.value("SELECT coalesce(max(id), 0) FROM disclosure")
    return found


# --- how it stands ---------------------------------------------------------------------------------

# Every table that carries any of the audit's triggers must have all three, switched on.
SILENT_TABLES = """
SELECT c.relname
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
  LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgenabled IN ('O', 'A')
       AND t.tgname IN ('zz_audit_insert', 'zz_audit_update', 'zz_audit_delete')
 WHERE c.relkind = 'r' AND EXISTS (SELECT FROM pg_proc p WHERE p.proname = 'audit_' || c.relname)
 GROUP BY c.relname HAVING count(t.oid) < 3 ORDER BY c.relname
"""
_SEALED = """
SELECT unsealed_audit_since() AS unsealed_since, b.number, b.at,
       (SELECT count(*) FROM disclosure_alarm WHERE at > now() - interval '24 hours') AS alarms
  FROM (SELECT 1) one LEFT JOIN (SELECT number, at FROM audit_block ORDER BY number DESC LIMIT 1) b ON true
"""


def silent_tables(connection: Connection) -> list[str]:
    """Audited tables that would not be audited now."""
    return [row["relname"] for row in connection.rows(SILENT_TABLES)]


def sealed_of(connection: Connection) -> dict[str, Any]:
    """How the sealing stands: `{unsealed_since, number, at, alarms}`."""
    row = connection.row(_SEALED)
    assert row is not None
    return row


# --- blocks ---------------------------------------------------------------------------------------

# One line of JSON for each entry: the same text as in `seal_audit()`. By the names of pg_catalog, because
# whoever can rewrite the audit could also put a function of the same name before them.
_LINE = """pg_catalog.convert_to(pg_catalog.json_build_array(
  a.id, (extract(epoch FROM a.at) * 1000000)::bigint, a.transaction_id::text, a.actor_id, a.actor_name,
  a.action, a.entity, a.entity_id, a.method, a.path, a.request_id, a.database_user, a.operation,
  a.changes)::text, 'UTF8')"""
_BLOCK = """
SELECT b.number, b.previous, b.root, b.entries, b.settled_id, b.marks, b.hash,
       (SELECT pg_catalog.array_agg(lower(r)) FROM unnest(b.ids) r) AS firsts,
       (SELECT pg_catalog.array_agg(upper(r) - 1) FROM unnest(b.ids) r) AS lasts,
       pg_catalog.convert_to(pg_catalog.json_build_array(
         b.number, (extract(epoch FROM b.at) * 1000000)::bigint, encode(b.previous, 'hex'),
         encode(b.root, 'hex'), b.entries, b.first_id, b.last_id, b.ids::text, b.settled_id,
         b.beyond::text)::text, 'UTF8') AS line
  FROM audit_block b"""
_AT_ONCE = 2000


def _block(row: tuple[Any, ...]) -> Block:
    number, previous, root, entries, settled_id, marks, hash, firsts, lasts, line = row
    ranges = list(zip(firsts, lasts, strict=True))
    return Block(number, previous, root, entries, ranges, settled_id, marks, hash, line)


def _stream(driver: psycopg.Connection[Any], name: str, sql: str, above: int) -> Iterator[Block]:
    with driver.cursor(name=name, row_factory=psycopg.rows.tuple_row, binary=True) as cursor:
        cursor.itersize = _AT_ONCE
        cursor.execute(sql, [above])
        for row in cursor:
            yield _block(row)


def blocks_by_number(driver: psycopg.Connection[Any], above: int = 0) -> Iterator[Block]:
    """Blocks after number `above`, as a chain. Within an open transaction."""
    yield from _stream(driver, "chain", f"{_BLOCK} WHERE b.number > %s ORDER BY b.number", above)


def blocks_by_first_id(driver: psycopg.Connection[Any], above: int = 0) -> Iterator[Block]:
    """The same in the order in which their entries come by."""
    yield from _stream(driver, "blocks", f"{_BLOCK} WHERE b.number > %s ORDER BY b.first_id", above)


def newest_number(connection: Connection) -> int:
    found: int = connection.value("SELECT coalesce(max(number), 0) FROM audit_block")
    return found


# The lock's number as `seal_audit()` takes it, in the two halves that pg_locks shows.
_SEAL_HOLDERS = """
SELECT a.pid, a.usename::text AS database_user, a.application_name AS application,
       a.client_addr::text AS address, coalesce(a.xact_start, a.state_change) AS since
  FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND l.classid::bigint = (hashtext('sims.audit.seal')::bigint >> 32) & 4294967295
   AND l.objid::bigint = hashtext('sims.audit.seal')::bigint & 4294967295
   AND a.pid <> pg_backend_pid()
   AND coalesce(a.xact_start, a.state_change) <= clock_timestamp() - %(longer_than)s::interval
"""


def who_holds_the_seal(connection: Connection, longer_than: timedelta) -> list[dict[str, Any]]:
    """Sessions that have held the seal so long: sealing 20,000 entries takes a second or two."""
    return connection.rows(_SEAL_HOLDERS, longer_than=longer_than)


def end_who_holds_the_seal(connection: Connection) -> list[dict[str, Any]]:
    """End the sessions that hold it; who they were, and whether that could be done."""
    return connection.rows(
        "SELECT h.pid, h.database_user, h.application, h.address, CASE WHEN pg_has_role(h.database_user, "
        f"'MEMBER') THEN pg_terminate_backend(h.pid) ELSE false END AS ended FROM ({_SEAL_HOLDERS}) h",
        longer_than=timedelta(),
    )


def find_block(driver: psycopg.Connection[Any], number: int) -> Block | None:
    with driver.cursor(row_factory=psycopg.rows.tuple_row, binary=True) as cursor:
        row = cursor.execute(f"{_BLOCK} WHERE b.number = %s", [number]).fetchone()
    return None if row is None else _block(row)


def newest_block(driver: psycopg.Connection[Any]) -> Block | None:
    with driver.cursor(row_factory=psycopg.rows.tuple_row, binary=True) as cursor:
        row = cursor.execute(f"{_BLOCK} ORDER BY b.number DESC LIMIT 1").fetchone()
    return None if row is None else _block(row)


def hashes_of(driver: psycopg.Connection[Any], numbers: list[int]) -> dict[int, str]:
    """By number: the hash of each of these blocks that exists, and of the newest."""
    rows = driver.execute(
        "SELECT number, encode(hash, 'hex') FROM audit_block WHERE number = ANY (%s) "
        "OR number = (SELECT max(number) FROM audit_block)",
        [numbers],
    )
    return dict(rows.fetchall())


def entry_span(driver: psycopg.Connection[Any], above: int) -> tuple[int, int]:
    """First and last id of the entries in blocks after number `above`; (1, 0) when there are none."""
    row = driver.execute(
        "SELECT min(first_id), max(last_id) FROM audit_block WHERE number > %s", [above]
    ).fetchone()
    assert row is not None
    return (1, 0) if row[0] is None else (row[0], row[1])


def entry_lines(
    source: psycopg.Connection[Any], first: int = 0, last: int = 2**63 - 1
) -> Iterator[tuple[int, bytes]]:
    """Id and canonical line of each entry, by id. A connection of its own: nothing else may be asked of
    it until the last line was read."""
    with source.cursor() as cursor:
        query = f"COPY (SELECT a.id, {_LINE} FROM audit a WHERE a.id BETWEEN {int(first)} AND {int(last)} "
        with cursor.copy(f"{query} ORDER BY a.id) TO STDOUT (FORMAT binary)") as copy:
            copy.set_types(["int8", "bytea"])
            for row in copy.rows():
                yield row[0], row[1]


def newest_head(driver: psycopg.Connection[Any]) -> AuditHead | None:
    row = driver.execute("SELECT body::text FROM audit_head ORDER BY number DESC LIMIT 1").fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=AuditHead)


def known_recoveries(driver: psycopg.Connection[Any]) -> list[Recovery]:
    rows = driver.execute("SELECT body::text FROM audit_recovery ORDER BY generation").fetchall()
    return [msgspec.json.decode(row[0], type=Recovery) for row in rows]


def has_blocks(driver: psycopg.Connection[Any]) -> bool:
    """Whether this database's schema knows blocks at all; a backup of an older release does not."""
    row = driver.execute("SELECT to_regclass('public.audit_block') IS NOT NULL").fetchone()
    return bool(row and row[0])
