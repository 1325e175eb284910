"""Two courses of one class on one day, with lists notified: who may sit, and a date sheet to be made."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sims_server.kernel import clock
from sims_shared.regulations import default_policy
from tests.support.api import Api
from tests.support.university import University

POLICY = {**default_policy(), "attendance": {"min": "75", "condone_from": "60", "shortage": "FW"}}


def campus_day(ahead: int = 0) -> date:
    return clock.now().astimezone(ZoneInfo("Asia/Karachi")).date() + timedelta(days=ahead)


@pytest.fixture
def scene(api: Api, university: University) -> dict[str, Any]:
    """Three students in `section` and in `second`; the third was absent from all of the first. Only the
    first section's list is notified."""
    scene = university.stand(students=3, policy=POLICY)
    course = university.course(scene["department"], "CS-202")
    scene["second"] = university.section(course, scene["term"], "A", 50, (scene["faculty"],))
    for registration in scene["registrations"]:
        university.enrollment(registration, scene["second"])
    marks = [
        {"student_id": student, "status": status}
        for student, status in zip(scene["students"], ("present", "present", "absent"), strict=True)
    ]
    taught = {"section_id": scene["section"], "date": str(campus_day(-2)), "marks": marks}
    assert api.as_("faculty").post("/api/attendance/bulk/", taught).status == 201
    assert notify(api, scene["section"])["short"] == 1
    return scene


def notify(api: Api, section: int) -> Any:
    answer = api.as_("examcell").post("/api/eligibility-lists/", {"section_id": section})
    assert answer.status == 201, answer.json
    return answer.json


def paper(api: Api, section: int, ahead: int, at: str, rooms: list[Any] | None = None, **more: Any) -> Any:
    body = {"section_id": section, "held_on": str(campus_day(ahead)), "starts_at": at, "rooms": rooms or []}
    answer = api.as_("examcell").post("/api/exam-papers/", {**body, **more})
    assert answer.status == 201, answer.json
    return answer.json


def room(api: Api, name: str, seats: int | None = None) -> int:
    answer = api.as_("examcell").post("/api/exam-rooms/", {"name": name, "seats": seats})
    assert answer.status == 201, answer.json
    made: int = answer.json["id"]
    return made
