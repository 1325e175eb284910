"""Accounts over the wire: none is deleted, and what only a second factor opens."""

from __future__ import annotations

import pytest

from tests.support.api import Api
from tests.support.university import University

NEW = {"username": "newcomer", "name": "New Comer", "password": "a-long-password-9"}


def test_an_account_is_disabled_and_never_deleted(api: Api, university: University) -> None:
    university.stand()
    admin = api.as_("admin")
    made = admin.post("/api/accounts/", {**NEW, "roles": [{"role": "counter"}]})
    refused = admin.delete(made.headers["location"])
    assert (refused.status, refused.code) == (409, "accounts.in_use")
    assert admin.get(made.headers["location"]).json["roles"][0]["role"] == "counter"
    assert api.as_("registrar").delete(made.headers["location"]).status == 403
    assert admin.delete("/api/accounts/999999/").status == 404


@pytest.mark.parametrize(
    ("username", "path"),
    [
        ("admin", "/api/settings/"),  # else the rule itself could be switched off with a password alone
        ("admin", "/api/accounts/"),
        ("admin", "/api/backups/"),
        ("registrar", "/api/results/publish/"),
        ("registrar", "/api/results/release/"),  # a release notifies as well
        ("head", "/api/results/approve-change/"),
        ("counter", "/api/transcripts/issue/"),
    ],
)
def test_whoever_notifies_approves_seals_or_administers_needs_a_one_time_code(
    api: Api, university: University, username: str, path: str
) -> None:
    university.stand()
    university.setting("security.require_otp", True)
    assert api.as_(username).post(path).code == "auth.otp_enrollment_required"
