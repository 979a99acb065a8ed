"""The thread that answers the newest request: what it leaves out, and how it rests beside a training."""

from __future__ import annotations

from collections.abc import Iterator
from time import sleep

import pytest
from pytestqt.qtbot import QtBot

from studio.background import threads
from studio.background.threads import LatestThread
from tests.studio.conftest import PATIENCE


@pytest.fixture
def thread() -> Iterator[LatestThread]:
    """Answers a number with the number, after a hundredth of a second."""

    def answer(number: int) -> int:
        sleep(0.01)
        return number

    thread = LatestThread(answer)
    yield thread
    thread.stop()
    thread.wait()


def test_only_the_newest_request_of_a_slot_is_answered(qtbot: QtBot, thread: LatestThread) -> None:
    answers: list[tuple[str, int]] = []
    thread.answered.connect(lambda slot, _request, answer: answers.append((slot, answer)))
    for number in range(1000):
        thread.ask("image", number)
    thread.ask("strip", 7)
    thread.start()
    qtbot.waitUntil(lambda: ("strip", 7) in answers, timeout=PATIENCE)
    assert answers == [("image", 999), ("strip", 7)]


def test_beside_a_training_it_rests_until_it_may_work_again(
    qtbot: QtBot, thread: LatestThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "LONGEST_REST", PATIENCE)
    thread.set_share(1e-9)
    thread.start()
    with qtbot.waitSignal(thread.answered, timeout=PATIENCE):
        thread.ask("image", 0)
    answers: list[int] = []
    thread.answered.connect(lambda _slot, _request, answer: answers.append(answer))
    for number in range(1, 100):  # all while it rests
        thread.ask("image", number)
    with qtbot.waitSignal(thread.answered, timeout=PATIENCE):
        thread.set_share(1.0)
    assert answers == [99]
