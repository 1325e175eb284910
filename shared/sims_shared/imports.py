"""Imports: whole files brought into the record, previewed row by row and committed as one.

The rule a newcomer would get wrong: a blank cell says nothing. It never erases what the record holds,
and a blank score is not zero.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

import msgspec

from .access import Permission
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
    "attendance",
    "holds",
    "results_history",
    "exam_rooms",
    "exam_papers",
]
KINDS: tuple[str, ...] = get_args(ImportKind)

# Who may import a kind may write its rows: the offices see their own kinds and no others.
PERMISSIONS: dict[str, Permission] = {
    "departments": Permission.MANAGE_CATALOG,
    "programs": Permission.MANAGE_CATALOG,
    "courses": Permission.MANAGE_CATALOG,
    "terms": Permission.MANAGE_CATALOG,
    "sections": Permission.MANAGE_CATALOG,
    "accounts": Permission.MANAGE_ACCOUNTS,
    "students": Permission.MANAGE_STUDENTS,
    "enrollments": Permission.OVERRIDE_ENROLLMENT,
    # Assessments come with the marks of the years before: whoever brings in those brings in these.
    "assessments": Permission.IMPORT_SCORES,
    "scores": Permission.IMPORT_SCORES,
    "attendance": Permission.WRITE_ATTENDANCE,
    "holds": Permission.PLACE_FEE_HOLD,
    "results_history": Permission.BRING_RESULTS,
    "exam_rooms": Permission.MANAGE_EXAMINATIONS,
    "exam_papers": Permission.MANAGE_EXAMINATIONS,
}

# lifted: a fee hold that a complete file of the accounts office no longer lists.
Fate = Literal["new", "changed", "same", "lifted", "fault"]
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


class ImportNotPreviewed(Refusal):
    """The file is still being read; its plan comes with the preview."""

    code = "imports.not_previewed"
    title = "The preview of this file is not ready yet"
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


class OwnProposal(Refusal):
    """Results from before this system are proposed by one person and confirmed by another."""

    code = "imports.own_proposal"
    title = "You proposed this import; another person confirms it"
    kind = Kind.CONFLICT


class ImportNotCommitted(Refusal):
    """Only what was committed can be undone."""

    code = "imports.not_committed"
    title = "This import was not committed"
    kind = Kind.CONFLICT


class ImportUndone(Refusal):
    """An import is undone once."""

    code = "imports.already_undone"
    title = "This import was undone already"
    kind = Kind.CONFLICT


class ImportNotUndoable(Refusal):
    """What this kind brings in is never taken out again; the detail says what is done instead."""

    code = "imports.not_undoable"
    title = "An import of this kind cannot be undone"
    kind = Kind.CONFLICT


class ImportDependedOn(Refusal):
    """Something stands on what was imported, or changed it since; `errors` lists each with its row."""

    code = "imports.depended_on"
    title = "Something depends on what was imported, so it stays"
    kind = Kind.CONFLICT


class UploadImport(msgspec.Struct, frozen=True, kw_only=True):
    """A file to preview, as a multipart form: `kind` and `file` (CSV, XLSX or ODS; the first row names the
    columns). `mapping` says what the file's own headers mean: JSON `{"Roll No": "reg_no"}`, `""` for a
    column to leave out; it is remembered for this account and kind. `complete`: `true` for a file of
    holds that lists every fee hold there is."""

    kind: str
    file: bytes
    file_name: str = "file"
    mapping: str = ""
    complete: str = ""


class UndoImport(Command, frozen=True, kw_only=True):
    """Take out again what an import brought in, while nothing depends on it."""

    import_id: Id


class UnknownColumn(View, kw_only=True):
    """A header that is none of ours, and what it may mean."""

    header: str
    suggestions: list[str]


class MissingColumn(View, kw_only=True):
    """A column the kind needs, and which header of the file may be it."""

    column: str
    suggestions: list[str]


class HeaderOffer(View, kw_only=True):
    """What is not understood of a file's first row. Answer with `mapping` on another upload. `free` are
    the columns of the kind that no header means yet."""

    unknown: list[UnknownColumn] = []
    missing: list[MissingColumn] = []
    free: list[str] = []


class FileReading(View, kw_only=True):
    """As what a file was read: `csv`, `xlsx` or `ods`; of CSV its encoding and delimiter."""

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None


class MappingView(View, kw_only=True):
    """What this account called the columns of a kind the last time: `{header: column}`."""

    kind: ImportKind
    mapping: dict[str, str]
    updated_at: datetime


class MappingList(View, kw_only=True):
    """The remembered mappings of the caller."""

    results: list[MappingView]
    next: None = None


class DifferenceView(View, kw_only=True):
    """An average as it was recorded, which prints, beside what the regulation makes of the rows."""

    id: Id
    registration_id: Id
    reg_no: str
    term_id: Id
    term: str
    figure: Literal["sgpa", "cgpa"]
    recorded: Decimal
    recomputed: Decimal | None


class CommitImport(Command, frozen=True, kw_only=True):
    """Carry out exactly the plan that was previewed."""

    import_id: Id
    plan_hash: PlanHash


class DifferencePage(View, kw_only=True):
    """Differences of one import, in the order of registrations and terms."""

    results: list[DifferenceView]
    next: str | None


class ImportCounts(View, kw_only=True):
    """How many rows of the file meet which fate."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    lifted: int = 0
    fault: int = 0


class ImportView(View, kw_only=True):
    """An import. `faults` are all faults of the file (`pointer` is `row 14, column weight`); `plan_hash`
    is what a commit must name; `rows` leads to the fate of each row. `columns` says what was not
    understood of the first row. Results from before this system wait, once proposed, for another
    person's commit; `differences` leads to the averages that the regulation would compute otherwise."""

    id: Id
    kind: str
    file_name: str
    status: ImportStatus
    counts: ImportCounts
    faults: list[Fault]
    plan_hash: str | None
    rows: str
    differences: str | None
    reading: FileReading
    columns: HeaderOffer
    mapping: dict[str, str]
    complete: bool
    job_id: int | None
    created_by: Person
    created_at: datetime
    proposed_by: Person | None
    proposed_at: datetime | None
    confirmed_by: Person | None
    confirmed_at: datetime | None
    committed_at: datetime | None
    undone_by: Person | None
    undone_at: datetime | None


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
    undone_at: datetime | None


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
