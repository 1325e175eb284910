"""`sims server audit verify`: entries against blocks, blocks against one another and against heads.

Every hash is computed here, from the entries as they are; the database is only believed in what it
hands over. What was verified last stands in a file outside it, so that the health page follows by
looking at new blocks only; every night, and on demand, everything is verified again.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import msgspec
import psycopg

from sims_server.audit import queries, rules
from sims_server.audit.operations import anchoring
from sims_server.audit.rules import Finding
from sims_server.kernel import clock
from sims_server.kernel.database import Database
from sims_server.kernel.jobs import JobRun, job
from sims_server.kernel.scheduler import schedule
from sims_shared.audit import AuditHead, Recovery

VERIFY = "audit.verify"
SHOWN = 20
MANIFESTS = "*.manifest.json"

schedule("audit.verify", "30 3 * * *", VERIFY)


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """How far the audit was found right, and the first thing that was not, until a verification of
    everything finds nothing."""

    number: int = 0
    hash: str = ""
    generation: int = 0
    at: datetime | None = None
    finding: str | None = None


@dataclass
class Verdict:
    """What a verification of everything came to. `told` are sentences that are no findings."""

    findings: list[Finding] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    blocks: int = 0
    entries: int = 0
    unsealed: int = 0
    newest: rules.Block | None = None

    @property
    def holds(self) -> bool:
        return not self.findings


# --- the database ---------------------------------------------------------------------------------


@contextlib.contextmanager
def _one_snapshot(url: str) -> Iterator[tuple[psycopg.Connection[Any], psycopg.Connection[Any]]]:
    """Two connections over one snapshot: entries stream through the second while blocks are asked for."""
    with (
        psycopg.connect(url, application_name="sims-audit") as driver,
        psycopg.connect(url, application_name="sims-audit") as source,
    ):
        driver.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = driver.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        source.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        source.execute(f"SET TRANSACTION SNAPSHOT '{row[0]}'")
        for connection in (driver, source):
            connection.execute("SET LOCAL statement_timeout = 0")
            connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield driver, source


def database_findings(url: str, verdict: Verdict | None = None) -> Iterator[Finding]:
    """What does not hold in a database by itself: its blocks, and its entries against them. Counts go
    into `verdict`."""
    with _one_snapshot(url) as (driver, source):
        yield from _everything(driver, source, verdict or Verdict())


def _everything(
    driver: psycopg.Connection[Any], source: psycopg.Connection[Any], verdict: Verdict
) -> Iterator[Finding]:
    counted = _Counted(queries.blocks_by_number(driver))
    yield from rules.chain_findings(counted)
    verdict.blocks, verdict.newest = counted.number, counted.last
    settled = counted.last.settled_id if counted.last is not None else 0
    judge = rules.EntryJudge(queries.blocks_by_first_id(driver), settled)
    yield from judge.judge(queries.entry_lines(source))
    verdict.entries, verdict.unsealed = judge.entries, judge.unsealed


@dataclass
class _Counted:
    """Blocks that are counted while they pass."""

    blocks: Iterator[rules.Block]
    number: int = 0
    last: rules.Block | None = None

    def __iter__(self) -> Iterator[rules.Block]:
        for block in self.blocks:
            self.number, self.last = self.number + 1, block
            yield block


# --- with the heads -------------------------------------------------------------------------------


def verify(database: Database, data: Path, heads: Path | None = None) -> Verdict:
    """Verify everything: the database, and the heads in the file of heads, in the manifests of backups
    and in `heads`. Raises OSError or ValueError when `heads` cannot be read."""
    verdict = Verdict()
    given = [] if heads is None else anchoring.read_statements(heads)
    if heads is not None and not given:
        raise ValueError(f"{heads} holds no head")
    with _one_snapshot(database.url) as (driver, source):
        verdict.findings += islice(_everything(driver, source, verdict), SHOWN)
        _judge_heads(driver, data, given, heads, verdict)
    _note(data, verdict)
    return verdict


def _judge_heads(
    driver: psycopg.Connection[Any],
    data: Path,
    given: list[anchoring.Statement],
    file: Path | None,
    verdict: Verdict,
) -> None:
    trusted = anchoring.trusted_keys(data)
    sources: dict[str, list[anchoring.Statement]] = {}
    path = anchoring.heads_file(data)
    if path.exists():
        sources[str(path)] = _read(path, verdict)
    for manifest in sorted((data / "backups").glob(MANIFESTS)):
        sources[str(manifest)] = _read(manifest, verdict)
    if file is not None:
        sources[str(file)] = given
    everything = [one for found in sources.values() for one in found]
    recoveries: dict[int, Recovery] = {}
    for one in [*everything, *queries.known_recoveries(driver)]:
        if isinstance(one, Recovery):
            if rules.is_signed(one, trusted):
                recoveries[one.generation] = one
            else:
                words = f"restore {one.generation} is not signed by a key of this installation"
                verdict.findings.append(Finding(words))
    verdict.told += [rules.recovery_in_words(one) for _, one in sorted(recoveries.items())]
    heads = [one for one in everything if isinstance(one, AuditHead)]
    hashes = queries.hashes_of(driver, [head.number for head in heads])
    seen: set[AuditHead] = set()
    lost = 0
    for name, found in sources.items():
        for head in found:
            if not isinstance(head, AuditHead) or head in seen:
                continue
            seen.add(head)
            lost += rules.is_lost(head, recoveries.values())
            finding = rules.head_finding(head, hashes, list(recoveries.values()), trusted)
            if finding is not None and len(verdict.findings) < SHOWN:
                verdict.findings.append(Finding(f"{finding.words} ({name})", finding.block))
    verdict.told.append(
        f"{len(seen)} signed heads were compared" + (f", {lost} of them lost" if lost else "")
    )
    if not seen:
        verdict.told.append("without a head outside, a history that was recomputed whole is not noticed")


def _read(path: Path, verdict: Verdict) -> list[anchoring.Statement]:
    try:
        return anchoring.read_statements(path)
    except (OSError, ValueError) as problem:
        verdict.findings.append(Finding(f"{path} cannot be read: {problem}"))
        return []


def run_verify(database: Database, data: Path, heads: Path | None, out: TextIO | None = None) -> int:
    """`sims server audit verify`: says what holds or the first of what does not; 0 only when all does."""
    out = out or sys.stdout
    try:
        verdict = verify(database, data, heads)
    except (OSError, ValueError, psycopg.Error) as problem:
        sys.stderr.write(f"sims server: nothing was verified: {problem}\n")
        return 2
    for words in verdict.told:
        out.write(f"{words}\n")
    for finding in verdict.findings:
        out.write(f"BROKEN  {finding}\n")
    waiting = f", {verdict.unsealed} wait for the next block" if verdict.unsealed else ""
    held = "holds" if verdict.holds else f"does not hold: {verdict.findings[0]}"
    out.write(f"audit: {verdict.entries} entries in {verdict.blocks} blocks{waiting}; it {held}\n")
    return 0 if verdict.holds else 1


@job(VERIFY)
def verify_job(run: JobRun) -> dict[str, Any]:
    """Every night: everything. What is wrong stands in the result and on the health page."""
    verdict = verify(run.database, run.data)
    return {
        "entries": verdict.entries,
        "blocks": verdict.blocks,
        "findings": [str(finding) for finding in verdict.findings],
    }


# --- what was verified last -----------------------------------------------------------------------


def _state_file(data: Path) -> Path:
    return anchoring.folder_of(data) / "verified.json"


def last_verified(data: Path) -> Verified:
    try:
        return msgspec.json.decode(_state_file(data).read_bytes(), type=Verified)
    except (OSError, msgspec.DecodeError):
        return Verified()


def _write(data: Path, state: Verified) -> None:
    path = _state_file(data)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    unfinished.write_bytes(msgspec.json.encode(state))
    unfinished.replace(path)


def _note(data: Path, verdict: Verdict) -> None:
    number, hash = (0, "") if verdict.newest is None else (verdict.newest.number, verdict.newest.hash.hex())
    generation = anchoring.last_statements(anchoring.heads_file(data))[1]
    finding = str(verdict.findings[0]) if verdict.findings else None
    _write(data, Verified(number=number, hash=hash, generation=generation, at=clock.now(), finding=finding))


def note_finding(data: Path, finding: Finding) -> None:
    """Show on the health page what was found by the way; the first stays until everything holds."""
    state = last_verified(data)
    if state.finding is None:
        _write(data, msgspec.structs.replace(state, finding=str(finding), at=clock.now()))


def verify_new(database: Database, data: Path) -> Finding | None:
    """Verify the blocks made since the last time, and note how far that came; the first finding."""
    state = last_verified(data)
    generation = anchoring.last_statements(anchoring.heads_file(data))[1]
    if generation != state.generation:
        state = Verified(generation=generation)  # after a restore the numbers mean other blocks
    finding: Finding | None = None
    with _one_snapshot(database.url) as (driver, source):
        before = queries.find_block(driver, state.number) if state.number else None
        if state.number and (before is None or before.hash.hex() != state.hash):
            finding = Finding("it was verified before, and is now gone or another", state.number)
        else:
            newest = queries.newest_block(driver)
            above = state.number
            judge = rules.EntryJudge(
                queries.blocks_by_first_id(driver, above), newest.settled_id if newest else 0, whole=False
            )
            with contextlib.closing(_new_findings(driver, source, above, before, judge)) as found:
                finding = next(found, None)
            if finding is None and newest is not None:
                number, hash = newest.number, newest.hash.hex()
                state = msgspec.structs.replace(state, number=number, hash=hash)
    words = state.finding if state.finding is not None else None if finding is None else str(finding)
    _write(data, msgspec.structs.replace(state, at=clock.now(), finding=words))
    return finding


def _new_findings(
    driver: psycopg.Connection[Any],
    source: psycopg.Connection[Any],
    above: int,
    before: rules.Block | None,
    judge: rules.EntryJudge,
) -> Generator[Finding]:
    yield from rules.chain_findings(queries.blocks_by_number(driver, above), before)
    yield from judge.judge(queries.entry_lines(source, *queries.entry_span(driver, above)))
