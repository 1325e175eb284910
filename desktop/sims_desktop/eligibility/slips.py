"""Roll-number slips of a section: made by a job of the server, fetched as one file. Qt-free.

The rule a newcomer would get wrong: whom the list does not admit, or a hold stops, gets no slip and stops
nobody else; the job names them, each with why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, Protocol

from sims_desktop.client.errors import ClientError
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import left_to_right, plural
from sims_shared.jobs import JobView

SOON, LATER = 0.2, 2.0
"""Seconds between two looks at the job."""
TOLD = 8
ENDED = ("done", "failed", "cancelled")


class Watch(Protocol):
    def report(self, done: int, total: int, words: str = "") -> None: ...
    def pause(self, seconds: float) -> None: ...


class Calls(Protocol):
    def print_slips(
        self, term_id: int, section_id: int | None, student_ids: list[int] | None, key: str
    ) -> int: ...
    def read_job(self, job_id: int) -> JobView: ...
    def cancel_job(self, job_id: int) -> None: ...
    def read_slips(self, job_id: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Stopped:
    """Who got no slip, and why."""

    student_id: int
    reg_no: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class SlipsMade:
    """What the job came to. `trouble` where it made nothing at all."""

    job_id: int
    done: int
    stopped: Sequence[Stopped] = ()
    trouble: str = ""

    @property
    def sentence(self) -> str:
        if self.trouble:
            return self.trouble
        said = phrase("{slips} made.", slips=plural(self.done, "slip"))
        if self.stopped:
            said += " " + phrase("{students} got none.", students=plural(len(self.stopped), "student"))
        return said

    @property
    def lines(self) -> list[str]:
        """Who was stopped, a line each."""
        told = [
            phrase("{name} {number}: {why}", name=one.name, number=left_to_right(one.reg_no), why=one.why)
            for one in self.stopped[:TOLD]
        ]
        more = len(self.stopped) - TOLD
        return (
            [*told, phrase("and {count:,} more; the job names them all.", count=more)] if more > 0 else told
        )


@dataclass(slots=True)
class SlipPrinter:
    """`make` runs off the window's thread."""

    calls: Calls
    _keys: dict[object, str] = field(default_factory=dict)

    def make(self, term_id: int, section_id: int, student_ids: Sequence[int], watch: Watch) -> SlipsMade:
        """Slips of these students, or of everybody whom the section's list admits. Stopped here, it is
        stopped on the server. Raises ClientError."""
        named = list(student_ids) or None
        wish = (term_id, section_id, tuple(student_ids))
        key = self._keys.setdefault(wish, token_hex(16))
        job_id = self.calls.print_slips(term_id, section_id if named is None else None, named, key)
        job = self._await(job_id, watch)
        self._keys.pop(wish)
        if job.status != "done":
            why = job.error or phrase("it was cancelled")
            return SlipsMade(job_id, 0, trouble=phrase("No slips were made: {why}.", why=why))
        result: dict[str, Any] = job.result
        stopped = [
            Stopped(one["student_id"], one["reg_no"], one["name"], one["detail"]) for one in result["failed"]
        ]
        return SlipsMade(job_id, result["done"], stopped)

    def _await(self, job_id: int, watch: Watch) -> JobView:
        pause = SOON
        try:
            while True:
                job = self.calls.read_job(job_id)
                if job.status in ENDED:
                    return job
                watch.report(job.progress.done, job.progress.total, phrase("Making slips"))
                watch.pause(pause)
                pause = min(LATER, pause * 1.5)
        except ClientError:
            raise
        except Exception:
            # The person has had enough: the server stops too, or the job would go on unseen.
            self._keys.clear()
            try:
                self.calls.cancel_job(job_id)
            except ClientError:
                pass  # it had ended, or the server is away
            raise

    def read(self, job_id: int) -> bytes:
        return self.calls.read_slips(job_id)
