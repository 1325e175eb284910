"""The server as the grade page needs it. Every call is made off the window's thread and raises
`ClientError`s. The rule a newcomer would get wrong: when an act returns, the local store knows what came of
it; the page never changes what it shows because of what it asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from sims_desktop.client.late_marks import Asked, LeftOver
from sims_shared.cutoffs import SheetCutoffs
from sims_shared.grading import DeviceView
from sims_shared.plan import PlanView
from sims_shared.result_versions import ResultVersions
from sims_shared.results import ChangeImpact, PendingChangeView, ResultView
from sims_shared.revisions import SheetCompared, SheetRevisions


class SubmitOffice(Protocol):
    def catch_up(self) -> bool:
        """Syncs once; whether the server was reached."""
        ...

    def submit_sheet(self, section_id: int, rev: int, acknowledge: list[str], note: str = "") -> None: ...

    def waiting_devices(self, section_id: int) -> Sequence[DeviceView]:
        """Other computers that hold unsynced marks of this sheet."""
        ...


class LateOffice(Protocol):
    def left_over(self, section_id: int) -> Sequence[LeftOver]:
        """Marks that the server refused and this computer keeps. Needs no server."""
        ...

    def request_changes(self, section_id: int, reason: str) -> Asked: ...


class ChangeOffice(Protocol):
    def read_results(self, section_id: int) -> Sequence[ResultView]: ...

    def student_ids(self, section_id: int) -> Mapping[int, int]:
        """By enrollment."""
        ...

    def preview_change(self, wish: Mapping[str, Any]) -> ChangeImpact: ...

    def request_change(self, wish: Mapping[str, Any], reason: str, key: str) -> PendingChangeView: ...

    def file_scan(self, change_id: int, file_name: str, content: bytes) -> None:
        """With a change that was asked for; once more does nothing."""
        ...


class ColumnOffice(Protocol):
    def release_assessment(self, assessment_id: int) -> None: ...

    def lock_assessment(self, assessment_id: int) -> None: ...

    def unlock_assessment(self, assessment_id: int) -> None: ...


class PlanOffice(Protocol):
    def write_plan(self, section_id: int, wish: Mapping[str, Any], key: str) -> PlanView:
        """All of it, or nothing. Raises ProblemAnswer: `assessments.plan_changed`."""
        ...

    def sheets_without_columns(self, section_id: int) -> list[tuple[int, str]]:
        """The person's other open sheets on this computer that have no column yet, by name."""
        ...


class CutoffOffice(Protocol):
    def read_cutoffs(self, section_id: int) -> SheetCutoffs: ...

    def propose_cutoffs(
        self, section_id: int, regulation_id: int, rev: int, lines: Mapping[str, Decimal], reason: str
    ) -> SheetCutoffs: ...


class PastOffice(Protocol):
    def read_revisions(self, section_id: int) -> SheetRevisions: ...

    def compare_revisions(
        self, section_id: int, since: int, until: int, *, unchanged: bool = False
    ) -> SheetCompared:
        """What stands otherwise; `unchanged` brings the other marks too."""
        ...

    def read_result_versions(self, result_id: int) -> ResultVersions: ...


class SheetOffice(
    SubmitOffice, LateOffice, ChangeOffice, ColumnOffice, PlanOffice, CutoffOffice, PastOffice, Protocol
): ...
