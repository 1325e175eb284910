"""Two revisions of one sheet beside each other, on the wire.

The rule a newcomer would get wrong: a revision is not a copy of the sheet. Every version of every cell is
kept with the revision that wrote it, so any two revisions are compared, also those nobody handed in.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from sims_shared.messages import View
from sims_shared.values import Person


class SheetMoment(View, kw_only=True):
    """The sheet was handed in, returned or approved, as it stood at this revision; `reason` is the lead's
    note or the head's words."""

    rev: int
    from_state: str
    to_state: str
    by: Person
    at: datetime
    reason: str | None = None


class SheetRevisions(View, kw_only=True):
    """The moments worth comparing, oldest first; `rev` is what the sheet stands at now."""

    section_id: int
    rev: int
    moments: list[SheetMoment]


class CellThen(msgspec.Struct, frozen=True):
    """What a cell held: blank is a null mark."""

    mark: str | None
    score: Decimal | None


class CellMoved(View, kw_only=True):
    """A cell that the two revisions show differently, and who wrote the later value, when. With `unchanged`
    asked for, also one that both show alike."""

    enrollment_id: int
    reg_no: str
    name: str
    assessment_id: int
    assessment: str
    before: CellThen
    after: CellThen
    by: Person
    at: datetime


class SheetCompared(View, kw_only=True):
    """`cells` in the order of the sheet. A cell that came back to its old value is not among them."""

    section_id: int
    since: int
    until: int
    cells: list[CellMoved]
