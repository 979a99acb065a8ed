"""Continues saved trainings in a process of its own: `python -m tests.core.resumed FOLDER STEPS`.

It leaves a list of the modules that it imported.
"""

from __future__ import annotations

import sys
from pathlib import Path

from core.checkpoint import load, save
from core.events import Tuned
from core.trainer import Trainer
from tests.core.tiny import dataset_for, finished


def resume(folder: Path, steps: int) -> None:
    for begun in sorted(folder.glob("*.begun.safetensors")):
        checkpoint = load(begun)
        meta = checkpoint.meta
        settings = meta.settings.changed(steps=steps)
        tuned = Tuned(meta.device, meta.precision, meta.memory_format, {})
        trainer = finished(Trainer(settings, dataset_for(settings), tuned, checkpoint))
        save(trainer.checkpoint(), begun.with_name(begun.name.replace("begun", "continued")))


if __name__ == "__main__":
    resume(Path(sys.argv[1]), int(sys.argv[2]))
    Path(sys.argv[1], "modules.txt").write_text("\n".join(sys.modules), "utf-8")
