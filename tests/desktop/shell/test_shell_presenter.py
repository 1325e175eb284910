"""Sign-in, standing and desks, without a screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from sims_desktop.client.errors import Offline, ProblemAnswer, ServerBusy
from sims_desktop.offline.sync import Link, SyncStatus
from sims_desktop.shell.presenter import Ask, Identity, LocallyLocked, SignInPresenter, Standing, desks_of
from sims_shared.access import Permission

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
AMNA = Identity(
    user_id=5,
    username="amna",
    name="Dr Amna Tariq",
    roles=("faculty",),
    permissions=(Permission.SUBMIT_SHEET,),
    server="http://sims.test",
)


class AwayDoor:
    """A network fault: the server is away."""

    def enter(self, server: str, username: str, password: str, otp: str) -> Identity:
        raise Offline("no answer")

    def enter_offline(self, server: str, username: str, password: str) -> Identity:
        return AMNA

    def unlock(self, server: str, username: str, previous: str, password: str) -> None:
        raise AssertionError("nothing here is locked")

    def known_users(self, server: str) -> Sequence[str]:
        return ["amna"]


def sign_in() -> SignInPresenter:
    return SignInPresenter(AwayDoor(), "http://sims.test")


def test_the_status_bar_speaks_in_words() -> None:
    away = Standing(SyncStatus(Link.OFFLINE, NOW - timedelta(minutes=19), trouble="no answer"))
    assert away.words(NOW)[0].startswith("Off line since ")
    assert away.words(NOW)[1:] == ["not synced yet"]
    synced = SyncStatus(Link.CONNECTED, NOW, last_synced=NOW, trouble="CS-211: the sheet has changed")
    standing = Standing(synced, waiting=1, conflicts=2, refused=3)
    assert standing.words(NOW)[:4] == ["Connected", "1 change waiting", "2 conflicts", "3 refused"]
    assert standing.words(NOW)[5] == "CS-211: the sheet has changed"
    assert Standing().words(NOW) == ["Connecting …", "not synced yet"]


def test_desks_follow_permissions_not_names_of_roles() -> None:
    teacher = ["sheets", "today", "attendance", "account"]
    assert [desk.id for desk in desks_of([Permission.SUBMIT_SHEET])] == teacher
    assert [desk.id for desk in desks_of([])] == ["today", "account"]


def test_all_faults_of_the_form_are_named_at_once() -> None:
    presenter = sign_in()
    assert not presenter.check("sims.test", " ", "", "")
    assert [fault.pointer for fault in presenter.faults] == ["/server", "/username", "/password"]
    assert presenter.check("https://sims.test", "amna", "secret", "")


def test_a_code_is_asked_for_when_the_server_wants_one() -> None:
    presenter = sign_in()
    presenter.refused(ProblemAnswer(401, "auth.otp_required"), "http://sims.test", "amna")
    assert (presenter.asks, presenter.complaint) == (Ask.CODE, "")
    assert not presenter.check("http://sims.test", "amna", "secret", "")
    assert [fault.pointer for fault in presenter.faults] == ["/otp"]


@pytest.mark.parametrize(("user", "offered"), [("amna", True), ("saad", False)])
def test_off_line_work_is_offered_to_whom_this_computer_knows(user: str, offered: bool) -> None:
    presenter = sign_in()
    presenter.refused(Offline("no answer"), "http://sims.test", user)
    assert presenter.can_go_offline is offered
    assert presenter.complaint.startswith("The server does not answer.")


def test_a_wrong_password_is_not_an_absent_server() -> None:
    presenter = sign_in()
    presenter.refused(ProblemAnswer(401, "auth.invalid"), "http://sims.test", "amna")
    assert presenter.complaint == "User name, password or code is not right."
    presenter.refused(ServerBusy("Too many attempts; try again in 30 seconds"), "http://sims.test", "amna")
    assert presenter.complaint == "Too many attempts; try again in 30 seconds"
    assert not presenter.can_go_offline


def test_an_error_nobody_expected_is_not_shown_as_a_refusal() -> None:
    with pytest.raises(ZeroDivisionError):
        sign_in().refused(ZeroDivisionError(), "http://sims.test", "amna")


def test_marks_locked_with_an_older_password_ask_for_it_once() -> None:
    presenter = sign_in()
    presenter.refused(LocallyLocked("Type the previous one too, once."), "http://sims.test", "amna")
    assert presenter.asks is Ask.PREVIOUS
    assert not presenter.check("http://sims.test", "amna", "new", "")
    assert [fault.pointer for fault in presenter.faults] == ["/previous"]
    assert presenter.check("http://sims.test", "amna", "new", "", "old")
