"""Health, backups and keys as the room shows them. Qt-free.

The rule a newcomer would get wrong: a backup nobody restored is a hope. So it is said when a restore was last
rehearsed, and that it is overdue, even while everything else is well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from secrets import token_hex
from typing import Protocol
from zoneinfo import ZoneInfo

from sims_desktop.client.errors import ClientError, ServerBusy, TryLater
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import listed, when
from sims_desktop.operations_room.words import PARTS, SOON, STATES, Part, ago, size_words
from sims_shared.jobs import JobView
from sims_shared.messages import Page
from sims_shared.operations_room import REHEARSE_WITHIN, BackupView, Health
from sims_shared.seal.keys import KeyDocument, PublicKey

ENDED = frozenset({"done", "failed", "cancelled"})
SOONEST, LATEST = 0.2, 1.0  # seconds between two looks at a job


class Watch(Protocol):
    """Whoever waits for long work: told how far it is, and heard when they have had enough."""

    def report(self, done: int, total: int, words: str = "") -> None: ...

    def pause(self, seconds: float) -> None: ...


class Calls(Protocol):
    def read_health(self) -> Health: ...
    def list_backups(self) -> Page[BackupView]: ...
    def list_more(self, following: str) -> Page[BackupView]: ...
    def take_backup(self, key: str) -> int: ...
    def drill(self, backup_id: int, key: str) -> int: ...
    def read_job(self, job_id: int) -> JobView: ...
    def cancel_job(self, job_id: int) -> None: ...
    def read_keys(self) -> KeyDocument: ...
    def read_time_zone(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Line:
    """One part of the server as it stands."""

    part: Part
    status: str
    said: str

    @property
    def is_well(self) -> bool:
        return self.status == "ok"

    @property
    def state(self) -> str:
        return phrase(STATES.get(self.status, self.status))


@dataclass(slots=True)
class HealthPresenter:
    calls: Calls
    health: Health | None = None
    complaint: str = ""
    on_change: Callable[[], None] = lambda: None

    def load(self) -> Health:
        return self.calls.read_health()

    def take(self, loaded: Health) -> None:
        self.health, self.complaint = loaded, ""
        self.on_change()

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        # An answer, though a busy one, comes from a server that runs: what is away stands behind it.
        if isinstance(error, ServerBusy):
            self.complaint = phrase("The server runs and is not well: {error}", error=error)
        else:
            self.complaint = phrase(
                "{error}. How the server is, is known with the next connection.", error=error
            )
        self.on_change()

    @property
    def lines(self) -> list[Line]:
        """What is not well first."""
        if self.health is None:
            return []
        found = [
            Line(part, one.status, one.detail)
            for name, part in PARTS.items()
            for one in [getattr(self.health.components, name)]
        ]
        return sorted(found, key=lambda line: line.is_well)

    def sentence(self, now: datetime) -> str:
        if self.complaint:
            return self.complaint
        if self.health is None:
            return phrase("Asking the server how it is …")
        version, at = self.health.version, when(self.health.checked_at, now)
        wrong = [phrase(line.part.name) for line in self.lines if not line.is_well]
        if wrong:
            return phrase(
                "Not well: {parts}. Version {version}, {at}.", parts=listed(wrong), version=version, at=at
            )
        return phrase("All is well. Version {version}, {at}.", version=version, at=at)


@dataclass(frozen=True, slots=True)
class Backups:
    """`is_more`: lines that follow those shown, instead of the newest."""

    backups: Sequence[BackupView]
    following: str | None
    is_more: bool = False


@dataclass(slots=True)
class BackupsPresenter:
    """`load`, `load_more` and the acts ask the server and run off the window's thread."""

    calls: Calls
    backups: list[BackupView] = field(default_factory=list)
    following: str | None = None
    is_loaded: bool = False
    complaint: str = ""
    on_change: Callable[[], None] = lambda: None
    _keys: dict[object, str] = field(default_factory=dict)

    def load(self) -> Backups:
        page = self.calls.list_backups()
        return Backups(page.results, page.next)

    def load_more(self) -> Backups | None:
        if self.following is None:
            return None
        page = self.calls.list_more(self.following)
        return Backups(page.results, page.next, is_more=True)

    def take(self, loaded: Backups) -> None:
        self.complaint, self.is_loaded = "", True
        known = {one.id for one in self.backups} if loaded.is_more else set()
        kept = self.backups if loaded.is_more else []
        self.backups = [*kept, *(one for one in loaded.backups if one.id not in known)]
        self.following = loaded.following
        self.on_change()

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.complaint = phrase("{error}. Backups need the server; F5 asks again.", error=error)
        self.on_change()

    @property
    def newest(self) -> BackupView | None:
        """The newest that may be restored."""
        return next((one for one in self.backups if one.status == "done" and one.removed_at is None), None)

    @property
    def rehearsed(self) -> BackupView | None:
        """The one whose rehearsal succeeded last."""
        sound = [one for one in self.backups if (one.drill_outcome or "").startswith("ok")]
        return max(sound, key=lambda one: one.drilled_at or one.started_at, default=None)

    def is_overdue(self, now: datetime) -> bool:
        """Whether a backup or a rehearsal should have been long ago."""
        newest, rehearsed = self.newest, self.rehearsed
        if newest is None or rehearsed is None or rehearsed.drilled_at is None:
            return True
        taken = newest.finished_at or newest.started_at
        return now - taken > REHEARSE_WITHIN or now - rehearsed.drilled_at > REHEARSE_WITHIN

    def sentence(self, now: datetime) -> str:
        if self.complaint:
            return self.complaint
        if not self.is_loaded:
            return phrase("Reading the backups …")
        newest, rehearsed = self.newest, self.rehearsed
        if newest is None:
            return phrase("There is no backup that could be restored: B takes one now.")
        taken = newest.finished_at or newest.started_at
        said = phrase(
            "The newest was taken {when}: {size}.", when=ago(taken, now), size=size_words(newest.size)
        )
        if now - taken > REHEARSE_WITHIN:
            said += " " + phrase("That is overdue: B takes one now.")
        if rehearsed is None or rehearsed.drilled_at is None:
            return said + " " + phrase("No restore was ever rehearsed: D rehearses one.")
        said += " " + phrase("A restore was rehearsed {when}.", when=ago(rehearsed.drilled_at, now))
        if now - rehearsed.drilled_at > REHEARSE_WITHIN:
            said += " " + phrase("That is overdue: D rehearses one now.")
        return said

    def why_not_drill(self, backup: BackupView | None) -> str:
        if backup is None:
            return phrase("Choose a backup first.")
        if backup.status != "done" or backup.removed_at is not None:
            return phrase("It did not succeed, or its file is deleted: there is nothing to restore.")
        return ""

    # Acts

    def take_backup(self, watch: Watch) -> str:
        """Raises ProblemAnswer; what the watch raises cancels the job as well."""
        job = self._follow(self._asked("take", self.calls.take_backup), phrase("Taking a backup"), watch)
        if job.status == "done":
            return phrase("A backup was taken. D rehearses its restore.")
        return self._ended(job)

    def drill(self, backup: BackupView, watch: Watch) -> str:
        ask = self._asked(("drill", backup.id), lambda key: self.calls.drill(backup.id, key))
        job = self._follow(ask, phrase("Rehearsing a restore"), watch)
        outcome = job.result.get("outcome", "") if isinstance(job.result, dict) else ""
        said, _, rest = str(outcome).partition(": ")
        if job.status == "done" and said == "ok":
            return phrase("It restores: {what}.", what=rest)
        if job.status == "done":
            return phrase("It does not restore: {why}", why=rest or said)
        return self._ended(job)

    def _asked(self, wish: object, ask: Callable[[str], int]) -> int:
        """One key for one wish: after a lost answer the same job is found, not another begun."""
        job_id = ask(self._keys.setdefault(wish, token_hex(16)))
        self._keys.pop(wish)
        return job_id

    def _follow(self, job_id: int, words: str, watch: Watch) -> JobView:
        pause = SOONEST
        try:
            while True:
                job = self.calls.read_job(job_id)
                if job.status in ENDED:
                    return job
                watch.report(job.progress.done, job.progress.total, words)
                watch.pause(pause)
                pause = min(LATEST, pause * 1.5)
        except ClientError:
            raise
        except Exception:
            # The person has had enough: the server stops too, or the job would go on unseen.
            self._stop(job_id)
            raise

    def _stop(self, job_id: int) -> None:
        try:
            self.calls.cancel_job(job_id)
        except ClientError:
            pass  # it had ended, or the server is away; the list says which

    def _ended(self, job: JobView) -> str:
        if job.status == "cancelled":
            return phrase("It was cancelled.")
        why = job.error or ""
        return phrase("It failed: {why}", why=why.partition(": ")[2] or why)

    def refused(self, error: Exception) -> str:
        if not isinstance(error, ClientError):
            raise error
        if isinstance(error, TryLater):
            return phrase("{error}. The server may go on with it; the page Jobs shows it.", error=error)
        return str(error)


@dataclass(frozen=True, slots=True)
class Keys:
    """What is published, and by whose calendar it is in force."""

    document: KeyDocument
    time_zone: str


@dataclass(slots=True)
class KeysPresenter:
    """A key begins and ends by the calendar of the campus, which may be a day ahead of this computer's."""

    calls: Calls
    document: KeyDocument | None = None
    time_zone: str = ""
    complaint: str = ""
    on_change: Callable[[], None] = lambda: None

    def load(self) -> Keys:
        return Keys(self.calls.read_keys(), self.calls.read_time_zone())

    def take(self, loaded: Keys) -> None:
        self.document, self.time_zone, self.complaint = loaded.document, loaded.time_zone, ""
        self.on_change()

    def today(self, now: datetime) -> date:
        try:
            return now.astimezone(ZoneInfo(self.time_zone)).date()
        except (KeyError, ValueError, OSError):  # not read yet, or this computer knows no zones
            return now.astimezone().date()

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.complaint = phrase("{error}. The keys are read with the next connection.", error=error)
        self.on_change()

    @property
    def keys(self) -> list[PublicKey]:
        """The newest first."""
        found = self.document.keys if self.document is not None else []
        return sorted(found, key=lambda key: (key.valid_from, key.valid_until), reverse=True)

    def seals(self, key: PublicKey, today: date) -> bool:
        """Of those in force for one purpose the newest seals; the last one made where two are as new."""
        every = self.document.keys if self.document is not None else []
        fitting = [one for one in every if one.purpose == key.purpose and one.in_force(today)]
        newest = max(fitting, key=lambda one: (one.valid_from, every.index(one)), default=None)
        return newest is not None and newest.id == key.id

    def ends_soon(self, key: PublicKey, today: date) -> bool:
        return self.seals(key, today) and (key.valid_until - today).days < SOON

    def sentence(self, today: date) -> str:
        if self.complaint:
            return self.complaint
        if self.document is None:
            return phrase("Reading the keys …")
        sealing = [key for key in self.keys if self.seals(key, today)]
        if not sealing:
            return phrase("No key is in force: nothing can be sealed. The command below makes them.")
        first = min(sealing, key=lambda key: key.valid_until)
        said = phrase("The first of the keys that seal now ends on {day}.", day=first.valid_until.isoformat())
        if any(self.ends_soon(key, today) for key in sealing):
            said += " " + phrase("Rotate them soon.")
        if self.document.demo:
            said += " " + phrase("They are keys of a demonstration and convince nobody.")
        return said

    @property
    def command(self) -> str:
        """What is typed on the server's own machine."""
        act = "rotate" if self.document is None or self.document.keys else "make"
        return f"./sims server keys {act} --data /var/lib/sims"
