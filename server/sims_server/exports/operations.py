"""Writing an export: into a file beside the request, so that memory holds a few rows and no more."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, BinaryIO

import xlsxwriter

from sims_server.audit.operations import disclose_many
from sims_server.exports import queries
from sims_server.exports.rules import WORKBOOK_ROWS, WORKBOOK_TEXT, in_csv, in_workbook
from sims_server.kernel.http import File
from sims_server.kernel.work import Work
from sims_shared.exports import ExportTooLong
from sims_shared.problems import NotPermitted

CSV = "text/csv"  # the server adds the charset
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA_TYPES = {"csv": CSV, "xlsx": XLSX}
_PIECE = 256 * 1024


def write_export(work: Work, query: Mapping[str, list[str]], *, kind: str, form: str) -> File:
    """The whole list as a file. Raises NotPermitted where the list itself is closed to the caller."""
    export = queries.EXPORTS[kind]
    if not work.caller.may(export.permission):
        raise NotPermitted(f"Your role does not include “{export.permission}”.")
    students: set[int] = set()

    def rows() -> Iterator[tuple[Any, ...]]:
        for student, *cells in queries.rows_of(work, kind, query):
            if student is not None:
                students.add(student)
            yield tuple(cells)

    kept = tempfile.TemporaryFile()  # noqa: SIM115 - the answer reads it after this function is done
    try:
        (_write_csv if form == "csv" else _write_workbook)(kept, list(export.columns), rows(), kind)
        disclose_many(work, sorted(students), f"export of {kind}", "exported")
    except BaseException:
        kept.close()
        raise
    name = f"{kind}-{work.today.isoformat()}.{form}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(kept.tell()),
    }
    return File(b"", MEDIA_TYPES[form], headers=headers, pieces=_pieces(kept))


def _write_csv(kept: BinaryIO, header: list[str], rows: Iterable[tuple[Any, ...]], kind: str) -> None:
    text = io.TextIOWrapper(kept, encoding="utf-8", newline="", write_through=False)
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([in_csv(cell) for cell in row] for row in rows)
    text.detach().seek(0, io.SEEK_END)


def _write_workbook(kept: BinaryIO, header: list[str], rows: Iterable[tuple[Any, ...]], kind: str) -> None:
    # constant_memory keeps one row; the rows before it are in a file of the library's own.
    with xlsxwriter.Workbook(kept, {"constant_memory": True}) as book:
        sheet = book.add_worksheet(kind)
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(header):
            sheet.write_string(0, column, name, bold)
        for number, row in enumerate(rows, start=1):
            if number > WORKBOOK_ROWS:
                raise ExportTooLong(f"A workbook holds {WORKBOOK_ROWS:,} rows; ask for CSV, or filter.")
            for column, value in enumerate(row):
                cell = in_workbook(value)
                if cell is None:
                    continue
                if isinstance(cell, str):
                    if len(cell) > WORKBOOK_TEXT:
                        raise ExportTooLong(
                            f"A cell of row {number + 1} is too long for a workbook; ask for CSV."
                        )
                    sheet.write_string(number, column, cell)
                elif isinstance(cell, date):
                    sheet.write_datetime(number, column, cell, day)
                else:
                    sheet.write_number(number, column, cell)
    kept.seek(0, io.SEEK_END)


def _pieces(kept: BinaryIO) -> Iterator[bytes]:
    kept.seek(0)
    with kept:
        while piece := kept.read(_PIECE):
            yield piece
