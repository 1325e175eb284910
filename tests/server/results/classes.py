"""A class that sits course after course under one regulation: what a case of policy is told in.

Cells go straight onto sheets; approving, publishing and reading go through the API, so that nothing between
the cell and the wire can round, drop or mistake anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.server.results.scene import approve, publish, results
from tests.support.api import Api
from tests.support.university import University

HALF_UP = {"mode": "half_up", "places": 0}
Column = tuple[str, str, Any, Any]  # name, type, weight, maximum


class Class:
    """One department with a course after another, so that a case is a few lines."""

    def __init__(self, api: Api, university: University, policy: dict[str, Any], students: int = 1) -> None:
        self.api, self.university = api, university
        self.scene = university.stand(students=students, policy=policy)
        self.terms = [self.scene["term"]]
        self.year = 2027

    def next_term(self) -> int:
        self.year += 1
        term = self.university.term(
            f"Fall {self.year}", start_date=f"{self.year}-09-01", end_date=f"{self.year}-12-31"
        )
        self.terms.append(term)
        return term

    def course(self, credits: Any = 3, **more: Any) -> int:
        return self.university.course(self.scene["department"], credits=credits, **more)

    def sit(
        self,
        columns: list[Column],
        rows: list[list[Any]],
        course: int | None = None,
        must_sit: str = "",
        heads: Mapping[str, str] | None = None,
        **enrollment: Any,
    ) -> int:
        """A section with these columns (`heads`: by their names) and one row of cells for each student;
        answers its id."""
        university = self.university
        section = university.section(
            course or self.course(), self.terms[-1], "A", 500, (self.scene["faculty"],)
        )
        ids = [
            university.assessment(
                section,
                name,
                type,
                weight,
                of,
                must_sit=name == must_sit,
                head=(heads or {}).get(name, "theory"),
            )
            for name, type, weight, of in columns
        ]
        for registration, cells in zip(self.scene["registrations"], rows, strict=True):
            row = university.enrollment(registration, section, **enrollment)
            for assessment, cell in zip(ids, cells, strict=True):
                if cell is not None:
                    mark = cell if isinstance(cell, str) and cell.isalpha() else "scored"
                    university.score(row, assessment, None if mark != "scored" else cell, mark)
        approve(self.api, section)
        return section

    def marks(self, total: Any, **more: Any) -> int:
        """A published course of one column of 100."""
        section = self.sit(
            [("Final", "final", 100, 100)], [[total]] * len(self.scene["registrations"]), **more
        )
        publish(self.api, section)
        return section

    def graded(self, section: int) -> list[tuple[Any, Any, Any]]:
        return [(r["total"], r["grade"], r["grade_points"]) for r in results(self.api, section)]

    def declared(self) -> list[tuple[Any, Any]]:
        """(SGPA, CGPA) of the first student, by term."""
        rows = (
            self.api.as_("examcell")
            .get(f"/api/term-results/?registration_id={self.scene['registrations'][0]}")
            .json["results"]
        )
        rows.sort(key=lambda row: self.terms.index(row["term_id"]))
        return [(row["sgpa"], row["cgpa"]) for row in rows]

    def term_result(self) -> dict[str, Any]:
        rows: list[dict[str, Any]] = self.api.as_("examcell").get("/api/term-results/").json["results"]
        return rows[-1]

    def explained(self) -> dict[str, Any]:
        """How the first student's CGPA comes about."""
        student = self.scene["students"][0]
        answer = self.api.as_("registrar").get(f"/api/students/{student}/explain/cgpa/")
        assert answer.status == 200, answer.content
        explained: dict[str, Any] = answer.json
        return explained

    def change_grade(self, section: int, grade: str) -> None:
        """The first student's published grade becomes another, by request and two approvals."""
        (result, *_) = results(self.api, section)
        asked = self.api.as_("faculty").post(
            "/api/results/change-request/",
            {"result_id": result["id"], "new_grade": grade, "reason": "decided"},
        )
        assert asked.status == 201, asked.content
        for who in ("head", "examcell"):
            decision = {"change_id": asked.json["id"], "approved": True}
            answer = self.api.as_(who).post("/api/results/approve-change/", decision)
            assert answer.status == 200, answer.content


PASS_50: dict[str, Any] = {"pass_": {"total_min": "50"}}
