"""What is typed of an account, and its roles as a matrix: roles by departments, Space ticks."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from sims_desktop.accounts.presenter import AccountsPresenter, Draft, Place, days_words
from sims_desktop.accounts.words import permission_words, role_words, scope_words
from sims_desktop.kit.asking import Asking, push_button, row_of, text_label
from sims_desktop.kit.forms import Form
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.matrix import Cell, Head, TickGrid
from sims_desktop.kit.wording import listed
from sims_shared.access import RoleView

LINES = (
    ("username", later("&User name")),
    ("name", later("&Name")),
    ("email", later("E-&mail")),
    ("reg_no", later("Registration &number, for a student")),
)


class AccountForm(QWidget):
    """`wanted` when it shall be saved, `left` when not."""

    wanted = Signal()
    left = Signal()

    def __init__(self, presenter: AccountsPresenter, parent: QWidget) -> None:
        super().__init__(parent)
        self.presenter = presenter
        self.draft: Draft | None = None
        self.heading = text_label("account_form_heading", self, larger=True)
        self.form = Form(self)
        self.lines: dict[str, QLineEdit] = {}
        for name, label in LINES:
            line = QLineEdit(self)
            line.setMaxLength(200)
            line.textEdited.connect(lambda _: self._typed())
            self.lines[name] = line
            self.form.add(name, label, line)
        self.about = text_label("account_form_about", self)
        self.about.setText(phrase("Space gives a role or takes it away; columns are where it holds."))
        self.grid = TickGrid("account_roles", phrase("Roles by department"), self)
        self.grid.toggled.connect(self._toggle)
        self.grid.moved.connect(lambda line, column: self._say_cell())
        self.cell = text_label("account_form_cell", self)
        self.asking = Asking("account_form", self)
        self.asking.left.connect(self.grid.setFocus)
        self.save_button = push_button(
            self, "account_form_save", self.wanted.emit, phrase("Save it (Ctrl+Enter)")
        )
        self.leave_button = push_button(self, "account_form_leave", self.left.emit, phrase("Leave it (Esc)"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 0, 0, 0)
        for part in (self.heading, self.form, self.about):
            layout.addWidget(part)
        layout.addWidget(self.grid, 1)
        layout.addWidget(self.cell)
        layout.addWidget(self.asking)
        layout.addLayout(row_of([self.save_button, self.leave_button]))
        self.setFocusProxy(self.lines["name"])

    def begin(self, draft: Draft) -> None:
        self.draft = draft
        self.form.clear_faults()
        self.asking.leave()
        is_new = draft.shown is None
        self.heading.setText(
            phrase("A new account") if draft.shown is None else phrase("Change {name}", name=draft.name)
        )
        for name in ("username", "reg_no"):
            self.form.show_row(name, is_new)
        self.take_draft()
        self.lines["username" if is_new else "name"].setFocus()

    def take_draft(self) -> None:
        """What the draft says now, where it differs from what stands in the lines."""
        assert self.draft is not None
        for name, line in self.lines.items():
            if line.text() != getattr(self.draft, name):
                line.setText(getattr(self.draft, name))
        self.show_roles()

    def show_roles(self) -> None:
        draft, presenter = self.draft, self.presenter
        if draft is None:
            return
        lines = [
            Head(role_words(role.name), f"{role_words(role.name)} ({scope_words(role.scope)})")
            for role in presenter.roles
        ]
        columns = [
            Head(phrase("Everywhere")),
            *(Head(one.code, f"{one.code} {one.name}") for one in presenter.departments),
        ]
        self.grid.show_ticks(lines, columns, partial(self._cell, draft))
        self._say_cell()

    def _cell(self, draft: Draft, line: int, column: int) -> Cell:
        role, place = self._place(line, column)
        is_on, held = self.presenter.is_ticked(draft, place), draft.held.get(place)
        return Cell(
            is_on=is_on,
            may=is_on or self.presenter.may_tick(role, place[1]),
            is_new=place in draft.ticks,
            note=days_words(held) if held is not None and is_on else "",
        )

    def _place(self, line: int, column: int) -> tuple[RoleView, Place]:
        role = self.presenter.roles[line]
        return role, (role.name, self.presenter.departments[column - 1].id if column else None)

    def _say_cell(self) -> None:
        line, column = self.grid.place
        if 0 <= line < len(self.presenter.roles):
            role, _ = self._place(line, column)
            may = listed((permission_words(one) for one in role.permissions), 4)
            self.cell.setText(f"{self.grid.ticks.in_words(line, column)} · {may}")

    def _toggle(self, line: int, column: int) -> None:
        if self.draft is None:
            return
        _, place = self._place(line, column)
        self.asking.leave()
        if not self._cell(self.draft, line, column).may:
            if place[1] is None:
                self.asking.refuse(phrase("This role is given in a department: choose its column."))
            else:
                self.asking.refuse(phrase("This role is not given by department: its column is Everywhere."))
            return
        self.presenter.tick(self.draft, place)
        self.show_roles()

    def _typed(self) -> None:
        if self.draft is not None:
            self.asking.leave()
            for name, line in self.lines.items():
                setattr(self.draft, name, line.text())

    def refuse(self, words: str) -> None:
        """What stands beside a field stands there alone."""
        faults = [one for one in self.presenter.faults if one.pointer.split("/")[1:2] != ["roles"]]
        of_roles = [one.detail for one in self.presenter.faults if one not in faults]
        if faults:
            self.form.show_faults(faults)
        self.asking.refuse("\n".join(of_roles) if self.presenter.faults else words)
