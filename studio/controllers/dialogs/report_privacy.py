"""Reports what the explored checkpoint gives away of the images that it was trained on."""

from __future__ import annotations

from core.errors import UserError
from studio.controllers.dialogs.context import DialogContext

TITLE = "Report privacy…"
RANK = 360
ICON = "shield-check"
SHORTCUT = ""
TOOLBAR = False


def show(context: DialogContext) -> None:
    dataset = context.session.data.dataset
    if dataset is None:
        problem = UserError("There are no images to compare with.", "Open those that the checkpoint was trained on.")
        context.session.problem.emit(problem)
        return
    context.session.generator.report_privacy(dataset)
