"""`sims server check`: every invariant as a query over the live database, in one snapshot.

Readers and writers go on meanwhile. The snapshot matters: counting seats and enrollments in two
statements would see a student enroll in between and call it a broken rule.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import msgspec

from sims_server.audit.operations.verifying import database_findings
from sims_server.audit.queries import who_holds_the_seal
from sims_server.kernel import clock
from sims_server.kernel.actor import SYSTEM_CALLER
from sims_server.kernel.database import Database
from sims_server.kernel.work import Work
from sims_server.operations_room.queries.invariants import (
    INVARIANTS,
    SHOWN,
    broken_rows,
    counts_of,
    declared_figures,
    published_sections,
    registrations_with_record,
)
from sims_server.results.operations.recomputing import wrong_figures
from sims_server.results.queries.judging import records_of
from sims_shared.gpa import cumulative_gpa, effective_rows

CHAIN = "audit.chain"
CHAIN_SENTENCE = "Every entry of the audit is in one block as it was written; each block names the one before"
COUNTS = "result.counts"
COUNTS_SENTENCE = "Which attempt counts is what the regulation makes of the published results"
SEAL = "audit.seal"
SEAL_SENTENCE = "Nobody holds the seal of the audit without sealing"
HELD_LONG = timedelta(seconds=30)
AT_ONCE = 500  # registrations recomputed in one go
CGPA = "registration.cgpa"
CGPA_SENTENCE = "A registration's CGPA is what its regulation makes of its published results"


FIGURES = "result.figures"
FIGURES_SENTENCE = "A published result that nobody changed is what its marks come to"
SECTIONS_AT_ONCE = 20
CHECKS = len(INVARIANTS) + 5


class Broken(msgspec.Struct, frozen=True):
    """An invariant that does not hold, with the first rows that break it."""

    name: str
    sentence: str
    rows: list[dict[str, Any]]


def broken_invariants(
    database: Database, told: Callable[[int, int], object] = lambda done, total: None
) -> list[Broken]:
    """All that do not hold, of `database` as whoever its URL names. `told` after each one."""
    broken = []
    for number, found in enumerate(_judged(database), 1):
        if isinstance(found, Broken):
            broken.append(found)
        told(number, CHECKS)
    return broken


def run_checks(database: Database, out: TextIO | None = None) -> int:
    """Print each invariant with `holds`, or with the first rows that break it; 0 when all hold, else 1."""
    out = out or sys.stdout
    failed = 0
    for found in _judged(database):
        if isinstance(found, Broken):
            failed += 1
            out.write(f"BROKEN  {found.name}: {found.sentence}\n")
            for row in found.rows:
                out.write(f"          {msgspec.json.encode(row).decode()}\n")
        else:
            out.write(f"holds   {found}\n")
        out.flush()
    out.write(f"check: {failed} of {CHECKS} do not hold\n" if failed else f"check: all {CHECKS} hold\n")
    return 1 if failed else 0


def _judged(database: Database) -> Iterator[Broken | str]:
    """Not through the kernel's door: it speaks to the database first, and a snapshot is chosen before
    the first word. Nothing is written, and the transaction says so."""
    with database.transaction() as connection:
        connection.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.run("SET LOCAL statement_timeout = '30min'")
        connection.run("SET LOCAL idle_in_transaction_session_timeout = 0")
        # Every check reads whole tables. One that was filled a moment ago has no statistics yet, and what the
        # planner takes for a handful of rows it reads again for each row of another: minutes become hours.
        connection.run("SET LOCAL enable_nestloop = off")
        for invariant in INVARIANTS:
            rows = broken_rows(connection, invariant)
            yield Broken(invariant.name, invariant.sentence, rows) if rows else invariant.name
        work = Work(connection, database, SYSTEM_CALLER, clock.now(), "", Path(), CGPA)
        averages, attempts = _recomputed(work)
        yield Broken(CGPA, CGPA_SENTENCE, averages) if averages else CGPA
        yield Broken(COUNTS, COUNTS_SENTENCE, attempts) if attempts else COUNTS
        figures = list(islice(_figures(work), SHOWN))
        yield Broken(FIGURES, FIGURES_SENTENCE, figures) if figures else FIGURES
    # In a snapshot of its own: two connections share it, and nothing here is compared with the above.
    broken = [asdict(one) for one in islice(database_findings(database.url), SHOWN)]
    yield Broken(CHAIN, CHAIN_SENTENCE, broken) if broken else CHAIN
    with database.reading() as connection:
        holders = who_holds_the_seal(connection, HELD_LONG)
    yield Broken(SEAL, SEAL_SENTENCE, holders) if holders else SEAL


def _figures(work: Work) -> Iterator[dict[str, Any]]:
    """Published results that are not what their marks come to, section by section."""
    sections = published_sections(work.connection)
    for start in range(0, len(sections), SECTIONS_AT_ONCE):
        yield from wrong_figures(work, sections[start : start + SECTIONS_AT_ONCE])


def _recomputed(work: Work) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The first averages, and the first results said to count or not, that are not what the regulation makes
    of the results alone, in the same exact arithmetic."""
    everybody = registrations_with_record(work.connection)
    averages: list[dict[str, Any]] = []
    attempts: list[dict[str, Any]] = []
    for start in range(0, len(everybody), AT_ONCE):
        some = everybody[start : start + AT_ONCE]
        stored, counts = declared_figures(work.connection, some), counts_of(work.connection, some)
        for record in records_of(work, some).records:
            rows, required = [entry.row for entry in record.rows], record.credits_required
            if len(averages) < SHOWN and record.declared:
                computed = cumulative_gpa(record.policy, rows, credits_required=required).value
                if computed != (cgpa := stored[record.registration_id]):
                    averages.append(
                        {"registration_id": record.registration_id, "cgpa": cgpa, "computed": computed}
                    )
            fates = effective_rows(record.policy, rows, credits_required=required)
            for entry in record.rows:
                said, fate = counts.get(entry.result_id, "counted"), fates[entry.row.key]
                if said != fate and len(attempts) < SHOWN:
                    attempts.append({"result_id": entry.result_id, "counts": said, "computed": fate})
        if len(averages) == len(attempts) == SHOWN:
            break
    return averages, attempts
