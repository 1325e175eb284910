"""Publishing and freezing.

Publishing is all or nothing: every student in its scope has a result or a recorded reason. It changes the
state, completes the enrollments and declares the term; marks and grades were settled when the sheet was
approved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sims_server.access.operations import check_code_of_now
from sims_server.audit.operations import seal_after_commit
from sims_server.kernel.arrays import array_of
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.results.operations.declaring import declare_term, notify
from sims_server.results.operations.drafting import draft_sheets
from sims_server.results.operations.lapsing import declare_lapses
from sims_server.results.rules import check_one_scope
from sims_shared.access import Permission
from sims_shared.problems import NotFound
from sims_shared.results import (
    FreezeResults,
    NotificationRef,
    PublishResults,
    ResultsFrozen,
    ResultsPublished,
    ResultStale,
    ResultsWrongState,
    ScoresMissing,
    SeveralTerms,
    SheetNotApproved,
    WeightsIncomplete,
)

MANY = 2000
NAMED_MOST = 50  # so many are listed in a refusal; the rest is a number

# Who is meant, by what the command names. Those who dropped have no result.
_WHOM = {
    "section": "e.section_id = %(section)s",
    "results": "r.id = ANY (%(results)s)",
    "term": "e.term_id = %(term)s AND s.status = 'active' AND (%(program)s::bigint IS NULL OR g.program_id = "
    "%(program)s) "
    "AND (%(batch)s::text IS NULL OR g.batch = %(batch)s)",
}
_FROM = """
  FROM enrollment e JOIN section s ON s.id = e.section_id JOIN registration g ON g.id = e.registration_id
  {join} result r ON r.enrollment_id = e.id
"""
# Locked in id order: a return, a late mark and a second publish wait for this one, or this for them.
_SHEETS = """
SELECT h.section_id, h.state, s.course_code, s.code, s.weights_total, s.marks_total,
       (SELECT coalesce(sum(a.max_score), 0) FROM assessment a WHERE a.section_id = s.id) AS maxima,
       ARRAY(SELECT DISTINCT coalesce(p.policy #>> '{{total,basis}}', 'weights') FROM regulation p
              WHERE p.id IN (SELECT y.regulation_id FROM enrollment x JOIN registration y
                               ON y.id = x.registration_id
                              WHERE x.section_id = s.id AND x.status <> 'dropped')) AS bases
  FROM sheet h JOIN section s ON s.id = h.section_id
 WHERE h.section_id IN (SELECT e.section_id {source} WHERE e.status <> 'dropped' AND {whom})
 ORDER BY h.section_id FOR UPDATE OF h
"""
_ROWS = """
SELECT e.id AS enrollment_id, e.student_id, e.registration_id, e.section_id, e.term_id, e.attempt,
       s.course_code, g.reg_no, u.name, r.id AS result_id, r.state, r.stale, r.outcome, r.grade, r.total,
       r.grade_points, r.credits, r.blocks, w.reason AS withheld_for,
       r.id IS NULL OR (r.state = 'draft' AND (r.regulation_id <> g.regulation_id OR r.stale
         OR (e.status = 'withdrawn') <> (r.outcome = 'withdrawn')
         OR (e.status = 'barred') <> (r.outcome = 'barred'))) AS outdated
  {source} JOIN student u ON u.id = e.student_id
  LEFT JOIN withholding w ON w.result_id = r.id AND w.released_at IS NULL
 WHERE e.status <> 'dropped' AND {whom}
 ORDER BY g.reg_no, e.id
"""
_PUBLISH = "SELECT publish_drafts(%(ids)s::bigint[], %(now)s, %(me)s, %(notification)s)"
_COMPLETE = (
    "UPDATE enrollment SET status = 'completed' WHERE id = ANY (%(ids)s::bigint[]) AND status = 'enrolled'"
)
_FREEZE = (
    "UPDATE result SET state = 'frozen', frozen_at = %(now)s, frozen_by = %(me)s WHERE id = ANY (%(ids)s) "
    "AND state = 'published'"
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a publish or freeze is about, as the statements above need it."""

    kind: str
    values: dict[str, Any]

    def sql(self, statement: str) -> str:
        source = _FROM.format(join="JOIN" if self.kind == "results" else "LEFT JOIN")
        return statement.format(source=source, whom=_WHOM[self.kind])

    @property
    def named(self) -> dict[str, Any]:
        """As the notification records it; results by their number only, the lines name them."""
        if self.kind == "results":
            return {"results": len(self.values["results"])}
        return {
            f"{name}_id" if name != "batch" else name: value
            for name, value in self.values.items()
            if value is not None
        }


def scope_of(work: Work, command: PublishResults | FreezeResults) -> Scope:
    """Raises InvalidInput unless exactly one is named, NotFound when it does not exist."""
    batch = command.batch if isinstance(command, PublishResults) else None
    check_one_scope(command.section_id, command.result_ids, command.term_id, command.program_id, batch)
    if command.section_id is not None:
        known = work.value("SELECT true FROM section WHERE id = %(id)s", id=command.section_id)
        scope = Scope("section", {"section": command.section_id})
    elif command.result_ids is not None:
        wanted = sorted(set(command.result_ids))
        known = len(wanted) == work.value("SELECT count(*) FROM result WHERE id = ANY (%(ids)s)", ids=wanted)
        scope = Scope("results", {"results": wanted})
    else:
        known = work.value(
            "SELECT true FROM term WHERE id = %(term)s AND (%(program)s::bigint IS NULL OR EXISTS "
            "(SELECT FROM program WHERE id = %(program)s))",
            term=command.term_id,
            program=command.program_id,
        )
        scope = Scope("term", {"term": command.term_id, "program": command.program_id, "batch": batch})
    if not known:
        raise NotFound
    return scope


def allow_time(work: Work, rows: int) -> None:
    """A whole term is thousands of records, averaged while the transaction waits: it may take longer than
    what anybody else is given."""
    if rows > MANY:
        work.run("SET LOCAL idle_in_transaction_session_timeout = '10min'")
        work.run("SET LOCAL statement_timeout = '10min'")


@operation(Permission.PUBLISH_RESULTS, "results.publish")
def publish_results(work: Work, command: PublishResults) -> ResultsPublished:
    """Publish drafts of a section, of named results or of a term; withheld ones stay behind."""
    scope = scope_of(work, command)
    sheets = work.rows(scope.sql(_SHEETS), **scope.values)
    rows = work.rows(scope.sql(_ROWS), **scope.values)
    _check_state(scope, rows)
    allow_time(work, len(rows))
    drafts = [row for row in rows if row["state"] in (None, "draft")]
    _check_sheets(sheets, {row["section_id"] for row in drafts})
    outdated = sorted({row["section_id"] for row in drafts if row["outdated"]})
    if outdated:
        # A draft follows its registration to another regulation, and its row out of the section.
        draft_sheets(work, outdated)
        rows = work.rows(scope.sql(_ROWS), **scope.values)
        drafts = [row for row in rows if row["state"] == "draft"]
    ready = [row for row in drafts if row["withheld_for"] is None]
    withheld = [row for row in drafts if row["withheld_for"] is not None]
    if not ready:
        raise ResultsWrongState(
            "Every result that is not out is withheld.",
            result_ids=[row["result_id"] for row in withheld][:NAMED_MOST],
        )
    check_ready(work, ready)
    if work.setting("results.code_at_publish"):  # last: nobody spends a code on what would be refused
        check_code_of_now(work, command.otp)
    notification = declare_results(work, "main", scope.named, ready, withheld)
    return ResultsPublished(published=len(ready), withheld=len(withheld), notification=notification)


def _check_state(scope: Scope, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        raise ResultsWrongState("There is nobody whose result could be published.")
    out = [row["result_id"] for row in rows if row["state"] in ("published", "frozen")]
    if len(out) == len(rows) or (scope.kind == "results" and out):
        raise ResultsWrongState(
            f"{len(out)} of {len(rows)} are published already.", result_ids=out[:NAMED_MOST]
        )


def _check_sheets(sheets: Sequence[dict[str, Any]], needed: set[int]) -> None:
    """Of the sections whose results are still drafts: what is wrong with their columns, then their state."""
    waiting = [sheet for sheet in sheets if sheet["section_id"] in needed and sheet["state"] != "approved"]
    uneven = []
    for sheet in waiting:
        if "weights" in sheet["bases"] and sheet["weights_total"] != 100:
            uneven.append(_section(sheet, f"the weights add up to {sheet['weights_total']}, not 100"))
        elif (
            "marks" in sheet["bases"]
            and sheet["marks_total"] is not None
            and sheet["maxima"] != sheet["marks_total"]
        ):
            uneven.append(
                _section(sheet, f"the maxima add up to {sheet['maxima']}, not {sheet['marks_total']}")
            )
    if uneven:
        raise WeightsIncomplete(
            f"{uneven[0]['section']}: {uneven[0]['detail']}.", sections=uneven[:NAMED_MOST]
        )
    if waiting:
        named = [_section(sheet, f"the sheet is {sheet['state']}") for sheet in waiting]
        more = f" and {len(named) - 1} more" if len(named) > 1 else ""
        raise SheetNotApproved(
            f"{named[0]['section']}: {named[0]['detail']}{more}.", sections=named[:NAMED_MOST]
        )


def _section(sheet: dict[str, Any], detail: str) -> dict[str, Any]:
    return {
        "section_id": sheet["section_id"],
        "section": f"{sheet['course_code']} {sheet['code']}",
        "detail": detail,
    }


def check_ready(work: Work, rows: Sequence[dict[str, Any]]) -> None:
    """Raises WeightsIncomplete, ScoresMissing or ResultStale when a draft among `rows` cannot be declared."""
    stale = [row["result_id"] for row in rows if row["stale"]]
    if stale:
        raise ResultStale(f"{len(stale)} drafts are older than their sheet.", result_ids=stale[:NAMED_MOST])
    blocked = [(row, block) for row in rows for block in row["blocks"]]
    uneven = {
        row["section_id"]: {
            "section_id": row["section_id"],
            "section": row["course_code"],
            "detail": block["detail"],
        }
        for row, block in blocked
        if block["code"] == "weights_incomplete"
    }
    if uneven:
        first = next(iter(uneven.values()))
        raise WeightsIncomplete(
            f"{first['section']}: {first['detail']}.", sections=list(uneven.values())[:NAMED_MOST]
        )
    if not blocked:
        return
    wanted = sorted({id for _, block in blocked for id in block.get("assessments", ())})
    names = {
        row["id"]: row["name"]
        for row in work.rows("SELECT id, name FROM assessment WHERE id = ANY (%(ids)s)", ids=wanted)
    }
    missing = [
        {
            "result_id": row["result_id"],
            "student_id": row["student_id"],
            "reg_no": row["reg_no"],
            "name": row["name"],
            "section_id": row["section_id"],
            "assessments": [{"id": id, "name": names.get(id, "")} for id in block.get("assessments", ())],
            "detail": block["detail"],
        }
        for row, block in blocked
    ]
    more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
    raise ScoresMissing(
        f"{missing[0]['reg_no']}: {missing[0]['detail']}{more}.",
        missing=missing[:NAMED_MOST],
        count=len(missing),
    )


def declare_results(
    work: Work,
    kind: str,
    scope: dict[str, Any],
    ready: Sequence[dict[str, Any]],
    withheld: Sequence[dict[str, Any]],
) -> NotificationRef:
    """Notifies and publishes the rows that are ready, completes their enrollments, declares their term."""
    terms = {row["term_id"] for row in ready}
    if len(terms) > 1:
        raise SeveralTerms(f"These results are of {len(terms)} terms.")
    (term_id,) = terms
    lines = [
        {
            "reg_no": row["reg_no"],
            "course": row["course_code"],
            "attempt": row["attempt"],
            "outcome": row["outcome"],
            "grade": row["grade"],
            "total": row["total"],
            "points": row["grade_points"],
            "credits": row["credits"],
        }
        for row in ready
    ]
    lines += [
        {
            "reg_no": row["reg_no"],
            "course": row["course_code"],
            "attempt": row["attempt"],
            "outcome": "withheld",
        }
        for row in withheld
    ]
    notification = notify(
        work, kind, term_id, scope, lines, {"published": len(ready), "withheld": len(withheld)}
    )
    work.run(
        _PUBLISH,
        now=work.now,
        me=work.caller.id,
        notification=notification.id,
        ids=array_of(sorted(row["result_id"] for row in ready)),
    )
    work.run(_COMPLETE, ids=array_of(sorted(row["enrollment_id"] for row in ready)))
    incomplete = [row["result_id"] for row in ready if row["outcome"] == "incomplete"]
    if incomplete:
        declare_lapses(work, incomplete)
    declare_term(work, {row["registration_id"] for row in ready}, term_id, notification.id)
    return notification


@operation(Permission.FREEZE_RESULTS, "results.freeze")
def freeze_results(work: Work, command: FreezeResults) -> ResultsFrozen:
    """Freeze published results; withheld ones are passed over."""
    scope = scope_of(work, command)
    if scope.kind == "term":
        scope = Scope("term", {**scope.values, "batch": None})
    work.rows(scope.sql(_SHEETS), **scope.values)
    rows = work.rows(scope.sql(_ROWS), **scope.values)
    withheld = [row for row in rows if row["withheld_for"] is not None]
    waiting = [row for row in rows if row["withheld_for"] is None and row["state"] in (None, "draft")]
    published = sorted(row["result_id"] for row in rows if row["state"] == "published")
    if waiting:
        ids = [row["result_id"] for row in waiting if row["result_id"] is not None]
        raise ResultsWrongState(f"{len(waiting)} results are not published yet.", result_ids=ids[:NAMED_MOST])
    if not published:
        raise ResultsWrongState("Nothing here is published and not frozen yet.", result_ids=[])
    frozen = work.run(_FREEZE, now=work.now, me=work.caller.id, ids=published)
    seal_after_commit(work)
    return ResultsFrozen(frozen=frozen, withheld=len(withheld))
