"""What Ctrl+P of the grid puts on paper: the award list, one column in words, or what a panel shows.

The rule a newcomer would get wrong: a mark that is half typed is typed to its end first, so that paper and
screen show the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sims_desktop.grading.award_list import award_list, award_list_in_words
from sims_desktop.kit.language import phrase

if TYPE_CHECKING:
    from sims_desktop.grading.page import GridPage


class Paper:
    def __init__(self, page: GridPage) -> None:
        self._page = page

    def award_list(self) -> None:
        """Or what the panel shows in which the focus is."""
        page = self._page
        if page.panel is not None and page.panel.has_focus_inside and page.panel.print_out():
            return
        page.view.finish_typing()
        self.put(award_list(page.grid, page.around.now()), phrase("the award list"))

    def column(self) -> None:
        page = self._page
        if page.grid.columns:
            page.view.finish_typing()
            column = page.view.column_here()
            paper = award_list_in_words(page.grid, column, page.around.now())
            self.put(paper, phrase("the award list of {name}", name=page.grid.columns[column].name))

    def put(self, paper: str, what: str, *, wide: bool = False, names_revisions: bool = False) -> None:
        from sims_desktop.kit.printing import ask_printer, print_html

        page = self._page
        printer = ask_printer(page, phrase("Print {what}", what=what), wide=wide)
        if printer is not None:
            print_html(paper, printer)
            said = phrase("Printed {what}, revision {rev:,}", what=what, rev=page.grid.sheet.rev)
            page.note.say(phrase("Printed {what}", what=what) if names_revisions else said)
