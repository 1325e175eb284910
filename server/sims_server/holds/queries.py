"""Every SELECT of holds."""

from __future__ import annotations

from typing import Any

from sims_server.kernel.actor import Caller
from sims_server.kernel.paging import Filter, Listing, Order, Search
from sims_server.kernel.work import Work
from sims_server.people.queries import OF_PERSON, search_of_students
from sims_shared.access import Permission
from sims_shared.holds import HoldKindView, HoldLifters, HoldView
from sims_shared.problems import NotFound
from sims_shared.values import SYSTEM, Person


def _scope(caller: Caller) -> tuple[str, dict[str, Any]]:
    reach = caller.reach(Permission.READ_HOLDS)
    if reach.everything:
        return "", {}
    if reach.student_id is not None:
        return "h.student_id = %(scope_student)s", {"scope_student": reach.student_id}
    return "false", {}


def _search(caller: Caller) -> str | Search:
    """By whom it stands against, or by its own words."""
    own_words = "folded(h.reason || ' ' || h.contact) LIKE {0}"
    if caller.is_only_student:
        return own_words
    found = search_of_students("h.student_id", wider=True)(caller)
    return Search(f"{own_words} OR {found.words}", f"{own_words} OR {found.numbers}")


def _shape(row: dict[str, Any]) -> dict[str, Any]:
    placer, lifter = row.pop("placer"), row.pop("lifter")
    row["placed_by"] = SYSTEM if row["placed_by"] is None else Person(row["placed_by"], placer)
    if row["lifted_at"] is None:
        row["lifted_by"] = None
    else:
        row["lifted_by"] = SYSTEM if row["lifted_by"] is None else Person(row["lifted_by"], lifter)
    return row


HOLDS = Listing(
    entity="hold",
    columns={
        "id": "h.id",
        "student_id": "h.student_id",
        "student_name": "s.name",
        "reg_no": (
            "(SELECT r.reg_no FROM registration r WHERE r.student_id = h.student_id "
            "ORDER BY r.is_current DESC, r.id DESC LIMIT 1)"
        ),
        "kind": "h.kind",
        "blocks": "h.blocks",
        "effect": "h.effect",
        "reason": "h.reason",
        "amount": "h.amount",
        "contact": "h.contact",
        "placed_by": "h.placed_by",
        "placer": "p.name",
        "placed_at": "h.placed_at",
        "lifted_at": "h.lifted_at",
        "lifted_by": "h.lifted_by",
        "lifter": "l.name",
        "lift_reason": "h.lift_reason",
    },
    source=(
        "hold h JOIN student s ON s.id = h.student_id LEFT JOIN account p ON p.id = h.placed_by "
        "LEFT JOIN account l ON l.id = h.lifted_by"
    ),
    key="h.id",
    filters={
        "student_id": Filter(OF_PERSON.format("h.student_id"), int),
        "kind": Filter("h.kind = {}", str),
        "lifted": Filter("(h.lifted_at IS NOT NULL) = {}", bool),
    },
    orders={"placed_at": Order("h.placed_at", "timestamptz")},
    search=_search,
    scope=_scope,
    shape=_shape,
)
KINDS = Listing(
    entity="hold_kind",
    columns={name: f"k.{name}" for name in ("id", "kind", "lifted_by", "blocks", "effect", "contact")},
    source="hold_kind k",
    key="k.id",
    orders={"kind": Order("k.kind")},
    default_order="kind",
    search="folded(k.kind || ' ' || k.contact) LIKE {}",
)


def get_hold(work: Work, id: int) -> HoldView:
    """One hold."""
    row = HOLDS.one(work, id)
    if row is None:
        raise NotFound
    return HoldView(**row)


def access_hold(work: Work, id: int) -> None:
    """Lock a hold within the caller's scope. Raises NotFound."""
    condition, values = _scope(work.caller)
    scoped = f" AND {condition}" if condition else ""
    if (
        work.row(f"SELECT h.id FROM hold h WHERE h.id = %(id)s{scoped} FOR NO KEY UPDATE", id=id, **values)
        is None
    ):
        raise NotFound


def get_kind(work: Work, kind: str) -> HoldKindView:
    """One kind of hold."""
    found = find_kind(work, kind)
    if found is None:
        raise NotFound
    return found


def access_kind(work: Work, kind: str) -> int:
    """The number of a kind of hold, locked. Raises NotFound."""
    row = work.row("SELECT id FROM hold_kind WHERE kind = %(kind)s FOR NO KEY UPDATE", kind=kind)
    if row is None:
        raise NotFound
    id: int = row["id"]
    return id


def lifting_roles(work: Work) -> list[str]:
    """Roles whose holders may place and lift holds of the kinds that name them."""
    rows = work.rows(
        "SELECT name FROM role WHERE permissions && %(any)s::text[] ORDER BY name",
        any=[str(Permission.PLACE_FEE_HOLD)],
    )
    return [row["name"] for row in rows]


def get_hold_lifters(work: Work) -> HoldLifters:
    """The roles that a kind of hold may name."""
    return HoldLifters(roles=lifting_roles(work))


def find_kind(work: Work, kind: str) -> HoldKindView | None:
    """A kind of hold, or None."""
    row = work.row(
        "SELECT id, kind, lifted_by, blocks, effect, contact FROM hold_kind WHERE kind = %(kind)s", kind=kind
    )
    return None if row is None else HoldKindView(**row)


def open_holds(work: Work, student_id: int, blocks: str) -> list[dict[str, Any]]:
    """The open holds of a student that touch `blocks` (enrollment, transcript, results, exam_slip):
    id, kind, effect, reason, amount, contact; the blocking ones first."""
    return work.rows(
        "SELECT id, kind, effect, reason, amount, contact FROM hold "
        "WHERE student_id = %(student)s AND lifted_at IS NULL AND %(blocks)s = ANY (blocks) "
        "ORDER BY effect <> 'block', id",
        student=student_id,
        blocks=blocks,
    )
