"""The rules of enrolling and leaving, driven by Hypothesis: the server answers as a small model does.

The model keeps seats, days, holds, orders and sheets of four sections and three students, and says of each
request which refusal it gets ("" where it is carried out). `SIMS_MACHINE_EXAMPLES` makes it longer.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sims_server.kernel import clock
from tests.support.api import Api, Client, Reply
from tests.support.brought import bring_result
from tests.support.university import University

EXAMPLES = int(os.environ.get("SIMS_MACHINE_EXAMPLES", "70"))
ROUNDS = 8
STEPS = int(os.environ.get("SIMS_MACHINE_STEPS", "40"))
STUDENTS = range(3)
# A and B are sections of one course, C of the same course in another term, D of a course that asks for
# another first; E was cancelled.
SECTIONS = ("A", "B", "C", "D", "E")
COURSE = {"A": 1, "B": 1, "C": 1, "D": 2, "E": 3}
PEOPLE = ("registrar", "office", "head", "faculty", "counter", "examcell", "student", "head_of_another")
ENROLLS = {"registrar", "office", "head", "head_of_another"}
DEADLINES = ("enroll_until", "drop_until", "withdraw_until")

TROUBLES = ("days", "days", "days", "close", "order", "hold", "hold", "warning", "sheet", "room")
NOT_PERMITTED, NOT_FOUND = "auth.not_permitted", "request.not_found"
OVERRIDABLE = {"enrollment.prerequisite_missing", "enrollment.term_closed", "enrollment.held"}
FAR = (
    "enroll", "enroll again", "enroll enrollment.duplicate", "enroll enrollment.term_closed",
    "enroll enrollment.section_full", "enroll enrollment.prerequisite_missing", "enroll enrollment.held",
    "enroll enrollment.not_registered", "enroll enrollment.section_cancelled",
    "enroll auth.not_permitted", "enroll request.not_found", "enroll over a rule", "enroll attempt 2",
    "leave", "leave enrollment.drop_closed",
    "leave enrollment.wrong_state", "leave over a rule", "reinstate", "resize",
    "resize sections.capacity_below_seats",
)  # fmt: skip


@dataclass
class Seat:
    """A row of the roster. It is one row for ever: who dropped and comes again sits on it."""

    id: int
    status: str
    attempt: int


@dataclass
class Model:
    """Every method answers the refusal's code, or "" and does it."""

    capacity: dict[str, int] = field(default_factory=lambda: {"A": 1, "B": 2, "C": 3, "D": 2, "E": 5})
    seats: dict[tuple[str, int], Seat] = field(default_factory=dict)
    sheets: dict[str, str] = field(default_factory=lambda: dict.fromkeys(SECTIONS, "open"))
    closed: bool = False
    passed_days: int = 0
    orders: dict[int, str] = field(default_factory=lambda: dict.fromkeys(STUDENTS, "active"))
    holds: dict[int, list[int]] = field(default_factory=lambda: {student: [] for student in STUDENTS})
    passed: set[int] = field(default_factory=set)

    def is_troubled(self) -> bool:
        return (
            self.closed
            or self.passed_days > 0
            or any(self.holds.values())
            or "on_leave" in self.orders.values()
            or set(self.sheets.values()) != {"open"}
        )

    def taken(self, section: str) -> int:
        return sum(place == section and seat.status != "dropped" for (place, _), seat in self.seats.items())

    def elsewhere(self, section: str, student: int) -> list[str]:
        """Other sections of the course, in whatever term, where the student is on the roster."""
        return [
            place
            for (place, who), seat in self.seats.items()
            if who == student and place != section and COURSE[place] == COURSE[section]
            and seat.status != "dropped"
        ]  # fmt: skip

    def objections(self, section: str, student: int) -> list[str]:
        seat = self.seats.get((section, student))
        beside = {"A": {"B"}, "B": {"A"}}.get(section, set()) & set(self.elsewhere(section, student))
        closed = self.closed or self.passed_days > 0
        said = [
            ("duplicate", bool(beside) or (seat is not None and seat.status != "dropped")),
            ("not_registered", self.orders[student] != "active"),
            ("section_cancelled", section == "E"),
            ("term_closed", section != "C" and closed),
            ("section_full", self.taken(section) >= self.capacity[section]),
            ("prerequisite_missing", section == "D" and student not in self.passed),
            ("held", bool(self.holds[student])),
            ("sheet_closed", self.sheets[section] != "open"),
        ]
        return [f"enrollment.{name}" for name, holds in said if holds]

    def enroll(self, who: str, section: str, student: int, override: str | None) -> str:
        if who not in ENROLLS:
            return NOT_PERMITTED
        # A power that the role does not have is refused before anything is looked up.
        if override is not None and who != "registrar":
            return NOT_PERMITTED
        if who == "head_of_another":
            return NOT_FOUND
        standing = [
            code
            for code in self.objections(section, student)
            if not (code == f"enrollment.{override}" and code in OVERRIDABLE)
        ]
        return standing[0] if standing else ""

    def leave(self, who: str, how: str, seat: Seat, section: str, override: str | None) -> str:
        if who not in (ENROLLS if how != "bar" else {"registrar"}):
            return NOT_PERMITTED
        if override is not None and who != "registrar":
            return NOT_PERMITTED
        if who == "head_of_another":
            return NOT_FOUND
        if seat.status != "enrolled":
            return "enrollment.wrong_state"
        if self.sheets[section] != "open":
            return "enrollment.sheet_closed"
        late = {"drop": 2, "withdraw": 3}.get(how, 99)
        if section != "C" and self.passed_days >= late and override != f"{how}_closed":
            return f"enrollment.{how}_closed"
        seat.status = {"drop": "dropped", "withdraw": "withdrawn", "bar": "barred"}[how]
        return ""

    def reinstate(self, who: str, seat: Seat, section: str) -> str:
        if who != "registrar":
            return NOT_PERMITTED
        if seat.status not in ("withdrawn", "barred"):
            return "enrollment.wrong_state"
        if self.sheets[section] != "open":
            return "enrollment.sheet_closed"
        seat.status = "enrolled"
        return ""

    def resize(self, section: str, capacity: int) -> str:
        if capacity < self.taken(section):
            return "sections.capacity_below_seats"
        self.capacity[section] = capacity
        return ""


def someone(*may: str) -> st.SearchStrategy[str]:
    """Mostly one of those who may; sometimes whoever comes by."""
    return st.sampled_from((*may, *may, *may)) | st.sampled_from(PEOPLE)


def machine(
    api: Api, university: University, place: dict[str, Any], reached: Counter[str]
) -> type[RuleBasedStateMachine]:
    """The machine over this test's server. Each example has terms, courses and students of its own."""
    clients: dict[str, Client] = {}

    def client(who: str) -> Client:
        if who not in clients:
            clients[who] = api.as_(who)
        return clients[who]

    students = st.sampled_from(STUDENTS)
    # A rule that is asked to be set aside: mostly none, else the right or a wrong one.
    aside = st.sampled_from((None, None, None, "prerequisite_missing", "term_closed", "held", "section_full"))

    class RulesOfEnrollment(RuleBasedStateMachine):
        @initialize()
        def stand(self) -> None:
            self.model = Model()
            self.term, other = university.term(), university.term()
            department, lead = place["department"], place["faculty"]
            self.first = university.course(department)
            courses = {number: university.course(department) for number in (1, 2, 3)}
            asks = "INSERT INTO course_prerequisite (course_id, prerequisite_id) VALUES (%(c)s, %(p)s)"
            university.run(asks, c=courses[2], p=self.first)
            self.courses = courses
            self.sections = {
                name: university.section(
                    courses[COURSE[name]], other if name == "C" else self.term, name,
                    self.model.capacity[name], (lead,),
                )
                for name in SECTIONS
            }  # fmt: skip
            university.run("UPDATE section SET status = 'cancelled' WHERE id = %(e)s", e=self.sections["E"])
            self.people = [university.student() for _ in STUDENTS]
            self.registrations = [
                university.registration(person, place["program"], place["regulation"])
                for person in self.people
            ]
            self.days(0)

        def agree(self, answer: Reply, expected: str) -> bool:
            verb = sys._getframe(1).f_code.co_name
            assert answer.status < 500, answer.content
            told = answer.code if answer.status >= 400 else ""
            assert told == expected, f"{verb}: {told or answer.status}, the model: {expected or 'done'}"
            reached[f"{verb} {expected}".strip()] += 1
            return expected == ""

        @rule(
            who=someone("registrar", "office", "head"), section=st.sampled_from(SECTIONS), student=students,
            override=aside, by_section=st.booleans(),
        )  # fmt: skip
        def enroll(
            self, who: str, section: str, student: int, override: str | None, by_section: bool
        ) -> None:
            body: dict[str, Any] = {"student_id": self.people[student]}
            if override is not None:
                body["override"] = {"code": override, "reason": "The council said so"}
            path = f"/api/sections/{self.sections[section]}/enroll/"
            if not by_section:
                path, body["section_id"] = "/api/enrollments/", self.sections[section]
            before = self.model.objections(section, student)
            answer = client(who).post(path, body)
            if not self.agree(answer, self.model.enroll(who, section, student, override)):
                return
            made, seat = answer.json, self.model.seats.get((section, student))
            attempt = 1 + len(self.model.elsewhere(section, student))
            assert seat is None or made["id"] == seat.id
            assert (made["attempt"], made["kind"]) == (attempt, "regular" if attempt == 1 else "repeat")
            self.model.seats[section, student] = Seat(made["id"], "enrolled", attempt)
            reached["enroll again"] += seat is not None
            reached["enroll over a rule"] += before != []
            reached[f"enroll attempt {attempt}"] += 1

        @rule(section=st.sampled_from(("A", "B", "C", "D")), student=students, override=aside)
        def ask_the_registrar(self, section: str, student: int, override: str | None) -> None:
            self.enroll("registrar", section, student, override, True)

        @rule(student=students)
        def ask_for_whoever_is_on_leave(self, student: int) -> None:
            before = self.model.orders[student]
            self.order(student, "on_leave")
            self.enroll("registrar", "C", student, None, True)
            self.order(student, before)

        @precondition(lambda self: self.model.seats)
        @rule(
            data=st.data(), who=someone("registrar", "office", "head"),
            how=st.sampled_from(("drop", "drop", "withdraw", "bar")),
            late=st.sampled_from((False, False, True)),
        )  # fmt: skip
        def leave(self, data: Any, who: str, how: str, late: bool) -> None:
            (section, _), seat = data.draw(st.sampled_from(sorted(self.model.seats.items(), key=str)))
            override = f"{how}_closed" if late and how != "bar" else None
            body: dict[str, Any] = {"reason": "asked to"}
            if override is not None:
                body["override"] = {"code": override, "reason": "Illness"}
            closed = self.model.passed_days >= {"drop": 2, "withdraw": 3}.get(how, 99)
            answer = client(who).post(f"/api/enrollments/{seat.id}/{how}/", body)
            if self.agree(answer, self.model.leave(who, how, seat, section, override)):
                reached["leave over a rule"] += closed and section != "C"

        @precondition(lambda self: any(seat.status == "enrolled" for seat in self.model.seats.values()))
        @rule(data=st.data(), how=st.sampled_from(("drop", "withdraw", "bar")), late=st.booleans())
        def leave_by_the_registrar(self, data: Any, how: str, late: bool) -> None:
            self.leave(data, "registrar", how, late)

        @precondition(
            lambda self: any(
                seat.status == "enrolled" and section != "C"
                for (section, _), seat in self.model.seats.items()
            )
        )
        @rule(
            data=st.data(),
            how=st.sampled_from(("drop", "withdraw")),
            late=st.sampled_from((True, True, False)),
        )
        def leave_after_the_last_day(self, data: Any, how: str, late: bool) -> None:
            self.days(3)
            self.leave(data, "registrar", how, late)

        @precondition(
            lambda self: any(seat.status in ("withdrawn", "barred") for seat in self.model.seats.values())
        )
        @rule(data=st.data(), who=someone("registrar"))
        def reinstate(self, data: Any, who: str) -> None:
            (section, _), seat = data.draw(st.sampled_from(sorted(self.model.seats.items(), key=str)))
            answer = client(who).post(f"/api/enrollments/{seat.id}/reinstate/", {"reason": "came back"})
            self.agree(answer, self.model.reinstate(who, seat, section))

        def resize(self, section: str, capacity: int) -> None:
            answer = client("registrar").patch(
                f"/api/sections/{self.sections[section]}/", {"capacity": capacity}
            )
            self.agree(answer, self.model.resize(section, capacity))

        def days(self, passed: int) -> None:
            """So many of the last days are over; of the others today is the last."""
            today = clock.today("Asia/Karachi")
            for number, name in enumerate(DEADLINES):
                day = today - timedelta(days=1) if number < passed else today
                university.run(f"UPDATE term SET {name} = %(day)s WHERE id = %(id)s", day=day, id=self.term)
            self.model.passed_days = passed

        def close_or_open(self, closed: bool) -> None:
            verb = "close" if closed else "open"
            assert client("registrar").post(f"/api/terms/{self.term}/{verb}/").status == 200
            self.model.closed = closed

        def order(self, student: int, status: str) -> None:
            if self.model.orders[student] != status:
                body = {"status": status, "effective_on": str(clock.today("Asia/Karachi")), "order_no": "R/1"}
                path = f"/api/registrations/{self.registrations[student]}/status/"
                answer = client("registrar").post(path, body)
                assert answer.status == 200, answer.content
                self.model.orders[student] = status

        def hold(self, student: int, effect: str) -> None:
            body = {
                "student_id": self.people[student], "kind": "academic", "reason": "See the adviser",
                "blocks": ["enrollment"], "effect": effect,
            }  # fmt: skip
            answer = client("registrar").post("/api/holds/", body)
            assert answer.status == 201, answer.content
            if effect == "block":
                self.model.holds[student].append(answer.json["id"])

        def lift(self, student: int) -> None:
            for id in self.model.holds[student]:
                assert client("registrar").post(f"/api/holds/{id}/lift/", {"reason": "seen"}).status == 200
            self.model.holds[student] = []

        @rule(student=students)
        def pass_the_first_course(self, student: int) -> None:
            if student not in self.model.passed:
                bring_result(
                    university, student_id=self.people[student], registration_id=self.registrations[student],
                    course_id=self.first, term_id=self.term, regulation_id=place["regulation"],
                    attempt=1, total=80, grade="A-", grade_points="3.70",
                    credits=3, outcome="pass", state="published", published_at=clock.now(),
                    published_by=place["registrar"],
                )  # fmt: skip
                self.model.passed.add(student)

        def submit_or_return_the_sheet(self, section: str) -> None:
            path = f"/api/sheets/{self.sections[section]}/"
            if self.model.sheets[section] == "open":
                rev = client("faculty").get(path).json["rev"]
                answer = client("faculty").post(f"{path}submit/", {"rev": rev})
            else:
                answer = client("head").post(f"{path}return/", {"reason": "too early"})
            assert answer.status == 200, answer.content
            self.model.sheets[section] = answer.json["state"]

        @rule(
            what=st.sampled_from(TROUBLES),
            student=students, passed=st.sampled_from((1, 2, 3)), section=st.sampled_from(("B", "D")),
        )  # fmt: skip
        def trouble(self, what: str, student: int, passed: int, section: str) -> None:
            """Something that stands in somebody's way."""
            if what == "days":
                self.days(passed)
            elif what == "close":
                self.close_or_open(True)
            elif what == "order":
                self.order(student, "on_leave")
            elif what == "room":
                self.resize("B" if student else "A", passed - 1)
            elif what == "sheet":
                self.submit_or_return_the_sheet(section)
            else:
                self.hold(student, "block" if what == "hold" else "warn")

        @precondition(lambda self: self.model.is_troubled())
        @rule(at_last=st.sampled_from((False, False, True)))
        def calm(self, at_last: bool) -> None:
            """Everything that stands in the way is out of it."""
            if not at_last:
                return
            self.days(0)
            self.close_or_open(False)
            self.resize("A", 2)
            for student in STUDENTS:
                self.order(student, "active")
                self.lift(student)
            for section, state in list(self.model.sheets.items()):
                if state != "open":
                    self.submit_or_return_the_sheet(section)

        @invariant()
        def the_roster_is_as_the_model_has_it(self) -> None:
            if not hasattr(self, "registrations"):
                return
            names = {id: name for name, id in self.sections.items()}
            rows = university.rows(
                "SELECT id, section_id, student_id, status, attempt FROM enrollment "
                "WHERE section_id = ANY (%(ids)s)",
                ids=list(names),
            )
            found = {
                (names[row["section_id"]], self.people.index(row["student_id"])): Seat(
                    row["id"], row["status"], row["attempt"]
                )
                for row in rows
            }
            assert found == self.model.seats
            taken = university.rows(
                "SELECT id, seats_taken, capacity FROM section WHERE id = ANY (%(ids)s)", ids=list(names)
            )
            for row in taken:
                name = names[row["id"]]
                assert (row["seats_taken"], row["capacity"]) == (
                    self.model.taken(name),
                    self.model.capacity[name],
                )

    return RulesOfEnrollment


def test_whoever_asks_for_whatever_seat_the_answer_is_the_models(api: Api, university: University) -> None:
    place = university.stand(students=1)
    university.account("head_of_another", ("head", university.department("EE")))
    reached = Counter[str]()
    # A machine that never came as far as all of this would agree about nothing: it goes on until it did.
    for number in range(ROUNDS):
        # Not shrunk: a fault is told at once, with the steps that led to it.
        run_state_machine_as_test(
            seed(number)(machine(api, university, place, reached)),
            settings=settings(
                max_examples=EXAMPLES // 2, stateful_step_count=STEPS, deadline=None, database=None,
                suppress_health_check=list(HealthCheck), phases=[Phase.generate],
            ),
        )  # fmt: skip
        missing = {name for name in FAR if not reached[name]}
        if number and not missing:
            break
    assert missing == set()
