"""Routes of requests."""

from __future__ import annotations

from sims_server.kernel.http import command, listing, read
from sims_server.requests import operations, queries
from sims_shared.access import Permission
from sims_shared.problems import NotPermitted
from sims_shared.requests import (
    ChangeRequest,
    ChangeRequestType,
    CreateRequest,
    CreateRequestType,
    RequestIncomplete,
    RequestTypeTaken,
    RequestTypeView,
    RequestView,
    TransitionRequest,
    TrayTaken,
    WrongRequestState,
)

REQUEST = "/api/requests/{id:int}/"
TYPE = "/api/request-types/{type:str}/"

routes = [
    listing("/api/request-types/", queries.TYPES, RequestTypeView, permission=Permission.READ_REQUESTS),
    listing("/api/requests/", queries.REQUESTS, RequestView, permission=Permission.READ_REQUESTS),
    read(REQUEST, queries.get_request, RequestView, permission=Permission.READ_REQUESTS),
    command(
        "POST",
        "/api/requests/",
        CreateRequest,
        operations.create_request,
        RequestView,
        status=201,
        location=lambda view: f"/api/requests/{view.id}/",
    ),
    command(
        "PATCH",
        REQUEST,
        ChangeRequest,
        operations.change_request,
        RequestView,
        locate=queries.access_request_to_change,
        view=queries.get_request,
        refusals=(WrongRequestState, TrayTaken),
    ),
    command(
        "POST",
        f"{REQUEST}transition/",
        TransitionRequest,
        operations.transition_request,
        RequestView,
        locate=queries.access_request_to_move,
        refusals=(WrongRequestState, RequestIncomplete, TrayTaken, NotPermitted),
    ),
    read(TYPE, queries.get_request_type, RequestTypeView, permission=Permission.READ_REQUESTS),
    command(
        "POST",
        "/api/request-types/",
        CreateRequestType,
        operations.create_request_type,
        RequestTypeView,
        status=201,
        location=lambda view: f"/api/request-types/{view.type}/",
        refusals=(RequestTypeTaken,),
    ),
    command(
        "PATCH",
        TYPE,
        ChangeRequestType,
        operations.change_request_type,
        RequestTypeView,
        locate=queries.access_request_type,
        view=queries.get_request_type,
    ),
]
