"""Results from before this system, brought the lawful way: one proposes, another confirms, one commit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sims_server.kernel.database import Connection
from tests.support.university import University


def _acting(connection: Connection, account: int) -> None:
    connection.value("SELECT set_config('sims.actor', %(id)s, true)", id=str(account))


def bring(
    university: University, proposer: int, confirmer: int, insert: Callable[[Connection, int], Any]
) -> Any:
    """Carry `insert(connection, import_id)` out in the transaction that commits a batch of two people.
    The accounts are of the registrar's office or the examination cell."""
    batch = university.insert("import_batch", kind="results_history", file_name="old.csv", file=b"")
    for acting, change in (
        (proposer, "status = 'previewed', plan_hash = 'plan'"),
        (proposer, "proposed_by = %(by)s, proposed_at = now()"),
        (confirmer, "confirmed_by = %(by)s, confirmed_at = now()"),
    ):
        with university.database.transaction() as connection:
            _acting(connection, acting)
            connection.run(f"UPDATE import_batch SET {change} WHERE id = %(id)s", id=batch, by=acting)
    with university.database.transaction() as connection:
        _acting(connection, confirmer)
        connection.run(
            "UPDATE import_batch SET status = 'committed', committed_at = now() WHERE id = %(id)s", id=batch
        )
        return insert(connection, batch)


def bring_result(university: University, **values: Any) -> int:
    """One brought result; the accounts `registrar` and `examcell` stand behind it."""

    def insert(connection: Connection, batch: int) -> int:
        given = {"source": "legacy", "import_id": batch, **values}
        columns = ", ".join(given)
        places = ", ".join(f"%({name})s" for name in given)
        made: int = connection.value(
            f"INSERT INTO result ({columns}) VALUES ({places}) RETURNING id", **given
        )
        return made

    brought: int = bring(university, university.ids["registrar"], university.ids["examcell"], insert)
    return brought
