"""What every act has in common: who may, the key of a wish, the server's no in words. Qt-free.

The rule a newcomer would get wrong: the key belongs to the wish, not to the request. Sent again after an
answer was lost it counts once; the same words said anew after it was done are another wish.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from secrets import token_hex

from sims_desktop.client.errors import ClientError, ProblemAnswer, TryLater
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import listed
from sims_shared.access import Permission
from sims_shared.enrollment import EnrollmentHeld, PrerequisiteMissing, SectionFull


@dataclass(frozen=True, slots=True)
class Rights:
    """What the person may do to a student; what they may not is not offered at all."""

    enroll: bool
    override: bool
    manage: bool
    place_holds: bool
    release: bool = False
    ask_changes: bool = False

    @classmethod
    def of(cls, permissions: Collection[str]) -> Rights:
        return cls(
            Permission.ENROLL_STUDENT in permissions,
            Permission.OVERRIDE_ENROLLMENT in permissions,
            Permission.MANAGE_STUDENTS in permissions,
            bool({Permission.PLACE_HOLD, Permission.PLACE_FEE_HOLD} & set(permissions)),
            Permission.WITHHOLD_RESULTS in permissions,
            Permission.REQUEST_CHANGE in permissions,
        )

    @property
    def any(self) -> bool:
        acts = (self.enroll, self.override, self.manage, self.place_holds, self.release, self.ask_changes)
        return any(acts)


@dataclass(slots=True)
class Keys:
    _keys: dict[object, str] = field(default_factory=dict)

    def of(self, wish: object) -> str:
        return self._keys.setdefault(wish, token_hex(16))

    def done(self, wish: object) -> None:
        self._keys.pop(wish, None)


def no_in_words(error: Exception) -> str:
    """Why not, with its fact. Raises what is no answer of the server."""
    if not isinstance(error, ClientError):
        raise error
    if isinstance(error, TryLater):
        return phrase("{error}. Nothing may have been done; asked again it counts only once.", error=error)
    if not isinstance(error, ProblemAnswer):
        return str(error)
    facts = error.facts
    if error.code == SectionFull.code and {"capacity", "seats_taken"} <= facts.keys():
        return phrase(
            "Section is full: {taken} of {capacity}. Nobody sets this aside; its capacity can be raised.",
            taken=facts["seats_taken"],
            capacity=facts["capacity"],
        )
    if error.code == PrerequisiteMissing.code and facts.get("courses"):
        return phrase("Not passed yet: {courses}.", courses=listed(facts["courses"]))
    if error.code == EnrollmentHeld.code and facts.get("holds"):
        return " ".join(
            phrase(
                "{kind} hold: {reason}; see {contact}.",
                kind=str(hold.get("kind", "")).replace("_", " ").capitalize(),
                reason=hold.get("reason", ""),
                contact=hold.get("contact") or phrase("the registry"),
            )
            for hold in facts["holds"]
        )
    return str(error)


def is_moved(error: Exception) -> bool:
    """Whether the no speaks of a record that is another than the page shows."""
    return isinstance(error, ProblemAnswer) and error.status in (404, 409, 412)
