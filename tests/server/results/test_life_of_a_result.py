"""The life of a result, driven by Hypothesis: whoever says whatever, the server answers as a small model.

The model is what the contract says, once more and in few lines: draft, published, frozen; withheld and
released; changed by two people in order. It answers "" where the server carries something out, else the
code of the refusal, and the two are compared at every step. `SIMS_MACHINE_EXAMPLES` makes it longer.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sims_server.operations_room.queries.invariants import INVARIANTS, broken_rows
from tests.support.api import Api, Client, Reply
from tests.support.policies import S1, document
from tests.support.university import University

EXAMPLES = int(os.environ.get("SIMS_MACHINE_EXAMPLES", "24"))
STEPS = int(os.environ.get("SIMS_MACHINE_STEPS", "40"))
STUDENTS = range(3)
PEOPLE = (
    "faculty", "faculty2", "head", "dean", "examcell", "registrar",
    "stranger", "head_of_another", "office", "counter", "admin",
)  # fmt: skip
ELSEWHERE = {"stranger", "head_of_another"}
SUBMITS = {"faculty", "faculty2", "stranger"}
APPROVES = {"head", "dean", "examcell", "head_of_another"}
RETURNS = APPROVES | {"registrar"}
DECLARES = {"examcell", "registrar"}
ASKS = {"faculty", "faculty2", "head", "dean", "examcell", "registrar", "office", *ELSEWHERE}
DECIDES = {"head", "dean", "examcell", "registrar", "head_of_another"}
FIRST, SECOND = {"head", "dean"}, {"examcell", "registrar"}

FAR = (
    "approve", "send_back", "publish_the_section", "publish_some", "withhold", "release", "freeze",
    "ask_for_a_change", "ask_for_a_change results.change_pending", "decide results.own_request",
    "decide results.stage", "decide results.already_decided", "decided: approved", "decided: rejected",
    "send_back sheets.wrong_state", "mark sheets.closed", "freeze results.wrong_state",
)  # fmt: skip
NOT_PERMITTED, NOT_FOUND = "auth.not_permitted", "request.not_found"
WRONG_STATE = "results.wrong_state"


def grade_of(total: Decimal) -> str:
    return next((grade for least, grade, _ in S1 if total >= Decimal(least)), "F")


@dataclass
class Change:
    """Somebody asked; `first` approved first."""

    id: int
    student: int
    grade: str
    total: Decimal
    by: str
    by_marks: bool
    status: str = "pending"
    first: str | None = None


@dataclass
class Row:
    """One student's result, as the model has it."""

    quiz: Decimal = Decimal(16)
    id: int | None = None
    state: str = "draft"
    stale: bool = False
    withheld: bool = False
    grade: str = ""
    total: Decimal = Decimal(0)

    @property
    def is_out(self) -> bool:
        return self.id is not None and self.state != "draft"


@dataclass
class Model:
    """A section of three students. Every method answers the refusal's code, or "" and does it."""

    sheet: str = "open"
    rows: list[Row] = field(default_factory=lambda: [Row() for _ in STUDENTS])
    changes: list[Change] = field(default_factory=list)

    def mark(self, who: str, student: int, quiz: Decimal) -> str:
        if who not in {*SUBMITS, "examcell"}:
            return NOT_PERMITTED
        if who == "stranger":
            return NOT_FOUND
        if who == "examcell":
            return "assessments.not_yours"
        if self.sheet != "open":
            return "sheets.closed"
        self.rows[student].quiz = quiz
        return ""

    def submit(self, who: str, stale: bool) -> str:
        if who not in SUBMITS:
            return NOT_PERMITTED
        if who == "stranger":
            return NOT_FOUND
        if who != "faculty":
            return "sheets.not_lead"
        if self.sheet != "open":
            return "sheets.wrong_state"
        if stale:
            return "sheets.stale"
        self.sheet = "submitted"
        return ""

    def approve(self, who: str, stale: bool) -> str:
        if who not in APPROVES:
            return NOT_PERMITTED
        if who in ELSEWHERE:
            return NOT_FOUND
        if self.sheet != "submitted":
            return "sheets.wrong_state"
        if stale:
            return "sheets.stale"
        self.sheet = "approved"
        for row in self.rows:
            row.total = row.quiz + 24 + 35
            row.grade = grade_of(row.total)
        return ""

    def send_back(self, who: str) -> str:
        if who not in RETURNS:
            return NOT_PERMITTED
        if who in ELSEWHERE:
            return NOT_FOUND
        if self.sheet == "open" or any(row.is_out for row in self.rows):
            return "sheets.wrong_state"
        self.sheet = "open"
        return ""

    def publish(self, who: str, students: set[int], named: bool) -> str:
        if who not in DECLARES:
            return NOT_PERMITTED
        rows = [self.rows[student] for student in students]
        out = [row for row in rows if row.is_out]
        if len(out) == len(rows) or (named and out):
            return WRONG_STATE
        if self.sheet != "approved":
            return "results.sheet_not_approved"
        ready = [row for row in rows if not row.is_out and not row.withheld]
        if not ready:
            return WRONG_STATE
        for row in ready:
            row.state = "published"
        return ""

    def withhold(self, who: str, students: set[int]) -> str:
        if who not in DECLARES:
            return NOT_PERMITTED
        rows = [self.rows[student] for student in students]
        if any(row.is_out or row.withheld for row in rows):
            return WRONG_STATE
        for row in rows:
            row.withheld = True
        return ""

    def release(self, who: str, students: set[int]) -> str:
        if who not in DECLARES:
            return NOT_PERMITTED
        rows = [self.rows[student] for student in students]
        if any(not row.withheld for row in rows):
            return WRONG_STATE
        if self.sheet != "approved":
            return "results.sheet_not_approved"
        for row in rows:
            row.withheld, row.state = False, "published"
        return ""

    def freeze(self, who: str, students: set[int]) -> str:
        if who not in DECLARES:
            return NOT_PERMITTED
        rows = [self.rows[student] for student in students]
        if any(not row.withheld and not row.is_out for row in rows):
            return WRONG_STATE
        published = [row for row in rows if row.state == "published"]
        if not published:
            return WRONG_STATE
        for row in published:
            row.state = "frozen"
        return ""

    def ask(self, who: str, student: int, grade: str | None, quiz: Decimal) -> str:
        """By grade, or by a mark of the quiz."""
        if who not in ASKS:
            return NOT_PERMITTED
        if who in ELSEWHERE:
            return NOT_FOUND
        row = self.rows[student]
        if not row.is_out:
            return WRONG_STATE
        if any(change.student == student and change.status == "pending" for change in self.changes):
            return "results.change_pending"
        if (grade is not None and grade == row.grade) or (grade is None and quiz == row.quiz):
            return "results.change_invalid"
        return ""

    def decide(self, who: str, change: Change, approved: bool, reason: str) -> str:
        if who not in DECIDES:
            return NOT_PERMITTED
        if who in ELSEWHERE:
            return NOT_FOUND
        if who == change.by:
            return "results.own_request"
        if change.status != "pending":
            return "results.already_decided"
        if who not in (FIRST if change.first is None else SECOND):
            return "results.stage"
        if not approved:
            if not reason:
                return "request.invalid"
            change.status = "rejected"
        elif change.first is None:
            change.first = who
        else:
            change.status = "approved"
            row = self.rows[change.student]
            row.grade, row.total = change.grade, change.total
            row.quiz = change.total - 59 if change.by_marks else row.quiz
        return ""


def someone(*may: str) -> st.SearchStrategy[str]:
    """Mostly one of those who may; sometimes whoever comes by."""
    return st.sampled_from((*may, *may, *may)) | st.sampled_from(PEOPLE)


def machine(
    api: Api, university: University, place: dict[str, Any], reached: Counter[str]
) -> type[RuleBasedStateMachine]:
    """The machine over this test's server. Each example has a section of its own; what was answered how
    often is counted in `reached`."""
    clients: dict[str, Client] = {}

    def client(who: str) -> Client:
        if who not in clients:
            clients[who] = api.as_(who)
        return clients[who]

    students = st.sets(st.sampled_from(STUDENTS), min_size=1)
    quiz = st.sampled_from([Decimal(n) for n in (0, 11, 16, 20)])
    rarely = st.sampled_from((False, False, False, True))
    there_are_results = precondition(lambda self: any(row.id for row in self.model.rows))

    class LifeOfAResult(RuleBasedStateMachine):
        @initialize(begun=st.sampled_from(("open", "approved", "approved", "published", "published")))
        def stand(self, begun: str) -> None:
            """Where the way is long, some begin further on."""
            self.model = Model()
            lead, second = place["faculty"], place["faculty2"]
            course = university.course(place["department"])
            self.section = university.section(course, place["term"], "A", 10, (lead, second))
            self.columns = [
                university.assessment(self.section, "Quiz", "quiz", 20, 20),
                university.assessment(self.section, "Midterm", "midterm", 30, 50),
                university.assessment(self.section, "Final", "final", 50, 100),
            ]
            self.enrollments = [
                university.enrollment(registration, self.section) for registration in place["registrations"]
            ]
            self.cells = [
                [
                    university.score(enrollment, column, mark)
                    for column, mark in zip(self.columns, (16, 40, 70), strict=True)
                ]
                for enrollment in self.enrollments
            ]
            if begun != "open":
                self.submit("faculty", False)
                self.approve("head", False)
            if begun == "published":
                self.publish_the_section("examcell")

        def agree(self, answer: Reply, expected: str) -> bool:
            verb = sys._getframe(1).f_code.co_name
            assert answer.status < 500, answer.content
            told = answer.code if answer.status >= 400 else ""
            assert told == expected, f"{verb}: {told or answer.status}, the model: {expected or 'done'}"
            reached[f"{verb} {expected}".strip()] += 1
            return expected == ""

        def ids(self, students: set[int]) -> list[int]:
            return [id for student in sorted(students) if (id := self.model.rows[student].id) is not None]

        def rev(self) -> int:
            rev: int = client("examcell").get(f"/api/sheets/{self.section}/").json["rev"]
            return rev

        @rule(who=someone("faculty", "faculty2"), student=st.sampled_from(STUDENTS), quiz=quiz)
        def mark(self, who: str, student: int, quiz: Decimal) -> None:
            path = f"/api/assessment-scores/{self.cells[student][0]}/"
            answer = client(who).patch(path, {"mark": "scored", "score": str(quiz)})
            self.agree(answer, self.model.mark(who, student, quiz))

        @rule(who=someone("faculty"), stale=rarely)
        def submit(self, who: str, stale: bool) -> None:
            path = f"/api/sheets/{self.section}/submit/"
            answer = client(who).post(path, {"rev": self.rev() + stale})
            self.agree(answer, self.model.submit(who, stale))

        @rule(who=someone("head", "dean", "examcell"), stale=rarely)
        def approve(self, who: str, stale: bool) -> None:
            path = f"/api/sheets/{self.section}/approve/"
            answer = client(who).post(path, {"rev": self.rev() + stale})
            if self.agree(answer, self.model.approve(who, stale)):
                rows = client("examcell").get(f"/api/results/?section_id={self.section}").json["results"]
                by_enrollment = {row["enrollment_id"]: row["id"] for row in rows}
                for row, enrollment in zip(self.model.rows, self.enrollments, strict=True):
                    assert row.id in (None, by_enrollment[enrollment])  # drafted anew, not made anew
                    row.id = by_enrollment[enrollment]

        @rule(who=someone("head", "registrar"))
        def send_back(self, who: str) -> None:
            answer = client(who).post(f"/api/sheets/{self.section}/return/", {"reason": "a page is missing"})
            self.agree(answer, self.model.send_back(who))

        @rule(who=someone("examcell", "registrar"))
        def publish_the_section(self, who: str) -> None:
            answer = client(who).post("/api/results/publish/", {"section_id": self.section})
            self.agree(answer, self.model.publish(who, set(STUDENTS), False))

        @there_are_results
        @rule(who=someone("examcell", "registrar"), students=students)
        def publish_some(self, who: str, students: set[int]) -> None:
            if ids := self.ids(students):
                answer = client(who).post("/api/results/publish/", {"result_ids": ids})
                self.agree(answer, self.model.publish(who, students, True))

        @there_are_results
        @rule(who=someone("examcell", "registrar"), students=students)
        def withhold(self, who: str, students: set[int]) -> None:
            if ids := self.ids(students):
                body = {"result_ids": ids, "reason": "fee", "note": "dues"}
                answer = client(who).post("/api/results/withhold/", body)
                self.agree(answer, self.model.withhold(who, students))

        @there_are_results
        @rule(who=someone("examcell", "registrar"), students=students)
        def release(self, who: str, students: set[int]) -> None:
            if ids := self.ids(students):
                answer = client(who).post("/api/results/release/", {"result_ids": ids, "note": "paid"})
                self.agree(answer, self.model.release(who, students))

        @there_are_results
        @rule(who=someone("examcell", "registrar"), students=students, by_section=st.booleans())
        def freeze(self, who: str, students: set[int], by_section: bool) -> None:
            ids = self.ids(students)
            if by_section or ids:
                body = {"section_id": self.section} if by_section else {"result_ids": ids}
                answer = client(who).post("/api/results/freeze/", body)
                self.agree(answer, self.model.freeze(who, set(STUDENTS) if by_section else students))

        @there_are_results
        @rule(
            who=someone("faculty", "examcell", "head"), student=st.sampled_from(STUDENTS), quiz=quiz,
            grade=st.sampled_from(("A", "B", "D", "F", None)),
        )  # fmt: skip
        def ask_for_a_change(self, who: str, student: int, grade: str | None, quiz: Decimal) -> None:
            row = self.model.rows[student]
            if row.id is None:
                return
            body: dict[str, Any] = {"result_id": row.id, "reason": "A page was missed"}
            if grade is None:
                body["scores"] = [{"assessment_id": self.columns[0], "mark": "scored", "score": str(quiz)}]
            else:
                body["new_grade"] = grade
            answer = client(who).post("/api/results/change-request/", body)
            if self.agree(answer, self.model.ask(who, student, grade, quiz)):
                total = row.total if grade is not None else quiz + 59
                new = grade or grade_of(total)
                asked = answer.json
                assert (asked["new_grade"], Decimal(asked["new_total"])) == (new, total)
                by_marks = grade is None
                self.model.changes.append(Change(asked["id"], student, new, total, who, by_marks))

        @precondition(lambda self: self.model.changes)
        @rule(
            data=st.data(),
            approved=st.sampled_from((True, True, False)),
            reason=st.sampled_from(("", "not proven")),
        )
        def decide(self, data: Any, approved: bool, reason: str) -> None:
            change = data.draw(st.sampled_from(self.model.changes[-2:]))
            who = data.draw(someone(*sorted(FIRST if change.first is None else SECOND)))
            body = {"change_id": change.id, "approved": approved, "reason": reason}
            answer = client(who).post("/api/results/approve-change/", body)
            if self.agree(answer, self.model.decide(who, change, approved, reason)):
                reached[f"decided: {change.status}"] += 1

        @invariant()
        def the_record_is_as_the_model_has_it(self) -> None:
            if not hasattr(self, "section"):
                return
            shown = university.rows(
                "SELECT r.id, r.state, r.grade, r.total, w.id IS NOT NULL AS withheld, "
                "(SELECT string_agg(status, ' ' ORDER BY id) FROM pending_change c "
                "WHERE c.result_id = r.id) AS asked "
                "FROM result r LEFT JOIN withholding w ON w.result_id = r.id AND w.released_at IS NULL "
                "WHERE r.section_id = %(id)s",
                id=self.section,
            )
            stands = {row["id"]: row for row in shown}
            known = [row for row in self.model.rows if row.id is not None]
            assert set(stands) == {row.id for row in known}
            for student, row in enumerate(self.model.rows):
                if row.id is None:
                    continue
                found = stands[row.id]
                assert (found["state"], found["withheld"]) == (row.state, row.withheld)
                assert (found["grade"], found["total"]) == (row.grade, row.total)
                asked = [change.status for change in self.model.changes if change.student == student]
                assert (found["asked"] or "").split() == asked

        def teardown(self) -> None:
            if not hasattr(self, "section"):
                return
            own = client("student").get(f"/api/results/?section_id={self.section}").json["results"]
            mine = self.model.rows[0]
            assert [(row["id"], row["state"], row["grade"]) for row in own] == (
                [(mine.id, mine.state, mine.grade)] if mine.is_out else []
            )

    return LifeOfAResult


def test_whoever_says_whatever_a_result_lives_as_the_model_says(api: Api, university: University) -> None:
    place = university.stand(students=len(STUDENTS), policy=document(S1, pass_={"total_min": "50"}))
    university.account("head_of_another", ("head", university.department("EE")))
    reached = Counter[str]()
    # Not shrunk: a fault is told at once, with the steps that led to it.
    run_state_machine_as_test(
        machine(api, university, place, reached),
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, database=None, derandomize=True,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate],
        ),
    )  # fmt: skip
    # A machine that never came this far would agree about nothing.
    assert set(FAR) - set(reached) == set()
    with api.database.transaction() as connection:
        broken = {check.name: rows for check in INVARIANTS if (rows := broken_rows(connection, check))}
    assert broken == {}
