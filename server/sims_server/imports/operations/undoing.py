"""Taking out again what an import brought in, while nothing stands on it.

All of it or nothing: rows it made go, rows it changed hold again what they held. What refers to one of
them, or was changed since, keeps the whole import; the refusal lists each with its row. Two things never
go: a score keeps its row and its versions and is cleared, a hold stays in the student's history, lifted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from sims_server.examinations.queries import PAPER_ROOMS
from sims_server.imports import queries
from sims_server.imports.model import import_batch
from sims_server.imports.operations.planning import Source, forget_rows, make_plan, source_of
from sims_server.imports.queries.undoing import (
    changed_since,
    dependants_of,
    effects_of,
    made_by,
    put_again,
    put_back,
)
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.imports import (
    ImportDependedOn,
    ImportNotCommitted,
    ImportNotUndoable,
    ImportUndone,
    ImportView,
    UndoImport,
)
from sims_shared.problems import Fault


@dataclass(frozen=True, slots=True)
class _Written:
    """A table that a kind writes: the audit's word for it, what may be put back, and whether a new row
    is simply deleted."""

    table: str
    entity: str
    columns: tuple[str, ...]
    again: tuple[str, ...] = ()  # the columns of a row that is inserted again


_PERSON = ("name", "name_native", "father_name", "national_id", "date_of_birth", "email", "phone", "address")
_TERM_DATES = ("enroll_until", "drop_until", "withdraw_until", "marks_due", "recheck_until")
_COURSE = (
    "title",
    "credits",
    "marks_total",
    "credits_theory",
    "credits_practical",
    "grading",
    "counts_in_gpa",
    "department_id",
)
_ASSESSMENT = ("type", "weight", "max_score", "head", "must_sit", "step", "due_date", "entered_by")

# Kind → what it writes, parts first; the last is what a row of the file means.
WRITTEN: dict[str, tuple[_Written, ...]] = {
    "departments": (_Written("department", "department", ("name", "faculty_name")),),
    "programs": (
        _Written("program", "program", ("name", "department_id", "level", "credits_required", "semesters")),
    ),
    "courses": (_Written("course", "course", _COURSE),),
    "terms": (
        _Written(
            "term",
            "term",
            ("kind", "academic_year", "start_date", "end_date", *_TERM_DATES, "status"),
        ),
    ),
    "accounts": (
        _Written(
            "account_role",
            "account_role",
            (),
            ("account_id", "role_id", "department_id", "valid_from", "valid_until"),
        ),
        _Written("account", "account", ("name", "email", "disabled", "student_id")),
    ),
    "sections": (
        _Written("section_staff", "section_staff", ("role", "since", "until")),
        _Written("section", "section", ("capacity", "status")),
    ),
    "students": (
        _Written("student", "student", _PERSON),
        _Written("registration", "registration", ("admitted_on", "roll_no", "batch")),
    ),
    "enrollments": (
        _Written("enrollment", "enrollment", ("kind", "status", "enrolled_at", "ended_at", "end_reason")),
    ),
    "assessments": (_Written("assessment", "assessment", _ASSESSMENT),),
    "attendance": (_Written("attendance", "attendance", ("status", "reason", "updated_by", "updated_at")),),
    "holds": (
        _Written("hold", "hold", ("amount", "reason", "contact", "lifted_at", "lifted_by", "lift_reason")),
    ),
    "scores": (),
    "exam_rooms": (_Written("exam_room", "exam_room", ("seats",)),),
    "exam_papers": (
        _Written("exam_seating", "exam_seating", (), ("paper_id", "room_id", "position", "seats")),
        _Written("exam_paper", "exam_paper", ("held_on", "starts_at", "minutes")),
    ),
}
# What the application may not delete goes by the function that knows what an import made.
_REMOVED_BY_FUNCTION = frozenset({"students", "enrollments", "accounts", "attendance"})
_LEADS = (
    "(CASE WHEN old.held ? 'role' THEN past.role ELSE t.role END) = 'lead' "
    "AND (CASE WHEN old.held ? 'until' THEN past.until ELSE t.until END) IS NULL"
)
# Rows that came into being with the row itself, or go with it.
_PARTS: dict[str, frozenset[str]] = {
    "accounts": frozenset({"account_role"}),
    "sections": frozenset({"sheet"}),
    "students": frozenset({"registration"}),
}


@operation(Permission.IMPORT_DATA, "imports.undo")
def undo_import(work: Work, command: UndoImport) -> ImportView:
    """Take out again what an import brought in, while nothing depends on it."""
    found = work.row(
        "SELECT kind, file, mapping, options, status, committed_in FROM import_batch "
        "WHERE id = %(id)s FOR UPDATE",
        id=command.import_id,
    )
    assert found is not None
    _check_undoable(found)
    work.run("SET LOCAL statement_timeout = 0")
    kind: str = found["kind"]
    written = WRITTEN[kind]
    if written:
        entities = [one.entity for one in written]
        _refuse_if_any(
            [_since(row) for row in changed_since(work, command.import_id, entities)],
        )
    try:
        if kind == "scores":
            _undo_scores(work, command.import_id, source_of(found))
        else:
            _undo_rows(work, command.import_id, kind, written)
    except psycopg.errors.CheckViolation as error:
        # A sheet that was closed since, seats that are taken: the rule that forbids it says so by name.
        raise ImportDependedOn(f"“{error.diag.constraint_name}” keeps what was imported as it is.") from error
    work.update(
        import_batch,
        command.import_id,
        {"status": "undone", "undone_by": work.caller.id, "undone_at": work.now},
    )
    return queries.get_import(work, command.import_id)


def _check_undoable(found: dict[str, Any]) -> None:
    if found["status"] == "undone":
        raise ImportUndone
    if found["kind"] == "results_history":
        raise ImportNotUndoable(
            "A result that stands is never deleted. "
            "What was recorded wrongly is corrected by a change request."
        )
    if found["status"] != "committed":
        raise ImportNotCommitted(f"The import is {found['status']}.")
    if found["committed_in"] is None:
        raise ImportNotUndoable("It was committed before this server kept what an undo needs.")


def _undo_rows(work: Work, import_id: int, kind: str, written: tuple[_Written, ...]) -> None:
    main = written[-1]
    if kind == "exam_papers":
        _refuse_if_rooms_moved(work, import_id)
    made = made_by(work, import_id, main.entity)
    for one in written[:-1]:
        if kind == "attendance" or kind == "students":
            continue
        work.run(
            f"DELETE FROM {one.table} WHERE id = ANY (%(ids)s)", ids=made_by(work, import_id, one.entity)
        )
        if one.again:
            put_again(work, import_id, one.table, one.entity, one.again)
    for one in written[::-1]:
        # Two teachers who changed places: the one who led steps down before the other leads again.
        if one.table == "section_staff":
            put_back(work, import_id, one.table, one.entity, one.columns, only=f"NOT ({_LEADS})")
        if one.columns:
            put_back(work, import_id, one.table, one.entity, one.columns)
    if kind == "holds":
        work.run(
            "UPDATE hold SET lifted_at = %(now)s, lifted_by = %(by)s, lift_reason = 'The import was undone' "
            "WHERE id = ANY (%(ids)s) AND lifted_at IS NULL",
            now=work.now,
            by=work.caller.id,
            ids=made,
        )
        return
    if kind == "courses":
        _undo_prerequisites(work, import_id, made)
    if made:
        _remove(work, import_id, kind, main, made)
    if kind == "attendance":  # the classes that were opened for it, once nobody is marked in them
        work.run(
            "DELETE FROM class_session k WHERE id = ANY (%(ids)s) "
            "AND NOT EXISTS (SELECT FROM attendance a WHERE a.class_session_id = k.id)",
            ids=made_by(work, import_id, "class_session"),
        )


def _remove(work: Work, import_id: int, kind: str, main: _Written, made: list[int]) -> None:
    parts = _PARTS.get(kind, frozenset())
    standing = [
        row for row in dependants_of(work, import_id, main.table, made) if row["dependant"] not in parts
    ]
    if kind == "students":
        people = made_by(work, import_id, "student")
        standing += [
            {**row, "number": None}
            for row in dependants_of(work, import_id, "student", people)
            if row["dependant"] not in parts
        ]
    elif kind == "accounts":
        standing += work.rows(
            "SELECT a.actor_id AS id, e.number, 'audit' AS dependant, count(*) AS n FROM audit_entry a "
            "LEFT JOIN import_effect e ON e.import_id = %(import)s AND e.target = a.actor_id "
            "WHERE a.actor_id = ANY (%(ids)s) GROUP BY 1, 2",
            **{"import": import_id},
            ids=made,
        )
    _refuse_if_any([_dependant(main.table, row) for row in standing])
    if kind in _REMOVED_BY_FUNCTION:
        work.value("SELECT remove_imported(%(import)s, %(ids)s::bigint[])", **{"import": import_id}, ids=made)
    else:
        work.run(f"DELETE FROM {main.table} WHERE id = ANY (%(ids)s)", ids=made)


def _refuse_if_rooms_moved(work: Work, import_id: int) -> None:
    """A room added to a paper since changed nothing of what the import wrote: the plan kept what it said."""
    now = {
        row["id"]: row["rooms"]
        for row in work.rows(
            f"SELECT p.id, {PAPER_ROOMS} AS rooms FROM exam_paper p JOIN import_effect e ON e.target = p.id "
            "WHERE e.import_id = %(import)s AND e.changes ? 'rooms'",
            **{"import": import_id},
        )
    }
    _refuse_if_any(
        [
            Fault(_place(effect["number"]), "changed_since", "Its rooms changed since.")
            for effect in effects_of(work, import_id)
            if "rooms" in effect["changes"] and now.get(effect["target"]) != effect["changes"]["rooms"][1]
        ]
    )


def _undo_prerequisites(work: Work, import_id: int, made: list[int]) -> None:
    """Prerequisites have no id and so no audit of their own: the plan kept what they were."""
    work.run("DELETE FROM course_prerequisite WHERE course_id = ANY (%(ids)s)", ids=made)
    for effect in effects_of(work, import_id):
        if "prerequisites" not in effect["changes"]:
            continue
        before, after = effect["changes"]["prerequisites"]
        now = work.value(
            "SELECT string_agg(r.code, ' ' ORDER BY r.code COLLATE \"C\") FROM course_prerequisite q "
            "JOIN course r ON r.id = q.prerequisite_id WHERE q.course_id = %(id)s",
            id=effect["target"],
        )
        if now != after:
            _refuse_if_any(
                [Fault(_place(effect["number"]), "changed_since", "Its prerequisites changed since.")]
            )
        work.run("DELETE FROM course_prerequisite WHERE course_id = %(id)s", id=effect["target"])
        work.run(
            "INSERT INTO course_prerequisite (course_id, prerequisite_id) SELECT %(id)s, id FROM course "
            "WHERE code = ANY (string_to_array(%(before)s, ' '))",
            id=effect["target"],
            before=before or "",
        )


# A cell has versions instead of an audit; what the import wrote carries the time of its transaction.
_CELLS = """
SELECT e.number, e.fate, x.id, x.updated_at IS DISTINCT FROM b.committed_stamp AS moved,
       e.changes->'mark' AS mark, e.changes->'score' AS score, h.state, n.locked_at IS NOT NULL AS locked
  FROM import_effect e JOIN import_batch b ON b.id = e.import_id
  LEFT JOIN import_fate f ON f.import_id = e.import_id AND f.number = e.number
  LEFT JOIN assessment_score x ON x.id = coalesce(e.target, f.target)
  LEFT JOIN sheet h ON h.section_id = x.section_id LEFT JOIN assessment n ON n.id = x.assessment_id
 WHERE e.import_id = %(import)s"""


def _undo_scores(work: Work, import_id: int, source: Source) -> None:
    """Clear the cells the import filled, and give those it changed back what they held."""
    make_plan(work, source, import_id)  # finds the cells that the file's rows mean
    obstacles = [
        Fault(_place(row["number"]), code, detail)
        for row in work.rows(
            f"SELECT * FROM ({_CELLS}) c WHERE id IS NULL OR moved OR state <> 'open' OR locked "
            "ORDER BY number LIMIT 1000",
            **{"import": import_id},
        )
        for code, detail in (_why_cell_stays(row),)
    ]
    _refuse_if_any(obstacles)
    work.run(
        f"""
UPDATE assessment_score s
   SET mark = CASE WHEN c.fate = 'new' THEN NULL WHEN c.mark IS NULL THEN s.mark ELSE c.mark->>0 END,
       score = CASE WHEN c.fate = 'new' THEN NULL WHEN c.score IS NULL THEN s.score
                    ELSE (c.score->>0)::numeric END
  FROM ({_CELLS}) c WHERE s.id = c.id AND (c.fate <> 'new' OR s.mark IS NOT NULL)""",
        **{"import": import_id},
    )
    forget_rows(work, import_id)


def _why_cell_stays(row: dict[str, Any]) -> tuple[str, str]:
    if row["id"] is None or row["moved"]:
        return "changed_since", "The cell was changed since."
    if row["locked"]:
        return "locked", "The assessment is locked."
    return "sheet_closed", f"The sheet is {row['state']}; it is returned first."


def _place(number: int | None) -> str:
    return "" if number is None else f"row {number}"


def _since(row: dict[str, Any]) -> Fault:
    return Fault(
        _place(row["number"]),
        "changed_since",
        f"{row['entity'].replace('_', ' ')} {row['entity_id']} was changed by {row['actor_name']} "
        f"at {row['at']:%Y-%m-%d %H:%M} UTC.",
    )


def _dependant(table: str, row: dict[str, Any]) -> Fault:
    rows = "row" if row["n"] == 1 else "rows"
    return Fault(
        _place(row["number"]),
        "depended_on",
        f"{row['n']} {rows} of {row['dependant'].replace('_', ' ')} refer to {table} {row['id']}.",
    )


def _refuse_if_any(obstacles: list[Fault]) -> None:
    if obstacles:
        shown = obstacles[0]
        where = f" ({shown.pointer})" if shown.pointer else ""
        raise ImportDependedOn(
            f"{len(obstacles)} thing{'s' if len(obstacles) > 1 else ''} stand on it, the first{where}: "
            f"{shown.detail} Nothing was undone.",
            errors=obstacles,
        )
