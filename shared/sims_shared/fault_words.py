"""What msgspec says of a value, in words for whoever typed it: no types of Python, no regular expression."""

from __future__ import annotations

import re
import typing
from types import UnionType
from typing import Any

import msgspec

_THINGS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_OTHER = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")
_LENGTH = re.compile(r"Expected `\w+` of length (>=|<=) (\d+)")
_BOUND = re.compile(r"Expected `\w+` (>=|<=) (-?\d+)")
_STRANGER = re.compile(r"Invalid enum value (.*)")
_FORMS = {
    "date": "A date such as 2026-09-01 is expected here.",
    "datetime": "A time such as 2026-09-01T09:30:00Z is expected here.",
    "UUID": "A UUID is expected here.",
}
_FIELD = re.compile(r"Object (missing required|contains unknown) field `([^`]+)`")
_FIELDS = {"missing required": "is required", "contains unknown": "is not known here"}
_FORM = re.compile(r"Invalid (?:RFC3339 encoded )?(date|datetime|UUID)\b")


def in_words(message: str, hint: Any) -> str:
    """`message` of msgspec about a value that should have been a `hint`."""
    words = _words(message.split(" - at `")[0], hint)
    choices = _choices(hint)
    return f"{words} One of: {', '.join(choices)}." if choices else words


def _words(message: str, hint: Any) -> str:
    if found := _OTHER.match(message):
        wanted = " or ".join(_THINGS.get(word, word) for word in found[1].split(" | ") if word != "null")
        return f"{wanted[:1].upper()}{wanted[1:]} is expected here, not {_THINGS.get(found[2], found[2])}."
    if found := _LENGTH.match(message):
        return f"{_limit(found[1])} {found[2]} character{'' if found[2] == '1' else 's'}."
    if found := _BOUND.match(message):
        return f"{_limit(found[1])} {found[2]}."
    if found := _STRANGER.match(message):
        return f"{found[1]} is not known here."
    if found := _FORM.match(message):
        return _FORMS[found[1]]
    if "matching regex" in message:
        form = _form(hint)
        return f"{form[:1].upper()}{form[1:]}." if form else "This is not of the form expected here."
    if found := _FIELD.match(message):
        return f"“{found[2]}” {_FIELDS[found[1]]}."
    return message.replace("`", "“", 1).replace("`", "”", 1) + "."


def _limit(sign: str) -> str:
    return "At least" if sign == ">=" else "At most"


def _metas(hint: Any) -> typing.Iterator[msgspec.Meta]:
    if typing.get_origin(hint) in (typing.Union, UnionType):
        for arm in typing.get_args(hint):
            yield from _metas(arm)
    elif typing.get_origin(hint) is typing.Annotated:
        yield from (note for note in typing.get_args(hint) if isinstance(note, msgspec.Meta))


def _form(hint: Any) -> str:
    """The description that stands beside a pattern."""
    return next((meta.description for meta in _metas(hint) if meta.pattern and meta.description), "")


def _choices(hint: Any) -> list[str]:
    """What may stand there, where the type is a list of words."""
    if typing.get_origin(hint) is typing.Literal:
        return [str(choice) for choice in typing.get_args(hint)]
    if typing.get_origin(hint) in (typing.Union, UnionType):
        return [choice for arm in typing.get_args(hint) for choice in _choices(arm)]
    return []
