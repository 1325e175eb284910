"""What can be done about terms."""

from __future__ import annotations

from typing import Any

import msgspec

from sims_server.kernel.execute import operation
from sims_server.kernel.refusal import in_use_as
from sims_server.kernel.work import Work
from sims_server.terms import queries
from sims_server.terms.model import term
from sims_server.terms.rules import check_dates
from sims_shared.access import Permission
from sims_shared.terms import ChangeTerm, CloseTerm, CreateTerm, DeleteTerm, OpenTerm, TermInUse, TermView


def _given(command: CreateTerm | ChangeTerm) -> dict[str, Any]:
    values = {name: getattr(command, name) for name in command.__struct_fields__ if name != "id"}
    return {
        name: value.strip() if isinstance(value, str) else value
        for name, value in values.items()
        if value is not msgspec.UNSET
    }


@operation(Permission.MANAGE_CATALOG, "terms.create")
def create_term(work: Work, command: CreateTerm) -> TermView:
    """Announce a term."""
    check_dates(command.start_date, command.end_date)
    return queries.get_term(work, work.insert(term, _given(command)))


@operation(Permission.MANAGE_CATALOG, "terms.change")
def change_term(work: Work, command: ChangeTerm) -> TermView:
    """Change a term's name or dates."""
    current = queries.get_term(work, command.id)
    values = _given(command)
    check_dates(values.get("start_date", current.start_date), values.get("end_date", current.end_date))
    work.update(term, command.id, values)
    return queries.get_term(work, command.id)


@operation(Permission.MANAGE_CATALOG, "terms.delete")
def delete_term(work: Work, command: DeleteTerm) -> None:
    """Delete a term that nothing refers to."""
    with in_use_as(TermInUse):
        work.run("DELETE FROM term WHERE id = %(id)s", id=command.id)


@operation(Permission.MANAGE_CATALOG, "terms.close")
def close_term(work: Work, command: CloseTerm) -> TermView:
    """Stop enrollment in a term."""
    work.update(term, command.id, {"status": "closed"})
    return queries.get_term(work, command.id)


@operation(Permission.MANAGE_CATALOG, "terms.open")
def open_term(work: Work, command: OpenTerm) -> TermView:
    """Open a term for enrollment."""
    work.update(term, command.id, {"status": "open"})
    return queries.get_term(work, command.id)
