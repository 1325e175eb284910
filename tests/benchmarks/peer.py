"""The peer: the same jobs in Django REST Framework, as its own README sets it up and seeds it.

Its token is signed with the key its settings hold (it is a measuring stick, not a secret)."""

from __future__ import annotations

import json
import os
import statistics
import time
import uuid
from typing import Any

import jwt

from tests.benchmarks.load import Wire, request_bytes

KEY = "x" * 50
OPEN_SECTIONS = tuple(range(391, 401))  # capacity 100,000, term open
DRAFT_SECTION = 301  # 500 drafts
CELLS_SECTION = 302


class Peer:
    """A running peer at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        now = int(time.time())
        claims = {
            "token_type": "access",
            "exp": now + 86400,
            "iat": now,
            "jti": uuid.uuid4().hex,
            "user_id": "1",
        }
        self.token = os.environ.get("SIMS_PEER_TOKEN") or jwt.encode(claims, KEY, algorithm="HS256")
        self._student = int(time.time() * 10) % 60_000 + 20_000

    def next_student(self) -> int:
        """A student not enrolled by an earlier run (most likely; the answer says so if not)."""
        self._student = 20_000 + (self._student - 20_000 + 1) % 79_999
        return self._student

    def ask(self, method: str, path: str, body: Any = None) -> bytes:
        payload = b"" if body is None else json.dumps(body).encode()
        return request_bytes(method, path, "127.0.0.1", self.token, payload)

    def _psql(self, sql: str) -> None:
        """Reset what a measurement used up, in the peer's own database (PEER_PGHOST)."""
        import psycopg

        with psycopg.connect(
            f"host={os.environ['PEER_PGHOST']} user=postgres dbname=sims_peer", autocommit=True
        ) as connection:
            connection.execute(sql)

    def publish_loop(self, repeats: int = 3) -> float:
        """Median seconds of publishing 500 drafts the way its view does."""
        times = []
        for _ in range(repeats):
            self._psql(
                f"UPDATE core_result SET state = 'draft', is_published = false WHERE section_id = "
                f"{DRAFT_SECTION}"
            )
            wire = Wire(self.url)
            started = time.perf_counter()
            status, answer = wire.ask(self.ask("POST", "/api/results/publish/", {"section": DRAFT_SECTION}))
            times.append(time.perf_counter() - started)
            if status != 200 or json.loads(answer)["published"] != 500:
                raise SystemExit(f"the peer answered {status}: {answer[:200]!r}")
        return statistics.median(times)

    def bulk_cells(self, count: int) -> float:
        """Seconds of `count` new scores in one bulk call."""
        import psycopg

        with psycopg.connect(
            f"host={os.environ['PEER_PGHOST']} user=postgres dbname=sims_peer", autocommit=True
        ) as connection:
            connection.execute("DELETE FROM core_assessmentscore")
            found = connection.execute(
                "SELECT id FROM core_assessment WHERE section_id = 302 ORDER BY id"
            ).fetchall()
        rows = [
            {"assessment": a[0], "student": s, "score": "71.50"} for s in range(5001, 5501) for a in found
        ][:count]
        wire = Wire(self.url)
        started = time.perf_counter()
        status, answer = wire.ask(self.ask("POST", "/api/assessment-scores/bulk/", rows))
        if status != 201:
            raise SystemExit(f"the peer answered {status}: {answer[:200]!r}")
        return time.perf_counter() - started
