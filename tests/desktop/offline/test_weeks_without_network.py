"""A teacher signs in once on line and then marks for six weeks where there is no network.

The clocks of computer and server are set by the test; store, presenters, client, handlers and PostgreSQL are
real. The program is ended and started every day, as a laptop is.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sims_desktop.client.errors import Offline, SignedOut
from sims_desktop.client.http import Client
from sims_desktop.client.session import Session
from sims_desktop.client.sheets import SheetCalls
from sims_desktop.grading.presenter.grid import GridPresenter
from sims_desktop.grading.presenter.sheet import Badge
from sims_desktop.grading.presenter.shelf import StoreShelf
from sims_desktop.offline import upgrades
from sims_desktop.offline.exchange import Exchange
from sims_desktop.offline.store import SheetStore
from sims_desktop.offline.sync import sync_once
from sims_server.kernel import clock
from tests.support.api import Api
from tests.support.full_stack import InProcess
from tests.support.university import PASSWORD, University

KEY = "6b" * 32
DAYS = 42
STUDENTS = 14  # times three assessments: a cell for every day


class Time:
    """One clock for the world: days pass when the test says so."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self._began = self.now

    def read(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return (self.now - self._began).total_seconds()

    def sleep(self, **more: float) -> None:
        self.now += timedelta(**more)


class Cable(httpx2.BaseTransport):
    """To the server, or cut."""

    def __init__(self, application: Any) -> None:
        self._inner = InProcess(application)
        self.is_cut = False

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if self.is_cut:
            raise httpx2.ConnectError("no route to the campus", request=request)
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


class Laptop:
    """A computer whose program runs between `start` and `end`. Only the store's file outlives an end."""

    def __init__(self, path: Path, cable: Cable, time: Time, section: int) -> None:
        upgrades.prepare(path, KEY)
        self._path, self.cable, self._time, self._section = path, cable, time, section
        self.start()

    def start(self) -> None:
        self.store = SheetStore(self._path, KEY, now=self._time.read)
        session = Session(self.store, monotonic=self._time.seconds)
        self.client = Client("http://in.process", session, transport=self.cable)
        self.calls = SheetCalls(self.client)
        self.exchange = Exchange(self.store, self.calls)

    def end(self) -> None:
        self.store.close()

    def sync(self) -> None:
        """Raises what keeps a round from being held."""
        assert sync_once(self.store, self.calls, self.exchange) == []

    def sheet(self) -> GridPresenter:
        return GridPresenter(StoreShelf(self.store, now=self._time.read), self._section)


@pytest.fixture
def time() -> Iterator[Time]:
    world = Time()
    clock.set_clock(world.read)
    yield world
    clock.set_clock(None)


@pytest.fixture
def scene(time: Time, university: University) -> dict[str, Any]:
    return university.stand(students=STUDENTS)


@pytest.fixture
def laptop(time: Time, scene: dict[str, Any], api: Api, tmp_path: Path) -> Iterator[Laptop]:
    laptop = Laptop(tmp_path / "sheets.db", Cable(api.client.app), time, scene["section"])
    laptop.client.sign_in("faculty", PASSWORD)
    laptop.sync()
    yield laptop
    laptop.end()
    laptop.client.close()


def six_weeks_away(laptop: Laptop, time: Time) -> dict[tuple[int, int], Decimal]:
    """A mark a day, the program ended and started in between. What was typed, by cell."""
    laptop.cable.is_cut = True
    typed: dict[tuple[int, int], Decimal] = {}
    for day in range(DAYS):
        laptop.end()
        time.sleep(days=1)
        laptop.start()
        with pytest.raises(Offline):
            laptop.sync()
        grid = laptop.sheet()
        place, column = day % STUDENTS, day // STUDENTS
        assert grid.counted(Badge.WAITING) == day, "every mark of the days before is there"
        assert grid.type_text(place, column, str(day % 20)).changed == 1
        assert grid.cell(place, column).badge is Badge.WAITING
        typed[grid.key(place, column)] = Decimal(day % 20)
    return typed


def on_record(api: Api, section: int) -> dict[tuple[int, int], Decimal]:
    sheet = api.as_("faculty2").get(f"/api/sheets/{section}/").json
    return {
        (row["enrollment_id"], int(assessment)): Decimal(cell["score"])
        for row in sheet["rows"]
        for assessment, cell in row["cells"].items()
        if cell["mark"] == "scored"
    }


def test_a_sheet_is_used_for_six_weeks_without_network_after_one_sign_in(
    laptop: Laptop, time: Time, scene: dict[str, Any], api: Api
) -> None:
    typed = six_weeks_away(laptop, time)
    laptop.cable.is_cut = False
    laptop.end()
    laptop.start()
    laptop.sync()
    assert on_record(api, scene["section"]) == typed, "nobody had to sign in again"
    assert laptop.store.waiting_count() == (0, 0, 0, 0)
    assert laptop.sheet().counted(Badge.SAVED) == STUDENTS * 3


def test_whose_session_has_ended_after_six_weeks_signs_in_again_and_loses_nothing(
    laptop: Laptop, time: Time, scene: dict[str, Any], api: Api, university: University
) -> None:
    section, (quiz, *_) = scene["section"], scene["assessments"]
    typed = six_weeks_away(laptop, time)
    university.run("UPDATE login_session SET ended_at = now() WHERE ended_at IS NULL")
    colleague = api.as_("faculty2").post(
        "/api/assessment-scores/",
        {"assessment_id": quiz, "student_id": scene["students"][0], "mark": "scored", "score": "17"},
    )
    assert colleague.status == 201
    laptop.cable.is_cut = False
    with pytest.raises(SignedOut):
        laptop.sync()
    assert laptop.store.waiting_count().unsent == DAYS
    assert laptop.sheet().type_text(1, 0, "20").changed == 1, "signed out, one still types"
    typed[scene["enrollments"][1], quiz] = Decimal(20)

    laptop.client.sign_in("faculty", PASSWORD)
    laptop.sync()

    twice = (scene["enrollments"][0], quiz)
    (conflict,) = laptop.store.conflicts()
    assert (conflict.key, conflict.mine.score, conflict.theirs.score) == (twice, typed[twice], Decimal(17))
    assert on_record(api, section) == typed | {twice: Decimal(17)}
    assert laptop.store.waiting_count() == (0, 0, 1, 0)
    laptop.store.keep_mine(section, [(conflict.key, conflict.seen_ver)])
    laptop.sync()
    assert on_record(api, section) == typed
