"""The class list without a screen: over a real encrypted store, and a server that can be told to be away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from sims_desktop.attendance.presenter.classlist import ClassListPresenter
from sims_desktop.attendance.presenter.drafts import ClassDrafts, ClassKey
from sims_desktop.client.errors import Offline, ProblemAnswer
from sims_desktop.offline import upgrades
from sims_desktop.offline.store import SheetStore
from sims_shared.attendance import ClassAttendanceRecorded, ClassRoster, RosterRow
from sims_shared.problems import Fault
from sims_shared.values import Person
from tests.desktop.offline.sheets import SECTION, a_row, a_sheet, hold

KEY = "a1" * 32
DAY = date(2026, 11, 23)
CLASS = ClassKey(SECTION, DAY, 1)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass
class Network:
    """Stands for the server at the other end of the line; `away` cuts it, `refusal` is its next no."""

    standing: dict[int, str] = field(default_factory=dict)
    away: bool = False
    refusal: ProblemAnswer | None = None
    received: list[dict[int, str]] = field(default_factory=list)
    closed: str = ""

    def read_roster(self, section_id: int, day: date, slot: int) -> ClassRoster:
        if self.away:
            raise Offline("The server cannot be reached.")
        rows = [
            RosterRow(
                student_id=id,
                reg_no=f"2026-{id:04d}",
                name=f"Student {id}",
                mark=self.standing.get(id),
                reason="",
                marked_by=Person(9, "Bilal") if id in self.standing else None,
                marked_at=NOON if id in self.standing else None,
                total=6,
                attended=4 if id == 12 else 6,
                percentage=Decimal("66.66") if id == 12 else Decimal("100.00"),
                threshold=Decimal("75"),
                eligible=id != 12,
                condonable=id == 12,
            )
            for id in (11, 12, 112, 21)
        ]
        return ClassRoster(
            section_id=section_id,
            course_code="CS-101",
            course_title="Programming",
            section_code="A",
            term="Fall 2026",
            date=day,
            slot=slot,
            session=None,
            closed=self.closed,
            edit_days=30,
            rows=rows,
        )

    def record_class(
        self, section_id: int, day: date, slot: int, marks: dict[int, str], seen: dict[int, str | None]
    ) -> ClassAttendanceRecorded:
        if self.away:
            raise Offline("The server cannot be reached.")
        if self.refusal is not None:
            refusal, self.refusal = self.refusal, None
            raise refusal
        self.received.append(dict(marks))
        self.standing.update(marks)
        return ClassAttendanceRecorded(
            class_session_id=1,
            section_id=section_id,
            date=day,
            slot=slot,
            made=len(marks),
            changed=0,
            unchanged=0,
            counts={},
        )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SheetStore]:
    upgrades.prepare(tmp_path / "sheets.db", KEY)
    store = SheetStore(tmp_path / "sheets.db", KEY)
    hold(store, a_sheet(a_row(11), a_row(12), a_row(112), a_row(21)))
    yield store
    store.close()


@pytest.fixture
def network() -> Network:
    return Network()


def open_list(store: SheetStore, network: Network) -> ClassListPresenter:
    """As a start of the program does it."""
    presenter = ClassListPresenter(store, network, ClassDrafts(store, network), lambda: NOON)
    presenter.choose(*CLASS)
    if not network.away:
        presenter.take(CLASS, presenter.load(CLASS))
    return presenter


def save(presenter: ClassListPresenter) -> None:
    """What the page does with its threads."""
    presenter.save()
    for kept in presenter.drafts.begin():
        presenter.drafts.settle(presenter.drafts.send(kept))


def marks(presenter: ClassListPresenter) -> list[str | None]:
    return [line.mark for line in presenter.lines]


def test_everybody_is_offered_as_present_and_nothing_is_on_record_until_saved(
    store: SheetStore, network: Network
) -> None:
    presenter = open_list(store, network)
    assert (presenter.counts, presenter.state) == (
        "4 present",
        "Not marked yet: everybody is offered as present. Ctrl+Enter saves.",
    )
    assert presenter.drafts.kept == []
    save(presenter)
    assert network.received == [{11: "present", 12: "present", 112: "present", 21: "present"}]
    assert presenter.state.startswith("Saved at ")
    save(presenter)
    assert (len(network.received), presenter.said) == (1, "Everything is saved already.")


def test_last_digits_and_enter_mark_an_absentee(store: SheetStore, network: Network) -> None:
    presenter = open_list(store, network)
    for typed in ("21", "11"):
        presenter.type(typed)
        presenter.enter()
    assert marks(presenter) == ["absent", "present", "present", "absent"]
    presenter.type("12")
    assert presenter.line is not None
    assert presenter.line.student_id == 12, "the whole number before the end of another"
    presenter.type("L")
    presenter.enter()
    presenter.type("112v")
    presenter.enter()
    assert presenter.counts == "2 absent, 1 late, 1 on leave"
    presenter.type("99")
    presenter.enter()
    assert presenter.said == "Nobody in this section ends with 99"


def test_digits_that_fit_several_ask_for_more(store: SheetStore, network: Network) -> None:
    presenter = open_list(store, network)
    presenter.type("1")
    presenter.enter()
    assert (presenter.typed, marks(presenter)) == ("1", ["present"] * 4)
    assert presenter.said == "2 students end with 1: Student 11 and Student 21. More digits, please"


def test_a_name_is_gone_to_and_letters_mark_the_cursor(store: SheetStore, network: Network) -> None:
    presenter = open_list(store, network)
    presenter.type("/student 112")
    presenter.enter()
    presenter.mark_here("late")
    assert (marks(presenter)[2], presenter.place, presenter.said) == ("late", 3, "Student 112: Late")
    presenter.mark_here("absent")
    assert presenter.place == 3


def test_undo_names_what_it_takes_back_and_does_again(store: SheetStore, network: Network) -> None:
    presenter = open_list(store, network)
    presenter.mark_here("absent")
    presenter.mark_everybody("leave")
    presenter.undo()
    assert (presenter.said, marks(presenter)) == ("Undone: everybody on leave", ["absent", *["present"] * 3])
    presenter.undo()
    assert marks(presenter) == ["present"] * 4
    presenter.undo()
    assert presenter.said == "Nothing to undo"
    presenter.redo()
    presenter.redo()
    assert marks(presenter) == ["leave"] * 4


def test_what_was_typed_is_there_after_a_start_without_a_network(store: SheetStore, network: Network) -> None:
    network.away = True
    presenter = open_list(store, network)
    assert [line.reg_no for line in presenter.lines] == ["2026-0011", "2026-0012", "2026-0021", "2026-0112"]
    presenter.type("12")
    presenter.enter()
    save(presenter)
    assert "sent when the server can be reached" in presenter.state
    again = open_list(SheetStore(store.path, KEY), network)
    assert marks(again) == ["present", "absent", "present", "present"]
    assert again.state == "Kept on this computer; sent when the server can be reached."
    network.away = False
    for kept in again.drafts.begin():
        again.drafts.settle(again.drafts.send(kept))
    assert network.standing == {11: "present", 12: "absent", 112: "present", 21: "present"}
    assert (again.drafts.kept, store.recall("attendance.kept")) == ([], "[]")


def test_only_what_differs_is_sent_and_the_shortage_is_said_in_words(
    store: SheetStore, network: Network
) -> None:
    network.standing = {11: "present", 12: "present", 112: "present"}
    presenter = open_list(store, network)
    assert presenter.counts == "3 present, 1 not marked"
    short = presenter.lines[1]
    assert (short.so_far, short.standing) == ("4 of 6 · 66.66 %", "short of 75 %, may be condoned")
    presenter.place = 1
    presenter.mark_here("absent")
    save(presenter)
    assert network.received == [{12: "absent"}]


def test_marks_typed_while_the_list_is_on_its_way_are_not_settled_by_it(
    store: SheetStore, network: Network
) -> None:
    presenter = open_list(store, network)
    presenter.save()
    (kept,) = presenter.drafts.begin()
    sent = presenter.drafts.send(kept)
    presenter.mark_here("absent")
    assert presenter.drafts.begin() == []
    presenter.drafts.settle(sent)
    assert marks(presenter)[0] == "absent"
    assert "not saved yet" in presenter.state
    save(presenter)
    assert network.received[1:] == [{11: "absent"}]
    assert presenter.drafts.kept == []


def test_what_a_colleague_marked_meanwhile_is_shown_and_chosen(store: SheetStore, network: Network) -> None:
    presenter = open_list(store, network)
    presenter.mark_here("absent")
    met = {"student_id": 11, "status": "late", "by": "Bilal", "at": "2026-11-23T11:30:00Z"}
    network.refusal = ProblemAnswer(409, "attendance.marked_meanwhile", facts={"meanwhile": [met]})
    save(presenter)
    assert "Bilal marked this class at" in presenter.state
    assert "Student 11 late. M keeps your marks, T takes theirs." in presenter.state
    presenter.save()
    assert presenter.said == "First choose: M keeps your marks, T takes theirs."
    presenter.decide(mine=False)
    assert marks(presenter)[0] == "late"
    save(presenter)
    assert network.received == [{12: "present", 112: "present", 21: "present"}]


def test_a_refusal_says_why_and_loses_nothing(store: SheetStore, network: Network) -> None:
    presenter = open_list(store, network)
    network.refusal = ProblemAnswer(
        400,
        "attendance.not_on_roster",
        errors=(Fault("/marks/1/student_id", "not_on_roster", "The student has dropped."),),
    )
    save(presenter)
    assert presenter.state == (
        "Not saved: 1 student has left the section; the list is without them now. Save it again."
    )
    save(presenter)
    assert network.received == [{11: "present", 112: "present", 21: "present"}]
    presenter.place = 0
    presenter.mark_here("leave")
    network.refusal = ProblemAnswer(400, "attendance.outside_days", detail="Ask the registrar.")
    save(presenter)
    assert presenter.state == "Not saved: Ask the registrar."
    assert [kept.marks[11] for kept in presenter.drafts.kept] == ["leave"]
    presenter.let_go()
    assert presenter.drafts.kept == []


def test_a_class_that_may_not_be_written_takes_no_mark(store: SheetStore, network: Network) -> None:
    network.closed = "The class of 2026-01-01 could be marked until 2026-01-31."
    presenter = open_list(store, network)
    presenter.mark_here("absent")
    assert (marks(presenter)[0], presenter.said) == ("present", network.closed)
    save(presenter)
    assert network.received == []


def test_other_classes_that_wait_here_are_named(store: SheetStore, network: Network) -> None:
    presenter = open_list(store, network)
    presenter.mark_here("absent")
    presenter.choose(SECTION, date(2026, 11, 20), 1)
    assert presenter.elsewhere_words.startswith("Also kept here and not on the server: ")
    assert "23 November" in presenter.elsewhere_words


def test_no_name_and_no_mark_lies_in_clear(store: SheetStore, network: Network) -> None:
    presenter = open_list(store, network)
    presenter.mark_here("absent")
    raw = b"".join(file.read_bytes() for file in store.path.parent.iterdir() if file.is_file())
    assert b"absent" not in raw
    assert b"Student 11" not in raw
