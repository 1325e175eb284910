"""The plans of a date sheet that comes as a file: the rooms, and the papers of a term with theirs.

The rule a newcomer would get wrong: a conflict (one student in two papers, a room too small) is no fault of
a row. The date sheet names conflicts and lets whoever arranges it go on; a file is held to the same.
"""

from __future__ import annotations

from sims_server.examinations.queries import PAPER_BEGINS, PAPER_ENDS, PAPER_ROOMS, clock_of
from sims_server.imports.queries.planned import COURSE_AND_TERM, FaultIf, Planned, kept
from sims_shared.examinations import USUAL

# Rooms are found as they are written, in any case of letters; the one that is written so goes first.
FOUND_ROOMS = """
  unnest(string_to_array(i.rooms, ', ')) WITH ORDINALITY u (said, place)
  LEFT JOIN LATERAL (
    SELECT r.id, r.name FROM exam_room r WHERE lower(r.name) = lower(split_part(u.said, ': ', 1))
     ORDER BY r.name <> split_part(u.said, ': ', 1), r.id LIMIT 1) m ON true"""


def _minute(clock: str) -> str:
    return f"(left({clock}, 2)::integer * 60 + right({clock}, 2)::integer)"


MINUTES = f"coalesce({_minute('i.ends_at')} - {_minute('i.starts_at')}, p.minutes, {USUAL})"
"""How long the row's paper takes: as it says, else as long as before, else as papers usually do."""
_WOULD_END = f"({_minute('i.starts_at')} + {MINUTES})"

DATE_SHEET_PLANS: dict[str, Planned] = {
    "exam_rooms": Planned(
        key=("name",),
        joins="LEFT JOIN exam_room m ON m.name = i.name "
        "LEFT JOIN LATERAL (SELECT min(x.name) AS name FROM exam_room x "
        "WHERE lower(x.name) = lower(i.name)) o ON m.id IS NULL",
        target="m.id",
        compared={"seats": kept("seats", "m")},
        windows="min(i.number) OVER (PARTITION BY lower(i.name)) AS same_room",
        faults=(
            FaultIf(
                "o.name IS NOT NULL", "name", "taken", "'There is the room “' || o.name || '”; write it so.'"
            ),
            FaultIf(
                "w.first = i.number AND w.same_room < i.number",
                "name",
                "repeated",
                "'Row ' || w.same_room || ' writes the same room with other letters.'",
            ),
        ),
    ),
    "exam_papers": Planned(
        key=("course_code", "term", "section", "part"),
        joins=f"""
  LEFT JOIN course c ON c.code = i.course_code
  LEFT JOIN term t ON t.name = i.term
  LEFT JOIN (SELECT course_id, term_id, min(id) AS id, count(*) AS n,
                    string_agg(code, ', ' ORDER BY code COLLATE "C") AS codes
               FROM section WHERE status <> 'cancelled' GROUP BY 1, 2) taught
         ON taught.course_id = c.id AND taught.term_id = t.id
  LEFT JOIN section s ON s.course_id = c.id AND s.term_id = t.id
        AND (s.code = i.section OR i.section IS NULL AND taught.n = 1 AND s.id = taught.id)
  LEFT JOIN exam_paper p ON p.section_id = s.id AND p.part = i.part
  LEFT JOIN LATERAL (SELECT {PAPER_ROOMS} AS rooms) now ON true
  LEFT JOIN LATERAL (
    SELECT string_agg(coalesce(m.name, split_part(u.said, ': ', 1))
                        || coalesce(substring(u.said FROM ': .*'), ''), ', ' ORDER BY u.place) AS rooms,
           string_agg('“' || split_part(u.said, ': ', 1) || '”', ', ' ORDER BY u.place)
             FILTER (WHERE m.id IS NULL) AS unknown
      FROM {FOUND_ROOMS}) wanted ON i.rooms IS NOT NULL""",
        target="p.id",
        compared={
            "date": ("p.held_on", "i.date"),
            "starts_at": (PAPER_BEGINS, "i.starts_at"),
            "ends_at": (PAPER_ENDS, clock_of(_WOULD_END)),
            "rooms": ("now.rooms", "coalesce(wanted.rooms, now.rooms)"),
        },
        refs=("s.id",),
        windows="min(i.number) OVER (PARTITION BY s.id, i.part) AS same_paper",
        faults=(
            *COURSE_AND_TERM,
            FaultIf(
                "i.section IS NOT NULL AND c.id IS NOT NULL AND t.id IS NOT NULL AND s.id IS NULL",
                "section",
                "unknown",
                "'There is no section “' || i.section || '” of ' || i.course_code || ' in ' || i.term || '.'",
            ),
            FaultIf(
                "i.section IS NULL AND c.id IS NOT NULL AND t.id IS NOT NULL AND s.id IS NULL",
                "section",
                "missing",
                "i.course_code || ' has ' || CASE WHEN taught.n IS NULL THEN 'no section' "
                "ELSE 'the sections ' || taught.codes END || ' in ' || i.term || '; say which.'",
            ),
            FaultIf("s.status = 'cancelled'", "section", "cancelled", "'This section is cancelled.'"),
            FaultIf(
                "i.date NOT BETWEEN t.start_date AND t.end_date",
                "date",
                "outside_term",
                "'The term runs from ' || t.start_date || ' to ' || t.end_date || '.'",
            ),
            FaultIf(
                f"i.ends_at IS NULL AND {_WOULD_END} > 1440",
                "ends_at",
                "out_of_range",
                "'A paper ends on the day it begins; say when.'",
            ),
            FaultIf(
                "wanted.unknown IS NOT NULL",
                "rooms",
                "unknown",
                "'There is no room ' || wanted.unknown || '; rooms are added before, as exam_rooms.'",
            ),
            FaultIf(
                "s.id IS NOT NULL AND w.first = i.number AND w.same_paper < i.number",
                "section",
                "repeated",
                "'Row ' || w.same_paper || ' means the same paper.'",
            ),
        ),
    ),
}
