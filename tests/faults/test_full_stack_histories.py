"""Unlucky days with nothing simulated but the luck: real store, handlers and PostgreSQL; some over a real
socket to a server of its own process, a thousand straight into the application."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.support.database import TestDatabase, quick_folder
from tests.support.full_stack import play_on, stack_over
from tests.support.simulator import undisturbed

HISTORIES = 1_000
HISTORIES_A_TEST = 50


def play_all(database: TestDatabase, data: Path, seeds: range, *, over_a_socket: bool) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="sims-devices-", dir=quick_folder()) as folder,
        undisturbed(),
        stack_over(database.app_url, database.superuser_url, data, over_a_socket=over_a_socket) as stack,
    ):
        for seed in seeds:
            play_on(stack, seed, None, Path(folder))


@pytest.mark.parametrize("first", range(0, HISTORIES, HISTORIES_A_TEST))
def test_no_history_breaks_an_invariant_of_the_full_stack(
    first: int, database_url: TestDatabase, tmp_path: Path
) -> None:
    play_all(database_url, tmp_path, range(first, first + HISTORIES_A_TEST), over_a_socket=False)


def test_no_history_breaks_an_invariant_over_a_real_socket(
    database_url: TestDatabase, tmp_path: Path
) -> None:
    play_all(database_url, tmp_path, range(500_000, 500_006), over_a_socket=True)
