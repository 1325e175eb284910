"""The verifier of sealed documents: used by the server, the desktop and the command line alike.

It needs no database, no network and no server, only the institution's key document. `judge` takes a
PDF's bytes or what a scanner read; `apply_status` adds what became of the document since, from a
signed list whose age is always said.
"""

from __future__ import annotations

from datetime import date, datetime

from sims_shared.seal.content import TokenMalformed, read_token, token_of
from sims_shared.seal.judgment import Judgment, Verdict, age_in_words, day_in_words
from sims_shared.seal.keys import KeyDocument, KeysUnreadable, Trust, read_key_document
from sims_shared.seal.statuses import (
    STALE_AFTER,
    Status,
    StatusList,
    StatusListUnreadable,
    read_status_list,
)
from sims_shared.seal.vouching import vouched

__all__ = [
    "Judgment",
    "KeyDocument",
    "KeysUnreadable",
    "Status",
    "StatusList",
    "StatusListUnreadable",
    "TokenMalformed",
    "Trust",
    "Verdict",
    "apply_status",
    "judge_file",
    "judge_text",
    "read_key_document",
    "read_status_list",
    "with_status",
    "with_validity",
]


def judge_file(data: bytes, trust: Trust) -> Judgment:
    """The judgment of a PDF's bytes, apart from its status. Never raises on hostile bytes."""
    from sims_shared.seal.file import judge_file as judge  # late: its libraries take a second to import

    return judge(data, trust)


def judge_text(text: str, trust: Trust) -> Judgment:
    """The judgment of what a scanner read from paper: a `/V/` address or its token. Genuine means the
    institution signed these facts; whether the paper shows the same is for the eye to compare."""
    try:
        message, code = read_token(token_of(text))
    except TokenMalformed as failure:
        return Judgment(
            verdict=Verdict.FOREIGN, in_words="This is not a sealed code of this kind.", faults=[str(failure)]
        )
    known = trust.find_key(code.issuer, message.key_id, "code")
    if known is None:
        if trust.knows_issuer(code.issuer):
            return Judgment(
                verdict=Verdict.UNKNOWN_KEY,
                in_words=f"UNKNOWN KEY: signed in the name of “{code.issuer}” with a key that is not in its "
                "key document. Fetch the document anew; if the key is still not there, the code is forged.",
            )
        return Judgment(
            verdict=Verdict.UNKNOWN_KEY,
            in_words=f"UNKNOWN KEY: signed in the name of “{code.issuer}”, whose keys this verifier does not "
            "have. It proves nothing until they are at hand.",
        )
    document, key = known
    if not message.is_signed_by(key.raw()):
        return Judgment(
            verdict=Verdict.FORGED,
            in_words=f"FORGED: it carries the name of {document.institution}, whose key did not sign it.",
            faults=["the code's signature does not hold under the institution's key"],
        )
    if not key.in_force(code.issued_on):
        return Judgment(
            verdict=Verdict.FORGED,
            in_words=f"FORGED: signed with a key of {document.institution} that was not in force on "
            f"{code.issued_on}.",
            faults=["the key was not in force on the day of issue"],
        )
    return vouched(code, document)


def with_validity(judgment: Judgment, today: date) -> Judgment:
    """A genuine letter's judgment with the day until which it is valid, and whether that has passed."""
    if judgment.verdict is Verdict.GENUINE and judgment.valid_until is not None:
        judgment.expired = today > judgment.valid_until
        passed = ", which has passed" if judgment.expired else ""
        judgment.in_words += f" Valid until {day_in_words(judgment.valid_until)}{passed}."
    return judgment


def with_status(judgment: Judgment, status: Status | None) -> Judgment:
    """A genuine document's judgment with what became of it. None: the list is older than it."""
    if judgment.verdict is not Verdict.GENUINE:
        return judgment
    if status is Status.SUPERSEDED:
        judgment.verdict = Verdict.SUPERSEDED
        judgment.in_words = (
            f"SUPERSEDED: {judgment.institution} sealed it on {judgment.issued_on} and has replaced it "
            "since. Ask for the newer document."
        )
    elif status is Status.REVOKED:
        judgment.verdict = Verdict.REVOKED
        judgment.in_words = (
            f"REVOKED: {judgment.institution} sealed it on {judgment.issued_on} and has withdrawn it since."
        )
    return judgment


def apply_status(judgment: Judgment, lists: list[StatusList], now: datetime) -> Judgment:
    """Adds the status from the newest list of the document's issuer, with the list's age, and whether a
    letter's time has passed. `now` is aware. Past seven days the words say STALE LIST."""
    with_validity(judgment, now.astimezone().date())
    if judgment.verdict is not Verdict.GENUINE or judgment.status_index is None:
        return judgment
    own = [found for found in lists if found.issuer == judgment.issuer]
    if not own:
        judgment.in_words += " No status list is at hand: it may have been superseded or revoked since."
        return judgment
    newest = max(own, key=lambda found: found.listed_at)
    judgment.list_age = max(0, int((now - newest.listed_at).total_seconds()))
    judgment.list_stale = now - newest.listed_at > STALE_AFTER
    status = newest.status(judgment.status_index)
    with_status(judgment, status)
    age = age_in_words(newest.listed_at, now)
    if status is None:
        judgment.in_words += f" It is newer than the status list ({age})."
    elif judgment.list_stale:
        judgment.in_words += f" STALE LIST: the status list is {age}; ask on line."
    else:
        judgment.in_words += f" Status list: {age}."
    return judgment
