"""Reports what the newest saved or opened checkpoint reveals about its training images."""

from __future__ import annotations

from core.errors import UserError
from core.language import _
from studio.controllers.dialogs.context import DialogContext

TITLE = "Report privacy…"
RANK = 360
ICON = "shield-check"
SHORTCUT = ""
TOOLBAR = False


def show(context: DialogContext) -> None:
    session = context.session
    checkpoint, dataset = session.resume, session.data.dataset
    if checkpoint is None:
        session.problem.emit(UserError(_("There is no checkpoint to check."), _("Train, or open a checkpoint first.")))
    elif dataset is None:
        remedy = _("Open the images that the checkpoint was trained on.")
        session.problem.emit(UserError(_("There are no images to compare with."), remedy))
    else:
        session.generator.report_privacy(checkpoint, dataset)
