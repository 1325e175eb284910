"""The calls behind the catalog's desk: courses, sections, departments, programs, and whom to choose from."""

from __future__ import annotations

from datetime import date

from sims_desktop.client.entries import EntryCalls
from sims_desktop.client.http import Client, Parameters
from sims_desktop.client.results import every
from sims_shared.access import ColleagueView
from sims_shared.attendance import ClassRoster
from sims_shared.catalog import CourseView, CurriculumCourseView, DepartmentView, ProgramView
from sims_shared.enrollment import SectionView
from sims_shared.messages import Page
from sims_shared.terms import TermView

FOUND = 8


class CatalogCalls:
    """Each list with its entries. Every call raises `ClientError`s only."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.courses = EntryCalls(client, "/api/courses/", CourseView)
        self.sections = EntryCalls(client, "/api/sections/", SectionView)
        self.departments = EntryCalls(client, "/api/departments/", DepartmentView)
        self.programs = EntryCalls(client, "/api/programs/", ProgramView)
        self.curricula = EntryCalls(client, "/api/curricula/", CurriculumCourseView)

    def list_departments(self) -> list[DepartmentView]:
        return every(self._client, "/api/departments/", DepartmentView, {"ordering": "code"})

    def list_programs(self) -> list[ProgramView]:
        return every(self._client, "/api/programs/", ProgramView, {"ordering": "code"})

    def list_terms(self) -> list[TermView]:
        return every(self._client, "/api/terms/", TermView, {"ordering": "-start_date"})

    def find_course(self, code: str) -> CourseView | None:
        """By its code, however it is typed."""
        for spelled in dict.fromkeys((code, code.upper())):
            given: Parameters = {"code": spelled, "page_size": 1}
            found = self._client.get("/api/courses/", Page[CourseView], given).results
            if found:
                return found[0]
        return None

    def find_teachers(self, words: str) -> list[ColleagueView]:
        given: Parameters = {"search": words, "page_size": FOUND, "ordering": "name"}
        return list(self._client.get("/api/sections/teachers/", Page[ColleagueView], given).results)

    def read_roster(self, section_id: int, day: date) -> ClassRoster:
        """Who sits in the section."""
        given: Parameters = {"section_id": section_id, "date": day.isoformat(), "slot": 1}
        return self._client.get("/api/attendance/roster/", ClassRoster, given)
