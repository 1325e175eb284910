"""Plans of enrollment, who cannot sit and why, what is carried out and undone. Qt-free.

The rule a newcomer would get wrong: leaving a seat out makes another plan. What is carried out is the plan
that was looked at, by its hash, or nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_hex
from typing import Any, Protocol

import msgspec

from sims_desktop.client.errors import ClientError, ProblemAnswer, TryLater
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import left_to_right, plural, when
from sims_shared.access import Permission
from sims_shared.batches import BatchCourse, BatchException, BatchSeat, BatchView
from sims_shared.catalog import CourseView, ProgramView
from sims_shared.problems import Fault
from sims_shared.terms import TermView

STATE_WORDS = {
    "planned": later("planned"),
    "committed": later("carried out"),
    "undone": later("undone"),
}
# Why somebody is not seated, shortly; the list says it at length.
REASONS = {
    "enrollment.duplicate": later("sits in it already"),
    "enrollment.passed_already": later("passed already"),
    "enrollment.dropped_before": later("dropped before"),
    "enrollment.not_registered": later("not registered"),
    "enrollment.prerequisite_missing": later("prerequisite"),
    "enrollment.held": later("hold"),
    "enrollment.section_full": later("no seat"),
    "enrollment.no_section": later("no section"),
    "enrollment.sheet_closed": later("sheet closed"),
    "enrollment.outside_scope": later("of another department"),
}
OTHERWISE = later("otherwise")
SETTLED = frozenset({"enrollment.duplicate", "enrollment.passed_already"})
INTAKE = re.compile(r"\d{4}[SF]")
Seat = tuple[int, int]  # student and course


class Calls(Protocol):
    def list_batches(self) -> list[BatchView]: ...
    def list_programs(self) -> list[ProgramView]: ...
    def list_terms(self) -> list[TermView]: ...
    def find_course(self, code: str) -> CourseView | None: ...
    def read(self, batch_id: int) -> BatchView: ...
    def plan(self, wish: dict[str, Any], key: str) -> BatchView: ...
    def commit(self, batch_id: int, plan_hash: str, key: str) -> BatchView: ...
    def undo(self, batch_id: int, reason: str, key: str) -> BatchView: ...


@dataclass(frozen=True, slots=True)
class Loaded:
    batches: Sequence[BatchView]
    programs: Sequence[ProgramView]
    terms: Sequence[TermView]


@dataclass(slots=True)
class BatchesPresenter:
    """`load`, `read` and the acts ask the server and run off the window's thread."""

    calls: Calls
    permissions: Collection[str]
    loaded: Loaded | None = None
    shown: BatchView | None = None
    left_out: set[Seat] = field(default_factory=set)
    """Seats of the plan shown that another plan is to leave out."""
    complaint: str = ""
    faults: list[Fault] = field(default_factory=list)
    on_change: Callable[[], None] = lambda: None
    _wishes: dict[int, dict[str, Any]] = field(default_factory=dict)
    _keys: dict[object, str] = field(default_factory=dict)

    @property
    def may_plan(self) -> bool:
        return Permission.ENROLL_STUDENT in self.permissions

    def load(self) -> Loaded:
        return Loaded(self.calls.list_batches(), self.calls.list_programs(), self.calls.list_terms())

    def take(self, loaded: Loaded) -> None:
        self.loaded, self.complaint = loaded, ""
        self.on_change()

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.complaint = phrase("{error}. Enrolling needs the server; F5 asks again.", error=error)
        self.on_change()

    @property
    def sentence(self) -> str:
        if self.complaint:
            return self.complaint
        if self.loaded is None:
            return phrase("Reading the batches …")
        planned = sum(one.state == "planned" for one in self.loaded.batches)
        if planned:
            return phrase(
                "{batches} planned and not carried out", batches=plural(planned, "batch", "batches")
            )
        return phrase("No batch is waiting.")

    def take_shown(self, batch: BatchView | None) -> None:
        if batch is None or self.shown is None or batch.id != self.shown.id:
            self.left_out = set()
        self.shown = batch
        self.on_change()

    # Parts of what is shown

    @property
    def seats(self) -> Sequence[BatchSeat]:
        return _there(self.shown.seats) if self.shown else ()

    @property
    def exceptions(self) -> Sequence[BatchException]:
        """Those about whom there is something to do first; who has the course already, below them."""
        return sorted(_there(self.shown.exceptions), key=is_settled) if self.shown else ()

    @property
    def courses(self) -> Sequence[BatchCourse]:
        return _there(self.shown.courses) if self.shown else ()

    def lead(self, now: datetime) -> str:
        assert self.shown is not None
        batch = self.shown
        lines = [
            phrase(
                "{students}, {seats}, {exceptions}.",
                students=plural(batch.students, "student"),
                seats=plural(batch.seats_planned, "seat"),
                exceptions=plural(batch.exceptions_found, "exception"),
            ),
            phrase(
                "Planned by {name}, {when}.", name=batch.created_by.name, when=when(batch.created_at, now)
            ),
        ]
        if batch.exceptions:
            lines.insert(1, phrase("Not seated: {reasons}.", reasons=reasons_words(batch.exceptions)))
        if batch.state == "planned" and self.left_out:
            seats = plural(len(self.left_out), "seat")
            lines.append(phrase("{seats} to be left out: Ctrl+Enter plans again without.", seats=seats))
        elif batch.state == "planned" and batch.job_id is not None:
            lines.append(phrase("The server is at it; F5 shows when it is done."))
        elif batch.state == "planned" and not batch.seats_planned:
            lines.append(phrase("Nobody would be enrolled."))
        elif batch.state == "planned":
            lines.append(phrase("Nobody is enrolled yet. Ctrl+Enter enrolls exactly these."))
        if batch.committed_by is not None:
            at = when(batch.committed_at, now)
            lines.append(phrase("Carried out by {name}, {when}.", name=batch.committed_by.name, when=at))
        if batch.undone_by is not None:
            at, why = when(batch.undone_at, now), batch.undo_reason or ""
            name = batch.undone_by.name
            lines.append(phrase("Undone by {name}, {when}: {why}", name=name, when=at, why=why))
        return "\n".join(lines)

    def toggle(self, seat: Seat) -> str:
        """Leaves a seat out of the next plan, or takes it in again. Answers why not, or nothing."""
        if self.shown is None or self.shown.state != "planned":
            return phrase("Only a plan can leave seats out.")
        if self.shown.id not in self._wishes:
            return phrase("This plan was made elsewhere; plan it anew here (Ctrl+N) to leave seats out.")
        self.left_out ^= {seat}
        self.on_change()
        return ""

    # Acts

    def check(
        self,
        program_id: int | None,
        intake: str,
        semester: int,
        term_id: int | None,
        batch: str,
        electives: str,
    ) -> dict[str, Any] | None:
        """What is wished for (`electives` still by their codes), or None with every fault by its field."""
        self.faults = []
        if program_id is None:
            self.faults.append(Fault("/program_id", "request.missing", phrase("There is no program.")))
        if not INTAKE.fullmatch(intake.strip().upper()):
            detail = phrase("A year and S or F, as 2024F.")
            self.faults.append(Fault("/intake", "request.wrong", detail))
        if term_id is None:
            self.faults.append(Fault("/term_id", "request.missing", phrase("No term is open.")))
        if self.faults:
            return None
        wish: dict[str, Any] = {
            "program_id": program_id,
            "intake": intake.strip().upper(),
            "semester": semester,
            "term_id": term_id,
            "electives": electives.replace(",", " ").split(),
        }
        if batch.strip():
            wish["batch"] = batch.strip()
        return wish

    def plan(self, wish: dict[str, Any]) -> BatchView:
        """Raises ProblemAnswer, LookupError in words for an elective nobody knows."""
        electives = []
        for code in wish["electives"]:
            course = code if isinstance(code, int) else self.calls.find_course(code)
            if course is None:
                raise LookupError(phrase("There is no course {code}.", code=code))
            electives.append(course if isinstance(course, int) else course.id)
        asked = {**wish, "electives": electives}
        key = self._keys.setdefault(repr(asked), token_hex(16))
        made = self.calls.plan(asked, key)
        # The same plan asked for once more is a new look at the record.
        self._keys.pop(repr(asked))
        self._wishes[made.id] = asked
        return made

    def plan_without(self) -> BatchView:
        """The plan shown, without the seats that are to be left out."""
        assert self.shown is not None
        wish = self._wishes[self.shown.id]
        skipped = [{"student_id": student, "course_id": course} for student, course in sorted(self.left_out)]
        return self.plan({**wish, "skip": [*wish.get("skip", ()), *skipped]})

    @property
    def why_not_commit(self) -> str:
        if self.shown is None:
            return phrase("Choose a plan, or make one with Ctrl+N.")
        if self.shown.state != "planned":
            return phrase("It is {state}.", state=phrase(STATE_WORDS.get(self.shown.state, self.shown.state)))
        if not self.may_plan:
            return phrase("Your roles enroll nobody.")
        if not self.seats:
            return phrase("The plan has no seat; nobody would be enrolled.")
        return ""

    def commit(self) -> BatchView:
        assert self.shown is not None
        key = self._keys.setdefault(("commit", self.shown.id, self.shown.plan_hash), token_hex(16))
        made = self.calls.commit(self.shown.id, self.shown.plan_hash, key)
        return self.calls.read(made.id)

    @property
    def why_not_undo(self) -> str:
        if self.shown is None or self.shown.state != "committed":
            return phrase("Only a batch that was carried out can be undone.")
        return ""

    def undo(self, reason: str) -> BatchView:
        assert self.shown is not None
        key = self._keys.setdefault(("undo", self.shown.id, reason), token_hex(16))
        made = self.calls.undo(self.shown.id, reason, key)
        return self.calls.read(made.id)

    def refused(self, error: Exception) -> str:
        """The server's no with the names it lists; its faults stand beside their fields."""
        self.faults = []
        if type(error) is LookupError:
            self.faults = [Fault("/electives", "request.wrong", str(error))]
            return str(error)
        if not isinstance(error, ClientError):
            raise error
        if isinstance(error, TryLater):
            return phrase(
                "{error}. Nothing may have been done; asked again it counts only once.", error=error
            )
        assert isinstance(error, ProblemAnswer)
        self.faults = list(error.errors)
        rows = error.facts.get("rows")
        said = [str(error)]
        if isinstance(rows, list):
            said += [f"{left_to_right(row['reg_no'])} {row['course_code']}: {row['why']}" for row in rows[:5]]
        if error.code == "batches.stale":
            said.append(phrase("Ctrl+N plans anew."))
        return "\n".join(said)


def _there(part: Sequence[Any] | msgspec.UnsetType) -> Sequence[Any]:
    return () if isinstance(part, msgspec.UnsetType) else part


def course_seats_words(course: BatchCourse) -> str:
    """`A 20 of 25, B 20 of 22`: seats taken of those that were free."""
    return ", ".join(
        phrase("{code} {seats} of {free}", code=one.code, seats=one.seats, free=one.free)
        for one in course.sections
    )


def is_settled(exception: BatchException) -> bool:
    """Nobody has to do anything about it."""
    return exception.code in SETTLED


def reasons_words(exceptions: Sequence[BatchException]) -> str:
    """`prerequisite 8, hold 3, no seat 2`: the most frequent first."""
    counted = Counter(phrase(REASONS.get(one.code, OTHERWISE)) for one in exceptions)
    return phrase(", ").join(f"{reason} {count:,}" for reason, count in counted.most_common())
