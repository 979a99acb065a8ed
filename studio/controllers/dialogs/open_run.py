"""Opens a run folder."""

from __future__ import annotations

from PySide6.QtWidgets import QFileDialog

from core.language import _
from studio.controllers.dialogs.context import DialogContext

TITLE = "Open run…"
RANK = 140
ICON = "folder-open"
SHORTCUT = "Ctrl+Shift+R"
TOOLBAR = False


def show(context: DialogContext) -> None:
    start = str(context.session.runs_folder)
    if folder := QFileDialog.getExistingDirectory(context.window, _("Open a run folder"), start):
        context.open_path(folder)
