"""Probe of a translation: how it compares with the targets of held-out images."""

from __future__ import annotations

from torch import Tensor, nn

from core.monitoring.norms import distance
from core.monitoring.probe import quantiles


class TranslationProbe:
    """Measures the networks of one training:

    * `scores/real/p05` ... `p95`, `scores/fake/...`: quantiles of the last step's logits;
    * `drift`: |G - G_ema| / |G_ema| of the parameters.
    """

    def __init__(self, G: nn.Module, D: nn.Module, G_ema: nn.Module) -> None:
        self.G, self.D, self._G_ema = G, D, G_ema

    def take(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, float]:
        """Returns all measurements; the logits (N,) are those of the last step. Waits for the device."""
        found: dict[str, float] = {}
        for name, logits in (("real", real_logits), ("fake", fake_logits)):
            found |= {f"scores/{name}/{part}": value for part, value in quantiles(logits).items()}
        return found | {"drift": float(distance(self.G, self._G_ema))}
