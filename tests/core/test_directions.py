"""Directions: principal components against other ways to the same numbers, and groups and sums in closed form."""

from __future__ import annotations

from contextlib import closing
from typing import Any, TypeVar

import numpy as np
import pytest
import torch

from core.concurrency import run_to_end
from core.errors import UserError
from core.events import Progress
from core.generator_inputs import GeneratorInputs, fixed, seed_latent
from core.latent.directions import Components, arithmetic, components, from_groups, principal, regressed
from core.latent.request import LatentRequest, Point
from core.latent.sampler import MEAN_OF, Sampler
from tests.core.tiny import IMAGE_PRESETS, tiny_trainer

T = TypeVar("T")

DIM = 24


def sampler_of(name: str, **values: Any) -> Sampler:
    trainer = tiny_trainer(name, latent_dim=DIM, **values)
    return Sampler(trainer.meta(), trainer.published(), "cpu")


@pytest.fixture(scope="module")
def latent() -> Sampler:
    return sampler_of("dcgan")


@pytest.fixture(scope="module")
def styled() -> Sampler:
    return sampler_of("stylegan2_ada")


def found(sampler: Sampler, **values: Any) -> Components:
    return run_to_end(principal(sampler, **values))


# -- components ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(600, 40), (50, 700), (64, 64)])
def test_components_are_those_of_a_singular_value_decomposition(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(0)
    rows = (random.standard_normal(shape) * np.linspace(5, 0.1, shape[1]) + 100).astype(np.float32)
    vectors, variances, whole = run_to_end(components(rows, 10))
    centered = rows - rows.mean(0, dtype=np.float64)
    _, singular, right = np.linalg.svd(centered, full_matrices=False)
    assert np.allclose(variances, singular[:10] ** 2 / len(rows))
    assert whole == pytest.approx((singular**2).sum() / len(rows))
    assert np.allclose(np.abs((vectors * right[:10]).sum(1)), 1, atol=1e-8)
    assert np.allclose(vectors @ vectors.T, np.eye(10), atol=1e-8)


def test_the_regression_is_least_squares() -> None:
    random = np.random.default_rng(0)
    z = random.standard_normal((500, 7))
    rows = np.maximum(z @ random.standard_normal((7, 30)), 0)
    vectors, variances, _ = run_to_end(components(rows, 5))
    coordinates = (rows - rows.mean(0)) @ vectors.T
    solved, *_ = np.linalg.lstsq(np.column_stack([coordinates, np.ones(500)]), z, rcond=None)
    assert np.allclose(regressed(coordinates, z), solved[:5] * np.sqrt(variances)[:, None])


def test_of_a_linear_layer_they_are_its_singular_vectors() -> None:
    random = np.random.default_rng(0)
    weight = np.linalg.qr(random.standard_normal((30, 6)))[0] * np.linspace(4, 1, 6)
    z = random.standard_normal((20_000, 6))
    rows = z @ weight.T
    vectors, _, _ = run_to_end(components(rows, 3))
    directions = regressed((rows - rows.mean(0)) @ vectors.T, z)
    assert np.allclose(np.abs(directions), np.eye(6)[:3], atol=0.05)


@pytest.mark.parametrize("name", [name for name in IMAGE_PRESETS if name not in ("cgan", "infogan")])
def test_each_direction_is_as_long_as_the_latents_deviation(name: str) -> None:
    sampler = sampler_of(name)
    result = found(sampler, samples=300)
    assert result.directions.shape == (16, sampler.directions.shape[1])
    assert result.directions.dtype == np.float32
    assert (np.diff(result.shares) <= 0).all()
    assert 0 < result.shares.sum() <= 1
    norms = np.linalg.norm(result.directions, axis=1)
    if not sampler.style_layers:
        assert np.allclose(norms, 1, atol=1e-5)
        return
    z = np.stack([seed_latent(seed, DIM) for seed in range(300)])
    empty = np.zeros((300, 0), np.float32)
    w = sampler.first_activations(GeneratorInputs(z, empty, empty))
    along = (w @ (result.directions / norms[:, None]).T).std(0)
    assert np.allclose(norms, along, rtol=1e-3)


def test_the_components_are_those_of_the_activations(latent: Sampler) -> None:
    result = found(latent, samples=200, count=4)
    z = np.stack([seed_latent(seed, DIM) for seed in range(200)])
    empty = np.zeros((200, 0), np.float32)
    activations = latent.first_activations(GeneratorInputs(z, empty, empty)).astype(np.float64)
    assert activations.shape[1] > 200
    centered = activations - activations.mean(0)
    left, singular, _ = np.linalg.svd(centered, full_matrices=False)
    assert np.allclose(result.shares, (singular**2)[:4] / (singular**2).sum(), rtol=1e-5)
    expected = left[:, :4].T @ (z - z.mean(0))
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert np.allclose(np.abs((expected * result.directions).sum(1)), 1, atol=1e-4)
    assert (np.take_along_axis(result.directions, np.abs(result.directions).argmax(1)[:, None], 1) > 0).all()


@pytest.mark.parametrize("name", ["cgan", "infogan"])
def test_all_images_are_of_one_class_and_code(name: str) -> None:
    sampler = sampler_of(name)
    (position,) = sampler.resolve(LatentRequest.of(Point(1)))
    like = Point(classes=tuple(position.classes.tolist()), codes=tuple(position.codes.tolist()))
    first = found(sampler, samples=100, count=3)
    other = found(sampler, like=like, samples=100, count=3)
    assert first.directions.shape == (3, DIM)
    assert not np.array_equal(first.directions, other.directions)
    assert np.array_equal(first.directions, found(sampler, like=Point(0), samples=100, count=3).directions)


def test_nothing_is_drawn_and_it_can_be_stopped(latent: Sampler) -> None:
    state = torch.get_rng_state()
    before = latent.render(LatentRequest.of(Point(3)))
    with closing(principal(latent)) as events:
        first = next(events)
    assert first == Progress("Finding principal components", 0, 2048)
    assert np.array_equal(latent.render(LatentRequest.of(Point(3))), before)
    assert torch.equal(torch.get_rng_state(), state)


def test_first_activations(latent: Sampler, styled: Sampler) -> None:
    drawn = fixed(70, DIM, latent.conditions)
    activations = latent.first_activations(drawn)
    assert len(activations) == 70
    assert activations.min() == 0  # behind a ReLU
    assert np.allclose(
        latent.first_activations(GeneratorInputs(*(part[69:] for part in drawn))), activations[69:], atol=1e-5
    )
    points = [Point(seed) for seed in range(3)]
    assert np.allclose(styled.first_activations(drawn)[:3], styled.edited(points), atol=1e-5)


# -- groups ----------------------------------------------------------------------------------------------------------


def test_a_direction_from_two_groups(latent: Sampler) -> None:
    liked, disliked = [Point(1), Point(2, psi=0.5)], [Point(3), Point(4), Point(5)]
    direction = from_groups(latent, liked, disliked)
    z = [seed_latent(seed, DIM) for seed in range(6)]
    expected = (z[1] + z[2] / 2) / 2 - (z[3] + z[4] + z[5]) / 3
    assert np.allclose(direction, expected / np.linalg.norm(expected), atol=1e-6)
    assert np.allclose(from_groups(latent, disliked, liked), -direction)


def test_in_w_its_length_is_the_deviation_along_it(styled: Sampler) -> None:
    direction = from_groups(styled, [Point(1)], [Point(2)])
    difference = styled.edited([Point(1)])[0] - styled.edited([Point(2)])[0]
    unit = difference / np.linalg.norm(difference)
    w = styled.edited([Point(seed) for seed in range(MEAN_OF)])
    assert np.allclose(direction, unit * (w @ unit).std(), rtol=1e-3, atol=1e-5)


def test_a_known_attribute_is_found() -> None:
    sampler, random = sampler_of("gan"), np.random.default_rng(0)
    attribute = random.standard_normal(DIM)
    attribute /= np.linalg.norm(attribute)
    z = random.standard_normal((40, DIM))
    points = [Point(z=tuple(map(float, row))) for row in z]
    sides = z @ attribute > 0
    direction = from_groups(
        sampler,
        [point for point, side in zip(points, sides, strict=True) if side],
        [point for point, side in zip(points, sides, strict=True) if not side],
    )
    assert direction @ attribute > 0.7


def test_groups_that_say_nothing(latent: Sampler) -> None:
    for liked, disliked in (([], [Point(1)]), ([Point(1)], []), ([Point(1)], [Point(1)])):
        with pytest.raises(UserError) as caught:
            from_groups(latent, liked, disliked)
        assert caught.value.remedy


# -- sums ------------------------------------------------------------------------------------------------------------


def test_arithmetic_in_z_keeps_the_length(latent: Sampler) -> None:
    z = [seed_latent(seed, DIM).astype(np.float64) for seed in range(6)]
    point = arithmetic(latent, [Point(0), Point(1)], [Point(2)], [Point(3), Point(4), Point(5)])
    expected = (z[0] + z[1]) / 2 - z[2] + (z[3] + z[4] + z[5]) / 3
    norms = [np.linalg.norm(each) for each in z]
    length = np.mean([np.mean(norms[:2]), norms[2], np.mean(norms[3:])])
    assert np.allclose(point.z, expected / np.linalg.norm(expected) * length, atol=1e-5)
    # A - A + C is C where their lengths are equal, and always in its direction.
    same = np.array(arithmetic(latent, [Point(0)], [Point(0)], [Point(1)]).z)
    assert np.allclose(same / np.linalg.norm(same), z[1] / norms[1], atol=1e-6)


def test_arithmetic_in_w_is_exact(styled: Sampler) -> None:
    point = arithmetic(styled, [Point(0), Point(1)], [Point(2)], [Point(3, psi=0.5)])
    w = styled.edited([Point(0), Point(1), Point(2), Point(3, psi=0.5)])
    assert np.allclose(point.w, (w[0] + w[1]) / 2 - w[2] + w[3], atol=1e-5)
    assert np.allclose(styled.edited([point])[0], point.w[0], atol=1e-5)
    same = arithmetic(styled, [Point(0)], [Point(0)], [Point(1)])
    images = styled.render(LatentRequest.of(same, Point(1))).astype(int)
    assert np.abs(images[0] - images[1]).max() <= 1


def test_classes_and_codes_are_added_too() -> None:
    sampler = sampler_of("gan", condition="concat", codes_categorical=2, codes_continuous=1)

    def at(classes: tuple[float, ...], codes: tuple[float, ...]) -> list[Point]:
        return [Point(1, classes=classes, codes=codes)]

    a, b = at((1, 0, 0), (1, 0, 0.5)), at((1, 0, 0), (1, 0, -0.25))
    point = arithmetic(sampler, a, b, at((0, 0.5, 0.5), (0, 1, 0.5)))
    assert point.classes == (0, 0.5, 0.5)
    assert point.codes == (0, 1, 1)
    point = arithmetic(sampler, a, at((0, 1, 0), (0, 1, 0)), at((0, 0, 1), (0, 1, 0)))
    assert point.classes == (0.5, 0, 0.5)
    assert sampler.render(LatentRequest.of(point)).shape == (1, 16, 16, 3)


def test_arithmetic_needs_all_three(latent: Sampler) -> None:
    points = [Point(1)], [Point(2)], [Point(3)]
    for missing in range(3):
        a, b, c = ([] if index == missing else group for index, group in enumerate(points))
        with pytest.raises(UserError, match="three groups"):
            arithmetic(latent, a, b, c)
