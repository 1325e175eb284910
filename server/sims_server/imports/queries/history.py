"""What a file of results from before this system says, as the record's averages read it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from sims_server.imports.queries.plans import typed_rows
from sims_server.kernel.work import Work

_encode = msgspec.json.Encoder(decimal_format="string").encode

# A row whose registration, term or course the record does not know is a fault and weighs nothing.
_NEW = f"""
  FROM ({typed_rows("results_history")}) i
  JOIN import_fate f ON f.import_id = %(import)s AND f.number = i.number AND f.fate = 'new'
  JOIN registration g ON g.id = f.refs[1] JOIN term t ON t.id = f.refs[2]"""

# Earlier sittings of the course: those of the record, and those of the file by the terms' dates.
ATTEMPT = """coalesce(i.attempt, 1 + (SELECT count(*) FROM result x WHERE x.registration_id = f.refs[1]
    AND x.course_id = f.refs[3]) + count(*) OVER (PARTITION BY f.refs[1], f.refs[3]
    ORDER BY t.start_date, i.number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))::integer"""


def recorded_terms(work: Work, import_id: int) -> list[dict[str, Any]]:
    """The terms whose averages the file records and the record does not hold yet."""
    return work.rows(
        "SELECT f.refs[1] AS registration_id, f.refs[2] AS term_id, t.start_date, max(i.sgpa) AS sgpa, "
        f"max(i.cgpa) AS cgpa {_NEW} "
        "WHERE f.refs[5] IS NULL AND (i.sgpa IS NOT NULL OR i.cgpa IS NOT NULL) "
        "GROUP BY 1, 2, 3 ORDER BY 1, 3, 2",
        **{"import": import_id},
    )


def brought_rows(work: Work, import_id: int) -> list[dict[str, Any]]:
    """The results of the file that are not stored yet, as the record's own would read."""
    return work.rows(
        "SELECT -i.number AS id, f.refs[1] AS registration_id, f.refs[2] AS term_id, f.refs[3] AS course_id, "
        "c.code, i.credits, coalesce(i.grade, '') AS grade, i.grade_points, NULL::numeric AS percentage, "
        "i.total, NULL AS transfer_grade, "
        f"i.outcome, c.grading, c.counts_in_gpa, {ATTEMPT} AS attempt, 'legacy' AS source, t.name AS term, "
        f"t.start_date {_NEW} JOIN course c ON c.id = f.refs[3] WHERE f.refs[4] IS NULL "
        "AND f.refs[1] IN (SELECT a.refs[1] FROM import_fate a JOIN import_row b USING (import_id, number) "
        "WHERE a.import_id = %(import)s AND b.cells ?| ARRAY['sgpa', 'cgpa'])",
        **{"import": import_id},
    )


def registrations_of(work: Work, import_id: int) -> list[int]:
    """Whose results the import brings."""
    return [
        row["id"]
        for row in work.rows(
            "SELECT DISTINCT refs[1] AS id FROM import_fate WHERE import_id = %(import)s AND fate = 'new' "
            "AND refs[3] IS NOT NULL ORDER BY 1",
            **{"import": import_id},
        )
    ]


def keep_differences(work: Work, import_id: int, found: Iterable[Any]) -> None:
    """Put the list of an import's differences in place of the one before."""
    work.run("DELETE FROM recorded_difference WHERE import_id = %(id)s", id=import_id)
    work.run(
        "INSERT INTO recorded_difference (import_id, registration_id, term_id, figure, recorded, recomputed) "
        "SELECT %(id)s, n.registration_id, n.term_id, n.figure, n.recorded, n.recomputed "
        "FROM jsonb_to_recordset(%(rows)s::jsonb) AS n (registration_id bigint, term_id bigint, figure text, "
        "recorded numeric, recomputed numeric) ORDER BY n.registration_id, n.term_id, n.figure DESC",
        id=import_id,
        rows=_encode(list(found)).decode(),
    )


def find_waiting(work: Work, kind: str, file: bytes, plan_hash: str) -> int | None:
    """The import of this very file that waits for the people who commit it."""
    found: int | None = work.value(
        "SELECT id FROM import_batch WHERE kind = %(kind)s AND status = 'previewed' "
        "AND plan_hash = %(plan)s AND file = %(file)s ORDER BY id LIMIT 1",
        kind=kind,
        plan=plan_hash,
        file=file,
    )
    return found
