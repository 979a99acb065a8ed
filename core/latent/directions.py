"""Directions in latent space: principal components, differences of groups, and latent arithmetic.

Closed-form directions are found by the sampler itself (SeFa, `Sampler.directions`). All are as long as the latents'
standard deviation along them, so that a slider's unit is the same for each.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.events import Progress
from core.generator_inputs import GeneratorInputs, Latents, fixed, seed_latent
from core.latent.interpolation import Resolved
from core.latent.request import LatentRequest, Numbers, Point, to_numbers
from core.latent.sampler import MEAN_OF, Sampler

SAMPLES = 2048
"""Latents whose activations are analysed: twice as many as the longest z has numbers."""
MOST = 16
CHUNK = 64
_FINDING = "Finding principal components"

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Components:
    """`directions`: (k, numbers of z, or of w where there are styles), the strongest first. `shares`: (k,), of the
    whole variance of the activations."""

    directions: Latents
    shares: Doubles


def principal(
    sampler: Sampler, like: Point | None = None, count: int = MOST, samples: int = SAMPLES
) -> Generator[Progress, None, Components]:
    """Principal components of the first layer's activations (GANSpace: Haerkoenen et al. 2020, arXiv:2004.02546).

    Of w itself in networks with styles. In others each component becomes a direction of z by linear regression. All
    images are of the class and codes of `like`, one at a time as in the paper: classes differ more than anything within
    them. z are those of the seeds from 0 on. Yields `Progress`, and returns `Components`.
    """
    latent_dim = sampler.meta.settings.latent_dim
    (resolved,) = sampler.resolve(LatentRequest.of(like or Point()))
    z = np.stack([seed_latent(seed, latent_dim) for seed in range(samples)])
    parts = []
    for start in range(0, samples, CHUNK):
        yield Progress(_FINDING, start, samples)
        chosen = z[start : start + CHUNK]
        beside = (part[None].repeat(len(chosen), 0) for part in (resolved.classes, resolved.codes))
        parts.append(sampler.first_activations(GeneratorInputs(chosen, *beside)))
    activations = np.concatenate(parts)
    vectors, variances, whole = yield from components(activations, min(count, latent_dim, samples - 1))
    shares = variances / max(whole, 1e-30)
    if sampler.style_layers:
        found = vectors * np.sqrt(variances)[:, None]
    else:
        coordinates = (activations - activations.mean(0, dtype=np.float64)) @ vectors.T
        found = unit(regressed(coordinates, z))
    return Components(np.ascontiguousarray(_signed(found), dtype=np.float32), shares)


def components(rows: NDArray[np.floating], count: int) -> Generator[Progress, None, tuple[Doubles, Doubles, float]]:
    """The `count` strongest principal components of rows (N, F): unit vectors (count, F), the variances along them, and
    the variance of all.

    Exact: the eigenvectors of the covariance, or where there are fewer rows than columns those of the rows' products,
    which lead to the same ones (Sirovich 1987). Either is a sum over blocks in float64.
    """
    few = len(rows) < rows.shape[1]
    mean = rows.mean(0, dtype=np.float64)
    side = min(rows.shape)
    products = np.zeros((side, side))
    blocks = range(0, max(rows.shape), 4 * CHUNK)
    for done, start in enumerate(blocks):
        yield Progress(_FINDING, done, len(blocks))
        part = slice(start, start + 4 * CHUNK)
        block = (rows[:, part] - mean[part]).T if few else rows[part] - mean
        products += block.T @ block
    values, eigenvectors = np.linalg.eigh(products)
    values, chosen = values[::-1].clip(0.0), eigenvectors[:, ::-1][:, :count]
    if few:
        chosen = (rows - mean).T @ chosen
    return unit(chosen.T), values[:count] / len(rows), float(values.sum()) / len(rows)


def regressed(coordinates: NDArray[np.floating], z: NDArray[np.floating]) -> Doubles:
    """How z (N, numbers) changes with each standard deviation of uncorrelated coordinates (N, k): (k, numbers).

    Least squares: cov(coordinate, z) / var(coordinate), times the deviation.
    """
    centred = coordinates - coordinates.mean(0, dtype=np.float64)
    deviations = centred.std(0)[:, None]
    changes: Doubles = centred.T @ (z - z.mean(0, dtype=np.float64)) / len(z) / np.maximum(deviations, 1e-30)
    return changes


def unit(vectors: Doubles) -> Doubles:
    """Each of (k, numbers) at length 1, but 0 stays 0."""
    norms: Doubles = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 1e-12))


def from_groups(sampler: Sampler, liked: Sequence[Point], disliked: Sequence[Point]) -> Latents:
    """The direction from what a person dislikes to what they like: (numbers of z, or of w where there are styles).

    It is the difference of the means. From a few samples in a hundred dimensions nothing finer can be estimated: as z
    has the covariance I, this is the normal of linear discriminant analysis, and other separating planes fit the noise
    of so few. Raises `UserError` when a group is empty, or both have the same mean.
    """
    if not liked or not disliked:
        raise UserError("A direction needs two groups.", "Mark at least one image in each.")
    difference = sampler.edited(liked).mean(0, dtype=np.float64) - sampler.edited(disliked).mean(0, dtype=np.float64)
    if np.linalg.norm(difference) < 1e-6:
        raise UserError("Both groups lie in the same place.", "Mark images that differ.")
    (direction,) = unit(difference[None])
    return np.asarray(direction * _deviation(sampler, direction), np.float32)


def arithmetic(sampler: Sampler, a: Sequence[Point], b: Sequence[Point], c: Sequence[Point]) -> Point:
    """A - B + C (Radford et al. 2015, arXiv:1511.06434), where each is the mean of its points.

    In w that is exact. z is then brought to the mean of the lengths that A's, B's and C's points have: N(0, I) lies
    almost wholly on a shell, within which a generator has learned nothing; a sum of three latents is sqrt(3) times as
    long, and a mean of n sqrt(n) times as short. Classes and codes are added alike, and what is then impossible is cut
    off. Raises `UserError` when one is empty.
    """
    if not (a and b and c):
        raise UserError("A - B + C needs three groups.", "Put at least one image into each.")
    groups = [sampler.edited(points).astype(np.float64) for points in (a, b, c)]
    found = _sum([group.mean(0) for group in groups])
    if sampler.style_layers:
        return Point(w=(to_numbers(found.astype(np.float32)),))
    length = np.mean([np.linalg.norm(group, axis=1).mean() for group in groups])
    classes, codes = _beside(sampler, (a, b, c))
    return Point(z=to_numbers((unit(found[None])[0] * length).astype(np.float32)), classes=classes, codes=codes)


def _beside(sampler: Sampler, groups: Sequence[Sequence[Point]]) -> tuple[Numbers, Numbers]:
    """Shares of classes, and codes, of A - B + C."""
    found: list[list[Resolved]] = [sampler.resolve(LatentRequest.of(*points)) for points in groups]
    classes = _sum([np.mean([each.classes for each in group], 0) for group in found])
    codes = _sum([np.mean([each.codes for each in group], 0) for group in found])
    categories = sampler.conditions.categories
    continuous = codes[categories:].clip(-1.0, 1.0)
    codes = np.concatenate([_as_shares(codes[:categories]), continuous])
    return to_numbers(_as_shares(classes).astype(np.float32)), to_numbers(codes.astype(np.float32))


def _as_shares(values: Doubles) -> Doubles:
    """None below 0, and together 1."""
    kept = values.clip(0.0)
    return kept / (kept.sum() or 1.0)


def _sum(groups: Sequence[Doubles]) -> Doubles:
    a, b, c = groups
    return np.asarray(a - b + c, np.float64)


def _deviation(sampler: Sampler, direction: Doubles) -> float:
    """The latents' standard deviation along a unit vector: 1 in z."""
    if not sampler.style_layers:
        return 1.0
    w = sampler.first_activations(fixed(MEAN_OF, sampler.meta.settings.latent_dim, sampler.conditions))
    return float((w @ direction).std())


def _signed(vectors: Doubles) -> Doubles:
    """The sign of an eigenvector is arbitrary: its largest number is positive, so that a slider keeps its meaning."""
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(1)[:, None], 1)
    return vectors * np.where(largest < 0, -1.0, 1.0)
