"""A server that cannot be had: what a grade page sees of it between two connections."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

from sims_desktop.client.errors import Offline
from sims_desktop.client.late_marks import LeftOver
from sims_shared.grading import DeviceView


class NoServer:
    def _away(self) -> NoReturn:
        raise Offline("The server cannot be reached")

    def catch_up(self) -> bool:
        return False

    def waiting_devices(self, section_id: int) -> list[DeviceView]:
        return []

    def left_over(self, section_id: int) -> list[LeftOver]:
        return []

    def submit_sheet(self, section_id: int, rev: int, acknowledge: list[str], note: str = "") -> None:
        self._away()

    def request_changes(self, section_id: int, reason: str) -> NoReturn:
        self._away()

    def read_results(self, section_id: int) -> NoReturn:
        self._away()

    def student_ids(self, section_id: int) -> Mapping[int, int]:
        return {}

    def preview_change(self, wish: Mapping[str, Any]) -> NoReturn:
        self._away()

    def request_change(self, wish: Mapping[str, Any], reason: str, key: str) -> NoReturn:
        self._away()

    def file_scan(self, change_id: int, file_name: str, content: bytes) -> NoReturn:
        self._away()

    def release_assessment(self, assessment_id: int) -> NoReturn:
        self._away()

    def lock_assessment(self, assessment_id: int) -> NoReturn:
        self._away()

    def unlock_assessment(self, assessment_id: int) -> NoReturn:
        self._away()

    def write_plan(self, section_id: int, wish: Mapping[str, Any], key: str) -> NoReturn:
        self._away()

    def sheets_without_columns(self, section_id: int) -> list[tuple[int, str]]:
        return []

    def read_cutoffs(self, section_id: int) -> NoReturn:
        self._away()

    def propose_cutoffs(
        self, section_id: int, regulation_id: int, rev: int, lines: Mapping[str, Decimal], reason: str
    ) -> NoReturn:
        self._away()

    def read_revisions(self, section_id: int) -> NoReturn:
        self._away()

    def compare_revisions(
        self, section_id: int, since: int, until: int, *, unchanged: bool = False
    ) -> NoReturn:
        self._away()

    def read_result_versions(self, result_id: int) -> NoReturn:
        self._away()
