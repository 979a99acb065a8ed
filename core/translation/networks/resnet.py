"""ResNet of CycleGAN (Zhu et al. 2017, arXiv:1703.10593, after Johnson et al. 2016, arXiv:1603.08155).

A 7 x 7 convolution, two halvings, nine residual blocks (six below 256 px), two doublings; instance normalization and
borders by reflection.
"""

from __future__ import annotations

from torch import Tensor, nn

from core.models.layers import initialize_dcgan
from core.translation.networks import Translator as Base
from core.translation.networks import TranslatorShape

TITLE = "ResNet (CycleGAN)"
RANK = 1
COST = (6.0, 64)
SCALES = (1,)
MULTIPLE = 4
BORDER = None
LAYOUT = ""

LARGE = 256
"""Side in pixels from which there are nine blocks."""


class Translator(Base):
    """c7s1-64, d128, d256, nine R256, u128, u64, c7s1-3, in the names of the paper, at 64 base channels."""

    def __init__(self, shape: TranslatorShape) -> None:
        super().__init__()
        width, blocks = shape.width, 9 if shape.side >= LARGE else 6
        self.features = shape.inputs, 2 * width, 4 * width, 4 * width, 4 * width
        self.encoder = nn.Sequential(
            nn.ReflectionPad2d(3),
            *_normalized(nn.Conv2d(shape.inputs, width, 7)),
            *_normalized(nn.Conv2d(width, 2 * width, 3, 2, 1)),
            *_normalized(nn.Conv2d(2 * width, 4 * width, 3, 2, 1)),
        )
        self.blocks = nn.Sequential(*(_Block(4 * width) for _ in range(blocks)))
        self.decoder = nn.Sequential(
            *_normalized(nn.ConvTranspose2d(4 * width, 2 * width, 3, 2, 1, output_padding=1)),
            *_normalized(nn.ConvTranspose2d(2 * width, width, 3, 2, 1, output_padding=1)),
            nn.ReflectionPad2d(3),
            nn.Conv2d(width, shape.outputs, 7),
            nn.Tanh(),
        )
        initialize_dcgan(self)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, inputs, h, w) to images (N, outputs, h, w) in [-1, 1]."""
        made: Tensor = self.decoder(self.blocks(self.encoder(images)))
        return made

    def encode(self, images: Tensor) -> list[Tensor]:
        """Returns the image, both halvings, and the outputs of the first and the middle residual block."""
        x, found = images, [images]
        for number, layer in enumerate(self.encoder):
            x = layer(x)
            if number in (4, 7):  # the convolutions that halve, as CUT takes them
                found.append(x)
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in (0, len(self.blocks) // 2):
                found.append(x)
        return found


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            *_normalized(nn.Conv2d(width, width, 3)),
            nn.ReflectionPad2d(1),
            nn.Conv2d(width, width, 3),
            nn.InstanceNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        branch: Tensor = self.layers(x)
        return x + branch


def _normalized(layer: nn.Conv2d | nn.ConvTranspose2d) -> tuple[nn.Module, nn.Module, nn.Module]:
    return layer, nn.InstanceNorm2d(layer.out_channels), nn.ReLU()
