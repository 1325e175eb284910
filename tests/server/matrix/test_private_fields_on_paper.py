"""Private fields on paper: every document the server gives to anybody is taken apart and searched for them.

Text layer, attached content, metadata and the printed symbol with the page behind it. Paper travels to
embassies and employers: it says who the holder is and whose child, and nothing by which the holder is
found. The rule a newcomer would get wrong: what a role may see on the screen is not what a paper may say.
"""

from __future__ import annotations

import contextlib
import re
from datetime import date
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from pikepdf import Pdf, PdfError, Stream

from sims_server.kernel.http import Door
from sims_server.kernel.openapi import doors_of
from sims_shared.transcripts import DOCUMENTS
from tests.server.matrix.scene import WHICH, Scene
from tests.server.matrix.test_matrix import address, plain
from tests.server.matrix.test_private_fields import private_of, scene  # noqa: F401
from tests.server.transcripts.conftest import data  # noqa: F401  a folder of this test's own keys
from tests.support.api import Api
from tests.support.matrix import ROLES
from tests.support.university import University

PDF = "application/pdf"
MAIL = "found.by.mail{}@example.edu"
# What a paper may say of its own holder, and of nobody else.
PRINTED = {"father_name"}


def forms_of(field: str, value: str) -> list[str]:
    """A date is said in many ways."""
    if field != "date_of_birth":
        return [value]
    day = date.fromisoformat(value)
    ways = ("%Y%m%d", "%d%m%Y", "%d.%m.%Y", "%d %B %Y", "%B %d, %Y", "%d %b %Y", "%b %d, %Y")
    return [day.strftime(way) for way in ways]


def never_of(which: str) -> dict[str, str]:
    """Value → what it is: private fields, today's and those of before, that no paper of `which` says."""
    found: dict[str, str] = {}
    for number, whose in enumerate(WHICH, 1):
        for field, value in private_of(number).items():
            if whose != which or field not in PRINTED:
                found |= dict.fromkeys(forms_of(field, value), f"{field} of {whose}")
        for field, value in private_of(number + 3).items():
            found |= dict.fromkeys(forms_of(field, value), f"{field} of {whose}, as it was")
        found[MAIL.format(number)] = f"email of {whose}"
    return found


def spoken(value: str) -> str:
    """Without what a layout or a number form may change: a number is the same number without its hyphens."""
    return re.sub(r"[\s\-/]", "", value).lower()


def said_by(pdf: bytes, tmp_path: Path) -> tuple[str, list[str]]:
    """All that a PDF says, and what its symbols hold."""
    told, symbols = [], []
    document = pypdfium2.PdfDocument(pdf)
    try:
        for page in document:
            told.append(page.get_textpage().get_text_range())
            image = page.render(scale=150 / 72, grayscale=True).to_pil()
            symbols += [symbol.text for symbol in zxingcpp.read_barcodes(image)]
    finally:
        document.close()
    file = tmp_path / "paper.pdf"
    file.write_bytes(pdf)
    with Pdf.open(file) as opened:
        for name in opened.attachments:
            told.append(opened.attachments[name].get_file().read_bytes().decode("utf-8", "replace"))
        told.append(str(opened.docinfo))
        with opened.open_metadata() as metadata:
            told.append(str(metadata))
        for each in opened.objects:  # what no page shows is in the file all the same
            if isinstance(each, Stream):
                with contextlib.suppress(PdfError):  # a picture
                    told.append(each.read_bytes().decode("latin-1"))
    return "\n".join(told), symbols


@pytest.fixture
def papers(api: Api, scene: Scene, university: University) -> dict[str, list[str]]:  # noqa: F811
    """Every kind of document of every student, by whose it is; kinds that are not for them yet stay out."""
    registrar, serials = api.as_("registrar"), {which: [scene.ids["serial"][which]] for which in WHICH}
    for number, which in enumerate(WHICH, 1):
        student = scene.ids["student"][which]
        assert registrar.patch(f"/api/students/{student}/", {"email": MAIL.format(number)}).status == 200
        for document in DOCUMENTS:
            wanted = {
                "student_id": student, "document": document, "purpose": "visa", "copies": 1,
                "term_id": scene.ids["term"]["mine"],
            }  # fmt: skip
            made = registrar.post("/api/transcripts/issue/", wanted)
            if made.status == 201:
                serials[which].append(made.json["serial"])
            else:
                assert made.code in ("transcripts.not_complete", "request.invalid"), (document, made.json)
    return serials


@pytest.fixture
def doors(api: Api) -> list[Door]:
    return [door for door in doors_of(api.client.app) if door.media_type == PDF]


def test_no_paper_says_by_what_its_holder_is_found(
    api: Api,
    scene: Scene,  # noqa: F811
    papers: dict[str, list[str]],
    doors: list[Door],
    tmp_path: Path,
) -> None:
    assert {plain(door.path) for door in doors} == {
        "/api/transcripts/{student_id}/", "/api/transcripts/issued/{serial}/pdf/",
        "/api/students/{id}/exam-slip/pdf/", "/api/exam-slips/{job_id}/pdf/",  # many of the former
    }, "a door gives out paper that is not looked at here"  # fmt: skip
    assert all(len(serials) >= 3 for serials in papers.values()), papers
    leaks, looked_at, own_parent = [], 0, 0
    seen: dict[bytes, bool] = {}
    for role in ROLES:
        client = api.as_(role)
        for which in WHICH:
            paths = [address(scene, "/api/transcripts/{student_id}/", which, role)]
            paths += [f"/api/transcripts/issued/{serial}/pdf/" for serial in papers[which]]
            paths += [address(scene, "/api/students/{id}/exam-slip/pdf/", which, role)]
            for path in paths:
                answer = client.get(path)
                if answer.status != 200:
                    assert answer.status in (403, 404), answer.content
                    continue
                if answer.content in seen:  # the same bytes, whoever asks
                    continue
                seen[answer.content] = True
                looked_at += 1
                text, symbols = said_by(answer.content, tmp_path)
                assert symbols, path
                for symbol in symbols:  # and what a stranger is told who scans it
                    if symbol.startswith("SLIP "):  # in plain text, which leads nowhere
                        text += symbol
                        continue
                    token = symbol.rsplit("/", 1)[1]
                    for door in (f"/V/{token}", f"/api/transcripts/verify/{token}/"):
                        page = api.anonymous.get(door)
                        assert page.status == 200, door
                        text += page.content.decode()
                said = spoken(text)
                own_parent += spoken(private_of(WHICH.index(which) + 1)["father_name"]) in said
                for value, what in never_of(which).items():
                    if spoken(value) in said:
                        leaks.append(f"{role}: {path} says {what}")
    assert leaks == []
    assert looked_at >= 12
    assert own_parent >= 3, "nothing was read that a paper says for certain"
