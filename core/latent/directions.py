"""Directions in latent space: principal components, differences of groups, and latent arithmetic.

The sampler itself finds closed-form directions (SeFa, `Sampler.directions`). The length of every direction is the
standard deviation of the latents along it, so that the unit of a slider is the same for all.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.events import Progress
from core.generator_inputs import GeneratorInputs, Latents, fixed, seed_latent
from core.language import _
from core.latent.interpolation import Resolved
from core.latent.request import LatentRequest, Numbers, Point, to_numbers
from core.latent.sampler import MEAN_OF, Sampler

SAMPLES = 2048
"""Latents whose activations are analyzed: twice the largest dimension of z."""
MOST = 16
CHUNK = 64
_FINDING = _("Finding principal components")

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Components:
    """Principal components. `directions`: (k, dimension of z, or of w with styles), strongest first. `shares`: (k,),
    fractions of the total variance of the activations."""

    directions: Latents
    shares: Doubles


def principal(
    sampler: Sampler, like: Point | None = None, count: int = MOST, samples: int = SAMPLES
) -> Generator[Progress, None, Components]:
    """Finds principal components of the first layer's activations (GANSpace: Haerkoenen et al. 2020, arXiv:2004.02546).

    In networks with styles, they are components of w. In others, linear regression maps each component to a direction
    of z. All samples have the class and codes of `like`, because classes differ more than images within a class. z is
    drawn from the seeds 0, 1, ... Yields `Progress`, and returns `Components`. Raises `UserError` if the weights have
    diverged.
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
    if not np.isfinite(activations).all():
        raise UserError(
            _("The activations of this generator are not finite: its training diverged."),
            _("Explore an earlier checkpoint."),
        )
    vectors, variances, whole = yield from components(activations, min(count, latent_dim, samples - 1))
    shares = variances / max(whole, 1e-30)
    if sampler.style_layers:
        found = vectors * np.sqrt(variances)[:, None]
    else:
        coordinates = (activations - activations.mean(0, dtype=np.float64)) @ vectors.T
        found = unit(regressed(coordinates, z))
    return Components(np.ascontiguousarray(_signed(found), dtype=np.float32), shares)


def components(rows: NDArray[np.floating], count: int) -> Generator[Progress, None, tuple[Doubles, Doubles, float]]:
    """Returns the `count` strongest principal components of rows (N, F): unit vectors (count, F), the variances along
    them, and the total variance.

    Exact: eigenvectors of the covariance matrix, or of the Gram matrix if there are fewer rows than columns (Sirovich
    1987). Both are summed over blocks in float64. Yields `Progress`.
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
    """Regresses z (N, n) on uncorrelated coordinates (N, k): change of z per standard deviation, (k, n).

    Least squares: cov(coordinate, z) / var(coordinate), times the standard deviation.
    """
    centered = coordinates - coordinates.mean(0, dtype=np.float64)
    deviations = centered.std(0)[:, None]
    changes: Doubles = centered.T @ (z - z.mean(0, dtype=np.float64)) / len(z) / np.maximum(deviations, 1e-30)
    return changes


def unit(vectors: Doubles) -> Doubles:
    """Normalizes each of (k, n) vectors to length 1; zero vectors stay zero."""
    norms: Doubles = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 1e-12))


def from_groups(sampler: Sampler, liked: Sequence[Point], disliked: Sequence[Point]) -> Latents:
    """Returns the direction from disliked to liked points: (dimension of z, or of w with styles).

    It is the difference of the means. As z has the covariance I, this is the normal of linear discriminant analysis;
    with few samples in a hundred dimensions, other separating planes would fit noise. Raises `UserError` if a group is
    empty, or both have the same mean.
    """
    if not liked or not disliked:
        raise UserError(_("A direction needs two groups."), _("Mark at least one image in each."))
    difference = sampler.edited(liked).mean(0, dtype=np.float64) - sampler.edited(disliked).mean(0, dtype=np.float64)
    if np.linalg.norm(difference) < 1e-6:
        raise UserError(_("Both groups have the same mean."), _("Mark images that differ."))
    (direction,) = unit(difference[None])
    return np.asarray(direction * _deviation(sampler, direction), np.float32)


def arithmetic(sampler: Sampler, a: Sequence[Point], b: Sequence[Point], c: Sequence[Point]) -> Point:
    """Returns A - B + C (Radford et al. 2015, arXiv:1511.06434), where each is the mean of its points.

    In w, this is exact. z is rescaled to the mean length of the points of A, B and C: N(0, I) is concentrated on a
    shell, and a generator is not trained inside it, but a sum of three latents is sqrt(3) times longer and a mean of n
    is sqrt(n) times shorter. Classes and codes are added too, and clipped to their ranges. Raises `UserError` if a
    group is empty.
    """
    if not (a and b and c):
        raise UserError(_("A - B + C needs three groups."), _("Add at least one image to each."))
    groups = [sampler.edited(points).astype(np.float64) for points in (a, b, c)]
    found = _sum([group.mean(0) for group in groups])
    if sampler.style_layers:
        return Point(w=(to_numbers(found.astype(np.float32)),))
    length = np.mean([np.linalg.norm(group, axis=1).mean() for group in groups])
    classes, codes = _beside(sampler, (a, b, c))
    return Point(z=to_numbers((unit(found[None])[0] * length).astype(np.float32)), classes=classes, codes=codes)


def _beside(sampler: Sampler, groups: Sequence[Sequence[Point]]) -> tuple[Numbers, Numbers]:
    """Returns the class shares and the codes of A - B + C."""
    found: list[list[Resolved]] = [sampler.resolve(LatentRequest.of(*points)) for points in groups]
    classes = _sum([np.mean([each.classes for each in group], 0) for group in found])
    codes = _sum([np.mean([each.codes for each in group], 0) for group in found])
    categories = sampler.conditions.categories
    continuous = codes[categories:].clip(-1.0, 1.0)
    codes = np.concatenate([_as_shares(codes[:categories]), continuous])
    return to_numbers(_as_shares(classes).astype(np.float32)), to_numbers(codes.astype(np.float32))


def _as_shares(values: Doubles) -> Doubles:
    """Clips values at 0 and normalizes their sum to 1."""
    kept = values.clip(0.0)
    return kept / (kept.sum() or 1.0)


def _sum(groups: Sequence[Doubles]) -> Doubles:
    a, b, c = groups
    return np.asarray(a - b + c, np.float64)


def _deviation(sampler: Sampler, direction: Doubles) -> float:
    """Returns the standard deviation of the latents along a unit vector: 1 in z."""
    if not sampler.style_layers:
        return 1.0
    w = sampler.first_activations(fixed(MEAN_OF, sampler.meta.settings.latent_dim, sampler.conditions))
    return float((w @ direction).std())


def _signed(vectors: Doubles) -> Doubles:
    """Fixes the arbitrary sign of eigenvectors so that the component of largest magnitude is positive."""
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(1)[:, None], 1)
    return vectors * np.where(largest < 0, -1.0, 1.0)
