"""Class sessions, attendance, and who may sit the examination."""

from alembic import op

revision = "2026_11_23_12"
down_revision = "2026_11_23_11"
branch_labels = None
depends_on = None

OPEN_TO_STAFF = ("class_session", "attendance", "condonation", "eligibility_list", "eligibility_row")

SCHEMA = r"""
-- One meeting of a section. taken_at: somebody was marked in it; only then it counts. It is kept here
-- because a student sees no other's marks and could not tell a class that was not taken.
CREATE TABLE class_session (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  section_id bigint NOT NULL CONSTRAINT fk_class_session_section REFERENCES section (id),
  held_on date NOT NULL,
  slot integer NOT NULL DEFAULT 1 CONSTRAINT ck_class_session_slot CHECK (slot BETWEEN 1 AND 20),
  head text CONSTRAINT ck_class_session_head CHECK (head <> ''),
  taken_at timestamptz,
  called_off_at timestamptz,
  called_off_reason text,
  CONSTRAINT uq_class_session_section_day_slot UNIQUE (section_id, held_on, slot),
  CONSTRAINT uq_class_session_id_section UNIQUE (id, section_id),
  CONSTRAINT ck_class_session_called_off_says_why CHECK ((called_off_at IS NULL) = (called_off_reason IS NULL) AND called_off_reason <> '')
);
CREATE INDEX ix_class_session_held_on ON class_session (held_on, id);

-- Both keys name the section: nobody is marked in a class of a section he does not sit in.
CREATE TABLE attendance (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  section_id bigint NOT NULL,
  class_session_id bigint NOT NULL,
  student_id bigint NOT NULL,
  status text NOT NULL CONSTRAINT ck_attendance_status CHECK (status IN ('present', 'absent', 'late', 'leave')),
  reason text NOT NULL DEFAULT '',
  updated_by bigint CONSTRAINT fk_attendance_updated_by REFERENCES account (id),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT fk_attendance_class_session FOREIGN KEY (class_session_id, section_id) REFERENCES class_session (id, section_id),
  CONSTRAINT fk_attendance_enrollment FOREIGN KEY (section_id, student_id) REFERENCES enrollment (section_id, student_id),
  CONSTRAINT uq_attendance_class_session_student UNIQUE (class_session_id, student_id)
);
CREATE INDEX ix_attendance_section_student ON attendance (section_id, student_id);
CREATE INDEX ix_attendance_student_id ON attendance (student_id, id);

CREATE FUNCTION class_session_stands_in_its_term() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  DECLARE found record;
  BEGIN
    IF TG_OP = 'UPDATE' AND NEW.section_id <> OLD.section_id THEN
      RAISE EXCEPTION 'a class session keeps its section' USING ERRCODE = '23514', CONSTRAINT = 'ck_class_session_keeps_its_section';
    END IF;
    SELECT s.status, t.start_date, t.end_date INTO found FROM section s JOIN term t ON t.id = s.term_id WHERE s.id = NEW.section_id;
    IF found.status = 'cancelled' AND NEW.called_off_at IS NULL THEN
      RAISE EXCEPTION 'a cancelled section holds no classes' USING ERRCODE = '23514', CONSTRAINT = 'ck_class_session_section_is_active';
    END IF;
    IF NEW.held_on NOT BETWEEN found.start_date AND found.end_date THEN
      RAISE EXCEPTION 'the class of % lies outside the term', NEW.held_on USING ERRCODE = '23514', CONSTRAINT = 'ck_class_session_within_term';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER class_session_stands_in_its_term BEFORE INSERT OR UPDATE OF section_id, held_on ON class_session
  FOR EACH ROW EXECUTE FUNCTION class_session_stands_in_its_term();

CREATE FUNCTION term_holds_its_class_sessions() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF EXISTS (SELECT FROM section s JOIN class_session k ON k.section_id = s.id
                WHERE s.term_id = NEW.id AND k.held_on NOT BETWEEN NEW.start_date AND NEW.end_date) THEN
      RAISE EXCEPTION 'classes were held outside these dates' USING ERRCODE = '23514', CONSTRAINT = 'ck_term_holds_its_class_sessions';
    END IF;
    RETURN NULL;
  END $$;
CREATE TRIGGER term_holds_its_class_sessions AFTER UPDATE OF start_date, end_date ON term FOR EACH ROW
  WHEN ((OLD.start_date, OLD.end_date) IS DISTINCT FROM (NEW.start_date, NEW.end_date)) EXECUTE FUNCTION term_holds_its_class_sessions();

-- Who dropped keeps the marks as evidence and gets no more; a class that was called off or belongs to a
-- cancelled section takes none. Asked once for a whole class list.
CREATE FUNCTION attendance_is_of_the_roster() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public, pg_temp SET enable_nestloop = off
  AS $$
  BEGIN
    IF EXISTS (SELECT FROM new_rows n JOIN enrollment e ON e.section_id = n.section_id AND e.student_id = n.student_id
                WHERE e.status = 'dropped') THEN
      RAISE EXCEPTION 'somebody marked has dropped the section' USING ERRCODE = '23514', CONSTRAINT = 'ck_attendance_of_the_roster';
    END IF;
    IF EXISTS (SELECT FROM (SELECT DISTINCT class_session_id FROM new_rows) n JOIN class_session k ON k.id = n.class_session_id
                 JOIN section s ON s.id = k.section_id WHERE k.called_off_at IS NOT NULL OR s.status = 'cancelled') THEN
      RAISE EXCEPTION 'no class was held' USING ERRCODE = '23514', CONSTRAINT = 'ck_attendance_class_was_held';
    END IF;
    IF TG_OP = 'INSERT' THEN
      UPDATE class_session k SET taken_at = now() FROM (SELECT DISTINCT class_session_id FROM new_rows) n
       WHERE k.id = n.class_session_id AND k.taken_at IS NULL;
    END IF;
    RETURN NULL;
  END $$;
CREATE TRIGGER attendance_is_of_the_roster_insert AFTER INSERT ON attendance REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION attendance_is_of_the_roster();
CREATE TRIGGER attendance_is_of_the_roster_update AFTER UPDATE ON attendance REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION attendance_is_of_the_roster();

-- A shortage that was forgiven: by whose authority, and why. Never rewritten, only withdrawn.
CREATE TABLE condonation (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  section_id bigint NOT NULL,
  student_id bigint NOT NULL,
  authority text NOT NULL CONSTRAINT ck_condonation_authority CHECK (authority <> ''),
  reason text NOT NULL CONSTRAINT ck_condonation_reason CHECK (reason <> ''),
  percentage numeric(5,2),
  granted_by bigint CONSTRAINT fk_condonation_granted_by REFERENCES account (id),
  granted_at timestamptz NOT NULL DEFAULT now(),
  withdrawn_by bigint CONSTRAINT fk_condonation_withdrawn_by REFERENCES account (id),
  withdrawn_at timestamptz,
  withdrawn_reason text,
  CONSTRAINT fk_condonation_enrollment FOREIGN KEY (section_id, student_id) REFERENCES enrollment (section_id, student_id),
  CONSTRAINT uq_condonation_id_section_student UNIQUE (id, section_id, student_id),
  CONSTRAINT ck_condonation_withdrawn_says_why CHECK ((withdrawn_at IS NULL) = (withdrawn_reason IS NULL) AND withdrawn_reason <> '')
);
CREATE UNIQUE INDEX uq_condonation_one_in_force ON condonation (section_id, student_id) WHERE withdrawn_at IS NULL;
CREATE INDEX ix_condonation_student_id ON condonation (student_id, id);

CREATE FUNCTION condonation_stands() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN RAISE EXCEPTION 'a withdrawn condonation stands' USING ERRCODE = '23514', CONSTRAINT = 'ck_condonation_withdrawn_once'; END $$;
CREATE TRIGGER condonation_stands BEFORE UPDATE ON condonation FOR EACH ROW WHEN (OLD.withdrawn_at IS NOT NULL) EXECUTE FUNCTION condonation_stands();

-- The notified list of a section, kept as it was. The latest version is the one in force.
CREATE TABLE eligibility_list (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  section_id bigint NOT NULL CONSTRAINT fk_eligibility_list_section REFERENCES section (id),
  version integer NOT NULL CONSTRAINT ck_eligibility_list_version CHECK (version >= 1),
  authority text NOT NULL DEFAULT '',
  notified_by bigint CONSTRAINT fk_eligibility_list_notified_by REFERENCES account (id),
  notified_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT uq_eligibility_list_section_version UNIQUE (section_id, version),
  CONSTRAINT uq_eligibility_list_id_section UNIQUE (id, section_id)
);

CREATE TABLE eligibility_row (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  list_id bigint NOT NULL,
  section_id bigint NOT NULL,
  student_id bigint NOT NULL,
  registration_id bigint NOT NULL,
  regulation_id bigint NOT NULL CONSTRAINT fk_eligibility_row_regulation REFERENCES regulation (id),
  outcome text NOT NULL CONSTRAINT ck_eligibility_row_outcome CHECK (outcome IN ('eligible', 'condoned', 'short')),
  total integer NOT NULL CONSTRAINT ck_eligibility_row_total CHECK (total >= 0),
  attended numeric(10,6) NOT NULL,
  percentage numeric(5,2),
  exact text,
  threshold numeric(5,2) NOT NULL,
  shortage text,
  condonation_id bigint,
  CONSTRAINT fk_eligibility_row_list FOREIGN KEY (list_id, section_id) REFERENCES eligibility_list (id, section_id),
  CONSTRAINT fk_eligibility_row_enrollment FOREIGN KEY (section_id, student_id) REFERENCES enrollment (section_id, student_id),
  CONSTRAINT fk_eligibility_row_registration FOREIGN KEY (registration_id, student_id) REFERENCES registration (id, student_id),
  CONSTRAINT fk_eligibility_row_condonation FOREIGN KEY (condonation_id, section_id, student_id) REFERENCES condonation (id, section_id, student_id),
  CONSTRAINT uq_eligibility_row_list_student UNIQUE (list_id, student_id),
  CONSTRAINT ck_eligibility_row_condoned_by_somebody CHECK ((outcome = 'condoned') = (condonation_id IS NOT NULL))
);
CREATE INDEX ix_eligibility_row_student_id ON eligibility_row (student_id, id);
CREATE INDEX ix_eligibility_row_section_student ON eligibility_row (section_id, student_id);

-- An earlier list is never told after a later one, and a notified one never changes.
CREATE FUNCTION eligibility_list_follows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF NEW.version <> 1 + (SELECT count(*) FROM eligibility_list WHERE section_id = NEW.section_id) THEN
      RAISE EXCEPTION 'the versions of a list follow one another' USING ERRCODE = '23514', CONSTRAINT = 'ck_eligibility_list_versions_follow';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER eligibility_list_follows BEFORE INSERT ON eligibility_list FOR EACH ROW EXECUTE FUNCTION eligibility_list_follows();
CREATE FUNCTION eligibility_row_comes_with_its_list() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF EXISTS (SELECT FROM (SELECT DISTINCT list_id FROM new_rows) n JOIN eligibility_list l ON l.id = n.list_id
                WHERE l.xmin <> pg_current_xact_id()::xid) THEN
      RAISE EXCEPTION 'a notified list is complete' USING ERRCODE = '23514', CONSTRAINT = 'ck_eligibility_list_is_complete';
    END IF;
    RETURN NULL;
  END $$;
CREATE TRIGGER eligibility_row_comes_with_its_list AFTER INSERT ON eligibility_row REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION eligibility_row_comes_with_its_list();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON eligibility_list FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON eligibility_row FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CALL audit_table('class_session', 'class_session');
CALL audit_table('attendance', 'attendance');
CALL audit_table('condonation', 'condonation');
CALL audit_table('eligibility_list', 'eligibility_list');
CALL audit_table('eligibility_row', 'eligibility_row');

GRANT SELECT, DELETE, INSERT (section_id, held_on, slot, head), UPDATE (held_on, slot, head, called_off_at, called_off_reason) ON class_session TO sims_app;
GRANT SELECT, INSERT (section_id, class_session_id, student_id, status, reason, updated_by, updated_at),
  UPDATE (status, reason, updated_by, updated_at) ON attendance TO sims_app;
GRANT SELECT, INSERT (section_id, student_id, authority, reason, percentage, granted_by, granted_at),
  UPDATE (withdrawn_by, withdrawn_at, withdrawn_reason) ON condonation TO sims_app;
GRANT SELECT, INSERT (section_id, version, authority, notified_by, notified_at) ON eligibility_list TO sims_app;
GRANT SELECT, INSERT (list_id, section_id, student_id, registration_id, regulation_id, outcome, total, attended, percentage, exact, threshold,
  shortage, condonation_id) ON eligibility_row TO sims_app;

GRANT SELECT ON class_session, attendance, condonation, eligibility_list, eligibility_row TO sims_student;
CREATE POLICY own ON class_session FOR SELECT TO sims_student
  USING (section_id IN (SELECT e.section_id FROM enrollment e WHERE e.student_id = acting_student()));
CREATE POLICY own ON attendance FOR SELECT TO sims_student USING (student_id = acting_student());
CREATE POLICY own ON condonation FOR SELECT TO sims_student USING (student_id = acting_student());
CREATE POLICY own ON eligibility_list FOR SELECT TO sims_student
  USING (section_id IN (SELECT e.section_id FROM enrollment e WHERE e.student_id = acting_student()));
CREATE POLICY own ON eligibility_row FOR SELECT TO sims_student USING (student_id = acting_student());
"""


def upgrade() -> None:
    op.execute(SCHEMA)
    for table in OPEN_TO_STAFF:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY staff ON {table} TO sims_app USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY reading ON {table} FOR SELECT TO sims_readonly, sims_backup USING (true)")


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
