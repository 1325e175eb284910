"""Results, their versions, withholding, notifications, change requests with dual approval.

A published or frozen result changes only through one approved change request, once, and to exactly
what was approved: the version row's composite foreign key makes anything else unrepresentable.
"""

from alembic import op

revision = "2026_11_23_07"
down_revision = "2026_11_23_06"
branch_labels = None
depends_on = None

SCHEMA = r"""
CREATE TABLE notification_of_result (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  number text NOT NULL CONSTRAINT uq_notification_of_result_number UNIQUE,
  date date NOT NULL,
  kind text NOT NULL CONSTRAINT ck_notification_of_result_kind CHECK (kind IN ('main', 'later', 'corrigendum')),
  term_id bigint NOT NULL CONSTRAINT fk_notification_of_result_term REFERENCES term (id),
  scope jsonb NOT NULL,
  counts jsonb NOT NULL,
  content text NOT NULL,
  sha256 text NOT NULL CONSTRAINT ck_notification_of_result_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  published_by bigint CONSTRAINT fk_notification_of_result_account REFERENCES account (id),
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_notification_of_result_term_id ON notification_of_result (term_id, id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON notification_of_result FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TABLE result (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  enrollment_id bigint CONSTRAINT fk_result_enrollment REFERENCES enrollment (id),
  registration_id bigint NOT NULL,
  student_id bigint NOT NULL,
  section_id bigint CONSTRAINT fk_result_section REFERENCES section (id),
  term_id bigint NOT NULL CONSTRAINT fk_result_term REFERENCES term (id),
  course_id bigint NOT NULL CONSTRAINT fk_result_course REFERENCES course (id),
  attempt integer NOT NULL DEFAULT 1,
  total numeric CONSTRAINT ck_result_total_has_six_places CHECK (total >= 0 AND total < 'Infinity' AND scale(total) <= 6),
  marks_obtained numeric(9,2),
  marks_max numeric(9,2),
  percentage numeric(7,2),
  heads jsonb NOT NULL DEFAULT '[]',
  grade text NOT NULL DEFAULT '',
  grade_points numeric(4,2),
  credits numeric(5,2) NOT NULL,
  outcome text NOT NULL CONSTRAINT ck_result_outcome CHECK (outcome IN
    ('pass', 'fail', 'incomplete', 'withheld', 'withdrawn', 'barred', 'absent', 'exempt', 'transfer', 'audit', 'void')),
  flags text[] NOT NULL DEFAULT '{}',
  source text NOT NULL DEFAULT 'computed' CONSTRAINT ck_result_source CHECK (source IN ('computed', 'legacy', 'transfer')),
  regulation_id bigint NOT NULL CONSTRAINT fk_result_regulation REFERENCES regulation (id),
  trace jsonb,
  -- What keeps a draft from being published (blank cells, weights that do not add up), as the engine said.
  blocks jsonb NOT NULL DEFAULT '[]',
  stale boolean NOT NULL DEFAULT false,
  state text NOT NULL DEFAULT 'draft' CONSTRAINT ck_result_state CHECK (state IN ('draft', 'published', 'frozen')),
  version integer NOT NULL DEFAULT 1,
  published_at timestamptz,
  published_by bigint CONSTRAINT fk_result_published_by REFERENCES account (id),
  frozen_at timestamptz,
  frozen_by bigint CONSTRAINT fk_result_frozen_by REFERENCES account (id),
  notification_id bigint CONSTRAINT fk_result_notification REFERENCES notification_of_result (id),
  change_request_id bigint,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT fk_result_registration FOREIGN KEY (registration_id, student_id) REFERENCES registration (id, student_id),
  CONSTRAINT ck_result_enrollment_iff_computed CHECK ((source = 'computed') = (enrollment_id IS NOT NULL AND section_id IS NOT NULL)),
  CONSTRAINT ck_result_published_at_iff_published CHECK ((state <> 'draft') = (published_at IS NOT NULL) AND (published_at IS NULL) = (published_by IS NULL)),
  CONSTRAINT ck_result_notification_iff_published CHECK (source <> 'computed' OR (state <> 'draft') = (notification_id IS NOT NULL)),
  CONSTRAINT ck_result_frozen_at_iff_frozen CHECK ((state = 'frozen') = (frozen_at IS NOT NULL) AND (frozen_at IS NULL) = (frozen_by IS NULL)),
  CONSTRAINT ck_result_published_is_not_stale CHECK (state = 'draft' OR NOT stale),
  CONSTRAINT ck_result_change_only_when_published CHECK (change_request_id IS NULL OR state <> 'draft')
-- Room for the published row beside its draft, and no index on what a publish changes: no index is touched.
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX uq_result_enrollment ON result (enrollment_id) WHERE enrollment_id IS NOT NULL;
CREATE INDEX ix_result_student_id ON result (student_id, id);
CREATE INDEX ix_result_registration_id ON result (registration_id, course_id);
CREATE INDEX ix_result_section_id ON result (section_id, id);
CREATE INDEX ix_result_term_id ON result (term_id, id);

-- Where the regulation grades in relation to the class: the cut-offs as they were when the sheet was
-- approved. A mark that is rechecked later moves nobody else's grade.
CREATE TABLE section_cutoff (
  section_id bigint NOT NULL CONSTRAINT fk_section_cutoff_section REFERENCES section (id),
  regulation_id bigint NOT NULL CONSTRAINT fk_section_cutoff_regulation REFERENCES regulation (id),
  cutoffs jsonb NOT NULL,
  frozen_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_section_cutoff PRIMARY KEY (section_id, regulation_id)
);

-- What a grade in relation to the class was judged by stands once such a grade is out.
CREATE FUNCTION section_cutoff_stands() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF (TG_OP = 'INSERT' OR NEW.cutoffs <> OLD.cutoffs)
       AND EXISTS (SELECT FROM result WHERE section_id = NEW.section_id AND regulation_id = NEW.regulation_id AND state <> 'draft') THEN
      RAISE EXCEPTION 'the cut-offs of a published section stand' USING ERRCODE = '23514', CONSTRAINT = 'ck_section_cutoff_stands';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER section_cutoff_stands_update BEFORE UPDATE ON section_cutoff FOR EACH ROW EXECUTE FUNCTION section_cutoff_stands();
CREATE TRIGGER section_cutoff_stands_insert AFTER INSERT ON section_cutoff FOR EACH ROW EXECUTE FUNCTION section_cutoff_stands();

-- A returned sheet makes its drafts stale, whoever returns it; the next approval computes them anew.
CREATE FUNCTION sheet_return_stales_results() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    UPDATE result SET stale = true WHERE section_id = NEW.section_id AND state = 'draft' AND NOT stale;
    RETURN NULL;
  END $$;
CREATE TRIGGER sheet_return_stales_results AFTER UPDATE OF state ON sheet FOR EACH ROW
  WHEN (OLD.state = 'approved' AND NEW.state = 'open') EXECUTE FUNCTION sheet_return_stales_results();

-- Whether a result counts in the CGPA is derived by the regulation's repeat rule and recomputed with
-- it; it is not part of the record and must not be able to change one.
CREATE TABLE result_counting (
  result_id bigint PRIMARY KEY CONSTRAINT fk_result_counting_result REFERENCES result (id),
  counts text NOT NULL CONSTRAINT ck_result_counting_counts CHECK (counts IN ('counted', 'replaced', 'excluded'))
);

CREATE TABLE withholding (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  result_id bigint NOT NULL CONSTRAINT fk_withholding_result REFERENCES result (id),
  reason text NOT NULL CONSTRAINT ck_withholding_reason CHECK (reason IN ('fee', 'ufm', 'award_awaited', 'document', 'other')),
  note text NOT NULL DEFAULT '',
  placed_by bigint CONSTRAINT fk_withholding_placed_by REFERENCES account (id),
  placed_at timestamptz NOT NULL DEFAULT now(),
  released_by bigint CONSTRAINT fk_withholding_released_by REFERENCES account (id),
  released_at timestamptz,
  release_note text
);
CREATE UNIQUE INDEX uq_withholding_one_open ON withholding (result_id) WHERE released_at IS NULL;

CREATE TABLE pending_change (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  result_id bigint NOT NULL CONSTRAINT fk_pending_change_result REFERENCES result (id),
  old_grade text NOT NULL DEFAULT '',
  new_grade text NOT NULL DEFAULT '',
  old_total text NOT NULL DEFAULT '',
  new_total text NOT NULL DEFAULT '',
  new_values jsonb NOT NULL,
  base_version integer NOT NULL,
  by_marks boolean NOT NULL,
  reason text NOT NULL CONSTRAINT ck_pending_change_reason_given CHECK (reason ~ '\S'),
  evidence text,
  impact jsonb NOT NULL DEFAULT '{}',
  status text NOT NULL DEFAULT 'pending' CONSTRAINT ck_pending_change_status CHECK (status IN ('pending', 'approved', 'rejected')),
  requested_by bigint NOT NULL CONSTRAINT fk_pending_change_requested_by REFERENCES account (id),
  requested_at timestamptz NOT NULL DEFAULT now(),
  resolved_at timestamptz,
  applied_in xid8,
  CONSTRAINT uq_pending_change_as_approved UNIQUE (id, result_id, new_total, new_grade, status),
  CONSTRAINT uq_pending_change_requester UNIQUE (id, requested_by),
  CONSTRAINT ck_pending_change_resolved_iff_decided CHECK ((status = 'pending') = (resolved_at IS NULL)),
  CONSTRAINT ck_pending_change_applied_iff_approved CHECK ((status = 'approved') = (applied_in IS NOT NULL)),
  CONSTRAINT ck_pending_change_total_as_stored CHECK (new_total = '' OR new_total = (new_total::numeric)::text)
);
CREATE UNIQUE INDEX uq_pending_change_one_open ON pending_change (result_id) WHERE status = 'pending';
CREATE INDEX ix_pending_change_result_id ON pending_change (result_id, id);
CREATE INDEX ix_pending_change_status ON pending_change (status, id);

ALTER TABLE pending_change_score ADD CONSTRAINT fk_pending_change_score_change FOREIGN KEY (change_id) REFERENCES pending_change (id);
ALTER TABLE result ADD CONSTRAINT fk_result_change FOREIGN KEY (change_request_id) REFERENCES pending_change (id);

CREATE TABLE change_approval (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  change_id bigint NOT NULL,
  stage integer NOT NULL CONSTRAINT ck_change_approval_stage CHECK (stage IN (1, 2)),
  approver_id bigint NOT NULL CONSTRAINT fk_change_approval_approver REFERENCES account (id),
  requester_id bigint NOT NULL,
  capacity text NOT NULL CONSTRAINT ck_change_approval_capacity CHECK (
    (stage = 1 AND capacity IN ('head', 'dean')) OR (stage = 2 AND capacity IN ('exam_cell', 'registrar'))),
  approved boolean NOT NULL,
  reason text NOT NULL DEFAULT '',
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT uq_change_approval_stage UNIQUE (change_id, stage),
  CONSTRAINT uq_change_approval_approver UNIQUE (change_id, approver_id),
  CONSTRAINT fk_change_approval_change FOREIGN KEY (change_id, requester_id) REFERENCES pending_change (id, requested_by),
  CONSTRAINT ck_change_approval_not_own CHECK (approver_id <> requester_id),
  CONSTRAINT ck_change_approval_reason_to_reject CHECK (approved OR reason ~ '\S')
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON change_approval FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- In order, by somebody who holds the capacity today (a head or dean: in the course's department).
CREATE FUNCTION change_approval_in_order() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF (SELECT status FROM pending_change WHERE id = NEW.change_id FOR UPDATE) <> 'pending' THEN
      RAISE EXCEPTION 'change % is already decided', NEW.change_id USING ERRCODE = '23514', CONSTRAINT = 'ck_change_approval_while_pending';
    END IF;
    IF NEW.stage = 2 AND NOT EXISTS (SELECT FROM change_approval WHERE change_id = NEW.change_id AND stage = 1 AND approved) THEN
      RAISE EXCEPTION 'the first approval of change % is missing', NEW.change_id USING ERRCODE = '23514', CONSTRAINT = 'ck_change_approval_in_order';
    END IF;
    IF NOT EXISTS (
      SELECT FROM account_role g JOIN role r ON r.id = g.role_id JOIN account a ON a.id = g.account_id
       WHERE g.account_id = NEW.approver_id AND NOT a.disabled AND r.name = NEW.capacity
         AND (g.valid_from IS NULL OR g.valid_from <= current_date) AND (g.valid_until IS NULL OR g.valid_until >= current_date)
         AND (NEW.stage = 2 OR g.department_id = (SELECT c.department_id FROM pending_change p JOIN result x ON x.id = p.result_id JOIN course c ON c.id = x.course_id WHERE p.id = NEW.change_id))) THEN
      RAISE EXCEPTION 'account % is no % here', NEW.approver_id, NEW.capacity USING ERRCODE = '23514', CONSTRAINT = 'ck_change_approval_capacity_held';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER change_approval_in_order BEFORE INSERT ON change_approval FOR EACH ROW EXECUTE FUNCTION change_approval_in_order();

CREATE FUNCTION pending_change_is_decided_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
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
      RETURN NEW;
    END IF;
    IF (NEW.result_id, NEW.old_grade, NEW.new_grade, NEW.old_total, NEW.new_total, NEW.new_values, NEW.base_version, NEW.by_marks, NEW.reason, NEW.requested_by, NEW.requested_at)
         IS DISTINCT FROM (OLD.result_id, OLD.old_grade, OLD.new_grade, OLD.old_total, OLD.new_total, OLD.new_values, OLD.base_version, OLD.by_marks, OLD.reason, OLD.requested_by, OLD.requested_at)
       OR OLD.status <> 'pending' THEN
      RAISE EXCEPTION 'a change request is decided once and never edited' USING ERRCODE = '23514', CONSTRAINT = 'ck_pending_change_is_decided_once';
    END IF;
    IF NEW.status = 'approved' THEN
      IF (SELECT count(*) FROM change_approval WHERE change_id = NEW.id AND approved) <> 2 THEN
        RAISE EXCEPTION 'change % lacks its two approvals', NEW.id USING ERRCODE = '23514', CONSTRAINT = 'ck_pending_change_has_two_approvals';
      END IF;
      NEW.applied_in := pg_current_xact_id();
    ELSIF NEW.status = 'rejected' THEN
      IF NOT EXISTS (SELECT FROM change_approval WHERE change_id = NEW.id AND NOT approved) THEN
        RAISE EXCEPTION 'nobody rejected change %', NEW.id USING ERRCODE = '23514', CONSTRAINT = 'ck_pending_change_has_a_rejection';
      END IF;
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER pending_change_is_decided_once BEFORE INSERT OR UPDATE ON pending_change FOR EACH ROW EXECUTE FUNCTION pending_change_is_decided_once();

-- An approval that was not applied would be a lie: checked at commit.
CREATE FUNCTION pending_change_is_applied() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF NEW.status = 'approved' AND NOT EXISTS (SELECT FROM result_version WHERE change_request_id = NEW.id) THEN
      RAISE EXCEPTION 'change % was approved but not applied', NEW.id USING ERRCODE = '23514', CONSTRAINT = 'ck_pending_change_is_applied';
    END IF;
    RETURN NULL;
  END $$;
CREATE CONSTRAINT TRIGGER pending_change_is_applied AFTER UPDATE ON pending_change DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pending_change_is_applied();

CREATE FUNCTION pending_change_score_stands() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF TG_OP <> 'INSERT' THEN
      RAISE EXCEPTION 'pending_change_score is append-only' USING ERRCODE = '42501';
    END IF;
    IF EXISTS (SELECT FROM change_approval WHERE change_id = NEW.change_id)
       OR NOT EXISTS (SELECT FROM pending_change p JOIN result r ON r.id = p.result_id WHERE p.id = NEW.change_id AND p.status = 'pending' AND p.by_marks AND r.enrollment_id = NEW.enrollment_id) THEN
      RAISE EXCEPTION 'the marks of a change are stated before its first approval' USING ERRCODE = '23514', CONSTRAINT = 'ck_pending_change_score_stated_first';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER pending_change_score_stands BEFORE INSERT OR UPDATE OR DELETE ON pending_change_score FOR EACH ROW EXECUTE FUNCTION pending_change_score_stands();

CREATE TABLE result_version (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  result_id bigint NOT NULL CONSTRAINT fk_result_version_result REFERENCES result (id),
  version integer NOT NULL,
  cause text NOT NULL CONSTRAINT ck_result_version_cause CHECK (cause IN ('approve', 'recompute', 'publish', 'freeze', 'change', 'brought')),
  state text NOT NULL,
  outcome text NOT NULL,
  new_total text NOT NULL,
  new_grade text NOT NULL,
  grade_points numeric(4,2),
  change_request_id bigint CONSTRAINT uq_result_version_change_request UNIQUE,
  change_status text NOT NULL DEFAULT 'approved' CONSTRAINT ck_result_version_change_status CHECK (change_status = 'approved'),
  by_account_id bigint,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT uq_result_version UNIQUE (result_id, version),
  CONSTRAINT ck_result_version_change_names_its_request CHECK ((cause = 'change') = (change_request_id IS NOT NULL)),
  CONSTRAINT fk_result_version_as_approved FOREIGN KEY (change_request_id, result_id, new_total, new_grade, change_status)
    REFERENCES pending_change (id, result_id, new_total, new_grade, status)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON result_version FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- A publish is 500 rows that differ in nothing but their state; what it must ask other tables (is the
-- sheet approved, is anything withheld) is asked once for all of them by result_keeps_versions. This one
-- reads no table, so it runs with the caller's rights and saves a change of role and path a row.
CREATE FUNCTION result_is_published() RETURNS trigger LANGUAGE plpgsql
  AS $$
  BEGIN
    IF (NEW.id, NEW.enrollment_id, NEW.registration_id, NEW.student_id, NEW.section_id, NEW.term_id, NEW.course_id, NEW.source, NEW.created_at)
         IS DISTINCT FROM (OLD.id, OLD.enrollment_id, OLD.registration_id, OLD.student_id, OLD.section_id, OLD.term_id, OLD.course_id, OLD.source, OLD.created_at) THEN
      RAISE EXCEPTION 'a result keeps its student and section' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_keeps_its_keys';
    END IF;
    IF (NEW.total, NEW.grade, NEW.grade_points, NEW.outcome, NEW.marks_obtained, NEW.marks_max, NEW.percentage, NEW.credits, NEW.regulation_id, NEW.attempt, NEW.heads, NEW.flags, NEW.blocks, NEW.stale, NEW.change_request_id)
         IS DISTINCT FROM (OLD.total, OLD.grade, OLD.grade_points, OLD.outcome, OLD.marks_obtained, OLD.marks_max, OLD.percentage, OLD.credits, OLD.regulation_id, OLD.attempt, OLD.heads, OLD.flags, OLD.blocks, OLD.stale, OLD.change_request_id) THEN
      RAISE EXCEPTION 'publishing changes only the state' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_publish_changes_only_state';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
  END $$;
CREATE TRIGGER result_is_published BEFORE UPDATE ON result FOR EACH ROW
  WHEN (OLD.state = 'draft' AND NEW.state = 'published') EXECUTE FUNCTION result_is_published();

CREATE FUNCTION result_moves_lawfully() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF TG_OP = 'INSERT' THEN
      IF NEW.source = 'computed' AND NEW.state <> 'draft' THEN
        RAISE EXCEPTION 'a result begins as a draft' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_begins_as_draft';
      END IF;
      IF NEW.source = 'computed' AND NOT EXISTS (SELECT FROM enrollment e WHERE e.id = NEW.enrollment_id AND e.registration_id = NEW.registration_id
            AND e.student_id = NEW.student_id AND e.section_id = NEW.section_id AND e.term_id = NEW.term_id AND e.course_id = NEW.course_id) THEN
        RAISE EXCEPTION 'a result is of the student and section of its enrollment' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_is_of_its_enrollment';
      END IF;
      NEW.version := 1;
      NEW.change_request_id := NULL;
      RETURN NEW;
    END IF;
    IF (NEW.id, NEW.enrollment_id, NEW.registration_id, NEW.student_id, NEW.section_id, NEW.term_id, NEW.course_id, NEW.source, NEW.created_at)
         IS DISTINCT FROM (OLD.id, OLD.enrollment_id, OLD.registration_id, OLD.student_id, OLD.section_id, OLD.term_id, OLD.course_id, OLD.source, OLD.created_at) THEN
      RAISE EXCEPTION 'a result keeps its student and section' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_keeps_its_keys';
    END IF;
    NEW.version := OLD.version + 1;
    IF OLD.state = 'draft' AND NEW.state = 'draft' THEN
      RETURN NEW;
    ELSIF OLD.state = 'published' AND NEW.state = 'frozen' THEN
      IF to_jsonb(NEW) - ARRAY['state', 'frozen_at', 'frozen_by', 'version'] <> to_jsonb(OLD) - ARRAY['state', 'frozen_at', 'frozen_by', 'version'] THEN
        RAISE EXCEPTION 'freezing changes only the state' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_freeze_changes_only_state';
      END IF;
      RETURN NEW;
    ELSIF OLD.state = NEW.state AND NEW.change_request_id IS NOT NULL AND NEW.change_request_id IS DISTINCT FROM OLD.change_request_id
      AND EXISTS (SELECT FROM pending_change p WHERE p.id = NEW.change_request_id AND p.result_id = NEW.id AND p.status = 'approved' AND p.applied_in = pg_current_xact_id()
                     -- A freeze in between moves the version and nothing else.
                     AND p.base_version IN (OLD.version, OLD.version - (OLD.state = 'frozen')::int)
                     AND p.new_total = coalesce(NEW.total::text, '') AND p.new_grade = NEW.grade
                     AND (p.new_values->>'outcome') IS NOT DISTINCT FROM NEW.outcome
                     AND (p.new_values->>'grade_points')::numeric IS NOT DISTINCT FROM NEW.grade_points
                     AND (p.new_values->>'marks_obtained')::numeric IS NOT DISTINCT FROM NEW.marks_obtained
                     -- What the request does not name stays as it was.
                     AND CASE WHEN p.new_values ? 'marks_max' THEN (p.new_values->>'marks_max')::numeric ELSE OLD.marks_max END IS NOT DISTINCT FROM NEW.marks_max
                     AND CASE WHEN p.new_values ? 'percentage' THEN (p.new_values->>'percentage')::numeric ELSE OLD.percentage END IS NOT DISTINCT FROM NEW.percentage
                     AND CASE WHEN p.new_values ? 'heads' THEN p.new_values->'heads' ELSE OLD.heads END = NEW.heads
                     AND CASE WHEN p.new_values ? 'flags' THEN p.new_values->'flags' ELSE to_jsonb(OLD.flags) END = to_jsonb(NEW.flags)) THEN
      IF to_jsonb(NEW) - ARRAY['total', 'grade', 'grade_points', 'outcome', 'marks_obtained', 'marks_max', 'percentage', 'heads', 'flags', 'trace', 'change_request_id', 'version']
           <> to_jsonb(OLD) - ARRAY['total', 'grade', 'grade_points', 'outcome', 'marks_obtained', 'marks_max', 'percentage', 'heads', 'flags', 'trace', 'change_request_id', 'version'] THEN
        RAISE EXCEPTION 'a change touches the grade and nothing else' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_change_touches_only_grade';
      END IF;
      RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a % result changes only by an approved change request', OLD.state USING ERRCODE = '23514', CONSTRAINT = 'ck_result_published_is_immutable';
  END $$;
CREATE TRIGGER result_begins_lawfully BEFORE INSERT ON result FOR EACH ROW EXECUTE FUNCTION result_moves_lawfully();
CREATE TRIGGER result_moves_lawfully BEFORE UPDATE ON result FOR EACH ROW
  WHEN (NOT (OLD.state = 'draft' AND NEW.state = 'published')) EXECUTE FUNCTION result_moves_lawfully();

CREATE FUNCTION result_stays() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN RAISE EXCEPTION 'a result is never deleted' USING ERRCODE = '42501'; END $$;
CREATE TRIGGER result_stays BEFORE DELETE OR TRUNCATE ON result FOR EACH STATEMENT EXECUTE FUNCTION result_stays();

CREATE FUNCTION result_keeps_versions() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public, pg_temp SET enable_nestloop = off
  AS $$
  DECLARE published bigint[]; sections bigint[];
  BEGIN
    IF TG_OP = 'INSERT' THEN
      INSERT INTO result_version (result_id, version, cause, state, outcome, new_total, new_grade, grade_points, by_account_id)
      SELECT id, version, CASE source WHEN 'computed' THEN 'approve' ELSE 'brought' END, state, outcome, coalesce(total::text, ''), grade, grade_points, acting_account() FROM new_rows;
    ELSE
      INSERT INTO result_version (result_id, version, cause, state, outcome, new_total, new_grade, grade_points, change_request_id, by_account_id)
      SELECT n.id, n.version,
             CASE WHEN n.state = 'published' AND o.state = 'draft' THEN 'publish' WHEN n.state = 'frozen' AND o.state = 'published' THEN 'freeze'
                  WHEN n.state = 'draft' THEN 'recompute' ELSE 'change' END,
             n.state, n.outcome, coalesce(n.total::text, ''), n.grade, n.grade_points,
             CASE WHEN n.state <> 'draft' AND n.state = o.state THEN n.change_request_id END, acting_account()
        FROM new_rows n JOIN old_rows o ON o.id = n.id;
      SELECT array_agg(n.id), array_agg(DISTINCT n.section_id) FILTER (WHERE n.source = 'computed') INTO published, sections
        FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE n.state = 'published' AND o.state = 'draft';
      IF published IS NOT NULL THEN
        -- By array, so that each is found by the index. A publish and a return of the same sheet: each asks
        -- under a lock that the other respects, or both would look at what was before the other.
        PERFORM FROM sheet WHERE section_id = ANY (sections) ORDER BY section_id FOR SHARE;
        IF EXISTS (SELECT FROM sheet WHERE section_id = ANY (sections) AND state <> 'approved') THEN
          RAISE EXCEPTION 'the sheet is not approved' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_published_from_approved_sheet';
        END IF;
        IF EXISTS (SELECT FROM withholding WHERE result_id = ANY (published) AND released_at IS NULL) THEN
          RAISE EXCEPTION 'a result is withheld' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_withheld_is_not_published';
        END IF;
        IF EXISTS (SELECT FROM (SELECT DISTINCT notification_id, term_id FROM new_rows WHERE state = 'published' AND change_request_id IS NULL) n
                     JOIN notification_of_result x ON x.id = n.notification_id WHERE x.term_id <> n.term_id) THEN
          RAISE EXCEPTION 'the notification is of another term' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_notified_in_its_term';
        END IF;
      END IF;
    END IF;
    RETURN NULL;
  END $$;
CREATE TRIGGER result_keeps_versions_insert AFTER INSERT ON result REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION result_keeps_versions();
CREATE TRIGGER result_keeps_versions_update AFTER UPDATE ON result REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION result_keeps_versions();

-- A withheld result is a draft; a published one cannot be withheld.
CREATE FUNCTION withholding_only_drafts() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF TG_OP = 'INSERT' AND (SELECT state FROM result WHERE id = NEW.result_id FOR UPDATE) <> 'draft' THEN
      RAISE EXCEPTION 'result % is published', NEW.result_id USING ERRCODE = '23514', CONSTRAINT = 'ck_withholding_only_drafts';
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.released_at IS NOT NULL OR (NEW.result_id, NEW.reason, NEW.placed_by, NEW.placed_at) IS DISTINCT FROM (OLD.result_id, OLD.reason, OLD.placed_by, OLD.placed_at)) THEN
      RAISE EXCEPTION 'a withholding is released once' USING ERRCODE = '23514', CONSTRAINT = 'ck_withholding_released_once';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER withholding_only_drafts BEFORE INSERT OR UPDATE ON withholding FOR EACH ROW EXECUTE FUNCTION withholding_only_drafts();

-- Declared at publish; every later declaration keeps the earlier one as a version.
CREATE TABLE term_result (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  registration_id bigint NOT NULL CONSTRAINT fk_term_result_registration REFERENCES registration (id),
  term_id bigint NOT NULL CONSTRAINT fk_term_result_term REFERENCES term (id),
  -- As the regulation rounds; where it does not, the exact fraction cut to six places.
  sgpa numeric CONSTRAINT ck_term_result_sgpa_has_six_places CHECK (sgpa BETWEEN 0 AND 100 AND scale(sgpa) <= 6),
  cgpa numeric CONSTRAINT ck_term_result_cgpa_has_six_places CHECK (cgpa BETWEEN 0 AND 100 AND scale(cgpa) <= 6),
  gpa_credits numeric(6,2) NOT NULL DEFAULT 0,
  quality_points numeric(9,4) NOT NULL DEFAULT 0,
  cumulative_gpa_credits numeric(7,2) NOT NULL DEFAULT 0,
  cumulative_quality_points numeric(10,4) NOT NULL DEFAULT 0,
  attempted numeric(7,2) NOT NULL DEFAULT 0,
  earned numeric(7,2) NOT NULL DEFAULT 0,
  standing text NOT NULL DEFAULT '',
  trace jsonb,
  notification_id bigint CONSTRAINT fk_term_result_notification REFERENCES notification_of_result (id),
  declared_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT uq_term_result UNIQUE (registration_id, term_id)
);
CREATE INDEX ix_term_result_term_id ON term_result (term_id, id);

CREATE TABLE term_result_version (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  registration_id bigint NOT NULL,
  term_id bigint NOT NULL,
  sgpa numeric, cgpa numeric, gpa_credits numeric(6,2), quality_points numeric(9,4), earned numeric(7,2), standing text,
  notification_id bigint,
  declared_at timestamptz NOT NULL
);
CREATE INDEX ix_term_result_version_registration ON term_result_version (registration_id, term_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON term_result_version FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Declared anew only by a later notification, which says so in its register for ever.
CREATE FUNCTION term_result_is_declared_anew() RETURNS trigger LANGUAGE plpgsql
  AS $$
  BEGIN
    IF NEW.notification_id IS NULL OR NEW.notification_id <= OLD.notification_id THEN
      RAISE EXCEPTION 'a term is declared anew by a later notification' USING ERRCODE = '23514', CONSTRAINT = 'ck_term_result_declared_by_notification';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER term_result_is_declared_anew BEFORE UPDATE ON term_result FOR EACH ROW EXECUTE FUNCTION term_result_is_declared_anew();

-- The CGPA on a registration is one that was declared, or is declared in this transaction.
CREATE FUNCTION registration_shows_what_was_declared() RETURNS trigger LANGUAGE plpgsql
  AS $$
  BEGIN
    IF TG_OP = 'UPDATE' AND NOT (NEW.cgpa, NEW.credits_earned) IS DISTINCT FROM (OLD.cgpa, OLD.credits_earned) THEN
      RETURN NEW;
    END IF;
    IF NOT EXISTS (SELECT FROM public.term_result t WHERE t.registration_id = NEW.id
                      AND (t.xmin = pg_current_xact_id()::xid OR t.cgpa IS NOT DISTINCT FROM NEW.cgpa AND t.earned = NEW.credits_earned)) THEN
      RAISE EXCEPTION 'the CGPA of registration % was not declared', NEW.id USING ERRCODE = '23514', CONSTRAINT = 'ck_registration_cgpa_was_declared';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER registration_shows_what_was_declared BEFORE UPDATE OF cgpa, credits_earned ON registration
  FOR EACH ROW EXECUTE FUNCTION registration_shows_what_was_declared();
CREATE TRIGGER registration_begins_undeclared BEFORE INSERT ON registration
  FOR EACH ROW WHEN (NEW.cgpa IS NOT NULL OR NEW.credits_earned <> 0) EXECUTE FUNCTION registration_shows_what_was_declared();

CREATE FUNCTION term_result_keeps_versions() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    INSERT INTO term_result_version (registration_id, term_id, sgpa, cgpa, gpa_credits, quality_points, earned, standing, notification_id, declared_at)
    SELECT registration_id, term_id, sgpa, cgpa, gpa_credits, quality_points, earned, standing, notification_id, declared_at FROM new_rows;
    RETURN NULL;
  END $$;
CREATE TRIGGER term_result_keeps_versions_insert AFTER INSERT ON term_result REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION term_result_keeps_versions();
CREATE TRIGGER term_result_keeps_versions_update AFTER UPDATE ON term_result REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION term_result_keeps_versions();

CALL audit_table('result', 'result', '-trace', '-blocks', '-version');
CALL audit_table('withholding', 'withholding');
CALL audit_table('pending_change', 'pending_change');
CALL audit_table('change_approval', 'change_approval');
CALL audit_table('notification_of_result', 'notification_of_result', '-content');
CALL audit_table('term_result', 'term_result', '-trace');

GRANT SELECT, INSERT ON notification_of_result TO sims_app;
GRANT SELECT, INSERT (enrollment_id, registration_id, student_id, section_id, term_id, course_id, attempt, total, marks_obtained, marks_max, percentage, heads,
    grade, grade_points, credits, outcome, flags, source, regulation_id, trace, blocks, stale, state, published_at, published_by, notification_id),
  UPDATE (attempt, total, marks_obtained, marks_max, percentage, heads, grade, grade_points, credits, outcome, flags, regulation_id, trace, blocks, stale,
    state, published_at, published_by, frozen_at, frozen_by, notification_id, change_request_id) ON result TO sims_app;
GRANT SELECT, INSERT, UPDATE (counts), DELETE ON result_counting TO sims_app;
GRANT SELECT, INSERT, UPDATE (cutoffs, frozen_at) ON section_cutoff TO sims_app;
GRANT SELECT, INSERT (result_id, reason, note, placed_by, placed_at), UPDATE (released_by, released_at, release_note) ON withholding TO sims_app;
GRANT SELECT, INSERT (result_id, old_grade, new_grade, old_total, new_total, new_values, base_version, by_marks, reason, evidence, impact, requested_by, requested_at),
  UPDATE (status, resolved_at) ON pending_change TO sims_app;
GRANT SELECT, INSERT (change_id, stage, approver_id, requester_id, capacity, approved, reason) ON change_approval TO sims_app;
GRANT SELECT ON result_version, term_result_version TO sims_app;
GRANT SELECT, INSERT (registration_id, term_id, sgpa, cgpa, gpa_credits, quality_points, cumulative_gpa_credits, cumulative_quality_points, attempted, earned, standing, trace, notification_id, declared_at),
  UPDATE (sgpa, cgpa, gpa_credits, quality_points, cumulative_gpa_credits, cumulative_quality_points, attempted, earned, standing, trace, notification_id, declared_at) ON term_result TO sims_app;
-- Not its content: that is everybody's result.
GRANT SELECT (id, number, date, kind, term_id, scope, counts, sha256, published_by, at) ON notification_of_result TO sims_student;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
