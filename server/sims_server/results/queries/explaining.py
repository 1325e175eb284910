"""Derivations: how a CGPA and a result come about, step by step, under which regulation."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import msgspec

from sims_server.audit.operations import disclose
from sims_server.kernel.work import Work
from sims_server.results.queries.judging import policies_of, records_of
from sims_server.results.queries.lists import RESULTS, registration_scope
from sims_shared.gpa import (
    Average,
    compensated,
    completion_faults,
    convert_cgpa,
    credits_of,
    cumulative_gpa,
    effective_rows,
    honours_gpa,
    term_gpa,
)
from sims_shared.marks import display_mark
from sims_shared.problems import NotFound
from sims_shared.regulations import Policy, in_words
from sims_shared.results import (
    CgpaExplained,
    ExplainedAverage,
    ExplainedRow,
    ExplainedTerm,
    RegulationRef,
    ResultExplained,
)
from sims_shared.values import BIGINT_MAX

_builtins = msgspec.json.Encoder(decimal_format="string").encode


class WhichRegistration(msgspec.Struct):
    """Without it, the student's current registration."""

    registration_id: Annotated[int, msgspec.Meta(ge=1, le=BIGINT_MAX)] | None = None


def explain_cgpa(work: Work, id: int, query: WhichRegistration) -> CgpaExplained:
    """How a CGPA comes about: rows used and left out and why, exact fractions, the rule in words."""
    scope_sql, values = registration_scope(work.caller)
    condition = f" AND ({scope_sql})" if scope_sql else ""
    found = work.row(
        "SELECT g.id, g.regulation_id, g.cgpa, p.credits_required FROM registration g JOIN program p "
        "ON p.id = g.program_id "
        f"WHERE g.student_id = %(student)s AND coalesce(g.id = %(registration)s::bigint, "
        f"g.is_current){condition}",
        student=id,
        registration=query.registration_id,
        **values,
    )
    if found is None:
        raise NotFound
    disclose(work, id, "explanation of the CGPA")
    records = records_of(work, [found["id"]])
    (record,) = records.records
    policy, rows = record.policy, [entry.row for entry in record.rows]
    cgpa = cumulative_gpa(policy, rows, credits_required=found["credits_required"])
    fates = effective_rows(policy, rows, credits_required=found["credits_required"])
    credits = credits_of(policy, rows, credits_required=found["credits_required"])
    declared = {
        row["term_id"]: row["sgpa"]
        for row in work.rows(
            "SELECT term_id, sgpa FROM term_result WHERE registration_id = %(id)s", id=found["id"]
        )
    }
    left_out = {row.what: row.why for row in cgpa.left_out}
    made_good = compensated(policy, rows)
    remarks = []
    if found["cgpa"] != cgpa.value:
        remarks.append(
            f"The record shows {found['cgpa'] if found['cgpa'] is not None else '-'} as declared; "
            f"these rows give {cgpa.printed}."
        )
    standings = [record.declared[order] for order in sorted(record.declared)]
    return CgpaExplained(
        student_id=id,
        registration_id=found["id"],
        regulation=_regulation(found["regulation_id"], policy),
        declared=found["cgpa"],
        cgpa=_average(cgpa),
        terms=[
            ExplainedTerm(
                term_id=term_id,
                term=records.name_of[term_id],
                declared=declared.get(term_id),
                sgpa=_average(term_gpa(policy, rows, order)),
            )
            for term_id, order in sorted(records.order_of.items(), key=lambda pair: pair[1])
        ],
        rows=[
            ExplainedRow(
                key=entry.row.key,
                result_id=entry.result_id,
                term_id=entry.term_id,
                grade=entry.row.grade,
                grade_points=entry.row.points,
                credits=entry.row.credits,
                outcome=entry.row.outcome,
                counts=fates[entry.row.key],
                why=left_out.get(entry.row.key, ""),
                compensated=entry.row.key in made_good,
            )
            for entry in record.rows
        ],
        attempted=credits.attempted,
        earned=credits.earned,
        transferred=credits.transferred,
        standing=(standings[-1] or None) if standings else None,
        honours=_average(honours_gpa(policy, rows)),
        as_percentage=None if cgpa.value is None else convert_cgpa(policy, cgpa.value),
        wanting=completion_faults(policy, rows, credits_required=found["credits_required"]),
        remarks=remarks,
    )


def explain_result(work: Work, id: int, result_id: int) -> ResultExplained:
    """How a result comes about, from its cells to the grade."""
    row = RESULTS.one(work, result_id)
    if row is None or row["student_id"] != id:
        raise NotFound
    disclose(work, id, f"explanation of result {result_id}")
    kept = work.row("SELECT trace, change_request_id FROM result WHERE id = %(id)s", id=result_id)
    assert kept is not None
    policy = policies_of(work, [row["regulation_id"]])[row["regulation_id"]]
    remarks = []
    if row["outcome"] == "withheld":
        remarks.append("The result is withheld; its derivation is shown once it is released.")
    elif row["source"] == "transfer":
        remarks.append("Credit from elsewhere, as an approved case states it.")
    elif row["source"] != "computed":
        remarks.append("Recorded before this system, and printed as recorded.")
    if kept["change_request_id"] is not None:
        remarks.append(f"Changed after publication by change request {kept['change_request_id']}.")
    return ResultExplained(
        result_id=result_id,
        student_id=id,
        regulation=_regulation(row["regulation_id"], policy),
        total=row["total"],
        total_shown=None if row["total"] is None else _shown(policy, row["total"]),
        grade=row["grade"],
        grade_points=row["grade_points"],
        outcome=row["outcome"],
        source=row["source"],
        change_request_id=kept["change_request_id"],
        trace=None if row["outcome"] == "withheld" else kept["trace"],
        remarks=remarks,
    )


def _shown(policy: Policy, total: Decimal) -> Decimal:
    """A course is a component of its year: a regulation that says only how components print means it."""
    return display_mark(policy, "total" if "total" in policy.display else "component", total)


def _regulation(id: int, policy: Policy) -> RegulationRef:
    return RegulationRef(
        id=id, code=policy.code or "", version=policy.version or 1, in_words=in_words(policy)
    )


def _average(average: Average) -> ExplainedAverage:
    trace: Any = msgspec.json.decode(_builtins(average.trace))
    return ExplainedAverage(
        value=average.value,
        printed=average.printed,
        exact=None if average.exact is None else str(average.exact),
        credits=Decimal(average.credits),
        quality_points=average.quality_points,
        trace=trace,
    )
