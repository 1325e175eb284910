"""Requests in words: what was asked for, how far it has come, who came for it. Qt-free.

The rule a newcomer would get wrong: a decision's words would take the place of what was asked. They are put
below it, behind a dash, so that student and office read both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from sims_desktop.approvals.presenter import age
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import DAYS, day_words, left_to_right, listed, plural, when
from sims_shared.requests import ANY_TRAY, RequestView

# The types that every university has; a further one is called as its row says.
TITLES = {
    "transcript": later("Transcript"),
    "bonafide": later("Bonafide certificate"),
    "noc": later("No-objection certificate"),
    "degree": later("Degree"),
    "verification": later("Verification of documents"),
    "migration": later("Migration certificate"),
    "other": later("Other"),
}
# The papers that every university asks for; a further one is called as its row says.
PAPERS = (
    later("attested CNIC"),
    later("matriculation certificate"),
    later("clearance form"),
    later("two photographs"),
    later("the document or an attested copy"),
    later("student card"),
)
STATES = {
    "pending": later("not decided yet"),
    "approved": later("approved, to be handed out"),
    "rejected": later("rejected"),
    "completed": later("handed out"),
}
READY = later("ready, nobody came for it yet")
OFFICE = "\n— "
NOTES_AT_MOST = 4000
NAME_AT_MOST = 200
TRAY_AT_MOST = 20
DIGITS_OF_A_NUMBER = 5
SELF, BEARER, NOBODY = "1", "2", "3"
BY_LETTER = "letter of authority"
"""As it stands on record; so in every language."""


def title_words(type: str, titles: Mapping[str, str]) -> str:
    return phrase(TITLES[type]) if type in TITLES else titles.get(type, type.replace("_", " "))


def in_order(types: Iterable[str]) -> list[str]:
    """The same every day, for each has its digit; whatever else comes last."""
    return sorted(types, key=lambda type: (type == "other", type))


def is_ready(request: RequestView) -> bool:
    """Made out, and nobody came for it yet."""
    return request.status == "completed" and request.collected_by is None


def state_words(request: RequestView) -> str:
    return phrase(READY if is_ready(request) else STATES[request.status])


def since(request: RequestView) -> datetime:
    """From when on it is as it is."""
    if request.status == "pending":
        return request.created_at
    return request.ready_at or request.updated_at


def waiting_words(request: RequestView, now: datetime) -> str:
    """`for 3 days` while something waits, else when it ended."""
    if request.status == "rejected" or (request.status == "completed" and not is_ready(request)):
        return when(since(request), now)
    if now - since(request) < timedelta(minutes=1):
        return phrase("just now")
    return phrase("for {age}", age=age(since(request), now))


def who_words(request: RequestView) -> str:
    number = left_to_right(request.reg_no) if request.reg_no else ""
    return f"{request.student_name} {number}".strip()


def now_words(request: RequestView, now: datetime) -> str:
    """Where it stands, and who brought it there."""
    by = request.processed_by.name if request.processed_by is not None else ""
    at = when(request.updated_at, now)
    if request.status == "approved":
        return phrase("Approved by {by}, {at}; to be handed out.", by=by, at=at)
    if request.status == "rejected":
        return phrase("Rejected by {by}, {at}.", by=by, at=at)
    if is_ready(request):
        at = when(request.ready_at, now)
        said = phrase("Ready since {at}, made out by {by}; nobody came for it yet.", by=by, at=at)
        return f"{said} {tray_words(request)}".strip()
    if request.status == "completed":
        taker = request.collected_by or ""
        return phrase("Handed out by {by}, {at}, to {taker}.", by=by, at=at, taker=taker)
    return phrase("Not decided yet ({age}).", age=waiting_words(request, now))


def tray_words(request: RequestView) -> str:
    return phrase("It lies in tray {tray}.", tray=left_to_right(request.tray)) if request.tray else ""


def missing_words(request: RequestView) -> str:
    """`attested CNIC and two photographs`, or nothing."""
    return listed((phrase(paper) for paper in request.missing), 20)


def fee_words(request: RequestView) -> str:
    if not request.fee_due:
        return ""
    fee = f"{request.fee_due:,.2f}"
    if request.fee_receipt is None:
        return phrase("Fee {fee}: not paid yet.", fee=fee)
    return phrase("Fee {fee}: paid, receipt {number}.", fee=fee, number=left_to_right(request.fee_receipt))


def promised_words(request: RequestView) -> str:
    """Until when it was promised; empty for what was never promised, or is over."""
    if request.missing and request.status == "pending":
        return phrase(
            "Not brought yet: {missing}. Until then nothing is promised.", missing=missing_words(request)
        )
    if request.promised_on is None or request.status not in ("pending", "approved"):
        return ""
    return phrase("Promised for {day}.", day=date_words(request.promised_on))


def terms_words(request: RequestView) -> list[str]:
    """Until when it was promised, or what is missing; and what it costs."""
    return [words for words in (promised_words(request), fee_words(request)) if words]


def date_words(day: date) -> str:
    """`Fri 8 January 2027`: of a day that is months ahead the year is said."""
    return f"{phrase(DAYS[day.weekday()])} {day_words(day)} {day.year}"


def wish_words(request: RequestView) -> list[str]:
    """What exactly was asked for."""
    lines = [plural(request.copies, "copy", "copies")]
    if request.addressee:
        lines.append(phrase("Addressed to {addressee}", addressee=request.addressee))
    asked, said = both_words(request.notes)
    lines += [asked] if asked else []
    return lines + ([phrase("The office says: {said}", said=said)] if said else [])


def both_words(notes: str) -> tuple[str, str]:
    """What was asked for, and what the office said to it."""
    asked, _, said = notes.partition(OFFICE)
    return asked.strip(), said.strip()


def with_said(notes: str, said: str) -> str:
    """The notes with the office's words below. Where both are too long the office's stand, and what was
    asked for is in the history."""
    both = f"{notes.rstrip()}{OFFICE}{said}"
    return both if len(both) <= NOTES_AT_MOST else f"{OFFICE}{said}"


def taken_by(typed: str, request: RequestView) -> tuple[str | None, str]:
    """Who takes the paper, from `1`, `2 name and number` or `3`; or why that cannot be. A bearer is written
    down by name and identity number, and that a letter of the student was seen; after 3 may stand a tray."""
    choice, rest = typed.strip()[:1], typed.strip()[1:].strip()
    if choice == SELF and not rest:
        return request.student_name, ""
    if choice == NOBODY and request.status != "completed":
        return None, "" if len(rest) <= TRAY_AT_MOST else phrase("That is no tray.")
    if choice != BEARER:
        return None, phrase("Type 1, or 2 with name and identity number.")
    words = rest.replace(",", " ").split()
    first = len(words)
    while first and any(character.isdigit() for character in words[first - 1]):
        first -= 1
    name, number = " ".join(words[:first]), " ".join(words[first:])
    if not any(character.isalpha() for character in name):
        return None, phrase("Who is the bearer? As in “2 Ahmed Khan 35202-1234567-1”.")
    if sum(character.isdigit() for character in number) < DIGITS_OF_A_NUMBER:
        return None, phrase("The bearer's identity number as well, as in “2 Ahmed Khan 35202-1234567-1”.")
    taker = f"{name}, {number}, {BY_LETTER}"
    if len(taker) > NAME_AT_MOST:
        return None, phrase("That is longer than {most} letters.", most=NAME_AT_MOST)
    return taker, ""


def tray_of(typed: str) -> str:
    """The tray that was typed after 3; else the next that is free."""
    return typed.strip()[1:].strip().upper() or ANY_TRAY


def asks_letter(typed: str) -> bool:
    """Whether somebody else than the student is to take it."""
    return typed.strip()[:1] == BEARER


def letter_words(taker: str) -> str:
    name = taker.removesuffix(f", {BY_LETTER}")
    return phrase(
        "Is the student's letter of authority there? Enter once more hands it out to {name}.", name=name
    )
