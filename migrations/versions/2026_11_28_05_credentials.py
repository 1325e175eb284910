"""Credentials are read by the server alone, and what was written past it is found by an index.

The password of `sims_app` read what people sign in with: the hash of a password, the secret behind one-time codes in
clear, recovery codes as hashes of forty bits, which a desk's computer tries through in an hour. That is power, as
much as a session is (decision 19).
"""

from alembic import op

revision = "2026_11_28_05"
down_revision = "2026_11_28_04"
branch_labels = None
depends_on = None

SCHEMA = r"""
REVOKE SELECT ON account FROM sims_app;
GRANT SELECT (id, username, name, email, disabled, student_id, otp_confirmed_at, otp_last_step, created_at) ON account TO sims_app;

CREATE FUNCTION account_credentials(wanted text)
  RETURNS TABLE (id bigint, username text, name text, disabled boolean, otp_confirmed_at timestamptz, otp_last_step bigint,
                 password_hash text, otp_secret text, recovery_hashes text[])
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF NOT by_the_server() THEN
      RAISE EXCEPTION 'only the server reads what people sign in with: this connection did not show that it is one'
        USING ERRCODE = '42501', CONSTRAINT = 'only_the_server_reads_credentials';
    END IF;
    RETURN QUERY
      SELECT a.id, a.username::text, a.name, a.disabled, a.otp_confirmed_at, a.otp_last_step::bigint, a.password_hash, a.otp_secret, a.recovery_hashes
        FROM account a WHERE a.username = lower(wanted);
  END $$;

-- Whether it was still the one before: of two who change it at once, one is told.
CREATE FUNCTION exchange_password(whose bigint, before text, after text) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    UPDATE account SET password_hash = after WHERE id = whose AND password_hash = before;
    RETURN FOUND;
  END $$;

-- Whether it was still good: of two who bring the same one, one comes in.
CREATE FUNCTION spend_recovery_code(whose bigint, hash text) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    UPDATE account SET recovery_hashes = array_remove(recovery_hashes, hash) WHERE id = whose AND hash = ANY (recovery_hashes);
    RETURN FOUND;
  END $$;

-- The server says with each of its writes which request it belongs to; what it did not write has none.
CREATE INDEX ix_audit_past_the_server ON audit (at) WHERE request_id = '' AND database_user = 'sims_app';

GRANT EXECUTE ON FUNCTION account_credentials(text), exchange_password(bigint, text, text), spend_recovery_code(bigint, text) TO sims_app;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
