"""What the record says of an import: its plan, its faults, and the imports themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from sims_server.imports.queries.plans import plan_statement, typed_rows
from sims_server.kernel.paging import Filter, Listing, Order
from sims_server.kernel.work import Work
from sims_shared.imports import (
    ImportCounts,
    ImportKind,
    ImportRowPage,
    ImportRowView,
    ImportStatus,
    ImportView,
)
from sims_shared.problems import Fault, NotFound
from sims_shared.values import Person

__all__ = [
    "IMPORTS",
    "RowsAsked",
    "access_import",
    "fates_of",
    "get_import",
    "list_import_rows",
    "plan_hash",
    "plan_statement",
    "planned_faults",
    "programs_and_intakes",
    "regulations_in_force",
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


_IMPORT = """
SELECT i.id, i.kind, i.file_name, i.status, i.counts, i.plan_hash, i.job_id, i.created_at, i.committed_at,
i.created_by, coalesce(a.name, 'system') AS created_by_name{more}
  FROM import_batch i LEFT JOIN account a ON a.id = i.created_by"""


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
    },
    source="import_batch i LEFT JOIN account a ON a.id = i.created_by",
    key="i.id",
    filters={"kind": Filter("i.kind = {}", ImportKind), "status": Filter("i.status = {}", ImportStatus)},
    orders={"id": Order("i.id", "bigint")},
    default_order="-id",
    shape=_shape,
)


def access_import(work: Work, import_id: int) -> dict[str, Any]:
    """The import, or NotFound."""
    row = work.row(_IMPORT.format(more=", i.faults") + " WHERE i.id = %(id)s", id=import_id)
    if row is None:
        raise NotFound
    return _shape(row)


def get_import(work: Work, import_id: int) -> ImportView:
    """One import with its plan and all its faults."""
    row = access_import(work, import_id)
    row["faults"] = msgspec.convert(row["faults"], list[Fault])
    row["counts"] = msgspec.convert(row["counts"], ImportCounts)
    return ImportView(**row, rows=f"/api/imports/{import_id}/rows/")


class RowsAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows of an import: of one fate, after a row, how many."""

    fate: str | None = None
    after: int = 0
    page_size: int = 200


def list_import_rows(work: Work, import_id: int, query: RowsAsked) -> ImportRowPage:
    """The fate of each row of a previewed file, in the file's order."""
    access_import(work, import_id)
    size = max(1, min(query.page_size, 200))
    rows = work.rows(
        "SELECT r.number AS row, f.fate, r.cells - 'password' AS cells, f.changes FROM "
        "import_fate f JOIN import_row r USING (import_id, number) "
        "WHERE f.import_id = %(id)s AND f.number > %(after)s AND (%(fate)s::text IS NULL OR "
        "f.fate = %(fate)s) ORDER BY f.number LIMIT %(limit)s",
        id=import_id,
        after=query.after,
        fate=query.fate,
        limit=size + 1,
    )
    following = None
    if len(rows) > size:
        rows.pop()
        wanted = f"&fate={query.fate}" if query.fate else ""
        following = f"/api/imports/{import_id}/rows/?after={rows[-1]['row']}&page_size={size}{wanted}"
    return ImportRowPage(results=[ImportRowView(**row) for row in rows], next=following)
