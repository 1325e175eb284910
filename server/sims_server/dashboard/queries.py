"""Every SELECT of the dashboard: one card, one count, of what is still open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sims_server.access.queries import needs_codes
from sims_server.kernel.actor import Caller
from sims_server.kernel.work import Work
from sims_server.requests.queries import UNCOLLECTED
from sims_server.results.queries.changes import DECIDABLE
from sims_server.results.queries.deciding import deciding_values
from sims_shared.access import Permission
from sims_shared.dashboard import Card, Dashboard, OpenTerm, Standing
from sims_shared.requests import UNCOLLECTED_DAYS

P = Permission


Counted = tuple[str, dict[str, Any]] | None

_OWN_SHEETS = """
SELECT count(*) FROM section_staff f
  JOIN section s ON s.id = f.section_id AND s.status = 'active'
  JOIN term t ON t.id = s.term_id AND t.status = 'open'
  JOIN sheet h ON h.section_id = s.id AND h.state = 'open'
 WHERE f.account_id = %(me)s AND f.until IS NULL"""
_RETURNED_SHEETS = f"{_OWN_SHEETS} AND h.return_reason IS NOT NULL"
_SHEETS_TO_APPROVE = """
SELECT count(*) FROM sheet h JOIN section s ON s.id = h.section_id JOIN course c ON c.id = s.course_id
 WHERE h.state = 'submitted' AND h.submitted_by <> %(me)s
   AND EXISTS (SELECT FROM unnest(%(departments)s::bigint[], %(lenders)s::bigint[]) AS o (department, lender)
                WHERE (o.department IS NULL OR o.department = c.department_id)
                  AND (o.lender IS NULL OR (o.lender <> h.submitted_by AND NOT EXISTS (
                       SELECT FROM section_staff l
                        WHERE l.section_id = s.id AND l.account_id = o.lender AND l.until IS NULL))))
   AND NOT EXISTS (SELECT FROM section_staff f
                    WHERE f.section_id = s.id AND f.account_id = %(me)s AND f.until IS NULL)"""
_SECTIONS_TO_PUBLISH = """
SELECT count(*) FROM sheet h
 WHERE h.state = 'approved' AND EXISTS (
   SELECT FROM result x WHERE x.section_id = h.section_id AND x.state = 'draft' AND NOT EXISTS (
     SELECT FROM withholding w WHERE w.result_id = x.id AND w.released_at IS NULL))"""
_CHANGES_TO_APPROVE = f"""
SELECT count(*) FROM pending_change p JOIN result r ON r.id = p.result_id JOIN course c ON c.id = r.course_id
 WHERE p.status = 'pending' AND {DECIDABLE}"""
_OPEN_HOLDS = """
SELECT count(*) FROM hold h JOIN hold_kind k ON k.kind = h.kind
 WHERE h.lifted_at IS NULL AND (%(every_kind)s OR k.lifted_by = ANY(%(roles)s::text[]))"""


@dataclass(frozen=True)
class _Described:
    """A card: what it says, and what it counts for a caller (None: the card is not theirs)."""

    key: str
    title: str
    path: str
    counted: Callable[[Caller], Counted]


def _own_sheets(caller: Caller) -> Counted:
    return (_OWN_SHEETS, {}) if caller.reach(P.ENTER_SCORES).own_sections else None


def _returned_sheets(caller: Caller) -> Counted:
    return (_RETURNED_SHEETS, {}) if caller.reach(P.ENTER_SCORES).own_sections else None


def _sheets_to_approve(caller: Caller) -> Counted:
    held = [
        g for g in caller.grants if P.APPROVE_SHEET in g.permissions and (g.scope == "all" or g.department_id)
    ]
    if not held:
        return None
    # Where the role reaches everything, no department is named; beside each, who lent it.
    return _SHEETS_TO_APPROVE, {
        "departments": [None if grant.scope == "all" else grant.department_id for grant in held],
        "lenders": [grant.delegated_by for grant in held],
    }


def _sections_to_publish(caller: Caller) -> Counted:
    return (_SECTIONS_TO_PUBLISH, {}) if caller.may(P.PUBLISH_RESULTS) else None


def _changes_to_approve(caller: Caller) -> Counted:
    values = deciding_values(caller)
    del values["me"]
    return (_CHANGES_TO_APPROVE, values) if any(values.values()) else None


def _requests(permission: str, status: str) -> Callable[[Caller], Counted]:
    def count(caller: Caller) -> Counted:
        if not caller.may(permission):
            return None
        return "SELECT count(*) FROM request WHERE status = %(status)s", {"status": status}

    return count


def _uncollected(caller: Caller) -> Counted:
    if not caller.may(P.COMPLETE_REQUEST):
        return None
    return f"SELECT count(*) FROM request q WHERE {UNCOLLECTED}", {}


def _names_to_confirm(caller: Caller) -> Counted:
    if not caller.may(P.CONFIRM_NAME):
        return None
    return "SELECT count(*) FROM name_correction WHERE status = 'pending' AND requested_by <> %(me)s", {}


def _own_requests(caller: Caller) -> Counted:
    if caller.student_id is None:
        return None
    return (
        "SELECT count(*) FROM request WHERE student_id = %(own)s AND status IN ('pending', 'approved')",
        {"own": caller.student_id},
    )


def _own_holds(caller: Caller) -> Counted:
    if caller.student_id is None:
        return None
    return "SELECT count(*) FROM hold WHERE student_id = %(own)s AND lifted_at IS NULL", {
        "own": caller.student_id
    }


def _open_holds(caller: Caller) -> Counted:
    if not caller.may(P.PLACE_FEE_HOLD):
        return None
    return _OPEN_HOLDS, {"every_kind": caller.may(P.PLACE_HOLD), "roles": caller.roles}


# Of the last seven days, and not those that the same work made good later: nobody looks at an alarm that
# nobody can end. The page of jobs shows all of them.
_FAILED_JOBS = """
SELECT count(*) FROM job j
 WHERE j.status = 'failed' AND coalesce(j.finished_at, j.created_at) > now() - interval '7 days'
   AND NOT EXISTS (SELECT FROM job k WHERE k.kind = j.kind AND k.arguments = j.arguments AND k.status = 'done'
                   AND k.id > j.id)"""


def _failed_jobs(caller: Caller) -> Counted:
    if not caller.may(P.MANAGE_JOBS):
        return None
    return _FAILED_JOBS, {}


def _bulk_reading(caller: Caller) -> Counted:
    if not caller.may(P.READ_AUDIT):
        return None
    return "SELECT count(*) FROM disclosure_alarm WHERE at > now() - interval '24 hours'", {}


def _power_given(caller: Caller) -> Counted:
    if not caller.may(P.READ_AUDIT):
        return None
    return "SELECT count(*) FROM power_alarm WHERE at > now() - interval '7 days'", {}


_PAST_THE_SERVER = """
SELECT count(*) FROM audit
 WHERE request_id = '' AND database_user = 'sims_app' AND at > now() - interval '7 days'"""


def _past_the_server(caller: Caller) -> Counted:
    if not caller.may(P.READ_AUDIT):
        return None
    return _PAST_THE_SERVER, {}


CARDS = (
    _Described("my_returned_sheets", "Grade sheets that came back", "/api/sheets/", _returned_sheets),
    _Described("my_open_sheets", "Grade sheets to fill", "/api/sheets/", _own_sheets),
    _Described("sheets_to_approve", "Grade sheets to approve", "/api/sheets/", _sheets_to_approve),
    _Described(
        "changes_to_approve", "Changes to decide", "/api/pending-changes/?decidable=true", _changes_to_approve
    ),
    _Described(
        "sections_to_publish", "Sections to publish", "/api/results/?state=draft", _sections_to_publish
    ),
    _Described(
        "names_to_confirm",
        "Names to confirm",
        "/api/name-corrections/?status=pending",
        _names_to_confirm,
    ),
    _Described(
        "requests_to_decide",
        "Requests to decide",
        "/api/requests/?status=pending",
        _requests(P.DECIDE_REQUEST, "pending"),
    ),
    _Described(
        "requests_to_complete",
        "Requests to hand out",
        "/api/requests/?status=approved",
        _requests(P.COMPLETE_REQUEST, "approved"),
    ),
    _Described(
        "requests_uncollected",
        f"Papers nobody came for in {UNCOLLECTED_DAYS} days",
        "/api/requests/?uncollected=true",
        _uncollected,
    ),
    _Described("open_holds", "Open holds", "/api/holds/?lifted=false", _open_holds),
    _Described("my_holds", "Holds on you", "/api/holds/?lifted=false", _own_holds),
    _Described("my_requests", "Your open requests", "/api/requests/", _own_requests),
    _Described("failed_jobs", "Failed jobs", "/api/jobs/?status=failed", _failed_jobs),
    _Described(
        "bulk_reading",
        "Accounts that read in bulk today",
        "/api/audit/?entity=disclosure_alarm",
        _bulk_reading,
    ),
    _Described(
        "power_given",
        "Power over grades given, or such an account opened, in 7 days",
        "/api/audit/?entity=power_alarm",
        _power_given,
    ),
    _Described(
        "past_the_server",
        "Changes past the server, with the database's password, in 7 days",
        "/api/audit/?past_the_server=true",
        _past_the_server,
    ),
)


def _own_standing(work: Work, student_id: int) -> Standing | None:
    row = work.row(
        "SELECT r.student_id, r.reg_no, r.status, r.cgpa, r.credits_earned, "
        "(SELECT d.standing FROM term_result d JOIN term t ON t.id = d.term_id "
        "WHERE d.registration_id = r.id ORDER BY t.start_date DESC, t.id DESC LIMIT 1) AS standing "
        "FROM registration r WHERE r.student_id = %(id)s AND r.is_current",
        id=student_id,
    )
    return None if row is None else Standing(**row)


def get_dashboard(work: Work) -> Dashboard:
    """What waits for whoever signed in."""
    caller = work.caller
    terms = work.rows(
        "SELECT id, name, enroll_until, drop_until, withdraw_until, marks_due FROM term "
        "WHERE status = 'open' ORDER BY start_date DESC, id DESC LIMIT 20"
    )
    parts, values = [], dict[str, Any](me=caller.id)
    shown = []
    for described in CARDS:
        found = described.counted(caller)
        if found is not None:
            sql, needed = found
            # Two cards of one person may reach different departments: each has its values to itself.
            renamed = {f"{described.key}_{name}": value for name, value in needed.items()}
            for name in needed:
                sql = sql.replace(f"%({name})s", f"%({described.key}_{name})s")
            parts.append(f"({sql}) AS {described.key}")
            values |= renamed
            shown.append(described)
    counts = (work.row(f"SELECT {', '.join(parts)}", **values) or {}) if parts else {}
    cards = [Card(key=d.key, title=d.title, count=counts[d.key], path=d.path) for d in shown]
    if needs_codes(work, caller):
        title = "One-time codes to set up before what your roles allow"
        cards.insert(0, Card(key="codes_missing", title=title, count=1, path="/api/auth/me/"))
    return Dashboard(
        terms=[OpenTerm(**row) for row in terms],
        cards=cards,
        own=None if caller.student_id is None else _own_standing(work, caller.student_id),
    )
