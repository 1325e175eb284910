"""What the other programs put on the clipboard, read as the cells their person saw; and what they are given.

Three forms lie there beside each other. The plain text is what everybody reads; LibreOffice writes a second
text in which a cell with a tab or a line break stands in quotation marks; and there is a table in HTML. The
rule a newcomer would get wrong: a quotation mark at the beginning of a cell means two things. Excel and
Google Sheets quote a cell that holds a line break; LibreOffice puts the mark down because the cell begins
with one. Only the table can tell, so it is asked then, and only then. The other way round the table is what
counts: of plain text a spreadsheet takes the zeros off a student's number, and LibreOffice asks questions.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser

from sims_desktop.grading.presenter.blocks import read_block

PLAIN = "text/plain"
TABLE = "text/html"
OF_LIBREOFFICE = "application/x-libreoffice-tsvc"
FORMS = (OF_LIBREOFFICE, PLAIN, TABLE)

Block = list[list[str]]

BEGINS_WITH_A_MARK = re.compile(r'(?:\A|[\t\r\n])"')
BLANKS = re.compile(r"[ \t\r\n]+")
MOST_SPANNED = 100
OURS = "SIMS"
A_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:[.,][0-9]+)?")
AS_TEXT = 'sdnum="1033;0;@" x:str style="mso-number-format:\'\\@\'"'


def write_table(rows: Sequence[Sequence[str]], texts: int = 0) -> str:
    """The block as a table, which Excel and Google Sheets take cell by cell, in any country.
    LibreOffice reads `sdval` and `sdnum`, Excel `x:num`, `x:str` and `mso-number-format`."""
    lines = []
    for row in with_numbers(rows, texts):
        cells = []
        for text, value in row:
            shown = html.escape(text, quote=False).replace("\n", "<br>")
            if value is not None:
                known = f'sdval="{value!r}" sdnum="1033;" x:num="{value!r}"'
                cells.append(f'<td align="right" {known}>{shown}</td>')
            else:
                cells.append(f"<td {AS_TEXT}>{shown}</td>" if text else "<td></td>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    # A line break inside a cell stays in it: Excel would begin another row.
    return (
        '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta charset="utf-8">'
        f'<meta name="generator" content="{OURS}"><style>br {{mso-data-placement: same-cell}}</style></head>'
        f"<body><table>\n{chr(10).join(lines)}\n</table></body></html>"
    )


def with_numbers(
    rows: Sequence[Sequence[str]], texts: int = 0
) -> Iterator[Iterator[tuple[str, float | None]]]:
    """Each cell, and the number that it is. The first `texts` columns are text whatever they look like."""
    for row in rows:
        yield (
            (text, float(text.replace(",", ".")) if at >= texts and A_NUMBER.fullmatch(text) else None)
            for at, text in enumerate(row)
        )


def read_clipboard(forms: Mapping[str, str]) -> Block:
    """The rows of cells; none when there are none. `forms` are the texts by media type."""
    text = forms.get(OF_LIBREOFFICE) or forms.get(PLAIN, "")
    if BEGINS_WITH_A_MARK.search(text) and TABLE in forms:
        table = read_table(forms[TABLE])
        if table:
            return table
    return read_block(text)


def read_table(page: str) -> Block:
    """The cells of the one table in `page`; none when there are several, or no table at all."""
    reader = _TableReader()
    reader.feed(page)
    reader.close()
    return reader.rows if reader.tables == 1 else []


class _TableReader(HTMLParser):
    """LibreOffice and we write a cell as it is, with `<br>` for a line break; an empty one of theirs is a
    `<br>` alone. The others wrap long lines in the source, so that blanks mean no more than one."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables = 0
        self.rows: Block = []
        self._cell: list[str] | None = None
        self._wide = 1
        self._is_literal = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "meta" and (given.get("content") or "").startswith(("LibreOffice", OURS)):
            self._is_literal = True
        elif tag == "table":
            self.tables += 1
        elif tag == "tr":
            self._end_cell()
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self._end_cell()
            wide = given.get("colspan") or "1"
            self._cell, self._wide = [], min(int(wide), MOST_SPANNED) if wide.isdecimal() else 1
        elif tag == "br" and self._cell is not None:
            self._cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._end_cell()

    def close(self) -> None:
        super().close()
        self._end_cell()

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data if self._is_literal else BLANKS.sub(" ", data))

    def _end_cell(self) -> None:
        if self._cell is None:
            return
        text = "".join(self._cell)
        if text == "\n":
            text = ""
        if not self._is_literal:
            text = "\n".join(line.strip(" ") for line in text.replace("\u00a0", " ").split("\n"))
        self.rows[-1] += [text, *[""] * (self._wide - 1)]
        self._cell = None
