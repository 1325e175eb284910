"""Regulations: the document is read with all its faults at once, said in words, and chosen by intake."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sims_shared.problems import Fault
from sims_shared.regulations import (
    Applies,
    AppliesTo,
    CreateRegulation,
    PolicyInvalid,
    check_policy,
    default_policy,
    document_of,
    in_words,
    regulation_in_force,
)
from tests.support.policies import document

FULL: dict[str, Any] = {
    "code": "BS-2021",
    "version": 3,
    "authority": "Academic Council 41/7",
    "applies": {"level": "UG", "intake_from": "2021F", "intake_to": None},
    "total": {
        "basis": "marks",
        "round": {"mode": "ceil", "places": 0},
        "absent": "zero",
        "excused": "reweigh",
        "blank": "block",
        "must_sit": ["final"],
        "best_of": [{"group": "quiz", "keep": 3, "absent_may_drop": True}],
    },
    "heads": [
        {"code": "theory", "min": "40%", "round": None},
        {"code": "practical", "min": "40%", "round": None},
    ],
    "pass": {"total_min": "50", "other": []},
    "grace": {
        "per_head": [{"upto": 50, "marks": 2}, {"upto": 100, "marks": 3}],
        "budget": {"of": "aggregate", "percent": "1", "round": "ceil"},
        "max_heads": {"share": "25%", "round": "ceil"},
        "allocation": "all_or_nothing",
        "added_to_marks": False,
        "bars": ["position", "distinction"],
    },
    "scale": {"kind": "bands", "rows": [["85", "A", "4.00"], ["80", "A-", "3.70"], ["50", "C", "2.00"]]},
    "symbols": {
        "W": {"gpa": False, "attempted": True},
        "FW": {"as": "F"},
        "XF": {"as": "F", "replaceable": False},
        "I": {"lapses_to": "F", "on": "next_term.marks_due"},
        "S": {"gpa": False, "earned": True},
        "U": {"gpa": False},
        "AU": {},
        "TR": {"gpa": False, "earned": True},
        "RL": {"final": False},
    },
    "repeat": {
        "count": "best",
        "improve_below": "C",
        "max_courses": 6,
        "never_replace_with": ["W", "I", "AU"],
        "cap": None,
        "past_sgpa": "unchanged",
        "honours": "all_attempts",
    },
    "supplementary": {
        "cap": {"level": "component", "to": "40"},
        "carry": ["internal"],
        "retake": "failed_head",
        "attempts": 4,
    },
    "transfer": {"symbol": "TR", "min_grade": "C", "gpa": "exclude", "max_share": "50%"},
    "gpa": {
        "sgpa": {"mode": "half_up", "places": 2},
        "cgpa": {"from": "quality_points", "mode": "half_up", "places": 2},
        "empty": "-",
    },
    "standing": [],
    "attendance": {
        "min": "75",
        "late": "1",
        "leave": "absent",
        "from": "later(term_start,admitted)",
        "round": None,
        "per_head": True,
        "condone_from": "60",
        "shortage": "FW",
    },
    "division": [],
    "merit": {},
    "recheck": {"window_days": 15, "may_fall": True},
}


def faults_of(raw: object, pointer: str = "") -> dict[str, str]:
    with pytest.raises(PolicyInvalid) as refused:
        check_policy(raw, pointer)
    assert all(isinstance(fault, Fault) for fault in refused.value.errors)
    return {fault.pointer: fault.code for fault in refused.value.errors}


def test_a_document_with_every_clause_is_read() -> None:
    policy = check_policy(FULL)
    assert (policy.code, policy.version) == ("BS-2021", 3)
    assert policy.symbols["XF"].replaceable is False
    assert policy.attendance.min == Decimal(75)


def test_the_default_policy_is_valid_and_a_fresh_one_each_time() -> None:
    first = default_policy()
    check_policy(first)
    first["scale"]["rows"].clear()
    assert check_policy(default_policy()).scale.rows


def test_all_faults_are_listed_at_once() -> None:
    raw = {
        **FULL,
        "surprise": 1,
        "total": {"basis": "guess", "round": {"mode": "up", "places": 0}, "best_of": [{"group": "quiz"}]},
        "pass": {"total_min": "a lot"},
        "scale": {"kind": "bands", "rows": [["85", "A", "4.00"], ["85", "A-", 3.7], ["80"]]},
        "repeat": {"count": "best", "cap": "Z"},
        "attendance": {"min": "175"},
        "gpa": {"sgpa": {"mode": "half_up", "places": 12}},
    }
    assert faults_of(raw, "/policy") == {
        "/policy/surprise": "unknown_field",
        "/policy/total/basis": "not_a_choice",
        "/policy/total/round": "malformed",
        "/policy/total/best_of/0/keep": "missing",
        "/policy/pass/total_min": "malformed",
        "/policy/scale/rows/1": "malformed",  # a float loses digits
        "/policy/scale/rows/2": "malformed",
        "/policy/attendance/min": "out_of_range",
        "/policy/gpa/sgpa": "malformed",
    }


@pytest.mark.parametrize(
    ("clauses", "pointer", "code"),
    [
        (
            {"scale": {"kind": "bands", "rows": [["85", "A", "4"], ["85", "B", "3"]]}},
            "/scale/rows/1",
            "repeated",
        ),
        (
            {"scale": {"kind": "bands", "rows": [["85", "A", "3"], ["80", "B", "4"]]}},
            "/scale/rows",
            "out_of_order",
        ),
        ({"scale": {"kind": "bands"}}, "/scale/rows", "missing"),
        ({"scale": {"kind": "bands", "rows": [["101", "A", "4"]]}}, "/scale/rows/0/0", "out_of_range"),
        ({"scale": {"kind": "bands", "rows": [["60", "A", "4.005"]]}}, "/scale/rows/0/2", "out_of_range"),
        ({"scale": {"kind": "table", "rows": [["60", "B", "3"]]}}, "/total/round", "incomplete"),
        ({"repeat": {"cap": "Q"}}, "/repeat/cap", "unknown_grade"),
        ({"symbols": {"FW": {"as": "Q"}}}, "/symbols/FW/as", "unknown_grade"),
        ({"symbols": {"I": {"lapses_to": "Q"}}}, "/symbols/I/lapses_to", "unknown_grade"),
        ({"applies": {"intake_from": "2021X"}}, "/applies/intake_from", "malformed"),
        ({"applies": {"intake_from": "2022S", "intake_to": "2021F"}}, "/applies/intake_to", "out_of_order"),
        ({"standing": [{"code": "good", "cgpa_min": "2"}]}, "/standing/0", "incomplete"),
        ({"standing": [{"code": "all"}, {"code": "rest"}]}, "/standing/0", "out_of_order"),
        ({"heads": [{"code": "t"}, {"code": "t"}]}, "/heads/1", "repeated"),
        ({"gpa": {"cgpa": {"from": "rounded_sgpa"}}}, "/gpa/sgpa", "incomplete"),
        ({"attendance": {"min": "60", "condone_from": "75"}}, "/attendance/condone_from", "out_of_order"),
        ({"attendance": {"shortage": "Q"}}, "/attendance/shortage", "unknown_grade"),
        ({"grace": {}}, "/grace", "incomplete"),
        ({"transfer": {"max_share": "50"}}, "/transfer/max_share", "malformed"),
    ],
)
def test_a_clause_that_would_surprise_a_student_is_refused(
    clauses: dict[str, Any], pointer: str, code: str
) -> None:
    assert faults_of(document(**clauses)) == {pointer: code}


@pytest.mark.parametrize("raw", [None, [], "policy", 3, {}, {"scale": None}])
def test_what_is_no_policy_at_all_is_refused(raw: object) -> None:
    assert faults_of(raw)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(FULL)), json_values)
def test_nothing_but_a_refusal_comes_of_nonsense(clause: str, nonsense: Any) -> None:
    try:
        policy = check_policy({**FULL, clause: nonsense})
    except PolicyInvalid:
        return
    assert in_words(policy)


def test_a_regulation_says_itself_in_words() -> None:
    words = in_words(check_policy(FULL))
    assert "The total is rounded up: a fraction counts as one." in words
    assert "Of a repeated course the better attempt counts." in words
    assert "The CGPA is made from quality points and rounded half up to 2 places." in words
    assert "In theory at least 40 % are needed." in words
    assert "XF counts as F, is never replaced by a repeat." in words


class Row(msgspec.Struct):
    name: str
    version: int
    applies: Applies
    status: str = "in_force"


def test_the_latest_intake_then_the_highest_version_is_in_force() -> None:
    rows = [
        Row("any", 9, Applies()),
        Row("2019", 1, Applies(intake_from="2019F")),
        Row("2021 v1", 1, Applies(intake_from="2021S")),
        Row("2021 v2", 2, Applies(intake_from="2021S")),
        Row("2021 draft", 3, Applies(intake_from="2021S"), "draft"),
        Row("2021 withdrawn", 4, Applies(intake_from="2021S"), "withdrawn"),
        Row("masters", 5, Applies(level="PG", intake_from="2021F")),
        Row("law only", 6, Applies(programs=("LLB",), intake_from="2021F")),
    ]

    def chosen(program: str, level: str | None, intake: str) -> str | None:
        row = regulation_in_force(rows, program, level, intake)
        return row.name if row is not None else None

    assert chosen("BSCS", "UG", "2018F") == "any"
    assert chosen("BSCS", "UG", "2020F") == "2019"
    assert chosen("BSCS", "UG", "2021F") == "2021 v2"
    assert chosen("MSCS", "PG", "2021F") == "masters"
    assert chosen("LLB", "UG", "2021F") == "law only"
    assert chosen("LLB", "UG", "2021S") == "2021 v2"
    assert regulation_in_force(rows[-1:], "BSCS", "UG", "2021F") is None


def test_both_ends_of_the_intakes_belong_to_it() -> None:
    rows = [Row("r", 1, Applies(intake_from="2021S", intake_to="2021F"))]
    found = [
        regulation_in_force(rows, "X", None, i) is not None for i in ("2020F", "2021S", "2021F", "2022S")
    ]
    assert found == [False, True, True, False]


def test_what_stands_beside_the_document_goes_into_it() -> None:
    body = b'{"code": "R-1", "applies": {"intake_from": "2021F"}, "policy": {"scale": {"kind": "none"}}}'
    command = msgspec.json.decode(body, type=CreateRegulation)
    stored = document_of(command.policy, code=command.code, version=2, applies=command.applies)
    assert (stored["code"], stored["version"], stored["applies"]["intake_from"]) == ("R-1", 2, "2021F")
    assert check_policy(stored).applies.intake_from == "2021F"
    assert command.policy == {"scale": {"kind": "none"}}  # the request is left as it came
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"intake_from": "2021X"}, AppliesTo)
