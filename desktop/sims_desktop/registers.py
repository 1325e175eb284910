"""Desks that keep entries (terms, days off, date sheet, kinds of hold and of request, catalog), put together
for whoever signed in.

Beside `app.py`, for the same reason: pages are imported when they are opened first.
"""

from __future__ import annotations

from collections.abc import Collection

from sims_desktop.client.http import Client
from sims_desktop.kit.page import Page, Surroundings

REGISTERS = ("terms", "days_off", "date_sheet", "hold_kinds", "request_kinds", "catalog")


def register_page(kind: str, around: Surroundings, client: Client, permissions: Collection[str]) -> Page:
    """The page of one of `REGISTERS`."""
    if kind == "terms":
        from sims_desktop.client.terms import TermCalls
        from sims_desktop.terms.page import TermsPage
        from sims_desktop.terms.presenter import TermsPresenter

        return TermsPage(around, TermsPresenter(TermCalls(client)))
    if kind == "days_off":
        from sims_desktop.client.days_off import DayOffCalls
        from sims_desktop.days_off.page import DaysOffPage
        from sims_desktop.days_off.presenter import DaysOffPresenter

        return DaysOffPage(around, DaysOffPresenter(DayOffCalls(client)))
    if kind == "request_kinds":
        from sims_desktop.client.request_kinds import RequestKindCalls
        from sims_desktop.requests.kinds_page import RequestKindsPage
        from sims_desktop.requests.presenter.kinds import RequestKindsPresenter

        return RequestKindsPage(around, RequestKindsPresenter(RequestKindCalls(client)))
    if kind == "date_sheet":
        from sims_desktop.client.examinations import ExaminationCalls
        from sims_desktop.examinations.page import DateSheetPage
        from sims_desktop.examinations.presenter import PapersPresenter, RoomsPresenter

        calls = ExaminationCalls(client)
        papers = PapersPresenter(calls.papers, lookups=calls)
        return DateSheetPage(around, papers, RoomsPresenter(calls.rooms))
    if kind == "hold_kinds":
        from sims_desktop.client.holds import HoldKindCalls
        from sims_desktop.holds.kinds import HoldKindsPresenter
        from sims_desktop.holds.kinds_page import HoldKindsPage

        kinds = HoldKindCalls(client)
        return HoldKindsPage(around, HoldKindsPresenter(kinds, lookups=kinds))
    return _catalog_page(around, client, permissions)


def _catalog_page(around: Surroundings, client: Client, permissions: Collection[str]) -> Page:
    from sims_desktop.catalog.curricula import CurriculaPresenter
    from sims_desktop.catalog.page import CatalogPage
    from sims_desktop.catalog.presenter import CoursesPresenter, DepartmentsPresenter, ProgramsPresenter
    from sims_desktop.catalog.sections import SectionsPresenter
    from sims_desktop.client.catalog import CatalogCalls

    calls = CatalogCalls(client)
    return CatalogPage(
        around,
        CoursesPresenter(calls.courses, lookups=calls),
        SectionsPresenter(calls.sections, lookups=calls, permissions=permissions),
        DepartmentsPresenter(calls.departments),
        ProgramsPresenter(calls.programs, lookups=calls),
        CurriculaPresenter(calls.curricula, lookups=calls),
    )
