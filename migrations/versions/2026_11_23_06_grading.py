"""Assessments, scores, and the server side of off-line sheets.

A cell once written keeps its row and its version for ever. Version, rev and digest move in triggers,
so a single POST, an import and psql are noticed by devices just as well as a sync.
"""

from alembic import op

revision = "2026_11_23_06"
down_revision = "2026_11_23_05"
branch_labels = None
depends_on = None

SCHEMA = r"""
CREATE TABLE assessment (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  section_id bigint NOT NULL CONSTRAINT fk_assessment_section REFERENCES section (id),
  name text NOT NULL,
  type text NOT NULL CONSTRAINT ck_assessment_type CHECK (type IN ('midterm', 'final', 'quiz', 'assignment', 'project', 'lab', 'viva', 'practical')),
  weight numeric(5,2) NOT NULL CONSTRAINT ck_assessment_weight CHECK (weight >= 0 AND weight < 'NaN'),
  max_score numeric(7,2) NOT NULL CONSTRAINT ck_assessment_max_score CHECK (max_score > 0 AND max_score < 'NaN'),
  head text NOT NULL DEFAULT 'theory' CONSTRAINT ck_assessment_head CHECK (head IN ('theory', 'practical', 'internal')),
  must_sit boolean NOT NULL DEFAULT false,
  step numeric(5,2) CONSTRAINT ck_assessment_step CHECK (step > 0 AND step < 'NaN'),
  due_date date,
  position integer NOT NULL DEFAULT 0,
  entered_by text NOT NULL DEFAULT 'faculty' CONSTRAINT ck_assessment_entered_by CHECK (entered_by IN ('faculty', 'exam_cell')),
  released_at timestamptz,
  locked_at timestamptz,
  CONSTRAINT uq_assessment_section_name UNIQUE (section_id, name),
  CONSTRAINT uq_assessment_id_section_max_score UNIQUE (id, section_id, max_score)
);
CREATE INDEX ix_assessment_section_id ON assessment (section_id, position, id);

-- The total every writer must move; a sum in a deferred trigger would let two sessions reach 240 %.
CREATE FUNCTION assessment_moves_weights() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public, pg_temp SET enable_nestloop = off
  AS $$
  DECLARE touched bigint[];
  BEGIN
    IF TG_OP = 'INSERT' THEN
      UPDATE section s SET weights_total = s.weights_total + d.delta
        FROM (SELECT section_id, sum(weight) AS delta FROM new_rows GROUP BY section_id ORDER BY section_id) d WHERE s.id = d.section_id;
      SELECT array_agg(DISTINCT section_id) INTO touched FROM new_rows;
    ELSIF TG_OP = 'UPDATE' THEN
      IF EXISTS (SELECT FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE n.section_id <> o.section_id) THEN
        RAISE EXCEPTION 'an assessment keeps its section' USING ERRCODE = '23514', CONSTRAINT = 'ck_assessment_keeps_its_section';
      END IF;
      UPDATE section s SET weights_total = s.weights_total + d.delta
        FROM (SELECT n.section_id, sum(n.weight - o.weight) AS delta FROM new_rows n JOIN old_rows o ON o.id = n.id GROUP BY n.section_id ORDER BY n.section_id) d
       WHERE s.id = d.section_id AND d.delta <> 0;
      SELECT array_agg(DISTINCT section_id) INTO touched FROM new_rows;
    ELSE
      UPDATE section s SET weights_total = s.weights_total - d.delta
        FROM (SELECT section_id, sum(weight) AS delta FROM old_rows GROUP BY section_id ORDER BY section_id) d WHERE s.id = d.section_id;
      SELECT array_agg(DISTINCT section_id) INTO touched FROM old_rows;
    END IF;
    IF touched IS NOT NULL THEN
      PERFORM take_sheet_rev(touched);
      -- Asked under the row lock that the revision holds: an approval cannot slip in between.
      IF TG_OP <> 'UPDATE' THEN
        IF EXISTS (SELECT FROM sheet WHERE section_id = ANY (touched) AND state = 'approved') THEN
          RAISE EXCEPTION 'the sheet is approved' USING ERRCODE = '23514', CONSTRAINT = 'ck_assessment_sheet_not_approved';
        END IF;
      ELSIF EXISTS (SELECT FROM new_rows n JOIN old_rows o ON o.id = n.id JOIN sheet h ON h.section_id = n.section_id AND h.state = 'approved'
                     WHERE (n.weight, n.max_score, n.head, n.must_sit, n.type) IS DISTINCT FROM (o.weight, o.max_score, o.head, o.must_sit, o.type)) THEN
        RAISE EXCEPTION 'the sheet is approved' USING ERRCODE = '23514', CONSTRAINT = 'ck_assessment_sheet_not_approved';
      END IF;
      INSERT INTO sheet_change (section_id, rev, kind) SELECT section_id, rev, 'assessment' FROM sheet WHERE section_id = ANY (touched);
    END IF;
    RETURN NULL;
  END $$;
CREATE TRIGGER assessment_moves_weights_insert AFTER INSERT ON assessment REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION assessment_moves_weights();
CREATE TRIGGER assessment_moves_weights_update AFTER UPDATE ON assessment REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION assessment_moves_weights();
CREATE TRIGGER assessment_moves_weights_delete AFTER DELETE ON assessment REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION assessment_moves_weights();

-- Once the sheet is approved, what a total was computed from stands still.
CREATE FUNCTION assessment_stands_when_approved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF (NEW.weight, NEW.max_score, NEW.head, NEW.must_sit, NEW.type) IS DISTINCT FROM (OLD.weight, OLD.max_score, OLD.head, OLD.must_sit, OLD.type)
       AND (SELECT state FROM sheet WHERE section_id = NEW.section_id) = 'approved' THEN
      RAISE EXCEPTION 'the sheet is approved' USING ERRCODE = '23514', CONSTRAINT = 'ck_assessment_sheet_not_approved';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER assessment_stands_when_approved BEFORE UPDATE ON assessment FOR EACH ROW EXECUTE FUNCTION assessment_stands_when_approved();

CREATE TABLE assessment_score (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  section_id bigint NOT NULL,
  enrollment_id bigint NOT NULL,
  assessment_id bigint NOT NULL,
  max_score numeric(7,2) NOT NULL,
  mark text CONSTRAINT ck_assessment_score_mark CHECK (mark IN ('scored', 'absent', 'excused', 'ufm', 'pending')),
  score numeric(7,2),
  version integer NOT NULL DEFAULT 1,
  updated_by bigint,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT uq_assessment_score_cell UNIQUE (enrollment_id, assessment_id),
  -- One key for both, because each is looked up for every cell of a push.
  CONSTRAINT fk_assessment_score_assessment FOREIGN KEY (assessment_id, section_id, max_score) REFERENCES assessment (id, section_id, max_score) ON UPDATE CASCADE,
  CONSTRAINT fk_assessment_score_enrollment FOREIGN KEY (enrollment_id, section_id) REFERENCES enrollment (id, section_id),
  CONSTRAINT ck_assessment_score_iff_scored CHECK ((mark IS NOT DISTINCT FROM 'scored') = (score IS NOT NULL)),
  CONSTRAINT ck_assessment_score_within_maximum CHECK (score BETWEEN 0 AND max_score)
) WITH (fillfactor = 70);  -- a changed mark stays on its page, so that no index is touched
CREATE INDEX ix_assessment_score_section_id ON assessment_score (section_id, enrollment_id);
CREATE INDEX ix_assessment_score_assessment_id ON assessment_score (assessment_id, section_id, max_score);

CREATE TABLE assessment_score_version (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  section_id bigint NOT NULL,
  rev bigint NOT NULL,
  enrollment_id bigint NOT NULL,
  assessment_id bigint NOT NULL,
  version integer NOT NULL,
  mark text,
  score numeric(7,2),
  by_account_id bigint,
  at timestamptz NOT NULL,
  client_id uuid,
  CONSTRAINT uq_assessment_score_version UNIQUE (enrollment_id, assessment_id, version)
);
CREATE INDEX ix_assessment_score_version_rev ON assessment_score_version (section_id, rev);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON assessment_score_version FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- updated_at is the transaction's time, the same for all cells of a batch, so that an answer can say it.
-- Fired for each of thousands of rows: it carries no SET and no SECURITY DEFINER, which cost more than its work.
CREATE FUNCTION assessment_score_takes_version() RETURNS trigger LANGUAGE plpgsql
  AS $$
  BEGIN
    IF TG_OP = 'INSERT' THEN
      NEW.version := 1 + (SELECT version_floor FROM public.system);
    ELSE
      IF (NEW.enrollment_id, NEW.assessment_id, NEW.section_id) IS DISTINCT FROM (OLD.enrollment_id, OLD.assessment_id, OLD.section_id) THEN
        RAISE EXCEPTION 'a score keeps its cell' USING ERRCODE = '23514', CONSTRAINT = 'ck_assessment_score_keeps_its_cell';
      END IF;
      NEW.version := greatest(OLD.version, (SELECT version_floor FROM public.system)) + 1;
    END IF;
    NEW.updated_at := now();
    NEW.updated_by := nullif(current_setting('sims.actor', true), '')::bigint;
    RETURN NEW;
  END $$;
CREATE TRIGGER assessment_score_takes_version_insert BEFORE INSERT ON assessment_score FOR EACH ROW EXECUTE FUNCTION assessment_score_takes_version();
CREATE TRIGGER assessment_score_takes_version_update BEFORE UPDATE OF mark, score, enrollment_id, assessment_id, section_id ON assessment_score
  FOR EACH ROW EXECUTE FUNCTION assessment_score_takes_version();

-- SHA-256 of the line "enrollment,assessment,version,mark,score\n", as hex. Written with operators that
-- are themselves immutable (concat is not), so that the planner can inline it into a statement.
CREATE FUNCTION cell_hash(enrollment_id bigint, assessment_id bigint, version integer, mark text, score numeric) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT encode(sha256((enrollment_id::text || ',' || assessment_id::text || ',' || version::text || ',' || coalesce(mark, '') || ','
                              || coalesce(score::numeric(9,2)::text, '') || E'\n')::bytea), 'hex') $$;

-- The sum of hex hashes as one number: four signed 64-bit lanes, put together at the end (u = s + 2^64
-- where s < 0).
CREATE FUNCTION hashes_total(hashes text[]) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$
    SELECT coalesce((sum(a) + 18446744073709551616::numeric * count(*) FILTER (WHERE a < 0)) * 6277101735386680763835789423207666416102355444464034512896
                  + (sum(b) + 18446744073709551616::numeric * count(*) FILTER (WHERE b < 0)) * 340282366920938463463374607431768211456
                  + (sum(c) + 18446744073709551616::numeric * count(*) FILTER (WHERE c < 0)) * 18446744073709551616
                  + (sum(d) + 18446744073709551616::numeric * count(*) FILTER (WHERE d < 0)), 0)
      FROM (SELECT ('x' || substr(h, 1, 16))::bit(64)::bigint AS a, ('x' || substr(h, 17, 16))::bit(64)::bigint AS b,
                   ('x' || substr(h, 33, 16))::bit(64)::bigint AS c, ('x' || substr(h, 49, 16))::bit(64)::bigint AS d
              FROM unnest(hashes) h OFFSET 0) lanes
  $$;

CREATE FUNCTION move_digest(section bigint, plus text[], minus text[]) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    UPDATE sheet SET digest = mod(mod(digest + hashes_total(plus) - hashes_total(minus), 115792089237316195423570985008687907853269984665640564039457584007913129639936)
                                  + 115792089237316195423570985008687907853269984665640564039457584007913129639936,
                                  115792089237316195423570985008687907853269984665640564039457584007913129639936)
     WHERE section_id = section
  $$;

CREATE FUNCTION roster_moves_digest(enrollments bigint[], sign integer) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  DECLARE one record;
  BEGIN
    IF enrollments IS NULL THEN RETURN; END IF;
    FOR one IN
      SELECT section_id, array_agg(cell_hash(enrollment_id, assessment_id, version, mark, score)) AS hashes
        FROM assessment_score WHERE enrollment_id = ANY (enrollments) GROUP BY section_id ORDER BY section_id
    LOOP
      PERFORM move_digest(one.section_id, CASE WHEN sign > 0 THEN one.hashes ELSE '{}' END, CASE WHEN sign < 0 THEN one.hashes ELSE '{}' END);
    END LOOP;
  END $$;

-- What an approved change lets through on a sheet that is no longer open. Filled by migration 07.
CREATE TABLE pending_change_score (
  change_id bigint NOT NULL,
  assessment_id bigint NOT NULL CONSTRAINT fk_pending_change_score_assessment REFERENCES assessment (id),
  enrollment_id bigint NOT NULL CONSTRAINT fk_pending_change_score_enrollment REFERENCES enrollment (id),
  mark text CONSTRAINT ck_pending_change_score_mark CHECK (mark IN ('scored', 'absent', 'excused', 'ufm', 'pending')),
  score numeric(7,2),
  old_mark text,
  old_score numeric(7,2),
  CONSTRAINT pk_pending_change_score PRIMARY KEY (change_id, assessment_id, enrollment_id),
  CONSTRAINT ck_pending_change_score_iff_scored CHECK ((mark IS NOT DISTINCT FROM 'scored') = (score IS NOT NULL))
);

CREATE FUNCTION assessment_score_is_recorded() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public, pg_temp SET enable_nestloop = off
  AS $$
  DECLARE
    touched bigint[];
    one record;
    actor_name text := coalesce(nullif(acting('actor_name'), ''), 'database:' || session_user);
    action text := coalesce(nullif(acting('action'), ''), 'assessment_score.' || lower(TG_OP));
    device uuid := nullif(acting('client_id'), '')::uuid;
  BEGIN
    IF TG_OP = 'INSERT' THEN
      SELECT array_agg(DISTINCT section_id) INTO touched FROM new_rows;
    ELSE
      SELECT array_agg(DISTINCT n.section_id) INTO touched FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE n.version <> o.version;
    END IF;
    IF touched IS NULL THEN RETURN NULL; END IF;
    PERFORM take_sheet_rev(touched);
    IF EXISTS (SELECT FROM sheet WHERE section_id = ANY (touched) AND state <> 'open') THEN
      IF EXISTS (
        SELECT FROM new_rows n JOIN sheet h ON h.section_id = n.section_id AND h.state <> 'open'
         WHERE NOT EXISTS (SELECT FROM pending_change_score p JOIN pending_change c ON c.id = p.change_id
                            WHERE c.status = 'approved' AND c.applied_in = pg_current_xact_id()
                              AND p.assessment_id = n.assessment_id AND p.enrollment_id = n.enrollment_id
                              AND p.mark IS NOT DISTINCT FROM n.mark AND p.score IS NOT DISTINCT FROM n.score)
           -- What a withheld result still waits for (a blank, a pending award, an open case) may come in late.
           AND NOT (h.state = 'approved'
             AND EXISTS (SELECT FROM result r JOIN withholding w ON w.result_id = r.id AND w.released_at IS NULL
                          WHERE r.enrollment_id = n.enrollment_id AND r.state = 'draft')
             AND coalesce((SELECT v.mark FROM assessment_score_version v WHERE v.enrollment_id = n.enrollment_id
                            AND v.assessment_id = n.assessment_id AND v.version < n.version
                            -- Not version - 1: after a restore numbers leap.
                            ORDER BY v.version DESC LIMIT 1), 'pending') IN ('pending', 'ufm'))) THEN
        RAISE EXCEPTION 'the sheet is not open' USING ERRCODE = '23514', CONSTRAINT = 'ck_assessment_score_sheet_is_open';
      END IF;
    END IF;
    IF TG_OP = 'INSERT' THEN
      INSERT INTO assessment_score_version (section_id, rev, enrollment_id, assessment_id, version, mark, score, by_account_id, at, client_id)
      SELECT n.section_id, h.rev, n.enrollment_id, n.assessment_id, n.version, n.mark, n.score, n.updated_by, n.updated_at, device
        FROM new_rows n JOIN sheet h ON h.section_id = n.section_id;
      INSERT INTO audit (actor_id, actor_name, action, entity, entity_id, method, path, request_id, database_user, operation, changes)
      SELECT acting_account(), actor_name, action, 'assessment_score', n.id, acting('method'), acting('path'), acting('request_id'), session_user, 'insert',
             jsonb_build_object('enrollment_id', jsonb_build_array(NULL, n.enrollment_id), 'assessment_id', jsonb_build_array(NULL, n.assessment_id),
                                'mark', jsonb_build_array(NULL, n.mark), 'score', jsonb_build_array(NULL, n.score))
        FROM new_rows n;
      FOR one IN
        SELECT n.section_id, array_agg(cell_hash(n.enrollment_id, n.assessment_id, n.version, n.mark, n.score)) AS plus
          FROM new_rows n JOIN enrollment e ON e.id = n.enrollment_id AND e.status <> 'dropped' GROUP BY n.section_id ORDER BY n.section_id
      LOOP PERFORM move_digest(one.section_id, one.plus, '{}'); END LOOP;
    ELSE
      INSERT INTO assessment_score_version (section_id, rev, enrollment_id, assessment_id, version, mark, score, by_account_id, at, client_id)
      SELECT n.section_id, h.rev, n.enrollment_id, n.assessment_id, n.version, n.mark, n.score, n.updated_by, n.updated_at, device
        FROM new_rows n JOIN old_rows o ON o.id = n.id JOIN sheet h ON h.section_id = n.section_id WHERE n.version <> o.version;
      INSERT INTO audit (actor_id, actor_name, action, entity, entity_id, method, path, request_id, database_user, operation, changes)
      SELECT acting_account(), actor_name, action, 'assessment_score', n.id, acting('method'), acting('path'), acting('request_id'), session_user, 'update',
             jsonb_strip_nulls(jsonb_build_object(
               'mark', CASE WHEN n.mark IS DISTINCT FROM o.mark THEN jsonb_build_array(o.mark, n.mark) END,
               'score', CASE WHEN n.score IS DISTINCT FROM o.score THEN jsonb_build_array(o.score, n.score) END,
               'version', jsonb_build_array(o.version, n.version)))
        FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE n.version <> o.version;
      FOR one IN
        SELECT n.section_id, array_agg(cell_hash(n.enrollment_id, n.assessment_id, n.version, n.mark, n.score)) AS plus,
               array_agg(cell_hash(o.enrollment_id, o.assessment_id, o.version, o.mark, o.score)) AS minus
          FROM new_rows n JOIN old_rows o ON o.id = n.id JOIN enrollment e ON e.id = n.enrollment_id AND e.status <> 'dropped'
         WHERE n.version <> o.version GROUP BY n.section_id ORDER BY n.section_id
      LOOP PERFORM move_digest(one.section_id, one.plus, one.minus); END LOOP;
    END IF;
    RETURN NULL;
  END $$;
CREATE TRIGGER assessment_score_is_recorded_insert AFTER INSERT ON assessment_score REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION assessment_score_is_recorded();
CREATE TRIGGER assessment_score_is_recorded_update AFTER UPDATE ON assessment_score REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION assessment_score_is_recorded();

CREATE FUNCTION assessment_score_stays() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN RAISE EXCEPTION 'a score is blanked, never deleted' USING ERRCODE = '42501'; END $$;
CREATE TRIGGER assessment_score_stays BEFORE DELETE OR TRUNCATE ON assessment_score FOR EACH STATEMENT EXECUTE FUNCTION assessment_score_stays();

CREATE TABLE sync_device (
  client_id uuid PRIMARY KEY,
  account_id bigint NOT NULL CONSTRAINT fk_sync_device_account REFERENCES account (id),
  name text NOT NULL DEFAULT '',
  first_seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The heartbeat of a device on one sheet.
CREATE TABLE sync_presence (
  client_id uuid NOT NULL CONSTRAINT fk_sync_presence_device REFERENCES sync_device (client_id),
  section_id bigint NOT NULL CONSTRAINT fk_sync_presence_section REFERENCES section (id),
  last_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  pending integer NOT NULL DEFAULT 0,
  conflicts integer NOT NULL DEFAULT 0,
  CONSTRAINT pk_sync_presence PRIMARY KEY (client_id, section_id)
);
CREATE INDEX ix_sync_presence_section_id ON sync_presence (section_id);

CREATE TABLE sync_receipt (
  client_id uuid NOT NULL CONSTRAINT fk_sync_receipt_device REFERENCES sync_device (client_id),
  section_id bigint NOT NULL CONSTRAINT fk_sync_receipt_section REFERENCES section (id),
  mid bigint NOT NULL CONSTRAINT ck_sync_receipt_mid CHECK (mid >= 1),
  account_id bigint NOT NULL CONSTRAINT fk_sync_receipt_account REFERENCES account (id),
  body_hash bytea NOT NULL,
  outcome bytea NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT pk_sync_receipt PRIMARY KEY (client_id, section_id, mid)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sync_receipt FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- A receipt's number follows the last one: the gap check, beneath the application's.
CREATE FUNCTION sync_receipt_has_no_gap() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF NEW.mid <> 1 + coalesce((SELECT max(mid) FROM sync_receipt WHERE client_id = NEW.client_id AND section_id = NEW.section_id), 0) THEN
      RAISE EXCEPTION 'mid % leaves a gap', NEW.mid USING ERRCODE = '23514', CONSTRAINT = 'ck_sync_receipt_no_gap';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER sync_receipt_has_no_gap BEFORE INSERT ON sync_receipt FOR EACH ROW EXECUTE FUNCTION sync_receipt_has_no_gap();

-- A conflict is history; it is closed when the cell's version has passed cell_version.
CREATE TABLE sync_conflict (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  section_id bigint NOT NULL,
  enrollment_id bigint NOT NULL,
  assessment_id bigint NOT NULL,
  cell_version integer NOT NULL,
  base_version integer NOT NULL,
  base_mark text, base_score numeric(7,2),
  their_mark text, their_score numeric(7,2), their_account_id bigint,
  my_mark text, my_score numeric(7,2), my_account_id bigint NOT NULL,
  client_id uuid NOT NULL,
  edit_id text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_sync_conflict_section_id ON sync_conflict (section_id, id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sync_conflict FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- open → submitted → approved; a return leads back to open. A teacher of the section cannot approve it.
CREATE FUNCTION sheet_moves_lawfully() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    -- Who submitted and who approved is said once, by the move itself.
    IF NEW.state = OLD.state OR (OLD.state, NEW.state) = ('submitted', 'approved') THEN
      IF (NEW.submitted_by, NEW.submitted_at) IS DISTINCT FROM (OLD.submitted_by, OLD.submitted_at)
         OR NEW.state = OLD.state AND (NEW.approved_by, NEW.approved_at, NEW.return_reason) IS DISTINCT FROM (OLD.approved_by, OLD.approved_at, OLD.return_reason) THEN
        RAISE EXCEPTION 'who submitted and approved a sheet stands' USING ERRCODE = '23514', CONSTRAINT = 'ck_sheet_names_stand';
      END IF;
    END IF;
    IF NEW.state = OLD.state THEN RETURN NEW; END IF;
    IF (OLD.state, NEW.state) NOT IN (('open', 'submitted'), ('submitted', 'approved'), ('submitted', 'open'), ('approved', 'open')) THEN
      RAISE EXCEPTION 'a sheet cannot go from % to %', OLD.state, NEW.state USING ERRCODE = '23514', CONSTRAINT = 'ck_sheet_transition';
    END IF;
    IF NEW.state = 'submitted' AND NOT EXISTS (SELECT FROM section_staff WHERE section_id = NEW.section_id AND account_id = NEW.submitted_by AND until IS NULL) THEN
      RAISE EXCEPTION 'a teacher of the section submits its sheet' USING ERRCODE = '23514', CONSTRAINT = 'ck_sheet_submitter_teaches';
    END IF;
    IF NEW.state = 'approved' AND EXISTS (SELECT FROM section_staff WHERE section_id = NEW.section_id AND account_id = NEW.approved_by AND until IS NULL) THEN
      RAISE EXCEPTION 'a teacher of the section cannot approve its sheet' USING ERRCODE = '23514', CONSTRAINT = 'ck_sheet_approver_does_not_teach';
    END IF;
    IF NEW.state = 'approved' AND NOT EXISTS (
      SELECT FROM account_role g JOIN role r ON r.id = g.role_id JOIN account a ON a.id = g.account_id
       WHERE g.account_id = NEW.approved_by AND NOT a.disabled AND 'sheets.approve' = ANY (r.permissions)
         AND (g.valid_from IS NULL OR g.valid_from <= current_date) AND (g.valid_until IS NULL OR g.valid_until >= current_date)) THEN
      RAISE EXCEPTION 'account % may not approve sheets', NEW.approved_by USING ERRCODE = '23514', CONSTRAINT = 'ck_sheet_approver_may_approve';
    END IF;
    IF OLD.state = 'approved' AND EXISTS (SELECT FROM result WHERE section_id = NEW.section_id AND state <> 'draft') THEN
      RAISE EXCEPTION 'results of this sheet are published' USING ERRCODE = '23514', CONSTRAINT = 'ck_sheet_published_stays_approved';
    END IF;
    -- What was drafted from the sheet waits for the next approval.
    IF OLD.state = 'approved' THEN
      UPDATE result SET stale = true WHERE section_id = NEW.section_id AND state = 'draft' AND NOT stale;
    END IF;
    INSERT INTO sheet_version (section_id, rev, from_state, to_state, by_account_id, reason)
    VALUES (NEW.section_id, NEW.rev, OLD.state, NEW.state, acting_account(), NEW.return_reason);
    INSERT INTO sheet_change (section_id, rev, kind) VALUES (NEW.section_id, NEW.rev, 'state');
    INSERT INTO audit (actor_id, actor_name, action, entity, entity_id, method, path, request_id, database_user, operation, changes)
    VALUES (acting_account(), coalesce(nullif(acting('actor_name'), ''), 'database:' || session_user), coalesce(nullif(acting('action'), ''), 'sheet.update'),
            'sheet', NEW.section_id, acting('method'), acting('path'), acting('request_id'), session_user, 'update',
            jsonb_build_object('state', jsonb_build_array(OLD.state, NEW.state), 'rev', jsonb_build_array(OLD.rev, NEW.rev),
                               'return_reason', jsonb_build_array(OLD.return_reason, NEW.return_reason)));
    RETURN NEW;
  END $$;
CREATE TRIGGER sheet_moves_lawfully BEFORE UPDATE OF state, submitted_by, submitted_at, approved_by, approved_at, return_reason ON sheet FOR EACH ROW EXECUTE FUNCTION sheet_moves_lawfully();

CREATE TABLE sheet_version (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  section_id bigint NOT NULL,
  rev bigint NOT NULL,
  from_state text NOT NULL,
  to_state text NOT NULL,
  by_account_id bigint,
  reason text,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_sheet_version_section_id ON sheet_version (section_id, id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sheet_version FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CALL audit_table('assessment', 'assessment');

GRANT SELECT, DELETE, INSERT (section_id, name, type, weight, max_score, head, must_sit, step, due_date, position, entered_by, released_at, locked_at),
  UPDATE (name, type, weight, max_score, head, must_sit, step, due_date, position, entered_by, released_at, locked_at) ON assessment TO sims_app;
GRANT SELECT, INSERT (section_id, enrollment_id, assessment_id, max_score, mark, score), UPDATE (mark, score) ON assessment_score TO sims_app;
GRANT SELECT ON assessment_score_version, sheet_version TO sims_app;
GRANT SELECT, INSERT ON pending_change_score TO sims_app;
GRANT SELECT, INSERT, UPDATE (name) ON sync_device TO sims_app;
GRANT SELECT, INSERT, UPDATE (last_seen_at, pending, conflicts), DELETE ON sync_presence TO sims_app;
GRANT SELECT, INSERT ON sync_receipt, sync_conflict TO sims_app;
GRANT SELECT ON assessment TO sims_student;
GRANT EXECUTE ON FUNCTION cell_hash(bigint, bigint, integer, text, numeric) TO sims_app, sims_readonly;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
