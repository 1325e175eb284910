"""Evidence: files kept with a case or with a change that was asked for, by what they are."""

from __future__ import annotations

import hashlib

from sqlalchemy import Table

from sims_server.cases.model import case_evidence, change_evidence
from sims_server.cases.queries import get_filed, see_case
from sims_server.cases.rules import check_evidence, media_type_of, plain_name
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.results.queries.changes import get_change
from sims_shared.access import Permission
from sims_shared.cases import (
    EVIDENCE_FILES,
    CaseWrongState,
    ChangeEvidenceView,
    EvidenceFiled,
    EvidenceInvalid,
    EvidenceView,
    FileChangeEvidence,
    FileEvidence,
)
from sims_shared.problems import Fault, InvalidInput


@operation(Permission.OPEN_CASE, "cases.file_evidence")
def file_evidence(work: Work, command: FileEvidence) -> EvidenceView:
    """File a document with a case that is not decided. A student files with the own request."""
    about = see_case(work, command.id)
    if about["state"] not in ("requested", "proposed"):
        raise CaseWrongState(f"The case is {about['state']}.")
    return get_filed(work, EvidenceView, command.id, _file(work, case_evidence, "case_id", command))


@operation(Permission.REQUEST_CHANGE, "results.file_evidence")
def file_change_evidence(work: Work, command: FileChangeEvidence) -> ChangeEvidenceView:
    """File a scan or a letter with a change of marks that waits for its decision."""
    change = get_change(work, command.id)
    if change.status != "pending":
        raise CaseWrongState(f"The change is {change.status}.")
    filed = _file(work, change_evidence, "change_id", command)
    return get_filed(work, ChangeEvidenceView, command.id, filed)


def keep_file(work: Work, content: bytes) -> str:
    """The digest under which it is kept from now on, once however often it is filed. Raises
    EvidenceInvalid."""
    check_evidence(content)
    sha256 = hashlib.sha256(content).hexdigest()
    work.run(
        "INSERT INTO evidence_file (sha256, content) VALUES (%(sha256)s, %(content)s) ON CONFLICT DO NOTHING",
        sha256=sha256,
        content=content,
    )
    return sha256


def name_of_file(name: str) -> str:
    """As it may stand in a header and in a list."""
    return plain_name(name)


def _file(work: Work, table: Table, names: str, command: FileEvidence) -> int:
    """Raises EvidenceInvalid, EvidenceFiled, or InvalidInput for a note that is too long."""
    check_evidence(command.file)
    if len(command.note) > 2000:
        detail = "A note has 2,000 characters at most."
        raise InvalidInput(detail, errors=[Fault("/note", "length", detail)])
    sha256 = hashlib.sha256(command.file).hexdigest()
    filed = work.row(
        "SELECT count(*) AS files, coalesce(bool_or(sha256 = %(sha256)s), false) AS known "
        f"FROM {table.name} WHERE {names} = %(id)s",
        id=command.id,
        sha256=sha256,
    )
    assert filed is not None
    if filed["known"]:
        raise EvidenceFiled
    if filed["files"] >= EVIDENCE_FILES:
        raise EvidenceInvalid(f"{EVIDENCE_FILES} files are kept at most.")
    keep_file(work, command.file)
    id: int = work.insert(
        table,
        {
            names: command.id,
            "sha256": sha256,
            "name": name_of_file(command.file_name),
            "media_type": media_type_of(command.file),
            "size": len(command.file),
            "note": command.note.strip(),
            "filed_by": work.caller.id,
            "filed_at": work.now,
        },
    )
    return id
