"""The sections of a term: capacity and seats, who teaches, and who sits there. Qt-free."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, Protocol

from sims_desktop.catalog.presenter import resolved
from sims_desktop.client.errors import ClientError, ProblemAnswer
from sims_desktop.kit.entries import CHOICE, OWN, EntriesPresenter, Entry, Typed, chosen, whole, words
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import left_to_right, listed
from sims_shared.access import ColleagueView, Permission
from sims_shared.attendance import ClassRoster
from sims_shared.catalog import CourseView
from sims_shared.enrollment import SectionView
from sims_shared.terms import TermView

ROLES = {
    "lead": later("leads"),
    "co": later("teaches too"),
    "lab": later("laboratory"),
    "ta": later("assistant"),
}
STATUSES = {"active": later("active"), "cancelled": later("cancelled")}


class Member(NamedTuple):
    """One of a section's staff as the form holds it."""

    user_id: int
    role: str
    name: str


Staff = tuple[Member, ...]


class Lookups(Protocol):
    def list_terms(self) -> list[TermView]: ...
    def find_course(self, code: str) -> CourseView | None: ...
    def find_teachers(self, words: str) -> list[ColleagueView]: ...
    def read_roster(self, section_id: int, day: date) -> ClassRoster: ...


@dataclass(slots=True)
class SectionsPresenter(EntriesPresenter[SectionView]):
    """Always of one term: the newest that is open, until another is chosen."""

    noun: str = later("section")
    ordering: str = "course_code"
    beside: dict[str, str] = field(
        default_factory=lambda: {
            "sections.code_taken": "code",
            "sections.capacity_below_seats": "capacity",
            "sections.staff_invalid": "staff",
        }
    )
    lookups: Lookups | None = None
    permissions: Collection[str] = ()
    terms: Sequence[TermView] = ()

    @property
    def entries(self) -> Sequence[Entry]:
        return (
            Entry("course", later("C&ourse"), read=words, hint=later("its code, as CS-101"), fixed=True),
            Entry("code", later("&Section"), read=words, hint=later("as A")),
            Entry("capacity", later("C&apacity"), read=whole),
            Entry("status", later("S&tate"), CHOICE, chosen, _statuses),
            Entry("staff", later("T&eachers"), OWN, read=_staff),
        )

    def name_of(self, record: SectionView) -> str:
        return f"{self.short_name(record)} {record.course_title}"

    def short_name(self, record: SectionView) -> str:
        return left_to_right(f"{record.course_code} {record.code}")

    def seats_words(self, record: SectionView) -> str:
        return phrase("{taken} of {capacity}", taken=record.seats_taken, capacity=record.capacity)

    def teachers_words(self, record: SectionView) -> str:
        return listed(record.teachers, 1) or phrase("nobody yet")

    # The term

    def look_up(self) -> Sequence[TermView]:
        assert self.lookups is not None
        return self.lookups.list_terms()

    def asked(self, found: Any) -> dict[str, Any]:
        return {**self.filters, "term_id": self._term_of(found)}

    def take_up(self, found: Any) -> None:
        self.filters["term_id"] = self._term_of(found)
        self.terms = found

    def _term_of(self, terms: Sequence[TermView]) -> int | None:
        wanted = self.filters.get("term_id")
        if wanted is not None or not terms:
            return wanted
        return next((term for term in terms if term.status == "open"), terms[0]).id

    # The form

    def proposal(self) -> Typed:
        return {"course": "", "code": "A", "capacity": "50", "status": "active", "staff": ()}

    def typed_of(self, record: SectionView) -> Typed:
        staff = zip(record.staff, record.teachers, strict=True)
        return {
            "course": record.course_code,
            "code": record.code,
            "capacity": str(record.capacity),
            "status": record.status,
            "staff": tuple(Member(one.user_id, one.role, name) for one, name in staff),
        }

    def complete(self, body: dict[str, Any]) -> dict[str, Any]:
        if "course" not in body:
            return body
        assert self.lookups is not None
        found = resolved({**body, "course": [body["course"]]}, ("course",), self.lookups.find_course)
        (course_id,) = found.pop("course")
        return {**found, "course_id": course_id, "term_id": self.filters["term_id"]}

    def said(self, one: Entry, typed: Any) -> str:
        if one.kind == OWN:
            return listed(f"{member.name} ({phrase(ROLES[member.role])})" for member in typed) or "–"
        return EntriesPresenter.said(self, one, typed)

    def refused(self, error: Exception) -> str:
        said = EntriesPresenter.refused(self, error)
        if isinstance(error, ProblemAnswer) and "seats_taken" in error.facts:
            taken = error.facts["seats_taken"]
            said = phrase("{taken} seats are taken; no fewer than that.", taken=taken)
            self.faults = [one.__class__(one.pointer, one.code, said) for one in self.faults]
        return said

    # People

    def find_teachers(self, typed: str) -> list[ColleagueView]:
        assert self.lookups is not None
        return self.lookups.find_teachers(typed)

    @property
    def may_read_roster(self) -> bool:
        return Permission.READ_ATTENDANCE in self.permissions

    def read_roster(self, section: SectionView, day: date) -> ClassRoster:
        assert self.lookups is not None
        return self.lookups.read_roster(section.id, day)

    def not_read(self, error: Exception) -> str:
        if not isinstance(error, ClientError):
            raise error
        return str(error)


def joined(staff: Staff, teacher: ColleagueView) -> Staff:
    """With one more: the first of all leads."""
    if any(one.user_id == teacher.id for one in staff):
        return staff
    role = "co" if any(one.role == "lead" for one in staff) else "lead"
    return (*staff, Member(teacher.id, role, teacher.name))


def led_by(staff: Staff, user_id: int) -> Staff:
    """One leads; whoever did teaches with them."""
    changed = []
    for one in staff:
        role = "lead" if one.user_id == user_id else "co" if one.role == "lead" else one.role
        changed.append(one._replace(role=role))
    return tuple(sorted(changed, key=lambda one: one.role != "lead"))


def next_role(staff: Staff, user_id: int) -> Staff:
    """Teaches too, laboratory, assistant, and around again."""
    others = [role for role in ROLES if role != "lead"]

    def turned(role: str) -> str:
        return others[(others.index(role) + 1) % len(others)] if role in others else others[0]

    return tuple(one._replace(role=turned(one.role)) if one.user_id == user_id else one for one in staff)


def _staff(typed: Staff) -> list[dict[str, Any]]:
    if typed and not any(one.role == "lead" for one in typed):
        raise ValueError(phrase("One of them leads: L in the list of teachers."))
    return [{"user_id": one.user_id, "role": one.role} for one in typed]


def _statuses() -> Sequence[tuple[str, Any]]:
    return [(phrase(said), name) for name, said in STATUSES.items()]
