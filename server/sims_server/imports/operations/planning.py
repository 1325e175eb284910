"""From a file to a plan: its rows are copied beside the record and compared with it in one statement."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sims_server.imports import queries
from sims_server.imports.operations.history import list_differences
from sims_server.imports.operations.reading import read_table
from sims_server.imports.rules import counts_of, header_faults, in_file_order, read_rows
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.imports import KINDS, FileUnreadable, KindNotOffered
from sims_shared.policy.document import Applies
from sims_shared.problems import Fault
from sims_shared.regulations import regulation_in_force

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Source:
    """A file and how it is to be understood: what its headers mean, whether it lists everything."""

    kind: str
    content: bytes
    mapping: Mapping[str, str] = field(default_factory=dict)
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do. `counts` is {rows, new, changed, same, lifted, fault}."""

    counts: dict[str, int]
    faults: list[Fault]
    hash: str

    @property
    def changes_nothing(self) -> bool:
        return not (self.counts["new"] or self.counts["changed"] or self.counts["lifted"])


@dataclass(frozen=True, slots=True)
class _InForce:
    id: int
    version: int
    status: str
    applies: Applies


def check_kind(kind: str) -> None:
    """Raises KindNotOffered with the kinds there are."""
    if kind not in KINDS:
        raise KindNotOffered(
            f"“{kind[:60]}” cannot be imported; {', '.join(KINDS)} can.",
            errors=[Fault("/kind", "invalid", f"One of {', '.join(KINDS)}.")],
        )


def source_of(found: Mapping[str, Any]) -> Source:
    """The source that an import's row holds."""
    return Source(
        found["kind"], found["file"], found["mapping"], complete=bool(found["options"].get("complete"))
    )


def make_plan(work: Work, source: Source, import_id: int, progress: Progress | None = None) -> Plan:
    """Copy the file's rows to `import_row`, write each row's fate to `import_fate`, and answer the plan.

    Raises FileUnreadable, with the faults of the header where the first row is at fault."""
    # An import is one transaction and takes what it takes; nested loops over tables that the
    # statistics still believe empty would take for ever.
    work.run("SET LOCAL statement_timeout = 0")
    work.run("SET LOCAL idle_in_transaction_session_timeout = 0")
    work.run("SET LOCAL enable_nestloop = off")
    # Forbidden nested loops look dear to servers before 18, and each statement would be compiled.
    work.run("SET LOCAL jit = off")
    forget_rows(work, import_id)
    kind = source.kind
    faults = _copy_rows(work, source, import_id, progress)
    values: dict[str, Any] = {
        "import": import_id,
        "faulty": sorted({row for row, *_ in faults}),
        "zone": work.setting("time_zone"),
        "today": work.today,
    }
    if kind == "students":
        values |= _regulations(work, import_id)
    elif kind == "holds":
        values |= {
            "every_kind": work.caller.may(Permission.PLACE_HOLD),
            "own_roles": list(work.caller.roles),
        }
    work.run(queries.plan_statement(kind), **values)
    if kind == "holds" and (source.complete or queries.says_complete(work, import_id)):
        work.run(queries.LIFT_UNLISTED, **{"import": import_id})
    differences = list_differences(work, import_id) if kind == "results_history" else []
    faults += queries.planned_faults(work, import_id)
    digest = hashlib.sha256(hashlib.sha256(source.content).digest() + msgspec.json.encode(differences))
    return Plan(
        counts_of(queries.fates_of(work, import_id)),
        in_file_order(kind, faults),
        queries.plan_hash(work, import_id, digest.digest()),
    )


def forget_rows(work: Work, import_id: int) -> None:
    """Empty what a plan was made of."""
    work.run("DELETE FROM import_row WHERE import_id = %(id)s", id=import_id)
    work.run("DELETE FROM import_fate WHERE import_id = %(id)s", id=import_id)


def forget_passwords(work: Work, kind: str, import_id: int) -> None:
    """A file of accounts names passwords in clear: it goes with the commit, in its transaction."""
    if kind == "accounts":
        work.run("UPDATE import_batch SET file = '' WHERE id = %(id)s", id=import_id)


def _copy_rows(
    work: Work, source: Source, import_id: int, progress: Progress | None
) -> list[tuple[int, str, str, str]]:
    """COPY the rows and answer the faults of their cells."""
    table = read_table(source.content)
    kind = source.kind
    wrong = header_faults(kind, table.header, source.mapping)
    if wrong:
        raise FileUnreadable(
            f"The first row does not name the columns of {kind}: {wrong[0].detail}", errors=wrong
        )
    faults: list[tuple[int, str, str, str]] = []
    encode = msgspec.json.Encoder().encode

    def lines() -> Iterator[tuple[int, int, str]]:
        for row in read_rows(kind, table.header, table.rows, source.mapping):
            faults.extend((row.number, *fault) for fault in row.faults)
            yield import_id, row.number, encode(row.cells).decode()

    cursor = work.connection.driver.cursor()
    done = 0
    # A fault of a late row ends the COPY, and must not end the transaction that writes down why.
    with (
        work.connection.driver.transaction(),
        cursor.copy("COPY import_row (import_id, number, cells) FROM STDIN") as copy,
    ):
        for done, line in enumerate(lines(), start=1):
            copy.write_row(line)
            if progress is not None and done % 5000 == 0:
                progress(done, 0)
    if progress is not None:
        progress(done, done)
    return faults


def _regulations(work: Work, import_id: int) -> dict[str, list[Any]]:
    """The regulation in force for each program and intake that the file names."""
    candidates = [
        _InForce(
            row["id"],
            row["version"],
            row["status"],
            Applies(
                level=row["level"],
                programs=row["programs"],
                intake_from=row["intake_from"],
                intake_to=row["intake_to"],
            ),
        )
        for row in queries.regulations_in_force(work)
    ]
    found: dict[str, list[Any]] = {"programs": [], "intakes": [], "regulations": []}
    for pair in queries.programs_and_intakes(work, import_id):
        chosen = regulation_in_force(
            candidates, pair["program_code"], pair["level"], pair["intake"], program_id=pair["program_id"]
        )
        if chosen is not None:
            found["programs"].append(pair["program_code"])
            found["intakes"].append(pair["intake"])
            found["regulations"].append(chosen.id)
    return found
