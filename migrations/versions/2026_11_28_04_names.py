"""A name is corrected by two: one asks with the paper that proves it, another confirms.

Whoever holds a degree is found by the name on it, so a name that changes by one hand is a way to hand a record
over. The former name stays searchable, as ever.
"""

from alembic import op

revision = "2026_11_28_04"
down_revision = "2026_11_28_03"
branch_labels = None
depends_on = None

SCHEMA = r"""
CREATE TABLE name_correction (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  student_id bigint NOT NULL CONSTRAINT fk_name_correction_student REFERENCES student (id),
  from_name text NOT NULL,
  name text NOT NULL CONSTRAINT ck_name_correction_has_name CHECK (name ~ '\S'),
  -- Null: the name in the native script stays as it is.
  name_native text,
  status text NOT NULL DEFAULT 'pending' CONSTRAINT ck_name_correction_status CHECK (status IN ('pending', 'confirmed', 'rejected', 'withdrawn')),
  reason text NOT NULL CONSTRAINT ck_name_correction_has_reason CHECK (reason ~ '\S'),
  sha256 text NOT NULL CONSTRAINT fk_name_correction_evidence REFERENCES evidence_file (sha256),
  file_name text NOT NULL,
  size integer NOT NULL,
  requested_by bigint NOT NULL CONSTRAINT fk_name_correction_requested_by REFERENCES account (id),
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  decided_by bigint CONSTRAINT fk_name_correction_decided_by REFERENCES account (id),
  decided_at timestamptz,
  decision_reason text NOT NULL DEFAULT '',
  CONSTRAINT ck_name_correction_changes_something CHECK (name <> from_name OR name_native IS NOT NULL),
  CONSTRAINT ck_name_correction_decided_iff_not_pending
    CHECK ((status = 'pending') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
  CONSTRAINT ck_name_correction_decided_by_a_second_person CHECK ((decided_by <> requested_by) = (status <> 'withdrawn'))
);
CREATE UNIQUE INDEX uq_name_correction_one_open ON name_correction (student_id) WHERE status = 'pending';
CREATE INDEX ix_name_correction_student_id ON name_correction (student_id, id);

CREATE FUNCTION name_correction_begins_pending() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF NEW.status <> 'pending' THEN
      RAISE EXCEPTION 'a correction of a name begins as a request' USING ERRCODE = '23514', CONSTRAINT = 'ck_name_correction_begins_pending';
    END IF;
    IF NOT acts_with(NEW.requested_by, 'students.manage') THEN
      RAISE EXCEPTION 'a correction of a name is asked for by whoever acts and may' USING ERRCODE = '23514', CONSTRAINT = 'ck_name_correction_asked_by_who_may';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER name_correction_begins_pending BEFORE INSERT ON name_correction FOR EACH ROW EXECUTE FUNCTION name_correction_begins_pending();

CREATE FUNCTION name_correction_moves_on() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF OLD.status <> 'pending' OR NEW.status = 'pending'
       OR (NEW.student_id, NEW.from_name, NEW.name, NEW.name_native, NEW.reason, NEW.sha256, NEW.file_name, NEW.size, NEW.requested_by, NEW.requested_at)
          IS DISTINCT FROM (OLD.student_id, OLD.from_name, OLD.name, OLD.name_native, OLD.reason, OLD.sha256, OLD.file_name, OLD.size, OLD.requested_by, OLD.requested_at) THEN
      RAISE EXCEPTION 'a correction of a name is decided once and never edited' USING ERRCODE = '23514', CONSTRAINT = 'ck_name_correction_is_decided_once';
    END IF;
    IF NOT acts_with(NEW.decided_by, CASE NEW.status WHEN 'withdrawn' THEN 'students.manage' ELSE 'students.confirm_name' END) THEN
      RAISE EXCEPTION 'a correction of a name is decided by whoever acts and may' USING ERRCODE = '23514', CONSTRAINT = 'ck_name_correction_decided_by_who_may';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER name_correction_moves_on BEFORE UPDATE ON name_correction FOR EACH ROW EXECUTE FUNCTION name_correction_moves_on();
CREATE TRIGGER name_correction_stays BEFORE DELETE OR TRUNCATE ON name_correction FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Where the institution says so, no name changes by one hand: not by a form, not by an import.
CREATE FUNCTION student_name_by_two() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF EXISTS (SELECT FROM setting WHERE key = 'students.name_by_two' AND value = 'true'::jsonb)
       AND NOT EXISTS (SELECT FROM name_correction WHERE student_id = NEW.id AND status = 'confirmed' AND name = NEW.name AND from_name = OLD.name) THEN
      RAISE EXCEPTION 'a second person confirms another name' USING ERRCODE = '23514', CONSTRAINT = 'ck_student_name_by_two';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER student_name_by_two BEFORE UPDATE OF name ON student FOR EACH ROW
  WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION student_name_by_two();

CALL audit_table('name_correction', 'name_correction');
CALL only_the_server_writes('name_correction');
GRANT SELECT, INSERT (student_id, from_name, name, name_native, reason, sha256, file_name, size, requested_by, requested_at),
  UPDATE (status, decided_by, decided_at, decision_reason) ON name_correction TO sims_app;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
