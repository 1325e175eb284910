"""Proposing what is to become of the results of a case.

A proposal computes every change, foresees what all of them do together, and writes a change request for
each result. From then on nothing of it changes: what is approved is what was proposed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from sims_server.cases.model import academic_case
from sims_server.cases.queries import access_case, get_case, results_of
from sims_server.cases.rules import check_proposal
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.people.queries import access_registration
from sims_server.results.operations.foreseeing import joint_impact, single_impact
from sims_server.results.operations.gracing import give_grace, give_grace_for_division
from sims_server.results.operations.penalising import Sentence, marks_before, sentence
from sims_server.results.operations.wanting import Wanted, record_change, want_change
from sims_server.results.operations.withholding import check_awaited, named_results, place_withholdings
from sims_server.results.queries.judging import policies_of, roster_row
from sims_server.results.queries.lists import access_result
from sims_shared.access import Permission
from sims_shared.cases import (
    CaseChange,
    CaseInvalid,
    CaseOpen,
    CaseView,
    CaseWrongState,
    Examined,
    Judgment,
    NoGrace,
    OpenCase,
    ProposeCase,
    ResultsAwaited,
)
from sims_shared.marks import settle_examiners
from sims_shared.policy.rounding import cut
from sims_shared.problems import Fault, InvalidInput, NotFound
from sims_shared.results import ChangeInvalid, ScoreChange

_json = msgspec.json.Encoder(decimal_format="string").encode


@operation(Permission.REQUEST_CHANGE, "cases.propose")
def propose_case(work: Work, command: ProposeCase) -> CaseView:
    """Say what is to become of the results of a case."""
    about = access_case(work, command.id)
    if about["state"] != "requested" or about["kind"] in ("grace", "transfer"):
        raise CaseWrongState(f"The case is {about['state']}.")
    propose(
        work,
        command.id,
        command.authority or about["authority"],
        command.finding,
        command.changes,
        command.judgment,
    )
    return get_case(work, command.id)


def propose(
    work: Work,
    case_id: int,
    authority: str,
    finding: str,
    changes: Sequence[CaseChange] | None,
    judgment: Judgment | None,
) -> None:
    """Computes, foresees and writes what is proposed; the case then waits for its approvals."""
    about = access_case(work, case_id)
    check_proposal(about["kind"], changes, judgment, finding, authority)
    decision: dict[str, Any] = {}
    if judgment is not None:
        wanted, decision = _judged(work, about, judgment)
    else:
        wanted = _changed(work, case_id, changes or ())
    write_proposal(work, case_id, about["reason"], wanted, authority, finding, decision)


def write_proposal(
    work: Work,
    case_id: int,
    reason: str,
    wanted: Sequence[Wanted],
    authority: str,
    finding: str,
    decision: dict[str, Any],
) -> None:
    """One change request for each result, with its part of what they do together."""
    if wanted:
        joint = joint_impact(work, wanted)
        for one in wanted:
            record_change(work, one, single_impact(joint, one.row["id"]), reason=reason, case_id=case_id)
    values = {
        "state": "proposed",
        "authority": authority.strip(),
        "finding": finding.strip(),
        "decision": decision,
        "proposed_by": work.caller.id,
        "proposed_at": work.now,
    }
    work.update(academic_case, case_id, values)


def _changed(work: Work, case_id: int, changes: Sequence[CaseChange]) -> list[Wanted]:
    """Raises ChangeInvalid with the faults of every change."""
    known, seen = set(results_of(work, case_id)), set[int]()
    faults: list[Fault] = []
    wanted: list[Wanted] = []
    for index, change in enumerate(changes):
        pointer = f"/changes/{index}"
        if change.result_id not in known or change.result_id in seen:
            twice = change.result_id in seen
            detail = "This result is given twice." if twice else "The case is not about this result."
            faults.append(Fault(f"{pointer}/result_id", "repeated" if twice else "unknown", detail))
            continue
        seen.add(change.result_id)
        try:
            scores = change.scores
            if change.examined is not None:
                if change.scores is not None or change.new_grade is not None:
                    raise InvalidInput(errors=[Fault("", "one_of", "Give one of grade, marks, examiners.")])
                scores = _settled(work, change.result_id, change.examined)
            wanted.append(want_change(work, change.result_id, change.new_grade, scores))
        except (ChangeInvalid, InvalidInput) as refusal:
            faults += [replace_pointer(fault, pointer) for fault in refusal.errors]
    if faults:
        raise ChangeInvalid(faults[0].detail, errors=faults)
    return wanted


def replace_pointer(fault: Fault, pointer: str) -> Fault:
    return Fault(f"{pointer}{fault.pointer}", fault.code, fault.detail)


def _settled(work: Work, result_id: int, examined: Sequence[Examined]) -> list[ScoreChange]:
    """Marks of further examiners, made one with the first by the regulation, cut to the sheet's places."""
    row = access_result(work, result_id, Permission.REQUEST_CHANGE)
    if row["enrollment_id"] is None:
        raise InvalidInput(errors=[Fault("/examined", "no_marks", "This result has no marks here.")])
    policy = policies_of(work, [row["regulation_id"]])[row["regulation_id"]]
    cells = roster_row(work, row["enrollment_id"]).cells
    maxima = {
        found["id"]: found["max_score"]
        for found in work.rows(
            "SELECT id, max_score FROM assessment WHERE section_id = %(id)s", id=row["section_id"]
        )
    }
    faults: list[Fault] = []
    settled = []
    for index, script in enumerate(examined):
        pointer = f"/examined/{index}"
        first = cells.get(script.assessment_id)
        maximum = maxima.get(script.assessment_id)
        if maximum is None or first is None or first.score is None:
            faults.append(Fault(pointer, "no_first_mark", "There is no mark of a first examiner."))
            continue
        if max(script.second, script.third or script.second) > maximum:
            faults.append(Fault(pointer, "range", f"At most {maximum}."))
            continue
        mark = settle_examiners(policy, first.score, script.second, maximum, script.third)
        if mark is None:
            faults.append(
                Fault(f"{pointer}/third", "missing", "They differ by too much: a third settles it.")
            )
            continue
        settled.append(ScoreChange(assessment_id=script.assessment_id, mark="scored", score=cut(mark, 2)))
    if faults:
        raise InvalidInput(faults[0].detail, errors=faults)
    return settled


# -- Unfair means -----------------------------------------------------------------------------------

_TERM = """
SELECT r.id, r.student_id, r.state, s.course_code,
       EXISTS (SELECT FROM withholding w WHERE w.result_id = r.id AND w.released_at IS NULL) AS withheld
  FROM enrollment e JOIN section s ON s.id = e.section_id LEFT JOIN result r ON r.enrollment_id = e.id
 WHERE e.registration_id = %(registration)s AND e.term_id = %(term)s AND e.status IN ('enrolled', 'completed')
   AND (r.id IS NULL OR r.outcome IN ('pass', 'fail', 'incomplete', 'absent', 'withheld')) ORDER BY r.id
"""


def sentence_of(decision: dict[str, Any]) -> Sentence:
    """The decision as the case keeps it, as it is carried out on each result."""
    judgment = msgspec.convert(
        {name: value for name, value in decision.items() if name != "terms"}, Judgment, strict=False
    )
    papers: dict[int, set[int]] = {}
    for paper in judgment.papers:
        papers.setdefault(paper.result_id, set()).add(paper.assessment_id)
    penalty = judgment.penalty
    if penalty in ("semester_cancelled", "suspended"):
        penalty = "course_cancelled"
    return Sentence(penalty, {id: frozenset(cells) for id, cells in papers.items()}, tuple(judgment.scores))


def _judged(work: Work, about: dict[str, Any], judgment: Judgment) -> tuple[list[Wanted], dict[str, Any]]:
    """The changes of published results, and the decision as the case keeps it. Drafts are only tried: they
    are written, and released, when the case is decided."""
    case_id = about["id"]
    if judgment.penalty in ("semester_cancelled", "suspended"):
        _take_in_the_term(work, about)
    ids = results_of(work, case_id)
    named = {paper.result_id for paper in judgment.papers} | {score.result_id for score in judgment.scores}
    if named - set(ids):
        detail = "The case is not about this result."
        raise CaseInvalid(detail, errors=[Fault("/judgment", "unknown", detail)])
    if judgment.penalty == "exonerated":
        check_awaited(work, named_results(work, ids), judgment.scores)
        restored = marks_before(work, ids, judgment.scores)
        judgment = msgspec.structs.replace(judgment, scores=[*judgment.scores, *restored])
    decision: dict[str, Any] = msgspec.json.decode(_json(judgment))
    decided = sentence_of(decision)
    wanted = []
    for id in ids:
        judged = sentence(work, access_result(work, id, Permission.REQUEST_CHANGE), decided)
        if judged is not None and not judged.is_draft:
            wanted.append(judged.wanted)
    return wanted, decision


def _take_in_the_term(work: Work, about: dict[str, Any]) -> None:
    """Every result of the term becomes part of the case; what is a draft is withheld with the others."""
    rows = work.rows(_TERM, registration=about["registration_id"], term=about["term_id"])
    awaited = sorted(row["course_code"] for row in rows if row["id"] is None)
    if awaited:
        raise ResultsAwaited(f"Approve the sheet of {awaited[0]} first.", sections=awaited)
    known = set(results_of(work, about["id"]))
    new = [row for row in rows if row["id"] not in known]
    if not new:
        return
    other = work.value(
        "SELECT case_id FROM case_result WHERE result_id = ANY (%(ids)s) AND open LIMIT 1",
        ids=[row["id"] for row in new],
    )
    if other is not None:
        raise CaseOpen(f"Case {other} is about a result of this term; decide it first.", case_id=other)
    work.run(
        "INSERT INTO case_result (case_id, result_id, student_id) SELECT %(case)s, r.id, r.student_id "
        "FROM result r WHERE r.id = ANY (%(ids)s) ORDER BY r.id",
        case=about["id"],
        ids=[row["id"] for row in new],
    )
    fresh = [row["id"] for row in new if row["state"] == "draft" and not row["withheld"]]
    place_withholdings(work, fresh, "ufm", f"case {about['id']}")


# -- Grace ------------------------------------------------------------------------------------------


def propose_grace(work: Work, command: OpenCase) -> CaseView:
    """Opens a case of grace and proposes what the regulation gives. Raises NoGrace where it gives nothing."""
    assert command.registration_id is not None
    access_registration(work, command.registration_id)
    if command.purpose == "division":
        given = give_grace_for_division(work, command.registration_id)
    else:
        assert command.term_id is not None
        if not work.value("SELECT true FROM term WHERE id = %(id)s", id=command.term_id):
            raise NotFound
        given = give_grace(work, command.registration_id, command.term_id)
    if not given.wanted:
        raise NoGrace(f"{given.why[0]}.", why=list(given.why))
    ids = [one.row["id"] for one in given.wanted]
    other = work.value(
        "SELECT case_id FROM case_result WHERE result_id = ANY (%(ids)s) AND open LIMIT 1", ids=ids
    )
    if other is not None:
        raise CaseOpen(f"Case {other} is about it.", case_id=other)
    case_id: int = work.insert(
        academic_case,
        {
            "kind": "grace",
            "registration_id": command.registration_id,
            "term_id": command.term_id,
            "reason": command.reason,
            "authority": command.authority.strip(),
            "requested_by": work.caller.id,
            "requested_at": work.now,
        },
    )
    work.run(
        "INSERT INTO case_result (case_id, result_id, student_id) SELECT %(case)s, r.id, r.student_id "
        "FROM result r WHERE r.id = ANY (%(ids)s) ORDER BY r.id",
        case=case_id,
        ids=ids,
    )
    write_proposal(work, case_id, command.reason, given.wanted, command.authority, "", given.decision)
    return get_case(work, case_id)
