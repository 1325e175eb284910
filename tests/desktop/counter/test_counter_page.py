"""The counter by keys alone, against a real server."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pypdfium2
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sims_desktop.counter.page import CounterPage
from sims_desktop.counter.presenter.paper import Stage
from sims_desktop.shell.window import MainWindow
from sims_shared.seal import Verdict, judge_file
from tests.desktop.counter.conftest import WAIT, OpenCounter
from tests.support.api import Api
from tests.support.published import Record, issue, pdf_of, trust_of
from tests.support.sealing import flip
from tests.support.server import Serve

Key = Qt.Key


def press(key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    target = QApplication.focusWidget()
    assert target is not None
    QTest.keyClick(target, key, modifiers)


def type_in(text: str) -> None:
    target = QApplication.focusWidget()
    assert target is not None
    QTest.keyClicks(target, text)


def scan(text: str) -> None:
    """A wand types and ends with Enter."""
    type_in(text)
    press(Key.Key_Return)


def open_student(qtbot: QtBot, page: CounterPage) -> None:
    scan("2022-XU-BSCS-0417")
    qtbot.waitUntil(lambda: page.headline.text().startswith("STUDENT NAME ONE"), timeout=WAIT)


def to_preview(qtbot: QtBot, page: CounterPage, purpose: str = "1") -> None:
    press(Key.Key_F2)
    scan(purpose)
    qtbot.waitUntil(lambda: page.paper.stage is Stage.PREVIEW, timeout=WAIT)


def over(page: CounterPage) -> bool:
    return page.paper.stage is Stage.CLOSED


def test_a_transcript_is_sealed_printed_and_recorded_by_keys_alone(
    qtbot: QtBot, open_counter: OpenCounter, serve: Serve, record: Record, api: Api, tmp_path: Path
) -> None:
    page = open_counter(serve().base_url)
    open_student(qtbot, page)
    assert page.search.hasFocus()
    to_preview(qtbot, page)
    assert page.preview.page_count > 0
    window = page.window()
    assert isinstance(window, MainWindow)  # who has no sheets is connected all the same
    qtbot.waitUntil(lambda: window.status.words.text().startswith("Connected · "), timeout=WAIT)
    assert api.as_("counter").get("/api/transcripts/issued/").json["results"] == []

    scan("A-000417")
    qtbot.waitUntil(lambda: over(page), timeout=WAIT)
    (document,) = api.as_("counter").get("/api/transcripts/issued/").json["results"]
    assert document["purpose"] == "Visa"
    assert page.note.text() == f"{document['serial']} printed on 1 sheet A-000417 and recorded."
    detail = api.as_("counter").get(f"/api/transcripts/issued/{document['serial']}/").json
    assert [(one["stock_number"], one["outcome"]) for one in detail["sheets"]] == [
        ("A-000417", "bound"),
        ("A-000417", "printed"),
    ]
    printed = (tmp_path / "profile" / "printed" / f"{document['serial']}.pdf").read_bytes()
    assert hashlib.sha256(printed).hexdigest() == document["sha256"]
    assert judge_file(printed, trust_of(api)).verdict is Verdict.GENUINE
    assert page.search.hasFocus()
    qtbot.waitUntil(lambda: len(page.documents.records) == 1, timeout=WAIT)
    assert page.hint.text().replace("\u00a0", " ") == (
        "Ctrl+Z The sheet just printed is spoiled   "
        "F2 Transcript   F3 Detailed marks certificate   F4 Bonafide letter   Shift+F2 Unofficial copy   "
        "F6 A sheet is spoiled   "
        "Shift+F6 Print the chosen document again   "
        "F8 Take an application   F9 Verify what is brought"
    )


def stage_is(page: CounterPage, stage: Stage) -> bool:
    return page.paper.stage is stage


def test_a_hold_is_said_first_and_no_form_opens(
    qtbot: QtBot, open_counter: OpenCounter, serve: Serve, record: Record
) -> None:
    record.hold(amount=12400, contact="Accounts, window 3")
    page = open_counter(serve().base_url)
    open_student(qtbot, page)
    words = (
        "Fee hold of 12,400.00: Fee of Fall 2023 not paid. Stops transcript. See Accounts, window 3. "
        "Lifted by: accounts."
    )
    assert page.holds.text() == words
    assert page.note.text() == words
    press(Key.Key_F2)
    assert over(page)
    assert page.note.text() == f"No transcript while a hold stands against it. {words}"
    assert page.search.hasFocus()
    press(Key.Key_H, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: page.note.text().startswith("Clearance form printed on "), timeout=WAIT)
    form = page._folder.path_of("clearance-2022-XU-BSCS-0417").read_bytes()
    document = pypdfium2.PdfDocument(form)
    said = " ".join(document[0].get_textpage().get_text_bounded().split())
    document.close()
    for printed in ("Clearance form", "2022-XU-BSCS-0417", "12,400.00", "Accounts, window 3"):
        assert printed in said, printed
    assert page.search.hasFocus()


def test_a_hold_placed_meanwhile_is_refused_by_the_server_in_its_words(
    qtbot: QtBot, open_counter: OpenCounter, serve: Serve, record: Record
) -> None:
    page = open_counter(serve().base_url)
    open_student(qtbot, page)
    to_preview(qtbot, page)
    record.hold(contact="Accounts, window 3")
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: bool(page.panel.form.complaint.text()), timeout=WAIT)
    assert "Lifted by: accounts." in page.panel.form.complaint.text()
    assert page.paper.stage is Stage.PREVIEW


def test_students_are_found_as_the_clerk_types_and_chosen_by_keys(
    qtbot: QtBot, open_counter: OpenCounter, serve: Serve, record: Record
) -> None:
    page = open_counter(serve().base_url)
    type_in("student num")
    qtbot.waitUntil(lambda: page.hits.isVisible(), timeout=WAIT)
    record.university.registration(
        record.university.student("Student Number Twin"),
        record.place["program"],
        record.place["regulation"],
        "2024-CS-0099",
    )
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: len(page.students.records) == 2, timeout=WAIT)
    press(Key.Key_Down)
    press(Key.Key_Down)
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: page.headline.text().startswith("Student Number Twin"), timeout=WAIT)
    page.issued.setFocus()
    scan("nobody at all")
    qtbot.waitUntil(lambda: page.standing.text() == "Nobody is found by “nobody at all”.", timeout=WAIT)


def test_after_a_printer_s_fault_enter_prints_the_same_document(
    qtbot: QtBot, open_counter: OpenCounter, serve: Serve, record: Record, api: Api, tmp_path: Path
) -> None:
    page = open_counter(serve().base_url)
    folder = tmp_path / "profile" / "printed"
    folder.write_text("in the way of the folder")
    open_student(qtbot, page)
    to_preview(qtbot, page, "my own reasons")
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: stage_is(page, Stage.STOPPED), timeout=WAIT)
    (document,) = api.as_("counter").get("/api/transcripts/issued/").json["results"]
    assert document["purpose"] == "my own reasons"
    assert f"{document['serial']} is sealed but not printed." in page.panel.form.complaint.text()
    folder.unlink()
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: over(page), timeout=WAIT)
    assert len(api.as_("counter").get("/api/transcripts/issued/").json["results"]) == 1
    assert (folder / f"{document['serial']}.pdf").read_bytes() == pdf_of(api, document["serial"])


def test_a_spoiled_sheet_is_void_and_the_same_bytes_come_out_again(
    qtbot: QtBot, open_counter: OpenCounter, serve: Serve, record: Record, api: Api
) -> None:
    page = open_counter(serve().base_url)
    open_student(qtbot, page)
    to_preview(qtbot, page)
    scan("A-1")
    qtbot.waitUntil(lambda: over(page) and len(page.documents.records) == 1, timeout=WAIT)
    serial = page.documents.records[0].serial
    press(Key.Key_F6)
    qtbot.waitUntil(lambda: stage_is(page, Stage.REPRINT), timeout=WAIT)
    assert page.panel.void.hasFocus()
    scan("A-1")
    scan("")
    assert page.paper.faults[0].detail == "What spoiled the sheet?"
    scan("1")
    scan("A-2")
    qtbot.waitUntil(lambda: over(page), timeout=WAIT)
    assert page.note.text() == f"{serial} printed again on 1 sheet A-2 and recorded. Sheet A-1 is void."
    press(Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: stage_is(page, Stage.REPRINT), timeout=WAIT)
    scan("handed to the wrong person")
    qtbot.waitUntil(lambda: over(page), timeout=WAIT)
    sheets = api.as_("counter").get(f"/api/transcripts/issued/{serial}/").json["sheets"]
    assert [(one["stock_number"], one["outcome"], one["reason"]) for one in sheets] == [
        ("A-1", "bound", ""),
        ("A-1", "printed", ""),
        ("A-1", "spoiled", "Paper jam"),
        ("A-2", "printed", "Paper jam"),
        (None, "printed", "handed to the wrong person"),
    ]
    assert len(api.as_("counter").get("/api/transcripts/issued/").json["results"]) == 1


def test_ctrl_z_right_after_printing_voids_the_sheet_that_came_out_and_nothing_later_does(
    qtbot: QtBot, open_counter: OpenCounter, serve: Serve, record: Record, api: Api
) -> None:
    page = open_counter(serve().base_url)
    undo = (Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    open_student(qtbot, page)
    press(Key.Key_F2)
    page.panel.copies.setValue(2)
    scan("1")
    qtbot.waitUntil(lambda: page.paper.stage is Stage.PREVIEW, timeout=WAIT)
    scan("A-1 A-2")
    qtbot.waitUntil(lambda: over(page) and len(page.documents.records) == 2, timeout=WAIT)
    second, first = (one.serial for one in page.documents.records)
    assert page.search.hasFocus()
    press(*undo)  # the search box would take it for its own
    qtbot.waitUntil(lambda: stage_is(page, Stage.REPRINT), timeout=WAIT)
    assert (page.panel.void.text(), page.panel.void.hasFocus()) == ("A-2", True)
    press(Key.Key_Escape)
    press(*undo)  # left as it was: the print is still what was done last
    qtbot.waitUntil(lambda: stage_is(page, Stage.REPRINT), timeout=WAIT)
    for words in ("A-1", "1", "A-3"):  # the wand names the sheet of the other copy
        scan(words)
    qtbot.waitUntil(lambda: over(page), timeout=WAIT)
    assert page.note.text() == f"{first} printed again on 1 sheet A-3 and recorded. Sheet A-1 is void."
    sheets = {
        serial: [
            (one["stock_number"], one["outcome"])
            for one in api.as_("counter").get(f"/api/transcripts/issued/{serial}/").json["sheets"]
        ]
        for serial in (first, second)
    }
    assert sheets[first][-2:] == [("A-1", "spoiled"), ("A-3", "printed")]
    assert ("A-2", "spoiled") not in sheets[second]

    qtbot.waitUntil(lambda: "Ctrl+Z" in page.hint.text(), timeout=WAIT)
    type_in("4")  # now something else was done here
    assert "Ctrl+Z" not in page.hint.text()
    press(*undo)
    assert stage_is(page, Stage.CLOSED)
    assert page.search.text() != "4"  # it is the box's own again
    page.undo_print()
    assert page.note.text() == "Nothing was printed last; F6 is for a chosen document."


def verdict_is(page: CounterPage, word: str) -> bool:
    return page.verify.verdict.text() == word


def test_what_is_brought_is_judged_on_line_and_off(
    qtbot: QtBot, open_counter: OpenCounter, serve: Serve, record: Record, api: Api, tmp_path: Path
) -> None:
    issued = issue(api, record)
    genuine = tmp_path / "genuine.pdf"
    genuine.write_bytes(pdf_of(api, issued["serial"]))
    altered = tmp_path / "altered.pdf"
    altered.write_bytes(flip(genuine.read_bytes(), 2000))
    server = serve()
    page = open_counter(server.base_url)

    scan(issued["verify_url"])  # a code in the search box leads here by itself
    qtbot.waitUntil(lambda: page.verify.original.page_count > 0, timeout=WAIT)
    assert page.is_verifying
    assert page.verify.verdict.text() == "GENUINE"
    assert "Name: STUDENT NAME ONE" in page.verify.facts.text()
    assert "Status list: fresh." in page.verify.in_words.text()
    assert ("CS-112", "4", "B") in page.verify.courses.records

    page.verify.check_file(altered)
    qtbot.waitUntil(lambda: verdict_is(page, "ALTERED"), timeout=WAIT)
    (document,) = api.as_("counter").get("/api/transcripts/issued/").json["results"]
    short = f"{issued['serial']}.{document['check_code']}"
    page.verify.code.setFocus()
    scan(short.lower())
    qtbot.waitUntil(lambda: verdict_is(page, "GENUINE"), timeout=WAIT)

    server.kill()
    page.verify.check_file(genuine)
    qtbot.waitUntil(lambda: "Status list: " in page.verify.in_words.text(), timeout=WAIT)
    assert page.verify.verdict.text() == "GENUINE"
    page.verify.code.setFocus()
    scan(short)
    qtbot.waitUntil(lambda: "Off line" in page.verify.in_words.text(), timeout=WAIT)
    press(Key.Key_F9)
    assert page.search.hasFocus()
    scan("2022-XU-BSCS-0417")
    qtbot.waitUntil(
        lambda: page.note.text().endswith("Off line the counter verifies but does not issue. F9 verifies."),
        timeout=WAIT,
    )


def test_a_revoked_document_is_called_so(
    qtbot: QtBot, open_counter: OpenCounter, serve: Serve, record: Record, api: Api
) -> None:
    issued = issue(api, record)
    page = open_counter(serve().base_url)
    press(Key.Key_F9)
    scan(issued["verify_url"])
    qtbot.waitUntil(lambda: page.verify.original.page_count > 0, timeout=WAIT)
    reply = api.as_("registrar").post(
        f"/api/transcripts/issued/{issued['serial']}/revoke/", {"reason": "issued in error"}
    )
    assert reply.status == 200
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: verdict_is(page, "REVOKED"), timeout=WAIT)
