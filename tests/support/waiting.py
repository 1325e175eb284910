"""Waiting for something another process or thread does: until it holds, or a generous limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(holds: Callable[[], T], seconds: float = 30.0) -> T:
    """The first truthy answer of `holds`; fails the test when there is none within the limit."""
    pause = threading.Event()
    end = time.monotonic() + seconds
    while True:
        answer = holds()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"still not so after {seconds:g} seconds: {holds}")
        pause.wait(0.02)
