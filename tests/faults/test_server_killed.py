"""The server dies of SIGKILL: between commit and answer, and in the midst of many pushes.

Whatever was said to be saved is saved once; whatever was not said may be said again.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.server.grading.pushing import CLIENT
from tests.support.api import Api
from tests.support.server import Serve, ServerProcess
from tests.support.university import University

Scene = dict[str, Any]
DEVICES = 4


@pytest.fixture
def scene(university: University) -> Scene:
    return university.stand(students=40)


def batch_of(
    scene: Scene, mid: int, base_ver: int, score: str, client_id: str = CLIENT.format(1)
) -> dict[str, Any]:
    """Every cell of the sheet."""
    cells = [(e, a) for e in scene["enrollments"] for a in scene["assessments"]]
    ops = [
        {
            "edit_id": f"{mid}-{e}-{a}",
            "enrollment_id": e,
            "assessment_id": a,
            "base_ver": base_ver,
            "mark": "scored",
            "score": score,
        }
        for e, a in cells
    ]
    return {"client_id": client_id, "mid": mid, "protocol": 1, "ops": ops}


def versions(university: University) -> list[tuple[int, int]]:
    """(cells, highest version of any)"""
    rows = university.rows("SELECT count(*) AS cells, max(version) AS version FROM assessment_score")
    return [(row["cells"], row["version"]) for row in rows]


def test_killed_between_commit_and_answer_each_cell_is_there_exactly_once(
    scene: Scene, university: University, serve: Serve
) -> None:
    path = f"/api/sheets/{scene['section']}/sync/"
    batch = batch_of(scene, 1, 0, "7.50")
    dying = serve(dies_after="/sync/")
    with contextlib.closing(dying.as_("faculty")) as device, pytest.raises(httpx2.TransportError):
        device.post(path, batch)
    assert dying.was_killed
    assert versions(university) == [(120, 1)]  # committed, though nobody was told

    with contextlib.closing(serve().as_("faculty")) as device:
        answer = device.post(path, batch)
    assert answer.status == 200
    assert {outcome["outcome"] for outcome in answer.json["outcomes"]} == {"applied"}
    assert {outcome["ver"] for outcome in answer.json["outcomes"]} == {1}
    assert versions(university) == [(120, 1)]
    assert university.row("SELECT count(*) FROM assessment_score_version") == 120
    assert university.row("SELECT count(*) FROM sync_receipt") == 1
    assert university.row("SELECT count(*) FROM audit WHERE entity = 'assessment_score'") == 120


def test_killed_between_commit_and_answer_nobody_sits_twice(
    scene: Scene, university: University, serve: Serve
) -> None:
    newcomer = university.student()
    university.registration(newcomer, scene["program"], scene["regulation"])
    path, body = f"/api/sections/{scene['section']}/enroll/", {"student_id": newcomer}
    dying = serve(dies_after="/enroll/")
    with contextlib.closing(dying.as_("registrar")) as registrar, pytest.raises(httpx2.TransportError):
        registrar.post(path, body)
    assert dying.was_killed
    with contextlib.closing(serve().as_("registrar")) as registrar:
        assert registrar.post(path, body).code == "enrollment.duplicate"
    assert university.row("SELECT seats_taken FROM section") == 41


def test_killed_amid_pushes_every_answer_given_is_kept_and_the_rest_can_be_sent_again(
    api: Api, scene: Scene, university: University, serve: Serve
) -> None:
    """Four devices push the sheet's four quarters, again and again, until the server is gone."""
    quarter = len(scene["enrollments"]) // DEVICES
    path = f"/api/sheets/{scene['section']}/sync/"

    def of_device(index: int, mid: int) -> dict[str, Any]:
        mine = {**scene, "enrollments": scene["enrollments"][index * quarter : (index + 1) * quarter]}
        return batch_of(mine, mid, mid - 1, f"{mid % 20}.25", CLIENT.format(index))

    def push_until_it_dies(server: ServerProcess, index: int) -> int:
        """The last mid that was answered."""
        answered = 0
        with contextlib.closing(server.as_("faculty")) as device:
            while answered < 500:
                try:
                    answer = device.post(path, of_device(index, answered + 1))
                except httpx2.TransportError:
                    break
                assert answer.status == 200, answer.content
                answered += 1
                if index == 0 and answered == 3:
                    server.kill()
        return answered

    server = serve()
    with ThreadPoolExecutor(DEVICES) as threads:
        answered = list(threads.map(lambda index: push_until_it_dies(server, index), range(DEVICES)))
    assert answered[0] == 3

    again = serve()
    for index in range(DEVICES):
        with contextlib.closing(again.as_("faculty")) as device:
            answer = device.post(path, of_device(index, answered[index] + 1))
        assert {outcome["outcome"] for outcome in answer.json["outcomes"]} == {"applied"}
        assert {outcome["ver"] for outcome in answer.json["outcomes"]} == {answered[index] + 1}
    written = sum(quarter * len(scene["assessments"]) * (mid + 1) for mid in answered)
    assert university.row("SELECT count(*) FROM assessment_score_version") == written
    receipts = university.rows(
        "SELECT client_id::text AS client, max(mid) AS mid, count(*) AS n FROM sync_receipt GROUP BY 1"
    )
    assert {row["client"]: (row["mid"], row["n"]) for row in receipts} == {
        CLIENT.format(index): (mid + 1, mid + 1) for index, mid in enumerate(answered)
    }
