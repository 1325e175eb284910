"""Dropping, withdrawing, being barred and coming back: by which day, by whom, and what is reported."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sims_server.kernel import clock
from tests.support.api import Api, Client, Reply
from tests.support.database import server_connection
from tests.support.university import University

Scene = dict[str, Any]
BECAUSE = {"reason": "asked for it"}


@pytest.fixture
def scene(university: University) -> Scene:
    return university.stand(students=3)


def leave(client: Client, scene: Scene, how: str, row: int = 0, **more: Any) -> Reply:
    return client.post(f"/api/enrollments/{scene['enrollments'][row]}/{how}/", {**BECAUSE, **more})


def last_days(university: University, **days: int) -> None:
    """Each date of the term, as so many days from the campus day."""
    today = clock.today("Asia/Karachi")
    for name, ahead in days.items():
        university.run(f"UPDATE term SET {name} = %(day)s", day=today + timedelta(days=ahead))


@pytest.mark.parametrize("who", ["registrar", "head", "dean", "office"])
@pytest.mark.parametrize(("how", "until"), [("drop", "drop_until"), ("withdraw", "withdraw_until")])
def test_the_last_day_is_the_last_day_for_everybody(
    api: Api, scene: Scene, university: University, who: str, how: str, until: str
) -> None:
    client = api.as_(who)
    last_days(university, **{until: -1})
    late = leave(client, scene, how)
    assert (late.status, late.code) == (409, f"enrollment.{how}_closed")
    last_days(university, **{until: 0})
    assert leave(client, scene, how).status == 200


def test_after_its_last_day_the_registrar_alone_lets_somebody_leave_and_it_is_reported(
    api: Api, scene: Scene, university: University
) -> None:
    last_days(university, drop_until=-1, withdraw_until=-1)
    registrar = api.as_("registrar")
    aside: dict[str, Any] = {"override": {"code": "drop_closed", "reason": "ill since September"}}
    assert leave(api.as_("head"), scene, "drop", **aside).status == 403
    wrong: dict[str, Any] = {"override": {"code": "held", "reason": "no"}}
    assert leave(registrar, scene, "drop", **wrong).code == "enrollment.drop_closed"
    assert leave(registrar, scene, "drop", **aside).json["status"] == "dropped"
    other: dict[str, Any] = {"override": {"code": "enrollment.withdraw_closed", "reason": "order R/12"}}
    assert leave(registrar, scene, "withdraw", 1, **other).json["status"] == "withdrawn"
    rows = registrar.get("/api/enrollments/overrides/").json["results"]
    assert [(row["code"], row["reason"], row["by"]["name"]) for row in rows] == [
        ("enrollment.withdraw_closed", "order R/12", "Registrar"),
        ("enrollment.drop_closed", "ill since September", "Registrar"),
    ]
    assert rows[1]["student_name"] == "Student Number 1"
    assert "A withdrawal (W) is what remains." in rows[1]["detail"]


def test_a_drop_frees_the_seat_a_withdrawal_and_a_bar_keep_it(
    api: Api, scene: Scene, university: University
) -> None:
    registrar = api.as_("registrar")
    seats = f"/api/sections/{scene['section']}/"
    for row, (how, taken) in enumerate((("drop", 2), ("withdraw", 2), ("bar", 2))):
        assert leave(registrar, scene, how, row).status == 200
        assert registrar.get(seats).json["seats_taken"] == taken
    found = registrar.get(f"/api/enrollments/?section_id={scene['section']}").json["results"]
    assert [row["status"] for row in found] == ["dropped", "withdrawn", "barred"]
    assert all(row["ended_at"] and row["end_reason"] == "asked for it" for row in found)


def test_a_bar_and_coming_back_are_the_registrars_orders(api: Api, scene: Scene) -> None:
    registrar = api.as_("registrar")
    for who in ("head", "office", "examcell", "faculty", "student"):
        client = api.as_(who)
        assert (leave(client, scene, "bar").status, leave(client, scene, "reinstate").status) == (403, 403)
    assert leave(registrar, scene, "reinstate").code == "enrollment.wrong_state"
    leave(registrar, scene, "bar")
    leave(registrar, scene, "withdraw", 1)
    leave(registrar, scene, "drop", 2)
    assert leave(registrar, scene, "withdraw").code == "enrollment.wrong_state"
    for row, code in ((0, "enrollment.barred"), (1, "enrollment.withdrawn")):
        back = leave(registrar, scene, "reinstate", row)
        assert (back.status, back.json["status"], back.json["ended_at"]) == (200, "enrolled", None)
        (report,) = registrar.get(f"/api/enrollments/overrides/?code={code}").json["results"]
        assert "asked for it" in report["detail"]
    assert leave(registrar, scene, "reinstate", 2).code == "enrollment.wrong_state"
    assert registrar.post("/api/enrollments/99999/reinstate/", BECAUSE).status == 404


def test_nobody_comes_back_into_a_sheet_that_was_handed_in(
    api: Api, scene: Scene, university: University
) -> None:
    registrar = api.as_("registrar")
    leave(registrar, scene, "withdraw")
    university.run(
        "UPDATE sheet SET state = 'submitted', submitted_by = %(who)s, submitted_at = now()",
        who=scene["faculty"],
    )
    for how, row in (("reinstate", 0), ("bar", 1)):
        assert leave(registrar, scene, how, row).code == "enrollment.sheet_closed"


def test_an_office_enrolls_and_drops_in_its_own_department_only(
    api: Api, scene: Scene, university: University
) -> None:
    other = university.course(university.department("EE"), "EE-101")
    foreign = university.section(other, scene["term"])
    newcomer = university.student("Newcomer")
    university.registration(newcomer, scene["program"], scene["regulation"])
    for who in ("office", "head"):
        client = api.as_(who)
        enroll = f"/api/sections/{scene['section']}/enroll/"
        made = client.post(enroll, {"student_id": newcomer})
        assert made.status == 201, who
        assert client.post(f"/api/sections/{foreign}/enroll/", {"student_id": newcomer}).status == 404
        assert client.post(f"/api/enrollments/{made.json['id']}/drop/", BECAUSE).status == 200
        aside: dict[str, Any] = {"override": {"code": "held", "reason": "no"}}
        assert client.post(enroll, {"student_id": newcomer, **aside}).status == 403


def test_the_report_of_overrides_keeps_each_and_is_filtered(
    api: Api, scene: Scene, university: University
) -> None:
    """Enrolling again replaces the row's own override; the report keeps both."""
    registrar = api.as_("registrar")
    newcomer = university.student("Newcomer")
    university.registration(newcomer, scene["program"], scene["regulation"])
    last_days(university, enroll_until=-1)
    enroll = f"/api/sections/{scene['section']}/enroll/"
    for reason in ("late visa", "came back"):
        aside: dict[str, Any] = {"override": {"code": "term_closed", "reason": reason}}
        made = registrar.post(enroll, {"student_id": newcomer, **aside})
        assert made.status == 201
        registrar.post(f"/api/enrollments/{made.json['id']}/drop/", BECAUSE)
    today = clock.today("Asia/Karachi")

    def reasons(query: str, who: str = "registrar") -> list[str]:
        page = api.as_(who).get(f"/api/enrollments/overrides/?{query}").json
        return [row["reason"] for row in page["results"]]

    both = ["came back", "late visa"]
    for query in (
        f"student_id={newcomer}",
        f"by={scene['registrar']}",
        "code=enrollment.term_closed",
        f"section_id={scene['section']}&term_id={scene['term']}&program_id={scene['program']}",
        f"from={today}&to={today}",
    ):
        assert reasons(query) == both, query
    for query in (f"to={today - timedelta(days=1)}", "code=enrollment.held", f"by={scene['head']}"):
        assert reasons(query) == [], query
    assert reasons("search=visa") == ["late visa"]
    assert reasons("ordering=id") == both[::-1]
    for who in ("examcell", "auditor", "admin"):
        assert reasons("", who) == both
    for who in ("head", "dean", "office", "faculty", "accounts", "counter", "student"):
        assert api.as_(who).get("/api/enrollments/overrides/").status == 403


def test_an_override_is_kept_whoever_writes_it_and_never_without_a_reason(
    scene: Scene, database_url: Any
) -> None:
    import psycopg

    enrollment = scene["enrollments"][0]
    with server_connection(database_url.app_url, autocommit=True) as connection:
        given = """{"code": "enrollment.held", "reason": "by hand"}"""
        connection.execute("UPDATE enrollment SET override = %s WHERE id = %s", [given, enrollment])
        kept = connection.execute("SELECT code, reason, by_account_id FROM enrollment_override").fetchall()
        assert kept == [("enrollment.held", "by hand", None)]
        for statement in (
            """UPDATE enrollment SET override = '{"code": "enrollment.held", "reason": " "}'""",
            """UPDATE enrollment SET override = '{"reason": "because"}'""",
            "INSERT INTO enrollment_override (enrollment_id, code, reason) VALUES (1, 'x', 'y')",
            "UPDATE enrollment_override SET reason = 'better'",
            "DELETE FROM enrollment_override",
        ):
            with pytest.raises(psycopg.Error) as error:
                connection.execute(statement)
            assert error.value.sqlstate in {"23514", "42501"}, statement
