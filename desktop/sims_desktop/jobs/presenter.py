"""Jobs as a list that grows downwards and is renewed from above, and what can be done about one. Qt-free.

The rule a newcomer would get wrong: renewing reads the newest page and the jobs that still run, never all
that was fetched; a job that ended stays as it ended.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sims_desktop.client.errors import ClientError, ProblemAnswer, TryLater
from sims_desktop.jobs.words import DESK_OF, LIVE, STATUSES, kind_words
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import plural
from sims_shared.access import Permission
from sims_shared.jobs import JobView
from sims_shared.messages import Page

AGAIN = frozenset({"failed", "cancelled"})
MOST_LIVE = 20  # below the newest page; each is a question of its own


class Calls(Protocol):
    def list_jobs(self, kind: str | None, status: str | None, noteworthy: bool | None) -> Page[JobView]: ...
    def list_more(self, following: str) -> Page[JobView]: ...
    def read_job(self, job_id: int) -> JobView: ...
    def retry(self, job_id: int) -> JobView: ...
    def cancel(self, job_id: int) -> JobView: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which jobs are listed."""

    kind: str | None = None
    status: str | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Loaded:
    """`is_more`: lines that follow those shown, instead of the newest. `failed`: how many of the newest
    failures there are, up to a page of them; None where that was not asked."""

    wanted: Wanted
    jobs: Sequence[JobView]
    following: str | None
    failed: int | None = None
    older: Sequence[JobView] = ()
    """Jobs further down that were running, as they are now."""
    is_more: bool = False


@dataclass(slots=True)
class JobsPresenter:
    """`load`, `load_more` and the acts ask the server and run off the window's thread."""

    calls: Calls
    permissions: Collection[str]
    desks: Collection[str] = ()
    wanted: Wanted = field(default_factory=Wanted)
    jobs: list[JobView] = field(default_factory=list)
    following: str | None = None
    failed: int = 0
    is_loaded: bool = False
    complaint: str = ""
    on_change: Callable[[], None] = lambda: None
    _shown: Wanted | None = None

    @property
    def may_steer(self) -> bool:
        return bool({Permission.STEER_JOBS, Permission.MANAGE_JOBS} & set(self.permissions))

    @property
    def reads_all(self) -> bool:
        return Permission.READ_ALL_JOBS in self.permissions

    # Reading

    def load(self, renews: bool = False) -> Loaded:
        """`renews`: only what may have moved since."""
        wanted = self.wanted
        noteworthy = None if wanted.everything or wanted.kind or not self.reads_all else True
        page = self.calls.list_jobs(wanted.kind, wanted.status, noteworthy)
        fresh = {job.id for job in page.results}
        kept = self.jobs if wanted == self._shown else []
        live = [job.id for job in kept if job.status in LIVE and job.id not in fresh]
        older = [self.calls.read_job(id) for id in live[:MOST_LIVE]]
        failed = None
        if wanted.status is None and not renews:
            failed = len(self.calls.list_jobs(None, "failed", None).results)
        return Loaded(wanted, page.results, page.next, failed, older)

    def load_more(self) -> Loaded | None:
        """The next page, where there is one."""
        if self.following is None:
            return None
        page = self.calls.list_more(self.following)
        return Loaded(self.wanted, page.results, page.next, is_more=True)

    def take(self, loaded: Loaded) -> None:
        if loaded.wanted != self.wanted:
            return  # the filter is another one by now, and its answer is on the way
        self.complaint, self.is_loaded = "", True
        if loaded.is_more:
            known = {job.id for job in self.jobs}
            self.jobs = [*self.jobs, *(job for job in loaded.jobs if job.id not in known)]
            self.following = loaded.following
        else:
            self._renew(loaded)
        self.on_change()

    def _renew(self, loaded: Loaded) -> None:
        fresh = {job.id for job in loaded.jobs}
        before = self.jobs if loaded.wanted == self._shown else []
        kept: list[JobView] = []
        # Where the newest page no longer meets what was fetched, lines between the two are missing.
        if any(job.id in fresh for job in before):
            now = {job.id: job for job in loaded.older}
            status = loaded.wanted.status
            below = [now.get(job.id, job) for job in before if job.id < min(fresh)]
            kept = [job for job in below if status in (None, job.status)]
        if not kept:
            self.following = loaded.following
        self.jobs = [*loaded.jobs, *kept]
        self.failed = self.failed if loaded.failed is None else loaded.failed
        self._shown = loaded.wanted

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.complaint = phrase(
            "{error}. What the server does is known with the next connection.", error=error
        )
        self.on_change()

    @property
    def has_live(self) -> bool:
        return any(job.status in LIVE for job in self.jobs)

    @property
    def sentence(self) -> str:
        if self.complaint:
            return self.complaint
        if not self.is_loaded:
            return phrase("Reading the jobs …")
        running = sum(job.status in LIVE for job in self.jobs)
        parts = [
            phrase("{jobs} under way.", jobs=plural(running, "job")) if running else phrase("Nothing runs.")
        ]
        if self.failed and self.wanted.status is None:
            parts.append(phrase("{jobs} failed: F shows them.", jobs=plural(self.failed, "job")))
        return " ".join(parts)

    @property
    def nothing(self) -> str:
        """What stands in place of an empty list."""
        if not self.is_loaded or self.jobs:
            return ""
        if self.wanted.status is not None:
            words = phrase(STATUSES[self.wanted.status])
            return phrase("No job is {status}. F goes on to the next filter.", status=words)
        if self.wanted.kind is not None:
            return phrase("There is no job of this kind.")
        return phrase("Nothing was asked of the server in the background.")

    def next_status(self) -> str | None:
        """The filter after the one that is on: failed first, for that is what one looks for."""
        order = (None, "failed", "running", "queued", "done", "cancelled")
        return order[(order.index(self.wanted.status) + 1) % len(order)]

    # Acting

    def why_not_retry(self, job: JobView | None) -> str:
        if job is None:
            return phrase("Choose a job first.")
        if not self.may_steer:
            return phrase("Your roles read jobs and do not steer them.")
        if job.status not in AGAIN:
            return phrase("Only a job that failed or was cancelled runs again.")
        return ""

    def why_not_cancel(self, job: JobView | None) -> str:
        if job is None:
            return phrase("Choose a job first.")
        if not self.may_steer:
            return phrase("Your roles read jobs and do not steer them.")
        if job.status not in LIVE:
            return phrase("It has ended already.")
        return ""

    def retry(self, job: JobView) -> str:
        """Raises ProblemAnswer, where somebody else was faster."""
        self.calls.retry(job.id)
        return phrase("Job {number} waits to run again.", number=job.id)

    def cancel(self, job: JobView) -> str:
        if self.calls.cancel(job.id).status == "cancelled":
            return phrase("Job {number} is cancelled; R runs it again.", number=job.id)
        return phrase("Job {number} stops at its next step.", number=job.id)

    def refused(self, error: Exception) -> str:
        if not isinstance(error, ClientError):
            raise error
        if isinstance(error, TryLater):
            return phrase("{error}. F5 shows what came of it.", error=error)
        if isinstance(error, ProblemAnswer) and error.code == "jobs.wrong_state":
            return phrase("{error} It is another one than was shown; the list is read again.", error=error)
        return str(error)

    def desk_of(self, job: JobView | None) -> str:
        """The page of this person where what it worked on is seen; empty where there is none."""
        desk = DESK_OF.get(job.kind, "") if job is not None else ""
        return desk if desk in self.desks else ""

    def heading(self, job: JobView) -> str:
        return phrase("{kind}, job {number}", kind=kind_words(job.kind), number=job.id)
