"""A plan of assessment is written as one thing over the plan that was seen: together, or not at all. Real
handlers and PostgreSQL.
"""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.support.api import Api, Client, Reply
from tests.support.university import University

Scene = dict[str, Any]
FIELDS = ("id", "name", "weight", "max_score", "must_sit")


@pytest.fixture
def scene(university: University) -> Scene:
    return university.stand(students=1)


def seen_by(client: Client, scene: Scene) -> list[dict[str, Any]]:
    told = client.get(f"/api/assessments/?section_id={scene['section']}").json["results"]
    return [{name: one[name] for name in FIELDS} for one in told]


def write(client: Client, scene: Scene, seen: list[dict[str, Any]], **wish: Any) -> Reply:
    return client.post(f"/api/sheets/{scene['section']}/plan/", {"based_on": seen, **wish})


def weights(client: Client, scene: Scene) -> dict[str, str]:
    return {one["name"]: one["weight"] for one in seen_by(client, scene)}


def test_of_two_who_write_over_the_same_plan_the_second_is_told_who_changed_what(
    api: Api, scene: Scene, university: University
) -> None:
    lead, other = api.as_("faculty"), api.as_("faculty2")
    seen = seen_by(lead, scene)
    quiz, midterm, final = seen
    swapped = [{**quiz, "weight": "30"}, {**midterm, "weight": "20", "must_sit": True}]
    done = write(other, scene, seen, change=swapped)
    assert done.status == 200
    assert [one["weight"] for one in done.json["assessments"]] == ["30.00", "20.00", "50.00"]

    viva = {"name": "Viva", "type": "viva", "weight": "10", "max_score": "10"}
    refused = write(lead, scene, seen, change=[{**final, "weight": "40"}], make=[viva])
    assert (refused.status, refused.code) == (409, "assessments.plan_changed")
    assert refused.json["detail"] == "Nothing was written. Otherwise since you read it: Quiz, Midterm."
    first, second = refused.json["columns"]
    assert (first["was"]["weight"], first["now"]["weight"]) == ("20.00", "30.00")
    assert second["now"]["must_sit"] is True
    assert first["by"] == {"id": scene["faculty2"], "name": "Faculty2"}
    assert first["at"]
    assert weights(lead, scene) == {"Quiz": "30.00", "Midterm": "20.00", "Final": "50.00"}

    done = write(lead, scene, seen_by(lead, scene), change=[{**final, "weight": "40"}], make=[viva])
    assert done.status == 200
    (made,) = done.json["made"]
    university.run("UPDATE assessment SET position = id WHERE id = %(id)s", id=made)
    essay = {"name": "Essay", "type": "assignment", "weight": "0", "max_score": "5"}
    assert lead.post("/api/assessments/", {"section_id": scene["section"], **essay}).status == 201
    sheet = lead.get(f"/api/sheets/{scene['section']}/").json["assessments"]
    assert [one["name"] for one in sheet][-2:] == ["Viva", "Essay"], "a new column stands last"
    assert weights(lead, scene)["Viva"] == "10.00"
    behind = write(other, scene, seen, remove=[quiz["id"]])
    told = {(c["now"] or c["was"])["name"]: c for c in behind.json["columns"]}
    assert told["Viva"]["was"] is None
    assert told["Essay"]["by"]["name"] == "Faculty"
    assert told["Viva"]["by"]["name"] == "Faculty"
    assert write(lead, scene, seen_by(lead, scene), remove=[made]).status == 200
    removed = {"id": made, "name": "Viva", "weight": "10", "max_score": "10"}
    gone = write(other, scene, [*seen_by(lead, scene), removed])
    assert [(one["now"], one["by"]["name"]) for one in gone.json["columns"]] == [(None, "Faculty")]


def test_what_cannot_be_done_names_its_columns_and_nothing_of_the_rest_is_done(
    api: Api, scene: Scene, university: University
) -> None:
    lead = api.as_("faculty")
    quiz, midterm, final = seen = seen_by(lead, scene)
    university.score(scene["enrollments"][0], midterm["id"], 24)
    assert lead.post(f"/api/assessments/{final['id']}/lock/", {}).status == 200
    less = {**quiz, "weight": "10"}
    new = {"name": "Viva", "type": "viva", "weight": "5", "max_score": "10"}

    def refused(code: str, words: str, **wish: Any) -> None:
        answer = write(lead, scene, seen, **wish)
        assert (answer.code, words in answer.json["detail"]) == (code, True), answer.content

    small = {**midterm, "max_score": "20"}
    refused("scores.invalid", "Midterm holds a mark of 24.00", change=[less, small])
    refused("assessments.locked", "Locked: Final.", change=[less, {**final, "weight": "40"}])
    refused("assessments.in_use", "under Midterm", change=[less], remove=[midterm["id"]])
    refused("assessments.name_taken", "named Viva", change=[less], make=[new, new])
    refused("assessments.weights_exceeded", "add up to 105", make=[new])
    refused("request.invalid", "", change=[{**less, "id": 2**62}, less, less], remove=[quiz["id"]])
    assert seen_by(lead, scene) == seen
    submitted = lead.get(f"/api/sheets/{scene['section']}/").json["rev"]
    assert lead.post(f"/api/sheets/{scene['section']}/submit/", {"rev": submitted}).status == 200
    refused("sheets.closed", "submitted", change=[less])
    stranger = api.as_("stranger")
    assert stranger.post(f"/api/sheets/{scene['section']}/plan/", {"nonsense": 1}).status == 404


def test_of_two_patches_at_the_same_moment_with_the_same_tag_one_is_stale(api: Api, scene: Scene) -> None:
    """The tag is compared under the sheet's lock: before, both were let through."""
    path = f"/api/assessments/{scene['assessments'][0]}/"
    lead, other = api.as_("faculty"), api.as_("faculty2")
    for weight in range(1, 9):
        tag = lead.get(path).headers["etag"]
        both: list[int] = []
        start = threading.Barrier(2)

        def patch(
            client: Client, to: str, tag: str = tag, both: list[int] = both, start: Any = start
        ) -> None:
            start.wait()
            both.append(client.patch(path, {"weight": to}, headers={"If-Match": tag}).status)

        each = [
            threading.Thread(target=patch, args=(client, f"{weight}.{tenth}"))
            for tenth, client in enumerate((lead, other), 1)
        ]
        for one in each:
            one.start()
        for one in each:
            one.join()
        assert sorted(both) == [200, 412]
