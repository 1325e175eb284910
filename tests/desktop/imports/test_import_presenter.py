"""What the import desk says and asks, against a real server, without a screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sims_desktop.client.errors import ProblemAnswer
from sims_desktop.client.imports import ImportCalls
from sims_desktop.imports.presenter import (
    ImportsPresenter,
    Shown,
    cell_words,
    columns_of,
    faults_file,
    guess_kind,
    place_of,
    usable,
)
from sims_server.kernel.jobs import run_job
from sims_shared.imports import KINDS, PERMISSIONS, ImportRowView
from sims_shared.problems import Fault
from sims_shared.regulations import default_policy
from tests.support.api import Api
from tests.support.signed_in import SignIn
from tests.support.university import University

PROGRAMS = "Program Code,Name of program,department_code\nBSCS,BS Computer Science,CS\nBBA,Business,CS\n"


class Server:
    """Waits for jobs by working them off, and can have enough."""

    def __init__(self, api: Api, university: University) -> None:
        self._api, self._university = api, university
        self.has_enough = False
        self.heard: list[str] = []

    def report(self, done: int, total: int, words: str = "") -> None:
        self.heard.append(words)

    def pause(self, seconds: float) -> None:
        if self.has_enough:
            raise LookupError("enough")
        for job in self._university.rows("SELECT id FROM job WHERE status = 'queued'"):
            run_job(self._api.database, self._api.data, job["id"])


Desk = Callable[[str], ImportsPresenter]


@pytest.fixture
def server(api: Api, university: University) -> Server:
    university.setting("security.require_otp", False)
    university.account("registrar", "registrar")
    university.account("accounts", "accounts")
    university.department("CS")
    return Server(api, university)


@pytest.fixture
def desk(sign_in: SignIn, server: Server) -> Desk:
    def enter(username: str) -> ImportsPresenter:
        client, user = sign_in(username)
        return ImportsPresenter(ImportCalls(client), user.permissions, user.id)

    return enter


def choose(presenter: ImportsPresenter, tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert presenter.choose(path) == ""


def preview(presenter: ImportsPresenter, server: Server, mapping: dict[str, str] | None = None) -> Shown:
    assert presenter.at_hand is not None
    shown = presenter.preview(presenter.at_hand, mapping, server)
    presenter.take_shown(shown)
    return shown


def test_headers_are_explained_once_and_remembered_for_the_next_file(
    desk: Desk, server: Server, tmp_path: Path, university: University
) -> None:
    presenter = desk("registrar")
    choose(presenter, tmp_path, "programs märz.csv", PROGRAMS)
    first = preview(presenter, server)
    assert first.view.file_name == "programs märz.csv"
    assert first.needs_columns
    assert presenter.has_file
    lines = {line.header: line for line in presenter.headers()}
    assert lines["Program Code"].means == "code"
    assert "level" in lines["Name of program"].choices
    said = {"Program Code": "code", "Name of program": ""}
    assert presenter.check_mapping(said) == "Still to be named: name."
    assert presenter.check_mapping({"a": "code", "b": "code"}) == "Two headers mean code; only one can."
    said["Name of program"] = "name"
    assert presenter.check_mapping(said) == ""
    second = preview(presenter, server, said)
    assert (second.view.status, second.view.counts.new) == ("previewed", 2)
    assert "Program Code = code" in presenter.lead(second.view.created_at)
    committed = presenter.commit(second, server)
    assert committed.view.status == "committed"
    assert university.row("SELECT count(*) FROM program") == 2
    # The next file is understood without a question, and says that nothing is new.
    choose(presenter, tmp_path, "programs.csv", PROGRAMS)
    third = preview(presenter, server)
    assert (third.view.status, third.view.counts.same, third.needs_columns) == ("previewed", 2, False)
    university.registration(
        university.student(),
        university.row("SELECT id FROM program WHERE code = 'BBA'"),
        university.regulation(default_policy()),
        "2026-BBA-1",
    )
    presenter.take_shown(committed)
    with pytest.raises(ProblemAnswer) as refused:
        presenter.undo(committed)
    assert "1 thing stand" in presenter.refused(refused.value)
    assert presenter.shown is not None
    assert [fault.pointer for fault in presenter.shown.faults] == ["row 3"]
    assert university.row("SELECT count(*) FROM program") == 2


def test_who_has_enough_of_a_preview_stops_the_server_too_and_may_read_it_again(
    desk: Desk, server: Server, tmp_path: Path, university: University
) -> None:
    presenter = desk("registrar")
    choose(presenter, tmp_path, "departments.csv", "code,name\nMT,Mathematics\n")
    server.has_enough = True
    with pytest.raises(LookupError):
        preview(presenter, server)
    assert university.row("SELECT status FROM job") == "cancelled"
    (batch,) = presenter.load()
    stopped = presenter.open(batch.id)
    presenter.take_shown(stopped)
    assert "cancelled before it was read" in presenter.lead(batch.created_at)
    server.has_enough = False
    assert presenter.retry(stopped, server).view.status == "previewed"


def test_each_office_brings_in_its_own_kinds(desk: Desk, server: Server, tmp_path: Path) -> None:
    presenter = desk("accounts")
    assert presenter.kinds == ["holds"]
    choose(presenter, tmp_path, "students.csv", "reg_no,amount\n1,20\n")
    assert presenter.at_hand is not None
    assert presenter.at_hand.kind == "holds"
    assert presenter.load() == []
    with pytest.raises(ProblemAnswer):
        presenter.calls.upload("students", "x.csv", b"reg_no", {}, False)


def test_a_file_that_cannot_be_taken_says_why(tmp_path: Path) -> None:
    # No server: these refusals are said before anything is sent.
    presenter = ImportsPresenter(None, list(PERMISSIONS.values()), 1)
    assert "cannot be read: No such file" in presenter.choose(tmp_path / "gone.csv")
    (tmp_path / "empty.csv").touch()
    assert presenter.choose(tmp_path / "empty.csv") == "empty.csv is empty."
    nobody = ImportsPresenter(None, [], 1)
    assert nobody.choose(tmp_path / "empty.csv") == "Your roles bring no kind of file in."


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Students fall.xlsx", "students"),
        ("student_holds.csv", "holds"),
        ("final marks.ods", "scores"),
        ("results 2019.csv", "results_history"),
        ("x.csv", "departments"),
        ("Date sheet fall.xlsx", "exam_papers"),
        ("exam halls.csv", "exam_rooms"),
    ],
)
def test_a_kind_is_guessed_by_the_files_name(name: str, kind: str) -> None:
    assert guess_kind(name, KINDS) == kind


def test_what_two_headers_meant_in_different_files_is_asked_again() -> None:
    assert usable({"Roll": "reg_no", "Reg": "reg_no", "Mark": "score", "Seat": ""}) == {
        "Mark": "score",
        "Seat": "",
    }


def test_a_fault_names_row_and_column_and_no_formula_goes_into_the_file() -> None:
    fault = Fault("row 14, column weight", "invalid", "=cmd is no number")
    assert place_of(fault) == ("14", "weight")
    assert place_of(Fault("row 3", "x", "")) == ("3", "")
    saved = faults_file([fault]).decode("utf-8-sig").splitlines()
    assert saved == ["Row,Column,What is wrong", "14,weight,'=cmd is no number"]


def test_a_changed_cell_shows_what_it_was() -> None:
    row = ImportRowView(
        row=2, fate="changed", cells={"code": "CS", "name": "New"}, changes={"name": ["Old", "New"]}
    )
    assert columns_of([row]) == ["code", "name"]
    assert (cell_words(row, "name"), cell_words(row, "code")) == ("Old → New", "CS")
