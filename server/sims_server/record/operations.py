"""Opening a record, which is remembered, and the order that changes a status and ends what runs.

The order is given by people, the enrollments end by enrollment; only who sees both can do it in one piece.
"""

from __future__ import annotations

import contextlib

from sims_server.audit.operations import disclose
from sims_server.enrollment.operations import withdraw_enrollment
from sims_server.kernel.execute import check_permission, operation
from sims_server.kernel.work import Work
from sims_server.people.operations import order_registration_status
from sims_server.people.queries import get_registration
from sims_server.record import queries
from sims_server.record.rules import check_named, reason_of
from sims_shared.access import Permission
from sims_shared.enrollment import MAY_ENROLL, Override, WithdrawClosed, WithdrawEnrollment
from sims_shared.people import OrderRegistrationStatus, RegistrationView
from sims_shared.problems import Refusal
from sims_shared.record import (
    EnrollmentForeseen,
    OrderStatusAndWithdraw,
    PreviewStatusOrder,
    RecordThen,
    RecordView,
    StatusOrderForeseen,
)


def open_record(work: Work, id: int) -> RecordView:
    """A student's whole record; opening it is recorded."""
    record = queries.get_record(work, id)
    disclose(work, id, "record")
    return record


def open_history(work: Work, id: int, query: queries.When) -> RecordThen:
    """What a student's record said at a moment; opening it is recorded."""
    history = queries.get_history(work, id, query.at)
    disclose(work, id, "history")
    return history


@operation(Permission.MANAGE_STUDENTS, "registrations.preview_status")
def preview_status_order(work: Work, command: PreviewStatusOrder) -> StatusOrderForeseen:
    """What a status order would do: it is done, looked at, and taken back, so that it is what follows."""
    now = get_registration(work, command.id).status
    wish = OrderStatusAndWithdraw(
        id=command.id,
        status=command.status,
        effective_on=command.effective_on,
        order_no=command.order_no,
        reason=command.reason,
    )
    work.run("SAVEPOINT preview")
    try:
        after = _ordered(work, wish)
        running = queries.running_enrollments(work, command.id, command.effective_on)
        return StatusOrderForeseen(
            registration_id=after.id,
            reg_no=after.reg_no,
            status_now=now,
            status=after.status,
            in_effect=command.effective_on <= work.today,
            may_enroll=after.status in MAY_ENROLL,
            credits_earned=after.credits_earned,
            enrollments=[
                EnrollmentForeseen(**row, refusal=_why_not(work, wish, row["id"])) for row in running
            ],
        )
    finally:
        work.run("ROLLBACK TO SAVEPOINT preview")


@operation(Permission.MANAGE_STUDENTS, "registrations.order_status_and_withdraw")
def order_status_and_withdraw(work: Work, command: OrderStatusAndWithdraw) -> RegistrationView:
    """An office order about a registration with the enrollments it ends; all of it or nothing."""
    known = queries.enrollments_of_registration(work, command.id)
    check_named(command.enrollment_ids, known, command.effective_on, work.today)
    if command.enrollment_ids:
        check_permission(work, Permission.ENROLL_STUDENT)
    ordered = _ordered(work, command)
    for enrollment_id in sorted(set(command.enrollment_ids)):
        _withdraw(work, command, enrollment_id)
    return ordered


def _ordered(work: Work, command: OrderStatusAndWithdraw) -> RegistrationView:
    return order_registration_status(
        work,
        OrderRegistrationStatus(
            id=command.id,
            status=command.status,
            effective_on=command.effective_on,
            order_no=command.order_no,
            reason=command.reason,
        ),
    )


def _withdraw(work: Work, command: OrderStatusAndWithdraw, enrollment_id: int) -> None:
    """The last day to withdraw binds students; an order goes on record as setting it aside."""
    reason = reason_of(command)
    override: Override | None = None
    with contextlib.suppress(Refusal):
        check_permission(work, Permission.OVERRIDE_ENROLLMENT)
        override = Override(code=WithdrawClosed.code, reason=reason)
    withdraw_enrollment(work, WithdrawEnrollment(id=enrollment_id, reason=reason, override=override))


def _why_not(work: Work, command: OrderStatusAndWithdraw, enrollment_id: int) -> str:
    """Empty where the enrollment would become a W."""
    try:
        check_permission(work, Permission.ENROLL_STUDENT)
        _withdraw(work, command, enrollment_id)
    except Refusal as refusal:
        return refusal.detail
    return ""
