"""The catalog on screen: courses, sections of a term, departments, programs, curricula, each under a tab."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QPushButton, QWidget

from sims_desktop.catalog.curricula import CurriculaPresenter
from sims_desktop.catalog.curricula_part import CurriculaPart
from sims_desktop.catalog.part import CATALOG, Part
from sims_desktop.catalog.presenter import (
    CoursesPresenter,
    DepartmentsPresenter,
    OfDepartments,
    ProgramsPresenter,
)
from sims_desktop.catalog.sections import SectionsPresenter
from sims_desktop.catalog.staff import Finding, StaffControl
from sims_desktop.kit import theme
from sims_desktop.kit.asking import push_button, text_label
from sims_desktop.kit.entries import Entry, HasId, Typed
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.register import OwnControl
from sims_desktop.kit.tabbed import TabbedPage
from sims_desktop.kit.tables import LETTER, Field, RecordModel, RecordView
from sims_desktop.kit.wording import left_to_right, plural
from sims_shared.attendance import ClassRoster, RosterRow
from sims_shared.catalog import CourseView, DepartmentView, ProgramView
from sims_shared.enrollment import SectionView

D = TypeVar("D", bound=HasId)


class DepartmentsBox(QComboBox):
    """Narrows a list to one department."""

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(phrase("Of which department"))
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.addItem(phrase("Every department"), None)

    def offer(self, presenter: OfDepartments[D]) -> None:
        choices = presenter.of_departments()
        if [self.itemData(row) for row in range(1, self.count())] != [id for _, id in choices]:
            while self.count() > 1:
                self.removeItem(1)
            for said, id in choices:
                self.addItem(said, id)
        self.setCurrentIndex(max(0, self.findData(presenter.filters.get("department_id"))))


class PartOfDepartments(Part[D]):
    """What belongs to departments, narrowed to one of them."""

    presenter: OfDepartments[D]

    @property
    def filter_boxes(self) -> Sequence[QComboBox]:
        self.of_department = DepartmentsBox(f"{self.objectName()}_department", self)
        return (self.of_department,)

    def take_filters(self) -> None:
        self.presenter.filters["department_id"] = self.of_department.currentData()

    def show_filters(self) -> None:
        self.of_department.offer(self.presenter)


class CoursesPart(PartOfDepartments[CourseView]):
    title = later("Courses")
    guide = "registrar#catalog"
    search_words = later("Search: code or title")
    new_words = later("A new course (Ctrl+N)")
    presenter: CoursesPresenter

    def __init__(self, around: Surroundings, presenter: CoursesPresenter) -> None:
        super().__init__(around, f"{CATALOG}courses", presenter)

    @property
    def columns(self) -> Sequence[Field[CourseView]]:
        return (
            Field(later("Code"), lambda one: left_to_right(one.code), LETTER * 12),
            Field(later("Title"), lambda one: one.title, LETTER * 34),
            Field(later("Credits"), lambda one: f"{one.credits.normalize():f}", LETTER * 7, is_number=True),
            Field(
                later("Department"),
                lambda one: self.presenter.department_words(one.department_id),
                LETTER * 10,
            ),
        )


class DepartmentsPart(Part[DepartmentView]):
    title = later("Departments")
    guide = "registrar#catalog"
    new_words = later("A new department (Ctrl+N)")

    def __init__(self, around: Surroundings, presenter: DepartmentsPresenter) -> None:
        super().__init__(around, f"{CATALOG}departments", presenter)

    @property
    def columns(self) -> Sequence[Field[DepartmentView]]:
        return (
            Field(later("Code"), lambda one: left_to_right(one.code), LETTER * 8),
            Field(later("Name"), lambda one: one.name, LETTER * 28),
            Field(later("Faculty"), lambda one: one.faculty_name or "", LETTER * 18),
            Field(later("Head"), lambda one: one.head.name if one.head else "", LETTER * 16),
        )


class ProgramsPart(PartOfDepartments[ProgramView]):
    title = later("Programs")
    guide = "registrar#catalog"
    new_words = later("A new program (Ctrl+N)")
    presenter: ProgramsPresenter

    def __init__(self, around: Surroundings, presenter: ProgramsPresenter) -> None:
        super().__init__(around, f"{CATALOG}programs", presenter)

    @property
    def columns(self) -> Sequence[Field[ProgramView]]:
        return (
            Field(later("Code"), lambda one: left_to_right(one.code), LETTER * 10),
            Field(later("Name"), lambda one: one.name, LETTER * 30),
            Field(later("Level"), lambda one: one.level, LETTER * 6),
            Field(
                later("Department"),
                lambda one: self.presenter.department_words(one.department_id),
                LETTER * 10,
            ),
        )


class SectionsPart(Part[SectionView]):
    """R shows who sits in the section; Enter there opens the student."""

    title = later("Sections")
    guide = "registrar#catalog"
    search_words = later("Search: course or section")
    new_words = later("A new section (Ctrl+N)")
    presenter: SectionsPresenter

    def __init__(self, around: Surroundings, presenter: SectionsPresenter) -> None:
        self._roster_of: int | None = None
        super().__init__(around, f"{CATALOG}sections", presenter)
        if presenter.may_read_roster:
            add = self.add_action
            add("catalog_sections.roster", later("Who sits in it"), "R", self.show_roster, self.list)

    @property
    def columns(self) -> Sequence[Field[SectionView]]:
        presenter = self.presenter
        return (
            Field(later("Section"), presenter.short_name, LETTER * 14),
            Field(later("Title"), lambda one: one.course_title, LETTER * 26),
            Field(later("Seats"), presenter.seats_words, LETTER * 9),
            Field(later("Teachers"), presenter.teachers_words, LETTER * 18),
        )

    def line_tint(self, record: SectionView) -> QColor | None:
        if record.status == "cancelled":
            return theme.tint("closed")
        return theme.tint("conflict") if not record.teachers else None

    @property
    def filter_boxes(self) -> Sequence[QComboBox]:
        self.of_term = QComboBox(self)
        self.of_term.setObjectName("catalog_sections_term")
        self.of_term.setAccessibleName(phrase("Of which term"))
        self.of_term.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        return (self.of_term,)

    def take_filters(self) -> None:
        if self.of_term.count():
            self.presenter.filters["term_id"] = self.of_term.currentData()

    def show_filters(self) -> None:
        box, terms = self.of_term, self.presenter.terms
        if [box.itemData(row) for row in range(box.count())] != [one.id for one in terms]:
            box.clear()
            for one in terms:
                box.addItem(one.name, one.id)
        box.setCurrentIndex(box.findData(self.presenter.filters.get("term_id")))

    def own_control(self, entry: Entry) -> OwnControl:
        presenter = self.presenter
        return StaffControl(
            self, "catalog_sections_teachers", Finding(presenter.find_teachers, presenter.not_read)
        )

    # Who sits there

    def below_list(self) -> Sequence[QWidget]:
        self.roster_words = text_label("catalog_sections_roster_words", self)
        self.roster_model: RecordModel[RosterRow] = RecordModel(
            [
                Field(later("Number"), lambda one: left_to_right(one.reg_no), LETTER * 18),
                Field(later("Name"), lambda one: one.name, LETTER * 30),
            ]
        )
        self.roster = RecordView(self.roster_model, "catalog_sections_roster", parent=self)
        self.roster.setAccessibleName(phrase("Who sits in the section"))
        self.roster.opened.connect(lambda one: self.wants.emit("student", one.student_id))
        self._hide_roster()
        return (self.roster_words, self.roster)

    def more_buttons(self) -> Sequence[QPushButton]:
        if not self.presenter.may_read_roster:
            return ()
        if not hasattr(self, "roster_button"):
            words = phrase("Who sits in it (R)")
            self.roster_button = push_button(self, "catalog_sections_show_roster", self.show_roster, words)
        return (self.roster_button,)

    def show_more(self, record: SectionView | None, typed: Typed) -> None:
        for button in self.more_buttons():
            button.setVisible(record is not None)
        if record is None or record.id != self._roster_of:
            self._hide_roster()

    def _hide_roster(self) -> None:
        self._roster_of = None
        self.roster.hide()
        self.roster_words.hide()

    def show_roster(self) -> None:
        record = self.entry
        if record is None:
            return

        def done(roster: ClassRoster) -> None:
            current = self.entry
            if current is None or current.id != record.id:
                return
            self._roster_of = record.id
            self.roster_model.set_records(roster.rows)
            students, name = plural(len(roster.rows), "student"), self.presenter.short_name(record)
            said = phrase("{students} in {section}. Enter opens one.", students=students, section=name)
            self.roster_words.setText(said if roster.rows else phrase("Nobody sits in it."))
            self.roster_words.show()
            self.roster.setVisible(bool(roster.rows))
            if roster.rows:
                self.roster.selectRow(0)
                self.roster.setFocus()

        def failed(error: Exception) -> None:
            self.asking.refuse(self.presenter.not_read(error))

        self.around.tasks.run(
            lambda progress: self.presenter.read_roster(record, self.today), done, failed, owner=self
        )


class CatalogPage(TabbedPage):
    """Ctrl+1 courses, Ctrl+2 sections, Ctrl+3 departments, Ctrl+4 programs, Ctrl+5 curricula."""

    title = later("Catalog")
    guide = "registrar#catalog"

    def __init__(
        self,
        around: Surroundings,
        courses: CoursesPresenter,
        sections: SectionsPresenter,
        departments: DepartmentsPresenter,
        programs: ProgramsPresenter,
        curricula: CurriculaPresenter,
        parent: QWidget | None = None,
    ) -> None:
        parts = (
            CoursesPart(around, courses),
            SectionsPart(around, sections),
            DepartmentsPart(around, departments),
            ProgramsPart(around, programs),
            CurriculaPart(around, curricula),
        )
        super().__init__(around, "catalog", parts, parent)
