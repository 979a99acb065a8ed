"""Balls about points with the distance to the k-th nearest neighbor as radius, which approximate a set's manifold.

Distances are computed by torch-fidelity in blocks of a bounded number of pairs.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch_fidelity.metric_prc import calc_cdist_part

from core.evaluation.metrics import Floats, Work

_PAIRS = 2**20
"""Number of distances that are computed between two yields."""


class BallMembership(NamedTuple):
    """Membership of N points in M balls. `balls` (N,): number of balls around each point. `hit` (M,): whether a ball
    holds any point."""

    balls: Tensor
    hit: Tensor


def radii(points: Floats, k: int) -> Work[Tensor]:
    """Computes the distance from each point (N, F) to its k-th nearest neighbor, (N,)."""
    centers = torch.from_numpy(points)
    found = []
    for part in centers.split(max(_PAIRS // len(centers), 1)):
        found.append(calc_cdist_part(part, centers).kthvalue(min(k + 1, len(centers)), dim=1).values)
        yield
    return torch.cat(found)


def inside(points: Floats, centers: Floats, radii: Tensor) -> Work[BallMembership]:
    """Computes the membership of points (N, F) in closed balls about centers (M, F)."""
    balls, hit = [], torch.zeros(len(centers), dtype=torch.bool)
    middle = torch.from_numpy(centers)
    for part in torch.from_numpy(points).split(max(_PAIRS // len(centers), 1)):
        within = calc_cdist_part(part, middle) <= radii
        balls.append(within.sum(1))
        hit |= within.any(0)
        yield
    return BallMembership(torch.cat(balls), hit)


def share(which: Tensor) -> float:
    """Returns the share of True."""
    return float(which.double().mean())
