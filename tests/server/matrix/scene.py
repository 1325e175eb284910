"""Two departments with everything a route can name: three objects of each kind for each caller.

`mine` belongs to the student who asks and to the department and sections of the staff who ask; `near` to
a classmate; `far` to another department; `missing` to nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sims_server.transcripts.operations.keys import manage_keys
from tests.server.results.scene import approve, publish
from tests.support.api import Api
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
            return "no-such-thing" if kind in ("serial", "setting", "session") else MISSING
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
    return {**found, "change": changes, "hold": holds, "request": requests}


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
    }
    ids: dict[str, dict[str, Any]] = {
        kind: dict(zip(WHICH, [*near, *far], strict=True)) for kind, (near, far) in per_person.items()
    }
    ids["score"] = {"mine": here["score"][0], "near": here["score"][3], "far": there["score"][0]}
    ids["section"] = {"mine": place["section"], "far": other["section"]}
    ids["assessment"] = {"mine": place["assessments"][0], "far": other["assessments"][0]}
    ids["serial"] = serials
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
