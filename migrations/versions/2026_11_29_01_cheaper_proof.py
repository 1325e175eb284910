"""What every change pays: the proof of a connection and the audit of a seat cost less.

A trigger's WHEN is read and planned anew by each statement; the audit's had six function calls in it, and cost
more than what it decided. And a section whose seats moved, which no entry tells, wrote its no entries with a
statement that asked for the proof once more. And a publish asked for each of its rows whether the one who
publishes may.

Revision ID: 2026_11_29_01
Revises: 2026_11_28_05
"""

from alembic import op

revision = "2026_11_29_01"
down_revision = "2026_11_28_05"
branch_labels = None
depends_on = None

SCHEMA = """
CREATE OR REPLACE FUNCTION by_the_server() RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  DECLARE
    answer text := current_setting('sims.server', true);
    challenge bytea;
    known record;
  BEGIN
    IF session_user <> 'sims_app' THEN
      RETURN true;
    END IF;
    IF answer <> '' THEN
      -- As server_challenge() says it, without the call.
      challenge := convert_to(pg_backend_pid() || ' ' || extract(epoch FROM pg_postmaster_start_time()), 'UTF8');
      FOR known IN SELECT inner_pad, outer_pad FROM server_key LOOP
        IF encode(sha256(known.outer_pad || sha256(known.inner_pad || challenge)), 'hex') = answer THEN
          RETURN true;
        END IF;
      END LOOP;
    END IF;
    RETURN false;
  END $$;

CREATE OR REPLACE FUNCTION audit_names_whom_the_server_told() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF NOT by_the_server() AND
       acting('actor') || acting('actor_name') || acting('action') || acting('method') || acting('path') || acting('request_id') <> '' THEN
      RAISE EXCEPTION 'only the server says who acts: this connection did not show that it is one'
        USING ERRCODE = '42501', CONSTRAINT = 'audit_names_whom_the_server_told';
    END IF;
    RETURN NULL;
  END $$;
CREATE OR REPLACE TRIGGER aa_audit_names_whom_the_server_told BEFORE INSERT ON audit FOR EACH STATEMENT
  EXECUTE FUNCTION audit_names_whom_the_server_told();
CREATE OR REPLACE TRIGGER aa_audit_names_whom_the_server_told BEFORE INSERT ON audit_statement FOR EACH STATEMENT
  EXECUTE FUNCTION audit_names_whom_the_server_told();

-- In the form of 2026_11_24_05: where no column that is told has changed, nothing is written.
CALL audit_table('section', 'section', '-seats_taken', '-weights_total');
-- But every enrollment moves a seat, every column a weight, and of neither is an entry: a trigger of the columns
-- that are told is not even asked. By row, for one of columns has no tables of what changed.
DO $do$
DECLARE told text; changes text;
BEGIN
  SELECT string_agg(format('%I', c), ', ' ORDER BY number),
         string_agg(format('CASE WHEN OLD.%I IS DISTINCT FROM NEW.%I THEN %L || ''['' || %s || '','' || %s || '']'' END', c, c, to_json(c) || ':',
                           audited_value(type, 'OLD', c), audited_value(type, 'NEW', c)), ', ' ORDER BY number)
    INTO told, changes
    FROM (SELECT attname::text AS c, atttypid AS type, attnum AS number FROM pg_attribute
           WHERE attrelid = 'section'::regclass AND attnum > 0 AND NOT attisdropped AND attname NOT IN ('seats_taken', 'weights_total')) columns;
  EXECUTE format($function$
    CREATE FUNCTION audit_section_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
      AS $body$
      DECLARE changes text := '{' || concat_ws(',', %s) || '}';
      BEGIN
        IF changes <> '{}' THEN
          PERFORM write_audit(acting_account(), coalesce(nullif(acting('actor_name'), ''), 'database:' || session_user),
            coalesce(nullif(acting('action'), ''), 'section.update'), 'section', acting('method'), acting('path'), acting('request_id'),
            session_user::text, 'update', ARRAY[NEW.id], ARRAY[changes]);
        END IF;
        RETURN NULL;
      END $body$ $function$, changes);
  EXECUTE 'DROP TRIGGER zz_audit_update ON section';
  EXECUTE format('CREATE TRIGGER zz_audit_update AFTER UPDATE OF %s ON section FOR EACH ROW EXECUTE FUNCTION audit_section_changed()', told);
END $do$;

-- As in 2026_11_26_02, but whoever is named is asked about once: without OFFSET the planner asks for each of
-- 500 rows before it looks which of them are the same.
CREATE OR REPLACE FUNCTION result_keeps_versions() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public, pg_temp SET enable_nestloop = off
  AS $$
  DECLARE published bigint[]; frozen bigint[]; sections bigint[]; me bigint := acting_account();
  BEGIN
    IF TG_OP = 'INSERT' THEN
      INSERT INTO result_version (result_id, version, cause, state, outcome, new_total, new_grade, grade_points, by_account_id)
      SELECT id, version, CASE source WHEN 'computed' THEN 'approve' ELSE 'brought' END, state, outcome, coalesce(total::text, ''), grade, grade_points, me FROM new_rows;
    ELSE
      WITH made AS (
        INSERT INTO result_version (result_id, version, cause, state, outcome, new_total, new_grade, grade_points, change_request_id, by_account_id)
        SELECT n.id, n.version,
               CASE WHEN n.state = 'published' AND o.state = 'draft' THEN 'publish' WHEN n.state = 'frozen' AND o.state = 'published' THEN 'freeze'
                    WHEN n.state = 'draft' THEN 'recompute' ELSE 'change' END,
               n.state, n.outcome, coalesce(n.total::text, ''), n.grade, n.grade_points,
               CASE WHEN n.state <> 'draft' AND n.state = o.state THEN n.change_request_id END, me
          FROM new_rows n JOIN old_rows o ON o.id = n.id
        RETURNING result_id, cause)
      SELECT array_agg(result_id) FILTER (WHERE cause = 'publish'), array_agg(result_id) FILTER (WHERE cause = 'freeze') INTO published, frozen FROM made;
      IF published IS NOT NULL THEN
        SELECT array_agg(DISTINCT section_id) INTO sections FROM new_rows WHERE state = 'published' AND source = 'computed' AND id = ANY (published);
        -- By array, so that each is found by the index. A publish and a return of the same sheet: each asks
        -- under a lock that the other respects, or both would look at what was before the other.
        PERFORM FROM sheet WHERE section_id = ANY (sections) ORDER BY section_id FOR SHARE;
        IF EXISTS (SELECT FROM sheet WHERE section_id = ANY (sections) AND state <> 'approved') THEN
          RAISE EXCEPTION 'the sheet is not approved' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_published_from_approved_sheet';
        END IF;
        IF EXISTS (SELECT FROM withholding WHERE result_id = ANY (published) AND released_at IS NULL) THEN
          RAISE EXCEPTION 'a result is withheld' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_withheld_is_not_published';
        END IF;
        IF EXISTS (SELECT FROM (SELECT DISTINCT notification_id, term_id FROM new_rows WHERE state = 'published' AND change_request_id IS NULL) n
                     JOIN notification_of_result x ON x.id = n.notification_id WHERE x.term_id <> n.term_id) THEN
          RAISE EXCEPTION 'the notification is of another term' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_notified_in_its_term';
        END IF;
        IF EXISTS (SELECT FROM (SELECT DISTINCT published_by AS who FROM new_rows WHERE state = 'published' AND change_request_id IS NULL OFFSET 0) n WHERE NOT acts_with(n.who, 'results.publish')) THEN
          RAISE EXCEPTION 'results are published by whoever acts and may' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_published_by_who_may';
        END IF;
      END IF;
      IF frozen IS NOT NULL AND EXISTS (SELECT FROM (SELECT DISTINCT frozen_by AS who FROM new_rows WHERE id = ANY (frozen) OFFSET 0) n WHERE NOT acts_with(n.who, 'results.freeze')) THEN
        RAISE EXCEPTION 'results are frozen by whoever acts and may' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_frozen_by_who_may';
      END IF;
    END IF;
    RETURN NULL;
  END $$;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
