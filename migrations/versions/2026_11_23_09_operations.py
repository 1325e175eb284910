"""Requests, jobs, imports, backups, and the durable queue beneath the jobs."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "2026_11_23_09"
down_revision = "2026_11_23_08"
branch_labels = None
depends_on = None

SCHEMA = r"""
CREATE TABLE request_type (
  type text PRIMARY KEY,
  title text NOT NULL
);
INSERT INTO request_type VALUES ('transcript', 'Transcript'), ('bonafide', 'Bonafide certificate'), ('noc', 'No-objection certificate'), ('other', 'Other');

CREATE TABLE request (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  student_id bigint NOT NULL CONSTRAINT fk_request_student REFERENCES student (id),
  type text NOT NULL CONSTRAINT fk_request_type REFERENCES request_type (type),
  status text NOT NULL DEFAULT 'pending' CONSTRAINT ck_request_status CHECK (status IN ('pending', 'approved', 'rejected', 'completed')),
  notes text NOT NULL DEFAULT '',
  copies integer NOT NULL DEFAULT 1 CONSTRAINT ck_request_copies CHECK (copies BETWEEN 1 AND 50),
  addressee text,
  requested_by bigint CONSTRAINT fk_request_requested_by REFERENCES account (id),
  processed_by bigint CONSTRAINT fk_request_processed_by REFERENCES account (id),
  ready_at timestamptz,
  collected_by text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT ck_request_processed_iff_decided CHECK ((status = 'pending') = (processed_by IS NULL))
);
CREATE INDEX ix_request_student_id ON request (student_id, id);
CREATE INDEX ix_request_status ON request (status, id);
CREATE INDEX ix_request_type ON request (type, id);

CREATE FUNCTION request_moves_lawfully() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF TG_OP = 'INSERT' THEN
      IF NEW.status <> 'pending' THEN
        RAISE EXCEPTION 'a request begins as pending' USING ERRCODE = '23514', CONSTRAINT = 'ck_request_begins_pending';
      END IF;
    ELSIF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN (('pending', 'approved'), ('pending', 'rejected'), ('approved', 'completed')) THEN
      RAISE EXCEPTION 'a request cannot go from % to %', OLD.status, NEW.status USING ERRCODE = '23514', CONSTRAINT = 'ck_request_transition';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER request_moves_lawfully BEFORE INSERT OR UPDATE ON request FOR EACH ROW EXECUTE FUNCTION request_moves_lawfully();

-- What people see of background work; the queue beneath runs it.
CREATE TABLE job (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL,
  status text NOT NULL DEFAULT 'queued' CONSTRAINT ck_job_status CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled')),
  arguments jsonb NOT NULL DEFAULT '{}',
  progress_done bigint NOT NULL DEFAULT 0,
  progress_total bigint NOT NULL DEFAULT 0,
  result jsonb,
  error text,
  cancel_asked boolean NOT NULL DEFAULT false,
  created_by bigint CONSTRAINT fk_job_created_by REFERENCES account (id),
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  finished_at timestamptz
);
CREATE INDEX ix_job_created_by ON job (created_by, id);
CREATE INDEX ix_job_status ON job (status, id);
CREATE INDEX ix_job_kind ON job (kind, id);

-- The clock's leader writes the tick with the enqueue, so a hand-over neither doubles nor drops one.
CREATE TABLE tick (
  job text NOT NULL,
  due timestamptz NOT NULL,
  CONSTRAINT pk_tick PRIMARY KEY (job, due)
);

CREATE TABLE import_batch (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL,
  file_name text NOT NULL,
  file bytea NOT NULL,
  status text NOT NULL DEFAULT 'uploaded' CONSTRAINT ck_import_batch_status CHECK (status IN ('uploaded', 'previewed', 'faulty', 'committed', 'undone', 'failed')),
  plan_hash text,
  counts jsonb NOT NULL DEFAULT '{}',
  faults jsonb NOT NULL DEFAULT '[]',
  job_id bigint CONSTRAINT fk_import_batch_job REFERENCES job (id),
  created_by bigint CONSTRAINT fk_import_batch_created_by REFERENCES account (id),
  created_at timestamptz NOT NULL DEFAULT now(),
  committed_at timestamptz
);

-- The rows of a file while its import is looked at, and what each would do. No foreign keys: checking
-- them would cost as much as the import; what a crash empties, another preview fills.
CREATE UNLOGGED TABLE import_row (
  import_id bigint NOT NULL,
  number integer NOT NULL,
  cells jsonb NOT NULL,
  CONSTRAINT pk_import_row PRIMARY KEY (import_id, number)
);
CREATE UNLOGGED TABLE import_fate (
  import_id bigint NOT NULL,
  number integer NOT NULL,
  fate text NOT NULL CONSTRAINT ck_import_fate_fate CHECK (fate IN ('new', 'changed', 'same', 'fault')),
  target bigint,
  refs bigint[] NOT NULL DEFAULT '{}',
  changes jsonb,
  faults text[] NOT NULL DEFAULT '{}',
  CONSTRAINT pk_import_fate PRIMARY KEY (import_id, number)
);

CREATE TABLE backup (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  file_name text NOT NULL,
  size bigint,
  status text NOT NULL DEFAULT 'running' CONSTRAINT ck_backup_status CHECK (status IN ('running', 'done', 'failed')),
  manifest jsonb,
  error text,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  drilled_at timestamptz,
  drill_outcome text,
  removed_at timestamptz,
  CONSTRAINT ck_backup_finished_iff_ended CHECK ((status = 'running') = (finished_at IS NULL)),
  CONSTRAINT ck_backup_drill_has_outcome CHECK ((drilled_at IS NULL) = (drill_outcome IS NULL))
);

CALL audit_table('request', 'request');
CALL audit_table('import_batch', 'import', '-file', '-faults');

GRANT SELECT, INSERT, UPDATE (title) ON request_type TO sims_app;
GRANT SELECT ON request_type TO sims_student;
GRANT SELECT, INSERT, UPDATE (status, notes, processed_by, ready_at, collected_by, copies, addressee, updated_at) ON request TO sims_app;
GRANT SELECT, INSERT, UPDATE (status, progress_done, progress_total, result, error, cancel_asked, started_at, finished_at), DELETE ON job TO sims_app;
GRANT SELECT, INSERT, DELETE ON tick TO sims_app;
GRANT SELECT, INSERT, UPDATE (status, plan_hash, counts, faults, job_id, committed_at) ON import_batch TO sims_app;
GRANT SELECT, INSERT, DELETE ON import_row, import_fate TO sims_app;
GRANT SELECT, INSERT, UPDATE (size, status, manifest, error, finished_at, drilled_at, drill_outcome, removed_at) ON backup TO sims_app;
"""

QUEUE_GRANTS = r"""
DO $$
DECLARE one record;
BEGIN
  FOR one IN SELECT c.oid::regclass AS name, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE n.nspname = 'public' AND c.relname LIKE 'procrastinate%' AND c.relkind IN ('r', 'S') LOOP
    IF one.relkind = 'r' THEN EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO sims_app', one.name);
    ELSE EXECUTE format('GRANT USAGE ON SEQUENCE %s TO sims_app', one.name); END IF;
  END LOOP;
  FOR one IN SELECT p.oid::regprocedure AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
              WHERE n.nspname = 'public' AND p.proname LIKE 'procrastinate%' LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO sims_app', one.name);
  END LOOP;
END $$;
"""


def upgrade() -> None:
    op.execute(SCHEMA)
    # exec_driver_sql on a raw cursor: the queue's schema holds % and : that no parameter style may touch.
    cursor = op.get_bind().connection.cursor()
    cursor.execute(SchemaManager.get_schema())
    op.execute(QUEUE_GRANTS)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
