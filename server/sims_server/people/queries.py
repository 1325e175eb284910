"""Every SELECT of people, and who may see whom.

The list of students is an index walk: the current registration is joined to a student by an index that
holds only current ones, so a page of fifty reads fifty of each.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sims_server.kernel.actor import Caller
from sims_server.kernel.paging import Filter, Listing, Order, Search
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.people import (
    MergeStatus,
    RegistrationStatus,
    RegistrationView,
    RegulationMove,
    StatusOrder,
    StudentMergeView,
    StudentView,
)
from sims_shared.problems import NotFound
from sims_shared.values import SYSTEM, Person

# For filters by student, in any list: two records of one person are one person.
OF_PERSON = "{} = ANY (same_person({{}}))"
# Nearly nobody has one; to see that costs a third of sorting none. Not EXISTS, for which the planner may read
# everybody's once and for all.
FORMER_NAMES = (
    "CASE WHEN (SELECT true FROM student_name_version o WHERE o.student_id = s.id LIMIT 1) THEN "
    "ARRAY(SELECT n.name FROM (SELECT v.name, max(v.id) AS last FROM student_name_version v "
    "WHERE v.student_id = s.id AND v.name <> s.name GROUP BY v.name) n ORDER BY n.last DESC) ELSE '{}' END"
)
_MERGED = (
    "CASE WHEN (SELECT true FROM student o WHERE o.merged_into = s.id LIMIT 1) THEN "
    "ARRAY(SELECT d.id FROM student d WHERE d.merged_into = s.id ORDER BY d.id) ELSE '{}' END"
)
# What words are looked for in: the view, whose statistics the planner may use, by a walk in the list's order
# or the trigrams' index, as the planner likes. Of numbers all who have it are taken first, from the endings
# that begin with it; no character of a number comes after "~".
_BY_WORDS = "{column} IN (SELECT m.id FROM student_search m{join} WHERE m.search_text LIKE {{0}}{rest})"
_BY_NUMBERS = (
    "{column} = ANY (ARRAY(SELECT m.student_id FROM student_number m{join} "
    "WHERE m.ending >= {{1}} AND m.ending < {{1}} || '~'{rest}))"
)
# For whom the phone number is hidden: found by the index, kept when the rest says so too.
_REST_HAS_IT = (
    " AND coalesce(replace(h.search_text || E'\\n', E'\\n' || folded(h.phone) || E'\\n', E'\\n'), "
    "h.search_text) LIKE {0}"
)
# A student's transaction searches the table, whose policy shows one row: the view would say others aloud.
_SEARCH_OWN = "{} IN (SELECT m.id FROM student m WHERE m.search_text LIKE {{}})"
_OF_DEPARTMENT = (
    "s.id IN (SELECT o.student_id FROM registration o JOIN program op ON op.id = o.program_id "
    "WHERE op.department_id = ANY(%(departments)s::bigint[]))"
)
_TAUGHT = (
    "s.id IN (SELECT e.student_id FROM section_staff t JOIN enrollment e ON e.section_id = t.section_id "
    "WHERE t.account_id = %(account)s AND t.until IS NULL AND e.status <> 'dropped')"
)
# How much of the private fields this reader sees of this student. Not EXISTS: the planner would hash
# every student of the department to look up fifty.
_IN_DEPARTMENT = (
    "(SELECT bool_or(op.department_id = ANY(%({})s::bigint[])) "
    "FROM registration o JOIN program op ON op.id = o.program_id WHERE o.student_id = s.id)"
)
_PRIVATE = f"""CASE
  WHEN %(private_all)s THEN 'whole'
  WHEN s.id = %(own_student)s::bigint THEN 'whole'
  WHEN %(private_some)s AND {_IN_DEPARTMENT.format("private_departments")} THEN 'whole'
  WHEN %(masked_all)s THEN 'masked'
  WHEN %(masked_some)s AND {_IN_DEPARTMENT.format("departments")} THEN 'masked'
  ELSE 'hidden' END"""


def _masked(column: str, mask: str) -> str:
    return f"CASE v.private WHEN 'whole' THEN s.{column} WHEN 'masked' THEN {mask} END"


def student_scope(caller: Caller) -> tuple[str, dict[str, Any]]:
    """Condition on `s.id` (a student) for whom the caller sees, with its values."""
    reach = caller.reach(Permission.READ_STUDENTS)
    private = caller.reach(Permission.READ_PRIVATE_FIELDS)
    # Who sees nobody but those of whom the private fields are open need not be asked row by row.
    whole = not (reach.everything or reach.own_sections) and {*reach.departments} <= {*private.departments}
    values: dict[str, Any] = {
        "account": caller.id,
        "departments": list(reach.departments),
        "private_all": private.everything or (whole and reach.student_id == private.student_id),
        "private_some": bool(private.departments),
        "private_departments": list(private.departments),
        "masked_all": reach.everything,
        "masked_some": bool(reach.departments),
        "own_student": private.student_id,
    }
    if reach.everything:
        return "", values
    parts = []
    if reach.departments:
        parts.append(_OF_DEPARTMENT)
    if reach.own_sections:
        parts.append(_TAUGHT)
    if reach.student_id is not None:
        values["scope_student"] = reach.student_id
        parts.append("s.id = %(scope_student)s")
    return " OR ".join(parts) or "false", values


def registration_scope(caller: Caller) -> tuple[str, dict[str, Any]]:
    """The same for registrations `r`: a department sees those of its own programs."""
    reach = caller.reach(Permission.READ_STUDENTS)
    values: dict[str, Any] = {"account": caller.id, "departments": list(reach.departments)}
    if reach.everything:
        return "", values
    parts = []
    if reach.departments:
        parts.append(
            "r.program_id IN "
            "(SELECT op.id FROM program op WHERE op.department_id = ANY(%(departments)s::bigint[]))"
        )
    if reach.own_sections:
        parts.append(
            "r.id IN (SELECT e.registration_id "
            "FROM section_staff t JOIN enrollment e ON e.section_id = t.section_id "
            "WHERE t.account_id = %(account)s AND t.until IS NULL AND e.status <> 'dropped')"
        )
    if reach.student_id is not None:
        values["scope_student"] = reach.student_id
        parts.append("r.student_id = %(scope_student)s")
    return " OR ".join(parts) or "false", values


def search_of_students(column: str, *, wider: bool = False) -> Callable[[Caller], Search]:
    """For a list whose `column` is a student's id: what the caller's words are looked for in. The counter
    finds people by the number they say; to whom a number is hidden no list may tell it digit by digit.
    `wider`: the list names students whom its reader need not be allowed to read otherwise."""

    def search(caller: Caller) -> Search:
        if caller.is_only_student:
            return Search(*[_SEARCH_OWN.format(column)] * 2)
        reach, private = caller.reach(Permission.READ_STUDENTS), caller.reach(Permission.READ_PRIVATE_FIELDS)
        shown = not reach.own_sections and {*reach.departments} <= {*private.departments}
        if reach.everything or (shown and not wider):
            return Search(*(how.format(column=column, join="", rest="") for how in (_BY_WORDS, _BY_NUMBERS)))
        of_view, of_numbers = " JOIN student h ON h.id = m.id", " JOIN student h ON h.id = m.student_id"
        return Search(
            _BY_WORDS.format(column=column, join=of_view, rest=_REST_HAS_IT),
            _BY_NUMBERS.format(column=column, join=of_numbers, rest=_REST_HAS_IT),
        )

    return search


STUDENTS = Listing(
    entity="student",
    columns={
        "id": "s.id",
        "name": "s.name",
        "name_native": "s.name_native",
        "father_name": _masked("father_name", "left(s.father_name, 1) || '••••'"),
        "national_id": _masked("national_id", "'••••' || right(s.national_id, 2)"),
        "date_of_birth": _masked("date_of_birth", "NULL"),
        "email": "s.email",
        "phone": _masked("phone", "'••••' || right(s.phone, 2)"),
        "address": _masked("address", "CASE WHEN s.address IS NOT NULL THEN '••••' END"),
        "private": "v.private",
        "registration_id": "r.id",
        "reg_no": "r.reg_no",
        "roll_no": "r.roll_no",
        "program_id": "r.program_id",
        "intake": "r.intake",
        "batch": "r.batch",
        "regulation_id": "r.regulation_id",
        "status": "r.status",
        "admitted_on": "r.admitted_on",
        "cgpa": "r.cgpa",
        "credits_earned": "r.credits_earned",
        "former_names": FORMER_NAMES,
        "merged": _MERGED,
    },
    source=(
        "student s JOIN registration r ON r.student_id = s.id AND r.is_current "
        f"CROSS JOIN LATERAL (SELECT {_PRIVATE} AS private OFFSET 0) v"
    ),
    key="s.id",
    same_key=("r.student_id",),
    where="s.merged_into IS NULL",
    filters={
        "program_id": Filter("r.program_id = {}", int),
        "status": Filter("r.status = {}", RegistrationStatus),
        "reg_no": Filter("r.reg_no = {}", str),
        "intake": Filter("r.intake = {}", str),
        "batch": Filter("r.batch = {}", str),
    },
    orders={"name": Order('s.name COLLATE "C"'), "reg_no": Order("r.reg_no")},
    search=search_of_students("s.id"),
    scope=student_scope,
)

REGISTRATIONS = Listing(
    entity="registration",
    columns={
        "id": "r.id",
        "student_id": "r.student_id",
        "student_name": "s.name",
        "program_id": "r.program_id",
        "reg_no": "r.reg_no",
        "roll_no": "r.roll_no",
        "intake": "r.intake",
        "batch": "r.batch",
        "regulation_id": "r.regulation_id",
        "admitted_on": "r.admitted_on",
        "status": "r.status",
        "is_current": "r.is_current AND s.merged_into IS NULL",
        "cgpa": "r.cgpa",
        "credits_earned": "r.credits_earned",
    },
    source="registration r JOIN student s ON s.id = r.student_id",
    key="r.id",
    filters={
        "student_id": Filter(OF_PERSON.format("r.student_id"), int),
        "program_id": Filter("r.program_id = {}", int),
        "intake": Filter("r.intake = {}", str),
        "status": Filter("r.status = {}", RegistrationStatus),
        "reg_no": Filter("r.reg_no = {}", str),
        "is_current": Filter("r.is_current = {}", bool),
    },
    orders={
        "reg_no": Order("r.reg_no"),
        # Within a year spring comes before autumn, and S after F in the alphabet.
        "intake": Order("translate(r.intake, 'SF', '12')"),
    },
    search=search_of_students("s.id"),
    scope=registration_scope,
)


def get_student(work: Work, id: int) -> StudentView:
    """One student with the current registration; for a record that was merged, the person it was merged
    into, which the answer says."""
    row = STUDENTS.one(work, id)
    if row is not None:
        return StudentView(**row)
    into = work.value("SELECT merged_into FROM student WHERE id = %(id)s", id=id)
    row = None if into is None else STUDENTS.one(work, into)
    if row is None:
        raise NotFound
    return StudentView(**row, redirected_from=id)


def access_student(work: Work, id: int) -> None:
    """Lock a student within the caller's scope; nothing new is written to a record that was merged.
    Raises NotFound."""
    condition, values = student_scope(work.caller)
    scoped = " AND s.merged_into IS NULL" + (f" AND ({condition})" if condition else "")
    if (
        work.row(
            f"SELECT s.id FROM student s WHERE s.id = %(id)s{scoped} FOR NO KEY UPDATE OF s", id=id, **values
        )
        is None
    ):
        raise NotFound


def find_student_in_scope(work: Work, id: int) -> str | None:
    """The name of a student whom the caller may see, or None."""
    condition, values = student_scope(work.caller)
    scoped = f" AND ({condition})" if condition else ""
    found: str | None = work.value(
        f"SELECT s.name FROM student s WHERE s.id = %(id)s{scoped}", id=id, **values
    )
    return found


def get_registration(work: Work, id: int) -> RegistrationView:
    """One registration with its orders."""
    row = REGISTRATIONS.one(work, id)
    if row is None:
        raise NotFound
    orders = work.rows(
        "SELECT o.status, o.effective_on, o.order_no, o.reason, o.at, a.id AS account_id, a.name "
        "FROM registration_order o LEFT JOIN account a ON a.id = o.by_account_id "
        "WHERE o.registration_id = %(id)s ORDER BY o.id",
        id=id,
    )
    return RegistrationView(
        **row,
        orders=[
            StatusOrder(
                status=order["status"],
                effective_on=order["effective_on"],
                order_no=order["order_no"],
                reason=order["reason"],
                by=SYSTEM if order["account_id"] is None else Person(order["account_id"], order["name"]),
                at=order["at"],
            )
            for order in orders
        ],
        moves=[
            RegulationMove(
                from_regulation_id=move["from_regulation_id"],
                to_regulation_id=move["to_regulation_id"],
                reason=move["reason"],
                authority=move["authority"],
                by=SYSTEM if move["moved_by"] is None else Person(move["moved_by"], move["name"]),
                at=move["moved_at"],
            )
            for move in _moves_of(work, id)
        ],
    )


def _moves_of(work: Work, registration_id: int) -> list[dict[str, Any]]:
    return work.rows(
        "SELECT m.from_regulation_id, m.to_regulation_id, m.reason, m.authority, m.moved_by, a.name, "
        "m.moved_at FROM registration_move m LEFT JOIN account a ON a.id = m.moved_by "
        "WHERE m.registration_id = %(id)s ORDER BY m.id",
        id=registration_id,
    )


def access_registration(work: Work, id: int) -> None:
    """Lock a registration within the caller's scope. Raises NotFound."""
    condition, values = registration_scope(work.caller)
    scoped = f" AND ({condition})" if condition else ""
    statement = f"SELECT r.id FROM registration r WHERE r.id = %(id)s{scoped} FOR NO KEY UPDATE OF r"
    if work.row(statement, id=id, **values) is None:
        raise NotFound


def orders_of(work: Work, registration_id: int) -> list[tuple[Any, int, str]]:
    """(effective_on, id, status) of every order."""
    rows = work.rows(
        "SELECT effective_on, id, status FROM registration_order WHERE registration_id = %(id)s",
        id=registration_id,
    )
    return [(row["effective_on"], row["id"], row["status"]) for row in rows]


def status_facts(work: Work, registration_id: int) -> dict[str, Any]:
    """What orders about a registration are judged by; `initial` is what it was before the first."""
    row = work.row(
        "SELECT r.status, r.admitted_on, r.credits_earned, p.credits_required, "
        "coalesce((SELECT nullif(o.from_status, '') FROM registration_order o WHERE o.registration_id = r.id "
        "ORDER BY o.id LIMIT 1), CASE WHEN EXISTS (SELECT FROM registration_order o "
        "WHERE o.registration_id = r.id) THEN 'active' ELSE r.status END) AS initial "
        "FROM registration r JOIN program p ON p.id = r.program_id WHERE r.id = %(id)s",
        id=registration_id,
    )
    assert row is not None
    return row


def registrations_behind_their_orders(work: Work) -> list[int]:
    """Registrations whose latest order in effect today is not what they show. Looked for among those with an
    order of the last month: the job runs every night."""
    rows = work.rows(
        "SELECT r.id FROM registration r JOIN LATERAL (SELECT o.status FROM registration_order o "
        "WHERE o.registration_id = r.id AND o.effective_on <= %(today)s "
        "ORDER BY o.effective_on DESC, o.id DESC LIMIT 1) o ON o.status <> r.status "
        "WHERE r.id IN (SELECT d.registration_id FROM registration_order d "
        "WHERE d.effective_on BETWEEN %(since)s AND %(today)s) ORDER BY r.id",
        today=work.today,
        since=work.today - timedelta(days=31),
    )
    return [row["id"] for row in rows]


# -- Two records of one person ---------------------------------------------------------------------


def _shape_merge(row: dict[str, Any]) -> dict[str, Any]:
    for act in ("requested", "decided", "undone"):
        name = row.pop(f"{act}_name")
        row[f"{act}_by"] = None if row[f"{act}_by"] is None else Person(row[f"{act}_by"], name)
    return row


MERGES = Listing(
    entity="student_merge",
    columns={
        **{
            name: f"m.{name}"
            for name in (
                *("id", "survivor_id", "duplicate_id", "status", "reason", "requested_by", "requested_at"),
                *("decided_by", "decided_at", "decision_reason", "undone_by", "undone_at", "undo_reason"),
            )
        },
        "survivor_name": "s.name",
        "duplicate_name": "d.name",
        "requested_name": "a.name",
        "decided_name": "b.name",
        "undone_name": "u.name",
    },
    source=(
        "student_merge m JOIN student s ON s.id = m.survivor_id JOIN student d ON d.id = m.duplicate_id "
        "JOIN account a ON a.id = m.requested_by LEFT JOIN account b ON b.id = m.decided_by "
        "LEFT JOIN account u ON u.id = m.undone_by"
    ),
    key="m.id",
    filters={
        "status": Filter("m.status = {}", MergeStatus),
        "survivor_id": Filter("m.survivor_id = {}", int),
        "duplicate_id": Filter("m.duplicate_id = {}", int),
    },
    shape=_shape_merge,
)


def get_merge(work: Work, id: int) -> StudentMergeView:
    """One merge."""
    row = MERGES.one(work, id)
    if row is None:
        raise NotFound
    return StudentMergeView(**row)


def access_merge(work: Work, id: int) -> None:
    """Lock a merge and its two students, always in the same order. Raises NotFound."""
    row = work.row(
        "SELECT survivor_id, duplicate_id FROM student_merge WHERE id = %(id)s FOR NO KEY UPDATE", id=id
    )
    if row is None:
        raise NotFound
    _lock_both(work, row["survivor_id"], row["duplicate_id"])


def _lock_both(work: Work, one: int, other: int) -> None:
    work.rows(
        "SELECT id FROM student WHERE id = ANY (%(ids)s) ORDER BY id FOR NO KEY UPDATE",
        ids=sorted({one, other}),
    )


def merge_facts(work: Work, survivor_id: int, duplicate_id: int) -> dict[int, dict[str, Any]]:
    """By id: name, whether merged, whether others are merged into it, and its account."""
    _lock_both(work, survivor_id, duplicate_id)
    rows = work.rows(
        "SELECT s.id, s.name, s.merged_into, a.id AS account_id, "
        "EXISTS (SELECT FROM student d WHERE d.merged_into = s.id) AS has_merged "
        "FROM student s LEFT JOIN account a ON a.student_id = s.id WHERE s.id = ANY (%(ids)s)",
        ids=[survivor_id, duplicate_id],
    )
    return {row["id"]: row for row in rows}


def live_in_both(work: Work, one: int, other: int) -> list[tuple[int, str]]:
    """The programs (id, code) in which both have a registration that has not ended."""
    rows = work.rows(
        "SELECT p.id, p.code FROM program p WHERE %(wanted)s = (SELECT count(DISTINCT r.student_id) "
        "FROM registration r WHERE r.program_id = p.id AND r.student_id = ANY (%(ids)s) "
        "AND r.status IN ('provisional', 'active', 'on_leave', 'suspended')) ORDER BY p.code",
        wanted=2,
        ids=[one, other],
    )
    return [(row["id"], row["code"]) for row in rows]


def hand_account_over(work: Work, merge_id: int, *, back: bool = False) -> None:
    """Whoever signs in as the merged record signs in as the person, until it is undone."""
    giver, taker = ("survivor_id", "duplicate_id") if back else ("duplicate_id", "survivor_id")
    work.run(
        f"UPDATE account a SET student_id = m.{taker} FROM student_merge m "
        f"WHERE m.id = %(id)s AND a.id = m.account_id AND a.student_id = m.{giver}",
        id=merge_id,
    )


def issued_since_merge(work: Work, merge_id: int) -> list[str]:
    """Serials of valid documents issued to either since they are one."""
    rows = work.rows(
        "SELECT d.serial FROM issued_document d JOIN student_merge m "
        "ON d.student_id IN (m.survivor_id, m.duplicate_id) AND d.issued_at > m.decided_at "
        "WHERE m.id = %(id)s AND document_status(d.id) = 'valid' ORDER BY d.serial",
        id=merge_id,
    )
    return [row["serial"] for row in rows]
