"""SELECTs of sheets: the list, a whole sheet, what changed since, and what decides about its state.

A sheet and its changes are one statement each, written as JSON by PostgreSQL: everything in it is of one
snapshot (a cursor could skip a row otherwise), and 30,000 cells cost no Python.
"""

from __future__ import annotations

from typing import Any

import msgspec

from sims_server.enrollment.queries import section_scope
from sims_server.grading.queries.reminders import STANDING
from sims_server.kernel.actor import Caller
from sims_server.kernel.paging import Filter, Listing, Order, read_page
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.grading import ClientId, DeviceView, MissingMark, SheetState
from sims_shared.messages import PROTOCOL_MAX
from sims_shared.problems import NotFound
from sims_shared.values import Id, Person

_DEVICES = """
SELECT d.client_id::text AS client_id, d.name, d.account_id, u.name AS account, p.last_seen_at, p.pending,
       p.conflicts
  FROM sync_presence p JOIN sync_device d ON d.client_id = p.client_id
  JOIN account u ON u.id = d.account_id"""


def hex_digest(digest: Any) -> str:
    """The wire's form of the digest column: 64 lower-case hex digits."""
    return f"{int(digest):064x}"


def _device(row: dict[str, Any]) -> DeviceView:
    return DeviceView(
        client_id=row["client_id"],
        name=row["name"],
        account=Person(row["account_id"], row["account"]),
        last_seen=row["last_seen_at"],
        pending=row["pending"],
        conflicts=row["conflicts"],
    )


# -- The list --------------------------------------------------------------------------------------


def _scope(caller: Caller) -> tuple[str, dict[str, Any]]:
    return section_scope(caller, Permission.READ_SHEETS)


def _shape(row: dict[str, Any]) -> dict[str, Any]:
    row["devices"] = [_device(device) for device in row["devices"]]
    return row


_SUMMARY: dict[str, str] = {
    "section_id": "s.id",
    "course_code": "s.course_code",
    "course_title": "s.course_title",
    "term": "t.name",
    "section": "s.code",
    "state": "h.state",
    "rev": "h.rev",
    # A blank counts as missing only in rows that are enrolled.
    "filled": "(SELECT count(*) FROM assessment_score p JOIN enrollment e ON e.id = p.enrollment_id "
    "WHERE p.section_id = s.id AND p.mark IS NOT NULL AND e.status = 'enrolled')",
    "total": "(SELECT count(*) FROM enrollment e WHERE e.section_id = s.id AND e.status = 'enrolled') "
    "* (SELECT count(*) FROM assessment a WHERE a.section_id = s.id)",
    "devices": f"(SELECT coalesce(jsonb_agg(v ORDER BY v.last_seen_at DESC), '[]') "
    f"FROM ({_DEVICES} WHERE p.section_id = s.id) v)",
    "submitted_at": "h.submitted_at",
    "submitted_by": "(SELECT jsonb_build_object('id', b.id, 'name', b.name) FROM account b "
    "WHERE b.id = h.submitted_by)",
    # The column holds the words of the sheet's last move: the head's when it came back, the lead's when it
    # was handed in. The trigger keeps them with the move for ever.
    "return_reason": "CASE h.state WHEN 'open' THEN h.return_reason END",
    "submit_note": "CASE h.state WHEN 'submitted' THEN h.return_reason END",
    "reminded_at": "asked.asked_at",
    "reminded_by": "CASE WHEN asked.asked_by IS NOT NULL THEN "
    "jsonb_build_object('id', asked.asked_by, 'name', asked.asked_by_name) END",
    "reminder_note": "asked.note",
}


def _listing(where: str) -> Listing:
    return Listing(
        entity="sheet",
        columns=_SUMMARY,
        source="section s JOIN sheet h ON h.section_id = s.id JOIN term t ON t.id = s.term_id "
        f"JOIN course c ON c.id = s.course_id {STANDING}",
        key="s.id",
        filters={"term_id": Filter("s.term_id = {}", int), "state": Filter("h.state = {}", SheetState)},
        orders={"course_code": Order("s.course_code")},
        scope=_scope,
        shape=_shape,
        where=where,
    )


_SHEETS_OF_A_TERM = _listing("s.status = 'active'")
_SHEETS_OF_OPEN_TERMS = _listing("s.status = 'active' AND t.status = 'open'")


class SheetQuery(msgspec.Struct):
    """Without `term_id` the sheets of open terms."""

    term_id: Id | None = None
    state: SheetState | None = None
    ordering: str | None = None
    page_size: int | None = None
    cursor: str | None = None
    count: bool | None = None


def list_sheets(work: Work, query: SheetQuery) -> dict[str, Any]:
    """The caller's sheets."""
    given = {
        name: [_text(value)]
        for name in query.__struct_fields__
        if (value := getattr(query, name)) is not None
    }
    described = _SHEETS_OF_OPEN_TERMS if query.term_id is None else _SHEETS_OF_A_TERM
    return read_page(work, described, given, "/api/sheets/")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# -- One sheet -------------------------------------------------------------------------------------


def access_sheet(work: Work, section_id: int, permission: str) -> None:
    """Raises NotFound where `permission` does not reach the section."""
    condition, values = section_scope(work.caller, permission)
    found = work.value(
        "SELECT s.id FROM section s JOIN course c ON c.id = s.course_id WHERE s.id = %(id)s"
        + (f" AND ({condition})" if condition else ""),
        id=section_id,
        **values,
    )
    if found is None:
        raise NotFound


def access_sheet_to_read(work: Work, section_id: int) -> None:
    access_sheet(work, section_id, Permission.READ_SHEETS)


def access_sheet_to_submit(work: Work, section_id: int) -> None:
    access_sheet(work, section_id, Permission.SUBMIT_SHEET)


def access_sheet_to_approve(work: Work, section_id: int) -> None:
    access_sheet(work, section_id, Permission.APPROVE_SHEET)


def access_sheet_to_return(work: Work, section_id: int) -> None:
    access_sheet(work, section_id, Permission.RETURN_SHEET)


def teachers_of(work: Work, section_id: int) -> list[int]:
    """The accounts that teach the section now."""
    rows = work.rows(
        "SELECT account_id FROM section_staff WHERE section_id = %(id)s AND until IS NULL", id=section_id
    )
    return [row["account_id"] for row in rows]


def access_sheet_ever_taught(work: Work, section_id: int) -> None:
    """Raises NotFound for whoever never taught the section. Former teachers get in: their late edits
    are answered, one by one, not lost."""
    found = work.value(
        "SELECT 1 FROM section_staff WHERE section_id = %(id)s AND account_id = %(me)s",
        id=section_id,
        me=work.caller.id,
    )
    if found is None:
        raise NotFound


def _utc(sql: str) -> str:
    return f"""to_char({sql} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


_HEAD = f"""SELECT 0 AS part, ''::text COLLATE "C" AS place, 0::bigint AS tie, json_build_object(
    'section_id', h.section_id, 'state', h.state, 'rev', h.rev, 'digest', h.digest::text,
    'epoch', (SELECT epoch FROM system), 'protocol', {PROTOCOL_MAX},
    'audit_head', {{audit_head}})::text AS body
  FROM sheet h WHERE h.section_id = %(section)s"""
# Devices keep it with the whole sheet, and refuse a history that ends before it.
_AUDIT_HEAD = "(SELECT t.body FROM audit_head t ORDER BY t.number DESC LIMIT 1)"
_ASSESSMENTS = f"""SELECT 1, '', row_number() OVER (ORDER BY a.position, a.id), json_build_object(
    'id', a.id, 'section_id', a.section_id, 'name', a.name, 'type', a.type, 'weight', a.weight::text,
    'max_score', a.max_score::text, 'head', a.head, 'must_sit', a.must_sit, 'step', a.step::text,
    'due_date', a.due_date, 'entered_by', a.entered_by, 'released_at', {_utc("a.released_at")},
    'locked_at', {_utc("a.locked_at")})::text
  FROM assessment a WHERE a.section_id = %(section)s"""
# Ids, marks and numbers need no quoting; only the name of a person does. Rows look their own cells up
# (LATERAL), because without fresh statistics a join over a whole sheet is planned quadratic.
_VALUE = f"""'"mark":' || coalesce('"' || p.mark || '"', 'null')
    || ',"score":' || coalesce('"' || p.score || '"', 'null') || ',"ver":' || p.version || ',"by":'
    || coalesce('{{"id":' || w.id || ',"name":' || to_json(w.name) || '}}',
                '{{"id":null,"name":"system"}}')
    || ',"at":"' || {_utc("p.updated_at")} || '"}}'"""
_ROW = f"""SELECT 2, r.reg_no, e.id, '{{"enrollment_id":' || e.id || ',"status":"' || e.status
    || '","student":{{"id":' || e.student_id || ',"reg_no":' || to_json(r.reg_no)
    || ',"name":' || to_json(n.name) || '}},"cells":{{' || coalesce(k.cells, '') || '}}}}'
  FROM enrollment e JOIN registration r ON r.id = e.registration_id JOIN student n ON n.id = e.student_id
  CROSS JOIN LATERAL (
    SELECT string_agg('"' || p.assessment_id || '":{{' || {_VALUE}, ',') AS cells
      FROM assessment_score p LEFT JOIN account w ON w.id = p.updated_by WHERE p.enrollment_id = e.id) k"""

_SHEET = f"""
{_HEAD.format(audit_head=_AUDIT_HEAD)} UNION ALL {_ASSESSMENTS} UNION ALL
{_ROW} WHERE e.section_id = %(section)s AND e.status <> 'dropped'
 ORDER BY part, place, tie"""

_CHANGES = f"""
WITH moved AS MATERIALIZED (
  SELECT DISTINCT v.enrollment_id, v.assessment_id FROM assessment_score_version v
   WHERE v.section_id = %(section)s AND v.rev > %(since)s),
roster AS MATERIALIZED (
  SELECT DISTINCT g.enrollment_id FROM sheet_change g
   WHERE g.section_id = %(section)s AND g.rev > %(since)s AND g.kind = 'roster')
{_HEAD.format(audit_head="NULL")} UNION ALL
{_ASSESSMENTS} AND EXISTS (SELECT FROM sheet_change g WHERE g.section_id = %(section)s
    AND g.rev > %(since)s AND g.kind = 'assessment')
UNION ALL
{_ROW} WHERE e.id IN (SELECT enrollment_id FROM roster) AND e.status <> 'dropped'
UNION ALL
SELECT 3, '', g.enrollment_id, g.enrollment_id::text FROM roster g
  LEFT JOIN enrollment e ON e.id = g.enrollment_id
 WHERE e.id IS NULL OR e.status = 'dropped'
UNION ALL
SELECT 4, '', p.id, '{{"enrollment_id":' || p.enrollment_id || ',"assessment_id":' || p.assessment_id || ','
    || {_VALUE}
  FROM moved m
  CROSS JOIN LATERAL (
    SELECT c.* FROM assessment_score c JOIN enrollment e ON e.id = c.enrollment_id AND e.status <> 'dropped'
     WHERE c.enrollment_id = m.enrollment_id AND c.assessment_id = m.assessment_id OFFSET 0) p
  LEFT JOIN account w ON w.id = p.updated_by
UNION ALL
SELECT 5, '', count(*), '' FROM sheet_change g
 WHERE g.section_id = %(section)s AND g.rev > %(since)s AND g.kind = 'assessment'
 ORDER BY part, place, tie"""


def _parts(rows: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[int, list[str]]]:
    """The head, decoded, and the JSON texts of every further part."""
    if not rows:
        raise NotFound
    head: dict[str, Any] = msgspec.json.decode(rows[0]["body"])
    head["digest"] = hex_digest(head["digest"])
    parts: dict[int, list[str]] = {1: [], 2: [], 3: [], 4: []}
    for row in rows[1:]:
        if row["part"] in parts:
            parts[row["part"]].append(row["body"])
    return head, parts


def _list(texts: list[str]) -> msgspec.Raw:
    return msgspec.Raw(f"[{','.join(texts)}]".encode())


def get_sheet(work: Work, section_id: int) -> dict[str, Any]:
    """A whole sheet: its head, its assessments, and its roster with all cells."""
    access_sheet(work, section_id, Permission.READ_SHEETS)
    head, parts = _parts(work.rows(_SHEET, section=section_id))
    return {**head, "assessments": _list(parts[1]), "rows": _list(parts[2])}


class ChangesQuery(msgspec.Struct):
    """`since` is the reader's cursor; the rest is its heartbeat: which device, and what waits there."""

    since: int
    client_id: ClientId | None = None
    pending: int = 0
    conflicts: int = 0


def read_changes(work: Work, section_id: int, since: int) -> dict[str, Any]:
    """What moved after `since`, in one snapshot."""
    rows = work.rows(_CHANGES, section=section_id, since=since)
    head, parts = _parts(rows)
    answer: dict[str, Any] = {name: head[name] for name in ("rev", "digest", "epoch", "state")}
    answer["cells"] = _list(parts[4])
    if rows[-1]["tie"]:  # part 5 counts the changes of assessments; the last one may have been taken away
        answer["assessments"] = _list(parts[1])
    if parts[2] or parts[3]:
        answer["roster"] = {"added": _list(parts[2]), "removed": _list(parts[3])}
    return answer


# -- What decides about its state ------------------------------------------------------------------


def lock_sheet(work: Work, section_id: int) -> dict[str, Any]:
    """The sheet's row, locked until the end of the transaction. Raises NotFound."""
    row = work.row(
        "SELECT h.section_id, h.state, h.rev, h.digest, h.submitted_by FROM sheet h "
        "WHERE h.section_id = %(id)s FOR UPDATE",
        id=section_id,
    )
    if row is None:
        raise NotFound
    return row


def role_in_section(work: Work, section_id: int) -> str | None:
    """The caller's role among the section's teachers, or None."""
    role: str | None = work.value(
        "SELECT role FROM section_staff WHERE section_id = %(id)s AND account_id = %(me)s AND until IS NULL",
        id=section_id,
        me=work.caller.id,
    )
    return role


def waiting_devices(work: Work, section_id: int) -> list[DeviceView]:
    """The devices that still hold unsynced marks of this sheet."""
    rows = work.rows(
        f"{_DEVICES} WHERE p.section_id = %(id)s AND p.pending > 0 ORDER BY p.last_seen_at DESC",
        id=section_id,
    )
    return [_device(row) for row in rows]


def missing_marks(work: Work, section_id: int) -> list[MissingMark]:
    """Every blank in the rows that are enrolled."""
    rows = work.rows(
        "SELECT e.id AS enrollment_id, r.reg_no, n.name AS student, a.id AS assessment_id, "
        "a.name AS assessment FROM enrollment e JOIN assessment a ON a.section_id = e.section_id "
        "JOIN registration r ON r.id = e.registration_id JOIN student n ON n.id = e.student_id "
        "LEFT JOIN assessment_score p ON p.enrollment_id = e.id AND p.assessment_id = a.id "
        "WHERE e.section_id = %(id)s AND e.status = 'enrolled' AND p.mark IS NULL "
        "ORDER BY r.reg_no, e.id, a.position, a.id",
        id=section_id,
    )
    return [MissingMark(**row) for row in rows]
