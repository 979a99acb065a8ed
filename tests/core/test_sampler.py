"""The sampler: the trainer's own images for the same seeds, and directions that mean something."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.modules.module import register_module_forward_pre_hook

from core.checkpoint import load
from core.concurrency import run_to_end
from core.devices.stream import priority_stream
from core.errors import UserError
from core.events import Images, Stepped
from core.generator_inputs import fixed, seed_class, seed_codes
from core.imaging.tensors import from_pixels, to_images
from core.latent.directions import principal
from core.latent.explore_state import Edit
from core.latent.request import LatentRequest, Loop, Mix, Point, Square, Walk
from core.latent.sampler import CHUNK, Sampler
from core.models.conditioning import ConditionalGenerator
from core.trainer import Trainer
from tests.core.tiny import CLASSES, IMAGE_PRESETS, finished, tiny_trainer

REQUEST = LatentRequest.of_seeds(range(4))
"""Images that the trainer renders."""


@pytest.fixture(scope="module", params=IMAGE_PRESETS)
def trainer(request: pytest.FixtureRequest) -> Trainer:
    trainer = finished(tiny_trainer(request.param, steps=4, latent_dim=24))
    if np.ptp(trainer.render()) < 100:  # four steps give plain gray, in which nothing can be told apart
        for parameter in trainer.G_ema.parameters():
            if parameter.ndim > 1:
                parameter.mul_(8)
    return trainer


@pytest.fixture(scope="module")
def sampler(trainer: Trainer) -> Sampler:
    return Sampler(trainer.meta(), trainer.published(), "cpu")


def distance(one: Images, other: Images) -> int:
    """The largest difference of two pixels: other batch sizes may round differently, by one."""
    assert one.shape == other.shape
    return int(np.abs(one.astype(int) - other.astype(int)).max())


# -- images ----------------------------------------------------------------------------------------------------------


def test_image_k_is_that_of_seed_k(trainer: Trainer, sampler: Sampler) -> None:
    if trainer.conditions.columns:
        pytest.skip("its grid has a column for each class or category")
    images = trainer.render()
    assert np.array_equal(sampler.render(REQUEST), images)
    assert distance(images[:1], images[1:2]) > 20
    for seed in range(4):
        assert distance(sampler.render(LatentRequest.of(Point(seed)))[0], images[seed]) <= 1


@pytest.mark.parametrize("name", ["cgan", "infogan"])
def test_a_column_is_a_class_or_a_category(name: str) -> None:
    trainer = finished(tiny_trainer(name, steps=3, samples=24))
    sampler, columns = Sampler(trainer.meta(), trainer.published(), "cpu"), trainer.conditions.columns
    images = trainer.render()
    assert len(images) == 24 // columns * columns
    for index in (0, 1, columns, 2 * columns - 1):
        row, column = divmod(index, columns)
        shares = tuple(np.eye(columns)[column].tolist())
        asked = Point(row, classes=shares)
        if name == "infogan":
            continuous = seed_codes(row, trainer.conditions)[columns:].tolist()
            asked = Point(row, codes=(*shares, *continuous))
        assert distance(sampler.render(LatentRequest.of(asked))[0], images[index]) <= 1


def test_a_file_renders_as_the_training_did(finished_checkpoint: Path, finished_run: Path) -> None:
    sampler = Sampler.open(finished_checkpoint, "cpu")
    sheet = sampler.render(REQUEST).reshape(2, 2, 16, 16, 3).swapaxes(1, 2).reshape(32, 32, 3)
    assert np.array_equal(sheet, load(finished_checkpoint).tensors["preview"].numpy())


def test_more_images_than_fit_into_one_chunk(sampler: Sampler) -> None:
    count = CHUNK + 3
    images = sampler.render(LatentRequest.of_seeds(range(count)))
    assert images.shape == (count, 16, 16, 3)
    assert images.dtype == np.uint8
    assert distance(images[-1], sampler.render(LatentRequest.of(Point(count - 1)))[0]) <= 1


def test_rendering_is_repeatable_whatever_else_draws_random_numbers(sampler: Sampler) -> None:
    request = LatentRequest(Walk((Point(5, psi=0.8), Point(9))), (0.0, 0.25, 1.0))
    torch.manual_seed(1)
    images = sampler.render(request)
    torch.manual_seed(2)
    state = torch.get_rng_state()
    assert np.array_equal(sampler.render(request), images)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_new_sampler_draws_no_random_numbers() -> None:
    # Which a training may be drawing from, in another thread.
    trainer = tiny_trainer("dcgan", d_norm="none", spectral_norm=True, condition="projection", codes_categorical=2)
    state = torch.get_rng_state()
    Sampler(trainer.meta(), trainer.published(), "cpu").copy()
    assert torch.equal(torch.get_rng_state(), state)


def test_no_truncation_left_is_one_mean_image(trainer: Trainer, sampler: Sampler) -> None:
    # Of one class and one code, which truncation leaves alone.
    conditions = trainer.conditions
    classes, codes = (tuple(map(float, part(0, conditions))) for part in (seed_class, seed_codes))
    images = sampler.render(
        LatentRequest.of(*(Point(seed, psi=0.0, classes=classes, codes=codes) for seed in range(3)))
    )
    assert distance(images[0], images[1]) == distance(images[0], images[2]) == 0


def test_floats_become_bytes() -> None:
    values = torch.tensor([-1.0, 1.0, 0.0, -7.0, 7.0, 1 / 127.5]).reshape(1, 1, 2, 3)
    images = to_images(values)
    assert images.shape == (1, 2, 3, 1)
    assert images.flatten().tolist() == [0, 255, 128, 0, 255, 128]
    every = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    assert to_images(from_pixels(every)).flatten().tolist() == list(range(256))
    assert from_pixels(values) is values  # the coordinates of points


@pytest.mark.parametrize("condition", ["concat", "embedding", "projection", "auxiliary"])
def test_classes_can_be_asked_for_and_mixed(condition: str) -> None:
    trainer = finished(tiny_trainer("gan", condition=condition, codes_continuous=2, steps=3))
    for parameter in trainer.G_ema.parameters():
        if parameter.ndim > 1:
            parameter.mul_(3)
    sampler = Sampler(trainer.meta(), trainer.published(), "cpu")

    def asked(*classes: float, codes: tuple[float, ...] = (0.5, -0.5)) -> Images:
        return sampler.render(LatentRequest.of(Point(1, classes=classes, codes=codes)))

    first, second, mixed = asked(1, 0, 0), asked(0, 1, 0), asked(0.5, 0.5, 0)
    assert distance(first, second) > 5
    assert distance(first, mixed) > 0
    assert distance(second, mixed) > 0
    assert distance(first, asked(1, 0, 0, codes=(-1.0, 1.0))) > 5
    # Seed 1 is of class 1 and has codes of its own, unless told otherwise.
    own = seed_codes(1, trainer.conditions)
    assert seed_class(1, trainer.conditions).tolist() == [0, 1, 0]
    assert np.array_equal(
        sampler.render(LatentRequest.of(Point(1))), asked(0, 1, 0, codes=tuple(map(float, own.tolist())))
    )
    assert len(seed_class(0, trainer.conditions)) == CLASSES


@pytest.mark.parametrize("count", [1, 3, 8, 11])
def test_steady_images_do_not_depend_on_what_is_asked_for_beside_them(sampler: Sampler, count: int) -> None:
    images = sampler.render(LatentRequest.of_seeds(range(count)), steady=True)
    assert images.shape[0] == count
    assert distance(images, sampler.render(LatentRequest.of_seeds(range(count)))) <= 1
    for seed in range(count):
        assert np.array_equal(sampler.render(LatentRequest.of(Point(seed)), steady=True)[0], images[seed])


@pytest.mark.parametrize("kind", ["cuda", "xpu"])
def test_a_gpu_has_a_stream_that_goes_first(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[torch.device, int]] = []
    entered: list[object] = []

    def stream(device: torch.device, priority: int) -> str:
        made.append((device, priority))
        return f"stream {len(made)}"

    def enter(stream: object) -> nullcontext[None]:
        entered.append(stream)
        return nullcontext()

    monkeypatch.setattr(getattr(torch, kind), "Stream", stream)
    monkeypatch.setattr(getattr(torch, kind), "stream", enter)
    device = torch.device(kind, 1)
    on_stream = priority_stream(device)
    for _ in range(2):
        with on_stream():
            pass
    assert (made, entered) == ([(device, -1)], ["stream 1", "stream 1"])
    assert isinstance(priority_stream(torch.device("cpu"))(), nullcontext)
    assert isinstance(priority_stream(torch.device("mps"))(), nullcontext)


@pytest.mark.parametrize("name", ["dcgan", "stylegan2_ada"])
def test_all_work_is_done_on_that_stream(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    depth, layers = 0, 0

    @contextmanager
    def on_stream() -> Iterator[None]:
        nonlocal depth
        depth += 1
        yield
        depth -= 1

    def look(layer: torch.nn.Module, _inputs: object) -> None:
        nonlocal layers
        if next(layer.parameters(), torch.empty(0, device="meta")).device.type != "meta":  # built without memory
            layers += 1
            assert depth

    trainer = finished(tiny_trainer(name, steps=1))
    monkeypatch.setattr("core.latent.sampler.priority_stream", lambda device: on_stream)
    handle = register_module_forward_pre_hook(look)
    try:
        sampler = Sampler(trainer.meta(), trainer.published(), "cpu")
        drawn = fixed(3, 8, sampler.conditions)
        calls: list[Callable[[], object]] = [
            partial(sampler.render, REQUEST),
            partial(sampler.generate, drawn),
            partial(sampler.first_activations, drawn),
        ]
        if sampler.style_layers:
            mixed = LatentRequest(Walk((Point(1), Point(1, mix=Mix(Point(2), 0, 0)))), (0.5,))
            calls += [partial(call, mixed) for call in (sampler.bake, sampler.resolve)]
            calls += [partial(sampler.edited, [Point(1)])]
        for call in calls:
            before = layers
            call()
            assert layers > before
    finally:
        handle.remove()
    assert depth == 0


# -- points of their own ---------------------------------------------------------------------------------------------

TRAJECTORIES = [
    LatentRequest(Walk((Point(5, psi=0.8), Point(9))), (0.4,)),
    LatentRequest(Square((Point(5), Point(9), Point(1), Point(2, psi=0.5))), ((0.3, 0.9),)),
    LatentRequest(Loop(Point(5, psi=0.9), 7), (0.3,)),
]


@pytest.mark.parametrize("request_", TRAJECTORIES)
def test_a_position_becomes_a_point(sampler: Sampler, request_: LatentRequest) -> None:
    point = sampler.bake(request_)
    assert point.offset == ()
    assert distance(sampler.render(LatentRequest.of(point)), sampler.render(request_)) <= 1
    assert sampler.bake(LatentRequest.of(Point(3), Point(4)).part(1, 2)) == Point(4)
    moved = Point(9, offset=tuple(sampler.directions[0].tolist()))
    assert len(sampler.bake(LatentRequest(Walk((Point(5), moved)), (0.5,))).offset) == sampler.directions.shape[1]


def test_edits_move_images(sampler: Sampler) -> None:
    first, last = sampler.directions[0], sampler.directions[-1]
    offset = tuple((2.0 * first - 1.5 * last).tolist())
    plain, moved = Point(3, psi=0.5), Point(3, psi=0.5, offset=offset)
    assert np.allclose(sampler.edited([moved]) - sampler.edited([plain]), offset, atol=1e-5)
    assert distance(*(sampler.render(LatentRequest.of(point)) for point in (plain, moved))) > 20


def test_what_is_made_for_another_generator_is_refused(sampler: Sampler) -> None:
    wrong = [
        Point(z=(1.0, 2.0)),
        Point(offset=(1.0, 2.0)),
        Point(w=((1.0, 2.0), (3.0,))[:1]),
        Point(classes=(1.0,) * 99),
    ]
    for point in wrong:
        with pytest.raises(UserError, match="another generator"):
            sampler.render(LatentRequest.of(point))


# -- styles ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def styled() -> Sampler:
    trainer = finished(tiny_trainer("stylegan2_ada", steps=4, latent_dim=24))
    return Sampler(trainer.meta(), trainer.published(), "cpu")


def one(sampler: Sampler, point: Point) -> Images:
    images: Images = sampler.render(LatentRequest.of(point))[0]
    return images


def test_truncation_leads_to_the_mean_of_the_styles(styled: Sampler) -> None:
    middle = styled.edited([Point(seed, psi=0.0) for seed in range(3)])
    assert np.allclose(middle, middle[0], atol=1e-6)
    many = styled.edited([Point(seed) for seed in range(512)])
    assert np.allclose(many.mean(0), middle[0], atol=1e-5)
    whole, half = styled.edited([Point(3)]), styled.edited([Point(3, psi=0.5)])
    assert np.allclose(half, (whole + middle[0]) / 2, atol=1e-5)
    assert distance(one(styled, Point(3)), one(styled, Point(3, psi=0.5))) > 2


def test_directions_of_styles_are_one_standard_deviation_long(styled: Sampler) -> None:
    w = styled.edited([Point(seed) for seed in range(512)])
    norms = np.linalg.norm(styled.directions, axis=1)
    along = w @ (styled.directions / norms[:, None]).T
    assert np.allclose(along.std(0), norms, rtol=1e-3)


def test_styles_can_be_given_and_mixed(styled: Sampler) -> None:
    assert styled.style_layers > 2
    rows = [tuple(row.tolist()) for row in styled.edited([Point(1), Point(2)])]
    given = Point(w=(rows[0],))
    assert distance(one(styled, given), one(styled, Point(1))) <= 1
    assert distance(one(styled, Point(1, mix=Mix(Point(2), 0, 99))), one(styled, Point(2))) <= 1
    mixed = one(styled, Point(1, mix=Mix(Point(2), 1, 1)))
    by_hand = Point(w=(rows[0], rows[1], *[rows[0]] * (styled.style_layers - 2)))
    assert distance(mixed, one(styled, by_hand)) <= 1
    assert not np.array_equal(mixed, one(styled, Point(1)))


@pytest.mark.parametrize("request_", TRAJECTORIES)
def test_trajectories_through_mixed_points(styled: Sampler, request_: LatentRequest) -> None:
    mixed = Edit(mix=Mix(Point(30), 0, 1)).apply_along(request_.trajectory, ())
    request = LatentRequest(mixed, request_.positions)
    point = styled.bake(request)
    assert len(point.w) == styled.style_layers
    assert distance(one(styled, point), styled.render(request)[0]) <= 1
    assert distance(one(styled, point), styled.render(request_)[0]) > 0


# -- directions ------------------------------------------------------------------------------------------------------


def test_directions_are_the_right_singular_vectors_of_the_first_weight(trainer: Trainer, sampler: Sampler) -> None:
    generator = trainer.G_ema
    assert isinstance(generator, ConditionalGenerator)
    directions = sampler.directions
    weight = generator.first_weight(24).numpy().astype(np.float64)
    count = min(16, len(weight))  # z is blind to any other direction
    assert directions.shape == (count, weight.shape[1])
    assert directions.dtype == np.float32
    if not sampler.style_layers:
        assert np.allclose(np.linalg.norm(directions, axis=1), 1, atol=1e-5)
    directions = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    assert np.allclose(directions @ directions.T, np.eye(count), atol=1e-5)
    _, _, vectors = np.linalg.svd(weight, full_matrices=False)
    alike = np.abs((directions.astype(np.float64) * vectors[:count]).sum(1))
    assert np.allclose(alike, 1, atol=1e-3)
    # A singular vector has no sign of its own. Its largest number is made positive, so that a slider keeps its meaning.
    assert (np.take_along_axis(directions, np.abs(directions).argmax(1)[:, None], 1) > 0).all()


def test_there_are_no_more_directions_than_numbers_in_z() -> None:
    trainer = tiny_trainer(latent_dim=5)
    assert Sampler(trainer.meta(), trainer.published(), "cpu").directions.shape == (5, 5)


def test_a_direction_keeps_its_sign_while_training_goes_on() -> None:
    trainer = tiny_trainer("gan", steps=6)
    seen = [
        Sampler(trainer.meta(), trainer.published(), "cpu").directions[0]
        for event in trainer.events()
        if isinstance(event, Stepped)
    ]
    assert len(seen) == 6
    assert all(float(one @ other) > 0.9 for one, other in pairwise(seen))


# -- weights ---------------------------------------------------------------------------------------------------------


def test_newer_weights_replace_the_older_and_a_copy_keeps_them() -> None:
    trainer = tiny_trainer(steps=8)
    events = trainer.events()
    next(events)
    sampler = Sampler(trainer.meta(), trainer.published(), "cpu")
    first, other = sampler.render(REQUEST), sampler.copy()
    for _ in events:
        pass
    assert np.array_equal(sampler.render(REQUEST), first)  # its weights are its own
    sampler.load(trainer.meta(), trainer.published())
    assert np.array_equal(sampler.render(REQUEST), trainer.render())
    assert sampler.meta.step == 8
    assert not np.array_equal(first, trainer.render())
    assert np.array_equal(other.render(REQUEST), first)


def test_which_weights_fit(finished_checkpoint: Path) -> None:
    sampler = Sampler.open(finished_checkpoint, "cpu")
    assert sampler.fits(tiny_trainer("gan").meta())
    assert sampler.fits(tiny_trainer("gan", lr_g=0.01, batch=4, steps=3, loss="hinge", spectral_norm=True).meta())
    others: list[dict[str, Any]] = [
        {"network": "dcgan"},
        {"width": 16},
        {"latent_dim": 9},
        {"condition": "concat"},
        {"condition": "embedding"},
        {"codes_categorical": 2},
        {"codes_continuous": 2},
    ]
    for values in others:
        assert not sampler.fits(tiny_trainer("gan", **values).meta())


@pytest.mark.parametrize("name", ["gan", "dcgan", "stylegan2_ada"])
@pytest.mark.parametrize("factor", [float("nan"), float("inf"), 1e19, 1e30, 3e38, 0.0])
def test_weights_of_a_training_that_diverges_do_not_break_the_window(name: str, factor: float) -> None:
    # It publishes them before its next report ends it.
    trainer = tiny_trainer(name)
    weights = {
        key: value * factor if value.is_floating_point() else value for key, value in trainer.published().items()
    }
    sampler = Sampler(trainer.meta(), trainer.published(), "cpu")
    try:
        sampler.load(trainer.meta(), weights)
        assert np.isfinite(sampler.directions).all()
        assert sampler.render(REQUEST).shape == (4, 16, 16, 3)
        run_to_end(principal(sampler, samples=64))
    except UserError as problem:
        assert problem.remedy  # noqa: PT017 (a Problem would do as well)


def test_an_unknown_device_is_refused(finished_checkpoint: Path) -> None:
    with pytest.raises(UserError, match="'cuda:77'"):
        Sampler.open(finished_checkpoint, "cuda:77")
