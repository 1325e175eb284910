"""What the record says of an import: its plan, its faults, and the imports themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from sims_server.imports.queries.desk_plans import FEE_REASON, LIFT_UNLISTED
from sims_server.imports.queries.history import (
    ATTEMPT,
    brought_rows,
    find_waiting,
    keep_differences,
    recorded_terms,
    registrations_of,
)
from sims_server.imports.queries.plans import PLANS, plan_statement, typed_rows
from sims_server.imports.queries.undoing import changed_since, dependants_of, made_by
from sims_server.kernel.actor import Caller
from sims_server.kernel.paging import Filter, Listing, Order
from sims_server.kernel.work import Work
from sims_shared.imports import (
    PERMISSIONS,
    DifferencePage,
    DifferenceView,
    Fate,
    FileReading,
    HeaderOffer,
    ImportCounts,
    ImportKind,
    ImportRowPage,
    ImportRowView,
    ImportStatus,
    ImportView,
    MappingList,
    MappingView,
)
from sims_shared.problems import Fault, NotFound
from sims_shared.values import SYSTEM, Person

__all__ = [
    "ATTEMPT",
    "FEE_REASON",
    "IMPORTS",
    "LIFT_UNLISTED",
    "PERMISSIONS",
    "DifferencesAsked",
    "MappingsAsked",
    "RowsAsked",
    "access_import",
    "brought_rows",
    "changed_since",
    "dependants_of",
    "fates_of",
    "find_waiting",
    "get_import",
    "keep_differences",
    "keep_effects",
    "list_import_differences",
    "list_import_rows",
    "list_mappings",
    "lock_targets",
    "made_by",
    "mapping_of",
    "offered_kinds",
    "plan_hash",
    "plan_statement",
    "planned_faults",
    "programs_and_intakes",
    "recorded_terms",
    "registrations_of",
    "regulations_in_force",
    "says_complete",
    "typed_rows",
]


def planned_faults(work: Work, import_id: int) -> Iterable[tuple[int, str, str, str]]:
    """(row, column, code, sentence) of every fault that the record found."""
    for row in work.rows(
        "SELECT number, unnest(faults) AS fault FROM import_fate WHERE import_id = %(id)s AND fate = 'fault'",
        id=import_id,
    ):
        column, code, detail = row["fault"].split("|", 2)
        yield row["number"], column, code, detail


def fates_of(work: Work, import_id: int) -> list[tuple[str, int]]:
    rows = work.rows(
        "SELECT fate, count(*) AS n FROM import_fate WHERE import_id = %(id)s GROUP BY fate", id=import_id
    )
    return [(row["fate"], row["n"]) for row in rows]


def plan_hash(work: Work, import_id: int, file_hash: bytes) -> str:
    """What the plan is, in 64 hex digits: the file, and each row with its fate, target and changes."""
    found: str = work.value(
        "SELECT encode(sha256(%(file)s || coalesce(string_agg(sha256(convert_to(concat_ws('|', "
        "number, fate, target, refs::text, changes::text), 'UTF8')), ''::bytea ORDER BY number), "
        "''::bytea)), 'hex') "
        "FROM import_fate WHERE import_id = %(id)s",
        file=file_hash,
        id=import_id,
    )
    return found


def programs_and_intakes(work: Work, import_id: int) -> list[dict[str, Any]]:
    """The distinct pairs in a file of students, with what the chooser of regulations asks for."""
    return work.rows(
        f"SELECT DISTINCT i.program_code, i.intake, p.id AS program_id, p.level FROM "
        f"({typed_rows('students')}) i "
        "JOIN program p ON p.code = i.program_code WHERE i.intake IS NOT NULL",
        **{"import": import_id},
    )


def regulations_in_force(work: Work) -> list[dict[str, Any]]:
    return work.rows(
        "SELECT id, version, status, level, programs, intake_from, intake_to FROM regulation "
        "WHERE status = 'in_force'"
    )


def says_complete(work: Work, import_id: int) -> bool:
    """Whether a row of a file of holds says that the file lists every fee hold."""
    return bool(
        work.value(
            "SELECT bool_or((cells->>'complete')::boolean) FROM import_row WHERE import_id = %(id)s",
            id=import_id,
        )
    )


# The columns of the plan's own statement, found again once the rows are written: only so is a new row's
# id known. Of scores the cell is found by its natural key when it is asked for: 170,000 of them are not.
def keep_effects(work: Work, kind: str, import_id: int) -> None:
    """Remember what the plan did, for the list of rows and for an undo."""
    plan = PLANS[kind]
    work.run(
        "INSERT INTO import_effect (import_id, number, fate, target, changes) "
        "SELECT import_id, number, fate, target, changes FROM import_fate "
        "WHERE import_id = %(import)s AND (fate IN ('changed', 'lifted') OR fate = 'new' AND %(whole)s)",
        **{"import": import_id},
        whole=kind == "scores",
    )
    if kind != "scores":
        work.run(
            f"WITH input AS MATERIALIZED ({typed_rows(kind)}) "
            "INSERT INTO import_effect (import_id, number, fate, target) "
            f"SELECT %(import)s, i.number, 'new', min({plan.target}) FROM input i "
            "JOIN import_fate made ON made.import_id = %(import)s AND made.number = i.number "
            f"AND made.fate = 'new' {plan.joins} GROUP BY i.number",
            **{"import": import_id},
            zone=work.setting("time_zone"),
            programs=[],
            intakes=[],
            regulations=[],
        )


_TABLE = {
    "departments": "department",
    "programs": "program",
    "courses": "course",
    "terms": "term",
    "accounts": "account",
    "sections": "section",
    "students": "registration",
    "enrollments": "enrollment",
    "assessments": "assessment",
    "scores": "assessment_score",
    "attendance": "attendance",
    "holds": "hold",
    "exam_rooms": "exam_room",
    "exam_papers": "exam_paper",
}


def lock_targets(work: Work, kind: str, import_id: int) -> None:
    """Hold the rows that the plan would change until the commit."""
    if kind in _TABLE:
        work.run(
            f"SELECT FROM {_TABLE[kind]} WHERE id IN (SELECT target FROM import_fate "
            "WHERE import_id = %(id)s AND fate IN ('changed', 'lifted')) ORDER BY id FOR NO KEY UPDATE",
            id=import_id,
        )


def offered_kinds(caller: Caller) -> list[str]:
    """The kinds this caller may import."""
    return [kind for kind, permission in PERMISSIONS.items() if caller.may(permission)]


def _scope(caller: Caller) -> tuple[str, dict[str, Any]]:
    return "i.kind = ANY (%(own_kinds)s)", {"own_kinds": offered_kinds(caller)}


_PERSONS = ("created_by", "proposed_by", "confirmed_by", "undone_by")
_NAMED = ", ".join(
    f"i.{one}, (SELECT name FROM account WHERE id = i.{one}) AS {one}_name" for one in _PERSONS
)
_IMPORT = f"""
SELECT i.id, i.kind, i.file_name, i.status, i.counts, i.plan_hash, i.job_id, i.created_at, i.committed_at,
       i.proposed_at, i.confirmed_at, i.undone_at, i.reading, i.mapping, i.options, i.faults,
       {_NAMED}
  FROM import_batch i"""


def _shape(row: dict[str, Any]) -> dict[str, Any]:
    row["created_by"] = Person(row["created_by"], row.pop("created_by_name"))
    return row


IMPORTS = Listing(
    entity="import",
    columns={
        "id": "i.id",
        "kind": "i.kind",
        "file_name": "i.file_name",
        "status": "i.status",
        "counts": "i.counts",
        "created_by": "i.created_by",
        "created_by_name": "coalesce(a.name, 'system')",
        "created_at": "i.created_at",
        "committed_at": "i.committed_at",
        "undone_at": "i.undone_at",
    },
    source="import_batch i LEFT JOIN account a ON a.id = i.created_by",
    key="i.id",
    filters={"kind": Filter("i.kind = {}", ImportKind), "status": Filter("i.status = {}", ImportStatus)},
    orders={"id": Order("i.id", "bigint")},
    default_order="-id",
    scope=_scope,
    shape=_shape,
)


def access_import(work: Work, import_id: int) -> dict[str, Any]:
    """The import within the caller's kinds, or NotFound."""
    condition, values = _scope(work.caller)
    row = work.row(f"{_IMPORT} WHERE i.id = %(id)s AND {condition}", id=import_id, **values)
    if row is None:
        raise NotFound
    return row


def get_import(work: Work, import_id: int) -> ImportView:
    """One import with its plan and all its faults."""
    row = access_import(work, import_id)
    row["faults"] = msgspec.convert(row["faults"], list[Fault])
    row["counts"] = msgspec.convert(row["counts"], ImportCounts)
    reading = row.pop("reading")
    row["reading"] = msgspec.convert(reading.get("file", {}), FileReading)
    row["columns"] = msgspec.convert(reading.get("columns", {}), HeaderOffer)
    row["complete"] = bool(row.pop("options").get("complete"))
    for one in _PERSONS:
        name = row.pop(f"{one}_name")
        row[one] = None if row[one] is None else Person(row[one], name)
    row["created_by"] = row["created_by"] or SYSTEM
    path = f"/api/imports/{import_id}/"
    differences = f"{path}differences/" if row["kind"] == "results_history" else None
    return ImportView(**row, rows=f"{path}rows/", differences=differences)


class RowsAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows of an import: of one fate, after a row, how many."""

    fate: Fate | None = None
    after: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] = 0
    page_size: Annotated[int, msgspec.Meta(ge=1, le=200)] = 200


# Before the commit what each row would do; after it what was done, which stays.
_ROWS = """
SELECT f.number AS row, f.fate, coalesce(r.cells - 'password', '{}') AS cells, f.changes
  FROM (SELECT number, fate, changes FROM import_fate WHERE import_id = %(id)s
        UNION ALL SELECT number, fate, changes FROM import_effect WHERE import_id = %(id)s) f
  LEFT JOIN import_row r ON r.import_id = %(id)s AND r.number = f.number
 WHERE f.number > %(after)s AND (%(fate)s::text IS NULL OR f.fate = %(fate)s)
 ORDER BY f.number LIMIT %(limit)s"""


def list_import_rows(work: Work, import_id: int, query: RowsAsked) -> ImportRowPage:
    """The fate of each row of a previewed file, in the file's order; of a committed one what it did."""
    access_import(work, import_id)
    size = query.page_size
    rows = work.rows(_ROWS, id=import_id, after=query.after, fate=query.fate, limit=size + 1)
    following = None
    if len(rows) > size:
        rows.pop()
        wanted = f"&fate={query.fate}" if query.fate else ""
        following = f"/api/imports/{import_id}/rows/?after={rows[-1]['row']}&page_size={size}{wanted}"
    return ImportRowPage(results=[ImportRowView(**row) for row in rows], next=following)


class DifferencesAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Which differences of an import: after one, how many."""

    after: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0
    page_size: Annotated[int, msgspec.Meta(ge=1, le=200)] = 200


def list_import_differences(work: Work, import_id: int, query: DifferencesAsked) -> DifferencePage:
    """The averages that were recorded otherwise than the regulation would make them. The recorded ones
    print."""
    access_import(work, import_id)
    rows = work.rows(
        "SELECT d.id, d.registration_id, g.reg_no, d.term_id, t.name AS term, d.figure, d.recorded, "
        "d.recomputed FROM recorded_difference d JOIN registration g ON g.id = d.registration_id "
        "JOIN term t ON t.id = d.term_id WHERE d.import_id = %(id)s AND d.id > %(after)s ORDER BY d.id "
        "LIMIT %(limit)s",
        id=import_id,
        after=query.after,
        limit=query.page_size + 1,
    )
    following = None
    if len(rows) > query.page_size:
        rows.pop()
        following = (
            f"/api/imports/{import_id}/differences/?after={rows[-1]['id']}&page_size={query.page_size}"
        )
    return DifferencePage(results=[DifferenceView(**row) for row in rows], next=following)


def mapping_of(work: Work, kind: str) -> dict[str, str]:
    """What the caller called the columns of a kind the last time."""
    return {
        row["header"]: row["means"]
        for row in work.rows(
            "SELECT header, means FROM import_mapping WHERE account_id = %(by)s AND kind = %(kind)s",
            by=work.caller.id,
            kind=kind,
        )
    }


class MappingsAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Of which kind; of all when left away."""

    kind: ImportKind | None = None


def list_mappings(work: Work, query: MappingsAsked) -> MappingList:
    """What the caller called the columns of each kind the last time."""
    rows = work.rows(
        "SELECT kind, jsonb_object_agg(header, means) AS mapping, max(updated_at) AS updated_at "
        "FROM import_mapping WHERE account_id = %(by)s AND (%(kind)s::text IS NULL OR kind = %(kind)s) "
        "GROUP BY kind ORDER BY kind",
        by=work.caller.id,
        kind=query.kind,
    )
    return MappingList(results=[MappingView(**row) for row in rows])
