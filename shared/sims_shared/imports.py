"""Imports: whole files brought into the record, previewed row by row and committed as one.

The rule a newcomer would get wrong: a blank cell says nothing. It never erases what the record holds,
and a blank score is not zero.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, get_args

import msgspec

from .messages import Command, View
from .problems import Fault, Kind, Refusal
from .values import Id, Person

ImportKind = Literal[
    "departments",
    "programs",
    "courses",
    "terms",
    "accounts",
    "sections",
    "students",
    "enrollments",
    "assessments",
    "scores",
]
KINDS: tuple[str, ...] = get_args(ImportKind)

Fate = Literal["new", "changed", "same", "fault"]
ImportStatus = Literal["uploaded", "previewed", "faulty", "committed", "undone", "failed"]
# Any text: what is not the plan's hash is a stale plan, and says so.
PlanHash = Annotated[str, msgspec.Meta(max_length=200)]


class KindNotOffered(Refusal):
    """Nothing of this kind can be imported."""

    code = "imports.kind_not_offered"
    title = "This kind cannot be imported"
    kind = Kind.INVALID


class FileUnreadable(Refusal):
    """The file is no CSV, XLSX or ODS, or its first row does not name its columns."""

    code = "imports.file_unreadable"
    title = "The file cannot be read as a table"
    kind = Kind.INVALID


class ImportFaulty(Refusal):
    """Nothing is imported while one row is at fault; `errors` holds all faults with row and column."""

    code = "imports.faulty"
    title = "The file has faults, so nothing of it is imported"
    kind = Kind.CONFLICT


class ImportStale(Refusal):
    """The record changed since the preview, so the rows would meet another fate than the one shown."""

    code = "imports.stale"
    title = "The preview no longer holds; preview the file again"
    kind = Kind.CONFLICT


class ImportCommitted(Refusal):
    """This import was committed before."""

    code = "imports.already_committed"
    title = "This import was committed already"
    kind = Kind.CONFLICT


class UploadImport(msgspec.Struct, frozen=True, kw_only=True):
    """A file to preview, as a multipart form: `kind` and `file` (CSV, XLSX or ODS; first row names the
    columns)."""

    kind: str
    file: bytes
    file_name: str = "file"


class CommitImport(Command, frozen=True, kw_only=True):
    """Carry out exactly the plan that was previewed."""

    import_id: Id
    plan_hash: PlanHash


class ImportCounts(View, kw_only=True):
    """How many rows of the file meet which fate."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    fault: int = 0


class ImportView(View, kw_only=True):
    """An import. `faults` are all faults of the file (`pointer` is `row 14, column weight`); `plan_hash`
    is what a commit must name; `rows` leads to the fate of each row."""

    id: Id
    kind: str
    file_name: str
    status: ImportStatus
    counts: ImportCounts
    faults: list[Fault]
    plan_hash: str | None
    rows: str
    job_id: int | None
    created_by: Person
    created_at: datetime
    committed_at: datetime | None


class ImportSummary(View, kw_only=True):
    """An import as the list shows it: without its faults."""

    id: Id
    kind: str
    file_name: str
    status: ImportStatus
    counts: ImportCounts
    created_by: Person
    created_at: datetime
    committed_at: datetime | None


class ImportRowView(View, kw_only=True):
    """One row of the file: `row` as a spreadsheet counts it (the header is 1), its cells as read, its
    fate, and for a changed row what changes: `{column: [old, new]}`."""

    row: int
    fate: Fate
    cells: dict[str, Any]
    changes: dict[str, Any] | None


class ImportRowPage(View, kw_only=True):
    """Rows of one import in the file's order."""

    results: list[ImportRowView]
    next: str | None
