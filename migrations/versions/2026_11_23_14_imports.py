"""Imports that can be undone, and results brought from before this system.

A result of the years before is stored as it was recorded, in the transaction in which the batch that
brings it is committed: proposed by one person, confirmed by another. Nobody brings one later or alone.
"""

from alembic import op

revision = "2026_11_23_14"
down_revision = "2026_11_23_13"
branch_labels = None
depends_on = None

SCHEMA = r"""
-- What a batch was read as and from whom: `reading` (format, encoding, delimiter), `mapping` (the file's
-- header → our column), `options` (a file of holds that is complete).
ALTER TABLE import_batch
  ADD COLUMN reading jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN mapping jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN options jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN proposed_by bigint CONSTRAINT fk_import_batch_proposed_by REFERENCES account (id),
  ADD COLUMN proposed_at timestamptz,
  ADD COLUMN proposed_in xid8,
  ADD COLUMN confirmed_by bigint CONSTRAINT fk_import_batch_confirmed_by REFERENCES account (id),
  ADD COLUMN confirmed_at timestamptz,
  ADD COLUMN committed_in xid8,
  -- The time of the transaction that committed it, as the rows carry it that it wrote.
  ADD COLUMN committed_stamp timestamptz,
  ADD COLUMN undone_by bigint CONSTRAINT fk_import_batch_undone_by REFERENCES account (id),
  ADD COLUMN undone_at timestamptz,
  ADD CONSTRAINT ck_import_batch_proposed_at_iff_by CHECK ((proposed_by IS NULL) = (proposed_at IS NULL) AND (proposed_by IS NULL) = (proposed_in IS NULL)),
  ADD CONSTRAINT ck_import_batch_confirmed_at_iff_by CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL)),
  ADD CONSTRAINT ck_import_batch_confirmed_after_proposed CHECK (confirmed_by IS NULL OR proposed_by IS NOT NULL),
  ADD CONSTRAINT ck_import_batch_confirmed_by_another CHECK (confirmed_by <> proposed_by),
  ADD CONSTRAINT ck_import_batch_history_takes_two CHECK (kind <> 'results_history' OR status NOT IN ('committed', 'undone') OR confirmed_by IS NOT NULL),
  ADD CONSTRAINT ck_import_batch_history_is_never_undone CHECK (kind <> 'results_history' OR status <> 'undone'),
  ADD CONSTRAINT ck_import_batch_undone_at_iff_undone CHECK ((status = 'undone') = (undone_at IS NOT NULL));

-- Whoever may bring results in: of the registrar's office or the examination cell, today.
CREATE FUNCTION may_bring_results(wanted bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    SELECT EXISTS (
      SELECT FROM role_held h JOIN role r ON r.id = h.role_id
       WHERE h.account_id = wanted AND r.name IN ('registrar', 'exam_cell'))
  $$;

-- uploaded → previewed → committed → undone. Results from before this system: previewed, proposed by one,
-- confirmed by another in a later transaction, committed. Who proposes and confirms is who acts.
CREATE FUNCTION import_batch_moves_lawfully() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF TG_OP = 'INSERT' THEN
      IF NEW.status NOT IN ('uploaded', 'committed') OR NEW.proposed_by IS NOT NULL OR NEW.confirmed_by IS NOT NULL
         OR (NEW.kind = 'results_history' AND NEW.status <> 'uploaded') THEN
        RAISE EXCEPTION 'an import begins as an upload' USING ERRCODE = '23514', CONSTRAINT = 'ck_import_batch_begins_uploaded';
      END IF;
      NEW.proposed_in := NULL;
      NEW.committed_in := CASE NEW.status WHEN 'committed' THEN pg_current_xact_id() END;
      NEW.committed_stamp := CASE NEW.status WHEN 'committed' THEN now() END;
      RETURN NEW;
    END IF;
    IF OLD.status = 'undone' OR (NEW.status = 'undone') <> (OLD.status = 'committed' AND NEW.status <> 'committed') THEN
      RAISE EXCEPTION 'an import that was committed stands, or is undone once' USING ERRCODE = '23514', CONSTRAINT = 'ck_import_batch_committed_stands';
    END IF;
    IF OLD.status = 'committed' AND OLD.committed_in <> pg_current_xact_id()
       AND to_jsonb(NEW) - ARRAY['status', 'undone_by', 'undone_at'] <> to_jsonb(OLD) - ARRAY['status', 'undone_by', 'undone_at'] THEN
      RAISE EXCEPTION 'an import that was committed stands, or is undone once' USING ERRCODE = '23514', CONSTRAINT = 'ck_import_batch_committed_stands';
    END IF;
    -- Another plan is not the one that was proposed.
    IF NEW.plan_hash IS DISTINCT FROM OLD.plan_hash AND OLD.proposed_by IS NOT NULL THEN
      NEW.proposed_by := NULL; NEW.proposed_at := NULL; NEW.confirmed_by := NULL; NEW.confirmed_at := NULL;
    END IF;
    IF NEW.proposed_by IS DISTINCT FROM OLD.proposed_by THEN
      IF NEW.proposed_by IS NOT NULL AND (OLD.confirmed_by IS NOT NULL OR NEW.status <> 'previewed' OR NEW.plan_hash IS NULL
          OR NEW.proposed_by IS DISTINCT FROM acting_account() OR NOT may_bring_results(NEW.proposed_by)) THEN
        RAISE EXCEPTION 'a plan is proposed by whoever acts, of the registrar or the examination cell'
          USING ERRCODE = '23514', CONSTRAINT = 'ck_import_batch_proposed_by_who_acts';
      END IF;
      NEW.proposed_in := CASE WHEN NEW.proposed_by IS NOT NULL THEN pg_current_xact_id() END;
    ELSE
      NEW.proposed_in := OLD.proposed_in;
    END IF;
    IF NEW.confirmed_by IS NOT NULL AND NEW.confirmed_by IS DISTINCT FROM OLD.confirmed_by
       AND (OLD.confirmed_by IS NOT NULL OR OLD.proposed_in IS NULL OR OLD.proposed_in = pg_current_xact_id() OR NEW.proposed_by IS DISTINCT FROM OLD.proposed_by
            OR NEW.confirmed_by IS DISTINCT FROM acting_account() OR NOT may_bring_results(NEW.confirmed_by)) THEN
      RAISE EXCEPTION 'a plan is confirmed after it was proposed, by whoever acts, of the registrar or the examination cell'
        USING ERRCODE = '23514', CONSTRAINT = 'ck_import_batch_confirmed_by_who_acts';
    END IF;
    NEW.committed_in := CASE WHEN NEW.status = 'committed' AND OLD.status <> 'committed' THEN pg_current_xact_id() ELSE OLD.committed_in END;
    NEW.committed_stamp := CASE WHEN NEW.status = 'committed' AND OLD.status <> 'committed' THEN now() ELSE OLD.committed_stamp END;
    RETURN NEW;
  END $$;
CREATE TRIGGER import_batch_moves_lawfully BEFORE INSERT OR UPDATE ON import_batch FOR EACH ROW EXECUTE FUNCTION import_batch_moves_lawfully();

-- What a batch did, for as long as it may be undone: rows it made, rows it changed with old and new, fee
-- holds it lifted. No foreign key: checking one for each of 170,000 rows would cost as much as the import.
CREATE TABLE import_effect (
  import_id bigint NOT NULL,
  number integer NOT NULL,
  fate text NOT NULL CONSTRAINT ck_import_effect_fate CHECK (fate IN ('new', 'changed', 'lifted')),
  target bigint,
  changes jsonb,
  CONSTRAINT pk_import_effect PRIMARY KEY (import_id, number)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON import_effect FOR EACH STATEMENT EXECUTE FUNCTION append_only();
ALTER TABLE import_fate DROP CONSTRAINT ck_import_fate_fate,
  ADD CONSTRAINT ck_import_fate_fate CHECK (fate IN ('new', 'changed', 'same', 'lifted', 'fault'));

-- What an account called our columns the last time.
CREATE TABLE import_mapping (
  account_id bigint NOT NULL CONSTRAINT fk_import_mapping_account REFERENCES account (id),
  kind text NOT NULL,
  header text NOT NULL,
  means text NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_import_mapping PRIMARY KEY (account_id, kind, header)
);

-- Who refers to these rows: by every foreign key there is, so that a table of tomorrow is asked too.
CREATE FUNCTION dependants_of(named text, ids bigint[]) RETURNS TABLE (id bigint, dependant text, n bigint)
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  DECLARE one record;
  BEGIN
    FOR one IN
      SELECT c.conrelid::regclass::text AS child, string_agg(format('x.%I = p.%I', a.attname, p.attname), ' AND ') AS meets
        FROM pg_constraint c
        CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS k (own, theirs)
        JOIN pg_attribute p ON p.attrelid = c.confrelid AND p.attnum = k.theirs
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.own
       WHERE c.contype = 'f' AND c.confrelid = ('public.' || quote_ident(named))::regclass
       GROUP BY c.oid, c.conrelid ORDER BY 1, 2
    LOOP
      RETURN QUERY EXECUTE format('SELECT p.id, %L::text, count(*) FROM %I p JOIN %s x ON %s WHERE p.id = ANY ($1) GROUP BY 1',
                                  one.child, named, one.child, one.meets) USING ids;
    END LOOP;
  END $$;

-- The application may not delete people, accounts, enrollments and attendance. An import that is undone may, what it
-- made itself: the audit says so, of the transaction that committed it. Whatever refers to a row keeps it.
CREATE FUNCTION remove_imported(batch bigint, ids bigint[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  DECLARE b import_batch; made text; sections bigint[]; people bigint[];
  BEGIN
    SELECT * INTO b FROM import_batch WHERE id = batch FOR UPDATE;
    made := CASE b.kind WHEN 'students' THEN 'registration' WHEN 'enrollments' THEN 'enrollment' WHEN 'accounts' THEN 'account' WHEN 'attendance' THEN 'attendance' END;
    IF made IS NULL OR b.status <> 'committed' OR EXISTS (
         SELECT FROM unnest(ids) AS one (id) WHERE NOT EXISTS (
           SELECT FROM audit a WHERE a.entity = made AND a.entity_id = one.id AND a.operation = 'insert' AND a.transaction_id = b.committed_in)) THEN
      RAISE EXCEPTION 'an import removes what it made, and nothing else' USING ERRCODE = '23514', CONSTRAINT = 'ck_import_batch_removes_its_own';
    END IF;
    IF made = 'enrollment' THEN
      SELECT array_agg(DISTINCT section_id) INTO sections FROM enrollment WHERE id = ANY (ids);
      PERFORM take_sheet_rev(sections);
      IF EXISTS (SELECT FROM sheet WHERE section_id = ANY (sections) AND state <> 'open') THEN
        RAISE EXCEPTION 'the sheet of the section is not open' USING ERRCODE = '23514', CONSTRAINT = 'ck_enrollment_sheet_is_open';
      END IF;
      -- Devices learn of it as of everybody who left.
      INSERT INTO sheet_change (section_id, rev, kind, enrollment_id)
      SELECT e.section_id, h.rev, 'roster', e.id FROM enrollment e JOIN sheet h USING (section_id) WHERE e.id = ANY (ids);
      DELETE FROM enrollment WHERE id = ANY (ids);
    ELSIF made = 'attendance' THEN
      SELECT array_agg(DISTINCT class_session_id) INTO sections FROM attendance WHERE id = ANY (ids);
      DELETE FROM attendance WHERE id = ANY (ids);
      UPDATE class_session k SET taken_at = NULL WHERE k.id = ANY (sections) AND NOT EXISTS (SELECT FROM attendance a WHERE a.class_session_id = k.id);
    ELSIF made = 'account' THEN
      DELETE FROM account_role WHERE account_id = ANY (ids);
      DELETE FROM account WHERE id = ANY (ids);
    ELSE
      SELECT array_agg(DISTINCT student_id) INTO people FROM registration WHERE id = ANY (ids);
      DELETE FROM registration WHERE id = ANY (ids);
      DELETE FROM student s WHERE s.id = ANY (people)
         AND EXISTS (SELECT FROM audit a WHERE a.entity = 'student' AND a.entity_id = s.id AND a.operation = 'insert' AND a.transaction_id = b.committed_in);
    END IF;
  END $$;

-- Results from before this system: stored as recorded, under the batch that brought them.
ALTER TABLE result
  ADD COLUMN import_id bigint CONSTRAINT fk_result_import REFERENCES import_batch (id),
  ADD COLUMN recorded_title text,
  ADD CONSTRAINT ck_result_import_iff_legacy CHECK ((source = 'legacy') = (import_id IS NOT NULL)),
  ADD CONSTRAINT ck_result_recorded_title_is_legacy CHECK (recorded_title IS NULL OR source = 'legacy');
ALTER TABLE term_result
  ADD COLUMN import_id bigint CONSTRAINT fk_term_result_import REFERENCES import_batch (id),
  ADD CONSTRAINT ck_term_result_declared_or_recorded CHECK (notification_id IS NOT NULL OR import_id IS NOT NULL);

-- Two people stand behind what was brought: in the transaction in which their batch is committed, never after.
CREATE FUNCTION legacy_result_is_lawful() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF NOT EXISTS (SELECT FROM import_batch b WHERE b.id = NEW.import_id AND b.kind = 'results_history' AND b.status = 'committed'
                      AND b.committed_in = pg_current_xact_id() AND b.confirmed_by <> b.proposed_by) THEN
      RAISE EXCEPTION 'results are brought by a batch that two people stand behind' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_legacy_takes_two';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER legacy_result_is_lawful BEFORE INSERT ON result FOR EACH ROW WHEN (NEW.source = 'legacy') EXECUTE FUNCTION legacy_result_is_lawful();
CREATE TRIGGER legacy_term_result_is_lawful BEFORE INSERT ON term_result FOR EACH ROW WHEN (NEW.import_id IS NOT NULL) EXECUTE FUNCTION legacy_result_is_lawful();

-- Where a figure that was recorded is not what the regulation makes of the rows. The recorded one prints.
CREATE TABLE recorded_difference (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  import_id bigint NOT NULL CONSTRAINT fk_recorded_difference_import REFERENCES import_batch (id),
  registration_id bigint NOT NULL CONSTRAINT fk_recorded_difference_registration REFERENCES registration (id),
  term_id bigint NOT NULL CONSTRAINT fk_recorded_difference_term REFERENCES term (id),
  figure text NOT NULL CONSTRAINT ck_recorded_difference_figure CHECK (figure IN ('sgpa', 'cgpa')),
  recorded numeric NOT NULL,
  recomputed numeric,
  CONSTRAINT uq_recorded_difference UNIQUE (import_id, registration_id, term_id, figure),
  CONSTRAINT ck_recorded_difference_differs CHECK (recorded IS DISTINCT FROM recomputed)
);

COMMENT ON TABLE import_effect IS 'not audited: the list of a batch whose rows are audited where they stand; INSERT only';
COMMENT ON TABLE import_mapping IS 'not audited: what somebody calls the columns of a file';
COMMENT ON TABLE recorded_difference IS 'not audited: derived from what is recorded; the figures are audited where they stand';
CALL audit_table('import_batch', 'import', '-file', '-faults', '-proposed_in', '-committed_in', '-committed_stamp');
CALL audit_table('result', 'result', '-trace', '-blocks', '-version');
CALL audit_table('term_result', 'term_result', '-trace');

GRANT INSERT (reading, mapping, options), UPDATE (reading, file, proposed_by, proposed_at, confirmed_by, confirmed_at, undone_by, undone_at) ON import_batch TO sims_app;
GRANT SELECT, INSERT ON import_effect TO sims_app;
GRANT SELECT, INSERT, UPDATE (means, updated_at), DELETE ON import_mapping TO sims_app;
GRANT SELECT, INSERT, DELETE ON recorded_difference TO sims_app;
GRANT INSERT (import_id, recorded_title) ON result TO sims_app;
GRANT INSERT (import_id) ON term_result TO sims_app;
GRANT EXECUTE ON FUNCTION dependants_of(text, bigint[]), remove_imported(bigint, bigint[]) TO sims_app;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
