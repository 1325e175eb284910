"""The award list on paper: numbers, names and marks exactly as the screen shows them, with what makes the
paper comparable later – counts, sums, revision, digest – and room for the signatures.

The rule a newcomer would get wrong: a list whose marks have not all reached the server has no digest. It
says how many are on this computer only, so that nobody signs it for the record. Qt-free; `kit.printing`
puts it on paper.
"""

from __future__ import annotations

from datetime import datetime
from html import escape

from sims_desktop.grading.presenter.entry import WORDS, Value, number_text
from sims_desktop.grading.presenter.grid import GridPresenter
from sims_desktop.grading.presenter.sheet import Badge
from sims_desktop.kit.language import on_paper
from sims_desktop.kit.number_words import in_words
from sims_desktop.kit.wording import local, plural

_TABLE = "<table width='100%' cellspacing='0' cellpadding='3' border='1'>"


@on_paper()
def award_list(grid: GridPresenter, now: datetime) -> str:
    """HTML of all rows of the sheet, whatever filter is on, with a control line for each column."""
    heads = "".join(
        f"<th align='right'>{escape(head.name)}<br>{number_text(head.max_score)}</th>"
        for head in grid.columns
    )
    lines = []
    for number, row in enumerate(grid.sheet.rows, 1):
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
    return (
        f"{_head(grid, now, 'Award list')}{_TABLE}"
        f"<thead><tr><th>No.</th><th>Registration no.</th><th>Name</th>{heads}</tr></thead>"
        f"<tbody>{''.join(lines)}"
        f"<tr><td colspan='3'><b>Sum</b><br>scored / absent / missing</td>{control}</tr></tbody></table>"
        f"{_SIGNATURES}"
    )


@on_paper()
def award_list_in_words(grid: GridPresenter, column: int, now: datetime) -> str:
    """HTML of one assessment: each mark in figures and in words."""
    head = grid.columns[column]
    lines = []
    for number, row in enumerate(grid.sheet.rows, 1):
        cell = grid.cell_of((row.enrollment_id, head.assessment_id))
        told = _told(cell.value) if cell.typed is None else "not a mark"
        if not row.takes_marks:
            told = row.status
        lines.append(
            f"<tr><td align='right'>{number}</td><td>{escape(row.reg_no)}</td><td>{escape(row.name)}</td>"
            f"<td align='right'>{escape(cell.text)}</td><td>{escape(told)}</td></tr>"
        )
    spread = grid.distribution(column)
    counts = [
        f"{spread.scored} scored",
        f"{spread.absent} absent",
        f"{spread.other} other",
        f"{spread.missing} missing",
    ]
    title = f"Award list · {head.name}, out of {number_text(head.max_score)}"
    return (
        f"{_head(grid, now, title)}{_TABLE}"
        "<thead><tr><th>No.</th><th>Registration no.</th><th>Name</th><th align='right'>Marks</th>"
        f"<th>In words</th></tr></thead><tbody>{''.join(lines)}"
        f"<tr><td colspan='3'><b>Sum</b><br>{', '.join(counts)}</td>"
        f"<td align='right'><b>{number_text(spread.total)}</b></td><td>{in_words(spread.total)}</td></tr>"
        f"</tbody></table>{_SIGNATURES}"
    )


def _told(value: Value) -> str:
    if value.score is not None:
        return in_words(value.score)
    return WORDS[value.mark] if value.mark else ""


def _head(grid: GridPresenter, now: datetime, title: str) -> str:
    sheet = grid.sheet
    away = sum(grid.counted(badge) for badge in Badge if badge is not Badge.SAVED)
    digest = grid.shelf.read_digest(sheet.section_id) if not away else ""
    standing = f"Digest {escape(digest)}" if digest else "<b>Not for the record</b>"
    if away:
        standing += f", on this computer only: {plural(away, 'mark')} of this list"
    elif not digest:
        standing += ": marks of this list are still being sent"
    return (
        f"<h2>{escape(title)}</h2><p>{escape(sheet.title)}, section {escape(sheet.section)}, "
        f"{escape(sheet.term)}<br>Revision {sheet.rev}, {escape(grid.state_words)}, "
        f"printed {local(now):%d %B %Y %H:%M}<br>{standing}</p>"
    )


_SIGNATURES = (
    "<p>&nbsp;</p><table width='100%'><tr><td>Teacher ______________________</td>"
    "<td>Head of department ______________________</td><td>Date ____________</td></tr></table>"
)
