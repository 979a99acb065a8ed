"""Checkpoints of translations that no training has to make first."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch

from core.checkpoint import Checkpoint
from core.translation_trainer import TranslationTrainer
from tests.core.tiny import FIXED, tiny_dataset, tiny_settings


@cache
def random_translator(task: str, translator: str = "light", **values: Any) -> Checkpoint:
    """Returns a translation with random weights, as after a training: initial ones would return the input."""
    settings = tiny_settings(
        "studio", task=task, translator=translator, **{"resolution": 32, "batch": 2, "samples": 1, **values}
    )
    made = TranslationTrainer(settings, tiny_dataset(size=settings.size), FIXED).checkpoint()
    random = torch.Generator().manual_seed(0)
    tensors = {
        name: value + 0.02 * torch.randn(value.shape, generator=random) if name.endswith("weight") else value
        for name, value in made.tensors.items()
    }
    return Checkpoint(made.meta, tensors)
