"""The plan of assessment as one thing: a section's columns, written together or not at all.

The rule a newcomer would get wrong: a plan is written over a plan. Whoever writes sends what they saw
(`based_on`), and is refused, with who changed what meanwhile, when it is not that any more; so of two
teachers who write at once the second decides knowingly.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from sims_shared.grading import AssessmentType, AssessmentView, Head
from sims_shared.messages import Command, View
from sims_shared.problems import Kind, Refusal
from sims_shared.values import Id, Maximum, Name, Person, Weight

MOST_COLUMNS = 200  # are made by one writing


class PlannedColumn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a plan says of a column that stands, or how it shall be."""

    id: Id
    name: Name
    weight: Weight
    max_score: Maximum
    must_sit: bool = False


class NewColumn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column to be made."""

    name: Name
    type: AssessmentType
    weight: Weight
    max_score: Maximum
    head: Head = "theory"
    must_sit: bool = False


class WritePlan(Command, frozen=True):
    """All of it happens, or nothing. `based_on` is every column of the sheet as the writer saw it."""

    section_id: Id
    based_on: list[PlannedColumn]
    make: list[NewColumn] = msgspec.field(default_factory=list)
    change: list[PlannedColumn] = msgspec.field(default_factory=list)
    remove: list[Id] = msgspec.field(default_factory=list)


class PlanView(View):
    """The plan as it stands now; `made` are the columns this writing made, in its order."""

    section_id: int
    assessments: list[AssessmentView]
    made: list[int] = msgspec.field(default_factory=list)


class ColumnMoved(msgspec.Struct, frozen=True, kw_only=True):
    """A column that is not as the writer saw it: `was` is null when it was made meanwhile, `now` when it was
    taken away; by whom, when."""

    was: PlannedColumn | None
    now: PlannedColumn | None
    by: Person
    at: datetime | None


class PlanChanged(Refusal):
    """Facts: `columns`, a list of `ColumnMoved`."""

    code = "assessments.plan_changed"
    title = "The plan of assessment was changed since you read it"
    kind = Kind.CONFLICT
