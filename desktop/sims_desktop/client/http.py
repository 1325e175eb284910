"""Requests to the server: one address, one session, typed answers, typed errors.

Synchronous and safe to share between threads. The rule a newcomer would get wrong: not everything that
answers is a SIMS server. A status without a problem document, a redirect, a page of HTML come from
something in between; they mean "off line", whatever their status says.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from secrets import token_hex
from typing import Any, BinaryIO, TypeVar
from urllib.parse import quote

import httpx2
import msgspec

from sims_desktop.client.errors import (
    ClientError,
    NotWritten,
    Offline,
    ProblemAnswer,
    ServerBusy,
    SignedOut,
    no_of_server,
)
from sims_desktop.client.session import ForgetfulKeeper, Session
from sims_desktop.kit.language import phrase
from sims_shared.access import Hello, SignInInvalid, Tokens, User
from sims_shared.problems import Fault

T = TypeVar("T")
Parameters = Mapping[str, str | int | bool | None]

TIMEOUT = httpx2.Timeout(30.0, connect=5.0)
PROBLEM = "application/problem+json"
PIECE = 64 * 1024
WAITED_OUT = frozenset({408, 425, 429})
UNAUTHENTICATED = 401
_KNOWN_MEMBERS = frozenset({"type", "title", "status", "detail", "instance", "code", "request_id", "errors"})


class Client:
    """The server at `base_url`, for one person.

    Args:
        base_url: scheme and host, as typed at sign-in; paths begin with `/api/`.
        session: the tokens; a new forgetful one by default.
        verify: a certificate authority's context when the campus has its own.
        transport: something in place of the network.
    """

    def __init__(
        self,
        base_url: str,
        session: Session | None = None,
        *,
        verify: ssl.SSLContext | bool = True,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.session = session or Session(ForgetfulKeeper())
        self._http = httpx2.Client(
            base_url=self.base_url,
            verify=verify,
            transport=transport,
            timeout=TIMEOUT,
            follow_redirects=False,
            headers={"Accept": "application/json, application/problem+json", "User-Agent": "sims-desktop"},
        )

    def close(self) -> None:
        self._http.close()

    # -- Signing in --------------------------------------------------------------------------------

    def hello(self) -> Hello:
        """Version, epoch, institution and protocols of the server; needs no session."""
        return self.decode(self._send("GET", "/api/hello/", None), Hello)

    def sign_in(self, username: str, password: str, otp: str | None = None, device: str = "") -> User:
        """Raises ProblemAnswer with `auth.invalid` or `auth.otp_required`, ServerBusy after too many
        attempts, Offline."""
        said = {"username": username, "password": password, "device": device}
        if otp:
            said["otp"] = otp
        response = self._send("POST", "/api/auth/token/", None, body=said)
        tokens = self.decode(response, Tokens)
        self.session.take(tokens)
        return tokens.user

    def sign_out(self) -> None:
        """Ends the session on the server where it can, and here in any case."""
        try:
            if self.session.signed_in:
                self.request("POST", "/api/auth/logout/")
        except ClientError:
            pass
        finally:
            self.session.forget()

    def me(self) -> User:
        user = self.get("/api/auth/me/", User)
        self.session.user = user
        return user

    def _exchange(self, refresh: str) -> Tokens:
        try:
            response = self._send("POST", "/api/auth/token/refresh/", None, body={"refresh": refresh})
        except ProblemAnswer as problem:
            raise SignedOut(problem.detail or phrase("Sign in again")) from problem
        return self.decode(response, Tokens)

    # -- Requests ----------------------------------------------------------------------------------

    def get(self, path: str, answer: type[T], params: Parameters | None = None) -> T:
        return self.decode(self.request("GET", path, params=params), answer)

    def post(self, path: str, body: Any, answer: type[T], *, key: str | None = None) -> T:
        """`key` is an Idempotency-Key: one for each thing a person asked for, the same when retried."""
        return self.decode(self.request("POST", path, body=body, key=key), answer)

    def upload(
        self, path: str, fields: Mapping[str, str], file_name: str, content: bytes, answer: type[T]
    ) -> T:
        """A file in a multipart form, beside text fields. It is no retry-safe call: it carries no key."""
        kind, form = _form_of(fields, file_name, content)
        return self.decode(self.request("POST", path, content=form, content_type=kind), answer)

    def get_with_etag(self, path: str, answer: type[T]) -> tuple[T, str]:
        """One thing, and what `patch` brings back so that nobody's change in between is overwritten."""
        response = self.request("GET", path)
        return self.decode(response, answer), response.headers.get("etag", "")

    def patch(self, path: str, body: Any, answer: type[T], *, etag: str = "") -> T:
        """With the `etag` of what was read: raises ProblemAnswer `request.stale` when it is another now."""
        return self.decode(self.request("PATCH", path, body=body, if_match=etag), answer)

    def delete(self, path: str) -> None:
        self.request("DELETE", path)

    def download(self, path: str) -> bytes:
        """The bytes of an answer that is not JSON: a PDF, a workbook."""
        return self.request("GET", path).content

    def download_into(
        self, path: str, target: BinaryIO, told: Callable[[int, int], None], params: Parameters | None = None
    ) -> int:
        """A long file, piece by piece; how many bytes. `told(done, total)` may raise to give it up. What
        breaks off is `Offline`, and what stands in `target` is no file."""

        done = 0

        def take(response: httpx2.Response) -> None:
            nonlocal done
            said = response.headers.get("content-length", "")
            total = int(said) if said.isdigit() and "content-encoding" not in response.headers else 0
            for piece in response.iter_bytes(PIECE):
                try:
                    target.write(piece)
                except OSError as error:
                    raise NotWritten(error.strerror or str(error)) from error
                done += len(piece)
                told(done, total)
            if total and done != total:
                raise Offline(phrase("The server cannot be reached"))

        self.request("GET", path, params=params, take=take)
        return done

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        content: bytes | None = None,
        params: Parameters | None = None,
        key: str | None = None,
        content_type: str = "application/json",
        if_match: str = "",
        take: Callable[[httpx2.Response], None] | None = None,
    ) -> httpx2.Response:
        """One request as the signed-in person; `content` is a body already encoded. The access
        token is refreshed once when the server refuses it.

        Raises:
            SignedOut, ServerBusy, Offline: to be tried again later.
            ProblemAnswer: the server's no.
        """

        def send(token: str) -> httpx2.Response:
            return self._send(
                method,
                path,
                token,
                body=body,
                content=content,
                params=params,
                key=key,
                content_type=content_type,
                if_match=if_match,
                take=take,
            )

        token = self.session.access_token(self._exchange)
        if token is None:
            raise SignedOut(phrase("Sign in to reach the server"))
        try:
            return send(token)
        except ProblemAnswer as problem:
            # A password that is wrong is no end of the session, and tried again it would count twice.
            if problem.status != UNAUTHENTICATED or problem.code == SignInInvalid.code:
                raise
        token = self.session.access_token(self._exchange, refused=token)
        if token is None:
            raise SignedOut(phrase("Sign in to reach the server"))
        try:
            return send(token)
        except ProblemAnswer as problem:
            if problem.status == UNAUTHENTICATED:
                raise SignedOut(problem.detail) from problem
            raise

    def _send(
        self,
        method: str,
        path: str,
        token: str | None,
        *,
        body: Any = None,
        content: bytes | None = None,
        params: Parameters | None = None,
        key: str | None = None,
        content_type: str = "application/json",
        if_match: str = "",
        take: Callable[[httpx2.Response], None] | None = None,
    ) -> httpx2.Response:
        headers = {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if key is not None:
            headers["Idempotency-Key"] = key
        if if_match:
            headers["If-Match"] = if_match
        if body is not None:
            content = msgspec.json.encode(body)
        if content is not None:
            headers["Content-Type"] = content_type
        given = {name: value for name, value in (params or {}).items() if value is not None}
        try:
            request = self._http.build_request(
                method, path, content=content, params=given or None, headers=headers
            )
            response = self._http.send(request, stream=take is not None)
            try:
                if take is not None and response.is_success:
                    take(response)
                elif take is not None:
                    response.read()
            finally:
                response.close()
        except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, OSError) as fault:
            raise Offline(_why(fault)) from fault
        if response.is_success:
            return response
        raise _error_of(response)

    def decode(self, response: httpx2.Response, answer: type[T]) -> T:
        """The body of an answer. What is not understood counts as no answer."""
        try:
            return msgspec.json.decode(response.content, type=answer)
        except (msgspec.DecodeError, RecursionError) as fault:
            raise Offline(
                phrase("The answer of {base_url} is not understood", base_url=self.base_url)
            ) from fault


def _form_of(fields: Mapping[str, str], file_name: str, content: bytes) -> tuple[str, bytes]:
    """Content type and body of a multipart form. The name of the file is percent-encoded: in plain, a quote
    or a letter outside ASCII would end it."""
    boundary = token_hex(24)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = f"form-data; name=\"file\"; filename*=UTF-8''{quote(file_name, safe='')}"
    kind = "application/octet-stream"
    parts.append(f"--{boundary}\r\nContent-Disposition: {head}\r\nContent-Type: {kind}\r\n\r\n".encode())
    parts += [content, f"\r\n--{boundary}--\r\n".encode()]
    return f"multipart/form-data; boundary={boundary}", b"".join(parts)


def _error_of(response: httpx2.Response) -> ClientError:
    status = response.status_code
    problem = _problem_of(response)
    if status >= 500 or status in WAITED_OUT:
        said = phrase("The server is busy ({status})", status=status)
        if problem is not None and problem.get("detail"):
            said = no_of_server(problem["code"], str(problem.get("title", "")), str(problem["detail"]))
        return ServerBusy(said, _retry_after(response))
    if problem is None:
        return Offline(phrase("The answer {status} does not come from a SIMS server", status=status))
    return ProblemAnswer(
        status,
        problem["code"],
        str(problem.get("title", "")),
        str(problem.get("detail", "")),
        errors=_faults_of(problem.get("errors")),
        facts={name: value for name, value in problem.items() if name not in _KNOWN_MEMBERS},
        request_id=str(problem.get("request_id", "")),
    )


def _problem_of(response: httpx2.Response) -> dict[str, Any] | None:
    if not response.headers.get("content-type", "").startswith(PROBLEM):
        return None
    try:
        problem = msgspec.json.decode(response.content, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return None
    return problem if isinstance(problem.get("code"), str) else None


def _faults_of(errors: Any) -> tuple[Fault, ...]:
    try:
        return msgspec.convert(errors, type=tuple[Fault, ...])
    except msgspec.ValidationError:
        return ()


def _retry_after(response: httpx2.Response) -> float | None:
    """Seconds; a date is not waited for, the back-off does as well."""
    text = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() else None


def _why(fault: Exception) -> str:
    if isinstance(fault, httpx2.TimeoutException):
        return phrase("The server did not answer in time")
    if isinstance(fault, httpx2.ConnectError) and "CERTIFICATE" in str(fault).upper():
        return phrase("The server's certificate is not trusted")
    return phrase("The server cannot be reached")
