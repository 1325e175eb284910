"""The calls behind the system page: health, backups and their jobs, settings, the published keys."""

from __future__ import annotations

from sims_desktop.client.http import Client
from sims_desktop.client.results import every
from sims_shared.access import SettingView
from sims_shared.jobs import JobView
from sims_shared.messages import Page
from sims_shared.operations_room import BackupView, Health, JobStarted
from sims_shared.seal.keys import KeyDocument

PAGE_SIZE = 50


class SystemCalls:
    """Every call raises `ClientError`s only; `key` is one for each wish, the same when it is asked again."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def read_health(self) -> Health:
        return self._client.get("/health/", Health)

    def list_backups(self) -> Page[BackupView]:
        """The newest. A page's `next` is read by `list_more`."""
        return self._client.get("/api/backups/", Page[BackupView], {"page_size": PAGE_SIZE})

    def list_more(self, following: str) -> Page[BackupView]:
        return self._client.get(following, Page[BackupView])

    def take_backup(self, key: str) -> int:
        """The job that takes it."""
        return self._client.post("/api/backups/", {}, JobStarted, key=key).job_id

    def drill(self, backup_id: int, key: str) -> int:
        """The job that rehearses. Raises ProblemAnswer: `backups.not_usable`."""
        return self._client.post(f"/api/backups/{backup_id}/drill/", {}, JobStarted, key=key).job_id

    def read_job(self, job_id: int) -> JobView:
        return self._client.get(f"/api/jobs/{job_id}/", JobView)

    def cancel_job(self, job_id: int) -> None:
        self._client.post(f"/api/jobs/{job_id}/cancel/", {}, JobView)

    def list_settings(self) -> list[SettingView]:
        return every(self._client, "/api/settings/", SettingView, {"ordering": "key"})

    def read_setting(self, name: str) -> tuple[SettingView, str]:
        """The setting, and what `put_setting` brings back."""
        return self._client.get_with_etag(f"/api/settings/{name}/", SettingView)

    def put_setting(self, name: str, value: str | int | bool, etag: str) -> SettingView:
        """Raises ProblemAnswer: `settings.invalid`, `request.stale`."""
        return self._client.patch(f"/api/settings/{name}/", {"value": value}, SettingView, etag=etag)

    def read_keys(self) -> KeyDocument:
        return self._client.get("/.well-known/sims-seal.json", KeyDocument)

    def read_time_zone(self) -> str:
        """Of the campus, whose calendar says which key is in force."""
        return self._client.hello().time_zone
