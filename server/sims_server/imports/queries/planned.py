"""How a kind's rows meet the record: the words in which the plans are written.

The rule a newcomer would get wrong: a blank cell says nothing, so what is compared is
`coalesce(the cell, what is stored)`.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FaultIf:
    """A fault in `column` of every row where `condition` holds; `detail` is an SQL text."""

    condition: str
    column: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Planned:
    """How a kind's rows meet the record. SQL throughout; `i` is the row of the file, typed by column."""

    key: tuple[str, ...]  # the natural key within the file
    joins: str
    target: str
    compared: dict[str, tuple[str, str]]  # column → (as it is, as it would be)
    faults: tuple[FaultIf, ...]
    refs: tuple[str, ...] = ()
    windows: str = ""  # more columns of the joined rows, seen by faults as p.…
    columns: tuple[str, ...] = field(default=())


def unknown(found: str, column: str, what: str, value: str | None = None) -> FaultIf:
    given = value or f"i.{column}"
    return FaultIf(
        f"{given} IS NOT NULL AND {found} IS NULL",
        column,
        "unknown",
        f"'There is no {what} “' || {given} || '”.'",
    )


def kept(column: str, table: str, stored: str | None = None) -> tuple[str, str]:
    """Compared with what is stored; a blank cell says nothing."""
    now = f"{table}.{stored or column}"
    return now, f"coalesce(i.{column}, {now})"


SECTION_JOINS = """
  LEFT JOIN course c ON c.code = i.course_code
  LEFT JOIN term t ON t.name = i.term
  LEFT JOIN section s ON s.course_id = c.id AND s.term_id = t.id AND s.code = i.section
  LEFT JOIN sheet h ON h.section_id = s.id"""
COURSE_AND_TERM = (unknown("c.id", "course_code", "course"), unknown("t.id", "term", "term"))
SECTION_FAULTS = (
    *COURSE_AND_TERM,
    FaultIf(
        "i.section IS NOT NULL AND c.id IS NOT NULL AND t.id IS NOT NULL AND s.id IS NULL",
        "section",
        "unknown",
        "'There is no section “' || i.section || '” of ' || i.course_code || ' in ' || i.term || '.'",
    ),
)
SHEET_CLOSED = "'The sheet of this section is ' || h.state || '; it is returned first.'"
