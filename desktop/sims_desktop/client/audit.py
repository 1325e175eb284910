"""The calls behind the audit: entries, how the chain stands, who read how many, and the list as a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from sims_desktop.client.http import Client, Parameters
from sims_shared.audit import AuditChain, AuditEntry, DisclosureView, ReaderList
from sims_shared.messages import Page


class AuditCalls:
    """Every call raises `ClientError`s only. Lists are read a page at a time, the newest first."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list_entries(self, given: Parameters) -> Page[AuditEntry]:
        return self._client.get("/api/audit/", Page[AuditEntry], given)

    def more_entries(self, path: str) -> Page[AuditEntry]:
        return self._client.get(path, Page[AuditEntry])

    def read_chain(self) -> AuditChain:
        return self._client.get("/api/audit/chain/", AuditChain)

    def export(self, form: str, given: Parameters, target: BinaryIO, told: Callable[[int, int], None]) -> int:
        """The whole list, as `csv` or `xlsx`; how many bytes."""
        return self._client.download_into(f"/api/exports/audit.{form}", target, told, given)

    def list_readers(self, days: int) -> ReaderList:
        given: Parameters = {"days": days}
        return self._client.get("/api/disclosures/readers/", ReaderList, given)

    def list_disclosures(self, actor: int, since: str) -> Page[DisclosureView]:
        given: Parameters = {"actor": actor, "from": since}
        return self._client.get("/api/disclosures/", Page[DisclosureView], given)

    def more_disclosures(self, path: str) -> Page[DisclosureView]:
        return self._client.get(path, Page[DisclosureView])
