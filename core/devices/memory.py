"""Memory of devices and of the machine: free memory, and handling of full memory.

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
from core.language import _, number, plural

if TYPE_CHECKING:
    import torch

    from core.config.settings import Settings

T = TypeVar("T")

_SIGNS = re.compile(
    "|".join(
        (
            "out of memory",  # CUDA, ROCm, XPU, MPS, and driver errors that torch does not recognize
            "can't allocate memory|not enough memory|could not allocate memory",  # the CPU's allocator; on Windows
            "failed to allocate memory|invalid buffer size",  # MPS, which also limits single tensors
            "std::bad_alloc",
            r"(cublas|hipblas|cudnn|cusolver|cusparse)_status_alloc_failed",
            r"cudnn_status_internal_error_(host|device)_allocation_failed",
            "miopenstatusallocfailed|rocblas_status_memory_error",
            "error_out_of_(host_memory|device_memory|resources)",  # XPU: Unified Runtime and Level Zero
        )
    ),
    re.IGNORECASE,
)
REMEDY = _("Close other programs that use the device, or wait until other work on it has finished.")


class OutOfMemoryError(UserError):
    """Raised if memory is full; the memory of the failed work has been freed."""


def is_out_of_memory(error: BaseException) -> bool:
    """Returns whether an error means that memory of the device or of the machine is full.

    Only the allocators of CUDA and XPU raise `torch.OutOfMemoryError`; others, and libraries with their own buffers,
    raise a `RuntimeError` that is recognized by its text.
    """
    if isinstance(error, MemoryError | OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and bool(_SIGNS.search(str(error)))


def free_memory(device: torch.device) -> int:
    """Returns the free memory of the device in bytes; of main memory if it has none of its own."""
    import psutil
    import torch

    if device.type in ("cuda", "xpu"):
        free: int = torch.get_device_module(device).mem_get_info(device)[0]
        return free
    return int(psutil.virtual_memory().available)


def used_memory() -> int:
    """Returns the main memory that this process uses, in bytes."""
    import psutil

    return int(psutil.Process(os.getpid()).memory_info().rss)


def batch_too_large(settings: Settings) -> OutOfMemoryError:
    """Returns the error for a training whose step does not fit into memory."""
    what, remedy = _batch(settings)
    return OutOfMemoryError(what, remedy)


@contextmanager
def enough_memory_for_batch(settings: Settings) -> Iterator[None]:
    """Turns errors of full memory into `batch_too_large`, like `enough_memory`."""
    with enough_memory(*_batch(settings)):
        yield


def _batch(settings: Settings) -> tuple[str, str]:
    what = plural(
        "There is not enough memory for a batch of {count} image at {resolution} px.",
        "There is not enough memory for a batch of {count} images at {resolution} px.",
        settings.batch,
        resolution=settings.resolution,
    )
    remedy = _("Reduce the batch size to {size}, the resolution, or the base channels.")
    return what, remedy.format(size=number(max(settings.batch // 2, 2)))


def empty_cache(device: torch.device) -> None:
    """Releases unused device memory that torch has cached. Does nothing on the CPU."""
    import torch

    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "xpu":
        torch.xpu.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


@contextmanager
def enough_memory(what: str, remedy: str = REMEDY, device: torch.device | None = None) -> Iterator[None]:
    """Turns errors of full memory into an `OutOfMemoryError`. `what`: sentence about work that needs more memory.

    Memory of the failed work is freed first, on the device too if it is given.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        _release(error)
        problem = OutOfMemoryError(what, remedy, str(error))
    else:
        return
    if device is not None:
        empty_cache(device)
    raise problem


@contextmanager
def left_out_if_full(device: torch.device) -> Iterator[None]:
    """Suppresses errors of full memory, like `contextlib.suppress`, and frees the memory of the failed work."""
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
    """Number of rows processed at once, which is reduced when memory is full.

    `at_once`: initial maximum; it is halved down to 1.
    """

    def __init__(self, at_once: int, device: torch.device | None = None) -> None:
        self.at_once, self._most, self._device = at_once, at_once, device

    def run(self, work: Callable[[int], T], what: str, remedy: str = REMEDY) -> T:
        """Returns `work(at_once)`; tries again with half as many if memory is full.

        Raises `OutOfMemoryError` as `enough_memory` does if not even one fits.
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
        """Restores the initial maximum, as more memory may be free now."""
        self.at_once = self._most


def _release(error: BaseException) -> None:
    """Frees the variables that the traceback of an error keeps alive."""
    traceback.clear_frames(error.__traceback__)
