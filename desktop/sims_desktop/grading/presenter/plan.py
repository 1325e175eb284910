"""The plan of assessment in one line: `20/30/50`, or `Quiz 20, Midterm 30 of 60, Final! 50`. Qt-free.

The rule a newcomer would get wrong: the weights of a finished plan add up to 100, but a plan is not always
finished. Less is said, and made; only more than 100 is refused, as the server refuses it. A part that is
named as a column which stands already changes that column: its marks stay.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sims_desktop.grading.presenter.entry import number_text
from sims_desktop.grading.presenter.sheet import Column
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import listed, plural
from sims_shared.grading import AssessmentView
from sims_shared.plan import PlanView

WHOLE = Decimal(100)
DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
# What teachers mean by so many parts, when they name none.
USUAL: dict[int, tuple[str, ...]] = {
    1: ("Final",),
    2: ("Midterm", "Final"),
    3: ("Quiz", "Midterm", "Final"),
    4: ("Quiz", "Assignment", "Midterm", "Final"),
    5: ("Quiz", "Assignment", "Project", "Midterm", "Final"),
}
TYPES = ("midterm", "final", "quiz", "assignment", "project", "lab", "viva", "practical")
HEADS = {"lab": "practical", "practical": "practical", "viva": "practical"}
HEAD_WORDS = {
    "theory": later("theory"),
    "practical": later("practical"),
    "internal": later("internal"),
}
PART = re.compile(
    r"\s*(?P<name>[^!]*?)\s*(?P<must>!?)\s*(?P<weight>\d{1,3}(?:\.\d{1,2})?)\s*%?"
    r"(?:\s*(?:of|/)\s*(?P<maximum>\d{1,5}(?:\.\d{1,2})?))?\s*(?P<later_must>!?)\s*\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Planned:
    """One column to be made, or the one that `stands` as it shall be."""

    name: str
    weight: Decimal
    maximum: Decimal
    type: str
    head: str
    must_sit: bool
    stands: Column | None = None

    @classmethod
    def standing(cls, column: Column) -> Planned:
        return cls(
            column.name, column.weight, column.max_score, column.type, column.head, column.must_sit, column
        )

    @property
    def in_line(self) -> str:
        must = "!" if self.must_sit else ""
        return f"{self.name}{must} {number_text(self.weight)} of {number_text(self.maximum)}"

    def texts(self) -> tuple[str, str, str, str, str]:
        """Name, weight, maximum, head, whether it must be sat; of a column that changes before and after."""
        must = phrase("must be sat") if self.must_sit else ""
        weight, maximum = number_text(self.weight), number_text(self.maximum)
        if self.stands is not None:
            if self.stands.weight != self.weight:
                weight = f"{number_text(self.stands.weight)} → {weight}"
            if self.stands.max_score != self.maximum:
                maximum = f"{number_text(self.stands.max_score)} → {maximum}"
            if self.stands.must_sit and not self.must_sit:
                must = phrase("need not be sat any more")
        return self.name, f"{weight} %", maximum, phrase(HEAD_WORDS.get(self.head, self.head)), must

    @property
    def changes(self) -> bool:
        """Whether anything becomes otherwise of the column that stands."""
        return self.stands is not None and (self.weight, self.maximum, self.must_sit) != (
            self.stands.weight,
            self.stands.max_score,
            self.stands.must_sit,
        )

    def as_planned(self) -> dict[str, Any]:
        """The column that stands as it shall be."""
        assert self.stands is not None
        return {**seen(self.stands), "weight": str(self.weight), "max_score": str(self.maximum)} | {
            "must_sit": self.must_sit
        }

    @property
    def grows(self) -> Decimal:
        """By how much the weights become more."""
        return self.weight - (self.stands.weight if self.stands is not None else Decimal(0))

    def as_made(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "type": self.type,
            "weight": str(self.weight),
            "max_score": str(self.maximum),
            "head": self.head,
            "must_sit": self.must_sit,
        }


def seen(column: Column | AssessmentView) -> dict[str, Any]:
    """A column as whoever writes a plan saw it."""
    return {
        "id": column.assessment_id if isinstance(column, Column) else column.id,
        "name": column.name,
        "weight": str(column.weight),
        "max_score": str(column.max_score),
        "must_sit": column.must_sit,
    }


def undoing(before: Sequence[Column], written: PlanView) -> dict[str, Any]:
    """What takes a written plan back, as long as nobody has changed it since."""
    was = [seen(column) for column in before]
    now = [seen(view) for view in written.assessments]
    return {
        "based_on": now,
        "remove": written.made,
        "change": [one for one in was if one not in now],
    }


class PlanPresenter:
    """`parts` is what the line means; `mistake` why it means nothing yet."""

    def __init__(self, there: Sequence[Column]) -> None:
        self.there = there
        self.parts: Sequence[Planned] = ()
        self.mistake = ""

    def read(self, line: str) -> None:
        self.parts, self.mistake = (), ""
        text = line.translate(DIGITS).strip()
        if not text:
            return
        plain = "/" in text and not re.search(r"[^\d/.\s%]", text)
        words = [part for part in re.split(r"/" if plain else r"[,;،\n]", text) if part.strip()]
        usual = USUAL.get(len(words), ())
        if plain and len(words) == len(self.there):
            usual = tuple(column.name for column in self.there)
        there = {column.name.casefold(): column for column in self.there}
        names: set[str] = set()
        parts: list[Planned] = []
        for number, part in enumerate(words):
            found = PART.match(part)
            if found is None:
                self.mistake = phrase(
                    "“{part}” has no weight: write Quiz 20, or Quiz 20 of 40.", part=part.strip()
                )
                return
            name = found["name"].strip() or (
                usual[number] if usual else phrase("Assessment {number}", number=number + 1)
            )
            weight = Decimal(found["weight"])
            stands = there.get(name.casefold())
            maximum = Decimal(found["maximum"] or (stands.max_score if stands is not None else weight))
            if not maximum:
                self.mistake = phrase(
                    "“{part}” needs a maximum: {name} 0 of 10.", part=part.strip(), name=name
                )
                return
            if name.casefold() in names:
                self.mistake = phrase("There are two columns named {name}.", name=name)
                return
            names.add(name.casefold())
            kind = next((known for known in TYPES if known in name.casefold()), "assignment")
            must = bool(found["must"] or found["later_must"])
            if stands is not None:
                must = must or (plain and stands.must_sit)
                parts.append(Planned(stands.name, weight, maximum, stands.type, stands.head, must, stands))
                continue
            parts.append(Planned(name, weight, maximum, kind, HEADS.get(kind, "theory"), must))
        self.parts = parts
        if self.total > WHOLE:
            self.mistake = phrase(
                "The weights add up to {total}, more than 100.", total=number_text(self.total)
            )

    @property
    def total(self) -> Decimal:
        """With the columns that are there already."""
        there = sum((column.weight for column in self.there), Decimal(0))
        return there + sum((part.grows for part in self.parts), Decimal(0))

    @property
    def standing(self) -> Sequence[Planned]:
        """The columns that are there already."""
        return [Planned.standing(column) for column in self.there]

    @property
    def acts(self) -> Sequence[Planned]:
        """What is to be done."""
        return [part for part in self.parts if part.stands is None or part.changes]

    @property
    def wish(self) -> dict[str, Any]:
        """All of it, over the columns that were seen."""
        return {
            "based_on": [seen(column) for column in self.there],
            "make": [part.as_made() for part in self.acts if part.stands is None],
            "change": [part.as_planned() for part in self.acts if part.stands is not None],
        }

    def meet(self, fresh: Sequence[Column], line: str) -> str:
        """The columns are others than the line was typed over: the same plan, over them. The line says it;
        with names, where numbers alone would mean something else now."""
        before = self.parts
        self.there = fresh
        self.read(line)
        if before and [part.name for part in self.parts] != [part.name for part in before]:
            line = ", ".join(part.in_line for part in before)
            self.read(line)
        return line

    @property
    def line(self) -> str:
        """The plan in full, for going on with; what stands where nothing was typed."""
        return ", ".join(part.in_line for part in self.parts or self.standing)

    @property
    def may_make(self) -> bool:
        return bool(self.acts) and not self.mistake

    @property
    def sentence(self) -> str:
        if self.mistake:
            return self.mistake
        said = phrase("{total} of 100", total=number_text(self.total))
        if left := WHOLE - self.total:
            said += phrase(", {left} left", left=number_text(left))
        if not self.parts and self.there:
            return phrase(
                "{said}. Type a part to add it, or the name of a column to change it: {name} {weight}; or "
                "all as 20/30/50. Enter writes the whole plan into the line.",
                said=said,
                name=self.there[-1].name + ("!" if self.there[-1].must_sit else ""),
                weight=number_text(self.there[-1].weight),
            )
        if not self.parts:
            return phrase(
                "Write the weights, 20/30/50, or each with its name: Quiz 20, Midterm 30 of 60, Final! 50. "
                "“of” gives the maximum; an exclamation mark says that it must be sat."
            )
        if not self.acts:
            return phrase("{said}. All of it stands already.", said=said)
        eased = [
            part.name for part in self.acts if part.stands and part.stands.must_sit and not part.must_sit
        ]
        if eased:
            said += ". " + phrase("{names} need not be sat any more: “!” keeps it", names=listed(eased))
        made = sum(part.stands is None for part in self.acts)
        changed = len(self.acts) - made
        if not changed:
            return phrase("{said}. Ctrl+Enter makes {columns}.", said=said, columns=plural(made, "column"))
        does = phrase("changes {columns}", columns=plural(changed, "column"))
        if made:
            does = phrase("makes {columns} and {does}", columns=plural(made, "column"), does=does)
        return phrase("{said}. Ctrl+Enter {does}.", said=said, does=does)
