"""Marks out to a file and back, and in from a learning platform's export."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import python_calamine
import xlsxwriter

from sims_desktop.grading.presenter.bringing import (
    Columns,
    foreign_table,
    guess_columns,
    lines_of,
    match_columns,
    read_pages,
    text_of,
)
from sims_desktop.grading.presenter.grid import GridPresenter
from sims_desktop.grading.presenter.matching import UNKNOWN, apply_match
from sims_desktop.grading.presenter.workbook import (
    MARKS,
    NotThisSheet,
    pages_of,
    read_workbook,
    write_workbook,
)
from tests.desktop.grading.sheets import MIDTERM, SECTION, wire_sheet
from tests.desktop.grading.shelves import LocalShelf

NOW = datetime(2026, 3, 6, 9, 41, tzinfo=UTC)


@pytest.fixture
def grid(make_shelf: Callable[..., LocalShelf]) -> GridPresenter:
    return GridPresenter(make_shelf(wire_sheet({(1001, MIDTERM): "31", (1002, MIDTERM): "7.5"})), SECTION)


@pytest.fixture
def written(grid: GridPresenter) -> bytes:
    return write_workbook(grid, NOW)


def edited(written: bytes, edit: Callable[[list[list[str]]], list[list[str]]]) -> dict[str, list[list[str]]]:
    """The file as it comes back after somebody worked in its page of marks."""
    pages = pages_of(written)
    return {name: edit(page) if name == MARKS else page for name, page in pages.items()}


def row_of(page: list[list[str]], enrollment: int) -> list[str]:
    return next(line for line in page if line[0] == str(enrollment))


def test_a_file_that_nobody_changed_changes_nothing(grid: GridPresenter, written: bytes) -> None:
    match = read_workbook(grid, pages_of(written))
    assert match is not None
    assert (match.changes, match.odd, match.notes) == ([], [], [])
    assert match.same == 15


def test_marks_typed_in_the_file_come_in_as_one_step_of_undo(grid: GridPresenter, written: bytes) -> None:
    def edit(page: list[list[str]]) -> list[list[str]]:
        row_of(page, 1001)[3], row_of(page, 1002)[3], row_of(page, 1005)[4] = "32", "", "abs"
        return page

    match = read_workbook(grid, edited(written, edit))
    assert match is not None
    assert [(line.name, line.column, line.old, line.new) for line in match.changes] == [
        ("Ayesha Khan", "Midterm", "31", "32"),
        ("Bilal Ahmed", "Midterm", "7.5", ""),
        ("Esra Yılmaz", "Quiz", "", "ABS"),
    ]
    apply_match(grid, match)
    assert grid.cell_of((1002, MIDTERM)).text == ""
    assert grid.undo().sentence == "Undid bringing 3 marks in from the file."
    assert grid.cell_of((1002, MIDTERM)).text == "7.5"


def test_what_was_not_changed_in_the_file_does_not_undo_a_later_mark(
    grid: GridPresenter, written: bytes
) -> None:
    grid.put_texts({(1001, MIDTERM): "40"}, "typing")
    match = read_workbook(grid, pages_of(written))
    assert match is not None
    assert match.changes == []


def test_rows_in_another_order_are_told_and_each_keeps_its_marks(grid: GridPresenter, written: bytes) -> None:
    def edit(page: list[list[str]]) -> list[list[str]]:
        row_of(page, 1005)[3] = "12"
        return [*page[:2], *reversed(page[2:])]

    match = read_workbook(grid, edited(written, edit))
    assert match is not None
    assert [(line.name, line.new) for line in match.changes] == [("Esra Yılmaz", "12")]
    assert any("another order" in note for note in match.notes)


def test_names_sorted_without_their_marks_are_not_believed(grid: GridPresenter, written: bytes) -> None:
    def edit(page: list[list[str]]) -> list[list[str]]:
        first, second = row_of(page, 1001), row_of(page, 1002)
        first[1], second[1], first[3] = second[1], first[1], "40"
        return page

    match = read_workbook(grid, edited(written, edit))
    assert match is not None
    assert match.changes == []
    assert len([odd for odd in match.odd if "sorted without the marks" in odd.why]) == 2


def test_a_deleted_column_a_stripped_zero_and_a_missing_row_are_named(
    grid: GridPresenter, written: bytes
) -> None:
    def edit(page: list[list[str]]) -> list[list[str]]:
        row_of(page, 1002)[1] = "0" + row_of(page, 1002)[1]
        page.remove(row_of(page, 1005))
        return [[*line[:4], *line[5:]] for line in page]

    match = read_workbook(grid, edited(written, edit))
    assert match is not None
    assert match.changes == []
    assert "The file has no column “Quiz”; nothing of it changes." in match.notes
    assert any("2020-XU-BSCS-0418 has become 02020-XU-BSCS-0418" in note for note in match.notes)
    assert any(note.startswith("1 student of this section") for note in match.notes)


def test_what_is_no_mark_or_stands_twice_stays_out_with_its_reason(
    grid: GridPresenter, written: bytes
) -> None:
    def edit(page: list[list[str]]) -> list[list[str]]:
        row_of(page, 1001)[3] = "310"
        row_of(page, 1003)[3] = "5"  # withdrawn
        return [*page, list(row_of(page, 1004)), ["", "2030-NEW", "Somebody", "9", "", ""]]

    match = read_workbook(grid, edited(written, edit))
    assert match is not None
    assert match.changes == []
    reasons = " | ".join(odd.why for odd in match.odd)
    for words in ("More than the maximum of 40", "Withdrawn", "stands twice", "No student of this section"):
        assert words in reasons


def test_the_file_of_another_section_is_refused(
    make_shelf: Callable[..., LocalShelf], written: bytes
) -> None:
    def edit(page: list[list[str]]) -> list[list[str]]:
        page[1][0] = page[1][0].replace(f" {SECTION} ", " 99 ")
        return page

    grid = GridPresenter(make_shelf(wire_sheet()), SECTION)
    with pytest.raises(NotThisSheet, match="another section"):
        read_workbook(grid, edited(written, edit))
    assert read_workbook(grid, {"Sheet1": [["Name", "Mark"], ["A", "1"]]}) is None


def test_the_file_lets_only_marks_be_typed(written: bytes) -> None:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(written)) as parts:
        page = parts.read("xl/worksheets/sheet1.xml").decode()
        book = parts.read("xl/workbook.xml").decode()
    assert "<sheetProtection" in page
    assert "dataValidation" in page
    assert 'state="veryHidden"' in book
    assert "ySplit" in page


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed here")
def test_a_round_trip_through_libreoffice_changes_nothing(
    grid: GridPresenter, written: bytes, tmp_path: Path
) -> None:
    for kind in ("ods", "xlsx"):  # out as ODS and back, then once more as XLSX
        source = tmp_path / ("marks.xlsx" if kind == "ods" else "marks.ods")
        if kind == "ods":
            source.write_bytes(written)
        subprocess.run(
            ["soffice", f"-env:UserInstallation=file://{tmp_path}/office", "--headless", "--convert-to", kind,
             "--outdir", str(tmp_path), str(source)],
            check=True, capture_output=True, timeout=100,
        )  # fmt: skip
        match = read_workbook(grid, pages_of((tmp_path / f"marks.{kind}").read_bytes()))
        assert match is not None
        assert (match.changes, match.odd, match.notes, match.same) == ([], [], [], 15)


MOODLE = (
    "First name,Last name,ID number,Email address,"
    "Assignment: Quiz (Real),Midterm (Real),Course total (Real)\n"
    "Assignment: Quiz (Real),Midterm (Real),Course total (Real)\n"
    "Ayesha,Khan,2020-XU-BSCS-0417,a@x.edu,8.00,32.00,40\n"
    "Bilal,Ahmed,2020-XU-BSCS-0418,b@x.edu,-,12.50,12.5\n"
    "Nobody,Here,2019-XX,c@x.edu,5,5,10\n"
)
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Quiz (48291),Midterm (48292)\n"
    "    Points Possible,,,,,10,40\n"
    '"Khan, Ayesha",71,2020-XU-BSCS-0417,akhan,A,8,32\n'
    '"Ahmed, Bilal",72,2020-XU-BSCS-0418,bahmed,A,EX,12.5\n'
)


@pytest.mark.parametrize(
    ("name", "text", "quiz"), [("moodle.csv", MOODLE, [("Ayesha Khan", "8")]), ("canvas.csv", CANVAS, None)]
)
def test_a_learning_platforms_export_is_understood_by_its_headings(
    grid: GridPresenter, name: str, text: str, quiz: list[tuple[str, str]] | None
) -> None:
    table = foreign_table(read_pages(name, text.encode()).values())
    columns = guess_columns(grid, table)
    assert columns == Columns(
        2, {0: 5 if "Moodle" in name or name == "moodle.csv" else 6, 1: 4 if quiz else 5}
    )
    match = match_columns(grid, table, columns)
    marks = [(line.name, line.column, line.new) for line in match.changes]
    assert ("Ayesha Khan", "Midterm", "32") in marks
    assert ("Bilal Ahmed", "Midterm", "12.5") in marks
    assert ("Ayesha Khan", "Quiz", "8") in marks
    assert (("Bilal Ahmed", "Quiz", "EXC") in marks) == (quiz is None)
    assert {odd.why for odd in match.odd} <= {UNKNOWN}


def test_columns_once_chosen_are_remembered_for_the_next_file_like_it(grid: GridPresenter) -> None:
    table = foreign_table([lines_of("Roll;Erste;Zweite\n2020-XU-BSCS-0417;8;32\n")])
    guessed = guess_columns(grid, table)
    assert guessed == Columns(0, {})
    chosen = Columns(0, {1: 1, 0: 2})
    told = chosen.remembered(table.headings, [head.name for head in grid.columns])
    moved = foreign_table([lines_of("Zweite;Roll;Erste\n33;2020-XU-BSCS-0417;9\n")])
    assert guess_columns(grid, moved, told) == Columns(1, {1: 2, 0: 0})


def test_files_in_the_encodings_that_spreadsheets_write() -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        assert lines_of(text_of("Name;Märk\r\nÄ;7,5\r\n".encode(encoding))) == [
            ["Name", "Märk"],
            ["Ä", "7,5"],
        ]
    book = io.BytesIO()
    with xlsxwriter.Workbook(book) as workbook:
        workbook.add_worksheet("Empty")
        workbook.add_worksheet("List").write_row(0, 0, ["Reg", "Quiz"])
    assert "List" in python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(book.getvalue())).sheet_names
    with pytest.raises(ValueError, match="no table"):
        foreign_table(read_pages("list.xlsx", book.getvalue()).values())
    with pytest.raises(ValueError, match="cannot be read"):
        read_pages("list.xlsx", b"no workbook")
