"""A push of one device, and its heartbeat.

`sims_shared.merge.sync_batch` decides; this module fetches what it decides by and writes what it decided:
cells, conflicts and receipt in one transaction, each in one statement.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import msgspec

from sims_server.grading.queries import sheets
from sims_server.grading.queries.sync import cells_of, sheet_facts, standing_of
from sims_server.kernel.arrays import array_of
from sims_server.kernel.execute import operation
from sims_server.kernel.repeated_names import may_repeat, repeated_names
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.grading import DeviceOfAnother, SyncAnswer, SyncBatch, SyncOp, read_batch
from sims_shared.merge import Decision, SheetFacts, body_hash, sync_batch, touched
from sims_shared.problems import InvalidInput

_DEVICE = "coalesce((SELECT l.device FROM login_session l WHERE l.id = nullif(%(session)s, '')::uuid), '')"
# A device that was never seen is bound; of one that was, the account it belongs to.
_BIND = f"""
WITH made AS (INSERT INTO sync_device (client_id, account_id, name)
       SELECT %(client)s, %(me)s, {_DEVICE}
       ON CONFLICT (client_id) DO NOTHING RETURNING account_id)
SELECT account_id FROM made UNION ALL SELECT account_id FROM sync_device WHERE client_id = %(client)s"""
# Every open sheet beats every few seconds: one statement, and what beats in another's name leaves no trace.
# Nor does a reader's: only who teaches or taught the section holds marks of it; whoever else says so would
# stand in the way of the submit.
_BEAT = f"""
WITH teaches AS (SELECT FROM section_staff t
                  WHERE t.section_id = %(section)s AND t.account_id = %(me)s LIMIT 1),
     made AS (INSERT INTO sync_device (client_id, account_id, name)
       SELECT %(client)s, %(me)s, {_DEVICE} FROM teaches
       ON CONFLICT (client_id) DO NOTHING RETURNING account_id),
     owner AS (SELECT account_id FROM made
               UNION ALL SELECT account_id FROM sync_device WHERE client_id = %(client)s
               UNION ALL SELECT %(me)s WHERE NOT EXISTS (SELECT FROM teaches)
                 AND NOT EXISTS (SELECT FROM sync_device WHERE client_id = %(client)s)),
     beat AS (INSERT INTO sync_presence (client_id, section_id, last_seen_at, pending, conflicts)
       SELECT %(client)s, %(section)s, %(now)s, %(pending)s, %(conflicts)s
         FROM owner, teaches WHERE account_id = %(me)s
       ON CONFLICT (client_id, section_id) DO UPDATE SET last_seen_at = EXCLUDED.last_seen_at,
         pending = EXCLUDED.pending, conflicts = EXCLUDED.conflicts)
SELECT account_id FROM owner"""

# The loop over cells is PostgreSQL's, and so is what each cell's version, author and time come to.
_WRITE = """
SELECT h.rev, h.digest FROM write_marks(%(section)s, %(enrollments)s::bigint[], %(assessments)s::bigint[],
  %(marks)s::text[], %(scores)s::numeric[], %(vers)s::integer[]) h"""

_RECORD_CONFLICTS = """
INSERT INTO sync_conflict (section_id, enrollment_id, assessment_id, cell_version, base_version, base_mark,
                           base_score, their_mark, their_score, their_account_id, my_mark, my_score,
                           my_account_id, client_id, edit_id)
SELECT %(section)s, u.enrollment_id, u.assessment_id, u.their_ver, u.base_ver, v.mark, v.score,
       u.their_mark, u.their_score, u.their_by, u.my_mark, u.my_score, %(me)s, %(client)s, u.edit_id
  FROM unnest(%(enrollments)s::bigint[], %(assessments)s::bigint[],
              %(their_vers)s::integer[], %(base_vers)s::integer[],
              %(their_marks)s::text[], %(their_scores)s::numeric[], %(their_by)s::bigint[],
              %(my_marks)s::text[], %(my_scores)s::numeric[], %(edit_ids)s::text[])
         AS u (enrollment_id, assessment_id, their_ver, base_ver, their_mark, their_score, their_by,
               my_mark, my_score, edit_id)
  LEFT JOIN assessment_score_version v
    ON v.enrollment_id = u.enrollment_id AND v.assessment_id = u.assessment_id AND v.version = u.base_ver"""


@dataclass(frozen=True, slots=True)
class Push:
    """A batch, and the very bytes that came: their hash goes into the receipt."""

    section_id: int
    body: bytes
    batch: SyncBatch


def read_push(body: bytes, path: dict[str, Any]) -> Push:
    batch = read_batch(body)
    names = len(SyncBatch.__struct_fields__) + len(batch.ops) * len(SyncOp.__struct_fields__)
    if may_repeat(body, names) and (faults := repeated_names(body)):
        raise InvalidInput(errors=faults)
    return Push(path["section_id"], body, batch)


@operation(Permission.ENTER_SCORES, "sheets.sync")
def sync_sheet(work: Work, push: Push) -> SyncAnswer:
    """Take in one batch of a device; one outcome for every edit, in order."""
    batch = push.batch
    sheet = sheets.lock_sheet(work, push.section_id)
    standing = standing_of(work, push.section_id, batch)
    anew = standing.device.receipt is None and batch.mid == standing.device.last_mid + 1
    keys = touched(batch) if anew else set()
    hashed = body_hash(push.body)

    def judged(facts: SheetFacts) -> Decision:
        person, now = work.caller.person, standing.now
        return sync_batch(facts, standing.device, batch, hashed=hashed, account=person, now=now, summed=False)

    # Whether an edit is on top is a matter of versions; what a cell holds is asked only where one is not.
    facts = sheet_facts(work, sheet, standing, keys)
    decision = judged(facts)
    if keys and any(outcome.outcome != "applied" for outcome in decision.answer.outcomes):
        decision = judged(replace(facts, cells=cells_of(work, push.section_id, keys)))
    if decision.receipt is None:
        return decision.answer
    return _carry_out(work, push, decision)


def _carry_out(work: Work, push: Push, decision: Decision) -> SyncAnswer:
    client_id, receipt = push.batch.client_id, decision.receipt
    assert receipt is not None
    if decision.first_use:
        bind_device(work, client_id)
    answer = _write(work, push.section_id, decision) if decision.writes else decision.answer
    if decision.conflicts:
        _record_conflicts(work, push, decision)
    work.run(
        "INSERT INTO sync_receipt (client_id, section_id, mid, account_id, body_hash, outcome) "
        "VALUES (%(client)s, %(section)s, %(mid)s, %(me)s, %(hash)s, %(outcome)s)",
        client=client_id,
        section=push.section_id,
        mid=receipt.mid,
        me=receipt.account_id,
        hash=bytes.fromhex(receipt.body_hash),
        outcome=msgspec.json.encode(receipt.outcomes),
    )
    # What was pushed waits no longer; the next heartbeat says the rest.
    work.run(
        "UPDATE sync_presence SET last_seen_at = %(now)s, pending = greatest(0, pending - %(ops)s) "
        "WHERE client_id = %(client)s AND section_id = %(section)s",
        now=work.now,
        ops=len(push.batch.ops),
        client=client_id,
        section=push.section_id,
    )
    return answer


def _write(work: Work, section_id: int, decision: Decision) -> SyncAnswer:
    writes = decision.writes
    # Refused unless each cell comes to the version that was decided: what is said is what was written.
    after = work.row(
        _WRITE,
        section=section_id,
        enrollments=array_of(writes.enrollment_ids),
        assessments=array_of(writes.assessment_ids),
        marks=array_of(writes.marks),
        scores=array_of(writes.scores),
        vers=array_of(writes.vers),
    )
    if after is None or after["rev"] != decision.answer.rev:
        raise AssertionError(f"sheet {section_id}: what was decided is not what was written")
    return msgspec.structs.replace(decision.answer, digest=sheets.hex_digest(after["digest"]))


def _record_conflicts(work: Work, push: Push, decision: Decision) -> None:
    conflicts = decision.conflicts
    work.run(
        _RECORD_CONFLICTS,
        section=push.section_id,
        me=work.caller.id,
        client=push.batch.client_id,
        enrollments=conflicts.enrollment_ids,
        assessments=conflicts.assessment_ids,
        their_vers=conflicts.theirs_vers,
        base_vers=[min(version, 2**31 - 1) for version in conflicts.base_vers],
        their_marks=conflicts.theirs_marks,
        their_scores=conflicts.theirs_scores,
        their_by=conflicts.theirs_by,
        my_marks=conflicts.mine_marks,
        my_scores=conflicts.mine_scores,
        edit_ids=[str(edit_id) for edit_id in conflicts.edit_ids],
    )


def bind_device(work: Work, client_id: str, statement: str = _BIND, **values: object) -> None:
    """A device belongs to the account that used it first. Raises DeviceOfAnother."""
    owner = None
    while owner is None:  # nothing is found when somebody else bound it while this statement waited
        owner = work.value(
            statement, client=client_id, me=work.caller.id, session=work.caller.session_id, **values
        )
    if owner != work.caller.id:
        raise DeviceOfAnother("Sign in on this device with the account that used it first.")


def pull_changes(work: Work, section_id: int, query: sheets.ChangesQuery) -> dict[str, Any]:
    """What moved since a revision; takes the device's heartbeat."""
    sheets.access_sheet(work, section_id, Permission.READ_SHEETS)
    if query.client_id is not None:
        bind_device(
            work,
            query.client_id,
            _BEAT,
            section=section_id,
            now=work.now,
            pending=query.pending,
            conflicts=query.conflicts,
        )
    return sheets.read_changes(work, section_id, query.since)
