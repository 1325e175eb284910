"""A report to take along: a workbook whose figures are figures, and a page to print. Qt-free."""

from __future__ import annotations

import io
from datetime import datetime
from decimal import Decimal
from html import escape

from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import local
from sims_desktop.reports.figures import Line, Table, text_of

_FORBIDDEN = str.maketrans("", "", r"[]:*?/\'")  # in the name of a workbook's page


def _cut(name: str) -> str:
    """As long as a page's name may be: 31 of the halves that a workbook counts, and no half at the end."""
    return name.encode("utf-16-le")[:62].decode("utf-16-le", "ignore")


def workbook_of(title: str, sentence: str, table: Table, lines: list[Line], now: datetime) -> bytes:
    """XLSX: title, sentence and instant above; then the table, with a chart of the total where it has one."""
    import xlsxwriter

    target = io.BytesIO()
    # A course's code may look like a formula or an address; it is a word, and nothing to click on.
    book = xlsxwriter.Workbook(
        target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    page = book.add_worksheet(_cut(title.translate(_FORBIDDEN)) or phrase("Report"))
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    page.write_string(0, 0, title, book.add_format({"bold": True, "font_size": 14}))
    page.write_string(1, 0, sentence)
    page.write_string(2, 0, phrase("As the records stood on {when}.", when=f"{local(now):%Y-%m-%d %H:%M}"))
    head = 4
    page.write_row(head, 0, table.columns, bold)
    for row, line in enumerate(lines, head + 1):
        shade = book.add_format({"bold": True, "top": 1}) if line is table.total else None
        for column, value in enumerate(line.values):
            if isinstance(value, (int, Decimal)):
                page.write_number(row, column, float(value), shade)
            else:
                page.write_string(row, column, value or "", shade)
    texts = [[*(text_of(line.values[at]) for line in lines), "W" * 6] for at in range(len(table.columns))]
    for column, own in enumerate(texts):
        page.set_column(column, column, min(max(map(len, own)) + 2, 48))
    page.freeze_panes(head + 1, 1)
    if lines:
        page.autofilter(head, 0, head + len(table.lines), len(table.columns) - 1)
    if table.total is not None and table.bars:
        first = next(
            at for at, name in enumerate(table.columns) if name.casefold() == table.bars[0].casefold()
        )
        last, row = first + len(table.bars) - 1, head + len(lines)
        chart = book.add_chart({"type": "column"})
        chart.add_series(
            {
                "categories": [page.name, head, first, head, last],
                "values": [page.name, row, first, row, last],
                "data_labels": {"value": True},
            }
        )
        chart.set_title({"name": title})
        chart.set_legend({"none": True})
        page.insert_chart(row + 2, 0, chart)
    book.close()
    return target.getvalue()


def page_of(title: str, sentence: str, table: Table, lines: list[Line], picture: str, now: datetime) -> str:
    """HTML for printing. `picture` is the chart as a data address, or empty."""
    heads = "".join(
        f"<th align='{'right' if number else 'left'}'>{escape(name)}</th>"
        for name, number in zip(table.columns, table.numbers, strict=True)
    )
    rows = "".join(_row(table, line) for line in lines)
    drawn = f"<p><img src='{picture}' width='480'></p>" if picture else ""
    return (
        f"<h3>{escape(title)}</h3><p>{escape(sentence)}</p>{drawn}"
        "<table width='100%' cellspacing='0' cellpadding='3' border='1'>"
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        f"<p>As the records stood on {local(now):%Y-%m-%d %H:%M}.</p>"
    )


def _row(table: Table, line: Line) -> str:
    strong = ("<b>", "</b>") if line is table.total else ("", "")
    cells = "".join(
        f"<td align='{'right' if number else 'left'}'>{escape(text_of(value)).join(strong)}</td>"
        for value, number in zip(line.values, table.numbers, strict=True)
    )
    return f"<tr>{cells}</tr>"
