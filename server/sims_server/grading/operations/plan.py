"""Writing a plan of assessment: several columns of one sheet, together or not at all.

The rule a newcomer would get wrong: the sheet is locked before the plan is read, so that what is compared
with what the writer saw is what will be changed.
"""

from __future__ import annotations

from sims_server.grading import rules
from sims_server.grading.model import assessment
from sims_server.grading.queries import assessments as queries
from sims_server.grading.queries.sheets import lock_sheet, role_in_section
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.plan import PlanChanged, PlanView, WritePlan


@operation(Permission.MANAGE_ASSESSMENTS, "assessments.plan")
def write_plan(work: Work, command: WritePlan) -> PlanView:
    """Make, change and remove columns of an open sheet: all of it, or nothing when the plan has moved."""
    section_id = command.section_id
    queries.access_plan(work, section_id)
    rules.check_sheet_open(lock_sheet(work, section_id)["state"])
    standing = queries.standing_columns(work, section_id)
    if moves := rules.plan_moves(command.based_on, [one.planned for one in standing]):
        columns = queries.who_moved(work, moves)
        names = ", ".join(one.name for move in columns if (one := move.now or move.was) is not None)
        raise PlanChanged(f"Nothing was written. Otherwise since you read it: {names}.", columns=columns)
    teaching = role_in_section(work, section_id) is not None or work.caller.is_system
    changes = rules.check_plan(command, standing, everywhere=not teaching)
    was = {one.planned.id: one.planned for one in standing}
    for id in command.remove:
        work.run("DELETE FROM assessment WHERE id = %(id)s", id=id)
    for change in changes:
        fields = ("name", "weight", "max_score", "must_sit")
        values = {
            name: getattr(change, name)
            for name in fields
            if getattr(change, name) != getattr(was[change.id], name)
        }
        if values:
            work.update(assessment, change.id, values)
    made: list[int] = []
    position = queries.last_position(work, section_id)
    for new in command.make:
        values = {name: getattr(new, name) for name in new.__struct_fields__}
        made.append(work.insert(assessment, {"section_id": section_id, "position": position, **values}))
    return queries.plan_of(work, section_id, made)
