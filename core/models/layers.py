"""What several networks share."""

from __future__ import annotations

from torch import nn


def initialise_dcgan(module: nn.Module) -> None:
    """The paper's initialisation: convolutions N(0, 0.02), batch normalisation scale N(1, 0.02) and shift 0."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, 0.02)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, 0.02)
            nn.init.zeros_(layer.bias)
