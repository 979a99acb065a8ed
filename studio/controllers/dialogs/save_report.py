"""Saves a report page of the open run, which may be training."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from core.errors import UserError
from studio.controllers.dialogs.context import DialogContext

TITLE = "Save report…"
RANK = 350
ICON = "file-text"
SHORTCUT = ""
TOOLBAR = False


def show(context: DialogContext) -> None:
    run = context.session.training.run_folder
    if run is None:
        context.session.problem.emit(UserError("No run is open.", "Train, or open a run, then save its report."))
        return
    start = str(run / f"{run.name}.html")  # the dialog needs an existing initial folder
    file, _ = QFileDialog.getSaveFileName(context.window, "Save a report", start, "Web pages (*.html)")
    if file:
        path = Path(file)
        if path.suffix.lower() not in (".html", ".htm"):
            path = path.with_name(f"{path.name}.html")
        # The file dialog asked about overwriting this exact name only.
        context.session.generator.export_report(run, path, overwrite=path == Path(file))
