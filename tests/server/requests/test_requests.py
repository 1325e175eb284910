"""Requests over HTTP: asked for, decided, completed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest

from sims_shared.requests import request_of
from tests.support.api import Api
from tests.support.query_count import counted
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=2)


def ask(scene: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"student_id": scene["students"][0], "type": "transcript", **more}


def test_a_request_begins_pending_whoever_asks(api: Api, scene: dict[str, Any]) -> None:
    for name in ("student", "counter", "registrar"):
        made = api.as_(name).post("/api/requests/", ask(scene, copies=2, addressee="HEC"))
        assert made.status == 201, made.json
        assert (made.json["status"], made.json["copies"], made.json["processed_by"]) == ("pending", 2, None)
        assert made.json["requested_by"]["name"] == name.title()
    refused = api.as_("registrar").post("/api/requests/", ask(scene, status="approved"))
    assert refused.json["errors"][0]["pointer"] == "/status"


def test_a_request_is_approved_and_then_completed(api: Api, scene: dict[str, Any]) -> None:
    path = api.as_("student").post("/api/requests/", ask(scene)).headers["location"]
    registrar, counter = api.as_("registrar"), api.as_("counter")
    early = counter.post(f"{path}transition/", {"status": "completed"})
    assert (early.status, early.code) == (409, "requests.wrong_state")
    approved = registrar.post(f"{path}transition/", {"status": "approved", "notes": "two seals"})
    assert (approved.status, approved.json["status"], approved.json["notes"]) == (
        200,
        "approved",
        "two seals",
    )
    assert approved.json["processed_by"] == {"id": scene["registrar"], "name": "Registrar"}
    done = counter.post(f"{path}transition/", {"status": "completed", "collected_by": "brother"})
    assert (done.json["status"], done.json["collected_by"]) == ("completed", "brother")
    assert done.json["ready_at"] is not None
    for wanted in ("pending", "approved", "rejected", "completed"):
        assert registrar.post(f"{path}transition/", {"status": wanted}).code == "requests.wrong_state"


def test_a_rejected_request_stays_rejected(api: Api, scene: dict[str, Any]) -> None:
    path = api.as_("counter").post("/api/requests/", ask(scene, type="noc")).headers["location"]
    admin = api.as_("admin")
    assert admin.post(f"{path}transition/", {"status": "rejected"}).json["status"] == "rejected"
    assert admin.post(f"{path}transition/", {"status": "approved"}).code == "requests.wrong_state"
    assert admin.post(f"{path}transition/", {"status": "gone"}).status == 400


def test_deciding_and_completing_are_two_permissions(api: Api, scene: dict[str, Any]) -> None:
    path = api.as_("counter").post("/api/requests/", ask(scene)).headers["location"]
    assert api.as_("counter").post(f"{path}transition/", {"status": "approved"}).status == 403
    assert api.as_("admin").post(f"{path}transition/", {"status": "approved"}).status == 200
    assert api.as_("admin").post(f"{path}transition/", {"status": "completed"}).status == 403
    for name in ("student", "auditor", "examcell", "faculty", "head"):
        client = api.as_(name)
        assert client.post(f"{path}transition/", {"status": "completed"}).status == 403
        assert client.post("/api/requests/99999/transition/", {"status": "completed"}).status == 403
    assert api.as_("counter").post("/api/requests/99999/transition/", {"status": "completed"}).status == 404


def test_students_ask_for_themselves_and_see_their_own(api: Api, scene: dict[str, Any]) -> None:
    other = (
        api.as_("counter")
        .post("/api/requests/", ask(scene, student_id=scene["students"][1]))
        .headers["location"]
    )
    student = api.as_("student")
    own = student.post("/api/requests/", ask(scene))
    assert student.post("/api/requests/", ask(scene, student_id=scene["students"][1])).status == 404
    assert [row["id"] for row in student.get("/api/requests/").json["results"]] == [own.json["id"]]
    assert student.get(other).status == 404
    assert student.patch(own.headers["location"], {"copies": 3}).status == 403
    assert [row["type"] for row in student.get("/api/request-types/").json["results"]] == [
        *("bonafide", "degree", "migration", "noc", "other", "transcript", "verification"),
    ]


def test_a_student_asking_twice_under_one_key_asks_once(api: Api, scene: dict[str, Any]) -> None:
    student = api.as_("student")
    for _ in range(2):
        assert student.post("/api/requests/", ask(scene), headers={"Idempotency-Key": "k"}).status == 201
    assert len(student.get("/api/requests/").json["results"]) == 1


def test_who_may_not_ask_is_told_so(api: Api, scene: dict[str, Any]) -> None:
    assert api.anonymous.post("/api/requests/", ask(scene)).status == 401
    for name in ("faculty", "head", "admin", "examcell", "auditor", "accounts"):
        assert api.as_(name).post("/api/requests/", {"x": 1}).status == 403
    for name in ("faculty", "head", "accounts"):
        assert api.as_(name).get("/api/requests/").status == 403


def test_every_fault_of_a_request_is_named_at_once(api: Api, scene: dict[str, Any]) -> None:
    refused = api.as_("counter").post("/api/requests/", {"student_id": 0, "copies": 51, "processed_by": 3})
    pointers = {fault["pointer"] for fault in refused.json["errors"]}
    assert pointers == {"/student_id", "/copies", "/processed_by", "/type"}
    assert (
        api.as_("counter").post("/api/requests/", ask(scene, type="cake")).json["errors"][0]["pointer"]
        == "/type"
    )


def test_what_was_asked_for_changes_only_while_pending(api: Api, scene: dict[str, Any]) -> None:
    counter = api.as_("counter")
    made = counter.post("/api/requests/", ask(scene))
    path = made.headers["location"]
    tag = counter.get(path).headers["etag"]
    assert counter.patch(path, {"copies": 3}, headers={"If-Match": tag}).json["copies"] == 3
    assert counter.patch(path, {"copies": 4}, headers={"If-Match": tag}).status == 412
    assert counter.patch(path, {"collected_by": "x"}).code == "requests.wrong_state"
    api.as_("registrar").post(f"{path}transition/", {"status": "approved"})
    assert counter.patch(path, {"copies": 4}).code == "requests.wrong_state"


def test_of_two_who_decide_at_once_one_is_told(api: Api, scene: dict[str, Any]) -> None:
    path = api.as_("counter").post("/api/requests/", ask(scene)).headers["location"]
    deciders = [(api.as_("registrar"), "approved"), (api.as_("admin"), "rejected")] * 2
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda pair: pair[0].post(f"{path}transition/", {"status": pair[1]}), deciders)
        )
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]


def test_requests_are_searched_by_the_student_and_filtered(api: Api, scene: dict[str, Any]) -> None:
    counter = api.as_("counter")
    counter.post("/api/requests/", ask(scene))
    counter.post("/api/requests/", ask(scene, student_id=scene["students"][1], type="noc"))
    with counted() as statements:
        found = counter.get("/api/requests/?search=2024-CS-0002&type=noc&status=pending&count=true").json
    assert [(row["student_name"], row["reg_no"]) for row in found["results"]] == [
        ("Student Number 2", "2024-CS-0002")
    ]
    assert found["count"] == 1
    assert len(statements) == 3


def test_what_lies_ready_is_listed_until_somebody_comes_for_it(api: Api, scene: dict[str, Any]) -> None:
    counter = api.as_("counter")
    for taken_by in (None, "Student Number 1"):
        path = counter.post("/api/requests/", ask(scene)).headers["location"]
        api.as_("registrar").post(f"{path}transition/", {"status": "approved"})
        done = counter.post(f"{path}transition/", {"status": "completed", "collected_by": taken_by})
        assert done.json["collected_by"] == taken_by

    def listed(collected: str) -> list[str | None]:
        found = counter.get(f"/api/requests/?status=completed&collected={collected}").json["results"]
        return [row["collected_by"] for row in found]

    assert (listed("false"), listed("true")) == ([None], ["Student Number 1"])
    ready = counter.get("/api/requests/?collected=false").json["results"][0]
    assert counter.patch(f"/api/requests/{ready['id']}/", {"collected_by": "brother"}).status == 200
    assert listed("false") == []


def test_what_an_application_lacks_is_brought_before_it_is_promised_and_decided(
    api: Api, scene: dict[str, Any]
) -> None:
    registrar, counter, student = api.as_("registrar"), api.as_("counter"), api.as_("student")
    types = "/api/request-types/"
    wished = {"fee": "2500.00", "promised_days": 1, "checklist": ["attested CNIC", "two photographs"]}
    assert registrar.patch(f"{types}degree/", wished).json["fee"] == "2500.00"
    assert counter.patch(f"{types}degree/", {"fee": "0.00"}).status == 403
    assert registrar.post(types, {"type": "degree", "title": "Again"}).code == "requests.type_taken"
    strange = counter.post("/api/requests/", ask(scene, type="degree", missing=["a passport"]))
    assert strange.json["errors"][0]["pointer"] == "/missing"
    told = student.post(
        "/api/requests/", ask(scene, type="degree", missing=["attested CNIC"], fee_receipt="7")
    )
    assert [fault["pointer"] for fault in told.json["errors"]] == ["/missing", "/fee_receipt"]

    # From home nothing is brought; at the counter what was ticked off is not missing.
    from_home = student.post("/api/requests/", ask(scene, type="degree")).json
    assert (from_home["missing"], from_home["promised_on"]) == (wished["checklist"], None)
    made = counter.post("/api/requests/", ask(scene, type="degree", copies=2, missing=["attested CNIC"]))
    assert (made.json["fee_due"], made.json["promised_on"]) == ("5000.00", None)
    path = made.headers["location"]
    early = registrar.post(f"{path}transition/", {"status": "approved"})
    assert (early.code, early.json["missing"]) == ("requests.incomplete", ["attested CNIC"])
    brought = counter.patch(path, {"missing": [], "fee_receipt": "R-88"}).json
    assert (brought["fee_receipt"], brought["missing"]) == ("R-88", [])
    promised = date.fromisoformat(brought["promised_on"])
    assert promised > date.fromisoformat(brought["created_at"][:10]) - timedelta(days=1)
    assert promised.isoweekday() < 6
    assert counter.patch(path, {"copies": 3}).json["fee_due"] == "7500.00"
    # What is asked for later costs what it costs then; what was promised stays.
    assert registrar.patch(f"{types}degree/", {"fee": "9000.00"}).status == 200
    assert registrar.get(path).json["fee_due"] == "7500.00"
    assert registrar.post(f"{path}transition/", {"status": "approved"}).status == 200
    assert request_of(brought["receipt"]) == made.json["id"]


def test_what_is_not_offered_any_more_is_not_asked_for_and_what_was_asked_goes_on(
    api: Api, scene: dict[str, Any]
) -> None:
    registrar, counter = api.as_("registrar"), api.as_("counter")
    degree = "/api/request-types/degree/"
    before = registrar.get(degree)
    asked = counter.post("/api/requests/", ask(scene, type="degree"))
    assert counter.patch(degree, {"is_offered": False}).status == 403
    assert registrar.patch(degree, {"is_offered": False}).json["is_offered"] is False
    late = registrar.patch(degree, {"title": "Mine"}, headers={"If-Match": before.headers["etag"]})
    assert late.code == "request.stale"
    refused = counter.post("/api/requests/", ask(scene, type="degree"))
    assert [(fault["pointer"], fault["code"]) for fault in refused.json["errors"]] == [
        ("/type", "not_offered")
    ]
    path = f"{asked.headers['location']}transition/"
    assert registrar.post(path, {"status": "approved"}).status == 200
    offered = counter.get("/api/request-types/?is_offered=true&ordering=title").json["results"]
    assert "degree" not in [one["type"] for one in offered]
    assert [one["title"] for one in offered] == sorted(one["title"] for one in offered)


def test_what_lies_ready_has_a_tray_to_itself_until_it_is_handed_over(
    api: Api, scene: dict[str, Any]
) -> None:
    registrar, counter = api.as_("registrar"), api.as_("counter")
    refused = api.as_("admin").patch("/api/settings/requests.trays/", {"value": "B-9..A-1"})
    assert refused.code == "settings.invalid", refused.json
    assert api.as_("admin").patch("/api/settings/requests.trays/", {"value": "B-13..B-14"}).status == 200

    def ready(tray: str | None) -> Any:
        path = counter.post("/api/requests/", ask(scene)).headers["location"]
        assert counter.post(f"{path}transition/", {"status": "completed", "tray": "B-1"}).status == 409
        registrar.post(f"{path}transition/", {"status": "approved"})
        return counter.post(f"{path}transition/", {"status": "completed", "tray": tray})

    first, second, full = ready("*").json, ready("*").json, ready("*").json
    assert [one["tray"] for one in (first, second, full)] == ["B-13", "B-14", None]
    assert ready("B-14").code == "requests.tray_taken"
    path = f"/api/requests/{second['id']}/"
    taken = counter.patch(path, {"collected_by": "Bina Student"})
    assert (taken.json["tray"], taken.json["processed_by"]["name"]) == (None, "Counter")
    assert counter.patch(path, {"tray": "B-14"}).code == "requests.wrong_state"
    assert counter.patch(f"/api/requests/{full['id']}/", {"tray": "B-14"}).json["tray"] == "B-14"
    at_once = ask(scene)
    path = counter.post("/api/requests/", at_once).headers["location"]
    registrar.post(f"{path}transition/", {"status": "approved"})
    both = {"status": "completed", "tray": "C-1", "collected_by": "Bina Student"}
    assert counter.post(f"{path}transition/", both).code == "requests.wrong_state"

    def listed(day: str) -> list[int]:
        given = f"?status=completed&collected=false&ordering=id&ready_before={day}"
        return [one["id"] for one in counter.get(f"/api/requests/{given}").json["results"]]

    assert listed("2100-01-01") == [first["id"], full["id"]]
    assert listed("2020-01-01") == []
