"""What a file of the date sheet writes: rooms, papers, and where each is written.

The rule a newcomer would get wrong: the rooms of a paper are one saying. Where a file says them otherwise
all of them are taken away and said again, for their order is part of it.
"""

from __future__ import annotations

from sims_server.imports.queries.date_sheet_plans import FOUND_ROOMS, MINUTES

DATE_SHEET_STATEMENTS: dict[str, tuple[str, ...]] = {
    "exam_rooms": (
        (
            "INSERT INTO exam_room (name, seats) SELECT name, seats FROM i JOIN f USING (number) "
            "WHERE fate = 'new' ORDER BY number"
        ),
        (
            "UPDATE exam_room m SET seats = i.seats FROM i JOIN f USING (number) "
            "WHERE f.fate = 'changed' AND m.id = f.target"
        ),
    ),
    "exam_papers": (
        (
            f"UPDATE exam_paper p SET held_on = i.date, starts_at = i.starts_at::time, minutes = {MINUTES} "
            "FROM i JOIN f USING (number) WHERE f.fate = 'changed' AND p.id = f.target "
            "AND f.changes - 'rooms' <> '{}'"
        ),
        (
            "INSERT INTO exam_paper (section_id, part, held_on, starts_at, minutes) "
            f"SELECT f.refs[1], i.part, i.date, i.starts_at::time, {MINUTES} FROM i JOIN f USING (number) "
            "LEFT JOIN exam_paper p ON p.id = f.target WHERE f.fate = 'new' ORDER BY i.number"
        ),
        "DELETE FROM exam_seating g USING f WHERE f.changes ? 'rooms' AND g.paper_id = f.target",
        (
            "INSERT INTO exam_seating (paper_id, room_id, position, seats) "
            "SELECT p.id, m.id, u.place, substring(u.said FROM ': (.*)')::integer "
            "FROM i JOIN f USING (number) JOIN exam_paper p ON p.section_id = f.refs[1] AND p.part = i.part "
            f"CROSS JOIN LATERAL {FOUND_ROOMS} "
            "WHERE f.fate = 'new' OR f.changes ? 'rooms' ORDER BY i.number, u.place"
        ),
    ),
}
