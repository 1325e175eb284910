"""Beside the grid: Ctrl+T writes the plan of assessment, Ctrl+Enter makes its columns, Y the same elsewhere.

The rule a newcomer would get wrong: a plan is written as one thing over the plan that was seen. When a
colleague has changed it meanwhile nothing is written; theirs and mine stand side by side, and the line keeps
what was typed: M writes mine over it, T takes theirs, Esc goes on typing.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from sims_desktop.client.errors import ClientError, ProblemAnswer, TryLater
from sims_desktop.grading.panels import ENTER, Panel, words
from sims_desktop.grading.presenter.plan import Planned, PlanPresenter, undoing
from sims_desktop.grading.presenter.plan_met import (
    Met,
    columns_after,
    moved_between,
    moved_in,
    moved_words,
    sums,
    three_ways,
)
from sims_desktop.grading.presenter.sheet import OPEN, Column
from sims_desktop.kit.asking import push_button
from sims_desktop.kit.forms import Complaint
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.tasks import Progress
from sims_desktop.kit.wording import listed, plural
from sims_shared.plan import ColumnMoved, PlanChanged, PlanView

if TYPE_CHECKING:
    from sims_desktop.grading.page import GridPage

Answer = PlanView | ProblemAnswer | str
"""The plan that stands now, the no that names who changed it, or why not."""
DECIDES = {Qt.Key.Key_M: True, Qt.Key.Key_T: False}


@dataclass(frozen=True, slots=True)
class Written:
    """A plan that was written on a sheet, and the wish that takes it back."""

    section_id: int
    name: str
    made: int
    back: Mapping[str, Any]


class PlanPanel(Panel):
    """`make` when the columns shall be made, `repeat` when the same shall be made in `others`, `typed` at
    each letter of the line. `moves` is what a colleague changed, as long as nobody has decided."""

    share = 0.48
    make = Signal()
    repeat = Signal()
    take_back = Signal()
    typed = Signal(str)

    def __init__(self, plan: PlanPresenter, page: GridPage) -> None:
        super().__init__("plan", phrase("Plan of assessment"), page)
        self.plan = plan
        self._now = page.around.now
        self.made: list[Written] = []
        self.others: Sequence[tuple[int, str]] = ()
        self.moves: list[ColumnMoved] = []
        self.is_busy = False
        self._keys: dict[bytes, str] = {}
        self.line = QLineEdit(self)
        self.line.setObjectName("plan_line")
        self.line.setAccessibleName(phrase("Weights and names of the assessments"))
        self.line.setPlaceholderText("20/30/50")
        self.sentence = words(self, "plan_sentence")
        titles = (later("Name"), later("Weight"), later("Maximum"), later("Head"), later("Rule"))

        def field(number: int) -> Field[Planned]:
            return Field(titles[number], lambda part: part.texts()[number], (120, 70, 80, 80, 90)[number])

        self.model = RecordModel([field(number) for number in range(len(titles))])
        self.list = RecordView(self.model, "plan_columns", parent=self)
        self.list.setAccessibleName(phrase("Columns that would be made"))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.against: RecordModel[Met] = RecordModel(
            [
                Field(later("Name"), lambda met: met.name, 85),
                Field(later("As you saw it"), lambda met: met.before, 90),
                Field(later("Theirs"), lambda met: met.theirs, 90),
                Field(later("Yours"), lambda met: met.mine, 90),
                Field(later("Who, when"), lambda met: met.who, 130),
            ]
        )
        self.met = RecordView(self.against, "plan_met", parent=self)
        self.met.setAccessibleName(phrase("Their plan against yours"))
        self.met.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.complaint = Complaint(self)
        self.complaint.setObjectName("plan_complaint")
        self.button = push_button(self, "plan_make", self._make, phrase("Make these columns (Ctrl+Enter)"))
        self.elsewhere = push_button(self, "plan_repeat", self.repeat.emit)
        self.mine = push_button(
            self, "plan_mine", lambda: self._decide(mine=True), phrase("Write mine over it (M)")
        )
        self.theirs = push_button(
            self, "plan_theirs", lambda: self._decide(mine=False), phrase("Take theirs (T)")
        )
        choice = QHBoxLayout()
        choice.addWidget(self.mine)
        choice.addWidget(self.theirs)
        self.go_on = push_button(self, "plan_go_on", self._stop_asking, phrase("Go on typing (Esc)"))
        choice.addWidget(self.go_on)
        parts: tuple[QWidget, ...] = (self.line, self.sentence, self.list, self.met, self.complaint)
        for part in parts:
            self.body.addWidget(part)
        self.body.addLayout(choice)
        self.body.addWidget(self.button)
        self.body.addWidget(self.elsewhere)
        self.elsewhere.hide()
        self._asked: tuple[QWidget, ...] = (self.met, self.mine, self.theirs, self.go_on)
        self._unasked: tuple[QWidget, ...] = (self.list, self.button)
        self.is_deciding = False
        for part in self._asked:
            part.hide()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(self.line)
        self.line.textEdited.connect(self._edited)
        self.read(page.around.remembered.text(_draft(page.section_id)))

    def read(self, text: str) -> None:
        if text != self.line.text():
            self.line.setText(text)
        self.plan.read(text)
        self.sentence.setText(self.plan.sentence)
        self.model.set_records(list(self.plan.parts or self.plan.standing))
        self.button.setEnabled(self.plan.may_make)
        changes = any(part.changes for part in self.plan.parts)
        self.button.setText(
            phrase("Write this plan (Ctrl+Enter)") if changes else phrase("Make these columns (Ctrl+Enter)")
        )

    def _edited(self, text: str) -> None:
        self.read(text)
        self.typed.emit(text)

    def key_of(self, wish: Mapping[str, Any]) -> str:
        """The same wish asked again, after an answer that was lost, is the same request."""
        return self._keys.setdefault(msgspec.json.encode(wish), uuid.uuid4().hex)

    def _make(self) -> None:
        if self.is_busy or self.made or not self.plan.may_make:
            return
        if self.moves and not self.is_deciding:
            self._ask()
            return
        self.is_busy = True
        self.button.setEnabled(False)
        self.line.setReadOnly(True)  # what is typed meanwhile would belong to no column
        self.sentence.setText(phrase("Making the columns …"))
        self.complaint.say("")
        self.make.emit()

    def finished(
        self, made: list[Written], sentence: str, others: Sequence[tuple[int, str]], why: str
    ) -> None:
        self.is_busy = False
        self.made, self.others, self.moves = made, others, []
        self._show_choice(False)
        self.complaint.say(why)
        self.sentence.setText(sentence)
        self.line.setEnabled(False)
        self.button.setVisible(False)
        self.elsewhere.setVisible(bool(others) and not why)
        names = listed([name for _, name in others])
        self.elsewhere.setText(phrase("The same in {names} (Y)", names=names))
        self.setFocusProxy(None)  # type: ignore[arg-type]
        self.setFocus()

    def failed(self, why: str) -> None:
        self.is_busy = False
        self.complaint.say(why)
        if not self.made:
            self.line.setReadOnly(self.is_deciding)
            self.sentence.setText(self.plan.sentence)
            self.button.setEnabled(self.plan.may_make)

    # A colleague's plan against mine

    def hear(self, fresh: Sequence[Column]) -> None:
        """A sync brought columns. Nobody's cursor is taken; Ctrl+Enter shows both before it writes."""
        if self.is_busy or self.made:
            return
        moves = moved_between(self.plan.there, fresh)
        if not moves:
            self.plan.there = fresh
            return
        self._meet(moves, fresh)
        told = phrase("Changed meanwhile: {moves}.", moves=moved_words(moves, self._now()))
        if not self.plan.parts:
            self.moves = []
        else:
            told += " " + phrase("Your line is kept; Ctrl+Enter shows yours against it.")
        self.complaint.say(told)
        if self.is_deciding:
            self._ask()

    def refused(self, moves: list[ColumnMoved]) -> None:
        """The server wrote nothing, because the plan is another by now."""
        self.failed("")
        self._meet(moves, columns_after(self.plan.there, moves))
        told = phrase("Changed meanwhile: {moves}.", moves=moved_words(moves, self._now()))
        self.complaint.say(" ".join((phrase("Nothing of yours was written."), told)))
        self._ask()

    def _meet(self, moves: list[ColumnMoved], fresh: Sequence[Column]) -> None:
        known = {one.id: move for move in self.moves if (one := move.now or move.was) is not None}
        known.update({one.id: move for move in moves if (one := move.now or move.was) is not None})
        self.moves = list(known.values())
        self.read(self.plan.meet(fresh, self.line.text()))

    def _ask(self) -> None:
        """Both plans side by side. The keys are the panel's: a letter typed now decides."""
        self.against.set_records(three_ways(self.moves, self.plan.there, self.plan.parts, self._now()))
        self.sentence.setText(self.plan.mistake or sums(self.plan.there, self.plan.total))
        self.line.setReadOnly(True)
        self._show_choice(True)
        self.setFocusProxy(None)  # type: ignore[arg-type]
        self.setFocus()

    def _show_choice(self, shown: bool) -> None:
        self.is_deciding = shown
        for part in self._asked:
            part.setVisible(shown)
        for part in self._unasked:
            part.setVisible(not shown)
        self.mine.setEnabled(self.plan.may_make)

    def _decide(self, *, mine: bool) -> None:
        if mine and not self.plan.may_make:
            return
        if mine:
            self._make()  # what it is written over was seen: as long as it stands so
            return
        self._go_on()
        self.moves = []
        self.line.selectAll()
        self.line.del_()  # and not setText: Ctrl+Z in the line brings it back
        self._edited("")
        self.complaint.say(phrase("Theirs stands. Ctrl+Z brings back what you had typed."))

    def _stop_asking(self) -> None:
        self.moves = []  # seen; what is typed from here on is typed over it
        self._go_on()

    def _go_on(self) -> None:
        """Back to the line, over the plan that stands now."""
        self._show_choice(False)
        self.line.setReadOnly(False)
        self.setFocusProxy(self.line)
        self.line.setFocus()
        self.read(self.line.text())

    def undo(self) -> bool:
        """With the focus in the grid Ctrl+Z takes back the last mark, also beside a plan that was written."""
        if not self.has_focus_inside:
            return False
        if self.made and not self.is_busy:
            self.is_busy = True
            self.take_back.emit()
        return True

    def confirm(self) -> bool:
        if not self.is_deciding:
            self._make()
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.is_deciding and not self.is_busy:
            if event.key() == Qt.Key.Key_Escape:
                self._stop_asking()
                return
            if (mine := DECIDES.get(Qt.Key(event.key()))) is not None:
                self._decide(mine=mine)
                return
        if event.key() in ENTER and self.line.isEnabled() and not self.line.isReadOnly():
            # The line in full, to go on with: names and maxima that were meant.
            if not self.plan.mistake:
                self.read(self.plan.line)
                self.typed.emit(self.plan.line)
            return
        if event.matches(QKeySequence.StandardKey.Undo):
            self.undo()
            return
        if event.key() == Qt.Key.Key_Y and self.elsewhere.isVisible():
            self.repeat.emit()
            return
        super().keyPressEvent(event)


def _draft(section_id: int) -> str:
    return f"plan/{section_id}"


class PlanDesk:
    """The key Ctrl+T."""

    def __init__(self, page: GridPage) -> None:
        self._page = page
        page.refreshed.connect(self._heard)

    def open(self) -> None:
        page = self._page
        if isinstance(page.panel, PlanPanel):
            page.close_panel()
            return
        if page.grid.sheet.state != OPEN:
            page.note.say(f"{page.grid.closed_words}.")
            return
        panel = PlanPanel(PlanPresenter(page.grid.columns), page)
        panel.make.connect(lambda: self._make(panel))
        panel.repeat.connect(lambda: self._repeat(panel))
        panel.take_back.connect(lambda: self._take_back(panel))
        panel.typed.connect(self._keep)
        page.open_panel(panel)
        panel.line.setFocus()

    def _heard(self) -> None:
        if isinstance(panel := self._page.panel, PlanPanel):
            panel.hear(self._page.grid.columns)

    def _keep(self, line: str) -> None:
        """A line that was not written is there again when the panel, or the program, is opened again."""
        page = self._page
        page.around.remembered.put_now(_draft(page.section_id), line.replace("\t", " "))

    def _write(self, section_id: int, wish: Mapping[str, Any], key: str) -> Answer:
        """Off the window's thread."""
        try:
            return self._page.office.write_plan(section_id, wish, key)
        except ProblemAnswer as error:
            return error if error.code == PlanChanged.code else str(error)
        except TryLater as error:
            return phrase("{error}. What you typed stays here; Ctrl+Enter asks again.", error=error)
        except ClientError as error:
            return str(error)
        finally:
            self._page.office.catch_up()

    def _make(self, panel: PlanPanel) -> None:
        page, plan, before = self._page, panel.plan, panel.plan.there
        wish, parts = plan.wish, plan.acts
        key = panel.key_of(wish)
        is_whole = not wish["change"]  # then it may be repeated elsewhere

        def work(progress: Progress) -> tuple[Answer, list[tuple[int, str]]]:
            answer = self._write(page.section_id, wish, key)
            return answer, page.office.sheets_without_columns(page.section_id) if is_whole else []

        def done(told: tuple[Answer, list[tuple[int, str]]]) -> None:
            answer, others = told
            if isinstance(answer, PlanView):
                self._keep("")
                said = (
                    phrase("Made {columns}. Ctrl+Z takes them away.", columns=plural(len(parts), "column"))
                    if is_whole
                    else phrase("The plan stands as you wrote it. Ctrl+Z takes it back.")
                )
                page.note.say(said)
                if page.panel is panel:
                    back = undoing(before, answer)
                    made = [Written(page.section_id, page.title, len(answer.made), back)]
                    panel.finished(made, said, others, "")
            elif page.panel is not panel:
                page.note.say(str(answer))
            elif isinstance(answer, ProblemAnswer):
                panel.refused(moved_in(answer.facts))
            else:
                panel.failed(answer)
            page.refresh()

        page.around.tasks.run(work, done, title="Making the columns", owner=page)

    def _repeat(self, panel: PlanPanel) -> None:
        page, others = self._page, list(panel.others)
        make = [part.as_made() for part in panel.plan.parts]
        wish = {"based_on": [], "make": make}
        key = panel.key_of(wish)
        panel.is_busy = True
        panel.elsewhere.hide()
        panel.sentence.setText(phrase("Making the columns …"))

        def work(progress: Progress) -> tuple[list[Written], list[tuple[int, str]], list[str]]:
            made: list[Written] = []
            left: list[tuple[int, str]] = []
            whys: list[str] = []
            for done, (section_id, name) in enumerate(others):
                progress.report(done, len(others))
                answer = self._write(section_id, wish, f"{key}-{section_id}")
                if isinstance(answer, PlanView):
                    made.append(Written(section_id, name, len(answer.made), undoing((), answer)))
                else:
                    left.append((section_id, name))
                    whys.append(f"{name}: {answer}")
            return made, left, whys

        def done(told: tuple[list[Written], list[tuple[int, str]], list[str]]) -> None:
            made, left, whys = told
            said = phrase("Made the same columns in {sheets}.", sheets=plural(len(made), "other sheet"))
            why = ""
            if left:
                why = phrase("Not made in {sheets}:", sheets=plural(len(left), "sheet"))
                why = " ".join((why, "; ".join(whys)))
            if page.panel is panel:
                back = phrase("Ctrl+Z takes them away.")
                panel.finished(panel.made + made, f"{said} {back}", left, why)
                panel.elsewhere.setVisible(bool(left))
            page.note.say(" ".join(filter(None, (said, why))))

        page.around.tasks.run(work, done, title="Making the columns", owner=page)

    def _take_back(self, panel: PlanPanel) -> None:
        page, made = self._page, list(panel.made)

        def work(progress: Progress) -> tuple[list[Written], list[str]]:
            left: list[Written] = []
            whys: list[str] = []
            for one in reversed(made):
                answer = self._write(one.section_id, one.back, panel.key_of(one.back))
                if isinstance(answer, PlanView):
                    continue
                left.insert(0, one)
                why = str(answer)
                if isinstance(answer, ProblemAnswer):
                    moves = moved_words(moved_in(answer.facts), page.around.now())
                    why = phrase("changed meanwhile: {moves}", moves=moves)
                whys.append(f"{one.name}: {why}" if len(made) > 1 else why)
            return left, whys

        def done(told: tuple[list[Written], list[str]]) -> None:
            left, whys = told
            taken = [one for one in made if one not in left]
            said = (
                phrase("Took away {columns}.", columns=plural(sum(one.made for one in taken), "column"))
                if all(not one.back["change"] for one in taken)
                else phrase("The plan is as it was.")
            )
            why = phrase("Not taken back: {why}.", why="; ".join(whys)) if left else ""
            if page.panel is panel:
                panel.is_busy = False
                panel.made = left
                if left:
                    panel.complaint.say(why)
                    panel.sentence.setText(said if taken else "")
                else:
                    page.close_panel()
            page.refresh()
            page.note.say(" ".join(filter(None, (said if taken else "", why))))

        page.around.tasks.run(work, done, title="Taking the columns away", owner=page)
