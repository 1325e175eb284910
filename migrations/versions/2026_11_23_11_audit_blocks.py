"""The audit sealed in blocks, their signed heads, and who opened which record.

A block holds the audit entries that were committed and in no block yet, whatever their ids: an entry of
a transaction that commits late gets into a later block, so `ids` says exactly which ones a block holds.
Blocks are made outside the writing transaction by `seal_audit()`. They convince from the moment a head
is known outside; its signature is made with a key that lies outside too (`sims_server.audit`).
"""

from alembic import op

revision = "2026_11_23_11"
down_revision = "2026_11_23_10"
branch_labels = None
depends_on = None

SCHEMA = r"""
CREATE TABLE audit_block (
  number bigint PRIMARY KEY CONSTRAINT ck_audit_block_numbered_from_one CHECK (number >= 1),
  at timestamptz NOT NULL,
  previous bytea NOT NULL CONSTRAINT ck_audit_block_previous_is_a_hash CHECK (octet_length(previous) = 32),
  -- Of the Merkle tree of RFC 6962 over the entries' canonical bytes in the order of their ids.
  root bytea NOT NULL CONSTRAINT ck_audit_block_root_is_a_hash CHECK (octet_length(root) = 32),
  entries integer NOT NULL CONSTRAINT ck_audit_block_holds_something CHECK (entries >= 1),
  first_id bigint NOT NULL,
  last_id bigint NOT NULL,
  ids int8multirange NOT NULL,
  -- Every entry up to this id is in this block or an earlier one, and none can appear any more.
  settled_id bigint NOT NULL,
  -- The first transaction that had not begun: what it and later ones write has ids above last_id.
  beyond xid8 NOT NULL,
  -- The first eight bytes of each leaf: they prove nothing, they tell which entry was changed.
  marks bytea NOT NULL CONSTRAINT ck_audit_block_a_mark_for_each_entry CHECK (octet_length(marks) = 8 * entries),
  hash bytea NOT NULL CONSTRAINT ck_audit_block_hash_is_a_hash CHECK (octet_length(hash) = 32),
  CONSTRAINT ck_audit_block_ids_within_first_and_last CHECK (first_id = lower(ids) AND last_id = upper(ids) - 1),
  CONSTRAINT uq_audit_block_hash UNIQUE (number, hash)
);
CREATE INDEX ix_audit_block_last_id ON audit_block (last_id);

-- Heads as they were signed and written down outside, so that every answer can carry the newest.
CREATE TABLE audit_head (
  number bigint PRIMARY KEY CONSTRAINT fk_audit_head_block REFERENCES audit_block (number),
  body jsonb NOT NULL
);
-- A restore from a backup loses history; its signed record says how much.
CREATE TABLE audit_recovery (
  generation integer PRIMARY KEY CONSTRAINT ck_audit_recovery_numbered_from_one CHECK (generation >= 1),
  body jsonb NOT NULL
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_block FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_head FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_recovery FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Makes the next block, of at most 20,000 entries: its number; 0 when nothing waits; null while somebody
-- else is sealing. The snapshot that finds the entries is the one that says which transactions run.
-- What waits is looked for between the ids that are sealed, by index: while a long transaction runs, what
-- is sealed behind it is not read again every second.
CREATE FUNCTION seal_audit() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
  AS $$
  DECLARE
    at_most constant integer := 20000;
    last_number bigint;
    last_hash bytea;
    last_settled bigint;
    block audit_block;
    sealed int8multirange;
    level bytea[];
    seen pg_snapshot;
  BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('sims.audit.seal')) THEN RETURN NULL; END IF;
    SELECT number, hash, settled_id INTO last_number, last_hash, last_settled FROM audit_block ORDER BY number DESC LIMIT 1;
    last_settled := coalesce(last_settled, 0);
    -- Nearly always nothing waits, and this is asked every second.
    IF NOT EXISTS (SELECT FROM audit WHERE id > last_settled) THEN RETURN 0; END IF;
    SELECT coalesce(range_agg(ids), '{}') INTO sealed FROM audit_block WHERE last_id > last_settled;
    SELECT count(*), min(id), max(id), range_agg(int8range(id, id, '[]')), array_agg(leaf ORDER BY id),
           string_agg(substr(leaf, 1, 8), '' ORDER BY id), pg_current_snapshot()
      INTO block.entries, block.first_id, block.last_id, block.ids, level, block.marks, seen
      FROM (SELECT a.id, sha256('\x00'::bytea || convert_to(json_build_array(
                     a.id, (extract(epoch FROM a.at) * 1000000)::bigint, a.transaction_id::text, a.actor_id, a.actor_name,
                     a.action, a.entity, a.entity_id, a.method, a.path, a.request_id, a.database_user, a.operation,
                     a.changes)::text, 'UTF8')) AS leaf
              FROM (SELECT w.id FROM unnest(int8multirange(int8range(last_settled + 1, NULL)) - sealed) gap
                     CROSS JOIN LATERAL (SELECT a.id FROM audit a WHERE a.id >= lower(gap) AND a.id < coalesce(upper(gap), 9223372036854775807)
                                          ORDER BY a.id LIMIT at_most) w
                     ORDER BY w.id LIMIT at_most) waiting
              JOIN audit a ON a.id = waiting.id) unsealed;
    IF block.entries = 0 THEN RETURN 0; END IF;
    WHILE cardinality(level) > 1 LOOP
      SELECT array_agg(hash ORDER BY pair) INTO level
        FROM (SELECT pair, CASE count(*) WHEN 2 THEN sha256('\x01'::bytea || string_agg(node, '' ORDER BY place)) ELSE (array_agg(node))[1] END AS hash
                FROM (SELECT node, place, (place - 1) / 2 AS pair FROM unnest(level) WITH ORDINALITY AS nodes (node, place)) placed
               GROUP BY pair) paired;
    END LOOP;
    block.number := coalesce(last_number, 0) + 1;
    block.at := clock_timestamp();
    block.previous := coalesce(last_hash, decode(repeat('00', 32), 'hex'));
    block.root := level[1];
    block.beyond := pg_snapshot_xmax(seen);
    -- Older blocks count as soon as nothing runs that ran when they were made. Not when more is waiting:
    -- after a restore their transaction numbers may be those of another cluster.
    block.settled_id := greatest(last_settled,
      CASE WHEN block.entries < at_most THEN
        (SELECT max(last_id) FROM audit_block WHERE last_id > last_settled AND beyond <= pg_snapshot_xmin(seen)) END,
      CASE WHEN block.beyond <= pg_snapshot_xmin(seen) THEN block.last_id END);
    block.hash := sha256(convert_to(json_build_array(
      block.number, (extract(epoch FROM block.at) * 1000000)::bigint, encode(block.previous, 'hex'), encode(block.root, 'hex'),
      block.entries, block.first_id, block.last_id, block.ids::text, block.settled_id, block.beyond::text)::text, 'UTF8'));
    INSERT INTO audit_block SELECT block.*;
    RETURN block.number;
  END $$;

-- When the oldest entry was written that is in no block.
CREATE FUNCTION unsealed_audit_since() RETURNS timestamptz LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
  AS $$
  DECLARE
    settled bigint := coalesce((SELECT settled_id FROM audit_block ORDER BY number DESC LIMIT 1), 0);
    sealed int8multirange := (SELECT coalesce(range_agg(ids), '{}') FROM audit_block WHERE last_id > settled);
  BEGIN
    RETURN (SELECT min(a.at) FROM unnest(int8multirange(int8range(settled + 1, NULL)) - sealed) gap
             CROSS JOIN LATERAL (SELECT one.at FROM audit one WHERE one.id >= lower(gap) AND one.id < coalesce(upper(gap), 9223372036854775807)
                                  ORDER BY one.id LIMIT 1000) a);
  END $$;

-- Opened one by one, exported or printed: only the first counts as bulk reading.
ALTER TABLE disclosure ADD COLUMN kind text NOT NULL DEFAULT 'opened'
  CONSTRAINT ck_disclosure_kind CHECK (kind IN ('opened', 'exported', 'printed'));

CREATE INDEX ix_disclosure_at ON disclosure (at);
CREATE INDEX ix_disclosure_student_id ON disclosure (student_id, id);
CREATE INDEX ix_disclosure_actor_id ON disclosure (actor_id, id);

CREATE TABLE disclosure_alarm (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  account_id bigint NOT NULL CONSTRAINT fk_disclosure_alarm_account REFERENCES account (id),
  students integer NOT NULL CONSTRAINT ck_disclosure_alarm_students CHECK (students >= 1),
  since timestamptz NOT NULL,
  allowed integer NOT NULL,
  CONSTRAINT ck_disclosure_alarm_above_what_is_allowed CHECK (students > allowed)
);
CREATE INDEX ix_disclosure_alarm_account_id ON disclosure_alarm (account_id, at);
CREATE INDEX ix_disclosure_alarm_at ON disclosure_alarm (at);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON disclosure_alarm FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CALL audit_table('disclosure_alarm', 'disclosure_alarm');

-- The audit of a table without an id of its own: its key stands among the changes. entity_id is the
-- column that people search by (a section, a change request), or null.
CREATE PROCEDURE audit_table_by_key(table_name text, entity text, searched text, VARIADIC keys text[]) LANGUAGE plpgsql
  AS $procedure$
  DECLARE
    inserted text; updated text; deleted text; same text; of_new text := 'NULL::bigint'; of_old text := 'NULL::bigint';
  BEGIN
    SELECT string_agg(format('CASE WHEN n.%I IS NOT NULL THEN %L || json_build_array(NULL::text, n.%I) END', c, to_json(c) || ':', c), ', ' ORDER BY number),
           string_agg(CASE WHEN c = ANY (keys) THEN format('%L || json_build_array(o.%I, n.%I)', to_json(c) || ':', c, c)
                           ELSE format('CASE WHEN o.%I IS DISTINCT FROM n.%I THEN %L || json_build_array(o.%I, n.%I) END', c, c, to_json(c) || ':', c, c) END, ', ' ORDER BY number),
           string_agg(format('CASE WHEN o.%I IS NOT NULL THEN %L || json_build_array(o.%I, NULL::text) END', c, to_json(c) || ':', c), ', ' ORDER BY number)
      INTO inserted, updated, deleted
      FROM (SELECT attname::text AS c, attnum AS number FROM pg_attribute
             WHERE attrelid = table_name::regclass AND attnum > 0 AND NOT attisdropped) columns;
    SELECT string_agg(format('n.%1$I = o.%1$I', c), ' AND ') INTO same FROM unnest(keys) c;
    IF searched IS NOT NULL THEN
      of_new := format('n.%I', searched);
      of_old := format('o.%I', searched);
    END IF;
    EXECUTE format($function$
      CREATE OR REPLACE FUNCTION %1$I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp SET enable_nestloop = off
        AS $body$
        DECLARE
          actor bigint := acting_account();
          actor_name text := coalesce(nullif(acting('actor_name'), ''), 'database:' || session_user);
          action text := coalesce(nullif(acting('action'), ''), %2$L || '.' || lower(TG_OP));
        BEGIN
          IF TG_OP = 'INSERT' THEN
            INSERT INTO audit (actor_id, actor_name, action, entity, entity_id, method, path, request_id, database_user, operation, changes)
            SELECT actor, actor_name, action, %2$L, %6$s, acting('method'), acting('path'), acting('request_id'), session_user, 'insert', ('{' || concat_ws(',', %3$s) || '}')::jsonb
              FROM new_rows n;
          ELSIF TG_OP = 'UPDATE' THEN
            INSERT INTO audit (actor_id, actor_name, action, entity, entity_id, method, path, request_id, database_user, operation, changes)
            SELECT actor, actor_name, action, %2$L, %6$s, acting('method'), acting('path'), acting('request_id'), session_user, 'update', ('{' || concat_ws(',', %4$s) || '}')::jsonb
              FROM new_rows n JOIN old_rows o ON %8$s WHERE n IS DISTINCT FROM o;
          ELSE
            INSERT INTO audit (actor_id, actor_name, action, entity, entity_id, method, path, request_id, database_user, operation, changes)
            SELECT actor, actor_name, action, %2$L, %7$s, acting('method'), acting('path'), acting('request_id'), session_user, 'delete', ('{' || concat_ws(',', %5$s) || '}')::jsonb
              FROM old_rows o;
          END IF;
          RETURN NULL;
        END $body$ $function$, 'audit_' || table_name, entity, inserted, updated, deleted, of_new, of_old, same);
    EXECUTE format('CREATE OR REPLACE TRIGGER zz_audit_insert AFTER INSERT ON %1$I REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', table_name, 'audit_' || table_name);
    EXECUTE format('CREATE OR REPLACE TRIGGER zz_audit_update AFTER UPDATE ON %1$I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', table_name, 'audit_' || table_name);
    EXECUTE format('CREATE OR REPLACE TRIGGER zz_audit_delete AFTER DELETE ON %1$I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', table_name, 'audit_' || table_name);
  END $procedure$;
REVOKE ALL ON PROCEDURE audit_table_by_key(text, text, text, text[]) FROM PUBLIC;

-- What of the record the first ten revisions left out.
CALL audit_table('offering', 'offering');
CALL audit_table_by_key('system', 'system', NULL, 'only_one');
CALL audit_table_by_key('hold_kind', 'hold_kind', NULL, 'kind');
CALL audit_table_by_key('request_type', 'request_type', NULL, 'type');
CALL audit_table_by_key('section_cutoff', 'section_cutoff', 'section_id', 'section_id', 'regulation_id');
CALL audit_table_by_key('pending_change_score', 'pending_change_score', 'change_id', 'change_id', 'assessment_id', 'enrollment_id');

-- Every other table says why it has none; a test reads these.
COMMENT ON TABLE alembic_version IS 'not audited: which migrations ran; their writes are audited';
COMMENT ON TABLE audit IS 'not audited: it is the audit';
COMMENT ON TABLE audit_block IS 'not audited: it seals the audit, and each block would make another';
COMMENT ON TABLE audit_head IS 'not audited: it seals the audit';
COMMENT ON TABLE audit_recovery IS 'not audited: signed; the restore itself is audited';
COMMENT ON TABLE disclosure IS 'not audited: a log of reading, INSERT only';
COMMENT ON TABLE idempotency_key IS 'not audited: remembered answers, machinery';
COMMENT ON TABLE series IS 'not audited: the number taken stands on what took it';
COMMENT ON TABLE login_session IS 'not audited: who is signed in, not the record';
COMMENT ON TABLE sign_in_failure IS 'not audited: throttling, machinery';
COMMENT ON TABLE course_prerequisite IS 'not audited: told as a change of its course';
COMMENT ON TABLE course_equivalent IS 'not audited: told as a change of its course';
COMMENT ON TABLE student_name_version IS 'not audited: written by the trigger of an audited change, INSERT only';
COMMENT ON TABLE sheet IS 'not audited: its moves are, by a trigger of its own; rev and digest are derived';
COMMENT ON TABLE sheet_change IS 'not audited: what devices ask for, derived from audited writes';
COMMENT ON TABLE sheet_version IS 'not audited: written by the trigger of an audited move, INSERT only';
COMMENT ON TABLE enrollment_transition IS 'not audited: constant, nobody may write it';
COMMENT ON TABLE assessment_score IS 'not audited: it is, by the trigger that writes its versions';
COMMENT ON TABLE assessment_score_version IS 'not audited: written by the trigger of an audited mark, INSERT only';
COMMENT ON TABLE sync_device IS 'not audited: whose device; what it sends is audited';
COMMENT ON TABLE sync_presence IS 'not audited: heartbeats';
COMMENT ON TABLE sync_receipt IS 'not audited: INSERT only; the marks of a batch are audited';
COMMENT ON TABLE sync_conflict IS 'not audited: INSERT only, with both values and authors';
COMMENT ON TABLE result_version IS 'not audited: written by the trigger of an audited result, INSERT only';
COMMENT ON TABLE result_counting IS 'not audited: derived by the regulation from audited results';
COMMENT ON TABLE term_result_version IS 'not audited: written by the trigger of an audited declaration, INSERT only';
COMMENT ON TABLE issued_document_file IS 'not audited: INSERT only; its checksum stands in the audited document';
COMMENT ON TABLE issued_document_result IS 'not audited: INSERT only, derived from the audited document';
COMMENT ON TABLE unofficial_copy IS 'not audited: lives 48 hours; making one is a disclosure';
COMMENT ON TABLE transcript_mail IS 'not audited: which mails a job has sent, machinery';
COMMENT ON TABLE job IS 'not audited: machinery; what jobs write is audited';
COMMENT ON TABLE tick IS 'not audited: machinery';
COMMENT ON TABLE import_row IS 'not audited: cells of a file while its import is looked at';
COMMENT ON TABLE import_fate IS 'not audited: a preview, derived from the file';
COMMENT ON TABLE backup IS 'not audited: machinery; each manifest carries a signed head';

GRANT SELECT ON audit_block, audit_recovery TO sims_app;
GRANT SELECT, INSERT ON audit_head TO sims_app;
GRANT SELECT, INSERT (account_id, students, since, allowed) ON disclosure_alarm TO sims_app;
GRANT EXECUTE ON FUNCTION seal_audit(), unsealed_audit_since() TO sims_app;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
