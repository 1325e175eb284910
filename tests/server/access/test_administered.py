"""What the administrator's desk asks besides: whose record an account opens, its sessions, powers, codes."""

from __future__ import annotations

from sims_shared.access import POWERS_OVER_GRADES
from tests.support.api import Api
from tests.support.university import University


def test_an_account_names_whose_record_it_opens(api: Api, university: University) -> None:
    scene = university.stand(students=1)
    found = api.as_("auditor").get("/api/accounts/?username=student").json["results"][0]
    assert found["student"] == {
        "id": scene["students"][0],
        "reg_no": "2024-CS-0001",
        "name": "Student Number 1",
    }
    assert api.as_("admin").get(f"/api/accounts/{found['id']}/").json == found
    assert api.as_("admin").get("/api/accounts/?username=head").json["results"][0]["student"] is None


def test_an_administrator_sees_and_ends_the_sessions_of_anyone(api: Api, university: University) -> None:
    university.stand(students=1)
    first, second, admin = api.as_("head"), api.as_("head"), api.as_("admin")
    id = university.ids["head"]
    path = f"/api/accounts/{id}/sessions/"
    assert len(admin.get(path).json["results"]) == 2
    assert api.as_("auditor").get(path).json["results"][0]["current"] is False
    assert api.as_("auditor").delete(path).status == 403
    newest = admin.get(path).json["results"][0]["id"]
    assert admin.delete(f"/api/auth/sessions/{newest}/").status == 204
    assert [one.get("/api/auth/me/").status for one in (first, second)] == [200, 401]
    assert admin.delete(path).status == 204
    assert first.get("/api/auth/me/").status == 401
    assert admin.get(path).json["results"] == []
    assert admin.get("/api/accounts/999999/sessions/").status == 404
    assert api.as_("head").get("/api/auth/me/").status == 200  # ended is not locked out


def test_the_powers_over_grades_are_those_that_the_database_knows(university: University) -> None:
    assert set(university.row("SELECT powers_over_grades()")) == POWERS_OVER_GRADES


def test_whoever_needs_one_time_codes_is_told_so(api: Api, university: University) -> None:
    university.stand(students=1)

    def told(username: str) -> tuple[bool, bool]:
        me = api.as_(username).get("/api/auth/me/").json
        return me["has_codes"], me["needs_codes"]

    assert told("registrar") == (False, False)  # the university of the tests asks for none
    university.setting("security.require_otp", True)
    cards = {one: api.as_(one).get("/api/dashboard/").json["cards"] for one in ("registrar", "student")}
    assert cards["registrar"][0]["key"] == "codes_missing"
    assert "codes_missing" not in [card["key"] for card in cards["student"]]
    assert [told(one) for one in ("registrar", "faculty", "student")] == [
        (False, True),
        (False, False),
        (False, False),
    ]
    university.run(
        "UPDATE account SET otp_secret = 'x', otp_confirmed_at = now() WHERE username = 'registrar'"
    )
    assert told("registrar") == (True, False)


def test_two_roles_of_one_name_are_refused(api: Api, university: University) -> None:
    university.stand(students=1)
    admin = api.as_("admin")
    wanted = {"name": "front_desk", "permissions": ["students.read"]}
    assert admin.post("/api/roles/", wanted).status == 201
    again = admin.post("/api/roles/", wanted)
    assert (again.status, again.code) == (409, "roles.name_taken")
