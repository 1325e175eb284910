"""Whatever is done to a sealed audit is found: one thousand random tamperings, one thousand found."""

from __future__ import annotations

import random

import pytest

from sims_server.audit.rules import EntryJudge, chain_findings, merkle_root
from sims_shared.audit import AuditHead, objection_to
from tests.server.audit.tampering import WAYS, WHEN, entry, sealed_audit

TAMPERINGS = 1_000


@pytest.mark.parametrize("seed", range(20))
def test_an_untouched_audit_holds(seed: int) -> None:
    assert sealed_audit(seed).findings() == []


def test_a_thousand_random_tamperings_are_found() -> None:
    worlds = [sealed_audit(seed) for seed in range(20)]
    missed = []
    for seed in range(TAMPERINGS):
        chance = random.Random(seed)
        sealed = worlds[seed % len(worlds)].copy()
        way = WAYS[seed % len(WAYS)]
        way(sealed, chance)
        if not sealed.findings():
            missed.append((seed, way.__name__))
    assert missed == []


@pytest.mark.parametrize("way", WAYS[:1])
def test_the_first_changed_entry_is_named_with_its_block(way) -> None:
    sealed = sealed_audit(1)
    block = sealed.blocks[4]
    for id in (block.ranges[0][0], block.last_id):
        sealed.lines[id] = entry(id, "A")
    finding = sealed.findings()[0]
    assert (finding.block, finding.entry) == (5, block.first_id)
    assert str(finding) == f"block 5: entry {block.first_id} was changed"


def test_a_deleted_and_an_inserted_entry_are_named() -> None:
    sealed = sealed_audit(2)
    gone = sealed.blocks[3].first_id
    del sealed.lines[gone]
    assert [(f.block, f.entry, f.words) for f in sealed.findings()] == [
        (4, gone, f"entry {gone} was deleted")
    ]
    sealed = sealed_audit(2)
    new = next(id for id in range(1, 500) if id not in sealed.lines)
    sealed.lines[new] = entry(new, "A")
    assert [str(f) for f in sealed.findings()] == [f"entry {new} was inserted behind the seal"]


def test_a_recomputed_history_is_found_by_a_head_and_only_by_one() -> None:
    sealed = sealed_audit(3)
    sealed.lines[sealed.blocks[1].first_id] = entry(sealed.blocks[1].first_id, "A")
    sealed.recompute(1)
    heads, sealed.heads = sealed.heads, []
    assert sealed.findings() == []
    sealed.heads = heads[:1]
    (found,) = sealed.findings()
    assert found.block == 3
    assert "the history was rewritten" in str(found)


def test_the_tree_is_that_of_rfc_6962() -> None:
    # The example of Certificate Transparency: the tree over eight leaves, and over seven.
    from hashlib import sha256

    data = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    leaves = [sha256(b"\x00" + bytes.fromhex(one)).digest() for one in data]
    assert merkle_root(leaves).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert merkle_root(leaves[:7]).hex() == "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"
    assert merkle_root(leaves[:1]) == leaves[0]


def test_entries_after_the_last_block_wait_and_are_no_finding() -> None:
    sealed = sealed_audit(4)
    last = max(sealed.lines)
    lines = [*sorted(sealed.lines.items()), (last + 1, entry(last + 1, "new"))]
    judge = EntryJudge(iter(sorted(sealed.blocks, key=lambda b: b.first_id)), sealed.blocks[-1].settled_id)
    assert list(judge.judge(lines)) == []
    assert judge.unsealed == 1


def test_new_blocks_are_verified_after_the_one_that_was_verified_before() -> None:
    sealed = sealed_audit(5)
    assert list(chain_findings(sealed.blocks[6:], after=sealed.blocks[5])) == []
    assert list(chain_findings(sealed.blocks[6:], after=sealed.blocks[4]))


def test_a_device_objects_to_a_shorter_and_a_forked_history_and_not_to_a_longer_one() -> None:
    def head(number: int, hash: str = "a", generation: int = 0) -> AuditHead:
        return AuditHead(number=number, hash=hash, signed_at=WHEN, generation=generation, key="k")

    held = head(7)
    assert objection_to(None, held) is None
    assert objection_to(held, held) is None
    assert objection_to(held, head(8, "b")) is None
    assert "ends at block 6" in objection_to(held, head(6))
    assert "is not the one" in objection_to(held, head(7, "b"))
    assert "shows no audit" in objection_to(held, None)
    assert objection_to(held, head(3, "c", generation=1)) is None
    assert "before a restore" in objection_to(head(7, generation=1), head(9))
