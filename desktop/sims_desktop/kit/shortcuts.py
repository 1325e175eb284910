"""The `?` sheet: every action of this page and of the window with its keys, each re-bindable in place."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from sims_desktop.kit.actions import EVERYWHERE, Actions
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import phrase

ID_ROLE = int(Qt.ItemDataRole.UserRole)


class ShortcutSheet(QDialog):
    """Not modal; stays beside the page while its keys are tried."""

    def __init__(
        self, actions: Actions, page: str, parent: QWidget, also: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(parent)
        self.setObjectName("shortcuts")
        self.setWindowTitle(phrase("Keys: {page}", page=phrase(page)))
        self._actions = actions
        self.tree = QTreeWidget(self)
        self.tree.setObjectName("shortcuts_list")
        self.tree.setHeaderLabels([phrase("Action"), phrase("Keys")])
        self.tree.setRootIsDecorated(False)
        self.tree.setAccessibleName(phrase("Keys of {page}", page=phrase(page)))
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setStretchLastSection(False)
        self.tree.setColumnWidth(1, self.fontMetrics().averageCharWidth() * 26)
        for title in dict.fromkeys((page, EVERYWHERE)):
            head = QTreeWidgetItem(self.tree, [phrase(title)])
            font = head.font(0)
            font.setBold(True)
            head.setFont(0, font)
            head.setFlags(Qt.ItemFlag.ItemIsEnabled)
            for bound in actions.of(title):
                item = QTreeWidgetItem(head, [bound.action.text(), bound.keys])
                item.setData(0, ID_ROLE, bound.id)
            if title == page:
                for text, keys in also:
                    QTreeWidgetItem(head, [phrase(text), phrase(keys)])
        self.tree.expandAll()
        self.edit = QKeySequenceEdit(self)
        self.edit.setObjectName("shortcuts_new_key")
        self.edit.setMaximumSequenceLength(1)
        self.edit.setAccessibleName(phrase("New key for the chosen action"))
        change = QPushButton(phrase("Use this key"), self)
        reset = QPushButton(phrase("As shipped"), self)
        change.setObjectName("shortcuts_use")
        reset.setObjectName("shortcuts_reset")
        change.setAutoDefault(False)
        reset.setAutoDefault(False)
        self.complaint = Complaint(self)
        row = QHBoxLayout()
        label = QLabel(phrase("&New key:"), self)
        label.setBuddy(self.edit)
        row.addWidget(label)
        row.addWidget(self.edit, 1)
        row.addWidget(change)
        row.addWidget(reset)
        layout = QVBoxLayout(self)
        layout.addWidget(self.tree)
        layout.addWidget(self.complaint)
        layout.addLayout(row)
        change.clicked.connect(self._rebind)
        reset.clicked.connect(self._reset)
        metrics = self.fontMetrics()
        self.resize(metrics.averageCharWidth() * 75, metrics.height() * 32)

    def _chosen(self) -> str | None:
        item = self.tree.currentItem()
        return item.data(0, ID_ROLE) if item is not None else None

    def _rebind(self) -> None:
        id, keys = self._chosen(), self.edit.keySequence()
        if id is None or keys.isEmpty():
            self.complaint.say(phrase("Choose an action above and press its new key in the box."))
            return
        taken = self._actions.rebind(id, [keys.toString(QKeySequence.SequenceFormat.PortableText)])
        self.complaint.say(phrase("Already used by “{text}”.", text=taken[0].action.text()) if taken else "")
        self._show(id)

    def _reset(self) -> None:
        id = self._chosen()
        if id is not None:
            self._actions.reset(id)
            self._show(id)

    def _show(self, id: str) -> None:
        bound = next(bound for bound in self._actions.all() if bound.id == id)
        item = self.tree.currentItem()
        if item is not None:
            item.setText(1, bound.keys)
