"""F3: the hall memo of the column. Last digits and Enter for each absentee, `=11` for the count.

What was typed stays with the column; as long as the two differ the head of the page says so, and after each
act in the column how they stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QLineEdit

from sims_desktop.grading.panels import Panel, words
from sims_desktop.grading.presenter.grid import Filter
from sims_desktop.grading.presenter.memo import Difference, HallMemo
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.tables import Field, RecordModel, RecordView
from sims_desktop.kit.wording import left_to_right

if TYPE_CHECKING:
    from sims_desktop.grading.page import GridPage


class MemoPanel(Panel):
    def __init__(self, page: GridPage, memo: HallMemo, name: str) -> None:
        super().__init__("memo", phrase("The hall memo of {name}", name=name), page)
        self.memo = memo
        self.sentence = words(self, "memo_sentence")
        self.source = words(self, "memo_source")
        self.line = QLineEdit(self)
        self.line.setObjectName("memo_line")
        self.line.setAccessibleName(phrase("Who is absent by the hall memo"))
        self.line.setPlaceholderText(phrase("Last digits, Enter: absent by the memo; =11 is its count"))
        self.line.returnPressed.connect(self._take)
        self.said = words(self, "memo_said")
        self.model: RecordModel[Difference] = RecordModel(
            [
                Field(later("Number"), lambda one: left_to_right(one.row.reg_no), 140),
                Field(later("Name"), lambda one: one.row.name, 140),
                Field(later("Sheet"), lambda one: one.on_sheet, 80),
                Field(later("Memo"), lambda one: one.on_memo, 80),
            ]
        )
        self.list = RecordView(self.model, "memo_differences", parent=self)
        self.list.setAccessibleName(phrase("Where the memo and the sheet differ"))
        for part in (self.sentence, self.source, self.line, self.said):
            self.body.addWidget(part)
        self.body.addWidget(self.list, 1)
        self.body.addStretch(0)  # keeps the line at the top while nothing differs
        self.setFocusProxy(self.line)
        self.follow()

    def follow(self) -> None:
        self.sentence.setText(self.memo.sentence)
        self.source.setText(self.memo.source)
        rows = self.memo.to_look_at
        self.model.set_records(rows)
        self.list.setVisible(bool(rows))

    def _take(self) -> None:
        if self.line.text().strip():
            self.said.setText(self.memo.take(self.line.text()))
            self.line.selectAll()
            self.follow()


class MemoDesk:
    def __init__(self, page: GridPage) -> None:
        self._page = page
        self._memos: dict[int, HallMemo] = {}

    def _of(self, assessment_id: int) -> HallMemo:
        if assessment_id not in self._memos:
            self._memos[assessment_id] = HallMemo(self._page.grid, assessment_id)
        return self._memos[assessment_id]

    def toggle(self) -> None:
        page = self._page
        if isinstance(page.panel, MemoPanel):
            page.close_panel()
        elif page.grid.columns:
            page.view.finish_typing()
            head = page.grid.columns[page.view.column_here()]
            panel = MemoPanel(page, self._of(head.assessment_id), head.name)
            panel.closed.connect(page.show_standing)
            panel.list.opened.connect(lambda one: page.go_to_row(one.row))
            page.open_panel(panel)
            panel.line.setFocus()

    def notice(self) -> str:
        """How sheet and memo stand in the column of the cursor; where none was typed in, F3 after the missing
        were marked absent."""
        page = self._page
        if isinstance(page.panel, MemoPanel):
            page.panel.follow()
        if not page.grid.columns:
            return ""
        memo = self._of(page.grid.columns[page.view.column_here()].assessment_id)
        if memo.is_known:
            return memo.sentence
        if page.grid.filter is not Filter.MISSING_HERE or not memo.absent:
            return ""
        return phrase("{absent:,} marked absent; F3 types in the hall memo", absent=memo.absent)

    @property
    def standing(self) -> str:
        """Every column whose memo and marks differ, for the head of the page."""
        told = []
        for head in self._page.grid.columns:
            if differ := self._of(head.assessment_id).differing:
                told.append(
                    phrase("{name}: {differ:,} differ from the hall memo (F3)", name=head.name, differ=differ)
                )
        return " · ".join(told)
