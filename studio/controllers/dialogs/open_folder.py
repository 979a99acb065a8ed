"""Opens a folder of images."""

from __future__ import annotations

from PySide6.QtWidgets import QFileDialog

from core.language import _
from studio.controllers.dialogs.context import DialogContext

TITLE = "Open folder…"
RANK = 110
ICON = "folder-open"
SHORTCUT = "Ctrl+O"
TOOLBAR = True


def show(context: DialogContext) -> None:
    if folder := QFileDialog.getExistingDirectory(context.window, _("Open a folder of images")):
        context.open_path(folder)
