"""Applicants and curricula, batches of enrollments and overrides; roles lent between two dates."""

from alembic import op

revision = "2026_11_23_13"
down_revision = "2026_11_23_12"
branch_labels = None
depends_on = None

SCHEMA = r"""
-- -- The campus day ---------------------------------------------------------------------------------
-- Which day it is decides whether somebody holds a role; it is the institution's day, wherever the
-- database's clock stands.
CREATE FUNCTION campus_day(moment timestamptz) RETURNS date LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$ SELECT (moment AT TIME ZONE coalesce((SELECT s.value #>> '{}' FROM setting s WHERE s.key = 'time_zone'), 'Asia/Karachi'))::date $$;
CREATE FUNCTION campus_today() RETURNS date LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$ SELECT campus_day(clock_timestamp()) $$;
GRANT EXECUTE ON FUNCTION campus_day(timestamptz), campus_today() TO sims_app, sims_student, sims_readonly;

DO $$
DECLARE found text;
BEGIN
  FOREACH found IN ARRAY ARRAY['head_of_department(bigint)', 'sheet_moves_lawfully()', 'change_approval_in_order()'] LOOP
    EXECUTE replace(pg_get_functiondef(found::regprocedure), 'current_date', 'campus_today()');
  END LOOP;
END $$;

-- -- Delegation -------------------------------------------------------------------------------------
-- A head or dean who is away lets a colleague act, between two dates and never beyond the own power.
CREATE TABLE delegation (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  from_account_id bigint NOT NULL CONSTRAINT fk_delegation_from_account REFERENCES account (id),
  to_account_id bigint NOT NULL CONSTRAINT fk_delegation_to_account REFERENCES account (id),
  role_id bigint NOT NULL CONSTRAINT fk_delegation_role REFERENCES role (id),
  department_id bigint NOT NULL CONSTRAINT fk_delegation_department REFERENCES department (id),
  from_date date NOT NULL,
  until_date date NOT NULL,
  reason text NOT NULL CONSTRAINT ck_delegation_reason_given CHECK (reason ~ '\S'),
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz,
  revoked_by bigint CONSTRAINT fk_delegation_revoked_by REFERENCES account (id),
  CONSTRAINT ck_delegation_not_to_oneself CHECK (from_account_id <> to_account_id),
  CONSTRAINT ck_delegation_dates CHECK (from_date <= until_date),
  CONSTRAINT ck_delegation_ends_within_a_year CHECK (until_date - from_date < 366),
  CONSTRAINT ck_delegation_revoked_by_somebody_when_revoked CHECK (revoked_by IS NULL OR revoked_at IS NOT NULL),
  CONSTRAINT uq_delegation_as_granted UNIQUE (id, from_account_id, to_account_id, role_id, department_id, from_date, until_date)
);
CREATE INDEX ix_delegation_from_account_id ON delegation (from_account_id, id);
CREATE INDEX ix_delegation_to_account_id ON delegation (to_account_id, id);

-- A delegated role is a row like any other, tied by all its columns to what was delegated: it cannot
-- reach further, or last longer, than the delegation says.
ALTER TABLE account_role
  ADD COLUMN delegation_id bigint,
  ADD COLUMN delegated_by bigint,
  ADD CONSTRAINT fk_account_role_delegation
    FOREIGN KEY (delegation_id, delegated_by, account_id, role_id, department_id, valid_from, valid_until)
    REFERENCES delegation (id, from_account_id, to_account_id, role_id, department_id, from_date, until_date),
  ADD CONSTRAINT ck_account_role_delegated_in_every_part CHECK (
    CASE WHEN delegation_id IS NULL THEN delegated_by IS NULL
         ELSE delegated_by IS NOT NULL AND department_id IS NOT NULL AND valid_from IS NOT NULL AND valid_until IS NOT NULL END),
  DROP CONSTRAINT uq_account_role,
  ADD CONSTRAINT uq_account_role UNIQUE NULLS NOT DISTINCT (account_id, role_id, department_id, delegation_id);
CREATE INDEX ix_account_role_delegation_id ON account_role (delegation_id) WHERE delegation_id IS NOT NULL;

-- Whether the giver still has on that day what was given, and has not taken it back.
CREATE FUNCTION delegation_stands(wanted bigint, day date) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    SELECT EXISTS (
      SELECT FROM delegation d
        JOIN account giver ON giver.id = d.from_account_id AND NOT giver.disabled
        JOIN account_role own ON own.account_id = d.from_account_id AND own.role_id = d.role_id AND own.department_id = d.department_id
             AND own.delegation_id IS NULL
             AND (own.valid_from IS NULL OR own.valid_from <= day) AND (own.valid_until IS NULL OR own.valid_until >= day)
       WHERE d.id = wanted AND d.revoked_at IS NULL AND day BETWEEN d.from_date AND d.until_date)
  $$;
GRANT EXECUTE ON FUNCTION delegation_stands(bigint, date) TO sims_app, sims_readonly;

CREATE FUNCTION delegation_stays_within_the_givers_own() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF TG_OP = 'UPDATE' THEN
      IF OLD.revoked_at IS NOT NULL OR NEW.revoked_at IS NULL
         OR (NEW.from_account_id, NEW.to_account_id, NEW.role_id, NEW.department_id, NEW.from_date, NEW.until_date, NEW.reason, NEW.created_at)
            IS DISTINCT FROM (OLD.from_account_id, OLD.to_account_id, OLD.role_id, OLD.department_id, OLD.from_date, OLD.until_date, OLD.reason, OLD.created_at) THEN
        RAISE EXCEPTION 'a delegation is revoked once and never edited' USING ERRCODE = '23514', CONSTRAINT = 'ck_delegation_is_revoked_once';
      END IF;
      RETURN NEW;
    END IF;
    IF NOT EXISTS (
      SELECT FROM account_role own JOIN role r ON r.id = own.role_id AND r.scope = 'department' JOIN account a ON a.id = own.account_id AND NOT a.disabled
       WHERE own.account_id = NEW.from_account_id AND own.role_id = NEW.role_id AND own.department_id = NEW.department_id AND own.delegation_id IS NULL
         AND (own.valid_from IS NULL OR own.valid_from <= NEW.from_date) AND (own.valid_until IS NULL OR own.valid_until >= NEW.until_date)) THEN
      RAISE EXCEPTION 'account % does not hold what it delegates', NEW.from_account_id USING ERRCODE = '23514', CONSTRAINT = 'ck_delegation_within_the_givers_own';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER delegation_stays_within_the_givers_own BEFORE INSERT OR UPDATE ON delegation FOR EACH ROW EXECUTE FUNCTION delegation_stays_within_the_givers_own();

-- Who holds which role today, and by whose leave.
CREATE VIEW role_held AS
  SELECT g.account_id, g.role_id, g.department_id, g.delegated_by
    FROM account_role g JOIN account a ON a.id = g.account_id AND NOT a.disabled
   WHERE (g.valid_from IS NULL OR g.valid_from <= campus_today()) AND (g.valid_until IS NULL OR g.valid_until >= campus_today())
     AND (g.delegation_id IS NULL OR delegation_stands(g.delegation_id, campus_today()));

-- Somebody else's power never decides about what that somebody asked for, submitted or teaches.
CREATE FUNCTION change_approval_not_in_the_requesters_place() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF NOT EXISTS (
      SELECT FROM role_held h JOIN role r ON r.id = h.role_id
       WHERE h.account_id = NEW.approver_id AND r.name = NEW.capacity AND h.delegated_by IS DISTINCT FROM NEW.requester_id
         AND (NEW.stage = 2 OR h.department_id = (SELECT c.department_id FROM pending_change p JOIN result x ON x.id = p.result_id JOIN course c ON c.id = x.course_id WHERE p.id = NEW.change_id))) THEN
      RAISE EXCEPTION 'account % would decide in the place of who asked', NEW.approver_id USING ERRCODE = '23514', CONSTRAINT = 'ck_change_approval_not_in_the_requesters_place';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER change_approval_not_in_the_requesters_place BEFORE INSERT ON change_approval FOR EACH ROW EXECUTE FUNCTION change_approval_not_in_the_requesters_place();

CREATE FUNCTION sheet_not_approved_in_its_teachers_place() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF NOT EXISTS (
      SELECT FROM role_held h JOIN role r ON r.id = h.role_id AND 'sheets.approve' = ANY (r.permissions)
       WHERE h.account_id = NEW.approved_by
         AND (r.scope <> 'department' OR h.department_id = (SELECT c.department_id FROM section s JOIN course c ON c.id = s.course_id WHERE s.id = NEW.section_id))
         AND (h.delegated_by IS NULL
              OR h.delegated_by IS DISTINCT FROM NEW.submitted_by
                 AND NOT EXISTS (SELECT FROM section_staff t WHERE t.section_id = NEW.section_id AND t.account_id = h.delegated_by AND t.until IS NULL))) THEN
      RAISE EXCEPTION 'account % would approve in the place of a teacher of the sheet', NEW.approved_by USING ERRCODE = '23514', CONSTRAINT = 'ck_sheet_not_approved_in_its_teachers_place';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER sheet_not_approved_in_its_teachers_place BEFORE UPDATE OF state ON sheet FOR EACH ROW
  WHEN (NEW.state = 'approved' AND OLD.state <> 'approved') EXECUTE FUNCTION sheet_not_approved_in_its_teachers_place();

CALL audit_table('delegation', 'delegation');
CALL audit_table('account_role', 'account_role');
GRANT SELECT, INSERT (from_account_id, to_account_id, role_id, department_id, from_date, until_date, reason, created_at), UPDATE (revoked_at, revoked_by) ON delegation TO sims_app;
GRANT SELECT ON role_held TO sims_app;

-- -- Applicants -------------------------------------------------------------------------------------
-- A national identity number as it is compared: without the dashes and blanks people type.
CREATE FUNCTION national_key(national_id text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
  AS $$ SELECT nullif(regexp_replace(upper(national_id), '[^0-9A-Z]', '', 'g'), '') $$;
GRANT EXECUTE ON FUNCTION national_key(text) TO sims_app, sims_readonly, sims_backup;
CREATE INDEX ix_student_national_key ON student (national_key(national_id)) WHERE national_id IS NOT NULL;

CREATE TABLE applicant (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  program_id bigint NOT NULL CONSTRAINT fk_applicant_program REFERENCES program (id),
  term_id bigint NOT NULL CONSTRAINT fk_applicant_term REFERENCES term (id),
  name text NOT NULL CONSTRAINT ck_applicant_name_not_blank CHECK (name ~ '\S'),
  name_native text,
  father_name text,
  national_id text,
  date_of_birth date,
  email text,
  phone text,
  address text,
  documents jsonb NOT NULL DEFAULT '[]' CONSTRAINT ck_applicant_documents_are_a_list CHECK (jsonb_typeof(documents) = 'array'),
  status text NOT NULL DEFAULT 'applied' CONSTRAINT ck_applicant_status CHECK (status IN ('applied', 'shortlisted', 'offered', 'accepted', 'rejected', 'withdrawn')),
  status_at timestamptz NOT NULL DEFAULT now(),
  status_reason text NOT NULL DEFAULT '',
  applied_at timestamptz NOT NULL DEFAULT now(),
  student_id bigint,
  registration_id bigint,
  admitted_at timestamptz,
  search_text text NOT NULL GENERATED ALWAYS AS (folded(name || E'\n' || coalesce(name_native, ''))) STORED,
  CONSTRAINT fk_applicant_registration FOREIGN KEY (registration_id, student_id) REFERENCES registration (id, student_id),
  CONSTRAINT uq_applicant_registration UNIQUE (registration_id),
  CONSTRAINT ck_applicant_admitted_has_registration CHECK ((admitted_at IS NULL) = (registration_id IS NULL) AND (registration_id IS NULL) = (student_id IS NULL)),
  CONSTRAINT ck_applicant_admitted_was_accepted CHECK (registration_id IS NULL OR status = 'accepted')
);
-- One open application of a person for a program and term.
CREATE UNIQUE INDEX uq_applicant_applies_once ON applicant (national_key(national_id), program_id, term_id)
  WHERE national_id IS NOT NULL AND status NOT IN ('rejected', 'withdrawn');
CREATE INDEX ix_applicant_program_id ON applicant (program_id, id);
CREATE INDEX ix_applicant_status ON applicant (status, id);
CREATE INDEX ix_applicant_term_id ON applicant (term_id, id);
CREATE INDEX ix_applicant_student_id ON applicant (student_id);
CREATE INDEX ix_applicant_name ON applicant (name COLLATE "C", id);
CREATE INDEX ix_applicant_search_text ON applicant USING gin (search_text gin_trgm_ops);

CREATE TABLE applicant_transition (
  from_status text NOT NULL,
  to_status text NOT NULL,
  CONSTRAINT pk_applicant_transition PRIMARY KEY (from_status, to_status)
);
INSERT INTO applicant_transition VALUES
  ('applied', 'shortlisted'), ('applied', 'rejected'), ('applied', 'withdrawn'),
  ('shortlisted', 'offered'), ('shortlisted', 'rejected'), ('shortlisted', 'withdrawn'),
  ('offered', 'accepted'), ('offered', 'rejected'), ('offered', 'withdrawn'),
  ('accepted', 'rejected'), ('accepted', 'withdrawn');

CREATE FUNCTION applicant_moves_lawfully() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF TG_OP = 'INSERT' THEN
      IF NEW.status <> 'applied' OR NEW.registration_id IS NOT NULL THEN
        RAISE EXCEPTION 'an applicant begins by applying' USING ERRCODE = '23514', CONSTRAINT = 'ck_applicant_begins_applied';
      END IF;
      RETURN NEW;
    END IF;
    -- Who was admitted is a student: what is corrected later is corrected there.
    IF OLD.registration_id IS NOT NULL
       AND (NEW.program_id, NEW.term_id, NEW.name, NEW.name_native, NEW.father_name, NEW.national_id, NEW.date_of_birth, NEW.email, NEW.phone, NEW.address,
            NEW.status, NEW.student_id, NEW.registration_id, NEW.admitted_at)
           IS DISTINCT FROM
           (OLD.program_id, OLD.term_id, OLD.name, OLD.name_native, OLD.father_name, OLD.national_id, OLD.date_of_birth, OLD.email, OLD.phone, OLD.address,
            OLD.status, OLD.student_id, OLD.registration_id, OLD.admitted_at) THEN
      RAISE EXCEPTION 'an admitted applicant stands' USING ERRCODE = '23514', CONSTRAINT = 'ck_applicant_admitted_stands';
    END IF;
    IF NEW.status <> OLD.status AND NOT EXISTS (SELECT FROM applicant_transition WHERE from_status = OLD.status AND to_status = NEW.status) THEN
      RAISE EXCEPTION 'an applicant cannot go from % to %', OLD.status, NEW.status USING ERRCODE = '23514', CONSTRAINT = 'ck_applicant_transition';
    END IF;
    IF NEW.registration_id IS NOT NULL AND OLD.registration_id IS NULL AND NOT EXISTS (
      SELECT FROM registration r WHERE r.id = NEW.registration_id AND r.student_id = NEW.student_id AND r.program_id = NEW.program_id) THEN
      RAISE EXCEPTION 'an applicant is admitted to the program applied for' USING ERRCODE = '23514', CONSTRAINT = 'ck_applicant_admitted_to_its_program';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER applicant_moves_lawfully BEFORE INSERT OR UPDATE ON applicant FOR EACH ROW EXECUTE FUNCTION applicant_moves_lawfully();

CALL audit_table('applicant', 'applicant', '-search_text');
GRANT SELECT,
  INSERT (program_id, term_id, name, name_native, father_name, national_id, date_of_birth, email, phone, address, documents, status_at, applied_at),
  UPDATE (program_id, term_id, name, name_native, father_name, national_id, date_of_birth, email, phone, address, documents, status, status_at, status_reason, student_id, registration_id, admitted_at)
  ON applicant TO sims_app;
COMMENT ON TABLE applicant_transition IS 'not audited: constant, nobody may write it';
GRANT SELECT ON applicant_transition TO sims_app;

-- -- Curricula --------------------------------------------------------------------------------------
-- What a program teaches from an intake on, semester by semester. A registration follows the latest
-- curriculum that does not begin after its own intake.
CREATE TABLE curriculum_course (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  program_id bigint NOT NULL CONSTRAINT fk_curriculum_course_program REFERENCES program (id),
  intake_from text NOT NULL CONSTRAINT ck_curriculum_course_intake_from CHECK (intake_from ~ '^[0-9]{4}[SF]$'),
  semester integer NOT NULL CONSTRAINT ck_curriculum_course_semester CHECK (semester BETWEEN 1 AND 20),
  course_id bigint NOT NULL CONSTRAINT fk_curriculum_course_course REFERENCES course (id),
  kind text NOT NULL DEFAULT 'core' CONSTRAINT ck_curriculum_course_kind CHECK (kind IN ('core', 'elective')),
  CONSTRAINT uq_curriculum_course_once UNIQUE (program_id, intake_from, course_id)
);
CREATE INDEX ix_curriculum_course_program_semester ON curriculum_course (program_id, semester);
CREATE INDEX ix_curriculum_course_course_id ON curriculum_course (course_id);
CALL audit_table('curriculum_course', 'curriculum_course');
GRANT SELECT, INSERT (program_id, intake_from, semester, course_id, kind), UPDATE (semester, kind), DELETE ON curriculum_course TO sims_app;
GRANT SELECT ON curriculum_course TO sims_student;

-- -- Batches of enrollments -------------------------------------------------------------------------
CREATE TABLE enrollment_batch (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  program_id bigint NOT NULL CONSTRAINT fk_enrollment_batch_program REFERENCES program (id),
  term_id bigint NOT NULL CONSTRAINT fk_enrollment_batch_term REFERENCES term (id),
  intake text NOT NULL CONSTRAINT ck_enrollment_batch_intake CHECK (intake ~ '^[0-9]{4}[SF]$'),
  batch text,
  semester integer NOT NULL CONSTRAINT ck_enrollment_batch_semester CHECK (semester BETWEEN 1 AND 20),
  wishes jsonb NOT NULL,
  plan jsonb NOT NULL,
  plan_hash text NOT NULL,
  state text NOT NULL DEFAULT 'planned' CONSTRAINT ck_enrollment_batch_state CHECK (state IN ('planned', 'committed', 'undone')),
  created_by bigint CONSTRAINT fk_enrollment_batch_created_by REFERENCES account (id),
  created_at timestamptz NOT NULL DEFAULT now(),
  job_id bigint,
  committed_by bigint CONSTRAINT fk_enrollment_batch_committed_by REFERENCES account (id),
  committed_at timestamptz,
  undone_by bigint CONSTRAINT fk_enrollment_batch_undone_by REFERENCES account (id),
  undone_at timestamptz,
  undo_reason text,
  CONSTRAINT ck_enrollment_batch_committed_at_iff_not_planned CHECK ((state = 'planned') = (committed_at IS NULL)),
  CONSTRAINT ck_enrollment_batch_undone_at_iff_undone CHECK ((state = 'undone') = (undone_at IS NOT NULL)),
  CONSTRAINT ck_enrollment_batch_undone_with_reason CHECK (state <> 'undone' OR coalesce(undo_reason, '') ~ '\S')
);
CREATE INDEX ix_enrollment_batch_program_id ON enrollment_batch (program_id, id);
CREATE INDEX ix_enrollment_batch_term_id ON enrollment_batch (term_id, id);

CREATE FUNCTION enrollment_batch_moves_lawfully() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF (OLD.state, NEW.state) NOT IN (('planned', 'planned'), ('planned', 'committed'), ('committed', 'committed'), ('committed', 'undone')) THEN
      RAISE EXCEPTION 'a batch cannot go from % to %', OLD.state, NEW.state USING ERRCODE = '23514', CONSTRAINT = 'ck_enrollment_batch_transition';
    END IF;
    IF (NEW.committed_by, NEW.committed_at) IS DISTINCT FROM (OLD.committed_by, OLD.committed_at) AND OLD.state <> 'planned' THEN
      RAISE EXCEPTION 'who committed a batch stands' USING ERRCODE = '23514', CONSTRAINT = 'ck_enrollment_batch_names_stand';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER enrollment_batch_moves_lawfully BEFORE UPDATE ON enrollment_batch FOR EACH ROW EXECUTE FUNCTION enrollment_batch_moves_lawfully();
CALL audit_table('enrollment_batch', 'enrollment_batch', '-plan');
GRANT SELECT, INSERT (name, program_id, term_id, intake, batch, semester, wishes, plan, plan_hash, created_by, created_at),
  UPDATE (state, job_id, committed_by, committed_at, undone_by, undone_at, undo_reason) ON enrollment_batch TO sims_app;

ALTER TABLE enrollment
  ADD COLUMN batch_id bigint CONSTRAINT fk_enrollment_batch REFERENCES enrollment_batch (id),
  ADD CONSTRAINT ck_enrollment_override_says_why CHECK (override IS NULL OR (coalesce(override->>'reason', '') ~ '\S' AND coalesce(override->>'code', '') ~ '\S'));
CREATE INDEX ix_enrollment_batch_id ON enrollment (batch_id) WHERE batch_id IS NOT NULL;
GRANT INSERT (batch_id), UPDATE (batch_id) ON enrollment TO sims_app;
CALL audit_table('enrollment', 'enrollment');

-- -- Overrides --------------------------------------------------------------------------------------
-- Each rule that somebody set aside, for ever: the enrollment's own column knows only the last one.
CREATE TABLE enrollment_override (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  enrollment_id bigint NOT NULL CONSTRAINT fk_enrollment_override_enrollment REFERENCES enrollment (id),
  code text NOT NULL,
  detail text NOT NULL DEFAULT '',
  reason text NOT NULL CONSTRAINT ck_enrollment_override_reason_given CHECK (reason ~ '\S'),
  by_account_id bigint CONSTRAINT fk_enrollment_override_by REFERENCES account (id),
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_enrollment_override_enrollment_id ON enrollment_override (enrollment_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON enrollment_override FOR EACH STATEMENT EXECUTE FUNCTION append_only();
INSERT INTO enrollment_override (enrollment_id, code, detail, reason, by_account_id, at)
  SELECT e.id, e.override->>'code', coalesce(e.override->>'detail', ''), e.override->>'reason', (SELECT a.id FROM account a WHERE a.id::text = e.override->>'by'), e.enrolled_at
    FROM enrollment e WHERE e.override IS NOT NULL ORDER BY e.enrolled_at, e.id;

CREATE FUNCTION enrollment_override_is_kept() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    INSERT INTO enrollment_override (enrollment_id, code, detail, reason, by_account_id)
    VALUES (NEW.id, NEW.override->>'code', coalesce(NEW.override->>'detail', ''), NEW.override->>'reason', acting_account());
    RETURN NULL;
  END $$;
CREATE TRIGGER enrollment_override_is_kept_insert AFTER INSERT ON enrollment FOR EACH ROW WHEN (NEW.override IS NOT NULL) EXECUTE FUNCTION enrollment_override_is_kept();
CREATE TRIGGER enrollment_override_is_kept_update AFTER UPDATE OF override ON enrollment FOR EACH ROW
  WHEN (NEW.override IS NOT NULL AND NEW.override IS DISTINCT FROM OLD.override) EXECUTE FUNCTION enrollment_override_is_kept();
CALL audit_table('enrollment_override', 'enrollment_override');
GRANT SELECT ON enrollment_override TO sims_app;

-- -- Kinds of holds ---------------------------------------------------------------------------------
ALTER TABLE hold_kind
  ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY,
  ADD CONSTRAINT uq_hold_kind_id UNIQUE (id),
  ADD CONSTRAINT ck_hold_kind_blocks CHECK (blocks <@ ARRAY['enrollment', 'transcript', 'results', 'exam_slip']),
  ADD CONSTRAINT ck_hold_kind_effect CHECK (effect IN ('block', 'watermark', 'warn'));
CALL audit_table('hold_kind', 'hold_kind');
GRANT INSERT (kind, lifted_by, blocks, effect, contact), UPDATE (lifted_by, blocks, effect, contact) ON hold_kind TO sims_app;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
