"""Issued documents: content, seal and status, kept for ever; status is append-only rows."""

from alembic import op

revision = "2026_11_23_08"
down_revision = "2026_11_23_07"
branch_labels = None
depends_on = None

SCHEMA = r"""
CREATE TABLE signing_key (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key_id text NOT NULL CONSTRAINT uq_signing_key_key_id UNIQUE,
  purpose text NOT NULL CONSTRAINT ck_signing_key_purpose CHECK (purpose IN ('code', 'document', 'status')),
  public_key text NOT NULL,
  certificate text,
  demo boolean NOT NULL DEFAULT false,
  not_before timestamptz NOT NULL,
  not_after timestamptz NOT NULL,
  retired_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE issued_document (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  serial text NOT NULL CONSTRAINT uq_issued_document_serial UNIQUE CONSTRAINT ck_issued_document_serial CHECK (serial ~ '^[A-Z0-9-]+$'),
  -- The document's place in the signed status list.
  status_index bigint NOT NULL CONSTRAINT uq_issued_document_status_index UNIQUE CONSTRAINT ck_issued_document_status_index CHECK (status_index >= 0),
  student_id bigint NOT NULL,
  registration_id bigint NOT NULL,
  term_id bigint CONSTRAINT fk_issued_document_term REFERENCES term (id),
  document text NOT NULL,
  kind text NOT NULL DEFAULT 'original' CONSTRAINT ck_issued_document_kind CHECK (kind IN ('original', 'duplicate', 'corrected')),
  copy_number integer NOT NULL DEFAULT 1,
  copies integer NOT NULL DEFAULT 1,
  purpose text NOT NULL,
  addressee text,
  content text NOT NULL,
  content_sha256 text NOT NULL,
  sha256 text NOT NULL,
  qr_text text NOT NULL,
  check_code text NOT NULL CONSTRAINT ck_issued_document_check_code CHECK (length(check_code) >= 8),
  verify_url text NOT NULL,
  pdf_key_id text NOT NULL,
  qr_key_id text NOT NULL,
  demo boolean NOT NULL DEFAULT false,
  issued_at timestamptz NOT NULL,
  issued_by bigint CONSTRAINT fk_issued_document_issued_by REFERENCES account (id),
  job_id bigint,
  CONSTRAINT fk_issued_document_registration FOREIGN KEY (registration_id, student_id) REFERENCES registration (id, student_id)
);
CREATE INDEX ix_issued_document_student_id ON issued_document (student_id, id);
CREATE INDEX ix_issued_document_sha256 ON issued_document (sha256);

CREATE TABLE issued_document_file (
  document_id bigint PRIMARY KEY CONSTRAINT fk_issued_document_file_document REFERENCES issued_document (id),
  pdf bytea NOT NULL
);

-- Which results a document printed, and how: a changed grade supersedes exactly these.
CREATE TABLE issued_document_result (
  document_id bigint NOT NULL CONSTRAINT fk_issued_document_result_document REFERENCES issued_document (id),
  result_id bigint NOT NULL CONSTRAINT fk_issued_document_result_result REFERENCES result (id),
  total text NOT NULL,
  grade text NOT NULL,
  CONSTRAINT pk_issued_document_result PRIMARY KEY (document_id, result_id)
);
CREATE INDEX ix_issued_document_result_result_id ON issued_document_result (result_id);

-- What a document is said to print is what stands. Asked under a lock: a change that was under way while
-- the document was sealed would not find it, and nothing would ever supersede it. Such an issue is
-- repeated as any serialization failure is.
CREATE FUNCTION issued_document_result_stands() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public, pg_temp SET enable_nestloop = off
  AS $$
  BEGIN
    PERFORM FROM result WHERE id IN (SELECT result_id FROM new_rows) ORDER BY id FOR SHARE;
    IF EXISTS (SELECT FROM new_rows n JOIN result r ON r.id = n.result_id
                WHERE r.state = 'draft' OR r.grade <> n.grade OR r.total IS DISTINCT FROM nullif(n.total, '')::numeric) THEN
      RAISE EXCEPTION 'a result changed while it was printed' USING ERRCODE = '40001';
    END IF;
    RETURN NULL;
  END $$;
CREATE TRIGGER issued_document_result_stands AFTER INSERT ON issued_document_result REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION issued_document_result_stands();

CREATE TABLE issued_document_status (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  document_id bigint NOT NULL CONSTRAINT fk_issued_document_status_document REFERENCES issued_document (id),
  status text NOT NULL CONSTRAINT ck_issued_document_status_status CHECK (status IN ('superseded', 'revoked')),
  reason text NOT NULL DEFAULT '',
  change_request_id bigint CONSTRAINT fk_issued_document_status_change REFERENCES pending_change (id),
  by_account_id bigint,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_issued_document_status_document_id ON issued_document_status (document_id, id);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON issued_document FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON issued_document_file FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON issued_document_result FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON issued_document_status FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- The strongest word of a document's status rows: revoked over superseded over valid.
CREATE FUNCTION document_status(document bigint) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$ SELECT coalesce(min(status), 'valid') FROM issued_document_status WHERE document_id = document $$;

-- A changed grade supersedes every document that printed it, in the same transaction.
CREATE FUNCTION result_change_supersedes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public, pg_temp SET enable_nestloop = off  -- see audit_rows: ON CONFLICT plans it for an empty table
  AS $$
  BEGIN
    INSERT INTO issued_document_status (document_id, status, reason, change_request_id, by_account_id)
    SELECT p.document_id, 'superseded', 'a printed result was changed', n.change_request_id, acting_account()
      FROM new_rows n JOIN old_rows o ON o.id = n.id
           JOIN issued_document_result p ON p.result_id = n.id
     WHERE o.state <> 'draft' AND (o.grade, o.total, o.outcome, o.grade_points) IS DISTINCT FROM (n.grade, n.total, n.outcome, n.grade_points)
       AND NOT EXISTS (SELECT FROM issued_document_status s WHERE s.document_id = p.document_id);
    RETURN NULL;
  END $$;
CREATE TRIGGER result_change_supersedes AFTER UPDATE ON result REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION result_change_supersedes();

-- Numbered stationery: a sheet's number belongs to one document, is printed once and spoiled once.
CREATE TABLE printed_sheet (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  document_id bigint NOT NULL CONSTRAINT fk_printed_sheet_document REFERENCES issued_document (id),
  stock_number text,
  printer text NOT NULL DEFAULT '',
  outcome text NOT NULL CONSTRAINT ck_printed_sheet_outcome CHECK (outcome IN ('bound', 'printed', 'spoiled')),
  reason text NOT NULL DEFAULT '',
  by_account_id bigint,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT uq_printed_sheet_stock_number_outcome UNIQUE (stock_number, outcome),
  CONSTRAINT ex_printed_sheet_stock_of_one_document EXCLUDE USING gist (stock_number WITH =, document_id WITH <>)
);
CREATE INDEX ix_printed_sheet_document_id ON printed_sheet (document_id, id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON printed_sheet FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TABLE unofficial_copy (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  token text NOT NULL CONSTRAINT uq_unofficial_copy_token UNIQUE,
  student_id bigint NOT NULL CONSTRAINT fk_unofficial_copy_student REFERENCES student (id),
  registration_id bigint NOT NULL CONSTRAINT fk_unofficial_copy_registration REFERENCES registration (id),
  content text NOT NULL,
  sha256 text NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX ix_unofficial_copy_expires_at ON unofficial_copy (expires_at);

-- A job runs at least once; a student is mailed once by it.
CREATE TABLE transcript_mail (
  job_id bigint NOT NULL,
  student_id bigint NOT NULL CONSTRAINT fk_transcript_mail_student REFERENCES student (id),
  sent_at timestamptz NOT NULL,
  CONSTRAINT pk_transcript_mail PRIMARY KEY (job_id, student_id)
);

CALL audit_table('issued_document', 'issued_document', '-content', '-qr_text', 'check_code');
CALL audit_table('issued_document_status', 'issued_document_status');
CALL audit_table('printed_sheet', 'printed_sheet');
CALL audit_table('signing_key', 'signing_key');

GRANT SELECT, INSERT, UPDATE (retired_at) ON signing_key TO sims_app;
GRANT SELECT, INSERT ON issued_document, issued_document_file, issued_document_result, issued_document_status, printed_sheet TO sims_app;
GRANT SELECT, INSERT, DELETE ON unofficial_copy TO sims_app;
GRANT SELECT, INSERT ON transcript_mail TO sims_app;
GRANT EXECUTE ON FUNCTION document_status(bigint) TO sims_app, sims_student, sims_readonly;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
