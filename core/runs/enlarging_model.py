"""Checkpoints whose model enlarges images, by the facts in their headers. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.checkpoint import Summary, summary
from core.config.choices import choice_title
from core.errors import UserError
from core.language import _
from core.registry import components
from core.runs.run import is_run
from core.runs.run_name import run_title


@dataclass(frozen=True)
class EnlargingModel:
    """Checkpoint that enlarges images by a factor. `title`: of its run, or its file name outside of a run."""

    path: Path
    title: str
    factor: int


def enlarging_model(path: Path) -> EnlargingModel:
    """Reads a checkpoint. Raises `UserError` as `core.checkpoint.summary` does, and for one of another task."""
    found = summary(path)
    if not enlarges(found):
        raise UserError(
            _("{file} does not enlarge images (task: {task}).").format(
                file=path.name, task=choice_title("task", found.meta.settings.task)
            ),
            _("Choose a checkpoint of a training with the task Enlarge."),
        )
    run = path.parent.parent
    return EnlargingModel(path, run_title(run) if is_run(run) else path.stem, found.meta.settings.factor)


def enlarges(checkpoint: Summary) -> bool:
    """Returns whether the model of a checkpoint enlarges images."""
    return bool(components("translation.tasks")[checkpoint.meta.settings.task].facts.get("ENLARGES"))
