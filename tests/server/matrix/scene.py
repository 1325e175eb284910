"""Two departments with everything a route can name: three objects of each kind for each caller.

`mine` belongs to the student who asks and to the department and sections of the staff who ask; `near` to
a classmate; `far` to another department; `missing` to nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sims_server.kernel import clock
from sims_server.transcripts.operations.keys import manage_keys
from tests.server.results.scene import approve, publish
from tests.support.api import Api, Reply
from tests.support.matrix import ROLES
from tests.support.university import University

WHICH = ("mine", "near", "far")
MISSING = 4_000_000_000


@dataclass
class Scene:
    """Ids by kind and by whose they are."""

    ids: dict[str, dict[str, Any]]
    jobs: dict[str, int]

    def find(self, kind: str, which: str, role: str) -> Any:
        if which == "missing":
            named = ("serial", "setting", "session", "hold_kind", "request_type")
            return "no-such-thing" if kind in named else MISSING
        if kind == "job":
            return self.jobs[role if which == "mine" else "stranger"]
        return self.ids[kind].get(which, self.ids[kind]["mine"])


def _half(api: Api, university: University, place: dict[str, Any], lead: str, head: str) -> dict[str, Any]:
    """Marks, an approved sheet, published results, a change asked for, and one draft result more."""
    section, people = place["section"], place["students"]
    for enrollment in place["enrollments"]:
        for assessment, mark in zip(place["assessments"], (16, 40, 70), strict=True):
            university.score(enrollment, assessment, mark)
    for assessment in place["assessments"]:
        university.run("UPDATE assessment SET released_at = now() WHERE id = %(id)s", id=assessment)
    attended = _attended(api, place, lead)
    approve(api, section, by=head, lead=lead)
    publish(api, section)
    found = {
        name: [
            row["id"]
            for row in university.rows(
                f"SELECT {key} AS id FROM {table} WHERE {where} ORDER BY {order}", s=section, p=people
            )
        ]
        for name, table, key, where, order in (
            ("score", "assessment_score", "id", "section_id = %(s)s", "enrollment_id, id"),
            ("result", "result", "id", "section_id = %(s)s", "enrollment_id"),
            (
                "term_result",
                "term_result",
                "id",
                "registration_id IN (SELECT id FROM registration WHERE student_id = ANY(%(p)s))",
                "registration_id",
            ),
        )
    }
    changes = []
    for result in found["result"]:
        asked = {"result_id": result, "new_grade": "A-", "reason": "A page was missed"}
        answer = api.as_("examcell").post("/api/results/change-request/", asked)
        assert answer.status == 201, answer.content
        changes.append(answer.json["id"])
    registrar = api.as_("registrar")
    holds, requests = [], []
    for person in people:
        hold = {"student_id": person, "kind": "academic", "reason": "Advice is missing"}
        holds.append(registrar.post("/api/holds/", hold).json["id"])
        requests.append(registrar.post("/api/requests/", {"student_id": person, "type": "noc"}).json["id"])
    return {**found, **attended, "change": changes, "hold": holds, "request": requests}


def _made(answer: Reply) -> int:
    assert answer.status == 201, answer.content
    made: int = answer.json["id"]
    return made


def _attended(api: Api, place: dict[str, Any], lead: str) -> dict[str, Any]:
    """A class session marked, a shortage condoned where it may be, and the list of who may sit."""
    section, people = place["section"], place["students"]
    taught = {
        "section_id": section,
        "date": str(clock.now().date() - timedelta(days=2)),
        "marks": [{"student_id": person, "status": "absent"} for person in people],
    }
    marked = api.as_(lead).post("/api/attendance/bulk/", taught)
    assert marked.status in (200, 201), marked.content
    rows = api.as_("registrar").get(f"/api/attendance/?section_id={section}&page_size=200").json["results"]
    by_person = {row["student_id"]: row["id"] for row in rows}
    return {
        "class_session": marked.json["class_session_id"],
        "attendance": [by_person[person] for person in people],
        "eligibility_list": _made(
            api.as_("examcell").post("/api/eligibility-lists/", {"section_id": section})
        ),
    }


def _sitting(api: Api, university: University, place: dict[str, Any], lead: str) -> dict[str, Any]:
    """A course whose examination is still ahead: everybody may sit, on a day of the date sheet."""
    course = university.course(place["department"])
    section = university.section(course, place["term"], "A", 50, (university.ids[lead],))
    for registration in place["registrations"]:
        university.enrollment(registration, section)
    examcell = api.as_("examcell")
    _made(examcell.post("/api/eligibility-lists/", {"section_id": section}))
    paper = {"section_id": section, "held_on": str(clock.now().date()), "starts_at": "09:00"}
    return {"exam_paper": _made(examcell.post("/api/exam-papers/", paper))}


def _asked(api: Api, university: University, place: dict[str, Any], half: dict[str, Any]) -> dict[str, Any]:
    """What people ask for: a recheck each, credit from elsewhere, admission."""
    cases, transfers = [], []
    for index, (person, result) in enumerate(zip(place["students"], half["result"], strict=True)):
        account = "student" if (place["program"], index) == (1, 0) else f"student_{place['program']}_{index}"
        if account not in university.ids:
            university.account(account, "student", student_id=person)
        wanted = {"kind": "recheck", "result_ids": [result], "reason": "I hoped for more"}
        cases.append(_made(api.as_(account).post("/api/cases/", wanted)))
        course = university.course(place["department"])
        moved = {
            "registration_id": place["registrations"][index],
            "term_id": place["term"],
            "institution": "Example College",
            "reference": f"EC/{person}",
            "courses": [{"original_course": "English", "original_grade": "B", "course_id": course}],
        }
        transfers.append(_made(api.as_("registrar").post("/api/transfers/", moved)))
    applicant = {"name": "New Person", "program_id": place["program"], "term_id": place["term"]}
    return {
        "case": cases,
        "transfer": transfers,
        "applicant": _made(api.as_("registrar").post("/api/applicants/", applicant)),
    }


def _planned(api: Api, place: dict[str, Any]) -> tuple[int, int]:
    """A batch planned for the intake, and the one course of its curriculum."""
    registrar, of_intake = api.as_("registrar"), {"program_id": place["program"], "semester": 1}
    taught = {**of_intake, "intake_from": "2024F", "course_id": place["course"]}
    curriculum = _made(registrar.post("/api/curricula/", taught))
    wanted = {**of_intake, "intake": "2024F", "term_id": place["term"]}
    return _made(registrar.post("/api/enrollments/batches/", wanted)), curriculum


def _other_department(university: University, place: dict[str, Any]) -> dict[str, Any]:
    department = university.department("EE")
    university.account("head_ee", ("head", department))
    lead = university.account("faculty_ee", "faculty")
    program = university.program(department, "BSEE")
    course = university.course(department, "EE-101")
    section = university.section(course, place["term"], "A", 50, (lead,))
    assessments = [
        university.assessment(section, name, kind, weight, most)
        for name, kind, weight, most in (
            ("Quiz", "quiz", 20, 20),
            ("Midterm", "midterm", 30, 50),
            ("Final", "final", 50, 100),
        )
    ]
    students = [university.student("Faraway Person")]
    registrations = [university.registration(students[0], program, place["regulation"], "2024-EE-0001")]
    enrollments = [university.enrollment(registrations[0], section)]
    return {
        "department": department,
        "program": program,
        "term": place["term"],
        "course": course,
        "section": section,
        "assessments": assessments,
        "students": students,
        "registrations": registrations,
        "enrollments": enrollments,
    }


def build(api: Api, university: University, data: Path) -> Scene:
    """The whole scene, made as people make it."""
    place = university.stand(students=2)
    other = _other_department(university, place)
    here = _half(api, university, place, "faculty", "head")
    there = _half(api, university, other, "faculty_ee", "head_ee")
    here |= _sitting(api, university, place, "faculty")
    there |= _sitting(api, university, other, "faculty_ee")
    here |= _asked(api, university, place, here)
    there |= _asked(api, university, other, there)
    manage_keys(api.database, data, "make")
    serials = {}
    for which, person in zip(WHICH, (*place["students"], *other["students"]), strict=True):
        wanted = {"student_id": person, "document": "transcript", "purpose": "visa", "copies": 1}
        answer = api.as_("registrar").post("/api/transcripts/issue/", wanted)
        assert answer.status == 201, answer.content
        serials[which] = answer.json["serial"]
    per_person = {
        "student": (place["students"], other["students"]),
        "registration": (place["registrations"], other["registrations"]),
        "enrollment": (place["enrollments"], other["enrollments"]),
        "hold": (here["hold"], there["hold"]),
        "request": (here["request"], there["request"]),
        "result": (here["result"], there["result"]),
        "term_result": (here["term_result"], there["term_result"]),
        "change": (here["change"], there["change"]),
        "attendance": (here["attendance"], there["attendance"]),
        "case": (here["case"], there["case"]),
        "transfer": (here["transfer"], there["transfer"]),
    }
    ids: dict[str, dict[str, Any]] = {
        kind: dict(zip(WHICH, [*near, *far], strict=True)) for kind, (near, far) in per_person.items()
    }
    ids["score"] = {"mine": here["score"][0], "near": here["score"][3], "far": there["score"][0]}
    ids["section"] = {"mine": place["section"], "far": other["section"]}
    ids["assessment"] = {"mine": place["assessments"][0], "far": other["assessments"][0]}
    ids["serial"] = serials
    for kind in ("class_session", "eligibility_list", "applicant", "exam_paper"):
        ids[kind] = {"mine": here[kind], "far": there[kind]}
    ids["hold_kind"] = {"mine": "fee"}
    ids["exam_room"] = {"mine": _made(api.as_("examcell").post("/api/exam-rooms/", {"name": "Hall A"}))}
    ids["request_type"] = {"mine": "noc"}
    off = {"first_day": "2027-03-23", "name": "Republic Day"}
    ids["day_off"] = {"mine": _made(api.as_("registrar").post("/api/days-off/", off))}
    lent = {
        "to": university.ids["stranger"],
        "role": "head",
        "department_id": place["department"],
        "until": str(clock.today("Asia/Karachi")),
        "reason": "Conference abroad",
    }
    ids["delegation"] = {"mine": _made(api.as_("head").post("/api/delegations/", lent))}
    here["batch"], here["curriculum"] = _planned(api, place)
    there["batch"], _ = _planned(api, other)
    ids["curriculum"] = {"mine": here["curriculum"]}
    ids["batch"] = {"mine": here["batch"], "far": there["batch"]}
    for kind in ("department", "program", "course"):
        ids[kind] = {"mine": place[kind], "far": other[kind]}
    ids["term"], ids["regulation"] = {"mine": place["term"]}, {"mine": place["regulation"]}
    ids["account"] = {"mine": place["faculty"], "far": university.ids["faculty_ee"]}
    ids["role"] = {"mine": university.row("SELECT min(id) FROM role")}
    ids["setting"] = {"mine": "security.require_otp"}
    ids["audit"] = {"mine": university.row("SELECT max(id) FROM audit")}
    ids["notification"] = {"mine": university.row("SELECT min(id) FROM notification_of_result")}
    upload = api.as_("registrar").post(
        "/api/imports/",
        files={"file": ("d.csv", b"code,name\nZZ,Zoology\n")},
        data={"kind": "departments"},
    )
    assert upload.status in (200, 201, 202), upload.content
    ids["import"] = {"mine": upload.json["id"]}
    ids["backup"] = {"mine": university.insert("backup", file_name="b.dump")}
    jobs = {
        role: university.row(
            "INSERT INTO job (kind, status, created_by) VALUES ('transcripts', 'queued', %(a)s) RETURNING id",
            a=university.ids[role],
        )
        for role in (*ROLES, "stranger")
    }
    return Scene(ids, jobs)
