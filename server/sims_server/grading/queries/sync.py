"""SELECTs by which a batch is judged: the device and its receipts, and the cells that it touches."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from sims_server.grading.queries.sheets import hex_digest
from sims_server.kernel.arrays import array_of
from sims_server.kernel.work import Work
from sims_shared.grading import Outcome, SyncBatch
from sims_shared.merge import AssessmentFacts, Cell, DeviceFacts, Key, SheetFacts
from sims_shared.problems import NotFound
from sims_shared.values import SYSTEM, Person

_outcomes = msgspec.json.Decoder(list[Outcome])
_written = msgspec.json.Decoder(list[tuple[int, int, int]])


class Standing(NamedTuple):
    """What is known before the cells are: who pushes, with which device, to which server."""

    device: DeviceFacts
    teaching: bool
    epoch: str
    version_floor: int
    now: datetime  # the transaction's time, which the cells will carry


def standing_of(work: Work, section_id: int, batch: SyncBatch) -> Standing:
    """Read after the sheet's row is locked. Names the device to the triggers, too."""
    row = work.row(
        """
        SELECT set_config('sims.client_id', %(client)s::text, true), now() AS now,
               y.epoch::text AS epoch, y.version_floor,
               (SELECT d.account_id FROM sync_device d WHERE d.client_id = %(client)s::uuid) AS account_id,
               (SELECT max(c.mid) FROM sync_receipt c
                 WHERE c.client_id = %(client)s::uuid AND c.section_id = %(section)s) AS last_mid,
               f.until IS NULL AS teaching, c.body_hash, c.outcome
          FROM system y
          JOIN section_staff f ON f.section_id = %(section)s AND f.account_id = %(me)s
          LEFT JOIN sync_receipt c
            ON c.client_id = %(client)s::uuid AND c.section_id = f.section_id AND c.mid = %(mid)s""",
        client=batch.client_id,
        section=section_id,
        mid=batch.mid,
        me=work.caller.id,
    )
    if row is None:
        raise NotFound
    receipt = None
    if row["body_hash"] is not None:
        receipt = bytes(row["body_hash"]).hex(), _outcomes.decode(bytes(row["outcome"]))
    device = DeviceFacts(row["account_id"], row["last_mid"] or 0, receipt)
    return Standing(device, row["teaching"], row["epoch"], row["version_floor"], row["now"])


def sheet_facts(work: Work, sheet: dict[str, Any], standing: Standing, touched: set[Key]) -> SheetFacts:
    """The sheet as far as `touched` goes, of its cells only the versions. A batch that is only to be answered
    again touches nothing."""
    section_id = sheet["section_id"]
    enrollments = sorted({enrollment_id for enrollment_id, _ in touched})
    roster: dict[int, str] = {}
    assessments: dict[int, AssessmentFacts] = {}
    cells: dict[Key, Cell] = {}
    if touched:
        roster = {
            row["id"]: row["status"]
            for row in work.rows(
                "SELECT id, status FROM enrollment WHERE section_id = %(section)s AND id = ANY "
                "(%(ids)s::bigint[])",
                section=section_id,
                ids=array_of(enrollments),
            )
        }
        assessments = {
            row["id"]: AssessmentFacts(row["max_score"], row["locked"], row["entered_by"])
            for row in work.rows(
                "SELECT id, max_score, locked_at IS NOT NULL AS locked, entered_by FROM assessment "
                "WHERE section_id = %(section)s",
                section=section_id,
            )
        }
        cells = _versions(work, section_id, enrollments)
    return SheetFacts(
        section_id=section_id,
        state=sheet["state"],
        rev=sheet["rev"],
        digest=hex_digest(sheet["digest"]),
        epoch=standing.epoch,
        teaching=standing.teaching,
        roster=roster,
        assessments=assessments,
        cells=cells,
        version_floor=standing.version_floor,
    )


def _versions(work: Work, section_id: int, enrollments: list[int]) -> dict[Key, Cell]:
    """Of all cells of these rows the version alone. As JSON text: of 4,000 rows the driver makes dicts."""
    written = work.value(
        "SELECT '[' || string_agg(concat('[', enrollment_id, ',', assessment_id, ',', version, ']'), ',') "
        "|| ']' FROM assessment_score WHERE section_id = %(section)s "
        "AND enrollment_id = ANY (%(enrollments)s::bigint[])",
        section=section_id,
        enrollments=array_of(enrollments),
    )
    if written is None:
        return {}
    alike: dict[int, Cell] = {}
    cells = {}
    for enrollment_id, assessment_id, version in _written.decode(written):
        cell = alike.get(version)
        if cell is None:
            cell = alike[version] = Cell(None, None, version)
        cells[enrollment_id, assessment_id] = cell
    return cells


def cells_of(work: Work, section_id: int, touched: Collection[Key]) -> dict[Key, Cell]:
    """These cells as they are, with their authors."""
    enrollments = sorted({enrollment_id for enrollment_id, _ in touched})
    assessments = sorted({assessment_id for _, assessment_id in touched})
    rows = work.rows(
        "SELECT enrollment_id, assessment_id, mark, score, version, updated_by, updated_at "
        "FROM assessment_score WHERE section_id = %(section)s "
        "AND enrollment_id = ANY (%(enrollments)s::bigint[]) "
        "AND assessment_id = ANY (%(assessments)s::bigint[])",
        section=section_id,
        enrollments=array_of(enrollments),
        assessments=array_of(assessments),
    )
    # Of thousands of cells there are a few authors: named once each.
    people: dict[int | None, Person] = {
        author: SYSTEM if author is None else Person(author, "") for author in {r["updated_by"] for r in rows}
    }
    for named in work.rows(
        "SELECT id, name FROM account WHERE id = ANY (%(ids)s)", ids=[*filter(None, people)]
    ):
        people[named["id"]] = Person(named["id"], named["name"])
    cells = {}
    for row in rows:
        cells[row["enrollment_id"], row["assessment_id"]] = Cell(
            row["mark"], row["score"], row["version"], people[row["updated_by"]], row["updated_at"]
        )
    return cells
