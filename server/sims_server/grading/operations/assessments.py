"""Making, changing, releasing and locking the columns of a sheet."""

from __future__ import annotations

from typing import Any

import msgspec

from sims_server.enrollment.queries import access_section
from sims_server.grading import rules
from sims_server.grading.model import assessment
from sims_server.grading.queries import assessments as queries
from sims_server.grading.queries.sheets import lock_sheet, role_in_section
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.grading import (
    AssessmentInUse,
    AssessmentView,
    ChangeAssessment,
    CreateAssessment,
    LockAssessment,
    ReleaseAssessment,
    RemoveAssessment,
    UnlockAssessment,
)


def _everywhere(work: Work) -> bool:
    return work.caller.reach(Permission.MANAGE_ASSESSMENTS).everything


def _check_enters(work: Work, entered_by: str, *, teaching: bool) -> None:
    teaching = teaching or work.caller.is_system
    rules.check_enters(entered_by, teaching=teaching, everywhere=_everywhere(work))


@operation(Permission.MANAGE_ASSESSMENTS, "assessments.create")
def create_assessment(work: Work, command: CreateAssessment) -> AssessmentView:
    """Add an assessment to a section whose sheet is open."""
    found = access_section(work, command.section_id, Permission.MANAGE_ASSESSMENTS)
    teaching = role_in_section(work, command.section_id) is not None
    _check_enters(work, command.entered_by, teaching=teaching)
    rules.check_sheet_open(lock_sheet(work, command.section_id)["state"])
    rules.check_weights(found["weights_total"], rules.FULL_WEIGHT * 0, command.weight)
    values = {name: getattr(command, name) for name in command.__struct_fields__}
    values["position"] = queries.last_position(work, command.section_id)
    made = work.insert(assessment, values)
    return queries.get_assessment(work, made)


@operation(Permission.MANAGE_ASSESSMENTS, "assessments.change")
def change_assessment(work: Work, command: ChangeAssessment) -> AssessmentView:
    """Change an assessment while its sheet is open and it is not locked."""
    values: dict[str, Any] = {
        name: value
        for name in command.__struct_fields__
        if name != "id" and (value := getattr(command, name)) is not msgspec.UNSET
    }
    found = _writable(work, command.id)
    rules.check_not_locked(found["locked_at"] is not None)
    if "entered_by" in values:
        _check_enters(work, values["entered_by"], teaching=found["teaching"])
    if "weight" in values:
        rules.check_weights(found["weights_total"], found["weight"], values["weight"])
    work.update(assessment, command.id, values)
    return queries.get_assessment(work, command.id)


def _writable(work: Work, id: int) -> dict[str, Any]:
    """The assessment, its sheet locked and open, when the caller is who enters it."""
    found = queries.access_assessment_to_change(work, id)
    _check_enters(work, found["entered_by"], teaching=found["teaching"])
    rules.check_sheet_open(found["state"])
    return found


@operation(Permission.MANAGE_ASSESSMENTS, "assessments.remove")
def remove_assessment(work: Work, command: RemoveAssessment) -> None:
    """Remove an assessment under which nothing was ever written."""
    _writable(work, command.id)
    if queries.has_scores(work, command.id):
        raise AssessmentInUse("Marks were written under it; blanked ones are still on record.")
    work.run("DELETE FROM assessment WHERE id = %(id)s", id=command.id)


@operation(Permission.MANAGE_ASSESSMENTS, "assessments.release")
def release_assessment(work: Work, command: ReleaseAssessment) -> AssessmentView:
    """Show the marks of an assessment to its students."""
    found = queries.access_assessment_to_manage(work, command.id)
    _check_enters(work, found["entered_by"], teaching=found["teaching"])
    # The row is asked again when it is written: of two at once the first says when.
    work.run(
        "UPDATE assessment SET released_at = %(now)s WHERE id = %(id)s AND released_at IS NULL",
        id=command.id,
        now=work.now,
    )
    return queries.get_assessment(work, command.id)


@operation(Permission.MANAGE_ASSESSMENTS, "assessments.lock")
def lock_assessment(work: Work, command: LockAssessment) -> AssessmentView:
    """Close an assessment to further entry."""
    found = queries.access_assessment_to_manage(work, command.id)
    _check_enters(work, found["entered_by"], teaching=found["teaching"])
    work.run(
        "UPDATE assessment SET locked_at = %(now)s WHERE id = %(id)s AND locked_at IS NULL",
        id=command.id,
        now=work.now,
    )
    return queries.get_assessment(work, command.id)


@operation(Permission.UNLOCK_ASSESSMENT, "assessments.unlock")
def unlock_assessment(work: Work, command: UnlockAssessment) -> AssessmentView:
    """Open a locked assessment again; a head's or dean's right."""
    queries.access_assessment_to_unlock(work, command.id)
    work.run(
        "UPDATE assessment SET locked_at = NULL WHERE id = %(id)s AND locked_at IS NOT NULL", id=command.id
    )
    return queries.get_assessment(work, command.id)
