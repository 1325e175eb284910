"""What the import desk holds and says: earlier imports, the file at hand, the fate of its rows. Qt-free.

The rule a newcomer would get wrong: the columns are named once. What this person said of headers before
goes along with the first upload; only headers that nobody explained are asked about.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import Protocol

from sims_desktop.client.errors import ClientError, ProblemAnswer
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import plural, when
from sims_shared.imports import (
    PERMISSIONS,
    DifferenceView,
    ImportRowPage,
    ImportRowView,
    ImportSummary,
    ImportView,
)
from sims_shared.jobs import JobView
from sims_shared.problems import Fault

HISTORY = "results_history"
LARGEST = 64 * 1024 * 1024
READABLE = later("Tables (*.csv *.xlsx *.ods);;All files (*)")
LEFT_OUT = ""
ENDED = frozenset({"done", "failed", "cancelled"})
FATES: tuple[str | None, ...] = (None, "new", "changed", "lifted", "same", "fault")
FATE_WORDS = {
    "new": later("new"),
    "changed": later("changed"),
    "same": later("the same"),
    "lifted": later("lifted"),
    "fault": later("at fault"),
}
KIND_WORDS = {
    "departments": later("departments"),
    "programs": later("programs"),
    "courses": later("courses"),
    "terms": later("terms"),
    "accounts": later("accounts"),
    "sections": later("sections"),
    "students": later("students"),
    "enrollments": later("enrollments"),
    "assessments": later("assessments"),
    "scores": later("scores"),
    "attendance": later("attendance"),
    "holds": later("holds"),
    HISTORY: later("results before this system"),
    "exam_rooms": later("examination rooms"),
    "exam_papers": later("date sheet"),
}
STATUS_WORDS = {
    "uploaded": later("being read"),
    "previewed": later("ready to bring in"),
    "faulty": later("at fault"),
    "committed": later("brought in"),
    "undone": later("taken back"),
    "failed": later("failed"),
}
# The record keeps a row's cells without their order; these stand first, as offices write them.
FIRST_COLUMNS = (
    "reg_no", "code", "username", "name", "title", "course_code", "term", "section", "assessment",
    "part", "date", "starts_at", "ends_at", "rooms", "seats", "slot", "mark", "score", "grade", "status",
    "kind", "amount",
)  # fmt: skip
# Words in a file's name that tell its kind, besides the kind's own.
ALSO_CALLED = {
    "marks": "scores",
    "fees": "holds",
    "defaulters": "holds",
    "results": HISTORY,
    "history": HISTORY,
    "staff": "accounts",
    "faculty": "accounts",
    "semesters": "terms",
    "rooms": "exam_rooms",
    "halls": "exam_rooms",
    "papers": "exam_papers",
    "date sheet": "exam_papers",
    "date_sheet": "exam_papers",
    "datesheet": "exam_papers",
}
DATE_SHEET = ("exam_papers", "exam_rooms")
_PLACE = re.compile(r"row (\d+)(?:, column (.*))?")
SOON, LATER = 0.2, 1.0


class Watch(Protocol):
    """Whoever waits for long work: told how far it is, and heard when they have had enough."""

    def report(self, done: int, total: int, words: str = "") -> None: ...

    def pause(self, seconds: float) -> None: ...


class Calls(Protocol):
    def list_imports(self) -> list[ImportSummary]: ...
    def upload(
        self, kind: str, file_name: str, content: bytes, mapping: Mapping[str, str], complete: bool
    ) -> ImportView: ...
    def read_import(self, import_id: int) -> ImportView: ...
    def read_rows(self, import_id: int, fate: str | None, after: int) -> ImportRowPage: ...
    def read_differences(self, import_id: int) -> list[DifferenceView]: ...
    def read_mapping(self, kind: str) -> dict[str, str]: ...
    def commit(self, import_id: int, plan_hash: str, key: str) -> ImportView: ...
    def undo(self, import_id: int, key: str) -> ImportView: ...
    def read_job(self, job_id: int) -> JobView: ...
    def cancel_job(self, job_id: int) -> None: ...
    def retry_job(self, job_id: int) -> None: ...


@dataclass(frozen=True, slots=True)
class AtHand:
    """A file that was chosen, held until it is brought in or another takes its place."""

    name: str
    content: bytes
    kind: str
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """An import as the desk shows it. `obstacles` are what keeps it from being taken back."""

    view: ImportView
    rows: Sequence[ImportRowView] = ()
    fate: str | None = None
    more: int | None = None
    """Rows after this one are still to be read; None when these are all."""
    differences: Sequence[DifferenceView] = ()
    job: JobView | None = None
    obstacles: Sequence[Fault] = ()

    @property
    def faults(self) -> Sequence[Fault]:
        return self.obstacles or self.view.faults

    @property
    def needs_columns(self) -> bool:
        """Its first row was not understood, so that nothing else could be said of it."""
        columns = self.view.columns
        return self.view.status in ("uploaded", "faulty") and bool(columns.unknown or columns.missing)


@dataclass(frozen=True, slots=True)
class Header:
    """A header of the file nobody knows, what it may mean, and what it is taken for."""

    header: str
    choices: Sequence[str]
    means: str


@dataclass(slots=True)
class ImportsPresenter:
    """`load`, `preview`, `open`, `commit` and `undo` ask the server and run off the window's thread; `take_…`
    puts what they answered in place."""

    calls: Calls
    permissions: Collection[str]
    user_id: int
    only: Sequence[str] = ()
    """The kinds of a desk that brings in its own files; empty for every kind."""
    batches: Sequence[ImportSummary] = ()
    at_hand: AtHand | None = None
    shown: Shown | None = None
    loaded: bool = False
    complaint: str = ""
    on_change: Callable[[], None] = lambda: None
    _keys: dict[tuple[str, int, str], str] = field(default_factory=dict)

    @property
    def kinds(self) -> list[str]:
        """What this person may bring in."""
        allowed = [kind for kind, permission in PERMISSIONS.items() if permission in self.permissions]
        return [kind for kind in self.only if kind in allowed] if self.only else allowed

    @property
    def sentence(self) -> str:
        if not self.loaded:
            return self.complaint or phrase("Reading the earlier imports …")
        if not self.batches:
            return phrase("Nothing was brought in yet. Drop a CSV, XLSX or ODS file here, or press Ctrl+O.")
        waits = [one for one in self.batches if one.status == "previewed"]
        if waits:
            return phrase("{imports} ready to bring in", imports=plural(len(waits), "import"))
        return phrase("{imports}", imports=plural(len(self.batches), "import"))

    # The file

    def choose(self, path: Path) -> str:
        """Takes a file from the disk, its kind guessed by its name. Answers why not, or nothing."""
        kinds = self.kinds
        if not kinds:
            return phrase("Your roles bring no kind of file in.")
        try:
            if path.stat().st_size > LARGEST:
                return phrase("{name} is larger than 64 MB; split it.", name=path.name)
            content = path.read_bytes()
        except OSError as error:
            return phrase("{name} cannot be read: {why}", name=path.name, why=error.strerror or error)
        if not content:
            return phrase("{name} is empty.", name=path.name)
        self.at_hand = AtHand(path.name, content, guess_kind(path.name, kinds))
        self.shown = None
        self.on_change()
        return ""

    def say_kind(self, kind: str, complete: bool) -> None:
        assert self.at_hand is not None
        self.at_hand = replace(self.at_hand, kind=kind, complete=complete and kind == "holds")

    def leave_file(self) -> None:
        self.at_hand = None
        self.on_change()

    @property
    def has_file(self) -> bool:
        """Whether the file of what is shown is still at hand, so that its columns can be named again."""
        return (
            self.at_hand is not None
            and self.shown is not None
            and (self.at_hand.name, self.at_hand.kind) == (self.shown.view.file_name, self.shown.view.kind)
        )

    # Asking the server

    def load(self) -> list[ImportSummary]:
        found = self.calls.list_imports()
        return [one for one in found if one.kind in self.only] if self.only else found

    def take(self, batches: Sequence[ImportSummary]) -> None:
        self.batches, self.loaded, self.complaint = batches, True, ""
        self.on_change()

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.complaint = phrase("{error}. Bringing files in needs the server; F5 asks again.", error=error)
        self.loaded = False
        self.on_change()

    def preview(self, file: AtHand, mapping: Mapping[str, str] | None, watch: Watch) -> Shown:
        """Uploads the file and waits for its preview. `mapping` None: as this person said before."""
        watch.report(0, 0, phrase("Sending {name}", name=file.name))
        said = usable(self.calls.read_mapping(file.kind)) if mapping is None else dict(mapping)
        view = self.calls.upload(file.kind, file.name, file.content, said, file.complete)
        return self._await(view, phrase("Reading {name}", name=file.name), watch)

    def open(self, import_id: int, fate: str | None = None) -> Shown:
        return self._read(self.calls.read_import(import_id), fate)

    def read_more(self, shown: Shown) -> Shown:
        """The next rows behind those that are there."""
        assert shown.more is not None
        page = self.calls.read_rows(shown.view.id, shown.fate, shown.more)
        return replace(shown, rows=[*shown.rows, *page.results], more=_following(page))

    def commit(self, shown: Shown, watch: Watch) -> Shown:
        """Carries out the plan that is shown. Raises ProblemAnswer: `imports.stale`, …"""
        view = shown.view
        key = self._key("commit", view.id, view.plan_hash or "")
        asked = self.calls.commit(view.id, view.plan_hash or "", key)
        if asked.job_id == view.job_id:  # results from before this system wait for another person now
            return self._read(asked, None)
        return self._await(asked, phrase("Bringing {name} in", name=view.file_name), watch)

    def retry(self, shown: Shown, watch: Watch) -> Shown:
        """A preview or commit that was cancelled or failed, again."""
        assert shown.job is not None
        self.calls.retry_job(shown.job.id)
        return self._await(shown.view, phrase("Reading {name}", name=shown.view.file_name), watch)

    def undo(self, shown: Shown) -> Shown:
        """Takes it back; where the server refuses, what stands on it is among the obstacles."""
        view = shown.view
        return self._read(self.calls.undo(view.id, self._key("undo", view.id, str(view.committed_at))), None)

    def _key(self, act: str, import_id: int, about: str) -> str:
        """One key for one wish: after a lost answer the same is asked for, not once more."""
        return self._keys.setdefault((act, import_id, about), token_hex(16))

    def _await(self, view: ImportView, words: str, watch: Watch) -> Shown:
        job_id = view.job_id
        pause = SOON
        try:
            while job_id is not None:
                job = self.calls.read_job(job_id)
                if job.status in ENDED:
                    break
                watch.report(job.progress.done, job.progress.total, words)
                watch.pause(pause)
                pause = min(LATER, pause * 1.5)
        except ClientError:
            raise
        except Exception:
            # The person has had enough: the server stops too, or the job would go on unseen.
            if job_id is not None:
                self._stop(job_id)
            raise
        return self._read(self.calls.read_import(view.id), None)

    def _stop(self, job_id: int) -> None:
        try:
            self.calls.cancel_job(job_id)
        except ClientError:
            pass  # it had ended, or the server is away; the list says which

    def _read(self, view: ImportView, fate: str | None) -> Shown:
        job = self._job_of(view)
        page = self.calls.read_rows(view.id, fate, 0)
        differences = self.calls.read_differences(view.id) if view.differences else []
        return Shown(view, page.results, fate, _following(page), differences, job)

    def _job_of(self, view: ImportView) -> JobView | None:
        """The last work on it, unless it was asked for by another person: a job is its asker's alone."""
        if view.job_id is None:
            return None
        try:
            return self.calls.read_job(view.job_id)
        except ProblemAnswer:
            return None

    def take_shown(self, shown: Shown | None) -> None:
        self.shown = shown
        self.on_change()

    def refused(self, error: Exception) -> str:
        """The server's no in words; what it lists by row is shown in the table of faults."""
        if not isinstance(error, ClientError):
            raise error
        if isinstance(error, ProblemAnswer) and self.shown is not None:
            if error.code == "imports.depended_on" and error.errors:
                self.shown = replace(self.shown, obstacles=error.errors)
                self.on_change()
            if error.code == "imports.stale":
                again = phrase("Choose the file again for a new preview.")
                return f"{error} {phrase('Ctrl+Enter previews it again.') if self.has_file else again}"
        return str(error)

    # What is shown

    def headers(self) -> list[Header]:
        """The headers of the file shown that have to be explained, or were."""
        if self.shown is None:
            return []
        view = self.shown.view
        free = view.columns.free
        lines = []
        for one in view.columns.unknown:
            rest = [column for column in free if column not in one.suggestions]
            means = one.suggestions[0] if one.suggestions else LEFT_OUT
            lines.append(Header(one.header, [*one.suggestions, *rest], means))
        for header, column in view.mapping.items():
            choices = list(dict.fromkeys([column, *free] if column else free))
            lines.append(Header(header, choices, column))
        taken: set[str] = set()
        for number, line in enumerate(lines):
            # Two headers that look like one column: the first has it, the other waits to be said.
            if line.means and line.means in taken:
                lines[number] = replace(line, means=LEFT_OUT)
            taken.add(line.means)
        return lines

    def check_mapping(self, said: Mapping[str, str]) -> str:
        """Why these meanings cannot be sent yet, or nothing."""
        meant = [column for column in said.values() if column]
        twice = sorted({column for column in meant if meant.count(column) > 1})
        if twice:
            return phrase("Two headers mean {column}; only one can.", column=twice[0])
        assert self.shown is not None
        missing = [one.column for one in self.shown.view.columns.missing if one.column not in meant]
        if missing:
            return phrase("Still to be named: {columns}.", columns=", ".join(missing))
        return ""

    @property
    def why_not_commit(self) -> str:
        """Why what is shown cannot be brought in, or nothing."""
        if self.shown is None:
            return ""
        view = self.shown.view
        if view.status == "faulty":
            return phrase("Nothing is brought in while a row is at fault. Correct the file, drop it again.")
        if view.status != "previewed":
            return phrase("It is {state}.", state=phrase(STATUS_WORDS[view.status]))
        if view.kind == HISTORY and view.proposed_by is not None and view.proposed_by.id == self.user_id:
            return phrase("You proposed it. Another person of the registrar or the exam cell confirms it.")
        return ""

    @property
    def commit_question(self) -> str:
        """Asked once where there is no way back; empty where an undo is the way back."""
        if self.shown is None or self.shown.view.kind != HISTORY:
            return ""
        view = self.shown.view
        if view.proposed_by is None:
            return phrase("You propose these results; a second person confirms them. Ctrl+Enter proposes.")
        return phrase(
            "{name} proposed these results; you confirm them as the second person. "
            "Results that stand are never taken back. Ctrl+Enter confirms.",
            name=view.proposed_by.name,
        )

    @property
    def why_not_undo(self) -> str:
        if self.shown is None:
            return phrase("Choose an import first.")
        view = self.shown.view
        if view.kind == HISTORY:
            return phrase("Results that stand are never taken back; a change request corrects them.")
        if view.status != "committed":
            return phrase("Only what was brought in can be taken back.")
        return ""

    @property
    def undo_question(self) -> str:
        assert self.shown is not None
        counts = self.shown.view.counts
        return phrase(
            "{made} go again and {changed} hold again what they held. "
            "Ctrl+Enter takes it back, Esc leaves it.",
            made=plural(counts.new, "new row"),
            changed=plural(counts.changed + counts.lifted, "changed row"),
        )

    def lead(self, now: datetime) -> str:
        """What the import shown is and what comes next, in sentences."""
        if self.shown is None:
            return ""
        view, job = self.shown.view, self.shown.job
        lines = [counts_words(view)] if view.counts.rows else []
        if self.shown.needs_columns:
            lines.append(phrase("Some headers of the first row are not understood."))
        elif view.status == "uploaded":
            lines.append(_job_words(job))
        elif view.status == "faulty":
            lines.append(self.why_not_commit)
        elif view.status == "previewed" and job is not None and job.status == "failed":
            lines.append(phrase("Nothing was brought in: {why}", why=job.error or phrase("the work failed")))
        elif view.status == "previewed" and job is not None and job.status == "cancelled":
            lines.append(phrase("It was cancelled; nothing was brought in."))
        elif view.status == "previewed" and self.why_not_commit:
            lines.append(self.why_not_commit)
        elif view.status == "previewed" and view.kind == HISTORY:
            lines.append(phrase("Nothing is changed yet. Two people bring results in: one proposes them."))
        elif view.status == "previewed":
            lines.append(phrase("Nothing is changed yet. Ctrl+Enter brings exactly this in."))
        if view.proposed_by is not None and view.committed_at is None:
            name, at = view.proposed_by.name, when(view.proposed_at, now)
            lines.append(phrase("Proposed by {name}, {when}.", name=name, when=at))
        uploaded = phrase(
            "Sent by {name}, {when}.", name=view.created_by.name, when=when(view.created_at, now)
        )
        if view.committed_at is None:
            lines.append(uploaded)
        else:
            lines.append(f"{uploaded} {phrase('Brought in {when}.', when=when(view.committed_at, now))}")
        if view.undone_at is not None:
            by = view.undone_by.name if view.undone_by else ""
            lines.append(phrase("Taken back {when} by {name}.", when=when(view.undone_at, now), name=by))
        if view.mapping:
            said = [f"{header} = {column or '–'}" for header, column in view.mapping.items()]
            lines.append(phrase("Columns as you named them: {columns}", columns=", ".join(said)))
        return "\n".join(lines)


# -- Words -------------------------------------------------------------------------------------------------


def guess_kind(file_name: str, kinds: Sequence[str]) -> str:
    """The kind a file's name speaks of, else the first."""
    name = Path(file_name).stem.casefold()
    # The word that stands last says what is in it: `student_holds` are holds.
    found = [(name.rfind(word), kind) for kind in kinds for word in (kind, kind[:-1]) if word in name]
    found += [
        (name.rfind(word), kind) for word, kind in ALSO_CALLED.items() if kind in kinds and word in name
    ]
    return max(found)[1] if found else kinds[0]


def usable(remembered: Mapping[str, str]) -> dict[str, str]:
    """Of what a person said of headers in different files, what can be said of one: a column that two
    headers meant at different times is asked about again."""
    meant = [column for column in remembered.values() if column]
    return {header: column for header, column in remembered.items() if not column or meant.count(column) == 1}


def counts_words(view: ImportView) -> str:
    """`118 rows: 100 new, 10 changed, 8 the same`."""
    counts = view.counts
    parts = [
        f"{number:,} {phrase(FATE_WORDS[fate])}"
        for fate, number in (
            ("new", counts.new),
            ("changed", counts.changed),
            ("same", counts.same),
            ("lifted", counts.lifted),
            ("fault", counts.fault),
        )
        if number
    ]
    return f"{plural(counts.rows, 'row')}: {', '.join(parts)}"


def _job_words(job: JobView | None) -> str:
    if job is None or job.status in ("queued", "running"):
        return phrase("The server is reading it.")
    if job.status == "cancelled":
        return phrase("It was cancelled before it was read. Ctrl+Enter reads it again.")
    return phrase("It could not be read: {why} Ctrl+Enter tries again.", why=job.error or "")


def batch_words(batch: ImportSummary) -> str:
    return phrase(STATUS_WORDS.get(batch.status, batch.status))


def place_of(fault: Fault) -> tuple[str, str]:
    """Row and column of a fault's pointer; empty where it names none."""
    found = _PLACE.fullmatch(fault.pointer)
    return (found[1], found[2] or "") if found else ("", fault.pointer.lstrip("/"))


def columns_of(rows: Sequence[ImportRowView]) -> list[str]:
    named = {name for row in rows for name in (*row.cells, *(row.changes or {}))}
    first = [name for name in FIRST_COLUMNS if name in named]
    return first + sorted(named - set(first))


def cell_words(row: ImportRowView, column: str) -> str:
    """A cell as read; where it changes something, what it was before too."""
    change = (row.changes or {}).get(column)
    if isinstance(change, list | tuple) and len(change) == 2:
        old, new = ("–" if value is None else str(value) for value in change)
        return f"{old} → {new}"
    value = row.cells.get(column)
    return "" if value is None else str(value)


def faults_file(faults: Sequence[Fault]) -> bytes:
    """A CSV that a spreadsheet opens: row, column, what is wrong. A text that would be a formula is made
    plain."""
    out = io.StringIO(newline="")
    lines = csv.writer(out)
    lines.writerow([phrase("Row"), phrase("Column"), phrase("What is wrong")])
    for fault in faults:
        lines.writerow([_plain(text) for text in (*place_of(fault), fault.detail)])
    return out.getvalue().encode("utf-8-sig")


def _plain(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def _following(page: ImportRowPage) -> int | None:
    return page.results[-1].row if page.next is not None and page.results else None
