"""A section whose marks are in: what most tests of results begin with."""

from __future__ import annotations

from typing import Any

from tests.support.api import Api
from tests.support.university import University

Marks = list[Any]


def enter(
    university: University,
    scene: dict[str, Any],
    row: int,
    marks: Marks,
    assessments: list[int] | None = None,
) -> None:
    """Cells of one enrollment: numbers, or a mark's name, or None for a blank."""
    for assessment, mark in zip(assessments or scene["assessments"], marks, strict=True):
        if mark is None:
            continue
        if isinstance(mark, str) and mark.isalpha():
            university.score(scene["enrollments"][row], assessment, None, mark)
        else:
            university.score(scene["enrollments"][row], assessment, mark)


def fill(university: University, scene: dict[str, Any], marks: Marks | None = None) -> None:
    """The same marks for everybody: 16/20, 40/50, 70/100 → 16 + 24 + 35 = 75 unless given."""
    for row in range(len(scene["enrollments"])):
        enter(university, scene, row, marks or [16, 40, 70])


def approve(api: Api, section_id: int, by: str = "head", lead: str = "faculty") -> None:
    """Submit by the lead, approve by the head."""
    teacher, approver = api.as_(lead), api.as_(by)
    rev = teacher.get(f"/api/sheets/{section_id}/").json["rev"]
    answer = teacher.post(f"/api/sheets/{section_id}/submit/", {"rev": rev})
    assert answer.status == 200, answer.content
    answer = approver.post(f"/api/sheets/{section_id}/approve/", {"rev": answer.json["rev"]})
    assert answer.status == 200, answer.content


def publish(api: Api, section_id: int, by: str = "examcell") -> dict[str, Any]:
    """Publish a section."""
    answer = api.as_(by).post("/api/results/publish/", {"section_id": section_id})
    assert answer.status == 200, answer.content
    published: dict[str, Any] = answer.json
    return published


def results(api: Api, section_id: int, by: str = "examcell") -> list[dict[str, Any]]:
    """The section's results, in order of enrollment."""
    page = api.as_(by).get(f"/api/results/?section_id={section_id}&page_size=200").json["results"]
    return sorted(page, key=lambda row: row["enrollment_id"])
