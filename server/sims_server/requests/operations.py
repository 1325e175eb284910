"""What can be done about requests: ask, change, decide, complete."""

from __future__ import annotations

from typing import Any

import msgspec

from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.requests import queries
from sims_server.requests.model import request, request_type
from sims_server.requests.rules import (
    check_change,
    check_complete,
    check_lies_ready,
    check_missing,
    check_move,
    check_told_by_office,
    next_free,
    permission_for,
)
from sims_shared.access import Permission
from sims_shared.problems import Fault, InvalidInput, NotFound, NotPermitted
from sims_shared.requests import (
    ANY_TRAY,
    ChangeRequest,
    ChangeRequestType,
    CreateRequest,
    CreateRequestType,
    RequestTypeView,
    RequestView,
    TransitionRequest,
    trays_of,
)


@operation(Permission.CREATE_REQUEST, "requests.create")
def create_request(work: Work, command: CreateRequest) -> RequestView:
    """Ask for something; it begins as pending."""
    if not queries.is_student_in_scope(work, command.student_id):
        raise NotFound
    checklist = queries.find_checklist(work, command.type)
    if checklist is None:
        detail = f"There is no request of type “{command.type}”."
        raise InvalidInput(detail, errors=[Fault("/type", "unknown", detail)])
    if not queries.is_offered(work, command.type):
        detail = f"“{command.type}” is not offered any more."
        raise InvalidInput(detail, errors=[Fault("/type", "not_offered", detail)])
    by_office = {"missing": command.missing, "fee_receipt": command.fee_receipt}
    values: dict[str, Any] = {
        "student_id": command.student_id,
        "type": command.type,
        "notes": command.notes,
        "copies": command.copies,
        "addressee": command.addressee,
        "requested_by": work.caller.id,
    }
    if work.caller.reach(Permission.CREATE_REQUEST).everything:
        check_missing(command.missing, checklist)
        values |= by_office
    else:
        check_told_by_office(name for name, value in by_office.items() if value)
    id = work.insert(request, values)
    return queries.get_request(work, id)


@operation(Permission.CREATE_REQUEST, "requests.change")
def change_request(work: Work, command: ChangeRequest) -> RequestView:
    """Change what is asked for while it is pending, or who collected it."""
    values: dict[str, Any] = {
        name: value
        for name in ("notes", "copies", "addressee", "collected_by", "missing", "fee_receipt", "tray")
        if (value := getattr(command, name)) is not msgspec.UNSET
    }
    current = queries.get_request(work, command.id)
    check_change(current.status, set(values))
    check_missing(values.get("missing", ()), queries.find_checklist(work, current.type) or ())
    collected_by = values.get("collected_by", current.collected_by)
    tray = _free_tray(work, values["tray"]) if "tray" in values else None
    check_lies_ready(current.status, collected_by, tray)
    if "tray" in values:
        values["tray"] = tray
    if "collected_by" in values:
        values["processed_by"] = work.caller.id
    if collected_by is not None and current.tray is not None:
        values["tray"] = None
    if values:
        work.update(request, command.id, {**values, "updated_at": work.now})
    return queries.get_request(work, command.id)


@operation(None, "requests.transition")
def transition_request(work: Work, command: TransitionRequest) -> RequestView:
    """Decide a request, or complete an approved one."""
    needed = permission_for(command.status)
    if needed is not None and not work.caller.may(needed):
        raise NotPermitted(f"Your role does not include “{needed}”.")
    current = queries.get_request(work, command.id)
    check_move(current.status, command.status)
    check_complete(command.status, current.missing)
    check_lies_ready(command.status, command.collected_by, command.tray)
    values: dict[str, Any] = {
        "status": command.status,
        "processed_by": work.caller.id,
        "updated_at": work.now,
    }
    if command.notes is not None:
        values["notes"] = command.notes
    if command.status == "completed":
        values["ready_at"] = work.now
        values["collected_by"] = command.collected_by
        values["tray"] = _free_tray(work, command.tray)
    work.update(request, command.id, values)
    return queries.get_request(work, command.id)


def _free_tray(work: Work, wanted: str | None) -> str | None:
    """The tray as it was typed, or for `*` the next in which nothing lies: none where all are full."""
    if wanted != ANY_TRAY:
        return wanted
    return next_free(trays_of(work.setting("requests.trays")), queries.trays_taken(work))


# -- Types of requests ------------------------------------------------------------------------------


@operation(Permission.MANAGE_CATALOG, "request_types.create")
def create_request_type(work: Work, command: CreateRequestType) -> RequestTypeView:
    """Add a type of request."""
    work.insert(request_type, _of_type(command) | {"type": command.type}, returning="type")
    return queries.get_request_type(work, command.type)


@operation(Permission.MANAGE_CATALOG, "request_types.change")
def change_request_type(work: Work, command: ChangeRequestType) -> RequestTypeView:
    """Change a type of request; what was asked for before stays as it was promised."""
    values = _of_type(command)
    if values:
        queries.change_type(work, command.type, values)
    return queries.get_request_type(work, command.type)


def _of_type(command: CreateRequestType | ChangeRequestType) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: value
        for name in ("title", "fee", "promised_days", "checklist", "is_offered")
        if (value := getattr(command, name)) is not msgspec.UNSET
    }
    if "checklist" in values:
        values["checklist"] = list(dict.fromkeys(one.strip() for one in values["checklist"]))
    return values
