"""Kinds of hold: what each stops and how, who lifts it, and whom the counter sends people to. Qt-free.

The rule a newcomer would get wrong: a kind is a rule for holds that are placed from now on; those that stand
keep what they said when they were placed, only who lifts them follows the kind at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sims_desktop.holds.words import BLOCKS, EFFECTS, effect_words, kind_words, role_words
from sims_desktop.kit.entries import CHOICE, OWN, EntriesPresenter, Entry, Typed, chosen, words
from sims_desktop.kit.language import later, phrase
from sims_desktop.kit.wording import listed
from sims_shared.holds import HoldKindView

CONTACT_MAX = 200


class Lookups(Protocol):
    def list_lifters(self) -> list[str]: ...


@dataclass(slots=True)
class HoldKindsPresenter(EntriesPresenter[HoldKindView]):
    noun: str = later("kind of hold")
    many: str = later("kinds of hold")
    ordering: str = "kind"
    beside: dict[str, str] = field(default_factory=lambda: {"hold_kinds.taken": "kind"})
    lookups: Lookups | None = None
    roles: Sequence[str] = ()

    @property
    def entries(self) -> Sequence[Entry]:
        return (
            Entry("kind", later("&Kind"), read=kind_name, hint=later("as exam_fee or sports"), fixed=True),
            Entry("blocks", later("&Touches"), OWN, read=list),
            Entry("effect", later("E&ffect"), CHOICE, chosen, _effects),
            Entry("lifted_by", later("&Lifted by"), CHOICE, chosen, self.role_choices),
            Entry(
                "contact",
                later("&Whom to see"),
                read=contact,
                hint=later("office, room and hours, as the counter says them"),
            ),
        )

    def name_of(self, record: HoldKindView) -> str:
        return kind_words(record.kind)

    def look_up(self) -> list[str]:
        assert self.lookups is not None
        return self.lookups.list_lifters()

    def take_up(self, found: Any) -> None:
        self.roles = found

    def role_choices(self) -> Sequence[tuple[str, Any]]:
        """Those that may lift, and what stands, should its role have lost that right since."""
        standing = {one.lifted_by for one in self.records}
        return [(role_words(role), role) for role in dict.fromkeys([*self.roles, *sorted(standing)])]

    def proposal(self) -> Typed:
        return {"kind": "", "blocks": (), "effect": "block", "lifted_by": "registrar", "contact": ""}

    def said(self, one: Entry, typed: Any) -> str:
        if one.kind == OWN:
            return listed(phrase(BLOCKS[block]) for block in typed) or "–"
        return EntriesPresenter.said(self, one, typed)

    def effect_of(self, typed: Typed) -> str:
        """What a hold of this kind does, in the words that the counter reads."""
        said = effect_words(str(typed["effect"]), typed["blocks"])
        role = phrase("Lifted by: {role}", role=role_words(str(typed["lifted_by"] or "")))
        return f"{said}\n{role}\n" + phrase("Holds that stand keep what they stop.")


def kind_name(typed: str) -> str:
    """Small letters and `_`, however it is typed."""
    said = "_".join(words(typed).lower().split())
    if not (said.isascii() and said[0].isalpha() and said.replace("_", "").isalnum() and len(said) <= 40):
        raise ValueError(phrase("A short name of letters and digits, as exam_fee."))
    return said


def contact(typed: str) -> str:
    said = " ".join(typed.split())
    if len(said) > CONTACT_MAX:
        raise ValueError(phrase("No more than {most} letters.", most=CONTACT_MAX))
    return said


def _effects() -> Sequence[tuple[str, Any]]:
    return [(phrase(said), name) for name, said in EFFECTS.items()]
