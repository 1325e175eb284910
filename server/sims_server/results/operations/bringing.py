"""Results from before this system: what was recorded stands, and is weighed against the regulation.

The rule a newcomer would get wrong: a recorded average is never corrected. It prints as it was printed
before; that the regulation makes another figure of the rows is listed for people to look at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from sims_server.kernel.work import Work
from sims_server.results.operations.declaring import COUNTING
from sims_server.results.queries.judging import Records, records_of
from sims_server.results.rules import RecordFigures, TermFigures, cut_points, declare_records
from sims_shared.gpa import reconcile_recorded

_encode = msgspec.json.Encoder(decimal_format="string").encode

_TERM_RESULTS = """
INSERT INTO term_result (registration_id, term_id, sgpa, cgpa, gpa_credits, quality_points,
  cumulative_gpa_credits, cumulative_quality_points, attempted, earned, import_id, declared_at)
SELECT n.registration_id, n.term_id, n.sgpa, n.cgpa, n.gpa_credits, n.quality_points,
       n.cumulative_gpa_credits, n.cumulative_quality_points, n.attempted, n.earned, %(import)s, %(now)s
  FROM jsonb_to_recordset(%(rows)s::jsonb) AS n (registration_id bigint, term_id bigint, sgpa numeric,
    cgpa numeric, gpa_credits numeric, quality_points numeric, cumulative_gpa_credits numeric,
    cumulative_quality_points numeric, attempted numeric, earned numeric)
 ORDER BY n.registration_id, n.term_id
"""
# Where a later term was declared here, that one's CGPA stands on the registration.
_REGISTRATIONS = """
UPDATE registration g SET cgpa = n.cgpa, credits_earned = n.earned
  FROM jsonb_to_recordset(%(rows)s::jsonb) AS n (id bigint, start_date date, cgpa numeric, earned numeric)
 WHERE g.id = n.id AND (g.cgpa, g.credits_earned) IS DISTINCT FROM (n.cgpa, n.earned)
   AND NOT EXISTS (SELECT FROM term_result d JOIN term t ON t.id = d.term_id
                    WHERE d.registration_id = g.id AND t.start_date > n.start_date)
"""


@dataclass(frozen=True, slots=True)
class RecordedTerm:
    """A term's averages as they were recorded; None where nothing was."""

    registration_id: int
    term_id: int
    start_date: date
    sgpa: Decimal | None
    cgpa: Decimal | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A recorded figure that the regulation would make otherwise."""

    registration_id: int
    term_id: int
    figure: str
    recorded: Decimal
    recomputed: Decimal | None


def weigh_recorded(
    work: Work, recorded: Sequence[RecordedTerm], brought: Sequence[dict[str, Any]] = ()
) -> list[Difference]:
    """Where the recorded averages are not what the regulation makes of the rows; `brought` are rows that
    are not stored yet, as `records_of` reads them."""
    figures = _figures(work, recorded, brought)
    differences = []
    for term in recorded:
        own = figures[term.registration_id, term.term_id]
        for figure, given, computed in (
            ("sgpa", term.sgpa, own.sgpa.value),
            ("cgpa", term.cgpa, own.cgpa.value),
        ):
            # Without rows there is nothing to compute from, and so nothing that differs.
            if given is not None and computed is not None and reconcile_recorded(given, computed).differs:
                differences.append(Difference(term.registration_id, term.term_id, figure, given, computed))
    return differences


def record_terms(work: Work, import_id: int, recorded: Sequence[RecordedTerm]) -> None:
    """Store the averages as recorded, in the transaction that commits the batch which brings them, with
    the credits of the rows beside them; and which of the rows count."""
    records, terms = _records(work, recorded, ())
    whole = declare_records(records.records, terms)
    figures = _by_term(records, terms, whole)
    last: dict[int, RecordedTerm] = {}
    rows = []
    for term in recorded:
        own = figures[term.registration_id, term.term_id]
        rows.append(
            {
                "registration_id": term.registration_id,
                "term_id": term.term_id,
                "sgpa": term.sgpa,
                "cgpa": term.cgpa,
                "gpa_credits": own.sgpa.credits,
                "quality_points": cut_points(own.sgpa.quality_points),
                "cumulative_gpa_credits": own.cgpa.credits,
                "cumulative_quality_points": cut_points(own.cgpa.quality_points),
                "attempted": own.credits.attempted,
                "earned": own.credits.earned,
            }
        )
        before = last.get(term.registration_id)
        if before is None or before.start_date <= term.start_date:
            last[term.registration_id] = term
    totals = [
        {"id": id, "start_date": term.start_date, "cgpa": term.cgpa, "earned": whole[id].credits_earned}
        for id, term in last.items()
    ]
    work.run(_TERM_RESULTS, **{"import": import_id}, now=work.now, rows=_encode(rows).decode())
    work.run(_REGISTRATIONS, rows=_encode(totals).decode())


def count_brought(work: Work, registration_ids: Sequence[int]) -> None:
    """Which of the rows of these records count, by each one's regulation."""
    records = records_of(work, registration_ids)
    figures = declare_records(records.records, {record.registration_id: () for record in records.records})
    counting = [
        {"id": entry.result_id, "counts": fate}
        for record in records.records
        for entry, fate in zip(record.rows, figures[record.registration_id].fates, strict=True)
    ]
    work.run(COUNTING, rows=_encode(counting).decode())


def _figures(
    work: Work, recorded: Sequence[RecordedTerm], brought: Sequence[dict[str, Any]]
) -> dict[tuple[int, int], TermFigures]:
    records, terms = _records(work, recorded, brought)
    return _by_term(records, terms, declare_records(records.records, terms))


def _records(
    work: Work, recorded: Sequence[RecordedTerm], brought: Sequence[dict[str, Any]]
) -> tuple[Records, dict[int, list[int]]]:
    records = records_of(
        work,
        {term.registration_id for term in recorded},
        terms={term.term_id for term in recorded},
        brought=brought,
    )
    orders: dict[int, set[int]] = {record.registration_id: set() for record in records.records}
    for term in recorded:
        orders[term.registration_id].add(records.order_of[term.term_id])
    return records, {id: sorted(found) for id, found in orders.items()}


def _by_term(
    records: Records, terms: Mapping[int, Sequence[int]], whole: Mapping[int, RecordFigures]
) -> dict[tuple[int, int], TermFigures]:
    term_of = {order: id for id, order in records.order_of.items()}
    return {(id, term_of[figures.term]): figures for id in terms for figures in whole[id].terms}
