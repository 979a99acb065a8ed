"""Networks in evaluation mode for a moment, so that what they are asked does not change them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def evaluated(*networks: nn.Module) -> Iterator[None]:
    """In evaluation mode batch normalisation's statistics and spectral norm's vectors stay as they are, dropout is off,
    and noise within a generator is always the same."""
    modes = [network.training for network in networks]
    for network in networks:
        network.eval()
    try:
        yield
    finally:
        for network, mode in zip(networks, modes, strict=True):
            network.train(mode)
