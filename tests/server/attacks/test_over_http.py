"""What somebody signed in learns or breaks over HTTP, though no field shows it."""

from __future__ import annotations

import pyotp
import pytest

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
