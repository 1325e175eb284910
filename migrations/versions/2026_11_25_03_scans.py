"""The scan of a script, or a letter, kept with the change of marks that was asked for because of it.

Whoever decides a change sees what its asker saw. Files stand where those of cases stand, by their digest.
"""

from alembic import op

revision = "2026_11_25_03"
down_revision = "2026_11_25_02"
branch_labels = None
depends_on = None

SCHEMA = r"""
CREATE TABLE change_evidence (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  change_id bigint NOT NULL CONSTRAINT fk_change_evidence_change REFERENCES pending_change (id),
  sha256 text NOT NULL CONSTRAINT fk_change_evidence_file REFERENCES evidence_file (sha256),
  name text NOT NULL,
  media_type text NOT NULL CONSTRAINT ck_change_evidence_media_type CHECK (media_type IN ('application/pdf', 'image/png', 'image/jpeg', 'text/plain', 'application/octet-stream')),
  size integer NOT NULL,
  note text NOT NULL DEFAULT '',
  filed_by bigint NOT NULL CONSTRAINT fk_change_evidence_filed_by REFERENCES account (id),
  filed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT uq_change_evidence_once UNIQUE (change_id, sha256)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON change_evidence FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- What was decided was decided upon what was there then.
CREATE FUNCTION change_evidence_before_the_decision() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  BEGIN
    PERFORM FROM pending_change WHERE id = NEW.change_id AND status = 'pending' FOR SHARE;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'evidence is filed with a change that is not decided' USING ERRCODE = '23514', CONSTRAINT = 'ck_change_evidence_before_the_decision';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER change_evidence_before_the_decision BEFORE INSERT ON change_evidence FOR EACH ROW EXECUTE FUNCTION change_evidence_before_the_decision();

CALL audit_table('change_evidence', 'change_evidence');
GRANT SELECT, INSERT (change_id, sha256, name, media_type, size, note, filed_by, filed_at) ON change_evidence TO sims_app;
ALTER TABLE change_evidence ENABLE ROW LEVEL SECURITY;
CREATE POLICY staff ON change_evidence TO sims_app USING (true) WITH CHECK (true);
CREATE POLICY reading ON change_evidence FOR SELECT TO sims_readonly, sims_backup USING (true);
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
