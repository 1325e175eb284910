"""The same unlucky days as in memory, on the real encrypted store."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.simulator import History
from tests.support.stored_device import stored_devices


@pytest.mark.parametrize("seed", range(40))
def test_no_history_breaks_an_invariant_of_the_real_store(seed: int, tmp_path: Path) -> None:
    history = History(seed, new_store=stored_devices(tmp_path))
    try:
        history.play(60)
    finally:
        for device in history.devices:
            device.store.close()  # type: ignore[attr-defined]
