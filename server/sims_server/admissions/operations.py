"""What can be done about applicants: enter, change, move on, admit."""

from __future__ import annotations

from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from sims_server.admissions import queries
from sims_server.admissions.model import applicant
from sims_server.admissions.rules import (
    Candidate,
    admission_faults,
    check_lists,
    check_move,
    registration_number,
    series_of,
)
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.people.operations import create_registration, create_student
from sims_server.regulations.queries import choose_regulation
from sims_shared.access import Permission
from sims_shared.admissions import (
    AdmissionRefused,
    AdmissionView,
    AdmitApplicants,
    Admitted,
    ApplicantAdmitted,
    ApplicantKept,
    ApplicantView,
    ChangeApplicant,
    CreateApplicant,
    DeleteApplicant,
    KnownStudent,
    TransitionApplicant,
)
from sims_shared.people import CreateRegistration, CreateStudent
from sims_shared.problems import Fault, InvalidInput
from sims_shared.regulations import NoRegulationInForce

_PERSON = ("name", "name_native", "father_name", "national_id", "date_of_birth", "email", "phone", "address")


def _values(work: Work, command: CreateApplicant | ChangeApplicant) -> dict[str, Any]:
    """The columns a command says something about. Raises InvalidInput with every fault."""
    values: dict[str, Any] = {
        name: (value.strip() or None) if isinstance(value, str) else value
        for name in (*_PERSON, "program_id", "term_id")
        if (value := getattr(command, name)) is not msgspec.UNSET
    }
    faults = [
        Fault(f"/{name}", "unknown", f"There is no {name.removesuffix('_id')} {values[name]}.")
        for name in queries.unknown_references(work, values.get("program_id"), values.get("term_id"))
    ]
    if not queries.plausible_birth(values.get("date_of_birth"), work.today):
        faults.append(Fault("/date_of_birth", "range", "A date of birth lies between 1900 and today."))
    if faults:
        raise InvalidInput(
            f"{len(faults)} fault{'s' if len(faults) > 1 else ''} in the input.", errors=faults
        )
    if command.documents is not msgspec.UNSET:
        values["documents"] = Jsonb(msgspec.to_builtins(command.documents))
    return values


@operation(Permission.MANAGE_APPLICANTS, "applicants.create")
def create_applicant(work: Work, command: CreateApplicant) -> ApplicantView:
    """Enter an application; it begins as applied."""
    values = {**_values(work, command), "status_at": work.now, "applied_at": work.now}
    return queries.get_applicant(work, work.insert(applicant, values))


@operation(Permission.MANAGE_APPLICANTS, "applicants.change")
def change_applicant(work: Work, command: ChangeApplicant) -> ApplicantView:
    """Change an application; once admitted, only which documents came."""
    current = queries.get_applicant(work, command.id)
    values = _values(work, command)
    if current.student_id is not None and values.keys() - {"documents"}:
        raise ApplicantAdmitted(f"Correct it on student {current.student_id}.", student_id=current.student_id)
    work.update(applicant, command.id, values)
    return queries.get_applicant(work, command.id)


@operation(Permission.MANAGE_APPLICANTS, "applicants.delete")
def delete_applicant(work: Work, command: DeleteApplicant) -> None:
    """Refused: applications are kept."""
    raise ApplicantKept("Reject it, or withdraw it when the applicant asks.")


@operation(Permission.MANAGE_APPLICANTS, "applicants.transition")
def transition_applicant(work: Work, command: TransitionApplicant) -> ApplicantView:
    """Move an application on: shortlist, offer, accept, reject, withdraw."""
    current = queries.get_applicant(work, command.id)
    if current.student_id is not None:
        raise ApplicantAdmitted(
            f"End the registration {current.reg_no} by a status order instead.", student_id=current.student_id
        )
    check_move(current.status, command.status)
    work.update(
        applicant,
        command.id,
        {"status": command.status, "status_at": work.now, "status_reason": command.reason.strip()},
    )
    return queries.get_applicant(work, command.id)


@operation(Permission.MANAGE_APPLICANTS, "applicants.admit")
def admit_applicants(work: Work, command: AdmitApplicants) -> AdmissionView:
    """Make students of accepted applicants: numbers from the series, first registrations; all or none."""
    locked = queries.lock_candidates(work, command.ids)
    check_lists(
        command.ids, command.same_person, command.another_person, {id: one for id, (one, _) in locked.items()}
    )
    chosen = [locked[id] for id in command.ids]
    candidates = [one for one, _ in chosen]
    form: str = work.setting("admissions.reg_no_form")
    faults = admission_faults(
        candidates,
        frozenset(command.same_person),
        frozenset(command.another_person),
        _unregulated(work, candidates),
        form,
    )
    if faults:
        detail = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}; nobody was admitted."
        raise AdmissionRefused(detail, errors=faults, known=_known(candidates))
    return AdmissionView(admitted=[_admit(work, command, one, row, form) for one, row in chosen])


def _unregulated(work: Work, candidates: list[Candidate]) -> dict[tuple[int, str], str]:
    found = {}
    for program_id, intake in sorted({(one.program_id, one.intake) for one in candidates}):
        try:
            choose_regulation(work, program_id, intake)
        except NoRegulationInForce as refusal:
            found[program_id, intake] = refusal.detail
    return found


def _known(candidates: list[Candidate]) -> list[KnownStudent]:
    return [
        KnownStudent(applicant_id=one.id, student_id=id, name=name, reg_no=reg_no)
        for one in candidates
        for id, name, reg_no, _ in one.known
    ]


def _admit(work: Work, command: AdmitApplicants, one: Candidate, row: dict[str, Any], form: str) -> Admitted:
    reg_no = _next_number(work, one, form)
    admitted_on = command.admitted_on or work.today
    registered: dict[str, Any] = {
        "program_id": one.program_id,
        "reg_no": reg_no,
        "admitted_on": admitted_on,
        "intake": one.intake,
        "batch": command.batch,
    }
    if one.id in command.same_person:
        made = create_registration(work, CreateRegistration(student_id=one.known[0][0], **registered))
        student_id, registration_id, name = made.student_id, made.id, made.student_name
    else:
        person: dict[str, Any] = {name: row[name] for name in _PERSON}
        student = create_student(work, CreateStudent(**person, **registered))
        student_id, registration_id, name = student.id, student.registration_id, student.name
    work.update(
        applicant,
        one.id,
        {"student_id": student_id, "registration_id": registration_id, "admitted_at": work.now},
    )
    return Admitted(
        applicant_id=one.id, student_id=student_id, registration_id=registration_id, reg_no=reg_no, name=name
    )


def _next_number(work: Work, one: Candidate, form: str) -> str:
    """The next of the series that nobody has: numbers given by hand or imported are passed over."""
    while True:
        number = work.take_number(series_of(form, one), int(one.intake[:4]))
        reg_no = registration_number(form, one, number)
        if not queries.is_number_taken(work, reg_no):
            return reg_no
