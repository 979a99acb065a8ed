"""Machine: device, driver, build of torch, memory, and the ceilings that any kernel has there."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch

from tools.gpu_checks.bench import OK, Bench, Case, Result

SECONDS = 10
NEEDS_CUDA = False
SIDE, SMALL_SIDE = 8192, 256
"""Rows of the matrices on a GPU, and on a CPU."""
COPIED, COPIED_SMALL = 2**30, 2**24
"""Bytes."""


def cases(bench: Bench) -> Iterator[Case]:
    yield Case("build", partial(_build, bench))
    yield Case("device", partial(_device, bench))
    yield Case("matmul fp32", partial(_matmul, bench, torch.float32, False))
    if bench.is_cuda:
        yield Case("matmul TF32", partial(_matmul, bench, torch.float32, True))
    yield Case("matmul bf16", partial(_matmul, bench, torch.bfloat16, False))
    yield Case("copy", partial(_copy, bench))


@contextmanager
def tf32(on: bool) -> Iterator[None]:
    """Lets convolutions and matrix products of float32 on CUDA run as TF32, or none of them."""
    cudnn, cublas = torch.backends.cudnn, torch.backends.cuda.matmul
    try:
        before = cudnn.allow_tf32, cublas.allow_tf32
    except RuntimeError:  # torch refuses to mix these with the names that it has since 2.9, where somebody set those
        with _fp32_precision("tf32" if on else "ieee"):
            yield
        return
    cudnn.allow_tf32 = cublas.allow_tf32 = on
    try:
        yield
    finally:
        cudnn.allow_tf32, cublas.allow_tf32 = before


@contextmanager
def _fp32_precision(value: str) -> Iterator[None]:
    places: list[Any] = [getattr(torch.backends.cudnn, "conv", None), torch.backends.cuda.matmul]
    before = [place.fp32_precision for place in places]
    for place in places:
        place.fp32_precision = value
    try:
        yield
    finally:
        for place, old in zip(places, before, strict=True):
            place.fp32_precision = old


def _build(bench: Bench) -> Result:
    found = [f"Python {platform.python_version()}", platform.platform(), f"torch {torch.__version__}"]
    if torch.version.hip:
        found.append(f"ROCm {torch.version.hip}")
    elif torch.version.cuda:
        found.append(f"CUDA {torch.version.cuda}")
    if bench.is_cuda:
        found += [f"cuDNN {torch.backends.cudnn.version()}", f"driver {_driver()}"]
        found.append(f"built for {' '.join(torch.cuda.get_arch_list())}")
    return Result(OK, ", ".join(found))


def _driver() -> str:
    """The version of NVIDIA's driver."""
    with contextlib.suppress(Exception):  # not installed, or another maker's GPU
        import pynvml

        pynvml.nvmlInit()
        try:
            return str(pynvml.nvmlSystemGetDriverVersion())
        finally:
            pynvml.nvmlShutdown()
    return "unknown"


def _device(bench: Bench) -> Result:
    if not bench.is_cuda:
        return Result(OK, f"{bench.device}, {torch.get_num_threads()} threads")
    torch.zeros(1, device=bench.device)
    properties = torch.cuda.get_device_properties(bench.device)
    free, total = torch.cuda.mem_get_info(bench.device)
    taken = (total - free - torch.cuda.memory_reserved(bench.device)) / 2**20
    text = (
        f"{bench.device}, {properties.name}, capability {properties.major}.{properties.minor}, "
        f"{properties.multi_processor_count} multiprocessors, {total / 2**30:.1f} GiB, of which contexts and other "
        f"programs take {taken:.0f} MiB"
    )
    return Result(OK, text, {"memory_gib": total / 2**30, "context_mib": taken})


def _matmul(bench: Bench, dtype: torch.dtype, use_tf32: bool) -> Result:
    side = SMALL_SIDE if bench.is_cpu else SIDE
    one = torch.randn(side, side, device=bench.device).to(dtype)
    out = torch.empty_like(one)
    with tf32(use_tf32):
        torch.matmul(one, one, out=out)
        seconds = bench.timed({"matmul": partial(torch.matmul, one, one, out=out)})["matmul"]
    rate = 2 * side**3 / seconds / 1e12
    return Result(f"{rate:.3g} TFLOP/s", f"{side} x {side}", {"tflops": rate})


def _copy(bench: Bench) -> Result:
    size = COPIED_SMALL if bench.is_cpu else COPIED
    source = torch.zeros(size, dtype=torch.uint8, device=bench.device)
    target = torch.zeros_like(source)
    seconds = bench.timed({"copy": partial(target.copy_, source)})["copy"]
    rate = 2 * size / seconds / 1e9
    return Result(f"{rate:.0f} GB/s", f"read and written, {size / 2**20:.0f} MiB at a time", {"gb_per_s": rate})
