"""Every SELECT of regulations, and the choice of the one a new registration stands under."""

from __future__ import annotations

from typing import Any

import msgspec

from sims_server.kernel.paging import Filter, Listing, Order
from sims_server.kernel.work import Work
from sims_shared.problems import NotFound
from sims_shared.regulations import (
    AppliesTo,
    NoRegulationInForce,
    RegulationStatus,
    RegulationView,
    check_policy,
    in_words,
    regulation_in_force,
)

_APPLIES = (
    "jsonb_build_object('level', g.level, 'programs', to_jsonb(g.programs), 'intake_from', g.intake_from, "
    "'intake_to', g.intake_to)"
)

REGULATIONS = Listing(
    entity="regulation",
    columns={
        "id": "g.id",
        "code": "g.code",
        "version": "g.version",
        "authority": "g.authority",
        "applies": _APPLIES,
        "status": "g.status",
        "policy": "g.policy",
    },
    source="regulation g",
    key="g.id",
    filters={"code": Filter("g.code = {}", str), "status": Filter("g.status = {}", RegulationStatus)},
    orders={"code": Order("g.code"), "version": Order("g.version", "integer")},
    search="folded(g.code || ' ' || g.authority) LIKE {}",
)


class InForce(msgspec.Struct, frozen=True, kw_only=True):
    """A regulation as the choice looks at it."""

    id: int
    status: str
    version: int
    applies: AppliesTo


def get_regulation(work: Work, regulation_id: int) -> RegulationView:
    """One regulation, also in words."""
    row = REGULATIONS.one(work, regulation_id)
    if row is None:
        raise NotFound
    row["applies"] = AppliesTo(**row["applies"])
    return RegulationView(**row, in_words=in_words(check_policy(row["policy"])))


def access_regulation(work: Work, regulation_id: int) -> None:
    """Lock the regulation for a change, against registrations that are just choosing it."""
    if work.row("SELECT id FROM regulation WHERE id = %(id)s FOR UPDATE", id=regulation_id) is None:
        raise NotFound


def regulations_in_force(work: Work) -> list[InForce]:
    """All that are in force, for choosing in bulk with `sims_shared.regulations.regulation_in_force`."""
    rows = work.rows(
        f"SELECT g.id, g.version, {_APPLIES} AS applies FROM regulation g WHERE g.status = 'in_force'"
    )
    return [
        InForce(id=row["id"], status="in_force", version=row["version"], applies=AppliesTo(**row["applies"]))
        for row in rows
    ]


def choose_regulation(work: Work, program_id: int, intake: str) -> int:
    """The id of the regulation for a new registration, locked against being withdrawn meanwhile.
    Raises NoRegulationInForce. The program must exist."""
    program = work.row("SELECT code, level FROM program WHERE id = %(id)s", id=program_id)
    assert program is not None
    while True:
        chosen = regulation_in_force(
            regulations_in_force(work), program["code"], program["level"], intake, program_id=program_id
        )
        if chosen is None:
            raise NoRegulationInForce(f"No regulation is in force for {program['code']} and intake {intake}.")
        status = work.value("SELECT status FROM regulation WHERE id = %(id)s FOR KEY SHARE", id=chosen.id)
        if status == "in_force":
            return chosen.id


def next_version(work: Work, code: str) -> int:
    """The version after the newest of this code."""
    found: int = work.value(
        "SELECT coalesce(max(version), 0) + 1 FROM regulation WHERE code = %(code)s", code=code
    )
    return found


def is_in_use(work: Work, regulation_id: int) -> bool:
    """Whether anybody was registered under it."""
    return bool(
        work.value("SELECT EXISTS (SELECT FROM registration WHERE regulation_id = %(id)s)", id=regulation_id)
    )


def program_codes(work: Work, wanted: list[str | int]) -> dict[str | int, str]:
    """The code of each wanted program that exists, named by code or id."""
    rows = work.rows(
        "SELECT id, code FROM program WHERE id = ANY(%(ids)s::bigint[]) OR code = ANY(%(codes)s::text[])",
        ids=[name for name in wanted if isinstance(name, int)],
        codes=[name for name in wanted if isinstance(name, str)],
    )
    found: dict[str | int, str] = {}
    for row in rows:
        found[row["id"]] = found[row["code"]] = row["code"]
    return found


def any_regulation(work: Work) -> bool:
    """Whether there is a regulation at all."""
    found: Any = work.value("SELECT EXISTS (SELECT FROM regulation)")
    return bool(found)
