"""The system looked after: without a screen over the real application, and by keys at a real server."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sims_desktop.client.errors import Offline, ServerBusy
from sims_desktop.client.operations_room import SystemCalls
from sims_desktop.operations_room.page import SystemPage
from sims_desktop.operations_room.presenter import (
    Backups,
    BackupsPresenter,
    HealthPresenter,
    Keys,
    KeysPresenter,
)
from sims_desktop.operations_room.settings import SettingsPresenter
from sims_desktop.operations_room.words import (
    PARTS,
    PURPOSES,
    SETTINGS,
    key_state,
    rehearsal_words,
    setting_sentence,
    size_words,
)
from sims_server.kernel.database import DEFAULT_SETTINGS
from sims_server.kernel.jobs import run_job
from sims_server.operations_room.operations.checking import CHECKS
from sims_server.operations_room.operations.programs import Connections
from sims_shared.operations_room import BackupView, Components
from sims_shared.seal.keys import KeyDocument, PublicKey
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.support.api import Api
from tests.support.signed_in import SignIn
from tests.support.university import University

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=1)


def calls_of(sign_in: SignIn) -> SystemCalls:
    return SystemCalls(sign_in("admin")[0])


def put_backup(number: int, **values: Any) -> BackupView:
    whole: dict[str, Any] = {
        "id": number,
        "file_name": f"sims-{number}.dump",
        "size": 12_400_000,
        "status": "done",
        "sha256": "0",
        "migration": "1",
        "started_at": NOW - timedelta(hours=3),
        "finished_at": NOW - timedelta(hours=3),
        "error": None,
        "drilled_at": None,
        "drill_outcome": None,
        "removed_at": None,
    }
    return BackupView(**{**whole, **values})


def test_every_part_and_every_setting_of_the_server_has_its_words(
    scene: dict[str, Any], sign_in: SignIn, api: Api
) -> None:
    assert set(PARTS) == set(Components.__struct_fields__)
    assert set(SETTINGS) == set(DEFAULT_SETTINGS)
    assert "{year}, {program}, and {number:04}" in setting_sentence("admissions.reg_no_form")
    assert set(PURPOSES) == {"document", "code", "status"}
    health = HealthPresenter(calls_of(sign_in))
    health.take(health.load())
    assert [line.part.name for line in health.lines if not line.is_well][:2] == ["Jobs", "Clock"]
    assert health.sentence(NOW).startswith("Not well: Jobs and Clock")
    health.not_loaded(ServerBusy("The database does not answer."))
    assert health.sentence(NOW) == "The server runs and is not well: The database does not answer."
    health.not_loaded(Offline("The server cannot be reached"))
    assert "with the next connection" in health.sentence(NOW)


def test_what_is_overdue_is_said_first_of_a_backup() -> None:
    desk = BackupsPresenter(calls=None)
    desk.take(Backups([], None))
    assert desk.sentence(NOW) == "There is no backup that could be restored: B takes one now."
    ok = f"ok: {CHECKS} checks held, 12 rows as in the manifest"
    fresh, drilled = put_backup(3), put_backup(2, drilled_at=NOW - timedelta(days=3), drill_outcome=ok)
    failed = put_backup(1, status="failed", error="disk full", size=None)
    desk.take(Backups([fresh, drilled, failed], None))
    assert desk.sentence(NOW) == (
        "The newest was taken 3 hours ago: 12.4 MB. A restore was rehearsed 3 days ago. "
        "That is overdue: D rehearses one now."
    )
    assert desk.is_overdue(NOW)
    assert rehearsal_words(drilled, NOW) == f"3 days ago: {CHECKS} checks held, 12 rows as in the manifest"
    assert rehearsal_words(fresh, NOW) == "never rehearsed"
    wrong = put_backup(4, drilled_at=NOW, drill_outcome="failed: table result has 1 row")
    assert rehearsal_words(wrong, NOW) == "just now it did not restore: table result has 1 row"
    assert desk.why_not_drill(failed).startswith("It did not succeed")
    desk.take(Backups([put_backup(5, drilled_at=NOW, drill_outcome=ok)], None))
    assert not desk.is_overdue(NOW)
    assert (size_words(999), size_words(2_500)) == ("999 B", "2.5 kB")


def test_a_setting_is_found_saved_and_not_written_over_unseen(
    scene: dict[str, Any], sign_in: SignIn, api: Api
) -> None:
    desk = SettingsPresenter(calls_of(sign_in))
    desk.take(desk.load())
    desk.query = "appeal"
    (days,) = desk.shown
    assert (days.key, days.value, days.default) == ("cases.appeal_days", 30, 30)
    desk.keep(days, 45)
    assert desk.marked(days) == "typed, not saved"
    assert desk.saved(desk.save(days, 45)) == "Saved: Days to appeal is 45."
    assert desk.marked(desk.shown[0]) == "changed"
    # The university of these tests asks for no one-time codes.
    assert desk.sentence == "1 setting. 2 settings not as by default."
    # Another administrator was faster than what is shown.
    api.as_("admin").patch("/api/settings/cases.appeal_days/", {"value": 60})
    shown = desk.shown[0]
    desk.keep(shown, 50)
    with pytest.raises(Exception) as refused:
        desk.save(shown, 50)
    assert desk.refused(refused.value).startswith("Somebody has set it to 60 meanwhile.")
    assert desk.draft(desk.shown[0]) == 50
    assert desk.save(desk.shown[0], 50).value == 50
    desk.query = "time zone"
    with pytest.raises(Exception) as wrong:
        desk.save(desk.shown[0], "Mars/Olympus")
    assert desk.refused(wrong.value) == "There is no time zone “Mars/Olympus”."


def test_the_newest_key_in_force_seals_and_its_end_is_said() -> None:
    today = date(2026, 3, 2)

    def key(id: str, first: date, last: date, **more: Any) -> PublicKey:
        return PublicKey(
            id=id,
            purpose="code",
            algorithm="Ed25519",
            public_key="",
            valid_from=first,
            valid_until=last,
            **more,
        )

    old = key("k1", date(2025, 1, 1), date(2026, 12, 31))
    new = key("k2", date(2026, 1, 1), date(2026, 4, 1))
    gone = key("k3", date(2026, 2, 1), date(2027, 4, 1), withdrawn_on=date(2026, 2, 2))
    document = KeyDocument(issuer="X", institution="X", public_url="", demo=True, keys=[old, new, gone])
    desk = KeysPresenter(calls=None)
    desk.take(Keys(document, "Asia/Karachi"))
    # Where the campus is, the next day has begun.
    assert desk.today(datetime(2026, 3, 1, 22, 0, tzinfo=UTC)) == today
    assert [one.id for one in desk.keys if desk.seals(one, today)] == ["k2"]
    assert key_state(new, True, today) == "seals now, ends in 30 days"
    assert key_state(gone, False, today) == "withdrawn on 2026-02-02"
    assert desk.sentence(today) == (
        "The first of the keys that seal now ends on 2026-04-01. Rotate them soon. "
        "They are keys of a demonstration and convince nobody."
    )
    assert desk.command.startswith("./sims server keys rotate")
    desk.take(Keys(msgspec.structs.replace(document, keys=[]), ""))
    assert desk.command.startswith("./sims server keys make")


def newest_job(university: University) -> int:
    found: int = university.row("SELECT max(id) FROM job") or 0
    return found


def is_said(page: Any, words: str) -> bool:
    return bool(page.note.text().startswith(words))


def test_the_system_is_looked_after_by_keys(
    qtbot: QtBot,
    ways: Connections,
    program: Program,
    scene: dict[str, Any],
    university: University,
    api: Api,
) -> None:
    window = program.enter("admin")
    window.activateWindow()
    page = window.open("system")
    assert isinstance(page, SystemPage)
    qtbot.waitUntil(lambda: page.front.summary.text().startswith("Not well"), timeout=WAIT)  # type: ignore[attr-defined]
    look(window, "system_health")
    press("2", CONTROL)
    backups: Any = page.front

    def began_after(before: int) -> int:
        qtbot.waitUntil(lambda: newest_job(university) > before, timeout=WAIT)
        return newest_job(university)

    qtbot.waitUntil(lambda: "B takes one now" in backups.summary.text(), timeout=WAIT)
    for key, said in (("B", "A backup was taken"), ("D", f"It restores: {CHECKS} checks held")):
        before = newest_job(university)
        backups.setFocus()
        press(key)
        job_id = began_after(before)
        run_job(api.database, api.data, job_id)
        qtbot.waitUntil(partial(is_said, backups, said), timeout=WAIT)
        qtbot.waitUntil(lambda: backups.model.rowCount() == 1 and backups.list.hasFocus(), timeout=WAIT)
    look(window, "system_backups")
    before = newest_job(university)
    press("D")
    began_after(before)
    press(Qt.Key.Key_Escape)
    asked = "SELECT status FROM job WHERE id = %(id)s"
    qtbot.waitUntil(lambda: university.row(asked, id=newest_job(university)) == "cancelled", timeout=WAIT)
    # A setting is found in the palette, and goes into its editor.
    window.palette_box.open("setting appeal")
    QTest.keyClick(window.palette_box.line, Qt.Key.Key_Return)
    settings: Any = page.front
    qtbot.waitUntil(lambda: window.focusWidget() is settings.number, timeout=WAIT)
    window.activateWindow()
    qtbot.waitUntil(settings.number.hasFocus, timeout=WAIT)
    settings.number.selectAll()
    press("44")
    press("S", CONTROL)
    qtbot.waitUntil(lambda: settings.note.text() == "Saved: Days to appeal is 44.", timeout=WAIT)
    look(window, "system_settings")
    press("D", CONTROL)
    qtbot.waitUntil(lambda: settings.note.text() == "Saved: Days to appeal is 30.", timeout=WAIT)
    settings.choose("security.require_otp")
    QApplication.processEvents()
    settings.switch.setFocus()
    was = settings.switch.isChecked()
    press(Qt.Key.Key_Space)
    press("S", CONTROL)
    if was:
        assert "A password alone" in settings.asking.question.text()
        press(Qt.Key.Key_Escape)
    settings.choose("security.otp_permissions")
    look(window, "system_list_setting")
    press("4", CONTROL)
    keys: Any = page.front
    qtbot.waitUntil(lambda: keys.presenter.document is not None, timeout=WAIT)
    press("C")
    assert QGuiApplication.clipboard().text() == keys.command.text()
    look(window, "system_keys")
    program.server.kill()
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: "with the next connection" in keys.summary.text(), timeout=WAIT)
    window.ask_before_leaving = False
