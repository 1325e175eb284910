"""Routes of regulations."""

from __future__ import annotations

from sims_server.kernel.http import command, listing, read
from sims_server.regulations import operations, queries
from sims_shared.access import Permission
from sims_shared.regulations import (
    ChangeRegulation,
    CreateRegulation,
    DeleteRegulation,
    PolicyInvalid,
    RegulationExists,
    RegulationFixed,
    RegulationInUse,
    RegulationView,
)

REGULATION = "/api/regulations/{regulation_id:int}/"

routes = [
    listing("/api/regulations/", queries.REGULATIONS, RegulationView, permission=Permission.READ_CATALOG),
    read(REGULATION, queries.get_regulation, RegulationView, permission=Permission.READ_CATALOG),
    command(
        "POST",
        "/api/regulations/",
        CreateRegulation,
        operations.create_regulation,
        RegulationView,
        status=201,
        location=lambda view: f"/api/regulations/{view.id}/",
        refusals=(RegulationExists, PolicyInvalid),
    ),
    command(
        "PATCH",
        REGULATION,
        ChangeRegulation,
        operations.change_regulation,
        RegulationView,
        locate=queries.access_regulation,
        view=queries.get_regulation,
        refusals=(RegulationExists, RegulationFixed, RegulationInUse, PolicyInvalid),
    ),
    command(
        "DELETE",
        REGULATION,
        DeleteRegulation,
        operations.delete_regulation,
        None,
        status=204,
        locate=queries.access_regulation,
        view=queries.get_regulation,
        refusals=(RegulationFixed, RegulationInUse),
    ),
]
