"""One lawful request to every POST route, made ready afresh each time, and what it is meant to do twice.

`ONE`: however many people or devices say it, it happens once: a natural key or a state stands in the way
of the second. `EACH`: saying it again means it again (two requests for a certificate are two). `NONE`: it
asks and changes nothing. A new route is given its line here, or `test_every_post_route_has_a_request` fails.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from sims_server.kernel import clock
from tests.server.matrix.desk import Desk
from tests.support.policies import S1, document

Effects = Literal["one", "each", "none"]
ONE: Effects = "one"
EACH: Effects = "each"
NONE: Effects = "none"

# Their effects stand in tables that are no part of the record; everything else is counted in the audit.
JOBS = "SELECT count(*) FROM job"


@dataclass(frozen=True)
class Wish:
    """Who asks what. `counted` counts the effects where the audit does not tell them."""

    who: str
    path: str
    body: dict[str, Any] | None
    counted: str = ""


Ready = Callable[[Desk], Wish]
WISHES: dict[str, tuple[Effects, Ready]] = {}


def wish(path: str, effects: Effects) -> Callable[[Ready], Ready]:
    def keep(ready: Ready) -> Ready:
        assert path not in WISHES
        WISHES[path] = (effects, ready)
        return ready

    return keep


def simple(
    path: str,
    effects: Effects,
    who: str,
    body: Callable[[Desk], dict[str, Any] | None],
    counted: str = "",
) -> None:
    """A route without an id in its address."""
    wish(path, effects)(lambda desk: Wish(who, path, body(desk), counted))


def about(
    path: str,
    effects: Effects,
    who: str,
    id: Callable[[Desk], Any],
    body: dict[str, Any] | None = None,
    counted: str = "",
) -> None:
    """A route about one thing that is made ready; the body is the same for all."""

    def ready(desk: Desk) -> Wish:
        start, _, rest = path.partition("{")
        return Wish(who, f"{start}{id(desk)}{rest.partition('}')[2]}", body or {}, counted)

    wish(path, effects)(ready)


# fmt: off
# -- Who and what there is -------------------------------------------------------------------------
simple(
    "/api/accounts/",
    ONE,
    "admin",
    lambda d: {
        "username": f"twice{d.number()}",
        "name": "Said Twice",
        "password": "a long phrase nobody knows",
    },
)
simple("/api/roles/", ONE, "admin", lambda d: {"name": f"role{d.number()}", "permissions": []})
simple("/api/settings/", ONE, "admin", lambda d: {"key": "institution", "value": f"Name {d.number()}"})
simple(
    "/api/departments/", ONE, "registrar", lambda d: {"code": f"T{d.number()}", "name": f"Twice {d.number()}"}
)
simple(
    "/api/programs/",
    ONE,
    "registrar",
    lambda d: {
        "code": f"T{d.number()}",
        "name": f"Twice {d.number()}",
        "department_id": d.scene["department"],
    },
)
simple(
    "/api/courses/",
    ONE,
    "registrar",
    lambda d: {
        "code": f"T-{d.number()}",
        "title": "Twice",
        "credits": "3",
        "department_id": d.scene["department"],
    },
)
simple(
    "/api/terms/",
    ONE,
    "registrar",
    lambda d: {"name": f"Twice {d.number()}", "start_date": "2027-09-01", "end_date": "2027-12-31"},
)
simple(
    "/api/days-off/",
    ONE,
    "registrar",
    lambda d: {"first_day": "2027-03-20", "last_day": "2027-03-23", "name": f"Eid {d.number()}"},
)
simple(
    "/api/sections/",
    ONE,
    "registrar",
    lambda d: {"course_id": d.course(), "term_id": d.scene["term"], "code": "A", "capacity": 10},
)
simple(
    "/api/curricula/",
    ONE,
    "registrar",
    lambda d: {
        "program_id": d.scene["program"],
        "intake_from": "2024F",
        "semester": 1,
        "course_id": d.course(),
    },
)
simple(
    "/api/regulations/",
    ONE,
    "registrar",
    lambda d: {"policy": document(S1) | {"code": f"TW-{d.number()}"}, "authority": "Academic Council 41/7"},
)
about("/api/terms/{id}/close/", ONE, "registrar", lambda d: d.university.term())
about("/api/terms/{id}/open/", ONE, "registrar", lambda d: d.university.term(status="closed"))
simple("/api/delegations/", ONE, "head", Desk.lent)
about(
    "/api/delegations/{id}/revoke/",
    ONE,
    "head",
    lambda d: d.said("head", "/api/delegations/", d.lent())["id"],
)
simple(
    "/api/hold-kinds/",
    ONE,
    "registrar",
    lambda d: {"kind": f"kind{d.number()}", "lifted_by": "registrar", "blocks": ["transcript"]},
)
simple(
    "/api/request-types/",
    ONE,
    "registrar",
    lambda d: {"type": f"paper{d.number()}", "title": "A paper", "checklist": ["attested CNIC"]},
)

# -- People ----------------------------------------------------------------------------------------
simple(
    "/api/students/",
    ONE,
    "registrar",
    lambda d: {
        "name": "Said Twice",
        "reg_no": f"TW-{d.number()}",
        "program_id": d.scene["program"],
        "admitted_on": "2024-09-01",
    },
)
simple(
    "/api/registrations/",
    ONE,
    "registrar",
    lambda d: {
        "student_id": d.person()[0],
        "program_id": d.university.program(d.scene["department"]),
        "reg_no": f"TW-{d.number()}",
        "admitted_on": "2024-09-01",
    },
)
simple(
    "/api/registrations/move/", ONE, "registrar", lambda d: {**d.another_version(), "reason": "By order"}
)
simple("/api/registrations/preview-move/", NONE, "registrar", Desk.another_version)
about(
    "/api/registrations/{id}/status/",
    ONE,
    "registrar",
    lambda d: d.person()[1],
    {"status": "on_leave", "effective_on": "2026-10-01", "order_no": "R/1", "reason": "Illness"},
)
about(
    "/api/registrations/{id}/preview-status/",
    NONE,
    "registrar",
    lambda d: d.person()[1],
    {"status": "on_leave", "effective_on": "2026-10-01"},
)
about(
    "/api/registrations/{id}/status-and-withdraw/",
    ONE,
    "registrar",
    lambda d: d.person()[1],
    {"status": "on_leave", "effective_on": "2026-10-01", "order_no": "R/2", "enrollment_ids": []},
)


@wish("/api/students/{id}/merge/", ONE)
def _(desk: Desk) -> Wish:
    one, two = desk.twins()
    return Wish("registrar", f"/api/students/{one}/merge/", {"duplicate_id": two, "reason": "entered twice"})


about("/api/student-merges/{id}/decide/", ONE, "examcell", Desk.merge, {"approved": True})
about(
    "/api/student-merges/{id}/undo/", ONE, "examcell", lambda d: d.merge(decided=True), {"reason": "cousins"}
)
about("/api/name-corrections/{id}/decide/", ONE, "examcell", Desk.other_name, {"approved": True})
about("/api/name-corrections/{id}/withdraw/", ONE, "registrar", Desk.other_name)
simple(
    "/api/applicants/",
    ONE,
    "registrar",
    lambda d: {
        "name": "New Person",
        "program_id": d.scene["program"],
        "term_id": d.scene["term"],
        "national_id": f"35202-{d.number():07d}-1",
    },
)
about("/api/applicants/{id}/transition/", ONE, "registrar", Desk.applicant, {"status": "shortlisted"})
simple(
    "/api/applicants/admit/",
    ONE,
    "registrar",
    lambda d: {"ids": [d.applicant("shortlisted", "offered", "accepted")]},
)
# Two holds of one kind are two debts; two requests are two letters.
simple(
    "/api/holds/",
    EACH,
    "accounts",
    lambda d: {"student_id": d.person()[0], "kind": "fee", "reason": "Fee of Fall 2026"},
)
about(
    "/api/holds/{id}/lift/",
    ONE,
    "accounts",
    lambda d: d.university.insert(
        "hold",
        student_id=d.person()[0],
        kind="fee",
        blocks=["transcript"],
        effect="block",
        reason="due",
        placed_by=d.scene["accounts"],
    ),
)
simple("/api/requests/", EACH, "counter", lambda d: {"student_id": d.person()[0], "type": "noc"})
about(
    "/api/requests/{id}/transition/",
    ONE,
    "registrar",
    lambda d: d.said("counter", "/api/requests/", {"student_id": d.person()[0], "type": "noc"})["id"],
    {"status": "approved"},
)

# -- Seats and classes -----------------------------------------------------------------------------
simple(
    "/api/enrollments/",
    ONE,
    "registrar",
    lambda d: {"section_id": d.section()["id"], "student_id": d.person()[0]},
)


@wish("/api/sections/{section_id}/enroll/", ONE)
def _(desk: Desk) -> Wish:
    path = f"/api/sections/{desk.section()['id']}/enroll/"
    return Wish("registrar", path, {"student_id": desk.person()[0]})


for _verb in ("drop", "withdraw", "bar"):
    about(
        f"/api/enrollments/{{id}}/{_verb}/",
        ONE,
        "registrar",
        lambda d: d.section()["enrollments"][0],
        {"reason": "asked to"},
    )
about("/api/enrollments/{id}/incomplete/", ONE, "faculty", Desk.incomplete, {"reason": "Illness"})


@wish("/api/enrollments/{id}/reinstate/", ONE)
def _(desk: Desk) -> Wish:
    path = f"/api/enrollments/{desk.section()['enrollments'][0]}/"
    desk.said("registrar", f"{path}withdraw/", {"reason": "asked to"})
    return Wish("registrar", f"{path}reinstate/", {"reason": "came back"})


# A plan is only looked at: two people may look at two.
simple("/api/enrollments/batches/", EACH, "registrar", Desk.batch)


@wish("/api/enrollments/batches/{id}/commit/", ONE)
def _(desk: Desk) -> Wish:
    batch = desk.planned()
    path = f"/api/enrollments/batches/{batch['id']}/commit/"
    return Wish("registrar", path, {"plan_hash": batch["plan_hash"]})


about(
    "/api/enrollments/batches/{id}/undo/",
    ONE,
    "registrar",
    lambda d: d.planned(carried_out=True)["id"],
    {"reason": "the wrong semester"},
)
simple(
    "/api/class-sessions/",
    ONE,
    "faculty",
    lambda d: {"section_id": d.section()["id"], "held_on": str(d.today - timedelta(days=1))},
)
about(
    "/api/class-sessions/{id}/call-off/",
    ONE,
    "faculty",
    lambda d: d.said(
        "faculty",
        "/api/class-sessions/",
        {"section_id": d.section()["id"], "held_on": str(d.today - timedelta(days=1))},
    )["id"],
    {"reason": "rain"},
)


def _present(desk: Desk) -> dict[str, Any]:
    made = desk.section()
    return {"section_id": made["id"], "student_id": made["students"][0], "date": str(desk.today),
            "status": "present"}  # fmt: skip


def _class(desk: Desk) -> dict[str, Any]:
    body = _present(desk)
    marks = [{"student_id": body.pop("student_id"), "status": body.pop("status")}]
    return {**body, "marks": marks}


simple("/api/attendance/", ONE, "faculty", _present)
simple("/api/attendance/bulk/", ONE, "faculty", _class)
simple("/api/condonations/", ONE, "registrar", Desk.shortage)
about(
    "/api/condonations/{id}/withdraw/",
    ONE,
    "registrar",
    lambda d: d.said("registrar", "/api/condonations/", d.shortage())["id"],
    {"reason": "a false paper"},
)
# A list may be notified again: each is a version, and the last one judges.
simple("/api/eligibility-lists/", EACH, "examcell", lambda d: {"section_id": d.section()["id"]})

simple("/api/exam-rooms/", ONE, "examcell", lambda d: {"name": f"Hall {d.number()}", "seats": 120})
simple(
    "/api/exam-papers/",
    ONE,
    "examcell",
    lambda d: {"section_id": d.section()["id"], "held_on": str(d.today), "starts_at": "09:00"},
)
# A file of slips made twice is two files of the same.
simple("/api/exam-slips/", EACH, "examcell", lambda d: {"term_id": d.scene["term"]}, JOBS)

# -- Marks -----------------------------------------------------------------------------------------
simple(
    "/api/assessments/",
    ONE,
    "faculty",
    lambda d: {
        "section_id": d.section()["id"],
        "name": "Viva",
        "type": "viva",
        "weight": "10",
        "max_score": "10",
    },
)
about("/api/assessments/{id}/lock/", ONE, "faculty", lambda d: d.section()["assessments"][0])
about("/api/assessments/{id}/release/", ONE, "faculty", lambda d: d.section()["assessments"][0])


@wish("/api/assessments/{id}/unlock/", ONE)
def _(desk: Desk) -> Wish:
    path = f"/api/assessments/{desk.section()['assessments'][0]}/"
    desk.said("faculty", f"{path}lock/")
    return Wish("head", f"{path}unlock/", {})


simple("/api/sheets/remind/", ONE, "examcell", lambda d: {"section_ids": [d.section()["id"]]})


@wish("/api/assessment-scores/", ONE)
def _(desk: Desk) -> Wish:
    made = desk.section()
    body = {"assessment_id": made["assessments"][0], "student_id": made["students"][0]}
    return Wish("faculty", "/api/assessment-scores/", {**body, "mark": "scored", "score": "7.5"})


@wish("/api/sheets/{section_id}/sync/", ONE)
def _(desk: Desk) -> Wish:
    made = desk.section()
    op = {
        "edit_id": str(uuid.uuid4()), "enrollment_id": made["enrollments"][0], "base_ver": 0,
        "assessment_id": made["assessments"][0], "mark": "scored", "score": "7.5",
    }  # fmt: skip
    body = {"client_id": str(uuid.uuid4()), "mid": 1, "protocol": 1, "ops": [op]}
    return Wish("faculty", f"/api/sheets/{made['id']}/sync/", body)


@wish("/api/sheets/{section_id}/plan/", ONE)
def _(desk: Desk) -> Wish:
    section = desk.section()["id"]
    column = {"name": "Viva", "type": "viva", "weight": "0", "max_score": "10"}
    seen = desk.api.as_("faculty").get(f"/api/assessments/?section_id={section}").json["results"]
    based_on = [
        {name: one[name] for name in ("id", "name", "weight", "max_score", "must_sit")} for one in seen
    ]
    return Wish("faculty", f"/api/sheets/{section}/plan/", {"based_on": based_on, "make": [column]})


@wish("/api/sheets/{section_id}/submit/", ONE)
def _(desk: Desk) -> Wish:
    section = desk.marked()["id"]
    return Wish("faculty", f"/api/sheets/{section}/submit/", {"rev": desk.rev(section)})


@wish("/api/sheets/{section_id}/approve/", ONE)
def _(desk: Desk) -> Wish:
    made = desk.submitted()
    return Wish("head", f"/api/sheets/{made['id']}/approve/", {"rev": made["rev"]})


about(
    "/api/sheets/{section_id}/return/",
    ONE,
    "head",
    lambda d: d.submitted()["id"],
    {"reason": "a page is missing"},
)


# A proposal takes the place of the one before.
@wish("/api/sheets/{section_id}/cutoffs/", EACH)
def _(desk: Desk) -> Wish:
    made = desk.relative()
    return Wish("faculty", f"/api/sheets/{made['section']}/cutoffs/", made["body"])


# -- Results ---------------------------------------------------------------------------------------
simple("/api/results/publish/", ONE, "examcell", lambda d: {"section_id": d.approved()["id"]})
simple("/api/results/freeze/", ONE, "examcell", lambda d: {"section_id": d.published()["id"]})
simple(
    "/api/results/withhold/",
    ONE,
    "examcell",
    lambda d: {"result_ids": d.approved()["results"], "reason": "fee"},
)


@wish("/api/results/release/", ONE)
def _(desk: Desk) -> Wish:
    made = desk.approved()
    desk.said("examcell", "/api/results/withhold/", {"result_ids": made["results"], "reason": "fee"})
    return Wish("examcell", "/api/results/release/", {"result_ids": made["results"]})


def _changed(desk: Desk) -> dict[str, Any]:
    return {"result_id": desk.published()["results"][0], "new_grade": "A-", "reason": "A page missed"}


simple("/api/results/change-request/", ONE, "examcell", _changed)
simple("/api/results/preview-change/", NONE, "examcell", lambda d: {
    "result_id": d.published()["results"][0], "new_grade": "A-"})
simple("/api/results/approve-change/", ONE, "head", lambda d: {"change_id": d.change(), "approved": True})

# -- Cases -----------------------------------------------------------------------------------------
simple(
    "/api/cases/",
    ONE,
    "faculty",
    lambda d: {"kind": "recheck", "result_ids": [d.published()["results"][0]], "reason": "A page missed"},
)


@wish("/api/cases/{id}/propose/", ONE)
def _(desk: Desk) -> Wish:
    case = desk.case()
    changes = [{"result_id": case["results"][0]["result_id"], "new_grade": "A-"}]
    return Wish("faculty", f"/api/cases/{case['id']}/propose/", {"changes": changes})


about("/api/cases/{id}/approve/", ONE, "head", Desk.proposed, {"approved": True})
about("/api/cases/{id}/hearings/", EACH, "examcell", Desk.accused, {"held_on": "2026-12-01"})
about(
    "/api/incompletes/{id}/extend/",
    ONE,
    "examcell",
    Desk.incomplete_out,
    {"due_on": "2099-01-01", "reason": "The laboratory was shut"},
)
about("/api/cases/{id}/withdraw/", ONE, "faculty", lambda d: d.case()["id"])
simple("/api/transfers/", ONE, "registrar", Desk.transfer)
about(
    "/api/transfers/{id}/approve/",
    ONE,
    "head",
    lambda d: d.said("registrar", "/api/transfers/", d.transfer())["id"],
    {"approved": True},
)

# -- Paper -----------------------------------------------------------------------------------------
# Every sealed copy has a serial of its own.
simple(
    "/api/transcripts/issue/",
    EACH,
    "registrar",
    lambda d: {"student_id": d.published()["students"][0], "document": "transcript", "purpose": "visa"},
)
simple(
    "/api/transcripts/enqueue/",
    EACH,
    "registrar",
    lambda d: {"student_ids": [d.published()["students"][0]]},
    JOBS,
)
about(
    "/api/transcripts/issued/{serial}/revoke/", ONE, "registrar", Desk.document, {"reason": "a forged paper"}
)


simple("/api/stationery/count/", EACH, "counter", lambda d: {"opening": 500, "remaining": 500})


@wish("/api/transcripts/issued/{serial}/print/", ONE)
def _(desk: Desk) -> Wish:
    body = {"printer": "counter 1", "stock_numbers": [f"S{desk.number():06d}"], "outcome": "printed"}
    return Wish("counter", f"/api/transcripts/issued/{desk.document()}/print/", body)


# -- The machine room ------------------------------------------------------------------------------
simple("/api/backups/", EACH, "admin", lambda d: None, JOBS)
about(
    "/api/backups/{id}/drill/",
    EACH,
    "admin",
    lambda d: d.university.insert("backup", file_name="b.dump", status="done", finished_at=clock.now()),
    None,
    JOBS,
)
about(
    "/api/jobs/{id}/cancel/",
    ONE,
    "admin",
    lambda d: d.job("queued"),
    None,
    "SELECT count(*) FROM job WHERE cancel_asked OR status = 'cancelled'",
)
about(
    "/api/jobs/{id}/retry/",
    ONE,
    "admin",
    lambda d: d.job("failed"),
    None,
    "SELECT count(*) FROM procrastinate_jobs",
)


@wish("/api/imports/{import_id}/commit/", ONE)
def _(desk: Desk) -> Wish:
    shown = desk.imported()
    return Wish("registrar", f"/api/imports/{shown['id']}/commit/", {"plan_hash": shown["plan_hash"]}, JOBS)


about("/api/imports/{import_id}/undo/", ONE, "registrar", lambda d: d.imported(carried_out=True)["id"])

# What takes no key: signing in, whose answers are never stored, and files. Their own tests stand in
# test_duplicates.py.
KEYLESS = {
    "/api/auth/token/", "/api/auth/token/refresh/", "/api/auth/logout/", "/api/auth/password/",
    "/api/auth/otp/enroll/", "/api/auth/otp/confirm/", "/api/imports/", "/api/cases/{id}/evidence/",
    "/api/pending-changes/{id}/evidence/", "/api/students/{id}/correct-name/",
    "/api/transcripts/verify-file/", "/verify/file/",
}  # fmt: skip
