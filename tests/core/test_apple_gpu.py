"""Apple GPUs: every operator that runs on one exists there, for every preset and everything done with a generator."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.checkpoint import Checkpoint
from core.data.dataset import Dataset
from core.evaluation.evaluate import evaluate
from core.evaluation.features import Extractor, build, classifier, inception
from core.evaluation.features.vgg16 import RandomVGG16
from core.events import Images, Measured, Tuned
from core.generator_inputs import fixed
from core.jobs import autotune, privacy_job
from core.latent.request import LatentRequest, Loop, Mix, Point, Square, Walk, to_numbers
from core.latent.sampler import Sampler
from core.monitoring import signals
from core.presets import preset, presets
from core.projection import projector
from core.registry import components
from core.trainer import Trainer
from core.training.clusters import clustered
from tests.core.apple_gpu import DEVICE, AppleGpu, apple_gpu, implemented, installed
from tests.core.tiny import copied, dataset_for, tiny_dataset, tiny_points, tiny_settings
from tests.core.work import all_of

ODD: dict[str, Any] = {"resolution": 16, "grid": "5x3", "device": "mps", "steps": 1}
"""20 x 12 px, which no power of two divides."""
ON_GPU = Tuned("mps", "fp32", "contiguous", {})


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Generator[AppleGpu, None, None]:
    """The machine has an Apple GPU, on which all that is done in the test works."""
    # Every step is watched and every report looks at everything.
    for share in ("STEP_SHARE", "PROBE_SHARE"):
        monkeypatch.setattr(signals, share, math.inf)
    monkeypatch.setattr("core.training.loop.REPORT_SECONDS", 0.0)
    monkeypatch.setattr("core.training.loop.SAMPLE_SECONDS", 0.0)
    with apple_gpu(monkeypatch) as gpu:
        yield gpu
    assert list(gpu.problems) == []


def settings_of(name: str, **values: Any) -> Any:
    settings = tiny_settings(name)
    return settings.changed(device="mps", steps=1, **values) if settings.points else tiny_settings(name, **ODD | values)


def trained(name: str, dataset: Dataset | None = None, **values: Any) -> Trainer:
    settings = settings_of(name, **{"d_steps": 1} | values)
    trainer = Trainer(settings, dataset or dataset_for(settings), ON_GPU)
    for _ in trainer.events():
        pass
    return trainer


# -- what the stand-in tells -----------------------------------------------------------------------------------------


def distances() -> None:
    torch.nn.functional.pdist(torch.randn(4, 3, device=DEVICE))


def doubles() -> None:
    torch.ones(3, device=DEVICE).double()


def pooling() -> None:
    torch.nn.functional.adaptive_avg_pool2d(torch.ones(1, 1, 10, 10).to(DEVICE), 4)


def two_devices() -> None:
    torch.ones(3, device=DEVICE) + torch.ones(3)


def backward() -> None:
    """Operators that only the backward pass calls."""
    torch.nn.functional.pdist(torch.rand(4, 4, device=DEVICE, requires_grad=True)).sum().backward()


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (distances, "_pdist_forward is not implemented"),
        (doubles, "float64"),
        (pooling, "from 10 to 4 pixels"),
        (two_devices, "two devices"),
        (backward, "_pdist_backward is not implemented"),
    ],
)
def test_what_does_not_work_there_is_found(
    work: Callable[[], None], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with apple_gpu(monkeypatch) as gpu:
        work()
    assert any(said in problem for problem in gpu.problems)


def test_tensors_of_the_gpu_are_no_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    with apple_gpu(monkeypatch):
        there = torch.ones(3).to("mps")
        assert there.device == DEVICE
        assert (there + 1).device == there.detach().clone().device == DEVICE
        assert there.cpu().device == torch.device("cpu")
        assert there.cpu().numpy().tolist() == [1, 1, 1]
        with pytest.raises(TypeError, match="numpy"):
            there.numpy()
    assert torch.backends.mps.is_available() or there.device == torch.device("cpu")


def test_the_list_of_operators_is_read_as_torch_means_it() -> None:
    listing = """
- func: one(Tensor self) -> Tensor
  dispatch:
    CPU, MPS, CUDA: one

- func: two.out(Tensor self, *, Tensor(a!) out) -> Tensor(a!)
  structured: True
  dispatch:
    CPU: two_out
    MPS: two_out_mps

- func: two(Tensor self) -> Tensor
  structured_delegate: two.out

- func: three(Tensor self) -> Tensor
  dispatch:
    SparseMPS, CPU: three
"""
    assert implemented(listing) == {"one", "two", "two.out"}
    assert {"add.Tensor", "convolution_overrideable", "native_batch_norm", "_pdist_forward"} & installed() == {
        "add.Tensor",
        "native_batch_norm",
    }


# -- what works there ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", presets())
def test_a_training(name: str, gpu: AppleGpu) -> None:
    trainer = trained(name, d_steps=min(preset(name).apply().d_steps, 2))
    assert any(key.startswith("Signal/diversity") for key in trainer.stats)
    assert "convolution_backward" in gpu.operators or "mm" in gpu.operators or "addmm" in gpu.operators
    checkpoint = copied(trainer.checkpoint())
    trainer.rewind(checkpoint)
    for step in (trainer.step_discriminator, trainer.step_generator):
        step()
    again = Trainer(trainer.settings.changed(steps=2), trainer.dataset, ON_GPU, checkpoint)
    for _ in again.events():
        pass
    sampler = Sampler(again.meta(), again.published(), "mps")
    for request in requests(sampler):
        sampler.render(request)
        sampler.bake(request)
    sampler.render(LatentRequest.of_seeds(range(2)), steady=True)
    sampler.generate(fixed(2, again.settings.latent_dim, sampler.conditions))
    sampler.first_activations(fixed(2, again.settings.latent_dim, sampler.conditions))
    sampler.copy().weights()


def requests(sampler: Sampler) -> list[LatentRequest]:
    """Every kind of request, with styles where there are some."""
    one, other = Point(1, psi=0.7), Point(2, offset=to_numbers(sampler.directions[0]))
    points = [one, other]
    if sampler.style_layers:
        points += [Point(w=(to_numbers(sampler.edited([one])[0]),)), Point(3, mix=Mix(other, 0, 0))]
    return [
        LatentRequest.of(*points[:2]),
        LatentRequest.of(*points[2:] or points),
        LatentRequest(Walk((points[0], points[-1]), easing="smooth"), (0.3, 0.6)),
        LatentRequest(Square((points[0], points[1], points[-1], one)), ((0.3, 0.6),)),
        LatentRequest(Loop(points[-1], 5), (0.1, 0.7)),
    ]


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize(
    ("augment", "condition"), [("diffaug", "auxiliary"), ("ada", "projection"), ("none", "embedding")]
)
def test_augmentation_and_conditions(augment: str, condition: str) -> None:
    values = {"condition": condition, "mirror": True, "codes_continuous": 2, "augment": augment}
    assert_learned_there(trained("dcgan", tiny_dataset(40, classes=2, size=(20, 12)), **values))


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("optimizer", ["adam", "adamw", "rmsprop", "sgd"])
def test_an_optimizer(optimizer: str) -> None:
    assert_learned_there(trained("playground", tiny_points(), optimizer=optimizer))


def assert_learned_there(trainer: Trainer) -> None:
    """Asserts that a training went to its end, and that networks and states of optimizers lie on the GPU."""
    assert trainer.step == trainer.settings.steps
    for network, optimizer in ((trainer.G, trainer.opt_G), (trainer.D, trainer.opt_D)):
        assert {tensor.device for tensor in (*network.parameters(), *optimizer.state().values())} == {DEVICE}


@pytest.mark.usefixtures("gpu")
def test_the_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autotune, "LEAST_SECONDS", 0.0)
    settings = tiny_settings("dcgan", **ODD | {"precision": "auto", "memory_format": "auto"})
    _, tuned = all_of(autotune.trial(settings, dataset_for(settings), DEVICE))
    assert tuned.device == "mps"
    assert len(tuned.rates) > 1


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("name", ["dcgan", "stylegan2_ada", "infogan"])
def test_a_projection(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projector, "CANDIDATES", 8)
    checkpoint = in_main_memory(trained(name).checkpoint())
    height, width = 12, 20
    picture = np.zeros((height, width, 3), np.uint8)
    _, last = all_of(projector.project(checkpoint, picture, steps=4, device="mps"))
    assert last.step == 4


@pytest.mark.usefixtures("gpu")
def test_privacy() -> None:
    dataset = tiny_dataset(220, size=(20, 12))
    checkpoint = in_main_memory(trained("dcgan", dataset, holdout=10).checkpoint())
    _, report = all_of(privacy_job.report_privacy(checkpoint, dataset, "mps"))
    assert 0 <= report.auc <= 1


@pytest.mark.usefixtures("gpu")
def test_clusters() -> None:
    _, dataset = all_of(clustered(tiny_dataset(40, size=(20, 12)), 2, DEVICE))
    assert dataset.classes


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("features", ["vgg16", "classifier"])
def test_an_evaluation(features: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "STEPS", 2)
    dataset = tiny_dataset(40, classes=2, size=(20, 12))
    trainer = trained("cgan", dataset)
    sampler = Sampler(trainer.meta(), trainer.published(), "mps")
    extractor: Extractor = RandomVGG16(DEVICE)
    if features == "classifier":
        _, extractor = all_of(build(features, dataset, DEVICE))
    known = components("evaluation.metrics")
    wanted = [name for name in known if "generation" in known[name].facts["KINDS"]]
    wanted = [name for name in wanted if extractor.classifies or name != "inception_score"]
    _, measured = all_of(evaluate(sampler, dataset, wanted, extractor, 24))
    assert isinstance(measured, Measured)


@pytest.mark.usefixtures("gpu")
def test_inception() -> None:
    with torch.device("meta"):
        shapes = inception._Network().state_dict()
    network = inception._network({name: torch.zeros(value.shape) for name, value in shapes.items()}, Path())
    extractor: Extractor = inception.Inception(network, "", DEVICE)
    images: Images = np.zeros((2, 24, 40, 3), np.uint8)
    assert extractor(images).values.shape == (2, 2048)


def in_main_memory(checkpoint: Checkpoint) -> Checkpoint:
    """As a file is read: nothing of it lies on the GPU."""
    return Checkpoint(checkpoint.meta, {name: tensor.detach().cpu() for name, tensor in checkpoint.tensors.items()})
