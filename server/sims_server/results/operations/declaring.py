"""Notifications and what they declare: numbers, canonical content, term results, the CGPA on the
registration, and which attempt counts.

Everything goes in one statement a table, for however many students the notification names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from sims_server.kernel.work import Work
from sims_server.results.model import notification_of_result
from sims_server.results.queries.judging import Records, records_of
from sims_server.results.rules import RecordFigures, TermFigures, cut_points, declare_records
from sims_shared.results import NotificationRef

SERIES = "notification_of_result"
_encode = msgspec.json.Encoder(decimal_format="string").encode
_canonical = msgspec.json.Encoder(decimal_format="string", order="sorted").encode

_TERM_RESULTS = """
INSERT INTO term_result (registration_id, term_id, sgpa, cgpa, gpa_credits, quality_points,
  cumulative_gpa_credits,
                         cumulative_quality_points, attempted, earned, standing, notification_id, declared_at)
SELECT n.registration_id, n.term_id, n.sgpa, n.cgpa, n.gpa_credits, n.quality_points,
  n.cumulative_gpa_credits,
       n.cumulative_quality_points, n.attempted, n.earned, n.standing, %(notification)s, %(now)s
  FROM jsonb_to_recordset(%(rows)s::jsonb) AS n (registration_id bigint, term_id bigint, sgpa numeric,
    cgpa numeric,
       gpa_credits numeric, quality_points numeric, cumulative_gpa_credits numeric,
         cumulative_quality_points numeric,
       attempted numeric, earned numeric, standing text)
 ORDER BY n.registration_id, n.term_id
ON CONFLICT (registration_id, term_id) DO UPDATE
   SET sgpa = EXCLUDED.sgpa, cgpa = EXCLUDED.cgpa, gpa_credits = EXCLUDED.gpa_credits,
       quality_points = EXCLUDED.quality_points, cumulative_gpa_credits = EXCLUDED.cumulative_gpa_credits,
       cumulative_quality_points = EXCLUDED.cumulative_quality_points, attempted = EXCLUDED.attempted,
       earned = EXCLUDED.earned, standing = EXCLUDED.standing, notification_id = EXCLUDED.notification_id,
       declared_at = EXCLUDED.declared_at
"""
_REGISTRATIONS = """
UPDATE registration g SET cgpa = n.cgpa, credits_earned = n.earned
  FROM jsonb_to_recordset(%(rows)s::jsonb) AS n (id bigint, cgpa numeric, earned numeric)
 WHERE g.id = n.id AND (g.cgpa, g.credits_earned) IS DISTINCT FROM (n.cgpa, n.earned)
"""
# What is out counts unless it is written here that it does not; nearly always nothing is written.
COUNTING = """
INSERT INTO result_counting AS k (result_id, counts)
SELECT n.id, n.counts FROM jsonb_to_recordset(%(rows)s::jsonb) AS n (id bigint, counts text)
 WHERE n.counts <> 'counted' OR EXISTS (SELECT FROM result_counting c WHERE c.result_id = n.id) ORDER BY n.id
ON CONFLICT (result_id) DO UPDATE SET counts = EXCLUDED.counts WHERE k.counts <> EXCLUDED.counts
"""


def notify(
    work: Work,
    kind: str,
    term_id: int,
    scope: Mapping[str, Any],
    lines: list[dict[str, Any]],
    counts: Mapping[str, int],
) -> NotificationRef:
    """Takes the next number and records what is declared; `lines` become the canonical content, whose
    SHA-256 stands in the register."""
    today = work.today
    number = f"RN-{today.year}-{work.take_number(SERIES, today.year):05d}"
    declared = {"number": number, "date": today, "kind": kind, "term_id": term_id, "scope": dict(scope)}
    content = _canonical({**declared, "counts": dict(counts), "lines": lines})
    sha256 = hashlib.sha256(content).hexdigest()
    row = {
        **declared,
        "counts": dict(counts),
        "content": content.decode(),
        "sha256": sha256,
        "published_by": work.caller.id,
    }
    id = work.insert(notification_of_result, row)
    return NotificationRef(id=id, number=number, date=today, kind=kind, sha256=sha256)


def declare_term(
    work: Work, registration_ids: Collection[int], term_id: int, notification_id: int
) -> dict[int, RecordFigures]:
    """Declares `term_id` for these registrations, and again every later term that was declared before,
    whose CGPA rests on it. Earlier terms stay as they were declared."""
    records = records_of(work, registration_ids, locked=True)
    terms_of = _terms_to_declare(records, term_id)
    figures = declare_records(records.records, terms_of)
    _write(work, records, figures, notification_id)
    return figures


def _terms_to_declare(records: Records, term_id: int) -> dict[int, list[int]]:
    """By registration: the term and the declared ones after it, in order. A registration that has nothing
    published in the term (its change made nothing of it) still declares it."""
    first = records.order_of.get(term_id)
    if first is None:
        return {record.registration_id: [] for record in records.records}
    return {
        record.registration_id: sorted({first, *(order for order in record.declared if order > first)})
        for record in records.records
    }


def _write(work: Work, records: Records, figures: Mapping[int, RecordFigures], notification_id: int) -> None:
    term_ids = {order: id for id, order in records.order_of.items()}
    declared, totals, counting = [], [], []
    # Records that are alike share one RecordFigures: what it comes to is put together once for all of them.
    known: dict[int, list[dict[str, Any]]] = {}
    for record in records.records:
        own = figures[record.registration_id]
        terms = known.get(id(own))
        if terms is None:
            terms = known[id(own)] = [_declared_term(term, term_ids[term.term]) for term in own.terms]
        declared += [{"registration_id": record.registration_id, **term} for term in terms]
        totals.append({"id": record.registration_id, "cgpa": own.cgpa, "earned": own.credits_earned})
        counting += [
            {"id": entry.result_id, "counts": fate}
            for entry, fate in zip(record.rows, own.fates, strict=True)
        ]
    work.run(_TERM_RESULTS, notification=notification_id, now=work.now, rows=_encode(declared).decode())
    work.run(_REGISTRATIONS, rows=_encode(totals).decode())
    work.run(COUNTING, rows=_encode(counting).decode())


def _declared_term(term: TermFigures, term_id: int) -> dict[str, Any]:
    return {
        "term_id": term_id,
        "sgpa": term.sgpa.value,
        "cgpa": term.cgpa.value,
        "gpa_credits": term.sgpa.credits,
        "quality_points": cut_points(term.sgpa.quality_points),
        "cumulative_gpa_credits": term.cgpa.credits,
        "cumulative_quality_points": cut_points(term.cgpa.quality_points),
        "attempted": term.credits.attempted,
        "earned": term.credits.earned,
        "standing": term.standing,
    }
