"""Opens a checkpoint chosen by its preview; renames, annotates and deletes saved ones."""

from __future__ import annotations

from studio.controllers.dialogs.context import DialogContext
from studio.dialogs.open_checkpoint import OpenCheckpointDialog

TITLE = "Open checkpoint…"
RANK = 130
ICON = "clock-counter-clockwise"
SHORTCUT = "Ctrl+Shift+O"
TOOLBAR = True


def show(context: DialogContext) -> None:
    dialog, checkpoints = OpenCheckpointDialog(context.window), context.session.checkpoints
    dialog.chosen.connect(lambda path: context.open_path(str(path)))
    dialog.folder_requested.connect(checkpoints.list)
    dialog.note_changed.connect(checkpoints.note)
    dialog.rename_requested.connect(checkpoints.rename)
    dialog.delete_requested.connect(checkpoints.delete)
    dialog.set_open(context.session.resume)
    checkpoints.checkpoints_listed.connect(dialog.show_summaries)
    context.session.problem.connect(dialog.show_problem)  # the dialog covers the banner
    dialog.show_busy(True)
    checkpoints.list(context.session.runs_folder)
    dialog.exec()
    dialog.deleteLater()
