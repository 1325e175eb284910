"""The audit as it is looked through: what is asked for, what was found, the list as a file. Qt-free.

The rule a newcomer would get wrong: a filter that an entry suggests (this person, this thing, this request)
joins those that stand already, and each is said in words, so that an empty list explains itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from sims_desktop.audit.words import chain_words, entity_words, is_broken
from sims_desktop.client.errors import ClientError, NotWritten
from sims_desktop.client.http import Parameters
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import left_to_right, plural
from sims_shared.access import Permission
from sims_shared.audit import AuditChain, AuditEntry
from sims_shared.messages import Page
from sims_shared.problems import Fault


class Calls(Protocol):
    def list_entries(self, given: Parameters) -> Page[AuditEntry]: ...
    def more_entries(self, path: str) -> Page[AuditEntry]: ...
    def read_chain(self) -> AuditChain: ...
    def export(
        self, form: str, given: Parameters, target: BinaryIO, told: Callable[[int, int], None]
    ) -> int: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for. `actor` and `thing` come from an entry; days are whole ones of the campus."""

    words: str = ""
    entity: str | None = None
    method: str | None = None
    first: str = ""
    last: str = ""
    actor: tuple[int, str] | None = None
    entity_id: int | None = None
    action: str | None = None
    request_id: str | None = None
    past_the_server: bool = False

    @property
    def given(self) -> Parameters:
        return {
            "search": self.words or None,
            "entity": self.entity,
            "entity_id": self.entity_id,
            "method": self.method,
            "action": self.action,
            "request_id": self.request_id,
            "past_the_server": "true" if self.past_the_server else None,
            "actor": self.actor[0] if self.actor is not None else None,
            "from": self.first or None,
            "to": self.last or None,
        }

    @property
    def in_words(self) -> str:
        parts = []
        if self.past_the_server:
            parts.append(phrase("only what was written past the server"))
        if self.actor is not None:
            parts.append(phrase("by {name}", name=self.actor[1]))
        if self.entity_id is not None:
            parts.append(
                phrase("only {thing} {id}", thing=(self.entity or "").replace("_", " "), id=self.entity_id)
            )
        elif self.entity is not None:
            parts.append(phrase("only {things}", things=entity_words(self.entity)))
        if self.action is not None:
            parts.append(phrase("only {action}", action=self.action))
        if self.method is not None:
            parts.append(phrase("only {action}", action=self.method))
        if self.request_id is not None:
            parts.append(phrase("of one request"))
        if self.words:
            parts.append(phrase("with “{words}”", words=self.words))
        if self.first:
            parts.append(phrase("from {first}", first=self.first))
        if self.last:
            parts.append(phrase("until {last}", last=self.last))
        return phrase(", ").join(parts)


@dataclass(frozen=True, slots=True)
class Loaded:
    page: Page[AuditEntry]
    chain: AuditChain


@dataclass(slots=True)
class AuditPresenter:
    """`load`, `read_on` and `export` ask the server and run off the window's thread."""

    calls: Calls
    permissions: Collection[str]
    now: Callable[[], datetime]
    wanted: Wanted = field(default_factory=Wanted)
    entries: list[AuditEntry] = field(default_factory=list)
    next: str | None = None
    chain: AuditChain | None = None
    complaint: str = ""
    faults: list[Fault] = field(default_factory=list)
    on_change: Callable[[], None] = lambda: None

    def load(self) -> Loaded:
        return Loaded(self.calls.list_entries(self.wanted.given), self.calls.read_chain())

    def take(self, loaded: Loaded) -> None:
        self.entries, self.next = list(loaded.page.results), loaded.page.next
        self.chain, self.complaint = loaded.chain, ""
        self.on_change()

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.complaint = phrase("{error}. The audit needs the server; F5 asks again.", error=error)
        self.on_change()

    def read_on(self, path: str) -> Page[AuditEntry]:
        return self.calls.more_entries(path)

    def take_more(self, page: Page[AuditEntry]) -> None:
        self.entries += page.results
        self.next = page.next

    @property
    def may_export(self) -> bool:
        return Permission.EXPORT_DATA in self.permissions

    # Words

    @property
    def chain_sentence(self) -> str:
        if self.complaint:
            return self.complaint
        return (
            chain_words(self.chain, self.now()) if self.chain is not None else phrase("Reading the audit …")
        )

    @property
    def is_broken(self) -> bool:
        return bool(self.complaint) or (self.chain is not None and is_broken(self.chain))

    @property
    def sentence(self) -> str:
        """How much of what is shown."""
        if self.chain is None:
            return ""
        asked = self.wanted.in_words
        if not self.entries:
            said = phrase("No entry is {asked}.", asked=asked) if asked else phrase("No entry yet.")
            return said + " " + phrase("C shows all again.") if asked else said
        count = plural(len(self.entries), "entry", "entries")
        said = phrase("The newest {entries}; the list goes on below.", entries=count) if self.next else count
        return f"{said} · {asked}" if asked else said

    # Looking for

    def look_for(self, wanted: Wanted) -> bool:
        """Whether it can be asked; a day that is none stands beside its line."""
        self.faults = [
            Fault(f"/{name}", "request.wrong", phrase("A day, as 2026-11-23."))
            for name, text in (("from", wanted.first), ("to", wanted.last))
            if text and not _is_day(text)
        ]
        if not self.faults:
            self.wanted = wanted
        return not self.faults

    def only_actor(self, entry: AuditEntry) -> bool:
        """False where nobody signed in did it: the system has no number to ask by."""
        if entry.actor.id is None:
            return False
        self.wanted = replace(self.wanted, actor=(entry.actor.id, entry.actor.name))
        return True

    def only_thing(self, entry: AuditEntry) -> bool:
        if entry.entity_id is None:
            return False
        self.wanted = Wanted(entity=entry.entity, entity_id=entry.entity_id)
        return True

    def only_action(self, entry: AuditEntry) -> bool:
        self.wanted = replace(self.wanted, action=entry.action)
        return bool(entry.action)

    def only_request(self, entry: AuditEntry) -> bool:
        if not entry.request_id:
            return False
        self.wanted = Wanted(request_id=entry.request_id)
        return True

    def only_alarms(self, entity: str) -> None:
        self.wanted = Wanted(entity=entity)

    def only_past_the_server(self) -> None:
        self.wanted = Wanted(past_the_server=True)

    # Taking along

    def export(self, path: Path, told: Callable[[int, int], None]) -> str:
        """The whole list that is shown, as the name of the file says. Nothing half is left behind."""
        form = "xlsx" if path.suffix.lower() == ".xlsx" else "csv"
        unfinished = path.with_name(f".{path.name}.part")
        try:
            with unfinished.open("wb") as target:
                self.calls.export(form, self.wanted.given, target, told)
            unfinished.replace(path)
        except OSError as error:
            raise NotWritten(error.strerror or str(error)) from error
        finally:
            unfinished.unlink(missing_ok=True)
        return phrase("Saved: {path}", path=str(path))

    def not_exported(self, error: Exception) -> str:
        if not isinstance(error, ClientError):
            raise error
        return phrase("Not saved: {why}", why=error)


def facts_of(entry: AuditEntry, at: str) -> Sequence[tuple[str, str]]:
    """Who, when, through what; and whose record it is."""
    asked = f"{entry.method} {entry.path}".strip()
    request = left_to_right(asked) if asked else phrase("no request: a job, or the system")
    lines = [
        (phrase("When"), at),
        (phrase("By"), entry.actor.name),
        (phrase("Action"), entry.action),
        (phrase("Thing"), f"{entry.entity.replace('_', ' ')} {entry.entity_id or ''}".strip()),
        (phrase("Request"), request),
        (phrase("Its number"), entry.request_id or phrase("none")),
    ]
    if entry.named:
        lines.insert(2, (phrase("About"), entry.named))
    return lines


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
