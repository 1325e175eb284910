"""The award list on paper: numbers, names, marks and totals exactly as the screen shows them, and room for
the signatures. Qt-free; `kit.printing` puts it on paper."""

from __future__ import annotations

from datetime import datetime
from html import escape

from sims_desktop.grading.presenter.entry import number_text
from sims_desktop.grading.presenter.grid import GridPresenter
from sims_desktop.kit.wording import local


def award_list(grid: GridPresenter, now: datetime) -> str:
    """HTML of all rows of the sheet, whatever filter is on, with a control line for each column."""
    sheet = grid.sheet
    heads = "".join(
        f"<th align='right'>{escape(head.name)}<br>{number_text(head.max_score)}</th>"
        for head in grid.columns
    )
    lines = []
    for number, row in enumerate(sheet.rows, 1):
        cells = (grid.cell_of((row.enrollment_id, head.assessment_id)).text for head in grid.columns)
        marks = "".join(f"<td align='right'>{escape(text)}</td>" for text in cells)
        status = "" if row.takes_marks else f" ({escape(row.status)})"
        lines.append(
            f"<tr><td align='right'>{number}</td><td>{escape(row.reg_no)}</td>"
            f"<td>{escape(row.name)}{status}</td>{marks}</tr>"
        )
    spreads = [grid.distribution(column) for column in range(len(grid.columns))]
    control = "".join(
        f"<td align='right'>{number_text(spread.total)}<br>"
        f"{spread.scored} / {spread.absent} / {spread.missing}</td>"
        for spread in spreads
    )
    printed = f"{local(now):%d %B %Y %H:%M}"
    return (
        f"<h2>Award list</h2><p>{escape(sheet.title)}, section {escape(sheet.section)}, {escape(sheet.term)}"
        f"<br>Revision {sheet.rev}, {escape(grid.state_words)}, printed {printed}</p>"
        "<table width='100%' cellspacing='0' cellpadding='3' border='1'>"
        f"<thead><tr><th>No.</th><th>Registration no.</th><th>Name</th>{heads}</tr></thead>"
        f"<tbody>{''.join(lines)}"
        f"<tr><td colspan='3'><b>Sum</b><br>scored / absent / missing</td>{control}</tr></tbody></table>"
        "<p>&nbsp;</p><table width='100%'><tr><td>Teacher ______________________</td>"
        "<td>Head of department ______________________</td><td>Date ____________</td></tr></table>"
    )
