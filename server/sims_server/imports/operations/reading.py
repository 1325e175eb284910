"""Reading a file into rows: CSV as offices save it, XLSX and ODS as they keep it.

The rule a newcomer would get wrong: a workbook is a zip that a stranger made. It is measured before the
library that lays it out cell by cell gets to see it: two cells at opposite corners are a table of 17
thousand million.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.parsers import expat

from python_calamine import CalamineError, load_workbook

from sims_server.imports.rules.cells import Cell
from sims_shared.imports import FileReading, FileUnreadable

_ZIP = b"PK\x03\x04"
_NO_TABLE = "The file is neither CSV nor a workbook (XLSX or ODS) that can be opened."
UNPACKED_MAX = 512 * 1024 * 1024
CELLS_MAX = 20_000_000
_PIECE = 1024 * 1024
_REPEATED = "urn:oasis:names:tc:opendocument:xmlns:table:1.0 number-{}-repeated"


@dataclass(frozen=True, slots=True)
class Table:
    """A file as it was read: what it is, its first row, and the rows after it as they are asked for."""

    reading: FileReading
    header: Sequence[Cell]
    rows: Iterator[Sequence[Cell]]


def read_table(content: bytes) -> Table:
    """What the file is, its first bytes say; its name does not. Raises FileUnreadable."""
    if content.startswith(_ZIP):
        reading = FileReading(format=_measure(content))
        rows = _spreadsheet(content)
    else:
        text, encoding = _decoded(content)
        delimiter = _delimiter(text)
        reading = FileReading(format="csv", encoding=encoding, delimiter=delimiter)
        rows = _separated(text, delimiter)
    header = next(rows, None)
    if header is None or not any(cell not in (None, "") for cell in header):
        raise FileUnreadable("The file is empty; its first row names the columns.")
    return Table(reading, header, rows)


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
        raise FileUnreadable(_NO_TABLE)
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
        raise FileUnreadable(_NO_TABLE) from error


def _measure(content: bytes) -> str:
    """`xlsx` or `ods`, once it is known to be of a size that can be laid out. Raises FileUnreadable."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parcel:
            names = parcel.namelist()
            if sum(entry.file_size for entry in parcel.infolist()) > UNPACKED_MAX:
                raise FileUnreadable(f"The workbook unpacks to more than {UNPACKED_MAX // 2**20} MB.")
            if "content.xml" in names:
                _measure_part(parcel, "content.xml", _OdsExtent())
                return "ods"
            if "xl/workbook.xml" not in names:
                raise FileUnreadable(_NO_TABLE)
            for name in names:
                if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                    _measure_part(parcel, name, _XlsxExtent())
            if "xl/sharedStrings.xml" in names:
                _measure_part(parcel, "xl/sharedStrings.xml", None)
            return "xlsx"
    # What a damaged or hostile zip makes the library raise has no common base.
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise FileUnreadable(_NO_TABLE) from error
    except (expat.ExpatError, OSError, ValueError) as error:
        raise FileUnreadable(_NO_TABLE) from error


class _OdsExtent:
    """Counts the cells of an OpenDocument sheet as they repeat. Repeated blanks at the end of a row, and
    blank rows at the end of a sheet, are how programs fill it up, and cost nothing."""

    def __init__(self) -> None:
        self._cells = self._blank_cells = self._row_times = self._blank_rows = 0
        self._widest = self._rows = 0
        self._open = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name.endswith(" table"):
            self._widest = self._rows = self._blank_rows = 0
        elif name.endswith(" table-row"):
            self._row_times = _times(attributes, "rows")
            self._cells = self._blank_cells = 0
        elif name.endswith((" table-cell", " covered-table-cell")):
            times = _times(attributes, "columns")
            if any(key.endswith((" value-type", " formula")) for key in attributes):
                self._cells += self._blank_cells + times
                self._blank_cells = 0
            else:
                self._blank_cells += times
        elif name.endswith(" p") and self._blank_cells:
            # A paragraph makes a cell of text of it, whatever its attributes say.
            self._cells += self._blank_cells
            self._blank_cells = 0

    def end(self, name: str) -> None:
        if name.endswith(" table-row"):
            if self._cells:
                self._rows += self._blank_rows + self._row_times
                self._blank_rows = 0
                self._widest = max(self._widest, self._cells)
                _check_extent(self._rows, self._widest)
            else:
                self._blank_rows += self._row_times


def _times(attributes: dict[str, str], what: str) -> int:
    given = attributes.get(_REPEATED.format(what), "1")
    return max(1, int(given)) if given.isascii() and given.isdigit() and len(given) < 10 else 1


class _XlsxExtent:
    """How far the filled cells of a worksheet reach."""

    def __init__(self) -> None:
        self._row = self._column = 0
        self._columns: dict[str, int] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name[-2:] != " c" or "r" not in attributes:
            return
        letters = attributes["r"].rstrip("0123456789")
        column = self._columns.get(letters)
        if column is None:
            column = self._columns[letters] = _column_number(letters)
        row = int(attributes["r"][len(letters) :][:12] or 0)
        if row > self._row or column > self._column:
            self._row, self._column = max(self._row, row), max(self._column, column)
            _check_extent(self._row, self._column)

    def end(self, name: str) -> None:
        """Nothing ends here that matters."""


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters[:12].upper():
        if "A" <= letter <= "Z":
            number = number * 26 + ord(letter) - 64
    return number


def _check_extent(rows: int, columns: int) -> None:
    if rows * columns > CELLS_MAX:
        raise FileUnreadable(
            f"The sheet reaches over {rows:,} rows and {columns:,} columns; at most {CELLS_MAX:,} cells fit."
        )


def _measure_part(parcel: zipfile.ZipFile, name: str, extent: _OdsExtent | _XlsxExtent | None) -> None:
    """Unpack a part piece by piece, and look at its elements as they go by."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _refuse_doctype
    if extent is not None:
        parser.StartElementHandler = extent.start
        parser.EndElementHandler = extent.end
    unpacked = 0
    with parcel.open(name) as part:
        while piece := part.read(_PIECE):
            unpacked += len(piece)
            if unpacked > UNPACKED_MAX:
                raise FileUnreadable(f"The workbook unpacks to more than {UNPACKED_MAX // 2**20} MB.")
            parser.Parse(piece)
    parser.Parse(b"", True)


def _refuse_doctype(*declared: object) -> None:
    # Entities that stand for entities that stand for entities: no program writes them into a workbook.
    raise FileUnreadable("The workbook declares a document type; no spreadsheet program does that.")
