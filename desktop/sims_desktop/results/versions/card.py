"""The card that shows two versions of a result: choose two, read what stands otherwise."""

from __future__ import annotations

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from sims_desktop.kit import theme
from sims_desktop.kit.asking import text_label
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.results.versions.presenter import Compared, VersionsPresenter


class VersionsCard(QWidget):
    """Empty until `show_versions`; `failed` says why it stays so."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.presenter: VersionsPresenter | None = None
        self.earlier, self.later = QComboBox(self), QComboBox(self)
        row = QHBoxLayout()
        for name, label, box in (
            ("versions_earlier", phrase("&Earlier"), self.earlier),
            ("versions_later", phrase("&Later"), self.later),
        ):
            box.setObjectName(name)
            box.setAccessibleName(label.replace("&", ""))
            box.activated.connect(lambda _: self._chosen())
            title = QLabel(label, self)
            title.setBuddy(box)
            row.addWidget(title)
            row.addWidget(box, 1)
        self.sentence = text_label("versions_sentence", self)
        self.sentence.setText(phrase("Asking the server …"))
        self.complaint = Complaint(self)
        self.complaint.setObjectName("versions_complaint")
        self.model: RecordModel[Compared] = RecordModel(
            [
                Field("≠", lambda one: "≠" if one.differs else "", 24),
                Field(later("Mark or figure"), lambda one: one.what, 150),
                Field(later("Earlier"), lambda one: one.before, 150),
                Field(later("Later"), lambda one: one.after, 150),
            ],
            tint=_tint,
        )
        self.list = RecordView(self.model, "versions_lines", parent=self)
        self.list.setAccessibleName(phrase("The two versions, mark by mark"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.sentence)
        layout.addWidget(self.complaint)
        layout.addWidget(self.list, 1)
        self.setFocusProxy(self.list)

    def show_versions(self, presenter: VersionsPresenter) -> None:
        self.presenter = presenter
        self.complaint.say("")
        for box, place in ((self.earlier, presenter.earlier), (self.later, presenter.later)):
            box.clear()
            box.addItems(presenter.choices)
            box.setCurrentIndex(place if presenter.offered else -1)
            box.setEnabled(len(presenter.offered) > 1)
        self._show(presenter)

    def _chosen(self) -> None:
        if self.presenter is not None:
            self.presenter.choose(self.earlier.currentIndex(), self.later.currentIndex())
            self._show(self.presenter)

    def _show(self, presenter: VersionsPresenter) -> None:
        self.sentence.setText(presenter.sentence)
        lines = presenter.lines
        self.model.set_records(lines)
        if lines:
            self.list.selectRow(next((place for place, one in enumerate(lines) if one.differs), 0))

    def failed(self, why: str) -> None:
        self.sentence.setText("")
        self.complaint.say(why)


def _tint(line: Compared) -> QColor | None:
    return theme.tint("conflict") if line.differs else None
