"""What decides about registrations. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sims_shared.values import intake_of


def intake_for(given: str | None, admitted_on: date) -> str:
    """The intake as given, else that of the day of admission."""
    return given if given is not None else intake_of(admitted_on.year, admitted_on.month)


def status_after(orders: Iterable[tuple[date, int, str]]) -> str:
    """The status that the orders (effective_on, id, status) leave a registration in: the one effective
    last, of several on a day the one given last. An order entered late does not undo a later one."""
    return max(orders)[2]
