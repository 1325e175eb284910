"""What `/metrics` counts of requests: how many, how they ended, how long they took.

Labels are a route's name and a status, never a path: a path holds ids, and every student would become
a time series of their own.
"""

from __future__ import annotations

from functools import cache

from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics

# The lines that say when each series began are half of the page, and nobody graphs them.
disable_created_metrics()  # type: ignore[no-untyped-call]

REQUESTS = CollectorRegistry(auto_describe=True)
_seconds = Histogram(
    "sims_request_seconds",
    "Time from a request's body to its answer, by route and status.",
    ["operation", "status"],
    registry=REQUESTS,
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


def observe(operation: str, status: int, seconds: float) -> None:
    """Count one answered request."""
    _of(operation, status).observe(seconds)


@cache
def _of(operation: str, status: int) -> Histogram:
    return _seconds.labels(operation, str(status))
