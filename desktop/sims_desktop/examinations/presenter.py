"""Papers of a term, each with its day, time and rooms; and the rooms there are. Qt-free.

The rule a newcomer would get wrong: rooms are typed in the order they are filled, `Hall A: 30, Room 7`, with
how many sit there where that is not as many as the room holds; the last takes whoever is left.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sims_desktop.kit.entries import (
    DAY,
    EntriesPresenter,
    Entry,
    Typed,
    Unresolved,
    day,
    whole,
    words,
)
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import DAYS, left_to_right, listed, plural
from sims_shared.examinations import (
    DateSheetConflicts,
    ExamPaperView,
    ExamRoomView,
    ExamSection,
    SeatingView,
)
from sims_shared.problems import Fault
from sims_shared.terms import TermView

USUAL_TIME, USUAL_MINUTES = "09:00", "180"
CLASHES_TOLD = 4
_CLOCK = re.compile(r"(\d{1,2})[:.]?(\d{2})?\s*(am|pm)?", re.IGNORECASE | re.ASCII)


class PaperCalls(Protocol):
    def list_terms(self) -> list[TermView]: ...
    def list_rooms(self) -> list[ExamRoomView]: ...
    def list_papers(self, term_id: int) -> list[ExamPaperView]: ...
    def read_conflicts(self, term_id: int) -> DateSheetConflicts: ...
    def list_undated(self, term_id: int) -> list[ExamSection]: ...
    def find_sections(self, term_id: int, words: str) -> list[ExamSection]: ...


@dataclass(frozen=True, slots=True)
class Around:
    """What stands beside the papers of a term."""

    terms: Sequence[TermView]
    rooms: Sequence[ExamRoomView]
    conflicts: DateSheetConflicts | None = None
    undated: Sequence[ExamSection] = ()


@dataclass(slots=True)
class PapersPresenter(EntriesPresenter[ExamPaperView]):
    """Always of one term: the newest that is open, until another is chosen."""

    noun: str = later("paper")
    ordering: str = "held_on"
    beside: dict[str, str] = field(
        default_factory=lambda: {
            "examinations.paper_exists": "part",
            "examinations.outside_term": "held_on",
            "examinations.section_cancelled": "section",
        }
    )
    lookups: PaperCalls | None = None
    around: Around | None = None
    last: Typed = field(default_factory=dict)
    """Day, time and rooms of what was saved last: the next paper is often beside it."""

    @property
    def entries(self) -> Sequence[Entry]:
        return (
            Entry("section", later("&Section"), read=words, hint=later("as CS-101 A"), fixed=True),
            Entry("part", later("&Part"), read=str.strip, hint=later("empty, or Practical")),
            Entry("held_on", later("&Day"), DAY, read=day, hint=later("as 2026-12-14")),
            Entry("starts_at", later("&Begins"), read=clock, hint=later("as 09:00")),
            Entry("minutes", later("&Minutes"), read=whole),
            Entry("rooms", later("&Rooms"), read=str, hint=later("as Hall A: 60, Room 7")),
        )

    def name_of(self, record: ExamPaperView) -> str:
        return f"{self.short_name(record)} {record.course_title}"

    def short_name(self, record: ExamPaperView) -> str:
        words = (record.course_code, record.section_code, record.part)
        return left_to_right(" ".join(word for word in words if word))

    def time_words(self, record: ExamPaperView) -> str:
        return left_to_right(f"{record.starts_at}–{ends_at(record.starts_at, record.minutes)}")

    def day_words(self, record: ExamPaperView) -> str:
        return f"{phrase(DAYS[record.held_on.weekday()])} {left_to_right(record.held_on.isoformat())}"

    def room_words(self, record: ExamPaperView) -> str:
        return rooms_typed(record.rooms) or phrase("no room yet")

    # The term, and what is wrong with it

    def look_up(self) -> Around:
        assert self.lookups is not None
        terms, rooms = self.lookups.list_terms(), self.lookups.list_rooms()
        term_id = self._term_of(terms)
        if term_id is None:
            return Around(terms, rooms)
        return Around(terms, rooms, self.lookups.read_conflicts(term_id), self.lookups.list_undated(term_id))

    def asked(self, found: Around) -> dict[str, Any]:
        return {**self.filters, "term_id": self._term_of(found.terms)}

    def take_up(self, found: Around) -> None:
        self.filters["term_id"] = self._term_of(found.terms)
        self.around = found

    def _term_of(self, terms: Sequence[TermView]) -> int | None:
        wanted: int | None = self.filters.get("term_id")
        if wanted is not None or not terms:
            return wanted
        return next((term for term in terms if term.status == "open"), terms[0]).id

    @property
    def term(self) -> TermView | None:
        terms = self.around.terms if self.around is not None else ()
        return next((term for term in terms if term.id == self.filters.get("term_id")), None)

    @property
    def undated(self) -> Sequence[ExamSection]:
        return self.around.undated if self.around is not None else ()

    @property
    def undated_words(self) -> str:
        conflicts = self.around.conflicts if self.around is not None else None
        if conflicts is None:
            return ""
        count = conflicts.sections_without_paper
        if not count:
            return phrase("Every section of the term has a paper.")
        said = phrase("{sections} without a paper yet.", sections=plural(count, "section"))
        return said + " " + phrase("U goes to them, Enter gives one a paper.")

    @property
    def trouble(self) -> str:
        """What is wrong with the whole date sheet, in one sentence; empty when nothing is."""
        conflicts = self.around.conflicts if self.around is not None else None
        if conflicts is None:
            return ""
        told = []
        people = len({one.student_id for one in conflicts.clashes})
        if people:
            told.append(phrase("{students} in two papers at once", students=plural(people, "student")))
        if conflicts.crowded:
            told.append(phrase("{rooms} too small", rooms=plural(len(conflicts.crowded), "room")))
        if conflicts.papers_without_room:
            count = plural(conflicts.papers_without_room, "paper")
            told.append(phrase("{papers} without a room", papers=count))
        return phrase("{what}.", what=phrase(", ").join(told)) if told else ""

    def is_wrong(self, record: ExamPaperView) -> bool:
        return bool(self.wrong_with(record))

    def wrong_with(self, record: ExamPaperView | None) -> list[str]:
        """Conflicts of one paper, a sentence each."""
        conflicts = self.around.conflicts if self.around is not None else None
        if conflicts is None or record is None:
            return []
        said = []
        clashes = [one for one in conflicts.clashes if record.id in (one.paper_id, one.other_paper_id)]
        by_papers: dict[str, list[str]] = {}
        for one in clashes:
            by_papers.setdefault(one.papers, []).append(f"{one.name} {left_to_right(one.reg_no)}")
        for papers, people in by_papers.items():
            said.append(
                phrase(
                    "At once for {people}: {papers}.",
                    people=listed(people, CLASHES_TOLD),
                    papers=left_to_right(papers),
                )
            )
        for crowd in conflicts.crowded:
            if record.id in crowd.paper_ids:
                said.append(
                    phrase(
                        "{room} holds {seats:,}; at {time} {needed:,} are sent there: {papers}.",
                        room=crowd.room,
                        seats=crowd.seats,
                        time=left_to_right(crowd.starts_at),
                        needed=crowd.needed,
                        papers=left_to_right(crowd.papers),
                    )
                )
        return said

    # The form

    def proposal(self) -> Typed:
        """Day, time and rooms of the paper saved last."""
        first = {
            "section": "",
            "part": "",
            "held_on": "",
            "starts_at": USUAL_TIME,
            "minutes": USUAL_MINUTES,
            "rooms": "",
        }
        return {**first, **self.last}

    def proposal_for(self, section: ExamSection) -> Typed:
        return {**self.proposal(), "section": f"{section.course_code} {section.code}"}

    def typed_of(self, record: ExamPaperView) -> Typed:
        return {
            "section": f"{record.course_code} {record.section_code}",
            "part": record.part,
            "held_on": record.held_on.isoformat(),
            "starts_at": record.starts_at,
            "minutes": str(record.minutes),
            "rooms": rooms_typed(record.rooms),
        }

    def complete(self, body: dict[str, Any]) -> dict[str, Any]:
        """Section and rooms by what was typed."""
        assert self.lookups is not None
        made, faults = dict(body), []
        if "rooms" in body:
            try:
                made["rooms"] = seatings(body["rooms"], self.around.rooms if self.around else ())
            except ValueError as error:
                faults.append(Fault("/rooms", "unknown", str(error)))
        if "section" in body:
            section = self._find_section(made.pop("section"))
            if section is None:
                wrong = phrase(
                    "The term has no section “{typed}”; type course and section, as CS-101 A.",
                    typed=body["section"],
                )
                faults.append(Fault("/section", "unknown", wrong))
            else:
                made["section_id"] = section.id
        if faults:
            raise Unresolved(faults)
        return made

    def _find_section(self, typed: str) -> ExamSection | None:
        assert self.lookups is not None
        found = self.lookups.find_sections(self.filters["term_id"], typed)
        folded = typed.casefold()
        exact = [one for one in found if f"{one.course_code} {one.code}".casefold() == folded]
        by_code = [one for one in found if one.course_code.casefold() == folded]
        for candidates in (exact, by_code, found):
            if len(candidates) == 1:
                return candidates[0]
        return None

    def saved(self, draft: Any, made: ExamPaperView) -> str:
        typed = self.typed_of(made)
        self.last = {name: typed[name] for name in ("held_on", "starts_at", "minutes", "rooms")}
        return EntriesPresenter.saved(self, draft, made)

    def every_paper(self) -> list[ExamPaperView]:
        """All papers of the term, for the notice board."""
        assert self.lookups is not None
        return self.lookups.list_papers(self.filters["term_id"])


@dataclass(slots=True)
class RoomsPresenter(EntriesPresenter[ExamRoomView]):
    noun: str = later("room")
    ordering: str = "name"
    beside: dict[str, str] = field(default_factory=lambda: {"examinations.room_taken": "name"})

    @property
    def entries(self) -> Sequence[Entry]:
        return (
            Entry("name", later("&Name"), read=room_name, hint=later("as Hall A")),
            Entry("seats", later("&Seats"), read=seats_or_none, hint=later("empty where nobody counts")),
        )

    def name_of(self, record: ExamRoomView) -> str:
        return record.name

    def seats_words(self, record: ExamRoomView) -> str:
        return "" if record.seats is None else f"{record.seats:,}"


def room_name(typed: str) -> str:
    """Commas and colons stand between rooms where they are typed for a paper."""
    said = words(typed)
    if "," in said or ":" in said:
        raise ValueError(phrase("A room's name has no comma and no colon."))
    return said


def seats_or_none(typed: str) -> int | None:
    return whole(typed) if typed.strip() else None


def clock(typed: str) -> str:
    """`9`, `9.30`, `0930` and `2 pm` as the wire has a time of day."""
    found = _CLOCK.fullmatch(typed.strip())
    if found is not None:
        hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()
        is_of_day = 1 <= hour <= 12 if half else hour < 24
        if is_of_day and minute < 60:
            hour = hour % 12 + (12 if half == "pm" else 0) if half else hour
            return f"{hour:02d}:{minute:02d}"
    raise ValueError(phrase("A time of day is needed, as 09:00."))


def ends_at(starts_at: str, minutes: int) -> str:
    ends = int(starts_at[:2]) * 60 + int(starts_at[3:]) + minutes
    return f"{ends // 60:02d}:{ends % 60:02d}"


def rooms_typed(rooms: Sequence[SeatingView]) -> str:
    """`Hall A: 30, Room 7`."""
    return ", ".join(one.name if one.seats is None else f"{one.name}: {one.seats}" for one in rooms)


def seatings(typed: str, rooms: Sequence[ExamRoomView]) -> list[dict[str, Any]]:
    """What `Hall A: 30, Room 7` means. Raises ValueError for a room that is not there."""
    known = {room.name.casefold(): room.id for room in rooms}
    found = []
    for part in (part.strip() for part in typed.split(",")):
        if not part:
            continue
        name, _, seats = (piece.strip() for piece in part.partition(":"))
        if name.casefold() not in known:
            raise ValueError(
                phrase("There is no room “{name}”; under Rooms (Ctrl+2) it is added.", name=name)
            )
        if seats and not (seats.isascii() and seats.isdigit() and 0 < int(seats) <= 100_000):
            raise ValueError(phrase("How many sit in {name}? A whole number, as 30.", name=name))
        found.append({"room_id": known[name.casefold()], "seats": int(seats) if seats else None})
    return found
