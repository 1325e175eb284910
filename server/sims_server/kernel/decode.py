"""JSON bodies and query strings into commands, with every fault listed at once.

msgspec stops at the first error, takes decimals through any notation and ints of any length, and
raises RecursionError on deep nesting; so each field is decoded on its own from its raw bytes, and that error
is a fault like any other.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache, reduce
from operator import or_
from types import UnionType
from typing import Any, TypeVar

import msgspec

from sims_server.kernel.repeated_names import repeated_names
from sims_shared.fault_words import in_words
from sims_shared.problems import Fault, InvalidInput
from sims_shared.values import DECIMAL_PATTERN, Places

T = TypeVar("T")
_BYTE = re.compile(r"byte ([0-9]+)")
_raw_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_raw_items = msgspec.json.Decoder(list[msgspec.Raw])


class _Kind(typing.NamedTuple):
    """A field's type, taken apart once: the optional and unset halves, then the core."""

    nullable: bool
    unset: bool
    core: Any
    places: Places | None
    struct: type[msgspec.Struct] | None
    item: Any  # of a list
    decoder: msgspec.json.Decoder[Any] | None
    free: bool  # dict[str, Any] and the like: decoded whole


@lru_cache(maxsize=4096)
def _kind(hint: Any) -> _Kind:
    nullable = unset = False
    places: Places | None = None
    origin = typing.get_origin(hint)
    if origin in (typing.Union, UnionType):
        arms = list(typing.get_args(hint))
        nullable = type(None) in arms
        unset = msgspec.UnsetType in arms
        rest = [arm for arm in arms if arm not in (type(None), msgspec.UnsetType)]
        if len(rest) == 1:
            inner = _kind(rest[0])
            return inner._replace(nullable=nullable, unset=unset)
        return _Kind(nullable, unset, hint, None, None, None, msgspec.json.Decoder(reduce(or_, rest)), False)
    core = hint
    if origin is typing.Annotated:
        base, *notes = typing.get_args(hint)
        places = next((note for note in notes if isinstance(note, Places)), None)
        if base is Decimal:
            return _Kind(False, False, Decimal, places or Places(9), None, None, None, False)
        if isinstance(base, type) and issubclass(base, msgspec.Struct):
            core = base
    if core is Decimal:
        return _Kind(False, False, Decimal, Places(9), None, None, None, False)
    if isinstance(core, type) and issubclass(core, msgspec.Struct):
        return _Kind(False, False, core, None, core, None, None, False)
    if typing.get_origin(core) is list:
        return _Kind(False, False, core, None, None, typing.get_args(core)[0], None, False)
    # A free document (a policy) may write decimals as numbers: they stay exact.
    return _Kind(
        False,
        False,
        hint,
        None,
        None,
        None,
        msgspec.json.Decoder(hint, float_hook=Decimal),
        core is dict or typing.get_origin(core) is dict,
    )


@lru_cache(maxsize=1024)
def _hints(struct: type[msgspec.Struct]) -> dict[str, Any]:
    return typing.get_type_hints(struct, include_extras=True)


@lru_cache(maxsize=1024)
def _fields(struct: type[msgspec.Struct]) -> dict[str, tuple[str, Any, bool]]:
    """Wire name → (attribute, type, required)."""
    hints = _hints(struct)
    return {f.encode_name: (f.name, hints[f.name], f.required) for f in msgspec.structs.fields(struct)}


def _malformed(detail: str) -> InvalidInput:
    return InvalidInput(detail, errors=[Fault("", "malformed", detail)])


def decode_command(struct: type[T], body: bytes, path: Mapping[str, Any]) -> T:
    """The command in `body`, completed with the path's values; those may not stand in the body.

    Raises InvalidInput listing every fault with its JSON pointer."""
    faults: list[Fault] = []
    try:
        fields = _raw_fields.decode(body or b"{}")
    except msgspec.ValidationError as error:
        raise _malformed("The body is not a JSON object.") from error
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        place = _BYTE.search(str(error))
        raise _malformed(f"The body is not JSON{f' (byte {place[1]})' if place else ''}.") from error
    faults += repeated_names(body)
    for name in path:
        if name in fields:
            faults.append(
                Fault(f"/{name}", "unknown_field", f"“{name}” comes from the address, not from the body.")
            )
            del fields[name]
    value = _struct(typing.cast("type[msgspec.Struct]", struct), fields, "", faults, dict(path))
    if faults:
        raise InvalidInput(
            f"{len(faults)} fault{'s' if len(faults) > 1 else ''} in the input.", errors=faults
        )
    return typing.cast(T, value)


def _pointer(parent: str, name: str | int) -> str:
    return f"{parent}/{str(name).replace('~', '~0').replace('/', '~1')}"


def _struct(
    struct: type[msgspec.Struct],
    fields: dict[str, msgspec.Raw],
    pointer: str,
    faults: list[Fault],
    given: dict[str, Any],
) -> Any:
    known = _fields(struct)
    values: dict[str, Any] = {}
    before = len(faults)
    for name, raw in fields.items():
        if name not in known:
            faults.append(Fault(_pointer(pointer, name), "unknown_field", f"There is no field “{name}”."))
            continue
        attribute, hint, _ = known[name]
        values[attribute] = _value(hint, raw, _pointer(pointer, name), faults)
    for name, (attribute, _hint, required) in known.items():
        if attribute in given:
            values[attribute] = given[attribute]
        elif required and name not in fields:
            faults.append(Fault(_pointer(pointer, name), "missing", f"“{name}” is required."))
    if len(faults) > before:
        return None
    return struct(**values)


def _value(hint: Any, raw: msgspec.Raw, pointer: str, faults: list[Fault]) -> Any:
    kind = _kind(hint)
    text = bytes(raw).strip()
    if text == b"null":
        if kind.nullable:
            return None
        faults.append(Fault(pointer, "null", "A value is required here, not null."))
        return None
    if kind.core is Decimal:
        return _decimal(text, kind.places or Places(9), pointer, faults)
    if kind.struct is not None:
        try:
            fields = _raw_fields.decode(text)
        except (msgspec.DecodeError, RecursionError, ValueError):
            faults.append(Fault(pointer, "type", "An object is expected here."))
            return None
        return _struct(kind.struct, fields, pointer, faults, {})
    if kind.item is not None:
        try:
            items = _raw_items.decode(text)
        except (msgspec.DecodeError, RecursionError, ValueError):
            faults.append(Fault(pointer, "type", "A list is expected here."))
            return None
        return [_value(kind.item, item, _pointer(pointer, index), faults) for index, item in enumerate(items)]
    assert kind.decoder is not None
    try:
        value = kind.decoder.decode(text)
    except (msgspec.ValidationError, msgspec.DecodeError, RecursionError, ValueError) as error:
        faults.append(Fault(pointer, "invalid", in_words(str(error), hint)))
        return None
    if not _storable(value):
        faults.append(
            Fault(pointer, "invalid", "Characters that cannot be stored (NUL or half a character).")
        )
        return None
    return value


def _storable(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= c <= "\udfff" for c in value)
    if isinstance(value, dict):
        return all(_storable(k) and _storable(v) for k, v in value.items())
    if isinstance(value, list | tuple):
        return all(_storable(item) for item in value)
    return True


def _decimal(text: bytes, places: Places, pointer: str, faults: list[Fault]) -> Decimal | None:
    inner = text[1:-1] if text[:1] == b'"' == text[-1:] and len(text) >= 2 else text
    try:
        plain = inner.decode("ascii")
    except UnicodeDecodeError:
        plain = ""
    return check_decimal(plain, places, pointer, faults)


def check_decimal(plain: str, places: Places, pointer: str, faults: list[Fault]) -> Decimal | None:
    """The decimal in `plain`, or None with a fault added."""
    if not DECIMAL_PATTERN.match(plain):
        faults.append(Fault(pointer, "decimal", "A decimal such as “72.50” is expected here."))
        return None
    value = Decimal(plain)
    exponent = value.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > places.places:
        faults.append(Fault(pointer, "places", f"At most {places.places} decimal places."))
        return None
    if (places.low is not None and value < places.low) or (places.high is not None and value > places.high):
        faults.append(Fault(pointer, "range", f"Between {places.low} and {places.high}."))
        return None
    return value


def decode_query(struct: type[T], query: Mapping[str, list[str]], ignore: frozenset[str] = frozenset()) -> T:
    """Query parameters as a struct of scalars; unknown names and repeated ones are faults."""
    faults: list[Fault] = []
    known = _fields(typing.cast("type[msgspec.Struct]", struct))
    values: dict[str, Any] = {}
    for name, given in query.items():
        if name in ignore:
            continue
        if name not in known:
            faults.append(Fault(f"?{name}", "unknown_parameter", f"There is no parameter “{name}”."))
            continue
        attribute, hint, _ = known[name]
        if len(given) != 1:
            faults.append(Fault(f"?{name}", "repeated", "Give it once."))
            continue
        values[attribute] = parse_parameter(hint, given[0], name, faults)
    for name, (attribute, _hint, required) in known.items():
        if required and attribute not in values and not any(f.pointer == f"?{name}" for f in faults):
            faults.append(Fault(f"?{name}", "missing", f"“{name}” is required."))
    if faults:
        raise InvalidInput(
            f"{len(faults)} fault{'s' if len(faults) > 1 else ''} in the query.", errors=faults
        )
    return struct(**values)


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)
_INTEGER = re.compile(r"-?[0-9]{1,19}\Z", re.ASCII)


def parse_parameter(hint: Any, text: str, name: str, faults: list[Fault]) -> Any:
    """One scalar from its text in a URL."""
    kind = _kind(hint)
    pointer = f"?{name}"
    if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
        faults.append(Fault(pointer, "invalid", "Characters that cannot be stored."))
        return None
    core = kind.core
    base = typing.get_args(core)[0] if typing.get_origin(core) is typing.Annotated else core
    if base is Decimal:
        return check_decimal(text, kind.places or Places(9), pointer, faults)
    try:
        if base is int:
            if not _INTEGER.match(text):
                raise ValueError("A whole number is expected here")
            return msgspec.convert(int(text), core)
        if base is bool:
            if text not in ("true", "false"):
                raise ValueError("true or false is expected here")
            return text == "true"
        if base is date:
            return msgspec.convert(text, date)
        if base is datetime and _DAY.match(text):
            return msgspec.convert(text, date)
        return msgspec.convert(text, core)
    except (msgspec.ValidationError, ValueError) as error:
        faults.append(Fault(pointer, "invalid", in_words(str(error), hint)))
        return None
