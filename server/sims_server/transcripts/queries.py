"""Every SELECT of transcripts. One registration's record is read in three statements, however long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from sims_server.audit.operations import disclose
from sims_server.kernel.actor import Caller
from sims_server.kernel.http import File
from sims_server.kernel.paging import Filter, Listing, Order
from sims_server.kernel.work import Work
from sims_server.people.queries import OF_PERSON
from sims_server.sealing.documents import Issuer, Notification
from sims_server.transcripts.rules import (
    OFFICES,
    Printed,
    Record,
    RecordRow,
    Semester,
    TermLine,
    printed_total,
)
from sims_shared.access import Permission
from sims_shared.policy.checking import read_policy
from sims_shared.problems import NotFound
from sims_shared.seal.statuses import Status
from sims_shared.transcripts import (
    DocumentStatus,
    IssuedDocumentDetail,
    IssuedDocumentView,
    PrintedSheetView,
    StatusChange,
    StudentOnPaper,
)
from sims_shared.values import SYSTEM, Person

_HEAD = """
SELECT s.id AS student_id, g.id AS registration_id, s.name, s.name_native, s.father_name, s.email,
       g.reg_no, g.roll_no, p.code AS program_code, p.name AS program, p.level, p.semesters,
       p.credits_required,
       g.intake, g.admitted_on, g.status, g.is_current, g.credits_earned, g.regulation_id,
       (SELECT max(o.effective_on) FROM registration_order o
         WHERE o.registration_id = g.id AND o.status IN ('completed', 'graduated')) AS completed_on
  FROM student s JOIN registration g ON g.student_id = s.id JOIN program p ON p.id = g.program_id
 WHERE s.id = %(student)s AND (g.id = %(registration)s OR (%(registration)s::bigint IS NULL AND g.is_current))
"""
_ROWS = """
SELECT r.id AS result_id, r.term_id, coalesce(x.course_code, c.code) AS course_code,
       coalesce(x.course_title, r.recorded_title, c.title) AS course_title, r.credits,
       c.credits_theory, c.credits_practical,
       coalesce(x.grading, c.grading) AS grading, r.percentage, r.total, r.grade, r.flags,
       r.grade_points AS points,
       r.outcome, coalesce(k.counts, 'counted') AS counts, r.attempt, r.source, r.heads, r.marks_obtained,
       r.marks_max, r.regulation_id,
       CASE WHEN r.source = 'transfer' THEN r.trace END AS brought,
       count(*) OVER (PARTITION BY r.course_id) AS attempts,
       u.code AS regulation_code, u.version AS regulation_version, u.policy
  FROM result r
  JOIN course c ON c.id = r.course_id
  JOIN regulation u ON u.id = r.regulation_id
  LEFT JOIN section x ON x.id = r.section_id
  LEFT JOIN result_counting k ON k.result_id = r.id
 WHERE r.registration_id = %(registration)s AND r.state <> 'draft'
 ORDER BY r.term_id, coalesce(x.course_code, c.code), r.id
"""
_TERMS = """
SELECT t.id AS term_id, t.name, t.start_date, d.sgpa, d.cgpa, d.gpa_credits, d.quality_points,
       d.cumulative_gpa_credits AS cumulative_credits, d.cumulative_quality_points AS cumulative_points,
       d.attempted, d.earned, coalesce(d.standing, '') AS standing, d.id IS NOT NULL AS declared,
       coalesce(d.import_id IS NOT NULL AND d.notification_id IS NULL, false) AS recorded,
       n.number, n.date
  FROM term t
  LEFT JOIN term_result d ON d.term_id = t.id AND d.registration_id = %(registration)s
  LEFT JOIN notification_of_result n ON n.id = d.notification_id
 WHERE d.id IS NOT NULL OR t.id = ANY (%(terms)s)
 ORDER BY t.start_date, t.id
"""


def read_record(work: Work, student_id: int, registration_id: int | None = None) -> Record:
    """What the papers of a registration (the current one when None) are made from. Raises NotFound."""
    head = work.row(_HEAD, student=student_id, registration=registration_id)
    if head is None:
        raise NotFound("There is no such student, or no such registration of this student.")
    rows = work.rows(_ROWS, registration=head["registration_id"])
    terms = work.rows(
        _TERMS, registration=head["registration_id"], terms=sorted({row["term_id"] for row in rows})
    )
    own = work.row(
        "SELECT id, code, version, policy FROM regulation WHERE id = %(id)s", id=head.pop("regulation_id")
    )
    assert own is not None
    policies = {f"{own['code']} v{own['version']}": own["policy"]}
    for row in rows:
        policies.setdefault(f"{row['regulation_code']} v{row['regulation_version']}", row["policy"])
    read = {name: read_policy(raw, "")[0] for name, raw in policies.items()}
    return Record(
        **head,
        regulation=next(iter(policies)),
        policies={name: policy for name, policy in read.items() if policy is not None},
        rows=tuple(_record_row(row) for row in rows),
        terms=tuple(_term_line(row) for row in terms),
    )


def _record_row(row: dict[str, Any]) -> RecordRow:
    for name in ("regulation_code", "regulation_version", "policy"):
        del row[name]
    theory, practical = row.pop("credits_theory"), row.pop("credits_practical")
    split = "" if theory is None or practical is None else f"{theory.normalize():f}-{practical.normalize():f}"
    brought = row.pop("brought")
    return RecordRow(**row, split=split, brought=brought if isinstance(brought, dict) else {})


def _term_line(row: dict[str, Any]) -> TermLine:
    number, day = row.pop("number"), row.pop("date")
    notification = Notification(number=number, date=day.isoformat()) if number is not None else None
    return TermLine(**row, notification=notification)


_SEMESTER = """
WITH mine AS (
  SELECT t.id, t.name, t.kind, t.start_date, t.end_date
    FROM term t
   WHERE t.kind IN ('fall', 'spring')
     AND (EXISTS (SELECT FROM enrollment e
                   WHERE e.registration_id = %(registration)s AND e.term_id = t.id AND e.status <> 'dropped')
          OR EXISTS (SELECT FROM result r
                      WHERE r.registration_id = %(registration)s AND r.term_id = t.id
                        AND r.state <> 'draft' AND r.source <> 'transfer'))
)
SELECT m.name, m.kind, m.start_date, m.end_date,
       (SELECT count(*) FROM mine o WHERE o.start_date <= m.start_date) AS number
  FROM mine m
 WHERE %(today)s BETWEEN m.start_date AND m.end_date
   AND EXISTS (SELECT FROM enrollment e
                WHERE e.registration_id = %(registration)s AND e.term_id = m.id
                  AND e.status IN ('enrolled', 'completed'))
 ORDER BY m.start_date DESC LIMIT 1
"""


def read_semester(work: Work, registration_id: int) -> Semester | None:
    """The semester in which this registration is enrolled today, if any."""
    row = work.row(_SEMESTER, registration=registration_id, today=work.today)
    return None if row is None else Semester(**row)


def read_issuer(work: Work, issuer_id: str, document: str) -> Issuer:
    """The institution as it prints itself on a document of this kind."""
    return Issuer(
        id=issuer_id,
        name=work.setting("institution"),
        name_native=work.setting("institution_native") or None,
        office=work.setting(OFFICES.get(document, "office")),
        address=work.setting("address"),
        url=str(work.setting("public_url")).split("://")[-1].rstrip("/"),
    )


def is_demo(work: Work) -> bool:
    return bool(work.value("SELECT demo FROM system"))


def access_own_copy(work: Work, student_id: int) -> None:
    """Raises NotFound when this caller may not have an unofficial copy of that student's record."""
    reach = work.caller.reach(Permission.COPY_TRANSCRIPT)
    if not reach.everything and reach.student_id != student_id:
        raise NotFound


def transcript_holds(work: Work, student_id: int) -> list[dict[str, Any]]:
    """Open holds on a student's transcripts, those that block first."""
    return work.rows(
        "SELECT h.id, h.kind, h.effect, h.reason, h.amount, k.lifted_by AS role, "
        "coalesce(nullif(h.contact, ''), k.contact) AS contact "
        "FROM hold h JOIN hold_kind k ON k.kind = h.kind "
        "WHERE h.student_id = %(student)s AND h.lifted_at IS NULL AND 'transcript' = ANY (h.blocks) "
        "ORDER BY h.effect <> 'block', h.id",
        student=student_id,
    )


_PRINTED = """
SELECT DISTINCT ON (p.result_id) d.serial, p.total AS printed_total, p.grade AS printed_grade,
       r.total, r.grade, r.state,
       coalesce(x.course_code, c.code) AS course, t.name AS term,
       (SELECT v.change_request_id FROM result_version v
         WHERE v.result_id = p.result_id AND v.change_request_id IS NOT NULL AND v.at > d.issued_at
         ORDER BY v.version DESC LIMIT 1) AS change_id
  FROM issued_document d
  JOIN issued_document_result p ON p.document_id = d.id
  JOIN result r ON r.id = p.result_id
  JOIN course c ON c.id = r.course_id
  JOIN term t ON t.id = r.term_id
  LEFT JOIN section x ON x.id = r.section_id
 WHERE d.student_id = %(student)s
   AND ((p.total, p.grade) IS DISTINCT FROM (coalesce(r.total::text, ''), r.grade) OR r.state = 'draft')
 ORDER BY p.result_id, d.id
"""


def printed_otherwise(work: Work, student_id: int) -> list[Printed]:
    """Results that some earlier document of this student printed otherwise than they stand now."""
    return [
        Printed(
            serial=row["serial"],
            course=row["course"],
            term=row["term"],
            before=(row["printed_total"], row["printed_grade"]),
            now=None if row["state"] == "draft" else (printed_total(row["total"]), row["grade"]),
            change_id=row["change_id"],
        )
        for row in work.rows(_PRINTED, student=student_id)
    ]


def standing_documents(
    work: Work, registration_id: int, document: str, term_id: int | None
) -> list[dict[str, Any]]:
    """Valid documents of one kind, newest first: what a duplicate or corrected one may replace."""
    return work.rows(
        "SELECT id, serial, purpose, addressee FROM issued_document d "
        "WHERE registration_id = %(registration)s AND document = %(document)s "
        "AND (%(term)s::bigint IS NULL OR term_id = %(term)s) "
        "AND NOT EXISTS (SELECT FROM issued_document_status s WHERE s.document_id = d.id) ORDER BY id DESC",
        registration=registration_id,
        document=document,
        term=term_id,
    )


def certificates_of(work: Work, registration_id: int) -> dict[int, str]:
    """By examination the serial of the valid marks certificate that was issued last."""
    rows = work.rows(
        "SELECT DISTINCT ON (term_id) term_id, serial FROM issued_document d WHERE registration_id = %(id)s "
        "AND document = 'dmc' AND term_id IS NOT NULL AND document_status(d.id) = 'valid' "
        "ORDER BY term_id, d.id DESC",
        id=registration_id,
    )
    return {row["term_id"]: row["serial"] for row in rows}


def _shape(row: dict[str, Any]) -> dict[str, Any]:
    by, name = row.pop("by_id"), row.pop("by_name")
    row["issued_by"] = SYSTEM if by is None else Person(by, name)
    row["student"] = StudentOnPaper(name=row.pop("student_name"), reg_no=row.pop("student_reg_no"))
    return row


def _all_or_own(caller: Caller) -> tuple[str, dict[str, Any]]:
    reach = caller.reach(Permission.READ_TRANSCRIPTS)
    if reach.everything:
        return "", {}
    return "d.student_id = %(scope_student)s", {"scope_student": reach.student_id}


ISSUED = Listing(
    entity="issued_document",
    columns={
        "id": "d.id",
        "serial": "d.serial",
        "document": "d.document",
        "kind": "d.kind",
        "status": "document_status(d.id)",
        "student_id": "d.student_id",
        "student_name": "d.content::jsonb #>> '{holder,name}'",
        "student_reg_no": "d.content::jsonb #>> '{registration,reg_no}'",
        "registration_id": "d.registration_id",
        "purpose": "d.purpose",
        "addressee": "d.addressee",
        "copy_number": "d.copy_number",
        "copies": "d.copies",
        "demo": "d.demo",
        "sha256": "d.sha256",
        "content_sha256": "d.content_sha256",
        "check_code": "d.check_code",
        "verify_url": "d.verify_url",
        "issued_at": "d.issued_at",
        "by_id": "d.issued_by",
        "by_name": "a.name",
    },
    source="issued_document d LEFT JOIN account a ON a.id = d.issued_by",
    key="d.id",
    filters={
        "student_id": Filter(OF_PERSON.format("d.student_id"), int),
        "serial": Filter("d.serial = upper({})", str),
        "status": Filter("document_status(d.id) = {}", DocumentStatus),
        "document": Filter("d.document = {}", str),
    },
    orders={"serial": Order("d.serial"), "issued_at": Order("d.issued_at", "timestamptz")},
    default_order="-id",
    scope=_all_or_own,
    shape=_shape,
)


def find_document(work: Work, serial: str) -> dict[str, Any]:
    """The row of a serial, in any case. Raises NotFound."""
    row = work.row(
        "SELECT id, serial, student_id, registration_id, document, document_status(id) AS status "
        "FROM issued_document WHERE serial = upper(%(serial)s)",
        serial=serial,
    )
    if row is None:
        raise NotFound("There is no document of this serial in the register.")
    return row


def access_document(work: Work, serial: str) -> dict[str, Any]:
    """The same within the caller's scope."""
    row = find_document(work, serial)
    reach = work.caller.reach(Permission.READ_TRANSCRIPTS)
    if not reach.everything and reach.student_id != row["student_id"]:
        raise NotFound("There is no document of this serial in the register.")
    return row


def document_line(work: Work, id: int) -> IssuedDocumentView:
    row = ISSUED.one(work, id)
    if row is None:
        raise NotFound
    return IssuedDocumentView(**row)


def get_document(work: Work, serial: str) -> IssuedDocumentDetail:
    """One issued document with its ledger and what became of it."""
    id = access_document(work, serial)["id"]
    line = ISSUED.one(work, id)
    assert line is not None
    sheets = work.rows(
        "SELECT p.stock_number, p.printer, p.outcome, p.reason, p.at, p.by_account_id, a.name AS by_name "
        "FROM printed_sheet p LEFT JOIN account a ON a.id = p.by_account_id "
        "WHERE p.document_id = %(id)s ORDER BY p.id",
        id=id,
    )
    history = work.rows(
        "SELECT s.status, s.reason, s.at, s.by_account_id, a.name AS by_name "
        "FROM issued_document_status s LEFT JOIN account a ON a.id = s.by_account_id "
        "WHERE s.document_id = %(id)s ORDER BY s.id",
        id=id,
    )
    content = work.value("SELECT content FROM issued_document WHERE id = %(id)s", id=id)
    return IssuedDocumentDetail(
        **line,
        sheets=[PrintedSheetView(by=_by(row), **row) for row in sheets],
        history=[StatusChange(by=_by(row), **row) for row in history],
        content=msgspec.json.decode(content),
    )


def _by(row: dict[str, Any]) -> Person:
    account, name = row.pop("by_account_id"), row.pop("by_name")
    return SYSTEM if account is None else Person(account, name or "")


def get_pdf(work: Work, serial: str) -> File:
    """The sealed PDF, byte for byte as it was sealed."""
    row = access_document(work, serial)
    pdf = work.value("SELECT pdf FROM issued_document_file WHERE document_id = %(id)s", id=row["id"])
    disclose(work, row["student_id"], f"{row['document']} {row['serial']}")
    return File(bytes(pdf), "application/pdf", f"{row['serial']}.pdf")


def printed_sheets(work: Work, document_id: int) -> list[dict[str, Any]]:
    return work.rows(
        "SELECT stock_number, outcome FROM printed_sheet WHERE document_id = %(id)s ORDER BY id",
        id=document_id,
    )


_TO_VERIFY = """
SELECT d.id, d.serial, d.content, d.sha256, d.qr_text, d.check_code, d.issued_at,
       document_status(d.id) AS status
  FROM issued_document d
"""


def find_by_serial(work: Work, serial: str) -> dict[str, Any] | None:
    return work.row(_TO_VERIFY + " WHERE d.serial = upper(%(serial)s)", serial=serial)


def find_by_file(work: Work, sha256: str) -> dict[str, Any] | None:
    return work.row(_TO_VERIFY + " WHERE d.sha256 = %(sha256)s", sha256=sha256)


def find_copy(work: Work, token: str) -> dict[str, Any] | None:
    return work.row(
        "SELECT content, sha256, created_at, expires_at FROM unofficial_copy WHERE token = %(token)s",
        token=token,
    )


def statuses(work: Work) -> list[Status]:
    """The status of every index; where nothing was issued, revoked."""
    rows = work.rows(
        "SELECT d.status_index AS place, document_status(d.id) AS word "
        "FROM issued_document d ORDER BY d.status_index"
    )
    found = [Status.REVOKED] * (rows[-1]["place"] + 1 if rows else 0)
    words = {"valid": Status.VALID, "superseded": Status.SUPERSEDED, "revoked": Status.REVOKED}
    for row in rows:
        found[row["place"]] = words[row["word"]]
    return found


def students_of_batch(work: Work, student_ids: Sequence[int]) -> set[int]:
    """Which of these students exist."""
    return {
        row["id"]
        for row in work.rows("SELECT id FROM student WHERE id = ANY (%(ids)s)", ids=list(student_ids))
    }


def reg_nos_of(work: Work, student_ids: Sequence[int]) -> dict[int, str | None]:
    """The registration number by which each student is known now."""
    rows = work.rows(
        "SELECT s.id, (SELECT r.reg_no FROM registration r WHERE r.student_id = s.id "
        "ORDER BY r.is_current DESC, r.id DESC LIMIT 1) AS reg_no FROM student s WHERE s.id = ANY (%(ids)s)",
        ids=list(student_ids),
    )
    return {row["id"]: row["reg_no"] for row in rows}


def done_in_job(work: Work, job_id: int, student_id: int) -> dict[str, Any] | None:
    """What an earlier run of this job sealed for a student."""
    return work.row(
        "SELECT d.serial, d.verify_url, f.pdf "
        "FROM issued_document d JOIN issued_document_file f ON f.document_id = d.id "
        "WHERE d.job_id = %(job)s AND d.student_id = %(student)s",
        job=job_id,
        student=student_id,
    )


def was_mailed(work: Work, job_id: int, student_id: int) -> bool:
    return bool(
        work.value(
            "SELECT true FROM transcript_mail WHERE job_id = %(job)s AND student_id = %(student)s",
            job=job_id,
            student=student_id,
        )
    )
