"""Two revisions of a sheet on paper: before and after of each mark, who wrote the later one and when.

The rule a newcomer would get wrong: a revision is named by what happened at it (handed in, returned), by whom
and when; its number alone tells nobody anything a year later. Qt-free; `kit.printing` puts it on paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

from sims_desktop.grading.presenter.revisions import choices_of, held_words, is_moved, sentence_of
from sims_desktop.grading.presenter.sheet import Sheet
from sims_desktop.kit.language import on_paper
from sims_desktop.kit.wording import local
from sims_shared.revisions import CellMoved, SheetCompared, SheetRevisions

MINUTE = "%d %B %Y %H:%M"
_SIGNATURES = (
    "<p>&nbsp;</p><table width='100%'><tr><td>Teacher ______________________</td>"
    "<td>Head of department ______________________</td><td>Date ____________</td></tr></table>"
)


@on_paper()
def compared_paper(
    sheet: Sheet,
    revisions: SheetRevisions,
    places: Sequence[int],
    compared: SheetCompared,
    waiting: int,
    now: datetime,
) -> str:
    """HTML of what stands otherwise between the two of `revisions` at `places`; of all marks where `compared`
    holds the unchanged ones too, with those that stand otherwise in bold."""
    choices = choices_of(revisions, lambda at: f"{local(at):{MINUTE}}")
    earlier, later = (choices[at].words for at in places)
    has_all = any(not is_moved(cell) for cell in compared.cells)
    what = "all marks, in bold what stands otherwise" if has_all else "what stands otherwise"
    lines = "".join(_line(number, cell, has_all) for number, cell in enumerate(compared.cells, 1))
    table = (
        "<table width='100%' cellspacing='0' cellpadding='3' border='1'><thead><tr><th>No.</th>"
        "<th>Registration no.</th><th>Name</th><th>Assessment</th><th align='right'>Before</th>"
        f"<th align='right'>After</th><th>Written by</th><th>When</th></tr></thead>"
        f"<tbody>{lines}</tbody></table>"
    )
    return (
        f"<h2>Two revisions of a sheet: {what}</h2><p>{escape(sheet.title)}, section "
        f"{escape(sheet.section)}, {escape(sheet.term)}</p>"
        f"<p>Before: {escape(earlier)}<br>After: {escape(later)}<br>"
        f"{escape(sentence_of(compared, waiting))}<br>Printed {local(now):{MINUTE}}</p><p></p>"
        f"{table if compared.cells else ''}{_SIGNATURES}"
    )


def _line(number: int, cell: CellMoved, has_all: bool) -> str:
    bold = ("<b>", "</b>") if has_all and is_moved(cell) else ("", "")
    before, after = (f"{bold[0]}{escape(held_words(held))}{bold[1]}" for held in (cell.before, cell.after))
    return (
        f"<tr><td align='right'>{number}</td><td>{escape(cell.reg_no)}</td><td>{escape(cell.name)}</td>"
        f"<td>{escape(cell.assessment)}</td><td align='right'>{before}</td><td align='right'>{after}</td>"
        f"<td>{escape(cell.by.name)}</td><td>{local(cell.at):{MINUTE}}</td></tr>"
    )
