"""Who may decide about a published result, as the lists ask it: `capacity_of` and `without_lent_by` in SQL.

The rule a newcomer would get wrong: a role that was lent decides nothing that its lender asked for, so it is
not enough to know which departments somebody heads. Each is kept beside who lent it.
"""

from __future__ import annotations

from typing import Any

from sims_server.kernel.actor import Caller
from sims_shared.access import Permission

_NOT_LENT_BY = "(o.lender IS NULL OR o.lender NOT IN ({askers}))"


def decides_first(department: str, askers: str) -> str:
    """Whether the caller is head or dean where `department` (a condition on `o.department`) says, and not
    in the place of one of `askers`."""
    return (
        "EXISTS (SELECT FROM unnest(%(first_departments)s::bigint[], %(first_lenders)s::bigint[]) "
        f"AS o (department, lender) WHERE {department} AND {_NOT_LENT_BY.format(askers=askers)})"
    )


def decides_second(askers: str) -> str:
    """Whether the caller is of the examination cell or the registrar's office, and not in the place of
    one of `askers`."""
    return (
        "EXISTS (SELECT FROM unnest(%(second_lenders)s::bigint[]) AS o (lender) "
        f"WHERE {_NOT_LENT_BY.format(askers=askers)})"
    )


def deciding_values(caller: Caller) -> dict[str, Any]:
    """The values that both name, and `me`."""
    held = caller.grants if caller.may(Permission.APPROVE_CHANGE) else ()
    first = [grant for grant in held if grant.role in ("head", "dean") and grant.department_id]
    return {
        "me": caller.id,
        "first_departments": [grant.department_id for grant in first],
        "first_lenders": [grant.delegated_by for grant in first],
        "second_lenders": [grant.delegated_by for grant in held if grant.role in ("exam_cell", "registrar")],
    }
