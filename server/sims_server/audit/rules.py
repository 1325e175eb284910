"""An audit entry in words; what a sealed chain of blocks must be. Pure.

The bytes of an entry are one line of JSON, which the database writes and whoever verifies hashes anew:
nothing that the database says of a hash is believed.
"""

from __future__ import annotations

import base64
import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sims_shared.audit import AuditHead, Recovery, signed_bytes

VERBS = {"insert": "added", "update": "changed", "delete": "deleted"}
NAMED = 3  # fields told with their values; the rest is counted
VALUE_LENGTH = 40
BEGINNING = bytes(32)  # what the first block names as the one before it
MARK = 8  # bytes of a leaf that a block keeps, to tell which entry was changed


def _shown(value: Any) -> str:
    text = "nothing" if value in (None, "") else str(value)
    return text if len(text) <= VALUE_LENGTH else text[: VALUE_LENGTH - 1] + "…"


def _is_plain(field: str, values: Sequence[Any]) -> bool:
    by_itself = field.endswith(("_at", "_by", "_id"))
    return not by_itself and not any(isinstance(value, Mapping | list) for value in values)


def in_words(
    actor: str, operation: str, entity: str, entity_id: int | None, changes: Mapping[str, Sequence[Any]]
) -> str:
    """Such as “Registrar changed request 12: status from pending to approved”. What a person would ask for
    is told; who, when and what is not one value (all in `changes`) are counted."""
    thing = entity.replace("_", " ") + ("" if entity_id is None else f" {entity_id}")
    said = f"{actor} {VERBS[operation]} {thing}"
    if operation != "update":
        return said
    plain = [field for field, values in changes.items() if _is_plain(field, values)]
    told = [
        f"{field.replace('_', ' ')} from {_shown(changes[field][0])} to {_shown(changes[field][1])}"
        for field in plain[:NAMED]
    ] or [field.replace("_", " ") for field in list(changes)[:NAMED]]
    more = len(changes) - len(told)
    return f"{said}: {', '.join(told)}" + (f" and {more} more" if more > 0 else "")


ALARMS = {
    "role_given": "{actor} gave {named} the role {role}",
    "role_widened": "{actor} widened the role {role}",
    "password_set": "{actor} set the password of {named}, who holds {role}",
    "codes_reset": "{actor} took the one-time codes off {named}, who holds {role}",
}


def alarm_in_words(actor: str, entity: str, named: str | None, changes: Mapping[str, Sequence[Any]]) -> str:
    """What an alarm says: a power over grades given, or very many students opened; "" of any other entry."""
    said = {field: values[1] for field, values in changes.items()}
    who = named or "somebody"
    if entity == "power_alarm" and said.get("what") in ALARMS:
        return ALARMS[said["what"]].format(actor=actor, named=who, role=said.get("role", ""))
    if entity == "disclosure_alarm":
        return (
            f"{who} opened {said.get('students')} students within an hour; {said.get('allowed')} are allowed"
        )
    return ""


# --- the chain ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Block:
    """A row of `audit_block`. `ranges` are first and last id of each run of ids; `line` is the canonical
    text of all that `hash` covers."""

    number: int
    previous: bytes
    root: bytes
    entries: int
    ranges: list[tuple[int, int]]
    settled_id: int
    marks: bytes
    hash: bytes
    line: bytes

    @property
    def first_id(self) -> int:
        return self.ranges[0][0]

    @property
    def last_id(self) -> int:
        return self.ranges[-1][1]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not hold, in words; with the block and the entry's id where they are known."""

    words: str
    block: int | None = None
    entry: int | None = None

    def __str__(self) -> str:
        place = "" if self.block is None else f"block {self.block}: "
        return f"{place}{self.words}"


def leaf_of(line: bytes) -> bytes:
    """The hash of one entry's canonical line."""
    return hashlib.sha256(b"\x00" + line).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root of RFC 6962: pairs are hashed, an odd last one moves up as it is."""
    level, sha256 = list(leaves), hashlib.sha256
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


def chain_findings(blocks: Iterable[Block], after: Block | None = None) -> Iterator[Finding]:
    """What is wrong with blocks in the order of their numbers, each with the one before it; `after` is
    a block that was found right before."""
    number = 0 if after is None else after.number
    previous = BEGINNING if after is None else after.hash
    settled = 0 if after is None else after.settled_id
    for block in blocks:
        number += 1
        if block.number != number:
            yield Finding(f"block {number} is missing", block.number)
            number = block.number
        elif block.previous != previous:
            yield Finding("it does not name the block before it", block.number)
        if hashlib.sha256(block.line).digest() != block.hash:
            yield Finding("its hash is not that of what it says", block.number)
        if sum(last - first + 1 for first, last in block.ranges) != block.entries:
            yield Finding("it does not hold as many entries as it says", block.number)
        if block.settled_id < settled:
            yield Finding("it unsettles what was settled", block.number)
        previous, settled = block.hash, max(settled, block.settled_id)


@dataclass(slots=True)
class _Open:
    """A block whose entries are coming by."""

    block: Block
    firsts: list[int]
    seen: list[int] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)

    def holds(self, id: int) -> bool:
        place = bisect_right(self.firsts, id) - 1
        return place >= 0 and id <= self.block.ranges[place][1]

    def judge(self) -> Iterator[Finding]:
        block = self.block
        if len(self.seen) != block.entries:
            wanted = chain.from_iterable(range(first, last + 1) for first, last in block.ranges)
            seen = set(self.seen)
            gone = next((id for id in wanted if id not in seen), block.first_id)
            yield Finding(f"entry {gone} was deleted", block.number, gone)
            return
        if block.marks != b"".join(leaf[:MARK] for leaf in self.leaves):
            for place, (id, leaf) in enumerate(zip(self.seen, self.leaves, strict=True)):
                if block.marks[place * MARK : place * MARK + MARK] != leaf[:MARK]:
                    yield Finding(f"entry {id} was changed", block.number, id)
                    return
        if not self.leaves or merkle_root(self.leaves) != block.root:
            yield Finding("its entries are not those it was made of", block.number, block.first_id)


@dataclass
class EntryJudge:
    """Holds entries against their blocks as both stream by: blocks in the order of `first_id`, entries
    in the order of their ids. `unsealed` counts those that wait for a block."""

    blocks: Iterator[Block]
    settled_id: int  # of the newest block
    whole: bool = True  # False: only some blocks come, so what is in none of them is no finding
    unsealed: int = 0
    entries: int = 0
    _open: list[_Open] = field(default_factory=list)
    _next: Block | None = None
    _last_id: int = 0

    def __post_init__(self) -> None:
        self._next = next(self.blocks, None)

    def judge(self, lines: Iterable[tuple[int, bytes]]) -> Iterator[Finding]:
        """What does not hold, roughly in the order of ids."""
        for id, line in lines:
            self.entries += 1
            if id <= self._last_id:
                yield Finding(f"entry {id} is there twice", None, id)
                continue
            self._last_id = id
            if self._next is not None and self._next.first_id <= id:
                self._open_up_to(id)
            found = False
            done = False
            for one in self._open:
                if one.holds(id):
                    if found:
                        yield Finding(f"entry {id} is in another block as well", one.block.number, id)
                    one.seen.append(id)
                    one.leaves.append(leaf_of(line))
                    found = True
                done = done or one.block.last_id <= id
            if not found and self.whole:
                if id <= self.settled_id:
                    yield Finding(f"entry {id} was inserted behind the seal", None, id)
                else:
                    self.unsealed += 1
            if done:
                yield from self._close_up_to(id)
        while self._next is not None:
            self._open_up_to(self._next.first_id)
        yield from self._close_up_to(None)

    def _open_up_to(self, id: int) -> None:
        while self._next is not None and self._next.first_id <= id:
            self._open.append(_Open(self._next, [first for first, _ in self._next.ranges]))
            self._next = next(self.blocks, None)

    def _close_up_to(self, id: int | None) -> Iterator[Finding]:
        for one in self._open:
            if id is None or one.block.last_id <= id:
                yield from one.judge()
        self._open = [one for one in self._open if id is not None and one.block.last_id > id]


# --- heads ----------------------------------------------------------------------------------------


def is_signed(statement: AuditHead | Recovery, trusted: Iterable[str]) -> bool:
    """Whether one of the trusted public keys (base64) signed it."""
    if statement.key not in set(trusted):
        return False
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(statement.key))
        key.verify(base64.b64decode(statement.signature), signed_bytes(statement))
    except (ValueError, InvalidSignature):
        return False
    return True


def head_finding(
    head: AuditHead, hashes: Mapping[int, str], recoveries: Sequence[Recovery], trusted: Sequence[str]
) -> Finding | None:
    """Why a head does not fit the blocks there are (`hashes` by number); None when it does, or when it
    lies in what a signed recovery says was lost. `recoveries` are those whose signature holds."""
    said = f"a head of {head.signed_at:%Y-%m-%d %H:%M:%S} UTC"
    if not is_signed(head, trusted):
        return Finding(f"{said} is not signed by a key of this installation", head.number)
    if is_lost(head, recoveries):
        return None
    if head.number not in hashes:
        end = max(hashes, default=0)
        return Finding(f"{said} knows it, and the history now ends at block {end}", head.number)
    if hashes[head.number] != head.hash:
        return Finding(f"{said} knows another one: the history was rewritten", head.number)
    return None


def is_lost(head: AuditHead, recoveries: Iterable[Recovery]) -> bool:
    """Whether a later restore lost what the head ends in, and says so."""
    return any(r.generation > head.generation and head.number > r.kept_number for r in recoveries)


def recovery_in_words(recovery: Recovery) -> str:
    lost = (
        f"blocks {recovery.kept_number + 1} to {recovery.lost_number} of the history before are gone"
        if recovery.lost_number > recovery.kept_number
        else "nothing that was anchored is lost"
    )
    return f"RECOVERED {recovery.signed_at:%Y-%m-%d %H:%M} UTC from {recovery.backup}: {lost}"
