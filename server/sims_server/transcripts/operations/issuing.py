"""Issuing: holds, differences, content, seal, register, in one transaction.

The serial is taken from a series without gaps, so two issues of one kind wait for each other; a seal
takes some thirty milliseconds. The rule a newcomer would get wrong: the register keeps the very bytes
that were sealed, because a PDF drawn again tomorrow is another document.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from msgspec import structs

from sims_server.audit.operations import seal_after_commit
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.sealing.documents import content_bytes, content_hash
from sims_server.sealing.drawing import draw_document
from sims_server.sealing.lettering import LetteringMissing
from sims_server.sealing.symbol import make_code
from sims_server.transcripts import queries, rules
from sims_server.transcripts.model import (
    issued_document,
    issued_document_file,
    issued_document_status,
    printed_sheet,
)
from sims_server.transcripts.operations.keys import keyring_of, sealer_of
from sims_shared.access import Permission
from sims_shared.problems import Fault, InvalidInput
from sims_shared.transcripts import (
    DOCUMENTS,
    DocumentUnknown,
    Issued,
    IssuedCopy,
    IssueTranscript,
    NameUnprintable,
    NotComplete,
    NotEnrolled,
    NothingToPrint,
    NotReplaceable,
    TranscriptDiffers,
    TranscriptHeld,
)


@operation(Permission.ISSUE_TRANSCRIPT, "transcripts.issue")
def issue_transcript(work: Work, command: IssueTranscript) -> Issued:
    """Seal a document and enter it in the register."""
    seal_after_commit(work)
    return seal_document(work, command)


def seal_document(work: Work, command: IssueTranscript, job_id: int | None = None) -> Issued:
    """The same, for jobs too: `job_id` marks what a background run issued."""
    record = queries.read_record(work, command.student_id, command.registration_id)
    _check_command(command)
    remark = check_holds(work, command.student_id)
    semester = None
    if command.document == "bonafide":
        semester = check_enrolled(work, record)
        printed = []  # a letter prints no result, so none of them can stop it
    else:
        printed = queries.printed_otherwise(work, command.student_id)
    lawful, unlawful = rules.judge_differences(printed)
    if unlawful:
        raise TranscriptDiffers(
            "; ".join(
                f"{d.course} ({d.term}): {d.serial} printed {d.before}, now {d.after}" for d in unlawful
            ),
            differences=unlawful,
        )
    if command.document == "provisional" and record.status not in rules.COMPLETE:
        raise NotComplete("A provisional certificate needs a registration whose program is complete.")
    ring = keyring_of(work)
    command = _of_an_examination(record, command)
    standing = _replaced(work, record, command)
    copies = [
        _seal_copy(
            *(work, command, record, semester, ring, number, remark),
            standing[0]["serial"] if standing else None,
            job_id,
        )
        for number in range(1, command.copies + 1)
    ]
    for replaced in standing:
        work.insert(
            issued_document_status,
            {
                "document_id": replaced["id"],
                "status": "superseded",
                "reason": f"{command.kind} issued as {copies[0].serial}",
                "by_account_id": work.caller.id,
            },
        )
    first = copies[0]
    return Issued(
        serial=first.serial,
        verify_url=first.verify_url,
        issued_at=work.now,
        sha256=first.sha256,
        copies=copies,
        differences=lawful,
    )


def _of_an_examination(record: rules.Record, command: IssueTranscript) -> IssueTranscript:
    """A marks certificate is of the latest examination where none is named; the register says of which."""
    if command.document != "dmc":
        return command
    try:
        line = rules.examination_of(record, command.term_id)
    except LookupError as failure:
        raise NothingToPrint(str(failure).capitalize() + ".") from failure
    return structs.replace(command, term_id=line.term_id)


def _replaced(work: Work, record: rules.Record, command: IssueTranscript) -> Sequence[dict[str, Any]]:
    """What the new document supersedes. Refuses one that is not there to be replaced."""
    if command.kind == "original" and command.replaces is not None:
        detail = "Only a duplicate or a corrected document replaces another."
        raise InvalidInput(detail, errors=[Fault("/replaces", "invalid", detail)])
    if command.kind == "original":
        return []
    # Of two clerks who replace the same one, the second must read what the first did.
    work.run(
        "SELECT pg_advisory_xact_lock(hashtext('issued_document.replaced'), %(id)s::int)",
        id=record.registration_id % 2**31,
    )
    standing = queries.standing_documents(work, record.registration_id, command.document, command.term_id)
    try:
        return rules.replaced_by(
            command.kind,
            command.document,
            standing,
            named=command.replaces,
            purpose=command.purpose,
            addressee=command.addressee,
        )
    except LookupError as failure:
        raise NotReplaceable(
            f"{command.replaces} is no valid document of this kind that this registration holds."
        ) from failure


def check_enrolled(work: Work, record: rules.Record) -> rules.Semester | None:
    """Refuses a letter where nobody is enrolled; otherwise the semester it says, where one is known."""
    refusal = rules.why_no_letter(record)
    if refusal:
        raise NotEnrolled(refusal, status_now=record.status)
    return queries.read_semester(work, record.registration_id)


def _check_command(command: IssueTranscript) -> None:
    if rules.series_of(command.document) is None:
        raise DocumentUnknown(f"“{command.document}” is not one of {', '.join(DOCUMENTS)}.")
    faulty = rules.stock_faults(command.stock_numbers, command.copies)
    if faulty is not None:
        raise InvalidInput(faulty, errors=[Fault("/stock_numbers", "invalid", faulty)])


def check_holds(work: Work, student_id: int) -> str:
    """Refuses while a hold blocks transcripts; the words to print where one only marks them."""
    holds = queries.transcript_holds(work, student_id)
    blocking = [hold for hold in holds if hold["effect"] == "block"]
    if blocking:
        raise TranscriptHeld("; ".join(_in_words(hold) for hold in blocking), holds=blocking)
    marked = [hold for hold in holds if hold["effect"] == "watermark"]
    return "Issued while a hold is open: " + ", ".join(hold["kind"] for hold in marked) if marked else ""


def _in_words(hold: dict[str, Any]) -> str:
    amount = f" of {hold['amount']:,.2f}" if hold["amount"] is not None else ""
    contact = f" See: {hold['contact']}." if hold["contact"] else ""
    return f"{hold['kind'].capitalize()} hold{amount}: {hold['reason']}.{contact} Lifted by: {hold['role']}."


def _seal_copy(
    work: Work,
    command: IssueTranscript,
    record: rules.Record,
    semester: rules.Semester | None,
    ring: Any,
    number: int,
    remark: str,
    replaces: str | None,
    job_id: int | None,
) -> IssuedCopy:
    series = DOCUMENTS[command.document]
    serial = rules.serial_of(series, work.today.year, work.take_number(series, work.today.year))
    index = work.take_number("status_index", 0)
    demo = ring.demo or queries.is_demo(work)
    try:
        content = rules.paper(
            record,
            queries.read_issuer(work, ring.issuer, command.document),
            document=command.document,
            serial=serial,
            status_index=index,
            issued_on=work.today,
            demo=demo,
            kind=command.kind,
            copy=number,
            copies=command.copies,
            replaces=replaces,
            purpose=command.purpose,
            addressee=command.addressee or "",
            remark=remark,
            term_id=command.term_id,
            semester=semester,
        )
    except LookupError as failure:
        raise NothingToPrint(str(failure).capitalize() + ".") from failure
    code_key = ring.current("code", work.today)
    sealer = sealer_of(ring, work.today)
    code = make_code(content, code_key, work.setting("public_url"))
    data = content_bytes(content)
    try:
        drawn = draw_document(content, code)
    except LetteringMissing as missing:
        raise NameUnprintable(
            f"No installed typeface has the letters {missing.letters}: install their script's font package."
        ) from missing
    pdf = sealer.seal(drawn, data, code.address, work.now, content.issuer.name)
    digest = hashlib.sha256(pdf).hexdigest()
    document_id = work.insert(
        issued_document,
        {
            "serial": serial,
            "status_index": index,
            "student_id": record.student_id,
            "registration_id": record.registration_id,
            "term_id": command.term_id,
            "document": command.document,
            "kind": command.kind,
            "copy_number": number,
            "copies": command.copies,
            "purpose": command.purpose,
            "addressee": command.addressee,
            "content": data.decode(),
            "content_sha256": content_hash(data).hex(),
            "sha256": digest,
            "qr_text": code.address,
            "check_code": code.check,
            "verify_url": code.address,
            "pdf_key_id": sealer.key.id,
            "qr_key_id": code_key.id,
            "demo": demo,
            "issued_at": work.now,
            "issued_by": work.caller.id,
            "job_id": job_id,
        },
    )
    work.insert(issued_document_file, {"document_id": document_id, "pdf": pdf}, returning="document_id")
    rows = rules.results_on(record, command.document, command.term_id)
    if rows:
        work.run(
            "INSERT INTO issued_document_result (document_id, result_id, total, grade) "
            "SELECT %(document)s, u.result, u.total, u.grade "
            "FROM unnest(%(results)s::bigint[], %(totals)s::text[], %(grades)s::text[]) "
            "AS u (result, total, grade)",
            document=document_id,
            results=[row.result_id for row in rows],
            totals=[rules.printed_total(row.total) for row in rows],
            grades=[row.grade for row in rows],
        )
    if command.stock_numbers:
        work.insert(
            printed_sheet,
            {
                "document_id": document_id,
                "stock_number": command.stock_numbers[number - 1],
                "outcome": "bound",
                "by_account_id": work.caller.id,
            },
        )
    return IssuedCopy(serial=serial, verify_url=code.address, sha256=digest)
