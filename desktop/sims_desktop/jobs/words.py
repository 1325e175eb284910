"""Jobs in words: what each kind does, how it stands, and what came of it. Qt-free.

A kind or a result that a newer server knows and this program does not is shown as it comes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import left_to_right, plural, when
from sims_shared.jobs import JobView

KINDS = {
    "imports.preview": later("import: preview"),
    "imports.commit": later("import: bringing it in"),
    "transcripts.enqueue": later("transcripts of many"),
    "batches.commit": later("enrolling an intake"),
    "examinations.slips": later("roll-number slips"),
    "backups.take": later("backup"),
    "backups.drill": later("rehearsed restore"),
    "audit.verify": later("verifying the audit"),
    "cases.lapse": later("incompletes that lapse"),
    "cases.mail_notice": later("notice of an incomplete by mail"),
    "sheets.remind": later("reminders of grade sheets by mail"),
    "registrations.orders_due": later("orders that take effect"),
    "housekeeping.prune": later("housekeeping: what nobody needs"),
    "housekeeping.sweep": later("housekeeping: stalled jobs"),
}
STATUSES = {
    "queued": later("waiting"),
    "running": later("running"),
    "done": later("done"),
    "failed": later("failed"),
    "cancelled": later("cancelled"),
}
# The desk where what a job worked on is seen.
DESK_OF = {
    "imports.preview": "imports",
    "imports.commit": "imports",
    "batches.commit": "batches",
    "examinations.slips": "eligibility",
    "transcripts.enqueue": "counter",
    "backups.take": "system",
    "backups.drill": "system",
    "cases.lapse": "cases",
    "sheets.remind": "results",
}
COUNTS = {
    "done": later("done"),
    "mailed": later("mailed"),
    "without_address": later("without a mail address"),
    "handed_in": later("handed in meanwhile"),
    "new": later("new"),
    "changed": later("changed"),
    "unchanged": later("unchanged"),
    "same": later("unchanged"),
    "lifted": later("lifted"),
    "skipped": later("skipped"),
    "faulty": later("with faults"),
    "faults": later("faults"),
    "rows": later("rows"),
    "seats": later("seats"),
    "exceptions": later("exceptions"),
    "entries": later("entries"),
    "blocks": later("blocks"),
    "dated": later("given a day"),
    "noticed": later("given notice"),
    "lapsed": later("lapsed"),
    "keys": later("remembered answers"),
    "copies": later("unofficial copies"),
    "slips": later("files of slips"),
    "failures": later("failed sign-ins"),
    "jobs": later("jobs"),
    "backups": later("interrupted backups"),
    "ticks": later("ticks of the clock"),
    "rescued": later("jobs run again"),
}
SHARES = frozenset({"backups.take", "backups.drill"})
LIVE = frozenset({"queued", "running"})
# The server writes a refusal as its code and its words; the words are for people.
CODE = re.compile(r"[a-z_]+(?:\.[a-z_]+)+: (?=\S)")


@dataclass(frozen=True, slots=True)
class Named:
    """A student or a file that a result names."""

    who: str
    what: str
    student_id: int | None = None
    is_failure: bool = False


def kind_words(kind: str) -> str:
    return phrase(KINDS.get(kind, kind))


def status_of(job: JobView) -> str:
    return phrase(STATUSES.get(job.status, job.status))


def about_words(job: JobView) -> str:
    """What it works on."""
    about = job.about
    if "import_id" in about:
        return phrase("import {number}", number=about["import_id"])
    if "batch_id" in about:
        return phrase("batch {number}", number=about["batch_id"])
    if "backup_id" in about:
        return phrase("backup {number}", number=about["backup_id"])
    return plural(about["students"], "student") if "students" in about else ""


def progress_words(job: JobView) -> str:
    """`12 of 300`; a share where nothing is counted that means something to people."""
    if job.kind in SHARES:
        share = share_done(job)
        return "" if share is None else left_to_right(f"{share:.0%}")
    if job.progress.total and job.status != "done":
        return phrase("{done:,} of {total:,}", done=job.progress.done, total=job.progress.total)
    return f"{job.progress.total:,}" if job.progress.total else ""


def share_done(job: JobView) -> float | None:
    """From 0 to 1 while it runs, for a bar; nobody knows more of a job that tells no total."""
    if job.status != "running" or not job.progress.total:
        return None
    return min(1.0, max(0.0, job.progress.done / job.progress.total))


def error_words(job: JobView) -> str:
    """Without the code, which is for programs."""
    return CODE.sub("", job.error or "", count=1)


def course_words(job: JobView, now: datetime) -> str:
    """By whom and when, in one sentence."""
    said = phrase("Asked by {name}, {when}.", name=job.created_by.name, when=when(job.created_at, now))
    if job.finished_at is not None:
        said += " " + phrase("Ended {when}.", when=when(job.finished_at, now))
        if job.started_at is not None:
            seconds = round((job.finished_at - job.started_at).total_seconds())
            said += " " + phrase("It ran for {time}.", time=lasting(seconds))
    elif job.started_at is not None:
        said += " " + phrase("Running since {when}.", when=when(job.started_at, now))
    return said


def lasting(seconds: int) -> str:
    """`4 seconds`, `12 minutes`, `3 hours`."""
    if seconds < 120:
        return plural(max(0, seconds), "second")
    if seconds < 7200:
        return plural(seconds // 60, "minute")
    return plural(seconds // 3600, "hour")


def result_words(job: JobView) -> str:
    """What came of it, in figures or in the server's own words."""
    found = job.result
    if not isinstance(found, dict):
        return "" if found is None else str(found)
    lines = []
    if isinstance(found.get("file"), str):
        lines.append(phrase("Taken: {file}", file=left_to_right(found["file"])))
    if isinstance(found.get("outcome"), str):
        lines.append(outcome_words(found["outcome"]))
    if found.get("mailed") is False:
        lines.append(phrase("No mail was sent: there was no address, or nothing to tell any more."))
    counts = [
        f"{value:,} {phrase(COUNTS.get(name, name.replace('_', ' ')))}"
        for name, value in found.items()
        if isinstance(value, int) and not isinstance(value, bool) and not name.endswith("_id")
    ]
    if counts:
        lines.append(phrase(", ").join(counts))
    return "\n".join(lines)


def outcome_words(outcome: str) -> str:
    """What a rehearsal found."""
    said, _, rest = outcome.partition(": ")
    if said == "ok":
        return phrase("It restores: {what}", what=rest) if rest else phrase("It restores.")
    if said == "failed":
        return phrase("It does not restore: {why}", why=rest)
    return outcome


def named_in(job: JobView) -> Sequence[Named]:
    """Students, files and findings that the result names, failures first."""
    found = job.result if isinstance(job.result, dict) else {}
    failed = [
        Named(_who(row), _why(row), _student(row), is_failure=True) for row in _rows(found.get("failed"))
    ]
    sealed = [
        Named(
            _who(row),
            phrase("sealed: {serial}", serial=left_to_right(str(row.get("serial", "")))),
            _student(row),
        )
        for row in _rows(found.get("sealed"))
    ]
    removed = [
        Named(left_to_right(name), phrase("deleted: past its retention")) for name in _texts(found, "removed")
    ]
    findings = [Named(phrase("finding"), text, is_failure=True) for text in _texts(found, "findings")]
    return [*failed, *findings, *sealed, *removed]


def _rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _texts(found: dict[str, Any], name: str) -> list[str]:
    value = found.get(name)
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _who(row: dict[str, Any]) -> str:
    """Results of an older server name the student by id only."""
    number = row.get("reg_no")
    return left_to_right(str(number)) if number else phrase("student {id}", id=row.get("student_id", "?"))


def _why(row: dict[str, Any]) -> str:
    """In the server's words."""
    return left_to_right(str(row.get("detail") or row.get("code") or ""))


def _student(row: dict[str, Any]) -> int | None:
    found = row.get("student_id")
    return found if isinstance(found, int) else None
