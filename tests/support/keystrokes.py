"""Somebody types two hundred marks, and the program is killed between two keystrokes, again and again.

Each life of the desktop is a process of its own: it opens the sheet, writes down what it shows and where the
cursor is, types on from there, and sends itself SIGKILL after so many keys. `check` compares what
the next life shows with what the last one had shown as saved.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import keyring
import msgspec
from keyring.backends import fail

from sims_desktop.offline.store import open_store
from sims_desktop.shell.presenter import Identity
from sims_desktop.shell.workplace import IDENTITY, account_folder
from sims_shared.access import Permission
from tests.desktop.offline.sheets import SECTION, a_row, a_sheet, hold
from tests.support.server import ROOT

SERVER = "http://127.0.0.1:9"  # where nobody listens: the whole entry is off line
USERNAME, PASSWORD = "amina", "a long passphrase"
ROWS = range(1001, 1101)  # a hundred rows of two assessments: two hundred cells
OPENS_WITHIN = 60.0


class Wrong(AssertionError):
    """A life of the program shows something else than the one before had shown as saved."""


def furnish(profile: Path) -> None:
    """What a first sign-in on line would have left on this computer."""
    folder = account_folder(profile, SERVER, USERNAME)
    # The desktop's process knows no keyring; this one may hold one of another test's.
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())
    try:
        store = open_store(folder, USERNAME, PASSWORD)
    finally:
        keyring.set_keyring(before)
    hold(store, a_sheet(*(a_row(enrollment) for enrollment in ROWS)))
    permissions = (Permission.READ_SHEETS, Permission.ENTER_SCORES)
    identity = Identity(
        user_id=1,
        username=USERNAME,
        name="Amina",
        roles=("faculty",),
        permissions=permissions,
        server=SERVER,
    )
    store.remember(IDENTITY, msgspec.json.encode(identity).decode())
    store.remember_passphrase(PASSWORD)
    store.close()
    (folder / "username").write_text(USERNAME, encoding="utf-8")


def mark_of(place: int, column: int) -> str:
    """What is typed into a cell."""
    return f"{(place * 37 + column * 11) % 90 + 1}.{(place + column) % 9 + 1}"


class Stroke(NamedTuple):
    """What was on the screen after a key: the cursor, and the cell that is newly shown as saved."""

    cursor: list[int]
    saved: list[Any] | None  # [enrollment, assessment, score]


def strokes_of(folder: Path) -> list[Stroke]:
    path = folder / "strokes"
    return [Stroke(*json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


# -- One life --------------------------------------------------------------------------------------


def live(folder: Path, strokes: int) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from sims_desktop.app import Desktop
    from sims_desktop.grading.page import GridPage

    app = QApplication(["sims"])
    desktop = Desktop(app, folder / "profile", SERVER)
    desktop.enter(USERNAME, PASSWORD)
    until = time.monotonic() + OPENS_WITHIN
    while desktop.window is None:
        app.processEvents()
        time.sleep(0.005)
        assert time.monotonic() < until, f"the desktop did not open: {_said_by(desktop.sign_in)}"
    page = desktop.window.open("sheet", SECTION)
    assert isinstance(page, GridPage)
    desktop.window.activateWindow()
    app.processEvents()
    grid, view = page.grid, page.view

    def cursor() -> list[int]:
        at = view.here()
        assert at is not None
        return list(grid.key(*at))

    seen = {
        "cursor": cursor(),
        "cells": [
            [*grid.key(place, column), str(grid.cell(place, column).value.score)]
            for column in range(len(grid.columns))
            for place in range(grid.row_count)
            if grid.cell(place, column).value.score is not None
        ],
    }
    (folder / "seen").write_text(json.dumps(seen))
    done = 0
    with (folder / "strokes").open("a") as journal:
        for key in _keys(page):
            place = view.here()
            assert place is not None
            target = QApplication.focusWidget() or view
            if key:
                QTest.keyClicks(target, key)
            else:
                QTest.keyClick(target, Qt.Key.Key_Return)
            app.processEvents()
            saved = None
            value = grid.cell(*place).value.score
            if not key and value == Decimal(mark_of(*place)):
                saved = [*grid.key(*place), str(value)]
            journal.write(json.dumps(Stroke(cursor(), saved)) + "\n")
            journal.flush()
            done += 1
            if done == strokes:
                os.kill(os.getpid(), signal.SIGKILL)
    (folder / "finished").touch()
    desktop.close()


def _said_by(sign_in: Any) -> list[str]:
    """Every sentence on the sign-in window."""
    from PySide6.QtWidgets import QLabel

    return [] if sign_in is None else [label.text() for label in sign_in.findChildren(QLabel) if label.text()]


def _keys(page: Any) -> Iterator[str]:
    """Down the first column, then down the second, from wherever the cursor is. "" is Enter."""
    grid, view = page.grid, page.view
    while True:
        place, column = view.here()
        yield from mark_of(place, column)
        yield ""
        if place == grid.row_count - 1:
            if column == len(grid.columns) - 1:
                return
            view.put_cursor((0, column + 1))


# -- Many lives ------------------------------------------------------------------------------------


def die_and_come_back(folder: Path, lives: int, luck: random.Random, most_strokes: int) -> int:
    """Kills the program `lives` times and looks after each; answers how many cells had been shown as saved.
    Raises Wrong."""
    profile = folder / "profile"
    if not profile.exists():
        furnish(profile)
    for life in range(1, lives + 1):
        _run(folder, luck.randrange(1, most_strokes + 1))
        check(folder, life)
    _run(folder, 1)  # once more, only to be looked at
    check(folder, lives + 1)
    return len({tuple(stroke.saved[:2]) for stroke in strokes_of(folder) if stroke.saved})


_lengths: dict[Path, int] = {}


def _run(folder: Path, strokes: int) -> None:
    _lengths[folder] = len(strokes_of(folder))
    (folder / "seen").unlink(missing_ok=True)
    command = [sys.executable, "-m", "tests.support.keystrokes", str(folder), str(strokes)]
    surroundings = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }
    ended = subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, timeout=180, check=False)
    if ended.returncode != -signal.SIGKILL and not (folder / "finished").exists():
        raise RuntimeError(f"the desktop ended with {ended.returncode}: {ended.stderr.decode()[-2000:]}")


def check(folder: Path, life: int) -> None:
    """What this life showed at first, against what the lives before had shown as saved."""
    before = strokes_of(folder)[: _lengths[folder]]
    seen = json.loads((folder / "seen").read_text())
    expected = {(s.saved[0], s.saved[1]): s.saved[2] for s in before if s.saved is not None}
    shown = {(enrollment, assessment): score for enrollment, assessment, score in seen["cells"]}
    if not expected.items() <= shown.items():
        lost = sorted(expected.items() - shown.items())
        raise Wrong(f"life {life}: shown as saved and gone: {lost[:5]} of {len(lost)}")
    if not shown.keys() <= expected.keys():
        raise Wrong(f"life {life}: shows what nobody typed: {sorted(shown.keys() - expected.keys())[:5]}")
    if before and seen["cursor"] != before[-1].cursor:
        raise Wrong(f"life {life}: the cursor was at {before[-1].cursor} and is at {seen['cursor']}")


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("strokes", type=int)
    given = parser.parse_args(argv)
    live(given.folder, given.strokes)


if __name__ == "__main__":
    main(sys.argv[1:])
