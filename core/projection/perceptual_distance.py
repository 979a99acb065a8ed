"""Perceptual distance of images to a target: pixels at several scales, and features of a discriminator.

The discriminator's feature maps stand in for those of a network trained on photos, which LPIPS has (Zhang et al. 2018,
arXiv:1801.03924): it knows this kind of image, and is in the checkpoint already.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from core.models.conditioning import ConditionalDiscriminator

SCALES = 4
"""Full size, a half, a quarter and an eighth: the coarse ones pull strokes from where the fine ones see none."""
PERCEPTUAL = 0.1
"""Weight of the features beside the pixels."""


class PerceptualDistance:
    """Compares images with one picture; 0 for the picture itself.

    mean over scales of |x - t|^2 + 0.1 * mean over feature maps of |f(x) - f(t)|^2 / |f(t)|^2, with means over pixels
    in [-1, 1]. The feature maps are the last ones of each size that is larger than the smallest; a discriminator
    without maps adds nothing.
    """

    def __init__(self, discriminator: ConditionalDiscriminator, target: Tensor, classes: Tensor) -> None:
        """`discriminator`: in evaluation mode, and for this alone. `target`: (1, C, H, W). `classes`: (1, classes), the
        shares under which it looks at everything."""
        self._discriminator, self._classes = discriminator, classes
        self._outputs: list[Tensor] = []
        for layer in discriminator.network.features.children():
            layer.register_forward_hook(self._record)
        self._scales = _pyramid(target)
        with torch.no_grad():
            self._maps = self._features(target)
        self._powers = [features.square().mean().clamp_min(1e-12) for features in self._maps]

    def __call__(self, images: Tensor) -> Tensor:
        """Of images NCHW, (N,)."""
        pairs = zip(_pyramid(images), self._scales, strict=True)
        pixels = torch.stack([_mean_square(made - wanted) for made, wanted in pairs]).mean(0)
        if not self._maps:
            return pixels
        found = zip(self._features(images), self._maps, self._powers, strict=True)
        perceptual = torch.stack([_mean_square(made - wanted) / power for made, wanted, power in found]).mean(0)
        return pixels + PERCEPTUAL * perceptual

    def _features(self, images: Tensor) -> list[Tensor]:
        self._outputs.clear()
        self._discriminator(images, self._classes.expand(len(images), -1))
        # The last of each size, which no layer that works in place has changed since. At the smallest a network may
        # compare a batch's images with one another.
        sizes = {output.shape[2:]: output for output in self._outputs if output.dim() == 4}
        *larger, _ = sorted(sizes.values(), key=lambda output: -output.shape[2:].numel()) or [images]
        return larger

    def _record(self, _layer: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        self._outputs.append(output)


def _pyramid(images: Tensor) -> list[Tensor]:
    scales = [images]
    while len(scales) < SCALES and min(scales[-1].shape[2:]) > 1:
        scales.append(avg_pool2d(scales[-1], 2))
    return scales


def _mean_square(difference: Tensor) -> Tensor:
    return difference.square().flatten(1).mean(1)
