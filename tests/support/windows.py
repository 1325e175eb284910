"""Windows under test: drawn off screen unless somebody wants to watch (`QT_QPA_PLATFORM=xcb`)."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
