"""Routes of honours."""

from __future__ import annotations

from sims_server.honours import queries
from sims_server.kernel.http import read
from sims_shared.access import Permission
from sims_shared.honours import DivisionExplained, MeritView
from sims_shared.problems import NotFound

routes = [
    read(
        "/api/students/{id:int}/explain/division/",
        queries.explain_division,
        DivisionExplained,
        permission=Permission.READ_RESULTS,
        parameters=queries.WhichRegistration,
    ),
    read(
        "/api/merit/",
        queries.get_merit,
        MeritView,
        permission=Permission.PUBLISH_RESULTS,
        parameters=queries.WhichClass,
        refusals=(NotFound,),
    ),
]
