"""Papers that belong to a request, ticked off as they are laid on the counter."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QSizePolicy, QWidget

from sims_desktop.kit.check_boxes import CheckedItems
from sims_desktop.kit.language import phrase

ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Checklist(QListWidget):
    """Space ticks a paper off and goes to the next; Enter is `entered`, once however long it is held."""

    entered = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setItemDelegate(CheckedItems(self))
        self.setTabKeyNavigation(False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_papers(self, papers: Sequence[str]) -> None:
        """None of them is there yet."""
        self.clear()
        for paper in papers:
            item = QListWidgetItem(phrase(paper), self)
            item.setData(Qt.ItemDataRole.UserRole, paper)
            item.setFlags(
                Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable
            )
            item.setCheckState(Qt.CheckState.Unchecked)
        rows = max(1, min(len(papers), 8))
        self.setFixedHeight(
            rows * max(self.sizeHintForRow(0), self.fontMetrics().height()) + 2 * self.frameWidth()
        )
        self.setCurrentRow(0)

    @property
    def missing(self) -> list[str]:
        return [self._paper(row) for row in range(self.count()) if not self._is_there(row)]

    @property
    def is_begun(self) -> bool:
        return any(self._is_there(row) for row in range(self.count()))

    def _paper(self, row: int) -> str:
        return str(self.item(row).data(Qt.ItemDataRole.UserRole))

    def _is_there(self, row: int) -> bool:
        return self.item(row).checkState() is Qt.CheckState.Checked

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.currentRow()
        if event.key() == Qt.Key.Key_Space and row >= 0:
            ticked = Qt.CheckState.Unchecked if self._is_there(row) else Qt.CheckState.Checked
            self.item(row).setCheckState(ticked)
            self.setCurrentRow(min(row + 1, self.count() - 1))
            return
        if event.key() in ENTER:
            if not event.isAutoRepeat():
                self.entered.emit()
            return
        if event.key() == Qt.Key.Key_Escape:
            event.ignore()
            return
        super().keyPressEvent(event)
