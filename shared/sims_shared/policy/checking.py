"""What a document must satisfy beyond its shape, so that no student meets the fault first.

Each check looks at one clause and names all its faults; a clause whose shape is wrong is passed over,
because its values are not those of the document.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from ..problems import Fault
from ..values import intake_order
from .document import PROVISIONAL, Policy, symbols_of
from .reading import escape, read
from .rounding import Rounding


def read_policy(raw: object, pointer: str) -> tuple[Policy | None, list[Fault]]:
    """The document as a Policy (None when it is no object) and all its faults."""
    faults: list[Fault] = []
    policy = read(Policy, raw, pointer, faults)
    if policy is None:
        return None, faults
    spoilt = {
        fault.pointer.removeprefix(pointer).split("/")[1] for fault in faults if fault.pointer != pointer
    }
    if isinstance(raw, dict) and raw.get("scale") is None:
        faults.append(
            Fault(f"{pointer}/scale", "missing", 'this field is required ({"kind": "none"} for none)')
        )
        spoilt.add("scale")
    for needs, check in _CHECKS:
        if not spoilt.intersection(needs):
            for path, code, detail in check(policy):
                faults.append(Fault(f"{pointer}/{path}", code, detail))
    return policy, faults


Found = Iterator[tuple[str, str, str]]


def _is_intake(text: str) -> bool:
    return len(text) == 5 and text[:4].isascii() and text[:4].isdigit() and text[4] in "SF"


def _percentage(path: str, value: Decimal | None) -> Found:
    if value is not None and not 0 <= value <= 100:
        yield path, "out_of_range", "a percentage is from 0 to 100"


def _points(path: str, value: Decimal | None) -> Found:
    """A result keeps its points with two places; a third would be rounded where nobody sees it."""
    if value is not None and not (0 <= value < 100 and value == round(value, 2)):
        yield path, "out_of_range", "points are from 0 to 99.99, with two places at most"


def _repeated(path: str, names: Sequence[str]) -> Found:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield f"{path}/{index}", "repeated", f"{name!r} is there already"


def _check_applies(policy: Policy) -> Found:
    applies = policy.applies
    ends = [("intake_from", applies.intake_from), ("intake_to", applies.intake_to)]
    bad = [(name, end) for name, end in ends if end is not None and not _is_intake(end)]
    for name, _ in bad:
        yield f"applies/{name}", "malformed", "an intake is a year and S or F, such as 2021F"
    both = not bad and applies.intake_from and applies.intake_to
    if both and intake_order(applies.intake_from or "") > intake_order(applies.intake_to or ""):
        yield "applies/intake_to", "out_of_order", "the last intake comes before the first"


def _check_total(policy: Policy) -> Found:
    yield from _repeated("total/best_of", [group.group for group in policy.total.best_of])
    for index, group in enumerate(policy.total.best_of):
        if group.keep < 1:
            yield f"total/best_of/{index}/keep", "out_of_range", "at least one assessment is kept"


def _check_heads(policy: Policy) -> Found:
    yield from _repeated("heads", [head.code for head in policy.heads])


def _check_pass(policy: Policy) -> Found:
    yield from _percentage("pass/total_min", policy.pass_.total_min)
    yield from _repeated("pass/other", [segment.code for segment in policy.pass_.other])


def _check_grace(policy: Policy) -> Found:
    grace = policy.grace
    if grace is None:
        return
    if not grace.per_head and grace.budget is None and grace.division is None:
        yield "grace", "incomplete", "grace needs a budget, slabs per head or a mark for the division"
    slabs = [slab.upto for slab in grace.per_head]
    if slabs != sorted(set(slabs)):
        yield "grace/per_head", "out_of_order", "slabs go up, each maximum once"
    if grace.budget is not None and (grace.budget.percent is None) == (grace.budget.marks is None):
        yield "grace/budget", "incomplete", "a budget is either a percent of the aggregate or marks"
    if grace.budget is not None:
        yield from _percentage("grace/budget/percent", grace.budget.percent)


def _check_scale(policy: Policy) -> Found:
    scale = policy.scale
    if scale.kind == "none":
        if scale.rows:
            yield "scale/rows", "unexpected", "a policy without grades has no rows"
        return
    if not scale.rows:
        yield "scale/rows", "missing", "a scale has rows"
    yield from _points("scale/fail_points", scale.fail_points)
    minima = [row.minimum for row in scale.rows]
    shares = scale.kind == "relative" and scale.method == "share"
    for index, row in enumerate(scale.rows):
        if not shares and row.minimum in minima[:index]:
            yield f"scale/rows/{index}", "repeated", f"two grades begin at {row.minimum}"
        if scale.kind != "relative" or shares:
            yield from _percentage(f"scale/rows/{index}/0", row.minimum)
        yield from _points(f"scale/rows/{index}/2", row.points)
    if scale.kind == "bands":
        yield from _repeated("scale/rows", [row.grade for row in scale.rows])
    if shares and sum(minima) != 100:
        yield "scale/rows", "incomplete", "the shares add up to 100"
    if not shares:
        ordered = sorted(scale.rows, key=lambda row: row.minimum)
        for lower, higher in pairwise(ordered):
            if lower.minimum == higher.minimum or lower.points is None or higher.points is None:
                continue
            if lower.points > higher.points:
                yield (
                    "scale/rows",
                    "out_of_order",
                    f"{higher.grade} is worth less than {lower.grade} below it",
                )
    if scale.latitude is not None:
        yield from _percentage("scale/latitude", scale.latitude)
        if scale.kind != "relative":
            yield "scale/latitude", "unexpected", "only the cut-offs of relative grades are moved"
        yield from _repeated("scale/rows", [row.grade for row in scale.rows])
    if len({row.points is None for row in scale.rows}) > 1:
        yield "scale/rows", "incomplete", "either every grade has points or none has"


def _check_table(policy: Policy) -> Found:
    rounding = policy.total.round or Rounding()
    if policy.scale.kind == "table" and (rounding.mode == "none" or rounding.places > 0):
        yield "total/round", "incomplete", "a table has a row per whole mark, so the total is rounded to one"


def _grades(policy: Policy) -> set[str]:
    return {row.grade for row in policy.scale.rows} | {policy.scale.fail}


def _check_symbols(policy: Policy) -> Found:
    grades, letters = _grades(policy), set(symbols_of(policy))
    for code, symbol in policy.symbols.items():
        here = f"symbols/{escape(code)}"
        if not 1 <= len(code) <= 10 or not code.isascii():
            yield here, "malformed", "a symbol is 1 to 10 ASCII characters"
        if code in {row.grade for row in policy.scale.rows}:
            yield here, "repeated", f"{code} is a grade of the scale"
        if symbol.as_ is not None and symbol.as_ not in grades:
            yield f"{here}/as", "unknown_grade", f"{symbol.as_} is no grade of the scale"
        if symbol.lapses_to is not None and symbol.lapses_to not in grades | letters | {PROVISIONAL}:
            yield f"{here}/lapses_to", "unknown_grade", f"{symbol.lapses_to} is neither grade nor symbol"
        yield from _percentage(f"{here}/percentage", symbol.percentage)
        yield from _points(f"{here}/points", symbol.points)


def _check_repeat(policy: Policy) -> Found:
    grades = _grades(policy)
    for name, grade in (("improve_below", policy.repeat.improve_below), ("cap", policy.repeat.cap)):
        if grade is not None and grade not in grades:
            yield f"repeat/{name}", "unknown_grade", f"{grade} is no grade of the scale"


def _check_transfer(policy: Policy) -> Found:
    grades, transfer = _grades(policy), policy.transfer
    if transfer.symbol not in symbols_of(policy):
        yield "transfer/symbol", "unknown_grade", f"{transfer.symbol} is not among the symbols"
    if transfer.min_grade is not None and transfer.min_grade not in grades:
        yield "transfer/min_grade", "unknown_grade", f"{transfer.min_grade} is no grade of the scale"
    for foreign, grade in transfer.conversion.items():
        if grade not in grades:
            yield (
                f"transfer/conversion/{escape(foreign)}",
                "unknown_grade",
                f"{grade} is no grade of the scale",
            )
    if transfer.max_share is not None and not transfer.max_share.of_maximum:
        yield "transfer/max_share", "malformed", 'a share is written with its sign, such as "50%"'


def _check_supplementary(policy: Policy) -> Found:
    if policy.supplementary is not None and policy.supplementary.cap is not None:
        yield from _percentage("supplementary/cap/to", policy.supplementary.cap.to)


def _check_gpa(policy: Policy) -> Found:
    sgpa = policy.gpa.sgpa
    if policy.gpa.cgpa.places > 6:
        yield "gpa/cgpa/places", "out_of_range", "places is a whole number from 0 to 6"
    if policy.gpa.cgpa.from_ == "rounded_sgpa" and (sgpa is None or sgpa.mode == "none"):
        yield "gpa/sgpa", "incomplete", "a CGPA from rounded SGPAs needs the SGPA's rounding"


def _check_attendance(policy: Policy) -> Found:
    attendance = policy.attendance
    yield from _percentage("attendance/min", attendance.min)
    yield from _percentage("attendance/condone_from", attendance.condone_from)
    if attendance.condone_from is not None and attendance.condone_from > attendance.min:
        yield "attendance/condone_from", "out_of_order", "what may be condoned lies below the minimum"


def _check_shortage(policy: Policy) -> Found:
    shortage = policy.attendance.shortage
    if shortage is not None and shortage not in _grades(policy) | set(symbols_of(policy)):
        yield "attendance/shortage", "unknown_grade", f"{shortage} is neither grade nor symbol"


def _check_standing(policy: Policy) -> Found:
    codes = [row.code for row in policy.standing]
    for index, row in enumerate(policy.standing):
        bare = row.cgpa_min is None and row.sgpa_min is None and row.terms_min is None and not row.after
        if bare and index < len(codes) - 1:
            yield f"standing/{index}", "out_of_order", "a row without conditions hides those below it"
        if not bare and index == len(codes) - 1:
            yield (
                f"standing/{index}",
                "incomplete",
                "the last row has no conditions, so that everyone stands somewhere",
            )
        for place, code in enumerate(row.after):
            if code not in codes:
                yield f"standing/{index}/after/{place}", "unknown_standing", f"{code} is no row of the ladder"


def _check_division(policy: Policy) -> Found:
    yield from _repeated("division", [row.code for row in policy.division])
    for index, row in enumerate(policy.division):
        yield from _percentage(f"division/{index}/min", row.min)
        for head, minimum in row.heads.items():
            yield from _percentage(f"division/{index}/heads/{escape(head)}", minimum)


def _check_compensation(policy: Policy) -> Found:
    rule = policy.compensation
    if rule is not None:
        yield from _percentage("compensation/from", rule.from_)
        yield from _percentage("compensation/average_min", rule.average_min)


_CHECKS = (
    ({"applies"}, _check_applies),
    ({"total"}, _check_total),
    ({"heads"}, _check_heads),
    ({"pass"}, _check_pass),
    ({"grace"}, _check_grace),
    ({"scale"}, _check_scale),
    ({"total", "scale"}, _check_table),
    ({"scale", "symbols", "transfer"}, _check_symbols),
    ({"scale", "repeat"}, _check_repeat),
    ({"scale", "transfer", "symbols"}, _check_transfer),
    ({"supplementary"}, _check_supplementary),
    ({"gpa"}, _check_gpa),
    ({"attendance"}, _check_attendance),
    ({"attendance", "scale", "symbols"}, _check_shortage),
    ({"standing"}, _check_standing),
    ({"division"}, _check_division),
    ({"compensation"}, _check_compensation),
)
