"""The plans of what the desks bring every day, attendance and holds, and of results from before this
system.

A brought result is compared with what stands and never changes it: a result that was recorded otherwise
is a fault, and its correction a change request like any other.
"""

from __future__ import annotations

from sims_server.imports.queries.planned import (
    COURSE_AND_TERM,
    SECTION_FAULTS,
    SECTION_JOINS,
    FaultIf,
    Planned,
    kept,
    unknown,
)

# Reason, of a hold that the file gives none.
FEE_REASON = "'Fees outstanding'"

LIFT_UNLISTED = """
WITH listed AS (SELECT refs[1] AS student_id FROM import_fate f JOIN import_row i USING (import_id, number)
                 WHERE f.import_id = %(import)s AND i.cells->>'kind' = 'fee' AND refs[1] IS NOT NULL),
     gone AS (
       SELECT h.id, h.student_id, h.amount, h.reason, r.reg_no,
              (SELECT coalesce(max(number), 1) FROM import_row WHERE import_id = %(import)s)
                + row_number() OVER (ORDER BY r.reg_no, h.id) AS number
         FROM hold h LEFT JOIN registration r ON r.student_id = h.student_id AND r.is_current
        WHERE h.kind = 'fee' AND h.lifted_at IS NULL AND h.student_id NOT IN (SELECT student_id FROM listed)),
     shown AS (
       INSERT INTO import_row (import_id, number, cells)
       SELECT %(import)s, number, jsonb_strip_nulls(jsonb_build_object('reg_no', reg_no, 'kind', 'fee',
              'amount', amount::text, 'reason', reason)) FROM gone)
INSERT INTO import_fate (import_id, number, fate, target, refs, changes)
SELECT %(import)s, number, 'lifted', id, ARRAY[student_id], '{"lifted": [false, true]}' FROM gone"""

_DIFFERS = (
    "ROW(x.grade, x.grade_points, x.credits, x.total, x.outcome) IS DISTINCT FROM "
    "ROW(coalesce(i.grade, ''), i.grade_points, i.credits, i.total, i.outcome) "
    "OR i.attempt <> x.attempt OR coalesce(i.course_title, c.title) <> coalesce(x.recorded_title, c.title)"
)

DESK_PLANS: dict[str, Planned] = {
    "holds": Planned(
        key=("reg_no", "kind"),
        joins="""LEFT JOIN registration r ON r.reg_no = i.reg_no LEFT JOIN hold_kind k ON k.kind = i.kind
                 LEFT JOIN (SELECT DISTINCT ON (student_id, kind) * FROM hold WHERE lifted_at IS NULL
                             ORDER BY student_id, kind, id) h
                   ON h.student_id = r.student_id AND h.kind = i.kind""",
        target="h.id",
        compared={name: kept(name, "h") for name in ("amount", "reason", "contact")},
        refs=("r.student_id",),
        faults=(
            unknown("r.id", "reg_no", "student with the registration number"),
            unknown("k.kind", "kind", "kind of hold"),
            FaultIf(
                "k.kind IS NOT NULL AND NOT %(every_kind)s AND k.lifted_by <> ALL (%(own_roles)s::text[])",
                "kind",
                "not_yours",
                "'A hold of the kind ' || k.kind || ' is placed and lifted by ' || k.lifted_by || '.'",
            ),
            FaultIf(
                "h.id IS NULL AND i.reason IS NULL AND i.kind <> 'fee'",
                "reason",
                "missing",
                "'A new hold says why.'",
            ),
        ),
    ),
    "results_history": Planned(
        key=("reg_no", "term", "course_code"),
        joins="""LEFT JOIN registration r ON r.reg_no = i.reg_no LEFT JOIN term t ON t.name = i.term
                 LEFT JOIN course c ON c.code = i.course_code
                 LEFT JOIN result x ON x.registration_id = r.id AND x.term_id = t.id AND x.course_id = c.id
                 LEFT JOIN term_result d ON d.registration_id = r.id AND d.term_id = t.id""",
        target="""CASE WHEN d.id IS NULL AND (i.sgpa IS NOT NULL OR i.cgpa IS NOT NULL) THEN NULL
                       WHEN i.course_code IS NULL THEN d.id ELSE x.id END""",
        compared={},
        refs=("r.id", "t.id", "c.id", "x.id", "d.id"),
        windows="""min(i.sgpa) OVER (PARTITION BY r.id, t.id) AS sgpa_low,
                   max(i.sgpa) OVER (PARTITION BY r.id, t.id) AS sgpa_high,
                   min(i.cgpa) OVER (PARTITION BY r.id, t.id) AS cgpa_low,
                   max(i.cgpa) OVER (PARTITION BY r.id, t.id) AS cgpa_high""",
        faults=(
            unknown("r.id", "reg_no", "student with the registration number"),
            *COURSE_AND_TERM,
            FaultIf(
                "x.source <> 'legacy'",
                "course_code",
                "computed_here",
                "'This system has a result of its own for the course in this term.'",
            ),
            FaultIf(
                f"x.source = 'legacy' AND ({_DIFFERS})",
                "course_code",
                "recorded_otherwise",
                "'It is recorded otherwise (grade ' || x.grade || '); a correction is a change request.'",
            ),
            *(
                FaultIf(
                    f"i.{figure} IS NOT NULL AND d.id IS NOT NULL AND i.{figure} IS DISTINCT FROM d.{figure}",
                    figure,
                    "recorded_otherwise",
                    f"'The term stands with ' || coalesce(d.{figure}::text, 'none') || '.'",
                )
                for figure in ("sgpa", "cgpa")
            ),
            *(
                FaultIf(
                    f"i.{figure} IS NOT NULL AND w.{figure}_low <> w.{figure}_high",
                    figure,
                    "contradicts",
                    f"'Other rows of this term say ' || (CASE WHEN i.{figure} = w.{figure}_low "
                    f"THEN w.{figure}_high ELSE w.{figure}_low END) || '.'",
                )
                for figure in ("sgpa", "cgpa")
            ),
        ),
    ),
}

ATTENDANCE = Planned(
    key=("reg_no", "course_code", "term", "section", "date", "slot"),
    joins=f"""{SECTION_JOINS}
             LEFT JOIN registration r ON r.reg_no = i.reg_no
             LEFT JOIN enrollment e ON e.section_id = s.id AND e.student_id = r.student_id AND
             e.registration_id = r.id
             LEFT JOIN class_session k ON k.section_id = s.id AND k.held_on = i.date AND k.slot = i.slot
             LEFT JOIN attendance a ON a.class_session_id = k.id AND a.student_id = r.student_id""",
    target="a.id",
    compared={"status": kept("status", "a"), "reason": kept("reason", "a")},
    refs=("s.id", "r.student_id", "k.id"),
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
            "i.date NOT BETWEEN t.start_date AND t.end_date",
            "date",
            "outside_term",
            "'The term runs from ' || t.start_date || ' to ' || t.end_date || '.'",
        ),
        FaultIf("i.date > %(today)s", "date", "ahead", "'This day has not come yet.'"),
        FaultIf("s.status = 'cancelled'", "section", "cancelled", "'This section is cancelled.'"),
        FaultIf("k.called_off_at IS NOT NULL", "date", "called_off", "'This class was called off.'"),
    ),
)
DESK_PLANS["attendance"] = ATTENDANCE
