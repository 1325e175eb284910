"""The main window: navigation, one page in front, palette, keys, guide, status in words.

Knows desks by name and asks the application for their pages, so that a page's code loads when the page is
opened first. The rule a newcomer would get wrong: leaving asks only when something typed would be lost;
marks that wait to be sent are safe on this computer and no reason to ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QActionGroup, QCloseEvent, QPalette
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QListWidget,
    QListWidgetItem,
    QMainWindow,
    QMessageBox,
    QSplitter,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from sims_desktop.kit.actions import EVERYWHERE
from sims_desktop.kit.language import NAMES, later, phrase
from sims_desktop.kit.page import Page, Surroundings
from sims_desktop.kit.palette import Palette
from sims_desktop.kit.search import Entry
from sims_desktop.kit.tables import Index, RecordView
from sims_desktop.shell.lock import MINUTES
from sims_desktop.shell.presenter import Desk, Identity, Standing
from sims_desktop.shell.status import StatusLine

LOOKS = ("light", "dark", "contrast", "system")
PARTS = ("next_page", "previous_page", "next_part", "previous_part")
NAME_ROLE = int(Qt.ItemDataRole.UserRole)
# What lies inside of these is theirs; a panel that takes the focus leads on to its own parts.
OF_ONE_PIECE = (QAbstractScrollArea, QAbstractSpinBox, QComboBox)
EDGE = "\u2002"
# As many desks are taken in at once; more get headings.
AT_A_GLANCE = 9
OpenPage = Callable[[str, int], Page]


class NavigationLine(QStyledItemDelegate):
    """Air around a line of the navigation, at every zoom, and its words off the window's edge."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        option.text = EDGE + option.text
        if index.data(NAME_ROLE) is None:
            # Quiet, and yet a colour that is read: what is switched off by the palette is too pale.
            option.state |= QStyle.StateFlag.State_Enabled
            quiet = option.palette.color(QPalette.ColorGroup.Active, QPalette.ColorRole.PlaceholderText)
            option.palette.setColor(QPalette.ColorRole.Text, quiet)
            option.displayAlignment = Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignBottom

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        hint = super().sizeHint(option, index)
        return QSize(hint.width(), hint.height() + option.fontMetrics.height() // 3)


class MainWindow(QMainWindow):
    """`open_page(kind, id)` makes the page of a desk (`sheets`, 0) or of one thing (`sheet`, 17).
    `signed_out` when the person leaves for another, `locking` when for a moment, `lock_after` with minutes
    until it locks by itself, `language_chosen` with the language they want, `closed` when the window went
    away."""

    signed_out = Signal()
    locking = Signal()
    lock_after = Signal(int)
    closed = Signal()
    language_chosen = Signal(str)

    def __init__(
        self, identity: Identity, desks: Sequence[Desk], around: Surroundings, open_page: OpenPage
    ) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self._identity = identity
        self._around = around
        self._open_page = open_page
        self._desks = {desk.id for desk in desks}
        self._show_one = {desk.id for desk in desks if desk.shows_one}
        self._pages: dict[tuple[str, int], Page] = {}
        self.ask_before_leaving = True
        demo = phrase(" · DEMO") if identity.is_demo else ""
        self.setWindowTitle(phrase("SIMS · {name}{demo}", name=identity.name, demo=demo))
        self.navigation = QListWidget(self)
        self.navigation.setObjectName("navigation")
        self.navigation.setAccessibleName(phrase("Desks and open pages"))
        self.navigation.setMaximumWidth(self.fontMetrics().averageCharWidth() * 44)
        self.navigation.setItemDelegate(NavigationLine(self.navigation))
        self.navigation.setTextElideMode(Qt.TextElideMode.ElideRight)  # a number comes first
        self.navigation.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.stack = QStackedWidget(self)
        self.split = QSplitter(Qt.Orientation.Horizontal, self)
        self.split.setObjectName("window_split")
        self.split.addWidget(self.navigation)
        self.split.addWidget(self.stack)
        self.split.setStretchFactor(1, 1)
        self.split.setSizes([self.fontMetrics().averageCharWidth() * 30, 2000])
        self.setCentralWidget(self.split)
        self.status = StatusLine(identity, around.tasks, around.now, self)
        self.setStatusBar(self.status)
        self.palette_box = Palette(self)
        self.palette_box.add_source(self._action_entries)
        self.palette_box.add_source(self._page_entries)
        self._also_called = {desk.id: desk.also for desk in desks}
        self._list_desks(desks)
        self.navigation.currentItemChanged.connect(lambda item, _: self._chosen(item))
        self._add_actions()
        self._add_menu()
        if not around.remembered.restore_place("window", self):
            metrics = self.fontMetrics()
            self.resize(QSize(metrics.averageCharWidth() * 170, metrics.height() * 48))
        around.remembered.restore_place("window_split", self.split)
        around.theme.changed.connect(self.status.recolour)
        self.navigation.setCurrentRow(0)

    def _add_actions(self) -> None:
        add = self._around.actions.add
        theme = self._around.theme
        add("window.palette", "Palette", "Ctrl+K", self.palette_box.open, self)
        add("window.keys", "Keys of this page", ("?", "Ctrl+/"), self.show_keys, self)
        add("window.guide", "Guide", "F1", self.show_guide, self)
        add("window.zoom_in", "Larger", ("Ctrl++", "Ctrl+="), theme.zoom_in, self)
        add("window.zoom_out", "Smaller", "Ctrl+-", theme.zoom_out, self)
        add("window.zoom_reset", "Normal size", "Ctrl+0", theme.zoom_reset, self)
        add("window.light", "Look: light", (), lambda: theme.set_look("light"), self)
        add("window.dark", "Look: dark", (), lambda: theme.set_look("dark"), self)
        add("window.contrast", "Look: high contrast", (), lambda: theme.set_look("contrast"), self)
        add("window.system", "Look: as the system", (), lambda: theme.set_look("system"), self)
        for language, name in NAMES.items():
            add(f"window.{language}", name, (), partial(self.language_chosen.emit, language), self)
        add("window.next_part", "Next part of the window", "Ctrl+F6", lambda: self._go_on(1), self)
        add(
            "window.previous_part",
            "Previous part of the window",
            "Ctrl+Shift+F6",
            lambda: self._go_on(-1),
            self,
        )
        add("window.close_page", "Close this page", "Ctrl+W", self.close_page, self)
        add("window.next_page", "Next page", ("Ctrl+Tab", "Ctrl+PgDown"), lambda: self._step(1), self)
        add(
            "window.previous_page",
            "Previous page",
            ("Ctrl+Shift+Tab", "Ctrl+PgUp"),
            lambda: self._step(-1),
            self,
        )
        add("window.lock", "Lock", "F12", self.locking.emit, self)
        self.lock_choices = {}
        choices = QActionGroup(self)
        for minutes, words in MINUTES.items():
            choice = add(f"window.lock_{minutes}", words, (), partial(self.lock_after.emit, minutes), self)
            choice.setCheckable(True)
            choices.addAction(choice)
            self.lock_choices[minutes] = choice
        add("window.sign_out", "Switch user", "Ctrl+Shift+L", self.switch_user, self)
        add("window.quit", "Quit", "Ctrl+Q", self.close, self)

    def _add_menu(self) -> None:
        bound = {one.id: one.action for one in self._around.actions.of(EVERYWHERE)}
        menu = self.menuBar()
        for title, ids in (
            (
                later("&Window"),
                (
                    "palette",
                    *PARTS,
                    "close_page",
                    "lock",
                    *(f"lock_{n}" for n in MINUTES),
                    "sign_out",
                    "quit",
                ),
            ),
            (
                later("&View"),
                ("zoom_in", "zoom_out", "zoom_reset", "light", "dark", "contrast", "system", *NAMES),
            ),
            (later("&Help"), ("guide", "keys")),
        ):
            entries = menu.addMenu(phrase(title))
            for id in ids:
                entries.addAction(bound[f"window.{id}"])

    # Pages

    def open(self, kind: str, id: int = 0) -> Page:
        """Bring the page to the front, making it when it is not open yet."""
        if id and kind in self._show_one:
            desk = self.open(kind)
            desk.bring(id)
            return desk
        key = (kind, id)
        page = self._pages.get(key)
        if page is None:
            page = self._open_page(kind, id)
            self._pages[key] = page
            page.wants.connect(self.open)
            page.finished.connect(lambda words: self._finish(key, words))
            for one in page.findChildren(RecordView):
                one.remember_columns(self._around.remembered)
            page.title_changed.connect(lambda: self._retitle(kind, id, phrase(page.title)))
            self.stack.addWidget(page)
            if self._item(kind, id) is None:
                self._list(phrase(page.title), kind, id, phrase("Open pages"))
        self.stack.setCurrentWidget(page)
        item = self._item(kind, id)
        if item is not None and self.navigation.currentItem() is not item:
            self.navigation.blockSignals(True)
            self.navigation.setCurrentItem(item)
            self.navigation.blockSignals(False)
        page.shown()
        return page

    @property
    def page(self) -> Page | None:
        page = self.stack.currentWidget()
        return page if isinstance(page, Page) else None

    def close_page(self) -> None:
        """Closes a thing's page; the desks of a person stay."""
        key = next((key for key, page in self._pages.items() if page is self.page), None)
        is_desk = key is not None and key[1] == 0 and key[0] in self._desks
        if key is None or is_desk or not self._may_leave([self._pages[key]]):
            return
        self._drop(key)

    def _finish(self, key: tuple[str, int], words: str) -> None:
        self._drop(key)
        if self.page is not None:
            self.page.take_word(words)

    def _drop(self, key: tuple[str, int]) -> None:
        page = self._pages.pop(key)
        was_in_front = page is self.page
        item = self._item(*key)
        if item is not None:
            self.navigation.takeItem(self.navigation.row(item))
            self._drop_idle_heading()
        self.stack.removeWidget(page)
        page.deleteLater()
        if was_in_front:
            self._chosen(self.navigation.currentItem())

    def _list_desks(self, desks: Sequence[Desk]) -> None:
        """A short navigation goes without headings."""
        self._is_headed = len(desks) > AT_A_GLANCE
        for desk in desks:
            self._list(phrase(desk.title), desk.id, 0, phrase(desk.heading) if desk.heading else "")

    def _list(self, title: str, kind: str, id: int, heading: str = "") -> None:
        """A heading takes no key and no click; each line below it names it to a screen reader."""
        item = QListWidgetItem(self._indented(title, id))
        item.setData(NAME_ROLE, f"{kind}/{id}")
        item.setToolTip(title)
        if heading and self._is_headed:
            item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, heading)
            if not self.navigation.findItems(heading, Qt.MatchFlag.MatchExactly):
                QListWidgetItem(heading, self.navigation).setFlags(Qt.ItemFlag.NoItemFlags)
        self.navigation.addItem(item)

    def _indented(self, title: str, id: int) -> str:
        """Below a heading a thing's page needs no indent, and its title the room."""
        return "    " + title if id and not self._is_headed else title

    def _drop_idle_heading(self) -> None:
        """The last open page was closed."""
        last = self.navigation.count() - 1
        if not self.navigation.item(last).data(NAME_ROLE):
            self.navigation.takeItem(last)

    def _retitle(self, kind: str, id: int, title: str) -> None:
        """A page that learned whose it is. A desk keeps its name."""
        item = self._item(kind, id)
        if item is not None and id:
            item.setText(self._indented(title, id))
            item.setToolTip(title)

    def _item(self, kind: str, id: int) -> QListWidgetItem | None:
        items = (self.navigation.item(row) for row in range(self.navigation.count()))
        return next((item for item in items if item.data(NAME_ROLE) == f"{kind}/{id}"), None)

    def _chosen(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            kind, _, id = str(item.data(NAME_ROLE)).partition("/")
            self.open(kind, int(id))

    def _step(self, by: int) -> None:
        """To the next line that is a page, past headings, around the end."""
        items = [self.navigation.item(row) for row in range(self.navigation.count())]
        pages = [item for item in items if item.data(NAME_ROLE)]
        here = self.navigation.currentItem()
        if here in pages:
            self.navigation.setCurrentItem(pages[(pages.index(here) + by) % len(pages)])

    def _go_on(self, by: int) -> None:
        """The focus to the next part that takes it, also out of a grid, where Tab belongs to the cells."""
        here: QWidget = QApplication.focusWidget() or self.navigation
        step = QWidget.nextInFocusChain if by > 0 else QWidget.previousInFocusChain
        part = step(here)
        while part is not None and part is not here:
            takes = part.focusPolicy() & Qt.FocusPolicy.TabFocus and part.focusProxy() is None
            inside = isinstance(here, OF_ONE_PIECE) and here.isAncestorOf(part)
            if takes and part.isVisibleTo(self) and part.isEnabled() and not inside:
                part.setFocus(Qt.FocusReason.TabFocusReason)
                return
            part = step(part)

    # Palette, keys, guide

    def _action_entries(self, query: str) -> Iterable[Entry]:
        page = self.page
        names = (EVERYWHERE, (page.keys_name or page.title) if page else "")
        for bound in self._around.actions.all():
            action = bound.action
            owner = action.parent()
            here = owner is self or owner is page
            if page is not None and isinstance(owner, QWidget):
                here = here or page.isAncestorOf(owner)
            if bound.page in names and here and action.isEnabled():
                detail = "" if bound.page == EVERYWHERE else phrase(bound.page)
                yield Entry(action.text(), action.trigger, detail, bound.keys)

    def _page_entries(self, query: str) -> Iterable[Entry]:
        if self.page is not None:
            yield from self.page.entries(query)
        for row in range(self.navigation.count()):
            item = self.navigation.item(row)
            if not item.data(NAME_ROLE):
                continue
            kind, _, id = str(item.data(NAME_ROLE)).partition("/")

            def go(kind: str = kind, id: str = id) -> object:
                return self.open(kind, int(id))

            yield Entry(item.text().strip(), go, phrase("page"), also=self._also_called.get(kind, ""))

    def show_keys(self) -> None:
        from sims_desktop.kit.shortcuts import ShortcutSheet

        page = self.page
        name = (page.keys_name or page.title) if page else EVERYWHERE
        sheet = ShortcutSheet(self._around.actions, name, self, page.more_keys() if page else ())
        sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        sheet.show()

    def show_guide(self) -> None:
        from sims_desktop.kit.guide import GuideWindow

        guide = GuideWindow(self)
        guide.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        guide.open_page(self.page.guide if self.page else "faculty")

    def show_standing(self, standing: Standing) -> None:
        self.status.show_standing(standing)

    # Leaving

    def switch_user(self) -> None:
        if self.may_leave():
            self.ask_before_leaving = False
            self.signed_out.emit()
            self.close()

    def may_leave(self) -> bool:
        """Asks when something typed would be lost."""
        return self._may_leave(list(self._pages.values()))

    @property
    def place(self) -> tuple[str, int]:
        """The page in front."""
        return next((key for key, page in self._pages.items() if page is self.page), ("", 0))

    @property
    def losses(self) -> list[str]:
        """What would be lost if the window went away for good now."""
        return _losses(self._pages.values())

    def _may_leave(self, pages: Sequence[Page]) -> bool:
        losses = _losses(pages)
        if not losses or not self.ask_before_leaving:
            return True
        box = QMessageBox(self)
        box.setObjectName("leaving")
        box.setWindowTitle(phrase("Leave?"))
        box.setIcon(QMessageBox.Icon.Question)
        box.setText("\n".join(losses))
        leave = box.addButton(phrase("Leave anyway"), QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(phrase("Stay"), QMessageBox.ButtonRole.RejectRole))
        box.exec()
        return box.clickedButton() is leave

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.may_leave():
            event.ignore()
            return
        self._around.remembered.save_place("window", self)
        self._around.remembered.save_place("window_split", self.split)
        event.accept()
        self.closed.emit()


def _losses(pages: Iterable[Page]) -> list[str]:
    return [words for page in pages if (words := page.leaving())]
