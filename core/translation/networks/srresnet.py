"""SRResNet, the generator of SRGAN (Ledig et al. 2017, arXiv:1609.04802): residual blocks at the size of the input.

Sixteen blocks with batch normalization and parametric ReLU, and a doubling by sub-pixel convolution for each factor of
two (Shi et al. 2016, arXiv:1609.05158).
"""

from __future__ import annotations

from torch import Tensor, nn

from core.distributed.layers import BatchNorm2d
from core.translation.networks import Translator as Base
from core.translation.networks import TranslatorShape

TITLE = "SRResNet (SRGAN)"
RANK = 4
COST = (3.0, 64)
SCALES = (2, 4)
MULTIPLE = 2
BORDER = 40
LAYOUT = ""

BLOCKS = 16


class Translator(Base):
    """k9n64s1, sixteen blocks of two k3n64s1, k3n64s1, a k3n256s1 for each doubling, k9n3s1, in the names of the paper,
    at 64 base channels. Batch normalization uses its running statistics in evaluation mode, so that tiles are the same
    as the whole."""

    def __init__(self, shape: TranslatorShape) -> None:
        super().__init__()
        width = shape.width
        self.head = nn.Sequential(nn.Conv2d(shape.inputs, width, 9, 1, 4), nn.PReLU())
        self.blocks = nn.Sequential(*(_Block(width) for _ in range(BLOCKS)))
        self.after = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1), BatchNorm2d(width))
        doublings = shape.scale.bit_length() - 1
        self.grow = nn.Sequential(
            *(
                nn.Sequential(nn.Conv2d(width, 4 * width, 3, 1, 1), nn.PixelShuffle(2), nn.PReLU())
                for _ in range(doublings)
            )
        )
        self.tail = nn.Conv2d(width, shape.outputs, 9, 1, 4)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, inputs, h, w) to images (N, outputs, scale h, scale w), unbounded around [-1, 1]."""
        made: Tensor = self.tail(self.grow(self.encode(images)[-1]))
        return made

    def encode(self, images: Tensor) -> list[Tensor]:
        first = self.head(images)
        return [first, first + self.after(self.blocks(first))]


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 3, 1, 1),
            BatchNorm2d(width),
            nn.PReLU(),
            nn.Conv2d(width, width, 3, 1, 1),
            BatchNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        branch: Tensor = self.layers(x)
        return x + branch
