"""Generator that stays unchanged when its sampler loads other weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.checkpoint import Checkpoint, Meta

if TYPE_CHECKING:
    from torch import Tensor

    from core.latent.sampler import Sampler


@dataclass(frozen=True, eq=False)
class HeldGenerator:
    """Weights of a sampler at one moment, for jobs that start later or in another thread.

    `path` and `digest`: those of its checkpoint, see `Sampler`.
    """

    meta: Meta
    weights: Mapping[str, Tensor]
    device: str
    path: Path | None
    digest: str

    @classmethod
    def of(cls, sampler: Sampler) -> HeldGenerator:
        """Returns the present generator of a sampler, without copying weights."""
        return cls(sampler.meta, sampler.tensors(), str(sampler.device), sampler.path, sampler.digest)

    def sampler(self) -> Sampler:
        """Returns a new sampler of the generator. Raises `UserError` if memory is full."""
        from core.latent.sampler import Sampler  # imported here because it needs torch

        sampler = Sampler(self.meta, self.weights, self.device)
        sampler.path, sampler.digest = self.path, self.digest
        return sampler

    def within(self, checkpoint: Checkpoint) -> Checkpoint:
        """Returns a checkpoint of the same training with this generator as its EMA generator."""
        others = {name: value for name, value in checkpoint.tensors.items() if not name.startswith("G_ema.")}
        own = {f"G_ema.{name}": value.cpu() for name, value in self.weights.items()}
        return Checkpoint(self.meta, {**others, **own}, self.digest)
