"""Puts the slices together into one application. The only module that imports routes."""

from __future__ import annotations

import importlib
import importlib.util
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import structlog
from litestar import Litestar, Request, Response, get
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, MethodNotAllowedException
from litestar.handlers import HTTPRouteHandler
from litestar.routes import BaseRoute
from litestar.types import ASGIApp, Receive, Scope, Send

from sims_server.kernel import refusal as refusals
from sims_server.kernel.database import Database
from sims_server.kernel.http import path_of, request_id_of
from sims_server.kernel.openapi import document
from sims_server.kernel.secrets import AccessTokens, read_or_make_secret
from sims_shared.problems import InvalidInput, Kind, NotFound, Refusal

log = structlog.get_logger("sims")

# In the order of their dependence; each has routes.py, and model.py with CONSTRAINTS.
SLICES = (
    "access",
    "catalog",
    "regulations",
    "terms",
    "days_off",
    "people",
    "holds",
    "admissions",
    "requests",
    "audit",
    "enrollment",
    "batches",
    "grading",
    "results",
    "cases",
    "honours",
    "attendance",
    "examinations",
    "jobs",
    "transcripts",
    "naming",
    "stationery",
    "record",
    "dashboard",
    "reports",
    "imports",
    "exports",
    "operations_room",
)


class NoSuchMethod(Refusal):
    code = "request.method_not_allowed"
    title = "This resource knows no such method"
    kind = Kind.NOT_ALLOWED


class TooLarge(Refusal):
    code = "request.too_large"
    title = "The body is too large"
    kind = Kind.TOO_LARGE


class Failure(Refusal):
    code = "request.failed"
    title = "Something went wrong on our side"
    kind = Kind.BROKEN


def _on_refusal(request: Request[Any, Any, Any], refusal: Refusal) -> Response[bytes]:
    status, body, headers = refusals.problem_of(
        refusal, instance=path_of(request), request_id=request_id_of(request)
    )
    return Response(body, status_code=status, headers=headers, media_type=refusals.MEDIA_TYPE)


def _allow(methods: Iterable[str]) -> str:
    """What may be asked of a path: whatever answers GET answers HEAD."""
    known = set(methods)
    return ", ".join(sorted(known | {"HEAD"} if "GET" in known else known))


def _on_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    if isinstance(error, MethodNotAllowedException):
        response = _on_refusal(request, NoSuchMethod())
        for name, value in (error.headers or {}).items():  # the router and a route spell it differently
            if name.lower() == "allow":
                response.headers["Allow"] = _allow(value.split(", "))
        return response
    if error.status_code == 404:
        return _on_refusal(request, NotFound())
    if error.status_code == 413:
        return _on_refusal(request, TooLarge())
    return _on_refusal(request, InvalidInput(str(error.detail)[:200]))


def _on_bug(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A bug says sorry with a reference; what happened is in the log under the same reference."""
    log.exception("bug", path=request.scope["path"], request_id=request_id_of(request), exc_info=error)
    return _on_refusal(request, Failure("Quote the request id to the people who run this server."))


class Frame:
    """Around everything, the router's own 404 and 405 too: gives each request an id (in the answer's header,
    the audit and the log), and hears a body out before refusing it. A server that answers 413 and
    closes while the client still writes resets the connection, and the client never sees the answer.

    HEAD is GET without its body, for every resource. The framework knows a path by the first of its
    methods only, so the others are named to OPTIONS here."""

    DRAINED = 64 * 1024 * 1024

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self.app = app
        self.allow = {route.path_format: _allow(getattr(route, "methods", ())) for route in routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        scope["state"]["request_id"] = uuid.uuid4().hex
        method = scope["method"]
        if method == "HEAD":
            # A copy: the server beneath still has to know that no body follows.
            scope = {**scope, "method": "GET"}
        headers = dict(scope["headers"])
        length = headers.get(b"content-length")
        nothing_follows = length is None and b"transfer-encoding" not in headers
        heard = nothing_follows or b"expect" in headers or int(length or b"0") > self.DRAINED

        async def hear() -> Any:
            nonlocal heard
            message = await receive()
            heard = heard or message["type"] != "http.request" or not message.get("more_body", False)
            return message

        async def answer(message: Any) -> None:
            left = self.DRAINED
            while message["type"] == "http.response.start" and not heard and left > 0:
                left -= max(1, len((await hear()).get("body", b"")))
            if method == "HEAD" and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            if method == "OPTIONS" and message["type"] == "http.response.start":
                allow = self.allow.get(scope.get("path_template", ""), "")
                kept = [pair for pair in message["headers"] if pair[0].lower() != b"allow"]
                message = {**message, "headers": [*kept, (b"allow", allow.encode())] if allow else kept}
            await send(message)

        await self.app(scope, hear, answer)


_SCHEMA_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>SIMS API</title>
<style>body{font:16px/1.5 system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem}li{margin:.2em 0}
code{background:#eee;padding:0 .3em}
@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}code{background:#333}}</style>
<h1>SIMS API</h1>
<p>The document itself: <a href="/schema/openapi.json">/schema/openapi.json</a> (OpenAPI 3.1).</p>
<ul>%s</ul>"""


def _schema_routes() -> list[HTTPRouteHandler]:
    kept: dict[str, Any] = {}

    @get("/schema/openapi.json", sync_to_thread=False)
    def openapi(request: Request[Any, Any, Any]) -> dict[str, Any]:
        if "document" not in kept:
            from sims_server.access.queries import VERSION

            kept["document"] = document(request.app, VERSION)
        found: dict[str, Any] = kept["document"]
        return found

    @get("/schema", sync_to_thread=False, media_type="text/html")
    def schema_page(request: Request[Any, Any, Any]) -> str:
        from html import escape

        described = document(request.app, "")
        items = [
            f"<li><code>{method.upper()} {escape(path)}</code> {escape(operation['summary'])}</li>"
            for path, operations in described["paths"].items()
            for method, operation in operations.items()
        ]
        return _SCHEMA_PAGE % "".join(items)

    return [openapi, schema_page]


def import_slices() -> list[Any]:
    """Import every slice: its routes, its jobs, and what its constraints mean. Answers the routes."""
    routes: list[Any] = []
    for name in SLICES:
        routes += importlib.import_module(f"sims_server.{name}.routes").routes
        if importlib.util.find_spec(f"sims_server.{name}.model") is not None:  # some only read
            model = importlib.import_module(f"sims_server.{name}.model")
            refusals.CONSTRAINTS.update(getattr(model, "CONSTRAINTS", {}))
    return routes


def create_app(database: Database, data: Path, *, demo: bool = False) -> Litestar:
    """The application over one database. `data` holds secrets and keys; tests swap `state.database`."""
    routes: list[Any] = [*_schema_routes(), *import_slices()]
    app = Litestar(
        route_handlers=routes,
        openapi_config=None,
        exception_handlers={Refusal: _on_refusal, HTTPException: _on_http, Exception: _on_bug},
        request_max_body_size=1024 * 1024,
        logging_config=None,
    )
    app.asgi_handler = Frame(app.asgi_handler, app.routes)
    app.state.database = database
    app.state.data = data
    app.state.demo = demo
    app.state.read_token = AccessTokens(read_or_make_secret(data)).read
    return app
