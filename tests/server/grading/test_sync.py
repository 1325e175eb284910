"""The server's side of the off-line protocol, rule by rule (4a to 4f), and who may push at all."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from sims_shared.merge import NEVER, Cell, digest_of
from tests.server.grading.pushing import CLIENT, Device
from tests.support.api import Api
from tests.support.university import University

Scene = dict[str, Any]


@pytest.fixture
def scene(university: University) -> Scene:
    return university.stand(students=3)


@pytest.fixture
def device(api: Api, scene: Scene) -> Device:
    """The lead's."""
    return Device(api.as_("faculty"), scene["section"])


@pytest.fixture
def other(api: Api, scene: Scene) -> Device:
    """The second teacher's."""
    return Device(api.as_("faculty2"), scene["section"], CLIENT.format(2))


@pytest.fixture
def cell(scene: Scene) -> tuple[int, int]:
    return scene["enrollments"][0], scene["assessments"][0]


def digest_from_rows(university: University) -> str:
    rows = university.rows(
        "SELECT p.enrollment_id, p.assessment_id, p.version, p.mark, p.score FROM assessment_score p "
        "JOIN enrollment e ON e.id = p.enrollment_id WHERE e.status <> 'dropped'"
    )
    return digest_of(
        ((row["enrollment_id"], row["assessment_id"]), Cell(row["mark"], row["score"], row["version"]))
        for row in rows
    )


def count(university: University, table: str) -> int:
    return int(university.row(f"SELECT count(*) FROM {table}"))


# -- 4a: receipts and devices ----------------------------------------------------------------------


def test_4a_the_same_batch_again_is_answered_as_before_and_writes_nothing(
    device: Device, university: University, cell: tuple[int, int]
) -> None:
    first = device.push(device.op(*cell, 0, "scored", "12.50"))
    again = device.send(device.sealed[1])
    assert first.json["outcomes"] == again.json["outcomes"]
    assert first.json["rev"] == again.json["rev"]
    assert count(university, "assessment_score_version") == 1
    assert count(university, "sync_receipt") == 1


def test_4a_a_very_late_duplicate_is_answered_as_it_was_then(device: Device, cell: tuple[int, int]) -> None:
    first = device.push(device.op(*cell, 0, "scored", "12.50")).json["outcomes"]
    device.write(*cell, 1, "absent")
    late = device.send(device.sealed[1])
    assert late.json["outcomes"] == first
    assert late.json["outcomes"][0]["ver"] == 1


def test_4a_the_same_number_with_another_body_is_refused(device: Device, cell: tuple[int, int]) -> None:
    device.write(*cell, 0, "scored", "12.50")
    answer = device.send(device.seal(device.op(*cell, 1, "absent"), mid=1))
    assert (answer.status, answer.code) == (409, "sync.mutation_reused")


def test_4a_a_device_belongs_to_who_used_it_first(
    device: Device, other: Device, university: University, cell: tuple[int, int]
) -> None:
    device.write(*cell, 0, "scored", "12.50")
    other.client_id = device.client_id
    answer = other.push(other.op(*cell, 1, "absent"))
    assert (answer.status, answer.code) == (403, "sync.device_of_another")
    assert count(university, "assessment_score_version") == 1


# -- 4b: no gaps -----------------------------------------------------------------------------------


@pytest.mark.parametrize("mid", [2, 7])
def test_4b_a_gap_is_refused(device: Device, cell: tuple[int, int], mid: int) -> None:
    answer = device.send(device.seal(device.op(*cell, 0, "absent"), mid=mid))
    assert (answer.status, answer.code) == (409, "sync.gap")


def test_4b_numbers_count_per_device_and_sheet(
    device: Device, other: Device, university: University, scene: Scene, cell: tuple[int, int]
) -> None:
    device.write(*cell, 0, "absent")
    assert other.write(*cell, 1, "excused")["outcome"] == "applied"
    second = university.section(
        university.course(scene["department"]), scene["term"], staff=[scene["faculty"]]
    )
    same_device = Device(device.client, second, device.client_id)
    assert same_device.push().status == 200


# -- 4c: rev ---------------------------------------------------------------------------------------


def test_4c_the_rev_moves_once_with_many_cells_and_not_with_none(device: Device, scene: Scene) -> None:
    before = device.push().json["rev"]
    ops = [
        device.op(enrollment, assessment, 0, "scored", "1")
        for enrollment in scene["enrollments"]
        for assessment in scene["assessments"]
    ]
    after = device.push(*ops).json
    assert after["rev"] == before + 1
    same = device.push(device.op(scene["enrollments"][0], scene["assessments"][0], 0, "scored", "1"))
    assert same.json["outcomes"][0]["outcome"] == "same"
    assert same.json["rev"] == before + 1


def test_4c_a_single_post_an_import_and_psql_move_the_rev_too(
    device: Device, api: Api, university: University, scene: Scene
) -> None:
    rev = device.push().json["rev"]
    body = {
        "assessment_id": scene["assessments"][0],
        "student_id": scene["students"][0],
        "mark": "scored",
        "score": "5",
    }
    assert api.as_("faculty2").post("/api/assessment-scores/", body).status == 201
    assert device.push().json["rev"] == rev + 1
    university.score(scene["enrollments"][1], scene["assessments"][0], 7)
    university.run(
        "UPDATE assessment SET due_date = '2026-12-01' WHERE id = %(id)s", id=scene["assessments"][0]
    )
    university.run(
        "UPDATE enrollment SET status = 'dropped', ended_at = now() WHERE id = %(id)s",
        id=scene["enrollments"][2],
    )
    assert device.push().json["rev"] == rev + 4


# -- 4d: judged now --------------------------------------------------------------------------------


def rejected(outcome: dict[str, Any]) -> str:
    assert outcome["outcome"] == "rejected"
    code: str = outcome["code"]
    return code


def test_4d_a_closed_sheet_rejects_every_edit(
    device: Device, api: Api, scene: Scene, cell: tuple[int, int]
) -> None:
    device.write(*cell, 0, "scored", "12")
    rev = device.push().json["rev"]
    assert api.as_("faculty").post(f"/api/sheets/{scene['section']}/submit/", {"rev": rev}).status == 200
    outcome = device.write(*cell, 1, "absent")
    assert rejected(outcome) == "sync.sheet_closed"
    assert (outcome["ver"], outcome["score"]) == (1, "12.00")


def test_4d_who_no_longer_teaches_is_answered_and_rejected(
    device: Device, university: University, scene: Scene, cell: tuple[int, int]
) -> None:
    device.write(*cell, 0, "scored", "12")
    university.run("UPDATE section_staff SET until = now() WHERE account_id = %(id)s", id=scene["faculty"])
    outcome = device.write(*cell, 1, "absent")
    assert rejected(outcome) == "sync.not_teaching"
    assert (outcome["ver"], outcome["mark"], outcome["score"]) == (None, None, None)
    assert device.client.get(f"/api/sheets/{scene['section']}/").status == 404


def test_4d_who_never_taught_finds_no_sheet(api: Api, scene: Scene, cell: tuple[int, int]) -> None:
    for username in ("stranger", "examcell"):
        stranger = Device(api.as_(username), scene["section"], CLIENT.format(3))
        assert stranger.push(stranger.op(*cell, 0, "absent")).status == 404
    registrar = Device(api.as_("registrar"), scene["section"], CLIENT.format(4))
    assert registrar.push().status == 403


def test_4d_a_student_who_left_is_not_on_the_roster(
    device: Device, university: University, cell: tuple[int, int]
) -> None:
    device.write(*cell, 0, "scored", "12")
    university.run("UPDATE enrollment SET status = 'dropped', ended_at = now() WHERE id = %(id)s", id=cell[0])
    outcome = device.write(*cell, 1, "absent")
    assert rejected(outcome) == "sync.not_on_roster"
    assert outcome["ver"] is None


@pytest.mark.parametrize("status", ["withdrawn", "barred"])
def test_4d_a_withdrawn_or_barred_row_is_closed(
    device: Device, university: University, cell: tuple[int, int], status: str
) -> None:
    university.run(
        "UPDATE enrollment SET status = %(s)s, ended_at = now() WHERE id = %(id)s", s=status, id=cell[0]
    )
    assert rejected(device.write(*cell, 0, "absent")) == "sync.row_closed"


def test_4d_a_locked_assessment_and_one_of_the_exam_cell_are_rejected(
    device: Device, university: University, cell: tuple[int, int], scene: Scene
) -> None:
    university.run("UPDATE assessment SET locked_at = now() WHERE id = %(id)s", id=cell[1])
    assert rejected(device.write(*cell, 0, "absent")) == "sync.assessment_locked"
    theirs = scene["assessments"][2]
    university.run("UPDATE assessment SET entered_by = 'exam_cell' WHERE id = %(id)s", id=theirs)
    assert rejected(device.write(cell[0], theirs, 0, "absent")) == "sync.not_yours"


def test_4d_an_enrollment_and_an_assessment_of_elsewhere_are_rejected(
    device: Device, cell: tuple[int, int]
) -> None:
    assert rejected(device.write(999, cell[1], 0, "absent")) == "sync.not_on_roster"
    assert rejected(device.write(cell[0], 999, 0, "absent")) == "sync.no_such_assessment"


# -- 4e: cell by cell ------------------------------------------------------------------------------


def test_4e_what_stands_on_the_present_version_is_applied(
    device: Device, university: University, cell: tuple[int, int], scene: Scene
) -> None:
    outcome = device.write(*cell, 0, "scored", "12.5")
    assert outcome["outcome"] == "applied"
    assert (outcome["ver"], outcome["mark"], outcome["score"]) == (1, "scored", "12.50")
    assert outcome["by"] == {"id": scene["faculty"], "name": "Faculty"}
    version = university.rows("SELECT * FROM assessment_score_version")[0]
    assert str(version["client_id"]) == device.client_id
    assert version["by_account_id"] == scene["faculty"]
    shown = device.client.get(f"/api/sheets/{scene['section']}/").json["rows"][0]["cells"][str(cell[1])]
    assert shown["at"] == outcome["at"]


def test_4e_the_same_value_from_another_base_is_the_same(
    device: Device, other: Device, university: University, cell: tuple[int, int]
) -> None:
    device.write(*cell, 0, "scored", "12.50")
    assert other.write(*cell, 0, "scored", "12.5")["outcome"] == "same"
    assert count(university, "assessment_score_version") == 1


def test_4e_another_value_from_another_base_is_a_conflict_and_changes_nothing(
    device: Device, other: Device, university: University, cell: tuple[int, int], scene: Scene
) -> None:
    device.write(*cell, 0, "scored", "10")
    device.write(*cell, 1, "scored", "12")
    outcome = other.write(*cell, 1, "absent")
    assert outcome["outcome"] == "conflict"
    assert (outcome["ver"], outcome["score"], outcome["by"]["name"]) == (2, "12.00", "Faculty")
    recorded = university.rows("SELECT * FROM sync_conflict")[0]
    assert (recorded["base_version"], recorded["base_score"]) == (1, Decimal("10.00"))
    assert (recorded["cell_version"], recorded["their_score"]) == (2, Decimal("12.00"))
    assert (recorded["their_account_id"], recorded["my_account_id"]) == (scene["faculty"], scene["faculty2"])
    assert (recorded["my_mark"], recorded["my_score"]) == ("absent", None)
    assert other.write(*cell, 2, "absent")["outcome"] == "applied"


def test_4e_an_invalid_value_is_rejected_and_fails_nothing_else(
    device: Device, scene: Scene, cell: tuple[int, int]
) -> None:
    wrong: list[tuple[Any, Any, str]] = [
        ("scored", "20.01", "sync.score_out_of_range"),
        ("scored", "-1", "sync.score_out_of_range"),
        ("scored", "1.005", "sync.score_malformed"),
        ("scored", "1e1", "sync.score_malformed"),
        ("scored", "NaN", "sync.score_malformed"),
        ("scored", "١٢", "sync.score_malformed"),
        ("scored", None, "sync.score_missing"),
        ("absent", "5", "sync.score_not_allowed"),
        (None, "5", "sync.score_not_allowed"),
        ("asleep", None, "sync.unknown_mark"),
        ({"deep": [1]}, [None], "sync.unknown_mark"),
    ]
    good = device.op(*cell, 0, "scored", "20")
    ops = [device.op(scene["enrollments"][1], cell[1], 0, mark, score) for mark, score, _ in wrong]
    answer = device.push(*ops, good).json["outcomes"]
    assert [outcome["code"] for outcome in answer[:-1]] == [code for _, _, code in wrong]
    assert answer[-1]["outcome"] == "applied"


def test_4e_a_blank_is_a_value_and_its_version_goes_on(
    device: Device, university: University, cell: tuple[int, int]
) -> None:
    device.write(*cell, 0, "scored", "12")
    assert device.write(*cell, 1, None)["ver"] == 2
    assert device.write(*cell, 0, "scored", "3")["outcome"] == "conflict"
    assert device.write(*cell, 2, "scored", "3")["ver"] == 3
    assert count(university, "assessment_score") == 1


def test_4e_two_edits_of_a_cell_in_one_batch_write_it_once(
    device: Device, university: University, cell: tuple[int, int]
) -> None:
    answer = device.push(device.op(*cell, 0, "scored", "1"), device.op(*cell, 0, "scored", "2"))
    assert [outcome["outcome"] for outcome in answer.json["outcomes"]] == ["applied", "conflict"]
    assert count(university, "assessment_score_version") == 1


# -- 4f: receipt, answer, digest -------------------------------------------------------------------


def test_4f_the_receipt_holds_what_was_answered(
    device: Device, university: University, cell: tuple[int, int], scene: Scene
) -> None:
    answer = device.push(device.op(*cell, 0, "scored", "12"), device.op(999, 999, 0, "absent"))
    receipt = university.rows("SELECT * FROM sync_receipt")[0]
    assert (receipt["mid"], receipt["account_id"], receipt["section_id"]) == (
        1,
        scene["faculty"],
        scene["section"],
    )

    assert json.loads(bytes(receipt["outcome"])) == answer.json["outcomes"]


def test_4f_every_edit_has_one_outcome_in_order(device: Device, scene: Scene) -> None:
    ops = [device.op(enrollment, scene["assessments"][0], 0, "absent") for enrollment in scene["enrollments"]]
    answer = device.push(*ops, {**ops[0], "edit_id": 77, "base_ver": 5})
    assert [outcome["edit_id"] for outcome in answer.json["outcomes"]] == [*(op["edit_id"] for op in ops), 77]


def test_4f_the_digest_is_that_of_the_rows_after_every_kind_of_write(
    device: Device, university: University, scene: Scene, cell: tuple[int, int]
) -> None:
    def now() -> str:
        digest: str = device.push().json["digest"]
        assert digest == digest_from_rows(university)
        return digest

    seen = {now()}
    device.push(
        *[device.op(e, a, 0, "scored", "7.25") for e in scene["enrollments"] for a in scene["assessments"]]
    )
    seen.add(now())
    device.write(*cell, 1, None)
    seen.add(now())
    university.run(
        "UPDATE assessment_score SET mark = 'absent', score = NULL WHERE assessment_id = %(a)s", a=cell[1]
    )
    seen.add(now())
    university.run("UPDATE enrollment SET status = 'dropped', ended_at = now() WHERE id = %(e)s", e=cell[0])
    seen.add(now())
    university.run("UPDATE enrollment SET status = 'enrolled', ended_at = NULL WHERE id = %(e)s", e=cell[0])
    seen.add(now())
    assert len(seen) == 5  # coming back brings the digest of before the drop back


def test_a_digest_of_nothing_is_zero(device: Device) -> None:
    assert device.push().json["digest"] == "0" * 64
    assert digest_of([((1, 1), NEVER)]) == "0" * 64


# -- The frame -------------------------------------------------------------------------------------


def test_every_fault_of_a_batch_is_listed(device: Device) -> None:
    answer = device.send({"client_id": "mine", "mid": 0, "ops": [{"edit_id": 1}, 7], "who": "me"})
    assert answer.status == 400
    assert {"/client_id", "/protocol", "/ops/0", "/ops/1", "/who"} <= {
        fault["pointer"] for fault in answer.json["errors"]
    }


def test_a_protocol_of_tomorrow_is_refused(device: Device) -> None:
    batch = device.seal()
    assert device.send({**batch, "protocol": 99}).code == "sync.protocol_unsupported"


def test_a_batch_carries_5000_edits_and_no_more(device: Device, cell: tuple[int, int]) -> None:
    answer = device.push(*[device.op(*cell, 0, "absent") for _ in range(5_001)])
    assert (answer.status, answer.code) == (413, "sync.batch_too_large")


def test_nonsense_is_a_400_and_never_a_500(device: Device) -> None:
    for body in (b"", b"[]", b"{", b"[" * 5_000, b'{"mid": NaN}', b"\xff\xfe"):
        answer = device.client.post(f"/api/sheets/{device.section}/sync/", content=body)
        assert answer.status == 400, body
        assert answer.json["errors"], body


def test_ten_megabytes_are_too_large(device: Device) -> None:
    answer = device.client.post(f"/api/sheets/{device.section}/sync/", content=b"x" * 10_000_000)
    assert answer.status == 413


def test_after_a_restore_versions_lie_above_every_version_handed_out(
    device: Device, university: University, database_url: Any, cell: tuple[int, int]
) -> None:
    import psycopg

    device.write(*cell, 0, "scored", "12")
    with psycopg.connect(database_url.owner_url) as owner:
        owner.execute("UPDATE system SET version_floor = 1000000, epoch = gen_random_uuid()")
    assert device.write(*cell, 1, "scored", "13")["ver"] == 1_000_001
    assert device.push().json["digest"] == digest_from_rows(university)


def test_the_name_of_an_edit_cannot_break_the_server(device: Device, cell: tuple[int, int]) -> None:
    device.write(*cell, 0, "scored", "1")
    odd: list[Any] = ["\u0000", "a\u0000b", "\ud800", 2**63, 10**30, "x" * 65, "", None, True, 1.5]
    for name in odd:
        batch = device.seal({**device.op(*cell, 0, "absent"), "edit_id": name}, mid=2)
        answer = device.client.post(f"/api/sheets/{device.section}/sync/", content=json.dumps(batch).encode())
        assert answer.status == 400, name


def test_a_device_with_a_line_break_in_its_name_is_refused(device: Device, scene: Scene) -> None:
    client_id = device.client_id + "\n"
    assert device.send({**device.seal(), "client_id": client_id}).status == 400
    beat = f"/api/sheets/{scene['section']}/changes/?since=0&client_id={device.client_id}%0A"
    assert device.client.get(beat).status == 400
    numbers = f"/api/sheets/{scene['section']}/changes/?client_id={device.client_id}&since="
    assert device.client.get(f"{numbers}{2**63}").status == 200
    assert device.client.get(f"{numbers}0&pending={10**18}").status == 400


def test_values_of_any_kind_are_answered_edit_by_edit(device: Device, cell: tuple[int, int]) -> None:
    odd: list[Any] = ["\u0000", 10**400, "9" * 500, {"a": {}}, [[]], True, 1.5, -0.0, "1e400", ""]
    answer = device.push(*[device.op(*cell, 0, mark, score) for score in odd for mark in ("scored", score)])
    assert answer.status == 200
    assert len(answer.json["outcomes"]) == 2 * len(odd)
    assert "conflict" not in {outcome["outcome"] for outcome in answer.json["outcomes"][:12]}


def test_a_base_of_any_size_is_only_a_conflict(device: Device, cell: tuple[int, int]) -> None:
    device.write(*cell, 0, "scored", "1")
    assert device.write(*cell, 2**62, "absent")["outcome"] == "conflict"
