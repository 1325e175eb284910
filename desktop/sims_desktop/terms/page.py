"""Terms on screen: the list, the days of one in a form, and the same days drawn on a line below them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QPushButton, QWidget

from sims_desktop.kit import theme
from sims_desktop.kit.asking import push_button
from sims_desktop.kit.entries import Typed, day_of
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.register import Register
from sims_desktop.kit.tables import LETTER, Field
from sims_desktop.terms.presenter import TermsPresenter
from sims_desktop.terms.timeline import Timeline
from sims_shared.terms import TermView


class TermsPage(Register[TermView]):
    """J and K move, E or F2 into the days, O closes and opens after saying what that stops, Ctrl+N the next
    term, Ctrl+Enter saves."""

    title = later("Terms")
    guide = "registrar#terms"
    search_words = later("Search: name or year")
    new_words = later("The next term (Ctrl+N)")
    presenter: TermsPresenter

    def __init__(
        self, around: Surroundings, presenter: TermsPresenter, parent: QWidget | None = None
    ) -> None:
        self._proposed: Typed = {}
        super().__init__(around, "terms", presenter, parent)
        self.add_action("terms.turn", later("Close it, or open it again"), "O", self.turn, self.list)
        self.list.opened.connect(lambda term: self.asking.answer())

    @property
    def columns(self) -> Sequence[Field[TermView]]:
        return (
            Field(later("Term"), lambda one: one.name, LETTER * 20),
            Field(later("Begins"), lambda one: one.start_date.isoformat(), LETTER * 11),
            Field(later("Ends"), lambda one: one.end_date.isoformat(), LETTER * 11),
            Field(later("State"), self.presenter.state_words, LETTER * 9),
        )

    def line_tint(self, record: TermView) -> QColor | None:
        return theme.tint("closed") if record.status == "closed" else None

    def below_list(self) -> Sequence[QWidget]:
        self.timeline = Timeline("terms_timeline", self)
        return (self.timeline,)

    def more_buttons(self) -> Sequence[QPushButton]:
        if not hasattr(self, "turn_button"):
            self.turn_button = push_button(self, "terms_turn", self.turn)
        return (self.turn_button,)

    def show_more(self, record: TermView | None, typed: Typed) -> None:
        first, last = day_of(str(typed["start_date"])), day_of(str(typed["end_date"]))
        span = None if first is None or last is None else (first, last)
        there = record is not None or self.is_entering
        self.timeline.show_days(self.presenter.marks(typed) if there else [], span, self.today)
        self.turn_button.setVisible(record is not None)
        if record is not None:
            is_open = record.status == "open"
            self.turn_button.setText(phrase("Close it (O)") if is_open else phrase("Open it (O)"))

    def begin(self) -> None:
        super().begin()
        self._proposed = self.typed

    def typed_into(self) -> None:
        """Another kind for a new term proposes the days of that kind, unless some were typed already."""
        box = self.controls["kind"]
        assert isinstance(box, QComboBox)
        kind = box.currentData()
        if self.is_entering and self._proposed and kind != self._proposed["kind"]:
            untouched = {**self.typed, "kind": self._proposed["kind"]} == self._proposed
            if untouched:
                self._proposed = self.presenter.proposal_of(kind)
                self.put(self._proposed)
        super().typed_into()

    def turn(self) -> None:
        """Says first what it stops or lets go on; the same key or Enter does it."""
        record = self.entry
        if record is None or self.is_busy:
            return

        def agreed() -> None:
            self.carry_out(phrase("Saving"), lambda: self.presenter.turn(record), self.presenter.turned)

        self.asking.ask(self.presenter.turn_question(record, self.today), agreed, about=record.id)
        self.list.setFocus()
