"""Points in the plane: the data, what they can be trained with, and what a look at the game says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from core.checkpoint import load
from core.concurrency import run_to_end
from core.config.constraints import refuse_data
from core.config.settings import Settings
from core.data.builtin import toys
from core.data.dataset import Dataset
from core.data.prepare import prepare
from core.errors import UserError
from core.events import Event, Finished, Points, Report, Stepped
from core.generator_inputs import Conditions
from core.imaging.points import EXTENT, FAKE, SIDE, picture, scatter, tint, within
from core.jobs.inspect import describe
from core.jobs.training_job import TrainingJob
from core.latent.request import LatentRequest, Point, Walk
from core.latent.sampler import Sampler
from core.losses import loss
from core.models.conditioning import Judgment, build_pair
from core.monitoring import playground
from core.monitoring.playground import MESH, Playground, checkpoint_snapshot, descent_directions
from core.registry import components
from core.runs.run import Run
from core.trainer import Trainer
from tests.core.tiny import FIXED, copied, differences, tiny_dataset, tiny_settings

RING = "toy:ring8"


def settings_of(**values: Any) -> Settings:
    return tiny_settings("playground", **{"batch": 64, "latent_dim": 2, **values})


def trainer_of(source: str = RING, **values: Any) -> Trainer:
    return Trainer(settings_of(**values), toys.dataset(source), FIXED)


def positions(dataset: Dataset) -> NDArray[np.float64]:
    """In the units of the papers."""
    return dataset.images[:, :, 0, 0].astype(np.float64) / toys.TOYS[dataset.source.partition(":")[2]].scale


def advance(trainer: Trainer, steps: int) -> Trainer:
    events = trainer.events()
    while not (isinstance(event := next(events), Stepped) and event.step == steps):
        pass
    events.close()
    return trainer


def snapshot_of(trainer: Trainer) -> Points:
    shown = trainer.snapshot()
    assert isinstance(shown, Points)
    return shown


# -- data ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", toys.TOYS)
def test_every_toy_is_points_of_unit_size(name: str) -> None:
    dataset = run_to_end(prepare(f"toy:{name}"))
    assert dataset.points
    assert dataset.size == (1, 1)
    assert dataset.images.shape == (10_000, 2, 1, 1)
    assert dataset.images.dtype == np.float32
    assert 0.6 < np.abs(dataset.images).max() <= 1
    assert np.abs(dataset.images[:].mean(0)).max() < 0.15
    assert (dataset.labels is None) == (dataset.classes == ())
    with pytest.raises(ValueError, match="read-only"):
        dataset.images[:][0] = 0


@pytest.mark.parametrize(
    ("name", "modes", "sigma", "center"),
    [
        ("ring8", 8, 0.02, lambda k: 2 * np.array([np.cos(k * np.pi / 4), np.sin(k * np.pi / 4)])),
        ("grid25", 25, 0.05, lambda k: np.array([2 * (k % 5) - 4, 2 * (k // 5) - 4])),
    ],
)
def test_gaussians_stand_where_the_papers_have_them(
    name: str, modes: int, sigma: float, center: Callable[[int], NDArray[np.float64]]
) -> None:
    dataset = toys.dataset(f"toy:{name}")
    assert dataset.labels is not None
    assert len(dataset.classes) == modes
    points = positions(dataset)
    for mode in range(modes):
        own = points[dataset.labels == mode]
        assert len(own) == 10_000 / modes
        assert np.abs(own.mean(0) - center(mode)).max() < 6 * sigma / len(own) ** 0.5
        assert own.std(0) == pytest.approx([sigma, sigma], rel=0.15)


def test_moons_and_spiral_lie_along_their_curves() -> None:
    moons = toys.dataset("toy:moons")
    assert moons.labels is not None
    for label, sign in ((0, 1.0), (1, -1.0)):
        half = sign * positions(moons)[moons.labels == label] + (0.5, 0.25)
        distance = np.hypot(*half.T) - 1.0
        assert abs(distance.mean()) < 0.01
        assert distance.std() == pytest.approx(0.05, rel=0.1)
        assert half[:, 1].min() > -0.25
    spiral = positions(toys.dataset("toy:spiral"))
    radius, angle = np.hypot(*spiral.T), np.arctan2(spiral[:, 1], spiral[:, 0])
    far = radius > 0.2  # near the middle noise turns the angle
    turns = (2 * radius[far] - angle[far] / (2 * np.pi) + 0.5) % 1 - 0.5
    assert np.abs(turns).mean() < 0.06


def test_the_same_points_everywhere() -> None:
    one, other = toys.dataset(RING), toys.dataset(RING)
    assert np.array_equal(one.images, other.images)
    assert one.fingerprint == other.fingerprint
    assert one.fingerprint != toys.dataset("toy:moons").fingerprint
    assert one.images[:2, :, 0, 0] == pytest.approx(np.array([[0.0035, 0.7913], [0.0056, 0.7982]]), abs=1e-4)


def test_a_sheet_is_one_picture_of_all() -> None:
    sheet = toys.dataset(RING).sheet(100, seed=3)
    assert sheet.shape == (1, 512, 512, 3)
    assert sheet.dtype == np.uint8
    assert (sheet < 128).any()
    assert (sheet == 255).all(3).mean() > 0.9


def test_an_unknown_toy_is_answered_with_those_there_are() -> None:
    with pytest.raises(UserError, match="'ring9'") as caught:
        run_to_end(prepare("toy:ring9"))
    assert all(f"toy:{name}" in caught.value.remedy for name in toys.TOYS)


def test_facts_of_a_toy() -> None:
    facts = describe(RING)
    assert facts["points"] == 10_000
    assert facts["classes"]["mode 7"] == 1250
    assert "suggested_resolution" not in facts


# -- what goes together ----------------------------------------------------------------------------------------------


def test_points_and_images_are_refused_by_each_others_networks() -> None:
    with pytest.raises(UserError, match="makes images") as caught:
        Trainer(tiny_settings("dcgan"), toys.dataset(RING), FIXED)
    assert "playground" in caught.value.remedy
    with pytest.raises(UserError, match="makes 2-D points") as caught:
        Trainer(settings_of(batch=8), tiny_dataset(), FIXED)
    assert "toy:ring8" in caught.value.remedy
    with pytest.raises(UserError, match="these points have none"):
        refuse_data(settings_of(condition="concat"), 0, points=True)


def test_images_are_refused_before_they_are_read(tmp_path: Path, pictures: Path) -> None:
    events = TrainingJob(settings_of(), str(pictures), out=tmp_path / "run").events()
    with pytest.raises(UserError, match="makes 2-D points"):
        next(events)
    assert not (tmp_path / "run").exists()


def test_points_are_not_augmented() -> None:
    with pytest.raises(UserError, match="makes points"):
        settings_of(augment="diffaug")


def test_a_network_of_points_has_one_pixel_whatever_the_resolution_says() -> None:
    assert settings_of(resolution=256).size == (1, 1)


# -- training --------------------------------------------------------------------------------------------------------


def test_a_run_of_points(tmp_path: Path) -> None:
    training = TrainingJob(settings_of(steps=30), RING, out=tmp_path / "run")
    events: list[Event] = list(training.events())
    shown = [event for event in events if isinstance(event, Points)]
    assert [shown[0].step, shown[-1].step] == [0, 30]
    assert any(isinstance(event, Report) for event in events)
    assert any(isinstance(event, Finished) for event in events)
    run = Run(tmp_path / "run")
    for path in (run.folder / "reals.png", *run.samples()):
        with Image.open(path) as image:
            assert image.mode == "RGB"
    checkpoint = load(run.checkpoints()[-1])
    assert checkpoint.tensors["preview"].shape == (SIDE, SIDE, 3)
    assert np.array_equal(checkpoint_snapshot(checkpoint, toys.dataset(RING)).fake, shown[-1].fake)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"d_norm": "batch"},
        {"condition": "projection", "spectral_norm": True},
        {"codes_categorical": 3, "codes_continuous": 1},
        {"loss": "wasserstein", "gradient_penalty": 1.0, "d_steps": 2, "mirror": True, "instance_noise": 0.1},
    ],
)
def test_resuming_is_bit_identical(values: dict[str, Any]) -> None:
    whole = copied(advance(trainer_of(**values), 6).checkpoint())
    half = copied(advance(trainer_of(**values), 3).checkpoint())
    torch.manual_seed(99)
    resumed = Trainer(settings_of(**values), toys.dataset(RING), FIXED, half)
    assert not differences(advance(resumed, 6).checkpoint(), whole)


@pytest.mark.parametrize("values", [{}, {"d_norm": "batch", "spectral_norm": True}])
def test_looking_changes_nothing(values: dict[str, Any]) -> None:
    unseen = copied(advance(trainer_of(**values), 4).checkpoint())
    trainer = trainer_of(**values)
    for event in trainer.events():
        trainer.snapshot()
        trainer.render()
        if isinstance(event, Stepped) and event.step == 4:
            break
    assert not differences(trainer.checkpoint(), unseen)


def test_one_step_moves_one_network() -> None:
    trainer = advance(trainer_of(), 2)
    before = copied(trainer.checkpoint())
    seen = trainer.step_discriminator()
    assert isinstance(seen, Points)
    assert trainer.step == 2
    after = copied(trainer.checkpoint())
    moved = {name.split(".")[0] for name in differences(before, after)}
    assert "D" in moved
    assert not moved & {"G", "G_ema", "opt_G"}
    seen = trainer.step_generator()
    assert seen.step == trainer.step == 3
    moved = {name.split(".")[0] for name in differences(after, trainer.checkpoint())}
    assert moved >= {"G", "G_ema"}
    assert not moved & {"D", "opt_D"}


def test_a_step_of_the_discriminator_alone_is_saved_too(tmp_path: Path) -> None:
    trainer = advance(trainer_of(), 2)
    run = Run.begin(tmp_path / "run", trainer)
    trainer.step_discriminator()
    saved = load(run.save(trainer).path)
    assert saved.meta.images == trainer.images
    assert not differences(saved, trainer.checkpoint()) - {"preview"}


def test_single_steps_wait_for_the_training_to_begin(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not begun"):
        TrainingJob(settings_of(), RING, out=tmp_path / "run").single_step("D")


def test_training_leaves_the_number_of_threads_as_it_was() -> None:
    before = torch.get_num_threads()
    advance(trainer_of(), 1)
    assert torch.get_num_threads() == before


# -- what is seen ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "values"),
    [(RING, {}), ("toy:spiral", {"loss": "hinge"}), ("toy:moons", {"condition": "concat", "loss": "wasserstein"})],
)
def test_a_look(source: str, values: dict[str, Any]) -> None:
    seen = snapshot_of(advance(trainer_of(source, **values), 3))
    assert seen.step == 3
    assert seen.real.shape == seen.fake.shape == (1000, 2)
    assert seen.surface.shape == (MESH, MESH)
    assert seen.arrows.shape == (64, 4)
    assert {array.dtype for array in (seen.real, seen.fake, seen.surface, seen.arrows)} == {np.dtype(np.float32)}
    assert 0 <= seen.surface.min() < seen.surface.max() <= 1
    assert np.array_equal(seen.arrows[:, :2], seen.fake[:64])
    norms = np.linalg.norm(seen.arrows[:, 2:], axis=1)
    assert 0 < norms.max() <= 1.5 * playground.REACH + 1e-5


class _Slope(torch.nn.Module):
    """Finds a point the more real the further it lies up."""

    def forward(self, points: torch.Tensor, classes: torch.Tensor) -> Judgment:
        none = points.new_empty(len(points), 0)
        return Judgment(5.0 * points[:, 1, 0, 0], none, none)


def test_the_surface_has_its_top_row_first() -> None:
    settings = settings_of()
    G, _ = build_pair(settings, 2, Conditions())
    seen = Playground(settings, toys.dataset(RING), torch.device("cpu")).snapshot(
        G, _Slope(), loss("non_saturating"), 0
    )
    assert (np.diff(seen.surface[:, 0]) < 0).all()
    assert np.ptp(seen.surface[0]) < 1e-6
    assert seen.surface[0, 0] == pytest.approx(1 / (1 + np.exp(-5 * EXTENT * (1 - 1 / MESH))), abs=1e-5)
    assert np.abs(seen.arrows[:, 2]).max() < 1e-6
    assert (seen.arrows[:, 3] > 0).all()


@pytest.mark.parametrize("name", components("losses"))
def test_arrows_point_down_the_generators_loss(name: str) -> None:
    trainer = advance(trainer_of(loss=name), 5)
    found, D, seen = loss(name), trainer.D.double().eval(), snapshot_of(advance(trainer_of(loss=name), 5))
    fake = torch.from_numpy(seen.fake[:64]).double()
    real = torch.from_numpy(seen.real[:64]).double()[:, :, None, None]
    none = torch.zeros(64, 0)
    real_logits = D(real, none).logits.detach()

    def objective(points: torch.Tensor) -> float:
        return float(found.generator(real_logits, D(points[:, :, None, None], none).logits))

    downhill = descent_directions(D, found, fake[:, :, None, None], none, real_logits)
    for point in range(0, 64, 13):
        for axis in (0, 1):
            nudge = torch.zeros_like(fake)
            nudge[point, axis] = 1e-6
            slope = (objective(fake + nudge) - objective(fake - nudge)) / 2e-6
            assert -float(downhill[point, axis]) == pytest.approx(slope, rel=1e-3, abs=1e-8)
    assert objective(fake + 1e-3 * torch.from_numpy(seen.arrows[:, 2:])) < objective(fake)


# -- pictures --------------------------------------------------------------------------------------------------------


def test_the_tints_ends_and_middle() -> None:
    values = np.array([[0.0, 0.5, 1.0]], np.float32)
    low, middle, high = tint(values, (0, 0, 100), (200, 200, 200), (100, 0, 0))[0].tolist()
    assert middle == [200, 200, 200]
    assert low == [110, 110, 155]
    assert high == [155, 110, 110]


def test_a_picture_stands_points_of_any_kind() -> None:
    seen = snapshot_of(trainer_of())
    wild = seen.fake.copy()
    wild[:3, 0] = np.nan, np.inf, 50
    arrows = seen.arrows.copy()
    arrows[0] = np.nan
    image = picture(Points(seen.step, seen.real, wild, seen.surface, seen.extent, arrows))
    assert image.shape == (SIDE, SIDE, 3)
    assert image.dtype == np.uint8
    assert within(wild, EXTENT)[:4].tolist() == [False, False, False, True]


def test_up_is_up_in_a_picture() -> None:
    rows, columns = np.nonzero((scatter(np.array([[0.65, 0.65]], np.float32), FAKE) == FAKE).all(2))
    assert rows.mean() == pytest.approx(0.25 * SIDE, abs=1.5)
    assert columns.mean() == pytest.approx(0.75 * SIDE, abs=1.5)


def test_a_sampler_draws_each_point_as_a_dot() -> None:
    trainer = advance(trainer_of(), 3)
    sampler = Sampler(trainer.meta(), trainer.published(), "cpu")
    images = sampler.render(LatentRequest(Walk((Point(0), Point(1))), (0.0, 0.5, 1.0)))
    assert images.shape[0] == 3
    assert images.shape[3] == 3
    assert all((image < 255).any() for image in images)
    assert not np.array_equal(images[0], images[2])
