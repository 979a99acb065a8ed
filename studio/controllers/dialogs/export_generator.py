"""Exports the explored generator for other programs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from core.language import _
from core.registry import components
from studio.controllers.dialogs.context import DialogContext

TITLE = "Export generator…"
RANK = 360
ICON = "export"
SHORTCUT = ""
TOOLBAR = False
MODELS = _("ONNX, for other programs (*.onnx);;PyTorch (*.pt2)")


WEIGHTS = _("ESRGAN weights, for spandrel and chaiNNer (*.safetensors)")
ENDINGS = (".onnx", ".pt2", ".safetensors")


def show(context: DialogContext) -> None:
    session = context.session
    if (translator := session.explore.translator) is None:
        context.with_generator(partial(_ask, context, MODELS, session.generator.export_generator))
        return
    layout = components("translation.networks")[translator.settings.translator].facts["LAYOUT"]
    _ask(context, f"{MODELS};;{WEIGHTS}" if layout else MODELS, session.applying.export_model)


def _ask(context: DialogContext, kinds: str, export: Callable[[Path, bool], object]) -> None:
    start = str(context.explore_folder / _("generator.onnx"))
    file, kind = QFileDialog.getSaveFileName(context.window, _("Export the generator"), start, kinds)
    if file:
        path = Path(file)
        if path.suffix not in ENDINGS:
            path = path.with_name(path.name + next(ending for ending in ENDINGS if ending in kind))
        # The file dialog asked about overwriting this exact name only.
        export(path, path == Path(file) and path.exists())
