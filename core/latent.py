"""What to render, as one frozen value: the request is also the bookmark, the undo item and the export recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Latents = NDArray[np.float32]
Mode = Literal["slerp", "lerp"]


@dataclass(frozen=True)
class LatentRequest:
    """Images along the path through the latents of `seeds`.

    `positions` are in [0, len(seeds) - 1]: position 1.25 lies a quarter of the way from the second seed to the third.
    `psi` scales the distance from the mean latent (truncation). `directions` are offsets, in standard deviations of
    z, along the generator's leading directions (see `core.sampler`).
    """

    seeds: tuple[int, ...]
    positions: tuple[float, ...]
    mode: Mode = "slerp"
    psi: float = 1.0
    directions: tuple[float, ...] = ()


def seed_latent(seed: int, latent_dim: int) -> Latents:
    """z ~ N(0, I) of one seed, shape (latent_dim,), the same on every device and platform."""
    return np.random.RandomState(seed).standard_normal(latent_dim).astype(np.float32)


def slerp(a: Latents, b: Latents, t: float) -> Latents:
    """Spherical interpolation (Shoemake 1985) of two latents; the length is interpolated linearly (White 2016)."""
    norm_a, norm_b = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    cosine = float(np.clip(np.dot(a, b) / max(norm_a * norm_b, 1e-12), -1.0, 1.0))
    angle = np.arccos(cosine)
    if np.sin(angle) < 1e-4:
        return lerp(a, b, t)
    unit = (np.sin((1 - t) * angle) * a / norm_a + np.sin(t * angle) * b / norm_b) / np.sin(angle)
    return np.asarray(unit * ((1 - t) * norm_a + t * norm_b), np.float32)


def lerp(a: Latents, b: Latents, t: float) -> Latents:
    """Linear interpolation of two latents."""
    return np.asarray((1 - t) * a + t * b, np.float32)


def latents(request: LatentRequest, latent_dim: int) -> Latents:
    """The request's latents before directions are added, shape (len(positions), latent_dim)."""
    ends = [seed_latent(seed, latent_dim) for seed in request.seeds]
    between = slerp if request.mode == "slerp" else lerp
    rows = []
    for position in request.positions:
        left = min(int(position), max(len(ends) - 2, 0))
        right = min(left + 1, len(ends) - 1)
        rows.append(between(ends[left], ends[right], position - left))
    return np.stack(rows) * np.float32(request.psi)
