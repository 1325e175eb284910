"""From the cells of one row to its sum: what counts, what is dropped, reweighed, carried or capped.

The rule a newcomer would get wrong: with basis "marks" the marks themselves are added and a
percentage is taken once, at the end; derived weights (66.67 and 33.33) never exist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import msgspec

from .document import BestOf, Policy
from .rounding import plain
from .trace import (
    LeftOut,
    Trace,
    given,
    least_of,
    percentage_of,
    product_of,
    quotient_of,
    rounded_of,
    sum_of,
)


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """A column of the sheet. `weight` in percent of the course, `max_score` in marks, above zero."""

    id: int
    name: str
    type: str
    weight: Decimal
    max_score: Decimal
    head: str | None = None
    must_sit: bool = False


class Score(msgspec.Struct, frozen=True):
    """A cell: `score` is there exactly when `mark` is "scored"; `mark` None is a blank."""

    mark: Literal["scored", "absent", "excused", "ufm", "pending"] | None = None
    score: Decimal | None = None


class Sitting(msgspec.Struct, frozen=True, kw_only=True):
    """Which sitting the scores are of. `retaken` are the assessments sat again; a deferred sitting
    (missed with cause) is a first one and is never capped."""

    kind: Literal["main", "supplementary", "deferred"] = "main"
    retaken: frozenset[int] = frozenset()
    attempt: int = 1


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One cell as it counts: `trace` is what was obtained and `maximum` what could be, in marks or in
    percent of the course; `left_out` says why it counts in neither, "" when it counts."""

    id: int
    name: str
    type: str
    head: str | None
    must_sit: bool
    mark: str | None
    trace: Trace
    maximum: Fraction
    left_out: str = ""

    @property
    def obtained(self) -> Fraction:
        """What it adds to the sum."""
        return self.trace.value


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """A row added up. `trace` is the total in percent, before the total's own rounding; `weights` what
    the columns add up to (weights, or the maxima that count); `heads` (obtained, maximum) by code;
    `grace` what may still be given, `graced_heads` what was added to the marks."""

    trace: Trace
    obtained: Fraction
    maximum: Fraction
    weights: Fraction
    heads: dict[str, tuple[Fraction, Fraction]]
    lines: tuple[Line, ...]
    grace: dict[str, Fraction]
    graced_heads: dict[str, Fraction]

    def part(self, keys: Sequence[str]) -> tuple[Fraction, Fraction] | None:
        """(obtained, maximum) of the lines that any key names, all of them for no key; None when the
        course has none."""
        lines = [ln for ln in self.lines if not keys or any(matches(ln, key) for key in keys)]
        if not lines:
            return None
        return sum((ln.obtained for ln in lines), Fraction(0)), sum((ln.maximum for ln in lines), Fraction(0))


def matches(line: Line | Assessment, key: str) -> bool:
    """Whether `key` names the assessment: by type, head or name, in any case."""
    return key.casefold() in (line.type.casefold(), (line.head or "").casefold(), line.name.casefold())


def lines_of(
    policy: Policy, assessments: Sequence[Assessment], scores: Mapping[int, Score], sitting: Sitting
) -> list[Line]:
    """The row's cells as they count, before groups of best-of, in the order of the sheet."""
    return [_line(policy, column, scores.get(column.id, Score()), sitting) for column in assessments]


def _line(policy: Policy, column: Assessment, cell: Score, sitting: Sitting) -> Line:
    by_weight = policy.total.basis == "weights"
    maximum = Fraction(column.weight if by_weight else column.max_score)
    left_out = ""
    score, why = Fraction(cell.score or 0), ""
    match cell.mark:
        case "scored":
            why = f"{plain(cell.score or Decimal(0))} of {plain(column.max_score)}"
        case "absent":
            score, why = Fraction(0), "absent counts zero"
        case "excused" if policy.total.excused == "zero":
            score, why = Fraction(0), "excused counts zero"
        case "excused":
            left_out = "excused: the rest is reweighed"
        case "ufm":
            left_out = "an unfair-means case is open"
        case None if policy.total.blank == "zero":
            score, why = Fraction(0), "a blank counts zero"
        case _:
            left_out = "no mark yet"
    left_out = left_out or _not_carried(policy, column, sitting)
    trace = given("score", score, why)
    if sitting.kind == "supplementary" and column.id in sitting.retaken and policy.supplementary is not None:
        cap = policy.supplementary.cap
        if cap is not None and cap.level == "component":
            limit = given("cap", Fraction(cap.to) * Fraction(column.max_score) / 100)
            trace = least_of("score", (trace, limit), f"sat again: worth {plain(cap.to)} % at most")
    if by_weight:
        share = quotient_of("share", trace, given("maximum", Fraction(column.max_score)))
        trace = product_of(column.name, (share, given("weight", maximum)), f"{why} × {plain(column.weight)}")
    else:
        trace = msgspec.structs.replace(trace, label=column.name)
    if policy.total.component is not None:
        trace = rounded_of(column.name, trace, policy.total.component)
    return Line(
        id=column.id,
        name=column.name,
        type=column.type,
        head=column.head,
        must_sit=column.must_sit,
        mark=cell.mark,
        trace=trace,
        maximum=maximum,
        left_out=left_out,
    )


def _not_carried(policy: Policy, column: Assessment, sitting: Sitting) -> str:
    """In a supplementary of all heads only what is sat again, or carried by name, counts."""
    again = policy.supplementary
    if sitting.kind != "supplementary" or again is None or again.retake != "all_heads":
        return ""
    if column.id in sitting.retaken or any(matches(column, key) for key in again.carry):
        return ""
    return "not carried to the supplementary"


def add_up(policy: Policy, lines: Sequence[Line], grace: Mapping[str, Decimal]) -> Sum:
    """The row's sum, with the groups of best-of applied and heads rounded where the regulation says."""
    weights = _weights(policy, lines)
    for group in policy.total.best_of:
        lines = _keep_best(policy, group, lines)
    counted = [line for line in lines if not line.left_out]
    granted = {head: Fraction(marks) for head, marks in grace.items()}
    adds = policy.grace is not None and policy.grace.added_to_marks
    heads: dict[str, tuple[Fraction, Fraction]] = {}
    graced: dict[str, Fraction] = {}
    parts: list[Trace] = []
    of_regulation = {head.code.casefold(): head for head in policy.heads}
    for head in policy.heads:
        own = [line for line in counted if (line.head or "").casefold() == head.code.casefold()]
        if not own:
            continue
        part = sum_of(head.code, [line.trace for line in own], "the head's marks")
        if head.round is not None:
            part = rounded_of(head.code, part, head.round)
        if adds and head.code in granted:
            graced[head.code] = granted[head.code]
            part = sum_of(head.code, (part, given("grace", granted[head.code])), "marks of grace are added")
        parts.append(part)
        heads[head.code] = part.value, sum((line.maximum for line in own), Fraction(0))
    for line in counted:
        if line.head is None or line.head.casefold() not in of_regulation:
            parts.append(line.trace)
            if line.head is not None:
                obtained, maximum = heads.get(line.head, (Fraction(0), Fraction(0)))
                heads[line.head] = obtained + line.obtained, maximum + line.maximum
    left_out = [LeftOut(line.name, line.left_out) for line in lines if line.left_out]
    obtained_trace = sum_of("Obtained", parts, "the sum of what counts", left_out)
    maximum = sum((line.maximum for line in counted), Fraction(0))
    trace = obtained_trace
    if maximum:
        trace = percentage_of(
            "Percentage", obtained_trace, given("Maximum", maximum), "obtained of maximum, in percent"
        )
        if policy.total.basis == "weights" and weights != 100:
            # Weights that are not complete yet: what is there is out of a hundred, not of itself.
            trace = product_of("Percentage so far", (trace, given("Weights so far", weights / 100)))
        if adds and granted.get("total"):
            trace = sum_of(
                "Percentage", (trace, given("grace", granted["total"])), "marks of grace are added"
            )
    return Sum(
        trace=trace,
        obtained=obtained_trace.value,
        maximum=maximum,
        weights=weights,
        heads=heads,
        lines=tuple(counted),
        grace={} if adds else granted,
        graced_heads=graced,
    )


def _weights(policy: Policy, lines: Sequence[Line]) -> Fraction:
    """What the columns add up to: every weight, but of maxima only those that a group keeps."""
    dropped = Fraction(0)
    if policy.total.basis == "marks":
        for group in policy.total.best_of:
            maxima = sorted((line.maximum for line in lines if matches(line, group.group)), reverse=True)
            dropped += sum(maxima[group.keep :], Fraction(0))
    return sum((line.maximum for line in lines), Fraction(0)) - dropped


def _keep_best(policy: Policy, group: BestOf, lines: Sequence[Line]) -> list[Line]:
    members = [line for line in lines if matches(line, group.group) and not line.left_out]
    if len(members) <= group.keep and len(members) == sum(matches(line, group.group) for line in lines):
        return list(lines)
    forced = [] if group.absent_may_drop else [line for line in members if line.mark == "absent"]
    forced_ids = {line.id for line in forced}
    others = [line for line in members if line.id not in forced_ids]
    # Best by share; equal shares keep the heavier, then the earlier, so that the order never decides.
    others.sort(key=lambda line: (-_share(line), -line.maximum, line.id))
    kept = {line.id: line for line in (*forced, *others)[: group.keep]}
    scale = Fraction(1)
    if policy.total.basis == "weights":
        # The group's weight belongs to the group: what is kept shares it.
        whole = sum((line.maximum for line in lines if matches(line, group.group)), Fraction(0))
        own = sum((line.maximum for line in kept.values()), Fraction(0))
        scale = whole / own if own else scale
    result = []
    for line in lines:
        if line.id in kept:
            result.append(_scaled(line, scale))
        elif matches(line, group.group) and not line.left_out:
            why = f"not among the best {group.keep} of {group.group}"
            result.append(msgspec.structs.replace(line, left_out=why))
        else:
            result.append(line)
    return result


def _share(line: Line) -> Fraction:
    return line.obtained / line.maximum if line.maximum else Fraction(0)


def _scaled(line: Line, scale: Fraction) -> Line:
    if scale == 1:
        return line
    factor = given("share of the group's weight", scale)
    trace = product_of(line.name, (line.trace, factor), "the kept ones share the group's weight")
    return msgspec.structs.replace(line, trace=trace, maximum=line.maximum * scale)
