"""The conventions every resource keeps, where a client had found them broken."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sims_server.app import Frame
from tests.support.api import Api
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand()


@pytest.mark.parametrize("page_size", ["0", "201", "-1", "x"])
def test_a_page_size_outside_its_range_is_a_fault(api: Api, scene: dict[str, Any], page_size: str) -> None:
    refused = api.as_("registrar").get(f"/api/students/?page_size={page_size}")
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (400, "?page_size")


@pytest.mark.parametrize("path", ["/api/students/", "/api/students"])
def test_the_next_page_has_the_trailing_slash_whichever_way_the_first_was_asked(
    api: Api, scene: dict[str, Any], path: str
) -> None:
    registrar = api.as_("registrar")
    first = registrar.get(f"{path}?page_size=1").json
    assert first["next"].startswith("/api/students/?")
    assert registrar.get(first["next"]).json["results"][0]["id"] != first["results"][0]["id"]


def test_the_same_request_with_and_without_its_slash_is_one_request_to_the_key(
    api: Api, scene: dict[str, Any]
) -> None:
    registrar = api.as_("registrar")
    body = {"code": "PHY", "name": "Physics"}
    first = registrar.post("/api/departments/", body, headers={"Idempotency-Key": "k"})
    again = registrar.post("/api/departments", body, headers={"Idempotency-Key": "k"})
    assert (first.status, again.status, again.headers["idempotent-replay"]) == (201, 201, "true")
    assert again.content == first.content


def test_what_signing_in_answers_is_never_kept_under_a_key(
    api: Api, university: University, scene: dict[str, Any]
) -> None:
    enrolled = api.as_("counter").post("/api/auth/otp/enroll/", headers={"Idempotency-Key": "k"})
    assert enrolled.status == 200
    assert university.row("SELECT count(*) FROM idempotency_key") == 0


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_an_unknown_method_is_told_which_there_are(api: Api, scene: dict[str, Any], method: str) -> None:
    refused = api.as_("registrar").request(method, "/api/results/1/")
    assert (refused.status, refused.code) == (405, "request.method_not_allowed")
    assert "GET" in refused.headers["allow"]
    assert refused.json["request_id"]
    assert refused.json["instance"] == "/api/results/1/"


def test_a_body_that_is_refused_is_heard_out_first() -> None:
    """Else the connection is reset under a client that still writes, and it never sees the 413."""
    happened: list[str] = []
    parts = [{"type": "http.request", "body": b"x", "more_body": more} for more in (True, True, False)]

    async def refuse(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 413, "headers": []})

    async def receive() -> Any:
        happened.append("heard")
        return parts.pop(0)

    async def send(message: Any) -> None:
        happened.append("answered")

    scope: Any = {"type": "http", "method": "POST", "state": {}, "headers": [(b"content-length", b"3")]}
    asyncio.run(Frame(refuse, [])(scope, receive, send))
    assert happened == ["heard", "heard", "heard", "answered"]


def test_head_is_get_without_its_body(api: Api, scene: dict[str, Any]) -> None:
    registrar = api.as_("registrar")
    for path in ("/api/hello/", "/api/students/", f"/api/students/{scene['students'][0]}/", "/health/live"):
        got, head = registrar.get(path), registrar.request("HEAD", path)
        assert (got.status, head.status, head.content) == (200, 200, b"")
        assert head.headers["content-type"] == got.headers["content-type"]
    refused = registrar.request("HEAD", "/api/students/999999/")
    assert (refused.status, refused.content) == (404, b"")
    refused = registrar.request("HEAD", "/api/results/publish/")
    assert (refused.status, "POST" in refused.headers["allow"]) == (405, True)


def test_options_names_every_method_of_a_path(api: Api, scene: dict[str, Any]) -> None:
    registrar = api.as_("registrar")
    assert registrar.request("OPTIONS", "/api/students/").headers["allow"] == "GET, HEAD, OPTIONS, POST"
    of_one = registrar.request("OPTIONS", f"/api/students/{scene['students'][0]}/").headers["allow"]
    assert of_one == "DELETE, GET, HEAD, OPTIONS, PATCH"


@pytest.mark.parametrize("written", ["0{}", "+{}", "%D9%A1", "{}.0", "9" * 30, "1_0", "0", "-1"])
def test_an_object_has_one_address(api: Api, scene: dict[str, Any], written: str) -> None:
    path = written.format(scene["students"][0])
    assert api.as_("registrar").get(f"/api/students/{path}/").status == 404


@pytest.mark.parametrize("id", ["0", "-1", str(2**63), "9" * 30, "1_0", "%D9%A1", "1.0", ""])
def test_a_filter_by_an_id_that_is_none_is_a_fault(api: Api, scene: dict[str, Any], id: str) -> None:
    refused = api.as_("registrar").get(f"/api/results/?student_id={id}")
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (400, "?student_id")


@pytest.mark.parametrize(
    "question",
    [
        "terms/?status=",
        "terms/?kind=",
        "students/?status=",
        "registrations/?status=",
        "regulations/?status=",
        "courses/?grading=",
        "sections/?status=",
        "enrollments/?status=",
        "assessments/?type=",
        "assessments/?head=",
        "assessments/?entered_by=",
        "assessment-scores/?mark=",
        "sheets/?state=",
        "results/?state=",
        "results/?outcome=",
        "notifications-of-result/?kind=",
        "pending-changes/?status=",
        "requests/?status=",
        "jobs/?status=",
        "transcripts/issued/?status=",
        "imports/?kind=",
    ],
)
def test_a_filter_by_a_word_that_is_none_says_which_there_are(
    api: Api, scene: dict[str, Any], question: str
) -> None:
    """An empty list would let an integrator believe that there are none."""
    refused = api.as_("registrar").get(f"/api/{question}nonsense")
    assert refused.status == 400
    (fault,) = refused.json["errors"]
    assert fault["pointer"].startswith("?")
    assert "One of: " in fault["detail"]


def test_the_document_says_which_words_a_filter_takes(api: Api) -> None:
    paths = api.anonymous.get("/schema/openapi.json").json["paths"]
    schemas = {p["name"]: p["schema"] for p in paths["/api/terms/"]["get"]["parameters"]}
    assert schemas["status"]["enum"] == ["closed", "open"]
    schemas = {p["name"]: p["schema"] for p in paths["/api/results/"]["get"]["parameters"]}
    assert (schemas["student_id"]["minimum"], schemas["student_id"]["maximum"]) == (1, 2**63 - 1)


@pytest.mark.parametrize("bytes_", ["%FF", "%ED%A0%80", "%C0%80"])
def test_a_question_that_is_not_utf_8_is_a_fault(api: Api, scene: dict[str, Any], bytes_: str) -> None:
    registrar = api.as_("registrar")
    assert registrar.get(f"/api/students/?search={bytes_}").code == "request.invalid"
    assert registrar.get("/api/students/?search=%D8%B1").status == 200


def test_a_copy_known_under_any_of_several_tags_is_not_sent_again(api: Api, scene: dict[str, Any]) -> None:
    registrar, path = api.as_("registrar"), f"/api/terms/{scene['term']}/"
    tag = registrar.get(path).headers["etag"]
    for known in (tag, f'"x", {tag}', f"W/{tag}"):
        assert registrar.get(path, headers={"If-None-Match": known}).status == 304
    assert registrar.get(path, headers={"If-None-Match": '"x"'}).status == 200


def test_a_word_that_is_not_one_of_the_list_is_told_the_list(api: Api, scene: dict[str, Any]) -> None:
    body = {"name": "Winter", "start_date": "2027-01-01", "end_date": "2027-02-01", "kind": "winter"}
    (fault,) = api.as_("registrar").post("/api/terms/", body).json["errors"]
    assert fault["pointer"] == "/kind"
    assert "fall, spring, summer, annual, supplementary" in fault["detail"]
