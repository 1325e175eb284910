"""What changes would do, before anybody signs: every result, every term declared anew, every document.

Computed over the published record by the functions that declare it, with the changed rows in the place
of their own, so that what is foreseen is what follows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from sims_server.kernel.work import Work
from sims_server.results.operations.wanting import Wanted
from sims_server.results.queries.judging import Records, records_of
from sims_server.results.rules import RecordFigures, declare_records, figures_with
from sims_shared.gpa import CourseRow
from sims_shared.people import RecordForeseen
from sims_shared.results import (
    ChangedRecord,
    ChangedResult,
    ChangedTerm,
    ChangeImpact,
    Figures,
    JointImpact,
    ResultStands,
    TermStands,
)

_PLACES = Decimal("0.01")
_FACTS = """
SELECT r.id, r.student_id, r.registration_id, r.term_id, g.reg_no,
       coalesce(s.course_code, c.code) AS course_code,
       w.id IS NOT NULL AS withheld,
       ARRAY(SELECT d.serial FROM issued_document_result p JOIN issued_document d ON d.id = p.document_id
              WHERE p.result_id = r.id AND document_status(d.id) = 'valid' ORDER BY d.id) AS serials
  FROM result r JOIN registration g ON g.id = r.registration_id JOIN course c ON c.id = r.course_id
  LEFT JOIN section s ON s.id = r.section_id
  LEFT JOIN withholding w ON w.result_id = r.id AND w.released_at IS NULL
 WHERE r.id = ANY (%(ids)s) ORDER BY g.reg_no, r.term_id, course_code, r.id
"""


@dataclass(frozen=True, slots=True)
class Brought:
    """A row that is not on the record yet; its `term` is set by who foresees."""

    registration_id: int
    term_id: int
    row: CourseRow


def joint_impact(work: Work, wanted: Sequence[Wanted], brought: Sequence[Brought] = ()) -> JointImpact:
    """What these changes together would do. Drafts among them are foreseen as published."""
    by_result = {one.row["id"]: one for one in wanted}
    drafts = [id for id, one in by_result.items() if one.row["state"] == "draft"]
    registrations = {one.row["registration_id"] for one in wanted} | {one.registration_id for one in brought}
    records = records_of(work, registrations, also=drafts, terms={one.term_id for one in brought})
    facts = work.rows(_FACTS, ids=list(by_result))
    results = [_result(fact, by_result[fact["id"]]) for fact in facts]
    reg_nos = _reg_nos(work, registrations)
    changed: list[ChangedRecord] = []
    for record in records.records:
        own = {entry.result_id: entry for entry in record.rows if entry.result_id in by_result}
        new_rows = {id: _course_row(entry.row, by_result[id]) for id, entry in own.items()}
        added = [
            msgspec.structs.replace(one.row, term=records.order_of[one.term_id])
            for one in brought
            if one.registration_id == record.registration_id
        ]
        before, after = figures_with(record, new_rows, frozenset(drafts), added)
        changed.append(_record(records, reg_nos[record.registration_id], before, after))
    superseded = {serial for result in results for serial in result.supersedes}
    return JointImpact(results=results, records=changed, supersedes=sorted(superseded))


def with_drafts(
    work: Work, registration_ids: Sequence[int], drafts: Collection[int]
) -> dict[int, RecordForeseen]:
    """The records with these drafts published, each under the regulation that it stands under now."""
    if not registration_ids:
        return {}
    records = records_of(work, registration_ids, also=drafts).records
    terms = {record.registration_id: sorted({entry.row.term for entry in record.rows}) for record in records}
    return {
        id: RecordForeseen(
            cgpa=own.cgpa,
            credits_earned=own.credits_earned.quantize(_PLACES),
            standing=own.terms[-1].standing if own.terms else "",
        )
        for id, own in declare_records(records, terms).items()
    }


def _reg_nos(work: Work, registrations: set[int]) -> dict[int, dict[str, Any]]:
    rows = work.rows(
        "SELECT id, reg_no, student_id FROM registration WHERE id = ANY (%(ids)s)", ids=sorted(registrations)
    )
    return {row["id"]: row for row in rows}


def _stored(value: Decimal | None) -> Decimal | None:
    """With the places that the record keeps it in, so that what is foreseen reads as what follows."""
    return None if value is None else value.quantize(_PLACES)


def _course_row(row: CourseRow, wanted: Wanted) -> CourseRow:
    new = wanted.new
    return msgspec.structs.replace(
        row,
        grade=new.grade or None,
        points=new.grade_points,
        percentage=new.percentage,
        total=None if row.total is None else new.total,
        outcome=new.outcome,
    )


def _result(fact: dict[str, Any], wanted: Wanted) -> ChangedResult:
    row, new = wanted.row, wanted.new
    if row["state"] == "draft" and fact["withheld"]:
        old = ResultStands(outcome="withheld")
    else:
        old = ResultStands(
            total=row["total"],
            grade=row["grade"] or None,
            grade_points=_stored(row["grade_points"]),
            outcome=row["outcome"],
        )
    stands = ResultStands(
        total=new.total,
        grade=new.grade or None,
        grade_points=_stored(new.grade_points),
        outcome=new.outcome,
    )
    return ChangedResult(
        result_id=row["id"],
        student_id=fact["student_id"],
        registration_id=fact["registration_id"],
        reg_no=fact["reg_no"],
        course_code=fact["course_code"],
        term_id=fact["term_id"],
        old=old,
        new=stands,
        supersedes=list(fact["serials"]) if old != stands else [],
    )


def _record(
    records: Records, registration: dict[str, Any], before: RecordFigures, after: RecordFigures
) -> ChangedRecord:
    term_ids = {order: id for id, order in records.order_of.items()}
    terms = []
    for was, will in zip(before.terms, after.terms, strict=True):
        term_id = term_ids[was.term]
        old, new = (
            TermStands(
                sgpa=term.sgpa.value,
                cgpa=term.cgpa.value,
                earned=term.credits.earned.quantize(_PLACES),
                standing=term.standing,
            )
            for term in (was, will)
        )
        terms.append(ChangedTerm(term_id=term_id, term=records.name_of[term_id], old=old, new=new))
    return ChangedRecord(
        registration_id=registration["id"],
        student_id=registration["student_id"],
        reg_no=registration["reg_no"],
        terms=terms,
        old_cgpa=before.cgpa,
        new_cgpa=after.cgpa,
        old_credits_earned=before.credits_earned.quantize(_PLACES),
        new_credits_earned=after.credits_earned.quantize(_PLACES),
    )


def single_impact(joint: JointImpact, result_id: int) -> ChangeImpact:
    """The part of it that concerns one result, as a change request shows it."""
    result = next(one for one in joint.results if one.result_id == result_id)
    record = next(one for one in joint.records if one.registration_id == result.registration_id)
    own = next(term for term in record.terms if term.term_id == result.term_id)
    sides = []
    for side in ("old", "new"):
        stands: ResultStands = getattr(result, side)
        term: TermStands = getattr(own, side)
        sides.append(
            Figures(
                total=stands.total,
                grade=stands.grade,
                grade_points=stands.grade_points,
                outcome=stands.outcome,
                sgpa=term.sgpa,
                cgpa=getattr(record, f"{side}_cgpa"),
                credits_earned=getattr(record, f"{side}_credits_earned"),
                standing=getattr(record.terms[-1], side).standing or None,
            )
        )
    return ChangeImpact(old=sides[0], new=sides[1], supersedes=result.supersedes)
