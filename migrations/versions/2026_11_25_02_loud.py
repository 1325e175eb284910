"""What cannot be forbidden is said aloud, and two more things that somebody who attacked the system could do.

That somebody gets power over grades is for administrators to say (the contract has it so), and so is a new
password. Whoever holds such a power reads of it on the first page.
"""

from alembic import op

revision = "2026_11_25_02"
down_revision = "2026_11_25_01"
branch_labels = None
depends_on = None

SCHEMA = r"""
-- -- Sessions --------------------------------------------------------------------------------------
-- A refresh token may be used once more when the answer was lost. The token of that lost answer is known
-- here: whoever brings it has read an answer that its owner never got, or the other way round.
ALTER TABLE login_session ADD COLUMN superseded_hash bytea;
CREATE INDEX ix_login_session_superseded_hash ON login_session (superseded_hash) WHERE superseded_hash IS NOT NULL;
GRANT UPDATE (superseded_hash) ON login_session TO sims_app;

-- -- Which attempt counts --------------------------------------------------------------------------
-- It follows from the results, so it changes in the transaction that declares a term of the record, or in one
-- that brings a result out or changes one. Alone it would move every later average.
CREATE FUNCTION result_counting_follows_results() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF EXISTS (
      SELECT FROM touched_rows k JOIN result r ON r.id = k.result_id
       WHERE NOT EXISTS (SELECT FROM term_result t WHERE t.registration_id = r.registration_id AND t.xmin = pg_current_xact_id()::xid)
         AND NOT EXISTS (SELECT FROM result x WHERE x.registration_id = r.registration_id AND x.state <> 'draft' AND x.xmin = pg_current_xact_id()::xid)) THEN
      RAISE EXCEPTION 'which attempt counts follows from the results' USING ERRCODE = '23514', CONSTRAINT = 'ck_result_counting_follows_results';
    END IF;
    RETURN NULL;
  END $$;
CREATE TRIGGER result_counting_follows_results_insert AFTER INSERT ON result_counting REFERENCING NEW TABLE AS touched_rows
  FOR EACH STATEMENT EXECUTE FUNCTION result_counting_follows_results();
CREATE TRIGGER result_counting_follows_results_update AFTER UPDATE ON result_counting REFERENCING NEW TABLE AS touched_rows
  FOR EACH STATEMENT EXECUTE FUNCTION result_counting_follows_results();
REVOKE DELETE ON result_counting FROM sims_app;

-- -- Power over grades, given to others ------------------------------------------------------------
-- Written by triggers alone, whoever gives; nobody writes it by hand, nobody takes it back.
CREATE TABLE power_alarm (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Who has the power now; null: everybody who holds the role.
  account_id bigint CONSTRAINT fk_power_alarm_account REFERENCES account (id),
  given_by bigint NOT NULL CONSTRAINT fk_power_alarm_given_by REFERENCES account (id),
  what text NOT NULL CONSTRAINT ck_power_alarm_what CHECK (what IN ('role_given', 'role_widened', 'password_set', 'codes_reset')),
  role text NOT NULL DEFAULT '',
  CONSTRAINT ck_power_alarm_names_a_person_or_a_role CHECK ((what = 'role_widened') = (account_id IS NULL))
);
CREATE INDEX ix_power_alarm_at ON power_alarm (at);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON power_alarm FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CALL audit_table('power_alarm', 'power_alarm');
GRANT SELECT ON power_alarm TO sims_app, sims_readonly;

-- The row as it stands now: a grant whose days alone change begins to hold on other days. A role that was lent
-- is its lender's to give and stands among the delegations.
CREATE FUNCTION account_role_is_said_aloud() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    INSERT INTO power_alarm (account_id, given_by, what, role)
    SELECT NEW.account_id, acting_account(), 'role_given', r.name FROM role r
     WHERE r.id = NEW.role_id AND r.permissions && powers_over_grades();
    RETURN NULL;
  END $$;
CREATE TRIGGER account_role_is_said_aloud AFTER INSERT OR UPDATE ON account_role FOR EACH ROW
  WHEN (NEW.delegation_id IS NULL AND acting_account() IS NOT NULL) EXECUTE FUNCTION account_role_is_said_aloud();

CREATE FUNCTION role_is_said_aloud() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF EXISTS (SELECT FROM unnest(NEW.permissions) p WHERE p = ANY (powers_over_grades()) AND NOT p = ANY (OLD.permissions)) THEN
      INSERT INTO power_alarm (given_by, what, role) VALUES (acting_account(), 'role_widened', NEW.name);
    END IF;
    RETURN NULL;
  END $$;
CREATE TRIGGER role_is_said_aloud AFTER UPDATE ON role FOR EACH ROW
  WHEN (acting_account() IS NOT NULL) EXECUTE FUNCTION role_is_said_aloud();

-- Somebody else's password, or the end of somebody else's one-time codes, is a way to act in that one's place.
CREATE FUNCTION account_is_opened_aloud() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    INSERT INTO power_alarm (account_id, given_by, what, role)
    SELECT NEW.id, acting_account(), TG_ARGV[0], string_agg(DISTINCT r.name, ' ' ORDER BY r.name)
      FROM account_role g JOIN role r ON r.id = g.role_id
     WHERE g.account_id = NEW.id AND r.permissions && powers_over_grades()
    HAVING count(*) > 0;
    RETURN NULL;
  END $$;
CREATE TRIGGER account_password_is_set_aloud AFTER UPDATE ON account FOR EACH ROW
  WHEN (NEW.password_hash IS DISTINCT FROM OLD.password_hash AND acting_account() IS DISTINCT FROM NEW.id AND acting_account() IS NOT NULL)
  EXECUTE FUNCTION account_is_opened_aloud('password_set');
CREATE TRIGGER account_codes_are_reset_aloud AFTER UPDATE ON account FOR EACH ROW
  WHEN (OLD.otp_confirmed_at IS NOT NULL AND NEW.otp_confirmed_at IS NULL AND acting_account() IS DISTINCT FROM NEW.id AND acting_account() IS NOT NULL)
  EXECUTE FUNCTION account_is_opened_aloud('codes_reset');
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
