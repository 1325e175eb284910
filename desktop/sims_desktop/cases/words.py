"""Cases as people say them. Qt-free."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import left_to_right, listed, when
from sims_shared.cases import CaseApproval, CaseLine, EvidenceView, Hearing, TransferView
from sims_shared.results import JointImpact, ResultStands

DASH = "–"
KIND_WORDS = {
    "recheck": later("Recheck"),
    "re_evaluation": later("Re-evaluation"),
    "unfair_means": later("Unfair means"),
    "grace": later("Grace"),
    "incomplete_completion": later("Incomplete completed"),
    "correction": later("Correction"),
    "transfer": later("Credit from elsewhere"),
}
STATE_WORDS = {
    "requested": later("asked for"),
    "proposed": later("proposed"),
    "applied": later("applied"),
    "rejected": later("rejected"),
    "withdrawn": later("withdrawn"),
}
PENALTIES = ("exonerated", "paper_cancelled", "course_cancelled", "semester_cancelled", "suspended")
PENALTY_WORDS = {
    "exonerated": later("exonerated"),
    "paper_cancelled": later("paper cancelled"),
    "course_cancelled": later("course cancelled"),
    "semester_cancelled": later("semester cancelled"),
    "suspended": later("semester cancelled and suspended"),
}
CAPACITIES = {
    "exam_cell": later("Examination cell"),
    "registrar": later("Registrar"),
    "head": later("Head"),
    "dean": later("Dean"),
}
Row = tuple[str, str, str]


def about_words(case: CaseLine) -> str:
    """`2024-CS-0001 CS-101`, or how many students it is about."""
    numbers = list(dict.fromkeys(left_to_right(one.reg_no) for one in case.results))
    courses = list(dict.fromkeys(one.course_code for one in case.results))
    if not numbers:
        return phrase(KIND_WORDS.get(case.kind, case.kind))
    return f"{listed(numbers, 2)} {listed(courses, 3)}"


def turn_words(case: CaseLine) -> str:
    """Whose turn it is, for the list."""
    if case.state == "requested":
        return phrase("a proposal")
    if case.state != "proposed":
        return ""
    if case.decidable:
        return phrase("you")
    if case.stage == 1:
        return phrase("head or dean")
    return phrase("exam cell or registrar")


def state_words(case: CaseLine) -> str:
    said = phrase(STATE_WORDS.get(case.state, case.state))
    turn = turn_words(case)
    return phrase("{state}, waits for {turn}", state=said, turn=turn) if turn else said


def judgment_words(decision: dict[str, Any]) -> str:
    """What is proposed in a case of unfair means."""
    penalty = decision.get("penalty")
    if not isinstance(penalty, str):
        return ""
    said = phrase(PENALTY_WORDS.get(penalty, penalty))
    order = decision.get("suspension")
    if isinstance(order, dict):
        said += phrase(
            ", from {day} by order {order}", day=order.get("effective_on"), order=order.get("order_no")
        )
    return phrase("Judgment: {penalty}.", penalty=said)


def approval_words(approval: CaseApproval, now: Any) -> str:
    did = phrase("approved") if approval.approved else phrase("rejected")
    who = phrase(CAPACITIES.get(approval.capacity, approval.capacity))
    why = f": {approval.reason}" if approval.reason else ""
    return f"{approval.stage}. {approval.approver.name} ({who}) {did}, {when(approval.at, now)}{why}"


def hearing_words(hearing: Hearing) -> str:
    day = left_to_right(hearing.held_on.isoformat())
    place = f", {hearing.place}" if hearing.place else ""
    note = f" ({hearing.note})" if hearing.note else ""
    return phrase("Hearing on {day}{place}.", day=day, place=f"{place}{note}")


def number(value: Decimal | None) -> str:
    return DASH if value is None else f"{value:f}"


def stands(result: ResultStands) -> str:
    """`75 B+ 3.30`."""
    parts = [number(result.total), result.grade or result.outcome.replace("_", " ") or DASH]
    if result.grade_points is not None:
        parts.append(number(result.grade_points))
    return " ".join(parts)


def impact_rows(impact: JointImpact) -> list[Row]:
    """(what, before, after) of every result, term and CGPA that moves."""
    rows: list[Row] = []
    for one in impact.results:
        rows.append((f"{left_to_right(one.reg_no)} {one.course_code}", stands(one.old), stands(one.new)))
    for record in impact.records:
        for term in record.terms:
            for name, old, new in (
                (phrase("SGPA {term}", term=term.term), number(term.old.sgpa), number(term.new.sgpa)),
                (
                    phrase("Standing {term}", term=term.term),
                    term.old.standing.replace("_", " "),
                    term.new.standing.replace("_", " "),
                ),
            ):
                if old != new:
                    rows.append((f"{left_to_right(record.reg_no)} {name}", old, new))
        rows.append(
            (f"{left_to_right(record.reg_no)} CGPA", number(record.old_cgpa), number(record.new_cgpa))
        )
        if record.old_credits_earned != record.new_credits_earned:
            rows.append(
                (
                    phrase("{reg_no} credits earned", reg_no=left_to_right(record.reg_no)),
                    number(record.old_credits_earned),
                    number(record.new_credits_earned),
                )
            )
    return rows


def transfer_rows(transfer: TransferView) -> list[Row]:
    return [
        (
            f"{course.course_code} {course.course_title}",
            f"{course.original_course} {course.original_grade}".strip(),
            phrase("{grade}, {credits} credits", grade=course.grade, credits=number(course.credits)),
        )
        for course in transfer.courses
    ]


def superseded_words(serials: Sequence[str]) -> str:
    if not serials:
        return phrase("No document is superseded.")
    return phrase("Superseded: {serials}.", serials=listed(serials, 6))


def size_words(file: EvidenceView) -> str:
    return (
        f"{max(1, file.size // 1024):,} kB"
        if file.size < 1024 * 1024
        else f"{file.size / 1024 / 1024:,.1f} MB"
    )
