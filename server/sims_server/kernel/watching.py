"""Doors for those who watch over the server: no sign-in, no transaction, their own few threads.

They must answer when everything else hangs. So they take nothing from the pool of connections nor
from the threads that requests use: forty requests that wait for a dead database would otherwise keep
the health page waiting behind them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyio import CapacityLimiter, to_thread
from litestar import Request, route
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from sims_server.kernel.database import Database
from sims_server.kernel.execute import Answer
from sims_server.kernel.http import JSON, Door, File, Written, encode, refuse, request_id_of, respond
from sims_shared.problems import Refusal

AT_ONCE = 4


@dataclass(frozen=True)
class Visit:
    """What a watcher's question is answered from."""

    database: Database
    data: Path
    address: str
    authorization: str
    forwarded: bool  # a proxy passed it on: the address is the proxy's


def watch(
    path: str,
    look: Callable[[Visit], Any],
    reply: Any,
    *,
    media_type: str = JSON,
    refusals: Sequence[type[Refusal]] = (),
    tag: str = "health",
) -> HTTPRouteHandler:
    """`look(visit)` gives the view, or raises a Refusal that becomes its problem."""
    name, *more = look.__name__.split("_")
    operation_id = name + "".join(part.capitalize() for part in [*more, *_suffix(path)])
    summary = (look.__doc__ or look.__name__).strip().split("\n")[0]
    door = Door(
        "GET",
        path,
        operation_id,
        summary,
        None,
        True,
        200,
        None,
        None,
        reply,
        media_type,
        tuple(refusals),
        tag=tag,
    )
    limits: list[CapacityLimiter] = []

    def answer(request: Request[Any, Any, Any]) -> Written:
        state, headers = request.app.state, request.headers
        address = request.client.host if request.client else ""
        forwarded = "x-forwarded-for" in headers or "forwarded" in headers
        visit = Visit(state.database, state.data, address, headers.get("authorization", ""), forwarded)
        try:
            found = look(visit)
        except Refusal as refusal:
            return refuse(refusal, request.scope["path"], request_id_of(request))
        if isinstance(found, File):
            return respond(
                Answer(200, found.content, {"Content-Type": found.media_type}), request_id_of(request)
            )
        return respond(Answer(200, encode(found)), request_id_of(request))

    async def handler(request: Request[Any, Any, Any]) -> ASGIApp:
        if not limits:  # made inside the event loop it belongs to
            limits.append(CapacityLimiter(AT_ONCE))
        return await to_thread.run_sync(answer, request, limiter=limits[0])

    handler.__name__ = operation_id
    return route(
        path.rstrip("/") or "/",
        http_method=[HttpMethod.GET],
        status_code=200,
        name=f"GET {path}",
        opt={"door": door},
    )(handler)


def _suffix(path: str) -> list[str]:
    """Two paths that answer the same need two names in the OpenAPI document."""
    return ["z"] if path.strip("/").endswith("z") else []
