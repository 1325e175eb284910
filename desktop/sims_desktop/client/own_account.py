"""The calls behind one's own account."""

from __future__ import annotations

from sims_desktop.client.http import Client
from sims_shared.access import OtpSecret, RecoveryCodes, SessionList, SessionView, User


class OwnAccountCalls:
    """Every call raises `ClientError`s only."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def me(self) -> User:
        return self._client.me()

    def list_sessions(self) -> list[SessionView]:
        return list(self._client.get("/api/auth/sessions/", SessionList).results)

    def end_session(self, session_id: str) -> None:
        self._client.delete(f"/api/auth/sessions/{session_id}/")

    def change_password(self, current: str, new: str) -> None:
        """Raises ProblemAnswer: `auth.invalid` when `current` is wrong, `auth.password_too_weak`."""
        self._client.request("POST", "/api/auth/password/", body={"current": current, "new": new})

    def enroll_codes(self) -> OtpSecret:
        """Raises ProblemAnswer: `auth.otp_invalid` when codes are set up already."""
        return self._client.post("/api/auth/otp/enroll/", {}, OtpSecret)

    def confirm_codes(self, code: str) -> RecoveryCodes:
        """Raises ProblemAnswer: `auth.otp_invalid`."""
        return self._client.post("/api/auth/otp/confirm/", {"otp": code}, RecoveryCodes)
