"""Accounts, roles as rows, sessions. Power is read on each request; no token carries any."""

from alembic import op

revision = "2026_11_23_02"
down_revision = "2026_11_23_01"
branch_labels = None
depends_on = None

SCHEMA = r"""
CREATE TABLE account (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  username text NOT NULL CONSTRAINT uq_account_username UNIQUE
    CONSTRAINT ck_account_username_is_folded CHECK (username = lower(username) AND username ~ '^[a-z0-9][a-z0-9._@-]{0,79}$'),
  name text NOT NULL,
  email text,
  password_hash text NOT NULL,
  disabled boolean NOT NULL DEFAULT false,
  student_id bigint,
  otp_secret text,
  otp_confirmed_at timestamptz,
  otp_last_step bigint,
  recovery_hashes text[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX uq_account_student_id ON account (student_id) WHERE student_id IS NOT NULL;

CREATE TABLE role (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL CONSTRAINT uq_role_name UNIQUE,
  permissions text[] NOT NULL DEFAULT '{}',
  -- How far the role reaches: everything, its departments, the sections it teaches, or one's own record.
  scope text NOT NULL DEFAULT 'all' CONSTRAINT ck_role_scope CHECK (scope IN ('all', 'department', 'sections', 'self')),
  shipped boolean NOT NULL DEFAULT false
);

CREATE TABLE department (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  code text NOT NULL CONSTRAINT uq_department_code UNIQUE,
  name text NOT NULL CONSTRAINT uq_department_name UNIQUE,
  faculty_name text
);

CREATE TABLE account_role (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bigint NOT NULL CONSTRAINT fk_account_role_account REFERENCES account (id),
  role_id bigint NOT NULL CONSTRAINT fk_account_role_role REFERENCES role (id),
  department_id bigint CONSTRAINT fk_account_role_department REFERENCES department (id),
  valid_from date,
  valid_until date,
  CONSTRAINT ck_account_role_dates CHECK (valid_from IS NULL OR valid_until IS NULL OR valid_from <= valid_until),
  CONSTRAINT uq_account_role UNIQUE NULLS NOT DISTINCT (account_id, role_id, department_id)
);
CREATE INDEX ix_account_role_role_id ON account_role (role_id);
CREATE INDEX ix_account_role_department_id ON account_role (department_id);

-- Whoever holds the role today: {"id", "name"}. A function, so that a student's transaction reads the
-- name without reading who holds which role.
CREATE FUNCTION head_of_department(department bigint) RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    SELECT jsonb_build_object('id', a.id, 'name', a.name)
      FROM account_role g JOIN role r ON r.id = g.role_id AND r.name = 'head' JOIN account a ON a.id = g.account_id AND NOT a.disabled
     WHERE g.department_id = department
       AND (g.valid_from IS NULL OR g.valid_from <= current_date) AND (g.valid_until IS NULL OR g.valid_until >= current_date)
     ORDER BY g.id LIMIT 1
  $$;

-- A sign-in on one device. The refresh token is kept as a hash; the previous one stays good for one
-- retry when the answer was lost, a second reuse ends the family.
CREATE TABLE login_session (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  account_id bigint NOT NULL CONSTRAINT fk_login_session_account REFERENCES account (id),
  device text NOT NULL DEFAULT '',
  refresh_hash bytea NOT NULL,
  previous_hash bytea,
  previous_used boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  ended_at timestamptz
);
CREATE INDEX ix_login_session_account_id ON login_session (account_id);
CREATE INDEX ix_login_session_refresh_hash ON login_session (refresh_hash);
CREATE INDEX ix_login_session_previous_hash ON login_session (previous_hash);

-- Failed attempts only; a success never counts, so nobody is locked out by a stranger elsewhere.
CREATE TABLE sign_in_failure (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  username text NOT NULL,
  address text NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_sign_in_failure_username ON sign_in_failure (username, at);
CREATE INDEX ix_sign_in_failure_address ON sign_in_failure (address, at);

CALL audit_table('account', 'account', 'password_hash', 'otp_secret', 'otp_last_step', 'recovery_hashes');
CALL audit_table('role', 'role');
CALL audit_table('account_role', 'account_role');
CALL audit_table('department', 'department');

GRANT SELECT, INSERT, UPDATE (username, name, email, password_hash, disabled, student_id, otp_secret, otp_confirmed_at,
  otp_last_step, recovery_hashes) ON account TO sims_app;
GRANT SELECT, INSERT, UPDATE (name, permissions, scope), DELETE ON role TO sims_app;
GRANT SELECT, INSERT, UPDATE (valid_from, valid_until), DELETE ON account_role TO sims_app;
GRANT SELECT, INSERT, UPDATE (code, name, faculty_name), DELETE ON department TO sims_app;
GRANT SELECT, INSERT, UPDATE (refresh_hash, previous_hash, previous_used, last_seen_at, expires_at, ended_at), DELETE ON login_session TO sims_app;
GRANT SELECT, INSERT, DELETE ON sign_in_failure TO sims_app;
GRANT SELECT (id, name) ON account TO sims_student;
GRANT EXECUTE ON FUNCTION head_of_department(bigint) TO sims_app, sims_student, sims_readonly;
GRANT SELECT ON department TO sims_student;
REVOKE SELECT ON account, login_session FROM sims_readonly;
GRANT SELECT (id, username, name, disabled, student_id, created_at) ON account TO sims_readonly;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
