"""Twenty thousand unlucky days of the sync protocol. `./sims bench sync-histories --n N` plays more."""

from __future__ import annotations

import pytest

from tests.support.simulator import first_failure, play

HISTORIES = 20_000
HISTORIES_A_TEST = 1_000


@pytest.mark.parametrize("first", range(0, HISTORIES, HISTORIES_A_TEST))
def test_no_history_breaks_an_invariant(first: int) -> None:
    failure = first_failure(range(first, first + HISTORIES_A_TEST))
    assert failure is None, f"replay with play({failure[0]}): {failure[1]!r}"


@pytest.mark.parametrize("first", range(500_000, 500_040, 20))
def test_long_histories_hold_too(first: int) -> None:
    failure = first_failure(range(first, first + 20), steps=400)
    assert failure is None, f"replay with play({failure[0]}, 400): {failure[1]!r}"


# What a long run found, with what it had found.
FOUND = {
    1_037_425: "two names of a copied profile, both taken by the person it was copied from",
    1_063_503: "two restores that a device met as one: the invariant asked about the wrong one",
    5_117_555: "a late packet brought back what a restore had taken, and the next restore took it again",
    7_254_101: "a late packet brought a newer mark between two restores: the invariant forgot that it had",
    11_445_089: "a device in memory that remembered more than a real one: two edits of one cell, one offered",
}


@pytest.mark.parametrize("seed", FOUND, ids=str)
def test_what_was_found_once_stays_found(seed: int) -> None:
    play(seed)
