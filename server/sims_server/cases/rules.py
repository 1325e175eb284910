"""What a case needs, until when one may ask, and what credit from elsewhere is worth. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from sims_shared.cases import EVIDENCE_MOST, EvidenceInvalid, Judgment, OpenCase
from sims_shared.policy.scales import points_of, rank_of
from sims_shared.problems import Fault, InvalidInput
from sims_shared.regulations import Policy

LOOKED_AT_AGAIN = ("recheck", "re_evaluation")
BY_CHANGES = (*LOOKED_AT_AGAIN, "incomplete_completion", "correction")
EXEMPT = "EX"


def last_day_to_ask(declared_on: date, window_days: int | None, term_until: date | None) -> date | None:
    """The last day to ask for a recheck, that day included; None where no rule says. A later notification
    has its own days, whatever the term's date was; the term's date may give everybody longer."""
    by_rule = None if window_days is None else declared_on + timedelta(days=window_days)
    if by_rule is None or term_until is None:
        return by_rule or term_until
    return max(by_rule, term_until)


def check_opening(command: OpenCase, *, may_propose: bool) -> None:
    """Raises InvalidInput with every fault of what is given for this kind."""
    faults: list[Fault] = []
    proposes = command.changes is not None or command.judgment is not None
    if proposes and not may_propose:
        faults.append(Fault("", "proposal", "Ask; whoever looks into it says what is to change."))
    if command.kind == "grace":
        for name in ("registration_id", "term_id") if command.purpose == "pass" else ("registration_id",):
            if getattr(command, name) is None:
                faults.append(Fault(f"/{name}", "missing", f"Grace is for one {name.removesuffix('_id')}."))
        if command.purpose == "division" and command.term_id is not None:
            faults.append(Fault("/term_id", "not_here", "A division is of every paper there is."))
        if command.result_ids or proposes:
            faults.append(Fault("", "computed", "The regulation says what grace comes to; name no results."))
    else:
        if not command.result_ids and not command.changes:
            faults.append(Fault("/result_ids", "missing", "Name the results that the case is about."))
        for name in ("registration_id", "term_id"):
            if getattr(command, name) is not None:
                faults.append(Fault(f"/{name}", "not_here", "The results say whose they are."))
    faults += _wrong_proposal(command.kind, command.changes is not None, command.judgment)
    if (command.kind == "grace" or command.judgment is not None) and not command.authority.strip():
        faults.append(Fault("/authority", "missing", "Name the committee and its minute."))
    if faults:
        raise InvalidInput(faults[0].detail, errors=faults)


def check_proposal(
    kind: str, changes: Sequence[object] | None, judgment: Judgment | None, finding: str, authority: str
) -> None:
    """The same for a proposal in a case that is open."""
    faults = _wrong_proposal(kind, changes is not None, judgment)
    if kind == "unfair_means":
        if judgment is None:
            faults.append(Fault("/judgment", "missing", "Say what was decided."))
        if not authority.strip():
            faults.append(Fault("/authority", "missing", "Name the committee and its minute."))
    elif kind in BY_CHANGES:
        if changes is None:
            faults.append(Fault("/changes", "missing", "Say what is to become of the results."))
        elif not changes and (kind not in LOOKED_AT_AGAIN or not finding.strip()):
            detail = "Say why nothing changes." if kind in LOOKED_AT_AGAIN else "Name the changes."
            faults.append(Fault("/finding" if kind in LOOKED_AT_AGAIN else "/changes", "missing", detail))
    if faults:
        raise InvalidInput(faults[0].detail, errors=faults)


def _wrong_proposal(kind: str, changes: bool, judgment: Judgment | None) -> list[Fault]:
    faults = []
    if changes and kind == "unfair_means":
        faults.append(Fault("/changes", "not_here", "In a case of unfair means the judgment says it."))
    if judgment is not None:
        if kind != "unfair_means":
            faults.append(Fault("/judgment", "not_here", "A judgment is of unfair means."))
        suspends = judgment.suspension is not None
        if judgment.penalty == "suspended" and not suspends:
            faults.append(Fault("/judgment/suspension", "missing", "Give the order and its date."))
        if judgment.penalty == "exonerated" and (suspends or judgment.papers):
            faults.append(Fault("/judgment/penalty", "exonerated", "Nothing follows for who is exonerated."))
        if judgment.penalty != "exonerated" and judgment.scores:
            faults.append(Fault("/judgment/scores", "not_here", "Marks come back to who is exonerated."))
    return faults


# -- Evidence ---------------------------------------------------------------------------------------

_SIGNS = ((b"%PDF-", "application/pdf"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))


def media_type_of(content: bytes) -> str:
    """What a file is, by its first bytes: its name and what the sender says are not believed, because it
    is shown to others later."""
    for sign, media_type in _SIGNS:
        if content.startswith(sign):
            return media_type
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return "application/octet-stream"
    plain = all(character.isprintable() or character in "\r\n\t" for character in text)
    markup = "<" in text and ">" in text
    return "text/plain" if plain and not markup else "application/octet-stream"


def check_evidence(content: bytes) -> None:
    """Raises EvidenceInvalid."""
    if not content:
        raise EvidenceInvalid("The file is empty.", errors=[Fault("/file", "empty", "The file is empty.")])
    if len(content) > EVIDENCE_MOST:
        detail = f"At most {EVIDENCE_MOST // 1024 // 1024} MB a file."
        raise EvidenceInvalid(detail, errors=[Fault("/file", "size", detail)])


def plain_name(name: str) -> str:
    """A file's name without its folders, as it may stand in a header."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in last).strip(" .")
    return kept[:120] or "file"


# -- Transfer ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Worth:
    """How transferred credit prints and weighs."""

    grade: str
    points: Decimal | None


def worth_of(policy: Policy, outcome: str, original_grade: str, earned_points: Decimal | None) -> Worth | str:
    """By the regulation's transfer rule; a sentence where it does not transfer."""
    if outcome == "exempt":
        return Worth(EXEMPT, None)
    rule = policy.transfer
    grade = rule.conversion.get(original_grade, original_grade)
    rank = rank_of(policy, grade) if grade else None
    least = rank_of(policy, rule.min_grade) if rule.min_grade is not None else None
    if least is not None and rank is None:
        return f"“{original_grade}” is no grade of this regulation, nor converted by it."
    if rank == 0 or (rank is not None and least is not None and rank < least):
        return f"{grade} elsewhere is not enough; the regulation asks for {rule.min_grade or 'a pass'}."
    if rule.gpa == "exclude":
        return Worth(rule.symbol, None)
    own = points_of(policy, grade) if grade else None
    return Worth(rule.symbol, earned_points if rule.gpa == "as_earned" and earned_points is not None else own)


def share_left(policy: Policy, required: Decimal, taken: Decimal) -> Decimal | None:
    """Credits that may still be transferred; None where the regulation sets no share."""
    if policy.transfer.max_share is None or not required:
        return None
    limit = policy.transfer.max_share.of(Fraction(required)) - Fraction(taken)
    return Decimal(limit.numerator) / Decimal(limit.denominator)
