"""Reading a file into rows: CSV as offices save it, XLSX and ODS as they keep it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from python_calamine import CalamineError, load_workbook

from sims_server.imports.rules import Cell
from sims_shared.imports import FileUnreadable

_ZIP = b"PK\x03\x04"


def read_table(content: bytes) -> tuple[Sequence[Cell], Iterator[Sequence[Cell]]]:
    """The header and the rows after it, read as they are asked for. What the file is, its first bytes
    say; its name does not. Raises FileUnreadable."""
    rows = _spreadsheet(content) if content.startswith(_ZIP) else _comma_separated(content)
    header = next(rows, None)
    if header is None or not any(cell not in (None, "") for cell in header):
        raise FileUnreadable("The file is empty; its first row names the columns.")
    return header, rows


def _spreadsheet(content: bytes) -> Iterator[Sequence[Cell]]:
    try:
        workbook = load_workbook(io.BytesIO(content))
        sheet = workbook.get_sheet_by_index(0)
        # Rows above the first filled one count: people look for the number their program shows.
        yield from sheet.to_python(skip_empty_area=False)
    except (CalamineError, IndexError, ValueError, OSError) as error:
        raise FileUnreadable(
            "The file is neither CSV nor a workbook (XLSX or ODS) that can be opened."
        ) from error


def _comma_separated(content: bytes) -> Iterator[Sequence[Cell]]:
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileUnreadable(
            f"The file is not UTF-8 (byte {error.start}); save it as “CSV UTF-8”."
        ) from error
    if b"\x00" in content:
        raise FileUnreadable("The file is neither CSV nor a workbook (XLSX or ODS) that can be opened.")
    stream = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")
    first = content.split(b"\n", 1)[0]
    delimiter = max(",;\t", key=lambda mark: first.count(mark.encode()))
    try:
        yield from csv.reader(stream, delimiter=delimiter, strict=True)
    except csv.Error as error:
        raise FileUnreadable(f"The file is no well-formed CSV: {error}.") from error
