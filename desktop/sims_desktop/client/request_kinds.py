"""The calls behind the desk of kinds of request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sims_desktop.client.entries import EntryCalls
from sims_desktop.client.http import Client
from sims_shared.messages import Page
from sims_shared.requests import RequestTypeView

KINDS = "/api/request-types/"


class RequestKindCalls(EntryCalls[RequestTypeView]):
    """A kind is addressed by its name, which it keeps. A name that is taken is `requests.type_taken`."""

    def __init__(self, client: Client) -> None:
        super().__init__(client, KINDS, RequestTypeView)
        self._names: dict[int, str] = {}

    def list_entries(self, given: Mapping[str, Any]) -> Page[RequestTypeView]:
        return self._remember(super().list_entries(given))

    def read_on(self, path: str) -> Page[RequestTypeView]:
        return self._remember(super().read_on(path))

    def _remember(self, page: Page[RequestTypeView]) -> Page[RequestTypeView]:
        self._names |= {one.id: one.type for one in page.results}
        return page

    def read(self, id: int) -> tuple[RequestTypeView, str]:
        return self.client.get_with_etag(f"{KINDS}{self._names[id]}/", RequestTypeView)

    def create(self, body: dict[str, Any], key: str) -> RequestTypeView:
        made = super().create(body, key)
        self._names[made.id] = made.type
        return made

    def change(self, id: int, body: dict[str, Any], etag: str) -> RequestTypeView:
        return self.client.patch(f"{KINDS}{self._names[id]}/", body, RequestTypeView, etag=etag)
