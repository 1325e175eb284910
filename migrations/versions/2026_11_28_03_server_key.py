"""Who acts is believed of the server alone: the password of `sims_app` is not enough to speak for somebody.

The application told the database who acts, and was believed, because it was `sims_app`. With that password in
psql anybody was anybody: two approvals in two names, a draft rewritten, a session opened for the registrar. Now a
connection shows that it is the server's, by an answer that only the server's key gives (decision 19). Without it
nobody is named, and what gives power, decides, publishes or seals is not written.
"""

from alembic import op

revision = "2026_11_28_03"
down_revision = "2026_11_28_02"
branch_labels = None
depends_on = None

SCHEMA = r"""
-- HMAC-SHA256 in its two halves: the key itself is never needed here.
CREATE TABLE server_key (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  fingerprint text NOT NULL CONSTRAINT uq_server_key_fingerprint UNIQUE,
  inner_pad bytea NOT NULL,
  outer_pad bytea NOT NULL,
  known_since timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE server_key IS 'audited: which servers the database believes';
CALL audit_table('server_key', 'server_key', 'inner_pad', 'outer_pad');
-- A backup carries it; nobody else reads it.
REVOKE ALL ON server_key FROM sims_app, sims_student, sims_readonly;

-- What a connection is asked: its own process in this run of PostgreSQL, so that an answer is of no use elsewhere.
CREATE FUNCTION server_challenge() RETURNS text LANGUAGE sql STABLE SET search_path = public, pg_temp
  AS $$ SELECT pg_backend_pid() || ' ' || extract(epoch FROM pg_postmaster_start_time()) $$;

-- Only the application has to prove itself. The owner migrates and restores, a superuser needs nobody's leave.
CREATE FUNCTION by_the_server() RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  DECLARE answer text := coalesce(current_setting('sims.server', true), '');
  BEGIN
    IF session_user <> 'sims_app' THEN
      RETURN true;
    END IF;
    RETURN answer <> '' AND EXISTS (
      SELECT FROM server_key k
       WHERE encode(sha256(k.outer_pad || sha256(k.inner_pad || convert_to(server_challenge(), 'UTF8'))), 'hex') = answer);
  END $$;

-- The owner makes a server known; the application only the first one, where none is known yet.
CREATE FUNCTION know_server(key bytea) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  DECLARE
    name text := left(encode(sha256(key), 'hex'), 16);
    inside bytea := key || decode(repeat('00', 64 - length(key)), 'hex');
    outside bytea := inside;
  BEGIN
    LOCK TABLE server_key IN EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM server_key WHERE fingerprint = name) THEN
      RETURN;
    END IF;
    IF session_user = 'sims_app' AND EXISTS (SELECT FROM server_key) THEN
      RAISE EXCEPTION 'the database knows another server' USING ERRCODE = '42501', CONSTRAINT = 'only_the_owner_makes_a_server_known';
    END IF;
    FOR place IN 0..63 LOOP
      inside := set_byte(inside, place, get_byte(inside, place) # 54);
      outside := set_byte(outside, place, get_byte(outside, place) # 92);
    END LOOP;
    INSERT INTO server_key (fingerprint, inner_pad, outer_pad) VALUES (name, inside, outside);
  END $$;

-- What a trigger writes on account of something lawful is lawful.
CREATE FUNCTION only_the_server_writes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF pg_trigger_depth() < 2 AND NOT by_the_server() THEN
      RAISE EXCEPTION 'only the server writes %: this connection did not show that it is one', TG_TABLE_NAME
        USING ERRCODE = '42501', CONSTRAINT = 'only_the_server_writes';
    END IF;
    RETURN NULL;
  END $$;

CREATE PROCEDURE only_the_server_writes(VARIADIC tables text[]) LANGUAGE plpgsql
  AS $procedure$
  DECLARE one text;
  BEGIN
    FOREACH one IN ARRAY tables LOOP
      EXECUTE format('CREATE OR REPLACE TRIGGER aa_only_the_server_writes BEFORE INSERT OR UPDATE OR DELETE ON %I FOR EACH STATEMENT EXECUTE FUNCTION only_the_server_writes()', one);
    END LOOP;
  END $procedure$;

-- Left out is what the rules of seats, weights and courses hold by themselves, so that they can be tried in psql
-- (section, assessment, enrollment, course, student …).
CALL only_the_server_writes(
  'account', 'account_role', 'role', 'delegation', 'login_session', 'setting', 'regulation', 'system', 'signing_key',
  'section_staff', 'sheet', 'assessment_score', 'section_cutoff', 'section_cutoff_proposal', 'sheet_reminder',
  'result', 'result_counting', 'result_lapse', 'term_result', 'notification_of_result', 'withholding',
  'pending_change', 'pending_change_score', 'change_approval', 'change_evidence', 'evidence_file',
  'academic_case', 'case_approval', 'case_evidence', 'case_hearing', 'case_result', 'incomplete', 'incomplete_extension',
  'transfer_credit', 'condonation', 'attendance', 'class_session', 'eligibility_list', 'eligibility_row',
  'registration', 'registration_order', 'registration_move', 'student_merge', 'recorded_difference',
  'enrollment_batch', 'import_batch', 'import_row', 'import_effect', 'import_fate', 'import_mapping',
  -- A receipt written by hand would have a device take its marks for arrived, a tick no backup be taken.
  'sync_device', 'sync_presence', 'sync_receipt', 'sync_conflict', 'tick', 'sign_in_failure',
  'issued_document', 'issued_document_file', 'issued_document_result', 'issued_document_status', 'transcript_mail',
  'unofficial_copy', 'printed_sheet', 'stock_count', 'hold', 'hold_kind', 'request', 'request_type', 'applicant',
  'exam_room', 'exam_paper', 'exam_seating', 'exam_slip_print',
  'disclosure', 'disclosure_alarm', 'idempotency_key', 'job', 'backup', 'audit_head', 'series');

-- Everything else may be written, in nobody's name: an entry that names somebody is the server's.
CREATE FUNCTION audit_names_whom_the_server_told() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF NOT by_the_server() THEN
      RAISE EXCEPTION 'only the server says who acts: this connection did not show that it is one'
        USING ERRCODE = '42501', CONSTRAINT = 'audit_names_whom_the_server_told';
    END IF;
    RETURN NULL;
  END $$;
CREATE TRIGGER aa_audit_names_whom_the_server_told BEFORE INSERT ON audit FOR EACH STATEMENT
  WHEN (acting('actor') || acting('actor_name') || acting('action') || acting('method') || acting('path') || acting('request_id') <> '')
  EXECUTE FUNCTION audit_names_whom_the_server_told();
CREATE TRIGGER aa_audit_names_whom_the_server_told BEFORE INSERT ON audit_statement FOR EACH STATEMENT
  WHEN (acting('actor') || acting('actor_name') || acting('action') || acting('method') || acting('path') || acting('request_id') <> '')
  EXECUTE FUNCTION audit_names_whom_the_server_told();

GRANT EXECUTE ON FUNCTION server_challenge(), by_the_server(), know_server(bytea) TO sims_app;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
