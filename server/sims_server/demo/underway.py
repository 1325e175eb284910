"""What is under way when a newcomer sits down: corrections that wait for the first and for the second
signature, rechecks too, a case of unfair means, and a colleague's assessments that are locked.

The rule a newcomer would get wrong: nothing here touches a sheet or a result of `faculty` and `faculty2`,
whose state the contract promises.
"""

from __future__ import annotations

from sims_server.cases.operations.deciding import decide_case
from sims_server.cases.operations.hearing import record_hearing
from sims_server.cases.operations.opening import open_case
from sims_server.cases.operations.proposing import propose_case
from sims_server.demo.people import HOME, Calendar, Staff, act_as_system, acting_as
from sims_server.grading.operations.assessments import lock_assessment
from sims_server.kernel.work import Work
from sims_server.results.operations.changing import decide_change, request_change
from sims_shared.cases import DecideCase, OpenCase, ProposeCase, RecordHearing
from sims_shared.grading import LockAssessment
from sims_shared.results import DecideChange, RequestChange, ScoreChange

_REASONS = (
    "Question 4 of the final was not added up",
    "The final of the second answer book was left out",
)

# A published result in each section of the home department that neither of the two teaches, who leads the
# section, and the final that was marked.
_FINALS = """
SELECT DISTINCT ON (x.id) r.id AS result_id, f.account_id AS lead, a.id AS assessment_id, c.score
  FROM section x JOIN section_staff f ON f.section_id = x.id AND f.role = 'lead' AND f.until IS NULL
  JOIN assessment a ON a.section_id = x.id AND a.name = 'Final'
  JOIN assessment_score c ON c.assessment_id = a.id AND c.mark = 'scored' AND c.score BETWEEN 45 AND 70
  JOIN result r ON r.enrollment_id = c.enrollment_id AND r.state = 'published' AND r.outcome = 'pass'
 WHERE x.term_id = %(term)s AND x.course_code LIKE %(home)s
   AND NOT EXISTS (SELECT FROM section_staff o WHERE o.section_id = x.id AND o.account_id = ANY (%(two)s))
   AND NOT EXISTS (SELECT FROM account p WHERE p.student_id = r.student_id)
 ORDER BY x.id, r.id LIMIT 5
"""


def leave_under_way(work: Work, calendar: Calendar, staff: Staff) -> None:
    """Leaves work for head, controller and registrar."""
    two = [staff.officers["faculty"], staff.officers["faculty2"]]
    first, second, third, fourth, fifth = work.rows(
        _FINALS, term=calendar.earlier.id, home=f"{HOME}-%", two=two
    )
    changes = []
    for found, reason in zip((first, second), _REASONS, strict=True):
        marked = ScoreChange(assessment_id=found["assessment_id"], mark="scored", score=found["score"] + 9)
        teacher = acting_as(work, found["lead"], "results.request_change")
        asked = RequestChange(result_id=found["result_id"], scores=[marked], reason=reason)
        changes.append(request_change(teacher, asked).id)
    head = acting_as(work, staff.officers["head"], "results.approve_change")
    decide_change(head, DecideChange(change_id=changes[1], approved=True))
    _recheck(work, staff, third["result_id"])
    signed = _recheck(work, staff, fifth["result_id"])
    decide_case(acting_as(work, staff.officers["head"], "cases.decide"), DecideCase(id=signed, approved=True))
    registrar = acting_as(work, staff.officers["registrar"], "cases.open")
    accused = open_case(
        registrar,
        OpenCase(
            kind="unfair_means",
            reason="Notes found under the answer book by the superintendent of hall 2",
            authority="Report 14 of hall 2",
            result_ids=[fourth["result_id"]],
        ),
    )
    heard = RecordHearing(id=accused.id, held_on=work.today, place="Committee room, 11:00")
    record_hearing(acting_as(work, staff.officers["examcell"], "cases.hear"), heard)
    _lock_quizzes(work, calendar, two)
    act_as_system(work)


def _recheck(work: Work, staff: Staff, result_id: int) -> int:
    """A script that was added up again, and rightly so: two people sign that nothing changes."""
    registrar = acting_as(work, staff.officers["registrar"], "cases.open")
    reason = "Asks that the final be added up again"
    case = open_case(registrar, OpenCase(kind="recheck", reason=reason, result_ids=[result_id]))
    finding = "Added up again by two examiners: the sum is right"
    examiners = acting_as(work, staff.officers["examcell"], "cases.propose")
    propose_case(examiners, ProposeCase(id=case.id, finding=finding, changes=[]))
    return case.id


def _lock_quizzes(work: Work, calendar: Calendar, two: list[int]) -> None:
    """A colleague locked quizzes whose marks the students have seen."""
    for found in work.rows(
        "SELECT a.id, f.account_id AS lead FROM section x JOIN sheet h ON h.section_id = x.id AND h.state = "
        "'open' JOIN assessment a ON a.section_id = x.id AND a.name = 'Quizzes' JOIN section_staff f ON "
        "f.section_id = x.id AND f.role = 'lead' AND f.until IS NULL WHERE x.term_id = %(term)s AND "
        "x.course_code LIKE %(home)s AND NOT EXISTS (SELECT FROM section_staff o WHERE o.section_id = x.id "
        "AND o.account_id = ANY (%(two)s)) ORDER BY x.id LIMIT 2",
        term=calendar.open.id,
        home=f"{HOME}-%",
        two=two,
    ):
        lock_assessment(acting_as(work, found["lead"], "assessments.lock"), LockAssessment(id=found["id"]))
