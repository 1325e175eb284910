"""Cases: recheck, unfair means, grace, incomplete grades; transferred credits.

A case groups changes of published results. Each result keeps its one change request with its two
approvals; what is new is that the requests of a case are decided together, or not at all. An incomplete
lapses by a row that was written when it was declared: that row takes the place of the approvals, once,
and only after its day and the notice before it.
"""

from alembic import op

revision = "2026_11_23_15"
down_revision = "2026_11_23_14"
branch_labels = None
depends_on = None

SCHEMA = r"""
CREATE TABLE academic_case (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CONSTRAINT ck_academic_case_kind CHECK (kind IN
    ('recheck', 're_evaluation', 'unfair_means', 'grace', 'incomplete_completion', 'correction', 'transfer')),
  state text NOT NULL DEFAULT 'requested' CONSTRAINT ck_academic_case_state CHECK (state IN ('requested', 'proposed', 'applied', 'rejected', 'withdrawn')),
  -- Whose record it is about, where it is about one: grace, transfer, unfair means.
  registration_id bigint CONSTRAINT fk_academic_case_registration REFERENCES registration (id),
  term_id bigint CONSTRAINT fk_academic_case_term REFERENCES term (id),
  -- The student who asked, when no office did: such a case is theirs to see.
  asked_by_student bigint CONSTRAINT fk_academic_case_student REFERENCES student (id),
  reason text NOT NULL CONSTRAINT ck_academic_case_reason_given CHECK (reason ~ '\S'),
  -- Committee and minute, or the order that decides.
  authority text NOT NULL DEFAULT '',
  finding text NOT NULL DEFAULT '',
  -- What else was decided: the penalty, the budget of grace and what it bars, where credit comes from.
  decision jsonb NOT NULL DEFAULT '{}',
  requested_by bigint NOT NULL CONSTRAINT fk_academic_case_requested_by REFERENCES account (id),
  requested_at timestamptz NOT NULL DEFAULT now(),
  proposed_by bigint CONSTRAINT fk_academic_case_proposed_by REFERENCES account (id),
  proposed_at timestamptz,
  resolved_at timestamptz,
  applied_in xid8,
  CONSTRAINT ck_academic_case_proposed_by_iff_proposed CHECK ((proposed_by IS NULL) = (proposed_at IS NULL) AND (state NOT IN ('proposed', 'applied') OR proposed_by IS NOT NULL)),
  CONSTRAINT ck_academic_case_resolved_iff_decided CHECK ((state IN ('requested', 'proposed')) = (resolved_at IS NULL)),
  CONSTRAINT ck_academic_case_applied_iff_applied CHECK ((state = 'applied') = (applied_in IS NOT NULL)),
  CONSTRAINT ck_academic_case_student_asks_to_look_again CHECK (asked_by_student IS NULL OR kind IN ('recheck', 're_evaluation'))
);
CREATE INDEX ix_academic_case_state ON academic_case (state, id);
CREATE INDEX ix_academic_case_registration_id ON academic_case (registration_id, id);
CREATE INDEX ix_academic_case_asked_by_student ON academic_case (asked_by_student, id);

-- Which results it concerns. One case of a result is open at a time.
CREATE TABLE case_result (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  case_id bigint NOT NULL CONSTRAINT fk_case_result_case REFERENCES academic_case (id),
  result_id bigint NOT NULL CONSTRAINT fk_case_result_result REFERENCES result (id),
  student_id bigint NOT NULL CONSTRAINT fk_case_result_student REFERENCES student (id),
  open boolean NOT NULL DEFAULT true,
  CONSTRAINT uq_case_result UNIQUE (case_id, result_id)
);
CREATE UNIQUE INDEX uq_case_result_one_open ON case_result (result_id) WHERE open;
CREATE INDEX ix_case_result_student_id ON case_result (student_id, case_id);

CREATE FUNCTION case_result_is_named_first() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF NOT EXISTS (SELECT FROM academic_case c WHERE c.id = NEW.case_id AND c.state = 'requested') OR NOT NEW.open THEN
      RAISE EXCEPTION 'the results of a case are named before it is proposed' USING ERRCODE = '23514', CONSTRAINT = 'ck_case_result_named_before_proposal';
    END IF;
    IF NOT EXISTS (SELECT FROM result r WHERE r.id = NEW.result_id AND r.student_id = NEW.student_id) THEN
      RAISE EXCEPTION 'result % is another student''s', NEW.result_id USING ERRCODE = '23514', CONSTRAINT = 'ck_case_result_is_of_its_student';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER case_result_is_named_first BEFORE INSERT ON case_result FOR EACH ROW EXECUTE FUNCTION case_result_is_named_first();

-- Credit from elsewhere, course by course. It becomes a result when its case is applied.
CREATE TABLE transfer_credit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  case_id bigint NOT NULL CONSTRAINT fk_transfer_credit_case REFERENCES academic_case (id),
  registration_id bigint NOT NULL CONSTRAINT fk_transfer_credit_registration REFERENCES registration (id),
  term_id bigint NOT NULL CONSTRAINT fk_transfer_credit_term REFERENCES term (id),
  institution text NOT NULL CONSTRAINT ck_transfer_credit_institution_named CHECK (institution ~ '\S'),
  original_course text NOT NULL CONSTRAINT ck_transfer_credit_course_named CHECK (original_course ~ '\S'),
  original_grade text NOT NULL DEFAULT '',
  course_id bigint NOT NULL CONSTRAINT fk_transfer_credit_course REFERENCES course (id),
  credits numeric(5,2) NOT NULL CONSTRAINT ck_transfer_credit_credits CHECK (credits >= 0 AND credits < 'NaN'),
  outcome text NOT NULL CONSTRAINT ck_transfer_credit_outcome CHECK (outcome IN ('transfer', 'exempt')),
  grade text NOT NULL,
  grade_points numeric(4,2),
  result_id bigint CONSTRAINT fk_transfer_credit_result REFERENCES result (id) CONSTRAINT uq_transfer_credit_result UNIQUE,
  CONSTRAINT uq_transfer_credit_course UNIQUE (case_id, course_id)
);
CREATE INDEX ix_transfer_credit_registration_id ON transfer_credit (registration_id, id);

CREATE FUNCTION transfer_credit_stands() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF NOT EXISTS (SELECT FROM academic_case c WHERE c.id = NEW.case_id AND c.kind = 'transfer' AND c.state = 'requested' AND c.registration_id = NEW.registration_id)
       OR NEW.result_id IS NOT NULL THEN
      RAISE EXCEPTION 'what is transferred is stated before it is proposed' USING ERRCODE = '23514', CONSTRAINT = 'ck_transfer_credit_stated_before_proposal';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER transfer_credit_stands BEFORE INSERT ON transfer_credit FOR EACH ROW EXECUTE FUNCTION transfer_credit_stands();

-- A transferred result exists only as the credit that an applied case states, once. Run after the row is
-- there, because the credit then names it.
CREATE FUNCTION transfer_result_is_lawful(made result) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    UPDATE transfer_credit t SET result_id = made.id
     WHERE t.id = (SELECT x.id FROM transfer_credit x JOIN academic_case c ON c.id = x.case_id
                    WHERE c.state = 'applied' AND c.applied_in = pg_current_xact_id() AND x.result_id IS NULL
                      AND x.registration_id = made.registration_id AND x.term_id = made.term_id AND x.course_id = made.course_id
                      AND x.credits = made.credits AND x.outcome = made.outcome AND x.grade = made.grade
                      AND x.grade_points IS NOT DISTINCT FROM made.grade_points
                    ORDER BY x.id LIMIT 1);
    RETURN FOUND AND made.state = 'published' AND made.total IS NULL;
  END $$;
REVOKE EXECUTE ON FUNCTION transfer_result_is_lawful(result) FROM PUBLIC;

CREATE FUNCTION result_is_transferred_by_case() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF NOT transfer_result_is_lawful(NEW) THEN
      RAISE EXCEPTION 'credit is transferred by an approved case' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_transferred_by_case';
    END IF;
    RETURN NULL;
  END $$;
CREATE TRIGGER result_is_transferred_by_case AFTER INSERT ON result FOR EACH ROW WHEN (NEW.source = 'transfer')
  EXECUTE FUNCTION result_is_transferred_by_case();

-- The departments whose heads decide first: of the courses concerned; of the program, where credit is brought.
CREATE FUNCTION case_departments(wanted bigint) RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    SELECT c.department_id FROM case_result x JOIN result r ON r.id = x.result_id JOIN course c ON c.id = r.course_id WHERE x.case_id = wanted
    UNION
    SELECT p.department_id FROM academic_case k JOIN registration g ON g.id = k.registration_id JOIN program p ON p.id = g.program_id
     WHERE k.id = wanted AND k.kind = 'transfer'
  $$;
GRANT EXECUTE ON FUNCTION case_departments(bigint) TO sims_app, sims_student, sims_readonly;

CREATE TABLE case_approval (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  case_id bigint NOT NULL CONSTRAINT fk_case_approval_case REFERENCES academic_case (id),
  stage integer NOT NULL CONSTRAINT ck_case_approval_stage CHECK (stage IN (1, 2)),
  department_id bigint CONSTRAINT fk_case_approval_department REFERENCES department (id),
  approver_id bigint NOT NULL CONSTRAINT fk_case_approval_approver REFERENCES account (id),
  capacity text NOT NULL CONSTRAINT ck_case_approval_capacity CHECK (
    (stage = 1 AND capacity IN ('head', 'dean')) OR (stage = 2 AND capacity IN ('exam_cell', 'registrar'))),
  approved boolean NOT NULL,
  reason text NOT NULL DEFAULT '',
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT uq_case_approval_stage UNIQUE NULLS NOT DISTINCT (case_id, stage, department_id),
  CONSTRAINT ck_case_approval_department_iff_first CHECK ((stage = 1) = (department_id IS NOT NULL)),
  CONSTRAINT ck_case_approval_reason_to_reject CHECK (approved OR reason ~ '\S')
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON case_approval FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION case_approval_in_order() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  DECLARE about academic_case;
  BEGIN
    SELECT * INTO about FROM academic_case WHERE id = NEW.case_id FOR UPDATE;
    IF about.state <> 'proposed' AND NOT (about.state = 'requested' AND NOT NEW.approved) THEN
      RAISE EXCEPTION 'case % is %', NEW.case_id, about.state USING ERRCODE = '23514', CONSTRAINT = 'ck_case_approval_while_proposed';
    END IF;
    IF NEW.approver_id = about.requested_by OR NEW.approver_id = about.proposed_by THEN
      RAISE EXCEPTION 'whoever asked or proposed does not decide' USING ERRCODE = '23514', CONSTRAINT = 'ck_case_approval_not_own';
    END IF;
    IF EXISTS (SELECT FROM case_approval WHERE case_id = NEW.case_id AND approver_id = NEW.approver_id AND stage <> NEW.stage) THEN
      RAISE EXCEPTION 'the second approval is another person''s' USING ERRCODE = '23514', CONSTRAINT = 'ck_case_approval_by_two_people';
    END IF;
    IF NEW.stage = 1 AND NEW.department_id NOT IN (SELECT case_departments(NEW.case_id)) THEN
      RAISE EXCEPTION 'the case does not concern department %', NEW.department_id USING ERRCODE = '23514', CONSTRAINT = 'ck_case_approval_of_a_department_concerned';
    END IF;
    IF NEW.stage = 2 AND about.state = 'proposed' AND EXISTS (
         SELECT FROM case_departments(NEW.case_id) d (id)
          WHERE NOT EXISTS (SELECT FROM case_approval a WHERE a.case_id = NEW.case_id AND a.stage = 1 AND a.approved AND a.department_id = d.id)) THEN
      RAISE EXCEPTION 'a first approval of case % is missing', NEW.case_id USING ERRCODE = '23514', CONSTRAINT = 'ck_case_approval_in_order';
    END IF;
    -- Nor anybody in their place, by a role that they lent.
    IF NOT EXISTS (
      SELECT FROM role_held h JOIN role r ON r.id = h.role_id
       WHERE h.account_id = NEW.approver_id AND r.name = NEW.capacity AND (NEW.stage = 2 OR h.department_id = NEW.department_id)
         AND (h.delegated_by IS NULL OR h.delegated_by NOT IN (about.requested_by, coalesce(about.proposed_by, about.requested_by)))) THEN
      RAISE EXCEPTION 'account % is no % here', NEW.approver_id, NEW.capacity USING ERRCODE = '23514', CONSTRAINT = 'ck_case_approval_capacity_held';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER case_approval_in_order BEFORE INSERT ON case_approval FOR EACH ROW EXECUTE FUNCTION case_approval_in_order();

-- requested → proposed → applied or rejected; a request nobody worked on may be rejected or withdrawn.
CREATE FUNCTION academic_case_moves_lawfully() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF TG_OP = 'INSERT' THEN
      IF NEW.state <> 'requested' THEN
        RAISE EXCEPTION 'a case begins as a request' USING ERRCODE = '23514', CONSTRAINT = 'ck_academic_case_begins_requested';
      END IF;
      RETURN NEW;
    END IF;
    IF (NEW.id, NEW.kind, NEW.registration_id, NEW.term_id, NEW.asked_by_student, NEW.reason, NEW.requested_by, NEW.requested_at)
         IS DISTINCT FROM (OLD.id, OLD.kind, OLD.registration_id, OLD.term_id, OLD.asked_by_student, OLD.reason, OLD.requested_by, OLD.requested_at)
       OR OLD.state <> 'requested' AND (NEW.authority, NEW.finding, NEW.decision, NEW.proposed_by, NEW.proposed_at)
         IS DISTINCT FROM (OLD.authority, OLD.finding, OLD.decision, OLD.proposed_by, OLD.proposed_at) THEN
      RAISE EXCEPTION 'what is to be decided stands once it is proposed' USING ERRCODE = '23514', CONSTRAINT = 'ck_academic_case_stands_once_proposed';
    END IF;
    IF NEW.state = OLD.state AND OLD.state = 'requested' THEN RETURN NEW; END IF;
    IF (OLD.state, NEW.state) NOT IN (('requested', 'proposed'), ('requested', 'rejected'), ('requested', 'withdrawn'), ('proposed', 'applied'), ('proposed', 'rejected')) THEN
      RAISE EXCEPTION 'a case cannot go from % to %', OLD.state, NEW.state USING ERRCODE = '23514', CONSTRAINT = 'ck_academic_case_transition';
    END IF;
    IF NEW.state = 'applied' THEN
      IF NOT EXISTS (SELECT FROM case_approval WHERE case_id = NEW.id AND stage = 2 AND approved)
         OR EXISTS (SELECT FROM case_departments(NEW.id) d (id)
                     WHERE NOT EXISTS (SELECT FROM case_approval a WHERE a.case_id = NEW.id AND a.stage = 1 AND a.approved AND a.department_id = d.id))
         OR NOT EXISTS (SELECT FROM case_departments(NEW.id)) THEN
        RAISE EXCEPTION 'case % lacks its approvals', NEW.id USING ERRCODE = '23514', CONSTRAINT = 'ck_academic_case_has_its_approvals';
      END IF;
      NEW.applied_in := pg_current_xact_id();
    ELSIF NEW.state = 'rejected' AND NOT EXISTS (SELECT FROM case_approval WHERE case_id = NEW.id AND NOT approved) THEN
      RAISE EXCEPTION 'nobody rejected case %', NEW.id USING ERRCODE = '23514', CONSTRAINT = 'ck_academic_case_has_a_rejection';
    END IF;
    IF NEW.state IN ('applied', 'rejected', 'withdrawn') THEN
      UPDATE case_result SET open = false WHERE case_id = NEW.id;
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER academic_case_moves_lawfully BEFORE INSERT OR UPDATE ON academic_case FOR EACH ROW EXECUTE FUNCTION academic_case_moves_lawfully();

-- Evidence is kept by what it is: the same scan filed twice is stored once, and a changed byte is found.
CREATE TABLE evidence_file (
  sha256 text PRIMARY KEY CONSTRAINT ck_evidence_file_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  content bytea NOT NULL CONSTRAINT ck_evidence_file_size CHECK (length(content) BETWEEN 1 AND 10485760),
  CONSTRAINT ck_evidence_file_is_what_it_is_called CHECK (encode(sha256(content), 'hex') = sha256)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence_file FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TABLE case_evidence (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  case_id bigint NOT NULL CONSTRAINT fk_case_evidence_case REFERENCES academic_case (id),
  sha256 text NOT NULL CONSTRAINT fk_case_evidence_file REFERENCES evidence_file (sha256),
  name text NOT NULL,
  media_type text NOT NULL CONSTRAINT ck_case_evidence_media_type CHECK (media_type IN ('application/pdf', 'image/png', 'image/jpeg', 'text/plain', 'application/octet-stream')),
  size integer NOT NULL,
  note text NOT NULL DEFAULT '',
  filed_by bigint NOT NULL CONSTRAINT fk_case_evidence_filed_by REFERENCES account (id),
  filed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT uq_case_evidence_once UNIQUE (case_id, sha256)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON case_evidence FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- What an incomplete lapses to, and when: written when it is declared, never changed after. The day may
-- still be unknown then (no next term is planned yet) and is then set once, with room for the notice.
CREATE TABLE result_lapse (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  result_id bigint NOT NULL CONSTRAINT fk_result_lapse_result REFERENCES result (id),
  due_on date,
  grade text NOT NULL,
  grade_points numeric(4,2),
  outcome text NOT NULL CONSTRAINT ck_result_lapse_outcome CHECK (outcome IN ('fail', 'pass', 'withdrawn')),
  flags text[] NOT NULL DEFAULT '{}',
  declared_at timestamptz NOT NULL DEFAULT now(),
  noticed_on date,
  ended text CONSTRAINT ck_result_lapse_ended CHECK (ended IN ('lapsed', 'completed')),
  ended_at timestamptz,
  CONSTRAINT ck_result_lapse_ended_at_iff_ended CHECK ((ended IS NULL) = (ended_at IS NULL)),
  CONSTRAINT ck_result_lapse_noticed_for_a_day CHECK (noticed_on IS NULL OR due_on IS NOT NULL)
);
CREATE UNIQUE INDEX uq_result_lapse_one_open ON result_lapse (result_id) WHERE ended IS NULL;
CREATE INDEX ix_result_lapse_due_on ON result_lapse (due_on) WHERE ended IS NULL;

-- A grade still to come, with permission, before anything is published of it.
CREATE TABLE incomplete (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  enrollment_id bigint NOT NULL CONSTRAINT fk_incomplete_enrollment REFERENCES enrollment (id) CONSTRAINT uq_incomplete_enrollment UNIQUE,
  due_on date,
  reason text NOT NULL CONSTRAINT ck_incomplete_reason_given CHECK (reason ~ '\S'),
  granted_by bigint CONSTRAINT fk_incomplete_granted_by REFERENCES account (id),
  granted_at timestamptz NOT NULL DEFAULT now()
);
CREATE FUNCTION incomplete_before_publication() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  DECLARE about bigint := CASE TG_OP WHEN 'DELETE' THEN OLD.enrollment_id ELSE NEW.enrollment_id END;
  BEGIN
    IF EXISTS (SELECT FROM result WHERE enrollment_id = about AND state <> 'draft') THEN
      RAISE EXCEPTION 'the result is published' USING ERRCODE = '23514', CONSTRAINT = 'ck_incomplete_before_publication';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  END $$;
CREATE TRIGGER incomplete_before_publication BEFORE INSERT OR UPDATE OR DELETE ON incomplete FOR EACH ROW EXECUTE FUNCTION incomplete_before_publication();

ALTER TABLE pending_change
  ADD COLUMN case_id bigint CONSTRAINT fk_pending_change_case REFERENCES academic_case (id),
  ADD COLUMN lapse_id bigint CONSTRAINT fk_pending_change_lapse REFERENCES result_lapse (id) CONSTRAINT uq_pending_change_lapse UNIQUE,
  ALTER COLUMN requested_by DROP NOT NULL,
  ADD CONSTRAINT ck_pending_change_asked_for_or_lapsed CHECK ((requested_by IS NULL) = (lapse_id IS NOT NULL) AND (lapse_id IS NULL OR case_id IS NULL));
CREATE INDEX ix_pending_change_case_id ON pending_change (case_id) WHERE case_id IS NOT NULL;

CREATE OR REPLACE FUNCTION pending_change_is_decided_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF TG_OP = 'INSERT' THEN
      IF NEW.status <> 'pending' THEN
        RAISE EXCEPTION 'a change begins as pending' USING ERRCODE = '23514', CONSTRAINT = 'ck_pending_change_begins_pending';
      END IF;
      -- The approvers read the old values here: they are the result's own.
      IF NOT EXISTS (SELECT FROM result r WHERE r.id = NEW.result_id AND r.state <> 'draft'
                        AND r.grade = NEW.old_grade AND r.total IS NOT DISTINCT FROM nullif(NEW.old_total, '')::numeric) THEN
        RAISE EXCEPTION 'a change states the published result as it is' USING ERRCODE = '23514', CONSTRAINT = 'ck_pending_change_states_the_result';
      END IF;
      IF NEW.case_id IS NOT NULL AND NOT EXISTS (SELECT FROM case_result x JOIN academic_case c ON c.id = x.case_id
           WHERE c.id = NEW.case_id AND c.state = 'requested' AND x.result_id = NEW.result_id) THEN
        RAISE EXCEPTION 'the changes of a case are stated before it is proposed' USING ERRCODE = '23514', CONSTRAINT = 'ck_pending_change_stated_before_proposal';
      END IF;
      RETURN NEW;
    END IF;
    IF (NEW.result_id, NEW.old_grade, NEW.new_grade, NEW.old_total, NEW.new_total, NEW.new_values, NEW.base_version, NEW.by_marks, NEW.reason, NEW.requested_by, NEW.requested_at, NEW.case_id, NEW.lapse_id)
         IS DISTINCT FROM (OLD.result_id, OLD.old_grade, OLD.new_grade, OLD.old_total, OLD.new_total, OLD.new_values, OLD.base_version, OLD.by_marks, OLD.reason, OLD.requested_by, OLD.requested_at, OLD.case_id, OLD.lapse_id)
       OR OLD.status <> 'pending' THEN
      RAISE EXCEPTION 'a change request is decided once and never edited' USING ERRCODE = '23514', CONSTRAINT = 'ck_pending_change_is_decided_once';
    END IF;
    IF NEW.status = 'approved' AND NEW.lapse_id IS NOT NULL THEN
      -- By the rule, not by people: exactly what was declared, after its day and the notice before it.
      IF NOT EXISTS (SELECT FROM result_lapse l JOIN result r ON r.id = l.result_id
            WHERE l.id = NEW.lapse_id AND l.result_id = NEW.result_id AND l.ended IS NULL AND r.outcome = 'incomplete'
              AND l.due_on < campus_today() AND l.noticed_on + 14 <= campus_today()
              AND NEW.new_grade = l.grade AND NEW.new_total = NEW.old_total AND NOT NEW.by_marks
              AND (NEW.new_values->>'outcome') = l.outcome AND (NEW.new_values->>'grade_points')::numeric IS NOT DISTINCT FROM l.grade_points
              AND (NEW.new_values->>'marks_obtained')::numeric IS NOT DISTINCT FROM r.marks_obtained
              AND NEW.new_values->'flags' = to_jsonb(l.flags) AND NOT NEW.new_values ?| ARRAY['marks_max', 'percentage', 'heads']) THEN
        RAISE EXCEPTION 'an incomplete lapses as it was declared, after its day' USING ERRCODE = '23514', CONSTRAINT = 'ck_pending_change_lapses_as_declared';
      END IF;
      NEW.applied_in := pg_current_xact_id();
    ELSIF NEW.status = 'approved' THEN
      IF (SELECT count(*) FROM change_approval WHERE change_id = NEW.id AND approved) <> 2 THEN
        RAISE EXCEPTION 'change % lacks its two approvals', NEW.id USING ERRCODE = '23514', CONSTRAINT = 'ck_pending_change_has_two_approvals';
      END IF;
      NEW.applied_in := pg_current_xact_id();
    ELSIF NEW.status = 'rejected' THEN
      IF NOT EXISTS (SELECT FROM change_approval WHERE change_id = NEW.id AND NOT approved)
         AND NOT EXISTS (SELECT FROM case_approval WHERE case_id = NEW.case_id AND NOT approved) THEN
        RAISE EXCEPTION 'nobody rejected change %', NEW.id USING ERRCODE = '23514', CONSTRAINT = 'ck_pending_change_has_a_rejection';
      END IF;
    END IF;
    RETURN NEW;
  END $$;

-- One refusal rolls all back, one approval applies all: judged at commit, over the case and each of its changes.
CREATE FUNCTION case_changes_go_together() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  DECLARE about bigint := CASE TG_TABLE_NAME WHEN 'academic_case' THEN (to_jsonb(NEW)->>'id')::bigint ELSE (to_jsonb(NEW)->>'case_id')::bigint END;
  BEGIN
    IF EXISTS (SELECT FROM pending_change p JOIN academic_case c ON c.id = p.case_id
                WHERE p.case_id = about AND p.status <> CASE c.state WHEN 'applied' THEN 'approved' WHEN 'rejected' THEN 'rejected' ELSE 'pending' END) THEN
      RAISE EXCEPTION 'the changes of case % are decided together', about USING ERRCODE = '23514', CONSTRAINT = 'ck_case_changes_go_together';
    END IF;
    RETURN NULL;
  END $$;
CREATE CONSTRAINT TRIGGER case_changes_go_together AFTER UPDATE ON academic_case DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION case_changes_go_together();
CREATE CONSTRAINT TRIGGER case_changes_go_together AFTER UPDATE ON pending_change DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.case_id IS NOT NULL) EXECUTE FUNCTION case_changes_go_together();

-- A lapse is asked for and carried out at once: nothing of it waits, and so blocks nothing.
CREATE FUNCTION pending_change_lapses_at_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF NOT EXISTS (SELECT FROM pending_change WHERE id = NEW.id AND status = 'approved') THEN
      RAISE EXCEPTION 'a lapse does not wait' USING ERRCODE = '23514', CONSTRAINT = 'ck_pending_change_lapses_at_once';
    END IF;
    RETURN NULL;
  END $$;
CREATE CONSTRAINT TRIGGER pending_change_lapses_at_once AFTER INSERT ON pending_change DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.lapse_id IS NOT NULL) EXECUTE FUNCTION pending_change_lapses_at_once();

CREATE FUNCTION result_lapse_is_declared_beforehand() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  DECLARE rule text;
  BEGIN
    IF TG_OP = 'INSERT' THEN
      SELECT g.policy #>> '{symbols,I,lapses_to}' INTO rule FROM result r JOIN regulation g ON g.id = r.regulation_id
       -- In the very transaction that published it so.
       WHERE r.id = NEW.result_id AND r.outcome = 'incomplete' AND r.state <> 'draft' AND r.xmin = pg_current_xact_id()::xid;
      IF rule IS NULL OR (rule <> 'provisional' AND rule <> NEW.grade) OR NEW.due_on < campus_today() OR NEW.noticed_on IS NOT NULL OR NEW.ended IS NOT NULL THEN
        RAISE EXCEPTION 'a lapse is declared with its incomplete, as the regulation says' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_lapse_is_declared_beforehand';
      END IF;
      RETURN NEW;
    END IF;
    IF OLD.ended IS NOT NULL
       OR (NEW.id, NEW.result_id, NEW.grade, NEW.grade_points, NEW.outcome, NEW.flags, NEW.declared_at) IS DISTINCT FROM (OLD.id, OLD.result_id, OLD.grade, OLD.grade_points, OLD.outcome, OLD.flags, OLD.declared_at)
       OR NEW.due_on IS DISTINCT FROM OLD.due_on AND (OLD.due_on IS NOT NULL OR NEW.due_on < campus_today() + 14)
       OR NEW.noticed_on IS DISTINCT FROM OLD.noticed_on AND (OLD.noticed_on IS NOT NULL OR NEW.noticed_on <> campus_today())
       OR NEW.ended = 'lapsed' AND NOT EXISTS (SELECT FROM pending_change WHERE lapse_id = NEW.id AND status = 'approved')
       OR NEW.ended = 'completed' AND EXISTS (SELECT FROM result WHERE id = NEW.result_id AND outcome = 'incomplete') THEN
      RAISE EXCEPTION 'a declared lapse stands' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_lapse_stands';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER result_lapse_is_declared_beforehand BEFORE INSERT OR UPDATE ON result_lapse FOR EACH ROW EXECUTE FUNCTION result_lapse_is_declared_beforehand();

-- While a case of unfair means is open, nobody releases what it withholds.
CREATE FUNCTION withholding_waits_for_its_case() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF EXISTS (SELECT FROM case_result x JOIN academic_case c ON c.id = x.case_id
                WHERE x.result_id = NEW.result_id AND x.open AND c.kind = 'unfair_means') THEN
      RAISE EXCEPTION 'the case of result % is not decided', NEW.result_id USING ERRCODE = '23514', CONSTRAINT = 'ck_withholding_waits_for_its_case';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER withholding_waits_for_its_case BEFORE UPDATE ON withholding FOR EACH ROW
  WHEN (OLD.released_at IS NULL AND NEW.released_at IS NOT NULL) EXECUTE FUNCTION withholding_waits_for_its_case();

CALL audit_table('academic_case', 'case');
CALL audit_table('case_result', 'case_result');
CALL audit_table('case_approval', 'case_approval');
CALL audit_table('case_evidence', 'case_evidence');
CALL audit_table('transfer_credit', 'transfer');
CALL audit_table('result_lapse', 'incomplete');
CALL audit_table('incomplete', 'incomplete');
CALL audit_table('pending_change', 'pending_change');
COMMENT ON TABLE evidence_file IS 'not audited: bytes named by their digest, which the audited case_evidence states';

GRANT SELECT, INSERT (kind, registration_id, term_id, asked_by_student, reason, authority, finding, decision, requested_by, requested_at),
  UPDATE (state, authority, finding, decision, proposed_by, proposed_at, resolved_at) ON academic_case TO sims_app;
GRANT SELECT, INSERT (case_id, result_id, student_id) ON case_result TO sims_app;
GRANT SELECT, INSERT (case_id, registration_id, term_id, institution, original_course, original_grade, course_id, credits, outcome, grade, grade_points) ON transfer_credit TO sims_app;
GRANT SELECT, INSERT (case_id, stage, department_id, approver_id, capacity, approved, reason) ON case_approval TO sims_app;
GRANT SELECT, INSERT ON evidence_file TO sims_app;
GRANT SELECT, INSERT (case_id, sha256, name, media_type, size, note, filed_by, filed_at) ON case_evidence TO sims_app;
GRANT SELECT, INSERT (result_id, due_on, grade, grade_points, outcome, flags), UPDATE (due_on, noticed_on, ended, ended_at) ON result_lapse TO sims_app;
GRANT SELECT, INSERT (enrollment_id, due_on, reason, granted_by, granted_at), UPDATE (due_on, reason, granted_by, granted_at), DELETE ON incomplete TO sims_app;
GRANT INSERT (case_id, lapse_id) ON pending_change TO sims_app;

GRANT SELECT ON academic_case, case_result, case_approval, case_evidence, evidence_file, transfer_credit TO sims_student;
GRANT SELECT (id, result_id, due_on, grade, outcome, declared_at, noticed_on, ended, ended_at) ON result_lapse TO sims_student;
GRANT INSERT (kind, asked_by_student, reason, requested_by, requested_at), UPDATE (state, resolved_at) ON academic_case TO sims_student;
GRANT INSERT (case_id, result_id, student_id) ON case_result TO sims_student;
GRANT INSERT ON evidence_file TO sims_student;
GRANT INSERT (case_id, sha256, name, media_type, size, note, filed_by, filed_at) ON case_evidence TO sims_student;
-- What the student asked for, and credit that is brought to the own record.
CREATE POLICY own ON academic_case FOR SELECT TO sims_student USING (asked_by_student = acting_student()
  OR kind = 'transfer' AND registration_id IN (SELECT r.id FROM registration r WHERE r.student_id = acting_student()));
CREATE POLICY own ON transfer_credit FOR SELECT TO sims_student USING (registration_id IN (SELECT r.id FROM registration r WHERE r.student_id = acting_student()));
CREATE POLICY own_new ON academic_case FOR INSERT TO sims_student WITH CHECK (asked_by_student = acting_student() AND kind IN ('recheck', 're_evaluation'));
CREATE POLICY own_withdrawn ON academic_case FOR UPDATE TO sims_student USING (asked_by_student = acting_student() AND state = 'requested') WITH CHECK (state = 'withdrawn');
CREATE POLICY own ON case_result FOR SELECT TO sims_student USING (student_id = acting_student() AND case_id IN (SELECT c.id FROM academic_case c));
CREATE POLICY own_new ON case_result FOR INSERT TO sims_student WITH CHECK (
  student_id = acting_student() AND result_id IN (SELECT r.id FROM result r) AND case_id IN (SELECT c.id FROM academic_case c));
CREATE POLICY own ON case_approval FOR SELECT TO sims_student USING (case_id IN (SELECT c.id FROM academic_case c));
CREATE POLICY own ON case_evidence FOR SELECT TO sims_student USING (
  filed_by IN (SELECT a.requested_by FROM academic_case a WHERE a.id = case_id));
CREATE POLICY own_new ON case_evidence FOR INSERT TO sims_student WITH CHECK (
  filed_by = acting_account() AND case_id IN (SELECT c.id FROM academic_case c WHERE c.requested_by = acting_account()));
CREATE POLICY own ON evidence_file FOR SELECT TO sims_student USING (sha256 IN (SELECT e.sha256 FROM case_evidence e));
CREATE POLICY own_new ON evidence_file FOR INSERT TO sims_student WITH CHECK (true);
CREATE POLICY own ON result_lapse FOR SELECT TO sims_student USING (result_id IN (SELECT r.id FROM result r));
"""
OPEN_TO_STAFF = (
    "academic_case",
    "case_result",
    "case_approval",
    "case_evidence",
    "evidence_file",
    "result_lapse",
    "transfer_credit",
)


def upgrade() -> None:
    op.execute(SCHEMA)
    for table in OPEN_TO_STAFF:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY staff ON {table} TO sims_app USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY reading ON {table} FOR SELECT TO sims_readonly, sims_backup USING (true)")


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
