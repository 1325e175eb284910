"""Routes of imports."""

from __future__ import annotations

from sims_server.imports import operations, queries
from sims_server.kernel.http import command, listing, read, upload
from sims_shared.access import Permission
from sims_shared.imports import (
    CommitImport,
    FileUnreadable,
    ImportCommitted,
    ImportFaulty,
    ImportRowPage,
    ImportStale,
    ImportSummary,
    ImportView,
    KindNotOffered,
    UploadImport,
)

routes = [
    listing("/api/imports/", queries.IMPORTS, ImportSummary, permission=Permission.IMPORT_DATA),
    upload(
        "/api/imports/",
        operations.upload_import,
        UploadImport,
        ImportView,
        status=201,
        location=lambda view: f"/api/imports/{view.id}/",
        refusals=(KindNotOffered,),
    ),
    read("/api/imports/{import_id:int}/", queries.get_import, ImportView, permission=Permission.IMPORT_DATA),
    read(
        "/api/imports/{import_id:int}/rows/",
        queries.list_import_rows,
        ImportRowPage,
        permission=Permission.IMPORT_DATA,
        parameters=queries.RowsAsked,
    ),
    command(
        "POST",
        "/api/imports/{import_id:int}/commit/",
        CommitImport,
        operations.commit_import,
        ImportView,
        status=202,
        locate=queries.access_import,
        refusals=(ImportFaulty, ImportStale, ImportCommitted, FileUnreadable),
    ),
]
