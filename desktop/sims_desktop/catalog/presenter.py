"""Courses, departments and programs: what each one's form holds, and what it is refused for. Qt-free."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from sims_desktop.kit.entries import (
    CHOICE,
    YES,
    Draft,
    EntriesPresenter,
    Entry,
    HasId,
    Typed,
    Unresolved,
    chosen,
    figure,
    figure_or_none,
    whole,
    words,
    words_or_none,
)
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import left_to_right
from sims_shared.catalog import CourseView, DepartmentView, ProgramView
from sims_shared.problems import Fault

V = TypeVar("V", bound=HasId)
GRADINGS = {
    "letter": later("Letter grades"),
    "pass_fail": later("Pass or fail"),
    "non_credit": later("Without credit"),
    "audit": later("Audit"),
}
LINKS = ("prerequisites", "equivalents")


class Lookups(Protocol):
    """What the forms choose from."""

    def list_departments(self) -> list[DepartmentView]: ...
    def find_course(self, code: str) -> CourseView | None: ...


@dataclass(slots=True)
class OfDepartments(EntriesPresenter[V]):
    """Entries that belong to departments, narrowed to one of them."""

    lookups: Lookups | None = None
    departments: Sequence[DepartmentView] = ()

    def look_up(self) -> Sequence[DepartmentView]:
        assert self.lookups is not None
        return self.lookups.list_departments()

    def take_up(self, found: Any) -> None:
        self.departments = found

    def of_departments(self) -> Sequence[tuple[str, Any]]:
        return [(f"{left_to_right(one.code)} {one.name}", one.id) for one in self.departments]

    def department_words(self, id: int) -> str:
        return next((one.code for one in self.departments if one.id == id), str(id))

    def proposal(self) -> Typed:
        """Of the department that is shown."""
        typed = EntriesPresenter.proposal(self)
        of = self.filters.get("department_id")
        return typed if of is None else {**typed, "department_id": of}


@dataclass(slots=True)
class CoursesPresenter(OfDepartments[CourseView]):
    noun: str = later("course")
    beside: dict[str, str] = field(
        default_factory=lambda: {
            "courses.code_taken": "code",
            "courses.prerequisite_circle": "prerequisites",
        }
    )

    @property
    def entries(self) -> Sequence[Entry]:
        hint = later("codes: CS-101, MA-101")
        return (
            Entry("code", later("&Code"), read=words),
            Entry("title", later("&Title"), read=words),
            Entry("department_id", later("&Department"), CHOICE, chosen, self.of_departments),
            Entry("credits", later("C&redits"), read=figure),
            Entry("credits_theory", later("of which t&heory"), read=figure_or_none),
            Entry("credits_practical", later("of which &practical"), read=figure_or_none),
            Entry("marks_total", later("&Marks in all"), read=figure_or_none, hint=later("as weights say")),
            Entry("grading", later("&Grading"), CHOICE, chosen, _gradings),
            Entry("counts_in_gpa", later("Cou&nts in the GPA"), YES),
            Entry("prerequisites", later("Re&quires"), read=_codes, hint=hint),
            Entry("equivalents", later("&Equivalent to"), read=_codes, hint=hint),
        )

    def name_of(self, record: CourseView) -> str:
        return f"{left_to_right(record.code)} {record.title}"

    def proposal(self) -> Typed:
        return {**OfDepartments.proposal(self), "credits": "3", "counts_in_gpa": True}

    def typed_of(self, record: CourseView) -> Typed:
        typed = EntriesPresenter.typed_of(self, record)
        typed["prerequisites"] = ", ".join(record.prerequisite_codes)
        typed["equivalents"] = ", ".join(record.equivalent_codes)
        return typed

    def complete(self, body: dict[str, Any]) -> dict[str, Any]:
        """Codes become courses. Raises Unresolved with every code that is none."""
        assert self.lookups is not None
        return resolved(body, LINKS, self.lookups.find_course)

    def saved(self, draft: Draft[CourseView], made: CourseView) -> str:
        said = EntriesPresenter.saved(self, draft, made)
        if draft.base is None:
            return said
        return phrase("{said} Its sections keep what it was.", said=said)


def resolved(
    body: dict[str, Any], names: Sequence[str], find: Callable[[str], CourseView | None]
) -> dict[str, Any]:
    """`names` of the body hold codes of courses; ids take their place."""
    found, faults = dict(body), []
    for name in names:
        if name not in body:
            continue
        ids = []
        for code in body[name]:
            course = find(code)
            if course is None:
                detail = phrase("There is no course {code}.", code=code)
                faults.append(Fault(f"/{name}", "unknown", detail))
            else:
                ids.append(course.id)
        found[name] = ids
    if faults:
        raise Unresolved(faults)
    return found


@dataclass(slots=True)
class DepartmentsPresenter(EntriesPresenter[DepartmentView]):
    noun: str = later("department")
    beside: dict[str, str] = field(
        default_factory=lambda: {"departments.code_taken": "code", "departments.name_taken": "name"}
    )

    @property
    def entries(self) -> Sequence[Entry]:
        return (
            Entry("code", later("&Code"), read=words),
            Entry("name", later("&Name"), read=words),
            Entry("faculty_name", later("&Faculty"), read=words_or_none),
        )

    def name_of(self, record: DepartmentView) -> str:
        return f"{left_to_right(record.code)} {record.name}"


@dataclass(slots=True)
class ProgramsPresenter(OfDepartments[ProgramView]):
    noun: str = later("program")
    beside: dict[str, str] = field(
        default_factory=lambda: {
            "programs.code_taken": "code",
            "programs.code_fixed": "code",
            "programs.name_taken": "name",
        }
    )

    @property
    def entries(self) -> Sequence[Entry]:
        return (
            Entry("code", later("&Code"), read=words),
            Entry("name", later("&Name"), read=words),
            Entry("department_id", later("&Department"), CHOICE, chosen, self.of_departments),
            Entry("level", later("&Level"), read=words, hint=later("as UG, PG")),
            Entry("credits_required", later("C&redits needed"), read=figure),
            Entry("semesters", later("&Semesters"), read=whole),
        )

    def name_of(self, record: ProgramView) -> str:
        return f"{left_to_right(record.code)} {record.name}"

    def proposal(self) -> Typed:
        typed = OfDepartments.proposal(self)
        return {**typed, "level": "UG", "credits_required": "130", "semesters": "8"}


def _gradings() -> Sequence[tuple[str, Any]]:
    return [(phrase(said), name) for name, said in GRADINGS.items()]


def _codes(typed: str) -> list[str]:
    return [code for one in typed.split(",") if (code := " ".join(one.split()))]
