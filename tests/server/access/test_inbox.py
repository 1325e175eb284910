"""An inbox lists exactly what its owner may decide: for every role, and for who acts in another's place.

What may be decided is asked of the deciding itself: a rejection without its reason is refused as invalid
(400) where it is somebody's turn, and otherwise before that.
"""

from __future__ import annotations

from typing import Any

import pytest

from sims_server.kernel import clock
from tests.server.cases.scene import opened, published
from tests.server.results.scene import fill
from tests.support.api import Api
from tests.support.matrix import ROLES
from tests.support.university import University

# Who lends which role to whom, beside the roles they hold themselves.
LENT = (("head", "head", "stranger"), ("dean", "dean", "faculty"), ("head", "head", "examcell"))
ASKERS = ("faculty", "head", "examcell", "registrar", "stranger", "dean")
LISTS = {
    "/api/pending-changes/": lambda id: ("/api/results/approve-change/", {"change_id": id}),
    "/api/cases/": lambda id: (f"/api/cases/{id}/approve/", {}),
    "/api/transfers/": lambda id: (f"/api/transfers/{id}/approve/", {}),
}


@pytest.fixture
def everything_asked(api: Api, university: University) -> dict[str, Any]:
    """A change, a case and credit from elsewhere by each who may ask, fresh and approved once."""
    scene, results = published(api, university, students=4 * len(ASKERS) + 1)
    for lender, role, to in LENT:
        body = {
            "to": university.ids[to],
            "role": role,
            "department_id": scene["department"],
            "until": str(clock.today("Asia/Karachi")),
            "reason": "Conference abroad",
        }
        lent = api.as_(lender).post("/api/delegations/", body)
        assert lent.status == 201, lent.content
    firsts = {"head": "dean"}  # who gives the first approval where the head asked
    left = iter(results)
    for asker in ASKERS:
        for approved in (False, True):
            first = firsts.get(asker, "head")
            if asker == "stranger":
                first = "dean"
            wanted = {"result_id": next(left), "new_grade": "A", "reason": "A page was missed"}
            change = api.as_(asker).post("/api/results/change-request/", wanted)
            assert change.status == 201, change.content
            changes = [{"result_id": next(left), "new_grade": "A"}]
            case = opened(api, by=asker, kind="correction", changes=changes)
            if approved:
                for path, body in (
                    LISTS["/api/pending-changes/"](change.json["id"]),
                    LISTS["/api/cases/"](case["id"]),
                ):
                    signed = api.as_(first).post(path, {**body, "approved": True})
                    assert signed.status == 200, (asker, path, signed.content)
    course = university.course(scene["department"])
    for asker in ("registrar", "examcell"):
        moved = {
            "registration_id": scene["registrations"][0],
            "term_id": scene["term"],
            "institution": "Example College",
            "reference": f"EC/{asker}",
            "courses": [{"original_course": "English", "original_grade": "B", "course_id": course}],
        }
        api.as_(asker).post("/api/transfers/", moved)
    return scene


def test_what_is_listed_is_decidable_and_nothing_decidable_is_missing(
    api: Api, university: University, everything_asked: dict[str, Any]
) -> None:
    wrong, decidable = [], set()
    for path, deciding in LISTS.items():
        # Transfers are among the cases, and decided at their own door.
        rows = api.as_("auditor").get(path, params={"page_size": 200}).json["results"]
        every = [row["id"] for row in rows if path != "/api/cases/" or row["kind"] != "transfer"]
        assert every, path
        for who in (*ROLES, "stranger"):
            person = api.as_(who)
            listed = person.get(path, params={"decidable": "true", "page_size": 200})
            shown = {row["id"] for row in listed.json["results"]} if listed.status == 200 else set()
            shown &= set(every)
            for id in every:
                door, body = deciding(id)
                answer = person.post(door, {**body, "approved": False})
                assert answer.status in (400, 403, 404, 409), answer.content
                if answer.status == 400:
                    decidable.add((path, who))
                if (answer.status == 400) != (id in shown):
                    wrong.append((path, who, id, answer.status, answer.code))
    assert wrong == []
    # The scene has something for everybody who decides at all, whoever lent them what.
    deciders = {who for path, who in decidable if path == "/api/pending-changes/"}
    assert deciders == {"head", "dean", "examcell", "registrar", "stranger", "faculty"}


def test_the_first_page_counts_what_the_inbox_lists(api: Api, everything_asked: dict[str, Any]) -> None:
    for who in ("head", "dean", "examcell", "registrar", "stranger", "faculty"):
        person = api.as_(who)
        cards = {card["key"]: card for card in person.get("/api/dashboard/").json["cards"]}
        card = cards["changes_to_approve"]
        listed = person.get(f"{card['path']}&page_size=200").json["results"]
        assert card["count"] == len(listed), who


def test_a_sheet_whose_teacher_lent_the_role_waits_for_somebody_else(
    api: Api, university: University
) -> None:
    scene = university.stand(students=1)
    fill(university, scene)
    university.insert("section_staff", section_id=scene["section"], account_id=scene["head"], role="co")
    body = {
        "to": university.ids["stranger"],
        "role": "head",
        "department_id": scene["department"],
        "until": str(clock.today("Asia/Karachi")),
        "reason": "Conference abroad",
    }
    assert api.as_("head").post("/api/delegations/", body).status == 201
    rev = api.as_("faculty").get(f"/api/sheets/{scene['section']}/").json["rev"]
    submitted = api.as_("faculty").post(f"/api/sheets/{scene['section']}/submit/", {"rev": rev})
    assert submitted.status == 200, submitted.content

    def waiting(who: str) -> int:
        cards = api.as_(who).get("/api/dashboard/").json["cards"]
        return next((card["count"] for card in cards if card["key"] == "sheets_to_approve"), 0)

    assert {who: waiting(who) for who in ("head", "stranger", "dean", "examcell")} == {
        "head": 0,
        "stranger": 0,
        "dean": 1,
        "examcell": 1,
    }
    refused = api.as_("stranger").post(f"/api/sheets/{scene['section']}/approve/", {"rev": rev})
    assert (refused.status, refused.code) == (403, "sheets.own")
