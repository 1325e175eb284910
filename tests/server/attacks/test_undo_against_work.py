"""Somebody takes an import out again at the very moment when somebody else builds on it.

Over a real server, from several sides at once: whichever comes first, the record agrees with itself. Either
the import went and what was built on it was refused, or it stays and says why. Nothing is left without what
it stands on, and an undo that is said twice happens once.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from sims_server.operations_room.operations.checking import broken_invariants
from tests.server.grading.pushing import Device
from tests.server.imports.test_undoing import Desk
from tests.support.api import Api, Reply
from tests.support.database import TestDatabase
from tests.support.server import Caller, Serve
from tests.support.university import University

ROUNDS = 6


class Rush:
    """People at one server, who begin together."""

    def __init__(
        self, api: Api, university: University, folder: Path, base_url: str, superuser_url: str
    ) -> None:
        self.api, self.university = api, university
        self.place = university.stand(students=1)
        self.desk = Desk(api, university, folder, superuser_url)
        self.term = university.row("SELECT name FROM term WHERE id = %(t)s", t=self.place["term"])
        program = university.row("SELECT code FROM program WHERE id = %(p)s", p=self.place["program"])
        self.students_file = "reg_no,name,program_code,admitted_on\n" + "".join(
            f"RUSH-{{0}}-{number},Rushed Person,{program},2026-09-01\n" for number in range(3)
        )
        self._callers = {
            name: Caller(base_url, str(api.as_(name).token))
            for name in ("everything", "registrar", "faculty", "admin")
        }
        self._pool = ThreadPoolExecutor(8)
        self.number = 0

    def as_(self, who: str) -> Caller:
        return self._callers[who]

    def at_once(self, *acts: Callable[[], Reply]) -> list[Reply]:
        start = threading.Barrier(len(acts))

        def one(act: Callable[[], Reply]) -> Reply:
            start.wait(60)
            return act()

        answers = list(self._pool.map(one, acts))
        assert all(answer.status < 500 or answer.status == 503 for answer in answers), answers
        return answers

    def undo(self, import_id: int) -> Callable[[], Reply]:
        return lambda: self.as_("everything").post(f"/api/imports/{import_id}/undo/")

    def students(self) -> tuple[int, list[int]]:
        """Three of them by a file: the import, and their ids. `number` tells them from the last three."""
        self.number += 1
        made = self.desk.run("students", self.students_file.format(self.number))
        rows = self.university.rows(
            "SELECT student_id AS id FROM registration WHERE reg_no LIKE %(like)s ORDER BY 1", like=self.like
        )
        return made, [row["id"] for row in rows]

    @property
    def like(self) -> str:
        return f"RUSH-{self.number}-%"

    def close(self) -> None:
        for caller in self._callers.values():
            caller.close()
        self._pool.shutdown()


@pytest.fixture
def rush(
    api: Api, university: University, tmp_path: Path, serve: Serve, database_url: TestDatabase
) -> Iterator[Rush]:
    rush = Rush(api, university, tmp_path, serve().base_url, database_url.superuser_url)
    yield rush
    assert broken_invariants(api.database) == []
    rush.close()


def students_who_are_taken_in(rush: Rush) -> None:
    section, registrar, clerk = rush.place["section"], rush.as_("registrar"), rush.as_("everything")
    for _ in range(ROUNDS):
        made, (first, second, third) = rush.students()
        enroll = partial(registrar.post, f"/api/sections/{section}/enroll/", {"student_id": first})
        hold = partial(
            clerk.post, "/api/holds/", {"student_id": second, "kind": "library", "reason": "Books"}
        )
        ask = partial(registrar.post, "/api/requests/", {"student_id": third, "type": "noc"})
        undone, *built = rush.at_once(rush.undo(made), enroll, hold, ask)
        left = rush.university.row(
            "SELECT count(*) FROM registration WHERE reg_no LIKE %(like)s", like=rush.like
        )
        if undone.status == 200:
            assert left == 0
            assert {answer.status for answer in built} <= {400, 404, 409, 503}, built
        else:
            assert undone.status in (409, 503), undone.json
            assert left == 3
    # Alone, each of them goes either way.
    made, _ = rush.students()
    assert rush.undo(made)().status == 200
    made, (first, *_) = rush.students()
    assert registrar.post("/api/requests/", {"student_id": first, "type": "noc"}).status == 201
    assert rush.undo(made)().code == "imports.depended_on"


def a_roster_that_is_marked(rush: Rush) -> None:
    place, university, ends = rush.place, rush.university, set()
    course = university.row("SELECT code FROM course WHERE id = %(c)s", c=place["course"])
    for _ in range(ROUNDS):
        _, people = rush.students()
        name = f"R{rush.number}"
        section = university.section(place["course"], place["term"], name, 9, (place["faculty"],))
        quiz = university.assessment(section, "Quiz", "quiz", 20, 20)
        lines = [f"RUSH-{rush.number}-{one},{course},{rush.term},{name}" for one in range(3)]
        made = rush.desk.run("enrollments", "\n".join(["reg_no,course_code,term,section", *lines, ""]))
        row = university.row("SELECT min(id) FROM enrollment WHERE section_id = %(s)s", s=section)
        device = Device(rush.desk.api.as_("faculty"), section, client_id=str(uuid.uuid4()))
        batch = device.seal(device.op(row, quiz, 0, "scored", "7"))
        push = partial(rush.as_("faculty").post, f"/api/sheets/{section}/sync/", batch)
        undone, pushed = rush.at_once(rush.undo(made), push)
        if pushed.status == 503:
            continue
        (outcome,) = pushed.json["outcomes"]
        marked, rows, taken = (
            university.row(sql, s=section)
            for sql in (
                "SELECT count(*) FROM assessment_score WHERE section_id = %(s)s AND mark IS NOT NULL",
                "SELECT count(*) FROM enrollment WHERE section_id = %(s)s",
                "SELECT seats_taken FROM section WHERE id = %(s)s",
            )
        )
        if undone.status == 200:
            assert (rows, taken, marked) == (0, 0, 0)
            assert (outcome["outcome"], outcome["code"]) == ("rejected", "sync.not_on_roster")
        else:
            assert undone.status in (409, 503), undone.json
            assert (rows, taken, marked, outcome["outcome"]) == (3, 3, 1, "applied")
        ends.add(undone.status)
        assert len(people) == 3
    assert ends, "every push was turned away"


def an_undo_that_many_say(rush: Rush) -> None:
    made, _ = rush.students()
    answers = rush.at_once(*[rush.undo(made)] * 8)
    assert sorted(answer.status for answer in answers) == [200] + [409] * 7
    assert {answer.code for answer in answers if answer.status == 409} == {"imports.already_undone"}
    # The numbers are free again, each for one of those who want it.
    wanted = {
        "name": "Somebody Else", "reg_no": f"RUSH-{rush.number}-0", "program_id": rush.place["program"],
        "admitted_on": "2026-09-01",
    }  # fmt: skip
    admitted = rush.at_once(*[partial(rush.as_("registrar").post, "/api/students/", wanted)] * 4)
    assert sorted(answer.status for answer in admitted) == [201, 409, 409, 409]


def holds_that_are_lifted(rush: Rush) -> None:
    """Both may find it open; it is lifted once, and by one of them."""
    told = (
        "SELECT count(*) FROM audit_entry WHERE entity = 'hold' AND entity_id = %(h)s "
        "AND changes ? 'lifted_at'"
    )
    for _ in range(ROUNDS):
        _, people = rush.students()
        lines = "".join(f"RUSH-{rush.number}-{one},100\n" for one in range(2))
        made = rush.desk.run("holds", f"reg_no,amount\n{lines}")
        hold = rush.university.row("SELECT min(id) FROM hold WHERE student_id = ANY (%(p)s)", p=people)
        lift = partial(rush.as_("everything").post, f"/api/holds/{hold}/lift/", {"reason": "paid"})
        undone, *lifted = rush.at_once(rush.undo(made), lift, lift, lift)
        assert undone.status == 200 or undone.code == "imports.depended_on"
        assert {answer.status for answer in lifted} <= {200, 409}
        assert sum(answer.status == 200 for answer in lifted) <= 1, "lifted by two people"
        assert rush.university.row(told, h=hold) == 1


@pytest.mark.parametrize(
    "built",
    [(students_who_are_taken_in, holds_that_are_lifted), (a_roster_that_is_marked, an_undo_that_many_say)],
)
def test_an_import_that_is_taken_out_while_others_build_on_it(
    rush: Rush, built: tuple[Callable[[Rush], None], ...]
) -> None:
    for attack in built:
        attack(rush)
