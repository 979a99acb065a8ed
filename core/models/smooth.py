"""DCGAN whose last doubling is interpolation and a convolution, which leaves no grid on the images.

A transposed convolution treats even and odd pixels differently, and a short training does not get to even that out
(Odena, Dumoulin, Olah 2016, "Deconvolution and Checkerboard Artifacts", doi:10.23915/distill.00003).
"""

from __future__ import annotations

from torch import nn

from core.models import Shape, dcgan
from core.models.layers import Upsample

TITLE = "DCGAN, smooth"
D_NORMS = ("batch", "layer", "none")
COST = (1.0, 24)
INPUT_BIAS = True

Discriminator = dcgan.Discriminator


class Generator(dcgan.Generator):
    """DCGAN's up to half the size; then bilinear interpolation, a convolution to colors, and tanh."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        *layers, _, squash = self.layers
        last = nn.Conv2d(shape.width, shape.channels, 3, 1, 1, bias=False)
        nn.init.normal_(last.weight, 0.0, 0.02)
        self.layers = nn.Sequential(*layers, Upsample(), last, squash)
