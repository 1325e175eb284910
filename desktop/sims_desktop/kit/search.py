"""Which entries answer what a person typed into the palette. Qt-free.

Words in any order, each the start of a word of the entry or, with less weight, anywhere in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the palette: an action, a sheet, a student, a setting."""

    title: str
    choose: Callable[[], object]
    detail: str = ""
    key: str = ""
    also: str = ""
    """More words that find it and are not shown."""


def rank(query: str, text: str) -> int | None:
    """The smaller the better; None when a word of the query is not in the text. A word said in full counts a
    little more than one begun: `CS-101 P` means section P of Programming, not its section A."""
    sought = query.casefold().split()
    held = text.casefold()
    words = [word.strip(",.;:") for word in held.split()]
    score = 0
    begun = 0
    for word in sought:
        if word in words:
            continue
        if any(candidate.startswith(word) for candidate in words):
            begun += 1
            continue
        if word not in held:
            return None
        score += 1
    return score * 1000 + begun + len(held)


def best(query: str, entries: Iterable[Entry], at_most: int = 50) -> Sequence[Entry]:
    """The entries that answer `query`, best first; all in their order when it is empty."""
    if not query.strip():
        return list(entries)[:at_most]
    found = [
        (score, number, entry)
        for number, entry in enumerate(entries)
        if (score := rank(query, f"{entry.title} {entry.detail} {entry.also}")) is not None
    ]
    found.sort(key=lambda item: item[:2])
    return [entry for _, _, entry in found[:at_most]]
