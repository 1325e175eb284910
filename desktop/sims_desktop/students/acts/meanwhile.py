"""What became of a record while its page was open: somebody else works on it too. Qt-free."""

from __future__ import annotations

from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import left_to_right, listed, status_words
from sims_shared.record import RecordView

NAMED = 6


def changed_words(before: RecordView | None, after: RecordView) -> str:
    """One sentence, or nothing when both say the same."""
    said = what_changed(before, after)
    return phrase("Meanwhile: {changes}.", changes=listed(said, NAMED)) if said else ""


def what_changed(before: RecordView | None, after: RecordView) -> list[str]:
    if before is None:
        return []
    said = []
    if before.student.name != after.student.name:
        said.append(phrase("the name is {name}", name=after.student.name))
    known = {one.id: one.status for one in before.registrations}
    said += [
        phrase("{what} is {status}", what=left_to_right(one.reg_no), status=status_words(one.status))
        for one in after.registrations
        if known.get(one.id) != one.status
    ]
    sat = {one.id: one.status for one in before.enrollments or ()}
    said += [
        phrase("{what} is {status}", what=left_to_right(one.course_code), status=status_words(one.status))
        for one in after.enrollments or ()
        if sat.get(one.id) != one.status
    ]
    open_before = {one.id for one in before.holds or () if one.lifted_at is None}
    open_after = {one.id: one for one in after.holds or () if one.lifted_at is None}
    said += [
        phrase("a {kind} hold was placed", kind=hold.kind.replace("_", " "))
        for id, hold in open_after.items()
        if id not in open_before
    ]
    if open_before - open_after.keys():
        said.append(phrase("a hold was lifted"))
    said += _results(before, after)
    return said


def _results(before: RecordView, after: RecordView) -> list[str]:
    known = {one.id: (one.grade_shown, one.state, one.withheld_for) for one in before.results or ()}
    return [
        phrase("the result of {course} is another", course=left_to_right(one.course_code))
        for one in after.results or ()
        if known.get(one.id) != (one.grade_shown, one.state, one.withheld_for)
    ]
