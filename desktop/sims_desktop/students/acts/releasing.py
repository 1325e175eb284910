"""A withheld result of the student let go, with the receipt or reference that allows it. Qt-free.

The rule a newcomer would get wrong: releasing declares. The result goes out by a later notification of today,
and what follows – SGPA, CGPA, standing – is read from the record afterwards, not computed here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import left_to_right
from sims_desktop.results.rows import REASON_WORDS
from sims_desktop.students.acts.wishes import Keys
from sims_desktop.students.presenter import grade_words
from sims_shared.record import RecordView
from sims_shared.results import ResultsReleased, ResultView


class Calls(Protocol):
    def release(self, result_id: int, note: str, key: str) -> ResultsReleased: ...
    def read_record(self, student_id: int) -> RecordView: ...


@dataclass(slots=True)
class ReleasePresenter:
    calls: Calls
    _keys: Keys = field(default_factory=Keys)

    def why_not(self, result: ResultView | None) -> str:
        if result is None or result.withheld_for is None:
            return phrase(
                "Nothing is withheld there; 3 goes to the results, L releases the one under the cursor."
            )
        return ""

    def question(self, result: ResultView) -> str:
        why = phrase(REASON_WORDS.get(result.withheld_for or "", result.withheld_for or ""))
        return phrase(
            "{course} is withheld: {why}. It goes out by a later notification of today, and nothing returns "
            "after that.",
            course=f"{result.course_code} {result.course_title}",
            why=why,
        )

    def release(self, result: ResultView, reference: str) -> str:
        """Off the window's thread. What was declared, in words. Raises ProblemAnswer: `results.wrong_state`,
        `.scores_missing`, `.sheet_not_approved`, `cases.undecided`."""
        wish = ("release", result.id, reference.strip())
        released = self.calls.release(result.id, reference.strip(), self._keys.of(wish))
        self._keys.done(wish)
        record = self.calls.read_record(result.student_id)
        now = next((one for one in record.results or () if one.id == result.id), result)
        declared = [
            term
            for term in record.term_results or ()
            if (term.registration_id, term.term_id) == (result.registration_id, result.term_id)
        ]
        said = phrase(
            "Released: {course} {grade}. Notification {number}.",
            course=result.course_code,
            grade=grade_words(now),
            number=left_to_right(released.notification.number),
        )
        if not declared or declared[-1].sgpa is None:
            return said
        return f"{said} " + phrase(
            "SGPA {sgpa}, CGPA {cgpa}, {standing}.",
            sgpa=f"{declared[-1].sgpa:f}",
            cgpa="–" if declared[-1].cgpa is None else f"{declared[-1].cgpa:f}",
            standing=declared[-1].standing.replace("_", " "),
        )
