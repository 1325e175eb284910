"""Students, registrations, holds. A registration is student × program × intake under a regulation."""

from alembic import op

revision = "2026_11_23_04"
down_revision = "2026_11_23_03"
branch_labels = None
depends_on = None

SCHEMA = r"""
CREATE TABLE student (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL CONSTRAINT ck_student_name_not_blank CHECK (name ~ '\S'),
  name_native text,
  father_name text,
  national_id text,
  date_of_birth date,
  email text,
  phone text,
  address text,
  search_text text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_student_search_text ON student USING gin (search_text gin_trgm_ops);
CREATE INDEX ix_student_name ON student (name COLLATE "C", id);

ALTER TABLE account ADD CONSTRAINT fk_account_student FOREIGN KEY (student_id) REFERENCES student (id);

CREATE TABLE registration (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  student_id bigint NOT NULL CONSTRAINT fk_registration_student REFERENCES student (id),
  program_id bigint NOT NULL CONSTRAINT fk_registration_program REFERENCES program (id),
  regulation_id bigint NOT NULL CONSTRAINT fk_registration_regulation REFERENCES regulation (id),
  reg_no text COLLATE "C" NOT NULL CONSTRAINT uq_registration_reg_no UNIQUE,
  roll_no text,
  intake text NOT NULL CONSTRAINT ck_registration_intake CHECK (intake ~ '^[0-9]{4}[SF]$'),
  batch text NOT NULL DEFAULT '',
  admitted_on date NOT NULL,
  status text NOT NULL DEFAULT 'active' CONSTRAINT ck_registration_status CHECK (status IN
    ('provisional', 'active', 'on_leave', 'struck_off', 'suspended', 'completed', 'graduated', 'withdrawn', 'dismissed', 'cancelled')),
  is_current boolean NOT NULL DEFAULT true,
  -- As last declared; written with term_result in the same transaction.
  cgpa numeric CONSTRAINT ck_registration_cgpa_has_six_places CHECK (scale(cgpa) <= 6),
  credits_earned numeric(6,2) NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT uq_registration_id_student UNIQUE (id, student_id)
-- Room for the row with its new CGPA, which no index holds: a declared term touches none of the seven.
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX uq_registration_one_current ON registration (student_id) WHERE is_current;
CREATE INDEX ix_registration_student_id ON registration (student_id);
CREATE INDEX ix_registration_program_id ON registration (program_id, student_id) WHERE is_current;
CREATE INDEX ix_registration_status ON registration (status, student_id) WHERE is_current;
CREATE INDEX ix_registration_regulation_id ON registration (regulation_id);

-- Each status order, with its date and number; the registration shows the latest.
CREATE TABLE registration_order (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  registration_id bigint NOT NULL CONSTRAINT fk_registration_order_registration REFERENCES registration (id),
  status text NOT NULL,
  effective_on date NOT NULL,
  order_no text NOT NULL DEFAULT '',
  reason text NOT NULL DEFAULT '',
  by_account_id bigint CONSTRAINT fk_registration_order_account REFERENCES account (id),
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_registration_order_registration_id ON registration_order (registration_id);

-- Former names stay findable for ever.
CREATE TABLE student_name_version (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  student_id bigint NOT NULL CONSTRAINT fk_student_name_version_student REFERENCES student (id),
  name text NOT NULL,
  name_native text,
  until timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_student_name_version_student_id ON student_name_version (student_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON student_name_version FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION student_search_text(wanted bigint, name text, name_native text, phone text) RETURNS text LANGUAGE sql STABLE
  SET search_path = public, pg_temp
  AS $$
    SELECT folded(concat_ws(E'\n', name, name_native, phone,
      (SELECT string_agg(r.reg_no, E'\n') FROM registration r WHERE r.student_id = wanted),
      (SELECT string_agg(concat_ws(E'\n', v.name, v.name_native), E'\n') FROM student_name_version v WHERE v.student_id = wanted)))
  $$;

CREATE FUNCTION student_is_searchable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.name, NEW.name_native) IS DISTINCT FROM (OLD.name, OLD.name_native) THEN
      INSERT INTO student_name_version (student_id, name, name_native) VALUES (OLD.id, OLD.name, OLD.name_native);
    END IF;
    IF TG_OP = 'INSERT' THEN
      NEW.search_text := folded(concat_ws(E'\n', NEW.name, NEW.name_native, NEW.phone));
    ELSE
      NEW.search_text := student_search_text(NEW.id, NEW.name, NEW.name_native, NEW.phone);
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER student_is_searchable BEFORE INSERT OR UPDATE OF name, name_native, phone ON student
  FOR EACH ROW EXECUTE FUNCTION student_is_searchable();

-- Statement-level: an import of 30,000 registrations touches each student once.
CREATE FUNCTION registration_is_searchable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public, pg_temp SET enable_nestloop = off
  AS $$
  DECLARE touched bigint[];
  BEGIN
    IF TG_OP = 'INSERT' THEN
      SELECT array_agg(DISTINCT student_id) INTO touched FROM new_rows;
    ELSE
      SELECT array_agg(DISTINCT n.student_id) INTO touched FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE o.reg_no <> n.reg_no;
    END IF;
    IF touched IS NULL THEN RETURN NULL; END IF;
    -- By array, so that one student is found by the index and 30,000 are joined in one pass.
    UPDATE student s SET search_text = folded(concat_ws(E'\n', s.name, s.name_native, s.phone, r.numbers, v.names))
      FROM (SELECT student_id, string_agg(reg_no, E'\n') AS numbers FROM registration WHERE student_id = ANY (touched) GROUP BY student_id) r
           LEFT JOIN (SELECT student_id, string_agg(concat_ws(E'\n', name, name_native), E'\n') AS names
                        FROM student_name_version WHERE student_id = ANY (touched) GROUP BY student_id) v ON v.student_id = r.student_id
     WHERE s.id = r.student_id AND s.id = ANY (touched);
    RETURN NULL;
  END $$;
CREATE TRIGGER registration_is_searchable_insert AFTER INSERT ON registration REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION registration_is_searchable();
CREATE TRIGGER registration_is_searchable_update AFTER UPDATE ON registration REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION registration_is_searchable();

CREATE TABLE hold_kind (
  kind text PRIMARY KEY,
  lifted_by text NOT NULL,
  blocks text[] NOT NULL,
  effect text NOT NULL DEFAULT 'block',
  contact text NOT NULL DEFAULT ''
);
INSERT INTO hold_kind (kind, lifted_by, blocks, effect, contact) VALUES
  ('fee', 'accounts', '{enrollment,transcript,exam_slip}', 'block', 'Accounts office'),
  ('library', 'registrar', '{transcript}', 'block', 'Library'),
  ('discipline', 'registrar', '{enrollment,transcript,results}', 'block', 'Proctor'),
  ('document', 'registrar', '{transcript}', 'block', 'Registry'),
  ('hostel', 'registrar', '{transcript}', 'block', 'Hostel warden'),
  ('academic', 'registrar', '{enrollment}', 'block', 'Registrar');

CREATE TABLE hold (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  student_id bigint NOT NULL CONSTRAINT fk_hold_student REFERENCES student (id),
  kind text NOT NULL CONSTRAINT fk_hold_kind REFERENCES hold_kind (kind),
  blocks text[] NOT NULL CONSTRAINT ck_hold_blocks CHECK (blocks <@ ARRAY['enrollment', 'transcript', 'results', 'exam_slip']),
  effect text NOT NULL DEFAULT 'block' CONSTRAINT ck_hold_effect CHECK (effect IN ('block', 'watermark', 'warn')),
  reason text NOT NULL,
  amount numeric(12,2) CONSTRAINT ck_hold_amount CHECK (amount >= 0),
  contact text NOT NULL DEFAULT '',
  placed_by bigint CONSTRAINT fk_hold_placed_by REFERENCES account (id),
  placed_at timestamptz NOT NULL DEFAULT now(),
  lifted_at timestamptz,
  lifted_by bigint CONSTRAINT fk_hold_lifted_by REFERENCES account (id),
  lift_reason text
);
CREATE INDEX ix_hold_student_id ON hold (student_id) WHERE lifted_at IS NULL;
CREATE INDEX ix_hold_student_id_all ON hold (student_id, id);

CALL audit_table('student', 'student', '-search_text');
CALL audit_table('registration', 'registration');
CALL audit_table('registration_order', 'registration_order');
CALL audit_table('hold', 'hold');

GRANT SELECT, INSERT (name, name_native, father_name, national_id, date_of_birth, email, phone, address),
  UPDATE (name, name_native, father_name, national_id, date_of_birth, email, phone, address) ON student TO sims_app;
GRANT SELECT, INSERT, UPDATE (roll_no, batch, status, is_current, cgpa, credits_earned, regulation_id, reg_no, intake, admitted_on) ON registration TO sims_app;
GRANT SELECT, INSERT ON registration_order TO sims_app;
GRANT SELECT ON student_name_version TO sims_app;
GRANT SELECT ON hold_kind TO sims_app, sims_student;
GRANT SELECT, INSERT, UPDATE (reason, amount, blocks, effect, contact, lifted_at, lifted_by, lift_reason) ON hold TO sims_app;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
