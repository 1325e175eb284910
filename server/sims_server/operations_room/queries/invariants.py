"""What must be true of the record at any moment, each as a query for the rows that break it.

Most of it the database already makes impossible by constraint and trigger. A trigger can be switched
off, a backup can be edited, a disk can lie: these queries compute everything a second time, from
other rows than the ones that the triggers keep.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sims_server.audit.queries import SILENT_TABLES
from sims_server.kernel.database import Connection

SHOWN = 5


@dataclass(frozen=True)
class Invariant:
    """`sentence` holds when `sql` finds nothing; its rows name what breaks it."""

    name: str
    sentence: str
    sql: str


# 2^256, and the weights of a SHA-256's four 64-bit lanes. A lane is read as a signed number.
_MODULUS = 2**256
_LANES = " + ".join(
    f"(('x' || substr(h, {1 + 16 * lane}, 16))::bit(64)::bigint::numeric"
    f" + CASE WHEN substr(h, {1 + 16 * lane}, 1) >= '8' THEN {2**64} ELSE 0 END) * {2 ** (64 * (3 - lane))}"
    for lane in range(4)
)

INVARIANTS = (
    Invariant(
        "schema.validated",
        "Every constraint is checked and every trigger of the record is switched on",
        """
        SELECT conname AS what, 'not validated' AS why FROM pg_constraint
         WHERE connamespace = 'public'::regnamespace AND NOT convalidated
        UNION ALL
        SELECT c.relname || '.' || t.tgname, 'switched off'
          FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
         WHERE c.relnamespace = 'public'::regnamespace AND t.tgenabled NOT IN ('O', 'A')
        UNION ALL
        SELECT c.relname, 'row security switched off' FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relrowsecurity
           AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)
        """,
    ),
    Invariant(
        "role.settings",
        "The application's role carries no setting of its own that loses or hides what was written",
        # The server's connections say themselves what changes the meaning of a statement; how surely a commit
        # is on disk is the cluster's to say, and so is not said there.
        """
        SELECT coalesce(d.datname, 'every database') AS database, setting
          FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase
         CROSS JOIN LATERAL unnest(s.setconfig) AS setting
         WHERE s.setrole = 'sims_app'::regrole AND (d.datname IS NULL OR d.datname = current_database())
           AND setting ~ '^(synchronous_commit|local_preload_libraries|role|search_path|row_security)='
        """,
    ),
    Invariant("audit.triggers", "Every audited table writes its audit", SILENT_TABLES),
    Invariant(
        "audit.coverage",
        "Whatever the record holds, the audit has its beginning",
        """
        SELECT r.entity, r.id FROM (
          SELECT 'enrollment' AS entity, id FROM enrollment UNION ALL SELECT 'result', id FROM result
          UNION ALL SELECT 'registration', id FROM registration UNION ALL SELECT 'student', id FROM student
          UNION ALL SELECT 'issued_document', id FROM issued_document
          UNION ALL SELECT 'pending_change', id FROM pending_change
          UNION ALL SELECT 'assessment_score', id FROM assessment_score
          UNION ALL SELECT 'attendance', id FROM attendance
          UNION ALL SELECT 'eligibility_list', id FROM eligibility_list
          UNION ALL SELECT 'applicant', id FROM applicant UNION ALL SELECT 'delegation', id FROM delegation
          UNION ALL SELECT 'enrollment_override', id FROM enrollment_override) r
        EXCEPT ALL
        SELECT entity, entity_id FROM audit_entry WHERE operation = 'insert' AND entity IN
          ('enrollment', 'result', 'registration', 'student', 'issued_document', 'pending_change',
            'assessment_score', 'attendance', 'eligibility_list', 'applicant', 'delegation',
            'enrollment_override')
        """,
    ),
    Invariant(
        "audit.agrees",
        "A result and a mark are what the audit told last of them",
        """
        SELECT r.entity, r.id, r.field, r.value AS recorded, a.value AS audited FROM (
          SELECT 'result' AS entity, x.id, f.field, f.value FROM result x CROSS JOIN LATERAL (VALUES
            ('grade', to_jsonb(x.grade)), ('total', to_jsonb(x.total)), ('outcome', to_jsonb(x.outcome)),
            ('state', to_jsonb(x.state)), ('grade_points', to_jsonb(x.grade_points))) f (field, value)
          UNION ALL
          SELECT 'assessment_score', x.id, f.field, f.value FROM assessment_score x CROSS JOIN LATERAL (VALUES
            ('mark', to_jsonb(x.mark)), ('score', to_jsonb(x.score))) f (field, value)) r
        LEFT JOIN (
          SELECT DISTINCT ON (a.entity, a.entity_id, c.key) a.entity, a.entity_id, c.key,
                 c.value -> 1 AS value
            FROM audit_entry a CROSS JOIN LATERAL jsonb_each(a.changes) c
           WHERE a.entity IN ('result', 'assessment_score')
             AND c.key IN ('grade', 'total', 'outcome', 'state', 'grade_points', 'mark', 'score')
           ORDER BY a.entity, a.entity_id, c.key, a.id DESC) a
          ON (a.entity, a.entity_id, a.key) = (r.entity, r.id, r.field)
         WHERE coalesce(r.value, 'null') IS DISTINCT FROM coalesce(a.value, 'null')
        """,
    ),
    Invariant(
        "section.seats",
        "Seats taken are the enrollments that hold one, and never more than the capacity",
        """
        SELECT s.id AS section_id, s.seats_taken, count(e.id) AS enrolled, s.capacity
          FROM section s LEFT JOIN enrollment e ON e.section_id = s.id AND e.status <> 'dropped'
         GROUP BY s.id HAVING s.seats_taken <> count(e.id) OR s.seats_taken NOT BETWEEN 0 AND s.capacity
        """,
    ),
    Invariant(
        "section.weights",
        "A section's total of weights is the sum of its assessments, and at most 100",
        """
        SELECT s.id AS section_id, s.weights_total, coalesce(sum(a.weight), 0) AS summed
          FROM section s LEFT JOIN assessment a ON a.section_id = s.id
         GROUP BY s.id HAVING s.weights_total <> coalesce(sum(a.weight), 0) OR s.weights_total NOT BETWEEN 0
           AND 100
        """,
    ),
    Invariant(
        "section.sheet",
        "Every section has its sheet",
        "SELECT s.id AS section_id FROM section s WHERE NOT EXISTS (SELECT FROM sheet h WHERE "
        "h.section_id = s.id)",
    ),
    Invariant(
        "sheet.digest",
        "A sheet's digest is the sum of its cells' hashes",
        f"""
        SELECT h.section_id, h.digest AS stored, coalesce(d.summed, 0) AS computed
          FROM sheet h LEFT JOIN (
            SELECT section_id, mod(sum({_LANES}), {_MODULUS}) AS summed
              FROM (SELECT c.section_id, cell_hash(c.enrollment_id, c.assessment_id, c.version, c.mark,
                c.score) AS h
                      FROM assessment_score c JOIN enrollment e ON e.id = c.enrollment_id AND e.status <>
                        'dropped') hashes
             GROUP BY section_id) d USING (section_id)
         WHERE h.digest <> coalesce(d.summed, 0)
        """,
    ),
    Invariant(
        "student.merged",
        "A record is read as another's where two people said so, and that one as nobody else's",
        """
        SELECT s.id AS student_id, s.merged_into FROM student s JOIN student o ON o.id = s.merged_into
         WHERE o.merged_into IS NOT NULL OR NOT EXISTS (
           SELECT FROM student_merge m WHERE m.duplicate_id = s.id AND m.survivor_id = s.merged_into
              AND m.status = 'merged' AND m.decided_by <> m.requested_by)
        """,
    ),
    Invariant(
        "sheet.approval",
        "An approved sheet was approved by somebody who neither submitted nor taught it",
        """
        SELECT h.section_id, h.approved_by FROM sheet h
         WHERE h.state = 'approved' AND (h.approved_by IS NULL OR h.approved_by = h.submitted_by
           OR EXISTS (SELECT FROM section_staff s WHERE s.section_id = h.section_id AND s.account_id =
             h.approved_by
                       AND s.since <= h.approved_at AND (s.until IS NULL OR s.until > h.approved_at)))
        """,
    ),
    Invariant(
        "score.versions",
        "A cell's versions follow one another, and the last is the cell",
        # A restore lifts the next version above a floor, which is a full step of 100,000.
        """
        SELECT c.enrollment_id, c.assessment_id, c.version, 'the last version is another' AS why
          FROM assessment_score c LEFT JOIN assessment_score_version v USING (enrollment_id, assessment_id,
            version)
         WHERE v.id IS NULL OR (v.mark, v.score) IS DISTINCT FROM (c.mark, c.score)
        UNION ALL
        SELECT enrollment_id, assessment_id, version, 'a version is missing before it'
          FROM (SELECT enrollment_id, assessment_id, version,
                       lag(version, 1, 0) OVER (PARTITION BY enrollment_id, assessment_id ORDER BY version)
                         AS before
                  FROM assessment_score_version) v
         WHERE version <> before + 1
           AND NOT (version %% 100000 = 1 AND version - 1 <= (SELECT version_floor FROM system) AND version >
             before)
        UNION ALL
        SELECT v.enrollment_id, v.assessment_id, v.version, 'it has versions and no cell'
          FROM assessment_score_version v
         WHERE NOT EXISTS (SELECT FROM assessment_score c
                            WHERE c.enrollment_id = v.enrollment_id AND c.assessment_id = v.assessment_id AND
                              c.version >= v.version)
        """,
    ),
    Invariant(
        "score.bounds",
        "A score lies between nothing and its assessment's maximum, and only where the mark says scored",
        """
        SELECT c.id AS score_id, c.mark, c.score, a.max_score
          FROM assessment_score c JOIN assessment a ON a.id = c.assessment_id
         WHERE c.score NOT BETWEEN 0 AND a.max_score OR c.max_score <> a.max_score OR c.section_id <>
           a.section_id
            OR (c.mark IS NOT DISTINCT FROM 'scored') <> (c.score IS NOT NULL)
        """,
    ),
    Invariant(
        "sync.receipts",
        "A device's receipts for a sheet are numbered from one without gaps",
        """
        SELECT client_id::text AS client_id, section_id, count(*) AS receipts, max(mid) AS last
          FROM sync_receipt GROUP BY client_id, section_id HAVING min(mid) <> 1 OR max(mid) <> count(*)
        """,
    ),
    Invariant(
        "sync.device",
        "A device's receipts belong to the account that first used it",
        """
        SELECT r.client_id::text AS client_id, r.section_id, r.mid, r.account_id, d.account_id AS owner
          FROM sync_receipt r JOIN sync_device d USING (client_id) WHERE r.account_id <> d.account_id
        """,
    ),
    Invariant(
        "registration.current",
        "A student has at most one current registration",
        "SELECT student_id, count(*) AS current FROM registration WHERE is_current GROUP BY student_id "
        "HAVING count(*) > 1",
    ),
    Invariant(
        "enrollment.completed",
        "A publish completes an enrollment, and nothing else does",
        """
        SELECT e.id AS enrollment_id, e.status, r.state FROM enrollment e JOIN result r ON r.enrollment_id =
          e.id
         WHERE CASE r.state WHEN 'draft' THEN e.status = 'completed' ELSE e.status IN ('enrolled', 'dropped')
           END
        UNION ALL
        SELECT e.id, e.status, NULL FROM enrollment e
         WHERE e.status = 'completed' AND NOT EXISTS (SELECT FROM result r WHERE r.enrollment_id = e.id)
        """,
    ),
    Invariant(
        "attendance.sessions",
        "A class session lies within its term, and is taken where somebody was marked and only there",
        """
        SELECT k.id AS class_session_id, k.held_on, t.start_date, t.end_date
          FROM class_session k JOIN section s ON s.id = k.section_id JOIN term t ON t.id = s.term_id
         WHERE k.held_on NOT BETWEEN t.start_date AND t.end_date
            OR (k.taken_at IS NOT NULL) <> EXISTS (SELECT FROM attendance a WHERE a.class_session_id = k.id)
        """,
    ),
    Invariant(
        "attendance.roster",
        "Whoever is marked in a class sits in its section",
        """
        SELECT a.id AS attendance_id, a.section_id, a.student_id FROM attendance a
          LEFT JOIN class_session k ON k.id = a.class_session_id AND k.section_id = a.section_id
          LEFT JOIN enrollment e ON e.section_id = a.section_id AND e.student_id = a.student_id
         WHERE k.id IS NULL OR e.id IS NULL
        """,
    ),
    Invariant(
        "attendance.notified",
        "The latest list of a section bars whom it names short, and a condoned one was condoned",
        """
        SELECT l.id AS list_id, r.student_id, r.outcome, e.status
          FROM eligibility_list l JOIN eligibility_row r ON r.list_id = l.id
          JOIN enrollment e ON e.section_id = r.section_id AND e.student_id = r.student_id
          LEFT JOIN condonation d ON d.id = r.condonation_id
         WHERE (l.version = (SELECT max(version) FROM eligibility_list o WHERE o.section_id = l.section_id)
                AND r.outcome = 'short' AND e.status = 'enrolled')
            OR (r.outcome = 'condoned' AND (d.id IS NULL OR d.granted_at > l.notified_at))
        """,
    ),
    Invariant(
        "applicant.admitted",
        "Whoever was admitted was accepted, and is the registration of the program applied for",
        """
        SELECT a.id AS applicant_id, a.status, a.registration_id FROM applicant a
          LEFT JOIN registration r ON r.id = a.registration_id AND r.student_id = a.student_id
         WHERE a.registration_id IS NOT NULL
           AND (r.id IS NULL OR r.program_id <> a.program_id OR a.status <> 'accepted'
             OR a.admitted_at IS NULL)
        """,
    ),
    Invariant(
        "delegation.within",
        "A role that was lent is what its delegation says, and gone once that is revoked",
        """
        SELECT g.id AS account_role_id, g.account_id, g.delegation_id FROM account_role g
          LEFT JOIN delegation d
            ON (d.id, d.from_account_id, d.to_account_id, d.role_id, d.department_id)
             = (g.delegation_id, g.delegated_by, g.account_id, g.role_id, g.department_id)
           AND (d.from_date, d.until_date) = (g.valid_from, g.valid_until)
         WHERE g.delegation_id IS NOT NULL AND (d.id IS NULL OR d.revoked_at IS NOT NULL)
        """,
    ),
    Invariant(
        "enrollment.overrides",
        "Every rule that was set aside stands in the report, with its reason",
        """
        SELECT e.id AS enrollment_id, e.override FROM enrollment e
         WHERE e.override IS NOT NULL AND NOT EXISTS (
           SELECT FROM enrollment_override o WHERE o.enrollment_id = e.id
              AND o.code = e.override->>'code' AND o.reason = e.override->>'reason')
        """,
    ),
    Invariant(
        "enrollment.batches",
        "What a batch seated is of its program and term, and no longer enrolled once it is undone",
        """
        SELECT e.id AS enrollment_id, e.batch_id, b.state
          FROM enrollment e JOIN registration r ON r.id = e.registration_id
          LEFT JOIN enrollment_batch b ON b.id = e.batch_id
         WHERE e.batch_id IS NOT NULL
           AND (b.id IS NULL OR b.state = 'planned' OR b.term_id <> e.term_id OR b.program_id <> r.program_id
             OR b.state = 'undone' AND e.status = 'enrolled' AND e.enrolled_at = b.committed_at)
        """,
    ),
    Invariant(
        "result.states",
        "Published, notified and frozen stand together, and only over an approved sheet",
        """
        SELECT r.id AS result_id, r.state, h.state AS sheet
          FROM result r LEFT JOIN sheet h ON h.section_id = r.section_id
         WHERE (r.state <> 'draft') <> (r.published_at IS NOT NULL)
            OR (r.state = 'frozen') <> (r.frozen_at IS NOT NULL)
            OR (r.source = 'computed' AND (r.state <> 'draft') <> (r.notification_id IS NOT NULL))
            OR (r.source = 'computed' AND r.state <> 'draft' AND h.state <> 'approved')
            OR (r.state <> 'draft' AND r.stale)
        """,
    ),
    Invariant(
        "result.versions",
        "A result's versions follow one another, and the last is the result",
        """
        SELECT r.id AS result_id, r.version, 'the last version is another' AS why
          FROM result r LEFT JOIN result_version v ON v.result_id = r.id AND v.version = r.version
         WHERE v.id IS NULL OR (v.state, v.outcome, v.new_total, v.new_grade, v.grade_points)
                                 IS DISTINCT FROM (r.state, r.outcome, coalesce(r.total::text, ''), r.grade,
                                   r.grade_points)
        UNION ALL
        SELECT result_id, max(version), 'a version is missing' FROM result_version
         GROUP BY result_id HAVING min(version) <> 1 OR max(version) <> count(*)
        """,
    ),
    Invariant(
        "result.changed_by_approval",
        "A published result changed only through an approved request, to what was approved",
        """
        SELECT v.result_id, v.version, v.cause, v.change_request_id
          FROM (SELECT *, lag(state) OVER w AS old_state, lag(new_total) OVER w AS old_total, lag(new_grade)
            OVER w AS old_grade,
                       lag(outcome) OVER w AS old_outcome, lag(grade_points) OVER w AS old_points
                  FROM result_version WINDOW w AS (PARTITION BY result_id ORDER BY version)) v
          LEFT JOIN pending_change p ON p.id = v.change_request_id AND p.status = 'approved' AND p.result_id
          = v.result_id
                    AND p.new_total = v.new_total AND p.new_grade = v.new_grade
         WHERE v.old_state <> 'draft' AND p.id IS NULL
           AND (v.new_total, v.new_grade, v.outcome, v.grade_points) IS DISTINCT FROM (v.old_total,
             v.old_grade, v.old_outcome, v.old_points)
        """,
    ),
    Invariant(
        "result.withheld",
        "A withheld result is a draft",
        """
        SELECT w.id AS withholding_id, w.result_id, r.state FROM withholding w JOIN result r ON r.id =
          w.result_id
         WHERE w.released_at IS NULL AND r.state <> 'draft'
        """,
    ),
    Invariant(
        "change.approvals",
        "An approved change has two approvals in order, by two people who did not request it, and was "
        "applied",
        """
        SELECT p.id AS change_id, count(a.id) AS approvals FROM pending_change p
          LEFT JOIN change_approval a ON a.change_id = p.id AND a.approved AND a.approver_id <> p.requested_by
         WHERE p.status = 'approved' AND p.lapse_id IS NULL
         GROUP BY p.id
        HAVING count(a.id) <> 2 OR count(DISTINCT a.approver_id) <> 2
            OR max(a.at) FILTER (WHERE a.stage = 1) > min(a.at) FILTER (WHERE a.stage = 2)
            OR NOT EXISTS (SELECT FROM result_version v WHERE v.change_request_id = p.id)
        """,
    ),
    Invariant(
        "change.lapses",
        "An incomplete lapsed after its day and 14 days of notice, to what was declared with it",
        """
        SELECT p.id AS change_id, p.result_id, l.due_on, l.noticed_on
          FROM pending_change p LEFT JOIN result_lapse l ON l.id = p.lapse_id AND l.result_id = p.result_id
         WHERE p.lapse_id IS NOT NULL
           AND (l.id IS NULL OR p.status <> 'approved' OR l.ended IS DISTINCT FROM 'lapsed'
             OR p.new_grade <> l.grade OR p.new_total <> p.old_total
             OR coalesce(campus_day(p.resolved_at) <= l.due_on, true)
             OR coalesce(campus_day(p.resolved_at) < l.noticed_on + 14, true)
             OR NOT EXISTS (SELECT FROM result_version v WHERE v.change_request_id = p.id))
        UNION ALL
        SELECT NULL, l.result_id, l.due_on, l.noticed_on FROM result_lapse l
         WHERE l.ended = 'lapsed' AND NOT EXISTS (SELECT FROM pending_change p WHERE p.lapse_id = l.id)
        """,
    ),
    Invariant(
        "incomplete.declared",
        "A published incomplete that its regulation lets lapse says when and to what",
        """
        SELECT r.id AS result_id FROM result r JOIN regulation g ON g.id = r.regulation_id
         WHERE r.source = 'computed' AND r.state <> 'draft' AND r.outcome = 'incomplete'
           AND g.policy #>> '{symbols,I,lapses_to}' IS NOT NULL
           AND NOT EXISTS (SELECT FROM result_lapse l WHERE l.result_id = r.id AND l.ended IS NULL)
        """,
    ),
    Invariant(
        "case.approvals",
        "An applied case was approved for every department concerned and then by another, none of whom "
        "asked or proposed",
        """
        SELECT c.id AS case_id, c.state FROM academic_case c
         WHERE c.state = 'applied'
           AND (NOT EXISTS (SELECT FROM case_approval a WHERE a.case_id = c.id AND a.stage = 2 AND a.approved)
             OR EXISTS (SELECT FROM case_approval a WHERE a.case_id = c.id
                         AND (NOT a.approved OR a.approver_id IN (c.requested_by, c.proposed_by)))
             OR EXISTS (SELECT FROM case_approval a
                          JOIN case_approval b ON b.case_id = a.case_id AND b.stage = 2
                         WHERE a.case_id = c.id AND a.stage = 1
                           AND (a.approver_id = b.approver_id OR a.at > b.at))
             OR EXISTS (SELECT FROM case_departments(c.id) d (id)
                         WHERE NOT EXISTS (SELECT FROM case_approval a
                         WHERE a.case_id = c.id AND a.stage = 1 AND a.approved AND a.department_id = d.id)))
        """,
    ),
    Invariant(
        "case.together",
        "The changes of a case are decided as the case is, and it is open as long as it is undecided",
        """
        SELECT p.case_id, c.state, p.id AS change_id, p.status FROM pending_change p
          JOIN academic_case c ON c.id = p.case_id
         WHERE p.status <> CASE c.state WHEN 'applied' THEN 'approved' WHEN 'rejected' THEN 'rejected'
                                        ELSE 'pending' END
        UNION ALL
        SELECT c.id, c.state, NULL, CASE WHEN x.open THEN 'open' ELSE 'closed' END
          FROM case_result x JOIN academic_case c ON c.id = x.case_id
         WHERE x.open <> (c.state IN ('requested', 'proposed'))
        """,
    ),
    Invariant(
        "result.transferred",
        "Transferred credit is what an applied case states, once",
        """
        SELECT r.id AS result_id, t.case_id FROM result r
          LEFT JOIN transfer_credit t ON t.result_id = r.id LEFT JOIN academic_case c ON c.id = t.case_id
         WHERE r.source = 'transfer'
           AND (c.state IS DISTINCT FROM 'applied' OR (t.registration_id, t.course_id, t.credits)
                  IS DISTINCT FROM (r.registration_id, r.course_id, r.credits))
        UNION ALL
        SELECT NULL, t.case_id FROM transfer_credit t JOIN academic_case c ON c.id = t.case_id
         WHERE (c.state = 'applied') <> (t.result_id IS NOT NULL)
        """,
    ),
    Invariant(
        "evidence.content",
        "A file of evidence is what its name says",
        """
        SELECT e.id AS evidence_id, e.name FROM case_evidence e JOIN evidence_file f ON f.sha256 = e.sha256
         WHERE encode(sha256(f.content), 'hex') <> e.sha256 OR length(f.content) <> e.size
        """,
    ),
    Invariant(
        "notification.content",
        "A notification's content is what its checksum says, and numbers have no gaps",
        """
        SELECT number, 'another checksum' AS why FROM notification_of_result
         WHERE encode(sha256(convert_to(content, 'UTF8')), 'hex') <> sha256
        UNION ALL
        SELECT s.name || ' ' || s.year, format('%%s were taken, %%s exist', s.last, count(n.id))
          FROM series s LEFT JOIN notification_of_result n ON extract(year FROM n.date) = s.year
         WHERE s.name = 'notification_of_result' GROUP BY s.name, s.year, s.last HAVING s.last <> count(n.id)
        """,
    ),
    Invariant(
        "term_result.versions",
        "What a term declared is kept as its last version",
        """
        SELECT t.registration_id, t.term_id FROM term_result t
         WHERE NOT EXISTS (SELECT FROM term_result_version v
                            WHERE (v.registration_id, v.term_id) = (t.registration_id, t.term_id)
                              AND (v.sgpa, v.cgpa, v.gpa_credits, v.quality_points, v.earned, v.standing)
                                    IS NOT DISTINCT FROM (t.sgpa, t.cgpa, t.gpa_credits, t.quality_points,
                                      t.earned, t.standing))
        """,
    ),
    Invariant(
        "document.content",
        "An issued document's file and content are what its checksums say",
        """
        SELECT d.serial, 'the file has another checksum' AS why
          FROM issued_document d JOIN issued_document_file f ON f.document_id = d.id WHERE
            encode(sha256(f.pdf), 'hex') <> d.sha256
        UNION ALL
        SELECT serial, 'the content has another checksum' FROM issued_document
         WHERE encode(sha256(convert_to(content, 'UTF8')), 'hex') <> content_sha256
        UNION ALL
        SELECT d.serial, 'its file is missing' FROM issued_document d
         WHERE NOT EXISTS (SELECT FROM issued_document_file f WHERE f.document_id = d.id)
        """,
    ),
    Invariant(
        "document.superseded",
        "No document is valid that printed a grade which was changed since",
        """
        SELECT d.serial, v.result_id, v.version
          FROM (SELECT *, lag(new_total) OVER w AS old_total, lag(new_grade) OVER w AS old_grade,
                       lag(outcome) OVER w AS old_outcome, lag(grade_points) OVER w AS old_points
                  FROM result_version WINDOW w AS (PARTITION BY result_id ORDER BY version)) v
          JOIN issued_document_result p ON p.result_id = v.result_id
          JOIN issued_document d ON d.id = p.document_id AND d.issued_at < v.at
         WHERE v.cause = 'change' AND document_status(d.id) = 'valid'
           AND (v.new_total, v.new_grade, v.outcome, v.grade_points) IS DISTINCT FROM (v.old_total,
             v.old_grade, v.old_outcome, v.old_points)
        """,
    ),
    Invariant(
        "search.numbers",
        "Whoever has a number is found by it, and nobody else",
        """
        SELECT 'not listed' AS why, left_out.id AS student_id, left_out.ending
          FROM (SELECT s.id, e.ending
                  FROM student s CROSS JOIN LATERAL number_endings(s.search_text) AS e (ending)
                EXCEPT SELECT k.student_id, k.ending FROM student_number k) left_out
        UNION ALL
        SELECT 'of nobody', stray.student_id, stray.ending
          FROM (SELECT k.student_id, k.ending FROM student_number k
                EXCEPT SELECT s.id, e.ending
                  FROM student s CROSS JOIN LATERAL number_endings(s.search_text) AS e (ending)) stray
        """,
    ),
)


def broken_rows(connection: Connection, invariant: Invariant) -> list[dict[str, Any]]:
    """The first rows that break it; none when it holds."""
    return connection.rows(f"SELECT * FROM ({invariant.sql}) AS broken LIMIT {SHOWN}")


def registrations_with_record(connection: Connection) -> list[int]:
    """Registrations that have published results."""
    rows = connection.rows(
        "SELECT DISTINCT registration_id FROM result WHERE state <> 'draft' ORDER BY registration_id"
    )
    return [row["registration_id"] for row in rows]


def published_sections(connection: Connection) -> list[int]:
    """Sections that have published results of their own sheet."""
    rows = connection.rows(
        "SELECT DISTINCT section_id FROM result WHERE state <> 'draft' AND source = 'computed' "
        "ORDER BY section_id"
    )
    return [row["section_id"] for row in rows]


def declared_figures(connection: Connection, registration_ids: list[int]) -> dict[int, Any]:
    """By registration: the CGPA that the registration shows."""
    rows = connection.rows("SELECT id, cgpa FROM registration WHERE id = ANY (%(ids)s)", ids=registration_ids)
    return {row["id"]: row["cgpa"] for row in rows}


def counts_of(connection: Connection, registration_ids: list[int]) -> dict[int, str]:
    """By result, where it is written that it does not simply count."""
    rows = connection.rows(
        "SELECT k.result_id, k.counts FROM result_counting k JOIN result r ON r.id = k.result_id "
        "WHERE r.registration_id = ANY (%(ids)s)",
        ids=registration_ids,
    )
    return {row["result_id"]: row["counts"] for row in rows}
