"""The unofficial copy: the same record, marked on every page, with a token that lives 48 hours."""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sims_server.audit.operations import disclose
from sims_server.kernel.http import File
from sims_server.kernel.work import Work
from sims_server.sealing.documents import Content, content_bytes
from sims_server.sealing.drawing import Unofficial, draw_document
from sims_server.sealing.lettering import LetteringMissing
from sims_server.sealing.symbol import address_root
from sims_server.transcripts import queries, rules
from sims_server.transcripts.operations.issuing import check_enrolled
from sims_server.transcripts.operations.keys import issuer_id
from sims_shared.transcripts import CopyOf, Examination, Examinations, NameUnprintable, NothingToPrint

TRANSCRIPT = CopyOf()
VALID_FOR = timedelta(hours=48)
TOKEN_BYTES = 15  # 120 bits, 24 letters


class Copy(NamedTuple):
    """An unofficial copy: its PDF, its token, until when it verifies, and the student's mail address."""

    pdf: bytes
    token: str
    expires_at: datetime
    email: str | None


def make_copy(work: Work, student_id: int, of: CopyOf = TRANSCRIPT) -> Copy:
    """Draws the copy and remembers its token. Raises NothingToPrint, NotEnrolled."""
    record = queries.read_record(work, student_id)
    semester = check_enrolled(work, record) if of.document == "bonafide" else None
    try:
        content: Content = rules.without_seal(
            rules.paper(
                record,
                queries.read_issuer(work, issuer_id(work.setting("institution")), of.document),
                document=of.document,
                serial="UNOFFICIAL",
                status_index=0,
                issued_on=work.today,
                demo=queries.is_demo(work),
                purpose=of.purpose or "",
                addressee=of.addressee or "",
                term_id=of.term_id,
                semester=semester,
            )
        )
    except LookupError as failure:
        raise NothingToPrint(str(failure).capitalize() + ".") from failure
    token = base64.b32encode(secrets.token_bytes(TOKEN_BYTES)).decode()
    expires_at = work.now + VALID_FOR
    local = expires_at.astimezone(ZoneInfo(work.setting("time_zone")))
    address = f"{address_root(work.setting('public_url'))}/V/{token}"
    try:
        pdf = draw_document(content, None, Unofficial(address, f"{local:%Y-%m-%d %H:%M}"))
    except LetteringMissing as missing:
        raise NameUnprintable(
            f"No installed typeface has the letters {missing.letters}: install their script's font package."
        ) from missing
    data = content_bytes(content)
    work.run(
        "INSERT INTO unofficial_copy "
        "(token, student_id, registration_id, content, sha256, created_at, expires_at) "
        "VALUES (%(token)s, %(student)s, %(registration)s, %(content)s, %(sha256)s, %(now)s, %(until)s)",
        token=token,
        student=student_id,
        registration=record.registration_id,
        content=data.decode(),
        sha256=hashlib.sha256(pdf).hexdigest(),
        now=work.now,
        until=expires_at,
    )
    return Copy(pdf, token, expires_at, record.email)


def copy_transcript(work: Work, student_id: int, query: CopyOf = TRANSCRIPT) -> File:
    """An unofficial copy of a transcript, of an examination's marks certificate, or of a letter."""
    queries.access_own_copy(work, student_id)
    copy = make_copy(work, student_id, query)
    disclose(work, student_id, f"unofficial {query.document}")
    return File(copy.pdf, "application/pdf", f"unofficial-{query.document}-{student_id}.pdf")


def list_examinations(work: Work, student_id: int) -> Examinations:
    """The examinations of the current registration of which a marks certificate can be issued."""
    record = queries.read_record(work, student_id)
    issued = queries.certificates_of(work, record.registration_id)
    return Examinations(
        results=[
            Examination(term_id=line.term_id, term=line.name, sgpa=line.sgpa, serial=issued.get(line.term_id))
            for line in reversed(rules.examinations(record))
        ]
    )
