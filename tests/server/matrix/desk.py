"""Where the requests of `posts` are made ready: a small university and whatever one request needs of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from sims_server.kernel import clock
from sims_server.kernel.jobs import run_job
from sims_server.transcripts.operations.keys import manage_keys
from tests.server.results.scene import approve, publish, results
from tests.support.api import Api
from tests.support.policies import S1, document
from tests.support.university import University


class Desk:
    """Makes what a request needs: nothing is shared between two requests."""

    def __init__(self, api: Api, university: University, data: Path) -> None:
        self.api, self.university, self.data = api, university, data
        symbols = {"I": {"lapses_to": "F", "on": "next_term.marks_due", "final": False}}
        transfer = {"symbol": "TR", "min_grade": "C", "gpa": "exclude", "max_share": "50%"}
        attendance = {"min": "75", "condone_from": "60"}
        policy = document(
            S1, pass_={"total_min": "50"}, symbols=symbols, transfer=transfer, attendance=attendance
        )
        self.scene = university.stand(students=1, policy=policy)
        today = clock.today("Asia/Karachi")
        university.term(
            "Spring 2027", kind="spring", start_date=today + timedelta(days=120),
            end_date=today + timedelta(days=220), marks_due=today + timedelta(days=210),
        )  # fmt: skip
        self.today = today
        self._number = 0
        manage_keys(api.database, data, "make")

    def number(self) -> int:
        self._number += 1
        return self._number

    def said(self, who: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Something that must go well before the request can be made."""
        answer = self.api.as_(who).post(path, body or {})
        assert answer.status in (200, 201, 202), f"{path}: {answer.content!r}"
        return answer.json

    def person(self, program: int | None = None) -> tuple[int, int]:
        """A student and the current registration."""
        number = self.number()
        student = self.university.student(f"Duplicate Person {number}")
        registration = self.university.registration(
            student, program or self.scene["program"], self.scene["regulation"], f"DUP-{number:05d}"
        )
        return student, registration

    def course(self) -> int:
        return self.university.course(self.scene["department"], f"DUP-{self.number()}")

    def section(self, students: int = 1, marks: tuple[int, ...] = ()) -> dict[str, Any]:
        """A section of the two teachers with some enrolled."""
        lead, second = self.scene["faculty"], self.scene["faculty2"]
        section = self.university.section(self.course(), self.scene["term"], "A", 200, (lead, second))
        assessments = [
            self.university.assessment(section, "Quiz", "quiz", 20, 20),
            self.university.assessment(section, "Midterm", "midterm", 30, 50),
            self.university.assessment(section, "Final", "final", 40, 100),
        ]
        people = [self.person() for _ in range(students)]
        enrollments = [self.university.enrollment(registration, section) for _, registration in people]
        if marks:
            assessments.append(self.university.assessment(section, "Project", "project", 10, 10))
            for enrollment in enrollments:
                for assessment, mark in zip(assessments, marks, strict=True):
                    self.university.score(enrollment, assessment, mark)
        return {
            "id": section,
            "students": [student for student, _ in people],
            "registrations": [registration for _, registration in people],
            "assessments": assessments,
            "enrollments": enrollments,
        }

    def rev(self, section: int) -> int:
        rev: int = self.api.as_("faculty").get(f"/api/sheets/{section}/").json["rev"]
        return rev

    def marked(self) -> dict[str, Any]:
        return self.section(marks=(16, 40, 70, 8))

    def submitted(self) -> dict[str, Any]:
        made = self.marked()
        path = f"/api/sheets/{made['id']}/submit/"
        return {**made, "rev": self.said("faculty", path, {"rev": self.rev(made["id"])})["rev"]}

    def approved(self) -> dict[str, Any]:
        made = self.marked()
        approve(self.api, made["id"])
        return {**made, "results": [row["id"] for row in results(self.api, made["id"])]}

    def published(self) -> dict[str, Any]:
        made = self.approved()
        publish(self.api, made["id"])
        return made

    def change(self) -> int:
        wanted = {"result_id": self.published()["results"][0], "new_grade": "A-", "reason": "A page missed"}
        change: int = self.said("examcell", "/api/results/change-request/", wanted)["id"]
        return change

    def case(self) -> dict[str, Any]:
        asked = {"kind": "recheck", "result_ids": [self.published()["results"][0]], "reason": "A page missed"}
        case: dict[str, Any] = self.said("faculty", "/api/cases/", asked)
        return case

    def proposed(self) -> int:
        case = self.case()
        changes = [{"result_id": case["results"][0]["result_id"], "new_grade": "A-"}]
        self.said("faculty", f"/api/cases/{case['id']}/propose/", {"changes": changes})
        id: int = case["id"]
        return id

    def transfer(self) -> dict[str, Any]:
        _, registration = self.person()
        credit = {"original_course": "English", "original_grade": "B", "course_id": self.course()}
        return {
            "registration_id": registration,
            "term_id": self.scene["term"],
            "institution": "Example College",
            "reference": f"EC/{self.number()}",
            "courses": [credit],
        }

    def applicant(self, *statuses: str) -> int:
        body = {
            "name": f"New Person {self.number()}", "program_id": self.scene["program"],
            "term_id": self.scene["term"],
        }  # fmt: skip
        id: int = self.said("registrar", "/api/applicants/", body)["id"]
        for status in statuses:
            self.said("registrar", f"/api/applicants/{id}/transition/", {"status": status})
        return id

    def batch(self) -> dict[str, Any]:
        """A batch that is planned: one program, one student, one course."""
        program = self.university.program(self.scene["department"], f"DUP{self.number()}")
        student = self.university.student()
        self.university.registration(student, program, self.scene["regulation"], f"DUP-{self.number():05d}")
        course = self.course()
        self.university.section(course, self.scene["term"], "A", 5)
        taught = {"program_id": program, "intake_from": "2022F", "semester": 1, "course_id": course}
        self.said("registrar", "/api/curricula/", taught)
        return {"program_id": program, "intake": "2024F", "semester": 1, "term_id": self.scene["term"]}

    def planned(self, *, carried_out: bool = False) -> dict[str, Any]:
        batch: dict[str, Any] = self.said("registrar", "/api/enrollments/batches/", self.batch())
        if carried_out:
            path = f"/api/enrollments/batches/{batch['id']}/commit/"
            self.said("registrar", path, {"plan_hash": batch["plan_hash"]})
        return batch

    def imported(self, *, carried_out: bool = False) -> dict[str, Any]:
        registrar, code = self.api.as_("registrar"), f"IM{self.number()}"
        content = f"code,name\n{code},Institute {code}\n".encode()
        answer = registrar.post(
            "/api/imports/", files={"file": ("d.csv", content)}, data={"kind": "departments"}
        )
        assert answer.status == 201, answer.content
        run_job(self.api.database, self.data, answer.json["job_id"])
        path = f"/api/imports/{answer.json['id']}/"
        shown: dict[str, Any] = registrar.get(path).json
        if carried_out:
            asked = self.said("registrar", f"{path}commit/", {"plan_hash": shown["plan_hash"]})
            run_job(self.api.database, self.data, asked["job_id"])
        return shown

    def shortage(self) -> dict[str, Any]:
        """A student whose attendance is short and may be condoned: 7 of 10."""
        made = self.section()
        for slot in range(1, 11):
            status = "present" if slot <= 7 else "absent"
            marks = [{"student_id": made["students"][0], "status": status}]
            day = str(self.today - timedelta(days=2))
            body = {"section_id": made["id"], "date": day, "slot": slot, "marks": marks}
            self.said("faculty", "/api/attendance/bulk/", body)
        return {
            "section_id": made["id"], "student_id": made["students"][0],
            "authority": "Vice-Chancellor 12/2026", "reason": "Flood",
        }  # fmt: skip

    def document(self) -> str:
        made = self.published()
        wanted = {"student_id": made["students"][0], "document": "transcript", "purpose": "visa"}
        serial: str = self.said("registrar", "/api/transcripts/issue/", wanted)["serial"]
        return serial

    def twins(self) -> tuple[int, int]:
        """Two records that may be one person's: their registrations are of two programs."""
        other = self.university.program(self.scene["department"])
        return self.person()[0], self.person(other)[0]

    def merge(self, *, decided: bool = False) -> int:
        one, two = self.twins()
        body = {"duplicate_id": two, "reason": "entered twice"}
        id: int = self.said("registrar", f"/api/students/{one}/merge/", body)["id"]
        if decided:
            self.said("examcell", f"/api/student-merges/{id}/decide/", {"approved": True})
        return id

    def other_name(self) -> int:
        """A correction of a name that the registrar asked for."""
        student = self.person()[0]
        answer = self.api.as_("registrar").request(
            "POST",
            f"/api/students/{student}/correct-name/",
            data={"name": "Another Name", "reason": "As per matriculation certificate"},
            files={"file": ("certificate.pdf", b"%PDF-1.4 certificate")},
        )
        assert answer.status == 201, answer.json
        id: int = answer.json["id"]
        return id

    def job(self, status: str) -> int:
        return self.university.insert(
            "job", kind="transcripts", status=status, created_by=self.scene["admin"],
            **({"finished_at": clock.now(), "error": "no paper"} if status == "failed" else {}),
        )  # fmt: skip

    def lent(self) -> dict[str, Any]:
        colleague = self.university.account(f"colleague{self.number()}", "faculty")
        return {
            "to": colleague, "role": "head", "department_id": self.scene["department"],
            "until": str(self.today), "reason": "Conference abroad",
        }  # fmt: skip

    def incomplete_out(self) -> int:
        made = self.section(1, (16, 40, 25, 7))
        due = str(clock.today("Asia/Karachi") + timedelta(days=60))
        granted = {"reason": "Illness", "due_on": due}
        self.said("faculty", f"/api/enrollments/{made['enrollments'][0]}/incomplete/", granted)
        approve(self.api, made["id"])
        publish(self.api, made["id"])
        found: int = self.university.row("SELECT max(id) FROM result_lapse")
        return found

    def accused(self) -> int:
        caught = {"kind": "unfair_means", "result_ids": self.approved()["results"], "reason": "Notes"}
        id: int = self.said("faculty", "/api/cases/", caught)["id"]
        return id

    def another_version(self) -> dict[str, Any]:
        regulation = self.university.row(
            "INSERT INTO regulation (code, version, intake_from, status, policy, in_force_at) "
            "SELECT 'TWICE-' || %(n)s, 1, '2000S', 'in_force', policy, now() FROM regulation "
            "WHERE id = %(id)s RETURNING id",
            n=self.number(),
            id=self.scene["regulation"],
        )
        return {"registration_ids": [self.person()[1]], "regulation_id": regulation}

    def incomplete(self) -> int:
        enrollment: int = self.section()["enrollments"][0]
        return enrollment

    def relative(self) -> dict[str, Any]:
        """An open sheet under a regulation that grades relatively, and lines to move."""
        rows = [["1.5", "A", "4.00"], ["0", "C+", "2.50"], ["-1.5", "D", "1.00"]]
        scale = {"kind": "relative", "method": "z", "rows": rows, "latitude": "6"}
        regulation = self.university.regulation(document(scale=scale))
        section = self.university.section(
            self.course(), self.scene["term"], "R", 50, (self.scene["faculty"],)
        )
        final = self.university.assessment(section, "Final", "final", 100, 100)
        for mark in (40, 50, 60, 60, 60, 60, 60, 60, 70, 80):
            student = self.university.student()
            registration = self.university.registration(student, self.scene["program"], regulation)
            self.university.score(self.university.enrollment(registration, section), final, mark)
        body = {
            "regulation_id": regulation, "rev": self.rev(section),
            "lines": [{"grade": "A", "at_least": "74"}], "reason": "A hard paper",
        }  # fmt: skip
        return {"section": section, "body": body}
