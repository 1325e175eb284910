"""A published result that is wrong, on its student's page: its marks, its past, what shall change. Qt-free.

The rule a newcomer would get wrong: nothing here is a mark. The server computes what the wish would do; two
others sign it; until then the record says what it said. The sheet of a closed term is on no teacher's
computer any more: this page is where its marks are corrected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sims_desktop.approvals.presenter import cell_words, moved
from sims_desktop.client.results import Wish
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import left_to_right
from sims_desktop.results.correcting import with_whom
from sims_desktop.results.presenter import impact_words, wish_of
from sims_desktop.results.versions.presenter import VersionsPresenter
from sims_desktop.students.acts.wishes import Keys
from sims_shared.grading import AssessmentView
from sims_shared.policy.rounding import plain
from sims_shared.result_versions import MarkThen, ResultVersions
from sims_shared.results import ChangeImpact, PendingChangeView, ResultView


class Calls(Protocol):
    def read_versions(self, result_id: int) -> ResultVersions: ...
    def read_assessments(self, section_id: int) -> list[AssessmentView]: ...
    def preview_change(self, wish: Wish) -> ChangeImpact: ...
    def request_change(self, wish: Wish, reason: str, key: str) -> PendingChangeView: ...

    def file_scan(self, change_id: int, file_name: str, content: bytes) -> None:
        """With a change that was asked for; once more does nothing."""
        ...


Known = tuple[ResultVersions, Sequence[AssessmentView]]


@dataclass(slots=True)
class CorrectionPresenter:
    """`impact` is what the server says the wish would do; empty until it was asked."""

    calls: Calls
    result: ResultView | None = None
    wish: Wish | None = None
    impact: str = ""
    _assessments: Sequence[AssessmentView] = ()
    _keys: Keys = field(default_factory=Keys)

    def why_not(self, result: ResultView | None) -> str:
        if result is None:
            return phrase("3 goes to the results; Ctrl+R asks for a change of the one under the cursor.")
        if not result.is_published:
            return phrase("It is not published: its marks change on the sheet, without a request.")
        return ""

    def begin(self, result: ResultView) -> None:
        self.result, self.wish, self.impact, self._assessments = result, None, "", ()

    @property
    def heading(self) -> str:
        assert self.result is not None
        return phrase(
            "Ask for a change: {course}, {term}",
            course=f"{self.result.course_code} {self.result.course_title}",
            term=self.result.term,
        )

    # Reading

    def read(self) -> Known:
        """Off the window's thread: the past of the result, and its columns where it has any."""
        assert self.result is not None
        section_id = self.result.section_id
        columns = self.calls.read_assessments(section_id) if section_id is not None else []
        return self.calls.read_versions(self.result.id), columns

    def take(self, known: Known, now: datetime) -> tuple[str, str]:
        """The components as they stand, and the past, a line a version, what waits last."""
        versions, self._assessments = known
        return self._components(versions), VersionsPresenter(versions, now).history

    def _components(self, versions: ResultVersions) -> str:
        assert self.result is not None
        held: dict[int, MarkThen] = {}
        if versions.versions:
            held = {mark.assessment_id: mark for mark in versions.versions[-1].marks}
        parts = []
        for head in self._assessments:
            mark = held.get(head.id)
            if mark is not None and mark.score is not None:
                score, maximum = plain(mark.score), plain(head.max_score)
                said = phrase("{score} of {maximum}", score=score, maximum=maximum)
            else:
                said = cell_words(mark.mark if mark is not None else None, None)
            parts.append(f"{head.name}: {said}")
        total = plain(self.result.total) if self.result.total is not None else "–"
        parts.append(phrase("total {total}", total=total))
        parts.append(phrase("grade {grade}", grade=self.result.grade or "–"))
        # Each in its own direction, or a Latin name would turn the whole line round in Urdu.
        return " · ".join(f"\u2068{part}\u2069" for part in parts)

    @property
    def hint(self) -> str:
        """What may be typed."""
        if not self._assessments:
            return phrase("The grade it shall be")
        return phrase("As {name} 34; several with commas", name=self._assessments[-1].name)

    # Asking

    def understand(self, typed: str) -> str:
        """Takes what was typed; why it says nothing, or nothing."""
        assert self.result is not None
        self.wish, self.impact = None, ""
        meant = wish_of(self.result.id, typed, self._assessments)
        if isinstance(meant, str):
            return meant
        self.wish = meant
        return ""

    def foresee(self) -> str:
        """Off the window's thread. Raises ProblemAnswer: `results.change_invalid`, `.wrong_state` …"""
        assert self.wish is not None
        return impact_words(self.calls.preview_change(self.wish))

    def request(self, reason: str) -> PendingChangeView:
        """Off the window's thread. Sent again it is the same request."""
        assert self.wish is not None
        return self.calls.request_change(self.wish, reason, self._keys.of((repr(self.wish), reason)))

    def asked(self, change: PendingChangeView, now: datetime) -> str:
        """What was asked for and with whom it is, for the foot of the page."""
        self._keys = Keys()
        said = phrase(
            "Asked: {number} {course}, total {total}, grade {grade}.",
            number=left_to_right(change.reg_no),
            course=change.course_code,
            total=moved(change.old_total, change.new_total),
            grade=moved(change.old_grade, change.new_grade),
        )
        return f"{said} {with_whom(change, now)}"
