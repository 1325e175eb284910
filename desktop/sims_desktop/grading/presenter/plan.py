"""The plan of assessment in one line: `20/30/50`, or `Quiz 20, Midterm 30 of 60, Final! 50`. Qt-free.

The rule a newcomer would get wrong: the weights of a finished plan add up to 100, but a plan is not always
finished. Less is said, and made; only more than 100 is refused, as the server refuses it.
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
from sims_desktop.kit.wording import plural

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
    """One column to be made."""

    name: str
    weight: Decimal
    maximum: Decimal
    type: str
    head: str
    must_sit: bool

    @property
    def in_line(self) -> str:
        must = "!" if self.must_sit else ""
        return f"{self.name}{must} {number_text(self.weight)} of {number_text(self.maximum)}"

    def texts(self) -> tuple[str, str, str, str, str]:
        """Name, weight, maximum, head, and whether it must be sat."""
        must = phrase("must be sat") if self.must_sit else ""
        return (
            self.name,
            f"{number_text(self.weight)} %",
            number_text(self.maximum),
            phrase(HEAD_WORDS[self.head]),
            must,
        )

    def body(self, section_id: int) -> dict[str, Any]:
        return {
            "section_id": section_id,
            "name": self.name,
            "type": self.type,
            "weight": str(self.weight),
            "max_score": str(self.maximum),
            "head": self.head,
            "must_sit": self.must_sit,
        }


class PlanPresenter:
    """`parts` is what the line means; `mistake` why it means nothing yet."""

    def __init__(self, there: Sequence[Column]) -> None:
        self._there = there
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
        names = {column.name.casefold() for column in self._there}
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
            maximum = Decimal(found["maximum"] or found["weight"])
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
            parts.append(Planned(name, weight, maximum, kind, HEADS.get(kind, "theory"), must))
        self.parts = parts
        if self.total > WHOLE:
            self.mistake = phrase(
                "The weights add up to {total}, more than 100.", total=number_text(self.total)
            )

    @property
    def total(self) -> Decimal:
        """With the columns that are there already."""
        there = sum((column.weight for column in self._there), Decimal(0))
        return there + sum((part.weight for part in self.parts), Decimal(0))

    @property
    def line(self) -> str:
        """The plan in full, for going on with."""
        return ", ".join(part.in_line for part in self.parts)

    @property
    def may_make(self) -> bool:
        return bool(self.parts) and not self.mistake

    @property
    def sentence(self) -> str:
        if self.mistake:
            return self.mistake
        if not self.parts:
            return phrase(
                "Write the weights, 20/30/50, or each with its name: Quiz 20, Midterm 30 of 60, Final! 50. "
                "“of” gives the maximum; an exclamation mark says that it must be sat."
            )
        left = WHOLE - self.total
        said = phrase("{total} of 100", total=number_text(self.total))
        if left:
            said += phrase(", {left} left", left=number_text(left))
        return phrase(
            "{said}. Ctrl+Enter makes {columns}.", said=said, columns=plural(len(self.parts), "column")
        )
