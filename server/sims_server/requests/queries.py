"""Every SELECT of requests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sims_server.kernel.actor import Caller
from sims_server.kernel.paging import Filter, Listing, Order
from sims_server.kernel.work import Work
from sims_server.people.queries import OF_PERSON, search_of_students
from sims_shared.access import Permission
from sims_shared.problems import NotFound, NotPermitted
from sims_shared.requests import (
    UNCOLLECTED_DAYS,
    RequestStatus,
    RequestTypeView,
    RequestView,
    receipt_of,
)
from sims_shared.values import SYSTEM, Person


def _scope(caller: Caller) -> tuple[str, dict[str, Any]]:
    reach = caller.reach(Permission.READ_REQUESTS)
    if reach.everything:
        return "", {}
    if reach.student_id is not None:
        return "q.student_id = %(scope_student)s", {"scope_student": reach.student_id}
    return "false", {}


def _shape(row: dict[str, Any]) -> dict[str, Any]:
    asker, processor = row.pop("asker"), row.pop("processor")
    row["receipt"] = receipt_of(row["id"])
    row["requested_by"] = SYSTEM if row["requested_by"] is None else Person(row["requested_by"], asker)
    row["processed_by"] = None if row["processed_by"] is None else Person(row["processed_by"], processor)
    return row


# Ready so long that somebody asks the student to come.
UNCOLLECTED = (
    "q.status = 'completed' AND q.collected_by IS NULL "
    f"AND q.ready_at < now() - interval '{UNCOLLECTED_DAYS} days'"
)
REQUESTS = Listing(
    entity="request",
    columns={
        "id": "q.id",
        "student_id": "q.student_id",
        "student_name": "s.name",
        "reg_no": (
            "(SELECT r.reg_no FROM registration r WHERE r.student_id = q.student_id "
            "ORDER BY r.is_current DESC, r.id DESC LIMIT 1)"
        ),
        "type": "q.type",
        "status": "q.status",
        "notes": "q.notes",
        "copies": "q.copies",
        "addressee": "q.addressee",
        "requested_by": "q.requested_by",
        "asker": "a.name",
        "processed_by": "q.processed_by",
        "processor": "p.name",
        "ready_at": "q.ready_at",
        "collected_by": "q.collected_by",
        "created_at": "q.created_at",
        "updated_at": "q.updated_at",
        **{name: f"q.{name}" for name in ("missing", "fee_due", "fee_receipt", "promised_on", "tray")},
    },
    source=(
        "request q JOIN student s ON s.id = q.student_id "
        "LEFT JOIN account a ON a.id = q.requested_by LEFT JOIN account p ON p.id = q.processed_by"
    ),
    key="q.id",
    filters={
        "student_id": Filter(OF_PERSON.format("q.student_id"), int),
        "type": Filter("q.type = {}", str),
        "status": Filter("q.status = {}", RequestStatus),
        # What lies ready and nobody came for is completed and not collected.
        "collected": Filter("(q.collected_by IS NOT NULL) = {}", bool),
        "ready_before": Filter("q.ready_at < {}", datetime),
        "uncollected": Filter(f"({UNCOLLECTED}) = {{}}", bool),
        "tray": Filter("q.tray = {}", str),
    },
    orders={
        "created_at": Order("q.created_at", "timestamptz"),
        "updated_at": Order("q.updated_at", "timestamptz"),
    },
    search=search_of_students("q.student_id", wider=True),
    scope=_scope,
    shape=_shape,
)
_TYPE = {
    **{
        name: f"t.{name}"
        for name in ("id", "type", "title", "fee", "promised_days", "checklist", "is_offered")
    },
    "promised_on": "working_day_after(campus_today(), t.promised_days)",
}
TYPES = Listing(
    entity="request_type",
    columns=_TYPE,
    source="request_type t",
    key="t.id",
    filters={"is_offered": Filter("t.is_offered = {}", bool)},
    orders={"type": Order("t.type"), "title": Order("t.title")},
    default_order="type",
    search="folded(t.type || ' ' || t.title) LIKE {}",
)


def get_request(work: Work, id: int) -> RequestView:
    """One request."""
    row = REQUESTS.one(work, id)
    if row is None:
        raise NotFound
    return RequestView(**row)


def access_request(work: Work, id: int) -> None:
    """Lock a request within the caller's scope. Raises NotFound."""
    condition, values = _scope(work.caller)
    scoped = f" AND {condition}" if condition else ""
    if (
        work.row(f"SELECT q.id FROM request q WHERE q.id = %(id)s{scoped} FOR NO KEY UPDATE", id=id, **values)
        is None
    ):
        raise NotFound


def access_request_to_move(work: Work, id: int) -> None:
    """The same for whoever decides or completes; others are told before any look-up."""
    if not (work.caller.may(Permission.DECIDE_REQUEST) or work.caller.may(Permission.COMPLETE_REQUEST)):
        raise NotPermitted("Your role neither decides nor completes requests.")
    access_request(work, id)


def access_request_to_change(work: Work, id: int) -> None:
    """The same for the counter and the registry. A student's own request, once made, is theirs to read."""
    if not work.caller.reach(Permission.CREATE_REQUEST).everything:
        raise NotPermitted("Ask the counter to correct a request.")
    access_request(work, id)


def find_checklist(work: Work, type: str) -> list[str] | None:
    """The papers that belong to a type of request; None where there is no such type."""
    row = work.row("SELECT checklist FROM request_type WHERE type = %(type)s", type=type)
    return None if row is None else row["checklist"]


def is_offered(work: Work, type: str) -> bool:
    """Whether a type of request can be asked for now."""
    return bool(work.value("SELECT is_offered FROM request_type WHERE type = %(type)s", type=type))


def get_request_type(work: Work, type: str) -> RequestTypeView:
    """One type of request."""
    columns = ", ".join(f"{sql} AS {name}" for name, sql in _TYPE.items())
    row = work.row(f"SELECT {columns} FROM request_type t WHERE t.type = %(type)s", type=type)
    if row is None:
        raise NotFound
    return RequestTypeView(**row)


def access_request_type(work: Work, type: str) -> None:
    """Lock a type of request. Raises NotFound."""
    if work.row("SELECT type FROM request_type WHERE type = %(type)s FOR NO KEY UPDATE", type=type) is None:
        raise NotFound


def change_type(work: Work, type: str, values: dict[str, Any]) -> None:
    """Whose key is its name, which never changes."""
    said = ", ".join(f"{name} = %({name})s" for name in values)
    work.run(f"UPDATE request_type SET {said} WHERE type = %(_type)s", _type=type, **values)


def trays_taken(work: Work) -> set[str]:
    """The trays in which something lies, until the end of this transaction: of two counters that ask for the
    next free one, the second waits for the first."""
    work.run("SELECT pg_advisory_xact_lock(hashtext('request.tray'))")
    return {row["tray"] for row in work.rows("SELECT tray FROM request WHERE tray IS NOT NULL")}


def is_student_in_scope(work: Work, id: int) -> bool:
    """Whether the caller may ask for something for this student."""
    reach = work.caller.reach(Permission.CREATE_REQUEST)
    if not (reach.everything or reach.student_id == id):
        return False
    return bool(work.value("SELECT EXISTS (SELECT FROM student WHERE id = %(id)s)", id=id))
