"""The calls behind the desk of holds: which stand, placing, changing and lifting them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sims_desktop.client.entries import EntryCalls
from sims_desktop.client.http import Client, Parameters
from sims_desktop.client.results import every
from sims_shared.holds import HoldKindView, HoldLifters, HoldView
from sims_shared.messages import Page
from sims_shared.people import StudentView

HOLDS = "/api/holds/"
KINDS = "/api/hold-kinds/"
PAGE_SIZE = 100


class HoldCalls:
    """Every call raises `ClientError`s only."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list_kinds(self) -> list[HoldKindView]:
        return every(self._client, KINDS, HoldKindView, {})

    def list_holds(
        self, lifted: bool | None, kind: str, words: str, student_id: int | None
    ) -> Page[HoldView]:
        """The first page, newest first. Words are looked for in name and number, reason and contact."""
        given: Parameters = {
            "lifted": lifted,
            "kind": kind or None,
            "search": words or None,
            "student_id": student_id,
            "ordering": "-id",
            "page_size": PAGE_SIZE,
        }
        return self._client.get(HOLDS, Page[HoldView], given)

    def read_on(self, path: str) -> Page[HoldView]:
        return self._client.get(path, Page[HoldView])

    def read_student(self, student_id: int) -> StudentView:
        return self._client.get(f"/api/students/{student_id}/", StudentView)

    def read_hold(self, hold_id: int) -> tuple[HoldView, str]:
        """The hold, and what a change of it brings back."""
        return self._client.get_with_etag(f"{HOLDS}{hold_id}/", HoldView)

    def place(self, body: dict[str, Any], key: str) -> HoldView:
        """Raises ProblemAnswer: 403 for a kind of another role, faults of fields."""
        return self._client.post(HOLDS, body, HoldView, key=key)

    def change(self, hold_id: int, body: dict[str, Any], etag: str) -> HoldView:
        """Raises ProblemAnswer: `request.stale`, `holds.already_lifted`, faults of fields."""
        return self._client.patch(f"{HOLDS}{hold_id}/", body, HoldView, etag=etag)

    def lift(self, hold_id: int, reason: str, key: str) -> HoldView:
        """Raises ProblemAnswer: `holds.already_lifted`, 403 for a kind of another role."""
        return self._client.post(f"{HOLDS}{hold_id}/lift/", {"reason": reason}, HoldView, key=key)


class HoldKindCalls(EntryCalls[HoldKindView]):
    """A kind is addressed by its name, which it keeps. A name that is taken is `hold_kinds.taken`."""

    def __init__(self, client: Client) -> None:
        super().__init__(client, KINDS, HoldKindView)
        self._names: dict[int, str] = {}

    def list_entries(self, given: Mapping[str, Any]) -> Page[HoldKindView]:
        return self._remember(super().list_entries(given))

    def read_on(self, path: str) -> Page[HoldKindView]:
        return self._remember(super().read_on(path))

    def _remember(self, page: Page[HoldKindView]) -> Page[HoldKindView]:
        self._names |= {one.id: one.kind for one in page.results}
        return page

    def read(self, id: int) -> tuple[HoldKindView, str]:
        return self.client.get_with_etag(f"{KINDS}{self._names[id]}/", HoldKindView)

    def create(self, body: dict[str, Any], key: str) -> HoldKindView:
        made = super().create(body, key)
        self._names[made.id] = made.kind
        return made

    def change(self, id: int, body: dict[str, Any], etag: str) -> HoldKindView:
        return self.client.patch(f"{KINDS}{self._names[id]}/", body, HoldKindView, etag=etag)

    def list_lifters(self) -> list[str]:
        """Roles that a kind may name."""
        return self.client.get("/api/hold-lifters/", HoldLifters).roles
