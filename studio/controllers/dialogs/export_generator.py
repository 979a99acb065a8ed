"""Exports the explored generator for other programs."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from core.language import _
from studio.controllers.dialogs.context import DialogContext

TITLE = "Export generator…"
RANK = 360
ICON = "export"
SHORTCUT = ""
TOOLBAR = False
MODELS = _("ONNX, for other programs (*.onnx);;PyTorch (*.pt2)")


def show(context: DialogContext) -> None:
    context.with_generator(partial(_ask, context))


def _ask(context: DialogContext) -> None:
    start = str(context.explore_folder / _("generator.onnx"))
    file, kind = QFileDialog.getSaveFileName(context.window, _("Export the generator"), start, MODELS)
    if file:
        path = Path(file)
        if path.suffix not in (".onnx", ".pt2"):
            path = path.with_name(path.name + (".pt2" if "pt2" in kind else ".onnx"))
        # The file dialog asked about overwriting this exact name only.
        context.session.generator.export_generator(path, overwrite=path == Path(file) and path.exists())
