"""Every SELECT of days off."""

from __future__ import annotations

from datetime import date

from sims_server.kernel.paging import Filter, Listing, Order
from sims_server.kernel.work import Work
from sims_shared.days_off import DayOffView
from sims_shared.problems import NotFound

DAYS_OFF = Listing(
    entity="day_off",
    columns={name: name for name in ("id", "first_day", "last_day", "name")},
    source="day_off",
    # What is over is kept, and seldom wanted.
    filters={"until": Filter("first_day <= {}", date), "since": Filter("last_day >= {}", date)},
    orders={"first_day": Order("first_day", "date"), "name": Order("name")},
    search="folded(name) LIKE {}",
)


def get_day_off(work: Work, id: int) -> DayOffView:
    """One day or span off."""
    row = DAYS_OFF.one(work, id)
    if row is None:
        raise NotFound
    return DayOffView(**row)


def access_day_off(work: Work, id: int) -> None:
    """Lock it for a change."""
    if work.row("SELECT id FROM day_off WHERE id = %(id)s FOR NO KEY UPDATE", id=id) is None:
        raise NotFound
