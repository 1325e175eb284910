"""Roles and permissions as people say them. Qt-free.

A permission belongs to a part of the university, in which it is looked for. One that a newer server adds is
said by its own word.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import listed
from sims_shared.access import POWERS_OVER_GRADES, Permission, RoleView

P = Permission

ROLES = {
    "admin": later("administrator"),
    "registrar": later("registrar"),
    "exam_cell": later("examination cell"),
    "dean": later("dean"),
    "head": later("head of department"),
    "faculty": later("teacher"),
    "office": later("department office"),
    "accounts": later("accounts office"),
    "counter": later("counter"),
    "auditor": later("auditor"),
    "student": later("student"),
}
SCOPES = {
    "all": later("the whole university"),
    "department": later("the departments it is given in"),
    "sections": later("the sections one teaches"),
    "self": later("oneself"),
}
GROUPS: tuple[tuple[str, tuple[tuple[Permission, str], ...]], ...] = (
    (
        later("Accounts and the system"),
        (
            (P.READ_ACCOUNTS, later("see accounts and roles")),
            (P.MANAGE_ACCOUNTS, later("make and change accounts and roles")),
            (P.DELEGATE_ROLE, later("lend their role while away")),
            (P.MANAGE_SETTINGS, later("change settings")),
            (P.READ_AUDIT, later("read the audit and who read what")),
            (P.MANAGE_BACKUPS, later("take and rehearse backups")),
        ),
    ),
    (
        later("Jobs and files"),
        (
            (P.READ_JOBS, later("see their own jobs")),
            (P.READ_ALL_JOBS, later("see everybody's jobs")),
            (P.STEER_JOBS, later("cancel and repeat jobs")),
            (P.MANAGE_JOBS, later("cancel and repeat everybody's jobs")),
            (P.IMPORT_DATA, later("bring files in")),
            (P.EXPORT_DATA, later("take whole lists out")),
        ),
    ),
    (
        later("Catalog and terms"),
        (
            (P.READ_CATALOG, later("see catalog and terms")),
            (P.MANAGE_CATALOG, later("change catalog and terms")),
        ),
    ),
    (
        later("Students"),
        (
            (P.READ_STUDENTS, later("see students")),
            (P.READ_PRIVATE_FIELDS, later("see identity number, birth, phone, address, parents")),
            (P.MANAGE_STUDENTS, later("enter and change students")),
            (P.CONFIRM_MERGE, later("confirm that two records are one person")),
            (P.CONFIRM_NAME, later("confirm another name of a student")),
            (P.READ_APPLICANTS, later("see applicants")),
            (P.MANAGE_APPLICANTS, later("enter, move and admit applicants")),
        ),
    ),
    (
        later("Holds"),
        (
            (P.READ_HOLDS, later("see holds")),
            (P.PLACE_HOLD, later("place and lift holds of every kind")),
            (P.PLACE_FEE_HOLD, later("place and lift fee holds")),
        ),
    ),
    (
        later("Enrollment"),
        (
            (P.READ_ENROLLMENTS, later("see enrollments")),
            (P.ENROLL_STUDENT, later("enroll, drop and withdraw")),
            (P.OVERRIDE_ENROLLMENT, later("set a rule of enrolling aside")),
            (P.READ_OVERRIDES, later("see which rules were set aside")),
        ),
    ),
    (
        later("Attendance"),
        (
            (P.READ_ATTENDANCE, later("see attendance")),
            (P.WRITE_ATTENDANCE, later("mark attendance")),
            (P.CONDONE_SHORTAGE, later("condone a shortage")),
            (P.NOTIFY_ELIGIBILITY, later("notify who may sit")),
            (P.MANAGE_EXAMINATIONS, later("make the date sheet and print slips")),
        ),
    ),
    (
        later("Marks and grade sheets"),
        (
            (P.READ_ASSESSMENTS, later("see assessments")),
            (P.MANAGE_ASSESSMENTS, later("make and change assessments")),
            (P.UNLOCK_ASSESSMENT, later("unlock assessments")),
            (P.READ_SCORES, later("see marks")),
            (P.ENTER_SCORES, later("enter marks")),
            (P.IMPORT_SCORES, later("bring marks in from files")),
            (P.READ_SHEETS, later("see grade sheets")),
            (P.SUBMIT_SHEET, later("submit grade sheets")),
            (P.APPROVE_SHEET, later("approve grade sheets")),
            (P.RETURN_SHEET, later("return grade sheets")),
        ),
    ),
    (
        later("Results and cases"),
        (
            (P.READ_RESULTS, later("see results")),
            (P.PUBLISH_RESULTS, later("publish results")),
            (P.WITHHOLD_RESULTS, later("withhold and release results")),
            (P.FREEZE_RESULTS, later("freeze results")),
            (P.REQUEST_CHANGE, later("ask for a change of a result")),
            (P.APPROVE_CHANGE, later("approve a change of a result")),
            (P.BRING_RESULTS, later("bring in results from before")),
            (P.READ_CASES, later("see cases")),
            (P.OPEN_CASE, later("open cases")),
        ),
    ),
    (
        later("Transcripts and requests"),
        (
            (P.READ_TRANSCRIPTS, later("see issued documents")),
            (P.COPY_TRANSCRIPT, later("take an unofficial transcript")),
            (P.ISSUE_TRANSCRIPT, later("issue sealed documents")),
            (P.PRINT_TRANSCRIPT, later("print issued documents")),
            (P.REVOKE_TRANSCRIPT, later("revoke issued documents")),
            (P.READ_REQUESTS, later("see requests")),
            (P.CREATE_REQUEST, later("make requests")),
            (P.DECIDE_REQUEST, later("decide about requests")),
            (P.COMPLETE_REQUEST, later("hand out what was requested")),
        ),
    ),
)
OTHERS = later("Others")
WORDS: dict[str, str] = {permission: words for _, lines in GROUPS for permission, words in lines}


def role_words(name: str) -> str:
    return phrase(ROLES[name]) if name in ROLES else name.replace("_", " ")


def scope_words(scope: str) -> str:
    return phrase(SCOPES[scope]) if scope in SCOPES else scope


def permission_words(permission: str) -> str:
    return phrase(WORDS[permission]) if permission in WORDS else permission


def grouped(known: Collection[str]) -> list[tuple[str, Sequence[str]]]:
    """Every permission there is or somebody has, by the part it belongs to."""
    found: list[tuple[str, Sequence[str]]] = [
        (phrase(title), [permission for permission, _ in lines]) for title, lines in GROUPS
    ]
    others = sorted({*known, *Permission} - WORDS.keys())
    return [*found, (phrase(OTHERS), others)] if others else found


def powers_words(permissions: Collection[str]) -> str:
    """The powers over grades among them, as a list; empty when there are none."""
    powers = [
        one for _, lines in GROUPS for one, _ in lines if one in POWERS_OVER_GRADES and one in permissions
    ]
    return listed((permission_words(one) for one in powers), 13)


def holds_power(roles: Collection[str], known: Collection[RoleView]) -> bool:
    """Whether one of these roles is a power over grades."""
    return any(one.name in roles and POWERS_OVER_GRADES & set(one.permissions) for one in known)
