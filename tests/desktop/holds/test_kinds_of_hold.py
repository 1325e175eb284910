"""Kinds of hold: added and changed by keys at a real server."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.client.holds import HoldKindCalls
from sims_desktop.holds.kinds import HoldKindsPresenter
from sims_desktop.holds.kinds_page import HoldKindsPage, TouchedControl
from sims_desktop.kit.entries import Draft, Meanwhile
from sims_shared.holds import HoldKindView
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.support.api import Api
from tests.support.signed_in import SignIn
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=1)


def test_a_kind_is_added_changed_and_met_when_somebody_else_changed_it(
    api: Api, scene: dict[str, Any], sign_in: SignIn
) -> None:
    calls = HoldKindCalls(sign_in("admin")[0])
    kinds = HoldKindsPresenter(calls, lookups=calls)
    kinds.take(kinds.load())
    assert kinds.sentence == "6 kinds of hold"
    assert [role for _, role in kinds.role_choices()] == ["accounts", "registrar"]
    typed = {**kinds.proposal(), "kind": "9 lives", "contact": "x" * 201}
    assert kinds.check(Draft(None, typed)) is None
    assert [fault.pointer for fault in kinds.faults] == ["/kind", "/contact"]
    typed = {**typed, "kind": "Exam Fee", "blocks": ("exam_slip",), "contact": "Room 4,  9 to 1"}
    draft: Draft[HoldKindView] = Draft(None, typed)
    made = kinds.save(draft, kinds.check(draft) or {})
    assert (made.kind, made.blocks, made.contact) == ("exam_fee", ["exam_slip"], "Room 4, 9 to 1")
    assert kinds.saved(draft, made) == "Added: Exam fee."
    assert kinds.effect_of(kinds.typed_of(made)).startswith("Stops the examination slip.\nLifted by: ")
    # Somebody else gives it to accounts while its contact is typed here.
    api.as_("registrar").patch("/api/hold-kinds/exam_fee/", {"lifted_by": "accounts", "blocks": ["results"]})
    mine = Draft(made, {**kinds.typed_of(made), "contact": "Room 5"})
    with pytest.raises(Meanwhile) as other:
        kinds.save(mine, kinds.check(mine) or {})
    words = kinds.meet(mine, other.value.now)
    assert "Touches is now seeing results" in words
    assert "Lifted by is now the accounts office" in words
    mine = kinds.drafts[made.id]
    changed = kinds.save(mine, kinds.check(mine) or {})
    assert (changed.contact, changed.lifted_by, changed.blocks) == ("Room 5", "accounts", ["results"])


def test_the_desk_works_by_keys_and_takes_no_kind_away(
    qtbot: QtBot, program: Program, api: Api, scene: dict[str, Any]
) -> None:
    window = program.enter("registrar")
    window.activateWindow()
    page = window.open("hold_kinds")
    assert isinstance(page, HoldKindsPage)

    def settled() -> bool:
        return page.presenter.is_loaded and page._loading is None and page._task is None

    qtbot.waitUntil(lambda: settled() and page.model.rowCount() == 6, timeout=WAIT)
    page.list.setFocus()
    press("N", CONTROL)
    press("sports")
    touched = page.controls["blocks"]
    assert isinstance(touched, TouchedControl)
    touched.boxes["transcript"].setFocus()
    press(Qt.Key.Key_Space)
    assert page.effect_words.text().startswith("Stops transcripts.")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: page.note.text() == "Added: Sports." and settled(), timeout=WAIT)
    look(window, "hold_kinds")
    assert not page.delete_button.isVisible()
    assert page.controls["kind"].isEnabled() is False
    effect = page.controls["effect"]
    effect.setCurrentIndex(effect.findData("warn"))
    effect.activated.emit(effect.currentIndex())
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: page.note.text() == "Saved: Sports." and settled(), timeout=WAIT)
    found = api.as_("counter").get("/api/hold-kinds/sports/").json
    assert (found["effect"], found["blocks"], found["lifted_by"]) == ("warn", ["transcript"], "registrar")
