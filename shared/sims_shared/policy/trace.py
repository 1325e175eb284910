"""The derivation of a figure: a tree that adds up to it.

Every node carries its exact value and the operation that made it from its parts, so that anyone –
the explain page, an appeal, a test – can add it up again without knowing the regulation. The rule a
newcomer would get wrong: a trace is built while computing, from the same fractions; one written
afterwards explains something else than what was done.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Literal

import msgspec

from .rounding import Rounding, cut_text, round_exact, shown

Operation = Literal[
    "given", "sum", "product", "quotient", "percentage", "mean", "rounded", "least", "chosen", "judged"
]


_figure = lru_cache(maxsize=8192)(Fraction)
"""Text to fraction. A class of five hundred has the same few credits, points and weights all over."""


class LeftOut(msgspec.Struct, frozen=True):
    """A row that was not used, and why, in words."""

    what: str
    why: str


class Trace(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One step. `exact` is a fraction as text ("287/100"), null where the step decides rather than
    computes; `shown` is what is printed; `rule` says it in words. Encodes to JSON with msgspec."""

    label: str
    operation: Operation = "given"
    exact: str | None = None
    shown: str | None = None
    rule: str = ""
    parts: tuple[Trace, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    rounding: Rounding | None = None
    regulation: str | None = None
    version: int | None = None

    @property
    def value(self) -> Fraction:
        """The exact figure. ValueError for a step that decides and has none."""
        if self.exact is None:
            raise ValueError(f"{self.label} is a decision and has no figure")
        return _figure(self.exact)


def _step(
    operation: Operation,
    label: str,
    value: Fraction,
    rule: str,
    parts: Iterable[Trace] = (),
    left_out: Sequence[LeftOut] = (),
) -> Trace:
    return Trace(
        label=label,
        operation=operation,
        exact=str(value),
        shown=cut_text(value),
        rule=rule,
        parts=tuple(parts),
        left_out=tuple(left_out),
    )


def given(label: str, value: Fraction, rule: str = "") -> Trace:
    """A figure that comes from the record, not from a step."""
    return _step("given", label, value, rule)


def sum_of(label: str, parts: Sequence[Trace], rule: str = "", left_out: Sequence[LeftOut] = ()) -> Trace:
    """The sum of the parts; 0 of none."""
    return _step("sum", label, sum((part.value for part in parts), Fraction(0)), rule, parts, left_out)


def product_of(label: str, parts: Sequence[Trace], rule: str = "") -> Trace:
    """The product of the parts."""
    value = Fraction(1)
    for part in parts:
        value *= part.value
    return _step("product", label, value, rule, parts)


def quotient_of(label: str, over: Trace, under: Trace, rule: str = "") -> Trace:
    """over / under; the caller has seen to it that `under` is not zero."""
    return _step("quotient", label, over.value / under.value, rule, (over, under))


def percentage_of(label: str, over: Trace, under: Trace, rule: str = "") -> Trace:
    """over / under in percent."""
    return _step("percentage", label, over.value * 100 / under.value, rule, (over, under))


def mean_of(label: str, parts: Sequence[Trace], rule: str = "") -> Trace:
    """The plain mean of the parts, of which there is at least one."""
    return _step("mean", label, sum((p.value for p in parts), Fraction(0)) / len(parts), rule, parts)


def least_of(label: str, parts: Sequence[Trace], rule: str = "") -> Trace:
    """The least of the parts: a cap."""
    return _step("least", label, min(part.value for part in parts), rule, parts)


def chosen_of(label: str, value: Fraction, parts: Sequence[Trace], rule: str) -> Trace:
    """One of the parts, picked by the rule."""
    return _step("chosen", label, value, rule, parts)


def rounded_of(label: str, part: Trace, rounding: Rounding | None) -> Trace:
    """The part after this stage; an exact stage is a step too, so that the words say so."""
    value = round_exact(part.value, rounding)
    return Trace(
        label=label,
        operation="rounded",
        exact=str(value),
        shown=str(shown(value, rounding)),
        rule=(rounding or Rounding()).in_words(),
        parts=(part,),
        rounding=rounding or Rounding(),
    )


def judged_of(
    label: str, verdict: str, rule: str, parts: Iterable[Trace] = (), left_out: Sequence[LeftOut] = ()
) -> Trace:
    """A decision (a grade, pass or fail) that rests on the parts."""
    return Trace(
        label=label,
        operation="judged",
        shown=verdict,
        rule=rule,
        parts=tuple(parts),
        left_out=tuple(left_out),
    )


def under_regulation(trace: Trace, code: str, version: int) -> Trace:
    """The same trace, signed with the regulation it follows."""
    return msgspec.structs.replace(trace, regulation=code, version=version)


def adds_up(trace: Trace) -> bool:
    """Whether every step of the tree follows from its parts, exactly."""
    if not all(adds_up(part) for part in trace.parts):
        return False
    if trace.operation in ("given", "judged"):
        return trace.operation == "judged" or not trace.parts
    values = [part.value for part in trace.parts]
    match trace.operation:
        case "sum":
            return trace.value == sum(values, Fraction(0))
        case "product":
            product = Fraction(1)
            for value in values:
                product *= value
            return trace.value == product
        case "quotient":
            return trace.value * values[1] == values[0]
        case "percentage":
            return trace.value * values[1] == values[0] * 100
        case "mean":
            return trace.value * len(values) == sum(values, Fraction(0))
        case "least":
            return trace.value == min(values)
        case "chosen":
            return trace.value in values
        case "rounded":
            return trace.value == round_exact(values[0], trace.rounding)
    return False


def walk(trace: Trace) -> Iterable[Trace]:
    """The step and all below it, parents first."""
    yield trace
    for part in trace.parts:
        yield from walk(part)
