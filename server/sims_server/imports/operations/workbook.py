"""A workbook as a stranger made it, measured and packed anew before the library that lays it out sees it.

The rule a newcomer would get wrong: that library finds its sheets by what the workbook's own parts say,
under any name and in any spelling, and two cells at opposite corners are a table of 17 thousand million:
the whole server ends with it. So what it gets is not the parcel that came, but one that holds only parts
which were read here first, byte for byte, whatever they are called.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from typing import Protocol
from xml.parsers import expat

from sims_shared.imports import FileUnreadable

NO_TABLE = "The file is neither CSV nor a workbook (XLSX or ODS) that can be opened."
UNPACKED_MAX = 512 * 1024 * 1024
CELLS_MAX = 5_000_000
TEXT_MAX = 512 * 1024 * 1024  # characters, each text as often as it is repeated
_PARTS_MAX = 5_000
_PIECE = 1024 * 1024
_ODS = ("content.xml", "META-INF/manifest.xml")
_MIMETYPE_MAX = 200

Attributes = Mapping[str, str]


class _Extent(Protocol):
    """What is counted of one part, told to the parser that reads it."""

    def listen(self, parser: expat.XMLParserType) -> None: ...


def measured(content: bytes) -> tuple[str, bytes]:
    """`xlsx` or `ods`, and the workbook packed anew. Raises FileUnreadable where it is neither, or of a size
    that cannot be laid out."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parcel:
            entries = parcel.infolist()
            _check_names(entries)
            names = {entry.filename for entry in entries}
            made = io.BytesIO()
            with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as clean:
                if "content.xml" in names:
                    _take_ods(parcel, clean, entries)
                    return "ods", _packed(clean, made)
                if "xl/workbook.xml" not in names:
                    raise FileUnreadable(NO_TABLE)
                _take_xlsx(parcel, clean, entries)
                return "xlsx", _packed(clean, made)
    # What a damaged or hostile zip makes the library raise has no common base.
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise FileUnreadable(NO_TABLE) from error
    except (expat.ExpatError, OSError, ValueError) as error:
        raise FileUnreadable(NO_TABLE) from error


def _packed(clean: zipfile.ZipFile, made: io.BytesIO) -> bytes:
    clean.close()
    return made.getvalue()


def _check_names(entries: list[zipfile.ZipInfo]) -> None:
    if sum(entry.file_size for entry in entries) > UNPACKED_MAX:
        raise FileUnreadable(_TOO_MUCH.format(UNPACKED_MAX // 2**20))
    # Two parts of one name: which of them is meant, two readers would answer differently.
    folded = {entry.filename.replace("\\", "/").lower() for entry in entries}
    if len(folded) < len(entries) or len(entries) > _PARTS_MAX:
        raise FileUnreadable(NO_TABLE)


_TOO_MUCH = "The workbook unpacks to more than {} MB."


def _take_ods(parcel: zipfile.ZipFile, clean: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    for entry in entries:
        if entry.filename == "mimetype":
            with parcel.open(entry) as part:
                clean.writestr("mimetype", part.read(_MIMETYPE_MAX))
        elif entry.filename in _ODS:
            _take(parcel, clean, entry, _OdsExtent())


def _take_xlsx(parcel: zipfile.ZipFile, clean: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    cells = longest = 0
    for entry in entries:
        folded = entry.filename.replace("\\", "/").lower()
        # Pictures, printers' settings and macros are no tables, and are left behind.
        if not folded.startswith(("xl/", "_rels/", "[content_types]")) or not folded.endswith(
            (".xml", ".rels")
        ):
            continue
        extent = _XlsxExtent()
        _take(parcel, clean, entry, extent)
        cells, longest = max(cells, extent.cells), max(longest, extent.longest_shared)
    # A cell may name a text that stands elsewhere once; it is copied for each.
    if cells * longest > TEXT_MAX:
        raise FileUnreadable(
            f"A text of {longest:,} characters in a workbook of {cells:,} cells: more than can be laid out."
        )


def _take(parcel: zipfile.ZipFile, clean: zipfile.ZipFile, entry: zipfile.ZipInfo, extent: _Extent) -> None:
    """Unpack a part piece by piece, look at its elements as they go by, and pack it again."""
    # The encoding is said here: one that the part names itself could make other elements of its bytes.
    parser = expat.ParserCreate(encoding="utf-8")
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.buffer_text = True
    extent.listen(parser)
    unpacked = 0
    with parcel.open(entry) as part, clean.open(entry.filename, "w") as copy:
        while piece := part.read(_PIECE):
            unpacked += len(piece)
            if unpacked > UNPACKED_MAX:
                raise FileUnreadable(_TOO_MUCH.format(UNPACKED_MAX // 2**20))
            parser.Parse(piece)
            copy.write(piece)
    parser.Parse(b"", True)


def _local(name: str) -> str:
    """The name behind its prefix: whichever namespace that stands for, the library does not ask."""
    return name.rpartition(":")[2]


def _refuse_doctype(*declared: object) -> None:
    # Entities that stand for entities that stand for entities: no program writes them into a workbook.
    raise FileUnreadable("The workbook declares a document type; no spreadsheet program does that.")


def _check_extent(rows: int, columns: int) -> None:
    if rows * columns > CELLS_MAX:
        raise FileUnreadable(
            f"The sheet reaches over {rows:,} rows and {columns:,} columns; at most {CELLS_MAX:,} cells fit."
        )


class _OdsExtent:
    """Counts the cells of an OpenDocument file as they repeat, all sheets together, because all are laid
    out at once. Repeated blanks at the end of a row, and blank rows at the end of a sheet, are how programs
    fill it up, and cost nothing."""

    def __init__(self) -> None:
        self._cells = self._blank_cells = self._row_times = self._blank_rows = 0
        self._widest = self._rows = self._before = 0
        self._times = self._cell_text = self._row_text = self._all_text = 0
        self._inside = False

    def listen(self, parser: expat.XMLParserType) -> None:
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def _start(self, qualified: str, attributes: Attributes) -> None:
        name = _local(qualified)
        if name == "table":
            self._before += self._rows * self._widest
            self._widest = self._rows = self._blank_rows = 0
        elif name == "table-row":
            self._row_times = _repeated(attributes, "number-rows-repeated")
            self._cells = self._blank_cells = self._row_text = 0
        elif name in ("table-cell", "covered-table-cell"):
            self._times = _repeated(attributes, "number-columns-repeated")
            self._cell_text = sum(len(attributes[key]) for key in attributes if _local(key) == "string-value")
            self._inside = True
            if any(_local(key) in ("value-type", "formula") for key in attributes):
                self._cells += self._blank_cells + self._times
                self._blank_cells = 0
            else:
                self._blank_cells += self._times
        elif name == "p" and self._blank_cells:
            # A paragraph makes a cell of text of it, whatever its attributes say.
            self._cells += self._blank_cells
            self._blank_cells = 0
        elif name == "s":  # so many blanks
            self._cell_text += _repeated(attributes, "c")

    def _text(self, characters: str) -> None:
        if self._inside:
            self._cell_text += len(characters)

    def _end(self, qualified: str) -> None:
        name = _local(qualified)
        if name in ("table-cell", "covered-table-cell"):
            self._row_text += self._times * self._cell_text
            self._inside = False
        elif name == "table-row":
            if self._cells:
                self._rows += self._blank_rows + self._row_times
                self._blank_rows = 0
                self._widest = max(self._widest, self._cells)
                _check_extent(self._rows + self._before // self._widest, self._widest)
            else:
                self._blank_rows += self._row_times
            self._all_text += self._row_text * self._row_times
            if self._all_text > TEXT_MAX:
                raise FileUnreadable(f"The texts of the sheet have more than {TEXT_MAX:,} characters.")


# As the library reads it: a plus sign and zeros before it are a number like any other.
_NUMBER = re.compile(r"\+?[0-9]+", re.ASCII)


def _repeated(attributes: Attributes, what: str) -> int:
    """How often, whatever namespace the file says the word is of."""
    times = 1
    for key, given in attributes.items():
        if _local(key) == what and _NUMBER.fullmatch(given):
            times = max(times, int(given[-40:]))
    return times


_LETTERS = re.compile(r"[A-Za-z]{1,9}", re.ASCII)


class _XlsxExtent:
    """How far the filled cells of a worksheet reach: each stands where it says, or beside the last. Asked
    of a million elements in a large file, so it hears of nothing that it need not hear of."""

    def __init__(self) -> None:
        self.cells = self.longest_shared = 0
        self._rows = self._columns = self._row = self._column = 0
        self._known: dict[str, int] = {}
        self._shared = 0

    def listen(self, parser: expat.XMLParserType) -> None:
        self._parser = parser
        parser.StartElementHandler = self._start

    def _start(self, name: str, attributes: Attributes) -> None:
        local = name.rpartition(":")[2] if ":" in name else name
        if local == "c":
            self.cells += 1
            self._place(attributes.get("r"))
        elif local == "row":
            given = attributes.get("r")
            if given is None:
                self._row += 1
            elif _NUMBER.fullmatch(given):
                self._row = int(given[-40:])
            else:
                raise FileUnreadable(NO_TABLE)
            self._column = 0
        elif local == "si":
            self._shared = 0
            self._parser.CharacterDataHandler = self._text
            self._parser.EndElementHandler = self._end

    def _place(self, reference: str | None) -> None:
        row = self._row
        if reference is None:
            self._column += 1
        else:
            letters = reference.rstrip("0123456789")
            column = self._known.get(letters)
            if column is None:
                if not _LETTERS.fullmatch(letters):
                    raise FileUnreadable(NO_TABLE)
                column = self._known[letters] = _column_number(letters)
            self._column, row = column, int(reference[len(letters) :][:40] or 0)
        if row > self._rows or self._column > self._columns:
            self._rows, self._columns = max(self._rows, row), max(self._columns, self._column)
            _check_extent(self._rows, self._columns)

    def _text(self, characters: str) -> None:
        self._shared += len(characters)

    def _end(self, name: str) -> None:
        if _local(name) == "si":
            self.longest_shared = max(self.longest_shared, self._shared)
            self._parser.CharacterDataHandler = self._parser.EndElementHandler = None


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number
