"""A page of several parts under tabs: each part is a page of its own, one stands in front.

The rule a newcomer would get wrong: a part keeps its own keys and its own page of the guide; `?` and F1 show
those of the part in front, so the whole takes their names over whenever another comes to the front.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from PySide6.QtWidgets import QStackedWidget, QTabBar, QVBoxLayout, QWidget

from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.page import Page, Surroundings
from sims_desktop.kit.search import Entry

TURNS = (later("Tab 1"), later("Tab 2"), later("Tab 3"), later("Tab 4"), later("Tab 5"))


class TabbedPage(Page):
    """`parts` in the order of their tabs; Ctrl+1, Ctrl+2 … turn to them."""

    def __init__(
        self, around: Surroundings, name: str, parts: Sequence[Page], parent: QWidget | None = None
    ) -> None:
        super().__init__(around, name, parent)
        self.parts = list(parts)
        self.tabs = QTabBar(self)
        self.tabs.setObjectName(f"{name}_tabs")
        self.tabs.setAccessibleName(phrase("Parts of this page"))
        self.tabs.setExpanding(False)
        self.stack = QStackedWidget(self)
        for number, part in enumerate(self.parts):
            self.tabs.addTab(phrase(part.title))
            self.tabs.setTabToolTip(number, f"Ctrl+{number + 1}")
            self.stack.addWidget(part)
            part.wants.connect(self.wants)
            for turned, words in enumerate(TURNS[: len(self.parts)]):
                keys = f"Ctrl+{turned + 1}"
                part.add_action(
                    f"{part.objectName()}.tab_{turned + 1}", words, keys, partial(self.turn, turned)
                )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tabs)
        layout.addWidget(self.stack, 1)
        self.tabs.currentChanged.connect(self._turned)
        self._take_names()

    @property
    def front(self) -> Page:
        return self.parts[self.stack.currentIndex()]

    def turn(self, number: int) -> None:
        """To the front, with the focus."""
        if number == self.stack.currentIndex():
            self.front.shown()
        else:
            self.tabs.setCurrentIndex(number)

    def _turned(self, number: int) -> None:
        self.stack.setCurrentIndex(number)
        self._take_names()
        self.front.shown()

    def _take_names(self) -> None:
        front = self.front
        self.keys_name, self.guide = front.keys_name or front.title, front.guide
        self.setFocusProxy(front)

    def more_keys(self) -> tuple[tuple[str, str], ...]:
        return self.front.more_keys()

    def entries(self, query: str) -> Iterable[Entry]:
        return self.front.entries(query)

    def shown(self) -> None:
        self.front.shown()

    def leaving(self) -> str:
        return "\n".join(words for part in self.parts if (words := part.leaving()))
