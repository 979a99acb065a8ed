"""Exports the visible or selected images of the open workspace, or images of any seeds."""

from __future__ import annotations

from functools import partial

from core.events import Images
from core.latent.request import LatentRequest
from studio.controllers.dialogs.context import DialogContext
from studio.dialogs.export_images import ExportImagesDialog
from studio.main_window import EXPLORE
from studio.model.export import Exportable, ExportChoice
from studio.services.session import Session

TITLE = "Export images…"
RANK = 320
ICON = "export"
SHORTCUT = "Ctrl+E"
TOOLBAR = True


def show(context: DialogContext, shown: LatentRequest | None = None) -> None:
    """Asks for an image export. `shown`: the images to export, whatever is selected."""
    context.with_generator(partial(_ask, context, shown))


def _ask(context: DialogContext, shown: LatentRequest | None) -> None:
    train, explore = context.window.train, context.window.explore
    images, names = train.samples.images()[train.samples.selected()], train.sample_names()
    if shown or context.window.pages.currentIndex() == EXPLORE:
        what = Exportable(shown or explore.current_request(), 0, explore.like(), *explore.exported())
    else:
        size = (images.shape[2], images.shape[1]) if len(images) else train.form.settings().size
        what = Exportable(None, len(images), explore.like(), explore.exported()[0], size)
    is_of_run = bool(what.shown and explore.home())
    folder = context.explore_folder if is_of_run else context.export_folder
    dialog = ExportImagesDialog(what, folder, context.window)
    dialog.accepted_request.connect(lambda choice: _export(context.session, choice, images, names))
    checkpoints = context.session.checkpoints
    dialog.enlarger_chosen.connect(checkpoints.read_enlarging)
    checkpoints.enlarging_listed.connect(dialog.show_enlargers)
    checkpoints.enlarging_read.connect(dialog.show_enlarger)
    checkpoints.list_enlarging(context.session.runs_folder)
    dialog.exec()
    dialog.deleteLater()


def _export(session: Session, choice: ExportChoice, images: Images, names: list[str]) -> None:
    if choice.selection is not None:
        session.generator.export_images(
            choice.selection, choice.target, choice.file_options, choice.overwrite, choice.enlarger
        )
    else:
        session.files.save_images(images, names, choice.target, choice.file_options, choice.overwrite, generated=True)
