"""Device: what can be trained on, and what keeps it from being used. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("cuda", "xpu", "mps", "cpu")
"""Kinds of devices by torch's names, the fastest first: `cuda` is NVIDIA's, and AMD's where PyTorch was built for ROCm,
and `xpu` is Intel's."""


@dataclass(frozen=True)
class Trouble:
    """What keeps something from working, what to do about it (no full stop), and the one command that does it.

    `command` is empty where there is none.
    """

    what: str
    remedy: str
    command: str = ""

    @property
    def advice(self) -> str:
        """The remedy with its command, as a sentence."""
        return f"{self.remedy}: {self.command}" if self.command else f"{self.remedy}."


@dataclass(frozen=True)
class Device:
    """A device by torch's name (`cpu`, `cuda:0`, `xpu:0`, `mps`), and a title for people.

    Memory is in bytes, None where it is not known. `architecture`: what its kernels are compiled for (`sm_90`,
    `gfx1100`). `good_at`: what is fast on it (`bf16`, `TF32` ...). `is_integrated`: it shares the main memory.
    `trouble`: why it cannot be used; None for one that can.
    """

    name: str
    title: str
    free_memory: int | None = None
    total_memory: int | None = None
    driver: str = ""
    architecture: str = ""
    good_at: tuple[str, ...] = ()
    is_integrated: bool = False
    trouble: Trouble | None = None

    @property
    def kind(self) -> str:
        """One of `KINDS`."""
        return self.name.partition(":")[0]

    @property
    def memory(self) -> str:
        """Its memory for people; empty where nothing is known."""
        parts = ((self.free_memory, "free"), (self.total_memory, "in all"))
        return ", ".join(f"{bytes / 2**30:.1f} GB {word}" for bytes, word in parts if bytes)
