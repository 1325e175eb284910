"""Who may sit, section by section: the shortage first, condoned one by one, notified all at once. Qt-free.

The rules a newcomer would get wrong: each student is judged by their own regulation, so the line between
short and not is drawn through the list and not through one percentage; and a refusal for one student keeps
nobody else from being condoned.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from secrets import token_hex
from typing import Protocol

from sims_desktop.client.errors import ClientError, ProblemAnswer, TryLater
from sims_desktop.eligibility.slips import SlipPrinter, SlipsMade, Watch
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import plural, when
from sims_desktop.results.classes import intake_of
from sims_shared.access import Permission
from sims_shared.attendance import (
    AttendanceExplained,
    Attended,
    CondonationView,
    EligibilityListDetail,
    EligibilityListView,
    JudgedSection,
    SectionSummary,
    SummaryRow,
)
from sims_shared.catalog import ProgramView
from sims_shared.messages import Page
from sims_shared.terms import TermView

OUTCOMES = {"eligible": later("sits"), "condoned": later("sits, condoned"), "short": later("short, barred")}


class Calls(Protocol):
    def list_terms(self) -> list[TermView]: ...
    def list_programs(self) -> list[ProgramView]: ...
    def list_sections(
        self, term_id: int | None, program_id: int | None, words: str, cohort: str | None = None
    ) -> Page[JudgedSection]: ...
    def list_more(self, following: str) -> Page[JudgedSection]: ...
    def read_summary(self, section_id: int) -> SectionSummary: ...
    def list_condonations(self, section_id: int) -> list[CondonationView]: ...
    def list_notified(self, section_id: int) -> list[EligibilityListView]: ...
    def read_notified(self, list_id: int) -> EligibilityListDetail: ...
    def condone(
        self, section_id: int, student_id: int, authority: str, reason: str, key: str
    ) -> CondonationView: ...
    def withdraw(self, condonation_id: int, reason: str, key: str) -> CondonationView: ...
    def notify(self, section_id: int, authority: str, key: str) -> EligibilityListDetail: ...
    def explain(self, student_id: int, section_id: int) -> AttendanceExplained: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sections are listed. Without a term, the one that runs. `semester`: those of the program who are
    in it then."""

    term_id: int | None = None
    program_id: int | None = None
    words: str = ""
    semester: int | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """`is_more`: sections that follow those shown, instead of the first."""

    wanted: Wanted
    sections: Sequence[JudgedSection]
    following: str | None
    terms: Sequence[TermView] = ()
    programs: Sequence[ProgramView] = ()
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One student as the list shows them."""

    student_id: int
    reg_no: str
    name: str
    attended: Attended
    total: int
    percentage: Decimal | None
    threshold: Decimal
    is_short: bool
    """Below the threshold, whoever forgave it."""
    standing: str
    is_condonable: bool = False
    is_condoned: bool = False
    is_barred: bool = False

    @property
    def percent_words(self) -> str:
        return "" if self.percentage is None else f"{self.percentage:f} %"


@dataclass(frozen=True, slots=True)
class Shown:
    """A section at hand. `past` is a notified list that is looked at in place of how the marks stand."""

    section: JudgedSection
    summary: SectionSummary
    condonations: dict[int, CondonationView]
    lists: Sequence[EligibilityListView]
    past: EligibilityListDetail | None = None


@dataclass(slots=True)
class EligibilityPresenter:
    """`load`, `read` and the acts ask the server and run off the window's thread."""

    calls: Calls
    permissions: Collection[str]
    now: Callable[[], datetime]
    slips: SlipPrinter | None = None
    wanted: Wanted = field(default_factory=Wanted)
    terms: Sequence[TermView] = ()
    programs: Sequence[ProgramView] = ()
    sections: list[JudgedSection] = field(default_factory=list)
    following: str | None = None
    is_loaded: bool = False
    complaint: str = ""
    shown: Shown | None = None
    marked: set[int] = field(default_factory=set)
    refusals: dict[int, str] = field(default_factory=dict)
    """Why a student of the section at hand was not condoned."""
    on_change: Callable[[], None] = lambda: None
    _keys: dict[object, str] = field(default_factory=dict)

    @property
    def may_condone(self) -> bool:
        return Permission.CONDONE_SHORTAGE in self.permissions

    @property
    def may_notify(self) -> bool:
        return Permission.NOTIFY_ELIGIBILITY in self.permissions

    @property
    def may_print(self) -> bool:
        return self.slips is not None and Permission.MANAGE_EXAMINATIONS in self.permissions

    # Sections

    def load(self) -> Loaded:
        terms = self.terms or self.calls.list_terms()
        programs = self.programs or self.calls.list_programs()
        wanted = self.wanted
        wanted = replace(wanted, term_id=wanted.term_id or self._running(terms))
        cohort = _cohort(wanted, terms, programs)
        if cohort is None:
            wanted = replace(wanted, semester=None)
        page = self.calls.list_sections(wanted.term_id, wanted.program_id, wanted.words, cohort)
        return Loaded(wanted, page.results, page.next, terms, programs)

    def _running(self, terms: Sequence[TermView]) -> int | None:
        """The newest that has begun; one that is only planned has no classes yet."""
        today = self.now().astimezone().date()
        begun = [one.id for one in terms if one.start_date <= today]
        return next(iter(begun or [one.id for one in terms]), None)

    @property
    def semesters(self) -> range:
        """Those to choose from: of the program chosen, in a term that counts as one."""
        term = next((one for one in self.terms if one.id == self.wanted.term_id), None)
        program = next((one for one in self.programs if one.id == self.wanted.program_id), None)
        if term is None or program is None or intake_of(1, term) is None:
            return range(0)
        return range(1, program.semesters + 1)

    def load_more(self) -> Loaded | None:
        if self.following is None:
            return None
        page = self.calls.list_more(self.following)
        return Loaded(self.wanted, page.results, page.next, is_more=True)

    def take(self, loaded: Loaded) -> None:
        self.complaint, self.is_loaded = "", True
        if loaded.is_more:
            known = {one.id for one in self.sections}
            self.sections += [one for one in loaded.sections if one.id not in known]
        else:
            self.wanted, self.sections = loaded.wanted, list(loaded.sections)
            self.terms, self.programs = loaded.terms, loaded.programs
        self.following = loaded.following
        self.on_change()

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.complaint = phrase("{error}. Eligibility needs the server; F5 asks again.", error=error)
        self.on_change()

    @property
    def sentence(self) -> str:
        if self.complaint:
            return self.complaint
        if not self.is_loaded:
            return phrase("Reading the sections …")
        if not self.sections:
            return phrase("No section of yours answers this choice.")
        waiting = sum(one.version is None for one in self.sections)
        said = plural(len(self.sections), "section")
        if self.following is not None:
            said = phrase("{sections} and more below", sections=said)
        if waiting:
            return phrase("{sections}; {waiting:,} without a notified list.", sections=said, waiting=waiting)
        return phrase("{sections}, each with a notified list.", sections=said)

    # One section

    def read(self, section: JudgedSection, list_id: int | None = None) -> Shown:
        summary = self.calls.read_summary(section.id)
        condonations = {one.student_id: one for one in self.calls.list_condonations(section.id)}
        lists = self.calls.list_notified(section.id)
        past = self.calls.read_notified(list_id) if list_id is not None else None
        return Shown(section, summary, condonations, lists, past)

    def take_shown(self, shown: Shown) -> None:
        if self.shown is None or self.shown.section.id != shown.section.id:
            self.marked.clear()
            self.refusals.clear()
        self.shown = shown
        self.marked &= {row.student_id for row in shown.summary.rows}
        self.on_change()

    def leave_section(self) -> None:
        self.shown = None
        self.marked.clear()
        self.refusals.clear()

    @property
    def lines(self) -> list[Line]:
        """From below: who is short before who is not, each by percentage; without classes last."""
        shown = self.shown
        if shown is None:
            return []
        if shown.past is not None:
            found = [
                Line(
                    row.student_id,
                    row.reg_no,
                    row.name,
                    row.attended,
                    row.total,
                    row.percentage,
                    row.threshold,
                    row.outcome != "eligible",
                    phrase(OUTCOMES.get(row.outcome, row.outcome)),
                    is_condoned=row.outcome == "condoned",
                    is_barred=row.outcome == "short",
                )
                for row in shown.past.rows
            ]
        else:
            found = [self._line(row) for row in shown.summary.rows if _is_asked(row)]
        return sorted(
            found,
            key=lambda line: (not line.is_short, line.percentage is None, line.percentage or 0, line.reg_no),
        )

    def _line(self, row: SummaryRow) -> Line:
        is_short = not row.eligible or row.condoned
        return Line(
            row.student_id,
            row.reg_no,
            row.name,
            row.attended,
            row.total,
            row.percentage,
            row.threshold,
            is_short,
            self.refusals.get(row.student_id) or self._standing(row),
            is_condonable=row.condonable and not row.condoned,
            is_condoned=row.condoned,
            is_barred=row.status == "barred",
        )

    def _standing(self, row: SummaryRow) -> str:
        """As the marks stand now, and what a notified list says otherwise."""
        assert self.shown is not None
        if row.condoned:
            condonation = self.shown.condonations.get(row.student_id)
            by = condonation.authority if condonation is not None else ""
            said = phrase("condoned: {authority}", authority=by)
        elif row.eligible:
            said = phrase("may sit")
        elif row.condonable:
            said = phrase("short, may be condoned")
        else:
            heads = ", ".join(row.short_heads)
            said = phrase("short in {heads}", heads=heads) if heads else phrase("short")
        listed = row.notified
        now = "condoned" if row.condoned else "eligible" if row.eligible else "short"
        if listed is not None and listed.outcome != now:
            outcome = phrase(OUTCOMES.get(listed.outcome, listed.outcome))
            said = phrase(
                "{said}; list {version}: {outcome}", said=said, version=listed.version, outcome=outcome
            )
        return said

    @property
    def line_below(self) -> int:
        """After how many lines the threshold lies."""
        return sum(line.is_short for line in self.lines)

    def counts(self, now: datetime) -> str:
        """The section in one sentence."""
        shown = self.shown
        if shown is None:
            return ""
        if shown.past is not None:
            past = shown.past
            return phrase(
                "List {version} as notified {when} by {name}: {eligible:,} sit, {condoned:,} condoned, "
                "{short:,} barred. Later marks changed nothing in it.",
                version=past.version,
                when=when(past.notified_at, now),
                name=past.notified_by.name,
                eligible=past.eligible,
                condoned=past.condoned,
                short=past.short,
            )
        may, condoned, condonable, short = self._figures()
        said = phrase(
            "{students} after {classes}: {may:,} may sit, {condoned:,} condoned, {condonable:,} short and "
            "may be condoned, {short:,} short.",
            students=plural(may + condoned + condonable + short, "student"),
            classes=plural(shown.summary.totals.sessions, "class", "classes"),
            may=may,
            condoned=condoned,
            condonable=condonable,
            short=short,
        )
        if not shown.lists:
            return said + " " + phrase("No list is notified yet.")
        newest = shown.lists[0]
        return (
            said
            + " "
            + phrase(
                "List {version} of {when} is in force.",
                version=newest.version,
                when=when(newest.notified_at, now),
            )
        )

    def _figures(self) -> tuple[int, int, int, int]:
        lines = self.lines
        condoned = sum(line.is_condoned for line in lines)
        condonable = sum(line.is_condonable for line in lines)
        short = sum(line.is_short for line in lines) - condoned - condonable
        return len(lines) - condoned - condonable - short, condoned, condonable, short

    # Marking

    def toggle(self, line: Line) -> None:
        self.marked ^= {line.student_id}
        self.on_change()

    def mark_condonable(self) -> None:
        """All who may be condoned; once more, nobody."""
        every = {line.student_id for line in self.lines if line.is_condonable}
        self.marked = set() if self.marked == every else every
        self.on_change()

    def chosen(self, current: Line | None) -> list[Line]:
        """The marked, or the one under the cursor."""
        if self.marked:
            return [line for line in self.lines if line.student_id in self.marked]
        return [current] if current is not None else []

    # Acts

    def why_not_now(self) -> str:
        """A past list is only looked at."""
        if self.shown is None:
            return phrase("Choose a section first.")
        if self.shown.past is not None:
            return phrase("This is a list as it was notified; choose “As the marks stand now” to act.")
        return ""

    def why_not_condone(self, chosen: Sequence[Line]) -> str:
        if not self.may_condone:
            return phrase("Your roles do not condone shortages.")
        if refusal := self.why_not_now():
            return refusal
        if not chosen:
            return phrase("Choose a student first; Space marks several.")
        return ""

    def condone(self, chosen: Sequence[Line], authority: str, reason: str, watch: Watch) -> str:
        """One each; a refusal stands beside its student and keeps no other."""
        assert self.shown is not None
        section_id, done = self.shown.section.id, set[int]()
        refused: dict[int, str] = {}
        for number, line in enumerate(chosen):
            watch.report(number, len(chosen), phrase("Condoning {name}", name=line.name))
            wish = ("condone", section_id, line.student_id, authority, reason)
            try:
                self.calls.condone(section_id, line.student_id, authority, reason, self._key(wish))
            except ProblemAnswer as problem:
                if problem.errors:
                    raise  # the same for everybody: what was typed
                refused[line.student_id] = phrase("not condoned: {why}", why=str(problem))
            else:
                done.add(line.student_id)
            self._keys.pop(wish)
        # What came of it is kept only here, where nothing can break off any more.
        self.marked -= done
        self.refusals = refused
        said = phrase("{students} condoned.", students=plural(len(done), "student"))
        if refused:
            more = plural(len(refused), "student")
            said += " " + phrase("{students} refused; why stands in the list.", students=more)
        return said

    def why_not_withdraw(self, chosen: Sequence[Line]) -> str:
        if refusal := self.why_not_condone(chosen):
            return refusal
        if not self._held(chosen):
            return phrase("Nobody chosen has a condonation.")
        return ""

    def _held(self, chosen: Sequence[Line]) -> list[CondonationView]:
        assert self.shown is not None
        held = self.shown.condonations
        return [held[line.student_id] for line in chosen if line.student_id in held]

    def withdraw(self, chosen: Sequence[Line], reason: str, watch: Watch) -> str:
        held = self._held(chosen)
        for number, condonation in enumerate(held):
            watch.report(number, len(held))
            wish = ("withdraw", condonation.id, reason)
            self.calls.withdraw(condonation.id, reason, self._key(wish))
            self._keys.pop(wish)
        self.marked.clear()
        return phrase(
            "{condonations} withdrawn; they stay on record as withdrawn.",
            condonations=plural(len(held), "condonation"),
        )

    def why_not_notify(self) -> str:
        if not self.may_notify:
            return phrase("Your roles do not notify lists.")
        if refusal := self.why_not_now():
            return refusal
        assert self.shown is not None
        if not self.lines:
            return phrase("Nobody sits in this section.")
        if self.shown.section.sheet not in (None, "open"):
            return phrase("The grade sheet of the section is no longer open; it has to be returned first.")
        return ""

    @property
    def question(self) -> str:
        """What notifying would do, before the authority is typed."""
        assert self.shown is not None
        may, condoned, condonable, short = self._figures()
        number = 1 + max((one.version for one in self.shown.lists), default=0)
        return phrase(
            "Notify list {number} of {section}: {sit:,} sit, {barred:,} barred. Attendance that is "
            "changed afterwards no longer matters, until another list is notified. Authority, may stay "
            "empty; Enter notifies, Esc leaves it.",
            number=number,
            section=section_words(self.shown.section),
            sit=may + condoned,
            barred=condonable + short,
        )

    def notify(self, authority: str) -> str:
        assert self.shown is not None
        wish = ("notify", self.shown.section.id, authority)
        made = self.calls.notify(self.shown.section.id, authority, self._key(wish))
        self._keys.pop(wish)
        return phrase(
            "List {version} is notified: {eligible:,} sit, {condoned:,} condoned, {short:,} barred.",
            version=made.version,
            eligible=made.eligible,
            condoned=made.condoned,
            short=made.short,
        )

    # Slips

    def why_not_slips(self) -> str:
        if not self.may_print:
            return phrase("Your roles do not print slips.")
        if self.shown is None:
            return phrase("Choose a section first.")
        if not self.shown.lists:
            return phrase("No list is notified yet; N notifies one, and slips are made from it.")
        return ""

    @property
    def slips_question(self) -> str:
        """Of whom slips would be made: the marked, or all whom the list in force admits."""
        assert self.shown is not None
        count = len(self.marked)
        if not count:
            newest = self.shown.lists[0]
            count = newest.eligible + newest.condoned
        return phrase(
            "Make the slips of {students}, a page each with all papers they are admitted to? S again makes "
            "them, Esc leaves it. Space marks single students.",
            students=plural(count, "student"),
        )

    def make_slips(self, watch: Watch) -> SlipsMade:
        assert self.shown is not None
        assert self.slips is not None
        section = self.shown.section
        return self.slips.make(section.term_id, section.id, sorted(self.marked), watch)

    def read_slips(self, job_id: int) -> bytes:
        assert self.slips is not None
        return self.slips.read(job_id)

    def _key(self, wish: object) -> str:
        """One key for one wish: asked again after a lost answer, it counts once."""
        return self._keys.setdefault(wish, token_hex(16))

    def explain(self, line: Line) -> AttendanceExplained:
        assert self.shown is not None
        return self.calls.explain(line.student_id, self.shown.section.id)

    def refused(self, error: Exception) -> str:
        if not isinstance(error, ClientError):
            raise error
        if isinstance(error, TryLater):
            return phrase("{error}. What you typed stands; asked again it counts only once.", error=error)
        if isinstance(error, ProblemAnswer) and error.errors:
            return " ".join(fault.detail for fault in error.errors)
        return str(error)


def _cohort(wanted: Wanted, terms: Sequence[TermView], programs: Sequence[ProgramView]) -> str | None:
    term = next((one for one in terms if one.id == wanted.term_id), None)
    program = next((one for one in programs if one.id == wanted.program_id), None)
    if wanted.semester is None or term is None or program is None:
        return None
    intake = intake_of(wanted.semester, term)
    return None if intake is None else f"{program.code}-{intake}"


def _is_asked(row: SummaryRow) -> bool:
    """Who sits in the section, or was kept from it by an earlier list; whom an order barred no list seats."""
    by_list = row.notified is not None and row.notified.outcome == "short"
    return row.status == "enrolled" or (row.status == "barred" and by_list)


def section_words(section: JudgedSection) -> str:
    return f"{section.course_code} {section.code}"


def list_words(section: JudgedSection, now: datetime) -> str:
    """What is notified of it."""
    if section.version is None:
        return phrase("no list yet")
    return phrase(
        "list {version}, {when}: {short:,} barred",
        version=section.version,
        when=when(section.notified_at, now),
        short=section.short,
    )
