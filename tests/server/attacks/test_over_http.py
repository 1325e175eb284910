"""What somebody signed in learns or breaks over HTTP, though no field shows it."""

from __future__ import annotations

import base64

import msgspec
import pyotp
import pytest

from tests.server.results.scene import approve, fill, publish, results
from tests.support.api import Api
from tests.support.university import PASSWORD, University


@pytest.mark.parametrize("who", ["faculty", "student"])
@pytest.mark.parametrize("path", ["/api/students/", "/api/registrations/"])
def test_searching_does_not_tell_a_phone_number(
    api: Api, university: University, who: str, path: str
) -> None:
    """Digit by digit, a search that looks into a hidden field reads it aloud."""
    scene = university.stand(students=2)
    university.run("UPDATE student SET phone = '0300-5551502' WHERE id = %(id)s", id=scene["students"][1])
    client = api.as_(who)
    assert client.get(f"{path}?search=5551502").json["results"] == []
    assert client.get(f"{path}?search=0300").json["results"] == []
    assert len(api.as_("registrar").get(f"{path}?search=5551502").json["results"]) == 1
    found = api.as_("faculty").get(f"{path}?search=number+0002").json["results"]
    assert len(found) == 1
    found = api.as_("faculty").get(f"{path}?search=2024-CS-0002").json["results"]
    assert len(found) == 1


def test_a_one_time_code_in_other_digits_is_a_wrong_one(api: Api, university: University) -> None:
    university.stand(students=1)
    university.run(
        "UPDATE account SET otp_secret = %(secret)s, otp_confirmed_at = now() WHERE username = 'registrar'",
        secret=pyotp.random_base32(),
    )
    wanted = {"username": "registrar", "password": PASSWORD, "otp": "१२३४५६"}
    answer = api.anonymous.post("/api/auth/token/", wanted)
    assert (answer.status, answer.code) == (401, "auth.invalid")


def test_guessing_the_current_password_is_throttled_as_signing_in_is(
    api: Api, university: University
) -> None:
    """Whoever holds a short-lived token must not turn it into the password."""
    university.stand(students=1)
    client = api.as_("faculty")
    guess = {"current": "wrong password", "new": "a long new password 77"}
    answers = [client.post("/api/auth/password/", guess) for _ in range(25)]
    assert answers[0].code == "auth.invalid"
    assert answers[-1].status == 429


@pytest.mark.parametrize(
    ("path", "order", "value"),
    [
        ("/api/terms/", "start_date", "xx"),
        ("/api/terms/", "start_date", "9999999-01-01"),
        ("/api/requests/", "created_at", "not a moment"),
        ("/api/courses/", "credits", "many"),
    ],
)
def test_a_forged_cursor_is_a_fault_of_the_request(
    api: Api, university: University, path: str, order: str, value: str
) -> None:
    university.stand(students=1)
    forged = base64.urlsafe_b64encode(msgspec.json.encode([order, value, 1])).decode().rstrip("=")
    answer = api.as_("registrar").get(f"{path}?ordering={order}&cursor={forged}")
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (400, "?cursor")


def test_a_boundary_that_is_no_ascii_is_a_fault_of_the_request(api: Api, university: University) -> None:
    university.stand(students=1)
    answer = api.as_("registrar").request(
        "POST",
        "/api/imports/",
        content=b"--x--",
        headers={"Content-Type": "multipart/form-data; boundary*=utf-8''%E2%82%AC"},
    )
    assert (answer.status, answer.code) == (400, "request.invalid")


def test_an_address_is_one_line(api: Api, university: University) -> None:
    """What stands in a letter's head must not begin another line of it."""
    scene = university.stand(students=1)
    evil = "x@example.edu\r\nBcc: evil@example.com"
    registrar, admin = api.as_("registrar"), api.as_("admin")
    for answer in (
        registrar.patch(f"/api/students/{scene['students'][0]}/", {"email": evil}),
        admin.patch(f"/api/accounts/{scene['faculty']}/", {"email": evil}),
        admin.post("/api/settings/", {"key": "mail.from", "value": evil}),
        admin.post("/api/settings/", {"key": "mail.host", "value": "a\r\nb"}),
    ):
        assert answer.status == 400, answer.json


@pytest.mark.parametrize(
    "evil",
    [
        "a@example.edu,b@example.com",
        "a;b@example.edu",
        "<a@example.edu>",
        "=1+1",
        "a@b@c",
        "a@b.edu\u202e",
    ],
)
def test_an_address_is_one_address(api: Api, university: University, evil: str) -> None:
    """A transcript that is sent to it goes to nobody else."""
    scene = university.stand(students=1)
    registrar, path = api.as_("registrar"), f"/api/students/{scene['students'][0]}/"
    answer = registrar.patch(path, {"email": evil})
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (400, "/email")
    for fine in ("o'neil+x@example.edu", "-a.b@exämple.edu", "", None):
        assert registrar.patch(path, {"email": fine}).status == 200, fine


@pytest.mark.parametrize(
    "turned", ["Ali\u202egnp.exe", "Ali\u2066x\u2069", "Ali\u2028x", "Ali\x85x", "\ufeffAli", "\u200b"]
)
def test_a_name_reads_on_paper_as_it_was_typed(api: Api, university: University, turned: str) -> None:
    """Turned directions, other ends of a line and blanks of no width are no part of a name."""
    scene = university.stand(students=1)
    registrar, path = api.as_("registrar"), f"/api/students/{scene['students'][0]}/"
    answer = registrar.patch(path, {"name": turned})
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (400, "/name")
    assert registrar.post("/api/departments/", {"code": turned, "name": "N"}).status == 400
    for fine in ("علی‌رضا", "محمد علی\u200f", "O'Neil-Ñandú"):
        assert registrar.patch(path, {"name": fine}).status == 200, fine


def test_a_search_of_cases_does_not_tell_a_phone_number(api: Api, university: University) -> None:
    scene = university.stand(students=1)
    fill(university, scene)
    approve(api, scene["section"])
    publish(api, scene["section"])
    (result,) = results(api, scene["section"])
    university.run("UPDATE student SET phone = '0300-5551502'")
    wish = {"kind": "recheck", "result_ids": [result["id"]], "reason": "Please look again"}
    assert api.as_("registrar").post("/api/cases/", wish).status == 201

    def found(who: str, word: str) -> int:
        return len(api.as_(who).get(f"/api/cases/?search={word}").json["results"])

    assert [found("registrar", word) for word in ("5551502", "number")] == [1, 1]
    assert [found("faculty", word) for word in ("5551502", "number")] == [0, 1]


def test_a_bug_says_in_its_document_what_it_says_in_its_status(
    api: Api, university: University, monkeypatch: pytest.MonkeyPatch
) -> None:
    university.stand(students=1)
    monkeypatch.setattr("sims_server.kernel.http.read_page", lambda *_: 1 / 0)
    answer = api.as_("registrar").get("/api/courses/")
    assert (answer.status, answer.json["status"], answer.code) == (500, 500, "request.failed")
    assert b"ZeroDivision" not in answer.content
