"""The thread that does the newest work: what it leaves out, how it fails, stops, and rests beside a training."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import sleep

import pytest
from pytestqt.qtbot import QtBot

from core.errors import UserError
from studio.background import threads
from studio.background.threads import LatestThread
from tests.studio.conftest import PATIENCE


@pytest.fixture
def thread() -> Iterator[LatestThread]:
    thread = LatestThread()
    yield thread
    thread.stop()
    thread.wait()


@pytest.mark.parametrize("path", ["x" * 5000, "/dev/null/x"])
def test_what_the_system_refuses_is_no_fault_of_the_program(qtbot: QtBot, thread: LatestThread, path: str) -> None:
    thread.start()
    with qtbot.waitSignal(thread.failed, timeout=PATIENCE) as failed:
        thread.ask("image", lambda: Path(path).read_bytes(), lambda _: None)
    problem = failed.args[0]
    assert "GAN Studio" not in problem.what
    assert len(problem.what) < 200
    assert problem.remedy.startswith("Check the path")


def answer(number: int) -> int:
    sleep(0.01)
    return number


def test_only_the_newest_work_of_a_slot_is_done_in_the_order_of_the_slots(qtbot: QtBot, thread: LatestThread) -> None:
    answers: list[tuple[str, int]] = []

    def tell(slot: str) -> Callable[[int], None]:
        return lambda number: answers.append((slot, number))

    thread.ask("image", partial(answer, 0), tell("image"))
    thread.ask("strip", partial(answer, 7), tell("strip"))
    for number in range(1, 1000):
        thread.ask("image", partial(answer, number), tell("image"))
    thread.start()
    qtbot.waitUntil(lambda: ("strip", 7) in answers, timeout=PATIENCE)
    assert answers == [("image", 999), ("strip", 7)]


def test_work_is_done_in_the_thread_and_its_result_is_delivered_outside(qtbot: QtBot, thread: LatestThread) -> None:
    told: list[bool] = []
    here = threading.get_ident()
    thread.start()
    thread.ask("where", threading.get_ident, lambda there: told.append(there != here == threading.get_ident()))
    qtbot.waitUntil(lambda: bool(told), timeout=PATIENCE)
    assert told == [True]


def test_work_that_fails_is_said_and_the_next_is_done(qtbot: QtBot, thread: LatestThread) -> None:
    def fail() -> int:
        raise UserError("No.", "Try again.")

    told: list[object] = []
    thread.failed.connect(told.append)
    thread.ask("bad", fail, told.append)
    thread.ask("good", partial(answer, 3), told.append)
    thread.start()
    qtbot.waitUntil(lambda: 3 in told, timeout=PATIENCE)
    assert [str(each) for each in told] == ["No. Try again.", "3"]


def test_nothing_is_delivered_after_the_end(qtbot: QtBot, thread: LatestThread) -> None:
    began, told = threading.Event(), list[int]()

    def work() -> int:
        began.set()
        return answer(1)

    thread.start()
    thread.ask("image", work, told.append)
    assert began.wait(PATIENCE / 1000)
    thread.stop()
    thread.wait()
    qtbot.wait(20)
    assert told == []


def test_beside_a_training_it_rests_until_it_may_work_again(
    qtbot: QtBot, thread: LatestThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "LONGEST_REST", PATIENCE)
    answers: list[int] = []
    thread.set_share(1e-9)
    thread.start()
    thread.ask("image", partial(answer, 0), answers.append)
    qtbot.waitUntil(lambda: answers == [0], timeout=PATIENCE)
    for number in range(1, 100):  # all while it rests
        thread.ask("image", partial(answer, number), answers.append)
    qtbot.wait(20)
    assert answers == [0]
    thread.set_share(1.0)
    qtbot.waitUntil(lambda: len(answers) > 1, timeout=PATIENCE)
    assert answers == [0, 99]


def test_a_full_memory_is_said_with_a_remedy(qtbot: QtBot, thread: LatestThread) -> None:
    def work() -> None:
        raise RuntimeError("MPS backend out of memory (MPS allocated: 8.01 GB).")

    thread.ask("image", work)
    with qtbot.waitSignal(thread.failed, timeout=PATIENCE) as caught:
        thread.start()
    assert caught.args is not None
    problem = caught.args[0]
    assert problem.what == "There is not enough memory for this."
    assert problem.remedy.startswith("Close other programs")
    assert "8.01 GB" in problem.details
