"""The server's no in an Urdu window: what kind it is in Urdu, its facts below in the server's words."""

from __future__ import annotations

import importlib
import pkgutil
import string
from collections.abc import Iterator

import pytest

import sims_server
import sims_shared
from sims_desktop.client.errors import ProblemAnswer, no_of_server
from sims_desktop.kit import language
from sims_desktop.kit.language import on_paper
from sims_desktop.kit.words.urdu.refusals import TITLES
from sims_shared.problems import NotPermitted, Refusal


def refusals(of: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for one in of.__subclasses__():
        yield one
        yield from refusals(one)


@pytest.fixture
def urdu() -> Iterator[None]:
    language.speak(language.URDU)
    yield
    language.speak(language.ENGLISH)


def test_every_refusal_of_the_server_has_an_urdu_title_and_none_is_left_of_another() -> None:
    for package in (sims_shared, sims_server):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                importlib.import_module(found.name)
    # Tests make refusals of their own.
    known = {one.code: one.title for one in refusals() if one.__module__.startswith("sims_")}
    assert {code: title for code, title in known.items() if code not in TITLES} == {}
    assert TITLES.keys() - known.keys() == {Refusal.code} & TITLES.keys()
    latin = set(string.ascii_letters) - set("MB")
    assert [title for title in TITLES.values() if latin & set(title)] == []


def test_the_title_stands_above_the_facts_in_urdu_and_english_is_as_it_was(urdu: None) -> None:
    title = TITLES[NotPermitted.code]
    refused = ProblemAnswer(403, NotPermitted.code, NotPermitted.title, "Your role does not include “x”.")
    assert str(refused) == f"{title}\nYour role does not include “x”."
    assert refused.title == title
    assert str(ProblemAnswer(403, NotPermitted.code, NotPermitted.title, NotPermitted.title)) == title
    assert str(ProblemAnswer(409, "later.than_this_program", "A title", "A fact")) == "A fact"
    with on_paper():
        assert str(refused) == "Your role does not include “x”."
    language.speak(language.ENGLISH)
    assert str(refused) == "Your role does not include “x”."
    assert refused.title == NotPermitted.title
    assert no_of_server("a.b", "", "") == "a.b"
