"""The service of the Explore workspace: how much of its time the sampler works beside a training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from core.trainer import Trainer
from studio.background.threads import LatestThread
from studio.model.explore import ExploreSource, PublishedWeights
from studio.services.explore.service import BESIDE_TRAINING, BESIDE_TRAINING_ON_GPU, ExploreService
from tests.core.tiny import tiny_trainer
from tests.studio.conftest import PATIENCE


@pytest.fixture
def shares(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Shares in the order in which they were set, without repetitions."""
    shares = [1.0]
    set_share = LatestThread.set_share

    def record(thread: LatestThread, share: float) -> None:
        if share != shares[-1]:
            shares.append(share)
        set_share(thread, share)

    monkeypatch.setattr(LatestThread, "set_share", record)
    return shares


@pytest.fixture
def service(shares: list[float]) -> Iterator[ExploreService]:
    service = ExploreService()
    service.start()
    yield service
    service.shutdown()


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    return tiny_trainer("gan")


def explored(qtbot: QtBot, service: ExploreService, trainer: Trainer) -> None:
    with qtbot.waitSignal(service.source_changed, timeout=PATIENCE):
        service.load(PublishedWeights(trainer.meta(), trainer.published(), None, "cpu"))


def test_on_the_cpu_a_training_hardly_feels_the_sampler(
    qtbot: QtBot, service: ExploreService, shares: list[float], trainer: Trainer
) -> None:
    service.yield_to_training(True)
    explored(qtbot, service, trainer)
    service.yield_to_training(False)
    assert shares == [1.0, BESIDE_TRAINING, 1.0]
    assert BESIDE_TRAINING < 0.05


def test_on_a_gpu_it_answers_60_times_a_second(
    qtbot: QtBot,
    service: ExploreService,
    shares: list[float],
    trainer: Trainer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load = service.engine.load

    def load_on_gpu(weights: PublishedWeights) -> ExploreSource:
        source = load(weights)
        assert isinstance(source, ExploreSource)
        return replace(source, device="cuda")

    monkeypatch.setattr(service.engine, "load", load_on_gpu)
    service.yield_to_training(True)
    explored(qtbot, service, trainer)
    assert shares == [1.0, BESIDE_TRAINING, BESIDE_TRAINING_ON_GPU]
    worked = 0.008
    assert worked / BESIDE_TRAINING_ON_GPU <= 1 / 60
    monkeypatch.undo()


def test_a_source_says_where_it_is(qtbot: QtBot, service: ExploreService, trainer: Trainer) -> None:
    with qtbot.waitSignal(service.source_changed, timeout=PATIENCE) as caught:
        service.load(PublishedWeights(trainer.meta(), trainer.published(), None, "cpu"))
    assert caught.args is not None
    assert caught.args[0].device == "cpu"
