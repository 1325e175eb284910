"""What can be done about students and registrations."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from sims_server.audit.operations import disclose
from sims_server.catalog.queries import known_programs
from sims_server.kernel.execute import execute_as_system, operation
from sims_server.kernel.jobs import JobRun, job
from sims_server.kernel.scheduler import schedule
from sims_server.kernel.work import Work
from sims_server.people import queries
from sims_server.people.model import registration, registration_order, student, student_merge
from sims_server.people.rules import check_completes, check_merge, check_order, intake_for, status_after
from sims_server.regulations.queries import choose_regulation
from sims_shared.access import Permission
from sims_shared.people import (
    ChangeRegistration,
    ChangeStudent,
    CreateRegistration,
    CreateStudent,
    DecideMerge,
    DeleteRegistration,
    DeleteStudent,
    MergeDecided,
    MergeNeedsSecondPerson,
    MergeStudents,
    OrderRegistrationStatus,
    RegistrationInUse,
    RegistrationView,
    StudentInUse,
    StudentMergeView,
    StudentView,
    UndoMerge,
)
from sims_shared.problems import Fault, InvalidInput, NotFound

ORDERS_DUE = "registrations.orders_due"
schedule("registrations.orders_due", "3 0 * * *", ORDERS_DUE)

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
    """Change who a student is; the former name stays findable. Where the institution wants two for another
    name, the database refuses one."""
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
    facts = queries.status_facts(work, command.id)
    orders = queries.orders_of(work, command.id)
    check_order(orders, command.status, command.effective_on, facts["admitted_on"], facts["initial"])
    check_completes(command.status, facts["credits_earned"], facts["credits_required"], command.order_no)
    work.insert(
        registration_order,
        {
            "registration_id": command.id,
            "status": command.status,
            "effective_on": command.effective_on,
            "order_no": command.order_no.strip(),
            "reason": command.reason.strip(),
            "by_account_id": work.caller.id,
            "from_status": facts["status"],
        },
    )
    _show_status(work, command.id, facts["initial"])
    return queries.get_registration(work, command.id)


def _show_status(work: Work, registration_id: int, initial: str) -> None:
    status = status_after(queries.orders_of(work, registration_id), work.today, initial)
    work.update(registration, registration_id, {"status": status})


def apply_orders_due(work: Work, _: None = None) -> dict[str, int]:
    """The orders whose day has come take effect. A second run finds nothing to do."""
    due = queries.registrations_behind_their_orders(work)
    for registration_id in due:
        queries.access_registration(work, registration_id)
        _show_status(work, registration_id, queries.status_facts(work, registration_id)["initial"])
    return {"registrations": len(due)}


@job(ORDERS_DUE)
def apply_orders_due_job(run: JobRun) -> dict[str, int]:
    """A few minutes after midnight on the campus."""
    return execute_as_system(run.database, apply_orders_due, None, action=ORDERS_DUE, data=run.data)


# -- Two records of one person ---------------------------------------------------------------------


def find_survivor(work: Work, id: int) -> None:
    """Raises NotFound outside the caller's scope and for a record that was merged. Takes no lock: both are
    locked together, in one order, or two who ask for each other's merge wait for each other."""
    merged_into = work.value("SELECT merged_into FROM student WHERE id = %(id)s", id=id)
    if queries.find_student_in_scope(work, id) is None or merged_into is not None:
        raise NotFound


@operation(Permission.MANAGE_STUDENTS, "students.merge")
def merge_students(work: Work, command: MergeStudents) -> StudentMergeView:
    """Ask that another record of the same person be read as this one."""
    check_merge(*_both(work, command.id, command.duplicate_id))
    made = work.insert(
        student_merge,
        {
            "survivor_id": command.id,
            "duplicate_id": command.duplicate_id,
            "reason": command.reason.strip(),
            "requested_by": work.caller.id,
            "requested_at": work.now,
        },
    )
    return queries.get_merge(work, made)


def _both(
    work: Work, survivor_id: int, duplicate_id: int
) -> tuple[dict[str, Any], dict[str, Any], list[tuple[int, str]]]:
    facts = queries.merge_facts(work, survivor_id, duplicate_id)
    if duplicate_id not in facts:
        detail = f"There is no student {duplicate_id}."
        raise InvalidInput(detail, errors=[Fault("/duplicate_id", "unknown", detail)])
    return facts[survivor_id], facts[duplicate_id], queries.live_in_both(work, survivor_id, duplicate_id)


@operation(Permission.CONFIRM_MERGE, "students.decide_merge")
def decide_merge(work: Work, command: DecideMerge) -> StudentMergeView:
    """Confirm or reject a merge, as a second person."""
    current = queries.get_merge(work, command.id)
    if current.requested_by.id == work.caller.id:
        raise MergeNeedsSecondPerson("You asked for it yourself.")
    if current.status != "pending":
        raise MergeDecided(f"The merge is {current.status}.")
    account_id = None
    if command.approved:
        survivor, duplicate, live = _both(work, current.survivor_id, current.duplicate_id)
        check_merge(survivor, duplicate, live)
        account_id = duplicate["account_id"]
    work.update(
        student_merge,
        command.id,
        {
            "status": "merged" if command.approved else "rejected",
            "decided_by": work.caller.id,
            "decided_at": work.now,
            "decision_reason": command.reason.strip(),
            "account_id": account_id,
        },
    )
    if command.approved:
        work.update(student, current.duplicate_id, {"merged_into": current.survivor_id})
        queries.hand_account_over(work, command.id)
    return queries.get_merge(work, command.id)


@operation(Permission.CONFIRM_MERGE, "students.undo_merge")
def undo_merge(work: Work, command: UndoMerge) -> StudentMergeView:
    """Take a merge back; nothing was moved, so nothing is lost."""
    current = queries.get_merge(work, command.id)
    if current.status != "merged":
        raise MergeDecided(f"The merge is {current.status}.")
    printed = queries.issued_since_merge(work, command.id)
    if printed:
        raise MergeDecided(f"{', '.join(printed)} was issued to them as one person; revoke it first.")
    work.update(
        student_merge,
        command.id,
        {
            "status": "undone",
            "undone_by": work.caller.id,
            "undone_at": work.now,
            "undo_reason": command.reason.strip(),
        },
    )
    work.update(student, current.duplicate_id, {"merged_into": None})
    queries.hand_account_over(work, command.id, back=True)
    return queries.get_merge(work, command.id)
