"""Credit from elsewhere becomes part of the record, in the transaction that decides its case.

The database lets a transferred row in only as an applied case states it; here it is written, notified
and declared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sims_server.kernel.work import Work
from sims_server.results.operations.declaring import declare_term, notify
from sims_server.results.operations.foreseeing import Brought, joint_impact
from sims_shared.gpa import CourseRow
from sims_shared.results import JointImpact, NotificationRef

_BRING = """
INSERT INTO result (registration_id, student_id, term_id, course_id, grade, grade_points, credits, outcome,
                    source, regulation_id, trace, state, published_at, published_by, notification_id)
SELECT g.id, g.student_id, t.term_id, t.course_id, t.grade, t.grade_points, t.credits, t.outcome,
       'transfer', g.regulation_id,
       jsonb_build_object('institution', t.institution, 'reference', k.authority, 'course', t.original_course,
                          'grade', t.original_grade),
       'published', %(now)s, %(me)s, %(notification)s
  FROM transfer_credit t JOIN registration g ON g.id = t.registration_id
  JOIN academic_case k ON k.id = t.case_id
 WHERE t.case_id = %(case)s ORDER BY t.id
"""


def bring_credits(work: Work, case_id: int, credits: Sequence[dict[str, Any]]) -> NotificationRef:
    """Writes the credits of an applied case (its `transfer_credit` rows, with `course_code`, `reg_no`)."""
    first = credits[0]
    lines = [
        {
            "reg_no": credit["reg_no"],
            "course": credit["course_code"],
            "outcome": credit["outcome"],
            "grade": credit["grade"],
            "credits": credit["credits"],
            "from": credit["institution"],
        }
        for credit in credits
    ]
    notification = notify(
        work, "later", first["term_id"], {"case_id": case_id}, lines, {"transferred": len(lines)}
    )
    work.run(_BRING, case=case_id, now=work.now, me=work.caller.id, notification=notification.id)
    declare_term(work, [first["registration_id"]], first["term_id"], notification.id)
    return notification


def impact_of_credits(work: Work, credits: Sequence[dict[str, Any]]) -> JointImpact:
    """What these credits would do to the record."""
    brought = [
        Brought(
            credit["registration_id"],
            credit["term_id"],
            CourseRow(
                key=f"{credit['course_code']}, transferred",
                course=str(credit["course_id"]),
                term=0,
                credits=credit["credits"],
                grade=credit["grade"],
                points=credit["grade_points"],
                outcome=credit["outcome"],
                source="transfer",
                transfer_grade=credit["original_grade"] or None,
            ),
        )
        for credit in credits
    ]
    return joint_impact(work, [], brought)
