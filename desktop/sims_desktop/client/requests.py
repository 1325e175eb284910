"""The calls behind requests: the queue a page at a time, asking, deciding, handing out.

The rule a newcomer would get wrong: who collected a paper that lies ready is a change of the request and no
move, and of two counters only the first may write it; so it names what it was read from.
"""

from __future__ import annotations

from typing import Any

from sims_desktop.client.http import Client, Parameters
from sims_desktop.client.results import every
from sims_shared.messages import Page
from sims_shared.requests import RequestTypeView, RequestView

REQUESTS = "/api/requests/"
PAGE_SIZE = 100


class RequestCalls:
    """Every call raises `ClientError`s only; `key` as for other decisions."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list_types(self) -> list[RequestTypeView]:
        return every(self._client, "/api/request-types/", RequestTypeView, {})

    def read_page(self, given: Parameters) -> Page[RequestView]:
        """The first page of the requests that these filters name."""
        return self._client.get(REQUESTS, Page[RequestView], {**given, "page_size": PAGE_SIZE})

    def read_next(self, path: str) -> Page[RequestView]:
        """The page that another one named as its next."""
        return self._client.get(path, Page[RequestView])

    def list_own(self, student_id: int) -> list[RequestView]:
        """All of one student, the newest first."""
        return every(self._client, REQUESTS, RequestView, {"student_id": student_id, "ordering": "-id"})

    def read_request(self, request_id: int) -> RequestView:
        return self._client.get(f"{REQUESTS}{request_id}/", RequestView)

    def ask_for(self, body: dict[str, Any], key: str) -> RequestView:
        """Raises ProblemAnswer: faults of fields."""
        return self._client.post(REQUESTS, body, RequestView, key=key)

    def move(self, request_id: int, body: dict[str, Any], key: str) -> RequestView:
        """`body` as `TransitionRequest`. Raises ProblemAnswer: `requests.wrong_state`."""
        return self._client.post(f"{REQUESTS}{request_id}/transition/", body, RequestView, key=key)

    def institution(self) -> str:
        """Whose server it is."""
        return self._client.hello().institution

    def read_for_change(self, request_id: int) -> tuple[RequestView, str]:
        return self._client.get_with_etag(f"{REQUESTS}{request_id}/", RequestView)

    def change(self, request_id: int, body: dict[str, Any], etag: str) -> RequestView:
        """`body` as `ChangeRequest`. Raises ProblemAnswer: `request.stale`, `requests.wrong_state`, faults
        of fields."""
        return self._client.patch(f"{REQUESTS}{request_id}/", body, RequestView, etag=etag)

    def note_collected(self, request_id: int, collected_by: str) -> RequestView:
        """Who came for what lies ready; the request as it is, unchanged, where somebody was noted before.
        Raises ProblemAnswer: `requests.wrong_state`, `request.stale`."""
        request, etag = self.read_for_change(request_id)
        if request.collected_by is not None:
            return request
        return self.change(request_id, {"collected_by": collected_by}, etag)
