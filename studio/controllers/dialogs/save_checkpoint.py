"""Saves a checkpoint of the running training, or else a copy of the newest one."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from studio.controllers.dialogs.context import DialogContext

TITLE = "Save checkpoint…"
RANK = 310
ICON = "floppy-disk"
SHORTCUT = "Ctrl+S"
TOOLBAR = True


def show(context: DialogContext) -> None:
    start = str((context.session.training.run_folder or Path.home()) / "checkpoint.safetensors")
    file, _ = QFileDialog.getSaveFileName(context.window, "Save a checkpoint", start, "Checkpoints (*.safetensors)")
    if file:
        context.session.save(Path(file).with_suffix(".safetensors"))
