"""A file is uploaded, previewed by a job, and committed as it was shown."""

from __future__ import annotations

from typing import Any

import pytest

from sims_server.kernel.actor import SYSTEM_CALLER
from sims_server.kernel.jobs import FUNCTIONS, Cancelled, JobRun, run_job
from tests.support.api import Api, Client, Reply
from tests.support.university import University

DEPARTMENTS = "code,name\nCS,Computer Science\nMT,Mathematics\n"


@pytest.fixture
def registrar(api: Api, university: University) -> Client:
    university.setting("security.require_otp", False)
    university.account("registrar", "registrar")
    university.account("admin", "admin")
    university.account("both", "admin", "registrar")
    university.account("accounts", "accounts")
    university.account("faculty", "faculty")
    return api.as_("registrar")


def upload(client: Client, kind: str, content: str) -> Reply:
    return client.post(
        "/api/imports/", files={"file": (f"{kind}.csv", content.encode(), "text/csv")}, data={"kind": kind}
    )


def work_off(api: Api, view: dict[str, Any]) -> None:
    run_job(api.database, api.data, view["job_id"])


def test_preview_then_commit(api: Api, registrar: Client, university: University) -> None:
    uploaded = upload(registrar, "departments", DEPARTMENTS)
    assert uploaded.status == 201
    assert uploaded.json["status"] == "uploaded"
    work_off(api, uploaded.json)
    shown = registrar.get(f"/api/imports/{uploaded.json['id']}/").json
    assert (shown["status"], shown["counts"]["new"], shown["faults"]) == ("previewed", 2, [])
    rows = registrar.get(shown["rows"]).json
    assert [(row["row"], row["fate"], row["cells"]["code"]) for row in rows["results"]] == [
        (2, "new", "CS"),
        (3, "new", "MT"),
    ]
    assert university.row("SELECT count(*) FROM department") == 0
    asked = registrar.post(f"/api/imports/{shown['id']}/commit/", {"plan_hash": shown["plan_hash"]})
    assert asked.status == 202
    work_off(api, asked.json)
    assert registrar.get(f"/api/imports/{shown['id']}/").json["status"] == "committed"
    assert university.row("SELECT count(*) FROM department") == 2
    assert university.row("SELECT DISTINCT actor_name FROM audit WHERE entity = 'department'") == "Registrar"
    assert (
        registrar.post(f"/api/imports/{shown['id']}/commit/", {"plan_hash": shown["plan_hash"]}).code
        == "imports.already_committed"
    )


def test_a_commit_that_is_cancelled_under_way_leaves_nothing_and_can_be_asked_for_again(
    api: Api, registrar: Client, university: University
) -> None:
    uploaded = upload(registrar, "departments", DEPARTMENTS).json
    work_off(api, uploaded)
    path = f"/api/imports/{uploaded['id']}/"
    plan = {"plan_hash": registrar.get(path).json["plan_hash"]}
    asked = registrar.post(f"{path}commit/", plan).json
    # The cancel comes between the start of the job and its first word of progress.
    university.run("UPDATE job SET cancel_asked = true WHERE id = %(id)s", id=asked["job_id"])
    run = JobRun(
        asked["job_id"],
        "imports.commit",
        {"import_id": uploaded["id"], **plan},
        SYSTEM_CALLER,
        api.database,
        api.data,
    )
    with pytest.raises(Cancelled):
        FUNCTIONS["imports.commit"](run)
    assert university.row("SELECT count(*) FROM department") == 0
    again = registrar.post(f"{path}commit/", plan).json
    work_off(api, again)
    done = registrar.get(f"/api/jobs/{again['job_id']}/").json
    assert (done["status"], done["progress"]) == ("done", {"done": 2, "total": 2})
    assert registrar.get(path).json["status"] == "committed"


def test_a_plan_that_no_longer_holds_is_stale(api: Api, registrar: Client, university: University) -> None:
    uploaded = upload(registrar, "departments", DEPARTMENTS).json
    work_off(api, uploaded)
    plan_hash = registrar.get(f"/api/imports/{uploaded['id']}/").json["plan_hash"]
    university.department("CS")
    refused = registrar.post(f"/api/imports/{uploaded['id']}/commit/", {"plan_hash": plan_hash})
    assert (refused.status, refused.code) == (409, "imports.stale")
    assert (
        registrar.post(f"/api/imports/{uploaded['id']}/commit/", {"plan_hash": "0" * 64}).code
        == "imports.stale"
    )
    assert university.row("SELECT count(*) FROM department") == 1


def test_a_faulty_file_cannot_be_committed(api: Api, registrar: Client) -> None:
    uploaded = upload(registrar, "programs", "code,name,department_code\nBSCS,BS,CS\n").json
    work_off(api, uploaded)
    shown = registrar.get(f"/api/imports/{uploaded['id']}/").json
    assert shown["status"] == "faulty"
    assert [fault["pointer"] for fault in shown["faults"]] == ["row 2, column department_code"]
    refused = registrar.post(f"/api/imports/{shown['id']}/commit/", {"plan_hash": shown["plan_hash"]})
    assert (refused.status, refused.code) == (409, "imports.faulty")


def test_a_file_that_is_still_being_read_cannot_be_committed(registrar: Client) -> None:
    uploaded = upload(registrar, "departments", "code,name\nCS,Computing\n").json
    refused = registrar.post(f"/api/imports/{uploaded['id']}/commit/", {"plan_hash": "0" * 64})
    assert (refused.status, refused.code) == (409, "imports.not_previewed")


def test_a_header_at_fault_is_a_fault_of_the_import(api: Api, registrar: Client) -> None:
    uploaded = upload(registrar, "programs", "code\nBSCS\n").json
    work_off(api, uploaded)
    shown = registrar.get(f"/api/imports/{uploaded['id']}/").json
    assert {fault["pointer"] for fault in shown["faults"]} == {
        "row 1, column name",
        "row 1, column department_code",
    }


def test_only_who_may_write_a_kind_may_import_it(api: Api, registrar: Client) -> None:
    assert upload(api.anonymous, "departments", DEPARTMENTS).status == 401
    assert upload(api.as_("faculty"), "departments", DEPARTMENTS).status == 403
    assert upload(registrar, "accounts", "username,name\nsomebody,Some Body\n").status == 403
    assert upload(api.as_("admin"), "scores", "reg_no\n1\n").status == 403
    assert upload(api.as_("accounts"), "holds", "reg_no\n1\n").status == 201
    assert upload(api.as_("accounts"), "students", "reg_no\n1\n").status == 403
    assert api.as_("accounts").get("/api/imports/?count=true").json["count"] == 1
    assert upload(api.as_("registrar"), "accounts", "username,name\nsomebody,Some Body\n").status == 403
    assert upload(api.as_("admin"), "accounts", "username,name\nsomebody,Some Body\n").status == 201
    assert upload(api.as_("both"), "accounts", "username,name\nsomebody,Some Body\n").status == 201


def test_bad_uploads_are_refused(registrar: Client) -> None:
    assert upload(registrar, "regulations", "a\n").code == "imports.kind_not_offered"
    assert registrar.post("/api/imports/", files={"file": ("x.csv", b"a", "text/csv")}).status == 400
    assert registrar.get("/api/imports/999/").status == 404
    assert registrar.post("/api/imports/999/commit/", {"plan_hash": "x"}).status == 404
    assert registrar.get("/api/imports/?count=true").json["count"] == 0


def test_a_password_is_not_shown_in_the_preview(api: Api, registrar: Client) -> None:
    admin = api.as_("both")
    uploaded = upload(
        admin, "accounts", "username,name,password\nsomebody,Some Body,a long secret here\n"
    ).json
    work_off(api, uploaded)
    assert b"secret" not in admin.get(f"/api/imports/{uploaded['id']}/rows/").content
