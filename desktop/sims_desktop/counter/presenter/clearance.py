"""The form with which a student who is blocked goes from office to office, as rich text. Qt-free.

The rule a newcomer would get wrong: it lifts nothing. Each office lifts its own hold in the system; the
signature is the student's proof that somebody was seen.
"""

from __future__ import annotations

from datetime import datetime
from html import escape

from sims_desktop.counter.presenter.desk import Visitor
from sims_desktop.counter.presenter.slip import CODE
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import listed, local


def clearance_words(visitor: Visitor, institution: str, now: datetime) -> str:
    """A row a hold: for what, whom to see, what it stops, and room for the office to sign."""
    heads = (
        phrase("Hold"),
        phrase("Reason"),
        phrase("Whom to see"),
        phrase("Stops"),
        phrase("Signature, date"),
    )
    rows = "".join(
        f"<tr><td>{escape(hold.kind.replace('_', ' ').capitalize())}</td>"
        f"<td>{escape(hold.reason)}{f'<br/>{hold.amount:,.2f}' if hold.amount is not None else ''}</td>"
        f"<td>{escape(hold.contact or visitor.lifters.get(hold.kind, '').replace('_', ' '))}</td>"
        f"<td>{escape(listed((name.replace('_', ' ') for name in hold.blocks), 9))}</td>"
        "<td width='28%'><br/><br/><br/></td></tr>"
        for hold in visitor.holds
    )
    student = visitor.student
    said = phrase("Each office signs, and lifts its hold in the system. Bring this form back to the counter.")
    return (
        f"<p align='center'><b>{escape(institution)}</b><br/>{escape(phrase('Clearance form'))}</p>"
        f"<p><b>{escape(student.name)}</b>, {escape(student.reg_no)}<br/>{escape(visitor.program)}<br/>"
        f"{local(now):%Y-%m-%d %H:%M}</p>"
        "<table width='100%' cellspacing='0' cellpadding='4' border='1'><thead><tr>"
        + "".join(f"<th align='left'>{escape(head)}</th>" for head in heads)
        + f"</tr></thead><tbody>{rows}</tbody></table><p>{escape(said)}</p>"
        f"<p align='right'><img src='{CODE}' width='72' height='72'/></p>"
    )
