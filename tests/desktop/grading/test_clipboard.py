"""Blocks from other programs, in the forms they put on the clipboard.

`clipboards/` holds what LibreOffice 7.4 wrote, byte by byte, when `tests/support/libreoffice.py` told it to
copy; the forms of Excel and Google Sheets below are written after their documentation, for neither runs here.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from sims_desktop.grading.clipboard import put_on_clipboard, rows_on_clipboard
from sims_desktop.grading.presenter.bringing import read_pages
from sims_desktop.grading.presenter.clipboard import (
    OF_LIBREOFFICE,
    PLAIN,
    TABLE,
    read_clipboard,
    read_table,
    write_table,
)
from sims_desktop.grading.presenter.opendocument import DESCRIPTION, DOCUMENT, spreadsheet_of

CLIPBOARDS = Path(__file__).parent / "clipboards"


def recorded(name: str) -> dict[str, str]:
    kinds = {OF_LIBREOFFICE: "tsvc", PLAIN: "txt", TABLE: "html"}
    return {
        kind: (CLIPBOARDS / f"{name}.{ending}").read_bytes().decode("utf-8") for kind, ending in kinds.items()
    }


def cells(half: str, seven: str, quarter: str, more: str) -> list[list[str]]:
    return [
        ["2020-XU-BSCS-0417", half, "A"],
        ["two\nlines", seven, 'says "hello"'],
        ["a\ttab", "", quarter],
        ['"begins', "34,5", 'ends"'],
        [' lead "', more, "فاطمہ"],
        ['"both"', '"\n"', "007"],
    ]


def test_a_block_of_libreoffice_is_read_as_its_cells_were() -> None:
    assert read_clipboard(recorded("libreoffice")) == cells("34.5", "7", "0.25", "123.4")
    assert read_clipboard(recorded("libreoffice-comma")) == cells("34,5", "7,0", "0,25", "123,4")


def test_where_only_its_plain_text_arrives_no_cell_moves() -> None:
    forms = recorded("libreoffice")
    del forms[OF_LIBREOFFICE]
    exact = read_clipboard(forms)
    assert [line[1:] for line in exact] == [line[1:] for line in cells("34.5", "7", "0.25", "123.4")]


def test_without_a_mark_at_the_beginning_of_a_cell_the_text_is_enough() -> None:
    table = "<table><tr><td>other</td></tr></table>"
    assert read_clipboard({PLAIN: "34\tA\n", TABLE: table}) == [["34", "A"]]
    assert read_clipboard({PLAIN: '"x\t5', TABLE: table}) == [["other"]]
    assert read_clipboard({PLAIN: '"x\t5', TABLE: "<p>no table</p>"}) == [['"x', "5"]]
    assert read_clipboard({PLAIN: '"x\t5', TABLE: table * 2}) == [['"x', "5"]]
    assert read_clipboard({}) == []


EXCEL = """<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head>
<meta name=Generator content="Microsoft Excel 15"></head><body>
<table border=0 cellpadding=0><col width=64><col width=64 span=2>
<!--StartFragment-->
 <tr height=20><td height=20 class=xl65>2020-XU-
  BSCS-0417</td><td align=right>34,5</td><td>says<span style='mso-spacerun:yes'>&nbsp; </span>so</td></tr>
 <tr height=20><td>two<br>
    lines</td><td></td><td>&nbsp;</td></tr>
 <tr><td colspan=2>wide</td><td>7</td></tr>
<!--EndFragment-->
</table></body></html>"""


def test_a_table_of_excel_is_read_without_the_line_breaks_of_its_source() -> None:
    assert read_table(EXCEL) == [
        ["2020-XU- BSCS-0417", "34,5", "says  so"],
        ["two\nlines", "", ""],
        ["wide", "", "7"],
    ]
    plain = '2020-XU-BSCS-0417\t34,5\tsays so\r\n"two\nlines"\t\t\r\nwide\t\t7\r\n'
    assert read_clipboard({PLAIN: plain})[1] == ["two\nlines", "", ""]


def test_a_table_of_google_sheets_is_read() -> None:
    html = (
        "<meta charset='utf-8'><google-sheets-html-origin><style type=\"text/css\">td {}</style>"
        '<table xmlns="http://www.w3.org/1999/xhtml"><colgroup><col width="100"/></colgroup><tbody>'
        '<tr style="height:21px;"><td data-sheets-value="{}">two<br/>lines</td><td>34.5</td></tr>'
        "<tr><td>&quot;quoted&quot;</td><td></td></tr></tbody></table>"
    )
    text = '"two\nlines"\t34.5\n"quoted"\t'
    assert read_clipboard({PLAIN: text, TABLE: html}) == [["two\nlines", "34.5"], ['"quoted"', ""]]


@pytest.mark.parametrize(
    "broken", ["<table><tr><td>1", "<table><td>1</td></table>", "<tr><td>1</td></tr>", "<"]
)
def test_a_broken_table_is_no_fault(broken: str) -> None:
    assert read_clipboard({PLAIN: '"1', TABLE: broken}) in ([["1"]], [['"1']])


COPIED = [
    ["0012345", 'Ayesha "A" Khan', "34.5", "ABS"],
    ["007", "two\nlines", "7", ""],
    ["2020-XU-BSCS-0417", "فاطمہ <b> & co", "1,5", "  a  b"],
]


def test_what_we_copy_is_a_table_whose_numbers_are_numbers_and_whose_texts_stay_texts() -> None:
    table = write_table(COPIED, texts=2)
    assert read_table(table) == COPIED
    assert 'sdval="34.5" sdnum="1033;" x:num="34.5">34.5</td>' in table
    assert 'x:num="1.5">1,5</td>' in table  # also where the country writes a comma
    as_text = """sdnum="1033;0;@" x:str style="mso-number-format:'\\@'">"""
    assert f"<td {as_text}0012345</td>" in table
    assert f"<td {as_text}ABS</td>" in table
    assert "x:num" not in write_table([["007"]])  # a zero in front is no number anywhere


def test_the_spreadsheet_on_the_clipboard_is_one_that_programs_read() -> None:
    file = spreadsheet_of([["0012345", "two\nlines", 34.5, ""], ["007", "a <b> & c", 7.0, "  a  b"]])
    (page,) = read_pages("copied.ods", file).values()
    assert page == [["0012345", "two\nlines", "34.5", ""], ["007", "a <b> & c", "7", "a  b"]]


def test_four_forms_lie_on_the_clipboard_and_we_read_our_own_again(qtbot: QtBot) -> None:
    put_on_clipboard(COPIED, texts=2)
    held = QGuiApplication.clipboard().mimeData()
    assert set(held.formats()) == {PLAIN, TABLE, DOCUMENT, DESCRIPTION}
    assert held.text().startswith('0012345\t"Ayesha ""A"" Khan"\t34.5\tABS\n')
    assert rows_on_clipboard() == COPIED
