"""Evidence: files kept with a case, by what they are."""

from __future__ import annotations

import hashlib

from sims_server.cases.model import case_evidence
from sims_server.cases.queries import get_evidence, see_case
from sims_server.cases.rules import check_evidence, media_type_of, plain_name
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.cases import (
    EVIDENCE_FILES,
    CaseWrongState,
    EvidenceFiled,
    EvidenceInvalid,
    EvidenceView,
    FileEvidence,
)
from sims_shared.problems import Fault, InvalidInput


@operation(Permission.OPEN_CASE, "cases.file_evidence")
def file_evidence(work: Work, command: FileEvidence) -> EvidenceView:
    """File a document with a case that is not decided. A student files with the own request."""
    about = see_case(work, command.id)
    if about["state"] not in ("requested", "proposed"):
        raise CaseWrongState(f"The case is {about['state']}.")
    check_evidence(command.file)
    if len(command.note) > 2000:
        detail = "A note has 2,000 characters at most."
        raise InvalidInput(detail, errors=[Fault("/note", "length", detail)])
    sha256 = hashlib.sha256(command.file).hexdigest()
    filed = work.row(
        "SELECT count(*) AS files, coalesce(bool_or(sha256 = %(sha256)s), false) AS known "
        "FROM case_evidence WHERE case_id = %(id)s",
        id=command.id,
        sha256=sha256,
    )
    assert filed is not None
    if filed["known"]:
        raise EvidenceFiled
    if filed["files"] >= EVIDENCE_FILES:
        raise EvidenceInvalid(f"A case keeps {EVIDENCE_FILES} files at most.")
    work.run(
        "INSERT INTO evidence_file (sha256, content) VALUES (%(sha256)s, %(content)s) ON CONFLICT DO NOTHING",
        sha256=sha256,
        content=command.file,
    )
    id: int = work.insert(
        case_evidence,
        {
            "case_id": command.id,
            "sha256": sha256,
            "name": plain_name(command.file_name),
            "media_type": media_type_of(command.file),
            "size": len(command.file),
            "note": command.note.strip(),
            "filed_by": work.caller.id,
            "filed_at": work.now,
        },
    )
    return get_evidence(work, command.id, id)
