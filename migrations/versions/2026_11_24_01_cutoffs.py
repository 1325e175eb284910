"""Cut-off lines that the lead of a relatively graded sheet moved, before anybody approved them.

What is frozen at approval stays in `section_cutoff`. Here lies what was asked for: it may be changed only
while the sheet is open, so that whoever approves a sheet approves the lines as they then stand.
"""

from alembic import op

revision = "2026_11_24_01"
down_revision = "2026_11_23_16"
branch_labels = None
depends_on = None

SCHEMA = r"""
CREATE TABLE section_cutoff_proposal (
  section_id bigint NOT NULL CONSTRAINT fk_section_cutoff_proposal_section REFERENCES section (id),
  regulation_id bigint NOT NULL CONSTRAINT fk_section_cutoff_proposal_regulation REFERENCES regulation (id),
  -- Grade → the total in percent at which it begins. A grade that is not here begins where the regulation says.
  lines jsonb NOT NULL CONSTRAINT ck_section_cutoff_proposal_lines CHECK (jsonb_typeof(lines) = 'object'),
  reason text NOT NULL DEFAULT '',
  proposed_by bigint NOT NULL CONSTRAINT fk_section_cutoff_proposal_proposed_by REFERENCES account (id),
  proposed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT pk_section_cutoff_proposal PRIMARY KEY (section_id, regulation_id)
);

CREATE FUNCTION section_cutoff_proposal_while_open() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    IF NOT EXISTS (SELECT FROM sheet WHERE section_id = NEW.section_id AND state = 'open') THEN
      RAISE EXCEPTION 'the cut-offs of a sheet move only while it is open' USING ERRCODE = '23514', CONSTRAINT = 'ck_section_cutoff_proposal_while_open';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER section_cutoff_proposal_while_open BEFORE INSERT OR UPDATE ON section_cutoff_proposal
  FOR EACH ROW EXECUTE FUNCTION section_cutoff_proposal_while_open();

CALL audit_table_by_key('section_cutoff_proposal', 'section_cutoff_proposal', 'section_id', 'section_id', 'regulation_id');
GRANT SELECT, INSERT, UPDATE (lines, reason, proposed_by, proposed_at) ON section_cutoff_proposal TO sims_app;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
