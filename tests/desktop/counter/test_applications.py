"""Applications at the counter by keys alone, against a real server."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sims_desktop.counter.page import CounterPage
from sims_desktop.shell.window import MainWindow
from tests.desktop.approvals.test_inbox_page import look
from tests.desktop.counter.conftest import WAIT, OpenCounter
from tests.desktop.counter.test_counter_page import open_student, press, scan, type_in
from tests.support.api import Api
from tests.support.published import Record
from tests.support.server import Serve

Key = Qt.Key
SHIFT = Qt.KeyboardModifier.ShiftModifier


def requests(api: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.as_("counter").get("/api/requests/?ordering=id").json["results"]
    return found


def test_an_application_is_taken_and_what_is_ready_handed_out_without_a_mouse(
    qtbot: QtBot, open_counter: OpenCounter, serve: Serve, record: Record, api: Api
) -> None:
    server = serve()
    page = open_counter(server.base_url)
    window = page.window()
    assert isinstance(window, MainWindow)
    press(Key.Key_F8)
    assert page.note.text() == "Open a student first: scan a card, or type and press Enter."
    open_student(qtbot, page)
    press(Key.Key_F8, SHIFT)
    assert page.note.text() == "Nothing waits to be handed out."
    press(Key.Key_F8)
    taking = page.applications.taking
    qtbot.waitUntil(lambda: taking.type.count() == 7 and taking.type.hasFocus(), timeout=WAIT)
    look(window, "counter_application")
    press(Key.Key_Return)
    assert page.applications.is_taking
    type_in("4")
    taking.addressee.setFocus()
    type_in("Embassy of Turkey")
    # A card that is scanned meanwhile takes nothing away.
    press(Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    scan("2024-CS-0099")
    qtbot.waitUntil(lambda: page.note.text() == "Nobody is found by “2024-CS-0099”.", timeout=WAIT)
    page.visit(record.student)
    assert page.note.text() == "The application is not taken yet: Enter takes it, Esc leaves it."
    assert page.leaving() == page.note.text()
    taking.addressee.setFocus()
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: page.note.text().startswith("Taken: No-objection certificate"), timeout=WAIT)
    (noc,) = requests(api)
    assert (noc["type"], noc["addressee"], noc["copies"]) == ("noc", "Embassy of Turkey", 1)
    assert page.search.hasFocus()
    qtbot.waitUntil(lambda: "not decided yet" in page.standing.text(), timeout=WAIT)
    press(Key.Key_F8, SHIFT)
    assert page.note.text() == "Nothing is approved yet; what was asked for waits for a decision."

    api.as_("registrar").post(f"/api/requests/{noc['id']}/transition/", {"status": "approved"})
    open_student(qtbot, page)
    qtbot.waitUntil(lambda: "approved, not ready yet" in page.standing.text(), timeout=WAIT)
    press(Key.Key_F8, SHIFT)
    assert page.applications.what.currentText() == "1 No-objection certificate: approved, to be handed out"
    QApplication.processEvents()
    look(window, "counter_handing")
    scan("3")
    qtbot.waitUntil(lambda: "certificate ready, tray A-1, since " in page.standing.text(), timeout=WAIT)
    assert page.note.text().endswith("Put it into tray A-1.")
    assert "Shift+F8 Hand out what is ready" in page.hint.text().replace("\u00a0", " ")
    look(window, "counter_ready")
    press(Key.Key_F8, SHIFT)
    scan("2 Ahmed Khan")
    complaint = page.applications.handing.complaint
    assert complaint.text().startswith("The bearer's identity number")
    # A colleague hands it out first: nothing is overwritten, what was typed stays.
    patched = api.as_("registrar").patch(f"/api/requests/{noc['id']}/", {"collected_by": "his brother"})
    assert patched.status == 200
    scan(" 35202-1234567-1")
    asked = "Is the student's letter of authority there? Enter once more hands it out to Ahmed Khan, "
    assert page.applications.next.text() == f"{asked}35202-1234567-1."
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: complaint.text().endswith("to his brother."), timeout=WAIT)
    assert page.applications.who.text() == "2 Ahmed Khan 35202-1234567-1"
    assert requests(api)[0]["collected_by"] == "his brother"
    press(Key.Key_Escape)
    assert page.search.hasFocus()
    assert not page.applications.is_open

    server.kill()
    press(Key.Key_F8)
    type_in("5")
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: "counts only once" in taking.complaint.text(), timeout=WAIT)
    assert taking.type.currentData() == "transcript"
    press(Key.Key_Escape)
    QApplication.processEvents()
    assert page.search.hasFocus()


def test_the_slip_of_an_application_says_what_is_missing_and_leads_back_to_it(
    qtbot: QtBot, open_counter: OpenCounter, serve: Serve, record: Record, api: Api
) -> None:
    papers = ["attested CNIC", "two photographs"]
    wished = {"fee": "2500.00", "promised_days": 3, "checklist": papers}
    assert api.as_("registrar").patch("/api/request-types/degree/", wished).status == 200
    page = open_counter(serve().base_url)
    window = page.window()
    assert isinstance(window, MainWindow)
    open_student(qtbot, page)
    press(Key.Key_F8)
    taking = page.applications.taking
    qtbot.waitUntil(lambda: taking.type.count() == 7 and taking.type.hasFocus(), timeout=WAIT)
    type_in("2")
    QApplication.processEvents()
    look(window, "counter_degree")
    press(Key.Key_Return)
    assert taking.checklist.hasFocus()
    press(Key.Key_Down)
    press(Key.Key_Space)
    look(window, "counter_checklist")
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: page.note.text().endswith("printed."), timeout=WAIT)
    (degree,) = requests(api)
    receipt = degree["receipt"]
    assert page.note.text() == (
        f"Returned: Degree for STUDENT NAME ONE \u2066{degree['reg_no']}\u2069: attested CNIC missing. "
        f"Fee 2,500.00: not paid yet. Receipt {receipt} printed."
    )
    assert page.search.hasFocus()
    said = text_of_slip(page, receipt)
    for words in (
        "Degree, 1 copy",
        "Returned: attested CNIC missing.",
        "Challan: 2,500.00 to be paid.",
        receipt,
    ):
        assert words in said, words
    assert "Promised" not in said
    qtbot.waitUntil(lambda: page.preview.title.text() == f"Receipt {receipt}", timeout=WAIT)
    look(window, "counter_slip")

    # The next day with the paper: the slip is scanned, and nothing else.
    press(Key.Key_Escape)
    scan(receipt)
    qtbot.waitUntil(lambda: page.applications.checklist.hasFocus(), timeout=WAIT)
    QApplication.processEvents()
    look(window, "counter_bringing")
    press(Key.Key_Space)
    page.applications.fee_receipt.setFocus()
    scan("R-88")
    qtbot.waitUntil(lambda: page.note.text().endswith("printed."), timeout=WAIT)
    (degree,) = requests(api)
    assert (degree["missing"], degree["fee_receipt"]) == ([], "R-88")
    said = text_of_slip(page, receipt)
    assert "Promised for " in said
    assert "Paid: 2,500.00, receipt R-88." in said
    assert read_code(page, receipt) == receipt

    # A wrong finger finds nobody; what waits is said; what is approved is handed over at once.
    scan(receipt[:-1] + str((int(receipt[-1]) + 1) % 10))
    qtbot.waitUntil(lambda: page.note.text().startswith("Nobody is found"), timeout=WAIT)
    scan(receipt)
    qtbot.waitUntil(lambda: page.note.text().startswith("Degree: Not decided yet"), timeout=WAIT)
    api.as_("registrar").post(f"/api/requests/{degree['id']}/transition/", {"status": "approved"})
    scan(receipt)
    qtbot.waitUntil(lambda: page.applications.who.hasFocus(), timeout=WAIT)
    scan("1")
    qtbot.waitUntil(lambda: page.note.text().startswith("Handed out: Degree"), timeout=WAIT)
    assert requests(api)[0]["collected_by"] == "STUDENT NAME ONE"
    scan(receipt)
    qtbot.waitUntil(lambda: page.note.text().startswith("Degree: Handed out by Counter"), timeout=WAIT)
    assert page.search.hasFocus()


def text_of_slip(page: CounterPage, receipt: str) -> str:
    import pypdfium2

    document = pypdfium2.PdfDocument(page._folder.path_of(receipt).read_bytes())
    assert len(document) == 1
    said: str = document[0].get_textpage().get_text_bounded()
    document.close()
    return "".join(sign for sign in " ".join(said.split()) if sign.isprintable())


def read_code(page: CounterPage, receipt: str) -> str:
    """What a wand reads off the printed slip."""
    import pypdfium2
    import zxingcpp
    from PIL import Image

    document = pypdfium2.PdfDocument(page._folder.path_of(receipt).read_bytes())
    image: Image.Image = document[0].render(scale=2).to_pil()
    document.close()
    return str(zxingcpp.read_barcodes(image)[0].text)
