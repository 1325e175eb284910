"""A client process: somebody who types all day, whatever happens. `python -m tests.support.storm.typist`.

It signs in through the program's own door, types into the real store beside the real sync thread, settles a
conflict now and then, and writes down each mark that was shown as saved. With `--window` the marks go
through the keyboard of a real grade grid. It does what the file `phase` says: type, settle, report, and
tells how it stands in a file of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sims_desktop.client.errors import ClientError, Offline, ServerBusy, SignedOut
from sims_desktop.offline.store import SheetStore
from sims_desktop.offline.sync import Link
from sims_desktop.shell.workplace import ProfileDoor, Workplace
from sims_shared.merge import Key
from sims_shared.sheet_copy import ConflictMoved
from tests.support.storm.journal import Journal
from tests.support.university import PASSWORD

EDITS_A_SECOND = 10.0
TRIES_AGAIN_AFTER = 0.5
TELLS_EVERY = 0.3
ROUND_WITHIN = 40.0


class Errand:
    """What this client was sent to do, and where it writes."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.folder: Path = given.folder
        self.server: str = given.server
        self.username: str = given.username
        self.number: int = given.number
        self.random = random.Random(f"{given.seed}-{given.number}-{os.getpid()}")
        self.journal = Journal(self.folder / f"journal-{self.number}", self.number)
        self._told_at = 0.0

    @property
    def profile(self) -> Path:
        return self.folder / f"profile-{self.number}"

    def phase(self) -> str:
        return (self.folder / "phase").read_text()

    def tell(self, workplace: Workplace, *, done: bool = False) -> None:
        now = time.monotonic()
        if now - self._told_at < TELLS_EVERY and not done:
            return
        self._told_at = now
        waiting, status = workplace.store.waiting_count(), workplace.sync.status
        told = {
            "unsent": waiting.unsent,
            "conflicts": waiting.conflicts,
            "refused": waiting.refused,
            "link": status.link.value,
            "trouble": status.trouble,
            "phase": self.phase(),
            "at": time.time(),
            "done": done,
        }
        partial = self.folder / f"standing-{self.number}.partial"
        partial.write_text(json.dumps(told))
        partial.replace(self.folder / f"standing-{self.number}")

    def settle_a_conflict(self, store: SheetStore, section_id: int) -> None:
        """Mine, theirs, or not today."""
        choice = self.random.random()
        conflicts = store.conflicts(section_id)
        if not conflicts or choice < 0.3:
            return
        one = self.random.choice(conflicts)
        with contextlib.suppress(ConflictMoved, KeyError):
            (store.keep_mine if choice < 0.65 else store.keep_theirs)(section_id, [(one.key, one.seen_ver)])

    def sign_in_again(self, workplace: Workplace) -> None:
        """As a person does who is told that the session has ended."""
        if workplace.sync.status.link is Link.SIGNED_OUT:
            with contextlib.suppress(ClientError):
                workplace.client.sign_in(self.username, PASSWORD, device=f"typist {self.number}")


def enter(errand: Errand) -> Workplace:
    """At this computer's desk, on line or off line, as soon as either can be had."""
    door = ProfileDoor(errand.profile)
    known = errand.username in door.known_users(errand.server)
    while door.opened is None:
        try:
            if known:
                door.enter_offline(errand.server, errand.username, PASSWORD)
            else:
                door.enter(errand.server, errand.username, PASSWORD, "")
        except (Offline, ServerBusy, SignedOut):
            time.sleep(TRIES_AGAIN_AFTER)
    return door.opened


def type_all_day(errand: Errand) -> None:
    workplace = enter(errand)
    store = workplace.store
    workplace.start(lambda status: None)
    due = time.monotonic()
    turn = 0
    while (phase := errand.phase()) != "report":
        errand.tell(workplace)
        errand.sign_in_again(workplace)
        sections = store.held_sections()
        if phase != "type" or not sections:
            time.sleep(0.05)
            due = time.monotonic()
            continue
        turn += 1
        section_id = errand.random.choice(sections)
        key = some_cell(errand, store, section_id)
        score = errand.journal.new_score()
        shown = store.edit(section_id, [(*key, "scored", score)])[key]
        assert shown.score == score, f"typed {score}, shown {shown}"
        errand.journal.shown(section_id, key, score)
        workplace.sync.wake()
        if turn % 15 == 0:
            errand.settle_a_conflict(store, section_id)
        due = max(due + 1 / EDITS_A_SECOND, time.monotonic() - 1.0)
        time.sleep(max(due - time.monotonic(), 0))
    finish(errand, workplace)


_cells: dict[int, tuple[list[int], list[int]]] = {}


def some_cell(errand: Errand, store: SheetStore, section_id: int) -> Key:
    """Mostly in rows of one's own, sometimes in anybody's."""
    if section_id not in _cells:
        sheet = store.open_sheet(section_id)
        assert sheet is not None
        _cells[section_id] = [row.enrollment_id for row in sheet.rows], [c.id for c in sheet.columns]
    rows, columns = _cells[section_id]
    if errand.random.random() < 0.75:
        rows = [row for row in rows if row % 10 == errand.number % 10] or rows
    return errand.random.choice(rows), errand.random.choice(columns)


def finish(errand: Errand, workplace: Workplace) -> None:
    """The storm is over and every queue is empty: learn what the others wrote, and go."""
    until = time.monotonic() + ROUND_WITHIN
    while time.monotonic() < until:
        errand.sign_in_again(workplace)
        if workplace.sync.sync_now(ROUND_WITHIN) and workplace.sync.status.link is Link.CONNECTED:
            break
    errand.tell(workplace, done=True)
    workplace.close()


def type_into_a_window(errand: Errand) -> None:
    """The same through the keyboard: a mark counts as shown when its cell shows it with a badge."""
    from PySide6.QtCore import Qt, QTimer
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from sims_desktop.app import Desktop
    from sims_desktop.grading.page import GridPage
    from sims_desktop.grading.presenter.sheet import Badge
    from sims_desktop.shell.sign_in import SignInWindow

    app = QApplication(["sims"])
    desktop = Desktop(app, errand.profile, errand.server)
    desktop.bugs.install()
    desktop.enter(errand.username, PASSWORD)
    turn = 0
    finishing: list[threading.Thread] = []

    def look() -> None:
        nonlocal turn
        workplace = desktop.workplace
        if workplace is None:
            retry_sign_in()
            return
        phase = errand.phase()
        if phase == "report":
            if not finishing:
                thread = threading.Thread(target=close_down, args=(workplace,))
                finishing.append(thread)
                thread.start()
            elif not finishing[0].is_alive():
                app.quit()
            return
        errand.tell(workplace)
        in_background(lambda: errand.sign_in_again(workplace), workplace)
        page = sheet_page(workplace)
        if phase != "type" or page is None or not page.grid.row_count:
            return
        turn += 1
        position = (
            errand.random.randrange(page.grid.row_count),
            errand.random.randrange(len(page.grid.columns)),
        )
        page.view.setFocus()
        page.view.put_cursor(position)
        score = errand.journal.new_score()
        QTest.keyClicks(page.view, str(score)[0])
        QTest.keyClicks(QApplication.focusWidget() or page.view, str(score)[1:])
        QTest.keyClick(QApplication.focusWidget() or page.view, Qt.Key.Key_Return)
        cell = page.grid.cell(*position)
        if cell.value.score == score and cell.badge is not Badge.REFUSED and cell.typed is None:
            errand.journal.shown(page.section_id, page.grid.key(*position), score)
        if turn % 15 == 0:
            errand.settle_a_conflict(workplace.store, page.section_id)
            page.around.changes.tell("sheet", page.section_id)

    signing: list[threading.Thread] = []

    def in_background(work: Callable[[], None], workplace: Workplace) -> None:
        if workplace.sync.status.link is Link.SIGNED_OUT and not any(t.is_alive() for t in signing):
            signing[:] = [threading.Thread(target=work)]
            signing[0].start()

    tried = time.monotonic()

    def retry_sign_in() -> None:
        nonlocal tried
        window = desktop.sign_in
        waited = time.monotonic() - tried > 2
        if isinstance(window, SignInWindow) and window.enter_button.isEnabled() and waited:
            tried = time.monotonic()
            window.password.setText(PASSWORD)
            window.enter_wherever_possible()

    def sheet_page(workplace: Workplace) -> GridPage | None:
        sections = workplace.store.held_sections()
        if not sections or desktop.window is None:
            return None
        page = desktop.window.open("sheet", sections[(turn // 40) % len(sections)])
        return page if isinstance(page, GridPage) else None

    def close_down(workplace: Workplace) -> None:
        until = time.monotonic() + ROUND_WITHIN
        while time.monotonic() < until:
            errand.sign_in_again(workplace)
            if workplace.catch_up():
                break
        errand.tell(workplace, done=True)

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(int(1000 / EDITS_A_SECOND))
    app.exec()
    desktop.close()


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--username", required=True)
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--window", action="store_true")
    given = parser.parse_args(argv)
    (type_into_a_window if given.window else type_all_day)(Errand(given))


if __name__ == "__main__":
    main(sys.argv[1:])
