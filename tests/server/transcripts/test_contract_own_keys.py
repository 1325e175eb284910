"""An installation can judge its own papers with its data folder alone, without a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from sims_server.transcripts.operations import ensure_demo_keys, manage_keys
from sims_shared.seal.keys import read_key_document
from tests.support.api import Api
from tests.support.university import University


def pinned(data: Path) -> list[str]:
    (path,) = (data / "institutions").glob("*.json")
    return sorted(key.id for key in read_key_document(path.read_bytes()).keys)


def test_the_data_folder_pins_its_own_keys_and_follows_a_rotation(
    api: Api, university: University, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert manage_keys(api.database, tmp_path, "make") == 0
    made = pinned(tmp_path)
    assert len(made) == 3
    assert manage_keys(api.database, tmp_path, "rotate") == 0
    assert set(made) < set(pinned(tmp_path))


def test_a_demo_pins_its_keys_at_the_start(api: Api, university: University, tmp_path: Path) -> None:
    university.run("UPDATE system SET demo = true")
    ensure_demo_keys(api.database, tmp_path)
    assert len(pinned(tmp_path)) == 3
