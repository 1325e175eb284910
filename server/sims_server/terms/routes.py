"""Routes of terms."""

from __future__ import annotations

from sims_server.kernel.http import command, listing, read
from sims_server.terms import operations, queries
from sims_shared.access import Permission
from sims_shared.terms import (
    ChangeTerm,
    CloseTerm,
    CreateTerm,
    DeleteTerm,
    OpenTerm,
    TermInUse,
    TermNameTaken,
    TermView,
)

TERM = "/api/terms/{id:int}/"

routes = [
    listing("/api/terms/", queries.TERMS, TermView, permission=Permission.READ_CATALOG),
    read(TERM, queries.get_term, TermView, permission=Permission.READ_CATALOG),
    command(
        "POST",
        "/api/terms/",
        CreateTerm,
        operations.create_term,
        TermView,
        status=201,
        location=lambda view: f"/api/terms/{view.id}/",
        refusals=(TermNameTaken,),
    ),
    command(
        "PATCH",
        TERM,
        ChangeTerm,
        operations.change_term,
        TermView,
        locate=queries.access_term,
        view=queries.get_term,
        refusals=(TermNameTaken,),
    ),
    command(
        "DELETE",
        TERM,
        DeleteTerm,
        operations.delete_term,
        None,
        status=204,
        locate=queries.access_term,
        view=queries.get_term,
        refusals=(TermInUse,),
    ),
    command("POST", f"{TERM}close/", CloseTerm, operations.close_term, TermView, locate=queries.access_term),
    command("POST", f"{TERM}open/", OpenTerm, operations.open_term, TermView, locate=queries.access_term),
]
