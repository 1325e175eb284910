"""Which role may what, and what a good password is. Pure."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from sims_shared.access import OwnCodes, PasswordTooWeak, Permission, RoleGrant, SettingInvalid
from sims_shared.admissions import check_number_form
from sims_shared.problems import Fault, InvalidInput
from sims_shared.requests import trays_of

P = Permission

PASSWORD_MIN = 10
DELEGATION_DAYS = 366
# Length over composition; these are what people type when told to be long.
COMMON = frozenset(
    [
        "password1234",
        "passwordpassword",
        "1234567890",
        "12345678901",
        "123456789012",
        "qwertyuiop",
        "qwertyuiopas",
        "iloveyou1234",
        "administrator",
        "changemechangeme",
        "letmeinletmein",
        "welcome12345",
        "university123",
    ]
)

_READ_CATALOG = {P.READ_CATALOG}
_READ_RECORD = {
    P.READ_STUDENTS,
    P.READ_ENROLLMENTS,
    P.READ_ATTENDANCE,
    P.READ_ASSESSMENTS,
    P.READ_SCORES,
    P.READ_SHEETS,
    P.READ_RESULTS,
}

# The table of the contract, §2: role → (scope, permissions).
SHIPPED_ROLES: dict[str, tuple[str, frozenset[Permission]]] = {
    "admin": (
        "all",
        frozenset(
            {
                P.EXPORT_DATA,
                P.READ_APPLICANTS,
                P.READ_OVERRIDES,
                P.MANAGE_ACCOUNTS,
                P.READ_ACCOUNTS,
                P.MANAGE_SETTINGS,
                P.READ_JOBS,
                P.READ_ALL_JOBS,
                P.STEER_JOBS,
                P.MANAGE_JOBS,
                P.MANAGE_BACKUPS,
                P.READ_CATALOG,
                P.MANAGE_CATALOG,
                P.READ_PRIVATE_FIELDS,
                P.IMPORT_DATA,  # accounts and the catalog; each kind asks for its own permission as well
                P.READ_HOLDS,
                P.READ_REQUESTS,
                P.DECIDE_REQUEST,
                P.READ_AUDIT,
                *_READ_RECORD,
                P.READ_CASES,
            }
        ),
    ),
    "registrar": (
        "all",
        frozenset(
            {
                P.BRING_RESULTS,
                P.READ_APPLICANTS,
                P.MANAGE_APPLICANTS,
                P.READ_OVERRIDES,
                P.READ_CATALOG,
                P.MANAGE_CATALOG,
                P.MANAGE_STUDENTS,
                P.CONFIRM_MERGE,  # as the second person; nobody confirms what they asked for
                P.CONFIRM_NAME,
                P.READ_PRIVATE_FIELDS,
                P.READ_HOLDS,
                P.PLACE_HOLD,
                P.PLACE_FEE_HOLD,
                P.ENROLL_STUDENT,
                P.OVERRIDE_ENROLLMENT,
                P.WRITE_ATTENDANCE,
                P.CONDONE_SHORTAGE,
                P.NOTIFY_ELIGIBILITY,
                P.MANAGE_EXAMINATIONS,
                P.IMPORT_SCORES,
                P.RETURN_SHEET,
                P.PUBLISH_RESULTS,
                P.WITHHOLD_RESULTS,
                P.FREEZE_RESULTS,
                P.REQUEST_CHANGE,
                P.APPROVE_CHANGE,
                P.READ_TRANSCRIPTS,
                P.COPY_TRANSCRIPT,
                P.ISSUE_TRANSCRIPT,
                P.PRINT_TRANSCRIPT,
                P.REVOKE_TRANSCRIPT,
                P.READ_REQUESTS,
                P.CREATE_REQUEST,
                P.DECIDE_REQUEST,
                P.COMPLETE_REQUEST,
                P.READ_AUDIT,
                P.READ_JOBS,
                P.STEER_JOBS,
                P.IMPORT_DATA,
                P.EXPORT_DATA,
                *_READ_RECORD,
                P.READ_CASES,
                P.OPEN_CASE,
            }
        ),
    ),
    "exam_cell": (
        "all",
        frozenset(
            {
                P.BRING_RESULTS,
                P.IMPORT_DATA,
                P.READ_OVERRIDES,
                P.READ_CATALOG,
                P.CONFIRM_MERGE,
                P.CONFIRM_NAME,
                P.READ_HOLDS,
                P.CONDONE_SHORTAGE,
                P.NOTIFY_ELIGIBILITY,
                P.MANAGE_EXAMINATIONS,
                P.MANAGE_ASSESSMENTS,
                P.ENTER_SCORES,
                P.APPROVE_SHEET,
                P.RETURN_SHEET,
                P.PUBLISH_RESULTS,
                P.WITHHOLD_RESULTS,
                P.FREEZE_RESULTS,
                P.REQUEST_CHANGE,
                P.APPROVE_CHANGE,
                P.READ_TRANSCRIPTS,
                P.READ_REQUESTS,
                P.READ_JOBS,
                P.STEER_JOBS,
                P.EXPORT_DATA,
                P.READ_PRIVATE_FIELDS,
                *_READ_RECORD,
                P.READ_CASES,
                P.OPEN_CASE,
            }
        ),
    ),
    "dean": (
        "department",
        frozenset(
            {
                P.EXPORT_DATA,
                P.READ_APPLICANTS,
                P.DELEGATE_ROLE,
                P.READ_CATALOG,
                P.ENROLL_STUDENT,
                P.CONDONE_SHORTAGE,
                P.NOTIFY_ELIGIBILITY,
                P.UNLOCK_ASSESSMENT,
                P.APPROVE_SHEET,
                P.RETURN_SHEET,
                P.REQUEST_CHANGE,
                P.APPROVE_CHANGE,
                P.READ_PRIVATE_FIELDS,
                *_READ_RECORD,
                P.READ_CASES,
                P.OPEN_CASE,
            }
        ),
    ),
    "head": (
        "department",
        frozenset(
            {
                P.EXPORT_DATA,
                P.READ_APPLICANTS,
                P.DELEGATE_ROLE,
                P.READ_CATALOG,
                P.ENROLL_STUDENT,
                P.NOTIFY_ELIGIBILITY,
                P.UNLOCK_ASSESSMENT,
                P.APPROVE_SHEET,
                P.RETURN_SHEET,
                P.REQUEST_CHANGE,
                P.APPROVE_CHANGE,
                P.READ_PRIVATE_FIELDS,
                *_READ_RECORD,
                P.READ_CASES,
                P.OPEN_CASE,
            }
        ),
    ),
    "faculty": (
        "sections",
        frozenset(
            {
                P.READ_CATALOG,
                P.WRITE_ATTENDANCE,
                P.MANAGE_ASSESSMENTS,
                P.ENTER_SCORES,
                P.SUBMIT_SHEET,
                P.REQUEST_CHANGE,
                P.READ_JOBS,
                P.STEER_JOBS,
                *_READ_RECORD,
                P.READ_CASES,
                P.OPEN_CASE,
            }
        ),
    ),
    # Enters and reads what the head may; what the head decides (approve, return, unlock) it does not.
    "office": (
        "department",
        frozenset(
            {
                P.READ_CATALOG,
                P.READ_APPLICANTS,
                P.ENROLL_STUDENT,
                P.REQUEST_CHANGE,
                P.READ_PRIVATE_FIELDS,
                *_READ_RECORD,
                P.READ_CASES,
                P.OPEN_CASE,
            }
        ),
    ),
    "accounts": (
        "all",
        frozenset(
            {
                P.READ_CATALOG,
                P.READ_STUDENTS,
                P.READ_HOLDS,
                P.PLACE_FEE_HOLD,
                P.READ_JOBS,
                P.IMPORT_DATA,  # the daily file of fee holds
                P.EXPORT_DATA,
            }
        ),
    ),
    "counter": (
        "all",
        frozenset(
            {
                P.READ_APPLICANTS,
                P.READ_CATALOG,
                P.READ_STUDENTS,
                P.READ_HOLDS,
                P.READ_ENROLLMENTS,
                P.READ_TRANSCRIPTS,
                P.COPY_TRANSCRIPT,
                P.ISSUE_TRANSCRIPT,
                P.PRINT_TRANSCRIPT,
                P.READ_REQUESTS,
                P.CREATE_REQUEST,
                P.COMPLETE_REQUEST,
                P.READ_JOBS,
                P.STEER_JOBS,
                P.READ_CASES,
                P.OPEN_CASE,
            }
        ),
    ),
    "auditor": (
        "all",
        frozenset(
            {
                P.EXPORT_DATA,
                P.READ_APPLICANTS,
                P.READ_OVERRIDES,
                P.READ_ACCOUNTS,
                P.READ_CATALOG,
                P.READ_PRIVATE_FIELDS,
                P.READ_HOLDS,
                P.READ_TRANSCRIPTS,
                P.READ_REQUESTS,
                P.READ_AUDIT,
                P.READ_JOBS,
                P.READ_ALL_JOBS,
                *_READ_RECORD,
                P.READ_CASES,
            }
        ),
    ),
    "student": (
        "self",
        frozenset(
            {
                P.READ_CATALOG,
                P.READ_STUDENTS,
                P.READ_PRIVATE_FIELDS,
                P.READ_HOLDS,
                P.READ_ENROLLMENTS,
                P.READ_ATTENDANCE,
                P.READ_ASSESSMENTS,
                P.READ_SCORES,
                P.READ_RESULTS,
                P.COPY_TRANSCRIPT,
                P.READ_REQUESTS,
                P.CREATE_REQUEST,
                P.READ_CASES,
                P.OPEN_CASE,
            }
        ),
    ),
}


def check_codes(has_codes: bool | msgspec.UnsetType, *, own: bool) -> None:
    """An administrator takes another's one-time codes off; nobody puts them on but whose phone makes them."""
    if has_codes is True:
        detail = "Each person sets up their own one-time codes; here they can only be taken off (false)."
        raise InvalidInput(detail, errors=[Fault("/has_codes", "range", detail)])
    if has_codes is False and own:
        raise OwnCodes


def check_password(password: str, username: str) -> None:
    """Raises PasswordTooWeak. Composition is not asked for: it makes people write passwords down."""
    if len(password) < PASSWORD_MIN:
        raise PasswordTooWeak(f"A password has {PASSWORD_MIN} characters or more.")
    folded = password.lower()
    if (
        folded in COMMON
        or len(set(folded)) < 4
        or (username.lower() in folded and len(folded) - len(username) < 4)
    ):
        raise PasswordTooWeak("This password is among those tried first.")


def check_grants(grants: list[RoleGrant]) -> None:
    """Raises InvalidInput for a role named twice for one department, and for dates the wrong way round."""
    faults, seen = [], set()
    for index, grant in enumerate(grants):
        if (grant.role, grant.department_id) in seen:
            detail = f"“{grant.role}” stands twice for the same department."
            faults.append(Fault(f"/roles/{index}", "repeated", detail))
        seen.add((grant.role, grant.department_id))
        if grant.valid_from and grant.valid_until and grant.valid_until < grant.valid_from:
            faults.append(Fault(f"/roles/{index}/valid_until", "range", "It ends before it begins."))
    if faults:
        raise InvalidInput(
            f"{len(faults)} fault{'s' if len(faults) > 1 else ''} in the roles.", errors=faults
        )


def check_period(first: date, last: date, today: date) -> None:
    """Raises InvalidInput unless a delegation begins today or later, and ends within a year."""
    faults = []
    if first < today:
        faults.append(Fault("/from", "range", "A delegation begins today at the earliest."))
    if last < first:
        faults.append(Fault("/until", "range", "It ends before it begins."))
    elif (last - first).days >= DELEGATION_DAYS:
        faults.append(Fault("/until", "range", "A delegation ends within a year."))
    if faults:
        raise InvalidInput(
            f"{len(faults)} fault{'s' if len(faults) > 1 else ''} in the dates.", errors=faults
        )


def wait_after(failures: int) -> int:
    """Seconds to wait after so many failed attempts in the last quarter of an hour; 0 for the first five."""
    return 0 if failures < 5 else int(min(60.0, 2.0 ** (failures - 4)))


def check_setting(key: str, value: Any, default: Any) -> None:
    """Raises SettingInvalid. A setting that no reader can use would fail every later request."""
    if type(value) is not type(default):
        raise SettingInvalid(f"“{key}” takes a value like {default!r}.")
    if key == "time_zone":
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:  # unknown, not a name, a folder of zones
            raise SettingInvalid(f"There is no time zone “{value}”.") from error
    if key == "admissions.reg_no_form" and (wrong := check_number_form(value)) is not None:
        raise SettingInvalid(wrong)
    if key == "requests.trays":
        try:
            trays_of(value)
        except ValueError as error:
            raise SettingInvalid(str(error)) from error
    if key.startswith("mail.") and isinstance(value, str) and not value.isprintable():
        raise SettingInvalid(f"“{key}” is one line.")
    if key == "public_url" and not value.lower().startswith(("https://", "http://")):
        raise SettingInvalid("The public address begins with https://.")
    if isinstance(default, int) and not isinstance(default, bool) and not 1 <= value <= 65_535:
        raise SettingInvalid(f"“{key}” is a number from 1 to 65,535.")
    if key == "security.otp_permissions":
        unknown = set(value.split()) - set(Permission)
        if unknown:
            raise SettingInvalid(f"There is no permission {', '.join(sorted(unknown))}.")
