"""Every SELECT of stationery."""

from __future__ import annotations

from typing import Any

from sims_server.kernel.paging import Filter, Listing, Order
from sims_server.kernel.work import Work
from sims_shared.problems import NotFound
from sims_shared.stationery import StockCountView, StockDay, UsedSheet
from sims_shared.values import Person

SHOWN = 500
_LAST = """
SELECT id, remaining, last_sheet_id, counted_at FROM stock_count WHERE by_account_id = %(me)s
 ORDER BY id DESC LIMIT 1"""
_USED = """
SELECT count(*) FILTER (WHERE NOT is_spoiled) AS printed, count(*) FILTER (WHERE is_spoiled) AS spoiled
  FROM sheets_used(%(me)s, %(after)s, 9223372036854775807)"""
_SHEETS = """
SELECT u.stock_number, d.serial, p.reason, p.at, CASE WHEN u.is_spoiled THEN 'spoiled' ELSE 'printed' END AS
         outcome
  FROM sheets_used(%(me)s, %(after)s, 9223372036854775807) u
  JOIN LATERAL (SELECT q.* FROM printed_sheet q WHERE q.stock_number = u.stock_number AND q.outcome <> 'bound'
                 ORDER BY q.id DESC LIMIT 1) p ON true
  JOIN issued_document d ON d.id = p.document_id
 ORDER BY u.first_id LIMIT %(limit)s"""


def last_count(work: Work) -> dict[str, Any] | None:
    """The caller's last count."""
    return work.row(_LAST, me=work.caller.id)


def used_since(work: Work, last: dict[str, Any] | None) -> tuple[int, int]:
    """Sheets printed and spoiled by the caller since."""
    row = work.row(_USED, me=work.caller.id, after=last["last_sheet_id"] if last else 0)
    assert row is not None
    return row["printed"], row["spoiled"]


def get_stock_day(work: Work) -> StockDay:
    """The caller's pile since its last count."""
    last = last_count(work)
    printed, spoiled = used_since(work, last)
    after = last["last_sheet_id"] if last else 0
    sheets = work.rows(_SHEETS, me=work.caller.id, after=after, limit=SHOWN)
    return StockDay(
        opening=last["remaining"] if last else None,
        since=last["counted_at"] if last else None,
        printed=printed,
        spoiled=spoiled,
        expected=last["remaining"] - printed - spoiled if last else None,
        sheets=[UsedSheet(**sheet) for sheet in sheets],
    )


def _shape(row: dict[str, Any]) -> dict[str, Any]:
    row["by"] = Person(row.pop("by_id"), row.pop("by_name"))
    return row


COUNTS = Listing(
    entity="stock_count",
    columns={
        "id": "k.id",
        "by_id": "k.by_account_id",
        "by_name": "a.name",
        "counted_at": "k.counted_at",
        "opening": "k.opening",
        "received": "k.received",
        "printed": "k.printed",
        "spoiled": "k.spoiled",
        "remaining": "k.remaining",
        "difference": "k.remaining - (k.opening + k.received - k.printed - k.spoiled)",
        "note": "k.note",
    },
    source="stock_count k JOIN account a ON a.id = k.by_account_id",
    key="k.id",
    filters={"by": Filter("k.by_account_id = {}", int)},
    orders={"counted_at": Order("k.counted_at", "timestamptz")},
    default_order="-id",
    shape=_shape,
)


def get_count(work: Work, id: int) -> StockCountView:
    """One count."""
    row = COUNTS.one(work, id)
    if row is None:
        raise NotFound
    return StockCountView(**row)
