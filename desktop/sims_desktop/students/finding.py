"""Finding a student: the desk with one search box, and the palette's students that come from the server."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from sims_desktop.client.errors import ClientError
from sims_desktop.client.students import FOUND
from sims_desktop.kit.asking import text_label
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.page import Page, Surroundings
from sims_desktop.kit.palette import Palette
from sims_desktop.kit.search import Entry
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.tasks import Task, Tasks
from sims_desktop.kit.wording import left_to_right, plural, status_words
from sims_desktop.students.presenter import LEAST_LETTERS, Finder, refusal_words
from sims_shared.people import StudentView

PAUSE_MS = 250
IN_PALETTE = 12


class FindStudent(QWidget):
    """One line, and below it the students it finds as the person types. Enter opens the only one, or goes
    into the list. `chosen(student)`; `sought()` when another search was answered."""

    chosen = Signal(object)
    sought = Signal()

    def __init__(self, page: Page, name: str, finder: Finder, invitation: str) -> None:
        super().__init__(page)
        self._tasks, self._finder, self._invitation = page.around.tasks, finder, invitation
        self._task: Task | None = None
        self._wants_first = False
        wide = self.fontMetrics().averageCharWidth()
        self.search = QLineEdit(self)
        self.search.setObjectName(f"{name}_search")
        self.search.setAccessibleName(phrase("Find a student by any part of name, number or phone"))
        self.search.setPlaceholderText(phrase("Name, registration number or phone"))
        self.model: RecordModel[StudentView] = RecordModel(
            [
                Field(later("Number"), lambda one: left_to_right(one.reg_no), wide * 22),
                Field(later("Name"), lambda one: one.name, wide * 30),
                Field(later("Father"), lambda one: one.father_name or "", wide * 24),
                Field(later("Intake"), lambda one: one.intake, wide * 10),
                Field(later("Status"), lambda one: status_words(one.status), wide * 12),
            ]
        )
        self.list = RecordView(self.model, f"{name}_list", parent=self)
        self.list.setAccessibleName(phrase("Students found"))
        self.said = text_label(f"{name}_said", self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.search)
        layout.addWidget(self.said)
        layout.addWidget(self.list, 1)
        layout.addStretch(0)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        self.search.textEdited.connect(lambda _: self._pause.start())
        self.search.returnPressed.connect(self._enter)
        self.list.opened.connect(self._choose)
        page.add_action(f"{name}.into", later("Into the list"), "Down", self._into, self.search)
        self.setFocusProxy(self.search)
        self._show(())

    def begin(self) -> None:
        """The cursor into the line, over what was typed."""
        self.search.setFocus()
        self.search.selectAll()

    def put_away(self) -> None:
        """What was found goes; the line stays for the next search."""
        self._pause.stop()
        self.model.set_records([])
        self.list.hide()
        self.said.hide()
        self._keep_small(True)

    def clear(self) -> None:
        self.search.clear()
        self._show(())

    def _into(self) -> None:
        if self.model.rowCount():
            self.list.setFocus()
            if self.list.current() is None:
                self.list.selectRow(0)

    def _enter(self) -> None:
        self._wants_first = True
        self._ask()

    def _choose(self, student: StudentView) -> None:
        self.chosen.emit(student)

    def _ask(self) -> None:
        self._pause.stop()
        words = self.search.text().strip()
        if len(words) < LEAST_LETTERS:
            self._wants_first = False
            self._show(())
            return

        def done(students: list[StudentView]) -> None:
            self._task = None
            opens, self._wants_first = self._wants_first, False
            self._show(students)
            self.sought.emit()
            if opens and len(students) == 1:
                self._choose(students[0])
            elif opens:
                self._into()

        def failed(error: Exception) -> None:
            self._task = None
            self._wants_first = False
            self._say(refusal_words(error))

        if not self.model.rowCount():
            self._say(phrase("Asking the server …"))
        if self._task is not None:
            self._task.cancel()
        self._task = self._tasks.run(lambda progress: self._finder.find(words), done, failed, owner=self)

    def _show(self, students: Sequence[StudentView]) -> None:
        self.model.set_records(list(students))
        self.list.setVisible(bool(students))
        self._keep_small(not students)
        many = plural(len(students), "student")
        if len(students) >= FOUND:
            self._say(phrase("The first {students}; type more to find one.", students=many))
        elif students:
            self._say(phrase("{students}. Enter opens one.", students=many))
        elif len(self.search.text().strip()) < LEAST_LETTERS:
            self._say(self._invitation)
        else:
            self._say(phrase("Nobody is found. Try a part of the name or the number."))

    def _say(self, words: str) -> None:
        self.said.setText(words)
        self.said.show()

    def _keep_small(self, is_small: bool) -> None:
        """Without a list it takes no room from what stands below."""
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Preferred, policy.Maximum if is_small else policy.Expanding)


class StudentsPage(Page):
    """Any part of name, number or phone; Enter opens the only one, or goes into the list."""

    title = later("Students")
    guide = "registrar#one-student"

    def __init__(self, around: Surroundings, finder: Finder, parent: QWidget | None = None) -> None:
        super().__init__(around, "students", parent)
        words = phrase("Type any part of a name, a number or a phone.")
        self.finding = FindStudent(self, "students", finder, words)
        layout = QVBoxLayout(self)
        layout.addWidget(self.finding, 1)
        layout.addStretch(0)
        self.finding.chosen.connect(lambda student: self.wants.emit("student", student.id))
        self.add_action("students.search", later("Back to the search"), ("Ctrl+L", "Esc"), self.finding.begin)
        self.setFocusProxy(self.finding)

    def shown(self) -> None:
        self.finding.begin()


class PaletteStudents(QObject):
    """Students in the palette. The server is asked when the person pauses, so the palette never waits."""

    def __init__(self, palette: Palette, finder: Finder, tasks: Tasks, open: Callable[[int], object]) -> None:
        super().__init__(palette)
        self._palette, self._finder, self._tasks, self._open = palette, finder, tasks, open
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        palette.line.textChanged.connect(lambda _: self._pause.start())

    def _ask(self) -> None:
        query = self._palette.line.text()
        if not self._palette.isVisible() or len(query.strip()) <= LEAST_LETTERS:
            return

        def done(students: list[StudentView]) -> None:
            self._palette.offer(query, [self._entry(student) for student in students])

        def failed(error: Exception) -> None:
            # Off line the palette still finds what this computer knows; the status bar says the rest.
            if not isinstance(error, ClientError):
                raise error

        self._tasks.run(
            lambda progress: self._finder.find(query.strip(), IN_PALETTE), done, failed, owner=self
        )

    def _entry(self, student: StudentView) -> Entry:
        title = f"{left_to_right(student.reg_no)} {student.name}"
        # The server judged that it answers the words, by fields which are not all shown.
        found_by = self._palette.line.text()
        return Entry(title, lambda: self._open(student.id), phrase("student"), also=found_by)
