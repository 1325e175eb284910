"""A role lent to a colleague between two dates, by whoever holds it and is away."""

from __future__ import annotations

from sims_server.access import queries
from sims_server.access.model import account_role, delegation
from sims_server.access.rules import check_period
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_shared.access import (
    Delegate,
    DelegateUnfit,
    DelegationOver,
    DelegationView,
    Permission,
    RevokeDelegation,
    RoleNotYours,
)
from sims_shared.problems import NotPermitted


@operation(Permission.DELEGATE_ROLE, "delegations.create")
def delegate_role(work: Work, command: Delegate) -> DelegationView:
    """Let a colleague act in one's own role while one is away."""
    first = command.from_ or work.today
    me = work.caller.id or 0
    check_period(first, command.until, work.today)
    role_id = queries.own_grant(work, me, command.role, command.department_id, first, command.until)
    if role_id is None:
        raise RoleNotYours
    if command.to == me:
        raise DelegateUnfit("That is your own account.")
    unfit = queries.why_unfit(work, command.to, role_id, command.department_id)
    if unfit is not None:
        raise DelegateUnfit(unfit)
    id = work.insert(
        delegation,
        {
            "from_account_id": me,
            "to_account_id": command.to,
            "role_id": role_id,
            "department_id": command.department_id,
            "from_date": first,
            "until_date": command.until,
            "reason": command.reason.strip(),
            "created_at": work.now,
        },
    )
    work.insert(
        account_role,
        {
            "account_id": command.to,
            "role_id": role_id,
            "department_id": command.department_id,
            "valid_from": first,
            "valid_until": command.until,
            "delegation_id": id,
            "delegated_by": me,
        },
    )
    return queries.get_delegation(work, id)


@operation(None, "delegations.revoke")
def revoke_delegation(work: Work, command: RevokeDelegation) -> DelegationView:
    """Take a delegation back, or lay it down; it bites on the next request."""
    found = queries.get_delegation(work, command.id)
    if work.caller.id not in (found.by.id, found.to.id) and not work.caller.may(Permission.MANAGE_ACCOUNTS):
        raise NotPermitted("Who lent it takes it back, or who has it lays it down, or an administrator.")
    revoked = work.run(
        "UPDATE delegation SET revoked_at = %(now)s, revoked_by = %(me)s "
        "WHERE id = %(id)s AND revoked_at IS NULL AND until_date >= %(today)s",
        now=work.now,
        me=work.caller.id,
        id=command.id,
        today=work.today,
    )
    if not revoked:
        raise DelegationOver
    work.run("DELETE FROM account_role WHERE delegation_id = %(id)s", id=command.id)
    return queries.get_delegation(work, command.id)
