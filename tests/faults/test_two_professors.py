"""The same cell, written by two, both off line; by one off line while a POST, an import or psql writes it; by
one person on a copied profile. Real stores, client, handlers and PostgreSQL: both values stay on record."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sims_desktop.client.http import Client
from sims_desktop.client.late_marks import request_changes
from sims_desktop.client.sheets import SheetCalls
from sims_desktop.offline import upgrades
from sims_desktop.offline.exchange import Exchange
from sims_desktop.offline.store import SheetStore
from sims_desktop.offline.sync import sync_once
from sims_server.imports.operations import import_file
from tests.support.api import Api
from tests.support.database import TestDatabase
from tests.support.full_stack import InProcess
from tests.support.university import PASSWORD, University

KEY = "9d" * 32
Scene = dict[str, Any]


class Professor:
    """A person at a computer that may have the wrong time."""

    def __init__(self, api: Api, username: str, path: Path, clock_off_by: timedelta = timedelta()) -> None:
        if not path.exists():
            upgrades.prepare(path, KEY)
        self.path = path
        self.store = SheetStore(path, KEY, now=lambda: datetime.now(UTC) + clock_off_by)
        self.client = Client("http://in.process", transport=InProcess(api.client.app))
        self.client.sign_in(username, PASSWORD)
        self.calls = SheetCalls(self.client)
        self.exchange = Exchange(self.store, self.calls)

    def sync(self) -> None:
        assert sync_once(self.store, self.calls, self.exchange) == []

    def close(self) -> None:
        self.store.close()
        self.client.close()


Seat = Callable[..., Professor]


@pytest.fixture
def scene(university: University) -> Scene:
    return university.stand(students=4)


@pytest.fixture
def seat(api: Api, scene: Scene, tmp_path: Path) -> Iterator[Seat]:
    seated: list[Professor] = []

    def sit(username: str, name: str, **more: Any) -> Professor:
        professor = Professor(api, username, tmp_path / f"{name}.db", **more)
        seated.append(professor)
        return professor

    yield sit
    for professor in seated:
        professor.close()


def cell_of(scene: Scene) -> tuple[int, int]:
    return scene["enrollments"][0], scene["assessments"][1]  # the midterm, of 50


def written(university: University, scene: Scene) -> list[tuple[int, Decimal, int | None]]:
    """Every version of the cell: number, score, author."""
    enrollment, assessment = cell_of(scene)
    return [
        (row["version"], row["score"], row["by_account_id"])
        for row in university.rows(
            "SELECT version, score, by_account_id FROM assessment_score_version"
            " WHERE enrollment_id = %(e)s AND assessment_id = %(a)s ORDER BY version",
            e=enrollment,
            a=assessment,
        )
    ]


@pytest.mark.parametrize("wrong", [timedelta(days=-3), timedelta(days=3)], ids=["behind", "ahead"])
def test_two_professors_off_line_in_the_same_cell_with_one_clock_three_days_wrong(
    seat: Seat, scene: Scene, university: University, wrong: timedelta
) -> None:
    amina, bilal = seat("faculty", "amina"), seat("faculty2", "bilal", clock_off_by=wrong)
    amina.sync()
    bilal.sync()
    key = cell_of(scene)
    bilal.store.edit(scene["section"], [(*key, "scored", Decimal(41))])
    amina.store.edit(scene["section"], [(*key, "scored", Decimal(32))])
    amina.sync()
    bilal.sync()

    assert written(university, scene) == [(1, Decimal("32.00"), scene["faculty"])]  # nothing overwritten
    (conflict,) = bilal.store.conflicts()
    assert (conflict.base.ver, conflict.mine.score, conflict.theirs.score) == (0, Decimal(41), Decimal(32))
    assert conflict.theirs.by is not None
    assert conflict.theirs.by.name == "Faculty"
    assert conflict.theirs.at is not None
    assert abs(conflict.theirs.at - datetime.now(UTC)) < timedelta(hours=1)  # the server's time
    (record,) = university.rows(
        "SELECT my_score, my_account_id, their_score, their_account_id FROM sync_conflict"
    )
    assert record == {
        "my_score": Decimal(41),
        "my_account_id": scene["faculty2"],
        "their_score": Decimal(32),
        "their_account_id": scene["faculty"],
    }
    bilal.store.keep_mine(scene["section"], [(conflict.key, conflict.seen_ver)])
    bilal.sync()
    amina.sync()
    assert written(university, scene) == [
        (1, Decimal("32.00"), scene["faculty"]),
        (2, Decimal("41.00"), scene["faculty2"]),
    ]
    assert amina.store.cells(scene["section"], [key])[key].score == 41


def by_post(api: Api, scene: Scene, database: TestDatabase) -> None:
    body = {"assessment_id": scene["assessments"][1], "student_id": scene["students"][0]}
    answer = api.as_("faculty2").post("/api/assessment-scores/", {**body, "mark": "scored", "score": "12.00"})
    assert answer.status == 201, answer.content


def by_patch(api: Api, scene: Scene, database: TestDatabase) -> None:
    by_psql(api, scene, database)
    colleague = api.as_("faculty2")
    (found,) = colleague.get(f"/api/assessment-scores/?assessment_id={scene['assessments'][1]}").json[
        "results"
    ]
    assert colleague.patch(f"/api/assessment-scores/{found['id']}/", {"score": "12.00"}).status == 200


def by_import(api: Api, scene: Scene, database: TestDatabase) -> None:
    content = "reg_no,course_code,term,section,assessment,score\n2024-CS-0001,CS-101,Fall 2026,A,Midterm,12\n"
    file = api.data / "scores.csv"
    file.write_text(content, encoding="utf-8")
    outcome = import_file(api.database, "scores", file, api.data)
    assert not outcome.faults, outcome.faults


def by_psql(api: Api, scene: Scene, database: TestDatabase) -> None:
    enrollment, assessment = cell_of(scene)
    with psycopg.connect(database.superuser_url, autocommit=True) as db:
        db.execute(
            "INSERT INTO assessment_score (section_id, enrollment_id, assessment_id, max_score, mark, score)"
            " SELECT section_id, %s, id, max_score, 'scored', 12 FROM assessment WHERE id = %s",
            [enrollment, assessment],
        )


@pytest.mark.parametrize("write", [by_post, by_patch, by_import, by_psql])
def test_whatever_writes_the_cell_meanwhile_is_noticed(
    seat: Seat,
    api: Api,
    scene: Scene,
    university: University,
    database_url: TestDatabase,
    write: Callable[[Api, Scene, TestDatabase], None],
) -> None:
    amina = seat("faculty", "amina")
    amina.sync()
    key = cell_of(scene)
    write(api, scene, database_url)
    amina.store.edit(scene["section"], [(*key, "scored", Decimal(32))])
    amina.sync()
    (conflict,) = amina.store.conflicts()
    assert (conflict.mine.score, conflict.theirs.score) == (Decimal(32), Decimal(12))
    assert [score for _, score, _ in written(university, scene)][-1] == 12
    assert university.row("SELECT my_score FROM sync_conflict") == 32


def test_a_profile_copied_to_a_second_computer_and_edited_on_both_loses_nothing(
    seat: Seat, scene: Scene, university: University, tmp_path: Path
) -> None:
    """Also a batch that was sealed before the copy was made, and never answered."""
    first = seat("faculty", "first")
    first.sync()
    section, (enrollment, assessment) = scene["section"], cell_of(scene)
    others = scene["enrollments"][1:]
    first.store.edit(section, [(others[0], assessment, "scored", Decimal(11))])
    first.exchange._sealed(section)
    first.store.close()
    for ending in ("", "-wal"):
        if (tmp_path / f"first.db{ending}").exists():
            shutil.copyfile(tmp_path / f"first.db{ending}", tmp_path / f"second.db{ending}")
    second = seat("faculty", "second")
    first.store.edit(
        section,
        [(enrollment, assessment, "scored", Decimal(32)), (others[1], assessment, "scored", Decimal(22))],
    )
    second.store.edit(
        section,
        [(enrollment, assessment, "scored", Decimal(41)), (others[2], assessment, "scored", Decimal(33))],
    )
    for _ in range(2):
        first.sync()
        second.sync()
    assert first.store.client_id() != second.store.client_id()  # noticed
    scores = {
        row["enrollment_id"]: row["score"]
        for row in university.rows("SELECT enrollment_id, score FROM assessment_score")
    }
    assert scores == {enrollment: 32, others[0]: 11, others[1]: 22, others[2]: 33}
    (conflict,) = second.store.conflicts()
    assert (conflict.mine.score, conflict.theirs.score) == (Decimal(41), Decimal(32))
    assert university.row("SELECT my_score FROM sync_conflict") == 41


def test_late_marks_become_one_change_request_a_student_after_the_results_are_published(
    seat: Seat, api: Api, scene: Scene, university: University
) -> None:
    amina = seat("faculty", "amina")
    section = scene["section"]
    every = [(e, a, "scored", Decimal(10)) for e in scene["enrollments"] for a in scene["assessments"]]
    amina.sync()
    amina.store.edit(section, every)
    amina.sync()
    late = seat("faculty2", "bilal")
    late.sync()
    late.store.edit(
        section, [(scene["enrollments"][0], a, "scored", Decimal(19)) for a in scene["assessments"]]
    )
    rev = api.as_("faculty").get(f"/api/sheets/{section}/").json["rev"]
    assert api.as_("faculty").post(f"/api/sheets/{section}/submit/", {"rev": rev}).status == 200
    assert api.as_("head").post(f"/api/sheets/{section}/approve/", {"rev": rev}).status == 200
    assert api.as_("examcell").post("/api/results/publish/", {"section_id": section}).status == 200
    late.sync()
    assert {one.code for one in late.store.refused(section)} == {"sync.sheet_closed"}

    asked = request_changes(late.client, late.store, section, "Scripts found in the second bundle")
    assert (len(asked.requests), asked.marks, asked.left) == (1, 3, [])
    assert late.store.refused(section) == []
    (pending,) = api.as_("head").get("/api/pending-changes/").json["results"]
    assert pending["requested_by"]["name"] == "Faculty2"
    assert [change["score"] for change in pending["scores"]] == ["19.00"] * 3
    assert request_changes(late.client, late.store, section, "again").requests == ()
