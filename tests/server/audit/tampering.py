"""A sealed audit in memory, as it would be exported, and every way a superuser could change it.

`Sealed` is what a verifier is handed: entries as lines, blocks, and heads that were written down outside.
Whoever tampers has everything but the signing key and the heads already outside.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sims_server.audit.rules import (
    BEGINNING,
    MARK,
    Block,
    EntryJudge,
    Finding,
    chain_findings,
    head_finding,
    leaf_of,
    merkle_root,
)
from sims_shared.audit import AuditHead, signed_bytes

WHEN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def entry(id: int, words: str) -> bytes:
    return json.dumps([id, WHEN.timestamp(), "result", {"grade": ["B", words]}], ensure_ascii=False).encode()


def ranges_of(ids: Iterable[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for id in sorted(ids):
        if found and found[-1][1] == id - 1:
            found[-1] = (found[-1][0], id)
        else:
            found.append((id, id))
    return found


def block_of(
    number: int, previous: bytes, lines: dict[int, bytes], ids: Iterable[int], settled: int
) -> Block:
    """A block as `seal_audit()` makes it."""
    ordered = sorted(ids)
    leaves = [leaf_of(lines[id]) for id in ordered]
    return hashed(
        Block(
            number,
            previous,
            merkle_root(leaves),
            len(leaves),
            ranges_of(ordered),
            settled,
            b"".join(leaf[:MARK] for leaf in leaves),
            b"",
            b"",
        )
    )


def hashed(block: Block) -> Block:
    """The block with the hash of what it says."""
    line = json.dumps(
        [
            block.number,
            block.previous.hex(),
            block.root.hex(),
            block.entries,
            block.ranges,
            block.settled_id,
        ]
    ).encode()
    return replace(block, line=line, hash=hashlib.sha256(line).digest())


@dataclass
class Sealed:
    """Entries by id, blocks in order, heads outside, and the public key that is believed."""

    lines: dict[int, bytes]
    blocks: list[Block]
    heads: list[AuditHead] = field(default_factory=list)
    trusted: list[str] = field(default_factory=list)

    def findings(self) -> list[Finding]:
        """What the verifier says."""
        settled = self.blocks[-1].settled_id if self.blocks else 0
        judge = EntryJudge(iter(sorted(self.blocks, key=lambda block: block.first_id)), settled)
        hashes = {block.number: block.hash.hex() for block in self.blocks}
        found = [*chain_findings(self.blocks), *judge.judge(sorted(self.lines.items()))]
        of_heads = (head_finding(head, hashes, [], self.trusted) for head in self.heads)
        return found + [finding for finding in of_heads if finding is not None]

    def copy(self) -> Sealed:
        return Sealed(dict(self.lines), list(self.blocks), list(self.heads), self.trusted)

    def recompute(self, place: int) -> None:
        """Make the blocks from `place` on anew over the entries as they now are."""
        for at in range(place, len(self.blocks)):
            old = self.blocks[at]
            ids = [id for first, last in old.ranges for id in range(first, last + 1) if id in self.lines]
            previous = self.blocks[at - 1].hash if at else BEGINNING
            self.blocks[at] = block_of(at + 1, previous, self.lines, ids, old.settled_id)


def signed(key: Ed25519PrivateKey, block: Block) -> AuditHead:
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    head = AuditHead(number=block.number, hash=block.hash.hex(), signed_at=WHEN, key=public)
    signature = base64.b64encode(key.sign(signed_bytes(head))).decode()
    return msgspec.structs.replace(head, signature=signature)


def sealed_audit(seed: int, blocks: int = 12) -> Sealed:
    """Blocks over entries some of which commit late or never; a head for every third and the newest."""
    chance = random.Random(seed)
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(str(seed).encode()).digest())
    made, lines, id = Sealed({}, []), dict[int, bytes](), 0
    late: list[int] = []
    for number in range(1, blocks + 1):
        ids, late = late, []
        for _ in range(chance.randint(2, 30)):
            id += chance.choice((1, 1, 1, 2))  # a number taken by a transaction that rolled back
            lines[id] = entry(id, f"words {chance.random()}")
            (late if chance.random() < 0.1 and number < blocks else ids).append(id)
        previous = made.blocks[-1].hash if made.blocks else BEGINNING
        settled = min([max(ids), *(one - 1 for one in late)])
        settled = max([settled, *(block.settled_id for block in made.blocks)])
        made.blocks.append(block_of(number, previous, lines, ids, settled))
    made.lines = lines
    made.heads = [
        signed(key, block) for block in made.blocks if block.number % 3 == 0 or block is made.blocks[-1]
    ]
    made.trusted = [made.heads[0].key]
    return made


# --- what somebody could do -----------------------------------------------------------------------


def _some_entry(sealed: Sealed, chance: random.Random) -> tuple[int, int]:
    """An id, and the place of its block."""
    place = chance.randrange(len(sealed.blocks))
    first, last = chance.choice(sealed.blocks[place].ranges)
    return chance.randint(first, last), place


def edit(sealed: Sealed, chance: random.Random) -> None:
    id, _ = _some_entry(sealed, chance)
    sealed.lines[id] = entry(id, "A")


def edit_one_byte(sealed: Sealed, chance: random.Random) -> None:
    id, _ = _some_entry(sealed, chance)
    line = bytearray(sealed.lines[id])
    line[chance.randrange(len(line))] ^= 1 << chance.randrange(8)
    sealed.lines[id] = bytes(line)


def edit_and_recompute_its_block(sealed: Sealed, chance: random.Random) -> None:
    id, place = _some_entry(sealed, chance)
    sealed.lines[id] = entry(id, "A")
    after = sealed.blocks[place + 1 :]
    sealed.recompute(place)
    sealed.blocks[place + 1 :] = after


def edit_and_recompute_everything(sealed: Sealed, chance: random.Random) -> None:
    id, place = _some_entry(sealed, chance)
    sealed.lines[id] = entry(id, "A")
    sealed.recompute(place)


def delete(sealed: Sealed, chance: random.Random) -> None:
    id, _ = _some_entry(sealed, chance)
    del sealed.lines[id]


def delete_and_recompute_everything(sealed: Sealed, chance: random.Random) -> None:
    place = chance.choice([at for at, block in enumerate(sealed.blocks) if block.entries > 1])
    first, last = chance.choice(sealed.blocks[place].ranges)
    del sealed.lines[chance.randint(first, last)]
    sealed.recompute(place)


def insert(sealed: Sealed, chance: random.Random) -> None:
    settled = sealed.blocks[-1].settled_id
    free = [id for id in range(-3, settled) if id not in sealed.lines]
    id = chance.choice(free)
    sealed.lines[id] = entry(id, "A")


def insert_and_recompute_everything(sealed: Sealed, chance: random.Random) -> None:
    free = [id for id in range(1, sealed.blocks[-1].last_id) if id not in sealed.lines]
    id = chance.choice(free)
    place = next(at for at, block in enumerate(sealed.blocks) if block.last_id > id)
    sealed.lines[id] = entry(id, "A")
    old = sealed.blocks[place]
    ids = [one for first, last in old.ranges for one in range(first, last + 1)]
    sealed.blocks[place] = block_of(place + 1, old.previous, sealed.lines, [*ids, id], old.settled_id)
    sealed.recompute(place + 1)


def swap(sealed: Sealed, chance: random.Random) -> None:
    one, _ = _some_entry(sealed, chance)
    other = chance.choice([id for id in sealed.lines if id != one])
    sealed.lines[one], sealed.lines[other] = sealed.lines[other], sealed.lines[one]


def cut_the_tail(sealed: Sealed, chance: random.Random) -> None:
    keep = chance.randrange(1, len(sealed.blocks))
    for block in sealed.blocks[keep:]:
        for first, last in block.ranges:
            for id in range(first, last + 1):
                sealed.lines.pop(id, None)
    del sealed.blocks[keep:]


def cut_everything(sealed: Sealed, chance: random.Random) -> None:
    sealed.blocks.clear()
    sealed.lines.clear()


def drop_a_block(sealed: Sealed, chance: random.Random) -> None:
    del sealed.blocks[chance.randrange(len(sealed.blocks))]


def take_out_a_block_with_its_entries_and_recompute(sealed: Sealed, chance: random.Random) -> None:
    place = chance.randrange(len(sealed.blocks) - 1)
    for first, last in sealed.blocks.pop(place).ranges:
        for id in range(first, last + 1):
            del sealed.lines[id]
    sealed.recompute(place)


def edit_a_block(sealed: Sealed, chance: random.Random) -> None:
    place = chance.randrange(len(sealed.blocks))
    block = sealed.blocks[place]
    noise = chance.randbytes(32)
    changed = chance.choice(
        [
            replace(block, root=noise),
            replace(block, previous=noise),
            replace(block, entries=block.entries + 1),
            replace(block, settled_id=block.settled_id + 7),
            replace(block, number=block.number + 100),
        ]
    )
    sealed.blocks[place] = hashed(changed) if chance.random() < 0.5 else replace(changed, line=noise)


def edit_a_mark(sealed: Sealed, chance: random.Random) -> None:
    place = chance.randrange(len(sealed.blocks))
    block = sealed.blocks[place]
    sealed.blocks[place] = replace(block, marks=chance.randbytes(MARK) + block.marks[MARK:])


def forge_a_head(sealed: Sealed, chance: random.Random) -> None:
    """Edit, recompute, and sign new heads with a key of one's own."""
    edit_and_recompute_everything(sealed, chance)
    key = Ed25519PrivateKey.generate()
    sealed.heads = [signed(key, sealed.blocks[head.number - 1]) for head in sealed.heads]


def edit_a_head(sealed: Sealed, chance: random.Random) -> None:
    """Edit, recompute, and write the new hash into the heads under their old signature."""
    edit_and_recompute_everything(sealed, chance)
    sealed.heads = [
        msgspec.structs.replace(head, hash=sealed.blocks[head.number - 1].hash.hex()) for head in sealed.heads
    ]


WAYS: tuple[Callable[[Sealed, random.Random], None], ...] = (
    edit,
    edit_one_byte,
    edit_and_recompute_its_block,
    edit_and_recompute_everything,
    delete,
    delete_and_recompute_everything,
    insert,
    insert_and_recompute_everything,
    swap,
    cut_the_tail,
    cut_everything,
    drop_a_block,
    take_out_a_block_with_its_entries_and_recompute,
    edit_a_block,
    edit_a_mark,
    forge_a_head,
    edit_a_head,
)
