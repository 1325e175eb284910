"""What the catalog refuses of its own. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from sims_shared.catalog import PrerequisiteCircle
from sims_shared.problems import Fault, InvalidInput


def check_no_circle(course_id: int, wanted: Iterable[int], needed: Iterable[tuple[int, int]]) -> None:
    """Raises PrerequisiteCircle when one of the `wanted` prerequisites needs the course, directly or
    through others. `needed` holds the pairs (course, prerequisite) of everybody else."""
    further: dict[int, list[int]] = {}
    for course, prerequisite in needed:
        further.setdefault(course, []).append(prerequisite)
    seen: set[int] = set()
    todo = list(wanted)
    while todo:
        current = todo.pop()
        if current == course_id:
            raise PrerequisiteCircle("One of these courses already requires this one.")
        if current not in seen:
            seen.add(current)
            todo += further.get(current, ())


def check_known(wanted: dict[str, int], known: frozenset[int], what: str) -> None:
    """Raises InvalidInput naming every pointer whose id is not `known`; `what` is the thing in words."""
    faults = [
        Fault(pointer, "unknown", f"There is no {what} {id}.")
        for pointer, id in wanted.items()
        if id not in known
    ]
    if faults:
        raise InvalidInput(f"The input names {len(faults)} {what}s that do not exist.", errors=faults)
