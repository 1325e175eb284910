"""Who the student is: name as per certificate, contact, family. Qt-free.

The rules a newcomer would get wrong: another name is not saved but asked for, with the paper that proves it,
and a second person confirms it. And what somebody else changed meanwhile is met field by field. What I did
not touch becomes theirs; what both touched stays as I typed it, with theirs beside it, until I say again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from sims_desktop.client.errors import ProblemAnswer
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import left_to_right, listed, plural
from sims_desktop.students.acts.wishes import no_in_words
from sims_shared.cases import EVIDENCE_MOST
from sims_shared.naming import NameCorrectionView
from sims_shared.people import StudentView
from sims_shared.problems import Fault, Stale
from sims_shared.record import RecordView

LABELS = {
    "name": later("&Name as per certificate"),
    "name_native": later("Name in the native &script"),
    "father_name": later("&Father"),
    "national_id": later("National &identity"),
    "date_of_birth": later("&Born, as 2004-08-30"),
    "email": later("E-&mail"),
    "phone": later("&Phone"),
    "address": later("&Address"),
}
PRIVATE = ("father_name", "national_id", "date_of_birth", "phone", "address")


class Calls(Protocol):
    def read_person(self, student_id: int) -> tuple[StudentView, str]: ...
    def change_person(self, student_id: int, changes: dict[str, Any], etag: str) -> StudentView: ...
    def correct_name(
        self, student_id: int, name: str, name_native: str, reason: str, file_name: str, content: bytes
    ) -> NameCorrectionView: ...


@dataclass(slots=True)
class PersonPresenter:
    calls: Calls
    record: RecordView | None = None
    base: StudentView | None = None
    """The person as last read: what is typed is compared with this."""
    faults: list[Fault] = field(default_factory=list)
    _etag: str = ""

    def load(self) -> tuple[StudentView, str]:
        assert self.record is not None
        return self.calls.read_person(self.record.student.id)

    def take(self, read: tuple[StudentView, str]) -> None:
        self.base, self._etag = read
        self.faults = []

    @property
    def fields(self) -> list[str]:
        """Those that are shown whole; what is masked cannot be changed without being read."""
        whole = self.base is not None and self.base.private == "whole"
        return [name for name in LABELS if whole or name not in PRIVATE]

    def text(self, name: str) -> str:
        return _text(self.base, name)

    def changes(self, typed: Mapping[str, str]) -> dict[str, str | None]:
        """What differs from what was read. An emptied line is null."""
        return {
            name: value.strip() or None
            for name, value in typed.items()
            if value.strip() != _text(self.base, name).strip()
        }

    def check(self, typed: Mapping[str, str]) -> bool:
        self.faults = []
        born = typed.get("date_of_birth", "").strip()
        if born:
            try:
                date.fromisoformat(born)
            except ValueError:
                detail = phrase("A day is written as 2004-08-30.")
                self.faults.append(Fault("/date_of_birth", "request.wrong", detail))
        if not typed.get("name", "").strip():
            self.faults.append(Fault("/name", "request.missing", phrase("A student has a name.")))
        return not self.faults

    # Another name

    def is_renamed(self, typed: Mapping[str, str]) -> bool:
        return "name" in self.changes(typed)

    def read_proof(self, reason: str, path: str) -> tuple[str, bytes] | None:
        """The paper that goes with another name, read now; None where something is missing, and `faults`
        say what."""
        if not reason.strip():
            detail = phrase("Why is it another name? As in “matriculation certificate”.")
            self.faults.append(Fault("/reason", "request.missing", detail))
        file = Path(path.strip()).expanduser()
        if not path.strip():
            detail = phrase("The scan of the paper that proves it; Ctrl+O chooses it.")
            self.faults.append(Fault("/evidence", "request.missing", detail))
            return None
        try:
            if file.stat().st_size > EVIDENCE_MOST:
                detail = phrase("{name} is larger than 10 MB.", name=file.name)
                self.faults.append(Fault("/evidence", "request.wrong", detail))
            content = file.read_bytes()
        except OSError as error:
            why = error.strerror or error
            detail = phrase("{name} cannot be read: {why}", name=file.name, why=why)
            self.faults.append(Fault("/evidence", "request.wrong", detail))
        return None if self.faults else (file.name, content)

    def ask_for_name(
        self, typed: Mapping[str, str], reason: str, proof: tuple[str, bytes]
    ) -> NameCorrectionView:
        """Raises ProblemAnswer: `names.pending` where one waits already, faults of fields."""
        assert self.base is not None
        native = self.changes(typed).get("name_native") or ""
        return self.calls.correct_name(self.base.id, typed["name"].strip(), native, reason.strip(), *proof)

    def name_words(self, typed: Mapping[str, str]) -> str:
        """What another name means, before it is said; empty when the name stays."""
        if "name" not in self.changes(typed):
            return ""
        old = self.text("name")
        said = phrase("“{old}” stays findable as a former name.", old=old)
        if self.record is None or self.record.documents is None:
            return said
        carrying = [one for one in self.record.documents if one.status == "valid" and one.student.name == old]
        if not carrying:
            return said + " " + phrase("No valid document carries it.")
        return (
            said
            + " "
            + phrase(
                "It stands on {documents}, which stay as they are: {serials}. Whoever holds one may ask for "
                "a corrected copy.",
                documents=plural(len(carrying), "valid document"),
                serials=listed((left_to_right(one.serial) for one in carrying), 6),
            )
        )

    def rest(self, typed: Mapping[str, str]) -> dict[str, str | None]:
        """What is saved at once: all but another name."""
        changes = self.changes(typed)
        if "name" in changes:
            del changes["name"]
            if changes.get("name_native"):
                del changes["name_native"]  # goes with it
        return changes

    def save(self, typed: Mapping[str, str]) -> tuple[StudentView, str]:
        """The person as it stands then. Raises ProblemAnswer; `request.stale` when somebody was there
        before."""
        assert self.base is not None
        self.calls.change_person(self.base.id, self.rest(typed), self._etag)
        return self.calls.read_person(self.base.id)

    def meet(self, theirs: tuple[StudentView, str], typed: Mapping[str, str]) -> dict[str, str]:
        """Somebody changed the person meanwhile. What the form says now; faults name what both changed."""
        before, mine = self.base, self.changes(typed)
        self.take(theirs)
        merged = {}
        for name in typed:
            told, was = self.text(name), _text(before, name)
            if name not in mine or told.strip() == typed[name].strip():
                merged[name] = told
                continue
            merged[name] = typed[name]
            if told != was:
                detail = phrase("Somebody made it “{theirs}” meanwhile; yours is kept here.", theirs=told)
                self.faults.append(Fault(f"/{name}", Stale.code, detail))
        return merged

    def meeting_words(self, before: StudentView) -> str:
        """What the others changed, by field."""
        changed = [name for name in LABELS if _text(before, name) != self.text(name)]
        labels = listed(phrase(LABELS[name]).replace("&", "") for name in changed)
        if not changed:
            return phrase("Somebody changed the record meanwhile. Ctrl+Enter saves what stands here.")
        return phrase(
            "Somebody changed meanwhile: {fields}. Ctrl+Enter saves what stands here.", fields=labels
        )

    def refused(self, error: Exception) -> str:
        words = no_in_words(error)
        self.faults = list(error.errors) if isinstance(error, ProblemAnswer) else []
        return words


def is_stale(error: Exception) -> bool:
    return isinstance(error, ProblemAnswer) and error.code == Stale.code


def _text(person: StudentView | None, name: str) -> str:
    value = getattr(person, name) if person is not None else None
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else str(value)
