"""Who lost the phone and the recovery codes is let in again by an administrator, and sets up new ones."""

from __future__ import annotations

from typing import Any

import pyotp

from tests.support.api import Api
from tests.support.university import PASSWORD, University


def _with_codes(api: Api, university: University, username: str) -> dict[str, Any]:
    client = api.as_(username)
    secret = client.post("/api/auth/otp/enroll/").json["secret"]
    assert client.post("/api/auth/otp/confirm/", {"otp": pyotp.TOTP(secret).now()}).status == 200
    found: dict[str, Any] = api.as_("admin").get(f"/api/accounts/?username={username}").json["results"][0]
    assert found["has_codes"]
    return found


def test_lost_codes_are_taken_off_by_an_administrator_and_told(api: Api, university: University) -> None:
    university.stand(students=1)
    path = f"/api/accounts/{_with_codes(api, university, 'registrar')['id']}/"
    wanted = {"username": "registrar", "password": PASSWORD}
    assert api.anonymous.post("/api/auth/token/", wanted).code == "auth.otp_required"

    changed = api.as_("admin").patch(path, {"has_codes": False})
    assert (changed.status, changed.json["has_codes"]) == (200, False)
    signed_in = api.anonymous.post("/api/auth/token/", wanted)
    assert signed_in.status == 200
    assert "secret" in api.as_("registrar").post("/api/auth/otp/enroll/").json
    alarms = university.rows("SELECT what, role FROM power_alarm WHERE what = 'codes_reset'")
    assert alarms == [{"what": "codes_reset", "role": "registrar"}]


def test_taking_codes_off_ends_every_session_of_the_account(api: Api, university: University) -> None:
    university.stand(students=1)
    signed_in = api.as_("registrar")
    path = f"/api/accounts/{_with_codes(api, university, 'registrar')['id']}/"
    assert api.as_("admin").patch(path, {"has_codes": False}).status == 200
    assert signed_in.get("/api/auth/me/").status == 401


def test_nobody_takes_off_their_own_codes_nor_puts_on_anothers(api: Api, university: University) -> None:
    university.stand(students=1)
    admin = api.as_("admin")
    own = admin.get("/api/auth/me/").json["id"]
    other = admin.get("/api/accounts/?username=registrar").json["results"][0]["id"]
    refused = admin.patch(f"/api/accounts/{own}/", {"has_codes": False})
    assert (refused.status, refused.code) == (403, "accounts.own_codes")
    refused = admin.patch(f"/api/accounts/{other}/", {"has_codes": True})
    assert [fault["pointer"] for fault in refused.json["errors"]] == ["/has_codes"]
    assert api.as_("registrar").patch(f"/api/accounts/{own}/", {"has_codes": False}).status == 403
