"""Registrations moved to another version of their regulation; an incomplete put off; hearings of a case; and
indexes for the orders of long lists.
"""

from alembic import op

revision = "2026_11_24_04"
down_revision = "2026_11_24_03"
branch_labels = None
depends_on = None

SCHEMA = r"""
-- -- Pages -----------------------------------------------------------------------------------------
-- Every order that a long list offers begins in an index; without one page 1,000 sorts everything.
CREATE INDEX ix_enrollment_enrolled_at ON enrollment (enrolled_at, id);
CREATE INDEX ix_registration_intake_order ON registration (translate(intake, 'SF', '12'), id);
CREATE INDEX ix_account_name ON account (name, id);

-- -- Another version of a regulation ---------------------------------------------------------------
-- Who moved whom from which regulation to which, why, and on whose authority. The audit has the change of
-- the registration; this has the reason.
CREATE TABLE registration_move (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  registration_id bigint NOT NULL CONSTRAINT fk_registration_move_registration REFERENCES registration (id),
  from_regulation_id bigint NOT NULL CONSTRAINT fk_registration_move_from REFERENCES regulation (id),
  to_regulation_id bigint NOT NULL CONSTRAINT fk_registration_move_to REFERENCES regulation (id),
  reason text NOT NULL CONSTRAINT ck_registration_move_reason_given CHECK (reason ~ '\S'),
  authority text NOT NULL DEFAULT '',
  moved_by bigint CONSTRAINT fk_registration_move_moved_by REFERENCES account (id),
  moved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT ck_registration_move_goes_elsewhere CHECK (to_regulation_id <> from_regulation_id)
);
CREATE INDEX ix_registration_move_registration_id ON registration_move (registration_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON registration_move FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CALL audit_table('registration_move', 'registration_move');

-- -- Incompletes put off ---------------------------------------------------------------------------
CREATE TABLE incomplete_extension (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  lapse_id bigint NOT NULL CONSTRAINT fk_incomplete_extension_lapse REFERENCES result_lapse (id),
  from_due date,
  due_on date NOT NULL,
  reason text NOT NULL CONSTRAINT ck_incomplete_extension_reason_given CHECK (reason ~ '\S'),
  authority text NOT NULL DEFAULT '',
  extended_by bigint CONSTRAINT fk_incomplete_extension_extended_by REFERENCES account (id),
  extended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT ck_incomplete_extension_is_later CHECK (due_on > from_due)
);
CREATE INDEX ix_incomplete_extension_lapse_id ON incomplete_extension (lapse_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON incomplete_extension FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CALL audit_table('incomplete_extension', 'incomplete_extension');

-- Besides being set once, the day moves on by an extension that is written in the same transaction; then
-- the student is told anew, 14 days before the new one.
CREATE OR REPLACE FUNCTION result_lapse_is_declared_beforehand() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  DECLARE
    rule text;
    extended boolean;
  BEGIN
    IF TG_OP = 'INSERT' THEN
      SELECT g.policy #>> '{symbols,I,lapses_to}' INTO rule FROM result r JOIN regulation g ON g.id = r.regulation_id
       -- In the very transaction that published it so.
       WHERE r.id = NEW.result_id AND r.outcome = 'incomplete' AND r.state <> 'draft' AND r.xmin = pg_current_xact_id()::xid;
      IF rule IS NULL OR (rule <> 'provisional' AND rule <> NEW.grade) OR NEW.due_on < campus_today() OR NEW.noticed_on IS NOT NULL OR NEW.ended IS NOT NULL THEN
        RAISE EXCEPTION 'a lapse is declared with its incomplete, as the regulation says' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_lapse_is_declared_beforehand';
      END IF;
      RETURN NEW;
    END IF;
    extended := EXISTS (SELECT FROM incomplete_extension x WHERE x.lapse_id = NEW.id AND x.due_on = NEW.due_on
                           AND x.from_due IS NOT DISTINCT FROM OLD.due_on AND x.xmin = pg_current_xact_id()::xid)
                AND NEW.due_on >= campus_today();
    IF OLD.ended IS NOT NULL
       OR (NEW.id, NEW.result_id, NEW.grade, NEW.grade_points, NEW.outcome, NEW.flags, NEW.declared_at) IS DISTINCT FROM (OLD.id, OLD.result_id, OLD.grade, OLD.grade_points, OLD.outcome, OLD.flags, OLD.declared_at)
       OR NEW.due_on IS DISTINCT FROM OLD.due_on AND NOT extended AND (OLD.due_on IS NOT NULL OR NEW.due_on < campus_today() + 14)
       OR NEW.noticed_on IS DISTINCT FROM OLD.noticed_on AND NOT (extended AND NEW.noticed_on IS NULL) AND (OLD.noticed_on IS NOT NULL OR NEW.noticed_on <> campus_today())
       OR NEW.ended = 'lapsed' AND NOT EXISTS (SELECT FROM pending_change WHERE lapse_id = NEW.id AND status = 'approved')
       OR NEW.ended = 'completed' AND EXISTS (SELECT FROM result WHERE id = NEW.result_id AND outcome = 'incomplete') THEN
      RAISE EXCEPTION 'a declared lapse stands' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_lapse_stands';
    END IF;
    RETURN NEW;
  END $$;

-- -- Hearings --------------------------------------------------------------------------------------
-- Whoever is accused is heard: when, where, and what came of it. A hearing that is put off is another row.
CREATE TABLE case_hearing (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  case_id bigint NOT NULL CONSTRAINT fk_case_hearing_case REFERENCES academic_case (id),
  held_on date NOT NULL,
  place text NOT NULL DEFAULT '',
  note text NOT NULL DEFAULT '',
  recorded_by bigint CONSTRAINT fk_case_hearing_recorded_by REFERENCES account (id),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_case_hearing_case_id ON case_hearing (case_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON case_hearing FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CALL audit_table('case_hearing', 'case_hearing');

GRANT SELECT, INSERT (registration_id, from_regulation_id, to_regulation_id, reason, authority, moved_by, moved_at) ON registration_move TO sims_app;
GRANT SELECT, INSERT (lapse_id, from_due, due_on, reason, authority, extended_by, extended_at) ON incomplete_extension TO sims_app;
GRANT SELECT, INSERT (case_id, held_on, place, note, recorded_by, recorded_at) ON case_hearing TO sims_app;
GRANT SELECT ON registration_move, incomplete_extension, case_hearing TO sims_readonly, sims_backup;
-- A student reads them as far as the case, the incomplete or the registration is the own.
GRANT SELECT ON case_hearing, registration_move, incomplete_extension TO sims_student;
CREATE POLICY own ON incomplete_extension FOR SELECT TO sims_student USING (lapse_id IN (SELECT l.id FROM result_lapse l));
CREATE POLICY own ON case_hearing FOR SELECT TO sims_student USING (case_id IN (SELECT c.id FROM academic_case c));
CREATE POLICY own ON registration_move FOR SELECT TO sims_student USING (registration_id IN (SELECT r.id FROM registration r WHERE r.student_id = acting_student()));
"""


def upgrade() -> None:
    op.execute(SCHEMA)
    for table in ("registration_move", "incomplete_extension", "case_hearing"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY staff ON {table} TO sims_app USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY reading ON {table} FOR SELECT TO sims_readonly, sims_backup USING (true)")


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
