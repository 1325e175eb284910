"""A name once on the record is found for ever, and the answer says which it was."""

from __future__ import annotations

from tests.support.api import Api
from tests.support.university import University


def test_a_student_is_found_by_every_former_name_and_the_answer_says_them(
    api: Api, university: University
) -> None:
    scene = university.stand(students=2)
    registrar, path = api.as_("registrar"), f"/api/students/{scene['students'][0]}/"
    for name in ("Ayesha Bibi", "Ayesha Khan", "Ayesha Malik"):
        assert registrar.patch(path, {"name": name}).status == 200
    for words in ("student number 1", "bibi", "khan ayesha", "MALIK"):
        (found,) = registrar.get("/api/students/", params={"search": words}).json["results"]
        assert found["name"] == "Ayesha Malik"
        assert found["former_names"] == ["Ayesha Khan", "Ayesha Bibi", "Student Number 1"]
    assert api.as_("student").get(path).json["former_names"][0] == "Ayesha Khan"
    assert api.as_("faculty").get("/api/students/?search=bibi").json["results"][0]["id"] == found["id"]


def test_a_name_taken_again_is_no_former_name(api: Api, university: University) -> None:
    scene = university.stand(students=1)
    registrar, path = api.as_("registrar"), f"/api/students/{scene['students'][0]}/"
    registrar.patch(path, {"name": "Typing Mistake"})
    shown = registrar.patch(path, {"name": "Student Number 1"}).json
    assert shown["former_names"] == ["Typing Mistake"]
