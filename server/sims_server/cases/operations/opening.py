"""Opening a case, and withdrawing one that nobody has worked on.

A student asks for a recheck of the own published result within the regulation's window. A case of unfair
means withholds a draft at once. Staff may say in the same breath what is to become of the results.
"""

from __future__ import annotations

from typing import Any

from sims_server.cases.model import academic_case
from sims_server.cases.operations.proposing import propose, propose_grace
from sims_server.cases.queries import access_case, get_case
from sims_server.cases.rules import LOOKED_AT_AGAIN, check_opening, last_day_to_ask
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.results.operations.withholding import place_withholdings
from sims_server.results.queries.judging import policies_of
from sims_server.results.queries.lists import HELD_BACK, result_scope
from sims_shared.access import Permission
from sims_shared.cases import (
    CaseInvalid,
    CaseOpen,
    CaseView,
    CaseWrongState,
    OpenCase,
    WindowClosed,
    WithdrawCase,
)
from sims_shared.problems import Fault, NotFound, NotPermitted
from sims_shared.results import ResultsWrongState

_RESULTS = """
SELECT r.id, r.student_id, r.registration_id, r.term_id, r.state, r.outcome, r.source, r.regulation_id,
       n.date AS declared_on, t.recheck_until{withheld}
  FROM result r JOIN registration g ON g.id = r.registration_id JOIN course c ON c.id = r.course_id
  JOIN term t ON t.id = r.term_id LEFT JOIN notification_of_result n ON n.id = r.notification_id
 WHERE r.id = ANY (%(ids)s){condition} ORDER BY r.id
"""
_WITHHELD = (
    ", EXISTS (SELECT FROM withholding w WHERE w.result_id = r.id AND w.released_at IS NULL) AS withheld"
)


@operation(Permission.OPEN_CASE, "cases.open")
def open_case(work: Work, command: OpenCase) -> CaseView:
    """Open a case about results; staff may propose at once what is to become of them."""
    proposes = work.caller.may(Permission.REQUEST_CHANGE)
    if not proposes and command.kind not in LOOKED_AT_AGAIN:
        raise NotPermitted("A recheck or a re-evaluation may be asked for here; the offices open the others.")
    check_opening(command, may_propose=proposes)
    if command.kind == "grace":
        return propose_grace(work, command)
    wanted = sorted({*command.result_ids, *(change.result_id for change in command.changes or ())})
    rows = _named(work, wanted)
    _check(work, command, rows)
    registration_id, term_id = _whose(command, rows)
    student_only = work.caller.is_only_student
    values: dict[str, Any] = {
        "kind": command.kind,
        "reason": command.reason,
        "requested_by": work.caller.id,
        "requested_at": work.now,
    }
    if student_only:
        values["asked_by_student"] = work.caller.student_id
    else:
        values |= {
            "authority": command.authority.strip(),
            "registration_id": registration_id,
            "term_id": term_id,
        }
    case_id: int = work.insert(academic_case, values)
    name_results(work, case_id, rows)
    if command.kind == "unfair_means":
        fresh = [row["id"] for row in rows if row["state"] == "draft" and not row["withheld"]]
        place_withholdings(work, fresh, "ufm", f"case {case_id}")
    if command.changes is not None or command.judgment is not None:
        propose(work, case_id, command.authority, "", command.changes, command.judgment)
    return get_case(work, case_id)


def name_results(work: Work, case_id: int, rows: list[dict[str, Any]]) -> None:
    """Writes which results the case concerns. Raises CaseOpen when another is open about one of them."""
    work.run(
        "INSERT INTO case_result (case_id, result_id, student_id) "
        "SELECT %(case)s, n.id, n.student_id FROM unnest(%(ids)s::bigint[], %(students)s::bigint[]) "
        "AS n (id, student_id) ORDER BY n.id",
        case=case_id,
        ids=[row["id"] for row in rows],
        students=[row["student_id"] for row in rows],
    )


def _named(work: Work, ids: list[int]) -> list[dict[str, Any]]:
    """The results named, as far as the caller may ask about them; raises NotFound for any other."""
    caller = work.caller
    values: dict[str, Any] = {}
    if caller.is_only_student:
        condition = f" AND r.student_id = %(me)s AND r.state <> 'draft' AND {HELD_BACK}"
        values["me"] = caller.student_id
    elif caller.may(Permission.REQUEST_CHANGE):
        scope, values = result_scope(caller, Permission.REQUEST_CHANGE)
        condition = f" AND ({scope})" if scope else ""
    else:
        condition = " AND r.state <> 'draft'"
    withheld = ", false AS withheld" if caller.is_only_student else _WITHHELD
    rows = work.rows(_RESULTS.format(withheld=withheld, condition=condition), ids=ids, **values)
    if len(rows) != len(ids):
        raise NotFound
    return rows


def _check(work: Work, command: OpenCase, rows: list[dict[str, Any]]) -> None:
    drafts = [row["id"] for row in rows if row["state"] == "draft"]
    if drafts and command.kind != "unfair_means":
        raise ResultsWrongState(
            f"{len(drafts)} of {len(rows)} are drafts: correct them on the sheet.", result_ids=drafts
        )
    other = [row["id"] for row in rows if row["outcome"] != "incomplete"]
    if command.kind == "incomplete_completion" and other:
        detail = f"Result {other[0]} is not incomplete."
        raise CaseInvalid(detail, errors=[Fault("/result_ids", "not_incomplete", detail)])
    if not work.caller.is_only_student:
        open_case = work.row(
            "SELECT case_id, result_id FROM case_result WHERE result_id = ANY (%(ids)s) AND open LIMIT 1",
            ids=[row["id"] for row in rows],
        )
        if open_case is not None:
            raise CaseOpen(f"Case {open_case['case_id']} is about it.", case_id=open_case["case_id"])
    if command.kind in LOOKED_AT_AGAIN:
        _check_window(work, rows)


def _check_window(work: Work, rows: list[dict[str, Any]]) -> None:
    """By the campus calendar: the day of the notification and the days that the regulation gives."""
    policies = policies_of(work, (row["regulation_id"] for row in rows))
    for row in rows:
        if row["declared_on"] is None:
            raise CaseInvalid("A result from before this system is not rechecked; open a correction.")
        window = policies[row["regulation_id"]].recheck.window_days
        last = last_day_to_ask(row["declared_on"], window, row["recheck_until"])
        if last is not None and work.today > last:
            raise WindowClosed(f"It was open until {last.isoformat()}.", last_day=last.isoformat())


def _whose(command: OpenCase, rows: list[dict[str, Any]]) -> tuple[int | None, int | None]:
    """The one registration and term that a case of unfair means is about."""
    if command.kind != "unfair_means":
        return None, None
    registrations = {row["registration_id"] for row in rows}
    terms = {row["term_id"] for row in rows}
    if len(registrations) > 1 or len(terms) > 1:
        detail = "A case of unfair means is of one student in one term; open one for each."
        raise CaseInvalid(detail, errors=[Fault("/result_ids", "several", detail)])
    return registrations.pop(), terms.pop()


@operation(Permission.OPEN_CASE, "cases.withdraw")
def withdraw_case(work: Work, command: WithdrawCase) -> CaseView:
    """Take a request back; whoever asked may, until something is proposed."""
    about = access_case(work, command.id)
    if about["requested_by"] != work.caller.id:
        raise NotPermitted("Whoever asked may withdraw it.")
    if about["state"] != "requested":
        raise CaseWrongState(f"The case is {about['state']}.")
    work.update(academic_case, command.id, {"state": "withdrawn", "resolved_at": work.now})
    return get_case(work, command.id)
