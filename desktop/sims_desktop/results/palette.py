"""What the palette understands of classes: `notify bscs 3`, `eligibility bscs 3`, `enroll batch bscs-22`.

The rule a newcomer would get wrong: the palette never waits. The programs are asked for when the first such
word was typed, and the box is filled anew when they came.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial

from PySide6.QtCore import QObject

from sims_desktop.client.errors import ClientError
from sims_desktop.kit.language import phrase
from sims_desktop.kit.palette import Palette
from sims_desktop.kit.search import Entry
from sims_desktop.kit.tasks import Tasks
from sims_desktop.results.classes import ClassWish, begins_wish, wishes_of
from sims_shared.catalog import ProgramView


class PaletteClasses(QObject):
    """Opens the desk for what was wished, where the person has that desk."""

    def __init__(
        self,
        palette: Palette,
        read_programs: Callable[[], list[ProgramView]],
        tasks: Tasks,
        open: Callable[[str], object],
        desks: Collection[str],
    ) -> None:
        super().__init__(palette)
        self._palette, self._read_programs, self._tasks = palette, read_programs, tasks
        self._open, self._desks = open, desks
        self._programs: Sequence[ProgramView] | None = None
        self._asking = False
        palette.add_source(self._entries)

    def _entries(self, query: str) -> Iterable[Entry]:
        if not begins_wish(query):
            return
        if self._programs is None:
            self._ask()
        for wish in wishes_of(query, self._programs or ()):
            if wish.desk in self._desks:
                yield Entry(wish.title, partial(self._go, wish), phrase("class"), also=query)

    def _go(self, wish: ClassWish) -> None:
        """Pages are imported when they are opened first, as everywhere."""
        page = self._open(wish.desk)
        if wish.desk == "batches":
            from sims_desktop.batches.page import BatchesPage

            assert isinstance(page, BatchesPage)
            page.begin_for(wish.program.id, wish.semester, wish.year)
        elif wish.desk == "eligibility":
            from sims_desktop.eligibility.page import EligibilityPage

            assert isinstance(page, EligibilityPage)
            page.narrow_to(wish.program.id, wish.semester)
        else:
            from sims_desktop.results.page import PublishPage

            assert isinstance(page, PublishPage)
            page.narrow_to(wish.program.id, wish.semester)

    def _ask(self) -> None:
        if self._asking:
            return
        self._asking = True

        def done(programs: list[ProgramView]) -> None:
            self._asking, self._programs = False, programs
            self._palette.refill()

        def failed(error: Exception) -> None:
            self._asking = False  # asked again with the next letter
            if not isinstance(error, ClientError):
                raise error

        self._tasks.run(lambda progress: self._read_programs(), done, failed, owner=self)
