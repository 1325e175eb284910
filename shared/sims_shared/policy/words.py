"""A regulation in sentences, for the page that shows it, the legend of a transcript and an appeal.

Every clause that does something says so here; a newcomer would describe the document's fields, but
the reader is a dean.
"""

from __future__ import annotations

from collections.abc import Iterator

from .document import PROVISIONAL, Policy, symbols_of
from .rounding import Rounding, plain

_REPEAT = {
    "best": "the better attempt counts",
    "last": "the last attempt counts",
    "average": "the mean of all attempts counts",
    "all": "every attempt counts",
    "first": "the first attempt counts",
}


def in_words(policy: Policy) -> list[str]:
    """The regulation's rules, one sentence each, in the order a result is made."""
    sentences: list[str] = []
    for part in (
        _applies,
        _total,
        _passing,
        _grace,
        _scale,
        _symbols,
        _repeats,
        _second_sitting,
        _averages,
        _rest,
    ):
        sentences += part(policy)
    return sentences


def _stage(rounding: Rounding | None) -> str:
    return (rounding or Rounding()).in_words()


def _applies(policy: Policy) -> Iterator[str]:
    applies = policy.applies
    words = [f"level {applies.level}"] if applies.level else []
    if applies.programs is not None:
        words.append("programs " + ", ".join(str(program) for program in applies.programs))
    if applies.intake_from or applies.intake_to:
        words.append(f"intakes {applies.intake_from or 'any'} to {applies.intake_to or 'any later'}")
    yield f"Applies to {'; '.join(words) or 'everyone'}."


def _total(policy: Policy) -> Iterator[str]:
    total = policy.total
    if total.basis == "marks":
        yield "Marks are added as they are; the maxima add up to the course's total."
    else:
        yield "Each assessment counts by its weight; the weights add up to 100."
    for group in total.best_of:
        absent = "an absence may be dropped" if group.absent_may_drop else "an absence may not be dropped"
        yield f"Of {group.group} the best {group.keep} count; {absent}."
    if total.component is not None:
        yield f"Each assessment is {_stage(total.component)}."
    yield f"The total is {_stage(total.round)}."
    yield "An absence counts zero." if total.absent == "zero" else "An absence fails the course."
    yield {
        "reweigh": "What is excused is left out and the rest is reweighed.",
        "zero": "What is excused counts zero.",
        "incomplete": "What is excused leaves the result incomplete.",
    }[total.excused]
    yield {
        "block": "A blank stops the publication.",
        "zero": "A blank counts zero.",
        "incomplete": "A blank leaves the result incomplete.",
    }[total.blank]
    if total.must_sit:
        yield f"Who is absent from {', '.join(total.must_sit)} fails, whatever the total."


def _passing(policy: Policy) -> Iterator[str]:
    if policy.pass_.total_min is not None:
        yield f"A course is passed at {plain(policy.pass_.total_min)} % of the total."
    for head in policy.heads:
        if head.min is not None:
            yield f"In {head.code} at least {head.min.in_words()} are needed."
        if head.round is not None:
            yield f"The marks of {head.code} are {_stage(head.round)}."
    for segment in policy.pass_.other:
        of = f" ({' + '.join(segment.of)})" if segment.of else ""
        yield f"In {segment.code}{of} at least {segment.min.in_words()} are needed."


def _grace(policy: Policy) -> Iterator[str]:
    grace = policy.grace
    if grace is None:
        return
    for slab in grace.per_head:
        yield f"Grace: up to {plain(slab.marks)} in a paper of {plain(slab.upto)} marks or fewer."
    if grace.budget is not None:
        if grace.budget.marks is not None:
            yield f"Grace: {plain(grace.budget.marks)} marks in all."
        elif grace.budget.percent is not None:
            share = plain(grace.budget.percent)
            yield f"Grace: {share} % of the aggregate in all, {_stage(grace.budget.round)}."
    if isinstance(grace.max_heads, int):
        yield f"Grace is given in {grace.max_heads} papers at most."
    elif grace.max_heads is not None:
        heads = grace.max_heads
        yield f"Grace is given in {heads.share.in_words()} of the papers at most, {_stage(heads.round)}."
    yield {
        "all_or_nothing": "Grace is given for everything that is missing, or not at all.",
        "least_first": "Grace goes to the least need first.",
    }[grace.allocation]
    yield (
        "Grace is added to the marks." if grace.added_to_marks else "Grace prints as an asterisk; marks stay."
    )
    if grace.division is not None:
        yield f"Up to {plain(grace.division)} marks may be given to reach a division, in the lowest paper."
    if grace.bars:
        yield f"Grace bars {', '.join(grace.bars)}."


def _scale(policy: Policy) -> Iterator[str]:
    scale = policy.scale
    if scale.kind == "none":
        yield "There are no grades: a course is passed or failed."
        return
    if scale.kind == "table":
        yield f"Grade and points by whole mark, from a table of {len(scale.rows)} rows."
        return
    unit = " σ" if scale.kind == "relative" and scale.method == "z" else ""
    rows = []
    for row in scale.rows:
        points = "" if row.points is None else f" ({row.points})"
        rows.append(f"{plain(row.minimum)}{unit} {row.grade}{points}")
    how = {
        "bands": "Grades from",
        "relative": "Relative grades"
        + (
            " by shares of those who pass, in percent:"
            if scale.method == "share"
            else ", from the mean and σ of the class:"
        ),
    }[scale.kind]
    yield f"{how} {', '.join(rows)}; below that {scale.fail}."
    if scale.exclude_below is not None:
        least = plain(scale.exclude_below)
        yield f"Totals below {least} % are left out of the statistics and are {scale.fail}."
    if scale.exclude_outliers is not None:
        yield f"Totals beyond {plain(scale.exclude_outliers)} σ are left out of the statistics."
    if scale.latitude is not None:
        room = plain(scale.latitude)
        yield f"The lead of a sheet may move a cut-off by up to {room} % before it is approved."


def _symbols(policy: Policy) -> Iterator[str]:
    for code, symbol in sorted(symbols_of(policy).items()):
        words = []
        if symbol.as_ is not None:
            words.append(f"counts as {symbol.as_}")
        elif not symbol.gpa:
            words.append("is not in the average")
        if symbol.earned:
            words.append("earns its credits")
        if not symbol.replaceable:
            words.append("is never replaced by a repeat")
        if symbol.lapses_to is not None:
            to = "the grade with what is there" if symbol.lapses_to == PROVISIONAL else symbol.lapses_to
            words.append(f"lapses to {to}" + (f" on {symbol.on}" if symbol.on else ""))
        yield f"{code} {', '.join(words)}."


def _repeats(policy: Policy) -> Iterator[str]:
    repeat = policy.repeat
    yield f"Of a repeated course {_REPEAT[repeat.count]}."
    if repeat.improve_below is not None:
        yield f"Only a pass below {repeat.improve_below} may be improved."
    if repeat.max_courses is not None:
        yield f"At most {repeat.max_courses} courses may be improved."
    if repeat.cap is not None:
        yield f"A repeat earns {repeat.cap} at most."
    if repeat.honours == "all_attempts":
        yield "Honours are judged by all attempts."
    if repeat.past_sgpa == "recomputed":
        yield "The SGPA of a past term follows a repeat."
    else:
        yield "The SGPA of a past term stays as declared."


def _second_sitting(policy: Policy) -> Iterator[str]:
    again = policy.supplementary
    if again is not None:
        yield "A supplementary repeats " + (
            "all heads." if again.retake == "all_heads" else "the failed head."
        )
        if again.carry:
            yield f"Carried to a supplementary: {', '.join(again.carry)}."
        if again.cap is not None:
            what = "Each component sat again" if again.cap.level == "component" else "A supplementary"
            yield f"{what} is worth {plain(again.cap.to)} % at most."
        if again.attempts is not None:
            yield f"There are {again.attempts} attempts."
    transfer = policy.transfer
    if transfer.min_grade is not None:
        yield f"Credit is transferred from {transfer.min_grade} up, as {transfer.symbol}."
    yield {
        "exclude": "Transferred credit is not in the average.",
        "band_minimum": "Transferred credit counts with the least points of its grade.",
        "as_earned": "Transferred credit counts as earned elsewhere.",
    }[transfer.gpa]
    if transfer.max_share is not None:
        yield f"At most {transfer.max_share.in_words()} of the program's credits may be transferred."


def _averages(policy: Policy) -> Iterator[str]:
    rule = policy.gpa
    if rule.points is not None:
        yield f"Quality points of a course are {_stage(rule.points)}."
    yield f"The SGPA is {_stage(rule.sgpa)}."
    basis = (
        "quality points" if rule.cgpa.from_ == "quality_points" else "the rounded SGPAs, weighted by credits"
    )
    yield f"The CGPA is made from {basis} and {_stage(rule.cgpa.rounding)}."


def _rest(policy: Policy) -> Iterator[str]:
    for row in policy.standing:
        conditions = [f"CGPA {row.cgpa_min} or more"] if row.cgpa_min is not None else []
        conditions += [f"SGPA {row.sgpa_min} or more"] if row.sgpa_min is not None else []
        conditions += [f"after {', '.join(row.after)}"] if row.after else []
        yield f"Standing {row.code}: {'; '.join(conditions) or 'otherwise'}."
    if policy.compensation is not None:
        near, average = plain(policy.compensation.from_), plain(policy.compensation.average_min)
        yield f"A fail of {near} % or more is made good by an average of {average} %."
    attendance = policy.attendance
    shortage = f", else {attendance.shortage}" if attendance.shortage else ""
    yield f"Attendance of {plain(attendance.min)} % is needed to sit{shortage}."
    if attendance.condone_from is not None:
        yield f"A shortage from {plain(attendance.condone_from)} % may be condoned."
    for division in policy.division:
        heads = "".join(f" and {plain(least)} % in {head}" for head, least in division.heads.items())
        yield f"{division.code}: {plain(division.min)} % of the aggregate{heads}."
    if policy.merit is not None:
        yield f"Positions by {policy.merit.by}; a tie by {', then '.join(policy.merit.ties)}."
    if policy.recheck.window_days is not None:
        fall = "may fall" if policy.recheck.may_fall else "cannot fall"
        yield f"A recheck is asked for within {policy.recheck.window_days} days; the mark {fall}."
