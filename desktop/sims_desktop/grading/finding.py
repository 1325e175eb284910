"""`/`: the line that goes to a student of the sheet, by the end of a number or by names.

The rule a newcomer would get wrong: whoever looks for a student types that student's mark next. So Enter
leaves the line only for somebody who was found, everybody of the same name can be reached and is counted, and
a student whom a filter hides is not "nobody".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit

from sims_desktop.grading.presenter.grid import Filter, Position
from sims_desktop.grading.presenter.sheet import Row
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import left_to_right

if TYPE_CHECKING:
    from sims_desktop.grading.page import GridPage

WAYS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}


class FindLine(QLineEdit):
    """`stepped` with 1 or -1: to the next who answers, to the one before."""

    stepped = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        way = WAYS.get(Qt.Key(event.key()))
        if way is None:
            super().keyPressEvent(event)
        else:
            self.stepped.emit(way)


class Finding:
    """The line, hidden until it is asked for, and where the cursor stood before."""

    def __init__(self, page: GridPage) -> None:
        self._page = page
        self._began: tuple[Row, int] | None = None
        self.line = FindLine(page)
        self.line.setObjectName("find")
        self.line.setPlaceholderText(phrase("End of a number, or a name"))
        self.line.setAccessibleName(phrase("Go to a registration number or name"))
        self.line.setMaximumWidth(page.fontMetrics().averageCharWidth() * 32)
        self.line.hide()
        self.line.textEdited.connect(self._look)
        self.line.stepped.connect(self._step)
        self.line.returnPressed.connect(self._take)

    def open(self) -> None:
        page = self._page
        at = page.view.here()
        known = at is not None and at[0] < page.grid.row_count
        self._began = (page.grid.row(at[0]), at[1]) if at is not None and known else None
        self.line.show()
        self.line.setFocus()
        self.line.selectAll()

    def leave(self) -> None:
        self.line.clear()
        self.line.hide()
        self._page.view.setFocus()

    def give_up(self) -> None:
        """Esc: back to where the cursor stood."""
        self._return()
        self._page.note.say("")
        self.leave()

    def _origin(self) -> Position | None:
        place = self._page.grid.place_of(self._began[0].enrollment_id) if self._began else None
        return (place, self._began[1]) if self._began and place is not None else None

    def _return(self) -> None:
        origin = self._origin()
        if origin is not None:
            self._page.view.put_cursor(origin)

    def _look(self, words: str) -> None:
        """From where the search began, so that one more letter never goes on to the next of that name."""
        origin = self._origin()
        start = origin[0] if origin else 0
        places, _ = self._page.grid.found(words)
        self._show(words, next((place for place in places if place >= start), places[0] if places else None))

    def _step(self, way: int) -> None:
        at = self._page.view.here()
        places, _ = self._page.grid.found(self.line.text())
        if at is None or not places:
            return
        beyond = [place for place in places if (place > at[0] if way > 0 else place < at[0])]
        turned = places[0] if way > 0 else places[-1]
        self._show(self.line.text(), (beyond[0] if way > 0 else beyond[-1]) if beyond else turned)

    def _show(self, words: str, place: int | None) -> None:
        page = self._page
        places, hidden = page.grid.found(words)
        if place is not None:
            page.view.put_cursor((place, page.view.column_here()))
            said = named(page.grid.row(place))
            if len(places) > 1:
                said += " · " + phrase(
                    "{number:,} of {count:,} who answer: ↓ and ↑ go to the others",
                    number=places.index(place) + 1,
                    count=len(places),
                )
            page.note.say(said)
            return
        self._return()
        if hidden:
            page.note.say(
                phrase(
                    "{student} is not among those shown. Enter shows everybody and goes there.",
                    student=named(hidden[0]),
                )
            )
        else:
            page.note.say(
                phrase("Nobody here matches “{words}”", words=words.strip()) if words.strip() else ""
            )

    def _take(self) -> None:
        """Enter: to the grid, at the student who was found. Nobody was found: the line stays, or the mark
        typed next would be another student's."""
        words = self.line.text()
        places, hidden = self._page.grid.found(words)
        if not places and hidden:
            self._page.go_to_row(hidden[0])
        elif not places and words.strip():
            self._show(words, None)
            self.line.selectAll()
            return
        self.leave()


def named(row: Row) -> str:
    return f"{left_to_right(row.reg_no)} {row.name}"


def show_row(page: GridPage, row: Row, *, lift: bool) -> None:
    """The cursor to a student, in its column. `lift` shows everybody when a filter hides that one."""
    grid, view = page.grid, page.view
    column = view.column_here()
    if lift and grid.filter is not Filter.ALL and grid.place_of(row.enrollment_id) is None:
        view.keep((row.enrollment_id, grid.columns[column].assessment_id) if grid.columns else None)
        grid.apply_filter(Filter.ALL)
        page.note.say(f"{named(row)} · {phrase('All students')}")
    place = grid.place_of(row.enrollment_id)
    if place is not None:
        view.put_cursor((place, column))
