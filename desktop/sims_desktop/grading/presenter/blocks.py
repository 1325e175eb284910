"""Blocks of cells on the clipboard: tab-separated text as Excel, LibreOffice and Google Sheets write it.

A cell that holds a tab, a line break or a quotation mark stands in quotation marks, doubled inside. The
rule a newcomer would get wrong: every one of the three ends the last line with a line break, and that is
not one more empty row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

LINE_END = re.compile(r"\r\n|[\r\n]")
TO_QUOTE = re.compile(r'[\t\r\n"]')


def read_block(text: str) -> list[list[str]]:
    """Rows of cells. Rows may be of different length; an empty clipboard is no rows."""
    if '"' not in text:  # nothing is quoted: most blocks, and the large ones
        lines = LINE_END.split(text)
        if not lines[-1]:
            lines.pop()
        return [line.split("\t") for line in lines]
    rows: list[list[str]] = []
    row: list[str] = []
    at, end = 0, len(text)
    while at < end:
        if text[at] == '"':
            cell, at = _quoted(text, at)
        else:
            stop = at
            while stop < end and text[stop] not in "\t\r\n":
                stop += 1
            cell, at = text[at:stop], stop
        row.append(cell)
        if at >= end:
            break
        if text[at] == "\t":
            at += 1
            if at >= end or text[at] in "\r\n":
                row.append("")
                if at >= end:
                    break
            else:
                continue
        at += 2 if text.startswith("\r\n", at) else 1
        rows.append(row)
        row = []
    if row:
        rows.append(row)
    return rows


def _quoted(text: str, at: int) -> tuple[str, int]:
    """The cell that opens with the quotation mark at `at`, and where it ends. A mark that is never closed
    or is followed by more text was typed by a person and is kept as it stands."""
    parts: list[str] = []
    scan = at + 1
    while True:
        close = text.find('"', scan)
        if close < 0:
            break
        parts.append(text[scan:close])
        if text.startswith('""', close):
            parts.append('"')
            scan = close + 2
            continue
        after = close + 1
        if after >= len(text) or text[after] in "\t\r\n":
            return "".join(parts), after
        break
    stop = at
    while stop < len(text) and text[stop] not in "\t\r\n":
        stop += 1
    return text[at:stop], stop


def write_block(rows: Iterable[Sequence[str]]) -> str:
    """The text for the clipboard, lines ended with a line feed."""
    lines = []
    for row in rows:
        lines.append("\t".join(_protected(cell) for cell in row))
    return "\n".join(lines) + "\n" if lines else ""


def _protected(cell: str) -> str:
    if TO_QUOTE.search(cell):
        return '"' + cell.replace('"', '""') + '"'
    return cell
