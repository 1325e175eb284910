"""Where the key lies, and that without it there is nothing to read."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import apsw
import keyring
import pytest
from keyring.backend import KeyringBackend

from sims_desktop.offline import keys, upgrades
from sims_desktop.offline.keys import KeyLost, PassphraseNeeded, WrongKey, WrongPassphrase
from sims_desktop.offline.store import SheetStore, open_store
from sims_desktop.offline.upgrades import StoreTooNew, StoreTooOld
from tests.desktop.offline.disk import Disk, open_on
from tests.desktop.offline.sheets import FINAL, SECTION, a_row, a_sheet, hold


class DrawerKeyring(KeyringBackend):
    """A keyring of this test's own: the computer's must stay as it is."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.drawer: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.drawer.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.drawer[service, username] = password


@pytest.fixture
def with_keyring() -> Iterator[DrawerKeyring]:
    before = keyring.get_keyring()
    drawer = DrawerKeyring()
    keyring.set_keyring(drawer)
    yield drawer
    keyring.set_keyring(before)


@pytest.fixture
def without_keyring() -> Iterator[None]:
    from keyring.backends.fail import Keyring

    before = keyring.get_keyring()
    keyring.set_keyring(Keyring())
    yield
    keyring.set_keyring(before)


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir() if file.is_file())


@pytest.mark.usefixtures("without_keyring")
def test_no_name_no_mark_and_no_key_lies_open_on_the_disk(tmp_path: Path) -> None:
    store = open_store(tmp_path, "amina", "a long passphrase")
    hold(store, a_sheet(a_row(11), a_row(12)))
    store.edit(SECTION, [(11, FINAL, "scored", Decimal("12.34"))])
    disk = everything_in(tmp_path)
    for secret in (b"Student 11", b"2026-0011", b"12.34", b"edit_log", b"a long passphrase"):
        assert secret not in disk
    key = keys.obtain_key(tmp_path, "amina", "a long passphrase", store_exists=True)
    assert key.encode() not in disk
    assert bytes.fromhex(key) not in disk
    store.close()


def test_strings_on_store_journal_and_temporary_files_finds_no_name_no_mark_and_no_token(
    tmp_path: Path,
) -> None:
    """Read below the cipher, byte by byte as they go to the disk: a file that is deleted again was there."""
    disk = Disk(random.Random(1))
    store = open_on(disk, tmp_path / "sheets.db", "5a" * 32)
    with store._transaction() as db:
        db.execute(upgrades.SCHEMA)
    rows = range(1, 3001)
    hold(store, a_sheet(*(a_row(enrollment) for enrollment in rows)))
    store.edit(SECTION, [(enrollment, FINAL, "scored", Decimal("12.34")) for enrollment in rows])
    store.remember("refresh_token", "refresh-token-of-amina")
    store.record_incident(SECTION, "an incident of Student 11")
    store.open_sheet(SECTION)
    # A sort that fits no cache, and a vacuum, which copies the whole file through a temporary one.
    store._db.pragma("cache_size", 10)
    sorted_rows = store._db.execute(
        "SELECT r.name || l.mark || l.score FROM row r JOIN edit_log l USING (section_id)"
        " WHERE r.enrollment_id < 60 ORDER BY 1 LIMIT 100000 OFFSET 5"
    )
    assert len(sorted_rows.fetchall()) == 100_000
    store._db.execute("VACUUM")
    store.close()
    assert len(disk.written) > 1_000_000
    secrets = (
        b"Student 11",
        b"2026-0011",
        b"12.34",
        b"refresh-token",
        b"edit_log",
        b"SQLite format 3",
        b"5a" * 32,
    )
    for secret in (*secrets, bytes.fromhex("5a" * 32)):
        assert secret not in disk.written
        assert secret not in everything_in(tmp_path)


@pytest.mark.usefixtures("without_keyring")
def test_without_a_keyring_the_passphrase_unlocks(tmp_path: Path) -> None:
    with pytest.raises(PassphraseNeeded):
        open_store(tmp_path, "amina")
    open_store(tmp_path, "amina", "first").close()
    with pytest.raises(WrongPassphrase):
        open_store(tmp_path, "amina", "second")
    keys.change_passphrase(tmp_path, "first", "second")
    open_store(tmp_path, "amina", "second").close()
    with pytest.raises(WrongPassphrase):
        open_store(tmp_path, "amina", "first")


@pytest.mark.usefixtures("without_keyring")
def test_only_the_person_may_read_the_wrapped_key(tmp_path: Path) -> None:
    open_store(tmp_path, "amina", "first").close()
    assert (tmp_path / keys.WRAPPED).stat().st_mode & 0o077 == 0


def test_with_a_keyring_no_file_holds_the_key(tmp_path: Path, with_keyring: DrawerKeyring) -> None:
    open_store(tmp_path, "amina").close()
    assert not (tmp_path / keys.WRAPPED).exists()
    open_store(tmp_path, "amina").close()
    assert list(with_keyring.drawer) == [(keys.SERVICE, "amina")]


def test_a_lost_key_is_said_and_not_replaced(tmp_path: Path, with_keyring: DrawerKeyring) -> None:
    open_store(tmp_path, "amina").close()
    with_keyring.drawer.clear()
    with pytest.raises(KeyLost):
        open_store(tmp_path, "amina", "any")
    assert with_keyring.drawer == {}


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    upgrades.prepare(tmp_path / "s.db", "01" * 32)
    with pytest.raises(WrongKey):
        upgrades.connect(tmp_path / "s.db", "02" * 32)


class TestUpgrades:
    KEY = "03" * 32

    def test_a_newer_major_version_is_refused_and_left_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "s.db"
        upgrades.prepare(path, self.KEY)
        connection = upgrades.connect(path, self.KEY)
        connection.pragma("user_version", 2000)
        connection.close()
        with pytest.raises(StoreTooNew):
            upgrades.prepare(path, self.KEY)

    def test_a_newer_minor_version_only_added_and_opens(self, tmp_path: Path) -> None:
        path = tmp_path / "s.db"
        upgrades.prepare(path, self.KEY)
        connection = upgrades.connect(path, self.KEY)
        connection.pragma("user_version", upgrades.VERSION + 1)
        connection.close()
        assert upgrades.prepare(path, self.KEY) is None

    def test_an_older_store_is_copied_aside_and_upgraded_step_by_step(self, tmp_path: Path) -> None:
        path = tmp_path / "s.db"
        upgrades.prepare(path, self.KEY, wanted=1000)
        before = upgrades.connect(path, self.KEY)
        before.execute("INSERT INTO meta VALUES ('name', 'Amina')")
        before.close()

        def widen(connection: apsw.Connection) -> None:
            connection.execute("ALTER TABLE meta ADD COLUMN since TEXT NOT NULL DEFAULT 'long ago'")

        def rename(connection: apsw.Connection) -> None:
            connection.execute("ALTER TABLE meta RENAME TO kept")

        steps = {1000: (1001, widen), 1001: (2000, rename)}
        aside = upgrades.prepare(path, self.KEY, wanted=2000, steps=steps)
        after = upgrades.connect(path, self.KEY)
        assert after.execute("SELECT name, value, since FROM kept").fetchall() == [
            ("name", "Amina", "long ago")
        ]
        assert after.pragma("user_version") == 2000
        assert aside is not None
        old = upgrades.connect(aside, self.KEY)
        assert old.execute("SELECT value FROM meta").get == "Amina"
        assert old.pragma("user_version") == 1000

    def test_a_store_of_1_0_keeps_the_applied_edits_it_remembered(self, tmp_path: Path) -> None:
        path = tmp_path / "s.db"
        upgrades.prepare(path, self.KEY)
        connection = upgrades.connect(path, self.KEY)
        connection.execute(
            "DROP TABLE acked; CREATE TABLE acked (section_id INTEGER NOT NULL,"
            " enrollment_id INTEGER NOT NULL, assessment_id INTEGER NOT NULL, edit_id TEXT NOT NULL,"
            " mark TEXT, score TEXT, ver INTEGER NOT NULL, at TEXT NOT NULL,"
            " PRIMARY KEY (section_id, enrollment_id, assessment_id)) WITHOUT ROWID;"
            "INSERT INTO acked VALUES (7, 11, 3, 'e2', 'scored', '8.00', 2, '2026-09-02T00:00:00+00:00'),"
            " (7, 12, 3, 'e1', 'absent', NULL, 1, '2026-09-01T00:00:00+00:00')"
        )
        connection.pragma("user_version", 1000)
        connection.close()
        assert upgrades.prepare(path, self.KEY) is not None
        store = SheetStore(path, self.KEY)
        assert [(op.edit_id, op.ver) for op in store.remembered(7)] == [("e1", 1), ("e2", 2)]
        store.close()

    def test_a_step_that_fails_leaves_the_version_before_it(self, tmp_path: Path) -> None:
        path = tmp_path / "s.db"
        upgrades.prepare(path, self.KEY, wanted=1000)

        def halfway(connection: apsw.Connection) -> None:
            connection.execute("DROP TABLE meta")
            raise OSError("the power went")

        with pytest.raises(OSError, match="power"):
            upgrades.prepare(path, self.KEY, wanted=1001, steps={1000: (1001, halfway)})
        after = upgrades.connect(path, self.KEY)
        assert after.pragma("user_version") == 1000
        assert after.execute("SELECT count(*) FROM meta").get == 0

    def test_a_version_without_a_way_forward_is_said(self, tmp_path: Path) -> None:
        path = tmp_path / "s.db"
        upgrades.prepare(path, self.KEY, wanted=1000)
        with pytest.raises(StoreTooOld):
            upgrades.prepare(path, self.KEY, wanted=1001, steps={})
