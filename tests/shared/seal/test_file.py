"""Every way of tampering that we could think of, and the word for each."""

import io
from typing import Any

import msgspec
import pikepdf
import pytest

from sims_server.sealing.documents import content_bytes
from sims_server.sealing.drawing import Unofficial, draw_document
from sims_server.sealing.keys import make_keys, rotate_key, withdraw_key
from sims_server.sealing.signing import PdfSealer
from sims_server.sealing.symbol import make_code
from sims_shared.seal import Trust, Verdict, der, judge_file
from sims_shared.seal.file import container_of, find_hole
from tests.support.sealed_samples import long_transcript, practice_marks_certificate, practice_transcript
from tests.support.sealing import (
    MADE_ON,
    PASSPHRASE,
    PUBLIC_URL,
    SEALED_AT,
    appended_revision,
    code_of,
    flip,
    overridden_object,
    rewritten,
    seal,
    sealer,
    signed_length,
    trust,
    unsigned,
)


@pytest.fixture(scope="module")
def genuine() -> bytes:
    return seal(practice_transcript())


def test_a_genuine_file_is_genuine_and_its_facts_are_told(genuine):
    judgment = judge_file(genuine, trust())
    assert (judgment.verdict, judgment.faults) == (Verdict.GENUINE, [])
    assert judgment.name == "STUDENT NAME ONE"
    assert judgment.institution == "University of Exampleabad"
    assert len(judgment.courses) == 16


@pytest.mark.parametrize("content", [long_transcript(50), long_transcript(140), practice_marks_certificate()])
def test_other_documents_are_genuine_too(content):
    judgment = judge_file(seal(content), trust())
    assert (judgment.verdict, judgment.faults) == (Verdict.GENUINE, [])


def test_one_bit_flipped_anywhere_in_the_signed_ranges_is_refused(genuine):
    hole = find_hole(genuine)
    places = [
        *range(0, hole.start, 997),
        hole.start - 2,
        *range(hole.end + 1, len(genuine), 61),
        len(genuine) - 1,
    ]
    for place in places:
        verdict = judge_file(flip(genuine, place, place % 8), trust()).verdict
        assert verdict in (Verdict.ALTERED, Verdict.FORGED, Verdict.FOREIGN), place


def test_one_bit_flipped_anywhere_in_the_signature_or_its_padding_is_refused(genuine):
    hole = find_hole(genuine)
    for place in range(hole.start, hole.end):
        if judge_file(flip(genuine, place, place % 3), trust()).verdict is Verdict.GENUINE:
            pytest.fail(f"a flipped bit at {place} passed")


def test_the_padding_has_one_spelling(genuine):
    start, hole = signed_length(genuine), find_hole(genuine)
    assert set(genuine[start : hole.end]) == {ord("0")}
    for digit in (b"1", b"f", b"A", b" ", b"\x00"):
        changed = genuine[:start] + digit + genuine[start + 1 :]
        assert judge_file(changed, trust()).verdict is Verdict.ALTERED


def test_the_same_digits_in_upper_case_are_refused(genuine):
    hole = find_hole(genuine)
    upper = genuine[: hole.start] + genuine[hole.start : hole.end].upper() + genuine[hole.end :]
    assert upper != genuine
    assert judge_file(upper, trust()).verdict is Verdict.ALTERED


def test_the_other_spelling_of_the_same_elliptic_signature_is_refused(genuine):
    hole = find_hole(genuine)
    container, _ = container_of(genuine, hole)
    r, s = der.read_all(der.read_all(container.signature)[0].content)
    other = der.P256_ORDER - int.from_bytes(s.content, "big")
    other_s = der.encode(der.INTEGER, other.to_bytes(other.bit_length() // 8 + 1, "big"))
    mirrored = container._replace(signature=der.encode(der.SEQUENCE, r.whole + other_s))
    digits = der.build(mirrored).hex().encode()
    changed = genuine[: hole.start] + digits.ljust(hole.end - hole.start, b"0") + genuine[hole.end :]
    judgment = judge_file(changed, trust())
    assert judgment.verdict is Verdict.ALTERED
    assert "the signature is not in its one spelling" in judgment.faults


def test_another_certificate_slipped_into_the_container_is_refused(genuine):
    hole = find_hole(genuine)
    container, _ = container_of(genuine, hole)
    fewer = container._replace(certificates=container.certificates[:1])
    digits = der.build(fewer).hex().encode()
    changed = genuine[: hole.start] + digits.ljust(hole.end - hole.start, b"0") + genuine[hole.end :]
    assert judge_file(changed, trust()).verdict is Verdict.ALTERED


def test_an_appended_revision_is_refused_however_harmless(genuine):
    longer = appended_revision(genuine)
    assert pikepdf.open(io.BytesIO(longer))  # a good PDF to others
    assert judge_file(longer, trust()).verdict is Verdict.ALTERED


def test_bytes_appended_or_put_before_are_refused(genuine):
    for changed in (genuine + b"\n", genuine + b"%%EOF\n", b"\n" + genuine, genuine[:-1]):
        assert judge_file(changed, trust()).verdict is Verdict.ALTERED


def test_an_overridden_object_is_refused(genuine):
    with pikepdf.open(io.BytesIO(genuine)) as document:
        number = document.pages[0].obj["/Contents"].objgen[0]
    body = b"<< /Length 0 >>\nstream\n\nendstream"
    assert judge_file(overridden_object(genuine, number, body), trust()).verdict is Verdict.ALTERED


def test_the_same_file_saved_anew_by_another_program_is_refused(genuine):
    assert judge_file(rewritten(genuine, lambda document: None), trust()).verdict is Verdict.ALTERED


def test_swapped_pages_are_refused(genuine):
    def swap(document: pikepdf.Pdf) -> None:
        document.pages.append(document.pages[0])
        del document.pages[0]

    assert judge_file(rewritten(genuine, swap), trust()).verdict is Verdict.ALTERED


def test_a_stripped_seal_is_called_forged(genuine):
    judgment = judge_file(unsigned(genuine), trust())
    assert judgment.verdict is Verdict.FORGED
    assert "the seal is missing" in judgment.faults


def test_a_file_sealed_by_another_authority_in_our_name_is_called_forged():
    assert judge_file(seal(practice_transcript(), "theirs"), trust()).verdict is Verdict.FORGED


def test_the_same_authority_is_genuine_to_who_trusts_it():
    assert judge_file(seal(practice_transcript(), "theirs"), trust("theirs")).verdict is Verdict.GENUINE


def test_without_keys_a_sealed_file_is_an_unknown_key_and_says_in_whose_name(genuine):
    judgment = judge_file(genuine, Trust())
    assert judgment.verdict is Verdict.UNKNOWN_KEY
    assert "XU" in judgment.in_words
    assert judgment.name is None


def test_a_code_grafted_from_another_document_is_refused_even_under_our_own_seal():
    # As if an insider had the sealing key: the file's own parts contradict each other.
    other = code_of(practice_transcript("TR-2024-000001", status_index=1))
    content = practice_transcript()
    grafted = seal(content, drawn=draw_document(content, other))
    judgment = judge_file(grafted, trust())
    assert judgment.verdict is Verdict.ALTERED
    assert "the printed code is not the one that was sealed" in judgment.faults


def test_a_printed_grade_that_differs_from_the_data_is_refused_even_under_our_own_seal():
    content = practice_transcript()
    better = msgspec.structs.replace(
        content,
        terms=[
            msgspec.structs.replace(
                content.terms[0],
                rows=[
                    msgspec.structs.replace(content.terms[0].rows[0], grade="A"),
                    *content.terms[0].rows[1:],
                ],
            ),
            *content.terms[1:],
        ],
    )
    judgment = judge_file(seal(content, drawn=draw_document(better, code_of(content))), trust())
    assert judgment.verdict is Verdict.ALTERED
    assert "the paper shows something else than the data at /terms/0/rows/0/grade" in judgment.faults


def test_data_that_the_paper_does_not_show_is_refused():
    content = practice_transcript()
    fewer = msgspec.structs.replace(content, terms=content.terms[:-1])
    judgment = judge_file(seal(content, drawn=draw_document(fewer, code_of(content))), trust())
    assert judgment.verdict is Verdict.ALTERED
    assert any("does not show /terms/3" in fault for fault in judgment.faults)


def test_pages_of_two_documents_under_one_seal_are_refused():
    content, other = practice_transcript(), practice_transcript("TR-2024-000001", status_index=1)
    target = io.BytesIO()
    ours, theirs = (io.BytesIO(draw_document(one, code_of(one))) for one in (content, other))
    with pikepdf.open(ours) as document, pikepdf.open(theirs) as second:
        document.pages.append(second.pages[1])
        del document.pages[1]
        document.save(target)
    judgment = judge_file(seal(content, drawn=target.getvalue()), trust())
    assert judgment.verdict is Verdict.ALTERED


@pytest.mark.parametrize("part", ["script", "link", "note"])
def test_scripts_links_and_annotations_are_refused_even_under_our_own_seal(part):
    content = practice_transcript()

    def add(document: pikepdf.Pdf) -> None:
        if part == "script":
            document.Root["/OpenAction"] = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
            return
        note = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Text, Rect=[10, 10, 50, 50], Contents="really"
        )
        if part == "link":
            note["/Subtype"] = pikepdf.Name.Link
            note["/A"] = pikepdf.Dictionary(S=pikepdf.Name.URI, URI="https://example.com/")
        document.pages[0]["/Annots"] = pikepdf.Array([document.make_indirect(note)])

    drawn = rewritten(draw_document(content, code_of(content)), add)
    assert judge_file(seal(content, drawn=drawn), trust()).verdict is Verdict.ALTERED


def test_an_unofficial_copy_is_foreign_and_says_why():
    drawn = draw_document(practice_transcript(), None, Unofficial("HTTPS://X.EDU/V/ABCDEF", "6 March"))
    judgment = judge_file(drawn, trust())
    assert judgment.verdict is Verdict.FOREIGN
    assert "unofficial copy proves nothing" in judgment.in_words


@pytest.mark.parametrize(
    "data", [b"", b"%PDF-1.7", b"hello", b"%PDF-1.7\n/ByteRange [0 1 2 3]", b"\x00" * 1000]
)
def test_what_is_no_document_of_ours_is_foreign(data):
    assert judge_file(data, trust()).verdict is Verdict.FOREIGN


def test_a_document_of_a_retired_key_stays_genuine_and_one_of_a_withdrawn_key_does_not(tmp_path):
    folder = tmp_path / "keys"
    named: dict[str, Any] = {"issuer": "XU", "institution": "University of Exampleabad"}
    before = make_keys(folder, passphrase=PASSPHRASE, day=MADE_ON, **named)
    content = practice_transcript()
    code = make_code(content, before.current("code", content.issue_day()), PUBLIC_URL)
    old_key = before.current("document", content.issue_day())
    file = PdfSealer(old_key).seal(
        draw_document(content, code),
        content_bytes(content),
        code.address,
        SEALED_AT,
        "University of Exampleabad",
    )
    later = SEALED_AT.date().replace(year=2025)
    after = rotate_key(folder, "document", passphrase=PASSPHRASE, day=later)
    assert after.current("document", later).id != old_key.id
    assert judge_file(file, Trust([after.key_document(PUBLIC_URL)])).verdict is Verdict.GENUINE
    stolen = withdraw_key(folder, old_key.id, passphrase=PASSPHRASE, day=content.issue_day())
    assert judge_file(file, Trust([stolen.key_document(PUBLIC_URL)])).verdict is Verdict.ALTERED


def test_names_that_look_like_markup_print_as_they_are():
    content = practice_transcript()
    content = msgspec.structs.replace(
        content, holder=msgspec.structs.replace(content.holder, name="<b>O'Brien & (Söhne) \\ %s</b>")
    )
    judgment = judge_file(seal(content), trust())
    assert judgment.verdict is Verdict.GENUINE
    assert judgment.name == "<b>O'Brien & (Söhne) \\ %s</b>"


def test_the_seal_fits_its_place_every_time():
    content = practice_transcript()
    code = code_of(content)
    drawn = draw_document(content, code)
    for _ in range(40):  # an elliptic signature's length varies from seal to seal
        file = sealer().seal(drawn, content_bytes(content), code.address, SEALED_AT, content.issuer.name)
        assert len(file) == len(
            sealer().seal(drawn, content_bytes(content), code.address, SEALED_AT, content.issuer.name)
        )
    assert judge_file(file, trust()).verdict is Verdict.GENUINE
