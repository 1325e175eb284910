"""What everybody does with their own account, whatever their role.

A student's row-level role knows no accounts, so these requests are not carried out under it.
"""

import pytest

from tests.support.matrix import ROLES
from tests.support.university import PASSWORD


@pytest.mark.parametrize("who", ROLES)
def test_everybody_lists_and_ends_their_sessions_and_changes_their_password(api, university, who):
    university.stand(students=1)
    client, elsewhere = api.as_(who), api.as_(who)
    assert client.get("/api/auth/me/").json["username"] == who
    sessions = client.get("/api/auth/sessions/").json["results"]
    assert len(sessions) == 2
    other = next(row["id"] for row in sessions if not row["current"])
    assert client.delete(f"/api/auth/sessions/{other}/").status == 204
    assert elsewhere.get("/api/auth/me/").status == 401
    changed = client.post("/api/auth/password/", {"current": PASSWORD, "new": "a long new password 77"})
    assert changed.status == 204
    assert "secret" in client.post("/api/auth/otp/enroll/").json
    assert client.get("/api/dashboard/").status == 200
    assert client.post("/api/auth/logout/").status == 204
    assert client.get("/api/auth/me/").status == 401
