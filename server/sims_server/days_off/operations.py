"""What can be done about days off."""

from __future__ import annotations

from typing import Any

import msgspec

from sims_server.days_off import queries
from sims_server.days_off.model import day_off
from sims_server.days_off.rules import check_span
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.days_off import ChangeDayOff, CreateDayOff, DayOffView, DeleteDayOff


@operation(Permission.MANAGE_CATALOG, "days_off.create")
def create_day_off(work: Work, command: CreateDayOff) -> DayOffView:
    """Enter a day or a span on which the university does not work."""
    last_day = command.last_day or command.first_day
    check_span(command.first_day, last_day)
    values = {"first_day": command.first_day, "last_day": last_day, "name": command.name.strip()}
    return queries.get_day_off(work, work.insert(day_off, values))


@operation(Permission.MANAGE_CATALOG, "days_off.change")
def change_day_off(work: Work, command: ChangeDayOff) -> DayOffView:
    """Change its days or its name; what was promised before stays promised."""
    current = queries.get_day_off(work, command.id)
    values: dict[str, Any] = {
        name: value.strip() if isinstance(value, str) else value
        for name in ("first_day", "last_day", "name")
        if (value := getattr(command, name)) is not msgspec.UNSET
    }
    check_span(values.get("first_day", current.first_day), values.get("last_day", current.last_day))
    work.update(day_off, command.id, values)
    return queries.get_day_off(work, command.id)


@operation(Permission.MANAGE_CATALOG, "days_off.delete")
def delete_day_off(work: Work, command: DeleteDayOff) -> None:
    """It is a working day after all."""
    work.run("DELETE FROM day_off WHERE id = %(id)s", id=command.id)
