"""The cases of averages, repeats, letters and merit, from cells to what is declared."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.server.results.classes import PASS_50, Class, Column
from tests.server.results.scene import publish, results
from tests.support.api import Api
from tests.support.policies import S1, document
from tests.support.university import University

LETTERS = {"W": {"gpa": False}, "WP": {"gpa": False}, "FW": {"as": "F"}, "WF": {"as": "F"}}
FINAL: list[Column] = [("Final", "final", 100, 100)]


def base_of_twelve(scene: Class) -> None:
    """Other courses: 12 credits, 36.00 quality points."""
    scene.marks(70, course=scene.course(12))


def credits_of(scene: Class) -> tuple[str, str]:
    explained = scene.explained()
    return explained["attempted"], explained["earned"]


@pytest.mark.parametrize(
    ("letter", "cgpa"), [("W", "3.00"), ("WP", "3.00"), ("F", "2.40"), ("FW", "2.40"), ("WF", "2.40")]
)
def test_g26_what_a_withdrawal_weighs(api: Api, university: University, letter: str, cgpa: str) -> None:
    scene = Class(api, university, document(S1, symbols=LETTERS, **PASS_50))
    base_of_twelve(scene)
    section = scene.marks(20)
    if letter != "F":
        scene.change_grade(section, letter)
    assert scene.declared() == [(cgpa, cgpa)]
    assert credits_of(scene) == ("15.00", "12.00")
    assert results(api, section)[0]["outcome"] == ("withdrawn" if letter in ("W", "WP") else "fail")


@pytest.mark.parametrize(("shortage", "cgpa"), [("W", "3.00"), ("FW", "2.40")])
def test_g26_a_shortage_is_what_the_regulation_calls_it(
    api: Api, university: University, shortage: str, cgpa: str
) -> None:
    policy = document(S1, symbols=LETTERS, attendance={"shortage": shortage}, **PASS_50)
    scene = Class(api, university, policy)
    base_of_twelve(scene)
    section = scene.sit(FINAL, [[None]], status="barred", ended_at="2026-11-01T00:00:00Z")
    publish(api, section)
    assert (results(api, section)[0]["grade"], scene.declared()) == (shortage, [(cgpa, cgpa)])
    assert credits_of(scene) == ("15.00", "12.00")


def test_g26_in_a_system_of_percentages_a_letter_has_a_percentage(api: Api, university: University) -> None:
    policy = document(
        scale={"kind": "none"},
        symbols={"WF": {"gpa": True, "percentage": "50"}},
        gpa={"of": "percentage", "cgpa": {"from": "quality_points", "mode": "half_up", "places": 1}},
        **PASS_50,
    )
    scene = Class(api, university, policy)
    scene.marks(75, course=scene.course(12))
    section = scene.marks(20)
    scene.change_grade(section, "WF")
    assert scene.declared()[-1][1] == "70.0"
    assert credits_of(scene) == ("15.00", "12.00")


@pytest.mark.parametrize("count", ["best", "last", "all"])
def test_g28c_a_withdrawal_never_replaces_a_grade(api: Api, university: University, count: str) -> None:
    scene = Class(api, university, document(S1, repeat={"count": count}, **PASS_50))
    base_of_twelve(scene)
    course = scene.course()
    scene.marks(58, course=course)
    scene.next_term()
    publish(
        api,
        scene.sit(
            FINAL,
            [[None]],
            course,
            attempt=2,
            kind="repeat",
            status="withdrawn",
            ended_at="2027-11-01T00:00:00Z",
        ),
    )
    assert scene.declared()[-1] == (None, "2.80")


def test_g28c_a_fail_for_dishonesty_counts_beside_its_repeat(api: Api, university: University) -> None:
    policy = document(S1, symbols={"XF": {"as": "F", "replaceable": False}}, **PASS_50)
    scene = Class(api, university, policy)
    base_of_twelve(scene)
    course = scene.course()
    scene.change_grade(scene.marks(55, course=course), "XF")
    scene.next_term()
    scene.marks(70, course=course, attempt=2, kind="repeat")
    assert scene.declared()[-1] == ("3.00", "2.50")


def test_g28c_honours_count_every_attempt_and_a_first_terms_sgpa_stays(
    api: Api, university: University
) -> None:
    policy = document(S1, repeat={"count": "best", "honours": "all_attempts"}, **PASS_50)
    scene = Class(api, university, policy)
    base_of_twelve(scene)
    course = scene.course()
    scene.marks(20, course=course)
    scene.next_term()
    scene.marks(65, course=course, attempt=2, kind="repeat")
    explained = scene.explained()
    assert (explained["cgpa"]["printed"], explained["honours"]["printed"]) == ("2.94", "2.45")
    assert scene.declared() == [("2.40", "2.40"), ("2.70", "2.94")]
    assert [term["sgpa"]["printed"] for term in explained["terms"]] == ["2.40", "2.70"]


def test_g28c_a_repeat_may_be_capped(api: Api, university: University) -> None:
    scene = Class(api, university, document(S1, repeat={"count": "best", "cap": "B"}, **PASS_50))
    base_of_twelve(scene)
    course = scene.course()
    scene.marks(20, course=course)
    scene.next_term()
    scene.marks(88, course=course, attempt=2, kind="repeat")
    assert scene.declared()[-1] == ("3.00", "3.00")  # not 3.20


def test_g28c_the_seventh_improvement_of_six_changes_nothing(api: Api, university: University) -> None:
    repeat = {"count": "best", "max_courses": 6, "improve_below": "C"}
    scene = Class(api, university, document(S1, repeat=repeat, **PASS_50))
    courses = [scene.course() for _ in range(7)]
    for course in courses:
        scene.marks(50, course=course)
    for course in courses[:6]:
        scene.next_term()
        scene.marks(70, course=course, attempt=2, kind="improvement")
    assert scene.declared()[-1] == ("3.00", "2.71")  # (6 × 9 + 3) / 21
    scene.next_term()
    section = scene.marks(70, course=courses[6], attempt=2, kind="improvement")
    assert scene.declared()[-1] == ("3.00", "2.71")
    (row,) = results(api, section)
    assert row["counts"] == "replaced"
    whys = [line["why"] for line in scene.explained()["rows"] if line["result_id"] == row["id"]]
    assert whys == ["only 6 courses may be improved; the earlier stays"]


def test_g28c_a_failed_elective_is_replaced_by_another_course(api: Api, university: University) -> None:
    scene = Class(api, university, document(S1, **PASS_50))
    base_of_twelve(scene)
    failed, other = scene.course(), scene.course()
    scene.marks(20, course=failed)
    answer = api.as_("registrar").patch(f"/api/courses/{other}/", {"equivalents": [failed]})
    assert answer.status == 200, answer.content
    scene.next_term()
    scene.marks(70, course=other)
    assert scene.declared()[-1] == ("3.00", "3.00")


def g29(scene: Class, non_credit: int, internship: int) -> None:
    scene.marks(70, course=scene.course(15))
    scene.marks(non_credit, course=scene.course(1, grading="non_credit"))
    scene.marks(internship, course=scene.course(3, grading="pass_fail"))
    publish(scene.api, scene.sit(FINAL, [[None]], kind="audit"))


@pytest.mark.parametrize(
    ("non_credit", "internship", "earned", "wanting"),
    [(60, 60, "18.00", 0), (20, 60, "18.00", 1), (60, 20, "15.00", 1)],
)
def test_g29_what_has_no_points_is_not_in_the_average(
    api: Api, university: University, non_credit: int, internship: int, earned: str, wanting: int
) -> None:
    scene = Class(api, university, document(S1, **PASS_50))
    university.run("UPDATE program SET credits_required = 18")
    g29(scene, non_credit, internship)
    explained = scene.explained()
    assert (explained["cgpa"]["printed"], explained["cgpa"]["credits"]) == ("3.00", "15")
    assert (explained["earned"], len(explained["wanting"])) == (earned, wanting)
    assert scene.declared() == [("3.00", "3.00")]


@pytest.mark.parametrize(
    ("quality", "credits", "mode", "printed"),
    [
        ("66.9", 20, "half_up", "3.35"),
        ("66.9", 20, "half_even", "3.34"),
        ("66.9", 20, "down", "3.34"),
        ("53.5", 20, "half_up", "2.68"),  # a float says 2.67
    ],
)
def test_g32_the_mode_decides(
    api: Api, university: University, quality: str, credits: int, mode: str, printed: str
) -> None:
    each = Decimal(int(Decimal(quality) / credits))
    rest = (Decimal(quality) - (credits - 5) * each) / 5
    rows = [["80", "A", str(rest)], ["50", "B", str(each)]]
    rounding = {"mode": mode, "places": 2}
    scene = Class(api, university, document(rows, gpa={"sgpa": rounding, "cgpa": rounding}))
    scene.marks(60, course=scene.course(credits - 5))
    scene.marks(85, course=scene.course(5))
    assert scene.declared() == [(printed, printed)]


def test_g39_merit(api: Api, university: University) -> None:
    policy = document(
        [["95", "A+", "4.00"], ["88", "A", "3.90"], ["50", "B", "3.00"]],
        merit={
            "by": "cgpa",
            "exclude": ["repeat", "fail", "exemption", "ufm"],
            "ties": ["percentage", "younger"],
        },
        **PASS_50,
    )
    scene = Class(api, university, policy, students=4)
    born = ("2003-01-01", "2003-01-01", "2003-01-01", "2004-01-01")
    for student, day in zip(scene.scene["students"], born, strict=True):
        university.run("UPDATE student SET date_of_birth = %(d)s WHERE id = %(s)s", d=day, s=student)
    course = scene.course()
    publish(api, scene.sit(FINAL, [["99"], ["88.1"], ["88.4"], ["88.4"]], course))
    # A has one repeat, and the best average all the same.
    first, *rest = scene.scene["registrations"]
    scene.next_term()
    scene.scene["registrations"] = [first]
    publish(api, scene.sit(FINAL, [["99"]], course, attempt=2, kind="improvement"))
    scene.scene["registrations"] = [first, *rest]
    question = f"/api/merit/?program_id={scene.scene['program']}&intake=2024F"
    (merit,) = api.as_("examcell").get(question).json["lists"]
    order = [(line["registration_id"], line["position"]) for line in merit["placed"]]
    assert order == [(rest[2], 1), (rest[1], 2), (rest[0], 3)]
    assert [(line["registration_id"], line["why"]) for line in merit["left_out"]] == [
        (first, "excluded for repeat")
    ]
    assert (merit["placed"][0]["cgpa"], merit["placed"][0]["percentage"]) == ("3.90", "88.4")
    assert api.as_("faculty").get(question).status == 403
    assert api.as_("examcell").get("/api/merit/?program_id=99999&intake=2024F").status == 404


def test_a_good_average_earns_the_credits_of_a_near_fail_and_leaves_its_grade(
    api: Api, university: University
) -> None:
    compensation = {"from": "40", "average_min": "60", "max_credits": "3"}
    scene = Class(api, university, document(S1, compensation=compensation, **PASS_50))
    scene.marks(85, course=scene.course(6))
    near = scene.marks(45)
    hopeless = scene.marks(30)
    explained = scene.explained()
    assert (explained["earned"], explained["declared"]) == ("9.00", "2.00")  # 24 of 12 credits
    by_result = {line["result_id"]: line["compensated"] for line in explained["rows"]}
    assert by_result[results(api, near)[0]["id"]] is True
    assert by_result[results(api, hopeless)[0]["id"]] is False
    assert results(api, near)[0]["grade"] == "F"
    assert scene.term_result()["earned"] == "9.00"


def test_a_cgpa_converts_by_the_regulations_formula(api: Api, university: University) -> None:
    conversion = {"factor": "25", "offset": "-2.5", "round": {"mode": "half_up", "places": 1}}
    scene = Class(api, university, document(S1, conversion=conversion, **PASS_50))
    scene.marks(75)
    assert scene.explained()["as_percentage"] == "80.0"


def test_a_ladder_of_standing_remembers(api: Api, university: University) -> None:
    ladder: list[dict[str, Any]] = [
        {"code": "good", "cgpa_min": "2.00"},
        {"code": "dismissed", "after": ["probation", "final_probation"]},
        {"code": "final_probation", "after": ["probation"]},
        {"code": "probation"},
    ]
    scene = Class(api, university, document(S1, standing=ladder, **PASS_50))
    standings = []
    for mark in (55, 55, 55):
        scene.marks(mark)
        question = f"/api/term-results/?term_id={scene.terms[-1]}"
        standings.append(api.as_("examcell").get(question).json["results"][0]["standing"])
        scene.next_term()
    assert standings == ["probation", "final_probation", "dismissed"]
