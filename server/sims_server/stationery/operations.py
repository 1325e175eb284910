"""What can be done about stationery: count it."""

from __future__ import annotations

from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.stationery import queries
from sims_server.stationery.model import stock_count
from sims_server.stationery.rules import check_balance, opening_of
from sims_shared.access import Permission
from sims_shared.stationery import CountStationery, StockCountView


@operation(Permission.PRINT_TRANSCRIPT, "stationery.count")
def count_stationery(work: Work, command: CountStationery) -> StockCountView:
    """Close the day of the caller's pile."""
    # Of two counts at once the second opens with what the first left.
    work.run(
        "SELECT pg_advisory_xact_lock(hashtext('stock_count'), %(me)s::int)", me=(work.caller.id or 0) % 2**31
    )
    last = queries.last_count(work)
    opening = opening_of(last["remaining"] if last else None, command.opening)
    printed, spoiled = queries.used_since(work, last)
    check_balance(opening + command.received - printed - spoiled, command.remaining, command.note)
    id = work.insert(
        stock_count,
        {
            "by_account_id": work.caller.id,
            "previous_id": last["id"] if last else None,
            "opening": opening,
            "received": command.received,
            "remaining": command.remaining,
            "note": command.note.strip(),
        },
    )
    return queries.get_count(work, id)
