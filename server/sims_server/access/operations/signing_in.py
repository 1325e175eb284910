"""Signing in and out: passwords, one-time codes, sessions, throttling."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any

import pyotp

from sims_server.access import queries
from sims_server.access.model import account
from sims_server.access.rules import check_password, wait_after
from sims_server.kernel.actor import READ_ACTOR, read_caller
from sims_server.kernel.execute import execute_as_system, operation
from sims_server.kernel.secrets import (
    ACCESS_LIFETIME,
    REFRESH_LIFETIME,
    AccessTokens,
    hash_password,
    is_password,
    new_refresh_token,
    read_or_make_secret,
    token_hash,
)
from sims_server.kernel.work import Work
from sims_shared.access import (
    ChangePassword,
    ConfirmOtp,
    EndSession,
    EnrollOtp,
    OtpInvalid,
    OtpRequired,
    OtpSecret,
    OtpWanted,
    RecoveryCodes,
    RefreshInvalid,
    RefreshSession,
    SignIn,
    SignInInvalid,
    SignOut,
    Tokens,
    TooManyAttempts,
)
from sims_shared.problems import Fault, OneTimeCodeNeeded

FAILURES_COUNT_FOR = timedelta(minutes=15)
_ONE_AT_A_TIME = (
    "SELECT pg_try_advisory_xact_lock(hashtext('sign-in ' || lower(%(username)s) || ' ' || %(address)s))"
)


def open_session(work: Work, account_id: int, device: str) -> Tokens:
    """A new session and its pair of tokens."""
    refresh = new_refresh_token()
    session_id = work.value(
        "INSERT INTO login_session (account_id, device, refresh_hash, expires_at, created_at, last_seen_at) "
        "VALUES (%(account)s, %(device)s, %(hash)s, %(expires)s, %(now)s, %(now)s) RETURNING id::text",
        account=account_id,
        device=device,
        hash=token_hash(refresh),
        expires=work.now + REFRESH_LIFETIME,
        now=work.now,
    )
    return _tokens(work, account_id, session_id, refresh)


def _tokens(work: Work, account_id: int, session_id: str, refresh: str) -> Tokens:
    caller = read_caller(work.connection, READ_ACTOR, session_id, now=work.now, today=work.today)
    access = AccessTokens(read_or_make_secret(work.data)).make(account_id, session_id)
    return Tokens(
        access=access,
        refresh=refresh,
        expires_in=int(ACCESS_LIFETIME.total_seconds()),
        user=queries.user_of(work, caller),
    )


def _record_failure(work: Work, username: str) -> None:
    """Once the refused sign-in has rolled back: the failure must stay."""

    def record(own: Work, _: None) -> None:
        own.run(
            "INSERT INTO sign_in_failure (username, address, at) VALUES (lower(%(username)s), "
            "%(address)s, %(at)s)",
            username=username[:200],
            address=work.address,
            at=work.now,
        )
        own.run("DELETE FROM sign_in_failure WHERE at < %(old)s", old=work.now - timedelta(days=7))

    work.after_refusal(
        lambda: execute_as_system(work.database, record, None, action="auth.failed", data=work.data)
    )


def _check_throttle(work: Work, username: str) -> None:
    """Per account *and* address, so that a stranger cannot lock anybody out; per address more generously."""
    row = work.row(
        "SELECT count(*) FILTER (WHERE username = lower(%(username)s)) AS here, count(*) AS address, "
        "max(at) FILTER (WHERE username = lower(%(username)s)) AS last, max(at) AS last_address "
        "FROM sign_in_failure WHERE address = %(address)s AND at > %(since)s",
        username=username,
        address=work.address,
        since=work.now - FAILURES_COUNT_FOR,
    )
    assert row is not None
    waits = [(wait_after(row["here"]), row["last"]), (wait_after(row["address"] // 10), row["last_address"])]
    for seconds, last in waits:
        if seconds and last is not None and (left := seconds - (work.now - last).total_seconds()) > 0:
            raise TooManyAttempts(
                f"Wait {int(left) + 1} seconds before the next attempt.", retry_after=int(left) + 1
            )
    # The wait is over for one attempt: of many sent at once, the others would pass before the first fails.
    if waits[0][0] and not work.value(_ONE_AT_A_TIME, username=username, address=work.address):
        raise TooManyAttempts("Another attempt is being judged.", retry_after=1)


@operation(None, "auth.sign_in")
def sign_in(work: Work, command: SignIn) -> Tokens:
    """Sign in with password and, where set up, a one-time code."""
    _check_throttle(work, command.username)
    found = queries.find_account_by_username(work.connection, command.username)
    matches = is_password(found["password_hash"] if found else None, command.password)
    if found is None or not matches or found["disabled"]:
        _record_failure(work, command.username)
        raise SignInInvalid
    if found["otp_confirmed_at"] is not None:
        if not command.otp:
            raise OtpRequired
        if not _spend_otp(work, found, command.otp):
            _record_failure(work, command.username)
            raise SignInInvalid
    work.run(
        "DELETE FROM sign_in_failure WHERE username = %(username)s AND address = %(address)s",
        username=found["username"],
        address=work.address,
    )
    return open_session(work, found["id"], command.device)


def _spend_otp(work: Work, found: dict[str, Any], otp: str) -> bool:
    """A code is good once: the time step it belongs to is remembered; a recovery code is removed. Of two
    who bring the same code at once, the one whose UPDATE finds it unspent comes in."""
    digits = otp.replace(" ", "")
    step = int(work.now.timestamp()) // 30
    totp = pyotp.TOTP(found["otp_secret"])
    for candidate in (step, step - 1, step + 1):
        if secrets.compare_digest(totp.generate_otp(candidate).encode(), digits.encode()) and candidate > (
            found["otp_last_step"] or 0
        ):
            spent_now = work.run(
                "UPDATE account SET otp_last_step = %(step)s WHERE id = %(id)s "
                "AND coalesce(otp_last_step, 0) < %(step)s",
                step=candidate,
                id=found["id"],
            )
            return spent_now == 1
    spent = hashlib.sha256(digits.lower().encode()).hexdigest()
    if spent in found["recovery_hashes"]:
        good: bool = work.value("SELECT spend_recovery_code(%(id)s, %(spent)s)", id=found["id"], spent=spent)
        return good
    return False


@operation(None, "auth.refresh")
def refresh_session(work: Work, command: RefreshSession) -> Tokens:
    """Exchange a refresh token for a new pair."""
    hashed = token_hash(command.refresh)
    row = work.row(
        "SELECT s.id::text AS id, s.account_id, s.refresh_hash, s.previous_hash, s.previous_used, "
        "a.disabled, s.ended_at IS NOT NULL OR s.expires_at < %(now)s AS ended "
        "FROM login_session s JOIN account a ON a.id = s.account_id "
        "WHERE s.refresh_hash = %(hash)s OR s.previous_hash = %(hash)s OR s.superseded_hash = %(hash)s "
        "FOR UPDATE OF s",
        hash=hashed,
        now=work.now,
    )
    if row is None or row["ended"] or row["disabled"]:
        raise RefreshInvalid
    refresh = new_refresh_token()
    if bytes(row["refresh_hash"]) == hashed:
        statement = (
            "UPDATE login_session SET previous_hash = refresh_hash, refresh_hash = %(new)s, "
            "previous_used = false, last_seen_at = %(now)s, expires_at = %(expires)s WHERE "
            "id = %(id)s"
        )
    elif bytes(row["previous_hash"] or b"") == hashed and not row["previous_used"]:  # the answer was lost
        statement = (
            "UPDATE login_session SET superseded_hash = refresh_hash, refresh_hash = %(new)s, "
            "previous_used = true, "
            "last_seen_at = %(now)s, expires_at = %(expires)s WHERE id = %(id)s"
        )
    else:
        # Somebody else holds a copy (the second reuse, or the token of an answer that was called lost): the
        # family ends. After the refusal, which rolls this back.
        work.after_refusal(
            lambda: execute_as_system(
                work.database, _end_family, row["id"], action="auth.reuse", data=work.data
            )
        )
        raise RefreshInvalid("This token was used twice; the session was ended.")
    work.run(
        statement, new=token_hash(refresh), now=work.now, expires=work.now + REFRESH_LIFETIME, id=row["id"]
    )
    return _tokens(work, row["account_id"], row["id"], refresh)


def _end_family(work: Work, session_id: str) -> None:
    work.run(
        "UPDATE login_session SET ended_at = %(now)s WHERE id = %(id)s AND ended_at IS NULL",
        now=work.now,
        id=session_id,
    )


@operation(None, "auth.sign_out")
def sign_out(work: Work, command: SignOut) -> None:
    """End this session."""
    work.run(
        "UPDATE login_session SET ended_at = %(now)s WHERE id = %(id)s",
        now=work.now,
        id=work.caller.session_id,
    )


@operation(None, "auth.end_session")
def end_session(work: Work, command: EndSession) -> None:
    """End one of one's own sessions; an administrator may end anyone's."""
    work.run(
        "UPDATE login_session SET ended_at = coalesce(ended_at, %(now)s) WHERE id = %(id)s",
        now=work.now,
        id=queries.access_session(work, command.session_id),
    )


@operation(None, "auth.change_password")
def change_password(work: Work, command: ChangePassword) -> None:
    """Change one's password; ends all other sessions."""
    # Whoever holds a short-lived token must not turn it into the password by guessing.
    _check_throttle(work, work.caller.username)
    found = queries.find_account_by_username(work.connection, work.caller.username)
    if found is None or not is_password(found["password_hash"], command.current):
        _record_failure(work, work.caller.username)
        raise SignInInvalid("The current password is wrong.")
    check_password(command.new, work.caller.username)
    changed = work.value(
        "SELECT exchange_password(%(id)s, %(old)s, %(new)s)",
        id=found["id"],
        old=found["password_hash"],
        new=hash_password(command.new),
    )
    if not changed:  # somebody changed it while this was being hashed
        raise SignInInvalid("The current password is wrong.")
    work.run(
        "UPDATE login_session SET ended_at = %(now)s WHERE account_id = %(account)s AND id <> %(id)s "
        "AND ended_at IS NULL",
        now=work.now,
        account=work.caller.id,
        id=work.caller.session_id,
    )


@operation(None, "auth.enroll_otp")
def enroll_otp(work: Work, command: EnrollOtp) -> OtpSecret:
    """A new secret for one-time codes; in force once confirmed."""
    assert work.caller.id is not None
    if work.caller.has_otp:
        raise OtpInvalid("One-time codes are set up already; an administrator can reset them.")
    secret = pyotp.random_base32()
    enrolled = work.run(
        "UPDATE account SET otp_secret = %(secret)s WHERE id = %(id)s AND otp_confirmed_at IS NULL",
        secret=secret,
        id=work.caller.id,
    )
    if not enrolled:  # confirmed while this was asked
        raise OtpInvalid("One-time codes are set up already; an administrator can reset them.")
    uri = pyotp.TOTP(secret).provisioning_uri(
        name=work.caller.username, issuer_name=work.setting("institution")
    )
    return OtpSecret(secret=secret, otpauth_uri=uri)


def check_code_of_now(work: Work, otp: str | None) -> None:
    """For what is done rarely and goes out: the person shows the code of this moment, good once. Raises
    OneTimeCodeNeeded, OtpWanted, TooManyAttempts or OtpInvalid."""
    username = work.caller.username
    found = queries.find_account_by_username(work.connection, username)
    if found is None or found["otp_confirmed_at"] is None:
        raise OneTimeCodeNeeded
    if not otp:
        raise OtpWanted
    _check_throttle(work, username)
    if not _spend_otp(work, found, otp):
        _record_failure(work, username)
        detail = "It is wrong, or was used before; wait for the next one."
        raise OtpInvalid(detail, errors=[Fault("/otp", "wrong", detail)])


@operation(None, "auth.confirm_otp")
def confirm_otp(work: Work, command: ConfirmOtp) -> RecoveryCodes:
    """Confirm with a first code; answers the recovery codes, once."""
    assert work.caller.id is not None
    found = queries.find_account_by_username(work.connection, work.caller.username)
    if (
        found is None
        or not found["otp_secret"]
        or work.caller.has_otp
        or not _spend_otp(work, found, command.otp)
    ):
        raise OtpInvalid
    codes = [secrets.token_hex(5) for _ in range(10)]
    hashes = [hashlib.sha256(code.encode()).hexdigest() for code in codes]
    work.update(account, work.caller.id, {"otp_confirmed_at": work.now, "recovery_hashes": hashes})
    return RecoveryCodes(recovery_codes=codes)
