"""Days off on screen: the list, and the form of one with what it means in words."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QComboBox, QWidget

from sims_desktop.days_off.presenter import DaysOffPresenter
from sims_desktop.kit.asking import text_label
from sims_desktop.kit.entries import Typed
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.register import Register
from sims_desktop.kit.tables import LETTER, Field
from sims_shared.days_off import DayOffView


class DaysOffPage(Register[DayOffView]):
    """J and K move, E or F2 into the form, Ctrl+N another, Ctrl+Enter saves, Ctrl+Delete takes one away."""

    title = later("Days off")
    guide = "registrar#days-off"
    search_words = later("Search: name")
    new_words = later("A day or span off (Ctrl+N)")
    presenter: DaysOffPresenter

    def __init__(
        self, around: Surroundings, presenter: DaysOffPresenter, parent: QWidget | None = None
    ) -> None:
        self.which = QComboBox()
        self.which.setObjectName("days_off_which")
        self.which.setAccessibleName(phrase("Which days off"))
        for said, wanted in ((later("From today on"), "since"), (later("What is over too"), "")):
            self.which.addItem(phrase(said), wanted)
        presenter.filters = {"since": around.now().astimezone().date().isoformat()}
        super().__init__(around, "days_off", presenter, parent)
        self.add_action("days_off.which", later("From today on, or all"), "F", self._turn_which, self.list)

    @property
    def columns(self) -> Sequence[Field[DayOffView]]:
        return (
            Field(later("Name"), lambda one: one.name, LETTER * 26),
            Field(later("Days"), self.presenter.words_of, LETTER * 30),
        )

    @property
    def filter_boxes(self) -> Sequence[QComboBox]:
        return (self.which,)

    def take_filters(self) -> None:
        since = self.today.isoformat()
        self.presenter.filters = {"since": since} if self.which.currentData() else {}

    def _turn_which(self) -> None:
        self.which.setCurrentIndex(1 - self.which.currentIndex())
        self._narrow()

    def below_form(self) -> Sequence[QWidget]:
        self.effect_words = text_label("days_off_effect_words", self)
        return (self.effect_words,)

    def show_more(self, record: DayOffView | None, typed: Typed) -> None:
        self.effect_words.setText(self.presenter.effect_of(typed))
        self.effect_words.setVisible(record is not None or self.is_entering)
