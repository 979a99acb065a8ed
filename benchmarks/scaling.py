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
from collections.abc import Mapping
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
from torch.utils.flop_counter import flop_registry

from benchmarks.table import machine
from core.config.settings import Settings
from core.data.dataset import Dataset
from core.data.records import Records
from core.distributed.ranks import Order, Ranks, meeting
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


NVLINK = Link("NVLink", 20e-6, 350e9)
"""8 H100 in a machine. Peak bus bandwidth: 480 GB/s, for which 256 MB are too few
(https://github.com/NVIDIA/nccl-tests/issues/212); 475 GB/s on 8 H200, 370 GB/s by rings
(https://github.com/NVIDIA/nccl-tests/issues/272). 350 GB/s at the 64 to 256 MB of gradients is an assumption, and so
is the latency."""
PCIE = Link("PCIe", 40e-6, 20e9)
"""PCIe 4.0 x16 without NVLink. Small sums take 42 microseconds on 8 RTX 4090
(https://github.com/NVIDIA/nccl/issues/1530). NCCL assumes 24 GB/s below a CPU and 10 GB/s between two
(https://github.com/NVIDIA/nccl-tests/issues/307); 20 GB/s is an assumption for GPUs below one CPU."""
INFINIBAND = Link("InfiniBand", 50e-6, 200e9)
"""NDR, a 400 Gbit/s card for each GPU. Small sums take 46 to 48 microseconds on 16 GPUs in 2 machines
(https://github.com/NVIDIA/nccl/issues/1244). A card reaches 46 to 48 GB/s
(https://github.com/NVIDIA/nccl-tests/issues/290), so 8 of them 370 to 380 GB/s at best; 200 GB/s at the size of
gradients is an assumption."""
ETHERNET = Link("Ethernet", 150e-6, 2.8e9)
"""25 Gbit/s for each machine are 3.1 GB/s, of which TCP leaves about 2.8 GB/s; its GPUs share them. An assumption."""
IN_A_MACHINE = 8
"""GPUs of a machine."""
FLOPS = 60e12
"""Arithmetic that convolutions of this size reach on an H100 in TF32, of 495e12 at best: an assumption."""
OPERATOR = 8e-6
"""Seconds in which the host starts an operator: an assumption. Steps of several ranks are no CUDA graphs."""
REPLAYED = 2e-6
"""Seconds of the smallest kernel in a CUDA graph: an assumption."""


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
    """Counts operators and their arithmetic. `FlopCounterMode` follows modules, which fails in gradient penalties."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count, self.flops = 0, 0

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        self.count += 1
        if counts := flop_registry.get(func.overloadpacket):
            self.flops += counts(*args, **(kwargs or {}), out_val=found)
        return found


def main() -> None:
    print(machine())
    gloo = show_gloo()
    names = sys.argv[1:] or PRESETS
    steps = {(name, resolution): counted(name, resolution) for resolution in RESOLUTIONS for name in names}
    show_exchanged(steps, gloo)
    for scenario in SCENARIOS:
        show_times(steps, scenario)


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
    ranks.meet(meeting(folder / "meeting", count))
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
    with trainer.running(), Operators() as operators:
        for _event in trainer.advance():
            pass
    return ranks.sums, operators.flops / images, operators.count


# -- a step on GPUs ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scenario:
    """Cluster of GPUs: links in a machine and between machines, and whether they share the batch of one GPU instead of
    having so many images each."""

    title: str
    within: Link
    between: Link
    shares_batch: bool

    def link(self, gpus: int) -> Link:
        """Returns the link that limits the sums over some GPUs."""
        return self.within if gpus <= IN_A_MACHINE else self.between


SCENARIOS = (
    Scenario("The preset's batch on each GPU; NVLink and InfiniBand", NVLINK, INFINIBAND, False),
    Scenario("The preset's batch on each GPU; PCIe and Ethernet", PCIE, ETHERNET, False),
    Scenario("The preset's batch shared by all GPUs; NVLink and InfiniBand", NVLINK, INFINIBAND, True),
)
Steps = Mapping[tuple[str, int], Step]
"""Costs of a step, by preset and resolution."""


def show_exchanged(steps: Steps, gloo: Link) -> None:
    """Prints what a step of each preset exchanges."""
    columns = "batch", "GFLOP an image", "operators", "gradients", "further sums", "a rank", "an image"
    print("\n| preset | " + " | ".join(columns) + f" | {gloo.title} |")
    print("| --- " * (len(columns) + 2) + "|")
    for (name, resolution), step in steps.items():
        cells = (
            f"{name}, {resolution} px",
            f"{step.batch}",
            f"{step.flops / 1e9:,.1f}",
            f"{step.operators:,}",
            f"{step.gradients / 1e6:,.1f} MB in {step.updates}",
            f"{step.sums}",
            f"{step.fixed / 1e3:,.1f} kB",
            f"{step.growing / 1e3:,.1f} kB",
            f"{1e3 * step.exchange(2, step.batch / 2, gloo):,.0f} ms",
        )
        print("| " + " | ".join(cells) + " |", flush=True)


def show_times(steps: Steps, scenario: Scenario) -> None:
    """Prints the time of a step on each number of GPUs."""
    print(f"\n**{scenario.title}**\n\n| GPUs | " + " | ".join(map(str, GPUS)) + " |")
    print("| --- " * (len(GPUS) + 1) + "|")
    for (name, resolution), step in steps.items():
        cells = (cell(step, scenario, gpus) for gpus in GPUS)
        print(f"| {name}, {resolution} px | " + " | ".join(cells) + " |", flush=True)


def cell(step: Step, scenario: Scenario, gpus: int) -> str:
    """Returns milliseconds of a step, the share of them that is exchange, and the efficiency: images a second of each
    GPU, relative to one GPU alone."""
    if scenario.shares_batch and gpus > step.batch:
        return "-"
    images = step.batch / gpus if scenario.shares_batch else step.batch
    exchange = step.exchange(gpus, images, scenario.link(gpus))
    seconds = step.computation(gpus, images) + exchange
    alone = step.batch / step.computation(1, step.batch)
    if gpus == 1:
        return f"{1e3 * seconds:.1f}"
    return f"{1e3 * seconds:.1f} ({100 * exchange / seconds:.0f} %, {100 * images / seconds / alone:.0f} %)"


def size_of(count: int) -> str:
    return f"{count} B" if count < 2**10 else f"{count >> 10} KiB" if count < 2**20 else f"{count >> 20} MiB"


if __name__ == "__main__":
    if sys.argv[1:2] == ["rank"]:
        rank(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
