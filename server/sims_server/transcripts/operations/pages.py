"""The same verdicts for people: the page a phone opens after scanning, and the page that asks."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import msgspec

from sims_server.kernel.execute import operation
from sims_server.kernel.http import File
from sims_server.kernel.work import Work
from sims_server.sealing import web_page
from sims_server.transcripts.operations.verifying import judge_in_register, verify_token
from sims_shared.seal.judgment import day_in_words
from sims_shared.transcripts import FileVerdict, TokenMalformed, TranscriptUnknown, Verified, VerifyFile

TITLES = {
    "transcript": "Transcript",
    "dmc": "Detailed marks certificate",
    "provisional": "Provisional certificate",
    "bonafide": "Bonafide letter",
}
TONES = {
    "valid": web_page.GOOD,
    "superseded": web_page.WARN,
    "expired": web_page.WARN,
    "revoked": web_page.BAD,
}
FILE_TONES = {
    "genuine": web_page.GOOD,
    "superseded": web_page.WARN,
    "revoked": web_page.BAD,
    "altered": web_page.BAD,
    "forged": web_page.BAD,
    "unknown_key": web_page.UNSURE,
    "foreign": web_page.UNSURE,
}


class AskedCode(msgspec.Struct):
    """`/verify/?code=…`"""

    code: str | None = None


def _html(content: bytes, status: int | None = None) -> File:
    return File(content, web_page.MEDIA_TYPE, headers=web_page.HEADERS, status=status)


def _after_colon(words: str) -> str:
    return words.split(": ", 1)[-1]


def verification_page(work: Work, token: str) -> File:
    """The page a phone opens after scanning: the verdict, readable in two seconds."""
    institution = work.setting("institution")
    try:
        found = verify_token(work, token)
    except TokenMalformed:
        words = "This is not a code of this system. Scan it again, or type serial and check code."
        return _html(
            web_page.verdict_page(institution, tone=web_page.UNSURE, word="NOT A CODE", in_words=words), 400
        )
    except TranscriptUnknown:
        words = "We issued no such document. If the paper says we did, it is forged."
        return _html(
            web_page.verdict_page(institution, tone=web_page.BAD, word="UNKNOWN", in_words=words), 404
        )
    return _html(_found_page(institution, found, ZoneInfo(work.setting("time_zone"))))


def _found_page(institution: str, found: Verified, zone: ZoneInfo) -> bytes:
    official = "" if found.official else "Unofficial "
    title = TITLES.get(found.document, found.document.capitalize())
    facts = [("Document", f"{official}{title}".capitalize() if official else title)]
    if found.serial:
        facts.append(("Serial", found.serial))
    facts += [
        ("Name", found.student.name),
        ("Registration no.", found.student.reg_no),
        ("Program", found.program),
    ]
    if found.document != "bonafide":  # a letter tells no result
        facts += [("CGPA", found.cgpa or "-"), ("Credits earned", found.credits or "-")]
    facts.append(("Issued", f"{found.issued_at:%Y-%m-%d}"))
    if found.valid_until is not None and found.official:
        facts.append(("Valid until", day_in_words(found.valid_until.astimezone(zone).date())))
    elif found.valid_until is not None:
        facts.append(("Code valid until", f"{found.valid_until:%Y-%m-%d %H:%M} UTC"))
    word = found.status.upper() if found.official else f"{found.status.upper()}, UNOFFICIAL"
    return web_page.verdict_page(
        institution,
        tone=TONES[found.status] if found.official or found.status != "valid" else web_page.WARN,
        word=word,
        in_words=_after_colon(found.in_words),
        demo=found.demo,
        facts=facts,
        courses=[
            (course.term, course.code, course.title, course.credits, course.grade) for course in found.courses
        ],
    )


def ask_page(work: Work, query: AskedCode) -> File:
    """The page that asks for a code or a file."""
    code = (query.code or "").strip()
    if code:
        place = code.upper().rfind("/V/")
        return verification_page(work, code[place + 3 :] if place >= 0 else code)
    return _html(web_page.ask_page(work.setting("institution")))


@operation(None, "transcripts.verify_file")
def verify_file_page(work: Work, command: VerifyFile) -> File:
    """Judge a PDF and answer with a page."""
    institution = work.setting("institution")
    if not command.file:
        return _html(web_page.ask_page(institution, "Choose a file first."), 400)
    found: FileVerdict = judge_in_register(work, command.file)
    facts = []
    if found.serial and found.student:
        facts = [
            ("Serial", found.serial),
            ("Name", found.student.name),
            ("Registration no.", found.student.reg_no),
            ("Program", found.program or "-"),
        ]
        if found.document != "bonafide":
            facts.append(("CGPA", found.cgpa or "-"))
        if found.valid_until is not None:
            facts.append(("Valid until", day_in_words(found.valid_until)))
    word = found.verdict.replace("_", " ").upper()
    expired = found.verdict == "genuine" and found.expired
    return _html(
        web_page.verdict_page(
            institution,
            tone=web_page.WARN if expired else FILE_TONES[found.verdict],
            word=f"{word}, EXPIRED" if expired else word,
            in_words=_after_colon(found.in_words),
            demo=found.demo,
            facts=facts,
            faults=found.faults,
        )
    )
