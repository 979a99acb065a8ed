"""From a latent request to images. Owns its generator and shares nothing with a training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.checkpoint import Checkpoint, Meta, load
from core.conditioning import build_generator
from core.devices import resolve
from core.events import Images
from core.latent import Conditions, Drawn, LatentRequest, Latents, drawn
from core.plane import dots

CHUNK = 64
"""Images that are generated at once; bounds the memory whatever is asked for."""


class Sampler:
    """Renders `LatentRequest`s with one generator's weights.

    `directions`: (k, latent_dim), orthonormal: the right singular vectors of the generator's first weight, the
    strongest first (Shen and Zhou 2021, "Closed-Form Factorization of Latent Semantics in GANs", arXiv:2007.06600).
    """

    def __init__(self, meta: Meta, weights: Mapping[str, Tensor], device: str = "auto") -> None:
        """`weights`: the averaged generator's state dict. Raises `Problem` for a device that is not here."""
        self.device = resolve(device)
        self._conditions = Conditions.of(meta.settings, len(meta.classes))
        with torch.device("meta"):  # no memory, and no draw from the random generator that a training may be using
            self._generator = build_generator(meta.settings, meta.channels, self._conditions)
        self._generator.eval().requires_grad_(False)
        self.load(meta, weights)

    @classmethod
    def of(cls, checkpoint: Checkpoint, device: str = "auto") -> Sampler:
        return cls(checkpoint.meta, checkpoint.part("G_ema"), device)

    @classmethod
    def open(cls, path: Path, device: str = "auto") -> Sampler:
        """Raises `Problem` as `core.checkpoint.load` does."""
        return cls.of(load(path), device)

    def copy(self) -> Sampler:
        """Another sampler with the present weights, for another thread."""
        return Sampler(self.meta, self._generator.state_dict(), str(self.device))

    def fits(self, meta: Meta) -> bool:
        """Whether `load` can take another checkpoint's or training's weights."""
        return _kind(meta) == _kind(self.meta)

    def load(self, meta: Meta, weights: Mapping[str, Tensor]) -> None:
        """Newer weights of the same generator."""
        self.meta = meta
        placed = {name: value.to(self.device) for name, value in weights.items()}
        self._generator.load_state_dict(placed, assign=True)
        self.directions = _directions(self._generator.first_weight(meta.settings.latent_dim))

    def render(self, request: LatentRequest) -> Images:
        """The request's images, one for each position."""
        return self.generate(self.drawn(request))

    def drawn(self, request: LatentRequest) -> Drawn[Latents]:
        """What each position is drawn from, with the directions added to z."""
        found = drawn(request, self.meta.settings.latent_dim, self._conditions)
        if request.directions:
            offset = np.asarray(request.directions, np.float32) @ self.directions[: len(request.directions)]
            found = found._replace(z=found.z + offset)
        return found

    @torch.inference_mode()
    def generate(self, drawn: Drawn[Latents]) -> Images:
        """Images of latents and their conditions; a point is a picture with a dot at its place."""
        whole = to_tensors(drawn, self.device)
        chunks = zip(*(part.split(CHUNK) for part in whole), strict=True)
        to_pictures = to_dots if self.meta.settings.points else to_images
        return np.concatenate([to_pictures(self._generator(Drawn(*chunk))) for chunk in chunks])


def to_tensors(drawn: Drawn[Latents], device: torch.device) -> Drawn[Tensor]:
    """The same on a device."""
    return Drawn(*(torch.from_numpy(part).to(device) for part in drawn))


def _kind(meta: Meta) -> tuple[object, ...]:
    """All that decides a generator's weights' names and shapes."""
    settings = meta.settings
    conditions = Conditions.of(settings, len(meta.classes))
    return settings.network, settings.size, settings.width, settings.latent_dim, meta.channels, conditions


def to_images(batch: Tensor) -> Images:
    """Float NCHW in [-1, 1] to uint8 NHWC on the CPU."""
    pixels = batch.float().add(1.0).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(pixels.permute(0, 2, 3, 1).cpu().numpy())


def to_dots(batch: Tensor) -> Images:
    """Points (N, 2, 1, 1) to pictures of them, uint8 NHWC on the CPU."""
    return dots(batch.float().flatten(1).cpu().numpy())


def _directions(weight: Tensor, most: int = 16) -> Latents:
    # A training that diverges can publish weights that are no numbers; its images show that well enough.
    weight = weight.float().cpu().nan_to_num(0.0, 0.0, 0.0)
    # The right singular vectors are the eigenvectors of W^T W, which is small whatever the layer's width.
    _, vectors = torch.linalg.eigh(weight.T @ weight)
    strongest = vectors.flip(1).T[: min(most, len(weight))]  # no others change anything
    # The sign of an eigenvector is arbitrary: fix it, so that a slider keeps its meaning while training goes on.
    signs = torch.sign(strongest.gather(1, strongest.abs().argmax(1, keepdim=True)))
    return np.ascontiguousarray((strongest * signs).numpy(), dtype=np.float32)
