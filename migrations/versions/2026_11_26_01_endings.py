"""A number is found by any part of it in the time that the found ones take, however many share it."""

from alembic import op

revision = "2026_11_26_01"
down_revision = "2026_11_25_03"
branch_labels = None
depends_on = None

SCHEMA = r"""
-- Wherever a part of a number stands, one of the number's endings begins with it. So all who have it lie beside
-- one another in an index of endings, which says who they are without a look at the table. (Lists of parts of
-- five characters, as before, found also those who share only these: thousands for a year and a program.)
-- Of names nothing is kept: an ending with less than three figures is none.
CREATE FUNCTION number_endings(value text) RETURNS SETOF text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
  SET search_path = public, pg_temp
  AS $$
    SELECT DISTINCT substr(run[1], start)
      FROM regexp_matches(value, '[0-9a-z./-]{5,}', 'g') run, generate_series(1, length(run[1]) - 4) start
     WHERE substr(run[1], start) ~ '[0-9].*[0-9].*[0-9]'
  $$;

-- No foreign key: of a university's million endings it would ask the table of students for each, and the
-- triggers, which alone may write here, leave none without a student.
CREATE TABLE student_number (
  ending text COLLATE "C" NOT NULL,
  student_id bigint NOT NULL,
  PRIMARY KEY (ending, student_id)
);
CREATE INDEX ix_student_number_student_id ON student_number (student_id);
COMMENT ON TABLE student_number IS 'not audited: made of student.search_text by triggers, to look numbers up';

-- Statement-level: an import of 30,000 registrations writes the endings of all of them once. By array, so that
-- one student's are found by the index.
CREATE FUNCTION student_numbers_are_listed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public, pg_temp SET enable_nestloop = off
  AS $$
  DECLARE touched bigint[];
  BEGIN
    IF TG_OP = 'INSERT' THEN
      INSERT INTO student_number (ending, student_id)
      SELECT e.ending, n.id FROM new_rows n CROSS JOIN LATERAL number_endings(n.search_text) AS e (ending);
    ELSIF TG_OP = 'DELETE' THEN
      SELECT array_agg(o.id) INTO touched FROM old_rows o;
      DELETE FROM student_number WHERE student_id = ANY (touched);
    ELSE
      SELECT array_agg(o.id) INTO touched FROM old_rows o JOIN new_rows n ON n.id = o.id
       WHERE n.search_text <> o.search_text;
      IF touched IS NULL THEN RETURN NULL; END IF;
      DELETE FROM student_number WHERE student_id = ANY (touched);
      INSERT INTO student_number (ending, student_id)
      SELECT e.ending, n.id FROM new_rows n CROSS JOIN LATERAL number_endings(n.search_text) AS e (ending)
       WHERE n.id = ANY (touched);
    END IF;
    RETURN NULL;
  END $$;
CREATE TRIGGER student_numbers_are_listed_insert AFTER INSERT ON student REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION student_numbers_are_listed();
CREATE TRIGGER student_numbers_are_listed_update AFTER UPDATE ON student
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION student_numbers_are_listed();
CREATE TRIGGER student_numbers_are_listed_delete AFTER DELETE ON student REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION student_numbers_are_listed();

INSERT INTO student_number (ending, student_id)
SELECT e.ending, s.id FROM student s CROSS JOIN LATERAL number_endings(s.search_text) AS e (ending);

-- Not for the student's own role: a transaction of a student searches the own row only.
GRANT SELECT ON student_number TO sims_app;
GRANT EXECUTE ON FUNCTION number_endings(text) TO sims_app, sims_readonly;

DROP VIEW student_search;
CREATE VIEW student_search AS
  SELECT s.id, s.search_text FROM student s WHERE current_user <> 'sims_student' OR s.id = acting_student();
GRANT SELECT ON student_search TO sims_app;

DROP INDEX ix_student_number_parts;
ALTER TABLE student DROP COLUMN number_parts;
DROP FUNCTION number_parts(text);
CALL audit_table('student', 'student', '-search_text');
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
