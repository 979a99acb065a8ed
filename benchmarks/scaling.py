"""Data that several ranks exchange in a step, and the time of a step on 1 to 64 GPUs: `make bench-scaling`.

Three parts: latency and bandwidth of gloo between processes of this machine, measured; the sums over ranks that a step
of each preset needs, counted on a real step; and a model of a step with both, on GPUs that are not here:

    time = computation of a rank's images + number of sums * latency + bytes * 2 (N - 1) / N / bandwidth

Nothing overlaps in it, as nothing does in the program: a gradient penalty needs whole gradients. Arguments: presets.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.table import machine
from core.config.settings import Settings
from core.data.dataset import Dataset
from core.data.records import Records
from core.distributed.ranks import Order, Ranks
from core.events import Tuned
from core.jobs.trainer import trainer_for
from core.presets import FitContext, preset

PRESETS = ("dcgan", "studio", "sngan", "wgan_gp", "r3gan", "stylegan2_ada")
RESOLUTIONS = (64, 256, 512)
GPUS = (1, 2, 4, 8, 16, 32, 64)
SIZES = (16, 2**14, 2**20, 2**24, 2**26)
"""Bytes of the sums over ranks that are timed."""
ROUNDS = 20
IMAGES = 200_000
"""Images of the dataset to which presets are fitted: many, as nobody trains on 64 GPUs with few."""


@dataclass(frozen=True)
class Link:
    """Connection between ranks: `latency` of a sum in seconds, and bus bandwidth in bytes a second as nccl-tests
    defines it, which a sum of S bytes over N ranks reaches if it takes 2 (N - 1) / N * S / bandwidth."""

    title: str
    latency: float
    bandwidth: float


NVLINK = Link("NVLink, 8 H100 in a machine", 20e-6, 350e9)
"""All-reduce of nccl-tests on a DGX H100: about 480 GB/s at 8 GB, about 350 GB/s at the 64 to 256 MB of gradients;
small sums take 15 to 25 microseconds."""
PCIE = Link("PCIe 4.0 x16, no NVLink", 30e-6, 20e9)
"""All-reduce of nccl-tests between GPUs at PCIe switches: 18 to 24 GB/s."""
INFINIBAND = Link("InfiniBand NDR, a 400 Gbit/s card for each H100", 50e-6, 200e9)
"""All-reduce of nccl-tests over 2 to 8 machines of 8 H100: 350 GB/s and more at 8 GB, 150 to 250 GB/s at the size of
gradients; small sums take 40 to 60 microseconds."""
ETHERNET = Link("Ethernet, 25 Gbit/s for each machine", 150e-6, 2.8e9)
"""25 Gbit/s are 3.1 GB/s, of which TCP leaves about 2.8 GB/s; all GPUs of a machine share them."""
IN_A_MACHINE = 8
"""GPUs of a machine."""
FLOPS = 60e12
"""Arithmetic that convolutions of this size reach on an H100 in TF32, of 495e12 at best."""
OPERATOR = 8e-6
"""Seconds in which the host starts an operator. Steps of several ranks are not recorded as CUDA graphs."""
REPLAYED = 2e-6
"""Seconds of the smallest kernel in a CUDA graph."""


@dataclass(frozen=True)
class Step:
    """Cost of a step of a preset: its batch on one GPU, `flops` for an image, operators; bytes of gradients, and
    sums over ranks beside these, of `fixed` bytes for each rank and `growing` bytes for each image."""

    batch: int
    flops: float
    operators: int
    gradients: int
    updates: int
    sums: int
    fixed: float
    growing: float

    def computation(self, ranks: int, images: float) -> float:
        """Returns the seconds of a rank for its images of a batch; a single one replays a recorded CUDA graph."""
        return max(images * self.flops / FLOPS, self.operators * (OPERATOR if ranks > 1 else REPLAYED))

    def exchange(self, ranks: int, images: float, link: Link) -> float:
        """Returns the seconds of the sums over ranks, each of which has `images` of a batch."""
        if ranks == 1:
            return 0.0
        others = ranks * (self.fixed + images * self.growing)
        data = 2 * (ranks - 1) / ranks * (self.gradients + others)
        return (self.updates + self.sums) * link.latency + data / link.bandwidth


class Counted(Ranks):
    """The first of two ranks, of which the other adds nothing: notes the bytes of each sum."""

    def __init__(self) -> None:
        super().__init__(2)
        self.sums: list[int] = []

    def add_up(self, tensor: Tensor) -> Tensor:
        self.sums.append(tensor.nbytes)
        return tensor

    def lead(self, order: Order | None = None, tensors: Mapping[str, Tensor] | None = None) -> None:
        """Nobody follows."""


class Operators(TorchDispatchMode):
    """Counts operators."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        self.count += 1
        return func(*args, **(kwargs or {}))


def main() -> None:
    print(machine())
    link = show_gloo()
    for name in sys.argv[1:] or PRESETS:
        for resolution in RESOLUTIONS:
            show_step(name, resolution, counted(name, resolution), link)


# -- gloo on this machine ----------------------------------------------------------------------------------------------


def show_gloo() -> Link:
    """Prints how long sums over 2 and 4 processes take; returns latency and bandwidth of the first."""
    print("\n| sum over processes, gloo | " + " | ".join(size_of(size) for size in SIZES) + " | bandwidth |")
    print("| --- " * (len(SIZES) + 2) + "|")
    links = []
    for count in (2, 4):
        seconds = timed(count)
        bandwidth = 2 * (count - 1) / count * SIZES[-1] / seconds[-1]
        links.append(Link(f"gloo, {count} processes", seconds[0], bandwidth))
        times = " | ".join(f"{1e3 * each:.3g} ms" for each in seconds)
        print(f"| {count} processes | {times} | {bandwidth / 1e9:.2f} GB/s |", flush=True)
    return links[0]


def timed(count: int) -> list[float]:
    """Returns the shortest time of a sum of each size over some processes of this machine."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.scaling", "rank", folder, str(count)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        others = [subprocess.Popen([*command, str(own)], env=environment) for own in range(1, count)]
        said = subprocess.run([*command, "0"], env=environment, capture_output=True, text=True, check=True).stdout
        for other in others:
            other.wait()
    return [float(word) for word in said.split()]


def rank(folder: Path, count: int, own: int) -> None:
    """Times sums as one of several processes; the first one prints the seconds."""
    ranks = Ranks(count, own, own)
    ranks.meet(f"file://{folder.as_posix()}/meeting")
    ranks.connect(torch.device("cpu"))
    for size in SIZES:
        tensor, best = torch.zeros(ceil(size / 4)), float("inf")
        for _round in range(ROUNDS):
            started = perf_counter()
            ranks.add_up(tensor)
            best = min(best, perf_counter() - started)
        if ranks.leads:
            print(best)
    if not ranks.leads:
        ranks.follow(0)
    ranks.close()


# -- what a step exchanges ---------------------------------------------------------------------------------------------


def counted(name: str, resolution: int) -> Step:
    """Runs a step of a preset, with penalties, as one of two ranks with one image, and with two."""
    chosen = preset(name)
    settings = chosen.fitted(FitContext(IMAGES, True, 0), resolution=resolution)
    one, flops, operators = run(settings, 1)
    two, _flops, _operators = run(settings, 2)
    updates = settings.d_steps + 1
    largest = sorted(one, reverse=True)[:updates]
    ones, twos = sum(one) - sum(largest), sum(two) - sum(sorted(two, reverse=True)[:updates])
    growing = max(twos - ones, 0) / 2  # two ranks have an image more each
    return Step(
        settings.batch,
        flops,
        operators,
        sum(largest),
        updates,
        len(one) - updates,
        max(ones / 2 - growing, 0),
        growing,
    )


def run(settings: Settings, images: int) -> tuple[list[int], float, int]:
    """Returns the bytes of each sum of a step, its arithmetic for an image, and its operators."""
    settings = settings.changed(batch=2 * images, device="cpu", precision="fp32", memory_format="contiguous", samples=1)
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (16, 3, settings.resolution, settings.resolution), np.uint8)
    dataset = Dataset("noise", "noise", settings.size, pixels, None, (), (), "noise", Records.none())
    ranks = Counted()
    tuned = Tuned("cpu", "fp32", "contiguous", {})
    trainer = trainer_for(settings, dataset, tuned, signals=False, ranks=ranks)
    with trainer.running(), FlopCounterMode(display=False) as flops, Operators() as operators:
        for _event in trainer.advance():
            pass
    return ranks.sums, flops.get_total_flops() / images, operators.count


# -- a step on GPUs ----------------------------------------------------------------------------------------------------


def show_step(name: str, resolution: int, step: Step, gloo: Link) -> None:
    """Prints what a step exchanges, and for each number of GPUs its time and images a second."""
    megabytes = step.gradients / 1e6
    here = step.exchange(2, step.batch / 2, gloo)
    print(
        f"\n**{name}, {resolution} px**, batch {step.batch}: {step.flops / 1e9:,.0f} GFLOP an image, "
        f"{step.operators:,} operators, gradients {megabytes:,.1f} MB in {step.updates} sums, {step.sums} further sums "
        f"of {step.fixed / 1e3:,.1f} kB a rank and {step.growing / 1e3:,.1f} kB an image; "
        f"{here:.2g} s over {gloo.title} here.\n"
    )
    print("| GPUs | " + " | ".join(map(str, GPUS)) + " |")
    print("| --- " * (len(GPUS) + 1) + "|")
    for title, links, is_fixed in scenarios():
        print(f"| {title} | " + " | ".join(cells(step, links, is_fixed)) + " |", flush=True)


def scenarios() -> Iterator[tuple[str, tuple[Link, Link], bool]]:
    """Yields kinds of clusters: links in a machine and between machines, and whether the batch stays the same."""
    yield "ms, same batch, NVLink + InfiniBand", (NVLINK, INFINIBAND), True
    yield "ms, batch on each GPU, NVLink + InfiniBand", (NVLINK, INFINIBAND), False
    yield "ms, batch on each GPU, PCIe + Ethernet", (PCIE, ETHERNET), False


def cells(step: Step, links: tuple[Link, Link], is_fixed: bool) -> Iterator[str]:
    """Yields the milliseconds of a step on each number of GPUs, and the efficiency: images a second of a GPU, relative
    to one GPU alone."""
    alone = step.batch / step.computation(1, step.batch)
    for gpus in GPUS:
        if is_fixed and gpus > step.batch:
            yield "-"
            continue
        images = step.batch / gpus if is_fixed else step.batch
        link = links[0] if gpus <= IN_A_MACHINE else links[1]
        seconds = step.computation(gpus, images) + step.exchange(gpus, images, link)
        yield f"{1e3 * seconds:.1f} ({100 * images / seconds / alone:.0f} %)"


def size_of(count: int) -> str:
    return f"{count} B" if count < 2**10 else f"{count >> 10} KiB" if count < 2**20 else f"{count >> 20} MiB"


if __name__ == "__main__":
    if sys.argv[1:2] == ["rank"]:
        rank(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
