"""Perceptual distance of images to a target: pixels at several scales, and features of a discriminator.

The feature maps of the discriminator replace those of a network trained on photos, as in LPIPS (Zhang et al. 2018,
arXiv:1801.03924): it was trained on this kind of image, and is in the checkpoint.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from core.models.conditioning import ConditionalDiscriminator

SCALES = 4
"""Scales: full size, 1/2, 1/4 and 1/8. The coarse ones give gradients where structures do not overlap yet."""
PERCEPTUAL = 0.1
"""Weight of the feature distance relative to the pixel distance."""


class PerceptualDistance:
    """Distance of images to a target image; 0 for the target itself.

    mean over scales of |x - t|^2 + 0.1 * mean over feature maps of |f(x) - f(t)|^2 / |f(t)|^2, with means over pixels
    in [-1, 1]. The feature maps are the last of each size except the smallest; a discriminator without feature maps
    adds nothing.
    """

    def __init__(self, discriminator: ConditionalDiscriminator, target: Tensor, classes: Tensor) -> None:
        """Records the features of the target. `discriminator`: in evaluation mode, and not used elsewhere. `target`:
        (1, C, H, W). `classes`: (1, classes), class shares that condition the discriminator."""
        self._discriminator, self._classes = discriminator, classes
        self._outputs: list[Tensor] = []
        for layer in discriminator.network.features.children():
            layer.register_forward_hook(self._record)
        self._scales = _pyramid(target)
        with torch.no_grad():
            self._maps = self._features(target)
        self._powers = [features.square().mean().clamp_min(1e-12) for features in self._maps]

    def __call__(self, images: Tensor) -> Tensor:
        """Returns the distances (N,) of images NCHW."""
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
        # The last map of each size has not been changed by later in-place layers. The smallest size is omitted, because
        # a network may compare the images of a batch there.
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
