"""What can be done about attendance: hold a class, mark it, condone a shortage, notify who may sit."""

from __future__ import annotations

from sims_server.attendance.operations.marking import record_attendance
from sims_server.attendance.rules import ClassMark

__all__ = ["ClassMark", "record_attendance"]
