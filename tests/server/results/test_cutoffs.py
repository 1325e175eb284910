"""Cut-off lines that the lead of a relatively graded sheet moves: how far, until when, and what they do."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.server.results.classes import Class
from tests.server.results.scene import approve, publish, results
from tests.support.api import Api, Reply
from tests.support.database import TestDatabase, server_connection
from tests.support.policies import document
from tests.support.university import University

ROWS = [
    ["1.5", "A", "4.00"],
    ["1", "B+", "3.50"],
    ["0.5", "B", "3.00"],
    ["0", "C+", "2.50"],
    ["-0.5", "C", "2.00"],
    ["-1.5", "D", "1.00"],
]
MARKS = (40, 50, 60, 60, 60, 60, 60, 60, 70, 80)  # mean 60, σ 10


class Relative:
    """An open sheet of ten students under a regulation that grades relatively."""

    def __init__(self, api: Api, university: University, *, latitude: str | None = "6") -> None:
        scale: dict[str, Any] = {"kind": "relative", "method": "z", "rows": ROWS}
        if latitude is not None:
            scale["latitude"] = latitude
        self.api, self.university = api, university
        self.scene = university.stand(students=len(MARKS), policy=document(scale=scale))
        course = university.course(self.scene["department"])
        self.section = university.section(course, self.scene["term"], "R", 50, (self.scene["faculty"],))
        self.final = university.assessment(self.section, "Final", "final", 100, 100)
        self.rows = []
        for registration, mark in zip(self.scene["registrations"], MARKS, strict=True):
            self.rows.append(university.enrollment(registration, self.section))
            university.score(self.rows[-1], self.final, mark)
        self.path = f"/api/sheets/{self.section}/cutoffs/"

    def read(self, who: str = "faculty") -> Any:
        answer = self.api.as_(who).get(self.path)
        assert answer.status == 200, answer.content
        return answer.json

    def propose(self, *lines: tuple[str, str], who: str = "faculty", **more: Any) -> Reply:
        seen = self.read()
        body = {
            "regulation_id": seen["classes"][0]["regulation_id"],
            "rev": seen["rev"],
            "lines": [{"grade": grade, "at_least": at_least} for grade, at_least in lines],
            **more,
        }
        return self.api.as_(who).post(self.path, body)

    def places(self) -> dict[str, str]:
        return {line["grade"]: line["at_least"] for line in self.read()["classes"][0]["lines"]}

    def grades(self) -> list[str]:
        return [row["grade"] for row in results(self.api, self.section)]


@pytest.fixture
def relative(api: Api, university: University) -> Relative:
    return Relative(api, university)


def test_the_lines_are_shown_where_the_rule_puts_them_with_how_far_they_may_go(relative: Relative) -> None:
    (known,) = relative.read()["classes"]
    assert (known["mean"], known["deviation"], known["count"], known["waiting"]) == ("60", "10.00", 10, 0)
    assert relative.places() == {
        "A": "75.00",
        "B+": "70.00",
        "B": "65.00",
        "C+": "60.00",
        "C": "55.00",
        "D": "45.00",
    }
    line = known["lines"][1]
    assert (line["by_rule"], line["lowest"], line["highest"], line["moved"]) == (
        "70.00",
        "64.00",
        "76.00",
        False,
    )
    assert [total["by_rule"] for total in known["totals"]] == ["F", "D", *["C+"] * 6, "B+", "A"]


def test_moved_lines_are_frozen_by_the_approval_and_a_recheck_moves_nobody_else(relative: Relative) -> None:
    answer = relative.propose(("B+", "71"), ("D", "40"), reason="two close scripts were read again")
    assert answer.status == 200, answer.content
    (known,) = answer.json["classes"]
    assert known["proposed_by"]["name"]
    assert known["reason"] == "two close scripts were read again"
    approve(relative.api, relative.section)
    publish(relative.api, relative.section)
    assert relative.grades() == ["D", "D", *["C+"] * 6, "B", "A"]
    asked = relative.api.as_("faculty").post(
        "/api/results/change-request/",
        {
            "result_id": results(relative.api, relative.section)[2]["id"],
            "scores": [{"assessment_id": relative.final, "mark": "scored", "score": "70.5"}],
            "reason": "recheck",
        },
    )
    assert asked.json["new_grade"] == "B", "the line stands where it was moved to"


def test_an_empty_proposal_takes_the_lines_back(relative: Relative) -> None:
    assert relative.propose(("A", "79")).status == 200
    assert relative.places()["A"] == "79"
    assert relative.propose().status == 200
    assert relative.places()["A"] == "75.00"
    approve(relative.api, relative.section)
    assert relative.grades()[-1] == "A"


def test_a_line_stays_within_the_reach_the_regulation_gives_and_in_order(relative: Relative) -> None:
    answer = relative.propose(("A", "82"), ("Z", "50"), ("C+", "66"), ("B", "64"))
    assert (answer.status, answer.code) == (400, "sheets.cutoffs_invalid")
    assert [(fault["pointer"], fault["code"]) for fault in answer.json["errors"]] == [
        ("/lines/0/at_least", "out_of_reach"),
        ("/lines/1/at_least", "unknown_grade"),
        ("/lines/2/at_least", "out_of_order"),
    ]
    assert relative.propose(("A", "79"), ("A", "78")).code == "sheets.cutoffs_invalid"


def test_without_latitude_nobody_moves_the_lines(api: Api, university: University) -> None:
    relative = Relative(api, university, latitude=None)
    assert relative.read()["classes"][0]["latitude"] is None
    answer = relative.propose(("A", "74"))
    assert (answer.status, answer.json["errors"][0]["code"]) == (400, "fixed")


def test_only_the_lead_of_an_open_sheet_moves_them_and_only_as_it_was_seen(
    relative: Relative, database_url: TestDatabase
) -> None:
    assert relative.propose(("A", "79"), who="head").status == 403
    assert relative.propose(("A", "79"), rev=0).code == "sheets.stale"
    relative.university.run(
        "INSERT INTO section_staff (section_id, account_id, role) VALUES (%(s)s, %(a)s, 'co')",
        s=relative.section,
        a=relative.scene["faculty2"],
    )
    assert relative.propose(("A", "79"), who="faculty2").code == "sheets.not_lead"
    approve(relative.api, relative.section)
    assert relative.propose(("A", "79")).code == "sheets.wrong_state"
    with (
        server_connection(database_url.app_url) as connection,
        pytest.raises(psycopg.errors.CheckViolation, match="only while it is open"),
    ):
        connection.execute(
            "INSERT INTO section_cutoff_proposal (section_id, regulation_id, lines, proposed_by)"
            ' SELECT %s, regulation_id, \'{"A": "99"}\', %s FROM registration LIMIT 1',
            (relative.section, relative.scene["faculty"]),
        )


def test_marks_that_come_later_and_leave_a_line_out_of_reach_stop_the_approval(relative: Relative) -> None:
    assert relative.propose(("A", "81")).status == 200
    for row in relative.rows[:2]:
        relative.university.run(
            "UPDATE assessment_score SET score = 60 WHERE enrollment_id = %(row)s", row=row
        )
    teacher, head = relative.api.as_("faculty"), relative.api.as_("head")
    rev = teacher.get(f"/api/sheets/{relative.section}/").json["rev"]
    assert teacher.post(f"/api/sheets/{relative.section}/submit/", {"rev": rev}).status == 200
    answer = head.post(f"/api/sheets/{relative.section}/approve/", {"rev": rev})
    assert (answer.status, answer.code) == (409, "sheets.cutoffs_out_of_reach")
    assert answer.json["lines"][0].startswith("A may begin from ")


def test_a_proposal_is_on_the_audit_with_who_and_what(relative: Relative) -> None:
    relative.propose(("A", "79"))
    (entry,) = relative.api.as_("auditor").get("/api/audit/?entity=section_cutoff_proposal").json["results"]
    assert entry["action"] == "sheets.propose_cutoffs"
    assert entry["entity_id"] == relative.section
    assert entry["changes"]["lines"][1] == {"A": "79"}


def test_a_sheet_of_bands_has_no_lines_to_move(api: Api, university: University) -> None:
    scene = Class(api, university, document(), students=1)
    section = scene.sit([("Final", "final", 100, 100)], [[70]])
    assert api.as_("faculty").get(f"/api/sheets/{section}/cutoffs/").json["classes"] == []
