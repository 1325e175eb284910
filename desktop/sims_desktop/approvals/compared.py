"""Below a sheet that is here again: its marks that stand otherwise, before beside after."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from sims_desktop.approvals.since_return import Moved, SinceReturn
from sims_desktop.kit.asking import colour, text_label
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.tables import LETTER, Field, RecordModel, RecordView

MOST_ROWS = 12  # in sight at once; the rest scrolls


class ComparedRows(QWidget):
    """Nothing to see where the sheet is here for the first time."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.sentence = text_label("compared_sentence", self)
        self.model: RecordModel[Moved] = RecordModel(
            [
                Field(later("Student"), lambda one: f"{one.number} {one.name}", LETTER * 17),
                Field(later("Assessment"), lambda one: one.assessment, LETTER * 9),
                Field(later("Before"), lambda one: one.before, LETTER * 7, is_number=True),
                Field(later("After"), lambda one: one.after, LETTER * 7, is_number=True),
                Field(later("Who, when"), lambda one: one.who, LETTER * 14),
            ]
        )
        self.table = RecordView(self.model, "compared_rows", parent=self)
        self.table.setAccessibleName(phrase("What stands otherwise since it was returned"))
        self.table.fitted.connect(self._fit)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addWidget(self.sentence)
        layout.addWidget(self.table)
        self.hide()

    def show_moved(self, since: SinceReturn | None) -> None:
        self.setVisible(since is not None)
        if since is None:
            return
        self.sentence.setText(since.sentence)
        self.model.set_records(since.marks)
        self.table.setVisible(bool(since.marks))
        self.recolour()
        self._fit()

    def recolour(self) -> None:
        colour(self.sentence, "conflict")

    def _fit(self) -> None:
        """As high as its rows, up to a point: what follows stands right below."""
        table = self.table
        rows = table.verticalHeader().defaultSectionSize() * min(table.model().rowCount(), MOST_ROWS)
        bar = table.horizontalScrollBar().sizeHint().height()
        table.setFixedHeight(
            table.horizontalHeader().sizeHint().height() + rows + 2 * table.frameWidth() + bar
        )
