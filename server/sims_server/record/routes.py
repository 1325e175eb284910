"""Routes of the record."""

from __future__ import annotations

from sims_server.kernel.http import read
from sims_server.people.queries import get_student
from sims_server.record import operations, queries
from sims_shared.access import Permission
from sims_shared.record import RecordThen, RecordView

READ = Permission.READ_STUDENTS

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
]
