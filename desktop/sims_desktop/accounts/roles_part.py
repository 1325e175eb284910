"""Roles on screen: a matrix of permissions by roles, and a line that makes a role of one's own."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QLineEdit, QVBoxLayout, QWidget

from sims_desktop.accounts.roles import STALE, RolesPresenter
from sims_desktop.accounts.words import SCOPES, role_words, scope_words
from sims_desktop.client.errors import ProblemAnswer
from sims_desktop.kit.asking import Asking, push_button, row_of, text_label
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.forms import Form
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.matrix import Cell, TickGrid
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_shared.access import RoleView


class RolesPart(Desk[list[RoleView]]):
    """Space ticks, Ctrl+Enter saves all ticks; Ctrl+N makes a role, Delete takes one's own away."""

    title = later("Roles")
    guide = "administrator#roles"

    def __init__(
        self, around: Surroundings, presenter: RolesPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "roles_part", parent)
        self.presenter = presenter
        self._build()
        add = self.add_action
        add("roles.new", later("New role"), "Ctrl+N", self.begin)
        add("roles.delete", later("Delete this role"), "Delete", self.delete, self.grid)
        add("roles.save", later("Save the ticks, or yes"), ("Ctrl+Return", "Ctrl+Enter"), self.answer)
        add("roles.leave", later("Leave it"), "Esc", self.leave)
        add("roles.drop", later("Drop the ticks that are not saved"), "Ctrl+Z", presenter.drop_ticks)
        add("roles.refresh", later("Ask the server again"), "F5", self.refresh)
        presenter.on_change = self._show
        around.theme.changed.connect(self._recolour)
        self._show()

    def _build(self) -> None:
        self.summary = text_label("roles_summary", self, larger=True)
        self.grid = TickGrid("roles_matrix", phrase("What each role may"), self)
        self.grid.toggled.connect(self._toggle)
        self.grid.moved.connect(lambda line, column: self._say_cell())
        self.cell = text_label("roles_cell", self)
        self.form = Form(self)
        self.name = QLineEdit(self)
        self.name.setMaxLength(40)
        self.scope, self.like = QComboBox(self), QComboBox(self)
        for scope in SCOPES:
            self.scope.addItem(scope_words(scope), scope)
        self.like.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.form.add("name", later("&Name of the role"), self.name)
        self.form.add("scope", later("It &reaches"), self.scope)
        self.form.add("like", later("&Like the role"), self.like)
        self.form.hide()
        self.asking = Asking("roles", self)
        self.asking.left.connect(self.grid.setFocus)
        self.note = Note(self)
        self.save_button = push_button(self, "roles_save", self.answer, phrase("Save (Ctrl+Enter)"))
        self.new_button = push_button(self, "roles_new", self.begin, phrase("New role (Ctrl+N)"))
        self.drop_button = push_button(
            self, "roles_drop", self.presenter.drop_ticks, phrase("Drop the ticks (Ctrl+Z)")
        )
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addWidget(self.grid, 1)
        for part in (self.cell, self.form, self.asking):
            layout.addWidget(part)
        layout.addLayout(row_of([self.save_button, self.new_button, self.drop_button]))
        layout.addWidget(self.note)
        self.setFocusProxy(self.grid)

    # Showing

    def _recolour(self) -> None:
        self.asking.recolour()
        self.grid.fit()
        self._show()

    @property
    def is_making(self) -> bool:
        return self.form.isVisibleTo(self)

    def _show(self) -> None:
        presenter = self.presenter
        self.summary.setText(presenter.sentence)
        self.grid.setVisible(presenter.is_loaded)
        lines, columns = presenter.heads()
        self.grid.show_ticks(lines, columns, self._cell)
        for button in (self.save_button, self.new_button, self.drop_button):
            button.setVisible(presenter.may_change)
        self.save_button.setEnabled(not self.is_busy and (self.is_making or bool(presenter.ticks)))
        self.drop_button.setEnabled(bool(presenter.ticks))
        making, saving = phrase("Make it (Ctrl+Enter)"), phrase("Save (Ctrl+Enter)")
        self.save_button.setText(making if self.is_making else saving)
        self._say_cell()

    def _at(self, line: int, column: int) -> tuple[RoleView, str]:
        return self.presenter.roles[column], self.presenter.lines[line][0]

    def _cell(self, line: int, column: int) -> Cell:
        return self.presenter.cell(*self._at(line, column))

    def _say_cell(self) -> None:
        line, column = self.grid.place
        if 0 <= column < len(self.presenter.roles) and line < len(self.presenter.lines):
            role, permission = self._at(line, column)
            said = self.presenter.about(role, permission) if permission else ""
            self.cell.setText(said)

    def _toggle(self, line: int, column: int) -> None:
        self.asking.leave()
        role, permission = self._at(line, column)
        if permission:
            self.asking.refuse(self.presenter.tick(role, permission))

    # Acts

    def answer(self) -> None:
        if self.is_busy:
            return
        if self.is_making:
            self._make()
        elif self.asking.is_asking:
            self.asking.answer()
        elif self.presenter.ticks:
            warning = self.presenter.warning()
            if warning:
                self.asking.ask(warning, self._save, about=warning)
            else:
                self._save()

    def _save(self) -> None:
        self.asking.leave()

        def done(words: str) -> None:
            self.note.say(words)
            self.presenter.ticks = {}
            self.refresh()

        def failed(error: Exception) -> None:
            self.asking.refuse(self.presenter.refused(error))
            if isinstance(error, ProblemAnswer) and error.code == STALE:
                self.refresh()
            self._show()

        self.act(phrase("Saving roles"), lambda progress: self.presenter.save(), done, failed)
        self._show()

    def begin(self) -> None:
        if not self.presenter.may_change:
            self.asking.refuse(phrase("You see the roles; administrators change them."))
            return
        self.asking.leave()
        self.like.clear()
        self.like.addItem(phrase("none: it begins with nothing"), None)
        for role in self.presenter.roles:
            self.like.addItem(role_words(role.name), role)
        column = self.grid.place[1]
        if 0 <= column < len(self.presenter.roles):
            self.like.setCurrentIndex(column + 1)
            self.scope.setCurrentIndex(self.scope.findData(self.presenter.roles[column].scope))
        self.form.clear_faults()
        self.form.show()
        self.name.setFocus()
        self._show()

    def _make(self) -> None:
        presenter, name = self.presenter, self.name.text().strip()
        if not presenter.check(name):
            self.form.show_faults(presenter.faults)
            return
        self.form.clear_faults()
        scope, like = str(self.scope.currentData()), self.like.currentData()

        def done(words: str) -> None:
            self.note.say(words)
            self.name.clear()
            self.form.hide()
            self.grid.setFocus()
            self.refresh()

        def failed(error: Exception) -> None:
            words = presenter.refused(error)
            self.form.show_faults(presenter.faults, words)
            self._show()

        self.act(phrase("Making a role"), lambda progress: presenter.create(name, scope, like), done, failed)
        self._show()

    def delete(self) -> None:
        column = self.grid.place[1]
        role = self.presenter.roles[column] if 0 <= column < len(self.presenter.roles) else None
        refusal = self.presenter.why_not_delete(role)
        if refusal or role is None or self.is_busy:
            self.asking.leave()
            self.asking.refuse(refusal)
            return
        question = phrase(
            "The role “{role}” is deleted. Delete or Ctrl+Enter deletes it, Esc leaves it.",
            role=role_words(role.name),
        )

        def agreed() -> None:
            def done(words: str) -> None:
                self.note.say(words)
                self.refresh()

            def failed(error: Exception) -> None:
                self.asking.refuse(self.presenter.refused(error))

            self.act(phrase("Deleting a role"), lambda progress: self.presenter.delete(role), done, failed)

        self.asking.ask(question, agreed, about=("delete", role.id))

    def leave(self) -> None:
        if self.is_making:
            self.form.hide()
            self._show()
        self.asking.leave()
        self.grid.setFocus()

    # The server

    def leaving(self) -> str:
        if self.presenter.ticks:
            return phrase("Ticks in the matrix of roles are not saved.")
        return phrase("A role that you began is not made.") if self.is_making and self.name.text() else ""
