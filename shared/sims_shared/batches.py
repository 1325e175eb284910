"""Batches of enrollments on the wire: a plan, its commit, its undo.

The rule a newcomer would get wrong: a batch overrides nothing. Whoever is held, lacks a prerequisite or
finds no seat is an exception of the plan, to be dealt with one by one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from sims_shared.catalog import Semesters
from sims_shared.messages import Command, View
from sims_shared.people import Short
from sims_shared.problems import Refusal
from sims_shared.values import Code, Id, Intake, Person, Reason

__all__ = [
    "BatchCourse",
    "BatchException",
    "BatchInUse",
    "BatchSeat",
    "BatchSection",
    "BatchStale",
    "BatchView",
    "BatchWrongState",
    "ChosenSections",
    "CommitBatch",
    "NothingToTeach",
    "PlanBatch",
    "SkippedSeat",
    "UndoBatch",
]


class BatchWrongState(Refusal):
    code = "batches.wrong_state"
    title = "The batch is not in a state for this"


class BatchStale(Refusal):
    """Facts: `plan_hash` of the plan as it would be now. Plan again, and look at it again."""

    code = "batches.stale"
    title = "The plan would be another one now"


class BatchInUse(Refusal):
    """Facts: `rows`, the first of what depends on the batch: `{student_id, reg_no, course_code, why}`."""

    code = "batches.in_use"
    title = "Something depends on what this batch enrolled"


class NothingToTeach(Refusal):
    code = "batches.no_curriculum"
    title = "The curriculum has no course for this semester"


class ChosenSections(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a course only these sections, by their codes. A course that is not named takes all its active
    sections of the term."""

    course_id: Id
    codes: Annotated[list[Code], msgspec.Meta(min_length=1, max_length=100)]


class SkippedSeat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A seat that the batch leaves out; without `course_id` all of the student's."""

    student_id: Id
    course_id: Id | None = None


class PlanBatch(Command, frozen=True, kw_only=True):
    """Plan the enrollment of an intake (or one batch of it) into its semester's core courses, and the
    electives named. Students are spread evenly over parallel sections, neighbours by registration number
    together."""

    program_id: Id
    intake: Intake
    semester: Semesters
    term_id: Id
    batch: Short | None = None
    electives: list[Id] = []
    sections: list[ChosenSections] = []
    skip: list[SkippedSeat] = []
    name: Short = ""


class CommitBatch(Command, frozen=True, kw_only=True):
    """Carry out exactly the plan of this hash."""

    id: Id
    plan_hash: Annotated[str, msgspec.Meta(max_length=100)]


class UndoBatch(Command, frozen=True, kw_only=True):
    """Drop what the batch seated, while nothing depends on it."""

    id: Id
    reason: Reason


class BatchSection(View, kw_only=True):
    """A section of the plan: how many seats were free, how many the batch takes."""

    section_id: int
    code: str
    free: int
    seats: int


class BatchCourse(View, kw_only=True):
    course_id: int
    course_code: str
    course_title: str
    kind: str
    seats: int
    exceptions: int
    sections: list[BatchSection]


class BatchSeat(View, kw_only=True):
    student_id: int
    registration_id: int
    reg_no: str
    name: str
    course_id: int
    course_code: str
    section_id: int
    section: str
    kind: str
    attempt: int


class BatchException(View, kw_only=True):
    """Who is not seated in what, and why: the code that enrolling one by one would answer, or
    `enrollment.passed_already`, `enrollment.dropped_before`, `enrollment.no_section`,
    `enrollment.outside_scope`."""

    student_id: int
    reg_no: str
    name: str
    course_id: int
    course_code: str
    code: str
    detail: str


class BatchView(View, kw_only=True):
    """A batch. `courses`, `seats` and `exceptions` stand on the single resource only. `job_id` is set when
    it is so large that a job commits it."""

    id: int
    name: str
    program_id: int
    term_id: int
    intake: str
    batch: str | None
    semester: int
    state: str
    plan_hash: str
    students: int
    seats_planned: int
    exceptions_found: int
    created_by: Person
    created_at: datetime
    job_id: int | None
    committed_by: Person | None
    committed_at: datetime | None
    undone_by: Person | None
    undone_at: datetime | None
    undo_reason: str | None
    courses: list[BatchCourse] | msgspec.UnsetType = msgspec.UNSET
    seats: list[BatchSeat] | msgspec.UnsetType = msgspec.UNSET
    exceptions: list[BatchException] | msgspec.UnsetType = msgspec.UNSET
