"""Canonical JSON (RFC 8785): one sequence of bytes for one content, so that a hash means something.

The rule a newcomer would get wrong: `json.dumps(sort_keys=True)` is not it. Keys sort by UTF-16 code
units, not by code points, and floats have a spelling of their own. Every decimal of ours travels as
a string, so floats are refused here instead of being spelled.
"""

from __future__ import annotations

import json
from typing import Any

SAFE_INTEGER = 2**53 - 1


class NotCanonical(ValueError):
    """A value has no canonical spelling (float, lone surrogate, integer beyond 2^53 - 1), or bytes
    are not the canonical spelling of what they say."""


def _text(value: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as failure:
        raise NotCanonical("a lone surrogate has no canonical spelling") from failure
    return json.dumps(value, ensure_ascii=False)


def _spell(value: Any) -> str:
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        if abs(value) > SAFE_INTEGER:
            raise NotCanonical(f"the integer {value} is beyond 2^53 - 1")
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_spell(item) for item in value) + "]"
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise NotCanonical("an object's keys are text")
        ordered = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{_text(key)}:{_spell(value[key])}" for key in ordered) + "}"
    raise NotCanonical(f"{type(value).__name__} has no canonical spelling")


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes (UTF-8, no white space) of a tree of dict, list, str, int, bool and None.
    Raises `NotCanonical` for anything else."""
    return _spell(value).encode("utf-8")


def read_canonical(data: bytes) -> Any:
    """The tree that `data` spells. Raises `NotCanonical` when `data` is not its canonical spelling,
    so that two different files never say the same thing."""
    try:
        value = json.loads(data)
        respelled = canonical(value)
    except (ValueError, RecursionError) as failure:
        raise NotCanonical(str(failure)) from failure
    if respelled != data:
        raise NotCanonical("the bytes are not the canonical spelling of what they say")
    return value
