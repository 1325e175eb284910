"""Routes of holds."""

from __future__ import annotations

from sims_server.holds import operations, queries
from sims_server.kernel.http import command, listing, read
from sims_shared.access import Permission
from sims_shared.holds import (
    ChangeHold,
    ChangeHoldKind,
    CreateHoldKind,
    HoldKindTaken,
    HoldKindView,
    HoldLifted,
    HoldLifters,
    HoldView,
    LiftHold,
    PlaceHold,
)

HOLD = "/api/holds/{id:int}/"
KIND = "/api/hold-kinds/{kind:str}/"

routes = [
    listing("/api/hold-kinds/", queries.KINDS, HoldKindView, permission=Permission.READ_HOLDS),
    listing("/api/holds/", queries.HOLDS, HoldView, permission=Permission.READ_HOLDS),
    read(HOLD, queries.get_hold, HoldView, permission=Permission.READ_HOLDS),
    command(
        "POST",
        "/api/holds/",
        PlaceHold,
        operations.place_hold,
        HoldView,
        status=201,
        location=lambda view: f"/api/holds/{view.id}/",
    ),
    command(
        "PATCH",
        HOLD,
        ChangeHold,
        operations.change_hold,
        HoldView,
        locate=queries.access_hold,
        view=queries.get_hold,
        refusals=(HoldLifted,),
    ),
    command(
        "POST",
        f"{HOLD}lift/",
        LiftHold,
        operations.lift_hold,
        HoldView,
        locate=queries.access_hold,
        refusals=(HoldLifted,),
    ),
    read("/api/hold-lifters/", queries.get_hold_lifters, HoldLifters, permission=Permission.MANAGE_CATALOG),
    read(KIND, queries.get_kind, HoldKindView, permission=Permission.READ_HOLDS),
    command(
        "POST",
        "/api/hold-kinds/",
        CreateHoldKind,
        operations.create_hold_kind,
        HoldKindView,
        status=201,
        location=lambda view: f"/api/hold-kinds/{view.kind}/",
        refusals=(HoldKindTaken,),
    ),
    command(
        "PATCH",
        KIND,
        ChangeHoldKind,
        operations.change_hold_kind,
        HoldKindView,
        locate=queries.access_kind,
        view=queries.get_kind,
    ),
]
