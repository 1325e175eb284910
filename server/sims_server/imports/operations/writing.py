"""Carrying a plan out: one statement for each table a kind touches.

Every statement reads the rows of the file (`i`) beside their fate (`f`). The rule a newcomer would get
wrong: the order of the rows is kept where ids are made, so that the n-th new row is the n-th new id.
"""

from __future__ import annotations

from collections.abc import Callable

from sims_server.imports import queries
from sims_server.imports.operations.date_sheet import DATE_SHEET_STATEMENTS
from sims_server.imports.operations.history import TAKES_TWO, record_history
from sims_server.imports.queries import ATTEMPT, FEE_REASON, typed_rows
from sims_server.imports.rules import COLUMNS
from sims_server.kernel.secrets import hash_password
from sims_server.kernel.work import Work

# What an account without a password holds: nothing verifies against it.
NO_PASSWORD = "!"


def _kept(*columns: str, table: str) -> str:
    """Assignments in which a blank cell keeps what is stored."""
    return ", ".join(f"{column} = coalesce(i.{column}, {table}.{column})" for column in columns)


_NEW_SECTIONS = """
SELECT i.number, i.section, i.capacity, i.status, c.id AS course_id, f.refs[2] AS term_id, c.code AS
course_code, c.title, c.credits, c.marks_total, c.grading, c.counts_in_gpa
  FROM i JOIN f USING (number) JOIN course c ON c.id = f.refs[1] WHERE f.fate = 'new'"""
# The staff that a row names, for new sections and for those whose staff changes.
_WANTED_STAFF = """
SELECT s.id AS section_id, a.id AS account_id, CASE WHEN u.n = 1 THEN 'lead' ELSE 'co' END AS role
  FROM i JOIN f USING (number) JOIN section s ON s.course_id = f.refs[1] AND s.term_id = f.refs[2] AND s.code
  = i.section
       CROSS JOIN LATERAL unnest(string_to_array(i.faculty, ' ')) WITH ORDINALITY u (w, n) JOIN account a ON
       a.username = lower(u.w)
 WHERE f.fate = 'new' OR f.changes ? 'faculty'"""
_TOUCHED_COURSES = (
    "SELECT c.id, i.prerequisites FROM i JOIN f USING (number) JOIN course c ON c.code = i.code WHERE "
    "i.prerequisites IS NOT NULL AND (f.fate = 'new' OR f.changes ? 'prerequisites')"
)
_TOUCHED_ACCOUNTS = (
    "SELECT a.id, i.roles FROM i JOIN f USING (number) JOIN account a ON a.username = i.username "
    "WHERE i.roles IS NOT NULL AND (f.fate = 'new' OR f.changes ? 'roles')"
)
_WANTED_ROLES = f"""
SELECT DISTINCT t.id AS account_id, o.id AS role_id, d.id AS department_id
  FROM ({_TOUCHED_ACCOUNTS}) t CROSS JOIN LATERAL unnest(string_to_array(t.roles, ' ')) w
       JOIN role o ON o.name = regexp_replace(w, '^.*:', '') LEFT JOIN department d ON w LIKE '%%:%%' AND
       d.code = regexp_replace(w, ':[^:]*$', '')"""

_COURSE = (
    "title",
    "credits",
    "marks_total",
    "credits_theory",
    "credits_practical",
    "grading",
    "counts_in_gpa",
)
_TERM = tuple(column.name for column in COLUMNS["terms"] if column.name != "name")
_ASSESSMENT = ("type", "weight", "max_score", "head", "must_sit", "step", "due_date", "entered_by")
_PERSON = ("name", "name_native", "father_name", "national_id", "date_of_birth", "email", "phone", "address")

# Kind → statements, each after `WITH i AS (the file's rows), f AS (their fates)`.
STATEMENTS: dict[str, tuple[str, ...]] = {
    "departments": (
        (
            "INSERT INTO department (code, name, faculty_name) SELECT code, name, faculty_name FROM i "
            "JOIN f USING (number) WHERE fate = 'new' ORDER BY number"
        ),
        (
            f"UPDATE department d SET {_kept('name', 'faculty_name', table='d')} FROM i JOIN f USING "
            f"(number) WHERE f.fate = 'changed' AND d.id = f.target"
        ),
    ),
    "programs": (
        (
            "INSERT INTO program (code, name, department_id, level, credits_required, semesters) "
            "SELECT code, name, refs[1], coalesce(level, 'UG'), coalesce(credits_required, 130), "
            "coalesce(semesters, 8) FROM i JOIN f USING (number) WHERE fate = 'new' ORDER BY number"
        ),
        (
            f"UPDATE program p SET "
            f"{_kept('name', 'level', 'credits_required', 'semesters', table='p')}, department_id = "
            f"coalesce(f.refs[1], p.department_id) "
            "FROM i JOIN f USING (number) WHERE f.fate = 'changed' AND p.id = f.target"
        ),
    ),
    "courses": (
        (
            "INSERT INTO course (code, title, credits, marks_total, credits_theory, "
            "credits_practical, grading, counts_in_gpa, department_id) "
            "SELECT code, title, credits, marks_total, credits_theory, credits_practical, "
            "coalesce(grading, 'letter'), coalesce(counts_in_gpa, true), refs[1] FROM i JOIN f USING "
            "(number) WHERE fate = 'new' ORDER BY number"
        ),
        (
            f"UPDATE course c SET "
            f"{_kept(*_COURSE, table='c')}, "
            "department_id = coalesce(f.refs[1], c.department_id) FROM i JOIN f USING (number) "
            "WHERE f.fate = 'changed' AND c.id = f.target AND f.changes - 'prerequisites' <> '{}'"
        ),
        (
            f"DELETE FROM course_prerequisite q USING ({_TOUCHED_COURSES}) t, course r "
            "WHERE q.course_id = t.id AND r.id = q.prerequisite_id AND r.code <> ALL "
            "(string_to_array(t.prerequisites, ' '))"
        ),
        (
            f"INSERT INTO course_prerequisite (course_id, prerequisite_id) SELECT t.id, r.id FROM "
            f"({_TOUCHED_COURSES}) t JOIN course r ON r.code = ANY (string_to_array(t.prerequisites, ' "
            f"')) ON CONFLICT DO NOTHING"
        ),
    ),
    "terms": (
        (
            "INSERT INTO term (name, kind, academic_year, start_date, end_date, enroll_until, "
            "drop_until, withdraw_until, marks_due, recheck_until, status) "
            "SELECT name, coalesce(kind, 'fall'), coalesce(academic_year, ''), start_date, end_date, "
            "enroll_until, drop_until, withdraw_until, marks_due, recheck_until, coalesce(status, "
            "'open') "
            "FROM i JOIN f USING (number) WHERE fate = 'new' ORDER BY number"
        ),
        (
            f"UPDATE term t SET "
            f"{_kept(*_TERM, table='t')} "
            "FROM i JOIN f USING (number) WHERE f.fate = 'changed' AND t.id = f.target"
        ),
    ),
    "accounts": (
        (
            "INSERT INTO account (username, name, email, password_hash, disabled, student_id) "
            "SELECT i.username, i.name, i.email, coalesce(h.hash, %(no_password)s), h.hash IS NULL OR "
            "coalesce(i.disabled, false), f.refs[1] "
            "FROM i JOIN f USING (number) LEFT JOIN unnest(%(users)s::text[], %(hashes)s::text[]) h "
            "(username, hash) ON h.username = i.username WHERE f.fate = 'new' ORDER BY i.number"
        ),
        (
            f"UPDATE account a SET {_kept('name', 'email', 'disabled', table='a')}, student_id = "
            f"coalesce(f.refs[1], a.student_id) "
            "FROM i JOIN f USING (number) WHERE f.fate = 'changed' AND a.id = f.target AND f.changes "
            "- 'roles' <> '{}'"
        ),
        (
            "UPDATE login_session l SET ended_at = %(now)s FROM i JOIN f USING (number) WHERE f.fate "
            "= 'changed' AND i.disabled AND l.account_id = f.target AND l.ended_at IS NULL"
        ),
        (
            f"DELETE FROM account_role g USING ({_TOUCHED_ACCOUNTS}) t "
            "WHERE g.account_id = t.id AND g.delegation_id IS NULL AND NOT EXISTS "
            f"(SELECT FROM ({_WANTED_ROLES}) w WHERE (w.account_id, w.role_id) = (g.account_id, "
            f"g.role_id) AND w.department_id IS NOT DISTINCT FROM g.department_id)"
        ),
        (
            f"INSERT INTO account_role (account_id, role_id, department_id) {_WANTED_ROLES} ON "
            f"CONFLICT DO NOTHING"
        ),
    ),
    "sections": (
        (
            f"INSERT INTO offering (course_id, term_id) SELECT DISTINCT course_id, term_id FROM "
            f"({_NEW_SECTIONS}) n ON CONFLICT (course_id, term_id) DO NOTHING"
        ),
        (
            "INSERT INTO section (offering_id, course_id, term_id, code, capacity, status, "
            "course_code, course_title, credits, marks_total, grading, counts_in_gpa) "
            "SELECT o.id, n.course_id, n.term_id, n.section, n.capacity, coalesce(n.status, "
            "'active'), n.course_code, n.title, n.credits, n.marks_total, n.grading, n.counts_in_gpa "
            f"FROM ({_NEW_SECTIONS}) n JOIN offering o ON o.course_id = n.course_id AND o.term_id = "
            f"n.term_id ORDER BY n.number"
        ),
        (
            f"UPDATE section s SET {_kept('capacity', 'status', table='s')} FROM i JOIN f USING "
            f"(number) WHERE f.fate = 'changed' AND s.id = f.target AND f.changes - 'faculty' <> "
            f"'{{}}'"
        ),
        # Who leaves is kept with an end; the former lead steps down before the next one leads.
        (
            f"UPDATE section_staff x SET until = %(now)s FROM i JOIN f USING (number) WHERE f.changes "
            f"? 'faculty' AND x.section_id = f.target AND x.until IS NULL "
            f"AND NOT EXISTS (SELECT FROM ({_WANTED_STAFF}) w WHERE (w.section_id, w.account_id) = "
            f"(x.section_id, x.account_id))"
        ),
        (
            f"UPDATE section_staff x SET role = 'co' FROM ({_WANTED_STAFF}) w WHERE (w.section_id, "
            f"w.account_id) = (x.section_id, x.account_id) AND x.role = 'lead' AND w.role <> 'lead'"
        ),
        (
            f"INSERT INTO section_staff (section_id, account_id, role, since) SELECT section_id, "
            f"account_id, role, %(now)s FROM ({_WANTED_STAFF}) w "
            "ON CONFLICT (section_id, account_id) DO UPDATE SET role = EXCLUDED.role, until = NULL "
            "WHERE section_staff.until IS NOT NULL OR section_staff.role <> EXCLUDED.role AND "
            "EXCLUDED.role = 'lead'"
        ),
    ),
    "students": (
        """INSERT INTO registration (student_id, program_id, regulation_id, reg_no, roll_no, intake, batch,
          admitted_on)
            SELECT made.id, n.refs[2], n.refs[3], n.reg_no, n.roll_no, n.intake, coalesce(n.batch, ''),
            n.admitted_on
              FROM (SELECT i.*, f.refs, row_number() OVER (ORDER BY i.number) AS place FROM i JOIN f USING
              (number) WHERE f.fate = 'new') n
              JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM made) made USING (place) ORDER
              BY place""",
        (
            f"UPDATE student s SET {_kept(*_PERSON, table='s')} FROM i JOIN f USING (number) WHERE "
            f"f.fate = 'changed' AND s.id = f.refs[1] AND f.changes - ARRAY['admitted_on', 'roll_no', "
            f"'batch'] <> '{{}}'"
        ),
        (
            f"UPDATE registration r SET {_kept('admitted_on', 'roll_no', 'batch', table='r')} FROM i "
            f"JOIN f USING (number) WHERE f.fate = 'changed' AND r.id = f.target AND f.changes ?| "
            f"ARRAY['admitted_on', 'roll_no', 'batch']"
        ),
    ),
    "enrollments": (
        """INSERT INTO enrollment (student_id, registration_id, section_id, term_id, course_id, kind, status,
          attempt, enrolled_at, ended_at, end_reason)
           SELECT n.student_id, n.registration_id, n.section_id, n.term_id, n.course_id,
                  coalesce(n.kind, CASE WHEN n.earlier + n.before > 0 THEN 'repeat' ELSE 'regular' END),
                  n.status, n.earlier + n.before + 1, n.enrolled_at,
                  CASE WHEN n.status <> 'enrolled' THEN coalesce(n.ended_at, %(now)s) END, CASE WHEN n.status
                  <> 'enrolled' THEN 'imported' END
             FROM (SELECT r.student_id, r.id AS registration_id, s.id AS section_id, s.term_id, s.course_id,
             i.number, i.kind, coalesce(i.status, 'enrolled') AS status,
                          coalesce(i.enrolled_on::timestamp AT TIME ZONE %(zone)s, %(now)s) AS enrolled_at,
                          i.ended_on::timestamp AT TIME ZONE %(zone)s AS ended_at,
                          coalesce(h.attempts, 0) AS earlier,
                          count(*) FILTER (WHERE coalesce(i.status, 'enrolled') <> 'dropped') OVER (PARTITION
                          BY r.id, s.course_id ORDER BY t.start_date, i.number ROWS BETWEEN UNBOUNDED
                          PRECEDING AND 1 PRECEDING) AS before
                     FROM i JOIN f USING (number) JOIN registration r ON r.id = f.refs[1] JOIN section s ON
                     s.id = f.refs[2] JOIN term t ON t.id = s.term_id
                          LEFT JOIN (SELECT registration_id, course_id, count(*) AS attempts FROM enrollment
                          WHERE status <> 'dropped' GROUP BY 1, 2) h ON h.registration_id = r.id AND
                          h.course_id = s.course_id
                    WHERE f.fate = 'new') n ORDER BY n.number""",
        """UPDATE enrollment e SET kind = coalesce(i.kind, e.kind), status = coalesce(i.status, e.status),
                  enrolled_at = CASE WHEN f.changes ? 'enrolled_on' THEN i.enrolled_on::timestamp AT TIME
                  ZONE %(zone)s ELSE e.enrolled_at END,
                  ended_at = CASE WHEN coalesce(i.status, e.status) NOT IN ('dropped', 'withdrawn', 'barred')
                  THEN NULL
                                  WHEN i.ended_on IS NOT NULL THEN i.ended_on::timestamp AT TIME ZONE
                                  %(zone)s ELSE coalesce(e.ended_at, %(now)s) END,
                  end_reason = CASE WHEN coalesce(i.status, e.status) IN ('dropped', 'withdrawn', 'barred')
                  THEN coalesce(e.end_reason, 'imported') END
             FROM i JOIN f USING (number) WHERE f.fate = 'changed' AND e.id = f.target""",
    ),
    "assessments": (
        """INSERT INTO assessment (section_id, name, type, weight, max_score, head, must_sit, step, due_date,
          position, entered_by)
           SELECT f.refs[1], i.assessment, i.type, i.weight, i.max_score, coalesce(i.head, 'theory'),
           coalesce(i.must_sit, false), i.step, i.due_date,
                  coalesce(h.last, 0) + row_number() OVER (PARTITION BY f.refs[1] ORDER BY i.number),
                  coalesce(i.entered_by, 'faculty')
             FROM i JOIN f USING (number) LEFT JOIN (SELECT section_id, max(position) AS last FROM assessment
             GROUP BY 1) h ON h.section_id = f.refs[1]
            WHERE f.fate = 'new' ORDER BY i.number""",
        (
            f"UPDATE assessment a SET "
            f"{_kept(*_ASSESSMENT, table='a')} "
            f"FROM i JOIN f USING (number) WHERE f.fate = 'changed' AND a.id = f.target"
        ),
    ),
    "scores": (
        """INSERT INTO assessment_score (section_id, enrollment_id, assessment_id, max_score, mark, score)
           SELECT f.refs[1], f.refs[2], f.refs[3], a.max_score, i.mark, i.score FROM i JOIN f USING (number)
           JOIN assessment a ON a.id = f.refs[3]
            WHERE f.fate = 'new' ORDER BY f.refs[1], i.number""",
        (
            "UPDATE assessment_score x SET mark = i.mark, score = i.score FROM i JOIN f USING "
            "(number) WHERE f.fate = 'changed' AND x.id = f.target"
        ),
    ),
    "attendance": (
        # A class that nobody has opened yet is opened by the first mark in it.
        (
            "INSERT INTO class_session (section_id, held_on, slot) SELECT DISTINCT f.refs[1], i.date, i.slot "
            "FROM i JOIN f USING (number) WHERE f.fate = 'new' ORDER BY 1, 2, 3 "
            "ON CONFLICT (section_id, held_on, slot) DO NOTHING"
        ),
        (
            "INSERT INTO attendance (section_id, class_session_id, student_id, status, reason, updated_by) "
            "SELECT f.refs[1], k.id, f.refs[2], i.status, coalesce(i.reason, ''), %(by)s FROM i JOIN f "
            "USING (number) JOIN class_session k ON k.section_id = f.refs[1] AND k.held_on = i.date "
            "AND k.slot = i.slot WHERE f.fate = 'new' ORDER BY i.number"
        ),
        (
            "UPDATE attendance a SET status = i.status, reason = coalesce(i.reason, a.reason), "
            "updated_by = %(by)s, updated_at = %(now)s FROM i JOIN f USING (number) "
            "WHERE f.fate = 'changed' AND a.id = f.target"
        ),
    ),
    "holds": (
        (
            "INSERT INTO hold (student_id, kind, blocks, effect, reason, amount, contact, placed_by, "
            "placed_at) SELECT f.refs[1], k.kind, k.blocks, k.effect, coalesce(i.reason, "
            f"{FEE_REASON}), i.amount, coalesce(i.contact, k.contact), %(by)s, %(now)s "
            "FROM i JOIN f USING (number) JOIN hold_kind k ON k.kind = i.kind WHERE f.fate = 'new' "
            "ORDER BY i.number"
        ),
        (
            f"UPDATE hold h SET {_kept('amount', 'reason', 'contact', table='h')} FROM i JOIN f USING "
            "(number) WHERE f.fate = 'changed' AND h.id = f.target"
        ),
        (
            "UPDATE hold h SET lifted_at = %(now)s, lifted_by = %(by)s, lift_reason = 'No longer listed in ' "
            "|| b.file_name FROM f JOIN import_batch b ON b.id = %(import)s "
            "WHERE f.fate = 'lifted' AND h.id = f.target"
        ),
    ),
    "results_history": (
        (
            "INSERT INTO result (registration_id, student_id, term_id, course_id, attempt, total, grade, "
            "grade_points, credits, outcome, source, regulation_id, state, published_at, published_by, "
            "import_id, recorded_title) "
            f"SELECT g.id, g.student_id, t.id, f.refs[3], {ATTEMPT}, i.total, coalesce(i.grade, ''), "
            "i.grade_points, i.credits, i.outcome, 'legacy', g.regulation_id, 'published', %(now)s, %(by)s, "
            "%(import)s, i.course_title FROM i JOIN f USING (number) JOIN registration g ON g.id = f.refs[1] "
            "JOIN term t ON t.id = f.refs[2] "
            "WHERE f.fate = 'new' AND f.refs[3] IS NOT NULL AND f.refs[4] IS NULL ORDER BY i.number"
        ),
    ),
    **DATE_SHEET_STATEMENTS,
}

_MADE_STUDENTS = (
    f"made AS (INSERT INTO student ({', '.join(_PERSON)}) SELECT "
    f"{', '.join('i.' + name for name in _PERSON)} "
    "FROM i JOIN f USING (number) WHERE f.fate = 'new' ORDER BY i.number RETURNING id)"
)


def write_plan(
    work: Work, kind: str, import_id: int, rows: int = 0, progress: Callable[[int, int], None] | None = None
) -> None:
    """Write what the plan says, and what was done; rows whose fate is `same` are not touched at all.
    `progress` is told of `rows` rows, statement by statement."""
    values = {
        "import": import_id,
        "now": work.now,
        "by": work.caller.id,
        "zone": work.setting("time_zone"),
    }
    if kind == "accounts":
        values |= {"no_password": NO_PASSWORD, **_hashes(work, import_id)}
    statements = STATEMENTS[kind]
    for done, statement in enumerate(statements):
        if progress is not None:
            progress(rows * done // (len(statements) + 1), rows)
        head = (
            f"WITH i AS ({typed_rows(kind)}), f AS (SELECT number, fate, target, refs, changes FROM "
            f"import_fate WHERE import_id = %(import)s)"
        )
        if statement.startswith("INSERT INTO registration"):
            head += f", {_MADE_STUDENTS}"
        work.run(f"{head} {statement}", **values)
    queries.keep_effects(work, kind, import_id)
    if kind == TAKES_TWO:
        record_history(work, import_id)
    if progress is not None:
        progress(rows, rows)


def _hashes(work: Work, import_id: int) -> dict[str, list[str]]:
    rows = work.rows(
        "SELECT cells->>'username' AS username, cells->>'password' AS password FROM import_row "
        "JOIN import_fate USING (import_id, number) "
        "WHERE import_id = %(import)s AND fate = 'new' AND cells ? 'password'",
        **{"import": import_id},
    )
    return {
        "users": [row["username"] for row in rows],
        "hashes": [hash_password(row["password"]) for row in rows],
    }
