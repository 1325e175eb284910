"""The open term's date sheet, with what is usual in one: most sections have a paper, a few have none yet, one
class has two at once, one room is too small; lists are notified, and a fee stops one slip.

The rule a newcomer would get wrong: no list is notified of a section that `faculty` or `faculty2` teaches,
where the contract promises that everybody is enrolled.
"""

from __future__ import annotations

from datetime import timedelta

from sims_server.attendance.operations.eligibility import notify_eligibility
from sims_server.demo.people import HOME, Calendar, Staff, act_as_system, acting_as
from sims_server.holds.operations import place_hold
from sims_server.kernel.work import Work
from sims_shared.attendance import NotifyEligibility
from sims_shared.holds import PlaceHold

TERM_DAYS, EXAMINATION_DAYS = 126, 22
ROOMS = {"Hall A": 160, "Hall B": 160, "Hall C": 160, "Room 12": 40, "Laboratory 3": None}
# By year of study: when its papers begin and where they are written.
_WRITTEN = {1: ("09:00", "Hall A"), 2: ("14:00", "Hall A"), 3: ("09:00", "Hall B"), 4: ("14:00", "Hall C")}
_NOTIFIED = ("103", "203", "303")
_PAPERS = """
WITH planned AS (
  SELECT s.id, substr(s.course_code, strpos(s.course_code, '-') + 1, 1)::integer AS year,
         dense_rank() OVER (ORDER BY right(s.course_code, 1), split_part(s.course_code, '-', 1)) AS place
    FROM section s WHERE s.term_id = %(term)s AND s.status = 'active'),
 days AS (SELECT d, row_number() OVER (ORDER BY d) AS place FROM unnest(%(days)s::date[]) d)
INSERT INTO exam_paper (section_id, held_on, starts_at, minutes)
SELECT p.id, d.d, (%(times)s::time[])[p.year], 180 FROM planned p JOIN days d ON d.place = p.place
 ORDER BY d.d, p.id"""
_SEATS = """
INSERT INTO exam_seating (paper_id, room_id, position)
SELECT p.id, m.id, 1 FROM exam_paper p JOIN section s ON s.id = p.section_id
  JOIN exam_room m ON m.name
       = (%(rooms)s::text[])[substr(s.course_code, strpos(s.course_code, '-') + 1, 1)::integer]
 WHERE s.course_code <> %(home)s || '-402'"""
# Two papers of one class on one afternoon, one of them in a room for forty: the desk is there to find it.
_MISTAKE = """
UPDATE exam_paper SET held_on = (SELECT o.held_on FROM exam_paper o JOIN section q ON q.id = o.section_id
                                  WHERE q.course_code = %(home)s || '-401')
 WHERE section_id = (SELECT id FROM section WHERE course_code = %(home)s || '-402' AND term_id = %(term)s)"""
_TOO_SMALL = """
INSERT INTO exam_seating (paper_id, room_id, position)
SELECT p.id, m.id, 1 FROM exam_paper p JOIN section s ON s.id = p.section_id, exam_room m
 WHERE s.course_code = %(home)s || '-402' AND m.name = 'Room 12'"""
_FIRST_ADMITTED = """
SELECT x.student_id FROM eligibility_row x JOIN section s ON s.id = x.section_id
  JOIN registration r ON r.id = x.registration_id
 WHERE s.course_code = %(course)s AND x.outcome = 'eligible'
   AND NOT EXISTS (SELECT FROM account a WHERE a.student_id = x.student_id)
   AND NOT EXISTS (SELECT FROM hold h WHERE h.student_id = x.student_id)
 ORDER BY r.reg_no LIMIT 1"""


def make_date_sheet(work: Work, calendar: Calendar, staff: Staff) -> None:
    """Rooms, papers, notified lists of three courses, and a hold on the slip of one student."""
    last = calendar.open.start + timedelta(days=TERM_DAYS)
    days = [last - timedelta(days=ago) for ago in range(EXAMINATION_DAYS, -1, -1)]
    examcell = acting_as(work, staff.officers["examcell"], "exam_papers.add")
    examcell.run(
        "INSERT INTO exam_room (name, seats) SELECT * FROM unnest(%(names)s::text[], %(seats)s::integer[])",
        names=list(ROOMS),
        seats=list(ROOMS.values()),
    )
    # A place on the date sheet for each course number of each department: two of them come too late for it.
    examcell.run(
        _PAPERS,
        term=calendar.open.id,
        days=[day for day in days if day.isoweekday() != 7][:-3],
        times=[_WRITTEN[year][0] for year in sorted(_WRITTEN)],
    )
    examcell.run(_MISTAKE, home=HOME, term=calendar.open.id)
    examcell.run(_SEATS, home=HOME, rooms=[_WRITTEN[year][1] for year in sorted(_WRITTEN)])
    examcell.run(_TOO_SMALL, home=HOME)
    two = [staff.officers["faculty"], staff.officers["faculty2"]]
    for row in work.rows(
        "SELECT s.id FROM section s JOIN sheet h ON h.section_id = s.id AND h.state = 'open' "
        "WHERE s.term_id = %(term)s AND s.course_code = ANY (%(courses)s) AND NOT EXISTS (SELECT FROM "
        "section_staff f WHERE f.section_id = s.id AND f.account_id = ANY (%(two)s)) ORDER BY s.id",
        term=calendar.open.id,
        courses=[f"{HOME}-{number}" for number in _NOTIFIED],
        two=two,
    ):
        notifying = acting_as(work, staff.officers["examcell"], "attendance.notify")
        notify_eligibility(notifying, NotifyEligibility(section_id=row["id"], authority="Controller 17/2"))
    stopped = work.value(_FIRST_ADMITTED, course=f"{HOME}-203")
    if stopped is not None:
        registrar = acting_as(work, staff.officers["registrar"], "holds.place")
        reason = "The examination fee is unpaid"
        place_hold(registrar, PlaceHold(student_id=stopped, kind="fee", reason=reason, amount=None))
    act_as_system(work)
