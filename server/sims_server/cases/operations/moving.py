"""Putting registrations under another version of their regulation, by an order.

Drafts follow at once: the approved sheets that hold them are judged anew. What is published was judged by
the version that it names, and stays; a registration with anything out is not moved, and its results change
only by a case that cites who ordered it. The rule a newcomer would get wrong: a new version in force moves
nobody by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.results.operations.drafting import draft_sheets
from sims_server.results.operations.foreseeing import with_drafts
from sims_shared.access import Permission
from sims_shared.people import (
    DraftStands,
    MovedDraft,
    MovedRegistration,
    MoveRegistrations,
    PreviewMove,
    RegistrationsDeclared,
    RegistrationsMoved,
    RegulationUnfit,
)
from sims_shared.problems import Fault, InvalidInput
from sims_shared.regulations import AppliesTo, applies_to

_SHOWN = 20  # registrations that a refusal names
# Sheets before registrations: publish and approve lock in that order.
_LOCK_SHEETS = """
SELECT h.section_id FROM sheet h WHERE h.section_id IN (SELECT e.section_id FROM enrollment e
  WHERE e.registration_id = ANY (%(ids)s)) ORDER BY h.section_id FOR UPDATE
"""
_LOCK = "SELECT id FROM registration WHERE id = ANY (%(ids)s) ORDER BY id FOR NO KEY UPDATE"
_REGISTRATIONS = """
SELECT g.id, g.student_id, g.reg_no, g.regulation_id, g.intake, p.id AS program_id, p.code, p.level,
       (SELECT count(*) FROM result r WHERE r.registration_id = g.id AND r.state <> 'draft') AS published
  FROM registration g JOIN program p ON p.id = g.program_id WHERE g.id = ANY (%(ids)s) ORDER BY g.reg_no
"""
_REGULATION = """
SELECT status, code, version, level, programs FROM regulation WHERE id = %(id)s FOR KEY SHARE
"""
_MOVE = "UPDATE registration SET regulation_id = %(to)s WHERE id = ANY (%(ids)s)"
_KEEP = """
INSERT INTO registration_move (registration_id, from_regulation_id, to_regulation_id, reason, authority,
                               moved_by, moved_at)
SELECT g.id, g.regulation_id, %(to)s, %(reason)s, %(authority)s, %(me)s, %(now)s
  FROM registration g WHERE g.id = ANY (%(ids)s) ORDER BY g.id
"""
_DRAFTS = """
SELECT r.id, r.registration_id, r.section_id, coalesce(s.course_code, c.code) AS course_code, r.total,
       nullif(r.grade, '') AS grade, r.grade_points, r.outcome, h.state = 'approved' AS judged
  FROM result r JOIN course c ON c.id = r.course_id LEFT JOIN section s ON s.id = r.section_id
  LEFT JOIN sheet h ON h.section_id = r.section_id
 WHERE r.registration_id = ANY (%(ids)s) AND r.state = 'draft' ORDER BY course_code, r.id
"""


@operation(Permission.MANAGE_STUDENTS, "registrations.move")
def move_registrations(work: Work, command: MoveRegistrations) -> RegistrationsMoved:
    """Put registrations under another version of their regulation; all of them or none."""
    rows = _locked(work, command)
    declared = [row for row in rows if _fate(row, command.regulation_id) == "declared"]
    if declared:
        named = ", ".join(row["reg_no"] for row in declared[:_SHOWN])
        raise RegistrationsDeclared(
            f"Results of {len(declared)} are out: {named}{' …' if len(declared) > _SHOWN else ''}. "
            "They change by a case that cites who ordered it.",
            registrations=[row["id"] for row in declared],
        )
    return _moved(work, command, rows, command.reason.strip(), command.authority.strip())


@operation(Permission.MANAGE_STUDENTS, "registrations.preview_move")
def preview_move(work: Work, command: PreviewMove) -> RegistrationsMoved:
    """What the move would do. It is done, looked at, and taken back: what is foreseen is what follows."""
    work.run("SAVEPOINT preview")
    try:
        return _moved(work, command, _locked(work, command), "a preview", "")
    finally:
        work.run("ROLLBACK TO SAVEPOINT preview")


def _locked(work: Work, command: MoveRegistrations | PreviewMove) -> list[dict[str, Any]]:
    """The registrations, locked with the sheets that hold drafts of them. Raises InvalidInput and
    RegulationUnfit."""
    ids = sorted(set(command.registration_ids))
    work.rows(_LOCK_SHEETS, ids=ids)
    work.rows(_LOCK, ids=ids)
    rows = work.rows(_REGISTRATIONS, ids=ids)
    known = {row["id"] for row in rows}
    faults = [
        Fault(f"/registration_ids/{index}", "unknown", f"There is no registration {id}.")
        for index, id in enumerate(command.registration_ids)
        if id not in known
    ]
    regulation = work.row(_REGULATION, id=command.regulation_id)
    if regulation is None:
        faults.append(Fault("/regulation_id", "unknown", f"There is no regulation {command.regulation_id}."))
    if faults or regulation is None:
        raise InvalidInput(faults[0].detail, errors=faults)
    if regulation["status"] != "in_force":
        raise RegulationUnfit(f"{regulation['code']} v{regulation['version']} is not in force.")
    # Its intakes say whom it takes by itself; an order moves others, within its programs.
    meant = AppliesTo(level=regulation["level"], programs=regulation["programs"])
    for row in rows:
        if not applies_to(
            meant,
            program_code=row["code"],
            level=row["level"],
            intake=row["intake"],
            program_id=row["program_id"],
        ):
            raise RegulationUnfit(
                f"{regulation['code']} v{regulation['version']} is not meant for {row['code']} "
                f"({row['reg_no']})."
            )
    return rows


def _fate(row: Mapping[str, Any], regulation_id: int) -> str:
    if row["regulation_id"] == regulation_id:
        return "same"
    return "declared" if row["published"] else "moved"


def _moved(
    work: Work,
    command: MoveRegistrations | PreviewMove,
    rows: Sequence[dict[str, Any]],
    reason: str,
    authority: str,
) -> RegistrationsMoved:
    ids = sorted(row["id"] for row in rows if _fate(row, command.regulation_id) == "moved")
    drafts = {row["id"]: row for row in work.rows(_DRAFTS, ids=ids)}
    before = with_drafts(work, ids, drafts)
    work.run(
        _KEEP,
        ids=ids,
        to=command.regulation_id,
        reason=reason,
        authority=authority,
        me=work.caller.id,
        now=work.now,
    )
    work.run(_MOVE, ids=ids, to=command.regulation_id)
    draft_sheets(work, sorted({row["section_id"] for row in drafts.values() if row["judged"]}))
    after = with_drafts(work, ids, drafts)
    changed: dict[int, list[MovedDraft]] = {id: [] for id in ids}
    for row in work.rows(_DRAFTS, ids=ids):
        old, new = _stands(drafts[row["id"]]), _stands(row)
        if old != new:
            changed[row["registration_id"]].append(
                MovedDraft(result_id=row["id"], course_code=row["course_code"], old=old, new=new)
            )
    registrations = [
        MovedRegistration(
            registration_id=row["id"],
            student_id=row["student_id"],
            reg_no=row["reg_no"],
            from_regulation_id=row["regulation_id"],
            fate=_fate(row, command.regulation_id),  # type: ignore[arg-type]
            published=row["published"],
            drafts=changed.get(row["id"], []),
            old=before.get(row["id"]),
            new=after.get(row["id"]),
        )
        for row in rows
    ]
    fates = [one.fate for one in registrations]
    return RegistrationsMoved(
        regulation_id=command.regulation_id,
        moved=fates.count("moved"),
        same=fates.count("same"),
        declared=fates.count("declared"),
        registrations=registrations,
    )


def _stands(row: Mapping[str, Any]) -> DraftStands:
    return DraftStands(
        total=row["total"], grade=row["grade"], grade_points=row["grade_points"], outcome=row["outcome"]
    )
