"""Students and their registrations.

A person is one student for life; a registration is that student in a program since an intake, under
one regulation. The rule a newcomer would get wrong: registration number, program, status and averages
belong to the registration, and a person may have several of them, one of which is current.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from sims_shared.messages import Command, View
from sims_shared.problems import Kind, Refusal
from sims_shared.values import Email, Id, Intake, Name, Person, Reason, RegistrationNumber, Text

__all__ = [
    "ChangeRegistration",
    "ChangeStudent",
    "CreateRegistration",
    "CreateStudent",
    "CreditsWanting",
    "CurrentRegistrationMoved",
    "DecideMerge",
    "DeleteRegistration",
    "DeleteStudent",
    "DraftStands",
    "MergeDecided",
    "MergeNeedsSecondPerson",
    "MergePending",
    "MergeRefused",
    "MergeStudents",
    "MoveRegistrations",
    "MovedDraft",
    "MovedRegistration",
    "OrderRegistrationStatus",
    "PreviewMove",
    "RecordForeseen",
    "RegistrationInUse",
    "RegistrationNumberTaken",
    "RegistrationStatus",
    "RegistrationView",
    "RegistrationsDeclared",
    "RegistrationsMoved",
    "RegistrationsOverlap",
    "RegulationMove",
    "RegulationUnfit",
    "StatusOrder",
    "StudentInUse",
    "StudentMergeView",
    "StudentView",
    "UndoMerge",
    "WrongRegistrationStatus",
]

RegistrationStatus = Literal[
    "provisional",
    "active",
    "on_leave",
    "struck_off",
    "suspended",
    "completed",
    "graduated",
    "withdrawn",
    "dismissed",
    "cancelled",
]
Short = Annotated[str, msgspec.Meta(max_length=80)]
Address = Annotated[str, msgspec.Meta(max_length=500)]


class RegistrationNumberTaken(Refusal):
    code = "students.reg_no_taken"
    title = "This registration number is taken"


class CurrentRegistrationMoved(Refusal):
    """Two people made a registration of the same student current at once."""

    code = "registrations.current_moved"
    title = "Somebody just made another registration current"


class StudentInUse(Refusal):
    code = "students.in_use"
    title = "The academic record refers to this student"


class RegistrationInUse(Refusal):
    """A number once given is never free again: cancel the registration by an order instead."""

    code = "registrations.in_use"
    title = "The academic record refers to this registration"


class WrongRegistrationStatus(Refusal):
    """Facts: `status_then`, what the registration is on the day of the order."""

    code = "registrations.wrong_state"
    title = "No order leads there from the registration's status"


class RegistrationsDeclared(Refusal):
    """What is published changes by a case that cites its authority, not beneath it. Facts: `registrations`,
    those with results that are out."""

    code = "registrations.declared"
    title = "Results of the registration are published under its regulation"


class RegulationUnfit(Refusal):
    """The regulation is not in force, or not meant for the program."""

    code = "registrations.regulation_unfit"
    title = "The registration cannot stand under this regulation"


class CreditsWanting(Refusal):
    code = "registrations.credits_wanting"
    title = "The program's credits are not earned"


class MergePending(Refusal):
    code = "students.merge_pending"
    title = "A merge of this record is asked for, or done, already"


class MergeRefused(Refusal):
    code = "students.merge_refused"
    title = "These two records cannot be one"


class RegistrationsOverlap(Refusal):
    code = "students.registrations_overlap"
    title = "Both records have a live registration in one program"


class MergeDecided(Refusal):
    code = "students.merge_decided"
    title = "This merge is not in a state for this"


class MergeNeedsSecondPerson(Refusal):
    code = "students.merge_second_person"
    title = "A second person confirms a merge"
    kind = Kind.FORBIDDEN


class CreateStudent(Command, frozen=True, kw_only=True):
    """Enter a student with the first registration. `name` is as per certificate; `intake` follows from
    `admitted_on` (January to June S, else F); the regulation is the one in force for program and intake."""

    name: Name
    reg_no: RegistrationNumber
    program_id: Id
    admitted_on: date
    name_native: Name | None = None
    father_name: Name | None = None
    national_id: Short | None = None
    date_of_birth: date | None = None
    email: Email | None = None
    phone: Short | None = None
    address: Address | None = None
    roll_no: Short | None = None
    intake: Intake | None = None
    batch: Short = ""
    status: RegistrationStatus = "active"


class ChangeStudent(Command, frozen=True, kw_only=True):
    """Change who a student is. Former names stay findable."""

    id: Id
    name: Name | msgspec.UnsetType = msgspec.UNSET
    name_native: Name | msgspec.UnsetType | None = msgspec.UNSET
    father_name: Name | msgspec.UnsetType | None = msgspec.UNSET
    national_id: Short | msgspec.UnsetType | None = msgspec.UNSET
    date_of_birth: date | msgspec.UnsetType | None = msgspec.UNSET
    email: Email | msgspec.UnsetType | None = msgspec.UNSET
    phone: Short | msgspec.UnsetType | None = msgspec.UNSET
    address: Address | msgspec.UnsetType | None = msgspec.UNSET


class DeleteStudent(Command, frozen=True, kw_only=True):
    """Always refused: a student has a registration."""

    id: Id


class CreateRegistration(Command, frozen=True, kw_only=True):
    """Register a student in a further program, admitted today unless given. `is_current` makes it the one
    that lists show."""

    student_id: Id
    program_id: Id
    reg_no: RegistrationNumber
    admitted_on: date | None = None
    roll_no: Short | None = None
    intake: Intake | None = None
    batch: Short = ""
    status: RegistrationStatus = "active"
    is_current: bool = True


class ChangeRegistration(Command, frozen=True, kw_only=True):
    """Change roll number or batch, or make this registration the current one."""

    id: Id
    roll_no: Short | msgspec.UnsetType | None = msgspec.UNSET
    batch: Short | msgspec.UnsetType = msgspec.UNSET
    is_current: Literal[True] | msgspec.UnsetType = msgspec.UNSET


class DeleteRegistration(Command, frozen=True, kw_only=True):
    """Always refused: give a status order instead."""

    id: Id


class OrderRegistrationStatus(Command, frozen=True, kw_only=True):
    """An office order about a registration: leave, return, struck off, completed … Every order stays. It
    takes effect on its day; one for an earlier day fits in before those that follow."""

    id: Id
    status: RegistrationStatus
    effective_on: date
    order_no: Short = ""
    reason: Annotated[str, msgspec.Meta(max_length=2000)] = ""


MergeStatus = Literal["pending", "merged", "rejected", "undone"]


class MergeStudents(Command, frozen=True, kw_only=True):
    """Ask that another record of the same person be read as this one. A second person confirms it."""

    id: Id
    duplicate_id: Id
    reason: Reason


class DecideMerge(Command, frozen=True, kw_only=True):
    """Confirm or reject a merge, as a second person."""

    id: Id
    approved: bool
    reason: Annotated[str, msgspec.Meta(max_length=2000)] = ""


class UndoMerge(Command, frozen=True, kw_only=True):
    """Take a merge back, while no document was issued that rests on it."""

    id: Id
    reason: Reason


class StudentMergeView(View, kw_only=True):
    """Two records of one person. No row moves: questions about either are answered for both."""

    id: int
    survivor_id: int
    survivor_name: str
    duplicate_id: int
    duplicate_name: str
    status: MergeStatus
    reason: str
    requested_by: Person
    requested_at: datetime
    decided_by: Person | None
    decided_at: datetime | None
    decision_reason: str
    undone_by: Person | None
    undone_at: datetime | None
    undo_reason: str


class StatusOrder(View, kw_only=True):
    """One order of a registration's history."""

    status: str
    effective_on: date
    order_no: str
    reason: str
    by: Person
    at: datetime


class MoveRegistrations(Command, frozen=True, kw_only=True):
    """Puts registrations under another version of their regulation. `authority` is what ordered it."""

    registration_ids: Annotated[list[Id], msgspec.Meta(min_length=1, max_length=2000)]
    regulation_id: Id
    reason: Reason
    authority: Text = ""


class PreviewMove(Command, frozen=True, kw_only=True):
    """The same, without doing it."""

    registration_ids: Annotated[list[Id], msgspec.Meta(min_length=1, max_length=2000)]
    regulation_id: Id


class DraftStands(msgspec.Struct, kw_only=True):
    """What a draft comes to under one regulation."""

    total: Decimal | None
    grade: str | None
    grade_points: Decimal | None
    outcome: str


class MovedDraft(msgspec.Struct, kw_only=True):
    """A draft result that comes to something else."""

    result_id: int
    course_code: str
    old: DraftStands
    new: DraftStands


class RecordForeseen(msgspec.Struct, kw_only=True):
    """The record with its drafts published, under one regulation."""

    cgpa: Decimal | None
    credits_earned: Decimal
    standing: str


class MovedRegistration(msgspec.Struct, kw_only=True):
    """One registration. `fate` is moved, same (it stands under the regulation already) or declared:
    `published` results of it are out, so it stays; then nothing is foreseen."""

    registration_id: int
    student_id: int
    reg_no: str
    from_regulation_id: int
    fate: Literal["moved", "same", "declared"]
    published: int
    drafts: list[MovedDraft] = []
    old: RecordForeseen | None = None
    new: RecordForeseen | None = None


class RegistrationsMoved(View, kw_only=True):
    """What was, or would be, moved; `registrations` in the order of their numbers."""

    regulation_id: int
    moved: int
    same: int
    declared: int
    registrations: list[MovedRegistration]


class RegulationMove(msgspec.Struct, kw_only=True):
    """That a registration was put under another regulation, by whom and why."""

    from_regulation_id: int
    to_regulation_id: int
    reason: str
    authority: str
    by: Person
    at: datetime


class RegistrationView(View, kw_only=True):
    """A registration. `cgpa` and `credits_earned` are as last declared; `orders` and `moves` (from one
    regulation to another), oldest first, stand on the single resource only."""

    id: int
    student_id: int
    student_name: str
    program_id: int
    reg_no: str
    roll_no: str | None
    intake: str
    batch: str
    regulation_id: int
    admitted_on: date
    status: str
    is_current: bool
    cgpa: Decimal | None
    credits_earned: Decimal
    orders: list[StatusOrder] | msgspec.UnsetType = msgspec.UNSET
    moves: list[RegulationMove] | msgspec.UnsetType = msgspec.UNSET


class StudentView(View, kw_only=True):
    """A student with the current registration. Private fields (national id, birth date, phone, address,
    parents) are whole, masked (`••••67`; a masked date is null) or null by what the reader may see;
    `private` says which. `former_names`, latest first, are found by search as well. `merged` are other
    records of the same person: asked for one of those, the answer is this one, and `redirected_from` says
    so."""

    id: int
    name: str
    name_native: str | None
    father_name: str | None
    national_id: str | None
    date_of_birth: date | None
    email: str | None
    phone: str | None
    address: str | None
    private: Literal["whole", "masked", "hidden"]
    registration_id: int
    reg_no: str
    roll_no: str | None
    program_id: int
    intake: str
    batch: str
    regulation_id: int
    status: str
    admitted_on: date
    cgpa: Decimal | None
    credits_earned: Decimal
    former_names: list[str] = []
    merged: list[int] = []
    redirected_from: int | None = None
