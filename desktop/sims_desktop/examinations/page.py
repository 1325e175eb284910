"""The date sheet on screen: papers by day with what is wrong in words, the sections that have none yet, and
the rooms under a tab of their own."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QWidget

from sims_desktop.examinations.presenter import PapersPresenter, RoomsPresenter, ends_at
from sims_desktop.kit import theme
from sims_desktop.kit.asking import text_label
from sims_desktop.kit.entries import Typed
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import later, on_paper, phrase
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.register import Register
from sims_desktop.kit.tabbed import TabbedPage
from sims_desktop.kit.tables import LETTER, Field, RecordModel, RecordView
from sims_desktop.kit.wording import DAYS, left_to_right
from sims_shared.examinations import ExamPaperView, ExamRoomView, ExamSection

GUIDE = "controller#the-date-sheet"
ROOMS = "date_sheet_rooms"
UNDATED_HIGH = 8  # lines of the list of what has no paper yet


class PapersPart(Register[ExamPaperView]):
    """J and K move, E into the form, Ctrl+N a paper, U to the sections without one, Ctrl+P prints, Ctrl+O
    brings a file in."""

    title = later("Exam papers")
    keys_name = later("Date sheet")
    guide = GUIDE
    search_words = later("Search: course or section")
    new_words = later("A new paper (Ctrl+N)")
    sizes = (620, 420)
    presenter: PapersPresenter

    def __init__(self, around: Surroundings, presenter: PapersPresenter) -> None:
        super().__init__(around, "date_sheet_papers", presenter)
        add = self.add_action
        add("date_sheet.undated", later("To the sections without a paper"), "U", self.to_undated, self.list)
        add("date_sheet.back", later("Back to the papers"), "Esc", self.list.setFocus, self.undated)
        add("date_sheet.print", later("Print the date sheet"), "Ctrl+P", self.print_sheet)
        add("date_sheet.file", later("Bring in from a file"), "Ctrl+O", self.bring_in)

    @property
    def columns(self) -> Sequence[Field[ExamPaperView]]:
        presenter = self.presenter
        return (
            Field(later("Day"), presenter.day_words, LETTER * 15),
            Field(later("Time"), presenter.time_words, LETTER * 12),
            Field(later("Paper"), presenter.short_name, LETTER * 17, whole=presenter.name_of),
            Field(later("Sit"), lambda one: f"{one.sitting:,}", LETTER * 5, is_number=True),
            Field(later("Rooms"), presenter.room_words, LETTER * 14),
        )

    @property
    def filter_boxes(self) -> Sequence[QComboBox]:
        self.of_term = QComboBox(self)
        self.of_term.setObjectName("date_sheet_term")
        self.of_term.setAccessibleName(phrase("Of which term"))
        self.of_term.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        return (self.of_term,)

    def take_filters(self) -> None:
        if self.of_term.count():
            self.presenter.filters["term_id"] = self.of_term.currentData()

    def show_filters(self) -> None:
        box, terms = self.of_term, self.presenter.around.terms if self.presenter.around else ()
        if [box.itemData(row) for row in range(box.count())] != [one.id for one in terms]:
            box.clear()
            for one in terms:
                box.addItem(one.name, one.id)
        box.setCurrentIndex(box.findData(self.presenter.filters.get("term_id")))
        self.undated_words.setText(self.presenter.undated_words)
        self.undated_model.set_records(list(self.presenter.undated))
        self.undated.setVisible(bool(self.presenter.undated))
        self.trouble.say(self.presenter.trouble)

    def below_list(self) -> Sequence[QWidget]:
        self.trouble = Complaint(self)
        self.trouble.setObjectName("date_sheet_trouble")
        self.undated_words = text_label("date_sheet_undated_words", self)
        self.undated_model: RecordModel[ExamSection] = RecordModel(
            [
                Field(
                    later("Section"), lambda one: left_to_right(f"{one.course_code} {one.code}"), LETTER * 14
                ),
                Field(later("Title"), lambda one: one.course_title, LETTER * 30),
                Field(later("Sit"), lambda one: f"{one.sitting:,}", LETTER * 5, is_number=True),
            ]
        )
        self.undated = RecordView(self.undated_model, "date_sheet_undated", parent=self)
        self.undated.setAccessibleName(phrase("Sections without a paper"))
        self.undated.setMaximumHeight(self.fontMetrics().height() * 2 * UNDATED_HIGH)
        self.undated.opened.connect(self.begin_for)
        return (self.trouble, self.undated_words, self.undated)

    def below_form(self) -> Sequence[QWidget]:
        self.wrong = Complaint(self)
        self.wrong.setObjectName("date_sheet_wrong")
        return (self.wrong,)

    def show_more(self, record: ExamPaperView | None, typed: Typed) -> None:
        self.wrong.say("\n".join(self.presenter.wrong_with(record)))

    def line_tint(self, record: ExamPaperView) -> QColor | None:
        if self.presenter.is_wrong(record):
            return theme.tint("refused")
        return theme.tint("conflict") if not record.rooms else None

    def bring_in(self) -> None:
        self.wants.emit("date_sheet_files", 0)

    def to_undated(self) -> None:
        if self.undated_model.rowCount():
            self.undated.setFocus()
            if not self.undated.selectionModel().hasSelection():
                self.undated.selectRow(0)

    def begin_for(self, section: ExamSection) -> None:
        """A new paper of a section that has none, where the one before left off."""
        self.begin()
        if not self.is_entering:
            return
        self.put(self.presenter.proposal_for(section))
        self.typed_into()
        self.controls["held_on"].setFocus()
        self.controls["held_on"].selectAll()

    def heard(self, kind: str, id: int) -> None:
        if kind in (ROOMS, "imports"):
            self._refreshed = None

    # Paper

    def print_sheet(self) -> None:
        from sims_desktop.kit.printing import ask_printer, print_html

        if self.presenter.term is None or not self.presenter.records:
            self.asking.refuse(phrase("The term has no papers yet."))
            return
        printer = ask_printer(self, phrase("Print the date sheet"))
        if printer is None:
            return

        def done(papers: list[ExamPaperView]) -> None:
            assert self.presenter.term is not None
            print_html(date_sheet_paper(self.presenter.term.name, papers), printer)
            self.note.say(phrase("Printed the date sheet."))

        def failed(error: Exception) -> None:
            self.asking.refuse(self.presenter.refused(error))

        title = phrase("Reading the date sheet")
        self.around.tasks.run(
            lambda progress: self.presenter.every_paper(), done, failed, title=title, owner=self
        )


class RoomsPart(Register[ExamRoomView]):
    title = later("Rooms")
    guide = GUIDE
    search_words = later("Search: name")
    new_words = later("A new room (Ctrl+N)")
    presenter: RoomsPresenter

    def __init__(self, around: Surroundings, presenter: RoomsPresenter) -> None:
        super().__init__(around, ROOMS, presenter)
        self.add_action("date_sheet_rooms.file", later("Bring in from a file"), "Ctrl+O", self.bring_in)

    def bring_in(self) -> None:
        self.wants.emit("date_sheet_files", 0)

    def heard(self, kind: str, id: int) -> None:
        if kind == "imports":
            self._refreshed = None

    @property
    def columns(self) -> Sequence[Field[ExamRoomView]]:
        return (
            Field(later("Room"), lambda one: one.name, LETTER * 30),
            Field(later("Seats"), self.presenter.seats_words, LETTER * 8, is_number=True),
        )


class DateSheetPage(TabbedPage):
    title = later("Date sheet")

    def __init__(
        self,
        around: Surroundings,
        papers: PapersPresenter,
        rooms: RoomsPresenter,
        parent: QWidget | None = None,
    ) -> None:
        self.papers, self.rooms = PapersPart(around, papers), RoomsPart(around, rooms)
        super().__init__(around, "date_sheet", [self.papers, self.rooms], parent)


@on_paper()
def date_sheet_paper(term: str, papers: Sequence[ExamPaperView]) -> str:
    """The date sheet as it is pinned up: by day, then by time."""
    rows, day = [], None
    for one in sorted(papers, key=lambda paper: (paper.held_on, paper.starts_at, paper.course_code)):
        if one.held_on != day:
            day = one.held_on
            rows.append(f"<tr><td colspan='4'><b>{phrase(DAYS[day.weekday()])} {day:%Y-%m-%d}</b></td></tr>")
        section = " ".join(word for word in (one.course_code, one.section_code, one.part) if word)
        rooms = ", ".join(room.name for room in one.rooms) or "–"
        rows.append(
            f"<tr><td>{one.starts_at}–{ends_at(one.starts_at, one.minutes)}</td><td>{escape(section)}</td>"
            f"<td>{escape(one.course_title)}</td><td>{escape(rooms)}</td></tr>"
        )
    return (
        f"<h3>Date sheet: examinations of {escape(term)}</h3>"
        "<table width='100%' cellspacing='0' cellpadding='3' border='1'><thead><tr>"
        "<th align='left'>Time</th><th align='left'>Section</th><th align='left'>Title</th>"
        f"<th align='left'>Rooms</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
        "<p><br><br>Controller of Examinations: ____________________</p>"
    )
