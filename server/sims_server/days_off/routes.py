"""Routes of days off."""

from __future__ import annotations

from sims_server.days_off import operations, queries
from sims_server.kernel.http import command, listing, read
from sims_shared.access import Permission
from sims_shared.days_off import ChangeDayOff, CreateDayOff, DayOffTaken, DayOffView, DeleteDayOff

DAY_OFF = "/api/days-off/{id:int}/"

routes = [
    listing("/api/days-off/", queries.DAYS_OFF, DayOffView, permission=Permission.READ_CATALOG),
    read(DAY_OFF, queries.get_day_off, DayOffView, permission=Permission.READ_CATALOG),
    command(
        "POST",
        "/api/days-off/",
        CreateDayOff,
        operations.create_day_off,
        DayOffView,
        status=201,
        location=lambda view: f"/api/days-off/{view.id}/",
        refusals=(DayOffTaken,),
    ),
    command(
        "PATCH",
        DAY_OFF,
        ChangeDayOff,
        operations.change_day_off,
        DayOffView,
        locate=queries.access_day_off,
        view=queries.get_day_off,
        refusals=(DayOffTaken,),
    ),
    command(
        "DELETE",
        DAY_OFF,
        DeleteDayOff,
        operations.delete_day_off,
        None,
        status=204,
        locate=queries.access_day_off,
        view=queries.get_day_off,
    ),
]
