"""Saves a checkpoint of the running training, or a copy of the newest one."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from core.language import _
from core.runs.retention import STEP
from core.runs.saved_checkpoints import offered_name, with_suffix
from studio.controllers.dialogs.context import DialogContext
from studio.model.train import TrainingState

TITLE = "Save checkpoint…"
RANK = 310
ICON = "floppy-disk"
SHORTCUT = "Ctrl+S"
TOOLBAR = True


def show(context: DialogContext) -> None:
    start = str(_offered(context))
    file, _filter = QFileDialog.getSaveFileName(
        context.window, _("Save a checkpoint"), start, _("Checkpoints (*.safetensors)")
    )
    if file:
        context.session.save(with_suffix(Path(file)))


def _offered(context: DialogContext) -> Path:
    """Returns the proposed name (data and step) in the run's folder, where the checkpoint dialog finds it."""
    session = context.session
    run, dataset, resume = session.training.run_folder, session.data.dataset, session.resume
    span = context.window.train.history.span()
    step = span[1] if span else 0
    if session.training.state is TrainingState.IDLE and resume is not None and STEP.fullmatch(resume.stem):
        step = int(resume.stem)
    subject = dataset.title if dataset is not None else run.name if run is not None else ""
    return offered_name(run or session.runs_folder, subject, step)
