"""Generators in threads: their results, and newer ones that take the place of older ones."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path
from threading import Event as Gate

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QPushButton
from pytestqt.qtbot import QtBot

from core.concurrency import as_generator
from core.errors import UserError
from core.events import Event, Progress, Saved
from studio.background.job_runner import JobRunner
from studio.background.newest_task import NewestTask
from studio.background.workers import Workers
from studio.widgets.basic.job_strip import JobStrip


@pytest.fixture
def workers(qtbot: QtBot) -> Iterator[Workers]:
    workers = Workers()
    yield workers
    workers.shutdown()
    with qtbot.waitSignal(workers.destroyed):
        workers.deleteLater()


def counting(result: str, until: Gate | None = None) -> Generator[Event, None, str]:
    yield Progress(result, 0, 1)
    while until is not None and not until.wait(0.01):
        yield Progress(result, 0, 1)
    return result


def test_a_result_comes_after_the_events_and_before_the_end(qtbot: QtBot, workers: Workers) -> None:
    told: list[object] = []
    workers.spawn(
        lambda: counting("one"),
        lambda event: told.append(type(event)),
        told.append,
        lambda: told.append("end"),
    )
    qtbot.waitUntil(lambda: "end" in told)
    assert told == [Progress, "one", "end"]


def test_a_failed_generator_has_an_end_and_no_result(qtbot: QtBot, workers: Workers) -> None:
    def fail() -> Generator[Event, None, str]:
        yield Progress("", 0, 1)
        raise UserError("No.", "Try again.")

    told: list[object] = []
    workers.problem.connect(told.append)
    workers.spawn(fail, done=lambda result: told.append("result"), end=lambda: told.append("end"))
    qtbot.waitUntil(lambda: "end" in told)
    assert [str(each) for each in told] == ["No. Try again.", "end"]


def test_nothing_of_a_replaced_generator_is_delivered(qtbot: QtBot, workers: Workers) -> None:
    told: list[object] = []
    task = NewestTask(workers)
    gate = Gate()
    task.start(lambda: counting("old", gate), done=told.append, end=lambda: told.append("old end"))
    task.start(lambda: counting("new"), done=told.append, end=lambda: told.append("new end"))
    gate.set()
    qtbot.waitUntil(lambda: not task.is_running)
    assert told == ["new", "new end"]


def test_a_canceled_generator_ends_without_a_result(qtbot: QtBot, workers: Workers) -> None:
    told: list[object] = []
    task = NewestTask(workers)
    task.start(lambda: counting("one", Gate()), done=told.append, end=lambda: told.append("end"))
    task.cancel()
    qtbot.waitUntil(lambda: not task.is_running)
    assert told == ["end"]


def test_a_file_that_was_saved_is_told_apart_from_other_results(qtbot: QtBot, workers: Workers) -> None:
    told: list[object] = []
    jobs = JobRunner(workers, workers)
    jobs.saved.connect(lambda saved: told.append(("saved", saved)))
    jobs.ended.connect(lambda: told.append("end"))
    jobs.start(lambda: as_generator(Saved, Path("a.png"), 3), done=told.append)
    qtbot.waitUntil(lambda: told.count("end") == 1)
    jobs.start(lambda: as_generator(str, "found"), done=told.append)
    qtbot.waitUntil(lambda: told.count("end") == 2)
    assert told == [("saved", Saved(Path("a.png"), 3)), "end", "found", "end"]


def test_jobs_wait_for_each_other_in_order(qtbot: QtBot, workers: Workers) -> None:
    jobs, gates = JobRunner(workers, workers), [Gate() for _ in range(4)]
    told: list[str] = []
    said: list[str] = []
    waiting: list[list[str]] = []
    jobs.notice.connect(said.append)
    jobs.waiting_changed.connect(waiting.append)
    for number, gate in enumerate(gates):
        jobs.start(partial(counting, str(number), gate), done=told.append, title=f"Export {number}")
    assert said == [
        "Export 0 is running; Export 1 starts next.",
        "Export 0 is running; Export 2 starts after 1 more.",
        "Export 0 is running; Export 3 starts after 2 more.",
    ]
    jobs.cancel_waiting(1)
    assert waiting[-1] == ["Export 1", "Export 3"]
    for gate in gates:
        gate.set()
    qtbot.waitUntil(lambda: len(told) == 3)
    assert told == ["0", "1", "3"]
    assert waiting[-1] == []


def test_the_strip_shows_what_waits_and_each_can_be_canceled(qtbot: QtBot) -> None:
    strip = JobStrip("Stop")
    qtbot.addWidget(strip)
    strip.show_progress(Progress("Writing", 1, 2))
    strip.show_waiting(["Video export", "Image export"])
    button = next(each for each in strip.findChildren(QPushButton) if each.text() == "2 waiting")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    (menu,) = strip.findChildren(QMenu)
    with qtbot.waitSignal(strip.waiting_canceled) as canceled:
        menu.actions()[1].trigger()
    assert menu.actions()[1].text() == "Cancel: Image export"
    assert canceled.args == [1]
    menu.close()
    strip.show_waiting([])
    assert button.isHidden()
