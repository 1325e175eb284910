"""Cells: 40 and 4,000 of a sheet in one push, against the bare statement in psql and the peer's bulk.

The floor is the same writing in the database (versions, audit, digest, rev: the triggers) with nothing
around it: no HTTP, no JSON, no decision, no receipt."""

from __future__ import annotations

import json
import statistics
import time
import uuid
from typing import TYPE_CHECKING, Any

import psycopg

from sims_server.kernel.proof import prove
from sims_server.kernel.secrets import read_or_make_secret
from tests.benchmarks.load import Wire

if TYPE_CHECKING:
    from tests.benchmarks.__main__ import Bench

BARE = """
INSERT INTO assessment_score AS t (section_id, enrollment_id, assessment_id, max_score, mark, score)
SELECT %(section)s, e, a, 100, 'scored', s FROM unnest(%(enrollments)s::bigint[], %(assessments)s::bigint[],
%(scores)s::numeric[]) u (e, a, s)
ON CONFLICT (enrollment_id, assessment_id) DO UPDATE SET mark = EXCLUDED.mark, score = EXCLUDED.score"""


class Device:
    """A client that pushes whole batches."""

    def __init__(self, bench: Bench, section: int) -> None:
        self.bench = bench
        self.section = section
        self.client_id = str(uuid.uuid4())
        self.mid = 0
        self.wire = Wire(bench.made.url)
        self.pull()

    def pull(self) -> None:
        status, body = self.wire.ask(self.bench.ask("faculty", "GET", f"/api/sheets/{self.section}/"))
        if status != 200:
            raise SystemExit(f"{status}: {body[:300]!r}")
        self.sheet = json.loads(body)
        self.cells = [
            (row["enrollment_id"], a["id"]) for row in self.sheet["rows"] for a in self.sheet["assessments"]
        ]
        self.versions = {
            (row["enrollment_id"], int(a)): cell["ver"]
            for row in self.sheet["rows"]
            for a, cell in row["cells"].items()
        }

    def push(self, count: int, score: str) -> float:
        """Seconds of one push; the sheet's versions are followed."""
        self.mid += 1
        chosen = self.cells[:count]
        ops = [
            {
                "edit_id": f"{self.mid}-{n}",
                "enrollment_id": e,
                "assessment_id": a,
                "base_ver": self.versions.get((e, a), 0),
                "mark": "scored",
                "score": score,
            }
            for n, (e, a) in enumerate(chosen)
        ]
        body: dict[str, Any] = {
            "client_id": self.client_id,
            "mid": self.mid,
            "protocol": self.sheet["protocol"],
            "ops": ops,
        }
        request = self.bench.ask("faculty", "POST", f"/api/sheets/{self.section}/sync/", body)
        started = time.perf_counter()
        status, answer = self.wire.ask(request)
        taken = time.perf_counter() - started
        if status != 200:
            raise SystemExit(f"{status}: {answer[:300]!r}")
        outcomes = json.loads(answer)["outcomes"]
        if any(outcome["outcome"] != "applied" for outcome in outcomes):
            raise SystemExit(f"not all applied: {[o for o in outcomes if o['outcome'] != 'applied'][:2]}")
        for cell, outcome in zip(chosen, outcomes, strict=True):
            self.versions[cell] = outcome["ver"]
        return taken


def measure_cells(bench: Bench) -> None:
    made = bench.made
    device = Device(bench, made.ids["cells"])
    device.push(4000, "50.00")
    for count, wanted in ((40, 8.0), (4000, 3.0)):
        ours, bare = [], []
        with psycopg.connect(made.cluster.url("sims_app")) as connection:
            prove(connection, read_or_make_secret(made.data))
            for turn in range(5):
                ours.append(device.push(count, f"{60 + turn}.25"))
                chosen = device.cells[:count]
                values = {
                    "section": made.ids["cells"],
                    "enrollments": [e for e, _ in chosen],
                    "assessments": [a for _, a in chosen],
                    "scores": [70 + turn] * count,
                }
                started = time.perf_counter()
                connection.execute("SELECT set_config('sims.actor', '1', true)")
                connection.execute(BARE, values)
                connection.commit()
                bare.append(time.perf_counter() - started)
                device.pull()
        bench.add(
            f"{count} cells in one push",
            statistics.median(ours) * 1000,
            statistics.median(bare) * 1000,
            "ms",
            "bare statement, triggers",
            wanted,
            faster=False,
            at_most=True,
        )
        if count == 4000 and bench.peer is not None:
            bench.add(
                "4000 cells in one push",
                statistics.median(ours) * 1000,
                bench.peer.bulk_cells(4000) * 1000,
                "ms",
                "peer's bulk",
                60,
                faster=False,
            )
