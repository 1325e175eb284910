"""What operations judge by: sheets, rosters, regulations, and the published record of registrations."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from operator import itemgetter
from typing import Any

import msgspec

from sims_server.kernel.arrays import array_of
from sims_server.kernel.work import Work
from sims_server.results.rules import Record, RecordRow, RosterRow, Sheet, course_representatives, policy_of
from sims_shared.gpa import CourseRow
from sims_shared.marks import Assessment, CutOffs, Score
from sims_shared.regulations import Policy

# -- What is judged --------------------------------------------------------------------------------


def sheets_of(work: Work, section_ids: Sequence[int]) -> dict[int, Sheet]:
    """The columns of these sections, by section."""
    rows = work.rows(
        "SELECT s.id, s.grading, s.marks_total, a.id AS assessment_id, a.name, a.type, a.weight, "
        "a.max_score, a.head, a.must_sit "
        "FROM section s LEFT JOIN assessment a ON a.section_id = s.id WHERE s.id = ANY (%(ids)s) "
        "ORDER BY s.id, a.position, a.id",
        ids=list(section_ids),
    )
    columns: dict[int, list[Assessment]] = {}
    facts: dict[int, tuple[str, Decimal | None]] = {}
    for row in rows:
        facts[row["id"]] = (row["grading"], row["marks_total"])
        own = columns.setdefault(row["id"], [])
        if row["assessment_id"] is not None:
            own.append(
                Assessment(
                    id=row["assessment_id"],
                    name=row["name"],
                    type=row["type"],
                    weight=row["weight"],
                    max_score=row["max_score"],
                    head=row["head"],
                    must_sit=row["must_sit"],
                )
            )
    return {
        id: Sheet(id, grading, marks_total, tuple(columns[id]))
        for id, (grading, marks_total) in facts.items()
    }


_ROSTER = """
SELECT e.id, e.section_id, e.status, e.kind, e.attempt, g.regulation_id, x.assessments, x.marks, x.scores,
       coalesce(r.state <> 'draft', false) AS published, i.id IS NOT NULL AS incomplete
  FROM enrollment e
  JOIN registration g ON g.id = e.registration_id
  LEFT JOIN result r ON r.enrollment_id = e.id
  LEFT JOIN incomplete i ON i.enrollment_id = e.id
  LEFT JOIN (SELECT enrollment_id, array_agg(assessment_id) AS assessments, array_agg(mark) AS marks,
                    array_agg(score) AS scores
               FROM assessment_score WHERE section_id = ANY (%(ids)s) GROUP BY enrollment_id) x
         ON x.enrollment_id = e.id
 WHERE e.section_id = ANY (%(ids)s) AND e.status <> 'dropped'
 ORDER BY e.section_id, e.id
"""
_ROSTER_ROW = """
SELECT e.id, e.section_id, e.status, e.kind, e.attempt, g.regulation_id,
       array_agg(x.assessment_id) FILTER (WHERE x.id IS NOT NULL) AS assessments,
       array_agg(x.mark) FILTER (WHERE x.id IS NOT NULL) AS marks,
       array_agg(x.score) FILTER (WHERE x.id IS NOT NULL) AS scores, true AS published, false AS incomplete
  FROM enrollment e JOIN registration g ON g.id = e.registration_id
  LEFT JOIN assessment_score x ON x.enrollment_id = e.id
 WHERE e.id = %(id)s GROUP BY e.id, g.id
"""


def roster_of(work: Work, section_ids: Sequence[int], decided: Iterable[int] = ()) -> list[RosterRow]:
    """Everybody on these sheets with their cells; `decided` are enrollments whose unfair-means case was
    decided against them."""
    against = set(decided)
    rows = [_roster_row(row, row["id"] in against) for row in work.rows(_ROSTER, ids=list(section_ids))]
    again = [row.enrollment_id for row in rows if row.kind == "supplementary"]
    if not again:
        return rows
    carried = _carried(work, again)
    return [replace(row, carried=carried.get(row.enrollment_id, {})) for row in rows]


def roster_row(work: Work, enrollment_id: int) -> RosterRow:
    """One published row of a sheet, with its cells."""
    row = work.row(_ROSTER_ROW, id=enrollment_id)
    assert row is not None, f"there is no enrollment {enrollment_id}"
    found = _roster_row(row, True)
    if found.kind == "supplementary":
        found = replace(found, carried=_carried(work, [enrollment_id]).get(enrollment_id, {}))
    return found


# By name and maximum: a column of another maximum is another paper.
_CARRIED = """
SELECT e.id, a.id AS assessment_id, x.mark, x.score
  FROM enrollment e
  JOIN LATERAL (SELECT b.id FROM enrollment b WHERE b.registration_id = e.registration_id
                   AND b.course_id = e.course_id AND b.attempt < e.attempt AND b.status <> 'dropped'
                 ORDER BY b.attempt DESC LIMIT 1) b ON true
  JOIN assessment a ON a.section_id = e.section_id
  JOIN assessment_score x ON x.enrollment_id = b.id AND x.mark IS NOT NULL
  JOIN assessment o ON o.id = x.assessment_id AND lower(o.name) = lower(a.name) AND o.max_score = a.max_score
 WHERE e.id = ANY (%(ids)s)
"""


def _carried(work: Work, enrollment_ids: Sequence[int]) -> dict[int, dict[int, Score]]:
    """By supplementary enrollment: the marks of the sitting before, by this sheet's columns."""
    carried: dict[int, dict[int, Score]] = {}
    for row in work.rows(_CARRIED, ids=list(enrollment_ids)):
        carried.setdefault(row["id"], {})[row["assessment_id"]] = Score(row["mark"], row["score"])
    return carried


def _roster_row(row: dict[str, Any], decided: bool) -> RosterRow:
    columns = zip(row["assessments"] or (), row["marks"] or (), row["scores"] or (), strict=True)
    return RosterRow(
        enrollment_id=row["id"],
        section_id=row["section_id"],
        regulation_id=row["regulation_id"],
        status="incomplete" if row["incomplete"] and row["status"] == "enrolled" else row["status"],
        kind=row["kind"],
        attempt=row["attempt"],
        cells={assessment_id: Score(mark, score) for assessment_id, mark, score in columns},
        published=row["published"],
        decided=decided,
    )


def policies_of(work: Work, regulation_ids: Iterable[int]) -> dict[int, Policy]:
    """Regulations by id, each read once a process."""
    rows = work.rows(
        "SELECT id, code, version, policy::text AS document FROM regulation WHERE id = ANY (%(ids)s)",
        ids=sorted(set(regulation_ids)),
    )
    return {row["id"]: policy_of(row["document"], row["code"], row["version"]) for row in rows}


def cutoffs_of(work: Work, section_ids: Sequence[int]) -> dict[tuple[int, int], CutOffs]:
    """Frozen cut-offs of relatively graded sheets, by (section, regulation)."""
    rows = work.rows(
        "SELECT section_id, regulation_id, cutoffs::text AS cutoffs FROM section_cutoff WHERE "
        "section_id = ANY (%(ids)s)",
        ids=list(section_ids),
    )
    return {
        (row["section_id"], row["regulation_id"]): msgspec.json.decode(row["cutoffs"], type=CutOffs)
        for row in rows
    }


def moved_lines_of(work: Work, section_ids: Sequence[int]) -> dict[tuple[int, int], dict[str, Decimal]]:
    """Lines that leads moved, by (section, regulation) and grade."""
    rows = work.rows(
        "SELECT section_id, regulation_id, lines::text AS lines FROM section_cutoff_proposal WHERE "
        "section_id = ANY (%(ids)s)",
        ids=list(section_ids),
    )
    return {
        (row["section_id"], row["regulation_id"]): msgspec.json.decode(row["lines"], type=dict[str, Decimal])
        for row in rows
    }


# -- Records ---------------------------------------------------------------------------------------

_RECORD = """
SELECT r.id, r.registration_id, r.term_id, r.course_id, coalesce(s.course_code, c.code) AS code, r.credits,
  r.grade, r.grade_points,
       r.percentage, r.total, r.outcome, coalesce(s.grading, c.grading) AS grading, coalesce(s.counts_in_gpa,
         c.counts_in_gpa) AS counts_in_gpa,
       r.attempt, r.source, t.name AS term, t.start_date,
       CASE WHEN r.source = 'transfer' THEN nullif(r.trace->>'grade', '') END AS transfer_grade
  FROM result r JOIN course c ON c.id = r.course_id JOIN term t ON t.id = r.term_id LEFT JOIN section s
    ON s.id = r.section_id
 WHERE r.registration_id = ANY (%(ids)s) AND (r.state <> 'draft'{also})
 ORDER BY r.registration_id, t.start_date, r.term_id, code, r.attempt, r.id
"""
_REGISTRATIONS = """
SELECT g.id, g.student_id, g.regulation_id, p.credits_required FROM registration g JOIN program p
  ON p.id = g.program_id
 WHERE g.id = ANY (%(ids)s) ORDER BY g.id{lock}
"""


_pinned = itemgetter(
    *("course_id", "credits", "outcome", "grading", "counts_in_gpa", "attempt", "source", "transfer_grade")
)


class Records(msgspec.Struct):
    """Records of several registrations, and the terms in them: order → id and id → order."""

    records: list[Record]
    order_of: dict[int, int]
    name_of: dict[int, str]


def equivalent_courses(work: Work) -> dict[int, int]:
    """For each course with equivalents the one that stands for all of them."""
    pairs = work.rows("SELECT course_id, equivalent_id FROM course_equivalent")
    return course_representatives((row["course_id"], row["equivalent_id"]) for row in pairs)


def records_of(
    work: Work,
    registration_ids: Iterable[int],
    *,
    locked: bool = False,
    also: Collection[int] = (),
    terms: Collection[int] = (),
    brought: Sequence[dict[str, Any]] = (),
) -> Records:
    """What is published of these registrations. `locked` keeps them until commit, so that two notifications
    with students in common declare one after the other. Of what is foreseen: `also` these drafts, and
    these `terms` even where nothing is published in them, and `brought` rows that are not stored yet."""
    wanted = sorted(set(registration_ids))
    ids = array_of(wanted)
    registrations = work.rows(
        _REGISTRATIONS.format(lock=" FOR NO KEY UPDATE OF g" if locked else ""), ids=ids
    )
    policies = policies_of(work, (row["regulation_id"] for row in registrations))
    if also:
        rows = work.rows(
            _RECORD.format(also=" OR r.id = ANY (%(also)s::bigint[])"), ids=ids, also=array_of(also)
        )
    else:
        rows = work.rows(_RECORD.format(also=""), ids=ids)
    if brought:
        rows = sorted(
            [*rows, *brought], key=lambda r: (r["start_date"], r["term_id"], r["code"], r["attempt"], r["id"])
        )
    declared = work.rows(
        "SELECT d.registration_id, d.term_id, d.standing, t.start_date, t.name AS term FROM "
        "term_result d JOIN term t ON t.id = d.term_id "
        "WHERE d.registration_id = ANY (%(ids)s)",
        ids=ids,
    )
    same = equivalent_courses(work)
    dated = [*rows, *declared]
    if terms:
        dated += work.rows(
            "SELECT id AS term_id, name AS term, start_date FROM term WHERE id = ANY (%(ids)s)",
            ids=list(terms),
        )
    ordered = sorted({(row["start_date"], row["term_id"]) for row in dated})
    order_of = {term_id: order for order, (_, term_id) in enumerate(ordered, 1)}
    by_percentage = {g["id"]: policies[g["regulation_id"]].gpa.of == "percentage" for g in registrations}
    by_total = {g["id"]: policies[g["regulation_id"]].compensation is not None for g in registrations}
    entries: dict[int, list[RecordRow]] = {id: [] for id in wanted}
    taken: dict[int, set[str]] = {id: set() for id in wanted}
    alike: dict[tuple[Any, ...], CourseRow] = {}  # one row object for all who have it, known by identity
    for row in rows:
        key = f"{row['code']}, attempt {row['attempt']}"
        if key in taken[row["registration_id"]]:
            key = f"{row['code']}, {row['term']}, no. {len(taken[row['registration_id']]) + 1}"
        taken[row["registration_id"]].add(key)
        # Left away where nothing asks for it, so that records alike in grades are alike.
        asked = by_percentage[row["registration_id"]] or not row["grade"]
        percentage = row["percentage"] if asked else None
        total = row["total"] if by_total[row["registration_id"]] else None
        facts = (key, row["term_id"], row["grade"], row["grade_points"], percentage, total, *_pinned(row))
        course = alike.get(facts)
        if course is None:
            course = alike[facts] = CourseRow(
                key=key,
                course=str(same.get(row["course_id"], row["course_id"])),
                term=order_of[row["term_id"]],
                credits=row["credits"],
                grade=row["grade"] or None,
                points=row["grade_points"],
                percentage=percentage,
                total=total,
                outcome=row["outcome"],
                grading=row["grading"],
                counts_in_gpa=row["counts_in_gpa"],
                attempt=row["attempt"],
                source=row["source"],
                transfer_grade=row["transfer_grade"],
            )
        entries[row["registration_id"]].append(RecordRow(row["id"], row["term_id"], course))
    standings: dict[int, dict[int, str]] = {id: {} for id in wanted}
    for row in declared:
        standings[row["registration_id"]][order_of[row["term_id"]]] = row["standing"]
    records = [
        Record(
            g["id"],
            policies[g["regulation_id"]],
            g["credits_required"],
            tuple(entries[g["id"]]),
            standings[g["id"]],
        )
        for g in registrations
    ]
    return Records(records, order_of, {row["term_id"]: row["term"] for row in dated})
