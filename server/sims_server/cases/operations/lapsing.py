"""What nobody completes lapses, by the rule and on the day that were declared with it.

Every night on the campus calendar: days that were unknown are set once a next term has its own, students
are told 14 days before, and what is over lapses. The actor is the rule; the database lets it do exactly
what was declared, once. Whatever waits for its approvals that day was asked for in time, and waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from sims_server.kernel.actor import Caller
from sims_server.kernel.execute import execute_as_system
from sims_server.kernel.jobs import JobRun, enqueue, job
from sims_server.kernel.mail import letter, send_mail
from sims_server.kernel.scheduler import schedule
from sims_server.kernel.work import Work
from sims_server.results.model import pending_change, result_lapse
from sims_server.results.operations.applying import apply_changes
from sims_server.results.operations.foreseeing import joint_impact, single_impact
from sims_server.results.operations.lapsing import INCOMPLETE, NEXT_DUE, NOTICE
from sims_server.results.operations.wanting import NewValues, Wanted
from sims_server.results.queries.judging import policies_of
from sims_server.results.queries.lists import access_result
from sims_shared.access import Permission
from sims_shared.gpa import lapse_incomplete

LAPSE, MAIL = "cases.lapse", "cases.mail_notice"
THE_RULE = Caller(id=None, username="rule", name="the rule", is_system=True)
schedule("cases.lapse", "5 0 * * *", LAPSE)
_json = msgspec.json.Encoder(decimal_format="string").encode


@job(LAPSE)
def lapse_job(run: JobRun) -> dict[str, int]:
    """Every night, a little after midnight: `{dated, noticed, lapsed}`."""

    def carry_out(step: Any, about: Any) -> Any:
        return execute_as_system(
            run.database, step, about, action="incompletes.lapse", data=run.data, actor=THE_RULE
        )

    done = {"dated": carry_out(set_days, None), "noticed": carry_out(give_notice, None), "lapsed": 0}
    for term_id in carry_out(terms_over, None):
        done["lapsed"] += carry_out(lapse_term, term_id)
    return done


def set_days(work: Work, _: None = None) -> int:
    """Incompletes of terms whose next one was not planned yet: how many now have a day."""
    return work.run(
        f"UPDATE result_lapse l SET due_on = greatest(x.day, %(earliest)s) "
        f"FROM (SELECT r.id, {NEXT_DUE} AS day FROM result r JOIN term t ON t.id = r.term_id "
        "WHERE r.id IN (SELECT result_id FROM result_lapse WHERE due_on IS NULL AND ended IS NULL)) x "
        "WHERE x.id = l.result_id AND l.due_on IS NULL AND l.ended IS NULL AND x.day IS NOT NULL",
        earliest=work.today + NOTICE,
    )


def give_notice(work: Work, _: None = None) -> int:
    """Tells who has 14 days left; on the list at once, by mail in a job of its own."""
    rows = work.rows(
        "UPDATE result_lapse SET noticed_on = %(today)s WHERE noticed_on IS NULL AND ended IS NULL "
        "AND due_on <= %(soon)s RETURNING id",
        today=work.today,
        soon=work.today + NOTICE,
    )
    for row in rows:
        enqueue(work, MAIL, lapse_id=row["id"])
    return len(rows)


_NOTICE = """
SELECT u.email, u.name, coalesce(s.course_code, k.code) AS course, coalesce(s.course_title, k.title) AS title,
       t.name AS term, l.due_on, l.noticed_on, l.grade
  FROM result_lapse l JOIN result r ON r.id = l.result_id JOIN student u ON u.id = r.student_id
  JOIN course k ON k.id = r.course_id JOIN term t ON t.id = r.term_id
  LEFT JOIN section s ON s.id = r.section_id
 WHERE l.id = %(id)s AND l.ended IS NULL
"""


@job(MAIL)
def mail_notice_job(run: JobRun) -> dict[str, Any]:
    """The notice by mail. Who has no address finds it in the list; a failed mail stands in the jobs."""
    return run.execute(_mail_notice, run.arguments["lapse_id"])


def _mail_notice(work: Work, lapse_id: int) -> dict[str, Any]:
    row = work.row(_NOTICE, id=lapse_id)
    if row is None or not row["email"]:
        return {"mailed": False}
    last = max(row["due_on"], row["noticed_on"] + NOTICE - timedelta(days=1))
    institution = work.setting("institution")
    message = letter(row["email"], f"{institution}: {row['course']} is incomplete until {last.isoformat()}")
    message.set_content(
        f"Dear {row['name']},\n\nyour result in {row['course']} {row['title']} ({row['term']}) is "
        "incomplete. "
        f"If it is not completed by {last.isoformat()}, it becomes {row['grade']} by the regulation on the "
        f"day after.\n\n{institution}\n{work.setting('office')}\n"
    )
    send_mail(work, message)
    return {"mailed": True}


_OVER = """
  FROM result_lapse l JOIN result r ON r.id = l.result_id
 WHERE l.ended IS NULL AND l.due_on < %(today)s AND l.noticed_on <= %(told)s
   AND NOT EXISTS (SELECT FROM pending_change p WHERE p.result_id = r.id AND p.status = 'pending')
"""


def terms_over(work: Work, _: None = None) -> list[int]:
    """Terms in which something lapses today."""
    rows = work.rows(
        f"SELECT DISTINCT r.term_id {_OVER} ORDER BY r.term_id", today=work.today, told=work.today - NOTICE
    )
    return [row["term_id"] for row in rows]


def lapse_term(work: Work, term_id: int) -> int:
    """Lapses what is over in one term, declared by one later notification; how many."""
    rows = work.rows(
        f"SELECT l.* {_OVER} AND r.term_id = %(term)s ORDER BY l.result_id FOR UPDATE OF l",
        today=work.today,
        told=work.today - NOTICE,
        term=term_id,
    )
    if not rows:
        return 0
    changes = _write(work, rows)
    work.run(
        "UPDATE pending_change SET status = 'approved', resolved_at = %(now)s WHERE id = ANY (%(ids)s)",
        ids=changes,
        now=work.now,
    )
    for row in rows:
        work.update(result_lapse, row["id"], {"ended": "lapsed", "ended_at": work.now})
    apply_changes(work, changes, {"rule": "an incomplete lapses"}, "later")
    return len(rows)


def _write(work: Work, lapses: Sequence[dict[str, Any]]) -> list[int]:
    """The change of each, as it was declared."""
    wanted = [(lapse, _wanted(work, lapse)) for lapse in lapses]
    joint = joint_impact(work, [one for _, one in wanted])
    made = []
    for lapse, one in wanted:
        row, new = one.row, one.new
        values = {
            "outcome": new.outcome,
            "grade_points": new.grade_points,
            "marks_obtained": new.marks_obtained,
            "flags": new.flags,
            "trace": new.trace,
        }
        total = "" if row["total"] is None else format(row["total"], "f")
        change = {
            "result_id": row["id"],
            "old_grade": row["grade"],
            "new_grade": new.grade,
            "old_total": total,
            "new_total": total,
            "new_values": msgspec.json.decode(_json(values)),
            "base_version": row["version"],
            "by_marks": False,
            "reason": f"Not completed by {lapse['due_on'].isoformat()}",
            "impact": msgspec.json.decode(_json(single_impact(joint, row["id"]))),
            "requested_at": work.now,
            "lapse_id": lapse["id"],
        }
        made.append(work.insert(pending_change, change))
    return made


def _wanted(work: Work, lapse: dict[str, Any]) -> Wanted:
    row = access_result(work, lapse["result_id"], Permission.APPROVE_CHANGE)
    policy = policies_of(work, [row["regulation_id"]])[row["regulation_id"]]
    state = lapse_incomplete(
        policy, due_on=lapse["due_on"], today=work.today, symbol=INCOMPLETE, provisional=lapse["grade"]
    )
    return Wanted(
        row,
        NewValues(
            total=row["total"],
            grade=lapse["grade"],
            grade_points=lapse["grade_points"],
            outcome=lapse["outcome"],
            marks_obtained=row["marks_obtained"],
            marks_max=row["marks_max"],
            percentage=row["percentage"],
            heads=row["heads"],
            flags=lapse["flags"],
            trace=state.trace,
        ),
    )
