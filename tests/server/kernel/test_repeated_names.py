"""A name that stands twice in one object is refused with its place: neither of the two is taken."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from sims_server.kernel.repeated_names import repeated_names
from tests.support.api import Api
from tests.support.university import University


@pytest.mark.parametrize(
    ("body", "places"),
    [
        (b'{"a": 1, "b": {"a": 1}}', []),
        (b'[{"a": 1}, {"a": 1}]', []),
        (b'{"a": 1, "a": 1}', ["/a"]),
        (b'{"a": 1, "\\u0061": 2, "a": 3}', ["/a"]),
        (b'{"list": [{}, {"x": {"y/~": 1, "y/~": 2}}], "list": 0}', ["/list/1/x/y~1~0", "/list"]),
        (b'{"a": "\\"a\\": 1, \\"a\\": 2"}', []),
        (b'{"n": ' + b"9" * 5000 + b', "n": 1e400}', ["/n"]),
        (b'{"\\ud800": 1, "\\ud800": 2}', ["/?"]),
        (b'{"a": 1, "a": ', []),
        (b"\xff", []),
        (b"[" * 50_000, []),
    ],
)
def test_every_place_is_named_once(body: bytes, places: list[str]) -> None:
    assert [fault.pointer for fault in repeated_names(body)] == places


def refused(answer: Any) -> list[str]:
    assert (answer.status, answer.code) == (400, "request.invalid"), answer.content
    assert answer.headers["content-type"].startswith("application/problem+json")
    return [f"{fault['code']} {fault['pointer']}" for fault in answer.json["errors"]]


def test_a_command_told_twice_is_refused_with_its_other_faults(api: Api, university: University) -> None:
    scene = university.stand(students=1)
    answer = api.as_("registrar").post(
        f"/api/sections/{scene['section']}/enroll/",
        content=b'{"student_id": 1, "student_id": 2, "override": {"code": "a", "code": "b"}, "no": 1}',
    )
    assert refused(answer)[:2] == ["repeated /student_id", "repeated /override/code"]
    assert "unknown_field /no" in refused(answer)


def test_a_free_document_told_twice_is_refused(api: Api, university: University) -> None:
    university.stand(students=1)
    answer = api.as_("registrar").post("/api/regulations/", content=b'{"policy": {"code": "X", "code": "Y"}}')
    assert refused(answer) == ["repeated /policy/code"]


def test_a_push_of_marks_that_gives_a_mark_twice_writes_neither(api: Api, university: University) -> None:
    scene = university.stand(students=1)
    cell = (
        f'{{"edit_id": "{uuid.uuid4()}", "enrollment_id": {scene["enrollments"][0]}, "assessment_id": '
        f'{scene["assessments"][0]}, "base_ver": 0, "mark": "scored", "score": "1", "score": "2"}}'
    )
    body = f'{{"client_id": "{uuid.uuid4()}", "mid": 1, "protocol": 1, "ops": [{cell}]}}'
    path = f"/api/sheets/{scene['section']}/sync/"
    assert refused(api.as_("faculty").post(path, content=body.encode())) == ["repeated /ops/0/score"]
    assert university.rows("SELECT * FROM assessment_score") == []
    once = body.replace(', "score": "2"', "").replace('"protocol": 1,', '"protocol" : 1 ,')
    answer = api.as_("faculty").post(path, content=once.encode())
    assert answer.status == 200, answer.content
    assert answer.json["outcomes"][0]["outcome"] == "applied"
