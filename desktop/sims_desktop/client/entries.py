"""The calls behind a desk that keeps one kind of entry: terms, courses, sections and the like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from sims_desktop.client.http import Client
from sims_shared.messages import Page

PAGE_SIZE = 100
V = TypeVar("V")


class EntryCalls(Generic[V]):
    """`path` is the list's address, `kind` what is in it. Every call raises `ClientError`s only."""

    def __init__(self, client: Client, path: str, kind: type[V]) -> None:
        self.client = client
        self._path, self._kind = path, kind

    def list_entries(self, given: Mapping[str, Any]) -> Page[V]:
        """The first page."""
        kind: Any = self._kind
        page: Page[V] = self.client.get(self._path, Page[kind], {**given, "page_size": PAGE_SIZE})
        return page

    def read_on(self, path: str) -> Page[V]:
        kind: Any = self._kind
        page: Page[V] = self.client.get(path, Page[kind])
        return page

    def read(self, id: int) -> tuple[V, str]:
        """The entry, and what a change of it brings back."""
        return self.client.get_with_etag(f"{self._path}{id}/", self._kind)

    def create(self, body: dict[str, Any], key: str) -> V:
        return self.client.post(self._path, body, self._kind, key=key)

    def change(self, id: int, body: dict[str, Any], etag: str) -> V:
        """Raises ProblemAnswer `request.stale` when it is another than the one of `etag`."""
        return self.client.patch(f"{self._path}{id}/", body, self._kind, etag=etag)

    def delete(self, id: int) -> None:
        """Raises ProblemAnswer `….in_use`."""
        self.client.delete(f"{self._path}{id}/")
