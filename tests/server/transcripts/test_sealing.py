"""Keys and spelling of the seal itself, and letters that need care."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from sims_server.sealing.documents import content_bytes
from sims_server.sealing.drawing import draw_document
from sims_server.sealing.keys import KeysLocked, NoKeys, load_keys, make_keys, take_in_key
from sims_server.sealing.signing import PdfSealer
from sims_server.sealing.symbol import make_code
from sims_shared.seal import Trust, Verdict, der, judge_file
from tests.support.sealed_samples import practice_transcript
from tests.support.sealing import MADE_ON, PASSPHRASE, PUBLIC_URL, SEALED_AT, seal, sealer, trust

NAMED: dict[str, Any] = {"issuer": "XU", "institution": "University of Exampleabad"}


def test_our_spelling_of_the_container_is_the_librarys():
    by_library = sealer()._by_library(bytes(range(32)))
    container, end = der.take_apart(by_library)
    assert end == len(by_library)
    assert der.build(container) == by_library
    ours, _ = der.take_apart(sealer()._sign(bytes(range(32))))
    assert ours.attributes == container.attributes
    assert ours.certificates == container.certificates


def test_half_of_all_elliptic_signatures_would_be_high_and_none_of_ours_is():
    assert all(der.low_s(der.take_apart(sealer()._sign(bytes(32)))[0].signature) for _ in range(40))


def an_rsa_key(path, passphrase):
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ministry's seal for Exampleabad")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2023, 12, 1, tzinfo=UTC))
        .not_valid_after(datetime(2026, 12, 1, tzinfo=UTC))
        .add_extension(
            x509.KeyUsage(True, True, False, False, False, False, False, False, False), critical=True
        )
        .sign(private, hashes.SHA256())
    )
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"seal", private, certificate, None, serialization.BestAvailableEncryption(passphrase)
        )
    )


def test_a_key_taken_in_from_outside_seals_and_the_old_one_retires(tmp_path):
    make_keys(tmp_path / "keys", passphrase=PASSPHRASE, day=MADE_ON, **NAMED)
    an_rsa_key(tmp_path / "ministry.p12", b"theirs")
    more: dict[str, Any] = {"file_passphrase": b"theirs", "passphrase": PASSPHRASE, "day": date(2024, 2, 1)}
    ring = take_in_key(tmp_path / "keys", tmp_path / "ministry.p12", "document", **NAMED, **more)
    content = practice_transcript()
    code = make_code(content, ring.current("code", content.issue_day()), PUBLIC_URL)
    key = ring.current("document", content.issue_day())
    assert key.public.algorithm == "RS256"
    file = PdfSealer(key).seal(
        draw_document(content, code), content_bytes(content), code.address, SEALED_AT, content.issuer.name
    )
    judgment = judge_file(file, Trust([ring.key_document(PUBLIC_URL)]))
    assert (judgment.verdict, judgment.faults) == (Verdict.GENUINE, [])


def test_a_wrong_passphrase_opens_nothing(tmp_path):
    make_keys(tmp_path / "keys", passphrase=PASSPHRASE, day=MADE_ON, **NAMED)
    with pytest.raises(KeysLocked):
        load_keys(tmp_path / "keys", b"wrong")
    an_rsa_key(tmp_path / "ministry.p12", b"theirs")
    with pytest.raises(KeysLocked):
        take_in_key(
            tmp_path / "keys", tmp_path / "ministry.p12", "document", **NAMED,
            file_passphrase=b"wrong", passphrase=PASSPHRASE, day=MADE_ON,
        )  # fmt: skip
    with pytest.raises(KeysLocked):
        take_in_key(
            tmp_path / "keys", tmp_path / "ministry.p12", "code", **NAMED,
            file_passphrase=b"theirs", passphrase=PASSPHRASE, day=MADE_ON,
        )  # fmt: skip


def test_a_key_seals_only_on_days_it_is_in_force(tmp_path):
    ring = make_keys(tmp_path / "keys", passphrase=PASSPHRASE, day=MADE_ON, **NAMED)
    with pytest.raises(NoKeys):
        ring.current("document", date(2023, 12, 31))
    with pytest.raises(NoKeys):
        ring.current("document", date(2031, 1, 1))


def test_handlers_in_many_threads_seal_at_once():
    contents = [practice_transcript(f"TR-2024-{number:06d}", status_index=number) for number in range(24)]
    seal(contents[0])  # the keys are made once, before the threads
    with ThreadPoolExecutor(8) as pool:
        files = list(pool.map(seal, contents))
    judgments = [judge_file(file, trust()) for file in files]
    assert [judgment.serial for judgment in judgments] == [content.serial for content in contents]


def test_keys_are_never_made_over_others(tmp_path):
    make_keys(tmp_path / "keys", passphrase=PASSPHRASE, day=MADE_ON, **NAMED)
    with pytest.raises(FileExistsError):
        make_keys(tmp_path / "keys", passphrase=PASSPHRASE, day=MADE_ON, **NAMED)


@pytest.mark.parametrize(
    "name",
    [
        "µ and μ and Ω and Ω",  # micro sign and mu, ohm sign and omega: one glyph for two letters
        "می‌خواهم",  # a zero-width non-joiner inside a word
        "Jose\u0301 Mari\u0301a",  # marks of their own
        "Line\none\tand  more\x07",
        "ﷲ ﷺ",
        "خان (BSc) 2022 کا",
        "“quoted” ‘name’ … – —",
        "a" * 180,
    ],
)
def test_whatever_a_name_holds_the_paper_equals_the_data(name):
    content = practice_transcript()
    holder = msgspec.structs.replace(content.holder, name=name, name_native=name)
    judgment = judge_file(seal(msgspec.structs.replace(content, holder=holder)), trust())
    assert (judgment.verdict, judgment.faults) == (Verdict.GENUINE, [])
    assert judgment.name == name
