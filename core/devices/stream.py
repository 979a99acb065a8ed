"""Streams of a device: a training and interactive work each have their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

import torch

HIGH = -1
"""Priority above the default, 0."""


def priority_stream(device: torch.device) -> Callable[[], AbstractContextManager[object]]:
    """Returns a function that creates a context in which work goes to a new high-priority stream of the device.

    The caller has to wait for the work, for example by reading its results. Has no effect on devices without streams
    (CPU, MPS).
    """
    if device.type not in ("cuda", "xpu"):
        return nullcontext
    kind = torch.get_device_module(device)
    return partial(kind.stream, kind.Stream(device=device, priority=HIGH))


@contextmanager
def stream_of_its_own(device: torch.device) -> Iterator[None]:
    """Directs the work of this thread on a device to a new stream, because work on the default stream, such as autograd
    nodes, cannot be captured in a CUDA graph. Does nothing on devices without streams."""
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
    """Waits until the device has finished all work, for time measurements."""
    if device.type == "mps":
        torch.mps.synchronize()
    elif device.type != "cpu":
        torch.get_device_module(device).synchronize(device)
