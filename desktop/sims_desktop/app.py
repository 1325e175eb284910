"""The desktop program put together: profile, look, sign-in, then one window for whoever signed in.

The only place that knows every desk. Pages are imported when they are opened first, so that a cold start
pays for the sign-in alone.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication, QWidget

from sims_desktop.kit import language
from sims_desktop.kit.actions import Actions
from sims_desktop.kit.bugs import BugReporter
from sims_desktop.kit.language import phrase
from sims_desktop.kit.page import Page, Surroundings
from sims_desktop.kit.qt_words import QtWords, system_language
from sims_desktop.kit.remembered import Remembered
from sims_desktop.kit.search import Entry
from sims_desktop.kit.tasks import Progress, Tasks
from sims_desktop.kit.theme import Theme
from sims_desktop.offline.failures import NotKept
from sims_desktop.offline.sync import Link, SyncStatus
from sims_desktop.registers import REGISTERS, register_page
from sims_desktop.shell.lock import Locker
from sims_desktop.shell.presenter import Identity, SignInPresenter, Standing
from sims_desktop.shell.sign_in import SignInWindow
from sims_desktop.shell.window import MainWindow
from sims_desktop.shell.workplace import ProfileDoor, Workplace
from sims_shared.access import Permission

if TYPE_CHECKING:
    from sims_desktop.attendance.presenter.drafts import KeptClass, Sent
    from sims_desktop.students.acts.bench import Acting

DEFAULT_SERVER = "https://sims.example.edu"


class Desktop(QObject):
    """Owns everything that lives as long as the program, and one workplace at a time. `ended` when its
    last window was closed by the person."""

    ended = Signal()

    def __init__(self, app: QApplication, profile: Path, server: str | None = None) -> None:
        super().__init__(app)
        profile.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.app = app
        self.profile = profile
        self.bugs = BugReporter(profile, lambda: self.window or self.sign_in)
        self.bugs.words_of = lambda error: str(error) if isinstance(error, NotKept) else None
        self.remembered = Remembered(profile)
        self.theme = Theme(app, self.remembered)
        self._qt_words = QtWords(self)
        self._speak(self.remembered.text("look/language", system_language()))
        self.tasks = Tasks(self.bugs.report, self)
        self.bugs.on_gui = self.tasks.on_gui
        self.door = ProfileDoor(profile)
        self.server = server or self.remembered.text("server", DEFAULT_SERVER)
        self.sign_in: QWidget | None = None
        self.window: MainWindow | None = None
        self.workplace: Workplace | None = None
        self.around: Surroundings | None = None
        self._status = SyncStatus()
        self._synced_before: datetime | None = None
        self.locker = Locker(app, self.tasks, self.remembered)
        # The last window closed by a change of user must not end the program.
        app.setQuitOnLastWindowClosed(False)
        app.aboutToQuit.connect(self.close)

    # Signing in

    def show_sign_in(self, username: str = "") -> SignInWindow:
        presenter = SignInPresenter(self.door, self.server, username or self.remembered.text("username"))
        window = SignInWindow(presenter, self.tasks)
        window.signed_in.connect(self._signed_in)
        window.closed.connect(self._sign_in_closed)
        window.language_chosen.connect(self.set_language)
        self.sign_in = window
        window.show()
        return window

    def enter(self, username: str, password: str) -> SignInWindow:
        """As if typed: off line when the server is away and this computer knows the person."""
        window = self.show_sign_in(username)
        window.password.setText(password)
        window.enter_wherever_possible()
        return window

    def _sign_in_closed(self) -> None:
        if self.window is None:
            self.ended.emit()

    def _signed_in(self, identity: Identity) -> None:
        workplace = self.door.opened
        assert workplace is not None
        self.remembered.put("server", identity.server)
        self.remembered.put("username", identity.username)
        self.server = identity.server
        self._open(workplace)
        if self.sign_in is not None:
            self.sign_in.close()
            self.sign_in.deleteLater()
            self.sign_in = None

    # One person's window

    def _open(self, workplace: Workplace) -> None:
        from sims_desktop.attendance.presenter.drafts import ClassDrafts
        from sims_desktop.client.attendance import AttendanceCalls
        from sims_desktop.grading.presenter.shelf import StoreShelf

        self.workplace = workplace
        self.classes = ClassDrafts(workplace.store, AttendanceCalls(workplace.client))
        self._status = workplace.sync.status
        person_id = workplace.identity.user_id
        self.shelf = StoreShelf(workplace.store, workplace.sync.wake, person_id=person_id)
        self._show_window(workplace)
        synced = [line.synced_at for line in workplace.store.sheets() if line.synced_at is not None]
        self._synced_before = max(synced, default=None)
        workplace.store.on_change = self._store_changed
        workplace.start(self._sync_told)
        self._show_standing()

    def _show_window(self, workplace: Workplace) -> MainWindow:
        around = Surroundings(Actions(self.remembered), self.tasks, self.remembered, self.theme)
        self.around = around
        identity = workplace.identity
        desks = {desk.id for desk in identity.desks}
        window = MainWindow(identity, identity.desks, around, self._page)
        self.window = window
        window.palette_box.add_source(self._sheet_entries)
        if Permission.MANAGE_SETTINGS in identity.permissions:
            window.palette_box.add_source(self._setting_entries)
        if "students" in desks:
            self._offer_students(window)
        if desks & {"results", "batches"}:
            self._offer_classes(window, desks)
        if "cases" in desks and Permission.REQUEST_CHANGE in identity.permissions:
            window.palette_box.add_source(self._unfair_means_entry)
        around.actions.add("window.today", "Today", "Alt+Home", lambda: window.open("today"), window)
        if "approvals" in desks:
            around.actions.add(
                "window.approvals", "Approvals", "Ctrl+I", lambda: window.open("approvals"), window
            )
        self.locker.attend(window, identity, workplace.store.passphrase_matches)
        window.signed_out.connect(self._switch_user)
        window.closed.connect(self._window_closed)
        window.language_chosen.connect(self.set_language)
        around.changes.told.connect(lambda kind, id: self._show_standing())
        window.show()
        return window

    # The language

    def set_language(self, code: str) -> None:
        """Everything is said in another language from now on: what is open is made anew in it."""
        window, sign_in = self.window, self.sign_in
        if window is not None and not window.may_leave():
            return
        self.remembered.put("look/language", code)
        self._speak(code)
        if isinstance(sign_in, SignInWindow):
            sign_in.closed.disconnect(self._sign_in_closed)
            self.show_sign_in(sign_in.username.text())
            sign_in.close()
            sign_in.deleteLater()
        if window is not None and self.workplace is not None:
            window.closed.disconnect(self._window_closed)
            window.ask_before_leaving = False
            window.close()
            window.deleteLater()
            self._show_window(self.workplace).open(*window.place)
            self._show_standing()

    def _speak(self, code: str) -> None:
        spoken = language.speak(code)
        flips = language.runs_right_to_left()
        self.app.setLayoutDirection(
            Qt.LayoutDirection.RightToLeft if flips else Qt.LayoutDirection.LeftToRight
        )
        self._qt_words.follow(self.app, spoken)

    def _page(self, kind: str, id: int) -> Page:
        assert self.around is not None
        assert self.workplace is not None
        if kind == "sheets":
            from sims_desktop.grading.overview_page import OverviewPage

            return OverviewPage(self.around, self.shelf)
        if kind == "today":
            from sims_desktop.client.today import TodayCalls
            from sims_desktop.today.page import TodayPage
            from sims_desktop.today.presenter import TodayPresenter

            place = self.workplace
            titles = {desk.id: desk.title for desk in place.identity.desks}
            return TodayPage(self.around, TodayPresenter(TodayCalls(place.client), titles, place))
        if kind == "sheet":
            from sims_desktop.client.sheet_office import SheetOffice
            from sims_desktop.grading.page import GridPage

            place = self.workplace
            office = SheetOffice(place.client, place.store, place.catch_up)
            return GridPage(self.around, self.shelf, office, id)
        if kind == "attendance":
            from sims_desktop.attendance.page import AttendancePage
            from sims_desktop.attendance.presenter.classlist import ClassListPresenter
            from sims_desktop.client.attendance import AttendanceCalls

            rosters, store = AttendanceCalls(self.workplace.client), self.workplace.store
            return AttendancePage(
                self.around, ClassListPresenter(store, rosters, self.classes, self.around.now)
            )
        if kind == "approvals":
            from sims_desktop.approvals.page import InboxPage
            from sims_desktop.approvals.presenter import InboxPresenter
            from sims_desktop.client.results import ApprovalCalls

            who = self.workplace.identity
            calls = ApprovalCalls(self.workplace.client)
            return InboxPage(self.around, InboxPresenter(calls, who.user_id, who.roles, who.permissions))
        if kind == "results":
            from sims_desktop.client.results import ResultCalls
            from sims_desktop.results.page import PublishPage
            from sims_desktop.results.presenter import PublishPresenter

            return PublishPage(self.around, PublishPresenter(ResultCalls(self.workplace.client)))
        if kind == "counter":
            from sims_desktop.client.requests import RequestCalls
            from sims_desktop.client.transcripts import CounterCalls
            from sims_desktop.counter.institutions import Institutions
            from sims_desktop.counter.page import CounterPage
            from sims_desktop.counter.presenter.applications import ApplicationsPresenter
            from sims_desktop.counter.presenter.desk import DeskPresenter
            from sims_desktop.counter.presenter.verification import Verifier
            from sims_desktop.requests.presenter.applying import ApplyingPresenter
            from sims_desktop.requests.presenter.handing import Handing

            counter, asking = CounterCalls(self.workplace.client), RequestCalls(self.workplace.client)
            permissions = self.workplace.identity.permissions
            desk = DeskPresenter(counter, permissions)
            taking = ApplicationsPresenter(
                ApplyingPresenter(asking), Handing(asking, permissions), asking, self.workplace.identity.name
            )
            verifier = Verifier(counter, Institutions(self.profile / "institutions"))
            return CounterPage(self.around, counter, desk, self.profile / "printed", verifier, taking)
        if kind == "admissions":
            from sims_desktop.admissions.page import AdmissionsPage
            from sims_desktop.admissions.presenter import AdmissionsPresenter
            from sims_desktop.client.admissions import AdmissionCalls

            applying = AdmissionCalls(self.workplace.client)
            return AdmissionsPage(
                self.around, AdmissionsPresenter(applying, self.workplace.identity.permissions)
            )
        if kind == "batches":
            from sims_desktop.batches.page import BatchesPage
            from sims_desktop.batches.presenter import BatchesPresenter
            from sims_desktop.client.batches import BatchCalls

            seating = BatchCalls(self.workplace.client)
            permissions = self.workplace.identity.permissions
            return BatchesPage(self.around, BatchesPresenter(seating, permissions))
        if kind == "naming":
            from sims_desktop.client.naming import NamingCalls
            from sims_desktop.naming.page import NamingPage
            from sims_desktop.naming.presenter import NamingPresenter

            who = self.workplace.identity
            names = NamingCalls(self.workplace.client)
            return NamingPage(self.around, NamingPresenter(names, who.permissions, who.user_id))
        if kind == "merging":
            from sims_desktop.client.merging import MergeCalls
            from sims_desktop.merging.page import MergingPage
            from sims_desktop.merging.presenter import MergingPresenter

            who, merges = self.workplace.identity, MergeCalls(self.workplace.client)
            return MergingPage(self.around, MergingPresenter(merges, who.permissions, who.user_id))
        if kind == "stationery":
            from sims_desktop.client.stationery import StationeryCalls
            from sims_desktop.stationery.page import StationeryPage
            from sims_desktop.stationery.presenter import StationeryPresenter

            who, pile = self.workplace.identity, StationeryCalls(self.workplace.client)
            return StationeryPage(self.around, StationeryPresenter(pile, who.user_id, who.name))
        if kind == "reports":
            from sims_desktop.client.reports import ReportCalls
            from sims_desktop.reports.page import ReportsPage
            from sims_desktop.reports.presenter import ReportsPresenter

            place = self.workplace
            reports = ReportsPresenter(ReportCalls(place.client), place.identity.permissions)
            return ReportsPage(self.around, reports)
        if kind == "unlocking":
            from sims_desktop.client.unlocking import UnlockCalls
            from sims_desktop.unlocking.page import UnlockPage
            from sims_desktop.unlocking.presenter import UnlockPresenter

            return UnlockPage(self.around, UnlockPresenter(UnlockCalls(self.workplace.client)))
        if kind == "delegations":
            from sims_desktop.client.delegations import DelegationCalls
            from sims_desktop.delegations.page import DelegationsPage
            from sims_desktop.delegations.presenter import DelegationsPresenter

            lending = DelegationsPresenter(
                DelegationCalls(self.workplace.client), self.workplace.identity.user_id
            )
            return DelegationsPage(self.around, lending)
        if kind == "eligibility":
            from sims_desktop.client.eligibility import EligibilityCalls
            from sims_desktop.client.examinations import SlipCalls
            from sims_desktop.eligibility.page import EligibilityPage
            from sims_desktop.eligibility.presenter import EligibilityPresenter
            from sims_desktop.eligibility.slips import SlipPrinter

            who = self.workplace.identity
            judging, slips = EligibilityCalls(self.workplace.client), SlipCalls(self.workplace.client)
            eligibility = EligibilityPresenter(judging, who.permissions, self.around.now, SlipPrinter(slips))
            return EligibilityPage(self.around, eligibility)
        if kind == "system":
            from sims_desktop.client.operations_room import SystemCalls
            from sims_desktop.operations_room.page import SystemPage

            who = self.workplace.identity
            return SystemPage(self.around, SystemCalls(self.workplace.client), who.permissions)
        if kind == "jobs":
            from sims_desktop.client.jobs import JobCalls
            from sims_desktop.jobs.page import JobsPage
            from sims_desktop.jobs.presenter import JobsPresenter

            who = self.workplace.identity
            desks = {desk.id for desk in who.desks}
            return JobsPage(
                self.around, JobsPresenter(JobCalls(self.workplace.client), who.permissions, desks)
            )
        if kind == "accounts":
            return self._accounts_page()
        if kind == "audit":
            from sims_desktop.audit.page import AuditPage
            from sims_desktop.audit.presenter import AuditPresenter
            from sims_desktop.audit.readers import ReadersPresenter
            from sims_desktop.client.audit import AuditCalls

            audit, now = AuditCalls(self.workplace.client), self.around.now
            entries = AuditPresenter(audit, self.workplace.identity.permissions, now)
            return AuditPage(self.around, entries, ReadersPresenter(audit, now))
        if kind == "account":
            from sims_desktop.client.own_account import OwnAccountCalls
            from sims_desktop.own_account.page import OwnAccountPage
            from sims_desktop.own_account.presenter import OwnAccountPresenter

            place = self.workplace

            def keep(previous: str, password: str) -> None:
                self.door.keep_password(place, previous, password)

            own = OwnAccountPresenter(OwnAccountCalls(place.client), keep, self.around.now)
            return OwnAccountPage(self.around, own)
        if kind in ("students", "student", "record"):
            return self._student_page(kind, id)
        if kind == "holds":
            return self._holds_page(id)
        if kind in REGISTERS:
            place = self.workplace
            return register_page(kind, self.around, place.client, place.identity.permissions)
        if kind in ("requests", "new_request", "my_requests"):
            return self._request_page(kind)
        if kind in ("cases", "new_case", "new_transfer"):
            return self._case_page(kind, id)
        if kind in ("imports", "date_sheet_files"):
            from sims_desktop.client.imports import ImportCalls
            from sims_desktop.imports.page import DateSheetFilesPage, ImportsPage
            from sims_desktop.imports.presenter import DATE_SHEET, ImportsPresenter

            who = self.workplace.identity
            files = ImportsPresenter(ImportCalls(self.workplace.client), who.permissions, who.user_id)
            if kind == "imports":
                return ImportsPage(self.around, files)
            files.only = DATE_SHEET
            return DateSheetFilesPage(self.around, files)
        raise LookupError(f"there is no page {kind}")

    def _case_page(self, kind: str, id: int) -> Page:
        from sims_desktop.client.cases import CaseCalls
        from sims_desktop.client.students import StudentCalls

        assert self.around is not None
        assert self.workplace is not None
        who, calls = self.workplace.identity, CaseCalls(self.workplace.client)
        finder = StudentCalls(self.workplace.client)
        if kind == "new_case":
            from sims_desktop.cases.opening import OpeningPresenter
            from sims_desktop.cases.opening_page import OpeningPage

            return OpeningPage(self.around, OpeningPresenter(calls, who.permissions), finder, id)
        if kind == "new_transfer":
            from sims_desktop.cases.transfer_page import TransferPage
            from sims_desktop.cases.transferring import TransferPresenter

            return TransferPage(self.around, TransferPresenter(calls), finder)
        from sims_desktop.cases.page import CasesPage
        from sims_desktop.cases.presenter import CasesPresenter

        return CasesPage(self.around, CasesPresenter(calls, who.permissions, who.user_id))

    def _holds_page(self, id: int) -> Page:
        from sims_desktop.client.holds import HoldCalls
        from sims_desktop.client.students import StudentCalls
        from sims_desktop.holds.page import HoldsPage
        from sims_desktop.holds.presenter import HoldsPresenter

        assert self.around is not None
        assert self.workplace is not None
        who, client = self.workplace.identity, self.workplace.client
        holds = HoldsPresenter(HoldCalls(client), who.permissions, who.roles, id)
        return HoldsPage(self.around, holds, StudentCalls(client))

    def _request_page(self, kind: str) -> Page:
        from sims_desktop.client.requests import RequestCalls
        from sims_desktop.requests.presenter.applying import ApplyingPresenter

        assert self.around is not None
        assert self.workplace is not None
        who, calls = self.workplace.identity, RequestCalls(self.workplace.client)
        if kind == "requests":
            from sims_desktop.requests.page import RequestsPage
            from sims_desktop.requests.presenter.queue import QueuePresenter

            desks = {desk.id for desk in who.desks}
            return RequestsPage(self.around, QueuePresenter(calls, who.permissions), desks)
        if kind == "new_request":
            from sims_desktop.client.students import StudentCalls
            from sims_desktop.requests.applying_page import NewRequestPage

            return NewRequestPage(self.around, ApplyingPresenter(calls), StudentCalls(self.workplace.client))
        from sims_desktop.requests.own_page import OwnRequestsPage
        from sims_desktop.requests.presenter.own import OwnPresenter

        assert who.student_id is not None
        return OwnRequestsPage(self.around, OwnPresenter(calls, ApplyingPresenter(calls), who.student_id))

    def _accounts_page(self) -> Page:
        from sims_desktop.accounts.page import AccountsPage
        from sims_desktop.accounts.presenter import AccountsPresenter
        from sims_desktop.accounts.roles import RolesPresenter
        from sims_desktop.client.accounts import AccountCalls

        assert self.around is not None
        assert self.workplace is not None
        who, calls = self.workplace.identity, AccountCalls(self.workplace.client)
        accounts = AccountsPresenter(calls, who.permissions, who.user_id, self.around.now)
        return AccountsPage(self.around, accounts, RolesPresenter(calls, who.permissions))

    def _student_page(self, kind: str, id: int) -> Page:
        from sims_desktop.client.students import StudentCalls

        assert self.around is not None
        assert self.workplace is not None
        calls = StudentCalls(self.workplace.client)
        if kind == "students":
            from sims_desktop.students.finding import StudentsPage

            return StudentsPage(self.around, calls)
        from sims_desktop.students.page import StudentPage
        from sims_desktop.students.presenter import StudentPresenter

        whose = id if kind == "student" else self.workplace.identity.student_id
        assert whose is not None
        acting = self._acting() if kind == "student" else None  # nobody acts on their own record
        copies = Permission.COPY_TRANSCRIPT in self.workplace.identity.permissions
        slips = Permission.READ_ENROLLMENTS in self.workplace.identity.permissions
        return StudentPage(self.around, StudentPresenter(calls, whose), acting, copies=copies, slips=slips)

    def _acting(self) -> Acting:
        from sims_desktop.client.student_acts import StudentActCalls
        from sims_desktop.students.acts.bench import Acting
        from sims_desktop.students.acts.wishes import Rights

        assert self.workplace is not None
        who = self.workplace.identity
        desks = {desk.id for desk in who.desks}
        return Acting(StudentActCalls(self.workplace.client), Rights.of(who.permissions), "holds" in desks)

    def _offer_students(self, window: MainWindow) -> None:
        """Students by name or number in the palette, for who finds them."""
        assert self.around is not None
        assert self.workplace is not None
        from sims_desktop.client.students import StudentCalls
        from sims_desktop.students.finding import PaletteStudents

        calls = StudentCalls(self.workplace.client)
        PaletteStudents(window.palette_box, calls, self.tasks, lambda id: window.open("student", id))

    def _offer_classes(self, window: MainWindow, desks: Collection[str]) -> None:
        """`notify bscs 3`, `enroll batch bscs-22 sem 4`, `eligibility bscs 3`, for who has those desks."""
        assert self.workplace is not None
        from sims_desktop.client.results import ResultCalls
        from sims_desktop.results.palette import PaletteClasses

        read_programs = ResultCalls(self.workplace.client).read_programs
        PaletteClasses(window.palette_box, read_programs, self.tasks, window.open, desks)

    def _unfair_means_entry(self, query: str) -> Iterable[Entry]:
        """`ufm`: straight to the student it is about."""
        from sims_desktop.cases.opening_page import OpeningPage

        def go() -> None:
            page = self.window.open("new_case") if self.window is not None else None
            if isinstance(page, OpeningPage):
                page.begin_of("unfair_means")

        if query.strip():
            yield Entry(phrase("Report unfair means"), go, phrase("new case"), also="ufm")

    def _setting_entries(self, query: str) -> Iterable[Entry]:
        """Every setting by its name, its key and what it does."""
        from sims_desktop.operations_room.words import SETTINGS, setting_name, setting_sentence

        if self.window is None or not query.strip():
            return
        for key in SETTINGS:
            title = phrase("Setting: {name}", name=setting_name(key))
            yield Entry(title, partial(self._show_setting, key), setting_sentence(key), also=key)

    def _show_setting(self, key: str) -> None:
        from sims_desktop.operations_room.page import SystemPage

        page = self.window.open("system") if self.window is not None else None
        if isinstance(page, SystemPage):
            page.show_setting(key)

    def _sheet_entries(self, query: str) -> Iterable[Entry]:
        if self.window is None or not query.strip():
            return
        for line in self.shelf.list_sheets():
            if line.here:
                title = f"{line.course_code} {line.course_title} · {line.section}"
                section_id = line.section_id

                def go(section_id: int = section_id) -> object:
                    return self.window.open("sheet", section_id) if self.window else None

                yield Entry(title, go, phrase("sheet · {term}", term=line.term))

    # What the sync thread says

    def _store_changed(self, section_id: int) -> None:
        """Called on the thread that changed the store. What this window itself wrote it already shows."""
        if threading.current_thread() is not threading.main_thread():
            self.tasks.on_gui(lambda: self._tell("sheet", section_id))

    def _sync_told(self, status: SyncStatus) -> None:
        self.tasks.on_gui(lambda: self._show_sync(status))

    def _show_sync(self, status: SyncStatus) -> None:
        ended = self._status.busy and not status.busy
        self._status = status
        self._show_standing()
        if ended:
            self._tell("sheets", 0)
            if status.link is Link.CONNECTED:
                self._send_classes()

    def _send_classes(self) -> None:
        """Class lists that were saved while the server was away."""
        for kept in self.classes.begin():

            def send(progress: Progress, kept: KeptClass = kept) -> Sent:
                return self.classes.send(kept)

            def settle(sent: Sent) -> None:
                self.classes.settle(sent)
                self._tell("attendance", sent.kept.section_id)
                self._show_standing()

            self.tasks.run(send, settle, owner=self.window)

    def _tell(self, kind: str, id: int) -> None:
        if self.around is not None:
            self.around.changes.tell(kind, id)

    def _show_standing(self) -> None:
        if self.window is None or self.workplace is None:
            return
        waiting = self.workplace.store.waiting_count()
        sync = self._status
        if sync.last_synced is None:
            sync = replace(sync, last_synced=self._synced_before)
        unsent = waiting.unsent + len(self.classes.ready)
        self.window.show_standing(Standing(sync, unsent, waiting.conflicts, waiting.refused))

    # Leaving

    def _switch_user(self) -> None:
        self._leave()
        self.show_sign_in()

    def _window_closed(self) -> None:
        if self.window is not None:
            self._leave()
            self.ended.emit()

    def _leave(self) -> None:
        self.locker.leave()
        window, self.window, self.around = self.window, None, None
        workplace, self.workplace = self.workplace, None
        if window is not None:
            window.deleteLater()
        if workplace is not None:
            workplace.close()

    def close(self) -> None:
        self.tasks.close()
        self._leave()
        self._speak(language.ENGLISH)  # what comes after this program in the process starts plain


def default_profile() -> Path:
    from platformdirs import user_data_path

    return user_data_path("sims", appauthor=False) / "desktop"


def run(server: str | None, profile: Path | None, sign_in: str | None) -> int:
    """The program, until its window is closed. `sign_in` is `USER:PASSWORD`, for the demo."""
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
    )
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = QApplication.instance() or QApplication(["sims"])
    assert isinstance(app, QApplication)
    app.setApplicationName("SIMS")
    app.setDesktopFileName("sims")
    desktop = Desktop(app, profile or default_profile(), server)
    desktop.bugs.install()
    desktop.ended.connect(app.quit)
    if sign_in:
        username, _, password = sign_in.partition(":")
        desktop.enter(username, password)
    else:
        desktop.show_sign_in()
    return app.exec()
