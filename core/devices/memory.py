"""Memory of devices and of the machine: how much is free, and what can be done where it is full.

Imports no torch until a function is called.
"""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from core.errors import UserError

if TYPE_CHECKING:
    import torch

    from core.config.settings import Settings

T = TypeVar("T")

_SIGNS = re.compile(
    "|".join(
        (
            "out of memory",  # CUDA, ROCm, XPU, MPS, and drivers' errors of the kinds that torch does not recognize
            "can't allocate memory|not enough memory|could not allocate memory",  # the CPU's allocator; on Windows
            "failed to allocate memory|invalid buffer size",  # MPS, which has a limit for each tensor too
            "std::bad_alloc",
            r"(cublas|hipblas|cudnn|cusolver|cusparse)_status_alloc_failed",
            r"cudnn_status_internal_error_(host|device)_allocation_failed",
            "miopenstatusallocfailed|rocblas_status_memory_error",
            "error_out_of_(host_memory|device_memory|resources)",  # XPU: Unified Runtime and Level Zero
        )
    ),
    re.IGNORECASE,
)
REMEDY = "Close other programs that use the device, or wait for other work on it to end."


class OutOfMemoryError(UserError):
    """There was not enough memory for something, which has been given up; all that it had taken is free again."""


def is_out_of_memory(error: BaseException) -> bool:
    """Returns whether an error says that memory is full, of the device or of the machine.

    Only CUDA's and XPU's allocators raise `torch.OutOfMemoryError`; the others, and libraries with buffers of their
    own, raise a plain `RuntimeError` whose text tells.
    """
    if isinstance(error, MemoryError | OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and bool(_SIGNS.search(str(error)))


def free_memory(device: torch.device) -> int:
    """Bytes that are free for the device: of its own memory, or of main memory where it has none."""
    import psutil
    import torch

    if device.type in ("cuda", "xpu"):
        free: int = torch.get_device_module(device).mem_get_info(device)[0]
        return free
    return int(psutil.virtual_memory().available)


def used_memory() -> int:
    """Bytes that this process keeps in main memory."""
    import psutil

    return int(psutil.Process(os.getpid()).memory_info().rss)


def batch_too_large(settings: Settings) -> OutOfMemoryError:
    """Returns the error for a training whose step does not fit."""
    what, remedy = _batch(settings)
    return OutOfMemoryError(f"There is not enough memory {what}.", remedy)


@contextmanager
def enough_memory_for_batch(settings: Settings) -> Iterator[None]:
    """Turns the errors of a full memory, as `enough_memory` does, into that for a training that does not fit."""
    with enough_memory(*_batch(settings)):
        yield


def _batch(settings: Settings) -> tuple[str, str]:
    return (
        f"for a batch of {settings.batch} images at {settings.resolution} px",
        f"Try a batch of {max(settings.batch // 2, 2)}, a smaller resolution, or a smaller width.",
    )


def empty_cache(device: torch.device) -> None:
    """Gives what torch keeps of the device's memory for later back to it. Does nothing on the CPU."""
    import torch

    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "xpu":
        torch.xpu.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


@contextmanager
def enough_memory(what: str, remedy: str = REMEDY, device: torch.device | None = None) -> Iterator[None]:
    """Turns the errors of a full memory into an `OutOfMemoryError` that says "There is not enough memory " + `what`.

    What the work had taken is freed first, on the device too if it is given.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        _release(error)
        problem = OutOfMemoryError(f"There is not enough memory {what}.", remedy, str(error))
    else:
        return
    if device is not None:
        empty_cache(device)
    raise problem


@contextmanager
def left_out_if_full(device: torch.device) -> Iterator[None]:
    """Leaves work out, as `contextlib.suppress` does, for which there is not enough memory, and frees what it took."""
    try:
        yield
    except (MemoryError, RuntimeError, OutOfMemoryError) as error:
        if not is_out_of_memory(error):
            raise
        _release(error)
    else:
        return
    empty_cache(device)


class BatchLimit:
    """How many rows are worked on at once: fewer from then on where there was no memory for them.

    `at_once`: at most so many at first, and in the end 1.
    """

    def __init__(self, at_once: int, device: torch.device | None = None) -> None:
        self.at_once, self._most, self._device = at_once, at_once, device

    def run(self, work: Callable[[int], T], what: str, remedy: str = REMEDY) -> T:
        """Returns `work(at_once)`, which is tried again with half as many where memory is full.

        Raises `OutOfMemoryError` as `enough_memory` does when there is no memory for one either.
        """
        while True:
            try:
                with enough_memory(what, remedy, self._device):
                    return work(self.at_once)
            except OutOfMemoryError:
                if self.at_once == 1:
                    raise
            self.at_once = max(self.at_once // 2, 1)

    def reset(self) -> None:
        """Begins with as many as at first again: there may be more memory now."""
        self.at_once = self._most


def _release(error: BaseException) -> None:
    """Frees what the functions that an error ended still hold: their variables live as long as its traceback."""
    traceback.clear_frames(error.__traceback__)
