"""Acts on a student's page, over the real application, without a screen."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from sims_desktop.client.errors import Offline, ProblemAnswer
from sims_desktop.client.student_acts import StudentActCalls
from sims_desktop.client.students import StudentCalls
from sims_desktop.students.acts.meanwhile import changed_words, what_changed
from sims_desktop.students.acts.orders import OrderPresenter
from sims_desktop.students.acts.person import PersonPresenter, is_stale
from sims_desktop.students.acts.seats import BAR, DROP, REINSTATE, WITHDRAW, SeatPresenter
from sims_desktop.students.acts.wishes import Rights, no_in_words
from sims_server.kernel import clock
from sims_server.transcripts.operations.keys import manage_keys
from sims_shared.record import RecordView
from tests.server.cases.scene import published
from tests.support.api import Api
from tests.support.signed_in import SignIn
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    """The usual one; CS-200 has one seat, taken; CS-300 needs CS-101, and may be taken otherwise."""
    scene = university.stand(students=2)
    full = university.section(
        university.course(scene["department"], "CS-200"), scene["term"], "A", 1, (scene["faculty"],)
    )
    university.enrollment(scene["registrations"][1], full)
    needing = university.course(scene["department"], "CS-300")
    university.run(
        "INSERT INTO course_prerequisite (course_id, prerequisite_id) VALUES (%(course)s, %(first)s)",
        course=needing,
        first=scene["course"],
    )
    free = university.section(needing, scene["term"], "B", 40)
    old = university.term("Spring 2020", status="closed", start_date="2020-02-01", end_date="2020-06-30")
    university.section(needing, old)
    return {**scene, "full": full, "free": free}


def read(sign_in: SignIn, username: str, student_id: int) -> tuple[StudentActCalls, Rights, RecordView]:
    client, user = sign_in(username)
    rights = Rights.of(user.permissions)
    return StudentActCalls(client), rights, StudentCalls(client).read_record(student_id)


def seats_of(sign_in: SignIn, username: str, student_id: int) -> SeatPresenter:
    calls, rights, record = read(sign_in, username, student_id)
    return SeatPresenter(calls, rights, record)


def refusal(work: Any, *given: Any) -> ProblemAnswer:
    with pytest.raises(ProblemAnswer) as caught:
        work(*given)
    return caught.value


def test_who_may_act_is_offered_what_they_may_and_no_more(sign_in: SignIn, scene: dict[str, Any]) -> None:
    for username, may in (
        ("registrar", (True, True, True, True)),
        ("head", (True, False, False, False)),
        ("office", (True, False, False, False)),
        ("accounts", (False, False, False, True)),
        ("faculty", (False,) * 4),
        ("examcell", (False,) * 4),
        ("student", (False,) * 4),
    ):
        rights = Rights.of(sign_in(username)[1].permissions)
        assert (rights.enroll, rights.override, rights.manage, rights.place_holds) == may, username
    assert seats_of(sign_in, "head", scene["students"][0]).verbs() == [DROP, WITHDRAW]
    assert seats_of(sign_in, "registrar", scene["students"][0]).verbs() == [DROP, WITHDRAW, BAR, REINSTATE]


def test_sections_of_open_terms_are_found_with_seats_and_teacher(
    sign_in: SignIn, scene: dict[str, Any]
) -> None:
    seats = seats_of(sign_in, "head", scene["students"][0])
    (full,) = seats.find("cs-200")
    assert (full.seats, full.teachers, full.is_full) == ("1 of 1", "Faculty", True)
    assert full.when.startswith("Fall 2026")
    assert [one.term.name for one in seats.find("CS-300")] == ["Fall 2026"]
    assert seats.find("no such course") == []


def test_every_no_is_said_with_its_fact_and_one_rule_is_set_aside(
    api: Api, university: University, sign_in: SignIn, scene: dict[str, Any]
) -> None:
    student = scene["students"][0]
    seats = seats_of(sign_in, "registrar", student)
    (full,), (needing,), (here,) = seats.find("CS-200"), seats.find("CS-300"), seats.find("CS-101")
    no = seats.why_not_seat(refusal(seats.enroll, full, None, ""))
    assert (no.words.split(".")[0], no.override) == ("Section is full: 1 of 1", ""), "nobody sets it aside"
    no = seats.why_not_seat(refusal(seats.enroll, here, None, ""))
    assert "enrolled in this section" in no.words
    no = seats.why_not_seat(refusal(seats.enroll, needing, None, ""))
    assert (no.words, no.override) == ("Not passed yet: CS-101.", "enrollment.prerequisite_missing")
    head = seats_of(sign_in, "head", student)
    assert head.why_not_seat(refusal(head.enroll, needing, None, "")).override == "", "the registrar alone"
    hold = {"student_id": student, "kind": "fee", "reason": "Dues", "blocks": ["enrollment"]}
    assert api.as_("registrar").post("/api/holds/", hold).status == 201
    no = seats.why_not_seat(
        refusal(seats.enroll, needing, None, "", no.override, "Transfer"), "enrollment.prerequisite_missing"
    )
    assert no.words.startswith("Fee hold: Dues; see Accounts office.")
    assert no.words.endswith("Only one rule can be set aside at a time.")
    university.run("UPDATE hold SET lifted_at = now(), lifted_by = %(id)s", id=scene["registrar"])
    said = seats.enroll(needing, None, "audit", "enrollment.prerequisite_missing", "Transfer")
    assert "CS-300" in said
    assert said.endswith("B, Fall 2026, audit, attempt 1.")
    overrides = api.as_("registrar").get("/api/enrollments/overrides/").json["results"]
    assert [(one["code"], one["reason"]) for one in overrides] == [
        ("enrollment.prerequisite_missing", "Transfer")
    ]


def test_a_drop_is_taken_back_and_after_its_day_a_withdrawal_remains(
    university: University, sign_in: SignIn, scene: dict[str, Any]
) -> None:
    student = scene["students"][0]
    seats = seats_of(sign_in, "registrar", student)
    assert seats.record is not None
    (line,) = seats.record.enrollments or []
    for _ in range(2):  # the same wish twice is two wishes, once the first was done
        assert "Ctrl+Z takes it back" in seats.end(DROP, line, "Moves away")
        assert seats.dropped is line
        assert "is enrolled again" in seats.take_back()
        assert seats.dropped is None
    university.run("UPDATE term SET drop_until = '2026-09-10', withdraw_until = '2026-09-20'")
    head = seats_of(sign_in, "head", student)
    no = head.why_not_end(refusal(head.end, DROP, line, "Moves away"))
    assert (no.may_withdraw, no.override) == (True, "")
    assert "A withdrawal (W) is what remains" in no.words
    no = seats.why_not_end(refusal(seats.end, WITHDRAW, line, "Moves away"))
    assert (no.may_withdraw, no.override) == (False, "enrollment.withdraw_closed")
    assert "a W on the transcript" in seats.end(WITHDRAW, line, "Moves away", no.override)
    assert "is withdrawn" in no_in_words(refusal(head.end, WITHDRAW, line, "Once more"))
    assert "Reinstated" in seats.end(REINSTATE, line, "Order R/9")
    assert seats.why_not_at_all(REINSTATE, line).endswith("is enrolled.")


def test_an_order_says_what_follows_and_then_does_it(
    university: University, sign_in: SignIn, scene: dict[str, Any]
) -> None:
    calls, _, record = read(sign_in, "registrar", scene["students"][0])
    orders = OrderPresenter(calls, record)
    registration, today = scene["registrations"][0], clock.today("Asia/Karachi")
    assert orders.check(registration, "", today, "", "") is None
    assert [fault.pointer for fault in orders.faults] == ["/status", "/order_no"]
    order = orders.check(registration, "graduated", today, "", "All done")
    assert order is not None
    assert "credits" in orders.refused(refusal(orders.foresee, order))
    later = orders.check(registration, "on_leave", today + timedelta(days=5), "R/1", "")
    assert later is not None
    foreseen = orders.foresee(later)
    assert not orders.offers_ending(later, foreseen), "nothing ends before its day"
    first, second = orders.consequences(later, foreseen, True)
    assert "stays active until" in first
    assert second.startswith("Running on: 1 enrollment, ")
    order = orders.check(registration, "on_leave", today, "R/1", "Illness")
    assert order is not None
    foreseen = orders.foresee(order)
    assert orders.offers_ending(order, foreseen)
    lines = orders.consequences(order, foreseen, True)
    assert lines[1].startswith("With it, 1 enrollment will become W: ")
    assert lines[2] == "No seat may be taken until another order."
    assert orders.give(order, foreseen, True).endswith("1 enrollment became W.")
    after = read(sign_in, "registrar", scene["students"][0])[2]
    assert [one.status for one in after.enrollments or ()] == ["withdrawn"]
    assert len(what_changed(record, after)) == 2
    assert changed_words(record, after).startswith("Meanwhile: ")
    assert changed_words(after, after) == ""
    (past,) = orders.read_past(registration)
    assert past.startswith(f"From {today.isoformat()}: on leave · ")
    assert past.endswith("Illness · Registrar")


def test_another_person_s_change_is_met_field_by_field(
    api: Api, university: University, sign_in: SignIn, data: Path
) -> None:
    manage_keys(api.database, data, "make")
    scene, _ = published(api, university)
    student = scene["students"][0]
    issue = {"student_id": student, "document": "transcript", "purpose": "visa", "copies": 1}
    issued = api.as_("counter").post("/api/transcripts/issue/", issue)
    assert issued.status == 201, issued.content
    calls, _, record = read(sign_in, "registrar", student)
    person = PersonPresenter(calls, record)
    person.take(person.load())
    typed = {name: person.text(name) for name in person.fields}
    typed |= {"name": "Student Number One", "phone": "0300-1", "date_of_birth": "30 August"}
    assert not person.check(typed)
    assert [fault.pointer for fault in person.faults] == ["/date_of_birth"]
    typed["date_of_birth"] = "2004-08-30"
    assert person.check(typed)
    assert issued.json["serial"] in person.name_words(typed)
    theirs = {"phone": "0300-2", "email": "one@example.edu"}
    assert api.as_("registrar").patch(f"/api/students/{student}/", theirs).status == 200
    assert is_stale(refusal(person.save, typed))
    before = person.base
    assert before is not None
    merged = person.meet(person.load(), typed)
    assert (merged["phone"], merged["email"], merged["name"]) == ("0300-1", "one@example.edu", typed["name"])
    assert [fault.pointer for fault in person.faults] == ["/phone"]
    assert "0300-2" in person.faults[0].detail
    assert "E-mail and Phone" in person.meeting_words(before)
    saved, _ = person.save(merged)
    assert (saved.name, saved.phone, saved.email) == ("Student Number 1", "0300-1", "one@example.edu")
    assert saved.date_of_birth == date(2004, 8, 30)
    # The name waits for another person, and not without its proof.
    assert person.read_proof("", "") is None
    assert [fault.pointer for fault in person.faults][-2:] == ["/reason", "/evidence"]
    person.faults = []
    assert person.read_proof("certificate", str(data / "nowhere.pdf")) is None
    person.faults = []
    paper = data / "matric.pdf"
    paper.write_bytes(b"%PDF-1.4 matriculation certificate")
    proof = person.read_proof("certificate", str(paper))
    assert proof is not None
    asked = person.ask_for_name(merged, "certificate", proof)
    assert [one.serial for one in asked.documents] == [issued.json["serial"]]
    assert (asked.from_name, asked.name, asked.status) == (
        "Student Number 1",
        "Student Number One",
        "pending",
    )


def test_a_server_that_is_away_is_said_and_a_wish_keeps_its_key(scene: dict[str, Any]) -> None:
    assert no_in_words(Offline("The server cannot be reached")).endswith("it counts only once.")
    with pytest.raises(ValueError, match="a bug"):
        no_in_words(ValueError("a bug"))
