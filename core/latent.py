"""What to render, as one frozen value: the request is also the bookmark, the undo item and the export recipe."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import Problem

Latents = NDArray[np.float32]
Mode = Literal["slerp", "lerp"]

LARGEST_SEED = 2**32 - 1
MOST_SEEDS = 1_000_000
"""That one list may name: a slip such as 0-999999999 must not fill the memory."""


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


def parse_seeds(text: str) -> tuple[int, ...]:
    """Seeds from `0,1,4-6`. Raises `Problem` for anything else."""
    remedy = "Write seeds as 0,1,4-6."
    ranges: list[range] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,20})\s*(?:-\s*([0-9]{1,20})\s*)?", part)
        if match is None:
            raise Problem(f"{text!r} is not a list of seeds.", remedy)
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise Problem(f"{part.strip()!r} runs backwards.", remedy)
        if last > LARGEST_SEED:
            raise Problem(f"{last} is too large for a seed.", f"Seeds go from 0 to {LARGEST_SEED}, as in 0,1,4-6.")
        ranges.append(range(first, last + 1))
    count = sum(map(len, ranges))
    if count > MOST_SEEDS:
        raise Problem(f"{count} seeds are too many at once.", f"Give at most {MOST_SEEDS}.")
    return tuple(seed for seeds in ranges for seed in seeds)


def seed_latent(seed: int, latent_dim: int) -> Latents:
    """z ~ N(0, I) of one seed, shape (latent_dim,), the same on every device and platform."""
    return np.random.RandomState(seed).standard_normal(latent_dim).astype(np.float32)


def slerp(a: Latents, b: Latents, t: float) -> Latents:
    """Spherical interpolation (Shoemake 1985) of two latents; the length is interpolated linearly (White 2016)."""
    norm_a, norm_b = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if min(norm_a, norm_b) < 1e-12:
        return lerp(a, b, t)  # zero has no direction
    angle = np.arccos(float(np.clip(np.dot(a, b) / (norm_a * norm_b), -1.0, 1.0)))
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
