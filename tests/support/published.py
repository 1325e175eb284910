"""A record with results that are out, straight in SQL: for tests of what is printed from it.

Results are brought ones (`legacy`), which need no section or sheet; how results come out has its own
tests.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sims_server.kernel import clock
from sims_shared.seal import Trust, read_key_document
from tests.support.api import Api
from tests.support.brought import bring_result
from tests.support.university import University


class Record:
    """A student of BSCS with two declared terms. `add` brings one more result."""

    def __init__(self, university: University, name: str = "STUDENT NAME ONE", **more: Any) -> None:
        self.university = university
        self.place = university.stand(students=1)
        self.student = university.student(
            name, name_native="طالب علم", father_name="FATHER NAME ONE", email="one@example.edu", **more
        )
        self.registration = university.registration(
            self.student, self.place["program"], self.place["regulation"], "2022-XU-BSCS-0417", intake="2022F"
        )
        self.terms = [
            self.term("Fall 2022", date(2022, 9, 1)),
            self.term("Spring 2023", date(2023, 2, 1)),
        ]
        self.results = {
            code: self.add(code, title, credits, total, grade, points, term)
            for code, title, credits, total, grade, points, term in (
                ("CS-111", "Programming Fundamentals", "4", "81", "A-", "3.70", 0),
                ("MT-111", "Calculus I", "3", "66", "B-", "2.70", 0),
                ("CS-112", "Object Oriented Programming", "4", "72", "B", "3.00", 1),
            )
        }
        self.declare(0, "3.27", "3.27", "7", "22.90", "7")
        self.declare(1, "3.00", "3.17", "11", "34.90", "11")

    def term(self, name: str, start: date) -> int:
        return self.university.term(
            name, start_date=start, end_date=date(start.year + (start.month > 8), 6, 30), status="closed",
            enroll_until=None, drop_until=None, withdraw_until=None, marks_due=None,
        )  # fmt: skip

    def add(self, code: str, title: str, credits: str, total: str, grade: str, points: str, term: int) -> int:
        course = self.university.insert(
            "course", code=code, title=title, credits=Decimal(credits), department_id=self.place["department"]
        )
        return bring_result(
            self.university,
            registration_id=self.registration,
            student_id=self.student,
            term_id=self.terms[term],
            course_id=course,
            total=Decimal(total),
            percentage=Decimal(total),
            marks_obtained=Decimal(total),
            marks_max=Decimal(100),
            grade=grade,
            grade_points=Decimal(points),
            credits=Decimal(credits),
            outcome="pass",
            regulation_id=self.place["regulation"],
            state="published",
            published_at=clock.now(),
            published_by=self.place["registrar"],
        )

    def declare(self, term: int, sgpa: str, cgpa: str, credits: str, points: str, earned: str) -> None:
        """A term's line; credits, points and earned are cumulative."""
        with self.university.database.transaction() as connection:  # a term is declared with its notification
            notification = connection.value(
                "INSERT INTO notification_of_result "
                "(number, date, kind, term_id, scope, counts, content, sha256) "
                "VALUES (%(number)s, '2023-02-11', 'main', %(term)s, '{}', '{}', '{}', repeat('0', 64)) "
                "RETURNING id",
                number=f"{self.terms[term]}/CE/2023",
                term=self.terms[term],
            )
            connection.run(
                "INSERT INTO term_result (registration_id, term_id, sgpa, cgpa, gpa_credits, quality_points, "
                "cumulative_gpa_credits, cumulative_quality_points, attempted, earned, notification_id) "
                "VALUES (%(registration)s, %(term)s, %(sgpa)s, %(cgpa)s, %(credits)s, %(points)s, "
                "%(credits)s, %(points)s, %(credits)s, %(earned)s, %(notification)s)",
                registration=self.registration,
                term=self.terms[term],
                sgpa=Decimal(sgpa),
                cgpa=Decimal(cgpa),
                credits=Decimal(credits),
                points=Decimal(points),
                earned=Decimal(earned),
                notification=notification,
            )
        self.university.run(
            "UPDATE registration SET cgpa = %(cgpa)s, credits_earned = %(earned)s WHERE id = %(id)s",
            cgpa=Decimal(cgpa), earned=Decimal(earned), id=self.registration,
        )  # fmt: skip

    def hold(self, kind: str = "fee", effect: str = "block", **more: Any) -> int:
        return self.university.insert(
            "hold", student_id=self.student, kind=kind, blocks=["transcript"], effect=effect,
            reason="Fee of Fall 2023 not paid", placed_by=self.place["registrar"], **more,
        )  # fmt: skip

    def change(self, code: str, grade: str, points: str, total: str) -> int:
        """Change a published grade as the law asks: a request, two approvals in order, applied at once."""
        result = self.results[code]
        row = self.university.rows("SELECT * FROM result WHERE id = %(id)s", id=result)[0]
        values = {
            "outcome": "pass", "grade_points": points, "marks_obtained": str(row["marks_obtained"]),
        }  # fmt: skip
        change = self.university.insert(
            "pending_change", result_id=result, by_marks=False, reason="recheck",
            old_grade=row["grade"], new_grade=grade, old_total=str(row["total"]), new_total=total,
            new_values=values, base_version=row["version"], requested_by=self.place["examcell"],
        )  # fmt: skip
        for stage, approver, capacity in ((1, "head", "head"), (2, "registrar", "registrar")):
            self.university.row(
                "INSERT INTO change_approval "
                "(change_id, stage, approver_id, requester_id, capacity, approved) "
                "SELECT %(c)s, %(s)s, %(a)s, %(r)s, %(k)s, true "
                "FROM set_config('sims.actor', %(a)s::text, true) RETURNING id",
                c=change, s=stage, a=self.place[approver], r=self.place["examcell"], k=capacity,
            )  # fmt: skip
        with self.university.database.transaction() as connection:
            connection.run(
                "UPDATE pending_change SET status = 'approved', resolved_at = now() WHERE id = %(id)s",
                id=change,
            )
            connection.run(
                "UPDATE result SET grade = %(grade)s, grade_points = %(points)s, total = %(total)s, "
                "change_request_id = %(change)s WHERE id = %(id)s",
                grade=grade, points=Decimal(points), total=Decimal(total), change=change, id=result,
            )  # fmt: skip
        return change


KEYS_PATH = "/.well-known/sims-seal.json"


def wanted(record: Record, **more: Any) -> dict[str, Any]:
    """The body of an issue."""
    return {"student_id": record.student, "document": "transcript", "purpose": "visa", "copies": 1, **more}


def issue(api: Api, record: Record, who: str = "counter", **more: Any) -> Any:
    """An issued document's answer."""
    reply = api.as_(who).post("/api/transcripts/issue/", wanted(record, **more))
    assert reply.status == 201, reply.json
    return reply.json


def pdf_of(api: Api, serial: str, who: str = "counter") -> bytes:
    reply = api.as_(who).get(f"/api/transcripts/issued/{serial}/pdf/")
    assert reply.status == 200, reply.content[:300]
    assert reply.headers["content-type"] == "application/pdf"
    return reply.content


def trust_of(api: Api) -> Trust:
    """The verifier's trust, from what this server publishes."""
    return Trust([read_key_document(api.anonymous.get(KEYS_PATH).content)])
