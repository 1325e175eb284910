"""The keys of the seal as anybody may read them, and the command that makes new ones."""

from __future__ import annotations

from datetime import date

from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from sims_desktop.kit import theme
from sims_desktop.kit.asking import colour, push_button, row_of, text_label
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.wording import left_to_right
from sims_desktop.operations_room.presenter import Keys, KeysPresenter
from sims_desktop.operations_room.words import key_state, purpose_words
from sims_shared.seal.keys import PublicKey


class KeysPage(Desk[Keys]):
    """C copies the command that rotates the keys."""

    title = later("Keys of the seal")
    guide = "operator#keys-of-the-seal"

    def __init__(self, around: Surroundings, presenter: KeysPresenter, parent: QWidget | None = None) -> None:
        super().__init__(around, "seal_keys", parent)
        self.presenter = presenter
        wide = self.fontMetrics().averageCharWidth()
        self.summary = text_label("keys_summary", self, larger=True)
        self.model: RecordModel[PublicKey] = RecordModel(
            [
                Field(later("Key"), lambda key: left_to_right(key.id), wide * 12),
                Field(later("Seals"), purpose_words, wide * 26),
                Field(later("Kind"), lambda key: key.algorithm, wide * 10),
                Field(later("From"), lambda key: key.valid_from.isoformat(), wide * 11),
                Field(later("Until"), lambda key: key.valid_until.isoformat(), wide * 11),
                Field(later("State"), self._state, 0),
            ],
            tint=self._tint,
        )
        self.list = RecordView(self.model, "keys_list", parent=self)
        self.list.setAccessibleName(phrase("Keys of the seal"))
        self.about = text_label("keys_about", self)
        self.about.setText(
            phrase(
                "Private keys never leave the server, so new ones are made there: sign in on its machine as "
                "the account that runs it and give this command with its own data folder. The old keys stay "
                "in the list and keep judging what they sealed. Then copy the folder of keys to a safe place "
                "that is not where the backups are."
            )
        )
        self.command = QLineEdit(self)
        self.command.setObjectName("keys_command")
        self.command.setReadOnly(True)
        self.command.setAccessibleName(phrase("The command for the server's machine"))
        self.copy_button = push_button(self, "keys_copy", self.copy_command, phrase("Copy the command (C)"))
        self.note = Note(self)
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.about)
        layout.addWidget(self.command)
        layout.addLayout(row_of([self.copy_button]))
        layout.addStretch(0)
        layout.addWidget(self.note)
        self.add_action("seal_keys.copy", later("Copy the command"), "C", self.copy_command)
        self.add_action("seal_keys.refresh", later("Ask the server again"), "F5", self.refresh)
        self.setFocusProxy(self.list)
        presenter.on_change = self._show
        around.theme.changed.connect(self._show)
        self._show()

    @property
    def _today(self) -> date:
        return self.presenter.today(self.around.now())

    def _state(self, key: PublicKey) -> str:
        return key_state(key, self.presenter.seals(key, self._today), self._today)

    def _tint(self, key: PublicKey) -> QColor | None:
        if self.presenter.ends_soon(key, self._today):
            return theme.tint("conflict")
        return theme.tint("waiting") if self.presenter.seals(key, self._today) else theme.tint("closed")

    def _show(self) -> None:
        presenter, today = self.presenter, self._today
        self.summary.setText(presenter.sentence(today))
        sealing = [key for key in presenter.keys if presenter.seals(key, today)]
        worry = presenter.document is not None and (
            not sealing or any(presenter.ends_soon(key, today) for key in sealing)
        )
        colour(self.summary, "refused" if presenter.complaint or worry else "waiting")
        self.model.set_records(presenter.keys)
        self.list.setVisible(bool(presenter.keys))
        if presenter.keys and not self.list.selectionModel().hasSelection():
            self.list.selectRow(max(0, self.list.currentIndex().row()))
        self.command.setText(presenter.command)

    def copy_command(self) -> None:
        QGuiApplication.clipboard().setText(self.presenter.command)
        self.note.say(phrase("Copied: {command}", command=self.presenter.command))
