"""Two records of one person are one person in every list that asks by student, whichever of the two is named.

The lists are those that the server's own document says take `student_id`: a new one is asked by itself.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import psycopg

from sims_server.kernel import clock
from tests.server.matrix.scene import Scene, build
from tests.server.transcripts.conftest import data  # noqa: F401  a folder of this test's own keys
from tests.support.api import Api, Client
from tests.support.brought import bring_result
from tests.support.database import TestDatabase
from tests.support.university import University

READERS = ("registrar", "auditor", "examcell", "admin")


def lists_by_student(api: Api) -> list[str]:
    """Every list, and every export, that is asked by student."""
    paths: dict[str, dict[str, Any]] = api.anonymous.get("/schema/openapi.json").json["paths"]
    return [
        path
        for path, operations in paths.items()
        if "get" in operations
        and {"student_id"} <= {one["name"] for one in operations["get"].get("parameters", ())}
        and ("/exports/" in path or "page_size" in {one["name"] for one in operations["get"]["parameters"]})
    ]


def rows(reader: Client, path: str, student: int) -> list[Any]:
    """What the list shows of a student: the ids, or the lines of a file."""
    if path.endswith(".xlsx"):
        return []
    answer = reader.get(path, params={"student_id": student})
    assert answer.status == 200, (path, answer.content)
    if path.endswith(".csv"):
        return sorted(list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))[1:])
    return sorted(row.get("id") or row["serial"] for row in answer.json["results"])


def reader_of(api: Api, path: str) -> Client:
    return next(who for name in READERS if (who := api.as_(name)).get(path).status == 200)


def more_of(university: University, database_url: TestDatabase, scene: Scene) -> None:
    """What the scene has of nobody: a shortage condoned, a rule waived, an admission, an old result, an
    incomplete. What has a long way of its own is written past the triggers."""
    for which in ("mine", "far"):
        student, registration = scene.ids["student"][which], scene.ids["registration"][which]
        university.insert(
            "condonation",
            section_id=scene.ids["section"][which],
            student_id=student,
            authority="AC/1",
            reason="ill",
            percentage=70,
            granted_by=university.ids["examcell"],
        )
        bring_result(
            university,
            registration_id=registration,
            student_id=student,
            term_id=scene.ids["term"]["mine"],
            course_id=university.course(scene.ids["department"][which]),
            grade="B",
            grade_points=3,
            credits=3,
            outcome="pass",
            regulation_id=scene.ids["regulation"]["mine"],
            state="published",
            published_at=clock.now(),
            published_by=university.ids["registrar"],
        )
    with psycopg.connect(database_url.superuser_url) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute(
            "INSERT INTO result_lapse (result_id, grade, outcome) "
            "SELECT id, 'F', 'fail' FROM result WHERE source = 'computed'"
        )
        superuser.execute(
            "INSERT INTO enrollment_override (enrollment_id, code, reason) "
            "SELECT id, 'enrollment.held', 'paid' FROM enrollment"
        )
        superuser.execute(
            "INSERT INTO applicant (program_id, term_id, name, status, student_id, registration_id, "
            "admitted_at) SELECT program_id, %s, 'New Person', 'accepted', student_id, id, now() "
            "FROM registration",
            [scene.ids["term"]["mine"]],
        )
        superuser.execute(
            "INSERT INTO name_correction (student_id, from_name, name, reason, sha256, file_name, size, "
            "requested_by) SELECT id, name, 'Another Name', 'certificate', repeat('0', 64), 'a.pdf', 1, %s "
            "FROM student",
            [university.ids["registrar"]],
        )


def test_every_list_by_student_shows_both_records_of_a_person(
    api: Api,
    university: University,
    database_url: TestDatabase,
    data: Path,  # noqa: F811
) -> None:
    scene = build(api, university, data)
    one, other = scene.ids["student"]["mine"], scene.ids["student"]["far"]
    more_of(university, database_url, scene)
    for student in (one, other):
        api.as_("registrar").get(f"/api/students/{student}/")  # which is kept as a disclosure
    lists = lists_by_student(api)
    readers = {path: reader_of(api, path) for path in lists if not path.endswith(".xlsx")}
    before = {path: (rows(who, path, one), rows(who, path, other)) for path, who in readers.items()}
    assert [path for path, found in before.items() if not all(found)] == []  # each shows something of both

    # Two accounts of one person stand in the way of a merge.
    university.run("UPDATE account SET student_id = NULL WHERE student_id = %(id)s", id=other)
    asked = api.as_("registrar").post(
        f"/api/students/{one}/merge/", {"duplicate_id": other, "reason": "entered twice"}
    )
    assert asked.status == 201, asked.content
    decided = api.as_("examcell").post(f"{asked.headers['location']}decide/", {"approved": True})
    assert decided.status == 200, decided.content
    wrong = []
    for path, who in readers.items():
        both = sorted(before[path][0] + before[path][1])
        for student in (one, other):
            found = rows(who, path, student)
            if path == "/api/disclosures/":  # the exports above were disclosed, too
                found = [id for id in found if id in both]
            if found != both:
                wrong.append((path, student))
    assert wrong == []
