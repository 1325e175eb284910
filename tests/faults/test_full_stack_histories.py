"""Unlucky days with nothing simulated but the luck: real store, socket, handlers and PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.api import Api
from tests.support.database import TestDatabase
from tests.support.full_stack import FullStack, play_on
from tests.support.server import Serve
from tests.support.university import University


@pytest.mark.parametrize("first", [0, 100])
def test_no_history_breaks_an_invariant_of_the_full_stack(
    first: int, api: Api, serve: Serve, database_url: TestDatabase, tmp_path: Path
) -> None:
    stack = FullStack(University(api.database), serve().base_url, database_url.superuser_url)
    try:
        for seed in range(first, first + 3):
            play_on(stack, seed, 60, tmp_path)
    finally:
        stack.close()
