"""The status list: what became of a document, off line, and how old that knowledge is."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sims_server.sealing.status import make_status_list
from sims_shared.seal import StatusListUnreadable, Verdict, apply_status, judge_text, read_status_list
from sims_shared.seal.cose import sign1
from sims_shared.seal.statuses import DOMAIN, Status, StatusList, encode_status_list, pack_statuses
from tests.support.sealed_samples import practice_transcript
from tests.support.sealing import code_of, flip, keyring, trust

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)


def signed_list(statuses: list[Status], at: datetime = NOW, name: str = "ours") -> bytes:
    return make_status_list("XU", at, statuses, keyring(name).current("status", at.date()))


def judged(statuses: list[Status], *, listed: datetime = NOW, index: int = 2):
    content = practice_transcript(status_index=index)
    judgment = judge_text(code_of(content).address, trust())
    return apply_status(judgment, [read_status_list(signed_list(statuses, listed), trust())], NOW)


@pytest.mark.parametrize(
    ("status", "verdict", "word"),
    [
        (Status.VALID, Verdict.GENUINE, "GENUINE"),
        (Status.SUPERSEDED, Verdict.SUPERSEDED, "SUPERSEDED"),
        (Status.REVOKED, Verdict.REVOKED, "REVOKED"),
    ],
)
def test_the_list_tells_what_became_of_a_document(status, verdict, word):
    judgment = judged([Status.VALID, Status.VALID, status, Status.VALID])
    assert judgment.verdict is verdict
    assert judgment.in_words.startswith(word)
    assert judgment.list_age == 0


def test_the_age_of_the_list_is_said_and_a_stale_one_is_called_stale():
    fresh = judged([Status.VALID] * 3, listed=NOW - timedelta(hours=3))
    assert (fresh.list_age, fresh.list_stale) == (3 * 3600, False)
    assert "3 hours old" in fresh.in_words
    stale = judged([Status.VALID] * 3, listed=NOW - timedelta(days=8))
    assert stale.list_stale
    assert "STALE LIST" in stale.in_words


def test_a_stale_list_still_tells_of_a_revocation():
    assert judged([Status.REVOKED] * 3, listed=NOW - timedelta(days=80)).verdict is Verdict.REVOKED


def test_a_document_newer_than_the_list_is_not_called_listed():
    judgment = judged([Status.VALID], index=5)
    assert judgment.verdict is Verdict.GENUINE
    assert "newer than the status list" in judgment.in_words


def test_without_a_list_the_words_say_so():
    judgment = apply_status(judge_text(code_of(practice_transcript()).address, trust()), [], NOW)
    assert judgment.list_age is None
    assert "No status list" in judgment.in_words


def test_a_list_signed_by_others_is_refused():
    with pytest.raises(StatusListUnreadable):
        read_status_list(signed_list([Status.VALID], name="theirs"), trust())


def test_every_flipped_bit_of_a_list_is_refused():
    data = signed_list([Status.VALID, Status.REVOKED])
    for place in range(len(data)):
        with pytest.raises(StatusListUnreadable):
            read_status_list(flip(data, place, place % 8), trust())


def test_a_code_cannot_be_replayed_as_a_list_nor_signed_for_one():
    key = keyring().current("status", NOW.date())
    payload = encode_status_list("XU", NOW, [Status.VALID])
    with pytest.raises(StatusListUnreadable):
        read_status_list(sign1(payload, key.id, key.sign), trust())  # without the list's own domain
    assert read_status_list(sign1(payload, key.id, key.sign, DOMAIN), trust()).count == 1


def test_a_list_that_inflates_beyond_its_count_is_refused():
    key = keyring().current("status", NOW.date())
    payload = encode_status_list("XU", NOW, [Status.VALID] * 1_000_000)
    shorter = payload.replace(b"\x1a\x00\x0f\x42\x40", b"\x1a\x00\x00\x00\x04")
    assert shorter != payload
    with pytest.raises(StatusListUnreadable):
        read_status_list(sign1(shorter, key.id, key.sign, DOMAIN), trust())


@given(st.lists(st.sampled_from(list(Status)), max_size=50))
def test_packing_keeps_every_status_at_its_index(statuses):
    packed = StatusList("XU", NOW, len(statuses), pack_statuses(statuses))
    assert [packed.status(index) for index in range(len(statuses))] == statuses
    assert packed.status(len(statuses)) is None
