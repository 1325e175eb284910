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
from sims_server.transcripts.operations.keys import issuer_id
from sims_shared.transcripts import NameUnprintable

VALID_FOR = timedelta(hours=48)
TOKEN_BYTES = 15  # 120 bits, 24 letters


class Copy(NamedTuple):
    """An unofficial copy: its PDF, its token, until when it verifies, and the student's mail address."""

    pdf: bytes
    token: str
    expires_at: datetime
    email: str | None


def make_copy(work: Work, student_id: int) -> Copy:
    """Draws the copy and remembers its token."""
    record = queries.read_record(work, student_id)
    content: Content = rules.without_seal(
        rules.paper(
            record,
            queries.read_issuer(work, issuer_id(work.setting("institution"))),
            document="transcript",
            serial="UNOFFICIAL",
            status_index=0,
            issued_on=work.today,
            demo=queries.is_demo(work),
        )
    )
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


def copy_transcript(work: Work, student_id: int) -> File:
    """An unofficial copy of a student's transcript."""
    queries.access_own_copy(work, student_id)
    copy = make_copy(work, student_id)
    disclose(work, student_id, "unofficial transcript")
    return File(copy.pdf, "application/pdf", f"unofficial-transcript-{student_id}.pdf")
