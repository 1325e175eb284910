"""Who may place and lift which hold. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from sims_shared.problems import Fault, InvalidInput, NotPermitted


def check_may_touch(kind: str, lifted_by: str, roles: Iterable[str], every_kind: bool) -> None:
    """Raises NotPermitted unless one of the caller's roles is the kind's, or the caller may touch
    every kind."""
    if not every_kind and lifted_by not in roles:
        raise NotPermitted(f"A {kind} hold is placed and lifted by {lifted_by}.")


def check_lifter(role: str, may_lift: Iterable[str]) -> None:
    """Raises InvalidInput for a role whose holders may place no holds: what it alone lifts, nobody would."""
    roles = sorted(may_lift)
    if role not in roles:
        detail = f"“{role}” is no role that may place and lift holds; these may: {', '.join(roles)}."
        raise InvalidInput(detail, errors=[Fault("/lifted_by", "unknown", detail)])
