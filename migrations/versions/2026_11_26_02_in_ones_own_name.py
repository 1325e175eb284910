"""Who a row says did it is who does it; and three doors that were ajar beside the locked ones.

An approval named its approver, and a publication its publisher, whoever asked. A role lent to an administrator,
a role that reaches further, a shipped role taken away: each went round a rule that stood, unseen.
"""

from alembic import op

revision = "2026_11_26_02"
down_revision = "2026_11_26_01"
branch_labels = None
depends_on = None

SCHEMA = r"""
-- -- Approvals -------------------------------------------------------------------------------------
-- AFTER: what forbids the approval for its own sake is said first.
CREATE FUNCTION approval_is_ones_own() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF NEW.approver_id IS DISTINCT FROM acting_account() THEN
      RAISE EXCEPTION 'an approval is given by whoever acts' USING ERRCODE = '23514', CONSTRAINT = 'ck_approval_is_ones_own';
    END IF;
    RETURN NULL;
  END $$;
CREATE TRIGGER change_approval_is_ones_own AFTER INSERT ON change_approval FOR EACH ROW EXECUTE FUNCTION approval_is_ones_own();
CREATE TRIGGER case_approval_is_ones_own AFTER INSERT ON case_approval FOR EACH ROW EXECUTE FUNCTION approval_is_ones_own();

-- A sheet too, where somebody acts at all: a demo is filled by nobody.
CREATE FUNCTION sheet_is_signed_by_who_acts() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF acting_account() <> (CASE NEW.state WHEN 'submitted' THEN NEW.submitted_by ELSE NEW.approved_by END) THEN
      RAISE EXCEPTION 'a sheet is submitted and approved by whoever acts' USING ERRCODE = '23514', CONSTRAINT = 'ck_sheet_signed_by_who_acts';
    END IF;
    RETURN NULL;
  END $$;
CREATE TRIGGER sheet_is_signed_by_who_acts AFTER UPDATE OF state ON sheet FOR EACH ROW
  WHEN (NEW.state <> OLD.state AND NEW.state <> 'open') EXECUTE FUNCTION sheet_is_signed_by_who_acts();

-- -- Results ---------------------------------------------------------------------------------------
-- As before; and whoever is named as having published or frozen may do so, and is who acts.
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
        IF EXISTS (SELECT FROM (SELECT DISTINCT published_by AS who FROM new_rows WHERE state = 'published' AND change_request_id IS NULL) n WHERE NOT acts_with(n.who, 'results.publish')) THEN
          RAISE EXCEPTION 'results are published by whoever acts and may' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_published_by_who_may';
        END IF;
      END IF;
      IF frozen IS NOT NULL AND EXISTS (SELECT FROM (SELECT DISTINCT frozen_by AS who FROM new_rows WHERE id = ANY (frozen)) n WHERE NOT acts_with(n.who, 'results.freeze')) THEN
        RAISE EXCEPTION 'results are frozen by whoever acts and may' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_frozen_by_who_may';
      END IF;
    END IF;
    RETURN NULL;
  END $$;

-- A job or a migration acts for nobody; what it names has the power all the same.
CREATE FUNCTION acts_with(account bigint, permission text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    SELECT account = coalesce(acting_account(), account)
       AND EXISTS (SELECT FROM role_held h JOIN role r ON r.id = h.role_id WHERE h.account_id = account AND permission = ANY (r.permissions))
  $$;

-- -- Roles -----------------------------------------------------------------------------------------
-- A role that reaches further is a power as much as a role that may more.
CREATE OR REPLACE FUNCTION role_changes_lawfully() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF TG_OP = 'DELETE' THEN
      IF OLD.shipped THEN
        RAISE EXCEPTION 'a shipped role stays' USING ERRCODE = '23514', CONSTRAINT = 'ck_role_shipped_stays';
      END IF;
      RETURN OLD;
    END IF;
    IF OLD.shipped AND NEW.name <> OLD.name THEN
      RAISE EXCEPTION 'a shipped role keeps its name' USING ERRCODE = '23514', CONSTRAINT = 'ck_role_shipped_keeps_its_name';
    END IF;
    IF role_gains_power(OLD, NEW) AND EXISTS (SELECT FROM account_role WHERE role_id = NEW.id AND account_id = acting_account()) THEN
      RAISE EXCEPTION 'nobody gives themselves power over grades' USING ERRCODE = '23514', CONSTRAINT = 'ck_account_role_is_given_by_another';
    END IF;
    RETURN NEW;
  END $$;
CREATE FUNCTION role_gains_power(before role, after role) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp
  AS $$
    SELECT EXISTS (SELECT FROM unnest(after.permissions) p WHERE p = ANY (powers_over_grades()) AND NOT p = ANY (before.permissions))
        OR after.scope <> before.scope AND after.permissions && powers_over_grades()
  $$;
-- AFTER: that somebody holds it is said first.
CREATE TRIGGER role_shipped_stays AFTER DELETE ON role FOR EACH ROW EXECUTE FUNCTION role_changes_lawfully();

CREATE OR REPLACE FUNCTION role_is_said_aloud() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF role_gains_power(OLD, NEW) THEN
      INSERT INTO power_alarm (given_by, what, role) VALUES (acting_account(), 'role_widened', NEW.name);
    END IF;
    RETURN NULL;
  END $$;

-- The administrator has no power over grades, not by a loan either: a second account of his that was told once
-- could lend him the role again and again, and nothing more would be told.
CREATE FUNCTION account_role_lends_administrators_nothing() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF EXISTS (SELECT FROM role WHERE id = NEW.role_id AND permissions && powers_over_grades())
       AND EXISTS (SELECT FROM account_role g JOIN role r ON r.id = g.role_id WHERE g.account_id = NEW.account_id AND 'accounts.manage' = ANY (r.permissions)) THEN
      RAISE EXCEPTION 'who manages accounts is lent no power over grades' USING ERRCODE = '23514', CONSTRAINT = 'ck_delegation_not_to_an_administrator';
    END IF;
    RETURN NULL;
  END $$;
CREATE TRIGGER account_role_lends_administrators_nothing AFTER INSERT OR UPDATE ON account_role FOR EACH ROW
  WHEN (NEW.delegation_id IS NOT NULL) EXECUTE FUNCTION account_role_lends_administrators_nothing();

-- The other way round, who has been lent a power is made an administrator: told, as a power given.
CREATE OR REPLACE FUNCTION account_role_is_said_aloud() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    INSERT INTO power_alarm (account_id, given_by, what, role)
    SELECT NEW.account_id, acting_account(), 'role_given', r.name FROM role r
     WHERE r.id = NEW.role_id
       AND (r.permissions && powers_over_grades()
            OR 'accounts.manage' = ANY (r.permissions)
               AND EXISTS (SELECT FROM account_role g JOIN role lent ON lent.id = g.role_id
                            WHERE g.account_id = NEW.account_id AND g.delegation_id IS NOT NULL AND lent.permissions && powers_over_grades()));
    RETURN NULL;
  END $$;

-- -- Two records of one person ---------------------------------------------------------------------
-- As before, under a lock on the record that is merged into: one merged itself meanwhile made a chain.
CREATE OR REPLACE FUNCTION student_is_merged_by_two() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF NEW.merged_into IS NOT DISTINCT FROM OLD.merged_into THEN
      RETURN NEW;
    END IF;
    IF NEW.merged_into IS NULL THEN
      IF EXISTS (SELECT FROM student_merge WHERE duplicate_id = NEW.id AND status = 'merged') THEN
        RAISE EXCEPTION 'student % is merged', NEW.id USING ERRCODE = '23514', CONSTRAINT = 'ck_student_merged_while_the_merge_stands';
      END IF;
      RETURN NEW;
    END IF;
    PERFORM FROM student WHERE id = NEW.merged_into FOR NO KEY UPDATE;
    IF NOT EXISTS (SELECT FROM student_merge
                    WHERE duplicate_id = NEW.id AND survivor_id = NEW.merged_into AND status = 'merged') THEN
      RAISE EXCEPTION 'nobody confirmed that student % is %', NEW.id, NEW.merged_into USING ERRCODE = '23514', CONSTRAINT = 'ck_student_merged_by_two';
    ELSIF EXISTS (SELECT FROM student WHERE (id = NEW.merged_into AND merged_into IS NOT NULL) OR merged_into = NEW.id) THEN
      RAISE EXCEPTION 'merges make no chain' USING ERRCODE = '23514', CONSTRAINT = 'ck_student_merges_make_no_chain';
    END IF;
    RETURN NEW;
  END $$;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
