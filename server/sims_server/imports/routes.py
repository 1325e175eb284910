"""Routes of imports."""

from __future__ import annotations

from sims_server.imports import operations, queries
from sims_server.kernel.http import command, listing, read, upload
from sims_shared.access import Permission
from sims_shared.imports import (
    CommitImport,
    DifferencePage,
    FileUnreadable,
    ImportCommitted,
    ImportDependedOn,
    ImportFaulty,
    ImportNotCommitted,
    ImportNotPreviewed,
    ImportNotUndoable,
    ImportRowPage,
    ImportStale,
    ImportSummary,
    ImportUndone,
    ImportView,
    KindNotOffered,
    MappingList,
    OwnProposal,
    UndoImport,
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
        refusals=(
            ImportFaulty,
            ImportNotPreviewed,
            ImportStale,
            ImportCommitted,
            OwnProposal,
            FileUnreadable,
        ),
    ),
    command(
        "POST",
        "/api/imports/{import_id:int}/undo/",
        UndoImport,
        operations.undo_import,
        ImportView,
        locate=queries.access_import,
        refusals=(ImportNotCommitted, ImportUndone, ImportNotUndoable, ImportDependedOn),
    ),
    read(
        "/api/imports/{import_id:int}/differences/",
        queries.list_import_differences,
        DifferencePage,
        permission=Permission.IMPORT_DATA,
        parameters=queries.DifferencesAsked,
    ),
    read(
        "/api/imports/mappings/",
        queries.list_mappings,
        MappingList,
        permission=Permission.IMPORT_DATA,
        parameters=queries.MappingsAsked,
    ),
]
