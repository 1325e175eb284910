"""The paper as others see it: outside tools, text layer, both scripts, a bad copier."""

import io
import json
import re
import shutil
import subprocess
from unicodedata import normalize

import msgspec
import pikepdf
import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageFilter

from sims_server.sealing.documents import content_bytes
from sims_server.sealing.drawing import Unofficial, draw_document
from sims_server.sealing.lettering import LetteringMissing
from tests.support.sealed_samples import long_transcript, practice_marks_certificate, practice_transcript
from tests.support.sealing import code_of, keyring, seal


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed here")
    return found


def run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout.decode("utf-8", "replace")


@pytest.fixture(scope="module", params=["transcript", "long", "marks"])
def content(request):
    return {
        "transcript": practice_transcript(),
        "long": long_transcript(50),
        "marks": practice_marks_certificate(),
    }[request.param]


@pytest.fixture(scope="module")
def file(content, tmp_path_factory):
    path = tmp_path_factory.mktemp("sealed") / "sealed.pdf"
    path.write_bytes(seal(content))
    return path


def raster(data: bytes, page: int, dpi: int) -> Image.Image:
    document = pypdfium2.PdfDocument(data)
    try:
        image = document[page].render(scale=dpi / 72, grayscale=True).to_pil()
        return image.copy()
    finally:
        document.close()


def symbols(data: bytes, dpi: int = 150) -> list[str]:
    document = pypdfium2.PdfDocument(data)
    pages = len(document)
    document.close()
    return [found.text for page in range(pages) for found in zxingcpp.read_barcodes(raster(data, page, dpi))]


def test_pdfsig_says_one_signature_total_document_signed_valid(file):
    told = run(tool("pdfsig"), "-nocert", str(file))
    assert told.count("Signature #") == 1
    assert "Total document signed" in told
    assert "Signature Validation: Signature is Valid." in told


def test_qpdf_finds_nothing_wrong(file):
    assert "No syntax or stream encoding errors found" in run(tool("qpdf"), "--check", str(file))


def test_mutool_verifies_the_signature(file):
    told = subprocess.run(
        [tool("mutool"), "sign", "-v", str(file)], capture_output=True, check=False, timeout=60
    )
    words = (told.stdout + told.stderr).decode()
    if "No signing support" in words or "not supported" in words:
        pytest.skip("this mutool was built without signatures")
    # It trusts only authorities of the system's store; digest and changes are what it can judge.
    assert "The document is unchanged since signing." in words, words


def test_openssl_verifies_the_container_over_the_extracted_ranges(file, tmp_path):
    data = file.read_bytes()
    first, length, second, rest = map(
        int, re.search(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)\]", data).groups()
    )
    (tmp_path / "signed").write_bytes(data[first : first + length] + data[second : second + rest])
    (tmp_path / "seal").write_bytes(bytes.fromhex(data[length + 1 : second - 1].decode()))
    authority = keyring().current("document", practice_transcript().issue_day()).public.chain()[-1]
    (tmp_path / "authority.der").write_bytes(authority)
    openssl = tool("openssl")
    run(
        openssl,
        "x509",
        "-inform",
        "DER",
        "-in",
        str(tmp_path / "authority.der"),
        "-out",
        str(tmp_path / "authority.pem"),
    )
    told = subprocess.run(
        [
            *(openssl, "cms", "-verify", "-binary", "-inform", "DER", "-in", str(tmp_path / "seal")),
            *("-content", str(tmp_path / "signed"), "-CAfile", str(tmp_path / "authority.pem")),
            *("-purpose", "any", "-out", "/dev/null"),
        ],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert b"successful" in told.stderr, told.stderr


def test_zbarimg_reads_the_printed_symbol_at_150_dpi(content, file, tmp_path):
    zbarimg = tool("zbarimg")
    found = []
    for page in range(2):
        image = tmp_path / f"{page}.png"
        raster(file.read_bytes(), page, 150).save(image)
        done = subprocess.run(
            [zbarimg, "-q", "--raw", str(image)], capture_output=True, check=False, timeout=60
        )
        found += done.stdout.decode().split()
    assert found == [code_of(content).address]


def test_the_symbol_survives_a_copier_noise_and_a_crooked_scan(content, file):
    data = file.read_bytes()
    page = next(number for number in range(2) if zxingcpp.read_barcodes(raster(data, number, 150)))
    scan = raster(data, page, 150)
    noise = Image.effect_noise(scan.size, 40)
    scan = Image.blend(scan, noise, 0.18).rotate(
        3.5, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC
    )
    scan = scan.filter(ImageFilter.GaussianBlur(0.5))
    target = io.BytesIO()
    scan.save(target, "JPEG", quality=45)
    read = zxingcpp.read_barcodes(Image.open(io.BytesIO(target.getvalue())))
    assert [found.text for found in read] == [code_of(content).address]


def test_the_symbol_is_at_least_fifty_millimetres_wide(file):
    image = raster(file.read_bytes(), 0, 150)
    found = zxingcpp.read_barcodes(image) or zxingcpp.read_barcodes(raster(file.read_bytes(), 1, 150))
    place = found[0].position
    assert (place.top_right.x - place.top_left.x) / 150 * 25.4 >= 49.5


def test_the_attached_data_is_the_canonical_content(content, file):
    with pikepdf.open(file) as document:
        data = document.attachments["content.json"].get_file().read_bytes()
    assert data == content_bytes(content)
    assert json.loads(data)["serial"] == content.serial


def test_every_font_is_embedded_and_every_letter_maps_to_text(file):
    told = run(tool("pdffonts"), str(file)).splitlines()[2:]
    assert told
    for line in told:
        assert re.search(r" yes yes yes +\d+ +\d+$", line), line


def test_language_and_title_are_set_and_the_title_is_shown(content, file):
    with pikepdf.open(file) as document:
        assert str(document.Root.Lang) == "en"
        assert bool(document.Root.ViewerPreferences.DisplayDocTitle)
        assert content.serial in str(document.docinfo["/Title"])


def test_the_text_layer_says_what_the_paper_says(content, file):
    text = run(tool("pdftotext"), "-layout", str(file), "-")
    for words in (
        content.serial,
        content.holder.name,
        content.registration.reg_no,
        content.holder.name_native,
    ):
        assert words in text
    for term in content.terms:
        for row in term.rows:
            lines = [line.split() for line in text.splitlines() if line.strip().startswith(row.code)]
            assert any(row.grade in line and row.title.split()[0] in line for line in lines), row
    pages = text.split("\f")[:-1]
    assert all(
        content.serial in page and f"Page {number} of {len(pages)}" in page
        for number, page in enumerate(pages, 1)
    )
    assert "END OF" in text


def test_the_last_page_is_blank_for_attestation(file):
    text = run(tool("pdftotext"), str(file), "-").split("\f")[:-1][-1]
    assert "left blank for attestation" in text


@pytest.mark.parametrize(
    "name",
    [
        "طالب علم",
        "محمد عبداللہ خان",
        "ڈاکٹر گلزار بیگم",
        "مُحَمَّد",
        "Nguyễn Văn Ấn",
        "Łukasz Ærøskøbing",
        "Анна Ильинична",
        "Ωραία Ελένη",
    ],
)
def test_names_in_any_script_come_out_right_in_the_text_layer(name, tmp_path):
    content = practice_transcript()
    content = msgspec.structs.replace(
        content, holder=msgspec.structs.replace(content.holder, name_native=name)
    )
    path = tmp_path / "named.pdf"
    path.write_bytes(seal(content))
    assert name in run(tool("pdftotext"), "-layout", str(path), "-")
    document = pypdfium2.PdfDocument(path.read_bytes())
    shown = document[0].get_textpage().get_text_range()
    document.close()
    # Marks on one letter may come in their canonical order.
    assert normalize("NFC", name) in normalize("NFC", shown)


def test_joined_letters_are_joined_on_paper():
    # Isolated letters are wider: the same name set letter by letter with zero-width non-joiners.
    from sims_server.sealing.lettering import width

    joined, apart = width("طالب علم", 14), width("\u200c".join("طالب علم"), 14)
    assert joined < apart * 0.95


def test_a_name_that_no_installed_face_can_print_is_said_and_never_boxed():
    content = practice_transcript()
    content = msgspec.structs.replace(
        content, holder=msgspec.structs.replace(content.holder, name_native="学生")
    )
    with pytest.raises(LetteringMissing) as refused:
        draw_document(content, code_of(content))
    assert refused.value.letters == "学生"


def test_an_unofficial_copy_says_so_on_every_page_and_carries_its_token(tmp_path):
    address = "HTTPS://SIMS.EXAMPLE.EDU/V/ABCDEFGHIJKLMNOPQRSTUVWX"
    data = draw_document(long_transcript(50), None, Unofficial(address, "2024-03-06 09:30"))
    (tmp_path / "copy.pdf").write_bytes(data)
    pages = run(tool("pdftotext"), str(tmp_path / "copy.pdf"), "-").split("\f")[:-1]
    assert len(pages) == 3
    assert all("UNOFFICIAL COPY" in page and "2024-03-06 09:30" in page for page in pages)
    assert symbols(data) == [address]
    assert b"/ByteRange" not in data


def test_a_demo_says_demo_on_every_page(tmp_path):
    (tmp_path / "demo.pdf").write_bytes(seal(practice_transcript(demo=True)))
    pages = run(tool("pdftotext"), str(tmp_path / "demo.pdf"), "-").split("\f")[:-1]
    assert all("DEMO" in page for page in pages)


def test_a_very_long_record_breaks_over_pages_and_repeats_the_term(tmp_path):
    content = long_transcript(140, per_term=70)
    (tmp_path / "long.pdf").write_bytes(seal(content))
    text = run(tool("pdftotext"), "-layout", str(tmp_path / "long.pdf"), "-")
    assert "continued" in text
    assert all(text.count(row.code) >= 1 for term in content.terms for row in term.rows)


@pytest.mark.parametrize("courses", range(1, 60, 3))
def test_whatever_the_length_nothing_falls_off_the_page(courses):
    from sims_shared.seal import Verdict, judge_file
    from tests.support.sealing import trust

    judgment = judge_file(seal(long_transcript(courses)), trust())
    assert (judgment.verdict, judgment.faults) == (Verdict.GENUINE, [])
