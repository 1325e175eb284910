"""A computer that has seen the head of the server's audit takes no sheet from a shorter or another one."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sims_desktop.offline import upgrades
from sims_desktop.offline.exchange import Exchange
from sims_desktop.offline.history import HistoryRefused, read_head
from sims_desktop.offline.store import SheetStore
from sims_desktop.offline.sync import sync_once
from sims_shared.audit import AuditHead, signed_bytes
from sims_shared.grading import SheetSummary, SheetView
from tests.desktop.offline.sheets import MIDTERM, SECTION, WHEN, a_row, a_sheet, a_summary

KEY = Ed25519PrivateKey.generate()


def a_head(number: int, hash: str = "aa", generation: int = 0) -> AuditHead:
    public = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()
    head = AuditHead(number=number, hash=hash, signed_at=WHEN, generation=generation, key=public)
    return msgspec.structs.replace(head, signature=base64.b64encode(KEY.sign(signed_bytes(head))).decode())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SheetStore]:
    upgrades.prepare(tmp_path / "sheets.db", "a1" * 32)
    store = SheetStore(tmp_path / "sheets.db", "a1" * 32)
    yield store
    store.close()


class OneSheet:
    """A server that answers whole sheets with a head of its audit."""

    def __init__(self, head: AuditHead | None) -> None:
        self.head = head
        self.epoch = "one"

    def read_sheets(self) -> list[SheetSummary]:
        return [a_summary()]

    def read_sheet(self, section_id: int) -> SheetView:
        sheet = a_sheet(a_row(11, (MIDTERM, "scored", "55.00", 3)), epoch=self.epoch)
        return msgspec.structs.replace(sheet, audit_head=self.head)

    def take(self, store: SheetStore) -> None:
        Exchange(store, self)._take_whole(SECTION)  # type: ignore[arg-type]


def held(store: SheetStore) -> AuditHead | None:
    return read_head(store._db)


def test_the_head_that_came_with_a_sheet_is_held(store: SheetStore) -> None:
    OneSheet(None).take(store)
    assert held(store) is None
    for number in (7, 7, 12):
        OneSheet(a_head(number)).take(store)
        assert held(store) == a_head(number)


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (a_head(6), "ends at block 6"),
        (a_head(7, "bb"), "not the one"),
        (None, "shows no audit"),
        (msgspec.structs.replace(a_head(8), hash="cc"), "not signed"),
    ],
    ids=["shorter", "forked", "gone", "unsigned"],
)
def test_a_shorter_or_another_history_is_refused_and_nothing_is_lost(
    store: SheetStore, head: AuditHead | None, why: str
) -> None:
    OneSheet(a_head(7)).take(store)
    store.edit(SECTION, [(11, MIDTERM, "scored", Decimal("60.00"))])
    server = OneSheet(head)
    exchange = Exchange(store, server)  # type: ignore[arg-type]
    for _ in range(2):
        with pytest.raises(HistoryRefused, match=why):
            exchange._take_whole(SECTION)
    assert held(store) == a_head(7)
    assert store.cells(SECTION)[11, MIDTERM].score == Decimal("60.00")
    (incident,) = store.incidents()  # said once, however often it is met
    assert why in incident


def test_a_restore_that_is_on_record_may_be_shorter(store: SheetStore) -> None:
    OneSheet(a_head(7)).take(store)
    OneSheet(a_head(3, "bb", generation=1)).take(store)
    assert held(store) == a_head(3, "bb", generation=1)
    with pytest.raises(HistoryRefused, match="before a restore"):
        OneSheet(a_head(9)).take(store)


def test_the_person_is_told_why_a_sheet_does_not_come(store: SheetStore, tmp_path: Path) -> None:
    OneSheet(a_head(7)).take(store)
    store.purge(SECTION)
    (trouble,) = sync_once(store, OneSheet(a_head(6)))  # type: ignore[arg-type]
    assert str(trouble).startswith("The server's audit ends at block 6")
