"""Reminding teachers of grade sheets that were not handed in, on the wire.

The rule a newcomer would get wrong: the lead is reminded, for nobody else can submit; and a sheet that is
submitted waits for the head, so its teacher is never asked for it.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from sims_shared.messages import Command, View
from sims_shared.problems import Kind, Refusal
from sims_shared.values import Id, Person

NOTE_LENGTH = 2000


class RemindTeachers(Command, frozen=True):
    """Asks the lead teachers of these sections for their sheets, in one letter each. `again` says that some
    were asked within the last hour and shall be asked all the same."""

    section_ids: Annotated[list[Id], msgspec.Meta(min_length=1, max_length=1000)]
    note: Annotated[str, msgspec.Meta(max_length=NOTE_LENGTH)] = ""
    again: bool = False


class TeachersReminded(View):
    """`job_id` writes the letters; who is `without_address` reads it in the program only."""

    sections: int
    teachers: int
    without_address: list[Person]
    job_id: int


class NobodyToRemind(Refusal):
    """Facts: `sections`, a list of `{section_id, section}`."""

    code = "sheets.no_lead"
    title = "The section has no lead teacher"
    kind = Kind.CONFLICT


class RemindedLately(Refusal):
    """Facts: `sections`, a list of `{section_id, section, asked_at, by}`."""

    code = "sheets.reminded_lately"
    title = "The teacher was reminded of this sheet within the last hour"
    kind = Kind.CONFLICT
