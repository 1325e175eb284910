"""Settings on screen: found as one types, edited beside the list, saved one at a time."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from sims_desktop.kit import theme
from sims_desktop.kit.asking import Asking, push_button, row_of, text_label
from sims_desktop.kit.check_boxes import CheckBox, CheckedItems
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.operations_room.settings import LISTS, SettingsPresenter, Value
from sims_desktop.operations_room.words import setting_name, setting_sentence, value_words
from sims_shared.access import SettingView

MOST = 65_535


class SettingsPage(Desk[list[SettingView]]):
    """Ctrl+L searches, Enter goes into the editor, Ctrl+S saves, Ctrl+D is back to the default."""

    title = later("Settings")
    guide = "operator#settings"

    def __init__(
        self, around: Surroundings, presenter: SettingsPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "settings", parent)
        self.presenter = presenter
        self._wanted = ""
        self._edited = ""  # the key in the editor
        self._filling = False
        self._build()
        self._lay_out()
        add = self.add_action
        add("settings.search", later("Find a setting"), "Ctrl+L", self.search.setFocus)
        add("settings.save", later("Save it"), ("Ctrl+S", "Ctrl+Return", "Ctrl+Enter"), self.save)
        add("settings.default", later("Back to the default"), "Ctrl+D", self.to_default)
        add("settings.leave", later("Leave what was typed"), "Esc", self.leave)
        add("settings.into", later("Into the list"), "Down", self.list.setFocus, self.search)
        add("settings.refresh", later("Ask the server again"), "F5", self.refresh)
        presenter.on_change = self._show
        around.theme.changed.connect(self._show)
        self._show()

    def _build(self) -> None:
        wide = self.fontMetrics().averageCharWidth()
        self.summary = text_label("settings_summary", self, larger=True)
        self.search = QLineEdit(self)
        self.search.setObjectName("settings_search")
        self.search.setAccessibleName(phrase("Find a setting"))
        self.search.setPlaceholderText(phrase("A part of its name, of its key or of what it does"))
        self.search.textChanged.connect(self._sought)
        self.search.returnPressed.connect(self._into_editor)
        self.model: RecordModel[SettingView] = RecordModel(
            [
                Field(later("Setting"), lambda one: setting_name(one.key), wide * 24),
                Field(later("Now"), self.presenter.now_words, wide * 24),
                Field(later("Mark"), self.presenter.marked, wide * 12),
            ],
            tint=self._tint,
        )
        self.list = RecordView(self.model, "settings_list", parent=self)
        self.list.setAccessibleName(phrase("Settings"))
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._draw())
        self.list.opened.connect(lambda _: self._into_editor())
        # Rows that grow to two lines leave the one at hand in sight.
        self.list.fitted.connect(lambda: QTimer.singleShot(0, self, self._keep_in_sight))
        self.heading = text_label("settings_heading", self, larger=True)
        self.key_label = text_label("settings_key", self)
        self.about = text_label("settings_about", self)
        self.default = text_label("settings_default", self)
        self.switch = CheckBox(phrase("On"), self)
        self.switch.setObjectName("settings_switch")
        self.switch.toggled.connect(lambda on: self._typed(bool(on)))
        self.number = QSpinBox(self)
        self.number.setObjectName("settings_number")
        self.number.setRange(1, MOST)
        self.number.valueChanged.connect(lambda value: self._typed(int(value)))
        self.text = QLineEdit(self)
        self.text.setObjectName("settings_text")
        self.text.setMaxLength(2000)
        self.text.textEdited.connect(self._typed)
        self.several = QListWidget(self)
        self.several.setObjectName("settings_several")
        self.several.setItemDelegate(CheckedItems(self.several))
        self.several.itemChanged.connect(lambda _: self._typed(self._chosen_words()))
        self.editors: tuple[QWidget, ...] = (self.switch, self.number, self.text, self.several)
        for editor in self.editors:
            editor.setAccessibleName(phrase("The value"))  # and that of the setting, once one is chosen
        self.complaint = Complaint(self)
        self.complaint.setObjectName("settings_complaint")
        self.asking = Asking("settings", self)
        self.save_button = push_button(self, "settings_save", self.save, phrase("Save it (Ctrl+S)"))
        self.default_button = push_button(
            self, "settings_to_default", self.to_default, phrase("Back to the default (Ctrl+D)")
        )

    def _lay_out(self) -> None:
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(8, 0, 0, 0)
        for part in (self.heading, self.key_label, self.about, self.default):
            column.addWidget(part)
        for editor in self.editors:
            column.addWidget(editor, 1 if editor is self.several else 0)
        column.addWidget(self.complaint)
        column.addWidget(self.asking)
        column.addLayout(row_of([self.save_button, self.default_button]))
        column.addStretch(0)
        self.split = self.split_of("settings_split", self.list, right, (550, 450))
        self.note = Note(self)
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addWidget(self.search)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.note)
        self.setFocusProxy(self.search)

    # Showing

    def _tint(self, one: SettingView) -> QColor | None:
        if one.key in self.presenter.drafts:
            return theme.tint("conflict")
        return theme.tint("waiting") if one.value != one.default else None

    def choose(self, key: str) -> None:
        """This setting, as the palette names it; as soon as the settings are read."""
        self._wanted = key
        self.search.clear()
        self._show()

    def _sought(self, words: str) -> None:
        self.presenter.query = words
        self._show()

    def _show(self) -> None:
        presenter = self.presenter
        self.summary.setText(presenter.sentence)
        shown, before = presenter.shown, self._wanted or self._edited
        self.model.set_records(shown)
        keys = [one.key for one in shown]
        if shown:
            row = keys.index(before) if before in keys else 0
            if self.list.currentIndex().row() != row or not self.list.selectionModel().hasSelection():
                self.list.selectRow(row)
        self.list.setVisible(bool(shown))
        self._draw()
        if self._wanted and self._wanted in keys:
            self._wanted = ""
            self._into_editor()

    def _draw(self) -> None:
        setting = self.list.current()
        for part in (self.heading, self.key_label, self.about, self.default, *self.editors):
            part.setVisible(setting is not None)
        self.save_button.setVisible(setting is not None)
        self.default_button.setVisible(setting is not None)
        if setting is None:
            self._edited = ""
            return
        if setting.key != self._edited:
            self._edited = setting.key
            self.complaint.say("")
            self.asking.leave()
        self.heading.setText(setting_name(setting.key))
        self.key_label.setText(setting.key)
        self.about.setText(setting_sentence(setting.key))
        self.about.setVisible(bool(self.about.text()))
        self.default.setText(phrase("By default: {value}", value=value_words(setting.default)))
        self._fill(setting)
        draft = self.presenter.draft(setting)
        self.save_button.setEnabled(not self.is_busy and setting.key in self.presenter.drafts)
        self.default_button.setEnabled(not self.is_busy and draft != setting.default)

    def _editor_of(self, setting: SettingView) -> QWidget:
        if isinstance(setting.default, bool):
            return self.switch
        if isinstance(setting.default, int):
            return self.number
        return self.several if setting.key in LISTS else self.text

    def _fill(self, setting: SettingView) -> None:
        """The one editor that fits, with what was typed or what is set."""
        fitting, value = self._editor_of(setting), self.presenter.draft(setting)
        self._filling = True
        for editor in self.editors:
            editor.setVisible(editor is fitting)
            editor.setAccessibleName(setting_name(setting.key))
        if fitting is self.switch:
            self.switch.setChecked(bool(value))
        elif fitting is self.number and self.number.value() != value:
            self.number.setValue(int(value))
        elif fitting is self.text and self.text.text() != value:
            self.text.setText(str(value))
        elif fitting is self.several and (self._chosen_words() != value or not self.several.count()):
            chosen = set(str(value).split())
            self.several.clear()
            for word in self.presenter.choices(setting):
                item = QListWidgetItem(word, self.several)
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                item.setCheckState(Qt.CheckState.Checked if word in chosen else Qt.CheckState.Unchecked)
        self._filling = False

    def _chosen_words(self) -> str:
        items = [self.several.item(row) for row in range(self.several.count())]
        return " ".join(item.text() for item in items if item.checkState() is Qt.CheckState.Checked)

    def _keep_in_sight(self) -> None:
        self.list.scrollTo(self.list.currentIndex())

    # Typing

    def _into_editor(self) -> None:
        setting = self.list.current()
        if setting is not None:
            self._editor_of(setting).setFocus()

    def _typed(self, value: Value) -> None:
        setting = self.list.current()
        if self._filling or setting is None:
            return
        if setting.key in LISTS and _same_words(value, setting.value):
            value = str(setting.value)
        self.presenter.keep(setting, value)
        self.complaint.say("")
        self.asking.leave()
        self.model.set_records(self.presenter.shown)
        self.save_button.setEnabled(not self.is_busy and setting.key in self.presenter.drafts)
        self.default_button.setEnabled(not self.is_busy and value != setting.default)

    def leave(self) -> None:
        """Away with what is asked, else with what was typed, else back into the list."""
        setting = self.list.current()
        if self.asking.is_asking:
            self.asking.leave()
        elif setting is not None and self.presenter.drafts.pop(setting.key, None) is not None:
            self.complaint.say("")
            self._show()
        else:
            self.list.setFocus()

    def to_default(self) -> None:
        setting = self.list.current()
        if setting is not None and not self.is_busy and setting.default is not None:
            self.presenter.keep(setting, setting.default)
            self._show()
            self.save()

    def save(self) -> None:
        setting = self.list.current()
        if setting is None or self.is_busy:
            return
        if setting.key not in self.presenter.drafts:
            self.complaint.say(phrase("It is set so already."))
            return
        value = self.presenter.draft(setting)
        question = self.presenter.question(setting, value)
        if question:
            self.asking.ask(question, partial(self._save, setting, value), about=(setting.key, value))
        else:
            self._save(setting, value)

    def _save(self, setting: SettingView, value: Value) -> None:
        def done(saved: SettingView) -> None:
            self.complaint.say("")
            self.note.say(self.presenter.saved(saved))

        def failed(error: Exception) -> None:
            self.complaint.say(self.presenter.refused(error))
            self._draw()

        self.act(phrase("Saving"), lambda progress: self.presenter.save(setting, value), done, failed)
        self._draw()

    # The server

    def leaving(self) -> str:
        return phrase("A setting that you typed is not saved.") if self.presenter.drafts else ""


def _same_words(one: Value, other: object) -> bool:
    return set(str(one).split()) == set(str(other).split())
