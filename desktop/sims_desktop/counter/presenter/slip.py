"""The receipt that a student takes home from the counter, as lines of words. Qt-free.

The rule a newcomer would get wrong: what lacks a paper is not promised. The slip then says what is missing,
and no day.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import left_to_right, local, plural
from sims_desktop.requests.presenter.words import both_words, date_words, missing_words, title_words
from sims_shared.requests import RequestView

CODE = "code"
"""The name under which the paper finds the picture of its code."""


def slip_words(request: RequestView, titles: Mapping[str, str], institution: str, clerk: str) -> str:
    """The whole slip as rich text, its code a picture named `CODE`."""
    what = title_words(request.type, titles)
    lines = [
        _bold(f"{what}, {plural(request.copies, 'copy', 'copies')}"),
        _line(f"{request.student_name} {left_to_right(request.reg_no or '')}".strip()),
    ]
    if request.addressee:
        lines.append(_line(phrase("Addressed to {addressee}", addressee=request.addressee)))
    asked, _ = both_words(request.notes)
    if asked:
        lines.append(_line(asked[:120]))
    taken = local(request.created_at)
    lines.append(
        _line(phrase("Taken {day} by {clerk}", day=f"{date_words(taken)} {taken:%H:%M}", clerk=clerk))
    )
    if request.missing:
        lines.append(_bold(phrase("Returned: {missing} missing.", missing=missing_words(request))))
        lines.append(_line(phrase("Nothing is promised until it is brought, with this slip.")))
    elif request.promised_on is not None:
        lines.append(_bold(phrase("Promised for {day}.", day=date_words(request.promised_on))))
    if request.fee_due and request.fee_receipt is None:
        fee = f"{request.fee_due:,.2f}"
        lines.append(_bold(phrase("Challan: {fee} to be paid.", fee=fee)))
    elif request.fee_due:
        fee, number = f"{request.fee_due:,.2f}", left_to_right(request.fee_receipt or "")
        lines.append(_line(phrase("Paid: {fee}, receipt {number}.", fee=fee, number=number)))
    bring = phrase(
        "Bring this slip. Whoever comes for you brings your letter of authority and an identity card."
    )
    title = phrase("Receipt of an application")
    return (
        f"<p align='center'><b>{escape(institution)}</b><br/>{escape(title)}</p>"
        f"{''.join(lines)}"
        f"<p align='center'><img src='{CODE}' width='92' height='92'/><br/>"
        f"<b>{escape(request.receipt)}</b></p>"
        f"<p align='center'><small>{escape(bring)}</small></p>"
    )


def _line(words: str) -> str:
    return f"<p style='margin:2px 0'>{escape(words)}</p>"


def _bold(words: str) -> str:
    return f"<p style='margin:2px 0'><b>{escape(words)}</b></p>"
