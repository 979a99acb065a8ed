"""Tasks of a training: what the generator makes its images from. One module each, found by its name.

A module of this package defines

* `TITLE` and `RANK`, for the form;
* `PAIRED`: whether the target of each input is known;
* `SIDES`: the number of kinds of images that the dataset holds: 1 if the inputs are made from the targets, else 2;
* `STRENGTHS`: names of the settings that it uses;
* `RESIDUAL`: whether the input resembles the target, so that a network may compute what is to be added to it.

One with a single side defines as well

* `GRAY = True` if its inputs are gray, `MASKED = True` if they have a further channel, 1 where the image is hidden and
  -1 elsewhere, or `ENLARGES = True` if they are smaller by the setting `factor`;
* `degrade(images, settings, random)`: targets (N, C, h, w) in [-1, 1] -> inputs, with random numbers from the
  generator `random` on the images' device.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast

import torch
from torch import Tensor

from core.config.settings import Settings
from core.registry import components, module


class Degradation(Protocol):
    """Interface of the module of a task that makes inputs from targets."""

    def degrade(self, images: Tensor, settings: Settings, random: torch.Generator) -> Tensor: ...


@dataclass(frozen=True)
class InputShape:
    """Shape of a task's inputs: channels, and the factor by which width and height are smaller than the target's."""

    channels: int
    factor: int

    @classmethod
    def of(cls, settings: Settings, channels: int) -> InputShape:
        """Returns the shape for targets with `channels` channels."""
        facts = components("translation.tasks")[settings.task].facts
        inputs = 1 if facts.get("GRAY") else channels
        return cls(inputs + bool(facts.get("MASKED")), settings.factor if facts.get("ENLARGES") else 1)


def degradation(settings: Settings) -> Degradation | None:
    """Imports and returns the module of a task that makes inputs from targets; None if the dataset holds both."""
    if components("translation.tasks")[settings.task].facts["SIDES"] != 1:
        return None
    return cast(Degradation, module("translation.tasks", settings.task))
