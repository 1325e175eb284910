"""The acts that a person may do on a student's page: their keys, their cards, one open at a time.

The rule a newcomer would get wrong: what a role may not do has no key, no button and no card; it is not there
to be refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QHBoxLayout, QPushButton, QWidget

from sims_desktop.kit.asking import push_button
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.page import Page
from sims_desktop.kit.tables import RecordView
from sims_desktop.students.acts.card import Card
from sims_desktop.students.acts.correcting import Calls as CorrectionCalls
from sims_desktop.students.acts.correcting import CorrectionPresenter
from sims_desktop.students.acts.correction_card import CorrectionCard
from sims_desktop.students.acts.leave_card import LeaveCard
from sims_desktop.students.acts.order_card import OrderCard
from sims_desktop.students.acts.orders import Calls as OrderCalls
from sims_desktop.students.acts.orders import OrderPresenter
from sims_desktop.students.acts.person import Calls as PersonCalls
from sims_desktop.students.acts.person import PersonPresenter
from sims_desktop.students.acts.person_card import PersonCard
from sims_desktop.students.acts.release_card import ReleaseCard
from sims_desktop.students.acts.releasing import Calls as ReleaseCalls
from sims_desktop.students.acts.releasing import ReleasePresenter
from sims_desktop.students.acts.seat_card import SeatCard
from sims_desktop.students.acts.seats import BAR, DROP, REINSTATE, WITHDRAW, SeatPresenter
from sims_desktop.students.acts.seats import Calls as SeatCalls
from sims_desktop.students.acts.wishes import Rights, is_moved
from sims_shared.record import EnrollmentLine
from sims_shared.record import RecordView as Record
from sims_shared.results import ResultView

VERBS = {
    DROP: (later("Drop this enrollment"), "D", later("Drop (D)")),
    WITHDRAW: (later("Withdraw from this enrollment"), "W", later("Withdraw (W)")),
    BAR: (later("Bar from this enrollment"), "B", later("Bar (B)")),
    REINSTATE: (later("Reinstate in this enrollment"), "R", later("Reinstate (R)")),
}
PERSON, SEATS, RESULTS = "person", "seats", "results"


class Calls(SeatCalls, OrderCalls, PersonCalls, ReleaseCalls, CorrectionCalls, Protocol):
    """Everything the acts ask of the server."""


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts. `has_holds`: the window has a desk of holds for them."""

    calls: Calls
    rights: Rights
    has_holds: bool = False


class Bench(QObject):
    """`opened()` before a card is shown, `done(words)` after an act; `moved()` when the page shows what is no
    longer so; `refused(words)` when an act cannot even begin."""

    opened = Signal()
    done = Signal(str)
    moved = Signal()
    refused = Signal(str)

    def __init__(
        self,
        page: Page,
        acting: Acting,
        enrollments: RecordView[EnrollmentLine],
        to_enrollments: Callable[[], object],
        results: RecordView[ResultView],
    ) -> None:
        super().__init__(page)
        self._page, self._enrollments, self._to_enrollments = page, enrollments, to_enrollments
        self._results = results
        self._record: Record | None = None
        self._taking_back = False
        self.seats = SeatPresenter(acting.calls, acting.rights)
        self.cards: list[Card] = []
        self.buttons = QWidget(page)
        self._of_tab: list[tuple[str, QPushButton]] = []
        row = QHBoxLayout(self.buttons)
        row.setContentsMargins(0, 0, 0, 0)
        self._add_seats(acting.rights)
        if acting.rights.manage:
            self.order_card = OrderCard(page, OrderPresenter(acting.calls))
            self.person_card = PersonCard(page, PersonPresenter(acting.calls))
            self._add(
                "order",
                later("Order about the registration"),
                "T",
                later("Order (T)"),
                self.order_card,
                PERSON,
            )
            self._add(
                "person", later("Change the person"), "N", later("Change (N)"), self.person_card, PERSON
            )
        if acting.rights.release:
            self.release_card = ReleaseCard(page, ReleasePresenter(acting.calls))
            self.cards.append(self.release_card)
            self._button("release", later("Release (L)"), self.ask_release, RESULTS)
        if acting.rights.ask_changes:
            self.correction_card = CorrectionCard(page, CorrectionPresenter(acting.calls))
            self.cards.append(self.correction_card)
            title = later("Ask for a change of the result under the cursor")
            page.add_action("student.correct", title, "Ctrl+R", self.ask_correction)
            self._button("correct", later("Ask for a change (Ctrl+R)"), self.ask_correction, RESULTS)
        self._has_holds = acting.rights.place_holds and acting.has_holds
        if self._has_holds:
            self._button("hold", later("Holds (L)"), self._to_holds, PERSON)
        # One key for both: among the results it releases, elsewhere it goes to the holds.
        if acting.rights.release:
            title = later("Release the withheld result under the cursor")
            page.add_action("student.release", title, () if self._has_holds else "L", self.ask_release)
        if self._has_holds:
            page.add_action("student.hold", later("Holds of this student"), "L", self._release_or_holds)
        for _, button in self._of_tab:
            row.addWidget(button)
        row.addStretch(1)
        for card in self.cards:
            card.done.connect(self.done)
            card.moved.connect(self.moved)

    def _add_seats(self, rights: Rights) -> None:
        if rights.enroll:
            self.seat_card = SeatCard(self._page, self.seats)
            self._add(
                "enroll", later("Enroll in a section"), "Ctrl+N", later("Enroll (Ctrl+N)"), self.seat_card
            )
        verbs = self.seats.verbs()
        if verbs:
            self.leave_card = LeaveCard(self._page, self.seats)
            self.cards.append(self.leave_card)
        for verb in verbs:
            title, key, words = VERBS[verb]
            self._page.add_action(f"student.{verb}", title, key, partial(self.ask, verb), self._enrollments)
            self._button(verb, words, partial(self.ask, verb), SEATS)
        if rights.enroll:
            self._page.add_action(
                "student.take_back", later("Take the last drop back"), "Ctrl+Z", self.take_back
            )

    def _add(self, id: str, title: str, keys: str, words: str, card: Card, tab: str = SEATS) -> None:
        self.cards.append(card)
        self._page.add_action(f"student.{id}", title, keys, partial(self.open, card))
        self._button(id, words, partial(self.open, card), tab)

    def _button(self, id: str, words: str, call: Callable[[], object], tab: str) -> None:
        button = push_button(self.buttons, f"student_act_{id}", call, phrase(words))
        self._of_tab.append((tab, button))

    # Showing

    def show_for(self, tab: str) -> None:
        """The buttons that belong to what is in front."""
        for of, button in self._of_tab:
            button.setVisible(of == tab)
        self.buttons.setVisible(any(of == tab for of, _ in self._of_tab))

    def take(self, record: Record) -> None:
        self._record = self.seats.record = record
        for card in self.cards:
            card.take(record)

    def recolour(self) -> None:
        for card in self.cards:
            card.recolour()

    @property
    def has_focus(self) -> bool:
        here = QApplication.focusWidget()
        return here is not None and any(card.isAncestorOf(here) for card in self.cards)

    @property
    def open_card(self) -> Card | None:
        return next((card for card in self.cards if not card.isHidden()), None)

    def open(self, card: Card) -> None:
        if self._record is None:
            self.refused.emit(phrase("The record is not read yet."))
            return
        self.close()
        if card is getattr(self, "seat_card", None):
            self._to_enrollments()
        self.opened.emit()
        card.show()
        card.fit()
        card.begin(self._record)

    def close(self) -> bool:
        """What is open goes, and keeps what was typed. Whether anything was."""
        was_open = [card for card in self.cards if not card.isHidden()]
        for card in was_open:
            card.hide()
        return bool(was_open)

    @property
    def unsaid(self) -> str:
        return "\n".join(words for card in self.cards if (words := card.unsaid))

    # Acts without a card of their own

    def ask(self, verb: str) -> None:
        enrollment = self._enrollments.current() if self._enrollments.isVisible() else None
        why_not = self.seats.why_not_at_all(verb, enrollment)
        if why_not or enrollment is None:
            self.refused.emit(why_not)
            return
        self.close()
        self.opened.emit()
        self.leave_card.show()
        self.leave_card.ask(verb, enrollment)
        self.leave_card.fit()

    def take_back(self) -> None:
        if self.seats.dropped is None:
            self.refused.emit(phrase("There is no drop to take back."))
            return
        if self._taking_back:
            return
        self._taking_back = True

        def done(words: str) -> None:
            self._taking_back = False
            self.done.emit(words)

        def failed(error: Exception) -> None:
            self._taking_back = False
            no = self.seats.why_not_seat(error)
            how = phrase("{words} Ctrl+N takes the seat again, with a reason.", words=no.words)
            self.refused.emit(how if no.override else no.words)
            if is_moved(error):
                self.moved.emit()

        around = self._page.around
        task = around.tasks.run(
            lambda progress: self.seats.take_back(),
            done,
            failed,
            title=phrase("Taking the drop back"),
            owner=self,
        )
        task.ended.connect(self._not_taking_back)

    def _not_taking_back(self) -> None:
        self._taking_back = False

    def ask_release(self) -> None:
        result = self._results.current() if self._results.isVisible() else None
        why_not = self.release_card.presenter.why_not(result)
        if why_not or result is None:
            self.refused.emit(why_not)
            return
        self.close()
        self.opened.emit()
        self.release_card.show()
        self.release_card.ask(result)
        self.release_card.fit()

    def ask_correction(self) -> None:
        result = self._results.current() if self._results.isVisible() else None
        why_not = self.correction_card.presenter.why_not(result)
        if why_not or result is None:
            self.refused.emit(why_not)
            return
        self.close()
        self.opened.emit()
        self.correction_card.show()
        self.correction_card.ask(result)
        self.correction_card.fit()

    def _release_or_holds(self) -> None:
        if hasattr(self, "release_card") and self._results.isVisible():
            self.ask_release()
        else:
            self._to_holds()

    def _to_holds(self) -> None:
        if self._record is not None:
            self._page.wants.emit("holds", self._record.student.id)
