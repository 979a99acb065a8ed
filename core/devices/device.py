"""Device for training, with the reason if it cannot be used. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from core.language import _, listed, number

KINDS = ("cuda", "xpu", "mps", "cpu")
"""Kinds of devices by torch's names, fastest first: `cuda` is NVIDIA, or AMD with builds for ROCm; `xpu` is Intel."""


@dataclass(frozen=True)
class Trouble:
    """Problem, its remedy (without a period), and the command that fixes it, or empty."""

    what: str
    remedy: str
    command: str = ""

    @property
    def advice(self) -> str:
        """Remedy and command as a sentence."""
        advice = _("{remedy}: {command}") if self.command else _("{remedy}.")
        return advice.format(remedy=self.remedy, command=self.command)


@dataclass(frozen=True)
class Device:
    """Device by torch's name (`cpu`, `cuda:0`, `xpu:0`, `mps`), with a title for people.

    Memory is in bytes, None if unknown. `architecture`: compile target of its kernels (`sm_90`, `gfx1100`). `good_at`:
    number formats that are fast (`bf16`, `TF32` ...). `is_integrated`: whether it shares main memory. `trouble`: why
    it cannot be used; None if it can.
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
        """Kind of the device, one of `KINDS`."""
        return self.name.partition(":")[0]

    @property
    def memory(self) -> str:
        """Memory for people; empty if unknown."""
        parts = ((self.free_memory, _("{size} GB free")), (self.total_memory, _("{size} GB total")))
        return listed(text.format(size=number(bytes / 2**30, 1)) for bytes, text in parts if bytes)
