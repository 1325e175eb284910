"""Routes of the record."""

from __future__ import annotations

from sims_server.kernel.http import command, read
from sims_server.people.queries import access_registration, get_student
from sims_server.record import operations, queries
from sims_shared.access import Permission
from sims_shared.enrollment import EnrollmentSheetClosed, EnrollmentWrongState, WithdrawClosed
from sims_shared.people import CreditsWanting, RegistrationView, WrongRegistrationStatus
from sims_shared.record import (
    OrderStatusAndWithdraw,
    PreviewStatusOrder,
    RecordThen,
    RecordView,
    StatusOrderForeseen,
)

READ = Permission.READ_STUDENTS
REGISTRATION = "/api/registrations/{id:int}/"

routes = [
    read("/api/students/{id:int}/record/", operations.open_record, RecordView, permission=READ, changes=True),
    read(
        "/api/students/{id:int}/history/",
        operations.open_history,
        RecordThen,
        permission=READ,
        parameters=queries.When,
        changes=True,
        locate=get_student,
    ),
    command(
        "POST",
        f"{REGISTRATION}preview-status/",
        PreviewStatusOrder,
        operations.preview_status_order,
        StatusOrderForeseen,
        locate=access_registration,
        refusals=(WrongRegistrationStatus, CreditsWanting),
    ),
    command(
        "POST",
        f"{REGISTRATION}status-and-withdraw/",
        OrderStatusAndWithdraw,
        operations.order_status_and_withdraw,
        RegistrationView,
        locate=access_registration,
        refusals=(
            WrongRegistrationStatus,
            CreditsWanting,
            EnrollmentWrongState,
            EnrollmentSheetClosed,
            WithdrawClosed,
        ),
    ),
]
