"""Kinds of hold on screen: the list, and the form of one with what it does in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from sims_desktop.holds.kinds import HoldKindsPresenter
from sims_desktop.holds.words import BLOCKS, effect_words, kind_words, role_words
from sims_desktop.kit.asking import text_label
from sims_desktop.kit.check_boxes import CheckBox
from sims_desktop.kit.entries import Entry, Typed
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.register import OwnControl, Register
from sims_desktop.kit.tables import LETTER, Field
from sims_shared.holds import HoldKindView


class TouchedControl(OwnControl):
    """A box for each thing that a hold can touch."""

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.boxes: dict[str, CheckBox] = {}
        for block, said in BLOCKS.items():
            box = CheckBox(phrase(said), self)
            box.setObjectName(f"{name}_{block}")
            box.setAccessibleName(phrase(said))
            box.clicked.connect(lambda _: self.edited.emit())
            self.boxes[block] = box
            column.addWidget(box)
        self.setFocusProxy(next(iter(self.boxes.values())))

    def value(self) -> tuple[str, ...]:
        """By name, as the server keeps them."""
        return tuple(sorted(block for block, box in self.boxes.items() if box.isChecked()))

    def put(self, value: Any) -> None:
        for block, box in self.boxes.items():
            box.setChecked(block in value)


class HoldKindsPage(Register[HoldKindView]):
    """J and K move, E or F2 into the form, Ctrl+N a new kind, Ctrl+Enter saves."""

    title = later("Kinds of hold")
    guide = "registrar#kinds-of-hold"
    search_words = later("Search: kind or whom to see")
    new_words = later("A new kind (Ctrl+N)")
    deletes = False
    presenter: HoldKindsPresenter

    def __init__(
        self, around: Surroundings, presenter: HoldKindsPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "hold_kinds", presenter, parent)

    @property
    def columns(self) -> Sequence[Field[HoldKindView]]:
        return (
            Field(later("Kind"), lambda one: kind_words(one.kind), LETTER * 14),
            Field(later("Effect"), lambda one: effect_words(one.effect, one.blocks), LETTER * 34),
            Field(later("Lifted by"), lambda one: role_words(one.lifted_by), LETTER * 16),
            Field(later("Whom to see"), lambda one: one.contact, LETTER * 16),
        )

    def own_control(self, entry: Entry) -> OwnControl:
        return TouchedControl("hold_kinds", self)

    def below_form(self) -> Sequence[QWidget]:
        self.effect_words = text_label("hold_kinds_effect_words", self)
        return (self.effect_words,)

    def show_more(self, record: HoldKindView | None, typed: Typed) -> None:
        self.effect_words.setText(self.presenter.effect_of(typed))
        self.effect_words.setVisible(record is not None or self.is_entering)
