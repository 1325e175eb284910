"""What somebody who attacked the system could do, and cannot any more.

Each rule here was broken once, by hand in psql or over HTTP, before it was written; its test says how.
"""

from alembic import op

revision = "2026_11_24_03"
down_revision = "2026_11_24_02"
branch_labels = None
depends_on = None

SCHEMA = r"""
-- -- Rows of students ------------------------------------------------------------------------------
-- The view is no barrier: a condition that fails on a row, asked before the view's own, says the row aloud
-- in its error message. A student's transaction searches the table itself, whose policy is one.
REVOKE SELECT ON student_search FROM sims_student;

-- Who is one person with whom, a student's transaction is told of that student only.
CREATE OR REPLACE FUNCTION same_person(wanted bigint) RETURNS bigint[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    SELECT ARRAY[wanted] || coalesce(array_agg(o.id), '{}')
      FROM student s JOIN student o ON (o.id = s.merged_into OR o.merged_into = coalesce(s.merged_into, s.id)) AND o.id <> s.id
     WHERE s.id = wanted
       AND (current_setting('role', true) IS DISTINCT FROM 'sims_student' OR acting_student() IN (s.id, s.merged_into, o.merged_into))
  $$;

-- -- Power over grades -----------------------------------------------------------------------------
-- The administrator runs the system and has no power over grades. That somebody else has such a power is
-- for administrators to say; that they have it themselves is not.
CREATE FUNCTION powers_over_grades() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$
    SELECT ARRAY['assessments.manage', 'assessments.unlock', 'scores.enter', 'scores.import', 'sheets.submit', 'sheets.approve', 'sheets.return',
                 'results.publish', 'results.withhold', 'results.freeze', 'results.request_change', 'results.approve_change', 'results.bring']
  $$;
GRANT EXECUTE ON FUNCTION powers_over_grades() TO sims_app, sims_readonly;

-- AFTER: a grant that stands already is inserted again and dropped by ON CONFLICT.
CREATE FUNCTION account_role_is_given_by_another() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF acting_account() = NEW.account_id AND EXISTS (SELECT FROM role WHERE id = NEW.role_id AND permissions && powers_over_grades()) THEN
      RAISE EXCEPTION 'nobody gives themselves power over grades' USING ERRCODE = '23514', CONSTRAINT = 'ck_account_role_is_given_by_another';
    END IF;
    RETURN NULL;
  END $$;
CREATE TRIGGER account_role_is_given_by_another AFTER INSERT OR UPDATE ON account_role FOR EACH ROW EXECUTE FUNCTION account_role_is_given_by_another();

-- Who decides in which capacity is asked by a role's name: the name of one that was shipped stands.
CREATE FUNCTION role_changes_lawfully() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF OLD.shipped AND NEW.name <> OLD.name THEN
      RAISE EXCEPTION 'a shipped role keeps its name' USING ERRCODE = '23514', CONSTRAINT = 'ck_role_shipped_keeps_its_name';
    END IF;
    IF EXISTS (SELECT FROM unnest(NEW.permissions) p WHERE p = ANY (powers_over_grades()) AND NOT p = ANY (OLD.permissions))
       AND EXISTS (SELECT FROM account_role WHERE role_id = NEW.id AND account_id = acting_account()) THEN
      RAISE EXCEPTION 'nobody gives themselves power over grades' USING ERRCODE = '23514', CONSTRAINT = 'ck_account_role_is_given_by_another';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER role_changes_lawfully BEFORE UPDATE ON role FOR EACH ROW EXECUTE FUNCTION role_changes_lawfully();

-- Whoever taught the section and typed marks that stand does not approve them by leaving it first.
CREATE FUNCTION sheet_not_approved_by_its_writer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF EXISTS (SELECT FROM section_staff WHERE section_id = NEW.section_id AND account_id = NEW.approved_by)
       AND EXISTS (SELECT FROM assessment_score WHERE section_id = NEW.section_id AND updated_by = NEW.approved_by AND mark IS NOT NULL) THEN
      RAISE EXCEPTION 'marks of account % stand in the sheet', NEW.approved_by USING ERRCODE = '23514', CONSTRAINT = 'ck_sheet_approver_does_not_teach';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER sheet_not_approved_by_its_writer BEFORE UPDATE OF state ON sheet FOR EACH ROW
  WHEN (NEW.state = 'approved' AND OLD.state <> 'approved') EXECUTE FUNCTION sheet_not_approved_by_its_writer();

-- -- The record ------------------------------------------------------------------------------------
-- An average is declared by the notification that is made with it, not by one that happens to exist: with
-- that, a term nobody sat and a CGPA of 4 needed no word in the register.
CREATE FUNCTION term_result_comes_with_its_notification() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF EXISTS (SELECT FROM (SELECT DISTINCT notification_id FROM new_rows) n JOIN notification_of_result x ON x.id = n.notification_id
                WHERE x.xmin <> pg_current_xact_id()::xid) THEN
      RAISE EXCEPTION 'a term is declared with its notification' USING ERRCODE = '23514', CONSTRAINT = 'ck_term_result_declared_by_notification';
    END IF;
    RETURN NULL;
  END $$;
CREATE TRIGGER term_result_comes_with_its_notification_insert AFTER INSERT ON term_result REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION term_result_comes_with_its_notification();
CREATE TRIGGER term_result_comes_with_its_notification_update AFTER UPDATE ON term_result REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION term_result_comes_with_its_notification();

-- The regulation that judges a registration is pinned once anything of it is out.
CREATE FUNCTION registration_keeps_its_regulation() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF EXISTS (SELECT FROM result WHERE registration_id = NEW.id AND state <> 'draft') THEN
      RAISE EXCEPTION 'results of registration % were judged by its regulation', NEW.id USING ERRCODE = '23514', CONSTRAINT = 'ck_registration_keeps_its_regulation';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER registration_keeps_its_regulation BEFORE UPDATE OF regulation_id ON registration FOR EACH ROW
  WHEN (NEW.regulation_id <> OLD.regulation_id) EXECUTE FUNCTION registration_keeps_its_regulation();

-- What was brought from before stands from the first: as a draft it could be rewritten alone, later.
CREATE FUNCTION legacy_result_is_no_draft() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN RAISE EXCEPTION 'what was recorded before is no draft' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_legacy_is_no_draft'; END $$;
CREATE TRIGGER legacy_result_is_no_draft BEFORE INSERT ON result FOR EACH ROW WHEN (NEW.source = 'legacy' AND NEW.state = 'draft')
  EXECUTE FUNCTION legacy_result_is_no_draft();

-- That two records are one person is confirmed by who may, and who it was stands.
CREATE OR REPLACE FUNCTION student_merge_moves_on() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF (NEW.survivor_id, NEW.duplicate_id, NEW.reason, NEW.requested_by, NEW.requested_at)
         IS DISTINCT FROM (OLD.survivor_id, OLD.duplicate_id, OLD.reason, OLD.requested_by, OLD.requested_at)
       OR NOT ((OLD.status, NEW.status) IN (('pending', 'merged'), ('pending', 'rejected'), ('merged', 'undone')))
       OR OLD.status <> 'pending' AND (NEW.decided_by, NEW.decided_at, NEW.decision_reason, NEW.account_id)
         IS DISTINCT FROM (OLD.decided_by, OLD.decided_at, OLD.decision_reason, OLD.account_id) THEN
      RAISE EXCEPTION 'a merge is asked for, decided once, and undone once' USING ERRCODE = '23514', CONSTRAINT = 'ck_student_merge_moves_on';
    END IF;
    IF NOT EXISTS (SELECT FROM role_held h JOIN role r ON r.id = h.role_id
                    WHERE h.account_id = CASE NEW.status WHEN 'undone' THEN NEW.undone_by ELSE NEW.decided_by END
                      AND 'students.confirm_merge' = ANY (r.permissions)) THEN
      RAISE EXCEPTION 'whoever decides about a merge may confirm merges' USING ERRCODE = '23514', CONSTRAINT = 'ck_student_merge_decided_by_who_may';
    END IF;
    RETURN NEW;
  END $$;

-- -- Attendance ------------------------------------------------------------------------------------
-- Once results of a section are frozen, the attendance beneath them stands as well.
CREATE FUNCTION attendance_stands_when_frozen() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF EXISTS (SELECT FROM result r WHERE r.section_id IN (SELECT DISTINCT section_id FROM touched_rows) AND r.state = 'frozen') THEN
      RAISE EXCEPTION 'results of the section are frozen' USING ERRCODE = '23514', CONSTRAINT = 'ck_attendance_results_are_not_frozen';
    END IF;
    RETURN NULL;
  END $$;
CREATE TRIGGER attendance_stands_when_frozen_insert AFTER INSERT ON attendance REFERENCING NEW TABLE AS touched_rows
  FOR EACH STATEMENT EXECUTE FUNCTION attendance_stands_when_frozen();
CREATE TRIGGER attendance_stands_when_frozen_update AFTER UPDATE ON attendance REFERENCING NEW TABLE AS touched_rows
  FOR EACH STATEMENT EXECUTE FUNCTION attendance_stands_when_frozen();
CREATE TRIGGER attendance_stands_when_frozen_delete AFTER DELETE ON attendance REFERENCING OLD TABLE AS touched_rows
  FOR EACH STATEMENT EXECUTE FUNCTION attendance_stands_when_frozen();
CREATE TRIGGER class_session_stands_when_frozen_insert AFTER INSERT ON class_session REFERENCING NEW TABLE AS touched_rows
  FOR EACH STATEMENT EXECUTE FUNCTION attendance_stands_when_frozen();
CREATE TRIGGER class_session_stands_when_frozen_update AFTER UPDATE ON class_session REFERENCING NEW TABLE AS touched_rows
  FOR EACH STATEMENT EXECUTE FUNCTION attendance_stands_when_frozen();
CREATE TRIGGER class_session_stands_when_frozen_delete AFTER DELETE ON class_session REFERENCING OLD TABLE AS touched_rows
  FOR EACH STATEMENT EXECUTE FUNCTION attendance_stands_when_frozen();
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
