"""Opens a file of images: an archive, array or video."""

from __future__ import annotations

from PySide6.QtWidgets import QFileDialog

from core.language import _
from studio.controllers.dialogs.context import DialogContext
from studio.model.data import FILES

TITLE = "Open file…"
RANK = 120
ICON = "file-arrow-up"
SHORTCUT = ""
TOOLBAR = False


def show(context: DialogContext) -> None:
    file, _filter = QFileDialog.getOpenFileName(context.window, _("Open an archive, array or video"), filter=FILES)
    if file:
        context.open_path(file)
