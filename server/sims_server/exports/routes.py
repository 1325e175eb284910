"""Routes of exports: one a kind and format, so that the document names each list's own filters."""

from __future__ import annotations

from functools import partial

from sims_server.exports.operations import MEDIA_TYPES, write_export
from sims_server.exports.queries import EXPORTS
from sims_server.kernel.http import export
from sims_shared.access import Permission
from sims_shared.exports import ExportTooLong

routes = [
    export(
        f"/api/exports/{kind}.{form}",
        f"export{kind.title().replace('_', '')}{form.title()}",
        described.listing,
        partial(write_export, kind=kind, form=form),
        media_type=media_type,
        permission=Permission.EXPORT_DATA,
        summary=f"The whole list of {kind.replace('_', ' ')} as {form.upper()}.",
        refusals=(ExportTooLong,) if form == "xlsx" else (),
        tag="exports",
    )
    for kind, described in EXPORTS.items()
    for form, media_type in MEDIA_TYPES.items()
]
