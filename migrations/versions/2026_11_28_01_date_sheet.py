"""The date sheet of examinations: papers, rooms, who sits where; and the slips printed from it."""

from alembic import op

revision = "2026_11_28_01"
down_revision = "2026_11_27_03"
branch_labels = None
depends_on = None

OF_A_CLASS = ("exam_paper", "exam_seating")

SCHEMA = r"""
-- Where papers are written. Without seats nobody knows how many it holds, and nothing is too many.
CREATE TABLE exam_room (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL CONSTRAINT ck_exam_room_name CHECK (name <> ''),
  seats integer CONSTRAINT ck_exam_room_seats CHECK (seats BETWEEN 1 AND 100000),
  CONSTRAINT uq_exam_room_name UNIQUE (name)
);

-- A paper of a section. Most have one; theory and practical are two, told apart by `part`.
CREATE TABLE exam_paper (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  section_id bigint NOT NULL CONSTRAINT fk_exam_paper_section REFERENCES section (id),
  part text NOT NULL DEFAULT '',
  held_on date NOT NULL,
  starts_at time NOT NULL,
  minutes integer NOT NULL CONSTRAINT ck_exam_paper_minutes CHECK (minutes BETWEEN 10 AND 600),
  CONSTRAINT uq_exam_paper_section_part UNIQUE (section_id, part),
  CONSTRAINT ck_exam_paper_ends_on_its_day
    CHECK (extract(hour FROM starts_at) * 60 + extract(minute FROM starts_at) + minutes <= 1440)
);
CREATE INDEX ix_exam_paper_held_on ON exam_paper (held_on, id);

-- The rooms of a paper in the order they are filled, by registration number; the last takes whoever is left.
CREATE TABLE exam_seating (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  paper_id bigint NOT NULL CONSTRAINT fk_exam_seating_paper REFERENCES exam_paper (id) ON DELETE CASCADE,
  room_id bigint NOT NULL CONSTRAINT fk_exam_seating_room REFERENCES exam_room (id),
  position integer NOT NULL CONSTRAINT ck_exam_seating_position CHECK (position BETWEEN 1 AND 50),
  seats integer CONSTRAINT ck_exam_seating_seats CHECK (seats BETWEEN 1 AND 100000),
  CONSTRAINT uq_exam_seating_paper_room UNIQUE (paper_id, room_id),
  CONSTRAINT uq_exam_seating_paper_position UNIQUE (paper_id, position)
);
CREATE INDEX ix_exam_seating_room_id ON exam_seating (room_id);

CREATE FUNCTION exam_paper_stands_in_its_term() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
  DECLARE found record;
  BEGIN
    IF TG_OP = 'UPDATE' AND NEW.section_id <> OLD.section_id THEN
      RAISE EXCEPTION 'a paper keeps its section' USING ERRCODE = '23514', CONSTRAINT = 'ck_exam_paper_keeps_its_section';
    END IF;
    SELECT s.status, t.start_date, t.end_date INTO found FROM section s JOIN term t ON t.id = s.term_id WHERE s.id = NEW.section_id;
    IF found.status = 'cancelled' THEN
      RAISE EXCEPTION 'a cancelled section has no papers' USING ERRCODE = '23514', CONSTRAINT = 'ck_exam_paper_section_is_active';
    END IF;
    IF NEW.held_on NOT BETWEEN found.start_date AND found.end_date THEN
      RAISE EXCEPTION 'the paper of % lies outside the term', NEW.held_on USING ERRCODE = '23514', CONSTRAINT = 'ck_exam_paper_within_term';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER exam_paper_stands_in_its_term BEFORE INSERT OR UPDATE ON exam_paper
  FOR EACH ROW EXECUTE FUNCTION exam_paper_stands_in_its_term();

-- Which room a student sits in. A student sees no classmates, so cannot count places; this counts, and tells
-- a student's role of nobody else. Who dropped has no place; who withdrew or was barred keeps it, so that
-- nobody's printed slip names another room afterwards.
CREATE FUNCTION exam_room_of(paper bigint, student bigint) RETURNS bigint
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    WITH rooms AS (
      SELECT g.room_id, g.position, g.position = max(g.position) OVER () AS is_last,
             sum(coalesce(g.seats, r.seats, 100000)) OVER (ORDER BY g.position) AS up_to
        FROM exam_seating g JOIN exam_room r ON r.id = g.room_id WHERE g.paper_id = paper
    ), places AS (
      SELECT e.student_id, row_number() OVER (ORDER BY r.reg_no COLLATE "C", e.id) AS place
        FROM exam_paper p JOIN enrollment e ON e.section_id = p.section_id AND e.status <> 'dropped'
        JOIN registration r ON r.id = e.registration_id
       WHERE p.id = paper AND (SELECT count(*) FROM rooms) > 1
    )
    SELECT m.room_id FROM rooms m
     WHERE (current_setting('role', true) IS DISTINCT FROM 'sims_student' OR acting_student() = student)
       AND (m.is_last OR (SELECT c.place FROM places c WHERE c.student_id = student) <= m.up_to)
     ORDER BY m.position LIMIT 1 $$;

-- A file of slips, kept until it is fetched and some days longer. It says nothing that the date sheet and the
-- notified lists do not say.
CREATE TABLE exam_slip_print (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job_id bigint NOT NULL CONSTRAINT uq_exam_slip_print_job UNIQUE,
  term_id bigint NOT NULL CONSTRAINT fk_exam_slip_print_term REFERENCES term (id),
  made_by bigint CONSTRAINT fk_exam_slip_print_made_by REFERENCES account (id),
  made_at timestamptz NOT NULL DEFAULT now(),
  slips integer NOT NULL CONSTRAINT ck_exam_slip_print_slips CHECK (slips > 0),
  pdf bytea NOT NULL
);
COMMENT ON TABLE exam_slip_print IS 'not audited: a file made from the record and thrown away again; whose slips were printed is disclosed';

CALL audit_table('exam_room', 'exam_room');
CALL audit_table('exam_paper', 'exam_paper');
CALL audit_table('exam_seating', 'exam_seating');

GRANT SELECT, INSERT (name, seats), UPDATE (name, seats) ON exam_room TO sims_app;
GRANT SELECT, DELETE, INSERT (section_id, part, held_on, starts_at, minutes), UPDATE (part, held_on, starts_at, minutes) ON exam_paper TO sims_app;
GRANT SELECT, DELETE, INSERT (paper_id, room_id, position, seats) ON exam_seating TO sims_app;
GRANT SELECT, DELETE, INSERT (job_id, term_id, made_by, made_at, slips, pdf) ON exam_slip_print TO sims_app;
REVOKE ALL ON FUNCTION exam_room_of(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION exam_room_of(bigint, bigint) TO sims_app, sims_student, sims_readonly;

-- A room is no person's. Papers are shown to whoever sits in the section.
GRANT SELECT ON exam_room, exam_paper, exam_seating TO sims_student;
CREATE POLICY own ON exam_paper FOR SELECT TO sims_student
  USING (section_id IN (SELECT e.section_id FROM enrollment e WHERE e.student_id = acting_student()));
CREATE POLICY own ON exam_seating FOR SELECT TO sims_student USING (paper_id IN (SELECT p.id FROM exam_paper p));
"""


def upgrade() -> None:
    op.execute(SCHEMA)
    for table in OF_A_CLASS:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY staff ON {table} TO sims_app USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY reading ON {table} FOR SELECT TO sims_readonly, sims_backup USING (true)")


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
