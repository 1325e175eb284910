"""Who is at this computer, how it stands with the server, and which desks that person gets. Qt-free.

The rule a newcomer would get wrong: being off line is a state, not an error. Nothing here raises or warns
because a server is away; it says since when, and what waits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from sims_desktop.client.errors import ClientError, Offline, ProblemAnswer
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import plural, when
from sims_desktop.offline.sync import Link, SyncStatus
from sims_shared.access import Permission
from sims_shared.problems import Fault


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in. `is_offline`: only to the profile of this computer."""

    user_id: int
    username: str
    name: str
    roles: tuple[str, ...]
    permissions: tuple[str, ...]
    server: str
    student_id: int | None = None
    is_offline: bool = False
    is_demo: bool = False

    @property
    def desks(self) -> list[Desk]:
        """A student's account that holds one role reads nobody but itself."""
        is_student = self.student_id is not None
        return desks_of(self.permissions, is_student, is_student and len(self.roles) < 2)


@dataclass(frozen=True, slots=True)
class Standing:
    """How this computer stands with the server."""

    sync: SyncStatus = field(default_factory=SyncStatus)
    waiting: int = 0
    conflicts: int = 0
    refused: int = 0

    def words(self, now: datetime) -> list[str]:
        """The parts of the status bar, in order."""
        parts = []
        if self.sync.link is Link.CONNECTED:
            parts.append(phrase("Connected"))
        elif self.sync.link is Link.STARTING:
            parts.append(phrase("Connecting …"))
        elif self.sync.link is Link.SIGNED_OUT:
            parts.append(phrase("Sign in again to send your changes"))
        else:
            parts.append(
                phrase("Off line since {when}", when=when(self.sync.since, now))
                if self.sync.since
                else phrase("Off line")
            )
        if self.waiting:
            parts.append(phrase("{changes} waiting", changes=plural(self.waiting, "change")))
        if self.conflicts:
            parts.append(plural(self.conflicts, "conflict"))
        if self.refused:
            parts.append(phrase("{refused:,} refused", refused=self.refused))
        synced = self.sync.last_synced
        parts.append(
            phrase("last synced {when}", when=when(synced, now)) if synced else phrase("not synced yet")
        )
        if self.sync.trouble and self.sync.link is Link.CONNECTED:
            parts.append(self.sync.trouble)
        return parts

    @property
    def needs_attention(self) -> bool:
        return self.sync.link in (Link.OFFLINE, Link.SIGNED_OUT) or bool(self.conflicts or self.refused)


@dataclass(frozen=True, slots=True)
class Desk:
    """A page of the navigation, for whoever has one of `permissions`; for everybody where none is named.
    Roles can be added, so no role is named here. `shows_one` where a thing is brought to the desk and gets
    no page of its own. `also` is what else people call it, for the palette. `heading` is what a long
    navigation puts above it, and empty for what is first of all one's own."""

    id: str
    title: str
    permissions: frozenset[Permission]
    shows_one: bool = False
    also: str = ""
    heading: str = ""


COUNTER, STUDENTS, RESULTS = later("At the counter"), later("Students and cases"), later("Examinations")
TEACHING, OFFICE, ONESELF = later("Courses and terms"), later("Administration"), later("Yourself")

# The first desk of a person is the page that opens: with sheets that is theirs, for it needs no network.
# What stands under one heading stands together.
DESKS: tuple[Desk, ...] = (
    Desk("sheets", later("My sheets"), frozenset({Permission.SUBMIT_SHEET})),
    Desk("today", later("Today"), frozenset()),
    Desk("record", later("My record"), frozenset()),
    Desk("my_requests", later("My requests"), frozenset({Permission.CREATE_REQUEST})),
    Desk("attendance", later("Attendance"), frozenset({Permission.SUBMIT_SHEET})),
    Desk("approvals", later("Approvals"), frozenset({Permission.APPROVE_SHEET, Permission.APPROVE_CHANGE})),
    Desk(
        "counter",
        later("Counter"),
        frozenset({Permission.ISSUE_TRANSCRIPT}),
        shows_one=True,
        heading=COUNTER,
    ),
    Desk(
        "requests",
        later("Requests"),
        frozenset({Permission.DECIDE_REQUEST, Permission.COMPLETE_REQUEST, Permission.READ_AUDIT}),
        shows_one=True,
        heading=COUNTER,
    ),
    Desk("stationery", later("Stationery"), frozenset({Permission.PRINT_TRANSCRIPT}), heading=COUNTER),
    Desk("students", later("Students"), frozenset({Permission.READ_STUDENTS}), heading=STUDENTS),
    Desk("holds", later("Holds"), frozenset({Permission.READ_HOLDS}), heading=STUDENTS),
    Desk("batches", later("Enroll a batch"), frozenset({Permission.ENROLL_STUDENT}), heading=STUDENTS),
    Desk(
        "admissions",
        later("Admissions"),
        frozenset({Permission.MANAGE_APPLICANTS, Permission.READ_AUDIT}),
        heading=STUDENTS,
    ),
    Desk(
        "cases",
        later("Cases"),
        frozenset({Permission.APPROVE_CHANGE, Permission.REQUEST_CHANGE, Permission.READ_AUDIT}),
        also="ufm unfair means correction recheck transfer",
        shows_one=True,
        heading=STUDENTS,
    ),
    Desk("merging", later("Two records of one"), frozenset({Permission.CONFIRM_MERGE}), heading=STUDENTS),
    Desk("naming", later("Names to confirm"), frozenset({Permission.CONFIRM_NAME}), heading=STUDENTS),
    Desk(
        "results",
        later("Publish results"),
        frozenset({Permission.PUBLISH_RESULTS}),
        also="tower notify outstanding remind",
        heading=RESULTS,
    ),
    Desk(
        "eligibility",
        later("Eligibility"),
        frozenset({Permission.NOTIFY_ELIGIBILITY, Permission.CONDONE_SHORTAGE}),
        also="slips shortage condone",
        heading=RESULTS,
    ),
    Desk(
        "date_sheet",
        later("Date sheet"),
        frozenset({Permission.MANAGE_EXAMINATIONS}),
        also="timetable papers rooms examination hall",
        heading=RESULTS,
    ),
    Desk(
        "unlocking",
        later("Locked assessments"),
        frozenset({Permission.UNLOCK_ASSESSMENT}),
        also="unlock column marks",
        heading=RESULTS,
    ),
    Desk(
        "reports",
        later("Reports"),
        frozenset({Permission.READ_SHEETS}),
        also="broadsheet grades",
        heading=RESULTS,
    ),
    Desk("catalog", later("Catalog"), frozenset({Permission.MANAGE_CATALOG}), heading=TEACHING),
    Desk("terms", later("Terms"), frozenset({Permission.MANAGE_CATALOG}), heading=TEACHING),
    Desk(
        "days_off",
        later("Days off"),
        frozenset({Permission.MANAGE_CATALOG}),
        also="holidays calendar eid closed working days",
        heading=TEACHING,
    ),
    Desk(
        "hold_kinds",
        later("Kinds of hold"),
        frozenset({Permission.MANAGE_CATALOG}),
        also="holds rules fee library clearance",
        heading=OFFICE,
    ),
    Desk(
        "request_kinds",
        later("Kinds of request"),
        frozenset({Permission.MANAGE_CATALOG}),
        also="request types fee checklist promised days application",
        heading=OFFICE,
    ),
    Desk("imports", later("Import"), frozenset({Permission.IMPORT_DATA}), heading=OFFICE),
    Desk("jobs", later("Jobs"), frozenset({Permission.READ_JOBS}), heading=OFFICE),
    Desk("accounts", later("Accounts and roles"), frozenset({Permission.READ_ACCOUNTS}), heading=OFFICE),
    Desk("audit", later("Audit"), frozenset({Permission.READ_AUDIT}), shows_one=True, heading=OFFICE),
    Desk(
        "system",
        later("The system"),
        frozenset({Permission.MANAGE_BACKUPS, Permission.MANAGE_SETTINGS}),
        heading=OFFICE,
    ),
    Desk("delegations", later("While I am away"), frozenset({Permission.DELEGATE_ROLE}), heading=ONESELF),
    Desk("account", later("My account"), frozenset(), heading=ONESELF),
)


def desks_of(
    permissions: Collection[str], has_record: bool = False, reads_only_itself: bool = False
) -> list[Desk]:
    """The desks of a person, in the order of the navigation. Who has a record of their own has its pages, and
    who reads no other needs none to find students or holds."""
    without = {"students", "holds"} if reads_only_itself else set()
    if not has_record:
        without |= {"record", "my_requests"}
    held = set(permissions)
    return [
        desk for desk in DESKS if desk.id not in without and (not desk.permissions or desk.permissions & held)
    ]


class Door(Protocol):
    """Signing in. `enter` asks the server and is called off the window's thread; `enter_offline` opens the
    profile of this computer. Both raise `ClientError`s."""

    def enter(self, server: str, username: str, password: str, otp: str) -> Identity: ...

    def enter_offline(self, server: str, username: str, password: str) -> Identity: ...

    def unlock(self, server: str, username: str, previous: str, password: str) -> None: ...

    def known_users(self, server: str) -> Sequence[str]: ...


class Ask(Enum):
    PASSWORD = "password"
    CODE = "one-time code"
    PREVIOUS = "previous password"


class LocallyLocked(ClientError):
    """The server took the password, but this computer's marks were locked with the previous one."""


@dataclass(slots=True)
class SignInPresenter:
    """The sign-in form. `attempt` is what the window runs off its thread; `answered` or `refused` take
    what came of it and change what the form shows."""

    door: Door
    server: str
    username: str = ""
    asks: Ask = Ask.PASSWORD
    faults: list[Fault] = field(default_factory=list)
    complaint: str = ""
    can_go_offline: bool = False
    on_change: Callable[[], None] = lambda: None

    def check(self, server: str, username: str, password: str, otp: str, previous: str = "") -> bool:
        """Whether it is worth asking; all faults at once."""
        self.faults = []
        address = urlsplit(server)
        if address.scheme not in ("http", "https") or not address.netloc:
            self.faults.append(
                Fault("/server", "request.wrong", phrase("An address like https://sims.example.edu"))
            )
        if not username.strip():
            self.faults.append(Fault("/username", "request.missing", phrase("Type your user name")))
        if not password:
            self.faults.append(Fault("/password", "request.missing", phrase("Type your password")))
        if self.asks is Ask.CODE and not otp.strip():
            self.faults.append(
                Fault("/otp", "request.missing", phrase("Type the code of your authenticator"))
            )
        if self.asks is Ask.PREVIOUS and not previous:
            self.faults.append(
                Fault("/previous", "request.missing", phrase("Type the password you had before"))
            )
        self.complaint = ""
        self.on_change()
        return not self.faults

    def attempt(self, server: str, username: str, password: str, otp: str, previous: str = "") -> Identity:
        if previous:
            self.door.unlock(server.rstrip("/"), username.strip(), previous, password)
        return self.door.enter(server.rstrip("/"), username.strip(), password, otp.strip())

    def attempt_offline(self, server: str, username: str, password: str) -> Identity:
        return self.door.enter_offline(server.rstrip("/"), username.strip(), password)

    def refused(self, error: Exception, server: str, username: str) -> None:
        """Says what to do next; off-line work is offered when the server is away and this computer knows
        the person."""
        if not isinstance(error, ClientError):
            raise error
        self.can_go_offline = False
        if isinstance(error, ProblemAnswer) and error.code == "auth.otp_required":
            self.asks, self.complaint = Ask.CODE, ""
        elif isinstance(error, ProblemAnswer) and error.code == "auth.invalid":
            self.complaint = phrase("User name, password or code is not right.")
        elif isinstance(error, LocallyLocked):
            self.asks, self.complaint = Ask.PREVIOUS, str(error)
        elif isinstance(error, Offline):
            self.can_go_offline = username.strip() in self.door.known_users(server.rstrip("/"))
            also = phrase(" You can work off line on this computer.") if self.can_go_offline else ""
            self.complaint = phrase("The server does not answer.{also}", also=also)
        else:
            self.complaint = str(error)
        self.on_change()
