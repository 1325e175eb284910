"""Doors: how a Litestar handler is made from an operation, a query or a listing.

Every route of every slice goes through one of the makers here, so the order of judgment holds
everywhere: 401 → 403 → 404 (`locate`) → 400 (the body) → 409 (the rule). The OpenAPI document is
written from the same `Door` values that decode and answer, so it cannot disagree with them.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
import urllib.parse
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, route
from litestar.enums import HttpMethod
from litestar.exceptions import InternalServerException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.handlers import HTTPRouteHandler
from litestar.response.streaming import ASGIStreamingResponse
from litestar.types import ASGIApp, Receive, Scope, Send

from sims_server.kernel.database import Database
from sims_server.kernel.decode import decode_command, decode_query
from sims_server.kernel.execute import Answer, Incoming, Operation, execute
from sims_server.kernel.metrics import observe
from sims_server.kernel.paging import Listing, read_page
from sims_server.kernel.refusal import MEDIA_TYPE, problem_of
from sims_server.kernel.work import Work
from sims_shared.messages import Page
from sims_shared.problems import Fault, InvalidInput, NotFound, NotSignedIn, Refusal, Stale

JSON = "application/json"
BODY_LIMIT = 1024 * 1024
_KEY = re.compile(r"[!-~]{1,200}\Z")
_BIGINT_MAX = 2**63 - 1

# Requests are carried out here. A plain executor: the framework's own hop costs three times as much, a
# fifth of a bare list page. More than the pool has connections: while changes wait for each other, others
# read.
THREADS = ThreadPoolExecutor(max_workers=36, thread_name_prefix="request")

Locate = Callable[..., object]
encode = msgspec.json.encode


@dataclass(frozen=True)
class File:
    """An answer that is not JSON."""

    content: bytes
    media_type: str
    name: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None  # where a page for people must say what a problem would
    pieces: Iterator[bytes] | None = None  # in place of the content, where it may be longer than memory


@dataclass(frozen=True)
class Door:
    """What the OpenAPI document says of a route, and what decodes and answers it."""

    method: str
    path: str
    operation_id: str
    summary: str
    permission: str | None
    anonymous: bool
    status: int
    command: type[Any] | None = None
    query: type[Any] | None = None
    reply: Any = None  # a View, Page[View], File (any media type) or None (204)
    media_type: str = JSON
    refusals: tuple[type[Refusal], ...] = ()
    listing: Listing | None = None
    paged: bool = True
    multipart: bool = False
    tag: str = ""

    @property
    def takes_key(self) -> bool:
        """Whether an Idempotency-Key is honoured. What signing in answers (codes, tokens) is never stored."""
        return (
            self.method == "POST"
            and not self.anonymous
            and not self.multipart
            and not self.path.startswith("/api/auth/")
        )


DOORS: list[Door] = []


def etag(body: bytes) -> str:
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


class Whole:
    """An answer that is there as a whole, written as it is: the framework's own response spends as long on
    its headers as a page takes to encode."""

    __slots__ = ("body", "headers", "status_code")

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str], media_type: str) -> None:
        self.status_code = status
        self.body = body
        self.headers = [
            (name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()
        ]
        if status not in (204, 304):
            charset = "; charset=utf-8" if media_type.startswith("text/") else ""
            self.headers.append((b"content-type", f"{media_type}{charset}".encode("latin-1")))
            self.headers.append((b"content-length", str(len(body)).encode()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


Written = Whole | ASGIStreamingResponse


def respond(answer: Answer, request_id: str) -> Written:
    headers = {"X-Request-Id": request_id, "Cache-Control": "no-store", **answer.headers}
    media_type = headers.pop("Content-Type", JSON)
    if answer.pieces is not None:
        pieces = iterate_in_threadpool(answer.pieces)
        return ASGIStreamingResponse(
            iterator=pieces, status_code=answer.status, headers=headers, media_type=media_type
        )
    return Whole(answer.status, answer.body, headers, media_type)


async def iterate_in_threadpool(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Piece by piece, each read where reading may wait for the disk."""
    loop = asyncio.get_running_loop()
    while piece := await loop.run_in_executor(THREADS, next, pieces, b""):
        yield piece


def refuse(refusal: Refusal, path: str, request_id: str) -> Whole:
    status, body, headers = problem_of(refusal, instance=path, request_id=request_id)
    return Whole(status, body, headers, MEDIA_TYPE)


def _has_body(request: Request[Any, Any, Any]) -> bool:
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in request.scope["headers"])


def _header(request: Request[Any, Any, Any], wanted: bytes) -> str | None:
    """One header, without taking all of them apart."""
    for name, value in request.scope["headers"]:
        if name == wanted:
            return value.decode("latin-1")
    return None


async def _whole_body(request: Request[Any, Any, Any], most: int) -> bytes:
    """The request's body. The framework's own reading takes all headers apart to find one.

    Raises RequestEntityTooLarge beyond `most` bytes, before anything is read where the length is announced.
    """
    announced = int(_header(request, b"content-length") or b"0")
    pieces: list[bytes] = []
    length, more = 0, True
    while more and max(announced, length) <= most:
        message: Any = await request.receive()
        if message["type"] == "http.disconnect":
            raise InternalServerException("The client left before it had sent everything.")
        pieces.append(message.get("body", b""))
        length += len(pieces[-1])
        more = message.get("more_body", False)
    if max(announced, length) > most:
        raise RequestEntityTooLarge
    return b"".join(pieces)


async def _in_thread(judge: Callable[..., Written], *arguments: Any) -> Written:
    """Carried out by one of THREADS. asyncio's own hop copies the answer between two kinds of future."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Written] = loop.create_future()

    def tell(written: Written | None, error: BaseException | None) -> None:
        if answer.done():  # nobody waits any more
            return
        if error is not None:
            answer.set_exception(error)
        elif written is not None:
            answer.set_result(written)

    def carry_out() -> None:
        try:
            written, error = judge(*arguments), None
        except BaseException as raised:  # told to whoever waits
            written, error = None, raised
        loop.call_soon_threadsafe(tell, written, error)

    THREADS.submit(carry_out)
    return await answer


def _path_values(request: Request[Any, Any, Any]) -> dict[str, Any]:
    values = dict(request.path_params)
    path = f"{request.scope['path']}/"
    for value in values.values():
        # The router reads "01", "1_0" and other scripts' digits as numbers: one object has one address.
        if isinstance(value, int) and not (1 <= value <= _BIGINT_MAX and f"/{value}/" in path):
            raise NotFound
        if isinstance(value, str) and ("\x00" in value or any("\ud800" <= c <= "\udfff" for c in value)):
            raise NotFound
    return values


def query_of(request: Request[Any, Any, Any]) -> dict[str, list[str]]:
    """The query string taken apart; bytes that are no UTF-8 are a fault, not a word to look for."""
    raw: bytes = request.scope["query_string"]
    if b"%" in raw or not raw.isascii():
        try:
            urllib.parse.unquote_to_bytes(raw).decode()
        except UnicodeDecodeError as error:
            detail = "The query string is not UTF-8."
            raise InvalidInput(detail, errors=[Fault("?", "malformed", detail)]) from error
    return request.query_params.dict()


def path_of(request: Request[Any, Any, Any]) -> str:
    """The path as the contract writes it: the router has taken the trailing slash off."""
    path: str = request.scope["path"]
    return f"{path.rstrip('/')}/" if path.startswith("/api/") else path


def _incoming(request: Request[Any, Any, Any], door: Door, body: bytes) -> Incoming:
    state = request.app.state
    session_id = None
    if not door.anonymous:
        session_id = state.read_token(_header(request, b"authorization") or "")
        if session_id is None:
            raise NotSignedIn("Send “Authorization: Bearer <access>”.")
    key = _header(request, b"idempotency-key") if door.takes_key else None
    if key is not None and not _KEY.match(key):
        raise InvalidInput(
            "Idempotency-Key is 1 to 200 printable ASCII characters.",
            errors=[Fault("Idempotency-Key", "invalid", "1 to 200 printable ASCII characters.")],
        )
    address = request.client.host if request.client else ""
    return Incoming(session_id, door.method, path_of(request), request_id_of(request), key, body, address)


def request_id_of(request: Request[Any, Any, Any]) -> str:
    found = request.scope["state"].get("request_id")
    return found if isinstance(found, str) else ""


_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('changes'), hashtext(%(path)s))"
CarryOut = Callable[[Work, dict[str, Any], Request[Any, Any, Any], bytes], Answer]


def _make(
    door: Door, action: str, carry_out: CarryOut, *, changes: bool, body_limit: int
) -> HTTPRouteHandler:
    """The one handler all doors share."""
    DOORS.append(door)

    def judge(request: Request[Any, Any, Any], body: bytes) -> Written:
        try:
            incoming = _incoming(request, door, body)
            path_values = _path_values(request)
            state = request.app.state
            answer = execute(
                state.database,
                incoming,
                door.permission,
                action,
                lambda work: carry_out(work, path_values, request, body),
                data=state.data,
                changes=changes,
                of_record=not door.path.startswith("/api/auth/"),
            )
        except Refusal as refusal:
            return refuse(refusal, path_of(request), request_id_of(request))
        return respond(answer, incoming.request_id)

    # Whatever can be called as an application is sent as it is.
    async def handler(request: Request[Any, Any, Any]) -> ASGIApp:
        body = await _whole_body(request, body_limit) if _has_body(request) else b""
        started = time.perf_counter()
        response = await _in_thread(judge, request, body)
        observe(door.operation_id, response.status_code, time.perf_counter() - started)
        return response

    handler.__name__ = door.operation_id
    return route(
        door.path.rstrip("/") or "/",
        http_method=[HttpMethod(door.method)],
        status_code=200,  # of the frame; the answer carries its own
        request_max_body_size=body_limit,
        name=f"{door.method} {door.path}",
        opt={"door": door},
    )(handler)


def _answer(reply: Any, status: int) -> Answer:
    if isinstance(reply, File):
        headers = {"Content-Type": reply.media_type, **reply.headers}
        if reply.name:
            headers["Content-Disposition"] = f'inline; filename="{reply.name}"'
        return Answer(reply.status or status, reply.content, headers, pieces=reply.pieces)
    if reply is None:
        return Answer(204, b"")
    return Answer(status, encode(reply))


def command(
    method: str,
    path: str,
    struct: type[Any],
    operation: Operation[Any, Any],
    reply: Any,
    *,
    status: int = 200,
    locate: Locate | None = None,
    view: Callable[..., Any] | None = None,
    location: Callable[[Any], str] | None = None,
    refusals: Sequence[type[Refusal]] = (),
    anonymous: bool = False,
    body_limit: int = BODY_LIMIT,
    changes: bool = True,
    tag: str = "",
    finds_itself: bool = False,
    decode: Callable[[bytes, dict[str, Any]], Any] | None = None,
) -> HTTPRouteHandler:
    """A route that carries out a command.

    `locate(work, **path)` raises NotFound before the body is judged. `view(work, **path)` reads the
    resource as it stands, for If-Match on PATCH and DELETE. `location(reply)` names what was made.
    `finds_itself`: the operation of a hot path raises that NotFound in a statement it needs anyway;
    `locate` is then asked only when the body is bad. `decode(body, path)` takes the place of
    `decode_command` where the very bytes matter."""
    door = Door(
        method,
        path,
        _camel(operation.run.__name__),
        _summary(operation.run),
        operation.permission,
        anonymous,
        status,
        struct,
        None,
        reply,
        refusals=tuple(refusals),
        tag=tag,
    )

    def carry_out(
        work: Work, path_values: dict[str, Any], request: Request[Any, Any, Any], body: bytes
    ) -> Answer:
        if request.scope["query_string"]:
            decode_query(NoParameters, query_of(request))
        if view is not None:
            # Two who read the same could else both be let through, and the later write over the earlier.
            work.run(_ONE_AT_A_TIME, path=path_of(request))
        if locate is not None and not finds_itself:
            locate(work, **path_values)
        wanted = _header(request, b"if-match")
        if wanted is not None and view is not None and wanted != "*":
            current = etag(encode(view(work, **path_values)))
            if current not in [tag.strip() for tag in wanted.split(",")]:
                raise Stale("Read it again, then decide.", etag=current)
        try:
            wish = (
                decode(body, path_values) if decode is not None else decode_command(struct, body, path_values)
            )
        except InvalidInput:
            if locate is not None and finds_itself:
                locate(work, **path_values)
            raise
        made = operation(work, wish)
        answer = _answer(made, status)
        if view is not None and method == "PATCH":
            answer.headers["ETag"] = etag(answer.body)
        if location is not None:
            answer.headers["Location"] = location(made)
        return answer

    return _make(door, operation.action, carry_out, changes=changes, body_limit=body_limit)


class NoParameters(msgspec.Struct):
    """A route that takes no query parameters says so of each it gets."""


def read(
    path: str,
    query_function: Callable[..., Any],
    reply: Any,
    *,
    permission: str | None,
    parameters: type[Any] | None = None,
    anonymous: bool = False,
    media_type: str = JSON,
    changes: bool = False,
    refusals: Sequence[type[Refusal]] = (),
    tag: str = "",
    locate: Locate | None = None,
) -> HTTPRouteHandler:
    """A route that reads: `query_function(work, **path[, query])` gives the view, or raises NotFound.
    `changes` is set where reading leaves a trace (a disclosure, a token). `locate(work, **path)` raises
    NotFound where a fault in the parameters would else be told first."""
    door = Door(
        "GET",
        path,
        _camel(query_function.__name__),
        _summary(query_function),
        permission,
        anonymous,
        200,
        None,
        parameters,
        reply,
        media_type,
        tuple(refusals),
        tag=tag,
    )

    def carry_out(
        work: Work, path_values: dict[str, Any], request: Request[Any, Any, Any], body: bytes
    ) -> Answer:
        if parameters is None:
            view = query_function(work, **path_values)
            decode_query(NoParameters, query_of(request))
        else:
            try:
                query = decode_query(parameters, query_of(request))
            except InvalidInput:
                if locate is not None:
                    locate(work, **path_values)
                raise
            view = query_function(work, **path_values, query=query)
        answer = _answer(view, 200)
        if media_type == JSON:
            answer.headers["ETag"] = etag(answer.body)
            known = _header(request, b"if-none-match") or ""
            if known and answer.headers["ETag"] in [
                tag.strip().removeprefix("W/") for tag in known.split(",")
            ]:
                return Answer(304, b"", answer.headers)
        return answer

    return _make(door, f"read.{query_function.__name__}", carry_out, changes=changes, body_limit=BODY_LIMIT)


def listing(
    path: str, described: Listing, reply: type[Any], *, permission: str | None, tag: str = ""
) -> HTTPRouteHandler:
    """A route that lists: keyset pages, filters, search and ordering as `described`."""
    name = "list_" + path.removeprefix("/api/").strip("/").replace("/", "_").replace("-", "_")
    door = Door(
        "GET",
        path,
        _camel(name),
        f"List {described.entity.replace('_', ' ')}s",
        permission,
        False,
        200,
        None,
        None,
        Page[reply],  # type: ignore[valid-type]
        listing=described,
        tag=tag,
    )

    def carry_out(
        work: Work, path_values: dict[str, Any], request: Request[Any, Any, Any], body: bytes
    ) -> Answer:
        return Answer(200, encode(read_page(work, described, query_of(request), path_of(request))))

    return _make(door, f"{described.entity}.list", carry_out, changes=False, body_limit=BODY_LIMIT)


def export(
    path: str,
    name: str,
    described: Listing,
    write: Callable[[Work, Mapping[str, list[str]]], File],
    *,
    media_type: str,
    permission: str,
    summary: str,
    refusals: Sequence[type[Refusal]] = (),
    tag: str = "",
) -> HTTPRouteHandler:
    """A route that answers a whole list as a file: the list's filters and scope, and no pages. It leaves
    a trace (a disclosure), and so is carried out in a transaction."""
    door = Door(
        "GET",
        path,
        name,
        summary,
        permission,
        False,
        200,
        None,
        None,
        File,
        media_type,
        tuple(refusals),
        listing=described,
        paged=False,
        tag=tag,
    )

    def carry_out(
        work: Work, path_values: dict[str, Any], request: Request[Any, Any, Any], body: bytes
    ) -> Answer:
        return _answer(write(work, query_of(request)), 200)

    return _make(door, f"{described.entity}.export", carry_out, changes=True, body_limit=BODY_LIMIT)


def upload(
    path: str,
    operation: Operation[Any, Any],
    struct: type[Any],
    reply: Any,
    *,
    status: int = 200,
    locate: Locate | None = None,
    anonymous: bool = False,
    body_limit: int = 64 * 1024 * 1024,
    location: Callable[[Any], str] | None = None,
    refusals: Sequence[type[Refusal]] = (),
    tag: str = "",
    media_type: str = JSON,
) -> HTTPRouteHandler:
    """A multipart route. `struct` has the text fields, `file: bytes` and `file_name: str`, and what the path
    names. `locate` as for `command`."""
    door = Door(
        "POST",
        path,
        _camel(operation.run.__name__),
        _summary(operation.run),
        operation.permission,
        anonymous,
        status,
        struct,
        None,
        reply,
        media_type,
        refusals=tuple(refusals),
        multipart=True,
        tag=tag,
    )

    def carry_out(
        work: Work, path_values: dict[str, Any], request: Request[Any, Any, Any], body: bytes
    ) -> Answer:
        if locate is not None:
            locate(work, **path_values)
        fields = _multipart(request.headers.get("content-type", ""), body)
        known = {f.name for f in msgspec.structs.fields(struct)} - set(path_values)
        faults = [
            Fault(f"/{name}", "unknown_field", f"There is no field “{name}”.")
            for name in fields
            if name not in known
        ]
        faults += [
            Fault(f"/{f.name}", "missing", f"“{f.name}” is required.")
            for f in msgspec.structs.fields(struct)
            if f.required and f.name not in fields and f.name in known
        ]
        if faults:
            raise InvalidInput(
                f"{len(faults)} fault{'s' if len(faults) > 1 else ''} in the form.", errors=faults
            )
        made = operation(work, struct(**fields, **path_values))
        answer = _answer(made, status)
        if location is not None:
            answer.headers["Location"] = location(made)
        return answer

    return _make(door, operation.action, carry_out, changes=True, body_limit=body_limit)


def _multipart(content_type: str, body: bytes) -> dict[str, Any]:
    from email.message import Message
    from email.parser import BytesHeaderParser

    header = Message()
    header["content-type"] = content_type
    boundary = header.get_boundary()
    if header.get_content_type() != "multipart/form-data" or not boundary:
        raise InvalidInput(
            "A multipart/form-data body is expected.",
            errors=[Fault("", "malformed", "A multipart/form-data body is expected.")],
        )
    fields: dict[str, Any] = {}
    # RFC 2231 can spell any character there; those of a boundary are ASCII.
    for part in body.split(b"--" + boundary.encode("ascii", "replace"))[1:]:
        if part.startswith(b"--"):
            break
        head, separator, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not separator:
            continue
        headers = BytesHeaderParser().parsebytes(head + b"\r\n\r\n")
        name = headers.get_param("name", header="content-disposition")
        content = content.removesuffix(b"\r\n")
        if not isinstance(name, str):
            continue
        file_name = headers.get_filename()
        if name == "file":
            fields["file"] = content
            # Shown in lists and on terminals: what is no sign is left out.
            fields["file_name"] = "".join(filter(str.isprintable, file_name or ""))[:200] or "file"
        else:
            text = content.decode("utf-8", "replace")
            if "\x00" in text:
                raise InvalidInput(
                    "NUL in a field.", errors=[Fault(f"/{name}", "invalid", "NUL cannot be stored.")]
                )
            fields[name] = text
    return fields


def _summary(function: Callable[..., Any]) -> str:
    return (function.__doc__ or function.__name__.replace("_", " ").capitalize()).strip().split("\n")[0]


def data_folder(request: Request[Any, Any, Any]) -> Path:
    folder = request.app.state.data
    assert isinstance(folder, Path)
    return folder


def database_of(request: Request[Any, Any, Any]) -> Database:
    database = request.app.state.database
    assert isinstance(database, Database)
    return database
