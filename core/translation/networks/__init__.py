"""Networks of translation, from image to image: one module each, found by its name.

A module of this package defines

* `TITLE` and `RANK`, for the form;
* `COST`: the time that one image takes in training at 64 px, relative to `light` with 32 base channels, and the base
  channels that it was measured with;
* `SCALES`: the factors of enlargement that it can have;
* `MULTIPLE`: width and height of its inputs are multiples of this, or of half of it where it enlarges; where they are
  smaller than that, of the largest power of two that fits. Others are padded (`core.translation.tiles`);
* `BORDER`: distance in input pixels beyond which one pixel changes others by less than 1/255 of what it changes most;
  None for networks that look at the whole image, such as those with instance normalization: their tiles differ from
  the whole;
* `LAYOUT`: name of the architecture whose names of weights it uses, in programs that load such models; empty if none;
* `published(weights)`, with a `LAYOUT`: the weights in the shapes that these programs expect;
* `Translator(shape)`: images (N, shape.inputs, h, w) in [-1, 1] -> images (N, shape.outputs, scale h, scale w) in
  [-1, 1], with `encode(images)`: the feature maps that a contrastive loss compares.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from torch import Tensor, nn

from core.registry import components, module


@dataclass(frozen=True)
class TranslatorShape:
    """Shape of a translator.

    `inputs` and `outputs`: channels, 1 (gray), 3 (RGB) or 4 (RGBA). `scale`: factor by which the output is larger.
    `side`: smaller side of the inputs in training, in pixels. `residual`: whether the network computes what is added to
    its input; otherwise the input need not resemble the output.
    """

    inputs: int
    outputs: int
    width: int
    scale: int
    side: int
    residual: bool

    def reversed(self) -> TranslatorShape:
        """Returns the shape of a translator back."""
        return replace(self, inputs=self.outputs, outputs=self.inputs, side=self.side * self.scale, scale=1)


class Translator(nn.Module):
    """Base of every translator.

    `features`: channels of the feature maps that `encode` returns. `reach`: distance in pixels from which hidden ones
    are filled before the first layer sees them, in addition to `BORDER`.
    """

    features: tuple[int, ...]
    reach = 0

    def encode(self, images: Tensor) -> list[Tensor]:
        """Returns feature maps of images (N, inputs, h, w), from fine to coarse, each (N, C, rows, columns)."""
        raise NotImplementedError


def build_translator(network: str, shape: TranslatorShape) -> Translator:
    """Builds an initialized translator on torch's current default device."""
    return cast(Translator, module("translation.networks", network).Translator(shape))


def multiple_of(network: str, shape: TranslatorShape) -> int:
    """Returns the number that divides width and height of a translator's inputs: `MULTIPLE`, or less in a U-Net that
    was trained on small images, since it halves them less often."""
    return min(int(components("translation.networks")[network].facts["MULTIPLE"]), 1 << (shape.side.bit_length() - 1))
