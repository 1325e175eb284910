"""Sections, their staff, enrollments. Seats are a counter that every writer must move."""

from alembic import op

revision = "2026_11_23_05"
down_revision = "2026_11_23_04"
branch_labels = None
depends_on = None

SCHEMA = r"""
CREATE TABLE offering (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  course_id bigint NOT NULL CONSTRAINT fk_offering_course REFERENCES course (id),
  term_id bigint NOT NULL CONSTRAINT fk_offering_term REFERENCES term (id),
  CONSTRAINT uq_offering_course_term UNIQUE (course_id, term_id)
);

CREATE TABLE section (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  offering_id bigint NOT NULL CONSTRAINT fk_section_offering REFERENCES offering (id),
  course_id bigint NOT NULL CONSTRAINT fk_section_course REFERENCES course (id),
  term_id bigint NOT NULL CONSTRAINT fk_section_term REFERENCES term (id),
  code text NOT NULL,
  capacity integer NOT NULL,
  seats_taken integer NOT NULL DEFAULT 0,
  weights_total numeric(7,2) NOT NULL DEFAULT 0,
  status text NOT NULL DEFAULT 'active' CONSTRAINT ck_section_status CHECK (status IN ('active', 'cancelled')),
  -- As the course was when the section was made.
  course_code text NOT NULL,
  course_title text NOT NULL,
  credits numeric(5,2) NOT NULL CONSTRAINT ck_section_credits CHECK (credits >= 0 AND credits < 'NaN'),
  marks_total numeric(7,2),
  grading text NOT NULL DEFAULT 'letter',
  counts_in_gpa boolean NOT NULL DEFAULT true,
  CONSTRAINT uq_section_course_term_code UNIQUE (course_id, term_id, code),
  CONSTRAINT uq_section_id_term_course UNIQUE (id, term_id, course_id),
  CONSTRAINT ck_section_capacity CHECK (capacity BETWEEN 0 AND 100000),
  CONSTRAINT ck_section_seats_within_capacity CHECK (seats_taken BETWEEN 0 AND capacity),
  CONSTRAINT ck_section_weights_within_100 CHECK (weights_total BETWEEN 0 AND 100)
);
CREATE INDEX ix_section_term_id ON section (term_id, id);

CREATE TABLE section_staff (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  section_id bigint NOT NULL CONSTRAINT fk_section_staff_section REFERENCES section (id),
  account_id bigint NOT NULL CONSTRAINT fk_section_staff_account REFERENCES account (id),
  role text NOT NULL DEFAULT 'co' CONSTRAINT ck_section_staff_role CHECK (role IN ('lead', 'co', 'lab', 'ta')),
  since timestamptz NOT NULL DEFAULT now(),
  -- Rows of former teachers stay: their late edits are answered, not lost.
  until timestamptz,
  CONSTRAINT uq_section_staff UNIQUE (section_id, account_id)
);
CREATE INDEX ix_section_staff_account_id ON section_staff (account_id);
CREATE UNIQUE INDEX uq_section_staff_one_lead ON section_staff (section_id) WHERE role = 'lead' AND until IS NULL;

-- One sheet a section, made with it. rev moves once in a transaction that writes a cell, the roster
-- or an assessment; the row lock it holds until commit makes rev order equal commit order.
CREATE TABLE sheet (
  section_id bigint PRIMARY KEY CONSTRAINT fk_sheet_section REFERENCES section (id) ON DELETE CASCADE,
  state text NOT NULL DEFAULT 'open' CONSTRAINT ck_sheet_state CHECK (state IN ('open', 'submitted', 'approved')),
  rev bigint NOT NULL DEFAULT 0,
  rev_transaction xid8,
  digest numeric(78,0) NOT NULL DEFAULT 0,
  submitted_by bigint CONSTRAINT fk_sheet_submitted_by REFERENCES account (id),
  submitted_at timestamptz,
  approved_by bigint CONSTRAINT fk_sheet_approved_by REFERENCES account (id),
  approved_at timestamptz,
  return_reason text,
  CONSTRAINT ck_sheet_submitted_iff_not_open CHECK ((state <> 'open') = (submitted_at IS NOT NULL) AND (submitted_at IS NULL) = (submitted_by IS NULL)),
  CONSTRAINT ck_sheet_approved_iff_state CHECK ((state = 'approved') = (approved_at IS NOT NULL) AND (approved_at IS NULL) = (approved_by IS NULL)),
  CONSTRAINT ck_sheet_approver_is_not_submitter CHECK (approved_by IS NULL OR approved_by <> submitted_by)
);

-- What besides cells changed at which rev: devices ask for it.
CREATE TABLE sheet_change (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  section_id bigint NOT NULL,
  rev bigint NOT NULL,
  kind text NOT NULL CONSTRAINT ck_sheet_change_kind CHECK (kind IN ('roster', 'assessment', 'state')),
  enrollment_id bigint,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_sheet_change_section_rev ON sheet_change (section_id, rev);

CREATE TABLE enrollment (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  student_id bigint NOT NULL CONSTRAINT fk_enrollment_student REFERENCES student (id),
  registration_id bigint NOT NULL,
  section_id bigint NOT NULL,
  term_id bigint NOT NULL,
  course_id bigint NOT NULL,
  kind text NOT NULL DEFAULT 'regular' CONSTRAINT ck_enrollment_kind CHECK (kind IN ('regular', 'repeat', 'improvement', 'audit', 'supplementary')),
  status text NOT NULL DEFAULT 'enrolled' CONSTRAINT ck_enrollment_status CHECK (status IN ('enrolled', 'dropped', 'withdrawn', 'barred', 'completed')),
  attempt integer NOT NULL DEFAULT 1 CONSTRAINT ck_enrollment_attempt CHECK (attempt >= 1),
  enrolled_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  end_reason text,
  override jsonb,
  CONSTRAINT fk_enrollment_registration FOREIGN KEY (registration_id, student_id) REFERENCES registration (id, student_id),
  CONSTRAINT fk_enrollment_section FOREIGN KEY (section_id, term_id, course_id) REFERENCES section (id, term_id, course_id),
  CONSTRAINT uq_enrollment_section_student UNIQUE (section_id, student_id),
  CONSTRAINT uq_enrollment_id_section UNIQUE (id, section_id),
  CONSTRAINT ck_enrollment_ended_at_iff_left CHECK ((status IN ('dropped', 'withdrawn', 'barred')) = (ended_at IS NOT NULL))
);
CREATE UNIQUE INDEX uq_enrollment_course_once_a_term ON enrollment (registration_id, course_id, term_id) WHERE status <> 'dropped';
CREATE INDEX ix_enrollment_student_id ON enrollment (student_id, id);
CREATE INDEX ix_enrollment_registration_course ON enrollment (registration_id, course_id);
CREATE INDEX ix_enrollment_term_id ON enrollment (term_id, id);
CREATE INDEX ix_enrollment_section_id ON enrollment (section_id, id);

-- completed comes from publishing, and nothing leads back.
CREATE TABLE enrollment_transition (
  from_status text NOT NULL,
  to_status text NOT NULL,
  CONSTRAINT pk_enrollment_transition PRIMARY KEY (from_status, to_status)
);
INSERT INTO enrollment_transition VALUES
  ('enrolled', 'dropped'), ('enrolled', 'withdrawn'), ('enrolled', 'barred'), ('enrolled', 'completed'),
  ('dropped', 'enrolled'), ('withdrawn', 'enrolled'), ('barred', 'enrolled'), ('withdrawn', 'completed'), ('barred', 'completed');

CREATE FUNCTION enrollment_moves_lawfully() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF TG_OP = 'INSERT' THEN
      RAISE EXCEPTION 'an enrollment is completed by its published result' USING ERRCODE = '23514', CONSTRAINT = 'ck_enrollment_completed_by_result';
    END IF;
    -- What a published result was computed for, and how it counts, hangs on the row: it stands still.
    IF OLD.status = 'completed' AND NEW IS DISTINCT FROM OLD THEN
      RAISE EXCEPTION 'a completed enrollment stands' USING ERRCODE = '23514', CONSTRAINT = 'ck_enrollment_completed_stands';
    END IF;
    IF NEW.status = 'completed' AND OLD.status <> 'completed'
       AND NOT EXISTS (SELECT FROM result WHERE enrollment_id = NEW.id AND state <> 'draft') THEN
      RAISE EXCEPTION 'an enrollment is completed by its published result' USING ERRCODE = '23514', CONSTRAINT = 'ck_enrollment_completed_by_result';
    END IF;
    IF (NEW.student_id, NEW.registration_id, NEW.section_id, NEW.term_id, NEW.course_id)
         IS DISTINCT FROM (OLD.student_id, OLD.registration_id, OLD.section_id, OLD.term_id, OLD.course_id) THEN
      RAISE EXCEPTION 'an enrollment keeps its student and section' USING ERRCODE = '23514', CONSTRAINT = 'ck_enrollment_keeps_its_keys';
    END IF;
    IF NEW.status <> OLD.status AND NOT EXISTS (SELECT FROM enrollment_transition WHERE from_status = OLD.status AND to_status = NEW.status) THEN
      RAISE EXCEPTION 'an enrollment cannot go from % to %', OLD.status, NEW.status USING ERRCODE = '23514', CONSTRAINT = 'ck_enrollment_transition';
    END IF;
    RETURN NEW;
  END $$;
-- What a publish does to 500 rows at once (enrolled → completed, nothing else) is lawful as far as the row
-- knows; that each has its published result is asked once for all by enrollment_takes_seat.
CREATE TRIGGER enrollment_moves_lawfully BEFORE UPDATE ON enrollment FOR EACH ROW
  WHEN (OLD.status <> 'enrolled' OR NEW.status <> 'completed'
    OR (NEW.student_id, NEW.registration_id, NEW.section_id, NEW.term_id, NEW.course_id)
       IS DISTINCT FROM (OLD.student_id, OLD.registration_id, OLD.section_id, OLD.term_id, OLD.course_id))
  EXECUTE FUNCTION enrollment_moves_lawfully();
CREATE TRIGGER enrollment_begins_uncompleted BEFORE INSERT ON enrollment FOR EACH ROW WHEN (NEW.status = 'completed') EXECUTE FUNCTION enrollment_moves_lawfully();

-- Lock the sheets in id order, move rev once a transaction.
CREATE FUNCTION take_sheet_rev(sections bigint[]) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    UPDATE sheet SET rev = sheet.rev + 1, rev_transaction = pg_current_xact_id()
      FROM (SELECT section_id FROM sheet WHERE section_id = ANY (sections) ORDER BY section_id FOR UPDATE) locked
     WHERE sheet.section_id = locked.section_id AND sheet.rev_transaction IS DISTINCT FROM pg_current_xact_id()
  $$;

CREATE FUNCTION section_gets_its_sheet() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$ BEGIN INSERT INTO sheet (section_id) SELECT id FROM new_rows; RETURN NULL; END $$;
CREATE TRIGGER section_gets_its_sheet AFTER INSERT ON section REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION section_gets_its_sheet();

-- Seats: everybody but the dropped holds one. AFTER, because a BEFORE trigger would take a seat for an
-- insert that ON CONFLICT then drops.
CREATE FUNCTION enrollment_takes_seat() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public, pg_temp SET enable_nestloop = off
  AS $$
  DECLARE
    touched bigint[]; completed bigint[]; left_now bigint[]; came_back bigint[]; others boolean;
  BEGIN
    IF TG_OP = 'INSERT' THEN
      UPDATE section s SET seats_taken = s.seats_taken + d.delta
        FROM (SELECT section_id, count(*) FILTER (WHERE status <> 'dropped') AS delta FROM new_rows GROUP BY section_id ORDER BY section_id) d
       WHERE s.id = d.section_id AND d.delta <> 0;
      SELECT array_agg(DISTINCT section_id) INTO touched FROM new_rows;
      PERFORM take_sheet_rev(touched);
      -- The revision's row lock is held from here on: a submit cannot slip in between.
      IF EXISTS (SELECT FROM new_rows n JOIN sheet h USING (section_id) WHERE n.status <> 'dropped' AND h.state <> 'open') THEN
        RAISE EXCEPTION 'the sheet of the section is not open' USING ERRCODE = '23514', CONSTRAINT = 'ck_enrollment_sheet_is_open';
      END IF;
      INSERT INTO sheet_change (section_id, rev, kind, enrollment_id)
      SELECT n.section_id, h.rev, 'roster', n.id FROM new_rows n JOIN sheet h USING (section_id);
    ELSIF TG_OP = 'UPDATE' THEN
      SELECT array_agg(DISTINCT n.section_id), bool_or(n.status <> 'completed'),
             array_agg(n.id) FILTER (WHERE n.status = 'completed'),
             array_agg(n.id) FILTER (WHERE n.status = 'dropped'), array_agg(n.id) FILTER (WHERE o.status = 'dropped')
        INTO touched, others, completed, left_now, came_back
        FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE n.status <> o.status;
      IF touched IS NOT NULL THEN
        IF (SELECT count(*) FROM result WHERE enrollment_id = ANY (completed) AND state <> 'draft') < cardinality(completed) THEN
          RAISE EXCEPTION 'an enrollment is completed by its published result' USING ERRCODE = '23514', CONSTRAINT = 'ck_enrollment_completed_by_result';
        END IF;
        IF left_now IS NOT NULL OR came_back IS NOT NULL THEN
          UPDATE section s SET seats_taken = s.seats_taken + d.delta
            FROM (SELECT n.section_id, count(*) FILTER (WHERE n.status <> 'dropped') - count(*) FILTER (WHERE o.status <> 'dropped') AS delta
                    FROM new_rows n JOIN old_rows o ON o.id = n.id GROUP BY n.section_id ORDER BY n.section_id) d
           WHERE s.id = d.section_id AND d.delta <> 0;
        END IF;
        PERFORM take_sheet_rev(touched);
        IF others AND EXISTS (SELECT FROM new_rows n JOIN old_rows o ON o.id = n.id JOIN sheet h ON h.section_id = n.section_id
                    WHERE n.status <> o.status AND n.status <> 'completed' AND h.state <> 'open') THEN
          RAISE EXCEPTION 'the sheet of the section is not open' USING ERRCODE = '23514', CONSTRAINT = 'ck_enrollment_sheet_is_open';
        END IF;
        INSERT INTO sheet_change (section_id, rev, kind, enrollment_id)
        SELECT n.section_id, h.rev, 'roster', n.id FROM new_rows n JOIN old_rows o ON o.id = n.id JOIN sheet h ON h.section_id = n.section_id
         WHERE n.status <> o.status;
        PERFORM roster_moves_digest(left_now, -1);
        PERFORM roster_moves_digest(came_back, 1);
      END IF;
    ELSE
      UPDATE section s SET seats_taken = s.seats_taken - d.delta
        FROM (SELECT section_id, count(*) FILTER (WHERE status <> 'dropped') AS delta FROM old_rows GROUP BY section_id ORDER BY section_id) d
       WHERE s.id = d.section_id AND d.delta <> 0;
    END IF;
    RETURN NULL;
  END $$;
CREATE TRIGGER enrollment_takes_seat_insert AFTER INSERT ON enrollment REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION enrollment_takes_seat();
CREATE TRIGGER enrollment_takes_seat_update AFTER UPDATE ON enrollment REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION enrollment_takes_seat();
CREATE TRIGGER enrollment_takes_seat_delete AFTER DELETE ON enrollment REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION enrollment_takes_seat();

CALL audit_table('section', 'section', '-seats_taken', '-weights_total');
CALL audit_table('section_staff', 'section_staff');
CALL audit_table('enrollment', 'enrollment');

GRANT SELECT, INSERT ON offering TO sims_app;
GRANT SELECT, DELETE, INSERT (offering_id, course_id, term_id, code, capacity, status, course_code, course_title, credits, marks_total, grading, counts_in_gpa),
  UPDATE (code, capacity, status) ON section TO sims_app;
GRANT SELECT, INSERT, UPDATE (role, since, until), DELETE ON section_staff TO sims_app;
GRANT SELECT, UPDATE (state, submitted_by, submitted_at, approved_by, approved_at, return_reason) ON sheet TO sims_app;
GRANT SELECT ON sheet_change, enrollment_transition TO sims_app;
GRANT SELECT, INSERT (student_id, registration_id, section_id, term_id, course_id, kind, status, attempt, enrolled_at, ended_at, end_reason, override),
  UPDATE (kind, status, attempt, enrolled_at, ended_at, end_reason, override) ON enrollment TO sims_app;
GRANT SELECT ON section, offering, section_staff TO sims_student;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
