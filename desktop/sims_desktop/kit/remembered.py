"""What a window remembers between two starts: place, columns, splitters, keys, zoom.

Kept in one INI file of the profile, never in the system's registry, so that a profile can be carried,
inspected and thrown away as a folder. Nothing about students is ever written here: it is not encrypted.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings
from PySide6.QtWidgets import QHeaderView, QSplitter, QWidget


class Remembered:
    def __init__(self, profile: Path) -> None:
        self._settings = QSettings(str(profile / "window.ini"), QSettings.Format.IniFormat)
        self._journal = profile / "window.log"
        self._take_journal()

    def _take_journal(self) -> None:
        """What a program that was killed had put down after it last wrote the whole file."""
        try:
            lines = self._journal.read_text("utf-8").split("\n")[:-1]
        except OSError:
            return
        for line in lines:
            name, found, value = line.partition("\t")
            if found:
                self._settings.setValue(name, value)
        self._settings.sync()
        self._journal.unlink(missing_ok=True)

    def text(self, name: str, default: str = "") -> str:
        return str(self._settings.value(name, default))

    def number(self, name: str, default: int) -> int:
        try:
            return int(self.text(name, str(default)))
        except ValueError:
            return default

    def put(self, name: str, value: str | int) -> None:
        self._settings.setValue(name, str(value))

    def put_now(self, name: str, value: str | int) -> None:
        """As `put`, and still there when the program is killed the next moment: a line at the end of a
        file, because writing the whole one takes longer than a key of a cursor may."""
        self.put(name, value)
        with self._journal.open("a", encoding="utf-8") as journal:
            journal.write(f"{name}\t{value}\n")

    def forget(self, name: str) -> None:
        self._settings.remove(name)

    def save_place(self, name: str, widget: QWidget | QSplitter | QHeaderView) -> None:
        """A window's geometry, a splitter's sizes, or a header's columns."""
        state = widget.saveState() if isinstance(widget, QSplitter | QHeaderView) else widget.saveGeometry()
        self._settings.setValue(f"place/{name}", state)

    def restore_place(self, name: str, widget: QWidget | QSplitter | QHeaderView) -> bool:
        state = self._settings.value(f"place/{name}")
        if not isinstance(state, QByteArray):
            return False
        if isinstance(widget, QSplitter | QHeaderView):
            return bool(widget.restoreState(state))
        return bool(widget.restoreGeometry(state))
