"""Who may sit: condonation of a shortage, and the notified list."""

from __future__ import annotations

from sims_server.attendance.model import condonation, eligibility_list
from sims_server.attendance.queries.lists import (
    access_condonation,
    get_condonation,
    get_eligibility_list,
)
from sims_server.attendance.queries.standings import (
    Standing,
    section_to_judge,
    standing_of,
    standings_of,
)
from sims_server.attendance.rules import SUPPLEMENTARY, check_condonable, moves_of, outcome_of
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.attendance import (
    CondonationView,
    CondonationWithdrawn,
    CondonedAlready,
    CondoneShortage,
    EligibilityListDetail,
    EligibilitySheetClosed,
    NotifyEligibility,
    WithdrawCondonation,
)

_ROWS = """
INSERT INTO eligibility_row (list_id, section_id, student_id, registration_id, regulation_id, outcome, total,
                             attended, percentage, exact, threshold, shortage, condonation_id)
SELECT %(list)s, %(section)s, g.*
  FROM unnest(%(students)s::bigint[], %(registrations)s::bigint[], %(regulations)s::bigint[],
              %(outcomes)s::text[], %(totals)s::integer[], %(attended)s::numeric[],
              %(percentages)s::numeric[], %(exact)s::text[], %(thresholds)s::numeric[],
              %(shortages)s::text[], %(condonations)s::bigint[]) g"""
_BAR = """
UPDATE enrollment e SET status = 'barred', ended_at = %(now)s, end_reason = g.reason
  FROM unnest(%(ids)s::bigint[], %(reasons)s::text[]) g (id, reason)
 WHERE e.id = g.id AND e.status = 'enrolled'"""
_SEAT = """
UPDATE enrollment SET status = 'enrolled', ended_at = NULL, end_reason = NULL
 WHERE id = ANY (%(ids)s::bigint[]) AND status = 'barred'"""


@operation(Permission.CONDONE_SHORTAGE, "attendance.condone")
def condone_shortage(work: Work, command: CondoneShortage) -> CondonationView:
    """Condone a shortage, within what the student's regulation allows."""
    _, standing = standing_of(
        work, command.section_id, command.student_id, permission=Permission.CONDONE_SHORTAGE
    )
    if standing.place.condonation_id is not None:
        raise CondonedAlready("Notify the list, or withdraw that condonation first.")
    check_condonable(standing.policy, standing.judged)
    id = work.insert(
        condonation,
        {
            "section_id": command.section_id,
            "student_id": command.student_id,
            "authority": command.authority.strip(),
            "reason": command.reason.strip(),
            "percentage": standing.judged.percentage,
            "granted_by": work.caller.id,
            "granted_at": work.now,
        },
    )
    return get_condonation(work, id)


@operation(Permission.CONDONE_SHORTAGE, "attendance.withdraw_condonation")
def withdraw_condonation(work: Work, command: WithdrawCondonation) -> CondonationView:
    """Withdraw a condonation; the row stays."""
    if access_condonation(work, command.id)["withdrawn_at"] is not None:
        raise CondonationWithdrawn
    work.update(
        condonation,
        command.id,
        {
            "withdrawn_by": work.caller.id,
            "withdrawn_at": work.now,
            "withdrawn_reason": command.reason.strip(),
        },
    )
    return get_condonation(work, command.id)


@operation(Permission.NOTIFY_ELIGIBILITY, "attendance.notify")
def notify_eligibility(work: Work, command: NotifyEligibility) -> EligibilityListDetail:
    """Notify who of a section may sit, as the marks stand now: who is short is barred, and the list is kept
    as it was."""
    section_to_judge(work, command.section_id, Permission.NOTIFY_ELIGIBILITY)
    # Locked first: two lists of a section follow one another, and no submit slips in between.
    state = work.value(
        "SELECT state FROM sheet WHERE section_id = %(id)s FOR NO KEY UPDATE", id=command.section_id
    )
    if state != "open":
        raise EligibilitySheetClosed(f"The sheet is {state}; it has to be returned first.")
    found = standings_of(work, command.section_id, permission=Permission.NOTIFY_ELIGIBILITY)
    asked = [standing for standing in found.standings if _is_asked(standing)]
    version = 1 + work.value(
        "SELECT count(*) FROM eligibility_list WHERE section_id = %(id)s", id=command.section_id
    )
    id = work.insert(
        eligibility_list,
        {
            "section_id": command.section_id,
            "version": version,
            "authority": command.authority.strip(),
            "notified_by": work.caller.id,
            "notified_at": work.now,
        },
    )
    _keep(work, id, command.section_id, asked)
    _move(work, version, asked)
    return get_eligibility_list(work, id)


def _is_asked(standing: Standing) -> bool:
    """Who sits in the section, or was kept from it by an earlier list."""
    if standing.place.kind == SUPPLEMENTARY:
        return False
    by_list = standing.notified is not None and standing.notified.outcome == "short"
    return standing.place.status == "enrolled" or (standing.place.status == "barred" and by_list)


def _keep(work: Work, list_id: int, section_id: int, asked: list[Standing]) -> None:
    outcomes = [outcome_of(standing.place, standing.judged) for standing in asked]
    judged = [standing.judged for standing in asked]
    work.run(
        _ROWS,
        list=list_id,
        section=section_id,
        students=[standing.place.student_id for standing in asked],
        registrations=[standing.place.registration_id for standing in asked],
        regulations=[standing.place.regulation_id for standing in asked],
        outcomes=outcomes,
        totals=[one.total for one in judged],
        attended=[one.attended for one in judged],
        percentages=[one.percentage for one in judged],
        exact=[None if one.exact is None else str(one.exact) for one in judged],
        thresholds=[one.threshold for one in judged],
        shortages=[standing.policy.attendance.shortage for standing in asked],
        condonations=[
            standing.place.condonation_id if outcome == "condoned" else None
            for standing, outcome in zip(asked, outcomes, strict=True)
        ],
    )


def _move(work: Work, version: int, asked: list[Standing]) -> None:
    moves = moves_of((standing.place, outcome_of(standing.place, standing.judged)) for standing in asked)
    reasons = {
        standing.place.enrollment_id: f"Shortage of attendance: {standing.judged.percentage} % of "
        f"{standing.judged.threshold} %, list {version}"
        for standing in asked
    }
    barred = [id for id, move in moves.items() if move == "bar"]
    seated = [id for id, move in moves.items() if move == "seat"]
    if barred:
        work.run(_BAR, ids=barred, reasons=[reasons[id] for id in barred], now=work.now)
    if seated:
        work.run(_SEAT, ids=seated)
