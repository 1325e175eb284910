"""The curriculum of a program on screen: its courses by semester, and what each semester adds up to."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QComboBox, QWidget

from sims_desktop.catalog.curricula import CurriculaPresenter
from sims_desktop.catalog.part import CATALOG, Part
from sims_desktop.kit.asking import text_label
from sims_desktop.kit.entries import Typed
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.tables import LETTER, Field
from sims_desktop.kit.wording import left_to_right
from sims_shared.catalog import CurriculumCourseView


class CurriculaPart(Part[CurriculumCourseView]):
    title = later("Curricula")
    guide = "registrar#catalog"
    search_words = later("Search: code or title")
    new_words = later("A course for it (Ctrl+N)")
    presenter: CurriculaPresenter

    def __init__(self, around: Surroundings, presenter: CurriculaPresenter) -> None:
        super().__init__(around, f"{CATALOG}curricula", presenter)

    @property
    def columns(self) -> Sequence[Field[CurriculumCourseView]]:
        presenter = self.presenter
        return (
            Field(later("Semester"), lambda one: str(one.semester), LETTER * 8),
            Field(later("Course"), presenter.name_of, LETTER * 34),
            Field(later("Credits"), lambda one: f"{one.credits.normalize():f}", LETTER * 7, is_number=True),
            Field(later("Kind"), presenter.kind_words, LETTER * 9),
            Field(later("From intake"), lambda one: left_to_right(one.intake_from), LETTER * 9),
        )

    @property
    def filter_boxes(self) -> Sequence[QComboBox]:
        self.of_program = QComboBox(self)
        self.of_program.setObjectName("catalog_curricula_program")
        self.of_program.setAccessibleName(phrase("Of which program"))
        self.of_program.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        return (self.of_program,)

    def take_filters(self) -> None:
        if self.of_program.count():
            self.presenter.filters["program_id"] = self.of_program.currentData()

    def show_filters(self) -> None:
        box, programs = self.of_program, self.presenter.programs
        if [box.itemData(row) for row in range(box.count())] != [one.id for one in programs]:
            box.clear()
            for one in programs:
                box.addItem(f"{left_to_right(one.code)} {one.name}", one.id)
        box.setCurrentIndex(box.findData(self.presenter.filters.get("program_id")))

    def below_list(self) -> Sequence[QWidget]:
        self.adds_up = text_label("catalog_curricula_load", self)
        return (self.adds_up,)

    def show_more(self, record: CurriculumCourseView | None, typed: Typed) -> None:
        said = self.presenter.load_words(record or self.list.current())
        self.adds_up.setText(said)
        self.adds_up.setVisible(bool(said))
