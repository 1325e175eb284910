"""What a client is told of an import: where it is, and that another plan is a stale one."""

from __future__ import annotations

from sims_server.kernel.jobs import run_job
from tests.support.api import Api
from tests.support.university import University


def test_an_upload_says_where_the_import_is(api: Api, university: University) -> None:
    university.stand()
    registrar = api.as_("registrar")
    file = ("departments.csv", b"code,name\nPHY,Physics\n", "text/csv")
    made = registrar.post("/api/imports/", files={"file": file}, data={"kind": "departments"})
    assert made.status == 201
    assert registrar.get(made.headers["location"]).json["id"] == made.json["id"]


def test_any_other_plan_is_a_stale_one_however_it_is_written(api: Api, university: University) -> None:
    university.stand()
    registrar = api.as_("registrar")
    file = ("departments.csv", b"code,name\nPHY,Physics\n", "text/csv")
    made = registrar.post("/api/imports/", files={"file": file}, data={"kind": "departments"}).json
    run_job(api.database, api.data, made["job_id"])
    refused = registrar.post(f"/api/imports/{made['id']}/commit/", {"plan_hash": "not this plan"})
    assert (refused.status, refused.code) == (409, "imports.stale")
