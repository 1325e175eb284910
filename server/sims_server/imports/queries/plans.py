"""The plan of each kind: one statement over all rows of a file, against the natural keys of the record.

It names the row of the record that a row of the file means (`target`), what else it refers to (`refs`),
what would change, and every fault.
"""

from __future__ import annotations

from sims_server.imports.queries.date_sheet_plans import DATE_SHEET_PLANS
from sims_server.imports.queries.desk_plans import DESK_PLANS
from sims_server.imports.queries.planned import (
    COURSE_AND_TERM,
    SECTION_FAULTS,
    SECTION_JOINS,
    SHEET_CLOSED,
    FaultIf,
    Planned,
    kept,
    unknown,
)
from sims_server.imports.rules import COLUMNS

PLANS: dict[str, Planned] = {
    "departments": Planned(
        key=("code",),
        joins=(
            "LEFT JOIN department d ON d.code = i.code LEFT JOIN department o ON o.name = i.name AND "
            "o.code <> i.code"
        ),
        target="d.id",
        compared={"name": kept("name", "d"), "faculty_name": kept("faculty_name", "d")},
        faults=(
            FaultIf("o.id IS NOT NULL", "name", "taken", "'The department ' || o.code || ' has this name.'"),
        ),
    ),
    "programs": Planned(
        key=("code",),
        joins="""LEFT JOIN program p ON p.code = i.code LEFT JOIN program o ON o.name = i.name AND o.code <>
          i.code
                 LEFT JOIN department d ON d.code = i.department_code LEFT JOIN department pd ON pd.id =
                 p.department_id""",
        target="p.id",
        compared={
            "name": kept("name", "p"),
            "department_code": ("pd.code", "coalesce(d.code, pd.code)"),
            "level": kept("level", "p"),
            "credits_required": kept("credits_required", "p"),
            "semesters": kept("semesters", "p"),
        },
        refs=("d.id",),
        faults=(
            FaultIf("o.id IS NOT NULL", "name", "taken", "'The program ' || o.code || ' has this name.'"),
            unknown("d.id", "department_code", "department"),
        ),
    ),
    "courses": Planned(
        key=("code",),
        joins="""LEFT JOIN course c ON c.code = i.code LEFT JOIN department d ON d.code = i.department_code
                 LEFT JOIN department cd ON cd.id = c.department_id
                 LEFT JOIN LATERAL (SELECT string_agg(r.code, ' ' ORDER BY r.code COLLATE "C") AS codes
                                      FROM course_prerequisite q JOIN course r ON r.id = q.prerequisite_id
                                      WHERE q.course_id = c.id) now ON true
                 LEFT JOIN LATERAL (SELECT string_agg(DISTINCT w COLLATE "C", ' ' ORDER BY w COLLATE "C") AS
                 codes,
                                           string_agg(w, ', ') FILTER (WHERE r.id IS NULL AND n.code IS NULL)
                                           AS unknown
                                      FROM unnest(string_to_array(i.prerequisites, ' ')) w LEFT JOIN course r
                                      ON r.code = w
                                           LEFT JOIN input n ON n.code = w) wanted ON i.prerequisites IS NOT
                                           NULL""",
        target="c.id",
        compared={
            "title": kept("title", "c"),
            "credits": kept("credits", "c"),
            "department_code": ("cd.code", "coalesce(d.code, cd.code)"),
            **{
                name: kept(name, "c")
                for name in ("marks_total", "credits_theory", "credits_practical", "grading", "counts_in_gpa")
            },
            "prerequisites": ("now.codes", "coalesce(wanted.codes, now.codes)"),
        },
        refs=("d.id",),
        faults=(
            unknown("d.id", "department_code", "department"),
            FaultIf(
                "wanted.unknown IS NOT NULL",
                "prerequisites",
                "unknown",
                "'There is no course ' || wanted.unknown || '.'",
            ),
            FaultIf(
                "i.code = ANY (string_to_array(i.prerequisites, ' '))",
                "prerequisites",
                "itself",
                "'A course is not its own prerequisite.'",
            ),
        ),
    ),
    "terms": Planned(
        key=("name",),
        joins="LEFT JOIN term t ON t.name = i.name",
        target="t.id",
        compared={
            column.name: kept(column.name, "t") for column in COLUMNS["terms"] if column.name != "name"
        },
        faults=(),
    ),
    "accounts": Planned(
        key=("username",),
        joins="""LEFT JOIN account a ON a.username = i.username
                 LEFT JOIN registration r ON r.reg_no = i.reg_no
                 LEFT JOIN registration ar ON ar.student_id = a.student_id AND ar.is_current
                 LEFT JOIN account other ON other.student_id = r.student_id AND other.username <> i.username
                 LEFT JOIN LATERAL (SELECT string_agg(concat_ws(':', d.code, o.name), ' ' ORDER BY
                 concat_ws(':', d.code, o.name) COLLATE "C") AS roles
                                      FROM account_role g JOIN role o ON o.id = g.role_id LEFT JOIN
                                      department d ON d.id = g.department_id
                                     WHERE g.account_id = a.id AND g.delegation_id IS NULL) now ON true
                 LEFT JOIN LATERAL (SELECT string_agg(DISTINCT w COLLATE "C", ' ' ORDER BY w COLLATE "C") AS
                 roles,
                                           string_agg(w, ', ') FILTER (WHERE o.id IS NULL) AS unknown,
                                           string_agg(w, ', ') FILTER (WHERE o.id IS NOT NULL AND w LIKE
                                           '%%:%%' AND d.id IS NULL) AS no_department,
                                           string_agg(w, ', ') FILTER (WHERE o.scope = 'department' AND w NOT
                                           LIKE '%%:%%') AS no_scope
                                      FROM unnest(string_to_array(i.roles, ' ')) w
                                           LEFT JOIN role o ON o.name = regexp_replace(w, '^.*:', '')
                                           LEFT JOIN department d ON d.code = regexp_replace(w, ':[^:]*$',
                                           '') AND w LIKE '%%:%%') wanted ON i.roles IS NOT NULL""",
        target="a.id",
        compared={
            "name": kept("name", "a"),
            "email": kept("email", "a"),
            "disabled": kept("disabled", "a"),
            "roles": ("now.roles", "coalesce(wanted.roles, now.roles)"),
            "reg_no": (
                "ar.reg_no",
                "CASE WHEN r.student_id = a.student_id THEN ar.reg_no ELSE coalesce(i.reg_no, ar.reg_no) END",
            ),
        },
        refs=("r.student_id",),
        faults=(
            FaultIf(
                "wanted.unknown IS NOT NULL",
                "roles",
                "unknown",
                "'There is no role ' || wanted.unknown || '.'",
            ),
            FaultIf(
                "wanted.no_department IS NOT NULL",
                "roles",
                "unknown",
                "'There is no department in ' || wanted.no_department || '.'",
            ),
            FaultIf(
                "wanted.no_scope IS NOT NULL",
                "roles",
                "without_department",
                "wanted.no_scope || ' belongs to a department: write it as CODE:role.'",
            ),
            unknown("r.id", "reg_no", "student with the registration number"),
            FaultIf(
                "other.id IS NOT NULL",
                "reg_no",
                "taken",
                "'The account “' || other.username || '” is this student''s.'",
            ),
        ),
    ),
    "sections": Planned(
        key=("course_code", "term", "section"),
        joins=f"""{SECTION_JOINS}
                 LEFT JOIN LATERAL (SELECT string_agg(a.username, ' ' ORDER BY f.role <> 'lead', a.username
                 COLLATE "C") AS staff
                                      FROM section_staff f JOIN account a ON a.id = f.account_id WHERE
                                      f.section_id = s.id AND f.until IS NULL) now ON true
                 LEFT JOIN LATERAL (SELECT string_agg(lower(w), ' ' ORDER BY n > 1, lower(w) COLLATE "C") AS
                 staff,
                                           string_agg(w, ', ') FILTER (WHERE a.id IS NULL) AS unknown,
                                           count(*) <> count(DISTINCT lower(w)) AS twice
                                      FROM unnest(string_to_array(i.faculty, ' ')) WITH ORDINALITY u (w, n)
                                      LEFT JOIN account a ON a.username = lower(w)) wanted ON i.faculty IS
                                      NOT NULL""",
        target="s.id",
        compared={
            "capacity": kept("capacity", "s"),
            "faculty": ("now.staff", "coalesce(wanted.staff, now.staff)"),
            "status": kept("status", "s"),
        },
        refs=("c.id", "t.id"),
        faults=(
            *COURSE_AND_TERM,
            FaultIf(
                "i.capacity < s.seats_taken",
                "capacity",
                "below_seats_taken",
                "s.seats_taken || ' seats are taken.'",
            ),
            FaultIf(
                "wanted.unknown IS NOT NULL",
                "faculty",
                "unknown",
                "'There is no account ' || wanted.unknown || '.'",
            ),
            FaultIf("wanted.twice", "faculty", "repeated", "'Somebody stands there twice.'"),
        ),
    ),
    "students": Planned(
        key=("reg_no",),
        joins="""LEFT JOIN registration r ON r.reg_no = i.reg_no LEFT JOIN student s ON s.id = r.student_id
                 LEFT JOIN program p ON p.code = i.program_code LEFT JOIN program rp ON rp.id = r.program_id
                 LEFT JOIN unnest(%(programs)s::text[], %(intakes)s::text[], %(regulations)s::bigint[]) g
                 (program_code, intake, regulation_id)
                        ON g.program_code = i.program_code AND g.intake = i.intake""",
        target="r.id",
        compared={
            "name": kept("name", "s"),
            "admitted_on": kept("admitted_on", "r"),
            **{
                name: kept(name, "s")
                for name in (
                    "name_native",
                    "father_name",
                    "national_id",
                    "date_of_birth",
                    "email",
                    "phone",
                    "address",
                )
            },
            "roll_no": kept("roll_no", "r"),
            "batch": kept("batch", "r"),
        },
        refs=("r.student_id", "p.id", "g.regulation_id"),
        faults=(
            unknown("p.id", "program_code", "program"),
            FaultIf(
                "p.id <> r.program_id",
                "program_code",
                "fixed",
                "'This registration belongs to ' || rp.code || '; another program is another registration.'",
            ),
            FaultIf(
                "i.intake <> r.intake",
                "intake",
                "fixed",
                "'This registration is of the intake ' || r.intake || '; its regulation hangs on it.'",
            ),
            FaultIf(
                "r.id IS NULL AND p.id IS NOT NULL AND i.intake IS NOT NULL AND g.regulation_id IS NULL",
                "program_code",
                "no_regulation",
                "'No regulation is in force for ' || p.code || ' and the intake ' || i.intake || '.'",
            ),
        ),
    ),
    "enrollments": Planned(
        key=("reg_no", "course_code", "term", "section"),
        joins=f"""{SECTION_JOINS}
                 LEFT JOIN registration r ON r.reg_no = i.reg_no
                 LEFT JOIN enrollment e ON e.section_id = s.id AND e.student_id = r.student_id
                 LEFT JOIN enrollment o ON o.registration_id = r.id AND o.course_id = c.id AND o.term_id =
                 t.id AND o.status <> 'dropped' AND o.section_id <> s.id
                 LEFT JOIN section os ON os.id = o.section_id
                 LEFT JOIN enrollment_transition x ON x.from_status = e.status AND x.to_status = i.status""",
        target="e.id",
        compared={
            "kind": kept("kind", "e"),
            "status": kept("status", "e"),
            "enrolled_on": (
                "(e.enrolled_at AT TIME ZONE %(zone)s)::date",
                "coalesce(i.enrolled_on, (e.enrolled_at AT TIME ZONE %(zone)s)::date)",
            ),
            "ended_on": (
                "(e.ended_at AT TIME ZONE %(zone)s)::date",
                "coalesce(i.ended_on, (e.ended_at AT TIME ZONE %(zone)s)::date)",
            ),
        },
        refs=("r.id", "s.id"),
        windows="""sum(CASE WHEN coalesce(i.status, 'enrolled') <> 'dropped' AND (e.id IS NULL OR e.status =
          'dropped') THEN 1
                            WHEN i.status = 'dropped' AND e.status <> 'dropped' THEN -1 ELSE 0 END) OVER
                            (PARTITION BY s.id ORDER BY i.number) AS seats_wanted,
                   min(CASE WHEN coalesce(i.status, 'enrolled') <> 'dropped' THEN i.number END) OVER
                   (PARTITION BY r.id, c.id, t.id) AS first_of_course""",
        faults=(
            unknown("r.id", "reg_no", "student with the registration number"),
            *SECTION_FAULTS,
            FaultIf(
                "e.registration_id <> r.id",
                "reg_no",
                "other_registration",
                "'This student sits in the section under another registration.'",
            ),
            FaultIf(
                "o.id IS NOT NULL AND coalesce(i.status, e.status, 'enrolled') <> 'dropped'",
                "section",
                "duplicate",
                "'This student takes the course in section ' || os.code || ' this term.'",
            ),
            FaultIf(
                (
                    "w.first_of_course < i.number AND r.id IS NOT NULL AND s.id IS NOT NULL AND "
                    "coalesce(i.status, 'enrolled') <> 'dropped' AND w.first = i.number"
                ),
                "section",
                "duplicate",
                "'This student takes the course already on row ' || w.first_of_course || '.'",
            ),
            FaultIf(
                "i.status = 'completed' AND e.status IS DISTINCT FROM 'completed'",
                "status",
                "completed_by_result",
                "'An enrollment is completed by its published result.'",
            ),
            FaultIf(
                "e.status = 'completed' AND (i.kind <> e.kind OR i.ended_on IS NOT NULL OR "
                "i.enrolled_on <> (e.enrolled_at AT TIME ZONE %(zone)s)::date)",
                "status",
                "completed_stands",
                "'This enrollment has its published result, and stands.'",
            ),
            FaultIf(
                "i.status <> e.status AND i.status <> 'completed' AND x.to_status IS NULL",
                "status",
                "wrong_state",
                "'This enrollment is ' || e.status || ' and cannot become ' || i.status || '.'",
            ),
            FaultIf(
                (
                    "w.seats_wanted > 0 AND (e.id IS NULL OR e.status = 'dropped') AND "
                    "coalesce(i.status, 'enrolled') <> 'dropped' AND s.seats_taken + w.seats_wanted > "
                    "s.capacity"
                ),
                "section",
                "section_full",
                "s.seats_taken || ' of ' || s.capacity || ' seats are taken, and rows above take the rest.'",
            ),
            FaultIf(
                "h.state <> 'open' AND (e.id IS NULL OR i.status <> e.status)",
                "section",
                "sheet_closed",
                SHEET_CLOSED,
            ),
            FaultIf(
                "s.status = 'cancelled' AND e.id IS NULL",
                "section",
                "cancelled",
                "'This section is cancelled.'",
            ),
        ),
    ),
    "assessments": Planned(
        key=("course_code", "term", "section", "assessment"),
        joins=f"{SECTION_JOINS} LEFT JOIN assessment a ON a.section_id = s.id AND a.name = i.assessment",
        target="a.id",
        compared={
            **{
                name: kept(name, "a")
                for name in (
                    "type",
                    "weight",
                    "max_score",
                    "head",
                    "must_sit",
                    "step",
                    "due_date",
                    "entered_by",
                )
            },
        },
        refs=("s.id",),
        windows=(
            "sum(coalesce(i.weight, a.weight, 0) - coalesce(a.weight, 0)) OVER (PARTITION BY s.id "
            "ORDER BY i.number) AS weight_added"
        ),
        faults=(
            *SECTION_FAULTS,
            FaultIf(
                "s.weights_total + w.weight_added > 100 AND i.weight IS DISTINCT FROM a.weight",
                "weight",
                "weights_exceeded",
                "'The weights of the section would add up to ' || s.weights_total + w.weight_added || '.'",
            ),
            FaultIf(
                (
                    "i.max_score < (SELECT max(x.score) FROM assessment_score x WHERE x.assessment_id "
                    "= a.id AND i.max_score <> a.max_score)"
                ),
                "max_score",
                "below_a_score",
                "'A score above ' || i.max_score || ' was entered.'",
            ),
            FaultIf(
                (
                    "h.state <> 'open' AND (a.id IS NULL OR (i.type, coalesce(i.weight, a.weight), "
                    "coalesce(i.max_score, a.max_score)) IS DISTINCT FROM (a.type, a.weight, "
                    "a.max_score))"
                ),
                "section",
                "sheet_closed",
                SHEET_CLOSED,
            ),
        ),
    ),
    "scores": Planned(
        key=("reg_no", "course_code", "term", "section", "assessment"),
        joins=f"""{SECTION_JOINS}
                 LEFT JOIN registration r ON r.reg_no = i.reg_no
                 LEFT JOIN enrollment e ON e.section_id = s.id AND e.student_id = r.student_id AND
                 e.registration_id = r.id
                 LEFT JOIN assessment a ON a.section_id = s.id AND a.name = i.assessment
                 LEFT JOIN assessment_score x ON x.enrollment_id = e.id AND x.assessment_id = a.id""",
        target="x.id",
        compared={
            "mark": ("x.mark", "coalesce(i.mark, x.mark)"),
            "score": ("x.score", "CASE WHEN i.mark IS NULL THEN x.score ELSE i.score END"),
        },
        refs=("s.id", "e.id", "a.id"),
        faults=(
            unknown("r.id", "reg_no", "student with the registration number"),
            *SECTION_FAULTS,
            FaultIf(
                "r.id IS NOT NULL AND s.id IS NOT NULL AND (e.id IS NULL OR e.status = 'dropped')",
                "reg_no",
                "not_on_roster",
                "'This student is not on the roster of the section.'",
            ),
            FaultIf(
                "i.assessment IS NOT NULL AND s.id IS NOT NULL AND a.id IS NULL",
                "assessment",
                "unknown",
                "'The section has no assessment “' || i.assessment || '”.'",
            ),
            FaultIf(
                "i.score > a.max_score",
                "score",
                "above_maximum",
                "i.score || ' is more than the maximum, ' || a.max_score || '.'",
            ),
            FaultIf(
                "a.step IS NOT NULL AND mod(i.score, a.step) <> 0",
                "score",
                "between_steps",
                "i.score || ' is no multiple of ' || a.step || '.'",
            ),
            FaultIf(
                (
                    "h.state <> 'open' AND (x.id IS NULL OR i.mark IS NOT NULL AND (i.mark, i.score) "
                    "IS DISTINCT FROM (x.mark, x.score))"
                ),
                "section",
                "sheet_closed",
                SHEET_CLOSED,
            ),
            FaultIf(
                (
                    "a.locked_at IS NOT NULL AND (x.id IS NULL OR i.mark IS NOT NULL AND (i.mark, "
                    "i.score) IS DISTINCT FROM (x.mark, x.score))"
                ),
                "assessment",
                "locked",
                "'This assessment is locked.'",
            ),
        ),
    ),
    **DESK_PLANS,
    **DATE_SHEET_PLANS,
}


def typed_rows(kind: str) -> str:
    """The rows of a file as a table expression: `number` and a typed column for each of the kind's."""
    columns = ", ".join(
        f"cells->>'{column.name}' AS {column.name}"
        if column.sql == "text"
        else f"(cells->>'{column.name}')::{column.sql} AS {column.name}"
        for column in COLUMNS[kind]
    )
    return f"SELECT number, {columns} FROM import_row WHERE import_id = %(import)s"


def plan_statement(kind: str) -> str:
    """INSERT into import_fate of every row's fate. Parameters: import, faulty (rows whose cells could not
    be read), zone, and for students the regulations in force."""
    plan = PLANS[kind]
    key = ", ".join(plan.key)
    # A key that could not be read is null and repeats nothing.
    complete = " AND ".join(f"{column} IS NOT NULL" for column in plan.key)
    now = "".join(f"{old}, " for old, _ in plan.compared.values())
    new = "".join(f"{wanted}, " for _, wanted in plan.compared.values())
    changes = ", ".join(
        f"'{column}', CASE WHEN {old} IS DISTINCT FROM {wanted} THEN jsonb_build_array({old}, {wanted}) END"
        for column, (old, wanted) in plan.compared.items()
    )
    faults = ", ".join(
        f"CASE WHEN {fault.condition} THEN '{fault.column}|{fault.code}|' || {fault.detail} END"
        for fault in plan.faults
    )
    repeated = (
        f"CASE WHEN w.first < i.number THEN '{plan.key[-1]}|repeated|The same stands on row ' || "
        f"w.first || '.' END"
    )
    seen = (
        f"(SELECT i.number, {plan.windows} FROM input i {plan.joins})"
        if plan.windows
        else "(SELECT number FROM input)"
    )
    refs = f"ARRAY[{', '.join(plan.refs)}]::bigint[]" if plan.refs else "'{}'::bigint[]"
    return f"""
WITH input AS MATERIALIZED ({typed_rows(kind)}),
     w AS MATERIALIZED (
       SELECT k.first, seen.* FROM {seen} seen
         JOIN (SELECT number, CASE WHEN {complete} THEN min(number) OVER (PARTITION BY {key}) ELSE number END
         AS first FROM input) k ON k.number = seen.number),
     planned AS (
       SELECT i.number, {plan.target} AS target, {refs} AS refs,
              CASE WHEN {plan.target} IS NOT NULL AND ROW({now}0) IS DISTINCT FROM ROW({new}0) THEN
              jsonb_strip_nulls(jsonb_build_object({changes})) END AS changes,
              array_remove(ARRAY[{repeated}{", " if faults else ""}{faults}], NULL) AS faults
         FROM input i JOIN w ON w.number = i.number {plan.joins})
INSERT INTO import_fate (import_id, number, fate, target, refs, changes, faults)
SELECT %(import)s, number,
       CASE WHEN faults <> '{{}}' OR number = ANY (%(faulty)s::integer[]) THEN 'fault' WHEN target IS NULL
       THEN 'new'
            WHEN changes IS NOT NULL THEN 'changed' ELSE 'same' END,
       target, refs, changes, faults
  FROM planned"""
