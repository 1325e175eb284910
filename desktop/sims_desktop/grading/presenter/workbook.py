"""The sheet as an Excel file that comes back: written with locked identities, read with suspicion.

Every row carries its enrollment and every column its assessment, hidden and locked, and a hidden page
keeps the marks as they were written out. So rows may be sorted and columns moved; what was not changed in
the file changes nothing here, even where a colleague has entered a mark meanwhile. The rule a newcomer
would get wrong: where the hidden identity and the visible registration number name two different
students, neither is believed – somebody sorted the names without the marks.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sims_desktop.grading.presenter.entry import CODES, Mistake, number_text, read_entry, shown
from sims_desktop.grading.presenter.grid import GridPresenter
from sims_desktop.grading.presenter.matching import Line, Match, Odd, folded
from sims_desktop.grading.presenter.sheet import Key, Row
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import local, plural

MARKS, BASE = "Marks", "Written out"
SIGN = "sims-sheet"
HEADING, IDENTITIES, FIRST = 0, 1, 2  # rows of the page
ENROLLMENT, NUMBER, NAME, FIRST_MARK = 0, 1, 2, 3  # columns

Table = Sequence[Sequence[str]]


class NotThisSheet(Exception):
    """The file is a sheet, but of another section. The text says so."""


def write_workbook(grid: GridPresenter, now: datetime) -> bytes:
    """The whole sheet, whatever filter is on. Cells that take marks are open and checked as one types."""
    import xlsxwriter

    sheet = grid.sheet
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False})
    page, base = book.add_worksheet(MARKS), book.add_worksheet(BASE)
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    text, gray = book.add_format({"num_format": "@"}), book.add_format({"bg_color": "#ECECEC"})
    free = book.add_format({"locked": False, "num_format": "0.##;-0.##;0", "align": "right"})

    page.write_row(
        HEADING, ENROLLMENT, [phrase("Enrollment"), phrase("Registration no."), phrase("Name")], bold
    )
    identity = f"{SIGN} 1 {sheet.section_id} {sheet.rev}"
    for target_page in (page, base):
        target_page.write_string(IDENTITIES, ENROLLMENT, identity)
    for column, head in enumerate(grid.columns, FIRST_MARK):
        title = phrase("{name}\nof {max_score}", name=head.name, max_score=number_text(head.max_score))
        page.write_string(HEADING, column, title, bold)
        for target_page in (page, base):
            target_page.write_string(IDENTITIES, column, str(head.assessment_id))
    last = FIRST + max(len(sheet.rows), 1) - 1
    for number, row in enumerate(sheet.rows, FIRST):
        for target_page in (page, base):
            target_page.write_string(number, ENROLLMENT, str(row.enrollment_id), text)
            target_page.write_string(number, NUMBER, row.reg_no, text)
        page.write_string(number, NAME, row.name)
        for column, head in enumerate(grid.columns, FIRST_MARK):
            key = (row.enrollment_id, head.assessment_id)
            cell = grid.cell_of(key)
            written = shown(cell.value)
            form = gray if grid.closed_key(key) else free
            base.write_string(number, column, written, text)
            if cell.value.score is not None:
                page.write_number(number, column, float(cell.value.score), form)
            else:
                page.write(number, column, written, form)  # a blank one where nothing is written
    for column, head in enumerate(grid.columns, FIRST_MARK):
        cell_name = xlsxwriter.utility.xl_rowcol_to_cell(FIRST, column)
        codes = ",".join(f'UPPER({cell_name})="{code}"' for code in CODES.values())
        maximum = number_text(head.max_score)
        page.data_validation(
            FIRST,
            column,
            last,
            column,
            {
                "validate": "custom",
                "value": f"=OR(AND(ISNUMBER({cell_name}),{cell_name}>=0,{cell_name}<={maximum}),{codes})",
                "error_title": phrase("Not a mark"),
                "error_message": phrase(
                    "A number from 0 to {maximum}, or {list}.",
                    maximum=maximum,
                    list=", ".join(CODES.values()),
                ),
            },
        )
    page.set_column(ENROLLMENT, ENROLLMENT, None, None, {"hidden": True})
    page.set_row(IDENTITIES, None, None, {"hidden": True})
    page.set_column(NUMBER, NUMBER, 20, text)
    page.set_column(NAME, NAME, 32)
    page.set_column(FIRST_MARK, FIRST_MARK + max(len(grid.columns), 1) - 1, 14)
    page.freeze_panes(FIRST, FIRST_MARK)
    page.protect("", {"format_columns": True, "format_rows": True, "select_locked_cells": True})
    page.set_footer(f"&LRevision {sheet.rev}&R{local(now):%d %B %Y %H:%M}")
    base.very_hidden()
    base.protect()
    book.close()
    return target.getvalue()


def cell_text(value: Any) -> str:
    """A cell as a person reads it: 72.0 is 72, and nothing turns into a date."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime | date | time | timedelta):
        return str(value)
    return str(value).strip()


def pages_of(content: bytes) -> dict[str, list[list[str]]]:
    """The pages of a workbook (XLSX, ODS, XLS) as texts, by name. Raises ValueError when it is none."""
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        return {
            name: [
                [cell_text(value) for value in line]
                for line in book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            ]
            for name in book.sheet_names
        }
    except (python_calamine.CalamineError, OSError) as error:
        raise ValueError(phrase("This file cannot be read as a table.")) from error


def _identities(table: Table) -> int | None:
    """The row that names the assessments, wherever sorting has put it."""
    return next((at for at, line in enumerate(table) if line and line[0].startswith(f"{SIGN} ")), None)


def _texts(table: Table) -> dict[tuple[str, str], str]:
    """Texts by (enrollment, assessment) as the page names them."""
    at = _identities(table)
    if at is None:
        return {}
    heads = table[at]
    return {
        (line[0], heads[column]): line[column]
        for line in table
        if line and line[0].isdecimal()
        for column in range(FIRST_MARK, min(len(line), len(heads)))
        if heads[column].isdecimal()
    }


def read_workbook(grid: GridPresenter, pages: Mapping[str, Table]) -> Match | None:
    """What a file that was written here would change. None when it is not one of ours; raises NotThisSheet
    when it is another section's."""
    table = next(
        (page for name, page in pages.items() if name != BASE and _identities(page) is not None), None
    )
    if table is None:
        return None
    at = _identities(table)
    assert at is not None
    sign = table[at][0].split()
    if sign[2:3] != [str(grid.sheet.section_id)]:
        raise NotThisSheet(phrase("This file is the sheet of another section; nothing of it was brought in."))
    heads = {
        int(name): column
        for column, name in enumerate(table[at])
        if column >= FIRST_MARK and name.isdecimal()
    }
    match = Match(told=later("bringing {} in from the file"))
    known = {head.assessment_id: head for head in grid.columns}
    for head in grid.columns:
        if head.assessment_id not in heads:
            match.notes.append(
                phrase("The file has no column “{name}”; nothing of it changes.", name=head.name)
            )
    gone = sum(assessment not in known for assessment in heads)
    if gone:
        match.notes.append(
            phrase(
                "{columns} of the file belong to no assessment of this sheet.", columns=plural(gone, "column")
            )
        )
    before = _texts(pages.get(BASE, ()))
    rows = {str(row.enrollment_id): row for row in grid.sheet.rows}
    order = [line[ENROLLMENT] for line in table if line and line[ENROLLMENT] in rows]
    written = [line[ENROLLMENT] for line in pages.get(BASE, ()) if line and line[ENROLLMENT] in rows]
    if written and [name for name in written if name in set(order)] != order:
        match.notes.append(
            phrase("The rows stand in another order than they were written in; each was told by itself.")
        )
    seen: set[str] = set()
    for line in (*table[:at], *table[at + 1 :]):
        row = _row_of(line, rows, seen, match)
        if row is None:
            continue
        for assessment, column in heads.items():
            if assessment not in known:
                continue
            typed = line[column] if column < len(line) else ""
            base = before.get((str(row.enrollment_id), str(assessment)))
            _judge(grid, match, row, (row.enrollment_id, assessment), typed, base)
    missing = len(rows) - len(seen)
    if missing:
        match.notes.append(
            phrase(
                "{students} of this section are not in the file and stay as they are.",
                students=plural(missing, "student"),
            )
        )
    return match


def _row_of(line: Sequence[str], rows: Mapping[str, Row], seen: set[str], match: Match) -> Row | None:
    """Whose row this is; what speaks against believing it goes to the odd ones."""
    cells = [*line, "", "", ""]
    name, number = cells[ENROLLMENT], cells[NUMBER].removeprefix("'")
    row = rows.get(name)
    if row is None:
        if name.isdecimal() or (not name and number and any(cells[FIRST_MARK:])):
            match.odd.append(
                Odd(number, "", phrase("No student of this section: the row was added, or left it"))
            )
        return None
    if folded(number) != folded(row.reg_no):
        if folded(number).lstrip("0") != folded(row.reg_no).lstrip("0"):
            says = number or phrase("no number")
            why = phrase(
                "The row belongs to {reg_no}, but says {says}: sorted without the marks?",
                reg_no=row.reg_no,
                says=says,
            )
            match.odd.append(Odd(number, "", why))
            seen.add(name)
            return None
        match.notes.append(
            phrase(
                "{reg_no} has become {number} in the file; its row was told by itself.",
                reg_no=row.reg_no,
                number=number,
            )
        )
    if name in seen:
        match.odd.append(
            Odd(number, "", phrase("This student stands twice in the file; the first row was taken"))
        )
        return None
    seen.add(name)
    return row


def _judge(grid: GridPresenter, match: Match, row: Row, key: Key, typed: str, base: str | None) -> None:
    """One cell of the file against the mark that stands here and the one that was written out."""
    head = next(column for column in grid.columns if column.assessment_id == key[1])
    meant = read_entry(typed, head.max_score, grid.aliases)
    cell = grid.cell_of(key)
    if isinstance(meant, Mistake):
        match.odd.append(Odd(row.reg_no, typed, f"{head.name}: {meant.reason}"))
        return
    unchanged = base is not None and shown(meant) == base
    if unchanged or (meant == cell.value and cell.typed is None) or (base is None and not typed):
        match.same += 1
    elif closed := grid.closed_key(key):
        match.odd.append(Odd(row.reg_no, typed, f"{head.name}: {closed}"))
    else:
        match.changes.append(Line(key, row.reg_no, row.name, head.name, cell.text, shown(meant)))
