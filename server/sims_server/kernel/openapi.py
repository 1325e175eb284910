"""The OpenAPI 3.1 document, written from the doors that decode and answer: it cannot disagree."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec
from litestar import Litestar

from sims_server.kernel.http import JSON, Door, File
from sims_server.kernel.paging import PAGE_SIZE, PAGE_SIZE_MAX
from sims_server.kernel.refusal import (
    MEDIA_TYPE,
    STATUS,
    Busy,
    DatabaseAway,
    Duplicate,
    InUse,
    NotAcceptedByDatabase,
    RuleOfTheRecord,
    UnknownReference,
)
from sims_shared.problems import InvalidInput, NotFound, NotPermitted, NotSignedIn, Problem, Refusal

_PATH_PARAMETER = re.compile(r"\{(\w+):(\w+)\}")


def doors_of(app: Litestar) -> list[Door]:
    """Every door the application serves, in order of path."""
    found: dict[tuple[str, str], Door] = {}
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            door = handler.opt.get("door")
            if isinstance(door, Door):
                found[(door.path, door.method)] = door
    return [found[key] for key in sorted(found)]


def document(app: Litestar, version: str) -> dict[str, Any]:
    """The whole document, as plain JSON values."""
    doors = doors_of(app)
    structs: list[Any] = [Problem]
    for door in doors:
        structs += [kind for kind in (door.command, door.query, door.reply) if kind not in (None, File)]
    unique = list({repr(kind): kind for kind in structs}.values())
    schemas, components = msgspec.json.schema_components(unique, ref_template="#/components/schemas/{name}")
    schema_of = {repr(kind): schema for kind, schema in zip(unique, schemas, strict=True)}
    paths: dict[str, Any] = {}
    named: set[str] = set()
    for door in doors:
        path = _PATH_PARAMETER.sub(r"{\1}", door.path)
        paths.setdefault(path, {})[door.method.lower()] = described = _operation(door, schema_of, components)
        if described["operationId"] in named:  # one operation behind two doors
            described["operationId"] += f"By{door.method.capitalize()}In{described['tags'][0].capitalize()}"
        named.add(described["operationId"])
    written: dict[str, Any] = _patterns(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "SIMS",
                "version": version,
                "description": "Whatever answers GET answers HEAD, without the body.",
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "paths": paths,
            "components": {
                "schemas": {name: _decimals(schema) for name, schema in components.items()},
                "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            },
        }
    )
    return written


def _patterns(described: Any) -> Any:
    """The end of a text is \\Z to Python, to which $ is before a last line's end as well, and $ to everybody
    else."""
    if isinstance(described, dict):
        return {
            name: f"{value[:-2]}$"
            if name == "pattern" and isinstance(value, str) and value.endswith(r"\Z")
            else _patterns(value)
            for name, value in described.items()
        }
    return [_patterns(value) for value in described] if isinstance(described, list) else described


def _decimals(schema: Any) -> Any:
    """msgspec calls a decimal `string, format decimal`; the wire takes a number as well, of one form."""
    if isinstance(schema, dict):
        if schema.get("format") == "decimal":
            return {
                **{k: v for k, v in schema.items() if k != "type"},
                "type": "string",
                "pattern": r"^-?\d{1,9}(\.\d+)?$",
            }
        return {name: _decimals(value) for name, value in schema.items()}
    if isinstance(schema, list):
        return [_decimals(value) for value in schema]
    return schema


def _operation(door: Door, schema_of: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": door.operation_id,
        "summary": door.summary,
        "tags": [
            door.tag or door.path.strip("/").split("/")[1 if door.path.startswith("/api/") else 0] or "root"
        ],
        "parameters": _parameters(door),
        "responses": _responses(door, schema_of),
    }
    if not door.anonymous:
        operation["security"] = [{"bearer": []}]
    if door.command is not None and door.method in ("POST", "PATCH", "PUT"):
        body = _body(door, schema_of, components)
        if body is not None:
            operation["requestBody"] = body
    return operation


def _body(door: Door, schema_of: dict[str, Any], components: dict[str, Any]) -> dict[str, Any] | None:
    reference = schema_of[repr(door.command)]
    name = reference.get("$ref", "").rsplit("/", 1)[-1]
    schema = components.get(name, reference)
    in_path = {match[0] for match in _PATH_PARAMETER.findall(door.path)}
    properties = {key: value for key, value in schema.get("properties", {}).items() if key not in in_path}
    if not properties:
        return None
    plain = {
        **schema,
        "properties": _decimals(properties),
        "required": [key for key in schema.get("required", []) if key not in in_path],
    }
    if door.multipart:
        plain["properties"] = {
            key: ({"type": "string", "format": "binary"} if key == "file" else value)
            for key, value in plain["properties"].items()
            if key != "file_name"
        }
        plain["required"] = [key for key in plain["required"] if key != "file_name"]
        return {"required": True, "content": {"multipart/form-data": {"schema": plain}}}
    return {"required": bool(plain["required"]), "content": {JSON: {"schema": plain}}}


def _parameters(door: Door) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = []
    for name, kind in _PATH_PARAMETER.findall(door.path):
        schema = (
            {"type": "integer", "minimum": 1, "maximum": 2**63 - 1} if kind == "int" else {"type": "string"}
        )
        parameters.append({"name": name, "in": "path", "required": True, "schema": schema})
    if door.query is not None:
        schemas, components = msgspec.json.schema_components([door.query])
        described = components[schemas[0]["$ref"].rsplit("/", 1)[-1]]
        for name, schema in described.get("properties", {}).items():
            parameters.append(
                {
                    "name": name,
                    "in": "query",
                    "required": name in described.get("required", []),
                    "schema": _decimals(schema),
                }
            )
    if door.listing is not None:
        parameters += _list_parameters(door)
    if door.takes_key:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
            }
        )
    if door.method in ("PATCH", "DELETE"):
        parameters.append({"name": "If-Match", "in": "header", "schema": {"type": "string"}})
    return parameters


def _list_parameters(door: Door) -> Iterable[dict[str, Any]]:
    assert door.listing is not None
    if door.paged:
        yield from _page_parameters()
    orders = [sign + name for name in door.listing.every_order for sign in ("", "-")]
    yield {"name": "ordering", "in": "query", "schema": {"type": "string", "enum": orders}}
    if door.listing.search is not None:
        yield {"name": "search", "in": "query", "schema": {"type": "string"}}
    for name, described in door.listing.filters.items():
        schemas, _ = msgspec.json.schema_components([described.wire_type])
        yield {"name": name, "in": "query", "schema": _decimals(schemas[0])}


def _page_parameters() -> Iterable[dict[str, Any]]:
    yield {
        "name": "page_size",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": PAGE_SIZE_MAX, "default": PAGE_SIZE},
    }
    yield {
        "name": "cursor",
        "in": "query",
        "schema": {"type": "string"},
        "description": "Taken from `next` of the page before.",
    }
    yield {"name": "count", "in": "query", "schema": {"type": "boolean", "default": False}}


def _responses(door: Door, schema_of: dict[str, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    if door.reply is None:
        responses["204"] = {"description": "Done."}
    elif door.reply is File:
        responses[str(door.status)] = {"description": "The file.", "content": {door.media_type: {}}}
    else:
        responses[str(door.status)] = {
            "description": "Done.",
            "content": {JSON: {"schema": schema_of[repr(door.reply)]}},
        }
    possible: list[type[Refusal]] = [InvalidInput, *door.refusals, Busy, DatabaseAway]
    if not door.anonymous:
        possible += [NotSignedIn]
        possible += [NotPermitted]
    if "{" in door.path or door.command is not None:
        possible += [NotFound]
    if door.command is not None:
        possible += [Duplicate, InUse, UnknownReference, RuleOfTheRecord, NotAcceptedByDatabase]
    by_status: dict[int, set[str]] = {}
    for refusal in possible:
        by_status.setdefault(STATUS[refusal.kind], set()).add(refusal.code)
    if door.takes_key:
        by_status.setdefault(409, set()).add("request.key_reused")
    if door.method in ("PATCH", "DELETE"):
        by_status.setdefault(412, set()).add("request.stale")
    if door.command is not None:
        by_status.setdefault(413, set()).add("request.too_large")
    for status, codes in sorted(by_status.items()):
        content: dict[str, Any] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        if door.media_type == "text/html":  # a page for people says a verdict's "no" as a page
            content[door.media_type] = {}
        responses[str(status)] = {"description": "; ".join(sorted(codes)), "content": content}
    return responses
