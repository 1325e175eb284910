"""Jobs from seal to ledger, with the real client over real sockets; the network's faults are real too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sims_desktop.client.errors import Offline, ProblemAnswer, TryLater
from sims_desktop.client.http import Client
from sims_desktop.client.transcripts import CounterCalls
from sims_desktop.counter.presenter.desk import DeskPresenter
from sims_desktop.counter.presenter.paper import (
    IssueJob,
    PaperPresenter,
    Stage,
    purpose_of,
    stock_numbers_of,
    words_of,
)
from sims_desktop.counter.printers import FolderPrinter
from sims_shared.access import Permission
from tests.support.api import Api
from tests.support.database import TestDatabase
from tests.support.published import Record, issue, pdf_of
from tests.support.server import Serve, ServerProcess
from tests.support.university import PASSWORD

Connect = Callable[[ServerProcess], CounterCalls]


@pytest.fixture
def connect() -> Iterator[Connect]:
    clients: list[Client] = []

    def sign_in(server: ServerProcess) -> CounterCalls:
        clients.append(Client(server.base_url))
        clients[-1].sign_in("counter", PASSWORD)
        return CounterCalls(clients[-1])

    yield sign_in
    for client in clients:
        client.close()


def at_preview(calls: CounterCalls, record: Record, copies: int = 1) -> PaperPresenter:
    visitor = DeskPresenter(calls, list(Permission)).visit(record.student)
    paper = PaperPresenter(calls)
    assert paper.begin(visitor)
    assert paper.choose("2", copies)
    paper.drew(paper.draw(record.student))
    return paper


def register(api: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.as_("counter").get("/api/transcripts/issued/").json["results"]
    return found


def ledger(api: Api, serial: str) -> list[tuple[str | None, str]]:
    sheets = api.as_("counter").get(f"/api/transcripts/issued/{serial}/").json["sheets"]
    return [(sheet["stock_number"], sheet["outcome"]) for sheet in sheets]


def test_a_digit_is_a_purpose_and_other_words_are_their_own() -> None:
    assert purpose_of(" 1 ") == "Visa"
    assert purpose_of("6") == "6"
    assert purpose_of("  HEC   equivalence ") == "HEC equivalence"
    assert stock_numbers_of("A-1 A-2,\nA-3") == ["A-1", "A-2", "A-3"]


def test_an_issue_whose_answer_was_lost_is_asked_for_again_and_sealed_once(
    serve: Serve, connect: Connect, record: Record, api: Api, tmp_path: Path
) -> None:
    dying, alive = serve(dies_after="/issue/"), serve()
    paper = at_preview(connect(dying), record)
    printer = FolderPrinter(tmp_path / "out")
    assert paper.take_stock("A-1")
    job = paper.make_job()
    with pytest.raises(TryLater) as lost:
        job.carry_out(paper.calls, printer)
    paper.stopped(lost.value)
    assert paper.stage is Stage.STOPPED
    assert "It may have been sealed. Enter asks again for the same document" in paper.complaint
    assert len(register(api)) == 1

    again = paper.go_on("A-2")  # what was sent is not changed any more
    assert again is job
    again.carry_out(connect(alive), printer)
    (document,) = register(api)
    assert paper.done() == f"{document['serial']} printed on 1 sheet A-1 and recorded."
    assert ledger(api, document["serial"]) == [("A-1", "bound"), ("A-1", "printed")]
    assert printer.path_of(document["serial"]).read_bytes() == pdf_of(api, document["serial"])


def test_a_lost_ledger_answer_neither_prints_nor_records_twice(
    serve: Serve, connect: Connect, record: Record, api: Api, tmp_path: Path
) -> None:
    dying, alive = serve(dies_after="/print/"), serve()
    paper = at_preview(connect(dying), record, copies=2)
    printer = FolderPrinter(tmp_path / "out")
    assert paper.take_stock("")
    job = paper.make_job()
    with pytest.raises(TryLater) as lost:
        job.carry_out(paper.calls, printer)
    paper.stopped(lost.value)
    first, second = job.sheets
    assert f"{first.serial} came out of the printer but is not in the ledger yet." in paper.complaint
    assert paper.unfinished == f"{first.serial} came out of the printer but is not in the ledger."
    printer.path_of(first.serial).unlink()

    again = paper.go_on("")
    assert again is not None
    again.carry_out(connect(alive), printer)
    assert not printer.path_of(first.serial).exists()
    assert printer.path_of(second.serial).exists()
    for sheet in (first, second):
        assert ledger(api, sheet.serial) == [(None, "printed")]
    assert len(register(api)) == 2


def test_each_copy_needs_its_own_sheet_or_none(serve: Serve, connect: Connect, record: Record) -> None:
    paper = at_preview(connect(serve()), record, copies=2)
    for typed, fault in (
        ("A-1", "1 sheet more: one for each copy"),
        ("A-1 A-1", "A sheet is named twice"),
        ("A-1 A-2 A-3", "2 copies, but 3 sheets are named"),
        ("A-1 Ä", "Ä is no number of a sheet"),
    ):
        assert not paper.take_stock(typed)
        assert [one.detail for one in paper.faults] == [fault]
    assert paper.take_stock("A-1 A-2")
    assert paper.take_stock("")


def test_a_sheet_used_before_is_refused_beside_its_number_and_nothing_is_sealed(
    serve: Serve, connect: Connect, record: Record, api: Api, tmp_path: Path
) -> None:
    issue(api, record, stock_numbers=["A-1"])
    paper = at_preview(connect(serve()), record)
    assert paper.take_stock("A-1")
    job = paper.make_job()
    with pytest.raises(ProblemAnswer) as refused:
        job.carry_out(paper.calls, FolderPrinter(tmp_path))
    paper.stopped(refused.value)
    assert paper.stage is Stage.PREVIEW
    assert paper.faults[0].pointer == "/stock_numbers"
    assert paper.complaint == ""
    assert len(register(api)) == 1
    assert isinstance(paper.make_job(), IssueJob)
    assert paper.job is not job


def test_a_row_changed_without_approval_is_refused_with_both_of_its_grades(
    serve: Serve,
    connect: Connect,
    record: Record,
    api: Api,
    database_url: TestDatabase,
    tmp_path: Path,
) -> None:
    first = issue(api, record)
    with psycopg.connect(database_url.superuser_url) as breaker:  # what nobody but the owner can do
        breaker.execute("ALTER TABLE result DISABLE TRIGGER USER")
        breaker.execute("UPDATE result SET grade = 'A' WHERE id = %s", [record.results["CS-112"]])
        breaker.execute("ALTER TABLE result ENABLE TRIGGER USER")
    paper = at_preview(connect(serve()), record)
    paper.take_stock("")
    with pytest.raises(ProblemAnswer) as refused:
        paper.make_job().carry_out(paper.calls, FolderPrinter(tmp_path))
    paper.stopped(refused.value)
    assert f"CS-112 (Spring 2023): {first['serial']} printed B (72), now A (72)." in paper.complaint
    assert len(register(api)) == 1


def test_a_revoked_document_is_not_printed_again(
    serve: Serve, connect: Connect, record: Record, api: Api
) -> None:
    serial = issue(api, record)["serial"]
    paper = PaperPresenter(connect(serve()))
    never = f"{serial} was never printed, so no sheet of it can be spoiled. Shift+F6 prints it."
    assert paper.begin_reprint(paper.look_up(serial), spoiled=True) == never
    assert (
        api.as_("registrar").post(f"/api/transcripts/issued/{serial}/revoke/", {"reason": "x"}).status == 200
    )
    refusal = f"{serial} is revoked; it is not printed again. Issue a new document."
    assert paper.begin_reprint(paper.look_up(serial), spoiled=False) == refusal
    assert paper.stage is Stage.CLOSED


def test_off_line_is_said_with_what_still_works() -> None:
    assert words_of(Offline("The server cannot be reached")) == (
        "The server cannot be reached. Off line the counter verifies but does not issue. F9 verifies."
    )
