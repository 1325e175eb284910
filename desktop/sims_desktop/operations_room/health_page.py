"""Whether the server is well: its parts, the unwell first, and what helps beside each."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from sims_desktop.kit import theme
from sims_desktop.kit.asking import colour, text_label
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.wording import left_to_right
from sims_desktop.operations_room.presenter import HealthPresenter, Line
from sims_shared.operations_room import Health

LOOK_MS = 20_000


class HealthPage(Desk[Health]):
    """Asks by itself while it is in front; F5 asks now."""

    title = later("Health")
    guide = "operator#is-it-well"

    def __init__(
        self, around: Surroundings, presenter: HealthPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "health", parent)
        self.presenter = presenter
        wide = self.fontMetrics().averageCharWidth()
        self.summary = text_label("health_summary", self, larger=True)
        self.model: RecordModel[Line] = RecordModel(
            [
                Field(later("Part"), lambda line: phrase(line.part.name), wide * 12),
                Field(later("State"), lambda line: line.state, wide * 12),
                Field(later("What the server says"), lambda line: left_to_right(line.said), 0),
            ],
            tint=self._tint,
        )
        self.list = RecordView(self.model, "health_list", parent=self)
        self.list.setAccessibleName(phrase("Parts of the server"))
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._draw())
        self.heading = text_label("health_heading", self, larger=True)
        self.purpose = text_label("health_purpose", self)
        self.remedy = text_label("health_remedy", self)
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addWidget(self.list)
        layout.addWidget(self.heading)
        layout.addWidget(self.purpose)
        layout.addWidget(self.remedy)
        layout.addStretch(1)
        self.list.fitted.connect(self._fit)
        self.add_action("health.refresh", later("Ask the server again"), "F5", self.refresh)
        self._clock = QTimer(self)
        self._clock.setInterval(LOOK_MS)
        self._clock.timeout.connect(self._look)
        self.setFocusProxy(self.list)
        presenter.on_change = self._show
        around.theme.changed.connect(self._show)
        self._show()

    def _tint(self, line: Line) -> QColor | None:
        return None if line.is_well else theme.tint("refused")

    def _show(self) -> None:
        presenter = self.presenter
        self.summary.setText(presenter.sentence(self.around.now()))
        lines = presenter.lines
        colour(self.summary, "refused" if presenter.complaint or _unwell(lines) else "waiting")
        self.model.set_records(lines)
        self.list.setVisible(bool(lines))
        if lines and not self.list.selectionModel().hasSelection():
            self.list.selectRow(max(0, self.list.currentIndex().row()))
        self._fit()
        self._draw()

    def _fit(self) -> None:
        """No higher than its lines: what helps stands right below."""
        rows = self.list.verticalHeader().defaultSectionSize() * self.model.rowCount()
        high = self.list.horizontalHeader().sizeHint().height() + rows + 2 * self.list.frameWidth()
        self.list.setMinimumHeight(high)
        self.list.setMaximumHeight(high)

    def _draw(self) -> None:
        line = self.list.current()
        for label in (self.heading, self.purpose, self.remedy):
            label.setVisible(line is not None)
        if line is None:
            return
        self.heading.setText(phrase("{part}: {state}", part=phrase(line.part.name), state=line.state))
        self.purpose.setText(phrase(line.part.purpose))
        self.remedy.setText(phrase("What helps: {remedy}", remedy=phrase(line.part.remedy)))
        self.remedy.setVisible(not line.is_well)

    def _look(self) -> None:
        if self.isVisible() and self._loading is None:
            self.refresh()

    def shown(self) -> None:
        self.refresh()
        self.setFocus()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._clock.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()


def _unwell(lines: list[Line]) -> bool:
    return any(not line.is_well for line in lines)
