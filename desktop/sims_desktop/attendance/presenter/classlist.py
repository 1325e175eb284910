"""The open class list: rows, marks, type-ahead, undo, counts, and what is to be said of it. Qt-free.

The rule a newcomer would get wrong: a class nobody marked yet shows everybody present, but that is an
offer. Nothing is on record until the person saves it, and the list says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from sims_desktop.attendance.presenter.drafts import ClassDrafts, ClassKey, KeptClass, Sent
from sims_desktop.client.errors import ClientError, TryLater
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import day_words, listed, plural, when
from sims_desktop.offline.store import ListedSheet, OpenSheet
from sims_shared.attendance import Attended, ClassRoster
from sims_shared.policy.rounding import plain

PRESENT, ABSENT, LATE, LEAVE = "present", "absent", "late", "leave"
WORDS = {PRESENT: later("Present"), ABSENT: later("Absent"), LATE: later("Late"), LEAVE: later("On leave")}
COUNTED = {PRESENT: later("present"), ABSENT: later("absent"), LATE: later("late"), LEAVE: later("on leave")}
LETTERS = {"P": PRESENT, "A": ABSENT, "L": LATE, "V": LEAVE}
LAST_DIGITS = re.compile(r"([0-9]+)[^0-9]*\Z")
TYPED = re.compile(r"([0-9]+)\s*([palvPALV]?)\Z")
NAME_SIGN = "/"


class Sheets(Protocol):
    """The person's sections and rosters as they lie on this computer."""

    def sheets(self) -> list[ListedSheet]: ...

    def open_sheet(self, section_id: int) -> OpenSheet | None: ...


class Rosters(Protocol):
    def read_roster(self, section_id: int, day: date, slot: int) -> ClassRoster: ...


@dataclass(slots=True)
class Line:
    """One student of the list. `so_far` and `standing` are empty until the server was asked."""

    student_id: int
    reg_no: str
    name: str
    mark: str | None = None
    so_far: str = ""
    standing: str = ""
    is_short: bool = False
    marked_by: str = ""

    @property
    def mark_words(self) -> str:
        return phrase("not marked") if self.mark is None else phrase(WORDS[self.mark])


@dataclass(frozen=True, slots=True)
class Section:
    id: int
    title: str


@dataclass(frozen=True, slots=True)
class Step:
    """One act that can be taken back: (student, before, after) of each changed mark."""

    label: str
    changes: tuple[tuple[int, str | None, str], ...]


@dataclass(slots=True)
class ClassListPresenter:
    """`choose` shows a class at once from this computer; `load` (off the window's thread) and `take` bring
    what the server knows of it. `on_change` is called whenever something is to be shown anew."""

    sheets: Sheets
    rosters: Rosters
    drafts: ClassDrafts
    now: Callable[[], datetime]
    on_change: Callable[[], None] = lambda: None
    key: ClassKey | None = None
    lines: list[Line] = field(default_factory=list)
    place: int = 0
    closed: str = ""
    trouble: str = ""
    said: str = ""
    typed: str = ""
    is_known: bool = False  # the server has told what is marked
    _seen: dict[int, str | None] = field(default_factory=dict)
    _saved_at: datetime | None = None
    _done: list[Step] = field(default_factory=list)
    _undone: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.drafts.on_settled = self.settled

    # Which class

    @property
    def sections(self) -> list[Section]:
        return [
            Section(line.section_id, f"{line.course_code} {line.section} · {line.course_title}")
            for line in self.sheets.sheets()
        ]

    def choose(self, section_id: int, day: date, slot: int) -> None:
        """Another class. What was typed in the one before is kept already."""
        self.key = ClassKey(section_id, day, slot)
        self.place, self.typed, self.said, self.trouble, self.closed = 0, "", "", "", ""
        self.is_known, self._saved_at = False, None
        self._done, self._undone = [], []
        held = self.sheets.open_sheet(section_id)
        rows = [] if held is None else [row for row in held.rows if row.status in ("enrolled", "completed")]
        self._seen = {row.student_id: None for row in rows}
        self.lines = [Line(row.student_id, row.reg_no, row.name, PRESENT) for row in rows]
        self._take_kept()
        self.on_change()

    def load(self, key: ClassKey) -> ClassRoster:
        return self.rosters.read_roster(*key)

    def take(self, key: ClassKey, roster: ClassRoster) -> None:
        """What the server knows of a class. Marks typed meanwhile stay."""
        if key != self.key:
            return
        here = self.lines[self.place].student_id if self.lines else 0
        self._seen = {row.student_id: row.mark for row in roster.rows}
        is_new = not any(mark for mark in self._seen.values())
        self.lines = [
            Line(
                row.student_id,
                row.reg_no,
                row.name,
                PRESENT if is_new else row.mark,
                _so_far(row.attended, row.total, row.percentage),
                _standing(row.eligible, row.condonable, row.threshold),
                not row.eligible,
                f"{row.marked_by.name}, {when(row.marked_at, self.now())}" if row.marked_by else "",
            )
            for row in roster.rows
        ]
        self.is_known, self.trouble, self.closed = True, "", roster.closed
        ids = [line.student_id for line in self.lines]
        self.place = ids.index(here) if here in ids else 0
        self._take_kept()
        self.on_change()

    def take_trouble(self, key: ClassKey, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        if key == self.key:
            self.trouble = str(error)
            self.on_change()

    def _take_kept(self) -> None:
        kept = self.kept
        if kept is not None:
            self._seen = {**self._seen, **kept.seen}
            for line in self.lines:
                line.mark = kept.marks.get(line.student_id, line.mark)

    @property
    def kept(self) -> KeptClass | None:
        return None if self.key is None else self.drafts.find(self.key)

    # Marking

    @property
    def line(self) -> Line | None:
        return self.lines[self.place] if self.place < len(self.lines) else None

    def mark_here(self, status: str) -> None:
        """The student under the cursor; the cursor goes on."""
        line = self.line
        if line is not None and self._mark(
            {line.student_id: status}, f"{line.name}: {phrase(WORDS[status])}"
        ):
            self.place = min(self.place + 1, len(self.lines) - 1)
        self.on_change()

    def mark_everybody(self, status: str = PRESENT) -> None:
        """Everybody who is not marked so already."""
        self._mark(
            {line.student_id: status for line in self.lines},
            phrase("everybody {status}", status=phrase(WORDS[status]).lower()),
        )
        self.on_change()

    def _mark(self, marks: dict[int, str], label: str) -> bool:
        if self.closed:
            self.said = self.closed
            return False
        changes = tuple(
            (line.student_id, line.mark, marks[line.student_id])
            for line in self.lines
            if line.student_id in marks and line.mark != marks[line.student_id]
        )
        if changes:
            self._apply((student, after) for student, _, after in changes)
            self._done.append(Step(label, changes))
            self._undone.clear()
        self.said = (
            label[0].upper() + label[1:]
            if changes
            else phrase("{label} already", label=label[0].upper() + label[1:])
        )
        return True

    def undo(self) -> None:
        self._step(self._done, self._undone, phrase("Undone"), backwards=True)

    def redo(self) -> None:
        self._step(self._undone, self._done, phrase("Done again"), backwards=False)

    def _step(self, source: list[Step], target: list[Step], word: str, *, backwards: bool) -> None:
        if not source:
            self.said = phrase(
                "Nothing to {which}", which=phrase("undo") if backwards else phrase("do again")
            )
        else:
            step = source.pop()
            self._apply((s, before if backwards else after) for s, before, after in step.changes)
            target.append(step)
            self.said = f"{word}: {step.label}"
        self.on_change()

    def _apply(self, changes: Iterable[tuple[int, str | None]]) -> None:
        """Into the list, and onto the disk before anybody sees it as kept."""
        assert self.key is not None
        wanted = dict(changes)
        for line in self.lines:
            if line.student_id in wanted:
                line.mark = wanted[line.student_id]
        self._keep(is_ready=False)

    def _keep(self, *, is_ready: bool) -> KeptClass:
        assert self.key is not None
        before = self.kept
        kept = KeptClass(
            section_id=self.key.section_id,
            day=self.key.day,
            slot=self.key.slot,
            marks={line.student_id: line.mark for line in self.lines if line.mark is not None},
            seen={line.student_id: self._seen.get(line.student_id) for line in self.lines},
            kept_at=self.now(),
            is_ready=is_ready,
            edition=0 if before is None else before.edition,
            meanwhile=[] if before is None or is_ready else before.meanwhile,
        )
        self.drafts.keep(kept)
        return kept

    # Typing a number or a name

    def type(self, text: str) -> None:
        """One more letter of a number or, after `/`, of a name. The cursor follows when one is meant."""
        self.typed += text
        found = self._meant()
        if len(found) == 1 or (found and self.typed.startswith(NAME_SIGN)):
            self.place = found[0]
        self.on_change()

    def take_back_letter(self) -> None:
        self.typed = self.typed[:-1]
        self.on_change()

    def leave_typing(self) -> bool:
        """Whether there was anything typed."""
        had, self.typed = bool(self.typed), ""
        self.on_change()
        return had

    def enter(self) -> None:
        """A number marks its student absent, `417L` late, `417V` on leave, `417P` present; a name goes
        there."""
        text, self.typed = self.typed, ""
        if text.startswith(NAME_SIGN):
            self.typed = text
            found = self._meant()
            self.typed = ""
            if found:
                self.place = found[0]
            else:
                self.said = phrase("Nobody in this section is called {text}", text=text[1:])
            self.on_change()
            return
        match = TYPED.match(text)
        if match is None:
            self.said = phrase("Type the last digits of a number, then Enter")
        else:
            self._enter_number(text, match[1], LETTERS.get(match[2].upper(), ABSENT))
        self.on_change()

    def _enter_number(self, text: str, digits: str, status: str) -> None:
        found = _numbered(self.lines, digits)
        if len(found) == 1:
            self.place = found[0]
            line = self.lines[found[0]]
            self._mark({line.student_id: status}, f"{line.name}: {phrase(WORDS[status])}")
        elif found:
            self.typed = text
            some = listed(self.lines[place].name for place in found)
            self.said = phrase(
                "{students} end with {digits}: {some}. More digits, please",
                students=plural(len(found), "student"),
                digits=digits,
                some=some,
            )
        else:
            self.said = phrase("Nobody in this section ends with {digits}", digits=digits)

    def _meant(self) -> list[int]:
        if self.typed.startswith(NAME_SIGN):
            words = self.typed[1:].casefold().split()
            return [
                place
                for place, line in enumerate(self.lines)
                if words and all(word in f"{line.reg_no} {line.name}".casefold() for word in words)
            ]
        match = TYPED.match(self.typed)
        return [] if match is None else _numbered(self.lines, match[1])

    # Saving

    def save(self) -> KeptClass | None:
        """The list is kept as saved, to be sent now or later; None where nothing is to be saved."""
        self.typed = ""
        if self.key is None or not self.lines:
            self.said = phrase("This list is not on this computer yet; it comes with the next connection.")
        elif self.closed:
            self.said = self.closed
        elif self.kept is not None and self.kept.meanwhile:
            self.said = phrase("First choose: M keeps your marks, T takes theirs.")
        elif self.is_known and not self._changes():
            if self.kept is not None:  # typed, and taken back
                self.drafts.forget(self.key)
            self.said = phrase("Everything is saved already.")
        else:
            kept = self._keep(is_ready=True)
            self.on_change()
            return kept
        self.on_change()
        return None

    def _changes(self) -> bool:
        return any(
            line.mark is not None and line.mark != self._seen.get(line.student_id) for line in self.lines
        )

    def settled(self, sent: Sent) -> None:
        """What became of a list that was sent, this one or another; the drafts tell."""
        if sent.kept.key == self.key:
            if sent.error is None:
                self._seen.update(sent.marks)
                self._saved_at, self.said = self.now(), ""
            elif isinstance(sent.error, TryLater):
                self.trouble = str(sent.error)
            kept = self.kept
            if kept is not None:
                for line in self.lines:
                    line.mark = kept.marks.get(line.student_id)
        self.on_change()

    def decide(self, *, mine: bool) -> None:
        """Between my marks and those somebody else wrote meanwhile, for all of them."""
        kept = self.kept
        if kept is None or not kept.meanwhile:
            self.said = phrase("Nobody else has marked this class.")
        else:
            count = len(kept.meanwhile)
            (self.drafts.keep_mine if mine else self.drafts.take_theirs)(kept)
            self._take_kept()
            whose = phrase("Yours") if mine else phrase("Theirs")
            self.said = phrase(
                "{whose} for {students}; Ctrl+Enter saves the list.",
                whose=whose,
                students=plural(count, "student"),
            )
        self.on_change()

    def let_go(self) -> None:
        """The list of this class on this computer is given up; what the server has stands."""
        if self.kept is None or self.key is None:
            self.said = phrase("Nothing of this class is kept here.")
            self.on_change()
            return
        self.drafts.forget(self.key)
        self.choose(*self.key)
        self.said = phrase("What was typed here is let go.")
        self.on_change()

    # In words

    @property
    def counts(self) -> str:
        """`492 present, 8 absent`."""
        found = Counter(line.mark for line in self.lines)
        parts = [f"{found[status]:,} {phrase(word)}" for status, word in COUNTED.items() if found[status]]
        if found[None]:
            parts.append(phrase("{found:,} not marked", found=found[None]))
        return phrase(", ").join(parts)

    @property
    def state(self) -> str:
        """Where the list is: offered, kept here, waiting, refused, saved."""
        kept = self.kept
        if self.key is None:
            return phrase("Choose a section.")
        if kept is not None and kept.meanwhile:
            return _meanwhile_words(kept, {line.student_id: line.name for line in self.lines}, self.now())
        if kept is not None and kept.refused:
            return phrase("Not saved: {refused}", refused=kept.refused)
        if kept is not None and kept.is_ready and kept.key in self.drafts.sending:
            return phrase("Kept on this computer; being sent …")
        if kept is not None and kept.is_ready:
            why = f" ({self.trouble})" if self.trouble else ""
            return phrase("Kept on this computer; sent when the server can be reached{why}.", why=why)
        if kept is not None:
            since = when(kept.kept_at, self.now())
            return phrase(
                "Kept on this computer since {since}, not saved yet. Ctrl+Enter saves.", since=since
            )
        if self.closed:
            return self.closed
        if not self.lines:
            return self.trouble or phrase("The list is not on this computer yet.")
        if self._saved_at is not None:
            return phrase("Saved at {when}.", when=when(self._saved_at, self.now()))
        if self.is_known and not self._changes():
            return phrase("Saved.")
        if not self.is_known:
            away = (
                phrase("The server has not been asked yet") if not self.trouble else self.trouble.rstrip(".")
            )
            return phrase("{away}; the list is from this computer. Ctrl+Enter saves.", away=away)
        return phrase("Not marked yet: everybody is offered as present. Ctrl+Enter saves.")

    @property
    def elsewhere(self) -> list[KeptClass]:
        """Other classes that wait on this computer."""
        return [kept for kept in self.drafts.kept if kept.key != self.key]

    @property
    def elsewhere_words(self) -> str:
        others = self.elsewhere
        if not others:
            return ""
        titles = {section.id: section.title.split(" · ")[0] for section in self.sections}
        names = listed(
            phrase(
                "{section} of {day}",
                section=titles.get(one.section_id, phrase("a section")),
                day=day_words(one.day),
            )
            for one in others
        )
        return phrase("Also kept here and not on the server: {names}. F7 goes there.", names=names)


def _numbered(lines: Sequence[Line], digits: str) -> list[int]:
    """Who has this number at the end: exactly, else whose number ends so."""
    ends = [LAST_DIGITS.search(line.reg_no) for line in lines]
    exact = [
        place
        for place, end in enumerate(ends)
        if end is not None and end[1].lstrip("0") == digits.lstrip("0")
    ]
    return exact or [place for place, end in enumerate(ends) if end is not None and end[1].endswith(digits)]


def _so_far(attended: Attended, total: int, percentage: Decimal | None) -> str:
    return (
        phrase("no class yet")
        if percentage is None
        else phrase(
            "{attended} of {total} · {percentage} %", attended=attended, total=total, percentage=percentage
        )
    )


def _standing(eligible: bool, condonable: bool, threshold: Decimal) -> str:
    if eligible:
        return ""
    least = f"{plain(threshold)} %"
    return (
        phrase("short of {least}, may be condoned", least=least)
        if condonable
        else phrase("short of {least}", least=least)
    )


def _meanwhile_words(kept: KeptClass, names: dict[int, str], now: datetime) -> str:
    met = kept.meanwhile
    who = listed(sorted({one.by for one in met}))
    somebody = phrase("somebody")
    some = listed(
        f"{names.get(one.student_id, somebody)} {phrase(COUNTED.get(one.status or '', 'not marked'))}"
        for one in met
    )
    latest = max((one.at for one in met if one.at is not None), default=None)
    at = phrase(" at {when}", when=when(latest, now)) if latest else ""
    return phrase(
        "{who} marked this class{at}: {some}. M keeps your marks, T takes theirs.", who=who, at=at, some=some
    )
