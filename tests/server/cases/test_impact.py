"""What a case is said to do before it is signed is what it does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.cases.scene import carry, opened
from tests.server.results.classes import Class
from tests.support.api import Api
from tests.support.database import TestDatabase, cloned_database, server_database
from tests.support.policies import S1, document
from tests.support.university import University

STUDENTS = 2
POLICY = document(
    S1,
    pass_={"total_min": "50"},
    repeat={"count": "best", "past_sgpa": "unchanged"},
    standing=[{"code": "good", "cgpa_min": "2.00"}, {"code": "probation"}],
)
_marks = st.one_of(st.integers(0, 100), st.sampled_from([49, 50, 54, 55, 84, 85]))
_plans = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, STUDENTS - 1), _marks),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one[:2],
)


@pytest.fixture
def examined(api: Api, university: University) -> Class:
    """Two terms of three courses, the last of which repeats the first."""
    scene = Class(api, university, POLICY, students=STUDENTS)
    first = scene.course()
    for course in (first, scene.course(4), scene.course()):
        scene.marks("48", course=course)
    scene.next_term()
    for course in (scene.course(), scene.course(2)):
        scene.marks("66", course=course)
    scene.marks("71", course=first)
    return scene


@contextmanager
def _copy(api: Api, database_url: TestDatabase) -> Iterator[Api]:
    """The same scene again, to spend: a database cloned from it."""
    before = api.database
    before.forget_connections()
    with cloned_database(database_url.cluster, database_url.name) as copy:
        database = server_database(copy.app_url, pool_size=2)
        api.client.app.state.database = api.database = database
        try:
            yield api
        finally:
            database.close()
            api.client.app.state.database = api.database = before


def _stands(api: Api) -> tuple[dict[Any, Any], dict[Any, Any], dict[Any, Any]]:
    """Results, terms and registrations as the API shows them."""
    client = api.as_("examcell")
    results = client.get("/api/results/?page_size=200").json["results"]
    terms = client.get("/api/term-results/?page_size=200").json["results"]
    registrations = api.as_("registrar").get("/api/students/").json["results"]
    return (
        {row["id"]: tuple(row[f] for f in ("total", "grade", "grade_points", "outcome")) for row in results},
        {
            (row["registration_id"], row["term_id"]): tuple(
                row[f] for f in ("sgpa", "cgpa", "earned", "standing")
            )
            for row in terms
        },
        {row["id"]: (row["cgpa"], row["credits_earned"]) for row in registrations},
    )


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(plan=_plans)
def test_the_impact_of_a_case_is_the_change_that_follows(
    examined: Class, api: Api, database_url: TestDatabase, plan: list[tuple[int, int, int]]
) -> None:
    with _copy(api, database_url) as spent:
        rows = spent.as_("examcell").get("/api/results/?page_size=200").json["results"]
        rows.sort(key=lambda row: row["id"])
        changes = []
        for course, student, mark in plan:
            row = rows[course * STUDENTS + student]
            if row["total"] == str(mark):
                mark = 100 if mark != 100 else 0
            (cell,) = (
                spent.as_("examcell").get(f"/api/assessments/?section_id={row['section_id']}").json["results"]
            )
            score = {"assessment_id": cell["id"], "mark": "scored", "score": str(mark)}
            changes.append({"result_id": row["id"], "scores": [score]})
        case = opened(spent, kind="correction", changes=changes)
        foreseen = spent.as_("head").get(f"/api/cases/{case['id']}/impact/").json
        before = _stands(spent)
        carry(spent, case["id"])
        after = _stands(spent)
    fields = ("total", "grade", "grade_points", "outcome")
    assert {one["result_id"] for one in foreseen["results"]} == {change["result_id"] for change in changes}
    for side, stands in (("old", before), ("new", after)):
        for one in foreseen["results"]:
            assert tuple(one[side][name] for name in fields) == stands[0][one["result_id"]]
        for record in foreseen["records"]:
            whole = tuple(record[f"{side}_{name}"] for name in ("cgpa", "credits_earned"))
            assert whole == stands[2][record["student_id"]]
            for term in record["terms"]:
                declared = tuple(term[side][name] for name in ("sgpa", "cgpa", "earned", "standing"))
                assert declared == stands[1][record["registration_id"], term["term_id"]]
    touched = {(r["registration_id"], t["term_id"]) for r in foreseen["records"] for t in r["terms"]}
    moved = {key for key, value in after[1].items() if before[1][key] != value}
    assert moved <= touched
