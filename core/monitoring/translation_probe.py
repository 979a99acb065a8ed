"""Probe of a translation: how its translations compare with the targets of fixed images.

It is too expensive for every step and runs on a time budget. It uses the averaged generator, which makes the samples
and is what a checkpoint is applied with, in evaluation mode.
"""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor, nn

from core.config.settings import Settings
from core.imaging.quality import color_error, hidden_error, psnr, ssim
from core.monitoring.norms import distance
from core.monitoring.probe import GRAY, tones
from core.registry import components
from core.stats.keys import INPUT
from core.translation.methods import Sides
from core.translation.unchanged import unchanged

PROBED_IMAGES, PROBED_PIXELS = 64, 2**18
"""Most probed images, and most pixels of all of them, though at least `FEWEST` images."""
FEWEST = 8
LEVEL = 1 / 127.5
"""Difference of one gray level; inputs that are nearer to their targets need no change."""


class TranslationProbe:
    """Measures the networks of one training on fixed examples of its dataset:

    * `psnr` in dB and `ssim`: means over the translations, against their targets. Paired tasks only;
    * `color_error`: Delta E of CIE 1976, for tasks with gray inputs and targets of color;
    * `hidden_error`: mean absolute difference in hidden areas, for tasks that hide some;
    * the same with the suffix `_input` for the input itself, enlarged by bicubic interpolation, or gray;
    * `contrast`: standard deviation of the values of translations / of targets; `color`: mean standard deviation over
      red, green and blue of a pixel, in the same way. Unpaired tasks only;
    * `change`: mean |G(x) - x| / mean |y - x|: 0 for copies of the input;
    * `drift`: |G - G_ema| / |G_ema| of the parameters.
    """

    def __init__(self, G: nn.Module, D: nn.Module, G_ema: nn.Module, examples: Sides, settings: Settings) -> None:
        """`examples`: fixed inputs and targets, about as many as `probed` says."""
        self.G, self.D, self._G_ema = G, D, G_ema
        self._inputs, self._targets = examples.inputs, examples.targets
        self._batch, self._paired = settings.batch, settings.has_pairs
        facts = components("translation.tasks")[settings.task].facts
        self._has_new_colors = bool(facts.get("GRAY")) and self._targets.shape[1] >= 3
        self._hidden = (self._inputs[:, -1:] > 0).float() if facts.get("MASKED") else None

    @torch.no_grad()
    def take(self) -> dict[str, float]:
        """Returns all measurements. Waits for the device."""
        made = torch.cat([self._G_ema(part).float() for part in self._inputs.split(self._batch)]).clamp(-1, 1)
        if self._paired:
            found = self._compared(made) | self._compared_inputs
        else:
            found = {name: value / self._tones[name] for name, value in tones(made).items() if name in self._tones}
        needed = float((self._targets - self._unchanged).abs().mean())
        if needed > LEVEL:
            found["change"] = float((made - self._unchanged).abs().mean()) / needed
        return found | {"drift": float(distance(self.G, self._G_ema))}

    def _compared(self, images: Tensor) -> dict[str, float]:
        """Compares images with the targets."""
        found = {"psnr": psnr(images, self._targets).mean(), "ssim": ssim(images, self._targets).mean()}
        if self._has_new_colors:
            found["color_error"] = color_error(images[:, :3], self._targets[:, :3]).mean()
        if self._hidden is not None:
            found["hidden_error"] = hidden_error(images, self._targets, self._hidden)
        return {name: float(value) for name, value in found.items()}

    @cached_property
    def _compared_inputs(self) -> dict[str, float]:
        return {name + INPUT: value for name, value in self._compared(self._unchanged).items()}

    @cached_property
    def _tones(self) -> dict[str, float]:
        return {name: value for name, value in tones(self._targets).items() if value > GRAY}

    @cached_property
    def _unchanged(self) -> Tensor:
        factor = self._targets.shape[2] // self._inputs.shape[2]
        return unchanged(self._inputs, self._targets.shape[1], factor).clamp(-1, 1)


def probed(width: int, height: int) -> int:
    """Returns the number of examples to probe with, for targets of a size in pixels."""
    return min(max(PROBED_PIXELS // (width * height), FEWEST), PROBED_IMAGES)
