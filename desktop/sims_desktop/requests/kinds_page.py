"""Kinds of request on screen: the list, and the form of one with its papers, a line each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from sims_desktop.kit import theme
from sims_desktop.kit.asking import text_label
from sims_desktop.kit.entries import Entry, Typed
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.register import OwnControl, Register
from sims_desktop.kit.tables import LETTER, Field
from sims_desktop.requests.presenter.kinds import RequestKindsPresenter
from sims_shared.requests import RequestTypeView

LINES = 6


class PapersControl(OwnControl):
    """A paper a line. Tab leaves it, as it leaves every field."""

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.lines = QPlainTextEdit(self)
        self.lines.setObjectName(f"{name}_lines")
        self.lines.setAccessibleName(phrase("Papers that belong to it, one a line"))
        self.lines.setPlaceholderText(phrase("one a line, as attested CNIC"))
        self.lines.setTabChangesFocus(True)
        height = self.lines.fontMetrics().lineSpacing() * LINES + 2 * self.lines.frameWidth() + 10
        self.lines.setFixedHeight(height)
        self.lines.textChanged.connect(self.edited)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.lines)
        self.setFocusProxy(self.lines)

    def value(self) -> tuple[str, ...]:
        text = self.lines.toPlainText()
        return tuple(text.split("\n")) if text else ()

    def put(self, value: Any) -> None:
        self.lines.setPlainText("\n".join(value))


class RequestKindsPage(Register[RequestTypeView]):
    """J and K move, E or F2 into the form, Ctrl+N a new kind, Ctrl+Enter saves."""

    title = later("Kinds of request")
    guide = "registrar#kinds-of-request"
    search_words = later("Search: kind or title")
    new_words = later("A new kind (Ctrl+N)")
    deletes = False
    presenter: RequestKindsPresenter

    def __init__(
        self, around: Surroundings, presenter: RequestKindsPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "request_kinds", presenter, parent)

    @property
    def columns(self) -> Sequence[Field[RequestTypeView]]:
        presenter = self.presenter
        return (
            Field(later("Title"), lambda one: phrase(one.title), LETTER * 26),
            Field(later("Fee"), presenter.fee_words, LETTER * 11, is_number=True),
            Field(later("Working days"), lambda one: str(one.promised_days), LETTER * 12, is_number=True),
            Field(later("Papers"), lambda one: str(len(one.checklist) or "–"), LETTER * 7, is_number=True),
            Field(later("State"), presenter.state_words, LETTER * 11),
        )

    def line_tint(self, record: RequestTypeView) -> QColor | None:
        return None if record.is_offered else theme.tint("closed")

    def own_control(self, entry: Entry) -> OwnControl:
        return PapersControl("request_kinds", self)

    def below_form(self) -> Sequence[QWidget]:
        self.effect_words = text_label("request_kinds_effect_words", self)
        return (self.effect_words,)

    def show_more(self, record: RequestTypeView | None, typed: Typed) -> None:
        self.effect_words.setText(self.presenter.effect_of(record, typed))
        self.effect_words.setVisible(bool(self.effect_words.text()))
