"""The system's clipboard as rows of cells. What its forms mean is decided in `presenter/clipboard.py`.

The rule a newcomer would get wrong: asking for a form makes the other program write it, now, while the window
waits. So only those are asked for that are read.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication

from sims_desktop.grading.presenter.blocks import write_block
from sims_desktop.grading.presenter.clipboard import (
    OF_LIBREOFFICE,
    PLAIN,
    TABLE,
    Block,
    read_clipboard,
    with_numbers,
    write_table,
)
from sims_desktop.grading.presenter.opendocument import DESCRIPTION, DOCUMENT, spreadsheet_of


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


def put_on_clipboard(rows: Sequence[Sequence[str]], texts: int = 0) -> None:
    """As text for everybody, as a table for Excel and Google Sheets, and as the spreadsheet that LibreOffice
    takes without a question. The first `texts` columns are no numbers."""
    forms = QMimeData()
    forms.setText(write_block(rows))
    forms.setHtml(write_table(rows, texts))
    cells = [
        [text if number is None else number for text, number in row] for row in with_numbers(rows, texts)
    ]
    forms.setData(DOCUMENT, spreadsheet_of(cells))
    forms.setData(DESCRIPTION, DESCRIPTION.encode())
    QGuiApplication.clipboard().setMimeData(forms)
