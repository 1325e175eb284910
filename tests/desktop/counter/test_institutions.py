"""Pinned keys: what may replace them, and what is judged with them alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from sims_desktop.counter.institutions import Institutions, KeysChanged
from sims_server.sealing.status import make_status_list
from sims_shared.seal import StatusListUnreadable
from sims_shared.seal.statuses import Status
from tests.support.sealing import PUBLIC_URL, SEALED_AT, keyring


def published(name: str = "ours", **changed: object) -> bytes:
    document = keyring(name).key_document(PUBLIC_URL)
    return msgspec.json.encode(msgspec.structs.replace(document, **changed))


def listed(at: datetime, name: str = "ours") -> bytes:
    key = keyring(name).current("status", at.date())
    return make_status_list("XU", at, [Status.VALID], key)


def test_what_is_pinned_is_there_after_a_restart(tmp_path: Path) -> None:
    Institutions(tmp_path / "institutions").pin(published())
    Institutions(tmp_path / "institutions").keep_list(listed(SEALED_AT))
    trust, lists = Institutions(tmp_path / "institutions").read()
    assert trust.knows_issuer("XU")
    assert [one.listed_at for one in lists] == [SEALED_AT.astimezone(UTC)]


def test_other_keys_in_the_same_name_do_not_replace_the_pinned_ones(tmp_path: Path) -> None:
    pinned = Institutions(tmp_path)
    pinned.pin(published())
    for other in (published("theirs"), published(keys=[])):
        with pytest.raises(KeysChanged):
            pinned.pin(other)
    assert pinned.read()[0].documents[0] == keyring().key_document(PUBLIC_URL)


def test_demo_keys_may_be_made_anew(tmp_path: Path) -> None:
    pinned = Institutions(tmp_path)
    pinned.pin(published(demo=True))
    pinned.pin(published("theirs", demo=True))
    assert pinned.read()[0].documents[0].keys == keyring("theirs").key_document(PUBLIC_URL).keys


def test_a_list_of_others_is_refused_and_an_older_one_does_not_replace(tmp_path: Path) -> None:
    pinned = Institutions(tmp_path)
    pinned.pin(published())
    with pytest.raises(StatusListUnreadable):
        pinned.keep_list(listed(SEALED_AT, "theirs"))
    pinned.keep_list(listed(SEALED_AT))
    pinned.keep_list(listed(SEALED_AT - timedelta(days=1)))
    assert pinned.read()[1][0].listed_at == SEALED_AT
