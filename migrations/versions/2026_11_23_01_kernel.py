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

-- {"field": [old, new]} for what differs. Columns named in `hidden` show that they changed, not to
-- what; those named there with a leading '-' are derived and do not count.
CREATE FUNCTION audit_difference(old_row jsonb, new_row jsonb, hidden text[]) RETURNS jsonb
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$
    SELECT coalesce(jsonb_object_agg(coalesce(o.key, n.key),
             CASE WHEN coalesce(o.key, n.key) = ANY (hidden) THEN '["…", "…"]'::jsonb
                  ELSE jsonb_build_array(o.value, n.value) END), '{}')
      FROM jsonb_each(coalesce(old_row, '{}')) o FULL JOIN jsonb_each(coalesce(new_row, '{}')) n USING (key)
     WHERE coalesce(o.value, 'null') IS DISTINCT FROM coalesce(n.value, 'null')
       AND NOT '-' || coalesce(o.key, n.key) = ANY (hidden)
  $$;

-- Arguments: the entity's singular name, then columns whose values must not be kept.
-- enable_nestloop is off because ON CONFLICT fires the UPDATE trigger with an empty table first and
-- the plan cached for that would be quadratic for ever after.
CREATE FUNCTION audit_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public, pg_temp SET enable_nestloop = off
  AS $$
  DECLARE
    entity text := TG_ARGV[0];
    hidden text[] := coalesce(TG_ARGV[1:], '{}');
    actor bigint := acting_account();
    actor_name text := coalesce(nullif(acting('actor_name'), ''), 'database:' || session_user);
    action text := coalesce(nullif(acting('action'), ''), entity || '.' || lower(TG_OP));
  BEGIN
    IF TG_OP = 'INSERT' THEN
      INSERT INTO audit (actor_id, actor_name, action, entity, entity_id, method, path, request_id, database_user, operation, changes)
      SELECT actor, actor_name, action, entity, (n.j->>'id')::bigint, acting('method'), acting('path'), acting('request_id'),
             session_user, 'insert', audit_difference(NULL, n.j, hidden)
        FROM (SELECT to_jsonb(new_rows) AS j FROM new_rows) n;
    ELSIF TG_OP = 'UPDATE' THEN
      INSERT INTO audit (actor_id, actor_name, action, entity, entity_id, method, path, request_id, database_user, operation, changes)
      SELECT actor, actor_name, action, entity, n.id, acting('method'), acting('path'), acting('request_id'),
             session_user, 'update', d.changes
        FROM new_rows n JOIN old_rows o ON o.id = n.id
             CROSS JOIN LATERAL (SELECT audit_difference(to_jsonb(o), to_jsonb(n), hidden) AS changes OFFSET 0) d
       WHERE d.changes <> '{}';
    ELSE
      INSERT INTO audit (actor_id, actor_name, action, entity, entity_id, method, path, request_id, database_user, operation, changes)
      SELECT actor, actor_name, action, entity, (o.j->>'id')::bigint, acting('method'), acting('path'), acting('request_id'),
             session_user, 'delete', audit_difference(o.j, NULL, hidden)
        FROM (SELECT to_jsonb(old_rows) AS j FROM old_rows) o;
    END IF;
    RETURN NULL;
  END $$;

-- Attach the three triggers to a table: CALL audit_table('student', 'student', 'search_text').
CREATE PROCEDURE audit_table(table_name text, entity text, VARIADIC hidden text[] DEFAULT '{}') LANGUAGE plpgsql
  AS $$
  DECLARE arguments text;
  BEGIN
    SELECT string_agg(quote_literal(a), ', ') INTO arguments FROM unnest(ARRAY[entity] || hidden) a;
    EXECUTE format('CREATE TRIGGER zz_audit_insert AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_rows(%s)', table_name, arguments);
    EXECUTE format('CREATE TRIGGER zz_audit_update AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_rows(%s)', table_name, arguments);
    EXECUTE format('CREATE TRIGGER zz_audit_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_rows(%s)', table_name, arguments);
  END $$;

CREATE FUNCTION refuse(sqlstate_code text, message text) RETURNS void LANGUAGE plpgsql
  AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = sqlstate_code, MESSAGE = message; END $$;

-- Append-only tables say so themselves, to the owner too.
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '42501'; END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON disclosure FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CALL audit_table('setting', 'setting');

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
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
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
