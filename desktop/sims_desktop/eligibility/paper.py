"""The list of who may sit on paper, as it is shown: notified, or as the marks stand. Qt-free.

The rule a newcomer would get wrong: what is not notified says so in its heading, so that nobody pins up a
list that the next class changes.
"""

from __future__ import annotations

from datetime import datetime
from html import escape

from sims_desktop.eligibility.presenter import EligibilityPresenter, Line, section_words
from sims_desktop.kit.language import on_paper
from sims_desktop.kit.wording import local


@on_paper()
def eligibility_paper(presenter: EligibilityPresenter, now: datetime) -> str:
    shown = presenter.shown
    assert shown is not None
    section, past = shown.section, shown.past
    if past is not None:
        authority = f" Authority: {escape(past.authority)}." if past.authority else ""
        lead = (
            f"List {past.version}, notified {local(past.notified_at):%Y-%m-%d %H:%M} by "
            f"{escape(past.notified_by.name)}.{authority}"
        )
    else:
        lead = f"NOT NOTIFIED. As the marks stood on {local(now):%Y-%m-%d %H:%M}."
    lines, below = presenter.lines, presenter.line_below
    rows = [_row(number, line) for number, line in enumerate(lines, 1)]
    if 0 < below < len(rows):
        rows.insert(below, "<tr><td colspan='6' align='center'>– – – threshold – – –</td></tr>")
    return (
        f"<h3>Eligibility: {escape(section_words(section))} {escape(section.course_title)}, "
        f"{escape(section.term)}</h3><p>{lead}</p><p>{escape(presenter.counts(now))}</p>"
        "<table width='100%' cellspacing='0' cellpadding='3' border='1'><thead><tr><th>No.</th>"
        "<th align='left'>Registration no.</th><th align='left'>Name</th><th align='right'>Classes</th>"
        "<th align='right'>Percent</th><th align='left'>Standing</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table><p><br><br>Signature and date: ____________________</p>"
    )


def _row(number: int, line: Line) -> str:
    return (
        f"<tr><td align='right'>{number}</td><td>{escape(line.reg_no)}</td><td>{escape(line.name)}</td>"
        f"<td align='right'>{line.attended} / {line.total}</td>"
        f"<td align='right'>{escape(line.percent_words)}</td><td>{escape(line.standing)}</td></tr>"
    )
