"""The application, imported and put together once for all servers of a run: each test's is a fork of it.

A server that a test starts begins with a second and a half of imports, and a hundred tests start one. The
rule a newcomer would get wrong: nothing here opens a connection or starts a thread; a fork loses both.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable
from pathlib import Path

from sims_server.app import create_app
from sims_server.kernel.database import Database
from sims_server.kernel.secrets import AccessTokens, read_or_make_secret
from tests.support.server import serve_application

for _loaded_when_serving in ("uvicorn.protocols.http.auto", "uvicorn.lifespan.on", "uvicorn.loops.auto"):
    importlib.import_module(_loaded_when_serving)
with tempfile.TemporaryDirectory(prefix="sims-warm-") as _folder:
    APPLICATION = create_app(Database("postgresql://nowhere/none"), Path(_folder))


def serve_warm(url: str, data: Path, dies_after: str, announce: Callable[[str], None]) -> None:
    """Serve over a test's own database and folder, until the process ends."""
    state = APPLICATION.state
    state.database, state.data = Database(url, read_or_make_secret(data), pool_size=16), data
    state.read_token = AccessTokens(read_or_make_secret(data)).read
    serve_application(APPLICATION, dies_after, announce)
