"""Forms: a label, a control, and beside it the reason why it is refused.

The rule a newcomer would get wrong: a refusal belongs to its field. A server's faults come with JSON
pointers; those that name a field of the form stand beside it, only the rest stands above the form.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from sims_desktop.kit import theme
from sims_desktop.kit.language import phrase
from sims_desktop.kit.notes import Said
from sims_shared.problems import Fault


class Complaint(Said):
    """A refusal in words, in the colour of one, invisible while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.hide()

    def say(self, words: str) -> None:
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.WindowText, theme.mark("refused"))
        self.setPalette(palette)
        self.setText(words)
        self.setAccessibleName(words)
        self.setVisible(bool(words))


class Form(QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self.complaint = Complaint(self)
        self.complaint.setObjectName("complaint")
        outer.addWidget(self.complaint)
        self._rows = QFormLayout()
        self._rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        outer.addLayout(self._rows)
        self._fields: dict[str, QWidget] = {}
        self._complaints: dict[str, Complaint] = {}

    def add(self, name: str, label: str, control: QWidget) -> None:
        """`name` is the field's name in the command, and its pointer is `/name`."""
        control.setObjectName(name)
        control.setAccessibleName(phrase(label).replace("&", ""))
        complaint = Complaint(self)
        complaint.setObjectName(f"complaint_{name}")
        box = QVBoxLayout()
        box.setSpacing(2)
        box.addWidget(control)
        box.addWidget(complaint)
        title = QLabel(phrase(label), self)
        title.setBuddy(control)
        self._rows.addRow(title, box)
        self._fields[name] = control
        self._complaints[name] = complaint

    def show_row(self, name: str, visible: bool) -> None:
        position = next(
            row
            for row in range(self._rows.rowCount())
            if (label := self._rows.itemAt(row, QFormLayout.ItemRole.LabelRole)) is not None
            and isinstance(title := label.widget(), QLabel)
            and title.buddy() is self._fields[name]
        )
        self._rows.setRowVisible(position, visible)
        if visible and not self._complaints[name].text():
            self._complaints[name].hide()

    def text(self, name: str) -> str:
        control = self._fields[name]
        if isinstance(control, QComboBox):
            return control.currentText()
        assert isinstance(control, QLineEdit)
        return control.text()

    def show_faults(self, faults: Sequence[Fault], otherwise: str = "") -> None:
        """Each beside its field; the first such field takes the focus. Faults of no field, or the words
        `otherwise` when there are no faults at all, stand above."""
        self.clear_faults()
        above = [] if faults else [otherwise]
        first: QWidget | None = None
        for fault in faults:
            name = fault.pointer.lstrip("/").split("/")[0]
            if name in self._complaints:
                self._complaints[name].say(fault.detail)
                first = first or self._fields[name]
            else:
                above.append(fault.detail)
        self.complaint.say("\n".join(above))
        if first is not None:
            first.setFocus()

    def forgive(self, name: str) -> None:
        """What was said about this field is no longer so."""
        self._complaints[name].say("")

    def clear_faults(self) -> None:
        self.complaint.say("")
        for complaint in self._complaints.values():
            complaint.say("")
