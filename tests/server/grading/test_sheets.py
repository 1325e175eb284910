"""Sheets: read whole and in changes, handed in, approved, returned."""

from __future__ import annotations

from typing import Any

import pytest

from sims_server.grading.operations import close_sheet_approved
from sims_server.kernel.actor import Caller
from sims_server.kernel.execute import execute_as_system
from sims_shared.grading import OwnSheet, SheetStale, SheetStateView, SheetWrongState
from tests.server.grading.pushing import CLIENT, Device
from tests.support.api import Api, Client
from tests.support.university import University

Scene = dict[str, Any]


@pytest.fixture
def scene(university: University) -> Scene:
    return university.stand(students=3)


@pytest.fixture
def lead(api: Api, scene: Scene) -> Client:
    return api.as_("faculty")


@pytest.fixture
def device(lead: Client, scene: Scene) -> Device:
    return Device(lead, scene["section"])


@pytest.fixture
def path(scene: Scene) -> str:
    return f"/api/sheets/{scene['section']}/"


def rev_of(client: Client, path: str) -> int:
    rev: int = client.get(path).json["rev"]
    return rev


# -- Reading ---------------------------------------------------------------------------------------


def test_a_sheet_is_the_roster_by_the_assessments(
    lead: Client, device: Device, scene: Scene, path: str, university: University
) -> None:
    university.run(
        "UPDATE student SET name = 'Élodie \"Ella\" O''Neil\\' WHERE id = %(id)s", id=scene["students"][0]
    )
    device.write(scene["enrollments"][0], scene["assessments"][0], 0, "scored", "12.5")
    sheet = lead.get(path).json
    assert sheet["section_id"] == scene["section"]
    assert (sheet["state"], sheet["protocol"], len(sheet["digest"])) == ("open", 1, 64)
    assert [column["id"] for column in sheet["assessments"]] == scene["assessments"]
    assert (
        sheet["assessments"] == lead.get(f"/api/assessments/?section_id={scene['section']}").json["results"]
    )
    assert [row["enrollment_id"] for row in sheet["rows"]] == scene["enrollments"]
    first = sheet["rows"][0]
    assert first["student"]["name"] == 'Élodie "Ella" O\'Neil\\'
    assert list(first["cells"]) == [str(scene["assessments"][0])]
    cell = first["cells"][str(scene["assessments"][0])]
    assert (cell["mark"], cell["score"], cell["ver"], cell["by"]["name"]) == ("scored", "12.50", 1, "Faculty")


def test_an_act_of_psql_is_the_systems(lead: Client, scene: Scene, path: str, university: University) -> None:
    university.score(scene["enrollments"][0], scene["assessments"][0], 3)
    cell = lead.get(path).json["rows"][0]["cells"][str(scene["assessments"][0])]
    assert cell["by"] == {"id": None, "name": "system"}


def test_who_dropped_is_not_on_the_sheet_and_who_withdrew_is(
    lead: Client, scene: Scene, path: str, university: University
) -> None:
    for enrollment, status in zip(scene["enrollments"], ("dropped", "withdrawn"), strict=False):
        university.run(
            "UPDATE enrollment SET status = %(s)s, ended_at = now() WHERE id = %(id)s",
            s=status,
            id=enrollment,
        )
    assert [row["status"] for row in lead.get(path).json["rows"]] == ["withdrawn", "enrolled"]


def test_each_reads_the_sheets_within_reach(api: Api, scene: Scene, path: str) -> None:
    statuses = {
        name: api.as_(name).get(path).status
        for name in ("faculty2", "head", "dean", "registrar", "examcell", "auditor", "admin")
    }
    assert set(statuses.values()) == {200}
    assert api.as_("stranger").get(path).status == 404
    assert {name: api.as_(name).get(path).status for name in ("student", "counter", "office")} == {
        "student": 403,
        "counter": 403,
        "office": 200,
    }


def test_the_list_shows_the_callers_sheets_of_open_terms(
    api: Api, lead: Client, device: Device, scene: Scene, university: University
) -> None:
    old = university.term("Spring 2020", status="closed")
    closed = university.section(scene["course"], old, staff=[scene["faculty"]])
    device.write(scene["enrollments"][0], scene["assessments"][0], 0, "absent")
    listed = lead.get("/api/sheets/").json["results"]
    assert [row["section_id"] for row in listed] == [scene["section"]]
    assert (listed[0]["filled"], listed[0]["total"]) == (1, 9)
    assert [row["section_id"] for row in lead.get(f"/api/sheets/?term_id={old}").json["results"]] == [closed]
    assert api.as_("stranger").get("/api/sheets/").json["results"] == []
    paged = lead.get("/api/sheets/?page_size=1&state=open&count=true").json
    assert (paged["count"], paged["next"]) == (1, None)


def test_changes_tell_cells_columns_and_roster_since_a_revision(
    lead: Client, device: Device, scene: Scene, path: str, university: University
) -> None:
    rev = rev_of(lead, path)
    assert "roster" not in lead.get(f"{path}changes/?since={rev}").json
    device.write(scene["enrollments"][0], scene["assessments"][0], 0, "scored", "1")
    device.write(scene["enrollments"][0], scene["assessments"][0], 1, "scored", "2")
    cells = lead.get(f"{path}changes/?since={rev}").json
    assert [(c["enrollment_id"], c["ver"], c["score"]) for c in cells["cells"]] == [
        (scene["enrollments"][0], 2, "2.00")
    ]
    assert "assessments" not in cells
    assert "roster" not in cells
    university.run("DELETE FROM assessment WHERE id = %(id)s", id=scene["assessments"][2])
    university.run(
        "UPDATE enrollment SET status = 'dropped', ended_at = now() WHERE id = %(id)s",
        id=scene["enrollments"][0],
    )
    changes = lead.get(f"{path}changes/?since={cells['rev']}").json
    assert [column["id"] for column in changes["assessments"]] == scene["assessments"][:2]
    assert changes["roster"] == {"added": [], "removed": [scene["enrollments"][0]]}
    university.run(
        "UPDATE enrollment SET status = 'enrolled', ended_at = NULL WHERE id = %(id)s",
        id=scene["enrollments"][0],
    )
    back = lead.get(f"{path}changes/?since={changes['rev']}").json
    assert back["roster"]["added"][0]["cells"][str(scene["assessments"][0])]["ver"] == 2
    assert back["digest"] == lead.get(path).json["digest"]


def test_the_last_assessment_taken_away_is_told(
    lead: Client, scene: Scene, path: str, university: University
) -> None:
    rev = rev_of(lead, path)
    university.run("DELETE FROM assessment")
    assert lead.get(f"{path}changes/?since={rev}").json["assessments"] == []


def test_a_heartbeat_shows_whose_device_holds_what(api: Api, lead: Client, path: str, scene: Scene) -> None:
    beat = f"{path}changes/?since=0&client_id={CLIENT.format(1)}&pending=4&conflicts=1"
    assert lead.get(beat).status == 200
    device = lead.get("/api/sheets/").json["results"][0]["devices"][0]
    assert (device["client_id"], device["pending"], device["conflicts"]) == (CLIENT.format(1), 4, 1)
    assert device["account"] == {"id": scene["faculty"], "name": "Faculty"}
    assert api.as_("faculty2").get(beat).code == "sync.device_of_another"
    assert lead.get(f"{path}changes/?since=x&pending=1&colour=red").status == 400


def test_a_reader_has_no_device_that_could_stand_in_the_way(
    api: Api, lead: Client, path: str, university: University
) -> None:
    """Who never taught the section holds no marks of it, whatever is said; an auditor writes nothing."""
    for number, reader in enumerate(("head", "registrar", "admin", "auditor"), 1):
        beat = f"{path}changes/?since=0&client_id={CLIENT.format(number)}&pending=9"
        assert api.as_(reader).get(beat).status == 200
    assert lead.get("/api/sheets/").json["results"][0]["devices"] == []
    assert university.row("SELECT count(*) FROM sync_device") == 0
    taken = f"{path}changes/?since=0&client_id={CLIENT.format(7)}&pending=0"
    assert lead.get(taken).status == 200
    assert api.as_("head").get(taken).code == "sync.device_of_another"
    assert lead.post(f"{path}submit/", {"rev": rev_of(lead, path)}).status == 200


# -- The way of a sheet ----------------------------------------------------------------------------


def test_the_lead_submits_and_is_told_what_is_missing(
    api: Api, lead: Client, device: Device, scene: Scene, path: str, university: University
) -> None:
    device.push(
        *[device.op(e, a, 0, "scored", "1") for e in scene["enrollments"] for a in scene["assessments"]]
    )
    device.write(scene["enrollments"][0], scene["assessments"][0], 1, None)
    university.run(
        "UPDATE enrollment SET status = 'withdrawn', ended_at = now() WHERE id = %(id)s",
        id=scene["enrollments"][1],
    )
    body = {"rev": rev_of(lead, path)}
    second = api.as_("faculty2").post(f"{path}submit/", body)
    assert (second.status, second.code) == (403, "sheets.not_lead")
    answer = lead.post(f"{path}submit/", body)
    assert (answer.status, answer.json["state"]) == (200, "submitted")
    assert [(m["reg_no"], m["assessment"]) for m in answer.json["missing"]] == [("2024-CS-0001", "Quiz")]
    assert lead.post(f"{path}submit/", body).code == "sheets.wrong_state"


def test_a_submit_of_a_sheet_that_moved_is_stale(
    lead: Client, device: Device, scene: Scene, path: str
) -> None:
    seen = rev_of(lead, path)
    device.write(scene["enrollments"][0], scene["assessments"][0], 0, "absent")
    answer = lead.post(f"{path}submit/", {"rev": seen})
    assert (answer.status, answer.code, answer.json["rev"]) == (409, "sheets.stale", seen + 1)


def test_devices_that_hold_unsynced_marks_stop_the_submit_until_acknowledged(
    api: Api, lead: Client, path: str
) -> None:
    api.as_("faculty2").get(f"{path}changes/?since=0&client_id={CLIENT.format(2)}&pending=7")
    body = {"rev": rev_of(lead, path)}
    answer = lead.post(f"{path}submit/", body)
    assert (answer.status, answer.code) == (409, "sheets.devices_unsynced")
    assert [(d["client_id"], d["pending"], d["account"]["name"]) for d in answer.json["devices"]] == [
        (CLIENT.format(2), 7, "Faculty2")
    ]
    acknowledged = lead.post(f"{path}submit/", {**body, "acknowledge": [CLIENT.format(2).upper()]})
    assert acknowledged.status == 200


def test_what_was_pushed_no_longer_stops_a_submit(
    lead: Client, device: Device, scene: Scene, path: str
) -> None:
    lead.get(f"{path}changes/?since=0&client_id={device.client_id}&pending=1")
    device.write(scene["enrollments"][0], scene["assessments"][0], 0, "absent")
    assert lead.post(f"{path}submit/", {"rev": rev_of(lead, path)}).status == 200


def test_a_recorded_conflict_never_stops_a_submit(
    api: Api, lead: Client, device: Device, scene: Scene, path: str
) -> None:
    cell = scene["enrollments"][0], scene["assessments"][0]
    device.write(*cell, 0, "absent")
    other = Device(api.as_("faculty2"), scene["section"], CLIENT.format(2))
    assert other.write(*cell, 0, "excused")["outcome"] == "conflict"
    assert lead.post(f"{path}submit/", {"rev": rev_of(lead, path)}).status == 200


def test_a_return_opens_the_sheet_with_its_reason(
    api: Api, lead: Client, device: Device, scene: Scene, path: str, university: University
) -> None:
    head = api.as_("head")
    assert head.post(f"{path}return/", {"reason": "Too early."}).code == "sheets.wrong_state"
    lead.post(f"{path}submit/", {"rev": rev_of(lead, path)})
    assert head.post(f"{path}return/", {}).status == 400
    assert head.post(f"{path}return/", {"reason": "Question 3 is missing."}).json["state"] == "open"
    assert device.write(scene["enrollments"][0], scene["assessments"][0], 0, "absent")["outcome"] == "applied"
    moves = university.rows("SELECT from_state, to_state, reason FROM sheet_version ORDER BY id")
    assert [(m["from_state"], m["to_state"]) for m in moves] == [("open", "submitted"), ("submitted", "open")]
    assert moves[1]["reason"] == "Question 3 is missing."


def test_a_head_who_teaches_the_section_cannot_return_it(
    api: Api, lead: Client, scene: Scene, path: str, university: University
) -> None:
    lead.post(f"{path}submit/", {"rev": rev_of(lead, path)})
    university.insert("section_staff", section_id=scene["section"], account_id=scene["head"], role="ta")
    answer = api.as_("head").post(f"{path}return/", {"reason": "Mine."})
    assert (answer.status, answer.code) == (403, "sheets.own")
    assert api.as_("registrar").post(f"{path}return/", {"reason": "Yours."}).status == 200


def test_only_teachers_submit(api: Api, scene: Scene, path: str) -> None:
    for role in ("registrar", "examcell", "head", "student", "admin"):
        assert api.as_(role).post(f"{path}submit/", {"rev": 0}).status == 403, role


def approve(api: Api, university: University, scene: Scene, username: str, rev: int) -> SheetStateView:
    """As the results slice does it, in a transaction of its own, by this account."""
    caller = Caller(scene[username], username, username.title())

    def carry_out(work: Any, _: None) -> SheetStateView:
        return close_sheet_approved(work, scene["section"], rev)

    return execute_as_system(
        university.database, carry_out, None, action="sheets.approve", data=api.data, actor=caller
    )


def test_an_approval_closes_the_sheet_as_it_was_seen(
    api: Api, lead: Client, scene: Scene, path: str, university: University
) -> None:
    rev = rev_of(lead, path)
    with pytest.raises(SheetWrongState):
        approve(api, university, scene, "head", rev)
    lead.post(f"{path}submit/", {"rev": rev})
    for teacher in ("faculty", "faculty2"):
        with pytest.raises(OwnSheet):
            approve(api, university, scene, teacher, rev)
    with pytest.raises(SheetStale):
        approve(api, university, scene, "head", rev - 1)
    assert approve(api, university, scene, "head", rev).state == "approved"
    assert lead.get(path).json["state"] == "approved"


def test_who_submitted_cannot_approve_even_after_leaving_the_staff(
    api: Api, lead: Client, scene: Scene, path: str, university: University
) -> None:
    rev = rev_of(lead, path)
    lead.post(f"{path}submit/", {"rev": rev})
    university.run("UPDATE section_staff SET until = now() WHERE account_id = %(id)s", id=scene["faculty"])
    with pytest.raises(OwnSheet):
        approve(api, university, scene, "faculty", rev)


def test_a_returned_approval_leaves_its_drafts_stale(
    api: Api, lead: Client, scene: Scene, path: str, university: University
) -> None:
    rev = rev_of(lead, path)
    lead.post(f"{path}submit/", {"rev": rev})
    approve(api, university, scene, "head", rev)
    university.run(
        """
        INSERT INTO result (enrollment_id, registration_id, student_id, section_id, term_id, course_id,
                            credits, outcome, regulation_id)
        SELECT e.id, e.registration_id, e.student_id, e.section_id, e.term_id, e.course_id, 3, 'pass',
               r.regulation_id
          FROM enrollment e JOIN registration r ON r.id = e.registration_id"""
    )
    assert api.as_("examcell").post(f"{path}return/", {"reason": "Again."}).status == 200
    assert university.row("SELECT bool_and(stale) FROM result")
