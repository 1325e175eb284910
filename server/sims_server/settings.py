"""What a server process is told from outside: folders, addresses, database. From environment and
flags; secrets come from files or the environment, never from the repository."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs


@dataclass(frozen=True)
class Settings:
    """One process's settings. `database_url` is the application's (`sims_app`); `owner_url` migrates."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8400
    demo: bool = False
    database_url: str | None = None  # None: the embedded PostgreSQL under `data`
    owner_url: str | None = None
    backup_url: str | None = None  # sims_backup's, for the dump; None: the embedded PostgreSQL's
    metrics_token: str | None = None
    audit_heads: Path | None = None  # the file of the audit's signed heads; None: inside `data`
    # Addresses whose X-Forwarded-For is believed, with commas. None: nobody's, loopback's neither, or
    # whoever can speak from this machine chooses the address that sign-in throttling counts.
    trusted_proxies: str | None = None


def default_data_folder() -> Path:
    return Path(platformdirs.user_data_path("sims", appauthor=False))


def from_environment(data: Path | None = None, **flags: object) -> Settings:
    """Flags win over the environment, the environment over defaults."""
    given = {name: value for name, value in flags.items() if value is not None}
    return Settings(
        data=data or Path(os.environ.get("SIMS_DATA", "") or default_data_folder()),
        database_url=os.environ.get("DATABASE_URL") or None,
        owner_url=os.environ.get("DATABASE_OWNER_URL") or None,
        backup_url=os.environ.get("DATABASE_BACKUP_URL") or None,
        metrics_token=os.environ.get("SIMS_METRICS_TOKEN") or None,
        audit_heads=Path(os.environ["SIMS_AUDIT_HEADS"]) if os.environ.get("SIMS_AUDIT_HEADS") else None,
        trusted_proxies=os.environ.get("SIMS_TRUSTED_PROXIES") or None,
        **given,  # type: ignore[arg-type]
    )
