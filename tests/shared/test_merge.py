"""The server's judgement of a batch, the digest, and what a mark may be."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sims_shared.grading import (
    MAX_OPS,
    BatchTooLarge,
    DeviceOfAnother,
    MutationGap,
    MutationReused,
    ProtocolUnsupported,
    SyncBatch,
    SyncOp,
    read_batch,
    read_value,
)
from sims_shared.merge import (
    AssessmentFacts,
    Cell,
    Decision,
    DeviceFacts,
    Key,
    SheetFacts,
    body_hash,
    digest_of,
    moved_digest,
    sync_batch,
    touched,
)
from sims_shared.problems import InvalidInput
from sims_shared.values import Person

CLIENT = "0b5f1f0e-8d5a-4b52-9f3e-3c8f6f6f0a01"
AMINA, BILAL = Person(1, "Amina"), Person(2, "Bilal")
NOW = datetime(2026, 9, 1, tzinfo=UTC)
BEFORE = datetime(2026, 8, 31, tzinfo=UTC)
FRESH = DeviceFacts(None, 0)


def a_sheet(cells: Mapping[Key, Cell] | None = None, **facts: Any) -> SheetFacts:
    held = dict(cells or {})
    sheet = SheetFacts(
        section_id=7,
        state="open",
        rev=20,
        digest=digest_of(held.items()),
        epoch="one",
        teaching=True,
        roster={11: "enrolled", 12: "withdrawn", 13: "barred", 14: "dropped"},
        assessments={
            21: AssessmentFacts(Decimal(10)),
            22: AssessmentFacts(Decimal(10), locked=True),
            23: AssessmentFacts(Decimal(10), entered_by="exam_cell"),
        },
        cells=held,
    )
    return replace(sheet, **facts)


def a_batch(*ops: tuple[int, int, int, str | None, Any], mid: int = 1) -> SyncBatch:
    return SyncBatch(
        client_id=CLIENT,
        mid=mid,
        protocol=1,
        ops=[SyncOp(f"e{place}", *op) for place, op in enumerate(ops)],
    )


def judge(sheet: SheetFacts, batch: SyncBatch, device: DeviceFacts = FRESH, hashed: str = "h") -> Decision:
    return sync_batch(sheet, device, batch, hashed=hashed, account=AMINA, now=NOW)


THEIRS = Cell("scored", Decimal("5.00"), 3, BILAL, BEFORE)


class TestOneEdit:
    def test_on_top_of_what_the_author_saw_is_applied(self) -> None:
        decision = judge(a_sheet({(11, 21): THEIRS}), a_batch((11, 21, 3, "scored", "7.5")))
        (outcome,) = decision.answer.outcomes
        assert (outcome.outcome, outcome.ver, outcome.score) == ("applied", 4, Decimal("7.50"))
        assert (outcome.by, outcome.at) == (AMINA, NOW)
        assert (decision.writes.vers, decision.writes.base_vers) == ([4], [3])
        assert decision.writes.scores == [Decimal("7.50")]

    def test_the_same_value_by_two_people_is_the_same(self) -> None:
        decision = judge(a_sheet({(11, 21): THEIRS}), a_batch((11, 21, 2, "scored", 5)))
        (outcome,) = decision.answer.outcomes
        assert (outcome.outcome, outcome.ver, outcome.by) == ("same", 3, BILAL)
        assert not decision.writes

    def test_another_value_on_an_older_version_is_a_conflict(self) -> None:
        decision = judge(a_sheet({(11, 21): THEIRS}), a_batch((11, 21, 2, "absent", None)))
        (outcome,) = decision.answer.outcomes
        assert (outcome.outcome, outcome.ver, outcome.mark, outcome.by) == ("conflict", 3, "scored", BILAL)
        kept = decision.conflicts
        assert (kept.base_vers, kept.mine_marks, kept.theirs_vers, kept.theirs_by) == (
            [2],
            ["absent"],
            [3],
            [2],
        )
        assert not decision.writes

    def test_a_blank_is_a_value(self) -> None:
        decision = judge(a_sheet({(11, 21): THEIRS}), a_batch((11, 21, 3, None, None)))
        assert decision.writes.marks == [None]
        assert decision.answer.outcomes[0].ver == 4

    def test_a_version_from_the_future_is_not_on_top(self) -> None:
        (outcome,) = judge(a_sheet({(11, 21): THEIRS}), a_batch((11, 21, 9, "absent", None))).answer.outcomes
        assert outcome.outcome == "conflict"

    def test_after_a_restore_no_version_is_handed_out_twice(self) -> None:
        sheet = a_sheet({(11, 21): THEIRS}, version_floor=1_000)
        assert judge(sheet, a_batch((11, 21, 3, "absent", None))).writes.vers == [1_001]


class TestRejections:
    @pytest.mark.parametrize(
        ("facts", "op", "code"),
        [
            ({"state": "submitted", "teaching": False}, (11, 21), "sync.sheet_closed"),
            ({"teaching": False}, (14, 22), "sync.not_teaching"),
            ({}, (14, 22), "sync.not_on_roster"),
            ({}, (99, 21), "sync.not_on_roster"),
            ({}, (12, 22), "sync.row_closed"),
            ({}, (13, 21), "sync.row_closed"),
            ({}, (11, 22), "sync.assessment_locked"),
            ({}, (11, 23), "sync.not_yours"),
            ({}, (11, 99), "sync.no_such_assessment"),
            ({}, (11, 21), "sync.score_out_of_range"),
        ],
    )
    def test_the_first_reason_counts(self, facts: dict[str, Any], op: tuple[int, int], code: str) -> None:
        decision = judge(a_sheet(**facts), a_batch((*op, 0, "scored", "999")))
        (outcome,) = decision.answer.outcomes
        assert (outcome.outcome, outcome.code) == ("rejected", code)
        assert not decision.writes

    def test_one_bad_edit_does_not_fail_the_batch(self) -> None:
        decision = judge(a_sheet(), a_batch((11, 21, 0, "scored", "x"), (11, 21, 0, "absent", None)))
        assert [outcome.outcome for outcome in decision.answer.outcomes] == ["rejected", "applied"]

    def test_who_no_longer_teaches_is_not_told_the_marks(self) -> None:
        sheet = a_sheet({(11, 21): THEIRS}, teaching=False)
        (outcome,) = judge(sheet, a_batch((11, 21, 3, "absent", None))).answer.outcomes
        assert (outcome.ver, outcome.mark, outcome.score, outcome.by) == (None, None, None, None)


class TestTheBatch:
    def test_the_rev_moves_once(self) -> None:
        many = a_batch((11, 21, 0, "absent", None), (11, 24, 0, "absent", None))
        sheet = a_sheet(assessments={21: AssessmentFacts(Decimal(10)), 24: AssessmentFacts(Decimal(10))})
        assert judge(sheet, many).answer.rev == 21

    def test_a_batch_that_writes_nothing_leaves_rev_and_digest(self) -> None:
        sheet = a_sheet({(11, 21): THEIRS})
        answer = judge(sheet, a_batch((11, 21, 1, "absent", None))).answer
        assert (answer.rev, answer.digest) == (sheet.rev, sheet.digest)

    def test_the_digest_is_that_of_the_cells_afterwards(self) -> None:
        sheet = a_sheet({(11, 21): THEIRS})
        answer = judge(sheet, a_batch((11, 21, 3, "scored", "8"))).answer
        assert answer.digest == digest_of([((11, 21), Cell("scored", Decimal("8.00"), 4))])

    def test_two_edits_of_one_cell_write_it_once(self) -> None:
        """Nobody can have held a version that their own batch has yet to make."""
        twice = a_batch((11, 21, 0, "absent", None), (11, 21, 1, "excused", None))
        decision = judge(a_sheet(), twice)
        assert [outcome.outcome for outcome in decision.answer.outcomes] == ["applied", "conflict"]
        assert decision.writes.marks == ["absent"]

    def test_touched_names_each_cell_once(self) -> None:
        assert touched(a_batch((11, 21, 0, None, None), (11, 21, 0, None, None))) == {(11, 21)}

    def test_outcomes_come_in_order_one_for_each_edit(self) -> None:
        batch = a_batch(*((11, 21, 0, "absent", None) for _ in range(5)))
        assert [outcome.edit_id for outcome in judge(a_sheet(), batch).answer.outcomes] == [
            f"e{place}" for place in range(5)
        ]


class TestTheReceipt:
    def test_a_resend_gets_the_stored_outcomes_and_the_sheet_of_today(self) -> None:
        batch = a_batch((11, 21, 0, "absent", None))
        first = judge(a_sheet(), batch)
        assert first.receipt is not None
        again = judge(
            a_sheet(rev=99, state="approved"),
            batch,
            DeviceFacts(1, 1, (first.receipt.body_hash, first.receipt.outcomes)),
        )
        assert again.replayed
        assert again.answer.outcomes == first.answer.outcomes
        assert (again.answer.rev, again.answer.state) == (99, "approved")
        assert not again.writes

    def test_another_body_under_the_same_number_is_refused(self) -> None:
        with pytest.raises(MutationReused):
            judge(a_sheet(), a_batch(), DeviceFacts(1, 1, ("other", [])))

    @pytest.mark.parametrize("mid", [1, 2, 4])
    def test_the_next_number_is_the_only_one(self, mid: int) -> None:
        with pytest.raises(MutationGap):
            judge(a_sheet(), a_batch(mid=mid), DeviceFacts(1, 2))

    def test_a_device_belongs_to_who_used_it_first(self) -> None:
        with pytest.raises(DeviceOfAnother):
            judge(a_sheet(), a_batch(), DeviceFacts(2, 0))

    def test_even_for_a_batch_that_is_known(self) -> None:
        with pytest.raises(DeviceOfAnother):
            judge(a_sheet(), a_batch(), DeviceFacts(2, 1, ("h", [])))

    def test_the_first_use_binds_the_device(self) -> None:
        assert judge(a_sheet(), a_batch()).first_use
        assert not judge(a_sheet(), a_batch(), DeviceFacts(1, 0)).first_use


class TestDigest:
    def test_is_the_sum_of_sha256_over_the_lines_of_written_cells(self) -> None:
        cells = {
            (11, 21): Cell("scored", Decimal("7.5"), 2),
            (11, 22): Cell(None, None, 3),
            (12, 21): Cell("absent", None, 1),
            (12, 22): Cell(None, None, 0),
        }
        lines = ["11,21,2,scored,7.50\n", "11,22,3,,\n", "12,21,1,absent,\n"]
        total = sum(int.from_bytes(hashlib.sha256(line.encode()).digest(), "big") for line in lines)
        assert digest_of(cells.items()) == f"{total % 2**256:064x}"

    def test_of_nothing_is_zero(self) -> None:
        assert digest_of([]) == "0" * 64

    @given(
        st.dictionaries(st.tuples(st.integers(1, 9), st.integers(1, 9)), st.integers(0, 9), max_size=12),
        st.dictionaries(st.tuples(st.integers(1, 9), st.integers(1, 9)), st.integers(0, 9), max_size=12),
    )
    def test_moves_with_the_changed_cells_as_if_computed_anew(
        self, before: dict[Key, int], changed: dict[Key, int]
    ) -> None:
        old = {key: Cell("scored", Decimal(ver), ver) for key, ver in before.items()}
        new = {key: Cell("scored", Decimal(ver), ver) for key, ver in changed.items()}
        moves = [(key, old.get(key, Cell(None, None, 0)), after) for key, after in new.items()]
        assert moved_digest(digest_of(old.items()), moves) == digest_of((old | new).items())


class TestValues:
    @pytest.mark.parametrize(
        ("score", "meant"),
        [
            ("7", "7.00"),
            ("7.5", "7.50"),
            ("7.500", "7.50"),
            (7, "7.00"),
            (Decimal("7.25"), "7.25"),
            ("0", "0.00"),
        ],
    )
    def test_a_score_is_text_or_a_number_with_two_decimals(self, score: Any, meant: str) -> None:
        assert read_value("scored", score, Decimal(10)) == ("scored", Decimal(meant))

    def test_there_is_no_mark_of_minus_zero(self) -> None:
        """It would equal 0 and have another digest."""
        value = read_value("scored", "-0", Decimal(10))
        assert isinstance(value, tuple)
        assert str(value[1]) == "0.00"

    @pytest.mark.parametrize(
        ("mark", "score", "code"),
        [
            ("scored", "7.555", "sync.score_malformed"),
            ("scored", "1e1", "sync.score_malformed"),
            ("scored", "NaN", "sync.score_malformed"),
            ("scored", Decimal("NaN"), "sync.score_malformed"),
            ("scored", "٧", "sync.score_malformed"),
            ("scored", "1_0", "sync.score_malformed"),
            ("scored", " 7", "sync.score_malformed"),
            ("scored", 7.5, "sync.score_malformed"),
            ("scored", True, "sync.score_malformed"),
            ("scored", [7], "sync.score_malformed"),
            pytest.param("scored", 10**5000, "sync.score_malformed", id="five thousand digits"),
            ("scored", "-1", "sync.score_out_of_range"),
            ("scored", "10.01", "sync.score_out_of_range"),
            ("scored", None, "sync.score_missing"),
            ("absent", "0", "sync.score_not_allowed"),
            (None, "0", "sync.score_not_allowed"),
            ("Absent", None, "sync.unknown_mark"),
            (["absent"], None, "sync.unknown_mark"),
        ],
    )
    def test_anything_else_says_why(self, mark: Any, score: Any, code: str) -> None:
        assert read_value(mark, score, Decimal(10)) == code


class TestReadingABatch:
    def body(self, **fields: Any) -> bytes:
        op = {
            "edit_id": "e",
            "enrollment_id": 11,
            "assessment_id": 21,
            "base_ver": 0,
            "mark": "scored",
            "score": "7.5",
        }
        return msgspec.json.encode({"client_id": CLIENT, "mid": 1, "protocol": 1, "ops": [op]} | fields)

    def test_a_number_keeps_its_digits(self) -> None:
        body = self.body().replace(b'"7.5"', b"7.25")
        assert read_batch(body).ops[0].score == "7.25"

    def test_an_invalid_value_is_left_for_the_judgement(self) -> None:
        body = self.body().replace(b'"7.5"', b'{"deep": [1, 2]}')
        (op,) = read_batch(body).ops
        assert read_value(op.mark, op.score, Decimal(10)) == "sync.score_malformed"

    @pytest.mark.parametrize("number", [b"1e99999", b"-9", b"99999999999999999999999"])
    def test_a_monstrous_number_is_left_for_the_judgement_too(self, number: bytes) -> None:
        (op,) = read_batch(self.body().replace(b'"7.5"', number)).ops
        assert read_value(op.mark, op.score, Decimal(10)) in (
            "sync.score_malformed",
            "sync.score_out_of_range",
        )

    def test_all_faults_are_told_at_once(self) -> None:
        with pytest.raises(InvalidInput) as refused:
            read_batch(self.body(client_id="me", mid=0, also=1, ops=[{}, 3]))
        assert {fault.pointer for fault in refused.value.errors} == {
            "/also",
            "/client_id",
            "/mid",
            "/ops/0",
            "/ops/1",
        }

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"{", b"[" * 5000, b'{"ops":' * 5000, b"\xff", b"null", b"9" * 5000]
    )
    def test_garbage_is_refused_and_nothing_breaks(self, body: bytes) -> None:
        with pytest.raises(InvalidInput) as refused:
            read_batch(body)
        assert refused.value.errors

    def test_too_many_edits_and_too_many_bytes_are_refused(self) -> None:
        op = msgspec.json.decode(self.body())["ops"][0]
        with pytest.raises(BatchTooLarge):
            read_batch(self.body(ops=[op] * (MAX_OPS + 1)))
        with pytest.raises(BatchTooLarge):
            read_batch(b" " * (4 * 1024 * 1024 + 1))

    def test_another_protocol_is_said(self) -> None:
        with pytest.raises(ProtocolUnsupported):
            read_batch(self.body(protocol=2))

    def test_the_hash_is_of_the_bytes_and_not_of_their_meaning(self) -> None:
        assert body_hash(b"{}") != body_hash(b"{ }")
