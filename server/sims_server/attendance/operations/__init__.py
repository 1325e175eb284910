"""What can be done about attendance: hold a class, mark it, condone a shortage, notify who may sit."""

from __future__ import annotations

from sims_server.attendance.operations.marking import record_attendance

__all__ = ["record_attendance"]
