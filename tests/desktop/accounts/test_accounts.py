"""Accounts and roles: without a screen over the real application, and by keys at a real server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from sims_desktop.accounts.page import AccountsPage
from sims_desktop.accounts.presenter import AccountsPresenter
from sims_desktop.accounts.roles import RolesPresenter
from sims_desktop.accounts.words import WORDS
from sims_desktop.client.accounts import AccountCalls
from sims_desktop.client.errors import Offline, ProblemAnswer
from sims_shared.access import Permission, RoleView
from tests.desktop.approvals.program import CONTROL, WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.support.api import Api
from tests.support.signed_in import SignIn
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=1)


def desk(sign_in: SignIn, username: str) -> AccountsPresenter:
    client, user = sign_in(username)
    presenter = AccountsPresenter(AccountCalls(client), user.permissions, user.id, lambda: datetime.now(UTC))
    presenter.take(presenter.load())
    return presenter


def matrix(sign_in: SignIn, username: str) -> RolesPresenter:
    client, user = sign_in(username)
    presenter = RolesPresenter(AccountCalls(client), user.permissions)
    presenter.take(presenter.load())
    return presenter


def role(presenter: RolesPresenter, name: str) -> RoleView:
    return next(one for one in presenter.roles if one.name == name)


def test_every_permission_is_said_in_words() -> None:
    assert set(WORDS) == set(Permission)


def test_an_account_is_made_and_a_power_over_grades_is_said_before(
    api: Api, scene: dict[str, Any], sign_in: SignIn
) -> None:
    admin = desk(sign_in, "admin")
    draft = admin.begin(None)
    assert not admin.check(draft)
    assert [one.pointer for one in admin.faults] == ["/username", "/name"]
    draft.username, draft.name, draft.reg_no = "newcomer", "New Comer", "none-such"
    admin.tick(draft, ("counter", None))
    assert admin.check(draft)
    assert admin.warning(draft) == ""
    with pytest.raises(ProblemAnswer) as unknown:
        admin.save(draft)
    assert admin.refused(unknown.value) == "No student has this registration number."
    assert [one.pointer for one in admin.faults] == ["/reg_no"]
    draft.reg_no = ""
    admin.tick(draft, ("head", scene["department"]))
    assert "approve grade sheets" in admin.warning(draft)
    assert "Everybody who reads the audit is told" in admin.warning(draft)
    assert admin.save(draft) == "Made: New Comer signs in as newcomer."
    signed_in = {"username": "newcomer", "password": draft.password}
    assert api.anonymous.post("/api/auth/token/", signed_in).status == 200
    admin.words = "newc"
    admin.take(admin.load())
    (made,) = admin.accounts
    assert admin.roles_words(made) == "counter and head of department (CS)"
    # The auditor sees it and changes nothing.
    auditor = desk(sign_in, "auditor")
    assert auditor.why_not_change
    assert ("Opens the record of", "\u20662024-CS-0001\u2069 Student Number 1") in auditor.facts(
        auditor.open(scene["student"])
    )


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(
    api: Api, university: University, scene: dict[str, Any], sign_in: SignIn
) -> None:
    admin = desk(sign_in, "admin")
    path = f"/api/accounts/{scene['office']}/"
    grant = {"role": "office", "department_id": scene["department"], "valid_until": "2030-06-30"}
    api.as_("admin").patch(path, {"roles": [grant]})
    draft = admin.begin(admin.open(scene["office"]))
    draft.name = "Office of Computing"
    admin.tick(draft, ("counter", None))
    admin.tick(draft, ("auditor", None))
    api.as_("admin").patch(path, {"email": "office@example.edu", "roles": [grant, {"role": "counter"}]})
    with pytest.raises(ProblemAnswer) as stale:
        admin.save(draft)
    assert "meanwhile" in admin.refused(stale.value)
    admin.rebase(draft, admin.open(scene["office"]))
    assert draft.name == "Office of Computing"
    assert draft.email == "office@example.edu"
    assert draft.ticks == {("auditor", None): True}
    assert admin.save(draft) == "Saved: Office of Computing."
    now = api.as_("admin").get(path).json
    assert [one["role"] for one in now["roles"]] == ["auditor", "counter", "office"]
    assert now["roles"][2]["valid_until"] == "2030-06-30"
    office = admin.open(scene["office"])
    assert "department office (CS), until 2030-06-30" in [fact[1] for fact in admin.facts(office)]


def test_nobody_gives_themselves_power_and_the_refusal_is_said_in_words(
    scene: dict[str, Any], sign_in: SignIn
) -> None:
    admin = desk(sign_in, "admin")
    own = admin.open(scene["admin"])
    draft = admin.begin(own)
    admin.tick(draft, ("registrar", None))
    with pytest.raises(ProblemAnswer) as refused:
        admin.save(draft)
    assert refused.value.code == "accounts.own_power"
    assert admin.refused(refused.value).startswith("Nobody gives themselves power over grades")
    assert admin.why_not_reset(own.account) == "Admin has set up no one-time codes."
    assert "another administrator" in admin.why_not_disable(own.account)
    registrar = admin.open(scene["registrar"])
    assert "everybody who reads the audit is told" in admin.password_question(registrar.account)
    assert "is told" not in admin.password_question(admin.open(scene["counter"]).account)
    assert "look before you do it again" in admin.refused(Offline("away"))


def test_roles_of_ones_own_are_ticked_saved_and_deleted(
    api: Api, scene: dict[str, Any], sign_in: SignIn
) -> None:
    roles = matrix(sign_in, "admin")
    assert "was shipped" in roles.tick(role(roles, "registrar"), Permission.READ_JOBS)
    assert not roles.check("Front Desk")
    assert roles.create("front_desk", "all", role(roles, "counter")).startswith("Made: front desk")
    with pytest.raises(ProblemAnswer) as taken:
        roles.create("front_desk", "self", None)
    assert taken.value.code == "roles.name_taken"
    roles.take(roles.load())
    assert roles.sentence == "11 roles shipped with the program, 1 of your own."
    own = role(roles, "front_desk")
    assert roles.tick(own, Permission.READ_JOBS) == roles.tick(own, Permission.PUBLISH_RESULTS) == ""
    assert "publish results" in roles.warning()
    assert "Everybody who reads the audit is told" in roles.warning()
    # Meanwhile another administrator gives one of these and takes all else.
    api.as_("admin").patch(f"/api/roles/{own.id}/", {"permissions": ["results.publish"]})
    with pytest.raises(ProblemAnswer) as stale:
        roles.save()
    assert "meanwhile" in roles.refused(stale.value)
    roles.take(roles.load())
    assert roles.ticks == {}  # the other has done just that
    roles.tick(role(roles, "front_desk"), Permission.READ_AUDIT)
    assert roles.warning() == ""
    assert roles.save() == "Saved: front desk. It holds from the next request on."
    now = api.as_("admin").get(f"/api/roles/{own.id}/").json["permissions"]
    assert {"audit.read", "results.publish"} <= set(now)
    holder = f"/api/accounts/{scene['counter']}/"
    api.as_("admin").patch(holder, {"roles": [{"role": "front_desk"}]})
    with pytest.raises(ProblemAnswer) as used:
        roles.delete(own)
    assert roles.refused(used.value).startswith("Somebody holds this role")
    api.as_("admin").patch(holder, {"roles": []})
    assert roles.delete(own) == "Deleted: front desk."
    auditor = matrix(sign_in, "auditor")
    assert "administrators change them" in auditor.tick(role(auditor, "counter"), Permission.READ_JOBS)


def test_accounts_are_administered_by_keys(
    qtbot: QtBot, program: Program, scene: dict[str, Any], api: Api, university: University
) -> None:
    for number in range(60):
        university.account(f"teacher{number:02}", "faculty")
    window = program.enter("admin")
    window.activateWindow()
    page = window.open("accounts")
    assert isinstance(page, AccountsPage)
    part = page.accounts
    qtbot.waitUntil(lambda: part.presenter.shown is not None and part.list.hasFocus(), timeout=WAIT)
    assert part.heading.text() == "Accounts"  # the accounts office comes first
    # The list goes on where it ends.
    press(Qt.Key.Key_End, CONTROL)
    qtbot.waitUntil(lambda: part.model.rowCount() > 60 and part.presenter.next is None, timeout=WAIT)
    look(window, "accounts")
    # A new account by keys, its roles in the matrix, its password once.
    press("n", CONTROL)
    press(Qt.Key.Key_Return, CONTROL)
    assert page.accounts.account_form.lines["username"].hasFocus()
    press("newcomer")
    press(Qt.Key.Key_Tab)
    press("New Comer")
    part.account_form.grid.setFocus()
    look(window, "accounts_form")
    press(Qt.Key.Key_Down)  # from the administrator to the registrar
    press(Qt.Key.Key_Space)
    press(Qt.Key.Key_Return, CONTROL)
    assert "New Comer will be able to" in part.account_form.asking.question.text()
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: part.note.text().startswith("Made: New Comer"), timeout=WAIT)
    qtbot.waitUntil(lambda: part.presenter.shown is not None, timeout=WAIT)
    look(window, "accounts_password")
    password = part.password.text()
    press("c", CONTROL | Qt.KeyboardModifier.ShiftModifier)
    assert QGuiApplication.clipboard().text() == password
    signed_in = {"username": "newcomer", "password": password}
    assert api.anonymous.post("/api/auth/token/", signed_in).status == 200
    press(Qt.Key.Key_Escape)
    assert part.password.text() == ""
    # Its session is ended, then the account is disabled: each asked once, the same key says yes.
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: part.session_model.rowCount() == 1, timeout=WAIT)
    press("s")
    press(Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: part.note.text().startswith("Ended: "), timeout=WAIT)
    qtbot.waitUntil(lambda: part.session_model.rowCount() == 0 and not part.is_busy, timeout=WAIT)
    part.list.setFocus()
    press("d")
    press("d")
    qtbot.waitUntil(lambda: part.heading.text() == "New Comer: disabled", timeout=WAIT)
    assert api.anonymous.post("/api/auth/token/", signed_in).code == "auth.invalid"
    # The second tab: a role of one's own, like the one under the cursor.
    press("2", CONTROL)
    roles = page.roles
    qtbot.waitUntil(lambda: roles.presenter.is_loaded and roles.grid.hasFocus(), timeout=WAIT)
    assert roles.cell.text().startswith("see accounts and roles: administrator and auditor.")
    press("n", CONTROL)
    press("desk_two")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: len(roles.presenter.roles) == 12, timeout=WAIT)
    press(Qt.Key.Key_End)
    press(Qt.Key.Key_Space)
    assert (
        roles.grid.ticks.in_words(*roles.grid.place) == "see accounts and roles, desk two: no, not saved yet"
    )
    look(window, "roles")
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: roles.note.text().startswith("Saved: desk two"), timeout=WAIT)
    program.server.kill()
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: "Roles need the server" in roles.summary.text(), timeout=WAIT)
