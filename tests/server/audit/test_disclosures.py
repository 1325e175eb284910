"""Who opened, exported or printed a record is remembered; who opens very many raises one alarm."""

from __future__ import annotations

from typing import Any

import pytest

from sims_server.audit.operations.disclosing import disclose_many, raise_alarms
from sims_server.kernel.actor import caller_of_account
from sims_server.kernel.clock import now
from sims_server.kernel.execute import execute_as_system
from tests.server.results.scene import approve, fill, publish
from tests.support.api import Api
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=3)


@pytest.fixture
def published(api: Api, scene: dict[str, Any], university: University) -> dict[str, Any]:
    fill(university, scene)
    approve(api, scene["section"])
    publish(api, scene["section"])
    return scene


def disclosures(api: Api, query: str = "") -> list[dict[str, Any]]:
    answer = api.as_("auditor").get(f"/api/disclosures/?{query}")
    assert answer.status == 200, answer.content
    return answer.json["results"]


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("", "student"),
        ("record/", "record"),
        ("history/?at=2026-01-01", "history"),
        ("explain/cgpa/", "explanation of the CGPA"),
        ("explain/result/{result}/", "explanation of result {result}"),
    ],
)
def test_opening_a_student_s_record_is_remembered(
    api: Api, published: dict[str, Any], university: University, path: str, what: str
) -> None:
    student = published["students"][0]
    result = university.row("SELECT id FROM result WHERE student_id = %(id)s", id=student)
    answer = api.as_("registrar").get(f"/api/students/{student}/{path.format(result=result)}")
    assert answer.status == 200, answer.content
    (row,) = disclosures(api)
    assert row["actor"] == {"id": published["registrar"], "name": "Registrar"}
    assert (row["student_id"], row["kind"], row["what"]) == (student, "opened", what.format(result=result))
    assert row["request_id"] == answer.headers["x-request-id"]


def test_lists_and_one_s_own_record_are_no_disclosures(api: Api, published: dict[str, Any]) -> None:
    for path in ("students", "results", "registrations", "enrollments"):
        assert api.as_("registrar").get(f"/api/{path}/").status == 200
    own = published["students"][0]
    assert api.as_("student").get(f"/api/students/{own}/record/").status == 200
    assert api.as_("student").get(f"/api/students/{own}/explain/cgpa/").status == 200
    assert disclosures(api) == []


def test_a_refused_look_discloses_nothing(api: Api, published: dict[str, Any]) -> None:
    assert api.as_("stranger").get(f"/api/students/{published['students'][0]}/record/").status == 404
    assert api.as_("registrar").get("/api/students/999999/explain/cgpa/").status == 404
    assert disclosures(api) == []


def test_disclosures_are_listed_for_auditor_registrar_and_admin_with_filters(
    api: Api, scene: dict[str, Any]
) -> None:
    first, second, _ = scene["students"]
    api.as_("registrar").get(f"/api/students/{first}/record/")
    api.as_("registrar").get(f"/api/students/{second}/record/")
    api.as_("counter").get(f"/api/students/{first}/")
    for name in ("auditor", "registrar", "admin"):
        assert len(api.as_(name).get("/api/disclosures/").json["results"]) == 3
    for name in ("head", "dean", "faculty", "examcell", "counter", "accounts", "office", "student"):
        assert api.as_(name).get("/api/disclosures/").status == 403
    assert api.anonymous.get("/api/disclosures/").status == 401
    assert [row["student_id"] for row in disclosures(api)] == [first, second, first]  # newest first
    assert len(disclosures(api, f"student_id={first}")) == 2
    assert len(disclosures(api, f"actor={scene['counter']}")) == 1
    assert len(disclosures(api, "what=record")) == 2
    assert len(disclosures(api, "kind=printed")) == 0
    assert len(disclosures(api, "to=2020-01-01")) == 0
    assert api.as_("auditor").get("/api/disclosures/?kind=eaten").status == 400
    newest = disclosures(api)[0]
    assert api.as_("auditor").get(f"/api/disclosures/{newest['id']}/").json == newest
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert api.as_("admin").request(method, "/api/disclosures/").status == 405


def test_an_export_tells_of_every_student_in_it(api: Api, scene: dict[str, Any]) -> None:
    def export(work: Any, _: None) -> None:
        disclose_many(work, scene["students"], "students.csv")

    with api.database.transaction() as connection:
        registrar = caller_of_account(connection, scene["registrar"], now().date())
    execute_as_system(api.database, export, None, action="export", data=api.data, actor=registrar)
    rows = disclosures(api, "kind=exported")
    assert sorted(row["student_id"] for row in rows) == scene["students"]


def test_bulk_reading_raises_one_alarm_that_shows_everywhere(api: Api, scene: dict[str, Any]) -> None:
    listed = api.as_("admin").get("/api/settings/?page_size=200").json["results"]
    assert {row["key"]: row["value"] for row in listed}["disclosures.students_an_hour"] == 300
    changed = api.as_("admin").patch("/api/settings/disclosures.students_an_hour/", {"value": 2})
    assert changed.status == 200, changed.content
    api.database.forget_settings()
    counter = api.as_("counter")
    for student in scene["students"][:2]:
        for _ in range(3):  # the same one again is not another student
            counter.get(f"/api/students/{student}/")
    assert raise_alarms(api.database, api.data) == 0
    counter.get(f"/api/students/{scene['students'][2]}/")
    assert raise_alarms(api.database, api.data) == 1
    assert raise_alarms(api.database, api.data) == 0  # once
    entry = api.as_("auditor").get("/api/audit/?entity=disclosure_alarm").json["results"]
    assert [one["changes"]["students"] for one in entry] == [[None, 3]]
    assert entry[0]["changes"]["account_id"] == [None, scene["counter"]]
    audit = api.anonymous.get("/health/").json["components"]["audit"]
    assert audit["status"] == "degraded"
    assert "bulk reading" in audit["detail"]
    cards = {card["key"]: card["count"] for card in api.as_("auditor").get("/api/dashboard/").json["cards"]}
    assert cards["bulk_reading"] == 1
    assert "bulk_reading" not in str(api.as_("counter").get("/api/dashboard/").json)


def test_whoever_audits_sees_who_read_how_many(
    api: Api, scene: dict[str, Any], university: University
) -> None:
    university.setting("disclosures.students_an_hour", 2)
    for student in scene["students"]:
        api.as_("registrar").get(f"/api/students/{student}/")
    api.as_("head").get(f"/api/students/{scene['students'][0]}/")
    assert raise_alarms(api.database, api.data) == 1
    first, second = api.as_("auditor").get("/api/disclosures/readers/?days=7").json["results"]
    assert (first["actor"]["name"], first["students"], first["opened"]) == ("Registrar", 3, 3)
    assert first["alarmed_at"] is not None
    assert (second["actor"]["name"], second["students"], second["alarmed_at"]) == ("Head", 1, None)
    row = disclosures(api, f"actor={university.ids['head']}")[0]
    assert (row["student_name"], row["reg_no"]) == ("Student Number 1", "2024-CS-0001")
    assert api.as_("auditor").get("/api/disclosures/readers/?days=0").status == 400
    assert api.as_("head").get("/api/disclosures/readers/").status == 403
