"""What the record said at a time; orders that take effect on their day; two records of one person.

A merge moves nothing: results, documents and marks keep the row they were given to, and every question
about a person is answered for all rows of that person. So it can be undone without loss.
"""

from alembic import op

revision = "2026_11_23_16"
down_revision = "2026_11_23_15"
branch_labels = None
depends_on = None

SCHEMA = r"""
-- What a registration was before its first order: orders given later, for earlier days, are judged by it.
ALTER TABLE registration_order ADD COLUMN from_status text NOT NULL DEFAULT '';
CREATE INDEX ix_registration_order_effective_on ON registration_order (effective_on, registration_id);

-- Former names are for whoever may see the present one.
ALTER TABLE student_name_version ENABLE ROW LEVEL SECURITY;
CREATE POLICY staff ON student_name_version TO sims_app USING (true) WITH CHECK (true);
CREATE POLICY reading ON student_name_version FOR SELECT TO sims_readonly, sims_backup USING (true);
CREATE POLICY own ON student_name_version FOR SELECT TO sims_student USING (student_id = acting_student());
GRANT SELECT ON student_name_version TO sims_student;

ALTER TABLE student ADD COLUMN merged_into bigint CONSTRAINT fk_student_merged_into REFERENCES student (id)
  CONSTRAINT ck_student_is_not_merged_into_itself CHECK (merged_into <> id);
CREATE INDEX ix_student_merged_into ON student (merged_into) WHERE merged_into IS NOT NULL;
GRANT UPDATE (merged_into) ON student TO sims_app;
GRANT SELECT (merged_into) ON student TO sims_student;

CREATE TABLE student_merge (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  survivor_id bigint NOT NULL CONSTRAINT fk_student_merge_survivor REFERENCES student (id),
  duplicate_id bigint NOT NULL CONSTRAINT fk_student_merge_duplicate REFERENCES student (id),
  status text NOT NULL DEFAULT 'pending'
    CONSTRAINT ck_student_merge_status CHECK (status IN ('pending', 'merged', 'rejected', 'undone')),
  reason text NOT NULL CONSTRAINT ck_student_merge_has_reason CHECK (reason ~ '\S'),
  requested_by bigint NOT NULL CONSTRAINT fk_student_merge_requested_by REFERENCES account (id),
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  decided_by bigint CONSTRAINT fk_student_merge_decided_by REFERENCES account (id)
    CONSTRAINT ck_student_merge_decided_by_a_second_person CHECK (decided_by <> requested_by),
  decided_at timestamptz,
  decision_reason text NOT NULL DEFAULT '',
  -- Whoever signed in as the merged record signs in as the person; undoing gives the account back.
  account_id bigint CONSTRAINT fk_student_merge_account REFERENCES account (id),
  undone_by bigint CONSTRAINT fk_student_merge_undone_by REFERENCES account (id),
  undone_at timestamptz,
  undo_reason text NOT NULL DEFAULT '',
  CONSTRAINT ck_student_merge_of_two CHECK (survivor_id <> duplicate_id),
  CONSTRAINT ck_student_merge_decided_iff_not_pending
    CHECK ((status = 'pending') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
  CONSTRAINT ck_student_merge_undone_iff_said
    CHECK ((status = 'undone') = (undone_by IS NOT NULL) AND (undone_by IS NULL) = (undone_at IS NULL))
);
CREATE UNIQUE INDEX uq_student_merge_one_open ON student_merge (duplicate_id) WHERE status IN ('pending', 'merged');
CREATE INDEX ix_student_merge_survivor_id ON student_merge (survivor_id, id);

CREATE FUNCTION student_merge_moves_on() RETURNS trigger LANGUAGE plpgsql
  AS $$
  BEGIN
    IF (NEW.survivor_id, NEW.duplicate_id, NEW.reason, NEW.requested_by, NEW.requested_at)
         IS DISTINCT FROM (OLD.survivor_id, OLD.duplicate_id, OLD.reason, OLD.requested_by, OLD.requested_at)
       OR NOT ((OLD.status, NEW.status) IN (('pending', 'merged'), ('pending', 'rejected'), ('merged', 'undone'))) THEN
      RAISE EXCEPTION 'a merge is asked for, decided once, and undone once' USING ERRCODE = '23514', CONSTRAINT = 'ck_student_merge_moves_on';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER student_merge_moves_on BEFORE UPDATE ON student_merge FOR EACH ROW EXECUTE FUNCTION student_merge_moves_on();
CREATE FUNCTION student_merge_begins_pending() RETURNS trigger LANGUAGE plpgsql
  AS $$
  BEGIN
    RAISE EXCEPTION 'a merge begins as a request' USING ERRCODE = '23514', CONSTRAINT = 'ck_student_merge_begins_pending';
  END $$;
CREATE TRIGGER student_merge_begins_pending BEFORE INSERT ON student_merge
  FOR EACH ROW WHEN (NEW.status <> 'pending') EXECUTE FUNCTION student_merge_begins_pending();

-- A row is merged exactly when two people said so, and never in a chain.
CREATE FUNCTION student_is_merged_by_two() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF NEW.merged_into IS NOT DISTINCT FROM OLD.merged_into THEN
      RETURN NEW;
    END IF;
    IF NEW.merged_into IS NULL THEN
      IF EXISTS (SELECT FROM student_merge WHERE duplicate_id = NEW.id AND status = 'merged') THEN
        RAISE EXCEPTION 'student % is merged', NEW.id USING ERRCODE = '23514', CONSTRAINT = 'ck_student_merged_while_the_merge_stands';
      END IF;
    ELSIF NOT EXISTS (SELECT FROM student_merge
                       WHERE duplicate_id = NEW.id AND survivor_id = NEW.merged_into AND status = 'merged') THEN
      RAISE EXCEPTION 'nobody confirmed that student % is %', NEW.id, NEW.merged_into USING ERRCODE = '23514', CONSTRAINT = 'ck_student_merged_by_two';
    ELSIF EXISTS (SELECT FROM student WHERE (id = NEW.merged_into AND merged_into IS NOT NULL) OR merged_into = NEW.id) THEN
      RAISE EXCEPTION 'merges make no chain' USING ERRCODE = '23514', CONSTRAINT = 'ck_student_merges_make_no_chain';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER student_is_merged_by_two BEFORE UPDATE OF merged_into ON student FOR EACH ROW EXECUTE FUNCTION student_is_merged_by_two();

-- All rows of one person, the given one first. SECURITY DEFINER: a student's transaction sees one row only.
CREATE FUNCTION same_person(wanted bigint) RETURNS bigint[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    SELECT ARRAY[wanted] || coalesce(array_agg(o.id), '{}')
      FROM student s JOIN student o ON (o.id = s.merged_into OR o.merged_into = coalesce(s.merged_into, s.id)) AND o.id <> s.id
     WHERE s.id = wanted
  $$;
GRANT EXECUTE ON FUNCTION same_person(bigint) TO sims_app, sims_student, sims_readonly;

-- Whoever is looked for under the merged row's name or number is found as the person. Without its phone: a
-- search by those who may not see numbers knows one number of a row only.
CREATE OR REPLACE FUNCTION student_search_text(wanted bigint, name text, name_native text, phone text) RETURNS text LANGUAGE sql STABLE
  SET search_path = public, pg_temp
  AS $$
    SELECT folded(concat_ws(E'\n', name, name_native, phone,
      (SELECT string_agg(r.reg_no, E'\n') FROM registration r WHERE r.student_id = wanted),
      (SELECT string_agg(concat_ws(E'\n', v.name, v.name_native), E'\n') FROM student_name_version v WHERE v.student_id = wanted),
      (SELECT string_agg(student_search_text(d.id, d.name, d.name_native, NULL), E'\n') FROM student d WHERE d.merged_into = wanted)))
  $$;
CREATE OR REPLACE FUNCTION registration_is_searchable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public, pg_temp SET enable_nestloop = off
  AS $$
  DECLARE touched bigint[];
  BEGIN
    IF TG_OP = 'INSERT' THEN
      SELECT array_agg(DISTINCT student_id) INTO touched FROM new_rows;
    ELSE
      SELECT array_agg(DISTINCT n.student_id) INTO touched FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE o.reg_no <> n.reg_no;
    END IF;
    IF touched IS NULL THEN RETURN NULL; END IF;
    -- By array, so that one student is found by the index and 30,000 are joined in one pass.
    UPDATE student s SET search_text = folded(concat_ws(E'\n', s.name, s.name_native, s.phone, r.numbers, v.names))
      FROM (SELECT student_id, string_agg(reg_no, E'\n') AS numbers FROM registration WHERE student_id = ANY (touched) GROUP BY student_id) r
           LEFT JOIN (SELECT student_id, string_agg(concat_ws(E'\n', name, name_native), E'\n') AS names
                        FROM student_name_version WHERE student_id = ANY (touched) GROUP BY student_id) v ON v.student_id = r.student_id
     WHERE s.id = r.student_id AND s.id = ANY (touched);
    -- The few that were merged, and whom others were merged into.
    UPDATE student s SET search_text = student_search_text(s.id, s.name, s.name_native, s.phone)
     WHERE s.id IN (SELECT coalesce(d.merged_into, d.id) FROM student d
                     WHERE d.merged_into IS NOT NULL AND (d.id = ANY (touched) OR d.merged_into = ANY (touched)));
    RETURN NULL;
  END $$;
CREATE FUNCTION student_merged_is_searchable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    UPDATE student s SET search_text = student_search_text(s.id, s.name, s.name_native, s.phone)
     WHERE s.id IN (OLD.merged_into, NEW.merged_into);
    RETURN NULL;
  END $$;
CREATE TRIGGER student_merged_is_searchable AFTER UPDATE OF merged_into ON student FOR EACH ROW EXECUTE FUNCTION student_merged_is_searchable();

-- What the record's own student may undo to see an earlier day: of results nothing from before they were out.
CREATE FUNCTION own_changes_since(moment timestamptz) RETURNS TABLE (id bigint, entity text, entity_id bigint, operation text, changes jsonb)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    WITH own (entity, entity_id, since) AS (
      SELECT 'student', s.id, moment FROM student s WHERE s.id = acting_student()
      UNION ALL SELECT 'registration', r.id, moment FROM registration r WHERE r.student_id = acting_student()
      UNION ALL SELECT 'enrollment', e.id, moment FROM enrollment e WHERE e.student_id = acting_student()
      UNION ALL SELECT 'result', r.id, greatest(moment, r.published_at - interval '1 millisecond') FROM result r
                 WHERE r.student_id = acting_student() AND r.state <> 'draft'
      UNION ALL SELECT 'term_result', t.id, moment FROM term_result t JOIN registration r ON r.id = t.registration_id
                 WHERE r.student_id = acting_student()
      UNION ALL SELECT 'hold', h.id, moment FROM hold h WHERE h.student_id = acting_student()
      UNION ALL SELECT 'request', q.id, moment FROM request q WHERE q.student_id = acting_student())
    SELECT a.id, a.entity, a.entity_id, a.operation, a.changes
      FROM own o JOIN audit a ON a.entity = o.entity AND a.entity_id = o.entity_id AND a.at > o.since
     ORDER BY a.id DESC
  $$;
GRANT EXECUTE ON FUNCTION own_changes_since(timestamptz) TO sims_student;

CALL audit_table('student', 'student', '-search_text');
CALL audit_table('registration_order', 'registration_order');
CALL audit_table('student_merge', 'student_merge');
GRANT SELECT, INSERT (survivor_id, duplicate_id, reason, requested_by, requested_at),
  UPDATE (status, decided_by, decided_at, decision_reason, account_id, undone_by, undone_at, undo_reason) ON student_merge TO sims_app;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
