"""Two terms of teaching: sections, rosters, assessments, marks, and how far each sheet has come."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sims_server.demo.catalog import DEPARTMENTS
from sims_server.demo.people import (
    HOME,
    Calendar,
    Staff,
    Term,
    act_as_system,
    acting_as,
    give_student_an_account,
)
from sims_server.kernel.work import Work
from sims_server.results.operations import draft_sheets
from sims_server.results.operations.publishing import publish_results
from sims_shared.results import PublishResults

# Of a department's fifteen sections of the open term, which sheets have come how far. The others are open.
SUBMITTED, APPROVED, RETURNED = (7, 12), (9, 14), (10,)
# Of the home department's, those that `faculty` leads: together with faculty2, and alone.
SHARED, ALONE = (0, 1, 6), (7, 9)
EARLIER_OF_FACULTY = (0, 5)
RETURN_REASON = "The midterm of the last two rows is missing; the hall memo says they sat it."

_Assessment = tuple[str, str, int, int, bool]  # name, type, weight, maximum, must be sat
_THREE: tuple[_Assessment, ...] = (
    ("Quizzes", "quiz", 20, 20, False),
    ("Midterm", "midterm", 30, 50, False),
    ("Final", "final", 50, 100, True),
)
_FOUR: tuple[_Assessment, ...] = (
    ("Quizzes", "quiz", 10, 20, False),
    ("Assignments", "assignment", 15, 30, False),
    ("Midterm", "midterm", 25, 50, False),
    ("Final", "final", 50, 100, True),
)


@dataclass(frozen=True, slots=True)
class Section:
    """A section of one term. `place` counts within its department."""

    id: int
    department: str
    place: int
    year: int  # of study
    course: str
    code: str
    lead: int


@dataclass(frozen=True, slots=True)
class Student:
    """A registration: its department, year of study, and how good the student is, in percent."""

    registration_id: int
    department: str
    year: int
    place: int
    ability: float


def make_terms(work: Work) -> Calendar:
    """The open term began three weeks ago, so all its dates lie ahead; the earlier one is closed."""
    today = work.today
    spring = today.month <= 6
    start = today - timedelta(days=21)
    day = timedelta(days=1)

    def term(season: str, year: int, first: date, status: str, ahead: bool) -> Term:
        fall = season == "F"
        name = f"{'Fall' if fall else 'Spring'} {year}"
        last = first + 126 * day
        made: int = work.value(
            "INSERT INTO term (name, kind, academic_year, start_date, end_date, enroll_until, "
            "drop_until, withdraw_until, marks_due, recheck_until, status) "
            "VALUES (%(name)s, %(kind)s, %(academic)s, %(start)s, %(end)s, %(enroll)s, %(drop)s, "
            "%(withdraw)s, %(marks)s, %(recheck)s, %(status)s) RETURNING id",
            name=name,
            kind="fall" if fall else "spring",
            academic=f"{year if fall else year - 1}-{(year if fall else year - 1) % 100 + 1:02d}",
            start=first,
            end=last,
            enroll=first + (42 if ahead else 14) * day,
            drop=first + (56 if ahead else 28) * day,
            withdraw=first + 84 * day,
            marks=last + 14 * day,
            recheck=last + 45 * day,
            status=status,
        )
        return Term(made, name, first, season, year)

    earlier = term(
        "F" if spring else "S", today.year - 1 if spring else today.year, start - 190 * day, "closed", False
    )
    return Calendar(earlier, term("S" if spring else "F", today.year, start, "open", True))


def teach_earlier_term(work: Work, random: Random, calendar: Calendar, staff: Staff) -> None:
    """60 sections, from enrollment to published results."""
    term = calendar.earlier
    sections = _make_sections(work, term, staff, earlier=True)
    students = _students(work, calendar)
    # Who is now in the second year took the first year's spring courses, and so on.
    roster = _seat(
        work,
        random,
        term,
        sections,
        [(s, s.year - 1) for s in students.values() if s.year > 1],
        withdrawn=0.012,
    )
    assessments = _make_assessments(work, term, sections, {section.id: _THREE for section in sections})
    _enter_marks(work, random, students, sections, roster, assessments, lambda section, place, share: True)
    ids = [section.id for section in sections]
    _submit(work, sections)
    _approve(work, sections, staff)
    controller = acting_as(work, staff.officers["examcell"], "results.publish")
    publish_results(controller, PublishResults(term_id=term.id))
    act_as_system(work)
    assert work.value(
        "SELECT count(*) FROM result WHERE section_id = ANY (%(ids)s) AND state = 'published'", ids=ids
    )


def teach_open_term(work: Work, random: Random, calendar: Calendar, staff: Staff) -> None:
    """90 sections, whose sheets are open, submitted, returned or approved with their drafts."""
    term = calendar.open
    sections = _make_sections(work, term, staff, earlier=False)
    students = _students(work, calendar)
    shared = {section.id for section in sections if section.department == HOME and section.place in SHARED}
    roster = _seat(
        work,
        random,
        term,
        sections,
        [(s, s.year) for s in students.values()],
        withdrawn=0.01,
        all_stay=shared,
    )
    roster += _repeat(work, term)
    chosen = {
        section.id: _FOUR if section.id in shared or section.place % 3 == 0 else _THREE
        for section in sections
    }
    assessments = _make_assessments(work, term, sections, chosen)
    finished = {section.id for section in sections if section.place in SUBMITTED + APPROVED}

    def is_entered(section: Section, name: str, share: float) -> bool:
        """Quizzes and assignments are in, the midterm mostly, the final only where the sheet is done."""
        if section.id in finished:
            return True
        if name == "Final":
            return False
        return name != "Midterm" or share < (0.85 if section.id in shared else 0.2 + 0.06 * section.place)

    _enter_marks(work, random, students, sections, roster, assessments, is_entered)
    _submit(work, [s for s in sections if s.place in SUBMITTED + APPROVED + RETURNED])
    _approve(work, [s for s in sections if s.place in APPROVED], staff)
    _return(work, [s for s in sections if s.place in RETURNED], staff)
    give_student_an_account(
        work,
        work.value(
            "SELECT e.student_id FROM enrollment e JOIN registration r ON r.id = "
            "e.registration_id JOIN section s ON s.id = e.section_id "
            "WHERE s.term_id = %(term)s AND s.course_code = %(course)s AND r.cgpa > 3 ORDER BY "
            "r.reg_no LIMIT 1",
            term=term.id,
            course=f"{HOME}-201",
        ),
    )


def _offered(earlier: bool) -> list[tuple[int, int, str]]:
    """(year of study, course number, section code) of a department's sections in a term."""
    if earlier:
        return [(year, number, "A") for year in (1, 2, 3) for number in (3, 4, 5)] + [(1, 3, "B")]
    first = [(1, number, code) for code in "AB" for number in (1, 2, 3)]
    return first + [(year, number, "A") for year in (2, 3, 4) for number in (1, 2, 3)]


def _make_sections(work: Work, term: Term, staff: Staff, *, earlier: bool) -> list[Section]:
    planned: list[tuple[str, int, int, str, str, list[int]]] = []
    for department in DEPARTMENTS:
        teachers = staff.teachers[department.code]
        for place, (year, number, code) in enumerate(_offered(earlier)):
            team = [teachers[place % len(teachers)]]
            if place % 3 == 0:
                team.append(teachers[(place + 1) % len(teachers)])
            if department.code == HOME:
                if (earlier and place in EARLIER_OF_FACULTY) or (not earlier and place in ALONE):
                    team = [staff.officers["faculty"]]
                elif not earlier and place in SHARED:
                    team = [staff.officers["faculty"], staff.officers["faculty2"]]
            planned.append((department.code, place, year, f"{department.code}-{year}0{number}", code, team))
    courses, codes = [p[3] for p in planned], [p[4] for p in planned]
    work.run(
        (
            "INSERT INTO offering (course_id, term_id) SELECT DISTINCT c.id, %(term)s::bigint FROM "
            "unnest(%(courses)s::text[]) g (code) JOIN course c USING (code)"
        ),
        term=term.id,
        courses=courses,
    )
    made = work.rows(
        "INSERT INTO section (offering_id, course_id, term_id, code, capacity, course_code, "
        "course_title, credits, marks_total, grading, counts_in_gpa) "
        "SELECT o.id, c.id, %(term)s, g.section, 160, c.code, c.title, c.credits, c.marks_total, "
        "c.grading, c.counts_in_gpa "
        "FROM unnest(%(courses)s::text[], %(codes)s::text[]) WITH ORDINALITY g (course, section, "
        "place) JOIN course c ON c.code = g.course "
        "JOIN offering o ON o.course_id = c.id AND o.term_id = %(term)s ORDER BY place RETURNING id",
        term=term.id,
        courses=courses,
        codes=codes,
    )
    sections = [
        Section(row["id"], department, place, year, course, code, team[0])
        for row, (department, place, year, course, code, team) in zip(
            sorted(made, key=lambda row: row["id"]), planned, strict=True
        )
    ]
    taught = [
        (section.id, account, "lead" if index == 0 else "co")
        for section, plan in zip(sections, planned, strict=True)
        for index, account in enumerate(plan[5])
    ]
    work.run(
        (
            "INSERT INTO section_staff (section_id, account_id, role, since) SELECT *, %(since)s FROM "
            "unnest(%(sections)s::bigint[], %(accounts)s::bigint[], %(roles)s::text[])"
        ),
        sections=[row[0] for row in taught],
        accounts=[row[1] for row in taught],
        roles=[row[2] for row in taught],
        since=_moment(work, term.start),
    )
    return sections


def _moment(work: Work, day: date) -> datetime:
    return datetime.combine(day, time(9), ZoneInfo(work.setting("time_zone")))


def _students(work: Work, calendar: Calendar) -> dict[int, Student]:
    rows = work.rows(
        "SELECT r.id, d.code AS department, %(year)s - left(r.intake, 4)::integer + 1 AS year, "
        "row_number() OVER (PARTITION BY d.code, r.intake ORDER BY r.id)::integer AS place "
        "FROM registration r JOIN program p ON p.id = r.program_id JOIN department d ON d.id = "
        "p.department_id ORDER BY r.id",
        year=calendar.open.year,
    )
    # The same student is as good in one term as in the next.
    own = Random("ability")
    return {
        row["id"]: Student(row["id"], row["department"], row["year"], row["place"], own.gauss(70, 10))
        for row in rows
    }


@dataclass(frozen=True, slots=True)
class Seat:
    """A row of a roster."""

    enrollment_id: int
    registration_id: int
    section_id: int
    stays: bool


def _seat(
    work: Work,
    random: Random,
    term: Term,
    sections: list[Section],
    wanted: list[tuple[Student, int]],
    *,
    withdrawn: float,
    all_stay: set[int] = frozenset(),  # type: ignore[assignment]
) -> list[Seat]:
    """Enroll each student in the courses of a year of study, but where a prerequisite was failed. Few
    withdraw, and none from the sections in `all_stay`."""
    by_course: dict[tuple[str, int, str], list[Section]] = defaultdict(list)
    for section in sections:
        by_course[section.department, section.year, section.course].append(section)
    failed = {
        (row["registration_id"], row["course_id"])
        for row in work.rows(
            "SELECT x.registration_id, q.course_id FROM result x JOIN course_prerequisite q ON "
            "q.prerequisite_id = x.course_id GROUP BY 1, 2 HAVING NOT bool_or(x.outcome = 'pass')"
        )
    }
    course_ids = {
        row["id"]: row["course_id"]
        for row in work.rows("SELECT id, course_id FROM section WHERE term_id = %(term)s", term=term.id)
    }
    registrations, chosen, leaving = [], [], []
    for student, year in wanted:
        for (department, of_year, _), parallel in by_course.items():
            if (department, of_year) != (student.department, year):
                continue
            section = parallel[student.place % len(parallel)]
            if (student.registration_id, course_ids[section.id]) in failed:
                continue
            registrations.append(student.registration_id)
            chosen.append(section.id)
            leaving.append(section.id not in all_stay and random.random() < withdrawn)
    rows = work.rows(
        "INSERT INTO enrollment (student_id, registration_id, section_id, term_id, course_id, "
        "status, enrolled_at, ended_at, end_reason) "
        "SELECT r.student_id, r.id, s.id, s.term_id, s.course_id, CASE WHEN g.leaving THEN "
        "'withdrawn' ELSE 'enrolled' END, %(enrolled)s, "
        "CASE WHEN g.leaving THEN %(left)s END, CASE WHEN g.leaving THEN 'on own request' END "
        "FROM unnest(%(registrations)s::bigint[], %(sections)s::bigint[], %(leaving)s::boolean[]) "
        "WITH ORDINALITY g (registration, section, leaving, place) "
        "JOIN registration r ON r.id = g.registration JOIN section s ON s.id = g.section ORDER BY "
        "place RETURNING id, registration_id, section_id, status",
        registrations=registrations,
        sections=chosen,
        leaving=leaving,
        enrolled=_moment(work, term.start),
        left=min(_moment(work, term.start + timedelta(days=18)), work.now),
    )
    return [
        Seat(row["id"], row["registration_id"], row["section_id"], row["status"] == "enrolled")
        for row in rows
    ]


def _repeat(work: Work, term: Term) -> list[Seat]:
    """Who failed a course that is offered again takes it again, as a second attempt."""
    rows = work.rows(
        "INSERT INTO enrollment (student_id, registration_id, section_id, term_id, course_id, "
        "kind, attempt, enrolled_at) "
        "SELECT x.student_id, x.registration_id, s.id, s.term_id, s.course_id, 'repeat', "
        "x.attempt + 1, %(enrolled)s "
        "FROM result x JOIN section s ON s.course_id = x.course_id AND s.term_id = %(term)s AND s.code = 'A' "
        "WHERE x.outcome = 'fail' AND x.state = 'published' AND s.seats_taken < s.capacity - 20 "
        "ORDER BY x.id RETURNING id, registration_id, section_id",
        term=term.id,
        enrolled=_moment(work, term.start),
    )
    return [Seat(row["id"], row["registration_id"], row["section_id"], True) for row in rows]


def _make_assessments(
    work: Work, term: Term, sections: list[Section], chosen: dict[int, tuple[_Assessment, ...]]
) -> dict[int, list[tuple[int, _Assessment]]]:
    """Section → its assessments (id, description); the weights of each section are exactly 100."""
    planned = [
        (section.id, place, assessment)
        for section in sections
        for place, assessment in enumerate(chosen[section.id], start=1)
    ]
    due = {"quiz": 30, "assignment": 60, "midterm": 56, "final": 115}
    made = work.rows(
        "INSERT INTO assessment (section_id, name, type, weight, max_score, must_sit, step, "
        "due_date, position) "
        "SELECT g.section, g.name, g.type, g.weight, g.maximum, g.must_sit, 0.5, g.due, g.position "
        "FROM unnest(%(sections)s::bigint[], %(names)s::text[], %(types)s::text[], "
        "%(weights)s::numeric[], %(maxima)s::numeric[], %(must_sit)s::boolean[], %(due)s::date[], "
        "%(positions)s::integer[]) "
        "WITH ORDINALITY g (section, name, type, weight, maximum, must_sit, due, position, place) "
        "ORDER BY place RETURNING id",
        sections=[row[0] for row in planned],
        names=[row[2][0] for row in planned],
        types=[row[2][1] for row in planned],
        weights=[row[2][2] for row in planned],
        maxima=[row[2][3] for row in planned],
        must_sit=[row[2][4] for row in planned],
        due=[term.start + timedelta(days=due[row[2][1]]) for row in planned],
        positions=[row[1] for row in planned],
    )
    by_section: dict[int, list[tuple[int, _Assessment]]] = defaultdict(list)
    for id, (section_id, _, assessment) in zip(sorted(row["id"] for row in made), planned, strict=True):
        by_section[section_id].append((id, assessment))
    return by_section


def _enter_marks(
    work: Work,
    random: Random,
    students: dict[int, Student],
    sections: list[Section],
    roster: list[Seat],
    assessments: dict[int, list[tuple[int, _Assessment]]],
    is_entered: Any,
) -> None:
    """Marks by ability and luck, each entered by the section's lead. `is_entered(section, assessment's
    name, share of the roster above)` says how far the sheet has come."""
    by_id = {section.id: section for section in sections}
    rows_of: dict[int, list[Seat]] = defaultdict(list)
    for seat in roster:
        rows_of[seat.section_id].append(seat)
    entered: dict[int, list[tuple[int, int, str, Decimal | None]]] = defaultdict(list)
    for section_id, seats in rows_of.items():
        section = by_id[section_id]
        for place, seat in enumerate(seats):
            ability = students[seat.registration_id].ability
            for assessment_id, (name, _, _, maximum, _) in assessments[section_id]:
                luck = random.random()
                if not seat.stays or not is_entered(section, name, place / len(seats)):
                    continue
                if luck < 0.008:
                    entered[section.lead].append((seat.enrollment_id, assessment_id, "absent", None))
                else:
                    percent = min(100.0, max(8.0, random.gauss(ability, 9)))
                    halves = round(maximum * percent / 50)
                    entered[section.lead].append(
                        (seat.enrollment_id, assessment_id, "scored", Decimal(halves) / 2)
                    )
    for lead, cells in entered.items():
        acting_as(work, lead, "sheets.sync").run(
            "INSERT INTO assessment_score (section_id, enrollment_id, assessment_id, max_score, mark, score) "
            "SELECT a.section_id, g.enrollment, a.id, a.max_score, g.mark, g.score "
            "FROM unnest(%(enrollments)s::bigint[], %(assessments)s::bigint[], %(marks)s::text[], "
            "%(scores)s::numeric[]) g (enrollment, assessment, mark, score) JOIN assessment a ON "
            "a.id = g.assessment",
            enrollments=[cell[0] for cell in cells],
            assessments=[cell[1] for cell in cells],
            marks=[cell[2] for cell in cells],
            scores=[cell[3] for cell in cells],
        )
    act_as_system(work)


def _submit(work: Work, sections: list[Section]) -> None:
    by_lead: dict[int, list[int]] = defaultdict(list)
    for section in sections:
        by_lead[section.lead].append(section.id)
    for lead, ids in by_lead.items():
        acting_as(work, lead, "sheets.submit").run(
            (
                "UPDATE sheet SET state = 'submitted', submitted_by = %(lead)s, submitted_at = "
                "%(now)s WHERE section_id = ANY (%(ids)s)"
            ),
            lead=lead,
            now=work.now,
            ids=ids,
        )
    act_as_system(work)


def _approve(work: Work, sections: list[Section], staff: Staff) -> None:
    """Each department's head approves, and the drafts are computed as they are by any approval."""
    for department, head in staff.heads.items():
        ids = [section.id for section in sections if section.department == department]
        approving = acting_as(work, head, "sheets.approve")
        approving.run(
            (
                "UPDATE sheet SET state = 'approved', approved_by = %(head)s, approved_at = %(now)s "
                "WHERE section_id = ANY (%(ids)s)"
            ),
            head=head,
            now=work.now,
            ids=ids,
        )
        draft_sheets(approving, ids)
    act_as_system(work)


def _return(work: Work, sections: list[Section], staff: Staff) -> None:
    for section in sections:
        acting_as(work, staff.heads[section.department], "sheets.return").run(
            (
                "UPDATE sheet SET state = 'open', submitted_by = NULL, submitted_at = NULL, "
                "return_reason = %(reason)s WHERE section_id = %(id)s"
            ),
            reason=RETURN_REASON,
            id=section.id,
        )
    act_as_system(work)
