"""What the operations room decides, over plain values."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sims_shared.audit import AuditHead
from sims_shared.operations_room import REHEARSE_WITHIN, ComponentHealth, Manifest, TableDigest

OK, DEGRADED, AWAY = "ok", "degraded", "away"
WAITS_TOO_LONG = timedelta(minutes=15)
LEAST_FREE_BYTES = 1024**3
LEAST_FREE_SHARE = 0.05
SEAL_WITHIN = timedelta(minutes=5)
ANCHOR_WITHIN = timedelta(minutes=15)
VERSION_STEP = 100_000


def next_version_floor(known: Iterable[int]) -> int:
    """The floor for versions of cells after a restore. Versions handed out after the backup are lost,
    and a device may hold one: no cell was written 100,000 times since, so the next full step is safe."""
    return (max(known, default=0) // VERSION_STEP + 1) * VERSION_STEP


def expired(finished: Mapping[int, datetime], now: datetime, keep_days: int) -> list[int]:
    """Which backups end their retention. The newest stays, however old: it may be the only one."""
    if not finished:
        return []
    newest = max(finished, key=lambda id: finished[id])
    oldest_kept = now - timedelta(days=keep_days)
    return sorted(id for id, at in finished.items() if at < oldest_kept and id != newest)


def differences(expected: Mapping[str, TableDigest], found: Mapping[str, TableDigest]) -> list[str]:
    """How what was restored differs from what the manifest says, one sentence a table."""
    told = []
    for table in sorted(expected.keys() | found.keys()):
        before, after = expected.get(table), found.get(table)
        if before is None:
            told.append(f"table {table} is not in the manifest")
        elif after is None:
            told.append(f"table {table} is missing")
        elif before.rows != after.rows:
            told.append(f"table {table} has {after.rows} rows, the manifest says {before.rows}")
        elif before.digest != after.digest:
            told.append(f"table {table} has other values than the manifest says")
    return told


def head_differences(
    manifest: Manifest, *, migration: str | None, audit_rows: int, audit_last_id: int
) -> list[str]:
    """The same for the schema's migration and the head of the audit."""
    told = []
    if migration != manifest.migration:
        told.append(f"the schema is at {migration}, the manifest says {manifest.migration}")
    if (audit_rows, audit_last_id) != (manifest.audit_rows, manifest.audit_last_id):
        told.append(
            f"the audit ends at entry {audit_last_id} of {audit_rows}, the manifest says "
            f"{manifest.audit_last_id} of {manifest.audit_rows}"
        )
    return told


def sealed_differences(signed: AuditHead, block: str | None) -> list[str]:
    """The same for the sealed audit: `block` is the hash of the block that the signed head ends in."""
    if block == signed.hash:
        return []
    found = "is not there" if block is None else "is another"
    return [f"block {signed.number} of the audit {found}, the manifest says {signed.hash[:16]}…"]


def judge_disk(free: int, total: int) -> ComponentHealth:
    """`free` and `total` in bytes."""
    share = free / total if total else 0.0
    detail = f"{free / 1024**3:.1f} GiB free ({share:.0%})"
    enough = free >= LEAST_FREE_BYTES and share >= LEAST_FREE_SHARE
    return ComponentHealth(status=OK if enough else DEGRADED, detail=detail)


def judge_backup(
    now: datetime, *, installed_at: datetime, rehearsed_at: datetime | None, last_failure: str | None
) -> ComponentHealth:
    """Red after 26 hours without a rehearsal that succeeded; a new installation has as long."""
    if last_failure is not None:
        return ComponentHealth(status=DEGRADED, detail=f"the last backup or rehearsal failed: {last_failure}")
    if rehearsed_at is None:
        if now - installed_at <= REHEARSE_WITHIN:
            return ComponentHealth(status=OK, detail="none yet; the first is due within 26 hours")
        return ComponentHealth(status=DEGRADED, detail="no backup was ever restored for rehearsal")
    if now - rehearsed_at > REHEARSE_WITHIN:
        return ComponentHealth(status=DEGRADED, detail=f"last rehearsed {rehearsed_at:%Y-%m-%d %H:%M} UTC")
    return ComponentHealth(status=OK, detail=f"rehearsed {rehearsed_at:%Y-%m-%d %H:%M} UTC")


def judge_jobs(
    now: datetime, *, has_worker: bool, oldest_queued: datetime | None, waiting: int
) -> ComponentHealth:
    """`has_worker`: somewhere a worker gave a sign of life lately."""
    if not has_worker:
        return ComponentHealth(status=DEGRADED, detail=f"no worker runs; {waiting} waiting")
    if oldest_queued is not None and now - oldest_queued > WAITS_TOO_LONG:
        return ComponentHealth(
            status=DEGRADED, detail=f"{waiting} waiting, the oldest since {oldest_queued:%H:%M} UTC"
        )
    return ComponentHealth(status=OK, detail=f"{waiting} waiting")


@dataclass(frozen=True)
class Sealed:
    """How the sealing of the audit stands. `finding`: what did not hold when it was verified last;
    `unsealed_since`: when the oldest entry outside any block was written; `newest_block` is its number and
    time; `head` the last one written down outside; `alarms`: bulk reading within a day."""

    finding: str | None = None
    unsealed_since: datetime | None = None
    newest_block: tuple[int, datetime] | None = None
    head: AuditHead | None = None
    alarms: int = 0


def judge_audit(now: datetime, silent: list[str], sealed: Sealed) -> ComponentHealth:
    """`silent`: tables whose audit trigger is missing or switched off."""
    if silent:
        return ComponentHealth(status=DEGRADED, detail=f"not audited: {', '.join(silent)}")
    if sealed.finding is not None:
        return ComponentHealth(status=DEGRADED, detail=f"it does not hold: {sealed.finding}")
    if sealed.unsealed_since is not None and now - sealed.unsealed_since > SEAL_WITHIN:
        since = f"{sealed.unsealed_since:%Y-%m-%d %H:%M}"
        return ComponentHealth(status=DEGRADED, detail=f"not sealed since {since} UTC")
    number, at = sealed.newest_block or (0, now)
    anchored = 0 if sealed.head is None else sealed.head.number
    if number > anchored and now - at > ANCHOR_WITHIN:
        return ComponentHealth(status=DEGRADED, detail=f"no head was written down since block {anchored}")
    if sealed.alarms:
        detail = f"bulk reading: {sealed.alarms} alarms in 24 hours; see /api/audit/?entity=disclosure_alarm"
        return ComponentHealth(status=DEGRADED, detail=detail)
    return ComponentHealth(status=OK, detail=f"every audited table has its triggers; {number} blocks hold")


def is_from_this_machine(address: str, *, forwarded: bool) -> bool:
    """Whether a request came over loopback. One that a proxy on this machine passed on did not."""
    if forwarded:
        return False
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
