"""One hand changes a name where the institution wants two: by what was confirmed before, and beside it."""

from __future__ import annotations

from typing import Any

from tests.server.naming.test_names import ask, scene  # noqa: F401
from tests.support.api import Api


def test_a_correction_serves_one_change_of_the_name(api: Api, scene: dict[str, Any]) -> None:  # noqa: F811
    """Confirmed, and put right again by two: the first could make it once more alone, for ever."""
    student = scene["students"][0]
    registrar, cell = api.as_("registrar"), api.as_("examcell")
    assert api.as_("admin").patch("/api/settings/students.name_by_two/", {"value": True}).status == 200
    for name in ("Ayesha Siddiqua", "Student Number 1"):
        path = ask(api, student, name=name).headers["location"]
        assert cell.post(f"{path}decide/", {"approved": True}).status == 200
        assert registrar.get(f"/api/students/{student}/").json["name"] == name
    again = registrar.patch(f"/api/students/{student}/", {"name": "Ayesha Siddiqua"})
    assert (again.status, again.code) == (403, "names.second_person")


def test_the_name_in_the_native_script_is_a_name(api: Api, scene: dict[str, Any]) -> None:  # noqa: F811
    student = scene["students"][0]
    registrar = api.as_("registrar")
    assert api.as_("admin").patch("/api/settings/students.name_by_two/", {"value": True}).status == 200
    first = registrar.patch(f"/api/students/{student}/", {"name_native": "عائشہ"})
    assert first.status == 200, "who has none is given one"
    for other in ("فاطمہ", None):
        refused = registrar.patch(f"/api/students/{student}/", {"name_native": other})
        assert (refused.status, refused.code) == (403, "names.second_person")
    path = ask(api, student, name="Student Number 1", name_native="فاطمہ").headers["location"]
    assert api.as_("examcell").post(f"{path}decide/", {"approved": True}).status == 200
    assert registrar.get(f"/api/students/{student}/").json["name_native"] == "فاطمہ"
