"""Interpolation between points of latent space, and latents at positions on a trajectory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from core.errors import UserError
from core.generator_inputs import Conditions, Latents, seed_class, seed_codes, seed_latent
from core.language import _
from core.latent.request import Loop, Mode, Point, Position, Square, Trajectory, number_of


def slerp(a: Latents, b: Latents, t: float) -> Latents:
    """Interpolates two latents spherically (Shoemake 1985), and their lengths linearly (White 2016)."""
    norm_a, norm_b = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if min(norm_a, norm_b) < 1e-12:
        return lerp(a, b, t)  # zero has no direction
    angle = np.arccos(float(np.clip(np.dot(a, b) / (norm_a * norm_b), -1.0, 1.0)))
    if np.sin(angle) < 1e-4:
        return lerp(a, b, t)
    unit = (np.sin((1 - t) * angle) * a / norm_a + np.sin(t * angle) * b / norm_b) / np.sin(angle)
    return np.asarray(unit * ((1 - t) * norm_a + t * norm_b), np.float32)


def lerp(a: Latents, b: Latents, t: float) -> Latents:
    """Interpolates two latents linearly."""
    return np.asarray((1 - t) * a + t * b, np.float32)


class Resolved(NamedTuple):
    """Arrays of a point, float32: z (latent_dim,), psi (1,), offset (1,) or the size of z or w, classes, codes, and w
    (layers, n), with no rows if it is not given."""

    z: Latents
    psi: Latents
    offset: Latents
    classes: Latents
    codes: Latents
    w: Latents


def resolved(point: Point, latent_dim: int, conditions: Conditions) -> Resolved:
    """Returns the arrays of a point. Raises `UserError` for a point of another generator with other sizes."""
    given = Resolved(
        np.asarray(point.z, np.float32) if point.z else seed_latent(point.seed, latent_dim),
        np.array([point.psi], np.float32),
        np.asarray(point.offset or (0.0,), np.float32),
        np.asarray(point.classes, np.float32) if point.classes else seed_class(point.seed, conditions),
        np.asarray(point.codes, np.float32) if point.codes else seed_codes(point.seed, conditions),
        np.asarray(point.w, np.float32).reshape(len(point.w), len(point.w[0]) if point.w else 0),
    )
    if (len(given.z), len(given.classes), len(given.codes)) != (latent_dim, conditions.classes, conditions.codes):
        raise foreign(f"z {len(given.z)}, classes {len(given.classes)}, codes {len(given.codes)}")
    return given


def foreign(details: str) -> UserError:
    """Returns the error for a point that does not fit the generator."""
    return UserError(
        _("This latent point belongs to another generator."),
        _("Open the checkpoint it was made with."),
        details,
    )


def at(trajectory: Trajectory, ends: Sequence[Resolved], position: Position) -> Resolved:
    """Returns the arrays at a position on a trajectory, given the arrays of its points."""
    if isinstance(trajectory, Square):
        x, y = position if isinstance(position, tuple) else (position, 0.0)
        top, bottom = blend(ends[0], ends[1], x, trajectory.mode), blend(ends[2], ends[3], x, trajectory.mode)
        return blend(top, bottom, y, trajectory.mode)
    number = number_of(position)
    if isinstance(trajectory, Loop):
        (centre,) = ends
        stays, goes = np.float32((1 - trajectory.radius**2) ** 0.5), np.float32(trajectory.radius)
        return centre._replace(z=stays * centre.z + goes * circle(trajectory, number, len(centre.z)))
    left = min(int(number), max(trajectory.length - 1, 0))
    t = number - left
    t = t * t * (3 - 2 * t) if trajectory.easing == "smooth" else t
    return blend(ends[left], ends[(left + 1) % len(ends)], t, trajectory.mode)


def circle(trajectory: Loop, position: float, latent_dim: int) -> Latents:
    """Returns the latent at a position on the loop's circle through its two random latents, (latent_dim,)."""
    u, v = np.random.RandomState(trajectory.seed).standard_normal((2, latent_dim)).astype(np.float32)
    turn = 2 * np.pi * (position % 1.0)
    return np.asarray(np.cos(turn) * u + np.sin(turn) * v, np.float32)


def blend(a: Resolved, b: Resolved, t: float, mode: Mode) -> Resolved:
    """Interpolates z by `mode`, and everything else linearly; returns exactly the ends at t = 0 and 1."""
    if t <= 0.0 or t >= 1.0:
        return a if t <= 0.0 else b
    between: Callable[[Latents, Latents, float], Latents] = slerp if mode == "slerp" else lerp
    return Resolved(between(a.z, b.z, t), *(lerp(one, other, t) for one, other in zip(a[1:], b[1:], strict=True)))
