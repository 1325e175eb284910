"""What can be done about requests: ask, change, decide, complete."""

from __future__ import annotations

from typing import Any

import msgspec

from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.requests import queries
from sims_server.requests.model import request
from sims_server.requests.rules import check_change, check_move, permission_for
from sims_shared.access import Permission
from sims_shared.problems import Fault, InvalidInput, NotFound, NotPermitted
from sims_shared.requests import ChangeRequest, CreateRequest, RequestView, TransitionRequest


@operation(Permission.CREATE_REQUEST, "requests.create")
def create_request(work: Work, command: CreateRequest) -> RequestView:
    """Ask for something; it begins as pending."""
    if not queries.is_student_in_scope(work, command.student_id):
        raise NotFound
    if not queries.is_request_type(work, command.type):
        detail = f"There is no request of type “{command.type}”."
        raise InvalidInput(detail, errors=[Fault("/type", "unknown", detail)])
    id = work.insert(
        request,
        {
            "student_id": command.student_id,
            "type": command.type,
            "notes": command.notes,
            "copies": command.copies,
            "addressee": command.addressee,
            "requested_by": work.caller.id,
        },
    )
    return queries.get_request(work, id)


@operation(Permission.CREATE_REQUEST, "requests.change")
def change_request(work: Work, command: ChangeRequest) -> RequestView:
    """Change what is asked for while it is pending, or who collected it."""
    values: dict[str, Any] = {
        name: value
        for name in ("notes", "copies", "addressee", "collected_by")
        if (value := getattr(command, name)) is not msgspec.UNSET
    }
    check_change(queries.get_request(work, command.id).status, set(values))
    if values:
        work.update(request, command.id, {**values, "updated_at": work.now})
    return queries.get_request(work, command.id)


@operation(None, "requests.transition")
def transition_request(work: Work, command: TransitionRequest) -> RequestView:
    """Decide a request, or complete an approved one."""
    needed = permission_for(command.status)
    if needed is not None and not work.caller.may(needed):
        raise NotPermitted(f"Your role does not include “{needed}”.")
    check_move(queries.get_request(work, command.id).status, command.status)
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
    work.update(request, command.id, values)
    return queries.get_request(work, command.id)
