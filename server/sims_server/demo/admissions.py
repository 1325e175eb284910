"""What each program teaches, semester by semester, and who applies to it: applications in every state."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from sims_server.demo.names import Names
from sims_server.demo.people import COHORTS, Calendar, Staff, act_as_system, acting_as
from sims_server.kernel.work import Work

APPLICANTS = 60
_PAPERS = '["Secondary certificate", "Higher secondary certificate", "Photograph"]'
# By place of ten: how far an application has come. Nobody is admitted: that is the registrar's next step.
_WAYS: tuple[tuple[str, ...], ...] = (
    (),
    (),
    ("shortlisted",),
    ("shortlisted",),
    ("shortlisted", "offered"),
    ("shortlisted", "offered"),
    ("shortlisted", "offered", "accepted"),
    ("shortlisted", "offered", "accepted"),
    ("rejected",),
    ("shortlisted", "withdrawn"),
)


def make_curricula(work: Work, calendar: Calendar, staff: Staff) -> None:
    """Three courses of a year in its first semester, two in its second; a master's program begins with the
    third year's. The last course of a year is an elective."""
    registrar = acting_as(work, staff.officers["registrar"], "curricula.create")
    first = calendar.open.year - COHORTS + 1
    registrar.run(
        """
        INSERT INTO curriculum_course (program_id, intake_from, semester, course_id, kind)
        SELECT p.id, %(intake)s, t.semester, c.id, CASE WHEN c.place = 5 THEN 'elective' ELSE 'core' END
          FROM program p
          JOIN (SELECT id, department_id, left(split_part(code, '-', 2), 1)::integer AS year,
                       right(code, 1)::integer AS place FROM course) c ON c.department_id = p.department_id
         CROSS JOIN LATERAL (SELECT 2 * (c.year - CASE p.level WHEN 'UG' THEN 1 ELSE 3 END)
                                    + CASE WHEN c.place <= 3 THEN 1 ELSE 2 END AS semester) t
         WHERE t.semester BETWEEN 1 AND p.semesters ORDER BY p.id, t.semester, c.id""",
        intake=f"{first}{calendar.open.season}",
    )
    act_as_system(work)


def receive_applicants(work: Work, random: Random, calendar: Calendar, staff: Staff) -> None:
    """Applications for the open term, some in each state."""
    registrar = acting_as(work, staff.officers["registrar"], "applicants.create")
    names = Names(random)
    people = [names.person() for _ in range(APPLICANTS)]
    eldest = date(calendar.open.year - 19, 1, 1)
    registrar.run(
        """
        INSERT INTO applicant (program_id, term_id, name, name_native, father_name, national_id,
                               date_of_birth, email, phone, address, documents, applied_at, status_at)
        SELECT p.id, %(term)s, g.name, g.native, g.father, g.national, g.born, g.email, g.phone,
               'Exampleabad',
               (SELECT jsonb_agg(jsonb_build_object('name', d.paper, 'received', d.number <= 1 + g.place %% 3)
                                 ORDER BY d.number)
                  FROM jsonb_array_elements_text(%(papers)s::jsonb) WITH ORDINALITY d (paper, number)),
               %(now)s, %(now)s
          FROM unnest(%(names)s::text[], %(natives)s::text[], %(fathers)s::text[], %(nationals)s::text[],
                      %(born)s::date[], %(emails)s::text[], %(phones)s::text[]) WITH ORDINALITY
               g (name, native, father, national, born, email, phone, place)
          JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS number, count(*) OVER () AS programs
                  FROM program) p ON p.number = g.place %% p.programs
         ORDER BY g.place""",
        term=calendar.open.id,
        now=work.now,
        papers=_PAPERS,
        names=[name for name, _, _ in people],
        natives=[native for _, native, _ in people],
        fathers=[father for _, _, father in people],
        # Nor does an identity card begin so.
        nationals=[f"00000-9{number:06d}-{number % 10}" for number in range(APPLICANTS)],
        born=[eldest + timedelta(days=random.randrange(700)) for _ in range(APPLICANTS)],
        emails=[f"applicant{number:02d}@exampleabad.edu.example" for number in range(APPLICANTS)],
        phones=[f"0301-555{number:04d}" for number in range(APPLICANTS)],
    )
    mover = acting_as(work, staff.officers["registrar"], "applicants.transition")
    for step in range(max(map(len, _WAYS))):
        for place, way in enumerate(_WAYS):
            if step < len(way):
                mover.run(
                    "UPDATE applicant SET status = %(status)s, status_at = %(now)s "
                    "WHERE right(national_id, 1) = %(place)s::text",
                    status=way[step],
                    place=place,
                    now=work.now,
                )
    act_as_system(work)
