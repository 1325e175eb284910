"""Class lists kept on this computer until the server has them. Qt-free.

The store is the person's encrypted one. The rule a newcomer would get wrong: a list that is on its way may
be typed in again; what comes back settles what was sent, never what was typed since.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, Protocol

import msgspec

from sims_desktop.client.errors import ClientError, ProblemAnswer, TryLater
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import plural
from sims_shared.attendance import ClassAttendanceRecorded, MarkedMeanwhile, NotOnRoster
from sims_shared.problems import Fault

INDEX = "attendance.kept"
MARK_POINTER = re.compile(r"/marks/([0-9]+)(/.*)?\Z")


class Store(Protocol):
    """What is durable when `remember` returns."""

    def recall(self, name: str) -> str | None: ...

    def remember(self, name: str, value: str | None) -> None: ...


class Calls(Protocol):
    """Raises `ClientError`s."""

    def record_class(
        self,
        section_id: int,
        day: date,
        slot: int,
        marks: dict[int, str],
        seen: dict[int, str | None],
    ) -> ClassAttendanceRecorded: ...


class ClassKey(NamedTuple):
    """A class: section, day and slot."""

    section_id: int
    day: date
    slot: int


class Meanwhile(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody else's mark, written since this list was read. `status` None: it is gone."""

    student_id: int
    status: str | None
    by: str
    at: datetime | None = None


class KeptClass(msgspec.Struct, kw_only=True):
    """A list as it lies here. `seen` is what stood when it was read; only what differs is sent. `is_ready`:
    the person saved it, and it goes out when the server can be reached. `edition` grows with each change."""

    section_id: int
    day: date
    slot: int
    marks: dict[int, str]
    seen: dict[int, str | None]
    kept_at: datetime
    is_ready: bool = False
    edition: int = 0
    refused: str = ""
    meanwhile: list[Meanwhile] = []

    @property
    def key(self) -> ClassKey:
        return ClassKey(self.section_id, self.day, self.slot)

    @property
    def changed(self) -> dict[int, str]:
        """The marks that the server does not have."""
        return {
            student: mark
            for student, mark in self.marks.items()
            if student not in self.seen or self.seen[student] != mark
        }


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one attempt to send a list."""

    kept: KeptClass
    marks: dict[int, str]
    answer: ClassAttendanceRecorded | None = None
    error: ClientError | None = None


class ClassDrafts:
    """All lists that are kept here. `send` may run on any thread; everything else on the window's."""

    def __init__(self, store: Store, calls: Calls) -> None:
        self._store = store
        self._calls = calls
        self.sending: set[ClassKey] = set()
        # Called after a list was settled, whoever sent it.
        self.on_settled: Callable[[Sent], None] = lambda sent: None
        kept = [self._read(ClassKey(*key)) for key in self._index()]
        self._kept = {one.key: one for one in kept if one is not None}

    def _index(self) -> list[tuple[int, date, int]]:
        raw = self._store.recall(INDEX)
        return [] if raw is None else msgspec.json.decode(raw, type=list[tuple[int, date, int]])

    def _read(self, key: ClassKey) -> KeptClass | None:
        raw = self._store.recall(_name(key))
        return None if raw is None else msgspec.json.decode(raw, type=KeptClass)

    @property
    def kept(self) -> list[KeptClass]:
        """Everything that the server does not have yet, oldest class first."""
        return [
            self._kept[key] for key in sorted(self._kept, key=lambda key: (key.day, key.slot, key.section_id))
        ]

    @property
    def ready(self) -> list[KeptClass]:
        """What the person saved and the server has not answered."""
        return [kept for kept in self.kept if kept.is_ready]

    def find(self, key: ClassKey) -> KeptClass | None:
        return self._kept.get(key)

    def keep(self, kept: KeptClass) -> None:
        """Durable when it returns. Raises NotKept where the disk is full or may not be written."""
        kept.edition += 1
        if kept.key not in self._kept:
            self._store.remember(INDEX, _encoded([*self._kept, kept.key]))
        self._store.remember(_name(kept.key), _encoded(kept))
        self._kept[kept.key] = kept

    def forget(self, key: ClassKey) -> None:
        self._kept.pop(key, None)
        self._store.remember(_name(key), None)
        self._store.remember(INDEX, _encoded(list(self._kept)))

    def begin(self) -> list[KeptClass]:
        """What is to be sent now: ready, and not on its way already."""
        wanted = [kept for kept in self.ready if kept.key not in self.sending]
        self.sending |= {kept.key for kept in wanted}
        return wanted

    def send(self, kept: KeptClass) -> Sent:
        """Off the window's thread, after `begin`. `settle` takes what it answers."""
        copy = msgspec.json.decode(_encoded(kept), type=KeptClass)
        marks = copy.changed
        try:
            answer = self._calls.record_class(*copy.key, marks, copy.seen)
        except ClientError as error:
            return Sent(copy, marks, error=error)
        return Sent(copy, marks, answer)

    def settle(self, sent: Sent) -> None:
        """Takes what became of a list: forgotten where the server has it, else kept with the reason."""
        self.sending.discard(sent.kept.key)
        now = self._kept.get(sent.kept.key)
        if now is not None and not isinstance(sent.error, TryLater):
            self._settle(now, sent)
        self.on_settled(sent)

    def _settle(self, now: KeptClass, sent: Sent) -> None:
        if sent.error is not None:
            now.is_ready = False
            self._take_refusal(now, sent)
        else:
            now.seen.update(sent.marks)
            if now.edition == sent.kept.edition or not now.changed:
                self.forget(now.key)
                return
            now.refused, now.meanwhile = "", []
        self.keep(now)

    def _take_refusal(self, now: KeptClass, sent: Sent) -> None:
        error = sent.error
        assert error is not None
        now.refused, now.meanwhile = str(error), []
        if not isinstance(error, ProblemAnswer):
            return
        if error.code == MarkedMeanwhile.code:
            now.meanwhile = msgspec.convert(error.facts.get("meanwhile", []), list[Meanwhile], strict=False)
            now.refused = "" if now.meanwhile else now.refused
        elif error.code == NotOnRoster.code:
            gone = _students_of(error.errors, list(sent.marks))
            for student in gone:
                now.marks.pop(student, None)
            if gone:
                names = plural(len(gone), "student has", "students have")
                now.refused = phrase(
                    "{names} left the section; the list is without them now. Save it again.", names=names
                )

    def keep_mine(self, kept: KeptClass) -> None:
        """My marks stand on top of theirs, which stay in the audit."""
        kept.seen.update({met.student_id: met.status for met in kept.meanwhile})
        kept.meanwhile = []
        self.keep(kept)

    def take_theirs(self, kept: KeptClass) -> None:
        """What they marked is in my list too."""
        for met in kept.meanwhile:
            kept.seen[met.student_id] = met.status
            if met.status is None:
                kept.marks.pop(met.student_id, None)
            else:
                kept.marks[met.student_id] = met.status
        kept.meanwhile = []
        self.keep(kept)


def _name(key: ClassKey) -> str:
    return f"{INDEX}.{key.section_id}.{key.day.isoformat()}.{key.slot}"


def _encoded(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _students_of(errors: Sequence[Fault], students: list[int]) -> set[int]:
    found = (MARK_POINTER.match(fault.pointer) for fault in errors)
    numbers = [int(match[1]) for match in found if match is not None]
    return {students[number] for number in numbers if number < len(students)}
