"""Loss scaling for fp16 (Micikevicius et al. 2018, arXiv:1710.03740): small gradients would be rounded to 0.

The objective is multiplied before the backward pass and the gradients are divided after it. The factor halves when one
of them overflows and doubles after `PATIENCE` steps without that. Nothing waits for the device.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

FIRST, PATIENCE = 2.0**14, 1000


class LossScale:
    """The scale of one network's objective; 1 for good where it is not `active`."""

    def __init__(self, device: torch.device, active: bool) -> None:
        self._active = active
        self._scale = torch.full((), FIRST, device=device)
        self._steps = torch.zeros((), dtype=torch.int32, device=device)  # since it has changed
        self._overflowed = torch.zeros((), device=device)

    def scaled(self, objective: Tensor) -> Tensor:
        """Returns the objective to differentiate."""
        return objective * self._scale if self._active else objective

    @torch.no_grad()
    def unscale(self, weights: Iterable[Tensor]) -> None:
        """Divides the gradients in place and adapts the scale. Gradients that overflowed become 0, as in StyleGAN2-ADA
        (arXiv:2006.06676): the others still say where to go."""
        if not self._active:
            return
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        self._overflowed.zero_()
        torch._amp_foreach_non_finite_check_and_unscale_(gradients, self._overflowed, self._scale.reciprocal())
        for gradient in gradients:
            gradient.nan_to_num_(0.0, 0.0, 0.0)
        torch._amp_update_scale_(self._scale, self._steps, self._overflowed, 2.0, 0.5, PATIENCE)

    def state(self) -> dict[str, Tensor]:
        """Returns the state for a checkpoint, float32 scalars; empty if inactive."""
        return {"scale": self._scale, "steps": self._steps.float()} if self._active else {}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Restores a `state`; resets the scale if it is empty, as after other number formats."""
        self._scale.copy_(state.get("scale", torch.tensor(FIRST)))
        self._steps.copy_(state.get("steps", torch.tensor(0)))
