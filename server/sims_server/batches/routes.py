"""Routes of batches."""

from __future__ import annotations

from sims_server.batches import operations, queries
from sims_server.kernel.http import command, listing, read
from sims_shared import batches as b
from sims_shared.access import Permission
from sims_shared.enrollment import AlreadyEnrolled, DropClosed, EnrollmentClosed, EnrollmentSheetClosed

BATCH = "/api/enrollments/batches/{id:int}/"

routes = [
    listing(
        "/api/enrollments/batches/", queries.BATCHES, b.BatchView, permission=Permission.READ_ENROLLMENTS
    ),
    read(BATCH, queries.get_batch, b.BatchView, permission=Permission.READ_ENROLLMENTS),
    command(
        "POST",
        "/api/enrollments/batches/",
        b.PlanBatch,
        operations.plan_batch,
        b.BatchView,
        status=201,
        location=lambda view: f"/api/enrollments/batches/{view.id}/",
        refusals=(EnrollmentClosed, b.NothingToTeach),
    ),
    command(
        "POST",
        f"{BATCH}commit/",
        b.CommitBatch,
        operations.commit_batch,
        b.BatchView,
        locate=queries.access_batch,
        refusals=(
            b.BatchWrongState,
            b.BatchStale,
            EnrollmentClosed,
            b.NothingToTeach,
            AlreadyEnrolled,
            EnrollmentSheetClosed,
        ),
    ),
    command(
        "POST",
        f"{BATCH}undo/",
        b.UndoBatch,
        operations.undo_batch,
        b.BatchView,
        locate=queries.access_batch,
        refusals=(b.BatchWrongState, b.BatchInUse, DropClosed, EnrollmentSheetClosed),
    ),
]
