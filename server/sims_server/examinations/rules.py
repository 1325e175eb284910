"""What is wrong with a date sheet, and with a slip. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sims_shared.examinations import (
    ROOMS_OF_A_PAPER,
    Crowding,
    ExamSlip,
    NothingToSit,
    PaperOutsideTerm,
    Seating,
    SlipClash,
    SlipHeld,
    SlipPaper,
)
from sims_shared.problems import Fault, InvalidInput

DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class SeatedRoom:
    """A room of a paper: what it holds, and how many were said to sit there for this paper."""

    id: int
    name: str
    holds: int | None
    seats: int | None


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper with everybody who has a place in it."""

    id: int
    words: str
    held_on: date
    starts_at: str
    minutes: int
    sitting: int
    rooms: Sequence[SeatedRoom]

    @property
    def begins(self) -> int:
        return minute_of(self.starts_at)

    @property
    def ends(self) -> int:
        return self.begins + self.minutes


def minute_of(clock: str) -> int:
    """Minutes since midnight of `09:30`."""
    return int(clock[:2]) * 60 + int(clock[3:5])


def check_day(held_on: date, starts_at: str, minutes: int, first: date, last: date) -> None:
    """Raises PaperOutsideTerm, and InvalidInput where a paper goes on past midnight."""
    if not first <= held_on <= last:
        detail = f"The term runs from {first} to {last}."
        raise PaperOutsideTerm(
            detail,
            errors=[Fault("/held_on", "range", detail)],
            start_date=first.isoformat(),
            end_date=last.isoformat(),
        )
    if minute_of(starts_at) + minutes > DAY:
        detail = "A paper ends on the day it begins."
        raise InvalidInput(detail, errors=[Fault("/minutes", "range", detail)])


def check_rooms(rooms: Sequence[Seating], known: Iterable[int]) -> None:
    """Raises InvalidInput for rooms that do not exist, and for one named twice."""
    there, seen, faults = set(known), set[int](), []
    for place, seating in enumerate(rooms):
        pointer = f"/rooms/{place}/room_id"
        if seating.room_id not in there:
            faults.append(Fault(pointer, "unknown", f"There is no room {seating.room_id}."))
        elif seating.room_id in seen:
            faults.append(Fault(pointer, "repeated", "This room stands there twice."))
        seen.add(seating.room_id)
    if len(rooms) > ROOMS_OF_A_PAPER:
        faults.append(Fault("/rooms", "range", f"A paper is written in {ROOMS_OF_A_PAPER} rooms at most."))
    if faults:
        raise InvalidInput(
            f"{len(faults)} fault{'s' if len(faults) > 1 else ''} in the rooms.", errors=faults
        )


def allot(sitting: int, rooms: Sequence[SeatedRoom]) -> list[int]:
    """How many sit in each room: as many as were said, else as many as it holds; the last takes the rest."""
    left, placed = sitting, []
    for place, room in enumerate(rooms):
        most = left if place == len(rooms) - 1 else room.seats or room.holds or left
        placed.append(min(left, most))
        left -= placed[-1]
    return placed


def crowded(papers: Sequence[Paper]) -> list[Crowding]:
    """Rooms that at some moment hold fewer than are sent there, each at its fullest moment of a day."""
    of_room: dict[tuple[int, date], list[tuple[Paper, int]]] = defaultdict(list)
    rooms: dict[int, SeatedRoom] = {}
    for paper in papers:
        for room, placed in zip(paper.rooms, allot(paper.sitting, paper.rooms), strict=True):
            rooms[room.id] = room
            if placed:
                of_room[room.id, paper.held_on].append((paper, placed))
    found = []
    for (room_id, day), seated in sorted(of_room.items(), key=lambda item: (item[0][1], item[0][0])):
        room = rooms[room_id]
        if room.holds is None:
            continue
        # A room is fullest at the moment some paper begins in it.
        moments = [
            [(other, placed) for other, placed in seated if other.begins <= paper.begins < other.ends]
            for paper, _ in seated
        ]
        fullest = max(moments, key=lambda there: sum(placed for _, placed in there))
        needed = sum(placed for _, placed in fullest)
        if needed > room.holds:
            begins = max((paper for paper, _ in fullest), key=lambda paper: paper.begins)
            found.append(
                Crowding(
                    room_id=room_id,
                    room=room.name,
                    seats=room.holds,
                    needed=needed,
                    held_on=day,
                    starts_at=begins.starts_at,
                    paper_ids=[paper.id for paper, _ in fullest],
                    papers=", ".join(paper.words for paper, _ in fullest),
                )
            )
    return found


def paper_words(course_code: str, section_code: str, part: str) -> str:
    """`CS-201 A practical`."""
    return " ".join(word for word in (course_code, section_code, part) if word)


def clashes_of(papers: Sequence[SlipPaper]) -> list[str]:
    """Papers of one student that overlap, in words."""
    dated = sorted(
        (p for p in papers if p.held_on is not None and p.starts_at is not None),
        key=lambda p: (p.held_on or date.min, p.starts_at or ""),
    )
    found = []
    for place, one in enumerate(dated):
        for other in dated[place + 1 :]:
            if other.held_on != one.held_on:
                break
            ends = minute_of(one.starts_at or "00:00") + (one.minutes or 0)
            if minute_of(other.starts_at or "00:00") < ends:
                words = [paper_words(p.course_code, p.section_code, p.part) for p in (one, other)]
                found.append(f"{words[0]} and {words[1]} on {one.held_on} at {other.starts_at}")
    return found


def check_slip(slip: ExamSlip) -> None:
    """Raises SlipHeld, NothingToSit or SlipClash unless the slip can be handed out."""
    if slip.held:
        raise SlipHeld(" ".join(slip.held), holds=slip.held)
    if not any(paper.held_on for paper in slip.papers):
        if slip.papers:
            raise NothingToSit("The date sheet has none of the student's papers yet.")
        if slip.barred:
            raise NothingToSit(f"Barred by the notified list: {', '.join(slip.barred)}.")
        waiting = f"; not notified yet: {', '.join(slip.waiting)}" if slip.waiting else ""
        raise NothingToSit(f"No list admits the student{waiting}.")
    if slip.clashes:
        raise SlipClash(f"{'; '.join(slip.clashes)}.", papers=slip.clashes)


ALLOWED = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
CODE_HOLDS = 1500
"""Letters of a code that a phone still reads at a slip's size; whoever has more papers reads the slip."""


def check_text(slip: ExamSlip, as_of: str) -> str:
    """What the printed code holds, for an invigilator's phone: who, which term, and each paper with its day,
    time and room. Of the letters such a code packs best; others become a point."""
    parts = [f"SLIP {slip.roll_no or slip.reg_no}", slip.reg_no, slip.term]
    for paper in slip.papers:
        if paper.held_on is not None:
            words = paper_words(paper.course_code, paper.section_code, paper.part)
            parts.append(f"{words} {paper.held_on} {paper.starts_at} {paper.room or '-'}")
    ends = f"AS OF {as_of}"
    room, left_out = CODE_HOLDS - len(f" / AND {len(parts)} MORE / {ends}"), 0
    while len(" / ".join(parts)) > room:
        parts.pop()
        left_out += 1
    parts += [f"AND {left_out} MORE", ends] if left_out else [ends]
    said = " / ".join(parts).upper()
    return "".join(letter if letter in ALLOWED else "." for letter in said)
