"""Accounts, roles and sign-in: what both sides must agree on.

Roles are rows, permissions are these words. The administrator runs the system and has no power over
grades. A newcomer would put roles into the token; a token names only account and session.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from sims_shared.messages import Command, View
from sims_shared.problems import Kind, Refusal
from sims_shared.values import Email, Id, Name, Person, Reason


class Permission(StrEnum):
    """One word for each thing a role may allow. The phrase is the command's: PublishResults."""

    MANAGE_ACCOUNTS = "accounts.manage"
    READ_ACCOUNTS = "accounts.read"
    MANAGE_SETTINGS = "settings.manage"
    READ_CATALOG = "catalog.read"
    MANAGE_CATALOG = "catalog.manage"
    READ_STUDENTS = "students.read"
    READ_PRIVATE_FIELDS = "students.read_private"
    MANAGE_STUDENTS = "students.manage"
    CONFIRM_MERGE = "students.confirm_merge"
    CONFIRM_NAME = "students.confirm_name"
    READ_HOLDS = "holds.read"
    PLACE_HOLD = "holds.place"
    PLACE_FEE_HOLD = "holds.place_fee"
    READ_ENROLLMENTS = "enrollments.read"
    ENROLL_STUDENT = "enrollments.enroll"
    OVERRIDE_ENROLLMENT = "enrollments.override"
    READ_OVERRIDES = "enrollments.read_overrides"
    READ_APPLICANTS = "applicants.read"
    MANAGE_APPLICANTS = "applicants.manage"
    DELEGATE_ROLE = "roles.delegate"
    READ_ATTENDANCE = "attendance.read"
    WRITE_ATTENDANCE = "attendance.write"
    CONDONE_SHORTAGE = "attendance.condone"
    NOTIFY_ELIGIBILITY = "attendance.notify"
    MANAGE_EXAMINATIONS = "examinations.manage"  # the date sheet and the slips
    READ_ASSESSMENTS = "assessments.read"
    MANAGE_ASSESSMENTS = "assessments.manage"
    UNLOCK_ASSESSMENT = "assessments.unlock"
    READ_SCORES = "scores.read"
    ENTER_SCORES = "scores.enter"
    IMPORT_SCORES = "scores.import"
    READ_SHEETS = "sheets.read"
    SUBMIT_SHEET = "sheets.submit"
    APPROVE_SHEET = "sheets.approve"
    RETURN_SHEET = "sheets.return"
    READ_RESULTS = "results.read"
    PUBLISH_RESULTS = "results.publish"
    WITHHOLD_RESULTS = "results.withhold"
    FREEZE_RESULTS = "results.freeze"
    REQUEST_CHANGE = "results.request_change"
    APPROVE_CHANGE = "results.approve_change"
    READ_CASES = "cases.read"
    OPEN_CASE = "cases.open"
    READ_TRANSCRIPTS = "transcripts.read"
    COPY_TRANSCRIPT = "transcripts.copy"  # the unofficial copy
    ISSUE_TRANSCRIPT = "transcripts.issue"
    PRINT_TRANSCRIPT = "transcripts.print"
    REVOKE_TRANSCRIPT = "transcripts.revoke"
    READ_REQUESTS = "requests.read"
    CREATE_REQUEST = "requests.create"
    DECIDE_REQUEST = "requests.decide"
    COMPLETE_REQUEST = "requests.complete"
    READ_AUDIT = "audit.read"
    READ_JOBS = "jobs.read"  # one's own
    READ_ALL_JOBS = "jobs.read_all"
    STEER_JOBS = "jobs.steer"  # cancel and retry what one may manage
    MANAGE_JOBS = "jobs.manage"
    IMPORT_DATA = "imports.commit"
    BRING_RESULTS = "results.bring"  # from before this system; two people each time
    EXPORT_DATA = "exports.read"
    MANAGE_BACKUPS = "backups.manage"


# Nobody gives these to themselves, and that somebody else is given one is told to everybody who reads the
# audit. `powers_over_grades()` in the database says the same; a test compares the two.
POWERS_OVER_GRADES = frozenset(
    {
        Permission.MANAGE_ASSESSMENTS,
        Permission.UNLOCK_ASSESSMENT,
        Permission.ENTER_SCORES,
        Permission.IMPORT_SCORES,
        Permission.SUBMIT_SHEET,
        Permission.APPROVE_SHEET,
        Permission.RETURN_SHEET,
        Permission.PUBLISH_RESULTS,
        Permission.WITHHOLD_RESULTS,
        Permission.FREEZE_RESULTS,
        Permission.REQUEST_CHANGE,
        Permission.APPROVE_CHANGE,
        Permission.BRING_RESULTS,
    }
)


class SignInInvalid(Refusal):
    code = "auth.invalid"
    title = "User name or password is wrong"
    kind = Kind.UNAUTHENTICATED


class OtpRequired(Refusal):
    code = "auth.otp_required"
    title = "A one-time code is required"
    kind = Kind.UNAUTHENTICATED


class TooManyAttempts(Refusal):
    code = "auth.too_many_attempts"
    title = "Too many failed attempts; wait before the next"
    kind = Kind.TOO_MANY


class RefreshInvalid(Refusal):
    code = "auth.refresh_invalid"
    title = "This session has ended; sign in again"
    kind = Kind.UNAUTHENTICATED


class PasswordTooWeak(Refusal):
    code = "auth.password_too_weak"
    title = "Choose a longer or less common password"
    kind = Kind.INVALID


class OtpWanted(Refusal):
    """Send the same again with `otp`: the institution wants a code of this moment for it."""

    code = "auth.otp_wanted"
    title = "A one-time code of this moment is wanted"
    kind = Kind.FORBIDDEN


class OtpInvalid(Refusal):
    code = "auth.otp_invalid"
    title = "This one-time code is wrong or was used"
    kind = Kind.INVALID


class UsernameTaken(Refusal):
    code = "accounts.username_taken"
    title = "This user name is taken"


class RoleUnknown(Refusal):
    code = "accounts.role_unknown"
    title = "There is no such role"
    kind = Kind.INVALID


class AccountInUse(Refusal):
    code = "accounts.in_use"
    title = "The record names this account"


class OwnPower(Refusal):
    """The administrator runs the system and has no power over grades: another administrator gives it."""

    code = "accounts.own_power"
    title = "Nobody gives themselves power over grades"
    kind = Kind.FORBIDDEN


class OwnCodes(Refusal):
    """Whoever found a computer signed in must not take the second lock off the account from there."""

    code = "accounts.own_codes"
    title = "Another administrator resets your one-time codes"
    kind = Kind.FORBIDDEN


class ShippedRoleNamed(Refusal):
    code = "roles.shipped"
    title = "A role that was shipped stays and keeps its name"


class RoleNameTaken(Refusal):
    code = "roles.name_taken"
    title = "There is a role of this name already"


class RoleInUse(Refusal):
    code = "roles.in_use"
    title = "Somebody holds this role"


class RoleNotYours(Refusal):
    """Nobody lends what is not, or not for so long, their own; and what was lent is not lent on."""

    code = "delegations.not_yours"
    title = "You do not hold this role there yourself, for all of that time"
    kind = Kind.FORBIDDEN


class DelegateUnfit(Refusal):
    code = "delegations.unfit"
    title = "This account cannot act for you"


class LentAlready(Refusal):
    code = "delegations.duplicate"
    title = "The role is lent to this colleague for these days already"


class DelegationOver(Refusal):
    code = "delegations.over"
    title = "This delegation is over already"


class SettingUnknown(Refusal):
    code = "settings.unknown"
    title = "There is no such setting"
    kind = Kind.INVALID


class SettingInvalid(Refusal):
    code = "settings.invalid"
    title = "The setting does not take this value"
    kind = Kind.INVALID


Username = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,79}\Z",
        description="letters, digits and . _ @ -, at most 80, beginning with a letter or digit",
    ),
]


class SignIn(Command, frozen=True, kw_only=True):
    username: Annotated[str, msgspec.Meta(max_length=200)]
    password: Annotated[str, msgspec.Meta(max_length=1000)]
    otp: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    device: Annotated[str, msgspec.Meta(max_length=200)] = ""


class RefreshSession(Command, frozen=True, kw_only=True):
    refresh: Annotated[str, msgspec.Meta(max_length=200)]


class SignOut(Command, frozen=True, kw_only=True):
    pass


class EndSession(Command, frozen=True, kw_only=True):
    session_id: str


class ChangePassword(Command, frozen=True, kw_only=True):
    current: Annotated[str, msgspec.Meta(max_length=1000)]
    new: Annotated[str, msgspec.Meta(max_length=1000)]


class EnrollOtp(Command, frozen=True, kw_only=True):
    pass


class ConfirmOtp(Command, frozen=True, kw_only=True):
    otp: Annotated[str, msgspec.Meta(max_length=40)]


class RoleGrant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role somebody holds, in one department where the role reaches departments. The dates, where there
    are any, are its first and last day, by the institution's calendar."""

    role: str
    department_id: Id | None = None
    valid_from: date | msgspec.UnsetType | None = msgspec.UNSET
    valid_until: date | msgspec.UnsetType | None = msgspec.UNSET


class CreateAccount(Command, frozen=True, kw_only=True):
    username: Username
    name: Name
    password: Annotated[str, msgspec.Meta(max_length=1000)]
    roles: list[RoleGrant] = []
    email: Email | None = None
    student_id: Id | None = None
    disabled: bool = False


class ChangeAccount(Command, frozen=True, kw_only=True):
    id: Id
    name: Name | msgspec.UnsetType = msgspec.UNSET
    password: Annotated[str, msgspec.Meta(max_length=1000)] | msgspec.UnsetType = msgspec.UNSET
    roles: list[RoleGrant] | msgspec.UnsetType = msgspec.UNSET
    email: Email | msgspec.UnsetType | None = msgspec.UNSET
    disabled: bool | msgspec.UnsetType = msgspec.UNSET
    # Only false: whoever lost the phone and the recovery codes sets up new ones.
    has_codes: bool | msgspec.UnsetType = msgspec.UNSET


class DeleteAccount(Command, frozen=True, kw_only=True):
    id: Id


class EndSessions(Command, frozen=True, kw_only=True):
    """End every session of an account: a lost computer, somebody who has left. It may sign in again."""

    id: Id


class Delegate(Command, frozen=True, kw_only=True):
    """Let a colleague act in one's own role while one is away. It ends by itself after `until`."""

    to: Id
    role: Annotated[str, msgspec.Meta(max_length=40)]
    department_id: Id
    until: date
    from_: date | None = msgspec.field(default=None, name="from")
    reason: Reason


class RevokeDelegation(Command, frozen=True, kw_only=True):
    """Take a delegation back, or lay it down; the colleague's next request is judged without it."""

    id: Id


class CreateRole(Command, frozen=True, kw_only=True):
    name: Annotated[
        str,
        msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,39}\Z", description="small letters, digits and _"),
    ]
    permissions: list[Permission]
    scope: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^(all|department|sections|self)\Z", description="one of all, department, sections, self"
        ),
    ] = "all"


class ChangeRole(Command, frozen=True, kw_only=True):
    id: Id
    permissions: list[Permission]


class DeleteRole(Command, frozen=True, kw_only=True):
    id: Id


class PutSetting(Command, frozen=True, kw_only=True):
    key: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    value: str | int | bool | None


class User(View, kw_only=True):
    """Who signed in, for the desktop to choose its window by. `has_codes`: one-time codes are set up;
    `needs_codes`: something these permissions allow is refused until they are."""

    id: int
    username: str
    name: str
    roles: list[str]
    permissions: list[str]
    student_id: int | None
    sections_taught: list[int]
    departments: list[int]
    has_codes: bool = False
    needs_codes: bool = False


class Tokens(View, kw_only=True):
    """A pair of tokens. `expires_in` counts the access token's seconds."""

    access: str
    refresh: str
    expires_in: int
    user: User


class SessionView(View, kw_only=True):
    id: str
    device: str
    created_at: datetime
    last_seen_at: datetime
    current: bool


class SessionList(View, kw_only=True):
    results: list[SessionView]
    next: str | None = None


class OtpSecret(View, kw_only=True):
    secret: str
    otpauth_uri: str


class RecoveryCodes(View, kw_only=True):
    recovery_codes: list[str]


class AccountStudent(View, kw_only=True):
    """Whose record an account opens. `reg_no` is the current one; null where there is none yet."""

    id: int
    reg_no: str | None
    name: str


class AccountView(View, kw_only=True):
    id: int
    username: str
    name: str
    email: str | None
    roles: list[RoleGrant]
    disabled: bool
    has_codes: bool
    student_id: int | None
    student: AccountStudent | None
    created_at: datetime


class DelegationView(View, rename={"from_date": "from", "until_date": "until"}, kw_only=True):
    """`by` lends the role, `to` acts in it from `from` to `until`. `in_force` says whether it stands today:
    begun, not over, not revoked, and the lender still holds the role."""

    id: int
    by: Person
    to: Person
    role: str
    department_id: int
    from_date: date
    until_date: date
    reason: str
    created_at: datetime
    revoked_at: datetime | None
    revoked_by: Person | None
    in_force: bool


class ColleagueView(View, kw_only=True):
    """Somebody of the staff, to be chosen by name."""

    id: int
    name: str
    username: str


class RoleView(View, kw_only=True):
    id: int
    name: str
    permissions: list[str]
    scope: str
    shipped: bool


class SettingView(View, kw_only=True):
    """A setting as it applies; `default` is what it is as long as nobody writes it."""

    id: int
    key: str
    value: str | int | bool | None
    default: str | int | bool | None


class Hello(View, kw_only=True):
    """What a desktop asks before signing in."""

    version: str
    protocol_min: int
    protocol_max: int
    epoch: str
    institution: str
    time_zone: str
    public_url: str
    demo: bool
