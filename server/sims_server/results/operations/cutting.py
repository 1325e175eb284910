"""Moving the cut-off lines of a relatively graded sheet: proposed by its lead, frozen by the approval."""

from __future__ import annotations

from psycopg.types.json import Jsonb

from sims_server.grading.queries.sheets import lock_sheet, role_in_section
from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.results.queries.cutting import get_cutoffs, relative_classes
from sims_server.results.queries.judging import moved_lines_of
from sims_server.results.rules import faults_of_proposal
from sims_shared.access import Permission
from sims_shared.cutoffs import (
    CutoffsInvalid,
    CutoffsOutOfReach,
    MovedLine,
    ProposeCutoffs,
    SheetCutoffs,
)
from sims_shared.grading import NotTheLead, SheetStale, SheetWrongState
from sims_shared.policy.lines import place_of
from sims_shared.problems import Fault


@operation(Permission.SUBMIT_SHEET, "sheets.propose_cutoffs")
def propose_cutoffs(work: Work, command: ProposeCutoffs) -> SheetCutoffs:
    """Move cut-off lines of an open sheet, or take such a proposal back."""
    sheet = lock_sheet(work, command.section_id)
    if role_in_section(work, command.section_id) != "lead":
        raise NotTheLead("The lead teacher moves the cut-offs of a sheet.")
    if sheet["state"] != "open":
        raise SheetWrongState(f"The sheet is {sheet['state']}; its cut-offs stand.")
    if sheet["rev"] != command.rev:
        raise SheetStale(f"The sheet is at revision {sheet['rev']}.")
    known = relative_classes(work, command.section_id).get(command.regulation_id)
    if known is None:
        words = "No student of this sheet is graded relatively under this regulation."
        raise CutoffsInvalid(words, errors=[Fault("/regulation_id", "unknown", words)])
    faults = faults_of_proposal(known.policy, known.by_rule, command.lines)
    if faults:
        raise CutoffsInvalid(" ".join(fault.detail for fault in faults), errors=faults)
    places = {row.grade: place_of(known.by_rule, row) for row in known.by_rule.rows}
    work.run(
        "INSERT INTO section_cutoff_proposal (section_id, regulation_id, lines, reason, proposed_by, "
        "proposed_at) VALUES (%(section)s, %(regulation)s, %(lines)s, %(reason)s, %(me)s, %(now)s) "
        "ON CONFLICT (section_id, regulation_id) DO UPDATE SET lines = EXCLUDED.lines, "
        "reason = EXCLUDED.reason, proposed_by = EXCLUDED.proposed_by, proposed_at = EXCLUDED.proposed_at",
        section=command.section_id,
        regulation=command.regulation_id,
        lines=Jsonb({m.grade: str(m.at_least) for m in command.lines if m.at_least != places[m.grade]}),
        reason=command.reason,
        me=work.caller.id,
        now=work.now,
    )
    return get_cutoffs(work, command.section_id)


def check_cutoffs(work: Work, section_id: int) -> None:
    """Raises CutoffsOutOfReach when marks that came later leave a moved line where none may stand: nobody
    approves lines that the regulation does not allow, and the machine moves none by itself."""
    if not moved_lines_of(work, [section_id]):
        return
    for known in relative_classes(work, section_id).values():
        if known.moved and not known.is_out:
            lines = [MovedLine(grade=grade, at_least=to) for grade, to in known.moved.items()]
            faults = faults_of_proposal(known.policy, known.by_rule, lines)
            if faults:
                raise CutoffsOutOfReach(
                    " ".join(fault.detail for fault in faults), lines=[fault.detail for fault in faults]
                )
