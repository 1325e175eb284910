"""Reading a file into rows: CSV as offices save it, XLSX and ODS as they keep it.

The rule a newcomer would get wrong: rows are read while they are copied into the database, so what is
wrong with a late one is said late, by whoever asks for it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from python_calamine import CalamineError, load_workbook

from sims_server.imports.operations.workbook import NO_TABLE, measured
from sims_server.imports.rules.cells import Cell
from sims_shared.imports import FileReading, FileUnreadable

_ZIP = b"PK\x03\x04"
# Offices have a few dozen columns and a row for each of their people.
COLUMNS_MAX = 500
ROWS_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Table:
    """A file as it was read: what it is, its first row, and the rows after it as they are asked for."""

    reading: FileReading
    header: Sequence[Cell]
    rows: Iterator[Sequence[Cell]]


def read_table(content: bytes) -> Table:
    """What the file is, its first bytes say; its name does not. Raises FileUnreadable."""
    if content.startswith(_ZIP):
        kind, workbook = measured(content)
        reading = FileReading(format=kind)
        rows = _spreadsheet(workbook)
    else:
        text, encoding = _decoded(content)
        delimiter = _delimiter(text)
        reading = FileReading(format="csv", encoding=encoding, delimiter=delimiter)
        rows = _separated(text, delimiter)
    header = next(rows, None)
    if header is None or not any(cell not in (None, "") for cell in header):
        raise FileUnreadable("The file is empty; its first row names the columns.")
    if len(header) > COLUMNS_MAX:
        raise FileUnreadable(f"The first row names {len(header):,} columns; at most {COLUMNS_MAX} fit.")
    return Table(reading, header, _counted(rows))


def _counted(rows: Iterator[Sequence[Cell]]) -> Iterator[Sequence[Cell]]:
    for number, row in enumerate(rows, start=2):
        if number > ROWS_MAX:
            raise FileUnreadable(f"The file has more than {ROWS_MAX:,} rows; bring it in several parts.")
        yield row


# -- CSV -------------------------------------------------------------------------------------------

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def _decoded(content: bytes) -> tuple[str, str]:
    """The text and the encoding it was in: as its mark says, else UTF-8, else what Windows wrote."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            try:
                return _without_nul(content[len(mark) :].decode(encoding)), encoding
            except UnicodeDecodeError as error:
                raise FileUnreadable(f"The file says it is {encoding.upper()} and is not.") from error
    try:
        return _without_nul(content.decode("utf-8")), "utf-8"
    except UnicodeDecodeError as error:
        at = error.start
    try:
        return _without_nul(content.decode("cp1252")), "windows-1252"
    except UnicodeDecodeError as error:
        raise FileUnreadable(
            f"The file is neither UTF-8 (byte {at}) nor Windows-1252; save it as “CSV UTF-8”."
        ) from error


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise FileUnreadable(NO_TABLE)
    return text


def _delimiter(text: str) -> str:
    first = text.split("\n", 1)[0]
    return max(",;\t", key=first.count)


def _separated(text: str, delimiter: str) -> Iterator[Sequence[Cell]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except csv.Error as error:
        raise FileUnreadable(f"The file is no well-formed CSV: {error}.") from error


# -- Workbooks -------------------------------------------------------------------------------------


def _spreadsheet(content: bytes) -> Iterator[Sequence[Cell]]:
    try:
        workbook = load_workbook(io.BytesIO(content))
        sheet = workbook.get_sheet_by_index(0)
        # Rows above the first filled one count: people look for the number their program shows.
        yield from sheet.to_python(skip_empty_area=False)
    except (CalamineError, IndexError, ValueError, OSError) as error:
        raise FileUnreadable(NO_TABLE) from error
    except BaseException as error:
        # What the library gives up on in its own language is no Exception here, and has no other name.
        if type(error).__name__ == "PanicException":
            raise FileUnreadable(NO_TABLE) from error
        raise
