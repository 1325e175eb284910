"""Two versions of one result: which to compare, what stands otherwise, and who changed it why. Qt-free.

The rule a newcomer would get wrong: a version that shows what the one before shows is not offered. The
server counts them because a draft was judged again; nobody asks what did not change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sims_desktop.approvals.presenter import DASH, WAITS_FOR, cell_words
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import left_to_right, listed, when
from sims_shared.policy.rounding import plain
from sims_shared.result_versions import MarkThen, ResultThen, ResultVersions

CAUSES = {
    "approve": later("approved with the sheet"),
    "recompute": later("computed again"),
    "publish": later("published"),
    "freeze": later("frozen"),
    "change": later("changed"),
    "brought": later("brought in from the earlier record"),
}
STATES = {
    "draft": later("not published"),
    "published": later("published"),
    "frozen": later("frozen"),
}
OUTCOMES = {
    "pass": later("pass"),
    "fail": later("fail"),
    "incomplete": later("incomplete"),
    "withheld": later("withheld"),
    "absent": later("absent"),
    "withdrawn": later("withdrawn"),
    "barred": later("barred from the examination"),
    "exempt": later("exempt"),
    "transfer": later("credit from elsewhere"),
    "audit": later("attended without credit"),
    "void": later("void"),
}


@dataclass(frozen=True, slots=True)
class Compared:
    """One line: a mark or a figure in the earlier version and in the later one."""

    what: str
    before: str
    after: str

    @property
    def differs(self) -> bool:
        return self.before != self.after


class VersionsPresenter:
    """`offered` are the versions worth comparing, oldest first; `earlier` and `later` are places in it."""

    def __init__(self, known: ResultVersions, now: datetime) -> None:
        self.known = known
        self._now = now
        self.offered: list[ResultThen] = []
        for version in known.versions:
            if not self.offered or _told(version) != _told(self.offered[-1]):
                self.offered.append(version)
        self.earlier, self.later = self._first_pair()

    def _first_pair(self) -> tuple[int, int]:
        """What was declared before the last change, and what stands; else the last two."""
        last = max(len(self.offered) - 1, 0)
        changes = [place for place, one in enumerate(self.offered) if one.cause == "change"]
        return max((changes[-1] if changes else last) - 1, 0), last

    @property
    def heading(self) -> str:
        known = self.known
        return phrase(
            "{course}, {term}: the result of {number} {name}",
            course=known.course_code,
            term=known.term,
            number=left_to_right(known.reg_no),
            name=known.student_name,
        )

    @property
    def choices(self) -> list[str]:
        return [
            phrase(
                "{what} {when} by {who}", what=cause_words(one), when=when(one.at, self._now), who=one.by.name
            )
            for one in self.offered
        ]

    def choose(self, one: int, other: int) -> None:
        """In either order: the older one is the earlier."""
        self.earlier, self.later = sorted((one, other))

    @property
    def lines(self) -> list[Compared]:
        """Every mark and figure of the two, those that differ and those that do not."""
        if not self.offered:
            return []
        pair = (self.offered[self.earlier], self.offered[self.later])
        names = {mark.assessment_id: mark.assessment for one in pair for mark in one.marks}
        held = [{mark.assessment_id: _mark(mark) for mark in one.marks} for one in pair]
        lines = [
            Compared(name, held[0].get(id, phrase("blank")), held[1].get(id, phrase("blank")))
            for id, name in names.items()
        ]
        before, after = (_figures(one) for one in pair)
        titles = (phrase("Total"), phrase("Grade"), phrase("Points"), phrase("Outcome"), phrase("State"))
        return lines + [
            Compared(title, *values) for title, *values in zip(titles, before, after, strict=True)
        ]

    @property
    def sentence(self) -> str:
        if self.known.withheld:
            return phrase("The result is withheld; its versions are shown once it is released.")
        if len(self.offered) < 2:
            one = phrase("There is one version so far; nothing was changed.")
            return " ".join(filter(None, (one, self._waiting_sentence)))
        moved = [
            phrase("{what} {before} → {after}", what=one.what, before=one.before, after=one.after)
            for one in self.lines
            if one.differs
        ]
        if not moved:
            same = phrase("Both versions show the same.")
            return " ".join(filter(None, (same, self._waiting_sentence)))
        reasons = [
            reason_words(one)
            for one in self.offered[self.earlier + 1 : self.later + 1]
            if one.change_id is not None
        ]
        said = [phrase("{changes}.", changes=listed(moved)), *reasons, self._waiting_sentence]
        return " ".join(filter(None, said))

    @property
    def _waiting_sentence(self) -> str:
        return phrase("A change is {waiting}.", waiting=self.waiting) if self.waiting else ""

    @property
    def history(self) -> str:
        """One line a version, for the card of a student; the change that waits comes last."""
        lines = [
            phrase(
                "{what} {when}: {total}, {grade}{why}",
                what=cause_words(one),
                when=when(one.at, self._now),
                total=_figures(one)[0],
                grade=_figures(one)[1],
                why=phrase(" ({reason})", reason=one.reason) if one.reason else "",
            )
            for one in self.offered
        ]
        return "\n".join(filter(None, (*lines, self.waiting)))

    @property
    def waiting(self) -> str:
        """`With the head or dean since 09:41: “Added up wrongly”, asked by Dr Amna Tariq`."""
        change = self.known.waiting
        if change is None:
            return ""
        return phrase(
            "with {whom} since {when}: “{reason}”, asked by {who}",
            whom=phrase(WAITS_FOR[change.stage]),
            when=when(change.since, self._now),
            reason=change.reason,
            who=change.asked_by.name,
        )


def cause_words(version: ResultThen) -> str:
    return phrase(CAUSES.get(version.cause, version.cause))


def reason_words(version: ResultThen) -> str:
    """Why a change was made, who asked and who approved."""
    return phrase(
        "{who} asked: “{reason}”, approved by {approvers}.",
        who=version.asked_by.name if version.asked_by is not None else version.by.name,
        reason=version.reason or "",
        approvers=listed([person.name for person in version.approved_by]) or DASH,
    )


def _figures(version: ResultThen) -> tuple[str, str, str, str, str]:
    return (
        _number(version.total),
        version.grade or DASH,
        _number(version.grade_points),
        phrase(OUTCOMES.get(version.outcome, version.outcome)),
        phrase(STATES.get(version.state, version.state)),
    )


def _mark(mark: MarkThen) -> str:
    return plain(mark.score) if mark.score is not None else cell_words(mark.mark, None)


def _number(value: Decimal | None) -> str:
    return DASH if value is None else plain(value)


def _told(version: ResultThen) -> tuple[Sequence[object], Sequence[str]]:
    """What a person sees of a version."""
    return [(mark.assessment_id, mark.mark, mark.score) for mark in version.marks], _figures(version)
