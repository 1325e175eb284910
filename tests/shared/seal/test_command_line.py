"""`./sims verify`: judged without a database, with an exit code that scripts can trust."""

import json

import msgspec
import pytest

from sims_server.sealing.status import make_status_list
from sims_shared.seal.__main__ import main
from sims_shared.seal.statuses import Status
from tests.support.sealed_samples import practice_transcript
from tests.support.sealing import PUBLIC_URL, SEALED_AT, code_of, flip, keyring, seal, signed_length


@pytest.fixture
def place(tmp_path):
    """A folder with a genuine file, the institution's keys, and an empty profile."""
    (tmp_path / "genuine.pdf").write_bytes(seal(practice_transcript(status_index=1)))
    (tmp_path / "keys.json").write_bytes(msgspec.json.encode(keyring().key_document(PUBLIC_URL)))
    (tmp_path / "profile" / "institutions").mkdir(parents=True)
    return tmp_path


def verify(place, question, *more, keys=True):
    given = [str(question), "--data", str(place / "profile"), *more]
    return main([*given, "--keys", str(place / "keys.json")] if keys else given)


def test_a_genuine_file_ends_with_zero(place, capsys):
    assert verify(place, place / "genuine.pdf") == 0
    shown = capsys.readouterr().out
    assert shown.startswith("genuine: GENUINE")
    assert "TR-2024-004183" in shown


def test_a_genuine_code_ends_with_zero(place, capsys):
    assert verify(place, code_of(practice_transcript()).address) == 0
    assert "CS-101" in capsys.readouterr().out


def test_a_byte_flipped_in_the_signed_ranges_or_in_the_padding_ends_with_one(place, capsys):
    data = (place / "genuine.pdf").read_bytes()
    for offset in (5000, signed_length(data) + 2, len(data) - 20):
        (place / "altered.pdf").write_bytes(flip(data, offset))
        assert verify(place, place / "altered.pdf") == 1
        assert "ALTERED" in capsys.readouterr().out


def test_without_keys_it_is_an_unknown_key_and_not_zero(place, capsys):
    assert verify(place, place / "genuine.pdf", keys=False) == 2
    assert "unknown_key" in capsys.readouterr().out


def test_without_keys_the_institutions_pinned_in_the_profile_are_believed(place):
    (place / "profile" / "institutions" / "xu.json").write_bytes((place / "keys.json").read_bytes())
    assert verify(place, place / "genuine.pdf", keys=False) == 0


def test_a_status_list_at_hand_is_asked(place, capsys):
    key = keyring().current("status", SEALED_AT.date())
    (place / "status.cbor").write_bytes(
        make_status_list("XU", SEALED_AT, [Status.VALID, Status.SUPERSEDED], key)
    )
    assert verify(place, place / "genuine.pdf", "--status", str(place / "status.cbor"), "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["verdict"] == "superseded"
    assert answer["list_age"] > 0


def test_what_is_not_ours_ends_with_three(place):
    (place / "letter.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    assert verify(place, place / "letter.pdf") == 3
    assert verify(place, "HELLO") == 3


def test_a_question_that_cannot_be_read_ends_with_four(place, capsys):
    assert verify(place, place / "nowhere.pdf") == 4
    assert verify(place, "TR-2024-004183.8F3K7Q2M") == 4
    assert main([str(place / "genuine.pdf"), "--keys", str(place / "genuine.pdf")]) == 4
    assert main([str(place / "genuine.pdf"), "--keys", "http://sims.example.edu"]) == 4
    assert "https only" in capsys.readouterr().err
