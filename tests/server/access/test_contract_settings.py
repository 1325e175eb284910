"""Settings over the wire: all of them are listed, and none takes a value nobody can use."""

from __future__ import annotations

import pytest

from sims_server.kernel.database import DEFAULT_SETTINGS
from tests.support.api import Api
from tests.support.university import University


def test_every_setting_is_listed_with_the_value_that_applies(api: Api, university: University) -> None:
    university.stand()
    listed = api.as_("admin").get("/api/settings/").json["results"]
    values = {row["key"]: row["value"] for row in listed}
    assert values == {**DEFAULT_SETTINGS, "security.require_otp": False}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../etc"),
        ("public_url", "sims.example.edu"),
        ("security.require_otp", "no"),
        ("mail.port", 0),
        ("security.otp_permissions", "results.publish results.invent"),
    ],
)
def test_a_setting_that_no_reader_could_use_is_refused(
    api: Api, university: University, key: str, value: object
) -> None:
    university.stand()
    admin = api.as_("admin")
    refused = admin.patch(f"/api/settings/{key}/", {"value": value})
    assert (refused.status, refused.code) == (400, "settings.invalid")
    assert admin.get("/api/settings/").status == 200


def test_there_is_no_writing_a_setting_that_does_not_exist(api: Api, university: University) -> None:
    university.stand()
    admin = api.as_("admin")
    assert admin.patch("/api/settings/colour/", {"value": "red"}).status == 404
    assert admin.post("/api/settings/", {"key": "colour", "value": "red"}).code == "settings.unknown"
