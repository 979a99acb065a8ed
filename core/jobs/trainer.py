"""The trainer of a training, chosen by its task."""

from __future__ import annotations

from core.checkpoint import Checkpoint
from core.config.settings import Settings
from core.data.dataset import Dataset
from core.distributed.ranks import ALONE, Ranks
from core.events import Tuned
from core.trainer import Trainer
from core.training.loop import TrainingLoop
from core.translation_trainer import TranslationTrainer


def trainer_for(
    settings: Settings,
    dataset: Dataset,
    tuned: Tuned,
    checkpoint: Checkpoint | None = None,
    signals: bool = True,
    ranks: Ranks = ALONE,
) -> TrainingLoop:
    """Builds a trainer of translations, or of images from noise. Raises `UserError` as `TrainingLoop` does."""
    kind = TranslationTrainer if settings.translates else Trainer
    return kind(settings, dataset, tuned, checkpoint, signals, ranks)
