"""How the past is told from the present and the audit, and which enrollments an order may end. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sims_shared.people import OrderRegistrationStatus
from sims_shared.problems import Fault, InvalidInput

Row = dict[str, Any]
Key = tuple[str, int]


def undo(
    rows: Mapping[Key, Row],
    entries: Iterable[tuple[Key, str, Mapping[str, Sequence[Any]]]],
) -> dict[Key, Row]:
    """The rows as they were before the `entries` (key, operation, changes), which come newest first. A row
    that was added since is gone."""
    then = {key: dict(row) for key, row in rows.items()}
    for key, operation, changes in entries:
        if operation == "insert":
            then.pop(key, None)
            continue
        before = {field: old for field, (old, _) in changes.items()}
        then[key] = {**then.get(key, {}), **before}
    return then


def check_named(
    enrollment_ids: Sequence[int], known: Collection[int], effective_on: date, today: date
) -> None:
    """Raises InvalidInput unless an order may end these: `known` are the registration's own, and nothing ends
    before the order's day has come."""
    faults = [
        Fault(f"/enrollment_ids/{place}", "unknown", f"The registration has no enrollment {id}.")
        for place, id in enumerate(enrollment_ids)
        if id not in known
    ]
    if enrollment_ids and effective_on > today:
        detail = f"The order takes effect on {effective_on.isoformat()}; until then the enrollments run."
        faults.append(Fault("/enrollment_ids", "early", detail))
    if faults:
        raise InvalidInput(faults[0].detail, errors=faults)


def reason_of(order: OrderRegistrationStatus) -> str:
    """What stands beside an enrollment that an order ended."""
    numbered = f" {order.order_no.strip()}" if order.order_no.strip() else ""
    said = f": {order.reason.strip()}" if order.reason.strip() else ""
    words = order.status.replace("_", " ")
    return f"Order{numbered} of {order.effective_on.isoformat()}, {words}{said}"[:2000]
