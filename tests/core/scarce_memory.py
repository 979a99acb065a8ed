"""Memory for so many rows and no more: layers raise what torch raises there, before they begin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook

FULL: list[BaseException] = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 7.78 GiB"),
    torch.OutOfMemoryError("XPU out of memory. Tried to allocate 4.66 GiB. GPU 0 has a total capacity of 5.65 GiB"),
    MemoryError("Unable to allocate 3.00 GiB for an array"),
    RuntimeError(
        "MPS backend out of memory (MPS allocated: 8.01 GB, other allocations: 1.2 GB, max allowed: 9.07 GB)."
    ),
    RuntimeError("Invalid buffer size: 24.00 GiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:80] data. DefaultCPUAllocator: not enough memory: you tried to"),
    RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
    RuntimeError("HIP out of memory. Tried to allocate 64.00 MiB"),
    RuntimeError("UR backend failed. UR backend returns:40 (UR_RESULT_ERROR_OUT_OF_RESOURCES)"),
    RuntimeError("level_zero backend failed with error: 39 (UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY)"),
]
"""Errors of each kind of device when its memory is full, as far as they are known."""


@contextmanager
def memory_for(
    rows: int, error: BaseException = FULL[0], only: Callable[[nn.Module], bool] = callable
) -> Iterator[None]:
    """There is memory for batches of at most so many rows in layers for which `only` holds."""

    def refuse(layer: nn.Module, inputs: tuple[Any, ...]) -> None:
        works = isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear) and only(layer)
        if works and any(isinstance(value, Tensor) and len(value) > rows for value in inputs):
            raise type(error)(*error.args)

    handle = register_module_forward_pre_hook(refuse)
    try:
        yield
    finally:
        handle.remove()


def evaluates(layer: nn.Module) -> bool:
    """Returns True for a layer in evaluation mode, which no step trains."""
    return not layer.training
