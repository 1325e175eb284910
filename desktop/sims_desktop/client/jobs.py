"""The calls behind background work: the list a page at a time, one job, and steering it."""

from __future__ import annotations

from sims_desktop.client.http import Client, Parameters
from sims_shared.jobs import JobView
from sims_shared.messages import Page

PAGE_SIZE = 50


class JobCalls:
    """Every call raises `ClientError`s only."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list_jobs(self, kind: str | None, status: str | None, noteworthy: bool | None) -> Page[JobView]:
        """The newest. A page's `next` is read by `list_more`."""
        given: Parameters = {
            "kind": kind,
            "status": status,
            "noteworthy": None if noteworthy is None else str(noteworthy).lower(),
            "page_size": PAGE_SIZE,
        }
        return self._client.get("/api/jobs/", Page[JobView], given)

    def list_more(self, following: str) -> Page[JobView]:
        return self._client.get(following, Page[JobView])

    def read_job(self, job_id: int) -> JobView:
        return self._client.get(f"/api/jobs/{job_id}/", JobView)

    def retry(self, job_id: int) -> JobView:
        """Raises ProblemAnswer: `jobs.wrong_state`."""
        return self._client.post(f"/api/jobs/{job_id}/retry/", {}, JobView)

    def cancel(self, job_id: int) -> JobView:
        """Raises ProblemAnswer: `jobs.wrong_state`."""
        return self._client.post(f"/api/jobs/{job_id}/cancel/", {}, JobView)
