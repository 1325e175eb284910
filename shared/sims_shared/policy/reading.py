"""Reading a document into clauses with every fault at once.

`msgspec.convert` stops at the first fault; a registrar who types a regulation wants all of them. So
this walks the clause types itself. A clause with a fault keeps its default, which lets the rest be
read; nobody ever sees the half-read document.
"""

from __future__ import annotations

import types
import typing
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec

from ..problems import Fault
from .document import Clause, LateRule, ScaleRow, read_decimal
from .rounding import Rounding, Threshold

MOST_ENTRIES = 2000
MOST_LETTERS = 300

_HAND_READ: dict[type, Any] = {
    Rounding: Rounding.read,
    Threshold: Threshold.read,
    LateRule: LateRule.read,
    ScaleRow: ScaleRow.read,
    Decimal: read_decimal,
}


@cache
def _fields(kind: type[Clause]) -> tuple[tuple[str, str, Any, Any], ...]:
    """(name in JSON, attribute, type, default or NODEFAULT) of each field."""
    hints = typing.get_type_hints(kind)
    rows = []
    for field in msgspec.structs.fields(kind):
        default = field.default
        if default is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        rows.append((field.encode_name, field.name, hints[field.name], default))
    return tuple(rows)


def escape(name: object) -> str:
    """A member name as an RFC 6901 reference token."""
    return str(name).replace("~", "~0").replace("/", "~1")


def read(kind: Any, raw: object, pointer: str, faults: list[Fault]) -> Any:
    """`raw` as `kind`; what does not fit is added to `faults` and read as None."""
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        return _read_union(typing.get_args(kind), raw, pointer, faults)
    if origin is tuple:
        return _read_list(typing.get_args(kind)[0], raw, pointer, faults)
    if origin is dict:
        return _read_object(typing.get_args(kind)[1], raw, pointer, faults)
    if origin is typing.Literal:
        choices = typing.get_args(kind)
        if raw in choices and isinstance(raw, str):
            return raw
        faults.append(Fault(pointer, "not_a_choice", f"expected one of {', '.join(choices)}"))
        return None
    if kind in _HAND_READ:
        try:
            return _HAND_READ[kind](raw)
        except ValueError as problem:
            faults.append(Fault(pointer, "malformed", str(problem)))
            return None
    if isinstance(kind, type) and issubclass(kind, Clause):
        return _read_clause(kind, raw, pointer, faults)
    return _read_scalar(kind, raw, pointer, faults)


def _read_scalar(kind: Any, raw: object, pointer: str, faults: list[Fault]) -> Any:
    if kind is str and isinstance(raw, str):
        if raw.strip() and len(raw) <= MOST_LETTERS and "\x00" not in raw:
            return raw
        faults.append(Fault(pointer, "malformed", f"expected 1 to {MOST_LETTERS} characters"))
        return None
    if kind is bool and isinstance(raw, bool):
        return raw
    if kind is int and type(raw) is int:
        if 0 <= raw < 2**63:
            return raw
        faults.append(Fault(pointer, "out_of_range", "expected a whole number that is not negative"))
        return None
    expected = {str: "text", bool: "true or false", int: "a whole number"}[kind]
    faults.append(Fault(pointer, "wrong_type", f"expected {expected}"))
    return None


def _read_union(kinds: tuple[Any, ...], raw: object, pointer: str, faults: list[Fault]) -> Any:
    if raw is None and types.NoneType in kinds:
        return None
    first: list[Fault] | None = None
    for kind in kinds:
        if kind is types.NoneType:
            continue
        own: list[Fault] = []
        value = read(kind, raw, pointer, own)
        if not own:
            return value
        first = own if first is None else first
    faults.extend(first or ())
    return None


def _read_list(kind: Any, raw: object, pointer: str, faults: list[Fault]) -> tuple[Any, ...] | None:
    if not isinstance(raw, (list, tuple)) or len(raw) > MOST_ENTRIES:
        faults.append(Fault(pointer, "wrong_type", f"expected a list of at most {MOST_ENTRIES} entries"))
        return None
    return tuple(read(kind, entry, f"{pointer}/{index}", faults) for index, entry in enumerate(raw))


def _read_object(kind: Any, raw: object, pointer: str, faults: list[Fault]) -> dict[str, Any] | None:
    if not isinstance(raw, dict) or len(raw) > MOST_ENTRIES:
        faults.append(Fault(pointer, "wrong_type", f"expected an object of at most {MOST_ENTRIES} members"))
        return None
    return {str(name): read(kind, entry, f"{pointer}/{escape(name)}", faults) for name, entry in raw.items()}


def _read_clause(kind: type[Clause], raw: object, pointer: str, faults: list[Fault]) -> Clause | None:
    if not isinstance(raw, dict):
        faults.append(Fault(pointer, "wrong_type", "expected an object"))
        return None
    values: dict[str, Any] = {}
    known = set()
    for name, attribute, hint, default in _fields(kind):
        known.add(name)
        if name not in raw or (raw[name] is None and default is not msgspec.NODEFAULT):
            # null is how a document says "off"; where off is not a value of its own it is the default
            if default is msgspec.NODEFAULT:
                faults.append(Fault(f"{pointer}/{name}", "missing", "this field is required"))
                values[attribute] = None
            else:
                values[attribute] = default
            continue
        before = len(faults)
        value = read(hint, raw[name], f"{pointer}/{name}", faults)
        spoilt = len(faults) > before and default is not msgspec.NODEFAULT
        values[attribute] = default if spoilt else value
    for name in raw:
        if name not in known:
            faults.append(Fault(f"{pointer}/{escape(name)}", "unknown_field", "there is no such field"))
    return kind(**values)
