"""Curricula: which courses a program teaches in which semester, from which intake on. Qt-free.

The rule a newcomer would get wrong: an intake follows the latest curriculum that does not begin after it, so
a new curriculum begins with one course of a later intake and needs all of its courses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from sims_desktop.catalog.presenter import resolved
from sims_desktop.kit.entries import CHOICE, Draft, EntriesPresenter, Entry, Typed, chosen, whole, words
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import left_to_right
from sims_shared.catalog import CourseView, CurriculumCourseView, ProgramView

KINDS = {"core": later("core"), "elective": later("elective")}


class Lookups(Protocol):
    def list_programs(self) -> list[ProgramView]: ...
    def find_course(self, code: str) -> CourseView | None: ...


@dataclass(slots=True)
class CurriculaPresenter(EntriesPresenter[CurriculumCourseView]):
    """Always of one program."""

    noun: str = later("course")
    ordering: str = "semester"
    beside: dict[str, str] = field(default_factory=lambda: {"curricula.course_taken": "course"})
    lookups: Lookups | None = None
    programs: Sequence[ProgramView] = ()
    last: CurriculumCourseView | None = None
    """The one that was added last: they come in piles."""

    @property
    def entries(self) -> Sequence[Entry]:
        return (
            Entry("course", later("C&ourse"), read=words, hint=later("its code, as CS-101"), fixed=True),
            Entry("semester", later("&Semester"), read=whole),
            Entry("kind", later("&Kind"), CHOICE, chosen, _kinds),
            Entry(
                "intake_from",
                later("From &intake"),
                read=_intake,
                hint=later("as 2026F or 2027S"),
                fixed=True,
            ),
        )

    def name_of(self, record: CurriculumCourseView) -> str:
        return f"{left_to_right(record.course_code)} {record.course_title}"

    def kind_words(self, record: CurriculumCourseView) -> str:
        return phrase(KINDS.get(record.kind, record.kind))

    # The program

    def look_up(self) -> Sequence[ProgramView]:
        assert self.lookups is not None
        return self.lookups.list_programs()

    def asked(self, found: Any) -> dict[str, Any]:
        return {**self.filters, "program_id": self._program_of(found)}

    def take_up(self, found: Any) -> None:
        self.filters["program_id"] = self._program_of(found)
        self.programs = found

    def _program_of(self, programs: Sequence[ProgramView]) -> int | None:
        wanted = self.filters.get("program_id")
        return programs[0].id if wanted is None and programs else wanted

    # The form

    def proposal(self) -> Typed:
        """As the last one that was added, else as the newest curriculum that is shown."""
        like = self.last or max(self.records, key=lambda one: one.intake_from, default=None)
        if like is None:
            return {"course": "", "semester": "1", "kind": "core", "intake_from": ""}
        return {**self.typed_of(like), "course": ""}

    def typed_of(self, record: CurriculumCourseView) -> Typed:
        return {
            "course": record.course_code,
            "semester": str(record.semester),
            "kind": record.kind,
            "intake_from": record.intake_from,
        }

    def complete(self, body: dict[str, Any]) -> dict[str, Any]:
        if "course" not in body:
            return body
        assert self.lookups is not None
        found = resolved({**body, "course": [body["course"]]}, ("course",), self.lookups.find_course)
        (course_id,) = found.pop("course")
        return {**found, "course_id": course_id, "program_id": self.filters["program_id"]}

    def saved(self, draft: Draft[CurriculumCourseView], made: CurriculumCourseView) -> str:
        if draft.base is None:
            self.last = made
        return EntriesPresenter.saved(self, draft, made)

    # What it adds up to

    def load_words(self, record: CurriculumCourseView | None) -> str:
        """The credits of each semester of the curriculum under the cursor, beside what the program needs."""
        if record is None or self.next is not None:
            return ""
        by_semester: dict[int, Decimal] = defaultdict(Decimal)
        for one in self.records:
            if one.intake_from == record.intake_from and one.kind == "core":
                by_semester[one.semester] += one.credits
        if not by_semester:
            return ""
        parts = [
            phrase("semester {number}: {credits}", number=number, credits=_plain(credits))
            for number, credits in sorted(by_semester.items())
        ]
        needs = next((one.credits_required for one in self.programs if one.id == record.program_id), None)
        return phrase(
            "Core credits from {intake}: {total} of {needed} needed · {semesters}",
            intake=record.intake_from,
            total=_plain(sum(by_semester.values(), Decimal())),
            needed="–" if needs is None else _plain(needs),
            semesters=" · ".join(parts),
        )


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _intake(typed: str) -> str:
    return words(typed).upper()


def _kinds() -> Sequence[tuple[str, Any]]:
    return [(phrase(said), name) for name, said in KINDS.items()]
