"""What the first page of each role's window shows: how much waits, and where.

The rule a newcomer would get wrong: a card says what waits for this person, not how big the university
is. Nothing here counts a whole table.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sims_shared.messages import View

__all__ = ["Card", "Dashboard", "OpenTerm", "Standing"]


class Card(View, kw_only=True):
    """So many things wait; `path` lists them."""

    key: str
    title: str
    count: int
    path: str


class OpenTerm(View, kw_only=True):
    """A term that is open, with the days that lie ahead."""

    id: int
    name: str
    enroll_until: date | None
    drop_until: date | None
    withdraw_until: date | None
    marks_due: date | None


class Standing(View, kw_only=True):
    """How a student stands, as last declared."""

    student_id: int
    reg_no: str
    status: str
    cgpa: Decimal | None
    credits_earned: Decimal
    standing: str | None


class Dashboard(View, kw_only=True):
    """Cards in the order of urgency for this role; `own` for students only."""

    terms: list[OpenTerm]
    cards: list[Card]
    own: Standing | None
