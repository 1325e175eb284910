"""Work off the window's thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from sims_desktop.kit.tasks import Progress, Tasks


class Bugs(list[BaseException]):
    """What was reported as a bug."""


@pytest.fixture
def bugs() -> Bugs:
    return Bugs()


@pytest.fixture
def tasks(qtbot: QtBot, bugs: Bugs) -> Iterator[Tasks]:
    tasks = Tasks(bugs.append)
    yield tasks
    tasks.close()


def test_work_runs_off_the_gui_thread_and_its_answer_comes_back_on_it(tasks: Tasks, qtbot: QtBot) -> None:
    threads: list[str] = []
    answers: list[int] = []

    def work(progress: Progress) -> int:
        threads.append(threading.current_thread().name)
        return 42

    def done(answer: int) -> None:
        threads.append(threading.current_thread().name)
        answers.append(answer)

    task = tasks.run(work, done)
    with qtbot.waitSignal(task.ended):
        pass
    assert answers == [42]
    assert threads[0].startswith("task-")
    assert threads[1] == "MainThread"


def test_a_refusal_goes_to_whoever_asked_and_anything_else_is_a_bug(
    tasks: Tasks, qtbot: QtBot, bugs: Bugs
) -> None:
    def fail(progress: Progress) -> None:
        raise LookupError("gone")

    caught: list[Exception] = []
    with qtbot.waitSignal(tasks.run(fail, failed=caught.append).ended):
        pass
    assert [str(error) for error in caught] == ["gone"]
    assert bugs == []
    with qtbot.waitSignal(tasks.run(fail).ended):
        pass
    assert [str(error) for error in bugs] == ["gone"]


def test_a_cancelled_task_answers_nobody(tasks: Tasks, qtbot: QtBot, bugs: Bugs) -> None:
    begun, go_on = threading.Event(), threading.Event()
    answers: list[None] = []

    def work(progress: Progress) -> None:
        begun.set()
        go_on.wait(10)
        progress.report(1, 2, "half")

    task = tasks.run(work, answers.append)
    assert begun.wait(10)
    task.cancel()
    with qtbot.waitSignal(task.ended):
        go_on.set()
    assert (answers, list(bugs)) == ([], [])


def test_progress_reaches_the_window(tasks: Tasks, qtbot: QtBot) -> None:
    heard: list[tuple[int, int, str]] = []
    held = threading.Event()

    def work(progress: Progress) -> None:
        held.wait(10)
        progress.report(3, 10, "reading")

    task = tasks.run(work)
    task.progressed.connect(lambda done, total, words: heard.append((done, total, words)))
    with qtbot.waitSignal(task.ended):
        held.set()
    assert heard == [(3, 10, "reading")]


def test_after_closing_no_callback_reaches_a_window(tasks: Tasks, qtbot: QtBot) -> None:
    called: list[int] = []
    tasks.on_gui(lambda: called.append(1))
    tasks.close()
    tasks.on_gui(lambda: called.append(2))
    qtbot.wait(1)
    assert called == []


def test_a_slot_that_raises_is_reported(tasks: Tasks, qtbot: QtBot, bugs: Bugs) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    tasks.on_gui(broken)
    qtbot.waitUntil(lambda: len(bugs) == 1)


def test_an_answer_for_a_window_that_is_gone_is_dropped(tasks: Tasks, qtbot: QtBot, bugs: Bugs) -> None:
    label = QLabel()
    go_on = threading.Event()
    task = tasks.run(lambda progress: go_on.wait(10), lambda answer: label.setText("late"), owner=label)
    with qtbot.waitSignal(label.destroyed):
        label.deleteLater()
    with qtbot.waitSignal(task.ended):
        go_on.set()
    assert bugs == []
