"""Verifying for strangers: a scanned code, a typed serial with its check code, a file.

Nobody signs in here, so an answer gives only what the holder of the document can read anyway, and a
serial alone opens nothing. A wrong check code and an unknown serial get the same answer.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from sims_server.kernel.execute import operation
from sims_server.kernel.http import File
from sims_server.kernel.work import Work
from sims_server.sealing.documents import Content, read_content
from sims_server.sealing.keys import KeysLocked, NoKeys
from sims_server.sealing.status import make_status_list
from sims_server.transcripts import queries
from sims_server.transcripts.operations.keys import find_keyring, issuer_id
from sims_shared import transcripts as shared
from sims_shared.seal import Judgment, Trust, Verdict, judge_file, with_status, with_validity
from sims_shared.seal.content import CHECK_LETTERS, SignedContent, read_token
from sims_shared.seal.content import TokenMalformed as CodeMalformed
from sims_shared.seal.judgment import day_in_words
from sims_shared.seal.keys import KeyDocument
from sims_shared.seal.statuses import Status
from sims_shared.transcripts import (
    CourseOnPaper,
    FileVerdict,
    StudentOnPaper,
    TokenMalformed,
    TranscriptUnknown,
    Verified,
    VerifyFile,
)

SHORT = re.compile(r"([A-Z0-9-]{3,60})\.([A-Z0-9]{8,16})\Z")
COPY = re.compile(r"[A-Z2-7]{24}\Z")
LONGEST = 4296  # letters that the largest symbol holds
# A person who types reads O for 0 and I or L for 1.
TYPED = str.maketrans("OIL", "011")
WORDS = {
    "valid": "VALID: we issued this document and it stands.",
    "superseded": "SUPERSEDED: we issued this document and have replaced it since. Ask for the newer one.",
    "revoked": "REVOKED: we issued this document and have withdrawn it since.",
    "expired": "EXPIRED: an unofficial copy of ours whose 48 hours are over. Ask for a sealed document.",
}
_STATUS = {"valid": Status.VALID, "superseded": Status.SUPERSEDED, "revoked": Status.REVOKED}


def key_document(work: Work) -> KeyDocument:
    """What is published of the keys; without keys an institution with none."""
    try:
        ring = find_keyring(work.data)
    except KeysLocked:
        ring = None
    public_url = str(work.setting("public_url"))
    if ring is None:
        institution = work.setting("institution")
        return KeyDocument(
            issuer=issuer_id(institution), institution=institution, public_url=public_url, keys=[]
        )
    return ring.key_document(public_url)


def trust_of(work: Work) -> Trust:
    return Trust([key_document(work)])


def read_key_document(work: Work) -> File:
    """The public keys with their validity periods."""
    return File(msgspec.json.encode(key_document(work)), "application/json")


def read_status_list(work: Work) -> File:
    """The signed status list."""
    try:
        ring = find_keyring(work.data)
        if ring is None:
            raise NoKeys("no keys")
        key = ring.current("status", work.today)
    except (NoKeys, KeysLocked) as failure:
        raise shared.NoKeys("There is no key to sign a status list with.") from failure
    data = make_status_list(ring.issuer, work.now, queries.statuses(work), key)
    return File(data, "application/cbor", headers={"Cache-Control": "public, max-age=300"})


def verify_token(work: Work, token: str) -> Verified:
    """Judge a scanned code, a serial with its check code, or the token of an unofficial copy."""
    folded = token.strip().upper()
    if len(folded) > LONGEST:
        raise TokenMalformed
    if COPY.fullmatch(folded):
        return _verify_copy(work, folded)
    short = SHORT.fullmatch(folded)
    if short is not None:
        row = queries.find_by_serial(work, short.group(1))
        typed = short.group(2).translate(TYPED)
        if set(typed) - set(CHECK_LETTERS) and row is None:
            raise TranscriptUnknown
        if row is None or not secrets.compare_digest(row["check_code"].encode(), typed.encode()):
            raise TranscriptUnknown
        return _verified(work, row)
    try:
        message, code = read_token(folded)
    except CodeMalformed as malformed:
        raise TokenMalformed from malformed
    return _verify_code(work, folded, message.key_id, code, message)


def _verify_code(work: Work, token: str, key_id: str, code: SignedContent, message: Any) -> Verified:
    known = trust_of(work).find_key(code.issuer, key_id, "code")
    if known is None or not message.is_signed_by(known[1].raw()):
        raise TranscriptUnknown("It is not signed by us.")
    row = queries.find_by_serial(work, code.serial)
    if row is None or not row["qr_text"].endswith("/V/" + token):
        raise TranscriptUnknown("It is signed by us, but not in the register.")
    return _verified(work, row)


def _courses(content: Content) -> list[CourseOnPaper]:
    found = [
        CourseOnPaper(code=row.code, title=row.title, credits=row.credits, grade=row.grade, term=term.name)
        for term in content.terms
        for row in term.rows
    ]
    if content.marks:
        found += [
            CourseOnPaper(
                code=row.code,
                title=row.title,
                credits=row.credits,
                grade=row.grade,
                term=content.marks.examination,
            )
            for row in content.marks.rows
        ]
    return found


def _facts(content: Content) -> dict[str, Any]:
    summary = content.summary
    return {
        "document": content.document,
        "demo": content.demo,
        "student": StudentOnPaper(name=content.holder.name, reg_no=content.registration.reg_no),
        "program": content.registration.program,
        "cgpa": summary.cgpa if summary else content.marks.cgpa if content.marks else None,
        "credits": summary.earned if summary else None,
        "courses": _courses(content),
    }


def _verified(work: Work, row: dict[str, Any]) -> Verified:
    content = read_content(row["content"].encode())
    status, words, until, last_day = row["status"], WORDS[row["status"]], None, content.last_day()
    if last_day is not None:
        zone = ZoneInfo(work.setting("time_zone"))
        until = datetime.combine(last_day, time(23, 59, 59), zone).astimezone(UTC)
        if status == "valid" and work.today > last_day:
            status = "expired"
            words = f"EXPIRED: genuine; valid until {day_in_words(last_day)}, which has passed."
        elif status == "valid":
            words = f"{words} Valid until {day_in_words(last_day)}."
    return Verified(
        status=status,
        in_words=words,
        valid_until=until,
        official=True,
        serial=row["serial"],
        issued_at=row["issued_at"],
        sha256=row["sha256"],
        **_facts(content),
    )


def _verify_copy(work: Work, token: str) -> Verified:
    row = queries.find_copy(work, token)
    if row is None:
        raise TranscriptUnknown("There is no such copy, or its time is long over.")
    status = "expired" if row["expires_at"] <= work.now else "valid"
    words = (
        WORDS["expired"]
        if status == "expired"
        else "VALID, UNOFFICIAL: our record said so when this copy was made. It is not sealed."
    )
    return Verified(
        status="expired" if status == "expired" else "valid",
        in_words=words,
        official=False,
        serial=None,
        issued_at=row["created_at"],
        sha256=row["sha256"],
        valid_until=row["expires_at"],
        **_facts(read_content(row["content"].encode())),
    )


@operation(None, "transcripts.verify_file")
def verify_file(work: Work, command: VerifyFile) -> FileVerdict:
    """Judge a PDF: genuine, superseded, revoked, altered, forged, unknown key or foreign."""
    return judge_in_register(work, command.file)


def judge_in_register(work: Work, data: bytes) -> FileVerdict:
    """The judgment of a file's bytes, with what the register knows of it at this moment."""
    judgment = judge_file(data, trust_of(work))
    if judgment.verdict is not Verdict.GENUINE:
        return _file_verdict(judgment)
    row = queries.find_by_file(work, hashlib.sha256(data).hexdigest())
    if row is None:
        # Sealed with our key and yet never issued by us: a key in wrong hands.
        judgment = Judgment(
            verdict=Verdict.FORGED,
            in_words="FORGED: the seal is made with our key, but we never issued this file.",
            faults=["the file is not in the register"],
            list_age=0,
            sha256=judgment.sha256,
        )
        return _file_verdict(judgment)
    judgment.list_age = 0
    with_validity(judgment, work.today)
    return _file_verdict(with_status(judgment, _STATUS[row["status"]]))


def _file_verdict(judgment: Judgment) -> FileVerdict:
    student = None
    if judgment.name is not None and judgment.reg_no is not None:
        student = StudentOnPaper(name=judgment.name, reg_no=judgment.reg_no)
    return FileVerdict(
        verdict=judgment.verdict.value,
        in_words=judgment.in_words,
        list_age=judgment.list_age,
        faults=judgment.faults,
        demo=judgment.demo,
        serial=judgment.serial,
        document=judgment.document,
        student=student,
        program=judgment.program,
        cgpa=judgment.cgpa,
        sha256=judgment.sha256,
        valid_until=judgment.valid_until,
        expired=judgment.expired,
    )
