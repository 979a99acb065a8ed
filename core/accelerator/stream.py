"""A device's stream of its own for what a person waits for: it need not wait for the work of a training."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import torch

HIGH = -1
"""Priority before the default, 0."""


def priority_stream(device: torch.device) -> Callable[[], AbstractContextManager[object]]:
    """Returns a context, new with each call, in which work goes to a new stream of the device, before that of others.

    Whoever leaves it has to wait for the work, as reading its results does. Devices without streams (CPU, MPS) do the
    work as usual.
    """
    if device.type not in ("cuda", "xpu"):
        return nullcontext
    kind = torch.get_device_module(device)
    return partial(kind.stream, kind.Stream(device=device, priority=HIGH))
