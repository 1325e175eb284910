"""The system's clipboard as rows of cells. What its forms mean is decided in `presenter/clipboard.py`.

The rule a newcomer would get wrong: asking for a form makes the other program write it, now, while the window
waits. So only those are asked for that are read.
"""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication

from sims_desktop.grading.presenter.clipboard import OF_LIBREOFFICE, PLAIN, TABLE, Block, read_clipboard


def rows_on_clipboard() -> Block:
    held = QGuiApplication.clipboard().mimeData()
    if held is None:
        return []
    forms: dict[str, str] = {}
    if held.hasFormat(OF_LIBREOFFICE):
        forms[OF_LIBREOFFICE] = bytes(held.data(OF_LIBREOFFICE).data()).decode("utf-8", "replace")
    elif held.hasText():
        forms[PLAIN] = held.text()
    if held.hasHtml() and any('"' in text for text in forms.values()):
        forms[TABLE] = held.html()
    return read_clipboard(forms)
