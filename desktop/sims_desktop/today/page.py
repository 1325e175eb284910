"""Today on screen: what waits, one line a kind, and below it the days ahead; Enter opens the desk."""

from __future__ import annotations

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from sims_desktop.kit import theme
from sims_desktop.kit.asking import colour, text_label
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import LETTER, Field, RecordModel, RecordView
from sims_desktop.today.presenter import DayAhead, Line, TodayPresenter
from sims_shared.dashboard import Dashboard


class TodayPage(Desk[Dashboard]):
    """↓ and ↑ move, Enter opens the desk that counts the line, F5 asks again."""

    title = later("Today")
    guide = "today"

    def __init__(
        self, around: Surroundings, presenter: TodayPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "today", parent)
        self.presenter = presenter
        self._build()
        self.add_action("today.open", later("Open the desk"), "Ctrl+O", self._open_current)
        self.add_action("today.refresh", later("Ask the server again"), "F5", self.refresh)
        presenter.on_change = self._show
        around.theme.changed.connect(self._show)
        self._show()

    def _build(self) -> None:
        self.headline = text_label("today_headline", self, larger=True)
        self.age = text_label("today_age", self)
        self.standing = text_label("today_standing", self)
        self.model: RecordModel[Line] = RecordModel(
            [
                Field(later("What waits"), lambda line: line.words, LETTER * 60),
                Field(later("Where"), lambda line: line.where, LETTER * 24),
            ],
            tint=self._tint,
        )
        self.list = RecordView(self.model, "today_list", parent=self)
        self.list.setAccessibleName(phrase("What waits for you"))
        self.list.opened.connect(self.open_line)
        self.none = text_label("today_none", self)
        self.day_model: RecordModel[DayAhead] = RecordModel(
            [
                Field(later("Days ahead"), lambda day: day.words, LETTER * 60),
                Field(later("Term"), lambda day: day.term, LETTER * 24),
            ]
        )
        self.days: RecordView[DayAhead] = RecordView(self.day_model, "today_days", parent=self)
        self.days.setAccessibleName(phrase("Days ahead in the open terms"))
        self.note = Note(self)
        layout = QVBoxLayout(self)
        for part in (self.headline, self.age, self.standing):
            layout.addWidget(part)
        layout.addWidget(self.list, 9)  # lists first, up to their lines; what is left stays empty
        layout.addWidget(self.none)
        layout.addSpacing(self.fontMetrics().height() // 2)
        layout.addWidget(self.days, 9)
        layout.addStretch(1)
        layout.addWidget(self.note)
        for view in (self.list, self.days):
            view.fitted.connect(self._fit)
        self.setFocusProxy(self.list)

    def _tint(self, line: Line) -> QColor | None:
        return theme.tint("conflict") if line.is_alarm else None

    def _show(self) -> None:
        presenter, now = self.presenter, self.around.now()
        for label, words in (
            (self.headline, presenter.headline(now)),
            (self.age, presenter.age_words(now)),
            (self.standing, presenter.standing_words),
            (self.none, presenter.none_words),
        ):
            label.setText(words)
            label.setVisible(bool(words))
        colour(self.age, "conflict")
        self.model.set_records(presenter.lines or [presenter.empty_line])
        if self.list.current() is None:
            self.list.selectRow(0)
        days = presenter.days(now)
        self.day_model.set_records(days)
        self.days.setVisible(bool(days))
        self._fit()

    def _fit(self) -> None:
        """No higher than its lines: what follows stands right below."""
        for view in (self.list, self.days):
            rows = view.verticalHeader().defaultSectionSize() * view.model().rowCount()
            frame = 2 * view.frameWidth()
            view.setMaximumHeight(view.horizontalHeader().sizeHint().height() + rows + frame)

    # Opening

    def _open_current(self) -> None:
        line = self.list.current()
        if line is not None:
            self.open_line(line)

    def open_line(self, line: Line) -> None:
        if line.desk:
            self.wants.emit(line.desk, line.place)
        elif line.path:
            self.note.say(
                phrase("This program has no page for it; the server lists it at {path}", path=line.path)
            )

    # The server

    def load(self) -> Dashboard:
        return self.presenter.calls.read()

    def take(self, loaded: Dashboard) -> None:
        self.presenter.take(loaded, self.around.now())

    def not_loaded(self, error: Exception) -> None:
        self.presenter.not_loaded(error)

    def shown(self) -> None:
        self.refresh()
        self.setFocus()

    def heard(self, kind: str, id: int) -> None:
        """Each round of syncing tells of sheets: while the page is in front it asks anew at most twice a
        minute, and one answer is waited for at a time. In front again, it asks anyway."""
        if self.isVisible() and self._loading is None:
            self.refresh_when_stale()
