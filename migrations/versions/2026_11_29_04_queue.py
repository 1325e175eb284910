"""The queue is the server's to write, and a name is confirmed once for one change.

The password of `sims_app` emptied the queue: the nightly backup, and every letter asked for, stayed "queued" and
never ran, while a heartbeat written by hand said that somebody works. And where the institution wants two persons for
a name, a correction that was confirmed years ago let one person make the same change again after it had been undone,
and the name in the native script, which stands on every paper beside it, was anybody's alone.

Revision ID: 2026_11_29_04
Revises: 2026_11_29_02
"""

from alembic import op

revision = "2026_11_29_04"
down_revision = "2026_11_29_02"
branch_labels = None
depends_on = None

SCHEMA = r"""
CALL only_the_server_writes('procrastinate_jobs', 'procrastinate_events', 'procrastinate_periodic_defers', 'procrastinate_workers');

-- Confirmed in this very transaction: a correction is decided once, so it serves one change. Who has no name in the
-- native script yet is given one by one hand.
CREATE OR REPLACE FUNCTION student_name_by_two() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF EXISTS (SELECT FROM setting WHERE key = 'students.name_by_two' AND value = 'true'::jsonb)
       AND NOT EXISTS (SELECT FROM name_correction c
                        WHERE c.student_id = NEW.id AND c.status = 'confirmed' AND c.name = NEW.name AND c.from_name = OLD.name
                          AND (c.name_native = NEW.name_native OR NEW.name_native IS NOT DISTINCT FROM OLD.name_native)
                          AND c.xmin = pg_current_xact_id()::xid) THEN
      RAISE EXCEPTION 'a second person confirms another name' USING ERRCODE = '23514', CONSTRAINT = 'ck_student_name_by_two';
    END IF;
    RETURN NEW;
  END $$;
DROP TRIGGER student_name_by_two ON student;
CREATE TRIGGER student_name_by_two BEFORE UPDATE OF name, name_native ON student FOR EACH ROW
  WHEN (OLD.name IS DISTINCT FROM NEW.name OR (OLD.name_native ~ '\S' AND OLD.name_native IS DISTINCT FROM NEW.name_native))
  EXECUTE FUNCTION student_name_by_two();
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
