"""Applicants, and how one of them becomes a student.

    applied → shortlisted → offered → accepted → (admitted: a student with a registration)
       └──────────┴────────────┴─────────┴────→ rejected or withdrawn, which are final

The rule a newcomer would get wrong: being accepted is not being admitted. Accepting takes an offer;
admitting makes the student, and from then on whatever is corrected is corrected there.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from sims_shared.messages import Command, View
from sims_shared.people import Address, Short
from sims_shared.problems import Refusal
from sims_shared.values import Email, Id, Name, RegistrationNumber

__all__ = [
    "AdmissionRefused",
    "AdmissionView",
    "AdmitApplicants",
    "Admitted",
    "ApplicantAdmitted",
    "ApplicantKept",
    "ApplicantStatus",
    "ApplicantView",
    "AppliedAlready",
    "ChangeApplicant",
    "CreateApplicant",
    "DeleteApplicant",
    "Document",
    "KnownStudent",
    "TransitionApplicant",
    "WrongApplicantState",
    "check_number_form",
    "number_of",
]

ApplicantStatus = Literal["applied", "shortlisted", "offered", "accepted", "rejected", "withdrawn"]
Unset = msgspec.UnsetType
UNSET = msgspec.UNSET


class Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A paper that the application needs, and whether the office has it."""

    name: Name
    received: bool = False


class WrongApplicantState(Refusal):
    """Facts: `status` as it is, `lawful` the states that may follow."""

    code = "applicants.wrong_state"
    title = "The application cannot become this"


class ApplicantAdmitted(Refusal):
    """Facts: `student_id`. What is corrected now is corrected on the student."""

    code = "applicants.admitted"
    title = "The applicant was admitted and is a student"


class AppliedAlready(Refusal):
    code = "applicants.applied_already"
    title = "This person has an open application for the program and term"


class AdmissionRefused(Refusal):
    """Nobody was admitted. `errors` names every fault by its place in `ids`; `known` lists the students
    whose national identity number an applicant has, each to be named in `same_person` or `another_person`."""

    code = "applicants.not_admitted"
    title = "Nobody was admitted; see each fault"


class CreateApplicant(Command, frozen=True, kw_only=True):
    """Enter an application; it begins as applied."""

    name: Name
    program_id: Id
    term_id: Id
    name_native: Name | None = None
    father_name: Name | None = None
    national_id: Short | None = None
    date_of_birth: date | None = None
    email: Email | None = None
    phone: Short | None = None
    address: Address | None = None
    documents: list[Document] = []


class ChangeApplicant(Command, frozen=True, kw_only=True):
    """Change an application. `documents` is the whole new list, and the one thing that still changes once
    the applicant is admitted."""

    id: Id
    name: Name | Unset = UNSET
    program_id: Id | Unset = UNSET
    term_id: Id | Unset = UNSET
    name_native: Name | Unset | None = UNSET
    father_name: Name | Unset | None = UNSET
    national_id: Short | Unset | None = UNSET
    date_of_birth: date | Unset | None = UNSET
    email: Email | Unset | None = UNSET
    phone: Short | Unset | None = UNSET
    address: Address | Unset | None = UNSET
    documents: list[Document] | Unset = UNSET


class DeleteApplicant(Command, frozen=True, kw_only=True):
    """Always refused: reject or withdraw the application instead."""

    id: Id


class ApplicantKept(Refusal):
    code = "applicants.in_use"
    title = "Applications are kept; reject or withdraw this one"


class TransitionApplicant(Command, frozen=True, kw_only=True):
    """Move an application on."""

    id: Id
    status: ApplicantStatus
    reason: Annotated[str, msgspec.Meta(max_length=2000)] = ""


class AdmitApplicants(Command, frozen=True, kw_only=True):
    """Make students of accepted applicants, all or none, numbered from the series in the order of `ids`.

    Where a student has the applicant's national identity number, the applicant stands in one of two lists:
    `same_person` gives that student a further registration, `another_person` makes a new student."""

    ids: Annotated[list[Id], msgspec.Meta(min_length=1, max_length=500)]
    admitted_on: date | None = None
    batch: Short = ""
    same_person: list[Id] = []
    another_person: list[Id] = []


class Admitted(View, kw_only=True):
    applicant_id: int
    student_id: int
    registration_id: int
    reg_no: str
    name: str


class AdmissionView(View, kw_only=True):
    """Who was admitted, in the order asked for."""

    admitted: list[Admitted]


class KnownStudent(View, kw_only=True):
    """A student with the national identity number of an applicant."""

    applicant_id: int
    student_id: int
    name: str
    reg_no: str


class ApplicantView(View, kw_only=True):
    """An application. Private fields are whole, masked or null as in a student's record. `student_id` and
    `registration_id` say who the applicant became."""

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
    program_id: int
    term_id: int
    status: str
    status_at: datetime
    status_reason: str
    documents: list[Document]
    applied_at: datetime
    student_id: int | None
    registration_id: int | None
    reg_no: str | None
    admitted_at: datetime | None


# -- Registration numbers --------------------------------------------------------------------------

# `{year}` 2026, `{yy}` 26, `{season}` S or F, `{program}` and `{department}` their codes, `{number}` the
# next of the series, or with its least width `{number:04}`.
_PART = re.compile(r"\{(year|yy|season|program|department|number)(?::0([1-9]))?\}")
_LONGEST = 40


def number_of(form: str, *, intake: str, program: str, department: str, number: int | None) -> str:
    """The registration number by its form; without a number the series' name, so that numbers of one form
    never meet."""
    values = {
        "year": intake[:4],
        "yy": intake[2:4],
        "season": intake[4],
        "program": program,
        "department": department,
    }

    def part(found: re.Match[str]) -> str:
        name, width = found[1], found[2]
        if name != "number":
            return values[name]
        return "#" if number is None else str(number).zfill(int(width or 1))

    return _PART.sub(part, form)


def check_number_form(form: str) -> str | None:
    """What is wrong with a form of registration numbers, in words; None when nothing is."""
    names = [found[1] for found in _PART.finditer(form)]
    rest = _PART.sub("", form)
    if names.count("number") != 1:
        return "It names {number} once."
    if "{" in rest or "}" in rest:
        return "It knows {year}, {yy}, {season}, {program}, {department} and {number}, as in {number:04}."
    if any(width for found in _PART.finditer(form) if (width := found[2]) and found[1] != "number"):
        return "Only {number} has a width."
    sample = number_of(form, intake="2026F", program="PROGRAM", department="DEPT", number=99999)
    try:
        msgspec.convert(sample, RegistrationNumber)
    except msgspec.ValidationError:
        return f"It makes numbers of printable ASCII, {_LONGEST} characters at most."
    return None
