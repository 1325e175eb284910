"""Two revisions of a sheet: what stands otherwise, who wrote it and when, not how often somebody typed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.grading.pushing import Device
from tests.support.api import Api
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=3)


def test_a_returned_sheet_is_compared_with_what_was_handed_in(api: Api, scene: dict[str, Any]) -> None:
    lead, head = api.as_("faculty"), api.as_("head")
    path = f"/api/sheets/{scene['section']}/"
    desk = Device(lead, scene["section"])
    first, second, third = scene["enrollments"]
    quiz = scene["assessments"][0]
    for place, enrollment in enumerate((first, second, third)):
        for assessment in scene["assessments"]:
            desk.write(enrollment, assessment, 0, "scored", str(5 + place))
    handed_in = lead.get(path).json["rev"]
    lead.post(f"{path}submit/", {"rev": handed_in})
    head.post(f"{path}return/", {"reason": "Page 7 of the first was not added up."})
    desk.write(first, quiz, 1, "scored", "9.5")
    desk.write(second, quiz, 1, "scored", "1")
    desk.write(second, quiz, 2, "scored", "6")  # and back again
    desk.write(third, quiz, 1, None)

    told = lead.get(f"{path}revisions/").json
    assert [(one["from_state"], one["to_state"], one["by"]["name"]) for one in told["moments"]] == [
        ("open", "submitted", "Faculty"),
        ("submitted", "open", "Head"),
    ]
    assert told["moments"][1]["reason"] == "Page 7 of the first was not added up."
    since = told["moments"][0]["rev"]
    compared = head.get(f"{path}compared/?since={since}").json
    assert (compared["since"], compared["until"]) == (since, told["rev"])
    assert [(cell["enrollment_id"], cell["assessment_id"]) for cell in compared["cells"]] == [
        (first, quiz),
        (third, quiz),
    ]
    moved, blanked = compared["cells"]
    assert (moved["before"], moved["after"]) == (
        {"mark": "scored", "score": "5.00"},
        {"mark": "scored", "score": "9.50"},
    )
    assert (moved["by"]["name"], blanked["after"]) == ("Faculty", {"mark": None, "score": None})
    everything = lead.get(f"{path}compared/?since={since}&unchanged=true").json["cells"]
    assert len(everything) == 9, "the one that was blanked is there, what stayed too"
    assert sum(cell["before"] != cell["after"] for cell in everything) == 2
    before_all = lead.get(f"{path}compared/?since=0&until={since}").json["cells"]
    assert len(before_all) == 9
    assert before_all[0]["before"] == {"mark": None, "score": None}
    assert lead.get(f"{path}compared/?since={told['rev']}").json["cells"] == []


def test_a_colleague_of_another_section_compares_nothing(api: Api, scene: dict[str, Any]) -> None:
    stranger, path = api.as_("stranger"), f"/api/sheets/{scene['section']}/"
    assert stranger.get(f"{path}revisions/").status == 404
    assert stranger.get(f"{path}compared/?since=0").status == 404
    faults = api.as_("faculty").get(f"{path}compared/?since=x").json["errors"]
    assert [one["pointer"] for one in faults] == ["?since"]
