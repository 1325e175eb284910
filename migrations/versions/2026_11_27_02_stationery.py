"""Numbered paper counted at the end of a day: what was there, what was used, what is left."""

from alembic import op

revision = "2026_11_27_02"
down_revision = "2026_11_27_01"
branch_labels = None
depends_on = None

SCHEMA = r"""
-- A clerk's pile, counted. Each count opens with what the one before it left; what was used in between is read
-- from the ledger of printed sheets, never told by whoever counts.
CREATE TABLE stock_count (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  by_account_id bigint NOT NULL CONSTRAINT fk_stock_count_account REFERENCES account (id),
  previous_id bigint CONSTRAINT fk_stock_count_previous REFERENCES stock_count (id),
  opening integer NOT NULL CONSTRAINT ck_stock_count_opening CHECK (opening BETWEEN 0 AND 1000000),
  received integer NOT NULL DEFAULT 0 CONSTRAINT ck_stock_count_received CHECK (received BETWEEN 0 AND 1000000),
  printed integer NOT NULL CONSTRAINT ck_stock_count_printed CHECK (printed >= 0),
  spoiled integer NOT NULL CONSTRAINT ck_stock_count_spoiled CHECK (spoiled >= 0),
  remaining integer NOT NULL CONSTRAINT ck_stock_count_remaining CHECK (remaining BETWEEN 0 AND 1000000),
  note text NOT NULL DEFAULT '',
  last_sheet_id bigint NOT NULL,
  counted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT uq_stock_count_one_after_another UNIQUE NULLS NOT DISTINCT (by_account_id, previous_id),
  CONSTRAINT ck_stock_count_difference_is_explained CHECK (remaining = opening + received - printed - spoiled OR note <> '')
);
CREATE INDEX ix_stock_count_account ON stock_count (by_account_id, id);
CREATE INDEX ix_printed_sheet_account ON printed_sheet (by_account_id, id);

-- Sheets a clerk used after one entry of the ledger and up to another. A sheet that was printed and spoiled is
-- one sheet, and one that was counted as printed before is not counted again when it is spoiled.
CREATE FUNCTION sheets_used(account bigint, after_id bigint, up_to_id bigint)
  RETURNS TABLE (stock_number text, is_spoiled boolean, first_id bigint) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    SELECT p.stock_number, bool_or(p.outcome = 'spoiled'), min(p.id) FROM printed_sheet p
     WHERE p.by_account_id = account AND p.id > after_id AND p.id <= up_to_id AND p.stock_number IS NOT NULL
       AND p.outcome IN ('printed', 'spoiled')
       AND NOT EXISTS (SELECT FROM printed_sheet e WHERE e.stock_number = p.stock_number AND e.id <= after_id
                          AND e.outcome IN ('printed', 'spoiled'))
     GROUP BY p.stock_number $$;

CREATE FUNCTION stock_count_follows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  DECLARE last record;
  BEGIN
    IF NOT acts_with(NEW.by_account_id, 'transcripts.print') THEN
      RAISE EXCEPTION 'a pile is counted by whoever acts and prints from it' USING ERRCODE = '23514', CONSTRAINT = 'ck_stock_count_by_who_prints';
    END IF;
    -- A sheet whose entry is being written now has a number that this count would step over.
    LOCK TABLE printed_sheet IN SHARE MODE;
    SELECT id, remaining, last_sheet_id INTO last FROM stock_count WHERE by_account_id = NEW.by_account_id ORDER BY id DESC LIMIT 1;
    IF NEW.previous_id IS DISTINCT FROM last.id THEN
      RAISE EXCEPTION 'another count came in between' USING ERRCODE = '23514', CONSTRAINT = 'ck_stock_count_follows_the_last';
    END IF;
    IF last.id IS NOT NULL AND NEW.opening <> last.remaining THEN
      RAISE EXCEPTION 'a pile opens with what was left' USING ERRCODE = '23514', CONSTRAINT = 'ck_stock_count_opens_with_what_was_left';
    END IF;
    SELECT coalesce(max(id), 0) INTO NEW.last_sheet_id FROM printed_sheet;
    SELECT count(*) FILTER (WHERE NOT is_spoiled), count(*) FILTER (WHERE is_spoiled) INTO NEW.printed, NEW.spoiled
      FROM sheets_used(NEW.by_account_id, coalesce(last.last_sheet_id, 0), NEW.last_sheet_id);
    RETURN NEW;
  END $$;
CREATE TRIGGER stock_count_follows BEFORE INSERT ON stock_count FOR EACH ROW EXECUTE FUNCTION stock_count_follows();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON stock_count FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CALL audit_table('stock_count', 'stock_count');

GRANT SELECT, INSERT (by_account_id, previous_id, opening, received, remaining, note) ON stock_count TO sims_app;
GRANT EXECUTE ON FUNCTION sheets_used(bigint, bigint, bigint) TO sims_app;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
