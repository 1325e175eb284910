"""The cut-offs of a sheet as its teachers and its head see them before it is approved, and after.

The rule a newcomer would get wrong: one sheet may hold students of several regulations. Each regulation
that grades relatively makes a class of its own, with a mean and lines of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import sqrt
from typing import Any

from sims_server.grading.queries.sheets import access_sheet, role_in_section
from sims_server.kernel.work import Work
from sims_server.results.queries.judging import (
    cutoffs_of,
    moved_lines_of,
    policies_of,
    roster_of,
    sheets_of,
)
from sims_server.results.rules import RosterRow, Sheet, cutoffs_by_rule, lines_of_class, totals_of
from sims_shared.access import Permission
from sims_shared.cutoffs import ClassCutoffs, SheetCutoffs
from sims_shared.marks import CutOffs
from sims_shared.policy.rounding import cut
from sims_shared.problems import NotFound
from sims_shared.regulations import Policy
from sims_shared.values import Person


@dataclass(frozen=True, slots=True)
class RelativeClass:
    """Those students of a sheet whom one regulation grades relatively. `by_rule`: where it puts the lines
    now, or where they were frozen once a result of the class was published."""

    policy: Policy
    sheet: Sheet
    members: Sequence[RosterRow]
    by_rule: CutOffs
    moved: Mapping[str, Decimal]
    is_out: bool


def relative_classes(work: Work, section_id: int) -> dict[int, RelativeClass]:
    """The relatively graded classes of a sheet, by regulation."""
    rows = roster_of(work, [section_id])
    policies = policies_of(work, (row.regulation_id for row in rows))
    relative = {id: policy for id, policy in policies.items() if policy.scale.kind == "relative"}
    if not relative:
        return {}
    sheet = sheets_of(work, [section_id])[section_id]
    frozen, moved = cutoffs_of(work, [section_id]), moved_lines_of(work, [section_id])
    classes = {}
    for regulation_id, policy in sorted(relative.items()):
        key = (section_id, regulation_id)
        members = [row for row in rows if row.regulation_id == regulation_id]
        is_out = key in frozen and any(row.published for row in members)
        by_rule = frozen[key] if is_out else cutoffs_by_rule(policy, sheet, members)
        lines = moved.get(key, {})
        classes[regulation_id] = RelativeClass(policy, sheet, members, by_rule, lines, is_out)
    return classes


_STANDING = "SELECT state, rev FROM sheet WHERE section_id = %(id)s"
_SAID = """
SELECT r.id, r.code, r.version, p.reason, p.proposed_at, a.id AS account_id, a.name, c.frozen_at
  FROM regulation r
  LEFT JOIN section_cutoff_proposal p ON p.regulation_id = r.id AND p.section_id = %(section)s
   AND p.lines <> '{}'::jsonb
  LEFT JOIN account a ON a.id = p.proposed_by
  LEFT JOIN section_cutoff c ON c.regulation_id = r.id AND c.section_id = %(section)s
 WHERE r.id = ANY (%(ids)s)
"""


def get_cutoffs(work: Work, section_id: int) -> SheetCutoffs:
    """Where each grade of a relatively graded sheet begins, by the rule and as its lead moved it."""
    access_sheet(work, section_id, Permission.READ_SHEETS)
    sheet = work.row(_STANDING, id=section_id)
    if sheet is None:
        raise NotFound
    classes = relative_classes(work, section_id)
    said = {row["id"]: row for row in work.rows(_SAID, section=section_id, ids=list(classes))}
    is_lead = work.caller.may(Permission.SUBMIT_SHEET) and role_in_section(work, section_id) == "lead"
    return SheetCutoffs(
        section_id=section_id,
        state=sheet["state"],
        rev=sheet["rev"],
        may_propose=is_lead and sheet["state"] == "open",
        classes=[_class(known, said[id], sheet["state"]) for id, known in classes.items()],
    )


def _class(known: RelativeClass, said: dict[str, Any], state: str) -> ClassCutoffs:
    by_rule, policy = known.by_rule, known.policy
    totals, waiting = totals_of(policy, known.sheet, known.members, by_rule)
    return ClassCutoffs(
        regulation_id=said["id"],
        regulation=f"{said['code']} v{said['version']}",
        method=by_rule.method,
        latitude=policy.scale.latitude,
        mean=cut(Fraction(by_rule.mean), 2),
        # Shown, and decides nothing: lines are judged by squares.
        deviation=Decimal(f"{sqrt(Fraction(by_rule.variance)):.2f}"),
        count=by_rule.count,
        left_out=by_rule.left_out,
        waiting=waiting,
        fail=policy.scale.fail,
        lines=lines_of_class(policy, by_rule, known.moved),
        totals=totals,
        reason=said["reason"] or "",
        proposed_by=Person(said["account_id"], said["name"]) if said["account_id"] is not None else None,
        proposed_at=said["proposed_at"],
        frozen_at=said["frozen_at"] if state == "approved" else None,
    )
