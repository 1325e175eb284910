"""The ground: settings, idempotency, audit by trigger, number series.

Every audited table gets three statement-level triggers over transition tables, so a statement of
4,000 rows costs one insert into `audit`. Nobody but the owner's trigger writes `audit`.
"""

from alembic import op

revision = "2026_11_23_01"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = r"""
CREATE TABLE system (
  only_one boolean PRIMARY KEY DEFAULT true CONSTRAINT ck_system_only_one CHECK (only_one),
  epoch uuid NOT NULL DEFAULT gen_random_uuid(),
  -- Versions of cells written after a restore lie above every version ever handed out, so that no
  -- number means two different writes. A restore raises it together with the new epoch.
  version_floor integer NOT NULL DEFAULT 0 CONSTRAINT ck_system_version_floor CHECK (version_floor >= 0),
  demo boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO system DEFAULT VALUES;

CREATE TABLE setting (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key text NOT NULL CONSTRAINT uq_setting_key UNIQUE,
  value jsonb NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE idempotency_key (
  account_id bigint NOT NULL,
  key text NOT NULL CONSTRAINT ck_idempotency_key_length CHECK (length(key) BETWEEN 1 AND 200),
  request_hash bytea NOT NULL,
  status integer,
  body bytea,
  headers jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_idempotency_key PRIMARY KEY (account_id, key)
);
CREATE INDEX ix_idempotency_key_created_at ON idempotency_key (created_at);

-- Numbers of notifications and documents. Taken with UPDATE … RETURNING, so they have no gaps.
CREATE TABLE series (
  name text NOT NULL,
  year integer NOT NULL,
  last bigint NOT NULL DEFAULT 0,
  CONSTRAINT pk_series PRIMARY KEY (name, year),
  CONSTRAINT ck_series_last_grows CHECK (last >= 0)
);

CREATE FUNCTION series_grows() RETURNS trigger LANGUAGE plpgsql
  AS $$
  BEGIN
    IF NEW.last <= OLD.last THEN
      RAISE EXCEPTION 'a series only grows' USING ERRCODE = '23514', CONSTRAINT = 'ck_series_only_grows';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER series_grows BEFORE UPDATE ON series FOR EACH ROW EXECUTE FUNCTION series_grows();

CREATE TABLE audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
  actor_id bigint,
  actor_name text NOT NULL,
  action text NOT NULL,
  entity text NOT NULL,
  entity_id bigint,
  method text NOT NULL,
  path text NOT NULL,
  request_id text NOT NULL,
  database_user text NOT NULL,
  operation text NOT NULL CONSTRAINT ck_audit_operation CHECK (operation IN ('insert', 'update', 'delete')),
  changes jsonb NOT NULL
);
CREATE INDEX ix_audit_entity ON audit (entity, entity_id, id);
CREATE INDEX ix_audit_actor_id ON audit (actor_id, id);
CREATE INDEX ix_audit_at ON audit (at, id);
CREATE INDEX ix_audit_action ON audit (action, id);

-- Who opened, exported or printed a person's record.
CREATE TABLE disclosure (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor_id bigint,
  student_id bigint NOT NULL,
  what text NOT NULL,
  request_id text NOT NULL
);

-- Who acts, as the kernel told this transaction; psql and migrations act as their database user.
CREATE FUNCTION acting_account() RETURNS bigint LANGUAGE sql STABLE
  AS $$ SELECT nullif(current_setting('sims.actor', true), '')::bigint $$;

CREATE FUNCTION acting(name text) RETURNS text LANGUAGE sql STABLE
  AS $$ SELECT coalesce(current_setting('sims.' || name, true), '') $$;

-- Accent- and case-insensitive form, for search. unaccent() is only STABLE because its dictionary
-- could change; ours does not.
CREATE FUNCTION folded(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
  SET search_path = public, pg_temp
  AS $$ SELECT lower(public.unaccent('public.unaccent'::regdictionary, value)) $$;

-- Make the audit of one table: CALL audit_table('student', 'student', '-search_text').
-- Columns named in `hidden` show that they changed, not to what; those named there with a leading '-'
-- are derived and do not count. The trigger function is written out column by column, because a
-- general comparison of two JSON rows costs ten times as much, and publishing 500 results compares
-- 2,000 rows. Text is put together and parsed once: an object built of 25 pairs, most of them null, and
-- stripped of those costs twice as much. A migration that adds a column to an audited table calls this again.
-- enable_nestloop is off because ON CONFLICT fires the UPDATE trigger with an empty table first and
-- the plan cached for that would be quadratic for ever after.
CREATE PROCEDURE audit_table(table_name text, entity text, VARIADIC hidden text[] DEFAULT '{}') LANGUAGE plpgsql
  AS $procedure$
  DECLARE
    inserted text; updated text; deleted text;
    masked constant text := $$'["…", "…"]'$$;
  BEGIN
    SELECT string_agg(format('CASE WHEN n.%I IS NOT NULL THEN %L || %s END', c, to_json(c) || ':',
                             CASE WHEN c = ANY (hidden) THEN masked ELSE format('json_build_array(NULL::text, n.%I)', c) END), ', ' ORDER BY number),
           string_agg(format('CASE WHEN o.%I IS DISTINCT FROM n.%I THEN %L || %s END', c, c, to_json(c) || ':',
                             CASE WHEN c = ANY (hidden) THEN masked ELSE format('json_build_array(o.%I, n.%I)', c, c) END), ', ' ORDER BY number),
           string_agg(format('CASE WHEN o.%I IS NOT NULL THEN %L || %s END', c, to_json(c) || ':',
                             CASE WHEN c = ANY (hidden) THEN masked ELSE format('json_build_array(o.%I, NULL::text)', c) END), ', ' ORDER BY number)
      INTO inserted, updated, deleted
      FROM (SELECT attname::text AS c, attnum AS number FROM pg_attribute
             WHERE attrelid = table_name::regclass AND attnum > 0 AND NOT attisdropped AND NOT '-' || attname = ANY (hidden)) columns;
    EXECUTE format($function$
      CREATE OR REPLACE FUNCTION %1$I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp SET enable_nestloop = off
        AS $body$
        DECLARE
          actor bigint := acting_account();
          actor_name text := coalesce(nullif(acting('actor_name'), ''), 'database:' || session_user);
          action text := coalesce(nullif(acting('action'), ''), %2$L || '.' || lower(TG_OP));
          method text := acting('method');
          path text := acting('path');
          request_id text := acting('request_id');
        BEGIN
          IF TG_OP = 'INSERT' THEN
            INSERT INTO audit (actor_id, actor_name, action, entity, entity_id, method, path, request_id, database_user, operation, changes)
            SELECT actor, actor_name, action, %2$L, n.id, method, path, request_id, session_user, 'insert', ('{' || concat_ws(',', %3$s) || '}')::jsonb
              FROM new_rows n;
          ELSIF TG_OP = 'UPDATE' THEN
            INSERT INTO audit (actor_id, actor_name, action, entity, entity_id, method, path, request_id, database_user, operation, changes)
            SELECT actor, actor_name, action, %2$L, d.id, method, path, request_id, session_user, 'update', d.changes
              FROM (SELECT n.id, ('{' || concat_ws(',', %4$s) || '}')::jsonb AS changes FROM new_rows n JOIN old_rows o ON o.id = n.id OFFSET 0) d
             WHERE d.changes <> '{}';
          ELSE
            INSERT INTO audit (actor_id, actor_name, action, entity, entity_id, method, path, request_id, database_user, operation, changes)
            SELECT actor, actor_name, action, %2$L, o.id, method, path, request_id, session_user, 'delete', ('{' || concat_ws(',', %5$s) || '}')::jsonb
              FROM old_rows o;
          END IF;
          RETURN NULL;
        END $body$ $function$, 'audit_' || table_name, entity, inserted, updated, deleted);
    EXECUTE format('CREATE OR REPLACE TRIGGER zz_audit_insert AFTER INSERT ON %1$I REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', table_name, 'audit_' || table_name);
    EXECUTE format('CREATE OR REPLACE TRIGGER zz_audit_update AFTER UPDATE ON %1$I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', table_name, 'audit_' || table_name);
    EXECUTE format('CREATE OR REPLACE TRIGGER zz_audit_delete AFTER DELETE ON %1$I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', table_name, 'audit_' || table_name);
  END $procedure$;

CREATE FUNCTION refuse(sqlstate_code text, message text) RETURNS void LANGUAGE plpgsql
  AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = sqlstate_code, MESSAGE = message; END $$;

-- Append-only tables say so themselves, to the owner too.
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '42501'; END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON disclosure FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CALL audit_table('setting', 'setting');

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL ROUTINES IN SCHEMA public FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO sims_app, sims_student, sims_readonly, sims_backup;
GRANT EXECUTE ON FUNCTION acting_account(), acting(text), folded(text) TO sims_app, sims_student, sims_readonly, sims_backup;
GRANT SELECT ON system TO sims_app, sims_student;
GRANT UPDATE (epoch, demo) ON system TO sims_app;
GRANT SELECT, INSERT, UPDATE (value, updated_at), DELETE ON setting TO sims_app;
GRANT SELECT ON setting TO sims_student;
GRANT SELECT, INSERT, UPDATE (status, body, headers), DELETE ON idempotency_key TO sims_app;
GRANT SELECT, INSERT, UPDATE (last) ON series TO sims_app;
GRANT SELECT ON audit TO sims_app;
GRANT SELECT, INSERT ON disclosure TO sims_app;
-- Without IN SCHEMA: only so does it take back PostgreSQL's own default for every later function.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO sims_readonly, sims_backup;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON SEQUENCES TO sims_backup;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO sims_readonly, sims_backup;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO sims_backup;
-- Readiness compares it with the newest migration that the server knows.
GRANT SELECT ON alembic_version TO sims_app;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
