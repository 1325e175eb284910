"""Which attempts stand for honours, and what mars them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sims_shared.gpa import Candidate, Paper
from sims_shared.policy.rounding import cut
from sims_shared.regulations import Policy

# Marks are written under these parts of a course, and under each once.
HEADS = ("theory", "practical", "internal")
SAT = ("pass", "fail", "absent")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A published result with marks, in the order of the record. `course` is the same for equivalents."""

    result_id: int
    course: int
    name: str
    outcome: str
    attempt: int
    kind: str
    flags: tuple[str, ...]
    obtained: Decimal | None
    maximum: Decimal | None
    heads: tuple[Mapping[str, Any], ...]


def standing_attempts(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Of each course the attempt that stands: the last that was passed, else the last that was sat."""
    stands: dict[int, Attempt] = {}
    for attempt in attempts:
        if attempt.outcome not in SAT or not attempt.maximum:
            continue
        held = stands.get(attempt.course)
        if held is None or attempt.outcome == "pass" or held.outcome != "pass":
            stands[attempt.course] = attempt
    return list(stands.values())


def papers_of(attempt: Attempt) -> list[Paper]:
    """The papers of one result: its heads where they make up the whole, else the course itself."""
    assert attempt.obtained is not None
    assert attempt.maximum is not None
    parts: dict[str, tuple[Decimal, Decimal]] = {}
    for head in attempt.heads:
        if head["code"] in HEADS and head["code"] not in parts:
            parts[head["code"]] = Decimal(str(head["obtained"])), Decimal(str(head["maximum"]))
    if sum((maximum for _, maximum in parts.values()), Decimal(0)) != attempt.maximum:
        return [Paper(attempt.name, attempt.obtained, attempt.maximum)]
    return [
        Paper(f"{attempt.name}, {code}" if len(parts) > 1 else attempt.name, obtained, maximum, code)
        for code, (obtained, maximum) in parts.items()
    ]


def candidate_of(
    policy: Policy,
    registration_id: int,
    attempts: Sequence[Attempt],
    *,
    cgpa: Decimal | None,
    born_on: date | None,
) -> Candidate:
    """Somebody who may get a position, with what happened on the way there."""
    marred = set()
    barred = False
    for attempt in attempts:
        if attempt.kind in ("repeat", "improvement") or (attempt.attempt > 1 and attempt.kind == "regular"):
            marred.add("repeat")
        if attempt.outcome in ("fail", "absent", "barred"):
            marred.add("fail")
        if attempt.outcome == "exempt":
            marred.add("exemption")
        if "UFM" in attempt.flags:
            marred.add("ufm")
        if "*" in attempt.flags:
            marred.add("grace")
            barred = barred or (policy.grace is not None and "position" in policy.grace.bars)
        if attempt.kind == "supplementary" and policy.supplementary is not None:
            barred = barred or "position" in policy.supplementary.bars
    return Candidate(
        id=registration_id,
        cgpa=cgpa,
        percentage=percentage_of(standing_attempts(attempts)),
        born_on=born_on,
        marred=frozenset(marred),
        barred=barred,
    )


def percentage_of(stands: Sequence[Attempt]) -> Decimal | None:
    """The aggregate in percent, cut to six places; None without marks."""
    maximum = sum((Fraction(a.maximum or 0) for a in stands), Fraction(0))
    if not maximum:
        return None
    return cut(sum((Fraction(a.obtained or 0) for a in stands), Fraction(0)) * 100 / maximum)
