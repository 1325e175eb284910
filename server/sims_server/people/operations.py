"""What can be done about students and registrations."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from sims_server.audit.operations import disclose
from sims_server.catalog.queries import known_programs
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.people import queries
from sims_server.people.model import registration, registration_order, student
from sims_server.people.rules import intake_for, status_after
from sims_server.regulations.queries import choose_regulation
from sims_shared.access import Permission
from sims_shared.people import (
    ChangeRegistration,
    ChangeStudent,
    CreateRegistration,
    CreateStudent,
    DeleteRegistration,
    DeleteStudent,
    OrderRegistrationStatus,
    RegistrationInUse,
    RegistrationView,
    StudentInUse,
    StudentView,
)
from sims_shared.problems import Fault, InvalidInput

_PERSON = ("name", "name_native", "father_name", "national_id", "date_of_birth", "email", "phone", "address")


def open_student(work: Work, id: int) -> StudentView:
    """One student with the current registration; reading it is recorded."""
    view = queries.get_student(work, id)
    disclose(work, id, "student")
    return view


def _person(command: CreateStudent | ChangeStudent) -> dict[str, Any]:
    values = {name: getattr(command, name) for name in _PERSON}
    return {
        name: (value.strip() or None) if isinstance(value, str) else value
        for name, value in values.items()
        if value is not msgspec.UNSET
    }


def _check_birth(values: dict[str, Any], today: date) -> None:
    born = values.get("date_of_birth")
    if born is not None and not date(1900, 1, 1) <= born <= today:
        detail = "A date of birth lies between 1900 and today."
        raise InvalidInput(detail, errors=[Fault("/date_of_birth", "range", detail)])


def _register(
    work: Work, student_id: int, command: CreateStudent | CreateRegistration, is_current: bool
) -> int:
    admitted_on = command.admitted_on or work.today
    intake = intake_for(command.intake, admitted_on)
    made: int = work.insert(
        registration,
        {
            "student_id": student_id,
            "program_id": command.program_id,
            "regulation_id": choose_regulation(work, command.program_id, intake),
            "reg_no": command.reg_no,
            "roll_no": command.roll_no,
            "intake": intake,
            "batch": command.batch.strip(),
            "admitted_on": admitted_on,
            "status": command.status,
            "is_current": is_current,
        },
    )
    return made


def _check_program(work: Work, program_id: int) -> None:
    if not known_programs(work, [program_id]):
        detail = f"There is no program {program_id}."
        raise InvalidInput(detail, errors=[Fault("/program_id", "unknown", detail)])


@operation(Permission.MANAGE_STUDENTS, "students.create")
def create_student(work: Work, command: CreateStudent) -> StudentView:
    """Enter a student with the first registration."""
    person = _person(command)
    _check_birth(person, work.today)
    _check_program(work, command.program_id)
    student_id = work.insert(student, person)
    _register(work, student_id, command, is_current=True)
    return queries.get_student(work, student_id)


@operation(Permission.MANAGE_STUDENTS, "students.change")
def change_student(work: Work, command: ChangeStudent) -> StudentView:
    """Change who a student is; the former name stays findable."""
    person = _person(command)
    _check_birth(person, work.today)
    work.update(student, command.id, person)
    return queries.get_student(work, command.id)


@operation(Permission.MANAGE_STUDENTS, "students.delete")
def delete_student(work: Work, command: DeleteStudent) -> None:
    """Refused: the record keeps its students."""
    raise StudentInUse("A student has a registration, which stays; end it by a status order.")


@operation(Permission.MANAGE_STUDENTS, "registrations.create")
def create_registration(work: Work, command: CreateRegistration) -> RegistrationView:
    """Register a student in a further program."""
    queries.access_student(work, command.student_id)
    _check_program(work, command.program_id)
    if command.is_current:
        _make_none_current(work, command.student_id)
    return queries.get_registration(work, _register(work, command.student_id, command, command.is_current))


def _make_none_current(work: Work, student_id: int) -> None:
    work.run(
        "UPDATE registration SET is_current = false WHERE student_id = %(id)s AND is_current", id=student_id
    )


@operation(Permission.MANAGE_STUDENTS, "registrations.change")
def change_registration(work: Work, command: ChangeRegistration) -> RegistrationView:
    """Change roll number or batch, or make the registration the current one."""
    current = queries.get_registration(work, command.id)
    values: dict[str, Any] = {
        name: value for name in ("roll_no", "batch") if (value := getattr(command, name)) is not msgspec.UNSET
    }
    if command.is_current is True and not current.is_current:
        queries.access_student(work, current.student_id)
        _make_none_current(work, current.student_id)
        values["is_current"] = True
    work.update(registration, command.id, values)
    return queries.get_registration(work, command.id)


@operation(Permission.MANAGE_STUDENTS, "registrations.delete")
def delete_registration(work: Work, command: DeleteRegistration) -> None:
    """Refused: a number once given is never free again."""
    raise RegistrationInUse("Cancel it by a status order instead.")


@operation(Permission.MANAGE_STUDENTS, "registrations.order_status")
def order_registration_status(work: Work, command: OrderRegistrationStatus) -> RegistrationView:
    """An office order about a registration; every order stays."""
    work.insert(
        registration_order,
        {
            "registration_id": command.id,
            "status": command.status,
            "effective_on": command.effective_on,
            "order_no": command.order_no.strip(),
            "reason": command.reason.strip(),
            "by_account_id": work.caller.id,
        },
    )
    work.update(registration, command.id, {"status": status_after(queries.orders_of(work, command.id))})
    return queries.get_registration(work, command.id)
