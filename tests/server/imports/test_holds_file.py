"""The accounts office's daily file: whoever owes is held, whoever is no longer listed is free again."""

from __future__ import annotations

from typing import Any

import pytest

from sims_server.kernel.jobs import run_job
from tests.support.api import Api, Client
from tests.support.university import University

OPEN = (
    "SELECT r.reg_no, h.kind, h.amount::text AS amount, h.reason, p.name AS by FROM hold h "
    "JOIN registration r ON r.student_id = h.student_id LEFT JOIN account p ON p.id = h.placed_by "
    "WHERE h.lifted_at IS NULL ORDER BY 1, 2"
)


@pytest.fixture
def desk(api: Api, university: University) -> Client:
    scene = university.stand(students=4)
    for student, kind, amount in ((0, "fee", 500), (1, "fee", 700), (2, "library", None)):
        university.insert(
            "hold", student_id=scene["students"][student], kind=kind, blocks=["transcript"], reason="owed",
            amount=amount, placed_by=scene["registrar"],
        )  # fmt: skip
    return api.as_("accounts")


def preview(api: Api, client: Client, content: str, **more: str) -> dict[str, Any]:
    made = client.post(
        "/api/imports/", files={"file": ("dues.csv", content.encode())}, data={"kind": "holds", **more}
    )
    assert made.status == 201, made.content
    run_job(api.database, api.data, made.json["job_id"])
    shown: dict[str, Any] = client.get(f"/api/imports/{made.json['id']}/").json
    return shown


def commit(api: Api, client: Client, shown: dict[str, Any]) -> None:
    asked = client.post(f"/api/imports/{shown['id']}/commit/", {"plan_hash": shown["plan_hash"]})
    assert asked.status == 202, asked.content
    run_job(api.database, api.data, asked.json["job_id"])
    assert client.get(f"/api/imports/{shown['id']}/").json["status"] == "committed"


@pytest.mark.parametrize("said", ["in the form", "in the file"])
def test_a_complete_file_places_updates_and_lifts_fee_holds(
    api: Api, desk: Client, university: University, said: str
) -> None:
    if said == "in the form":
        content, more = (
            "reg_no,amount,reason\n2024-CS-0001,650,\n2024-CS-0004,80.50,Lab fee\n",
            {"complete": "true"},
        )
    else:
        content = "reg_no,amount,reason,complete\n2024-CS-0001,650,,yes\n2024-CS-0004,80.50,Lab fee,\n"
        more = {}
    shown = preview(api, desk, content, **more)
    counts = shown["counts"]
    assert (counts["rows"], counts["new"], counts["changed"], counts["lifted"]) == (2, 1, 1, 1)
    rows = desk.get(shown["rows"]).json["results"]
    assert [(row["fate"], row["cells"]["reg_no"]) for row in rows] == [
        ("changed", "2024-CS-0001"),
        ("new", "2024-CS-0004"),
        ("lifted", "2024-CS-0002"),
    ]
    assert rows[0]["changes"] == {"amount": [500.0, 650.0]} or rows[0]["changes"] == {"amount": [500, 650]}
    commit(api, desk, shown)
    assert university.rows(OPEN) == [
        {"reg_no": "2024-CS-0001", "kind": "fee", "amount": "650.00", "reason": "owed", "by": "Registrar"},
        {"reg_no": "2024-CS-0003", "kind": "library", "amount": None, "reason": "owed", "by": "Registrar"},
        {"reg_no": "2024-CS-0004", "kind": "fee", "amount": "80.50", "reason": "Lab fee", "by": "Accounts"},
    ]
    lifted = university.rows("SELECT lift_reason, lifted_by FROM hold WHERE lifted_at IS NOT NULL")
    assert lifted == [
        {"lift_reason": "No longer listed in dues.csv", "lifted_by": university.ids["accounts"]}
    ]
    assert university.row("SELECT count(*) FROM audit WHERE entity = 'hold' AND actor_name = 'Accounts'") == 3


def test_a_file_that_does_not_say_so_lifts_nothing(api: Api, desk: Client, university: University) -> None:
    commit(api, desk, preview(api, desk, "reg_no,amount\n2024-CS-0004,80\n"))
    assert university.row("SELECT count(*) FROM hold WHERE lifted_at IS NOT NULL") == 0


def test_everybody_has_paid(api: Api, desk: Client, university: University) -> None:
    shown = preview(api, desk, "reg_no,amount\n", complete="true")
    assert shown["counts"]["lifted"] == 2
    commit(api, desk, shown)
    assert [row["kind"] for row in university.rows(OPEN)] == ["library"]


def test_a_hold_paid_at_the_window_meanwhile_makes_the_plan_stale(
    api: Api, desk: Client, university: University
) -> None:
    shown = preview(api, desk, "reg_no,amount\n2024-CS-0001,650\n", complete="true")
    university.run("UPDATE hold SET lifted_at = now(), lift_reason = 'paid' WHERE amount = 700")
    refused = desk.post(f"/api/imports/{shown['id']}/commit/", {"plan_hash": shown["plan_hash"]})
    assert (refused.status, refused.code) == (409, "imports.stale")


def test_a_faulty_file_lifts_nobody(api: Api, desk: Client, university: University) -> None:
    shown = preview(
        api,
        desk,
        "reg_no,amount,kind\n2024-CS-0009,650,\n2024-CS-0001,0,\n2024-CS-0002,5,library\n2024-CS-0003,5,x\n",
        complete="true",
    )
    assert [(fault["pointer"], fault["code"]) for fault in shown["faults"]] == [
        ("row 2, column reg_no", "unknown"),
        ("row 3, column amount", "out_of_range"),
        ("row 4, column kind", "not_yours"),
        ("row 4, column reason", "missing"),
        ("row 5, column kind", "unknown"),
        ("row 5, column reason", "missing"),
    ]
    refused = desk.post(f"/api/imports/{shown['id']}/commit/", {"plan_hash": shown["plan_hash"]})
    assert (refused.status, refused.code) == (409, "imports.faulty")
    assert len(university.rows(OPEN)) == 3


def test_only_holds_can_be_complete(api: Api, desk: Client) -> None:
    registrar = api.as_("registrar")
    for kind, complete in (("students", "true"), ("holds", "perhaps")):
        refused = registrar.post(
            "/api/imports/", files={"file": ("x.csv", b"a\n")}, data={"kind": kind, "complete": complete}
        )
        assert refused.status == 400
        assert refused.json["errors"][0]["pointer"] == "/complete"


def test_a_complete_file_is_undone_with_those_it_lifted(
    api: Api, desk: Client, university: University
) -> None:
    before = university.rows(OPEN)
    shown = preview(api, desk, "reg_no,amount\n2024-CS-0001,650\n2024-CS-0004,80\n", complete="true")
    commit(api, desk, shown)
    assert desk.post(f"/api/imports/{shown['id']}/undo/").status == 200
    assert university.rows(OPEN) == before
