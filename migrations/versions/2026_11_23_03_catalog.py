"""Programs, courses, regulations and terms."""

from alembic import op

revision = "2026_11_23_03"
down_revision = "2026_11_23_02"
branch_labels = None
depends_on = None

SCHEMA = r"""
CREATE TABLE program (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  code text NOT NULL CONSTRAINT uq_program_code UNIQUE,
  name text NOT NULL CONSTRAINT uq_program_name UNIQUE,
  department_id bigint NOT NULL CONSTRAINT fk_program_department REFERENCES department (id),
  level text NOT NULL DEFAULT 'UG',
  credits_required numeric(6,2) NOT NULL DEFAULT 130 CONSTRAINT ck_program_credits_required CHECK (credits_required >= 0),
  semesters integer NOT NULL DEFAULT 8 CONSTRAINT ck_program_semesters CHECK (semesters BETWEEN 1 AND 20)
);
CREATE INDEX ix_program_department_id ON program (department_id);

CREATE TABLE course (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  code text NOT NULL CONSTRAINT uq_course_code UNIQUE,
  title text NOT NULL,
  credits numeric(5,2) NOT NULL CONSTRAINT ck_course_credits CHECK (credits >= 0 AND credits < 'NaN'),
  marks_total numeric(7,2) CONSTRAINT ck_course_marks_total CHECK (marks_total > 0),
  credits_theory numeric(5,2),
  credits_practical numeric(5,2),
  grading text NOT NULL DEFAULT 'letter' CONSTRAINT ck_course_grading CHECK (grading IN ('letter', 'pass_fail', 'non_credit', 'audit')),
  counts_in_gpa boolean NOT NULL DEFAULT true,
  department_id bigint NOT NULL CONSTRAINT fk_course_department REFERENCES department (id)
);
CREATE INDEX ix_course_department_id ON course (department_id);

CREATE TABLE course_prerequisite (
  course_id bigint NOT NULL CONSTRAINT fk_course_prerequisite_course REFERENCES course (id),
  prerequisite_id bigint NOT NULL CONSTRAINT fk_course_prerequisite_prerequisite REFERENCES course (id),
  CONSTRAINT pk_course_prerequisite PRIMARY KEY (course_id, prerequisite_id),
  CONSTRAINT ck_course_prerequisite_not_itself CHECK (course_id <> prerequisite_id)
);
CREATE INDEX ix_course_prerequisite_prerequisite_id ON course_prerequisite (prerequisite_id);

-- Stored both ways, so that either course stands for the other.
CREATE TABLE course_equivalent (
  course_id bigint NOT NULL CONSTRAINT fk_course_equivalent_course REFERENCES course (id),
  equivalent_id bigint NOT NULL CONSTRAINT fk_course_equivalent_equivalent REFERENCES course (id),
  CONSTRAINT pk_course_equivalent PRIMARY KEY (course_id, equivalent_id),
  CONSTRAINT ck_course_equivalent_not_itself CHECK (course_id <> equivalent_id)
);

-- The links have no id of their own: the audit tells them as changes of the course.
CREATE FUNCTION audit_course_links() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  DECLARE
    actor_name text := coalesce(nullif(acting('actor_name'), ''), 'database:' || session_user);
    action text := coalesce(nullif(acting('action'), ''), 'course.' || TG_ARGV[0]);
    inserted boolean := TG_OP = 'INSERT';
  BEGIN
    INSERT INTO audit (actor_id, actor_name, action, entity, entity_id, method, path, request_id, database_user, operation, changes)
    SELECT acting_account(), actor_name, action, 'course', c.course_id, acting('method'), acting('path'), acting('request_id'), session_user, 'update',
           jsonb_build_object(TG_ARGV[0], CASE WHEN inserted THEN jsonb_build_array(NULL, c.ids) ELSE jsonb_build_array(c.ids, NULL) END)
      FROM (SELECT (r.j->>'course_id')::bigint AS course_id, jsonb_agg(r.j->TG_ARGV[1] ORDER BY r.j->TG_ARGV[1]) AS ids
              FROM (SELECT to_jsonb(touched_rows) AS j FROM touched_rows) r GROUP BY 1) c;
    RETURN NULL;
  END $$;
CREATE TRIGGER zz_audit_insert AFTER INSERT ON course_prerequisite REFERENCING NEW TABLE AS touched_rows
  FOR EACH STATEMENT EXECUTE FUNCTION audit_course_links('prerequisites', 'prerequisite_id');
CREATE TRIGGER zz_audit_delete AFTER DELETE ON course_prerequisite REFERENCING OLD TABLE AS touched_rows
  FOR EACH STATEMENT EXECUTE FUNCTION audit_course_links('prerequisites', 'prerequisite_id');
CREATE TRIGGER zz_audit_insert AFTER INSERT ON course_equivalent REFERENCING NEW TABLE AS touched_rows
  FOR EACH STATEMENT EXECUTE FUNCTION audit_course_links('equivalents', 'equivalent_id');
CREATE TRIGGER zz_audit_delete AFTER DELETE ON course_equivalent REFERENCING OLD TABLE AS touched_rows
  FOR EACH STATEMENT EXECUTE FUNCTION audit_course_links('equivalents', 'equivalent_id');

CREATE TABLE regulation (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  code text NOT NULL,
  version integer NOT NULL CONSTRAINT ck_regulation_version CHECK (version >= 1),
  authority text NOT NULL DEFAULT '',
  level text,
  programs text[],
  intake_from text CONSTRAINT ck_regulation_intake_from CHECK (intake_from ~ '^[0-9]{4}[SF]$'),
  intake_to text CONSTRAINT ck_regulation_intake_to CHECK (intake_to ~ '^[0-9]{4}[SF]$'),
  status text NOT NULL DEFAULT 'draft' CONSTRAINT ck_regulation_status CHECK (status IN ('draft', 'in_force', 'withdrawn')),
  policy jsonb NOT NULL,
  in_force_at timestamptz,
  withdrawn_at timestamptz,
  CONSTRAINT uq_regulation_code_version UNIQUE (code, version),
  CONSTRAINT ck_regulation_in_force_at_iff_not_draft CHECK ((status = 'draft') = (in_force_at IS NULL)),
  CONSTRAINT ck_regulation_withdrawn_at_iff_withdrawn CHECK ((status = 'withdrawn') = (withdrawn_at IS NOT NULL))
);

-- In force is immutable: grades hang on it.
CREATE FUNCTION regulation_in_force_is_immutable() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF TG_OP = 'DELETE' THEN
      IF OLD.status <> 'draft' THEN
        RAISE EXCEPTION 'regulation % v% is %', OLD.code, OLD.version, OLD.status USING ERRCODE = '23514', CONSTRAINT = 'ck_regulation_in_force_is_immutable';
      END IF;
      RETURN OLD;
    END IF;
    IF OLD.status <> 'draft' AND (NEW.code, NEW.version, NEW.authority, NEW.level, NEW.programs, NEW.intake_from, NEW.intake_to, NEW.policy, NEW.in_force_at)
         IS DISTINCT FROM (OLD.code, OLD.version, OLD.authority, OLD.level, OLD.programs, OLD.intake_from, OLD.intake_to, OLD.policy, OLD.in_force_at) THEN
      RAISE EXCEPTION 'regulation % v% is %', OLD.code, OLD.version, OLD.status USING ERRCODE = '23514', CONSTRAINT = 'ck_regulation_in_force_is_immutable';
    END IF;
    IF (OLD.status, NEW.status) NOT IN (('draft','draft'), ('draft','in_force'), ('in_force','in_force'), ('in_force','withdrawn'), ('withdrawn','withdrawn')) THEN
      RAISE EXCEPTION 'regulation % cannot go from % to %', OLD.code, OLD.status, NEW.status USING ERRCODE = '23514', CONSTRAINT = 'ck_regulation_transition';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER regulation_in_force_is_immutable BEFORE UPDATE OR DELETE ON regulation FOR EACH ROW EXECUTE FUNCTION regulation_in_force_is_immutable();

CREATE TABLE term (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL CONSTRAINT uq_term_name UNIQUE,
  kind text NOT NULL DEFAULT 'fall' CONSTRAINT ck_term_kind CHECK (kind IN ('fall', 'spring', 'summer', 'annual', 'supplementary')),
  academic_year text NOT NULL DEFAULT '',
  start_date date NOT NULL,
  end_date date NOT NULL,
  enroll_until date,
  drop_until date,
  withdraw_until date,
  marks_due date,
  recheck_until date,
  status text NOT NULL DEFAULT 'open' CONSTRAINT ck_term_status CHECK (status IN ('open', 'closed')),
  CONSTRAINT ck_term_ends_after_it_starts CHECK (end_date >= start_date)
);

CALL audit_table('program', 'program');
CALL audit_table('course', 'course');
CALL audit_table('regulation', 'regulation');
CALL audit_table('term', 'term');

GRANT SELECT, INSERT, DELETE, UPDATE (code, name, department_id, level, credits_required, semesters) ON program TO sims_app;
GRANT SELECT, INSERT, DELETE, UPDATE (code, title, credits, marks_total, credits_theory, credits_practical, grading, counts_in_gpa, department_id) ON course TO sims_app;
GRANT SELECT, INSERT, DELETE ON course_prerequisite, course_equivalent TO sims_app;
GRANT SELECT, INSERT, DELETE, UPDATE (code, authority, level, programs, intake_from, intake_to, status, policy, in_force_at, withdrawn_at) ON regulation TO sims_app;
GRANT SELECT, INSERT, DELETE, UPDATE (name, kind, academic_year, start_date, end_date, enroll_until, drop_until, withdraw_until, marks_due, recheck_until, status) ON term TO sims_app;
GRANT SELECT ON program, course, course_prerequisite, course_equivalent, regulation, term TO sims_student;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
