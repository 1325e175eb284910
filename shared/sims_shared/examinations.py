"""Examinations: when and where the papers of a term are written, and the slip that lets a student in.

The rule a newcomer would get wrong: a conflict of the date sheet (one student in two papers at once, a room
too small) is named and stops nobody who is still arranging it; but no slip is printed that sends somebody to
two rooms at once. A slip names only papers that the notified list of the section admits to.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import msgspec

from sims_shared.messages import Command, View
from sims_shared.problems import Kind, Refusal
from sims_shared.values import UNSEEN, Id, Name

__all__ = [
    "AddExamPaper",
    "AddExamRoom",
    "ChangeExamPaper",
    "ChangeExamRoom",
    "Clash",
    "Crowding",
    "DateSheetConflicts",
    "ExamPaperView",
    "ExamRoomInUse",
    "ExamRoomTaken",
    "ExamRoomView",
    "ExamSection",
    "ExamSlip",
    "NothingToSit",
    "OneTerm",
    "PaperExists",
    "PaperOutsideTerm",
    "PaperSectionCancelled",
    "PrintSlips",
    "RemoveExamPaper",
    "RemoveExamRoom",
    "Seating",
    "SeatingView",
    "SectionPaper",
    "SlipClash",
    "SlipHeld",
    "SlipPaper",
    "SlipUnprintable",
]

Clock = Annotated[
    str,
    msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z", description="a time of day, as 09:30"),
]
SHORTEST, USUAL, LONGEST = 10, 180, 600  # minutes of a paper
Minutes = Annotated[int, msgspec.Meta(ge=SHORTEST, le=LONGEST)]
Seats = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
Part = Annotated[
    str,
    msgspec.Meta(
        max_length=40,
        pattern=rf"^([^\s{UNSEEN}]([^{UNSEEN}]*[^\s{UNSEEN}])?)?\Z",
        description="no blank at the beginning or the end",
    ),
]
Day = date
Unset = msgspec.UnsetType
UNSET = msgspec.UNSET
SLIPS_AT_ONCE = 20_000
ROOMS_OF_A_PAPER = 50


# -- Rooms -----------------------------------------------------------------------------------------


class AddExamRoom(Command, frozen=True, kw_only=True):
    """A room in which papers are written. Without `seats` nobody knows how many it holds."""

    name: Name
    seats: Seats | None = None


class ChangeExamRoom(Command, frozen=True, kw_only=True):
    id: Id
    name: Name | Unset = UNSET
    seats: Seats | Unset | None = UNSET


class RemoveExamRoom(Command, frozen=True, kw_only=True):
    """Take away a room in which no paper is written."""

    id: Id


class ExamRoomView(View, kw_only=True):
    id: int
    name: str
    seats: int | None


# -- Papers ----------------------------------------------------------------------------------------


class Seating(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A room of a paper, and how many of the section sit there; null: as many as it holds."""

    room_id: Id
    seats: Seats | None = None


class AddExamPaper(Command, frozen=True, kw_only=True):
    """Put a paper of a section on the date sheet. `part` tells two papers of one section apart. Rooms are
    filled in their order by registration number; the last takes whoever is left."""

    section_id: Id
    held_on: Day
    starts_at: Clock
    minutes: Minutes = USUAL
    part: Part = ""
    rooms: list[Seating] = []


class ChangeExamPaper(Command, frozen=True, kw_only=True):
    """Move a paper, or give it other rooms."""

    id: Id
    held_on: Day | Unset = UNSET
    starts_at: Clock | Unset = UNSET
    minutes: Minutes | Unset = UNSET
    part: Part | Unset = UNSET
    rooms: list[Seating] | Unset = UNSET


class RemoveExamPaper(Command, frozen=True, kw_only=True):
    """Take a paper off the date sheet."""

    id: Id


class SeatingView(msgspec.Struct, kw_only=True):
    """A room of a paper. `seats` is what was said for this paper, null where nothing was."""

    room_id: int
    name: str
    seats: int | None


class SectionPaper(msgspec.Struct, kw_only=True):
    """A paper as its section lists it."""

    id: int
    part: str
    held_on: Day
    starts_at: str
    minutes: int
    rooms: list[SeatingView]


class ExamPaperView(View, kw_only=True):
    """A paper with its section. `sitting` counts everybody who has a place: all but who dropped."""

    id: int
    section_id: int
    course_code: str
    course_title: str
    section_code: str
    term_id: int
    term: str
    part: str
    held_on: Day
    starts_at: str
    minutes: int
    sitting: int
    rooms: list[SeatingView]


class ExamSection(View, kw_only=True):
    """A section of a term as the date sheet is made from: its papers by day, none before it has one.
    `list_version` is the notified list in force, null before one."""

    id: int
    course_code: str
    course_title: str
    code: str
    term_id: int
    term: str
    sitting: int
    list_version: int | None
    papers: list[SectionPaper]


class Clash(msgspec.Struct, kw_only=True):
    """A student with two papers at once."""

    student_id: int
    reg_no: str
    name: str
    paper_id: int
    other_paper_id: int
    held_on: Day
    papers: str


class Crowding(msgspec.Struct, kw_only=True):
    """A room that holds fewer than sit there at one time."""

    room_id: int
    room: str
    seats: int
    needed: int
    held_on: Day
    starts_at: str
    paper_ids: list[int]
    papers: str


class DateSheetConflicts(View, kw_only=True):
    """What is wrong with a date sheet as it stands: the first 200 `clashes`, every crowded room, and how many
    sections and papers are still without a date or a room."""

    term_id: int
    clashes: list[Clash]
    crowded: list[Crowding]
    sections_without_paper: int
    papers_without_room: int


class OneTerm(msgspec.Struct, frozen=True, kw_only=True):
    term_id: Id


# -- Slips -----------------------------------------------------------------------------------------


class PrintSlips(Command, frozen=True, kw_only=True):
    """Make roll-number slips in the background, one PDF of one page each: for the students named, for all
    whom the notified list of a section admits, or, with neither, for everybody admitted in the term."""

    term_id: Id
    section_id: Id | None = None
    student_ids: list[Id] | None = None


class SlipPaper(msgspec.Struct, kw_only=True):
    """A paper on a slip. Without a date yet, `held_on` and `starts_at` are null."""

    section_id: int
    course_code: str
    course_title: str
    section_code: str
    part: str
    held_on: Day | None
    starts_at: str | None
    minutes: int | None
    room: str | None


class ExamSlip(View, kw_only=True):
    """What a student's slip says now. `waiting` are courses whose list is not notified yet, `barred` those
    it keeps the student from. `held` names the holds that stop the slip, `remarks` those that do not."""

    student_id: int
    name: str
    reg_no: str
    roll_no: str | None
    program: str
    term_id: int
    term: str
    papers: list[SlipPaper]
    waiting: list[str]
    barred: list[str]
    held: list[str]
    remarks: list[str]
    clashes: list[str]
    as_of: datetime


# -- Refusals --------------------------------------------------------------------------------------


class ExamRoomTaken(Refusal):
    code = "examinations.room_taken"
    title = "There is a room of this name"


class ExamRoomInUse(Refusal):
    code = "examinations.room_in_use"
    title = "Papers are written in this room"


class PaperExists(Refusal):
    """Name the part (theory, practical) where a section writes two papers."""

    code = "examinations.paper_exists"
    title = "The section has this paper on the date sheet already"


class PaperOutsideTerm(Refusal):
    """Facts: `start_date`, `end_date` of the term."""

    code = "examinations.outside_term"
    title = "The day lies outside the section's term"
    kind = Kind.INVALID


class PaperSectionCancelled(Refusal):
    code = "examinations.section_cancelled"
    title = "The section was cancelled"


class NothingToSit(Refusal):
    code = "examinations.nothing_to_sit"
    title = "No notified list admits the student to a paper of this term"


class SlipHeld(Refusal):
    """Facts: `holds`, in words."""

    code = "examinations.slip_held"
    title = "A hold stops the examination slip"


class SlipClash(Refusal):
    """Facts: `papers`, in words. The examination cell moves one of them."""

    code = "examinations.slip_clash"
    title = "The date sheet has two papers of this student at once"


class SlipUnprintable(Refusal):
    code = "examinations.slip_unprintable"
    title = "The slip has letters that no installed typeface has"
