"""What an import did, as the audit of its own transaction says, and what stands on it since.

The rule a newcomer would get wrong: the file does not say what was there before it. The audit does, column
by column, and so what is put back is exactly what was taken away.
"""

from __future__ import annotations

from typing import Any

from sims_server.kernel.work import Work

# The rows that the audit wrote in the transaction of the commit. By time as well: that has an index.
_MINE = """
mine AS MATERIALIZED (
  SELECT a.* FROM audit_entry a, import_batch b
   WHERE b.id = %(import)s AND a.transaction_id = b.committed_in AND a.entity = ANY (%(entities)s)
     AND a.at >= b.committed_stamp AND a.at < b.committed_stamp + interval '1 day')"""


def made_by(work: Work, import_id: int, entity: str) -> list[int]:
    """The ids of the rows of this entity that the import made."""
    return [
        row["entity_id"]
        for row in work.rows(
            f"WITH {_MINE} SELECT entity_id FROM mine WHERE operation = 'insert' ORDER BY 1",
            **{"import": import_id},
            entities=[entity],
        )
    ]


def changed_since(work: Work, import_id: int, entities: list[str]) -> list[dict[str, Any]]:
    """Rows that somebody changed or removed since, where it touches what the import wrote: entity,
    entity_id, the row of the file where it is known, by whom, when. A later import that was undone has given
    back all it took, so neither it nor its undo has changed anything."""
    return work.rows(
        f"""
WITH {_MINE},
     undone AS MATERIALIZED (
       SELECT a.entity_id AS id, a.transaction_id FROM audit_entry a
        WHERE a.entity = 'import' AND a.entity_id > %(import)s AND a.changes->'status'->>1 = 'undone'),
     given_back AS MATERIALIZED (
       SELECT transaction_id FROM undone UNION ALL
       SELECT b.committed_in FROM import_batch b JOIN undone u ON u.id = b.id),
     touched AS (SELECT entity, entity_id, max(id) AS last, bool_or(operation = 'insert') AS whole,
                        array_agg(DISTINCT k) AS columns
                   FROM mine CROSS JOIN LATERAL jsonb_object_keys(changes) k GROUP BY 1, 2)
SELECT DISTINCT ON (t.entity, t.entity_id) t.entity, t.entity_id, e.number, later.actor_name, later.at
  FROM touched t
  JOIN audit_entry later ON later.entity = t.entity AND later.entity_id = t.entity_id AND later.id > t.last
       AND (t.whole OR later.operation <> 'update' OR later.changes ?| t.columns)
       AND NOT EXISTS (SELECT FROM given_back g WHERE g.transaction_id = later.transaction_id)
  LEFT JOIN import_effect e ON e.import_id = %(import)s AND e.target = t.entity_id AND t.entity = %(main)s
 ORDER BY t.entity, t.entity_id, later.id DESC LIMIT 1000""",
        **{"import": import_id},
        entities=entities,
        main=entities[-1],
    )


def dependants_of(work: Work, import_id: int, table: str, ids: list[int]) -> list[dict[str, Any]]:
    """What refers to these rows: id, the row of the file, which table refers, how often."""
    return work.rows(
        "SELECT d.id, e.number, d.dependant, d.n FROM dependants_of(%(table)s, %(ids)s::bigint[]) d "
        "LEFT JOIN import_effect e ON e.import_id = %(import)s AND e.target = d.id "
        "ORDER BY e.number, d.dependant LIMIT 1000",
        **{"import": import_id},
        table=table,
        ids=ids,
    )


def put_back(
    work: Work, import_id: int, table: str, entity: str, columns: tuple[str, ...], *, only: str = "true"
) -> int:
    """Give the rows that the import changed back what they held: how many. `only` those where it holds, a
    condition on `t`, `past` and `old.held`."""
    restored = ", ".join(
        f"{column} = CASE WHEN old.held ? '{column}' THEN past.{column} ELSE t.{column} END"
        for column in columns
    )
    return work.run(
        f"""
WITH {_MINE},
     first AS (
       SELECT DISTINCT ON (m.entity_id, c.key) m.entity_id, c.key, c.value->0 AS held
         FROM mine m CROSS JOIN LATERAL jsonb_each(m.changes) c
        WHERE m.operation = 'update'
          AND NOT EXISTS (SELECT FROM mine n WHERE n.entity_id = m.entity_id AND n.operation = 'insert')
        ORDER BY m.entity_id, c.key, m.id),
     old AS (SELECT entity_id, jsonb_object_agg(key, held) AS held FROM first GROUP BY 1)
UPDATE {table} t SET {restored}
  FROM old CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, old.held) past
 WHERE t.id = old.entity_id AND old.held ?| %(columns)s AND ({only})""",
        **{"import": import_id},
        entities=[entity],
        columns=list(columns),
    )


def put_again(work: Work, import_id: int, table: str, entity: str, columns: tuple[str, ...]) -> int:
    """Insert again the rows that the import took away: how many."""
    names = ", ".join(columns)
    past = ", ".join(f"past.{column}" for column in columns)
    return work.run(
        f"""
WITH {_MINE},
     old AS (SELECT m.id, (SELECT jsonb_object_agg(key, value->0) FROM jsonb_each(m.changes)) AS held
               FROM mine m WHERE m.operation = 'delete')
INSERT INTO {table} ({names})
SELECT {past} FROM old CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, old.held) past
 ORDER BY old.id""",
        **{"import": import_id},
        entities=[entity],
    )


def effects_of(work: Work, import_id: int) -> list[dict[str, Any]]:
    """The changed rows of an import with what changed: number, target, changes."""
    return work.rows(
        "SELECT number, target, changes FROM import_effect "
        "WHERE import_id = %(import)s AND changes IS NOT NULL ORDER BY number",
        **{"import": import_id},
    )
