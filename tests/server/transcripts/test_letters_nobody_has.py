"""A name may hold any character: it is lettered, or refused in words, and never breaks the server."""

from __future__ import annotations

import contextlib
import unicodedata

import pytest

from sims_server.sealing.lettering import LetteringMissing, shape
from tests.support.api import Api
from tests.support.published import Record

# One of each direction that Unicode knows; "" are characters it has not assigned.
DIRECTIONS: dict[str, str] = {}
for _code in (*range(0x20, 0xD800), *range(0xE000, 0x20000), 0xE0001):
    DIRECTIONS.setdefault(unicodedata.bidirectional(chr(_code)), chr(_code))


@pytest.mark.parametrize("direction", sorted(DIRECTIONS))
def test_a_character_of_any_direction_is_lettered_or_named_as_missing(direction: str) -> None:
    for text in (DIRECTIONS[direction], f"ا{DIRECTIONS[direction]}ب", f"Äli{DIRECTIONS[direction]}"):
        drawn = ""
        with contextlib.suppress(LetteringMissing):
            drawn = "".join(run.text for run in shape(text, 400))
        assert sorted(drawn) in ([], sorted(text))


@pytest.mark.parametrize(
    "character", ["\u0378", "\u2067", "\U000e0001"], ids=["unassigned", "isolate", "tag"]
)
def test_the_copy_of_such_a_name_is_an_answer(api: Api, record: Record, keys: None, character: str) -> None:
    name = {"name": f"Zara {character} Ahmed"}
    changed = api.as_("registrar").patch(f"/api/students/{record.student}/", name)
    assert changed.status in (200, 400), changed.content
    answer = api.as_("registrar").get(f"/api/transcripts/{record.student}/")
    assert answer.status in (200, 409), answer.content
    assert answer.status == 200 or answer.code == "transcripts.name_unprintable"
