"""The audit and who read, without a screen over the real application, and by keys at a real server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.audit.page import AuditPage
from sims_desktop.audit.presenter import AuditPresenter, Wanted
from sims_desktop.audit.readers import ReadersPresenter
from sims_desktop.audit.words import chain_words, changes_of, is_broken, value_words
from sims_desktop.client.audit import AuditCalls
from sims_desktop.client.errors import NotWritten, Offline
from sims_desktop.kit.tasks import Cancelled
from sims_server.audit.operations.disclosing import raise_alarms
from sims_server.audit.operations.sealing import seal_and_anchor
from sims_server.audit.operations.verifying import verify_new
from sims_shared.audit import AuditChain
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.support.api import Api
from tests.support.signed_in import SignIn
from tests.support.university import University

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WHOLE = AuditChain(
    checked_at=NOW,
    blocks=12,
    sealed_at=NOW,
    unsealed_since=None,
    verified_block=12,
    verified_at=NOW,
    finding=None,
    head_block=12,
    head_signed_at=NOW,
    not_audited=[],
    bulk_alarms=0,
)


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=3)


def desk(sign_in: SignIn, username: str) -> AuditPresenter:
    client, user = sign_in(username)
    presenter = AuditPresenter(AuditCalls(client), user.permissions, lambda: datetime.now(UTC))
    presenter.take(presenter.load())
    return presenter


def test_how_the_chain_stands_is_said_the_worst_first() -> None:
    def said(**other: Any) -> str:
        return chain_words(msgspec.structs.replace(WHOLE, **other), NOW)

    assert said().startswith("Sealed in 12 blocks, last ")
    assert "It was found whole up to block 12, last " in said()
    assert "Outside" not in said()
    broken = msgspec.structs.replace(WHOLE, finding="block 7: entry 310 was changed", not_audited=["result"])
    words = chain_words(broken, NOW)
    assert words.startswith("BROKEN: block 7: entry 310 was changed. NOT AUDITED: result. ")
    assert "found whole" not in words
    assert is_broken(broken)
    assert not is_broken(WHOLE)
    assert "are not sealed; block 12 is of" in said(unsealed_since=NOW - timedelta(minutes=6))
    assert "longer than a night ago" in said(verified_at=NOW - timedelta(hours=27))
    assert "Outside the database block 9 is known" in said(head_block=9)
    assert "It was never verified." in said(verified_at=None)
    assert "Nothing of it is known outside" in said(head_signed_at=None, head_block=0)
    assert "Nothing is sealed yet." in said(sealed_at=None, blocks=0)
    assert [value_words(one) for one in (None, "…", True, "72.50", {"a": 1})] == [
        "nothing",
        "not told",
        "yes",
        "72.50",
        '{"a":1}',
    ]


def test_entries_lead_to_their_person_their_thing_and_their_request(
    api: Api, scene: dict[str, Any], sign_in: SignIn, tmp_path: Path
) -> None:
    first, second = scene["students"][:2]
    for student in (first, second):
        api.as_("registrar").patch(f"/api/students/{student}/", {"email": f"s{student}@example.edu"})
    api.as_("admin").patch(f"/api/courses/{scene['course']}/", {"credits": "4.00"})
    seal_and_anchor(api.database, api.data)
    verify_new(api.database, api.data)
    audit = desk(sign_in, "auditor")
    assert "It was found whole up to block 1" in audit.chain_sentence
    assert audit.sentence.startswith("The newest 50 entries")
    audit.take_more(audit.read_on(str(audit.next)))
    assert len(audit.entries) > 50
    newest = audit.entries[0]
    assert changes_of(newest)[0][0::2] == ("credits", "4.00")
    email = next(one for one in audit.entries if one.entity == "student" and one.entity_id == first)
    assert (email.student_id, email.named) == (first, "Student Number 1")
    assert audit.only_actor(email)
    audit.take(audit.load())
    assert {one.actor.name for one in audit.entries} == {"Registrar"}
    assert audit.sentence.endswith("· by Registrar")
    assert audit.only_thing(email)
    audit.take(audit.load())
    assert {(one.entity, one.entity_id) for one in audit.entries} == {("student", first)}
    assert audit.only_request(email)
    audit.take(audit.load())
    assert [one.id for one in audit.entries] == [email.id]
    assert not audit.look_for(Wanted(first="yesterday", last="2026-13-01"))
    assert [one.pointer for one in audit.faults] == ["/from", "/to"]
    assert audit.look_for(Wanted(words="registrar", entity="student", method="PATCH", first="2020-01-01"))
    audit.take(audit.load())
    assert {one.entity_id for one in audit.entries} == {first, second}
    with pytest.raises(NotWritten) as nowhere:
        audit.export(tmp_path / "none" / "audit.csv", lambda done, total: None)
    assert audit.not_exported(nowhere.value) == "Not saved: No such file or directory"
    assert list(tmp_path.iterdir()) == []
    audit.look_for(Wanted(words="nothing like it"))
    audit.take(audit.load())
    assert audit.sentence == "No entry is with “nothing like it”. C shows all again."
    audit.not_loaded(Offline("The server cannot be reached"))
    assert "The audit needs the server" in audit.chain_sentence


def test_who_read_in_bulk_comes_first_and_which_students_stands_beside(
    api: Api, university: University, scene: dict[str, Any], sign_in: SignIn
) -> None:
    university.setting("disclosures.students_an_hour", 1)
    for student in scene["students"][:2]:
        api.as_("counter").get(f"/api/students/{student}/")
    assert raise_alarms(api.database, api.data) == 1
    university.setting("disclosures.students_an_hour", 300)
    for student in scene["students"]:
        api.as_("registrar").get(f"/api/students/{student}/")
    client, _ = sign_in("registrar")
    readers = ReadersPresenter(AuditCalls(client), lambda: datetime.now(UTC), days=7)
    readers.take(readers.load())
    assert [one.actor.name for one in readers.readers] == ["Counter", "Registrar"]
    assert readers.sentence == (
        "Within 7 days: 2 people read students' records. 1 of them raised an alarm of bulk reading."
    )
    readers.take_read(readers.read_of(readers.readers[0]))
    assert {one.student_name for one in readers.read} == {"Student Number 1", "Student Number 2"}
    assert readers.alarm_words(readers.readers[0]).startswith("alarm ")


def test_the_audit_is_looked_through_by_keys(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api, tmp_path: Path
) -> None:
    student = scene["students"][0]
    api.as_("registrar").get(f"/api/students/{student}/")
    api.as_("registrar").patch(f"/api/students/{student}/", {"email": "a@example.edu"})
    window = program.enter("registrar")
    window.activateWindow()
    page = window.open("audit")
    assert isinstance(page, AuditPage)
    part = page.changes
    qtbot.waitUntil(lambda: part.presenter.chain is not None and part.list.hasFocus(), timeout=WAIT)
    assert part.heading.text().startswith(f"Registrar changed student {student}: email")
    look(window, "audit")
    press("t")
    qtbot.waitUntil(lambda: "only students.change" in part.summary.text(), timeout=WAIT)
    press("h")
    qtbot.waitUntil(lambda: f"only student {student}" in part.summary.text(), timeout=WAIT)
    assert part.entity.currentData() == "student"
    press("l", CONTROL)
    press("nobody at all")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: part.model.rowCount() == 0, timeout=WAIT)
    press(Qt.Key.Key_Escape)
    press("c")
    qtbot.waitUntil(lambda: part.model.rowCount() == 50, timeout=WAIT)
    assert part.search.text() == ""
    press(Qt.Key.Key_End, CONTROL)
    qtbot.waitUntil(lambda: part.model.rowCount() > 50, timeout=WAIT)
    # The list that is shown, as a file; what is given up leaves nothing behind.
    part.presenter.only_thing(part.presenter.entries[0])
    part.save_to(tmp_path / "audit.csv")
    qtbot.waitUntil(lambda: part.note.text().startswith("Saved: "), timeout=WAIT)
    assert len((tmp_path / "audit.csv").read_text("utf-8").splitlines()) == 3

    def enough(done: int, total: int) -> None:
        assert 0 < done <= total
        raise Cancelled

    with pytest.raises(Cancelled):
        part.presenter.export(tmp_path / "other.xlsx", enough)
    assert not list(tmp_path.glob("*other*"))
    press("2", CONTROL)
    readers = page.readers
    qtbot.waitUntil(lambda: readers.read_model.rowCount() == 1, timeout=WAIT)
    look(window, "readers")
    readers.read.setFocus()
    readers.read.selectRow(0)
    press(Qt.Key.Key_Return)
    assert window.place == ("student", student)
    window.open("audit", 1)
    qtbot.waitUntil(lambda: "only powers over grades given" in part.summary.text(), timeout=WAIT)
    program.server.kill()
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: "The audit needs the server" in part.chain.text(), timeout=WAIT)
