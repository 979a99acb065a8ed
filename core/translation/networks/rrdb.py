"""Residual-in-residual dense blocks of ESRGAN (Wang et al. 2018, arXiv:1809.00219).

The weights have the names and shapes of its published models, and are for pixels in [0, 1] as theirs are, so that other
programs load them.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu, pad, pixel_unshuffle

from core.errors import UserError
from core.language import _
from core.translation.networks import Translator as Base
from core.translation.networks import TranslatorShape

TITLE = "RRDB (ESRGAN)"
RANK = 3
COST = (30.0, 64)
SCALES = (1, 2, 4)
MULTIPLE = 4
BORDER = 64
LAYOUT = "ESRGAN"

BLOCKS = 23
LARGEST = 4
"""Enlargement of the network itself: for smaller ones the input is folded first (Real-ESRGAN, arXiv:2107.10833)."""
SHRUNK = 0.2
"""Factor of each branch before it is added."""
INITIAL = 0.1
"""Factor of the initial weights of the dense layers."""
GROWTH = 32
"""Channels that a layer of a dense block adds in every published model; programs take no other number."""


class Translator(Base):
    """23 blocks of three dense blocks of five convolutions that add `width` / 2 channels each; two doublings."""

    def __init__(self, shape: TranslatorShape) -> None:
        super().__init__()
        width, self.fold = shape.width, LARGEST // shape.scale
        self.features = width, width
        self.conv_first = nn.Conv2d(shape.inputs * self.fold**2, width, 3, 1, 1)
        self.body = nn.Sequential(*(_Block(width, width // 2) for _ in range(BLOCKS)))
        self.conv_body = nn.Conv2d(width, width, 3, 1, 1)
        self.conv_up1 = nn.Conv2d(width, width, 3, 1, 1)
        self.conv_up2 = nn.Conv2d(width, width, 3, 1, 1)
        self.conv_hr = nn.Conv2d(width, width, 3, 1, 1)
        self.conv_last = nn.Conv2d(width, shape.outputs, 3, 1, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, inputs, h, w) to images (N, outputs, scale h, scale w), unbounded around [-1, 1]."""
        x = self.encode(images)[-1]
        x = leaky_relu(self.conv_up1(interpolate(x, scale_factor=2.0)), 0.2)
        x = leaky_relu(self.conv_up2(interpolate(x, scale_factor=2.0)), 0.2)
        made: Tensor = self.conv_last(leaky_relu(self.conv_hr(x), 0.2))
        return made * 2 - 1

    def encode(self, images: Tensor) -> list[Tensor]:
        first = self.conv_first(pixel_unshuffle((images + 1) / 2, self.fold))
        return [first, first + self.conv_body(self.body(first))]


class _Block(nn.Module):
    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (_DenseBlock(width, growth) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        branch: Tensor = self.rdb3(self.rdb2(self.rdb1(x)))
        return x + SHRUNK * branch


class _DenseBlock(nn.Module):
    """Five convolutions, each on the outputs of all before it."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, growth, 3, 1, 1)
        self.conv2 = nn.Conv2d(width + growth, growth, 3, 1, 1)
        self.conv3 = nn.Conv2d(width + 2 * growth, growth, 3, 1, 1)
        self.conv4 = nn.Conv2d(width + 3 * growth, growth, 3, 1, 1)
        self.conv5 = nn.Conv2d(width + 4 * growth, width, 3, 1, 1)
        for layer in (self.conv1, self.conv2, self.conv3, self.conv4, self.conv5):
            nn.init.kaiming_normal_(layer.weight)
            with torch.no_grad():
                layer.weight.mul_(INITIAL)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        known = x
        for layer in (self.conv1, self.conv2, self.conv3, self.conv4):
            known = torch.cat([known, leaky_relu(layer(known), 0.2)], 1)
        branch: Tensor = self.conv5(known)
        return x + SHRUNK * branch


def published(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Returns the weights of the same function in the shapes of published models, which programs expect: `GROWTH`
    channels in each dense layer, of which those that the network lacks are 0.

    Raises `UserError` if it has more, and if other programs would take folded pixels for channels of the input.
    """
    width, inputs = weights["conv_first.weight"].shape[:2]
    growth, outputs = len(weights["body.0.rdb1.conv1.weight"]), len(weights["conv_last.weight"])
    if growth > GROWTH:
        raise UserError(
            _("Other programs do not know this network with a width above {width}.").format(width=2 * GROWTH),
            _("Export it as .onnx, or train a model with a smaller width."),
        )
    if inputs not in (outputs, 4 * outputs, 16 * outputs):
        raise UserError(
            _("Other programs know this network only where inputs and outputs have the same channels."),
            _("Export it as .onnx."),
        )
    missing = GROWTH - growth
    made = dict(weights)
    for name, value in weights.items():
        if ".rdb" not in name:
            continue
        if value.ndim == 4:
            own, *added = value.split([width, *[growth] * ((value.shape[1] - width) // growth)], 1)
            value = torch.cat([own, *(pad(each, (0, 0, 0, 0, 0, missing)) for each in added)], 1)
        if ".conv5." not in name:
            value = pad(value, (0, 0) * (value.ndim - 1) + (0, missing))
        made[name] = value
    return made
