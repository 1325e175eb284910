"""Judging what is brought: a scanned code or a file, on line and off. Qt-free.

The rule a newcomer would get wrong: the judgment is made here, with pinned keys, before the server is
asked. The network adds what became of the document since, and the original to compare with; a server that
cannot be reached takes nothing from the verdict but the age of the list.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from sims_desktop.client.errors import ProblemAnswer, TryLater
from sims_desktop.counter.institutions import Institutions, KeysChanged
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import status_words, when
from sims_shared.seal import (
    Judgment,
    KeysUnreadable,
    StatusListUnreadable,
    Verdict,
    apply_status,
    judge_file,
    judge_text,
)
from sims_shared.transcripts import IssuedDocumentView, TokenMalformed, TranscriptUnknown, Verified

LARGEST_FILE = 33 << 20
_ASKED_ON_LINE = re.compile(r"(?:.*/V/)?([A-Z0-9-]{3,60}\.[A-Z0-9]{8,16}|[A-Z2-7]{24})", re.IGNORECASE)
_HEADLINE = re.compile(r"[A-Z ]{4,}: ")


class VerifyCalls(Protocol):
    """The server as the verifier needs it; raises `ClientError`s."""

    def key_document(self) -> bytes: ...

    def status_list(self) -> bytes: ...

    def verify_token(self, token: str) -> Verified: ...

    def find_document(self, serial: str) -> IssuedDocumentView | None: ...

    def sealed_file(self, serial: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Finding:
    """What the clerk reads: one word, one sentence, then the facts that the seal vouches for. `courses`
    are code, credits, grade. `is_good`: it may be relied upon. `original` is the register's own file."""

    verdict: str
    in_words: str
    is_good: bool
    facts: Sequence[tuple[str, str]] = ()
    courses: Sequence[tuple[str, str, str]] = ()
    faults: Sequence[str] = ()
    serial: str = ""
    sha256: str = ""
    content_sha256: str = ""
    original: bytes | None = None
    about_original: str = ""


@dataclass(slots=True)
class Question:
    """A code as scanned, or a file's bytes."""

    text: str = ""
    data: bytes = field(default=b"", repr=False)

    @property
    def token(self) -> str:
        """What only the server can judge: a serial with its check code, an unofficial copy's token."""
        found = _ASKED_ON_LINE.fullmatch(self.text.strip())
        return found.group(1) if found else ""


VERDICTS = {
    Verdict.GENUINE: later("GENUINE"),
    Verdict.SUPERSEDED: later("SUPERSEDED"),
    Verdict.REVOKED: later("REVOKED"),
    Verdict.ALTERED: later("ALTERED"),
    Verdict.FORGED: later("FORGED"),
    Verdict.UNKNOWN_KEY: later("UNKNOWN KEY"),
    Verdict.FOREIGN: later("FOREIGN"),
}
STATES = {
    "expired": later("EXPIRED"),
    "superseded": VERDICTS[Verdict.SUPERSEDED],
    "revoked": VERDICTS[Verdict.REVOKED],
}
COMPARE = later("Compare the paper with these facts.")
NOTHING_PINNED = later("No keys are at hand on this computer yet; connect once and they are kept.")


class Verifier:
    """`judge` needs no network; `ask` adds what only the server knows. Both off the window's thread."""

    def __init__(self, calls: VerifyCalls, institutions: Institutions) -> None:
        self._calls = calls
        self._institutions = institutions
        self.trouble = ""

    def refresh(self) -> bool:
        """Keys and status list anew; False when the server cannot be reached. What was refused is in
        `trouble`."""
        self.trouble = ""
        try:
            self._institutions.pin(self._calls.key_document())
            self._institutions.keep_list(self._calls.status_list())
        except TryLater:
            return False
        except (KeysChanged, KeysUnreadable, StatusListUnreadable) as refused:
            self.trouble = str(refused)
        except ProblemAnswer as refused:
            self.trouble = refused.detail or refused.title
        return True

    def judge(self, question: Question, now: datetime) -> Finding:
        """With what is pinned here."""
        if question.token:
            return Finding(
                phrase("NOT JUDGED"),
                phrase(
                    "A serial with its check code, or the code of an unofficial copy, is judged on line only."
                ),
                False,
            )
        trust, lists = self._institutions.read()
        if question.data:
            if len(question.data) > LARGEST_FILE:
                return Finding(
                    phrase("FOREIGN"), phrase("The file is too large to be one of these documents."), False
                )
            judgment = judge_file(question.data, trust)
        else:
            judgment = judge_text(question.text.strip(), trust)
        finding = _finding_of(apply_status(judgment, lists, now))
        if not question.data and judgment.verdict is Verdict.GENUINE:
            finding = replace(finding, in_words=f"{finding.in_words} {phrase(COMPARE)}")
        if judgment.verdict is Verdict.UNKNOWN_KEY and not trust.documents:
            finding = replace(finding, in_words=f"{finding.in_words} {phrase(NOTHING_PINNED)}")
        return finding

    def ask(self, question: Question, here: Finding, now: datetime) -> Finding:
        """The same question with fresh keys and list, and the original beside it. `here` stands when the
        server cannot be reached."""
        if question.token:
            return self._ask_by_token(question.token, now)
        if not self.refresh():
            return here
        finding = self.judge(question, now)
        if self.trouble:
            finding = replace(finding, faults=[*finding.faults, self.trouble])
        return self._with_original(finding)

    def _ask_by_token(self, token: str, now: datetime) -> Finding:
        try:
            found = self._calls.verify_token(token)
        except TryLater:
            return Finding(
                phrase("NOT JUDGED"),
                phrase(
                    "Off line a serial with its check code, or an unofficial copy, cannot be judged. "
                    "Scan the large code of the sealed document, or drop its PDF."
                ),
                False,
            )
        except ProblemAnswer as refused:
            if refused.code == TranscriptUnknown.code:
                words = phrase("No such document was issued here, or the check code is not its own.")
                return Finding(phrase("UNKNOWN"), words, False)
            if refused.code == TokenMalformed.code:
                return Finding(phrase("FOREIGN"), phrase("This is not a code of this system."), False)
            raise
        return self._with_original(_finding_of_answer(found, now))

    def _with_original(self, finding: Finding) -> Finding:
        """The register's own file, where its fingerprints agree with what was brought."""
        if not finding.serial:
            return finding
        try:
            document = self._calls.find_document(finding.serial)
            if document is None:
                return finding
            same_file = not finding.sha256 or finding.sha256 == document.sha256
            same_content = not finding.content_sha256 or finding.content_sha256 == document.content_sha256
            if not (same_file and same_content):
                return finding
            original = self._calls.sealed_file(document.serial)
        except (TryLater, ProblemAnswer):  # the verdict does not depend on it
            return finding
        about = phrase(
            "The original of {serial} in the register: {status}, for “{purpose}”",
            serial=document.serial,
            status=status_words(document.status),
            purpose=document.purpose,
        )
        return replace(finding, original=original, about_original=about)


def _sentence(words: str) -> str:
    """Without the word that stands above it in large letters."""
    rest = _HEADLINE.sub("", words, count=1)
    return rest[:1].upper() + rest[1:]


def _finding_of(judgment: Judgment) -> Finding:
    facts = [
        (phrase("Name"), judgment.name),
        (phrase("Registration"), judgment.reg_no),
        (phrase("Program"), judgment.program),
        ("CGPA", judgment.cgpa),
        (phrase("Credits"), judgment.credits),
        (phrase("Serial"), judgment.serial),
        (phrase("Issued on"), str(judgment.issued_on) if judgment.issued_on else None),
        (phrase("Valid until"), str(judgment.valid_until) if judgment.valid_until else None),
        (phrase("Institution"), judgment.institution),
    ]
    word = phrase(VERDICTS[judgment.verdict])
    if judgment.verdict is Verdict.GENUINE and judgment.expired:
        word = phrase("GENUINE, EXPIRED")
    elif judgment.verdict is Verdict.GENUINE and judgment.list_stale:
        word = phrase("GENUINE, STALE LIST")
    return Finding(
        word,
        _sentence(judgment.in_words),
        judgment.verdict is Verdict.GENUINE and not judgment.list_stale and not judgment.expired,
        [(label, value) for label, value in facts if value],
        [(course.code, course.credits, course.grade) for course in judgment.courses or ()],
        list(judgment.faults),
        judgment.serial or "",
        judgment.sha256 or "",
        judgment.content_sha256 or "",
    )


def _finding_of_answer(found: Verified, now: datetime) -> Finding:
    facts = [
        (phrase("Name"), found.student.name),
        (phrase("Registration"), found.student.reg_no),
        (phrase("Program"), found.program),
        ("CGPA", found.cgpa),
        (phrase("Credits"), found.credits),
        (phrase("Serial"), found.serial),
        (phrase("Issued"), when(found.issued_at, now)),
        (phrase("Valid until"), when(found.valid_until, now) if found.valid_until else None),
    ]
    word = {"valid": phrase("GENUINE") if found.official else phrase("UNOFFICIAL COPY")}.get(
        found.status, phrase(STATES.get(found.status, found.status.upper()))
    )
    return Finding(
        word,
        f"{_sentence(found.in_words)} {phrase(COMPARE)}",
        found.status == "valid" and found.official,
        [(label, value) for label, value in facts if value],
        [(course.code, course.credits, course.grade) for course in found.courses],
        serial=found.serial or "",
        sha256="",
    )
