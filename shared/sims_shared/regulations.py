"""Regulations: the versioned policy documents that results are judged by.

A regulation is drafted, put in force for certain intakes, and from then on immutable: a correction is
a new version. The rule a newcomer would get wrong: a student stays under the regulation of the
registration. A newer one in force changes nothing for who is already here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Protocol, TypeVar

import msgspec

from .messages import Command, View
from .policy.checking import read_policy
from .policy.document import Applies, Policy
from .policy.words import in_words
from .problems import Kind, Refusal
from .values import Code, Id, Intake, Text, intake_order

__all__ = [
    "Applies",
    "AppliesTo",
    "ChangeRegulation",
    "CreateRegulation",
    "DeleteRegulation",
    "NoRegulationInForce",
    "Policy",
    "PolicyInvalid",
    "RegulationExists",
    "RegulationFixed",
    "RegulationInUse",
    "RegulationStatus",
    "RegulationView",
    "applies_to",
    "check_policy",
    "default_policy",
    "document_of",
    "in_words",
    "regulation_in_force",
]

RegulationStatus = Literal["draft", "in_force", "withdrawn"]
Version = Annotated[int, msgspec.Meta(ge=1, le=32767)]


class PolicyInvalid(Refusal):
    """The document has faults; `errors` holds all of them, with pointers into the request."""

    code = "regulations.policy_invalid"
    title = "The policy document is not valid"
    kind = Kind.INVALID


class RegulationExists(Refusal):
    """There is a regulation of this code and version."""

    code = "regulations.exists"
    title = "There is a regulation of this code and version already"
    kind = Kind.CONFLICT


class RegulationFixed(Refusal):
    """Only drafts change, and only a regulation in force is withdrawn."""

    code = "regulations.fixed"
    title = "A regulation that was put in force does not change"
    kind = Kind.CONFLICT


class RegulationInUse(Refusal):
    """Registrations or results stand under it."""

    code = "regulations.in_use"
    title = "Registrations stand under this regulation"
    kind = Kind.CONFLICT


class NoRegulationInForce(Refusal):
    """Nobody may be registered for this program and intake until a regulation is in force for it."""

    code = "regulations.none_in_force"
    title = "No regulation is in force for this program and intake"
    kind = Kind.CONFLICT


class AppliesTo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For whom a regulation is meant, as it goes over the wire; null means any. `programs` are program
    codes (or ids); both intakes are included."""

    level: Code | None = None
    programs: list[Code | Id] | None = None
    intake_from: Intake | None = None
    intake_to: Intake | None = None


class CreateRegulation(Command, frozen=True, kw_only=True):
    """Draft a regulation. What is left out is taken from the document itself; `version` else becomes
    the next of its code."""

    policy: dict[str, Any]
    code: Code | None = None
    version: Version | None = None
    authority: Text | None = None
    applies: AppliesTo | None = None
    status: Literal["draft", "in_force"] = "draft"


class ChangeRegulation(Command, frozen=True, kw_only=True):
    """Change a draft. `status` "in_force" puts it in force after the change, "withdrawn" ends one that
    was in force."""

    regulation_id: Id
    policy: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    code: Code | msgspec.UnsetType = msgspec.UNSET
    version: Version | msgspec.UnsetType = msgspec.UNSET
    authority: Text | msgspec.UnsetType | None = msgspec.UNSET
    applies: AppliesTo | msgspec.UnsetType = msgspec.UNSET
    status: RegulationStatus | msgspec.UnsetType = msgspec.UNSET


class DeleteRegulation(Command, frozen=True, kw_only=True):
    """Delete a draft."""

    regulation_id: Id


class RegulationView(View, kw_only=True):
    """A regulation; `policy` is the document as it was voted, `in_words` the same for people."""

    id: Id
    code: str
    version: int
    authority: str | None
    applies: AppliesTo
    status: RegulationStatus
    policy: dict[str, Any]
    in_words: list[str] | msgspec.UnsetType = msgspec.UNSET


def check_policy(raw: object, pointer: str = "") -> Policy:
    """The document as a Policy. Raises PolicyInvalid with every fault at once; `pointer` is where the
    document stands in the request ("/policy"). Decimals may be text, int or Decimal: decode JSON with
    `float_hook=Decimal`, a float is a fault."""
    policy, faults = read_policy(raw, pointer)
    if faults or policy is None:
        count = f"{len(faults)} faults" if len(faults) != 1 else "one fault"
        raise PolicyInvalid(f"the document has {count}; the first: {faults[0].detail}", errors=faults)
    return policy


def document_of(
    raw: dict[str, Any],
    *,
    code: str | None = None,
    version: int | None = None,
    authority: str | None = None,
    applies: AppliesTo | None = None,
) -> dict[str, Any]:
    """The document that is stored: what the request says beside it goes into it, so that a copy
    pinned to a result says which regulation it is. What is None leaves the document as it is."""
    document = dict(raw)
    for name, value in (("code", code), ("version", version), ("authority", authority)):
        if value is not None:
            document[name] = value
    if applies is not None:
        document["applies"] = msgspec.to_builtins(applies)
    return document


class Candidate(Protocol):
    """What the chooser looks at: a row, a view or a plain struct."""

    @property
    def status(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def applies(self) -> Applies | AppliesTo: ...


C = TypeVar("C", bound=Candidate)


def applies_to(
    applies: Applies | AppliesTo,
    *,
    program_code: str,
    level: str | None,
    intake: str,
    program_id: int | None = None,
) -> bool:
    """Whether a regulation is meant for this program, level and intake (both ends included)."""
    if applies.level is not None and applies.level != level:
        return False
    programs = applies.programs
    if (
        programs is not None
        and program_code not in programs
        and (program_id is None or program_id not in programs)
    ):
        return False
    if applies.intake_from is not None and intake_order(intake) < intake_order(applies.intake_from):
        return False
    return applies.intake_to is None or intake_order(intake) <= intake_order(applies.intake_to)


def regulation_in_force(
    candidates: Iterable[C],
    program_code: str,
    level: str | None,
    intake: str,
    *,
    program_id: int | None = None,
) -> C | None:
    """The regulation of a new registration: of those in force for program, level and intake the latest
    `intake_from`, then the highest version. None when there is none."""

    def precedence(candidate: C) -> tuple[tuple[int, int], int]:
        first = candidate.applies.intake_from
        return intake_order(first) if first is not None else (0, 0), candidate.version

    meant = [
        candidate
        for candidate in candidates
        if candidate.status == "in_force"
        and applies_to(
            candidate.applies, program_code=program_code, level=level, intake=intake, program_id=program_id
        )
    ]
    return max(meant, key=precedence, default=None)


def default_policy() -> dict[str, Any]:
    """A plausible letter-grade regulation for a new university and the demo: weights of 100, grades A to
    F on four points, the better attempt counts, averages half up to two places. A new dict each call."""
    rows = [
        ["85", "A", "4.00"],
        ["80", "A-", "3.70"],
        ["75", "B+", "3.30"],
        ["70", "B", "3.00"],
        ["65", "B-", "2.70"],
        ["61", "C+", "2.30"],
        ["58", "C", "2.00"],
        ["55", "C-", "1.70"],
        ["50", "D", "1.00"],
    ]
    return {
        "code": "BS-STANDARD",
        "version": 1,
        "authority": "Academic Council",
        "applies": {"level": None, "programs": None, "intake_from": None, "intake_to": None},
        "total": {
            "basis": "weights",
            "round": None,
            "absent": "zero",
            "excused": "reweigh",
            "blank": "block",
            "must_sit": [],
            "best_of": [],
        },
        "heads": [],
        "pass": {"total_min": "50", "other": []},
        "scale": {"kind": "bands", "rows": rows},
        "symbols": {
            "W": {"gpa": False, "attempted": True},
            "FW": {"as": "F"},
            "XF": {"as": "F", "replaceable": False},
            "I": {"lapses_to": "F", "on": "next_term.marks_due", "final": False},
            "S": {"gpa": False, "earned": True},
            "U": {"gpa": False},
            "AU": {},
            "TR": {"gpa": False, "earned": True},
            "RL": {"final": False},
        },
        "repeat": {"count": "best", "never_replace_with": ["W", "I", "AU"], "past_sgpa": "unchanged"},
        "transfer": {"symbol": "TR", "min_grade": "C", "gpa": "exclude", "max_share": "50%"},
        "gpa": {
            "sgpa": {"mode": "half_up", "places": 2},
            "cgpa": {"from": "quality_points", "mode": "half_up", "places": 2},
            "empty": "-",
        },
        "standing": [{"code": "good_standing", "cgpa_min": "2.00"}, {"code": "probation"}],
        "attendance": {"min": "75", "late": "1", "leave": "absent", "shortage": "FW"},
        "recheck": {"window_days": 15, "may_fall": True},
    }
