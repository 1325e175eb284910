"""Terms over HTTP."""

from __future__ import annotations

import pytest

from tests.support.api import Api
from tests.support.university import University

BODY = {"name": "Fall 2026", "start_date": "2026-09-01", "end_date": "2027-01-15"}


@pytest.fixture(autouse=True)
def people(university: University) -> None:
    university.account("registrar", "registrar")
    university.account("faculty", "faculty")


def test_a_term_begins_open_with_no_deadlines(api: Api) -> None:
    made = api.as_("registrar").post("/api/terms/", BODY)
    assert made.status == 201, made.json
    assert made.json["status"] == "open"
    assert made.json["enroll_until"] is None
    assert api.as_("faculty").get(made.headers["location"]).json == made.json


def test_several_terms_may_be_open_and_closing_is_never_refused(api: Api) -> None:
    registrar = api.as_("registrar")
    first = registrar.post("/api/terms/", BODY).headers["location"]
    registrar.post("/api/terms/", {**BODY, "name": "Summer 2026", "kind": "summer"})
    assert len(registrar.get("/api/terms/?status=open").json["results"]) == 2
    for _ in range(2):
        closed = registrar.post(f"{first}close/")
        assert (closed.status, closed.json["status"]) == (200, "closed")
    assert registrar.post(f"{first}open/").json["status"] == "open"
    assert [row["kind"] for row in registrar.get("/api/terms/?kind=summer").json["results"]] == ["summer"]


def test_a_term_does_not_end_before_it_starts(api: Api) -> None:
    registrar = api.as_("registrar")
    refused = registrar.post("/api/terms/", {**BODY, "end_date": "2026-08-01"})
    assert refused.status == 400
    assert refused.json["errors"][0]["pointer"] == "/end_date"
    path = registrar.post("/api/terms/", BODY).headers["location"]
    assert registrar.patch(path, {"start_date": "2027-02-01"}).status == 400
    assert registrar.patch(path, {"enroll_until": "2026-09-20"}).json["enroll_until"] == "2026-09-20"


def test_every_fault_of_a_term_is_named_at_once(api: Api) -> None:
    refused = api.as_("registrar").post(
        "/api/terms/", {"name": "", "start_date": "soon", "kind": "winter", "x": 1}
    )
    assert {fault["pointer"] for fault in refused.json["errors"]} == {
        "/name",
        "/start_date",
        "/kind",
        "/x",
        "/end_date",
    }


def test_only_the_registry_changes_terms(api: Api) -> None:
    path = api.as_("registrar").post("/api/terms/", BODY).headers["location"]
    faculty = api.as_("faculty")
    assert api.anonymous.get("/api/terms/").status == 401
    assert faculty.post("/api/terms/", BODY).status == 403
    assert faculty.post(f"{path}close/").status == 403
    assert faculty.post("/api/terms/99999/close/").status == 403
    assert api.as_("registrar").post("/api/terms/99999/close/").status == 404


def test_a_name_is_unique_and_a_term_in_use_stays(api: Api, university: University) -> None:
    registrar = api.as_("registrar")
    path = registrar.post("/api/terms/", BODY).headers["location"]
    assert registrar.post("/api/terms/", BODY).code == "terms.name_taken"
    unused = registrar.post("/api/terms/", {**BODY, "name": "Unused"}).headers["location"]
    assert registrar.delete(unused).status == 204
    term = int(path.strip("/").split("/")[-1])
    university.section(university.course(university.department()), term)
    assert registrar.delete(path).code == "terms.in_use"
