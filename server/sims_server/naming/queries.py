"""Every SELECT of corrections of names."""

from __future__ import annotations

from typing import Any

import msgspec

from sims_server.kernel.http import File
from sims_server.kernel.paging import Filter, Listing
from sims_server.kernel.work import Work
from sims_server.people.queries import OF_PERSON, search_of_students
from sims_shared.naming import NameCorrectionView, NameStatus, OldNamePaper
from sims_shared.problems import NotFound
from sims_shared.values import Person

# What is sealed says the name in its own words; a document of the record that was merged is the person's too.
_PAPERS = (
    "(SELECT coalesce(jsonb_agg(jsonb_build_object('serial', d.serial, 'document', d.document, "
    "'issued_at', d.issued_at) ORDER BY d.id), '[]') FROM issued_document d "
    "WHERE d.student_id = ANY (same_person(c.student_id)) AND document_status(d.id) = 'valid' "
    "AND d.content::jsonb #>> '{holder,name}' = c.from_name)"
)


def _shape(row: dict[str, Any]) -> dict[str, Any]:
    for act in ("requested", "decided"):
        name = row.pop(f"{act}_name")
        row[f"{act}_by"] = None if row[f"{act}_by"] is None else Person(row[f"{act}_by"], name)
    row["documents"] = msgspec.convert(row["documents"], list[OldNamePaper])
    return row


CORRECTIONS = Listing(
    entity="name_correction",
    columns={
        **{
            name: f"c.{name}"
            for name in (
                *("id", "student_id", "from_name", "name", "name_native", "status", "reason", "size"),
                *("requested_by", "requested_at", "decided_by", "decided_at", "decision_reason"),
            )
        },
        "evidence": "c.file_name",
        "reg_no": (
            "(SELECT r.reg_no FROM registration r WHERE r.student_id = c.student_id "
            "ORDER BY r.is_current DESC, r.id DESC LIMIT 1)"
        ),
        "documents": _PAPERS,
        "requested_name": "a.name",
        "decided_name": "b.name",
    },
    source=(
        "name_correction c JOIN account a ON a.id = c.requested_by LEFT JOIN account b ON b.id = c.decided_by"
    ),
    key="c.id",
    filters={
        "status": Filter("c.status = {}", NameStatus),
        "student_id": Filter(OF_PERSON.format("c.student_id"), int),
    },
    search=search_of_students("c.student_id", wider=True),
    default_order="-id",
    shape=_shape,
)


def get_correction(work: Work, id: int) -> NameCorrectionView:
    """One correction of a name."""
    row = CORRECTIONS.one(work, id)
    if row is None:
        raise NotFound
    return NameCorrectionView(**row)


def access_correction(work: Work, id: int) -> None:
    """Lock a correction and its student, the student first as everybody does. Raises NotFound."""
    student_id = work.value("SELECT student_id FROM name_correction WHERE id = %(id)s", id=id)
    if student_id is None:
        raise NotFound
    work.row("SELECT id FROM student WHERE id = %(id)s FOR NO KEY UPDATE", id=student_id)
    work.row("SELECT id FROM name_correction WHERE id = %(id)s FOR NO KEY UPDATE", id=id)


def name_of(work: Work, student_id: int) -> str:
    found: str = work.value("SELECT name FROM student WHERE id = %(id)s", id=student_id)
    return found


def open_evidence(work: Work, id: int) -> File:
    """What proves the name, as it was filed; nothing opens it by itself."""
    row = work.row(
        "SELECT c.file_name, f.content FROM name_correction c JOIN evidence_file f ON f.sha256 = c.sha256 "
        "WHERE c.id = %(id)s",
        id=id,
    )
    if row is None:
        raise NotFound
    return File(
        bytes(row["content"]),
        "application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="{row["file_name"]}"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )
