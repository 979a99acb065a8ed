"""Capture of a training step: recorded once as a CUDA graph, and replayed from then on with a single launch.

A step of a small network is hundreds of kernels, which the host starts more slowly than the device runs them. A
recorded step runs no Python: what it depends on belongs to its kind, or lies in tensors that keep their place.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

import torch

Step = Callable[[], None]
Recorder = Callable[[Step], Step]
"""Runs a step once, and returns what runs it again. Raises whatever the device cannot record."""


class Captured:
    """Steps of several kinds: the first of a kind runs as it is, to warm up; the second is recorded, others replayed.

    `failure`: why steps are not recorded any more; empty while they are.
    """

    def __init__(self, record: Recorder | None) -> None:
        """Starts without recordings. `record`: None if the device cannot record."""
        self._record = record
        self._met: set[Hashable] = set()
        self._replays: dict[Hashable, Step] = {}
        self.failure = ""

    def run(self, kind: Hashable, step: Step) -> None:
        """Runs a step; all steps of one kind do the same on the device. Raises what the step raises."""
        if replay := self._replays.get(kind):
            replay()
        elif self._record is None or kind not in self._met:
            step()
            self._met.add(kind)
        else:
            self._record_or_run(self._record, kind, step)

    def forget(self) -> None:
        """Drops what was recorded: settings, or the tensors that steps work on, are others now."""
        self._met.clear()
        self._replays.clear()

    def _record_or_run(self, record: Recorder, kind: Hashable, step: Step) -> None:
        try:
            self._replays[kind] = record(step)
        except Exception as error:  # each driver and library has its own reasons
            self.forget()
            self._record, self.failure = None, f"{type(error).__name__}: {error}"
            step()


def recorder(device: torch.device, generators: Iterable[torch.Generator]) -> Recorder | None:
    """Returns how steps on a device are recorded; None where it does not record any.

    `generators`: those on the device that steps draw from, beside torch's default one.
    """
    if device.type != "cuda":
        return None
    return _GraphRecorder(device, tuple(generators))


class _GraphRecorder:
    """Records CUDA graphs (HIP graphs on ROCm), which share one pool of memory."""

    def __init__(self, device: torch.device, generators: tuple[torch.Generator, ...]) -> None:
        self._device, self._generators = device, generators
        self._pool: torch.cuda._POOL_HANDLE | None = None

    def __call__(self, step: Step) -> Step:
        graph = torch.cuda.CUDAGraph()
        for generator in self._generators:
            graph.register_generator_state(generator)
        # Other threads go on using the device meanwhile: only what this one does may disturb the recording.
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
            step()
        self._pool = graph.pool()
        graph.replay()  # recording has run nothing
        return graph.replay
