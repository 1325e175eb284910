"""Holds in words: what a kind is called, what it stops, who lifts it. Qt-free."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import left_to_right, listed, local, when
from sims_shared.holds import HoldView

KINDS = {
    "fee": later("Fee"),
    "library": later("Library"),
    "discipline": later("Discipline"),
    "document": later("Document"),
    "hostel": later("Hostel"),
    "academic": later("Academic"),
}
BLOCKS = {
    "enrollment": later("enrolling"),
    "transcript": later("transcripts"),
    "results": later("seeing results"),
    "exam_slip": later("the examination slip"),
}
EFFECTS = {
    "block": later("stops it"),
    "watermark": later("leaves a remark on it"),
    "warn": later("only warns"),
}
ROLES = {"accounts": later("the accounts office"), "registrar": later("the registrar")}


def kind_words(kind: str) -> str:
    """Kinds are rows: one that the registry added is called as it is."""
    return phrase(KINDS[kind]) if kind in KINDS else kind.replace("_", " ").capitalize()


def role_words(role: str) -> str:
    return phrase(ROLES[role]) if role in ROLES else role.replace("_", " ")


def effect_words(effect: str, blocks: Sequence[str]) -> str:
    """`Stops enrolling and transcripts.`"""
    touched = listed(phrase(BLOCKS.get(one, one.replace("_", " "))) for one in blocks)
    if not touched:
        return phrase("It touches nothing.")
    if effect == "watermark":
        return phrase("Leaves a remark on {touched}.", touched=touched)
    if effect == "warn":
        return phrase("Warns at {touched}, and stops nothing.", touched=touched)
    return phrase("Stops {touched}.", touched=touched)


def amount_words(hold: HoldView) -> str:
    return "" if hold.amount is None else f"{hold.amount:,.2f}"


def student_words(hold: HoldView) -> str:
    return f"{hold.student_name} {left_to_right(hold.reg_no)}" if hold.reg_no else hold.student_name


def state_words(hold: HoldView, now: datetime) -> str:
    """Without the clock once it is a week ago; at length it stands beside the list."""
    if hold.lifted_at is None:
        return phrase("since {when}", when=_day(hold.placed_at, now))
    return phrase("lifted {when}", when=_day(hold.lifted_at, now))


def _day(at: datetime, now: datetime) -> str:
    said = when(at, now)
    return said.rpartition(" ")[0] if (local(now).date() - local(at).date()).days >= 7 else said


def whole_words(hold: HoldView, lifter: str, now: datetime) -> str:
    """Everything about one hold, a line each."""
    lines = [hold.reason, effect_words(hold.effect, hold.blocks)]
    if hold.amount is not None:
        lines.append(phrase("Amount: {amount}", amount=amount_words(hold)))
    placed = when(hold.placed_at, now)
    lines.append(phrase("Placed by {name}, {when}.", name=hold.placed_by.name, when=placed))
    if hold.lifted_at is not None:
        name = hold.lifted_by.name if hold.lifted_by else ""
        lines.append(phrase("Lifted by {name}, {when}.", name=name, when=when(hold.lifted_at, now)))
        if hold.lift_reason:
            lines.append(phrase("Why: {reason}", reason=hold.lift_reason))
        return "\n".join(lines)
    if hold.contact:
        lines.append(phrase("Whom to see: {contact}", contact=hold.contact))
    if lifter:
        lines.append(phrase("Lifted by: {role}", role=role_words(lifter)))
    return "\n".join(lines)
