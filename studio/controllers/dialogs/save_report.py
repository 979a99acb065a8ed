"""Saves a report page of the open run, which may be training."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from core.errors import UserError
from core.language import _
from studio.controllers.dialogs.context import DialogContext

TITLE = "Save report…"
RANK = 350
ICON = "file-text"
SHORTCUT = ""
TOOLBAR = False


def show(context: DialogContext) -> None:
    run = context.session.training.run_folder
    if run is None:
        context.session.problem.emit(UserError(_("No run is open."), _("Train, or open a run, then save its report.")))
        return
    start = str(run / f"{run.name}.html")  # the dialog needs an existing initial folder
    file, _filter = QFileDialog.getSaveFileName(context.window, _("Save a report"), start, _("Web pages (*.html)"))
    if file:
        path = Path(file)
        if path.suffix.lower() not in (".html", ".htm"):
            path = path.with_name(f"{path.name}.html")
        # The file dialog asked about overwriting this exact name only.
        context.session.generator.export_report(run, path, overwrite=path == Path(file))
