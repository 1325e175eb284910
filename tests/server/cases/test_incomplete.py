"""An incomplete: given before the result is out, completed by a case, or lapsed by the rule on its day."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from aiosmtpd.controller import Controller

from sims_server.cases.operations.lapsing import LAPSE, MAIL
from sims_server.kernel.actor import SYSTEM_CALLER
from sims_server.kernel.jobs import FUNCTIONS, JobRun
from tests.server.cases.scene import Calendar, calendar_of, carry, decide, opened, result
from tests.server.results.scene import approve, publish, results
from tests.support.api import Api, Reply
from tests.support.database import TestDatabase, server_connection
from tests.support.policies import S1, document
from tests.support.university import University


@pytest.fixture
def calendar(database_url: TestDatabase) -> Iterator[Calendar]:
    with calendar_of(database_url) as calendar:
        calendar.go_to("2025-12-20")
        yield calendar


def incomplete_policy(lapses_to: str | None = "F") -> dict[str, Any]:
    return document(
        S1,
        pass_={"total_min": "50"},
        symbols={"I": {"lapses_to": lapses_to, "on": "next_term.marks_due", "final": False}},
    )


class Box:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.letters: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.letters.append(envelope.content.decode())
        return "250 OK"


class Winter:
    """One student with 12 credits of B, and a fifth course of 3 credits that is incomplete (a midterm of
    100, the final missing). The next term's marks are due on 2026-03-31."""

    def __init__(self, api: Api, university: University, policy: dict[str, Any], midterm: int = 71) -> None:
        self.api, self.university = api, university
        scene = self.scene = university.stand(students=1, policy=policy)
        university.run(
            "UPDATE term SET start_date = '2025-09-01', end_date = '2025-12-31' WHERE id = %(id)s",
            id=scene["term"],
        )
        self.next = university.term(
            "Spring 2026",
            kind="spring",
            start_date="2026-01-15",
            end_date="2026-06-01",
            marks_due="2026-03-31",
        )
        (registration,) = scene["registrations"]
        for number in range(4):
            section = self._section(f"B-{number}")
            assessment = university.assessment(section)
            university.score(university.enrollment(registration, section), assessment, 70)
            approve(api, section)
            publish(api, section)
        self.section = self._section("INC-1")
        self.assessment = university.assessment(self.section, "Midterm", "midterm", 50, 100)
        self.final = university.assessment(self.section, "Final", "final", 50, 100)
        self.enrollment = university.enrollment(registration, self.section)
        university.score(self.enrollment, self.assessment, midterm)

    def _section(self, code: str) -> int:
        course = self.university.course(self.scene["department"], code)
        return self.university.section(course, self.scene["term"], "A", 10, (self.scene["faculty"],))

    def grant(self, by: str = "faculty", **more: Any) -> Reply:
        body = {"reason": "ill on the day", **more}
        return self.api.as_(by).post(f"/api/enrollments/{self.enrollment}/incomplete/", body)

    def publish(self) -> int:
        approve(self.api, self.section)
        publish(self.api, self.section)
        ((id),) = [row["id"] for row in results(self.api, self.section)]
        return int(id)

    def night(self) -> Any:
        """The nightly job, as a worker runs it."""
        return FUNCTIONS[LAPSE](JobRun(1, LAPSE, {}, SYSTEM_CALLER, self.api.database, self.api.data))

    def cgpa(self) -> str | None:
        (student,) = self.scene["students"]
        found: str | None = self.api.as_("registrar").get(f"/api/students/{student}/").json["cgpa"]
        return found

    def line(self) -> dict[str, Any]:
        (row,) = self.api.as_("examcell").get("/api/incompletes/").json["results"]
        return dict(row)


def test_g27_an_incomplete_lapses_by_the_rule_after_its_day(
    api: Api, university: University, calendar: Calendar
) -> None:
    winter = Winter(api, university, incomplete_policy())
    granted = winter.grant()
    assert (granted.status, granted.json["due_on"]) == (200, None)
    one = winter.publish()
    row = result(api, one)
    assert (row["grade"], row["outcome"], winter.cgpa()) == ("I", "incomplete", "3.00")
    assert (winter.line()["due_on"], winter.line()["lapses_to"]) == ("2026-03-31", "F")

    calendar.go_to("2026-03-16")
    assert winter.night() == {"dated": 0, "noticed": 0, "lapsed": 0}
    calendar.go_to("2026-03-17")
    assert winter.night() == {"dated": 0, "noticed": 1, "lapsed": 0}
    assert (winter.line()["state"], winter.line()["noticed_on"]) == ("noticed", "2026-03-17")
    mails = api.as_("admin").get(f"/api/jobs/?kind={MAIL}").json["results"]
    assert len(mails) == 1

    calendar.go_to("2026-03-31", hour=18)  # 23:00 at the campus
    assert winter.night()["lapsed"] == 0
    assert winter.cgpa() == "3.00"
    calendar.go_to("2026-03-31", hour=20)  # already the first of April there
    assert winter.night()["lapsed"] == 1
    row = result(api, one)
    assert (row["grade"], row["grade_shown"], row["outcome"]) == ("F", "F(I)", "fail")
    assert (winter.cgpa(), winter.line()["state"]) == ("2.40", "lapsed")
    notified = api.as_("examcell").get("/api/notifications-of-result/").json["results"][0]
    assert (notified["kind"], notified["published_by"]) == ("later", {"id": None, "name": "system"})
    entries = api.as_("registrar").get(f"/api/audit/?entity=result&entity_id={one}").json["results"]
    assert entries[0]["actor"]["name"] == "the rule"
    (change,) = api.as_("examcell").get(f"/api/pending-changes/?result_id={one}").json["results"]
    assert (change["requested_by"], change["approvals"], change["status"]) == (
        {"id": None, "name": "system"},
        [],
        "approved",
    )
    assert winter.night()["lapsed"] == 0


def test_g27_completed_on_the_last_day_it_does_not_lapse(
    api: Api, university: University, calendar: Calendar
) -> None:
    winter = Winter(api, university, incomplete_policy())
    winter.grant()
    one = winter.publish()
    calendar.go_to("2026-03-17")
    winter.night()
    calendar.go_to("2026-03-31")
    cell = {"assessment_id": winter.final, "mark": "scored", "score": "71"}
    case = opened(api, kind="incomplete_completion", changes=[{"result_id": one, "scores": [cell]}])
    calendar.go_to("2026-04-03")  # the approvals take their time: it was asked for on the day
    assert winter.night()["lapsed"] == 0
    carry(api, case["id"])
    row = result(api, one)
    assert (row["total"], row["grade"], winter.cgpa()) == ("71", "B", "3.00")
    assert winter.line()["state"] == "completed"
    calendar.go_to("2026-04-20")
    assert winter.night()["lapsed"] == 0


def test_a_completion_that_is_rejected_lapses_the_next_night(
    api: Api, university: University, calendar: Calendar
) -> None:
    winter = Winter(api, university, incomplete_policy())
    winter.grant()
    one = winter.publish()
    calendar.go_to("2026-03-17")
    winter.night()
    case = opened(api, kind="incomplete_completion", changes=[{"result_id": one, "new_grade": "A"}])
    calendar.go_to("2026-04-01")
    assert winter.night()["lapsed"] == 0
    decide(api, case["id"], "head", approved=False, reason="the work never came")
    assert winter.night()["lapsed"] == 1


@pytest.mark.parametrize(
    ("lapses_to", "midterm", "grade", "cgpa"),
    [("provisional", 100, "D", "2.60"), ("W", 71, "W", "3.00"), (None, 71, "I", "3.00")],
)
def test_g27_what_it_lapses_to_is_the_regulations(
    api: Api,
    university: University,
    calendar: Calendar,
    lapses_to: str | None,
    midterm: int,
    grade: str,
    cgpa: str,
) -> None:
    winter = Winter(api, university, incomplete_policy(lapses_to), midterm)
    winter.grant()
    one = winter.publish()
    for day in ("2026-03-17", "2026-04-01"):
        calendar.go_to(day)
        winter.night()
    assert (result(api, one)["grade"], winter.cgpa()) == (grade, cgpa)


def test_a_late_notice_puts_the_lapse_off(api: Api, university: University, calendar: Calendar) -> None:
    winter = Winter(api, university, incomplete_policy())
    winter.grant(due_on="2026-01-20")
    winter.publish()
    calendar.go_to("2026-01-25")  # the server was away in January
    assert winter.night() == {"dated": 0, "noticed": 1, "lapsed": 0}
    calendar.go_to("2026-02-07")
    assert winter.night()["lapsed"] == 0
    calendar.go_to("2026-02-08")
    assert winter.night()["lapsed"] == 1


def test_without_a_next_term_the_day_is_set_once_there_is_one(
    api: Api, university: University, calendar: Calendar
) -> None:
    winter = Winter(api, university, incomplete_policy())
    university.run("DELETE FROM term WHERE id = %(id)s", id=winter.next)
    winter.grant()
    winter.publish()
    assert winter.line()["due_on"] is None
    assert winter.night()["dated"] == 0
    university.term(
        "Spring 2026", kind="spring", start_date="2026-01-15", end_date="2026-06-01", marks_due="2026-03-31"
    )
    assert winter.night()["dated"] == 1
    assert winter.line()["due_on"] == "2026-03-31"


def test_who_lets_work_come_later_and_until_when(
    api: Api, university: University, calendar: Calendar
) -> None:
    winter = Winter(api, university, incomplete_policy())
    path = f"/api/enrollments/{winter.enrollment}/incomplete/"
    assert winter.grant("stranger").status == 404
    assert winter.grant("head").status == 403
    past = winter.grant(due_on="2025-12-20")
    assert (past.status, past.json["errors"][0]["pointer"]) == (400, "/due_on")
    assert api.as_("faculty").get(path).status == 404
    assert winter.grant(due_on="2026-02-01").status == 200
    assert api.as_("faculty").delete(path).status == 204
    assert api.as_("faculty").delete(path).status == 404
    approve(api, winter.section)
    late = winter.grant()
    assert (late.status, late.code) == (409, "cases.incomplete_too_late")
    blocked = api.as_("examcell").post("/api/results/publish/", {"section_id": winter.section})
    assert blocked.code == "results.scores_missing"
    assert winter.grant("examcell").status == 200
    publish(api, winter.section)
    for who in ("faculty", "examcell"):
        assert winter.grant(who).code == "cases.incomplete_too_late"
    assert api.as_("student").get("/api/incompletes/").json["results"][0]["state"] == "open"


def test_the_student_is_told_by_mail(api: Api, university: University, calendar: Calendar) -> None:
    winter = Winter(api, university, incomplete_policy())
    university.run("UPDATE student SET email = 'one@example.edu'")
    winter.grant()
    winter.publish()
    calendar.go_to("2026-03-17")
    winter.night()
    box = Box()
    with socket.create_server(("127.0.0.1", 0)) as free:  # the controller cannot tell which port 0 became
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        university.setting("mail.host", "127.0.0.1")
        university.setting("mail.port", port)
        run = JobRun(2, MAIL, {"lapse_id": winter.line()["id"]}, SYSTEM_CALLER, api.database, api.data)
        assert FUNCTIONS[MAIL](run) == {"mailed": True}
    finally:
        controller.stop()
    (letter,) = box.letters
    assert "INC-1" in letter
    assert "2026-03-31" in letter


def test_a_lapse_is_lawful_once_after_its_day_and_as_it_was_declared(
    api: Api, university: University, calendar: Calendar, database_url: TestDatabase
) -> None:
    winter = Winter(api, university, incomplete_policy())
    winter.grant()
    one = winter.publish()
    lapse = winter.line()["id"]

    def attack(*statements: str) -> str | None:
        try:
            with server_connection(database_url.app_url) as connection:
                for statement in statements:
                    connection.execute(statement, {"result": one, "lapse": lapse})
        except psycopg.Error as error:
            return error.diag.constraint_name or error.sqlstate
        return None

    values = '{"outcome": "fail", "grade_points": "0.00", "marks_obtained": null, "flags": ["F(I)"]}'
    ask = (
        "INSERT INTO pending_change (result_id, old_grade, new_grade, new_values, base_version, by_marks, "
        f"reason, lapse_id) SELECT id, grade, 'F', '{values}', version, false, 'now', %(lapse)s FROM result "
        "WHERE id = %(result)s"
    )
    sign = "UPDATE pending_change SET status = 'approved', resolved_at = now() WHERE lapse_id = %(lapse)s"
    assert attack(ask, sign) == "ck_pending_change_lapses_as_declared"
    assert attack(ask) == "ck_pending_change_lapses_at_once"
    assert attack(ask.replace(", lapse_id)", ")").replace(", %(lapse)s", "")) == (
        "ck_pending_change_asked_for_or_lapsed"
    )
    earlier = "UPDATE result_lapse SET due_on = '2025-12-21' WHERE id = %(lapse)s"
    assert attack(earlier) == "ck_result_lapse_stands"
    backdated = "UPDATE result_lapse SET noticed_on = '2025-12-01' WHERE id = %(lapse)s"
    assert attack(backdated) == "ck_result_lapse_stands"
    done = "UPDATE result_lapse SET ended = 'completed', ended_at = now() WHERE id = %(lapse)s"
    assert attack(done) == "ck_result_lapse_stands"
    another = "INSERT INTO result_lapse (result_id, grade, outcome) VALUES (%(result)s, 'F', 'fail')"
    assert attack(another) == "ck_result_lapse_is_declared_beforehand"
    for day in ("2026-03-17", "2026-04-01"):
        calendar.go_to(day)
        if day == "2026-03-17":
            winter.night()
    better = ask.replace("'F',", "'A',").replace('"0.00"', '"4.00"').replace('"fail"', '"pass"')
    assert attack(better, sign) == "ck_pending_change_lapses_as_declared"
    richer = ask.replace('"flags"', '"percentage": "99", "flags"')
    assert attack(richer, sign) == "ck_pending_change_lapses_as_declared"
    assert winter.night()["lapsed"] == 1
    assert attack(ask) is not None


def extend(winter: Winter, due_on: str, by: str = "examcell", **more: Any) -> Reply:
    body = {"due_on": due_on, "reason": "The laboratory was shut", "authority": "Dean 12/4", **more}
    return winter.api.as_(by).post(f"/api/incompletes/{winter.line()['id']}/extend/", body)


def test_an_extended_incomplete_does_not_lapse_on_the_old_day_and_is_told_anew(
    api: Api, university: University, calendar: Calendar
) -> None:
    winter = Winter(api, university, incomplete_policy())
    winter.grant()
    one = winter.publish()
    calendar.go_to("2026-03-17")
    assert winter.night()["noticed"] == 1
    extended = extend(winter, "2026-05-15")
    assert (extended.status, extended.json["due_on"], extended.json["state"]) == (200, "2026-05-15", "open")
    (kept,) = winter.line()["extensions"]
    assert (kept["from_due"], kept["due_on"], kept["authority"]) == ("2026-03-31", "2026-05-15", "Dean 12/4")
    assert kept["extended_by"]["name"] == "Examcell"
    (seen,) = api.as_("student").get("/api/incompletes/").json["results"]
    assert (seen["due_on"], seen["extensions"][0]["reason"]) == ("2026-05-15", "The laboratory was shut")

    calendar.go_to("2026-04-01")
    assert winter.night() == {"dated": 0, "noticed": 0, "lapsed": 0}
    assert result(api, one)["grade"] == "I"
    calendar.go_to("2026-05-01")
    assert winter.night()["noticed"] == 1
    calendar.go_to("2026-05-16")
    assert winter.night()["lapsed"] == 1
    assert result(api, one)["grade"] == "F"
    late = extend(winter, "2026-09-01")
    assert (late.status, late.code) == (409, "cases.incomplete_ended")


def test_who_may_extend_an_incomplete_and_only_to_a_later_day(
    api: Api, university: University, calendar: Calendar, database_url: TestDatabase
) -> None:
    winter = Winter(api, university, incomplete_policy())
    winter.grant()
    winter.publish()
    asked = {who: extend(winter, "2026-05-15", by=who).status for who in ("faculty", "head", "student")}
    assert asked == {"faculty": 403, "head": 403, "student": 403}
    for day in ("2026-03-31", "2025-12-01"):
        earlier = extend(winter, day)
        assert (earlier.status, earlier.json["errors"][0]["pointer"]) == (400, "/due_on")
    assert extend(winter, "2026-05-15", reason=" ").status == 400
    assert extend(winter, "2026-05-15", by="registrar").status == 200
    # The application's role moves no day without saying why.
    with server_connection(database_url.app_url) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute("UPDATE result_lapse SET due_on = '2027-01-01'")
