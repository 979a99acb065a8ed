"""Exports the samples of the open run as a video."""

from __future__ import annotations

from core.errors import UserError
from core.language import _
from studio.controllers.dialogs.context import DialogContext
from studio.dialogs.export_video import ExportVideoDialog

TITLE = "Export time-lapse…"
RANK = 340
ICON = "film-strip"
SHORTCUT = ""
TOOLBAR = False


def show(context: DialogContext) -> None:
    run = context.session.training.run_folder
    if run is None:
        problem = UserError(_("No run is open."), _("Train, or open a run, then export its time-lapse."))
        context.session.problem.emit(problem)
        return
    dialog = ExportVideoDialog(
        _("Export a time-lapse"),
        run / "export",
        _("time-lapse"),
        seconds=10.0,
        count=lambda animation: animation.frames,
        parent=context.window,
    )
    dialog.accepted_video.connect(
        lambda choice: context.session.generator.export_timelapse(
            run, choice.target, choice.animation, choice.overwrite
        )
    )
    dialog.exec()
    dialog.deleteLater()
