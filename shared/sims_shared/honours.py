"""Honours: the division of a degree, and positions in a class.

The rule a newcomer would get wrong: a position is never bought by grace. What the regulation bars (a
repeat, a fail, a supplementary) leaves a candidate out, with the reason, however high the average.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from sims_shared.messages import View
from sims_shared.results import RegulationRef

__all__ = ["DivisionExplained", "Honoured", "MeritOfRegulation", "MeritView", "PaperLine", "Unplaced"]


class PaperLine(msgspec.Struct, kw_only=True):
    """What one course, or one head of it, adds to the aggregate, in marks."""

    result_id: int
    name: str
    head: str | None
    obtained: Decimal
    maximum: Decimal


class DivisionExplained(View, kw_only=True):
    """The division or distinction of a registration, of the attempts that stand. Null below every one.
    `grace` marks were given to `grace_paper` for it; `bars` are the honours that costs."""

    student_id: int
    registration_id: int
    regulation: RegulationRef
    division: str | None
    obtained: Decimal
    maximum: Decimal
    grace: Decimal | None
    grace_paper: str | None
    bars: list[str]
    papers: list[PaperLine]
    trace: Any


class Honoured(msgspec.Struct, kw_only=True):
    """A position; equal candidates share it, and the next one is skipped."""

    position: int
    student_id: int
    registration_id: int
    reg_no: str
    name: str
    cgpa: Decimal | None
    percentage: Decimal | None


class Unplaced(msgspec.Struct, kw_only=True):
    """Who has no position, and why."""

    student_id: int
    registration_id: int
    reg_no: str
    name: str
    why: str


class MeritOfRegulation(msgspec.Struct, kw_only=True):
    """The merit list of those who stand under one regulation."""

    regulation: RegulationRef
    placed: list[Honoured]
    left_out: list[Unplaced]


class MeritView(View, kw_only=True):
    """A class's merit lists: one for each regulation its students stand under."""

    program_id: int
    intake: str
    lists: list[MeritOfRegulation]
