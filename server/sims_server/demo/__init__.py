"""The demo profile: a believable university to try everything on, made in seconds, the same every time.

It is installed only where `--demo` asks for it, into an empty installation, in one transaction. The rule
a newcomer would get wrong: nothing here writes a result. Marks are entered as their teachers, and results
are computed and published by the operations that the real university uses, so the demo cannot show what
the system would not do.
"""

from __future__ import annotations

from sims_server.demo.installing import DemoRefused, install_demo

__all__ = ["DemoRefused", "install_demo"]
