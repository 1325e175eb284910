"""One's own account: sessions, password, one-time codes. Qt-free.

The rule a newcomer would get wrong: recovery codes are told once. They stay here until the person puts them
away, whatever else is asked of the server meanwhile, and no page is left over them unasked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sims_desktop.accounts.words import role_words
from sims_desktop.client.errors import ClientError, ProblemAnswer, TryLater
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import left_to_right, listed, plural
from sims_shared.access import (
    OtpSecret,
    PasswordTooWeak,
    RecoveryCodes,
    SessionView,
    SignInInvalid,
    User,
)
from sims_shared.problems import Fault

LEAST = 10  # characters, as the server asks; it judges, this only says so at once
Fact = tuple[str, str]
BESIDE = {SignInInvalid.code: "/current", PasswordTooWeak.code: "/new"}


class Calls(Protocol):
    def me(self) -> User: ...
    def list_sessions(self) -> list[SessionView]: ...
    def end_session(self, session_id: str) -> None: ...
    def change_password(self, current: str, new: str) -> None: ...
    def enroll_codes(self) -> OtpSecret: ...
    def confirm_codes(self, code: str) -> RecoveryCodes: ...


@dataclass(frozen=True, slots=True)
class Loaded:
    me: User
    sessions: Sequence[SessionView]


@dataclass(slots=True)
class OwnAccountPresenter:
    """`keep_password(old, new)` locks what this computer keeps with the new one. `load` and the acts run off
    the window's thread."""

    calls: Calls
    keep_password: Callable[[str, str], None]
    now: Callable[[], datetime]
    loaded: Loaded | None = None
    secret: OtpSecret | None = None
    recovery: Sequence[str] = ()
    complaint: str = ""
    faults: list[Fault] = field(default_factory=list)
    on_change: Callable[[], None] = lambda: None

    def load(self) -> Loaded:
        return Loaded(self.calls.me(), self.calls.list_sessions())

    def take(self, loaded: Loaded) -> None:
        self.loaded, self.complaint = loaded, ""
        self.on_change()

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.complaint = phrase("{error}. Your account needs the server; F5 asks again.", error=error)
        self.on_change()

    @property
    def sentence(self) -> str:
        if self.complaint:
            return self.complaint
        if self.loaded is None:
            return phrase("Reading your account …")
        count = plural(len(self.loaded.sessions), "computer")
        return phrase("{name}, signed in on {computers}", name=self.loaded.me.name, computers=count)

    @property
    def facts(self) -> list[Fact]:
        if self.loaded is None:
            return []
        me = self.loaded.me
        codes = phrase("confirmed") if me.has_codes else phrase("not set up")
        return [
            (phrase("User name"), left_to_right(me.username)),
            (phrase("Name"), me.name),
            (phrase("Roles"), listed((role_words(one) for one in me.roles), 11) or phrase("none")),
            (phrase("One-time codes"), codes),
        ]

    # Sessions

    def why_not_end(self, session: SessionView | None) -> str:
        if session is None:
            return phrase("Choose where to sign out first.")
        if session.current:
            return phrase("That is this window: Ctrl+Shift+L switches the user.")
        return ""

    def end_session(self, session: SessionView) -> str:
        self.calls.end_session(session.id)
        return phrase("Ended: {device}.", device=session.device or phrase("a computer without a name"))

    # The password

    def check_password(self, current: str, new: str, again: str) -> bool:
        """Whether it is worth asking; each fault stands beside its line."""
        self.faults = []
        if not current:
            self.faults.append(Fault("/current", "request.missing", phrase("The password you have now.")))
        if len(new) < LEAST:
            detail = phrase("{count} characters or more; several words are easy to keep.", count=LEAST)
            self.faults.append(Fault("/new", "request.wrong", detail))
        elif new != again:
            self.faults.append(Fault("/again", "request.wrong", phrase("The two are not the same.")))
        return not self.faults

    def change_password(self, current: str, new: str) -> str:
        self.calls.change_password(current, new)
        self.keep_password(current, new)
        return phrase("The password is changed; every other session has ended.")

    # One-time codes

    @property
    def codes_words(self) -> str:
        if self.loaded is None:
            return ""
        me = self.loaded.me
        if me.has_codes:
            return phrase(
                "One-time codes are set up. Who lost the phone and the recovery codes asks an administrator."
            )
        if me.needs_codes:
            return phrase(
                "Your roles ask for one-time codes: until they are set up, what approves, publishes, seals "
                "or administers is refused."
            )
        return phrase("With one-time codes of a phone, a password alone does not open your account.")

    @property
    def may_set_up(self) -> bool:
        return self.loaded is not None and not self.loaded.me.has_codes and self.secret is None

    @property
    def secret_words(self) -> str:
        """In groups of four, as it is typed into the authenticator."""
        if self.secret is None:
            return ""
        letters = self.secret.secret
        return " ".join(letters[place : place + 4] for place in range(0, len(letters), 4))

    def enroll(self) -> OtpSecret:
        return self.calls.enroll_codes()

    def confirm(self, code: str) -> Sequence[str]:
        """The recovery codes. Raises ProblemAnswer: `auth.otp_invalid`."""
        return self.calls.confirm_codes(code.replace(" ", "")).recovery_codes

    def paper(self) -> str:
        """The recovery codes to be put away, as HTML."""
        lines = "".join(f"<li><tt>{code}</tt></li>" for code in self.recovery)
        me = self.loaded.me if self.loaded is not None else None
        name = f"{me.name} ({me.username})" if me is not None else ""
        title = phrase("Recovery codes")
        about = phrase(
            "Each signs in once, in place of a code of the phone. Keep them where the phone is not."
        )
        return f"<h2>{title}</h2><p>{_plain(name)}</p><p>{about}</p><ol>{lines}</ol>"

    def refused(self, error: Exception) -> str:
        """The server's no; what concerns a line stands beside it."""
        if not isinstance(error, ClientError):
            raise error
        self.faults = []
        if isinstance(error, TryLater):
            return phrase("{error}. It may have been carried out; look before you do it again.", error=error)
        if isinstance(error, ProblemAnswer):
            self.faults = list(error.errors)
            if error.code in BESIDE:
                self.faults = [Fault(BESIDE[error.code], error.code, str(error))]
        return str(error)


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
