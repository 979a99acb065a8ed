"""k-nearest-neighbor balls of a set of points: each has the distance to the k-th neighbor as its radius. They
approximate the manifold of the set.

Distances are torch-fidelity's, in pieces of a bounded number of pairs.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch_fidelity.metric_prc import calc_cdist_part

from core.evaluation.metrics import Floats, Work

_PAIRS = 2**20
"""Distances that are worked out between two yields."""


class BallMembership(NamedTuple):
    """`balls` (N,): in how many balls each point lies; `hit` (M,): whether any point lies in each ball."""

    balls: Tensor
    hit: Tensor


def radii(points: Floats, k: int) -> Work[Tensor]:
    """The distance from each point (N, F) to its k-th nearest other one, (N,)."""
    centers = torch.from_numpy(points)
    found = []
    for part in centers.split(max(_PAIRS // len(centers), 1)):
        found.append(calc_cdist_part(part, centers).kthvalue(min(k + 1, len(centers)), dim=1).values)
        yield
    return torch.cat(found)


def inside(points: Floats, centers: Floats, radii: Tensor) -> Work[BallMembership]:
    """Which points (N, F) lie in balls about centers (M, F); the surface belongs to the ball."""
    balls, hit = [], torch.zeros(len(centers), dtype=torch.bool)
    middle = torch.from_numpy(centers)
    for part in torch.from_numpy(points).split(max(_PAIRS // len(centers), 1)):
        within = calc_cdist_part(part, middle) <= radii
        balls.append(within.sum(1))
        hit |= within.any(0)
        yield
    return BallMembership(torch.cat(balls), hit)


def share(which: Tensor) -> float:
    """The part of a set for which something holds."""
    return float(which.double().mean())
