"""Full memory, of whatever device: what has to be kept is kept, and what does not fit is left out or done in parts."""

from __future__ import annotations

import weakref
from pathlib import Path

import numpy as np
import pytest
import torch

from core.cli.main import main
from core.devices.memory import (
    BatchLimit,
    OutOfMemoryError,
    empty_cache,
    enough_memory,
    is_out_of_memory,
    left_out_if_full,
)
from core.errors import UserError
from core.evaluation.evaluate import evaluate
from core.evaluation.features import Features
from core.events import Finished, Images, Notice, Report, Samples
from core.generator_inputs import fixed
from core.jobs import autotune
from core.latent.request import LatentRequest
from core.latent.sampler import Sampler
from core.monitoring import signals
from core.projection.projector import project
from core.training.loop import NO_PROBE, NO_SAMPLES
from tests.core.scarce_memory import FULL, evaluates, memory_for
from tests.core.tiny import (
    copied,
    dataset_for,
    differences,
    events_of,
    finished,
    tiny_dataset,
    tiny_settings,
    tiny_trainer,
)
from tests.core.work import all_of

CPU = torch.device("cpu")


@pytest.mark.parametrize("error", FULL, ids=str)
def test_a_full_memory_is_recognized(error: BaseException) -> None:
    assert is_out_of_memory(error)
    with pytest.raises(OutOfMemoryError, match="No memory for tea") as caught, enough_memory("No memory for tea."):
        raise error
    assert caught.value.remedy
    assert caught.value.details == str(error)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("cuDNN error: CUDNN_STATUS_NOT_SUPPORTED"),
        RuntimeError("CUDA error: an illegal memory access was encountered"),
        RuntimeError("mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"),
        ValueError("out of memory"),
        UserError("There is no memory of it.", "Remember."),
    ],
    ids=str,
)
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    assert not is_out_of_memory(error)
    with pytest.raises(type(error)) as caught, enough_memory("No memory for tea."), left_out_if_full(CPU):
        raise error
    assert caught.value is error


def test_what_this_machine_raises() -> None:
    for allocate in (lambda: torch.empty(2**58), lambda: np.empty(2**58)):
        with pytest.raises(OutOfMemoryError), enough_memory("No memory for so many numbers.", device=CPU):
            allocate()


def test_what_did_not_fit_is_free_before_anything_else_is_done() -> None:
    held: list[weakref.ref[torch.Tensor]] = []

    def work() -> None:
        large = torch.zeros(10)
        held.append(weakref.ref(large))
        raise FULL[0]

    with pytest.raises(OutOfMemoryError), enough_memory("No memory for it."):
        work()
    with left_out_if_full(CPU):
        work()
    assert len(held) == 2
    assert not any(reference() is not None for reference in held)


def test_caches_are_emptied_by_the_kind_of_device(monkeypatch: pytest.MonkeyPatch) -> None:
    emptied: list[str] = []
    for name in ("cuda", "xpu", "mps"):
        monkeypatch.setattr(getattr(torch, name), "empty_cache", lambda name=name: emptied.append(name))
    for name in ("cuda:1", "xpu", "mps", "cpu"):
        empty_cache(torch.device(name))
    assert emptied == ["cuda", "xpu", "mps"]


def test_rows_are_halved_down_to_one() -> None:
    tried: list[int] = []

    def work(most: int, at_once: int) -> int:
        tried.append(at_once)
        if at_once > most:
            raise FULL[3]
        return at_once

    limit = BatchLimit(13, CPU)
    assert limit.run(lambda at_once: work(3, at_once), "No memory for a row.") == 3
    assert limit.run(lambda at_once: work(9, at_once), "No memory for a row.") == 3
    assert tried == [13, 6, 3, 3]
    limit.reset()
    assert limit.at_once == 13
    with pytest.raises(OutOfMemoryError, match="No memory for a row"):
        limit.run(lambda at_once: work(0, at_once), "No memory for a row.")
    assert tried[-4:] == [13, 6, 3, 1]


# -- a training ------------------------------------------------------------------------------------------------------


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step is reported, with everything, and shown."""
    monkeypatch.setattr(signals, "PROBE_SHARE", float("inf"))
    monkeypatch.setattr("core.training.loop.REPORT_SECONDS", 0.0)
    monkeypatch.setattr("core.training.loop.SAMPLE_SECONDS", 0.0)
    monkeypatch.setattr("core.training.loop.SAMPLE_SHARE", 1e9)


@pytest.mark.usefixtures("told")
def test_a_grid_that_does_not_fit_is_made_in_parts() -> None:
    usual = [event for event in events_of(tiny_trainer("dcgan", steps=3)) if isinstance(event, Samples)]
    with memory_for(2, only=evaluates):
        events = events_of(tiny_trainer("dcgan", steps=3))
    found = [event for event in events if isinstance(event, Samples)]
    assert [event.step for event in found] == [event.step for event in usual]
    for one, other in zip(found, usual, strict=True):
        assert np.abs(one.images.astype(int) - other.images).max() <= 1


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("error", [FULL[0], FULL[3], FULL[5]], ids=str)
def test_a_training_goes_on_where_nothing_can_be_looked_at(error: BaseException) -> None:
    usual = finished(tiny_trainer("dcgan", steps=3))
    trainer = tiny_trainer("dcgan", steps=3)
    with memory_for(0, error, only=evaluates):
        events = events_of(trainer)
        checkpoint = copied(trainer.checkpoint())
    assert isinstance(events[-1], Finished)
    assert [event.text for event in events if isinstance(event, Notice)] == [NO_SAMPLES, NO_PROBE]
    reports = [event for event in events if isinstance(event, Report)]
    assert len(reports) == 3
    assert all("Loss/D/loss" in report.stats and "Signal/diversity" not in report.stats for report in reports)
    assert differences(checkpoint, usual.checkpoint()) == {"preview"}
    # And as soon as there is memory again, all is as it was.
    assert not differences(trainer.checkpoint(), usual.checkpoint())


# -- what is done with a generator -----------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["dcgan", "stylegan2_ada"])
def sampler(request: pytest.FixtureRequest) -> Sampler:
    trainer = finished(tiny_trainer(request.param, steps=2))
    return Sampler(trainer.meta(), trainer.published(), "cpu")


def test_images_are_generated_as_many_at_once_as_fit(sampler: Sampler) -> None:
    sampler = sampler.copy()
    request, drawn = LatentRequest.of_seeds(range(20)), fixed(20, 8, sampler.conditions)
    usual = sampler.render(request), sampler.generate(drawn), sampler.first_activations(drawn)
    with memory_for(5):
        scarce = sampler.render(request), sampler.generate(drawn), sampler.first_activations(drawn)
        one = sampler.render(LatentRequest.of_seeds([7]), steady=True)
        steady = sampler.render(request, steady=True)
    for found, other in zip(scarce[:2], usual[:2], strict=True):
        assert np.abs(found.astype(int) - other).max() <= 1
    assert np.allclose(scarce[2], usual[2], atol=1e-5)
    assert np.array_equal(steady[7:8], one)


def test_no_memory_for_one_image_is_said_with_a_remedy(sampler: Sampler) -> None:
    sampler = sampler.copy()
    with memory_for(0), pytest.raises(OutOfMemoryError, match="for an image of 16 x 16 px") as caught:
        sampler.render(LatentRequest.of_seeds(range(3)))
    assert "training" in caught.value.remedy


class Averages:
    """Features that cost nothing, with memory for at most so many images."""

    name, key, at_once, classifies = "averages", "averages", 16, False

    def __init__(self, most: int = 16) -> None:
        self._most = most

    def __call__(self, images: Images) -> Features:
        if len(images) > self._most:
            raise RuntimeError(*FULL[3].args)
        return Features(images.mean((1, 2), dtype=np.float32), None)


def test_an_evaluation_takes_what_memory_there_is(sampler: Sampler, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, sampler = tiny_dataset(24), sampler.copy()
    extractor = Averages()
    _, usual = all_of(evaluate(sampler, dataset, ["density_coverage"], extractor, 24))
    with memory_for(3):
        _, found = all_of(evaluate(sampler, dataset, ["density_coverage"], Averages(most=3), 24))
    assert found.values == pytest.approx(usual.values, abs=1e-4)
    monkeypatch.setattr("core.evaluation.metrics.density_coverage.share", lambda _: np.empty(2**58))
    with pytest.raises(OutOfMemoryError, match="to measure the images"):
        all_of(evaluate(sampler, dataset, ["density_coverage"], extractor, 24))


def test_a_projection_says_so() -> None:
    checkpoint = finished(tiny_trainer("dcgan", steps=1)).checkpoint()
    picture = np.zeros((16, 16, 3), np.uint8)
    with memory_for(0), pytest.raises(OutOfMemoryError, match="to project this image"):
        all_of(project(checkpoint, picture, steps=1, device="cpu"))


def test_a_command_says_so(finished_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with memory_for(0):
        code = main(
            ["generate", str(finished_checkpoint), "--out", str(tmp_path / "out"), "--seeds", "0", "--device", "cpu"]
        )
    assert code == 2
    assert "not enough memory for an image of 16 x 16 px" in capsys.readouterr().err


# -- the trial -------------------------------------------------------------------------------------------------------


def test_a_candidate_that_does_not_fit_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autotune, "LEAST_SECONDS", 0.0)
    settings = tiny_settings("dcgan", precision="fp32", memory_format="auto")

    def has_planes(layer: torch.nn.Module) -> bool:
        weight = layer.weight
        assert isinstance(weight, torch.Tensor)
        return weight.dim() == 4 and not weight.is_contiguous(memory_format=torch.channels_last)

    with memory_for(0, only=has_planes):
        _, tuned = all_of(autotune.trial(settings, dataset_for(settings), CPU))
    assert (tuned.memory_format, set(tuned.rates)) == ("channels_last", {"fp32, channels_last"})
    other = settings.changed(width=16, split_batches=False)
    with memory_for(0), pytest.raises(OutOfMemoryError, match="batch of 8 images at 16 px"):
        all_of(autotune.trial(other, dataset_for(other), CPU))
