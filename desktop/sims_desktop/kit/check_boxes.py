"""Boxes to tick whose edge is seen in every look.

Fusion draws the edge of a box a shade darker than the window, which a dark window swallows. The rule a
newcomer would get wrong: a box is drawn by the style, so its edge is added where the style says it stands.
"""

from __future__ import annotations

from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QCheckBox, QStyle, QStyledItemDelegate, QStyleOptionButton, QStyleOptionViewItem

from sims_desktop.kit.tables import Index

EDGE = QPalette.ColorRole.PlaceholderText


class CheckBox(QCheckBox):
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        box = self.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self)
        painter = QPainter(self)
        painter.setPen(self.palette().color(EDGE))
        painter.drawRect(box.adjusted(0, 0, -1, -1))
        painter.end()


class CheckedItems(QStyledItemDelegate):
    """For lists whose items are ticked."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        whole = QStyleOptionViewItem(option)
        self.initStyleOption(whole, index)
        style = whole.widget.style()
        box = style.subElementRect(QStyle.SubElement.SE_ItemViewItemCheckIndicator, whole, whole.widget)
        painter.save()
        painter.setPen(whole.palette.color(EDGE))
        painter.drawRect(box.adjusted(0, 0, -1, -1))
        painter.restore()
