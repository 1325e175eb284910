"""Routes of stationery."""

from __future__ import annotations

from sims_server.kernel.http import command, listing, read
from sims_server.stationery import operations, queries
from sims_shared.access import Permission
from sims_shared.stationery import (
    CountMovedOn,
    CountStationery,
    OpeningNeeded,
    StockCountView,
    StockDay,
    StockDiffers,
)

routes = [
    read("/api/stationery/", queries.get_stock_day, StockDay, permission=Permission.PRINT_TRANSCRIPT),
    command(
        "POST",
        "/api/stationery/count/",
        CountStationery,
        operations.count_stationery,
        StockCountView,
        status=201,
        location=lambda view: f"/api/stationery/counts/{view.id}/",
        refusals=(OpeningNeeded, CountMovedOn, StockDiffers),
    ),
    listing(
        "/api/stationery/counts/", queries.COUNTS, StockCountView, permission=Permission.READ_TRANSCRIPTS
    ),
    read(
        "/api/stationery/counts/{id:int}/",
        queries.get_count,
        StockCountView,
        permission=Permission.READ_TRANSCRIPTS,
    ),
]
