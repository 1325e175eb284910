"""What an application was taken with, and where its paper lies until somebody comes for it.

A type of request says what it costs, in how many working days it is promised and which papers belong to it. The
promise and the amount are made here, when the request is made, so that nobody types them: a day that was
promised does not move with a later change of the type.
"""

from alembic import op

revision = "2026_11_28_02"
down_revision = "2026_11_28_01"
branch_labels = None
depends_on = None

SCHEMA = r"""
ALTER TABLE request_type
  ADD COLUMN fee numeric(12, 2) NOT NULL DEFAULT 0 CONSTRAINT ck_request_type_fee CHECK (fee >= 0),
  ADD COLUMN promised_days integer NOT NULL DEFAULT 5 CONSTRAINT ck_request_type_promised_days CHECK (promised_days BETWEEN 1 AND 365),
  ADD COLUMN checklist text[] NOT NULL DEFAULT '{}' CONSTRAINT ck_request_type_checklist CHECK (cardinality(checklist) <= 20 AND array_position(checklist, NULL) IS NULL);
UPDATE request_type SET promised_days = CASE type WHEN 'bonafide' THEN 1 WHEN 'transcript' THEN 3 ELSE 5 END;
INSERT INTO request_type (type, title, promised_days, checklist) VALUES
  ('degree', 'Degree', 30, '{attested CNIC,matriculation certificate,clearance form,two photographs}'),
  ('verification', 'Verification of documents', 7, '{the document or an attested copy,attested CNIC}'),
  ('migration', 'Migration certificate', 10, '{attested CNIC,clearance form,student card}');
GRANT UPDATE (fee, promised_days, checklist) ON request_type TO sims_app;
CALL audit_table_by_key('request_type', 'request_type', NULL, 'type');

ALTER TABLE request
  ADD COLUMN missing text[] NOT NULL DEFAULT '{}',
  ADD COLUMN fee_due numeric(12, 2) NOT NULL DEFAULT 0,
  ADD COLUMN fee_receipt text CONSTRAINT ck_request_fee_receipt CHECK (fee_receipt ~ '\S'),
  ADD COLUMN promised_on date,
  ADD COLUMN tray text CONSTRAINT ck_request_tray CHECK (tray ~ '^[!-~]([ -~]{0,18}[!-~])?$'),
  ADD CONSTRAINT ck_request_decided_when_complete CHECK (missing = '{}' OR status IN ('pending', 'rejected')),
  ADD CONSTRAINT ck_request_tray_while_it_lies_ready CHECK (tray IS NULL OR (status = 'completed' AND collected_by IS NULL));
CREATE UNIQUE INDEX uq_request_tray_holds_one ON request (tray) WHERE tray IS NOT NULL;
-- What lies ready is little beside what was handed out in ten years.
CREATE INDEX ix_request_lies_ready ON request (id) WHERE status = 'completed' AND collected_by IS NULL;

-- The n-th day after `day` from Monday to Friday.
CREATE FUNCTION working_day_after(day date, days integer) RETURNS date LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp
  AS $$
    SELECT d::date FROM generate_series(day + 1, day + 2 * days + 7, interval '1 day') d
     WHERE extract(isodow FROM d) < 6 ORDER BY d OFFSET days - 1 LIMIT 1
  $$;

-- DEFINER: a student asks from home, and nothing of this is a student's to say. What belongs to it is then all
-- missing, until it is brought to the counter; the days begin when nothing is.
CREATE FUNCTION request_is_promised() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  DECLARE kind request_type;
  BEGIN
    SELECT * INTO kind FROM request_type WHERE type = NEW.type;
    IF TG_OP = 'INSERT' THEN
      NEW.promised_on := NULL;
      NEW.fee_due := coalesce(kind.fee, 0) * NEW.copies;
      IF acting_student() IS NOT NULL THEN
        NEW.missing := coalesce(kind.checklist, '{}');
      END IF;
      IF NEW.missing = '{}' THEN
        NEW.promised_on := working_day_after(campus_today(), coalesce(kind.promised_days, 5));
      END IF;
    ELSE
      IF NEW.copies <> OLD.copies THEN
        NEW.fee_due := OLD.fee_due / OLD.copies * NEW.copies;
      END IF;
      IF NEW.missing = '{}' AND OLD.missing <> '{}' THEN
        NEW.promised_on := working_day_after(campus_today(), coalesce(kind.promised_days, 5));
      ELSIF NEW.missing <> '{}' THEN
        NEW.promised_on := NULL;
      END IF;
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER request_is_promised BEFORE INSERT OR UPDATE ON request FOR EACH ROW EXECUTE FUNCTION request_is_promised();

GRANT UPDATE (missing, fee_receipt, tray) ON request TO sims_app;
CALL audit_table('request', 'request');
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
