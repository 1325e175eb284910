"""The controller's page: the sections of a term on the left, one section's students on the right.

What an act would do stands below the students, and the same key carries it out; one line takes reasons,
grades and marks. The rule a newcomer would get wrong: publish acts on the section under the cursor, its
Shift twin on everything that term and program name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from sims_desktop.client.errors import ClientError, ProblemAnswer
from sims_desktop.client.results import Wish
from sims_desktop.kit import theme
from sims_desktop.kit.asking import Asking, push_button, row_of, text_label
from sims_desktop.kit.desk import Desk
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.notes import Note
from sims_desktop.kit.page import Surroundings
from sims_desktop.kit.search import Entry
from sims_desktop.kit.tables import LETTER, Field, RecordModel, RecordView
from sims_desktop.kit.wording import left_to_right
from sims_desktop.results.classes import class_words, standing_words
from sims_desktop.results.presenter import (
    Act,
    Loaded,
    PublishPresenter,
    filled_words,
    full_title_of,
    group,
    refusal_words,
    stage_words,
    state_words,
    title_of,
)
from sims_desktop.results.reminding import (
    Reminder,
    describe_lately,
    list_on_paper,
    reminder_in_full,
    waits_words,
)
from sims_desktop.results.rows import RowLine
from sims_desktop.results.versions.card import VersionsCard
from sims_desktop.results.versions.presenter import VersionsPresenter
from sims_shared.access import OtpWanted
from sims_shared.reminders import RemindedLately
from sims_shared.result_versions import ResultVersions
from sims_shared.results import SectionProgress

WITHHOLD_HINT = later("1 fee · 2 unfair means · 3 award awaited · 4 document · 5 other, then a note; Enter")
CHANGE_HINT = later("New grade, or marks such as “Final 34, Quiz ABS”; Enter shows the effect")
ROW_COLUMNS = ("Number", "Name", "Section", "Total", "Grade", "State")
REASON_HINT = later("Reason; Enter sends it to the head, Esc leaves it")


class PublishPage(Desk[Loaded]):
    title = later("Publish results")
    guide = "controller"

    def __init__(
        self, around: Surroundings, presenter: PublishPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(around, "publish", parent)
        self.presenter = presenter
        self._section: tuple[int, SectionProgress] | None = None
        self._shows_class = False
        self._is_filling = False
        self._build()
        self._add_actions()
        presenter.on_change = self._show
        around.theme.changed.connect(self._recolour)
        self._show()

    def _build(self) -> None:
        wide, now = LETTER, self.around.now
        self.summary = text_label("publish_summary", self, larger=True)
        self.term = QComboBox(self)
        self.term.setObjectName("publish_term")
        self.term.setAccessibleName(phrase("Term"))
        self.program = QComboBox(self)
        self.program.setObjectName("publish_program")
        self.program.setAccessibleName(phrase("Program"))
        self.batch = QComboBox(self)
        self.batch.setObjectName("publish_batch")
        self.batch.setAccessibleName(phrase("Batch"))
        self.batch.activated.connect(self._narrow)
        for box in (self.term, self.program, self.batch):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.term.activated.connect(self._narrow)
        self.program.activated.connect(self._narrow)
        self.filter_button = push_button(self, "publish_filter", self.presenter.next_filter)
        top = QHBoxLayout()
        for part in (self.term, self.program, self.batch, self.filter_button):
            top.addWidget(part)
        top.addStretch(1)
        self.model: RecordModel[SectionProgress] = RecordModel(
            [
                Field("Section", self.presenter.marked_title, wide * 11, whole=full_title_of, is_kept=True),
                Field("State", stage_words, wide * 24, whole=state_words),
                Field("Marks", filled_words, wide * 12, is_number=True, is_kept=True),
                Field(
                    "Waits for",
                    lambda section: waits_words(section, now()),
                    wide * 17,
                    whole=lambda section: reminder_in_full(section, now()),
                ),
            ],
            tint=self._section_tint,
        )
        self.list = RecordView(self.model, "publish_sections", parent=self)
        self.list.setAccessibleName(phrase("Sections of the term"))
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._went())
        self.list.opened.connect(self._to_rows)
        self.heading = text_label("publish_heading", self, larger=True)
        self.nothing = text_label("publish_nothing", self)
        self.nothing.hide()
        self.row_model: RecordModel[RowLine] = RecordModel(
            [
                Field("Number", lambda row: left_to_right(row.reg_no), wide * 15, is_kept=True),
                Field("Name", lambda row: row.name, wide * 18),
                Field("Section", lambda row: row.section, wide * 11),
                Field("Total", lambda row: row.total_words, wide * 6, is_number=True),
                Field("Grade", lambda row: row.grade_words, wide * 7),
                Field("State", lambda row: row.state_words, wide * 14),
            ],
            tint=self._row_tint,
        )
        self.rows: RecordView[RowLine] = RecordView(self.row_model, "publish_rows", several=True, parent=self)
        self.rows.setAccessibleName(phrase("Students of the section"))
        self.rows.selectionModel().currentRowChanged.connect(lambda *_: self._follow_versions())
        self.versions = VersionsCard(self)
        self.versions.hide()
        self.asking = Asking("publish", self)
        self.publish_button = push_button(self, "publish_publish", self.publish_section, phrase("Publish"))
        self.all_button = push_button(self, "publish_publish_all", self.publish_all, phrase("Publish all"))
        self.freeze_button = push_button(self, "publish_freeze", self.freeze_section, phrase("Freeze"))
        self.buttons = (self.publish_button, self.all_button, self.freeze_button)
        for button, keys in zip(
            self.buttons, ("Ctrl+Enter", "Ctrl+Shift+Enter", "Ctrl+Shift+F"), strict=True
        ):
            button.setToolTip(keys)
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(8, 0, 0, 0)
        column.addWidget(self.heading)
        column.addWidget(self.nothing)
        column.addWidget(self.rows, 1)
        column.addWidget(self.versions, 1)
        column.addStretch(0)
        column.addWidget(self.asking)
        column.addLayout(row_of(self.buttons))
        self.split = self.split_of("publish_split", self.list, right, (540, 460))
        self.note = Note(self)
        layout = QVBoxLayout(self)
        layout.addWidget(self.summary)
        layout.addLayout(top)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.note)
        self.setFocusProxy(self.list)

    def _add_actions(self) -> None:
        add = self.add_action
        add("publish.section", "Publish this section", ("Ctrl+Return", "Ctrl+Enter"), self.publish_section)
        add(
            "publish.all",
            "Publish everything of this term and program",
            ("Ctrl+Shift+Return", "Ctrl+Shift+Enter"),
            self.publish_all,
        )
        add("publish.freeze", "Freeze this section", "Ctrl+Shift+F", self.freeze_section)
        add("publish.freeze_all", "Freeze everything of this term and program", (), self.freeze_all)
        add("publish.withhold", "Withhold with a reason", "W", self.ask_withhold)
        add("publish.release", "Release what is withheld", "L", self.release)
        add("publish.change", "Request a change", "Ctrl+R", self.ask_change)
        add("publish.case", later("Open a case about this result"), "C", self.open_case)
        add("publish.versions", later("Two versions of this result"), "H", self.toggle_versions)
        add("publish.remind", later("Remind the teachers of the chosen sections"), "M", self.ask_reminder)
        add("publish.choose", later("Choose this section too"), "Space", self._choose, self.list)
        add(
            "publish.choose_all",
            later("Choose every section shown"),
            "Ctrl+A",
            self.presenter.choose_shown,
            self.list,
        )
        add("publish.class", later("The whole class: who stops it"), "X", self.show_class)
        add("publish.print", later("Print this list"), "Ctrl+P", self.print_list)
        add("publish.filter", "Next filter", "F", self.presenter.next_filter)
        add("publish.next", "Next section", "J", lambda: self.step(1))
        add("publish.previous", "Previous section", "K", lambda: self.step(-1))
        add("publish.leave", "Leave it", "Esc", self.leave)
        add("publish.refresh", "Ask the server again", "F5", self.refresh)

    # Showing

    def _section_tint(self, section: SectionProgress) -> QColor | None:
        if section.conflicts and section.sheet == "open":
            return theme.tint("conflict")
        meaning = {"ready": "waiting", "published": "closed"}.get(group(section))
        return theme.tint(meaning) if meaning else None

    def _row_tint(self, row: RowLine) -> QColor | None:
        if row.withheld_for is not None:
            return theme.tint("conflict")
        return theme.tint("refused") if row.why else None

    def _recolour(self) -> None:
        self.asking.recolour()
        self.model.set_records(list(self.presenter.visible))
        self.row_model.set_records(list(self.row_model.records))

    def _show(self) -> None:
        before, place = self.list.current(), max(0, self.list.currentIndex().row())
        self.summary.setText(self.presenter.sentence)
        self.filter_button.setText(phrase("Show: {filter} (F)", filter=phrase(self.presenter.filter)))
        self._fill(self.term, [(term.name, term.id) for term in self.presenter.terms], self.presenter.term_id)
        programs = [(f"{one.code} {one.name}", one.id) for one in self.presenter.programs]
        self._fill(self.program, [(phrase("All programs"), None), *programs], self.presenter.program_id)
        classes = [(class_words(one, self.presenter.term), one.batch) for one in self.presenter.classes]
        self._fill(self.batch, [(phrase("All batches"), None), *classes], self.presenter.batch)
        self.batch.setVisible(bool(classes))
        if self.presenter.class_shown is None:
            self._shows_class = False
        visible = self.presenter.visible
        self._is_filling = True
        self.model.set_records(visible)
        if visible:
            ids = [section.section_id for section in visible]
            same = before is not None and before.section_id in ids
            wanted = ids.index(before.section_id) if same and before else min(place, len(ids) - 1)
            if self.list.currentIndex().row() != wanted:
                self.list.selectRow(wanted)
        self._is_filling = False
        if self._shows_class:
            self._read_class()
        self._moved()

    def _went(self) -> None:
        """The cursor goes to a section, and with it what stands beside the list."""
        if not self._is_filling:
            self._shows_class = False
            self._moved()

    def _fill(
        self, box: QComboBox, entries: Sequence[tuple[str, int | str | None]], chosen: int | str | None
    ) -> None:
        if [box.itemText(n) for n in range(box.count())] != [name for name, _ in entries]:
            box.clear()
            for name, id in entries:
                box.addItem(name, id)
        box.setCurrentIndex(box.findData(chosen) if chosen is not None else 0)

    def _narrow(self) -> None:
        self.note.say("")
        self.presenter.narrow(self.term.currentData(), self.program.currentData(), self.batch.currentData())
        self._shows_class = self.presenter.batch is not None
        self.refresh()

    def narrow_to(self, program_id: int, semester: int | None) -> None:
        """From the palette: `notify bscs 3`."""
        self.asking.leave()
        self.note.say("")
        self.presenter.narrow_to(program_id, semester)
        self._shows_class = semester is not None
        self.refresh()

    def show_class(self) -> None:
        """Everybody of the batch who stops the publish or stays behind it, whatever the section."""
        if self.presenter.class_shown is None:
            self.asking.refuse(phrase("Choose a program and a batch above first."))
        else:
            self.asking.leave()
            self._shows_class = True
            self._show()
            self.rows.setFocus()

    def _read_class(self) -> None:
        one = self.presenter.class_shown
        assert one is not None
        self._section = None
        self.heading.setText(f"{self.presenter.scope_words}: {standing_words(one)}")

        def done(rows: list[RowLine]) -> None:
            if self._shows_class:
                nothing = phrase(
                    "Nobody of an approved sheet stops it. Ctrl+P prints the draft for comparing."
                )
                self._show_rows(rows, nothing)

        def failed(error: Exception) -> None:
            if not isinstance(error, ClientError):
                raise error
            if self._shows_class:
                self.asking.refuse(str(error))

        self.around.tasks.run(lambda progress: self.presenter.read_class(), done, failed, owner=self)

    def _show_rows(self, rows: list[RowLine], nothing: str) -> None:
        hidden = ("Total", "Grade") if self._shows_class else ("Section",)
        self.rows.hide_columns([ROW_COLUMNS.index(name) for name in hidden])
        self.rows.follow(rows, lambda row: (row.reg_no, row.section))
        self.rows.setVisible(bool(rows))
        self.nothing.setText(nothing)
        self.nothing.setVisible(not rows)

    def _moved(self) -> None:
        section = self.list.current()
        if self._shows_class:
            pass
        elif section is None:
            self._section = None
            self.asking.leave()
            self.heading.setText("")
            self.row_model.set_records([])
        elif self._section is None or self._section[1] != section:
            if self._section is None or self._section[0] != section.section_id:
                self.row_model.set_records([])
                self.asking.leave()
            elif not self.asking.asks_line:  # what was shown to be agreed to is no longer what it would do
                self.asking.leave()
            self._section = (section.section_id, section)
            self.heading.setText(f"{full_title_of(section)}: {state_words(section)}")
            self._read_rows(section)
        for button in self.buttons:
            button.setEnabled(section is not None and not self.is_busy)

    def _read_rows(self, section: SectionProgress) -> None:
        def is_wanted() -> bool:
            return self._section is not None and self._section[1] is section

        def done(rows: list[RowLine]) -> None:
            if is_wanted():
                nothing = phrase("No result yet: marks become results when the sheet is approved.")
                self._show_rows(rows, nothing)

        def failed(error: Exception) -> None:
            if not isinstance(error, ClientError):
                raise error
            if is_wanted():
                self.heading.setText(
                    phrase(
                        "{title_of}: {error}. The students cannot be shown now.",
                        title_of=title_of(section),
                        error=error,
                    )
                )

        self.around.tasks.run(
            lambda progress: self.presenter.read_rows(section.section_id), done, failed, owner=self
        )

    def _to_rows(self) -> None:
        self.rows.setFocus()

    # Acts

    def publish_section(self) -> None:
        """Also answers yes to whatever was asked last."""
        if self.asking.is_asking and (not self.asking.asks_line or self.asking.about == OtpWanted.code):
            self.asking.answer()
            return
        section = self.list.current()
        if self._shows_class:
            self._propose(self.presenter.publish(None, list(self.row_model.records)))
        elif section is not None:
            self._propose(self.presenter.publish(section, list(self.row_model.records)))

    def publish_all(self) -> None:
        self._propose(self.presenter.publish(None))

    def freeze_section(self) -> None:
        section = self.list.current()
        if section is not None:
            self._propose(self.presenter.freeze(section, list(self.row_model.records)))

    def freeze_all(self) -> None:
        self._propose(self.presenter.freeze(None))

    def release(self) -> None:
        self._propose(self.presenter.release(self.rows.chosen()))

    def ask_withhold(self) -> None:
        rows = self.rows.chosen()

        def entered(typed: str) -> None:
            self._propose(self.presenter.withhold(rows, typed))

        if rows:
            self.asking.ask_line(phrase(WITHHOLD_HINT), phrase("Reason for withholding"), entered)
        else:
            self.asking.refuse(phrase("Choose students first; Tab goes to them."))

    def ask_change(self) -> None:
        row = self.rows.current()
        if row is None or row.result is None or row.result.state == "draft":
            self.asking.refuse(
                phrase("A change is asked for a published result; a draft is corrected on its sheet.")
            )
            return

        def entered(typed: str) -> None:
            assert row is not None
            self.asking.refuse("")

            def done(found: tuple[Wish, str] | str) -> None:
                if isinstance(found, str):
                    self.asking.refuse(found)
                else:
                    self._ask_reason(row, *found)

            self.around.tasks.run(
                lambda progress: self.presenter.preview_change(row, typed), done, self._refused, owner=self
            )

        name = f"{left_to_right(row.reg_no)}, {row.total_words} {row.grade_words}"
        self.asking.ask_line(f"{name}: {phrase(CHANGE_HINT)}", phrase("New grade or marks"), entered)

    def _choose(self) -> None:
        section = self.list.current()
        if section is not None:
            self.presenter.toggle(section.section_id)
            self.step(1)

    def ask_reminder(self) -> None:
        """Of the sections chosen; the note and Enter send it."""
        current = self.list.current()
        chosen = self.presenter.chosen_sections or ([] if current is None else [current])
        reminder = Reminder(self.presenter.tower, chosen, self.around.now())

        def entered(note: str) -> None:
            self._propose(reminder.act(note))

        if reminder.asked:
            self.asking.ask_line(reminder.question, phrase("Note to the teachers"), entered)
        else:
            self.asking.refuse(reminder.question or phrase("Choose sections first."))

    def print_list(self) -> None:
        """What the filter shows, for whoever has to be told; a class as its broadsheet, for comparing."""
        from sims_desktop.kit.printing import ask_printer, print_html

        if self._shows_class:
            self._print_class()
            return
        printer = ask_printer(self, phrase("Print this list"))
        if printer is not None:
            print_html(self.paper(), printer)
            self.note.say(phrase("Printed: {sentence}", sentence=self.presenter.standing))

    def _print_class(self) -> None:
        from sims_desktop.kit.printing import ask_printer, print_html

        def done(paper: str) -> None:
            printer = ask_printer(self, phrase("Print the draft"), wide=True)
            if printer is not None:
                print_html(paper, printer)
                self.note.say(phrase("Printed: {sentence}", sentence=self.heading.text()))

        self.around.tasks.run(lambda progress: self.presenter.class_paper(), done, self._refused, owner=self)

    def paper(self) -> str:
        return list_on_paper(self.presenter, self.around.now())

    def open_case(self) -> None:
        """About the result under the cursor: a recheck, unfair means, grace, an incomplete."""
        row = self.rows.current()
        if row is None or row.result_id is None:
            self.asking.refuse(phrase("Choose a student who has a result; Tab goes to them."))
        else:
            self.wants.emit("new_case", row.result_id)

    def _ask_reason(self, row: RowLine, wish: Wish, effect: str) -> None:
        def entered(reason: str) -> None:
            self._propose(self.presenter.request_change(row, wish, reason))

        self.asking.ask_line(f"{effect}\n{phrase(REASON_HINT)}", phrase("Reason for the change"), entered)

    def _propose(self, act: Act | str) -> None:
        """Shows what it would do, or why not; what needs no question is done."""
        if isinstance(act, str):
            self.asking.refuse(act)
        elif act.question:
            self.asking.ask(act.question, partial(self._carry_out, act))
        else:
            self._carry_out(act)

    def _carry_out(self, act: Act) -> None:
        if self.is_busy:
            self.asking.refuse(phrase("One moment: the last act is still on its way."))
            return

        def done(sentence: str) -> None:
            self.asking.leave()
            self.note.say(sentence)
            self.around.changes.tell("results", 0)
            self.rows.setFocus() if self.rows.hasFocus() else self.list.setFocus()
            self.refresh()

        def failed(error: Exception) -> None:
            if isinstance(error, ProblemAnswer) and error.code == OtpWanted.code:
                self._ask_code(act)
                return
            self._refused(error)
            if not self.asking.asks_line:  # a wrong code is typed again where it stands
                self.refresh()

        self.asking.send()
        self.note.say(f"{act.title} …")
        self.act(act.title, lambda progress: self.presenter.carry_out(act), done, failed)
        self._moved()

    def _ask_code(self, act: Act) -> None:
        """The institution wants a code of this moment; what was asked and agreed to stays."""

        def entered(code: str) -> None:
            self.presenter.code = code.strip()
            if self.presenter.code:
                self._carry_out(act)

        self.note.say("")
        hint = phrase("{what}: your one-time code, then Enter; Esc leaves it", what=act.title)
        self.asking.ask_line(hint, phrase("One-time code"), entered, about=OtpWanted.code)

    def _refused(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.note.say("")
        if isinstance(error, ProblemAnswer) and error.code == RemindedLately.code:
            self.asking.refuse(describe_lately(error))
        else:
            self.asking.refuse(refusal_words(error))

    def toggle_versions(self) -> None:
        """Of the student under the cursor: what was declared before, and why it was changed."""
        row = self.rows.current()
        if not self.versions.isHidden():
            self.versions.hide()
        elif row is None or row.result_id is None:
            self.asking.refuse(phrase("Choose a student who has a result; Tab goes to them."))
        else:
            self._read_versions(row)

    def _follow_versions(self) -> None:
        """The card shows the student under the cursor, and nothing where there is none."""
        if not self.versions.isHidden():
            row = self.rows.current()
            if row is None or row.result_id is None:
                self.versions.hide()
            else:
                self._read_versions(row)

    def _read_versions(self, row: RowLine) -> None:
        self.versions.show()

        def done(known: ResultVersions) -> None:
            if self.rows.current() is row:
                self.versions.show_versions(VersionsPresenter(known, self.around.now()))

        def failed(error: Exception) -> None:
            if not isinstance(error, ClientError):
                raise error
            self.versions.failed(phrase("{why}. Versions are compared on line.", why=str(error).rstrip(".")))

        self.around.tasks.run(lambda progress: self.presenter.read_versions(row), done, failed, owner=self)

    def leave(self) -> None:
        """Esc: what is asked goes first, then what is chosen."""
        if not self.asking.is_asking and self.versions.isHidden():
            self.presenter.choose_none()
        self.versions.hide()
        self.asking.leave()
        self.list.setFocus()

    # The server

    def load(self) -> Loaded:
        return self.presenter.load()

    def take(self, loaded: Loaded) -> None:
        self.presenter.take(loaded)

    def not_loaded(self, error: Exception) -> None:
        self.presenter.take_trouble(error)

    def heard(self, kind: str, id: int) -> None:
        if kind == "results" and self.isVisible() and not self.is_busy:
            self.refresh()

    def shown(self) -> None:
        self.refresh()
        self.list.setFocus()

    def entries(self, query: str) -> Iterable[Entry]:
        """Sections of the tower, by any part of their name: `notify cs 101`. The tower itself is a desk."""
        for section in self.presenter.sections if query.strip() else ():

            def go(section_id: int = section.section_id) -> None:
                self._go_to(section_id)

            title = full_title_of(section)
            yield Entry(
                title,
                go,
                phrase("results · {state_words}", state_words=state_words(section)),
                also="notify publish",
            )

    def _go_to(self, section_id: int) -> None:
        self.presenter.filter = "all"
        self._show()
        ids = [section.section_id for section in self.model.records]
        if section_id in ids:
            self.list.selectRow(ids.index(section_id))
            self.list.setFocus()

    def leaving(self) -> str:
        return phrase("An act is still being sent.") if self.is_busy else ""
