"""What happens to a sealed document: its sheets are printed or spoiled, or it is revoked."""

from __future__ import annotations

from sims_server.audit.operations import disclose
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.transcripts import queries
from sims_server.transcripts.model import issued_document_status, printed_sheet
from sims_shared.access import Permission
from sims_shared.problems import Fault, InvalidInput
from sims_shared.transcripts import (
    AlreadyRevoked,
    DocumentNotValid,
    IssuedDocumentDetail,
    PrintTranscript,
    ReasonNeeded,
    RevokeTranscript,
)


@operation(Permission.PRINT_TRANSCRIPT, "transcripts.print")
def print_transcript(work: Work, command: PrintTranscript) -> IssuedDocumentDetail:
    """Write printed or spoiled sheets into the custody ledger."""
    document = queries.access_document(work, command.serial)
    # One clerk at a time for one document: "was it printed before?" must stay true until commit.
    work.run(
        "SELECT pg_advisory_xact_lock(hashtext('issued_document'), %(id)s::int)", id=document["id"] % 2**31
    )
    reason = (command.reason or "").strip()
    if len(set(command.stock_numbers)) != len(command.stock_numbers):
        raise InvalidInput(
            "A sheet is named twice.",
            errors=[Fault("/stock_numbers", "duplicate", "A sheet is named twice.")],
        )
    if command.outcome == "spoiled" and not reason:
        raise ReasonNeeded("Say what spoiled the sheet.")
    if command.outcome == "printed":
        if document["status"] != "valid":
            raise DocumentNotValid(f"{document['serial']} is {document['status']}; issue a new document.")
        sheets = queries.printed_sheets(work, document["id"])
        spoiled = {sheet["stock_number"] for sheet in sheets if sheet["outcome"] == "spoiled"}
        good = [
            sheet
            for sheet in sheets
            if sheet["outcome"] == "printed"
            and (sheet["stock_number"] is None or sheet["stock_number"] not in spoiled)
        ]
        if good and not reason:
            raise ReasonNeeded("It was printed before; say why it is printed again.")
    unnumbered: list[str | None] = [None]
    for stock_number in command.stock_numbers or unnumbered:
        work.insert(
            printed_sheet,
            {
                "document_id": document["id"],
                "stock_number": stock_number,
                "printer": command.printer,
                "outcome": command.outcome,
                "reason": reason,
                "by_account_id": work.caller.id,
            },
        )
    disclose(work, document["student_id"], f"print of {document['serial']}: {command.outcome}", "printed")
    return queries.get_document(work, command.serial)


@operation(Permission.REVOKE_TRANSCRIPT, "transcripts.revoke")
def revoke_transcript(work: Work, command: RevokeTranscript) -> IssuedDocumentDetail:
    """Withdraw a document for ever."""
    document = queries.access_document(work, command.serial)
    if document["status"] == "revoked":
        raise AlreadyRevoked(f"{document['serial']} was revoked before.")
    work.insert(
        issued_document_status,
        {
            "document_id": document["id"],
            "status": "revoked",
            "reason": command.reason,
            "by_account_id": work.caller.id,
        },
    )
    return queries.get_document(work, command.serial)
