"""The printed code: read by phones, checked by strangers, and in one spelling only."""

import base64

import cbor2
import msgspec
import pytest
import qrcode
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pycose.headers import KID, Algorithm
from pycose.keys import OKPKey
from pycose.keys.curves import Ed25519
from pycose.messages import Sign1Message
from qrcode.util import MODE_ALPHA_NUM, QRData

from sims_server.sealing.symbol import LARGEST_VERSION, MASK, address_root, matrix
from sims_shared.seal import Trust, Verdict, judge_text
from sims_shared.seal.content import TokenMalformed, decode_token, encode_token, read_token
from sims_shared.seal.symbol import LETTERS, SymbolUnreadable, read_symbol
from tests.support.sealed_samples import long_transcript, practice_transcript
from tests.support.sealing import PUBLIC_URL, code_of, keyring, trust


def test_an_independent_cose_library_finds_the_signature_valid_and_the_same_facts():
    content = practice_transcript()
    code = code_of(content)
    # pycose's own decode() wants the lists and dicts of an older cbor2; this is the step after it.
    protected, unprotected, payload, signature = cbor2.loads(decode_token(code.token)).value
    message = Sign1Message.from_cose_obj([protected, dict(unprotected), payload, signature], True)
    key = next(key for key in trust().documents[0].keys if key.purpose == "code")
    assert message.phdr[KID] == key.id.encode()
    assert message.phdr[Algorithm].fullname == "EDDSA"
    message.key = OKPKey(crv=Ed25519, x=key.raw())
    assert message.verify_signature()
    claims = cbor2.loads(message.payload)
    assert claims[2] == content.serial
    assert claims[5] == content.holder.name
    assert claims[8] == content.summary.cgpa == "2.87"
    rows = [(row.code, row.credits, row.grade) for term in content.terms for row in term.rows]
    flat = claims[10]
    assert [(flat[i], str(flat[i + 1]), flat[i + 2]) for i in range(0, len(flat), 3)] == rows


def test_the_address_is_all_in_the_alphanumeric_set_of_symbols():
    assert set(code_of(practice_transcript()).address) <= set(LETTERS)


def test_a_code_is_judged_genuine_with_its_facts_and_without_a_network():
    judgment = judge_text(code_of(practice_transcript()).address, trust())
    assert judgment.verdict is Verdict.GENUINE
    assert (judgment.serial, judgment.reg_no, judgment.cgpa) == (
        "TR-2024-004183",
        "2022-XU-BSCS-0417",
        "2.87",
    )
    assert [course.grade for course in judgment.courses][:3] == ["A-", "F", "B-"]


def test_a_token_is_read_in_any_case():
    token = code_of(practice_transcript()).token
    assert judge_text(token.lower(), trust()).verdict is Verdict.GENUINE
    assert judge_text(f"  https://sims.example.edu/v/{token.lower()}\n", trust()).verdict is Verdict.GENUINE


def test_every_single_bit_of_the_message_matters():
    message = code_of(practice_transcript()).message
    for place in range(len(message)):
        changed = bytearray(message)
        changed[place] ^= 1 << (place % 8)
        verdict = judge_text(encode_token(bytes(changed)), trust()).verdict
        assert verdict in (Verdict.FORGED, Verdict.FOREIGN, Verdict.UNKNOWN_KEY), place


def test_the_spare_bits_of_the_last_letter_have_one_spelling():
    token = code_of(practice_transcript()).token
    spare = [letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" if letter != token[-1]]
    if len(base64.b32decode(token + "=" * (-len(token) % 8))) * 8 % 5 == 0:
        pytest.skip("this message fills its last letter")
    assert all(judge_text(token[:-1] + letter, trust()).verdict is not Verdict.GENUINE for letter in spare)


def test_something_slipped_into_the_unsigned_header_is_refused():
    protected, _, payload, signature = cbor2.loads(code_of(practice_transcript()).message).value
    slipped = cbor2.dumps(
        cbor2.CBORTag(18, [protected, {99: "and rector"}, payload, signature]), canonical=True
    )
    assert judge_text(encode_token(slipped), trust()).verdict is Verdict.FOREIGN


def test_another_key_that_takes_our_key_id_is_called_forged():
    from sims_shared.seal.cose import sign1

    message, _ = read_token(code_of(practice_transcript()).token)
    forger = Ed25519PrivateKey.generate()
    forged = sign1(message.payload, message.key_id, forger.sign)
    judgment = judge_text(encode_token(forged), trust())
    assert judgment.verdict is Verdict.FORGED
    assert judgment.serial is None  # nothing is vouched for


def test_without_keys_the_answer_is_unknown_key():
    assert judge_text(code_of(practice_transcript()).address, Trust()).verdict is Verdict.UNKNOWN_KEY


def test_a_code_issued_on_a_day_its_key_was_not_in_force_is_refused():
    content = practice_transcript()
    key = keyring().current("code", content.issue_day())
    document = trust().documents[0]
    withdrawn = [
        msgspec.structs.replace(known, withdrawn_on=content.issue_day()) if known.id == key.id else known
        for known in document.keys
    ]
    doubting = Trust([msgspec.structs.replace(document, keys=withdrawn)])
    assert judge_text(code_of(content).address, doubting).verdict is Verdict.FORGED


@pytest.mark.parametrize(
    "text", ["", "HELLO", "HTTPS://SIMS.EXAMPLE.EDU/V/", "ÄÖÜ", "A" * 100_000, "2KCE5IQBE4", "\x00"]
)
def test_what_is_not_a_code_is_foreign(text):
    assert judge_text(text, trust()).verdict is Verdict.FOREIGN


def test_deeply_nested_bytes_are_only_malformed():
    with pytest.raises(TokenMalformed):
        read_token(encode_token(b"\xd2" + b"\x81" * 50_000))


def test_sixty_courses_fit_and_more_leave_the_totals_and_the_hash():
    sixty, many = long_transcript(60), long_transcript(140)
    assert len(judge_text(code_of(sixty).address, trust()).courses) == 60
    judgment = judge_text(code_of(many).address, trust())
    assert judgment.verdict is Verdict.GENUINE
    assert judgment.courses is None
    assert judgment.credits == many.summary.earned
    assert len(matrix(code_of(many).address)) <= LARGEST_VERSION * 4 + 17


@pytest.mark.parametrize("length", [1, 2, 47, 48, 500, 1100, 1853, 2420, 3391, 4296])
def test_our_symbol_is_the_one_that_an_independent_library_makes(length):
    text = ("HTTPS://A.B/V/" + "2345ABCDEFGHIJKLMNOP" * 220)[:length]
    theirs = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_L, border=0, mask_pattern=MASK)
    theirs.add_data(QRData(text.encode(), mode=MODE_ALPHA_NUM))
    theirs.make(fit=True)
    assert matrix(text) == [[bool(module) for module in row] for row in theirs.modules]
    assert read_symbol(matrix(text)) == text


def test_a_symbol_with_one_wrong_fixed_module_is_not_read():
    modules = matrix("HTTPS://A.B/V/ABC")
    modules[0][0] = False
    with pytest.raises(SymbolUnreadable):
        read_symbol(modules)


def test_the_public_url_is_a_host_only():
    assert address_root(PUBLIC_URL) == "HTTPS://SIMS.EXAMPLE.EDU"
    assert address_root("http://127.0.0.1:8400/") == "HTTP://127.0.0.1:8400"
    with pytest.raises(ValueError, match="host only"):
        address_root("https://example.edu/sims")
