"""The days on which the university does not work, and types of request that are not offered any more.

A promised day passes over what is off as it passes over Saturday and Sunday. The rule a newcomer would get
wrong: a day that was promised does not move when a holiday is entered later; the slip in the hand says it.
"""

from alembic import op

revision = "2026_11_29_02"
down_revision = "2026_11_29_03"
branch_labels = None
depends_on = None

SCHEMA = r"""
CREATE TABLE day_off (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  first_day date NOT NULL,
  last_day date NOT NULL,
  name text NOT NULL CONSTRAINT ck_day_off_name CHECK (name ~ '\S' AND length(name) <= 200),
  CONSTRAINT ck_day_off_ends_after_it_begins CHECK (last_day >= first_day),
  CONSTRAINT ck_day_off_of_a_year_at_most CHECK (last_day - first_day < 366),
  CONSTRAINT uq_day_off_said_once UNIQUE (first_day, last_day, name)
);
CREATE INDEX ix_day_off_last_day ON day_off (last_day);
GRANT SELECT, INSERT, DELETE, UPDATE (first_day, last_day, name) ON day_off TO sims_app;
GRANT SELECT ON day_off TO sims_student;
CALL audit_table('day_off', 'day_off');
CALL only_the_server_writes('day_off');

-- The n-th day after `day` from Monday to Friday that is not off. What is off pushes it out by so much at most.
CREATE OR REPLACE FUNCTION working_day_after(day date, days integer) RETURNS date LANGUAGE sql STABLE SET search_path = public, pg_temp
  AS $$
    SELECT d::date
      FROM generate_series(
             day + 1,
             day + 7 + 2 * (days + (SELECT coalesce(sum(last_day - greatest(first_day, day) + 1), 0)::integer FROM day_off WHERE last_day > day)),
             interval '1 day') d
     WHERE extract(isodow FROM d) < 6 AND NOT EXISTS (SELECT FROM day_off o WHERE d::date BETWEEN o.first_day AND o.last_day)
     ORDER BY d OFFSET days - 1 LIMIT 1
  $$;
GRANT EXECUTE ON FUNCTION working_day_after(date, integer) TO sims_app, sims_student;

ALTER TABLE request_type
  ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT uq_request_type_id UNIQUE,
  ADD COLUMN is_offered boolean NOT NULL DEFAULT true;
GRANT UPDATE (is_offered) ON request_type TO sims_app;
-- The trigger names its columns: with two more it is made again.
CALL audit_table_by_key('request_type', 'request_type', NULL, 'type');
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
