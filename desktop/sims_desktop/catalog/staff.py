"""Who teaches a section, in its form: found by name, led by one, each with a part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtWidgets import QComboBox, QLineEdit, QVBoxLayout

from sims_desktop.catalog.sections import ROLES, Member, Staff, joined, led_by, next_role
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.page import Page
from sims_desktop.kit.register import OwnControl
from sims_desktop.kit.tables import LETTER, Field, RecordModel, RecordView
from sims_shared.access import ColleagueView

LINES = 4


@dataclass(slots=True)
class Finding:
    """How teachers are found, and what is said when that fails."""

    find: Callable[[str], list[ColleagueView]]
    failed: Callable[[Exception], str]


class StaffControl(OwnControl):
    """A name and Enter adds; of several found one is chosen. In the list: L leads, R another part, Delete."""

    def __init__(self, page: Page, name: str, finding: Finding) -> None:
        super().__init__(page)
        self._tasks, self._finding = page.around.tasks, finding
        self._staff: Staff = ()
        self.model: RecordModel[Member] = RecordModel(
            [
                Field(later("Teacher"), lambda one: one.name, LETTER * 20),
                Field(later("Part"), lambda one: phrase(ROLES[one.role]), LETTER * 12),
            ]
        )
        self.list = RecordView(self.model, f"{name}_list", parent=self)
        self.list.setAccessibleName(phrase("Teachers of the section"))
        self.line = QLineEdit(self)
        self.line.setObjectName(f"{name}_line")
        self.line.setAccessibleName(phrase("Add a teacher by name"))
        self.line.setPlaceholderText(phrase("A part of the name; Enter adds"))
        self.line.returnPressed.connect(self._find)
        self.found = QComboBox(self)
        self.found.setObjectName(f"{name}_found")
        self.found.setAccessibleName(phrase("Which of them"))
        self.found.activated.connect(self._chosen)
        self.complaint = Complaint(self)
        self.complaint.setObjectName(f"{name}_complaint")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for part in (self.list, self.line, self.found, self.complaint):
            column.addWidget(part)
        self.found.hide()
        self.list.fitted.connect(self._fit)
        self.setFocusProxy(self.line)
        add = page.add_action
        add(f"{name}.lead", later("This teacher leads"), "L", self._lead, self.list)
        add(f"{name}.part", later("Another part for this teacher"), "R", self._turn, self.list)
        add(f"{name}.remove", later("This teacher leaves"), "Delete", self._remove, self.list)
        self._fit()

    def value(self) -> Staff:
        return self._staff

    def put(self, value: Staff) -> None:
        self._staff = value
        self.model.set_records(value)
        self.found.hide()
        self.complaint.say("")
        self._fit()

    def _fit(self) -> None:
        """As high as its lines, up to a few."""
        rows = min(max(1, len(self._staff)), LINES)
        high = self.list.verticalHeader().defaultSectionSize() * rows
        head = self.list.horizontalHeader().sizeHint().height()
        self.list.setFixedHeight(head + high + 2 * self.list.frameWidth())

    def _change(self, staff: Staff) -> None:
        if staff != self._staff:
            here = self.list.current()
            self.put(staff)
            places = [place for place, one in enumerate(staff) if here and one.user_id == here.user_id]
            if places:
                self.list.selectRow(places[0])
            self.edited.emit()

    def _lead(self) -> None:
        one = self.list.current()
        if one is not None:
            self._change(led_by(self._staff, one.user_id))

    def _turn(self) -> None:
        one = self.list.current()
        if one is not None:
            self._change(next_role(self._staff, one.user_id))

    def _remove(self) -> None:
        one = self.list.current()
        if one is not None:
            self._change(tuple(other for other in self._staff if other.user_id != one.user_id))

    def _find(self) -> None:
        words = " ".join(self.line.text().split())
        if not words:
            return

        def done(found: list[ColleagueView]) -> None:
            self.complaint.say("" if found else phrase("No teacher is called that."))
            self.found.clear()
            for one in found:
                self.found.addItem(f"{one.name} ({one.username})", one)
            self.found.setVisible(len(found) > 1)
            if len(found) == 1:
                self._add(found[0])
            elif found:
                self.found.setFocus()
                self.found.showPopup()

        def failed(error: Exception) -> None:
            self.complaint.say(self._finding.failed(error))

        self._tasks.run(lambda progress: self._finding.find(words), done, failed, owner=self)

    def _chosen(self, place: int) -> None:
        self._add(self.found.itemData(place))

    def _add(self, teacher: ColleagueView) -> None:
        self.line.clear()
        self._change(joined(self._staff, teacher))
        self.line.setFocus()
