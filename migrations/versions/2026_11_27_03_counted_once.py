"""A numbered sheet is of one pile: of whoever used it first. Blanks explain no difference."""

from alembic import op

revision = "2026_11_27_03"
down_revision = "2026_11_27_02"
branch_labels = None
depends_on = None

SCHEMA = r"""
-- A sheet that one clerk printed and another noted as spoiled is one sheet, of the first one's pile: else the
-- second kept a blank one for it, and the count balanced.
CREATE OR REPLACE FUNCTION sheets_used(account bigint, after_id bigint, up_to_id bigint)
  RETURNS TABLE (stock_number text, is_spoiled boolean, first_id bigint) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    SELECT p.stock_number,
           EXISTS (SELECT FROM printed_sheet e WHERE e.stock_number = p.stock_number AND e.id <= up_to_id
                      AND e.outcome = 'spoiled'), p.id
      FROM printed_sheet p
     WHERE p.by_account_id = account AND p.id > after_id AND p.id <= up_to_id AND p.stock_number IS NOT NULL
       AND p.outcome IN ('printed', 'spoiled')
       AND NOT EXISTS (SELECT FROM printed_sheet e WHERE e.stock_number = p.stock_number AND e.id < p.id
                          AND e.outcome IN ('printed', 'spoiled')) $$;

-- Before the constraint that a difference is explained is judged.
CREATE FUNCTION stock_count_explains_in_words() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp
  AS $$
  BEGIN
    NEW.note := regexp_replace(NEW.note, '^\s+|\s+$', '', 'g');
    RETURN NEW;
  END $$;
CREATE TRIGGER stock_count_explains_in_words BEFORE INSERT ON stock_count FOR EACH ROW EXECUTE FUNCTION stock_count_explains_in_words();
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
