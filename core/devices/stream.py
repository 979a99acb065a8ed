"""Streams of a device: a training has one of its own, and so has what a person waits for beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
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


@contextmanager
def stream_of_its_own(device: torch.device) -> Iterator[None]:
    """Lets this thread's work on a device go into a new stream: what belongs to the default one, such as nodes of
    autograd, cannot be recorded. Does nothing where devices have no streams."""
    if device.type not in ("cuda", "xpu"):
        yield
        return
    kind = torch.get_device_module(device)
    before, own = kind.current_stream(device), kind.Stream(device=device)
    own.wait_stream(before)
    try:
        with kind.stream(own):
            yield
    finally:
        before.wait_stream(own)


def synchronize(device: torch.device) -> None:
    """Waits until the device has done all that it was given, so that a clock can be read."""
    if device.type == "mps":
        torch.mps.synchronize()
    elif device.type != "cpu":
        torch.get_device_module(device).synchronize(device)
