"""A record with results that are out, and keys to seal it with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sims_server.transcripts.operations.keys import manage_keys
from tests.support.api import Api
from tests.support.published import Record
from tests.support.university import University


@pytest.fixture
def data(api: Api, tmp_path: Path) -> Iterator[Path]:
    """A data folder of this test's own, so that keys of another test do not seal for it."""
    before = api.client.app.state.data
    for path in before.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    api.client.app.state.data = api.data = tmp_path
    yield tmp_path
    api.client.app.state.data = api.data = before


@pytest.fixture
def record(university: University, data: Path) -> Record:
    return Record(university)


@pytest.fixture
def keys(api: Api, record: Record, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Keys made as the operator makes them."""
    assert manage_keys(api.database, data, "make") == 0
    capsys.readouterr()
