"""Who was asked for a grade sheet, by whom and when; and whether the letter went out."""

from alembic import op

revision = "2026_11_27_01"
down_revision = "2026_11_26_02"
branch_labels = None
depends_on = None

SCHEMA = r"""
-- One row a section and asking. A letter is one a teacher: all rows of one job and one teacher are its lines.
CREATE TABLE sheet_reminder (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  section_id bigint NOT NULL CONSTRAINT fk_sheet_reminder_section REFERENCES section (id),
  teacher_id bigint NOT NULL CONSTRAINT fk_sheet_reminder_teacher REFERENCES account (id),
  note text NOT NULL DEFAULT '',
  asked_by bigint NOT NULL CONSTRAINT fk_sheet_reminder_asked_by REFERENCES account (id),
  asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- The job that writes the letters. No foreign key: old jobs are cleared away, who was asked stays.
  job_id bigint NOT NULL,
  mailed_at timestamptz,
  CONSTRAINT uq_sheet_reminder_job_section UNIQUE (job_id, section_id)
);
CREATE INDEX ix_sheet_reminder_section_id ON sheet_reminder (section_id, id);

-- A reminder says "you have not handed in", in somebody's name: so it is true, and the name is the actor's.
CREATE FUNCTION sheet_reminder_is_due() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF NOT acts_with(NEW.asked_by, 'results.publish') THEN
      RAISE EXCEPTION 'teachers are reminded by whoever acts and may' USING ERRCODE = '23514', CONSTRAINT = 'ck_sheet_reminder_by_who_may';
    END IF;
    IF NOT EXISTS (SELECT FROM sheet WHERE section_id = NEW.section_id AND state = 'open') THEN
      RAISE EXCEPTION 'the sheet is not open' USING ERRCODE = '23514', CONSTRAINT = 'ck_sheet_reminder_sheet_is_open';
    END IF;
    IF NOT EXISTS (SELECT FROM section_staff WHERE section_id = NEW.section_id AND account_id = NEW.teacher_id AND until IS NULL) THEN
      RAISE EXCEPTION 'whoever is reminded teaches the section' USING ERRCODE = '23514', CONSTRAINT = 'ck_sheet_reminder_of_its_teacher';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER sheet_reminder_is_due BEFORE INSERT ON sheet_reminder FOR EACH ROW EXECUTE FUNCTION sheet_reminder_is_due();

-- A letter goes out once.
CREATE FUNCTION sheet_reminder_is_mailed_once() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF OLD.mailed_at IS NOT NULL THEN
      RAISE EXCEPTION 'the letter went out' USING ERRCODE = '23514', CONSTRAINT = 'ck_sheet_reminder_mailed_once';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER sheet_reminder_is_mailed_once BEFORE UPDATE ON sheet_reminder FOR EACH ROW EXECUTE FUNCTION sheet_reminder_is_mailed_once();

CALL audit_table('sheet_reminder', 'sheet_reminder');

GRANT SELECT, INSERT (section_id, teacher_id, note, asked_by, job_id), UPDATE (mailed_at) ON sheet_reminder TO sims_app;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
