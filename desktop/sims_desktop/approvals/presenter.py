"""What waits for this person's decision, what each decision would do, and what became of it. Qt-free.

The rule a newcomer would get wrong: `load`, `read_detail` and `carry_out` ask the server and run off the
window's thread; they change nothing here but through `take…`, which the window calls when they are done.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, Protocol

from sims_desktop.approvals.scans import ScanCalls, Scans
from sims_desktop.approvals.since_return import PastCalls, SinceReturn, since_return
from sims_desktop.client.errors import ClientError, ProblemAnswer, SignedOut, TryLater
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import left_to_right, listed, local, plural, when
from sims_shared.access import Permission, User
from sims_shared.cutoffs import ClassCutoffs, SheetCutoffs, count_grades
from sims_shared.grading import SCORED, SheetSummary, SheetView
from sims_shared.results import Figures, PendingChangeView
from sims_shared.values import Person

Key = tuple[Literal["sheet", "change"], int]
Report = Callable[[int, int, str], None]
DASH = "–"
APPLIES = 2
CAPACITIES = {
    "exam_cell": later("Examination cell"),
    "registrar": later("Registrar"),
    "head": later("Head"),
    "dean": later("Dean"),
}
MARK_WORDS = {
    "absent": later("absent"),
    "excused": later("excused"),
    "ufm": later("unfair means"),
    "pending": later("pending"),
}
WAITS_FOR = {
    1: later("the head or dean of the department"),
    2: later("the examination cell or the registrar"),
}
STALE = frozenset(
    {"sheets.stale", "sheets.wrong_state", "results.already_decided", "results.stage", "results.moved"}
)


class Post(ScanCalls, PastCalls, Protocol):
    """The server's side of the inbox. Every call raises `ClientError`s only."""

    def me(self) -> User: ...

    def submitted_sheets(self) -> list[SheetSummary]: ...

    def pending_changes(self) -> list[PendingChangeView]: ...

    def read_sheet(self, section_id: int) -> SheetView: ...

    def read_cutoffs(self, section_id: int) -> SheetCutoffs: ...

    def approve_sheet(self, section_id: int, rev: int, key: str) -> int: ...

    def return_sheet(self, section_id: int, reason: str, key: str) -> None: ...

    def decide_change(self, change_id: int, approved: bool, reason: str, key: str) -> PendingChangeView: ...


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that waits. `barred` is why this person cannot decide it, in words; empty when they can.
    Exactly one of `sheet` and `change` is there."""

    key: Key
    title: str
    gist: str
    by: str
    since: datetime | None
    barred: str = ""
    sheet: SheetSummary | None = None
    change: PendingChangeView | None = None

    @property
    def kind_words(self) -> str:
        return phrase("Sheet") if self.sheet is not None else phrase("Change")

    @property
    def like(self) -> tuple[str, int | None]:
        """Items of equal `like` may be decided together."""
        return self.key[0], self.change.stage if self.change is not None else None


@dataclass(frozen=True, slots=True)
class Detail:
    """One item at length. `columns` are the headings of `rows`; `lines` are sentences below them, of
    which `warnings` deserve a colour."""

    title: str
    lead: str
    columns: tuple[str, str, str]
    rows: list[tuple[str, str, str]]
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    since_return: SinceReturn | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """One decision about one or several items. `question` is asked once before it is carried out."""

    items: tuple[Item, ...]
    approves: bool
    reason: str = ""
    question: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one item: a sentence, or the server's no."""

    key: Key
    sentence: str = ""
    error: ClientError | None = None


@dataclass(slots=True)
class Loaded:
    sheets: list[SheetSummary]
    changes: list[PendingChangeView]
    sections_taught: list[int]


AGES = (
    (86_400, later("day"), later("days")),
    (3_600, later("hour"), later("hours")),
    (60, later("minute"), later("minutes")),
)


def age(since: datetime | None, now: datetime) -> str:
    """How long it has waited: `3 days`, `2 hours`, `4 minutes`."""
    if since is None:
        return ""
    seconds = max(0, int((local(now) - local(since)).total_seconds()))
    for size, unit, units in AGES:
        if seconds >= size:
            return plural(seconds // size, unit, units)
    return phrase("just now")


def figure(value: Decimal | str | None) -> str:
    return DASH if value is None or value == "" else str(value)


def moved(before: Decimal | str | None, after: Decimal | str | None) -> str:
    """`C → B`; one of the two where nothing moves."""
    return figure(after) if before == after else f"{figure(before)} → {figure(after)}"


def in_words(error: Exception) -> str:
    """An error as the sentence beside the control."""
    if isinstance(error, SignedOut):
        return phrase("Sign in again; nothing was sent.")
    if isinstance(error, TryLater):
        return phrase("{error}. Try again when you are connected; it counts only once.", error=error)
    return str(error)


class InboxPresenter:
    """`items` in the order of the list, the oldest first; `chosen` are those marked with Space."""

    def __init__(
        self, post: Post, user_id: int, roles: Collection[str], permissions: Collection[str]
    ) -> None:
        self._post = post
        self._me = user_id
        self._roles = roles
        self._permissions = permissions
        self._keys: dict[tuple[Key, bool, int, str], str] = {}
        self.items: list[Item] = []
        self.chosen: set[Key] = set()
        self.refusals: dict[Key, str] = {}
        self.loaded_at: datetime | None = None
        self.trouble = ""
        self.on_change: Callable[[], None] = lambda: None

    # Reading

    def load(self) -> Loaded:
        sheets = self._post.submitted_sheets() if Permission.APPROVE_SHEET in self._permissions else []
        changes = self._post.pending_changes() if Permission.APPROVE_CHANGE in self._permissions else []
        return Loaded(sheets, changes, self._post.me().sections_taught)

    def take_list(self, loaded: Loaded, now: datetime) -> None:
        items = [self._sheet_item(sheet, set(loaded.sections_taught)) for sheet in loaded.sheets]
        items += [item for change in loaded.changes if (item := self._change_item(change)) is not None]
        items.sort(
            key=lambda item: (bool(item.barred), item.since.timestamp() if item.since else 0.0, item.key)
        )
        known = {item.key for item in items}
        self.items = items
        self.chosen &= {item.key for item in items if not item.barred}
        self.refusals = {key: words for key, words in self.refusals.items() if key in known}
        self.loaded_at = now
        self.trouble = ""
        self.on_change()

    def take_trouble(self, error: Exception) -> None:
        """The list could not be read: what is shown stays, and says how old it is."""
        if not isinstance(error, ClientError):
            raise error
        self.trouble = str(error)
        self.on_change()

    def _sheet_item(self, sheet: SheetSummary, taught: set[int]) -> Item:
        missing = sheet.total - sheet.filled
        barred = ""
        if sheet.submitted_by is not None and sheet.submitted_by.id == self._me:
            barred = phrase("You handed this sheet in; somebody else approves it.")
        elif sheet.section_id in taught:
            barred = phrase("You teach this section; somebody else approves it.")
        return Item(
            ("sheet", sheet.section_id),
            f"{sheet.course_code} {sheet.section}",
            phrase("{missing:,} of {total:,} marks missing", missing=missing, total=sheet.total)
            if missing
            else phrase("complete"),
            sheet.submitted_by.name if sheet.submitted_by else "",
            sheet.submitted_at,
            barred,
            sheet=sheet,
        )

    def _change_item(self, change: PendingChangeView) -> Item | None:
        """None for a request that is neither this person's turn nor concerns them."""
        barred = ""
        if change.requested_by.id == self._me:
            barred = phrase("You asked for this change; two others decide it.")
        elif mine := next((one for one in change.approvals if one.approver.id == self._me), None):
            capacity = phrase(CAPACITIES.get(mine.capacity, mine.capacity)).lower()
            barred = phrase(
                "You approved it as {capacity}; the second approval is another person's.", capacity=capacity
            )
        elif not change.decidable:
            return None
        if barred and change.stage in WAITS_FOR:
            barred += phrase(" It waits for {whom}.", whom=phrase(WAITS_FOR[change.stage]))
        grade = moved(change.old_grade, change.new_grade)
        total = moved(change.old_total, change.new_total)
        return Item(
            ("change", change.id),
            f"{left_to_right(change.reg_no)} {change.course_code}",
            f"{total}, {grade}" if change.old_total != change.new_total else grade,
            change.requested_by.name,
            change.requested_at,
            barred,
            change=change,
        )

    @property
    def sentence(self) -> str:
        """The line above the list."""
        if self.trouble:
            shown = (
                phrase("Nothing is shown")
                if self.loaded_at is None
                else phrase("The list is of {when}", when=when(self.loaded_at, self.loaded_at))
            )
            return phrase(
                "{trouble}. {shown}; decisions need the server. F5 asks again.",
                trouble=self.trouble,
                shown=shown,
            )
        if self.loaded_at is None:
            return phrase("Asking the server …")
        mine = [item for item in self.items if not item.barred]
        if not mine:
            other = (
                phrase(" {items} of your own wait for others.", items=plural(len(self.items), "item"))
                if self.items
                else ""
            )
            return phrase("Nothing waits for you.{other}", other=other)
        sheets = sum(item.sheet is not None for item in mine)
        changes = len(mine) - sheets
        parts = [plural(sheets, "sheet")] if sheets else []
        parts += [plural(changes, "change request")] if changes else []
        waits = phrase("waits") if len(mine) == 1 else phrase("wait")
        marked = phrase(" · {count:,} chosen", count=len(self.chosen)) if self.chosen else ""
        return phrase("{names} {waits} for you{marked}", names=listed(parts), waits=waits, marked=marked)

    def item(self, key: Key | None) -> Item | None:
        return next((item for item in self.items if item.key == key), None)

    # One item at length

    def read_detail(self, item: Item) -> Detail:
        if item.change is not None:
            return self._change_detail(item, item.change)
        assert item.sheet is not None
        section_id = item.sheet.section_id
        detail = sheet_detail(item.sheet, self._post.read_sheet(section_id))
        for graded in self._post.read_cutoffs(section_id).classes:
            lines, warnings = cutoff_words(graded)
            detail.lines.extend(lines)
            detail.warnings.extend(warnings)
        again = since_return(self._post, section_id, lambda mark: cell_words(mark, None), datetime.now(UTC))
        return replace(detail, since_return=again)

    def _change_detail(self, item: Item, change: PendingChangeView) -> Detail:
        old, new = change.impact.old, change.impact.new
        rows = [
            (
                f"{score.name}",
                cell_words(score.old_mark, score.old_score),
                cell_words(score.mark, score.score),
            )
            for score in change.scores
        ]
        rows += [(name, before, after) for name, before, after in figures(old, new)]
        lines = [phrase("Reason: {reason}", reason=change.reason)]
        if change.evidence:
            lines.append(phrase("Evidence: {evidence}", evidence=change.evidence))
        lines += [
            phrase(
                "{which} by {name} as {capacity}",
                which=phrase("Approved") if one.approved else phrase("Rejected"),
                name=one.approver.name,
                capacity=phrase(CAPACITIES.get(one.capacity, one.capacity)).lower(),
            )
            + (f": {one.reason}" if one.reason else "")
            for one in change.approvals
        ]
        warnings = [superseded_words(change.impact.supersedes)] if change.impact.supersedes else []
        if not warnings:
            lines.append(phrase("No issued document is superseded."))
        if capacity := self.capacity_words(item):
            lines.append(capacity)
        return Detail(
            f"{change.course_code} · {change.student_name} · {left_to_right(change.reg_no)}",
            phrase("{name} asks to change this result", name=change.requested_by.name),
            ("", phrase("Before"), phrase("After")),
            rows,
            lines,
            warnings,
        )

    def scans_of(self, item: Item) -> Scans:
        assert item.change is not None
        return Scans(self._post, item.change.id)

    def capacity_words(self, item: Item) -> str:
        """`You sign as Examination cell, second of two.`"""
        if item.change is None or item.barred:
            return ""
        roles = ("exam_cell", "registrar") if item.change.stage == APPLIES else ("head", "dean")
        role = next((role for role in roles if role in self._roles), "")
        place = (
            phrase("second of two: your approval applies it")
            if item.change.stage == APPLIES
            else phrase("first of two")
        )
        return phrase(
            "You sign as {capacity}, {place}.",
            capacity=phrase(CAPACITIES.get(role, later("approver"))),
            place=place,
        )

    # Choosing

    def sign(self, item: Item) -> str:
        """Before its title: chosen, refused, or not this person's to decide. The sentence stands below."""
        if item.key in self.refusals:
            return "✕"
        return "✓" if item.key in self.chosen else "–" if item.barred else ""

    def sign_words(self, item: Item) -> str:
        chosen = phrase("chosen") if item.key in self.chosen else ""
        return self.refusals.get(item.key) or item.barred or chosen

    def toggle(self, key: Key) -> str:
        """Marks or unmarks it; says why not."""
        item = self.item(key)
        if item is None or item.barred:
            return item.barred if item else ""
        self.chosen ^= {key}
        self.on_change()
        return ""

    def choose_like(self, key: Key) -> None:
        """Everything that may be decided together with this; again, nothing."""
        item = self.item(key)
        if item is None:
            return
        like = {other.key for other in self.items if other.like == item.like and not other.barred}
        self.chosen = set() if self.chosen == like else like
        self.on_change()

    # Deciding

    def plan(self, key: Key | None, *, approves: bool, reason: str = "") -> Plan | str:
        """The decision about what is chosen, or else about `key`; or why there is none."""
        keys = self.chosen or ({key} if key is not None else set())
        items = tuple(item for item in self.items if item.key in keys)
        if not items:
            return phrase("There is nothing to decide.")
        if items[0].barred:
            return items[0].barred
        if len({item.like for item in items}) > 1:
            return phrase(
                "Decide sheets, first approvals and second approvals separately: choose items of one kind."
            )
        if not approves and not reason.strip():
            return phrase("Say why: the reason goes to whoever handed it in.")
        return Plan(items, approves, reason.strip(), self._question(items) if approves else "")

    def _question(self, items: tuple[Item, ...]) -> str:
        changes = [item.change for item in items if item.change is not None and item.change.stage == APPLIES]
        if not changes:
            return ""
        if len(changes) == 1:
            change = changes[0]
            effects = [
                f"{name} {moved(before, after)}"
                for name, before, after in effects_of(change.impact.old, change.impact.new)
                if before != after
            ] or [phrase("no figure moves")]
            subject = f"{left_to_right(change.reg_no)} {change.course_code}: {phrase(', ').join(effects)}"
        else:
            subject = phrase("{results} change now: ", results=plural(len(changes), "result")) + listed(
                f"{left_to_right(c.reg_no)} {c.course_code} {moved(c.old_grade, c.new_grade)}"
                for c in changes
            )
        serials = [serial for change in changes for serial in change.impact.supersedes]
        documents = f" {superseded_words(serials)}" if serials else phrase(" No document is superseded.")
        return phrase(
            "{subject}.{documents} Ctrl+Enter applies it, Esc leaves it.",
            subject=subject,
            documents=documents,
        )

    def carry_out(self, plan: Plan, report: Report, outcomes: list[Outcome]) -> None:
        """Item by item, so that what was done before a cancel or a lost network stays done. `outcomes`
        is filled as it goes; `report` may raise to stop."""
        for number, item in enumerate(plan.items):
            report(number, len(plan.items), item.title)
            try:
                outcomes.append(Outcome(item.key, self._decide(plan, item)))
            except TryLater as error:
                outcomes.append(Outcome(item.key, error=error))
                return
            except ClientError as error:
                outcomes.append(Outcome(item.key, error=error))

    def _decide(self, plan: Plan, item: Item) -> str:
        # The same decision sent again after a lost answer carries the same key.
        rev = item.sheet.rev if item.sheet is not None else 0
        intent = (item.key, plan.approves, rev, plan.reason)
        key = self._keys.setdefault(intent, str(uuid.uuid4()))
        sentence = self._send(plan, item, key)
        self._keys.pop(intent, None)
        return sentence

    def _send(self, plan: Plan, item: Item, key: str) -> str:
        if item.sheet is not None:
            if plan.approves:
                drafts = self._post.approve_sheet(item.sheet.section_id, item.sheet.rev, key)
                return phrase(
                    "Approved: {title}, {drafts} written", title=item.title, drafts=plural(drafts, "draft")
                )
            self._post.return_sheet(item.sheet.section_id, plan.reason, key)
            return phrase("Returned: {title}", title=item.title)
        assert item.change is not None
        change = self._post.decide_change(item.change.id, plan.approves, plan.reason, key)
        if not plan.approves:
            return phrase("Rejected: {title}", title=item.title)
        if change.status == "approved":
            superseded = len(change.impact.supersedes)
            documents = (
                phrase(", {documents} superseded", documents=plural(superseded, "document"))
                if superseded
                else ""
            )
            return phrase(
                "Applied: {title}, {moved}{documents}",
                title=item.title,
                moved=moved(change.old_grade, change.new_grade),
                documents=documents,
            )
        return phrase("Approved: {title}, now with {whom}", title=item.title, whom=phrase(WAITS_FOR[APPLIES]))

    def take_outcomes(self, outcomes: Sequence[Outcome]) -> str:
        """What was decided leaves the list; what was refused stays, with the reason. Answers the sentence
        for the foot of the page."""
        done = [one for one in outcomes if one.error is None]
        refused = [one for one in outcomes if one.error is not None]
        gone = {one.key for one in done}
        self.items = [item for item in self.items if item.key not in gone]
        self.chosen -= gone
        for one in done:
            self.refusals.pop(one.key, None)
        for one in refused:
            assert one.error is not None
            again = isinstance(one.error, ProblemAnswer) and one.error.code in STALE
            self.refusals[one.key] = in_words(one.error) + (
                phrase(" The list was read again.") if again else ""
            )
        self.on_change()
        if len(done) == 1 and not refused:
            return f"{done[0].sentence}."
        parts = []
        if done:
            verb = done[0].sentence.partition(":")[0]
            names = listed(one.sentence.partition(": ")[2].partition(",")[0] for one in done)
            parts.append(f"{verb}: {len(done):,} ({names}).")
        unsent = sum(isinstance(one.error, TryLater) for one in refused)
        if len(refused) > unsent:
            parts.append(
                phrase("{number:,} refused; the reason stands beside each.", number=len(refused) - unsent)
            )
        if unsent:
            parts.append(phrase("The rest was not sent.") if done else phrase("Not sent."))
        return " ".join(parts)


# -- Words -----------------------------------------------------------------------------------------


def superseded_words(serials: Sequence[str]) -> str:
    count = plural(len(serials), "document")
    verb = phrase("is") if len(serials) == 1 else phrase("are")
    return phrase(
        "{count} {verb} superseded: {names}.",
        count=count,
        verb=verb,
        names=listed(left_to_right(serial) for serial in serials),
    )


def cell_words(mark: str | None, score: Decimal | None) -> str:
    if mark is None:
        return phrase("blank")
    return str(score) if mark == SCORED else phrase(MARK_WORDS.get(mark, mark))


def effects_of(old: Figures, new: Figures) -> list[tuple[str, Decimal | str | None, Decimal | str | None]]:
    return [
        (phrase("total"), old.total, new.total),
        (phrase("grade"), old.grade, new.grade),
        ("CGPA", old.cgpa, new.cgpa),
    ]


def figures(old: Figures, new: Figures) -> list[tuple[str, str, str]]:
    """Each figure that hangs on a result, before and after."""
    pairs: list[tuple[str, Decimal | str | None, Decimal | str | None]] = [
        (phrase("Total"), old.total, new.total),
        (phrase("Grade"), old.grade, new.grade),
        (phrase("Points"), old.grade_points, new.grade_points),
        (phrase("Outcome"), old.outcome, new.outcome),
        ("SGPA", old.sgpa, new.sgpa),
        ("CGPA", old.cgpa, new.cgpa),
        (phrase("Credits earned"), old.credits_earned, new.credits_earned),
        (phrase("Standing"), (old.standing or "").replace("_", " "), (new.standing or "").replace("_", " ")),
    ]
    return [(name, figure(before), figure(after)) for name, before, after in pairs]


def sheet_detail(summary: SheetSummary, sheet: SheetView) -> Detail:
    """A sheet as an approver judges it: each column's marks and mean, who is missing, who is not done."""
    rows, missing = [], []
    enrolled = [row for row in sheet.rows if row.status == "enrolled"]
    for column in sheet.assessments:
        cells = [row.cells.get(str(column.id)) for row in enrolled]
        scores = [cell.score for cell in cells if cell is not None and cell.score is not None]
        others = [cell.mark for cell in cells if cell is not None and cell.mark not in (None, SCORED)]
        filled = len(scores) + len(others)
        mean = (
            phrase(
                "{number:.1f} of {normalize:f}",
                number=sum(scores, Decimal(0)) / len(scores),
                normalize=column.max_score.normalize(),
            )
            if scores
            else DASH
        )
        also = "".join(
            f", {others.count(mark):,} {phrase(MARK_WORDS.get(mark, mark))}"
            for mark in sorted({m for m in others if m})
        )
        rows.append(
            (
                f"{column.name}, {column.weight.normalize():f} %",
                phrase("{filled:,} of {count:,}{also}", filled=filled, count=len(enrolled), also=also),
                mean,
            )
        )
        missing += [
            f"{left_to_right(row.student.reg_no)} {column.name}"
            for row, cell in zip(enrolled, cells, strict=True)
            if cell is None or cell.mark is None
        ]
    lines, warnings = [phrase("{students} on the roster.", students=plural(len(sheet.rows), "student"))], []
    if summary.submit_note:
        lines.append(phrase("Note with it: “{note}”", note=summary.submit_note))
    if missing:
        warnings.append(
            phrase(
                "{marks} missing: {names}. Until {which} in, the results cannot be published.",
                marks=plural(len(missing), "mark"),
                names=listed(missing, 4),
                which=phrase("it is") if len(missing) == 1 else phrase("they are"),
            )
        )
    weights = sum((column.weight for column in sheet.assessments), Decimal(0))
    if weights != 100:
        warnings.append(
            phrase("The weights add up to {normalize:f}, not 100.", normalize=weights.normalize())
        )
    waiting = [device for device in summary.devices if device.pending or device.conflicts]
    warnings += [
        phrase(
            "{name} still has {marks}", name=device.account.name, marks=plural(device.pending, "unsent mark")
        )
        + (
            phrase(" and {conflicts}", conflicts=plural(device.conflicts, "conflict"))
            if device.conflicts
            else ""
        )
        + phrase(" on {name}.", name=device.name)
        for device in waiting
    ]
    if sheet.rev != summary.rev:
        warnings.append(phrase("The sheet moved since the list was read; press F5 before you approve it."))
    return Detail(
        f"{summary.course_code} {summary.course_title} · {summary.section}",
        phrase(
            "{term} · handed in by {person_words}",
            term=summary.term,
            person_words=person_words(summary.submitted_by),
        ),
        (phrase("Assessment"), phrase("Marks"), phrase("Mean")),
        rows,
        lines,
        warnings,
    )


def cutoff_words(graded: ClassCutoffs) -> tuple[list[str], list[str]]:
    """The grades of a class graded relatively, as approving the sheet would freeze them; and each line that
    its lead moved, which deserves a look."""
    moved = {line.grade: line.at_least for line in graded.lines if line.moved}
    counts = count_grades(graded.lines, graded.totals, graded.fail, moved)
    ruled = count_grades(graded.lines, graded.totals, graded.fail, {})
    grades = ", ".join(f"{grade} {count:,}" for grade, count in counts.items())
    lines = [
        phrase(
            "Graded in relation to the class under {regulation}: {grades}. Approving freezes the lines.",
            regulation=graded.regulation,
            grades=grades,
        )
    ]
    who = person_words(graded.proposed_by)
    warnings = [
        phrase(
            "{who} moved {grade}: it begins at {at} instead of {rule}, for {count} instead of {before}.",
            who=who,
            grade=line.grade,
            at=f"{line.at_least.normalize():f}",
            rule=f"{line.by_rule.normalize():f}",
            count=plural(counts[line.grade], "student"),
            before=f"{ruled[line.grade]:,}",
        )
        for line in graded.lines
        if line.moved
    ]
    if graded.reason:
        warnings.append(phrase("The reason given: {reason}", reason=graded.reason))
    return lines, warnings


def person_words(person: Person | None) -> str:
    return person.name if person is not None else phrase("the lead teacher")
