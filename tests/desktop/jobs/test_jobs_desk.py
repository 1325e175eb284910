"""Background work seen and steered: without a screen over the real application, by keys at a real server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg.types.json import Jsonb
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sims_desktop.client.errors import Offline, ProblemAnswer
from sims_desktop.client.jobs import PAGE_SIZE, JobCalls
from sims_desktop.jobs.page import JobsPage
from sims_desktop.jobs.presenter import JobsPresenter, Wanted
from sims_desktop.jobs.words import (
    KINDS,
    about_words,
    course_words,
    error_words,
    named_in,
    progress_words,
    result_words,
    share_done,
)
from sims_server.kernel.jobs import FUNCTIONS
from tests.desktop.approvals.program import WAIT, Program, press
from tests.desktop.approvals.test_inbox_page import look
from tests.support.api import Api
from tests.support.signed_in import SignIn
from tests.support.university import University

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    return university.stand(students=2)


def put_job(university: University, owner: str | None, kind: str = "imports.commit", **values: Any) -> int:
    by = university.ids[owner] if owner else None
    made: int = university.insert("job", kind=kind, created_by=by, **values)
    return made


def desk(sign_in: SignIn, username: str) -> JobsPresenter:
    client, user = sign_in(username)
    presenter = JobsPresenter(JobCalls(client), user.permissions, {"imports"})
    presenter.take(presenter.load())
    return presenter


def test_people_see_their_own_jobs_in_words_and_an_auditor_all_without_steering(
    scene: dict[str, Any], university: University, sign_in: SignIn
) -> None:
    student = scene["students"][0]
    failed_row = {"student_id": student, "reg_no": "2026-CS-0001", "code": "x", "detail": "A hold of 5,000."}
    result = {"done": 1, "mailed": 0, "failed": [failed_row], "sealed": [{"student_id": 9, "serial": "T-1"}]}
    running = put_job(
        university,
        "registrar",
        status="running",
        arguments=Jsonb({"import_id": 7, "plan_hash": "f"}),
        progress_done=120,
        progress_total=300,
        created_at=NOW,
        started_at=NOW,
    )
    put_job(university, "registrar", "transcripts.enqueue", status="done", result=Jsonb(result))
    put_job(university, "registrar", status="failed", error="imports.stale: The file is another one by now.")
    put_job(university, None, "housekeeping.sweep", status="done")
    registrar = desk(sign_in, "registrar")
    wrong, sent, under_way = registrar.jobs
    assert registrar.sentence == "1 job under way. 1 job failed: F shows them."
    assert (under_way.id, about_words(under_way), progress_words(under_way)) == (
        running,
        "import 7",
        "120 of 300",
    )
    assert share_done(under_way) == 0.4
    assert course_words(under_way, NOW).startswith("Asked by Registrar")
    assert error_words(wrong) == "The file is another one by now."
    assert result_words(sent) == "1 done, 0 mailed"
    told = [(one.who.strip("\u2066\u2069"), one.student_id, one.is_failure) for one in named_in(sent)]
    assert told == [("2026-CS-0001", student, True), ("student 9", 9, False)]
    assert registrar.desk_of(under_way) == "imports"
    assert registrar.why_not_cancel(wrong) == "It has ended already."
    assert registrar.why_not_retry(sent) == "Only a job that failed or was cancelled runs again."
    assert desk(sign_in, "counter").nothing == "Nothing was asked of the server in the background."
    auditor = desk(sign_in, "auditor")
    assert [job.kind for job in auditor.jobs] == ["imports.commit", "transcripts.enqueue", "imports.commit"]
    assert auditor.why_not_retry(wrong) == "Your roles read jobs and do not steer them."
    auditor.wanted = Wanted(everything=True)
    auditor.take(auditor.load())
    assert auditor.jobs[0].kind == "housekeeping.sweep"
    auditor.wanted = Wanted(status=auditor.next_status())
    auditor.take(auditor.load())
    assert [job.id for job in auditor.jobs] == [wrong.id]


def test_every_job_of_the_server_has_its_words(api: Api) -> None:
    assert {kind for kind in FUNCTIONS if not kind.startswith("test.")} == set(KINDS)


def test_a_job_runs_again_once_and_what_another_did_meanwhile_is_said(
    scene: dict[str, Any], university: University, sign_in: SignIn
) -> None:
    put_job(university, "registrar", status="failed", error="late")
    one, other = desk(sign_in, "registrar"), desk(sign_in, "admin")
    (job,) = one.jobs
    assert one.retry(job) == f"Job {job.id} waits to run again."
    with pytest.raises(ProblemAnswer) as refused:
        other.retry(job)
    assert "another one than was shown" in other.refused(refused.value)
    other.take(other.load())
    assert other.cancel(other.jobs[0]) == f"Job {job.id} is cancelled; R runs it again."
    assert "F5 shows" in one.refused(Offline("away"))


def test_the_list_grows_downwards_and_is_renewed_from_above_without_a_gap(
    scene: dict[str, Any], university: University, sign_in: SignIn
) -> None:
    oldest = put_job(university, "registrar", status="running", progress_total=10)
    for _ in range(PAGE_SIZE + 5):
        put_job(university, "registrar", status="done")
    presenter = desk(sign_in, "registrar")
    assert len(presenter.jobs) == PAGE_SIZE
    more = presenter.load_more()
    assert more is not None
    presenter.take(more)
    assert len(presenter.jobs) == PAGE_SIZE + 6
    assert presenter.load_more() is None
    university.run("UPDATE job SET progress_done = 4 WHERE id = %(id)s", id=oldest)
    newest = put_job(university, "registrar", status="queued")
    presenter.take(presenter.load(renews=True))
    assert (presenter.jobs[0].id, presenter.jobs[-1].id) == (newest, oldest)
    assert progress_words(presenter.jobs[-1]) == "4 of 10"
    assert len(presenter.jobs) == PAGE_SIZE + 7
    for _ in range(PAGE_SIZE + 1):
        put_job(university, "registrar", status="done")
    presenter.take(presenter.load(renews=True))
    assert len(presenter.jobs) == PAGE_SIZE
    assert presenter.following is not None


def test_a_failed_job_is_found_and_run_again_by_keys(
    qtbot: QtBot, program: Program, scene: dict[str, Any], university: University
) -> None:
    failed = put_job(
        university,
        "admin",
        "test.unknown",
        status="failed",
        error="KeyError: quote job 1 to the people who run this server",
    )
    running = put_job(
        university, "registrar", status="running", progress_done=3, progress_total=10, started_at=NOW
    )
    window = program.enter("admin")
    window.activateWindow()
    window.open("today")
    qtbot.waitUntil(lambda: window.page is not None and "Alarm" in _first_line(window.page), timeout=WAIT)
    window.page.setFocus()
    press(Qt.Key.Key_Return)
    page = window.page
    assert isinstance(page, JobsPage)
    qtbot.waitUntil(lambda: page.model.rowCount() == 2 and page.list.hasFocus(), timeout=WAIT)
    current = page.list.current()
    assert current is not None
    assert current.id == failed
    assert page.error.text().startswith("KeyError: quote job")
    look(window, "jobs_failed")
    press("R")
    qtbot.waitUntil(lambda: page.note.text() == f"Job {failed} waits to run again.", timeout=WAIT)
    # Renewed by the clock, without F5: the bar goes on.
    university.run("UPDATE job SET progress_done = 8 WHERE id = %(id)s", id=running)
    qtbot.waitUntil(
        lambda: any(progress_words(job) == "8 of 10" for job in page.presenter.jobs), timeout=WAIT
    )
    page.list.selectRow(0)
    press("X")
    qtbot.waitUntil(lambda: page.note.text() == f"Job {running} stops at its next step.", timeout=WAIT)
    look(window, "jobs_running")
    program.server.kill()
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: "known with the next connection" in page.summary.text(), timeout=WAIT)
    assert page.model.rowCount() == 2


def _first_line(page: Any) -> str:
    lines = page.presenter.lines
    return lines[0].words if lines else ""
