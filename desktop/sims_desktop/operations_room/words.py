"""What the room says: parts of the server with what helps a degraded one, settings with what each does, keys
with what they seal. Qt-free.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import plural
from sims_shared.operations_room import BackupView
from sims_shared.seal.keys import PublicKey


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the server: its name, what it is for, and what to do when it is not well."""

    name: str
    purpose: str
    remedy: str


PARTS = {
    "database": Part(
        later("Database"),
        later("The record itself; its schema must be the one of this release."),
        later("On the server, run: ./sims server migrate"),
    ),
    "jobs": Part(
        later("Jobs"),
        later("Work in the background: imports, transcripts of many, backups."),
        later(
            "See whether “sims server serve” or “sims server worker” runs on the server; the page Jobs "
            "shows what waits and what failed."
        ),
    ),
    "scheduler": Part(
        later("Clock"),
        later("One process starts what is done every night: backups, rehearsals, the check of the audit."),
        later("Start “sims server serve” or “worker” again; the next clock makes up for what was missed."),
    ),
    "disk": Part(
        later("Disk"),
        later("Room where the data lie: 1 GiB and 5 % at least."),
        later(
            "Make room now: without it the database stops. Old copies of backups are the first to look at."
        ),
    ),
    "backup": Part(
        later("Backup"),
        later("Whether a restore was rehearsed within 26 hours, and the last backup succeeded."),
        later("On the tab Backups, B takes one now and D rehearses a restore; what went wrong stands there."),
    ),
    "audit": Part(
        later("Audit"),
        later("Every change of the record is written down, sealed in blocks, and nobody changed it since."),
        later(
            "Keep everything as it is. On the server, run: ./sims server audit verify – its first line says "
            "what does not hold. F1 says what each finding means. Of bulk reading ask the person."
        ),
    ),
}
STATES = {"ok": later("well"), "degraded": later("degraded"), "away": later("away")}

# (name, what it does)
SETTINGS = {
    "address": (later("Address"), later("The postal address at the head of every paper.")),
    "admissions.reg_no_form": (
        later("Form of registration numbers"),
        later("How a number is made for whom is admitted: {{year}}, {{program}}, and {{number:04}} counted."),
    ),
    "attendance.edit_days": (
        later("Days to mark a class"),
        later("For so many days after a class its teacher marks it; then the registrar does, with a reason."),
    ),
    "backup.keep_days": (
        later("Days that backups are kept"),
        later("Files of older backups are deleted every night; the newest always stays."),
    ),
    "cases.appeal_days": (
        later("Days to appeal"),
        later("So many days after a decision about unfair means the student may appeal."),
    ),
    "disclosures.students_an_hour": (
        later("Bulk reading begins at"),
        later("More students than this opened by one account within an hour raise an alarm."),
    ),
    "enrollment.batch_job_over": (
        later("Intakes enrolled in the background"),
        later("A batch of more seats than this is enrolled by a job, with progress."),
    ),
    "examinations.slip_instructions": (
        later("Instructions on roll-number slips"),
        later("Printed on every slip, a sentence a line."),
    ),
    "institution": (
        later("Name of the institution"),
        later("Stands on every paper, in the seal and in every letter."),
    ),
    "institution_native": (
        later("Name in the national script"),
        later("Stands beside the English name on papers; empty where there is none."),
    ),
    "mail.from": (later("Sender of mail"), later("The address that letters of the system come from.")),
    "mail.host": (later("Mail server"), later("The machine that takes the system's mail.")),
    "mail.port": (later("Port of the mail server"), later("Usually 25 or 587.")),
    "office": (later("Office that issues"), later("Stands at the head of every sealed paper but letters.")),
    "office_of_letters": (later("Office of letters"), later("Stands at the head of every bonafide letter.")),
    "public_url": (
        later("Public address"),
        later("Where strangers reach this server; it is printed in the code of every sealed paper."),
    ),
    "results.code_at_publish": (
        later("A code for each publish"),
        later("Whoever publishes results types a one-time code each time, besides the one at sign-in."),
    ),
    "students.name_by_two": (
        later("Another name needs two people"),
        later("By an import and by the program's own door as well; the students' page asks for two anyhow."),
    ),
    "requests.trays": (
        later("Trays of the counter"),
        later("Where papers lie until they are collected, as A-1..A-40 B-1..B-40, filled in this order."),
    ),
    "security.otp_permissions": (
        later("What asks for a one-time code"),
        later("Whoever may do one of these signs in with a one-time code."),
    ),
    "security.require_otp": (
        later("One-time codes are asked for"),
        later("Off, a password alone opens every door: only for a system nobody relies on."),
    ),
    "time_zone": (
        later("Time zone of the campus"),
        later("Decides which day it is: deadlines, holds, and when the nightly work is done."),
    ),
}
PURPOSES = {
    "document": later("sealed papers (PAdES)"),
    "code": later("the code on the page"),
    "status": later("the list of revoked papers"),
}
SOON = 60  # days before its end from which a key asks for attention


def setting_name(key: str) -> str:
    """A setting of a newer server is called by its key."""
    return phrase(SETTINGS[key][0]) if key in SETTINGS else key


def setting_sentence(key: str) -> str:
    # Braces stand for themselves: they are doubled for `phrase` and made single here.
    return phrase(SETTINGS[key][1]).replace("{{", "{").replace("}}", "}") if key in SETTINGS else ""


def value_words(value: str | int | bool | None) -> str:
    if isinstance(value, bool):
        return phrase("on") if value else phrase("off")
    if value in ("", None):
        return phrase("(empty)")
    return str(value)


def size_words(size: int | None) -> str:
    """`12.4 MB`; the units are the same in every language."""
    if size is None:
        return ""
    for unit, bytes_ in (("GB", 1000**3), ("MB", 1000**2), ("kB", 1000)):
        if size >= bytes_:
            return f"{size / bytes_:.1f} {unit}"
    return f"{size} B"


def ago(then: datetime, now: datetime) -> str:
    """`3 days ago`, in the largest unit that fits twice."""
    seconds = max(0, int((now - then).total_seconds()))
    for one, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * length:
            return phrase("{time} ago", time=_counted(seconds // length, one))
    return phrase("just now")


def _counted(count: int, unit: str) -> str:
    if unit == "day":
        return plural(count, "day")
    return plural(count, "hour") if unit == "hour" else plural(count, "minute")


def rehearsal_words(backup: BackupView, now: datetime) -> str:
    """`3 days ago: 44 checks held, …`, or what was wrong."""
    if backup.drilled_at is None:
        return phrase("never rehearsed")
    said, _, rest = (backup.drill_outcome or "").partition(": ")
    when_ago = ago(backup.drilled_at, now)
    if said == "ok":
        return phrase("{when}: {what}", when=when_ago, what=rest)
    return phrase("{when} it did not restore: {why}", when=when_ago, why=rest or said)


def backup_state(backup: BackupView) -> str:
    if backup.status == "running":
        return phrase("being taken")
    if backup.status == "failed":
        return phrase("failed: {why}", why=backup.error or "")
    return phrase("file deleted") if backup.removed_at is not None else phrase("kept")


def purpose_words(key: PublicKey) -> str:
    return phrase(PURPOSES.get(key.purpose, key.purpose))


def key_state(key: PublicKey, seals: bool, today: date) -> str:
    """Whether it seals now, and when that ends."""
    if key.withdrawn_on is not None and key.withdrawn_on <= today:
        return phrase("withdrawn on {day}", day=key.withdrawn_on.isoformat())
    if today < key.valid_from:
        return phrase("begins in {days}", days=plural((key.valid_from - today).days, "day"))
    if today > key.valid_until:
        return phrase("over; what it sealed stays good")
    days = plural((key.valid_until - today).days, "day")
    return phrase("seals now, ends in {days}", days=days) if seals else phrase("ends in {days}", days=days)
