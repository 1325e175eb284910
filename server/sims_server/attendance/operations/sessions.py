"""Class sessions: held, moved, removed, called off."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from sims_server.attendance.model import class_session
from sims_server.attendance.queries.lists import get_class_session
from sims_server.attendance.queries.standings import access_class_session, section_to_mark
from sims_server.attendance.rules import check_day, check_section
from sims_server.kernel.execute import operation
from sims_server.kernel.refusal import in_use_as
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.attendance import (
    CallOffClassSession,
    ChangeClassSession,
    ClassSessionView,
    HoldClassSession,
    RemoveClassSession,
    SessionCalledOff,
    SessionInUse,
)


def _check_days(work: Work, section_id: int, *days: date) -> None:
    section = section_to_mark(work, section_id)
    check_section(section)
    for day in days:
        check_day(section, day, work.today, work.setting("attendance.edit_days"), "/held_on")


@operation(Permission.WRITE_ATTENDANCE, "attendance.hold_session")
def hold_class_session(work: Work, command: HoldClassSession) -> ClassSessionView:
    """Record that a class was held."""
    _check_days(work, command.section_id, command.held_on)
    values = {name: getattr(command, name) for name in ("section_id", "held_on", "slot", "head")}
    return get_class_session(work, work.insert(class_session, values))


@operation(Permission.WRITE_ATTENDANCE, "attendance.change_session")
def change_class_session(work: Work, command: ChangeClassSession) -> ClassSessionView:
    """Move a class session, with its marks, to its right day or slot, or name its head."""
    row = _standing_session(work, command.id)
    values: dict[str, Any] = {
        name: value
        for name in ("held_on", "slot", "head")
        if (value := getattr(command, name)) is not msgspec.UNSET
    }
    _check_days(work, row["section_id"], row["held_on"], values.get("held_on", row["held_on"]))
    work.update(class_session, command.id, values)
    return get_class_session(work, command.id)


@operation(Permission.WRITE_ATTENDANCE, "attendance.remove_session")
def remove_class_session(work: Work, command: RemoveClassSession) -> None:
    """Remove a class session in which nobody was marked."""
    row = access_class_session(work, command.id)
    _check_days(work, row["section_id"], row["held_on"])
    with in_use_as(SessionInUse):
        work.run("DELETE FROM class_session WHERE id = %(id)s", id=command.id)


@operation(Permission.WRITE_ATTENDANCE, "attendance.call_off_session")
def call_off_class_session(work: Work, command: CallOffClassSession) -> ClassSessionView:
    """Call a class off: its marks stay on record and no longer count."""
    row = _standing_session(work, command.id)
    _check_days(work, row["section_id"], row["held_on"])
    called_off = {"called_off_at": work.now, "called_off_reason": command.reason.strip()}
    work.update(class_session, command.id, called_off)
    return get_class_session(work, command.id)


def _standing_session(work: Work, id: int) -> dict[str, Any]:
    row = access_class_session(work, id)
    if row["called_off_at"] is not None:
        raise SessionCalledOff("It was called off; hold another in its place.")
    return row
