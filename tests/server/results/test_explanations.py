"""Each explain tree adds up to its number, computed again here from its leaves alone."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.server.results.classes import HALF_UP, PASS_50, Class, Column
from tests.server.results.scene import publish, results
from tests.support.api import Api
from tests.support.policies import S1, S2, document
from tests.support.university import University

MODES = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "down": ROUND_DOWN,
    "ceil": ROUND_CEILING,
}
TWO = {"mode": "half_up", "places": 2}


def figure(step: dict[str, Any]) -> Fraction | None:
    """The figure of a step, computed from its leaves; None where it decides. Every figure that the step
    itself claims is compared with it."""
    parts = [figure(part) for part in step.get("parts", [])]
    operation = step.get("operation", "given")
    if operation == "judged":
        assert step.get("exact") is None
        return None
    claimed = Fraction(step["exact"])
    if operation == "given":
        assert parts == []
        return claimed
    values = [part for part in parts if part is not None]
    assert len(values) == len(parts)
    found = claimed
    if operation == "sum":
        found = sum(values, Fraction(0))
    elif operation == "product":
        found = Fraction(1)
        for value in values:
            found *= value
    elif operation in ("quotient", "percentage"):
        over, under = values
        found = over / under * (100 if operation == "percentage" else 1)
    elif operation == "mean":
        found = sum(values, Fraction(0)) / len(values)
    elif operation == "least":
        found = min(values)
    elif operation == "chosen":
        assert claimed in values
    elif operation == "rounded":
        (value,) = values
        found = rounded(value, step["rounding"])
    else:
        raise AssertionError(f"no step of this kind: {operation}")
    assert found == claimed, step["label"]
    return found


def rounded(value: Fraction, rule: dict[str, Any]) -> Fraction:
    if rule["mode"] == "none":
        return value
    context = Context(prec=80)
    exact = context.divide(Decimal(value.numerator), Decimal(value.denominator))
    return Fraction(exact.quantize(Decimal(1).scaleb(-rule["places"]), MODES[rule["mode"]], context))


def as_shown(value: Fraction, printed: str) -> str:
    """The exact figure with as many places as it is printed with, at most six, cut."""
    places = len(printed.partition(".")[2])
    context = Context(prec=80)
    exact = context.divide(Decimal(value.numerator), Decimal(value.denominator))
    return str(exact.quantize(Decimal(1).scaleb(-places), ROUND_DOWN, context))


def check_result(api: Api, row: dict[str, Any]) -> None:
    answer = api.as_("registrar").get(f"/api/students/{row['student_id']}/explain/result/{row['id']}/")
    assert answer.status == 200, answer.content
    explained = answer.json
    trace = explained["trace"]
    assert trace["operation"] == "judged"
    assert figure(trace) is None
    assert (trace["regulation"], trace["version"]) == (
        explained["regulation"]["code"],
        explained["regulation"]["version"],
    )
    (total,) = trace["parts"]
    if row["total"] is not None:
        assert row["total"] == as_shown(Fraction(total["exact"]), row["total"])
    if row["grade"]:
        assert row["grade"] in trace["shown"]


def check_cgpa(api: Api, student: int) -> dict[str, Any]:
    explained: dict[str, Any] = api.as_("registrar").get(f"/api/students/{student}/explain/cgpa/").json
    averages = [explained["cgpa"], explained["honours"], *(term["sgpa"] for term in explained["terms"])]
    for average in averages:
        found = figure(average["trace"])
        if average["value"] is None:
            assert found is None
            continue
        assert found is not None
        assert average["value"] == as_shown(found, average["value"])
        exact = Fraction(average["exact"])
        assert exact * Fraction(average["credits"]) == Fraction(average["quality_points"])
    assert explained["cgpa"]["value"] == explained["declared"]
    for term in explained["terms"]:
        assert term["sgpa"]["value"] == term["declared"]
    used = {row["key"] for row in explained["rows"] if row["counts"] == "counted"}
    assert all(row["why"] for row in explained["rows"] if row["key"] not in used)
    return explained


QUIZZES: list[Column] = [
    ("Quiz 1", "quiz", 10, 10),
    ("Quiz 2", "quiz", 10, 7),
    ("Mid", "midterm", 30, 45),
    ("Final", "final", 50, 90),
]
POLICIES: dict[str, dict[str, Any]] = {
    "exact": document(S1, gpa={}, **PASS_50),
    "every stage cut": document(
        S1,
        total={"component": {"mode": "down", "places": 1}, "round": {"mode": "ceil", "places": 0}},
        gpa={
            "points": {"mode": "down", "places": 1},
            "sgpa": {"mode": "half_even", "places": 1},
            "cgpa": {"from": "quality_points", "mode": "down", "places": 2},
        },
        **PASS_50,
    ),
    "best of, heads, rounded averages": document(
        S2,
        total={"round": HALF_UP, "best_of": [{"group": "quiz", "keep": 1, "absent_may_drop": True}]},
        heads=[{"code": "theory", "min": "40%", "round": {"mode": "half_up", "places": 0}}],
        gpa={"sgpa": TWO, "cgpa": {"from": "rounded_sgpa", **TWO}},
        repeat={"count": "average", "honours": "all_attempts"},
        pass_={"total_min": "40"},
    ),
    "percentages": document(
        scale={"kind": "none"},
        gpa={"of": "percentage", "sgpa": TWO, "cgpa": {"from": "quality_points", **TWO}},
        repeat={"count": "last"},
        **PASS_50,
    ),
    "in relation to the class": document(
        scale={"kind": "relative", "rows": [["1", "A", "4"], ["0", "B", "3"], ["-1", "C", "2"]]},
        repeat={"count": "best", "cap": "B"},
    ),
}


@pytest.mark.parametrize("name", POLICIES)
def test_every_explain_tree_adds_up_to_its_number(api: Api, university: University, name: str) -> None:
    scene = Class(api, university, POLICIES[name], students=4)
    course = scene.course("2.5")
    first = scene.sit(
        QUIZZES,
        [[7, 3, 30, 61], [10, "absent", 20.5, 33.25], [1, 2, "excused", 77], [9, 7, 45, 90]],
        course,
    )
    other = scene.sit(QUIZZES, [[5, 5, 33, 60], [2, 4, 22, 41], [6, 3, 11, 12], [8, 6, 40, 80]])
    publish(api, first)
    publish(api, other)
    scene.next_term()
    again = scene.sit(
        QUIZZES,
        [[9, 6, 41, 88], [8, 5, 31, 70], [7, 7, 39, 66], [3, 1, 12, 20]],
        course,
        attempt=2,
        kind="repeat",
    )
    publish(api, again)
    for section in (first, other, again):
        for row in results(api, section):
            check_result(api, row)
    for student in scene.scene["students"]:
        explained = check_cgpa(api, student)
        assert len(explained["rows"]) == 3


def test_a_capped_supplementary_adds_up(api: Api, university: University) -> None:
    clause = {"cap": {"level": "course", "to": "40"}}
    policy = document(S2, total={"round": HALF_UP}, pass_={"total_min": "40"}, supplementary=clause)
    scene = Class(api, university, policy)
    course = scene.course()
    publish(api, scene.sit(QUIZZES, [[1, 1, 10, 20]], course))
    scene.next_term()
    again = scene.sit(QUIZZES, [[None, None, None, 88]], course, attempt=2, kind="supplementary")
    publish(api, again)
    (row,) = results(api, again)
    assert row["total"] == "40"
    check_result(api, row)
    check_cgpa(api, scene.scene["students"][0])


def test_a_student_is_told_the_own_derivation_and_nobody_elses(api: Api, university: University) -> None:
    scene = Class(api, university, document(S1, **PASS_50), students=2)
    section = scene.marks(70)
    own, other = results(api, section)
    student = api.as_("student")
    mine, theirs = scene.scene["students"]
    assert student.get(f"/api/students/{mine}/explain/cgpa/").status == 200
    assert student.get(f"/api/students/{mine}/explain/division/").status == 200
    assert student.get(f"/api/students/{mine}/explain/result/{own['id']}/").status == 200
    assert student.get(f"/api/students/{theirs}/explain/cgpa/").status == 404
    assert student.get(f"/api/students/{theirs}/explain/result/{other['id']}/").status == 404
    assert student.get(f"/api/students/{mine}/explain/result/{other['id']}/").status == 404


def test_a_withheld_result_is_not_explained(api: Api, university: University) -> None:
    scene = Class(api, university, document(S1, **PASS_50))
    section = scene.sit([("Final", "final", 100, 100)], [["70"]])
    (row,) = results(api, section)
    body = {"result_ids": [row["id"]], "reason": "fee", "note": ""}
    assert api.as_("examcell").post("/api/results/withhold/", body).status == 200
    path = f"/api/students/{scene.scene['students'][0]}/explain/result/{row['id']}/"
    explained = api.as_("registrar").get(path).json
    assert (explained["trace"], explained["total"], explained["outcome"]) == (None, None, "withheld")
    assert explained["remarks"]
