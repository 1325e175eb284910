"""Refusals: "no, because ..." as typed problems that a client can match on.

A rule raises a refusal and knows nothing of HTTP. The kernel alone turns `Kind` into a status, and
the desktop turns `code` into what it does next. A newcomer would raise `ValueError("...")`; a bare
string cannot be matched, translated or tested.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

import msgspec


class Kind(StrEnum):
    """Why it is refused. The kernel maps each to one HTTP status."""

    INVALID = "invalid"  # the input is malformed, or breaks a rule about the input
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    MISSING = "missing"  # does not exist, or lies outside the caller's scope
    NOT_ALLOWED = "not_allowed"  # the resource knows no such method
    CONFLICT = "conflict"  # wrong state, duplicate, somebody else was first
    STALE = "stale"  # If-Match names an older version
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    UNAVAILABLE = "unavailable"
    BROKEN = "broken"  # a bug of ours


class Fault(msgspec.Struct, frozen=True):
    """One fault of the input. `pointer` is an RFC 6901 JSON pointer into the body, or `?name` for a
    query parameter, or `row 14, column weight` for a file."""

    pointer: str
    code: str
    detail: str


class Refusal(Exception):
    """Base of all refusals. Subclasses set `code` (`slice.snake_case_fact`), `title` (constant per
    code) and `kind`; `detail` names the facts ("40 of 40 seats are taken")."""

    code: ClassVar[str] = "request.refused"
    title: ClassVar[str] = "The request was refused"
    kind: ClassVar[Kind] = Kind.CONFLICT

    def __init__(
        self,
        detail: str = "",
        *,
        errors: tuple[Fault, ...] | list[Fault] = (),
        retry_after: int | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = tuple(errors)
        self.retry_after = retry_after
        self.facts = facts  # more members of the problem document, e.g. capacity=40, devices=[...]


class InvalidInput(Refusal):
    """The input breaks its own description. `errors` holds every fault at once."""

    code = "request.invalid"
    title = "The input is not valid"
    kind = Kind.INVALID


class NotSignedIn(Refusal):
    code = "auth.required"
    title = "Sign in first"
    kind = Kind.UNAUTHENTICATED


class NotPermitted(Refusal):
    code = "auth.not_permitted"
    title = "Your role does not permit this"
    kind = Kind.FORBIDDEN


class OneTimeCodeNeeded(Refusal):
    code = "auth.otp_enrollment_required"
    title = "Set up one-time codes for your account before you do this"
    kind = Kind.FORBIDDEN


class NotFound(Refusal):
    code = "request.not_found"
    title = "There is no such object within your scope"
    kind = Kind.MISSING


class KeyReused(Refusal):
    code = "request.key_reused"
    title = "This Idempotency-Key was used for another request"
    kind = Kind.CONFLICT


class Stale(Refusal):
    code = "request.stale"
    title = "Somebody changed this since you read it"
    kind = Kind.STALE


class Problem(msgspec.Struct, kw_only=True):
    """RFC 9457 document, as it goes over the wire (`application/problem+json`)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str = ""
    request_id: str = ""
    errors: list[Fault] | msgspec.UnsetType = msgspec.UNSET
