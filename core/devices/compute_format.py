"""Compute format: number format of convolutions and products, and order of image data in memory."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class ComputeFormat:
    """Number format of convolutions and products (`fp32`, `bf16`, `fp16`) and order of image data in memory."""

    precision: str
    memory_format: str

    def autocast(self, device: torch.device) -> contextlib.AbstractContextManager[object]:
        """Returns the context for forward passes."""
        if self.precision != "fp32":
            return torch.autocast(device.type, torch.bfloat16 if self.precision == "bf16" else torch.float16)
        return contextlib.nullcontext()

    @property
    def title(self) -> str:
        return f"{self.precision}, {self.memory_format}"

    @property
    def layout(self) -> torch.memory_format:
        return torch.channels_last if self.memory_format == "channels_last" else torch.contiguous_format


def to_device(network: Network, device: torch.device, layout: torch.memory_format) -> Network:
    """Moves a network to a device, with its convolution weights in one memory layout."""
    return network.to(device).to(memory_format=layout)
